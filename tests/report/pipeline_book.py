"""A small pipeline with a log, quotas, sellers and activities, which the tests of its charts and tables share."""

from __future__ import annotations

import datetime as dtm
from functools import cache
from typing import Any

from salesnb.data.book import Book
from salesnb.data.memo import keeping
from salesnb.periods import Period

Q3, DAY = Period.parse("2026Q3"), dtm.date(2026, 8, 14)


def deal(name: str, amount: float | None, **more: Any) -> dict[str, Any]:
    return {
        "opportunity_id": name, "account_id": name, "product": "P", "owner_id": "a", "stage": "First", "amount": amount,
        "expected_close_on": "2026-09-01", "created_at": "2026-08-01", "outcome": "open", "next_step": "call", **more,
    }  # fmt: skip


def closed(name: str, amount: float, outcome: str, on: str, created: str) -> list[dict[str, Any]]:
    row = deal(name, amount, outcome=outcome, closed_on=on, expected_close_on=on, created_at=created, stage=outcome)
    return [row]


def event(name: str, at: str, field: str, old: str | None, new: str) -> dict[str, Any]:
    return {"opportunity_id": name, "changed_at": at, "field": field, "old": old, "new": new}


WON = [
    row
    for place, (on, created) in enumerate(
        [("2025-10-03", "2025-09-25"), ("2025-11-20", "2025-11-15"), ("2026-01-12", "2026-01-08"),
         ("2026-03-20", "2026-03-19"), ("2026-04-20", "2026-04-10"), ("2026-06-20", "2026-06-16"),
         ("2026-07-10", "2026-07-01"), ("2026-07-20", "2026-07-13"), ("2026-08-05", "2026-08-02"),
         ("2026-08-10", "2026-08-04")]
    )
    for row in closed(f"w{place}", 100, "won", on, created)
]  # fmt: skip
LOST = closed("l", 500, "lost", "2026-06-01", "2026-05-01")
OPEN = [
    deal("quick", 1000, created_at="2026-08-13"),
    deal("<b>stuck</b>", 2000, created_at="2026-05-01"),
    deal("late", 400, expected_close_on="2026-08-01"),
    deal("nobody", 50, owner_id=None, expected_close_on=None),
    deal("next", 700, owner_id="b", expected_close_on="2026-11-01", next_step=None),
]
EVENTS = [
    *(event(row["opportunity_id"], row["closed_on"], "stage", "First", "Won") for row in WON),
    event("late", "2026-07-20", "expected_close_on", "2026-07-25", "2026-08-01"),
]
TABLES: dict[str, Any] = {
    "opportunities": [*WON, *LOST, *OPEN],
    "opportunity_events": EVENTS,
    "activities": [{"activity_id": "1", "opportunity_id": "quick", "happened_at": "2026-08-13"}],
    "reps": [
        {"rep_id": "a", "name": "Ann", "team": "North"},
        {"rep_id": "b", "name": "Bo & Co", "team": "South"},
    ],
    "quotas": [
        {"rep_id": rep, "starts_on": "2026-07-01", "ends_on": "2026-09-30", "metric": "bookings", "amount": amount}
        for rep, amount in (("a", 1400), ("b", 600))
    ],
}
BARE: dict[str, Any] = {"opportunities": [{"opportunity_id": "1", "outcome": "open"}]}
NOTHING: dict[str, Any] = {"accounts": [{"account_id": "1"}]}


@cache
def full() -> Book:
    """The whole of it, with what the analyses have in common kept."""
    return keeping(Book.of(TABLES, as_of=DAY, stages=("First", "Second")))


@cache
def bare() -> Book:
    """One open deal, of which nothing is known."""
    return keeping(Book.of(BARE, as_of=DAY))


@cache
def empty() -> Book:
    """No deals at all."""
    return keeping(Book.of(NOTHING, as_of=DAY))
