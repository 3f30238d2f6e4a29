"""Tables of a scorecard and of a source's health."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from salesnb.analysis.health import Health, health
from salesnb.analysis.scorecard import Scorecard
from salesnb.periods import Period
from salesnb.report import charts
from salesnb.report import health as health_tables
from salesnb.report import scorecard as tables
from salesnb.report.canvas import Chart
from tests.analysis.conftest import DEALS, book
from tests.analysis.test_health import audited

MINUS = "\N{MINUS SIGN}"


def test_kpis_by_family(behind: Scorecard) -> None:
    made = {table.caption: table for table in tables.kpi_tables(behind)}
    revenue = next(table for caption, table in made.items() if caption.startswith("Revenue: "))
    assert "Bookings (revenue.booked)" in revenue.text
    assert f"{MINUS}25.0 % (may be chance)" in revenue.text
    assert "1 more KPI of this family cannot be computed from this source." in revenue.text
    assert "gross_margin" not in revenue.text
    assert "in parts (only by segment)" in revenue.text


def test_the_trend_as_a_table(behind: Scorecard, running: Scorecard) -> None:
    shown = tables.trend_table(behind).text.splitlines()
    assert shown[0] == "Bookings by quarter"
    assert shown[2].startswith("2026Q1 (on record from 2026-02-10)")
    assert f"{MINUS}619 to +419" in shown[4]
    assert shown[4].endswith("may be chance")
    assert "2026Q3 (not over on 2026-08-15)" in tables.trend_table(running).text


def test_segments_with_their_marks(behind: Scorecard, unlike: Scorecard) -> None:
    shown = tables.segment_table(behind, "region")
    assert shown.caption == "By region, 2026Q3: AMER sold most, 67 % of the whole"
    assert "too few" in shown.text
    assert "Too few: fewer than 10 deals." in shown.text
    assert "250" in shown.text
    marked = tables.segment_table(unlike, "region")
    assert "Too few:" not in marked.text
    assert "▲ above" in marked.text
    assert "▼ below" in marked.text
    assert "Quota" not in marked.text
    assert "<b>" not in marked.html


def test_a_period_with_nothing_to_report_says_so_in_every_view(behind: Scorecard, empty: Scorecard) -> None:
    why = "There is nothing to report for 2027Q1: it has not begun, the data end on 2026-09-30."
    none = replace(behind.segments["region"], rows=behind.segments["region"].rows.head(0))
    shown = tables.segment_table(replace(empty, segments={"region": none}), "region")
    assert shown.text.splitlines() == ["By region, 2027Q1: nothing to show", why]
    assert why in tables.trend_table(empty).text
    assert charts.trend(empty).title == why == charts.trends(empty).title


def test_every_dimension_is_shown_with_a_picture_where_there_is_more_than_one(behind: Scorecard) -> None:
    views = tables.segment_views(behind)
    assert [type(view) for view in views] == [Chart, type(tables.segment_table(behind, "region"))]
    one = replace(behind.segments["region"], rows=behind.segments["region"].rows.head(1))
    assert len(tables.segment_views(replace(behind, segments={"region": one}))) == 1


def test_the_bridge_sums_in_every_row(behind: Scorecard, empty: Scorecard) -> None:
    shown = tables.bridge_table(behind).text.splitlines()
    assert shown[2].split() == ["EMEA", "200.00", "0.00", f"{MINUS}100.00", "0.00", "100.00", f"{MINUS}100.00"]
    assert shown[4].split() == ["all", "400.00", "0.00", f"{MINUS}100.00", "0.00", "300.00", f"{MINUS}100.00"]
    assert tables.bridge_table(empty).text.endswith("the data end on 2026-09-30.")


def test_what_is_missing(behind: Scorecard) -> None:
    shown = tables.missing_table(behind)
    assert shown.caption == "1 of 11 KPIs cannot be computed from this source"
    assert "orders.cost" in shown.text
    assert "gross_margin.ratio" in shown.text
    nothing = replace(behind, missing=behind.missing.head(0), no_dimension={})
    assert "Nothing: every KPI" in tables.missing_table(nothing).text
    lacking = replace(behind, no_dimension={"segment": "segment needs accounts.segment"})
    assert "the breakdown by segment" in tables.missing_table(lacking).text


def test_vanity(behind: Scorecard) -> None:
    assert "Every KPI has an owner or an action" in tables.vanity_table(behind).text
    bare = replace(behind, kpis=behind.kpis.assign(owner="", action=""))
    assert "Win rate" in tables.vanity_table(bare).text


@pytest.fixture(scope="module")
def found() -> Health:
    return health(audited(), Period.parse("2026Q3"), examples=1)


def test_rows_and_money(found: Health) -> None:
    assert "Rows: 2 of 10 rejected" in health_tables.rows_table(found).text
    assert "2 (20.0 % of it)" in health_tables.rows_table(found).text
    assert health_tables.money_table(found).text.splitlines()[2].endswith("yes")
    assert "100.00" in health_tables.money_table(found).text
    wrong = health(audited(used=7), Period.parse("2026Q3"))
    assert "NO: do not trust it" in health_tables.rows_table(wrong).text


def test_rules_and_rows(found: Health) -> None:
    problems = health_tables.problems_table(found)
    assert problems.caption == "2 rules broken"
    assert "opportunities.amount, rule unreadable" in problems.text
    assert "mend it (for example x3)" in problems.text
    offenders = health_tables.offenders_table(found)
    assert "deals.csv, row 3" in offenders.text
    assert "Row 1 is the first row after the header line." in offenders.text
    assert 'class="snb-break' in offenders.html
    assert "(empty)" in offenders.text
    assert offenders.caption == "The first 1 row of each rule"


def test_what_is_not_there_and_how_it_was_read(found: Health) -> None:
    assert "orders.cost (what it cost the seller)" in health_tables.absent_table(found).text
    assert "deals.csv: read as UTF-8" in health_tables.notes_table(found).text


def test_a_source_without_faults() -> None:
    clean = health(book(opportunities=DEALS), Period.parse("2026Q3"))
    assert "No row breaks a rule" in health_tables.problems_table(clean).text
    assert "There are none." in health_tables.offenders_table(clean).text
    assert "Nothing had to be recognised" in health_tables.notes_table(clean).text
    assert isinstance(clean.tables, pd.DataFrame)
