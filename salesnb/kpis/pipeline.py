"""The pipeline family: what stands open, what it is worth, how it moves, and whether it covers the quota."""

from __future__ import annotations

import datetime as dtm
from functools import partial
from typing import TYPE_CHECKING

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from salesnb.data.history import history_limit
from salesnb.kpis.bookings import last_known
from salesnb.kpis.intervals import wilson
from salesnb.kpis.measure import Measure, count, estimate, quotient, total
from salesnb.kpis.quotas import metric_of, quota_spans
from salesnb.kpis.registry import kpi
from salesnb.kpis.stages import moves
from salesnb.kpis.standing import active, due, standing, standing_over, weighted

if TYPE_CHECKING:
    from salesnb.data.book import Book
    from salesnb.periods import Period

_DAY = dtm.timedelta(days=1)
_open = partial(
    kpi,
    needs_decide=True,
    better="up",
    category="revenue",
    category3="revenue",
    owner="head of sales",
    cadence="weekly",
    needs=("opportunities",),
    grain="an open deal",
)


def _limited(measure: Measure, book: Book, day: dtm.date) -> Measure:
    """Say what is not known of a day before the as-of date."""
    return measure.saying(history_limit(book)) if day < book.as_of else measure


@_open(
    "pipeline_value",
    "open",
    default=True,
    unit="money",
    action="create or buy more pipeline; look at coverage",
    meaning="What the deals open at the end of the period are worth.",
    formula="sum of the amounts of the deals open at the end of the period, as they were then",
)
def pipeline_value(book: Book, period: Period) -> Measure:
    """Sum the amounts of the deals open at the period's end, or at the as-of date in a period that is not over."""
    day = last_known(book, period)
    return _limited(total(standing(book, day), "amount"), book, day)


@kpi(
    "pipeline_value",
    "weighted",
    needs_decide=False,
    meaning="What the deals open at the end of the period will bring, if they are won as often as deals like them.",
    formula="sum of amount x historical win rate of the stage, of the deals open at the end of the period",
)
def pipeline_value_weighted(book: Book, period: Period) -> Measure:
    """Sum amount times the stage's win rate among deals closed by then: see :func:`salesnb.kpis.standing.weighted`."""
    day = last_known(book, period)
    return _limited(total(weighted(book, day), "expected"), book, day)


@kpi(
    "pipeline_value",
    "due",
    needs=("opportunities.expected_close_on",),
    meaning="What the open deals that should close in the next period are worth.",
    formula="sum of the amounts of the deals open at the end of the period and expected to close in the next one",
)
def pipeline_value_due(book: Book, period: Period) -> Measure:
    """Sum the amounts of the deals open at the period's end whose expected close, as it was then, is in the next."""
    day = last_known(book, period)
    return _limited(total(due(standing(book, day), period.next), "amount"), book, day)


@kpi(
    "pipeline_value",
    "average",
    meaning="What the open deals were worth over the period, on average.",
    formula="mean of the open pipeline at the ends of the period's days, weeks or months, so that these are at most 15",
)
def pipeline_value_average(book: Book, period: Period) -> Measure:
    """Average the open pipeline over the period's points: see :func:`salesnb.kpis.standing.points`."""
    return _limited(total(standing_over(book, period), "share"), book, period.start)


@_open(
    "pipeline_count",
    "open",
    default=True,
    unit="count",
    category="activity",
    category3="activity",
    action="create or buy more pipeline; close what is dead",
    meaning="How many deals are open at the end of the period.",
    formula="deals open at the end of the period",
)
def pipeline_count(book: Book, period: Period) -> Measure:
    """Count the deals open at the period's end, or at the as-of date in a period that is not over."""
    day = last_known(book, period)
    return _limited(count(standing(book, day)), book, day)


@kpi(
    "pipeline_count",
    "active",
    needs_decide=False,
    needs=("activities.opportunity_id|opportunities.last_activity_at",),
    meaning="How many of the deals open at the end of the period somebody worked on lately.",
    formula="deals open at the end of the period with an activity in the last 30 days of it",
)
def pipeline_count_active(book: Book, period: Period) -> Measure:
    """Count the open deals touched in the 30 days to the period's end: see :func:`salesnb.kpis.standing.active`."""
    day = last_known(book, period)
    return _limited(count(active(book, day)), book, day)


def _moved(book: Book, period: Period) -> ir.Table:
    return moves(book, period.start - _DAY, last_known(book, period))


@_open(
    "pipeline_progression",
    "count",
    default=True,
    unit="ratio",
    better="none",
    category="effectiveness",
    category3="efficiency",
    needs=("opportunities", "opportunity_events|opportunity_snapshots"),
    by="move",
    action="look at the stages in which deals stay, and at what was moved back",
    meaning="What became in the period of the deals that were open at its start.",
    formula="share of the deals open at the start that moved forward, stayed, moved back, were won or lost",
)
def pipeline_progression(book: Book, period: Period) -> Measure:
    """Share of the deals open at the start, by what became of them: see :func:`salesnb.kpis.stages.moves`.

    By another dimension it is the share of those deals that each segment has. The shares sum to 1.
    """
    return estimate(_moved(book, period), _share_of_deals)


@kpi(
    "pipeline_progression",
    "value",
    meaning="What became in the period of the money that stood open at its start.",
    formula="share of the amount open at the start that moved forward, stayed, moved back, was won or lost",
)
def pipeline_progression_value(book: Book, period: Period) -> Measure:
    """Share of the amount open at the start, by what became of the deals; those without an amount add nothing."""
    return estimate(_moved(book, period), _share_of_money)


def _counted(rows: ir.Table) -> pd.DataFrame:
    money = rows.amount.sum().cast("float64")
    frame: pd.DataFrame = rows.group_by("segment").aggregate(n=rows.count(), money=money).execute()
    return frame.sort_values("segment", ignore_index=True)


def _share_of_deals(rows: ir.Table, confidence: float) -> pd.DataFrame:
    frame = _counted(rows)
    whole = frame["n"].sum()
    low, high = wilson(frame["n"], np.full(len(frame), whole), confidence)
    return frame.assign(value=frame["n"] / whole, numerator=frame["n"], denominator=whole, low=low, high=high)


def _share_of_money(rows: ir.Table, confidence: float) -> pd.DataFrame:
    del confidence  # a share of a known sum of money is no estimate
    frame = _counted(rows)
    money = frame["money"].astype("float64").fillna(0.0)
    whole = money.sum()
    return frame.assign(value=money / whole if whole else np.nan, numerator=money, denominator=whole)


@_open(
    "pipeline_coverage",
    "end",
    default=True,
    needs_decide=False,
    unit="ratio",
    category="effectiveness",
    is_forward=True,
    needs=("opportunities.expected_close_on", "quotas"),
    action="create pipeline, pull deals in, or lower the forecast",
    meaning="How many times over the pipeline due by the period's end covered its quota when the period began.",
    formula="amount open at the period's start and expected to close in the period / quota of the period",
)
def pipeline_coverage(book: Book, period: Period) -> Measure:
    """Pipeline due by the end of the period over its quota, both as at its start; n/a where there is no quota.

    At the start the whole quota is left, so that this figure can be compared from period to period. In a period that
    has not begun, the pipeline is that of the as-of date. Deals that were already overdue at the start are not due
    in the period. Quotas are those of :func:`salesnb.kpis.quotas.quota_spans`.
    """
    day = min(period.start - _DAY, book.as_of)
    spans = quota_spans(book, period, metric=metric_of(book))
    named = ("the pipeline due", "the quota")
    measure = quotient(total(due(standing(book, day), period), "amount"), total(spans, "quota"), named=named)
    return _limited(measure, book, day)


@kpi(
    "pipeline_coverage",
    "to_go",
    meaning="How many times over the pipeline still due covers the quota still to be met.",
    formula="amount open at the as-of date and expected to close in the period / (quota - booked so far)",
)
def pipeline_coverage_to_go(book: Book, period: Period) -> Measure:
    """Pipeline due in the period over the quota left, both at the as-of date; n/a where the quota is met.

    In a period that is over, both are as at its last day. Deals due in the period that are overdue by now count.
    """
    day = last_known(book, period)
    spans = quota_spans(book, period, metric=metric_of(book), booked_to=day)
    named = ("the pipeline still due", "the quota left")
    left = total(spans, spans.quota - spans.booked)
    return _limited(quotient(total(due(standing(book, day), period), "amount"), left, named=named), book, day)
