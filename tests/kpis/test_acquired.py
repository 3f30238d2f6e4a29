from __future__ import annotations

import datetime as dtm
import math
from typing import Any

import pytest

from salesnb.data.book import Book
from salesnb.kpis.registry import compute
from salesnb.periods import Period

Q2 = Period.parse("2026Q2")
# account, day, amount, cost: A is old; B, C and D first buy in the second quarter
LINES = [
    ("A", "2026-01-10", "100.00", "40.00"),
    ("A", "2026-04-10", "60.00", "20.00"),
    ("B", "2026-05-11", "30.00", "10.00"),
    ("C", "2026-05-12", "50.01", "20.00"),
    ("D", "2026-06-12", "20.00", "10.00"),
]
COSTS = [
    {"month": "2026-03-01", "channel": "web", "function": "marketing", "amount": "90.00"},
    {"month": "2026-04-01", "channel": "web", "function": "marketing", "amount": "8.00"},
    {"month": "2026-05-01", "channel": "fair", "function": "marketing", "amount": "10.00"},
    {"month": "2026-06-01", "channel": "North", "function": "sales", "amount": "6.00"},
]
LEADS = [
    {"lead_id": "1", "account_id": "B", "source": "web", "created_at": "2026-01-01"},
    {"lead_id": "2", "account_id": "C", "source": "web", "created_at": "2026-01-01"},
]
# B saw three channels before it bought and one after; C one; D none; A is no new customer
TOUCHES = [
    ("1", "B", "web", "2026-04-01"),
    ("2", "B", "fair", "2026-04-02"),
    ("3", "B", "mail", "2026-05-11"),
    ("4", "B", "tv", "2026-05-12"),
    ("5", "C", "fair", "2026-05-01"),
    ("6", "A", "web", "2026-04-01"),
]


def tables() -> dict[str, Any]:
    orders = [
        {"order_line_id": str(i), "account_id": who, "ordered_at": day, "amount": amount, "cost": cost}
        for i, (who, day, amount, cost) in enumerate(LINES)
    ]
    names = ("touch_id", "account_id", "channel", "happened_at")
    touches = [dict(zip(names, row, strict=True)) for row in TOUCHES]
    return {"orders": orders, "costs": COSTS, "leads": LEADS, "touches": touches}


@pytest.fixture
def book(engine: Any) -> Book:
    return Book.of(tables(), as_of=dtm.date(2026, 6, 30), connection=engine)


def values(book: Book, name: str) -> dict[str | None, float]:
    frame = compute(book, name, Q2)
    return dict(zip(frame["segment"], frame["value"], strict=True))


def test_new_customers_first_bought_in_the_period(book: Book) -> None:
    assert values(book, "new_customers") == {None: 3}


def test_a_first_contract_has_a_price() -> None:
    signed = [
        {"subscription_id": "1", "account_id": "A", "started_on": "2026-01-01", "mrr": "10"},
        {"subscription_id": "2", "account_id": "A", "started_on": "2026-04-01", "mrr": "20"},
        {"subscription_id": "3", "account_id": "B", "started_on": "2026-01-01", "mrr": "0"},
        {"subscription_id": "4", "account_id": "B", "started_on": "2026-05-01", "mrr": "5"},
        {"subscription_id": "5", "account_id": "C", "started_on": "2026-05-01", "mrr": "0"},
    ]
    book = Book.of({"subscriptions": signed}, as_of=dtm.date(2026, 6, 30))
    assert values(book, "new_customers.contract") == {None: 1}  # B: its free months were no contract with a price


def test_cac_is_the_cost_of_the_period_by_its_new_customers(book: Book) -> None:
    assert values(book, "cac") == {None: pytest.approx((8 + 10 + 6) / 3)}
    assert values(book, "cac.marketing") == {None: pytest.approx((8 + 10) / 3)}


def test_cac_by_channel_keeps_what_has_no_customer_and_who_has_no_channel(book: Book) -> None:
    frame = compute(book, "cac.channel", Q2).set_index("segment")
    assert frame.loc["web", "value"] == pytest.approx(8 / 2)  # B and C
    assert math.isnan(frame.loc["fair", "value"])  # 10 and nobody: n/a, not infinite
    assert frame["numerator"].fillna(0).sum() == 8 + 10
    assert frame["denominator"].fillna(0).sum() == 3


def test_cac_of_nobody_is_not_applicable(book: Book) -> None:
    (row,) = compute(book, "cac", Period.parse("2026-04")).to_dict("records")  # only A bought, and it is no new one
    assert math.isnan(row["value"])


def test_payback_without_contracts_is_of_the_gross_profit_a_month(book: Book) -> None:
    months = 91 / (365.25 / 12)
    monthly = (20 + 30.01 + 10) / months
    assert values(book, "cac_payback_months") == {None: pytest.approx(24 / monthly)}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("first_touch", {"web": 30.00, "fair": 50.01, "(none)": 20.00}),
        ("last_touch", {"mail": 30.00, "fair": 50.01, "(none)": 20.00}),
        ("linear", {"web": 10.00, "fair": 10.00 + 50.01, "mail": 10.00, "(none)": 20.00}),
    ],
)
def test_each_rule_gives_the_revenue_of_new_customers_away(book: Book, rule: str, expected: dict[str, float]) -> None:
    assert values(book, f"channel_performance.{rule}") == pytest.approx(expected)
    assert sum(expected.values()) == pytest.approx(30 + 50.01 + 20)


def test_what_three_cannot_share_is_lost_to_none() -> None:
    given = tables()
    given["orders"] = [{**line, "amount": "100.00"} for line in given["orders"] if line["account_id"] == "B"]
    found = values(Book.of(given, as_of=dtm.date(2026, 6, 30)), "channel_performance.linear")
    assert sorted(found.values()) == pytest.approx([33.3333, 33.3333, 33.3334], abs=1e-9)


BENCHMARKS = [
    ("competitors_new_customers", "2026-04-01", "2026-05-31", 4),
    ("competitors_new_customers", "2026-06-01", "2026-06-30", 5),
    ("something else", "2026-04-01", "2026-06-30", 99),
    ("competitors_new_customers", "2026-01-01", "2026-03-31", 7),
]


def with_benchmarks(rows: Any, engine: Any = None) -> Book:
    names = ("name", "starts_on", "ends_on", "value")
    told = [dict(zip(names, row, strict=True)) for row in rows]
    return Book.of(tables() | {"benchmarks": told}, as_of=dtm.date(2026, 6, 30), connection=engine)


def test_the_share_of_all_new_customers(engine: Any) -> None:
    row = compute(with_benchmarks(BENCHMARKS, engine), "new_customer_share", Q2).iloc[0]
    assert (row["value"], row["n"], row["status"]) == (pytest.approx(3 / 12), 3, "ok")


@pytest.mark.parametrize(
    ("rows", "days"), [(BENCHMARKS[1:], 30), (BENCHMARKS + BENCHMARKS[:1], 152), (BENCHMARKS[3:], 0)]
)
def test_benchmarks_that_do_not_tell_of_every_day_once(rows: Any, days: int) -> None:
    row = compute(with_benchmarks(rows), "new_customer_share", Q2).iloc[0]
    assert row["status"] == "needs"
    assert row["reason"] == f"benchmarks of competitors_new_customers tell of {days} of the 91 days of 2026Q2"
