"""Queries of one shape share their SQL, and differ in nothing but their dates."""

from __future__ import annotations

import datetime as dtm

import ibis
import pytest

from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.kpis.answers import answer

JULY, AUGUST = dtm.date(2026, 7, 1), dtm.date(2026, 8, 1)
TRAP = "MAKE_DATE(1, 7, 13)"


@pytest.fixture
def book() -> Book:
    rows = [
        {"opportunity_id": "1", "product": "Pro", "amount": 100, "closed_on": "2026-07-05", "outcome": "won"},
        {"opportunity_id": "2", "product": TRAP, "amount": 20, "closed_on": "2026-07-13", "outcome": "won"},
        {"opportunity_id": "3", "product": "Pro", "amount": 3, "closed_on": "2026-08-02", "outcome": "won"},
    ]
    return memo.keeping(Book.of({"opportunities": rows}, as_of=dtm.date(2026, 9, 30)))


def total(book: Book, start: dtm.date, end: dtm.date, product: str | None = None) -> list[float | None]:
    deals = book.opportunities
    kept = deals.filter(deals.closed_on >= ibis.date(start), deals.closed_on < ibis.date(end))
    if product is not None:
        kept = kept.filter(kept["product"] == product)
    value = answer(book, kept.aggregate(total=kept.amount.sum()))["total"][0]
    return [None if value is None else float(value)]


def test_one_shape_gives_each_date_its_own_answer(book: Book) -> None:
    days = [(JULY, AUGUST), (AUGUST, dtm.date(2026, 9, 1)), (JULY, dtm.date(2026, 9, 1)), (JULY, JULY)]
    assert [total(book, *span) for span in days] == [[120.0], [3.0], [123.0], [None]]


def test_a_text_that_reads_like_a_date_in_sql_stays_a_text(book: Book) -> None:
    assert total(book, JULY, AUGUST, TRAP) == [20.0]
    assert total(book, JULY, AUGUST, TRAP.lower()) == [None]
    assert total(book, JULY, AUGUST, "Pro") == [100.0]
