"""Maturity: the final win rate of deals of which many are too young to have ended.

A curve of young deals ends at the age of the oldest of them, and long before that few are watched. What the deals
cannot tell by themselves is how those end that reach that age undecided; deals created before can.
"""

from __future__ import annotations

from dataclasses import replace

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from salesnb.kpis.incidence import Curve, aalen_johansen, by_day, curve_at, curves

WATCHED = 0.2
"""The share of the deals that must have been watched up to an age, so that they tell of it by themselves."""
_NOTHING = 1e-12


def final_rates(aged: ir.Table, confidence: float) -> pd.DataFrame:
    """Estimate the final win rate of every ``segment`` of deals with ages, the young ones' by :func:`extended`.

    Returns
    -------
    pandas.DataFrame
        ``segment, value, n, low, high, reason``; the reason says which share of the deals the curve leaves undecided.
    """
    found = []
    for name, curve in grown(aged, "segment").items():
        low, high = curve.interval(confidence=confidence)
        told = (
            f"{curve.undecided:.0%} are neither won nor lost at the highest age watched" if curve.undecided > 0 else ""
        )
        if curve.borrowed > 0 and curve.undecided < curve.borrowed:
            told = f"how {curve.borrowed:.0%} of them end is told by deals created before"
        found.append({"segment": name, "value": curve.final, "n": curve.n, "low": low, "high": high, "reason": told})
    return pd.DataFrame(found, columns=["segment", "value", "n", "low", "high", "reason"])


def grown(aged: ir.Table, by: str | None = None) -> dict[str | None, Curve]:
    """Return the curve of each segment, extended by the deals that are marked as created before.

    Parameters
    ----------
    aged
        Rows as of :func:`ages`; where they have ``_left_out``, those are the deals created before.
    by
        The column of the segments; one segment, named None, where it is None.
    """
    if "_left_out" not in aged.columns:
        return curves(aged, by)
    own, older = by_day(aged.filter(~aged["_left_out"]), by), by_day(aged.filter(aged["_left_out"]), by)
    names = [None] if by is None else list(own["segment"].unique())
    return {
        name: extended(*(counts if name is None else counts[counts["segment"] == name] for counts in (own, older)))
        for name in names
    }


def extended(own: pd.DataFrame, older: pd.DataFrame) -> Curve:
    """Estimate the share won by each age where young deals are watched too short, with the help of older ones.

    Of deals created in a quarter nobody has been watched for longer than the days since, and only the first of them so
    long. At every age at which at least a fifth of the deals were watched (:data:`WATCHED`; the deals at risk over
    ``n S``) the deals tell by themselves; from the first age on at which fewer were, the deals created before are
    counted with them. So what is taken from older deals is only how those end that reach that age undecided, and the
    variance is that of the deals at risk at each age. Without older deals it is the plain curve.

    Parameters
    ----------
    own, older
        ``days, won, lost, censored`` as of :func:`by_day`, of the deals asked for and of those created before.

    Returns
    -------
    Curve
        ``n`` is that of the deals asked for; ``borrowed`` their share undecided at the age from which older ones count.
    """
    names = ["days", "won", "lost", "censored"]
    plain = aalen_johansen(*own[names].to_numpy().T)
    if not plain.n:
        return plain
    tables = [part[names].to_numpy(dtype=float).T for part in (older, own)]
    days = np.unique(np.concatenate([table[0] for table in tables]))
    counted = np.zeros((2, 3, len(days)))
    for is_own, table in enumerate(tables):
        counted[is_own][:, np.searchsorted(days, table[0])] = table[1:]
    at_risk = counted.sum(axis=1)[:, ::-1].cumsum(axis=1)[:, ::-1]
    decided = counted[1, :2].sum(axis=0)
    share_left = np.divide(decided, at_risk[1], out=np.zeros_like(days), where=at_risk[1] > 0)
    before = np.concatenate(([1.0], np.cumprod(1 - share_left)[:-1]))
    is_short = (at_risk[1] < WATCHED * plain.n * before) & (before > _NOTHING)
    if not is_short.any():
        return plain
    first = int(is_short.argmax())
    counted[0][:, :first] = 0.0
    at_risk[0][:first] = 0.0
    used = at_risk.sum(axis=0) > 0
    wins, losses = counted.sum(axis=0)[:2, used]
    made = curve_at(days[used], wins, losses, at_risk.sum(axis=0)[used], plain.n)
    return replace(made, borrowed=float(before[first]))
