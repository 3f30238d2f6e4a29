"""The Python in the documents runs, and the tests that it shows pass."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    file for file in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")] if "```python\n" in file.read_text("utf-8")
)
RUN_TESTS = """
for _name, _test in list(globals().items()):
    if _name.startswith("test_"):
        _test()
        print("passed", _name)
"""


def blocks(text: str) -> str:
    """All Python of a document as one program, as a reader would type it; other lines stay as blank ones."""
    program = []
    is_inside = False
    for line in text.splitlines():
        is_fence = line.startswith("```")
        program.append(line if is_inside and not is_fence else "")
        is_inside = (line == "```python") if is_fence else is_inside
    return "\n".join(program)


def test_there_are_examples() -> None:
    assert ROOT / "CONTRIBUTING.md" in DOCUMENTS


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.name)
def test_the_examples_run(file: Path) -> None:
    """In a process of its own: what an example registers is not in the catalogue of the other tests."""
    program = blocks(file.read_text("utf-8"))
    ran = subprocess.run(
        [sys.executable, "-c", program + RUN_TESTS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("passed test_") == len(re.findall(r"^def test_", program, re.MULTILINE))


def test_blocks_are_found() -> None:
    text = "a\n```python\nx = 1\n```\n```text\ny\n```\n```python\nz = 2\n```"
    assert blocks(text).split("\n") == ["", "", "x = 1", "", "", "", "", "", "z = 2", ""]
