"""Comparison: a KPI now, before and a year ago, and whether the change can be told from chance.

The change of a rate, a mean or a median has the interval that follows from theirs; the change of a sum that of two sums
of a random number of amounts.
"""

from __future__ import annotations

import datetime as dtm
import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import NormalDist
from types import MappingProxyType
from typing import Any

import ibis
import pandas as pd

from salesnb.data import findings
from salesnb.data.book import Book
from salesnb.data.memo import keeping
from salesnb.errors import PeriodError
from salesnb.kpis import intervals, registry
from salesnb.periods import Period

# KPIs of rows that belong to a period by their date alone, so that one query by month or quarter gives many periods.
# The mean of an order is not among them: an order sold in one quarter and returned in the next has rows in both.
_BY_DATE = (
    "revenue.booked",
    "revenue.net",
    "win_rate.closed",
    "average_deal_size.mean",
    "sales_cycle_days.median",
    "gross_margin.ratio",
    "average_deal_size.median",
    "sales_cycle_days.mean",
    "time_to_close_days.median",
    "time_to_close_days.won",
    "quote_turnaround_days.median",
    "quote_error_rate.ratio",
    "quota_attainment.booked",
    "target_achievement.value",
    "profit.company",
)

# Sums of what happened in a period: separate happenings, so that chance moves them from period to period. What stands
# at the end of a period (pipeline, mrr) is mostly the same things twice, and is not judged this way.
_HAPPENINGS = ("revenue.booked", "revenue.net")


class Values:
    """The values of KPIs over one book, each computed once however often it is asked for.

    Parameters
    ----------
    book
        The book; its tables are put into the engine's memory once where that is DuckDB, because the view of a book
        as of a date costs more than most KPIs.
    confidence
        The level of the intervals.
    """

    def __init__(self, book: Book, confidence: float = 0.95) -> None:
        self.book = keeping(_held(book))
        self.confidence = confidence
        self._frames: dict[tuple[str, Period, str | None], pd.DataFrame] = {}
        self._records: dict[tuple[str, Period], dict[str, Any]] = {}
        self._errors: dict[tuple[str, Period], float] = {}

    def frame(self, name: str, period: Period, by: str | None = None) -> pd.DataFrame:
        """Return what ``registry.compute`` gives for a KPI."""
        key = (name, period, by)
        if key not in self._frames:
            self._frames[key] = registry.compute(self.book, name, period, by=by, confidence=self.confidence)
        return self._frames[key]

    def one(self, name: str, period: Period) -> dict[str, Any]:
        """Return a KPI's whole as one record; a KPI that only comes in segments gives the sum of its n and no value."""
        if (name, period) not in self._records:
            self._records[name, period] = self._record(name, period)
        return dict(self._records[name, period])

    def _record(self, name: str, period: Period) -> dict[str, Any]:
        frame = self.frame(name, period)
        is_table = registry.find(name).by is not None and not (frame["status"] == "needs").any()
        if is_table:
            nothing = dict.fromkeys(("value", "numerator", "denominator", "low", "high"), math.nan)
            why = "it has a value in each part and none of the whole"
            return {**nothing, "segment": None, "n": int(frame["n"].sum()), "status": "table", "reason": why}
        return {str(name): frame[name].tolist()[0] for name in frame}

    def prefetch(self, name: str, periods: Sequence[Period]) -> None:
        """Compute a KPI for many periods at once where that can be done, for :meth:`one` to find.

        Parameters
        ----------
        periods
            Consecutive whole periods that are over. Those without rows are left to be computed by themselves.
        """
        grains = {period.grain for period in periods}
        if name not in _BY_DATE or len(periods) < 2 or len(grains) > 1 or not grains <= {"month", "quarter"}:
            return
        if grains == {"quarter"} and self.book.fiscal_year_start != periods[0].fiscal_year_start:
            return
        span, grain = Period.parse(f"{periods[0].start}..{periods[-1].last_day}"), grains.pop()
        frame = registry.compute(self.book, name, span, by=grain, confidence=self.confidence)
        known = frame[frame["status"].isin(["ok", "na"])]
        places = {_span(label, periods[0].fiscal_year_start): i for i, label in enumerate(known["segment"])}
        squares = self._squares(name, span, grain) if name in _HAPPENINGS and len(known) else {}
        found_squares = {_span(label, periods[0].fiscal_year_start): square for label, square in squares.items()}
        for period in periods:
            place = places.get((period.start, period.end))
            if place is not None:
                rows = known.iloc[[place]].assign(segment=None, period=str(period))
                self._frames.setdefault((name, period, None), rows)
                self._errors.setdefault((name, period), found_squares.get((period.start, period.end), 0.0) ** 0.5)

    def chance_error(self, name: str, period: Period) -> float:
        """Return by how much a sum or count of happenings would vary by chance: its standard error.

        Formula: the root of the sum of the squared amounts, deal by deal or order by order, which estimates the
        standard deviation of a sum of a Poisson number of independent amounts. NaN for a KPI that is not such a sum.
        """
        if name not in _HAPPENINGS or self.one(name, period)["status"] == "needs":
            return math.nan
        key = (name, period)
        if key not in self._errors:
            self._errors[key] = self._squares(name, period, None).get("", 0.0) ** 0.5
        return self._errors[key]

    def _squares(self, name: str, period: Period, by: str | None) -> dict[str, float]:
        """Sum the squared amounts of deals or orders, for the whole period (named "") or each segment."""
        key = (name, period.start, period.end, by)
        return findings.found(self.book, "squares", *key, make=lambda: self._squared(name, period, by))

    def _squared(self, name: str, period: Period, by: str | None) -> dict[str, float]:
        rows = registry.rows_behind(self.book, name, period, by=by)
        unit = "order_id" if "order_id" in rows.columns else "opportunity_id"
        segment = rows["segment"] if by is not None else ibis.literal("")
        amounts = rows.group_by(segment=segment, unit=ibis.coalesce(rows[unit], "")).aggregate(
            amount=rows["_numerator"].sum()
        )
        found = amounts.group_by("segment").aggregate(squares=amounts["amount"].pow(2).sum()).execute()
        return {str(s): float(v) for s, v in zip(found["segment"], found["squares"], strict=True)}


def _span(label: Any, fiscal_year_start: int) -> tuple[dtm.date, dtm.date] | None:
    """Return the first day and the day after the last of a segment of the dimension month or quarter."""
    try:
        named = Period.parse(str(label), fiscal_year_start)
    except PeriodError:
        return None
    return named.start, named.end


def change(values: Values, name: str, period: Period, other: Period) -> dict[str, Any]:
    """Compare a KPI between two periods.

    Returns
    -------
    dict
        ``value`` of the other period, ``change`` (now - then), ``relative`` (change / then, where then is above 0),
        ``low, high`` (the interval of the change; NaN where there is none) and ``is_real``: True where the interval
        leaves out 0, False where it does not, None where there is no interval.

    Notes
    -----
    Rates, means and medians: from the interval each has (Zou and Donner 2008; for rates Newcombe 1998). Sums of what
    happened in the periods: from :meth:`Values.chance_error`, as two independent sums.
    """
    now, then = values.one(name, period), values.one(name, other)
    nothing: dict[str, Any] = {
        "value": math.nan,
        "change": math.nan,
        "relative": math.nan,
        "low": math.nan,
        "high": math.nan,
        "is_real": None,
    }
    if _missing(then["value"]) or then["status"] == "needs":
        return nothing
    nothing["value"] = float(then["value"])
    if _missing(now["value"]):
        return nothing
    after, before = float(now["value"]), float(then["value"])
    low, high = math.nan, math.nan
    if not _missing(now["low"]) and not _missing(then["low"]):
        bounds = intervals.difference_interval((after, now["low"], now["high"]), (before, then["low"], then["high"]))
        low, high = float(bounds[0]), float(bounds[1])
    else:
        error = math.hypot(values.chance_error(name, period), values.chance_error(name, other))
        if error > 0:
            half = NormalDist().inv_cdf((1 + values.confidence) / 2) * error
            low, high = after - before - half, after - before + half
    return {
        "value": before,
        "change": after - before,
        "relative": after / before - 1 if before > 0 else math.nan,
        "low": low,
        "high": high,
        "is_real": None if _missing(low) or _missing(high) else bool(low > 0 or high < 0),
    }


def _missing(value: Any) -> bool:
    return value is None or value != value


def _held(book: Book) -> Book:
    """Keep the book's tables in DuckDB's memory; other engines have their own way with views."""
    if not book.tables:
        return book
    backend = next(iter(book.tables.values())).get_backend()
    if backend.name != "duckdb":
        return book
    held = {}
    for name, table in book.tables.items():
        is_plain = type(table.op()).__name__ in ("DatabaseTable", "InMemoryTable")
        held[name] = table if is_plain else backend.create_table(ibis.util.gen_name(name), table, temp=True)
    same = replace(book, tables=MappingProxyType(held))
    object.__setattr__(same, "mark", book.mark)
    return same
