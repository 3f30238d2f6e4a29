"""Execute: one notebook with its parameters in, the executed notebook and every cell's truth out.

papermill puts the parameters in and drives the kernel; what became of each cell is recorded here, as it
happens. Nothing is written but to a private folder that is gone at the end, and the working directory of this process
is left alone.
"""

from __future__ import annotations

import json
import logging
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import papermill
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillExecutionError

from salesnb.errors import KernelDied, OutOfTime, SalesnbError
from salesnb.run import failing
from salesnb.run.job import Execution, Job
from salesnb.run.kernels import RunningInterpreter, kernel_environment
from salesnb.run.manifest import CellRecord, CellState
from salesnb.run.notebook import check_params, read, text_of, tidied

START_ATTEMPTS = 3
RESULTS_LIMIT = 64 * 2**20

_log = logging.getLogger(__name__)
for _name in ("salesnb", "papermill"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


def execute(job: Job, on_cell: Callable[[int, int], None] | None = None) -> Execution:
    """Execute a notebook in a kernel of this very interpreter.

    Parameters
    ----------
    job
        The notebook, its parameters and its deadlines.
    on_cell
        Called with the number of the cell that starts and the number of cells.

    Returns
    -------
    Execution
        Also where a cell failed: then with the error in it.

    Raises
    ------
    ParameterError
        A parameter that the notebook does not have, or a value that JSON does not have.
    """
    notebook = read(job.notebook, job.name)
    check_params(notebook, job.params, job.name)
    work = Path(tempfile.mkdtemp(prefix="salesnb-"))
    attempt = _Attempt(job, work, on_cell or (lambda number, count: None))
    started = time.monotonic()
    try:
        error = attempt.make(notebook)
        results = _results(work, job.name)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    executed = attempt.notebook if attempt.notebook is not None else notebook
    records = attempt.records(executed)
    return Execution(
        name=job.name,
        notebook=text_of(tidied(executed, records, error)),
        cells=records,
        results=results,
        seconds=round(time.monotonic() - started, 3),
        error=error,
    )


@dataclass
class _Attempt:
    """One job while it runs: papermill's engine calls back here for each step."""

    job: Job
    work: Path
    on_cell: Callable[[int, int], None]
    notebook: Any = None
    client: Any = None
    ended: str = ""
    states: dict[int, tuple[CellState, float]] = field(default_factory=dict)
    ends_at: float = math.inf

    def make(self, notebook: Any) -> SalesnbError | None:
        """Execute, and return what went wrong as an error of ours."""
        self.ends_at = time.monotonic() + self.job.deadlines.notebook
        for left in reversed(range(START_ATTEMPTS)):
            try:
                papermill.execute_notebook(
                    notebook,
                    None,
                    parameters=dict(self.job.params),
                    engine_name=_Engine.name,
                    kernel_name="python3",
                    language="python",
                    progress_bar=False,
                    request_save_on_cell_execute=False,
                    autosave_cell_every=0,
                    start_timeout=self.job.deadlines.start,
                    attempt=self,
                )
            except (CellExecutionError, PapermillExecutionError) as error:
                return failing.cell_error(self._where(), error.ename, error.evalue)
            except CellTimeoutError:
                return self._out_of_time()
            except OutOfTime as error:
                return error
            except DeadKernelError:
                return KernelDied(
                    "the kernel ended by itself",
                    where=f"{self._where()}{self.ended}",
                    mend="mostly it ran out of memory: give the run more, or let the cell do less at once",
                )
            except (RuntimeError, OSError) as error:
                if self.states:
                    raise
                if not left:
                    return KernelDied(
                        "the kernel did not start",
                        where=f"{self.job.name}: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
                        mend=f"check that {sys.executable} -m ipykernel_launcher --version answers",
                    )
                _log.warning("kernel for %s did not start, trying again", self.job.name)
            else:
                return None
        return None

    def run(self, manager: NotebookExecutionManager, start_timeout: float) -> None:
        """Start a kernel and execute every cell in it; called by papermill's engine."""
        self.notebook = manager.nb
        kernel = AsyncKernelManager(
            kernel_name="python3",
            kernel_spec_manager=RunningInterpreter(),
            transport="tcp" if os.name == "nt" else "ipc",
            connection_file=str(self.work / "kernel.json"),
        )
        self.client = _Client(
            manager,
            km=kernel,
            startup_timeout=int(start_timeout),
            timeout_func=lambda cell: max(min(self.job.deadlines.cell, self.ends_at - time.monotonic()), 0.001),
            iopub_timeout=int(self.job.deadlines.cell),
            shutdown_kernel="immediate",
            force_raise_errors=True,
            log=_log,
        )
        self.client.attempt = self
        with (self.work / "kernel.log").open("wb") as log:
            self.client.execute(
                cwd=self.job.folder,
                env=kernel_environment(self.job.name, self.work),
                cleanup_kc=True,
                stdout=log,
                stderr=log,
            )

    def cells(self, manager: NotebookExecutionManager) -> None:
        """Execute every cell in its turn, and record what became of it before anybody hears of it."""
        for index, cell in enumerate(manager.nb.cells):
            if cell.cell_type != "code":
                continue
            self.on_cell(index + 1, len(manager.nb.cells))
            self.states[index] = ("stopped", time.monotonic())
            manager.cell_start(cell, index)
            started = time.monotonic()
            try:
                if started >= self.ends_at:
                    raise self._out_of_time()
                self.client.execute_cell(cell, index)
            except BaseException as error:
                self.ended = failing.how_it_ended(self.client)
                self.states[index] = (failing.state_of(error), time.monotonic() - started)
                manager.cell_exception(cell, cell_index=index, exception=error)
                raise
            finally:
                manager.cell_complete(cell, cell_index=index)
            self.states[index] = ("done", time.monotonic() - started)

    def records(self, notebook: Any) -> tuple[CellRecord, ...]:
        """Return every cell's truth."""
        records = []
        number, under = 0, ""
        for index, cell in enumerate(notebook.cells):
            is_injected = "injected-parameters" in cell.metadata.get("tags", ())
            number += not is_injected
            if cell.cell_type == "markdown":
                under = failing.heading_of(cell.source) or under
            state: CellState = "never reached" if cell.cell_type == "code" else "text"
            seconds: float | None = None
            if index in self.states:
                state, seconds = self.states[index]
                seconds = round(seconds, 3)
            records.append(CellRecord(0 if is_injected else number, cell.cell_type, state, seconds, under))
        return tuple(records)

    def _where(self) -> str:
        """Say which cell it is about: the last one that was started."""
        if self.notebook is None or not self.states:
            return f"{self.job.name}.ipynb"
        record = self.records(self.notebook)[max(self.states)]
        cell = f"cell {record.number}" if record.number else "the cell with the parameters of this run"
        return f"{self.job.name}.ipynb, {cell}" + (f" (under {record.under!r})" if record.under else "")

    def _out_of_time(self) -> OutOfTime:
        deadlines = self.job.deadlines
        is_cell = time.monotonic() < self.ends_at
        return OutOfTime(
            f"the {'cell' if is_cell else 'notebook'} took longer than"
            f" {deadlines.cell if is_cell else deadlines.notebook:g} seconds",
            where=self._where(),
            mend="let it do less, or give it more time",
        )


class _Client(PapermillNotebookClient):  # type: ignore[misc]
    """papermill's client, with our own way through the cells."""

    attempt: _Attempt

    def papermill_execute_cells(self) -> None:
        self.attempt.cells(self.nb_man)


class _Engine(Engine):  # type: ignore[misc]
    """papermill's engine of ours."""

    name = "salesnb"

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, *, attempt: _Attempt, start_timeout: float, **_: Any
    ) -> None:
        attempt.run(nb_man, start_timeout)


papermill_engines.register(_Engine.name, _Engine)


def _results(work: Path, name: str) -> Mapping[str, Any] | None:
    """Read what the notebook recorded, if it did."""
    folder = work / "results"
    found = folder / f"{name}.json"
    if not found.is_file():
        others = sorted(folder.glob("*.json")) if folder.is_dir() else []
        if len(others) != 1:
            return None
        found = others[0]
    if found.is_symlink() or found.stat().st_size > RESULTS_LIMIT:
        return None
    try:
        results = json.loads(found.read_text(encoding="utf-8"), parse_constant=lambda word: None)
    except ValueError:
        return None
    return results if isinstance(results, dict) else None
