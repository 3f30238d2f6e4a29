"""The rules of single tables: what a deal, an order line or a quota must be, beyond its columns' own kinds."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC

import ibis.expr.operations as ops
import ibis.expr.types as ir

from salesnb.data.readings import is_plain_day, is_plain_number
from salesnb.data.rule import CLOSED, Action, Rule, rule
from salesnb.errors import PeriodError
from salesnb.periods import Period

Mapped = MappingABC[str, str]


def _empty(table: ir.Table, mapped: Mapped, column: str, text: str, costs: str) -> list[Rule]:
    if column not in mapped:
        return []
    return [
        rule(
            f"no_{column}",
            column,
            "flagged",
            table[text].isnull(),
            f"{column} is empty: {costs}",
            f"fill in {mapped[column]}",
        )
    ]


def _later(table: ir.Table, mapped: Mapped, end: str, start: str, action: Action, words: str) -> list[Rule]:
    if end not in mapped or start not in mapped:
        return []
    is_before = table[end].cast("date") < table[start].cast("date")
    return [rule(f"{end}_before_{start}", end, action, is_before, words, f"correct {end} or {start}")]


def _negative(table: ir.Table, mapped: Mapped, column: str, words: str) -> list[Rule]:
    if column not in mapped:
        return []
    return [rule(f"negative_{column}", column, "flagged", table[column] < 0, words, "correct the sign")]


def _nobody(table: ir.Table, mapped: Mapped, what: str) -> list[Rule]:
    return [
        rule(
            "nobody",
            "rep_id",
            "rejected",
            table.rep_id.isnull() & table.team.isnull(),
            f"neither a rep nor a team: it is nobody's {what}",
            "fill in the rep or the team",
        )
    ]


def _opportunities(table: ir.Table, mapped: Mapped) -> list[Rule]:
    is_closed = table.outcome.isin(CLOSED)
    has_date = "closed_on" in mapped
    found = [
        rule(
            "closed_without_date", "closed_on", "rejected",
            is_closed & table.raw__closed_on.isnull() if has_date else is_closed,
            "won, lost or disqualified without a close date: it belongs to no period", "fill in the close date",
        )
    ]  # fmt: skip
    if has_date:
        found += [
            rule(
                "closed_on_unusable", "closed_on", "rejected",
                is_closed & table.raw__closed_on.notnull() & table.closed_on.isnull(),
                "won, lost or disqualified on a date that cannot be read: it belongs to no period",
                "correct the close date",
            ),
            rule(
                "open_with_close_date", "closed_on", "repaired", (table.outcome == "open") & table.closed_on.notnull(),
                "an open deal with a close date: the date is not used", "correct the outcome or empty the date",
            ),
        ]  # fmt: skip
    if "amount" in mapped:
        found.append(
            rule(
                "won_without_amount",
                "amount",
                "flagged",
                (table.outcome == "won") & table.raw__amount.isnull(),
                "won without an amount: it counts as a deal and adds no money",
                "fill in the amount",
            )
        )
    found += _negative(table, mapped, "amount", "the amount is negative and counts as such")
    found += _later(
        table, mapped, "closed_on", "created_at", "flagged",
        "closed before it was created: its days are left out of every cycle time",
    )  # fmt: skip
    found += _empty(table, mapped, "account_id", "account_id", "not counted by account, segment or industry")
    found += _empty(table, mapped, "owner_id", "owner_id", "not counted by rep, team or region")
    found += _empty(table, mapped, "created_at", "raw__created_at", "left out of cycle times and of counts by creation")
    return found


def _orders(table: ir.Table, mapped: Mapped) -> list[Rule]:
    found = []
    if {"is_return", "amount"} <= set(mapped):
        found.append(
            rule(
                "return_with_positive_amount",
                "amount",
                "repaired",
                table.is_return & (table.amount > 0),
                "a return with a positive amount: it is counted as negative",
                "write returns with a minus",
            )
        )
    found += _empty(table, mapped, "amount", "raw__amount", "the line adds no money")
    found += _empty(table, mapped, "account_id", "account_id", "not counted by customer")
    return found


def _subscriptions(table: ir.Table, mapped: Mapped) -> list[Rule]:
    return [
        *_later(table, mapped, "ended_on", "started_on", "rejected", "it ends before it starts"),
        *_negative(table, mapped, "mrr", "the mrr is negative and counts as such"),
        *_empty(table, mapped, "account_id", "account_id", "not counted by customer"),
    ]


def _quotas(table: ir.Table, mapped: Mapped) -> list[Rule]:
    words = "its last day is before its first"
    return [*_later(table, mapped, "ends_on", "starts_on", "rejected", words), *_nobody(table, mapped, "target")]


def _benchmarks(table: ir.Table, mapped: Mapped) -> list[Rule]:
    return _later(table, mapped, "ends_on", "starts_on", "rejected", "its last day is before its first")


def _territories(table: ir.Table, mapped: Mapped) -> list[Rule]:
    return _later(table, mapped, "valid_to", "valid_from", "rejected", "its last day is before its first")


def _leads(table: ir.Table, mapped: Mapped) -> list[Rule]:
    return _later(table, mapped, "converted_at", "created_at", "flagged", "converted before it came in")


def _reps(table: ir.Table, mapped: Mapped) -> list[Rule]:
    return _later(table, mapped, "left_on", "hired_on", "flagged", "left before being hired")


def _quotes(table: ir.Table, mapped: Mapped) -> list[Rule]:
    words = "sent before it was asked for: left out of turnaround"
    return _later(table, mapped, "sent_at", "created_at", "flagged", words)


def _calls(table: ir.Table, mapped: Mapped) -> list[Rule]:
    # The grammar of periods is Python's: the few names that there are are read here.
    is_there = not table.op().find(ops.UnboundTable)
    names = table.select("period").distinct().execute()["period"].dropna() if is_there else ()
    unreadable = sorted(name for name in names if not _is_period(name))
    return [
        *_nobody(table, mapped, "call"),
        rule(
            "unreadable_period", "period", "rejected", table.period.isin(unreadable),
            "period is the name of no period", "write it as 2026Q3, 2026-07 or FY26H1",
        ),
    ]  # fmt: skip


def _is_period(name: str) -> bool:
    try:
        Period.parse(name)
    except PeriodError:
        return False
    return True


def _events(table: ir.Table, mapped: Mapped) -> list[Rule]:
    def unreadable(text: ir.StringValue) -> ir.BooleanValue:
        no_amount = (table.field == "amount") & ~is_plain_number(text)
        no_date = (table.field == "expected_close_on") & ~is_plain_day(text)
        return text.notnull() & (no_amount | no_date)

    return [
        rule(
            f"unreadable_{side}", side, "rejected", unreadable(table[side]),
            f"{side} is no amount or no date, as its field needs",
            "write amounts with a decimal point and dates as 2026-03-31, or give decimal and date_format",
        )
        for side in ("old", "new")
        if side in mapped
    ]  # fmt: skip


SPECIAL = {
    "opportunities": _opportunities,
    "opportunity_events": _events,
    "orders": _orders,
    "subscriptions": _subscriptions,
    "quotas": _quotas,
    "benchmarks": _benchmarks,
    "territories": _territories,
    "leads": _leads,
    "reps": _reps,
    "quotes": _quotes,
    "forecast_calls": _calls,
}
