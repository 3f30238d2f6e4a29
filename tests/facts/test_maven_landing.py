"""Maven: ten months of data, of which it is said how little they tell, and a range that held what came."""

from __future__ import annotations

import datetime as dtm

import pytest

from salesnb.analysis.landing import landing
from salesnb.analysis.outlook import outlook
from salesnb.data.history import as_known
from salesnb.periods import Period


@pytest.mark.parametrize("day", ["2017-10-31", "2017-11-15", "2017-12-15"])
def test_the_fourth_quarter_lands_in_its_range(maven, facts, day):
    came = facts["Maven"]["won_revenue_by_close_quarter"]["2017Q4"]
    found = landing(as_known(maven, dtm.date.fromisoformat(day)), Period.parse("2017Q4"))
    assert str(found.target) == "2017Q4"
    assert found.low <= came <= found.high
    assert found.few == 2
    told = " ".join(found.headlines())
    assert "Only 2 past quarters are wholly on record: the range rests on a first guess" in told
    assert "no quota" in told
    booked = sum(
        value for month, value in facts["Maven"]["won_revenue_by_close_month"].items() if "2017-10" <= month < day[:7]
    )
    if day == "2017-10-31":
        assert found.booked == pytest.approx(facts["Maven"]["won_revenue_by_close_month"]["2017-10"])
    else:
        assert booked <= found.booked < came


def test_of_ten_months_the_next_ones(maven, facts):
    found = outlook(maven, Period.parse("2017Q4"))
    months = facts["Maven"]["won_revenue_by_close_month"]
    assert dict(zip(found.history["month"], found.history["amount"], strict=True)) == pytest.approx(months)
    assert found.season == {}
    assert "No month of the year can be told from the others" in found.season_finding()
