"""Notebook: found, read, checked against its parameters, and tidied when it has been executed."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from salesnb.errors import ParameterError, SalesnbError, did_you_mean
from salesnb.run.manifest import CellRecord


def notebooks_folder() -> Path:
    """Return the folder of the notebooks that come with salesnb.

    In a clone it is ``notebooks/`` beside the package; in an installed package the same notebooks lie inside it.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package.parent / "notebooks", package / "notebooks"):
        if (folder / "_template.ipynb").is_file():
            return folder
    raise ParameterError(
        "the notebooks of salesnb are not there", where=str(package), mend="install the package again, or clone it"
    )


def find_notebooks(folder: Path, only: Sequence[str] = ()) -> dict[str, Path]:
    """Return the notebooks of a folder by name, in reading order; those whose name begins with ``_`` are not run.

    Parameters
    ----------
    folder
        Where they lie.
    only
        The names, or the parts after the number, of those that are wanted; empty for all.

    Raises
    ------
    ParameterError
        There are none, or none of a wanted name.
    """
    found = {path.stem: path for path in sorted(folder.glob("*.ipynb")) if not path.stem.startswith(("_", "."))}
    if not found:
        raise ParameterError("there is no notebook to run", where=str(folder), mend="give a folder with notebooks")
    if not only:
        return found
    by_any_name = {other: name for name in found for other in (name, name.partition("_")[2] or name, f"{name}.ipynb")}
    unknown = [name for name in only if name not in by_any_name]
    if unknown:
        raise ParameterError(
            "; ".join(f"no notebook {name!r} ({did_you_mean(name, list(found))})" for name in unknown),
            where="only",
            mend=f"the notebooks are {', '.join(found)}",
        )
    wanted = {by_any_name[name] for name in only}
    return {name: path for name, path in found.items() if name in wanted}


def read(text: str, name: str) -> Any:
    """Return a notebook of the current format from its text.

    Raises
    ------
    ParameterError
        The text is not a notebook.
    """
    nbformat = _nbformat()
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except (ValueError, KeyError, TypeError, AttributeError, nbformat.ValidationError) as error:
        raise ParameterError(
            "this is not a notebook that can be read",
            where=f"{name}.ipynb: {str(error).splitlines()[0][:200] if str(error) else type(error).__name__}",
            mend="open it in JupyterLab and save it, or restore it",
        ) from error
    return notebook


def text_of(notebook: Any) -> str:
    """Return a notebook as the text of an ``.ipynb``."""
    return str(_nbformat().writes(notebook))


def declared(notebook: Any) -> tuple[str, ...]:
    """Return the names that a notebook's cell tagged ``parameters`` sets, in order; none where it has no such cell.

    Parameters
    ----------
    notebook
        As nbformat reads it, or as its JSON is.
    """
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and "parameters" in cell["metadata"].get("tags", ()):
            body = _parsed(cell)
            targets = [
                target
                for line in body
                if isinstance(line, ast.Assign | ast.AnnAssign)
                for target in (line.targets if isinstance(line, ast.Assign) else [line.target])
            ]
            return tuple(target.id for target in targets if isinstance(target, ast.Name))
    return ()


def imported(notebook: Any) -> tuple[str, ...]:
    """Return the modules that the cells of a notebook import, without those of its own folder."""
    found: dict[str, None] = {}
    for cell in notebook["cells"]:
        for line in _parsed(cell) if cell["cell_type"] == "code" else []:
            if isinstance(line, ast.Import):
                found |= dict.fromkeys(alias.name for alias in line.names)
            elif isinstance(line, ast.ImportFrom) and line.module and not line.level:
                found |= dict.fromkeys([line.module, *(f"{line.module}.{alias.name}" for alias in line.names)])
    return tuple(found)


def _parsed(cell: Any) -> list[ast.stmt]:
    source = cell["source"]
    try:
        return ast.parse(source if isinstance(source, str) else "".join(source)).body
    except (SyntaxError, ValueError):
        return []


def check_params(notebook: Any, params: Mapping[str, Any], name: str) -> None:
    """Raise ParameterError unless every parameter is one of the notebook's, with a value that JSON has."""
    known = declared(notebook)
    problems = []
    for key, value in params.items():
        if key not in known:
            problems.append(f"no parameter {key!r} ({did_you_mean(key, known) if known else 'it has none'})")
        elif not _is_json(value):
            problems.append(f"{key} is {type(value).__name__} {str(value)[:40]!r}, which is not a value that JSON has")
    if problems:
        raise ParameterError(
            "; ".join(problems), where=f"{name}.ipynb", mend="use the names in its cell tagged 'parameters'"
        )


def tidied(notebook: Any, records: Sequence[CellRecord], error: SalesnbError | None) -> Any:
    """Return an executed notebook without the traces that change with each run.

    Where it failed, each cell says what became of it, and a text before the first one says why.
    """
    nbformat = _nbformat()
    tidy = nbformat.from_dict(json.loads(text_of(_without_input(notebook))))
    tidy.metadata.pop("papermill", None)
    tidy.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for cell, record in zip(tidy.cells, records, strict=True):
        if not record.number:
            cell["id"] = "parameters-of-this-run"
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if not cell.metadata.get("tags"):
            cell.metadata.pop("tags", None)
        if error is not None and cell.cell_type == "code":
            cell.metadata["salesnb"] = {"state": record.state}
    if error is not None:
        reached = [record.number for record in records if record.state == "never reached"]
        lines = [f"**This run failed.** {_as_markdown(error)}"]
        if reached:
            lines.append(f"Never reached: cells {', '.join(map(str, reached))}.")
        note = nbformat.v4.new_markdown_cell("\n\n".join(lines), id="run-failed")
        note.metadata["tags"] = ["salesnb-failed"]
        tidy.cells.insert(0, note)
    return tidy


def _nbformat() -> Any:
    """Import nbformat when a notebook is read, not before."""
    return import_module("nbformat")


def _without_input(notebook: Any) -> Any:
    """Drop the copy of the whole notebook that papermill keeps as the name of its input."""
    if "papermill" in notebook.metadata:
        notebook.metadata["papermill"] = {}
    return notebook


def _as_markdown(error: SalesnbError) -> str:
    """Return an error's three parts as indented code, which shows any text as it is."""
    return "\n\n" + "\n".join(f"    {line}" for line in str(error).splitlines())


def _is_json(value: Any) -> bool:
    if value is None or isinstance(value, str | bool | int):
        return True
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list):
        return all(map(_is_json, value))
    return isinstance(value, dict) and all(isinstance(key, str) and _is_json(item) for key, item in value.items())


def expected_seconds(text: str) -> float:
    """Return how long a notebook is expected to take, by its own metadata: ``salesnb.seconds``; 0 where it is silent.

    Only the order in which notebooks begin depends on it.

    Examples
    --------
    >>> expected_seconds('{"metadata": {"salesnb": {"seconds": 6}}}'), expected_seconds("{}")
    (6.0, 0.0)
    """
    try:
        told = json.loads(text)["metadata"]["salesnb"]["seconds"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0.0
    return float(told) if isinstance(told, int | float) and 0 <= told < 1e6 else 0.0
