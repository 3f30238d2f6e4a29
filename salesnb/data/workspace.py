"""The in-memory DuckDB that files are read into, shut off from all other files, with a private folder beside it."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

import ibis.expr.types as ir

from salesnb.data.backend import Backend
from salesnb.data.held import plain_table
from salesnb.data.raw import FILE, ROW, literal, quoted
from salesnb.errors import SourceError

ROWS_AT_ONCE = 50_000
SMALL = 64 * 2**20
"""Bytes up to which DuckDB gets one thread: its sums of fractions are then the same every time."""
_USUAL = {"VARCHAR": "string", "BIGINT": "int64", "DOUBLE": "float64", "BOOLEAN": "boolean", "DATE": "date"}
"""The types of DuckDB whose name says all, so that Ibis need not be asked to parse it."""


class Workspace:
    """An in-memory DuckDB and a private folder (mode 0700) that goes away with it.

    DuckDB sees a file only under a made-up name in the private folder, so no name of the user's is ever part of a
    path pattern. It may open what lies in ``readable`` and nothing else: no other file, no network, no extension.

    Parameters
    ----------
    readable
        The folders and files that may be read.
    attach
        A DuckDB file to attach, read-only, as the catalog ``src``.
    """

    def __init__(self, readable: Sequence[Path] = (), *, attach: Path | None = None) -> None:
        self.folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="salesnb-")))
        self._remove = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self._made = 0
        try:
            few = {"threads": 1} if _is_small([*readable, *([] if attach is None else [attach])]) else {}
            self.backend: Any = Backend().connect(temp_directory=str(self.folder / "spill"), **few)
            self._shut_off(readable, attach)
        except BaseException:
            self._remove()
            raise

    def _shut_off(self, readable: Sequence[Path], attach: Path | None) -> None:
        self.run("SET enable_progress_bar = false")
        self.run("SET autoinstall_known_extensions = false")
        self.run("SET autoload_known_extensions = false")
        real = [Path(os.path.realpath(path)) for path in readable]
        folders = [str(path) for path in (*(p for p in real if p.is_dir()), self.folder)]
        files = [str(path) for path in real if not path.is_dir()]
        if attach is not None:
            self.run(f"ATTACH {literal(str(attach))} AS src (TYPE duckdb, READ_ONLY)")
        self.run(f"SET allowed_directories = [{', '.join(map(literal, folders))}]")
        self.run(f"SET allowed_paths = [{', '.join(map(literal, files))}]")
        self.run("SET enable_external_access = false")

    def run(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        result: list[tuple[Any, ...]] = self.backend.con.execute(sql, list(values)).fetchall()
        return result

    def new_table(self) -> str:
        """Return the name of a table that is not there yet."""
        self._made += 1
        return f"raw_{self._made}"

    def new_path(self, suffix: str) -> Path:
        """Return a path in the private folder that is not taken."""
        self._made += 1
        return self.folder / f"{self._made}{suffix}"

    def link(self, path: Path, suffix: str) -> Path:
        """Return a private name for a file; a copy where the system has no links."""
        if path.parent == self.folder:
            return path
        private = self.new_path(suffix)
        try:
            private.symlink_to(os.path.realpath(path))
        except OSError:
            shutil.copyfile(path, private)
        return private

    def load_texts(self, names: Sequence[str], rows: Iterable[tuple[int, Sequence[str | None]]], file: str) -> str:
        """Put rows of texts into a new table and return its name.

        Parameters
        ----------
        names
            The columns.
        rows
            Each row's number and its values, one a column; the empty string becomes null.
        file
            What ``_file`` says.
        """
        import pyarrow as pa

        table = self.new_table()
        columns = ", ".join(f"{quoted(name)} VARCHAR" for name in names)
        self.run(f"CREATE TEMP TABLE {table} ({columns}, {FILE} VARCHAR, {ROW} BIGINT)")
        for batch in _batches(rows):
            numbers = [number for number, _ in batch]
            values = [
                pa.array([value or None for value in column], pa.string())
                for column in zip(*(fields for _, fields in batch), strict=True)
            ]
            arrow = pa.Table.from_arrays(
                [*values, pa.array([file] * len(batch), pa.string()), pa.array(numbers, pa.int64())],
                names=[*(f"c{i}" for i in range(len(names))), FILE, ROW],
            )
            self.backend.con.register("_batch", arrow)
            try:
                self.run(f"INSERT INTO {table} SELECT * FROM _batch")
            finally:
                self.backend.con.unregister("_batch")
        return table

    def table(self, name: str) -> ir.Table:
        """Return a table of this workspace as an Ibis expression."""
        kinds = {str(column): _USUAL.get(str(kind)) for column, kind, *_ in self.run(f"DESCRIBE {quoted(name)}")}
        if None not in kinds.values():
            return plain_table(self.backend, name, kinds)
        table: ir.Table = self.backend.table(name)
        return table

    def joined(self, tables: Sequence[str], columns: Sequence[str], where: str) -> str:
        """Put the rows of several tables of the same columns into one; the parts go away.

        Raises
        ------
        SourceError
            A column that is of different types in them; ``where`` says of what.
        """
        kinds = [dict(self.run("SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ?", [table]))
                 for table in tables]  # fmt: skip
        for kind in kinds[1:]:
            differ = [name for name in columns if kind[name] != kinds[0][name]]
            if differ:
                name = differ[0]
                raise SourceError(
                    f"column {name!r} is {kinds[0][name]} in one file and {kind[name]} in another",
                    where=where,
                    mend="write the files with the same types, or read them one by one",
                )
        whole = self.new_table()
        selected = ", ".join(quoted(name) for name in (*columns, FILE, ROW))
        parts = " UNION ALL ".join(f"SELECT {selected} FROM {table}" for table in tables)
        self.run(f"CREATE TEMP TABLE {whole} AS {parts}")
        for table in tables:
            self.run(f"DROP TABLE {table}")
        return whole

    def close(self) -> None:
        """End the database and remove the private folder."""
        self.backend.disconnect()
        self._remove()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _is_small(paths: Sequence[Path]) -> bool:
    """Tell whether all that may be read is so little that one thread reads it as fast as several."""
    size = 0
    try:
        for path in paths:
            for file in path.iterdir() if path.is_dir() else [path]:
                size += file.stat().st_size
                if size > SMALL:
                    return False
    except OSError:
        return False
    return True


def _batches(
    rows: Iterable[tuple[int, Sequence[str | None]]],
) -> Iterator[list[tuple[int, Sequence[str | None]]]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, ROWS_AT_ONCE)):
        yield batch
