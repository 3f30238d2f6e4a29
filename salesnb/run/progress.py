"""Progress: the steps of a run as events, for whoever watches it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

EventKind = Literal[
    "run",
    "executing",
    "cell",
    "executed",
    "rendered",
    "kept",
    "unchanged",
    "published",
    "failed",
    "warning",
    "stopping",
]


@dataclass(frozen=True)
class Event:
    """One step of a run, for whoever watches it.

    Attributes
    ----------
    kind
        What happened.
    period
        The run it happened in.
    notebook
        To which one; empty for the run as a whole.
    cell, cells
        The number of the cell that starts, and of all; for a run, `cells` is the number of its notebooks.
    seconds
        How long the step took.
    expected
        How long it took the last time; 0 where there was none.
    text
        The folder that was published, why it runs, or what failed.
    """

    kind: EventKind
    period: str = ""
    notebook: str = ""
    cell: int = 0
    cells: int = 0
    seconds: float = 0.0
    expected: float = 0.0
    text: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return what it says, without what it leaves empty."""
        return {key: value for key, value in asdict(self).items() if value not in ("", 0, 0.0)}
