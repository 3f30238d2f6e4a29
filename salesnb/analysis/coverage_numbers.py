"""Every number of coverage as a row, for results.json."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesnb.analysis.coverage_card import CoverageCard
from salesnb.analysis.hygiene_deals import numbered

_BY = {"seller": "rep_id", "team": "team", "region": "region"}


def numbers(card: CoverageCard) -> pd.DataFrame:
    """List the numbers: the pipeline by when it is due, what is left, covered, needed and missing, by group too."""
    rows: list[dict[str, Any]] = []
    for row in card.horizons.to_dict("records"):
        place = {"by": "horizon", "segment": row["horizon"]}
        rows.append({"id": "pipeline_due", "value": row["due"], "n": row["deals"], "unit": card.unit, **place})
        if row["horizon"] not in ("this", "next", "later"):
            continue
        against = {"numerator": row["due"], "denominator": row["left"], "n": row["deals"], "reason": row["reason"]}
        rows.append({"id": "quota_left", "value": row["left"], "n": row["holders"], "unit": "money", **place})
        rows.append({"id": "pipeline_coverage", "variant": "ahead", "value": row["coverage"], "unit": "ratio", **place,
                     **against})  # fmt: skip
        for name in ("needed", "gap"):
            ends = {"low": row[f"{name}_low"], "high": row[f"{name}_high"]}
            sized = {"value": row[name], "unit": "money", "reason": row["reason"], **ends}
            rows.append({"id": f"pipeline_{name}", **place, **sized})
    if card.start:
        rows.append(
            {"id": "pipeline_coverage", "variant": "end", "value": card.start["coverage"], "unit": "ratio",
             "numerator": card.start["due"], "denominator": card.start["quota"], "n": card.start["deals"]}
        )  # fmt: skip
    if card.win is not None:
        won = {"numerator": card.win.won, "denominator": card.win.decided, "n": card.win.n, "reason": card.win.reason}
        ends = {"low": card.win.low, "high": card.win.high, "unit": "ratio"}
        variant = f"win_rate_by_{card.win.basis or 'value'}"
        rows.append({"id": "pipeline_needed", "variant": variant, "value": card.win.value, **won, **ends})
    for row in card.groups.to_dict("records"):
        place = {"by": _BY[str(row["by"])], "segment": row["key"]}
        rows.append({"id": "pipeline_due", "variant": "period", "value": row["due"], "n": row["deals"],
                     "unit": card.unit, **place})  # fmt: skip
        rows.append({"id": "pipeline_coverage", "variant": "ahead", "value": row["coverage"], "unit": "ratio",
                     "numerator": row["due"], "denominator": row["left"], "n": row["deals"], **place})  # fmt: skip
    return numbered(rows, card.period)
