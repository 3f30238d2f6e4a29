"""The text of a query, written once and shared by the processes of a run."""

from __future__ import annotations

import datetime as dtm
from pathlib import Path
from typing import Any

import ibis
import pytest

from salesnb.data import queries
from salesnb.data.book import Book
from salesnb.data.opened import SQL_VARIABLE
from salesnb.data.queries import sql_of

ROWS = [{"order_line_id": "1", "order_id": "A", "ordered_at": "2026-07-01", "amount": 10}]


def won_until(day: dtm.date, word: str = "A") -> Any:
    orders = Book.of({"orders": ROWS}, as_of=dtm.date(2026, 9, 30)).orders
    kept = orders.filter(orders.ordered_at < ibis.date(day), orders.order_id == word)
    return kept.aggregate(total=kept.amount.sum())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(queries, "_texts", {})
    monkeypatch.setenv(SQL_VARIABLE, str(tmp_path))
    return tmp_path


def test_a_text_that_another_process_has_written_is_not_written_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = sql_of(won_until(dtm.date(2026, 8, 1)))
    assert [path.read_text() for path in folder.iterdir()] == [next(iter(queries._texts.values()))]

    def refused(*_: Any) -> Any:
        raise AssertionError("it is written already")

    monkeypatch.setattr(queries, "_texts", {})
    monkeypatch.setattr(queries, "narrowed", refused)
    again = sql_of(won_until(dtm.date(2026, 9, 2)))
    assert first is not None
    assert again is not None
    assert "MAKE_DATE(2026, 8, 1)" in first
    assert "MAKE_DATE(2026, 9, 2)" in again
    with pytest.raises(AssertionError, match="written already"):
        sql_of(won_until(dtm.date(2026, 9, 2), "B"))


def test_a_folder_that_refuses_is_no_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SQL_VARIABLE, str(folder / "none"))
    assert sql_of(won_until(dtm.date(2026, 8, 1))) is not None
    assert list(folder.iterdir()) == []


def test_what_has_no_name_of_its_own_is_not_shared(folder: Path) -> None:
    assert queries._shared((object(),), lambda: "SELECT 1") == "SELECT 1"
    assert list(folder.iterdir()) == []
