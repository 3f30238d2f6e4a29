"""Coverage card: all that the page of a pipeline says of quotas and the deals that are to fill them."""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesnb.analysis.behind import Behind
from salesnb.analysis.coverage_quota import WinRate
from salesnb.periods import Period

HORIZONS = ("overdue", "before", "this", "next", "later", "undated")
"""When open deals are due, in the order they are read; every open deal is in exactly one."""


@dataclass(frozen=True)
class CoverageCard:
    """The open pipeline by when it is due, held against what is left of the quotas.

    Attributes
    ----------
    period, as_of
        The period, and the last day that is known.
    day
        The day it is all as of: the period's last, or the as-of date where that is earlier.
    currency, confidence
        Of money; the level of intervals.
    nothing
        Why there is nothing to report; empty where there is something.
    unit
        ``money``, or ``count`` where the source gives no amounts.
    holder
        ``rep_id`` or ``team``: who holds the quotas; empty where there are none.
    horizons
        One row a horizon: ``horizon, label, deals, due`` and, of the period, the next and all later ones, ``quota,
        booked, booked_deals, left, holders, coverage`` (due / left) ``, needed`` (left / win rate) ``, needed_low,
        needed_high, gap`` (needed - due; below 0 is more than needed) ``, gap_low, gap_high, reason``. NaN where it
        cannot be known.
    start
        The same of the period alone as at its start: ``deals, due, quota, coverage``.
    groups
        One row a seller, team and region: ``by, key, name, due, deals`` (of the period) ``, next_due, next_deals,
        later_due, later_deals, overdue, overdue_deals,
        quota, booked, booked_deals, left, coverage, next_quota, next_coverage, place``.
    win
        The win rate that pipeline needed is reckoned with.
    limit
        What the history cannot tell.
    missing
        ``needs, costs``: what the source does not give, and what cannot be told without it.
    behind
        The deals behind the numbers.
    """

    period: Period
    as_of: dtm.date
    day: dtm.date
    currency: str
    confidence: float
    nothing: str
    unit: str
    holder: str
    horizons: pd.DataFrame
    start: dict[str, float]
    groups: pd.DataFrame
    win: WinRate | None
    limit: str
    missing: pd.DataFrame
    behind: tuple[Behind, ...]

    @property
    def is_complete(self) -> bool:
        """Whether the period is over."""
        return self.period.is_complete(self.as_of)

    def horizon(self, name: str) -> dict[str, Any]:
        """Return the row of one horizon."""
        rows = self.horizons[self.horizons["horizon"] == name].to_dict("records")
        return {str(column): value for column, value in rows[0].items()}
