"""The text of a file, whatever its encoding: recognised beyond doubt, or asked for; never guessed."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from salesnb.data import plausible
from salesnb.data.decoding import CHUNK, END_OF_FILE, NAMES, decoded, nul_byte, transcode
from salesnb.errors import SourceError, did_you_mean

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NOT_FOR_FILES = {"unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined", "utf-7"}
_USUAL = ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1", "cp850", "mac-roman", "cp1250", "cp1251")
# A word counts as far as 12 bytes around what is beyond ASCII in it: enough to judge by, and no more to search.
_BEYOND_ASCII = re.compile(rb"[\x80-\xff](?:[^\s,;|\"]{0,12}[\x80-\xff]){0,20}")
_BEFORE = re.compile(rb"[^\s,;|\"]*$")
_AFTER = re.compile(rb"[^\s,;|\"]{0,12}")
_WORD_ENDS = (b"\n", b"\r", b" ", b",", b";", b"\t", b"|", b'"')


@dataclass(frozen=True)
class Text:
    """A file's text as strict UTF-8.

    Attributes
    ----------
    path
        Where it can be read: the file itself, or a private copy.
    start
        How many bytes stand before the text (a byte-order mark).
    notes
        What was recognised, where nobody had said it.
    digest
        SHA-256 of the file's own bytes.
    is_copy
        Whether ``path`` is a private copy, to be removed after use.
    """

    path: Path
    start: int
    notes: tuple[str, ...]
    digest: str
    is_copy: bool


@dataclass(frozen=True)
class _Survey:
    digest: str
    size: int
    mark: tuple[bytes, str] | None
    is_utf8: bool
    first_nul: int | None
    ends_with_sub: bool
    replaced: int
    head: bytes


def as_utf8(path: Path, where: str, encoding: str | None, copy: Path) -> Text:
    r"""Return a file's text as UTF-8, transcoded into a private copy where need be.

    Without ``encoding``: a byte-order mark says it; else strict UTF-8 over the whole file; else UTF-16 by its zero
    bytes, decoded strictly; else cp1252 where every character fits its place (see :mod:`.plausible`); else the error
    shows a line and asks. A final byte 0x1a (the end-of-file mark of DOS) is left out.

    Parameters
    ----------
    path, where
        The file, and its name in messages.
    encoding
        What it was said to be; decoded strictly, no mark of another encoding allowed.
    copy
        Where a copy may be written; it is made with mode 0600.

    Raises
    ------
    SourceError
        An empty file, a NUL character, bytes that the encoding does not have, an encoding that is not known, or one
        that cannot be told.
    """
    survey = _survey(path)
    if survey.size == 0:
        raise SourceError("the file is empty", where=where, mend="export it again, or leave it out of the mapping")
    name, said = (_told(encoding, survey, where), True) if encoding else (_recognised(path, survey, where), False)
    mark = len(survey.mark[0]) if survey.mark and survey.mark[1] == name else 0
    notes: list[str] = []
    if not said and name != "utf-8":
        shown = f", for example {_example(path, name)}" if name == "cp1252" else ""
        notes.append(f"{where}: read as {NAMES.get(name, name)}{shown}")
    drops_mark = survey.ends_with_sub and not name.startswith(("utf-16", "utf-32"))
    if drops_mark:
        notes.append(f"{where}: the end-of-file mark 0x1a at its end was left out")
    if survey.replaced:
        notes.append(f"{where}: holds {survey.replaced} replacement characters (U+FFFD): damaged before it came here")
    if name == "utf-8":
        if survey.first_nul is not None:
            raise nul_byte(path, where, survey.first_nul)
        if not survey.is_utf8:
            for _ in decoded(path, name, mark, where):
                pass
        if not drops_mark:
            return Text(path, mark, tuple(notes), survey.digest, is_copy=False)
    transcode(path, name, mark, where, copy, without_mark=drops_mark)
    return Text(copy, 0, tuple(notes), survey.digest, is_copy=True)


def _survey(path: Path) -> _Survey:
    digest = hashlib.sha256()
    decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")(errors="strict")
    size, first_nul, replaced, head, tail = 0, None, 0, b"", b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            head = head or chunk
            if first_nul is None and (at := chunk.find(b"\0")) >= 0:
                first_nul = size + at
            if decoder is not None:
                try:
                    replaced += decoder.decode(chunk).count("\ufffd")
                except UnicodeDecodeError:
                    decoder = None
            size += len(chunk)
            tail = chunk[-1:]
    if decoder is not None:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            decoder = None
    mark = next(((mark, name) for mark, name in _MARKS if head.startswith(mark)), None)
    is_utf8 = decoder is not None
    return _Survey(
        digest.hexdigest(), size, mark, is_utf8, first_nul, tail == END_OF_FILE, replaced if is_utf8 else 0, head
    )


def _told(encoding: str, survey: _Survey, where: str) -> str:
    try:
        info = codecs.lookup(encoding)
    except (LookupError, ValueError):
        info = None
    plain = info.name.replace("_", "-") if info else ""
    if info is None or not getattr(info, "_is_text_encoding", True) or plain in _NOT_FOR_FILES:
        mend = did_you_mean(encoding, _USUAL)
        raise SourceError(f"no text encoding is called {encoding!r}", where=f"{where}: encoding", mend=mend)
    name = "utf-8" if plain == "utf-8-sig" else plain
    if name in ("utf-16", "utf-32"):
        if survey.mark is None or not survey.mark[1].startswith(name):
            raise SourceError(
                f"the file has no byte-order mark of {name.upper()}",
                where=where,
                mend=f"say the order of its bytes: `encoding: {name}-le` or `encoding: {name}-be`",
            )
        return survey.mark[1]
    if survey.mark and survey.mark[1] != name:
        raise SourceError(
            f"the file begins with the byte-order mark of {survey.mark[1].upper()}, and {encoding!r} was asked for",
            where=where,
            mend=f"leave `encoding:` out, or give `encoding: {survey.mark[1]}`",
        )
    return name


def _recognised(path: Path, survey: _Survey, where: str) -> str:
    if survey.mark:
        return survey.mark[1]
    if survey.first_nul is not None:
        guess = _utf16_by_zeros(survey.head)
        if guess is None or survey.size % 2:
            raise nul_byte(path, where, survey.first_nul)
        return guess
    if survey.is_utf8:
        return "utf-8"
    verdict, words = plausible.verdict(_words(path))
    if verdict == "fits":
        return "cp1252"
    raise _asked(path, where, verdict, words)


def _utf16_by_zeros(head: bytes) -> str | None:
    """Tell UTF-16 without a mark: every line end and nearly every character has its zero byte on the same side."""
    even, odd = head[0::2], head[1::2]
    for name, zero, other in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zero.count(0) > 0.6 * len(zero) and other.count(0) == 0:
            return name
    return None


def _words(path: Path) -> set[bytes]:
    """Return the distinct words with a byte beyond ASCII."""
    words: set[bytes] = set()
    rest = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            rest += chunk
            cut = len(rest) if len(rest) > 4 * CHUNK else max(rest.rfind(end) for end in _WORD_ENDS) + 1
            words.update(_words_in(rest[:cut]))
            rest = rest[cut:]
    words.update(_words_in(rest))
    return words


def _words_in(text: bytes) -> Iterator[bytes]:
    for found in _BEYOND_ASCII.finditer(text):
        before = _BEFORE.search(text[max(0, found.start() - 12) : found.start()])
        after = _AFTER.match(text, found.end())
        yield (before.group() if before else b"") + found.group() + (after.group() if after else b"")


def _asked(path: Path, where: str, verdict: str, words: list[bytes]) -> SourceError:
    first, line, text = _first_line_with(path, words)
    readings = []
    for encoding in plausible.CANDIDATES:
        try:
            readings.append(f"{encoding}: {_cut(text, first).decode(encoding).strip()!r}")
        except UnicodeDecodeError:
            readings.append(f"{encoding}: has no such bytes")
    if verdict == "rival":
        what = "the file is not UTF-8, and several encodings fit it"
        mend = "say which one is right: `encoding: cp1252`, or `encoding: cp850`, or `encoding: mac-roman`"
    else:
        what = "the file is not UTF-8, and cp1252 would not make sense of it"
        best, reads = plausible.best(words)
        mend = f"say its encoding, for example `encoding: {best}`"
        if not reads:
            mend = (
                "say its encoding: `encoding:`; it may hold several (`encoding: latin-1` reads any byte, right or not)"
            )
    return SourceError(what, where=f"{where}: line {line}, bytes {first.hex(' ')}; as {'; '.join(readings)}", mend=mend)


def _first_line_with(path: Path, words: list[bytes]) -> tuple[bytes, int, bytes]:
    wanted = set(words)
    with path.open("r", encoding="latin-1", newline="") as file:
        for number, line in enumerate(file, 1):
            for word in _words_in(line.encode("latin-1")):
                if word in wanted:
                    return word[:40], number, line.encode("latin-1")
    return words[0][:40], 1, words[0]


def _cut(line: bytes, word: bytes) -> bytes:
    at = line.find(word)
    return line[max(0, at - 20) : at + len(word) + 20]


def _example(path: Path, encoding: str) -> str:
    word, line, _ = _first_line_with(path, list(_words(path)))
    return f"{word.decode(encoding)!r} on line {line}"
