"""salesnb itself is killed, at every step: the old or the new report is there, complete, and the next run succeeds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.scene import PATIENCE, PROGRAM, Scene

STEPS = Path(__file__).with_name("steps.py")
SHARDS = 2


@pytest.mark.parametrize("shard", range(SHARDS))
def test_killed_at_every_step(scene: Scene, shard: int) -> None:
    """The runs go on in one folder, each with what the one before left; the shards share the steps among them."""
    scene.write("print('the new report')")
    options = scene.command("--force", "--jobs", "1", "--keep", "1")[len(PROGRAM) :]
    counted = os.pathsep.join(map(str, (scene.out, scene.temporary)))
    driver = subprocess.Popen(
        [sys.executable, str(STEPS), counted, str(shard + 1), str(SHARDS), *options],
        cwd=scene.folder, env=scene.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert driver.stdin is not None
    assert driver.stdout is not None
    killed = 0
    try:
        while True:
            driver.stdin.write("next\n")
            driver.stdin.flush()
            number, code = map(int, driver.stdout.readline().split())
            assert scene.gone(but=driver.pid) == [], f"killed at step {number}, it left processes"
            assert scene.is_old() or scene.is_new(), f"killed at step {number}"
            assert len(list(scene.out.glob("previous/*/2*"))) <= 2
            if code != -signal.SIGKILL:
                assert code == 0, f"after a run that was killed at step {number - SHARDS}"
                break
            killed += 1
    finally:
        driver.stdin.close()
        driver.wait(PATIENCE)
        driver.stdout.close()
    assert killed > 15
    assert scene.is_new()
    assert len(list(scene.out.glob("previous/*/*"))) == 1


@pytest.mark.parametrize("kernels", ["", "ordinary"])
def test_killed_in_a_cell_and_begun_again_at_once(scene: Scene, kernels: str) -> None:
    scene.write(f"import time\nif not __import__('os').path.exists({str(scene.folder / 'go')!r}):\n"
                f"    {scene.saying()}\n    time.sleep(1000)")  # fmt: skip
    running = scene.start(SALESNB_KERNELS=kernels)
    scene.hear()
    (scene.folder / "go").touch()
    running.signal(signal.SIGKILL)
    ended = scene.run(SALESNB_KERNELS=kernels)
    assert ended.code == 0, ended
    assert scene.is_new()
    assert running.end().code == -signal.SIGKILL


def test_killed_while_a_cell_is_deaf_and_holds_the_interpreter(scene: Scene) -> None:
    scene.write(f"import ctypes, os\nif os.fork(): {scene.saying()}\nctypes.PyDLL(None).sleep(1000)")
    running = scene.start()
    scene.hear()
    os.kill(running.pid, signal.SIGKILL)
    assert running.end().code == -signal.SIGKILL
    assert scene.gone() == []
    assert scene.is_old()
    assert scene.litter() == []
