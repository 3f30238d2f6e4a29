"""Every number of a team's page as a row, for results.json; a seller is named by the id, which is stable."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from salesnb.analysis.team_card import TeamCard
from salesnb.kpis import registry

COLUMNS = (
    "id",
    "variant",
    "period",
    "by",
    "segment",
    "value",
    "numerator",
    "denominator",
    "n",
    "low",
    "high",
    "unit",
    "status",
    "reason",
)
_DONE = (
    ("calls", "count"),
    ("meetings", "count"),
    ("emails", "count"),
    ("hours", "number"),
    ("selling_share", "ratio"),
)


def numbers(team: TeamCard) -> pd.DataFrame:
    """List the numbers of a team; the columns are those of :meth:`salesnb.analysis.team.Team.numbers`."""
    rows = [*_whole(team), *_sold(team), *_rates(team), *_effort(team), *_calls(team)]
    frame = pd.DataFrame([{**dict.fromkeys(COLUMNS), **row} for row in rows], columns=list(COLUMNS))
    frame["status"] = [
        status or ("na" if _no(value) else "ok" if team.is_complete else "immature")
        for status, value in zip(frame["status"], frame["value"], strict=True)
    ]
    running = f"{team.period} is not over on {team.as_of}"
    told = {"na": "no rows to count", "immature": running}
    frame["reason"] = [
        reason or told.get(status, "") for reason, status in zip(frame["reason"], frame["status"], strict=True)
    ]
    return frame


def _whole(team: TeamCard) -> list[dict[str, Any]]:
    rows = []
    for name, record in team.whole.items():
        entry = registry.find(name)
        rows.append(
            {
                "id": entry.id,
                "variant": entry.variant,
                "period": str(team.period),
                "unit": entry.unit,
                **record,
                "n": None,
            }
        )
    return rows


def _sold(team: TeamCard) -> list[dict[str, Any]]:
    rows = []
    of_deals = "average_order_value.mean" not in team.kpis
    for frame, by, key in ((team.sellers, "rep_id", "rep_id"), (team.groups, team.grouped_by, "group")):
        for row in frame.to_dict("records"):
            place = {"period": str(team.period), "by": by, "segment": row[key]}
            sold = {"id": "revenue", "variant": "booked" if of_deals else "net", "unit": "money"}
            rows.append({**place, **sold, "value": row["booked"], "numerator": row["booked"]})
            if not _no(row["quota"]):
                against = {"numerator": row["achieved"], "denominator": row["quota"]}
                named = {"id": "quota_attainment", "variant": "booked", "unit": "ratio"}
                rows.append({**place, **named, "value": row["attainment"], **against})
    return rows


def _rates(team: TeamCard) -> list[dict[str, Any]]:
    rows = []
    by = {"seller": "rep_id", "group": team.grouped_by, "all": None}
    windows = {"period": team.period, "year": team.year}
    for row in team.rates.to_dict("records"):
        if row["window"] == "year" and team.year == team.period:
            continue
        known, _, variant = str(row["name"]).partition(".")
        rows.append(
            {
                **{name: row[name] for name in ("value", "numerator", "denominator", "n", "low", "high")},
                "id": known,
                "variant": variant,
                "period": str(windows[row["window"]]),
                "by": by[row["level"]],
                "segment": row["key"] if row["level"] != "all" else None,
                "unit": registry.find(str(row["name"])).unit,
            }
        )
    return rows


def _effort(team: TeamCard) -> list[dict[str, Any]]:
    if team.effort is None:
        return []
    return [
        {
            "id": "activities",
            "variant": name,
            "period": str(team.period),
            "by": "rep_id",
            "segment": row["rep_id"],
            "value": row[name],
            "unit": unit,
        }
        for row in team.effort.rows.to_dict("records")
        for name, unit in _DONE
    ]


def _calls(team: TeamCard) -> list[dict[str, Any]]:
    called = team.callers
    if called is None:
        return []
    rows = []
    for row in called.rows.to_dict("records"):
        place = {"id": "forecast_accuracy", "variant": "bias", "by": called.holder, "segment": row["holder"]}
        if not _no(row["committed"]):
            missed = {"numerator": row["committed"] - row["booked"], "denominator": row["booked"]}
            now = {"period": str(team.period), "value": row["bias_now"], **missed, "unit": "ratio"}
            rows.append({**place, **now})
        if called.span != str(team.period):
            span = {name: row[name] for name in ("low", "high")}
            rows.append(
                {**place, "period": called.span, "value": row["bias"], "n": row["calls"], **span, "unit": "ratio"}
            )
    return rows


def _no(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
