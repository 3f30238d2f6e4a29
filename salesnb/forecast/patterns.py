"""Patterns: what returns every season, drawn towards nothing as far as it may be chance.

A pattern is the mean deviation from the trend at each place of the season. Recent years weigh more, and the whole is
shrunk by how much of it noise alone would show, after James and Stein (1961); Miller and Williams (2003, International
Journal of Forecasting 19, 669-684) found that shrunken seasonal factors forecast better. The constants were chosen on
the training parts of the M3 competition's series: see docs/decisions.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

RECENCY = 0.8
"""What a season weighs of the one after it."""
DOUBT = 1.5
"""How many times the variance that noise would give is taken off the variance of a pattern."""


@dataclass(frozen=True)
class Pattern:
    """What is added at each place of a season.

    Attributes
    ----------
    length
        The steps after which it returns; 365.25 for the year of days.
    values
        What is added at each place, which together cover the season; their sum is 0.
    """

    length: float
    values: Floats

    def at(self, steps: npt.NDArray[np.int64]) -> Floats:
        """Return what is added at some steps, 0 being the first of the series."""
        return np.asarray(self.values[_place(steps, self.length, len(self.values))])


def _place(steps: npt.NDArray[np.int64], length: float, places: int) -> npt.NDArray[np.int64]:
    return ((steps % length) * (places / length)).astype(np.int64)


def trend(z: Floats, window: int) -> Floats:
    """Return the centred mean over a window, carried on at both ends along the last half window's slope.

    Parameters
    ----------
    z
        Values without a gap, more than the window has.
    window
        The steps of it; where it is even the two outer ones count half.
    """
    weights = np.ones(window + 1 - window % 2) / window
    if window % 2 == 0:
        weights[[0, -1]] /= 2
    middle, half = np.convolve(z, weights, "valid"), window // 2
    run = max(min(half, len(middle) - 1), 1)
    steps = np.arange(1, half + 1)
    up, down = (
        (middle[min(run, len(middle) - 1)] - middle[0]) / run,
        (middle[-1] - middle[max(-1 - run, -len(middle))]) / run,
    )
    return np.concatenate([middle[0] - up * steps[::-1], middle, middle[-1] + down * steps])


def pattern(z: Floats, length: float, places: int, known: Flags | None = None) -> Pattern | None:
    """Estimate the pattern of a season.

    Parameters
    ----------
    z
        Values without a gap, on the scale on which the pattern is added.
    length, places
        See :class:`Pattern`.
    known
        Which values tell of it; all where None.

    Returns
    -------
    Pattern or None
        None where there are fewer than two seasons, or a place was never seen.

    Notes
    -----
    ``values = max(0, 1 - 1.5 v0 / v) x (deviations)`` with ``v`` the variance of the mean deviations of the places and
    ``v0`` what noise alone would give it: the variance within places over their effective number of values.
    """
    n, window = len(z), round(length)
    if n < 2 * window or places < 2:
        return None
    steps = np.arange(n)
    place = _place(steps, length, places)
    weights = RECENCY ** ((n - 1 - steps) // window).astype(np.float64)
    if known is not None:
        weights = weights * known
    sums = np.bincount(place, weights, places)
    if not np.all(sums > 0):
        return None
    away = z - trend(z, window)
    means = np.bincount(place, weights * away, places) / sums
    means -= means.mean()
    seen = float(np.count_nonzero(weights))
    within = np.sum(weights * (away - means[place]) ** 2) / weights.sum() * seen / max(seen - places, 1.0)
    effective = np.mean(sums**2 / np.bincount(place, weights**2, places))
    between = float(means @ means) / (places - 1)
    kept = max(0.0, 1.0 - DOUBT * float(within / effective) / between) if between > 0 else 0.0
    return Pattern(length, means * kept) if kept else None


def patterns(z: Floats, season: int, known: Flags | None = None, *, has_longer: bool = True) -> tuple[Pattern, ...]:
    """Estimate all patterns of a series: its season, and of days the year, of hours the week.

    Parameters
    ----------
    z, season, known
        See :func:`pattern`; of days a season is the week, of hours the day.
    has_longer
        Whether to look for the year of days, and for the week of hours.

    Returns
    -------
    tuple
        None, one or two patterns, each estimated on what those before left.
    """
    found = []
    left = z
    for length, places in ((float(season), season), *(_LONGER.get(season, ()) if has_longer else ())):
        one = pattern(left, length, places, known)
        if one is not None:
            found.append(one)
            left = left - one.at(np.arange(len(z)))
    return tuple(found)


def longer_than(season: int, n: int) -> str:
    """Return the name of the longer pattern that so many values of a season may have; empty where none."""
    return next((_CALLED[season] for length, _ in _LONGER.get(season, ()) if n >= 2 * round(length)), "")


def added(found: Iterable[Pattern], steps: npt.NDArray[np.int64]) -> Floats:
    """Return what several patterns add at some steps; 0 where there is none."""
    return sum((each.at(steps) for each in found), np.zeros(len(steps)))


_LONGER: dict[int, tuple[tuple[float, int], ...]] = {7: ((365.25, 52),), 24: ((168.0, 168),)}
_CALLED = {7: "the pattern of the year", 24: "the pattern of the week"}
