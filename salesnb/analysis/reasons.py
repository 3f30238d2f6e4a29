"""Reasons: why one definition counts a row and the other one does not.

A fact of a row explains that a definition does not count it where the definition counts no row with that fact: a deal
is left out because it is still open if none that is counted is still open. The first such fact is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from salesnb.analysis.counted import EXAMPLES, FACTS
from salesnb.periods import Period

COLUMNS = ("default", "other", "side", "reason", "rows", "worth", "examples")
OTHERWISE = "each by another amount"
UNTOLD = "within one formula and not within the other"
# What tells these apart is no fact of a deal, but the formula itself.
_BY_FORMULA: Mapping[str, str] = {
    "average_order_value.median": "a return without its order",
    "new_customer_revenue.window": "the account first bought before {period}, at most 365 days before this",
    "pipeline_value.due": "not expected to close in {next}",
    "pipeline_value.weighted": "each weighed by how often deals of its stage are won",
    "win_rate.value": "each by its amount in place of one",
}


def explained(sides: pd.DataFrame, left_out: Mapping[str, str], period: Period) -> pd.DataFrame:
    """Give the rows that make two definitions differ their reasons.

    Parameters
    ----------
    sides
        As :meth:`salesnb.analysis.counted.Counted.sides` returns it.
    left_out
        Name of a definition to why it leaves rows out on purpose; empty where it does not.
    period
        The period asked about.

    Returns
    -------
    pandas.DataFrame
        ``default, other, side`` ("default", "other" or "otherwise") ``, reason, rows, worth, examples``; one row a
        reason, the most rows first within a side. The rows that both count alike are not in it.
    """
    found: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    for names, pair in sides.groupby(["default", "other"], sort=False):
        default, other = map(str, names)
        words = _facts(period)
        for row in pair[pair["side"] != "same"].to_dict("records"):
            absent_from = other if row["side"] == "default" else default
            counted = pair[pair["side"] != row["side"]]
            if row["side"] == "otherwise":
                reason = _by_formula(other, period) or OTHERWISE
            elif row["is_out"] == "yes" and left_out.get(absent_from):
                reason = left_out[absent_from]
            else:
                telling = [told for (fact, value), told in words.items() if row[fact] == value != ""]
                telling = [t for t in telling if not _has(counted, words, t)]
                reason = _by_formula(other, period) or next(iter(telling), UNTOLD)
            key = (default, other, row["side"], reason)
            so_far = found.setdefault(key, {"rows": 0, "worth": 0.0, "examples": []})
            so_far["rows"] += int(row["rows"])
            so_far["worth"] += 0.0 if row["worth"] is None or row["worth"] != row["worth"] else float(row["worth"])
            so_far["examples"] += str(row["examples"] or "").split(", ")
    rows = [
        {**dict(zip(COLUMNS, key, strict=False)), **told, "examples": tuple(sorted(told["examples"])[:EXAMPLES])}
        for key, told in found.items()
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    place = frame["side"].map({"default": 0, "other": 1, "otherwise": 2})
    order = frame.assign(_place=place).sort_values(["_place", "rows"], ascending=[True, False], kind="stable").index
    return frame.loc[order].reset_index(drop=True)


def _facts(period: Period) -> dict[tuple[str, str], str]:
    """Return what may tell deals apart, the plainest first."""
    told = {
        ("outcome", "open"): "still open",
        ("closed", "after"): f"closed after {period}",
        ("closed", "before"): f"closed before {period}",
        ("outcome", "disqualified"): "disqualified",
        ("created", "before"): f"created before {period}",
        ("created", "after"): f"created after {period}",
        ("outcome", "lost"): "lost",
        ("outcome", "won"): "won",
    }
    assert {fact for fact, _ in told} < set(FACTS)
    return told


def _has(rows: pd.DataFrame, words: Mapping[tuple[str, str], str], told: str) -> bool:
    fact, value = next(key for key, words_of in words.items() if words_of == told)
    return bool((rows[fact] == value).any())


def _by_formula(other: str, period: Period) -> str:
    return _BY_FORMULA.get(other, "").format(period=period, next=period.next)
