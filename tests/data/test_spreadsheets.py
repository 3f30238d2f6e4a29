"""Excel files: cells as the text a person sees, and nothing opened that is not safe."""

from __future__ import annotations

import datetime as dtm
import zipfile
from pathlib import Path

import openpyxl
import pytest

from salesnb.data import spreadsheets
from salesnb.data.sources import Reading, open_source
from salesnb.data.spreadsheets import cell_text
from salesnb.errors import RefusedForSafety, SourceError
from tests.data.conftest import Seen


def write(path: Path, **sheets: list[list[object]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)


def read(folder: Path, name: str = "book.xlsx", **how: object) -> Seen:
    with open_source(".", base=folder) as source:
        return Seen(source.raw(name, Reading(**how)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("007", "007"),
        (7, "7"),
        (7.0, "7"),
        (0.1 + 0.2, "0.3"),
        (-1234.5, "-1234.5"),
        (1e20, "100000000000000000000"),
        (1e-7, "0.0000001"),
        (True, "true"),
        (False, "false"),
        (dtm.datetime(2026, 7, 14), "2026-07-14"),
        (dtm.datetime(2026, 7, 14, 9, 30), "2026-07-14 09:30:00"),
        (dtm.date(2026, 7, 14), "2026-07-14"),
        (dtm.time(9, 30), "09:30:00"),
        (dtm.timedelta(hours=30), "1 day, 6:00:00"),
        ("#N/A", "#N/A"),
    ],
)
def test_a_cell_becomes_the_text_that_a_person_sees(value: object, text: str | None) -> None:
    assert cell_text(value) == text


def test_a_sheet_is_read_with_its_own_names_and_row_numbers(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        [None, None],
        [" id ", "on", "amount", None],
        ["007", dtm.datetime(2026, 7, 14), 10.0],
        [None, " "],
        ["008", None, "=1/0"],
        ["009", None, None, None, "note"],
        ["010", dtm.datetime(2026, 7, 14, 12), True, " "],
    ]
    write(tmp_path / "book.xlsx", Deals=rows)
    seen = read(tmp_path)
    assert seen.columns == ["id", "on", "amount", "_file", "_row"]
    assert seen.rows == [["007", "2026-07-14", "10"], ["008", None, None], ["010", "2026-07-14 12:00:00", "true"]]
    assert seen.numbers == [1, 2, 4]
    assert seen.files == ["book.xlsx#Deals"] * 3
    assert seen.malformed == [[3, "009,,,,note", "too many fields: 5 where the header has 3"]]
    assert seen.notes == (
        "book.xlsx#Deals: 1 formulas have no stored value and were read as empty; save it in Excel once",
    )


def test_of_several_sheets_one_must_be_named(tmp_path: Path) -> None:
    write(tmp_path / "book.xlsx", Deals=[["id", "x"], ["1", "2"]], Old=[["id", "y"], ["3", "4"]])
    with pytest.raises(SourceError, match=r"has 2 sheets[^$]*`sheet:`, one of Deals, Old"):
        read(tmp_path)
    assert read(tmp_path, sheet="Old").rows == [["3", "4"]]
    assert read(tmp_path, "book.xlsx#Old").rows == [["3", "4"]]
    with pytest.raises(SourceError, match=r"there is no 'Odl'[^$]*did you mean 'Old'"):
        read(tmp_path, sheet="Odl")
    with pytest.raises(SourceError, match="two sheets are named, 'Old' and 'Deals'"):
        read(tmp_path, "book.xlsx#Old", sheet="Deals")


def test_hidden_sheets_are_listed_too(tmp_path: Path) -> None:
    write(tmp_path / "book.xlsx", Deals=[["id"]], Hidden=[["id"]])
    book = openpyxl.load_workbook(tmp_path / "book.xlsx")
    book["Hidden"].sheet_state = "veryHidden"
    book.save(tmp_path / "book.xlsx")
    with open_source("book.xlsx", base=tmp_path) as source:
        assert source.names() == ("book.xlsx#Deals", "book.xlsx#Hidden")


def test_rows_before_the_header_are_skipped_and_names_can_be_given(tmp_path: Path) -> None:
    write(tmp_path / "book.xlsx", S=[["Report"], ["id", "id"], ["1", "2"]])
    assert read(tmp_path, skip_rows=2, header=("a", "b")).rows == [["1", "2"]]
    with pytest.raises(SourceError, match=r"given twice: 'id'[^$]*book\.xlsx#S: header row"):
        read(tmp_path, skip_rows=1)


def test_an_empty_sheet_is_refused_and_a_header_alone_is_not(tmp_path: Path) -> None:
    write(tmp_path / "book.xlsx", S=[])
    with pytest.raises(SourceError, match=r"the sheet is empty[^$]*book\.xlsx#S"):
        read(tmp_path)
    write(tmp_path / "book.xlsx", S=[["id", "x"]])
    assert read(tmp_path).rows == []


def test_a_formula_with_a_stored_value_gives_it(tmp_path: Path) -> None:
    write(tmp_path / "book.xlsx", S=[["id", "x"], ["1", "=6*7"]])
    with zipfile.ZipFile(tmp_path / "book.xlsx") as old:
        parts = {name: old.read(name) for name in old.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert b"<f>6*7</f><v" in parts[sheet]
    parts[sheet] = (
        parts[sheet]
        .replace(b"<f>6*7</f><v />", b"<f>6*7</f><v>42</v>")
        .replace(b"<f>6*7</f><v></v>", b"<f>6*7</f><v>42</v>")
    )
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    seen = read(tmp_path)
    assert (seen.rows, seen.notes) == ([["1", "42"]], ())


def test_what_an_encoding_would_mean_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "book.xlsx", S=[["id", "x"]])
    with pytest.raises(SourceError, match="`encoding:` does not apply"):
        read(tmp_path, encoding="utf-8")


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, b"a,b\n1,2\n"]
)
def test_what_is_no_excel_file_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "book.xlsx").write_bytes(content)
    with pytest.raises(SourceError, match=r"no Excel file can be read here[^$]*save it as XLSX without a password"):
        read(tmp_path)


def test_a_damaged_part_is_no_traceback(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w") as book:
        book.writestr("[Content_Types].xml", "<not><closed>")
    with pytest.raises(SourceError, match="no Excel file can be read here"):
        read(tmp_path)


def test_a_file_that_unpacks_to_too_much_is_not_opened(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/worksheets/sheet1.xml", b"0" * 30_000_000)
    with pytest.raises(RefusedForSafety, match=r"unpacks to 30 MB, \d{3,} times its size"):
        read(tmp_path)


def test_a_file_that_is_too_large_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "book.xlsx", S=[["id"]])
    monkeypatch.setattr(spreadsheets, "LARGEST_FILE", 1000)
    with pytest.raises(RefusedForSafety, match="100 MB is the most"):
        read(tmp_path)


def test_declarations_in_xml_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w") as book:
        book.writestr("xl/workbook.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    with pytest.raises(RefusedForSafety, match="XML declarations"):
        read(tmp_path)


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["id", "x"])
    sheet.append(["1", "y"])
    sheet["B2"].value = "=cmd()"
    sheet["B2"].data_type = "s"
    book.save(tmp_path / "book.xlsx")
    assert read(tmp_path).rows == [["1", "=cmd()"]]
