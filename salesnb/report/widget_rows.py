"""Rows of widgets: a line of who joins by date, and what typed amounts, counts and days are taken for."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Callable, Mapping
from html import escape

import ipywidgets as w

from salesnb.planning.knobs import Knob
from salesnb.scenarios import Hire


class HireRow:
    """One line of who joins by date.

    Parameters
    ----------
    teams
        The teams to choose from.
    changed
        Called when something was changed.
    """

    def __init__(self, teams: list[str], changed: Callable[[], None]) -> None:
        self.day = w.Text(placeholder="first day, 2026-11-02", continuous_update=False, layout=w.Layout(width="11rem"))
        self.count = w.Text("1", continuous_update=False, layout=w.Layout(width="4rem"))
        self.team = w.Dropdown(
            options=[("any team", ""), *((team, team) for team in teams)], layout=w.Layout(width="12rem")
        )
        self.word = w.HTML()
        self.widget = w.HBox([self.day, w.Label("how many"), self.count, self.team, self.word])
        for field in (self.day, self.count, self.team):
            field.observe(lambda _: changed(), names="value")

    def read(self) -> Hire | None:
        """Return who joins: on the day given, or from the first one ahead in a team; None where neither is given."""
        day, word = date(self.day.value)
        is_asked = day is not None or bool(self.team.value)
        n, other = count(self.count.value) if is_asked else (1, "")
        self.word.value = "".join(f'<span class="snb-bad">{escape(one)}</span> ' for one in (word, other) if one)
        return Hire(starts_on=day, count=n, team=self.team.value) if is_asked else None

    def fill(self, hire: Hire | None) -> None:
        """Show a hire; an empty line for None."""
        self.day.value = "" if hire is None or hire.starts_on is None else hire.starts_on.isoformat()
        self.count.value = "1" if hire is None else str(hire.count)
        known: Mapping[str, str] = dict(self.team.options)
        self.team.value = hire.team if hire is not None and hire.team in known.values() else ""


def amount(text: str) -> tuple[float | None, str]:
    """Take what was typed for an amount from 0 up to a billion, and a word about it; None where nothing is typed."""
    word = text.strip().replace(",", "").replace(" ", "")
    if not word:
        return None, ""
    try:
        value = float(word)
    except ValueError:
        return None, "no number: as planned"
    if value != value:
        return None, "no number: as planned"
    if value < 0:
        return 0.0, "too low: 0 is the least"
    return (1e9, "too high: 1,000,000,000 is the most") if value > 1e9 else (value, "")


def count(text: str) -> tuple[int, str]:
    """Take what was typed for a count from 1 to 1,000, and a word about it."""
    try:
        value = float(text.strip() or "nan")
    except ValueError:
        value = float("nan")
    if value != value:
        return 1, "no number: 1 is taken"
    if value < 1:
        return 1, "too low: 1 is the least"
    return (1000, "too high: 1000 is the most") if value > 1000 else (round(value), "")


def date(text: str) -> tuple[dtm.date | None, str]:
    """Take what was typed for a day, and a word about it; None where nothing is typed, or no day."""
    word = text.strip()
    if not word:
        return None, ""
    try:
        return dtm.date.fromisoformat(word), ""
    except ValueError:
        return None, "no day: write it as 2026-11-02"


def strip(knob: Knob) -> str:
    """Draw the track with the plan's own value and the range of past quarters."""

    def x(value: float) -> float:
        return 2 + 116 * (min(max(value, knob.low), knob.high) - knob.low) / (knob.high - knob.low)

    past = ""
    if knob.past:
        low, high = (x(value) for value in knob.past)
        past = f'<rect class="snb-past-mark" x="{low:.1f}" y="3" width="{max(high - low, 2):.1f}" height="6"/>'
    base = f'<line x1="2" x2="118" y1="6" y2="6"/>{past}<circle cx="{x(knob.base):.1f}" cy="6" r="3"/>'
    return f'<svg class="snb-strip" viewBox="0 0 120 12" width="120" height="12" aria-hidden="true">{base}</svg>'
