"""The queries of a measure: the sums of its rows by segment, and the values that bound its quantile."""

from __future__ import annotations

from typing import Literal, TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from salesnb.kpis.intervals import Bounds, quantile_ranks

Spread: TypeAlias = Literal["none", "mean", "ratio"]
ALL = "(all)"
"""The segment of rows that are not split."""


def counted(rows: ir.Table) -> ir.BooleanValue:
    """Tell which rows count: those whose numerator and denominator are known."""
    known: ir.BooleanValue = rows["_numerator"].notnull() & rows["_denominator"].notnull()
    return known


def sums_by_segment(rows: ir.Table, *, spread: Spread, q: float | None, is_whole: bool) -> pd.DataFrame:
    """Run the one query of a measure.

    Parameters
    ----------
    rows
        ``segment, _numerator, _denominator``, and ``_left_out`` where rows are left out on purpose.
    spread
        Which variances the interval needs: none, those of a mean, or those of a ratio.
    q
        Which quantile is wanted, if any.
    is_whole
        Whether all rows are one segment, which then has a row even if there are none.

    Returns
    -------
    pandas.DataFrame
        The sums that :func:`salesnb.kpis.estimates.from_sums` takes, all as floats; money is summed as decimals.
    """
    is_counted = counted(rows)
    top, bottom = rows["_numerator"].cast("float64"), rows["_denominator"].cast("float64")
    wanted = {
        "n": is_counted.cast("int32").sum(),
        "unknown": (~is_counted).cast("int32").sum(),
        "numerator": rows["_numerator"].sum(where=is_counted).cast("float64"),
        "denominator": rows["_denominator"].sum(where=is_counted).cast("float64"),
    }
    if spread != "none":
        wanted["s_yy"] = top.var(where=is_counted, how="sample")
    if spread == "ratio":
        wanted["s_xx"] = bottom.var(where=is_counted, how="sample")
        wanted["s_xy"] = top.cov(bottom, where=is_counted, how="sample")
    if q is not None:
        wanted["value"] = top.quantile(q, where=is_counted)
    if "_left_out" in rows.columns:
        wanted["left_out"] = rows["_left_out"].cast("int32").sum()
    query = rows.aggregate(**wanted) if is_whole else rows.group_by("segment").aggregate(**wanted)
    found = query.execute()
    sums = pd.DataFrame({name: pd.to_numeric(found[name]).astype("float64") for name in wanted})
    sums["segment"] = ALL if is_whole else found["segment"].astype(object)
    return sums


def quantile_bounds(rows: ir.Table, sums: pd.DataFrame, q: float, confidence: float) -> Bounds:
    """Fetch the two order statistics that bound each segment's quantile, in the order of ``sums``.

    The ranks follow from each segment's n alone, so that the query names sizes and ranks, never a segment. NaN where
    a segment is too small for that bound.
    """
    sizes = sums["n"].fillna(0).astype("int64")
    lower, upper = quantile_ranks(sizes, q, confidence)
    pairs = [(sizes, lower), (sizes, upper)]
    wanted = sorted({(int(n), int(rank)) for ns, ranks in pairs for n, rank in zip(ns, ranks, strict=True) if rank})
    if not wanted:
        return np.full(len(sums), np.nan), np.full(len(sums), np.nan)
    known = rows.filter(counted(rows))
    known = known.select("segment", value=known["_numerator"].cast("float64"))
    ranked = known.mutate(
        size=known.count().over(ibis.window(group_by="segment")),
        place=ibis.row_number().over(ibis.window(group_by="segment", order_by="value")) + 1,
    )
    hits = [(ranked["size"] == n) & (ranked["place"] == rank) for n, rank in wanted]
    found = ranked.filter(ibis.or_(*hits)).select("segment", "place", "value").execute()
    values = {(s, int(p)): float(v) for s, p, v in zip(found["segment"], found["place"], found["value"], strict=True)}
    low = [values.get((s, int(rank)), np.nan) for s, rank in zip(sums["segment"], lower, strict=True)]
    high = [values.get((s, int(rank)), np.nan) for s, rank in zip(sums["segment"], upper, strict=True)]
    return np.array(low), np.array(high)
