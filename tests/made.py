"""What several test processes look at, made by one of them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

DEADLINE = 900.0
ELSEWHERE = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1"}
"""The sample's report is made in the first time zone, and must be what it is everywhere."""


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that the first process that wants it makes, and the others wait for."""
    base = factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    try:
        root.mkdir()
    except FileExistsError:
        _wait(root)
        return root / "made"
    outcome = "failed"
    try:
        (root / "made").mkdir()
        make(root / "made")
        outcome = "done"
    finally:
        (root / outcome).touch()
    return root / "made"


def _wait(root: Path) -> None:
    end = time.monotonic() + DEADLINE
    while not (root / "done").exists():
        if (root / "failed").exists() or time.monotonic() > end:
            pytest.fail(f"another process could not make what this test looks at: {root.name}")
        time.sleep(0.5)


def sample_report(factory: pytest.TempPathFactory) -> Path:
    """Return where the report of the sample company is published, made once by the very command."""
    return made_once(factory, "sample-report", lambda out: reported(out, Path.cwd(), **ELSEWHERE)) / "2026Q3"


def reported(out: Path, folder: Path, *options: str, **environment: str) -> Path:
    """Make the report of the sample company in a process of its own."""
    command = [sys.executable, "-m", "salesnb", "run", "2026Q3", "--out", str(out), "--force", *options]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return out / "2026Q3"
