"""Notebooks in real kernels: every cell's truth, and every way to fail."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from salesnb.errors import CellError, ContractError, KernelDied, OutOfTime, ParameterError
from salesnb.run import execute as module
from salesnb.run.execute import execute
from salesnb.run.job import Deadlines, Execution, Job
from salesnb.run.manifest import CellRecord
from tests.run.conftest import notebook, recording


def run(made: Any, folder: Path, deadlines: Deadlines | None = None, **params: Any) -> Execution:
    return execute(
        Job("01_a", nbformat.writes(made), {"period": "2026Q3", **params}, str(folder), deadlines or Deadlines())
    )


def states(execution: Execution) -> list[tuple[int, str]]:
    return [(cell.number, cell.state) for cell in execution.cells if cell.state != "text"]


def said(execution: Execution) -> str:
    cells = nbformat.reads(execution.notebook, as_version=4).cells
    return "".join(o.get("text", "") for cell in cells for o in cell.get("outputs", ()))


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """No private folder is left behind, and the working directory of this process stays what it was."""
    short = Path(tempfile.mkdtemp(prefix="t-"))
    monkeypatch.setattr(tempfile, "tempdir", str(short))
    before = Path.cwd()
    yield
    assert Path.cwd() == before
    assert list(short.iterdir()) == []
    short.rmdir()


def test_a_good_notebook(tmp_path: Path) -> None:
    probe = "import os, sys\nprint([period, source, os.getcwd(), sys.executable, os.environ['PYTHONHASHSEED']])"
    made = notebook("## Part *one*", probe, recording("It is `so`."), kernel="ir", source="x")
    seen: list[tuple[int, int]] = []
    job = Job("01_a", nbformat.writes(made), {"period": "2026Q3", "source": "a\"b'c\\d\n{x}%s\u202e"}, str(tmp_path))
    execution = execute(job, lambda cell, count: seen.append((cell, count)))
    assert execution.error is None
    assert execution.cells == tuple(
        CellRecord(number, kind, state, seconds, under)  # type: ignore[arg-type]
        for (number, kind, state, under), seconds in zip(
            [
                (1, "markdown", "text", "A question"),
                (2, "code", "done", "A question"),
                (0, "code", "done", "A question"),
                (3, "markdown", "text", "Part one"),
                (4, "code", "done", "Part one"),
                (5, "code", "done", "Part one"),
            ],
            [cell.seconds for cell in execution.cells],
            strict=True,
        )
    )
    assert all((cell.seconds is None) == (cell.kind == "markdown") for cell in execution.cells)
    assert seen == [(2, 6), (3, 6), (5, 6), (6, 6)]
    assert said(execution) == f"{['2026Q3', job.params['source'], str(tmp_path), sys.executable, '0']!r}\n"
    assert execution.results is not None
    assert execution.results["headlines"] == ["It is `so`."]
    assert execution.results["notebook"] == "01_a"
    written = nbformat.reads(execution.notebook, as_version=4)
    assert written.metadata.kernelspec.name == "python3"
    assert "papermill" not in written.metadata
    assert [cell.id for cell in written.cells] == [
        "title",
        "parameters",
        "parameters-of-this-run",
        "cell-0",
        "cell-1",
        "cell-2",
    ]


def test_a_cell_that_fails_ends_the_notebook(tmp_path: Path) -> None:
    execution = run(notebook("## Win rate", "x = 1", "raise ValueError('no ' + 'rows')", "print('never')"), tmp_path)
    assert states(execution) == [(2, "done"), (0, "done"), (4, "done"), (5, "failed"), (6, "never reached")]
    assert isinstance(execution.error, CellError)
    assert execution.error.what == "a cell failed with ValueError: no rows"
    assert execution.error.where == "01_a.ipynb, cell 5 (under 'Win rate')"
    kept = nbformat.reads(execution.notebook, as_version=4)
    assert "Never reached: cells 6." in kept.cells[0].source
    assert [c.metadata.salesnb.state for c in kept.cells if c.cell_type == "code"] == [
        "done", "done", "done", "failed", "never reached",
    ]  # fmt: skip
    assert [o.ename for c in kept.cells for o in c.get("outputs", ()) if o.output_type == "error"] == ["ValueError"]


def test_an_error_of_ours_keeps_its_kind_and_its_words(tmp_path: Path) -> None:
    source = (
        "from salesnb.errors import ContractError\n"
        "raise ContractError('two dates', where='deals.csv:3', mend='say which')"
    )
    error = run(notebook(source), tmp_path).error
    assert isinstance(error, ContractError)
    assert str(error) == "two dates\n  where: 01_a.ipynb, cell 3 (under 'A question'): deals.csv:3\n  mend:  say which"


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import sys\nsys.exit(0)", "a cell failed with SystemExit: 0"),
        ("input('?')", "a cell failed with StdinNotImplementedError: raw_input was called, but this frontend does not"),
        ("x = (", "a cell failed with "),
    ],
)
def test_what_papermill_would_let_pass_is_a_failure(tmp_path: Path, source: str, what: str) -> None:
    execution = run(notebook(source, "1"), tmp_path)
    assert isinstance(execution.error, CellError)
    assert execution.error.what.startswith(what)
    assert states(execution)[-1] == (4, "never reached")


def test_a_cell_that_may_raise_may_not(tmp_path: Path) -> None:
    allowed = new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]}, id="allowed")
    execution = run(notebook(allowed, "print(1)"), tmp_path)
    assert isinstance(execution.error, CellError)
    assert states(execution)[-2:] == [(3, "failed"), (4, "never reached")]


@pytest.mark.parametrize(
    ("source", "how"),
    [
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", ", by signal 9 (SIGKILL)"),
        ("import os\nos._exit(3)", ", with exit code 3"),
    ],
)
def test_a_kernel_that_dies(tmp_path: Path, source: str, how: str) -> None:
    execution = run(notebook(source, "1"), tmp_path)
    assert isinstance(execution.error, KernelDied)
    assert execution.error.where == f"01_a.ipynb, cell 3 (under 'A question'){how}"
    assert states(execution)[-2:] == [(3, "kernel died"), (4, "never reached")]


@pytest.mark.parametrize(
    "source",
    [
        "while True: pass",
        "import time\ntime.sleep(600)",
        "try:\n    import time\n    time.sleep(600)\nexcept BaseException:\n    time.sleep(600)",
    ],
)
def test_a_cell_that_does_not_end(tmp_path: Path, source: str) -> None:
    pid = tmp_path / "pid"
    first = f"import os\nfrom pathlib import Path\n_ = Path({str(pid)!r}).write_text(str(os.getpid()))"
    execution = run(notebook(first, source, "1"), tmp_path, Deadlines(cell=1.0))
    assert isinstance(execution.error, OutOfTime)
    assert execution.error.what == "the cell took longer than 1 seconds"
    assert execution.error.where == "01_a.ipynb, cell 4 (under 'A question')"
    assert states(execution)[-2:] == [(4, "out of time"), (5, "never reached")]
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_a_notebook_that_does_not_end(tmp_path: Path) -> None:
    cells = ["import time\ntime.sleep(0.8)"] * 9
    execution = run(notebook(*cells), tmp_path, Deadlines(cell=60.0, run=3.0))
    assert isinstance(execution.error, OutOfTime)
    assert execution.error.what == "the run took longer than it may"
    assert "never reached" in dict(states(execution)).values()


def test_ctrl_c_ends_the_kernel_too(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    source = (
        "import os, time\nfrom pathlib import Path\n"
        f"_ = Path({str(pid)!r}).write_text(str(os.getpid()))\ntime.sleep(600)"
    )

    def interrupt() -> None:
        while not pid.exists() or not pid.read_text():
            pass
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run(notebook(source), tmp_path)
    thread.join()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_a_kernel_that_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def environment(*_: Any) -> dict[str, str]:
        tried.append(1)
        return {**os.environ, "PYTHONHOME": str(tmp_path)}

    monkeypatch.setattr(module, "kernel_environment", environment)
    execution = run(notebook("1"), tmp_path, Deadlines(start=20.0))
    assert isinstance(execution.error, KernelDied)
    assert execution.error.what == "the kernel did not start"
    assert len(tried) == 3
    assert states(execution) == [(2, "never reached"), (0, "never reached"), (3, "never reached")]


def test_an_unknown_parameter_starts_no_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_Attempt", None)
    with pytest.raises(ParameterError, match="no parameter 'perod'"):
        execute(Job("01_a", nbformat.writes(notebook()), {"perod": "x"}, str(tmp_path)))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("None", None),
        ("(folder / '01_a.json').write_text('{')", None),
        ("(folder / '01_a.json').write_text('[1]')", None),
        ("(folder / 'other.json').write_text('{\"a\": NaN}')", {"a": None}),
        ("(folder / 'b.json').write_text('{}'), (folder / 'c.json').write_text('{}')", None),
        ("(folder / '01_a.json').symlink_to('/etc/hostname')", None),
    ],
)
def test_results_are_read_with_care(tmp_path: Path, source: str, expected: Any) -> None:
    folder = "import os\nfrom pathlib import Path\nfolder = Path(os.environ['SALESNB_RESULTS_DIR'])\n"
    execution = run(notebook(f"{folder}_ = {source}"), tmp_path)
    assert execution.error is None
    assert execution.results == expected
