"""Curves, which answer how many of the deals created will be won, though many are still open.

One frozen result for one period: the mature win rate of the deals created in the year that ends with it beside
won / (won + lost), that of each quarter's cohort over two years, and of segments, which are compared at one age.
"""

from __future__ import annotations

import datetime as dtm
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import Behind, Told, key
from salesnb.analysis.calendar import year_to
from salesnb.analysis.curves_deals import COUNTED, CreatedDeals
from salesnb.analysis.curves_numbers import numbers
from salesnb.analysis.curves_parts import RATES, cohort_rows, curve_of, horizon, marked, rates, segment_rows
from salesnb.analysis.funnel import BY
from salesnb.analysis.funnel_card import words_of
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.kpis.dimensions import NONE
from salesnb.kpis.incidence import Curve
from salesnb.kpis.winning import UNDECIDED
from salesnb.periods import Period


@dataclass(frozen=True)
class Curves:
    """How many of the deals created are won, by age.

    Attributes
    ----------
    period, as_of
        The period, and the last day that is known.
    window, span
        The year that ends with the period, in which the deals of ``whole`` and ``segments`` were created; the two
        years of the cohorts.
    confidence
        The level of the intervals, and 1 - the share of false marks.
    nothing
        Why there is nothing to report; empty where there is something.
    whole
        All deals of the window: the values of :func:`salesnb.analysis.curves_parts.rates`.
    cohorts, cells
        See :func:`salesnb.analysis.curves_parts.cohort_rows`.
    age
        The age in days at which segments are compared.
    segments
        See :func:`salesnb.analysis.curves_parts.segment_rows`; ``q, flag`` and ``key``, which opens the deals.
    lines
        Dimension to segment to curve, for pictures.
    undated
        Deals of the span without an age: closed without a date, or before they were created.
    behind
        The rows behind the numbers.
    """

    period: Period
    as_of: dtm.date
    window: Period
    span: Period
    confidence: float
    nothing: str
    whole: Mapping[str, float]
    cohorts: pd.DataFrame
    cells: pd.DataFrame
    age: int
    segments: pd.DataFrame
    lines: Mapping[str, Mapping[str, Curve]]
    undated: int
    behind: tuple[Behind, ...]

    def headlines(self) -> list[str]:
        """Say how many of the deals will be won, who differs, and which cohorts are too young to tell."""
        if self.nothing:
            return [f"How many of the deals will be won cannot be told: {self.nothing}."]
        told = [self.whole_finding(), self.segment_finding(), self.young_finding()]
        if self.undated:
            told.append(
                f"{formats.plural(self.undated, 'deal')} closed without a date, or before they were created, and have "
                "no age; they are left out of the curves."
            )
        return [sentence for sentence in told if sentence]

    def whole_finding(self) -> str:
        """Set the mature win rate beside won / (won + lost)."""
        whole = self.whole
        if not whole["n"]:
            return ""
        between = formats.interval(whole["low"], whole["high"], "ratio")
        told = f"Of the deals created {words_of(self.window)}, {formats.share(whole['mature'])} ({between}) will be won"
        may = whole["undecided"]
        told += f" at least, up to {formats.share(may, 0)} more may follow" if may > UNDECIDED else " in the end"
        if may <= UNDECIDED < whole["unsure"]:
            told += f", if the {formats.share(whole['unsure'], 0)} too young to tell end as deals created before"
        if formats.is_missing(whole["decided_rate"]):
            return f"{told}; none of them is decided yet."
        gap = whole["difference"]
        points = formats.change(abs(gap), "ratio").removeprefix("+").removesuffix(" points")
        off = f"{points} points too {'high' if gap > 0 else 'low'}"
        off = "the same" if abs(gap) < 0.0005 else off
        return Told(
            f"{told}; won / (won + lost) of those decided says {formats.share(whole['decided_rate'])}, {off}, with "
            f"{formats.exact(whole['open'])} of {formats.exact(whole['n'])} still open.",
            key("curves", "window", "all"),
        )

    def segment_finding(self) -> str:
        """Say which segments win more or less often than the others by the age, or that none can be told apart."""
        if not self.segments["p"].notna().any():
            return ""
        sides = []
        for flag, words in (("above", "more often"), ("below", "less often")):
            rows = self.segments[self.segments["flag"] == flag]
            names = [f"{row['segment']} ({formats.share(row['share'], 0)})" for row in rows.to_dict("records")]
            sides += [f"{words} than the others win {formats.listed(names)}"] if names else []
        if not sides:
            dimensions = formats.listed(list(dict.fromkeys(self.segments["by"])), 5).replace(" and ", " or ")
            return f"By {self.age} days of age, no {dimensions} can be told from the others by its wins."
        return f"By {self.age} days of age {'; '.join(sides)}."

    def young_finding(self) -> str:
        """Say which cohorts are too young to tell."""
        young = self.cohorts[self.cohorts["unsure"] > UNDECIDED].to_dict("records")
        if not young:
            return ""
        told = [
            f"{row['cohort']} ({formats.exact(row['open'])} of {formats.exact(row['n'])} still open)" for row in young
        ]
        return f"Too young to tell: {formats.listed(told)}."

    def numbers(self) -> pd.DataFrame:
        """List every number, for results.json; the columns are those of a funnel's."""
        return numbers(
            self.window, self.period.is_complete(self.as_of), self.whole, self.cohorts, self.cells, self.segments
        )


def curves(book: Book, period: Period, *, by: Sequence[str] = BY, confidence: float = 0.95) -> Curves:
    """Answer "how many of the deals will be won?" for the deals created in the years that end with a period.

    Parameters
    ----------
    book, period
        The book, and the period.
    by
        The dimensions to compare; one of more than a dozen segments, or that the source does not give, is left out.
    confidence
        The level of the intervals, and 1 - the share of false marks.
    """
    window = year_to(period)
    before = window.year_ago.start
    span = window if before >= window.start else Period.parse(f"{before}..{window.last_day}", period.fiscal_year_start)
    held = book if book.memo is not None else memo.keeping(book)
    found = CreatedDeals(held, window, span, by) if _why(book, period) == "" else None
    nothing = _why(book, period) if found is None else "" if found.n else f"no deal was created {words_of(span)}"
    empty = pd.DataFrame(columns=list(COUNTED))
    whole = empty if found is None else found.counts(None, window)
    older: Callable[[dtm.date], pd.DataFrame] = (lambda _: empty) if found is None else found.older
    counts = empty if found is None else found.counts("cohort", span)
    cohorts, cells = cohort_rows(counts, older, span, book.as_of, confidence)
    age = horizon(whole)
    parts = {} if found is None or nothing else found.segments()
    tables = [segment_rows(*counts, name, age, confidence) for name, counts in parts.items()]
    segments = pd.concat(tables, ignore_index=True) if tables else segment_rows(empty, empty, "", age, confidence)
    segments = marked(segments, 1 - confidence)
    segments["key"] = [key("curves", row["by"], f"s{i}") for i, row in enumerate(segments.to_dict("records"))]
    lines = {
        name: {str(segment): curve_of(own) for segment, own in counts.groupby("segment", sort=True) if segment != NONE}
        for name, (counts, _) in parts.items()
    }
    return Curves(
        period=period,
        as_of=book.as_of,
        window=window,
        span=span,
        confidence=confidence,
        nothing=nothing,
        whole=MappingProxyType(rates(whole, older(window.start), confidence)),
        cohorts=cohorts,
        cells=cells,
        age=age,
        segments=segments,
        lines=MappingProxyType(lines),
        undated=0 if found is None else found.undated,
        behind=()
        if found is None or nothing
        else tuple(found.behind(cohorts, segments, whole[["won", "lost", "censored"]].to_numpy().sum())),
    )


def _why(book: Book, period: Period) -> str:
    if not book.gives("opportunities"):
        return f"it needs opportunities{book.rejected_words('opportunities')}"
    return "" if period.start <= book.as_of else f"{period} has not begun, the data end on {book.as_of}"


__all__ = ["RATES", "Curves", "curves"]
