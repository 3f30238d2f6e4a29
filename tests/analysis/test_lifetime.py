"""What customers are worth: made-up buyers of known habits, contracts by hand, and data that cannot tell."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import numpy as np
import pytest

from salesnb import compute
from salesnb.analysis.lifetime import lifetime
from salesnb.data.book import Book
from salesnb.kpis.lifetimes import DISCOUNT
from salesnb.periods import Period
from salesnb.report import lifetime as worth

END = dtm.date(2026, 12, 31)
Q4 = Period.parse("2026Q4")
ALL = (
    worth.readings_table, worth.frequency_table, worth.parameter_table, worth.ahead_table, worth.tenure_table,
    worth.holdout_chart, worth.tenure_chart,
)  # fmt: skip


def buyers(seed: int = 1, n: int = 500) -> list[dict[str, Any]]:
    """Customers of one year who buy and leave as BG/NBD has it, and spend as Gamma-Gamma does."""
    random = np.random.default_rng(seed)
    rate, leaves = random.gamma(0.6, 1 / 6.0, n), random.beta(0.8, 2.5, n)
    means = 1 / random.gamma(4.0, 1 / 100.0, n)
    lines = []
    for i in range(n):
        day = float(random.integers(0, 120))
        while day < 365:
            amount = round(float(random.gamma(5.0, means[i] / 5)), 2)
            lines.append((f"c{i}", dtm.date(2026, 1, 1) + dtm.timedelta(days=int(day)), amount))
            if lines[-1] and random.random() < leaves[i] and day > 0:
                break
            day += float(random.exponential(7 / rate[i]))
    return [
        {"order_line_id": str(k), "account_id": who, "ordered_at": on, "amount": amount}
        for k, (who, on, amount) in enumerate(lines)
    ]


def test_buyers_of_known_habits() -> None:
    lines = buyers()
    found = lifetime(Book.of({"orders": lines}, as_of=END), Q4)
    assert found.doubts == ()
    assert found.totals["customers"] == 500
    assert found.totals["alive_low"] <= found.totals["alive"] <= found.totals["alive_high"] <= 500
    assert found.totals["value_low"] < found.totals["value"] < found.totals["value_high"]
    # Fitted to the first half of the days, it is near what came in the second.
    assert abs(found.held_out["error"]) < 0.35
    assert found.weeks["is_held_out"].sum() > 20
    assert found.weeks.loc[found.weeks["is_held_out"], "expected"].sum() == pytest.approx(
        found.held_out["expected"], rel=0.35
    )
    (whole,) = found.behind
    assert (whole.n, whole.rows["adds"].sum()) == (500, pytest.approx(whole.total))
    assert found.ahead["value"].is_monotonic_decreasing
    assert (found.ahead["low"] <= found.ahead["value"]).all()
    assert "without a contract about" in found.ahead_finding()
    historic = sum(line["amount"] for line in lines) / 500
    readings = found.readings.set_index("name")["value"]
    assert readings["clv.historic"] == pytest.approx(historic)
    btyd = compute(Book.of({"orders": lines}, as_of=END), "clv.btyd", Q4).iloc[0]
    assert readings["clv.btyd"] == pytest.approx(btyd["value"])
    assert {"bg_nbd", "gamma_gamma", "customers_ahead", "holdout_error"} <= set(found.numbers()["id"])
    for show in ALL:
        assert show(found)


CONTRACTS = [
    ("a", "2025-12-31", None, 100), ("b", "2025-12-31", "2026-07-01", 60), ("c", "2026-06-15", None, 40),
]  # fmt: skip


def contracts(**more: Any) -> Book:
    names = ("account_id", "started_on", "ended_on", "mrr")
    rows = [{"subscription_id": str(i), **dict(zip(names, row, strict=True))} for i, row in enumerate(CONTRACTS)]
    lines = [{"order_line_id": "1", "account_id": "a", "ordered_at": "2026-05-01", "amount": 100, "cost": 25,
              "revenue_type": "subscription"}]  # fmt: skip
    return Book.of({"subscriptions": rows, "orders": lines, **more}, as_of=END)


def test_lifetime_under_contract_by_hand() -> None:
    """a pays 100 in 12 months, b 60 in seven, in the last of which it leaves, c 40 in six: 25 customer-months."""
    row = compute(contracts(), "clv", Q4).iloc[0]
    assert (row["numerator"], row["denominator"], row["value"]) == (1860, 1, 1860)
    discount = (1 + DISCOUNT) ** (1 / 12) - 1
    stays = 1 - 1 / 25
    by_hand = 1860 / 25 * 0.75 * (1 + discount) / (1 + discount - stays)
    assert compute(contracts(), "clv.margin_discounted", Q4)["value"].iloc[0] == pytest.approx(by_hand)


def test_the_months_customers_stay() -> None:
    found = lifetime(contracts(), Q4)
    assert found.renewing is not None
    assert (found.renewing.customers, found.renewing.left) == (3, 1)
    assert "only 1 customers left, fewer than 10" in found.renewal_finding()
    tenures = found.tenures.set_index("months")
    assert tenures.at[5, "stayed"] == 1.0
    assert tenures.at[6, "stayed"] == pytest.approx(2 / 3)  # b left in its sixth month
    assert found.tenures["at_risk"].is_monotonic_decreasing
    for show in ALL:
        assert show(found)


@pytest.mark.parametrize(
    ("source", "period", "told"),
    [
        (Book.of({"opportunities": []}, as_of=END), Q4, "cannot be told"),
        (Book.of({"orders": buyers(2, 5)}, as_of=END), Q4, "customers came back"),
        (contracts(), Period.parse("2027Q1"), ""),
    ],
)
def test_what_cannot_be_told_is_said(source: Book, period: Period, told: str) -> None:
    found = lifetime(source, period)
    assert told in " ".join(found.headlines())
    assert found.ahead.empty
    assert found.behind == ()
    for show in ALL:
        assert show(found)
    assert set(found.numbers()["id"]) >= {"clv"}
