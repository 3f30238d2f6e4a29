"""Team card: all that a team's page is made of."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from salesnb.analysis.callers import Callers
from salesnb.analysis.effort import Effort
from salesnb.kpis.dimensions import NONE
from salesnb.periods import Period


@dataclass(frozen=True)
class TeamCard:
    """What the sellers of a company did in a period, and who of them differs.

    Attributes
    ----------
    period, as_of
        The period, and the last day that is known.
    year
        The year that ends with the period, over which rates are compared.
    currency, confidence
        Of money; the level of intervals, and 1 - the share of false marks.
    nothing
        Why there is nothing to report; empty where there is something.
    grouped_by
        What sellers are grouped by: team, manager or region; empty where the source gives none.
    has_reps
        Whether there is a table of sellers.
    quota_holder
        ``rep_id`` or ``team``: who holds the quotas; empty where there are none in the period.
    sellers
        One row a seller, by group and name: the columns of :meth:`salesnb.analysis.roster.Roster.listed`, ``booked,
        quota, attainment, low, high`` (the band of luck) ``, p, q, flag`` (``above`` or ``below`` the others by more
        than luck, or empty). What nobody is credited with is the row of ``"(none)"``.
    groups
        One row a group: ``group, manager, sellers`` (active) and the same columns of quota.
    rates
        One row a KPI, window (``period`` or ``year``) and seller, group or all: ``name, window, level`` (``seller``,
        ``group``, ``all``) ``, key, value, low, high, numerator, denominator, n, shrunk, p, q, flag``; the last four
        are of the year.
    whole
        How bookings are spread: KPI name to ``value, numerator, denominator, n`` for the whole company.
    effort, callers
        What the sellers did, and what they said would close; None where the source does not say.
    missing
        ``needs, costs``: what the source does not give, and what the page cannot tell without it.
    """

    period: Period
    as_of: dtm.date
    year: Period
    currency: str
    confidence: float
    nothing: str
    grouped_by: str
    has_reps: bool
    quota_holder: str
    sellers: pd.DataFrame
    groups: pd.DataFrame
    rates: pd.DataFrame
    whole: Mapping[str, dict[str, float]]
    effort: Effort | None
    callers: Callers | None
    missing: pd.DataFrame

    @property
    def is_complete(self) -> bool:
        """Whether the period is over."""
        return self.period.is_complete(self.as_of)

    @property
    def names(self) -> dict[str, str]:
        """Seller's id to what a page calls them."""
        return dict(zip(self.sellers["rep_id"], self.sellers["seller"], strict=True))

    @property
    def named(self) -> pd.DataFrame:
        """The rows of sellers, without what nobody is credited with."""
        return self.sellers[self.sellers["rep_id"] != NONE]

    def rate(self, name: str, window: str, level: str) -> pd.DataFrame:
        """Return one KPI's rows of a window and a level, by key."""
        rows = self.rates
        kept = rows[(rows["name"] == name) & (rows["window"] == window) & (rows["level"] == level)]
        return kept.set_index("key")

    @property
    def kpis(self) -> list[str]:
        """The KPIs that sellers are compared by, besides attainment."""
        return list(dict.fromkeys(self.rates["name"]))
