"""When in a quarter deals are decided."""

from __future__ import annotations

import datetime as dtm
import math
from pathlib import Path
from typing import Any

import pytest

import salesnb
from salesnb.analysis.behind import Told
from salesnb.analysis.closing import Closing, closing
from salesnb.data.book import Book
from salesnb.periods import Period
from salesnb.report import closing as pictures

YEAR = Period.parse("2026Q4")


def deals(*counts: tuple[str, int, int]) -> list[dict[str, Any]]:
    """So many won deals of 100 and lost ones of 10 that closed on the fifth of a month."""
    made = [
        {"outcome": outcome, "closed_on": f"{month}-05", "amount": amount}
        for month, won, lost in counts
        for outcome, n, amount in (("won", won, 100), ("lost", lost, 10))
        for _ in range(n)
    ]
    return [{"opportunity_id": f"{i:03}", **deal} for i, deal in enumerate(made)]


def of(*rows: dict[str, Any], start: int = 1) -> Closing:
    book = Book.of({"opportunities": rows}, as_of=dtm.date(2026, 12, 31), fiscal_year_start=start)
    return closing(book, YEAR)


BENT = deals(("2026-01", 5, 15), ("2026-02", 4, 16), ("2026-03", 18, 2), ("2026-06", 12, 8), ("2025-12", 50, 50))


def test_the_months_of_the_year_and_the_two_kinds_of_them() -> None:
    found = of(*BENT)
    assert found.months[["month", "part", "won", "lost", "amount"]].to_numpy().tolist() == [
        ["2026-01", "other", 5, 15, 500.0],
        ["2026-02", "other", 4, 16, 400.0],
        ["2026-03", "last", 18, 2, 1800.0],
        ["2026-06", "last", 12, 8, 1200.0],
    ]
    assert found.parts[["part", "won", "n", "rate", "share"]].to_numpy().tolist() == [
        ["last", 18 + 12, 40, 30 / 40, 3000 / 3900],
        ["other", 5 + 4, 40, 9 / 40, 900 / 3900],
    ]
    assert found.difference == 30 / 40 - 9 / 40
    assert 0 < found.low < found.difference < found.high
    first, second = found.headlines()
    assert first == (
        "Deals decided in the last month of a quarter are won 75 % of the time, in the other months 22 %: "
        "52 points more."
    )
    assert isinstance(first, Told)
    assert first.opens in {one.key for one in found.behind}
    assert second.startswith("A win rate of a month")


def test_quarters_are_those_of_the_fiscal_year() -> None:
    found = of(*BENT, start=2)  # quarters end with April, July, October and January
    assert dict(zip(found.months["month"], found.months["part"], strict=True)) == {
        "2026-01": "last", "2026-02": "other", "2026-03": "other", "2026-06": "other",
    }  # fmt: skip


def test_every_number_is_the_sum_of_its_rows() -> None:
    found = of(*BENT)
    behind = {one.key: one for one in found.behind}
    assert all(one.rows["adds"].sum() == one.total and len(one.rows) == one.n for one in behind.values())
    assert (behind["closing-2026-03-won"].n, behind["closing-2026-03-amount"].total) == (18, 1800.0)
    assert (behind["closing-last"].n, behind["closing-other-lost"].n) == (40, 15 + 16)
    linked = pictures.by_month_table(found).html.count('data-rows="')
    assert linked == 4 * (2 + 4) + 2  # the shares of the two parts open their amounts too
    for opened in pictures.by_month_table(found).html.split('data-rows="')[1:]:
        assert opened.split('"')[0] in behind


def test_months_alike_are_said_to_be_alike() -> None:
    found = of(*deals(("2026-01", 10, 10), ("2026-03", 11, 9)))
    assert not found.is_bent
    assert found.headlines() == [
        "Deals decided in the last month of a quarter are won about as often as in the other months: 55 % and 50 %."
    ]


def test_too_few_or_none_is_said() -> None:
    few = of(*deals(("2026-01", 9, 0), ("2026-03", 10, 10)))
    assert math.isnan(few.difference)
    assert few.headlines()[0].startswith("Too few deals were decided in the year to ")
    none = of(*deals(("2024-01", 9, 0)))
    assert none.headlines() == [
        "When in a quarter deals close is not known: no deal was won or lost in the year to 2026-12-31."
    ]
    assert pictures.by_month(none).title == none.finding()
    assert "There is nothing to show." in pictures.by_month_table(none).text
    assert none.numbers().empty


def test_what_is_not_given_or_has_not_begun_is_said() -> None:
    book = Book.of({"orders": [{"order_line_id": "1"}]}, as_of=dtm.date(2026, 6, 30))
    assert closing(book, YEAR).nothing == "needs opportunities.closed_on"
    book = Book.of({"opportunities": deals(("2026-01", 1, 1))}, as_of=dtm.date(2026, 6, 30))
    assert closing(book, YEAR).nothing == "it has not begun, the data end on 2026-06-30"


def test_a_period_longer_than_a_year_is_its_own_year() -> None:
    book = Book.of({"opportunities": deals(("2024-03", 1, 1), ("2026-03", 2, 1))}, as_of=dtm.date(2026, 12, 31))
    assert closing(book, Period.parse("2024-01..2026-12")).months["n"].tolist() == [2, 3]


def test_the_picture_says_the_finding_and_the_values() -> None:
    chart = pictures.by_month(of(*BENT))
    assert chart.title == of(*BENT).finding()
    assert "2026-03 90 % of 20" in chart.alt


def test_maven_wins_at_the_end_of_quarters(shared_data: Path) -> None:
    """The rates by month are those that were computed apart: FACTS.md, win_rate_by_close_month."""
    del shared_data
    source = Path(__file__).resolve().parents[2] / "params" / "sources" / "maven.yml"
    found = closing(salesnb.open(str(source)), Period.parse("2017Q4"))
    facts = [0.820711, 0.486348, 0.544099, 0.828393, 0.491228, 0.568153, 0.792126, 0.492933, 0.528646, 0.784946]
    assert found.months["rate"].tolist() == pytest.approx(facts, abs=1e-6)
    assert found.headlines()[0] == (
        "Deals decided in the last month of a quarter are won 81 % of the time, in the other months 52 %: "
        "28 points more."
    )
