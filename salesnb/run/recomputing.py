"""Recomputing: a number of a past run once more, by the present code, on data and with parameters of past runs."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesnb.errors import SalesnbError, UnknownKpi
from salesnb.formats import is_missing
from salesnb.kpis.registry import find
from salesnb.periods import Period
from salesnb.run.copies import copy_of
from salesnb.run.diffing import Key, PastRun

if TYPE_CHECKING:
    from salesnb.analysis.comparison import Values
    from salesnb.data.book import Book


@dataclass(frozen=True)
class Value:
    """What a number is when it is computed again.

    Attributes
    ----------
    value
        The value; None where there is none.
    reason
        Why there is none.
    lost
        Why it cannot be computed at all.
    """

    value: float | None = None
    reason: str = ""
    lost: str = ""


@dataclass
class Copies:
    """The data that some runs kept, opened once, when it is asked for.

    Parameters
    ----------
    runs
        The runs; a copy is looked for among the reports of each.
    load
        How a copy is read; :func:`salesnb.data.stored.load` where it is None.
    """

    runs: tuple[PastRun, ...]
    load: Callable[[Path], Book] | None = None
    _books: dict[str, Book | str] = field(default_factory=dict, init=False)
    _values: dict[tuple[str, ...], Values] = field(default_factory=dict, init=False)

    def book(self, run: PastRun) -> Book | str:
        """Return the data that a run was made of, or why it is not there.

        Raises
        ------
        RefusedForSafety
            The copy is a link.
        """
        if run.fingerprint not in self._books:
            self._books[run.fingerprint] = self._opened(run)
        return self._books[run.fingerprint]

    def value(self, key: Key, data: PastRun, params: PastRun) -> Value:
        """Compute a number again.

        Parameters
        ----------
        key
            The number.
        data
            The run whose data to take.
        params
            The run whose as-of date, fiscal year and confidence to take.

        Raises
        ------
        RefusedForSafety
            The copy is a link.
        """
        id, variant, label, by, segment = key
        try:
            entry = find(f"{id}.{variant}")
        except UnknownKpi:
            return Value(lost=f"{id}.{variant} is not in the present catalogue")
        values = self._of(data, params)
        if isinstance(values, str):
            return Value(lost=values)
        try:
            period = Period.parse(label, values.book.fiscal_year_start)
            if by is None and segment is None:
                row = values.one(entry.name, period)
                return Value(None if is_missing(row["value"]) else float(row["value"]), str(row["reason"] or ""))
            frame = values.frame(entry.name, period, by)
            rows = frame[frame["segment"].isna() if segment is None else frame["segment"].astype(str) == segment]
            if len(rows):
                value = rows["value"].iloc[0]
                return Value(None if is_missing(value) else float(value), str(rows["reason"].iloc[0] or ""))
            is_needed = (frame["status"] == "needs").any()
            if not is_needed and entry.measure(values.book, period).is_additive:
                return Value(0.0)
            return Value(None, str(frame["reason"].iloc[0]) if is_needed else f"there is no such {by or 'segment'}")
        except SalesnbError as error:
            return Value(lost=f"it cannot be computed again: {error.what}")

    def _of(self, data: PastRun, params: PastRun) -> Values | str:
        """Return the KPIs of some data under some parameters, opened as :func:`salesnb.report.sheet.sheet` does."""
        from salesnb.analysis.comparison import Values
        from salesnb.data.history import as_known

        told = {name: params.params.get(name) for name in ("as_of", "fiscal_year_start", "confidence")}
        place = (data.fingerprint, *(str(value) for value in told.values()))
        if place in self._values:
            return self._values[place]
        book = self.book(data)
        if isinstance(book, str):
            return book
        try:
            start, confidence = int(told["fiscal_year_start"] or 1), float(told["confidence"] or 0.95)
            as_of = None if told["as_of"] is None else dtm.date.fromisoformat(str(told["as_of"]))
        except (TypeError, ValueError):
            return f"the parameters of the run of {params.ended} cannot be read"
        book = replace(book, fiscal_year_start=start)
        if as_of is not None and as_of != book.as_of:
            book = as_known(book, as_of)
        self._values[place] = Values(book, confidence)
        return self._values[place]

    def _opened(self, run: PastRun) -> Book | str:
        load: Any = self.load
        if load is None:
            from salesnb.data.stored import load
        which = f"the data of the run of {run.ended}"
        for root in dict.fromkeys(one.root for one in (run, *self.runs)):
            folder = copy_of(root, run.fingerprint)
            if folder is None:
                continue
            try:
                book: Book = load(folder)
            except SalesnbError as error:
                return f"{which} cannot be read: {error.what}"
            if book.fingerprint and book.fingerprint != run.fingerprint:
                return f"{which} is not what was kept under its name"
            return book
        return f"{which} is not kept any more, or was kept on another machine"
