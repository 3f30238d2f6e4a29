"""The targets family: what was reached of what was set."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from salesnb.kpis.bookings import booked
from salesnb.kpis.measure import Measure, quotient, total
from salesnb.kpis.people import share_at_quota
from salesnb.kpis.quotas import metric_of, quota_spans
from salesnb.kpis.registry import Better, kpi
from salesnb.kpis.sales import within

if TYPE_CHECKING:
    from salesnb.data.book import Book
    from salesnb.goals import Goal
    from salesnb.periods import Period

TOLERANCE = 0.1
_target = partial(
    kpi,
    unit="ratio",
    better="up",
    category="effectiveness",
    category3="revenue",
    owner="head of sales",
    cadence="monthly",
    needs=("quotas", "opportunities|orders.rep_id"),
)


def achievement(value: float, target: float, better: Better = "up") -> float:
    """Return how much of a target was reached: actual / target, and target / actual where less is better.

    NaN where either is unknown, or where what is divided by is not above 0.

    Examples
    --------
    >>> achievement(90.0, 120.0), achievement(50.0, 40.0, "down")
    (0.75, 0.8)
    """
    top, bottom = (target, value) if better == "down" else (value, target)
    return top / bottom if bottom > 0 else math.nan


def is_met(value: float, target: float, better: Better = "up") -> bool | None:
    """Tell whether a target is met; None where either is unknown, or where no way is better.

    A KPI that should hit its target, neither more nor less, meets it within 10 % of it.
    """
    if math.isnan(value) or math.isnan(target) or better == "none":
        return None
    if better == "target":
        return abs(value - target) <= TOLERANCE * abs(target)
    return value <= target if better == "down" else value >= target


def progress(value: float, goal: Goal) -> float:
    """Return how much of the way from a goal's baseline to its target was gone: 0 at the baseline, 1 at the target.

    Negative where it went the wrong way; NaN where the goal has no baseline, or aims at it.
    """
    if goal.baseline is None or goal.value == goal.baseline:
        return math.nan
    return (value - goal.baseline) / (goal.value - goal.baseline)


@_target(
    "target_achievement",
    "value",
    default=True,
    grain="a booking, and a quota span",
    action="look at the bridge of the gap, then at pipeline coverage",
    meaning="How much of the quotas of the period was booked in it.",
    formula="booked in the period, by whomever / quotas of the period",
)
def target_achievement(book: Book, period: Period) -> Measure:
    """All that was booked in the period over its quotas; n/a without a quota.

    ``quota_attainment.booked`` counts what the holders of quotas booked on their quotas' own days; this counts
    everything that was booked on the period's days, also by those who have no quota. Goals are held against their
    KPIs by :func:`achievement`, :func:`is_met` and :func:`progress`.
    """
    metric = metric_of(book)
    rows = within(booked(book, metric), period)
    spans = quota_spans(book, period, metric=metric)
    return quotient(total(rows, rows.amount), total(spans, spans.quota), named=("what was booked", "the quota"))


@kpi(
    "target_achievement",
    "share_met",
    grain="a quota span of a seller or a team",
    meaning="How many of the targets set for the period were met.",
    formula="quota spans met / quota spans set",
)
def targets_met(book: Book, period: Period) -> Measure:
    """Share of the period's quota spans that were reached: the same measure as ``quota_attainment.share_at_quota``."""
    return share_at_quota(book, period)
