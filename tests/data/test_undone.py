"""One pass over the log says the same as putting it in order, also where changes share a moment."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from salesnb.data.book import Book
from salesnb.data.history import deals_on
from salesnb.data.undone import after, earliest, latest

NOW = {"stage": "now", "amount": "5", "owner_id": "r9", "outcome": "open"}


def logged(*events: tuple[str, str, str | None, str | None]) -> Book:
    rows = [
        {"opportunity_id": "A", "changed_at": at, "field": field, "old": old, "new": new}
        for at, field, old, new in events
    ]
    deal = {"opportunity_id": "A", "created_at": "2026-01-01", **NOW}
    return Book.of({"opportunities": [deal], "opportunity_events": rows}, as_of=dtm.date(2026, 12, 31))


def ends(book: Book, day: dtm.date) -> tuple[Any, Any]:
    events = book.opportunity_events
    later = events.filter(after(events, day))
    first = earliest(later, ["opportunity_id"], {"stage": later.field == "stage"}).execute()
    until = events.filter(~after(events, day))
    last = latest(until, ["opportunity_id"], ["stage"]).execute()
    return plain(first["stage"]), plain(last["stage"])


def plain(values: pd.Series[Any]) -> Any:
    return None if values.empty or values.isna().all() else values.iloc[0]


def test_of_changes_at_one_moment_the_least_old_is_the_earliest_nulls_first() -> None:
    day = dtm.date(2026, 1, 31)
    tied = [("2026-02-01 10:00", "stage", "b", "y"), ("2026-02-01 10:00", "stage", "a", "z")]
    assert ends(logged(*tied), day) == ("a", None)
    assert ends(logged(*tied, ("2026-02-01 10:00", "stage", None, "x")), day) == (None, None)
    assert ends(logged(*tied, ("2026-02-01 09:59:59.5", "stage", "c", "x")), day) == ("c", None)


def test_of_changes_at_one_moment_the_greatest_old_and_new_is_the_latest() -> None:
    day = dtm.date(2026, 2, 1)
    tied = [("2026-02-01 10:00", "stage", "a", "z"), ("2026-02-01 10:00", "stage", "b", "x")]
    assert ends(logged(*tied), day) == (None, "x")
    assert ends(logged(*tied, ("2026-02-01 10:00", "stage", "b", None)), day) == (None, "x")
    assert ends(logged(("2026-02-01 10:00", "stage", None, "q")), day) == (None, "q")


def test_the_last_moment_of_a_day_is_in_it() -> None:
    book = logged(("2026-02-01 23:59:59.999999", "stage", "a", "b"), ("2026-02-02 00:00", "stage", "c", "d"))
    assert ends(book, dtm.date(2026, 2, 1)) == ("c", "b")


def test_no_value_before_a_change_is_null_and_not_todays() -> None:
    book = logged(("2026-02-01", "stage", None, "now"), ("2026-02-01", "owner_id", None, "r9"))
    row = deals_on(book, dtm.date(2026, 1, 31)).execute().iloc[0]
    assert pd.isna(row["stage"])
    assert pd.isna(row["owner_id"])


FIELDS = ("stage", "amount", "owner_id")
VALUES = st.one_of(st.none(), st.sampled_from(["1", "2", "30"]))


@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 20), st.sampled_from(FIELDS), VALUES, VALUES), max_size=30), st.integers(0, 20)
)
def test_every_field_is_what_the_first_later_change_in_order_had(
    changes: list[tuple[int, str, str | None, str | None]], cut: int
) -> None:
    start = dtm.date(2026, 3, 1)
    moments = [str(start + dtm.timedelta(days=at)) for at, *_ in changes]
    book = logged(*[(m, *change) for m, (_, *change) in zip(moments, changes, strict=True)])
    row = deals_on(book, start + dtm.timedelta(days=cut)).execute().iloc[0]
    for field in FIELDS:
        later = [(at, old is not None, old or "") for at, name, old, _ in changes if name == field and at > cut]
        wanted = NOW[field] if not later else min(later)[2] or None
        found = None if pd.isna(row[field]) else row[field]
        assert (found if field != "amount" or found is None else f"{found:.0f}") == wanted
