"""A Dask scheduler and two workers, as processes of this machine that share no folder with the run."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesnb.errors import CellError, KernelDied, OutOfTime, ParameterError
from salesnb.forecast.many import Asked
from salesnb.run.forecasting import Places, forecast_file
from salesnb.run.job import Deadlines
from salesnb.run.kernels import python_environment
from salesnb.run.runner import backfill, run
from tests.run.conftest import notebook, recording
from tests.run.test_runner import told, tree

Write = Callable[..., Path]


def said(log: Path, pattern: str) -> str:
    """What a process says in its log, as soon as it does."""
    ends = time.monotonic() + 60
    while not (found := re.search(pattern, log.read_text(encoding="utf-8"))):
        assert time.monotonic() < ends, log.read_text(encoding="utf-8")
        time.sleep(0.02)
    return found[0]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with two workers."""
    pytest.importorskip("distributed")
    processes: list[subprocess.Popen[bytes]] = []
    home = tmp_path_factory.mktemp("cluster")
    environment = python_environment() | {"TMPDIR": str(home), "DASK_LOGGING__DISTRIBUTED": "info"}

    def start(*words: str) -> Path:
        folder = home / str(len(processes))
        folder.mkdir()
        command = [sys.executable, "-m", f"distributed.cli.{words[0]}", *words[1:]]
        with (folder / "log").open("wb") as log:
            processes.append(subprocess.Popen(command, cwd=folder, env=environment, stderr=log, stdout=log))
        return folder / "log"

    options = ["--host", "127.0.0.1", "--no-dashboard"]
    address = said(start("dask_scheduler", *options, "--port", "0"), r"tcp://127\.0\.0\.1:\d+")
    one_thread = ["--nworkers", "1", "--nthreads", "1", "--no-nanny", "--death-timeout", "60"]
    for log in [start("dask_worker", address, *options, *one_thread) for _ in range(2)]:
        said(log, r"Registered to: +tcp")
    yield address
    for process in reversed(processes):
        process.terminate()
        process.wait(20)
    assert [path.name for path in home.glob("salesnb-*")] == []


def test_the_same_report_without_a_shared_disk(cluster: str, write: Write, tmp_path: Path) -> None:
    here = "import os\nprint(period, sorted(os.listdir('.')))"
    folder = write(nb_01_a=notebook(recording("A."), "print(period)"), nb_02_b=notebook(recording("B.")))
    there = write(nb_03_c=notebook(here, "import tempfile; print(tempfile.gettempdir().startswith(os.getcwd()[:12]))"))
    result = run("2026Q3", out=tmp_path / "far", notebooks=there, cluster=cluster)
    own = run("2026Q3", out=tmp_path / "near", notebooks=folder)
    assert result.headlines == own.headlines == ("A.", "B.")
    far, near = tree(tmp_path / "far" / "2026Q3"), tree(tmp_path / "near" / "2026Q3")
    assert far["01_a.ipynb"] == near["01_a.ipynb"]
    assert b"2026Q3 []" in far["03_c.html"].replace(b"&#x27;", b"'").replace(b"['params']", b"[]")
    states = [[cell["state"] for cell in one["cells"]] for one in told(result.folder / "run.json")["notebooks"]]
    assert states[0] == ["text", "done", "done", "done", "done"]


def test_two_workers_work_at_the_same_time(cluster: str, write: Write, tmp_path: Path) -> None:
    meet = tmp_path / "meet"
    meet.mkdir()
    wait = f"""
import os, time
from pathlib import Path
Path({str(meet)!r}, period).touch()
ends = time.monotonic() + 60
while len(os.listdir({str(meet)!r})) < 2 and time.monotonic() < ends:
    time.sleep(0.01)
print(len(os.listdir({str(meet)!r})))
"""
    result = backfill(
        ["2026Q1", "2026Q2"], out=tmp_path / "out", notebooks=write(nb_01_a=notebook(wait)), cluster=cluster
    )
    assert [one.period for one in result.done] == ["2026Q1", "2026Q2"]
    for one in result.done:
        assert "<pre>2</pre>" in (one.folder / "01_a.html").read_text(encoding="utf-8")


def test_errors_come_back_as_what_they_are(cluster: str, write: Write, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(CellError, match="ZeroDivisionError"):
        run("2026Q3", out=out, notebooks=write(nb_01_a=notebook("1 / 0", "2")), cluster=cluster)
    cells = told(out / "failed" / "2026Q3" / "run.json")["notebooks"][0]["cells"]
    assert [cell["state"] for cell in cells] == ["text", "done", "done", "failed", "never reached"]
    with pytest.raises(KernelDied, match="ended by itself"):
        run("2026Q3", out=out, notebooks=write(nb_01_a=notebook("import os\nos._exit(3)")), cluster=cluster)
    with pytest.raises(OutOfTime, match="longer than 1 seconds"):
        run(
            "2026Q3", out=out, notebooks=write(nb_01_a=notebook("while True: pass")), cluster=cluster,
            deadlines=Deadlines(cell=1.0),
        )  # fmt: skip


def test_a_run_that_stops_ends_its_kernels_there(cluster: str, write: Write, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    endless = f"import os\nfrom pathlib import Path\nPath({str(pid)!r}).write_text(str(os.getpid()))\nwhile True: pass"
    late = f"import os, time\nwhile not os.path.exists({str(pid)!r}): time.sleep(0.01)\n1 / 0"
    folder = write(nb_01_a=notebook(endless), nb_02_b=notebook(late))
    with pytest.raises(CellError, match="ZeroDivisionError"):
        run("2026Q3", out=tmp_path / "out", notebooks=folder, cluster=cluster)
    ends = time.monotonic() + 30
    while Path(f"/proc/{pid.read_text()}").exists():
        assert time.monotonic() < ends
        time.sleep(0.05)
    notes = told(tmp_path / "out" / "failed" / "2026Q3" / "run.json")["notebooks"]
    assert [note["error"]["kind"] for note in notes] == ["Stopped", "CellError"]


def test_a_cluster_that_is_not_there(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("salesnb.run.cluster._CONNECT_SECONDS", 1)
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        with pytest.raises(ParameterError, match="no Dask scheduler answers"):
            run("2026Q3", out=tmp_path / "out", notebooks=write(nb_01_a=notebook("1")), cluster=address)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["failed"]


def test_series_are_forecast_by_the_workers(cluster: str, tmp_path: Path) -> None:
    """The same forecasts as of this machine, whichever worker made them."""
    steps = np.arange(36)
    names = [f"s{i:02d}" for i in range(60)]
    frame = pd.concat(
        pd.DataFrame(
            {"id": name, "ds": pd.date_range("2023-01-01", periods=36, freq="MS"), "y": 100.0 + i + steps % 12}
        )
        for i, name in enumerate(names)
    )
    frame.to_csv(tmp_path / "in.csv", index=False)
    table = {"id": "id", "time": "ds", "value": "y"}
    said: list[str] = []
    for out, address in (("here.csv", None), ("there.csv", cluster)):
        places = Places(tmp_path / out, None, 2, address, said.append)
        forecast_file(tmp_path / "in.csv", table, Asked(3), places)
    here, there = (pd.read_csv(tmp_path / name) for name in ("here.csv", "there.csv"))
    assert len(there) == 180
    pd.testing.assert_frame_equal(here, there, rtol=1e-9)
    assert sum(line.startswith("60 series, 3 steps ahead") for line in said) == 2
    places = Places(tmp_path / "none.csv", None, 2, "tcp://127.0.0.1:1", said.append)
    with pytest.raises(ParameterError, match="no Dask scheduler answers"):
        forecast_file(tmp_path / "in.csv", table, Asked(3), places)
    assert not (tmp_path / "none.csv").exists()
