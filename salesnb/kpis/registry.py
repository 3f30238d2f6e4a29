"""What may be asked of a KPI: its value for a period, what changed, the rows behind it, and how two of them differ.

A KPI is a function ``(book, period) -> Measure`` in the :mod:`salesnb.kpis.catalogue`; all of this follows from that
one measure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from salesnb.data import findings, memo
from salesnb.data.contract import CONTRACT
from salesnb.errors import NeedsData, UnknownKpi
from salesnb.kpis.catalogue import FAMILIES, Better, Kpi, Unit, all_kpis, find, kpi, load, shared
from salesnb.kpis.intervals import difference_interval
from salesnb.kpis.measure import Measure, behind, evaluate

if TYPE_CHECKING:
    from salesnb.data.book import Book
    from salesnb.periods import Period

__all__ = [
    "COLUMNS",
    "FAMILIES",
    "Better",
    "Kpi",
    "Unit",
    "all_kpis",
    "compare",
    "compute",
    "difference",
    "find",
    "is_additive",
    "kpi",
    "load",
    "rows_behind",
    "shared",
]

_OURS = "salesnb."
"""Where definitions are from that are the same in every kernel; one that a notebook makes is its own."""
COLUMNS = (
    "id",
    "variant",
    "period",
    "segment",
    "value",
    "numerator",
    "denominator",
    "n",
    "low",
    "high",
    "unit",
    "status",
    "reason",
)


def compute(
    book: Book, kpi: Kpi | str, period: Period, *, by: str | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Compute one KPI for one period, for the whole or for each segment.

    Parameters
    ----------
    by
        A name of :data:`salesnb.kpis.dimensions.DIMENSIONS`; a table KPI's own where it is None.

    Returns
    -------
    pandas.DataFrame
        ``id, variant, period, segment, value, numerator, denominator, n, low, high, unit, status, reason``. Status:
        ``ok``; ``na`` (no value, and why); ``immature`` (the value may still change: the period is not over, or the
        measure says why); ``needs`` (one row, with what the source does not give).

    Raises
    ------
    UnknownKpi, ParameterError
        No KPI or no dimension has that name.
    """
    entry = find(kpi) if isinstance(kpi, str) else kpi
    if not entry.measure.__module__.startswith(_OURS):
        return _computed(book, entry, period, by, confidence)
    key = (entry.name, str(period), period.start, period.end, period.fiscal_year_start, by, confidence)
    return findings.found(book, "kpi", *key, make=lambda: _computed(book, entry, period, by, confidence))


def _computed(book: Book, entry: Kpi, period: Period, by: str | None, confidence: float) -> pd.DataFrame:
    try:
        measure = _measure(book, entry, period)
        if period.start <= book.as_of or entry.is_forward:
            frame = evaluate(measure, book, by=by or entry.by, confidence=confidence)
        else:
            frame = _valueless("na", f"{period} begins after {book.as_of}, the last day known")
    except NeedsData as missing:
        frame = _valueless("needs", missing.what)
    else:
        frame = frame if len(frame) else _valueless("na", "no rows to count")
        why = measure.immature
        if not period.is_complete(book.as_of):
            why = f"{period} is not over on {book.as_of}" + (f"; {why}" if why else "")
        if why:
            known = list(zip(frame["status"], frame["reason"], strict=True))
            told = f"{why}; "
            frame["reason"] = [(told + reason if reason else why) if s == "ok" else reason for s, reason in known]
            frame["status"] = ["immature" if status == "ok" else status for status, _reason in known]
    named = {"id": entry.id, "variant": entry.variant, "period": str(period), "unit": entry.unit}
    return pd.DataFrame({name: named[name] if name in named else frame[name].to_numpy() for name in COLUMNS})


def compare(
    book: Book, kpi: Kpi | str, period: Period, *, by: str | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Set a KPI against the previous period and the same period a year before.

    Returns
    -------
    pandas.DataFrame
        The columns of :func:`compute` and ``previous, change, change_relative, change_low, change_high, year_ago,
        change_yoy, change_yoy_relative, change_yoy_low, change_yoy_high``: ``change`` is value - previous,
        ``change_relative`` is change / previous (NaN where previous is not above 0), ``change_low`` and
        ``change_high`` the change's interval where both values have one. Segments that had rows in one of the periods
        only are there too, at the end; a total or a count is 0 where they had none, unless the whole earlier period
        has none: then there is nothing to compare with, and all are NaN.
    """
    entry = find(kpi) if isinstance(kpi, str) else kpi
    periods = {"previous": period.previous, "year_ago": period.year_ago}
    earlier = {name: compute(book, entry, other, by=by, confidence=confidence) for name, other in periods.items()}
    additive = {name: is_additive(book, entry, other) for name, other in periods.items()}
    frame = _with_vanished(compute(book, entry, period, by=by, confidence=confidence), earlier, any(additive.values()))
    for name, change in (("previous", "change"), ("year_ago", "change_yoy")):
        before = earlier[name].set_index(earlier[name]["segment"].astype(object))
        lined = before[["value", "low", "high", "n"]].reindex(frame["segment"]).reset_index(drop=True)
        value = lined["value"]
        if additive[name]:
            value = value.mask(lined["n"].isna(), 0.0) if before["n"].sum() > 0 else value * np.nan
        low, high = difference_interval(
            (frame["value"], frame["low"], frame["high"]), (value, lined["low"], lined["high"])
        )
        frame[name], frame[change] = value, frame["value"] - value
        frame[f"{change}_relative"] = frame[change] / value.where(value > 0)
        frame[f"{change}_low"], frame[f"{change}_high"] = low, high
    return frame


def _with_vanished(frame: pd.DataFrame, earlier: Mapping[str, pd.DataFrame], is_additive: bool) -> pd.DataFrame:
    """Add the segments that had rows before and have none now, so that the changes of a total sum to its change."""
    if frame["segment"].isna().any():
        return frame
    known = {segment for before in earlier.values() for segment in before["segment"].dropna()}
    gone = sorted(known - set(frame["segment"]))
    if not gone:
        return frame
    status = "na" if not is_additive else "immature" if "immature" in set(frame["status"]) else "ok"
    rows = frame.iloc[[0] * len(gone)].assign(
        segment=gone,
        value=0.0 if is_additive else np.nan,
        numerator=0.0 if is_additive else np.nan,
        denominator=np.nan,
        n=0,
        low=np.nan,
        high=np.nan,
        status=status,
        reason="no rows in this period",
    )
    return pd.concat([frame, rows], ignore_index=True)


def rows_behind(
    book: Book, kpi: Kpi | str, period: Period, *, by: str | None = None, segment: str | None = None
) -> ir.Table:
    """Return the rows that a KPI's value was computed from: see :func:`salesnb.kpis.measure.behind`.

    Raises
    ------
    NeedsData
        The source does not give what the KPI needs.
    """
    entry = find(kpi) if isinstance(kpi, str) else kpi
    return behind(_measure(book, entry, period), book, segment, by or (entry.by if segment is not None else None))


def difference(book: Book, kpi_a: Kpi | str, kpi_b: Kpi | str, period: Period) -> ir.Table:
    """Return the rows that make two KPIs or variants differ.

    Returns
    -------
    ibis Table
        The key that both have rows of; ``only_in`` (the KPI that counts the row, or that counts it as a success where
        both count it; null where both do, by other amounts), ``differs_in`` ("denominator" where one does not count
        the row at all, else "numerator"), and ``numerator_a, denominator_a, numerator_b, denominator_b``.

    Raises
    ------
    UnknownKpi
        The two have no key in common: their rows are not of one kind.
    """
    a, b = (find(k) if isinstance(k, str) else k for k in (kpi_a, kpi_b))
    left, right = rows_behind(book, a, period), rows_behind(book, b, period)
    keys = {"order_id", *(c.key for c in CONTRACT.values() if c.key)} & set(left.columns) & set(right.columns)
    shared = [name for name in left.columns if name in keys]
    # Rows of deals or orders also say whose they are: that is a key only where it is the rows' own.
    key = next((name for name in shared if name not in ("account_id", "rep_id")), next(iter(shared), None))
    if key is None:
        raise UnknownKpi(
            f"{a.name} and {b.name} are not made of rows of one kind",
            where=f"{a.grain} and {b.grain}",
            mend="compare two variants of one KPI",
        )
    sides = []
    for side, rows in (("a", left), ("b", right)):
        rows = rows.filter(rows[key].notnull())
        summed = rows.group_by(**{f"key_{side}": rows[key]}).aggregate(
            **{f"numerator_{side}": rows["_numerator"].sum(), f"denominator_{side}": rows["_denominator"].sum()}
        )
        sides.append(summed)
    both = sides[0].outer_join(sides[1], [("key_a", "key_b")])
    in_a, in_b = both["key_a"].notnull(), both["key_b"].notnull()
    top_a, top_b = both["numerator_a"], both["numerator_b"]
    name_a, name_b, neither = ibis.literal(a.name), ibis.literal(b.name), ibis.null("string")
    success = ibis.cases((top_b == 0, name_a), (top_a == 0, name_b), else_=neither)
    told = both.mutate(
        only_in=ibis.cases((in_a & in_b, success), (in_a, name_a), else_=name_b),
        differs_in=(in_a & in_b).ifelse("numerator", "denominator"),
        **{key: ibis.coalesce(both["key_a"], both["key_b"])},
    )
    same = in_a & in_b & (top_a == top_b) & (both["denominator_a"] == both["denominator_b"])
    numbers = ("numerator_a", "denominator_a", "numerator_b", "denominator_b")
    return told.filter(~same.fill_null(False)).select(key, "only_in", "differs_in", *numbers).order_by(key)


def _valueless(status: str, reason: str) -> pd.DataFrame:
    nothing = dict.fromkeys(("value", "numerator", "denominator", "low", "high"), np.nan)
    return pd.DataFrame([{"segment": None, "n": 0, "status": status, "reason": reason, **nothing}])


def _measure(book: Book, entry: Kpi, period: Period) -> Measure:
    for need in entry.needs:
        choices = need.split("|")
        if not any(book.gives(choice) for choice in choices):
            if len(choices) == 1:
                book.require(need)
            either = " or ".join(choices)
            mend = "map one of them in the source's mapping file"
            why = book.rejected_words(*choices)
            raise NeedsData(f"needs {either}{why}", where=book.name, mend=mend, needs=either)
    return memo.value(book, "measure", entry, period, make=lambda: entry.measure(book, period))


def is_additive(book: Book, entry: Kpi, period: Period) -> bool:
    """Tell whether a KPI of no rows is 0 rather than nothing: a total or a count."""
    try:
        return _measure(book, entry, period).is_additive
    except NeedsData:
        return False
