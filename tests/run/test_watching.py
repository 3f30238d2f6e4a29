"""What is seen of a run: plain lines, lines of JSON, and a live view on a terminal."""

from __future__ import annotations

import io
import json

import pytest

from salesnb.run.progress import Event
from salesnb.run.watching import seconds, watching, words

STEPS = [
    Event("run", "2026Q3", cells=2, text="/out/2026Q3"),
    Event("kept", "2026Q3", "02_b"),
    Event("executing", "2026Q3", "01_[a]", expected=12.0, text="the data"),
    Event("cell", "2026Q3", "01_[a]", cell=3, cells=20),
    Event("executed", "2026Q3", "01_[a]", seconds=11.2),
    Event("rendered", "2026Q3", "01_[a]", seconds=0.1),
    Event("published", "2026Q3", seconds=12.0, text="/out/2026Q3"),
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    with watching(as_json=False, stream=stream) as tell:
        for step in [*STEPS, Event("failed", "2026Q3", "03_c"), Event("stopping", text="it was interrupted")]:
            tell(step)
    assert stream.getvalue().splitlines() == [
        "2026Q3 02_b: unchanged, its page stays",
        "2026Q3 01_[a]: running (the data, 12 s the last time)",
        "2026Q3 01_[a]: ran in 11 s",
        "2026Q3 03_c: failed",
        "stopping: it was interrupted",
    ]


def test_json_is_a_line_a_step(capsys: pytest.CaptureFixture[str]) -> None:
    with watching(as_json=True) as tell:
        for step in STEPS:
            tell(step)
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["kind"] for one in said] == [step.kind for step in STEPS]
    assert said[3] == {"kind": "cell", "period": "2026Q3", "notebook": "01_[a]", "cell": 3, "cells": 20}


def test_a_terminal_shows_each_notebook_its_cell_and_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with watching(as_json=False, stream=stream) as tell:
        for step in STEPS[:4]:
            tell(step)
        tell(Event("stopping", text="it was interrupted"))
        tell(Event("failed", "2026Q3", "01_[a]", seconds=1.0))
        tell(Event("cell", "2026Q3", "never begun", cell=1, cells=2))
    shown = stream.getvalue()
    assert "2026Q3 01_[a]" in shown
    assert "cell 3 of 20" in shown
    assert "of about 12 s" in shown
    assert "unchanged" in shown
    assert "stopping: it was interrupted" in shown
    assert "failed" in shown.splitlines()[-2]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (3671, "61 min 11 s")],
)
def test_durations(value: float, text: str) -> None:
    assert seconds(value) == text


def test_steps_that_are_noise_say_nothing() -> None:
    assert words(Event("cell", "2026Q3", "01_a", cell=1, cells=2)) == ""
    assert words(Event("published", "2026Q3")) == ""
