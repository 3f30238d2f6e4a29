"""Retention, churn, net and gross retention, by hand, on both databases."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import pytest

from salesnb import compute
from salesnb.data.book import Book
from salesnb.periods import Period

Q2 = Period.parse("2026Q2")
SUBSCRIPTIONS = [
    ("a", "2025-01-01", None, 100), ("b", "2025-03-01", "2026-05-01", 50), ("c", "2026-01-01", "2026-05-15", 40),
    ("c", "2026-05-15", None, 30), ("d", "2026-04-10", None, 70), ("e", "2025-01-01", "2026-06-30", 20),
    ("e", "2026-06-30", None, 25), ("t", "2025-01-01", None, 0), (None, "2025-01-01", None, 9),
    ("f", "2025-01-01", "2025-12-01", 60),
]  # fmt: skip


def book(engine: Any, **more: Any) -> Book:
    rows = [
        {"subscription_id": str(i), "account_id": who, "started_on": start, "ended_on": end, "mrr": mrr}
        for i, (who, start, end, mrr) in enumerate(SUBSCRIPTIONS)
    ]
    return Book.of({"subscriptions": rows, **more}, as_of=dtm.date(2026, 7, 31), connection=engine)


@pytest.mark.parametrize(
    ("name", "top", "bottom"),
    [
        ("retention_rate", 3, 4),  # at the start a, b, c, e; at the end a, c, e
        ("churn_rate", 1, 4),
        ("churn_rate.revenue", 50, 100 + 50 + 40 + 20),
        ("nrr.quarter", 100 + 0 + 30 + 25, 210),
        ("grr.quarter", 100 + 0 + 30 + 20, 210),
        ("nrr", 100 + 0 + 25 + 0, 100 + 50 + 20 + 60),  # a year ago a, b, e, f
        ("grr", 100 + 0 + 20 + 0, 230),
    ],
)
def test_by_hand(engine: Any, name: str, top: float, bottom: float) -> None:
    row = compute(book(engine), name, Q2).iloc[0]
    assert (row["numerator"], row["denominator"]) == (top, bottom)
    assert row["value"] == pytest.approx(top / bottom)
    assert row["low"] <= row["value"] <= row["high"]


def test_churn_and_retention_are_one(engine: Any) -> None:
    source = book(engine, orders=ORDERS)
    for variant in ("customers", "orders"):
        stays, leaves = (compute(source, f"{name}.{variant}", Q2).iloc[0] for name in ("retention_rate", "churn_rate"))
        assert stays["value"] + leaves["value"] == pytest.approx(1)
        assert (stays["denominator"], stays["n"]) == (leaves["denominator"], leaves["n"])


ORDERS = [
    {"order_line_id": str(i), "account_id": who, "ordered_at": on, "amount": 1, "is_return": back}
    for i, (who, on, back) in enumerate(
        [("a", "2026-02-01", False), ("a", "2026-05-01", False), ("b", "2026-03-31", False), ("b", "2026-04-02", True),
         ("c", "2026-04-01", False), (None, "2026-02-01", False)]
    )
]  # fmt: skip


def test_without_subscriptions_who_bought_again(engine: Any) -> None:
    source = Book.of({"orders": ORDERS}, as_of=dtm.date(2026, 7, 31), connection=engine)
    row = compute(source, "retention_rate", Q2).iloc[0]
    assert (row["numerator"], row["denominator"]) == (1, 2)  # of a and b only a bought again: a return is no purchase
    assert compute(source, "churn_rate", Q2)["value"].iloc[0] == 0.5


def test_rises_over_falls(engine: Any) -> None:
    row = compute(book(engine), "quick_ratio", Q2).iloc[0]
    assert row["value"] == pytest.approx((70 + 5) / (50 + 10))  # d came, e rose; b left, c fell


def test_a_period_that_runs_may_change(engine: Any) -> None:
    source = book(engine)
    row = compute(source, "retention_rate", Period.parse("2026Q3")).iloc[0]
    assert (row["status"], row["value"]) == ("immature", 1.0)
    empty = compute(source, "nrr", Period.parse("2020Q1")).iloc[0]
    assert empty["status"] == "na"
