"""Manifest: what one run did, told by the run itself and never read from a notebook.

``run.json`` is written anew at every step, so that whoever kills the run finds the last true state in it. A run and
each of its notebooks go through ``staged, executing, checked, rendered, published``, or end in ``failed``.
"""

from __future__ import annotations

import datetime as dtm
import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from importlib import metadata
from typing import Any, Literal

from salesnb.errors import SalesnbError

SCHEMA = 1

State = Literal["staged", "executing", "checked", "rendered", "published", "failed"]
CellState = Literal["done", "text", "failed", "out of time", "kernel died", "stopped", "never reached"]

_NEXT: Mapping[str, tuple[str, ...]] = {
    "staged": ("executing", "failed"),
    "executing": ("checked", "failed"),
    "checked": ("rendered", "failed"),
    "rendered": ("published", "failed"),
    "published": (),
    "failed": (),
}
_PARTS = (
    "papermill",
    "nbclient",
    "jinja2",
    "ipykernel",
    "ibis-framework",
    "duckdb",
    "pandas",
    "numpy",
    "matplotlib",
)


@dataclass(frozen=True)
class CellRecord:
    """What became of one cell.

    Attributes
    ----------
    number
        Its place in the notebook as it is written, from 1; 0 is the cell with this run's parameters.
    kind
        ``code``, ``markdown`` or ``raw``.
    state
        ``done``; ``text`` for a cell that is not executed; ``failed``, ``out of time``, ``kernel died`` or
        ``stopped`` (by the user) for the one that ended the run; ``never reached`` for code after that one.
    seconds
        Its own time; None where it did not end.
    under
        The heading it stands under.
    """

    number: int
    kind: str
    state: CellState
    seconds: float | None = None
    under: str = ""


@dataclass(frozen=True)
class Failure:
    """An error as data.

    Attributes
    ----------
    kind
        The name of the error's class.
    exit_code
        The number the program ends with.
    what, where, mend
        The three parts of the message.
    """

    kind: str
    exit_code: int
    what: str
    where: str
    mend: str

    @classmethod
    def of(cls, error: SalesnbError) -> Failure:
        """Return an error of ours as data."""
        return cls(type(error).__name__, error.exit_code, error.what, error.where, error.mend)


@dataclass(frozen=True)
class NotebookRecord:
    """What became of one notebook.

    Attributes
    ----------
    name
        ``01_scorecard``.
    sha256
        Of the notebook as it is written, before execution.
    state
        Where it stands.
    title
        Its heading, once it is rendered.
    kept
        Whether its page was taken over from the report before, made of the same inputs.
    execute_seconds, render_seconds
        How long each took; None where it was not done.
    cells
        Every cell's truth.
    notes
        What the page leaves out or lacks.
    error
        Why it failed.
    inputs
        What it is made of, each as a digest: see :mod:`salesnb.run.inputs`. While these stay, so does the page.
    """

    name: str
    sha256: str
    state: State = "staged"
    title: str = ""
    kept: bool = False
    execute_seconds: float | None = None
    render_seconds: float | None = None
    cells: tuple[CellRecord, ...] = ()
    notes: tuple[str, ...] = ()
    error: Failure | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)

    def moved(self, state: State, **facts: Any) -> NotebookRecord:
        """Return this record in its next state, with what became known; see :func:`check_move`."""
        check_move(self.state, state)
        return replace(self, state=state, **facts)


@dataclass(frozen=True)
class Manifest:
    """What one run did.

    Attributes
    ----------
    period, source
        What was asked for.
    params
        All parameters, as they were given to the notebooks.
    versions
        Of Python, of salesnb and of the parts that decide on what comes out.
    started_at, ended_at
        In UTC, ISO 8601.
    seconds
        From start to end.
    as_of, fingerprint
        Of the data, once a notebook has told them.
    inputs
        Of the run: digests of ``data, package, versions, goals``.
    notebooks
        In reading order.
    files
        Name to digest and size of every published file but run.json itself.
    error
        Why the run failed.
    """

    period: str
    source: str
    params: Mapping[str, Any]
    versions: Mapping[str, str]
    started_at: str
    state: State = "staged"
    ended_at: str | None = None
    seconds: float | None = None
    as_of: str | None = None
    fingerprint: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    notebooks: tuple[NotebookRecord, ...] = ()
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    error: Failure | None = None

    def moved(self, state: State, **facts: Any) -> Manifest:
        """Return this manifest in its next state, with what became known; see :func:`check_move`."""
        check_move(self.state, state)
        return replace(self, state=state, **facts)

    def knowing(self, **facts: Any) -> Manifest:
        """Return this manifest with facts that do not change its state."""
        return replace(self, **facts)

    def holding(self, record: NotebookRecord) -> Manifest:
        """Return this manifest with one notebook's record put in the place of the one of that name."""
        if record.name not in {known.name for known in self.notebooks}:
            raise KeyError(record.name)
        return replace(
            self, notebooks=tuple(record if known.name == record.name else known for known in self.notebooks)
        )

    @classmethod
    def of(cls, tree: Mapping[str, Any]) -> Manifest:
        """Return a manifest without its notebooks from what run.json says; fields that are not known are left out."""
        names = {one.name for one in fields(cls)} - {"notebooks", "error"}
        return cls(**{name: value for name, value in tree.items() if name in names})

    def as_json(self) -> str:
        """Return it as the text of run.json."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def check_move(now: str, then: str) -> None:
    """Raise ValueError unless one state may follow the other.

    Examples
    --------
    >>> check_move("staged", "executing")
    >>> check_move("staged", "published")
    Traceback (most recent call last):
    ValueError: a run that is staged cannot become published
    """
    if then not in _NEXT[now]:
        raise ValueError(f"a run that is {now} cannot become {then}")


def versions() -> dict[str, str]:
    """Return the versions of Python, of salesnb and of the parts that decide on what comes out."""
    found = {"salesnb": own_version(), "python": platform.python_version()}
    for part in _PARTS:
        try:
            found[part] = metadata.version(part)
        except metadata.PackageNotFoundError:
            continue
    return found


def own_version() -> str:
    """Return the version of this package."""
    from salesnb import __version__

    return __version__


def now() -> dtm.datetime:
    """Return this moment in UTC: the one clock of the program, for stamps and never for numbers."""
    return dtm.datetime.now(dtm.UTC).replace(microsecond=0)


def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
