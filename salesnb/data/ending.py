"""The last day of the data, found so that one mistyped date does not move it."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Mapping

import ibis.expr.types as ir
import pandas as pd

from salesnb.errors import ContractError

_STAMPED = {
    "opportunities": ("created_at",), "opportunity_events": ("changed_at",), "leads": ("created_at", "converted_at"),
    "activities": ("happened_at",), "orders": ("ordered_at",), "feedback": ("responded_on",),
    "quotes": ("created_at", "sent_at"), "touches": ("happened_at",), "opportunity_snapshots": ("snapshot_on",),
}  # fmt: skip
_CLOSED = ("won", "lost", "disqualified")
_TYPED_BY_HAND = {"subscriptions": ("started_on", "ended_on"), "forecast_calls": ("as_of",), "costs": ("month",)}
GAP_DAYS = 366
CLOSE_DAYS = 31


def last_day(tables: Mapping[str, ir.Table]) -> dtm.date:
    """Find the last day on which something happened.

    Days that systems stamp (created, changed, ordered, answered) are taken first, without a day that lies more than
    366 days after the day before it and holds fewer than one row in two hundred; then days of closing up to 31 days
    later, because people type those. Where no table has stamped days, closing days, or else subscriptions, calls and
    costs, are taken by the first rule.

    Raises
    ------
    ContractError
        There is not one date.
    """
    stamped = _days(tables, _STAMPED)
    closed = _closings(tables)
    if len(stamped):
        end = _without_outliers(stamped)
        near = closed[(closed["day"] > end) & (closed["day"] <= end + dtm.timedelta(days=CLOSE_DAYS))]
        latest: dtm.date = max([end, *near["day"]])
        return latest
    for days in (closed, _days(tables, _TYPED_BY_HAND)):
        if len(days):
            return _without_outliers(days)
    raise ContractError(
        "no row has a date, so nothing says when the data end", where=", ".join(sorted(tables)),
        mend="give as_of in the mapping: the day the export was made",
    )  # fmt: skip


def _days(tables: Mapping[str, ir.Table], columns: Mapping[str, tuple[str, ...]]) -> pd.DataFrame:
    parts = [
        table.filter(table[name].notnull()).select(day=table[name].cast("date"))
        for table_name, names in columns.items()
        if (table := tables.get(table_name)) is not None
        for name in names
    ]
    return _counted(parts)


def _closings(tables: Mapping[str, ir.Table]) -> pd.DataFrame:
    deals = tables.get("opportunities")
    if deals is None:
        return _counted([])
    kept = deals.filter(deals.closed_on.notnull() & deals.outcome.isin(_CLOSED))
    return _counted([kept.select(day=kept.closed_on)])


def _counted(parts: list[ir.Table]) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame({"day": [], "rows": []})
    united = parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0]
    frame: pd.DataFrame = united.group_by("day").agg(rows=united.count()).order_by("day").execute()
    return frame.assign(day=[pd.Timestamp(day).date() for day in frame["day"]])


def _without_outliers(days: pd.DataFrame) -> dtm.date:
    ordered: list[dtm.date] = list(days["day"])
    rows = list(days["rows"])
    few = max(1.0, sum(rows) / 200)
    while len(ordered) > 1 and (ordered[-1] - ordered[-2]).days > GAP_DAYS and rows[-1] <= few:
        ordered.pop()
        rows.pop()
    last: dtm.date = ordered[-1]
    return last
