"""Paths add up, in every path; a range of sums is no sum of ranges."""

from __future__ import annotations

import numpy as np
import pytest

from salesnb.errors import ParameterError
from salesnb.forecast.auto import forecast
from salesnb.forecast.past import Past
from salesnb.forecast.paths import Paths, hit, summary

RNG = np.random.default_rng(5)


def company() -> Paths:
    values = RNG.gamma(2.0, 50.0, (4, 500, 6))
    teams, regions = ("a", "a", "b", "b"), ("EMEA", "EMEA", "EMEA", "APAC")
    return Paths(
        values, ("r1", "r2", "r3", "r4"), {"team": teams, "region": regions}, ("Jul", "Jul", "Aug", "Aug", "Sep", "Sep")
    )


def test_children_sum_to_parents_in_every_path() -> None:
    made = company()
    (whole,) = made.by().values()
    for level in ("leaf", "team", "region"):
        assert sum(made.by(level).values()) == pytest.approx(whole)
    assert made.by("team")["a"] == pytest.approx(made.values[0] + made.values[1])
    months = made.over()
    assert months.steps == ("Jul", "Aug", "Sep")
    assert months.values[:, :, 0] == pytest.approx(made.values[:, :, :2].sum(axis=2))
    quarter = months.over(("Q3",) * 3)
    assert quarter.by()["all"][:, 0] == pytest.approx(whole.sum(axis=1))
    assert sum(quarter.by("team").values()) == pytest.approx(quarter.by()["all"])


@pytest.mark.parametrize(("level", "name"), [("leaf", "r2"), ("team", "b"), ("region", "EMEA"), (None, "all")])
def test_a_pinned_node_has_its_amount_in_every_path(level: str | None, name: str) -> None:
    made = company()
    pinned = made.pinned(level, name, 1234.5, step=2)
    assert pinned.by(level)[name][:, 2] == pytest.approx(np.full(500, 1234.5))
    assert np.delete(pinned.values, 2, axis=2) == pytest.approx(np.delete(made.values, 2, axis=2))
    assert sum(pinned.by("team").values()) == pytest.approx(pinned.by()["all"])
    empty = Paths(np.zeros((2, 3, 1)), ("x", "y")).pinned(None, "all", 10.0)
    assert empty.values[:, :, 0] == pytest.approx(np.full((2, 3), 5.0))


def test_paths_are_brought_to_a_better_total() -> None:
    made = Paths(RNG.gamma(2.0, 50.0, (3, 400, 1)), ("a", "b", "c"))
    total = RNG.normal(1000.0, 50.0, 400)
    matched = made.matched(total)
    whole = matched.by()["all"][:, 0]
    assert np.sort(whole) == pytest.approx(np.sort(total))
    assert np.argsort(whole).tolist() == np.argsort(made.by()["all"][:, 0]).tolist()


def test_what_is_no_tree_is_refused() -> None:
    values = np.zeros((2, 3, 1))
    wrong: list[tuple] = [(("a", "a"),), (("a",),), (("a", "b"), {"team": ("x",)}), (("a", "b"), {}, ("1", "2"))]
    for arguments in wrong:
        with pytest.raises(ParameterError):
            Paths(values, *arguments)
    made = company()
    for call in (
        lambda: made.by("squad"), lambda: made.pinned("team", "z", 1.0), lambda: made.pinned("squad", "z", 1.0),
        lambda: made.pinned("leaf", "r1", -1.0), lambda: made.over(("a",)),
    ):  # fmt: skip
        with pytest.raises(ParameterError):
            call()


def test_the_chance_of_a_target() -> None:
    paths = np.arange(1.0, 101.0)
    assert hit(paths, 51.0) == pytest.approx(50.5 / 101)
    assert hit(paths, 0.0) == pytest.approx(100.5 / 101)
    assert np.isnan(hit(paths, np.nan))
    assert np.isnan(hit(np.array([]), 5.0))
    rows = summary({"a": np.stack([paths, paths], axis=1)}, 0.8)
    assert rows["mean"].tolist() == [50.5, 50.5]
    assert (rows["low"].iloc[0], rows["high"].iloc[0]) == pytest.approx((10.9, 90.1))


def test_a_month_of_days_has_the_range_of_its_sum() -> None:
    """Days that differ by chance: the summed bounds are far too wide, the bounds of summed paths hold 75 to 85 %."""
    held, naive = [], []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        y = 100.0 + 8.0 * (np.arange(150) % 7 < 5) + rng.normal(0, 12, 150)
        made = forecast(Past.of(y[:120], 7, 30), seed=seed, n_paths=400, n_windows=0)
        came = y[120:].sum()
        low, high = np.quantile(made.paths.sum(axis=1), [0.1, 0.9])
        held.append(low <= came <= high)
        daily = made.interval(0.8)
        naive.append(daily[0].sum() <= came <= daily[1].sum())
    assert np.mean(naive) > 0.95
    assert 0.7 <= np.mean(held) <= 0.9
