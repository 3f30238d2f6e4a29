"""The walk ties out to the cent, and every deal is in the class that its two states say."""

from __future__ import annotations

import datetime as dtm
import json
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesnb.analysis.walk import Walk, walk, walk_of
from salesnb.data.book import Book
from salesnb.data.history import deals_on
from salesnb.data.load import open_book
from salesnb.errors import ParameterError
from salesnb.periods import Period

START, END = dtm.date(2026, 3, 31), dtm.date(2026, 6, 30)
Q2 = Period.parse("2026Q2")
AS_OF = dtm.date(2026, 12, 31)
CLOSED = ("won", "lost", "disqualified")


def deal(name: str, amount: Any, outcome: str = "open", created: str = "2026-01-05", **more: Any) -> dict[str, Any]:
    expected = {"expected_close_on": "2026-05-15", "owner_id": "r1"}
    return {"opportunity_id": name, "amount": amount, "outcome": outcome, "created_at": created, **expected, **more}


def event(name: str, at: str, field: str, old: Any, new: Any) -> dict[str, Any]:
    return {"opportunity_id": name, "changed_at": at, "field": field, "old": old, "new": new}


DEALS = [
    deal("created", 10, created="2026-04-02"),
    deal("pulled", 20),
    deal("pushed", 40, expected_close_on="2026-08-15"),
    deal("raised", 80),
    deal("lowered", 160),
    deal("reopened", 320),
    deal("mine", 640),
    deal("theirs", 1280, owner_id="r2"),
    deal("won", 2560, "won", closed_on="2026-05-01"),
    deal("lost", 5120, "lost", closed_on="2026-05-01"),
    deal("given up", 5, "disqualified", closed_on="2026-05-01"),
    deal("deleted", 10240),
    deal("same", 20480),
    deal("no amount", None),
    deal("in and out", 3, "won", created="2026-04-10", closed_on="2026-05-05"),
    deal("in and lost", 4, "lost", created="2026-04-10", closed_on="2026-05-05"),
    deal("in and gone", 6, created="2026-04-10"),
    deal("again", 7, "lost", closed_on="2026-05-20"),
    deal("back", 8),
    deal("away", 9),
    deal("there and back", 11),
    deal("repriced", 12),
    deal("passing", 13, expected_close_on="2026-09-01"),
    deal("lent", 14),
    deal("borrowed", 15, owner_id="r2"),
]
EVENTS = [
    event("pulled", "2026-04-05", "expected_close_on", "2026-08-01", "2026-05-15"),
    event("pushed", "2026-04-05", "expected_close_on", "2026-05-01", "2026-08-15"),
    event("pushed", "2026-04-06", "amount", "39.5", "40"),
    event("raised", "2026-04-05", "amount", "79.99", "80"),
    event("lowered", "2026-04-05", "amount", "200", "160"),
    event("reopened", "2026-04-05", "outcome", "lost", "open"),
    event("mine", "2026-04-05", "owner_id", "r2", "r1"),
    event("theirs", "2026-04-05", "owner_id", "r1", "r2"),
    event("won", "2026-05-01", "outcome", "open", "won"),
    event("won", "2026-05-01", "amount", "2500", "2560"),
    event("lost", "2026-05-01", "outcome", "open", "lost"),
    event("given up", "2026-05-01", "outcome", "open", "disqualified"),
    event("deleted", "2026-05-01", "deleted", "false", "true"),
    event("in and out", "2026-05-05", "outcome", "open", "won"),
    event("in and lost", "2026-05-05", "outcome", "open", "lost"),
    event("in and gone", "2026-05-05", "deleted", "false", "true"),
    event("again", "2026-02-01", "outcome", "open", "lost"),
    event("again", "2026-04-20", "outcome", "lost", "open"),
    event("again", "2026-05-20", "outcome", "open", "lost"),
    event("back", "2026-04-20", "outcome", "open", "lost"),
    event("back", "2026-04-22", "outcome", "lost", "open"),
    event("away", "2026-04-20", "deleted", "false", "true"),
    event("away", "2026-04-22", "deleted", "true", "false"),
    event("there and back", "2026-04-20", "expected_close_on", "2026-05-15", "2026-07-15"),
    event("there and back", "2026-04-22", "expected_close_on", "2026-07-15", "2026-05-15"),
    event("repriced", "2026-04-20", "amount", "12", "99"),
    event("repriced", "2026-04-22", "amount", "99", "12"),
    event("passing", "2026-04-20", "expected_close_on", "2026-08-01", "2026-06-01"),
    event("passing", "2026-04-22", "expected_close_on", "2026-06-01", "2026-09-01"),
    event("lent", "2026-04-20", "owner_id", "r1", "r2"),
    event("lent", "2026-04-22", "owner_id", "r2", "r1"),
    event("borrowed", "2026-04-20", "owner_id", "r2", "r1"),
    event("borrowed", "2026-04-22", "owner_id", "r1", "r2"),
    event("nobody", "2026-04-22", "amount", "1", "2"),
]
REPS = [{"rep_id": "r1", "name": "Ann", "team": "T1"}, {"rep_id": "r2", "name": "Bo", "team": "T2"}]


def book(**more: Any) -> Book:
    return Book.of({"opportunities": DEALS, "opportunity_events": EVENTS, "reps": REPS}, as_of=AS_OF, **more)


def opened(result: Walk) -> dict[str, set[str]]:
    return {each.key.removeprefix(result.prefix + "-"): set(each.rows["opportunity_id"]) for each in result.behind}


def ties(result: Walk) -> None:
    assert result.amounts["start"] + sum(result.cells["amount"], Decimal(0)) == result.amounts["end"]
    for each in result.behind:
        assert len(each.rows) == each.n
        assert each.rows["adds"].sum() == pytest.approx(each.total, abs=1e-6)
    keys = [each.key for each in result.behind]
    assert len(keys) == len(set(keys))


@pytest.fixture(scope="module")
def small() -> Walk:
    return walk(book(), START, END, due=Q2, where=("team", "T1"))


def test_every_class_has_its_deal(small: Walk) -> None:
    amounts = {row["cell"]: (row["n"], str(row["amount"].normalize())) for row in small.cells.to_dict("records")}
    assert amounts == {
        "created": (1, "1E+1"),
        "pulled_in": (1, "2E+1"),
        "pushed_out": (1, "-39.5"),
        "raised": (1, "0.01"),
        "lowered": (1, "-4E+1"),
        "reopened": (1, "3.2E+2"),
        "owner_in": (1, "6.4E+2"),
        "owner_out": (1, "-1.28E+3"),
        "won": (1, "-2.5E+3"),
        "lost": (2, "-5125"),
        "deleted": (1, "-1.024E+4"),
    }
    ties(small)


def test_round_trips_stand_apart(small: Walk) -> None:
    found = {
        name: deals
        for name, deals in opened(small).items()
        if name in {t.replace("_", "-") for t in small.trips["trip"]}
    }
    assert found == {
        "created-won": {"in and out"},
        "created-lost": {"in and lost"},
        "created-deleted": {"in and gone"},
        "reopened-closed": {"again"},
        "closed-reopened": {"back"},
        "deleted-restored": {"away"},
        "owner-through": {"borrowed"},
        "owner-back": {"lent"},
        "pulled-pushed": {"passing"},
        "pushed-pulled": {"there and back"},
        "repriced-back": {"repriced"},
    }


def test_what_was_given_up_and_what_has_no_amount_is_told(small: Walk) -> None:
    assert (small.counts["disqualified"], small.amounts["disqualified"]) == (1, Decimal(5))
    assert small.counts["no_amount"] == 1
    assert opened(small)["no-amount"] == {"no amount"}
    told = small.headlines()
    assert told[0].startswith("The open pipeline of T1 due in 2026Q2 went from ")
    assert "1 deal worth 39.5 USD left 2026Q2 by a new date, and 1 deal worth 20 USD came to be due in it." in told
    assert "Of what was lost, 1 deal worth 5 USD was disqualified." in told
    assert "1 deal of the walk has no amount and counts as 0." in told


def test_without_days_and_owner_nobody_is_pulled_or_handed_over() -> None:
    whole = walk(book(), START, END)
    ties(whole)
    moved = whole.cells.set_index("cell")["n"]
    assert moved[["pulled_in", "pushed_out", "owner_in", "owner_out"]].sum() == 0
    gone = ("deleted", "in and gone")
    left = [d for d in DEALS if d["outcome"] == "open" and d["opportunity_id"] not in gone]
    assert whole.amounts["end"] == sum(Decimal(d["amount"] or 0) for d in left)


def test_numbers_are_the_cells(small: Walk) -> None:
    numbers = small.numbers().set_index("variant")
    assert numbers.loc["start", "value"] + small.cells["amount"].astype(float).sum() == pytest.approx(
        numbers.loc["end", "value"]
    )
    assert numbers.loc["trip_created_won", "n"] == 1
    assert set(numbers["by"]) == {"team"}


def test_a_dimension_of_the_deal_moves_nobody_and_one_that_changes_is_refused() -> None:
    product = Book.of({"opportunities": [deal("a", 5, product="X"), deal("b", 7)]}, as_of=AS_OF)
    assert walk(product, START, END, where=("product", "X")).amounts["end"] == 5
    with pytest.raises(ParameterError, match="stage"):
        walk(product, START, END, where=("stage", "X"))
    assert "reps" in walk(product, START, END, where=("team", "T1")).nothing
    assert walk(product, START, END, where=("rep_id", "r1")).amounts["end"] == 12


def test_where_there_is_no_walk_it_says_why() -> None:
    empty = Book.of({"orders": []}, as_of=AS_OF)
    assert walk(empty, START, END).nothing == "needs opportunities"
    assert walk(empty, START, END).numbers()["status"].tolist() == ["needs"]
    assert walk(empty, START, END).headlines() == ["There is no walk of the open pipeline: needs opportunities."]
    assert "is not before 2026-12-31" in walk(book(), AS_OF, dtm.date(2027, 3, 31)).nothing
    assert "no deal" in walk(book(), dtm.date(2020, 1, 1), dtm.date(2020, 3, 31)).nothing


def test_without_history_the_dates_tell_what_they_can() -> None:
    dated = Book.of({"opportunities": DEALS}, as_of=AS_OF)
    found = walk_of(dated, Q2)
    ties(found)
    cells = found.cells.set_index("cell")
    assert cells["is_known"].to_dict() == {name: name in ("created", "won", "lost") for name in cells.index}
    assert cells.loc["won", "amount"] == -2560
    assert "no change log" in found.headlines()[-1]
    assert set(found.numbers().query("status == 'needs'")["variant"]) >= {"raised", "deleted"}


def test_snapshots_of_open_deals_only_still_tell_what_was_won() -> None:
    def seen(on: str, *deals: dict[str, Any]) -> list[dict[str, Any]]:
        return [{**each, "snapshot_on": on, "outcome": "open"} for each in deals]

    now = [
        deal("w", 100, "won", closed_on="2026-05-01"),
        deal("p", 7, expected_close_on="2026-09-01"),
        deal("c", 5, created="2026-04-04"),
    ]
    snapshots = [
        *seen("2026-03-31", deal("w", 90), deal("p", 8), deal("gone", 1)),
        *seen("2026-06-30", now[1], now[2]),
    ]
    source = Book.of({"opportunities": now, "opportunity_snapshots": snapshots}, as_of=AS_OF)
    found = walk(source, START, END, due=Q2)
    ties(found)
    cells = found.cells[found.cells["n"] > 0].set_index("cell")["amount"].to_dict()
    assert cells == {"created": 5, "pushed_out": -8, "won": -90, "deleted": -1}


def test_a_server_walks_alike(small: Walk, server: Any) -> None:
    there = walk(book(connection=server), START, END, due=Q2, where=("team", "T1"))
    pd.testing.assert_frame_equal(there.cells, small.cells)
    pd.testing.assert_frame_equal(there.trips, small.trips)
    assert opened(there) == opened(small)


def test_the_real_sample_of_salesforce_ties_out(shared_data: Any, tmp_path: Any) -> None:
    path = tmp_path / "devorg.yml"
    location = str(shared_data / "salesforce_devorg_sample")
    path.write_text(json.dumps({"location": location, "preset": "salesforce", "date_format": "%m/%d/%y"}))
    source = open_book(path)
    events = source.opportunity_events
    days = sorted({stamp.date() for stamp in events.changed_at.execute()})
    for start, end in (
        (days[0], days[-1]),
        (days[0] - dtm.timedelta(days=1), source.as_of),
        (days[len(days) // 2], days[-1]),
    ):
        if start < min(end, source.as_of):
            for due in (None, Period.of(end, "quarter")):
                found = walk(source, start, end, due=due)
                ties(found)
                agrees(source, found)


def agrees(source: Book, found: Walk) -> None:
    """Hold a walk against the two states, told apart in plain Python."""
    states = []
    for day in (found.start, found.end):
        deals = deals_on(source, day).execute().set_index("opportunity_id")
        states.append(dict(deals.to_dict("index")))

    def is_in(row: dict[str, Any] | None) -> bool:
        if row is None or row["outcome"] != "open":
            return False
        if found.where is not None and row["owner_id"] != found.where[1]:
            return False
        if found.due is None:
            return True
        day = row["expected_close_on"]
        return not pd.isna(day) and found.due.start <= pd.Timestamp(day).date() < found.due.end

    def worth(row: dict[str, Any] | None) -> Decimal:
        return Decimal(0) if row is None or not is_in(row) or pd.isna(row["amount"]) else row["amount"]

    wanted: dict[str, list[Any]] = {}
    for name in states[0].keys() | states[1].keys():
        was, now = states[0].get(name), states[1].get(name)
        if not is_in(was) and not is_in(now):
            continue
        if not is_in(was):
            entered = pd.Timestamp(now["entered_on"]).date() > found.start
            other = found.where is not None and was is not None and was["owner_id"] != found.where[1]
            closed = was is None or was["outcome"] != "open"
            cell = "created" if entered else "reopened" if closed else "owner_in" if other else "pulled_in"
        elif not is_in(now):
            other = found.where is not None and now is not None and now["owner_id"] != found.where[1]
            open_cell = "owner_out" if other else "pushed_out"
            cell = "deleted" if now is None else {"won": "won", "open": open_cell}.get(now["outcome"], "lost")
        else:
            gap = worth(now) - worth(was)
            cell = "raised" if gap > 0 else "lowered" if gap < 0 else "unchanged"
        wanted.setdefault(cell, []).append(worth(now) - worth(was))
    assert found.amounts["start"] == sum((worth(row) for row in states[0].values()), Decimal(0))
    assert found.amounts["end"] == sum((worth(row) for row in states[1].values()), Decimal(0))
    for row in found.cells.to_dict("records"):
        mine = wanted.get(row["cell"], [])
        assert (row["n"], row["amount"]) == (len(mine), sum(mine, Decimal(0))), row["cell"]


AMOUNTS = st.sampled_from([None, "0", "-7.25", "100.01", "3"])
CHANGES = st.one_of(
    st.tuples(st.just("amount"), AMOUNTS, AMOUNTS),
    st.tuples(st.just("outcome"), *[st.sampled_from([None, "open", *CLOSED])] * 2),
    st.tuples(st.just("owner_id"), *[st.sampled_from([None, "r1", "r2"])] * 2),
    st.tuples(st.just("expected_close_on"), *[st.sampled_from([None, "2026-05-01", "2026-08-01", "soon"])] * 2),
    st.tuples(st.just("deleted"), st.just("x"), st.sampled_from(["true", "false", None])),
)
DATES = st.sampled_from(["2026-02-01", "2026-03-31", "2026-04-01", "2026-05-05", "2026-06-30", "2026-07-01"])
MAYBE = st.one_of(st.none(), DATES)


@settings(max_examples=6, deadline=None)
@given(
    st.lists(st.tuples(AMOUNTS, st.sampled_from(["open", *CLOSED]), MAYBE, MAYBE), min_size=12, max_size=24),
    st.lists(st.tuples(st.integers(0, 26), DATES, CHANGES), min_size=10, max_size=60),
)  # fmt: skip
def test_any_history_ties_out(deals: list[Any], changes: list[Any]) -> None:
    """Also where events come out of order, are of unknown deals, or contradict each other and the deals."""
    rows = [
        deal(str(i), amount, outcome, created, closed_on=closed if outcome != "open" else None)
        for i, (amount, outcome, created, closed) in enumerate(deals)
    ]
    events = [event(str(i), at, *change) for i, at, change in changes]
    source = Book.of({"opportunities": rows, "opportunity_events": events}, as_of=AS_OF)
    for due, where in ((None, None), (Q2, None), (Q2, ("rep_id", "r1"))):
        found = walk(source, START, END, due=due, where=where)
        ties(found)
        agrees(source, found)


def test_what_is_due_needs_the_dates_on_which_deals_are_expected_to_close() -> None:
    deals = [{"opportunity_id": "a", "outcome": "open", "amount": 1, "created_at": "2026-01-01"}]
    book = Book.of({"opportunities": deals}, as_of=dtm.date(2026, 9, 30))
    found = walk(book, dtm.date(2026, 6, 30), dtm.date(2026, 9, 30), due=Period.parse("2026Q3"))
    assert found.nothing == "needs opportunities.expected_close_on"
