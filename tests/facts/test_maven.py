"""Maven CRM through its mapping: every number of FACTS.md."""

from __future__ import annotations

import pytest

import salesnb
from salesnb import Period

QUARTERS = ("2017Q1", "2017Q2", "2017Q3", "2017Q4")
ALL_OF_2017 = Period.parse("2017")


def one(book, name, period):
    frame = salesnb.compute(book, name, Period.parse(period) if isinstance(period, str) else period)
    assert frame["segment"].isna().all()
    assert frame["status"].tolist() == ["ok"]
    return frame.iloc[0]


def by(book, name, dimension, column="value"):
    frame = salesnb.compute(book, name, ALL_OF_2017, by=dimension)
    return dict(zip(frame["segment"], frame[column], strict=True))


def test_rows_are_all_used(maven, facts):
    counts = maven.audit.reconciliation.set_index("table")
    rows = facts["Maven"]["rows"]
    assert counts.loc["opportunities", ["read", "used", "rejected"]].tolist() == [rows["sales_pipeline"]] * 2 + [0]
    assert counts.loc["accounts", "used"] == rows["accounts"]
    assert counts.loc["reps", "used"] == rows["sales_teams"]
    assert maven.as_of.isoformat() == facts["Maven"]["close_date_range"][1]


def test_what_data_health_must_say(maven):
    problems = maven.audit.problems.set_index("rule")["rows"]
    assert problems["renamed_in_products"] == 1480
    assert problems["no_account_id"] == 1425
    assert problems["no_created_at"] == 500
    renamed = maven.rejects.filter(maven.rejects.rule == "renamed_in_products")
    assert renamed.select("value").distinct().execute()["value"].tolist() == ["GTXPro"]


@pytest.mark.parametrize("period", QUARTERS)
def test_quarters(maven, facts, period):
    wanted = facts["Maven"]
    rate = one(maven, "win_rate.closed", period)
    won, lost = wanted["won_count_by_close_quarter"][period], wanted["lost_count_by_close_quarter"][period]
    assert (rate["numerator"], rate["denominator"], rate["n"]) == (won, won + lost, won + lost)
    assert rate["value"] == pytest.approx(wanted["win_rate_by_close_quarter"][period], abs=5e-7)
    assert rate["low"] < rate["value"] < rate["high"]
    assert one(maven, "revenue.booked", period)["value"] == wanted["won_revenue_by_close_quarter"][period]


def test_months(maven, facts):
    for month, rate in facts["Maven"]["win_rate_by_close_month"].items():
        assert one(maven, "win_rate.closed", month)["value"] == pytest.approx(rate, abs=5e-7)
    for month, revenue in facts["Maven"]["won_revenue_by_close_month"].items():
        assert one(maven, "revenue.booked", month)["value"] == revenue


@pytest.mark.parametrize(
    ("dimension", "fact"),
    [("rep", "agent"), ("manager", "manager"), ("region", "region"), ("product", "product"), ("industry", "sector")],
)
def test_win_rate_by(maven, facts, dimension, fact):
    assert by(maven, "win_rate.closed", dimension) == pytest.approx(facts["Maven"][f"win_rate_by_{fact}"], abs=5e-7)


@pytest.mark.parametrize(
    ("dimension", "fact"),
    [
        ("rep", "won_revenue_by_agent"), ("manager", "won_revenue_by_manager"), ("region", "won_revenue_by_region"),
        ("product", "won_revenue_by_product_raw_names"), ("industry", "won_revenue_by_sector"),
    ],
)  # fmt: skip
def test_booked_by(maven, facts, dimension, fact):
    got = by(maven, "revenue.booked", dimension)
    assert {name: value for name, value in got.items() if value} == facts["Maven"][fact]
    assert sum(got.values()) == facts["Maven"]["won_revenue"]


@pytest.mark.parametrize(
    ("dimension", "fact"),
    [("rep", "agent"), ("region", "region"), ("product", "product"), ("industry", "sector")],
)
def test_won_deals_by(maven, facts, dimension, fact):
    assert by(maven, "average_deal_size.mean", dimension, "n") == facts["Maven"][f"won_count_by_{fact}"]


def test_deal_size_and_days(maven, facts):
    wanted = facts["Maven"]
    assert one(maven, "average_deal_size.mean", "2017")["value"] == pytest.approx(wanted["avg_won_deal"], abs=5e-5)
    assert one(maven, "average_deal_size.median", "2017")["value"] == wanted["median_won_deal"]
    days = {
        "sales_cycle_days.median": wanted["cycle_days_median"]["won"],
        "sales_cycle_days.mean": wanted["cycle_days_mean"]["won"],
        "sales_cycle_days.lost": wanted["cycle_days_median"]["lost"],
        "time_to_close_days.median": wanted["cycle_days_median"]["closed"],
        "time_to_close_days.mean": wanted["cycle_days_mean"]["closed"],
    }
    for name, value in days.items():
        assert one(maven, name, "2017")["value"] == pytest.approx(value, abs=5e-5), name


def test_open_pipeline(maven, facts):
    wanted = facts["Maven"]["open_pipeline_list_price"]
    assert one(maven, "pipeline_value.open", "2017Q4")["value"] == wanted["total"]
    by_stage = salesnb.compute(maven, "pipeline_value.open", Period.parse("2017Q4"), by="stage")
    got = dict(zip(by_stage["segment"], by_stage["value"], strict=True))
    assert got == {"Engaging": wanted["engaging"], "Prospecting": wanted["prospecting"]}


def test_win_rate_variants_differ_and_say_by_which_rows(maven, facts):
    from salesnb.kpis.registry import difference

    closed = one(maven, "win_rate.closed", "2017")
    assert closed["value"] == pytest.approx(facts["Maven"]["win_rate_closed"], abs=5e-7)
    stages = facts["Maven"]["deal_stage_counts"]
    pursued = one(maven, "win_rate.pursued", "2017")
    rows = difference(maven, "win_rate.closed", "win_rate.pursued", ALL_OF_2017).execute()
    only = rows[rows["differs_in"] == "denominator"]
    assert len(only) == pursued["denominator"] - closed["denominator"]
    assert pursued["numerator"] == stages["Won"]
