"""Scenarios: what is changed of a plan, as a file, a notebook, a slider or a published page says it.

A period's file under ``params/`` has them by name, so that a run, papermill and a notebook take them alike::

    period: 2026Q3
    scenarios:
      Two hires in EMEA:
        win_rate: 0.45
        hires: [{starts_on: 2026-10-15, count: 2, team: EMEA North}]
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

import yaml
from pydantic import Field, model_validator

from salesnb.errors import ParameterError
from salesnb.formats import visible
from salesnb.settings import Day, Settings

MOST = 12
"""The most scenarios of a file."""
LONGEST = 60
"""The most characters of a scenario's name."""


class Hire(Settings):
    """Who joins.

    Attributes
    ----------
    starts_on
        The first day; None for the first one that is still to come. A day before the period counts for the ramp, one
        after it brings nothing.
    count
        How many like this.
    team, quota
        Of which team; the quota of each, None: that of the others for the days that are left.
    """

    starts_on: Day | None = None
    count: int = Field(default=1, ge=1, le=1000)
    team: str = ""
    quota: float | None = Field(default=None, ge=0, allow_inf_nan=False)


class Changes(Settings):
    """What a scenario changes of a plan; what is None or 1 stays.

    Attributes
    ----------
    created, size, quota
        How many times as many deals are created from the next day on, as large a deal is, and as high every quota.
    win_rate, cycle_days
        The share of deals won, and the mean days from creation to close, instead of the plan's.
    ramp_days, attrition
        Instead of the plan's.
    hires, leavers
        Who joins; and who leaves, as seller to last day.
    quotas
        Seller to quota, by hand: they are not changed by ``quota``.
    """

    created: float = Field(default=1.0, ge=0, le=10, allow_inf_nan=False)
    size: float = Field(default=1.0, ge=0, le=10, allow_inf_nan=False)
    quota: float = Field(default=1.0, ge=0, le=10, allow_inf_nan=False)
    win_rate: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    cycle_days: float | None = Field(default=None, gt=0, le=3650, allow_inf_nan=False)
    ramp_days: float | None = Field(default=None, ge=0, le=3650, allow_inf_nan=False)
    attrition: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    hires: tuple[Hire, ...] = ()
    leavers: dict[str, Day] = Field(default_factory=dict)
    quotas: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _are_amounts(self) -> Self:
        for name, amount in self.quotas.items():
            if not (math.isfinite(amount) and amount >= 0):
                raise ParameterError(
                    f"{amount!r} is no quota", where=f"quotas: {name}", mend="give an amount from 0 up"
                )
        return self

    def told(self) -> dict[str, Any]:
        """Return what is changed as plain values, without what stays: ``Changes(**changes.told())`` is the same."""
        return self.model_dump(mode="json", exclude_defaults=True)


def named(name: str) -> str:
    """Return a scenario's name as it is kept: without control characters and surplus blanks.

    Raises
    ------
    ParameterError
        Nothing is left of it, or more than :data:`LONGEST` characters.
    """
    kept = " ".join(visible(name).split())
    if not 0 < len(kept) <= LONGEST:
        raise ParameterError(
            f"{kept[:80]!r} has {len(kept)} characters", where="scenarios", mend=f"give a name of 1 to {LONGEST}"
        )
    return kept


def written(period: str, scenarios: Mapping[str, Changes], **others: Any) -> str:
    """Return scenarios as a file that ``salesnb run -f`` and ``papermill -f`` take.

    Parameters
    ----------
    period
        The period reported on.
    scenarios
        Name to what it changes.
    others
        More parameters of a run; those that are None are left out.
    """
    content: dict[str, Any] = {"period": period}
    content |= {name: value for name, value in others.items() if value is not None}
    content["scenarios"] = {named(name): changes.told() for name, changes in scenarios.items()}
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100))
