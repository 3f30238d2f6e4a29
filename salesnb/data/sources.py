r"""Where rows come from: a folder of files, one file, a DuckDB file or a PostgreSQL database.

Examples
--------
>>> from tempfile import TemporaryDirectory
>>> with TemporaryDirectory() as folder:
...     _ = Path(folder, "deals_1.csv").write_text("id,amount\n007,10\n008\n")
...     with open_source(folder, base=Path()) as source:
...         raw = source.raw("deals_*.csv")
...         print(raw.table.id.execute().tolist(), raw.malformed.reason.tolist())
['007'] ['too few fields: 1 where the header has 2']
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

from salesnb.data.databases import DuckDBTables, PostgresTables, is_address
from salesnb.data.folders import DATABASE_FILES, READABLE, FolderFiles, not_read
from salesnb.data.raw import Raw, Reading, unknown_name
from salesnb.errors import SourceError

__all__ = ["Raw", "Reading", "Source", "open_source"]

_DEFAULT = Reading()


class Source:
    """An opened source; a context manager, whose end closes it. Made by :func:`open_source`.

    Parameters
    ----------
    parts
        The files of a folder or the tables of a database.
    """

    def __init__(self, parts: FolderFiles | DuckDBTables | PostgresTables) -> None:
        self._parts = parts

    @property
    def label(self) -> str:
        """The path or the address, without any secret."""
        return self._parts.label

    @property
    def backend(self) -> Any:
        """The Ibis backend that its tables live in.

        DuckDB in memory for files, and for a DuckDB file, which is attached to it read-only so that temporary
        tables can be made beside it; or PostgreSQL.
        """
        return self._parts.backend

    def names(self) -> tuple[str, ...]:
        """Return what can be read: file names, ``"book.xlsx#Sheet"`` for sheets, or tables of the database."""
        return self._parts.names()

    def raw(self, name: str, reading: Reading = _DEFAULT) -> Raw:
        """Return the rows of one of them, or of all files that match a pattern such as ``"deals_*.csv"``.

        Raises
        ------
        SourceError
            No such name, or content that cannot be read without a guess.
        RefusedForSafety
            A name that leads out of the folder, or a file that is not safe to open.
        """
        return self._parts.raw(name, reading)

    def close(self) -> None:
        """Close it; its tables are gone."""
        self._parts.close()

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Source {self.label}>"


def open_source(location: str, *, base: Path, password: str | None = None) -> Source:
    """Open a source.

    Parameters
    ----------
    location
        A folder, a file (CSV, TSV, TXT, Parquet, XLSX, DuckDB), or ``postgresql://user@host:port/database``.
    base
        The folder that a relative path starts from.
    password
        ``"env:NAME"``: the environment variable that holds the database's password. It is read here, used to
        connect, and kept nowhere.

    Raises
    ------
    SourceError
        Nothing there, a kind of file that is not read, or a database that does not answer.
    RefusedForSafety
        A password in the address, or one that is not given as ``env:NAME``.
    """
    if is_address(location):
        if not location.lower().startswith(("postgresql://", "postgres://")):
            raise SourceError(
                f"addresses of the kind {location.split('://')[0]!r} are not read",
                where="source",
                mend="give a path, or postgresql://user@host:port/database",
            )
        return Source(PostgresTables(location, password))
    if password is not None:
        raise SourceError("a password is for a database, and this is a path", where="password", mend="leave it out")
    path = base / location
    if "\0" in location or not path.exists():
        siblings = sorted(child.name for child in path.parent.iterdir()) if path.parent.is_dir() else []
        raise (
            unknown_name(location, siblings[:200], str(base))
            if siblings
            else SourceError(f"there is no {location!r}", where=str(base), mend="give the path of a folder or a file")
        )
    if path.is_dir():
        return Source(FolderFiles(path, location))
    if path.suffix.lower() in DATABASE_FILES:
        return Source(DuckDBTables(path, location))
    if path.suffix.lower() not in READABLE:
        raise not_read(path.name, location)
    return Source(FolderFiles(path.parent, location, only=path.name))
