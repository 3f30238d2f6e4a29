"""Ledger: the truth of a run while it goes on, written down at every step and told to whoever watches."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from salesnb.errors import SalesnbError
from salesnb.params import Params
from salesnb.run import log
from salesnb.run import manifest as record
from salesnb.run.inputs import Inputs
from salesnb.run.manifest import Failure, Manifest, NotebookRecord, State
from salesnb.run.progress import Event
from salesnb.run.publish import MANIFEST, Place
from salesnb.run.redact import Redactor


class Ledger:
    """The manifest, the log and the watcher of one run; safe to use from several threads.

    Parameters
    ----------
    place
        Where the draft is.
    settings, inputs
        Of the run.
    redactor
        Takes secrets out of all that is written and told.
    tell
        Called at every step.
    """

    def __init__(
        self, place: Place, settings: Params, inputs: Inputs, redactor: Redactor, tell: Callable[[Event], None]
    ) -> None:
        self.place = place
        self.period = settings.period
        self.redactor = redactor
        self._tell = tell
        self._turn = threading.RLock()
        self._started = time.monotonic()
        self.manifest = Manifest(
            period=settings.period,
            source=redactor.text(settings.source),
            params=redactor.tree(settings.for_notebook()),
            versions=record.versions(),
            started_at=record.now().isoformat(),
            inputs=inputs.as_dict(),
        )

    def begin(self, todo: Sequence[str], inputs: Inputs) -> None:
        """Write down which notebooks are to be executed."""
        notebooks = tuple(
            NotebookRecord(name, inputs.notebooks[name]["notebook"], inputs=inputs.notebooks[name]) for name in todo
        )
        self.note(self.manifest.knowing(notebooks=notebooks))

    def note(self, manifest: Manifest) -> None:
        """Write down the run as it stands."""
        with self._turn:
            self.manifest = manifest
            self.place.write(MANIFEST, manifest.as_json())

    def move(self, state: State, **facts: Any) -> None:
        """Write down the run's next state."""
        with self._turn:
            self.note(self.manifest.moved(state, **facts))

    def move_notebook(self, name: str, state: State, **facts: Any) -> None:
        """Write down a notebook's next state."""
        with self._turn:
            self.note(self.manifest.holding(self.of(name).moved(state, **facts)))

    def of(self, name: str) -> NotebookRecord:
        """Return what is known of a notebook."""
        return next(one for one in self.manifest.notebooks if one.name == name)

    def say(self, kind: Any, notebook: str = "", *, is_told: bool = True, **facts: Any) -> Event:
        """Tell of a step, add it to the log, and return it.

        Parameters
        ----------
        kind, notebook, facts
            Of the event.
        is_told
            Whether the watcher hears of it; else it is only written down.
        """
        event = Event(kind, self.period, notebook, **facts)
        event = replace(event, text=self.redactor.text(event.text))
        with self._turn:
            log.write(self.place, event)
            if is_told:
                self._tell(event)
        return event

    def tell(self, kind: Any, **facts: Any) -> None:
        """Tell of a step that is too late for the log."""
        self._tell(Event(kind, self.period, **facts))

    @property
    def seconds(self) -> float:
        """How long the run has taken so far."""
        return round(time.monotonic() - self._started, 3)

    def left(self, limit: float) -> float:
        """Return how many of `limit` seconds are left to the run."""
        return limit - (time.monotonic() - self._started)

    def ends_at(self, limit: float) -> float:
        """Return when `limit` seconds of the run are over, on the monotonic clock."""
        return self._started + limit

    def _unpublished(self) -> tuple[NotebookRecord, ...]:
        return tuple(
            replace(one, state="rendered") if one.state == "published" and not one.kept else one
            for one in self.manifest.notebooks
        )

    def fail(self, error: BaseException, notebooks: Mapping[str, str]) -> None:
        """Keep the manifest, the log and the failed notebooks beside the reports, as far as that can be done.

        Parameters
        ----------
        error
            What ended the run.
        notebooks
            Name to the text of every executed notebook that is worth a look.
        """
        failure = (
            Failure.of(self.redactor.error(error))
            if isinstance(error, SalesnbError)
            else Failure(type(error).__name__, 1, self.redactor.text(str(error)), "", "")
        )
        with self._turn:
            if self.manifest.state == "published":
                self.manifest = replace(self.manifest, state="rendered", files={}, notebooks=self._unpublished())
            self.manifest = self.manifest.moved(
                "failed", error=failure, ended_at=record.now().isoformat(), seconds=self.seconds
            )
            event = self.say("failed", text=str(error))
            files = {f"{name}.ipynb": text for name, text in notebooks.items()}
            files |= {log.NAME: log.read(self.place) or log.line(event), MANIFEST: self.manifest.as_json()}
            try:
                self.place.keep_failed(files)
            except SalesnbError as other:
                error.add_note(f"the failed run could not be kept: {other.what}")
