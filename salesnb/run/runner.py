"""Runner: one period's report, from the notebooks to the published folder.

Execute each notebook, render it, put the first page and the results beside the pages, publish the folder whole. The
first notebook that fails ends the run: nothing is published, the report that was there stays, and the failed notebook
is kept under ``failed/``.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesnb.errors import ParameterError, SalesnbError
from salesnb.params import Params
from salesnb.run import manifest as record
from salesnb.run.job import Deadlines, Execution, Job
from salesnb.run.manifest import Failure, Manifest, NotebookRecord
from salesnb.run.notebook import declared, find_notebooks, notebooks_folder, read
from salesnb.run.progress import Event
from salesnb.run.publish import MANIFEST, RESULTS, Place, contained, hold, storage
from salesnb.run.redact import Redactor

if TYPE_CHECKING:
    from salesnb.run.render import Page

FIRST_PAGE = "index.html"


@dataclass(frozen=True)
class RunResult:
    """A published report.

    Attributes
    ----------
    period
        Its label.
    folder, index
        Where it is, and its first page.
    headlines
        The findings of all notebooks, in reading order.
    manifest
        What the run did.
    """

    period: str
    folder: Path
    index: Path
    headlines: tuple[str, ...]
    manifest: Manifest


def run(
    period: str | None = None,
    *,
    source: str | None = None,
    out: str | Path | None = None,
    only: Sequence[str] = (),
    params: Params | Mapping[str, Any] | None = None,
    notebooks: Path | None = None,
    deadlines: Deadlines | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> RunResult:
    """Make and publish the report of a period.

    Parameters
    ----------
    period, source, out
        What to report on, of which data, to which folder; they go before what `params` says.
    only
        The notebooks to execute; empty for all. Pages of the others are taken over from the report before where that
        was made of the same data, parameters and versions, and else left out and named on the first page.
    params
        All other parameters.
    notebooks
        The folder of the notebooks; those of salesnb where it is None.
    deadlines
        When to give up.
    on_event
        Called at every step.

    Returns
    -------
    RunResult
        Of the published report.

    Raises
    ------
    ParameterError
        A parameter, the period or the name of a notebook is wrong.
    PeriodBusy
        Another run makes the report of the same period.
    CellError, OutOfTime, KernelDied, ContractError, RenderError
        A notebook failed: nothing is published.
    StorageError, RefusedForSafety
        The folder cannot, or may not, be written to.
    """
    settings = _settings(period, source, out, params)
    folder = notebooks or notebooks_folder()
    wanted = tuple(find_notebooks(folder, only))
    every = {name: _read(path) for name, path in find_notebooks(folder).items()}
    with hold(settings.out, settings.period) as place:
        return _Run(
            settings,
            place,
            every,
            wanted,
            deadlines,
            on_event or (lambda event: None),
            Redactor.for_source(os.environ, settings.source),
        ).make()


@dataclass
class _Run:
    """One run while it goes on."""

    settings: Params
    place: Place
    every: Mapping[str, str]
    wanted: tuple[str, ...]
    deadlines: Deadlines | None
    tell: Callable[[Event], None]
    redactor: Redactor
    manifest: Manifest = field(init=False)
    executed: dict[str, Execution] = field(default_factory=dict)
    is_published: bool = False

    def make(self) -> RunResult:
        """Go through all steps; what fails on the way is recorded, kept and raised."""
        started = time.monotonic()
        try:
            with storage(self.place.draft):
                return self._make(started)
        except BaseException as error:
            self._keep(error, started)
            raise

    def _make(self, started: float) -> RunResult:
        self.manifest = Manifest(
            period=self.settings.period,
            source=self.redactor.text(self.settings.source),
            params=self.redactor.tree(self.settings.for_notebook()),
            versions=record.versions(),
            started_at=record.now().isoformat(),
            notebooks=tuple(NotebookRecord(name, record.digest(self.every[name].encode())) for name in self.wanted),
        )
        self._note(self.manifest.moved("executing"))
        self.tell(Event("run", cells=len(self.wanted), text=str(self.place.target)))
        for name in self.wanted:
            self._execute(name, self.every[name])
        self._note(self.manifest.moved("executed"))
        folder, headlines = self._render(started)
        return RunResult(self.settings.period, folder, folder / FIRST_PAGE, headlines, self.manifest)

    def _execute(self, name: str, text: str) -> None:
        from salesnb.run.execute import execute

        at = self._of(name)
        self._note(self.manifest.holding(at.moved("executing")))
        self.tell(Event("executing", name))
        known = declared(read(text, name))
        params = {key: value for key, value in self.settings.for_notebook().items() if key in known}
        if "period" not in params:
            raise ParameterError(
                "the notebook takes no period", where=f"{name}.ipynb", mend="add period to its cell tagged 'parameters'"
            )
        execution = execute(
            Job(name, text, params, str(Path.cwd()), self.deadlines or Deadlines()),
            lambda cell, cells: self.tell(Event("cell", name, cell, cells)),
        )
        execution = replace(execution, notebook=self._redacted(execution.notebook))
        self.executed[name] = execution
        facts = {"cells": execution.cells, "execute_seconds": execution.seconds}
        if execution.error is not None:
            error = self.redactor.error(execution.error)
            self._note(self.manifest.holding(self._of(name).moved("failed", error=Failure.of(error), **facts)))
            raise error
        self._note(self.manifest.holding(self._of(name).moved("executed", **facts)))
        self.tell(Event("executed", name, seconds=execution.seconds))

    def _render(self, started: float) -> tuple[Path, tuple[str, ...]]:
        from salesnb.run import overview
        from salesnb.run.carry import kept
        from salesnb.run.render import Facts, render_contents

        recorded = {name: self.redactor.tree(done.results or {}) for name, done in self.executed.items()}
        results = overview.merged(recorded, {})
        self.manifest = self.manifest.knowing(as_of=results.get("as_of"), fingerprint=results.get("fingerprint"))
        when = record.now().strftime("%Y-%m-%d %H:%M UTC")
        facts = Facts(
            period=self.settings.period,
            source=str(results.get("source") or self.manifest.source),
            pairs=overview.pairs({"period": self.settings.period, "source": self.manifest.source, **results}),
            stamp=f"Made on {when} by salesnb {record.own_version()}",
        )
        pages = {name: self._page(name, facts) for name in self.executed}
        facts = replace(facts, pairs=next((page.facts for page in pages.values() if page.facts), facts.pairs))
        others = {name: record.digest(text.encode()) for name, text in self.every.items() if name not in pages}
        for name, old in kept(self.place.target, self.manifest, others).items():
            pages[name], recorded[name] = old.page, old.results
            for file, text in old.files.items():
                self.place.write(file, text)
            notes = sorted([*self.manifest.notebooks, old.record], key=lambda note: list(self.every).index(note.name))
            self.manifest = self.manifest.knowing(notebooks=tuple(notes))
            self.tell(Event("kept", name))
        order = [name for name in self.every if name in pages]
        results = overview.merged({name: recorded[name] for name in order}, {name: pages[name].title for name in order})
        results = {"period": self.settings.period, **results}
        left_out = [name for name in self.every if name not in pages]
        content = overview.contents(results, [pages[name] for name in order], left_out=left_out)
        self.place.write(RESULTS, overview.as_json(results))
        self.place.write(FIRST_PAGE, render_contents(content, facts))
        self._note(self.manifest.moved("rendered"))
        self._publish(started)
        return self.place.target, tuple(map(str, results["headlines"]))

    def _page(self, name: str, facts: Any) -> Page:
        from salesnb.run.render import render

        started = time.monotonic()
        text = self.executed[name].notebook
        page = render(name, read(text, name), facts)
        self.place.write(f"{name}.html", page.html)
        self.place.write(f"{name}.ipynb", text)
        seconds = round(time.monotonic() - started, 3)
        done = self._of(name).moved("rendered", title=page.title, notes=page.notes, render_seconds=seconds)
        self._note(self.manifest.holding(done))
        self.tell(Event("rendered", name, seconds=seconds))
        return page

    def _publish(self, started: float) -> None:
        files = {
            path.name: {"sha256": record.digest(path.read_bytes()), "bytes": path.stat().st_size}
            for path in sorted(self.place.draft.iterdir())
            if path.name != MANIFEST
        }
        notebooks = tuple(one if one.kept else one.moved("published") for one in self.manifest.notebooks)
        self._note(
            self.manifest.moved(
                "published",
                notebooks=notebooks,
                files=files,
                ended_at=record.now().isoformat(),
                seconds=round(time.monotonic() - started, 3),
            )
        )
        self.place.publish()
        self.is_published = True
        self.tell(Event("published", seconds=self.manifest.seconds or 0.0, text=str(self.place.target)))

    def _keep(self, error: BaseException, started: float) -> None:
        """Keep the failed notebook and the manifest beside the reports, as far as that can be done."""
        if self.is_published or not hasattr(self, "manifest"):
            return
        if isinstance(error, SalesnbError):
            failure = Failure.of(self.redactor.error(error))
        else:
            code = 130 if isinstance(error, KeyboardInterrupt) else 1
            failure = Failure(type(error).__name__, code, self.redactor.text(str(error)), "", "")
        if self.manifest.state == "published":
            self.manifest = replace(self.manifest, state="rendered", files={})
        self.manifest = self.manifest.moved(
            "failed", error=failure, ended_at=record.now().isoformat(), seconds=round(time.monotonic() - started, 3)
        )
        failed = {name: done.notebook for name, done in self.executed.items() if done.error is not None}
        try:
            self.place.keep_failed(
                {MANIFEST: self.manifest.as_json(), **{f"{name}.ipynb": text for name, text in failed.items()}}
            )
        except SalesnbError as other:
            error.add_note(f"the failed run could not be kept: {other.what}")
        self.tell(Event("failed", next(iter(failed), ""), text=failure.what))

    def _of(self, name: str) -> NotebookRecord:
        return next(one for one in self.manifest.notebooks if one.name == name)

    def _note(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.place.write(MANIFEST, manifest.as_json())

    def _redacted(self, text: str) -> str:
        return json.dumps(self.redactor.tree(json.loads(text)), indent=1, ensure_ascii=False) + "\n"


def _settings(
    period: str | None, source: str | None, out: str | Path | None, params: Params | Mapping[str, Any] | None
) -> Params:
    known = params.for_notebook() if isinstance(params, Params) else dict(params or {})
    given = {"period": period, "source": source, "out": None if out is None else str(out)}
    return Params.of(**(known | {name: value for name, value in given.items() if value is not None}))


def _read(path: Path) -> str:
    contained(path.name)
    return path.read_text(encoding="utf-8")
