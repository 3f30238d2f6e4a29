"""How a text file is laid out: what stands between its fields, its column names, and where its rows begin."""

from __future__ import annotations

import contextlib
import csv
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from salesnb.data.raw import DELIMITERS, WHITESPACE, Reading, checked_names, header_names
from salesnb.errors import SourceError

_SAMPLE = 50
_SEPARATOR_LINE = re.compile(r"^sep=([,;\t|])$", re.IGNORECASE)
_ASK = "say what stands between the fields: `delimiter:` (one of , ; \\t | or whitespace)"


class Tape:
    """The physical lines of a text, endings kept; it remembers those taken since the last record began.

    CR, LF and CRLF each end a line.
    """

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.taken: list[str] = []
        self.count = 0

    def __iter__(self) -> Tape:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.count += 1
        self.taken.append(line)
        return line

    def skip(self) -> str | None:
        """Take one line and return it; None at the end."""
        return next(self, None)


@dataclass(frozen=True)
class Dialect:
    """The layout of one text file.

    Attributes
    ----------
    delimiter
        One character, or ``"whitespace"``.
    names
        The column names.
    unnamed
        How many columns without a name follow: those of a delimiter at the end of every line. They hold nothing,
        or the file is refused.
    lines_before
        How many physical lines stand before the first row.
    is_plain
        Whether the header stands on one line.
    notes
        What was told from the file.
    """

    delimiter: str
    names: tuple[str, ...]
    unnamed: int
    lines_before: int
    is_plain: bool
    notes: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """The number of fields a row has."""
        return len(self.names) + self.unnamed


def dialect(path: Path, where: str, reading: Reading) -> Dialect:
    """Tell the layout of a UTF-8 text file from its first lines.

    The delimiter is the only one of ``, ; tab |`` in the header line; where several are in it, the one by which the
    next 50 lines have as many fields as the header. ``sep=;`` on the first line (Excel) says it too.

    Raises
    ------
    SourceError
        No line at all, a delimiter that cannot be told, or column names that are blank, given twice or no words.
    """
    with path.open("r", encoding="utf-8-sig", newline="") as file, long_fields():
        tape = Tape(iter(file))
        for _ in range(reading.skip_rows):
            tape.skip()
        told = reading.delimiter
        notes: list[str] = []
        head = _next_line(tape)
        if reading.delimiter is None and head is not None and (match := _SEPARATOR_LINE.match(head.strip("\r\n"))):
            told = match.group(1)
            notes.append(f"{where}: its first line, sep={told}, says what stands between fields")
            head = _next_line(tape)
        if head is None:
            raise SourceError("the file has no header line", where=where, mend="export it again, with its column names")
        before = tape.count - 1
        lines = [head, *islice(tape, _SAMPLE)]
        delimiter = told or _delimiter(lines, reading.header, where, notes)
        if reading.header is not None:
            names = checked_names(reading.header, f"{where}: header")
            widths = _widths(lines, delimiter)
            if widths and len(names) not in widths:
                raise SourceError(
                    f"`header:` names {len(names)} columns, and the first line has {widths[0]} fields",
                    where=where,
                    mend="give one name a column, or say another `delimiter:`",
                )
            return Dialect(delimiter, names, 0, before, True, tuple(notes))
    with path.open("r", encoding="utf-8-sig", newline="") as file, long_fields():
        tape = Tape(iter(file))
        for _ in range(before):
            tape.skip()
        try:
            fields = next(records(tape, delimiter)).fields
        except SourceError as error:
            raise SourceError(
                "the header line is not closed", where=f"{where}: {error.where}", mend=error.mend
            ) from None
        if fields is None:
            raise SourceError(
                "the header line has text after a closing quote", where=f"{where}: line {before + 1}", mend=_ASK
            )
        stripped = [field.strip() for field in fields]
        unnamed = len(stripped)
        while unnamed > 1 and not stripped[unnamed - 1]:
            unnamed -= 1
        names = header_names(stripped[:unnamed], f"{where}: header line")
        is_plain = len(tape.taken) == 1
        return Dialect(delimiter, names, len(stripped) - unnamed, tape.count, is_plain, tuple(notes))


@dataclass(frozen=True)
class Record:
    """One record of a text file: its fields, or None and the reason why it is not a row; and its text."""

    fields: list[str] | None
    text: str
    reason: str = ""


def records(tape: Tape, delimiter: str) -> Iterator[Record]:
    r"""Yield the records of a text, exactly: RFC 4180 with a free choice of delimiter and of line ends.

    Blanks before a field are left out. A quote opens a quoted field only as the field's first character, and stands
    for itself elsewhere. Inside, a quote is written twice, and delimiters and line ends are text. Text after a
    closing quote, blanks too, spoils the record, up to the end of that line. A line of nothing but blanks is no
    record. Fields split by ``"whitespace"`` are runs of anything but blanks and tabs, and nothing is quoted.

    Raises
    ------
    SourceError
        A quote that is not closed; where it was opened.
    """
    if delimiter == WHITESPACE:
        for line in tape:
            tape.taken.clear()
            fields = re.split(r"[ \t]+", line.strip(" \t\r\n"))
            if fields != [""]:
                yield Record(fields, line)
        return
    reader = csv.reader(tape, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        tape.taken.clear()
        first = tape.count + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            text = "".join(tape.taken)
            if "unexpected end" in str(error):
                raise _unclosed(text, delimiter, first) from None
            yield Record(None, text, "text after a closing quote")
            continue
        text = "".join(tape.taken)
        if not is_blank(text):
            yield Record(fields, text)


def is_blank(line: str) -> bool:
    """Tell whether a line holds nothing but blanks: such a line is not a row."""
    return not line.strip(" \r\n")


@contextlib.contextmanager
def long_fields() -> Iterator[None]:
    """Let fields be of any length while a file is read."""
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _next_line(tape: Tape) -> str | None:
    while (line := tape.skip()) is not None:
        if not is_blank(line):
            return line
    return None


def _delimiter(lines: list[str], header: tuple[str, ...] | None, where: str, notes: list[str]) -> str:
    head, sample = _first_record(lines)
    plain = _outside_quotes(head)
    found = [mark for mark in DELIMITERS if mark in plain]
    if len(found) == 1 and header is None:
        return found[0]
    fitting = [mark for mark in found if sample and _is_consistent(lines, mark, header)]
    if header is not None and not fitting:
        fitting = [mark for mark in found if _widths(lines, mark)[:1] == [len(header)]]
    if len(fitting) == 1:
        if header is None:
            notes.append(f"{where}: read with {fitting[0]!r} between fields, as its rows have it")
        return fitting[0]
    if not found and not any(mark in _outside_quotes(line) for mark in DELIMITERS for line in sample):
        words = {len(line.split()) for line in [head, *sample] if not is_blank(line)}
        if len(header) == 1 if header else words == {1} or len(words) > 1 or '"' in head:
            return ","
    counts = ", ".join(f"{plain.count(mark)} x {mark!r}" for mark in DELIMITERS if mark in plain)
    raise SourceError(
        f"what stands between the fields cannot be told: the first line has {counts or 'none of , ; tab |'}",
        where=f"{where}: {head.strip()[:120]!r}",
        mend=_ASK,
    )


def _first_record(lines: list[str]) -> tuple[str, list[str]]:
    """Return the lines up to the first at whose end no quote is open, and the others."""
    taken = 1
    while "".join(lines[:taken]).count('"') % 2 and taken < len(lines):
        taken += 1
    return "".join(lines[:taken]), lines[taken:]


def _outside_quotes(text: str) -> str:
    return re.sub(r'"[^"]*("|$)', "", text)


def _is_consistent(lines: list[str], mark: str, header: tuple[str, ...] | None) -> bool:
    widths = _widths(lines, mark)
    width = len(header) if header else widths[0] if widths else 0
    return width > 1 and set(widths) == {width}


def _widths(lines: list[str], delimiter: str) -> list[int]:
    """Return how many fields the first records have; one that goes beyond these lines is left out."""
    widths = []
    with contextlib.suppress(SourceError):
        for record in records(Tape(iter(lines)), delimiter):
            widths.append(len(record.fields or ()))
    return widths


def _unclosed(text: str, delimiter: str, first: int) -> SourceError:
    """Say where the quote was opened that is never closed: the last one that opens a field."""
    state, line, opened = "start", first, first
    place = 0
    while place < len(text):
        char = text[place]
        if state == "quoted":
            if char == '"':
                state = "closed"
        elif char == '"' and state in ("start", "closed"):
            if state == "start":
                opened = line
            state = "quoted"
        elif not (char == " " and state == "start"):
            state = "start" if char == delimiter else "open"
        if char == "\n" or (char == "\r" and text[place + 1 : place + 2] != "\n"):
            line += 1
        place += 1
    return SourceError(
        "a quote is opened and never closed: nothing after it can be read safely",
        where=f"line {opened}",
        mend="close the quote, or write it twice where it is part of the text",
    )
