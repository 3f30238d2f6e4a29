"""Sheets of an Excel file (XLSX) to tables of texts, after the file was found safe to open."""

from __future__ import annotations

import datetime as dtm
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from salesnb.data.raw import Malformed, Reading, checked_names, header_names, malformed_frame, unknown_name
from salesnb.data.textfiles import Loaded
from salesnb.data.workspace import Workspace
from salesnb.errors import RefusedForSafety, SourceError

LARGEST_FILE = 100 * 10**6
LARGEST_CONTENT = 10**9
LARGEST_RATIO = 100


def sheet_names(path: Path, file: str) -> tuple[str, ...]:
    """Return the names of a file's sheets in order, hidden ones too; charts are no sheets."""
    with _opened(path, file, values=True) as book:
        return tuple(sheet.title for sheet in book.worksheets)


def load_sheet(path: Path, file: str, reading: Reading, digest: str, workspace: Workspace) -> Loaded:
    """Read one sheet; ``_file`` is ``"book.xlsx#Sheet"``.

    The first row that is not blank is the header. Blank rows are no rows and are not counted. Cells become text: a
    date as ``2026-07-14``, with a time as ``2026-07-14 09:30:00``; a number without a needless ``.0``, in the 15
    digits that Excel itself keeps; ``true`` and ``false``; an error as ``#N/A``. A row with a value to the right of
    the header is malformed.

    Parameters
    ----------
    path, file
        The file, and its name in messages.
    reading
        ``sheet`` must be given where there are several; ``header`` and ``skip_rows`` as for text files.
    digest
        SHA-256 of its bytes.
    workspace
        Where its table goes.

    Raises
    ------
    SourceError
        No Excel file, no such sheet, several sheets and none named, no header row, unusable column names.
    RefusedForSafety
        A file larger than 100 MB, one whose content is larger than 1 GB or 100 times the file, or with XML
        declarations of its own.
    """
    with _opened(path, file, values=True) as book:
        titles = [sheet.title for sheet in book.worksheets]
        title = _which(titles, reading, file)
        where = f"{file}#{title}"
        rows = _rows(book[title], reading.skip_rows)
        names, rows = _header(rows, reading, where)
        malformed: list[Malformed] = []
        table = workspace.load_texts(names, _fitting(rows, len(names), where, malformed), where)
    notes = []
    without = _formulas_without_value(path, file, title)
    if without:
        notes.append(f"{where}: {without} formulas have no stored value and were read as empty; save it in Excel once")
    return Loaded(table, names, malformed_frame(malformed), tuple(notes), digest)


def cell_text(value: object) -> str | None:
    """Return a cell's value as text; None where it is empty.

    Examples
    --------
    >>> cell_text(7.0), cell_text(0.1 + 0.2), cell_text(True)
    ('7', '0.3', 'true')
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dtm.datetime):
        if value.time() == dtm.time():
            return value.date().isoformat()
        return value.isoformat(sep=" ")
    if isinstance(value, dtm.date | dtm.time):
        return value.isoformat()
    if isinstance(value, float):
        return format(Decimal(format(value, ".15g")), "f")
    return str(value)


@contextmanager
def _opened(path: Path, file: str, *, values: bool) -> Iterator[Any]:
    import openpyxl

    _check(path, file)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=values, keep_links=False)
    except Exception as error:  # openpyxl raises whatever its parts raise on a damaged file
        raise _damaged(file, error) from None
    try:
        yield book
    finally:
        book.close()


def _check(path: Path, file: str) -> None:
    size = path.stat().st_size
    smaller = "save it smaller, or as CSV"
    if size > LARGEST_FILE:
        raise RefusedForSafety(f"the file is {size / 1e6:.0f} MB large; 100 MB is the most", where=file, mend=smaller)
    try:
        with zipfile.ZipFile(path) as parts:
            content = sum(part.file_size for part in parts.infolist())
            if content > LARGEST_CONTENT or content > LARGEST_RATIO * size:
                raise RefusedForSafety(
                    f"the file unpacks to {content / 1e6:.0f} MB, {content / size:.0f} times its size; "
                    f"1000 MB and 100 times are the most",
                    where=file,
                    mend=smaller,
                )
            for part in parts.infolist():
                if part.filename.endswith((".xml", ".rels")):
                    with parts.open(part) as text:
                        if b"<!DOCTYPE" in (head := text.read(4096).upper().replace(b"\0", b"")) or b"<!ENTITY" in head:
                            raise RefusedForSafety(
                                "the file holds XML declarations, which no Excel writes", where=file, mend=smaller
                            )
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, EOFError, ValueError) as error:
        raise _damaged(file, error) from None


def _damaged(file: str, error: Exception) -> SourceError:
    first = (str(error) or type(error).__name__).split("\n")[0][:120]
    return SourceError(
        f"no Excel file can be read here ({first})",
        where=file,
        mend="save it as XLSX without a password, or as CSV",
    )


def _which(titles: list[str], reading: Reading, file: str) -> str:
    if reading.sheet is not None:
        if reading.sheet not in titles:
            raise unknown_name(reading.sheet, titles, f"{file}: sheet")
        return reading.sheet
    if len(titles) == 1:
        return titles[0]
    if not titles:
        raise SourceError("the file has no sheet with cells", where=file, mend="put the rows on a sheet")
    raise SourceError(
        f"the file has {len(titles)} sheets", where=file, mend=f"say which one: `sheet:`, one of {', '.join(titles)}"
    )


def _rows(sheet: Any, skip: int) -> Iterator[list[str | None]]:
    """Yield the rows as texts, blank ones too."""
    sheet.reset_dimensions()  # what the file says of its size is not always so
    for number, row in enumerate(sheet.iter_rows(values_only=True)):
        if number >= skip:
            yield [cell_text(value) for value in row]


def _header(
    rows: Iterator[list[str | None]], reading: Reading, where: str
) -> tuple[tuple[str, ...], Iterator[list[str | None]]]:
    filled = (row for row in rows if _width(row))
    if reading.header is not None:
        return checked_names(reading.header, f"{where}: header"), filled
    head = next(filled, None)
    if head is None:
        raise SourceError("the sheet is empty", where=where, mend="name the sheet that has the rows: `sheet:`")
    return header_names(head[: _width(head)], f"{where}: header row"), filled


def _width(row: list[str | None]) -> int:
    """Return the place of the last cell that is not blank, from 1; 0 for a blank row."""
    return max((place for place, text in enumerate(row, 1) if text and text.strip()), default=0)


def _fitting(
    rows: Iterator[list[str | None]], width: int, where: str, malformed: list[Malformed]
) -> Iterator[tuple[int, list[str | None]]]:
    for number, row in enumerate(rows, 1):
        if _width(row) > width:
            text = ",".join(value or "" for value in row[: _width(row)])
            reason = f"too many fields: {_width(row)} where the header has {width}"
            malformed.append(Malformed(where, number, text, reason))
        else:
            yield number, (row + [None] * width)[:width]


def _formulas_without_value(path: Path, file: str, title: str) -> int:
    """Count the formulas that were never computed; a file without formulas is not opened a second time."""
    with zipfile.ZipFile(path) as parts:
        sheets = [part for part in parts.namelist() if part.startswith("xl/worksheets/")]
        if not any(_holds(parts, part, b"<f>", b"<f ", b"<f/") for part in sheets):
            return 0
    with _opened(path, file, values=True) as values, _opened(path, file, values=False) as formulas:
        for sheet in (values[title], formulas[title]):
            sheet.reset_dimensions()
        pairs = zip(values[title].iter_rows(), formulas[title].iter_rows(), strict=True)
        return sum(
            value.value is None and formula.data_type == "f"
            for value_row, formula_row in pairs
            for value, formula in zip(value_row, formula_row, strict=False)
        )


def _holds(parts: zipfile.ZipFile, part: str, *marks: bytes) -> bool:
    last = b""
    with parts.open(part) as text:
        while chunk := text.read(1 << 20):
            if any(mark in last + chunk for mark in marks):
                return True
            last = chunk[-3:]
    return False
