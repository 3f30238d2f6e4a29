"""The picture and the tables of coverage: the words are right, and every number opens its deals."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from salesnb.analysis.coverage import Coverage, coverage
from salesnb.report.coverage import coverage_chart, coverage_table, group_tables
from tests.report.pipeline_book import Q3, bare, empty, full


@pytest.fixture(scope="module")
def found() -> Coverage:
    return coverage(full(), Q3)


def test_the_chart_has_the_finding_and_the_values(found: Coverage) -> None:
    chart = coverage_chart(found)
    assert chart.title == found.finding()
    assert chart.title == (
        "It cannot be told whether 2026Q3 has pipeline enough: 2.4 k (1.6 k to 13.1 k) needed, 3.0 k due."
    )
    assert chart.alt.endswith(
        "overdue: 400 in 1 deal; 2026Q3: 3.0 k in 2 deals, 1.6 k left, 2.4 k needed; 2026Q4: 700 in 1 deal; without a "
        "date: 50 in 1 deal."
    )


def test_the_table_has_the_sum(found: Coverage) -> None:
    lines = [re.split(r"  +", line) for line in coverage_table(found).text.splitlines()]
    assert lines[1] == [
        "Expected close",
        "Open and due",
        "Booked",
        "Quota left",
        "Covered",
        "Pipeline needed",
        "Missing",
    ]
    assert lines[3][:6] == ["2026Q3", "3.0 k (2 deals)", "400 (4 deals)", "1.6 k of 2.0 k", "1.88 times",
                            "2.4 k at 66.7 % (1.6 k to 13.1 k)"]  # fmt: skip
    assert ">none, 600 more</a>" in coverage_table(found).html


def test_every_number_of_deals_opens_them(found: Coverage) -> None:
    pages = "".join(table.html for table in (coverage_table(found), *group_tables(found)))
    opened = re.findall(r'data-rows="([^"]+)">([^<]+)</a>', pages)
    behind = {each.key: each for each in found.behind}
    assert {key for key, _ in opened} <= set(behind)
    told = [words for key, words in opened if key == "coverage-this"]
    assert told == ["3.0 k", "1.88 times", "none, 600 more"]  # 3,000 due, of 1,600 left, and 600 more than is needed
    assert ("coverage-booked", "1.6 k of 2.0 k") in opened
    assert ("coverage-decided", "2.4 k at 66.7 %") in opened
    assert behind["coverage-this"].total == 3000
    assert 'href="#snb-rows" data-rows="coverage-seller-0-booked">400</a>' in pages


def test_groups_are_teams_and_sellers_here(found: Coverage) -> None:
    tables = group_tables(found)
    assert [table.caption for table in tables] == [
        "1 of 2 teams with quota left have less than that due in 2026Q3",
        "1 of 2 sellers with quota left have less than that due in 2026Q3",
    ]
    assert "Bo &amp; Co" in tables[1].html
    assert "no team" in tables[0].html


def test_what_cannot_be_told_stands_in_the_place_of_the_numbers() -> None:
    little, nothing = coverage(bare(), Q3), coverage(empty(), Q3)
    assert group_tables(little) == group_tables(nothing) == []
    assert coverage_chart(little).alt.endswith("without a date: 1 deal.")
    assert "Quota left" not in coverage_table(little).text
    assert coverage_table(nothing).text.splitlines() == [nothing.finding(), "needs opportunities"]
    assert coverage_chart(nothing).alt == "Nothing can be said of coverage: needs opportunities."


def test_an_interval_without_an_end_and_a_limit_of_the_history_are_said(found: Coverage) -> None:
    rows = found.horizons.assign(needed_high=float("inf"), gap_high=float("inf"))
    table = coverage_table(replace(found, horizons=rows, limit="no change log: of today"))
    assert "2.4 k at 66.7 % (1.6 k to any amount)" in table.text
    assert "No change log: of today." in table.text
    bare_rows = found.horizons.assign(needed_low=float("nan"), gap_low=float("nan"), gap_high=float("nan"))
    assert "  2.4 k at 66.7 %  " in coverage_table(replace(found, horizons=bare_rows)).text
