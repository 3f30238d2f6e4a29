"""The same day of other periods, counted in business days: Monday to Friday, whatever the calendar's holidays."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import numpy as np
import pandas as pd

from salesnb.periods import Period

_DAY = dtm.timedelta(days=1)


def business_days(start: dtm.date, last: dtm.date) -> int:
    """Count the days from Monday to Friday from one day to another, both included; 0 where they are turned round.

    Examples
    --------
    >>> import datetime as dtm
    >>> business_days(dtm.date(2026, 7, 3), dtm.date(2026, 7, 6))  # a Friday to a Monday
    2
    """
    return int(np.busday_count(start, last + _DAY)) if last >= start else 0


def same_day(period: Period, day: dtm.date, other: Period) -> dtm.date:
    """Return the day of another period that is as many business days into it.

    A weekend belongs to the business day before it: from a Saturday or Sunday the last day before the next business
    day is taken. The last day of a period answers to the last day of the other, which may be a business day longer.
    Before the first business day it may be the day before the other period begins.

    Examples
    --------
    >>> import datetime as dtm
    >>> q2, q3 = Period.parse("2026Q2"), Period.parse("2026Q3")
    >>> same_day(q3, dtm.date(2026, 7, 7), q2).isoformat()  # the fifth business day of each
    '2026-04-07'
    """
    if day >= period.last_day:
        return other.last_day
    count = business_days(period.start, day)
    found: np.datetime64
    if day.weekday() < 5:
        found = np.busday_offset(other.start, count - 1, roll="forward")
    else:
        found = np.busday_offset(other.start, count, roll="forward") - np.timedelta64(1, "D")
    moved: dtm.date = found.astype("datetime64[D]").item()
    return min(moved, other.last_day)


def counted(start: dtm.date, days: pd.Series[Any]) -> pd.Series[Any]:
    """Return how many business days into a period some days are."""
    ends = days.to_numpy("datetime64[D]") + np.timedelta64(1, "D")
    return pd.Series(np.busday_count(np.datetime64(start), ends), index=days.index)
