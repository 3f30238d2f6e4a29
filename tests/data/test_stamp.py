"""The stamp of a source changes with everything that its content depends on, and with nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from salesnb.data.load import open_book
from salesnb.data.stamp import stamp
from salesnb.errors import SalesnbError
from tests.postgres import PASSWORD_VARIABLE

DEALS = "id,amount,product\n1,10,A\n2,20,B\n"
COLUMNS = {"opportunity_id": "id", "amount": "amount"}


def mapped(folder: Path, **tables: object) -> Path:
    """Write deals.csv and a mapping of it."""
    (folder / "deals.csv").write_text(DEALS)
    path = folder / "crm.yml"
    words = {"location": ".", "tables": tables or {"opportunities": {"from": "deals.csv", "columns": COLUMNS}}}
    path.write_text(json.dumps(words))
    return path


def test_one_byte_of_a_file(tmp_path):
    path = mapped(tmp_path)
    before = stamp(path)
    assert stamp(path) == before
    (tmp_path / "deals.csv").write_text(DEALS.replace("20", "21"))
    assert stamp(path) != before
    (tmp_path / "deals.csv").write_text(DEALS)
    assert stamp(path) == before


def test_one_word_of_the_mapping_or_its_name(tmp_path):
    path = mapped(tmp_path)
    before = stamp(path)
    (tmp_path / "other.yml").write_bytes(path.read_bytes())
    assert stamp(tmp_path / "other.yml") != before  # the book is named by it
    path.write_text(path.read_text().replace('"amount": "amount"', '"amount": "id"'))
    assert stamp(path) != before


def test_not_when_a_file_was_written_nor_where(tmp_path):
    path = mapped(tmp_path)
    before = stamp(path)
    os.utime(tmp_path / "deals.csv", (1, 1))
    assert stamp(path) == before
    (tmp_path / "copy").mkdir()
    assert stamp(mapped(tmp_path / "copy")) == before


def test_a_file_that_nothing_names_does_not_matter_and_one_that_is_looked_up_does(tmp_path):
    join = {"from": "products.csv", "on": {"product": "name"}, "take": {"price": "price"}}
    path = mapped(tmp_path, opportunities={"from": "deals.csv", "joins": [join], "columns": COLUMNS})
    stamps = [stamp(path)]
    (tmp_path / "unrelated.csv").write_text("a\n1\n")
    assert stamp(path) == stamps[0]
    for products in ("name,price\nA,1\n", "name,price\nA,2\n"):
        (tmp_path / "products.csv").write_text(products)
        stamps.append(stamp(path))
    assert len(set(stamps)) == 3


@pytest.mark.parametrize("pattern", ["part_*.csv", "below/part_*.csv"])
def test_a_new_file_of_a_pattern(pattern, tmp_path):
    path = mapped(tmp_path, opportunities={"from": pattern, "columns": COLUMNS})
    (tmp_path / "below").mkdir()
    stamps = [stamp(path)]
    for number in (1, 2):
        (tmp_path / pattern.replace("*", str(number))).write_text(DEALS)
        stamps.append(stamp(path))
    (tmp_path / pattern.replace("*", "2")).rename(tmp_path / pattern.replace("*", "3"))
    stamps.append(stamp(path))
    assert len(set(stamps)) == 4


def test_sheets_of_a_workbook_are_the_workbook(tmp_path):
    path = mapped(tmp_path, opportunities={"from": "deals.xlsx#Won", "columns": COLUMNS})
    (tmp_path / "deals.xlsx").write_bytes(b"one")
    before = stamp(path)
    (tmp_path / "deals.xlsx").write_bytes(b"two")
    assert stamp(path) != before


@pytest.mark.parametrize("words", [{"preset": "hubspot"}, {"tables": {"leads": [{"from": "leads", "optional": True}]}}])
def test_where_files_are_found_by_their_names_each_matters(words, tmp_path):
    path = tmp_path / "crm.yml"
    path.write_text(json.dumps({"location": ".", **words}))
    before = stamp(path)
    (tmp_path / "Leads.csv").write_text("a\n1\n")
    assert stamp(path) != before


def test_a_folder_without_a_mapping(tmp_path):
    (tmp_path / "leads.csv").write_text("lead_id\n1\n")
    stamps = [stamp(tmp_path)]
    (tmp_path / "orders.csv").write_text("order_line_id\n1\n")
    stamps.append(stamp(tmp_path))
    (tmp_path / "notes.md").write_text("not read")
    (tmp_path / ".hidden.csv").write_text("not read")
    assert stamp(tmp_path) == stamps[1] != stamps[0]


def test_a_file_named_itself_and_a_duckdb_file(tmp_path):
    (tmp_path / "orders.csv").write_text("order_line_id\n1\n")
    before = stamp(tmp_path / "orders.csv")
    (tmp_path / "leads.csv").write_text("lead_id\n1\n")
    assert stamp(tmp_path / "orders.csv") == before
    path = tmp_path / "crm.duckdb"
    stamps = []
    for statement in ("CREATE TABLE leads AS SELECT '1' AS lead_id", "INSERT INTO leads VALUES ('2')"):
        with duckdb.connect(str(path)) as connection:
            connection.execute(statement)
        stamps.append(stamp(path))
    assert len({*stamps, stamp(tmp_path / "orders.csv")}) == 3


def test_a_link_out_of_the_folder_is_not_read_so_it_does_not_matter(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "leads.csv").write_text("lead_id\n1\n")
    before = stamp(tmp_path / "in")
    (tmp_path / "orders.csv").write_text("order_line_id\n1\n")
    (tmp_path / "in" / "orders.csv").symlink_to(tmp_path / "orders.csv")
    assert stamp(tmp_path / "in") == before


def test_the_location_may_be_in_the_environment(tmp_path, monkeypatch):
    mapped(tmp_path)
    path = tmp_path / "crm.yml"
    path.write_text(path.read_text().replace('"."', '"env:WHERE"'))
    monkeypatch.setenv("WHERE", str(tmp_path))
    before = stamp(path)
    (tmp_path / "deals.csv").write_text(DEALS + "3,30,C\n")
    assert stamp(path) != before
    monkeypatch.delenv("WHERE")
    same_error(path)


def same_error(source: Path | str) -> None:
    with pytest.raises(SalesnbError) as expected:
        open_book(source)
    with pytest.raises(SalesnbError) as caught:
        stamp(source)
    assert (type(caught.value), str(caught.value)) == (type(expected.value), str(expected.value))


def test_what_is_not_there_is_refused_in_the_words_of_opening(tmp_path):
    (tmp_path / "notes.md").write_text("text")
    same_error(tmp_path / "none.yml")
    same_error(tmp_path / "nowhere")
    same_error(tmp_path / "notes.md")
    same_error("mysql://somebody@nowhere/crm")
    for words in ('{"location": "gone"}', '{"name": "no location"}', '{"location": ".", "password": "env:X"}', "- a\n"):
        (tmp_path / "crm.yml").write_text(words)
        same_error(tmp_path / "crm.yml")


def test_the_sample_in_a_new_process_without_the_heavy_libraries():
    program = (
        "import sys; from salesnb.data.stamp import stamp; print(stamp('sample')); "
        "print(sorted({'ibis', 'duckdb', 'pandas', 'numpy', 'pyarrow'} & set(sys.modules)))"
    )
    stamp("sample")  # made where it was not there yet
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ran.stdout.split("\n")[:2] == [stamp("sample"), "[]"]


def test_the_rows_and_columns_of_a_server(postgres_server, tmp_path):
    url = postgres_server.new_database()
    database = url.rsplit("/", 1)[-1]
    postgres_server.execute(
        "CREATE TABLE deals (id text, amount numeric)", "INSERT INTO deals VALUES ('1', 10)",
        "CREATE TABLE unrelated (id text)", database=database,
    )  # fmt: skip
    path = tmp_path / "crm.yml"
    tables = {"opportunities": {"from": "deals", "columns": COLUMNS}}
    path.write_text(json.dumps({"location": url, "password": f"env:{PASSWORD_VARIABLE}", "tables": tables}))
    stamps = [stamp(path)]
    postgres_server.execute("INSERT INTO unrelated VALUES ('1')", database=database)
    assert [stamp(path)] == stamps
    for change in ("INSERT INTO deals VALUES ('2', 1)", "UPDATE deals SET amount = 11 WHERE id = '1'"):
        postgres_server.execute(change, database=database)
        stamps.append(stamp(path))
    postgres_server.execute("ALTER TABLE deals ALTER amount TYPE float8", database=database)
    stamps.append(stamp(path))
    assert len({*stamps, ""}) == 5


def test_a_server_that_does_not_answer_is_refused_in_the_words_of_opening(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "s3cr3t")
    path = tmp_path / "crm.yml"
    path.write_text(json.dumps({"location": "postgresql://me@127.0.0.1:1/crm", "password": "env:SECRET"}))
    same_error(path)
    monkeypatch.delenv("SECRET")
    same_error(path)
