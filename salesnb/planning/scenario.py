"""Scenario: what a period may bring under some changes, by one pure function that page, slider and test call alike."""

from __future__ import annotations

import datetime as dtm
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesnb.planning.costs import paid
from salesnb.planning.draws import amounts, counts, normals, orders
from salesnb.planning.plan import Plan, Team, team_of
from salesnb.scenarios import Changes

Floats = npt.NDArray[np.floating]
_MARKET = "the market"
_LEVELS = (0.1, 0.5, 0.9)
_BANDS = (0.0, 0.5, 0.8, 1.0, 1.2, 1.5)


@dataclass(frozen=True)
class Scenario:
    """What a period may bring.

    Attributes
    ----------
    plan, changes
        What it was made of.
    expected
        What all bring without chance: the deterministic plan.
    total
        What all bring, a draw each.
    chance
        The probability that the target is reached; NaN without a target.
    low, middle, high
        The 10th, 50th and 90th percentile of ``total``.
    reps
        One row a seller: ``rep_id, name, team, quota, booked, expected, low, middle, high`` (what the seller brings)
        ``, attainment_low, attainment, attainment_high, hit`` (the probability to reach a quota above 0, else NaN)
        ``, pay`` (its mean; NaN without a plan).
    teams
        One row a team: ``team, quota, expected, low, middle, high, hit``.
    bands
        One row a band of attainment: ``low, high`` (infinite for the last) ``, share``: how many of the sellers with a
        quota above 0 end in it, the mean over draws; empty where nobody has one.
    hitting
        The share of sellers with a quota above 0 who reach it, a draw each; empty where nobody has one.
    pay
        What all pay costs, a draw each; empty without plans.
    reached
        Percentile to the day on which the target is reached, the last known day where it was by then; None where it is
        not within the period.
    concentration
        The share of what is expected that the best fifth of sellers bring.
    pipeline
        Money of deals that still has to be created for the target to be expected; 0 where none has to, NaN where the
        win rate is not known.
    """

    plan: Plan
    changes: Changes
    expected: float
    total: Floats = field(repr=False)
    chance: float
    low: float
    middle: float
    high: float
    reps: pd.DataFrame = field(repr=False)
    teams: pd.DataFrame = field(repr=False)
    bands: pd.DataFrame = field(repr=False)
    hitting: Floats = field(repr=False)
    pay: Floats = field(repr=False)
    reached: Mapping[float, dtm.date | None]
    concentration: float
    pipeline: float

    @property
    def attainment(self) -> tuple[float, float, float]:
        """The 10th, 50th and 90th percentile of what all bring over the target; NaN without one."""
        target = self.plan.target
        return tuple(value / target if target > 0 else math.nan for value in (self.low, self.middle, self.high))  # type: ignore[return-value]

    @property
    def fairness(self) -> float:
        """How far sellers' probabilities to reach their quota lie apart: the largest less the smallest; NaN of none."""
        hit = self.reps["hit"].dropna()
        return float(hit.max() - hit.min()) if len(hit) else math.nan


def what_if(plan: Plan, changes: Changes | None = None, draws: int = 10_000, seed: int = 0) -> Scenario:
    """Simulate a period under some changes.

    Each seller wins a Poisson number of deals with the mean of :func:`salesnb.planning.plan.team_of`; what they come to
    is a gamma of their mean and variance, times how good the seller turns out to be and how the market goes, both
    lognormal with mean 1; who leaves sells to a day that is even over those left. Random numbers are each seller's own
    (:mod:`salesnb.planning.draws`), so that two scenarios differ by what was changed.

    Parameters
    ----------
    plan, changes
        What is assumed, and what is changed of it; nothing where None.
    draws, seed
        How many draws, and where random numbers start.

    Returns
    -------
    Scenario
        The same for the same arguments. Of a plan that is :meth:`salesnb.planning.plan.Plan.certain` each draw is the
        expectation.

    Raises
    ------
    ParameterError
        A change cannot be made: see :func:`salesnb.planning.plan.team_of`.
    """
    asked = Changes() if changes is None else changes
    team = team_of(plan, asked)
    return measured(plan, asked, team, units(plan, team, draws, seed))


def measured(plan: Plan, asked: Changes, team: Team, made: Floats) -> Scenario:
    """Return what a period brings where each seller wins so much, as :func:`what_if` does with what is drawn.

    Parameters
    ----------
    plan, asked, team
        The plan, its changes, and both together.
    made
        What each seller wins, as a multiple of the size of a deal, seller by draw: see :func:`units`.
    """
    draws = made.shape[1]
    size, already = team.size.astype(made.dtype), team.booked.astype(made.dtype)
    sold = made * size[:, None] + already[:, None]
    total = sold.sum(axis=0, dtype=np.float64)
    low, middle, high = np.quantile(total, _LEVELS) if len(sold) else (0.0, 0.0, 0.0)
    mean = expected_of(team)
    costs = paid(plan, team, sold)
    known = [one for one in costs if one is not None]
    cost: Floats = np.sum(known, axis=0, dtype=np.float64) if known else np.array([])
    reps = _reps(team, sold, mean, costs)
    has_quota = team.quota > 0
    hit = (sold[has_quota] >= team.quota[has_quota, None]) if has_quota.any() else np.zeros((0, draws), dtype=bool)
    target = plan.target
    return Scenario(
        plan=plan,
        changes=asked,
        expected=float(mean.sum()),
        total=total,
        chance=float(np.mean(total >= target - 1e-6)) if target > 0 else math.nan,
        low=float(low),
        middle=float(middle),
        high=float(high),
        reps=reps,
        teams=_teams(reps, team, sold),
        bands=_bands(sold[has_quota], team.quota[has_quota]),
        hitting=hit.mean(axis=0) if len(hit) else np.array([]),
        pay=cost,
        reached=reached(plan, team, total),
        concentration=_concentration(mean),
        pipeline=_pipeline(plan, asked, float(mean.sum())),
    )


def expected_of(team: Team) -> npt.NDArray[np.float64]:
    """Return what each seller brings without chance: booked, and wins times size, less what leaving costs."""
    return np.asarray(team.booked + team.wins * team.size * (1 - team.leaving / 2))


def units(plan: Plan, team: Team, draws: int, seed: int) -> Floats:
    """Draw what each seller still wins, as a multiple of the size of the seller's deals.

    Parameters
    ----------
    plan, team
        The plan, and who sells under its changes.
    draws, seed
        As for :func:`what_if`.

    Returns
    -------
    numpy.ndarray
        Seller by draw.
    """
    if not plan.is_counted:
        return np.repeat((team.wins * (1 - team.leaving / 2))[:, None], draws, axis=1)
    made = np.empty((len(team.wins), draws), dtype=np.float32)
    market: Floats = np.ones(1, dtype=np.float32)
    if plan.market > 0:
        order = orders(_MARKET, seed, draws)[0]
        market = _lognormal(normals(draws)[order], plan.market)
    for place, name in enumerate(team.reps["rep_id"]):
        order, normal, skill, uniform = orders(str(name), seed, draws)
        n = counts(float(team.wins[place]), draws)[order]
        won = amounts(n, normal, 1.0, plan.size_cv)
        if team.doubt[place] > 0:
            won = won * _lognormal(skill, float(team.doubt[place]))
        if team.leaving > 0:
            won = won * np.minimum(uniform / np.float32(team.leaving), 1)
        made[place] = won * market
    return made


def _lognormal(normal: Floats, size: float) -> Floats:
    """Return lognormal factors whose mean over the draws is 1."""
    made = np.exp(np.float32(size) * normal)
    return np.asarray(made / made.mean(dtype=np.float64), dtype=np.float32)


def _reps(team: Team, sold: Floats, mean: Floats, costs: list[Floats | None]) -> pd.DataFrame:
    found = np.quantile(sold, _LEVELS, axis=1) if len(sold) else np.zeros((3, 0))
    quota = np.where(team.quota > 0, team.quota, np.nan)
    made = team.reps[["rep_id", "name", "team"]].assign(
        quota=team.quota, booked=team.booked, expected=mean, low=found[0], middle=found[1], high=found[2],
        attainment_low=found[0] / quota, attainment=found[1] / quota, attainment_high=found[2] / quota,
    )  # fmt: skip
    hit = (sold >= team.quota[:, None]).mean(axis=1) if len(sold) else np.zeros(0)
    made["hit"] = np.where(np.isnan(quota), np.nan, hit)
    made["pay"] = [math.nan if one is None else float(one.mean(dtype=np.float64)) for one in costs]
    return made.reset_index(drop=True)


def _bands(sold: Floats, quota: Floats) -> pd.DataFrame:
    if not len(quota):
        return pd.DataFrame(columns=["low", "high", "share"])
    over = [1.0, *(float((sold >= (edge * quota)[:, None]).mean()) for edge in _BANDS[1:]), 0.0]
    shares = [above - below for above, below in itertools.pairwise(over)]
    return pd.DataFrame({"low": _BANDS, "high": [*_BANDS[1:], math.inf], "share": shares})


def _teams(reps: pd.DataFrame, team: Team, sold: Floats) -> pd.DataFrame:
    made = []
    names = reps["team"].fillna("").to_numpy()
    for name in sorted(set(names)):
        mine = names == name
        summed, quota = sold[mine].sum(axis=0, dtype=np.float64), float(team.quota[mine].sum())
        low, middle, high = np.quantile(summed, _LEVELS)
        made.append(
            {"team": name, "quota": quota, "expected": float(reps["expected"][mine].sum()), "low": low,
             "middle": middle, "high": high, "hit": float((summed >= quota).mean()) if quota > 0 else math.nan}
        )  # fmt: skip
    return pd.DataFrame(made, columns=["team", "quota", "expected", "low", "middle", "high", "hit"])


def reached(plan: Plan, team: Team, total: Floats) -> dict[float, dtm.date | None]:
    """Return the day on which the target is reached, by percentile of the draws, the earliest first."""
    if not plan.target > 0 or not len(total):
        return {}
    booked, first = float(team.booked.sum()), max(plan.period.start, plan.day + dtm.timedelta(days=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        need = (plan.target - booked) / (total - booked)
    need = np.where(total - booked > 0, need, np.inf if plan.target > booked else 0.0)
    days = np.searchsorted(np.cumsum(team.work), np.minimum(need, 2.0) - 1e-9).astype(np.float64)
    days = np.where(need <= 0, -1.0, np.where(need > 1, np.inf, days))
    found = np.quantile(days, _LEVELS, method="higher")
    return {
        level: None if math.isinf(day) else first + dtm.timedelta(days=int(min(day, max(len(team.work) - 1, 0))))
        for level, day in zip(_LEVELS, found, strict=True)
    }


def _concentration(mean: Floats) -> float:
    total = float(mean.sum())
    best = np.sort(mean)[::-1][: max(math.ceil(len(mean) / 5), 1)]
    return float(best.sum()) / total if total > 0 else math.nan


def _pipeline(plan: Plan, changes: Changes, expected: float) -> float:
    rate = plan.win_rate if changes.win_rate is None else changes.win_rate
    if not plan.target > 0 or not rate > 0:
        return math.nan
    return max(plan.target - expected, 0.0) / rate
