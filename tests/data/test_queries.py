"""The text of a query: shared by the kernels of a run, and kept in the cache where no word in it is a source's."""

from __future__ import annotations

import datetime as dtm
from pathlib import Path
from typing import Any

import ibis
import pytest

from salesnb.data import queries, texts
from salesnb.data.book import Book
from salesnb.data.queries import sql_of
from salesnb.data.texts import RUN_VARIABLE

ROWS = [{"order_line_id": "1", "order_id": "A", "ordered_at": "2026-07-01", "amount": 10}]
FOREIGN = "Ünlü & Söhne"
"""No word of this package."""


def won_until(day: dtm.date, word: str = FOREIGN) -> Any:
    orders = Book.of({"orders": ROWS}, as_of=dtm.date(2026, 9, 30)).orders
    kept = orders.filter(orders.ordered_at < ibis.date(day), orders.order_id == word)
    return kept.aggregate(total=kept.amount.sum())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the user; what is kept in it lies in one folder below."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(queries, "_texts", {})
    monkeypatch.delenv(RUN_VARIABLE, raising=False)
    return tmp_path / "home" / "salesnb"


@pytest.fixture
def folder(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run."""
    run = tmp_path / "run"
    run.mkdir()
    monkeypatch.setenv(RUN_VARIABLE, str(run))
    return run


def kept(home: Path) -> list[Path]:
    return sorted(home.glob("sql-*/*"))


def refused(*_: Any) -> Any:
    raise AssertionError("it is written already")


def again(monkeypatch: pytest.MonkeyPatch, word: str = FOREIGN) -> str | None:
    """Ask as another program would, which may not write."""
    monkeypatch.setattr(queries, "_texts", {})
    with monkeypatch.context() as there:
        there.setattr(queries, "narrowed", refused)
        return sql_of(won_until(dtm.date(2026, 9, 2), word))


def test_a_text_that_another_process_has_written_is_not_written_again(
    folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = sql_of(won_until(dtm.date(2026, 8, 1)))
    [file] = folder.iterdir()
    assert file.read_text(encoding="utf-8").split("\n", 1)[1] == next(iter(queries._texts.values()))
    assert "MAKE_DATE(2026, 8, 1)" in (first or "")
    assert "MAKE_DATE(2026, 9, 2)" in (again(monkeypatch) or "")
    assert kept(home) == []
    with pytest.raises(AssertionError, match="written already"):
        again(monkeypatch, "another foreign word")


def test_a_word_of_a_source_is_never_kept_beyond_the_run(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sql_of(won_until(dtm.date(2026, 8, 1)))
    assert kept(home) == []
    with pytest.raises(AssertionError, match="written already"):
        again(monkeypatch)


@pytest.mark.parametrize("word", ["4711", "2031-12-24", "2031Q4", "won.lost", "9:9"])
def test_nor_is_one_that_only_looks_like_a_word_of_ours(home: Path, word: str) -> None:
    """A number, a date, a label of a period, or words of ours in a row: an id or a name of a source may be any."""
    sql_of(won_until(dtm.date(2026, 8, 1), word))
    assert kept(home) == []


def test_a_text_of_own_words_is_kept_and_private(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = sql_of(won_until(dtm.date(2026, 8, 1), "won"))
    [file] = kept(home)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    text = file.read_text(encoding="utf-8")
    assert "2026" not in text.split("\n", 1)[1]
    assert "used_" not in text
    assert again(monkeypatch, "won") is not None
    assert "'won'" in (first or "")


def test_a_text_with_the_ends_of_lines_of_another_system_is_read_as_it_was_written(home: Path) -> None:
    place = texts.place()
    texts.keep(place, "told", "SELECT '[\r\n\t]'\r\n")
    assert texts.read(place, "told") == "SELECT '[\r\n\t]'\r\n"


def test_a_text_is_found_whatever_the_order_of_sets_in_a_process(home: Path) -> None:
    """``drop`` keeps the names in a set, whose order is another in each process."""
    rows = ibis.memtable({"a": [1], "b": [2], "c": [3], "d": [4]})
    key, *_ = queries._shape(rows.drop("a", "b", "c").op())
    assert "frozenset" not in repr(key)


@pytest.mark.parametrize("damage", ["", "no digest", "half"])
def test_a_damaged_text_is_not_used_but_written_again(home: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    first = sql_of(won_until(dtm.date(2026, 8, 1), "won"))
    [file] = kept(home)
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole[: len(whole) // 2] if damage == "half" else damage, encoding="utf-8")
    monkeypatch.setattr(queries, "_texts", {})
    shape = (first or "").split('"used_')[0]
    assert (sql_of(won_until(dtm.date(2026, 8, 1), "won")) or "").startswith(shape)
    assert file.read_text(encoding="utf-8") == whole


def test_folders_of_older_code_go_but_for_two(home: Path) -> None:
    for i in range(4):
        (home / f"sql-{i}").mkdir(parents=True)
    made = texts.place()
    assert made is not None
    assert made.is_dir()
    assert len(list(home.glob("sql-*"))) == 3


def test_a_folder_that_refuses_is_no_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RUN_VARIABLE, str(folder / "none"))
    assert sql_of(won_until(dtm.date(2026, 8, 1))) is not None
    assert list(folder.iterdir()) == []
    (folder / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "file"))
    monkeypatch.setattr(queries, "_texts", {})
    assert texts.place() is None
    assert sql_of(won_until(dtm.date(2026, 8, 1), "won")) is not None


def test_what_has_no_name_of_its_own_is_not_shared(folder: Path, home: Path) -> None:
    assert queries._shared((object(),), lambda: ("SELECT 1", True)) == "SELECT 1"
    assert list(folder.iterdir()) == []
    assert kept(home) == []
