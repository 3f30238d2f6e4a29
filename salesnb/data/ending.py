"""The last day of the data, found so that one mistyped date does not move it."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Mapping

import ibis.expr.types as ir
import pandas as pd

from salesnb.data.held import rows
from salesnb.data.raw import literal, quoted
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

    The tables are held ones, or views of these.

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
    found = {name: tables[name] for name in columns if name in tables}
    return _counted([_dated(table, column) for name, table in found.items() for column in columns[name]], found)


def _closings(tables: Mapping[str, ir.Table]) -> pd.DataFrame:
    deals = {name: table for name, table in tables.items() if name == "opportunities"}
    closed = f"outcome IN ({', '.join(map(literal, _CLOSED))})"
    return _counted([f"{_dated(table, 'closed_on')} AND {closed}" for table in deals.values()], deals)


def _dated(table: ir.Table, column: str) -> str:
    place, name = quoted(table.get_name()), quoted(column)
    return f"SELECT CAST({name} AS DATE) AS day FROM {place} WHERE {name} IS NOT NULL"


def _counted(parts: list[str], tables: Mapping[str, ir.Table]) -> pd.DataFrame:
    """The days of these queries and their rows, in order; ``tables`` are those that they read."""
    found: list[tuple[object, ...]] = []
    if parts:
        backend = next(iter(tables.values())).get_backend()
        united = " UNION ALL ".join(parts)
        found = rows(backend, f"SELECT day, count(*) FROM ({united}) AS days GROUP BY day ORDER BY day")
    return pd.DataFrame({"day": [day for day, _ in found], "rows": [int(str(count)) for _, count in found]})


def _without_outliers(days: pd.DataFrame) -> dtm.date:
    ordered: list[dtm.date] = list(days["day"])
    counts = list(days["rows"])
    few = max(1.0, sum(counts) / 200)
    while len(ordered) > 1 and (ordered[-1] - ordered[-2]).days > GAP_DAYS and counts[-1] <= few:
        ordered.pop()
        counts.pop()
    last: dtm.date = ordered[-1]
    return last
