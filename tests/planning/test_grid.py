"""A grid is what_if at its nodes, and near it between them; knobs take what is typed."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesnb.planning.grid import ERRORS, Grid, grid
from salesnb.planning.knobs import Knob, changes_of, knobs, values_of
from salesnb.planning.scenario import what_if
from salesnb.scenarios import Changes, Hire
from tests.planning.making import assumptions, plan

DRAWS = 2000
PLAN = plan(6, attrition=0.1, ramp_start=-0.2)
KNOBS = knobs(PLAN, assumptions())


@pytest.fixture(scope="module")
def made() -> Grid:
    return grid(PLAN, KNOBS, 3, DRAWS)


def held(made: Grid, turned: dict[str, float]) -> None:
    """Hold every quantity against what_if, to what a page shows of it."""
    said, found = made.at(turned), what_if(PLAN, changes_of(KNOBS, turned), DRAWS, 3)
    truth = {"chance": found.chance, "low": found.low, "middle": found.middle, "high": found.high,
             "expected": found.expected, "hitting": found.hitting.mean(), "pay": np.median(found.pay)}  # fmt: skip
    for place, row in enumerate(found.teams.to_dict("records")):
        truth |= {f"t{place}.{name}": row[name] for name in ("low", "middle", "high", "hit")}
    for place, row in enumerate(found.reps.head(len(PLAN.reps)).to_dict("records")):
        truth |= {f"s{place}.middle": row["middle"], f"s{place}.hit": row["hit"]}
    for name, value in truth.items():
        is_chance = made.kinds[name] == "chance"
        assert said[name] == pytest.approx(value, abs=1e-4 if is_chance else 0.01, rel=1e-6), (name, turned)
    day = found.reached[0.5]
    at = len(made.work) if day is None else len(made.work) - 1 - (PLAN.period.last_day - day).days
    assert said["reached"] == at, turned


def test_a_grid_is_what_if_at_its_nodes(made: Grid) -> None:
    axes = [knob for knob in KNOBS if knob.name in ("win_rate", "created", "size", "hires")]
    for nodes in itertools.islice(itertools.product(*(knob.nodes for knob in axes)), 0, None, 3):
        held(made, {knob.name: node for knob, node in zip(axes, nodes, strict=True)})
    for knob in KNOBS:
        if knob.name != "cycle_days":
            for node in knob.nodes:
                held(made, {knob.name: node})


def test_between_nodes_it_is_as_far_off_as_it_says(made: Grid) -> None:
    rng = np.random.default_rng(11)
    assert set(made.errors) == set(ERRORS)
    assert 0 < made.errors["chance"] < 0.09
    assert made.errors["middle"] < 0.03
    worst = dict.fromkeys(("chance", "middle", "hitting", "pay"), 0.0)
    for _ in range(25):
        turned = {k.name: float(rng.integers(0, 6)) if k.unit == "count" else rng.uniform(k.low, k.high) for k in KNOBS}
        said, found = made.at(turned), what_if(PLAN, changes_of(KNOBS, turned), DRAWS, 3)
        worst["chance"] = max(worst["chance"], abs(said["chance"] - found.chance))
        worst["hitting"] = max(worst["hitting"], abs(said["hitting"] - found.hitting.mean()))
        worst["pay"] = max(worst["pay"], abs(said["pay"] / np.median(found.pay) - 1))
        worst["middle"] = max(worst["middle"], abs(said["middle"] / found.middle - 1))
    for name, value in worst.items():
        assert value <= made.errors[name], name


def test_thin_plans_have_a_grid() -> None:
    nothing = replace(plan(2), target=math.nan, plans=(), win_rate=math.nan, cycle_days=math.nan, ramp_days=0.0)
    turned = knobs(nothing, assumptions(math.nan))
    assert {knob.name for knob in turned} == {"created", "size", "hires", "quota", "attrition"}
    made = grid(nothing, turned, draws=200)
    assert math.isnan(made.at({})["chance"])
    assert math.isnan(made.at({})["pay"])
    assert math.isnan(made.at({})["reached"])
    assert made.at({"size": 1.25})["middle"] == pytest.approx(1.25 * made.at({})["middle"])
    sure = plan(2, win_rate=0.97)
    certain = grid(sure, knobs(sure, assumptions(0.97)), draws=200)
    assert certain.at({"win_rate": 1.0})["middle"] > certain.at({})["middle"], "nobody wins more than all"
    alone = plan(1)
    alone.reps["quota"] = 0.0
    none = grid(replace(alone, target=math.nan), knobs(alone, assumptions()), draws=200).at({})
    assert math.isnan(none["hitting"])
    assert none["middle"] > 0


RATE = Knob("win_rate", "Win rate", "ratio", 0.4373, (0.35, 0.4373, 0.55), (0.41, 0.46))
HIRES = Knob("hires", "Joins", "count", 0.0, (0.0, 5.0))


@pytest.mark.parametrize(("typed", "value", "word"), [
    ("50", 0.5, ""), (" 50 % ", 0.5, ""), ("50,5", 0.505, ""), ("43.7", 0.4373, ""), ("", 0.4373, "empty"),
    ("abc", 0.4373, "no number"), ("nan", 0.4373, "no number"), ("1e999", 0.55, "too high: 55.0 is the most"),
    ("-1e999", 0.35, "too low"), ("-3", 0.35, "too low: 35.0 is the least"), ("99", 0.55, "too high"),
    ("inf", 0.55, "too high"), ("1 2", 0.4373, "no number"),
])  # fmt: skip
def test_what_is_typed_is_taken_between_the_bounds(typed: str, value: float, word: str) -> None:
    found, said = RATE.read(typed)
    assert found == pytest.approx(value)
    assert said.startswith(word)
    assert bool(said) == bool(word)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_whatever_is_typed_is_a_value(typed: str) -> None:
    for knob in (RATE, HIRES):
        value, _ = knob.read(typed)
        assert knob.low <= value <= knob.high
        Changes.model_validate(changes_of([knob], {knob.name: value}).told())


def test_knobs_and_changes_go_both_ways() -> None:
    assert changes_of(KNOBS, {knob.name: knob.base for knob in KNOBS}) == Changes()
    turned = {"win_rate": 0.36, "hires": 3.0, "quota": 1.1, "ramp_days": 200.0}
    changes = changes_of(KNOBS, turned)
    assert changes == Changes(win_rate=0.36, hires=(Hire(count=3),), quota=1.1, ramp_days=200)
    back = values_of(KNOBS, changes)
    assert {name: back[name] for name in turned} == turned
    assert all(back[knob.name] == knob.base for knob in KNOBS if knob.name not in turned)
    assert values_of(KNOBS, Changes(win_rate=1.0))["win_rate"] == next(k.high for k in KNOBS if k.name == "win_rate")
    assert values_of(KNOBS, Changes(hires=(Hire(team="A", count=2),)))["hires"] == 0
