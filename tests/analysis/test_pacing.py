"""Where a period stands on the same business day of past ones: small books worked out by hand."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesnb.analysis.pacing import Pacing, pacing
from salesnb.analysis.pacing_days import business_days, same_day
from salesnb.data.book import Book
from salesnb.periods import Period

Q3, DAY = Period.parse("2026Q3"), dtm.date(2026, 7, 7)  # the fifth business day of the quarter


def won(name: str, amount: float | None, on: str) -> dict[str, Any]:
    return {"opportunity_id": name, "amount": amount, "outcome": "won", "closed_on": on, "expected_close_on": on,
            "created_at": "2025-01-01", "owner_id": "a"}  # fmt: skip


def due(name: str, amount: float, on: str) -> dict[str, Any]:
    return {**won(name, amount, on), "outcome": "open", "closed_on": None}


DEALS = [
    won("s", 1, "2025-07-01"), won("q3", 10, "2025-07-07"), won("q3b", 30, "2025-08-29"),
    won("q4", 20, "2025-10-07"), won("q4b", 20, "2025-10-08"),
    won("q1", 40, "2026-01-07"), won("q1b", 60, "2026-03-31"),
    won("q2", 50, "2026-04-07"), won("q2b", 150, "2026-06-30"),
    won("now", 15, "2026-07-07"), due("open", 100, "2026-09-30"),
]  # fmt: skip
MOVED = [
    {"opportunity_id": name, "changed_at": at, "field": "expected_close_on", "old": old, "new": new}
    for name, at, old, new in (
        ("q1b", "2026-01-20", "2026-04-02", "2026-03-31"),  # on 7 January it was due in the next quarter
        ("q3b", "2025-08-01", "2025-09-30", "2025-08-29"),
        ("open", "2026-06-01", "2026-05-01", "2026-09-30"),  # on 7 April it was due in the second quarter
    )
]
QUOTA = {"rep_id": "a", "starts_on": "2026-07-01", "ends_on": "2026-09-30", "metric": "bookings", "amount": 415}


@pytest.fixture(scope="module")
def small() -> Pacing:
    tables = {"opportunities": DEALS, "opportunity_events": MOVED, "quotas": [QUOTA]}
    return pacing(Book.of(tables, as_of=DAY), Q3)


def test_each_period_by_the_same_business_day(small: Pacing) -> None:
    shown = small.rows[["period", "day", "booked", "deals", "final", "final_deals"]].to_numpy().tolist()
    assert shown == [
        ["2025Q3", dtm.date(2025, 7, 7), 11, 2, 41, 3],
        ["2025Q4", dtm.date(2025, 10, 7), 20, 1, 40, 2],
        ["2026Q1", dtm.date(2026, 1, 7), 40, 1, 100, 2],
        ["2026Q2", dtm.date(2026, 4, 7), 50, 1, 200, 2],
        ["2026Q3", DAY, 15, 1, 15, 1],
    ]
    assert (small.count, small.of) == (5, 66)


def test_what_was_due_is_as_it_was_then(small: Pacing) -> None:
    # q3b was due on 30 September; q4b; nothing; q2b and the one open now; that one
    assert small.rows["due"].tolist() == [30, 20, 0, 150 + 100, 100]
    now = small.rows.iloc[-1]
    assert (now["left"], now["coverage"]) == (415 - 15, 100 / 400)
    assert small.past["coverage"].isna().all()


def test_the_finding_compares_with_the_median_and_tells_the_rank(small: Pacing) -> None:
    median = (20 + 40) / 2
    assert 1 - 15 / median == 0.5
    assert small.headlines()[:2] == [
        "On business day 5 of 66 2026Q3 has booked 15 USD in 1 deal, 50 % less than the median of 4 past quarters "
        "(30 USD); 3 of 4 had more by then.",
        "Open and due in 2026Q3 are 100 USD in 1 deal; on the same day of 4 past quarters it was 25 USD in the middle.",
    ]


def test_where_it_would_end_by_what_past_periods_had_booked_by_then(small: Pacing) -> None:
    # a past quarter in which nothing was due has no factor, so the shares booked by then are taken
    shares = [11 / 41, 20 / 40, 40 / 100, 50 / 200]
    ends = [15 / share for share in shares]
    assert small.landing == {"value": pytest.approx(np.median(ends)), "low": 15 / 0.5, "high": 15 / 0.25}
    assert small.headlines()[2] == (
        "By that day past quarters had booked 25.0 to 50.0 % of it all; so 2026Q3 would end at 30 USD to 60 USD, "
        "46.7 USD in the middle."
    )


def test_where_it_would_end_by_what_was_due() -> None:
    more = [*DEALS, won("q1c", 50, "2026-02-27")]  # due on 7 January
    found = pacing(Book.of({"opportunities": more, "opportunity_events": MOVED}, as_of=DAY), Q3)
    factors = [30 / 30, 20 / 20, (60 + 50) / 50, 150 / 250]
    assert found.landing["factor"] == 1.0
    assert (found.landing["low"], found.landing["high"]) == (15 + min(factors) * 100, 15 + max(factors) * 100)
    assert found.headlines()[2] == (
        "From that day on past quarters booked 0.60 to 2.20 times what was due then; so 2026Q3 would end at 75 USD to "
        "235 USD, 115 USD in the middle."
    )


def test_the_lines_run_to_the_end_and_this_one_to_its_day(small: Pacing) -> None:
    ends = small.lines.groupby("period", sort=False)[["count", "booked"]].last().to_numpy().tolist()
    assert ends == [[66, 41], [66, 40], [64, 100], [65, 200], [5, 15]]


def test_the_rows_behind_each_number_sum_to_it(small: Pacing) -> None:
    behind = {each.key: each for each in small.behind}
    for row in small.rows.to_dict("records"):
        name = str(row["period"]).lower()
        for part in ("booked", "final", "due"):
            if row[part]:
                each = behind[f"pacing-{part}-{name}"]
                assert each.rows["adds"].sum() == each.total == row[part]
    assert len(behind) == len(small.behind) == 5 * 3 - 1


def test_fewer_than_three_past_periods_are_not_compared() -> None:
    found = pacing(Book.of({"opportunities": DEALS[5:]}, as_of=DAY), Q3)
    assert found.finding() == (
        "On business day 5 of 66 2026Q3 has booked 15 USD in 1 deal; there are 2 past quarters on record, and 3 are "
        "needed to compare."
    )
    assert found.landing == {}
    assert found.headlines()[-1] == (
        "What was due on past days is not known: it needs opportunity_events of expected_close_on, or "
        "opportunity_snapshots."
    )
    assert found.rows["due"].isna().tolist() == [True, True, False]  # of today it is known


def test_a_period_that_is_over_is_held_against_whole_ones() -> None:
    found = pacing(Book.of({"opportunities": DEALS}, as_of=dtm.date(2026, 7, 7)), Period.parse("2026Q2"))
    assert found.rows["booked"].tolist() == found.rows["final"].tolist() == [41, 40, 100, 200]
    assert found.finding() == (
        "By its last day, 2026-06-30, 2026Q2 had booked 200 USD in 2 deals, 388 % more than the median of 3 past "
        "quarters (41 USD); 0 of 3 had more by then."
    )


def test_without_amounts_deals_are_counted() -> None:
    deals = [won("a", None, "2026-04-02"), won("b", None, "2026-07-02"), won("c", None, "2026-07-03")]
    found = pacing(Book.of({"opportunities": deals}, as_of=DAY), Q3)
    assert (found.unit, found.rows["booked"].tolist()) == ("count", [1, 2])
    assert found.behind[0].unit == "count"


def test_past_periods_without_bookings_have_no_ratio() -> None:
    deals = [won(str(year), 1, f"{year}-12-31") for year in (2022, 2023)]
    found = pacing(Book.of({"opportunities": deals}, as_of=dtm.date(2024, 7, 1)), Period.parse("2024"), trend_periods=1)
    assert len(found.past) == 1
    found = pacing(Book.of({"opportunities": [won("x", 1, "2025-01-01"), won("y", 1, "2026-07-01")]}, as_of=DAY), Q3)
    assert found.finding().endswith("; the median of 6 past quarters is 0 USD, 0 of 6 had more by then.")
    assert found.landing == {}


@pytest.mark.parametrize(
    ("tables", "period", "told"),
    [
        ({"accounts": [{"account_id": "1"}]}, Q3, "There is no pace to tell: needs opportunities."),
        ({"opportunities": DEALS}, Period.parse("2027Q1"),
         "There is no pace to tell: 2027Q1 has not begun, the data end on 2026-07-07."),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_said(tables: dict[str, Any], period: Period, told: str) -> None:
    found = pacing(Book.of(tables, as_of=DAY), period)
    assert found.headlines() == [found.finding()] == [told]
    assert found.numbers()["status"].tolist() == ["na"]


def test_the_numbers_are_those_of_the_page(small: Pacing) -> None:
    numbers = small.numbers()
    booked = numbers[numbers["id"] == "booked_by_day"]
    assert dict(zip(booked["period"], booked["value"], strict=True)) == dict(
        zip(small.rows["period"], small.rows["booked"], strict=True)
    )
    assert numbers.iloc[-1][["id", "value", "n"]].tolist() == ["landing", small.landing["value"], 4]


@settings(max_examples=40)
@given(st.dates(dtm.date(2024, 1, 1), dtm.date(2027, 12, 31)), st.integers(1, 8))
def test_the_same_day_is_as_many_business_days_in(day: dtm.date, back: int) -> None:
    period = Period.of(day, "quarter")
    other = period.last(back + 1)[0]
    found = same_day(period, day, other)
    count, most = business_days(period.start, day), business_days(other.start, other.last_day)
    assert other.start - dtm.timedelta(days=1) <= found <= other.last_day
    if day < period.last_day:
        assert business_days(other.start, found) == min(count, most)
    else:
        assert found == other.last_day


def test_a_weekend_belongs_to_the_business_day_before_it() -> None:
    q2 = Period.parse("2026Q2")  # begins on a Wednesday, as 2026Q3 does
    assert same_day(Q3, dtm.date(2026, 7, 3), q2) == dtm.date(2026, 4, 3)  # Friday
    assert same_day(Q3, dtm.date(2026, 7, 4), q2) == dtm.date(2026, 4, 5)  # Saturday: the whole weekend
    assert same_day(Q3, dtm.date(2026, 7, 5), q2) == dtm.date(2026, 4, 5)
    august = Period.parse("2026-08")  # begins on a Saturday
    assert same_day(august, dtm.date(2026, 8, 1), q2) == dtm.date(2026, 3, 31)
