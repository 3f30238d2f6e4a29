"""A book that was stored is the book that is loaded: its tables, its audit, its types; and nothing half-written."""

from __future__ import annotations

import datetime as dtm
import json
import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from salesnb.data import stored
from salesnb.data.book import Book
from salesnb.data.load import open_book
from salesnb.data.stored import load, save
from salesnb.errors import StorageError
from salesnb.kpis.registry import compute
from salesnb.periods import Period
from tests.postgres import PASSWORD_VARIABLE

FRAMES = ("reconciliation", "money", "problems")
DEALS = [
    {"opportunity_id": "7", "outcome": "won", "amount": "12.5", "created_at": "2026-01-05 23:59:59.123456",
     "closed_on": "2026-03-01"},
    {"opportunity_id": "007", "outcome": "open", "created_at": "2026-06-01", "next_step": "caf\u00e9 \u2028 'quoted'"},
]  # fmt: skip
FILES = {
    "orders.csv": "order_line_id,order_id,account_id,ordered_at,amount\n1,A,x,2026-01-02,10.50\n2,A,x,2026-01-03,many\n"
    "2,A,,2026-01-04,7\n3,A\n",
    "reps.csv": "rep_id,name\nR1,Ann\n,Nobody\n",
}


def rows(table) -> list[tuple]:
    return sorted(table.execute().astype(object).itertuples(index=False, name=None), key=str)


def same(one: Book, other: Book) -> None:
    """Everything that two books say is the same."""
    assert [*other.tables] == [*one.tables]
    for name, table in {**one.tables, "rejects": one.rejects}.items():
        again = other.rejects if name == "rejects" else other.tables[name]
        assert again.schema() == table.schema(), name
        assert str(rows(again)) == str(rows(table)), name
    for name in FRAMES:
        before, after = getattr(one.audit, name), getattr(other.audit, name)
        pd.testing.assert_frame_equal(after, before)
        assert [*map(type, after.to_numpy().ravel())] == [*map(type, before.to_numpy().ravel())], name
    assert other.audit.notes == one.audit.notes
    assert dict(other.given) == dict(one.given)
    plain = ("name", "currency", "as_of", "data_end", "fingerprint", "stages", "fiscal_year_start", "unusable")
    assert [getattr(other, name) for name in plain] == [getattr(one, name) for name in plain]


@pytest.fixture
def literal_book() -> Book:
    return Book.of(
        {"opportunities": DEALS, "leads": [], "reps": [{"rep_id": "R1", "name": None}]},
        as_of=dtm.date(2026, 9, 30), currency="EUR", name="mine", stages=["Lead", "Offer"], fiscal_year_start=4,
    )  # fmt: skip


def test_a_book_of_literal_rows(literal_book, tmp_path):
    save(literal_book, tmp_path / "kept")
    again = load(tmp_path / "kept")
    same(literal_book, again)
    [won] = again.opportunities.filter(again.opportunities.opportunity_id == "7").execute().to_dict("records")
    assert (won["amount"], won["created_at"].isoformat()) == (Decimal("12.5000"), "2026-01-05T23:59:59.123456")
    again.connection.close()


def test_a_book_with_rejects_of_every_kind(opened, tmp_path):
    book = opened(FILES)
    save(book, tmp_path / "kept")
    again = load(tmp_path / "kept")
    same(book, again)
    found = again.rejects.execute()
    assert sorted(zip(found["table"], found["row"], found["rule"], strict=True)) == [
        ("orders", 2, "unreadable_amount"),
        ("orders", 3, "no_account_id"),
        ("orders", 4, "malformed_line"),
        ("reps", 2, "missing_rep_id"),
    ]
    again.connection.close()


def test_a_book_that_lies_in_a_server(postgres_server, tmp_path):
    url = postgres_server.new_database()
    postgres_server.execute(
        "CREATE TABLE orders (order_line_id text, order_id text, account_id text, ordered_at timestamp, amount text)",
        "INSERT INTO orders VALUES ('1', 'A', 'x', '2026-01-02 10:00', '10.50'), ('2', 'A', NULL, '2026-01-03', '7'),"
        " ('3', 'B', 'x', '2026-01-04', 'many')",
        database=url.rsplit("/", 1)[-1],
    )
    path = tmp_path / "crm.yml"
    columns = {name: name for name in ("order_line_id", "order_id", "account_id", "ordered_at", "amount")}
    tables = {"orders": {"from": "orders", "columns": columns}}
    path.write_text(json.dumps({"location": url, "password": f"env:{PASSWORD_VARIABLE}", "tables": tables}))
    book = open_book(path)
    save(book, tmp_path / "kept")
    again = load(tmp_path / "kept")
    same(book, again)
    book.connection.close()
    assert sorted(zip(again.rejects.execute()["rule"], again.rejects.execute()["value"], strict=True), key=str) == [
        ("no_account_id", None), ("unreadable_amount", "many"),
    ]  # fmt: skip


def test_the_sample_company(tmp_path):
    book = open_book("sample")
    save(book, tmp_path)
    again = load(tmp_path)
    same(book, again)
    period = Period.parse("2026Q2")
    for kpi in ("win_rate", "mrr"):
        before, after = (compute(one, kpi, period) for one in (book, again))
        pd.testing.assert_frame_equal(after, before)
        assert before["status"].tolist() == ["ok"]
    again.connection.close()


def test_a_book_is_stored_again_as_it_was_changed(literal_book, tmp_path):
    save(literal_book, tmp_path)
    first = load(tmp_path)
    save(replace(first, fiscal_year_start=2), tmp_path)
    assert load(tmp_path).fiscal_year_start == 2
    assert sorted(file.name for file in tmp_path.iterdir()) == ["index.json", "tables.duckdb"]


def test_two_load_one_book_at_once(literal_book, tmp_path):
    save(literal_book, tmp_path)
    one, other = load(tmp_path), load(tmp_path)
    assert rows(one.reps) == rows(other.reps) == rows(literal_book.reps)
    one.connection.close()
    assert len(rows(other.opportunities)) == 2


def test_the_files_are_private(literal_book, tmp_path):
    folder = tmp_path / "kept"
    save(literal_book, folder)
    assert [oct(path.stat().st_mode & 0o777) for path in (folder, *sorted(folder.iterdir()))] == [
        "0o700", "0o600", "0o600",
    ]  # fmt: skip


def test_a_loaded_book_reads_no_other_file(literal_book, tmp_path):
    (tmp_path / "secret.csv").write_text("a\n1\n")
    save(literal_book, tmp_path / "kept")
    workspace = load(tmp_path / "kept").connection
    with pytest.raises(Exception, match="disabled by configuration"):
        workspace.run(f"SELECT * FROM read_csv('{tmp_path}/secret.csv')")
    with pytest.raises(Exception, match="Cannot execute"):
        workspace.run("DELETE FROM src.main.reps")


def cut(folder: Path) -> None:
    whole = (folder / stored.TABLES).read_bytes()
    (folder / stored.TABLES).write_bytes(whole[: len(whole) // 2])


def flip(folder: Path) -> None:
    whole = bytearray((folder / stored.TABLES).read_bytes())
    whole[-1] ^= 1
    (folder / stored.TABLES).write_bytes(whole)


def cut_index(folder: Path) -> None:
    (folder / stored.INDEX).write_bytes((folder / stored.INDEX).read_bytes()[:-20])


def other_version(folder: Path) -> None:
    said = json.loads((folder / stored.INDEX).read_text())
    (folder / stored.INDEX).write_text(json.dumps(said | {"version": stored.VERSION + 1}))


def without_part(folder: Path) -> None:
    said = json.loads((folder / stored.INDEX).read_text())
    (folder / stored.INDEX).write_text(json.dumps({key: value for key, value in said.items() if key != "given"}))


def another_table(folder: Path) -> None:
    said = json.loads((folder / stored.INDEX).read_text())
    said["tables"]["orders"] = said["tables"].pop("reps")
    (folder / stored.INDEX).write_text(json.dumps(said))


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda folder: (folder / stored.INDEX).unlink(), "there is no stored book"),
        (lambda folder: (folder / stored.TABLES).unlink(), "is damaged"),
        (shutil.rmtree, "there is no stored book"),
        (cut, "bytes instead of"),
        (flip, "is not what was written"),
        (cut_index, "index.json is no JSON"),
        (without_part, "is damaged"),
        (another_table, "not those of its index"),
        (other_version, "another version"),
        (lambda folder: (folder / stored.INDEX).write_text("[]"), "another version"),
    ],
    ids=["no index", "no tables", "no folder", "cut", "flipped", "cut index", "no part", "table", "version", "a list"],
)
def test_a_broken_folder_is_refused(harm, words, literal_book, tmp_path):
    save(literal_book, tmp_path / "kept")
    harm(tmp_path / "kept")
    with pytest.raises(StorageError, match=words) as caught:
        load(tmp_path / "kept")
    assert caught.value.where == str(tmp_path / "kept")
    assert caught.value.mend


def test_a_folder_that_was_not_written_to_its_end_is_no_book(literal_book, tmp_path, monkeypatch):
    save(literal_book, tmp_path)
    monkeypatch.setattr(stored, "_told", lambda book: pytest.fail("killed here"))
    with pytest.raises(pytest.fail.Exception):
        save(replace(literal_book, name="new"), tmp_path)
    assert load(tmp_path).name == "mine"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["index.json", "tables.duckdb"]


def test_a_folder_that_cannot_be_written(literal_book, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be stored"):
        save(literal_book, tmp_path / "file" / "below")
