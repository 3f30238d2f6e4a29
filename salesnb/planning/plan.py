"""Plan: who sells in a period and how well, and what a scenario changes of it."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesnb.errors import ParameterError, did_you_mean
from salesnb.periods import Period
from salesnb.planning.pay_plan import PayPlan
from salesnb.scenarios import Changes

REPS = ("rep_id", "name", "team", "role", "starts_on", "ends_on", "hired_on", "booked", "wins_a_day", "size", "doubt",
        "quota")  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What is known and assumed of a period.

    Attributes
    ----------
    period, day
        The period, and the last day that is known; what is booked by then is booked.
    reps
        One row a seller: ``rep_id, name, team, role, starts_on, ends_on`` (the first and the last day in the period;
        NaT for all of it) ``, hired_on`` (NaT: long ago) ``, booked`` (in the period so far) ``, wins_a_day`` (deals
        won a day once ramped) ``, size`` (mean money of a deal) ``, doubt`` (by how much the seller's true rate may
        differ from that, as the standard deviation of its logarithm) ``, quota``.
    target
        What all shall bring; NaN where there is none.
    win_rate, cycle_days
        Of all deals; NaN where they are not known, and then they cannot be changed.
    size_cv
        The standard deviation of a deal's money over its mean.
    season
        What a day of this period brings over a usual one.
    market
        By how much all sellers together may differ from what is expected: the standard deviation of a logarithm.
    attrition
        The probability that a seller leaves within a year.
    ramp_days, ramp_start
        How many days a new seller takes to full rate, in a straight line, and the share of it on the first day; below
        0 where nothing comes at first.
    plans
        The pay plans; none where pay is not known.
    mix
        Product to its share of the deals won, for bonuses a deal.
    currency
        Of the money.
    is_counted
        Whether deals are won or not; where False each seller wins as many as expected, parts of deals too.
    """

    period: Period
    day: dtm.date
    reps: pd.DataFrame
    target: float
    win_rate: float = float("nan")
    cycle_days: float = float("nan")
    size_cv: float = 1.0
    season: float = 1.0
    market: float = 0.1
    attrition: float = 0.0
    ramp_days: float = 180.0
    ramp_start: float = 0.0
    plans: tuple[PayPlan, ...] = ()
    mix: Mapping[str, float] = field(default_factory=dict)
    currency: str = ""
    is_counted: bool = True

    def __post_init__(self) -> None:
        missing = [name for name in REPS if name not in self.reps]
        if missing:
            raise ParameterError(f"the sellers have no column {missing[0]!r}", where="plan", mend="give it, or NaN")
        if self.reps["rep_id"].duplicated().any():
            raise ParameterError("a seller is there twice", where="plan: rep_id", mend="give each one row")

    def certain(self) -> Plan:
        """Return the plan with every variance at zero."""
        return replace(self, reps=self.reps.assign(doubt=0.0), market=0.0, size_cv=0.0, is_counted=False)


DRIVERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "deals created": ("created",),
        "win rate": ("win_rate",),
        "deal size": ("size",),
        "cycle": ("cycle_days",),
        "ramp": ("ramp_days",),
        "attrition": ("attrition",),
        "hires": ("hires",),
        "leavers": ("leavers",),
        "quotas": ("quota", "quotas"),
    }
)
"""What a difference between two scenarios is split by: driver to the fields of :class:`Changes`."""


@dataclass(frozen=True)
class Team:
    """A plan after its changes, as arrays with one entry a seller.

    Attributes
    ----------
    reps
        One row a seller, hires among them.
    wins
        How many deals each is expected to win from the day after the last known one to the end.
    size, doubt, quota, booked
        Of each seller; quotas are of the seller's own days.
    leaving
        The probability that the seller leaves before the end.
    work
        Share of all that is still to come, by day from the day after the last known one: what adds up to 1.
    """

    reps: pd.DataFrame
    wins: npt.NDArray[np.float64]
    size: npt.NDArray[np.float64]
    doubt: npt.NDArray[np.float64]
    quota: npt.NDArray[np.float64]
    booked: npt.NDArray[np.float64]
    leaving: float
    work: npt.NDArray[np.float64] = field(repr=False)


def team_of(plan: Plan, changes: Changes) -> Team:
    """Apply changes to a plan.

    Formula, a seller and day: ``wins_a_day x season x ramp``, the ramp a straight line over ``ramp_days`` since hiring,
    summed over the seller's days after the last known one. More deals created count only so far as they close in time:
    of a day's deals with ``d`` days left ``1 - exp(-d / cycle)``. Another win rate counts for all that is decided. A
    shorter cycle brings forward what is under way: ``(cycle - new cycle)`` days of sales more, once.

    Raises
    ------
    ParameterError
        A seller is not in the plan, a day is not in the period, or the plan does not know what is changed.
    """
    reps = _staffed(plan, changes)
    first = max(plan.period.start, plan.day + dtm.timedelta(days=1))
    n = max((plan.period.end - first).days, 0)
    days = np.arange(n)
    start = offset(reps["starts_on"], first, 0)
    end = offset(reps["ends_on"], first, n - 1)
    hired = offset(reps["hired_on"], first, -100_000)
    ramp_days = plan.ramp_days if changes.ramp_days is None else changes.ramp_days
    tenure = days[None, :] - hired[:, None]
    ramp = ramp_of(tenure, ramp_days, plan.ramp_start)
    there = (days[None, :] >= start[:, None]) & (days[None, :] <= end[:, None])
    rate = reps["wins_a_day"].to_numpy(dtype=np.float64)[:, None] * plan.season
    by_day = rate * ramp * there * _lift(plan, changes, n)
    attrition = plan.attrition if changes.attrition is None else changes.attrition
    quota = _quotas(reps, plan, changes)
    total = by_day.sum()
    return Team(
        reps, by_day.sum(axis=1), reps["size"].to_numpy(dtype=np.float64) * changes.size,
        reps["doubt"].to_numpy(dtype=np.float64), quota, reps["booked"].to_numpy(dtype=np.float64),
        1 - (1 - attrition) ** (n / 365.25), by_day.sum(axis=0) / total if total else np.zeros(n),
    )  # fmt: skip


def ramp_of(tenure: npt.NDArray[np.int64], days: float, start: float) -> npt.NDArray[np.float64]:
    """Return the share of the full rate that sellers have so many days after hiring; see :class:`Plan`."""
    if days <= 0:
        return np.ones_like(tenure, dtype=np.float64)
    return np.clip(start + (1 - start) * (tenure + 0.5) / days, max(start, 0.0), 1.0)


def _lift(plan: Plan, changes: Changes, n: int) -> npt.NDArray[np.float64]:
    """Return how many times as much each day brings as by the plan."""
    made = np.ones(n)
    if changes.win_rate is not None:
        _know(plan.win_rate, "win_rate")
        made *= changes.win_rate / plan.win_rate
    cycle = plan.cycle_days if changes.cycle_days is None else changes.cycle_days
    if changes.created != 1:
        # Without a known cycle every deal counts as closed on the day it is created.
        new = 1 - np.exp(-(np.arange(n) + 0.5) / cycle) if np.isfinite(cycle) and cycle > 0 else np.ones(n)
        made *= 1 + (changes.created - 1) * new
    if changes.cycle_days is not None:
        _know(plan.cycle_days, "cycle_days")
        made *= max(1 + (plan.cycle_days - changes.cycle_days) / max(n, 1), 0.0)
    return made


def _know(value: float, name: str) -> None:
    if not np.isfinite(value) or value <= 0:
        raise ParameterError(
            f"the data does not tell {name}, so that it cannot be changed", where=name,
            mend="leave it out; map when deals were created and closed to have it",
        )  # fmt: skip


def offset(column: pd.Series[pd.Timestamp], first: dtm.date, usual: int) -> npt.NDArray[np.int64]:
    """Return dates as days after a first one; a usual number where there is none."""
    values = column.to_numpy()
    if values.dtype.kind != "M":
        values = pd.to_datetime(column).to_numpy()
    days = values.astype("datetime64[D]")
    found = days.astype(np.int64) - np.datetime64(first, "D").astype(np.int64)
    return np.where(np.isnat(days), usual, found)


def _staffed(plan: Plan, changes: Changes) -> pd.DataFrame:
    """Return the sellers with those who join and without those who leave."""
    reps = plan.reps.reset_index(drop=True)
    names = list(reps["rep_id"])
    for what, given in (("leavers", changes.leavers), ("quotas", changes.quotas)):
        for name in given:
            if name not in names:
                raise ParameterError(f"nobody is called {name!r}", where=what, mend=did_you_mean(name, names))
    if changes.leavers:
        last = pd.to_datetime(reps["rep_id"].map(changes.leavers))
        reps["ends_on"] = pd.to_datetime(reps["ends_on"]).fillna(pd.Timestamp(plan.period.last_day))
        reps["ends_on"] = reps["ends_on"].where(last.isna() | (last > reps["ends_on"]), last)
    joined = []
    for place, hire in enumerate(changes.hires):
        starts = hire.starts_on or max(plan.period.start, plan.day + dtm.timedelta(days=1))
        like = reps[reps["team"] == hire.team] if hire.team else reps
        if like.empty:
            teams = sorted({str(one) for one in reps["team"]})
            raise ParameterError(f"there is no team {hire.team!r}", where="hires", mend=did_you_mean(hire.team, teams))
        share = min(max((plan.period.end - starts).days / plan.period.days, 0.0), 1.0)
        quota = float(like["quota"].mean()) * share if hire.quota is None else hire.quota
        usual = {"starts_on": starts, "ends_on": None, "hired_on": starts, "booked": 0.0,
                 "team": hire.team or str(like["team"].mode().iloc[0]), "role": like["role"].mode().iloc[0]
                 if like["role"].notna().any() else None, "quota": quota}  # fmt: skip
        means = {name: float(like[name].mean()) for name in ("wins_a_day", "size", "doubt")}
        for k in range(hire.count):
            name = f"hire {place + 1}.{k + 1}"
            joined.append({"rep_id": name, "name": f"New {place + 1}.{k + 1}", **usual, **means})
    if joined:
        days = dict.fromkeys(("starts_on", "ends_on", "hired_on"), "datetime64[ns]")
        new = pd.DataFrame(joined)[list(REPS)].astype(days)
        reps = pd.concat([reps.astype(days), new.astype({"role": reps["role"].dtype})], ignore_index=True)
    return reps


def _quotas(reps: pd.DataFrame, plan: Plan, changes: Changes) -> npt.NDArray[np.float64]:
    quota = reps["quota"].to_numpy(dtype=np.float64) * changes.quota
    by_hand = reps["rep_id"].map(changes.quotas).to_numpy(dtype=np.float64)
    return np.where(np.isnan(by_hand), quota, by_hand)
