"""Whole runs with tiny notebooks in real kernels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from salesnb.errors import CellError, ParameterError, PeriodBusy, StorageError
from salesnb.params import Params
from salesnb.run.holding import hold
from salesnb.run.progress import Event
from salesnb.run.publish import RESULTS, Place
from salesnb.run.runner import run
from tests.run.conftest import notebook, recording

Write = Callable[..., Path]


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def told(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def test_a_run_publishes_a_whole_report(write: Write, tmp_path: Path) -> None:
    folder = write(
        nb_01_scorecard=notebook(recording("On plan."), "print(period, seed)", title="On plan?", seed=1),
        nb_09_data_health=notebook(recording("All rows used."), title="Health?"),
        _template=notebook("1 / 0"),
    )
    events: list[Event] = []
    out = tmp_path / "out"
    result = run("q3 2026", out=out, params={"seed": 3}, notebooks=folder, on_event=events.append)
    assert (result.period, result.folder, result.index) == ("2026Q3", out / "2026Q3", out / "2026Q3" / "index.html")
    assert result.headlines == ("On plan.", "All rows used.")
    names = ["01_scorecard.html", "01_scorecard.ipynb", "09_data_health.html", "09_data_health.ipynb", "index.html",
             RESULTS, "run.json", "run.log"]  # fmt: skip
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*")) == [
        "2026Q3", *(f"2026Q3/{name}" for name in names),
    ]  # fmt: skip
    assert "<pre>2026Q3 3</pre>" in (result.folder / "01_scorecard.html").read_text(encoding="utf-8")
    assert "On plan." in result.index.read_text(encoding="utf-8")

    manifest = told(result.folder / "run.json")
    assert manifest["state"] == "published"
    assert (manifest["period"], manifest["source"], manifest["fingerprint"]) == ("2026Q3", "sample", "f1")
    assert manifest["params"]["seed"] == 3
    assert [one["state"] for one in manifest["notebooks"]] == ["published", "published"]
    assert [cell["state"] for cell in manifest["notebooks"][0]["cells"]] == ["text", "done", "done", "done", "done"]
    assert {name: file["sha256"] for name, file in manifest["files"].items()} == {
        name: hashlib.sha256((result.folder / name).read_bytes()).hexdigest() for name in names if name != "run.json"
    }
    results = told(result.folder / "results.json")
    assert results["headlines"] == ["On plan.", "All rows used."]
    assert [(n["notebook"], n["id"], n["value"]) for n in results["numbers"]] == [
        ("01_scorecard", "win_rate", 0.632), ("01_scorecard", "gross_margin", None),
        ("09_data_health", "win_rate", 0.632), ("09_data_health", "gross_margin", None),
    ]  # fmt: skip
    kinds = [event.kind for event in events if event.kind != "cell"]
    assert sorted(kinds) == sorted(["run", *["executing", "executed", "rendered"] * 2, "published"])
    assert (kinds[0], kinds[1], kinds[-2], kinds[-1]) == ("run", "executing", "rendered", "published")
    assert [event.cell for event in events if event.kind == "cell" and event.notebook == "01_scorecard"] == [2, 3, 4, 5]
    log = (result.folder / "run.log").read_text(encoding="utf-8").splitlines()
    assert "2026Q3 01_scorecard executing: there is no page of it" in {line.partition(" ")[2] for line in log}
    assert log[-1].endswith(f"s: {result.folder}")


def test_the_same_run_gives_the_same_report_but_for_the_stamp(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(nb_01_a=notebook(recording(), "print(sorted({'b', 'a'}), hash('a'))"))
    one = run("2026Q3", out=tmp_path / "one", notebooks=folder).folder
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONHASHSEED", "42")
    monkeypatch.setattr("salesnb.run.manifest.now", lambda: __import__("datetime").datetime(2030, 1, 1))
    other = run("2026Q3", out=tmp_path / "other", notebooks=folder).folder
    for name in ("results.json", "01_a.ipynb"):
        assert (one / name).read_bytes() == (other / name).read_bytes()
    for name in ("index.html", "01_a.html"):
        lines = zip((one / name).read_text().splitlines(), (other / name).read_text().splitlines(), strict=True)
        assert ["stamp" in line for line, later in lines if line != later] == [True]


def test_a_failed_run_leaves_the_old_report_and_keeps_the_failed_notebook(write: Write, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("2026Q3", out=out, notebooks=write(nb_01_a=notebook(recording()), nb_02_b=notebook(recording())))
    before = tree(out)
    events: list[Event] = []
    folder = write(nb_02_b=notebook("1 / 0", "2"), nb_03_c=notebook("3"))
    with pytest.raises(CellError, match="a cell failed with ZeroDivisionError"):
        run("2026Q3", out=out, notebooks=folder, on_event=events.append, jobs=1)
    after = tree(out)
    assert {name: content for name, content in after.items() if not name.startswith("failed/")} == before
    assert sorted(set(after) - set(before)) == [
        "failed/2026Q3/02_b.ipynb", "failed/2026Q3/03_c.ipynb", "failed/2026Q3/run.json", "failed/2026Q3/run.log",
    ]  # fmt: skip
    manifest = told(out / "failed" / "2026Q3" / "run.json")
    assert manifest["state"] == "failed"
    assert manifest["error"]["exit_code"] == 5
    assert [(one["name"], one["state"]) for one in manifest["notebooks"]] == [
        ("02_b", "failed"), ("03_c", "failed"),
    ]  # fmt: skip
    assert manifest["notebooks"][1]["error"]["what"] == "02_b had failed"
    assert {cell["state"] for cell in manifest["notebooks"][1]["cells"]} == {"text", "never reached"}
    assert [cell["state"] for cell in manifest["notebooks"][0]["cells"]] == [
        "text",
        "done",
        "done",
        "failed",
        "never reached",
    ]
    kept = nbformat.read(out / "failed" / "2026Q3" / "02_b.ipynb", as_version=4)
    assert "This run failed" in kept.cells[0].source
    assert [event.notebook for event in events if event.kind == "kept"] == ["01_a"]
    assert events[-1].kind == "failed"
    assert events[-1].text.startswith("a cell failed with ZeroDivisionError: division by zero\n  where: 02_b.ipynb")
    assert sorted(path.name for path in out.iterdir()) == ["2026Q3", "failed"]


def test_a_watcher_that_fails_does_not_end_the_run(write: Write, tmp_path: Path) -> None:
    def stop(event: Event) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    run("2026Q3", out=tmp_path, notebooks=write(nb_01_a=notebook(recording())), on_event=stop)
    assert told(tmp_path / "2026Q3" / "run.json")["state"] == "published"
    assert not (tmp_path / "failed").exists()


def test_only_some_takes_over_the_other_pages_of_the_same_inputs(write: Write, tmp_path: Path) -> None:
    folder = write(nb_01_a=notebook(recording("A.")), nb_02_b=notebook(recording("B.")))
    run("2026Q3", out=tmp_path, notebooks=folder)
    page = (tmp_path / "2026Q3" / "02_b.html").read_bytes()
    events: list[Event] = []
    result = run("2026Q3", out=tmp_path, only=["a"], notebooks=folder, on_event=events.append, is_forced=True)
    assert [(event.kind, event.notebook) for event in events if event.kind in ("executed", "kept")] == [
        ("kept", "02_b"), ("executed", "01_a"),
    ]  # fmt: skip
    assert (result.folder / "02_b.html").read_bytes() == page
    assert result.headlines == ("A.", "B.")
    assert [(n["notebook"], n["id"]) for n in told(result.folder / "results.json")["numbers"]] == [
        ("01_a", "win_rate"), ("01_a", "gross_margin"), ("02_b", "win_rate"), ("02_b", "gross_margin"),
    ]  # fmt: skip
    assert [(one["name"], one["state"], one["kept"]) for one in told(result.folder / "run.json")["notebooks"]] == [
        ("01_a", "published", False), ("02_b", "published", True),
    ]  # fmt: skip


@pytest.mark.parametrize("changed", ["parameters", "notebook", "page"])
def test_only_some_leaves_out_the_others_where_an_input_changed(write: Write, tmp_path: Path, changed: str) -> None:
    folder = write(nb_01_a=notebook(recording("A."), seed=1), nb_02_b=notebook(recording("B."), seed=1))
    run("2026Q3", out=tmp_path, notebooks=folder)
    params: dict[str, Any] = {}
    if changed == "parameters":
        params = {"seed": 9}
    if changed == "notebook":
        write(nb_02_b=notebook(recording("B."), "1"))
    if changed == "page":
        (tmp_path / "2026Q3" / "02_b.html").write_text("somebody wrote here")
    result = run("2026Q3", out=tmp_path, only=["01_a"], params=params, notebooks=folder, is_forced=True)
    assert sorted(path.name for path in result.folder.iterdir()) == [
        "01_a.html", "01_a.ipynb", "index.html", "results.json", "run.json", "run.log",
    ]  # fmt: skip
    assert "not asked for in this run" in result.index.read_text(encoding="utf-8")


def test_no_secret_is_written(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_PASSWORD", "hunter2-hunter2")
    leak = "import os\nprint(os.environ['CRM_PASSWORD'], period)"
    run("2026Q3", out=tmp_path / "out", notebooks=write(nb_01_a=notebook(recording("hunter2-hunter2!"), leak)))
    with pytest.raises(CellError) as told_error:
        run(
            "2026Q2",
            out=tmp_path / "out",
            notebooks=write(nb_01_a=notebook(leak, "raise ValueError(os.environ['CRM_PASSWORD'])")),
        )
    assert told_error.value.what == "a cell failed with ValueError: [hidden]"
    written = tree(tmp_path / "out")
    assert {"failed/2026Q2/01_a.ipynb", "2026Q3/01_a.html", "2026Q3/results.json"} <= set(written)
    assert [name for name, content in written.items() if b"hunter2" in content] == []


def test_another_run_holds_the_period(write: Write, tmp_path: Path) -> None:
    with hold(tmp_path, "2026Q3"), pytest.raises(PeriodBusy):
        run("2026Q3", out=tmp_path, notebooks=write(nb_01_a=notebook("1")))


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"period": "2026Q5"}, ParameterError),
        ({"period": "2026Q3", "params": {"trend_period": 3}}, ParameterError),
        ({"period": "2026Q3", "only": ["nothing"]}, ParameterError),
        ({"period": "2026Q3", "out": "s3://bucket"}, ParameterError),
    ],
)
def test_what_is_wrong_from_the_start_writes_nothing(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], error: type[Exception]
) -> None:
    folder = write(nb_01_a=notebook("1"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error):
        run(notebooks=folder, **settings)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notebooks"]


def test_a_notebook_without_a_period_is_refused(write: Write, tmp_path: Path) -> None:
    made = notebook("1")
    made.cells.pop(1)
    with pytest.raises(ParameterError, match="the notebook takes no period"):
        run("2026Q3", out=tmp_path, notebooks=write(nb_01_a=made))
    assert sorted(tree(tmp_path)) == ["notebooks/01_a.ipynb"]


def test_a_full_disk_ends_the_run_and_leaves_nothing_half_done(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Place, name: str, text: str) -> None:
        raise StorageError("the disk is full", where=name, mend="make room")

    folder = write(nb_01_a=notebook("1"))
    monkeypatch.setattr(Place, "write", full)
    with pytest.raises(StorageError, match="the disk is full"):
        run("2026Q3", out=tmp_path / "out", notebooks=folder)
    assert sorted(tree(tmp_path / "out")) == ["failed/2026Q3/run.json", "failed/2026Q3/run.log"]


def test_what_is_given_goes_before_what_params_say(write: Write, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("order_line_id\n1\n", encoding="utf-8")
    params = Params.of(period="2026Q1", source="a.yml", seed=5, out=str(tmp_path / "no"))
    folder = write(nb_01_a=notebook("print(period, source.rpartition('/')[2], seed)", source="x", seed=1))
    source = str(tmp_path / "orders.csv")
    result = run("2026Q2", source=source, out=tmp_path / "out", params=params, notebooks=folder)
    assert "<pre>2026Q2 orders.csv 5</pre>" in (result.folder / "01_a.html").read_text(encoding="utf-8")


def test_the_private_folder_is_beside_the_report_while_it_is_made(write: Write, tmp_path: Path) -> None:
    seen: list[tuple[list[str], str]] = []

    def look(event: Event) -> None:
        if event.kind in ("executing", "executed", "rendered"):
            hidden = next(tmp_path.glob("out/.2026Q3@*.staging"))
            seen.append(
                (
                    sorted(path.name for path in (tmp_path / "out").iterdir()),
                    told(hidden / "report" / "run.json")["state"],
                )
            )
            assert hidden.stat().st_mode & 0o077 == 0

    run("2026Q3", out=tmp_path / "out", notebooks=write(nb_01_a=notebook(recording())), on_event=look)
    assert [len(names) for names, _ in seen] == [2, 2, 2]
    assert [state for _, state in seen] == ["executing", "executing", "executing"]
