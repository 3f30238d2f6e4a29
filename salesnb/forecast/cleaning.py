"""Cleaning: gaps are filled, spikes taken out and shocks kept out of the season, by stated rules; each is counted.

- A gap is filled between its neighbours, with the season added back.
- A spike is a run of at most a sixth of a season, two steps at least, that lies further from the median of the steps
  around it than :data:`FAR` times the usual distance (the median absolute deviation), and did not come a season before
  or after. It is put back to that median.
- A longer run of that kind, up to a season (of days a year, of hours a week), is a shock: it stays, for the level may
  have changed, but tells nothing of the season.

The last step is never a spike: whether it is one, only the next can tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesnb.forecast.patterns import Flags, Floats, added, patterns

FAR = 6.0
SLIGHT = 0.1
"""What is off by less is no spike: a share of the value, or of the standard deviation where some are not above 0."""
_NORMAL = 1.4826
_FEWEST = 12
_HALF = 6
_LONG = {7: 365, 24: 168}
"""The longer season of days and of hours: a shock may last as long."""


@dataclass(frozen=True)
class Cleaned:
    """A series that can be learnt from.

    Attributes
    ----------
    values
        The values, without a gap.
    is_gap, is_spike, is_shock
        Which of them was filled, put back, or tells nothing of the season.
    """

    values: Floats
    is_gap: Flags
    is_spike: Flags
    is_shock: Flags

    def notes(self, word: str = "step") -> tuple[str, ...]:
        """Say what was done, a sentence each; nothing where nothing was."""
        told = []
        for flags, what in (
            (self.is_gap, "without a value filled between their neighbours"),
            (self.is_spike, "far off the others put back to them"),
            (self.is_shock, "of a shock kept out of the season"),
        ):
            n = int(flags.sum())
            if n:
                told.append(f"{n} {word}{'' if n == 1 else 's'} {what}")
        return tuple(told)


def cleaned(raw: Floats, season: int) -> Cleaned:
    """Fill gaps, take spikes out, and mark shocks.

    Parameters
    ----------
    raw
        The values in order, NaN where there is none; the first and the last are there.
    season
        The steps of a season.
    """
    is_gap = np.isnan(raw)
    y = filled(raw, is_gap, season) if is_gap.any() else raw.astype(np.float64)
    none = np.zeros(len(y), dtype=bool)
    if len(y) < _FEWEST:
        return Cleaned(y, is_gap, none, none)
    is_log = bool(y.min() > 0)
    z = np.log(y) if is_log else y
    level = z - _season(z, season)
    long = _LONG.get(season, season)
    long = long if len(y) > 2 * long else season
    line = _slope(level, long) * np.arange(len(level))
    around = line + _medians(level - line, max(_HALF, min(long, 26), long // 2))
    away = level - around
    usual = _NORMAL * float(np.median(np.abs(away)))
    if usual <= 0:
        return Cleaned(y, is_gap, none, none)
    least = SLIGHT if is_log else SLIGHT * float(np.std(level))
    far = np.abs(away) > max(FAR * usual, least)
    far &= ~_again(far & (away > 0), season) & ~_again(far & (away < 0), season)
    is_spike, is_shock = none.copy(), none.copy()
    longest = max(2, season // 6)
    for start, end in _runs(far):
        if end == len(y):
            continue
        if end - start <= longest:
            is_spike[start:end] = True
        elif end - start <= max(long, longest):
            is_shock[start:end] = True
    if is_spike.any():
        # Again, with a season that the spikes have no part in.
        calm = np.where(is_spike, around + (z - level), z)
        again = _season(calm, season, ~(is_spike | is_shock))
        steps, there = np.arange(len(z)), ~is_spike
        back = np.interp(steps, steps[there], (line + _medians(z - again - line, _HALF))[there]) + again
        y = np.where(is_spike, np.exp(back) if is_log else back, y)
    return Cleaned(y, is_gap, is_spike, is_shock)


def filled(raw: Floats, is_gap: Flags, season: int) -> Floats:
    """Return values whose gaps are filled between their neighbours, with the season added back."""
    steps, there = np.arange(len(raw)), ~is_gap
    y = np.interp(steps, steps[there], raw[there])
    is_log = bool(y.min() > 0)
    z = np.log(y) if is_log else y
    part = _season(z, season, there)
    z = np.interp(steps, steps[there], (z - part)[there]) + part
    return np.where(is_gap, np.exp(z) if is_log else z, raw)


def _season(z: Floats, season: int, known: Flags | None = None) -> Floats:
    return added(patterns(z, season, known), np.arange(len(z)))


def _slope(z: Floats, season: int) -> float:
    """Return the median change a step, over a season."""
    apart = min(max(season, 1), len(z) // 2)
    return float(np.median(z[apart:] - z[:-apart])) / apart


def _medians(z: Floats, half: int) -> Floats:
    """Return the median of each step's neighbours on both sides, the step itself left out."""
    padded = np.pad(z, half, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1).copy()
    windows[:, half] = np.nan
    return np.asarray(np.nanmedian(windows, axis=1))


def _again(far: Flags, season: int) -> Flags:
    """Tell which far steps were far to the same side a season before or after, give or take a step."""
    wide = far | np.roll(far, 1) | np.roll(far, -1)
    found = np.zeros(len(far), dtype=bool)
    if season > 1 and len(far) > season:
        found[season:] |= far[season:] & wide[:-season]
        found[:-season] |= far[:-season] & wide[season:]
    return found


def _runs(flags: Flags) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
