"""Quota card: what a period's plan brings, who makes quota, what it costs, and how it was tried out."""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass

import pandas as pd

from salesnb.periods import Period
from salesnb.planning.allocation import Allocation
from salesnb.planning.capacity import Capacity
from salesnb.planning.paid import Statement
from salesnb.planning.replay import Replay
from salesnb.planning.scenario import Scenario
from salesnb.planning.territories import Territories
from salesnb.scenarios import Changes


@dataclass(frozen=True)
class Named:
    """A scenario with its name.

    Attributes
    ----------
    name, changes
        What it is called, and what it changes of the plan.
    found
        What it brings; None where it cannot be told.
    reason
        Why it cannot be told; empty where it can.
    parts
        ``driver, part``: what its difference from the plan comes from, in what is expected; parts sum to it.
    """

    name: str
    changes: Changes
    found: Scenario | None
    reason: str
    parts: pd.DataFrame


@dataclass(frozen=True)
class QuotaCard:
    """What a period's plan brings.

    Attributes
    ----------
    period, target, day
        The period reported on, the one that is planned (the same, or the next one where that is over), and the last
        day known.
    currency, seed
        Of the money, and where random numbers start.
    source
        The source, as the report was told it.
    nothing
        Why nothing is planned; empty where something is.
    capacity, usual
        The plan with what it rests on, and what it brings as it is.
    scenarios
        The plan with some changes; the first one the largest in what it adds.
    allocation, territories
        The target split in several ways, and the accounts of sellers; None where they cannot be told.
    statements
        What each seller is paid for the period reported on, so far where it runs.
    replay
        What would have been said of past periods.
    met_by_half
        By what factor all quotas on record would have had to differ for half of them to be met; NaN without quotas.
    met, quotas
        How many quotas on record are met, and how many there are.
    sellers
        What each seller has shown: :data:`salesnb.planning.shown.SHOWN`, and ``wins_a_day, size`` of the plan.
    rules
        ``what, rule, n``: what is thin or missing, the rule that stands in, and of how many.
    """

    period: Period
    target: Period
    day: dtm.date
    currency: str
    seed: int
    source: str
    nothing: str
    capacity: Capacity | None = None
    usual: Scenario | None = None
    scenarios: tuple[Named, ...] = ()
    allocation: Allocation | None = None
    territories: Territories | None = None
    statements: tuple[Statement, ...] = ()
    replay: Replay | None = None
    met_by_half: float = float("nan")
    met: int = 0
    quotas: int = 0
    sellers: pd.DataFrame | None = None
    rules: pd.DataFrame = None  # type: ignore[assignment]
