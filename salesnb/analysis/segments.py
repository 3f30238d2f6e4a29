"""Segments, which answers who the customers are: how they buy, what they bring, and what sets the good ones apart."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import ibis
import pandas as pd

from salesnb.analysis.behind import Behind, key, largest, of_id
from salesnb.analysis.hygiene_deals import numbered
from salesnb.analysis.segments_buyers import buyers, by_name, came_back, grid, scored
from salesnb.analysis.segments_card import DID, SegmentsCard
from salesnb.analysis.segments_profile import bases, ideal, profile
from salesnb.analysis.segments_value import behind_tiers, brings, by_tier, concentration, tiers
from salesnb.calendars import year_before
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.kpis.bookings import last_known
from salesnb.kpis.dimensions import with_dimension
from salesnb.periods import Period


class Segments(SegmentsCard):
    """Segments that list their numbers; see :class:`salesnb.analysis.segments_card.SegmentsCard` for the data."""

    def numbers(self) -> pd.DataFrame:
        """List every number, for results.json."""
        rows: list[dict[str, Any]] = []
        if self.customers:
            rows.append({"id": "repeat_rate", "variant": "orders", "value": self.repeat_rate, "unit": "ratio",
                         "numerator": float(self.cells["repeaters"].sum()), "denominator": float(self.customers),
                         "n": self.customers})  # fmt: skip
        for row in self.names.to_dict("records"):
            rows += [
                {"id": "customers", "variant": "rfm", "by": "rfm", "segment": row["name"], "value": row["customers"],
                 "n": row["customers"], "unit": "count"},
                {"id": "spent", "variant": "rfm", "by": "rfm", "segment": row["name"], "value": row["spent"],
                 "n": row["customers"], "unit": "money"},
            ]  # fmt: skip
        for row in self.tiers.to_dict("records"):
            rows.append({"id": "brings", "variant": "tier", "by": "tier", "segment": row["tier"],
                         "value": row["brings"], "n": row["customers"], "unit": "money"})  # fmt: skip
        rows += [
            {"id": "concentration", "variant": name, "value": value, "n": int(self.hang["customers"]),
             "unit": "number" if name == "alike" else "ratio"}
            for name, value in self.hang.items() if name not in ("customers", "brings")
        ]  # fmt: skip
        rows += [
            {"id": f"profile_{row['outcome']}", "variant": "rate", "by": row["attribute"], "segment": row["value"],
             "value": row["rate"], "numerator": row["did"], "denominator": row["n"], "n": row["n"], "low": row["low"],
             "high": row["high"], "unit": "ratio"}
            for row in self.profile.to_dict("records")
        ]  # fmt: skip
        return numbered(rows, self.period)


def segments(book: Book, period: Period, *, confidence: float = 0.95) -> Segments:
    """Answer "who are our customers?" as of the end of a period.

    Parameters
    ----------
    book, period
        The book, and the period; nothing later than its last day counts.
    confidence
        The level of the intervals, and 1 - the share of false marks among the attributes.
    """
    held = book if book.memo is not None else memo.keeping(book)
    day = last_known(book, period)
    not_begun = "" if period.start <= book.as_of else f"{period} has not begun, the data end on {book.as_of}"
    cells, names, shown, no_buyers = _bought(held, day, confidence, not_begun)
    value = _valued(held, day, not_begun)
    found, missing = (pd.DataFrame(columns=["flag"]), dict.fromkeys(DID, not_begun)) if not_begun else profile(
        held, day, confidence
    )  # fmt: skip
    return Segments(
        period=period,
        as_of=book.as_of,
        day=day,
        currency=book.currency,
        confidence=confidence,
        no_buyers=no_buyers,
        no_value=value["why"],
        cells=cells,
        names=names,
        basis=value["basis"],
        tiers=value["tiers"],
        hang=value["hang"],
        hung=value["hung"],
        curve=value["curve"],
        profile=found,
        ideal=ideal(found),
        missing=missing,
        behind=(*shown, *value["behind"], *_behind_profile(held, day, found)),
    )


def _bought(
    book: Book, day: dtm.date, confidence: float, why: str
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[Behind, ...], str]:
    """Return the buyers by score and by name, the accounts of each name, and why there are none."""
    nobody = pd.DataFrame(columns=["name", "r", "f", "m", "customers", "orders", "repeaters", "spent", "days"])
    names = pd.DataFrame(columns=["name", "then"])
    if why:
        return nobody, names, (), why
    try:
        rows = memo.table(book, "buyers", day, make=lambda: scored(buyers(book, day)))
    except NeedsData as lacking:
        return nobody, names, (), lacking.what
    cells = grid(book, rows, day)
    if cells.empty:
        return nobody, names, (), "nobody has bought without a contract"
    back = came_back(book, year_before(day), day, confidence)
    names = by_name(cells, back)
    listed = largest(
        rows.select("account_id", "name", "orders", "last_on", adds=rows["spent"].cast("float64")), "name", "adds"
    )
    extras = {"orders": "Orders", "last_on": "Last bought"}
    made = []
    for row in names[names["customers"] > 0].to_dict("records"):
        own = listed[listed["name"] == row["name"]][["account_id", "adds", *extras]].reset_index(drop=True)
        title = f"{row['name'][0].upper()}{row['name'][1:]}: {row['meaning']}; what they paid so far"
        made.append(
            Behind(key("rfm", row["name"]), title, own, int(row["customers"]), float(row["spent"]), "money", "account",
                   extras)
        )  # fmt: skip
    return cells, names, tuple(made), ""


def _valued(book: Book, day: dtm.date, why: str) -> dict[str, Any]:
    """Return tiers and concentration, now and a year before."""
    made: dict[str, Any] = {
        "why": why, "basis": "", "tiers": pd.DataFrame(columns=["tier", "customers"]), "hang": {}, "hung": {},
        "curve": pd.DataFrame(columns=["part", "share"]), "behind": (),
    }  # fmt: skip
    if why:
        return made
    try:
        rows, basis = brings(book, day)
        before, _ = brings(book, year_before(day))
    except NeedsData as lacking:
        return made | {"why": lacking.what}
    hang, curve = concentration(book, rows)
    hung, _ = concentration(book, before)
    if not hang:
        return made | {"basis": basis, "hung": hung}
    counts = by_tier(tiers(book, day))
    return made | {"basis": basis, "tiers": counts, "hang": hang, "hung": hung, "curve": curve,
                   "behind": behind_tiers(rows, counts)}  # fmt: skip


def _behind_profile(book: Book, day: dtm.date, found: pd.DataFrame) -> tuple[Behind, ...]:
    """Return the deals won, or the accounts that stayed or grew, of every value that is told apart."""
    marked = found[found["flag"].isin(["above", "below"])]
    if marked.empty:
        return ()
    tables, _ = bases(book, day)
    made: list[Behind] = []
    for (outcome, attribute), own in marked.groupby(["outcome", "attribute"], sort=False):
        rows = with_dimension(book, tables[str(outcome)], str(attribute))
        rows = rows.filter(rows["did"], rows["segment"].isin(list(own["value"])))
        is_deal = "opportunity_id" in rows.columns
        one = "opportunity_id" if is_deal else "account_id"
        listed = largest(rows.select(one, "segment", adds=ibis.literal(1.0)), "segment", "adds")
        for row in own[own["did"] > 0].to_dict("records"):
            shown = listed[listed["segment"] == row["value"]][[one, "adds"]].reset_index(drop=True)
            did, what = DID[str(outcome)]
            made.append(
                Behind(profile_key(row), f"{what.capitalize()} that {did}, {attribute} {row['value']}"[:300], shown,
                       int(row["did"]), float(row["did"]), "count", "deal" if is_deal else "account")
            )  # fmt: skip
    return tuple(made)


def profile_key(row: Any) -> str:
    """Return the key of what a value of an attribute opens."""
    return of_id("profile", row["outcome"], row["attribute"], row["value"])
