"""Coverage, pacing, aging and hygiene: the same numbers on DuckDB in memory and on a running PostgreSQL server."""

from __future__ import annotations

import datetime as dtm
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import ibis
import numpy as np
import pandas as pd
import pytest

from salesnb import Book, Period
from salesnb.analysis.aging import aging
from salesnb.analysis.coverage import coverage
from salesnb.analysis.hygiene import hygiene
from salesnb.analysis.pacing import pacing
from salesnb.data.contract import CONTRACT
from salesnb.data.memo import keeping
from salesnb.data.sample import make

PERIOD, AS_OF = Period.parse("2026Q3"), dtm.date(2026, 8, 14)
READ = ("opportunities", "opportunity_events", "activities", "accounts", "reps", "quotas")


@pytest.fixture(scope="module")
def books(postgres_url: str) -> Iterator[list[Book]]:
    made = make(seed=7, scale=0.04)
    tables: dict[str, Any] = {
        name: made[name][[column for column in CONTRACT[name].names if column in made[name]]] for name in READ
    }
    tables["activities"] = tables["activities"].tail(500)
    address = urlsplit(postgres_url)
    server = ibis.postgres.connect(
        host=address.hostname, port=address.port, user=address.username,
        password=os.environ["SALESNB_TEST_PASSWORD"], database=address.path.lstrip("/"),
    )  # fmt: skip
    yield [keeping(Book.of(tables, as_of=AS_OF, connection=each)) for each in (ibis.duckdb.connect(), server)]
    server.disconnect()


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
