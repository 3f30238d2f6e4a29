"""Look-ups: a file of keys joined to a table's rows, every key that is not in it at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import ibis

from salesnb.data.cells import Rows
from salesnb.data.mapping import plain_name
from salesnb.data.opening import Opening
from salesnb.data.origins import JoinRule
from salesnb.errors import ContractError, MappingError


@dataclass(frozen=True)
class Lookup:
    """A look-up as it was joined.

    Attributes
    ----------
    number
        Its number among all of the table: ``miss__<number>`` and ``alias__<number>`` are its columns.
    file, column
        Its file, and the column of ours that it was joined on.
    unknown
        What a key that is not in it means: flag, reject or ignore.
    values
        How a key of ours is written in it.
    """

    number: int
    file: str
    column: str
    unknown: str
    values: Mapping[str, str]


def look_up(rows: Rows, join: JoinRule, number: int, opening: Opening) -> tuple[Rows, Lookup] | None:
    """Join a look-up's columns to rows; None where it is optional and not there.

    Adds ``miss__<number>`` (there is a key and the look-up has it not) and ``alias__<number>`` (it has it under the
    name that the mapping says).

    Parameters
    ----------
    rows, join
        The rows, and what the mapping says of the look-up.
    number
        The look-up's number among all of the table.
    opening
        What is being opened.

    Raises
    ------
    MappingError
        A column that is not there, or a name taken that the rows have already.
    ContractError
        The look-up has one key twice.
    """
    wanted, (ours, theirs) = join.source, next(iter(join.on.items()))
    if join.optional:
        near = [name for name in opening.source.names() if plain_name(join.source) in plain_name(name)]
        if not near or rows.find(ours) is None:
            return None
        wanted = near[0]
    raw = opening.raw(wanted, join)
    ours = rows.need(ours, "a look-up")
    other = Rows(raw.table, raw.column_names, raw.name, rows.nulls)
    theirs = other.need(theirs, "a look-up")
    kept = {name: raw.table[other.need(column, "a look-up")] for name, column in join.take.items()}
    taken = [name for name in kept if name in rows.columns]
    if taken:
        raise MappingError(
            f"the look-up takes {taken[0]!r}, and the file has a column of that name",
            where=rows.file,
            mend="take it under another name",
        )
    found = raw.table.select(key__=other.text(theirs), **kept)
    found = found.filter(found["key__"].notnull()).mutate(hit__=ibis.literal(True))
    twice = found.group_by("key__").agg(n=found.count())
    twice = twice.filter(twice["n"] > 1).order_by("key__").limit(3).execute()
    if len(twice):
        raise ContractError(
            f"the look-up has {', '.join(map(repr, twice['key__']))} more than once",
            where=f"{raw.name}, column {theirs}",
            mend="keep one row a key in the look-up, so that a row of ours cannot become two",
        )
    own = rows.text(ours)
    alias = own.cases(*join.values.items(), else_=own) if join.values else own
    table = rows.table.mutate(own__=own, alias_key__=alias)
    joined = table.left_join(found, [table["alias_key__"] == found["key__"]])
    is_found = joined["hit__"].notnull()
    marks = {f"miss__{number}": joined["own__"].notnull() & ~is_found}
    marks[f"alias__{number}"] = (is_found & (joined["own__"] != joined["alias_key__"])).fill_null(False)
    joined = joined.mutate(**marks).drop("own__", "alias_key__", "key__", "hit__")
    lookup = Lookup(number, raw.name, ours, join.unknown, join.values)
    return replace(rows, table=joined, columns=(*rows.columns, *kept)), lookup
