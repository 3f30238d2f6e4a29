"""Measure: a table of rows and how to aggregate them; from it come the value, its parts, its interval and its rows.

The constructors take Ibis rows and columns of them (a column, a name, or ``ibis._`` deferred)::

    total(rows, value)                       sum of the value; money is summed as exact decimals
    count(rows, condition)                   number of rows, of those where the condition holds
    ratio(rows, numerator, denominator)      sum of numerators / sum of denominators over the same rows;
                                             of booleans: the share of the rows where it is true
    mean(rows, value)                        mean of the value
    quantile(rows, value, q)                 the q-quantile, interpolated between neighbours
    quotient(top, bottom)                    one measure divided by another
    formula(parts, compute)                  any function of measures
    estimate(rows, by)                       any function of the rows, segment by segment

A row whose numerator or denominator is null is unknown and is not counted. A total or a count over no rows is 0;
everything else over no rows is "n/a", never 0 and never an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pandas as pd

from salesnb.kpis import estimates
from salesnb.kpis.dimensions import carried, with_dimension
from salesnb.kpis.estimates import Compute, How
from salesnb.kpis.sums import ALL, Spread, quantile_bounds, sums_of

if TYPE_CHECKING:
    from salesnb.data.book import Book

Estimator: TypeAlias = Callable[[ir.Table, float], pd.DataFrame]
_PARTS = ("_numerator", "_denominator", "_left_out")


@dataclass(frozen=True)
class Measure:
    """A table of rows and how to aggregate them.

    Attributes
    ----------
    how
        The aggregation.
    rows
        One row for each unit counted, with ids and the columns that segments come from, and ``_numerator`` and
        ``_denominator``; ``None`` for a measure made of others.
    is_binary
        Whether a ratio is a share of rows, so that its interval is Wilson's.
    q
        Which quantile, between 0 and 1.
    parts
        The measures that a quotient or a formula is made of, by name.
    compute
        From a frame of the parts' values, one column a part, to the values.
    estimator
        From rows with a text column ``segment`` and the confidence to the values: see :func:`estimate`.
    left_out
        Why some rows are left out; with it, ``rows`` has a boolean ``_left_out``.
    immature
        Why the value may still change; empty where it may not.
    note
        What a reader has to know about the value.
    """

    how: How
    rows: ir.Table | None = None
    is_binary: bool = False
    q: float = 0.5
    parts: Mapping[str, Measure] = field(default_factory=lambda: MappingProxyType({}))
    compute: Compute | None = None
    estimator: Estimator | None = None
    left_out: str = ""
    immature: str = ""
    note: str = ""

    @property
    def is_additive(self) -> bool:
        """Whether the value over no rows is 0, and segments sum to the whole."""
        return self.how in ("total", "count")

    def leaving_out(self, condition: Any, because: str) -> Measure:
        """Return this measure without the rows where a condition holds; their number is told in the reason.

        Parameters
        ----------
        condition
            A boolean column of the rows; null counts as false.
        because
            What the rows have in common: ``"closed before they were created"``.
        """
        rows = _own_rows(self)
        out = _column(rows, condition).fill_null(False)
        if self.left_out:
            raise ValueError(f"rows are already left out: {self.left_out}")
        rows = rows.mutate(_left_out=out, _numerator=out.ifelse(ibis.null(), rows["_numerator"]))
        return replace(self, rows=rows, left_out=because)

    def saying(self, note: str = "", *, immature: str = "") -> Measure:
        """Return this measure with a note to the reader, or with the reason why its value may still change."""
        return replace(self, note=note or self.note, immature=immature or self.immature)


def total(rows: ir.Table, value: Any) -> Measure:
    """Sum a column; n is the number of rows that have a value."""
    return Measure("total", _with_parts(rows, _column(rows, value)))


def count(rows: ir.Table, condition: Any = None) -> Measure:
    """Count the rows, or those where a condition holds."""
    kept = rows if condition is None else rows.filter(_column(rows, condition))
    return Measure("count", _with_parts(kept, ibis.literal(1, "int64")))


def ratio(rows: ir.Table, numerator: Any, denominator: Any = 1) -> Measure:
    """Divide the sum of one column by the sum of another, over the same rows.

    Of booleans: the share of the rows where ``denominator`` holds in which ``numerator`` holds too. The numerator
    and the denominator must both be known in a row, else it is not counted.
    """
    one = ibis.literal(1, "int64")
    counts_rows = isinstance(denominator, int) and denominator == 1
    top, bottom = _column(rows, numerator), one if counts_rows else _column(rows, denominator)
    is_share = top.type().is_boolean()
    is_binary = is_share and (counts_rows or bottom.type().is_boolean())
    if bottom.type().is_boolean():
        rows = rows.filter(bottom)
        top, bottom = _column(rows, numerator), one
    return Measure("ratio", _with_parts(rows, top.cast("int32") if is_share else top, bottom), is_binary=is_binary)


def mean(rows: ir.Table, value: Any) -> Measure:
    """Average a column over the rows that have a value."""
    return Measure("mean", _with_parts(rows, _column(rows, value)))


def quantile(rows: ir.Table, value: Any, q: float = 0.5) -> Measure:
    """Find the q-quantile of a column over the rows that have a value: ``(1-f)·x[i] + f·x[i+1]`` at ``(n-1)·q``."""
    return Measure("quantile", _with_parts(rows, _column(rows, value)), q=q)


def quotient(
    top: Measure,
    bottom: Measure,
    *,
    minus: float = 0.0,
    at_zero: Literal["na", "zero"] = "na",
    named: tuple[str, str] = ("the numerator", "the denominator"),
) -> Measure:
    """Divide one measure by another, less a constant: ``top / bottom - minus``.

    Parameters
    ----------
    minus
        1 for growth and for return on cost.
    at_zero
        What the value is where the bottom is 0: "na", or "zero". Below 0 it is "na": a ratio to a negative base
        misleads.
    named
        What the reader is told the two are.
    """
    over, under = named

    def divide(values: pd.DataFrame) -> pd.Series[float]:
        base = values[under]
        result = values[over] / base.where(base > 0) - minus
        return result.mask((base == 0) & values[over].notna(), 0.0) if at_zero == "zero" else result

    return Measure("quotient", parts=MappingProxyType({over: top, under: bottom}), compute=divide)


def formula(parts: Mapping[str, Measure], compute: Compute) -> Measure:
    """Compute a value from other measures, segment by segment; n is the first part's.

    A segment that a part has no rows in takes the value of that part over no rows: 0 for a total or a count, and
    "n/a" for the rest. ``compute`` gets a frame with one float column a part (NaN is "n/a") and returns the values;
    what is NaN or infinite in them is "n/a".
    """
    return Measure("formula", parts=MappingProxyType(dict(parts)), compute=compute)


def estimate(rows: ir.Table, estimator: Estimator) -> Measure:
    """Compute a value from the rows of a segment by a method of its own.

    Parameters
    ----------
    rows
        One row for each unit counted.
    estimator
        Called with the rows, which have a text column ``segment`` (one segment, ``"(all)"``, for the whole), and
        the confidence of intervals; returns ``segment, value, n`` and, where it has them, ``numerator,
        denominator, low, high`` and ``reason``, one row a segment. It aggregates in Ibis before it computes.
    """
    return Measure("estimate", _with_parts(rows, ibis.literal(1, "int64")), estimator=estimator)


def evaluate(measure: Measure, book: Book, *, by: str | None = None, confidence: float = 0.95) -> pd.DataFrame:
    """Compute a measure's value, for the whole or for each segment.

    Returns
    -------
    pandas.DataFrame
        ``segment`` (None where ``by`` is None), ``value, numerator, denominator`` (float, NaN where there is none),
        ``n`` (rows counted), ``low, high`` (the interval, NaN where there is none), ``status`` ("ok" or "na") and
        ``reason`` (text, may be empty); one row for the whole, or one a segment that has rows, in the order of the
        segments' names with ``"(none)"`` last.

    Raises
    ------
    ParameterError
        No dimension is called ``by``.
    NeedsData
        The measure's rows do not carry that dimension.
    """
    return estimates.framed(_columns(measure, book, by, confidence), is_whole=by is None)


def _columns(measure: Measure, book: Book, by: str | None, confidence: float) -> dict[str, Any]:
    """Return the columns of :func:`evaluate` by name, in any order of the segments."""
    if measure.compute is not None:
        found = {name: _columns(part, book, by, confidence) for name, part in measure.parts.items()}
        additive = {name for name, part in measure.parts.items() if part.is_additive}
        made = estimates.columns_from_parts(found, additive, measure.compute, is_quotient=measure.how == "quotient")
    elif measure.estimator is not None:
        rows = _own_rows(measure)
        rows = rows.mutate(segment=ibis.literal(ALL)) if by is None else with_dimension(book, rows, by)
        frame = estimates.from_estimator(measure.estimator(rows, confidence), is_whole=by is None)
        made = {str(name): column.to_numpy() for name, column in frame.items()}
    else:
        rows = _own_rows(measure)
        parts = [name for name in _PARTS if name in rows.columns]
        if by is None:
            rows = rows.select(*parts, **({"segment": ibis.literal(ALL)} if measure.how == "quantile" else {}))
        else:
            rows = with_dimension(book, rows.select(*dict.fromkeys((*carried(rows, by), *parts))), by)
        spread: Spread = measure.how if measure.how in ("mean", "ratio") and not measure.is_binary else "none"
        q = measure.q if measure.how == "quantile" else None
        sums = sums_of(book, rows, spread=spread, q=q, is_whole=by is None)
        made = estimates.columns_from_sums(
            sums,
            measure.how,
            is_binary=measure.is_binary,
            left_out=measure.left_out,
            bounds=None if q is None else quantile_bounds(book, rows, sums, q, confidence),
            confidence=confidence,
        )
    if measure.note:
        made["reason"] = ["; ".join(text for text in (reason, measure.note) if text) for reason in made["reason"]]
    return made


def behind(measure: Measure, book: Book, segment: str | None = None, by: str | None = None) -> ir.Table:
    """Return the rows that a value was computed from, those of one segment where one is named.

    A measure made of others gives the rows of all its parts, told apart by a column ``part``; a column that a part
    does not have is null in its rows. ``_numerator`` and ``_denominator`` are what each row adds.
    """
    if measure.parts:
        tables = {name: behind(part, book, segment, by) for name, part in measure.parts.items()}
        types = {name: kind for table in reversed(tables.values()) for name, kind in table.schema().items()}
        types = {name: types[name] for table in tables.values() for name in table.columns if name != "part"}
        labelled = [_labelled(table, name, types) for name, table in tables.items()]
        return ibis.union(*labelled) if len(labelled) > 1 else labelled[0]
    rows = _own_rows(measure)
    rows = rows.filter(rows["_numerator"].notnull() & rows["_denominator"].notnull())
    if by is not None:
        rows = with_dimension(book, rows, by)
        rows = rows if segment is None else rows.filter(rows["segment"] == segment)
    rows = rows.drop("_left_out") if measure.left_out else rows
    return rows.mutate(_numerator=rows["_numerator"].cast("float64"), _denominator=rows["_denominator"].cast("float64"))


def _labelled(rows: ir.Table, part: str, types: Mapping[str, dt.DataType]) -> ir.Table:
    """Return the rows of a part with its name, and with every column of any part."""
    label = ibis.literal(part)
    columns = {name: rows[name].cast(kind) if name in rows.columns else ibis.null(kind) for name, kind in types.items()}
    return rows.select(part=label + ": " + rows["part"] if "part" in rows.columns else label, **columns)


def _own_rows(measure: Measure) -> ir.Table:
    if measure.rows is None:
        raise ValueError(f"a {measure.how} has no rows of its own")
    return measure.rows


def _column(rows: ir.Table, value: Any) -> ir.Value:
    bound: ir.Value = rows.bind(value)[0]
    return bound


def _with_parts(rows: ir.Table, numerator: ir.Value, denominator: ir.Value | None = None) -> ir.Table:
    return rows.mutate(
        _numerator=numerator, _denominator=ibis.literal(1, "int64") if denominator is None else denominator
    )
