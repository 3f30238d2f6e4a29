"""Stored: a whole book in a folder, so that a source is opened once and then used by many.

The folder holds one DuckDB file with the tables and the rejects, and ``index.json`` with everything else. The index
is written last and put in place by a rename: a folder without one is not a stored book.

Examples
--------
>>> from tempfile import TemporaryDirectory
>>> import datetime as dtm
>>> book = Book.of({"leads": [{"lead_id": "L1"}]}, as_of=dtm.date(2026, 9, 30))
>>> with TemporaryDirectory() as folder:
...     save(book, Path(folder))
...     again = load(Path(folder))
...     print(again.as_of, again.leads.lead_id.execute().tolist())
...     again.connection.close()
2026-09-30 ['L1']
"""

from __future__ import annotations

import datetime as dtm
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb
import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pandas as pd

from salesnb.data.book import Audit, Book
from salesnb.data.held import plain_table
from salesnb.data.raw import literal, quoted
from salesnb.data.workspace import Workspace
from salesnb.errors import StorageError

VERSION = 1
INDEX = "index.json"
TABLES = "tables.duckdb"
_REJECTS = "rejects"
_FRAMES = ("reconciliation", "money", "problems")
_FULLY_CHECKED = 256_000_000
"""Up to this size a file's bytes are checked at once; of a larger one, DuckDB checks each block that it reads."""


def save(book: Book, folder: Path) -> None:
    """Write a book into a folder; a book that was stored there is replaced.

    All files are private (mode 0600), and so is the folder where it is made here.

    Raises
    ------
    StorageError
        The folder cannot be written.
    """
    index = folder / INDEX
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=".book-", dir=folder))
        try:
            kinds = _write_tables(book, staged / TABLES)
            said = {"version": VERSION, "tables": kinds, **_told(book), **_bytes(staged / TABLES)}
            handle = os.open(staged / INDEX, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(said, file, ensure_ascii=False)
            index.unlink(missing_ok=True)
            (staged / TABLES).replace(folder / TABLES)
            (staged / INDEX).replace(index)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    except (OSError, duckdb.IOException) as error:
        reason = getattr(error, "strerror", None) or str(error).split("\n")[0][:160]
        raise StorageError(
            f"the opened source cannot be stored: {reason}", where=str(folder),
            mend="see that the folder can be written and the disk has room",
        ) from error  # fmt: skip


def load(folder: Path) -> Book:
    """Return the book that was stored in a folder.

    Its tables are read where they lie, and nothing else can be: no other file, no network. ``connection`` closes it.

    Raises
    ------
    StorageError
        There is none, it is not complete, it was damaged, or another version of the program wrote it.
    """
    said = _index(folder)
    try:
        _check(folder, said["bytes"], said["sha256"])
        tables = {name: _kinds(kinds) for name, kinds in said["tables"].items()}
        frames = {name: _frame(said[name]) for name in _FRAMES}
        given = {name: frozenset(columns) for name, columns in said["given"].items()}
        as_of, data_end = (dtm.date.fromisoformat(said[name]) for name in ("as_of", "data_end"))
        plain = {name: said[name] for name in ("name", "currency", "fingerprint", "fiscal_year_start")}
        notes, stages = tuple(said["notes"]), tuple(said["stages"])
        rejects = tables.pop(_REJECTS)
        workspace = Workspace(attach=folder / TABLES)
    except (KeyError, TypeError, ValueError, AttributeError, OSError, duckdb.Error) as error:
        raise _damaged(folder, f"{type(error).__name__}: {error}".split("\n")[0][:160]) from error
    try:
        there = {row[0] for row in workspace.run("SELECT table_name FROM duckdb_tables() WHERE database_name = 'src'")}
        if there != {*tables, _REJECTS}:
            raise _damaged(folder, "its tables are not those of its index")
    except BaseException:
        workspace.close()
        raise
    return Book(
        **plain, as_of=as_of, data_end=data_end, stages=stages, given=MappingProxyType(given),
        tables=MappingProxyType({name: _table(workspace, name, kinds) for name, kinds in tables.items()}),
        audit=Audit(**frames, rejects=_table(workspace, _REJECTS, rejects), notes=notes),
        connection=workspace,
    )  # fmt: skip


def _write_tables(book: Book, path: Path) -> dict[str, dict[str, str]]:
    """Write a book's tables and its rejects, batch by batch; what each one's columns are."""
    kinds: dict[str, dict[str, str]] = {}
    with Workspace([path.parent]) as workspace:
        workspace.run(f"ATTACH {literal(str(path))} AS kept")
        path.chmod(0o600)
        for name, table in {**book.tables, _REJECTS: book.rejects}.items():
            schema = table.schema()
            kinds[name] = {column: str(kind) for column, kind in schema.items()}
            mapper = workspace.backend.compiler.type_mapper
            columns = ", ".join(f"{quoted(column)} {mapper.to_string(kind)}" for column, kind in schema.items())
            workspace.run(f"CREATE TABLE kept.main.{quoted(name)} ({columns})")
            workspace.backend.con.register("_batches", _batches(table))
            try:
                workspace.run(f"INSERT INTO kept.main.{quoted(name)} SELECT * FROM _batches")
            finally:
                workspace.backend.con.unregister("_batches")
        workspace.run("DETACH kept")
    return kinds


def _batches(table: ir.Table) -> Any:
    """A table's rows for Arrow, batch by batch where they may be many."""
    if table.op().find(ops.InMemoryTable):
        return table.to_pyarrow()
    backend: Any = table.get_backend()
    if backend.name != "duckdb":
        return table.to_pyarrow_batches()
    found = backend.con.sql(backend.compile(table))
    # The first is what DuckDB 2 calls the second.
    return found.to_arrow_reader() if hasattr(found, "to_arrow_reader") else found.fetch_arrow_reader()


def _told(book: Book) -> dict[str, Any]:
    return {
        "name": book.name, "currency": book.currency, "as_of": book.as_of.isoformat(),
        "data_end": book.data_end.isoformat(), "fingerprint": book.fingerprint, "stages": list(book.stages),
        "fiscal_year_start": book.fiscal_year_start, "notes": list(book.audit.notes),
        "given": {name: sorted(columns) for name, columns in book.given.items()},
        **{name: _columns(getattr(book.audit, name)) for name in _FRAMES},
    }  # fmt: skip


def _bytes(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _columns(frame: pd.DataFrame) -> list[list[Any]]:
    """A frame's columns, each its name, its type and its values."""
    return [[str(name), str(frame[name].dtype), [_text(value) for value in frame[name]]] for name in frame.columns]


def _text(value: Any) -> Any:
    """A value as JSON: a text, a whole number or null as it is, another as its kind and its text."""
    value = value.item() if hasattr(value, "item") else value
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, (Decimal, float)):
        return [type(value).__name__, str(value)]
    raise TypeError(f"a value of the audit is a {type(value).__name__}")


def _value(value: Any) -> Any:
    if isinstance(value, list):
        kind, text = value
        return {"Decimal": Decimal, "float": float}[kind](text)
    return value


def _frame(columns: list[list[Any]]) -> pd.DataFrame:
    return pd.DataFrame(
        {name: pd.Series([_value(value) for value in values], dtype=kind) for name, kind, values in columns}
    )


def _kinds(kinds: Mapping[str, str]) -> Mapping[str, Any]:
    known: dict[str, Any] = {kind: ibis.dtype(kind) for kind in set(kinds.values())}
    return {column: known[kind] for column, kind in kinds.items()}


def _table(workspace: Workspace, name: str, kinds: Mapping[str, Any]) -> ir.Table:
    return plain_table(workspace.backend, name, kinds, place=("src", "main"))


def _index(folder: Path) -> dict[str, Any]:
    try:
        said = json.loads((folder / INDEX).read_bytes())
    except FileNotFoundError:
        raise StorageError(
            "there is no stored book, or it was not written to its end", where=str(folder), mend="open the source again"
        ) from None
    except OSError as error:
        raise StorageError(
            f"the stored book cannot be read: {error.strerror}", where=str(folder), mend="see that it may be read"
        ) from None
    except ValueError as error:
        raise _damaged(folder, f"{INDEX} is no JSON") from error
    if not isinstance(said, dict) or said.get("version") != VERSION:
        raise StorageError(
            "the book was stored by another version of the program", where=str(folder), mend="open the source again"
        )
    return said


def _check(folder: Path, size: int, digest: str) -> None:
    path = folder / TABLES
    found = path.stat().st_size
    if found != size:
        raise ValueError(f"{TABLES} has {found} bytes instead of {size}")
    if size <= _FULLY_CHECKED and _bytes(path)["sha256"] != digest:
        raise ValueError(f"{TABLES} is not what was written")


def _damaged(folder: Path, why: str) -> StorageError:
    return StorageError(f"the stored book is damaged ({why})", where=str(folder), mend="open the source again")
