"""Period: a half-open span of days, with the calendar it belongs to.

==================  =====================================================================================
written             read as
==================  =====================================================================================
``2026``            a calendar year
``2026H1``          its first half
``2026Q3``          its third quarter; also ``2026-Q3``, ``2026q3``, ``Q3 2026``
``2026-07``         a month
``2026W31``         an ISO week, Monday to Sunday
``2026-07-14``      a day
``FY26``            the fiscal year that ends in 2026; also ``FY2026``, ``FY26H1``, ``FY26Q1``, ``FY26M3``
``2026-07..2026Q4`` from the first day of the left to the last day of the right, each side any of the above
==================  =====================================================================================

Every span is half-open, ``[start, end)``, so that periods of one grain partition time. A plain quarter, half or year
is a calendar one whatever the fiscal year is; ``FY`` says fiscal. Where the fiscal year starts in January the two
are one, and the plain label is used.
"""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass, field

from salesnb import calendars
from salesnb.calendars import DAY, FIRST_YEAR, GRAINS, LAST_YEAR, Grain, refuse
from salesnb.errors import did_you_mean

__all__ = ["GRAINS", "Grain", "Period"]


@dataclass(frozen=True, order=True)
class Period:
    """A half-open span of days ``[start, end)``.

    Attributes
    ----------
    start, end
        The first day, and the first day after the last.
    label
        The text that stands for it; ``Period.parse(label, fiscal_year_start)`` gives the period back.
    grain
        ``day``, ``week``, ``month``, ``quarter``, ``half``, ``year`` or ``range``.
    fiscal_year_start
        The month, 1 to 12, that fiscal labels are counted from. Periods that agree in all else are equal.

    Raises
    ------
    PeriodError
        The span is empty, outside the years 1900 to 2999, or of an unknown grain or fiscal year.
    """

    start: dtm.date
    end: dtm.date
    label: str
    grain: Grain
    fiscal_year_start: int = field(default=1, compare=False)

    def __post_init__(self) -> None:
        _check_calendar(self.fiscal_year_start)
        if self.grain not in GRAINS:
            refuse(f"{self.grain!r} is not a length of period", "grain", did_you_mean(str(self.grain), GRAINS))
        if self.start >= self.end:
            refuse(
                f"{self.label!r} is empty: it would start on {self.start} and end before {self.end}",
                "period",
                "let the end come after the start",
            )
        if self.start.year < FIRST_YEAR or self.last_day.year > LAST_YEAR:
            refuse(f"{self.label!r} is outside the years {FIRST_YEAR} to {LAST_YEAR}", "period", "stay inside them")

    @classmethod
    def parse(cls, text: str, fiscal_year_start: int = 1) -> Period:
        """Read a period as a person writes it; the forms are listed at the top of this module.

        Raises
        ------
        PeriodError
            The text is none of them, or names a day, month, quarter or week that its year has not.

        Examples
        --------
        >>> period = Period.parse("q3 2026")
        >>> period.label, period.start.isoformat(), period.end.isoformat()
        ('2026Q3', '2026-07-01', '2026-10-01')
        >>> print(Period.parse("FY26Q1", fiscal_year_start=2), Period.parse("FY26Q1", 2).start)
        FY2026Q1 2025-02-01
        >>> Period.parse("2026-07..2026-08").days
        62
        """
        _check_calendar(fiscal_year_start)
        if not isinstance(text, str):
            calendars.not_a_period(text)
        left, dots, right = text.partition("..")
        if dots and right.startswith("."):
            calendars.not_a_period(text)
        if dots:
            return _span(_unit(left, fiscal_year_start), _unit(right, fiscal_year_start))
        return _unit(text, fiscal_year_start)

    @classmethod
    def of(cls, day: dtm.date, grain: Grain, fiscal_year_start: int = 1) -> Period:
        """Return the period of that grain which holds a day.

        Parameters
        ----------
        day, grain
            A day, or a moment, of which the day counts; any grain but ``range``.
        fiscal_year_start
            Quarters, halves and years are fiscal ones unless this is 1.

        Examples
        --------
        >>> import datetime as dtm
        >>> str(Period.of(dtm.date(2026, 1, 31), "quarter")), str(Period.of(dtm.date(2026, 1, 31), "quarter", 2))
        ('2026Q1', 'FY2026Q4')
        """
        _check_calendar(fiscal_year_start)
        unit = calendars.holding(_date(day), grain, fiscal_year_start)
        return cls(unit.start, unit.end, unit.label, unit.grain, fiscal_year_start)

    @classmethod
    def expand(cls, text: str, fiscal_year_start: int = 1) -> tuple[Period, ...]:
        """Read ``"2025Q1..2026Q3"`` as its periods one by one, oldest first; a single period as itself.

        Raises
        ------
        PeriodError
            The text is not a period, or its ends differ in grain or calendar.
        """
        period = cls.parse(text, fiscal_year_start)
        if period.grain != "range":
            return (period,)
        left, right = period._ends()
        if not left._is_like(right):
            refuse(
                f"{text!r} joins a {left.grain} and a {right.grain}, so it does not say which periods are meant",
                "period",
                "write both ends alike, as in 2025Q1..2026Q3",
            )
        return period.split(left.grain)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days

    @property
    def last_day(self) -> dtm.date:
        """The last day that belongs to it."""
        return self.end - DAY

    @property
    def is_fiscal(self) -> bool:
        """Whether it is counted by a fiscal year that is not the calendar year."""
        return "FY" in self.label

    @property
    def previous(self) -> Period:
        """The period of the same length that ends where this one starts.

        A range of like ends moves by as many of them (``2025Q3..2026Q2`` to ``2024Q3..2025Q2``), any other range
        by its days.
        """
        return self._moved(-1)

    @property
    def next(self) -> Period:
        """The period of the same length that starts where this one ends; a range moves as in ``previous``."""
        return self._moved(1)

    @property
    def year_ago(self) -> Period:
        """The same period of the year before, for comparison.

        A week is the ISO week of the same number, and week 53 the week 52 weeks back where the year before had
        only 52. 29 February is compared with 28 February. The ends of a range move alike.
        """
        if self.grain == "range":
            left, right = self._ends()
            if left._is_like(right):
                return _span(left.year_ago, right.year_ago)
            return _span(*(self._like(calendars.year_before(day), "day") for day in (self.start, self.last_day)))
        if self.grain == "week":
            year, week, _ = self.start.isocalendar()
            is_there = week <= calendars.weeks(year - 1)
            monday = dtm.date.fromisocalendar(year - 1, week, 1) if is_there else self.start - 52 * 7 * DAY
            return self._like(monday, "week")
        return self._like(calendars.year_before(self.start), self.grain)

    def contains(self, day: dtm.date) -> bool:
        """Tell whether a day, or the day of a moment, belongs to it; ``day in period`` says the same."""
        return self.start <= _date(day) < self.end

    def __contains__(self, day: dtm.date) -> bool:
        return self.contains(day)

    def is_complete(self, as_of: dtm.date) -> bool:
        """Tell whether its last day is known when all that is known ends with the day ``as_of``."""
        return self.last_day <= _date(as_of)

    def split(self, grain: Grain) -> tuple[Period, ...]:
        """Cut it into periods of a grain that partition it, oldest first.

        Where it does not start or end at the border of such a period, the first or last piece is the part that
        lies inside, as a range of days. A fiscal period is cut into fiscal quarters, halves and years.

        Examples
        --------
        >>> [str(piece) for piece in Period.parse("2026Q3").split("month")]
        ['2026-07', '2026-08', '2026-09']
        >>> [str(piece) for piece in Period.parse("2026-02-26..2026-03-09").split("week")]
        ['2026-02-26..2026-03-01', '2026W10', '2026-03-09..2026-03-09']
        """
        if grain in ("range", self.grain):
            return (self,)
        pieces = []
        day = self.start
        while day < self.end:
            whole = self._like(day, grain)
            first, last = max(whole.start, self.start), min(whole.last_day, self.last_day)
            if (first, last) == (whole.start, whole.last_day):
                pieces.append(whole)
            elif (first, last) == (self.start, self.last_day):
                return (self,)
            else:
                pieces.append(_span(self._like(first, "day"), self._like(last, "day")))
            day = last + DAY
        return tuple(pieces)

    def last(self, n: int) -> tuple[Period, ...]:
        """Return the ``n`` periods of this length up to and with this one, oldest first.

        Raises
        ------
        PeriodError
            ``n`` is less than 1.
        """
        if n < 1:
            refuse(f"cannot list {n} periods", "n", "ask for one or more")
        periods = [self]
        while len(periods) < n:
            periods.append(periods[-1].previous)
        return tuple(reversed(periods))

    def __str__(self) -> str:
        return self.label

    def _ends(self) -> tuple[Period, Period]:
        left, _, right = self.label.partition("..")
        return _unit(left, self.fiscal_year_start), _unit(right, self.fiscal_year_start)

    def _is_like(self, other: Period) -> bool:
        return (self.grain, self.is_fiscal) == (other.grain, other.is_fiscal)

    def _like(self, day: dtm.date, grain: Grain) -> Period:
        """Return the period of a grain that holds a day, fiscal or not as this one is."""
        unit = calendars.holding(day, grain, self.fiscal_year_start if self.is_fiscal else 1)
        return Period(unit.start, unit.end, unit.label, unit.grain, self.fiscal_year_start)

    def _moved(self, by: int) -> Period:
        if self.grain != "range":
            return self._like(self.end if by > 0 else self.start - DAY, self.grain)
        left, right = self._ends()
        if left._is_like(right) and left.grain != "day":
            for _ in self.split(left.grain):
                left, right = left._moved(by), right._moved(by)
            return _span(left, right)
        step = by * self.days * DAY
        return _span(self._like(self.start + step, "day"), self._like(self.last_day + step, "day"))


def _check_calendar(fiscal_year_start: int) -> None:
    if fiscal_year_start not in range(1, 13):
        refuse(
            f"the fiscal year cannot start in month {fiscal_year_start!r}",
            "fiscal_year_start",
            "give the month's number, 1 for January to 12 for December",
        )


def _date(day: dtm.date) -> dtm.date:
    return day.date() if isinstance(day, dtm.datetime) else day


def _unit(text: str, fiscal_year_start: int) -> Period:
    unit = calendars.read(text, fiscal_year_start)
    return Period(unit.start, unit.end, unit.label, unit.grain, fiscal_year_start)


def _span(left: Period, right: Period) -> Period:
    label = f"{left.label}..{right.label}"
    if left.start >= right.end:
        refuse(f"{label!r} ends before it starts", "period", f"did you mean '{right.label}..{left.label}'?")
    return Period(left.start, right.end, label, "range", left.fiscal_year_start)
