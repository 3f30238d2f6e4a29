"""What a reader is told of a deal, a lead, an account and a visitor, as it stood on a day."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import pandas as pd
import pytest

from salesnb.analysis.behind import ID_OF
from salesnb.analysis.details import DETAILS, GONE, NOT_YET, details
from salesnb.data.book import Book

JUNE, SEPTEMBER = dtm.date(2026, 6, 30), dtm.date(2026, 9, 30)
TABLES: dict[str, list[dict[str, Any]]] = {
    "accounts": [{"account_id": "a1", "name": "Acme", "segment": "SMB", "created_on": "2026-01-02", "region": "EMEA"}],
    "reps": [{"rep_id": "r1", "name": "Ann"}, {"rep_id": "r2", "name": None}],
    "opportunities": [
        {"opportunity_id": "d1", "account_id": "a1", "owner_id": "r1", "kind": "new", "product": "Core",
         "stage": "Closed", "amount": 250.5, "created_at": "2026-05-02", "expected_close_on": "2026-08-01",
         "closed_on": "2026-08-20", "outcome": "won"},
        {"opportunity_id": "d2", "account_id": "a2", "owner_id": "r2", "stage": "Talk", "created_at": "2026-05-03",
         "outcome": "open"},
        {"opportunity_id": "d3", "stage": "Talk", "amount": 5, "created_at": "2026-07-09", "outcome": "open"},
    ],
    "opportunity_events": [
        {"opportunity_id": "d1", "changed_at": "2026-07-05", "field": "stage", "old": "Talk", "new": "Closed"},
        {"opportunity_id": "d1", "changed_at": "2026-07-06", "field": "amount", "old": "100", "new": "250.5"},
        {"opportunity_id": "d2", "changed_at": "2026-06-04", "field": "deleted", "old": None, "new": "true"},
    ],
    "leads": [
        {"lead_id": "l1", "account_id": "a1", "owner_id": "r1", "source": "web", "created_at": "2026-05-01",
         "qualified_at": "2026-05-09", "converted_at": "2026-07-02", "status": "converted"},
    ],
    "touches": [
        {"touch_id": "t1", "visitor_id": "v1", "happened_at": "2026-05-01", "kind": "visit"},
        {"touch_id": "t2", "visitor_id": "v1", "happened_at": "2026-05-04", "account_id": "a1", "kind": "signup"},
        {"touch_id": "t3", "visitor_id": "v1", "happened_at": "2026-08-04", "account_id": "a1", "kind": "order"},
    ],
}  # fmt: skip


def book(**tables: list[dict[str, Any]]) -> Book:
    return Book.of(tables, as_of=SEPTEMBER)


def lines(frame: pd.DataFrame) -> list[list[Any]]:
    """The rows as plain values, dates as texts, None for what is not known."""
    return [
        [None if pd.isna(v) else str(v)[:10] if isinstance(v, dtm.date) else v for v in row]
        for row in frame.itertuples(index=False)
    ]


def told(day: dtm.date, thing: Any, *ids: str, of: Book | None = None) -> list[list[Any]]:
    frame = details(of or book(**TABLES), day, thing, ids)
    assert list(frame.columns) == [detail.name for detail in DETAILS[thing]]
    return lines(frame.astype({"amount": float}) if thing == "deal" else frame)


def test_a_deal_is_as_it_stood_on_the_day() -> None:
    assert told(SEPTEMBER, "deal", "d1") == [
        ["d1", "Acme", "Ann", "SMB", "new", "Core", "Closed", 250.5, "2026-05-02", "2026-08-01", "2026-08-20", "won"]
    ]
    assert told(JUNE, "deal", "d1") == [
        ["d1", "Acme", "Ann", "SMB", "new", "Core", "Talk", 100, "2026-05-02", "2026-08-01", None, "open"]
    ]


def test_a_deal_that_was_not_there_says_so() -> None:
    rows = told(JUNE, "deal", "d3", "d2", "unknown")
    assert [(row[0], row[1], row[2], row[-1]) for row in rows] == [
        ("d2", "a2", "r2", GONE),
        ("d3", None, None, NOT_YET),
    ]


def test_of_a_lead_no_later_date_is_told() -> None:
    assert told(SEPTEMBER, "lead", "l1") == [
        ["l1", "Acme", "Ann", "web", None, "2026-05-01", "2026-05-09", "2026-07-02", "converted"]
    ]
    assert told(JUNE, "lead", "l1") == [["l1", "Acme", "Ann", "web", None, "2026-05-01", "2026-05-09", None, None]]


def test_accounts_and_visitors() -> None:
    assert told(JUNE, "account", "a1") == [["a1", "Acme", "SMB", None, None, "EMEA", None, "2026-01-02"]]
    assert told(JUNE, "visitor", "v1") == [["v1", "Acme", "2026-05-01", "2026-05-04", 2]]
    assert told(SEPTEMBER, "visitor", "v1") == [["v1", "Acme", "2026-05-01", "2026-08-04", 3]]


def test_without_accounts_and_sellers_their_ids_are_told() -> None:
    bare = book(opportunities=TABLES["opportunities"])
    assert [row[:4] for row in told(SEPTEMBER, "deal", "d1", "d3", of=bare)] == [
        ["d1", "a1", "r1", None],
        ["d3", None, None, None],
    ]


@pytest.mark.parametrize("thing", DETAILS)
def test_nothing_is_asked_where_there_is_nothing(thing: Any) -> None:
    assert DETAILS[thing][0].name == ID_OF[thing]
    assert told(JUNE, thing) == []
    assert told(JUNE, thing, "x", of=book(orders=[{"order_line_id": "1", "ordered_at": "2026-01-01"}])) == []


def test_an_id_may_be_any_text() -> None:
    odd = ["a,b", "'; DROP TABLE x; --", "\ue000", "a\x1fb", "", "ü\n"]
    deals = [{"opportunity_id": one, "outcome": "open", "stage": f"S{i}"} for i, one in enumerate(odd)]
    found = details(book(opportunities=deals), JUNE, "deal", odd)
    assert dict(zip(found["opportunity_id"], found["stage"], strict=True)) == {
        one: f"S{i}" for i, one in enumerate(odd)
    }


def test_a_server_tells_the_same(server: Any) -> None:
    served = Book.of(TABLES, as_of=SEPTEMBER, connection=server)
    for thing, ids in {"deal": "d1 d2 d3", "lead": "l1", "account": "a1", "visitor": "v1"}.items():
        found = told(JUNE, thing, *ids.split(), of=served)
        assert found == told(JUNE, thing, *ids.split())
        assert len(found) == len(ids.split())
