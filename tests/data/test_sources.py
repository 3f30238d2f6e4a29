"""Sources: what can be opened, what its parts are called, and what is not let out of the folder."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from salesnb.data.sources import Reading, open_source
from salesnb.data.workspace import Workspace
from salesnb.errors import MappingError, RefusedForSafety, SourceError
from tests.data.conftest import Seen


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "exports"
    (inside / "2026").mkdir(parents=True)
    (tmp_path / "secret.csv").write_text("a,b\n6,6\n")
    for name in ("deals_1.csv", "deals_2.csv", "2026/deals_3.csv", "other.tsv"):
        number = name[-5]
        (inside / name).write_text(f"id\tamount\n{number}\t10\n".replace("\t", "\t" if name.endswith("tsv") else ","))
    (inside / "README.md").write_text("no table")
    (inside / ".hidden.csv").write_text("a\n")
    (inside / "~$book.xlsx").write_text("lock")
    return inside


def test_names_are_the_files_that_can_be_read(folder: Path) -> None:
    with open_source("exports", base=folder.parent) as source:
        assert source.names() == ("deals_1.csv", "deals_2.csv", "other.tsv")
        assert (source.label, repr(source)) == ("exports", "<Source exports>")


def test_a_single_file_is_a_source_of_that_file_alone(folder: Path) -> None:
    with open_source("deals_1.csv", base=folder) as source:
        assert source.names() == ("deals_1.csv",)
        assert Seen(source.raw("deals_1.csv")).rows == [["1", "10"]]
        with pytest.raises(SourceError, match=r"there is no 'deals_2.csv'[^$]*did you mean 'deals_1.csv'"):
            source.raw("deals_2.csv")


def test_a_file_in_a_folder_below_is_read(folder: Path) -> None:
    with open_source(str(folder), base=Path("/nowhere")) as source:
        assert Seen(source.raw("2026/deals_3.csv")).files == ["2026/deals_3.csv"]
        assert Seen(source.raw("2026/*.csv")).rows == [["3", "10"]]


def test_a_pattern_reads_all_files_that_match(folder: Path) -> None:
    (folder / "deals_2.csv").write_text("amount;id\n20;2\n1\n")
    with open_source("exports", base=folder.parent) as source:
        raw = source.raw("deals_*.csv")
        seen = Seen(raw)
        single = source.raw("deals_1.csv").digest
    assert seen.columns == ["id", "amount", "_file", "_row"]
    assert seen.rows == [["1", "10"], ["2", "20"]]
    assert seen.files == ["deals_1.csv", "deals_2.csv"]
    assert raw.malformed.to_numpy().tolist() == [["deals_2.csv", 2, "1", "too few fields: 1 where the header has 2"]]
    assert len(seen.digest) == 64
    assert seen.digest != single


def test_files_read_together_must_have_the_same_columns(folder: Path) -> None:
    (folder / "deals_2.csv").write_text("id,value\n2,20\n")
    with (
        open_source("exports", base=folder.parent) as source,
        pytest.raises(SourceError, match=r"different columns: 'amount', 'value'[^$]*deals_1.csv and deals_2.csv"),
    ):
        source.raw("deals_*.csv")


def test_a_pattern_without_a_match_says_what_there_is(folder: Path) -> None:
    with (
        open_source("exports", base=folder.parent) as source,
        pytest.raises(SourceError, match=r"no file matches 'x\*'[^$]*deals_1.csv, deals_2.csv, other.tsv"),
    ):
        source.raw("x*")


@pytest.mark.parametrize("name", ["deal_1.csv", "deals_1.cvs", "deals/1.csv"])
def test_an_unknown_name_is_answered_with_the_near_one(folder: Path, name: str) -> None:
    with (
        open_source("exports", base=folder.parent) as source,
        pytest.raises(SourceError, match=r"there is no[^$]*deals_"),
    ):
        source.raw(name)


@pytest.mark.parametrize("name", ["README.md", "2026"])
def test_what_is_no_readable_file_is_said_to_be_none(folder: Path, name: str) -> None:
    with open_source("exports", base=folder.parent) as source, pytest.raises(SourceError, match="not a file of a kind"):
        source.raw(name)


@pytest.mark.parametrize(
    "name",
    [
        "../secret.csv",
        "2026/../../secret.csv",
        "/etc/passwd",
        "..\\secret.csv",
        "C:\\x.csv",
        "\\\\host\\x.csv",
        "a\0.csv",
        "../*.csv",
        "../book.xlsx#S",
    ],
)
def test_names_that_lead_out_of_the_folder_are_refused(folder: Path, name: str) -> None:
    with open_source("exports", base=folder.parent) as source, pytest.raises(RefusedForSafety, match="leads out of"):
        source.raw(name)


def test_links_that_lead_out_of_the_folder_are_refused(folder: Path) -> None:
    (folder / "link.csv").symlink_to(folder.parent / "secret.csv")
    (folder / "out").symlink_to(folder.parent, target_is_directory=True)
    (folder / "in.csv").symlink_to(folder / "deals_1.csv")
    with open_source("exports", base=folder.parent) as source:
        assert source.names() == ("deals_1.csv", "deals_2.csv", "in.csv", "other.tsv")
        assert Seen(source.raw("in.csv")).rows == [["1", "10"]]
        with pytest.raises(RefusedForSafety, match="is a link that leads out"):
            source.raw("link.csv")
        with pytest.raises(RefusedForSafety, match="is a link that leads out"):
            source.raw("out/secret.csv")
        with pytest.raises(SourceError, match="no file matches"):
            source.raw("out/*.csv")


def test_a_source_that_is_itself_a_link_is_followed(folder: Path) -> None:
    (folder.parent / "current").symlink_to(folder, target_is_directory=True)
    (folder.parent / "one.csv").symlink_to(folder / "deals_1.csv")
    with open_source("current", base=folder.parent) as source:
        assert Seen(source.raw("deals_1.csv")).rows == [["1", "10"]]
    with open_source("one.csv", base=folder.parent) as source:
        assert Seen(source.raw("one.csv")).rows == [["1", "10"]]


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe.csv")
    with open_source("exports", base=folder.parent) as source:
        assert "pipe.csv" not in source.names()
        with pytest.raises(SourceError, match="not a file of a kind"):
            source.raw("pipe.csv")


def test_what_was_read_once_is_not_read_again(folder: Path) -> None:
    with open_source("exports", base=folder.parent) as source:
        first = source.raw("deals_1.csv")
        (folder / "deals_1.csv").write_text("id,amount\n9,90\n")
        assert source.raw("deals_1.csv") is first
        assert Seen(source.raw("deals_1.csv", Reading(delimiter=","))).rows == [["9", "90"]]


def test_a_file_that_may_not_be_read_is_no_traceback(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("salesnb.data.folders.load_text_file", refuse)
    with (
        open_source("exports", base=folder.parent) as source,
        pytest.raises(SourceError, match=r"cannot be read \(Permission denied\)[^$]*deals_1\.csv"),
    ):
        source.raw("deals_1.csv")


def test_a_damaged_book_does_not_hide_the_other_files(folder: Path) -> None:
    (folder / "book.xlsx").write_text("no zip")
    with open_source("exports", base=folder.parent) as source:
        assert source.names() == ("book.xlsx", "deals_1.csv", "deals_2.csv", "other.tsv")


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("export", r"there is no 'export'[^$]*did you mean 'exports'"),
        ("exports/README.md", r"not a file of a kind that is read[^$]*\.csv"),
        ("no/such/place", r"there is no 'no/such/place'[^$]*give the path"),
        ("a\0b", r"there is no"),
        ("mysql://me:hunter2@host/db", r"addresses of the kind 'mysql' are not read"),
    ],
)
def test_what_cannot_be_opened_is_said_without_secrets(folder: Path, location: str, words: str) -> None:
    with pytest.raises(SourceError, match=words) as caught:
        open_source(location, base=folder.parent)
    assert "hunter2" not in str(caught.value)


def test_a_password_is_for_a_database(folder: Path) -> None:
    with pytest.raises(SourceError, match="a password is for a database"):
        open_source("exports", base=folder.parent, password="env:HOME")


@pytest.mark.parametrize(
    ("how", "words"),
    [({"delimiter": ":"}, "':' cannot stand between"), ({"skip_rows": -1}, "-1 rows"), ({"header": ()}, "is empty")],
)
def test_a_reading_that_makes_no_sense_is_refused(how: dict[str, object], words: str) -> None:
    with pytest.raises(MappingError, match=words):
        Reading(**how)  # type: ignore[arg-type]


def test_what_does_not_apply_to_a_file_is_refused(folder: Path) -> None:
    with open_source("exports", base=folder.parent) as source, pytest.raises(SourceError, match="`sheet:` does not"):
        source.raw("deals_1.csv", Reading(sheet="x"))


def test_parquet_keeps_its_types_and_nested_columns_become_text(folder: Path) -> None:
    rows = pa.table(
        {
            " id ": pa.array(["007", None]),
            "n": pa.array([1, 2], pa.int32()),
            "paid": pa.array(["1.10", None], pa.string()).cast(pa.decimal128(10, 4)),
            "tags": pa.array([["a", "b"], []]),
            "who": pa.array([{"x": 1}, {"x": 2}]),
        }
    )
    pq.write_table(rows, folder / "t.parquet")
    with open_source("exports", base=folder.parent) as source:
        raw = source.raw("t.parquet")
        assert {name: str(kind) for name, kind in raw.table.schema().items()} == {
            "id": "string", "n": "int32", "paid": "decimal(10, 4)", "tags": "string", "who": "string",
            "_file": "string", "_row": "int64",
        }  # fmt: skip
        assert raw.notes == ("t.parquet: read as text, being nested: tags, who",)
        seen = Seen(raw)
    assert (seen.numbers, [row[0] for row in seen.rows], seen.rows[0][3]) == ([1, 2], ["007", None], "[a, b]")


def test_parquet_files_read_together_must_have_the_same_types(folder: Path) -> None:
    pq.write_table(pa.table({"n": pa.array([1])}), folder / "p1.parquet")
    pq.write_table(pa.table({"n": pa.array(["1"])}), folder / "p2.parquet")
    with (
        open_source("exports", base=folder.parent) as source,
        pytest.raises(SourceError, match=r"column 'n' is BIGINT in one file and VARCHAR in another"),
    ):
        source.raw("p*.parquet")


def test_parquet_names_that_differ_in_case_only_are_refused(folder: Path) -> None:
    pq.write_table(pa.table({"Id": pa.array([1]), "id": pa.array([2])}), folder / "p.parquet")
    with open_source("exports", base=folder.parent) as source, pytest.raises(SourceError, match="differ only in case"):
        source.raw("p.parquet")


def test_a_damaged_parquet_file_is_no_traceback(folder: Path) -> None:
    (folder / "p.parquet").write_bytes(b"PAR1 nothing PAR1")
    pq.write_table(pa.table({"n": pa.array(list(range(10_000)))}), folder / "q.parquet")
    content = bytearray((folder / "q.parquet").read_bytes())
    content[4:4000] = b"\xff" * 3996
    (folder / "q.parquet").write_bytes(content)
    with open_source("exports", base=folder.parent) as source:
        with pytest.raises(SourceError, match=r"no Parquet file can be read here[^$]*p\.parquet"):
            source.raw("p.parquet")
        with pytest.raises(SourceError, match=r"the file is damaged[^$]*q\.parquet"):
            source.raw("q.parquet")


def test_the_database_that_files_are_read_into_sees_no_other_file(folder: Path) -> None:
    with open_source("exports", base=folder.parent) as source:
        for sql in (
            f"SELECT * FROM read_csv('{folder.parent}/secret.csv')",
            "SELECT * FROM read_text('/etc/passwd')",
            f"COPY (SELECT 1) TO '{folder.parent}/written.csv'",
            f"ATTACH '{folder.parent}/new.duckdb'",
            "INSTALL httpfs",
            "SET enable_external_access = true",
        ):
            with pytest.raises(duckdb.Error):
                source.backend.con.execute(sql)
    assert not (folder.parent / "written.csv").exists()


def test_nothing_is_left_behind(folder: Path) -> None:
    (folder / "latin.csv").write_bytes("a,b\ncafé,1\n".encode("cp1252"))
    source = open_source("exports", base=folder.parent)
    private: Path = source._parts._workspace.folder  # type: ignore[union-attr]
    assert private.stat().st_mode & 0o777 == 0o700
    source.raw("latin.csv")
    source.raw("deals_1.csv")
    assert [path.name for path in private.rglob("*") if path.is_file() or path.is_symlink()] == []
    source.close()
    assert not private.exists()


def test_where_there_are_no_links_a_copy_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(Path, "symlink_to", refuse)
    with open_source("exports", base=folder.parent) as source:
        assert Seen(source.raw("deals_1.csv")).rows == [["1", "10"]]


def test_a_workspace_that_cannot_be_made_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "no.duckdb").write_text("no database")
    with pytest.raises(duckdb.Error):
        Workspace(attach=tmp_path / "no.duckdb")
    assert [path.name for path in tmp_path.iterdir()] == ["no.duckdb"]
