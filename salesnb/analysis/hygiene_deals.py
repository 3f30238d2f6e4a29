"""The open deals of a day in one frame, which coverage, aging and hygiene all look at.

Amounts are whole numbers of a ten-thousandth, which is how exact the tables are, so that parts sum to the whole to
the last digit. What is not known of that day is told, not filled with what became known later.
"""

from __future__ import annotations

import datetime as dtm
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from salesnb.analysis.behind import MOST, Behind
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.data.history import history_limit
from salesnb.errors import NeedsData
from salesnb.kpis.answers import answer
from salesnb.kpis.dimensions import NONE
from salesnb.kpis.standing import standing, weighted

PARTS = 10_000
"""Amounts are counted in so many parts of one."""
NUMBERS = (
    "id", "variant", "period", "by", "segment", "value", "numerator", "denominator", "n", "low", "high", "unit",
    "status", "reason", "target",
)  # fmt: skip
_TEXTS = ("opportunity_id", "account_id", "owner_id", "kind", "product", "stage", "next_step")
_DAYS = ("expected_close_on", "created_on", "entered_on", "last_on", "touched_on")
_OF_A_REP = ("name", "team", "region", "left_on")


@dataclass(frozen=True)
class OpenDeals:
    """The deals open at the end of a day, as they were then.

    Attributes
    ----------
    day
        The day.
    rows
        One row a deal, the largest amount first: ``opportunity_id, account_id, owner_id, kind, product, stage,
        next_step, expected_close_on, entered_on`` (NaT where no date is known) ``, touched_on`` (the last touch
        known) ``, parts`` (the amount in :data:`PARTS`, 0 where it has none) ``, has_amount, win_rate`` (NaN where
        nothing was closed) ``, expected`` (parts: amount times win rate, rounded a deal) ``, owner, team, region,
        left_on`` (of the owner). Missing texts are ``""``.
    has_amounts
        Whether the source gives amounts of deals.
    no_rate
        Why no win rate is known; empty where one is.
    limit
        What the history cannot tell of the day: :func:`salesnb.data.history.history_limit`.
    """

    day: dtm.date
    rows: pd.DataFrame
    has_amounts: bool
    no_rate: str
    limit: str

    @property
    def unit(self) -> str:
        """``money``, or ``count`` where the source gives no amounts: what deals are weighed by."""
        return "money" if self.has_amounts else "count"


def kept(book: Book) -> Book:
    """Return a book that keeps what several analyses ask of it: the one given, if it is :func:`memo.keeping`."""
    return memo.keeping(book) if book.memo is None else book


def parts_of(amount: ir.Value) -> ir.IntegerValue:
    """Return an amount of money as a whole number of :data:`PARTS`; null stays null."""
    # In as many digits as an engine has: the product of a large amount has more than the 18 of the amount.
    parts: ir.IntegerValue = (amount.cast("decimal(38, 4)") * PARTS).cast("int64")
    return parts


def open_deals(book: Book, day: dtm.date) -> OpenDeals:
    """Return the deals open at the end of a day.

    The win rate of a deal is that of :func:`salesnb.kpis.standing.weighted`. The last touch is the latest of the
    activities on the deal up to the day and of ``last_activity_at``, where that is not after the day.

    Raises
    ------
    NeedsData
        There are no opportunities.
    """
    return memo.value(book, "open deals", day, make=lambda: _open_deals(book, day))


def _open_deals(book: Book, day: dtm.date) -> OpenDeals:
    no_rate = ""
    try:
        deals = weighted(book, day)
    except NeedsData as missing:
        if not book.has("opportunities"):
            raise
        no_rate = str(missing.needs)
        deals = standing(book, day).mutate(win_rate=ibis.null("float64"))
    deals = deals.mutate(last_on=deals.last_activity_at.cast("date"), created_on=deals.created_at.cast("date"))
    if book.gives("activities.opportunity_id"):
        acts = book.table("activities")
        acts = acts.mutate(_on=acts.happened_at.cast("date")).filter(lambda t: t["_on"] <= ibis.date(day))
        last = acts.group_by(_deal="opportunity_id").aggregate(touched_on=acts["_on"].max())
        deals = deals.left_join(last, [("opportunity_id", "_deal")])
    else:
        deals = deals.mutate(touched_on=ibis.null("date"))
    frame = answer(book, deals.select(*_TEXTS, *_DAYS, "win_rate", parts=parts_of(deals.amount)))
    limit = history_limit(book) if day < book.as_of else ""
    return OpenDeals(day, _typed(book, frame, day), book.gives("opportunities.amount"), no_rate, limit)


def _typed(book: Book, frame: pd.DataFrame, day: dtm.date) -> pd.DataFrame:
    rows = frame[list(_TEXTS)].astype(object).fillna("").astype(str)
    for name in _DAYS:
        rows[name] = days_of(frame[name])
    # Without a date a deal was entered on the only day it was seen, which says nothing of its age.
    rows.loc[rows["created_on"].isna() & (rows["entered_on"] == stamp(book.as_of)), "entered_on"] = pd.NaT
    touched = rows[["touched_on", "last_on"]]
    rows["touched_on"] = touched.where(touched <= stamp(day)).max(axis=1)
    exact = [0 if pd.isna(part) else int(part) for part in frame["parts"]]
    rows["parts"] = np.array(exact, dtype=np.int64)
    rows["has_amount"] = frame["parts"].notna().to_numpy()
    rows["win_rate"] = frame["win_rate"].astype("float64").to_numpy()
    rows["expected"] = np.rint(rows["parts"] * rows["win_rate"].fillna(0.0)).astype(np.int64)
    people = sellers(book)
    for name, column in zip(("owner", "team", "region"), _OF_A_REP, strict=False):
        rows[name] = rows["owner_id"].map(people[column]).fillna("")
    rows["left_on"] = days_of(rows["owner_id"].map(people["left_on"]))
    rows["owner"] = rows["owner"].where(rows["owner"] != "", rows["owner_id"]).replace("", NONE)
    rows = rows.drop(columns=["last_on", "created_on"]).assign(_size=-rows["parts"].abs())
    return rows.sort_values(["_size", "opportunity_id"], ignore_index=True).drop(columns="_size")


def sellers(book: Book) -> pd.DataFrame:
    """Return the sellers by id: ``name, team, region, left_on``; no row where the source gives none."""

    def make() -> pd.DataFrame:
        if not book.gives("reps"):
            return pd.DataFrame(columns=list(_OF_A_REP), dtype=object)
        frame = answer(book, book.reps.select("rep_id", *_OF_A_REP))
        return frame.drop_duplicates("rep_id").set_index("rep_id").astype(object)

    return memo.value(book, "health sellers", make=make)


def logged(book: Book) -> frozenset[str]:
    """Return the fields whose changes the book's log has."""

    def make() -> frozenset[str]:
        if not book.has("opportunity_events"):
            return frozenset()
        return frozenset(answer(book, book.opportunity_events.group_by("field").aggregate())["field"])

    return memo.value(book, "logged fields", make=make)


def stamp(day: dtm.date) -> pd.Timestamp:
    """Return a day as pandas has it."""
    return pd.Timestamp(day)


def days_of(values: Iterable[Any]) -> pd.Series[Any]:
    """Return dates of an engine as days of pandas; NaT where there is none."""
    if isinstance(values, pd.Series) and values.dtype.kind == "M":
        return pd.Series(values.to_numpy().astype("datetime64[D]").astype("datetime64[s]"))
    listed = list(values)
    try:
        found = np.array(listed, dtype="datetime64[D]")
    except (TypeError, ValueError):  # what is missing is not always None
        found = np.array([None if pd.isna(value) else np.datetime64(value, "D") for value in listed], "datetime64[D]")
    return pd.Series(found.astype("datetime64[s]"))


def whole_days(ends: Any, starts: Any) -> pd.Series[Any]:
    """Return how many days lie between two days; NaN where one of them is missing."""
    spans: pd.Series[Any] = (ends - starts).dt.days.astype("float64")
    return spans


def money_of(parts: float) -> float:
    """Return an amount from its :data:`PARTS`, to the nearest that a float holds."""
    return int(parts) / PARTS


def weighed(rows: pd.DataFrame, unit: str) -> float:
    """Return what deals are worth together: their amounts, or their number where there are no amounts."""
    return money_of(rows["parts"].sum()) if unit == "money" else float(len(rows))


def behind(
    name: str,
    title: str,
    rows: pd.DataFrame,
    unit: str,
    *,
    adds: str = "parts",
    extras: Mapping[str, str] = MappingProxyType({}),
) -> Behind:
    """Return the deals behind a number.

    Parameters
    ----------
    name, title
        The key that opens them, and their heading.
    rows
        Deals, those that add most first, with ``opportunity_id`` and the columns of ``adds`` and ``extras``.
    unit
        ``money``: each adds what the column ``adds`` has in :data:`PARTS`; ``count``: each adds 1.
    adds
        The column that is added up.
    extras
        Column to its heading: what else is shown of a deal.
    """
    few, values = min(len(rows), MOST), rows[adds].to_numpy()
    shown: dict[str, Any] = {column: rows[column].to_numpy()[:few] for column in ("opportunity_id", *extras)}
    shown["adds"] = values[:few] / PARTS if unit == "money" else np.ones(few)
    total = money_of(values.sum()) if unit == "money" else float(len(rows))
    kind: Any = unit
    heads = MappingProxyType(dict(extras))
    return Behind(name, title, pd.DataFrame(shown), len(rows), total, kind, "deal", heads)


def held(sentences: Iterable[str], rows: Iterable[Behind]) -> list[str]:
    """Return sentences of which each opens rows that are there: one that would open none opens nothing."""
    keys = {each.key for each in rows}
    return [str(told) if getattr(told, "opens", "") not in keys else told for told in sentences]


def filled(rows: Iterable[Behind]) -> tuple[Behind, ...]:
    """Return those of the rows behind numbers that have any: a number of nothing opens nothing."""
    return tuple(each for each in rows if each.n)


def numbered(rows: Sequence[Mapping[str, Any]], period: object) -> pd.DataFrame:
    """Return numbers as rows of results.json: what is not said is empty, a value that is missing has a status.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`NUMBERS`.
    """
    made = []
    for row in rows:
        full = {**dict.fromkeys(NUMBERS), "period": str(period), "reason": "", **row}
        nothing = full["value"] is None or bool(pd.isna(full["value"]))
        full["status"] = full["status"] or ("na" if nothing else "ok")
        full["value"] = None if nothing else float(full["value"])
        full["reason"] = full["reason"] or ("no rows to count" if nothing else "")
        made.append(full)
    return pd.DataFrame(made, columns=list(NUMBERS))
