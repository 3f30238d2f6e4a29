"""Text files: every row of the file is in the table or among the malformed lines, and nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from salesnb.data import textfiles
from salesnb.data.raw import Reading
from salesnb.data.sources import open_source
from salesnb.data.textfiles import load_text_file
from salesnb.data.workspace import Workspace
from salesnb.errors import SalesnbError, SourceError
from tests.data.conftest import Read


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_each_line_end_is_read(read: Read, end: str) -> None:
    seen = read(f"id,amount{end}007,1.50{end}008,2{end}")
    assert seen.columns == ["id", "amount", "_file", "_row"]
    assert seen.rows == [["007", "1.50"], ["008", "2"]]
    assert seen.numbers == [1, 2]
    assert seen.files == ["deals.csv", "deals.csv"]


def test_a_file_with_all_line_ends_is_read(read: Read) -> None:
    assert read("a,b\n1,2\r\n3,4\r5,6").rows == [["1", "2"], ["3", "4"], ["5", "6"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_from_the_header_line(read: Read, delimiter: str) -> None:
    assert read(f"a{delimiter}b\n1{delimiter}2\n").rows == [["1", "2"]]


def test_a_delimiter_inside_quotes_does_not_count(read: Read) -> None:
    assert read('"a;1",b\n1;5,2\n').rows == [["1;5", "2"]]


def test_of_several_the_delimiter_that_fits_the_rows_is_taken(read: Read) -> None:
    seen = read("Deal;Amount, EUR;Owner\n1;5;Ann\n2;7;Bob\n")
    assert seen.names == ("Deal", "Amount, EUR", "Owner")
    assert seen.notes == ("deals.csv: read with ';' between fields, as its rows have it",)


@pytest.mark.parametrize(
    "content",
    ["a,b;c\n1,2;3\n", "a,b;c\n", "first last\nAnn Lee\n", "name\nLee, Ann\n"],
    ids=["both fit", "no row", "blanks", "delimiter in the rows only"],
)
def test_a_delimiter_that_cannot_be_told_is_asked_for(read: Read, content: str) -> None:
    with pytest.raises(SourceError, match=r"cannot be told[^$]*deals\.csv[^$]*`delimiter:`"):
        read(content)


def test_a_delimiter_that_was_said_is_taken(read: Read) -> None:
    assert read("a,b;c\n1,2;3\n", delimiter=";").names == ("a,b", "c")


def test_excels_line_about_the_delimiter_is_read_and_noted(read: Read) -> None:
    seen = read("sep=;\na;b\n1,5;2\n")
    assert seen.rows == [["1,5", "2"]]
    assert seen.notes == ("deals.csv: its first line, sep=;, says what stands between fields",)


def test_a_single_column_needs_no_delimiter(read: Read) -> None:
    assert read("email\na@b.c\n\nd@e.f\n").rows == [["a@b.c"], ["d@e.f"]]


def test_runs_of_blanks_separate_where_that_was_said(read: Read) -> None:
    seen = read(" id  date\n 007\t 1997 \n\n8 1998 5\n", delimiter="whitespace")
    assert seen.rows == [["007", "1997"]]
    assert seen.malformed == [[2, "8 1998 5", "too many fields: 3 where the header has 2"]]


def test_a_file_without_header_takes_the_names_given(read: Read) -> None:
    seen = read("1|272|28000\n2|281|367000\n", header=("key", "rep", "quota"))
    assert seen.names == ("key", "rep", "quota")
    assert seen.rows == [["1", "272", "28000"], ["2", "281", "367000"]]


def test_a_header_given_for_another_number_of_columns_is_refused(read: Read) -> None:
    with pytest.raises(SourceError, match=r"names 2 columns, and the first line has 3 fields"):
        read("1|2|3\n", header=("a", "b"), delimiter="|")
    with pytest.raises(SourceError, match=r"names 2 columns, and the first line has 3 fields"):
        read("1 2 3\n", header=("a", "b"), delimiter="whitespace")


@pytest.mark.parametrize("line", ["1|272|28000.0000|2010-12-29", "7|{48754992-9EE0-4C0E-8C94-9451604E3E02}"])
def test_a_row_is_not_taken_for_the_header(read: Read, line: str) -> None:
    with pytest.raises(SourceError, match=r"looks like a row[^$]*`header:`"):
        read(f"{line}\n{line}\n")


def test_lines_before_the_header_are_skipped_where_that_was_said(read: Read) -> None:
    assert read('Report "Q3"\nof July\n\na,b\n1,2\n', skip_rows=2).rows == [["1", "2"]]
    assert read('"a","a"\n1,2\n', skip_rows=1, header=("x", "y")).rows == [["1", "2"]]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("id,id", r"given twice: 'id'"),
        ("id,ID ", r"'id' and 'ID', which differ only in case"),
        ("id,,x", r"column 2 has no name \(the columns are 'id', '', 'x'\)"),
        ("id,_row", r"called '_row'"),
    ],
)
def test_column_names_that_name_no_single_column_are_refused(read: Read, header: str, words: str) -> None:
    with pytest.raises(SourceError, match=words + r"[^$]*header line[^$]*`header:`"):
        read(f"{header}\n1,2,3\n")


def test_column_names_are_stripped(read: Read) -> None:
    assert read(' id ," amount "\n1,2\n').names == ("id", "amount")


@pytest.mark.parametrize("name", ['we"ird; drop table x; --', "new\nline", "it's", "{brace} $1 %s ?", "[x]*"])
def test_column_names_never_become_sql(read: Read, name: str) -> None:
    quoted = name.replace('"', '""')
    assert read(f'"{quoted}",b\n1,2\n').names == (name, "b")
    assert read(f'"{quoted}",b\n1,2\n3\n').rows == [["1", "2"]]


@pytest.mark.parametrize("name", ["it's; a\nname.csv", 'a"b.csv', "a[1]*?.csv", "x#y.csv", "{}$1%s.csv", "é.csv"])
def test_file_names_never_become_sql_or_patterns(read: Read, name: str) -> None:
    seen = read("a,b\n1,2\n", name=name)
    assert seen.files == [name]
    assert read("a,b\n1,2\n3\n", name=name).files == [name]


def test_values_never_become_sql(read: Read) -> None:
    value = "'); DROP TABLE raw_1; --"
    assert read(f"a,b\n{value},2\n").rows == [[value, "2"]]


def test_nothing_of_a_value_is_interpreted(read: Read) -> None:
    row = ["007", "1e5", "2026-01-02", "TRUE", "NULL", "NaN", "-", "\\N", "#1", "a\\"]
    header = ",".join(f"c{i}" for i in range(len(row)))
    assert read(f"{header}\n{','.join(row)}\n").rows == [row]


def test_the_empty_field_is_null_and_blanks_before_a_value_are_left_out(read: Read) -> None:
    seen = read('a,b,c\n,"",  \n x , "y, z" ,w\n 1,"2", "3,4"\n')
    assert seen.rows == [[None, None, None], ["1", "2", "3,4"]]
    assert seen.malformed == [[2, ' x , "y, z" ,w', "text after a closing quote"]]
    assert read('a,b\n" x",y \n').rows == [[" x", "y "]]


def test_a_quote_inside_a_value_stands_for_itself(read: Read) -> None:
    assert read('a,b\n5" pipe,"say ""hi"""\n').rows == [['5" pipe', 'say "hi"']]


def test_row_numbers_count_rows_and_not_lines(read: Read) -> None:
    seen = read('a,b\n"one\ntwo",1\n\n   \nthree\nfour,4\n')
    assert list(zip(seen.numbers, seen.rows, strict=True)) == [(1, ["one\ntwo", "1"]), (3, ["four", "4"])]
    assert seen.malformed == [[2, "three", "too few fields: 1 where the header has 2"]]


def test_what_is_no_row_is_kept_with_its_text_and_reason(read: Read) -> None:
    seen = read('a,b\n1\n2,3,4\n"5"x,6\n7,8\n' + "y" * 300 + "\n")
    assert seen.rows == [["7", "8"]]
    assert seen.numbers == [4]
    assert seen.malformed == [
        [1, "1", "too few fields: 1 where the header has 2"],
        [2, "2,3,4", "too many fields: 3 where the header has 2"],
        [3, '"5"x,6', "text after a closing quote"],
        [5, "y" * 200, "too few fields: 1 where the header has 2"],
    ]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('a,b\n1,2\n3,"4\n5,6\n', 3),
        ('a,b\n"x\ny","z\n5,6\n', 3),
        ('a,b\n"x\r\ny" ,1\r\n2, "z', 4),
        ('"a,b\n1,2\n', 1),
    ],
)
def test_a_quote_that_is_never_closed_is_an_error_that_says_where_it_was_opened(
    read: Read, content: str, line: int
) -> None:
    with pytest.raises(SourceError, match=rf"deals\.csv: line {line}\b[^$]*close the quote"):
        read(content, delimiter=",")


def test_a_delimiter_at_the_end_of_every_line_is_left_out_and_noted(read: Read) -> None:
    seen = read("a,b,,\n1,2,,\n3,, ,\n")
    assert seen.columns == ["a", "b", "_file", "_row"]
    assert seen.rows == [["1", "2"], ["3", None]]
    assert seen.notes[-1].startswith("deals.csv: every line ends with a delimiter")


def test_a_column_without_a_name_that_holds_something_is_refused(read: Read) -> None:
    with pytest.raises(SourceError, match=r"without a name, and row 2 has 'x' in it"):
        read("a,b,\n1,2,\n3,4,x\n")


def test_a_delimiter_too_many_is_not_forgiven_where_the_header_has_none(read: Read) -> None:
    assert read("a,b\n1,2,\n").malformed == [[1, "1,2,", "too many fields: 3 where the header has 2"]]


@pytest.mark.parametrize("content", ["a,b", "a,b\n", "a,b\n\n  \n"])
def test_a_header_alone_is_an_empty_table(read: Read, content: str) -> None:
    seen = read(content)
    assert (seen.names, seen.rows, seen.malformed) == (("a", "b"), [], [])


@pytest.mark.parametrize(("content", "words"), [("", "is empty"), ("\n \n", "no header line")])
def test_a_file_without_a_line_is_refused(read: Read, content: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        read(content)


def test_a_header_with_text_after_a_quote_is_refused(read: Read) -> None:
    with pytest.raises(SourceError, match=r"header line has text after a closing quote"):
        read('"a"x,b\n1,2\n')


def test_very_long_lines_are_read(read: Read) -> None:
    long = "x" * 3_000_000
    assert read(f"a,b\n{long},1\n").rows == [[long, "1"]]


def test_control_characters_stay_in_their_values(read: Read) -> None:
    assert read(b"a,b\n1\x1a2,\x0b\x0c\x1c\x85\n", encoding="latin-1").rows == [["1\x1a2", "\x0b\x0c\x1c\x85"]]


def test_the_end_of_file_mark_of_dos_is_left_out(read: Read) -> None:
    seen = read(b"a,b\n1,2\n\x1a")
    assert (seen.rows, seen.malformed) == ([["1", "2"]], [])
    assert seen.notes == ("deals.csv: the end-of-file mark 0x1a at its end was left out",)


def test_a_nul_byte_is_refused_with_its_place(read: Read) -> None:
    with pytest.raises(SourceError, match=r"NUL byte[^$]*line 2, byte 6 of the file"):
        read(b"a,b\n1\x00,2\n")


def test_the_digest_is_that_of_the_bytes(read: Read) -> None:
    import hashlib

    content = "a,b\ncafé,2\n".encode("utf-16")
    assert read(content).digest == hashlib.sha256(content).hexdigest()


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    exact = textfiles._load_fast

    def changing(*arguments: object) -> str | None:
        path.write_text("a,b\n1,2\n3,4\n")
        return exact(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(textfiles, "_load_fast", changing)
    with Workspace([tmp_path]) as workspace, pytest.raises(SourceError, match="changed while it was read"):
        load_text_file(path, "a.csv", Reading(), workspace)


def test_the_order_of_many_rows_is_kept(read: Read) -> None:
    count = 300_000
    seen = read("id,name\n" + "".join(f'{i},"n {i}"\n' for i in range(1, count + 1)))
    assert seen.numbers == list(range(1, count + 1))
    assert [row[0] for row in seen.rows] == [str(i) for i in range(1, count + 1)]


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2\n3,\n,\n",
        b"a,b\r\n1,2\r\n\r\n3,4",
        b"a,b\r1,2\r",
        b'"a","b"\n"1","2 ""x"", y\nz"\n"",5"pipe\n',
        b"\xef\xbb\xbfa,b\n1,\xc3\xa9\n",
        "a,b\n1,é\n".encode("utf-16"),
        b'a,b\n"say ""hi"" there","x """\n',
        b"title\n\na,b\n1,2\n",
    ],
)
def test_a_well_formed_file_is_read_fast_and_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    how = Reading(skip_rows=1 if content.startswith(b"title") else 0)
    slow = textfiles._load_exactly
    with Workspace([tmp_path]) as workspace:
        monkeypatch.setattr(textfiles, "_load_exactly", lambda *_: pytest.fail("the slow reading was taken"))
        quickly = load_text_file(path, "a.csv", how, workspace)
        monkeypatch.setattr(textfiles, "_load_exactly", slow)
        monkeypatch.setattr(textfiles, "_load_fast", lambda *_: None)
        exactly = load_text_file(path, "a.csv", how, workspace)
        assert quickly.table != exactly.table
        rows = [workspace.run(f"SELECT * FROM {read.table} ORDER BY _row") for read in (quickly, exactly)]
        assert rows[0] == rows[1] != []


@pytest.mark.parametrize(
    ("content", "numbers", "spoiled"),
    [
        (b"a,b\n1,2\n3\n\n4,5,6\n7,8\n  \n9\n", [1, 4], [(2, "3"), (3, "4,5,6"), (5, "9")]),
        (b"a,b\r\n1\r\n2,3\r\n4,5", [2, 3], [(1, "1")]),
        (b"\xef\xbb\xbfa,b\n1,\xc3\xa9\n2\n", [1], [(2, "2")]),
        (b"a,b\n1,2\n 3,  4\n,   \n", [1, 2, 3], []),
    ],
    ids=["too few and too many", "the first", "a mark", "blanks before values"],
)
def test_a_file_without_quotes_is_read_fast_without_the_lines_that_are_no_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, numbers: list[int], spoiled: list[tuple[int, str]]
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    slow = textfiles._load_exactly
    with Workspace([tmp_path]) as workspace:
        monkeypatch.setattr(textfiles, "_load_exactly", lambda *_: pytest.fail("the slow reading was taken"))
        quickly = load_text_file(path, "a.csv", Reading(), workspace)
        monkeypatch.setattr(textfiles, "_load_exactly", slow)
        monkeypatch.setattr(textfiles, "_load_fast", lambda *_: None)
        exactly = load_text_file(path, "a.csv", Reading(), workspace)
        rows = [workspace.run(f"SELECT * FROM {read.table} ORDER BY _row") for read in (quickly, exactly)]
    assert rows[0] == rows[1]
    assert [row[-1] for row in rows[0]] == numbers
    pd.testing.assert_frame_equal(quickly.malformed, exactly.malformed)
    assert [*zip(quickly.malformed["row"], quickly.malformed["value"], strict=True)] == spoiled


def test_real_files_are_read_whole(shared_data: Path) -> None:
    header = ("row", "id", "nps", "satisfaction", "intention", "explication", "visits", "basket", "t")
    latin = Reading(encoding="latin-1", header=header, skip_rows=1)
    expected = {
        ("maven_crm", "sales_pipeline.csv", Reading()): 8800,
        ("cdnow", "CDNOW_master.txt", Reading(delimiter="whitespace")): 69659,
        ("cdnow", "CDNOW_sample.txt", Reading(delimiter="whitespace", header=tuple("abcde"))): 6919,
        ("adventureworks_dw", "FactSalesQuota.csv", Reading(header=tuple("abcdefg"))): 163,
        ("prophet_examples", "example_air_passengers.csv", Reading()): 144,
        ("nps_retail_fr", "nps.csv", latin): 13954,
        ("salesforce_seeds_fivetran", "sf_lead_data.csv", Reading()): 1,
    }
    for (folder, name, how), rows in expected.items():
        with open_source(folder, base=shared_data) as source:
            raw = source.raw(name, how)
            assert (name, raw.table.count().execute(), len(raw.malformed)) == (name, rows, 0)


def test_text_in_two_encodings_at_once_is_refused(shared_data: Path) -> None:
    with (
        open_source("nps_retail_fr", base=shared_data) as source,
        pytest.raises(SourceError, match=r"line 5, bytes 65 73 70 82[^$]*cp850: [^$]*espérant"),
    ):
        source.raw("nps.csv")


# An oracle of its own: one character at a time, no csv module, no DuckDB.


class UnclosedError(Exception):
    """A quote that is never closed."""


def oracle(text: str, delimiter: str = ",") -> list[list[str] | None]:
    """The records of a text, None where one is spoilt by text after a closing quote."""
    found: list[list[str] | None] = []
    place = 0
    while place < len(text):
        record, place, is_blank = one_record(text, place, delimiter)
        if not is_blank:
            found.append(record)
    return found


def one_record(text: str, place: int, delimiter: str) -> tuple[list[str] | None, int, bool]:
    start, fields = place, []
    while True:
        while text[place : place + 1] == " ":
            place += 1
        if text[place : place + 1] == '"':
            value, place = quoted(text, place + 1)
            if place < len(text) and text[place] not in (delimiter, "\r", "\n"):
                return None, after_line(text, place), False
        else:
            begin = place
            while place < len(text) and text[place] not in (delimiter, "\r", "\n"):
                place += 1
            value = text[begin:place]
        fields.append(value)
        if text[place : place + 1] != delimiter:
            end = after_line(text, place)
            return fields, end, not text[start:end].strip(" \r\n")
        place += 1


def quoted(text: str, place: int) -> tuple[str, int]:
    value = ""
    while place < len(text):
        if text[place] == '"':
            if text[place + 1 : place + 2] != '"':
                return value, place + 1
            place += 1
        value += text[place]
        place += 1
    raise UnclosedError


def after_line(text: str, place: int) -> int:
    while place < len(text) and text[place] not in "\r\n":
        place += 1
    return place + (2 if text[place : place + 2] == "\r\n" else 1)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Path]]:
    folder = tmp_path_factory.mktemp("bench")
    with Workspace([folder]) as workspace:
        yield workspace, folder


VALUES = st.one_of(
    st.sampled_from(["", "1", "ab", "é", "a b", "x,y", 'q"q', "l\nl", "1.5", " pad"]), st.text('ab,"\n \r€')
)
ROWS = st.lists(st.lists(VALUES, min_size=3, max_size=3), max_size=6)
MARKS = st.sampled_from([*',"\n\r x;é\t\\', "\n\n", ",,", '""', '" ""'])
EDITS = st.lists(st.tuples(st.sampled_from(["drop", "add"]), st.integers(0, 10**6), MARKS), max_size=4)


def written(rows: list[list[str]], end: str, always: bool) -> str:
    def cell(value: str) -> str:
        if always or any(mark in value for mark in ',"\r\n') or value.startswith(" "):
            return '"' + value.replace('"', '""') + '"'
        return value

    return "".join(",".join(map(cell, row)) + end for row in rows)


def edited(text: str, edits: list[tuple[str, int, str]]) -> str:
    for what, where, mark in edits:
        place = where % (len(text) + 1)
        text = text[:place] + text[place + 1 :] if what == "drop" else text[:place] + mark + text[place:]
    return text


def check(bench: tuple[Workspace, Path], body: str, content: bytes, how: Reading) -> None:
    """Read a file and hold it against the oracle: the same rows, the same numbers, the same malformed ones."""
    workspace, folder = bench
    (folder / "x.csv").write_bytes(content)
    try:
        records = oracle(body)
    except UnclosedError:
        with pytest.raises(SourceError, match="never closed"):
            load_text_file(folder / "x.csv", "x.csv", how, workspace)
        return
    loaded = load_text_file(folder / "x.csv", "x.csv", how, workspace)
    try:
        got = workspace.run(f"SELECT _row, a, b, c FROM {loaded.table} ORDER BY _row")
        good = [(i, *(v or None for v in r)) for i, r in enumerate(records, 1) if r is not None and len(r) == 3]
        assert got == good
        bad = [i for i, record in enumerate(records, 1) if record is None or len(record) != 3]
        assert loaded.malformed["row"].tolist() == bad
        assert len(got) + len(loaded.malformed) == len(records)
    finally:
        workspace.run(f"DROP TABLE {loaded.table}")


@settings(max_examples=250, deadline=None)
@example(rows=[["", "ab", "c"], ['q"q', "ab ", "c d"]], end="\n", always=True, edits=[("add", 21, '" "')])
@given(rows=ROWS, end=st.sampled_from(["\n", "\r\n", "\r"]), always=st.booleans(), edits=EDITS)
def test_whatever_is_done_to_a_file_every_row_is_used_or_malformed(
    bench: tuple[Workspace, Path], rows: list[list[str]], end: str, always: bool, edits: list[tuple[str, int, str]]
) -> None:
    body = edited(written(rows, end, always), edits)
    check(bench, body, f"a,b,c{end}{body}".encode(), Reading(delimiter=","))


@settings(max_examples=150, deadline=None)
@given(rows=ROWS, places=st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), max_size=3))
def test_whatever_byte_is_changed_every_row_is_used_or_malformed(
    bench: tuple[Workspace, Path], rows: list[list[str]], places: list[tuple[int, int]]
) -> None:
    body = bytearray(written(rows, "\n", False).encode())
    for where, value in places:
        if body:
            body[where % len(body)] = value
    changed = b"1,2,3\n" + bytes(body)
    how = Reading(delimiter=",", encoding="latin-1", header=("a", "b", "c"), skip_rows=1)
    check(bench, changed.decode("latin-1").removesuffix("\x1a"), b"head\n" + changed, how)


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=60))
def test_no_bytes_whatever_make_it_fail_but_with_an_error_of_three_parts(
    bench: tuple[Workspace, Path], content: bytes
) -> None:
    workspace, folder = bench
    (folder / "x.csv").write_bytes(b"a,b,c\n" + content)
    parts: tuple[str, ...] = ("read",)
    try:
        load_text_file(folder / "x.csv", "x.csv", Reading(), workspace)
    except SalesnbError as error:
        parts = (error.what, error.where, error.mend)
    assert all(parts)
