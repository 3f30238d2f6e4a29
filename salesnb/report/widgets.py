"""Widgets: sliders and fields that turn a plan in a live notebook, and the panel that follows.

What is typed is taken between its bounds, with a word beside the field; nothing that is typed ends in an error. The
panel's numbers are those of :func:`salesnb.planning.scenario.what_if`.
"""

from __future__ import annotations

import base64
import datetime as dtm
from dataclasses import replace
from html import escape
from typing import Any

import ipywidgets as w

from salesnb import formats
from salesnb.errors import ParameterError, SalesnbError
from salesnb.planning.brief import Brief, day_of
from salesnb.planning.drivers import difference
from salesnb.planning.knobs import Knob, at_once, changes_of, knobs, values_of
from salesnb.planning.plan import team_of
from salesnb.planning.quota import Quota
from salesnb.planning.quota_card import Named
from salesnb.planning.scenario import units, what_if
from salesnb.report import panel, saving
from salesnb.report.css import CSS
from salesnb.report.quota_tables import scenario_table
from salesnb.report.widget_rows import HireRow, amount, date, strip
from salesnb.scenarios import Changes, named, written

UNITS = {"ratio": "%", "days": "days", "count": ""}
AS_PLANNED = "As planned"
DRAWS = 10_000
_HIRE_ROWS = 4
_MOST_SELLERS = 200


class Panel:
    """The controls of one plan; ``widget`` holds them all.

    Parameters
    ----------
    found
        The plan.
    is_shared
        Whether several people use the server: then a scenario is saved by download alone, and nothing is written.
    """

    def __init__(self, found: Quota, *, is_shared: bool = False) -> None:
        assert found.capacity is not None
        self.found, self.is_shared = found, is_shared
        self.plan = found.capacity.plan
        self.knobs = knobs(self.plan, found.capacity.assumptions)
        self.values = {knob.name: knob.base for knob in self.knobs}
        self.saved: dict[str, Changes] = {}
        self._is_filling = False
        usual = team_of(self.plan, Changes())
        teams = tuple(sorted({str(team) for team in usual.reps["team"].fillna("")}))
        self._work = usual.work.cumsum()
        self._brief = Brief(self.plan, tuple(range(len(self.plan.reps)))[:_MOST_SELLERS], teams, self._work)
        first = self.plan.period.start if not len(self._work) else self.plan.period.end - dtm.timedelta(len(self._work))
        names = tuple(str(name) for name in self.plan.reps["name"][:_MOST_SELLERS])
        self._frame = panel.Frame(
            str(found.target), found.currency, self.plan.target, first, len(self._work), teams, names
        )
        self._usual = self._quantities(Changes())[0]
        self.sliders: dict[str, w.FloatSlider] = {}
        self.fields: dict[str, w.Text] = {}
        self.words: dict[str, w.HTML] = {}
        self.hires = [self._hire_row() for _ in range(_HIRE_ROWS)]
        self.quotas: dict[str, w.Text] = {}
        self.leaving: dict[str, w.Text] = {}
        self.name = w.Text("My scenario", description="Name", continuous_update=False)
        self.start = w.Dropdown(options=self._starts(), description="Start from")
        self.save = w.Button(description="Save", icon="save")
        self.reset = w.Button(description="Reset", icon="undo")
        self.upload = w.FileUpload(accept=".yml,.yaml", multiple=False, description="Load a file")
        self.message, self.panel, self.compared = w.HTML(), w.HTML(), w.HTML()
        self.widget = self._laid_out()
        self.start.observe(lambda change: self._load(change["new"]), names="value")
        self.upload.observe(lambda change: self._uploaded(change["new"]), names="value")
        self.save.on_click(lambda _: self._save())
        self.reset.on_click(lambda _: self.fill(Changes()))
        self.refresh()

    def changes(self) -> Changes:
        """Return what the controls change of the plan, quotas and hires by hand included."""
        made = changes_of(self.knobs, self.values)
        by_date = tuple(hire for row in self.hires if (hire := row.read()) is not None)
        quotas = {rep: value for rep, field in self.quotas.items() if (value := self._quota(rep, field)) is not None}
        leavers = {rep: day for rep, field in self.leaving.items() if (day := self._last_day(rep, field)) is not None}
        return made.model_copy(update={"hires": (*made.hires, *by_date), "quotas": quotas, "leavers": leavers})

    def refresh(self) -> None:
        """Compute the scenario, and show it."""
        if self._is_filling:
            return
        try:
            values, quotas, rate = self._quantities(self.changes())
        except SalesnbError as wrong:
            self.message.value = f'<p class="snb-bad">{escape(wrong.what)}</p>'
            return
        self.panel.value = panel.markup(panel.shown(self._frame, values, self._usual, quotas, rate))

    def fill(self, changes: Changes) -> None:
        """Turn every control to what a scenario changes, and show it."""
        self._is_filling = True
        try:
            self.values = values_of(self.knobs, changes)
            for knob in self.knobs:
                self._show(knob, "")
            dated = [hire for hire in changes.hires if not at_once(hire)]
            for row, hire in zip(self.hires, [*dated, *[None] * _HIRE_ROWS], strict=False):
                row.fill(hire)
            for fields, given in ((self.quotas, changes.quotas), (self.leaving, changes.leavers)):
                for rep, field in fields.items():
                    field.value = "" if rep not in given else str(given[rep])
        finally:
            self._is_filling = False
        more = len([hire for hire in changes.hires if not at_once(hire)]) - _HIRE_ROWS
        self.message.value = "" if more <= 0 else f'<p class="snb-bad">{more} more hires by date do not fit here.</p>'
        self.refresh()

    def _quantities(self, changes: Changes) -> tuple[dict[str, float], dict[str, list[float]], float]:
        team = team_of(self.plan, changes)
        made = self._brief.of(team, units(self.plan, team, DRAWS, self.found.seed)).at(1.0)
        n = len(self._work)
        day = day_of(made["middle"], self.plan.target, float(team.booked.sum()), self._work)
        made["reached"] = day if not 0 <= day < n else min(max(day + made["reached"], 0), n - 1)
        by_team = team.reps.assign(quota=team.quota).groupby(team.reps["team"].fillna("").astype(str))["quota"].sum()
        quotas = {"teams": [float(by_team[name]) for name in self._frame.teams],
                  "sellers": [float(one) for one in team.quota[:_MOST_SELLERS]]}  # fmt: skip
        return made, quotas, self.plan.win_rate if changes.win_rate is None else changes.win_rate

    def _laid_out(self) -> w.Widget:
        rows = [self._row(knob) for knob in self.knobs]
        hires = w.VBox([w.HTML("Who joins on which day, or in which team at once; the quota is that of the others."),
                        *(row.widget for row in self.hires)])  # fmt: skip
        people = w.VBox(self._people())
        more = w.Accordion([hires, people])
        for place, title in enumerate(("Hires by date", "Quotas by hand, and who leaves when")):
            more.set_title(place, title)
        keep = [self.name, self.save, self.start, self.upload, self.reset]
        style = w.HTML(f"<style>{CSS}</style>")
        line = w.HBox(keep, layout=w.Layout(flex_flow="row wrap"))
        return w.VBox([style, *rows, more, line, self.message, self.panel, self.compared])

    def _row(self, knob: Knob) -> w.Widget:
        slider = w.FloatSlider(
            knob.base, min=knob.low, max=knob.high, step=(knob.high - knob.low) / 200 if knob.unit != "count" else 1,
            readout=False, continuous_update=False, layout=w.Layout(width="15rem"),
        )  # fmt: skip
        field = w.Text(knob.shown(knob.base), continuous_update=False, layout=w.Layout(width="5.5rem"))
        word = w.HTML()
        self.sliders[knob.name], self.fields[knob.name], self.words[knob.name] = slider, field, word
        slider.observe(lambda change: self._slid(knob, float(change["new"])), names="value")
        field.observe(lambda change: self._typed(knob, str(change["new"])), names="value")
        title = w.Label(knob.title, layout=w.Layout(width="17rem"))
        past = (
            f"{formats.interval(knob.past[0], knob.past[1], knob.unit)} in the quarters of the last year"
            if knob.past
            else ""
        )
        mark = w.HTML(f'<span class="snb-past">{strip(knob)} {past}</span>')
        return w.HBox(
            [title, slider, field, w.Label(UNITS[knob.unit]), word, mark], layout=w.Layout(flex_flow="row wrap")
        )

    def _slid(self, knob: Knob, value: float) -> None:
        if not self._is_filling:
            self._set(knob, *knob.read(knob.shown(value)))

    def _typed(self, knob: Knob, text: str) -> None:
        if not self._is_filling:
            self._set(knob, *knob.read(text))

    def _set(self, knob: Knob, value: float, word: str) -> None:
        self.values[knob.name] = value
        self._is_filling = True
        try:
            self._show(knob, word)
        finally:
            self._is_filling = False
        self.refresh()

    def _show(self, knob: Knob, word: str) -> None:
        value = self.values[knob.name]
        self.sliders[knob.name].value, self.fields[knob.name].value = value, knob.shown(value)
        self.words[knob.name].value = f'<span class="snb-bad">{escape(word)}</span>' if word else ""

    def _people(self) -> list[w.Widget]:
        made: list[w.Widget] = [w.HTML("A field left empty stays as planned.")]
        rows = self.plan.reps.head(_MOST_SELLERS).to_dict("records")
        for row in rows:
            rep = str(row["rep_id"])
            quota = w.Text(placeholder=f"quota {formats.exact(row['quota'])}", continuous_update=False,
                           layout=w.Layout(width="10rem"))  # fmt: skip
            last = w.Text(placeholder="last day, 2026-11-30", continuous_update=False, layout=w.Layout(width="10rem"))
            word = w.HTML()
            self.quotas[rep], self.leaving[rep], self.words[rep] = quota, last, word
            for field in (quota, last):
                field.observe(lambda _: self.refresh(), names="value")
            made.append(w.HBox([w.Label(str(row["name"]), layout=w.Layout(width="14rem")), quota, last, word]))
        if len(self.plan.reps) > _MOST_SELLERS:
            made.append(
                w.HTML(f"{len(self.plan.reps) - _MOST_SELLERS} more sellers are not listed; a file can name them.")
            )
        return made

    def _quota(self, rep: str, field: w.Text) -> float | None:
        self.words[rep].value = ""
        value, word = amount(field.value)
        if word:
            self.words[rep].value = f'<span class="snb-bad">{escape(word)}</span>'
        return value

    def _last_day(self, rep: str, field: w.Text) -> dtm.date | None:
        value, word = date(field.value)
        if word:
            self.words[rep].value += f' <span class="snb-bad">{escape(word)}</span>'
        return value

    def _hire_row(self) -> HireRow:
        teams = sorted({str(team) for team in self.plan.reps["team"] if str(team)})
        return HireRow(teams, self.refresh)

    def _starts(self) -> list[tuple[str, Changes]]:
        made = [(AS_PLANNED, Changes())]
        made += [(one.name, one.changes) for one in self.found.scenarios]
        return made if self.is_shared else [*made, *saving.listed()]

    def _load(self, changes: Changes) -> None:
        self.fill(changes)
        label = next((name for name, given in self.start.options if given is changes), "")
        if label and label != AS_PLANNED:
            self.name.value = label

    def _uploaded(self, files: Any) -> None:
        for file in files:
            try:
                found = saving.read(bytes(file["content"]), str(file["name"]))
            except SalesnbError as wrong:
                self.message.value = f'<p class="snb-bad">{escape(str(wrong))}</p>'
                return
            for name, changes in found.items():
                self._keep(name, changes)
            name, changes = next(iter(found.items()))
            self.fill(changes)
            self.name.value = name

    def _save(self) -> None:
        try:
            name = named(self.name.value)
            text = written(str(self.found.period), {name: self.changes()}, source=self.found.source or None)
            if self.is_shared:
                file = f"{saving.slug(name)}.yml"
                data = base64.b64encode(text.encode()).decode()
                said = f'<a download="{file}" href="data:application/yaml;base64,{data}">Download {file}</a>'
            else:
                said = f"Saved as {escape(str(saving.save(name, text)))}."
        except SalesnbError as wrong:
            self.message.value = f'<p class="snb-bad">{escape(wrong.what)}; {escape(wrong.mend)}</p>'
            return
        self.message.value = f"<p>{said} A run takes it with <code>salesnb run -f FILE</code>.</p>"
        self._keep(name, self.changes())

    def _keep(self, name: str, changes: Changes) -> None:
        """Put a scenario beside the others, and among those to start from."""
        self.saved[name] = changes
        made = []
        for one, given in self.saved.items():
            try:
                parts = difference(self.plan, Changes(), given)
                made.append(Named(one, given, what_if(self.plan, given, DRAWS, self.found.seed), "", parts))
            except ParameterError as wrong:
                made.append(Named(one, given, None, wrong.what, difference(self.plan, Changes(), Changes())))
        self.compared.value = scenario_table(replace(self.found, scenarios=tuple(made))).html
