"""The process that makes pages: it takes too long, is killed, or cannot make a page of what a notebook put out."""

from __future__ import annotations

import contextlib
import os
import signal

import pytest

from tests.faults.scene import Scene, told
from tests.faults.test_signals import SLOW_PAGE

KERNELS = pytest.mark.parametrize("kernels", ["", "ordinary"])


def makers_of_pages(scene: Scene) -> list[int]:
    """The processes that make pages: those whose log is render.log."""
    return [pid for pid in scene.processes() if os.path.realpath(f"/proc/{pid}/fd/2").endswith("/render.log")]


@KERNELS
def test_a_page_that_takes_too_long(scene: Scene, kernels: str) -> None:
    scene.write(SLOW_PAGE)
    error = scene.held(scene.run("--render-timeout", "2", SALESNB_KERNELS=kernels), 6, "done")
    assert error["what"] == "the page took longer than 2 seconds to make"
    assert error["where"] == "01_one.ipynb"


@KERNELS
def test_the_process_is_killed_while_it_makes_a_page(scene: Scene, kernels: str) -> None:
    scene.write(SLOW_PAGE)
    running = scene.start(SALESNB_KERNELS=kernels)
    running.until(kind="executed")
    # One that is killed before it has been asked for the page is started again, and nothing is lost.
    while running.process.poll() is None:
        for pid in makers_of_pages(scene):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    error = scene.held(running.end(), 8, "done")
    assert error["what"] == "the process that makes pages ended with the code -9"
    assert (scene.failed / "01_one.ipynb").is_file()


def test_the_process_is_killed_between_two_pages(scene: Scene) -> None:
    """It is started again: nothing is lost."""
    gate = scene.folder / "gate"
    scene.write("print(1)", name="01_one")
    scene.write(f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(.01)", name="02_two")
    running = scene.start("--jobs", "2")
    running.until(kind="rendered", notebook="01_one")
    (maker,) = makers_of_pages(scene)
    os.kill(maker, signal.SIGKILL)
    gate.touch()
    ended = running.end()
    assert ended.code == 0, ended
    assert scene.is_new()


def test_pages_that_go_on_without_one(scene: Scene) -> None:
    scene.write(SLOW_PAGE, name="01_slow")
    scene.write("print(1)", name="02_two")
    ended = scene.run("--keep-going", "--render-timeout", "3")
    assert ended.code == 6, ended
    assert scene.is_new()
    assert {one["name"]: one["state"] for one in told(scene.report / "run.json")["notebooks"]} == {
        "01_slow": "failed", "02_two": "published",
    }  # fmt: skip
    assert "01_slow.ipynb: the page took longer than 3 seconds" in (scene.report / "index.html").read_text("utf-8")
