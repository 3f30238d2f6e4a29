"""Targets: where they come from, how far they are, and whose gap it is."""

from __future__ import annotations

import math

import pytest

from salesnb.analysis.calendar import Calendar, Records
from salesnb.analysis.comparison import Values
from salesnb.analysis.plan import ATTAINMENT, Target, gaps, quota_target, targets
from salesnb.data.book import Book
from salesnb.goals import Goal
from salesnb.periods import Period
from tests.analysis.conftest import DEALS, QUOTAS, book, deals

BETTER = {"revenue.booked": "up", "sales_cycle_days.median": "down", ATTAINMENT: "up"}


def asked(source: Book, period: str = "2026Q3") -> tuple[Values, Calendar]:
    return Values(source), Calendar.of(Period.parse(period), source.as_of, Records.of(source))


def target(value: float, actual: float, better: str = "up", *, is_over: bool = True) -> Target:
    return Target(value, actual, "a goal", "", better, is_over)


@pytest.mark.parametrize(
    ("one", "verdict"),
    [
        (target(100, 100), "on plan"),
        (target(100, 99.99), "behind"),
        (target(100, 101), "on plan"),
        (target(0.1 + 0.2, 0.3), "on plan"),
        (target(30, 29, "down"), "on plan"),
        (target(30, 31, "down"), "behind"),
        (target(100, 1, is_over=False), "running"),
        (target(100, math.nan), "no value"),
    ],
)
def test_the_verdict(one: Target, verdict: str) -> None:
    assert one.verdict == verdict


def test_how_far() -> None:
    assert (target(200, 150).gap, target(200, 150).achieved) == (-50, 0.75)
    assert math.isnan(target(0, 150).achieved)


def test_quotas_are_the_target_of_the_amount_sold() -> None:
    found = targets(*asked(book(opportunities=DEALS, quotas=QUOTAS)), (), BETTER, "revenue.booked")
    assert found["revenue.booked"] == Target(450, 300, "quotas", "", "up", True)
    assert found[ATTAINMENT] == Target(1, 300 / 450, "quotas", "", "up", True)


def test_quotas_that_are_held_against_something_else_are_not() -> None:
    # A third seller without a quota sells 100: the amount sold is 400, and 300 of it counts against quotas.
    source = book(
        opportunities=[*DEALS, *[{**d, "owner_id": "x"} for d in deals("2026-08-12", "X", "w")]], quotas=QUOTAS
    )
    found = targets(*asked(source), (), BETTER, "revenue.booked")
    assert set(found) == {ATTAINMENT}
    assert found[ATTAINMENT].actual == 300 / 450


def goal(**values: object) -> Goal:
    common = {"objective": "Grow", "kpi": "revenue.booked", "target": 400, "due": "2026-09-30", "owner": "Head"}
    return Goal(**{**common, **values})  # type: ignore[arg-type]


def test_a_goal_that_counts_in_the_period_goes_before_quotas() -> None:
    asked_for = asked(book(opportunities=DEALS, quotas=QUOTAS))
    others = (
        goal(due="2026-06-30", target=1), goal(segment="region: EMEA", target=2), goal(kpi="nobody.knows", target=3),
        goal(kpi="sales_cycle_days.median", target=40),
    )  # fmt: skip
    found = targets(*asked_for, (goal(), *others), BETTER, "revenue.booked")
    assert found["revenue.booked"] == Target(400, 300, "Grow", "Head", "up", True)
    assert found["sales_cycle_days.median"] == Target(40, 30, "Grow", "Head", "down", True)
    assert set(found) == {"revenue.booked", "sales_cycle_days.median", ATTAINMENT}


def test_no_quotas_no_target() -> None:
    assert quota_target(*asked(book(opportunities=DEALS))) is None
    assert quota_target(*asked(book(opportunities=DEALS, quotas=QUOTAS), "2026Q2")) is None


def test_the_parts_of_the_gap_sum_to_the_whole() -> None:
    asked_for = asked(book(opportunities=DEALS, quotas=QUOTAS))
    split = gaps(*asked_for, "region")
    assert split.to_dict("records") == [
        {"segment": "EMEA", "actual": 100, "target": 200, "gap": -100},
        {"segment": "AMER", "actual": 200, "target": 250, "gap": -50},
    ]
    whole = quota_target(*asked_for)
    assert whole is not None
    assert split["gap"].sum() == whole.gap
    assert gaps(*asked(book(opportunities=DEALS)), "region").empty
