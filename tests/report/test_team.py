"""What a team's page shows: pictures, tables and tiles, with names that hold markup and with next to nothing given."""

from __future__ import annotations

import datetime as dtm
from dataclasses import replace

import pytest

from salesnb.analysis.team import Team, team
from salesnb.data.book import Book
from salesnb.report import sellers as charts
from salesnb.report import team as tables
from salesnb.report.canvas import Chart
from salesnb.report.team_tiles import tiles
from tests.analysis.test_team import DEALS, DONE, Q3, QUOTAS, book, calls, deals, quota

WORST = "5 $ <b>x</b> $"


@pytest.fixture(scope="module")
def small() -> Team:
    return team(book(quotas=QUOTAS, activities=DONE, forecast_calls=calls("a", [1, 2, 3, 400])), Q3)


@pytest.fixture(scope="module")
def nothing() -> Team:
    return team(book(), Q3.next.next)


@pytest.fixture(scope="module")
def bare() -> Team:
    return team(Book.of({"opportunities": DEALS}, as_of=dtm.date(2026, 9, 30)), Q3)


@pytest.fixture(scope="module")
def unlike() -> Team:
    """Eight sellers who win every other deal, one of them with a name that is not harmless and a tenfold quota."""
    rows = [deal for rep in "abcdefgh" for deal in deals(rep, "wl" * 20)]
    held = [quota(2000 if rep != "a" else 20000, rep_id=rep) for rep in "abcdefgh"]
    reps = [{"rep_id": rep, "name": WORST if rep == "a" else rep, "team": "<i>T</i>"} for rep in "abcdefgh"]
    return team(book(opportunities=rows, quotas=held, reps=reps), Q3)


def test_quotas_of_a_team_stand_above_those_of_its_sellers(small: Team) -> None:
    shown = tables.quota_table(small)
    assert shown.caption == small.quota_finding()
    rows = [" ".join(line.split()) for line in shown.text.splitlines()[2:7]]
    assert rows == [
        "All of North (2 active sellers, manager Mo) 400 100 % 600 67 % 17 to 133 %",
        "Ann 300 75 % 200 150 %",
        "Bo (ramping, hired 2026-07-06) 100 25 % 400 25 %",
        "All of South (1 active seller) 0 0 %",
        "Cy (left 2026-08-01) 0 0 % no quota",
    ]
    assert "none where fewer than three deals are to be expected." in shown.text


def test_without_quotas_the_table_says_what_it_needs(bare: Team) -> None:
    shown = tables.quota_table(bare)
    assert "Attained" not in shown.text
    assert shown.text.endswith("Amounts in USD. Attainment needs quotas.")


def test_rates_of_the_period_and_of_the_year(small: Team) -> None:
    period, year = tables.rate_tables(small)
    assert period.caption == "Rates 2026Q3: all, win rate 57.1 %; deal size 100; days to win 30 days"
    assert year.caption == "Rates over the year to 2026-09-30: all, win rate 55.6 %; deal size 100; days to win 30 days"
    ann = next(line for line in period.text.splitlines() if line.startswith("Ann"))
    assert "3 of 4" in ann
    assert "75.0 % (30.1 to 95.4 %, n = 4)" in ann
    assert "100 (n = 3)" in ann
    assert "best guess 55.6 %" in year.text
    assert "best guess" not in period.text


def test_a_year_is_shown_once() -> None:
    whole = team(book(), Q3.parse("2026"))
    assert len(tables.rate_tables(whole)) == 1


def test_who_differs_is_marked_in_words_and_colour(unlike: Team) -> None:
    shown = tables.quota_table(unlike)
    assert "▼ below" in shown.text
    assert 'class="snb-bad"' in shown.html
    reps = [{"rep_id": rep, "name": rep} for rep in "ab"]
    alike = [deal for rep in "ab" for deal in deals(rep, "wl" * 20)]
    equal = team(book(opportunities=alike, quotas=[quota(2000, rep_id=rep) for rep in "ab"], reps=reps), Q3)
    assert "not told apart" in tables.quota_table(equal).text
    picture = charts.attainment(unlike)
    assert "▼ below" in picture.svg
    assert f"{WORST} 10 %, 2 k of 20 k ▼ below" in picture.alt


@pytest.mark.parametrize(
    "make", [tables.quota_table, tables.rate_tables, tables.calls_table, tables.effort_table, tiles]
)
def test_names_are_text_and_never_markup(unlike: Team, make) -> None:
    made = make(unlike)
    for view in made if isinstance(made, list) else [made]:
        assert "<b>x" not in view.html
        assert "<i>T" not in view.html


@pytest.mark.parametrize("draw", [charts.attainment, charts.rates])
def test_names_in_pictures_are_text(unlike: Team, draw) -> None:
    picture = draw(unlike)
    assert "<b>" not in picture.svg
    assert "5 $ &lt;b&gt;x&lt;/b&gt; $" in picture.svg


def test_pictures_carry_their_finding_and_every_number(small: Team) -> None:
    attained = charts.attainment(small)
    assert attained.title == small.quota_finding()
    assert attained.alt == (
        f"{small.quota_finding()} share of quota · 2026Q3 · line: the team. All 66.7 %. "
        "North 66.7 %: Ann 150 %, 300 of 200; Bo 25 %, 100 of 400."
    )
    rates = charts.rates(small)
    assert rates.title == "There are too few deals to compare sellers by win rate over the year to 2026-09-30."
    assert "North 62.5 %: Ann 66.7 % of 6; Bo 50.0 % of 2." in rates.alt
    assert "not a ranking" in rates.alt
    assert charts.rates(small, "average_deal_size.mean").alt.startswith("There are too few deals to compare sellers by")
    assert charts.attainment(small).svg == attained.svg


def test_without_quotas_the_picture_is_of_what_was_booked(bare: Team) -> None:
    picture = charts.attainment(bare)
    assert (
        picture.alt
        == "2 sellers booked 400 USD in 2026Q3; there is no quota to hold it against. USD · 2026Q3. a 300; b 100."
    )


def test_what_there_is_no_room_for_is_counted(unlike: Team) -> None:
    picture = charts.attainment(unlike, most=3)
    assert "5 more not drawn" in picture.alt
    assert "&lt;b&gt;x" in picture.svg, "the one told apart is drawn first"
    assert picture.alt.count(" of 2 k") == 7, "the alt text has them all"


def test_quotas_of_teams_are_drawn_by_team() -> None:
    held = team(book(quotas=[quota(800, team="North"), quota(100, team="South")]), Q3)
    assert "North 50 %, 400 of 800; South 0 %, 0 of 100." in charts.attainment(held).alt
    assert "All of North" in tables.quota_table(held).text


def test_tiles(small: Team, nothing: Team, bare: Team) -> None:
    assert tiles(small).text.splitlines() == [
        "Quota attainment | 66.7 % | 400 of 600 USD | 1 of 2 reached theirs",
        "Booked per active seller | 133 USD | 400 by 3 active sellers",
        "Booked by the best 1 of 3 | 75.0 % | 300 of 400 USD",
        "Win rate | 57.1 % | 95% interval 25.0 to 84.2 %, n = 7",
        "Deal size | 100 USD | 95% interval 100 to 100, n = 4",
        "Days to win | 30 days | 95% interval 30 to 30 days, n = 4",
        "Active sellers | 3 | 1 hired, 1 left, 1 ramping",
    ]
    assert "There is nothing to report for 2027Q1." in tiles(nothing).html
    assert "Active sellers | 2 | who booked anything" in tiles(bare).text
    undated = team(book(reps=[{"rep_id": "a", "hired_on": "2020-01-01"}]), Q3)
    assert "Active sellers | 1 | 0 hired, 0 ramping" in tiles(undated).text
    nameless = team(book(reps=[{"rep_id": "a", "name": "Ann"}]), Q3)
    assert "Active sellers | 1 | who came or left is not known" in tiles(nameless).text


def test_what_they_did(small: Team, bare: Team) -> None:
    shown = tables.effort_table(small).text.splitlines()
    assert shown[2].split() == ["Ann", "2", "1", "0", "4", "75", "%"]
    assert tables.effort_table(bare).text.endswith("It needs activities.")
    short = team(book(activities=[{k: v for k, v in row.items() if k != "minutes"} for row in DONE]), Q3)
    assert "Selling time" not in tables.effort_table(short).text.splitlines()[1]
    assert "how long they took is not." in tables.effort_table(short).caption


def test_what_they_said(small: Team, bare: Team) -> None:
    shown = tables.calls_table(small).text.splitlines()
    assert shown[2].split()[:5] == ["Ann", "400", "300", "+33", "%"]
    assert shown[2].endswith("4 calls)  no")
    assert tables.calls_table(bare).text.endswith("It needs forecast_calls.")


def test_what_is_missing(small: Team, bare: Team) -> None:
    assert tables.missing_table(bare).text.splitlines()[2].startswith("reps")
    nothing_missing = replace(small, missing=small.missing.head(0))
    assert "all that this page asks for" in tables.missing_table(nothing_missing).text


def test_a_period_with_nothing_to_report_says_so_in_every_view(nothing: Team) -> None:
    why = "There is nothing to report for 2027Q1: it has not begun, the data end on 2026-09-30."
    assert charts.attainment(nothing).title == charts.rates(nothing).title == why
    assert isinstance(charts.rates(nothing), Chart)
    assert why in tables.quota_table(nothing).text
    assert tables.rate_tables(nothing) == []
    assert tables.effort_table(nothing).caption == "What the sellers did is not known"
    assert tables.calls_table(nothing).caption == "What the sellers said would close is not known"
