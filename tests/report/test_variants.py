"""The definitions as a reader sees them: pictures with words, escaped tables, and honest empty ones."""

from __future__ import annotations

import datetime as dtm

import pytest

from salesnb.analysis.variants import Variants, variants
from salesnb.data.book import Book
from salesnb.periods import Period
from salesnb.report import variants as views
from salesnb.report.canvas import Chart
from tests.analysis.test_variants import deals

Q3 = Period.parse("2026Q3")


@pytest.fixture(scope="module")
def found() -> Variants:
    return variants(deals(), Q3)


def test_a_picture_says_every_value_in_words(found: Variants) -> None:
    chart = views.dots(found, "win_rate")
    assert chart.title == "Win rate: 25.0 % is created, 66.7 % is value"
    for told in (
        "Win rate by definition · 2026Q3 · line: 95% interval · open mark: may still change after 2026-09-30",
        "closed (default) 50.0 %, n = 4",
        "created 25.0 % so far, n = 4",
        "pursued 33.3 %, n = 6",
        "value 66.7 %, n = 3",
    ):
        assert told in chart.alt
    assert ">pursued<" in chart.svg
    assert views.dots(found, "win_rate").svg == chart.svg


def test_every_kpi_has_a_table_and_a_picture_where_its_definitions_differ(found: Variants) -> None:
    made = views.definition_views(found)
    pictures = [one.title.partition(":")[0] for one in made if isinstance(one, Chart)]
    tables = [one.alt.partition(" by ")[0] for one in made if not isinstance(one, Chart)]
    # The pipeline is 500, or 250 weighed by 2 of 4, but sums have no interval; the others have one value by each.
    assert pictures == ["Win rate", "Time to close days"]
    assert sorted(tables) == [
        "Average deal size", "Average order value", "Open pipeline", "Revenue", "Sales cycle", "Time to close days",
        "Win rate",
    ]  # fmt: skip
    assert all(one.alt for one in made)


def test_a_table_has_value_parts_and_formula(found: Variants) -> None:
    lines = [" ".join(line.split()) for line in views.definition_table(found, "win_rate").text.splitlines()]
    assert lines[0] == "Win rate by 5 definitions, 95% intervals"
    assert lines[2].startswith("closed (the default) 50.0 % (15.0 to 85.0 %) 2 4 4 Of the deals decided in the period")
    assert "value: 1 left out: no amount" in lines[-1]
    times = views.definition_table(found, "time_to_close_days").text
    assert "p90 (answers another question)" in times
    assert "Numerator" in times
    assert "Numerator" not in views.definition_table(found, "revenue").text


def test_the_gap_is_told_in_times_and_in_points(found: Variants) -> None:
    lines = [" ".join(line.split()) for line in views.spread_table(found).text.splitlines()]
    assert lines[0] == "7 KPIs by more than one definition in 2026Q3: most apart is Win rate"
    assert lines[2] == "Win rate (win_rate) 50.0 % (closed) 25.0 % (created) 66.7 % (value) 2.7 times (41.7 points)"
    assert lines[-2].endswith("the same")


def test_rows_that_differ_are_listed_with_reason_and_examples(found: Variants) -> None:
    first = views.difference_tables(found)[0]
    lines = [" ".join(line.split()) for line in first.text.splitlines()]
    assert lines[0] == "Win rate: the rows that make the definitions differ"
    assert "closed / created only in closed created before 2026Q3 2 100 a, d" in lines
    assert "closed / pursued only in pursued still open 1 500 e" in lines
    same = " ".join(table.text for table in views.difference_tables(found))
    assert "the same 2 deals; only the arithmetic differs" in same


def test_an_id_that_holds_markup_is_shown_as_text() -> None:
    name = "<img src=x onerror=alert(1)> $a$"
    told = variants(deals([(name, "won", 100, "2026-06-01", "2026-07-10"), ("b", "open", 9, "2026-08-01", None)]), Q3)
    shown = [*views.definition_views(told), *views.difference_tables(told)]
    html = " ".join(one.svg if isinstance(one, Chart) else one.html for one in shown)
    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt; $a$" in html


def test_what_is_not_known_is_said() -> None:
    bare = variants(Book.of({}, as_of=dtm.date(2026, 9, 30)), Q3)
    assert views.definition_views(bare) == views.difference_tables(bare) == []
    assert "No KPI has two definitions with a value." in views.spread_table(bare).text
    assert views.needs_table(bare).caption == "24 of 24 definitions cannot be computed from this source"
    assert "opportunities" in views.needs_table(bare).text


def test_the_other_names_and_the_other_variants_are_listed(found: Variants) -> None:
    assert "opportunity_to_win_ratio.pursued" in views.stated_table(found).text
    assert "Aalen and Johansen 1978" in views.stated_table(found).text
    assert "quota_attainment.share_at_quota" in views.elsewhere_table(found).text
    assert "win_rate.value" not in views.elsewhere_table(found).text
