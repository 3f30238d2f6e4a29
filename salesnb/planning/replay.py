"""Replay: what would have been said of past periods on the day before each, held against what came."""

from __future__ import annotations

import datetime as dtm
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from salesnb.analysis.calendar import Records
from salesnb.data.book import Book
from salesnb.data.history import as_known
from salesnb.errors import NeedsData
from salesnb.periods import Period
from salesnb.planning.capacity import capacity
from salesnb.planning.scenario import what_if

REPLAY = ("period", "day", "sellers", "expected", "low", "middle", "high", "came", "inside", "quota", "chance", "hit")
MOST = 8


def replay(book: Book, periods: Sequence[Period], *, draws: int = 4000, seed: int = 0) -> pd.DataFrame:
    """Say of each period what would have been said on the day before it began, from what was known then.

    Parameters
    ----------
    book
        The book, as known today: it tells what came, and which quotas were set.
    periods
        Periods that are over by its as-of date.
    draws, seed
        See :func:`salesnb.planning.scenario.what_if`.

    Returns
    -------
    pandas.DataFrame
        ``period, day, sellers`` (who were there on the day) ``, expected, low, middle, high`` (10th, 50th and 90th
        percentile) ``, came, inside`` (whether it came within) ``, quota`` (the sum of the quotas) ``, chance`` (of at
        least it) and ``hit`` (whether it came). A period before which nothing was known is left out.
    """
    made = []
    for period in periods:
        day = period.start - dtm.timedelta(days=1)
        try:
            truth = capacity(book, period).plan
            known = capacity(as_known(book, day), period, is_replay=True).plan
        except NeedsData:
            continue
        came, quota = float(truth.reps["booked"].sum()), float(truth.reps["quota"].sum())
        found = what_if(known, draws=draws, seed=seed)
        has_quota = quota > 0
        made.append(
            (str(period), day, len(known.reps), found.expected, found.low, found.middle, found.high, came,
             found.low <= came <= found.high, quota if has_quota else math.nan,
             float(np.mean(found.total >= quota)) if has_quota else math.nan, came >= quota if has_quota else None)
        )  # fmt: skip
    return pd.DataFrame(made, columns=list(REPLAY))


def past_periods(book: Book, period: Period, most: int = MOST) -> tuple[Period, ...]:
    """Return the periods before one that are over, have a year of records before them, and lie within the records."""
    records = Records.of(book)
    if records.first_day is None:
        return ()
    first = records.first_day + dtm.timedelta(days=365)
    before = [one for one in period.last(most + 1)[:-1] if one.is_complete(book.as_of) and one.start >= first]
    return tuple(before)


def quota_met_by(quotas: pd.DataFrame, share: float = 0.5) -> float:
    """Return by what factor quotas would have had to differ for a share of them to be met.

    Parameters
    ----------
    quotas
        One row a quota: ``quota`` and ``booked`` on its days; those of 0 or below do not count.
    share
        Of the quotas: 0.5 for the median attainment.

    Returns
    -------
    float
        1 is as they were; NaN where there is none.
    """
    known = quotas[quotas["quota"] > 0]
    if known.empty:
        return math.nan
    return float(np.quantile(known["booked"] / known["quota"], 1 - share))
