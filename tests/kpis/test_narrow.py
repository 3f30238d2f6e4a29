"""A narrowed query gives the same rows, and reads only what it needs."""

from __future__ import annotations

import datetime as dtm

import ibis
import ibis.expr.operations as ops
import pytest
from ibis import _

from salesnb import Book
from salesnb.data import memo
from salesnb.data import queries as written
from salesnb.data.narrow import narrowed
from salesnb.kpis.answers import answer

ORDERS = [
    {"order_line_id": "1", "account_id": "a", "amount": 10, "ordered_at": "2026-01-10", "product": "Core"},
    {"order_line_id": "2", "account_id": "a", "amount": 20, "ordered_at": "2026-02-10", "product": "Plus"},
    {"order_line_id": "3", "account_id": "b", "amount": 40, "ordered_at": "2026-02-20"},
    {"order_line_id": "4", "account_id": "c", "amount": 80, "ordered_at": "2026-03-01", "product": "Core"},
]
ACCOUNTS = [{"account_id": "a", "segment": "SMB"}, {"account_id": "b", "segment": "Enterprise"}]


@pytest.fixture
def book():
    return Book.of({"orders": ORDERS, "accounts": ACCOUNTS}, as_of=dtm.date(2026, 3, 31))


def sold(book, since="2026-01-01"):
    orders = book.orders.mutate(_on=book.orders.ordered_at.date(), double=_.amount * 2)
    return orders.filter(orders["_on"] >= ibis.date(since))


def queries(book):
    orders = sold(book)
    joined = orders.left_join(book.accounts, "account_id")
    place = ibis.row_number().over(group_by="account_id", order_by=ibis.desc("amount"))
    both = orders.select("product", "amount").union(orders.select("product", "amount"))
    return {
        "aggregate": orders.aggregate(n=_.count(), amount=_.amount.sum()),
        "count of filtered": orders.mutate(x=_.amount).filter(_.x > 15).mutate(one=1).aggregate(n=_.one.sum()),
        "count alone": orders.mutate(x=_.amount + 1).aggregate(n=_.count()),
        "group": orders.group_by("product").aggregate(amount=_.amount.sum()),
        "join": joined.group_by("segment").aggregate(double=_.double.sum()),
        "join of itself": orders.join(orders.view(), "account_id").group_by("product").aggregate(n=_.count()),
        "semi join": orders.semi_join(book.accounts, "account_id").aggregate(amount=_.amount.sum()),
        "anti join": orders.anti_join(book.accounts, "account_id").select("order_line_id"),
        "window": orders.mutate(place=place).filter(_.place == 0).select("order_line_id", "amount"),
        "union": both.group_by("product").aggregate(amount=_.amount.sum()),
        "distinct": orders.select("account_id", "product").distinct().aggregate(n=_.count()),
        "order": orders.order_by("amount").select("order_line_id"),
        "drop": orders.drop("product").aggregate(amount=_.amount.max()),
        "subquery": orders.filter(_.account_id.isin(book.accounts.account_id)).aggregate(amount=_.amount.sum()),
        "scalar": orders.aggregate(share=_.amount.sum() / book.orders.amount.sum().as_scalar()),
    }


KINDS = tuple(queries(Book.of({"orders": ORDERS, "accounts": ACCOUNTS}, as_of=dtm.date(2026, 3, 31))))


def sorted_rows(frame):
    return sorted((tuple(map(str, row)) for row in frame.astype(object).itertuples(index=False)), key=str)


@pytest.mark.parametrize("kind", KINDS)
def test_the_rows_are_the_same(book, kind):
    query = queries(book)[kind]
    assert narrowed(query).schema() == query.schema()
    assert sorted_rows(narrowed(query).execute()) == sorted_rows(query.execute())


def test_no_step_carries_what_nothing_reads(book):
    query = sold(book).group_by("product").aggregate(amount=_.amount.sum())
    carried = [set(step.schema.names) for step in narrowed(query).op().find(ops.Project)]
    assert carried == [{"product", "amount", "_on"}]


@pytest.mark.parametrize("since", ["2026-01-01", "2026-02-15", "2026-03-01"])
def test_one_text_serves_all_dates(book, since, monkeypatch):
    monkeypatch.setattr(written, "_texts", {})
    kept = memo.keeping(book)
    for day in ("2026-01-15", since, "2026-01-15"):
        found = answer(kept, sold(kept, day).aggregate(amount=_.amount.sum()))
        assert float(found["amount"].iloc[0]) == sum(r["amount"] for r in ORDERS if r["ordered_at"] >= day)
    assert len(written._texts) == 1


def test_one_text_serves_the_same_tables_of_other_books(book, monkeypatch):
    monkeypatch.setattr(written, "_texts", {})
    other = Book.of({"orders": ORDERS[:1], "accounts": ACCOUNTS}, as_of=dtm.date(2026, 3, 31))
    counts = [answer(memo.keeping(each), sold(each).aggregate(n=_.count()))["n"].iloc[0] for each in (book, other)]
    assert counts == [4, 1]
    assert len(written._texts) == 1


def test_dates_that_are_equal_are_told_from_dates_that_are_not(book):
    kept = memo.keeping(book)

    def between(start, end):
        rows = sold(kept, start)
        return float(answer(kept, rows.filter(rows["_on"] < ibis.date(end)).aggregate(n=_.count()))["n"].iloc[0])

    assert [between("2026-02-10", "2026-02-10"), between("2026-02-10", "2026-03-01")] == [0, 2]


def test_an_answer_is_the_same_kept_or_not(book):
    kept = memo.keeping(book)
    frames = [answer(each, sold(each).group_by("product").aggregate(n=_.count())) for each in (book, kept)]
    assert [list(frame.columns) for frame in frames] == [["product", "n"]] * 2
    counts = [{str(p): int(n) for p, n in zip(f["product"], f["n"], strict=True)} for f in frames]
    assert counts == [{"Core": 2, "Plus": 1, "None": 1}] * 2
