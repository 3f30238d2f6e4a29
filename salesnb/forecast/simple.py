"""Simple models: a line of arithmetic each. Every other model has to beat them; where data are thin they are left."""

from __future__ import annotations

import numpy as np

from salesnb.forecast.past import Past
from salesnb.forecast.patterns import Floats

_TERMS = 6
_DUMMIES = 24
_PENALTY = 1.0


def naive(past: Past) -> Floats:
    """Go on with the last value."""
    return np.full(past.horizon, past.y[-1])


def seasonal_naive(past: Past) -> Floats:
    """Take the value of the season before; the last value where there is no whole season."""
    if len(past) < past.season:
        return naive(past)
    return np.asarray(np.resize(past.y[-past.season :], past.horizon))


def drift(past: Past) -> Floats:
    """Go on along the line from the first value to the last."""
    slope = (past.y[-1] - past.y[0]) / max(len(past) - 1, 1)
    return np.asarray(past.y[-1] + slope * np.arange(1, past.horizon + 1))


def moving_average(past: Past) -> Floats:
    """Take the mean of the last season, or of the last eight values where a season has fewer."""
    return np.full(past.horizon, past.y[-max(past.season, 8) :].mean())


def mean(past: Past) -> Floats:
    """Take the mean of all values."""
    return np.full(past.horizon, past.y.mean())


def regression(past: Past) -> Floats:
    """Regress the values, on logarithms where all are above 0, on a line, the season and the drivers.

    The season is one step each where it has at most 24, else six pairs of sines; of days the year has three. All but
    the mean are drawn towards nothing (ridge). The line is that of the last three seasons at most.
    """
    n, h = len(past), past.horizon
    z = (np.log(past.y) if past.is_log else past.y) - past.length_part[:n]
    steps = np.arange(n + h, dtype=np.float64)
    columns = [np.maximum(steps, n - 3 * max(past.season, 8)) / max(n, 1)]
    if n >= 2 * past.season > 2:
        columns += _season(steps, past.season)
    x = np.column_stack([*columns, past.drivers])
    spread = x[:n].std(axis=0)
    x = (x - x[:n].mean(axis=0))[:, spread > 0] / spread[spread > 0]
    if not x.shape[1]:
        return np.full(h, past.y.mean())
    weights = np.linalg.solve(x[:n].T @ x[:n] + _PENALTY * np.eye(x.shape[1]), x[:n].T @ (z - z.mean()))
    ahead = z.mean() + x[n:] @ weights + past.length_part[n:]
    return np.asarray(np.exp(np.clip(ahead, -700, 700)) if past.is_log else ahead)


def _season(steps: Floats, season: int) -> list[Floats]:
    if season <= _DUMMIES:
        found = [(steps % season == place).astype(np.float64) for place in range(1, season)]
    else:
        found = _waves(steps, float(season), _TERMS)
    return found + (_waves(steps, 365.25, 3) if season == 7 else [])


def _waves(steps: Floats, length: float, terms: int) -> list[Floats]:
    angles = [2 * np.pi * k * steps / length for k in range(1, terms + 1)]
    return [wave(angle) for angle in angles for wave in (np.sin, np.cos)]


def autoregression(past: Past) -> Floats:
    """Regress the changes of the series, freed of its season, on those before them, the further back the less.

    Notes
    -----
    ``d_t = sum of b_i d_(t-i)``, over up to 12 steps back (8 of a short season), by ridge regression with a penalty
    that grows with i. There is no constant: a trend that is not in the changes of late fades.
    """
    z, lags = past.low, 12 if past.season >= 12 else 8
    d = np.diff(z)
    lags = min(lags, len(d) // 3)
    spread = float(d.std())
    if lags < 2 or spread == 0:
        return past.from_low(np.full(past.horizon, z[-1]))
    x = np.column_stack([d[lags - 1 - i : len(d) - 1 - i] for i in range(lags)])
    y = d[lags:]
    penalty = spread**2 * np.sqrt(len(y)) * np.diag(1.0 + np.arange(lags))
    weights = np.linalg.solve(x.T @ x + penalty, x.T @ y)
    changes = list(d[-lags:])
    for _ in range(past.horizon):
        changes.append(float(weights @ np.array(changes[: -lags - 1 : -1])))
    return past.from_low(z[-1] + np.cumsum(changes[lags:]))
