"""A book of literal rows: what it gives, as of when, and what it says where something is not there."""

from __future__ import annotations

import datetime as dtm

import pandas as pd
import pytest

import salesnb
from salesnb import Book, Period, compute
from salesnb.errors import NeedsData

AS_OF = dtm.date(2026, 9, 30)
DEALS = [
    {"opportunity_id": "1", "outcome": "won", "amount": "12.50", "created_at": "2026-01-05", "closed_on": "2026-03-01"},
    {"opportunity_id": "2", "outcome": "open", "created_at": "2026-06-01"},
]


def test_gives_tables_and_columns_that_hold_values():
    book = Book.of({"opportunities": DEALS}, as_of=AS_OF)
    assert book.has("opportunities")
    assert not book.has("opportunities", "orders")
    assert [book.gives(n) for n in ("opportunities", "opportunities.amount", "opportunities.stage", "orders")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_what_is_not_there_is_named():
    book = Book.of({"opportunities": DEALS}, as_of=AS_OF, name="mine")
    with pytest.raises(NeedsData) as caught:
        book.require("orders", "opportunities.stage", "opportunities.amount")
    assert (caught.value.what, caught.value.where) == ("needs orders, opportunities.stage", "mine")
    with pytest.raises(KeyError, match="did you mean 'orders'"):
        book.table("order")
    with pytest.raises(AttributeError):
        book.nothing  # noqa: B018


def test_a_column_or_table_the_contract_does_not_have_is_refused():
    with pytest.raises(KeyError, match="did you mean 'amount'"):
        Book.of({"opportunities": [{"opportunity_id": "1", "amont": 1}]}, as_of=AS_OF)
    with pytest.raises(KeyError):
        Book.of({"deals": []}, as_of=AS_OF)


def test_at_an_earlier_day_nothing_later_is_known():
    book = Book.of(
        {
            "opportunities": DEALS,
            "subscriptions": [{"subscription_id": "s", "started_on": "2026-01-01", "ended_on": "2026-05-01"}],
            "reps": [{"rep_id": "r", "left_on": "2026-05-01"}],
        },
        as_of=AS_OF,
    ).at(dtm.date(2026, 2, 1))
    (deal,) = book.opportunities.execute().to_dict("records")
    assert (deal["opportunity_id"], deal["outcome"]) == ("1", "open")
    assert pd.isna(deal["closed_on"])
    assert book.subscriptions.ended_on.isnull().execute().tolist() == [True]
    assert book.reps.left_on.isnull().execute().tolist() == [True]


def test_a_table_of_which_every_row_was_rejected_counts_as_not_given(tmp_path):
    """600 order lines in a format that the mapping denies are not 0 of revenue."""
    (tmp_path / "orders.csv").write_text("order_line_id,ordered_at,amount\n1,01/31/2026,10\n2,02/28/2026,20\n")
    (tmp_path / "m.yml").write_text(
        'location: .\ndate_format: "%d.%m.%Y"\nas_of: 2026-03-31\ntables:\n  orders:\n    from: orders.csv\n'
        "    columns: {order_line_id: order_line_id, ordered_at: ordered_at, amount: amount}\n"
    )
    book = salesnb.open(tmp_path / "m.yml")
    assert book.unusable == {"orders": 2}
    row = compute(book, "revenue", Period.parse("2026Q1")).iloc[0]
    assert row["status"] == "needs"
    assert row["reason"].startswith("needs orders")
    assert "all 2 rows of orders were rejected" in row["reason"]
