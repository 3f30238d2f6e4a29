"""Pool: what executes and renders, for one run or for many, started once.

It owns a private folder, the process that forks kernels where there is one, a thread for each notebook that may be
under way at a time, the rendering process and the stored book. Closing it ends and removes all of them.
"""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from salesnb.data.opened import FAILED, FOLDER_VARIABLE, READY, SOURCE_VARIABLE
from salesnb.data.texts import RUN_VARIABLE
from salesnb.errors import SalesnbError
from salesnb.params import GOALS_FILE, PAY_FILE, Params
from salesnb.run import copies, strays
from salesnb.run.forkserver import ForkedProcess, ForkServer, is_available
from salesnb.run.home import Home
from salesnb.run.job import Execution, Job
from salesnb.run.rendering import Renderer
from salesnb.run.stop import Stop

if TYPE_CHECKING:
    from salesnb.run.cluster import Cluster

_DATA = ("salesnb.data.load", "salesnb.data.stored", "salesnb.data.opened", "ibis.backends.duckdb", "pyarrow.parquet")
_KERNEL = ("ipykernel.kernelapp", "ipykernel.ipkernel", "IPython.core.interactiveshell", "comm")
_WARMED = ("salesnb.report.warm:warm",)
_LATER = ("salesnb.report.warm:warm_voice", "salesnb.report.warm:warm_learners", "salesnb.report.warm:warm_models")
_OURS = "salesnb"
_GLANCE = 0.02

_log = logging.getLogger(__name__)


class Pool:
    """Threads, processes and a folder; a context.

    Parameters
    ----------
    jobs
        How many notebooks may be under way at a time.
    modules
        What the notebooks import: imported once, before the kernels are forked.
    cluster
        The address of a Dask scheduler whose workers execute the notebooks; None for this machine.
    """

    def __init__(self, jobs: int, modules: Sequence[str] = (), cluster: str | None = None) -> None:
        from salesnb.run.kernels import python_environment

        self.cluster = None if cluster is None else _cluster(cluster)
        self._home = Home()
        self.home = self._home.path
        self.server: ForkServer | None = None
        self._modules = tuple(modules)
        self._environment = python_environment() | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self.home))
        self._books: dict[str, Path] = {}
        self._turn = threading.Lock()
        self._is_warm = threading.Event()
        self._begun: set[str] = set()
        self._ordinary: list[subprocess.Popen[bytes]] = []
        self._renderer: Renderer | None = None
        self._places: list[tuple[Path, str]] = []
        self._threads = ThreadPoolExecutor(jobs, "notebook")
        self._aside = ThreadPoolExecutor(1, "warming")
        try:
            if is_available():
                self.server = ForkServer(self._environment, self.home / "server.log")
                self.server.sweep(self.home)
        except OSError as trouble:
            _log.warning("kernels cannot be forked here (%s): ordinary ones serve", trouble)

    def begin(self, source: str, copy: Path | None = None) -> None:
        """Have everything imported and the book of the source opened while the run is still being laid out.

        Parameters
        ----------
        source
            What to open.
        copy
            The folder of its book, stored by an earlier run of the same data and code; None where it has to be opened.
        """
        with self._turn:
            is_first = not self._begun
            if source in self._begun:
                return
            self._begun.add(source)
        self._aside.submit(self._begin, source, copy, is_first)

    def _begin(self, source: str, copy: Path | None, is_first: bool) -> None:
        needs_book = any(name.partition(".")[0] == _OURS for name in self._modules)
        try:
            if needs_book and not self._take(source, copy):
                if self.server is not None and is_first:
                    self.server.preload(_DATA)
                self._store(source)
            if self.server is not None and is_first:
                ours = _DATA if needs_book else ()
                self.server.preload([*ours, *_KERNEL, *self._modules, *(_WARMED if needs_book else ())])
                self.server.preload_later(_LATER if needs_book else ())
        except RuntimeError as trouble:
            _log.warning("nothing could be prepared: %s", trouble)
        finally:
            self._is_warm.set()
        if is_first:
            self.renderer.start()

    def _take(self, source: str, copy: Path | None) -> bool:
        """Take the stored book of an earlier run; False where there is none, or it goes at this very moment."""
        if copy is None:
            return False
        folder = self._folder()
        try:
            copies.fill(folder, copy)
        except (OSError, SalesnbError):
            return False
        self._books[source] = folder
        return (folder / READY).exists()

    def _folder(self) -> Path:
        return Path(tempfile.mkdtemp(prefix="book-", dir=self.home))

    def _store(self, source: str) -> None:
        folder = self._books[source] = self._folder()
        process = self._launched("store", [source, str(folder)], self.home / "book.log")

        def watch() -> None:
            process.wait()
            # Where the run has ended meanwhile, its folders are gone, and nobody waits.
            with contextlib.suppress(OSError):
                if not (folder / READY).exists():
                    folder.joinpath(FAILED).touch()

        threading.Thread(target=watch, name="book", daemon=True).start()

    def _launched(self, name: str, arguments: Sequence[Any], log: Path) -> ForkedProcess | subprocess.Popen[bytes]:
        if self.server is not None:
            return self.server.fork(
                f"salesnb.run.forked:{name}", arguments, environment=self._environment, folder=str(Path.cwd()), log=log
            )
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "salesnb.run.forked", name, json.dumps(list(arguments))],
                env=self._environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip
        self._ordinary.append(process)
        return process

    @property
    def renderer(self) -> Renderer:
        """The rendering process."""
        with self._turn:
            if self._renderer is None:
                self._renderer = Renderer(self.server, self._environment, self.home)
            return self._renderer

    def book(self, source: str) -> Path | None:
        """Return the folder of a source's stored book; None where there is none, or not yet."""
        folder = self._books.get(source)
        return folder if folder is not None and (folder / READY).exists() else None

    def submit(
        self,
        jobs: Sequence[Job],
        settings: Params,
        *,
        ends_at: float,
        stop: Stop,
        on_start: Callable[[str], None],
        on_cell: Callable[[str, int, int], None],
    ) -> dict[Future[Execution], str]:
        """Have jobs executed, each as soon as it is its turn.

        Parameters
        ----------
        jobs
            The notebooks of one run.
        settings
            Of the run.
        ends_at
            When it has to be over, on the monotonic clock.
        stop
            Ends it.
        on_start, on_cell
            Called in another thread, with a name when it starts, and with the number of each cell and of all.

        Returns
        -------
        dict
            Future to the job's name. A future always has a result: what goes wrong is in the execution.
        """
        if self.cluster is not None:
            return self._sent(jobs, settings, ends_at, stop, on_start)

        def turn(job: Job) -> Execution:
            from salesnb.run import lean

            lean.without_stores()
            from salesnb.run.execute import execute

            self._is_warm.wait()
            if not stop.is_set:
                on_start(job.name)
            return execute(
                _until(job, ends_at), lambda cell, cells: on_cell(job.name, cell, cells), server=self.server,
                stop=stop, home=self.home, environment=self._shared(settings.source),
            )  # fmt: skip

        return {self._threads.submit(turn, job): job.name for job in jobs}

    def _sent(
        self, jobs: Sequence[Job], settings: Params, ends_at: float, stop: Stop, on_start: Callable[[str], None]
    ) -> dict[Future[Execution], str]:
        """Send jobs to the cluster, as soon as the book is stored that goes along."""
        assert self.cluster is not None
        self._is_warm.wait()
        folder = self._books.get(settings.source)
        while folder is not None and not stop.is_set and time.monotonic() < ends_at:
            if (folder / READY).exists() or (folder / FAILED).exists():
                break
            time.sleep(_GLANCE)
        files: dict[str, str] = {}
        late = [_until(job, ends_at) for job in jobs]
        for name, file, there in (
            ("goals", settings.goals_file(), GOALS_FILE), ("pay", settings.pay_file(), PAY_FILE),
        ):  # fmt: skip
            if file is not None and file.is_file():
                files[there.as_posix()] = file.read_text(encoding="utf-8")
                if getattr(settings, name) is not None:
                    late = [_reading(job, name, there.as_posix()) for job in late]
        modules = [*_DATA, *_KERNEL, *self._modules]
        book = self.book(settings.source)
        return self.cluster.submit(late, settings.source, book, files, modules, stop=stop, on_start=on_start)

    def _shared(self, source: str) -> dict[str, str]:
        folder, texts = self._books.get(source), self.home / "sql"
        if folder is None:
            return {}
        texts.mkdir(mode=0o700, exist_ok=True)
        return {FOLDER_VARIABLE: str(folder), SOURCE_VARIABLE: source, RUN_VARIABLE: str(texts)}

    def sweep(self, root: Path, label: str) -> None:
        """Name a place that is to be put right, should this process be killed."""
        with self._turn:
            self._places.append((root, label))
            if self.server is not None:
                self.server.sweep(self.home, self._places)

    def close(self) -> None:
        """End every process, and remove the private folder."""
        self._is_warm.set()
        if self.server is not None:
            self.server.close()
        for process in self._ordinary:
            process.kill()
            process.wait()
        self._aside.shutdown(cancel_futures=True)
        if self._renderer is not None:
            self._renderer.close()
        self._threads.shutdown(cancel_futures=True)
        if self.cluster is not None:
            self.cluster.close()
        strays.end(self.home)
        self._home.remove()

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _until(job: Job, ends_at: float) -> Job:
    return replace(job, deadlines=replace(job.deadlines, run=max(ends_at - time.monotonic(), 0.001)))


def _reading(job: Job, name: str, file: str) -> Job:
    """Return a job that takes the file of a parameter from where a worker finds it."""
    return replace(job, params={**job.params, name: file}) if name in job.params else job


def _cluster(address: str) -> Cluster:
    from salesnb.run.cluster import Cluster

    return Cluster(address)
