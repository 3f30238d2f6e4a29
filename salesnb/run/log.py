"""Log: what a run did, a line a step, in a file beside its report."""

from __future__ import annotations

import contextlib

from salesnb.errors import StorageError
from salesnb.run.manifest import now
from salesnb.run.progress import Event
from salesnb.run.publish import Place

NAME = "run.log"


def line(event: Event) -> str:
    """Return an event as a line of the log, without its time.

    Examples
    --------
    >>> line(Event("cell", "2026Q3", "01_scorecard", 3, 20))
    '2026Q3 01_scorecard cell 3 of 20'
    """
    words = [event.period, event.notebook, event.kind]
    if event.cells and event.kind == "cell":
        words.append(f"{event.cell} of {event.cells}")
    if event.kind == "run":
        words.append(f"of {event.cells} notebooks")
    if event.seconds:
        words.append(f"in {event.seconds:.1f} s")
    if event.text:
        words.append(": " + " | ".join(part.strip() for part in event.text.splitlines()))
    return " ".join(word for word in words if word).replace(" : ", ": ")


def write(place: Place, event: Event) -> None:
    """Add an event to the log in the draft; a log that cannot be written is no reason to fail."""
    with contextlib.suppress(StorageError):
        place.append(NAME, f"{now().isoformat()} {line(event)}\n")


def read(place: Place) -> str:
    """Return the log so far; empty where there is none."""
    try:
        return (place.draft / NAME).read_text(encoding="utf-8")
    except OSError:
        return ""
