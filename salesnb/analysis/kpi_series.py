"""A KPI as a series: its value in each day, week, month, quarter or year that is over, for the whole or by segment."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesnb.analysis.calendar import Records
from salesnb.data.book import Book
from salesnb.data.memo import keeping
from salesnb.errors import NeedsData, ParameterError, did_you_mean
from salesnb.forecast.frequency import MONTHS
from salesnb.kpis import registry
from salesnb.periods import Grain, Period

MOST = {"day": 730, "week": 156, "month": 84, "quarter": 40, "year": 20}
"""So many of the last steps at most."""
FREQUENCY = {"day": "D", "week": "W-SUN", "month": "MS", "quarter": "QS", "year": "YS"}
"""How the steps of a grain are written; quarters and years of a fiscal calendar have its month added."""


def kpi_series(book: Book, name: str, grain: Grain, *, by: str | None = None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Compute a KPI for every step that is over and covered by the records.

    Parameters
    ----------
    book, name
        The book, and the KPI: ``id`` or ``id.variant``.
    grain
        ``day``, ``week``, ``month``, ``quarter`` or ``year``; quarters and years are of the book's fiscal year.
    by
        The dimension of segments; None for the whole, and for a KPI that only comes in segments its own.

    Returns
    -------
    tuple
        ``id`` (the segment, or the KPI's name), ``ds`` (the first day of the step) and ``y``, one row a segment and
        step from the first that has a value; a total or a count is 0 where a segment had no row, anything else is
        empty. And what was left out, a sentence each: the last steps, as far as their value may still change.

    Raises
    ------
    UnknownKpi, ParameterError
        No KPI, dimension or grain has that name.
    NeedsData
        The source does not give what the KPI needs, or has no step that is over.
    """
    if grain not in FREQUENCY:
        known = list(FREQUENCY)
        raise ParameterError(f"{grain!r} is no length of step", where="grain", mend=did_you_mean(str(grain), known))
    entry, source = registry.find(name), keeping(book)
    steps = _steps(source, grain)
    frames = []
    for place, step in enumerate(steps):
        frame = registry.compute(source, entry, step, by=by)
        if (frame["status"] == "needs").any():
            why = str(frame["reason"].iloc[0])
            raise NeedsData(f"{name} {why}", where=book.name, mend="map it in the source", needs=why)
        frames.append(frame.assign(step=place))
    rows = pd.concat(frames, ignore_index=True)
    rows["id"] = [str(entry.id) if segment is None else str(segment) for segment in rows["segment"]]
    is_value = rows["status"].isin(["ok", "immature"]) & rows["value"].notna()
    notes, last = _mature(rows[is_value], steps)
    rows = rows[is_value & (rows["step"] <= last)]
    if rows.empty:
        raise NeedsData(f"{name} has no value in any step that is over", where=book.name, mend="take longer steps",
                        needs=name)  # fmt: skip
    wide = rows.pivot_table(index="step", columns="id", values="value", aggfunc="sum").reindex(range(last + 1))
    if registry.is_additive(source, entry, steps[last]):
        started = wide.notna().cummax()
        wide = wide.fillna(0.0).where(started)
    starts = pd.to_datetime([step.start for step in steps[: last + 1]])
    made = wide.set_axis(starts).rename_axis(index="ds").melt(ignore_index=False, var_name="id", value_name="y")
    made = made.reset_index().dropna(subset=["y"])[["id", "ds", "y"]]
    return made.sort_values(["id", "ds"], ignore_index=True), notes


def frequency(book: Book, grain: Grain) -> str:
    """Return how the steps of a grain are written, as :class:`salesnb.forecast.frequency.Frequency` reads them."""
    written = FREQUENCY[grain]
    if grain in ("quarter", "year") and book.fiscal_year_start != 1:
        written += f"-{MONTHS[book.fiscal_year_start - 1]}"
    return written


def _steps(book: Book, grain: Grain) -> tuple[Period, ...]:
    """Return the steps that are over and wholly covered by the records, oldest first."""
    now = Period.of(book.as_of, grain, book.fiscal_year_start)
    last = now if now.is_complete(book.as_of) else now.previous
    records = Records.of(book)
    steps = last.last(MOST[grain])
    covered = [step for step in steps if records.first_day is None or records.cover(step) == "whole"]
    if not covered:
        raise NeedsData(f"the records cover no {grain} that is over", where=book.name, mend="take shorter steps",
                        needs="a longer past")  # fmt: skip
    return tuple(covered)


def _mature(rows: pd.DataFrame, steps: tuple[Period, ...]) -> tuple[tuple[str, ...], int]:
    """Leave out the last steps whose value may still change; return what to say of it, and the last one that stays."""
    is_open = rows.groupby("step")["status"].agg(lambda each: (each == "immature").any())
    last = len(steps) - 1
    while last >= 0 and bool(is_open.get(last, np.False_)):
        last -= 1
    out = len(steps) - 1 - last
    if not out:
        return (), last
    if last < 0:
        return ("every value may still change",), len(steps) - 1
    few = f"the last step, {steps[-1]}, is" if out == 1 else f"the last {out} steps, from {steps[last + 1]} on, are"
    return (f"{few} left out: the value may still change",), last
