"""Trading: the holidays that lie in each step, and how many days of it count."""

from __future__ import annotations

import datetime as dtm

import numpy as np

from salesnb.errors import ContractError, ParameterError
from salesnb.forecast.frequency import Dates, Frequency, Numbers
from salesnb.forecast.patterns import Floats

WEEKDAYS, ALL_DAYS = "weekdays", "days"


def holidays_of(country: str, step: Frequency, steps: Numbers) -> tuple[Floats, tuple[str, ...]]:
    """Return how many days of each holiday of a country lie in each step.

    Returns
    -------
    tuple
        One row a step and one column a holiday that lies in at least one of them; and their names.

    Raises
    ------
    ContractError
        The country is not known.
    """
    rows = [(day, name) for day, names in _days_of(country, step, steps) for name in names.split("; ")]
    when = step.numbers(np.array([day for day, _ in rows], dtype="datetime64[ns]"))
    names = sorted({name for _, name in rows})
    made = np.zeros((len(steps), len(names)))
    for number, (_, name) in zip(when, rows, strict=True):
        if steps[0] <= number <= steps[-1]:
            made[number - steps[0], names.index(name)] += 1
    kept = [place for place in range(len(names)) if made[:, place].any()]
    return made[:, kept], tuple(names[place] for place in kept)


def _days_of(country: str, step: Frequency, steps: Numbers) -> list[tuple[dtm.date, str]]:
    import holidays

    edges = step.dates(np.array([steps[0] - 1, steps[-1] + 1])).astype("datetime64[Y]").astype(int) + 1970
    try:
        days = holidays.country_holidays(country, years=range(int(edges[0]), int(edges[1]) + 1), language="en_US")
    except NotImplementedError:
        raise ContractError(
            f"no holidays are known of {country!r}", where="holidays", mend="give a country's code, as US or DE"
        ) from None
    return [(day, str(names)) for day, names in days.items()]


def trading_days(which: str, step: Frequency, steps: Numbers) -> Floats:
    """Return how many days of each step count.

    Parameters
    ----------
    which
        ``weekdays``, Monday to Friday; ``days``, all of them; or a country, the weekdays that are no holiday there.
    step, steps
        The frequency, and the number of each step.

    Raises
    ------
    ContractError
        The country is not known.
    ParameterError
        The steps are days or hours.
    """
    if step.unit in "hD":
        raise ParameterError(
            "a day has no trading days to count", where="trading days",
            mend="leave it out, or take weeks or months; the week of days is found by itself",
        )  # fmt: skip
    starts = first_days(step, np.append(steps, steps[-1] + 1))
    closed: list[dtm.date] = []
    if which not in (WEEKDAYS, ALL_DAYS):
        closed = [day for day, _ in _days_of(which, step, steps)]
    mask = "1111111" if which == ALL_DAYS else "1111100"
    return np.busday_count(starts[:-1], starts[1:], weekmask=mask, holidays=closed).astype(np.float64)


def first_days(step: Frequency, steps: Numbers) -> Dates:
    """Return the first day of each step, whatever day it is dated by."""
    if not step.is_end:
        return np.asarray(step.dates(steps).astype("datetime64[D]"))
    return np.asarray(step.dates(steps - 1).astype("datetime64[D]") + np.timedelta64(1, "D"))
