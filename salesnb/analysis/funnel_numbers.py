"""Every number of a funnel's page as a row, for results.json."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from salesnb.analysis.funnel_card import FunnelCard
from salesnb.analysis.funnel_steps import DAYS

COLUMNS = (
    "id", "variant", "period", "by", "segment", "value", "numerator", "denominator", "n", "low", "high", "unit",
    "status", "reason", "target",
)  # fmt: skip
_COUNTS = ("reached", "passed", "dropped", "still")


def numbers(card: FunnelCard) -> pd.DataFrame:
    """List the numbers of a funnel; the columns are those of :meth:`salesnb.analysis.funnel.Funnel.numbers`."""
    rows: list[dict[str, Any]] = []
    for what, frame, is_money in (("deals", card.steps, True), ("leads", card.leads, False), ("web", card.web, False)):
        rows += _steps(f"funnel_{what}", frame, is_money=is_money)
    for what, frame in (("deals", card.segments), ("leads", card.lead_segments)):
        rows += _segments(f"funnel_{what}", frame)
    rows += [
        {
            "id": "funnel_repair", "variant": "worth", "by": "step", "segment": row["step"], "value": row["worth"],
            "low": row["low"], "high": row["high"], "unit": "money",
        }
        for row in card.repairs.to_dict("records")
    ]  # fmt: skip
    if card.created:
        outcomes = {"created": card.created, "won": card.won, "open": card.open, "unplaced": card.unplaced}
        rows += [{"id": "funnel_deals", "variant": k, "value": v, "unit": "count"} for k, v in outcomes.items()]
    if len(card.web):
        rows.append({"id": "funnel_web", "variant": "leads", "value": card.web_leads, "unit": "count"})
    frame = pd.DataFrame([{**dict.fromkeys(COLUMNS), **row} for row in rows], columns=list(COLUMNS))
    frame["period"] = str(card.window)
    none = [value is None or (isinstance(value, float) and math.isnan(value)) for value in frame["value"]]
    frame["status"] = ["na" if no else "ok" if card.is_complete else "immature" for no in none]
    running = "" if card.is_complete else f"{card.period} is not over on {card.as_of}"
    frame["reason"] = ["no rows to count" if no else running for no in none]
    return pd.concat([frame.astype(object), card.closes.numbers().reindex(columns=list(COLUMNS)).astype(object)])


def _steps(what: str, frame: pd.DataFrame, *, is_money: bool) -> list[dict[str, Any]]:
    rows = []
    for row in frame.to_dict("records"):
        place = {"id": what, "by": "step", "segment": row["step"]}
        rows += [{**place, "variant": name, "value": row[name], "unit": "count"} for name in _COUNTS]
        if is_money:
            rows += [
                {**place, "variant": f"value_{name}", "value": row[f"value_{name}"], "unit": "money"}
                for name in _COUNTS
            ]
        rows.append({**place, "variant": "rate", **_rate(row)})
        rows.append({**place, "variant": "from_first", "value": row["from_first"], "unit": "ratio"})
        rows += [
            {**place, "variant": name, "value": row[name], "n": row["passed"], "unit": "days"} for name in DAYS[2::2]
        ]
    return rows


def _segments(what: str, frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"id": what, "variant": f"rate {row['step']}", "by": row["by"], "segment": row["segment"], **_rate(row)}
        for row in frame.to_dict("records")
    ]


def _rate(row: dict[Any, Any]) -> dict[str, Any]:
    return {
        "value": row["rate"], "numerator": row["passed"], "denominator": row["base"], "n": row["base"],
        "low": row["low"], "high": row["high"], "unit": "ratio",
    }  # fmt: skip
