"""Processes forked from a warm one: what they inherit, how they end, and what they leave."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from salesnb.run import forkserver
from salesnb.run.forkserver import ForkServer, is_available
from salesnb.run.kernels import python_environment

pytestmark = pytest.mark.skipif(not is_available(), reason="processes are not forked on this system")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ForkServer]:
    made = ForkServer(python_environment(), tmp_path / "server.log")
    yield made
    made.close()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(path: Path) -> str:
    """The text of a file, as soon as somebody has written it."""
    ends = time.monotonic() + 20
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < ends, f"nobody wrote {path.name}"
        time.sleep(0.01)
    return path.read_text()


def gone(pid: int) -> None:
    ends = time.monotonic() + 20
    while is_alive(pid):
        assert time.monotonic() < ends, f"{pid} still runs"
        time.sleep(0.01)


def fork(server: ForkServer, source: str, folder: Path, **environment: str) -> forkserver.ForkedProcess:
    """Fork a process that executes a source."""
    return server.fork(
        "builtins:exec", [source], environment={**python_environment(), **environment}, folder=str(folder),
        log=folder / "log",
    )  # fmt: skip


def test_a_forked_process_looks_for_garbage_and_seldom(server: ForkServer, tmp_path: Path) -> None:
    """What is in a cycle goes all the same: a kernel that makes nothing else does not grow."""
    source = (
        "import gc, json, weakref\n"
        "class Cycle: pass\n"
        "def made(Cycle=Cycle, weakref=weakref):\n    one = Cycle()\n    one.itself = one\n"
        "    return weakref.ref(one)\n"
        "first = made()\nlooks = []\ngc.callbacks.append(lambda phase, info, looks=looks: looks.append(phase))\n"
        "kept = []\nwhile first() is not None and len(kept) < 10**6: kept.append([made()])\n"
        "open('told', 'w').write(json.dumps([gc.isenabled(), len(kept), looks.count('start')]))"
    )
    assert fork(server, source, tmp_path).wait(60) == 0
    is_on, made, looks = json.loads((tmp_path / "told").read_text())
    assert is_on
    assert 10_000 < made < 10**6
    assert looks == 1


def test_a_forked_process_is_one_of_its_own(server: ForkServer, tmp_path: Path) -> None:
    server.preload(["decimal", "no_such_module"])
    source = (
        "import json, os, sys, tempfile\n"
        "told = [os.getcwd(), os.environ['WORD'], 'decimal' in sys.modules, os.getsid(0) == os.getpid(),"
        " tempfile.gettempdir(), 'HOME' in os.environ]\n"
        "open('told', 'w').write(json.dumps(told))\nprint('to the log')\nsys.exit(3)"
    )
    (tmp_path / "tmp").mkdir()
    process = fork(server, source, tmp_path, WORD="yes", TMPDIR=str(tmp_path / "tmp"))
    assert process.wait(20) == 3
    assert process.poll() == 3
    assert json.loads((tmp_path / "told").read_text()) == [
        str(tmp_path), "yes", True, True, str(tmp_path / "tmp"), "HOME" in os.environ,
    ]  # fmt: skip
    assert (tmp_path / "log").read_text() == "to the log\n"
    assert not is_alive(process.pid)


def test_what_comes_later_waits_for_a_fork_and_then_for_a_quiet_moment(server: ForkServer, tmp_path: Path) -> None:
    """The first fork does not wait for it, whatever it takes; a later one has it, and one that fails is no harm."""
    server.preload_later(["no_such_module", "decimal"])
    says = "import sys\nwith open('told{}', 'w') as file:\n    print('decimal' in sys.modules, file=file)"
    first = fork(server, says.format(1) + "\nimport time\ntime.sleep(60)", tmp_path)
    assert wait_for(tmp_path / "told1") == "False\n"
    ends, number, told = time.monotonic() + 20, 1, ""
    while told != "True\n":
        assert time.monotonic() < ends, "it was never imported"
        time.sleep(1)  # quiet for longer than the server waits
        number += 1
        assert fork(server, says.format(number), tmp_path).wait(20) == 0
        told = (tmp_path / f"told{number}").read_text()
    first.kill()


def test_an_error_is_in_the_log_and_the_code_is_one(server: ForkServer, tmp_path: Path) -> None:
    assert fork(server, "1 / 0", tmp_path).wait(20) == 1
    assert "ZeroDivisionError" in (tmp_path / "log").read_text()


def test_a_signal_reaches_all_that_it_started(server: ForkServer, tmp_path: Path) -> None:
    source = (
        "import subprocess, time\np = subprocess.Popen(['sleep', '60'])\nopen('pid', 'w').write(str(p.pid))\np.wait()"
    )
    process = fork(server, source, tmp_path)
    started = int(wait_for(tmp_path / "pid"))
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    process.kill()
    assert process.wait(20) == -signal.SIGKILL
    gone(started)


def test_what_it_started_goes_when_it_has_ended(server: ForkServer, tmp_path: Path) -> None:
    source = "import subprocess\np = subprocess.Popen(['sleep', '60'])\nopen('pid', 'w').write(str(p.pid))"
    assert fork(server, source, tmp_path).wait(20) == 0
    gone(int(wait_for(tmp_path / "pid")))


def test_what_left_the_group_goes_with_the_server(server: ForkServer, tmp_path: Path) -> None:
    source = (
        "import subprocess\n"
        "p = subprocess.Popen(['sleep', '60'], start_new_session=True)\nopen('pid', 'w').write(str(p.pid))"
    )
    assert fork(server, source, tmp_path).wait(20) == 0
    started = int(wait_for(tmp_path / "pid"))
    server.close()
    gone(started)


def test_many_at_once(server: ForkServer, tmp_path: Path) -> None:
    processes = [fork(server, f"import sys; sys.exit({code})", tmp_path) for code in range(40)]
    assert [process.wait(20) for process in processes] == list(range(40))


def test_a_server_that_is_killed_takes_its_children_along(server: ForkServer, tmp_path: Path) -> None:
    process = fork(server, "open('up', 'w').write('x')\nimport time\ntime.sleep(60)", tmp_path)
    wait_for(tmp_path / "up")
    os.kill(server.pid, signal.SIGKILL)
    assert process.wait(20) == -signal.SIGKILL
    gone(process.pid)
    with pytest.raises(RuntimeError, match="has ended"):
        fork(server, "pass", tmp_path)


def test_a_master_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    home, root = tmp_path / "home", tmp_path / "outputs"
    home.mkdir()
    source = f"""
import os, signal, sys, time
from pathlib import Path
from salesnb.run.forkserver import ForkServer
from salesnb.run.holding import hold
from salesnb.run.kernels import python_environment
home, root = Path({str(home)!r}), Path({str(root)!r})
server = ForkServer(python_environment(), home / "server.log")
with hold(root, "2026Q3") as place:
    server.sweep(home, [(root, "2026Q3")])
    child = server.fork("time:sleep", [60], environment={{}}, folder="/", log=home / "log")
    print(server.pid, child.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    for pid in map(int, done.stdout.split()):
        gone(pid)
    assert not home.exists()
    assert list(root.iterdir()) == []


@pytest.mark.parametrize(("platform", "choice", "is_there"), [
    ("linux", "", True), ("linux", "ordinary", False), ("darwin", "", False), ("win32", "", False),
])  # fmt: skip
def test_forks_are_for_linux(monkeypatch: pytest.MonkeyPatch, platform: str, choice: str, is_there: bool) -> None:
    monkeypatch.setattr(forkserver.sys, "platform", platform)
    monkeypatch.setenv(forkserver.CHOICE, choice)
    assert is_available() is is_there
