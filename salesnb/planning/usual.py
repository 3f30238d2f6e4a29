"""Usual scenarios: what a leader asks first, where a run is told none, made from what the data has shown possible."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from salesnb.planning.plan import Plan, offset
from salesnb.scenarios import Changes, Hire

ALL = "All that helps together"


def usual_scenarios(plan: Plan, assumptions: pd.DataFrame) -> Mapping[str, Changes]:
    """Return scenarios that make sense for a plan; what its data does not tell is not changed.

    The win rate of the best and of the worst quarter of the last year; a tenth more deals, and larger ones; one seller
    more a team from the first day ahead; a ramp shorter by a third, where somebody is in it; and all that helps.

    Parameters
    ----------
    plan
        The plan.
    assumptions
        Of :class:`salesnb.planning.capacity.Capacity`.
    """
    rate = assumptions.set_index("name").loc["win rate"]
    made: dict[str, Changes] = {}
    if plan.win_rate > 0 and rate["high"] > plan.win_rate * 1.001:
        made["Win rate of the best quarter"] = Changes(win_rate=round(float(rate["high"]), 4))
    made["A tenth more deals created"] = Changes(created=1.1)
    made["Deals a tenth larger"] = Changes(size=1.1)
    if len(plan.reps) and plan.day < plan.period.last_day:
        teams = sorted({str(team) for team in plan.reps["team"]})
        made["One seller more a team"] = Changes(hires=tuple(Hire(team=team) for team in teams))
    if _in_ramp(plan):
        made["Ramp shorter by a third"] = Changes(ramp_days=round(plan.ramp_days * 2 / 3))
    fields: dict[str, object] = {}
    for changes in made.values():
        fields |= {name: getattr(changes, name) for name in changes.told()}
    if len(made) > 1:
        made[ALL] = Changes(**fields)  # type: ignore[arg-type]
    if plan.win_rate > 0 and not math.isnan(rate["low"]) and rate["low"] < plan.win_rate * 0.999:
        made["Win rate of the worst quarter"] = Changes(win_rate=round(float(rate["low"]), 4))
    return made


def _in_ramp(plan: Plan) -> bool:
    """Tell whether a seller has a day of the ramp ahead."""
    hired = offset(plan.reps["hired_on"], plan.day, -100_000)
    return bool((hired > -plan.ramp_days).any())
