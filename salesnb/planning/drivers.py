"""Drivers: what the difference between two scenarios comes from."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations

import pandas as pd

from salesnb.planning.plan import DRIVERS, Plan, team_of
from salesnb.planning.scenario import expected_of
from salesnb.scenarios import Changes


def difference(
    plan: Plan, one: Changes, other: Changes, value: Callable[[Plan, Changes], float] | None = None
) -> pd.DataFrame:
    """Split the difference between two scenarios driver by driver.

    The part of a driver is its Shapley value: what it adds when it is changed after some others, the mean over all
    orders in which they can be changed. So parts sum to the difference, and no order is preferred.

    Parameters
    ----------
    plan, one, other
        The plan, and the two scenarios' changes.
    value
        What is compared; what all bring without chance where None.

    Returns
    -------
    pandas.DataFrame
        ``driver, part``, the largest first; drivers that are the same in both are left out.
    """

    def without_chance(plan: Plan, changes: Changes) -> float:
        return float(expected_of(team_of(plan, changes)).sum())

    ask = value or without_chance
    drivers = [name for name, fields in DRIVERS.items() if any(getattr(one, f) != getattr(other, f) for f in fields)]
    worth: dict[frozenset[str], float] = {}
    for size in range(len(drivers) + 1):
        for chosen in combinations(drivers, size):
            given = {f: getattr(other, f) for name in chosen for f in DRIVERS[name]}
            worth[frozenset(chosen)] = ask(plan, one.model_copy(update=given))
    n = len(drivers)
    made = []
    for name in drivers:
        part = 0.0
        for others, before in worth.items():
            if name not in others:
                weight = math.factorial(len(others)) * math.factorial(n - len(others) - 1) / math.factorial(n)
                part += weight * (worth[others | {name}] - before)
        made.append((name, part))
    frame = pd.DataFrame(made, columns=["driver", "part"])
    return frame.sort_values("part", key=lambda part: -part.abs(), ignore_index=True)
