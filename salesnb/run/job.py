"""Job: one notebook to execute, and what came of it: plain values, which can go to another process or machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from salesnb.errors import SalesnbError
from salesnb.run.manifest import CellRecord


@dataclass(frozen=True)
class Deadlines:
    """How long things may take, in seconds.

    Attributes
    ----------
    start
        The start of a kernel.
    cell
        One cell.
    run
        A whole run, from when it begins.
    render
        The page of one notebook.
    """

    start: float = 120.0
    cell: float = 600.0
    run: float = 3600.0
    render: float = 120.0


@dataclass(frozen=True)
class Job:
    """One notebook to execute and all that it needs.

    Attributes
    ----------
    name
        ``01_scorecard``.
    notebook
        The notebook as it is written: the text of the ``.ipynb``.
    params
        Parameter name to JSON value; every name stands in the notebook's cell tagged ``parameters``.
    folder
        The kernel's working directory.
    deadlines
        When to give up.
    most_output
        How many bytes its cells may put out; more is a flood, and ends the notebook.
    """

    name: str
    notebook: str
    params: Mapping[str, Any]
    folder: str
    deadlines: Deadlines = Deadlines()
    most_output: int = 32 * 2**20


@dataclass(frozen=True)
class Execution:
    """What came of a job.

    Attributes
    ----------
    name
        As in the job.
    notebook
        The executed notebook, as text; where it failed, as far as it came.
    cells
        Every cell's truth, in the order of the executed notebook.
    results
        What the notebook recorded of its numbers; None where it recorded nothing.
    seconds
        From the start of the kernel to its end.
    error
        Why it failed; None means that every cell is done.
    """

    name: str
    notebook: str
    cells: tuple[CellRecord, ...]
    results: Mapping[str, Any] | None
    seconds: float
    error: SalesnbError | None = None
