"""Knobs: what a manager may turn of a plan, between which bounds, and what typed words are taken for.

Sliders of a notebook, the controls of a published page and the grid behind them are made from the same knobs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from salesnb.planning.plan import Plan
from salesnb.scenarios import Changes, Hire

MOST_HIRES = 5


@dataclass(frozen=True)
class Knob:
    """One number that can be changed.

    Attributes
    ----------
    name
        The field of :class:`salesnb.scenarios.Changes`; ``hires`` for how many join on the first day ahead.
    title, unit
        What it is called; and ``ratio`` (shown in %), ``days`` or ``count``.
    base, nodes
        The plan's own value, and the values from the lowest to the highest at which a published page is exact; the
        base is one of them.
    past
        The lowest and the highest of past quarters; empty where they are not known.
    """

    name: str
    title: str
    unit: str
    base: float
    nodes: tuple[float, ...]
    past: tuple[float, ...] = ()

    @property
    def low(self) -> float:
        """The lowest value."""
        return self.nodes[0]

    @property
    def high(self) -> float:
        """The highest value."""
        return self.nodes[-1]

    @property
    def scale(self) -> float:
        """By what a value is multiplied to be shown."""
        return 100.0 if self.unit == "ratio" else 1.0

    @property
    def places(self) -> int:
        """The decimals of a shown value."""
        return 1 if self.unit == "ratio" else 0

    def shown(self, value: float) -> str:
        """Write a value as a field shows it, without its unit."""
        return f"{value * self.scale:.{self.places}f}"

    def read(self, text: str) -> tuple[float, str]:
        """Take what was typed for a value.

        Parameters
        ----------
        text
            What stands in the field, with or without its unit.

        Returns
        -------
        tuple
            A value between the bounds, and a word about what was done to it; empty where nothing was. What is no
            number, or empty, is the plan's own value; what is beyond a bound is the bound.
        """
        word = text.strip().removesuffix("%").removesuffix("days").strip().replace(",", ".")
        if not word:
            return self.base, f"empty: {self.shown(self.base)} is taken, as planned"
        try:
            value = float(word) / self.scale
        except ValueError:
            value = math.nan
        if math.isnan(value):
            return self.base, f"no number: {self.shown(self.base)} is taken, as planned"
        if self.unit == "count":
            value = float(round(value)) if math.isfinite(value) else value
        if value < self.low - 1e-12:
            return self.low, f"too low: {self.shown(self.low)} is the least"
        if value > self.high + 1e-12:
            return self.high, f"too high: {self.shown(self.high)} is the most"
        # What is shown of the plan's own value is the plan's own value.
        return (self.base, "") if self.shown(value) == self.shown(self.base) else (value, "")


def knobs(plan: Plan, assumptions: pd.DataFrame) -> tuple[Knob, ...]:
    """Return what can be changed of a plan, those first that matter most; what its data does not tell is left out.

    Parameters
    ----------
    plan, assumptions
        Of :class:`salesnb.planning.capacity.Capacity`.
    """
    known = assumptions.set_index("name")
    made = []
    rate = plan.win_rate
    if rate > 0:
        past = _past(known, "win rate")
        low, high = min([0.8 * rate, *past]), min(max([1.25 * rate, *past]), 1.0)
        nodes = sorted({round(low, 3), round((low + rate) / 2, 3), rate, round((rate + high) / 2, 3), round(high, 3)})
        made.append(Knob("win_rate", "Win rate", "ratio", rate, tuple(nodes), past))
    made.append(Knob("created", "Deals created, of the plan", "ratio", 1.0, (0.7, 1.0, 1.3)))
    size = _past(known, "deal size")
    mean = float(known["value"]["deal size"])
    past = tuple(one / mean for one in size) if mean > 0 else ()
    made.append(Knob("size", "Deal size, of the plan", "ratio", 1.0, (0.8, 1.0, 1.25), past))
    made.append(Knob("hires", "Sellers who join at once", "count", 0.0, (0.0, float(MOST_HIRES))))
    made.append(Knob("quota", "Quotas, of the plan (the target stays)", "ratio", 1.0, (0.8, 0.9, 1.0, 1.1, 1.25)))
    if plan.cycle_days > 0 and rate > 0:
        made.append(Knob("cycle_days", "Days from creation to close", "days", plan.cycle_days,
                         _around(plan.cycle_days, 0.8, 1.25)))  # fmt: skip
    if plan.ramp_days > 0:
        made.append(Knob("ramp_days", "Days until a new seller is at full rate", "days", plan.ramp_days,
                         _around(plan.ramp_days, 0.5, 0.75, 1.25, 1.5)))  # fmt: skip
    left = plan.attrition
    made.append(Knob("attrition", "Sellers who leave in a year", "ratio", left,
                     tuple(sorted({0.0, left, min(round(max(2 * left, 0.2), 3), 1.0)}))))  # fmt: skip
    return tuple(one for one in made if len(set(one.nodes)) > 1)


def _around(base: float, *times: float) -> tuple[float, ...]:
    return tuple(sorted({base, *(float(round(one * base)) for one in times)}))


def _past(known: pd.DataFrame, name: str) -> tuple[float, ...]:
    pair = (float(known["low"][name]), float(known["high"][name]))
    return pair if all(math.isfinite(one) and one > 0 for one in pair) else ()


def changes_of(turned: Sequence[Knob], values: Mapping[str, float]) -> Changes:
    """Return what some values of knobs change; a value that is the plan's own changes nothing."""
    made: dict[str, object] = {}
    for knob in turned:
        value = values.get(knob.name, knob.base)
        if value == knob.base:
            continue
        made[knob.name] = (Hire(count=int(value)),) if knob.name == "hires" else value
    return Changes(**made)  # type: ignore[arg-type]


def values_of(turned: Sequence[Knob], changes: Changes) -> dict[str, float]:
    """Return the values of knobs that some changes stand for, within their bounds; dated hires are no knob."""
    made = {}
    for knob in turned:
        value: object = getattr(changes, knob.name)
        if knob.name == "hires":
            value = float(sum(one.count for one in changes.hires if at_once(one)))
        number = knob.base if value is None else float(value)  # type: ignore[arg-type]
        made[knob.name] = min(max(number, knob.low), knob.high)
    return made


def at_once(hire: Hire) -> bool:
    """Tell whether a hire is one of the knob: from the first day ahead, of no team, with the others' quota."""
    return hire.starts_on is None and not hire.team and hire.quota is None
