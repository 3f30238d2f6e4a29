"""Sheet: what a notebook talks to.

It checks the parameters, opens the book, shows what it is given and records the numbers.

::

    sheet = salesnb.sheet(period=period, source=source)
    card = scorecard(sheet.book, sheet.period, **sheet.options("by", "trend_periods", "confidence", "goals"))
    sheet.show(headlines(card))
    sheet.finish(card)

Where a run executes the notebook, the environment names a folder, and ``finish`` writes there what the notebook found.
In JupyterLab and under plain papermill there is no such folder, and nothing is written.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from salesnb import formats
from salesnb.data.findings import marked
from salesnb.data.history import as_known
from salesnb.data.opened import opened_book
from salesnb.kpis.definitions import definitions
from salesnb.params import Params
from salesnb.planning.pay_plan import read_plans
from salesnb.report.css import CSS
from salesnb.report.rows import Opening, rows

if TYPE_CHECKING:
    import datetime as dtm

    from salesnb.data.book import Book
    from salesnb.goals import Goal
    from salesnb.periods import Period

RESULTS_VARIABLE = "SALESNB_RESULTS_DIR"
NOTEBOOK_VARIABLE = "SALESNB_NOTEBOOK"


class Recordable(Protocol):
    """A result whose sentences and numbers can be recorded."""

    def headlines(self) -> list[str]:
        """Return the computed sentences."""
        ...

    def numbers(self) -> pd.DataFrame:
        """Return one row a number, with the columns of results.json that it has."""
        ...


class Showable(Protocol):
    """A finished chart, table or text, with the words that stand in for it."""

    @property
    def alt(self) -> str:
        """What a reader who does not see it needs."""
        ...


@dataclass(frozen=True)
class Sheet:
    """The parameters and the book of one notebook.

    Attributes
    ----------
    params
        The checked parameters.
    book
        The book, as it was known on the as-of date.
    goals
        The goals that the run is held against.
    """

    params: Params
    book: Book
    goals: tuple[Goal, ...]

    @cached_property
    def period(self) -> Period:
        """The period reported on."""
        return self.params.span

    def options(self, *names: str) -> dict[str, Any]:
        """Return the parameters that an analysis takes, under the names it takes them.

        Parameters
        ----------
        names
            ``by``, ``goals``, ``trend_periods``, ``confidence``, ``seed``, ``start`` and ``grain`` of cohorts; and of a
            plan ``plans`` (those of the file of pay plans), ``target``, ``scenarios`` and ``source``.

        Raises
        ------
        KeyError
            There is no option of that name.
        """
        known = {
            "by": self.params.segments,
            "goals": self.goals,
            "trend_periods": self.params.trend_periods,
            "confidence": self.params.confidence,
            "seed": self.params.seed,
            "start": self.params.cohort_start,
            "grain": self.params.cohort_grain,
            "target": self.params.target,
            "scenarios": self.params.scenarios,
            "source": self.params.source,
        }
        if "plans" in names:
            file = self.params.pay_file()
            known["plans"] = () if file is None else read_plans(file)
        return {name: known[name] for name in names}

    def show(self, *things: Showable | Iterable[Showable]) -> None:
        """Display charts, tables and texts, each with its words for those who do not see it."""
        from IPython.display import display

        for thing in things:
            for one in [thing] if hasattr(thing, "_repr_mimebundle_") else thing:  # type: ignore[union-attr]
                if not getattr(one, "alt", ""):
                    raise TypeError(f"{type(one).__name__} has no words that stand in for it: give it an alt text")
                display(one)  # type: ignore[no-untyped-call]

    def rows(self, *results: Opening, day: dtm.date | None = None) -> None:
        """Put the rows behind the numbers of results into the page, which opens them; once a notebook.

        Parameters
        ----------
        results
            All that the notebook shows and that has rows behind its numbers.
        day
            The day that the details are of; None: the last one of the period that is known.

        Raises
        ------
        ValueError
            Two numbers have one key.
        """
        self.show(rows(self.book, day or min(self.period.last_day, self.book.as_of), *results))

    def finish(self, *results: Recordable) -> None:
        """Record what the notebook found: headlines and every number, where a run asks for them.

        Raises
        ------
        StorageError
            The run's folder cannot be written to.
        """
        folder = os.environ.get(RESULTS_VARIABLE)
        if not folder:
            return
        name = os.environ.get(NOTEBOOK_VARIABLE) or "notebook"
        text = json.dumps(self.record(name, *results), ensure_ascii=False, allow_nan=False, indent=1)
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
            Path(folder, f"{name}.json").write_text(text + "\n", encoding="utf-8")
        except OSError as trouble:
            from salesnb.errors import StorageError

            raise StorageError(
                f"the results cannot be written: {trouble.strerror}", where=folder, mend="check its rights and its room"
            ) from trouble

    def record(self, notebook: str, *results: Recordable) -> dict[str, Any]:
        """Return what results.json holds of this notebook, as JSON types.

        Returns
        -------
        dict
            ``period, as_of, source, fingerprint, currency, notebook, headlines, numbers``, and ``definitions``: KPI
            name to the digest of what it is defined by.
        """
        numbers = [
            {"by": None} | {str(k): _plain(v) for k, v in row.items()}
            for result in results
            for row in result.numbers().to_dict("records")
        ]
        return {
            "period": str(self.period),
            "as_of": self.book.as_of.isoformat(),
            "source": self.book.name,
            "fingerprint": self.book.fingerprint,
            "currency": self.book.currency,
            "notebook": notebook,
            "headlines": [sentence for result in results for sentence in result.headlines()],
            "numbers": numbers,
            "definitions": definitions(f"{number.get('id')}.{number.get('variant')}" for number in numbers),
        }

    @property
    def alt(self) -> str:
        """The facts in one line."""
        return "; ".join(f"{name}: {value}" for name, value in self._facts())

    def _facts(self) -> list[tuple[str, str]]:
        counts = self.book.audit.reconciliation
        read, used, rejected = (int(counts[c].sum()) for c in ("read", "used", "rejected"))
        days = f"{self.period.start} to {self.period.last_day}"
        over = "" if self.period.is_complete(self.book.as_of) else ", not over"
        return [
            ("Period", f"{self.period} ({days}{over})"),
            ("Known up to", formats.day(self.book.as_of)),
            ("Source", f"{self.book.name}, in {self.book.currency}"),
            ("Rows", f"{formats.exact(read)} read, {formats.exact(used)} used, {formats.exact(rejected)} rejected"),
        ]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        facts = " · ".join(f"{escape(name)}: <b>{escape(value)}</b>" for name, value in self._facts())
        return {"text/html": f'<style>{CSS}</style><p class="snb-facts">{facts}</p>', "text/plain": self.alt}


def sheet(**parameters: Any) -> Sheet:
    """Check the parameters of a notebook, open its book and show what it stands on.

    Parameters
    ----------
    parameters
        Those of :class:`salesnb.params.Params`, by name.

    Raises
    ------
    ParameterError
        A parameter is unknown or wrong.
    SourceError, ContractError, MappingError
        The source cannot be used.
    """
    params = Params.of(**parameters)
    book = replace(opened_book(params.source), fiscal_year_start=params.fiscal_year_start)
    if params.as_of is not None and params.as_of != book.as_of:
        book = as_known(book, params.as_of)
    opened = Sheet(params, marked(book, params.as_of), params.targets())
    opened.show(opened)
    return opened


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: numpy's numbers as Python's, what is missing as None."""
    if value is None or isinstance(value, str | bool):
        return value
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int | bool):
        return value
    return None if value is pd.NaT or value is pd.NA else str(value)
