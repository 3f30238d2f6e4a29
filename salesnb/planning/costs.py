"""Costs: what sellers are paid under each draw of what they sell, bonuses a deal by the mix of products among it."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesnb.planning.pay import payouts
from salesnb.planning.pay_plan import PayPlan, plan_of
from salesnb.planning.plan import Plan, Team, offset

Floats = npt.NDArray[np.floating]
Paying: TypeAlias = Sequence[tuple[PayPlan | None, float]]


def paid(plan: Plan, team: Team, sold: Floats, size: float = 1.0, paying: Paying | None = None) -> list[Floats | None]:
    """Return what each seller is paid, a draw each; None for who has no plan.

    Parameters
    ----------
    plan, team, sold
        The plan, who sells, and what each sells, seller by draw.
    size
        How many times as large a deal is as the team's, for bonuses a deal.
    paying
        What :func:`eligible` says, where it was asked already.
    """
    ahead = max((plan.period.end - max(plan.period.start, plan.day + dtm.timedelta(days=1))).days, 1)
    bonuses = {one.name: bonus_a_deal(plan, one, ahead) / size if size else 0.0 for one in plan.plans}
    return [
        None if pays is None else _pay(team, place, sold[place], pays, share, bonuses[pays.name])
        for place, (pays, share) in enumerate(eligible(plan, team.reps) if paying is None else paying)
    ]


def eligible(plan: Plan, reps: pd.DataFrame) -> Paying:
    """Return the pay plan of each seller, and the share of the period in which it counts; None for who has none."""
    found = [plan_of(plan.plans, role if isinstance(role, str) else None) for role in reps["role"]]
    waits = np.array([0 if one is None else one.eligible_after for one in found], dtype=np.int64)
    start, n = plan.period.start, plan.period.days
    begins = np.maximum(offset(reps["starts_on"], start, 0), offset(reps["hired_on"], start, -100_000) + waits)
    ends = np.minimum(offset(reps["ends_on"], start, n - 1) + 1, n)
    shares = np.maximum(ends - np.maximum(begins, 0), 0) / n
    return list(zip(found, (float(share) for share in shares), strict=True))


def bonus_a_deal(plan: Plan, pays: PayPlan, ahead: int) -> float:
    """Return what a deal that is still to be won brings in bonuses on average, by the mix of products and the days."""
    end = plan.period.end - dtm.timedelta(days=1)
    first = end - dtm.timedelta(days=ahead - 1)
    total = 0.0
    for one in pays.spiffs:
        days = (min(one.ends_on or end, end) - max(one.starts_on or first, first)).days + 1
        share = 1.0 if one.product is None else plan.mix.get(one.product, 0.0)
        total += float(one.per_deal) * share * max(days, 0) / ahead
    return total


def _pay(team: Team, place: int, sold: Floats, pays: PayPlan, share: float, bonus: float) -> Floats:
    # The quota is that of the seller's own days already, and the plan scales what it is given by the share.
    made = payouts(pays, sold, float(team.quota[place]) / share if share else 0.0, share)
    size = float(team.size[place])
    # A bonus a deal is taken for as many deals as what is still sold is worth, on whatever day of the period.
    return np.asarray(made + bonus * (sold - team.booked[place]) / size if bonus and size else made)
