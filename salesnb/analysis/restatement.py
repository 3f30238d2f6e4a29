"""Restatement, which answers why a number that was published is another one now.

The change of a number is divided along one path from the earlier run to the later one: first the code is changed to
the present one with data and parameters as they were, then the data, then the parameters, then what the code still
differs by. So the parts sum to the change, and a part says what its input changed after those before it. A number that
did not change is not divided, even where two causes cancel out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from types import MappingProxyType

import pandas as pd

from salesnb import formats
from salesnb.analysis.labels import label

PARTS = MappingProxyType(
    {
        "data": "late or changed data",
        "params": "changed parameters",
        "definition": "a changed KPI definition",
        "code": "changed code",
        "undivided": "causes that cannot be told apart",
    }
)
"""Each part of a change, in order, and what it is called."""
KEYS = ("id", "variant", "period", "by", "segment")
COLUMNS = (*KEYS, "unit", "what", "old", "new", "change", "relative", *PARTS, "reason")
INPUT_COLUMNS = ("part", "input", "old", "new")

_DIGITS = 13


@dataclass(frozen=True)
class Restatement:
    """What became of every number between two runs, and why.

    Attributes
    ----------
    period
        The period of the later run.
    earlier, later
        When each run ended, in words.
    currency
        Of all amounts.
    numbers
        One row a number of either run, the largest relative change first: ``id, variant, period, by, segment, unit,
        what`` (``changed, same, appeared, vanished``), ``old, new, change`` (new - old, null where one has no value),
        ``relative`` (change / abs(old), null where old is 0), ``data, params, definition, code, undivided`` (decimals
        that sum to the change exactly) and ``reason``: why it appeared, vanished or cannot be divided.
    inputs
        What the runs were made of and that differs: ``part, input, old, new``.
    tables, rows
        Which rows of the data differ: see :class:`salesnb.data.differences.Differences`. Empty where the data is the
        same, or where ``notes`` says that it is not kept.
    notes
        What could not be found out.
    """

    period: str
    earlier: str
    later: str
    currency: str
    numbers: pd.DataFrame
    inputs: pd.DataFrame
    tables: pd.DataFrame
    rows: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def moved(self) -> pd.DataFrame:
        """The numbers that are not the same, in the order of ``numbers``."""
        return self.numbers[self.numbers["what"] != "same"]

    def headlines(self) -> list[str]:
        """Say what changed and why, the most important first."""
        return [self._finding(), *self._largest(), *self._causes(), *self._rows(), *self.notes]

    def _finding(self) -> str:
        counted = self.numbers["what"].value_counts()
        changed, whole = int(counted.get("changed", 0)), len(self.numbers)
        since = f"between the run of {self.earlier} and that of {self.later}"
        if not len(self.moved):
            return f"None of {formats.plural(whole, 'number')} of {self.period} changed {since}."
        told = [f"{changed:,d} of {formats.plural(whole, 'number')} of {self.period} changed"]
        told += [f"{int(counted[what]):,d} {what}" for what in ("appeared", "vanished") if what in counted]
        return f"{formats.listed(told)} {since}{self._by_cause()}."

    def _by_cause(self) -> str:
        moved = self.numbers[self.numbers["what"] == "changed"]
        counts = {part: int((moved[part] != 0).sum()) for part in PARTS}
        causes = {part: count for part, count in counts.items() if count}
        if len(causes) == 1:
            (part,) = causes
            return f",{' all' if len(moved) > 1 else ''} by {PARTS[part]}"
        told = [f"{PARTS[part]} moved {count:,d}" for part, count in causes.items()]
        return f": {formats.listed(told, len(PARTS))}" if told else ""

    def _largest(self) -> list[str]:
        """Say how the whole period's number with the largest relative change moved."""
        moved = self.numbers[self.numbers["what"] == "changed"]
        whole = moved[moved["by"].isna() & moved["segment"].isna() & (moved["period"] == self.period)]
        if not len(whole):
            return []
        row = whole.iloc[0].to_dict()
        parts = {part: row[part] for part in PARTS if row[part] != 0}
        old, new = (formats.value(row[name], row["unit"], self.currency) for name in ("old", "new"))
        causes = [f"{PARTS[p]} {formats.change(v, row['unit'], self.currency)}" for p, v in parts.items()]
        told = f" by {PARTS[next(iter(parts))]}" if len(parts) == 1 else f": {formats.listed(causes, len(PARTS))}"
        moved_by = formats.change(row["change"], row["unit"], self.currency)
        name = label(f"{row['id']}.{row['variant']}")
        return [f"{name} moved most, from {old} to {new} ({moved_by}){told}."]

    def _causes(self) -> list[str]:
        """Say which parameters and which code differ."""
        told = []
        for part, noun in (("params", "parameter"), ("definition", "KPI definition"), ("code", "part")):
            names = self.inputs.loc[self.inputs["part"] == part, "input"].tolist()
            if names:
                of = " of the code" if part == "code" else ""
                told.append(f"{formats.plural(len(names), noun)}{of} changed: {formats.listed(names)}.")
        return told

    def _rows(self) -> list[str]:
        told = []
        for row in self.tables.to_dict("records"):
            words = [
                f"{formats.plural(row['added'], 'row')} added, {row['late']:,d} of them late" if row["added"] else "",
                f"{row['removed']:,d} removed" if row["removed"] else "",
                f"{row['changed']:,d} changed ({row['columns']})" if row["changed"] else "",
            ]
            told.append(f"{row['table']}: {', '.join(word for word in words if word)}.")
        return told


def divided(old: float, new: float, steps: Sequence[tuple[str, float]]) -> tuple[Decimal, dict[str, Decimal]]:
    """Divide the change of a number into its parts.

    Parameters
    ----------
    old, new
        The number before and after.
    steps
        The path from one to the other: for each step its part and the value after it. What the last one lacks of the
        new value is undivided.

    Returns
    -------
    tuple
        The change, and each of :data:`PARTS`; they sum to it exactly. Values count to 13 significant digits of the
        largest of them, because a sum of binary fractions is no better than that.

    Examples
    --------
    >>> change, parts = divided(100.1, 130.3, [("code", 100.1), ("data", 125.3), ("params", 130.3)])
    >>> str(change), str(parts["data"]), str(parts["params"]), sum(parts.values()) == change
    ('30.2', '25.2', '5', True)
    """
    values = [Decimal(repr(float(value))) for value in (old, *(value for _, value in steps), new)]
    largest = max(values, key=abs)
    unit = Decimal(1).scaleb(largest.adjusted() - _DIGITS + 1) if largest else Decimal(1)
    path = [value.quantize(unit, ROUND_HALF_EVEN) for value in values]
    parts = dict.fromkeys(PARTS, Decimal(0))
    for part, (before, after) in zip([*(part for part, _ in steps), "undivided"], pairwise(path), strict=True):
        parts[part] += after - before
    return _plain(path[-1] - path[0]), {part: _plain(value) for part, value in parts.items()}


def rounded(change: Decimal, parts: Mapping[str, Decimal], places: int) -> tuple[Decimal, dict[str, Decimal]]:
    """Round a change and its parts so that what is printed sums too: the largest part takes the rest.

    Examples
    --------
    >>> change, parts = rounded(Decimal("1.0"), {"data": Decimal("0.55"), "code": Decimal("0.45")}, 1)
    >>> str(change), str(parts["data"]), str(parts["code"])
    ('1.0', '0.6', '0.4')
    """
    unit = Decimal(1).scaleb(-places)
    whole = change.quantize(unit, ROUND_HALF_EVEN)
    short = {part: value.quantize(unit, ROUND_HALF_EVEN) for part, value in parts.items()}
    if short:
        largest = max(parts, key=lambda part: abs(parts[part]))
        short[largest] += whole - sum(short.values())
    return whole, short


def _plain(value: Decimal) -> Decimal:
    """Return a number without the zeros of its rounding, and zero without a sign."""
    return value.normalize() if value else Decimal(0)
