"""What a period is compared with, and how far the records reach."""

from __future__ import annotations

import datetime as dtm

import pytest

from salesnb.analysis.calendar import Calendar, Records
from salesnb.data.book import Book
from salesnb.periods import Period
from tests.analysis.conftest import book, deals

LONG_AGO = Records(dtm.date(2020, 1, 1))


def calendar(period: str, as_of: str, records: Records = LONG_AGO) -> Calendar:
    return Calendar.of(Period.parse(period), dtm.date.fromisoformat(as_of), records)


def test_a_period_that_is_over_is_compared_with_whole_periods() -> None:
    found = calendar("2026Q3", "2026-09-30")
    assert (str(found.previous), str(found.year_ago)) == ("2026Q2", "2025Q3")
    assert (found.is_complete, found.has_begun, found.days_gone) == (True, True, 92)
    assert dict(found.coverage) == {"previous": "whole", "year_ago": "whole"}


def test_a_period_that_is_not_over_is_compared_with_as_many_days() -> None:
    found = calendar("2026Q3", "2026-08-15")
    assert found.days_gone == 31 + 15
    assert (found.previous.start, found.previous.days) == (dtm.date(2026, 4, 1), 46)
    assert (found.year_ago.start, found.year_ago.days) == (dtm.date(2025, 7, 1), 46)
    assert not found.is_complete


def test_more_days_gone_than_the_other_period_has() -> None:
    found = calendar("2026-03", "2026-03-30")
    assert str(found.previous) == "2026-02"
    assert found.year_ago.days == 30


def test_a_period_that_has_not_begun() -> None:
    found = calendar("2026Q4", "2026-08-15")
    assert (found.has_begun, found.days_gone, str(found.previous)) == (False, 0, "2026Q3")


@pytest.mark.parametrize(
    ("first_day", "quiet_days", "coverage"),
    [
        ("2026-01-05", 0, "whole"),  # 4 of 90 days are less than a tenth
        ("2026-01-20", 0, "part"),
        ("2026-01-20", 30, "whole"),  # so few deals a day that three weeks without one are nothing
        ("2026-03-31", 0, "part"),
        ("2026-04-01", 0, "none"),
    ],
)
def test_how_much_of_a_period_is_on_record(first_day: str, quiet_days: float, coverage: str) -> None:
    records = Records(dtm.date.fromisoformat(first_day), quiet_days)
    assert records.cover(Period.parse("2026Q1")) == coverage


def test_nothing_is_on_record() -> None:
    assert Records(None).cover(Period.parse("2026Q1")) == "none"
    assert Records.of(book(opportunities=deals("2026-08-10", "EMEA", "oo"))) == Records(None)
    assert Records.of(Book.of({"accounts": [{"account_id": "a"}]}, as_of=dtm.date(2026, 1, 1))) == Records(None)


def test_the_first_record_and_the_gap_that_chance_allows_before_it() -> None:
    # 46 closings in 90 days: a gap of g days has the probability exp(-46 g / 90), which is 1 % for g = 90 ln(100) / 46.
    found = Records.of(
        book(opportunities=[*deals("2026-03-01", "EMEA", "w" * 40), *deals("2026-05-01", "EMEA", "l" * 6)])
    )
    assert found.first_day == dtm.date(2026, 3, 1)
    assert found.quiet_days == pytest.approx(90 * 4.605170 / 46)


def test_orders_tell_where_there_are_no_deals() -> None:
    lines = [{"order_line_id": "1", "ordered_at": "2026-09-30 10:00:00", "amount": 5}]
    found = Records.of(book(orders=lines))
    assert found == Records(dtm.date(2026, 9, 30), pytest.approx(4.605170))
