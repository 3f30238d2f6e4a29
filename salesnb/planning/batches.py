"""Batches: sources that book nearly all of a month on one day, where months that end count, and not days."""

from __future__ import annotations

import datetime as dtm

import pandas as pd

MONTH = 365.25 / 12
_MONTHS = 12
_FEWEST = 6
_NEARLY_ALL = 0.9


def batches(won: pd.DataFrame, day: dtm.date, first: dtm.date, end: dtm.date) -> tuple[int, float]:
    """Return how many batches are expected, and how many times as much as by days that is.

    Where in each of up to twelve whole months, six at least, nine tenths of the money are of one day, the next batches
    are expected on the day before the end of a month that was the median so far.

    Parameters
    ----------
    won
        ``on, amount`` of what was sold up to a day.
    day
        The last day known.
    first, end
        The first day ahead, and the day after the last.

    Returns
    -------
    tuple
        0 and 1.0 where sales come on any day.
    """
    ahead = (end - first).days
    if ahead <= 0 or won.empty:
        return 0, 1.0
    months = won["on"].dt.to_period("M")
    last = pd.Period(pd.Timestamp(day) + pd.Timedelta(days=1), "M") - 1
    sums = won[months <= last].groupby([months, "on"])["amount"].sum()
    sums = sums[sums > 0]
    whole = sums.groupby(level=0).sum().tail(_MONTHS)
    top = sums.groupby(level=0).max().reindex(whole.index)
    if len(whole) < _FEWEST or not (top >= _NEARLY_ALL * whole).all():
        return 0, 1.0
    gaps = [(pd.Period(month, "M").end_time.normalize() - sums[month].idxmax()).days for month in whole.index]
    gap = int(pd.Series(gaps).median())
    months = pd.period_range(pd.Timestamp(first), pd.Timestamp(end - dtm.timedelta(days=1)), freq="M")
    expected = [month.end_time.date() - dtm.timedelta(days=gap) for month in months]
    n = sum(first <= on < end for on in expected)
    return n, n * MONTH / ahead
