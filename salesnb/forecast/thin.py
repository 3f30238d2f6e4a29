"""Thin series: what is said of one, two, equal, zero and now-and-then values, each by a named fallback."""

from __future__ import annotations

import numpy as np

from salesnb import formats
from salesnb.forecast.models import tried
from salesnb.forecast.past import Past
from salesnb.forecast.patterns import Floats
from salesnb.forecast.ranges import about

FEW = 6
"""With fewer values no model is fitted."""
OFTEN = 0.4
"""A series of which so large a share is 0 comes now and then."""


def thin(past: Past, rng: np.random.Generator, n_paths: int) -> tuple[str, str, Floats, Floats] | None:
    """Forecast a series that is too thin for a model.

    Returns
    -------
    tuple or None
        The name of the fallback, why it is taken, the forecast and its paths; None for a series that is not thin. Of
        no value the forecast is NaN; of one value, and of equal ones, there is no path, for nothing tells of a range.
    """
    h, nothing = past.horizon, np.empty((0, past.horizon))
    if not len(past):
        return "none", "there is no value", np.full(h, np.nan), nothing
    y = past.y
    if len(past) == 1:
        return (
            "naive",
            "there is one value only; how far the next may lie from it cannot be known",
            np.full(h, y[0]),
            nothing,
        )
    if np.all(y == 0):
        return "zero", "all values are 0", np.zeros(h), np.zeros((n_paths, h))
    if np.all(y == y[0]):
        return "constant", "all values are equal, so that nothing tells of a range", np.full(h, y[0]), nothing
    zeros = float(np.mean(y == 0))
    if len(y) >= FEW and zeros >= OFTEN and y.min() >= 0:
        return _now_and_then(past, zeros, rng, n_paths)
    if len(past) < FEW:
        why = f"there are {formats.exact(len(past))} values only, fewer than {FEW}"
        spread = float(np.std(np.diff(y))) if len(y) > 2 else abs(float(y[1] - y[0]))
        spread = spread or float(np.std(y)) or 1.0
        walk = rng.standard_t(max(len(y) - 1, 1), (n_paths, h)) * spread
        drawn = y.mean() + walk - np.clip(walk, -50 * spread, 50 * spread).mean(axis=0)
        return "mean", why, np.full(h, y.mean()), np.clip(drawn, y.mean() - 50 * spread, y.mean() + 50 * spread)
    return None


def _now_and_then(past: Past, zeros: float, rng: np.random.Generator, n_paths: int) -> tuple[str, str, Floats, Floats]:
    """Forecast how often something comes times how much, and draw both for the paths."""
    y, h = past.y, past.horizon
    point = tried("intermittent", past)
    why = f"{formats.share(zeros, 0)} of the values are 0: how often something comes, times how much"
    sizes = y[y > 0]
    often = len(sizes) / len(y)
    if point is None:
        point = np.full(h, y.mean())
    drawn = np.where(rng.random((n_paths, h)) < often, sizes[rng.integers(0, len(sizes), (n_paths, h))], 0.0)
    return "intermittent", why, np.asarray(point), about(drawn, point)
