"""Diffing: the two runs that are compared, read from their folders and held against each other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from salesnb.analysis.restatement import INPUT_COLUMNS, KEYS
from salesnb.errors import ParameterError, PeriodError
from salesnb.periods import Period
from salesnb.run.predecessors import runs_of
from salesnb.run.publish import MANIFEST, PREVIOUS, RESULTS, check_link, contained

Key: TypeAlias = tuple[str, str, str, str | None, str | None]

_NO_INFLUENCE = ("source", "out")
"""Parameters that say where things are; what is there is compared by its content."""


@dataclass(frozen=True)
class PastRun:
    """A published run, or one that was.

    Attributes
    ----------
    folder
        Where it is.
    manifest, results
        Its run.json and its results.json.
    """

    folder: Path
    manifest: Mapping[str, Any]
    results: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> PastRun:
        """Read a run from its folder.

        Raises
        ------
        ParameterError
            The folder holds no run, or one that was not published.
        RefusedForSafety
            It is a link.
        """
        check_link(folder)
        manifest = _tree(folder, MANIFEST)
        if manifest.get("state") != "published":
            raise ParameterError(
                f"this run is {manifest.get('state') or 'of no known state'}, and was not published",
                where=str(folder),
                mend="compare published runs or their predecessors; a failed run has no numbers",
            )
        results = _tree(folder, RESULTS)
        numbers = results.get("numbers")
        if not isinstance(numbers, list) or not all(isinstance(n, dict) and n.get("id") for n in numbers):
            raise _no_run(folder, f"its {RESULTS} has no list of numbers")
        return cls(folder, manifest, results)

    @property
    def root(self) -> Path:
        """The folder of all reports that it belongs to."""
        folder = self.folder.resolve()
        return folder.parents[2] if folder.parents[1].name == PREVIOUS else folder.parent

    @property
    def period(self) -> str:
        """What it reports on."""
        return str(self.manifest.get("period") or self.results.get("period") or self.folder.name)

    @property
    def ended(self) -> str:
        """When it ended, in words; to the second, because two runs may be of one minute."""
        return str(self.manifest.get("ended_at") or self.folder.name).replace("T", " ").replace("+00:00", " UTC")

    @property
    def fingerprint(self) -> str:
        """The digest of its data; empty where it is not known."""
        return str(self.results.get("fingerprint") or self.manifest.get("fingerprint") or "")

    @property
    def as_of(self) -> str:
        """The last day that it knew, as written."""
        return str(self.results.get("as_of") or self.manifest.get("as_of") or "")

    @property
    def params(self) -> dict[str, Any]:
        """Its parameters, but for those that only say where things are; and the digest of its goals."""
        told = {k: v for k, v in _mapping(self.manifest.get("params")).items() if k not in _NO_INFLUENCE}
        goals = _mapping(self.manifest.get("inputs")).get("goals")
        return told | ({"the goals' content": goals} if goals else {})

    @property
    def code(self) -> dict[str, Any]:
        """What it was computed by: the package, and the versions of its parts."""
        package = _mapping(self.manifest.get("inputs")).get("package")
        return {"the package": package, **_mapping(self.manifest.get("versions"))}

    @property
    def notebooks(self) -> dict[str, str]:
        """Notebook name to digest."""
        return {str(one.get("name")): str(one.get("sha256")) for one in self._records}

    @property
    def failed(self) -> frozenset[str]:
        """The notebooks that failed, where it was published without them."""
        return frozenset(str(one.get("name")) for one in self._records if one.get("state") == "failed")

    @property
    def _records(self) -> list[dict[str, Any]]:
        told = self.manifest.get("notebooks")
        return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []

    @property
    def definitions(self) -> dict[str, str] | None:
        """KPI name to the digest of its definition; None where the run recorded none."""
        told = self.results.get("definitions")
        return dict(told) if isinstance(told, dict) else None

    @cached_property
    def numbers(self) -> dict[Key, Mapping[str, Any]]:
        """Its numbers by id, variant, period, dimension and segment; the first where two notebooks have the same."""
        found: dict[Key, Mapping[str, Any]] = {}
        for number in self.results["numbers"]:
            told = {name: number.get(name) for name in KEYS}
            texts = [str(told[name] or "") for name in ("id", "variant")]
            by, segment = (None if told[name] is None else str(told[name]) for name in ("by", "segment"))
            found.setdefault((texts[0], texts[1], str(told["period"] or self.period), by, segment), number)
        return found


def two_runs(first: str, second: str | None, out: str | Path, back: int = 1) -> tuple[PastRun, PastRun]:
    """Find the two runs to compare, the earlier one first.

    Parameters
    ----------
    first
        The folder of the earlier run; or, without `second`, a period, of which the published run is the later one.
    second
        The folder of the later run.
    out
        The folder of all reports.
    back
        Without `second`: how many runs before the published one the earlier one is.

    Raises
    ------
    ParameterError
        One of them is no run that was published, or there is no such predecessor.
    RefusedForSafety
        One of them is a link.
    """
    if second is not None:
        earlier, later = (PastRun.read(_folder(name, Path(out))) for name in (first, second))
        return earlier, later
    published = _folder(first, Path(out))
    if published.parent.parent.name == PREVIOUS:
        raise ParameterError(
            "this is a predecessor, and it is not said what to compare it with",
            where=first,
            mend="name two runs, the earlier first, or a period",
        )
    later = PastRun.read(published)
    before = [run for run in runs_of(published.parent, published.name) if run != published]
    if not 1 <= back <= len(before):
        there = "it has no predecessor" if not before else f"it has {len(before)}: the last one is --with 1"
        raise ParameterError(
            f"there is no run {back} before the published one of {first}; {there}",
            where=str(published.parent / PREVIOUS / published.name),
            mend="a run that replaces a report keeps it there; run again when the data has changed",
        )
    return PastRun.read(before[back - 1]), later


def inputs_between(earlier: PastRun, later: PastRun) -> pd.DataFrame:
    """Return the inputs that differ between two runs: ``part, input, old, new``; what is not known is null."""
    rows = []
    if earlier.fingerprint != later.fingerprint or not later.fingerprint:
        rows.append(("data", "fingerprint", earlier.fingerprint or None, later.fingerprint or None))
    sides = {
        "params": (earlier.params, later.params),
        "definition": (earlier.definitions or {}, later.definitions or {}),
        "code": (earlier.code | _notebooks(earlier, later), later.code | _notebooks(later, earlier)),
    }
    for part, (old, new) in sides.items():
        names = [name for name in dict.fromkeys([*old, *new]) if part != "definition" or (name in old and name in new)]
        rows += [(part, name, _text(old, name), _text(new, name)) for name in names if _differs(old, new, name)]
    return pd.DataFrame(rows, columns=list(INPUT_COLUMNS))


def _notebooks(run: PastRun, other: PastRun) -> dict[str, str]:
    """Return the digests of the notebooks that both runs have: one that was not asked for is no change of the code."""
    return {f"{name}.ipynb": digest for name, digest in run.notebooks.items() if name in other.notebooks}


def _differs(old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> bool:
    """Tell whether an input differs; a package that one of the runs does not know of may."""
    return old.get(name) != new.get(name) or (name == "the package" and not new.get(name))


def _text(inputs: Mapping[str, Any], name: str) -> str | None:
    """Return an input as text; None where the run does not know of it."""
    value = inputs.get(name)
    if value is None:
        return "not set" if name in inputs and name != "the package" else None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _folder(name: str, out: Path) -> Path:
    """Return the folder that a name means: the folder itself, or that of a period's published report."""
    folder = Path(name).expanduser()
    if (folder / MANIFEST).is_file() or folder.is_symlink():
        return folder if _is_named(folder) else folder.resolve()
    for label in (name, _label(name)):
        if label and not set("/\\") & set(label) and (out / label / MANIFEST).is_file():
            return out / contained(label)
    if folder.is_dir():
        raise _no_run(folder, f"there is no {MANIFEST} in it")
    raise ParameterError(
        f"there is no published report of {name!r}",
        where=str(out),
        mend="name a period that was run, the folder of a run, or the folder of all reports with --out",
    )


def _is_named(folder: Path) -> bool:
    return folder.name not in ("", "..")


def _label(name: str) -> str:
    try:
        return Period.parse(name).label
    except PeriodError:
        return ""


def _tree(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    check_link(path)
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _no_run(folder, f"there is no {name} in it") from None
    except (OSError, ValueError) as error:
        raise _no_run(folder, f"its {name} cannot be read: {error}") from None
    if not isinstance(tree, dict):
        raise _no_run(folder, f"its {name} is not an object")
    return tree


def _no_run(folder: Path, why: str) -> ParameterError:
    return ParameterError(
        f"this is not the folder of a run: {why}",
        where=str(folder),
        mend="name a published report, as outputs/2026Q3, or one under outputs/previous",
    )


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}
