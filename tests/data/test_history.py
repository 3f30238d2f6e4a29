"""Deals as they were on a day."""

from __future__ import annotations

import datetime as dtm
import os
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import ibis
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from salesnb.data.book import Book
from salesnb.data.history import as_known, deals_on, entered, history_limit
from salesnb.errors import NeedsData

AS_OF = dtm.date(2026, 6, 30)


def day(text: str) -> dtm.date:
    return dtm.date.fromisoformat(text)


def event(deal: str, at: str, field: str, old: str | None, new: str | None) -> dict[str, Any]:
    return {"opportunity_id": deal, "changed_at": at, "field": field, "old": old, "new": new}


def rows(book: Book, on: str, *columns: str) -> list[tuple[Any, ...]]:
    frame = deals_on(book, day(on)).order_by("opportunity_id").execute()
    cells = frame[list(columns)].astype(object).where(frame[list(columns)].notna(), None)
    return [tuple(plain(cell) for cell in row) for row in cells.itertuples(index=False)]


def plain(cell: Any) -> Any:
    if isinstance(cell, pd.Timestamp):
        return cell.date()
    return f"{cell.normalize():f}" if isinstance(cell, Decimal) else cell


@pytest.fixture
def logged() -> Book:
    deals = [
        {
            "opportunity_id": "A",
            "created_at": "2026-01-05 09:00",
            "stage": "Signed",
            "amount": "120",
            "owner_id": "r2",
            "expected_close_on": "2026-04-30",
            "forecast_category": "closed",
            "outcome": "won",
            "closed_on": "2026-04-20",
        },
        {"opportunity_id": "B", "created_at": "2026-02-10", "stage": "Demo", "amount": "50", "outcome": "open"},
        {
            "opportunity_id": "C",
            "created_at": "2026-01-01",
            "stage": "Demo",
            "outcome": "lost",
            "closed_on": "2026-03-01",
            "loss_reason": "price",
        },
    ]
    events = [
        event("A", "2026-01-05 09:00", "stage", None, "Prospect"),
        event("A", "2026-02-01 23:59", "stage", "Prospect", "Demo"),
        event("A", "2026-03-01 10:00", "stage", "Demo", "Offer"),
        event("A", "2026-04-20 10:00", "stage", "Offer", "Signed"),
        event("A", "2026-03-15 10:00", "amount", "100.5", "120"),
        event("A", "2026-03-16 10:00", "owner_id", "r1", "r2"),
        event("A", "2026-03-17 10:00", "expected_close_on", "2026-03-31", "2026-04-30"),
        event("A", "2026-03-18 10:00", "forecast_category", "pipeline", "commit"),
        event("A", "2026-04-20 10:00", "forecast_category", "commit", "closed"),
        event("A", "2026-04-20 10:00", "outcome", "open", "won"),
        event("C", "2026-03-01 10:00", "outcome", "open", "lost"),
    ]
    return Book.of({"opportunities": deals, "opportunity_events": events}, as_of=AS_OF)


def test_the_log_takes_every_field_back(logged: Book) -> None:
    columns = ("opportunity_id", "stage", "amount", "owner_id", "expected_close_on", "forecast_category", "outcome")
    assert rows(logged, "2026-02-01", *columns) == [
        ("A", "Demo", "100.5", "r1", day("2026-03-31"), "pipeline", "open"),
        ("C", "Demo", None, None, None, None, "open"),
    ]
    assert rows(logged, "2026-03-15", *columns)[0] == (
        "A",
        "Offer",
        "120",
        "r1",
        day("2026-03-31"),
        "pipeline",
        "open",
    )
    assert rows(logged, "2026-04-20", *columns)[0] == (
        "A",
        "Signed",
        "120",
        "r2",
        day("2026-04-30"),
        "closed",
        "won",
    )


def test_a_change_counts_on_its_own_day(logged: Book) -> None:
    assert rows(logged, "2026-01-31", "stage")[0] == ("Prospect",)
    assert rows(logged, "2026-02-01", "stage")[0] == ("Demo",)


def test_a_deal_counts_from_the_day_of_its_creation(logged: Book) -> None:
    assert [r[0] for r in rows(logged, "2026-01-04", "opportunity_id")] == ["C"]
    assert [r[0] for r in rows(logged, "2026-01-05", "opportunity_id")] == ["A", "C"]
    assert [r[0] for r in rows(logged, "2026-02-10", "opportunity_id")] == ["A", "B", "C"]


def test_what_closed_later_is_open_without_a_date_or_a_reason(logged: Book) -> None:
    columns = ("outcome", "closed_on", "loss_reason")
    assert rows(logged, "2026-02-28", *columns)[-1] == ("open", None, None)
    assert rows(logged, "2026-03-01", *columns)[-1] == ("lost", day("2026-03-01"), "price")


def test_lost_reopened_and_won_is_lost_in_between() -> None:
    deal = {"opportunity_id": "A", "created_at": "2026-01-01", "outcome": "won", "closed_on": "2026-04-01"}
    events = [
        event("A", "2026-01-10", "outcome", "open", "lost"),
        event("A", "2026-03-01", "outcome", "lost", "open"),
        event("A", "2026-04-01", "outcome", "open", "won"),
    ]
    book = Book.of({"opportunities": [deal], "opportunity_events": events}, as_of=AS_OF)
    seen = {
        on: rows(book, on, "outcome", "closed_on")[0] for on in ("2026-01-09", "2026-02-01", "2026-03-01", "2026-04-01")
    }
    assert seen == {
        "2026-01-09": ("open", None),
        "2026-02-01": ("lost", day("2026-01-10")),
        "2026-03-01": ("open", None),
        "2026-04-01": ("won", day("2026-04-01")),
    }


def test_a_close_that_was_entered_later_and_dated_back_was_open_then() -> None:
    deal = {"opportunity_id": "A", "created_at": "2026-01-01", "outcome": "won", "closed_on": "2026-02-01"}
    late = event("A", "2026-02-10", "outcome", "open", "won")
    book = Book.of({"opportunities": [deal], "opportunity_events": [late]}, as_of=AS_OF)
    assert rows(book, "2026-02-05", "outcome", "closed_on") == [("open", None)]
    assert rows(book, "2026-02-10", "outcome", "closed_on") == [("won", day("2026-02-01"))]


def test_a_deleted_deal_is_gone_until_it_is_restored() -> None:
    deal = {"opportunity_id": "A", "created_at": "2026-01-01", "outcome": "open"}
    events = [
        event("A", "2026-02-01", "deleted", "false", "true"),
        event("A", "2026-03-01", "deleted", "true", "false"),
    ]
    book = Book.of({"opportunities": [deal], "opportunity_events": events}, as_of=AS_OF)
    assert [len(rows(book, on, "outcome")) for on in ("2026-01-31", "2026-02-01", "2026-03-01")] == [1, 0, 1]


def test_a_value_that_cannot_be_read_is_null() -> None:
    deal = {
        "opportunity_id": "A",
        "created_at": "2026-01-01",
        "outcome": "open",
        "amount": "5",
        "expected_close_on": "2026-09-30",
    }
    events = [
        event("A", "2026-02-01", "amount", "about 3", "5"),
        event("A", "2026-02-01", "expected_close_on", "soon", "2026-09-30"),
    ]
    book = Book.of({"opportunities": [deal], "opportunity_events": events}, as_of=AS_OF)
    assert rows(book, "2026-01-15", "amount", "expected_close_on") == [(None, None)]


def test_entered_on_is_the_first_day_that_anything_is_known() -> None:
    deals = [
        {"opportunity_id": "A", "created_at": "2026-01-05 23:59", "outcome": "open"},
        {"opportunity_id": "B", "outcome": "open"},
        {"opportunity_id": "C", "outcome": "won", "closed_on": "2026-03-03"},
        {"opportunity_id": "D", "outcome": "open"},
    ]
    events = [event("B", "2026-02-02 08:00", "stage", "Lead", "Demo")]
    book = Book.of({"opportunities": deals, "opportunity_events": events}, as_of=AS_OF)
    frame = entered(book).order_by("opportunity_id").execute()
    assert [str(d)[:10] for d in frame.entered_on] == ["2026-01-05", "2026-02-02", "2026-03-03", "2026-06-30"]
    assert list(frame.columns) == [*book.opportunities.columns, "entered_on"]


def test_without_a_log_the_dates_tell_the_outcome_and_nothing_else() -> None:
    deals = [
        {
            "opportunity_id": "A",
            "created_at": "2026-01-01",
            "stage": "Signed",
            "outcome": "won",
            "closed_on": "2026-03-01",
        },
        {"opportunity_id": "B", "stage": "Demo", "outcome": "open"},
    ]
    book = Book.of({"opportunities": deals}, as_of=AS_OF)
    assert rows(book, "2026-02-01", "opportunity_id", "stage", "outcome") == [("A", "Signed", "open")]
    assert rows(book, "2026-06-30", "opportunity_id", "outcome") == [("A", "won"), ("B", "open")]
    assert "no change log" in history_limit(book)


def test_snapshots_tell_what_a_log_does_not() -> None:
    now = [
        {
            "opportunity_id": "A",
            "created_at": "2026-01-01",
            "stage": "Signed",
            "amount": "9",
            "outcome": "won",
            "closed_on": "2026-03-10",
        },
        {"opportunity_id": "B", "created_at": "2026-03-05", "stage": "Demo", "outcome": "open"},
    ]
    then = [
        {
            "snapshot_on": "2026-02-28",
            "opportunity_id": "A",
            "created_at": "2026-01-01",
            "stage": "Demo",
            "amount": "7",
            "outcome": "open",
        },
        {"snapshot_on": "2026-02-28", "opportunity_id": "Z", "stage": "Demo", "outcome": "open"},
        {
            "snapshot_on": "2026-03-31",
            "opportunity_id": "A",
            "created_at": "2026-01-01",
            "stage": "Signed",
            "amount": "9",
            "outcome": "won",
            "closed_on": "2026-03-10",
        },
    ]
    book = Book.of({"opportunities": now, "opportunity_snapshots": then}, as_of=AS_OF)
    columns = ("opportunity_id", "stage", "outcome", "closed_on")
    assert rows(book, "2026-02-27", *columns) == [("A", "Signed", "open", None)]
    assert rows(book, "2026-03-06", *columns) == [
        ("A", "Demo", "open", None),
        ("B", "Demo", "open", None),
        ("Z", "Demo", "open", None),
    ]
    assert rows(book, "2026-03-10", *columns)[0] == ("A", "Demo", "won", day("2026-03-10"))
    assert rows(book, "2026-04-01", *columns) == [("A", "Signed", "won", day("2026-03-10"))]
    assert "snapshot" in history_limit(book)
    assert deals_on(book, day("2026-03-06")).schema() == deals_on(book, day("2026-02-27")).schema()


def test_history_limit_is_silent_with_a_log(logged: Book) -> None:
    assert history_limit(logged) == ""


def test_as_known_takes_the_values_back_that_at_leaves(logged: Book) -> None:
    then = as_known(logged, day("2026-02-28"))
    frame = then.opportunities.order_by("opportunity_id").execute()
    assert frame.stage.tolist() == ["Demo", "Demo", "Demo"]
    assert frame.outcome.tolist() == ["open", "open", "open"]
    assert then.as_of == day("2026-02-28")
    assert int(then.opportunity_events.count().execute()) == 2
    assert logged.at(day("2026-02-28")).opportunities.order_by("opportunity_id").execute().stage[0] == "Signed"


def test_as_known_of_orders_alone_is_the_book_at_that_day() -> None:
    book = Book.of({"orders": [{"order_line_id": "1", "ordered_at": "2026-02-01", "amount": "5"}]}, as_of=AS_OF)
    assert int(as_known(book, day("2026-01-31")).orders.count().execute()) == 0


def test_a_book_without_deals_has_no_history() -> None:
    book = Book.of({"orders": [{"order_line_id": "1", "ordered_at": "2026-02-01"}]}, as_of=AS_OF)
    with pytest.raises(NeedsData, match="opportunities"):
        deals_on(book, AS_OF)


STAGES = ("Prospect", "Demo", "Offer")
START = dtm.date(2026, 1, 1)
DEALS = 20
"""Many deals in one company, as a query costs what it costs."""
Change = tuple[int, int, str, int]
CHANGES = st.lists(
    st.tuples(st.integers(0, DEALS - 1), st.integers(1, 120), st.sampled_from(STAGES), st.integers(1, 9)),
    min_size=20, max_size=80, unique_by=lambda e: (e[0], e[1]),
)  # fmt: skip


def state(stage: str, amount: int) -> dict[str, str]:
    """All that the log tells of a deal, made of two of its values."""
    return {
        "stage": stage,
        "amount": str(amount),
        "outcome": ("open", "won", "lost")[amount % 3],
        "expected_close_on": (START + dtm.timedelta(days=20 * amount)).isoformat(),
        "owner_id": f"r{amount % 4}",
        "forecast_category": ("pipeline", "commit")[amount % 2],
        "deleted": str(amount == 9).lower(),
    }


COLUMNS = ("opportunity_id", "closed_on", *(name for name in state("Demo", 1) if name != "deleted"))


def company(changes: list[Change], last: int) -> Book:
    """Some deals and the log of their changes up to a day."""
    deals: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    for deal in range(DEALS):
        now, closed = state("Prospect", 3), None
        for _, at, stage, amount in sorted(c for c in changes if c[0] == deal and c[1] <= last):
            moment = (START + dtm.timedelta(days=at)).isoformat() + " 12:00"
            new = state(stage, amount)
            events += [event(str(deal), moment, name, now[name], new[name]) for name in now if now[name] != new[name]]
            if now["outcome"] != new["outcome"]:
                closed = None if new["outcome"] == "open" else moment[:10]
            now = new
        kept = {name: value for name, value in now.items() if name != "deleted"}
        deals.append({"opportunity_id": str(deal), "created_at": START, "closed_on": closed, **kept})
    return Book.of({"opportunities": deals, "opportunity_events": events}, as_of=START + dtm.timedelta(days=last))


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CHANGES, st.integers(1, 119))
def test_no_later_fact_reaches_an_earlier_day(changes: list[Change], cut: int) -> None:
    """Replay: a company that stops at the cut, and the same one that goes on, tell the same of the cut."""
    day_of_cut = (START + dtm.timedelta(days=cut)).isoformat()
    assert rows(company(changes, 120), day_of_cut, *COLUMNS) == rows(company(changes, cut), day_of_cut, *COLUMNS)


def photographed(logged: Book, days: list[dtm.date], **more: Any) -> Book:
    """The same company with snapshots of some days instead of the log."""
    taken = [
        {**row, "snapshot_on": on}
        for on in days
        for row in deals_on(logged, on).select(*COLUMNS, "created_at").execute().to_dict("records")
    ]
    now = deals_on(logged, logged.as_of).select(*COLUMNS, "created_at").execute().to_dict("records")
    cleaned = [[{k: None if pd.isna(v) else v for k, v in row.items()} for row in each] for each in (now, taken)]
    return Book.of({"opportunities": cleaned[0], "opportunity_snapshots": cleaned[1]}, as_of=logged.as_of, **more)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CHANGES, st.lists(st.integers(1, 119), min_size=2, max_size=2, unique=True))
def test_a_snapshot_tells_of_its_day_what_the_log_tells(changes: list[Change], places: list[int]) -> None:
    logged = company(changes, 120)
    days = [START + dtm.timedelta(days=place) for place in places]
    assume(any(int(deals_on(logged, each).count().execute()) for each in days))
    seen = photographed(logged, days)
    for each in days:
        if int(deals_on(logged, each).count().execute()):
            assert rows(seen, each.isoformat(), *COLUMNS) == rows(logged, each.isoformat(), *COLUMNS)


def test_a_server_reads_snapshots_alike(postgres_url: str) -> None:
    changes = [(0, 20, "Demo", 5), (0, 70, "Offer", 4), (1, 40, "Offer", 7), (2, 50, "Demo", 8)]
    days = [START + dtm.timedelta(days=30), START + dtm.timedelta(days=60)]
    address = urlsplit(postgres_url)
    connection = ibis.postgres.connect(
        host=address.hostname, port=address.port, user=address.username,
        password=os.environ["SALESNB_TEST_PASSWORD"], database=address.path.lstrip("/"),
    )  # fmt: skip
    logged = company(changes, 120)
    served, embedded = photographed(logged, days, connection=connection), photographed(logged, days)
    for place in (10, 30, 45, 60, 90):
        on = (START + dtm.timedelta(days=place)).isoformat()
        assert rows(served, on, *COLUMNS) == rows(embedded, on, *COLUMNS)
    connection.disconnect()
