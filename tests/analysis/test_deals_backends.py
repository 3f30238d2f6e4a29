"""The chances of open deals are the same on DuckDB and on a PostgreSQL server."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesnb.analysis.deals import deals
from salesnb.data.book import Book
from salesnb.periods import Period
from tests.analysis.dealing import DAY, LAST, company


def test_the_same_chances_on_both_engines(server: Any) -> None:
    tables = company(300)
    tables["activities"] = [
        {"activity_id": str(n), "opportunity_id": deal["opportunity_id"], "happened_at": deal["created_at"] + 9 * DAY}
        for n, deal in enumerate(tables["opportunities"])
    ]
    period = Period.parse("2026Q1")
    served = deals(Book.of(tables, as_of=LAST, stages=("Talk", "Offer"), connection=server), period)
    embedded = deals(Book.of(tables, as_of=LAST, stages=("Talk", "Offer")), period)
    assert embedded.basis == "base rate"
    pd.testing.assert_frame_equal(served.open, embedded.open)
    pd.testing.assert_frame_equal(served.base, embedded.base)
    assert served.headlines() == embedded.headlines()
