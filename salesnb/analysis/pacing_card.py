"""Pacing card: where a period stands, and where past periods stood on the same day."""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass

import pandas as pd

from salesnb.analysis.behind import Behind
from salesnb.periods import Period

FEWEST = 3
"""With fewer past periods nothing is compared."""


@dataclass(frozen=True)
class PacingCard:
    """What a period had booked by a day, and what past periods had by the same business day.

    Attributes
    ----------
    period, as_of, day
        The period, the last day that is known, and the day of the period that is looked at.
    currency, unit
        Of money; ``money``, or ``count`` where the source gives no amounts.
    count, of
        How many business days into the period the day is, and how many the period has.
    rows
        One row a period, the oldest first and this one last: ``period, day`` (the same of it) ``, booked, deals``
        (by then) ``, final, final_deals`` (in the whole period; of this one, so far) ``, share`` (booked / final)
        ``, due, due_deals`` (open then and due in the period; NaN where not known) ``, left`` (of its quotas then)
        ``, coverage`` (due / left).
    lines
        ``period, count, booked``: what each had booked by each business day.
    landing
        ``value, low, high``: what the period would book in all, by the middle, least and most of past periods, and
        where what was due is known ``factor, factor_low, factor_high``: booked afterwards over due then.
    no_due
        Why it is not known what was due on past days; empty where it is.
    behind
        The deals behind the numbers.
    nothing
        Why there is nothing to report; empty where there is something.
    """

    period: Period
    as_of: dtm.date
    day: dtm.date
    currency: str
    unit: str
    count: int
    of: int
    rows: pd.DataFrame
    lines: pd.DataFrame
    landing: dict[str, float]
    no_due: str
    behind: tuple[Behind, ...]
    nothing: str

    @property
    def past(self) -> pd.DataFrame:
        """The rows of the past periods."""
        return self.rows.iloc[:-1]

    @property
    def is_over(self) -> bool:
        """Whether the day is the period's last."""
        return self.day >= self.period.last_day
