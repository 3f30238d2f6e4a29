"""A scene for a fault: an old report that is published, tiny notebooks, and runs of salesnb as real processes.

Nothing here waits by sleeping: a test waits for an event of the run, or for what a cell says through a pipe. Every
process of a scene carries its name in the environment, so that none that is left can hide; a run that was forked, which
shows the environment of what forked it, is known by its number.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import queue
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.warm import Forked, Forker
from tests.run.conftest import notebook

PERIOD = "2026Q3"
PATIENCE = 120.0
"""How long anything may take before a test fails, in seconds: far longer than it does."""
GONE_WITHIN = 3.0
"""How long what a run started may outlive it, in seconds."""
VARIABLE = "SALESNB_SCENE"
PROGRAM = (sys.executable, "-m", "salesnb")

Tree = Mapping[str, bytes]


def tree(folder: Path) -> Tree:
    """Every file below a folder, with its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def told(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def is_whole(report: Path) -> bool:
    """Whether a folder is a complete report: published, with just the files that it tells of, each with its digest."""
    manifest = told(report / "run.json")
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in report.iterdir()}
    files.pop("run.json")
    pages = {f"{one['name']}.html" for one in manifest["notebooks"] if not one["error"]}
    return (
        manifest["state"] == "published"
        and files == {name: one["sha256"] for name, one in manifest["files"].items()}
        and {"index.html", "results.json", *pages} <= set(files)
        and all(one["state"] == ("failed" if one["error"] else "published") for one in manifest["notebooks"])
    )


@dataclass
class Ended:
    """What a process told, and how it ended."""

    code: int
    events: list[dict[str, Any]]
    errors: str

    @property
    def error(self) -> dict[str, Any]:
        """The error it ended with."""
        assert self.events, self.errors
        assert self.events[-1]["kind"] == "error", self.events[-3:]
        return self.events[-1]

    def kinds(self) -> list[str]:
        """The steps it went through, without the cells."""
        return [event["kind"] for event in self.events if event["kind"] != "cell"]


class Running:
    """A run under way, as the leader of a session of its own."""

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], forker: Forker | None, *,
        is_json: bool,
    ) -> None:  # fmt: skip
        self._is_json = is_json
        self._errors = folder / f"stderr-{uuid.uuid4().hex[:8]}.txt"
        told, tells = os.pipe()
        self._told = os.fdopen(told, "rb")
        self.process: subprocess.Popen[bytes] | Forked
        with self._errors.open("wb") as errors, os.fdopen(tells, "wb") as output:
            if forker is not None and tuple(command[: len(PROGRAM)]) == PROGRAM:
                files = [output.fileno(), errors.fileno()]
                self.process = forker.start(command[len(PROGRAM) :], folder, environment, files)
            else:
                self.process = subprocess.Popen(
                    list(command), cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, stdout=output,
                    stderr=errors, start_new_session=True,
                )  # fmt: skip
        self.pid = self.process.pid
        self.events: list[dict[str, Any]] = []
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def until(self, **facts: Any) -> dict[str, Any]:
        """Wait for an event with these facts."""
        ends = time.monotonic() + PATIENCE
        while True:
            line = self._lines.get(timeout=max(ends - time.monotonic(), 0.01))
            assert line, f"it ended before {facts}: {self.events} {self._errors.read_text()}"
            event = self._event(line)
            if all(event.get(name) == value for name, value in facts.items()):
                return event

    def signal(self, number: int, *, to_all: bool = False) -> None:
        """Send a signal to the process, or as a terminal does to all of its group."""
        (os.killpg if to_all else os.kill)(self.pid, number)

    def end(self) -> Ended:
        """Wait until it has ended."""
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self._reader.join(PATIENCE)
        while line := self._lines.get():
            self._event(line)
        return Ended(code, self.events, self._errors.read_text(encoding="utf-8"))

    def kill(self) -> None:
        """Kill it, if it still runs."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()

    def _event(self, line: bytes) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(line) if self._is_json else {"kind": "line", "text": line.decode()}
        self.events.append(event)
        return event

    def _read(self) -> None:
        with self._told as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put(b"")


@dataclass
class Scene:
    """Folders of one test, and what it ran in them."""

    folder: Path
    forker: Forker | None = None
    name: str = field(default_factory=lambda: uuid.uuid4().hex)
    runs: list[Running] = field(default_factory=list)
    old: Tree = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.out, self.notebooks = self.folder / "out", self.folder / "notebooks"
        self.out.mkdir()
        self.notebooks.mkdir()
        # A short name, as it is where people work: the sockets of kernels lie below it.
        self.temporary = Path(tempfile.mkdtemp(prefix="scene-"))
        self._said = self.folder / "said"
        os.mkfifo(self._said)
        self._hearing = os.open(self._said, os.O_RDWR | os.O_NONBLOCK)
        self._heard = b""
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("SALESNB_", "COV_"))},
            VARIABLE: self.name,
            "TMPDIR": str(self.temporary),
        }

    @property
    def report(self) -> Path:
        """Where the report of the one period is published."""
        return self.out / PERIOD

    @property
    def failed(self) -> Path:
        """Where what failed of the one period is kept."""
        return self.out / "failed" / PERIOD

    def publish(self, report: Path) -> None:
        """Put a report there that was made before."""
        shutil.copytree(report, self.report)
        self.old = tree(self.report)

    def write(self, *cells: str, name: str = "01_one", kernel: str = "python3") -> None:
        """Write a notebook with a title, a parameter and these cells of code, which are cells 3, 4 and so on."""
        text = json.dumps(notebook(*cells, title=f"What of {name}?", kernel=kernel))
        (self.notebooks / f"{name}.ipynb").write_text(text, encoding="utf-8")

    def saying(self, expression: str = "''") -> str:
        """Code that tells the test a value, and so that a cell has come this far."""
        opened = f"__import__('os').open({str(self._said)!r}, {os.O_WRONLY})"
        return f"__import__('os').write({opened}, (str({expression}) + '\\n').encode())"

    def hear(self) -> str:
        """Wait until a cell says something."""
        while b"\n" not in self._heard:
            ready, _, _ = select.select([self._hearing], [], [], PATIENCE)
            assert ready, "no cell said anything"
            self._heard += os.read(self._hearing, 2**16)
        line, _, self._heard = self._heard.partition(b"\n")
        return line.decode()

    def command(self, *options: str, period: str = PERIOD, verb: str = "run") -> list[str]:
        """The command line of a run."""
        folders = ["--out", str(self.out), "--notebooks", str(self.notebooks)]
        return [*PROGRAM, verb, period, *folders, "--json", *options]

    def start(self, *options: str, period: str = PERIOD, verb: str = "run", **environment: str) -> Running:
        """Begin a run."""
        return self.launch(self.command(*options, period=period, verb=verb), **environment)

    def launch(self, command: Sequence[str], *, is_json: bool = True, **environment: str) -> Running:
        """Begin a process of this scene, whose lines are events, unless they are no JSON."""
        running = Running(command, self.folder, self.environment | environment, self.forker, is_json=is_json)
        self.runs.append(running)
        return running

    def run(self, *options: str, period: str = PERIOD, **environment: str) -> Ended:
        """Make a run from its beginning to its end."""
        return self.start(*options, period=period, **environment).end()

    def processes(self) -> list[int]:
        """The processes of this scene that live."""
        mark = f"{VARIABLE}={self.name}".encode()
        found = [running.pid for running in self.runs if running.process.poll() is None]
        for file in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if mark in file.read_bytes() and _state(file.parent) != "Z":
                    found.append(int(file.parent.name))
        return sorted(set(found))

    def gone(self, but: int = 0) -> list[int]:
        """Wait until no process is left, but for one, and return those that are."""
        ends = time.monotonic() + GONE_WITHIN
        while (left := [pid for pid in self.processes() if pid != but]) and time.monotonic() < ends:
            time.sleep(0.02)
        return left

    def litter(self) -> list[str]:
        """What a run should have removed: temporary files, private folders and locks."""
        hidden = [path for path in self.out.rglob(".*") if path.name != ".data" and ".data" not in path.parts]
        return sorted(map(str, [*hidden, *self.temporary.iterdir()]))

    def check(self) -> None:
        """Hold what has to be true after every run."""
        assert self.gone() == []
        assert self.litter() == []
        for report in (path for path in self.out.iterdir() if (path / "run.json").exists()):
            assert tree(report) == self.old or is_whole(report), f"{report} is neither the old nor a new report"
        for manifest in self.out.glob("failed/*/run.json"):
            _check_failed(manifest.parent)

    def close(self) -> None:
        """End what a test that failed left, and let go of the pipe."""
        for running in self.runs:
            running.kill()
        for pid in self.gone():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        os.close(self._hearing)
        shutil.rmtree(self.temporary)

    def is_old(self) -> bool:
        """Whether the report is byte for byte the one that was there before."""
        return bool(self.old) and tree(self.report) == self.old

    def is_new(self) -> bool:
        """Whether another report is in its place, and complete."""
        return not self.is_old() and is_whole(self.report)

    def states(self, name: str = "01_one") -> list[str]:
        """What became of the cells of a notebook that failed, without its title and the two cells of parameters."""
        notes = {one["name"]: one for one in told(self.failed / "run.json")["notebooks"]}
        return [cell["state"] for cell in notes[name]["cells"] if cell["number"] > 2]

    def held(self, ended: Ended, code: int, *states: str, name: str = "01_one") -> dict[str, Any]:
        """Hold that a run failed as it should: the code, a message in three parts, the old report, what is kept."""
        assert ended.code == code, (ended.code, ended.events[-2:], ended.errors)
        assert self.is_old()
        manifest = told(self.failed / "run.json")
        error: dict[str, Any] = manifest["error"]
        if code < 128:
            last = ended.error
            assert (last["exit_code"], last["what"]) == (code, error["what"])
            assert all(last[part] for part in ("what", "where", "mend")), last
            assert "Traceback" not in ended.errors
            assert ended.errors.startswith("salesnb: "), ended.errors
        assert (manifest["state"], error["exit_code"]) == ("failed", 130 if code >= 128 else code)
        if states:
            assert self.states(name) == list(states)
        return error


def _check_failed(folder: Path) -> None:
    """Hold that what is kept of a run that failed tells the truth, in run.json and in the notebooks alike."""
    manifest = told(folder / "run.json")
    published = manifest["state"] == "published"
    assert manifest["state"] in ("failed", "published")
    assert bool(manifest["error"]) != published
    for record in manifest["notebooks"]:
        kept = folder / f"{record['name']}.ipynb"
        assert (record["state"] == "failed") == bool(record["error"]), record["name"]
        assert not (record["state"] == "published" and not published), record["name"]
        states = [cell["state"] for cell in record["cells"] if cell["kind"] == "code"]
        if record["state"] == "failed":
            bad = [state for state in states if state not in ("done", "never reached")]
            assert len(bad) <= 1
            assert states == ["done"] * states.count("done") + bad + ["never reached"] * states.count("never reached")
        if kept.exists() and set(states) != {"done"}:
            cells = told(kept)["cells"]
            assert "This run failed" in "".join(cells[0]["source"])
            assert [c["metadata"]["salesnb"]["state"] for c in cells if c["cell_type"] == "code"] == states


def _state(process: Path) -> str:
    return process.joinpath("stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
