from __future__ import annotations

import datetime as dtm
from typing import Any

import pytest

from salesnb.data.book import Book
from salesnb.errors import NeedsData, ParameterError
from salesnb.kpis.dimensions import DIMENSIONS, with_dimension
from salesnb.kpis.registry import compute
from salesnb.periods import Period

AS_OF = dtm.date(2026, 12, 31)
REPS = [
    {"rep_id": "a", "name": "Ann", "team": "North", "manager_id": "c", "region": "East", "role": "seller"},
    {"rep_id": "b", "name": None, "team": None, "manager_id": "Mr X", "region": None},
    {"rep_id": "c", "name": "Cy", "team": "North", "manager_id": None, "role": "manager"},
]
ACCOUNTS = [
    {
        "account_id": "A",
        "name": "Acme",
        "segment": "SMB",
        "industry": "steel",
        "size_band": "S",
        "country": "DE",
        "region": "West",
    },
    {"account_id": "B", "name": None},
]
LEADS = [
    {"lead_id": "1", "created_at": "2026-01-02", "source": "fair", "campaign": "spring", "account_id": "A"},
    {"lead_id": "2", "created_at": "2026-01-01", "source": "web", "campaign": "search", "account_id": "A"},
    {"lead_id": "3", "created_at": None, "source": "unknown", "account_id": "A"},
    {"lead_id": "4", "created_at": "2026-01-05", "source": "mail", "opportunity_id": "d3"},
]
DEALS = [
    {
        "opportunity_id": "d1",
        "owner_id": "a",
        "account_id": "A",
        "lead_id": "1",
        "product": "P",
        "closed_on": "2026-01-31",
    },
    {"opportunity_id": "d2", "owner_id": "b", "account_id": "A", "product": None, "closed_on": "2026-10-01"},
    {"opportunity_id": "d3", "owner_id": None, "account_id": "B", "closed_on": None},
    {"opportunity_id": "d4", "owner_id": "ghost", "account_id": "ghost", "closed_on": "2025-12-31"},
]


def labels(rows: Any, book: Book, by: str) -> list[str]:
    found = with_dimension(book, rows.mutate(_on=rows.closed_on), by).order_by("opportunity_id").execute()
    names: list[str] = found["segment"].tolist()
    return names


@pytest.fixture
def book(engine: Any) -> Book:
    deals = [{**deal, "outcome": "won"} for deal in DEALS]
    tables = {"opportunities": deals, "reps": REPS, "accounts": ACCOUNTS, "leads": LEADS}
    return Book.of(tables, as_of=AS_OF, connection=engine)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("rep", ["Ann", "b", "(none)", "ghost"]),
        ("rep_id", ["a", "b", "(none)", "ghost"]),
        ("team", ["North", "(none)", "(none)", "(none)"]),
        ("manager", ["Cy", "Mr X", "(none)", "(none)"]),
        ("region", ["East", "West", "(none)", "(none)"]),
        ("role", ["seller", "(none)", "(none)", "(none)"]),
        ("account", ["Acme", "Acme", "B", "ghost"]),
        ("account_id", ["A", "A", "B", "ghost"]),
        ("segment", ["SMB", "SMB", "(none)", "(none)"]),
        ("industry", ["steel", "steel", "(none)", "(none)"]),
        ("size_band", ["S", "S", "(none)", "(none)"]),
        ("country", ["DE", "DE", "(none)", "(none)"]),
        ("product", ["P", "(none)", "(none)", "(none)"]),
        ("outcome", ["won"] * 4),
        ("source", ["fair", "web", "mail", "(none)"]),
        ("channel", ["fair", "web", "mail", "(none)"]),
        ("campaign", ["spring", "search", "(none)", "(none)"]),
        ("month", ["2026-01", "2026-10", "(none)", "2025-12"]),
        ("quarter", ["2026Q1", "2026Q4", "(none)", "2025Q4"]),
    ],
)
def test_where_each_deal_stands(book: Book, by: str, expected: list[str]) -> None:
    assert labels(book.opportunities, book, by) == expected


@pytest.mark.parametrize("start", [1, 2, 4, 10, 12])
def test_quarters_are_labelled_as_periods_are(start: int) -> None:
    days = [dtm.date(2026, month, 15) for month in range(1, 13)]
    deals = [{"opportunity_id": f"{day.month:02}", "outcome": "won", "closed_on": day} for day in days]
    book = Book.of({"opportunities": deals}, as_of=AS_OF, fiscal_year_start=start)
    assert labels(book.opportunities, book, "quarter") == [str(Period.of(day, "quarter", start)) for day in days]


def test_a_sellers_name_is_the_id_where_there_are_no_sellers() -> None:
    book = Book.of({"opportunities": [{**deal, "outcome": "won"} for deal in DEALS]}, as_of=AS_OF)
    assert labels(book.opportunities, book, "rep") == ["a", "b", "(none)", "ghost"]
    assert labels(book.opportunities, book, "account") == ["A", "A", "B", "ghost"]


def test_no_row_is_lost_or_doubled(book: Book) -> None:
    rows = book.opportunities.mutate(_on=book.opportunities.closed_on)
    reached = [d.name for d in DIMENSIONS.values() if d.through or set(d.own) & set(rows.columns)]
    assert len(reached) > 20
    for by in reached:
        assert with_dimension(book, rows, by).count().execute() == 4, by


@pytest.mark.parametrize(
    ("by", "needs", "what"),
    [
        ("team", "reps.team", "team needs reps.team"),
        ("segment", "accounts.segment", "segment needs accounts.segment"),
        ("source", "leads.source", "source needs leads.source"),
        ("revenue_type", "revenue_type", "the rows of this measure carry no revenue_type"),
    ],
)
def test_what_is_missing_is_named(by: str, needs: str, what: str) -> None:
    book = Book.of({"opportunities": [{**deal, "outcome": "won"} for deal in DEALS]}, as_of=AS_OF)
    with pytest.raises(NeedsData) as caught:
        with_dimension(book, book.opportunities, by)
    assert (caught.value.needs, caught.value.what) == (needs, what)
    frame = compute(book, "revenue.booked", Period.parse("2026"), by=by)
    assert frame[["status", "reason"]].to_numpy().tolist() == [["needs", what]]


def test_an_unknown_dimension_names_the_nearest(book: Book) -> None:
    with pytest.raises(ParameterError) as caught:
        with_dimension(book, book.opportunities, "regoin")
    assert (caught.value.what, caught.value.mend) == ("no dimension is called 'regoin'", "did you mean 'region'?")


def test_a_rows_own_team_comes_before_its_sellers(book: Book) -> None:
    rows = book.opportunities.mutate(team=(book.opportunities.owner_id == "a").ifelse("Own", None))
    assert labels(rows, book, "team") == ["Own", "(none)", "(none)", "(none)"]
    others = book.opportunities.mutate(team=(book.opportunities.owner_id == "b").ifelse("Own", None))
    assert labels(others, book, "team") == ["North", "Own", "(none)", "(none)"]


def test_a_column_called_segment_is_not_in_the_way(book: Book) -> None:
    rows = book.opportunities.mutate(segment=book.opportunities.stage)
    assert labels(rows, book, "segment") == ["SMB", "SMB", "(none)", "(none)"]
    assert labels(rows, book, "outcome") == ["won"] * 4
