"""Calendars: the names of days, weeks, months, quarters, halves and years, written and read.

A name goes with a first day, and back: ``name_of(2026-07-01, "quarter", 1)`` is ``2026Q3``, and ``read("2026Q3", 1)``
is that quarter's first day. A calendar is told by the month its year starts in; where that is not January the names
of its years begin with ``FY`` and are those of the calendar year the year ends in. Weeks are ISO weeks everywhere.
"""

from __future__ import annotations

import datetime as dtm
import re
from dataclasses import dataclass
from typing import Literal, NoReturn, get_args

from salesnb.errors import PeriodError, did_you_mean

Grain = Literal["day", "week", "month", "quarter", "half", "year", "range"]

GRAINS: tuple[str, ...] = get_args(Grain)
FIRST_YEAR, LAST_YEAR = 1900, 2999
DAY = dtm.timedelta(days=1)

_MONTHS: dict[str, int] = {"month": 1, "quarter": 3, "half": 6, "year": 12}
_PLURALS = {"month": "months", "quarter": "quarters", "half": "halves"}
_LETTERS: dict[str, Grain] = {"M": "month", "Q": "quarter", "H": "half", "W": "week"}
_FORMS = "write 2026, 2026H1, 2026Q3, 2026-07, 2026W31, 2026-07-14 or FY26Q1, or two of them joined by '..'"

_YEAR, _FISCAL = r"(?P<year>\d{4})", r"FY[-_ ]?(?P<year>\d{4}|\d\d)"
_NTH, _GAP = r"(?P<letter>[MQHW])(?P<nth>\d{1,2})", r"[-_ /]?"
_PATTERNS = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        _YEAR,
        _FISCAL,
        *(f"{year}{_GAP}{_NTH}" for year in (_YEAR, _FISCAL)),
        *(f"{_NTH}{_GAP}{year}" for year in (_YEAR, _FISCAL)),
        rf"{_YEAR}[-/](?P<month>\d{{1,2}})(?:[-/](?P<day>\d{{1,2}}))?",
    )
)
# What people write instead, and what they mean by it.
_SLIPS = tuple(
    (re.compile(pattern, re.ASCII), meant)
    for pattern, meant in (
        (r"(\d{4})(0[1-9]|1[0-2])", r"\1-\2"),
        (r"(0?[1-9]|1[0-2])[-/.](\d{4})", r"\2-\1"),
        (r"(\d{4})(\d\d)(\d\d)", r"\1-\2-\3"),
        (r"(\d{4})\.(\d\d?)\.(\d\d?)", r"\1-\2-\3"),
        (r"(\d\d)[-_ /]?([QHW]\d\d?)", r"20\1\2"),
        (r"(\d)([QH])[-_ /]?(\d{4})", r"\3\2\1"),
        (r"([QHW]\d\d?)[-_ /']*(\d\d)", r"20\2\1"),
        (r"(.*\d)\s*(?:\.{3,}|:|\bTO\b|\u2013|\u2026|--)\s*(.*\d)", r"\1..\2"),
    )
)


@dataclass(frozen=True)
class Unit:
    """One day, week, month, quarter, half or year of a calendar.

    Attributes
    ----------
    start, end
        The first day, and the first day after the last.
    label
        Its name, which :func:`read` reads back.
    grain
        Which of these it is.
    """

    start: dtm.date
    end: dtm.date
    label: str
    grain: Grain


def holding(day: dtm.date, grain: Grain, year_start: int) -> Unit:
    """Return the unit of a grain that a day lies in.

    Parameters
    ----------
    day
        The day.
    grain
        ``day``, ``week``, ``month``, ``quarter``, ``half`` or ``year``.
    year_start
        The month, 1 to 12, in which the calendar's year starts. Months have their plain names in any calendar.

    Raises
    ------
    PeriodError
        The grain is none of these.
    """
    if grain == "day":
        return Unit(day, day + DAY, day.isoformat(), grain)
    if grain == "week":
        year, week, weekday = day.isocalendar()
        monday = day - (weekday - 1) * DAY
        return Unit(monday, monday + 7 * DAY, f"{year}W{week:02d}", grain)
    if grain not in _MONTHS:
        refuse(f"no one {grain!r} holds a day", "grain", did_you_mean(str(grain), [g for g in GRAINS if g != "range"]))
    first = year_start if grain != "month" else 1
    months = _MONTHS[grain]
    since = day.year * 12 + day.month - first  # months since the first month of the year that started in year 0
    year, nth = since // 12, since % 12 // months
    start = year * 12 + first - 1 + nth * months
    name = f"FY{year + 1}" if first != 1 else f"{year}"
    ending = {"month": f"-{nth + 1:02d}", "quarter": f"Q{nth + 1}", "half": f"H{nth + 1}", "year": ""}[grain]
    return Unit(_month(start), _month(start + months), name + ending, grain)


def read(text: str, fiscal_year_start: int) -> Unit:
    """Read the name of a unit as a person writes it.

    Raises
    ------
    PeriodError
        The text is not such a name, or names a day, week, month or quarter that its year has not.
    """
    plain = text.strip().upper()
    match = next((found for pattern in _PATTERNS if (found := pattern.fullmatch(plain))), None)
    if match is None:
        not_a_period(text)
    parts = match.groupdict()
    is_fiscal = "FY" in plain
    year = int(parts["year"]) + (2000 if len(parts["year"]) == 2 else 0)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        refuse(f"{text!r} is outside the years {FIRST_YEAR} to {LAST_YEAR}", "period", "write a year in between")
    if "month" in parts:
        return _read_day(text, year, int(parts["month"]), parts["day"])
    grain: Grain = _LETTERS[parts["letter"]] if "letter" in parts else "year"
    nth = int(parts.get("nth") or 1)
    if grain == "week":
        if is_fiscal:
            refuse(f"{text!r}: weeks are ISO weeks, of no fiscal year", "period", f"write {year}W{nth:02d}")
        _within(text, nth, weeks(year), "weeks", f"{year}W{weeks(year)}")
        return holding(dtm.date.fromisocalendar(year, nth, 1), "week", 1)
    if "nth" in parts:
        count = 12 // _MONTHS[grain]
        last = f"{plain[: match.start('nth')]}{count}{plain[match.end('nth') :]}"
        _within(text, nth, count, _PLURALS[grain], last)
    first = fiscal_year_start if is_fiscal else 1
    start = (year - (first != 1)) * 12 + first - 1 + (nth - 1) * _MONTHS[grain]
    return holding(_month(start), grain, first)


def _read_day(text: str, year: int, month: int, day: str | None) -> Unit:
    _within(text, month, 12, "months", f"{year}-12")
    if day is None:
        return holding(dtm.date(year, month, 1), "month", 1)
    last = (_month(year * 12 + month) - DAY).day
    _within(text, int(day), last, "days", f"{year}-{month:02d}-{last}")
    return holding(dtm.date(year, month, int(day)), "day", 1)


def _within(text: str, nth: int, count: int, noun: str, last: str) -> None:
    if not 1 <= nth <= count:
        refuse(f"{text!r} names number {nth} of {count} {noun}", "period", f"the last one is {last}")


def _month(number: int) -> dtm.date:
    """Return the first day of a month counted from January of year 0."""
    return dtm.date(number // 12, number % 12 + 1, 1)


def weeks(year: int) -> int:
    """Count the ISO weeks of a year; 28 December is always in the last.

    Examples
    --------
    >>> weeks(2025), weeks(2026)
    (52, 53)
    """
    return dtm.date(year, 12, 28).isocalendar().week


def year_before(day: dtm.date) -> dtm.date:
    """Return the same day of the year before; 28 February for 29 February."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def not_a_period(text: object) -> NoReturn:
    """Say that a text is no period, with what was probably meant.

    Raises
    ------
    PeriodError
        Always.
    """
    plain = text.strip().upper() if isinstance(text, str) else ""
    for pattern, meant in _SLIPS:
        match = pattern.fullmatch(plain)
        if match:
            refuse(f"{text!r} is not a period", "period", f"did you mean {match.expand(meant)!r}?")
    refuse(f"{text!r} is not a period", "period", _FORMS)


def refuse(what: str, where: str, mend: str) -> NoReturn:
    """Raise PeriodError with its three parts.

    Raises
    ------
    PeriodError
        Always.
    """
    raise PeriodError(what, where=where, mend=mend)
