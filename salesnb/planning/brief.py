"""Brief: the few numbers of a scenario that a page shows, quicker than all of it, and for several deal sizes at once.

They are those of :func:`salesnb.planning.scenario.what_if`, which a test holds them to.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from salesnb.planning.costs import Paying, eligible, paid
from salesnb.planning.plan import Plan, Team
from salesnb.planning.scenario import reached

Floats = npt.NDArray[np.floating]
_LEVELS = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Brief:
    """What is read of scenarios of one plan.

    Attributes
    ----------
    plan
        The plan.
    places
        The sellers who are told one by one, by their place in it.
    teams
        The names of its teams.
    work
        Share of all still to come that is there by each day ahead, as planned.
    """

    plan: Plan
    places: tuple[int, ...]
    teams: tuple[str, ...]
    work: npt.NDArray[np.float64]

    def of(self, team: Team, made: Floats) -> Sold:
        """Take what sellers win; see :func:`salesnb.planning.scenario.units`."""
        won = made * team.size.astype(made.dtype)[:, None]
        names = team.reps["team"].fillna("").astype(str).to_numpy()
        groups = [np.flatnonzero(names == name) for name in self.teams]
        sums = np.stack(
            [won[rows].sum(axis=0, dtype=np.float64) for rows in groups] + [won.sum(axis=0, dtype=np.float64)]
        )
        booked = np.array([team.booked[rows].sum() for rows in groups] + [team.booked.sum()])
        own = np.quantile(won[list(self.places)], 0.5, axis=1) if self.places else np.zeros(0)
        return Sold(self, team, won, sums, booked, np.quantile(sums, _LEVELS, axis=1), own, groups,
                    eligible(self.plan, team.reps))  # fmt: skip


@dataclass(frozen=True)
class Sold:
    """What sellers win under some changes, whatever the size of deals.

    Attributes
    ----------
    read, team
        What is read of it, and who sells.
    won
        What each wins at the plan's size of deals, seller by draw.
    sums, booked
        What each team and, last, all win by draw; and what each has booked.
    levels, own
        The 10th, 50th and 90th percentile of ``sums``, and the 50th of each seller who is told.
    groups
        The sellers of each team, by place.
    paying
        The pay plan of each seller, and the share of the period in which it counts.
    """

    read: Brief
    team: Team
    won: Floats
    sums: npt.NDArray[np.float64]
    booked: npt.NDArray[np.float64]
    levels: npt.NDArray[np.float64]
    own: npt.NDArray[np.floating]
    groups: list[npt.NDArray[np.int64]]
    paying: Paying

    def at(self, size: float) -> dict[str, float]:
        """Return the numbers where deals are so many times as large.

        Parameters
        ----------
        size
            Of the plan's size of deals.

        Returns
        -------
        dict
            ``chance, low, middle, high, expected, hitting, pay_low, pay, pay_high, reached`` (days by which it is off
            what :func:`day_of` says of the middle), ``t0.low, t0.middle, t0.high, t0.hit`` of each team and
            ``s0.middle, s0.hit`` of each seller told; NaN where there is none.
        """
        plan, team = self.read.plan, self.team
        total = self.sums[-1] * size + self.booked[-1]
        low, middle, high = (float(one) for one in self.levels[:, -1] * size + self.booked[-1])
        target = plan.target
        mean = team.booked + team.wins * team.size * size * (1 - team.leaving / 2)
        sold = self.won * np.float32(size) + team.booked.astype(self.won.dtype)[:, None]
        has_quota = team.quota > 0
        hit = np.where(has_quota, (sold >= team.quota[:, None]).mean(axis=1), math.nan)
        costs = [one for one in paid(plan, team, sold, size, self.paying) if one is not None]
        pay = np.quantile(np.sum(costs, axis=0, dtype=np.float64), _LEVELS) if costs else np.full(3, math.nan)
        made = {
            "chance": float(np.mean(total >= target - 1e-6)) if target > 0 else math.nan,
            "low": low, "middle": middle, "high": high, "expected": float(mean.sum()),
            "hitting": float(hit[has_quota].mean()) if has_quota.any() else math.nan,
            "pay_low": float(pay[0]), "pay": float(pay[1]), "pay_high": float(pay[2]),
            "reached": self._off(total, middle),
        }  # fmt: skip
        for place, rows in enumerate(self.groups):
            each = self.levels[:, place] * size + self.booked[place]
            made |= {f"t{place}.{name}": float(one) for name, one in zip(("low", "middle", "high"), each, strict=True)}
            whole, goal = self.sums[place] * size + self.booked[place], float(team.quota[rows].sum())
            made[f"t{place}.hit"] = float(np.mean(whole >= goal)) if goal > 0 else math.nan
        for place, at in enumerate(self.read.places):
            made[f"s{place}.middle"] = float(self.own[place] * size + team.booked[at])
            made[f"s{place}.hit"] = float(hit[at])
        return made

    def _off(self, total: npt.NDArray[np.float64], middle: float) -> float:
        """Return by how many days the day reached differs from what the plan's own days say of the middle."""
        found = reached(self.read.plan, self.team, total)
        if not found:
            return math.nan
        day, work = found[0.5], self.read.work
        said = day_of(middle, self.read.plan.target, float(self.booked[-1]), work)
        if day is None or not 0 <= said < len(work):
            return 0.0
        return float(len(work) - 1 - (self.read.plan.period.last_day - day).days - said)


def day_of(total: float, target: float, booked: float, work: npt.NDArray[np.float64]) -> float:
    """Return the day on which a target is reached where so much comes in all.

    Parameters
    ----------
    total, target, booked
        What comes in all, what shall, and what is there already.
    work
        Share of all still to come that is there by each day ahead.

    Returns
    -------
    float
        A place in ``work``; -1 where it is there already, as many as there are days where it is not reached, NaN
        without a target.
    """
    if not target > 0:
        return math.nan
    if booked >= target:
        return -1.0
    if total < target or total <= booked:
        return float(len(work))
    return float(min(int(np.searchsorted(work, (target - booked) / (total - booked) - 1e-9)), len(work) - 1))
