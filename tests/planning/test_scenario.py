"""What a period may bring: equal to the plain plan without chance, and with the right chances with it."""

from __future__ import annotations

import datetime as dtm
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from salesnb.errors import ParameterError
from salesnb.planning.draws import amounts, counts, normals
from salesnb.planning.drivers import difference
from salesnb.planning.plan import Plan, team_of
from salesnb.planning.scenario import what_if
from salesnb.scenarios import Changes, Hire
from tests.planning.making import DAY, Q4, plan


def test_without_chance_it_is_the_plain_plan_to_the_cent() -> None:
    calm = plan(attrition=0.1, season=1.1).certain()
    leaves = 1 - 0.9 ** (92 / 365.25)
    by_hand = [0.0 + 92 * (0.05 + 0.01 * i) * 1.1 * (20_000 + 1000 * i) * (1 - leaves / 2) for i in range(4)]
    found = what_if(calm, draws=100)
    assert found.reps["expected"].to_numpy() == pytest.approx(by_hand, abs=0.005)
    assert found.total == pytest.approx(np.full(100, sum(by_hand)), abs=0.01)
    assert found.low == found.high == pytest.approx(sum(by_hand), abs=0.005)
    first = by_hand[0] / 100_000
    pays = 10_000 + 20_000 * (0.8 * min(first, 0.8) + max(min(first, 1) - 0.8, 0) + 1.5 * max(first - 1, 0))
    assert found.reps["pay"].iloc[0] == pytest.approx(pays, abs=0.005)


def test_the_same_seed_gives_the_same_numbers() -> None:
    one, two, other = (what_if(plan(), seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(one.total, two.total)
    pd.testing.assert_frame_equal(one.reps, two.reps)
    assert not np.array_equal(one.total, other.total)


def test_draws_have_the_distribution_they_are_drawn_from() -> None:
    for mean in (0.3, 2.0, 30.0):
        n = counts(mean, 20_000)
        assert n.mean() == pytest.approx(mean, rel=0.01)
        assert (n == 0).mean() == pytest.approx(math.exp(-mean), abs=1e-3)
        order = np.random.default_rng(0).permutation(20_000)
        made = amounts(n, normals(20_000)[order], 100.0, 0.8)
        assert made.mean() == pytest.approx(100 * mean, rel=0.02)
        assert made.std() == pytest.approx(100 * math.sqrt(mean * (1 + 0.64)), rel=0.05)
        assert (made[n == 0] == 0).all()
        assert (made[n > 0] > 0).mean() > 0.999
    exact = np.random.default_rng(1).gamma(5 / 0.64, 100 * 0.64, 20_000)
    made = amounts(np.full(20_000, 5, dtype=np.float32), normals(20_000), 100.0, 0.8)
    assert np.quantile(made, [0.05, 0.5, 0.95]) == pytest.approx(np.quantile(exact, [0.05, 0.5, 0.95]), rel=0.03)
    assert counts(0.0, 5).tolist() == [0] * 5
    assert counts(1e6, 1001).mean() == pytest.approx(1e6, rel=1e-3)


def test_chances_are_those_of_a_plain_simulation() -> None:
    """One deal after another, drawn the slow way."""
    told = plan(2, market=0.15, size_cv=0.7)
    found = what_if(told)
    rng, n = np.random.default_rng(5), 20_000
    market = rng.normal(0, 0.15, n)
    slow = np.zeros((2, n))
    for i in range(2):
        deals = rng.poisson(92 * (0.05 + 0.01 * i), n)
        each = rng.gamma(1 / 0.49, (20_000 + 1000 * i) * 0.49, deals.sum())
        sums = np.bincount(np.repeat(np.arange(n), deals), each, n)
        slow[i] = sums * np.exp(rng.normal(0, 0.2, n) - 0.02) * np.exp(market - 0.15**2 / 2)
    assert found.chance == pytest.approx((slow.sum(axis=0) >= 200_000).mean(), abs=0.015)
    assert found.reps["hit"].to_numpy() == pytest.approx((slow >= 100_000).mean(axis=1), abs=0.015)
    assert [found.low, found.high] == pytest.approx(np.quantile(slow.sum(axis=0), [0.1, 0.9]), rel=0.03)
    assert found.hitting.mean() == pytest.approx((slow >= 100_000).mean(), abs=0.015)


def test_bands_are_shares_of_sellers() -> None:
    found = what_if(plan())
    assert found.bands["share"].sum() == pytest.approx(1)
    assert found.bands.loc[found.bands["low"] >= 1, "share"].sum() == pytest.approx(found.hitting.mean())
    assert what_if(plan(2, target=math.nan), Changes(quota=0)).bands.empty


def test_a_hire_changes_nobody_elses_numbers() -> None:
    before = what_if(plan())
    after = what_if(plan(), Changes(hires=(Hire(starts_on=dtm.date(2026, 11, 1), count=2, team="A"),)))
    assert len(after.reps) == 6
    pd.testing.assert_frame_equal(before.reps, after.reps.iloc[:4])
    new = after.reps.iloc[4]
    assert new["quota"] == pytest.approx(100_000 * 61 / 92)
    days = np.arange(61) + 0.5
    rate = np.mean([0.05, 0.07]) * np.mean([20_000, 22_000])
    assert new["expected"] == pytest.approx((rate * days / 180).sum())


@pytest.mark.parametrize(("changes", "times"), [
    ({"win_rate": 0.45}, 1.5), ({"size": 1.2}, 1.2), ({"quota": 2.0}, 1.0), ({"win_rate": 0.0}, 0.0),
    ({"cycle_days": 50.0}, 1 + 10 / 92), ({"cycle_days": 1000.0}, 0.0),
    ({"created": 2.0}, 1 + np.mean(1 - np.exp(-(np.arange(92) + 0.5) / 60))),
])  # fmt: skip
def test_each_change_by_hand(changes: dict, times: float) -> None:
    usual = what_if(plan(), draws=10).expected
    found = what_if(plan(), Changes(**changes), draws=10)
    assert found.expected == pytest.approx(usual * times)
    assert found.reps["quota"].iloc[0] == 100_000 * changes.get("quota", 1.0)


def test_what_changes_who_is_there() -> None:
    gone = what_if(plan(), Changes(leavers={"r0": dtm.date(2026, 10, 31)}), draws=10)
    assert gone.reps["expected"].iloc[0] == pytest.approx(31 * 0.05 * 20_000)
    before = what_if(plan(), Changes(leavers={"r0": dtm.date(2026, 9, 1)}), draws=10)
    assert before.reps["expected"].iloc[0] == 0
    set_by_hand = what_if(plan(), Changes(quota=2.0, quotas={"r1": 7.0}), draws=10)
    assert set_by_hand.reps["quota"].tolist() == [200_000, 7, 200_000, 200_000]
    late = plan()
    late.reps.loc[0, "hired_on"] = pd.Timestamp("2026-10-01")
    ramped = what_if(late, draws=10).reps["expected"].iloc[0]
    assert ramped == pytest.approx(0.05 * 20_000 * ((np.arange(92) + 0.5) / 180).sum())
    assert what_if(late, Changes(ramp_days=0), draws=10).reps["expected"].iloc[0] == pytest.approx(92 * 0.05 * 20_000)


def test_a_hire_before_or_after_the_period() -> None:
    """Who joined long ago is at full rate; who joins later brings nothing and has no quota here."""
    early, late, usual = (
        what_if(plan(), Changes(hires=(Hire(starts_on=day),)), draws=10).reps.iloc[4]
        for day in (dtm.date(2020, 1, 1), dtm.date(2027, 1, 1), None)
    )
    assert early["expected"] == pytest.approx(92 * plan().reps["wins_a_day"].mean() * plan().reps["size"].mean())
    assert (early["quota"], late["quota"], usual["quota"]) == (100_000, 0, 100_000)
    assert late["expected"] == 0
    assert 0 < usual["expected"] < early["expected"] / 2, "who joins on the first day ahead has the ramp before them"


def test_parts_sum_to_the_difference() -> None:
    usual = Changes()
    other = Changes(win_rate=0.36, size=1.1, created=1.2, hires=(Hire(starts_on=dtm.date(2026, 10, 15), count=1),))
    made = difference(plan(), usual, other)
    assert set(made["driver"]) == {"win rate", "deal size", "deals created", "hires"}
    whole = what_if(plan(), other, draws=10).expected - what_if(plan(), usual, draws=10).expected
    assert made["part"].sum() == pytest.approx(whole)
    assert (made["part"] > 0).all()
    assert difference(plan(), other, other).empty


def test_when_the_target_is_reached() -> None:
    calm = plan(target=1000.0).certain()
    calm.reps["booked"] = 500.0
    assert set(what_if(calm, draws=10).reached.values()) == {DAY}, "it is there by the last day known"
    calm = replace(calm, target=what_if(calm, draws=10).expected + 1)
    found = what_if(calm, draws=10)
    assert set(found.reached.values()) == {None}
    assert found.chance == 0
    assert found.pipeline == pytest.approx(1 / 0.3)
    half = replace(calm, target=2000 + (found.expected - 2000) / 2)
    assert what_if(half, draws=10).reached[0.5] in (dtm.date(2026, 11, 15), dtm.date(2026, 11, 16))


def test_thin_and_odd_plans() -> None:
    one = what_if(plan(1, target=math.nan, plans=()))
    assert math.isnan(one.chance)
    assert math.isnan(one.attainment[0])
    assert one.pay.size == 0
    assert one.reached == {}
    nothing = plan()
    nothing.reps[["quota", "wins_a_day"]] = 0.0
    found = what_if(replace(nothing, target=math.nan))
    assert found.hitting.size == 0
    assert found.reps["hit"].isna().all()
    assert found.expected == 0
    nobody = what_if(replace(plan(), reps=plan().reps.iloc[:0]))
    assert (nobody.expected, len(nobody.reps)) == (0, 0)
    over = what_if(replace(plan(), day=Q4.last_day), draws=10)
    assert over.expected == 0


@pytest.mark.parametrize(("changes", "told"), [
    ({"leavers": {"r9": DAY}}, "nobody is called 'r9'"), ({"quotas": {"x": 1.0}}, "nobody is called 'x'"),
    ({"hires": [{"starts_on": "2026-11-01", "team": "C"}]}, "there is no team 'C'"),
])  # fmt: skip
def test_what_cannot_be_changed_is_said(changes: dict, told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        what_if(plan(), Changes.model_validate(changes), draws=10)


def test_what_is_not_known_cannot_be_changed() -> None:
    unknown = plan(win_rate=math.nan, cycle_days=math.nan)
    for name in ("win_rate", "cycle_days"):
        with pytest.raises(ParameterError, match=f"does not tell {name}"):
            what_if(unknown, Changes(**{name: 0.5}), draws=10)
    assert what_if(unknown, Changes(created=2.0), draws=10).expected == pytest.approx(
        2 * what_if(unknown, draws=10).expected
    )
    with pytest.raises(ValueError, match="created"):
        Changes(created=-1)
    with pytest.raises(ParameterError, match="no column 'quota'"):
        Plan(Q4, DAY, plan().reps.drop(columns="quota"), 1.0)
    with pytest.raises(ParameterError, match="there twice"):
        Plan(Q4, DAY, pd.concat([plan().reps] * 2), 1.0)


def test_the_work_of_a_team_adds_up() -> None:
    assert team_of(plan(), Changes()).work.sum() == pytest.approx(1)
    assert stats.kstest(normals(999), "norm").pvalue > 0.9
