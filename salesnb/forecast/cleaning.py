"""Cleaning: gaps are filled, spikes taken out and shocks kept out of the season, by stated rules; each is counted.

- A gap is filled between its neighbours, with the season added back.
- A spike is a run of at most a sixth of a season, two steps at least, that lies further from the median of the steps
  around it than :data:`FAR` times the usual distance (the median absolute deviation), and did not come a season before
  or after. It is put back to that median.
- A longer run of that kind, up to a season, is a shock: it stays, for the level may have changed, but tells nothing of
  the season.

The last step is never a spike: whether it is one, only the next can tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesnb.forecast.patterns import Flags, Floats, patterns

FAR = 6.0
_NORMAL = 1.4826
_FEWEST = 12


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
    y = _filled(raw, is_gap, season) if is_gap.any() else raw.astype(np.float64)
    none = np.zeros(len(y), dtype=bool)
    if len(y) < _FEWEST:
        return Cleaned(y, is_gap, none, none)
    is_log = bool(y.min() > 0)
    z = np.log(y) if is_log else y
    level = z - sum((each.at(np.arange(len(z))) for each in patterns(z, season)), np.zeros(len(z)))
    around = _medians(level, max(3, min(season, 13) // 2))
    away = level - around
    usual = _NORMAL * float(np.median(np.abs(away)))
    if usual <= 0:
        return Cleaned(y, is_gap, none, none)
    far = np.abs(away) > FAR * usual
    far &= ~_again(far & (away > 0), season) & ~_again(far & (away < 0), season)
    is_spike, is_shock = none.copy(), none.copy()
    longest = max(2, season // 6)
    for start, end in _runs(far):
        if end == len(y):
            continue
        if end - start <= longest:
            is_spike[start:end] = True
        elif end - start <= max(season, longest):
            is_shock[start:end] = True
    if is_spike.any():
        back = around + (z - level)
        y = np.where(is_spike, np.exp(back) if is_log else back, y)
    return Cleaned(y, is_gap, is_spike, is_shock)


def _filled(raw: Floats, is_gap: Flags, season: int) -> Floats:
    steps, there = np.arange(len(raw)), ~is_gap
    y = np.interp(steps, steps[there], raw[there])
    is_log = bool(y.min() > 0)
    z = np.log(y) if is_log else y
    added = sum((each.at(steps) for each in patterns(z, season, there)), np.zeros(len(z)))
    z = np.interp(steps, steps[there], (z - added)[there]) + added
    return np.where(is_gap, np.exp(z) if is_log else z, raw)


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
