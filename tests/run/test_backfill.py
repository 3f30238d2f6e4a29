"""Many periods with one pool, what is said at the end, and the exit code."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from salesnb import commands
from salesnb.cli import main
from salesnb.errors import CellError, ParameterError
from salesnb.run.progress import Event
from salesnb.run.runner import backfill, run
from tests.run.conftest import notebook, recording
from tests.run.test_runner import told, tree

Write = Callable[..., Path]

FAILS_IN_Q2 = "assert period != '2026Q2', 'a bad quarter'"


def test_each_period_is_a_run_of_its_own(write: Write, tmp_path: Path) -> None:
    folder = write(nb_01_a=notebook(recording(), FAILS_IN_Q2), nb_02_b=notebook("print(period)"))
    events: list[Event] = []
    made = backfill(["2026Q1", "2026Q2", "2026Q3", "2026Q1"], out=tmp_path, notebooks=folder, on_event=events.append)
    assert [one.period for one in made.done] == ["2026Q1", "2026Q3"]
    assert list(made.failed) == ["2026Q2"]
    assert isinstance(made.failed["2026Q2"], CellError)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2026Q1", "2026Q3", "failed", "notebooks"]
    for one in made.done:
        assert f"<pre>{one.period}</pre>" in (one.folder / "02_b.html").read_text(encoding="utf-8")
    assert {event.period for event in events} == {"2026Q1", "2026Q2", "2026Q3"}
    again = backfill(["2026Q1", "2026Q2", "2026Q3"], out=tmp_path, notebooks=folder)
    assert [one.is_unchanged for one in again.done] == [True, True]


def test_a_wrong_period_executes_nothing(write: Write, tmp_path: Path) -> None:
    with pytest.raises(ParameterError):
        backfill(["2026Q1", "2026Q9"], out=tmp_path / "out", notebooks=write(nb_01_a=notebook("1")))
    assert not (tmp_path / "out").exists()


def test_what_succeeded_is_published_only_when_asked(write: Write, tmp_path: Path) -> None:
    folder = write(
        nb_01_a=notebook(recording("A."), title="First?"), nb_02_b=notebook("1", "2", "1 / 0", title="Second?"),
        nb_03_c=notebook(recording("C."), title="Third?"),
    )  # fmt: skip
    with pytest.raises(CellError):
        run("2026Q3", out=tmp_path, notebooks=folder)
    assert not (tmp_path / "2026Q3").exists()
    result = run("2026Q3", out=tmp_path, notebooks=folder, goes_on=True)
    assert list(result.failed) == ["02_b"]
    assert result.headlines == ("A.", "C.")
    page = result.index.read_text(encoding="utf-8")
    assert "02_b.ipynb, cell 5" in page
    assert "a cell failed with ZeroDivisionError" in page
    assert not (result.folder / "02_b.html").exists()
    assert [(one["name"], one["state"]) for one in told(result.folder / "run.json")["notebooks"]] == [
        ("01_a", "published"), ("02_b", "failed"), ("03_c", "published"),
    ]  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "failed" / "2026Q3").iterdir()) == ["02_b.ipynb", "run.json"]
    mended = write(nb_02_b=notebook(recording("B."), title="Second?"))
    events: list[Event] = []
    whole = run("2026Q3", out=tmp_path, notebooks=mended, on_event=events.append)
    assert whole.headlines == ("A.", "B.", "C.")
    assert [event.notebook for event in events if event.kind == "executed"] == ["02_b"]
    assert not (tmp_path / "failed" / "2026Q3").exists()


def test_where_nothing_succeeds_nothing_is_published(write: Write, tmp_path: Path) -> None:
    folder = write(nb_01_a=notebook("1 / 0"), nb_02_b=notebook("1 / 0"))
    with pytest.raises(CellError):
        run("2026Q3", out=tmp_path, notebooks=folder, goes_on=True)
    assert not (tmp_path / "2026Q3").exists()


def test_predecessors_are_kept(write: Write, tmp_path: Path) -> None:
    for number in range(4):
        run("2026Q3", out=tmp_path, notebooks=write(nb_01_a=notebook(recording(f"Number {number}."))), keep=2)
    kept = sorted((tmp_path / "previous" / "2026Q3").iterdir())
    assert [told(one / "results.json")["headlines"] for one in kept] == [["Number 1."], ["Number 2."]]


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


def test_the_command_says_which_failed_and_how_to_run_just_these(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(nb_01_a=notebook(recording(), FAILS_IN_Q2))
    options = ["--out", str(tmp_path / "out"), "--notebooks", str(folder)]
    monkeypatch.setattr(commands.sys, "argv", ["salesnb", "backfill", "2026Q1..2026Q3", *options])
    code, out, err = said(capsys, "backfill", "2026Q1..2026Q3", *options)
    assert code == 5
    assert out.splitlines() == [str(tmp_path / "out" / period / "index.html") for period in ("2026Q1", "2026Q3")]
    lines = err.splitlines()
    assert "2026Q1 01_a: running (there is no page of it)" in lines
    at = lines.index("2 of 3 reports are published")
    assert lines[at + 1] == "2026Q2 failed with 5: a cell failed with AssertionError: a bad quarter"
    assert lines[-1] == f"run just these again: salesnb backfill 2026Q2 {' '.join(options)}"
    code, out, err = said(capsys, "backfill", "2026Q1", "2026Q3", *options)
    assert (code, len(out.splitlines())) == (0, 2)
    assert err.splitlines()[-1] == "2 of 2 reports are published, 2 unchanged"


def test_the_run_says_where_the_report_is_what_it_found_and_how_to_open_it(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(nb_01_a=notebook(recording("63 % are won.")))
    words = ["run", "2026Q3", "--out", str(tmp_path / "out"), "--notebooks", str(folder)]
    code, out, err = said(capsys, *words)
    index = tmp_path / "out" / "2026Q3" / "index.html"
    assert (code, out) == (0, f"{index}\n")
    lines = err.splitlines()
    assert "  - 63 % are won." in lines
    assert lines[-2].startswith("The report of 2026Q3 was made in ")
    assert lines[-1].endswith(f"open {index}")
    code, out, err = said(capsys, *words)
    assert (code, out) == (0, f"{index}\n")
    assert "Nothing has changed since the report of 2026Q3 was made; nothing was executed." in err.splitlines()


def test_events_are_lines_of_json(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(nb_01_a=notebook(recording("63 % are won."), "1 / 0"), nb_02_b=notebook(recording("B.")))
    words = ["run", "2026Q3", "--out", str(tmp_path / "out"), "--notebooks", str(folder), "--json"]
    code, out, err = said(capsys, *words)
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 5
    assert err.startswith("salesnb: a cell failed with ZeroDivisionError")
    assert events[0] == {"kind": "run", "period": "2026Q3", "cells": 2, "text": str(tmp_path / "out" / "2026Q3")}
    assert events[-1]["kind"] == "error"
    assert (events[-1]["error"], events[-1]["exit_code"]) == ("CellError", 5)
    assert events[-1]["where"] == "01_a.ipynb, cell 4 (under 'A question')"
    code, out, _ = said(capsys, *words, "--keep-going")
    done = json.loads(out.splitlines()[-1])
    assert code == done["exit_code"] == 5
    assert (done["kind"], done["headlines"], list(done["failed"])) == ("done", ["B."], ["01_a"])


def test_no_process_and_no_file_is_left(write: Write, tmp_path: Path) -> None:
    folder = write(nb_01_a=notebook("import os\nprint(os.getpid())"))
    before = set(os.listdir("/tmp"))  # noqa: PTH208
    result = run("2026Q3", out=tmp_path / "out", notebooks=folder)
    page = json.loads((result.folder / "01_a.ipynb").read_text(encoding="utf-8"))
    pid = int("".join(page["cells"][3]["outputs"][0]["text"]))
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not {name for name in set(os.listdir("/tmp")) - before if name == f"salesnb-{pid}"}  # noqa: PTH208
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["2026Q3"]
    assert tree(tmp_path / "out" / "2026Q3").keys() == {
        "01_a.html", "01_a.ipynb", "index.html", "results.json", "run.json", "run.log",
    }  # fmt: skip
