"""Features: what was known of every open deal at the end of a day, for many days in a few queries.

Nothing in a row is later than its day. A column that has no history stands at today's value on every earlier day, so
it is used only where it cannot tell the outcome: see :mod:`salesnb.analysis.leaks`.
"""

from __future__ import annotations

import datetime as dtm
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.data.history import deals_over
from salesnb.kpis.answers import answer
from salesnb.kpis.intervals import shrink_rates
from salesnb.kpis.stages import stage_order

_KEPT = (
    "opportunity_id", "owner_id", "account_id", "stage", "forecast_category", "kind", "product", "amount",
    "expected_close_on", "entered_on",
)  # fmt: skip


def open_on(book: Book, days: Sequence[dtm.date]) -> pd.DataFrame:
    """Return the deals open at the end of each day with what was known of them then.

    Parameters
    ----------
    book
        A book that knows nothing later than the last of the days; one that is keeping (:mod:`salesnb.data.memo`)
        stores the deals of all days once.
    days
        The days, rising.

    Returns
    -------
    pandas.DataFrame
        One row a deal and day, by day and deal: ``day, opportunity_id, owner_id, amount, stage, forecast_category,
        kind, product, segment, stage_segment`` (text, null where not known), ``won_on`` (the day it was won, as far
        as the book knows; NaT else), ``is_dated`` (whether anything tells since when the deal is there) and, as
        floats, NaN where not known:

        - ``age``, ``in_stage``: days since the deal was entered, and since its stage last changed;
        - ``pushes``, ``moved_back``: how often its expected close was moved to later, and its stage to an earlier one;
        - ``due_in``: days to its expected close, below 0 where that has passed;
        - ``size``: the decimal logarithm of the amount, where that is above 0;
        - ``owner_rate``: the owner's share won of the deals closed by the day, drawn towards that of all;
        - ``quiet``: days since the last activity on it, since it was entered where there was none.

    Raises
    ------
    NeedsData
        The book has no opportunities.
    """
    rows = memo.table(book, "open on", tuple(days), make=lambda: _open(book, days))
    dated = rows
    if book.has("opportunity_events"):
        told = _changes(book, rows)
        dated = dated.left_join(told, ["opportunity_id", "_day"]).drop("opportunity_id_right", "_day_right")
    if book.gives("activities.opportunity_id"):
        touches = _touches(book, rows)
        dated = dated.left_join(touches, ["opportunity_id", "_day"]).drop("opportunity_id_right", "_day_right")
    frame = answer(book, dated.rename(day="_day")).sort_values(["day", "opportunity_id"], ignore_index=True)
    return _measured(frame, _closings(book), tuple(days))


def _open(book: Book, days: Sequence[dtm.date]) -> ir.Table:
    deals = deals_over(book, days)
    rows = deals.filter(deals.outcome == "open").select("_day", *_KEPT)
    now = book.table("opportunities")
    won = now.filter(now.outcome == "won").select("opportunity_id", won_on="closed_on")
    known = now.select("opportunity_id", has_date=now.created_at.notnull())
    for other in (won, known):
        rows = rows.left_join(other, "opportunity_id").drop("opportunity_id_right")
    if not book.has("accounts"):
        return rows.mutate(segment=ibis.null("string"))
    accounts = book.table("accounts").group_by("account_id").aggregate(segment=lambda t: t.segment.max())
    return rows.left_join(accounts, "account_id").drop("account_id_right")


def _changes(book: Book, rows: ir.Table) -> ir.Table:
    """Return what the log tells of each open deal by its day."""
    events = book.table("opportunity_events")
    events = events.select("opportunity_id", "changed_at", "field", "old", "new")
    met = rows.select("opportunity_id", "_day").inner_join(events, "opportunity_id")
    met = met.filter(met.changed_at.cast("date") <= met["_day"])
    is_stage, is_due = met.field == "stage", met.field == "expected_close_on"
    later = is_due & (met.new.substr(0, 10) > met.old.substr(0, 10)).fill_null(False)
    order = stage_order(book)
    places = [(name, place) for place, name in enumerate(order)]

    def place(stage: ir.StringValue) -> ir.IntegerValue:
        return ibis.cases(*[(stage == name, at) for name, at in places], else_=ibis.null("int64"))

    back = is_stage & (place(met.new) < place(met.old)).fill_null(False) if order else met.field.isnull()
    return met.group_by("opportunity_id", "_day").aggregate(
        first_change=met.changed_at.min().cast("date"),
        stage_since=met.changed_at.max(where=is_stage).cast("date"),
        pushes=later.cast("int32").sum(),
        moved_back=back.cast("int32").sum(),
    )


def _touches(book: Book, rows: ir.Table) -> ir.Table:
    """Return the last activity on each open deal by its day."""
    acts = book.table("activities").select("opportunity_id", "happened_at")
    met = rows.select("opportunity_id", "_day").inner_join(acts, "opportunity_id")
    met = met.filter(met.happened_at.cast("date") <= met["_day"])
    return met.group_by("opportunity_id", "_day").aggregate(touched=met.happened_at.max().cast("date"))


def _closings(book: Book) -> pd.DataFrame:
    """Count what each owner won and lost on each day: ``owner_id, closed_on, won, lost``."""
    deals = book.table("opportunities")
    deals = deals.filter(deals.closed_on.notnull(), deals.outcome.isin(["won", "lost"]))
    is_won = (deals.outcome == "won").cast("int32")
    query = deals.group_by("owner_id", "closed_on").aggregate(won=is_won.sum(), closed=deals.count())
    return answer(book, query)


def _measured(frame: pd.DataFrame, closings: pd.DataFrame, days: tuple[dtm.date, ...]) -> pd.DataFrame:
    day = pd.to_datetime(frame["day"])

    def since(name: str) -> pd.Series[float]:
        if name not in frame:
            return pd.Series(np.nan, index=frame.index)
        gap: pd.Series[float] = (day - pd.to_datetime(frame[name])).dt.days.astype("float64")
        return gap

    names = ["opportunity_id", "owner_id", "stage", "forecast_category", "kind", "product", "segment"]
    made = frame[names].astype(object)
    for name in names:
        made[name] = [value if isinstance(value, str) else None for value in made[name]]
    made.insert(0, "day", day)
    both = zip(made["stage"], made["segment"], strict=True)
    made["stage_segment"] = [
        None if stage is None or segment is None else f"{stage}, {segment}" for stage, segment in both
    ]
    made["amount"] = frame["amount"].astype("float64")
    made["won_on"] = pd.to_datetime(frame["won_on"])
    first = frame["first_change"].notna() if "first_change" in frame else False
    made["is_dated"] = frame["has_date"].eq(True) | first
    age = since("entered_on")
    made["age"] = age.where(made["is_dated"])
    made["in_stage"] = since("stage_since").fillna(age)
    for name in ("pushes", "moved_back"):
        made[name] = frame[name].astype("float64").fillna(0.0) if name in frame else np.nan
    made["due_in"] = -since("expected_close_on")
    made["size"] = np.log10(made["amount"].where(made["amount"] > 0))
    made["quiet"] = since("touched").fillna(age) if "touched" in frame else np.nan
    made["owner_rate"] = _owner_rates(made, closings, days)
    return made


def _owner_rates(rows: pd.DataFrame, closings: pd.DataFrame, days: tuple[dtm.date, ...]) -> pd.Series[float]:
    """Return each row's owner's share won among the deals closed by the row's day, shrunk towards that of all."""
    owners = pd.Index(closings["owner_id"].dropna().unique())
    counts = np.zeros((2, len(owners), len(days) + 1))
    since = np.searchsorted(np.array(days, dtype="datetime64[D]"), pd.to_datetime(closings["closed_on"]).to_numpy())
    named = closings["owner_id"].notna().to_numpy()
    places = owners.get_indexer(pd.Index(closings["owner_id"][named]))
    for row, name in enumerate(("won", "closed")):
        np.add.at(counts[row], (places, since[named]), closings[name].to_numpy(dtype="float64")[named])
    won, closed = counts.cumsum(axis=2)
    rate = pd.Series(np.nan, index=rows.index)
    for day, of_day in rows.groupby("day"):
        place = days.index(pd.Timestamp(str(day)).date())
        if closed[:, place].sum() > 0:
            estimate, _, _ = shrink_rates(won[:, place], closed[:, place])
            everyone = won[:, place].sum() / closed[:, place].sum()
            found = owners.get_indexer(pd.Index(of_day["owner_id"]))
            rate[of_day.index] = np.where(found >= 0, estimate[found], everyone)
    return rate
