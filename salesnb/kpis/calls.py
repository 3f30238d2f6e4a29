"""Calls: how good the forecasts were that sellers and teams called.

The call that counts k weeks before a period's end is the holder's latest that was made at least 7 k days before the
first day after the period. It is the ``commit`` call, held against what the holder booked in that period.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from salesnb.data import memo
from salesnb.kpis.bookings import booked_by_day
from salesnb.kpis.measure import Measure, ratio
from salesnb.kpis.quotas import holder_of
from salesnb.kpis.registry import kpi
from salesnb.periods import Period

if TYPE_CHECKING:
    from salesnb.data.book import Book

WEEKS_BEFORE = 4
_ALL_WEEKS = 13
_accuracy = partial(
    kpi,
    unit="ratio",
    category="effectiveness",
    category3="efficiency",
    owner="head of sales",
    cadence="quarterly",
    needs=("forecast_calls", "opportunities|orders.rep_id"),
    grain="a holder's call for a period",
)


def called_periods(book: Book, period: Period) -> dict[str, Period]:
    """Return the periods that calls were made for, by how the calls name them, as far as a period holds them.

    The period itself where calls name it; else the longest of those that lie within it. Only those that are over by
    the as-of date, unless none is.
    """
    calls = book.forecast_calls.group_by("period").aggregate()
    names = memo.value(book, "periods called", make=lambda: sorted(calls.execute()["period"]))
    found = {name: Period.parse(name, book.fiscal_year_start) for name in names}
    inside = {n: p for n, p in found.items() if period.start <= p.start and p.end <= period.end}
    longest = max((p.days for p in inside.values()), default=0)
    # Quarters and years differ by a day or two in length: those of one grain belong together.
    grains = {p.grain for p in inside.values() if p.days == longest}
    inside = {n: p for n, p in inside.items() if p.grain in grains}
    over = {n: p for n, p in inside.items() if p.is_complete(book.as_of)}
    return over or inside


def calls_and_actuals(book: Book, period: Period, weeks: Iterable[int] = (WEEKS_BEFORE,)) -> ir.Table:
    """Return each call that counts, with what came of it.

    Parameters
    ----------
    weeks
        How many weeks before the end of the period called.

    Returns
    -------
    ibis.Table
        One row a holder, period and number of weeks: ``rep_id`` or ``team``, ``called`` (the period's name),
        ``weeks_before``, ``commit``, ``best_case`` (null where not called), ``booked``, and ``_on``, the period's
        last day. Where any call is a seller's, the teams' are left out.

    Raises
    ------
    NeedsData
        There are no calls, or nothing booked to hold them against.
    """
    periods = called_periods(book, period)
    holder = holder_of(book, "forecast_calls")
    calls = book.forecast_calls
    calls = calls.filter(calls.period.isin(list(periods)), calls[holder].notnull())

    def of_period(column: str) -> ir.DateValue:
        dates = [(calls.period == name, ibis.date(getattr(p, column))) for name, p in periods.items()]
        return ibis.cases(*dates, else_=ibis.null("date")) if dates else ibis.null("date")

    calls = calls.mutate(_holder=calls[holder], _from=of_period("start"), _on=of_period("last_day"))
    ahead = calls["_on"].delta(calls.as_of, unit="day") + 1
    timed = ibis.union(*[calls.filter(ahead >= 7 * k).mutate(weeks_before=ibis.literal(k, "int64")) for k in weeks])
    keys = ["_holder", "period", "weeks_before", "_from", "_on"]
    window = ibis.window(
        group_by=[timed[name] for name in (*keys, "category")], order_by=[timed.as_of.desc(), timed.amount.desc()]
    )
    latest = timed.mutate(_place=ibis.row_number().over(window)).filter(lambda t: t["_place"] == 0)
    made = latest.group_by(keys).aggregate(
        commit=latest.amount.max(where=latest.category == "commit"),
        best_case=latest.amount.max(where=latest.category == "best_case"),
    )
    done = booked_by_day(book, holder, "bookings", book.as_of).rename(_who="_holder")
    within = [made["_holder"] == done["_who"], done["_day"] >= made["_from"], done["_day"] <= made["_on"]]
    joined = made.left_join(done, within)
    held = joined.group_by(*made.columns).aggregate(booked=joined["_amount"].sum())
    zero = ibis.literal(0).cast(held.booked.type())
    held = held.mutate(booked=ibis.coalesce(held.booked, zero))
    return held.rename({holder: "_holder", "called": "period"}).drop("_from")


def _wape(rows: ir.Table) -> Measure:
    missed = (rows.commit - rows.booked).abs()
    return ratio(rows, rows.booked - missed, rows.booked)


@_accuracy(
    "forecast_accuracy",
    "wape",
    default=True,
    better="up",
    action="look at who misses, and to which side",
    meaning="How close the calls made four weeks before the end came to what was booked.",
    formula="1 - sum of |commit call - booked| / sum of booked; calls made 4 weeks before the period's end",
)
def forecast_accuracy(book: Book, period: Period) -> Measure:
    """1 less the weighted absolute error of the commit calls, a holder and period each; below 0 where they miss more.

    n/a where there is no call, or nothing was booked by those who called.
    """
    return _wape(calls_and_actuals(book, period))


@kpi(
    "forecast_accuracy",
    "bias",
    better="target",
    meaning="Whether the calls made four weeks before the end were too high (above 0) or too low (below 0).",
    formula="(sum of commit calls - sum of booked) / sum of booked; calls made 4 weeks before the period's end",
)
def forecast_bias(book: Book, period: Period) -> Measure:
    """Called less booked, over booked: positive is over. n/a where there is no call or nothing was booked."""
    rows = calls_and_actuals(book, period)
    return ratio(rows, rows.commit - rows.booked, rows.booked)


@kpi(
    "forecast_accuracy",
    "coverage",
    meaning="How often what was booked lay between the commit and the best case.",
    formula="calls with commit <= booked <= best case / calls that have both; made 4 weeks before the period's end",
)
def forecast_coverage(book: Book, period: Period) -> Measure:
    """Share of the calls whose range holds what was booked, both ends included; n/a where no call has both."""
    rows = calls_and_actuals(book, period)
    rows = rows.filter(rows.commit.notnull(), rows.best_case.notnull())
    return ratio(rows, (rows.booked >= rows.commit) & (rows.booked <= rows.best_case))


@kpi(
    "forecast_accuracy",
    "by_week",
    by="weeks_before",
    meaning="How close the calls came to what was booked, by how long before the end they were made.",
    formula="1 - sum of |commit call - booked| / sum of booked, calls made 0 to 13 weeks before the period's end",
)
def forecast_accuracy_by_week(book: Book, period: Period) -> Measure:
    """1 less the weighted absolute error of the commit calls, for each number of weeks before the period's end.

    By another dimension all those weeks are pooled, each call as often as it stood.
    """
    return _wape(calls_and_actuals(book, period, range(_ALL_WEEKS + 1)))
