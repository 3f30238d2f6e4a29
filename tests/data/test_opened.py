"""The book that a run has opened for all its notebooks, and what happens where it could not."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from salesnb.data.opened import FAILED, FOLDER_VARIABLE, READY, SOURCE_VARIABLE, opened_book
from salesnb.data.stored import save
from salesnb.errors import MappingError


@pytest.fixture
def source(tmp_path: Path) -> str:
    (tmp_path / "export").mkdir()
    rows = "order_line_id,order_id,ordered_at,amount\n1,A,2026-07-01,10\n2,A,2026-07-02,5\n"
    (tmp_path / "export" / "orders.csv").write_text(rows, encoding="utf-8")
    return str(tmp_path / "export")


@pytest.fixture
def folder(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the stored book, which says of itself that it is another one."""
    made = tmp_path / "book"
    made.mkdir(mode=0o700)
    save(opened_book(source), made)
    monkeypatch.setenv(FOLDER_VARIABLE, str(made))
    monkeypatch.setenv(SOURCE_VARIABLE, source)
    return made


def test_it_is_loaded_where_the_run_has_stored_it(source: str, folder: Path) -> None:
    (folder / READY).touch()
    Path(source, "orders.csv").unlink()
    book = opened_book(source)
    assert book.orders.count().execute() == 2


def test_it_is_waited_for(source: str, folder: Path) -> None:
    Path(source, "orders.csv").unlink()

    def later() -> None:
        time.sleep(0.1)
        (folder / READY).touch()

    thread = threading.Thread(target=later)
    thread.start()
    assert opened_book(source).orders.count().execute() == 2
    thread.join()


def test_where_it_could_not_be_stored_each_notebook_finds_the_error(source: str, folder: Path) -> None:
    (folder / FAILED).touch()
    assert opened_book(source).orders.count().execute() == 2
    Path(source, "orders.csv").unlink()
    with pytest.raises(MappingError):
        opened_book(source)


def test_a_broken_one_is_opened_anew(source: str, folder: Path) -> None:
    (folder / READY).touch()
    (folder / "index.json").write_text("{", encoding="utf-8")
    assert opened_book(source).orders.count().execute() == 2


def test_another_source_is_opened(source: str, folder: Path, tmp_path: Path) -> None:
    (folder / READY).touch()
    other = tmp_path / "other"
    other.mkdir()
    text = "order_line_id,order_id,ordered_at,amount\n9,B,2026-07-03,7\n"
    (other / "orders.csv").write_text(text, encoding="utf-8")
    assert opened_book(str(other)).orders.count().execute() == 1


def test_a_folder_that_has_gone_is_not_waited_for(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, "/no/such/folder")
    monkeypatch.setenv(SOURCE_VARIABLE, source)
    assert opened_book(source).orders.count().execute() == 2
