"""Pipeline, which answers what moved, what the open deals are worth, and which of them to look at.

One frozen result for one period, made of the parts that each answer one question; they share one book that keeps what
many of them stand on.
"""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from salesnb.analysis.aging import Aging, aging
from salesnb.analysis.behind import Behind
from salesnb.analysis.closing import Closing, closing
from salesnb.analysis.coverage import Coverage, coverage
from salesnb.analysis.deals import Deals, deals
from salesnb.analysis.forensics import Forensics, forensics
from salesnb.analysis.hygiene import Hygiene, hygiene
from salesnb.analysis.pacing import Pacing, pacing
from salesnb.analysis.team_numbers import COLUMNS
from salesnb.analysis.walk import Walk, walk_of
from salesnb.data.book import Book
from salesnb.data.history import history_limit
from salesnb.data.memo import keeping
from salesnb.periods import Period


class Part(Protocol):
    """What every part can say."""

    @property
    def behind(self) -> tuple[Behind, ...]:
        """The rows behind its numbers."""
        ...

    @property
    def nothing(self) -> str:
        """Why it has nothing to report; empty where it has something."""
        ...

    def headlines(self) -> list[str]:
        """Return its sentences, the most important first."""
        ...

    def numbers(self) -> pd.DataFrame:
        """List its numbers."""
        ...


@dataclass(frozen=True)
class Pipeline:
    """What became of the pipeline in a period, and what it is worth at its end.

    Attributes
    ----------
    period, as_of
        The period, and the last day that is known.
    limit
        What the history cannot tell; empty with a change log.
    moved, due
        The walk of all open deals over the period, and of those due in it.
    covered, paced, aged, clean
        Coverage, pacing, aging and hygiene as of the period's last known day.
    seen
        Forensics of the period.
    closes
        When in a quarter deals are decided.
    chances
        The win probability of each open deal.
    """

    period: Period
    as_of: dtm.date
    limit: str
    moved: Walk
    due: Walk
    covered: Coverage
    paced: Pacing
    aged: Aging
    clean: Hygiene
    seen: Forensics
    closes: Closing
    chances: Deals

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts in the order in which a page shows them."""
        return (
            self.moved,
            self.due,
            self.covered,
            self.paced,
            self.aged,
            self.clean,
            self.seen,
            self.closes,
            self.chances,
        )

    @property
    def behind(self) -> tuple[Behind, ...]:
        """The rows behind every number of every part."""
        return tuple(number for part in self.parts for number in part.behind)

    def headlines(self) -> list[str]:
        """Say first what moved and whether it is enough, then what to look at, then what cannot be known."""
        known: list[str] = []
        unknown: list[str] = []
        for part in (self.moved, self.covered, self.clean, self.closes, self.aged, self.chances, self.seen, self.paced):
            first = part.headlines()[:1]
            (unknown if part.nothing else known).extend(first)
        if self.limit:
            unknown.append(f"{self.limit[0].upper()}{self.limit[1:]}.")
        return list(dict.fromkeys([*known, *unknown]))

    def numbers(self) -> pd.DataFrame:
        """List every number of every part, for results.json.

        Returns
        -------
        pandas.DataFrame
            The columns of :data:`salesnb.analysis.team_numbers.COLUMNS`, and ``target``.
        """
        columns = [*COLUMNS, "target"]
        frames = [part.numbers().reindex(columns=columns).astype(object) for part in self.parts]
        known = [frame for frame in frames if len(frame)]
        return pd.concat(known, ignore_index=True) if known else pd.DataFrame(columns=columns)


def pipeline(
    book: Book, period: Period, *, trend_periods: int = 8, confidence: float = 0.95, seed: int = 0
) -> Pipeline:
    """Answer "what moved, and what is it worth?" for one period.

    Parameters
    ----------
    book, period
        The book, and the period.
    trend_periods
        How many past periods the pace is held against.
    confidence
        The level of intervals.
    seed
        Of what is drawn by chance.
    """
    held = keeping(book)
    return Pipeline(
        period=period,
        as_of=book.as_of,
        limit=history_limit(book) if book.has("opportunities") else "",
        moved=walk_of(held, period),
        due=walk_of(held, period, due=period),
        covered=coverage(held, period, confidence=confidence),
        paced=pacing(held, period, trend_periods=trend_periods),
        aged=aging(held, period),
        clean=hygiene(held, period),
        seen=forensics(held, period, trend_periods=trend_periods, confidence=confidence),
        closes=closing(held, period, confidence=confidence),
        chances=deals(held, period, confidence=confidence, seed=seed),
    )
