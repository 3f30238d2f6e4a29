"""Every number of a plan, for results.json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from salesnb.analysis.hygiene_deals import NUMBERS, numbered
from salesnb.planning.quota_card import QuotaCard
from salesnb.planning.scenario import Scenario

AS_PLANNED = "as planned"


def numbers(card: QuotaCard) -> pd.DataFrame:
    """List every number: the columns of :data:`salesnb.analysis.hygiene_deals.NUMBERS`.

    ``quota_chance`` (of the target) ``, quota_landing`` (what comes, with its P10 and P90) ``, quota_hitting`` (the
    share of sellers at quota) ``, quota_pay``, each by scenario; ``quota_landing`` and ``quota_hit`` by team and
    seller; ``quota_spread`` by way of splitting; ``quota_replay`` by past period; ``quota_payout`` by seller.
    """
    if card.nothing or card.usual is None:
        return pd.DataFrame(columns=list(NUMBERS))
    made = list(_of(card.usual, AS_PLANNED))
    for one in card.scenarios:
        if one.found is not None:
            made += _of(one.found, one.name)
    for by, frame, name in (("team", card.usual.teams, "team"), ("rep_id", card.usual.reps, "rep_id")):
        for row in frame.to_dict("records"):
            place = {"by": by, "segment": row[name]}
            made.append({"id": "quota_landing", "value": row["middle"], "low": row["low"], "high": row["high"],
                         "unit": "money", "target": row["quota"] or None, **place})  # fmt: skip
            made.append({"id": "quota_hit", "value": row["hit"], "unit": "ratio", **place})
    if card.allocation is not None:
        for row in card.allocation.ways.to_dict("records"):
            made.append({"id": "quota_spread", "value": row["spread"], "low": row["lowest"], "high": row["highest"],
                         "unit": "ratio", "by": "way", "segment": row["way"]})  # fmt: skip
    if card.replay is not None:
        for row in card.replay.periods.to_dict("records"):
            made.append({"id": "quota_replay", "value": row["middle"], "low": row["low"], "high": row["high"],
                         "unit": "money", "target": row["came"], "by": "period", "segment": row["period"]})  # fmt: skip
    for each in card.statements:
        made.append({"id": "quota_payout", "value": float(each.paid.total), "numerator": float(each.sold),
                     "denominator": float(each.quota), "unit": "money", "by": "seller", "segment": each.rep_id,
                     "period": str(card.period)})  # fmt: skip
    return numbered(made, card.target)


def _of(found: Scenario, name: str) -> Iterator[dict[str, Any]]:
    place = {"by": "scenario", "segment": name}
    yield {"id": "quota_chance", "value": found.chance, "unit": "ratio", **place}
    yield {"id": "quota_landing", "value": found.middle, "low": found.low, "high": found.high, "unit": "money",
           "target": found.plan.target if found.plan.target > 0 else None, **place}  # fmt: skip
    if found.hitting.size:
        low, high = np.quantile(found.hitting, [0.1, 0.9])
        yield {"id": "quota_hitting", "value": float(found.hitting.mean()), "low": float(low), "high": float(high),
               "unit": "ratio", **place}  # fmt: skip
    if found.pay.size:
        low, middle, high = np.quantile(found.pay, [0.1, 0.5, 0.9])
        yield {"id": "quota_pay", "value": float(middle), "low": float(low), "high": float(high), "unit": "money",
               **place}  # fmt: skip
