"""Reasons: why a deal has its chance, in words, as terms that sum to its log odds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from salesnb import formats
from salesnb.analysis.chances import Chances

Row = Mapping[str, Any]
COLUMNS = ("opportunity_id", "feature", "says", "log_odds")
MOST = 3
SMALL = 0.05
"""A term of the log odds below this is not worth a word: it moves a chance of one half by 1 point."""
_PLACE = ("stage", "segment", "stage_segment")

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "place": "stage and segment together",
        "stage": "stage",
        "segment": "segment",
        "stage_segment": "stage and segment together",
        "forecast_category": "the owner's call",
        "kind": "kind of deal",
        "product": "product",
        "age": "age",
        "in_stage": "days in the stage",
        "pushes": "pushes of the expected close",
        "moved_back": "moves back",
        "due_in": "days to the expected close",
        "size": "amount",
        "owner_rate": "what its owner won before",
        "quiet": "days without an activity",
    }
)
"""Feature to what a reader calls it."""


def reasons(model: Chances, rows: pd.DataFrame) -> pd.DataFrame:
    """Return what raises or lowers each deal's chance against that of an average deal.

    The terms of stage, segment and both together are one reason where both together are used.

    Returns
    -------
    pandas.DataFrame
        ``opportunity_id, feature, says, log_odds``: one row a deal and reason, by deal, the strongest first.
    """
    found = model.contributions(rows)
    if "stage_segment" in found:
        place = found[[name for name in _PLACE if name in found]].sum(axis=1)
        found = found.drop(columns=[name for name in _PLACE if name in found]).assign(place=place)
    records: list[dict[str, Any]] = [{str(k): v for k, v in row.items()} for row in rows.to_dict("records")]
    parts = [
        pd.DataFrame(
            {
                "opportunity_id": rows["opportunity_id"].to_numpy(),
                "feature": name,
                "says": [_says(str(name), row) for row in records],
                "log_odds": found[name].to_numpy(),
            }
        )
        for name in found
    ]
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    whole = pd.concat(parts, ignore_index=True).assign(_size=lambda t: -t["log_odds"].abs())
    return whole.sort_values(["opportunity_id", "_size", "feature"], ignore_index=True)[list(COLUMNS)]


def told(log_odds: float, says: str) -> str:
    """Write one reason: ``▲ in Negotiation (odds x 2.40)``."""
    factor = math.exp(log_odds)
    return f"{'▲' if log_odds > 0 else '▼'} {says} (odds x {factor:.2f})"


def in_words(found: pd.DataFrame) -> dict[str, str]:
    """Return each deal's strongest reasons in words, by its id; those below :data:`SMALL` are not told."""
    strong = found[found["log_odds"].abs() >= SMALL].groupby("opportunity_id", sort=False).head(MOST)
    words: dict[str, list[str]] = {}
    for row in strong.to_dict("records"):
        words.setdefault(row["opportunity_id"], []).append(told(row["log_odds"], row["says"]))
    return {deal: "; ".join(parts) for deal, parts in words.items()}


def _says(feature: str, row: Row) -> str:
    value = row["stage_segment" if feature == "place" else feature]
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return f"{LABELS[feature]} not known"
    return _WRITE[feature](value)


def _days(value: float) -> str:
    return formats.days(round(value))


def _due(value: float) -> str:
    return f"due in {_days(value)}" if value >= 0 else f"overdue by {_days(-value)}"


def _times(value: float, word: str) -> str:
    return f"never {word}" if value < 1 else f"{word} {formats.plural(round(value), 'time')}"


_WRITE: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {
        "place": lambda v: f"in {v}",
        "stage": lambda v: f"in {v}",
        "segment": lambda v: f"segment {v}",
        "forecast_category": lambda v: f"called {str(v).replace('_', ' ')}",
        "kind": lambda v: f"{v} business" if v == "new" else f"{v}",
        "product": lambda v: f"for {v}",
        "age": lambda v: f"{_days(v)} old",
        "in_stage": lambda v: f"{_days(v)} in its stage",
        "pushes": lambda v: _times(v, "pushed"),
        "moved_back": lambda v: _times(v, "moved back"),
        "due_in": _due,
        "size": lambda v: f"worth {formats.money(10**v)}",
        "owner_rate": lambda v: f"its owner won {formats.share(v, 0)} before",
        "quiet": lambda v: "an activity today" if v < 1 else f"{_days(v)} without an activity",
    }
)
