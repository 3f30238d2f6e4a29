"""Attained: what sellers and teams booked of their quotas, and how far luck alone carries them from each other.

Quotas and bookings are sums, so they have no interval of their own. But big deals come one by one: two sellers of equal
skill and equal quota end a quarter far apart. Bookings are taken for a Poisson number of independent deals of gamma
distributed amounts (Tweedie 1984), with the mean and the spread that the amounts of all deals have. What that gives is
the band of a funnel plot (Spiegelhalter 2005, Statistics in Medicine 24, 1185-1202); who lies far outside differs from
the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesnb.analysis.rates import Sums
from salesnb.kpis.dimensions import NONE

FEWEST_EXPECTED = 3
COLUMNS = ("achieved", "quota", "attainment", "low", "high", "p")
Floats: TypeAlias = NDArray[np.float64]
_STEPS = 11


@dataclass(frozen=True)
class Luck:
    """How much single deals make a sum vary.

    Attributes
    ----------
    mean
        The mean amount of a deal; NaN where nothing is known.
    spread
        The variance of the amounts over their squared mean.
    """

    mean: float = math.nan
    spread: float = math.nan

    @classmethod
    def of(cls, sizes: Sums | None) -> Luck:
        """Learn it from all deals or orders of the year; nothing is known where there are none."""
        whole = None if sizes is None else sizes.whole(only_now=False).iloc[0]
        if whole is None or not (whole["y"] > 0 and whole["n"] > 0):
            return cls()
        mean = float(whole["y"] / whole["n"])
        return cls(mean, max(float(whole["yy"] / whole["n"]) / mean**2 - 1, 1e-6))

    def at_most(self, booked: Floats, expected: Floats) -> Floats:
        """Return the probability of bookings no higher than some, where others are expected; NaN where none are.

        Formula: the sum over the number of deals ``k`` of Poisson (k; expected / mean) times the share of gamma sums
        of ``k`` amounts that are no higher.
        """
        from scipy.special import gammainc, gammaln

        with np.errstate(divide="ignore", invalid="ignore"):
            deals = np.where(expected > 0, expected / self.mean, math.nan)
        known = np.isfinite(deals)
        chances = np.full(len(deals), math.nan)
        if not known.any():
            return chances
        rate, amount = deals[known], np.maximum(booked[known], 0.0)
        width = np.ceil(9 * np.sqrt(rate) + 9)
        first = np.maximum(np.floor(rate - width), 0.0)
        k = first[:, None] + np.arange(int(2 * width.max()) + 1)[None, :]
        weight = np.exp(k * np.log(rate)[:, None] - rate[:, None] - gammaln(k + 1))
        share = gammainc(np.maximum(k, 1e-9) / self.spread, (amount / self.mean / self.spread)[:, None])
        chances[known] = (weight * np.where(k == 0, 1.0, share)).sum(axis=1)
        capped: Floats = np.minimum(chances, 1.0)
        return capped

    def quantile(self, chance: float, expected: Floats) -> Floats:
        """Return the bookings that are exceeded with probability ``1 - chance``, by bisection; 0 where nothing is."""
        low = np.zeros(len(expected))
        high = expected + 8 * np.sqrt(np.maximum(expected, 0.0) * self.mean * (1 + self.spread))
        for _ in range(_STEPS):
            middle = (low + high) / 2
            is_over = self.at_most(middle, expected) >= chance
            low, high = np.where(is_over, low, middle), np.where(is_over, middle, high)
        return np.where(np.isfinite(expected), high, math.nan)


def attained(parts: pd.DataFrame, luck: Luck, confidence: float) -> pd.DataFrame:
    """Set what each seller or team booked against its quota, and against the attainment of the others.

    Parameters
    ----------
    parts
        ``achieved`` (booked on the days of the quota) and ``quota`` (money), one row a holder, who is the index.
    luck
        How much single deals make bookings vary.
    confidence
        How much of what equals would book lies inside the band.

    Returns
    -------
    pandas.DataFrame
        ``achieved, quota, attainment`` (NaN without a quota above 0) ``, low, high`` (the band in which a holder of
        that quota ends by luck at the attainment of all; NaN where fewer than 3 deals are to be expected) ``,
        p`` (of "as the others"), on the same index.

    Notes
    -----
    With ``A`` the attainment of all, the band is that of ``A q`` expected for a quota ``q``. The p-value is of ``B q``
    expected, ``B`` being the attainment of the others; their own luck adds ``q / Q`` to the variance, ``Q`` being their
    quota, as if deals were larger by that and fewer.
    """
    booked, quota = parts["achieved"].to_numpy(dtype="float64"), parts["quota"].to_numpy(dtype="float64")
    has = quota > 0
    all_booked, all_quota = float(booked[has].sum()), float(quota[has].sum())
    overall = all_booked / all_quota if all_quota > 0 else math.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.where(has, booked / quota, math.nan)
        others = (all_booked - booked) / (all_quota - quota) * quota
        larger = 1 + quota / (all_quota - quota)
        can = has & (overall * quota >= FEWEST_EXPECTED * luck.mean) & (parts.index != NONE)
        expected = np.where(can, overall * quota, math.nan)
        tails = ((1 - confidence) / 2, (1 + confidence) / 2)
        low, high = (luck.quantile(chance, expected) / quota for chance in tails)
        under = luck.at_most(booked / larger, np.where(can & np.isfinite(larger), others / larger, math.nan))
        p = np.minimum(2 * np.minimum(under, 1 - under), 1.0)
    return pd.DataFrame(
        {
            "achieved": booked,
            "quota": np.where(has, quota, math.nan),
            "attainment": own,
            "low": low,
            "high": high,
            "p": p,
        },
        index=parts.index,
        columns=list(COLUMNS),
    )


def with_quotas(
    holders: pd.DataFrame, key: str, booked: list[float], quotas: pd.DataFrame | None, luck: Luck, confidence: float
) -> pd.DataFrame:
    """Add what each seller or team booked, and how it stands to the quota.

    Parameters
    ----------
    holders
        One row a seller or team.
    key
        The column that names them as the index of ``quotas`` does.
    booked
        What each booked in the period, in the order of the rows.
    quotas
        ``achieved`` and ``quota`` by holder; None where there are none.
    luck, confidence
        See :func:`attained`.

    Returns
    -------
    pandas.DataFrame
        The columns of ``holders``, ``booked`` and those of :func:`attained`.
    """
    known = pd.DataFrame(columns=["achieved", "quota"], dtype="float64") if quotas is None else quotas
    parts = known.reindex(pd.Index(holders[key], name=None))[["achieved", "quota"]]
    told = attained(parts.assign(achieved=parts["achieved"].fillna(0.0)), luck, confidence)
    told["achieved"] = told["achieved"].where(told["quota"].notna())
    return pd.concat([holders.assign(booked=booked), told.set_index(holders.index)], axis=1)
