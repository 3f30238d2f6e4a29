"""Signals, at every stage of a run: what is under way ends, and nothing half-done is left."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from tests.faults.scene import PROGRAM, Scene, is_whole

STAGES = ("cell", "rendering", "publishing")
NAMES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
STOPPED = "salesnb: stopped; what had been published stays, and nothing half-done is left"
SLOW_PAGE = "from IPython.display import display, Markdown\nfor n in range(600): display(Markdown('* [a*](<b' * 600))"
"""A page that takes a minute to make."""

# Ends itself with a signal at the moment before the new report takes the place of the old one, and goes on.
BEFORE_PUBLISHING = """
import os, signal, sys
from salesnb.run.publish import Place
publish = Place.publish
def late(self):
    for _ in range(int(sys.argv[1])):
        os.kill(os.getpid(), int(sys.argv[2]))
    return publish(self)
Place.publish = late
from salesnb.cli import main
main(sys.argv[3:])
"""


def ended_by(code: int, number: int) -> bool:
    """Whether a process ended with the code that stands for a signal, or by the signal itself before it could."""
    return code in (NAMES[signal.Signals(number)], -number)


@pytest.mark.parametrize(
    ("to_all", "times", "kernels"),
    [(False, 1, ""), (False, 2, ""), (True, 1, ""), (True, 2, ""), (True, 1, "ordinary"), (True, 2, "ordinary")],
    ids=["alone", "alone-twice", "terminal", "terminal-twice", "ordinary", "ordinary-twice"],
)
def test_ctrl_c_in_a_cell(scene: Scene, to_all: bool, times: int, kernels: str) -> None:
    scene.write("import time", f"{scene.saying()}\ntime.sleep(1000)", "print('never')")
    running = scene.start(SALESNB_KERNELS=kernels)
    scene.hear()
    running.signal(signal.SIGINT, to_all=to_all)
    assert running.until(kind="stopping")["text"] == "it was interrupted"
    if times == 2:
        running.signal(signal.SIGINT, to_all=to_all)
    ended = running.end()
    error = scene.held(ended, 130, "done", "stopped", "never reached")
    assert error["what"] == "it was interrupted"
    assert ended.errors.splitlines()[-1] == STOPPED


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_ended_in_a_cell_that_listens_to_nobody(scene: Scene, number: signal.Signals) -> None:
    deaf = f"import ctypes\n{scene.saying()}\nctypes.PyDLL(None).sleep(1000)"
    scene.write("x = 1", deaf, "print('never')")
    running = scene.start()
    scene.hear()
    running.signal(number)
    scene.held(running.end(), NAMES[number], "done", "stopped", "never reached")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_of_every_kind_one_after_the_other(scene: Scene, number: signal.Signals) -> None:
    scene.write(f"import time\n{scene.saying()}\ntime.sleep(1000)")
    running = scene.start()
    scene.hear()
    running.signal(number)
    running.until(kind="stopping")
    for another in NAMES:
        running.signal(another)
    scene.held(running.end(), NAMES[number], "stopped")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_program_is_imported(scene: Scene, number: signal.Signals) -> None:
    scene.write("x = 1")
    said = scene.saying()
    hook = f"lambda name, args: name == 'import' and args[0] == 'typer' and ({said})"
    module = "import runpy; runpy.run_module('salesnb', run_name='__main__')"
    start = f"import sys; sys.addaudithook({hook}); sys.argv = ['salesnb', *sys.argv[1:]]; {module}"
    running = scene.launch([sys.executable, "-c", start, *scene.command()[len(PROGRAM) :]])
    scene.hear()
    running.signal(number, to_all=True)
    ended = running.end()
    assert ended_by(ended.code, number), ended
    assert scene.is_old()
    assert ended.events == []
    assert not scene.failed.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_run_is_laid_out(scene: Scene, number: signal.Signals) -> None:
    scene.write("print(1)")
    running = scene.start()
    running.until(kind="run")
    running.signal(number, to_all=True)
    ended = running.end()
    scene.held(ended, NAMES[number], "never reached")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_a_page_is_made(scene: Scene, number: signal.Signals) -> None:
    scene.write(SLOW_PAGE)
    running = scene.start()
    running.until(kind="executed")
    running.signal(number, to_all=True)
    error = scene.held(running.end(), NAMES[number], "done")
    assert error["kind"] == "Stopped"


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_just_before_the_report_is_published(scene: Scene, number: signal.Signals, times: int) -> None:
    scene.write("print(1)")
    options = scene.command()[len(PROGRAM) :]
    running = scene.launch([sys.executable, "-c", BEFORE_PUBLISHING, str(times), str(int(number)), *options])
    ended = running.end()
    if ended.code == 0:
        assert scene.is_new()
        assert ended.events[-1]["kind"] == "done"
    else:
        assert ended.code == NAMES[number]
        assert scene.is_old()
        assert ended.errors.splitlines()[-1] == STOPPED


def test_a_signal_to_a_backfill_leaves_what_is_published(scene: Scene) -> None:
    scene.write(f"if period == '2026Q4':\n    {scene.saying()}\n    import time; time.sleep(1000)")
    running = scene.start("--jobs", "1", period="2026Q1..2026Q4", verb="backfill")
    scene.hear()
    running.signal(signal.SIGINT, to_all=True)
    ended = running.end()
    assert ended.code == 130
    published = {event["period"] for event in ended.events if event["kind"] == "published"}
    assert {"2026Q1", "2026Q2"} <= published
    assert "2026Q4" not in published
    assert all(is_whole(scene.out / period) for period in published)
    assert scene.is_old() == ("2026Q3" not in published)


def test_a_run_that_hears_no_hangup_goes_on(scene: Scene) -> None:
    scene.write(f"{scene.saying()}\nimport time; time.sleep(1)")
    running = scene.launch(["nohup", *scene.command()])
    scene.hear()
    running.signal(signal.SIGHUP)
    assert running.end().code == 0
    assert scene.is_new()


def test_the_process_that_forks_is_killed_while_a_cell_runs(scene: Scene) -> None:
    scene.write(f"import os, time\n{scene.saying('os.getppid()')}\ntime.sleep(1000)", "print('never')")
    running = scene.start()
    os.kill(int(scene.hear()), signal.SIGKILL)
    error = scene.held(running.end(), 7, "kernel died", "never reached")
    assert error["what"] == "the kernel ended by itself"


def test_the_process_that_forks_is_killed_with_a_child_of_a_cell_running(scene: Scene) -> None:
    cell = f"import os, time\nif os.fork(): {scene.saying('os.getppid()')}\ntime.sleep(1000)"
    scene.write(cell, "print('never')")
    running = scene.start()
    os.kill(int(scene.hear()), signal.SIGKILL)
    scene.held(running.end(), 7, "kernel died", "never reached")


def test_the_process_that_forks_is_killed_before_a_page_is_made(scene: Scene) -> None:
    scene.write(f"import os\n{scene.saying('os.getppid()')}", name="01_one")
    scene.write(f"import os, time\n{scene.saying('os.getppid()')}\ntime.sleep(1000)", name="02_two")
    running = scene.start("--keep-going", "--jobs", "2")
    running.until(kind="rendered")
    # Both cells have spoken: the other one runs by then.
    forkers = {scene.hear(), scene.hear()}
    assert len(forkers) == 1
    os.kill(int(forkers.pop()), signal.SIGKILL)
    ended = running.end()
    assert ended.code == 7, ended
    assert scene.is_new()
    assert scene.states("02_two") == ["kernel died"]
