"""What a cell may do wrong: raise, end its process, start others, never end, hold the interpreter."""

from __future__ import annotations

import json
import os
import signal

import pytest

from tests.faults.scene import PERIOD, Scene, told

FORKED = ""
ORDINARY = "ordinary"
KERNELS = pytest.mark.parametrize("kernels", [FORKED, ORDINARY])

SLEEP = "import ctypes; ctypes.PyDLL(None).sleep(1000)"
DEAF = "import signal, time; [signal.signal(n, signal.SIG_IGN) for n in (signal.SIGINT, signal.SIGTERM)]"
MEMORY = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32)); len(bytearray(2**33))"


def test_nothing_wrong(scene: Scene) -> None:
    scene.write("import os", f"print({PERIOD!r})")
    ended = scene.run()
    assert ended.code == 0
    assert ended.kinds() == ["run", "executing", "executed", "rendered", "published", "done"]
    assert scene.is_new()
    assert [cell["state"] for cell in told(scene.report / "run.json")["notebooks"][0]["cells"]] == [
        "text", "done", "done", "done", "done",
    ]  # fmt: skip


@KERNELS
def test_an_error_in_the_third_cell(scene: Scene, kernels: str) -> None:
    scene.write("import os", "x = 1", "1 / 0", "print('never')")
    error = scene.held(scene.run(SALESNB_KERNELS=kernels), 5, "done", "done", "failed", "never reached")
    assert error["what"] == "a cell failed with ZeroDivisionError: division by zero"
    assert error["where"] == "01_one.ipynb, cell 5 (under 'What of 01_one?')"
    assert sorted(path.name for path in scene.failed.iterdir()) == ["01_one.ipynb", "run.json", "run.log"]
    assert "Never reached: cells 6." in "".join(told(scene.failed / "01_one.ipynb")["cells"][0]["source"])


RAISES = {
    "01_memory": (MEMORY, "a cell failed with MemoryError"),
    "02_exit": ("raise SystemExit(3)", "a cell failed with SystemExit: 3"),
    "03_exit_0": ("import sys; sys.exit()", "a cell failed with SystemExit: 0"),
    "04_interrupt": ("raise KeyboardInterrupt", "a cell failed with KeyboardInterrupt"),
    "05_recursion": ("def f(): return f()\nf()", "a cell failed with RecursionError: maximum recursion depth exceeded"),
    "06_syntax": ("x = (", "a cell failed with SyntaxError"),
    "07_no_words": ("class E(Exception):\n    def __str__(self): return 1 / 0\nraise E", "a cell failed with "),
    "08_words": ("raise type('<b>\\x1b[2J', (Exception,), {})('\\u202e' + 'x' * 10**6)", "a cell failed with <b>: "),
    "09_question": ("input('who?')", "a cell failed with StdinNotImplementedError"),
}


def test_cells_that_raise(scene: Scene) -> None:
    for name, (cell, _) in RAISES.items():
        scene.write("import os", cell, "print('never')", name=name)
    scene.held(scene.run("--keep-going"), 5)
    for note in told(scene.failed / "run.json")["notebooks"]:
        what = note["error"]["what"]
        assert what.startswith(RAISES[note["name"]][1])
        assert len(what) < 1000
        assert what.replace("\n", "").isprintable()
        assert scene.states(note["name"]) == ["done", "failed", "never reached"]
        assert (scene.failed / f"{note['name']}.ipynb").is_file()


@KERNELS
@pytest.mark.parametrize(
    ("cell", "how"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "by signal 9 (SIGKILL)"),
        ("os._exit(0)", "with exit code 0"),
        ("import ctypes; ctypes.string_at(0)", "by signal 11 (SIGSEGV)"),
    ],
    ids=["killed", "left", "crashed"],
)
def test_a_cell_that_ends_its_kernel(scene: Scene, kernels: str, cell: str, how: str) -> None:
    scene.write("import os, signal", cell, "print('never')")
    error = scene.held(scene.run(SALESNB_KERNELS=kernels), 7, "done", "kernel died", "never reached")
    assert error["what"] == "the kernel ended by itself"
    assert error["where"] == f"01_one.ipynb, cell 4 (under 'What of 01_one?'), {how}"


@KERNELS
def test_a_kernel_killed_from_outside_as_when_memory_runs_out(scene: Scene, kernels: str) -> None:
    scene.write(f"import os, signal\n{scene.saying('os.getpid()')}\nsignal.pause()", "print('never')")
    running = scene.start(SALESNB_KERNELS=kernels)
    os.kill(int(scene.hear()), signal.SIGKILL)
    error = scene.held(running.end(), 7, "kernel died", "never reached")
    assert error["where"].endswith("by signal 9 (SIGKILL)")
    assert "out of memory" in error["mend"]


def test_kernels_are_killed_first_where_memory_runs_out(scene: Scene) -> None:
    scene.write("print(open('/proc/self/oom_score_adj').read())")
    assert scene.run().code == 0
    assert "900" in (scene.report / "01_one.html").read_text(encoding="utf-8")


@KERNELS
@pytest.mark.parametrize("cell", ["while True: pass", SLEEP, f"{DEAF}\nwhile True: time.sleep(1000)"])
def test_a_cell_that_takes_too_long(scene: Scene, kernels: str, cell: str) -> None:
    scene.write("import os", cell, "print('never')")
    ended = scene.run("--cell-timeout", "1.5", SALESNB_KERNELS=kernels)
    error = scene.held(ended, 6, "done", "out of time", "never reached")
    assert error["what"] == "the cell took longer than 1.5 seconds"
    assert error["where"].startswith("01_one.ipynb, cell 4")


def test_a_run_that_takes_too_long(scene: Scene) -> None:
    scene.write("import itertools, time", "time.sleep(1000)")
    error = scene.held(scene.run("--run-timeout", "4"), 6, "done", "out of time")
    assert error["what"] == "the run took longer than it may"


def test_a_run_of_which_no_cell_takes_too_long(scene: Scene) -> None:
    scene.write(*["import time; time.sleep(.3)"] * 30)
    ended = scene.run("--run-timeout", "4", "--cell-timeout", "60")
    error = scene.held(ended, 6)
    assert error["what"] == "the run took longer than it may"
    assert "never reached" in scene.states()


@KERNELS
@pytest.mark.parametrize("is_own", [False, True], ids=["child", "session"])
def test_a_child_that_would_outlive_its_cell(scene: Scene, kernels: str, is_own: bool) -> None:
    start = f"subprocess.Popen(['sleep', '1000'], start_new_session={is_own})"
    scene.write("import subprocess", start, "print('ok')")
    assert scene.run(SALESNB_KERNELS=kernels).code == 0
    assert scene.is_new()


@pytest.mark.parametrize("kernels", [FORKED, ORDINARY])
def test_a_child_of_a_kernel_that_died(scene: Scene, kernels: str) -> None:
    scene.write("import os, subprocess; subprocess.Popen(['sleep', '1000'])", "os._exit(1)")
    scene.held(scene.run(SALESNB_KERNELS=kernels), 7, "done", "kernel died")


def test_many_children_that_have_children(scene: Scene) -> None:
    scene.write("import os", "for _ in range(6): os.fork()\nimport time; time.sleep(1000)")
    scene.held(scene.run("--cell-timeout", "3"), 6, "done", "out of time")


HARMLESS = {
    "01_stdout": "import sys, os; sys.stdout.close(); os.close(1); os.close(2)",
    "02_folder": "import os; os.chdir('/')",
    "03_no_folder": "import os, shutil, tempfile; os.chdir(tempfile.gettempdir()); shutil.rmtree(os.getcwd())",
    "04_results": "import os, shutil; shutil.rmtree(os.environ['SALESNB_RESULTS_DIR'])",
    "05_atexit": "import atexit, time; atexit.register(time.sleep, 1000)",
    "06_thread": "import threading, time; threading.Thread(target=time.sleep, args=[1000]).start()",
    "07_environment": "import os; os.environ.clear()",
    "08_deaf": DEAF,
    "09_deep": "import os; open(os.environ['SALESNB_RESULTS_DIR'] + '/09_deep.json', 'w').write('[' * 200_000)",
}


@KERNELS
def test_what_does_no_harm(scene: Scene, kernels: str) -> None:
    for name, cell in HARMLESS.items():
        scene.write(cell, "1 + 1", name=name)
    ended = scene.run("--cell-timeout", "60", "--jobs", "2", SALESNB_KERNELS=kernels)
    assert ended.code == 0, ended
    assert scene.is_new()
    assert [one["state"] for one in told(scene.report / "run.json")["notebooks"]] == ["published"] * len(HARMLESS)


@KERNELS
def test_another_kernel_in_the_notebook_or_none(scene: Scene, kernels: str) -> None:
    for name, kernel in {"01_julia": "julia-1.11", "02_empty": "", "03_none": "none"}.items():
        scene.write("print('still python')", name=name, kernel=kernel)
    file = scene.notebooks / "03_none.ipynb"
    tree = told(file)
    del tree["metadata"]["kernelspec"]
    file.write_text(json.dumps(tree), encoding="utf-8")
    assert scene.run(SALESNB_KERNELS=kernels).code == 0
    for name in ("01_julia", "02_empty", "03_none"):
        assert "still python" in (scene.report / f"{name}.html").read_text(encoding="utf-8")
