"""Plan: what each KPI was to reach in a period, and how far it is from there.

A target is a goal for the whole company that counts in the period; for the amount sold also the sum of the quotas whose
spans belong to the period. Quotas stand beside the amount sold only where they are held against that very amount.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from salesnb.analysis.calendar import Calendar
from salesnb.analysis.comparison import Values

if TYPE_CHECKING:
    from salesnb.goals import Goal

Verdict = Literal["on plan", "behind", "running", "no target", "no value"]

ATTAINMENT = "quota_attainment.booked"


@dataclass(frozen=True)
class Target:
    """What a KPI was to reach.

    Attributes
    ----------
    value, actual
        The target, and what was reached.
    source
        Where it was set: ``quotas``, or the objective of a goal.
    owner
        Who answers for it; empty for quotas.
    better
        Which way is better.
    is_over
        Whether the period is over.
    """

    value: float
    actual: float
    source: str
    owner: str
    better: str
    is_over: bool

    @property
    def achieved(self) -> float:
        """What was reached over the target; NaN for a target that is not above 0."""
        return self.actual / self.value if self.value > 0 else math.nan

    @property
    def gap(self) -> float:
        """What was reached less the target."""
        return self.actual - self.value

    @property
    def verdict(self) -> Verdict:
        """``on plan`` at the target or on its better side, else ``behind``; ``running`` before the period is over."""
        if math.isnan(self.actual):
            return "no value"
        if not self.is_over:
            return "running"
        is_met = self.gap <= 0 if self.better == "down" else self.gap >= 0
        return "on plan" if is_met or abs(self.gap) < 1e-9 * abs(self.value) else "behind"


def targets(
    values: Values, calendar: Calendar, goals: Sequence[Goal], betters: dict[str, str], main: str
) -> dict[str, Target]:
    """Find the target of every KPI that has one.

    Parameters
    ----------
    goals
        The goals known; those for a segment or for another period are left out.
    betters
        KPI name to which way is better, for the KPIs wanted.
    main
        The KPI of the amount sold, which quotas are held against.

    Returns
    -------
    dict
        KPI name to target; a goal goes before quotas.
    """
    found: dict[str, Target] = {}
    quotas = quota_target(values, calendar, betters.get(ATTAINMENT, "up"))
    if quotas is not None:
        sold = values.one(main, calendar.period)["value"]
        if math.isclose(float(sold), quotas.actual, rel_tol=1e-9, abs_tol=0.005):
            found[main] = quotas
        found[ATTAINMENT] = Target(1.0, quotas.achieved, "quotas", "", "up", quotas.is_over)
    for goal in goals:
        if goal.segment is None and goal.kpi in betters and goal.counts_in(calendar.period):
            actual = values.one(goal.kpi, calendar.period)["value"]
            found[goal.kpi] = Target(
                goal.value, float(actual), goal.objective, goal.owner, betters[goal.kpi], calendar.is_complete
            )
    return found


def quota_target(values: Values, calendar: Calendar, better: str = "up") -> Target | None:
    """Return the sum of the period's quotas and what was sold against them; None where there are none."""
    record = values.one(ATTAINMENT, calendar.period)
    if record["status"] in ("needs", "table") or math.isnan(float(record["denominator"])) or record["denominator"] <= 0:
        return None
    return Target(float(record["denominator"]), float(record["numerator"]), "quotas", "", better, calendar.is_complete)


def gaps(values: Values, calendar: Calendar, by: str) -> pd.DataFrame:
    """Split the distance to the quotas by segment; the parts sum to the whole.

    Returns
    -------
    pandas.DataFrame
        ``segment, actual, target, gap`` (actual - target), the furthest behind first; empty where nothing is known.
    """
    frame = values.frame(ATTAINMENT, calendar.period, by)
    frame = frame[(frame["status"] != "needs") & frame["denominator"].notna()]
    rows = pd.DataFrame(
        {
            "segment": frame["segment"].astype(str),
            "actual": frame["numerator"].astype(float),
            "target": frame["denominator"].astype(float),
        }
    )
    rows["gap"] = rows["actual"] - rows["target"]
    return rows.sort_values(["gap", "segment"], kind="stable").reset_index(drop=True)
