"""What a table of the contract is made of: its columns, and what each kind of column is in every engine.

Kinds of column:

===========  ==================  =====================================================================
kind         Ibis type           reading
===========  ==================  =====================================================================
``id``       string              text as written, never a number: ``"007"`` stays ``"007"``
``text``     string              text as written, blank read as null
``choice``   string              one of the listed words
``date``     date                a business-local date
``time``     timestamp           a business-local moment without a zone
``money``    decimal(18, 4)      exact; four decimals because real order lines carry them
``number``   float64             a quantity that is not money
``integer``  int64               a whole number
``boolean``  boolean             yes or no
===========  ==================  =====================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import ibis.expr.datatypes as dt

Kind = Literal["id", "text", "choice", "date", "time", "money", "number", "integer", "boolean"]

IBIS_TYPES: MappingProxyType[str, dt.DataType] = MappingProxyType(
    {
        "id": dt.string,
        "text": dt.string,
        "choice": dt.string,
        "date": dt.date,
        "time": dt.Timestamp(scale=6),
        "money": dt.Decimal(18, 4),
        "number": dt.float64,
        "integer": dt.int64,
        "boolean": dt.boolean,
    }
)


@dataclass(frozen=True)
class Column:
    """One column of a table of the contract.

    Attributes
    ----------
    name, kind, meaning
        The column's name, its kind (see the module) and one phrase that says what it holds.
    is_required
        The mapping must give it, and a row with a null in it is rejected.
    choices
        The words that a ``choice`` may be.
    refers_to
        The table whose key it holds.
    low, high
        The bounds of a number, both included.
    """

    name: str
    kind: Kind
    meaning: str
    is_required: bool = False
    choices: tuple[str, ...] = ()
    refers_to: str | None = None
    low: float | None = None
    high: float | None = None

    @property
    def type(self) -> dt.DataType:
        """The column's Ibis type."""
        return IBIS_TYPES[self.kind]


@dataclass(frozen=True)
class Contract:
    """One table of the contract.

    Attributes
    ----------
    name
        The table's name.
    a_row_is
        What one row stands for.
    columns
        Its columns, in order.
    key
        The column that tells rows apart, or ``None`` where a row has no name of its own.
    money
        The column by which the table's money is reconciled, or ``None``.
    known_at
        The column that says when a row became known: a view as of a date leaves later rows out.
    """

    name: str
    a_row_is: str
    columns: tuple[Column, ...]
    key: str | None = None
    money: str | None = None
    known_at: str | None = None

    def column(self, name: str) -> Column:
        """Return the column of that name; ``KeyError`` where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def schema(self) -> dict[str, dt.DataType]:
        """Column name to Ibis type, in order."""
        return {column.name: column.type for column in self.columns}


def key_column(name: str, meaning: str) -> Column:
    """A column that tells rows apart."""
    return Column(name, "id", meaning, is_required=True)


def reference(name: str, table: str, meaning: str) -> Column:
    """A column that holds another table's key."""
    return Column(name, "id", meaning, refers_to=table)
