"""Progress: the steps of a run as events, for whoever watches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EventKind = Literal["run", "executing", "cell", "executed", "rendered", "kept", "published", "failed"]


@dataclass(frozen=True)
class Event:
    """One step of a run, for whoever watches it.

    Attributes
    ----------
    kind
        What happened.
    notebook
        To which one; empty for the run as a whole.
    cell, cells
        The number of the cell that starts, and of all.
    seconds
        How long the step took.
    text
        The folder that was published, or what failed.
    """

    kind: EventKind
    notebook: str = ""
    cell: int = 0
    cells: int = 0
    seconds: float = 0.0
    text: str = ""
