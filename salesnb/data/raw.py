"""What a source gives before it is mapped: how one file is to be read, and the rows with their own column names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import ibis.expr.types as ir
import pandas as pd

from salesnb.errors import MappingError, SourceError, did_you_mean

DELIMITERS = (",", ";", "\t", "|")
WHITESPACE = "whitespace"
FILE = "_file"
ROW = "_row"
LONGEST_VALUE = 200
_VALUE = re.compile(r"[\W\d_]*|\{?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?")


@dataclass(frozen=True)
class Reading:
    r"""How one file is to be read, where it cannot be told from the file itself.

    Attributes
    ----------
    encoding
        The name of a text encoding (``"cp1252"``); the file is decoded strictly. None: recognised, or asked for.
    delimiter
        ``","``, ``";"``, ``"\t"``, ``"|"``, or ``"whitespace"`` for runs of blanks and tabs (then nothing is quoted).
        None: told from the header line where it leaves no doubt.
    header
        The column names of a file that has no header line.
    sheet
        The sheet of a spreadsheet file.
    skip_rows
        How many lines (rows of a sheet) stand before the header line, or before the first row where ``header`` is
        given.

    Raises
    ------
    MappingError
        A delimiter that is not one of those, a negative ``skip_rows``, or no name at all in ``header``.
    """

    encoding: str | None = None
    delimiter: str | None = None
    header: tuple[str, ...] | None = None
    sheet: str | None = None
    skip_rows: int = 0

    def __post_init__(self) -> None:
        if self.delimiter is not None and self.delimiter not in (*DELIMITERS, WHITESPACE):
            raise MappingError(
                f"{self.delimiter!r} cannot stand between fields",
                where="delimiter",
                mend="give one of ',', ';', '\\t', '|' or 'whitespace'",
            )
        if self.skip_rows < 0:
            raise MappingError(
                f"{self.skip_rows} rows cannot be skipped", where="skip_rows", mend="give 0 or a whole number above it"
            )
        if self.header is not None and not self.header:
            raise MappingError("the list of column names is empty", where="header", mend="give one name a column")


@dataclass(frozen=True)
class Raw:
    """The rows of one file, of all files of one pattern, of a sheet or of a database table.

    Attributes
    ----------
    name
        What was asked for.
    table
        The source's own columns, names stripped of blanks; then ``_file`` (string: the file's name, or the table's
        in a database) and ``_row`` (int64: 1 is the first row after the header, malformed rows counted, blank lines
        not; null for a database). Columns of text files and sheets are strings as written, the empty string null.
    malformed
        Columns ``file, row, value, reason``: what stands where a row should be and is not one. It is not in
        ``table``: rows of the file = rows of ``table`` + rows of ``malformed``. ``value`` is the text of the line,
        cut at 200 characters.
    notes
        How the file was read where nobody had said it, each beginning with the file's name.
    digest
        SHA-256, in hexadecimal, of the content.
    column_names
        The names of the source's own columns, in order.
    """

    name: str
    table: ir.Table
    malformed: pd.DataFrame
    notes: tuple[str, ...]
    digest: str
    column_names: tuple[str, ...]


@dataclass(frozen=True)
class Malformed:
    """One line that is not a row.

    Attributes
    ----------
    file, row
        Where it stands: the file, and its number among the rows.
    value
        Its text.
    reason
        Why it is not a row.
    """

    file: str
    row: int
    value: str
    reason: str


def malformed_frame(lines: Iterable[Malformed]) -> pd.DataFrame:
    """Return the frame of :class:`Raw`'s ``malformed``, the values cut at 200 characters."""
    rows = list(lines)
    return pd.DataFrame(
        {
            "file": pd.Series([line.file for line in rows], dtype="object"),
            "row": pd.Series([line.row for line in rows], dtype="int64"),
            "value": pd.Series([line.value[:LONGEST_VALUE] for line in rows], dtype="object"),
            "reason": pd.Series([line.reason for line in rows], dtype="object"),
        }
    )


def checked_names(names: Sequence[str | None], where: str) -> tuple[str, ...]:
    """Return column names stripped of blanks, if each can stand for one column and only one.

    Two names that differ only in case are taken as the same: DuckDB cannot hold both.

    Raises
    ------
    SourceError
        A blank name, a name given twice, or ``_file`` or ``_row``, which the program adds itself.
    """
    stripped = [(name or "").strip() for name in names]
    mend = "name the columns yourself: `header:` with every name, and `skip_rows:` to leave out the header line"
    blank = [str(position) for position, name in enumerate(stripped, 1) if not name]
    if blank:
        raise SourceError(
            f"column {', '.join(blank[:5])} has no name (the columns are {_some(stripped)})", where=where, mend=mend
        )
    first: dict[str, str] = {}
    twice: list[str] = []
    for name in stripped:
        seen = first.get(name.casefold())
        if seen is not None:
            twice.append(f"{seen!r}" if seen == name else f"{seen!r} and {name!r}, which differ only in case")
        first.setdefault(name.casefold(), name)
    if twice:
        raise SourceError(f"column name given twice: {'; '.join(twice[:5])}", where=where, mend=mend)
    own = [name for name in stripped if name.casefold() in (FILE, ROW)]
    if own:
        raise SourceError(
            f"a column is called {own[0]!r}, a name that the program gives itself", where=where, mend=mend
        )
    return tuple(stripped)


def header_names(names: Sequence[str | None], where: str) -> tuple[str, ...]:
    """Return the names of a header line: :func:`checked_names`, and at least one of them is a word.

    Raises
    ------
    SourceError
        As there; or every name is a number, a date or an identifier, so that the line is a row and not a header.
    """
    checked = checked_names(names, where)
    if all(_VALUE.fullmatch(name) for name in checked):
        raise SourceError(
            f"the first line looks like a row, not like column names: {_some(checked)}",
            where=where,
            mend="name the columns: `header:` with every name (and `skip_rows: 1` if this line is a header after all)",
        )
    return checked


def unknown_name(name: str, known: Sequence[str], where: str) -> SourceError:
    """Return the error for a file, sheet or table that is not there."""
    mend = did_you_mean(name, known) if known else "there is nothing here that can be read"
    return SourceError(f"there is no {name!r}", where=where, mend=mend)


def quoted(name: str) -> str:
    """Return an identifier as SQL writes it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Return a text as SQL writes it, whatever it holds."""
    return "'" + value.replace("'", "''") + "'"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:8])
    return shown + (", ..." if len(names) > 8 else "")
