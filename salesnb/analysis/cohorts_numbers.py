"""Every number of cohorts as a row, for results.json."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesnb.analysis.hygiene_deals import numbered

_COUNTS = (("in", "in", "rate"), ("after", "after", "after_rate"), ("rolling", "rolling", "rolling_rate"))


def numbers(period: str, start: str, grain: str, cells: pd.DataFrame, segments: pd.DataFrame) -> pd.DataFrame:
    """List the numbers of cohorts.

    Parameters
    ----------
    period
        The period of the page.
    start, grain
        What the cohorts begin with, and how long a period is.
    cells, segments
        As :class:`salesnb.analysis.cohorts_card.CohortsCard` has them.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`salesnb.analysis.hygiene_deals.NUMBERS`; ``id`` is ``cohort_retention``, ``variant``
        the reading, or ``money``, ``by`` names the cohort and the age, as in ``order month, age 3``.
    """
    rows: list[dict[str, Any]] = []
    for cell in cells.to_dict("records"):
        place = {"by": f"{start} {grain}, age {cell['age']}", "segment": cell["label"], "id": "cohort_retention"}
        state = {} if cell["is_complete"] else {"status": "immature", "reason": f"the {grain} is not over"}
        for variant, count, rate in _COUNTS:
            bounds = {"low": cell["low"], "high": cell["high"]} if variant == "in" else {}
            rows.append(
                {**place, **state, **bounds, "variant": variant, "value": cell[rate], "numerator": cell[count],
                 "denominator": cell["size"], "n": cell["size"], "unit": "ratio"}
            )  # fmt: skip
        rows.append({**place, **state, "variant": "money", "value": cell["money"], "n": cell["size"], "unit": "money"})
    rows += [
        {"id": "cohort_retention", "variant": "in", "by": row["by"], "segment": row["segment"], "value": row["rate"],
         "numerator": row["numerator"], "denominator": row["n"], "n": row["n"], "low": row["low"], "high": row["high"],
         "unit": "ratio"}
        for row in segments.to_dict("records")
    ]  # fmt: skip
    return numbered(rows, period)
