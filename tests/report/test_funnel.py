"""The words of a funnel's pictures and tables, and that every number of a table opens its rows."""

from __future__ import annotations

import datetime as dtm
import re

import pytest

from salesnb.analysis.curves import Curves, curves
from salesnb.analysis.funnel import Funnel, funnel
from salesnb.data.book import Book
from salesnb.report import curves as drawn
from salesnb.report import funnel as tables
from salesnb.report import funnel_charts as charts
from salesnb.report import funnel_leads as outside
from salesnb.report.tables import Table
from tests.analysis.test_curves import RUNS, deals
from tests.analysis.test_funnel import ACCOUNTS, COMPANY, LEADS, Q3, TOUCHES, book

AS_OF = dtm.date(2026, 9, 30)


@pytest.fixture(scope="module")
def found() -> Funnel:
    return funnel(book(*COMPANY, leads=LEADS, touches=TOUCHES), Q3, by=("segment",))


@pytest.fixture(scope="module")
def won() -> Curves:
    runs = [*RUNS, deals("2024-11-10", "wl" * 10, "Q", days=40)]
    return curves(Book.of({"opportunities": [deal for run in runs for deal in run]}, as_of=AS_OF), Q3, by=("product",))


@pytest.fixture(scope="module")
def nothing() -> tuple[Funnel, Curves]:
    bare = Book.of({"orders": []}, as_of=AS_OF)
    return funnel(bare, Q3), curves(bare, Q3)


def all_tables(card: Funnel, curve: Curves) -> list[Table]:
    return [
        tables.stage_table(card), tables.day_table(card), tables.segment_table(card), tables.repair_table(card),
        outside.lead_table(card), outside.source_table(card), outside.web_table(card),
        tables.missing_table(card), drawn.cohort_table(curve), drawn.age_table(curve), drawn.curve_table(curve),
    ]  # fmt: skip


def test_every_number_of_every_table_opens_rows_that_are_there(found: Funnel, won: Curves) -> None:
    keys = {each.key for each in (*found.behind, *won.behind)}
    for made in all_tables(found, won):
        cells = re.findall(r"<td[^>]*>(.*?)</td>", made.html)
        for cell in cells:
            words = re.sub(r"<span.*?</span>", "", cell)
            opens = re.search(r'data-rows="([^"]+)"', words)
            number = re.sub(r"<[^>]*>", "", words)
            if re.search(r"\d", number) and number != "0":
                assert opens, (made.caption, cell)
                assert opens[1] in keys


def test_the_stages_as_a_picture(found: Funnel) -> None:
    chart = charts.stages(found)
    assert chart.title == (
        "Deals stall at Legal: 58 % of the money decided there went on (58 % of the 120 deals), where the middle one "
        "of the other stages lets 86 % through."
    )
    assert "Legal: 123 came, 58 % of 120 decided went on" in chart.alt
    assert "Won: 60 came, 60" in chart.alt


def test_the_days_as_a_picture(found: Funnel) -> None:
    chart = charts.days(found)
    assert chart.title.startswith("Deals stay longest at Offer: half of those that go on take more than 36 days")
    assert "Legal 12 days, one in ten more than 12" in chart.alt


def test_leads_and_visitors_as_pictures(found: Funnel) -> None:
    assert "Lead: 40 came, 55 % of 40 went on" in charts.leads(found).alt
    assert "Cart: 4 came, 50 % of 4 went on" in charts.web(found).alt


def test_the_stage_table_says_how_it_counts(found: Funnel) -> None:
    made = tables.stage_table(found)
    assert "A stage that was skipped counts as passed" in made.text
    assert re.search(
        r"Legal +123 \(12.3 k\) +70 \(7.0 k\) +50 \(5.0 k\) +3 \(300\) +58 % \(49.4 to 66.8 %, of 120\)", made.text
    )


def test_the_segment_table_marks_what_differs_and_what_it_is_worth(found: Funnel) -> None:
    made = tables.segment_table(found)
    assert "33 % ▼" in made.text
    assert "83 % ▲" in made.text
    assert "2.2 k USD (more won at Legal)" in made.text


def test_the_repair_table_has_the_worth_and_its_interval(found: Funnel) -> None:
    made = tables.repair_table(found)
    assert "2.8 k USD (1.9 k to 3.5 k USD)" in made.text
    assert "nothing (lets more through than the others)" in made.text


def test_cohorts_as_a_picture_and_tables(won: Curves) -> None:
    chart = drawn.cohort_chart(won)
    assert chart.title.startswith("Of the deals created from 2025-10-01 to 2026-09-30,")
    assert "won / (won + lost) of those decided says 26.3 %" in chart.title
    assert "2025Q4 50 % (25.4 to 74.6 %), decided 50 %, n = 12" in chart.alt
    table = drawn.cohort_table(won)
    assert "Too young to tell: 2026Q3 (3 of 5 still open)." in table.text
    assert re.search(r"2026Q3 +5 +0 +2 +3 +0.0 % +\d+\.\d % †", table.text)
    ages = drawn.age_table(won).text
    assert re.search(r"2026Q2 +8 % +8 % +8 % +17 % † +17 % †$", ages, re.MULTILINE)


def test_segments_as_a_picture_and_a_table(won: Curves) -> None:
    chart = drawn.segment_chart(won)
    assert chart.title == won.segment_finding()
    assert f"Won by {won.age} days: P" in chart.alt
    assert "10 % ▼" in drawn.curve_table(won).text
    assert drawn.segment_chart(won, "product").svg == chart.svg


def test_what_is_not_known_is_words_in_place_of_pictures_and_tables(nothing: tuple[Funnel, Curves]) -> None:
    card, curve = nothing
    for chart in (
        charts.stages(card),
        charts.days(card),
        charts.leads(card),
        charts.web(card),
        drawn.cohort_chart(curve),
        drawn.segment_chart(curve),
    ):
        assert "known" in chart.title or "cannot be told" in chart.title
    for made in all_tables(card, curve):
        assert "<table" not in made.html or "needs" in made.html.lower()


def test_without_a_history_the_tables_say_so() -> None:
    bare = {"opportunities": book(*COMPANY).opportunities.execute(), "accounts": ACCOUNTS}
    card = funnel(Book.of(bare, as_of=AS_OF), Q3, by=("segment",))
    assert "There is no history of stages." in tables.stage_table(card).text
    assert "It needs a history of stages." in tables.day_table(card).text
    assert "two stages" in tables.repair_table(card).text
    assert charts.stages(card).alt.endswith("Won: 60 came, 60.")


def test_names_from_files_are_drawn_and_written_as_they_are() -> None:
    odd = [{"account_id": "S", "segment": "<b>$5$</b>"}, {"account_id": "L", "segment": "Large"}]
    card = funnel(book(*COMPANY, accounts=odd), Q3, by=("segment",))
    assert "&lt;b&gt;$5$&lt;/b&gt;" in tables.segment_table(card).html
