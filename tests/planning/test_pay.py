"""Payouts worked by hand, to the cent; the same on arrays; plans in a file and what is wrong with some."""

from __future__ import annotations

import datetime as dtm
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from salesnb.errors import ParameterError
from salesnb.planning.pay import payout, payouts
from salesnb.planning.pay_plan import PayPlan, plan_of, read_plans
from salesnb.settings import checked

D = Decimal
TIERS = ({"above": 0.0, "rate": 0.8}, {"above": 0.8, "rate": 1.0}, {"above": 1.0, "rate": 1.5})
SPIFFS = (
    {"name": "Launch", "product": "Nova", "per_deal": 500, "starts_on": "2026-07-01", "ends_on": "2026-08-31"},
    {"name": "Any", "per_deal": "12.50"},
)
AUGUST, OCTOBER = dtm.date(2026, 8, 31), dtm.date(2026, 10, 1)


def plan(**changes: Any) -> PayPlan:
    return checked(PayPlan, {"name": "p", "variable": 20000, **changes}, "test")


@pytest.mark.parametrize(
    ("changes", "sold", "quota", "more", "total"),
    [
        # A straight line: 20,000 at 100,000.
        ({}, 0, 100_000, {}, "0.00"),
        ({}, 50_000, 100_000, {}, "10000.00"),
        ({}, 100_000, 100_000, {}, "20000.00"),
        ({}, 250_000, 100_000, {}, "50000.00"),
        ({}, "33333.33", 100_000, {}, "6666.67"),
        ({}, "0.02", 100_000, {}, "0.00"),
        ({}, "0.03", 100_000, {}, "0.01"),
        ({"base": 15000}, 50_000, 100_000, {}, "25000.00"),
        # Tiers: 80,000 at 0.16, 20,000 at 0.2, beyond at 0.3.
        ({"tiers": TIERS}, 40_000, 100_000, {}, "6400.00"),
        ({"tiers": TIERS}, 80_000, 100_000, {}, "12800.00"),
        ({"tiers": TIERS}, 90_000, 100_000, {}, "14800.00"),
        ({"tiers": TIERS}, 100_000, 100_000, {}, "16800.00"),
        ({"tiers": TIERS}, 130_000, 100_000, {}, "25800.00"),
        # A threshold: nothing below it, and from it on all of what was sold.
        ({"threshold": 0.4}, "39999.99", 100_000, {}, "0.00"),
        ({"threshold": 0.4}, 40_000, 100_000, {}, "8000.00"),
        ({"threshold": 0.4, "base": 100}, 100, 100_000, {}, "100.00"),
        # A cap at twice the variable pay.
        ({"cap": 2.0}, 200_000, 100_000, {}, "40000.00"),
        ({"cap": 2.0}, 300_000, 100_000, {}, "40000.00"),
        ({"cap": 2.0, "tiers": TIERS, "base": 1}, 300_000, 100_000, {}, "40001.00"),
        ({"cap": 0.0}, 100_000, 100_000, {}, "0.00"),
        # No quota pays no variable part; neither does a sale below 0.
        ({}, 50_000, 0, {}, "0.00"),
        ({"base": 10}, -50, 100_000, {}, "10.00"),
        # Half of the period: half the variable pay on half the quota.
        ({"base": 1000}, 50_000, 100_000, {"eligible": D("0.5")}, "10500.00"),
        ({"base": 1000}, 50_000, 100_000, {"eligible": D(0)}, "0.00"),
        # An advance: what was not earned of it is paid on top, and owed where it can be taken back.
        ({"draw": {"amount": 3000}}, 10_000, 100_000, {}, "3000.00"),
        ({"draw": {"amount": 3000}}, 20_000, 100_000, {}, "4000.00"),
        ({"draw": {"amount": 3000}}, 30_000, 100_000, {"owed": D(1000)}, "5000.00"),
        ({"draw": {"amount": 3000}}, 17_000, 100_000, {"owed": D(1000)}, "3000.00"),
        # Bonuses: one launch deal in time, and 12.50 for each of three.
        ({"spiffs": SPIFFS}, 0, 100_000, {"deals": [("Nova", AUGUST), ("Nova", OCTOBER), (None, AUGUST)]}, "537.50"),
        ({"spiffs": SPIFFS, "cap": 1.0}, 200_000, 100_000, {"deals": [("Nova", AUGUST)]}, "20512.50"),
        ({"variable": "19999.99", "tiers": TIERS}, "99999.99", "100000", {}, "16799.99"),
        ({"variable": "7777.77"}, "12345.67", "45678.90", {}, "2102.10"),
    ],
)  # fmt: skip
def test_a_payout_by_hand(changes: dict, sold: Any, quota: Any, more: dict, total: str) -> None:
    found = payout(plan(**changes), D(str(sold)), D(str(quota)), **more)
    assert found.total == D(total)
    assert sum((line.amount for line in found.lines), D(0)) == found.total, "the working sums to the payout"
    if not {"deals", "owed"} & set(more):
        there = np.array([float(sold)])
        on_arrays = payouts(plan(**changes), there, float(quota), float(more.get("eligible", 1)))[0]
        assert on_arrays == pytest.approx(float(total), abs=0.02)


def test_what_is_owed_is_carried_on() -> None:
    terms = plan(draw={"amount": 3000})
    first = payout(terms, D(5000), D(100_000))
    assert (first.total, first.owed) == (D(3000), D(2000))
    second = payout(terms, D(20_000), D(100_000), owed=first.owed)
    assert (second.total, second.owed) == (D(3000), D(1000))
    gift = payout(plan(draw={"amount": 3000, "recoverable": False}), D(5000), D(100_000))
    assert (gift.total, gift.owed) == (D(3000), D(0))


def test_the_working_says_what_it_does() -> None:
    found = payout(plan(base=1000, tiers=TIERS, cap=1.0), D(130_000), D(100_000))
    assert [line.what for line in found.lines] == [
        "base", "0% to 80% of quota at 0.8 times the usual rate", "80% to 100% of quota at 1 times the usual rate",
        "100% and above of quota at 1.5 times the usual rate", "capped at 1 times the variable pay",
    ]  # fmt: skip
    assert found.attainment == D("1.3")
    assert (found.variable, found.total) == (D(20_000), D(21_000))
    with pytest.raises(ParameterError, match="no share of a period"):
        payout(plan(), D(1), D(1), eligible=D(2))


def test_plans_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "pay.yml"
    file.write_text(
        "plans:\n  - {name: Hunters, roles: [account executive], currency: USD, variable: 20000, base: 15000.50}\n"
        "  - {name: All, variable: 1000}\n"
    )
    plans = read_plans(file)
    assert plans[0].on_target == D("35000.50")
    assert plan_of(plans, "account executive") == plans[0]
    assert plan_of(plans, "somebody else") == plan_of(plans, None) == plans[1]
    assert plan_of(plans[:1], None) is None


@pytest.mark.parametrize(("text", "told"), [
    ("plans: []", "plans"),
    ("plans: [{name: a, variable: -1}]", "plans.0.variable"),
    ("plans: [{name: a, variable: 1, cpa: 3}]", "there is no such name"),
    ("plans: [{name: a, variable: 1, tiers: [{above: 0.5, rate: 1}]}]", "tiers begin above 0"),
    ("plans: [{name: a, variable: 1, tiers: [{above: 0, rate: 1}, {above: 0, rate: 2}]}]", "each is above"),
    ("plans: [{name: a, variable: 1}, {name: a, variable: 2, roles: [x]}]", "a has two plans"),
    ("plans: [{name: a, variable: 1}, {name: b, variable: 2}]", "everybody else has two plans"),
    ("plans: [{name: a, variable: .inf}]", "variable"),
])  # fmt: skip
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "pay.yml"
    file.write_text(text)
    with pytest.raises(ParameterError) as caught:
        read_plans(file)
    assert told in str(caught.value)
