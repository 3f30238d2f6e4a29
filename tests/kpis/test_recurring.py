from __future__ import annotations

import datetime as dtm
from typing import Any

import pytest

from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.kpis.recurring import expansions, upgrades
from salesnb.kpis.registry import compute, rows_behind
from salesnb.periods import Period

Q2 = Period.parse("2026Q2")
AS_OF = dtm.date(2026, 6, 30)


def subscribed(*rows: tuple[Any, ...], connection: Any = None, as_of: dtm.date = AS_OF, **more: Any) -> Book:
    """A book of subscriptions: id, account, first day, first day no longer active, mrr."""
    names = ("subscription_id", "account_id", "started_on", "ended_on", "mrr")
    tables = {"subscriptions": [dict(zip(names, row, strict=True)) for row in rows]}
    return Book.of({**tables, **more}, as_of=as_of, connection=connection)


def value(book: Book, name: str, period: Period = Q2) -> float:
    (found,) = compute(book, name, period)["value"]
    return float(found)


@pytest.fixture
def book(engine: Any) -> Book:
    return subscribed(
        ("1", "A", "2026-01-01", "2026-05-01", "10.00"),
        ("2", "A", "2026-05-01", None, "15.50"),  # a rise of 5.50
        ("3", "B", "2026-02-01", "2026-06-30", "3.00"),  # its last day is 29 June
        ("4", "C", "2026-06-30", None, "7.00"),
        ("5", "C", "2026-07-01", None, "1.00"),
        connection=engine,
    )


def test_mrr_is_what_is_active_at_the_end_of_the_last_day(book: Book) -> None:
    (row,) = compute(book, "mrr", Q2).to_dict("records")
    assert (row["value"], row["n"], row["status"]) == (15.50 + 7.00, 2, "ok")
    assert value(book, "mrr.arr") == 12 * 22.50


def test_a_quarters_mrr_is_its_last_months(book: Book) -> None:
    months = [value(book, "mrr", month) for month in Q2.split("month")]
    assert months == [10.00 + 3.00, 15.50 + 3.00, 22.50]
    assert value(book, "mrr") == months[-1]
    assert value(book, "mrr.average") == pytest.approx(sum(months) / 3)


def test_mrr_of_a_period_that_is_not_over_is_that_of_the_last_known_day(engine: Any) -> None:
    book = subscribed(
        ("1", "A", "2026-01-01", "2026-07-20", "10.00"),
        ("2", "A", "2026-07-18", None, "4.00"),
        connection=engine,
        as_of=dtm.date(2026, 7, 15),
    )
    (row,) = compute(book, "mrr", Period.parse("2026Q3")).to_dict("records")
    assert (row["value"], row["status"]) == (10.00, "immature")
    assert value(book, "mrr.average", Period.parse("2026Q3")) == 10.00


def test_the_average_of_a_week_is_its_end(book: Book) -> None:
    assert value(book, "mrr.average", Period.parse("2026-05-04..2026-05-10")) == 15.50 + 3.00


def test_mrr_by_account(book: Book) -> None:
    frame = compute(book, "mrr", Q2, by="account_id")
    assert frame[["segment", "value"]].to_numpy().tolist() == [["A", 15.50], ["C", 7.00]]


def test_an_upgrade_is_a_rise_of_what_was_already_paid(engine: Any) -> None:
    book = subscribed(
        ("1", "new", "2026-04-01", None, "10.00"),  # a first subscription is no upgrade
        ("2", "up", "2026-01-01", "2026-04-02", "10.00"),
        ("3", "up", "2026-04-02", None, "12.00"),
        ("4", "down", "2026-01-01", "2026-04-03", "10.00"),
        ("5", "down", "2026-04-03", None, "8.00"),
        ("6", "more", "2026-01-01", None, "10.00"),
        ("7", "more", "2026-04-04", None, "5.00"),
        ("8", "trial", "2026-01-01", "2026-04-05", "0.00"),
        ("9", "trial", "2026-04-05", None, "9.00"),
        ("a", "back", "2026-01-01", "2026-03-01", "10.00"),
        ("b", "back", "2026-04-06", None, "20.00"),
        ("c", None, "2026-01-01", "2026-04-07", "1.00"),
        ("d", None, "2026-04-07", None, "9.00"),
        connection=engine,
    )
    found = upgrades(book).order_by("account_id").execute()
    assert found["account_id"].tolist() == ["more", "up"]
    assert found["rise"].astype(float).tolist() == [5.00, 2.00]
    assert value(book, "expansion_revenue") == 12 * (5.00 + 2.00)
    assert value(book, "expansion_revenue.upsell") == 12 * (5.00 + 2.00)
    assert value(book, "expansion_revenue.cross_sell") == 0


def won(*rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    names = ("opportunity_id", "account_id", "kind", "product", "closed_on", "amount")
    return [{**dict(zip(names, row, strict=True)), "outcome": "won"} for row in rows]


DEALS = won(
    ("1", "A", "new", "P", "2026-01-05", "100.00"),
    ("2", "A", "expansion", "P", "2026-04-05", "50.00"),  # had P since January
    ("3", "A", "expansion", "Q", "2026-04-06", "70.00"),  # had no Q
    ("4", "A", "expansion", "Q", "2026-06-06", "20.00"),  # has Q since April
    ("5", "B", "expansion", None, "2026-04-06", "7.00"),
    ("6", None, "expansion", "P", "2026-04-06", "3.00"),
    ("7", "A", "renewal", "P", "2026-04-06", "900.00"),
    ("8", "A", None, "P", "2026-04-06", "900.00"),
)


def test_expansion_of_deals(engine: Any) -> None:
    book = Book.of({"opportunities": DEALS}, as_of=AS_OF, connection=engine)
    assert value(book, "expansion_revenue") == 50 + 70 + 20 + 7 + 3
    (upsell,) = compute(book, "expansion_revenue.upsell", Q2).to_dict("records")
    (cross_sell,) = compute(book, "expansion_revenue.cross_sell", Q2).to_dict("records")
    assert (upsell["value"], cross_sell["value"]) == (50 + 20, 70)
    told = "2 left out: deals without an account or a product"
    assert (upsell["reason"], cross_sell["reason"]) == (told, told)


def test_what_was_ordered_counts_as_bought(engine: Any) -> None:
    orders = [{"order_line_id": "1", "account_id": "A", "product": "Q", "ordered_at": "2026-04-05", "amount": "1"}]
    book = Book.of({"opportunities": DEALS, "orders": orders}, as_of=AS_OF, connection=engine)
    assert value(book, "expansion_revenue.upsell") == 50 + 70 + 20


def test_an_upgrade_that_a_deal_stands_for_is_counted_once(engine: Any) -> None:
    subscriptions = [
        ("1", "A", "2025-01-01", "2026-07-04", "10.00"),
        ("2", "A", "2026-07-04", None, "15.00"),
        ("3", "B", "2025-01-01", "2026-07-06", "10.00"),
        ("4", "B", "2026-07-06", None, "12.00"),
    ]
    deals = won(
        ("2", "A", "expansion", "P", "2026-04-05", "50.00"), ("3", "B", "expansion", "P", "2026-04-06", "70.00")
    )
    book = subscribed(*subscriptions, opportunities=deals, connection=engine, as_of=dtm.date(2026, 12, 31))
    # A's upgrade is 90 days after its deal, B's is 91
    assert value(book, "expansion_revenue", Period.parse("2026Q3")) == 12 * 2.00
    assert value(book, "expansion_revenue") == 50 + 70
    found = rows_behind(book, "expansion_revenue", Period.parse("2026H2")).execute()
    assert found[["account_id", "opportunity_id"]].to_numpy().tolist() == [["B", None]]


def test_expansion_by_seller_has_upgrades_at_nobody(engine: Any) -> None:
    rows = [("1", "C", "2026-01-01", "2026-05-01", "10.00"), ("2", "C", "2026-05-01", None, "15.00")]
    book = subscribed(*rows, opportunities=[{**deal, "owner_id": "ann"} for deal in DEALS], connection=engine)
    frame = compute(book, "expansion_revenue", Q2, by="rep")
    assert frame[["segment", "value"]].to_numpy().tolist() == [["ann", 150.0], ["(none)", 12 * 5.0]]


def test_expansion_needs_kinds_or_subscriptions(engine: Any) -> None:
    deals = [{**deal, "kind": None} for deal in DEALS]
    book = Book.of({"opportunities": deals}, as_of=AS_OF, connection=engine)
    (row,) = compute(book, "expansion_revenue", Q2).to_dict("records")
    assert (row["status"], row["reason"]) == ("needs", "needs opportunities.kind or subscriptions.mrr")


def test_upsell_needs_products(engine: Any) -> None:
    deals = [{**deal, "product": None} for deal in DEALS]
    book = Book.of({"opportunities": deals}, as_of=AS_OF, connection=engine)
    assert compute(book, "expansion_revenue.upsell", Q2)["reason"].tolist() == ["needs opportunities.product"]


def test_expansions_of_a_book_without_either_are_asked_for(engine: Any) -> None:
    book = Book.of({"opportunities": [{**deal, "kind": None} for deal in DEALS]}, as_of=AS_OF, connection=engine)
    with pytest.raises(NeedsData, match=r"needs opportunities\.kind"):
        expansions(book, Q2)
