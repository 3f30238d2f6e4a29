"""Every number of the curves as a row, for results.json."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from salesnb.analysis.funnel_numbers import COLUMNS
from salesnb.periods import Period

_SHARES = ("difference", "undecided", "unsure")


def numbers(
    window: Period,
    is_complete: bool,
    whole: Mapping[str, float],
    cohorts: pd.DataFrame,
    cells: pd.DataFrame,
    segments: pd.DataFrame,
) -> pd.DataFrame:
    """List the numbers of curves; the columns are those of :func:`salesnb.analysis.funnel_numbers.numbers`.

    Parameters
    ----------
    window, is_complete
        The days that the numbers are of, and whether the period is over.
    whole, cohorts, cells, segments
        Those of :class:`salesnb.analysis.curves.Curves`.
    """
    rows: list[dict[str, Any]] = []
    if whole["n"]:
        rows += _rates("", None, whole)
    for row in cohorts.to_dict("records"):
        rows += _rates("cohort", row["cohort"], row)
    for row in segments.to_dict("records"):
        rows += _rates(row["by"], row["segment"], row)
        share = {"value": row["share"], "n": row["n"], "low": row["share_low"], "high": row["share_high"]}
        place = {"id": "win_curve", "variant": "by_age", "by": row["by"], "segment": row["segment"]}
        rows.append({**place, **share, "unit": "ratio"})
    rows += [
        {
            "id": "win_curve", "variant": f"within_{cell['age']}_days", "by": "cohort", "segment": cell["cohort"],
            "value": cell["share"], "unit": "ratio",
        }
        for cell in cells.to_dict("records")
    ]  # fmt: skip
    frame = pd.DataFrame([{**dict.fromkeys(COLUMNS), **row} for row in rows], columns=list(COLUMNS))
    frame["period"] = str(window)
    none = [value is None or math.isnan(value) for value in frame["value"]]
    frame["status"] = ["na" if no else "ok" if is_complete else "immature" for no in none]
    running = "" if is_complete else "the period is not over"
    frame["reason"] = ["no deal was watched so long" if no else running for no in none]
    return frame


def _rates(by: str, segment: str | None, row: Mapping[Any, Any]) -> list[dict[str, Any]]:
    place = {"id": "win_curve", "by": by or None, "segment": segment}
    known = {"low": row["low"], "high": row["high"]}
    return [
        {**place, "variant": "mature", "value": row["mature"], "n": row["n"], **known, "unit": "ratio"},
        {
            **place, "variant": "decided", "value": row["decided_rate"], "numerator": row["won"],
            "denominator": row["won"] + row["lost"], "n": row["won"] + row["lost"], "unit": "ratio",
        },
        *({**place, "variant": name, "value": row[name], "unit": "count"} for name in ("n", "won", "lost", "open")),
        *({**place, "variant": name, "value": row[name], "unit": "ratio"} for name in _SHARES),
    ]  # fmt: skip
