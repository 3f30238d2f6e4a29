"""Patterns, cleaning, and the way from a past to a scale without season and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesnb.errors import ParameterError
from salesnb.forecast.auto import forecast
from salesnb.forecast.cleaning import cleaned
from salesnb.forecast.past import Past
from salesnb.forecast.patterns import pattern, patterns, trend
from salesnb.forecast.simple import regression

RNG = np.random.default_rng(3)
YEAR = np.array([0.3, 0.1, 0.0, -0.1, -0.2, -0.3, -0.2, -0.1, 0.0, 0.1, 0.15, 0.25])


def monthly(n: int = 72, noise: float = 0.03, seed: int = 3) -> np.ndarray:
    steps = np.arange(n)
    return 200 * np.exp(0.008 * steps + YEAR[steps % 12] + np.random.default_rng(seed).normal(0, noise, n))


def test_a_line_is_its_own_trend() -> None:
    line = 3.0 + 2.0 * np.arange(40)
    for window in (4, 7, 12):
        assert trend(line, window) == pytest.approx(line)


def test_a_planted_pattern_is_found_and_noise_is_none() -> None:
    found = pattern(np.log(monthly()), 12, 12)
    assert found is not None
    assert found.values == pytest.approx(YEAR - YEAR.mean(), abs=0.06)
    assert found.at(np.array([12, 13, 25])) == pytest.approx(found.values[[0, 1, 1]])
    kept = [pattern(np.random.default_rng(seed).normal(size=60), 12, 12) for seed in range(200)]
    size = [0.0 if one is None else float(np.abs(one.values).max()) for one in kept]
    assert np.mean([one == 0 for one in size]) > 0.6  # of pure noise most patterns are nothing
    assert pattern(np.log(monthly(23)), 12, 12) is None


def test_days_have_a_week_and_a_year() -> None:
    steps = np.arange(3 * 365)
    z = np.where(steps % 7 < 5, 1.0, 0.0) + 2 * np.sin(2 * np.pi * steps / 365.25) + RNG.normal(0, 0.1, len(steps))
    week, year = patterns(z, 7)
    assert (week.length, year.length, len(year.values)) == (7, 365.25, 52)
    assert week.values[:5].mean() - week.values[5:].mean() == pytest.approx(1.0, abs=0.05)
    assert year.values.max() == pytest.approx(2.0, abs=0.3)


def test_a_spike_goes_and_does_not_come_back_a_year_later() -> None:
    y = monthly()
    hit = y.copy()
    hit[40:42] *= 4
    made = cleaned(hit, 12)
    assert np.flatnonzero(made.is_spike).tolist() == [40, 41]
    assert made.values[40:42] == pytest.approx(y[40:42], rel=0.2)
    assert made.notes("month") == ("2 months far off the others put back to them",)
    ahead = Past.of(hit, 12, 12)
    assert np.abs(ahead.season_part[:12]).max() < 0.45


def test_a_peak_of_every_year_stays() -> None:
    y = monthly(noise=0.01)
    y[11::12] *= 1.9
    assert not cleaned(y, 12).is_spike.any()


def test_a_long_shock_stays_and_is_kept_out_of_the_season() -> None:
    steps = np.arange(4 * 52)
    y = 100 * np.exp(np.random.default_rng(1).normal(0, 0.02, len(steps)))
    y[100:120] *= 0.3
    made = cleaned(y, 52)
    assert np.flatnonzero(made.is_shock).tolist() == list(range(100, 120))
    assert made.notes("week") == ("20 weeks of a shock kept out of the season",)
    assert not made.is_spike.any()
    assert made.values == pytest.approx(y)


def test_the_last_step_is_never_a_spike() -> None:
    y = monthly()
    y[-1] *= 5
    assert not cleaned(y, 12).is_spike.any()


def test_gaps_are_filled_with_their_season() -> None:
    y = monthly(noise=0.0)
    holed = y.copy()
    holed[[20, 33, 34]] = np.nan
    made = cleaned(holed, 12)
    assert made.values[[20, 33, 34]] == pytest.approx(y[[20, 33, 34]], rel=0.12)
    assert made.notes() == ("3 steps without a value filled between their neighbours",)


@given(st.integers(1, 80), st.integers(1, 12), st.booleans(), st.integers(0, 5))
def test_the_way_there_and_back(n: int, horizon: int, is_positive: bool, seed: int) -> None:
    y = np.random.default_rng(seed).normal(size=n).cumsum()
    y = np.exp(y / 5) if is_positive else y
    past = Past.of(y, 12, horizon)
    assert len(past.season_part) == n + horizon
    whole = Past.of(y, 12, horizon)
    assert whole.low + whole.season_part[:n] == pytest.approx(np.log(past.y) if past.is_log else past.y)
    assert past.from_low(np.full(horizon, past.low[-1])).shape == (horizon,)
    assert past.from_flat(np.full(horizon, past.flat[-1])).shape == (horizon,)


def test_ends_without_a_value_are_cut_and_bridged() -> None:
    past = Past.of(np.array([np.nan, 1.0, 2.0, np.nan, 4.0, np.nan, np.nan]), 1, 3)
    assert (past.raw[[0, -1]].tolist(), len(past), past.skip, past.horizon) == ([1.0, 4.0], 4, 2, 5)
    cut = past.cut(3, 2)
    assert (len(cut), cut.skip, cut.horizon) == (2, 1, 3)


def test_what_a_promotion_adds_is_learnt_and_added_ahead() -> None:
    y = monthly(noise=0.01)
    promo = np.zeros((72 + 12, 1))
    promo[[5, 17, 30, 44, 58, 75], 0] = 1
    past = Past.of(y * np.exp(0.5 * promo[:72, 0]), 12, 12, drivers=promo, names=("promo",))
    assert past.driver_part[75] - past.driver_part[74] == pytest.approx(0.5, abs=0.08)
    said = regression(past)
    assert said[3] / regression(Past.of(y, 12, 12))[3] == pytest.approx(np.exp(0.5), rel=0.25)


def trading(n: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Months that bring as much as they have weekdays, and how many these are."""
    months = np.arange(np.datetime64("2016-01"), np.datetime64("2016-01") + n + 1)
    days = np.busday_count(months[:-1].astype("datetime64[D]"), months[1:].astype("datetime64[D]")).astype(float)
    noise = np.exp(np.random.default_rng(seed).normal(0, 0.01, n))
    return 100 * days * noise, days


def test_a_month_of_more_trading_days_brings_more() -> None:
    y, days = trading(72 + 6)
    past = Past.of(y[:72], 12, 6, lengths=days)
    found = forecast(past)
    assert found.point == pytest.approx(100 * days[72:], rel=0.03)
    assert found.parts["length"].to_numpy() == pytest.approx(days[72:] / np.exp(np.log(days[:72]).mean()))
    bare = forecast(Past.of(y[:72], 12, 6))
    assert np.abs(found.point - y[72:]).sum() < 0.5 * np.abs(bare.point - y[72:]).sum()
    for name in ("prophet", "regression", "theta", "autoregression"):
        assert forecast(past, name).point == pytest.approx(100 * days[72:], rel=0.05), name


def test_trading_days_that_do_not_help_are_left_out() -> None:
    _, days = trading(60)
    y = 1000 * np.exp(np.random.default_rng(5).normal(0, 0.01, 54))
    found = forecast(Past.of(y, 12, 6, lengths=days))
    assert "trading days are left out" in found.reason
    assert (found.parts["length"] == 1).all()
    with pytest.raises(ParameterError, match="no day that counts"):
        Past.of(y, 12, 6, lengths=np.where(days == days[3], 0.0, days))


@pytest.mark.parametrize("is_positive", [True, False])
def test_the_parts_make_the_forecast(is_positive: bool) -> None:
    y, days = trading(66)
    season = 1 + 0.3 * np.sin(np.arange(66) * np.pi / 6)
    promotion = (np.random.default_rng(1).random((66, 1)) < 0.2).astype(float)
    values = y * season * (1 + 0.5 * promotion[:, 0]) - (0 if is_positive else 3000)
    past = Past.of(values[:60], 12, 6, drivers=promotion, names=("promotion",), lengths=days)
    found = forecast(past)
    assert found.is_product is is_positive
    assert list(found.parts) == ["trend", "season", "length", "promotion"]
    made = found.parts.prod(axis=1) if is_positive else found.parts.sum(axis=1)
    assert made.to_numpy() == pytest.approx(found.point)
    if is_positive:
        ahead = promotion[60:, 0] == 1
        lift = found.parts["promotion"].to_numpy()
        assert lift[ahead].mean() / lift[~ahead].mean() == pytest.approx(1.5, rel=0.15)


def days(n: int, lockdown: slice = slice(0, 0)) -> np.ndarray:
    """Days with a week and a year, and a part of it at a fifth."""
    steps = np.arange(n)
    season = 0.2 * np.sin(steps * 2 * np.pi / 7) + 0.3 * np.sin(steps * 2 * np.pi / 365.25)
    y = 300 * np.exp(season + np.random.default_rng(11).normal(0, 0.05, n))
    y[lockdown] *= np.linspace(0.1, 0.5, len(y[lockdown]))
    return np.asarray(y)


def test_a_year_that_a_long_shock_made_is_left_out() -> None:
    """Where lockdowns are half of what is known, a year's pattern of them only harms; else the year stays."""
    shocked = days(1400, slice(900, 1310))
    held = forecast(Past.of(shocked[:1340], 7, 60))
    assert "the pattern of the year is left out, for with it past windows were missed by more" in held.reason
    calm = forecast(Past.of(days(1400)[:1340], 7, 60))
    assert "left out" not in calm.reason
    assert calm.parts["season"].mean() < 0.85, "these two months lie in the low of the year"
