"""Text files (CSV, TSV, TXT) to a table of texts in which every row of the file is accounted for.

DuckDB reads the well-formed file, fast. Its result counts only if every byte of the file is then found again in the
table (see :func:`_accounts_for`), because it is lenient where a row must not be: it drops a delimiter at the end of a
line and blanks around quotes. Whatever it refuses, or does not account for, is read by Python's csv, exactly.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import duckdb
import pandas as pd

from salesnb.data.decoding import CHUNK
from salesnb.data.dialect import Dialect, Tape, dialect, long_fields, records
from salesnb.data.encodings import Text, as_utf8
from salesnb.data.raw import FILE, ROW, WHITESPACE, Malformed, Raw, Reading, literal, malformed_frame, quoted
from salesnb.data.workspace import Workspace
from salesnb.errors import SourceError

_NUMBER = "row_number() OVER ()"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_FEW = 200
"""The most spoiled lines that a file may have to be read fast without them."""


@dataclass(frozen=True)
class _Bytes:
    """What the bytes after the header line come to.

    Attributes
    ----------
    total, ends, quotes
        How many bytes there are, in all, of line ends, and of quotes.
    kinds
        How many kinds of line end the file has.
    is_odd
        Whether a quote that is not doubled stands before a blank: DuckDB may drop quotes there.
    """

    total: int
    ends: int
    quotes: int
    kinds: int
    is_odd: bool


@dataclass(frozen=True)
class Loaded:
    """A file's rows in a table of the workspace, and what comes with them.

    Attributes
    ----------
    table
        The table's name in the workspace.
    names, malformed, notes, digest
        As in :class:`.Raw`.
    """

    table: str
    names: tuple[str, ...]
    malformed: pd.DataFrame
    notes: tuple[str, ...]
    digest: str

    def raw(self, name: str, workspace: Workspace) -> Raw:
        """Return them as :class:`Raw`."""
        return Raw(name, workspace.table(self.table), self.malformed, self.notes, self.digest, self.names)


def load_text_file(path: Path, file: str, reading: Reading, workspace: Workspace) -> Loaded:
    """Read one text file.

    Blank lines are no rows and are not counted. Blanks before a value are left out, unless they are quoted with it;
    the empty value is null; any other text stays as it is. A row with fewer or more fields than the header is
    malformed, as is one with text after a closing quote.

    Parameters
    ----------
    path, file
        The file, and what ``_file`` and messages call it.
    reading
        What was said about it.
    workspace
        Where its table goes.

    Raises
    ------
    SourceError
        Whatever makes the file as a whole unreadable: see :func:`.as_utf8`, :func:`.dialect`, :func:`.records`.
    """
    before = path.stat()
    copy = workspace.new_path(".txt")
    try:
        text = as_utf8(path, file, reading.encoding, copy)
        layout = dialect(text.path, file, reading)
        table = _load_fast(text, file, layout, workspace)
        malformed: list[Malformed] = []
        if table is None:
            table = _load_but_few(text, file, layout, workspace, malformed)
        if table is None:
            table = _load_exactly(text, file, layout, workspace, malformed)
        _drop_unnamed(table, file, layout, workspace)
    finally:
        copy.unlink(missing_ok=True)
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise SourceError("the file changed while it was read", where=file, mend="run again once it is written")
    notes = (*text.notes, *layout.notes)
    if layout.unnamed:
        notes = (*notes, f"{file}: every line ends with a delimiter; what stands behind it, nothing, was left out")
    return Loaded(table, layout.names, malformed_frame(malformed), notes, text.digest)


def _columns(layout: Dialect) -> tuple[str, ...]:
    return (*layout.names, *(f"_unnamed_{i}" for i in range(layout.unnamed)))


def _load_fast(text: Text, file: str, layout: Dialect, workspace: Workspace, row: str = _NUMBER) -> str | None:
    if layout.delimiter == WHITESPACE or layout.width < 2 or not layout.is_plain:
        return None
    content = _count(text, layout.lines_before)
    if content.kinds > 1 or content.total == 0 or content.is_odd:
        return None
    link = workspace.link(text.path, ".csv")
    table = workspace.new_table()
    given = [f"c{i}" for i in range(layout.width)]
    types = ", ".join(f"'{name}': 'VARCHAR'" for name in given)
    selected = ", ".join(f"{g} AS {quoted(name)}" for g, name in zip(given, _columns(layout), strict=True))
    try:
        workspace.run(
            f"CREATE TEMP TABLE {table} AS SELECT {selected}, {literal(file)} AS {FILE}, {row} AS {ROW} "
            f"FROM read_csv({literal(str(link))}, auto_detect = false, header = false, skip = {layout.lines_before}, "
            f"columns = {{{types}}}, delim = {literal(layout.delimiter)}, quote = '\"', escape = '\"', nullstr = '', "
            "strict_mode = true, null_padding = false)"
        )
    except duckdb.Error:
        return None
    finally:
        if link != text.path:
            link.unlink()
    if not _accounts_for(table, layout, content, workspace):
        workspace.run(f"DROP TABLE {table}")
        return None
    return table


def _load_but_few(
    text: Text, file: str, layout: Dialect, workspace: Workspace, malformed: list[Malformed]
) -> str | None:  # fmt: skip
    """Read a file without quotes, of which a few lines have too few or too many fields: the others fast.

    Without quotes a line is a row, and its fields are one more than its delimiters. The rows keep the numbers that
    they have among all. None where the file is not of that kind.
    """
    if layout.delimiter == WHITESPACE or layout.width < 2 or not layout.is_plain:
        return None
    mark, copy = layout.delimiter.encode(), workspace.new_path(".txt")
    spoiled: list[Malformed] = []
    number = 0
    try:
        with text.path.open("rb") as lines, os.fdopen(os.open(copy, _NEW, 0o600), "wb") as out:
            lines.seek(text.start)
            for place, line in enumerate(lines):
                if b'"' in line or b"\r" in line.removesuffix(b"\r\n"):
                    return None
                if place < layout.lines_before:
                    out.write(line)
                elif line.strip(b" \r\n"):
                    number += 1
                    fields = line.count(mark) + 1
                    if fields == layout.width:
                        out.write(line)
                    elif len(spoiled) == _FEW:
                        return None
                    else:
                        said = line.decode("utf-8").rstrip("\r\n")
                        spoiled.append(Malformed(file, number, said, _miscounted(fields, layout)))
        if not spoiled:
            return None
        # Each spoiled line moves the rows behind it by one: the k-th, of those that are left, from its number - k on.
        cases = " ".join(
            f"WHEN {_NUMBER} >= {line.row - k} THEN {k + 1}" for k, line in reversed([*enumerate(spoiled)])
        )
        rest = replace(text, path=copy, start=0)
        table = _load_fast(rest, file, layout, workspace, f"{_NUMBER} + CASE {cases} ELSE 0 END")
    finally:
        copy.unlink(missing_ok=True)
    if table is not None:
        malformed.extend(spoiled)
    return table


def _miscounted(fields: int, layout: Dialect) -> str:
    few = "too few" if fields < layout.width else "too many"
    return f"{few} fields: {fields} where the header has {layout.width}"


def _count(text: Text, lines_before: int) -> _Bytes:
    with text.path.open("r", encoding="utf-8-sig", newline="") as lines:
        head = list(islice(lines, lines_before))
    start = text.start + sum(len(line.encode("utf-8")) for line in head)
    total = quotes = cr = lf = crlf = 0
    is_odd = False
    last = waiting = b""
    with text.path.open("rb") as file:
        file.seek(start)
        while chunk := file.read(CHUNK):
            total += len(chunk)
            quotes += chunk.count(b'"')
            cr += chunk.count(b"\r")
            lf += chunk.count(b"\n")
            crlf += chunk.count(b"\r\n") + (last == b"\r" and chunk[:1] == b"\n")
            last = chunk[-1:]
            if b'"' in chunk or waiting:
                held = waiting + chunk
                single = held.rstrip(b'"')
                waiting = held[len(single) :]
                is_odd = is_odd or b'" ' in single.replace(b'""', b"")
    kinds = {end for line in head for end in (line[len(line.rstrip("\r\n")) :],) if end}
    kinds |= {end for end, count in (("\r\n", crlf), ("\r", cr - crlf), ("\n", lf - crlf)) if count}
    return _Bytes(total, cr + lf, quotes, len(kinds), is_odd)


def _accounts_for(table: str, layout: Dialect, content: _Bytes, workspace: Workspace) -> bool:
    """Tell whether the table holds every byte of the file.

    Bytes of the file = bytes of the values + one delimiter between any two fields of a row + the quotes that are
    not part of a value + the line ends that are not part of a value. Blanks before a value are then left out; in a
    file with quotes it is left to the exact reading, which knows whether the value was quoted.
    """
    columns = [quoted(name) for name in _columns(layout)]
    values = " + ".join(f"coalesce(strlen({column}), 0)" for column in columns)
    quotes = ends = "0"
    if content.quotes:
        quotes = " + ".join(_occurrences(column, "'\"'") for column in columns)
        ends = " + ".join(
            f"{_occurrences(column, 'chr(10)')} + {_occurrences(column, 'chr(13)')}" for column in columns
        )
    blank = " OR ".join(f"coalesce(starts_with({column}, ' '), false)" for column in columns)
    [(rows, in_values, quotes_in_values, ends_in_values, blanks)] = workspace.run(
        f"SELECT count(*), coalesce(sum({values}), 0), coalesce(sum({quotes}), 0), coalesce(sum({ends}), 0), "
        f"count(*) FILTER (WHERE {blank}) FROM {table}"
    )
    found = in_values + rows * (layout.width - 1)
    found += (content.quotes - quotes_in_values) + (content.ends - ends_in_values)
    if found != content.total or (blanks and content.quotes):
        return False
    if blanks:
        for column in columns:
            workspace.run(
                f"UPDATE {table} SET {column} = nullif(ltrim({column}, ' '), '') WHERE starts_with({column}, ' ')"
            )
    return True


def _occurrences(column: str, char: str) -> str:
    return f"coalesce(strlen({column}) - strlen(replace({column}, {char}, '')), 0)"


def _load_exactly(text: Text, file: str, layout: Dialect, workspace: Workspace, malformed: list[Malformed]) -> str:
    with text.path.open("r", encoding="utf-8-sig", newline="") as lines, long_fields():
        tape = Tape(iter(lines))
        for _ in range(layout.lines_before):
            tape.skip()
        try:
            return workspace.load_texts(_columns(layout), _rows(tape, file, layout, malformed), file)
        except SourceError as error:
            raise SourceError(error.what, where=f"{file}: {error.where}", mend=error.mend) from None


def _rows(tape: Tape, file: str, layout: Dialect, malformed: list[Malformed]) -> Iterator[tuple[int, list[str]]]:
    for number, record in enumerate(records(tape, layout.delimiter), 1):
        reason = record.reason
        if record.fields is not None:
            if len(record.fields) == layout.width:
                yield number, record.fields
                continue
            reason = _miscounted(len(record.fields), layout)
        malformed.append(Malformed(file, number, record.text.rstrip("\r\n"), reason))


def _drop_unnamed(table: str, file: str, layout: Dialect, workspace: Workspace) -> None:
    for extra in _columns(layout)[len(layout.names) :]:
        found = workspace.run(
            f"SELECT {ROW}, {quoted(extra)} FROM {table} WHERE trim({quoted(extra)}) <> '' ORDER BY {ROW} LIMIT 1"
        )
        if found:
            [(row, value)] = found
            raise SourceError(
                f"the header line ends with a column without a name, and row {row} has {value[:40]!r} in it",
                where=f"{file}: header line",
                mend="name the columns yourself: `header:` with every name, and `skip_rows:` for the header line",
            )
        workspace.run(f"ALTER TABLE {table} DROP COLUMN {quoted(extra)}")
