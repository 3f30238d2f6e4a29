"""What became of the rows of a source between two times it was read."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import pandas as pd

from salesnb.data.book import Book
from salesnb.data.differences import differences

SEPTEMBER = dtm.date(2026, 9, 30)


def book(**tables: Any) -> Book:
    return Book.of(tables, as_of=SEPTEMBER)


def deal(name: str, created: str | None, amount: float = 100, outcome: str = "open", **more: Any) -> dict[str, Any]:
    return {"opportunity_id": name, "created_at": created, "amount": amount, "outcome": outcome, **more}


def listed(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(frame.itertuples(index=False, name=None))


def test_rows_are_late_new_changed_or_removed() -> None:
    old = book(
        opportunities=[
            deal("same", "2026-07-01"),
            deal("moved", "2026-07-02"),
            deal("won", "2026-07-03", outcome="won", closed_on="2026-09-01"),
            deal("gone", "2026-07-04"),
        ]
    )
    new = book(
        opportunities=[
            deal("same", "2026-07-01"),
            deal("moved", "2026-07-02", amount=120.5),
            deal("won", "2026-07-03", amount=90, outcome="lost", closed_on="2026-09-01"),
            deal("late", "2026-09-30T23:59:00"),
            deal("fresh", "2026-10-01"),
            deal("undated", None),
        ]
    )
    found = differences(old, new, known=SEPTEMBER)
    assert listed(found.tables) == [("opportunities", 4, 6, 3, 1, 1, 2, "amount in 2, outcome in 1")]
    assert listed(found.rows) == [
        ("opportunities", "late", "late", dtm.date(2026, 9, 30), ""),
        ("opportunities", "changed", "won", dtm.date(2026, 7, 3), "amount: 100 to 90; outcome: won to lost"),
        ("opportunities", "changed", "moved", dtm.date(2026, 7, 2), "amount: 100 to 120.5"),
        ("opportunities", "removed", "gone", dtm.date(2026, 7, 4), ""),
        ("opportunities", "new", "fresh", dtm.date(2026, 10, 1), ""),
        ("opportunities", "new", "undated", None, ""),
    ]


def test_a_table_without_a_key_is_compared_row_by_row_and_counts_repeats() -> None:
    def cost(month: str, amount: float) -> dict[str, Any]:
        return {"month": month, "channel": "ads", "amount": amount}

    old = book(costs=[cost("2026-08-01", 5), cost("2026-08-01", 5), cost("2026-09-01", 7)])
    new = book(costs=[cost("2026-08-01", 5), cost("2026-09-01", 8), cost("2026-10-01", 7)])
    found = differences(old, new, known=SEPTEMBER)
    assert listed(found.tables) == [("costs", 3, 3, 2, 1, 2, 0, "")]
    assert listed(found.rows[["what", "key"]]) == [
        ("late", "2026-09-01, ads, 8"),
        ("removed", "2026-09-01, ads, 7"),
        ("removed", "2026-08-01, ads, 5"),
        ("new", "2026-10-01, ads, 7"),
    ]


def test_a_table_that_one_book_has_is_added_or_removed_whole() -> None:
    reps = [{"rep_id": "ada", "name": "Ada"}]
    deals = [deal("a", "2026-07-01")]
    found = differences(book(opportunities=deals), book(opportunities=deals, reps=reps), known=SEPTEMBER)
    assert listed(found.tables) == [("reps", 0, 1, 1, 0, 0, 0, "")]
    found = differences(book(opportunities=deals, reps=reps), book(opportunities=deals), known=SEPTEMBER)
    assert listed(found.tables) == [("reps", 1, 0, 0, 0, 1, 0, "")]


def test_equal_books_do_not_differ() -> None:
    one = book(opportunities=[deal("a", "2026-07-01", product=None)])
    found = differences(one, book(opportunities=[deal("a", "2026-07-01")]), known=SEPTEMBER)
    assert (len(found.tables), len(found.rows)) == (0, 0)
    assert list(found.rows.columns) == ["table", "what", "key", "dated", "detail"]


def test_only_some_rows_are_named() -> None:
    deals = [deal(f"d{number}", f"2026-07-{number:02}") for number in range(1, 10)]
    found = differences(book(opportunities=[]), book(opportunities=deals), known=SEPTEMBER, examples=2)
    assert found.tables["late"].tolist() == [9]
    assert found.rows["key"].tolist() == ["d9", "d8"]
