"""RavenStack's subscriptions through their mapping: monthly recurring revenue as FACTS.md has it."""

from __future__ import annotations

import pytest

import salesnb
from salesnb import Period
from salesnb.analysis.lifetime import lifetime
from tests.facts.conftest import SOURCES


@pytest.fixture(scope="module")
def ravenstack(shared_data):
    return salesnb.open(SOURCES / "ravenstack.yml")


def test_mrr_at_each_month_end(ravenstack, facts):
    wanted = facts["RavenStack"]["mrr_active_at_month_end"]
    found = {month: salesnb.compute(ravenstack, "mrr.end", Period.parse(month))["value"].iloc[0] for month in wanted}
    assert found == wanted


def test_net_retention_is_what_the_accounts_of_a_year_ago_pay(ravenstack):
    row = salesnb.compute(ravenstack, "nrr", Period.parse("2024-12")).iloc[0]
    assert row["denominator"] == 1262113  # mrr at the end of 2023-12
    assert row["numerator"] < 10159608  # mrr at the end of 2024-12, of which new accounts pay a part
    assert row["value"] == row["numerator"] / row["denominator"]


def test_a_lifetime_value_that_rests_on_two_who_left_is_not_told(ravenstack):
    kpi = salesnb.compute(ravenstack, "clv.expected", Period.parse("2024Q4")).iloc[0]
    assert kpi["low"] < 0 < kpi["value"]
    row = lifetime(ravenstack, Period.parse("2024Q4")).readings.set_index("name").loc["clv.expected"]
    assert row[["value", "low", "high"]].isna().all()
    assert row["reason"] == "too few left to tell: the interval reaches below nothing"
