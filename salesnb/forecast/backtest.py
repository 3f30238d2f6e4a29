"""Backtest: what each model would have said of past steps, from no more than was known before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesnb.forecast.models import tried
from salesnb.forecast.past import Past
from salesnb.forecast.patterns import Floats
from salesnb.forecast.ranges import Surprises, surprises

WINDOWS = 3
_LEAST = 4


@dataclass(frozen=True)
class Window:
    """One origin of a backtest.

    Attributes
    ----------
    origin
        How many values were known.
    actual
        The values that came; NaN where there is none.
    said
        Model to what it said of them.
    past, found
        What was known, and its one-step errors.
    """

    origin: int
    actual: Floats
    said: Mapping[str, Floats]
    past: Past
    found: Surprises

    def error(self, forecast: Floats) -> float:
        """Return the mean absolute error of a forecast of this window."""
        return float(np.nanmean(np.abs(self.actual - forecast)))


def origins(n: int, season: int, horizon: int, windows: int = WINDOWS) -> list[tuple[int, int]]:
    """Return after how many values a backtest forecasts, and how many steps ahead, the latest first.

    The windows are as long as the horizon, half of it apart, and each leaves two seasons and a step to learn from, or
    half the values where there are fewer; a series too short for that is tried over shorter windows, or not at all.

    Parameters
    ----------
    n, season
        How many values there are, and the steps of a season.
    horizon, windows
        How many steps ahead, and how many origins, at most.

    Examples
    --------
    >>> origins(60, 12, 6), origins(5, 12, 12)
    ([(54, 6), (51, 6), (48, 6)], [(4, 1)])
    """
    need = max(_LEAST, min(2 * season + 1, n // 2))
    ahead = min(horizon, max((n - need) // 2, 1), max(n // 4, 1))
    step = max(1, ahead // 2)
    return [(n - ahead - i * step, ahead) for i in range(windows) if n - ahead - i * step >= need]


def backtest(past: Past, names: Sequence[str], horizon: int, windows: int = WINDOWS) -> list[Window]:
    """Ask models for past steps.

    Parameters
    ----------
    past
        The series.
    names
        The models; one that cannot be fitted to a window says nothing of it.
    horizon
        How many steps ahead at most.
    windows
        How many origins at most.
    """
    made = []
    for origin, ahead in origins(len(past), past.season, horizon, windows):
        actual = past.raw[origin : origin + ahead]
        if np.isnan(actual).all():
            continue
        known = past.cut(origin, ahead)
        found = {name: tried(name, known) for name in names}
        said = {name: one[known.skip :] for name, one in found.items() if one is not None}
        made.append(Window(origin, actual, said, known, surprises(known)))
    return made


def listed(windows: Sequence[Window]) -> pd.DataFrame:
    """List what a backtest found.

    Returns
    -------
    pandas.DataFrame
        ``origin, step, model, forecast, actual``, one row a window, model and step ahead.
    """
    rows = [
        {"origin": one.origin, "step": step + 1, "model": name, "forecast": float(value), "actual": float(actual)}
        for one in windows
        for name, said in one.said.items()
        for step, (value, actual) in enumerate(zip(said, one.actual, strict=True))
    ]
    return pd.DataFrame(rows, columns=["origin", "step", "model", "forecast", "actual"])
