"""Queries: the SQL of an expression, written once for all tables and dates that it is asked of.

Writing SQL takes longer than DuckDB takes to run it. So a query carries only the columns that it reads
(:mod:`salesnb.data.narrow`), and its text is kept under its shape: the expression with numbered dates in the place of
its dates, and numbered tables in the place of the tables it reads.

Texts whose every word is this package's own are kept in the user's cache (:mod:`salesnb.data.texts`). The others, which
may hold a value of a source, are shared by the kernels of one run alone, through the private folder that the
environment names.
"""

from __future__ import annotations

import datetime as dtm
import os
import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from threading import RLock
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from salesnb.data import texts
from salesnb.data.narrow import in_order, narrowed

MOST = 1024
"""How many texts are kept; the one not asked for longest is let go."""
_MONTH_AND_DAY = (7, 13)
_TABLE = "a table of salesnb"
_ROWS = "rows of salesnb"
_STAND_IN = re.compile(rf'MAKE_DATE\((\d+), 7, 13\)|"{_TABLE} (\d+)"')
_texts: dict[Hashable, str] = {}
_lock = RLock()


def sql_of(query: ir.Table) -> str | None:
    """Return the SQL that DuckDB runs for a query over its tables.

    Returns
    -------
    str or None
        None where the query reads what is in no table, or has a text that could be taken for a stand-in.
    """
    key, tables, dates, is_plain, words = _shape(query.op())
    if not is_plain:
        return None
    days, names = list(dates), [_quoted(table) for table in tables]

    def stand_in(leaf: ops.Node) -> ops.Node:
        if isinstance(leaf, ops.DatabaseTable):
            return ops.UnboundTable(name=f"{_TABLE} {tables[leaf]}", schema=leaf.schema)
        if isinstance(leaf, ops.Literal) and leaf.dtype.is_date() and isinstance(leaf.value, dtm.date):
            put: ops.Node = ibis.date(dtm.date(dates[leaf.value], *_MONTH_AND_DAY)).op()
            return put
        return leaf

    def actual(found: re.Match[str]) -> str:
        if found[2]:
            return names[int(found[2]) - 1]
        day = days[int(found[1]) - 1]
        return f"MAKE_DATE({day.year}, {day.month}, {day.day})"

    def written() -> tuple[str, bool]:
        return _written(query, narrowed(query, stand_in)), texts.are_own(words)

    return _STAND_IN.sub(actual, _kept(key, written))


def _shape(
    root: ops.Node,
) -> tuple[Hashable, dict[ops.DatabaseTable, int], dict[dtm.date, int], bool, set[str]]:
    """Return what the text of an expression depends on, its tables and dates with numbers, if it is plain, its words.

    Every node is written as its kind and its parts, a part that is a node as its number. What is equal has one number,
    so that the meaning stays.
    """
    tables: dict[ops.DatabaseTable, int] = {}
    dates: dict[dtm.date, int] = {}
    places: dict[ops.Node, int] = {}
    told: list[Hashable] = []
    words: set[str] = set()
    is_plain = True

    def part(value: Any) -> Hashable:
        if isinstance(value, ops.Node):
            return ("node", places[value])
        if isinstance(value, tuple):
            return tuple(part(each) for each in value)
        if isinstance(value, Mapping) and not isinstance(value, ibis.Schema):
            return tuple((name, part(each)) for name, each in value.items())
        if isinstance(value, frozenset):
            return ("set", *sorted(map(repr, value)))  # a set has another order in each process
        hashable: Hashable = value
        return hashable

    for node in in_order(root):
        places[node] = len(places)
        if isinstance(node, ops.DatabaseTable):
            told.append(("table", tables.setdefault(node, len(tables) + 1), node.schema))
        elif isinstance(node, ops.Literal) and node.dtype.is_date() and isinstance(node.value, dtm.date):
            told.append(("date", dates.setdefault(node.value, len(dates) + 1)))
        else:
            told.append((type(node), *(part(value) for value in node.args)))
            if isinstance(node, ops.Literal):
                text = node.value if isinstance(node.value, str) else ""
                words.update(_words(node.value))
                is_plain = is_plain and "MAKE_DATE" not in text.upper() and _TABLE not in text
            elif isinstance(node, ops.Relation) and not node.__children__:
                is_plain = False
    return tuple(told), tables, dates, is_plain, words


def _words(value: Any) -> Iterator[str]:
    """Yield the texts in a literal; what is neither a number, a date nor nothing counts as a text."""
    if isinstance(value, tuple | list | set | frozenset):
        for each in value:
            yield from _words(each)
    elif not isinstance(value, int | float | Decimal | dtm.date | None):
        yield str(value)


def sql_over(rows: ir.Table, make: Callable[[ir.Table], ir.Table], *key: Hashable) -> str | None:
    """Return the SQL of what a function makes of some rows; its own part is written once for all rows of one schema.

    Parameters
    ----------
    make
        Makes a query of a table; only its columns may matter, not where they come from.
    key
        What the function does: all that its result depends on besides the columns.
    """
    inner = sql_of(rows)
    if inner is None:
        return None
    schema = rows.schema()

    def written() -> tuple[str, bool]:
        shape = make(ops.UnboundTable(name=_ROWS, schema=schema).to_expr())
        words = {word for leaf in shape.op().find(ops.Literal) for word in _words(leaf.value)}
        return _written(rows, shape), texts.are_own(words)

    return _kept((*key, schema), written).replace(f'"{_ROWS}"', f"({inner})")


def _written(of: ir.Table, query: ir.Table) -> str:
    """Return the SQL of a query for the backend of a table, not looking whether it is kept."""
    backend: Any = of.get_backend()
    write = getattr(backend, "written", backend.compile)
    return str(write(query))


def _kept(key: Hashable, write: Callable[[], tuple[str, bool]]) -> str:
    with _lock:
        text = _texts.pop(key) if key in _texts else _shared(key, write)
        _texts[key] = text
        while len(_texts) > MOST:
            _texts.pop(next(iter(_texts)))
        return text


def _shared(key: Hashable, write: Callable[[], tuple[str, bool]]) -> str:
    """Return the text that another program or another kernel of this run has written, or write it for them too."""
    told = repr(key)
    if " at 0x" in told:
        return write()[0]
    places = texts.place(), _of_run()
    for folder in places:
        if (text := texts.read(folder, told)) is not None:
            return text
    text, is_own = write()
    texts.keep(places[0] if is_own else places[1], told, text)
    return text


def shared(key: Hashable, write: Callable[[], str]) -> str:
    """Return a text that another kernel of this run has written under a key, or write it, and for them too.

    Parameters
    ----------
    key
        All that the text depends on besides the code, as values whose ``repr`` tells them apart.
    """
    folder = _of_run()
    if (text := texts.read(folder, repr(key))) is not None:
        return text
    text = write()
    texts.keep(folder, repr(key), text)
    return text


def _of_run() -> Path | None:
    """Return the folder that the kernels of one run share; None outside of a run."""
    run = os.environ.get(texts.RUN_VARIABLE)
    return Path(run) if run else None


def _quoted(table: ops.DatabaseTable) -> str:
    parts = (table.namespace.catalog, table.namespace.database, table.name)
    return ".".join('"' + str(part).replace('"', '""') + '"' for part in parts if part)
