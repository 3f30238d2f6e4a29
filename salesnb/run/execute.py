"""Execute: one notebook with its parameters in, the executed notebook and every cell's truth out.

papermill puts the parameters in and drives the kernel; what became of each cell is recorded here, as it
happens. Nothing is written but to a private folder that is gone at the end, and the working directory of this process
is left alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import papermill
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from papermill.engines import NotebookExecutionManager
from papermill.exceptions import PapermillExecutionError
from zmq.error import ZMQError

from salesnb.errors import CellError, KernelDied, OutOfTime, SalesnbError, Stopped
from salesnb.run import failing
from salesnb.run.client import Client, ManagedEngine
from salesnb.run.job import Execution, Job
from salesnb.run.kernels import kernel_environment, kernel_manager
from salesnb.run.manifest import CellRecord, CellState
from salesnb.run.notebook import check_params, read, text_of, tidied
from salesnb.run.recorded import recorded
from salesnb.run.stop import Stop

if TYPE_CHECKING:
    from salesnb.run.forkserver import ForkServer

START_ATTEMPTS = 3

_log = logging.getLogger(__name__)
for _name in ("salesnb", "papermill"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


def execute(
    job: Job,
    on_cell: Callable[[int, int], None] | None = None,
    *,
    server: ForkServer | None = None,
    stop: Stop | None = None,
    home: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Execution:
    """Execute a notebook in a kernel of this very interpreter.

    Parameters
    ----------
    job
        The notebook, its parameters and its deadlines.
    on_cell
        Called with the number of the cell that starts and the number of cells.
    server
        What forks the kernel; None for a kernel in a process of its own.
    stop
        Ends it from another thread.
    home
        The folder that its private folder is made in; the system's for temporary files where it is None.
    environment
        More variables of the kernel's environment.

    Returns
    -------
    Execution
        Also where a cell failed, or it was stopped: then with the error in it.

    Raises
    ------
    ParameterError
        A parameter that the notebook does not have, or a value that JSON does not have.
    """
    notebook = read(job.notebook, job.name)
    check_params(notebook, job.params, job.name)
    work = Path(tempfile.mkdtemp(prefix="salesnb-", dir=home))
    attempt = _Attempt(job, work, on_cell or (lambda number, count: None), server, stop or Stop(), environment or {})
    started = time.monotonic()
    try:
        with _own_loop():
            error = attempt.make(notebook)
        results = recorded(work / "results", job.name)
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


@contextlib.contextmanager
def _own_loop() -> Iterator[None]:
    """Give nbclient an event loop of this thread, and close it at the end."""
    loop = ensure_event_loop()
    try:
        yield
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        asyncio.set_event_loop(None)


@dataclass
class _Attempt:
    """One job while it runs: papermill's engine calls back here for each step."""

    job: Job
    work: Path
    on_cell: Callable[[int, int], None]
    server: ForkServer | None
    stop: Stop
    environment: Mapping[str, str]
    notebook: Any = None
    client: Any = None
    kernel: Any = None
    ended: str = ""
    states: dict[int, tuple[CellState, float]] = field(default_factory=dict)
    ends_at: float = math.inf

    def make(self, notebook: Any) -> SalesnbError | None:
        """Execute, and return what went wrong as an error of ours."""
        self.ends_at = time.monotonic() + self.job.deadlines.run
        for left in reversed(range(START_ATTEMPTS)):
            try:
                self.stop.check()
                papermill.execute_notebook(
                    notebook,
                    None,
                    parameters=dict(self.job.params),
                    engine_name=ManagedEngine.name,
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
            except (OutOfTime, Stopped) as error:
                return error
            except DeadKernelError:
                return (
                    self._flooded()
                    or self._stopped()
                    or KernelDied(
                        "the kernel ended by itself",
                        where=f"{self._where()}{self.ended}",
                        mend="mostly it ran out of memory: give the run more, or let the cell do less at once",
                    )
                )
            except (RuntimeError, OSError, ZMQError) as error:
                if self.stop.is_set:
                    return self._stopped()
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
        self.kernel = kernel_manager(self.work, self.server, start_timeout)
        self.client = Client(
            manager,
            km=self.kernel,
            startup_timeout=int(start_timeout),
            timeout_func=lambda cell: max(min(self.job.deadlines.cell, self.ends_at - time.monotonic()), 0.001),
            iopub_timeout=int(self.job.deadlines.cell),
            shutdown_kernel="immediate",
            force_raise_errors=True,
            log=_log,
        )
        self.client.attempt, self.client.on_flood = self, self.kill
        self.client.most_output = self.job.most_output
        environment = kernel_environment(self.job.name, self.work) | dict(self.environment)
        with (self.work / "kernel.log").open("wb") as log, self.stop.ending(self.kill):
            try:
                self.client.execute(cwd=self.job.folder, env=environment, cleanup_kc=True, stdout=log, stderr=log)
            finally:
                self.kill()

    def kill(self) -> None:
        """Kill the kernel and what it started; whoever waits for it hears of it within a second."""
        provisioner = getattr(self.kernel, "provisioner", None)
        process, group = (getattr(provisioner, name, None) for name in ("process", "pgid"))
        with contextlib.suppress(OSError):
            if group is not None:
                os.killpg(group, signal.SIGKILL)
            elif process is not None:
                process.kill()

    def cells(self, manager: NotebookExecutionManager) -> None:
        """Execute every cell in its turn, and record what became of it before anybody hears of it."""
        for index, cell in enumerate(manager.nb.cells):
            if cell.cell_type != "code":
                continue
            self.stop.check()
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
                self.states[index] = (self._state(error), time.monotonic() - started)
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

    def _state(self, error: BaseException) -> CellState:
        if self.client.is_flooded:
            return "failed"
        return "stopped" if self.stop.is_set else failing.state_of(error)

    def _out_of_time(self) -> OutOfTime:
        if time.monotonic() < self.ends_at:
            what = f"the cell took longer than {self.job.deadlines.cell:g} seconds"
        else:
            what = "the run took longer than it may"
        return OutOfTime(what, where=self._where(), mend="let it do less, or give it more time")

    def _stopped(self) -> Stopped | None:
        try:
            self.stop.check()
        except Stopped as stopped:
            stopped.where = self._where()
            return stopped
        return None

    def _flooded(self) -> CellError | None:
        if self.client is None or not self.client.is_flooded:
            return None
        return CellError(
            f"the cells put out more than {self.job.most_output / 2**20:g} MB",
            where=self._where(),
            mend="print less: show a table of the first rows, or a chart",
        )
