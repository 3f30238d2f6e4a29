"""Tiles: the rows of a scorecard's KPIs, each with its change, and of its headline KPIs with target and year ago."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd

from salesnb.analysis.calendar import Calendar
from salesnb.analysis.comparison import Values, change
from salesnb.analysis.labels import label
from salesnb.analysis.plan import ATTAINMENT, Target
from salesnb.kpis import registry

HEADLINE_KPIS = (
    ATTAINMENT,
    "target_achievement.value",
    "win_rate.closed",
    "average_deal_size.mean",
    "average_order_value.mean",
    "sales_cycle_days.median",
    "pipeline_value.open",
    "pipeline_coverage.end",
    "new_customer_revenue.first_order",
    "gross_margin.ratio",
    "mrr.end",
    "sales_velocity.closed",
)
TILE_COLUMNS = (
    "target",
    "target_source",
    "target_owner",
    "achieved",
    "gap",
    "verdict",
    "year_ago",
    "change_yoy",
    "yoy_relative",
    "yoy_low",
    "yoy_high",
    "is_yoy_real",
)

# Variants that stand beside their defaults; all others are left to `salesnb kpi`, because each costs queries.
BESIDE = (
    "revenue.booked",
    "revenue.net",
    "average_deal_size.median",
    "sales_cycle_days.mean",
    "time_to_close_days.won",
)
_NO_CHANGE: Mapping[str, Any] = MappingProxyType(
    {"value": math.nan, "change": math.nan, "relative": math.nan, "low": math.nan, "high": math.nan, "is_real": None}
)


def kpi_row(values: Values, calendar: Calendar, entry: registry.Kpi) -> dict[str, Any]:
    """Return one KPI as a row of the table of all: see ``kpis`` of :class:`salesnb.analysis.card.Card`."""
    record = values.one(entry.name, calendar.period)
    if entry.id == "revenue_growth" and record["status"] == "immature":
        # Days gone against all days of the other period: a fall that is none.
        record |= {
            "value": math.nan,
            "low": math.nan,
            "high": math.nan,
            "status": "na",
            "reason": f"{calendar.period} is not over",
        }
    before = _compared(values, calendar, entry, "previous")
    return {
        "family": entry.family,
        "name": entry.name,
        "id": entry.id,
        "variant": entry.variant,
        "label": label(entry.name),
        "unit": entry.unit,
        "better": entry.better,
        "owner": entry.owner,
        "action": entry.action,
        **{k: record[k] for k in ("value", "numerator", "denominator", "n", "low", "high", "status", "reason")},
        "previous": before["value"],
        "change": before["change"],
        "change_relative": before["relative"],
        "change_low": before["low"],
        "change_high": before["high"],
        "is_change_real": before["is_real"],
    }


def _compared(values: Values, calendar: Calendar, entry: registry.Kpi, which: str) -> dict[str, Any]:
    """Compare with an earlier period; with nothing where the records do not reach, or quotas would be cut through."""
    other = calendar.previous if which == "previous" else calendar.year_ago
    is_cut = not calendar.is_complete and any("quotas" in need for need in entry.needs)
    status = values.one(entry.name, calendar.period)["status"]
    if calendar.coverage.get(which) == "none" or is_cut or not calendar.has_begun or status in ("needs", "table"):
        return dict(_NO_CHANGE)
    return change(values, entry.name, calendar.period, other)


def tile_row(
    values: Values, calendar: Calendar, kpis: pd.DataFrame, found: Mapping[str, Target], name: str
) -> dict[str, Any]:
    """Return one headline KPI as a row: that of all KPIs, with its target and the change since a year ago.

    Parameters
    ----------
    values, calendar
        Where the numbers come from, and the periods to compare.
    kpis
        The rows of :func:`kpi_row`.
    found
        KPI name to its target.
    name
        The KPI.
    """
    row = {str(k): v for k, v in kpis[kpis["name"] == name].iloc[0].to_dict().items()}
    goal = found.get(name)
    ago = _compared(values, calendar, registry.find(name), "year_ago")
    return row | {
        "target": goal.value if goal else math.nan,
        "target_source": goal.source if goal else "",
        "target_owner": goal.owner if goal else "",
        "achieved": goal.achieved if goal else math.nan,
        "gap": goal.gap if goal else math.nan,
        "verdict": goal.verdict if goal else "no target",
        "year_ago": ago["value"],
        "change_yoy": ago["change"],
        "yoy_relative": ago["relative"],
        "yoy_low": ago["low"],
        "yoy_high": ago["high"],
        "is_yoy_real": ago["is_real"],
    }
