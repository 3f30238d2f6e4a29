"""What a notebook talks to."""

from __future__ import annotations

import datetime as dtm
import json
import math
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from salesnb.analysis.behind import Behind
from salesnb.analysis.scorecard import Scorecard
from salesnb.data.opened import opened_book
from salesnb.errors import ParameterError, StorageError
from salesnb.kpis.definitions import definitions
from salesnb.report import sheet as module
from salesnb.report.headlines import headlines
from salesnb.report.sheet import Sheet, sheet
from tests.analysis.conftest import DEALS, QUOTAS, book


@pytest.fixture(autouse=True)
def _no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (module.RESULTS_VARIABLE, module.NOTEBOOK_VARIABLE):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is displayed."""
    displayed: list[Any] = []
    monkeypatch.setattr("IPython.display.display", displayed.append)
    return displayed


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, shown: list[Any]) -> Sheet:
    monkeypatch.setattr(module, "opened_book", lambda source: book(opportunities=DEALS, quotas=QUOTAS))
    return sheet(period="2026Q3", source="given.yml", segments=["region"], trend_periods=3, confidence=0.9)


def test_it_shows_what_it_stands_on(opened: Sheet, shown: list[Any]) -> None:
    assert shown == [opened]
    assert opened.alt == (
        "Period: 2026Q3 (2026-07-01 to 2026-09-30); Known up to: 2026-09-30; Source: given tables, in USD; "
        "Rows: 26 read, 26 used, 0 rejected"
    )
    html = opened._repr_mimebundle_()["text/html"]
    assert "Rows: <b>26 read, 26 used, 0 rejected</b>" in html
    assert html.startswith("<style>")


def test_options_have_the_names_that_analyses_take(opened: Sheet) -> None:
    assert opened.options("by", "trend_periods", "confidence", "goals") == {
        "by": ("region",), "trend_periods": 3, "confidence": 0.9, "goals": (),
    }  # fmt: skip
    assert opened.options("seed") == {"seed": 7}
    with pytest.raises(KeyError):
        opened.options("nothing")


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(ParameterError, match="perod"):
        sheet(perod="2026Q3")


def test_an_earlier_day_is_a_book_as_it_was_known(monkeypatch: pytest.MonkeyPatch, shown: list[Any]) -> None:
    monkeypatch.setattr(module, "opened_book", lambda source: book(opportunities=DEALS))
    earlier = sheet(period="2026Q3", source="given.yml", as_of="2026-05-31")
    assert earlier.book.as_of == dtm.date(2026, 5, 31)
    closed = earlier.book.opportunities["closed_on"].max().execute()
    assert pd.Timestamp(closed).date() == dtm.date(2026, 5, 10)
    assert "2026Q3 (2026-07-01 to 2026-09-30, not over)" in earlier.alt


def test_lists_are_shown_one_by_one_and_need_words(opened: Sheet, shown: list[Any], behind: Scorecard) -> None:
    told = headlines(behind)
    opened.show(told, [told, told])
    assert shown[1:] == [told, told, told]
    with pytest.raises(TypeError, match="alt text"):
        opened.show(replace(told, alt=""))


def test_rows_are_shown_as_on_the_last_day_that_is_known(opened: Sheet, shown: list[Any]) -> None:
    held = Behind("held", "Held", pd.DataFrame({"opportunity_id": ["x"], "adds": [1]}), 1, 1.0)
    opened.rows(SimpleNamespace(behind=(held,)))
    opened.rows(SimpleNamespace(behind=(held,)), SimpleNamespace(behind=()), day=dtm.date(2026, 7, 1))
    running = replace(opened, book=replace(opened.book, as_of=dtm.date(2026, 8, 15)))
    running.rows(SimpleNamespace(behind=(held,)))
    assert [one.content["day"] for one in shown[1:]] == ["2026-09-30", "2026-07-01", "2026-08-15"]
    with pytest.raises(ValueError, match="held"):
        opened.rows(SimpleNamespace(behind=(held,)), SimpleNamespace(behind=(held,)))


def test_without_a_run_nothing_is_written(opened: Sheet, behind: Scorecard, tmp_path: Path) -> None:
    opened.finish(behind)
    assert list(tmp_path.iterdir()) == []


def test_a_run_gets_every_number(
    opened: Sheet, behind: Scorecard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(module.RESULTS_VARIABLE, str(tmp_path / "results"))
    monkeypatch.setenv(module.NOTEBOOK_VARIABLE, "01_scorecard")
    opened.finish(behind)
    found = json.loads((tmp_path / "results" / "01_scorecard.json").read_text(encoding="utf-8"))
    assert {k: v for k, v in found.items() if k not in ("headlines", "numbers", "definitions")} == {
        "period": "2026Q3", "as_of": "2026-09-30", "source": "given tables", "fingerprint": "", "currency": "USD",
        "notebook": "01_scorecard",
    }  # fmt: skip
    assert found["headlines"] == behind.headlines()
    assert len(found["numbers"]) == len(behind.numbers())
    assert found["definitions"] == definitions(f"{n['id']}.{n['variant']}" for n in found["numbers"])
    assert len(found["definitions"]["revenue.booked"]) == 16
    booked = next(n for n in found["numbers"] if (n["id"], n["variant"], n["by"]) == ("revenue", "booked", None))
    assert (booked["value"], booked["n"], booked["low"], booked["target"]) == (300, 3, None, 450)


def test_a_folder_that_refuses_is_an_error(
    opened: Sheet, behind: Scorecard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    monkeypatch.setenv(module.RESULTS_VARIABLE, str(blocked))
    with pytest.raises(StorageError, match="cannot be written"):
        opened.finish(behind)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.float64(1.5), 1.5), (np.int64(3), 3), (np.bool_(True), True), (math.nan, None), (math.inf, None),
        (None, None), ("a", "a"), (pd.NA, None), (pd.NaT, None), (dtm.date(2026, 1, 2), "2026-01-02"),
        (Decimal("1.50"), "1.50"), (7, 7), (False, False),
    ],
)  # fmt: skip
def test_values_become_what_json_has(value: Any, plain: Any) -> None:
    made = module._plain(value)
    assert made == plain
    assert type(made) is type(plain)


def test_the_book_of_the_sheet_is_the_one_that_a_run_has_opened() -> None:
    assert module.opened_book is opened_book
