"""AdventureWorks resellers through their mapping: the numbers of FACTS.md."""

from __future__ import annotations

import pytest

import salesnb
from salesnb import Period

WHOLE = Period.parse("2010-12-29..2013-11-29")


def test_every_line_and_cent(adventureworks, facts):
    wanted = facts["AdventureWorks"]
    counts = adventureworks.audit.reconciliation.set_index("table")["used"]
    assert counts["orders"] == wanted["rows"]["FactResellerSales"]
    assert counts["quotas"] == wanted["rows"]["FactSalesQuota"]
    money = adventureworks.audit.money.set_index("table")
    assert float(money.loc["orders", "used"]) == wanted["reseller"]["sales"]
    assert float(money.loc["quotas", "used"]) == wanted["quota_sum"]
    orders = adventureworks.orders
    assert orders.account_id.nunique().execute() == wanted["reseller"]["resellers"]
    assert orders.order_id.nunique().execute() == wanted["reseller"]["orders"]
    assert orders.rep_id.nunique().execute() == wanted["reseller"]["employees"]


def test_revenue_by_year_and_rep(adventureworks, facts):
    wanted = facts["AdventureWorks"]
    for year, revenue in wanted["reseller_sales_by_year"].items():
        frame = salesnb.compute(adventureworks, "revenue", Period.parse(year))
        assert frame["value"].iloc[0] == pytest.approx(revenue, abs=5e-5)
    frame = salesnb.compute(adventureworks, "revenue", WHOLE, by="rep_id")
    assert dict(zip(frame["segment"], frame["value"], strict=True)) == pytest.approx(
        wanted["reseller_sales_by_employee"], abs=5e-5
    )


def test_attainment_over_all_spans(adventureworks, facts):
    wanted = facts["AdventureWorks"]
    whole = salesnb.compute(adventureworks, "quota_attainment.booked", WHOLE).iloc[0]
    assert whole["value"] == pytest.approx(wanted["overall_attainment"], abs=5e-7)
    assert whole["n"] == wanted["employee_periods"]["both"] == 163
    assert whole["denominator"] == wanted["quota_sum"]
    share = salesnb.compute(adventureworks, "quota_attainment.share_at_quota", WHOLE).iloc[0]
    assert (share["numerator"], share["denominator"]) == (wanted["employee_periods"]["at_or_above_quota"], 163)


def test_attainment_of_each_rep(adventureworks, facts):
    frame = salesnb.compute(adventureworks, "quota_attainment.booked", WHOLE, by="rep_id")
    got = dict(zip(frame["segment"], frame["value"], strict=True))
    assert got == pytest.approx(facts["AdventureWorks"]["attainment_by_employee_all_periods"], abs=5e-7)


def test_each_span_has_its_own_days(adventureworks, facts):
    """Spans open on the quota's date; each lies in the quarter of its middle day."""
    spans = facts["AdventureWorks"]["period_opened_by_quota_date_sales_quota_attainment"]
    quarters = [Period.parse("2011Q1").last(1)[0]]
    while len(quarters) < len(spans):
        quarters.append(quarters[-1].next)
    for quarter, (opened, (sales, quota, attainment)) in zip(quarters, sorted(spans.items()), strict=True):
        row = salesnb.compute(adventureworks, "quota_attainment.booked", quarter).iloc[0]
        assert row["numerator"] == pytest.approx(sales, abs=5e-3), (str(quarter), opened)
        assert row["denominator"] == quota
        assert row["value"] == pytest.approx(attainment, abs=5e-7)
