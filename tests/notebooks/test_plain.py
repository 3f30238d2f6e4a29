"""Shipped notebooks under tools that know nothing of this package: papermill, nbconvert and nbval, as processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(path for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))


@pytest.fixture
def tool(tmp_path):
    """Run a tool of this environment in an empty folder; its output where it fails."""

    def call(*arguments, cwd=tmp_path):
        scripts = str(Path(sys.executable).parent)
        environment = os.environ | {"PATH": scripts + os.pathsep + os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-m", *arguments], cwd=cwd, env=environment, capture_output=True, text=True,
            timeout=900, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

    return call


def test_papermill_with_a_file_of_parameters(tool, tmp_path):
    for notebook in NOTEBOOKS:
        out = tmp_path / notebook.name
        parameters = str(ROOT / "params" / "demo.yml")
        tool("papermill", "--no-progress-bar", "-f", parameters, str(notebook), str(out), cwd=ROOT)
        cells = json.loads(out.read_text())["cells"]
        assert not [o for c in cells for o in c.get("outputs", []) if o["output_type"] == "error"]
        assert sum(bool(c.get("outputs")) for c in cells) >= 4


def test_nbval(tool):
    """Run All, as pytest sees it: every cell executes."""
    tool("pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", *map(str, NOTEBOOKS), cwd=ROOT)
