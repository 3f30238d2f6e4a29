"""Card: the data of a scorecard, before anything is said about them."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.breakdown import Breakdown
from salesnb.analysis.calendar import Calendar
from salesnb.analysis.plan import Target
from salesnb.periods import Period


@dataclass(frozen=True)
class Card:
    """What is known of one period.

    Attributes
    ----------
    calendar
        The period, the last day known, and what it is compared with.
    first_day
        The day of the first sale on record; None where there is none.
    currency, confidence
        Of all amounts and of all intervals.
    main
        The KPI of the amount sold: ``revenue.booked`` where there are deals, else ``revenue.net``.
    tiles
        The headline KPIs, one row each: the columns of ``kpis`` and ``target, target_source, target_owner, achieved,
        gap, verdict, year_ago, change_yoy, yoy_relative, yoy_low, yoy_high, is_yoy_real``.
    kpis
        Every KPI by its default variant, and those variants that have a target or a tile, one row each: ``family, name,
        id, variant, label, unit, better, owner, action, value, numerator, denominator, n, low, high, status, reason,
        previous, change, change_relative, change_low, change_high, is_change_real``; ``status`` also ``table`` for one
        that only comes in segments.
    trend
        One row a headline KPI and period, oldest first: ``name, label, unit, better, grain, period, value, low, high,
        n, status, target, is_complete, coverage, change, change_low, change_high, is_real``.
    segments
        Dimension to its breakdown.
    bridge, bridge_by
        What moved the amount sold since the previous period (see :mod:`salesnb.analysis.drivers`), and by which
        dimension; empty where there is nothing to compare.
    gaps, gaps_by
        The distance to the quotas by segment, and by which dimension.
    quotas
        The sum of the period's quotas and what was sold against them; None where there are none.
    targets
        KPI name to its target.
    missing
        ``needs, kpis, count``: what the source does not give and which KPIs and variants that costs, the most costly
        first; one that lacks two things is under both.
    kpi_count
        How many KPIs and variants the catalogue has.
    no_dimension
        Dimension to why there is no breakdown by it.
    """

    calendar: Calendar
    first_day: dtm.date | None
    currency: str
    confidence: float
    main: str
    tiles: pd.DataFrame
    kpis: pd.DataFrame
    trend: pd.DataFrame
    segments: Mapping[str, Breakdown]
    bridge: pd.DataFrame
    bridge_by: str
    gaps: pd.DataFrame
    gaps_by: str
    quotas: Target | None
    targets: Mapping[str, Target]
    missing: pd.DataFrame
    kpi_count: int
    no_dimension: Mapping[str, str]

    @property
    def period(self) -> Period:
        """The period asked about."""
        return self.calendar.period

    @property
    def as_of(self) -> dtm.date:
        """The last day that is known."""
        return self.calendar.as_of

    def named(self, which: str = "previous") -> str:
        """Return the words for a period compared with: its label, or "the first 51 days of 2026Q2".

        Parameters
        ----------
        which
            ``previous`` or ``year_ago``.
        """
        other = self.calendar.previous if which == "previous" else self.calendar.year_ago
        if other.grain == "range" and self.period.grain != "range":
            whole = self.period.previous if which == "previous" else self.period.year_ago
            return f"the first {formats.plural(other.days, 'day')} of {whole}"
        return str(other)

    def tile(self, name: str) -> dict[str, Any]:
        """Return one headline KPI as a record; empty where the scorecard has no such tile."""
        rows = self.tiles[self.tiles["name"] == name]
        return {str(k): v for k, v in rows.iloc[0].to_dict().items()} if len(rows) else {}
