"""Scorecard, which answers whether we are on plan.

One frozen result for one period: headline KPIs with target, change and interval; every KPI by family; the trend; every
dimension's segments; what moved the amount sold; and what is missing, with what that costs.
"""

from __future__ import annotations

import datetime as dtm
from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import pandas as pd

from salesnb.analysis import drivers, headlines, numbers
from salesnb.analysis.breakdown import Breakdown, breakdown
from salesnb.analysis.calendar import Calendar, Records
from salesnb.analysis.card import Card
from salesnb.analysis.comparison import Values
from salesnb.analysis.headlines import Step
from salesnb.analysis.needs import missing
from salesnb.analysis.plan import ATTAINMENT, Target, gaps, quota_target, targets
from salesnb.analysis.tiles import BESIDE, HEADLINE_KPIS, TILE_COLUMNS, kpi_row, tile_row
from salesnb.analysis.trend import trend
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.kpis import registry
from salesnb.periods import Period

if TYPE_CHECKING:
    from salesnb.goals import Goal

DIMENSIONS = ("rep", "team", "region", "product", "segment")
# Made of many parts, each of which has its own trend; the tile has their change.
_NO_TREND = ("sales_velocity.closed", "pipeline_coverage.end", "target_achievement.value")


class Scorecard(Card):
    """A card that says what its numbers say; see :class:`salesnb.analysis.card.Card` for the data."""

    def headlines(self) -> list[str]:
        """Say what the numbers say, the most important first."""
        return headlines.headlines(self)

    def nothing(self) -> str:
        """Say that there is nothing to report and why; empty where there is something."""
        return headlines.nothing(self)

    def trend_finding(self, name: str) -> str:
        """Say how a headline KPI stands against the period before."""
        return headlines.trend_finding(self, name)

    def trends_finding(self) -> str:
        """Say which headline KPIs moved by more than chance."""
        return headlines.trends_finding(self)

    def bridge_finding(self) -> str:
        """Say what moved the amount sold."""
        return headlines.bridge_finding(self)

    def bridge_steps(self) -> list[Step]:
        """Return the bars from the amount before to the amount now."""
        return headlines.bridge_steps(self)

    def vanity(self) -> pd.DataFrame:
        """List the KPIs that nobody can act on: no target, no owner and no action.

        Returns
        -------
        pandas.DataFrame
            ``name, label, has_target, owner, action, is_vanity``, one row a KPI that has a value.
        """
        known = self.kpis[self.kpis["status"].isin(["ok", "immature"])]
        rows = known[["name", "label", "owner", "action"]].copy()
        rows.insert(2, "has_target", [name in self.targets for name in rows["name"]])
        rows["is_vanity"] = ~rows["has_target"] & (rows["owner"] == "") & (rows["action"] == "")
        return rows.reset_index(drop=True)

    def numbers(self) -> pd.DataFrame:
        """List every number of the result, for results.json.

        Returns
        -------
        pandas.DataFrame
            ``id, variant, period, by, segment, value, numerator, denominator, n, low, high, unit, status, reason,
            target, previous, year_ago``.
        """
        return numbers.of(self)


@memo.unswept()
def scorecard(
    book: Book,
    period: Period,
    *,
    goals: Sequence[Goal] = (),
    by: Sequence[str] = DIMENSIONS,
    trend_periods: int = 8,
    confidence: float = 0.95,
) -> Scorecard:
    """Answer "are we on plan?" for one period.

    Parameters
    ----------
    book, period
        The book as it was known (``history.as_known(book, day)`` for an earlier day), and the period.
    goals
        The goals to hold the KPIs against; quotas in the book count too.
    by
        The dimensions to break down by; one that the book does not carry is listed as missing.
    trend_periods
        How many periods the trend has, this one included.
    confidence
        The level of the intervals, and 1 - the share of false marks among segments.
    """
    values = Values(book, confidence)
    records = Records.of(values.book)
    first = records.first_day
    calendar = Calendar.of(period, book.as_of, records)
    main = "revenue.booked" if book.has("opportunities") else "revenue.net"
    periods = [p for p in period.last(trend_periods) if first is not None and p.end > first] or [period]
    standing = {min(p.last_day, book.as_of) for p in (*periods, calendar.previous, calendar.year_ago)}
    begun = {p.start - dtm.timedelta(days=1) for p in (period, calendar.previous, calendar.year_ago)}
    memo.expect(values.book, standing | {min(day, book.as_of) for day in begun})
    known = {entry.name: entry for entry in registry.all_kpis()}
    listed = {main, *HEADLINE_KPIS, *BESIDE, *(goal.kpi for goal in goals)}
    entries = [entry for entry in known.values() if entry.is_default or entry.name in listed]
    for entry in entries:
        values.prefetch(entry.name, [p for p in periods if p.is_complete(book.as_of)])
    kpis = pd.DataFrame([kpi_row(values, calendar, entry) for entry in entries])
    found = targets(values, calendar, goals, {name: entry.better for name, entry in known.items()}, main)
    wanted = [main, *(n for n in HEADLINE_KPIS if n in known), *(n for n in found if n not in (main, *HEADLINE_KPIS))]
    status = dict(zip(kpis["name"], kpis["status"], strict=True))
    shown = [name for name in wanted if status.get(name) not in ("needs", "table", None)] if calendar.has_begun else []
    if "win_rate.closed" in shown:
        shown = [name for name in shown if name != "average_order_value.mean"]
    if ATTAINMENT in shown and "target_achievement.value" not in found:
        shown = [name for name in shown if name != "target_achievement.value"]
    tiles = pd.DataFrame(
        [tile_row(values, calendar, kpis, found, name) for name in shown],
        columns=[*kpis.columns, *TILE_COLUMNS],
    )
    quotas = quota_target(values, calendar)
    segments, no_dimension = _segments(values, calendar, by, main, has_quotas=quotas is not None)
    bridge, bridge_by = drivers.moved(values, calendar, main)
    split, split_by = _gaps(values, calendar, quotas)
    return Scorecard(
        calendar=calendar,
        first_day=first,
        currency=book.currency,
        confidence=confidence,
        main=main,
        tiles=tiles,
        kpis=kpis,
        trend=trend(
            values,
            calendar,
            [name for name in shown if name not in _NO_TREND],
            main=main,
            periods=periods,
            records=records,
            has_quotas=quotas is not None,
        ),
        segments=MappingProxyType(segments),
        bridge=bridge,
        bridge_by=bridge_by,
        gaps=split,
        gaps_by=split_by,
        quotas=quotas,
        targets=MappingProxyType(found),
        missing=missing(
            book, period, known.values(), {name for name in status if status[name] != "needs"}, kept=values.book
        ),
        kpi_count=len(known),
        no_dimension=MappingProxyType(no_dimension),
    )


def _segments(
    values: Values, calendar: Calendar, by: Sequence[str], main: str, *, has_quotas: bool
) -> tuple[dict[str, Breakdown], dict[str, str]]:
    rate = "win_rate.closed" if main == "revenue.booked" else "average_order_value.mean"
    cuts: dict[str, Breakdown] = {}
    without: dict[str, str] = {}
    for dimension in by:
        cut = breakdown(values, calendar, dimension, amount=main, rate=rate, quota=ATTAINMENT if has_quotas else "")
        if isinstance(cut, str):
            without[dimension] = cut
        else:
            cuts[dimension] = cut
    return cuts, without


def _gaps(values: Values, calendar: Calendar, quotas: Target | None) -> tuple[pd.DataFrame, str]:
    if quotas is not None:
        for by in ("region", "team", "rep"):
            split = gaps(values, calendar, by)
            if len(split) > 1:
                return split, by
    return pd.DataFrame(columns=["segment", "actual", "target", "gap"]), ""
