"""Memo: what many KPIs of one analysis stand on, computed once.

Most KPIs begin at a few tables: the bookings, the deals as they stood on a day, the quotas with what was booked on
them. A definition asks for such a table by :func:`table`, or :func:`table_on` where it differs by a day, and for a
small answer of the source by :func:`value`. For a book on its own they return what the definition makes, and nothing
is stored. For a book that is :func:`keeping`, which an analysis of many KPIs makes for itself, each is made once; a
table is then put into the memory of the embedded DuckDB. Other engines keep the expression: not every server lets
its readers write.

A book made from another one, by ``at`` or ``replace``, has no memo: what was kept belongs to one set of tables and
one as-of date. A stored table lives as long as an expression that reads it.
"""

from __future__ import annotations

import datetime as dtm
import gc
import weakref
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from salesnb.data.queries import sql_of

if TYPE_CHECKING:
    from salesnb.data.book import Book

T = TypeVar("T")
Key: TypeAlias = tuple[Hashable, ...]
OnDays: TypeAlias = Callable[[ir.Table], ir.Table]

_UNREAD: dict[int, list[str]] = {}
"""The tables to drop, by the id of their backend."""
MOST = 256
"""How many tables and answers one book keeps; the one not asked for longest is let go."""


@dataclass(eq=False)
class Memo:
    """What one book keeps: key to a table or an answer, the latest asked for last.

    Attributes
    ----------
    stores
        Whether tables are put into the memory of DuckDB; where not, their expressions are kept.
    expected
        The days that will be asked for: see :func:`expect`.
    """

    stores: bool = True
    expected: set[dtm.date] = field(default_factory=set)
    things: dict[Key, Any] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)

    def get(self, key: Key, make: Callable[[], T]) -> T:
        """Return what is kept under a key, made now if nothing is."""
        with self.lock:
            thing: T = self.things.pop(key) if key in self.things else make()
            self.things[key] = thing
            while len(self.things) > MOST:
                self.things.pop(next(iter(self.things)))
            return thing


def keeping(book: Book, *, stores: bool = True) -> Book:
    """Return the same book with a memo of its own.

    Parameters
    ----------
    stores
        Whether the tables will be read: those that are only asked for need not be stored.
    """
    kept = replace(book)
    object.__setattr__(kept, "memo", Memo(stores))
    object.__setattr__(kept, "mark", book.mark)
    return kept


@contextmanager
def unswept() -> Iterator[None]:
    """Keep Python from looking for circles of garbage while an analysis makes its expressions, which are small.

    Every look goes through all that lives, which takes a tenth of the time of an analysis and finds little.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def value(book: Book, *key: Hashable, make: Callable[[], T]) -> T:
    """Return what ``make`` gives; a book that is keeping asks it once."""
    memo: Memo | None = book.memo
    return make() if memo is None else memo.get(("value", *key), make)


def table(book: Book, *key: Hashable, make: Callable[[], ir.Table]) -> ir.Table:
    """Return the table that ``make`` gives; a book that is keeping makes it once, and stores it in DuckDB.

    Parameters
    ----------
    key
        What the table is, and all that it depends on besides the book.
    make
        Makes it, as an Ibis expression over the book's tables.
    """
    memo: Memo | None = book.memo
    if memo is None:
        return make()
    return memo.get(("table", *key), lambda: _stored(memo, make()))


def table_on(
    book: Book,
    name: str,
    day: dtm.date,
    make: Callable[[OnDays], ir.Table],
    *,
    alone: Callable[[], ir.Table],
) -> ir.Table:
    """Return a table of a day; a book that is keeping makes it for many days at once: see :func:`expect`.

    Parameters
    ----------
    make
        Makes the table of some days: it is given a function that returns the rows of a table once for each of them,
        with the day as ``_day``, and keeps that column.
    alone
        Makes the same for the day alone, without that column, which is quicker than by ``make``.
    """
    memo: Memo | None = book.memo
    if memo is None:
        return alone()
    if not memo.stores or next(iter(book.tables.values())).get_backend().name != "duckdb":
        return memo.get(("table", name, day), alone)
    days = memo.get(("days", name), lambda: Days(name, make))
    with memo.lock:
        return days.on(day, memo.expected)


def expect(book: Book, days: Iterable[dtm.date]) -> None:
    """Say which days will be asked for, so that their tables are made together; a book that keeps nothing forgets it.

    Planning the query of the deals on a day takes ten times as long as running it.
    """
    memo: Memo | None = book.memo
    if memo is not None:
        memo.expected.update(days)


class Days:
    """A stored table of several days, which grows by the days that are asked for."""

    def __init__(self, name: str, make: Callable[[OnDays], ir.Table]) -> None:
        self.name = ibis.util.gen_name(name)
        self.make = make
        self.sql = ""
        self.stored: Any = None
        self.wanted: Any = None
        self.known: set[dtm.date] = set()

    def on(self, day: dtm.date, expected: Collection[dtm.date] = ()) -> ir.Table:
        """Return the rows of a day; where it is not known yet, those that are expected are made with it."""
        made = self.make(self._on_wanted) if self.wanted is None else None
        if day not in self.known:
            new = sorted({day, *expected} - self.known)
            self._put(new, made)
            self.known.update(new)
        stored: ir.Table = self.stored
        return stored.filter(stored["_day"] == ibis.date(day)).drop("_day")

    def _on_wanted(self, rows: ir.Table) -> ir.Table:
        """Return each row once for each day wanted; the days stand in a table of their own."""
        if self.wanted is None:
            backend, name = rows.get_backend(), f"{self.name}_wanted"
            backend.raw_sql(f'CREATE TEMP TABLE "{name}" (_day DATE)')
            self.wanted = _table(backend, name, ibis.schema({"_day": "date"}))
        return rows.cross_join(self.wanted)

    def _put(self, days: Sequence[dtm.date], made: ir.Table | None) -> None:
        """Put the rows of some days into the table; it is made of the expression where one is given."""
        backend: Any = self.wanted.get_backend()
        values = ", ".join(f"(MAKE_DATE({day.year}, {day.month}, {day.day}))" for day in days)
        backend.raw_sql(f'DELETE FROM "{self.name}_wanted"; INSERT INTO "{self.name}_wanted" VALUES {values}')
        if made is None:
            backend.raw_sql(f'INSERT INTO "{self.name}" {self.sql}')
        else:
            self.sql = sql_of(made) or str(backend.compile(made))
            backend.raw_sql(f'CREATE TEMP TABLE "{self.name}" AS {self.sql}')
            self.stored = _table(backend, self.name, made.schema())


def _stored(memo: Memo, expression: ir.Table) -> ir.Table:
    backend = expression.get_backend()
    if not memo.stores or backend.name != "duckdb":
        return expression
    sql = sql_of(expression)
    if sql is None:
        return expression.cache()
    name = ibis.util.gen_name("kept")
    backend.raw_sql(f'CREATE TEMP TABLE "{name}" AS {sql}')
    return _table(backend, name, expression.schema())


def listed(rows: ir.Table, column: str, texts: Sequence[str]) -> ir.Table | None:
    """Return a temporary table of texts beside the rows of a DuckDB; None elsewhere, for not every server lets write.

    A query that names a table of a thousand ids is written once; one that holds them is written again for each list.
    """
    backend = rows.get_backend()
    if backend.name != "duckdb":
        return None
    name = ibis.util.gen_name("listed")
    backend.raw_sql(f'CREATE TEMP TABLE "{name}" ("{column}" VARCHAR)')
    backend.con.execute(f'INSERT INTO "{name}" SELECT UNNEST(?::VARCHAR[])', [list(texts)])
    return _table(backend, name, ibis.schema({column: "string"}))


def _table(backend: Any, name: str, schema: ibis.Schema) -> ir.Table:
    """Return a temporary table that was just made; it is dropped some time after the last expression that reads it."""
    _clear(backend)
    namespace = ops.Namespace(catalog="temp", database="main")
    table = ops.DatabaseTable(name, schema=schema, source=backend, namespace=namespace)
    weakref.finalize(table, _let_go, id(backend), name).atexit = False
    made: ir.Table = table.to_expr()
    return made


def _let_go(backend: int, name: str) -> None:
    """Note that nothing reads a table any more.

    It is dropped with the next one that is made. Python may find the last expression gone at any moment, also between
    a query and the fetching of its rows, and DuckDB would give these up for a statement in between.
    """
    _UNREAD.setdefault(backend, []).append(name)


def _clear(backend: Any) -> None:
    for name in _UNREAD.pop(id(backend), ()):
        backend.raw_sql(f'DROP TABLE IF EXISTS temp.main."{name}"')
