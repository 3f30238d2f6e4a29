"""Cells: what a mapping's words give for one column of the contract, before its text is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import ibis
import ibis.expr.types as ir

from salesnb.data import readings
from salesnb.data.columns import Column
from salesnb.data.mapping import plain_name
from salesnb.data.origins import Case, ColumnRule, TableRule
from salesnb.data.raw import DELIMITERS
from salesnb.errors import MappingError, did_you_mean

_WORDS = ("id", "text", "choice", "boolean")


@dataclass(frozen=True)
class Cell:
    """What a rule gives for a column: a value, typed as the source has it, and the source columns it comes from."""

    value: ir.Value
    origin: str

    @property
    def is_text(self) -> bool:
        """Whether it is still to be read."""
        return bool(self.value.type().is_string())


@dataclass(frozen=True)
class Rows:
    """Rows of a source while they are mapped.

    Attributes
    ----------
    table, columns
        The rows, and the names of the columns that a mapping may name.
    file
        What messages call it.
    nulls
        The words that stand for nothing.
    """

    table: ir.Table
    columns: tuple[str, ...]
    file: str
    nulls: tuple[str, ...] = ()

    def find(self, name: str) -> str | None:
        """The column of that name, or nearly: see :func:`find_column`."""
        return find_column(name, self.columns)

    def need(self, name: str, place: str = "") -> str:
        """The column of that name; MappingError where there is none."""
        found = self.find(name)
        if found is None:
            hint = f"{did_you_mean(name, self.columns)}; write it as the file's first line has it"
            if len(self.columns) == 1 and any(mark in self.columns[0] for mark in DELIMITERS):
                hint = "the whole first line was read as one name: give the file's delimiter"
            raise MappingError(
                f"no column {name!r}" + (f", which {place} names" if place else ""), where=self.file,
                mend=hint,
            )  # fmt: skip
        return found

    def text(self, name: str) -> ir.StringValue:
        """A column as text, without blanks around it; null where nothing is in it."""
        column = self.table[name]
        return readings.cleaned(column if column.type().is_string() else as_text(column), self.nulls)

    def holds(self, name: str, words: Sequence[str]) -> ir.BooleanValue:
        """True where a column holds one of the words, in any case; ``""`` is a blank."""
        text = self.text(name)
        found = text.lower().isin([word.lower() for word in words if word]).fill_null(False)
        return found | text.isnull() if "" in words else found


def find_column(name: str, columns: Sequence[str]) -> str | None:
    """The column of that name, else the only one that differs in capitals, blanks and marks alone."""
    if name in columns:
        return name
    near = [column for column in columns if plain_name(column) == plain_name(name)]
    return near[0] if len(near) == 1 else None


def as_text(value: ir.Value) -> ir.StringValue:
    """A typed value as text: whole numbers without a point, so that an id is an id."""
    if value.type().is_string():
        return value
    if value.type().is_floating():
        whole = (value == value.round(0)) & (value.abs() < 1e15)
        return whole.ifelse(whole.ifelse(value, 0).cast("int64").cast("string"), value.cast("string"))
    if value.type().is_boolean():
        return value.ifelse("true", "false")
    return value.cast("string")


def kept(rows: Rows, rule: TableRule) -> tuple[Rows, int, list[str]]:
    """The rows that the mapping's own filters leave, how many they leave out, and words on them."""
    table, words = rows.table, []
    for name, wanted in rule.filter.items():
        found = rows.need(name, "filter")
        table = table.filter(rows.holds(found, wanted))
        words.append(f"{found} is not {' or '.join(wanted)}")
    for name, unwanted in rule.leave_out.items():
        at = rows.find(name)
        if at is not None:
            table = table.filter(~rows.holds(at, unwanted))
            words.append(f"{at} is {' or '.join(unwanted)}")
    if not words:
        return rows, 0, []
    before, after = int(rows.table.count().execute()), int(table.count().execute())
    notes = []
    if before > after:
        count = f"all {before}" if not after else f"{before - after} of {before}"
        notes.append(f"{rows.file}: {count} rows are left out, because {' or '.join(words)}")
    return replace(rows, table=table), before - after, notes


def cell_of(rows: Rows, rule: ColumnRule, column: Column, place: str) -> Cell | None:
    """What a rule gives for a column; None where a preset's columns are not there.

    Parameters
    ----------
    place
        Where in the mapping the rule stands, for messages.

    Raises
    ------
    MappingError
        The file has no column of a name that the rule needs.
    """
    cell = _origin(rows, rule, place)
    if cell is None:
        return None
    if column.kind in _WORDS and not cell.is_text:
        cell = Cell(as_text(cell.value), cell.origin)
    if rule.values or (rule.otherwise is not None and not rule.cases):
        words = readings.cleaned(as_text(cell.value), rows.nulls)
        pairs = [(word.lower(), ours) for word, ours in rule.values.items()]
        other = words if rule.otherwise is None else words.notnull().ifelse(rule.otherwise, ibis.null("string"))
        cell = Cell(words.lower().cases(*pairs, else_=other) if pairs else other, cell.origin)
    return cell


def _origin(rows: Rows, rule: ColumnRule, place: str) -> Cell | None:
    table = rows.table
    if rule.value is not None:
        return Cell(ibis.literal(rule.value), f"the constant {rule.value!r}")
    if rule.row:
        return Cell(table["_row"].cast("string"), "the row's number")
    if rule.cases:
        return _from_cases(rows, rule)
    if rule.join:
        parts = [rows.text(rows.need(name, place)) for name in rule.join]
        return Cell(reduce(lambda left, right: left.concat(rule.between, right), parts), rule.between.join(rule.join))
    if rule.first_of:
        names = [rows.need(name, place) for name in rule.first_of]
        same = len({table[name].type() for name in names}) == 1 and not table[names[0]].type().is_string()
        return Cell(ibis.coalesce(*[table[n] if same else rows.text(n) for n in names]), " or ".join(names))
    if rule.any_of:
        found = next((f for name in rule.any_of if (f := rows.find(name))), None)
        return None if found is None else Cell(table[found], found)
    name = rows.need(str(rule.source or rule.until_next), place)
    return Cell(table[name], name)


def _from_cases(rows: Rows, rule: ColumnRule) -> Cell | None:
    branches: list[tuple[ir.BooleanValue, ir.Value]] = []
    used: list[str] = []
    for case in rule.cases:
        names = {name: rows.find(name) for name in case.when}
        origin = None if case.source is None else rows.find(case.source)
        if None in names.values() or (case.source is not None and origin is None):
            continue
        holds = [rows.holds(str(found), case.when[name]) for name, found in names.items()]
        branches.append((reduce(lambda left, right: left & right, holds), _case_value(rows, case, origin)))
        used += [origin] if origin else [str(found) for found in names.values()]
    if not branches:
        return (
            None if rule.otherwise is None else Cell(ibis.literal(rule.otherwise), f"the constant {rule.otherwise!r}")
        )
    if len({value.type() for _, value in branches}) > 1 or rule.otherwise is not None:
        branches = [(holds, as_text(value)) for holds, value in branches]
    kind = branches[0][1].type()
    other = ibis.null(kind) if rule.otherwise is None else ibis.literal(rule.otherwise)
    return Cell(ibis.cases(*branches, else_=other), " and ".join(dict.fromkeys(used)))


def _case_value(rows: Rows, case: Case, origin: str | None) -> ir.Value:
    return ibis.literal(case.value) if origin is None else rows.table[origin]
