"""The planted truths of the sample company are found by the funnel and the team; the bench does it for 20 seeds."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from salesnb.data.sample import truth


@pytest.fixture(scope="module")
def planted() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "bench" / "planted.py"
    spec = importlib.util.spec_from_file_location("bench_planted", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_what_goes_on_from_a_stage_ends_in_the_planted_win_probability(planted: ModuleType) -> None:
    """The product over the stages that are not skipped is nearly what the plan solves exactly: skips alone raise it."""
    shares, known = planted.goes_on(truth()), truth()
    for segment in known.segments:
        through = 1.0
        for stage in known.stages:
            through *= shares[stage, segment]
        exact = known.win_probability["new"][segment]
        assert through < exact < 1.02 * through
        assert known.win_probability["renewal"][segment] == pytest.approx(shares[known.stages[-1], segment], abs=0.005)


def test_one_company_shows_what_was_planted_in_it(planted: ModuleType) -> None:
    tables = planted.make(11)
    found, left = planted.look(11, tables), planted.leave(11, tables)
    assert found.inside >= 12  # of 15 at 95 %: fewer has a chance below one in a hundred
    assert (found.stage, found.segment) == (True, True)
    assert (found.low, found.high) == (True, True)
    assert found.false_calls <= 2
    assert found.equal
    assert found.callers > 30
    assert (left.inside >= 2, left.rates, left.ratio, left.rise) == (True, 3, True, True)
    assert (left.marked, left.false_signals, left.others) == (True, 0, 2)


def test_a_rate_that_is_not_reached_is_said(planted: ModuleType) -> None:
    good = planted.Found(1, 15, 15, True, True, True, True, 0, 20, True)
    bad = planted.Found(2, 12, 15, True, True, False, True, 4, 20, True)
    stayed, left = planted.Left(1, 3, 3, True, True, True, 0, 2), planted.Left(2, 2, 3, True, False, False, 1, 2)
    results = planted.judged([good, bad], [stayed, left])
    rates = {name: (rate, is_reached) for name, rate, _, is_reached in results}
    assert rates["stage hazards within their 95 % interval"] == (27 / 30, True)
    assert rates["the sandbagger is marked"] == (1 / 2, False)
    assert rates["the happy-ears rep is marked"] == (1.0, True)
    assert rates["others whose calls are marked (at most)"] == (4 / 40, False)
    assert rates["monthly churn by answer within its 95 % interval"] == (5 / 6, False)
    assert rates["churn ratio and price rise within theirs"] == (3 / 4, False)
    assert rates["detractors and the price rise are marked"] == (1 / 2, False)
    assert rates["other signals of churn that are marked (at most)"] == (1 / 4, False)
