"""Every number of aging as a row, for results.json."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesnb.analysis.aging_card import CLASSES, AgingCard
from salesnb.analysis.hygiene_deals import numbered


def numbers(card: AgingCard) -> pd.DataFrame:
    """List the numbers: the norms, the open deals of each class by stage, the pushes and how far they went."""
    rows: list[dict[str, Any]] = []
    for row in card.norms.to_dict("records"):
        segment = row["stage"] if row["segment"] is None else f"{row['stage']} / {row['segment']}"
        place = {"by": "stage" if row["segment"] is None else "stage and segment", "segment": segment, "n": row["n"]}
        for name in ("median", "p80", "p90"):
            rows.append({"id": "days_in_stage", "variant": f"won_{name}", "value": row[name], "unit": "days", **place})
    for row in card.stages.to_dict("records"):
        place = {"by": "stage", "segment": row["stage"], "unit": card.unit}
        for each in (*CLASSES, "idle"):
            sized = {"value": row[f"{each}_amount"], "n": row[f"{each}_deals"]}
            rows.append({"id": "pipeline_age", "variant": each, **sized, **place})
    for row in card.pushed.to_dict("records"):
        place = {"by": "pushes", "segment": str(row["pushes"])}
        rows.append({"id": "pipeline_pushed", "value": row["amount"], "n": row["deals"], "unit": card.unit, **place})
    for row in card.slips.to_dict("records"):
        rows.append({"id": "pushes", "value": row["pushes"], "n": row["pushes"], "by": "slip", "segment": row["bucket"],
                     "unit": "count"})  # fmt: skip
    for name in ("median", "p90"):
        if name in card.slip_days:
            value = card.slip_days[name]
            rows.append({"id": "slip_days", "variant": name, "value": value, "n": card.slip_days["n"], "unit": "days"})
    return numbered(rows, card.period)
