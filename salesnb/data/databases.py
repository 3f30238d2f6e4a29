"""Tables of a DuckDB file or a PostgreSQL database, where they are: nothing is copied, nothing is written."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import duckdb
import ibis
import ibis.expr.types as ir

from salesnb.data.raw import FILE, ROW, Raw, Reading, checked_names, malformed_frame, quoted, unknown_name
from salesnb.data.workspace import Workspace
from salesnb.errors import RefusedForSafety, SourceError, did_you_mean

_MEND_PASSWORD = "leave it out of the address and give `password: env:NAME`, NAME being an environment variable"
_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "application_name", "options", "host")
_WHOLE_ROW = "_salesnb_row_"


def is_address(location: str) -> bool:
    """Tell whether a location is an address (``postgresql://...``) and not a path."""
    return bool(re.match(r"^[A-Za-z][A-Za-z0-9+.-]+://", location))


def is_duckdb(path: Path) -> bool:
    """Tell whether a file is a DuckDB database, by its first bytes."""
    with path.open("rb") as file:
        return file.read(12)[8:] == b"DUCK"


class DuckDBTables:
    """The tables and views of a DuckDB file, attached read-only to an in-memory database."""

    def __init__(self, path: Path, label: str) -> None:
        if not is_duckdb(path):
            raise SourceError(
                "the file is no DuckDB database", where=label, mend="give a file that DuckDB wrote, or export to CSV"
            )
        self.label = label
        try:
            self._workspace = Workspace(attach=path)
        except duckdb.Error as error:
            raise SourceError(
                f"the database cannot be opened ({_first(error)})",
                where=label,
                mend="close the program that writes it; if it is of another version of DuckDB, export and import it",
            ) from None
        self.backend: Any = self._workspace.backend

    def places(self) -> Mapping[str, tuple[str, str]]:
        """Return the tables: the name one is asked for by, to its schema and its name."""
        rows = self._workspace.run(
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_catalog = 'src' ORDER BY table_schema <> 'main', table_schema, table_name"
        )
        return _named([(str(schema), str(name)) for schema, name in rows], {"main"})

    def names(self) -> tuple[str, ...]:
        """Return the tables' names."""
        return tuple(self.places())

    def raw(self, name: str, reading: Reading) -> Raw:
        """Return one table: see :func:`read_table`."""
        return read_table(self, name, reading)

    def table(self, schema: str, name: str) -> ir.Table:
        """Return one table as an Ibis expression."""
        table: ir.Table = self.backend.table(name, database=("src", schema))
        return table

    def content(self, schema: str, name: str) -> tuple[Any, ...]:
        """Return the number of rows and a sum over their digests, whatever their order."""
        place = f"src.{quoted(schema)}.{quoted(name)}"
        text = f"CAST({_WHOLE_ROW} AS VARCHAR)"
        return self._workspace.run(
            f"SELECT count(*), sum(md5_number_lower({text})::HUGEINT) FROM {place} AS {_WHOLE_ROW}"
        )[0]

    def close(self) -> None:
        """End the database."""
        self._workspace.close()


class PostgresTables:
    """The tables and views of a PostgreSQL database that the user may read."""

    def __init__(self, address: str, password: str | None) -> None:
        settings, self.label = _settings(address)
        connection, failure = _connect(settings, password, self.label)
        if connection is None:
            raise SourceError(
                f"the database does not let us in ({failure})",
                where=self.label,
                mend="see that the server runs, the address is right and `password: env:NAME` names the right variable",
            )
        self._connection = connection
        self.backend: Any = ibis.postgres.from_connection(connection)

    def places(self) -> Mapping[str, tuple[str, str]]:
        """Return the tables: the name one is asked for by, to its schema and its name."""
        rows = self._connection.execute(
            "SELECT n.nspname, c.relname, pg_catalog.pg_table_is_visible(c.oid) FROM pg_catalog.pg_class c "
            "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') "
            "AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' "
            "AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT') "
            "ORDER BY n.nspname, c.relname"
        ).fetchall()
        visible = {schema for schema, _, is_visible in rows if is_visible}
        return _named([(schema, name) for schema, name, _ in rows], visible)

    def names(self) -> tuple[str, ...]:
        """Return the tables' names."""
        return tuple(self.places())

    def raw(self, name: str, reading: Reading) -> Raw:
        """Return one table: see :func:`read_table`."""
        return read_table(self, name, reading)

    def table(self, schema: str, name: str) -> ir.Table:
        """Return one table as an Ibis expression."""
        table: ir.Table = self.backend.table(name, database=schema)
        return table

    def content(self, schema: str, name: str) -> tuple[Any, ...]:
        """Return the number of rows and a sum over their digests, whatever their order."""
        from psycopg import sql

        query = sql.SQL(
            "SELECT count(*), sum(pg_catalog.hashtextextended({row}::text, 0)::numeric) FROM {schema}.{name} AS {row}"
        )
        row = sql.Identifier(_WHOLE_ROW)
        found = query.format(row=row, schema=sql.Identifier(schema), name=sql.Identifier(name))
        return tuple(self._connection.execute(found).fetchone() or ())

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def read_table(tables: DuckDBTables | PostgresTables, name: str, reading: Reading) -> Raw:
    """Return one table as :class:`Raw`: ``_file`` is its name, ``_row`` null; nested columns become text.

    Raises
    ------
    SourceError
        No such table, a way of reading that is for files, column names that cannot be used, or a failing view.
    """
    places = tables.places()
    if name not in places:
        raise unknown_name(name, list(places), tables.label)
    if reading != Reading():
        raise SourceError(
            "encoding, delimiter, header, sheet and skip_rows are for files, and this is a database",
            where=f"{tables.label}: {name}",
            mend="leave them out",
        )
    schema, plain = places[name]
    where = f"{tables.label}: {name}"
    try:
        table = tables.table(schema, plain)
        kinds = table.schema()
        count, content = tables.content(schema, plain)
    except Exception as error:  # drivers and views raise what they like
        raise SourceError(
            f"the table cannot be read ({_first(error)})", where=where, mend="see that it can be queried"
        ) from None
    names = checked_names(list(kinds), where)
    nested = [column for column, kind in kinds.items() if kind.is_nested() or kind.is_json() or kind.is_unknown()]
    columns = {
        new: table[old].cast("string") if old in nested else table[old] for new, old in zip(names, kinds, strict=True)
    }
    selected = table.select(**columns, **{FILE: ibis.literal(name), ROW: ibis.null("int64")})
    notes = (f"{name}: read as text, being nested: {', '.join(nested)}",) if nested else ()
    digest = hashlib.sha256(repr((plain, names, [str(k) for k in kinds.values()], int(count), str(content))).encode())
    return Raw(name, selected, malformed_frame(()), notes, digest.hexdigest(), names)


def _named(places: list[tuple[str, str]], visible: set[str]) -> dict[str, tuple[str, str]]:
    """Name every table ``schema.table``; one of a visible schema by its own name too, which comes first."""
    named: dict[str, tuple[str, str]] = {}
    for schema, name in places:
        if schema in visible:
            named.setdefault(name, (schema, name))
    for schema, name in places:
        named.setdefault(f"{schema}.{name}", (schema, name))
    return named


def _settings(address: str) -> tuple[dict[str, Any], str]:
    """Return what the driver is told, and the address as it may be shown."""
    mend = "write postgresql://user@host:port/database"
    who, at, _ = address.partition("://")[2].rpartition("@")
    if at and ":" in who:
        raise RefusedForSafety("the database's address holds a password", where="source", mend=_MEND_PASSWORD)
    parts = _split(address)
    if parts is None:
        raise SourceError("the database's address cannot be read", where="source", mend=mend)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    for option in options:
        if option not in _OPTIONS:
            if "pass" in option.lower():
                raise RefusedForSafety("the database's address holds a password", where="source", mend=_MEND_PASSWORD)
            raise SourceError(
                f"{option!r} is not an option of a database's address",
                where="source",
                mend=did_you_mean(option, _OPTIONS),
            )
    if "pass" in options.get("options", "").lower():
        raise RefusedForSafety("the database's address holds a password", where="source", mend=_MEND_PASSWORD)
    database = unquote(parts.path.lstrip("/"))
    if not database or "/" in database:
        raise SourceError("the database's address names no database", where="source", mend=mend)
    settings: dict[str, Any] = {
        "host": options.pop("host", None) or parts.hostname,
        "port": parts.port or 5432,
        "user": unquote(parts.username) if parts.username else None,
        "dbname": database,
        "connect_timeout": options.pop("connect_timeout", "15"),
        **options,
    }
    user = f"{parts.username}@" if parts.username else ""
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or ""
    return settings, f"postgresql://{user}{host}{f':{parts.port}' if parts.port else ''}/{database}"


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in ("postgresql", "postgres") else None


def _connect(settings: dict[str, Any], password: str | None, label: str) -> tuple[Any, str]:
    """Return a connection, or None and what the server said; the secret stays in this function."""
    try:
        import psycopg
    except ImportError:
        raise SourceError(
            "reading PostgreSQL needs a driver that is not installed",
            where=label,
            mend="install the extra: pip install 'salesnb[postgres]'",
        ) from None
    secret = _secret(password)
    try:
        return psycopg.connect(**settings, password=secret, autocommit=True), ""
    except Exception as error:  # whatever the driver raises may carry the secret in its chain
        return None, _without(_first(error), secret)


def _secret(password: str | None) -> str | None:
    if password is None:
        return None
    match = re.fullmatch(r"env:([A-Za-z_][A-Za-z0-9_]*)", password)
    if match is None:
        raise RefusedForSafety("the password was given itself, not by reference", where="password", mend=_MEND_PASSWORD)
    secret = os.environ.get(match.group(1))
    if not secret:
        raise SourceError(
            f"the environment variable {match.group(1)} is not set",
            where="password",
            mend=f"set {match.group(1)} to the password before the run",
        )
    return secret


def _without(text: str, secret: str | None) -> str:
    return text.replace(secret, "***") if secret else text


def _first(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return re.sub(r"\s+", " ", text)[:200]
