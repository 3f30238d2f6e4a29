"""Choosing how the texts of dates and numbers are read: as the mapping says, else as the values themselves prove."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from salesnb.data import evidence, readings
from salesnb.data.columns import Column
from salesnb.data.held import rows
from salesnb.data.mapping import Mapping
from salesnb.data.opening import Opening
from salesnb.data.origins import ColumnRule
from salesnb.data.raw import quoted
from salesnb.errors import ContractError

DATES = ("date", "time")
NUMBERS = ("money", "number", "integer")
_ANY = ColumnRule(value="")
_TEXTS = "texts__"
_QUERIES: dict[tuple[str, bool], tuple[tuple[str, ...], str]] = {}


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


def choose(
    table: ir.Table, questions: MappingABC[str, Question], opening: Opening, key: ir.Value | None = None
) -> tuple[dict[str, Way], list[str], bool]:  # fmt: skip
    """Choose how each column of a table is read, in one look at all of them and a second one at those in doubt.

    A column that can be read in more than one way goes to ``opening.troubles``.

    Parameters
    ----------
    table, questions, opening
        The rows, what is asked of them, and what is being opened.
    key
        The table's key, which is counted in the same look.

    Returns
    -------
    dict, list, bool
        The way of each column, notes on what was inferred from which value, and whether no key stands in two rows;
        false where that was not asked.
    """
    look = {f"c{i}": (~_is_plain(q, opening.mapping)).sum() for i, q in enumerate(questions.values())}
    if key is not None:
        look |= {"keys": key.count(), "distinct": key.nunique()}
    if not look:
        return {}, [], False
    first = opening.one_row(table, look)
    is_unique = key is not None and first["keys"] == first["distinct"]
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
    if not doubtful:
        return ways, [], is_unique
    seen = _evidence(table, doubtful, opening)
    notes: list[str] = []
    for name, question in doubtful.items():
        own = seen[name]
        is_date = question.column.kind in DATES
        choice = evidence.choose_date(own) if is_date else evidence.choose_marks(own)
        if choice.trouble:
            opening.troubles.append(_trouble(question, choice.trouble, is_date))
        if choice.note:
            notes.append(f"{question.place}: {choice.note}")
        ways[name] = Way(choice.formats or _usual(question))
    return ways, notes, is_unique


def _usual(question: Question) -> tuple[Any, ...]:
    return (readings.ISO,) if question.column.kind in DATES else (readings.POINT,)


def _evidence(
    table: ir.Table, doubtful: MappingABC[str, Question], opening: Opening
) -> dict[str, MappingABC[str, Any]]:  # fmt: skip
    """What the texts of each doubtful column prove.

    Of the texts that prove the same, one is looked at, the smallest: of days and moments as the engine writes them,
    and of numbers that differ in nothing but their digits.
    """
    seen: dict[str, MappingABC[str, Any]] = {}
    for is_date in (True, False):
        names = [name for name, question in doubtful.items() if (question.column.kind in DATES) == is_date]
        if not names:
            continue
        parts = []
        for number, name in enumerate(names):
            text = doubtful[name].text
            is_plain = _is_plain(doubtful[name], opening.mapping)
            alike = is_plain.ifelse("", text) if is_date else text.re_replace("[0-9]", "0")
            parts.append(table.select(question=ibis.literal(number, "int64"), alike=alike, text=text))
        united = parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0]
        united = united.filter(united["text"].notnull())
        texts = united.group_by("question", "alike").agg(text=united["text"].min()).select("question", "text")
        kept = opening.held(texts, "doubtful")
        keys, query = _query(opening.backend, is_date)
        for row in rows(opening.backend, query.replace(quoted(_TEXTS), quoted(kept.get_name()))):
            seen[names[int(row[0])]] = dict(zip(keys, row[1:], strict=True))
    nothing: dict[str, Any] = defaultdict(lambda: None)
    return {name: seen.get(name, nothing) for name in doubtful}


def _query(backend: Any, is_date: bool) -> tuple[tuple[str, ...], str]:
    """The query of the evidence, and what its columns after the first are; compiled once for each kind of engine."""
    if (backend.name, is_date) not in _QUERIES:
        texts = ibis.table({"question": "int64", "text": "string"}, name=_TEXTS)
        found = evidence.date_fits(texts["text"]) if is_date else evidence.marks_read(texts["text"])
        names = {label: f"f{i}" for i, label in enumerate(found)}
        read = texts.select("question", "text", **{names[label]: value for label, value in found.items()})
        columns = {label: read[name] for label, name in names.items()}
        asked = (evidence.date_evidence if is_date else evidence.marks_evidence)(read["text"], columns)
        counted = read.group_by("question").agg(**{f"e{i}": value for i, value in enumerate(asked.values())})
        _QUERIES[backend.name, is_date] = tuple(asked), str(backend.compile(counted))
    return _QUERIES[backend.name, is_date]


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
