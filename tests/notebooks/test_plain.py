"""Shipped notebooks under tools that know nothing of this package: papermill, nbconvert and nbval, as processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from salesnb.run.notebook import find_notebooks, notebooks_folder

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = (*find_notebooks(notebooks_folder()), "_template")


@pytest.fixture
def folder(tmp_path):
    """A clean copy of the notebooks, and nothing else of the checkout beside it."""
    return Path(shutil.copytree(notebooks_folder(), tmp_path / "notebooks"))


@pytest.fixture
def tool(folder, opened):
    """Run a tool of this environment where the notebooks lie; its output where it fails.

    In papermill's run of one notebook it opens the sample company itself, and finds everything itself.
    """

    def call(*arguments, cwd=folder, is_alone=False):
        scripts = str(Path(sys.executable).parent)
        own = {
            "PATH": scripts + os.pathsep + os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            **({} if is_alone else opened),
        }
        done = subprocess.run(
            [sys.executable, "-m", *arguments], cwd=cwd, env=os.environ | own, capture_output=True, text=True,
            timeout=900, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

    return call


def ran(notebook):
    """Whether every code cell ran, in order, none failed, and the reader is shown something."""
    code = [cell for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    outputs = [output for cell in code for output in cell["outputs"]]
    is_whole = [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    return is_whole and len(outputs) >= 3 and all(output["output_type"] != "error" for output in outputs)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_papermill(tool, folder, name):
    """With the parameters that come with the sample, from a file; the template as it is."""
    out = str(folder / "out.ipynb")
    if name == "_template":
        tool("papermill", "--no-progress-bar", f"{name}.ipynb", out)
    else:
        parameters = str(ROOT / "params" / "demo.yml")
        given = ("--no-progress-bar", "-f", parameters, f"notebooks/{name}.ipynb", out)
        tool("papermill", *given, cwd=ROOT, is_alone=name == NOTEBOOKS[0])
    assert ran(folder / "out.ipynb")


def test_nbconvert(tool, folder):
    tool("nbconvert", "--execute", "--to", "notebook", "--output-dir", "out", *(f"{name}.ipynb" for name in NOTEBOOKS))
    assert [name for name in NOTEBOOKS if not ran(folder / "out" / f"{name}.ipynb")] == []


def test_nbval(tool):
    """Run All, as pytest sees it: every cell executes."""
    tool("pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", *(f"{name}.ipynb" for name in NOTEBOOKS))
