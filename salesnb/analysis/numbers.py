"""Numbers: every number of a scorecard as a row, for results.json."""

from __future__ import annotations

import math

import pandas as pd

from salesnb.analysis.card import Card
from salesnb.kpis import registry


def of(card: Card) -> pd.DataFrame:
    """List the numbers of a card; the columns are those of :meth:`salesnb.analysis.scorecard.Scorecard.numbers`."""
    columns = [
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
        "target",
        "previous",
        "year_ago",
    ]
    whole = card.kpis.assign(period=str(card.period), by=None, segment=None)
    tiles = card.tiles.set_index("name")
    for name in ("target", "year_ago"):
        whole[name] = whole["name"].map(tiles[name]) if len(tiles) else math.nan
    whole["target"] = [_rounded(goal) for goal in whole["target"]]
    parts = [whole]
    earlier = card.trend[card.trend["period"] != str(card.period)]
    parts.append(earlier.assign(by=None, segment=None, id=_ids(earlier), variant=_variants(earlier)))
    for by, cut in card.segments.items():
        for name, value in ((cut.amount, "amount"), (cut.rate, "rate")):
            rows = cut.rows.assign(name=name, period=str(card.period), by=by, value=cut.rows[value])
            rows = rows.assign(id=_ids(rows), variant=_variants(rows), unit=registry.find(name).unit)
            rows["status"] = [
                "na" if v != v else "ok" if card.calendar.is_complete else "immature" for v in rows["value"]
            ]
            why = {"na": f"{by} without a row to compute it from", "immature": f"{card.period} is not over"}
            rows["reason"] = [why.get(status, "") for status in rows["status"]]
            if value == "amount":
                rows[["low", "high", "numerator", "denominator"]] = math.nan
                rows["numerator"] = rows["value"]
                rows["previous"] = rows["amount_previous"]
                rows["n"] = math.nan
            else:
                rows["target"] = math.nan
            parts.append(rows)
    kept = [part.reindex(columns=columns).astype(object) for part in parts if len(part)]
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=columns)


def _rounded(goal: float, digits: int = 10) -> float:
    """Round to ten significant digits and never coarser than a cent: a factor on a baseline leaves a tail of digits."""
    if goal != goal or goal == 0:
        return goal
    return round(float(goal), max(2, digits - 1 - math.floor(math.log10(abs(goal)))))


def _ids(rows: pd.DataFrame) -> list[str]:
    return [str(name).partition(".")[0] for name in rows["name"]]


def _variants(rows: pd.DataFrame) -> list[str]:
    return [str(name).partition(".")[2] for name in rows["name"]]
