"""Small books whose scorecards can be checked by hand."""

from __future__ import annotations

import datetime as dtm
import os
from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import ibis
import pytest

from salesnb.analysis.scorecard import Scorecard, scorecard
from salesnb.data.book import Book
from salesnb.kpis import registry
from salesnb.periods import Period

FEW = (
    "revenue.booked", "revenue.net", "revenue_growth.previous", "quota_attainment.booked", "win_rate.closed",
    "average_deal_size.mean", "average_order_value.mean", "sales_cycle_days.median", "pipeline_value.open",
    "gross_margin.ratio", "product_revenue.all",
)  # fmt: skip
"""The KPIs that the tests of sentences need; all of them are computed once, in test_scorecard."""


def deals(closed_on: str, region: str, outcomes: str, amount: float = 100, start: int = 0) -> list[dict[str, Any]]:
    """One deal a letter of `outcomes` (w won, l lost, o open), created 30 days before it closed."""
    day = dtm.date.fromisoformat(closed_on)
    created = day - dtm.timedelta(days=30)
    ids = count(start)
    words = {"w": "won", "l": "lost", "o": "open"}
    return [
        {
            "opportunity_id": f"{closed_on}-{region}-{next(ids)}", "owner_id": region.lower(), "amount": amount,
            "created_at": created, "outcome": words[letter], "closed_on": None if letter == "o" else day,
            "product": "Core",
        }
        for letter in outcomes
    ]  # fmt: skip


REPS = [
    {"rep_id": "emea", "name": "Ann", "team": "T1", "region": "EMEA"},
    {"rep_id": "amer", "name": "Bo", "team": "T2", "region": "AMER"},
]
QUOTAS = [
    {"rep_id": "emea", "starts_on": "2026-07-01", "ends_on": "2026-09-30", "metric": "bookings", "amount": 200},
    {"rep_id": "amer", "starts_on": "2026-07-01", "ends_on": "2026-09-30", "metric": "bookings", "amount": 250},
]
DEALS = [
    *deals("2026-02-10", "EMEA", "wl"), *deals("2026-02-10", "AMER", "wl"),
    *deals("2026-05-10", "EMEA", "wwll"), *deals("2026-05-10", "AMER", "wwll"),
    *deals("2026-08-10", "EMEA", "wlll"), *deals("2026-08-10", "AMER", "wwlloo"),
]  # fmt: skip
"""Won: 2 in the first quarter, 4 in the second, and in the third 1 in EMEA and 2 in AMER; two stay open."""


def book(as_of: str = "2026-09-30", **tables: list[dict[str, Any]]) -> Book:
    """A book of those tables, with the two reps."""
    return Book.of({"reps": REPS, **tables}, as_of=dtm.date.fromisoformat(as_of))


def card(period: str, source: Book, **options: Any) -> Scorecard:
    """The scorecard of a book by region only, over a catalogue of those few KPIs, so that it takes a second."""
    known = tuple(registry.find(name) for name in FEW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "all_kpis", lambda: known)
        return scorecard(source, Period.parse(period), **{"by": ("region",), "trend_periods": 3, **options})


@pytest.fixture(scope="module")
def server(postgres_url: str) -> Iterator[Any]:
    """A connection to a PostgreSQL server, which holds the tables of one book."""
    address = urlsplit(postgres_url)
    connection = ibis.postgres.connect(
        host=address.hostname, port=address.port, user=address.username,
        password=os.environ["SALESNB_TEST_PASSWORD"], database=address.path.lstrip("/"),
    )  # fmt: skip
    yield connection
    connection.disconnect()
