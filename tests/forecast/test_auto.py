"""What is forecast, by what, how wide the range is, and what thin series get."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from salesnb.errors import ParameterError
from salesnb.forecast.auto import forecast
from salesnb.forecast.backtest import backtest, listed, origins
from salesnb.forecast.models import CHOICES, COMBINED, MODELS, tried
from salesnb.forecast.past import Past
from salesnb.forecast.ranges import WIDER, scale
from tests.forecast.test_series import monthly


@pytest.mark.parametrize("name", [name for name in CHOICES if name != "auto"])
def test_every_model_has_one_shape(name: str) -> None:
    past = Past.of(monthly(), 12, 6)
    said = tried(name, past)
    assert said is not None
    assert said.shape == (6,)
    came = monthly(78, noise=0.0)[72:]
    assert said == pytest.approx(came, rel=0.9)
    if name in (*COMBINED, "ets", "prophet", "regression"):
        assert np.mean(np.abs(said / came - 1)) < 0.08


def test_the_combination_is_the_mean_of_its_members() -> None:
    past = Past.of(monthly(), 12, 6)
    made = forecast(past)
    assert made.model == "combination"
    assert made.point == pytest.approx(np.mean([MODELS[name](past) for name in COMBINED], axis=0))
    assert dict(made.weights) == pytest.approx(dict.fromkeys(COMBINED, 0.2))
    assert made.paths.mean(axis=0) == pytest.approx(made.point)
    assert "over 3 past windows" in made.reason
    low, high = made.interval(0.8)
    assert (low < made.point).all()
    assert (high > made.point).all()


def test_a_range_of_a_walk_grows_with_the_root_of_the_steps() -> None:
    wide = []
    for seed in range(12):
        walk = 1000 + np.random.default_rng(seed).normal(0, 10, 120).cumsum()
        low, high = forecast(Past.of(walk, 1, 16), "naive").interval()
        wide.append((high - low)[[0, 3, 15]])
    one, four, sixteen = np.mean(wide, axis=0)
    assert four / one == pytest.approx(2, rel=0.25)
    assert sixteen / one == pytest.approx(4, rel=0.35)


def test_the_same_seed_gives_the_same_numbers() -> None:
    one, again, other = (forecast(Past.of(monthly(), 12, 4), seed=seed) for seed in (5, 5, 6))
    assert (one.paths == again.paths).all()
    assert (one.point == other.point).all()
    assert not (one.paths == other.paths).all()


def test_a_model_that_is_far_better_in_every_window_is_taken_alone() -> None:
    y = np.resize([10.0, 200.0, 30.0, 500.0, 90.0, 5.0, 70.0], 70) + np.random.default_rng(0).normal(0, 0.01, 70)
    y[14:] = np.resize(y[7:14], 56)
    made = forecast(Past.of(y, 7, 7))
    assert (made.model, dict(made.weights)) == ("seasonal_naive", {"seasonal_naive": 1.0})
    assert "by far less in every one" in made.reason
    assert made.point == pytest.approx(np.resize(y[7:14], 7), rel=0.1)


def test_nothing_later_than_an_origin_is_used() -> None:
    """What comes after an origin is changed, and what was said at it stays the same."""
    y = monthly()
    windows = backtest(Past.of(y, 12, 6), ("theta", "regression"), 6)
    changed = y.copy()
    changed[windows[0].origin :] *= 3
    again = backtest(Past.of(changed, 12, 6), ("theta", "regression"), 6)
    for name in ("theta", "regression"):
        assert windows[0].said[name] == pytest.approx(again[0].said[name], rel=1e-12)
    rows = listed(windows)
    assert list(rows.columns) == ["origin", "step", "model", "forecast", "actual"]
    assert len(rows) == 3 * 2 * 6


def test_origins() -> None:
    assert origins(60, 12, 6) == [(54, 6), (51, 6), (48, 6)]
    assert origins(5, 12, 12) == [(4, 1)]
    assert origins(4, 12, 12) == []
    for n in range(1, 60):
        for at, ahead in origins(n, 12, 8):
            assert 4 <= at < at + ahead <= n


def test_how_much_wider_a_range_has_to_be() -> None:
    assert scale([]) == pytest.approx(WIDER)
    ones = np.ones(4)
    assert scale([(2 * ones, ones)] * 3) == pytest.approx(np.sqrt((4 * WIDER**2 + 3 * 4) / 7))
    assert scale([(100 * ones, ones)] * 3) == pytest.approx(np.sqrt((4 * WIDER**2 + 3 * 9) / 7))


@pytest.mark.parametrize(
    ("values", "model", "point", "is_ranged"),
    [
        ([5.0], "naive", 5.0, False),
        ([5.0, 9.0], "mean", 7.0, True),
        ([4.0] * 20, "constant", 4.0, False),
        ([0.0] * 20, "zero", 0.0, True),
        ([1.0, 2.0, 3.0], "mean", 2.0, True),
        ([0.0, 0.0, 10.0] * 8, "intermittent", None, True),
    ],
)
def test_thin_series_get_a_named_fallback(
    values: list[float], model: str, point: float | None, is_ranged: bool
) -> None:
    made = forecast(Past.of(np.array(values), 12, 3))
    assert made.model == model
    assert made.reason
    assert bool(len(made.paths)) == is_ranged
    assert np.isnan(made.interval()[0]).all() != is_ranged
    if point is not None:
        assert made.point == pytest.approx(np.full(3, point))
    else:
        assert made.point == pytest.approx(np.full(3, 10 / 3), rel=0.5)
    if is_ranged:
        assert made.paths.mean(axis=0) == pytest.approx(made.point)
        assert made.paths.min() >= 0


def test_no_forecast_is_below_0_where_no_value_was_and_it_is_said() -> None:
    falling = np.maximum(100.0 - 4.0 * np.arange(24), 1.0)
    made = forecast(Past.of(falling, 1, 12), "drift")
    assert made.point.min() == 0
    assert made.paths.min() >= 0
    assert any("would be below 0" in note for note in made.notes)
    below = forecast(Past.of(falling - 50, 1, 12), "drift")
    assert below.point.min() < -40


def test_what_is_asked_is_checked_and_said() -> None:
    with pytest.raises(ParameterError, match="no model"):
        forecast(Past.of(monthly(), 12, 3), "prophett")
    made = forecast(Past.of(monthly(8), 12, 24), "naive")
    assert any("24 steps are asked of 8 values" in note for note in made.notes)
    holed = monthly()
    holed[-2:] = np.nan
    made = forecast(Past.of(holed, 12, 4), "naive")
    assert len(made.point) == 4
    assert any("the last 2 steps had no value" in note for note in made.notes)


def test_prophet_takes_dates_and_regressors() -> None:
    dates = np.arange("2020-01", "2026-07", dtype="datetime64[M]").astype("datetime64[ns]")
    promo = np.zeros((78, 1))
    promo[[5, 17, 30, 44, 58, 75], 0] = 1
    y = monthly() * np.exp(0.5 * promo[:72, 0])
    said = forecast(Past.of(y, 12, 6, drivers=promo, names=("promo",), dates=dates), "prophet")
    assert said.model == "prophet"
    assert said.point[3] / monthly(78, noise=0)[75] == pytest.approx(np.exp(0.5), rel=0.25)


def test_prophets_growth_is_bounded_or_none() -> None:
    y = 100.0 + 3.0 * np.arange(60)
    there = {
        name: forecast(Past.of(y, 12, 48), name).point[-1] for name in ("prophet", "prophet_flat", "prophet_logistic")
    }
    assert there["prophet"] == pytest.approx(100 + 3 * 107, rel=0.1)
    assert there["prophet_flat"] < y.max()
    assert there["prophet_flat"] < there["prophet_logistic"] < 1.5 * y.max() + 1
    assert forecast(Past.of(-y, 12, 48), "prophet_logistic").point[-1] < -y.max() + 1


def test_prophet_and_stan_write_nothing_to_a_page() -> None:
    program = (
        "import numpy as np; from salesnb.forecast.auto import forecast; from salesnb.forecast.past import Past; "
        "forecast(Past.of(50 + np.random.default_rng(0).normal(size=40).cumsum(), 12, 3), 'prophet')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
