"""Quotas of a period whose quotas were set for longer or shorter spans than it is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesnb.analysis.coverage_quota import Quotas
from salesnb.analysis.hygiene_deals import PARTS
from salesnb.periods import Period
from salesnb.planning.plan import offset

_LIKE = 1.5
_NEARLY_ALL = 0.9
_MOST_BACK = 40


def quotas_of(held: Quotas, period: Period) -> tuple[pd.Series[float], str]:
    """Return the quota of each holder in a period.

    Quotas of about the period's length count whole where their middle day lies. Of longer ones, more than half as long
    again, as much counts as days of them are in the period. Where shorter ones leave more than a tenth of its days
    without a quota, those days are taken to carry as much as the others.

    Parameters
    ----------
    held
        Every quota there is.
    period
        The period.

    Returns
    -------
    tuple
        Holder to quota, empty where there is none; and what was done, in words, empty where they count as they are.
    """
    spans = held.spans
    if spans.empty:
        return pd.Series(dtype="float64"), ""
    begins, ends = offset(spans["starts_on"], period.start, 0), offset(spans["ends_on"], period.start, 0)
    inside = np.minimum(ends, period.days - 1) - np.maximum(begins, 0) + 1
    there = spans.assign(inside=inside, days=ends - begins + 1, begins=begins, ends=ends)
    there = there[there["inside"] > 0]
    if len(there) and float(there["days"].median()) > _LIKE * period.days:
        parts = there["quota"] * there["inside"] / there["days"]
        return parts.groupby(there["holder"]).sum() / PARTS, "by the days of longer quotas, "
    mine = held.of(period.start, period.end)
    if mine.empty:
        return pd.Series(dtype="float64"), ""
    summed = mine.groupby("holder")["quota"].sum() / PARTS
    covered = _covered(there, period)
    is_shorter = len(there) > 0 and float(there["days"].median()) * _LIKE < period.days
    if is_shorter and 0 < covered < _NEARLY_ALL * period.days:
        words = f"{covered} of {period.days} days have a quota and the others are taken to carry as much, "
        return summed * (period.days / covered), words
    return summed, ""


def _covered(spans: pd.DataFrame, period: Period) -> int:
    """Return how many days of a period some quota is of."""
    is_there = np.zeros(period.days, dtype=bool)
    for begins, ends in set(zip(spans["begins"], spans["ends"], strict=True)):
        is_there[max(int(begins), 0) : max(int(ends) + 1, 0)] = True
    return int(is_there.sum())


def last_with(held: Quotas, period: Period) -> Period | None:
    """Return the last period before one, of its length, that has quotas."""
    one = period
    for _ in range(_MOST_BACK if len(held.spans) else 0):
        one = one.previous
        if len(quotas_of(held, one)[0]):
            return one
    return None
