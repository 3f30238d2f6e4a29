"""Settings files are read strictly: what YAML would guess stays a text, and what is wrong says where."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesnb.errors import MappingError, ParameterError
from salesnb.settings import MAX_BYTES, Settings, checked, locate, read_yaml


def write(folder: Path, content: str | bytes) -> Path:
    file = folder / "some.yml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("7", 7),
        ("-1", -1),
        ("0", 0),
        ("1.5", 1.5),
        ("2e6", 2e6),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("[a, 1]", ["a", 1]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
        # What YAML 1.1 would turn into numbers, yes and no, or dates.
        ("007", "007"),
        ("010", "010"),
        ("2026_03", "2026_03"),
        ("12:30", "12:30"),
        ("0x1F", "0x1F"),
        (".nan", ".nan"),
        ("-.inf", "-.inf"),
        ("NO", "NO"),
        ("yes", "yes"),
        ("off", "off"),
        ("2026-09-30", "2026-09-30"),
        ("2026-09-30 10:00:00", "2026-09-30 10:00:00"),
        ("'7'", "7"),
    ],
)
def test_values_are_what_is_written(tmp_path: Path, written: str, value: object) -> None:
    assert read_yaml(write(tmp_path, f"name: {written}")) == {"name": value}


def test_yaml_words_are_names(tmp_path: Path) -> None:
    assert read_yaml(write(tmp_path, "on: day\nno: Norway\n")) == {"on": "day", "no": "Norway"}


@pytest.mark.parametrize("content", ["", "# nothing yet\n", "\ufeffname: é".encode(), "name: é"])
def test_empty_files_and_byte_order_marks(tmp_path: Path, content: str | bytes) -> None:
    assert read_yaml(write(tmp_path, content)) in ({}, {"name": "é"})


@pytest.mark.parametrize(
    ("content", "what", "place"),
    [
        ("a: 1\nb: 2\na: 3\n", "'a' is given twice", ":3:1"),
        ("outer:\n  a: 1\n  a: 2\n", "'a' is given twice", ":3:3"),
        ("a: &x [1]\nb: *x\n", "aliases ('*name') are not read", ":2:4"),
        ("1: a\n", "'1' is not a name; put it in quotes", ":1:1"),
        ("true: a\n", "'true' is not a name", ":1:1"),
        ("[1, 2]: a\n", "None is not a name", ":1:1"),
        ("? {a: 1}\n: b\n", "None is not a name", ":1:3"),
        ("a: !!python/object/apply:os.system [ls]\n", "could not determine a constructor", ":1:4"),
        ("a: !secret x\n", "could not determine a constructor", ":1:4"),
        ('a: "x\\ud800y"\n', "half of a surrogate pair is no character", ":1:4"),
        ("a: 'open\n", "found unexpected end of stream", ":2:1"),
        ("a: [1, 2\n", "expected ',' or ']'", ""),
        ("a: 1\n  b: 2\n", "mapping values are not allowed here", ":2:4"),
        ("a: 1\n---\nb: 2\n", "but found another document", ":2:1"),
        ("a: \x07\n", "unacceptable character", ""),
        ("\tb: 1\n", "found character '\\t'", ":1:1"),
        ("- 1\n- 2\n", "the file holds a list, not names with values", ""),
        ("just words\n", "the file holds a text, not names with values", ""),
        ("5\n", "the file holds a number, not names with values", ""),
        ("true\n", "the file holds a yes or no, not names with values", ""),
        (b"name: caf\xe9\n", "the file is not UTF-8: byte 0xe9", ":1"),
        (b"a: 1\nb: \xff\n", "the file is not UTF-8: byte 0xff", ":2"),
        ("a: " + "[" * 20_000, "maximum recursion depth exceeded", ""),
        ("a: " + "x" * MAX_BYTES, "the file is larger than 1,000,000 bytes", ""),
    ],
)
def test_what_cannot_be_read_is_said_in_three_parts(
    tmp_path: Path, content: str | bytes, what: str, place: str
) -> None:
    file = write(tmp_path, content)
    with pytest.raises(ParameterError) as caught:
        read_yaml(file)
    assert what in caught.value.what
    assert caught.value.where.startswith(f"{file}{place}")
    assert caught.value.mend


def test_the_caller_names_the_error(tmp_path: Path) -> None:
    with pytest.raises(MappingError):
        read_yaml(write(tmp_path, "- 1"), MappingError)


def test_a_file_is_found_from_the_folder_of_notebooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "params").mkdir()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "params" / "demo.yml").write_text("a: 1")
    monkeypatch.chdir(tmp_path)
    assert locate("params/demo.yml") == Path("params/demo.yml")
    monkeypatch.chdir(tmp_path / "notebooks")
    assert read_yaml("params/demo.yml") == {"a": 1}
    with pytest.raises(ParameterError) as caught:
        locate("params/dmo.yml")
    assert (caught.value.what, caught.value.mend) == ("there is no file 'dmo.yml'", "the folder has demo.yml")


def test_a_file_that_is_not_there_or_is_no_settings_file(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="check the path"):
        locate(tmp_path / "x" / "a.yml")
    with pytest.raises(ParameterError, match=r"'deals.csv' is not a settings file"):
        locate(tmp_path / "deals.csv")
    (tmp_path / "folder.yml").mkdir()
    with pytest.raises(ParameterError, match=r"there is no file 'folder\.yml'"):
        read_yaml(tmp_path / "folder.yml")


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    file = write(tmp_path, "a: 1")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ParameterError, match="cannot be read: Permission denied"):
        read_yaml(file)


class _Inner(Settings):
    depth: int = 0


class _Outer(Settings):
    inner: _Inner | None = None
    many: tuple[_Inner, ...] = ()


def test_unknown_names_are_told_at_any_depth() -> None:
    with pytest.raises(ParameterError) as caught:
        checked(_Outer, {"inner": {"dept": 1}, "many": [{"depth": 1}, {"deth": 1}], "mny": 1}, "a file")
    assert caught.value.what.splitlines() == [
        "inner.dept: there is no such name",
        "many.1.deth: there is no such name",
        "mny: there is no such name",
    ]
    assert caught.value.where == "a file: inner.dept, many.1.deth, mny"
    assert caught.value.mend == (
        "inner.dept: did you mean 'depth'?; many.1.deth: did you mean 'depth'?; mny: did you mean 'many'?"
    )
