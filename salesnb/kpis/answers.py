"""Answers: the rows of a small query, as fast as they can be had: see :mod:`salesnb.data.queries`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any

import ibis.expr.types as ir
import pandas as pd

from salesnb.data.narrow import narrowed
from salesnb.data.queries import sql_of, sql_over

if TYPE_CHECKING:
    from salesnb.data.book import Book


_LISTED = 9_000_000_000_000_000_001
"""Stands for a list of numbers."""


def answer(book: Book, query: ir.Table) -> pd.DataFrame:
    """Run a query of a book whose answer is a small table of numbers and texts.

    Returns
    -------
    pandas.DataFrame
        The columns of the query; the types of the values are the engine's.
    """
    return pd.DataFrame(columns(book, query), columns=list(query.columns))


def columns(book: Book, query: ir.Table) -> dict[str, list[Any]]:
    """Run a query of a book whose answer is a small table; return its columns by name, null as None or NaN."""
    sql = sql_of(query) if _is_fast(book, query) else None
    return _executed(query) if sql is None else _fetched(query, sql)


def columns_over(
    book: Book,
    rows: ir.Table,
    make: Callable[[ir.Table, Sequence[int]], ir.Table],
    *key: Hashable,
    listed: Sequence[int] = (),
) -> dict[str, list[Any]]:
    """Return the columns of what a function makes of rows and, where it wants one, of a list of numbers.

    The function's own part is written once for all rows and lists: see :func:`salesnb.data.queries.sql_over`.

    Parameters
    ----------
    book, rows
        The rows of a book that the query stands on.
    make
        Makes the query of the rows and the list.
    key
        What else the query differs by.
    listed
        The numbers, where it wants some.
    """
    sql = sql_over(rows, lambda these: make(these, [_LISTED]), *key) if _is_fast(book, rows) else None
    if sql is None:
        return _executed(make(rows, listed))
    return _fetched(rows, sql.replace(f"({_LISTED})", f"({', '.join(map(str, listed))})"))


def _is_fast(book: Book, query: ir.Table) -> bool:
    return book.memo is not None and query.get_backend().name == "duckdb"


def _executed(query: ir.Table) -> dict[str, list[Any]]:
    frame: pd.DataFrame = narrowed(query).execute()
    return {str(name): list(frame[name]) for name in frame}


def _fetched(query: ir.Table, sql: str) -> dict[str, list[Any]]:
    found = query.get_backend().raw_sql(sql)
    names = [str(column[0]) for column in found.description]
    rows: list[Any] = found.fetchall()
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}
