"""Every notebook has the same anatomy, and no logic: what it says is computed where it can be tested."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from salesnb.params import Params

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PARAMETER = re.compile(r"^(?P<name>[a-z_]+): (?P<type>.+?) = (?P<value>.+?)  # (?P<help>\S.*)$")
LOGIC = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.AsyncFor, ast.While, ast.Try,
    ast.TryStar, ast.If, ast.IfExp, ast.Match, ast.With, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare,
    ast.AugAssign, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.JoinedStr, ast.Delete, ast.Assert,
)  # fmt: skip
"""What a notebook has none of."""


def code(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def is_parameters(cell: dict[str, Any]) -> bool:
    return "parameters" in cell["metadata"].get("tags", [])


def faults(notebook: dict[str, Any]) -> list[str]:
    """What is not as in every other notebook, one sentence each."""
    cells = code(notebook)
    found = []
    for cell in cells:
        if cell.get("outputs") or cell.get("execution_count") is not None:
            found.append("a cell holds output: run nbstripout")
    if notebook["cells"][0]["cell_type"] != "markdown" or not source(notebook["cells"][0]).startswith("# "):
        found.append("it does not begin with its question")
    tagged = [i for i, cell in enumerate(cells) if is_parameters(cell)]
    if tagged != [0]:
        found.append("its first code cell, and no other, is to be tagged 'parameters'")
    else:
        found += parameter_faults(source(cells[0]))
    imports = [i for i, cell in enumerate(cells) if re.search(r"^\s*(import|from) ", source(cell), re.MULTILINE)]
    if imports != [1]:
        found.append("its second code cell, and no other, is to import")
    elif any(not isinstance(n, ast.Import | ast.ImportFrom) for n in ast.parse(source(cells[1])).body):
        found.append("its import cell does more than import")
    for cell in cells:
        if is_parameters(cell):
            continue
        if re.search(r"^\s*[%!?]|\?$", source(cell), re.MULTILINE):
            found.append("it has a magic command")
            continue
        named = [type(n).__name__ for n in ast.walk(ast.parse(source(cell))) if isinstance(n, LOGIC)]
        found += [f"it has logic: {name}" for name in named]
    if len(cells) < 3 or "salesnb.sheet(" not in source(cells[2]):
        found.append("its third code cell is to open the sheet")
    if not cells or not re.match(r"sheet\.finish\(", source(cells[-1]).splitlines()[-1] if source(cells[-1]) else ""):
        found.append("it does not end with sheet.finish")
    return found


def parameter_faults(text: str) -> list[str]:
    found = []
    for line in (line for line in text.splitlines() if line and not line.startswith("#")):
        match = PARAMETER.match(line)
        if match is None:
            found.append(f"a parameter is written 'name: type = default  # help': {line}")
            continue
        try:
            ast.literal_eval(match["value"])
        except ValueError:
            found.append(f"the default of {match['name']} is not a literal")
    return found


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_has_the_anatomy_of_all(file: Path) -> None:
    notebook = json.loads(file.read_text(encoding="utf-8"))
    assert faults(notebook) == []
    assert notebook["nbformat"] == 4
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebooks_parameters_are_parameters_of_a_run(file: Path) -> None:
    text = source(code(json.loads(file.read_text(encoding="utf-8")))[0])
    matches = [match for line in text.splitlines() if (match := PARAMETER.match(line))]
    values = {match["name"]: ast.literal_eval(match["value"]) for match in matches}
    assert "period" in values
    params = Params.of(**values).for_notebook()
    assert {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}.items() <= params.items()


@pytest.mark.parametrize("name", ["01_scorecard", "06_team", "09_data_health", "_template"])
def test_the_first_notebooks_are_there(name: str) -> None:
    assert name in [file.stem for file in NOTEBOOKS]


def notebook_of(*cells: str, output: bool = False) -> dict[str, Any]:
    """A notebook whose first cell is its question and whose second is tagged; ``#`` begins a text cell."""
    made: list[dict[str, Any]] = [
        {"cell_type": "code", "source": text, "metadata": {}, "outputs": [], "execution_count": 1 if output else None}
        if not text.startswith("# ")
        else {"cell_type": "markdown", "source": text, "metadata": {}}
        for text in cells
    ]
    made[1]["metadata"] = {"tags": ["parameters"]}
    return {"cells": made}


GOOD = (
    "# Are we on plan?",
    'period: str = "2026Q3"  # the period',
    "import salesnb",
    "sheet = salesnb.sheet(period=period)",
    "sheet.finish(result)",
)


def test_a_good_notebook_has_no_fault() -> None:
    assert faults(notebook_of(*GOOD)) == []


@pytest.mark.parametrize(
    ("place", "text", "fault"),
    [
        (0, "x = 1", "it does not begin with its question"),
        (1, 'period = "2026Q3"', "a parameter is written 'name: type = default  # help': period = \"2026Q3\""),
        (1, "period: str = make()  # the period", "the default of period is not a literal"),
        (2, "import salesnb\nx = 1", "its import cell does more than import"),
        (3, "import os\nsheet = salesnb.sheet()", "its second code cell, and no other, is to import"),
        (3, "x = 1", "its third code cell is to open the sheet"),
        (3, "sheet = salesnb.sheet(a=1 + 1)", "it has logic: BinOp"),
        (3, "def f():\n    salesnb.sheet()", "it has logic: FunctionDef"),
        (3, "for x in y:\n    salesnb.sheet()", "it has logic: For"),
        (3, "try:\n    salesnb.sheet()\nexcept ValueError:\n    pass", "it has logic: Try"),
        (3, "%matplotlib inline\nsalesnb.sheet()", "it has a magic command"),
        (4, "sheet.show(x)", "it does not end with sheet.finish"),
    ],
)
def test_a_fault_is_found(place: int, text: str, fault: str) -> None:
    cells = list(GOOD)
    cells[place] = text
    assert fault in faults(notebook_of(*cells))


def test_output_is_found() -> None:
    assert "a cell holds output: run nbstripout" in faults(notebook_of(*GOOD, output=True))


def test_the_hook_that_strips_notebooks_leaves_them_as_they_are() -> None:
    """Its own command, asked only to verify: it would change none, ids of cells included."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    entry = next(hook["entry"] for hook in hooks if hook["id"] == "nbstripout").split()
    command = [sys.executable, "-m", "nbstripout", *entry[1:], "--verify"]
    files = [str(file) for file in NOTEBOOKS]
    assert files
    assert subprocess.run([*command, *files], cwd=ROOT, capture_output=True).returncode == 0
