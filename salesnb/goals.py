"""Goals and benchmarks: what a KPI shall reach, and what others reach.

A file of them, as ``params/goals.yml``, has two lists::

    goals:
      - {objective: Grow, kpi: revenue.booked, baseline: 9.0e6, target: 0.1, change: relative, due: 2026-09-30,
         owner: Head of Sales}
    benchmarks:
      - {kpi: win_rate.closed, value: 0.3, source: a survey, date: 2026-01-15}
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from salesnb.errors import ParameterError
from salesnb.periods import Period
from salesnb.settings import Day, Settings, checked, read_yaml

_KPI = r"^[a-z][a-z0-9_]*\.[a-z0-9][a-z0-9_]*$"


class Goal(Settings):
    """One key result: what a KPI shall reach, when, and who owns it.

    Attributes
    ----------
    objective
        What the number is wanted for, in words.
    kpi
        ``id.variant``.
    segment
        ``dimension: name``, as in ``"region: North"``; None for the whole company.
    baseline
        The value it starts from.
    target, change
        How far it shall go: ``absolute`` to the target itself; ``relative`` by that share of the baseline (0.1 is
        ten percent up); ``points`` by that difference to the baseline.
    due
        The last day of the period that counts.
    period
        The period that counts; the quarter that holds ``due`` where it is None.
    owner
        Who answers for it.
    """

    objective: str = Field(min_length=1)
    kpi: str = Field(pattern=_KPI)
    segment: str | None = None
    baseline: float | None = Field(None, allow_inf_nan=False)
    target: float = Field(allow_inf_nan=False)
    change: Literal["relative", "points", "absolute"] = "absolute"
    due: Day
    period: str | None = None
    owner: str = Field(min_length=1)

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.change != "absolute" and self.baseline is None:
            raise ParameterError(f"a {self.change} change needs a baseline", mend="give baseline, or the target itself")
        if self.period is not None and self.due not in Period.parse(self.period):
            raise ParameterError(
                f"due {self.due} is not in {self.period}", mend="give the period whose last day is the due day"
            )
        return self

    @property
    def value(self) -> float:
        """What the KPI shall reach, in its own unit.

        Examples
        --------
        >>> common = {"objective": "grow", "kpi": "revenue.booked", "due": "2026-09-30", "owner": "sales"}
        >>> Goal(baseline=200.0, target=0.25, change="relative", **common).value
        250.0
        >>> Goal(baseline=0.25, target=0.5, change="points", **common).value
        0.75
        """
        if self.change == "absolute" or self.baseline is None:
            return self.target
        return self.baseline * (1 + self.target) if self.change == "relative" else self.baseline + self.target

    def counts_in(self, period: Period) -> bool:
        """Tell whether this goal is for a period: it has the same days as the goal's own."""
        own = (
            Period.of(self.due, "quarter", period.fiscal_year_start)
            if self.period is None
            else Period.parse(self.period, period.fiscal_year_start)
        )
        return (own.start, own.end) == (period.start, period.end)


class Benchmark(Settings):
    """What others reach: a value with its source and date.

    Attributes
    ----------
    kpi
        ``id.variant``.
    value
        In the KPI's own unit.
    source, date
        Who published it, and when.
    """

    kpi: str = Field(pattern=_KPI)
    value: float = Field(allow_inf_nan=False)
    source: str = Field(min_length=1)
    date: Day


class _GoalsFile(Settings):
    goals: tuple[Goal, ...] = ()
    benchmarks: tuple[Benchmark, ...] = ()


def read_goals(path: str | Path) -> tuple[Goal, ...]:
    """Read the goals of a file with a list ``goals``, in its order.

    Raises
    ------
    ParameterError
        The file cannot be read, or a goal is wrong, or the same KPI, segment and due day has two.
    """
    found = checked(_GoalsFile, read_yaml(path), str(path)).goals
    seen: set[tuple[object, ...]] = set()
    for goal in found:
        name = (goal.kpi, goal.segment, goal.due, goal.period)
        if name in seen:
            raise ParameterError(
                f"{goal.kpi} has two goals due {goal.due}", where=f"{path}: goals", mend="keep one of them"
            )
        seen.add(name)
    return found


def read_benchmarks(path: str | Path) -> tuple[Benchmark, ...]:
    """Read the benchmarks of a file of goals, a list ``benchmarks``, in its order.

    Raises
    ------
    ParameterError
        The file cannot be read, or a benchmark is wrong.
    """
    return checked(_GoalsFile, read_yaml(path), str(path)).benchmarks
