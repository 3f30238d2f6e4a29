"""Held: rows put into temporary tables of the source's backend, and plain questions to them in its own SQL.

What a rule says is an Ibis expression. Once its answer stands in a column, counting it is the same plain SQL on every
engine, and asking it so spares building and compiling an expression for each count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from salesnb.data.raw import literal, quoted

_ROWS_AT_ONCE = 500


def hold(backend: Any, name: str, table: ir.Table) -> ir.Table:
    """Put an expression's rows into a new temporary table and return that."""
    return _hold(backend, name, table.schema(), str(backend.compile(table)))


def hold_rows(backend: Any, name: str, schema: Mapping[str, Any], rows: Sequence[Sequence[object]]) -> ir.Table:
    """Put literal rows into a new temporary table and return that.

    Parameters
    ----------
    backend, name, schema
        Where it goes, what it is called there, and its columns with their types.
    rows
        Texts, whole numbers and nulls, a row each.
    """
    held = _hold(backend, name, ibis.schema(schema), "")
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        lines = ", ".join(f"({', '.join(map(_value, row))})" for row in rows[start : start + _ROWS_AT_ONCE])
        backend.raw_sql(f"INSERT INTO {quoted(name)} VALUES {lines}")
    return held


def view(backend: Any, name: str, schema: Mapping[str, Any], sql: str) -> ir.Table:
    """Return a query's rows as a new temporary view.

    Parameters
    ----------
    backend, name, schema
        Where it goes, what it is called there, and its columns with their types.
    sql
        The query, in the words that all engines have in common.
    """
    backend.raw_sql(f"CREATE TEMPORARY VIEW {quoted(name)} AS {sql}")
    return plain_table(backend, name, schema)


def plain_table(
    backend: Any, name: str, schema: Mapping[str, Any], *, place: tuple[str | None, str | None] = (None, None)
) -> ir.Table:  # fmt: skip
    """Return a table or view whose columns are known, without asking the engine for them.

    Parameters
    ----------
    backend, name, schema
        Where it is, what it is called there, and its columns with their types.
    place
        The catalog and the schema that it lies in, where it is not among the first that are searched.
    """
    kinds = ibis.schema({column: ibis.dtype(kind).copy(nullable=True) for column, kind in schema.items()})
    namespace = ops.Namespace(catalog=place[0], database=place[1])
    table: ir.Table = ops.DatabaseTable(name, schema=kinds, source=backend, namespace=namespace).to_expr()
    return table


def rows(backend: Any, sql: str) -> list[tuple[Any, ...]]:
    """Run a query and return its rows."""
    found: list[tuple[Any, ...]] = backend.raw_sql(sql).fetchall()
    return found


def one_row(table: ir.Table, asked: Mapping[str, str]) -> dict[str, Any]:
    """Return aggregates of a held table, each as SQL under its name; None where there is nothing to aggregate."""
    columns = ", ".join(asked.values())
    [row] = rows(table.get_backend(), f"SELECT {columns} FROM {quoted(table.get_name())}")
    return dict(zip(asked, row, strict=True))


def any_of(columns: Iterable[str]) -> str:
    """SQL that is true where one of these columns, none of them null, is."""
    return " OR ".join(quoted(column) for column in columns) or "FALSE"


def _hold(backend: Any, name: str, schema: Mapping[str, Any], sql: str) -> ir.Table:
    kinds = {kind: backend.compiler.type_mapper.to_string(kind) for kind in set(schema.values())}
    columns = ", ".join(f"{quoted(column)} {kinds[kind]}" for column, kind in schema.items())
    backend.raw_sql(f"CREATE TEMPORARY TABLE {quoted(name)} ({columns})")
    if sql:
        backend.raw_sql(f"INSERT INTO {quoted(name)} {sql}")
    return plain_table(backend, name, schema)


def _value(value: object) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else literal(str(value))
