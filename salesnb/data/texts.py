"""Texts: the SQL of this package's own queries, kept in the user's cache from one program to the next.

Writing SQL takes most of the time of a page. What is kept is the text of a query with numbered tables and dates in the
place of its own, and only where every word in it is a word of this package: no text, table or date of a source is ever
kept. The folder is private, its name changes with the code and with the versions that write SQL, and a text that does
not have its digest is not used.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
from collections.abc import Iterable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

from salesnb.data.kept import cache_home

RUN_VARIABLE = "SALESNB_SQL_DIR"
"""What names the folder in which the kernels of one run share texts."""
_PARTS = ("analysis", "data", "kpis")
_OLDER = 2
"""The folders of earlier code that are left where they are."""


def read(folder: Path | None, told: str) -> str | None:
    """Return the text that is kept for a query; None where there is none, or it was damaged."""
    if folder is None:
        return None
    try:
        digest, _, text = _path(folder, told).read_bytes().decode("utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return text if digest == _digest(text) else None


def keep(folder: Path | None, told: str, text: str) -> None:
    """Keep the text of a query; where that is not possible, nothing is lost but time."""
    if folder is not None:
        put(_path(folder, told), f"{_digest(text)}\n{text}".encode())


def put(path: Path, content: bytes) -> None:
    """Write a private file where others look for it, whole or not at all; a refusal loses nothing but time."""
    part = path.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        part.rename(path)


def place() -> Path | None:
    """Return the folder in the user's cache; None where none can be made."""
    folder = cache_home() / f"sql-{_writers()}"
    with contextlib.suppress(OSError):
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            others = sorted(folder.parent.glob("sql-*"), key=lambda path: path.stat().st_mtime, reverse=True)
            for old in [path for path in others if path != folder][_OLDER:]:
                shutil.rmtree(old, ignore_errors=True)
        return folder
    return None


def are_own(words: Iterable[str]) -> bool:
    """Tell whether every one of these texts is written in this package's code."""
    return all(word in _own() for word in words)


@functools.cache
def _writers() -> str:
    """Digest of the code and of the versions that a text depends on."""
    import duckdb
    import ibis
    from sqlglot import _version as sqlglot

    code = hashlib.sha256("|".join((ibis.__version__, sqlglot.__version__, duckdb.__version__)).encode())
    for module in _modules():
        code.update(module.name.encode() + b"\0" + module.read_bytes())
    return code.hexdigest()[:16]


@functools.cache
def _own() -> frozenset[str]:
    """Return every text that is written in the code, as its compiled form has it."""
    found: set[str] = {""}
    for module in _modules():
        code = SourceFileLoader(module.stem, str(module)).get_code(module.stem)
        if code is not None:
            _gather(code, found)
    return frozenset(found)


def _gather(value: Any, found: set[str]) -> None:
    if isinstance(value, str):
        found.add(value)
    elif isinstance(value, CodeType):
        for each in value.co_consts:
            _gather(each, found)
    elif isinstance(value, tuple | frozenset):
        for each in value:
            _gather(each, found)


def _modules() -> list[Path]:
    """Return the modules that queries come from."""
    root = Path(__file__).parents[1]
    return [module for part in _PARTS for module in sorted((root / part).rglob("*.py"))]


def _path(folder: Path, told: str) -> Path:
    return folder / hashlib.sha256(told.encode()).hexdigest()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
