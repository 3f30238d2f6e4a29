"""How a period's wins came about: a small quarter worked out by hand, and the callers planted in the sample company."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import pytest

from salesnb.analysis.behind import of_id
from salesnb.analysis.forensics import forensics
from salesnb.analysis.forensics_calls import called
from salesnb.data.book import Book
from salesnb.periods import Period
from salesnb.report import forensics as pages

Q2 = Period.parse("2026Q2")
AS_OF = dtm.date(2026, 6, 30)


def deal(name: str, amount: Any, outcome: str, created: str, closed: str, category: str = "closed") -> dict[str, Any]:
    return {
        "opportunity_id": name, "amount": amount, "outcome": outcome, "created_at": created, "closed_on": closed,
        "owner_id": "r1", "forecast_category": category, "expected_close_on": closed,
    }  # fmt: skip


DEALS = [
    deal("usual", 100, "won", "2026-01-10", "2026-05-10"),
    deal("late", 30, "won", "2026-04-22", "2026-05-10"),
    deal("in time", 20, "won", "2026-04-21", "2026-05-10"),
    deal("rushed", 10, "won", "2026-06-01", "2026-06-08"),
    deal("pulled", 40, "won", "2026-01-10", "2026-06-20"),
    deal("commit", 7, "lost", "2026-01-10", "2026-06-20", "omitted"),
]
EVENTS = [
    ("pulled", "2026-05-01", "expected_close_on", "2026-07-15", "2026-06-20"),
    ("commit", "2026-03-01", "forecast_category", "pipeline", "commit"),
    ("commit", "2026-04-10", "forecast_category", "commit", "pipeline"),
    ("commit", "2026-06-20", "forecast_category", "pipeline", "omitted"),
    ("usual", "2026-05-01", "forecast_category", "pipeline", "commit"),
    ("usual", "2026-05-10", "forecast_category", "commit", "closed"),
]


def book(**more: Any) -> Book:
    names = ("opportunity_id", "changed_at", "field", "old", "new")
    return Book.of(
        {"opportunities": DEALS, "opportunity_events": [dict(zip(names, e, strict=True)) for e in EVENTS], **more},
        as_of=AS_OF,
    )


def test_each_measure_has_its_deals() -> None:
    found = forensics(book(), Q2)
    shares = {row["name"]: (row["numerator"], row["denominator"]) for row in found.measures.to_dict("records")}
    won = 100 + 30 + 20 + 10 + 40
    assert shares == {
        "late": (30 + 10, won),
        "rushed": (10, won),
        "pulled": (40, won),
        "commits": (1, 2),
        "turns": (1, 2),
    }
    opened = {each.key: sorted(each.rows["opportunity_id"]) for each in found.behind}
    assert opened["forensics-late"] == ["late", "rushed"]
    assert opened["forensics-commits-r1"] == opened["forensics-turns"] == ["commit"]
    for each in found.behind:
        assert (len(each.rows), each.rows["adds"].sum()) == (each.n, pytest.approx(each.total))
    assert len(opened) == len(found.behind)
    assert found.headlines()[0].startswith(
        "20 % of the value won in 2026Q2 was not in the pipeline in week 3, 40 of 200"
    )
    tables = pages.forensics_tables(found)
    assert 'data-rows="forensics-pulled"' in tables[0].html
    assert pages.shares(found).title == found.finding()


def test_without_a_log_it_says_what_it_cannot_tell() -> None:
    found = forensics(Book.of({"opportunities": DEALS}, as_of=AS_OF), Q2)
    needs = found.measures.set_index("name")["needs"].to_dict()
    log = "needs opportunity_events or opportunity_snapshots"
    assert needs == {"late": "", "rushed": "", "pulled": log, "commits": log, "turns": log}
    assert found.headlines()[-1].startswith("What cannot be told: ")
    assert found.callers is None
    assert set(found.numbers()["status"]) == {"ok", "needs"}


def test_no_deals_or_no_period_is_said() -> None:
    assert forensics(Book.of({"orders": []}, as_of=AS_OF), Q2).nothing == "needs opportunities"
    assert "has not begun" in forensics(book(), Period.parse("2027Q1")).headlines()[0]
    assert forensics(book(), Period.parse("2025Q1")).finding() == "Nothing was won in 2025Q1."


def test_snapshots_tell_it_too() -> None:
    expected = {"pulled": "2026-07-15"}
    categories = {
        "2026-03-31": {"usual": "pipeline", "pulled": "closed", "commit": "commit"},
        "2026-04-21": {"usual": "pipeline", "pulled": "closed", "commit": "pipeline", "in time": "closed"},
        "2026-05-05": {
            "usual": "commit",
            "pulled": "closed",
            "commit": "commit",
            "in time": "closed",
            "late": "closed",
        },
    }
    by_id = {each["opportunity_id"]: each for each in DEALS}
    taken = [
        {
            "snapshot_on": on, "opportunity_id": name, "outcome": "open", "forecast_category": category,
            "amount": by_id[name]["amount"], "created_at": by_id[name]["created_at"], "owner_id": "r1",
            "expected_close_on": expected.get(name, "2026-06-20") if on < "2026-05" else "2026-06-20",
        }
        for on, each in categories.items()
        for name, category in each.items()
    ]  # fmt: skip
    found = forensics(Book.of({"opportunities": DEALS, "opportunity_snapshots": taken}, as_of=AS_OF), Q2)
    shares = {row["name"]: (row["numerator"], row["denominator"]) for row in found.measures.to_dict("records")}
    won = 100 + 30 + 20 + 10 + 40
    # "commit" went commit, pipeline, commit, omitted: back once; "usual" pipeline, commit, closed.
    assert shares == {"late": (40, won), "rushed": (10, won), "pulled": (40, won), "commits": (1, 2), "turns": (1, 2)}


CALLS = [
    {"as_of": "2026-05-20", "period": "2026Q2", "rep_id": "r1", "category": "commit", "amount": 150},
    {"as_of": "2026-05-20", "period": "2026Q2", "rep_id": "r2", "category": "commit", "amount": 5},
]


@pytest.mark.parametrize(
    ("reps", "calls", "opened", "total"),
    [
        ([], CALLS, {"forensics-calls-r1"}, 200),
        (
            [{"rep_id": "r1", "team": "T"}, {"rep_id": "r2", "team": "T"}],
            [{**CALLS[0], "rep_id": None, "team": "T"}],
            {of_id("forensics-calls", "T")},
            200,
        ),
    ],
)
def test_a_caller_opens_what_was_booked(reps: list[Any], calls: list[Any], opened: set[str], total: float) -> None:
    """What r2 called has no deal, and opens none."""
    found = forensics(book(forecast_calls=calls, **({"reps": reps} if reps else {})), Q2, trend_periods=1)
    held = {each.key: each for each in found.behind if each.key.startswith("forensics-calls")}
    assert set(held) == opened
    (one,) = held.values()
    assert (one.n, one.total, one.rows["adds"].sum()) == (5, total, total)
    assert set(one.rows["called"]) == {"2026Q2"}
    assert found.callers is not None
    booked = found.callers.set_index("holder")["booked"]
    assert booked[calls[0]["rep_id"] or "T"] == total
    assert f'data-rows="{one.key}"' in pages.callers_table(found).html


def test_order_lines_that_count_as_booked_open_no_deals() -> None:
    lines = [{"order_line_id": "1", "ordered_at": "2026-05-01", "amount": 9, "rep_id": "r1"}]
    source = Book.of({"orders": lines, "forecast_calls": CALLS}, as_of=AS_OF)
    rows, opened = called(source, Q2, 1, 0.95, {})
    assert rows is not None
    assert (rows["booked"].tolist(), opened) == ([9.0, 0.0], [])
