"""Strict decoding of a file, piece by piece, with the line and the byte of whatever cannot be decoded."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator
from pathlib import Path

from salesnb.errors import SourceError

CHUNK = 1 << 20
END_OF_FILE = b"\x1a"
NAMES = {"utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "utf-32-le": "UTF-32", "utf-32-be": "UTF-32"}
_LINE_END = re.compile(r"\r\n|\r|\n")


def decoded(path: Path, encoding: str, start: int, where: str) -> Iterator[str]:
    """Decode a file strictly, piece by piece.

    Parameters
    ----------
    path, where
        The file, and its name in messages.
    encoding
        The name of a text encoding.
    start
        The first byte to decode.

    Raises
    ------
    SourceError
        Bytes that the encoding does not have, with their line and place.
    """
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    done, lines, last = start, 1, ""
    with path.open("rb") as file:
        file.seek(start)
        while True:
            chunk = file.read(CHUNK)
            waiting = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode(encoding, errors="replace")
                line = lines + len(_LINE_END.findall(before)) - (last == "\r" and before[:1] == "\n")
                wrong = error.object[error.start : max(error.end, error.start + 1)][:4]
                raise SourceError(
                    f"byte {wrong.hex(' ')} is not {NAMES.get(encoding, encoding)}",
                    where=f"{where}: line {line}, byte {done - waiting + error.start + 1} of the file",
                    mend="say the encoding that the file was written in: `encoding:`",
                ) from None
            done += len(chunk)
            if text:
                lines += len(_LINE_END.findall(text)) - (last == "\r" and text[0] == "\n")
                last = text[-1]
                yield text
            if not chunk:
                return


def nul_byte(path: Path, where: str, at: int) -> SourceError:
    """Return the error for a NUL byte, which stands after ``at`` others."""
    line = 1
    with path.open("rb") as file:
        before = file.read(at)
        line += before.count(b"\r\n") + before.replace(b"\r\n", b"").count(b"\n")
        line += before.replace(b"\r\n", b"").count(b"\r")
    return SourceError(
        "the file holds a NUL byte, which is no text",
        where=f"{where}: line {line}, byte {at + 1} of the file",
        mend="export it again as text; if it is UTF-16, say `encoding: utf-16-le` (or utf-16-be)",
    )


def transcode(path: Path, encoding: str, start: int, where: str, copy: Path, *, without_mark: bool) -> None:
    """Write a file's text as UTF-8 into a private copy (mode 0600), without the end-of-file mark where asked.

    Parameters
    ----------
    path, where
        The file, and its name in messages.
    encoding
        The name of a text encoding.
    start
        The first byte to decode.
    copy
        The path of the copy, which must not be there yet.
    without_mark
        Leave out the last character, 0x1a.

    Raises
    ------
    SourceError
        Bytes that the encoding does not have, or a NUL character; with the line.
    """
    handle = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    line = 1
    with os.fdopen(handle, "wb") as out:
        for text in decoded(path, encoding, start, where):
            if "\0" in text:
                line += len(_LINE_END.findall(text[: text.index("\0")]))
                raise SourceError(
                    "the file holds a NUL character, which is no text",
                    where=f"{where}: line {line}",
                    mend="export it again as text, or say another `encoding:`",
                )
            line += len(_LINE_END.findall(text))
            out.write(text.encode("utf-8"))
    if without_mark:
        with copy.open("rb+") as out:
            out.seek(-1, os.SEEK_END)
            out.truncate()
