"""Databases: read where they are, named by schema and table, and no password in any word that is said."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from salesnb.data.sources import Reading, Source, open_source
from salesnb.errors import RefusedForSafety, SalesnbError, SourceError
from tests.postgres import PASSWORD_VARIABLE, Server

MAKE = (
    "CREATE TABLE deals (id VARCHAR, amount DECIMAL(18, 2), on_day DATE, note TEXT)",
    "INSERT INTO deals VALUES ('007', 10.50, '2026-07-14', 'it''s; \"quoted\"'), ('008', NULL, NULL, NULL)",
    "CREATE SCHEMA crm",
    'CREATE TABLE crm."odd ""name""; --" (" id " INTEGER, "we""ird; x" INTEGER, tags INTEGER[])',
    'INSERT INTO crm."odd ""name""; --" VALUES (1, 2, ARRAY[1, 2])',
    "CREATE VIEW big AS SELECT id FROM deals WHERE amount > 1",
)
ODD = 'crm.odd "name"; --'


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "it's.duckdb"
    with duckdb.connect(str(path)) as connection:
        for statement in MAKE:
            connection.execute(statement)
    return path


@pytest.fixture(params=["duckdb", "postgres"])
def source(request: pytest.FixtureRequest) -> Iterator[Source]:
    """The same tables, in a DuckDB file and in PostgreSQL."""
    if request.param == "duckdb":
        path: Path = request.getfixturevalue("database")
        opened = open_source(path.name, base=path.parent)
    else:
        server: Server = request.getfixturevalue("postgres_server")
        url = server.new_database()
        server.execute(*MAKE, database=url.rpartition("/")[2])
        opened = open_source(url, base=Path(), password=f"env:{PASSWORD_VARIABLE}")
    with opened:
        yield opened


def test_tables_are_named_by_themselves_and_by_schema(source: Source) -> None:
    main = "public" if source.backend.name == "postgres" else "main"
    assert source.names() == ("big", "deals", ODD, f"{main}.big", f"{main}.deals")[:2] + tuple(
        sorted([ODD, f"{main}.big", f"{main}.deals"], key=lambda name: (main == "main" and name == ODD, name))
    )


def test_a_table_is_read_with_its_types(source: Source) -> None:
    raw = source.raw("deals")
    assert raw.column_names == ("id", "amount", "on_day", "note")
    frame = raw.table.order_by("id").execute()
    assert frame["id"].tolist() == ["007", "008"]
    assert [str(amount) for amount in frame["amount"].dropna()] == ["10.50"]
    assert frame["note"].tolist()[0] == 'it\'s; "quoted"'
    assert frame["_file"].tolist() == ["deals", "deals"]
    assert frame["_row"].isna().all()
    assert (len(raw.malformed), raw.notes) == (0, ())


def test_names_never_become_sql_and_nested_columns_become_text(source: Source) -> None:
    raw = source.raw(ODD)
    assert raw.column_names == ("id", 'we"ird; x', "tags")
    assert raw.notes == (f"{ODD}: read as text, being nested: tags",)
    [row] = raw.table.execute().to_dict("records")
    assert (row["id"], row['we"ird; x'], row["tags"].strip("{}[]").replace(" ", "")) == (1, 2, "1,2")


def test_a_view_is_read(source: Source) -> None:
    assert source.raw("big").table.execute()["id"].tolist() == ["007"]


def test_temporary_tables_can_be_made_beside_them(source: Source) -> None:
    deals = source.raw("deals").table
    kept = source.backend.create_table("kept", deals.filter(deals.amount.notnull()), temp=True)
    assert kept.join(deals, "id").count().execute() == 1


def test_the_digest_follows_the_content_and_not_its_order(source: Source, database: Path) -> None:
    assert source.raw("deals").digest == source.raw("deals").digest
    assert source.raw("deals").digest != source.raw("big").digest


def test_the_digest_of_a_file_is_that_of_its_rows(tmp_path: Path) -> None:
    digests = []
    for name, rows in (("a", "(1), (2), (2)"), ("b", "(2), (1), (2)"), ("c", "(1), (1), (2)"), ("d", "(1), (2)")):
        with duckdb.connect(str(tmp_path / f"{name}.db")) as connection:
            connection.execute(f"CREATE TABLE t AS SELECT * FROM (VALUES {rows}) AS v(x)")
        with open_source(f"{name}.db", base=tmp_path) as source:
            digests.append(source.raw("t").digest)
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_an_unknown_table_is_answered_with_the_near_one(source: Source) -> None:
    with pytest.raises(SourceError, match=r"there is no 'deal'[^$]*did you mean 'deals'"):
        source.raw("deal")


def test_a_way_of_reading_files_is_refused(source: Source) -> None:
    with pytest.raises(SourceError, match="are for files, and this is a database"):
        source.raw("deals", Reading(encoding="utf-8"))


def test_a_view_that_fails_is_no_traceback(source: Source) -> None:
    if source.backend.name == "postgres":
        source.backend.con.execute("CREATE VIEW bad AS SELECT 1 / (id::integer - 7) AS x FROM deals")
        with pytest.raises(SourceError, match=r"the table cannot be read \(division by zero"):
            source.raw("bad")
    else:
        with pytest.raises(duckdb.Error, match="read-only"):
            source.backend.con.execute("CREATE TABLE src.new (x INTEGER)")


def test_a_view_in_a_file_cannot_read_other_files(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        connection.execute("CREATE VIEW v AS SELECT * FROM read_csv('/etc/passwd', header = false, sep = ':')")
    with open_source("a.duckdb", base=tmp_path) as source, pytest.raises(SourceError, match="the table cannot be read"):
        source.raw("v")


def test_the_file_itself_is_not_changed(database: Path) -> None:
    before = database.read_bytes()
    with open_source(database.name, base=database.parent) as source:
        source.raw("deals").table.execute()
    assert database.read_bytes() == before


def test_two_sources_may_read_one_file(database: Path) -> None:
    with (
        open_source(database.name, base=database.parent) as one,
        open_source(database.name, base=database.parent) as two,
    ):
        assert one.raw("deals").digest == two.raw("deals").digest


def test_a_file_that_is_being_written_is_refused(database: Path) -> None:
    with duckdb.connect(str(database)), pytest.raises(SourceError, match="close the program that writes it"):
        open_source(database.name, base=database.parent)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"SQLite format 3\0")
    with pytest.raises(SourceError, match="is no DuckDB database"):
        open_source("a.db", base=tmp_path)


SECRET = "hunter2-is-secret"


def said(error: BaseException) -> str:
    """Everything a reader could see of an error: its text, its repr, the traceback with its chain."""
    return "".join([str(error), repr(error), *traceback.format_exception(error)])


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://me:{SECRET}@host/db",
        f"postgresql://me:{SECRET}/x@host/db",
        f"postgresql://:{SECRET}@host/db",
        "postgresql://me:@host/db",
        f"postgres://host/db?password={SECRET}",
        f"postgresql://host/db?sslpassword={SECRET}",
        f"postgresql://host/db?options=-c%20password%3D{SECRET}",
    ],
)
def test_a_password_in_the_address_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(RefusedForSafety, match=r"holds a password[^$]*`password: env:NAME`") as caught:
        open_source(address, base=Path())
    assert SECRET not in said(caught.value)


def test_a_password_given_itself_is_refused_and_not_repeated() -> None:
    with pytest.raises(RefusedForSafety, match="not by reference") as caught:
        open_source("postgresql://me@host/db", base=Path(), password=SECRET)
    assert SECRET not in said(caught.value)


def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_SET_AT_ALL", raising=False)
    with pytest.raises(SourceError, match="the environment variable NOT_SET_AT_ALL is not set"):
        open_source("postgresql://me@host/db", base=Path(), password="env:NOT_SET_AT_ALL")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postgresql://host:port/db", "address cannot be read"),
        ("postgresql://me@host", "names no database"),
        ("postgresql://me@host/a/b", "names no database"),
        ("postgresql://me@host/db?sslmod=require", "'sslmod' is not an option[^$]*did you mean 'sslmode'"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused(address: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        open_source(address, base=Path())


def test_a_server_that_is_not_there_is_said_to_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PW", SECRET)
    with pytest.raises(SourceError, match=r"does not let us in[^$]*postgresql://me@127\.0\.0\.1:1/db") as caught:
        open_source("postgresql://me@127.0.0.1:1/db", base=Path(), password="env:PW")
    assert SECRET not in said(caught.value)


def test_a_server_that_refuses_the_password_is_reported_without_it(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PW", SECRET)
    with pytest.raises(SourceError, match="password authentication failed") as caught:
        open_source(postgres_url, base=Path(), password="env:PW")
    assert SECRET not in said(caught.value)
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    assert [name for frame in frames for name, value in frame.f_locals.items() if SECRET in repr(value)] == []


def test_a_server_that_wants_a_password_is_not_given_one_unasked(postgres_url: str) -> None:
    with pytest.raises(SourceError, match="no password supplied"):
        open_source(postgres_url, base=Path())


def test_an_opened_database_holds_no_password(postgres_url: str, postgres_server: Server) -> None:
    with open_source(postgres_url, base=Path(), password=f"env:{PASSWORD_VARIABLE}") as source:
        shown = (
            repr(source) + source.label + repr(vars(source)) + repr(vars(source.backend)) + source.backend.db_identity
        )
    assert source.label == postgres_url
    assert postgres_server.password not in shown


def test_an_error_of_any_kind_has_three_parts(tmp_path: Path) -> None:
    with pytest.raises(SalesnbError) as caught:
        open_source("nothing", base=tmp_path / "nowhere")
    assert all((caught.value.what, caught.value.where, caught.value.mend))


def test_without_the_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(SourceError, match=r"driver that is not installed[^$]*salesnb\[postgres\]"):
        open_source("postgresql://me@host/db", base=Path())
