"""The lines and the table of pacing: the words are right, and every number opens its deals."""

from __future__ import annotations

import re

import pytest

from salesnb.analysis.pacing import Pacing, pacing
from salesnb.periods import Period
from salesnb.report import style
from salesnb.report.pacing import pacing_chart, pacing_table
from tests.report.pipeline_book import Q3, bare, empty, full


@pytest.fixture(scope="module")
def found() -> Pacing:
    return pacing(full(), Q3)


def test_the_chart_has_the_finding_and_one_line_in_colour(found: Pacing) -> None:
    chart = pacing_chart(found)
    assert chart.title == (
        "On business day 33 of 66 2026Q3 has booked 400 USD in 4 deals, 300 % more than the median of 3 past quarters "
        "(100 USD); 0 of 3 had more by then."
    )
    assert chart.alt.endswith("On business day 33 of 66 2025Q4 100; 2026Q1 100; 2026Q2 100; 2026Q3 400.")
    strokes = re.findall(r"fill: none; stroke: (#[0-9a-f]{6})", chart.svg)
    assert strokes.count(style.GREY) == 3
    assert strokes.count(style.measure_colour("revenue")) == 1


def test_the_table_has_the_same_day_of_each(found: Pacing) -> None:
    lines = [re.split(r"  +", line) for line in pacing_table(found).text.splitlines()]
    assert lines[2] == ["2026Q3", "2026-08-14", "400 (4 deals)", "3.4 k (3 deals)", "1.6 k of 2.0 k", "2.12 times"]
    assert lines[3] == ["2026Q2", "2026-05-15", "100 (1 deal)", "200 (2 deals)", "50 %", "500 (1 deal)"]


def test_every_number_of_deals_opens_them(found: Pacing) -> None:
    opened = dict(re.findall(r'data-rows="([^"]+)">([^<]+)</a>', pacing_table(found).html))
    behind = {each.key: each for each in found.behind}
    assert set(opened) <= set(behind)
    assert (opened["pacing-due-2026q2"], behind["pacing-due-2026q2"].total) == ("500", 500)


def test_what_cannot_be_told_is_said() -> None:
    little, nothing = pacing(bare(), Q3), pacing(empty(), Q3)
    assert (
        "What was due on past days is not known: it needs opportunities.expected_close_on." in pacing_table(little).text
    )
    assert "no past period" in pacing_chart(little).alt
    assert "Open and due" not in pacing_table(little).text
    assert pacing_table(nothing).text.splitlines() == [nothing.finding(), "needs opportunities."]
    assert pacing_chart(nothing).alt == nothing.finding()


def test_a_period_that_is_over_has_one_figure_for_what_was_booked() -> None:
    over = pacing(full(), Period.parse("2026Q2"))
    assert "Booked in all" not in pacing_table(over).text
    assert pacing_chart(over).title.startswith("By its last day, 2026-06-30, 2026Q2 had booked 200 USD in 2 deals; ")
