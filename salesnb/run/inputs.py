"""Inputs: all that the pages of a report are made of, as digests. While they stay the same, nothing needs to run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from salesnb.errors import ParameterError
from salesnb.params import Params
from salesnb.run.manifest import digest, versions
from salesnb.run.notebook import declared, imported

_PARTS = {
    "notebook": "the notebook",
    "params": "its parameters",
    "data": "the data",
    "goals": "the goals",
    "pay": "the pay plans",
    "package": "salesnb itself",
    "versions": "the versions of what it stands on",
}
_FILES = ("goals", "pay")
"""The inputs that count for notebooks alone that take a parameter of that name."""
_CODE = (".py", ".yml", ".css", ".js", ".j2")
_PRELOADED = ("salesnb", "pandas", "numpy", "ibis", "duckdb", "matplotlib", "seaborn", "scipy", "pyarrow")


@dataclass(frozen=True)
class Inputs:
    """What a run is made of.

    Attributes
    ----------
    data
        The digest of the source's content; empty where that cannot be told without reading all of it.
    package, versions, goals, pay
        Digests of the code of salesnb, of the versions of its parts, of the goals, and of the pay plans.
    notebooks
        Name to the digests of what its page is made of, by part.
    texts
        Name to the notebook's text.
    params
        Name to the values of the parameters that the notebook takes.
    modules
        What the notebooks import and every kernel may have imported already.
    """

    data: str
    package: str
    versions: str
    goals: str
    pay: str
    notebooks: Mapping[str, Mapping[str, str]]
    texts: Mapping[str, str]
    params: Mapping[str, Mapping[str, Any]]
    modules: tuple[str, ...]

    @classmethod
    def of(cls, settings: Params, texts: Mapping[str, str]) -> Inputs:
        """Take the digests of everything.

        Parameters
        ----------
        settings
            The run's parameters.
        texts
            Name to the text of every notebook.

        Raises
        ------
        ParameterError
            A text is no notebook, or a notebook takes no period.
        SourceError, MappingError
            The source is not there.
        """
        from salesnb.data.stamp import stamp

        whole = {
            "data": stamp(settings.source),
            "package": package_digest(),
            "versions": digest(json.dumps(versions(), sort_keys=True).encode()),
            "goals": _file(settings.goals_file()),
            "pay": _file(settings.pay_file()),
        }
        notebooks: dict[str, dict[str, str]] = {}
        params: dict[str, dict[str, Any]] = {}
        modules: dict[str, None] = {}
        for name, text in texts.items():
            tree = _tree(name, text)
            names = declared(tree)
            if "period" not in names:
                raise ParameterError(
                    "the notebook takes no period",
                    where=f"{name}.ipynb",
                    mend="add period to its cell tagged 'parameters'",
                )
            params[name] = {key: value for key, value in settings.for_notebook().items() if key in names}
            notebooks[name] = {
                "notebook": digest(text.encode()),
                "params": digest(json.dumps(params[name], sort_keys=True).encode()),
                **{part: own for part, own in whole.items() if part not in _FILES or part in names},
            }
            modules |= dict.fromkeys(one for one in imported(tree) if one.partition(".")[0] in _PRELOADED)
        return cls(**whole, notebooks=notebooks, texts=texts, params=params, modules=tuple(modules))

    def as_dict(self) -> dict[str, str]:
        """Return the digests of the run as a whole."""
        return {"data": self.data, "package": self.package, "versions": self.versions, "goals": self.goals,
                "pay": self.pay}  # fmt: skip


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Return, in words, which of a notebook's inputs are not what they were; none where its page can stay."""
    return tuple(
        words
        for part, words in _PARTS.items()
        if before.get(part) != now.get(part) or (part == "data" and not now.get(part))
    )


@cache
def package_digest() -> str:
    """Return the digest of the code of salesnb: of every file that could change what comes out."""
    folder = Path(__file__).resolve().parents[1]
    files = sorted(path for path in folder.rglob("*") if path.suffix in _CODE)
    return digest(
        "\n".join(f"{path.relative_to(folder).as_posix()} {digest(path.read_bytes())}" for path in files).encode()
    )


def _file(file: Path | None) -> str:
    try:
        return "" if file is None else digest(file.read_bytes())
    except OSError:
        return ""


def _tree(name: str, text: str) -> Any:
    """Return a notebook's JSON, where it has the shape of one."""
    try:
        tree = json.loads(text)
        if all(isinstance(cell["metadata"], dict) and cell["cell_type"] and "source" in cell for cell in tree["cells"]):
            return tree
        told = "a cell has no type, source or metadata"
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        told = f"{type(error).__name__}: {error}"[:200]
    raise ParameterError(
        "this is not a notebook that can be read",
        where=f"{name}.ipynb: {told}",
        mend="open it in JupyterLab and save it, or restore it",
    )
