from __future__ import annotations

import datetime as dtm
import math
from typing import Any

import pytest

from salesnb.data.book import Book
from salesnb.kpis.registry import compute
from salesnb.periods import Period

Q2 = Period.parse("2026Q2")
# id, account, day, product, amount, cost, seller
LINES = [
    ("1", "A", "2026-01-10", "P", "100.00", "40.00", "ann"),
    ("2", "A", "2026-04-10", "P", "60.00", "20.00", "ann"),
    ("3", "B", "2026-05-11", "R", "30.00", "10.00", "bo"),
    ("4", "C", "2026-05-12", "R", "50.00", "20.00", None),
    ("5", "B", "2026-05-13", "P", "7.00", None, "bo"),
]
COSTS = [
    {"month": "2026-03-01", "channel": "web", "function": "marketing", "amount": "99.00"},
    {"month": "2026-04-01", "channel": "web", "function": "marketing", "amount": "8.00"},
    {"month": "2026-05-01", "channel": "fair", "function": "marketing", "amount": "10.00"},
    {"month": "2026-06-01", "channel": "mail", "function": None, "amount": "1.00"},
    {"month": "2026-06-01", "channel": "North", "function": "sales", "amount": "5.00"},
]
OTHERS = {
    "reps": [{"rep_id": "ann", "team": "North"}, {"rep_id": "bo", "team": "South"}],
    "leads": [{"lead_id": "1", "account_id": "B", "source": "web", "created_at": "2026-01-01"}],
}


@pytest.fixture
def book(engine: Any) -> Book:
    names = ("order_line_id", "account_id", "ordered_at", "product", "amount", "cost", "rep_id")
    orders = [dict(zip(names, row, strict=True)) for row in LINES]
    return Book.of({"orders": orders, "costs": COSTS, **OTHERS}, as_of=dtm.date(2026, 6, 30), connection=engine)


def by_segment(book: Book, name: str, by: str | None = None) -> dict[str | None, float]:
    frame = compute(book, name, Q2, by=by)
    return dict(zip(frame["segment"], frame["value"], strict=True))


def test_gross_margin_is_of_the_lines_with_a_cost(book: Book) -> None:
    (row,) = compute(book, "gross_margin", Q2).to_dict("records")
    assert row["value"] == pytest.approx((40 + 20 + 30) / (60 + 30 + 50))
    assert (row["numerator"], row["denominator"], row["n"]) == (90, 140, 3)
    assert row["reason"] == "1 of 4 rows have no value"
    assert row["low"] < row["value"] < row["high"]
    assert by_segment(book, "gross_margin.money") == {None: 90}


def test_margin_by_product(book: Book) -> None:
    assert by_segment(book, "product_revenue.margin") == pytest.approx({"P": 40 / 60, "R": 50 / 80})


def test_profit_is_what_is_left_after_cost(book: Book) -> None:
    assert by_segment(book, "profit") == {None: 90 - (8 + 10 + 1 + 5)}


def test_profit_by_team_sums_to_the_company(book: Book) -> None:
    teams = by_segment(book, "profit.team")
    assert teams == {"North": 40 - 5, "South": 20, "(none)": 30 - (8 + 10 + 1)}
    assert sum(teams.values()) == by_segment(book, "profit")[None]


def test_profit_by_what_costs_do_not_carry_is_not_made_up(book: Book) -> None:
    (row,) = compute(book, "profit", Q2, by="product").to_dict("records")
    assert (row["status"], row["reason"]) == ("needs", "the rows of this measure carry no product")


def test_roi_is_on_new_customers(book: Book) -> None:
    # B and C first bought in the quarter: gross profit 20 + 30, revenue 30 + 7 + 50, cost 24
    assert by_segment(book, "roi") == pytest.approx({None: (20 + 30 - 24) / 24})
    assert by_segment(book, "roi.revenue") == pytest.approx({None: (87 - 24) / 24})


def test_roi_by_channel(book: Book) -> None:
    frame = compute(book, "roi.channel", Q2)
    assert frame["segment"].tolist() == ["fair", "mail", "web", "(none)"]
    assert frame["value"].iloc[:3].tolist() == [-1.0, -1.0, (20 - 8) / 8]
    assert math.isnan(frame["value"].iloc[3])
    assert frame["reason"].iloc[3] == "cost is zero"
    assert frame["numerator"].sum() == 20 + 30
    assert frame["denominator"].sum() == 8 + 10 + 1


def test_nothing_spent_has_no_return(book: Book) -> None:
    (row,) = compute(book, "roi", Period.parse("2026-02")).to_dict("records")
    assert (row["status"], row["reason"]) == ("na", "cost is zero")
