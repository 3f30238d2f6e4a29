"""The queries of a measure: the sums of its rows by segment, and the values that bound its quantile."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesnb.kpis.answers import columns_over
from salesnb.kpis.intervals import Bounds, quantile_ranks

if TYPE_CHECKING:
    from salesnb.data.book import Book

Sums: TypeAlias = NDArray[Any]
Spread: TypeAlias = Literal["none", "mean", "ratio"]
ALL = "(all)"
"""The segment of rows that are not split."""
_SIZE = 3_000_000_000


def counted(rows: ir.Table) -> ir.BooleanValue:
    """Tell which rows count: those whose numerator and denominator are known."""
    known: ir.BooleanValue = rows["_numerator"].notnull() & rows["_denominator"].notnull()
    return known


def sums_by_segment(book: Book, rows: ir.Table, *, spread: Spread, q: float | None, is_whole: bool) -> pd.DataFrame:
    """Run the one query of a measure.

    Parameters
    ----------
    book
        The book that the rows are of.
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
    return pd.DataFrame(sums_of(book, rows, spread=spread, q=q, is_whole=is_whole))


def sums_of(book: Book, rows: ir.Table, *, spread: Spread, q: float | None, is_whole: bool) -> dict[str, Sums]:
    """Return the columns of :func:`sums_by_segment` by name.

    Parameters
    ----------
    book, rows, spread, q
        As there.
    is_whole
        Whether it is the sums of all rows, which need no ``segment`` then.
    """
    wanted = ["n", "unknown", "numerator", "denominator"]
    wanted += {"none": [], "mean": ["s_yy"], "ratio": ["s_yy", "s_xx", "s_xy"]}[spread]
    wanted += ["value"] * (q is not None) + ["left_out"] * ("_left_out" in rows.columns)

    def query(rows: ir.Table, _listed: Sequence[int]) -> ir.Table:
        is_counted = counted(rows)
        top, bottom = rows["_numerator"].cast("float64"), rows["_denominator"].cast("float64")
        made: dict[str, Callable[[], ir.Value]] = {
            "n": lambda: is_counted.cast("int32").sum(),
            "unknown": lambda: (~is_counted).cast("int32").sum(),
            "numerator": lambda: rows["_numerator"].sum(where=is_counted).cast("float64"),
            "denominator": lambda: rows["_denominator"].sum(where=is_counted).cast("float64"),
            "s_yy": lambda: top.var(where=is_counted, how="sample"),
            "s_xx": lambda: bottom.var(where=is_counted, how="sample"),
            "s_xy": lambda: top.cov(bottom, where=is_counted, how="sample"),
            "value": lambda: top.quantile(q, where=is_counted),
            "left_out": lambda: rows["_left_out"].cast("int32").sum(),
        }
        metrics = {name: made[name]() for name in wanted}
        return rows.aggregate(**metrics) if is_whole else rows.group_by("segment").aggregate(**metrics)

    found = columns_over(book, rows, query, "sums", spread, q, is_whole)
    sums: dict[str, Sums] = {
        name: np.array([math.nan if v is None or v != v else float(v) for v in found[name]], dtype="float64")
        for name in wanted
    }
    segments = np.empty(len(sums["n"]), dtype=object)
    segments[:] = [ALL] * len(segments) if is_whole else found["segment"]
    return sums | {"segment": segments}


def quantile_bounds(book: Book, rows: ir.Table, sums: Mapping[str, Sums], q: float, confidence: float) -> Bounds:
    """Fetch the two order statistics that bound each segment's quantile, in the order of ``sums``.

    The ranks follow from each segment's n alone, so that the query names sizes and ranks, never a segment. NaN where
    a segment is too small for that bound.
    """
    sizes = np.nan_to_num(np.asarray(sums["n"], dtype="float64")).astype("int64")
    lower, upper = quantile_ranks(sizes, q, confidence)
    pairs = [(sizes, lower), (sizes, upper)]
    wanted = sorted({(int(n), int(rank)) for ns, ranks in pairs for n, rank in zip(ns, ranks, strict=True) if rank})
    if not wanted:
        return np.full(len(sizes), np.nan), np.full(len(sizes), np.nan)

    def query(rows: ir.Table, listed: Sequence[int]) -> ir.Table:
        known = rows.filter(counted(rows)).select("segment", value=rows["_numerator"].cast("float64"))
        ranked = known.mutate(
            size=known.count().over(ibis.window(group_by="segment")),
            place=ibis.row_number().over(ibis.window(group_by="segment", order_by="value")) + 1,
        )
        # A size and a rank in one number: a condition on each pair takes long to write.
        is_wanted = (ranked["size"] * _SIZE + ranked["place"]).isin(listed)
        return ranked.filter(is_wanted).select("segment", "place", "value")

    found = columns_over(book, rows, query, "bounds", listed=[n * _SIZE + rank for n, rank in wanted])
    values = {(s, int(p)): float(v) for s, p, v in zip(found["segment"], found["place"], found["value"], strict=True)}
    low = [values.get((s, int(rank)), np.nan) for s, rank in zip(sums["segment"], lower, strict=True)]
    high = [values.get((s, int(rank)), np.nan) for s, rank in zip(sums["segment"], upper, strict=True)]
    return np.array(low), np.array(high)
