from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesnb.kpis.intervals import (
    benjamini_hochberg,
    difference_interval,
    mean_interval,
    newcombe,
    quantile_ranks,
    ratio_interval,
    shrink_means,
    shrink_rates,
    wilson,
)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_is_as_published(successes: int, n: int, low: float, high: float) -> None:
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3
    assert [round(float(bound), 4) for bound in wilson(successes, n)] == [low, high]


def test_wilson_at_none_and_all() -> None:
    low, high = wilson([0, 5, 0], [5, 5, 0])
    z2 = 1.959963984540054**2
    assert low[:2].tolist() == pytest.approx([0.0, 5 / (5 + z2)])
    assert high[:2].tolist() == pytest.approx([z2 / (5 + z2), 1.0])
    assert math.isnan(low[2])
    assert math.isnan(high[2])


@given(n=st.integers(1, 10_000), data=st.data(), confidence=st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_holds_the_rate_and_is_symmetric(n: int, data: st.DataObject, confidence: float) -> None:
    k = data.draw(st.integers(0, n))
    low, high = wilson(k, n, confidence)
    assert 0 <= low <= k / n <= high <= 1
    mirrored = wilson(n - k, n, confidence)
    assert (float(low), float(high)) == pytest.approx((1 - mirrored[1], 1 - mirrored[0]))


def test_mean_interval_of_three_rows() -> None:
    # 1, 2, 6: mean 3, sample variance (4 + 1 + 9) / 2 = 7, t(2) at 97.5 % = 4.302652729911275
    half = 4.302652729911275 * math.sqrt(7 / 3)
    assert [float(b) for b in mean_interval(3.0, 7.0, 3)] == pytest.approx([3 - half, 3 + half])


@pytest.mark.parametrize("n", [0, 1])
def test_no_interval_from_one_row(n: int) -> None:
    assert np.isnan(mean_interval(3.0, 0.0, n)).all()
    assert np.isnan(ratio_interval(3.0, 1.0, (0.0, 0.0, 0.0), n)).all()


def test_ratio_interval_of_constant_denominators_is_that_of_the_mean() -> None:
    values = np.array([1.0, 2.0, 6.0])
    of_ratio = ratio_interval(values.sum() / 6, 2.0, (values.var(ddof=1), 0.0, 0.0), 3)
    of_mean = mean_interval(values.mean() / 2, (values / 2).var(ddof=1), 3)
    assert np.allclose(of_ratio, of_mean)


def test_ratio_interval_covers_at_its_rate() -> None:
    rng = np.random.default_rng(5)
    size, runs, covered = 60, 2000, 0
    for _ in range(runs):
        x = rng.uniform(1, 5, size)
        y = x * rng.uniform(0, 0.8, size)  # the true ratio is 0.4
        ratio = y.sum() / x.sum()
        spread = (y.var(ddof=1), x.var(ddof=1), np.cov(x, y)[0, 1])
        low, high = ratio_interval(ratio, x.mean(), spread, size)
        covered += low <= 0.4 <= high
    assert 0.935 < covered / runs < 0.965


@pytest.mark.parametrize(
    ("n", "q", "ranks"), [(5, 0.5, (0, 0)), (6, 0.5, (1, 6)), (10, 0.5, (2, 9)), (16, 0.5, (4, 13)), (0, 0.5, (0, 0))]
)
def test_quantile_ranks_are_those_of_the_tables(n: int, q: float, ranks: tuple[int, int]) -> None:
    # the sign test's table: with 6 values the extremes cover the median with 1 - 2/64 = 96.9 %
    assert tuple(int(rank) for rank in quantile_ranks(n, q)) == ranks


@given(n=st.integers(1, 300), q=st.sampled_from([0.1, 0.25, 0.5, 0.9]), confidence=st.sampled_from([0.8, 0.95]))
def test_quantile_ranks_are_the_tightest_that_cover(n: int, q: float, confidence: float) -> None:
    lower, upper = (int(rank) for rank in quantile_ranks(n, q, confidence))
    tail = (1 - confidence) / 2
    chance = [math.comb(n, k) * q**k * (1 - q) ** (n - k) for k in range(n + 1)]
    below = [sum(chance[:k]) for k in range(n + 2)]  # P(B < k)
    if lower:
        assert below[lower] <= tail + 1e-12
    assert below[lower + 1] > tail - 1e-12
    if upper:
        assert 1 - below[upper] <= tail + 1e-12
        assert 1 - below[upper - 1] > tail - 1e-12
    else:
        assert 1 - below[n] > tail - 1e-12


def test_the_median_lies_between_its_ranks_at_the_stated_rate() -> None:
    rng = np.random.default_rng(11)
    lower, upper = (int(rank) for rank in quantile_ranks(25))
    drawn = np.sort(rng.exponential(1.0, (4000, 25)), axis=1)
    covered = (drawn[:, lower - 1] <= math.log(2)) & (math.log(2) <= drawn[:, upper - 1])
    assert covered.mean() >= 0.945


@pytest.mark.parametrize(
    ("a", "m", "b", "n", "low", "high"),
    [(56, 70, 48, 80, 0.0524, 0.3339), (9, 10, 3, 10, 0.1705, 0.8090), (10, 10, 0, 10, 0.6075, 1.0)],
)
def test_newcombe_is_as_published(a: int, m: int, b: int, n: int, low: float, high: float) -> None:
    # Newcombe (1998), Statistics in Medicine 17, 873-890, table II, method 10
    assert [round(float(bound), 4) for bound in newcombe(a, m, b, n)] == [low, high]


def test_newcombe_of_no_rows_is_unknown() -> None:
    assert np.isnan(newcombe(0, 0, 1, 2)).all()


def test_difference_of_two_estimates() -> None:
    # 10 ± 3 less 4 ± 4: 6 ± sqrt(9 + 16)
    assert [float(b) for b in difference_interval((10, 7, 13), (4, 0, 8))] == [6 - 5, 6 + 5]


def test_shrinking_equal_groups_gives_the_common_rate() -> None:
    estimate, low, high = shrink_rates([3, 6, 0], [10, 20, 0])
    assert estimate.tolist() == low.tolist() == high.tolist() == pytest.approx([0.3, 0.3, 0.3])


def test_shrinking_draws_small_groups_more() -> None:
    estimate, low, high = shrink_rates([90, 9, 20, 2, 50], [100, 10, 100, 10, 100])
    common = (90 + 9 + 20 + 2 + 50) / 320
    assert abs(estimate[1] - common) < abs(estimate[0] - common)
    assert all(low[i] < estimate[i] < high[i] for i in range(5))
    assert high[1] - low[1] > high[0] - low[0]


def test_shrinking_recovers_planted_rates_better_than_the_raw_ones() -> None:
    rng = np.random.default_rng(3)
    truth = rng.beta(12, 8, 400)
    n = rng.integers(5, 60, 400)
    k = rng.binomial(n, truth)
    estimate, low, high = shrink_rates(k, n)
    assert ((estimate - truth) ** 2).mean() < 0.75 * ((k / n - truth) ** 2).mean()
    assert 0.92 < ((low <= truth) & (truth <= high)).mean() < 0.98


def test_shrinking_nothing_is_unknown() -> None:
    assert np.isnan(shrink_rates([0], [0])).all()


def test_shrinking_two_means() -> None:
    # equal errors 1, means 0 and 10: excess 50 - 1 over room 1 gives a variance of 49 between, of 1 within
    estimate, low, high = shrink_means([0, 10], [1, 1])
    kept = 49 / 50
    half = 1.959963984540054 * math.sqrt(kept)
    assert estimate.tolist() == pytest.approx([5 - 5 * kept, 5 + 5 * kept])
    assert (high - low).tolist() == pytest.approx([2 * half, 2 * half])


def test_shrinking_means_that_differ_by_chance_gives_the_common_one() -> None:
    estimate, low, high = shrink_means([4.0, 6.0], [10.0, 10.0])
    assert estimate.tolist() == low.tolist() == high.tolist() == [5.0, 5.0]


def test_benjamini_hochberg_is_as_published() -> None:
    # Benjamini and Hochberg (1995), section 3.2: at 5 % the four smallest of 15 are discoveries
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719]
    p += [0.6528, 0.7590, 1.0]
    adjusted = benjamini_hochberg(p)
    assert (adjusted <= 0.05).tolist() == [True] * 4 + [False] * 11
    assert adjusted[:2].tolist() == pytest.approx([0.0001 * 15, 0.0004 * 15 / 2])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.randoms())
def test_benjamini_hochberg_does_not_depend_on_the_order(p: list[float], shuffler) -> None:
    order = list(range(len(p)))
    shuffler.shuffle(order)
    adjusted = benjamini_hochberg(p)
    assert benjamini_hochberg([p[i] for i in order]).tolist() == [adjusted[i] for i in order]
    ranked = [adjusted[i] for i in sorted(order, key=lambda i: p[i])]
    assert all(a <= b for a, b in pairwise(ranked))


def test_an_unknown_p_value_is_no_test() -> None:
    adjusted = benjamini_hochberg([0.01, float("nan"), 0.02])
    assert adjusted[[0, 2]].tolist() == pytest.approx([0.02, 0.02])
    assert math.isnan(adjusted[1])
