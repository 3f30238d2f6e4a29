"""What sellers bring in, against each other."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import pytest

from salesnb.data.book import Book
from salesnb.kpis.people import active_reps
from salesnb.kpis.registry import compute
from salesnb.periods import Period

AS_OF = dtm.date(2026, 9, 30)
Q2 = Period.parse("2026Q2")


def won(name: str, owner: str | None, amount: float, on: str = "2026-05-01") -> dict[str, Any]:
    return {"opportunity_id": name, "owner_id": owner, "outcome": "won", "closed_on": on, "amount": amount}


def only(book: Book, kpi: str, period: Period = Q2) -> dict[str, Any]:
    frame = compute(book, kpi, period)
    assert len(frame) == 1
    return dict(frame.iloc[0])


@pytest.fixture(scope="module")
def book() -> Book:
    reps = [
        {"rep_id": "r1", "team": "N", "hired_on": "2024-01-01"},
        {"rep_id": "r2", "team": "N", "hired_on": "2026-01-15"},
        {"rep_id": "r3", "team": "S", "hired_on": None, "left_on": "2026-04-02"},
        {"rep_id": "left", "team": "S", "hired_on": "2024-01-01", "left_on": "2026-04-01"},
        {"rep_id": "to come", "team": "S", "hired_on": "2026-07-01"},
        {"rep_id": "boss", "team": "S", "hired_on": "2024-01-01", "role": "Sales Manager"},
    ]
    deals = [
        won("a", "r1", 60),
        won("b", "r2", 30),
        won("c", "boss", 10),
        won("d", None, 100),
        won("e", "r1", 999, "2026-07-01"),
    ]
    return Book.of({"opportunities": deals, "reps": reps}, as_of=AS_OF)


def test_active_is_hired_not_left_and_no_manager(book: Book) -> None:
    assert sorted(active_reps(book, Q2).rep_id.execute()) == ["r1", "r2", "r3"]


def test_sales_per_rep_is_all_that_was_booked_over_the_active(book: Book) -> None:
    row = only(book, "sales_per_rep")
    assert (row["value"], row["denominator"]) == (pytest.approx((60 + 30 + 10 + 100) / 3), 3)
    by_team = compute(book, "sales_per_rep", Q2, by="team").set_index("segment").value
    assert by_team.drop("(none)").to_dict() == {"N": (60 + 30) / 2, "S": 10 / 1}


def test_ramped_is_hired_180_days_before(book: Book) -> None:
    # 1 April less 180 days is 3 October 2025: r1, and r3 whose date is unknown
    assert only(book, "sales_per_rep.ramped")["value"] == 60 / 2


def test_without_a_table_of_sellers_who_booked_is_active() -> None:
    book = Book.of({"opportunities": [won("a", "r1", 60), won("b", "r2", 30), won("c", None, 5)]}, as_of=AS_OF)
    assert only(book, "sales_per_rep")["value"] == (60 + 30 + 5) / 2
    assert only(book, "sales_per_rep", Period.parse("2025Q1"))["status"] == "na"


def test_the_top_fifth_is_rounded_up(book: Book) -> None:
    # r1 60, r2 30, boss 10, r3 nothing: the top fifth of four is one
    assert only(book, "top_rep_concentration")["value"] == 60 / 100
    assert only(book, "top_rep_concentration")["n"] == 4
    six = Book.of({"opportunities": [won(str(i), f"r{i}", 10 * i) for i in range(1, 7)]}, as_of=AS_OF)
    assert only(six, "top_rep_concentration")["value"] == pytest.approx((60 + 50) / 210)
    five = Book.of({"opportunities": [won(str(i), f"r{i}", 10 * i) for i in range(1, 6)]}, as_of=AS_OF)
    assert only(five, "top_rep_concentration")["value"] == pytest.approx(50 / 150)


def test_the_best_one_and_the_spread(book: Book) -> None:
    assert only(book, "top_rep_concentration.top_1")["value"] == 60 / 100
    assert only(book, "top_rep_concentration.herfindahl")["value"] == pytest.approx(0.6**2 + 0.3**2 + 0.1**2)
    by_team = compute(book, "top_rep_concentration.herfindahl", Q2, by="team").set_index("segment").value
    assert by_team["N"] == pytest.approx((60 / 90) ** 2 + (30 / 90) ** 2)


def test_equal_sellers_have_a_herfindahl_of_one_over_their_number() -> None:
    book = Book.of({"opportunities": [won(str(i), f"r{i}", 10) for i in range(8)]}, as_of=AS_OF)
    assert only(book, "top_rep_concentration.herfindahl")["value"] == pytest.approx(1 / 8)


def test_nothing_booked_is_no_concentration(book: Book) -> None:
    for variant in ("top_20pct", "top_1", "herfindahl"):
        assert only(book, f"top_rep_concentration.{variant}", Period.parse("2025Q1"))["status"] == "na"


def test_order_lines_stand_in_for_deals() -> None:
    orders = [
        {"order_line_id": str(i), "ordered_at": "2026-05-01", "amount": 10 * i, "rep_id": f"r{i}"} for i in (1, 3)
    ]
    assert only(Book.of({"orders": orders}, as_of=AS_OF), "sales_per_rep")["value"] == (10 + 30) / 2
