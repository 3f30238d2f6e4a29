"""Restate: compare two runs number by number, and divide each change by what caused it.

Where the two runs differ in one kind of input, all of a change is its. Else the number is computed again by the present
code on the data that the runs kept (:mod:`salesnb.run.copies`), along the path that
:mod:`salesnb.analysis.restatement` describes. Where a copy is gone, or the present code does not give what a run of the
same code gave, the change is left undivided, and the reason says so.
"""

from __future__ import annotations

import datetime as dtm
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesnb.analysis.restatement import COLUMNS, KEYS, PARTS, Restatement, divided
from salesnb.errors import UnknownKpi, did_you_mean
from salesnb.formats import is_missing, listed
from salesnb.kpis.definitions import definitions
from salesnb.run.diffing import Key, PastRun, inputs_between
from salesnb.run.inputs import package_digest
from salesnb.run.manifest import versions
from salesnb.run.recomputing import Copies, Value

if TYPE_CHECKING:
    from salesnb.data.book import Book

_ALIKE = 1e-12
_AGAIN = 1e-9
"""How near a number that is computed again has to be: an engine may sum binary fractions in another order."""
_WORDS = {"data": "data", "params": "parameters", "code": "code"}


def restate(
    earlier: PastRun, later: PastRun, *, kpi: str | None = None, load: Callable[[Path], Book] | None = None
) -> Restatement:
    """Compare two runs number by number.

    Parameters
    ----------
    earlier, later
        The runs.
    kpi
        Only the numbers of this KPI, as ``win_rate`` or ``win_rate.closed``.
    load
        How the kept data is read; :func:`salesnb.data.stored.load` where it is None.

    Raises
    ------
    UnknownKpi
        Neither run has a number of that KPI.
    RefusedForSafety
        The kept data is a link.
    """
    comparison = _Comparison(earlier, later, Copies((earlier, later), load))
    rows = [comparison.row(key) for key in comparison.keys(kpi)]
    tables, examples, notes = comparison.data()
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    order = sorted(range(len(rows)), key=lambda place: _rank(rows[place]))
    return Restatement(
        period=later.period,
        earlier=earlier.ended,
        later=later.ended,
        currency=str(later.results.get("currency") or ""),
        numbers=frame.iloc[order].reset_index(drop=True),
        inputs=inputs_between(earlier, later),
        tables=tables,
        rows=examples,
        notes=(*notes, *_undivided(frame)),
    )


@dataclass
class _Comparison:
    """Two runs while they are compared."""

    earlier: PastRun
    later: PastRun
    copies: Copies
    present: dict[str, Any] = field(default_factory=lambda: {"the package": package_digest(), **versions()})

    def keys(self, kpi: str | None) -> list[Key]:
        """Return the numbers to compare, in the order of the later run, then those that vanished."""
        every = list(dict.fromkeys([*self.later.numbers, *self.earlier.numbers]))
        if kpi is None:
            return every
        found = [key for key in every if kpi in (key[0], f"{key[0]}.{key[1]}")]
        if not found:
            known = sorted({f"{key[0]}.{key[1]}" for key in every} | {key[0] for key in every})
            raise UnknownKpi(f"neither run has a number of {kpi!r}", where=kpi, mend=did_you_mean(kpi, known))
        return found

    def row(self, key: Key) -> dict[str, Any]:
        """Return one row of the restatement."""
        before, after = self.earlier.numbers.get(key), self.later.numbers.get(key)
        old, new = _value(before), _value(after)
        unit = str((after or before or {}).get("unit") or "number")
        row = {**dict(zip(KEYS, key, strict=True)), "unit": unit, "old": old, "new": new, "change": None,
               "relative": None, **dict.fromkeys(PARTS), "reason": ""}  # fmt: skip
        if old is None or new is None:
            what = "same" if old is None and new is None else "appeared" if old is None else "vanished"
            return row | {"what": what, "reason": "" if what == "same" else self._why(key, is_later=new is None)}
        if _is_alike(old, new):
            return row | dict.fromkeys(("change", *PARTS), Decimal(0)) | {"what": "same", "relative": 0.0}
        steps, reason = self._steps(key, old, new)
        change, parts = divided(old, new, steps)
        relative = float(change) / abs(old) if old else None
        reason = reason if parts["undivided"] else ""
        return row | {"what": "changed", "change": change, "relative": relative, **parts, "reason": reason}

    def data(self) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
        """Return which rows of the data differ, by table and by example, and what could not be found out."""
        from salesnb.data.differences import ROW_COLUMNS, TABLE_COLUMNS, differences

        nothing = pd.DataFrame(columns=list(TABLE_COLUMNS)), pd.DataFrame(columns=list(ROW_COLUMNS))
        if "data" not in self._kinds:
            return *nothing, ()
        books = [self.copies.book(run) for run in (self.earlier, self.later)]
        lost = [told for told in books if isinstance(told, str)]
        if lost:
            return *nothing, (f"Which rows of the data differ cannot be told: {'; '.join(lost)}.",)
        old, new = books
        try:
            known = dtm.date.fromisoformat(self.earlier.as_of)
        except ValueError:
            known = old.as_of  # type: ignore[union-attr]
        found = differences(old, new, known=known)  # type: ignore[arg-type]
        return found.tables, found.rows, ()

    @cached_property
    def _kinds(self) -> tuple[str, ...]:
        """The kinds of input that differ, but for notebooks: those are looked at number by number."""
        differ = inputs_between(self.earlier, self.later)
        differ = differ[~differ["input"].str.endswith(".ipynb")]
        found = ["code" if part == "definition" else part for part in differ["part"]]
        return tuple(kind for kind in _WORDS if kind in found)

    def _steps(self, key: Key, old: float, new: float) -> tuple[list[tuple[str, float]], str]:
        """Return the path from the old value to the new one, and why any of it is undivided."""
        kinds = list(self._kinds)
        notebook = {str(run.numbers[key].get("notebook")) for run in (self.earlier, self.later)}
        shas = {run.notebooks.get(name) for run in (self.earlier, self.later) for name in notebook}
        if len(shas) > 1 and "code" not in kinds:
            kinds.append("code")
        if not kinds:
            return [], "no input of the two runs is known to differ"
        name = f"{key[0]}.{key[1]}"
        first, last, unknown = self._code_parts(name) if "code" in kinds else ("code", "code", "")
        if len(kinds) == 1:
            return [(first if kinds == ["code"] else kinds[0], new)], unknown
        path = self._path(key, kinds, old, new)
        if isinstance(path, str):
            return [], f"the {listed([_WORDS[kind] for kind in kinds])} differ, and {path}"
        return list(zip((first, "data", "params", last), (*path, new), strict=True)), unknown

    def _code_parts(self, name: str) -> tuple[str, str, str]:
        """Return what changed code before and after the data is called, and why it has no name of its own."""
        then, now = self.earlier.definitions, self.later.definitions
        if then is None or now is None:
            which = "earlier" if then is None else "later"
            why = f"the {which} run does not say what its KPIs are defined by, which changed code may have changed"
            return "undivided", "undivided", why
        present = definitions([name]).get(name)
        if then.get(name) == now.get(name):
            return "code", "code", ""
        return *("definition" if told.get(name) != present else "code" for told in (then, now)), ""  # type: ignore[return-value]

    def _path(self, key: Key, kinds: list[str], old: float, new: float) -> tuple[float, float, float] | str:
        """Return the values on the way: with the earlier inputs, the later data, and the later parameters too."""
        is_same_code = "code" not in kinds
        first = self.copies.value(key, self.earlier, self.earlier)
        last = self.copies.value(key, self.later, self.later)
        if first.lost and (is_same_code or self._is_present(self.earlier)):
            first = Value(old)
        if last.lost and (is_same_code or self._is_present(self.later)):
            last = Value(new)
        between = first if "data" not in kinds else last
        if "data" in kinds and "params" in kinds:
            between = self.copies.value(key, self.later, self.earlier)
        found: list[float] = []
        for one in (first, between, last):
            if one.value is None:
                return one.lost or f"on the way from one to the other it has no value: {one.reason}"
            found.append(one.value)
        start, middle, end = found
        for run, given, again in ((self.earlier, old, start), (self.later, new, end)):
            if (is_same_code or self._is_present(run)) and not _is_alike(given, again, _AGAIN):
                which = "the same code" if self._is_present(run) else "the present code"
                return f"computed again by {which} it is {again:.6g} instead of {given:.6g}"
        start, end = (a if _is_alike(a, b, _AGAIN) else b for a, b in ((old, start), (new, end)))
        return start, next((one for one in (start, end) if _is_alike(one, middle, _AGAIN)), middle), end

    def _is_present(self, run: PastRun) -> bool:
        """Tell whether a run was made by the very code that runs now."""
        return run.code == self.present

    def _why(self, key: Key, *, is_later: bool) -> str:
        """Say why the later run, or the earlier one, has no value."""
        run, other = (self.later, self.earlier) if is_later else (self.earlier, self.later)
        which = "later" if is_later else "earlier"
        number = run.numbers.get(key)
        if number is not None:
            told = str(number.get("reason") or number.get("status") or "no value")
            return f"in the {which} run: {told}"
        notebook = str(other.numbers[key].get("notebook"))
        if notebook not in run.notebooks:
            return f"{notebook} is not part of the {which} run"
        if notebook in run.failed:
            return f"{notebook} failed in the {which} run"
        if key[4] is not None:
            return f"the {which} run has no such {key[3] or 'segment'}"
        return f"the {which} run does not show it"


def _undivided(frame: pd.DataFrame) -> tuple[str, ...]:
    """Say of how many numbers the change is undivided, and why, a sentence a reason."""
    reasons = frame.loc[(frame["what"] == "changed") & (frame["reason"] != ""), "reason"]
    counts: Mapping[Any, int] = reasons.value_counts(sort=True).to_dict()
    if len(counts) > 3:
        return (f"The changes of {sum(counts.values()):,d} numbers are undivided, for the reasons given with each.",)
    return tuple(f"Undivided in {count:,d} of the changed numbers: {reason}." for reason, count in counts.items())


def _value(number: Mapping[str, Any] | None) -> float | None:
    value = None if number is None else number.get("value")
    return None if isinstance(value, str) or is_missing(value) else float(value)  # type: ignore[arg-type]


def _rank(row: Mapping[str, Any]) -> tuple[int, float]:
    """Return where a number stands in the list: what changed first, by its relative change."""
    place = ("changed", "appeared", "vanished", "same").index(row["what"])
    size = math.inf if row["relative"] is None else abs(row["relative"])
    return place, -size


def _is_alike(one: float, other: float, within: float = _ALIKE) -> bool:
    return math.isclose(one, other, rel_tol=within, abs_tol=_ALIKE)
