"""Frequency: hours, days, weeks, months, quarters and years as whole numbers, and back to dates.

Every step of a frequency has a number, and the step after it the next one, so that a gap is a number that is missing
and two rows of one step have one number. Frequencies are written as pandas and Nixtla write them: ``MS``, ``W-FRI``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from salesnb.errors import ParameterError, did_you_mean

Dates = npt.NDArray[np.datetime64]
Numbers = npt.NDArray[np.int64]

DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_SEASONS = {"h": 24, "D": 7, "W": 52, "M": 12, "Q": 4, "Y": 1}
_STEPS = {"M": 1, "Q": 3, "Y": 12}
_WRITTEN = re.compile(r"(?P<unit>h|H|D|W|M|Q|Y|A)(?P<end>[SE]?)(?:-(?P<anchor>[A-Z]{3}))?", re.ASCII)
_KNOWN = "h, D, W, W-FRI, MS, ME, QS, QE, YS and YE"
_MONDAY = np.datetime64("1970-01-05", "D")


@dataclass(frozen=True)
class Frequency:
    """A length of step.

    Attributes
    ----------
    name
        As it was written: ``MS``.
    unit
        ``h``, ``D``, ``W``, ``M``, ``Q`` or ``Y``.
    is_end
        Whether a step is dated by its last day rather than by its first.
    anchor
        Of weeks the day that dates them, 0 for Monday; of quarters and years the months by which they start late.
    """

    name: str
    unit: str
    is_end: bool = False
    anchor: int = 0

    @property
    def season(self) -> int:
        """The steps after which a pattern returns: 24 hours, 7 days, 52 weeks, 12 months, 4 quarters, else 1."""
        return _SEASONS[self.unit]

    @classmethod
    def parse(cls, text: str) -> Frequency:
        """Read a frequency.

        Raises
        ------
        ParameterError
            It is none that is known.

        Examples
        --------
        >>> Frequency.parse("MS").season, Frequency.parse("W-FRI").anchor
        (12, 4)
        """
        match = _WRITTEN.fullmatch(str(text).strip())
        if match is None:
            known = [one.strip() for one in re.split(r",| and ", _KNOWN)]
            near = did_you_mean(str(text), known)
            mend = near if near.startswith("did") else f"write one of {_KNOWN}"
            raise ParameterError(f"{text!r} is no frequency", where="freq", mend=mend)
        unit, end, anchor = match["unit"].replace("A", "Y").replace("H", "h"), match["end"], match["anchor"]
        allowed = {"W": DAYS, "Q": MONTHS, "Y": MONTHS}.get(unit, ())
        if (anchor and anchor not in allowed) or (end and unit in "hDW"):
            raise ParameterError(f"{text!r} is no frequency", where="freq", mend=f"write one of {_KNOWN}")
        is_end = unit in _STEPS and end != "S"
        if unit == "W":
            return cls(text, unit, is_end=True, anchor=DAYS.index(anchor) if anchor else 6)
        if unit in ("Q", "Y"):
            month = MONTHS.index(anchor) if anchor else (11 if is_end else 0)
            return cls(text, unit, is_end, (month + is_end) % _STEPS[unit])
        return cls(text, unit, is_end)

    @classmethod
    def of(cls, dates: Dates) -> Frequency:
        """Tell the frequency of dates that rise, by the middle of the gaps between them.

        Raises
        ------
        ParameterError
            There are fewer than two, or no frequency has such gaps.
        """
        days = np.diff(np.unique(dates)) / np.timedelta64(1, "D")
        if not len(days):
            raise ParameterError("one date does not tell how long a step is", where="freq", mend=f"say which: {_KNOWN}")
        gap = float(np.median(days))
        for unit, least, most in (("h", 1 / 24, 1 / 24), ("D", 1, 1), ("W", 7, 7), ("M", 28, 31), ("Q", 89, 92),
                                  ("Y", 365, 366)):  # fmt: skip
            if least - 1e-6 <= gap <= most + 1e-6:
                return cls._dated(unit, dates)
        raise ParameterError(
            f"the dates lie {gap:.3g} days apart, which is no frequency", where="freq", mend=f"say which: {_KNOWN}"
        )

    @classmethod
    def _dated(cls, unit: str, dates: Dates) -> Frequency:
        if unit == "W":
            weekdays = ((dates.astype("datetime64[D]") - _MONDAY) / np.timedelta64(1, "D")).astype(int) % 7
            day = int(np.bincount(weekdays).argmax())
            return cls(f"W-{DAYS[day]}", unit, is_end=True, anchor=day)
        if unit not in _STEPS:
            return cls(unit, unit)
        after = dates.astype("datetime64[D]") + np.timedelta64(1, "D")
        is_end = bool(np.all(after.astype("datetime64[M]") > dates.astype("datetime64[M]")))
        months = dates.astype("datetime64[M]").astype(np.int64) + is_end
        anchor = int(np.bincount(months % _STEPS[unit]).argmax())
        suffix = "" if anchor == 0 or unit == "M" else f"-{MONTHS[(anchor - is_end) % 12]}"
        return cls(f"{unit}{'E' if is_end else 'S'}{suffix}", unit, is_end, anchor)

    def numbers(self, dates: Dates) -> Numbers:
        """Return the number of the step that each date lies in."""
        days = dates.astype("datetime64[D]")
        if self.unit == "h":
            return dates.astype("datetime64[h]").astype(np.int64)
        if self.unit == "D":
            return days.astype(np.int64)
        if self.unit == "W":
            since: Any = (days - _MONDAY) / np.timedelta64(1, "D")
            return np.asarray((since.astype(np.int64) - self.anchor - 1) // 7, dtype=np.int64)
        return np.asarray((days.astype("datetime64[M]").astype(np.int64) - self.anchor) // _STEPS[self.unit], np.int64)

    def dates(self, numbers: Numbers) -> Dates:
        """Return the date that stands for each step: its first day, or its last."""
        whole = np.asarray(numbers, dtype=np.int64)
        if self.unit in "hD":
            return whole.astype(f"datetime64[{self.unit}]").astype("datetime64[ns]")
        if self.unit == "W":
            return (_MONDAY + (whole * 7 + self.anchor + 7).astype("timedelta64[D]")).astype("datetime64[ns]")
        months = (whole + self.is_end) * _STEPS[self.unit] + self.anchor
        first = months.astype("datetime64[M]").astype("datetime64[D]")
        return (first - np.timedelta64(int(self.is_end), "D")).astype("datetime64[ns]")
