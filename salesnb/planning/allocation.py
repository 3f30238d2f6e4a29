"""Allocation: one target split among sellers in several ways, from the top and from the bottom, and over its months."""

from __future__ import annotations

import datetime as dtm
import math
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd

from salesnb.planning.allocate import METHODS, SEASON, split
from salesnb.planning.plan import Plan, offset
from salesnb.planning.scenario import Scenario, what_if
from salesnb.scenarios import Changes

AS_IS = "as it is"
_YEARS = 3
WAYS = ("way", "lowest", "highest", "spread", "hitting", "assigned", "over")


@dataclass(frozen=True)
class Allocation:
    """A target split among sellers.

    Attributes
    ----------
    target
        What is split.
    bottom_up
        What the sellers are expected to bring together.
    quotas
        One row a seller: ``rep_id, name, team`` and a quota by way; ways of :data:`salesnb.planning.allocate.METHODS`
        for which the data has something to go by, and :data:`AS_IS`.
    chances
        The same, with each seller's probability to reach that quota; NaN of a quota of 0.
    ways
        One row a way: ``way, lowest, highest`` (chance of a seller) ``, spread`` (the largest less the smallest: how
        fair it is) ``, hitting`` (the share of sellers who reach theirs) ``, assigned, over`` (what is assigned over
        the target).
    months
        ``month, share, amount``: the target over its months, by what the same months brought in up to three years
        before; empty for a period of less than two months.
    """

    target: float
    bottom_up: float
    quotas: pd.DataFrame
    chances: pd.DataFrame
    ways: pd.DataFrame
    months: pd.DataFrame


def allocation(plan: Plan, usual: Scenario, won: pd.DataFrame, potential: pd.Series[float], seed: int) -> Allocation:
    """Split a plan's target in every way that the data has something to go by.

    Parameters
    ----------
    plan, usual
        The plan with a target above 0, and what it brings.
    won
        ``seller, on, amount`` of what was won up to the last day known.
    potential
        Seller to the potential of the accounts held; empty where it is not known.
    seed
        Of the draws.
    """
    reps = plan.reps
    holders = pd.DataFrame({"holder": reps["rep_id"], "share": _shares(plan)})
    last = pd.Timestamp(plan.day)
    late = won[won["on"] > last - pd.Timedelta(days=365)]
    ago = plan.period.year_ago
    same = won[(won["on"] >= pd.Timestamp(ago.start)) & (won["on"] < pd.Timestamp(ago.end))]
    holders["last_year"] = holders["holder"].map(same.groupby("seller")["amount"].sum())
    holders["trailing_year"] = holders["holder"].map(late.groupby("seller")["amount"].sum())
    holders["potential"] = holders["holder"].map(potential) if len(potential) else np.nan
    # What a seller would bring in the whole period: a part of it is counted by the share of days.
    share = holders["share"].where(holders["share"] > 0)
    holders["capacity"] = usual.reps["expected"].to_numpy()[: len(reps)] / share
    goal = Decimal(repr(plan.target)).quantize(Decimal("0.01"))
    names = reps[["rep_id", "name", "team"]].reset_index(drop=True)
    quotas, chances = names.copy(), names.copy()
    rows = []
    for way in (AS_IS, *METHODS):
        if way == AS_IS:
            given = reps["quota"].to_numpy(dtype=np.float64)
            if not given.sum() > 0:
                continue
        elif way != "evenly" and not (holders[way] > 0).any():
            continue
        else:
            given = split(goal, holders, way)["quota"].astype("float64").to_numpy()
        by_hand = dict(zip(reps["rep_id"].astype(str), (float(one) for one in given), strict=True))
        hit = (usual if way == AS_IS else what_if(plan, Changes(quotas=by_hand), seed=seed)).reps["hit"]
        quotas[way], chances[way] = given, hit.to_numpy()[: len(reps)]
        known = hit.dropna()
        low, high = (float(known.min()), float(known.max())) if len(known) else (math.nan, math.nan)
        rows.append((way, low, high, high - low, float(known.mean()) if len(known) else math.nan, float(given.sum()),
                     float(given.sum()) - plan.target))  # fmt: skip
    months = by_month(plan, won, goal)
    return Allocation(plan.target, usual.expected, quotas, chances, pd.DataFrame(rows, columns=list(WAYS)), months)


def by_month(plan: Plan, won: pd.DataFrame, goal: Decimal) -> pd.DataFrame:
    """Split a target over the months of its period by season: see :attr:`Allocation.months`."""
    months = pd.period_range(plan.period.start, plan.period.last_day, freq="M")
    if len(months) < 2:
        return pd.DataFrame(columns=["month", "share", "amount"])
    sums = won.groupby(won["on"].dt.to_period("M"))["amount"].sum()
    first, end = plan.period.start, plan.period.end
    weights = []
    for month in months:
        before = [sums.get(month - 12 * back, math.nan) for back in range(1, _YEARS + 1)]
        days = (min(month.end_time.date() + dtm.timedelta(days=1), end) - max(month.start_time.date(), first)).days
        known = [value for value in before if not math.isnan(value)]
        weights.append((float(np.mean(known)) * days / month.days_in_month if known else math.nan, days))
    is_known = all(weight > 0 for weight, _ in weights)
    holders = pd.DataFrame({"holder": [str(month) for month in months],
                            "season": [weight if is_known else float(days) for weight, days in weights]})  # fmt: skip
    made = split(goal, holders, SEASON)
    return pd.DataFrame({"month": made["holder"], "share": made["share"], "amount": made["quota"].astype("float64")})


def _shares(plan: Plan) -> np.typing.NDArray[np.float64]:
    """Return the share of the period that each seller is there."""
    n = plan.period.days
    begins = offset(plan.reps["starts_on"], plan.period.start, 0)
    ends = np.minimum(offset(plan.reps["ends_on"], plan.period.start, n - 1) + 1, n)
    return np.asarray(np.maximum(ends - np.maximum(begins, 0), 0) / n, dtype=np.float64)
