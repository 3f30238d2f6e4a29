"""What is made of the same inputs is not made again, and what is not is: every input, one at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from salesnb.errors import ParameterError, SourceError
from salesnb.params import Params
from salesnb.run import inputs as module
from salesnb.run.inputs import Inputs, changed
from salesnb.run.runner import RunResult, run
from tests.run.conftest import notebook, recording

Write = Callable[..., Path]

FOUR = {
    "nb_01_plain": notebook(recording("Plain.")),
    "nb_02_seeded": notebook(recording("Seeded."), seed=1),
    "nb_03_goals": notebook(recording("Goals."), goals=None),
}


@pytest.fixture
def made(write: Write, tmp_path: Path) -> Callable[..., RunResult]:
    """Make a report of a folder with one table, of three notebooks that take other parameters each."""
    write(**FOUR)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "orders.csv").write_text("order_line_id\n1\n", encoding="utf-8")
    (tmp_path / "goals.yml").write_text("goals: []\n", encoding="utf-8")

    def _made(**options: Any) -> RunResult:
        params = {"goals": str(tmp_path / "goals.yml"), **options.pop("params", {})}
        return run(
            "2026Q3", source=str(tmp_path / "data"), out=tmp_path / "out", params=params,
            notebooks=tmp_path / "notebooks", **options,
        )  # fmt: skip

    return _made


def ran(result: RunResult) -> list[str]:
    return [] if result.is_unchanged else [one.name for one in result.manifest.notebooks if not one.kept]


def new_row(folder: Path, **_: Any) -> dict[str, Any]:
    (folder / "data" / "orders.csv").write_text("order_line_id\n2\n", encoding="utf-8")
    return {}


def new_notebook(write: Write, **_: Any) -> dict[str, Any]:
    write(nb_01_plain=notebook(recording("Plain."), "1 + 1"))
    return {}


def another_notebook(write: Write, **_: Any) -> dict[str, Any]:
    write(nb_04_more=notebook(recording("More.")))
    return {}


def new_seed(**_: Any) -> dict[str, Any]:
    return {"params": {"seed": 2}}


def new_period_of_trend(**_: Any) -> dict[str, Any]:
    return {"params": {"trend_periods": 4}}


def new_goals(folder: Path, **_: Any) -> dict[str, Any]:
    (folder / "goals.yml").write_text("goals: []  # of the board\n", encoding="utf-8")
    return {}


def new_package(monkeypatch: pytest.MonkeyPatch, **_: Any) -> dict[str, Any]:
    monkeypatch.setattr(module, "package_digest", lambda: "another")
    return {}


def new_versions(monkeypatch: pytest.MonkeyPatch, **_: Any) -> dict[str, Any]:
    monkeypatch.setattr(module, "versions", lambda: {"duckdb": "99"})
    return {}


def broken_page(folder: Path, **_: Any) -> dict[str, Any]:
    (folder / "out" / "2026Q3" / "02_seeded.html").write_text("somebody wrote here", encoding="utf-8")
    return {}


def no_first_page(folder: Path, **_: Any) -> dict[str, Any]:
    (folder / "out" / "2026Q3" / "index.html").unlink()
    return {}


def force(**_: Any) -> dict[str, Any]:
    return {"is_forced": True}


def force_one(**_: Any) -> dict[str, Any]:
    return {"is_forced": True, "only": ["seeded"]}


def nothing(**_: Any) -> dict[str, Any]:
    return {}


ALL = ["01_plain", "02_seeded", "03_goals"]


@pytest.mark.parametrize(
    ("change", "again"),
    [
        (nothing, []),
        (new_row, ALL),
        (new_notebook, ["01_plain"]),
        (another_notebook, ["04_more"]),
        (new_seed, ["02_seeded"]),
        (new_period_of_trend, []),
        (new_goals, ["03_goals"]),
        (new_package, ALL),
        (new_versions, ALL),
        (broken_page, ["02_seeded"]),
        (no_first_page, []),
        (force, ALL),
        (force_one, ["02_seeded"]),
    ],
)
def test_a_change_runs_what_depends_on_it_and_nothing_else(
    made: Callable[..., RunResult],
    write: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[..., dict[str, Any]],
    again: list[str],
) -> None:
    first = made()
    assert ran(first) == ALL
    options = change(folder=tmp_path, write=write, monkeypatch=monkeypatch)
    second = made(**options)
    assert ran(second) == again
    assert second.is_unchanged is (change in (nothing, new_period_of_trend))
    pages = [one.name for one in second.manifest.notebooks]
    assert pages == sorted({*ALL, *again})
    assert second.headlines == tuple(f"{name[3:].capitalize()}." for name in pages)
    third = made(**{name: value for name, value in options.items() if name == "params"})
    assert ran(third) == []
    assert third.is_unchanged


def test_an_unchanged_report_is_not_touched(made: Callable[..., RunResult], tmp_path: Path) -> None:
    made()
    files = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in (tmp_path / "out").rglob("*")}
    assert made().is_unchanged
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in files} == files
    assert not (tmp_path / "out" / "previous").exists()


def test_a_source_that_cannot_be_told_always_runs() -> None:
    told = {"notebook": "a", "params": "b", "data": "", "package": "c", "versions": "d"}
    assert changed(told, told) == ("the data",)
    told["data"] = "e"
    assert changed(told, told) == ()
    assert changed(told, {**told, "package": "x", "versions": "y"}) == (
        "salesnb itself", "the versions of what it stands on",
    )  # fmt: skip


def test_what_is_no_notebook_or_no_source(tmp_path: Path) -> None:
    settings = Params.of(period="2026Q3", source=str(tmp_path))
    (tmp_path / "orders.csv").write_text("order_line_id\n1\n", encoding="utf-8")
    for text in ("{", "[]", '{"cells": [{}]}'):
        with pytest.raises(ParameterError, match="not a notebook that can be read"):
            Inputs.of(settings, {"01_a": text})
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": ["x = 1"]}
    with pytest.raises(ParameterError, match="takes no period"):
        Inputs.of(settings, {"01_a": json.dumps({"cells": [cell]})})
    with pytest.raises(SourceError):
        Inputs.of(Params.of(period="2026Q3", source=str(tmp_path / "none.csv")), {})


def test_what_kernels_have_imported_already_is_ours_or_well_known(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("order_line_id\n1\n", encoding="utf-8")
    cells = [
        {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "period = 'x'"},
        {"cell_type": "code", "metadata": {}, "source": "import pandas as pd, mine\nfrom salesnb.report import charts"},
        {"cell_type": "code", "metadata": {}, "source": "%matplotlib inline"},
    ]
    found = Inputs.of(Params.of(period="2026Q3", source=str(tmp_path)), {"01_a": json.dumps({"cells": cells})})
    assert found.modules == ("pandas", "salesnb.report", "salesnb.report.charts")
