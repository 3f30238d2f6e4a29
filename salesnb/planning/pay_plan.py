"""Pay plans: how sellers of some roles are paid for a period, as a file of them says.

A file of plans, as ``params/pay.yml``::

    plans:
      - name: Account executive
        roles: [Account Executive]        # none: everybody that no other plan is for
        currency: USD
        per: quarter                      # how long the amounts are of; left out: of any period
        variable: 20000                   # what a period pays at 100 % of quota
        base: 15000                       # what it pays in any case
        threshold: 0.4                    # below so much of quota nothing variable is paid
        tiers:                            # from which attainment each unit sold pays how many times the usual
          - {above: 0.0, rate: 0.8}       # a decelerator
          - {above: 0.8, rate: 1.0}
          - {above: 1.0, rate: 1.5}       # an accelerator
        cap: 2.0                          # the variable part is at most so many times ``variable``
        draw: {amount: 3000, recoverable: true}
        spiffs:
          - {name: Launch, product: Nova, per_deal: 500, starts_on: 2026-07-01, ends_on: 2026-08-31}
        eligible_after: 30                # days since hiring without variable pay
"""

from __future__ import annotations

import datetime as dtm
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from salesnb.errors import ParameterError
from salesnb.periods import Period
from salesnb.settings import Day, Settings, checked, read_yaml

_MONTH = 365.25 / 12
_MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}
_ABOUT = 0.05


class Tier(Settings):
    """From an attainment on, how many times the usual rate each unit sold pays.

    Attributes
    ----------
    above
        The attainment, 1 being the quota.
    rate
        1 for the usual rate; above 1 an accelerator, below 1 a decelerator.
    """

    above: float = Field(ge=0, allow_inf_nan=False)
    rate: float = Field(ge=0, allow_inf_nan=False)


class Draw(Settings):
    """What is paid in advance, whatever is earned.

    Attributes
    ----------
    amount
        Of one period.
    recoverable
        Whether what was not earned of it is owed and taken from later periods.
    """

    amount: Decimal = Field(ge=0, allow_inf_nan=False)
    recoverable: bool = True


class Spiff(Settings):
    """A bonus for each deal won of a kind within some days.

    Attributes
    ----------
    name, per_deal
        What it is called, and what each deal pays.
    product
        Of which product; None for any.
    starts_on, ends_on
        The first and the last day; None for no bound.
    """

    name: str = Field(min_length=1)
    per_deal: Decimal = Field(ge=0, allow_inf_nan=False)
    product: str | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None

    def counts(self, product: str | None, on: dtm.date) -> bool:
        """Tell whether a deal of a product that was won on a day counts."""
        in_time = (self.starts_on is None or on >= self.starts_on) and (self.ends_on is None or on <= self.ends_on)
        return in_time and (self.product is None or product == self.product)


class PayPlan(Settings):
    """How sellers of some roles are paid for one period; see the head of the module for the attributes in a file.

    Attributes
    ----------
    name, roles, currency
        What it is called, whom it is for, and the currency of all its amounts.
    per
        How long the amounts are of; None: of whatever period is planned.
    variable, base
        What a period pays at 100 % of quota, and in any case; together the on-target earnings.
    threshold, tiers, cap
        Below ``threshold`` nothing variable is paid; from it on all that was sold counts, each unit by its tier;
        ``cap`` times ``variable`` is the most, None for no cap.
    draw, spiffs, eligible_after
        An advance, bonuses a deal, and how many days after hiring the variable part begins.
    """

    name: str = Field(min_length=1)
    roles: tuple[str, ...] = ()
    per: Literal["month", "quarter", "half", "year"] | None = None
    currency: str = Field("", pattern=r"^([A-Z]{3})?$")
    variable: Decimal = Field(gt=0, allow_inf_nan=False)
    base: Decimal = Field(Decimal(0), ge=0, allow_inf_nan=False)
    threshold: float = Field(0.0, ge=0, allow_inf_nan=False)
    tiers: tuple[Tier, ...] = (Tier(above=0.0, rate=1.0),)
    cap: float | None = Field(None, ge=0, allow_inf_nan=False)
    draw: Draw | None = None
    spiffs: tuple[Spiff, ...] = ()
    eligible_after: int = Field(0, ge=0, le=3650)

    @model_validator(mode="after")
    def _rises(self) -> Self:
        above = [tier.above for tier in self.tiers]
        if not above or above[0] != 0 or above != sorted(set(above)):
            raise ParameterError("tiers begin above 0 and each is above the one before", where="tiers",
                                 mend="list them from the lowest, the first with above: 0")  # fmt: skip
        return self

    @property
    def on_target(self) -> Decimal:
        """The on-target earnings of a period: base and variable."""
        return self.base + self.variable


class _File(Settings):
    plans: tuple[PayPlan, ...] = Field(min_length=1)


def read_plans(path: str | Path) -> tuple[PayPlan, ...]:
    """Read the plans of a file with a list ``plans``, in its order.

    Raises
    ------
    ParameterError
        The file cannot be read, a plan is wrong, two have one name, or a role has two plans.
    """
    plans = checked(_File, read_yaml(path), str(path)).plans
    for what, names in (
        ("plan", [plan.name for plan in plans]),
        ("role", [role for plan in plans for role in plan.roles or ("everybody else",)]),
    ):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ParameterError(f"{twice[0]} has two {what}s" if what == "plan" else f"{twice[0]} has two plans",
                                 where=f"{path}: plans", mend="keep one of them")  # fmt: skip
    return plans


def for_period(plan: PayPlan, period: Period) -> tuple[PayPlan, float]:
    """Return a plan with its amounts for the length of a period, and by what they were multiplied.

    The same length counts as such whatever its days; else amounts go by months, a month having 30.44 days.
    """
    if plan.per is None or plan.per == period.grain:
        return plan, 1.0
    times = period.days / (_MONTH * _MONTHS[plan.per])
    if abs(times - 1) < _ABOUT:
        return plan, 1.0
    return times_amounts(plan, Decimal(repr(times))), times


def times_amounts(plan: PayPlan, times: Decimal) -> PayPlan:
    """Return a plan with base, variable pay and advance multiplied, to the cent."""

    def money(amount: Decimal) -> Decimal:
        return (amount * times).quantize(Decimal("0.01"), ROUND_HALF_UP)

    draw = None if plan.draw is None else plan.draw.model_copy(update={"amount": money(plan.draw.amount)})
    return plan.model_copy(update={"variable": money(plan.variable), "base": money(plan.base), "draw": draw})


def plan_of(plans: Iterable[PayPlan], role: str | None) -> PayPlan | None:
    """Return the plan of a role: the one that names it, else the one that names none; None where there is neither."""
    usual = None
    for plan in plans:
        if role is not None and role in plan.roles:
            return plan
        usual = plan if not plan.roles else usual
    return usual
