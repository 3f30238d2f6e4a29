"""How long deals and quotes take."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import pytest

from salesnb.data.book import Book
from salesnb.kpis.registry import compute
from salesnb.periods import Period

AS_OF = dtm.date(2026, 9, 30)
Q2 = Period.parse("2026Q2")


def only(book: Book, kpi: str, period: Period = Q2) -> dict[str, Any]:
    frame = compute(book, kpi, period)
    assert len(frame) == 1
    return dict(frame.iloc[0])


@pytest.fixture(scope="module")
def book() -> Book:
    """Closed on 30 April: won after 10, 20 and 60 days from creation, lost after 5, one before it was created."""
    rows = [
        ("2026-04-20", "won"),
        ("2026-04-10", "won"),
        ("2026-03-01", "won"),
        ("2026-04-25", "lost"),
        ("2026-05-02", "won"),
    ]
    deals = [
        {
            "opportunity_id": str(i),
            "created_at": f"{created} 18:00",
            "closed_on": "2026-04-30",
            "outcome": outcome,
            "first_contact_at": "2026-03-31 09:00" if i == 0 else None,
            "amount": 100,
        }
        for i, (created, outcome) in enumerate(rows)
    ]
    deals.append({"opportunity_id": "9", "created_at": "2026-01-01", "outcome": "open", "amount": 7})
    quotes = [
        {
            "quote_id": "1",
            "opportunity_id": "1",
            "created_at": "2026-04-01 00:00",
            "sent_at": "2026-04-02 12:00",
            "has_error": True,
        },
        {
            "quote_id": "2",
            "opportunity_id": "1",
            "created_at": "2026-03-31 00:00",
            "sent_at": "2026-04-03 00:00",
            "has_error": None,
        },
        {
            "quote_id": "3",
            "opportunity_id": "1",
            "created_at": "2026-04-09 00:00",
            "sent_at": "2026-04-08 00:00",
            "has_error": False,
        },
        {
            "quote_id": "4",
            "opportunity_id": "1",
            "created_at": "2026-06-30 00:00",
            "sent_at": "2026-07-01 00:00",
            "has_error": False,
        },
    ]
    return Book.of({"opportunities": deals, "quotes": quotes}, as_of=AS_OF)


def test_the_cycle_runs_from_first_contact_else_creation(book: Book) -> None:
    days = [30, 20, 60]  # the first one by its first contact
    left_out = "1 left out: no start date, or closed before it"
    assert (only(book, "sales_cycle_days")["value"], only(book, "sales_cycle_days")["reason"]) == (30, left_out)
    assert only(book, "sales_cycle_days.mean")["value"] == pytest.approx(sum(days) / 3)
    assert only(book, "sales_cycle_days.p90")["value"] == pytest.approx(30 + 0.8 * (60 - 30))
    assert only(book, "sales_cycle_days.lost")["value"] == 5


def test_time_to_close_runs_from_creation_for_won_and_lost(book: Book) -> None:
    days = [5, 10, 20, 60]
    assert only(book, "time_to_close_days")["value"] == (10 + 20) / 2
    assert only(book, "time_to_close_days.mean")["value"] == pytest.approx(sum(days) / 4)
    assert only(book, "time_to_close_days.won")["value"] == 20
    assert only(book, "time_to_close_days.p90")["value"] == pytest.approx(20 + 0.7 * (60 - 20))


def test_a_deal_without_a_start_is_told(book: Book) -> None:
    undated = Book.of(
        {"opportunities": [{"opportunity_id": "1", "outcome": "won", "closed_on": "2026-04-30"}]}, as_of=AS_OF
    )
    row = only(undated, "time_to_close_days")
    assert row["status"] == "na"
    assert "1 left out: no start date" in row["reason"]


def test_quote_turnaround_is_of_quotes_sent_in_the_period(book: Book) -> None:
    row = only(book, "quote_turnaround_days")
    assert (row["value"], row["n"]) == ((1.5 + 3.0) / 2, 2)
    assert row["reason"] == "1 left out: not dated, or sent before they were asked for"


def test_quote_errors_are_of_quotes_asked_for_in_it_and_known(book: Book) -> None:
    row = only(book, "quote_error_rate")
    assert (row["numerator"], row["denominator"]) == (1, 3)


def test_velocity_is_the_product_of_its_four(book: Book) -> None:
    # 1 open deal, 4 of 5 won, 100 each, median of 30 days
    row = only(book, "sales_velocity")
    assert row["value"] == pytest.approx(1 * (4 / 5) * 100 / 30)
    assert only(book, "sales_velocity", Period.parse("2020Q1"))["status"] == "na"


@pytest.mark.parametrize(
    "kpi",
    [
        "sales_cycle_days.median",
        "sales_cycle_days.mean",
        "sales_cycle_days.p90",
        "sales_cycle_days.lost",
        "time_to_close_days.median",
        "time_to_close_days.won",
        "quote_turnaround_days",
        "quote_error_rate",
    ],
)
def test_nothing_to_measure_is_not_zero(book: Book, kpi: str) -> None:
    assert only(book, kpi, Period.parse("2020Q1"))["status"] == "na"


def test_without_quotes_they_are_needed() -> None:
    book = Book.of({"opportunities": [{"opportunity_id": "1", "outcome": "open"}]}, as_of=AS_OF)
    assert only(book, "quote_turnaround_days")["status"] == "needs"
    quotes = [{"quote_id": "1", "created_at": "2026-04-01", "sent_at": "2026-04-03", "has_error": False}]
    assert only(Book.of({"quotes": quotes}, as_of=AS_OF), "quote_turnaround_days")["value"] == 2
