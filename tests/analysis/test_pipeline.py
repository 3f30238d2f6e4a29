"""The pipeline's page as one result: its parts agree, and thin or odd data are said, not hidden."""

from __future__ import annotations

import datetime as dtm
from pathlib import Path
from typing import Any

import pytest

import salesnb
from salesnb.analysis.behind import Told
from salesnb.analysis.pipeline import Pipeline, pipeline
from salesnb.analysis.team_numbers import COLUMNS
from salesnb.data.book import Book
from salesnb.periods import Period

Q3 = Period.parse("2026Q3")
DEALS: list[dict[str, Any]] = [
    {"opportunity_id": "old", "outcome": "open", "amount": 100, "created_at": "2026-05-01", "owner_id": "ada"},
    {"opportunity_id": "new", "outcome": "open", "amount": 30, "created_at": "2026-08-01", "owner_id": "bob"},
    {"opportunity_id": "won", "outcome": "won", "amount": 50, "created_at": "2026-05-02", "closed_on": "2026-08-09"},
    {"opportunity_id": "gone", "outcome": "lost", "amount": 7, "created_at": "2026-05-03", "closed_on": "2026-07-31"},
    {"opportunity_id": "both", "outcome": "won", "amount": 9, "created_at": "2026-07-03", "closed_on": "2026-07-31"},
    {"opportunity_id": "odd", "outcome": "lost", "amount": -5, "created_at": "2026-09-30", "closed_on": "2026-07-01"},
]


def of(*deals: dict[str, Any], period: Period = Q3, as_of: str = "2026-09-30") -> Pipeline:
    return pipeline(Book.of({"opportunities": deals}, as_of=dtm.date.fromisoformat(as_of)), period)


def held(found: Pipeline) -> None:
    """What has to be true of any page: keys are unique, sentences open what is there, rows make the numbers."""
    keys = [one.key for one in found.behind]
    assert len(keys) == len(set(keys))
    assert {s.opens for s in found.headlines() if isinstance(s, Told)} <= {"", *keys}
    for one in found.behind:
        assert one.n == len(one.rows)
        assert float(sum(one.rows["adds"].astype("float64"))) == pytest.approx(float(one.total), abs=0.005), one.key
    assert list(found.numbers().columns) == [*COLUMNS, "target"]
    assert all(sentence and "nan" not in sentence for sentence in found.headlines())


def test_the_walk_leads_and_what_cannot_be_known_comes_last() -> None:
    found = of(*DEALS)
    held(found)
    told = found.headlines()
    # 100 + 50 + 7 were open when the quarter began; 100 + 30 are at its end.
    assert told[0].startswith("The open pipeline went from 157")
    assert told[-1].startswith("No change log: ")
    assert found.moved.amounts["start"] == 157
    assert found.moved.amounts["end"] == 130


@pytest.mark.parametrize(
    "deals",
    [
        [],
        DEALS[:1],
        DEALS[2:3],
        [{"opportunity_id": "bare"}],
        [{"opportunity_id": "bare", "outcome": "open"}, {"opportunity_id": "won", "outcome": "won"}],
        [{**deal, "amount": None, "owner_id": None} for deal in DEALS],
    ],
    ids=["none", "one open", "one won", "no column", "no date", "no amount"],
)
def test_thin_data_are_said(deals: list[dict[str, Any]]) -> None:
    found = of(*deals)
    held(found)
    assert found.headlines()


@pytest.mark.parametrize("period", ["2019Q1", "2031Q1"])
def test_a_period_before_or_after_the_data(period: str) -> None:
    found = of(*DEALS, period=Period.parse(period))
    held(found)
    assert found.headlines()


def test_without_deals_it_says_what_it_needs() -> None:
    book = Book.of({"orders": [{"order_line_id": "1", "amount": 5}]}, as_of=dtm.date(2026, 9, 30))
    found = pipeline(book, Q3)
    held(found)
    assert all("needs opportunities" in sentence for sentence in found.headlines()), found.headlines()


def test_maven_says_what_it_cannot_know_and_finds_the_ends_of_quarters(shared_data: Path) -> None:
    del shared_data
    source = Path(__file__).resolve().parents[2] / "params" / "sources" / "maven.yml"
    found = pipeline(salesnb.open(str(source)), Period.parse("2017Q4"))
    told = found.headlines()
    assert any(s.startswith("Deals decided in the last month of a quarter are won 81 % of the time") for s in told)
    assert told[-1].startswith("No change log: ")
    keys = [one.key for one in found.behind]
    assert len(keys) == len(set(keys))
