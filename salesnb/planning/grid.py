"""Grid: a plan at every node of its knobs, for a page that has no kernel to ask.

The four knobs that matter most are crossed; each other one is turned alone, and what it does is added. Between nodes a
page interpolates as :meth:`Grid.at` does, so that how far that is off can be measured when the page is made.

==================  ==================================================================================================
quantity            between nodes
==================  ==================================================================================================
money               linear between nodes; what another knob does is a factor
chances             in the standard normal quantile, linear in the logarithms of knobs; other knobs add up in it
day reached         that of the middle, by the plan's own days; by how many it is off at nodes is linear between them
==================  ==================================================================================================
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from salesnb.planning.between import back, between, closing, joined, straight
from salesnb.planning.brief import Brief, day_of
from salesnb.planning.knobs import Knob, changes_of
from salesnb.planning.plan import Plan, team_of
from salesnb.planning.scenario import units
from salesnb.scenarios import Changes

Floats = npt.NDArray[np.float64]
CROSSED = ("win_rate", "created", "size", "hires")
"""The knobs that are crossed."""
TOGETHER = {"ramp_days": ("hires",)}
"""Which of them another knob is crossed with."""
MOST_SELLERS = 60
_FEW_SELLERS = 150
_MARGIN = 2
ERRORS = ("chance", "hitting", "middle", "pay", "reached")


@dataclass(frozen=True)
class Grid:
    """A plan at every node of its knobs.

    Attributes
    ----------
    knobs
        All that can be turned.
    axes
        The knobs that are crossed, in order; the win rate with more nodes than its own, for cycles.
    kinds
        Quantity to its kind: ``money``, ``chance`` or ``day``. Of the whole: ``chance, low, middle, high,
        expected, hitting, pay_low, pay, pay_high, reached``; of team ``i`` and seller ``j``: ``t0.low`` and so on.
    values
        Quantity to its values, a dimension an axis; NaN throughout where there is none.
    sides
        Knob that is not crossed to its axes, itself first and then those it belongs with, and quantity to values.
    teams, sellers
        The names of teams and sellers, in order; of sellers those with the largest quotas.
    quotas
        The quotas of teams and sellers, and of each who joins at once.
    work
        Share of all still to come that is there by each day ahead, as planned. ``reached`` is the place of a day in
        it, as many as there are for "not within the period", and -1 for "by the last day known".
    target, booked
        What all shall bring, NaN where there is no target; and what is booked.
    errors
        Quantity of :data:`ERRORS` to how far it is off between nodes at most, twice the largest error
        found: points of chance and hitting, shares of middle and pay, days of reached.
    tried
        Between how many nodes that was tried.
    """

    knobs: tuple[Knob, ...]
    axes: tuple[Knob, ...]
    kinds: Mapping[str, str]
    values: Mapping[str, Floats]
    sides: Mapping[str, tuple[tuple[Knob, ...], Mapping[str, Floats]]]
    teams: tuple[str, ...]
    sellers: tuple[str, ...]
    quotas: Mapping[str, tuple[float, ...]]
    work: Floats
    target: float
    booked: float
    errors: Mapping[str, float]
    tried: int

    def at(self, turned: Mapping[str, float], names: Iterable[str] | None = None) -> dict[str, float]:
        """Return quantities at some values of the knobs, interpolated as a page does.

        Parameters
        ----------
        turned
            Knob to value; those left out are as planned.
        names
            Which quantities, ``middle`` and ``reached`` among them; all where None.
        """
        spot = self.spot(turned)
        made = {}
        for name in self.kinds if names is None else names:
            kind = self.kinds[name]
            value = between(straight(self.values[name], kind), self.axes, spot, kind)
            for knob, (axes, columns) in self.sides.items():
                # What a knob does on its own, where those it belongs with are turned as they are.
                side = straight(columns[name], kind)
                there, usual = (between(side, axes, spot | put, kind) for put in ({}, {knob: axes[0].base}))
                value = joined(value, there, usual, kind)
            made[name] = back(value, kind)
        said, n = day_of(made["middle"], self.target, self.booked, self.work), len(self.work)
        if 0 <= said < n:
            said = min(max(said + round(made["reached"]), 0), n - 1)
        return made | {"reached": said}

    def spot(self, turned: Mapping[str, float]) -> dict[str, float]:
        """Return where on the axes some values of the knobs are.

        A shorter cycle counts as a higher win rate, and as more of the deals created that close in time.
        """
        made = {knob.name: min(max(turned.get(knob.name, knob.base), knob.low), knob.high) for knob in self.knobs}
        cycle = made.pop("cycle_days", None)
        if cycle is not None:
            base, n = next(knob.base for knob in self.knobs if knob.name == "cycle_days"), max(len(self.work), 1)
            made["win_rate"] *= 1 + (base - cycle) / n
            made["created"] = 1 + (made["created"] - 1) * closing(cycle, n) / closing(base, n)
        return made


def grid(plan: Plan, turned: Sequence[Knob], seed: int = 0, draws: int = 10_000) -> Grid:
    """Compute a plan at every node.

    Parameters
    ----------
    plan, turned
        The plan and its knobs; of a plan of many sellers fewer nodes are crossed.
    seed, draws
        As for :func:`salesnb.planning.scenario.what_if`, whose numbers these are.
    """
    named = {knob.name: knob for knob in turned}
    axes = tuple(_thinned(named[name], len(plan.reps)) for name in CROSSED if name in named)
    if "cycle_days" in named:
        axes = (_with_cycles(axes[0], named["cycle_days"], plan), *axes[1:])
    reps = plan.reps
    chosen = reps["quota"].astype(float).sort_values(ascending=False, kind="stable").index[:MOST_SELLERS].sort_values()
    places = [int(place) for place in chosen]
    usual = team_of(plan, Changes())
    teams = tuple(sorted({str(team) for team in usual.reps["team"].fillna("")}))
    read = Brief(plan, tuple(places), teams, np.cumsum(usual.work))
    values = _crossed(plan, axes, read, seed, draws)
    sides = {}
    for knob in turned:
        if knob.name not in (*CROSSED, "cycle_days"):
            own = (knob, *(one for one in axes if one.name in TOGETHER.get(knob.name, ())))
            sides[knob.name] = (own, _crossed(plan, own, read, seed, draws))
    by_team = usual.reps.assign(quota=usual.quota).groupby(usual.reps["team"].fillna("").astype(str))["quota"].sum()
    most = str(reps["team"].mode().iloc[0]) if reps["team"].notna().any() else ""
    ahead = len(usual.work)
    quotas = {
        "teams": tuple(float(by_team[team]) for team in teams),
        "sellers": tuple(float(one) for one in usual.quota[places]),
        "hire": (float(reps["quota"].mean()) * ahead / plan.period.days,),
        "hire_team": (float(teams.index(most)) if most in teams else -1.0,),
    }
    made = Grid(
        tuple(turned), axes, {name: kind_of(name) for name in values}, values, sides, teams,
        tuple(str(reps["name"].iloc[place]) for place in places), quotas, np.cumsum(usual.work), plan.target,
        float(usual.booked.sum()), {}, 0,
    )  # fmt: skip
    errors, tried = _errors(plan, made, read, seed, draws)
    return replace(made, errors=errors, tried=tried)


def _crossed(plan: Plan, axes: Sequence[Knob], read: Brief, seed: int, draws: int) -> dict[str, Floats]:
    """Return every quantity at every node of some axes."""
    shape = tuple(len(knob.nodes) for knob in axes)
    inner = [knob for knob in axes if knob.name in ("hires", "size")]
    outer = [knob for knob in axes if knob not in inner]
    hires = next((knob.nodes for knob in inner if knob.name == "hires"), (0.0,))
    sizes = next((knob.nodes for knob in inner if knob.name == "size"), (1.0,))
    values: dict[str, Floats] = {}
    for node in itertools.product(*(range(len(knob.nodes)) for knob in outer)):
        there = {knob.name: knob.nodes[i] for knob, i in zip(outer, node, strict=True)}
        drawn: npt.NDArray[np.floating] | None = None
        for joining in reversed(range(len(hires))):
            team = team_of(plan, changes_of(axes, there | {"hires": hires[joining]}))
            # Sellers win what they win whoever joins beside them, and as many deals whatever these are worth.
            drawn = units(plan, team, draws, seed) if drawn is None else drawn[: len(team.wins)]
            sold = read.of(team, drawn)
            for at, size in enumerate(sizes):
                place = dict(zip((knob.name for knob in outer), node, strict=True)) | {"hires": joining, "size": at}
                spot = tuple(place[knob.name] for knob in axes)
                for name, value in sold.at(size).items():
                    values.setdefault(name, np.empty(shape))[spot] = value
    return values


def _with_cycles(rate: Knob, cycle: Knob, plan: Plan) -> Knob:
    """Widen the win rate by what the shortest and the longest cycle are worth."""
    ahead = max(len(team_of(plan, Changes()).work), 1)
    low, high = (1 + (cycle.base - days) / ahead for days in (cycle.high, cycle.low))
    return replace(rate, nodes=tuple(sorted({max(rate.low * low, 0.0), *rate.nodes, min(rate.high * high, 1.0)})))


def _told(plan: Plan, asked: Changes, read: Brief, seed: int, draws: int) -> dict[str, float]:
    team = team_of(plan, asked.model_copy(update={"size": 1.0}))
    return read.of(team, units(plan, team, draws, seed)).at(asked.size)


def kind_of(name: str) -> str:
    """Return the kind of a quantity: see :attr:`Grid.kinds`."""
    last = name.rpartition(".")[2]
    if last in ("chance", "hitting", "hit"):
        return "chance"
    return "day" if last == "reached" else "money"


def _thinned(knob: Knob, sellers: int) -> Knob:
    """Leave out every node between base and bounds where there are many sellers."""
    if sellers <= _FEW_SELLERS or len(knob.nodes) <= 3:
        return knob
    return Knob(knob.name, knob.title, knob.unit, knob.base, (knob.low, knob.base, knob.high), knob.past)


def _errors(plan: Plan, made: Grid, read: Brief, seed: int, draws: int) -> tuple[dict[str, float], int]:
    """Return how far off it is, tried in the middle of every cell, and as often at random."""
    crossed = [knob for knob in made.knobs if knob.name in CROSSED]
    rng = np.random.default_rng(seed)
    worst = dict.fromkeys(ERRORS, 0.0)
    read = replace(read, places=())
    cells = list(itertools.product(*(range(len(knob.nodes) - 1) for knob in crossed)))
    tries = []
    for place, cell in enumerate(cells):
        at = dict(zip((knob.name for knob in crossed), cell, strict=True))
        tries.append(_spot(made.knobs, at, place % 3, rng))
    tries += [{knob.name: _whole(knob, rng.uniform(knob.low, knob.high)) for knob in made.knobs} for _ in cells]
    for turned in tries:
        truth = _told(plan, changes_of(made.knobs, turned), read, seed, draws)
        n = len(made.work)
        base = day_of(truth["middle"], made.target, made.booked, made.work)
        truth["reached"] = base if not 0 <= base < n else base + truth["reached"]
        said = made.at(turned, ERRORS)
        for name in ERRORS:
            miss = abs(said[name] - truth[name])
            if name in ("middle", "pay"):
                miss = miss / truth[name] if truth[name] > 0 else 0.0
            worst[name] = max(worst[name], 0.0 if math.isnan(miss) else miss)
    return {name: _MARGIN * value for name, value in worst.items()}, len(tries)


def _spot(turned: Sequence[Knob], cell: Mapping[str, int], others: int, rng: np.random.Generator) -> dict[str, float]:
    """Return the middle of a cell; knobs that are not crossed are as planned, at an end, or between nodes."""
    made = {}
    for knob in turned:
        at = cell.get(knob.name, int(rng.integers(len(knob.nodes) - 1)))
        halfway = _whole(knob, (knob.nodes[at] + knob.nodes[at + 1]) / 2)
        if knob.name in cell or others == 2:
            made[knob.name] = halfway
        elif others == 1:
            made[knob.name] = (knob.low, knob.high)[int(rng.integers(2))]
    return made


def _whole(knob: Knob, value: float) -> float:
    return value if knob.unit == "ratio" else float(math.floor(value))
