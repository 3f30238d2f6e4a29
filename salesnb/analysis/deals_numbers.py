"""Every number of the chances as a row, for results.json."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.deals_behind import shown_days
from salesnb.analysis.deals_card import LISTED, DealsCard

COLUMNS = (
    "id", "variant", "period", "by", "segment", "value", "numerator", "denominator", "n", "low", "high", "unit",
    "status", "reason", "target",
)  # fmt: skip


def numbers(deals: DealsCard) -> pd.DataFrame:
    """List the numbers; the columns are those of :meth:`salesnb.analysis.deals.Deals.numbers`."""
    rows = [] if deals.nothing else [*_sums(deals), *_trust(deals), *_bins(deals), *_days(deals), *_deals(deals)]
    frame = pd.DataFrame([{**dict.fromkeys(COLUMNS), "period": str(deals.period), **row} for row in rows])
    frame = frame.reindex(columns=list(COLUMNS))
    frame["status"] = ["na" if formats.is_missing(value) else "ok" for value in frame["value"]]
    frame["reason"] = [
        reason or (deals.why if status == "na" else "")
        for reason, status in zip(frame["reason"], frame["status"], strict=True)
    ]
    return frame


def _sums(deals: DealsCard) -> list[dict[str, Any]]:
    n, priced = len(deals.open), len(deals.open) - deals.unpriced
    within = f"within {deals.horizon} days of {deals.day}"
    expected = {"value": deals.expected, "low": deals.low, "high": deals.high, "n": priced, "reason": within}
    return [
        {"id": "pipeline_count", "variant": "open", "value": float(n), "n": n, "unit": "count"},
        {"id": "pipeline_value", "variant": "open", "value": deals.amount, "n": priced, "unit": "money"},
        {"id": "win_chance", "variant": "expected_value", **expected, "unit": "money"},
        {"id": "pipeline_value", "variant": "weighted", "value": deals.weighted, "n": priced, "unit": "money"},
    ]


def _trust(deals: DealsCard) -> list[dict[str, Any]]:
    found = deals.score
    if found is None:
        return []
    skill = {"value": found.skill, "low": found.skill_low, "high": found.skill_high}
    log_skill = {"value": found.log_skill, "low": found.log_skill_low, "high": found.log_skill_high}
    rows = [
        {"variant": "brier", "value": found.brier},
        {"variant": "brier_base", "value": found.brier_base},
        {"variant": "log_loss", "value": found.log_loss},
        {"variant": "log_loss_base", "value": found.log_loss_base},
        {"variant": "skill", **skill, "unit": "ratio"},
        {"variant": "log_skill", **log_skill, "unit": "ratio"},
    ]
    return [{"id": "win_chance", "n": found.rows, "unit": "number", **row} for row in rows]


def _bins(deals: DealsCard) -> list[dict[str, Any]]:
    place = {"id": "win_chance", "by": "group", "unit": "ratio"}
    return [
        {**place, "segment": str(row["bin"]), "n": row["rows"], **part}
        for row in deals.bins.to_dict("records")
        for part in (
            {"variant": "said", "value": row["said"]},
            {
                "variant": "came", "value": row["came"], "numerator": row["won_rows"], "denominator": row["rows"],
                "low": row["low"], "high": row["high"],
            },
        )
    ]  # fmt: skip


def _days(deals: DealsCard) -> list[dict[str, Any]]:
    place = {"id": "win_chance", "by": "day", "unit": "money"}
    return [
        {**place, "segment": str(row["day"])[:10], "n": row["deals"], **part}
        for row in shown_days(deals.sums).to_dict("records")
        for part in (
            {"variant": "expected_then", "value": row["expected"], "low": row["low"], "high": row["high"]},
            {"variant": "came_of_it", "value": row["came"]},
        )
    ]


def _deals(deals: DealsCard) -> list[dict[str, Any]]:
    if not deals.basis:
        return []
    place = {"id": "win_chance", "by": "opportunity_id"}
    return [
        {**place, "segment": row["opportunity_id"], **part}
        for row in deals.open.head(LISTED).to_dict("records")
        for part in (
            {"variant": "deal", "value": row["probability"], "low": row["low"], "high": row["high"], "unit": "ratio"},
            {
                "variant": "deal_value", "value": row["expected"], "unit": "money",
                "reason": "" if row["amount"] == row["amount"] else "the deal has no amount",
            },
        )
    ]  # fmt: skip
