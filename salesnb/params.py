"""Params: all that a run may be told.

A period's file under ``params/`` is flat, names to plain values, so that it is also a valid ``papermill -f`` file::

    period: 2026Q3
    source: sample
    segments: [rep, team, region]
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from salesnb.errors import ParameterError
from salesnb.goals import Benchmark, Goal, read_benchmarks, read_goals
from salesnb.periods import Period
from salesnb.scenarios import MOST, Changes, named
from salesnb.settings import Day, Settings, checked, read_yaml

__all__ = ["GOALS_FILE", "Benchmark", "Goal", "Params", "read_benchmarks", "read_goals", "read_params", "read_yaml"]

GOALS_FILE = Path("params", "goals.yml")
PAY_FILE = Path("params", "pay.yml")

_NAME = r"^[a-z][a-z0-9_]*$"
_PASSWORD = re.compile(r"://[^/@\s:]*:(?!env:)[^@\s]+@|[?&;]password=(?!env:)", re.IGNORECASE)


class Params(Settings):
    """All that a run may be told.

    Attributes
    ----------
    period
        The period reported on, as :class:`~salesnb.periods.Period` reads it.
    source
        ``sample``, a mapping file, a file or folder of tables, or a database URL, with its password by ``env:NAME``.
    as_of
        The last day that is known; the last day in the data where it is None.
    fiscal_year_start
        The month, 1 to 12, in which the fiscal year starts.
    segments
        The dimensions that the report splits its numbers by, in order.
    trend_periods
        How many periods a trend goes back, this one included.
    cohort_start
        What a customer begins with: its first ``order``, its first ``contract``, its first ``lead``, or ``account``,
        the day it was entered.
    cohort_grain
        The length of a cohort: ``week, month, quarter, half`` or ``year``.
    confidence
        The confidence of every interval.
    goals
        The file of goals and benchmarks; None is ``params/goals.yml`` for the sample company, here, in the folder
        above or where salesnb comes from, and no goals for any other source.
    pay
        The file of pay plans; None is ``params/pay.yml`` for the sample company, as for goals.
    target
        What all sellers shall bring in the period that is planned; None: the sum of their quotas.
    scenarios
        Name to what a scenario changes of the plan; none: the usual ones.
    seed
        Where random numbers start.
    out
        The folder that reports are published to.
    """

    period: str
    source: str = Field("sample", min_length=1)
    as_of: Day | None = None
    fiscal_year_start: int = Field(1, ge=1, le=12, strict=True)
    segments: tuple[str, ...] = ("rep", "team", "region", "product", "segment")
    trend_periods: int = Field(8, ge=2, le=24, strict=True)
    cohort_start: Literal["order", "contract", "lead", "account"] = "order"
    cohort_grain: Literal["week", "month", "quarter", "half", "year"] = "month"
    confidence: float = Field(0.95, ge=0.5, le=0.999, strict=True)
    goals: str | None = None
    pay: str | None = None
    target: float | None = Field(None, gt=0, allow_inf_nan=False)
    scenarios: dict[str, Changes] = Field(default_factory=dict)
    seed: int = Field(7, ge=0, le=2**32 - 1, strict=True)
    out: str = Field("outputs", min_length=1)

    @field_validator("period", mode="before")
    @classmethod
    def _year_is_text(cls, value: Any) -> Any:
        """Take the year 2026, which YAML reads as a number, for the period it is."""
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("source")
    @classmethod
    def _no_password(cls, value: str) -> str:
        if _PASSWORD.search(value):
            raise ParameterError(
                "the source has a password in it", mend="name the variable that holds it, as in user:env:NAME@host"
            )
        return value

    @field_validator("segments")
    @classmethod
    def _once_each(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not re.match(_NAME, name):
                raise ParameterError(f"{name!r} is not the name of a dimension", mend="write it as in 'size_band'")
            if value.count(name) > 1:
                raise ParameterError(f"{name!r} is given twice", mend="name each dimension once")
        return value

    @field_validator("scenarios")
    @classmethod
    def _are_named(cls, value: dict[str, Changes]) -> dict[str, Changes]:
        if len(value) > MOST:
            raise ParameterError(f"there are {len(value)} scenarios", mend=f"keep the {MOST} that matter")
        kept = {named(name): changes for name, changes in value.items()}
        if len(kept) < len(value):
            raise ParameterError("two scenarios have one name", mend="give each its own")
        return kept

    @field_validator("out")
    @classmethod
    def _a_folder(cls, value: str) -> str:
        if "://" in value or "\0" in value:
            raise ParameterError(f"{value!r} is not a folder on this machine", mend="give a local folder")
        return value

    @model_validator(mode="after")
    def _period_reads(self) -> Self:
        object.__setattr__(self, "period", Period.parse(self.period, self.fiscal_year_start).label)
        return self

    @property
    def span(self) -> Period:
        """The period, read in the fiscal calendar."""
        return Period.parse(self.period, self.fiscal_year_start)

    @classmethod
    def of(cls, **values: Any) -> Params:
        """Check parameters given by name; texts are taken for dates and lists for tuples.

        Raises
        ------
        ParameterError
            Any of them is unknown or wrong; all problems are told at once.

        Examples
        --------
        >>> Params.of(period="q3 2026", trend_periods=12).period
        '2026Q3'
        """
        return checked(cls, values, "parameters")

    def for_notebook(self) -> dict[str, Any]:
        """Return every parameter as a value that JSON has, for a notebook's ``parameters`` cell.

        ``Params.of(**params.for_notebook())`` is the same Params again.
        """
        return self.model_dump(mode="json")

    def targets(self) -> tuple[Goal, ...]:
        """Read the goals that this run is held against; none where there is no file of them.

        Raises
        ------
        ParameterError
            The goals file is named and not there, or cannot be used.
        """
        file = self.goals_file()
        return () if file is None else read_goals(file)

    def goals_file(self) -> Path | None:
        """Return the file of goals that counts; None where there is none."""
        return self._file(self.goals, GOALS_FILE)

    def pay_file(self) -> Path | None:
        """Return the file of pay plans that counts; None where there is none."""
        return self._file(self.pay, PAY_FILE)

    def _file(self, given: str | None, usual: Path) -> Path | None:
        """Return a file that was named; else, for the sample company, the one that comes along."""
        if given is not None:
            return Path(given)
        if self.source != "sample":
            return None
        package = Path(__file__).resolve().parent
        places = (usual, Path("..", usual), package.parent / usual, package / f"sample_{usual.name}")
        return next((file for file in places if file.is_file()), None)


def read_params(path: str | Path) -> Params:
    """Read a period's file under ``params/``.

    Raises
    ------
    ParameterError
        The file cannot be read, or a parameter is unknown or wrong; all problems are told at once.
    """
    return checked(Params, read_yaml(path), str(path))
