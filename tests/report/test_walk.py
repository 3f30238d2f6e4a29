"""What the picture and the tables of a walk say, and what they open."""

from __future__ import annotations

import datetime as dtm

from salesnb.analysis.walk import walk
from salesnb.data.book import Book
from salesnb.report import walk as pages

DEALS = [
    {"opportunity_id": "a", "amount": 100, "outcome": "open", "created_at": "2026-01-05"},
    {"opportunity_id": "b", "amount": 30, "outcome": "won", "created_at": "2026-01-05", "closed_on": "2026-05-01"},
    {"opportunity_id": "c", "amount": 50, "outcome": "open", "created_at": "2026-05-05"},
    {"opportunity_id": "d", "amount": 5, "outcome": "won", "created_at": "2026-05-05", "closed_on": "2026-06-01"},
]
BOOK = Book.of({"opportunities": DEALS}, as_of=dtm.date(2026, 6, 30))


def test_the_title_is_the_finding_and_every_number_opens() -> None:
    found = walk(BOOK, dtm.date(2026, 3, 31), dtm.date(2026, 6, 30))
    chart = pages.waterfall(found)
    assert chart.title.startswith(
        "The open pipeline went from 130 to 150 USD between 2026-03-31 and 2026-06-30: 50 created"
    )
    assert "created +50; won \N{MINUS SIGN}30; open on 2026-06-30 150" in chart.alt
    walked, trips = pages.walk_tables(found)
    for name in ("start", "created", "won", "end"):
        assert f'data-rows="walk-{name}"' in walked.html
    assert "cannot tell" in walked.text
    assert 'data-rows="walk-created-won"' in trips.html


def test_a_walk_of_nothing_says_why() -> None:
    found = walk(BOOK, dtm.date(2026, 6, 30), dtm.date(2026, 6, 30))
    assert "is not before" in pages.waterfall(found).title
    assert len(pages.walk_tables(found)) == 1
