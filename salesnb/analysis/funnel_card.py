"""Funnel card: all that a page about funnels is made of."""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass

import pandas as pd

from salesnb.analysis.behind import Behind
from salesnb.analysis.closing import Closing
from salesnb.analysis.funnel_worth import Bottleneck
from salesnb.kpis.dimensions import NONE
from salesnb.periods import Period


@dataclass(frozen=True)
class FunnelCard:
    """How deals, leads and visitors went from step to step.

    Attributes
    ----------
    period, as_of
        The period, and the last day that is known.
    window
        The year that ends with the period: deals created, leads come in and visitors come in it are followed to the
        as-of date.
    currency, confidence
        Of money; the level of intervals, and 1 - the share of false marks.
    nothing
        Why there is nothing to report; empty where there is something.
    has_deals, has_history
        Whether the source has deals, and a history of their stages; without it only created and won are steps.
    steps
        One row a step of the deals: the columns of :func:`salesnb.analysis.funnel_steps.of_steps`; rates are of the
        deals decided.
    segments
        One row a dimension, segment and step: see :func:`salesnb.analysis.funnel_steps.of_segments`; ``q, flag, each,
        worth`` and ``key``, which opens the decided deals.
    left_out
        Dimensions that were asked for and are not shown, each with the reason.
    repairs, bottleneck
        What the repair of each step is worth, and the step where it is worth most: see
        :mod:`salesnb.analysis.funnel_worth`.
    created, won, open
        The deals created in the window, and how many of them are won and open on the as-of date.
    unplaced, unplaced_value
        Deals that came to no step that is known, and their amounts.
    leads, lead_segments, leads_note
        The steps of the leads and of each source, rates of all who reached the step so far; what is not known.
    web, web_leads
        The steps of the visitors, and how many left a lead.
    closes
        When in a quarter the deals closed in the window were decided.
    missing
        ``needs, costs``: what the source does not give, and what the page cannot tell without it.
    behind
        The rows behind the numbers.
    """

    period: Period
    as_of: dtm.date
    window: Period
    currency: str
    confidence: float
    nothing: str
    has_deals: bool
    has_history: bool
    steps: pd.DataFrame
    segments: pd.DataFrame
    left_out: tuple[str, ...]
    repairs: pd.DataFrame
    bottleneck: Bottleneck | None
    created: int
    won: int
    open: int
    unplaced: int
    unplaced_value: float
    leads: pd.DataFrame
    lead_segments: pd.DataFrame
    leads_note: str
    web: pd.DataFrame
    web_leads: int
    closes: Closing
    missing: pd.DataFrame
    behind: tuple[Behind, ...]

    @property
    def is_complete(self) -> bool:
        """Whether the period is over."""
        return self.period.is_complete(self.as_of)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What the deals are split by."""
        return tuple(dict.fromkeys(self.segments["by"]))

    def at(self, place: int) -> pd.DataFrame:
        """Return the segments at one step that have a name, those told apart first, then by name."""
        rows = self.segments[(self.segments["place"] == place) & (self.segments["segment"] != NONE)]
        return rows.sort_values(["by", "segment"], kind="stable")

    @property
    def worst(self) -> pd.DataFrame:
        """The segments below the others at the bottleneck, the one whose repair is worth most first."""
        rows = self.segments if self.bottleneck is None else self.at(self.bottleneck.place)
        rows = rows[rows["flag"] == "below"]
        return rows.sort_values(["worth", "rate"], ascending=[False, True], kind="stable")


def words_of(window: Period) -> str:
    """Name the window in a sentence: ``"from 2025-10-01 to 2026-09-30"``."""
    return f"from {window.start} to {window.last_day}"
