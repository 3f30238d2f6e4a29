"""AdventureWorks: the last span of quotas said on the day before it, and the quota that half would have met."""

from __future__ import annotations

import math

import pytest

from salesnb.analysis.coverage_quota import quotas
from salesnb.periods import Period
from salesnb.planning.capacity import capacity
from salesnb.planning.quota import quota
from salesnb.planning.replay import quota_met_by, replay

LAST = Period.parse("2013-09-29..2013-12-28")


def test_the_last_span_from_the_day_before(adventureworks, facts):
    sales, quota, _ = facts["AdventureWorks"]["period_opened_by_quota_date_sales_quota_attainment"]["2013-09-29"]
    found = replay(adventureworks, [LAST]).periods.iloc[0]
    assert str(found["day"]) == "2013-09-28"
    assert found["came"] == pytest.approx(sales, abs=0.01)
    assert found["quota"] == quota
    assert found["sellers"] >= 15
    assert not found["hit"]
    assert found["low"] > 0.3 * sales
    assert found["high"] < 2 * sales


def test_the_win_rate_of_orders_is_not_known(adventureworks):
    plan = capacity(adventureworks, LAST).plan
    assert math.isnan(plan.win_rate)
    assert math.isnan(plan.cycle_days)
    assert len(plan.reps) == 17


def test_the_quota_that_half_would_have_met(adventureworks, facts):
    spans = quotas(adventureworks, adventureworks.as_of).spans
    assert len(spans) == 163
    assert (
        int((spans["booked"] >= spans["quota"]).sum())
        == facts["AdventureWorks"]["employee_periods"]["at_or_above_quota"]
    )
    factor = quota_met_by(spans)
    assert 0.7 < factor < 1
    assert (spans["booked"] >= factor * spans["quota"] - 1).sum() == pytest.approx(163 / 2, abs=1)


def test_the_page(adventureworks, facts):
    """The page replays the spans of quotas, says where the truth of the last fell, and what half would have met."""
    found = quota(adventureworks, Period.parse("2013Q4"))
    rows = found.replay.periods
    last = rows.iloc[-1]
    assert len(rows) == 8
    assert last["period"] == "2013-09-29..2013-11-29", "the last span ends with the data"
    assert last["sellers"] >= 15
    assert last["low"] <= last["came"] <= last["high"]
    assert last["inside"]
    assert last["came"] == pytest.approx(8935377.49, abs=0.01)
    told = found.headlines()
    assert (found.met, found.quotas) == (8, 163)
    assert any("8 of 163 quotas on record were met; half would have been, had they been" in one for one in told)
    assert any("the last, 2013-09-29..2013-11-29, within it with 8.9 M" in one for one in told)
    assert len(found.usual.reps) == 17
    rules = dict(zip(found.rules["what"], found.rules["rule"], strict=True))
    assert "no lost deal is on record" in rules["win rate"]
    assert "none is given" in rules["pay plans"]
    assert found.statements == ()
    assert {one.name for one in found.scenarios} >= {"Deals a tenth larger", "A tenth more deals created"}
