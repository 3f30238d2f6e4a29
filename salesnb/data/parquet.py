"""Parquet files to a table: columns keep their types, nested ones become text."""

from __future__ import annotations

from pathlib import Path

import duckdb

from salesnb.data.raw import FILE, ROW, checked_names, literal, malformed_frame, quoted
from salesnb.data.textfiles import Loaded
from salesnb.data.workspace import Workspace
from salesnb.errors import SourceError

_NESTED = ("STRUCT", "MAP", "UNION", "LIST", "VARIANT", "JSON")


def is_nested(kind: str) -> bool:
    """Tell whether a DuckDB type holds other values, so that it is read as text."""
    return kind.endswith("]") or kind.upper().startswith(_NESTED)


def load_parquet(path: Path, file: str, digest: str, workspace: Workspace) -> Loaded:
    """Read one Parquet file; ``_row`` counts its rows from 1.

    Parameters
    ----------
    path, file
        The file, and what ``_file`` and messages call it.
    digest
        SHA-256 of its bytes.
    workspace
        Where its table goes.

    Raises
    ------
    SourceError
        A file that is no Parquet file or is damaged; column names that are blank or given twice.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    mend = "write it again; if it is no Parquet file, give it the ending of what it is"
    try:
        given = list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SourceError(f"no Parquet file can be read here ({_first(error)})", where=file, mend=mend) from None
    names = checked_names(given, f"{file}: schema")
    link = workspace.link(path, ".parquet")
    source = f"read_parquet({literal(str(link))}, file_row_number = true)"
    table = workspace.new_table()
    try:
        kinds = [str(row[1]) for row in workspace.run(f"DESCRIBE SELECT * EXCLUDE file_row_number FROM {source}")]
        nested = [name for name, kind in zip(names, kinds, strict=True) if is_nested(kind)]
        selected = ", ".join(
            f"{_readable(old, kind)} AS {quoted(new)}" for old, new, kind in zip(given, names, kinds, strict=True)
        )
        workspace.run(
            f"CREATE TEMP TABLE {table} AS SELECT {selected}, {literal(file)} AS {FILE}, "
            f"file_row_number + 1 AS {ROW} FROM {source}"
        )
    except duckdb.Error as error:
        raise SourceError(f"the file is damaged ({_first(error)})", where=file, mend=mend) from None
    finally:
        if link != path:
            link.unlink()
    notes = (f"{file}: read as text, being nested: {', '.join(nested)}",) if nested else ()
    return Loaded(table, names, malformed_frame(()), notes, digest)


def _readable(name: str, kind: str) -> str:
    """A column as SQL: what is nested as text, a moment with a zone to the microsecond, as every engine has it."""
    if is_nested(kind):
        return f"CAST({quoted(name)} AS VARCHAR)"
    if kind.startswith("TIMESTAMP") and ("TZ" in kind or "TIME ZONE" in kind):
        return f"CAST({quoted(name)} AS TIMESTAMPTZ)"
    return quoted(name)


def _first(error: Exception) -> str:
    return str(error).split("\n")[0][:160]
