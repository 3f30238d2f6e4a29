"""Choosing how the texts of dates and numbers are read: as the mapping says, else as the values themselves prove."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir

from salesnb.data import evidence, readings
from salesnb.data.columns import Column
from salesnb.data.mapping import Mapping
from salesnb.data.opening import Opening
from salesnb.data.origins import ColumnRule
from salesnb.errors import ContractError

DATES = ("date", "time")
NUMBERS = ("money", "number", "integer")
_ANY = ColumnRule(value="")


@dataclass(frozen=True)
class Question:
    """A column of texts that is to be read.

    Attributes
    ----------
    column, text
        The column of the contract, and the texts.
    place
        What messages call it.
    rule
        What the mapping says of it.
    """

    column: Column
    text: ir.StringValue
    place: str
    rule: ColumnRule = _ANY


@dataclass(frozen=True)
class Way:
    """How a column's texts are read.

    Attributes
    ----------
    formats
        The date formats, the first that fits being used; or the marks of numbers, only one.
    is_plain
        Every text is written as the engine itself writes such values: a cast reads it.
    """

    formats: tuple[Any, ...]
    is_plain: bool = False


def told(question: Question, mapping: Mapping) -> tuple[Any, ...]:
    """The formats or marks that the mapping gives for a column; nothing where it gives none."""
    own, kind = question.rule, question.column.kind
    if kind in DATES:
        labels = own.format or mapping.date_format
        return (*[readings.date_format(label) for label in labels], readings.ISO) if labels else ()
    mark = own.decimal or mapping.decimal
    return (readings.Marks(mark, own.thousands or mapping.thousands),) if mark else ()


def choose(table: ir.Table, questions: MappingABC[str, Question], opening: Opening) -> tuple[dict[str, Way], list[str]]:
    """Choose how each column of a table is read, in one look at all of them and a second one at those in doubt.

    A column that can be read in more than one way goes to ``opening.troubles``.

    Returns
    -------
    dict, list
        The way of each column, and notes on what was inferred from which value.
    """
    if not questions:
        return {}, []
    look = {f"c{i}": (~_is_plain(q, opening.mapping)).sum() for i, q in enumerate(questions.values())}
    first = _one_row(table, look)
    ways: dict[str, Way] = {}
    doubtful: dict[str, Question] = {}
    for i, (name, question) in enumerate(questions.items()):
        said = told(question, opening.mapping)
        if not first[f"c{i}"]:
            ways[name] = Way(said or _usual(question), is_plain=True)
        elif said:
            ways[name] = Way(said)
        else:
            doubtful[name] = question
    asked = {(name, key): value for name, question in doubtful.items() for key, value in (_evidence(question)).items()}
    if not asked:
        return ways, []
    row = _one_row(table, {f"e{i}": value for i, value in enumerate(asked.values())})
    seen = {pair: row[f"e{i}"] for i, pair in enumerate(asked)}
    notes: list[str] = []
    for name, question in doubtful.items():
        own = {key: value for (column, key), value in seen.items() if column == name}
        is_date = question.column.kind in DATES
        choice = evidence.choose_date(own) if is_date else evidence.choose_marks(own)
        if choice.trouble:
            opening.troubles.append(_trouble(question, choice.trouble, is_date))
        if choice.note:
            notes.append(f"{question.place}: {choice.note}")
        ways[name] = Way(choice.formats or _usual(question))
    return ways, notes


def _usual(question: Question) -> tuple[Any, ...]:
    return (readings.ISO,) if question.column.kind in DATES else (readings.POINT,)


def _evidence(question: Question) -> dict[str, ir.Value]:
    is_date = question.column.kind in DATES
    return evidence.date_evidence(question.text) if is_date else evidence.marks_evidence(question.text)


def _trouble(question: Question, words: str, is_date: bool) -> ContractError:
    mend = 'date_format, as "%d/%m/%Y"' if is_date else "decimal and thousands"
    return ContractError(
        f"a column that can be read in more than one way: it {words}" if words.startswith("mixes") else
        f"a column that can be read in more than one way: {words}",
        where=question.place, mend=f"say in the mapping which is meant: {mend}",
    )  # fmt: skip


def _is_plain(question: Question, mapping: Mapping) -> ir.BooleanValue:
    kind, text = question.column.kind, question.text
    if kind == "date":
        return readings.is_plain_moment(text)
    if kind == "time":
        written_in = question.rule.times_in or mapping.times_in or mapping.time_zone
        return readings.is_plain_moment(text) if written_in == mapping.time_zone else readings.is_plain_day(text)
    marks = (told(question, mapping) or (readings.POINT,))[0]
    is_whole = kind == "integer" or marks != readings.POINT
    return readings.is_plain_whole(text) if is_whole else readings.is_plain_number(text)


def _one_row(table: ir.Table, asked: dict[str, ir.Value]) -> dict[str, Any]:
    row = table.aggregate(**asked).execute().iloc[0].to_dict()
    return {key: None if value is None or value != value else value for key, value in row.items()}
