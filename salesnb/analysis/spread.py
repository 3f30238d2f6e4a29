"""Spread: how much a seller books on average, and how much of it all hangs on the best."""

from __future__ import annotations

import math

import pandas as pd

from salesnb.kpis.dimensions import NONE


def spread(sellers: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return two KPIs of the people family from what each seller booked, which is there already.

    Parameters
    ----------
    sellers
        ``rep_id, booked, is_active``, one row a seller who booked or was active; what names nobody is booked by the
        company, and by none of them.

    Returns
    -------
    dict
        ``sales_per_rep.mean`` and ``top_rep_concentration.top_20pct`` to ``value, numerator, denominator, n`` (sellers)
        , NaN where what is divided by is not above 0. A test holds them to what the KPIs themselves give.
    """
    named = sellers[sellers["rep_id"] != NONE]
    counted = named.loc[named["is_active"].astype(bool) | (named["booked"] != 0), "booked"]
    ranked = counted.astype("float64").sort_values(ascending=False)
    best, booked, everything = -(-len(ranked) // 5), float(ranked.sum()), float(sellers["booked"].sum())
    active = float(sellers["is_active"].sum())
    pairs = {
        "sales_per_rep.mean": (everything, active),
        "top_rep_concentration.top_20pct": (float(ranked.head(best).sum()), booked),
    }
    return {
        name: {"value": top / base if base > 0 else math.nan, "numerator": top, "denominator": base, "n": len(ranked)}
        for name, (top, base) in pairs.items()
    }
