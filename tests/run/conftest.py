"""Tiny notebooks for the tests of a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

RECORD = """
import json, os
from pathlib import Path

numbers = [
    {"id": "win_rate", "variant": "closed", "period": period, "segment": None, "value": 0.632, "numerator": 632,
     "denominator": 1000, "n": 1000, "low": 0.61, "high": 0.65, "unit": "ratio", "status": "ok", "reason": ""},
    {"id": "gross_margin", "variant": "ratio", "period": period, "segment": None, "value": None, "n": None,
     "low": None, "high": None, "unit": "ratio", "status": "needs", "reason": "needs orders.cost"},
]
told = {"period": period, "as_of": "2026-09-30", "source": "Little & Co", "fingerprint": FINGERPRINT, "currency": "EUR",
        "notebook": os.environ["SALESNB_NOTEBOOK"], "headlines": [HEADLINE], "numbers": numbers}
file = Path(os.environ["SALESNB_RESULTS_DIR"], os.environ["SALESNB_NOTEBOOK"] + ".json")
_ = file.write_text(json.dumps(told))
"""


def parameters(**values: Any) -> Any:
    lines = [f"{name} = {value!r}  # a parameter" for name, value in values.items()]
    return new_code_cell("\n".join(lines), metadata={"tags": ["parameters"]}, id="parameters")


def recording(headline: str = "63.2 % of deals are won.", fingerprint: str = "f1") -> str:
    return f"HEADLINE = {headline!r}\nFINGERPRINT = {fingerprint!r}\n{RECORD}"


def notebook(*cells: str | Any, title: str = "A question", kernel: str = "python3", **values: Any) -> Any:
    """Make a notebook: texts that begin with ``#`` are markdown, the others code; ids are stable."""
    made = new_notebook(metadata={"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}})
    made.cells = [new_markdown_cell(f"# {title}", id="title"), parameters(**{"period": "2026Q2", **values})]
    for index, cell in enumerate(cells):
        if isinstance(cell, str):
            make = new_markdown_cell if cell.startswith("#") else new_code_cell
            made.cells.append(make(cell, id=f"cell-{index}"))
        else:
            made.cells.append(cell)
    return made


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write notebooks by name into one folder, and return the folder."""
    folder = tmp_path / "notebooks"

    def _write(**notebooks: Any) -> Path:
        folder.mkdir(exist_ok=True)
        for name, made in notebooks.items():
            (folder / f"{name.removeprefix('nb_')}.ipynb").write_text(nbformat.writes(made), encoding="utf-8")
        return folder

    return _write
