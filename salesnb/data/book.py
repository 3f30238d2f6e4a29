"""Book: the tables of one source in the contract's shape, as of a date, with what was not used and why."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.data.contract import CONTRACT
from salesnb.errors import NeedsData, did_you_mean


@dataclass(frozen=True)
class Audit:
    """What became of every row that was read.

    Attributes
    ----------
    reconciliation
        One row a table: ``table, read, used, rejected, flagged``; ``read = used + rejected``.
    money
        One row a table and currency: ``table, currency, read, used, rejected, unreadable``; the first three in
        that currency, as written in the source, ``read = used + rejected``; ``unreadable`` counts amounts that
        could not be read and so are in none of the three.
    problems
        One row a rule that was broken: ``table, rule, action, column, rows, money, example, reason, mend``.
    rejects
        One row a broken rule and row: ``table, file, row, column, value, rule, action, reason``; an Ibis table.
        ``action`` is ``rejected`` (the row is not used), ``flagged`` (used as it is) or ``repaired`` (used, with
        the value that the rule says).
    notes
        How the source was read where that was not said: encodings, date orders, marks of numbers.
    """

    reconciliation: pd.DataFrame
    money: pd.DataFrame
    problems: pd.DataFrame
    rejects: ir.Table
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Book:
    """The validated tables of one source.

    ``book.orders``, ``book.opportunities`` and so on are Ibis tables with every column of the contract, in its
    order and types. Columns that the source does not give are null; ``book.gives("orders.cost")`` tells.

    Attributes
    ----------
    name
        What the source calls itself.
    currency
        The currency all amounts are in.
    as_of
        The last day that is known: later facts are not in the tables.
    data_end
        The last day in the data.
    given
        For each table, the columns that hold at least one value.
    audit
        What was read, used and rejected.
    fingerprint
        A digest of the source's content and its mapping; equal content, equal fingerprint.
    stages
        The open stages in order, first to last; empty where nobody said.
    fiscal_year_start
        The month, 1 to 12, in which the fiscal year starts.
    memo
        What the KPIs of an analysis have in common: see :mod:`salesnb.data.memo`; None in a book that keeps nothing.
    mark
        What tells this book from others for :mod:`salesnb.data.findings`; empty where nothing may be found for it.
    """

    name: str
    currency: str
    as_of: dtm.date
    data_end: dtm.date
    tables: Mapping[str, ir.Table]
    given: Mapping[str, frozenset[str]]
    audit: Audit
    fingerprint: str = ""
    stages: tuple[str, ...] = ()
    fiscal_year_start: int = 1
    connection: Any = field(default=None, repr=False, compare=False)
    memo: Any = field(default=None, init=False, repr=False, compare=False)
    mark: str = field(default="", init=False, repr=False, compare=False)

    def __repr__(self) -> str:
        return f"<Book of {self.name}: {len(self.tables)} tables, in {self.currency}, known up to {self.as_of}>"

    def has(self, *tables: str) -> bool:
        """Tell whether every one of these tables is there."""
        return all(table in self.tables for table in tables)

    def gives(self, name: str) -> bool:
        """Tell whether a table (``"orders"``) or a column with values (``"orders.cost"``) is there."""
        table, _, column = name.partition(".")
        if table not in self.tables or table in self.unusable:
            return False
        return not column or column in self.given.get(table, frozenset())

    @cached_property
    def unusable(self) -> Mapping[str, int]:
        """The tables of which every row was rejected, each with the number of its rows: they count as not given."""
        counts = self.audit.reconciliation
        none = counts[(counts["used"] == 0) & (counts["rejected"] > 0)]
        return dict(zip(none["table"], none["read"].astype(int), strict=True))

    def rejected_words(self, *names: str) -> str:
        """Say which of these tables, or tables of these columns, are not given because every row was rejected."""
        tables = dict.fromkeys(name.partition(".")[0] for name in names)
        lost = [name for name in tables if name in self.unusable]
        return "".join(f"; all {self.unusable[name]} rows of {name} were rejected" for name in lost)

    def require(self, *names: str) -> None:
        """Raise NeedsData unless every one of these tables or columns is there."""
        missing = [name for name in names if not self.gives(name)]
        if missing:
            raise NeedsData(
                f"needs {', '.join(missing)}{self.rejected_words(*missing)}",
                where=self.name,
                mend="map it in the source's mapping file, or leave out what needs it",
                needs=", ".join(missing),
            )

    def table(self, name: str) -> ir.Table:
        """Return one table of the contract; NeedsData where the source does not give it."""
        if name not in CONTRACT:
            raise KeyError(f"no table {name!r} in the contract: {did_you_mean(name, list(CONTRACT))}")
        self.require(name)
        return self.tables[name]

    def __getattr__(self, name: str) -> ir.Table:
        if name in CONTRACT:
            return self.table(name)
        raise AttributeError(name)

    @property
    def rejects(self) -> ir.Table:
        """One row for every broken rule and row: see :class:`Audit`."""
        return self.audit.rejects

    def at(self, as_of: dtm.date) -> Book:
        """Return this book as it was known on a date: later rows are gone, later closings are still open.

        What a deal's stage, amount and owner were is not undone here; ``history.deals_on`` does that from the
        change log.
        """
        day_after = ibis.date(as_of + dtm.timedelta(days=1))
        views: dict[str, ir.Table] = {}
        for name, table in self.tables.items():
            known_at = CONTRACT[name].known_at
            view = table
            if known_at is not None:
                column = view[known_at]
                view = view.filter(column.isnull() | (column.cast("date") < day_after))
            if name == "opportunities":
                later = view.closed_on >= day_after
                later = later.fill_null(False)
                view = view.mutate(
                    outcome=later.ifelse("open", view.outcome),
                    loss_reason=later.ifelse(ibis.null("string"), view.loss_reason),
                    closed_on=later.ifelse(ibis.null("date"), view.closed_on),
                )
            if name == "subscriptions":
                later = (view.ended_on >= day_after).fill_null(False)
                view = view.mutate(ended_on=later.ifelse(ibis.null("date"), view.ended_on))
            if name == "reps":
                later = (view.left_on >= day_after).fill_null(False)
                view = view.mutate(left_on=later.ifelse(ibis.null("date"), view.left_on))
            views[name] = view
        return replace(self, as_of=as_of, tables=MappingProxyType(views))

    @classmethod
    def of(
        cls,
        tables: Mapping[str, pd.DataFrame | Sequence[Mapping[str, Any]]],
        *,
        as_of: dtm.date,
        currency: str = "USD",
        name: str = "given tables",
        stages: Sequence[str] = (),
        fiscal_year_start: int = 1,
        connection: Any = None,
    ) -> Book:
        """Make a book of frames or literal rows that already satisfy the contract; nothing is checked.

        Parameters
        ----------
        tables
            Contract table name to a frame or a list of dicts; columns left out are null.
        as_of
            The last day that is known.
        connection
            The Ibis backend to put them in; a new DuckDB in memory where it is None.

        Raises
        ------
        KeyError
            A table or column that is not in the contract.
        """
        backend = connection if connection is not None else ibis.duckdb.connect()
        views: dict[str, ir.Table] = {}
        given: dict[str, frozenset[str]] = {}
        empty = pd.DataFrame
        for table_name, rows in tables.items():
            contract = CONTRACT[table_name]
            frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
            unknown = [column for column in frame.columns if column not in contract.names]
            if unknown:
                raise KeyError(f"{table_name} has no column {unknown[0]!r}: {did_you_mean(unknown[0], contract.names)}")
            arrays = {
                column: [None if pd.isna(value) else value for value in frame[column]]
                if column in frame
                else [None] * len(frame)
                for column in contract.names
            }
            schema = ibis.schema(contract.schema)
            import pyarrow as pa

            arrow = pa.table({k: _arrow(v, schema[k].to_pyarrow()) for k, v in arrays.items()})
            views[table_name] = backend.create_table(table_name, arrow, schema=schema, temp=True)
            given[table_name] = frozenset(k for k, v in arrays.items() if any(x is not None for x in v))
        counts = pd.DataFrame(
            [
                {"table": t, "read": (n := int(views[t].count().execute())), "used": n, "rejected": 0, "flagged": 0}
                for t in views
            ],
            columns=["table", "read", "used", "rejected", "flagged"],
        )
        audit = Audit(
            counts,
            empty(columns=["table", "currency", "read", "used", "rejected", "unreadable"]),
            empty(columns=["table", "rule", "action", "column", "rows", "money", "example", "reason", "mend"]),
            ibis.memtable(
                empty(columns=["table", "file", "row", "column", "value", "rule", "action", "reason"]),
                schema={
                    "table": "string",
                    "file": "string",
                    "row": "int64",
                    "column": "string",
                    "value": "string",
                    "rule": "string",
                    "action": "string",
                    "reason": "string",
                },
            ),
        )
        return cls(
            name=name,
            currency=currency,
            as_of=as_of,
            data_end=as_of,
            tables=MappingProxyType(views),
            given=MappingProxyType(given),
            audit=audit,
            stages=tuple(stages),
            fiscal_year_start=fiscal_year_start,
            connection=backend,
        )


def _arrow(values: list[Any], kind: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_decimal(kind):
        from decimal import Decimal

        values = [None if v is None else Decimal(str(v)).quantize(Decimal("0.0001")) for v in values]
    elif pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        values = [None if v is None else pd.Timestamp(v).to_pydatetime() for v in values]
        if pa.types.is_date(kind):
            values = [None if v is None else v.date() for v in values]
    elif pa.types.is_string(kind):
        values = [None if v is None else str(v) for v in values]
    return pa.array(values, type=kind)
