"""Cluster: notebooks executed by the workers of a Dask scheduler, through joblib's backend for it.

A job goes out as bytes and its execution comes back as bytes; the stored book goes along. So the workers need
salesnb, the same as here, and nothing else: no shared disk, no database, no password.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import tarfile
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

from salesnb import errors
from salesnb.data.opened import FOLDER_VARIABLE, READY, SOURCE_VARIABLE
from salesnb.errors import KernelDied, ParameterError, SalesnbError, Stopped
from salesnb.run.inputs import package_digest
from salesnb.run.job import Deadlines, Execution, Job
from salesnb.run.manifest import CellRecord
from salesnb.run.stop import Stop

_CONNECT_SECONDS = 20
_GLANCE = 0.5


class Cluster:
    """A Dask scheduler and its workers.

    Parameters
    ----------
    address
        As ``tcp://host:8786``.

    Raises
    ------
    ParameterError
        The packages for it are not installed, nothing answers at the address, or no worker is there.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        try:
            import joblib  # noqa: F401
            from distributed import Client
        except ImportError:
            raise ParameterError(
                "the packages for a cluster are not installed",
                where="--cluster",
                mend="install them with: pip install 'salesnb[cluster]'",
            ) from None
        try:
            kind: Any = Client
            self._client = kind(address, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError, ImportError) as trouble:
            raise ParameterError(
                f"no Dask scheduler answers at {address}: {type(trouble).__name__}",
                where="--cluster",
                mend="start one with: dask scheduler, and workers with: dask worker ADDRESS",
            ) from trouble
        if not self._client.ncores():
            self.close()
            raise ParameterError(
                f"the scheduler at {address} has no worker", where="--cluster", mend="start some: dask worker ADDRESS"
            )

    @property
    def client(self) -> Any:
        """The client of ``distributed``."""
        return self._client

    def submit(
        self,
        jobs: Sequence[Job],
        source: str,
        book: Path | None,
        files: Mapping[str, str],
        modules: Sequence[str],
        *,
        stop: Stop,
        on_start: Callable[[str], None],
    ) -> dict[Future[Execution], str]:
        """Have jobs executed by the workers.

        Parameters
        ----------
        jobs
            The notebooks.
        source, book
            What the book was opened from, and the folder it is stored in; None where it could not be stored.
        files
            Relative path to text of the files that notebooks read: the goals.
        modules
            What a worker imports once, before it forks kernels.
        stop
            Ends them.
        on_start
            Called with the name of each when it has been sent.

        Returns
        -------
        dict
            Future to the job's name.
        """
        futures: dict[str, Future[Execution]] = {job.name: Future() for job in jobs}
        packed = b"" if book is None else _packed(book)
        run = uuid.uuid4().hex
        orders = [
            json.dumps({"job": asdict(job), "source": source, "files": dict(files), "run": run,
                        "modules": list(modules), "package": package_digest()}).encode()
            for job in jobs
        ]  # fmt: skip

        def work() -> None:
            for job in jobs:
                futures[job.name].set_running_or_notify_cancel()
                on_start(job.name)
            try:
                with stop.ending(lambda: self._end(run)):
                    for answer in self._answers(orders, packed):
                        done = _unpacked_execution(answer)
                        futures[done.name].set_result(done)
                trouble = ""
            except Exception as error:
                trouble = f"{type(error).__name__}: {str(error)[:200]}"
            for job in jobs:
                if not futures[job.name].done():
                    futures[job.name].set_result(_lost(job, stop, trouble))

        threading.Thread(target=work, name="cluster", daemon=True).start()
        return {future: name for name, future in futures.items()}

    def _answers(self, orders: Sequence[bytes], book: bytes) -> Iterator[bytes]:
        from joblib import Parallel, delayed, parallel_config

        with parallel_config(backend="dask", client=self._client, scatter=[book], pure=False):
            parallel = Parallel(n_jobs=-1, batch_size=1, return_as="generator_unordered")
            yield from parallel(delayed(on_worker)(order, book) for order in orders)

    def _end(self, run: str) -> None:
        with contextlib.suppress(Exception):
            _event(run, self._client).set()

    def close(self) -> None:
        """Leave the cluster; it goes on without."""
        with contextlib.suppress(Exception):
            self._client.close(timeout=_GLANCE)


def on_worker(order: bytes, book: bytes) -> bytes:
    """Execute a job, on a worker, and return its execution as bytes.

    Parameters
    ----------
    order
        The job and what it needs, as JSON.
    book
        The stored book, as a tar; empty where there is none.
    """
    from salesnb.run import lean

    lean.without_grammars()
    from salesnb.run.execute import execute

    told = json.loads(order)
    job = Job(**{**told["job"], "deadlines": Deadlines(**told["job"]["deadlines"])})
    if told["package"] != package_digest():
        error = ParameterError(
            "the workers have another salesnb than this machine", where="--cluster", mend="install the same on all"
        )
        return _packed_execution(Execution(job.name, job.notebook, (), None, 0.0, error))
    stop, home = Stop(), Path(tempfile.mkdtemp(prefix="salesnb-"))
    try:
        folder = home / "work"
        for name, text in told["files"].items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        folder.mkdir(exist_ok=True)
        environment = {}
        if book:
            _unpack(book, home / "book")
            environment = {FOLDER_VARIABLE: str(home / "book"), SOURCE_VARIABLE: told["source"]}
        with _listening(told["run"], stop):
            return _packed_execution(
                execute(
                    replace(job, folder=str(folder)),
                    server=_server(tuple(told["modules"])),
                    stop=stop,
                    home=home,
                    environment=environment,
                )
            )
    finally:
        shutil.rmtree(home, ignore_errors=True)


@cache
def _server(modules: tuple[str, ...]) -> Any:
    """Start this worker's own process that forks kernels, once; it ends with the worker."""
    from salesnb.run.forkserver import ForkServer, is_available
    from salesnb.run.kernels import python_environment

    if not is_available():
        return None
    home = Path(tempfile.mkdtemp(prefix="salesnb-"))
    server = ForkServer(python_environment(), home / "server.log")
    server.sweep(home)
    server.preload(modules)
    return server


@contextlib.contextmanager
def _listening(run: str, stop: Stop) -> Iterator[None]:
    """Hear of the end of a run from where it was ordered, while the block lasts."""
    from distributed import get_client

    over = threading.Event()
    event = _event(run, get_client())

    def listen() -> None:
        while not over.wait(_GLANCE):
            with contextlib.suppress(Exception):
                if event.is_set():
                    stop.set("the run was stopped")

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield
    finally:
        over.set()
        listener.join()


def _event(run: str, client: Any) -> Any:
    """Return the flag of a run that all of the cluster can see."""
    from distributed import Event

    kind: Any = Event
    return kind(run, client=client)


def _packed(folder: Path) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name != READY:
                tar.add(path, path.relative_to(folder).as_posix())
    return out.getvalue()


def _unpack(book: bytes, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    with tarfile.open(fileobj=io.BytesIO(book)) as tar:
        tar.extractall(folder, filter="data")
    (folder / READY).touch()


def _packed_execution(done: Execution) -> bytes:
    error = done.error
    told = None if error is None else [type(error).__name__, error.what, error.where, error.mend]
    cells = [asdict(cell) for cell in done.cells]
    tree = {"name": done.name, "notebook": done.notebook, "results": done.results, "seconds": done.seconds}
    return json.dumps({**tree, "cells": cells, "error": told}).encode()


def _unpacked_execution(answer: bytes) -> Execution:
    told = json.loads(answer)
    error: SalesnbError | None = None
    if told["error"] is not None:
        kind, what, where, mend = told["error"]
        error = getattr(errors, kind)(what, where=where, mend=mend)
    cells = tuple(CellRecord(**cell) for cell in told["cells"])
    return Execution(told["name"], told["notebook"], cells, told["results"], told["seconds"], error)


def _lost(job: Job, stop: Stop, trouble: str) -> Execution:
    """Return the execution of a job that no worker answered for."""
    error: SalesnbError = KernelDied(
        "the cluster lost the notebook" + (f": {trouble}" if trouble else ""),
        where=f"{job.name}.ipynb",
        mend="look at the workers' logs, and run again",
    )
    if stop.is_set:
        error = Stopped(stop.why, where=f"{job.name}.ipynb")
    return Execution(job.name, job.notebook, (), None, 0.0, error)
