"""Pay: what a seller earns by a plan, to the cent, with the working shown."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import numpy.typing as npt

from salesnb.errors import ParameterError
from salesnb.planning.pay_plan import PayPlan

Floats = npt.NDArray[np.floating]
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Line:
    """One step of the working.

    Attributes
    ----------
    what
        In words: ``"80 % to 100 % of quota at 1 times the usual rate"``.
    counted
        What is multiplied: money sold, or deals.
    rate
        By what.
    amount
        What it pays, to the cent.
    """

    what: str
    counted: Decimal
    rate: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Payout:
    """What a seller is paid for a period.

    Attributes
    ----------
    lines
        The working; their amounts sum to ``total``.
    attainment
        What was sold over the quota; None without a quota above 0.
    variable
        The variable part, after threshold and cap, without bonuses.
    total
        All that is paid, the base and an advance with it.
    owed
        What of a recoverable advance was not earned, this period's and earlier ones'.
    """

    lines: tuple[Line, ...]
    attainment: Decimal | None
    variable: Decimal
    total: Decimal
    owed: Decimal


def payout(
    plan: PayPlan, sold: Decimal, quota: Decimal, *, eligible: Decimal = Decimal(1),
    deals: Sequence[tuple[str | None, dtm.date]] = (), owed: Decimal = Decimal(0),
) -> Payout:  # fmt: skip
    """Work out what a seller is paid.

    Formula: the base; ``variable / quota`` for each unit sold, times the rate of its tier; nothing variable below the
    threshold, and no more than ``cap x variable``; bonuses; and the advance where the variable part is less.

    Parameters
    ----------
    plan
        The plan.
    sold, quota
        What was sold, and the quota of the seller's own days. A quota of 0 or below pays no variable part, for there is
        nothing to hold the sale against.
    eligible
        The share of the period, 0 to 1, in which the plan counts: it scales base, variable, advance and quota.
    deals
        Product and day of each deal won, for bonuses.
    owed
        Of recoverable advances of earlier periods: it is taken from what is earned beyond this period's advance.

    Returns
    -------
    Payout
        Each line to the cent, half a cent up; sums are of what the lines say.

    Raises
    ------
    ParameterError
        ``eligible`` is not between 0 and 1.
    """
    if not 0 <= eligible <= 1:
        raise ParameterError(f"{eligible} is no share of a period", where="eligible", mend="give 0 to 1")
    lines: list[Line] = []

    def pay(what: str, counted: Decimal, rate: Decimal) -> Decimal:
        amount = (counted * rate).quantize(_CENT, ROUND_HALF_UP)
        lines.append(Line(what, counted, rate, amount))
        return amount

    total = pay("base", plan.base, eligible) if plan.base else Decimal(0)
    goal, at_target = quota * eligible, plan.variable * eligible
    attainment = sold / goal if goal > 0 else None
    variable = Decimal(0)
    if attainment is not None and attainment >= Decimal(str(plan.threshold)) and sold > 0:
        bounds = [Decimal(str(tier.above)) * goal for tier in plan.tiers]
        for tier, low, high in zip(plan.tiers, bounds, [*bounds[1:], None], strict=True):
            part = (sold if high is None else min(sold, high)) - low
            if part > 0:
                upto = "and above" if high is None else f"to {high / goal:.0%}"
                what = f"{tier.above:.0%} {upto} of quota at {tier.rate:g} times the usual rate"
                variable += pay(what, part, at_target / goal * Decimal(str(tier.rate)))
        most = None if plan.cap is None else (at_target * Decimal(str(plan.cap))).quantize(_CENT, ROUND_HALF_UP)
        if most is not None and variable > most:
            variable += pay(f"capped at {plan.cap:g} times the variable pay", Decimal(1), most - variable)
    advance = Decimal(0)
    if plan.draw is not None:
        short = max((plan.draw.amount * eligible).quantize(_CENT, ROUND_HALF_UP) - variable, Decimal(0))
        if short:
            advance = pay("advance beyond what was earned", Decimal(1), short)
        back = min(owed, max(variable - plan.draw.amount * eligible, Decimal(0))).quantize(_CENT, ROUND_HALF_UP)
        if back:
            advance += pay("advance of earlier periods taken back", Decimal(1), -back)
        owed = owed - back + (short if plan.draw.recoverable else Decimal(0))
    bonus = Decimal(0)
    for spiff in plan.spiffs:
        n = sum(spiff.counts(product, on) for product, on in deals)
        if n:
            bonus += pay(f"{spiff.name}: a bonus a deal", Decimal(n), spiff.per_deal)
    return Payout(tuple(lines), attainment, variable, total + variable + advance + bonus, owed)


def payouts(plan: PayPlan, sold: Floats, quota: float, eligible: float = 1.0) -> Floats:
    """Work out what many outcomes of one seller pay, without bonuses and what is owed: :func:`payout` on arrays.

    Parameters
    ----------
    plan, quota, eligible
        As for :func:`payout`.
    sold
        Any number of outcomes.
    """
    goal, at_target = quota * eligible, float(plan.variable) * eligible
    made = np.zeros_like(sold)
    if goal > 0:
        reached = sold / goal
        edges = [tier.above for tier in plan.tiers]
        for tier, low, high in zip(plan.tiers, edges, [*edges[1:], np.inf], strict=True):
            if tier.rate:
                made += at_target * tier.rate * np.clip(reached - low, 0, high - low)
        if plan.cap is not None:
            np.minimum(made, at_target * plan.cap, out=made)
        if plan.threshold > 0:
            made *= reached >= plan.threshold
    if plan.draw is not None:
        np.maximum(made, float(plan.draw.amount) * eligible, out=made)
    return np.asarray(made + float(plan.base) * eligible)
