"""Watching: what a person, or another program, sees of a run while it goes on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from salesnb.run.progress import Event

if TYPE_CHECKING:
    from rich.progress import TaskID

Tell = Callable[[Event], None]


@contextmanager
def watching(*, as_json: bool, stream: TextIO | None = None) -> Iterator[Tell]:
    """Yield what to tell events to: lines of JSON on stdout, a live view on a terminal, else plain lines on stderr."""
    if as_json:
        yield lambda event: _json(event)
        return
    stream = stream or sys.stderr
    if not stream.isatty():
        yield lambda event: _line(event, stream)
        return
    with _Live(stream) as live:
        yield live.tell


def seconds(value: float) -> str:
    """Return a duration as people say it.

    Examples
    --------
    >>> seconds(0.4), seconds(12.6), seconds(75)
    ('0.4 s', '13 s', '1 min 15 s')
    """
    if value < 9.95:
        return f"{value:.1f} s"
    if value < 59.5:
        return f"{value:.0f} s"
    whole = round(value)
    return f"{whole // 60} min {whole % 60} s"


def _json(event: Event) -> None:
    print(json.dumps(event.as_dict(), ensure_ascii=False), flush=True)


def words(event: Event) -> str:
    """Return an event as a plain line; empty for those that would only be noise."""
    name = f"{event.period} {event.notebook}".strip()
    if event.kind == "executing":
        expected = f", {seconds(event.expected)} the last time" if event.expected else ""
        return f"{name}: running ({event.text}{expected})"
    if event.kind == "executed":
        return f"{name}: ran in {seconds(event.seconds)}"
    if event.kind == "kept":
        return f"{name}: unchanged, its page stays"
    if event.kind == "failed" and event.notebook:
        return f"{name}: failed"
    return f"{event.kind}: {event.text}" if event.kind in ("stopping", "warning") else ""


def _line(event: Event, stream: TextIO) -> None:
    line = words(event)
    if line:
        print(line, file=stream, flush=True)


class _Live:
    """A line a notebook, with its cell, how long it has taken and how long it took the last time."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
        from rich.text import Text

        class Elapsed(ProgressColumn):
            max_refresh = 0.2

            def render(self, task: Task) -> Text:
                return Text(task.fields["ended"] or _elapsed(task.elapsed or 0.0, task.fields["expected"]))

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[cell]:>13}", markup=False),
            Elapsed(),
            console=Console(file=stream, highlight=False),
        )
        self._tasks: dict[tuple[str, str], TaskID] = {}

    def __enter__(self) -> _Live:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def tell(self, event: Event) -> None:
        if event.kind in ("stopping", "warning"):
            self._progress.console.print(words(event), markup=False)
        if not event.notebook:
            return
        key = (event.period, event.notebook)
        if event.kind in ("executing", "kept") and key not in self._tasks:
            name = f"{event.period} {event.notebook}"
            self._tasks[key] = self._progress.add_task(name, total=None, cell="", ended="", expected=event.expected)
        task = self._tasks.get(key)
        if task is None:
            return
        ends = {"executed": f"ran in {seconds(event.seconds)}", "kept": "unchanged, its page stays", "failed": "failed"}
        if event.kind == "cell":
            cell = f"cell {event.cell} of {event.cells}"
            self._progress.update(task, total=event.cells, completed=event.cell - 1, cell=cell, refresh=True)
        elif event.kind in ends:
            known = self._progress.tasks[task]
            total = known.total or 1
            done = known.completed if event.kind == "failed" else total
            self._progress.update(task, total=total, completed=done, ended=ends[event.kind], refresh=True)


def _elapsed(taken: float, expected: float) -> str:
    return seconds(taken) + (f" of about {seconds(expected)}" if expected else "")
