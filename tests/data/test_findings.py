"""Findings: found again by the kernels of one run, never of another book, and never in the way."""

from __future__ import annotations

import datetime as dtm
import pickle
from pathlib import Path
from typing import Any

import pytest

from salesnb.data import findings
from salesnb.data.book import Book
from salesnb.data.findings import found, marked
from salesnb.data.memo import keeping
from salesnb.data.texts import RUN_VARIABLE

DAY = dtm.date(2026, 9, 30)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run."""
    monkeypatch.setenv(RUN_VARIABLE, str(tmp_path))
    return tmp_path


def book(fingerprint: str = "abc") -> Book:
    made = Book.of({"accounts": [{"account_id": "a"}]}, as_of=DAY)
    object.__setattr__(made, "fingerprint", fingerprint)
    return made


def refused() -> Any:
    raise AssertionError("it is found already")


def test_what_one_kernel_found_is_found_by_the_next(folder: Path) -> None:
    assert found(marked(book()), "kpi", 1, make=lambda: [1.5]) == [1.5]
    assert found(keeping(marked(book())), "kpi", 1, make=refused) == [1.5]
    [file] = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert found(None, "kpi", 1, make=lambda: "of no book") == "of no book"
    assert found(None, "kpi", 1, make=refused) == "of no book"


@pytest.mark.parametrize(
    "other",
    [
        lambda: marked(book("of other data")),
        lambda: marked(book(), "changed"),
        lambda: marked(book().at(DAY - dtm.timedelta(days=1))),
    ],
)
def test_nothing_is_found_for_another_book(folder: Path, other: Any) -> None:
    found(marked(book()), "kpi", make=lambda: 1)
    assert found(other(), "kpi", make=lambda: 2) == 2


@pytest.mark.parametrize("other", [lambda: book(), lambda: marked(book("")), lambda: marked(book()).at(DAY)])
def test_a_book_that_is_not_marked_keeps_nothing(folder: Path, other: Any) -> None:
    for value in (1, 2):
        assert found(other(), "kpi", make=lambda: value) == value  # noqa: B023
    assert list(folder.iterdir()) == []


def test_outside_of_a_run_everything_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(RUN_VARIABLE, raising=False)
    assert [found(marked(book()), "kpi", make=lambda: value) for value in (1, 2)] == [1, 2]  # noqa: B023


def test_an_error_is_not_kept(folder: Path) -> None:
    def wrong() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        found(None, "kpi", make=wrong)
    assert found(None, "kpi", make=lambda: 3) == 3


@pytest.mark.parametrize("damage", [b"", b"no pickle", pickle.dumps([1, 2])[:-3]])
def test_what_is_damaged_is_computed_again(folder: Path, damage: bytes) -> None:
    found(None, "kpi", make=lambda: [1, 2])
    [file] = folder.iterdir()
    file.write_bytes(damage)
    assert found(None, "kpi", make=lambda: [1, 2]) == [1, 2]
    assert found(None, "kpi", make=refused) == [1, 2]


def test_what_cannot_be_kept_is_no_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "MOST_BYTES", 100)
    assert found(None, "large", make=lambda: "x" * 200) == "x" * 200
    assert list(folder.iterdir()) == []
    monkeypatch.setenv(RUN_VARIABLE, str(folder / "none"))
    assert found(None, "kpi", make=lambda: 1) == 1
