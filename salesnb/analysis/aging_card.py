"""Aging card: how long open deals have stood where they stand, and how often they were pushed."""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass

import pandas as pd

from salesnb.analysis.behind import Behind, key
from salesnb.periods import Period

CLASSES = ("usual", "slow", "late", "beyond", "unknown")
"""Up to the norm's median, to its 80 %, to its 90 %, beyond it; and where there is no norm or no date."""
STALE = 20
"""So many of the deals that are beyond the norm or idle are listed."""


def stale_key(place: int) -> str:
    """Return what opens the deal at a place of the list of those that are beyond the norm or idle."""
    return key("aging-listed", place)


@dataclass(frozen=True)
class AgingCard:
    """How long the open deals have stood in their stage against the deals that were won in the end.

    Attributes
    ----------
    period, as_of, day
        The period, the last day that is known, and the day it is all as of.
    currency, unit
        Of money; ``money``, or ``count`` where the source gives no amounts.
    nothing
        Why there is nothing to report; empty where there is something.
    basis
        ``stage``; or ``creation`` where no log of stages is given and only the age of a deal is known.
    idle_limit
        So many days without an activity and a deal is idle.
    deals
        One row an open deal: those of :class:`salesnb.analysis.hygiene_deals.OpenDeals` with ``norm_stage, days`` (in
        the stage, or since creation) ``, median, p80, p90, norm_n, norm_segment, age_class`` (of :data:`CLASSES`) ``,
        idle, pushes, slip, is_beyond, is_idle``.
    stages
        One row a stage, first to last: ``stage, deals, amount, oldest, n, median, p80, p90`` (of all segments) and of
        each class ``<class>_deals, <class>_amount``; ``idle_deals, idle_amount, place``.
    norms
        ``stage, segment, n, median, p80, p90``: what is normal, by segment too.
    pushed
        ``pushes`` (0 to 3, the last with all above) ``, deals, amount``: of the open deals.
    slips
        ``bucket, pushes``: the pushes made in the period by how far they went.
    slip_days
        ``n, median, p90`` of those pushes.
    missing
        ``needs, costs``: what the source does not give, and what cannot be told without it.
    behind
        The deals behind the numbers.
    """

    period: Period
    as_of: dtm.date
    day: dtm.date
    currency: str
    unit: str
    nothing: str
    basis: str
    idle_limit: int
    deals: pd.DataFrame
    stages: pd.DataFrame
    norms: pd.DataFrame
    pushed: pd.DataFrame
    slips: pd.DataFrame
    slip_days: dict[str, float]
    missing: pd.DataFrame
    behind: tuple[Behind, ...]

    @property
    def stale(self) -> pd.DataFrame:
        """The open deals that are beyond the norm or idle."""
        return self.deals[self.deals["is_beyond"] | self.deals["is_idle"]]
