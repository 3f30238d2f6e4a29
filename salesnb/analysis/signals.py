"""Signals: what was known of customers in a month, and how often something befell them in the next.

The same count for who leaves and for who comes to pay more: months in which it happened over all months watched, with
and without a signal.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from salesnb.kpis.intervals import benjamini_hochberg, wilson


def monthly_rate(counts: pd.DataFrame, event: str, did: str, confidence: float) -> dict[str, float]:
    """Return how often something happened in a month, with Wilson's interval.

    Parameters
    ----------
    counts
        Customer-months counted: ``months``, and the column that tells whether it happened.
    event, did
        That column, and what the months in which it happened are called.
    confidence
        The level of the interval.

    Returns
    -------
    dict
        ``months``, ``did``, ``rate, low, high``; the rate is NaN where nobody was watched.
    """
    months = float(counts["months"].sum())
    happened = float(counts.loc[counts[event].astype(bool), "months"].sum())
    low, high = wilson(happened, months, confidence)
    return {"months": months, did: happened, "rate": happened / months if months else float("nan"), "low": float(low),
            "high": float(high)}  # fmt: skip


def against_others(
    counts: pd.DataFrame, signals: Mapping[str, str], event: str, did: str, confidence: float
) -> pd.DataFrame:
    """Hold the months with each signal against those without it, the share of false marks among them all held.

    Parameters
    ----------
    counts, event, did, confidence
        See :func:`monthly_rate`.
    signals
        Boolean column of ``counts`` to what it means.

    Returns
    -------
    pandas.DataFrame
        ``signal, words, months``, ``did``, ``rate, low, high, other`` (the rate without it) ``, ratio, ratio_low,
        ratio_high, p, q, is_apart`` (oftener by more than chance); no row for a signal that all have, or nobody.
    """
    made: list[dict[str, Any]] = []
    for signal, words in signals.items():
        has = counts[signal].astype(bool)
        mine, others = (monthly_rate(counts[side], event, did, confidence) for side in (has, ~has))
        if not (mine["months"] and others["months"]):
            continue
        ratio, low, high, p = ratio_of_rates(mine[did], mine["months"], others[did], others["months"], confidence)
        made.append({"signal": signal, "words": words, **mine, "other": others["rate"], "ratio": ratio,
                     "ratio_low": low, "ratio_high": high, "p": p})  # fmt: skip
    columns = [
        "signal",
        "words",
        "months",
        did,
        "rate",
        "low",
        "high",
        "other",
        "ratio",
        "ratio_low",
        "ratio_high",
        "p",
    ]
    found = pd.DataFrame(made, columns=columns)
    found["q"] = benjamini_hochberg(found["p"]) if len(found) else found["p"]
    found["is_apart"] = (found["q"] <= 1 - confidence) & (found["ratio"] > 1)
    return found


def ratio_of_rates(
    happened: float, months: float, other_happened: float, other_months: float, confidence: float
) -> tuple[float, ...]:
    """Return the ratio of two monthly rates with its bounds and p-value, by the logarithm of the ratio.

    ``ln(a/n) - ln(b/m)`` with variance ``1/a - 1/n + 1/b - 1/m``; NaN where it happened to nobody on one side.

    Parameters
    ----------
    happened, months
        Of the customers looked at.
    other_happened, other_months
        Of those they are held against.
    confidence
        The level of the interval.

    Returns
    -------
    tuple
        ``ratio, low, high, p``.

    References
    ----------
    Katz, Baptista, Azen and Pike (1978), Biometrics 34, 469-474.
    """
    from scipy.special import ndtr

    if min(happened, months, other_happened, other_months) <= 0:
        return (float("nan"),) * 4
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    gap = np.log(happened / months) - np.log(other_happened / other_months)
    error = np.sqrt(1 / happened - 1 / months + 1 / other_happened - 1 / other_months)
    bounds = np.exp(gap - z * error), np.exp(gap + z * error)
    return float(np.exp(gap)), float(bounds[0]), float(bounds[1]), float(2 * ndtr(-abs(gap / error)))
