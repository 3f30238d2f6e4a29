"""The chances of open deals are the same on DuckDB and on a PostgreSQL server."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import ibis
import pandas as pd

from salesnb.analysis.deals import deals
from salesnb.data.book import Book
from salesnb.periods import Period
from tests.analysis.dealing import DAY, LAST, company


def test_the_same_chances_on_both_engines(postgres_url: str) -> None:
    tables = company(300)
    tables["activities"] = [
        {"activity_id": str(n), "opportunity_id": deal["opportunity_id"], "happened_at": deal["created_at"] + 9 * DAY}
        for n, deal in enumerate(tables["opportunities"])
    ]
    address = urlsplit(postgres_url)
    connection = ibis.postgres.connect(
        host=address.hostname, port=address.port, user=address.username,
        password=os.environ["SALESNB_TEST_PASSWORD"], database=address.path.lstrip("/"),
    )  # fmt: skip
    period = Period.parse("2026Q1")
    served = deals(Book.of(tables, as_of=LAST, stages=("Talk", "Offer"), connection=connection), period)
    embedded = deals(Book.of(tables, as_of=LAST, stages=("Talk", "Offer")), period)
    connection.disconnect()
    assert embedded.basis == "base rate"
    pd.testing.assert_frame_equal(served.open, embedded.open)
    pd.testing.assert_frame_equal(served.base, embedded.base)
    assert served.headlines() == embedded.headlines()
