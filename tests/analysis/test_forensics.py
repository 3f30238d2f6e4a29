"""How a period's wins came about: a small quarter worked out by hand, and the callers planted in the sample company."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import pytest

from salesnb.analysis.forensics import forensics
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
