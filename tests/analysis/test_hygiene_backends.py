"""Coverage, pacing, aging and hygiene: the same numbers on DuckDB and PostgreSQL, and on a day as it was known then."""

from __future__ import annotations

import datetime as dtm
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from salesnb import Book, Period
from salesnb.analysis.aging import aging
from salesnb.analysis.coverage import coverage
from salesnb.analysis.hygiene import hygiene
from salesnb.analysis.pacing import pacing
from salesnb.data.history import as_known
from salesnb.data.memo import keeping

PERIOD, AS_OF = Period.parse("2026Q3"), dtm.date(2026, 8, 14)
ENDED = Period.parse("2026-04-01..2026-05-20")
STAGES = ("First", "Second", "Third")


def tables() -> dict[str, list[dict[str, Any]]]:
    """Eighty deals over two years that move from stage to stage; every third is lost, and some stay open."""
    deals, events, done = [], [], []
    for place in range(80):
        name, entered = f"D{place:02d}", dtm.date(2024, 9, 1) + dtm.timedelta(days=9 * place)
        days = [entered + dtm.timedelta(days=step * (5 + place % 11)) for step in range(1, 5)]
        outcome = "open" if days[3] > AS_OF else "lost" if place % 3 == 0 else "won"
        first, last = str(days[2]), str(days[3] + dtm.timedelta(days=place % 5))
        deals.append({
            "opportunity_id": name, "account_id": f"A{place % 7}", "owner_id": f"R{place % 3}" if place % 10 else None,
            "product": "P", "kind": "new", "amount": 100.25 * (1 + place % 9), "created_at": entered,
            "outcome": outcome,
            "stage": STAGES[2] if outcome == "open" else outcome.capitalize(), "expected_close_on": last,
            "closed_on": None if outcome == "open" else days[3], "next_step": "call" if place % 4 else None,
        })  # fmt: skip
        words = (*STAGES, *([] if outcome == "open" else [outcome.capitalize()]))
        events += [
            {"opportunity_id": name, "changed_at": day, "field": "stage", "old": old, "new": new}
            for day, old, new in zip(days, words, words[1:], strict=False)
        ]
        events.append(
            {"opportunity_id": name, "changed_at": days[1], "field": "expected_close_on", "old": first, "new": last}
        )
        done.append({"activity_id": name, "opportunity_id": name, "happened_at": days[1]})
    return {
        "opportunities": deals,
        "opportunity_events": events,
        "activities": done,
        "accounts": [{"account_id": f"A{place}", "segment": f"S{place % 2}"} for place in range(7)],
        "reps": [{"rep_id": f"R{place}", "name": f"Rep {place}", "team": f"T{place % 2}"} for place in range(3)],
        "quotas": [
            {"rep_id": f"R{place}", "starts_on": period.start, "ends_on": period.last_day, "metric": "bookings",
             "amount": 900}
            for place in range(3) for period in PERIOD.next.last(6)
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def books(server: Any) -> list[Book]:
    return [
        keeping(Book.of(tables(), as_of=AS_OF, stages=STAGES, connection=each))
        for each in (ibis.duckdb.connect(), server)
    ]


def pacing_of_few(book: Book, period: Period) -> Any:
    return pacing(book, period, trend_periods=3)


@pytest.mark.parametrize("analysis", [coverage, pacing_of_few, aging, hygiene])
def test_the_numbers_are_the_same(books: list[Book], analysis: Any) -> None:
    left, right = (analysis(book, PERIOD) for book in books)
    assert left.headlines() == right.headlines()
    numbers = [result.numbers() for result in (left, right)]
    assert len(numbers[0]) > 10
    words = ["id", "variant", "by", "segment", "unit", "status", "reason"]
    pd.testing.assert_frame_equal(numbers[0][words], numbers[1][words])
    values = [each[["value", "n", "low", "high"]].astype(float).to_numpy() for each in numbers]
    np.testing.assert_allclose(values[0], values[1], rtol=1e-9, atol=1e-9, equal_nan=True)
    assert [(each.key, each.n, each.total) for each in left.behind] == [
        (each.key, each.n, each.total) for each in right.behind
    ]


@pytest.fixture(scope="module")
def days(books: list[Book]) -> list[Book]:
    """The whole book, and the book as it was known on the last day of the period that is asked about."""
    then = as_known(replace(books[0]), ENDED.last_day)
    # A quota that begins later is not known then, which is right and not looked at here.
    tables = {**books[0].tables, "quotas": then.tables["quotas"]}
    return [keeping(replace(books[0], tables=MappingProxyType(tables))), keeping(then)]


@pytest.mark.parametrize("analysis", [coverage, pacing_of_few, aging, hygiene])
def test_nothing_that_is_known_later_changes_an_earlier_day(days: list[Book], analysis: Any) -> None:
    numbers = [analysis(book, ENDED).numbers() for book in days]
    assert numbers[0]["n"].sum() > 20
    columns = ["id", "variant", "period", "by", "segment", "value", "n", "low", "high", "reason"]
    pd.testing.assert_frame_equal(numbers[0][columns], numbers[1][columns])
