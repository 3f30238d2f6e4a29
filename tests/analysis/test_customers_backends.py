"""What is said of customers is the same on a PostgreSQL server and on DuckDB."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from salesnb.analysis.acquisition import acquisition
from salesnb.analysis.candidates import candidates
from salesnb.analysis.segments import segments
from salesnb.data.book import Book
from salesnb.data.memo import keeping
from salesnb.periods import Period
from tests.analysis.test_acquisition import company
from tests.analysis.test_candidates import growing, shop

Q2 = Period.parse("2026Q2")
END = dtm.date(2026, 6, 30)


def tables() -> dict[str, Any]:
    """Return one company with sales of products, subscriptions, channels and deals."""
    made = growing() | {name: rows for name, rows in company().items() if name != "orders"}
    orders = list(company()["orders"])
    for i, (who, day, product, amount) in enumerate(shop()):
        orders.append({"order_line_id": f"s{i}", "account_id": who, "ordered_at": day, "product": product,
                       "amount": amount, "is_return": i % 17 == 0})  # fmt: skip
    deals = [
        {"opportunity_id": f"d{i}", "account_id": f"c{i:03}", "amount": 10, "outcome": "won" if i % 3 else "lost",
         "created_at": "2025-01-01", "closed_on": "2025-12-01"}
        for i in range(90)
    ]  # fmt: skip
    return made | {"orders": orders, "opportunities": deals}


@pytest.fixture(scope="module")
def books(server: Any) -> list[Book]:
    return [keeping(Book.of(tables(), as_of=END, connection=each)) for each in (ibis.duckdb.connect(), server)]


@pytest.mark.parametrize("analysis", [segments, candidates, acquisition])
def test_the_numbers_are_the_same(books: list[Book], analysis: Any) -> None:
    left, right = (analysis(book, Q2) for book in books)
    assert left.headlines() == right.headlines()
    pd.testing.assert_frame_equal(left.numbers(), right.numbers(), check_dtype=False)
    assert [each.key for each in left.behind] == [each.key for each in right.behind]
    assert left.behind
    for one, other in zip(left.behind, right.behind, strict=True):
        assert (one.n, one.title) == (other.n, other.title)
        assert np.isclose(one.total, other.total)
        assert sorted(one.rows["account_id" if one.thing == "account" else "opportunity_id"]) == sorted(
            other.rows["account_id" if other.thing == "account" else "opportunity_id"]
        )
