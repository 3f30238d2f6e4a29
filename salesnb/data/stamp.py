"""Stamp: a digest of all that a source's content depends on, made without opening it.

Equal stamps mean equal content, as far as the program that reads it is the same. Unequal stamps need not mean
different content: a file that is written anew with other line ends has another stamp.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from salesnb.errors import MappingError, SourceError

if TYPE_CHECKING:
    from salesnb.data.mapping import Mapping as SourceMapping
    from salesnb.data.sources import Source

_READ = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".parquet")
_DATABASES = (".duckdb", ".db", ".ddb")
_SAMPLE = "sample"


def stamp(source: str | Path = _SAMPLE) -> str:
    """Return a digest of all that a source's content depends on.

    Of files, it is of the mapping file's bytes and of the names and bytes of every data file that it could read; of
    a database server, of the columns, the number of rows and the rows of every table that the mapping could read,
    summed up in the server. It does not depend on when files were written, nor on where they lie, and no secret goes
    into it.

    Parameters
    ----------
    source
        As for ``open_book``.

    Returns
    -------
    str
        Hexadecimal; empty where it cannot be told, so that nothing may be taken as unchanged.

    Raises
    ------
    MappingError, SourceError, RefusedForSafety
        As ``open_book``, where there is no such mapping file, or nothing at its location.
    """
    digest, text = hashlib.sha256(), str(source)
    if text == _SAMPLE:
        _add(digest, "sample")
        _add_files(digest, _sample(), _everything)
        return digest.hexdigest()
    path = Path(text)
    told: dict[str, Any] = {"location": text}
    base = Path()
    if path.suffix.lower() in (".yml", ".yaml"):
        if not path.is_file():
            return _opened(source)
        from salesnb.settings import read_yaml

        told, base = read_yaml(path, MappingError), path.parent
        _add(digest, path.name, path.read_bytes())
    elif "://" not in text:
        _add(digest, path.name)
    location = str(told.get("location") or "")
    if location.startswith("env:"):
        location = os.environ.get(location.removeprefix("env:"), "")
    if re.match(r"^[A-Za-z][A-Za-z0-9+.-]+://", location):
        return _of_server(digest, source, base, location)
    place = base / location
    if not location or "\0" in location or told.get("password") is not None or not place.exists():
        return _opened(source)
    if place.is_dir():
        _add_files(digest, place, _wanted(told))
    elif place.suffix.lower() in (*_READ, *_DATABASES):
        _add(digest, place.name)
        for file in (place, place.with_name(f"{place.name}.wal")):
            if file.exists():
                _add_bytes(digest, file, file.name)
    else:
        return _opened(source)
    return digest.hexdigest()


class _Names:
    """Which files of a folder are meant: by name or pattern, or all that can be read in some folders below it."""

    def __init__(self, folders: tuple[str, ...], names: tuple[str, ...] | None) -> None:
        self.folders = folders
        self._names = names

    def __contains__(self, name: str) -> bool:
        return self._names is None or any(name == wanted or fnmatchcase(name, wanted) for wanted in self._names)


_everything = _Names(("",), None)


def _wanted(told: Mapping[str, Any]) -> _Names:
    """The files that a mapping's tables and look-ups name; all of their folders where it is left to their names."""
    named = tuple(dict.fromkeys(name for name in _named(told.get("tables")) if isinstance(name, str)))
    folders = tuple(dict.fromkeys(("", *(_folder(name) for name in named))))
    is_exact = bool(named) and not told.get("preset") and not _is_optional(told.get("tables"))
    files = tuple(dict.fromkeys((*named, *(name.rpartition("#")[0] for name in named if "#" in name))))
    return _Names(folders, files if is_exact else None)


def _named(tables: Any) -> Iterator[Any]:
    """What stands behind ``from:`` in a mapping's tables and look-ups."""
    parts = tables.values() if isinstance(tables, dict) else ()
    for part in parts:
        for rule in part if isinstance(part, list) else [part]:
            if isinstance(rule, dict):
                joins = rule.get("joins")
                for one in (rule, *(joins if isinstance(joins, list) else ())):
                    origin = one.get("from") if isinstance(one, dict) else None
                    yield from origin if isinstance(origin, list) else [origin]


def _is_optional(told: Any) -> bool:
    if isinstance(told, dict):
        return bool(told.get("optional")) or any(_is_optional(part) for part in told.values())
    return isinstance(told, list) and any(_is_optional(part) for part in told)


def _folder(name: str) -> str:
    folder = str(PurePosixPath(name).parent)
    return "" if folder == "." or folder.startswith("/") or ".." in folder else folder


def _add_files(digest: hashlib._Hash, place: Path, wanted: _Names) -> None:
    top = Path(os.path.realpath(place))
    for folder in sorted(wanted.folders):
        inside = top / folder
        children = sorted(inside.iterdir(), key=lambda child: child.name) if inside.is_dir() else []
        for child in children:
            name = f"{folder}/{child.name}" if folder else child.name
            if child.suffix.lower() in _READ and not child.name.startswith((".", "~$")) and name in wanted:
                is_inside = Path(os.path.realpath(child)).is_relative_to(top)
                if is_inside and child.is_file():
                    _add_bytes(digest, child, name)


def _add(digest: hashlib._Hash, *parts: str | bytes) -> None:
    for part in parts:
        content = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        digest.update(b"%d:" % len(content) + content)


def _add_bytes(digest: hashlib._Hash, file: Path, name: str) -> None:
    try:
        with file.open("rb") as stream:
            _add(digest, name, hashlib.file_digest(stream, "sha256").hexdigest())
    except OSError as error:
        raise SourceError(
            f"the file cannot be read ({error.strerror or error})", where=name, mend="see that it may be read"
        ) from None


def _sample() -> Path:
    from salesnb.data.kept import sample_place

    place = sample_place()
    if place.is_dir():
        return place
    from salesnb.data.sample.store import sample_folder

    return sample_folder()


def _of_server(
    digest: hashlib._Hash, source: str | Path, base: Path, location: str
) -> str:  # fmt: skip
    """The digest of a server's tables; empty where one of them cannot be read."""
    from salesnb.data.mapping import read_mapping
    from salesnb.data.sources import open_source

    path = Path(str(source))
    mapping = read_mapping(path) if path.suffix.lower() in (".yml", ".yaml") else None
    with open_source(location, base=base, password=mapping.password if mapping else None) as opened:
        _add(digest, opened.label)
        for name in _tables(opened, mapping):
            try:
                _add(digest, name, opened.raw(name).digest)
            except SourceError:
                return ""
    return digest.hexdigest()


def _tables(opened: Source, mapping: SourceMapping | None) -> list[str]:
    """The tables that a mapping could read, each once, whatever of them it will read."""
    from salesnb.data.contract import CONTRACT
    from salesnb.data.mapping import plain_name

    rules = [rule for parts in mapping.tables.values() for rule in parts] if mapping else []
    exact = {name for rule in rules for name in (*rule.source, *(join.source for join in rule.joins))}
    plain = {plain_name(name) for name in exact or CONTRACT}
    parts = [plain_name(join.source) for rule in rules for join in rule.joins if join.optional]
    found = []
    for name in opened.names():
        own = plain_name(name.rsplit(".", 1)[-1])
        is_named = name in exact or own in plain or plain_name(name) in plain
        if is_named or any(part in plain_name(name) for part in parts):
            found.append(name)
    return found


def _opened(source: str | Path) -> str:
    """Raise what is wrong with a source, as opening it does; empty where it can be opened after all."""
    from salesnb.data.load import open_book

    open_book(source).connection.close()
    return ""
