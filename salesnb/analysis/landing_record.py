"""The record: what each forecaster said of past periods, week by week, with its range, held against what came.

Ranges and chances are those that could have been given then: from the errors in periods that were over by that day.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from salesnb.analysis.landing_grid import WEEKS, Grid
from salesnb.analysis.landing_said import FORECASTERS, Said, said
from salesnb.data import findings
from salesnb.data.book import Book
from salesnb.periods import Period

RECORD = (
    "period", "day", "days_left", "forecaster", "said", "low", "high", "freedom", "chance", "came", "target", "is_over",
)  # fmt: skip
SCORES = ("forecaster", "days_left", "n", "wape", "mase", "bias", "coverage", "value_added")
Error: TypeAlias = tuple[str, int, float]
LOOK_BACK = 5
"""Over how many past periods errors are measured."""
_PRIOR = 1.0
"""How many past periods the first guess of an error is worth."""
_ENOUGH = 4
"""From so many past periods on the first guess counts for nothing."""
_NEIGHBOURS = 3
"""Errors of so many times before the end, the nearest ones, are taken together."""
_GUESS = 0.25
"""The first guess where fewer than three past periods tell how much periods differ."""


def spread(errors: Sequence[Error], guess: float, days_left: int, share_left: float) -> tuple[float, float]:
    """Return the standard deviation of the logarithm of what comes over what was said, and its degrees of freedom.

    Parameters
    ----------
    errors
        Of past periods: the period, how many days were left, and the logarithm of what came over what was said.
    guess
        By how much a period differs from the one before it, on logarithms.
    days_left, share_left
        How many days are left, and what share of all.

    Notes
    -----
    The variance is the mean over the last :data:`LOOK_BACK` past periods of the squared error from about as long before
    the end, the days asked for and those next to them in the record. ``(guess x share)^2`` stands for one period more
    where there is none, and for nothing from four past periods on.
    """
    lefts = sorted({left for _, left, _ in errors}, key=lambda left: abs(left - days_left))[:_NEIGHBOURS]
    by_period: dict[str, list[float]] = {}
    for period, left, error in errors:
        if left in lefts:
            by_period.setdefault(period, []).append(error**2)
    means = [float(np.mean(each)) for each in by_period.values()][-LOOK_BACK:]
    n = len(means)
    worth = max(_PRIOR - n / _ENOUGH, 0.0)
    variance = (worth * (guess * share_left) ** 2 + sum(means)) / (worth + n)
    return math.sqrt(variance) if share_left else 0.0, max(worth + n, 1.0)


def first_guess(totals: Sequence[float]) -> float:
    """Return by how much a period differs from the one before it: the root mean square of the logarithms' changes."""
    known = [one for one in totals if one > 0]
    if len(known) < 3:
        return _GUESS
    return max(float(np.sqrt(np.mean(np.diff(np.log(known)) ** 2))), 0.02)


def bounds(value: float, size: float, freedom: float, level: float) -> tuple[float, float]:
    """Return the range of a forecast: Student's t on the logarithm.

    Parameters
    ----------
    value
        The forecast; NaN, or one that is not above 0, has no range.
    size, freedom
        See :func:`spread`.
    level
        The probability of the range.
    """
    from scipy.special import stdtrit

    if math.isnan(value) or value <= 0:
        return math.nan, math.nan
    away = float(stdtrit(freedom, (1 + level) / 2)) * size
    return value * math.exp(-away), value * math.exp(away)


def chance(value: float, size: float, freedom: float, target: float) -> float:
    """Return the probability of at least a target: Student's t on the logarithm; NaN without a target.

    Parameters
    ----------
    value, size, freedom
        See :func:`bounds`.
    target
        The target; NaN, or one that is not above 0, is none.
    """
    from scipy.special import stdtr

    if math.isnan(target) or math.isnan(value) or target <= 0:
        return math.nan
    if value <= 0:
        return 0.0
    if size <= 0:
        return float(value >= target)
    return float(stdtr(freedom, math.log(value / target) / size))


def replay(
    source: Book, known: Grid, calls: pd.DataFrame, came: dict[str, float], targets: dict[str, float], level: float
) -> tuple[pd.DataFrame, list[Said]]:
    """Ask every forecaster on every day, oldest period first.

    Parameters
    ----------
    source
        The book that all of it is of.
    known, calls
        See :func:`salesnb.analysis.landing_said.said`.
    came, targets
        Period to what it brought, as known today, and to its target; NaN where there is none.
    level
        The level of ranges.

    Returns
    -------
    tuple
        The record, with the columns of :data:`RECORD`; and what is said of the target, a week ago and today.
    """
    rows: list[dict[str, Any]] = []
    errors: dict[str, list[Error]] = {name: [] for name in FORECASTERS}
    asked: list[Said] = []
    totals: list[float] = []
    for period in (*known.past, known.target):
        is_target = period == known.target
        guess = first_guess(totals)
        offsets = [known.now + 7, known.now] if is_target else known.offsets
        made: dict[str, list[Error]] = {name: [] for name in FORECASTERS}
        for offset in offsets:
            one = _said(source, known, calls, period, offset)
            share = min(offset / period.days, 1.0)
            if is_target:
                asked.append(one)
                if offset != known.now:
                    continue
            for name, value in one.values.items():
                size, freedom = spread(errors[name], guess, offset, share)
                # What is booked is there: no range reaches below it.
                low, high = np.maximum(bounds(value, size, freedom, level), max(one.booked, 0.0))
                goal, truth = targets.get(str(period), math.nan), came.get(str(period), math.nan)
                rows.append(
                    {"period": str(period), "day": one.day, "days_left": offset, "forecaster": name, "said": value,
                     "low": low, "high": high, "freedom": freedom, "chance": chance(value, size, freedom, goal),
                     "came": truth, "target": goal, "is_over": not is_target}
                )  # fmt: skip
                if not is_target and value > 0 and truth > 0 and share > 0:
                    made[name].append((str(period), offset, math.log(truth / value)))
        for name, found in made.items():
            errors[name] += found
        totals.append(came.get(str(period), math.nan))
    return pd.DataFrame(rows, columns=list(RECORD)), asked


def _said(source: Book, known: Grid, calls: pd.DataFrame, period: Period, offset: int) -> Said:
    """Ask every forecaster; what is said of a day hangs on the periods before it and on the stages there are."""
    before = tuple((each.start, each.end) for each in known.past if each.last_day < period.start)
    reach = min(known.target.days + 7, 7 * max(WEEKS) + 1)  # the days on which deals were looked at
    key = (period.start, period.end, str(period), offset, before, known.places, known.has_deals, reach)
    return findings.found(source, "said", *key, make=lambda: said(known, calls, period, offset))


def scores(record: pd.DataFrame) -> pd.DataFrame:
    """Score the record, by forecaster and by how long before the end it spoke.

    Returns
    -------
    pandas.DataFrame
        ``forecaster, days_left, n`` (periods), ``wape`` (sum of ``|said - came|`` over the sum of what came),
        ``mase`` (mean of ``|said - came|`` over the mean change of what came from one period of the record to the next;
        NaN for fewer than two), ``bias`` (sum of ``said - came`` over the sum of what came: above 0 is too high),
        ``coverage`` (share of ranges that held what came) and
        ``value_added`` (1 less the error over that of ``naive`` in the same periods; NaN for ``naive`` itself). A
        period in which a forecaster was silent does not count for it.
    """
    rows = record[record["is_over"] & record["said"].notna() & record["came"].notna()]
    truths = rows.drop_duplicates("period")["came"].to_numpy(dtype=np.float64)
    usual = float(np.mean(np.abs(np.diff(truths)))) if len(truths) > 1 else 0.0
    naive = rows[rows["forecaster"] == "naive"].set_index(["period", "days_left"])["said"]
    made = []
    for (name, left), each in rows.groupby(["forecaster", "days_left"], sort=False):
        missed, size = (each["said"] - each["came"]), float(each["came"].sum())
        ranged = each[each["low"].notna()]
        other = naive.reindex(pd.MultiIndex.from_frame(each[["period", "days_left"]])).to_numpy(dtype=np.float64)
        theirs = float(np.nansum(np.abs(other - each["came"].to_numpy())))
        inside = ranged["came"].between(ranged["low"], ranged["high"])
        is_both = not np.isnan(other).any() and theirs > 0 and name != "naive"
        made.append(
            {"forecaster": name, "days_left": int(left), "n": len(each),  # type: ignore[call-overload]
             "wape": float(missed.abs().sum()) / size if size else math.nan,
             "mase": float(missed.abs().mean()) / usual if usual else math.nan,
             "bias": float(missed.sum()) / size if size else math.nan,
             "coverage": float(inside.mean()) if len(ranged) else math.nan,
             "value_added": 1 - float(missed.abs().sum()) / theirs if is_both else math.nan}
        )  # fmt: skip
    return pd.DataFrame(made, columns=list(SCORES))
