"""Scenes of faults."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.faults.scene")

from tests.faults.scene import Scene, is_whole  # noqa: E402
from tests.faults.warm import Forker  # noqa: E402

if not sys.platform.startswith("linux"):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def forker() -> Iterator[Forker]:
    """What the runs of a session are forked from."""
    made = Forker()
    yield made
    made.end()


@pytest.fixture(scope="session")
def old_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report that was published before, made once, by the very command."""
    scene = Scene(tmp_path_factory.mktemp("old"))
    scene.write("print('the old report')")
    try:
        ended = scene.run()
        assert (ended.code, ended.kinds()[-2:]) == (0, ["published", "done"]), ended
        scene.check()
    finally:
        scene.close()
    assert is_whole(scene.report)
    return scene.report


@pytest.fixture
def scene(tmp_path: Path, old_report: Path, forker: Forker) -> Iterator[Scene]:
    """An old report in its place; after the test, all that has to be true after any run."""
    made = Scene(tmp_path, forker)
    made.publish(old_report)
    try:
        yield made
        made.check()
    finally:
        made.close()
