"""Calendar: what a period is compared with, and whether the records reach that far.

A period that is not over is compared with the same number of days of the other period, never with the whole of it. A
period before the first record is not compared with at all, and one that the records cover in part says so.
"""

from __future__ import annotations

import datetime as dtm
import math
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import ibis
import pandas as pd

from salesnb.data.book import Book
from salesnb.periods import Period

Coverage = Literal["whole", "part", "none"]

_WINDOW = 90
_DOUBT = 0.01


@dataclass(frozen=True)
class Records:
    """From when on there are records of sales.

    Attributes
    ----------
    first_day
        The day of the first closed deal, or order where there are no deals; None where there is none.
    quiet_days
        How many days before it may have been without one by chance.
    """

    first_day: dtm.date | None
    quiet_days: float = 0.0

    @classmethod
    def of(cls, book: Book) -> Records:
        """Find the first record of a book.

        Notes
        -----
        With ``n`` records in the first ``d`` days (90, or as many as there are), a gap of ``g`` days without one has
        the probability ``exp(-n g / d)`` if they come at a steady rate; ``quiet_days`` is the gap of probability 1 %.
        """
        if book.has("opportunities"):
            days = book.opportunities.select(day=book.opportunities["closed_on"])
        elif book.has("orders"):
            days = book.orders.select(day=book.orders["ordered_at"].cast("date"))
        else:
            return cls(None)
        first = days["day"].min().execute()
        if pd.isna(first):
            return cls(None)
        day = pd.Timestamp(first).date()
        known = min(_WINDOW, max((book.as_of - day).days + 1, 1))
        count = int(days.filter(days["day"] < ibis.date(day + dtm.timedelta(days=known))).count().execute())
        return cls(day, -math.log(_DOUBT) * known / max(count, 1))

    def cover(self, period: Period) -> Coverage:
        """Tell how much of a period the records cover.

        In part where the first one comes after more than a tenth of its days, and later than a quiet start explains.
        """
        if self.first_day is None or period.end <= self.first_day:
            return "none"
        gap = (self.first_day - period.start).days
        return "part" if gap > max(period.days / 10, self.quiet_days) else "whole"


@dataclass(frozen=True)
class Calendar:
    """The periods that a period is compared with.

    Attributes
    ----------
    period
        The period asked about.
    as_of
        The last day that is known.
    previous, year_ago
        What it is compared with: whole periods, or as many days of them as the period has had so far.
    coverage
        ``previous`` and ``year_ago`` to how much of each the records cover.
    """

    period: Period
    as_of: dtm.date
    previous: Period
    year_ago: Period
    coverage: MappingProxyType[str, Coverage] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_complete(self) -> bool:
        """Whether the period is over."""
        return self.period.is_complete(self.as_of)

    @property
    def has_begun(self) -> bool:
        """Whether at least one of its days is known."""
        return self.period.start <= self.as_of

    @property
    def days_gone(self) -> int:
        """How many of its days are known."""
        return min(max((self.as_of - self.period.start).days + 1, 0), self.period.days)

    @classmethod
    def of(cls, period: Period, as_of: dtm.date, records: Records) -> Calendar:
        """Find the periods that a period is compared with.

        Parameters
        ----------
        period
            The period asked about.
        as_of
            The last day that is known.
        records
            From when on there are records.
        """
        whole = {"previous": period.previous, "year_ago": period.year_ago}
        gone = (as_of - period.start).days + 1
        is_running = 0 < gone < period.days
        compared = {name: _first_days(other, gone) if is_running else other for name, other in whole.items()}
        coverage = {name: records.cover(other) for name, other in compared.items()}
        return cls(period, as_of, compared["previous"], compared["year_ago"], MappingProxyType(coverage))


def _first_days(period: Period, days: int) -> Period:
    if days >= period.days:
        return period
    last = period.start + dtm.timedelta(days=days - 1)
    return Period.parse(f"{period.start}..{last}", period.fiscal_year_start)


def year_to(period: Period) -> Period:
    """Return the year that ends with a period, or the period where it is longer."""
    start = period.year_ago.end
    return period if start >= period.start else Period.parse(f"{start}..{period.last_day}", period.fiscal_year_start)
