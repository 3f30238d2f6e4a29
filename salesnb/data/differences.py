"""Differences: which rows of a source were added, removed or changed between two times it was read.

A row that is added is late where it is dated on or before the last day that was known the first time: it should have
been there then. Rows are told apart by the table's key; in a table without one a changed row is one removed and one
added.
"""

from __future__ import annotations

import datetime as dtm
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.data.book import Book
from salesnb.data.contract import CONTRACT, Contract

TABLE_COLUMNS = ("table", "before", "after", "added", "late", "removed", "changed", "columns")
ROW_COLUMNS = ("table", "what", "key", "dated", "detail")
EXAMPLES = 5
"""How many rows of each kind are named."""

_NAMING = 4
_NOTHING = "nothing"


@dataclass(frozen=True)
class Differences:
    """What became of the rows between two books.

    Attributes
    ----------
    tables
        One row a table that either book has and that differs: ``table, before, after`` (rows), ``added, late``
        (of those added), ``removed, changed`` and ``columns``, which says what changed in how many rows.
    rows
        Examples, the latest dated first: ``table, what`` (late, new, changed, removed), ``key, dated`` (null where
        the table has no date) and ``detail``, which says what was changed to what.
    """

    tables: pd.DataFrame
    rows: pd.DataFrame


def differences(old: Book, new: Book, *, known: dtm.date, examples: int = EXAMPLES) -> Differences:
    """Compare the tables of two books row by row.

    Parameters
    ----------
    old, new
        The books, of the first and of the second time.
    known
        The last day that was known the first time.
    examples
        How many rows of each kind are named in a table.
    """
    tables: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for contract in CONTRACT.values():
        if contract.name in old.tables or contract.name in new.tables:
            backend = ibis.duckdb.connect()
            try:
                before, after = (_side(backend, book, contract, n) for n, book in (("before", old), ("after", new)))
                marked = _marked(before, after, contract, known)
                counts = _counts(marked, before, after, contract)
                if any(counts[name] for name in ("added", "removed", "changed")):
                    tables.append(counts)
                    rows += _examples(marked, contract, examples)
            finally:
                backend.disconnect()
    return Differences(pd.DataFrame(tables, columns=TABLE_COLUMNS), pd.DataFrame(rows, columns=ROW_COLUMNS))


def _side(backend: Any, book: Book, contract: Contract, side: str) -> ir.Table:
    """Put one book's table into one engine with the other's; an absent one is empty."""
    schema = ibis.schema(contract.schema)
    if contract.name not in book.tables:
        return backend.create_table(side, schema=schema, temp=True)
    table = book.tables[contract.name].select(*contract.names).cast(dict(contract.schema))
    return backend.create_table(side, table.to_pyarrow(), schema=schema, temp=True)


def _marked(before: ir.Table, after: ir.Table, contract: Contract, known: dtm.date) -> ir.Table:
    """Return the rows that differ: ``what``, then each column as ``_old`` and as ``_new``."""
    if contract.key is None:
        gone, come = before.difference(after, distinct=False), after.difference(before, distinct=False)
        none = {name: ibis.null(kind) for name, kind in contract.schema.items()}
        removed = gone.select(**{f"{c}_old": gone[c] for c in none}, **{f"{c}_new": v for c, v in none.items()})
        added = come.select(**{f"{c}_old": v for c, v in none.items()}, **{f"{c}_new": come[c] for c in none})
        return removed.mutate(what=ibis.literal("removed")).union(added.mutate(what=_late(added, contract, known)))
    left = before.rename({f"{name}_old": name for name in contract.names})
    right = after.rename({f"{name}_new": name for name in contract.names})
    both = left.outer_join(right, left[f"{contract.key}_old"] == right[f"{contract.key}_new"])
    alike = ibis.and_(*(both[f"{name}_old"].identical_to(both[f"{name}_new"]) for name in contract.names))
    what = ibis.cases(
        (both[f"{contract.key}_old"].isnull(), _late(both, contract, known)),
        (both[f"{contract.key}_new"].isnull(), "removed"),
        (alike, ibis.null("string")),
        else_="changed",
    )
    marked = both.mutate(what=what)
    return marked.filter(marked.what.notnull())


def _late(rows: ir.Table, contract: Contract, known: dtm.date) -> ir.StringValue:
    if contract.known_at is None:
        return ibis.literal("new")
    day = rows[f"{contract.known_at}_new"].cast("date")
    return (day <= ibis.date(known)).fill_null(False).ifelse("late", "new")


def _counts(marked: ir.Table, before: ir.Table, after: ir.Table, contract: Contract) -> dict[str, Any]:
    whats = ("late", "new", "removed", "changed")
    differs = {
        f"in_{name}": (~marked[f"{name}_old"].identical_to(marked[f"{name}_new"]) & (marked.what == "changed")).sum()
        for name in contract.names
    }
    (row,) = (
        marked.aggregate(**{what: (marked.what == what).sum() for what in whats}, **differs).to_pyarrow().to_pylist()
    )
    found = {name: int(value or 0) for name, value in row.items()}
    most = sorted((-found[f"in_{name}"], name) for name in contract.names if found[f"in_{name}"])
    return {
        "table": contract.name,
        "before": int(before.count().execute()),
        "after": int(after.count().execute()),
        "added": found["late"] + found["new"],
        "late": found["late"],
        "removed": found["removed"],
        "changed": found["changed"],
        "columns": ", ".join(f"{name} in {-count}" for count, name in most),
    }


def _examples(marked: ir.Table, contract: Contract, most: int) -> Iterator[dict[str, Any]]:
    dated = ibis.null("date")
    if contract.known_at is not None:
        dated = ibis.coalesce(marked[f"{contract.known_at}_new"], marked[f"{contract.known_at}_old"]).cast("date")
    naming = [contract.key] if contract.key else list(contract.names[:_NAMING])
    order = [ibis.coalesce(marked[f"{name}_new"], marked[f"{name}_old"]) for name in naming]
    rows = marked.mutate(dated=dated)
    for what in ("late", "changed", "removed", "new"):
        named = rows.filter(rows.what == what).order_by(ibis.desc("dated"), *order).limit(most)
        for row in named.to_pyarrow().to_pylist():
            side = "old" if what == "removed" else "new"
            key = [row[f"{name}_{side}"] for name in naming]
            pairs = {name: (row[f"{name}_old"], row[f"{name}_new"]) for name in contract.names}
            told = [f"{name}: {_said(a)} to {_said(b)}" for name, (a, b) in pairs.items() if a != b]
            yield {
                "table": contract.name,
                "what": what,
                "key": ", ".join(_said(value) for value in key if value is not None),
                "dated": row["dated"],
                "detail": "; ".join(told) if what == "changed" else "",
            }


def _said(value: Any) -> str:
    if value is None:
        return _NOTHING
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value.isoformat().removesuffix("T00:00:00") if hasattr(value, "isoformat") else str(value)
