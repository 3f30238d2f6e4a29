"""Cells that put out more than anybody can read: the run ends, in time and in memory, with exit code 5 or 6."""

from __future__ import annotations

import pytest

from tests.faults.scene import Scene

ENDLESS = "import itertools\nfor n in itertools.count(): print('x' * 1000, n)"
STDERR = "import itertools, sys\nfor n in itertools.count(): print('x' * 1000, n, file=sys.stderr)"
LINE = "print('x' * (64 * 2**20))"
DISPLAYS = "from IPython.display import display\nfor n in range(10**6): display(n)"
RESULT = "'x' * (40 * 2**20)"
SECRETLY = "import os\nfor n in range(100): os.write(1, b'x' * 2**20)"


@pytest.mark.parametrize(
    "cell", [ENDLESS, STDERR, LINE, RESULT, DISPLAYS], ids=["endless", "stderr", "line", "result", "displays"]
)
def test_a_flood(scene: Scene, cell: str) -> None:
    scene.write("x = 1", cell, "print('never')")
    error = scene.held(scene.run("--cell-timeout", "90"), 5, "done", "failed", "never reached")
    assert error["what"] == "the cells put out more than 32 MB"
    assert error["where"].startswith("01_one.ipynb, cell 4")
    assert (scene.failed / "01_one.ipynb").stat().st_size < 64 * 2**20


def test_a_flood_that_goes_round_the_notebook(scene: Scene) -> None:
    scene.write(SECRETLY)
    assert scene.run("--cell-timeout", "90").code in (0, 5)


def test_a_flood_that_is_not_too_much(scene: Scene) -> None:
    scene.write("for n in range(20_000): print(n)", "'x' * 10**6")
    assert scene.run().code == 0
    assert scene.is_new()
