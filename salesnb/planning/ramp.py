"""Ramp: how long new sellers bring less than others, from what sellers brought by their days since hiring."""

from __future__ import annotations

import datetime as dtm
import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesnb.planning.plan import offset, ramp_of

YEAR = 365
_EDGES = (0, 90, 180, 270, 365)
_YEARS = 2
_USUAL = (-0.2, 180)
_PRIOR = 2.0
_STARTS = (0, 30, 60, 90, 120, 150)
_LENGTHS = (60, 90, 120, 180, 240, 300, 365)
_SHARES = (0.25, 0.5, 0.75, 1.0)
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ramp:
    """A straight line to the full rate.

    Attributes
    ----------
    start, days
        The share of the full rate on the first day, below 0 where nothing comes at first, and the days to all of it.
    n
        How many deals sellers brought in their first year, of the last two years.
    full
        How many they would have brought at the full rate.
    """

    start: float
    days: int
    n: int
    full: float

    @property
    def share(self) -> float:
        """What a new seller brings in the first year, of the full rate."""
        return float(ramp_of(np.arange(YEAR), self.days, self.start).mean())


def ramp(won: pd.DataFrame, reps: pd.DataFrame, day: dtm.date) -> Ramp:
    """Fit the ramp of new sellers.

    Of all straight lines that begin at a share of the full rate, or up to five months late, and reach it within a year,
    the likeliest for Poisson counts of deals in the four quarters after hiring; the full rate is that of sellers who
    have been there for longer than a year. It is drawn to a line over 180 days that begins a month late, as if two more
    deals of the full rate had told of it in each of the four.

    Parameters
    ----------
    won
        ``seller, on`` of what was won up to the last day known.
    reps
        ``rep_id, hired_on, left_on``, NaT where not known.
    day
        The last day known.
    """
    first = max(won["on"].min().date(), day - dtm.timedelta(days=_YEARS * YEAR - 1))
    there, tenure = days_of(reps, first, day)
    hired = dict(zip(reps["rep_id"].astype(str), offset(reps["hired_on"], first, -100_000), strict=True))
    late = won[(won["on"] >= pd.Timestamp(first)) & won["seller"].isin(list(hired))]
    since = offset(late["on"], first, 0) - late["seller"].map(hired).to_numpy(dtype=np.int64)
    old_days, old = int((there & (tenure >= YEAR)).sum()), int((since >= YEAR).sum())
    rate = old / old_days if old_days else 0.0
    spans = list(itertools.pairwise(_EDGES))
    full = np.array([float((there & (tenure >= low) & (tenure < high)).sum()) for low, high in spans]) * rate
    n = np.array([float(((since >= low) & (since < high)).sum()) for low, high in spans])
    counts, most = n + _PRIOR * _shares(*_USUAL), full + _PRIOR
    fits = []
    for start, days in _lines():
        fits.append((_likelihood(counts, most * np.maximum(_shares(start, days), 1e-3)), start, days))
    _, start, days = max(fits, key=lambda fit: (fit[0], -fit[2], fit[1]))
    return Ramp(start, days, int(n.sum()), float(full.sum()))


def days_of(reps: pd.DataFrame, first: dtm.date, day: dtm.date) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Return by seller and day whether the seller is there, and how many days since hiring."""
    days = np.arange((day - first).days + 1)
    hired, left = offset(reps["hired_on"], first, -100_000), offset(reps["left_on"], first, 100_000)
    return (days >= hired[:, None]) & (days <= left[:, None]), days - hired[:, None]


def _lines() -> list[tuple[float, int]]:
    late = [(-begin / (days - begin), days) for begin in _STARTS for days in _LENGTHS if days >= begin + 30]
    return late + [(share, days) for share in _SHARES for days in (_LENGTHS if share < 1 else _LENGTHS[:1])]


def _shares(start: float, days: int) -> Floats:
    """Return the mean share of the full rate in each quarter after hiring."""
    line = ramp_of(np.arange(_EDGES[-1]), days, start)
    return np.array([line[low:high].mean() for low, high in itertools.pairwise(_EDGES)])


def _likelihood(n: Floats, mean: Floats) -> float:
    return float((n * np.log(np.maximum(mean, 1e-12)) - mean).sum())
