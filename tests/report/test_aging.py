"""The pictures and tables of aging: the words are right, and every number opens its deals."""

from __future__ import annotations

import re

import pytest

from salesnb.analysis.aging import Aging, aging
from salesnb.periods import Period
from salesnb.report.aging import (
    aging_chart,
    aging_table,
    missing_table,
    push_table,
    slip_chart,
    slip_table,
    stale_table,
)
from tests.report.pipeline_book import Q3, bare, empty, full


@pytest.fixture(scope="module")
def found() -> Aging:
    return aging(full(), Q3)


def test_the_chart_has_the_finding_and_the_classes(found: Aging) -> None:
    chart = aging_chart(found)
    assert chart.title == "4 deals worth 3.1 k USD of 4.2 k open are in their stage longer than 9 in 10 won deals were."
    assert chart.alt.endswith("First: 1.0 k up to the median, 3.1 k beyond 90 %.")
    assert "beyond 90 %" in chart.svg


def test_the_table_has_the_norm_and_the_open_deals(found: Aging) -> None:
    lines = [re.split(r"  +", line) for line in aging_table(found).text.splitlines()]
    assert lines[1] == [
        "Stage",
        "Open",
        "Won deals stayed",
        "Up to the median",
        "Beyond 90 %",
        "Idle 30 days",
        "Oldest",
    ]
    assert lines[2] == ["First", "4.2 k (5 deals)", "5 days, 9 in 10 at most 9 days (n = 10)", "1.0 k (1 deal)",
                        "3.1 k (4 deals)", "2.0 k (1 deal)", "105 days"]  # fmt: skip


def test_every_number_of_deals_opens_them(found: Aging) -> None:
    pages = "".join(table.html for table in (aging_table(found), push_table(found), slip_table(found)))
    links = re.findall(r'data-rows="([^"]+)">([^<]+)</a>', pages)
    opened = dict(reversed(links))  # the first that opens it
    behind = {each.key: each for each in found.behind}
    assert set(opened) <= set(behind)
    assert ("aging-0-open", "105 days") in links
    assert ("aging-slip-0", "100 %") in links
    assert opened == {
        "aging-0-open": "4.2 k", "aging-0-usual": "1.0 k", "aging-0-beyond": "3.1 k", "aging-0-idle": "2.0 k",
        "aging-pushed-0": "3.8 k", "aging-pushed-1": "400", "aging-slip-0": "1",
    }  # fmt: skip
    assert behind["aging-0-beyond"].total == 2000 + 700 + 400 + 50


def test_stale_deals_are_listed_and_their_names_escaped(found: Aging) -> None:
    table = stale_table(found, most=2)
    assert table.caption == "4 deals are beyond the norm or idle, the largest first"
    assert "&lt;b&gt;stuck&lt;/b&gt;" in table.html
    assert "2 more rows not shown." in table.text


def test_slips_are_told_by_how_far_they_went(found: Aging) -> None:
    chart = slip_chart(found)
    assert chart.title == "1 expected close was moved later in 2026Q3, by 7 days in the middle"
    assert chart.alt.endswith("1 to 7 days 1; 8 to 30 days 0; 31 to 60 days 0; 61 to 90 days 0; over 90 days 0.")
    quiet = aging(full(), Period.parse("2026Q4"))
    assert slip_chart(quiet).alt == "No expected close was moved later in 2026Q4"


def test_what_cannot_be_told_is_said(found: Aging) -> None:
    little, nothing = aging(bare(), Q3), aging(empty(), Q3)
    assert aging_chart(little).alt.endswith("since creation: 1 not known.")
    assert "no won deal" in aging_table(little).text
    assert "since creation, as no log of stages is given" in aging_table(little).text
    assert push_table(little).text.endswith("It needs opportunity_events of expected_close_on.")
    assert slip_chart(little).alt == "How far deals slip is not known"
    assert stale_table(little).text.endswith("None that can be seen.")
    assert missing_table(little).caption == "What aging cannot tell"
    assert "Nothing: the source gives all" in missing_table(found).text
    assert aging_chart(nothing).alt == nothing.finding()
    for table in (aging_table(nothing), push_table(nothing), slip_table(nothing)):
        assert "needs opportunities" in table.text
