"""What a book keeps for the KPIs of one analysis."""

from __future__ import annotations

import datetime as dtm
import gc
from dataclasses import replace

import pytest

from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.data.history import as_known, deals_on

DEALS = [
    {"opportunity_id": "1", "stage": "Proposal", "amount": 10, "outcome": "won", "closed_on": "2026-03-10",
     "created_at": "2026-01-05"},
    {"opportunity_id": "2", "stage": "Demo", "amount": 20, "outcome": "open", "created_at": "2026-02-20"},
]  # fmt: skip
EVENTS = [
    {"opportunity_id": "1", "changed_at": "2026-02-01", "field": "stage", "old": "Demo", "new": "Proposal"},
    {"opportunity_id": "1", "changed_at": "2026-03-10", "field": "outcome", "old": "open", "new": "won"},
]


@pytest.fixture
def book():
    return Book.of({"opportunities": DEALS, "opportunity_events": EVENTS}, as_of=dtm.date(2026, 3, 31))


def stored(book):
    names = book.connection.raw_sql("SELECT table_name FROM information_schema.tables").fetchall()
    return {name for (name,) in names if name not in book.tables}


def seen(table):
    frame = table.execute().sort_values("opportunity_id")
    return list(zip(frame["opportunity_id"], frame["stage"], frame["outcome"], strict=True))


def test_a_book_on_its_own_keeps_nothing(book):
    asked = []
    for _ in range(2):
        memo.value(book, "a", make=lambda: asked.append(1))
        memo.table(book, "won", make=lambda: book.opportunities.filter(book.opportunities.outcome == "won"))
    assert asked == [1, 1]
    assert stored(book) == set()


def test_a_keeping_book_makes_each_thing_once_and_stores_tables(book):
    kept = memo.keeping(book)
    asked = []

    def won():
        asked.append("won")
        return kept.opportunities.filter(kept.opportunities.outcome == "won")

    tables = [memo.table(kept, "won", make=won) for _ in range(2)]
    assert asked == ["won"]
    assert tables[0] is tables[1]
    assert seen(tables[0]) == [("1", "Proposal", "won")]
    assert len(stored(book)) == 1


def test_tables_that_are_only_asked_for_are_not_stored(book):
    kept = memo.keeping(book, stores=False)
    table = memo.table(kept, "all", make=lambda: kept.opportunities)
    assert memo.table(kept, "all", make=lambda: None) is table
    assert stored(book) == set()


def test_deals_of_every_day_are_the_same_kept_or_not(book):
    kept = memo.keeping(book)
    days = [dtm.date(2026, 1, 31), dtm.date(2026, 2, 28), dtm.date(2026, 3, 31), dtm.date(2026, 1, 31)]
    assert [seen(deals_on(kept, day)) for day in days] == [seen(deals_on(book, day)) for day in days]
    assert seen(deals_on(kept, days[0])) == [("1", "Demo", "open")]
    assert deals_on(kept, days[0]).schema() == deals_on(book, days[0]).schema()


def test_days_that_are_expected_are_made_together(book):
    kept = memo.keeping(book)
    days = [dtm.date(2026, 1, 31), dtm.date(2026, 2, 28)]
    memo.expect(kept, days)
    assert seen(deals_on(kept, days[0])) == [("1", "Demo", "open")]
    assert kept.memo.things["days", "deals_on"].known == set(days)
    assert seen(deals_on(kept, days[1])) == [("1", "Proposal", "open"), ("2", "Demo", "open")]


def test_garbage_is_collected_again_after_an_analysis_even_one_that_fails():
    told = []

    @memo.unswept()
    def fails():
        told.append(gc.isenabled())
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fails()
    assert [*told, gc.isenabled()] == [False, True]


def test_a_book_made_of_a_keeping_one_starts_anew(book):
    kept = memo.keeping(book)
    earlier = dtm.date(2026, 2, 28)
    assert seen(deals_on(kept, kept.as_of)) == [("1", "Proposal", "won"), ("2", "Demo", "open")]
    assert [other.memo for other in (kept.at(earlier), replace(kept, name="other"), as_known(kept, earlier))] == [
        None
    ] * 3
    assert seen(as_known(kept, earlier).opportunities) == [("1", "Proposal", "open"), ("2", "Demo", "open")]


def test_a_stored_table_lives_as_long_as_what_reads_it(book):
    kept = memo.keeping(book)
    open_deals = deals_on(kept, dtm.date(2026, 2, 28)).filter(lambda t: t.outcome == "open")
    del kept
    gc.collect()
    assert seen(open_deals) == [("1", "Proposal", "open"), ("2", "Demo", "open")]
    del open_deals
    gc.collect()
    held = stored(book)
    one = memo.table(memo.keeping(book), "one more", make=lambda: book.opportunities.select("opportunity_id"))
    assert len(stored(book) - held) == 1, "with the next one made, those that nothing reads are dropped"
    assert stored(book) & held == set()
    assert one.count().execute() == len(book.opportunities.execute())


def test_a_table_that_goes_while_rows_are_fetched_takes_none_with_it(book):
    """Python may find the last reader of a table gone between a query and its fetching."""
    kept = memo.keeping(book)
    read = memo.table(kept, "read", make=lambda: book.opportunities.select("opportunity_id"))
    backend = book.opportunities.get_backend()
    found = backend.raw_sql("SELECT * FROM range(5)")
    del read, kept
    gc.collect()
    assert len(found.fetchall()) == 5


def test_no_more_is_kept_than_a_number_of_things(book, monkeypatch):
    monkeypatch.setattr(memo, "MOST", 2)
    kept = memo.keeping(book)
    asked = []
    for key in ("a", "b", "a", "c", "a", "b"):
        memo.value(kept, key, make=lambda key=key: asked.append(key))
    assert asked == ["a", "b", "c", "b"]
