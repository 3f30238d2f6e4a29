"""Calibration: whether what was called 30 % happened in 30 of 100, and whether that beats knowing the stage alone.

Rows of one deal on several days go together: every interval here counts deals, not rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesnb.kpis.intervals import Floats, wilson

MOST_BINS = 10
FEWEST = 50
"""The deals of a bin, at least: with 50 a share of one half is known to 14 points, at 95 %."""
DRAWS = 400


@dataclass(frozen=True)
class Score:
    """How far predictions missed, and how far the base rate did, over the same rows.

    Attributes
    ----------
    brier, brier_base
        The mean squared miss: 0 is perfect, 0.25 is what "one half" gets.
    log_loss, log_loss_base
        The mean of ``-log(probability of what happened)``.
    skill, skill_low, skill_high
        ``1 - brier / brier_base``: the share of the base rate's miss that the predictions save, with its interval.
    log_skill, log_skill_low, log_skill_high
        The same of the log loss.
    rows, deals
        What it is measured on.
    """

    brier: float
    brier_base: float
    log_loss: float
    log_loss_base: float
    skill: float
    skill_low: float
    skill_high: float
    log_skill: float
    log_skill_low: float
    log_skill_high: float
    rows: int
    deals: int

    @property
    def beats_base(self) -> bool:
        """Whether the predictions beat the base rate by more than chance, by the Brier score."""
        return self.skill_low > 0


def score(rows: pd.DataFrame, confidence: float, seed: int) -> Score:
    """Score predictions against the base rate, with intervals by drawing deals again.

    Parameters
    ----------
    rows
        Rows with ``opportunity_id, is_won, probability, base``; at least one.
    confidence
        The level of the intervals.
    seed
        Of the :data:`DRAWS` samples of deals, with replacement, of the percentile bootstrap.

    References
    ----------
    Brier (1950), Monthly Weather Review 78, 1-3; Efron and Tibshirani (1993), An Introduction to the Bootstrap, ch. 13.
    """
    is_won = rows["is_won"].to_numpy(dtype="float64")
    clusters, deals = pd.factorize(rows["opportunity_id"])
    misses = [
        *((rows[name].to_numpy(dtype="float64") - is_won) ** 2 for name in ("probability", "base")),
        *(_surprise(rows[name].to_numpy(dtype="float64"), is_won) for name in ("probability", "base")),
    ]
    sums = np.stack([np.bincount(clusters, weights=miss, minlength=len(deals)) for miss in misses], axis=1)
    total = sums.sum(axis=0)
    random = np.random.default_rng(seed)
    drawn = np.stack([sums[random.integers(0, len(deals), len(deals))].sum(axis=0) for _ in range(DRAWS)])
    skills = [1 - _over(drawn[:, place], drawn[:, place + 1]) for place in (0, 2)]
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    (low, high), (log_low, log_high) = (np.quantile(skill, tails) for skill in skills)
    brier, brier_base, log_loss, log_loss_base = (float(value) / len(rows) for value in total)
    return Score(
        brier=brier,
        brier_base=brier_base,
        log_loss=log_loss,
        log_loss_base=log_loss_base,
        skill=1 - float(_over(total[0], total[1])),
        skill_low=float(low),
        skill_high=float(high),
        log_skill=1 - float(_over(total[2], total[3])),
        log_skill_low=float(log_low),
        log_skill_high=float(log_high),
        rows=len(rows),
        deals=len(deals),
    )


def reliability(rows: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Put predictions into bins of about equally many and count what came of each.

    At most :data:`MOST_BINS` bins of at least :data:`FEWEST` deals on average; predictions that are equal are in one
    bin. The interval is Wilson's for as many deals as the bin has.

    Parameters
    ----------
    rows
        Rows with ``opportunity_id, is_won, probability``.
    confidence
        The level of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a bin, rising: ``bin`` (from 1), ``lowest, highest`` (prediction in it) ``, said`` (their mean) ``,
        came`` (the share won) ``, low, high, rows, won_rows, deals, is_within`` (what was said lies in the interval).
    """
    bins = bins_of(rows)
    parts = rows.assign(bin=bins).groupby("bin")
    found = parts.agg(
        lowest=("probability", "min"),
        highest=("probability", "max"),
        said=("probability", "mean"),
        came=("is_won", "mean"),
        rows=("is_won", "size"),
        won_rows=("is_won", "sum"),
        deals=("opportunity_id", "nunique"),
    ).reset_index()
    low, high = wilson(found["came"] * found["deals"], found["deals"], confidence)
    found["low"], found["high"] = low, high
    found["is_within"] = (found["said"] >= low) & (found["said"] <= high)
    return found.astype({"came": "float64", "won_rows": "int64"})


def bins_of(rows: pd.DataFrame) -> pd.Series[int]:
    """Return the bin of each row, from 1: see :func:`reliability`."""
    many = max(1, min(MOST_BINS, int(rows["opportunity_id"].nunique()) // FEWEST))
    p = rows["probability"].to_numpy(dtype="float64")
    edges = np.unique(np.quantile(p, np.arange(1, many) / many)) if len(p) else np.zeros(0)
    places = np.searchsorted(edges, p, side="right")
    _, numbered = np.unique(places, return_inverse=True)
    return pd.Series(numbered + 1, index=rows.index, dtype="int64")


def _surprise(probability: Floats, is_won: Floats) -> Floats:
    sure = np.clip(probability, 1e-9, 1 - 1e-9)
    made: Floats = -np.log(np.where(is_won > 0, sure, 1 - sure))
    return made


def _over(top: Floats, bottom: Floats) -> Floats:
    """Return a ratio; 1 where both are 0, so that nothing is saved where nothing was missed, and huge over 0."""
    one, other = np.asarray(top, dtype="float64"), np.asarray(bottom, dtype="float64")
    made: Floats = np.where((one == 0) & (other == 0), 1.0, one / np.maximum(other, 1e-9))
    return made
