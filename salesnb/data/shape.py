"""One source table into the contract's columns: looked up, renamed, read, and nothing dropped without a count.

A shaped table has, for every column of the contract, its typed value under its own name; for every mapped column
that is not text itself ``raw__<column>``, the text as written; for every look-up ``miss__<n>`` and ``alias__<n>``;
and ``_file`` and ``_row``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

from salesnb.data import readings
from salesnb.data.cells import Cell, Rows, cell_of, kept
from salesnb.data.choosing import DATES, NUMBERS, Question, Way, choose
from salesnb.data.columns import Column, Contract
from salesnb.data.lookups import Lookup, look_up
from salesnb.data.mapping import Mapping
from salesnb.data.opening import Opening
from salesnb.data.origins import ColumnRule, TableRule
from salesnb.data.sources import Raw
from salesnb.errors import MappingError

TEXTS = ("id", "text")


@dataclass(frozen=True)
class Shaped:
    """A source table in the contract's columns.

    Attributes
    ----------
    table
        See the module.
    origins
        For each mapped column of the contract, the source column or columns it is read from.
    doubted
        The columns in which a text may be found that could not be read.
    lookups
        The look-ups that were joined.
    is_unique
        Whether the table's key was seen to stand in no two rows.
    filtered
        How many rows the mapping's own filters left out.
    notes
        What was inferred from the values, and what is not there.
    """

    table: ir.Table
    origins: dict[str, str]
    doubted: frozenset[str]
    lookups: tuple[Lookup, ...]
    is_unique: bool
    filtered: int
    notes: tuple[str, ...] = field(default=())


def written(contract: Contract, column: str) -> str:
    """The name of the shaped column that has a column's text as written."""
    return column if contract.column(column).kind in TEXTS else f"raw__{column}"


def shape(raw: Raw, rule: TableRule, contract: Contract, opening: Opening, first_lookup: int = 0) -> Shaped:
    """Bring one source table into the contract's columns.

    Columns that are not there, and columns that can be read in more than one way, go to ``opening.troubles``.

    Parameters
    ----------
    first_lookup
        The number of the table's first look-up.

    Raises
    ------
    MappingError
        A look-up or a filter names a column that the file does not have.
    ContractError
        A look-up has one key twice.
    """
    mapping = opening.mapping
    rows = Rows(raw.table, raw.column_names, raw.name, mapping.nulls)
    lookups: list[Lookup] = []
    for join in rule.joins:
        joined = look_up(rows, join, first_lookup + len(lookups), opening)
        if joined is not None:
            rows, lookup = joined
            lookups.append(lookup)
    rows, filtered, notes = kept(rows, rule)

    cells: dict[str, Cell] = {}
    absent: list[str] = []
    for name, column_rule in rule.columns.items():
        try:
            cell = cell_of(rows, column_rule, contract.column(name), f"tables.{contract.name}.columns.{name}")
        except MappingError as error:
            opening.troubles.append(error)
            continue
        if cell is not None:
            cells[name] = cell
        elif column_rule.any_of:
            absent.append(f"{name} ({' or '.join(column_rule.any_of)})")
    if absent:
        notes.append(f"{raw.name}: no column for {', '.join(absent)}")
    texts = {
        name: readings.cleaned(cell.value, mapping.nulls) if cell.is_text else cell.value.cast("string")
        for name, cell in cells.items()
    }
    questions = {
        name: Question(contract.column(name), texts[name], f"{raw.name}, column {cell.origin}", rule.columns[name])
        for name, cell in cells.items()
        if cell.is_text and contract.column(name).kind in DATES + NUMBERS and rule.columns[name].value is None
    }
    key = texts.get(contract.key or "")
    ways, found, is_unique = choose(rows.table, questions, opening, key)

    made: dict[str, ir.Value] = {"_file": rows.table["_file"], "_row": rows.table["_row"]}
    doubted = set()
    for column in contract.columns:
        name = column.name
        if name not in cells:
            made[name] = ibis.null(column.type)
            continue
        way = ways.get(name, Way(()))
        made[name] = _read(column, cells[name], texts[name], way, rule.columns[name], mapping, rows)
        if column.kind in TEXTS:
            continue
        made[f"raw__{name}"] = texts[name]
        is_sure = way.is_plain and column.low is None and column.high is None
        if not is_sure and not rule.columns[name].until_next:
            doubted.add(name)
    for lookup in lookups:
        for mark in (f"miss__{lookup.number}", f"alias__{lookup.number}"):
            made[mark] = rows.table[mark]
    shaped = rows.table.select(**made)
    if any(not ways[name].is_plain for name in ways) or lookups:
        shaped = opening.held(shaped, f"shaped_{contract.name}")
    origins = {name: cell.origin for name, cell in cells.items()}
    return Shaped(shaped, origins, frozenset(doubted), tuple(lookups), is_unique, filtered, (*notes, *found))


def _read(
    column: Column, cell: Cell, text: ir.StringValue, way: Way, rule: ColumnRule, mapping: Mapping, rows: Rows
) -> ir.Value:
    kind = column.kind
    if rule.until_next:
        return _until_next(cell, text, way, rule, mapping, rows)
    if kind in TEXTS:
        return text
    if kind == "choice":
        return text.lower().cases(*((word, word) for word in column.choices), else_=ibis.null("string"))
    if kind == "boolean":
        return readings.read_boolean(text)
    if kind in DATES:
        return _moment(kind, cell, text, way, rule.times_in or mapping.times_in or mapping.time_zone, mapping.time_zone)
    return _number(column, cell, text, way)


def _moment(kind: str, cell: Cell, text: ir.StringValue, way: Way, written_in: str, business: str) -> ir.Value:
    if not cell.is_text:
        return _typed_moment(cell.value, kind, written_in, business)
    if way.is_plain:
        return text.substr(0, 10).cast("date") if kind == "date" else text.cast("timestamp(6)")
    formats = way.formats or (readings.ISO,)
    if kind == "date":
        found = [readings.read_date(text, fmt, business) for fmt in formats]
    else:
        found = [readings.read_time(text, fmt, written_in, business) for fmt in formats]
    if formats[0] == readings.ISO and (kind == "date" or written_in == business):
        usual = _only(text, readings.is_plain_moment(text))
        quick = usual.substr(0, 10).cast("date") if kind == "date" else usual.cast("timestamp(6)")
        found.insert(0, quick)
    return found[0] if len(found) == 1 else ibis.coalesce(*found)


def _only(text: ir.StringValue, is_plain: ir.BooleanValue) -> ir.StringValue:
    """The texts that a cast reads, null for the others: most are, and the exact reading costs much more."""
    return is_plain.ifelse(text, ibis.null("string"))


def _typed_moment(value: ir.Value, kind: str, written_in: str, business: str) -> ir.Value:
    if value.type().is_date():
        return value if kind == "date" else value.cast("timestamp(6)")
    if not value.type().is_timestamp():
        return ibis.null("date" if kind == "date" else "timestamp(6)")
    if value.type().timezone is not None:
        local: ir.TimestampValue = readings.zoned_time(value.cast("timestamp('UTC')"), business)
    elif kind == "time":
        local = readings.local_time(value.cast("timestamp"), written_in, business)
    else:
        local = value
    return local.date() if kind == "date" else local.cast("timestamp(6)")


def _until_next(cell: Cell, text: ir.StringValue, way: Way, rule: ColumnRule, mapping: Mapping, rows: Rows) -> ir.Value:
    """The day before the next row's date among the rows of the same ``by``."""
    day = _moment("date", cell, text, way, mapping.time_zone, mapping.time_zone)
    groups = [rows.table[rows.need(rule.by, "by")]] if rule.by else []
    following = day.lead().over(group_by=groups, order_by=day)
    return (following - ibis.interval(days=1)).cast("date")


def _number(column: Column, cell: Cell, text: ir.StringValue, way: Way) -> ir.Value:
    kind = column.kind
    number: ir.Value
    if not cell.is_text:
        number = _typed_number(cell.value, kind)
    elif way.is_plain:
        number = text.cast({"money": "decimal(18, 4)", "integer": "int64"}.get(kind, "float64"))
    else:
        marks = (way.formats or (readings.POINT,))[0]
        plain = readings.read_number(text, marks)
        number = readings.money(plain) if kind == "money" else plain.cast("float64")
        if marks == readings.POINT:
            usual = _only(text, readings.is_plain_number(text))
            number = ibis.coalesce(usual.cast("decimal(18, 4)" if kind == "money" else "float64"), number)
    if kind == "integer" and not way.is_plain:
        number = (number == number.round(0)).ifelse(number, ibis.null("float64")).cast("int64")
    if column.low is not None:
        number = (number >= column.low).ifelse(number, ibis.null(column.type))
    if column.high is not None:
        number = (number <= column.high).ifelse(number, ibis.null(column.type))
    return number


def _typed_number(value: ir.Value, kind: str) -> ir.Value:
    if not value.type().is_numeric():
        return ibis.null("decimal(18, 4)" if kind == "money" else "float64")
    if kind != "money":
        return value.cast("float64")
    if value.type().is_integer():
        value = value.cast("decimal(38, 4)")
    small = (value.abs() < 10_000_000_000_000).fill_null(False)
    kept = small.ifelse(value, ibis.literal(0).cast(value.type()))
    return small.ifelse(kept.round(4).cast("decimal(18, 4)"), ibis.null("decimal(18, 4)"))
