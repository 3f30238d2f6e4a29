"""Behind: the deals, leads or visitors that a number on a page is made of, so that a reader can open it.

An analysis returns one :class:`Behind` a number, with a key; a cell of a table or a headline names the key it opens.
Rows are taken out of the tables only up to :data:`MOST`; what is left out is said, never dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias
from zlib import crc32

import ibis
import ibis.expr.types as ir
import pandas as pd

MOST = 5000
"""The rows of one number that a page holds; with more, those that add most are held, and how many are not is said."""
KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

Thing: TypeAlias = Literal["deal", "lead", "account", "visitor"]
ID_OF: Mapping[Thing, str] = MappingProxyType(
    {"deal": "opportunity_id", "lead": "lead_id", "account": "account_id", "visitor": "visitor_id"}
)


@dataclass(frozen=True)
class Behind:
    """The rows behind one number.

    Attributes
    ----------
    key
        What opens it, unique on a page: small letters, digits and hyphens.
    title
        What the rows are, as a heading: ``"Pushed out of 2026Q3"``.
    rows
        The id column of ``thing``, ``adds`` (what the row adds to the number: money, or 1), and columns of ``extras``;
        at most :data:`MOST` rows, those that add most first.
    n
        How many rows there are in all.
    total
        What all rows add: the number itself.
    unit
        ``money`` or ``count``: what ``adds`` is.
    thing
        What a row is.
    extras
        Column of ``rows`` to its heading: what only this number knows of a row, such as the amount it had before.
    """

    key: str
    title: str
    rows: pd.DataFrame
    n: int
    total: float
    unit: Literal["money", "count"] = "count"
    thing: Thing = "deal"
    extras: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if not KEY.fullmatch(self.key):
            raise ValueError(f"a key has small letters, digits and hyphens: {self.key!r}")
        missing = {ID_OF[self.thing], "adds", *self.extras} - set(self.rows.columns)
        if missing:
            raise ValueError(f"the rows behind {self.key!r} have no column {', '.join(sorted(missing))}")


class Told(str):
    """A sentence that opens the rows behind it: a ``str`` with the key in ``opens``.

    Examples
    --------
    >>> sentence = Told("34 deals worth 1.2 M were pushed out.", "walk-pushed-out")
    >>> sentence, sentence.opens
    ('34 deals worth 1.2 M were pushed out.', 'walk-pushed-out')
    """

    __slots__ = ("opens",)
    opens: str

    def __new__(cls, text: str, opens: str) -> Told:
        """Return the sentence with its key."""
        made = super().__new__(cls, text)
        made.opens = opens
        return made


def key(*words: object) -> str:
    """Make a key of words.

    Examples
    --------
    >>> key("walk", "Pulled in", "Q3 / EMEA")
    'walk-pulled-in-q3-emea'
    """
    parts = re.findall(r"[a-z0-9]+", " ".join(str(word) for word in words).lower())
    return "-".join(parts) or "rows"


def of_id(*words: object) -> str:
    """Make a key whose last word is an id or a name: two that have the same letters and digits have two keys.

    Examples
    --------
    >>> of_id("deals-of", "d-1"), of_id("deals-of", "D-1"), of_id("deals-of", "D 1")
    ('deals-of-d-1', 'deals-of-d-1-f926a6db', 'deals-of-d-1-4c88d896')
    """
    name = str(words[-1])
    tail = "" if key(name) == name else f"{crc32(name.encode()):08x}"
    return key(*words, tail)


def largest(rows: ir.Table, group: str, adds: str, *, most: int = MOST) -> pd.DataFrame:
    """Return, for each group of a table, the rows that add most, up to so many; one query for all groups.

    Parameters
    ----------
    rows
        Rows with the columns ``group`` and ``adds`` and an id.
    group, adds
        The column that tells numbers apart, and what a row adds.
    most
        The rows of a group at most.

    Returns
    -------
    pandas.DataFrame
        The rows, the largest by size of ``adds`` first, without order between equals but by all their columns.
    """
    order = [rows[adds].abs().desc(nulls_first=False), *(rows[name] for name in rows.columns if name != adds)]
    window = ibis.window(group_by=rows[group], order_by=order)
    placed = rows.mutate(_place=ibis.row_number().over(window))
    frame: pd.DataFrame = placed.filter(placed["_place"] < most).order_by(group, "_place").drop("_place").execute()
    return frame
