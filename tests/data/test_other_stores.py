"""The same rows give the same book wherever they are kept: CSV, TSV, Parquet, Excel, DuckDB, PostgreSQL."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from salesnb.data.book import Book
from salesnb.data.load import open_book
from tests.postgres import PASSWORD_VARIABLE

TABLES = {
    "accounts": {"from": "accounts", "columns": {"account_id": "account", "name": "account", "industry": "sector"}},
    "reps": {"from": "teams", "columns": {"rep_id": "agent", "name": "agent", "team": "manager", "region": "office"}},
    "opportunities": {
        "from": "deals",
        "joins": [
            {
                "from": "products",
                "on": {"product": "product"},
                "take": {"list_price": "price"},
                "values": {"GTXPro": "GTX Pro"},
            }
        ],
        "columns": {
            "opportunity_id": "id",
            "owner_id": "agent",
            "product": "product",
            "account_id": "account",
            "stage": "stage",
            "outcome": {"from": "stage", "values": {"Won": "won", "Lost": "lost", "Engaging": "open"}},
            "amount": {"first_of": ["value", "list_price"]},
            "created_at": "engaged",
            "closed_on": "closed",
        },
    },
}
ACCOUNTS = [("account", "sector"), ("Acme", "medical"), ("Betasoloin", "software"), ("Acme", "retail")]
TEAMS = [("agent", "manager", "office"), ("Anna", "Dustin", "Central"), ("Cecily", "Celia", "East")]
PRODUCTS = [("product", "price"), ("GTX Pro", "4821"), ("MG Special", "55")]
DEALS = [
    ("id", "agent", "product", "account", "stage", "engaged", "closed", "value"),
    ("007", "Anna", "GTXPro", "Acme", "Won", "2016-10-20", "2017-03-01", "1054.50"),
    ("7", "Anna", "GTX Pro", "Acme", "Won", "2017-01-02", "2017-02-02", "70"),
    ("8", "Nobody", "MG Special", "Acme", "Lost", "2017-02-28", "2017-02-01", "0"),
    ("9", "Anna", "Unheard", "Betasoloin", "Won", "2017-01-01", "", "10"),
    ("7", "Cecily", "MG Special", "", "Engaging", "2017-01-31", "", ""),
    ("10", "Anna", "GTX Pro", "Acme", "Stalled", "2017-01-02", "2017-02-02", "30"),
]
TYPES = {"engaged": "date", "closed": "date", "value": "numeric", "price": "numeric"}
FILES = {"accounts": ACCOUNTS, "teams": TEAMS, "products": PRODUCTS, "deals": DEALS}


def book_of(folder: Path, location: str, ending: str, **words: Any) -> Book:
    """Open the tables where their names end so: ``.csv`` for files, nothing for a database."""
    tables = json.loads(
        json.dumps(TABLES), object_hook=lambda d: d | ({"from": d["from"] + ending} if _is_file(d) else {})
    )
    path = folder / "mapping.yml"
    path.write_text(json.dumps({"location": location, "tables": tables, **words}), encoding="utf-8")
    return open_book(path)


def _is_file(words: dict[str, Any]) -> bool:
    return words.get("from") in FILES


def write(folder: Path, ending: str = ".csv", delimiter: str = ",") -> None:
    for name, rows in FILES.items():
        with (folder / f"{name}{ending}").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=delimiter).writerows(rows)


def told(book: Book) -> dict[str, Any]:
    """Everything a book says, in an order of its own: counts, money, rejects (not their places), used rows."""
    rejects = book.rejects.execute()[["table", "column", "value", "rule", "action", "reason"]]
    found = {
        "counts": book.audit.reconciliation.to_dict("records"),
        "money": book.audit.money.astype(dict.fromkeys(("read", "used", "rejected"), float)).to_dict("records"),
        "rejects": sorted(map(tuple, rejects.astype(object).where(rejects.notna(), None).to_numpy().tolist()), key=str),
        "as_of": book.as_of,
        "given": dict(book.given),
    }
    for name, table in book.tables.items():
        found[name] = sorted(map(str, table.execute().astype(str).to_numpy().tolist()))
        found[f"{name} types"] = {column: str(kind) for column, kind in table.schema().items()}
    return found


@pytest.fixture
def from_files(tmp_path) -> dict[str, Any]:
    folder = tmp_path / "csv"
    folder.mkdir()
    write(folder)
    return told(book_of(folder, ".", ".csv"))


def test_the_rows_of_the_files(from_files):
    counts = {row["table"]: (row["read"], row["used"], row["rejected"]) for row in from_files["counts"]}
    assert counts == {"reps": (2, 2, 0), "accounts": (3, 2, 1), "opportunities": (6, 3, 3)}
    rules = sorted(row[3] for row in from_files["rejects"])
    assert rules == sorted(
        [
            "duplicate_account_id",
            "closed_without_date",
            "unknown_outcome",
            "duplicate_opportunity_id",
            "closed_on_before_created_at",
            "unknown_owner_id",
            "no_account_id",
            "renamed_in_products",
            "unknown_in_products",
        ]
    )
    [money] = from_files["money"]
    assert (money["read"], money["used"]) == (1054.5 + 70 + 0 + 10 + 55 + 30, 1054.5 + 70 + 0)


def test_tabs(tmp_path, from_files):
    write(tmp_path, ".tsv", "\t")
    assert told(book_of(tmp_path, ".", ".tsv")) | {"rejects": 0} == _renamed(from_files, ".tsv") | {"rejects": 0}


def _renamed(found: dict[str, Any], ending: str) -> dict[str, Any]:
    return found | {
        "rejects": [tuple(str(v).replace(".csv", ending) if v else v for v in row) for row in found["rejects"]]
    }


def frames() -> dict[str, pd.DataFrame]:
    made = {}
    for name, (header, *rows) in FILES.items():
        frame = pd.DataFrame(rows, columns=list(header)).replace("", None)
        for column in header:
            if TYPES.get(column) == "date":
                frame[column] = pd.to_datetime(frame[column]).dt.date
            elif TYPES.get(column) == "numeric":
                frame[column] = pd.to_numeric(frame[column])
        made[name] = frame
    return made


def test_parquet(tmp_path, from_files):
    for name, frame in frames().items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    same(told(book_of(tmp_path, ".", ".parquet")), from_files)


def test_a_workbook(tmp_path, from_files):
    with pd.ExcelWriter(tmp_path / "crm.xlsx") as writer:
        for name, (header, *rows) in FILES.items():
            pd.DataFrame(rows, columns=list(header)).to_excel(writer, sheet_name=name, index=False)
    tables = json.loads(
        json.dumps(TABLES), object_hook=lambda d: d | ({"from": f"crm.xlsx#{d['from']}"} if _is_file(d) else {})
    )
    (tmp_path / "mapping.yml").write_text(json.dumps({"location": ".", "tables": tables}))
    same(told(open_book(tmp_path / "mapping.yml")), from_files)


@pytest.mark.parametrize("typed", [False, True], ids=["texts", "typed"])
def test_a_duckdb_file(tmp_path, from_files, typed):
    with duckdb.connect(tmp_path / "crm.duckdb") as database:
        for name, rows in FILES.items():
            for statement, values in statements(name, rows, typed, "?"):
                database.executemany(statement, values) if values else database.execute(statement)
    same(told(book_of(tmp_path, "crm.duckdb", "")), from_files)


def statements(name: str, rows: list[Any], typed: bool, mark: str) -> list[tuple[str, list[Any]]]:
    header, *lines = rows
    columns = ", ".join(f'"{column}" {TYPES.get(column, "text") if typed else "text"}' for column in header)
    columns = columns.replace("numeric", "numeric(12, 2)")
    values = [tuple(value or None for value in line) for line in lines]
    marks = ", ".join([mark] * len(header))
    return [(f"CREATE TABLE {name} ({columns})", []), (f"INSERT INTO {name} VALUES ({marks})", values)]


@pytest.mark.parametrize("typed", [False, True], ids=["texts", "typed"])
def test_postgresql(tmp_path, from_files, postgres_server, typed):
    url = postgres_server.new_database()
    with postgres_server.connection(url.rsplit("/", 1)[-1]) as connection:
        for name, rows in FILES.items():
            for statement, values in statements(name, rows, typed, "%s"):
                with connection.cursor() as cursor:
                    cursor.executemany(statement, values) if values else cursor.execute(statement)
    book = book_of(tmp_path, url, "", password=f"env:{PASSWORD_VARIABLE}")
    found = told(book)
    same(found, from_files)
    assert book.rejects.execute()["file"].unique().tolist() in (["accounts", "deals"], ["deals", "accounts"])
    assert postgres_server.password not in repr(book) + str(book.audit.notes)
    book.connection.close()


def same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """The same book but for how a number was written (``1054.50`` or ``1054.5``) and what the file is called."""
    for name in wanted:
        if name == "rejects":
            plain = [[(row[0], row[1], row[3].split("#")[-1], row[4]) for row in one[name]] for one in (found, wanted)]
            plain = [sorted((a, b, c.replace("crm.xlsx#", ""), d) for a, b, c, d in rows) for rows in plain]
            assert [p[2].rsplit("_in_", 1)[0] for p in plain[0]] == [p[2].rsplit("_in_", 1)[0] for p in plain[1]]
        else:
            assert found[name] == wanted[name], name


def test_maven_in_postgresql(tmp_path, shared_data, postgres_server):
    """A real export, copied in as texts, gives what its files give."""
    files = open_book(Path(__file__).resolve().parents[2] / "params" / "sources" / "maven.yml")
    url = postgres_server.new_database()
    with postgres_server.connection(url.rsplit("/", 1)[-1]) as connection:
        for path in sorted((shared_data / "maven_crm").glob("*.csv")):
            header = path.read_text(encoding="utf-8").split("\n", 1)[0].strip()
            columns = ", ".join(f'"{name}" text' for name in header.split(","))
            connection.execute(f"CREATE TABLE {path.stem} ({columns})")
            with connection.cursor().copy(f"COPY {path.stem} FROM STDIN (FORMAT csv, HEADER true)") as copy:
                copy.write(path.read_bytes())
    text = (Path(__file__).resolve().parents[2] / "params" / "sources" / "maven.yml").read_text(encoding="utf-8")
    text = text.replace(
        "location: ../../../shared/data/maven_crm", f"location: {url}\npassword: env:{PASSWORD_VARIABLE}"
    )
    (tmp_path / "maven.yml").write_text(text.replace(".csv", ""), encoding="utf-8")
    book = open_book(tmp_path / "maven.yml")
    assert book.audit.reconciliation.equals(files.audit.reconciliation)
    assert book.audit.problems[["action", "rows"]].equals(files.audit.problems[["action", "rows"]])
    for name, table in book.tables.items():
        key = table.columns[0]
        theirs = files.tables[name].order_by(key).execute().set_index(key).sort_index()
        pd.testing.assert_frame_equal(table.execute().set_index(key).sort_index(), theirs, check_dtype=False)
    book.connection.close()
