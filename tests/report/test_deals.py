"""What a page shows of the chances of open deals: words, marks, and numbers that open their rows."""

from __future__ import annotations

import re

import pytest

from salesnb.analysis.deals import Deals, deals
from salesnb.data.book import Book
from salesnb.report import deals as shown
from salesnb.report.tables import Table
from tests.analysis.dealing import LAST, book, company
from tests.analysis.test_deals import ONE, Q2

TABLES = (
    shown.sum_table, shown.open_table, shown.score_table, shown.bins_table, shown.days_table, shown.base_table,
    shown.left_out_table,
)  # fmt: skip


@pytest.fixture(scope="module")
def found() -> Deals:
    tables = company()
    tables["reps"] = [{"rep_id": "R1", "name": "<b>Ann</b> $"}]
    return deals(book(tables), Q2)


@pytest.fixture(scope="module")
def rated() -> Deals:
    return deals(book(company(200)), Q2)


@pytest.fixture(scope="module")
def refused() -> Deals:
    return deals(Book.of({"opportunities": [ONE]}, as_of=LAST), Q2)


def opened(tables: list[Table]) -> list[str]:
    return [key for table in tables for key in re.findall(r'data-rows="([^"]*)"', table.html)]


def test_every_key_of_every_table_has_its_rows(found: Deals, rated: Deals, refused: Deals) -> None:
    for result in (found, rated, refused):
        keys = opened([make(result) for make in TABLES])
        known = {one.key for one in result.behind}
        assert set(keys) <= known
        told = {one.opens for one in result.headlines() if hasattr(one, "opens")}
        assert told <= known
    assert {"deals-expected", "deals-weighted", "deals-tried", "deals-bin-1"} <= set(
        opened([make(found) for make in TABLES])
    )


def test_every_number_of_the_tables_opens_its_rows(found: Deals, rated: Deals) -> None:
    """Every cell that is a figure has a link, but those that name the row."""
    for make in (shown.sum_table, shown.bins_table, shown.days_table, shown.score_table):
        cells = re.findall(r'<td class="num[^"]*">(.*?)</td>', make(found).html)
        assert cells
        assert all("data-rows" in cell for cell in cells), make
    assert len(opened([shown.base_table(rated)])) == 2 * len(rated.base)


def test_the_plot_says_what_came_true(found: Deals) -> None:
    chart = shown.reliability(found)
    assert chart.title.startswith("What was said came true in ")
    first = found.bins.iloc[0]
    assert f"said {first['said'] * 100:.0f} %, won {first['came'] * 100:.0f} %" in chart.alt
    assert f"n = {len(found.score and found.bins) and found.bins['rows'].sum():,d} chances" in chart.alt


def test_without_a_trial_the_words_stand_alone(rated: Deals, refused: Deals) -> None:
    assert shown.reliability(refused).title.startswith("1 open deal at 2026-06-30, 10 USD, gets no chances")
    assert shown.reliability(rated).title == rated.headlines()[0]
    assert "which a model takes" in shown.score_table(rated).text
    assert "10 of each" in shown.bins_table(refused).text
    assert "Chance" not in shown.open_table(refused).text


def test_deals_have_their_seller_reasons_and_band(found: Deals) -> None:
    made = shown.open_table(found)
    assert "&lt;b&gt;Ann" in made.html
    assert "<b>Ann" not in made.html
    best = found.open.iloc[0]
    assert best["opportunity_id"] in made.text
    assert best["why"] in made.text
    rest = len(found.open) - 30
    assert rest > 0
    assert f"{rest} more deals, worth " in made.text
    assert "An average deal has a chance of " in made.text


def test_what_is_left_out_is_listed(refused: Deals, found: Deals) -> None:
    assert "needs opportunity_events" in shown.left_out_table(refused).text
    assert "forecast_category" in shown.left_out_table(found).text
