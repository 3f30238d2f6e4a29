"""Making: one period's report, from the notebooks to the published folder.

Execute each notebook that is not as it was, render it, check that all tell of the same data, and publish the folder
whole. What fails ends the run, unless it was asked to go on: the report that was there stays.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from salesnb.errors import OutOfTime, SalesnbError, Stopped, StorageError
from salesnb.run import manifest as record
from salesnb.run.carry import Before, Kept
from salesnb.run.holding import hold
from salesnb.run.inputs import Inputs
from salesnb.run.job import Execution, Job
from salesnb.run.ledger import Ledger
from salesnb.run.manifest import Failure, Manifest
from salesnb.run.notebook import expected_seconds
from salesnb.run.order import Order, RunResult
from salesnb.run.progress import Event
from salesnb.run.publish import MANIFEST, RESULTS, Place, storage
from salesnb.run.redact import Redactor
from salesnb.run.stop import Stop

if TYPE_CHECKING:
    from salesnb.run.pages import Facts, Page
    from salesnb.run.pool import Pool

FIRST_PAGE = "index.html"

Reasons = Mapping[str, tuple[str, ...]]


@dataclass
class Making:
    """One run while it goes on.

    Attributes
    ----------
    order
        What is to be made.
    pool
        Returns what executes and renders, started the first time.
    tell
        Called at every step, from several threads.
    stop
        Ends it.
    redactor
        Takes secrets out of all that is written.
    """

    order: Order
    pool: Callable[[Inputs, Path], Pool]
    tell: Callable[[Event], None]
    stop: Stop
    redactor: Redactor
    place: Place = field(init=False)
    inputs: Inputs = field(init=False)
    before: Before = field(init=False)
    ledger: Ledger = field(init=False)
    executed: dict[str, Execution] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    is_published: bool = field(default=False, init=False)

    @property
    def period(self) -> str:
        """The label of the period."""
        return self.order.settings.period

    def make(self) -> RunResult:
        """Go through all steps; what fails on the way is recorded, kept and raised."""
        with hold(self.order.settings.out, self.period) as self.place:
            self.inputs = Inputs.of(self.order.settings, self.order.texts)
            self.stop.check()
            self.before = Before.at(self.place.target)
            reasons = {name: self._why(name) for name in self.order.texts}
            todo = [name for name in self.order.wanted if reasons[name]]
            if not todo and self.before.is_intact():
                return self._as_it_was()
            self.ledger = Ledger(self.place, self.order.settings, self.inputs, self.redactor, self.tell)
            try:
                with storage(self.place.draft):
                    return self._make(todo, [name for name in self.order.texts if not reasons[name]], reasons)
            except BaseException as error:
                self.stop.set("the run had failed")
                if self.is_published and isinstance(error, SalesnbError):
                    error.where += " (after the report had been published)"
                elif not self.is_published:
                    looked_at = {name: done.notebook for name, done in self.executed.items() if name not in self.pages}
                    self.ledger.fail(error, looked_at)
                raise

    def _why(self, name: str) -> tuple[str, ...]:
        if self.order.is_forced and name in self.order.wanted:
            return ("it was asked for",)
        return self.before.why(name, self.inputs.notebooks[name])

    def _as_it_was(self) -> RunResult:
        folder = self.place.target
        results = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
        self.tell(Event("unchanged", self.period, text=str(folder)))
        lines = tuple(map(str, results.get("headlines", ())))
        told = Manifest.of({**self.before.manifest, "notebooks": []}).knowing(notebooks=self.before.records())
        return RunResult(self.period, folder, folder / FIRST_PAGE, lines, told, is_unchanged=True)

    def _make(self, todo: Sequence[str], stay: Sequence[str], reasons: Reasons) -> RunResult:
        self.ledger.begin(todo, self.inputs)
        pool = self.pool(self.inputs, self.place.root)
        pool.sweep(self.place.root, self.place.label)
        kept = {name: self.before.kept(name) for name in stay}
        self.ledger.move("executing")
        self.ledger.say("run", cells=len(todo), text=str(self.place.target))
        for name in kept:
            self.ledger.say("kept", name)
        failed = self._execute(pool, todo, reasons)
        headlines = self._publish(pool, kept, failed)
        folder = self.place.target
        return RunResult(self.period, folder, folder / FIRST_PAGE, headlines, self.ledger.manifest, failed=failed)

    def _execute(self, pool: Pool, todo: Sequence[str], reasons: Reasons) -> dict[str, SalesnbError]:
        """Execute notebooks side by side and render each when it is done; return what failed."""
        deadlines = self.order.deadlines
        # The longest first: a long one that begins last has the other cores wait for it.
        turns = sorted(todo, key=lambda name: -(self.before.seconds(name) or expected_seconds(self.order.texts[name])))
        jobs = [
            Job(name, self.order.texts[name], self.inputs.params[name], str(Path.cwd()), deadlines) for name in turns
        ]
        waiting: dict[Future[Execution], str] = pool.submit(
            jobs,
            self.order.settings,
            ends_at=self.ledger.ends_at(deadlines.run),
            stop=self.stop,
            on_start=lambda name: self._begins(name, reasons[name]),
            on_cell=self._at_cell,
        )
        failed: dict[str, SalesnbError] = {}
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=lambda one: todo.index(waiting[one])):
                name = waiting.pop(future)
                error = self._ended(pool, name, future)
                if error is not None:
                    failed[name] = error
                    if not self.order.goes_on and not self.stop.is_set:
                        self.stop.set(f"{name} had failed")
        first = [one for one in failed.values() if not isinstance(one, Stopped)] or list(failed.values())
        if failed and (not self.order.goes_on or len(failed) == len(todo) or self.stop.is_set):
            raise first[0]
        return {name: failed[name] for name in todo if name in failed}

    def _begins(self, name: str, why: tuple[str, ...]) -> None:
        self.ledger.move_notebook(name, "executing")
        self.ledger.say("executing", name, expected=self.before.seconds(name), text="; ".join(why))

    def _at_cell(self, name: str, cell: int, cells: int) -> None:
        self.ledger.say("cell", name, cell=cell, cells=cells)

    def _ended(self, pool: Pool, name: str, future: Future[Execution]) -> SalesnbError | None:
        """Take note of an execution that has ended, and make its page; return what failed."""
        done = future.result()
        if self.ledger.of(name).state == "staged":
            self.ledger.move_notebook(name, "executing")
        done = replace(done, notebook=self._redacted(done.notebook))
        self.executed[name] = done
        facts = {"cells": done.cells, "execute_seconds": done.seconds}
        error = None if done.error is None else self.redactor.error(done.error)
        if error is None:
            self.ledger.move_notebook(name, "checked", **facts)
            self.ledger.say("executed", name, seconds=done.seconds)
            try:
                self._render(pool, name)
            except SalesnbError as trouble:
                error = self.redactor.error(trouble)
        if error is not None:
            self.ledger.move_notebook(name, "failed", error=Failure.of(error), **facts)
            self.ledger.say("failed", name, seconds=done.seconds, text=str(error))
        return error

    def _render(self, pool: Pool, name: str) -> None:
        started = time.monotonic()
        text = self.executed[name].notebook
        with pool.renderer.lent(self.stop) as renderer:
            page = renderer.page(name, text, self._facts(self.executed[name]), self._render_seconds())
        self.place.write(f"{name}.html", page.html)
        self.place.write(f"{name}.ipynb", text)
        seconds = round(time.monotonic() - started, 3)
        self.ledger.move_notebook(name, "rendered", title=page.title, notes=page.notes, render_seconds=seconds)
        self.ledger.say("rendered", name, seconds=seconds)
        self.pages[name] = page

    def _facts(self, *done: Execution) -> Facts:
        """Return what the head of a page says."""
        from salesnb.run import overview
        from salesnb.run.pages import Facts

        told = self.redactor.tree(next((one.results for one in done if one.results), {}))
        when = record.now().strftime("%Y-%m-%d %H:%M UTC")
        source = self.ledger.manifest.source
        pairs = next((self.pages[name].facts for name in sorted(self.pages) if self.pages[name].facts), ())
        return Facts(
            period=self.period,
            source=str(told.get("source") or source),
            pairs=pairs or overview.pairs({"period": self.period, "source": source, **told}),
            stamp=f"Made on {when} by salesnb {record.own_version()}",
        )

    def _publish(self, pool: Pool, kept: Mapping[str, Kept], failed: Mapping[str, SalesnbError]) -> tuple[str, ...]:
        """Put the first page and the results beside the pages, publish all of it, and return the headlines."""
        from salesnb.run import overview

        recorded = {name: self.redactor.tree(self.executed[name].results or {}) for name in self.pages}
        for name, old in kept.items():
            self.pages[name], recorded[name] = old.page, old.results
            for file, text in old.files.items():
                self.place.write(file, text)
        order = [name for name in self.order.texts if name in self.pages]
        titles = {name: self.pages[name].title for name in order}
        results = {"period": self.period, **overview.merged({name: recorded[name] for name in order}, titles)}
        told = {"as_of": results.get("as_of"), "fingerprint": results.get("fingerprint")}
        notes = [*self.ledger.manifest.notebooks, *(old.record for old in kept.values())]
        notes.sort(key=lambda note: list(self.order.texts).index(note.name))
        self.ledger.move("checked", notebooks=tuple(notes), **told)
        content = overview.contents(
            results,
            [self.pages[name] for name in order],
            left_out=[name for name in self.order.texts if name not in self.pages and name not in failed],
            failed=[Failure.of(error) for error in failed.values()],
        )
        self.place.write(RESULTS, overview.as_json(results))
        facts = self._facts(*(self.executed[name] for name in order if name in self.executed))
        with pool.renderer.lent(self.stop) as renderer:
            self.place.write(FIRST_PAGE, renderer.contents(content, facts, self._render_seconds()))
        self.ledger.move("rendered")
        self._put(pool, failed)
        return tuple(map(str, results["headlines"]))

    def _put(self, pool: Pool, failed: Mapping[str, SalesnbError]) -> None:
        """Put the draft in its place, and the report before among its predecessors."""
        from salesnb.run import copies, predecessors, vintages

        ledger, root = self.ledger, self.place.root
        fingerprint = ledger.manifest.fingerprint
        self._keep_data(pool.book(self.order.settings.source), fingerprint)
        ledger.say("published", is_told=False, seconds=ledger.seconds, text=str(self.place.target))
        files = {
            path.name: {"sha256": record.digest(path.read_bytes()), "bytes": path.stat().st_size}
            for path in sorted(self.place.draft.iterdir())
            if path.name != MANIFEST
        }
        done = tuple(one if one.kept or one.error else one.moved("published") for one in ledger.manifest.notebooks)
        ended = record.now().isoformat()
        ledger.move("published", notebooks=done, files=files, ended_at=ended, seconds=ledger.seconds)
        self.stop.check()
        old = self.place.publish()
        self.is_published = True
        if old is not None:
            predecessors.step_aside(root, self.place.label, old)
        predecessors.prune(root, self.place.label, self.order.keep)
        if fingerprint:
            copies.let_go(root, fingerprint)
        copies.sweep(root)
        if failed:
            notebooks = {f"{name}.ipynb": self.executed[name].notebook for name in failed}
            self.place.keep_failed(notebooks | {MANIFEST: ledger.manifest.as_json()})
        vintages.keep(root, self.place.target)
        ledger.tell("published", seconds=ledger.seconds, text=str(self.place.target))

    def _keep_data(self, book: Path | None, fingerprint: str | None) -> None:
        from salesnb.run import copies

        if book is None or not fingerprint:
            return
        try:
            copies.keep(self.place.root, fingerprint, book)
        except StorageError as trouble:
            self.ledger.say("warning", text=f"the data is not kept for a later comparison: {trouble.what}")

    def _render_seconds(self) -> float:
        """Return how many seconds a page may take: its own deadline, or what is left of the run's."""
        deadlines = self.order.deadlines
        left = self.ledger.left(deadlines.run)
        if left <= 0:
            raise OutOfTime(
                f"the run took longer than {deadlines.run:g} seconds",
                where=self.period,
                mend="let it do less, or give it more time",
            )
        return min(left, deadlines.render)

    def _redacted(self, text: str) -> str:
        return json.dumps(self.redactor.tree(json.loads(text)), indent=1, ensure_ascii=False) + "\n"
