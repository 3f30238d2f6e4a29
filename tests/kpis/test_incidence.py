"""The share won within t days, where lost competes and open deals are censored."""

from __future__ import annotations

import datetime as dtm
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesnb.data.book import Book
from salesnb.data.history import entered
from salesnb.kpis.incidence import aalen_johansen, ages, by_day

AS_OF = dtm.date(2026, 1, 31)


def test_the_steps_by_hand() -> None:
    # 10 deals: age 5: 2 won, 1 lost; age 10: 1 censored; age 20: 1 won, 2 lost; age 30: 3 censored
    curve = aalen_johansen([5, 10, 20, 30], [2, 0, 1, 0], [1, 0, 2, 0], [0, 1, 0, 3])
    s1 = 1 - 3 / 10
    assert curve.at_risk.tolist() == [10, 7, 6, 3]
    assert curve.won == pytest.approx([2 / 10, 2 / 10, 2 / 10 + s1 * 1 / 6, 2 / 10 + s1 * 1 / 6])
    assert curve.lost == pytest.approx([1 / 10, 1 / 10, 1 / 10 + s1 * 2 / 6, 1 / 10 + s1 * 2 / 6])
    assert curve.final == pytest.approx(0.316667, abs=1e-6)
    assert curve.undecided == pytest.approx(s1 * (1 - 3 / 6))
    assert curve.n == 10


def test_the_order_of_the_ages_does_not_matter() -> None:
    one = aalen_johansen([5, 20, 30], [2, 1, 0], [1, 2, 0], [0, 1, 3])
    two = aalen_johansen([30, 5, 20], [0, 2, 1], [0, 1, 2], [3, 0, 1])
    assert one.won.tolist() == two.won.tolist()
    assert one.variance.tolist() == two.variance.tolist()


def test_lost_is_no_censoring() -> None:
    # 1 lost at 1 day, 1 won at 2 days: half were won. Kaplan-Meier of the wins would say all.
    assert aalen_johansen([1, 2], [0, 1], [1, 0], [0, 0]).final == pytest.approx(1 / 2)


def test_by_is_a_step_function_that_includes_its_day() -> None:
    curve = aalen_johansen([5, 20], [1, 1], [0, 0], [0, 2])
    assert [curve.by(d) for d in (0, 4.9, 5, 19, 20, 999)] == pytest.approx([0, 0, 1 / 4, 1 / 4, 2 / 4, 2 / 4])


def test_no_deals_is_not_zero() -> None:
    curve = aalen_johansen([], [], [], [])
    assert math.isnan(curve.final)
    assert math.isnan(curve.undecided)
    assert math.isnan(curve.by(10))
    assert all(math.isnan(x) for x in curve.interval())
    assert curve.n == 0


steps = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=8).filter(
    lambda rows: all(sum(r) for r in rows)
)


@given(steps)
def test_without_censoring_it_is_the_plain_share_and_its_binomial_variance(rows: list[tuple[int, int, int]]) -> None:
    decided = [(wins, losses) if wins + losses else (1, 0) for wins, losses, _ in rows]
    won, lost = (np.array(x) for x in zip(*decided, strict=True))
    curve = aalen_johansen(np.arange(len(won)), won, lost, np.zeros(len(won)))
    n = (won + lost).sum()
    share = won.cumsum() / n
    assert curve.won == pytest.approx(share)
    assert curve.variance == pytest.approx(share * (1 - share) / n, abs=1e-12)
    assert curve.undecided == pytest.approx(0, abs=1e-12)


@given(steps)
def test_it_is_the_share_weighted_by_the_chance_of_being_watched(rows: list[tuple[int, int, int]]) -> None:
    """Satten and Datta (2001): each win counts for 1 / (the chance of not being censored before it)."""
    won, lost, ends = (np.array(x, dtype=float) for x in zip(*rows, strict=True))
    curve = aalen_johansen(np.arange(len(won)), won, lost, ends)
    at_risk = (won + lost + ends)[::-1].cumsum()[::-1]
    left = at_risk - won - lost
    watched = np.cumprod(np.where(left > 0, 1 - ends / np.where(left > 0, left, 1), 1))
    before = np.concatenate(([1.0], watched[:-1]))
    weight = np.divide(won, before, out=np.zeros_like(won), where=won > 0)
    assert curve.won == pytest.approx(weight.cumsum() / curve.n)


@given(steps, st.floats(0.5, 0.999))
def test_shares_and_intervals_stay_within_0_and_1(rows: list[tuple[int, int, int]], confidence: float) -> None:
    won, lost, ends = (np.array(x) for x in zip(*rows, strict=True))
    curve = aalen_johansen(np.arange(len(won)), won, lost, ends)
    assert (np.diff(curve.won) >= 0).all()
    assert (curve.won + curve.lost <= 1 + 1e-12).all()
    for day in (-1.0, 0.0, float(len(won))):
        low, high = curve.interval(day, confidence=confidence)
        assert 0 <= low <= curve.by(day) + 1e-12
        assert curve.by(day) - 1e-12 <= high <= 1


def test_without_censoring_the_interval_is_wilsons() -> None:
    curve = aalen_johansen([1], [6], [4], [0])
    z = 1.959964
    centre = (0.6 + z**2 / 20) / (1 + z**2 / 10)
    half = z / (1 + z**2 / 10) * math.sqrt(0.6 * 0.4 / 10 + z**2 / 400)
    assert curve.interval() == pytest.approx((centre - half, centre + half), abs=1e-6)


def test_it_finds_the_planted_rate_where_the_closed_deals_mislead() -> None:
    """Losses come after 10 days and wins after 60: of young deals only losses have closed."""
    estimates, covered, naive = [], 0, []
    for seed in range(60):
        random = np.random.default_rng(seed)
        wins = random.random(400) < 0.4
        age = np.where(wins, random.integers(40, 81, 400), random.integers(1, 21, 400))
        watched = random.integers(0, 181, 400)
        seen = age <= watched
        days = np.where(seen, age, watched)
        table = np.zeros((181, 3))
        np.add.at(table, (days, np.where(~seen, 2, np.where(wins, 0, 1))), 1)
        used = table.sum(axis=1) > 0
        curve = aalen_johansen(np.arange(181)[used], *table[used].T)
        low, high = curve.interval()
        estimates.append(curve.final)
        covered += low <= 0.4 <= high
        naive.append((seen & wins).sum() / seen.sum())
    assert np.mean(estimates) == pytest.approx(0.4, abs=0.01)
    assert covered >= 52  # 60 at 95 %: fewer than 52 has a chance below one in a thousand
    assert np.mean(naive) < 0.34


@pytest.mark.filterwarnings("ignore:divide by zero|invalid value:RuntimeWarning:statsmodels")
@pytest.mark.parametrize("seed", range(5))
def test_estimate_and_standard_error_are_those_of_statsmodels(seed: int) -> None:
    from statsmodels.duration.survfunc import CumIncidenceRight

    random = np.random.default_rng(seed)
    days, fate = random.integers(1, 60, 300), random.choice([0, 1, 2], 300, p=[0.3, 0.4, 0.3])
    oracle = CumIncidenceRight(days, fate)
    at = np.unique(days)
    counts = [[int(((days == day) & (fate == each)).sum()) for day in at] for each in (1, 2, 0)]
    curve = aalen_johansen(at, *counts)
    places = np.searchsorted(curve.days, oracle.times)
    assert len(places) >= 50
    for mine, theirs in ((curve.won, oracle.cinc[0]), (curve.lost, oracle.cinc[1])):
        assert mine[places] == pytest.approx(np.asarray(theirs), abs=1e-12)
    known = np.isfinite(oracle.cinc_se[0])  # where nobody is left it divides by 0
    assert known.sum() >= len(known) - 1
    assert np.sqrt(curve.variance[places])[known] == pytest.approx(oracle.cinc_se[0][known], abs=1e-10)


def test_ages_and_days_are_counted_in_the_tables() -> None:
    deals = [
        {
            "opportunity_id": "1",
            "owner_id": "a",
            "created_at": "2026-01-01 22:00",
            "outcome": "won",
            "closed_on": "2026-01-06",
        },
        {
            "opportunity_id": "2",
            "owner_id": "a",
            "created_at": "2026-01-02",
            "outcome": "disqualified",
            "closed_on": "2026-01-07",
        },
        {"opportunity_id": "3", "owner_id": None, "created_at": "2026-01-11", "outcome": "open"},
        {
            "opportunity_id": "4",
            "owner_id": "b",
            "created_at": "2026-01-11",
            "outcome": "lost",
            "closed_on": "2026-01-10",
        },
        {"opportunity_id": "5", "owner_id": "b", "created_at": "2026-01-11", "outcome": "lost"},
    ]
    aged = ages(entered(Book.of({"opportunities": deals}, as_of=AS_OF)), AS_OF)
    columns = ["segment", "days", "won", "lost", "censored"]
    whole = by_day(aged)
    assert list(whole.columns) == columns
    assert whole.to_numpy().tolist() == [[None, 5, 1, 1, 0], [None, 20, 0, 0, 1]]
    assert by_day(aged, "owner_id").to_numpy().tolist() == [["(none)", 20, 0, 0, 1], ["a", 5, 1, 1, 0]]
