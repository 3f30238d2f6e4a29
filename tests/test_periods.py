"""Periods partition time, labels read back, and what cannot be read is said in three parts."""

from __future__ import annotations

import datetime as dtm

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesnb.calendars import holding, weeks
from salesnb.errors import PeriodError
from salesnb.periods import GRAINS, Grain, Period

DAY = dtm.timedelta(days=1)
SINGLE: tuple[Grain, ...] = ("day", "week", "month", "quarter", "half", "year")

days = st.dates(dtm.date(1905, 1, 1), dtm.date(2990, 12, 31))
grains = st.sampled_from(SINGLE)
year_starts = st.integers(1, 12)


@st.composite
def periods(draw: st.DrawFn) -> Period:
    """A period of any grain, in any calendar, ranges included."""
    start = draw(year_starts)
    left = Period.of(draw(days), draw(grains), start)
    if not draw(st.booleans()):
        return left
    right = Period.of(left.start + dtm.timedelta(days=draw(st.integers(0, 900))), draw(grains), start)
    return Period.parse(f"{left}..{right}" if left.start < right.end else f"{right}..{left}", start)


def day(text: str) -> dtm.date:
    return dtm.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "label", "start", "end", "grain"),
    [
        ("2026", "2026", "2026-01-01", "2027-01-01", "year"),
        ("2026H1", "2026H1", "2026-01-01", "2026-07-01", "half"),
        ("2026h2", "2026H2", "2026-07-01", "2027-01-01", "half"),
        ("2026Q3", "2026Q3", "2026-07-01", "2026-10-01", "quarter"),
        ("2026-Q3", "2026Q3", "2026-07-01", "2026-10-01", "quarter"),
        ("q3 2026", "2026Q3", "2026-07-01", "2026-10-01", "quarter"),
        (" Q4/2026 ", "2026Q4", "2026-10-01", "2027-01-01", "quarter"),
        ("2026-12", "2026-12", "2026-12-01", "2027-01-01", "month"),
        ("2026M7", "2026-07", "2026-07-01", "2026-08-01", "month"),
        ("2026/7", "2026-07", "2026-07-01", "2026-08-01", "month"),
        ("2024-02", "2024-02", "2024-02-01", "2024-03-01", "month"),
        ("2026W31", "2026W31", "2026-07-27", "2026-08-03", "week"),
        ("2026-w01", "2026W01", "2025-12-29", "2026-01-05", "week"),
        ("W53 2026", "2026W53", "2026-12-28", "2027-01-04", "week"),
        ("2020W53", "2020W53", "2020-12-28", "2021-01-04", "week"),
        ("2026-07-14", "2026-07-14", "2026-07-14", "2026-07-15", "day"),
        ("2024-02-29", "2024-02-29", "2024-02-29", "2024-03-01", "day"),
        ("2026Q1..2026Q3", "2026Q1..2026Q3", "2026-01-01", "2026-10-01", "range"),
        ("2026-07 .. 2026-07-14", "2026-07..2026-07-14", "2026-07-01", "2026-07-15", "range"),
        ("2026Q3..2026Q3", "2026Q3..2026Q3", "2026-07-01", "2026-10-01", "range"),
    ],
)
def test_what_is_written_is_read(text: str, label: str, start: str, end: str, grain: str) -> None:
    period = Period.parse(text)
    assert (period.label, period.start, period.end, period.grain) == (label, day(start), day(end), grain)


@pytest.mark.parametrize(
    ("text", "year_start", "label", "start", "end"),
    [
        # The fiscal year is named after the calendar year it ends in.
        ("FY26", 2, "FY2026", "2025-02-01", "2026-02-01"),
        ("FY2026", 7, "FY2026", "2025-07-01", "2026-07-01"),
        ("fy26q1", 2, "FY2026Q1", "2025-02-01", "2025-05-01"),
        ("FY26-Q4", 2, "FY2026Q4", "2025-11-01", "2026-02-01"),
        ("Q4 FY26", 2, "FY2026Q4", "2025-11-01", "2026-02-01"),
        ("FY2026H1", 4, "FY2026H1", "2025-04-01", "2025-10-01"),
        ("FY26 H2", 4, "FY2026H2", "2025-10-01", "2026-04-01"),
        ("FY26M3", 2, "2025-04", "2025-04-01", "2025-05-01"),
        ("FY26M12", 12, "2026-11", "2026-11-01", "2026-12-01"),
        ("FY1998Q1", 12, "FY1998Q1", "1997-12-01", "1998-03-01"),
        # From January on the two calendars are one.
        ("FY26Q3", 1, "2026Q3", "2026-07-01", "2026-10-01"),
        ("FY26", 1, "2026", "2026-01-01", "2027-01-01"),
        # A plain label is a calendar one, whatever the fiscal year.
        ("2026Q3", 2, "2026Q3", "2026-07-01", "2026-10-01"),
        ("2026", 10, "2026", "2026-01-01", "2027-01-01"),
        ("FY26Q1..FY26Q2", 10, "FY2026Q1..FY2026Q2", "2025-10-01", "2026-04-01"),
    ],
)
def test_fiscal_names(text: str, year_start: int, label: str, start: str, end: str) -> None:
    period = Period.parse(text, fiscal_year_start=year_start)
    assert (period.label, period.start, period.end) == (label, day(start), day(end))
    assert period.fiscal_year_start == year_start


@pytest.mark.parametrize(
    ("text", "what", "mend"),
    [
        ("", "'' is not a period", "write 2026,"),
        ("   ", "'   ' is not a period", "write 2026,"),
        ("banana", "'banana' is not a period", "write 2026,"),
        ("Q3", "'Q3' is not a period", "write 2026,"),
        ("2026Q", "'2026Q' is not a period", "write 2026,"),
        ("2-0-2-6", "'2-0-2-6' is not a period", "write 2026,"),
        ("²026Q3", "'²026Q3' is not a period", "write 2026,"),
        ("202607", "'202607' is not a period", "did you mean '2026-07'?"),
        ("20260714", "'20260714' is not a period", "did you mean '2026-07-14'?"),
        ("07/2026", "'07/2026' is not a period", "did you mean '2026-07'?"),
        ("2026.07.14", "'2026.07.14' is not a period", "did you mean '2026-07-14'?"),
        ("26Q3", "'26Q3' is not a period", "did you mean '2026Q3'?"),
        ("3q2026", "'3q2026' is not a period", "did you mean '2026Q3'?"),
        ("Q3'26", '"Q3\'26" is not a period', "did you mean '2026Q3'?"),
        ("2026Q1:2026Q3", "'2026Q1:2026Q3' is not a period", "did you mean '2026Q1..2026Q3'?"),
        ("2026Q1...2026Q3", "'2026Q1...2026Q3' is not a period", "did you mean '2026Q1..2026Q3'?"),
        ("2026Q1 to 2026Q3", "'2026Q1 to 2026Q3' is not a period", "did you mean '2026Q1..2026Q3'?"),
        ("2026Q1..", "'' is not a period", "write 2026,"),
        ("2026Q1..2026Q2..2026Q3", "'2026Q2..2026Q3' is not a period", "write 2026,"),
        ("2026Q3..2026Q1", "'2026Q3..2026Q1' ends before it starts", "did you mean '2026Q1..2026Q3'?"),
        ("2026Q5", "'2026Q5' names number 5 of 4 quarters", "the last one is 2026Q4"),
        ("Q0 2026", "'Q0 2026' names number 0 of 4 quarters", "the last one is Q4 2026"),
        ("2026H3", "'2026H3' names number 3 of 2 halves", "the last one is 2026H2"),
        ("2026-13", "'2026-13' names number 13 of 12 months", "the last one is 2026-12"),
        ("2026-00-01", "'2026-00-01' names number 0 of 12 months", "the last one is 2026-12"),
        ("FY26M13", "'FY26M13' names number 13 of 12 months", "the last one is FY26M12"),
        ("2026-02-29", "'2026-02-29' names number 29 of 28 days", "the last one is 2026-02-28"),
        ("2025W53", "'2025W53' names number 53 of 52 weeks", "the last one is 2025W52"),
        ("2026W54", "'2026W54' names number 54 of 53 weeks", "the last one is 2026W53"),
        ("FY26W3", "'FY26W3': weeks are ISO weeks, of no fiscal year", "write 2026W03"),
        ("1899Q4", "'1899Q4' is outside the years 1900 to 2999", "write a year in between"),
        ("3000", "'3000' is outside the years 1900 to 2999", "write a year in between"),
    ],
)
def test_what_cannot_be_read_is_said_in_three_parts(text: str, what: str, mend: str) -> None:
    with pytest.raises(PeriodError) as caught:
        Period.parse(text)
    assert caught.value.what == what
    assert caught.value.where == "period"
    assert caught.value.mend.startswith(mend)


@given(st.text(alphabet="0123456789QHWMFY-. /qw", max_size=14))
def test_any_text_is_read_or_refused_with_three_parts(text: str) -> None:
    period: Period | None = None
    parts: tuple[str, ...] = ()
    try:
        period = Period.parse(text, 4)
    except PeriodError as refusal:
        parts = (refusal.what, refusal.where, refusal.mend)
    assert all(parts) if period is None else Period.parse(str(period), 4) == period
    assert period is not None or len(parts) == 3


@pytest.mark.parametrize("value", [2026, None, 2026.5, dtm.date(2026, 7, 1)])
def test_a_period_is_a_text(value: object) -> None:
    with pytest.raises(PeriodError, match="is not a period"):
        Period.parse(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("year_start", [0, 13, -1])
def test_a_fiscal_year_starts_in_one_of_twelve_months(year_start: int) -> None:
    with pytest.raises(PeriodError) as caught:
        Period.parse("FY26Q1", year_start)
    assert caught.value.where == "fiscal_year_start"
    with pytest.raises(PeriodError):
        Period.of(day("2026-01-01"), "quarter", year_start)


def test_a_period_cannot_be_made_wrong() -> None:
    first = day("2026-01-01")
    with pytest.raises(PeriodError, match="is empty"):
        Period(first, first, "x", "range")
    with pytest.raises(PeriodError, match="not a length of period"):
        Period(first, first + DAY, "x", "decade")  # type: ignore[arg-type]
    with pytest.raises(PeriodError, match="outside the years"):
        Period(day("1899-12-31"), first, "x", "range")
    with pytest.raises(PeriodError, match="outside the years"):
        _ = Period.parse("1900Q1").previous
    with pytest.raises(PeriodError, match="no one 'range' holds a day"):
        Period.of(first, "range")
    with pytest.raises(PeriodError, match="did you mean 'quarter'"):
        Period.of(first, "quarters")  # type: ignore[arg-type]
    with pytest.raises(PeriodError, match="cannot list 0 periods"):
        Period.parse("2026").last(0)


@given(periods())
def test_a_label_reads_back(period: Period) -> None:
    assert Period.parse(str(period), period.fiscal_year_start) == period


@given(days, grains, year_starts)
def test_a_day_is_in_its_period_and_in_no_neighbour(some_day: dtm.date, grain: Grain, year_start: int) -> None:
    period = Period.of(some_day, grain, year_start)
    assert some_day in period
    assert period.contains(dtm.datetime.combine(some_day, dtm.time.max))
    assert some_day not in period.previous
    assert some_day not in period.next


@given(periods())
def test_neighbours_touch_and_lead_back(period: Period) -> None:
    assert period.previous.end == period.start
    assert period.next.start == period.end
    assert period.previous.grain == period.next.grain == period.grain
    assert period.previous < period < period.next
    if period.grain != "range":
        assert period.next.previous == period == period.previous.next


@given(periods(), st.sampled_from(GRAINS))
def test_pieces_partition_the_whole(period: Period, grain: str) -> None:
    pieces = period.split(grain)  # type: ignore[arg-type]
    assert pieces[0].start == period.start
    assert pieces[-1].end == period.end
    assert [left.end for left in pieces[:-1]] == [right.start for right in pieces[1:]]
    assert sum(piece.days for piece in pieces) == period.days
    for piece in pieces:
        assert Period.parse(str(piece), period.fiscal_year_start) == piece
        assert piece.grain in (grain, "range") or pieces == (period,)


@pytest.mark.parametrize("year_start", range(1, 13))
@pytest.mark.parametrize("grain", SINGLE)
def test_a_walk_covers_every_day_once(grain: Grain, year_start: int) -> None:
    period = Period.of(day("2023-12-30"), grain, year_start)
    seen: list[dtm.date] = []
    while period.start < day("2025-01-05"):
        seen += [period.start + n * DAY for n in range(period.days)]
        period = period.next
    assert seen == [seen[0] + n * DAY for n in range(len(seen))]
    assert day("2024-02-29") in seen


@pytest.mark.parametrize("year_start", range(1, 13))
def test_a_fiscal_year_is_four_quarters_two_halves_and_twelve_months(year_start: int) -> None:
    year = Period.parse("FY26", year_start)
    ends_in = 2026  # what the year is named after
    assert year.last_day.year == ends_in
    assert year.start.month == year_start
    name = "2026" if year_start == 1 else "FY2026"
    assert [str(piece) for piece in year.split("quarter")] == [f"{name}Q{n}" for n in (1, 2, 3, 4)]
    assert [str(piece) for piece in year.split("half")] == [f"{name}H{n}" for n in (1, 2)]
    assert [piece.start.month for piece in year.split("month")] == [(year_start - 1 + n) % 12 + 1 for n in range(12)]
    assert year.split("month") == tuple(Period.parse(f"FY26M{n}", year_start) for n in range(1, 13))


def test_pieces_that_do_not_fit_are_cut() -> None:
    weeks_of_quarter = [str(piece) for piece in Period.parse("2026Q3").split("week")]
    assert weeks_of_quarter[:2] == ["2026-07-01..2026-07-05", "2026W28"]
    assert weeks_of_quarter[-2:] == ["2026W39", "2026-09-28..2026-09-30"]
    assert Period.parse("2026-07").split("quarter") == (Period.parse("2026-07"),)
    assert Period.parse("2026-07-15..2026-07-31").split("month") == (Period.parse("2026-07-15..2026-07-31"),)
    assert [str(p) for p in Period.parse("2026-03..2026-04").split("quarter")] == [
        "2026-03-01..2026-03-31",
        "2026-04-01..2026-04-30",
    ]
    assert [str(p) for p in Period.parse("2026", 4).split("half")] == ["2026H1", "2026H2"]


@pytest.mark.parametrize(
    ("text", "previous", "next_", "year_ago"),
    [
        ("2026Q1", "2025Q4", "2026Q2", "2025Q1"),
        ("2026H1", "2025H2", "2026H2", "2025H1"),
        ("2026-01", "2025-12", "2026-02", "2025-01"),
        ("2024-02", "2024-01", "2024-03", "2023-02"),
        ("2024", "2023", "2025", "2023"),
        ("2026-01-01", "2025-12-31", "2026-01-02", "2025-01-01"),
        ("2024-02-29", "2024-02-28", "2024-03-01", "2023-02-28"),
        ("2026W01", "2025W52", "2026W02", "2025W01"),
        ("2021W01", "2020W53", "2021W02", "2020W01"),
        # 2025 has no week 53: 28 December 2026 less 364 days is 29 December 2025, a Monday of 2026W01.
        ("2026W53", "2026W52", "2027W01", "2026W01"),
        ("FY26Q1", "FY2025Q4", "FY2026Q2", "FY2025Q1"),
        ("2025Q3..2026Q2", "2024Q3..2025Q2", "2026Q3..2027Q2", "2024Q3..2025Q2"),
        ("FY26Q1..FY26Q2", "FY2025Q3..FY2025Q4", "FY2026Q3..FY2026Q4", "FY2025Q1..FY2025Q2"),
        ("2026-01-01..2026-01-31", "2025-12-01..2025-12-31", "2026-02-01..2026-03-03", "2025-01-01..2025-01-31"),
        ("2023-03-01..2024-02-29", "2022-02-28..2023-02-28", "2024-03-01..2025-03-01", "2022-03-01..2023-02-28"),
        # Ends that differ move by days: 92 + 31 = 123 of them.
        ("2026Q3..2026-10", "2026-02-28..2026-06-30", "2026-11-01..2027-03-03", "2025-07-01..2025-10-31"),
    ],
)
def test_neighbours_and_the_year_before(text: str, previous: str, next_: str, year_ago: str) -> None:
    period = Period.parse(text, 2)
    assert (str(period.previous), str(period.next), str(period.year_ago)) == (previous, next_, year_ago)


@given(periods())
def test_the_year_before_is_about_a_year_before(period: Period) -> None:
    ago = period.year_ago
    assert dtm.timedelta(days=358) <= period.start - ago.start <= dtm.timedelta(days=371)
    assert abs(period.days - ago.days) <= 8  # a leap day, or a week more in one of the years
    assert ago.grain == period.grain


def test_the_last_periods_end_with_this_one() -> None:
    assert [str(p) for p in Period.parse("2026Q2").last(4)] == ["2025Q3", "2025Q4", "2026Q1", "2026Q2"]
    assert Period.parse("2026W02").last(1) == (Period.parse("2026W02"),)


def test_a_range_expands_to_its_periods() -> None:
    assert [str(p) for p in Period.expand("2025Q3..2026Q2")] == ["2025Q3", "2025Q4", "2026Q1", "2026Q2"]
    assert [str(p) for p in Period.expand("2025W51..2026W02")] == ["2025W51", "2025W52", "2026W01", "2026W02"]
    assert [str(p) for p in Period.expand("FY25Q4..FY26Q1", 4)] == ["FY2025Q4", "FY2026Q1"]
    assert Period.expand("2026Q3") == (Period.parse("2026Q3"),)
    with pytest.raises(PeriodError) as caught:
        Period.expand("2025Q3..2026-02")
    assert caught.value.what.startswith("'2025Q3..2026-02' joins a quarter and a month")
    assert caught.value.mend == "write both ends alike, as in 2025Q1..2026Q3"


def test_complete_is_when_its_last_day_is_known() -> None:
    quarter = Period.parse("2026Q3")
    assert quarter.last_day == day("2026-09-30")
    assert [quarter.is_complete(day(d)) for d in ("2026-09-29", "2026-09-30", "2026-10-01")] == [False, True, True]
    assert quarter.is_complete(dtm.datetime(2026, 9, 30, 0, 0))
    assert quarter.days == 31 + 31 + 30


def test_periods_are_values() -> None:
    assert Period.parse("2026Q3") == Period.parse("Q3 2026")
    assert Period.parse("FY26Q3", 1) == Period.parse("2026Q3", 7)
    assert Period.parse("FY26Q3", 2) != Period.parse("FY26Q3", 3)
    assert len({Period.parse("2026Q3"), Period.parse("2026q3", 5)}) == 1
    assert sorted([Period.parse("2026Q2"), Period.parse("2025Q4"), Period.parse("2026Q1")])[0].label == "2025Q4"


@given(st.integers(1905, 2990))
def test_a_year_has_as_many_weeks_as_thursdays(year: int) -> None:
    assert holding(dtm.date(year, 12, 28), "week", 1).label == f"{year}W{weeks(year)}"
    assert holding(dtm.date(year, 1, 4), "week", 1).label == f"{year}W01"
    in_year = [dtm.date(year, 1, 1) + n * DAY for n in range(365 + (dtm.date(year, 3, 1) - DAY).day - 28)]
    assert weeks(year) == sum(d.weekday() == 3 for d in in_year)  # a week belongs to the year of its Thursday
