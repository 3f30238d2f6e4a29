"""Runner: reports made and published, of one period or of many."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from salesnb.errors import SalesnbError
from salesnb.params import Params
from salesnb.periods import Period
from salesnb.run import copies
from salesnb.run.attended import attended, listening
from salesnb.run.inputs import Inputs
from salesnb.run.job import Deadlines
from salesnb.run.making import Making
from salesnb.run.notebook import find_notebooks, notebooks_folder
from salesnb.run.order import Order, RunResult
from salesnb.run.pool import Pool
from salesnb.run.progress import Event
from salesnb.run.publish import contained
from salesnb.run.redact import Redactor
from salesnb.run.stop import Stop

__all__ = ["Backfill", "RunResult", "backfill", "run"]


@dataclass(frozen=True)
class Backfill:
    """What came of many periods.

    Attributes
    ----------
    done
        The reports that are published now, in the order of their periods.
    failed
        Period to the error that its run ended with.
    """

    done: tuple[RunResult, ...]
    failed: Mapping[str, SalesnbError] = field(default_factory=dict)


def run(
    period: str | None = None,
    *,
    source: str | None = None,
    out: str | Path | None = None,
    only: Sequence[str] = (),
    params: Params | Mapping[str, Any] | None = None,
    notebooks: Path | None = None,
    deadlines: Deadlines | None = None,
    jobs: int | None = None,
    cluster: str | None = None,
    is_forced: bool = False,
    goes_on: bool = False,
    keep: int = 5,
    on_event: Callable[[Event], None] | None = None,
) -> RunResult:
    """Make and publish the report of a period.

    A notebook of which every input is what it was (data, notebook, parameters, goals, salesnb, versions) is not
    executed: its page stays. Where that holds of all, nothing is written.

    Parameters
    ----------
    period, source, out
        What to report on, of which data, to which folder; they go before what `params` says.
    only
        The notebooks to execute; empty for all. Pages of the others are taken over from the report before where their
        inputs are what they were, and else left out and named on the first page.
    params
        All other parameters.
    notebooks
        The folder of the notebooks; those of salesnb where it is None.
    deadlines
        When to give up.
    jobs
        How many notebooks may be under way at a time; the number of cores where it is None.
    cluster
        The address of a Dask scheduler whose workers execute the notebooks; this machine where it is None.
    is_forced
        Execute also what is as it was.
    goes_on
        Publish what succeeded although some notebook failed, with the first page saying what is missing.
    keep
        How many of the reports before to keep, under ``previous/``.
    on_event
        Called at every step, from several threads.

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
    KeyboardInterrupt, SystemExit
        There was a signal; every process has ended, and nothing half-done is left.
    """
    order = _order(_settings(period, source, out, params), only, notebooks, deadlines, is_forced, goes_on, keep)
    with _Runs([order], jobs, cluster, on_event) as runs:
        return attended(runs.first, runs.stop, seconds=order.deadlines.run + order.deadlines.render, told=runs.stopping)


def backfill(
    periods: Sequence[str | Period],
    *,
    source: str | None = None,
    out: str | Path | None = None,
    only: Sequence[str] = (),
    params: Params | Mapping[str, Any] | None = None,
    notebooks: Path | None = None,
    deadlines: Deadlines | None = None,
    jobs: int | None = None,
    cluster: str | None = None,
    is_forced: bool = False,
    goes_on: bool = False,
    keep: int = 5,
    on_event: Callable[[Event], None] | None = None,
) -> Backfill:
    """Make and publish the reports of many periods, with one pool of kernels and the source opened once.

    Parameters
    ----------
    periods
        In any order; each is a run of its own, and one that fails does not keep the others.
    source, out, only, params, notebooks, deadlines, jobs, cluster, is_forced, goes_on, keep, on_event
        As for :func:`run`; the deadlines are of each run from when it begins.

    Returns
    -------
    Backfill
        What is published and what failed.

    Raises
    ------
    ParameterError
        A parameter, a period or the name of a notebook is wrong: nothing is executed.
    KeyboardInterrupt, SystemExit
        There was a signal; what was published before stays.
    """
    orders = [
        _order(_settings(str(one), source, out, params), only, notebooks, deadlines, is_forced, goes_on, keep)
        for one in dict.fromkeys(map(str, periods))
    ]
    limit = (deadlines or Deadlines()).run + (deadlines or Deadlines()).render
    with _Runs(orders, jobs, cluster, on_event) as runs:
        return attended(runs.all, runs.stop, seconds=limit * max(len(orders), 1), told=runs.stopping)


class _Runs:
    """Runs that share a pool, which is started when the first notebook has to be executed."""

    def __init__(
        self, orders: Sequence[Order], jobs: int | None, cluster: str | None, on_event: Callable[[Event], None] | None
    ) -> None:
        self.orders = orders
        self.jobs = jobs or os.cpu_count() or 1
        self.cluster = cluster
        self.stop = Stop()
        self._tell = on_event or (lambda event: None)
        self._telling = threading.Lock()
        self._turn = threading.Lock()
        self._pool: Pool | None = None

    def __enter__(self) -> _Runs:
        return self

    def __exit__(self, *error: object) -> None:
        with listening(Stop()), self._turn:
            if self._pool is not None:
                self._pool.close()

    def first(self) -> RunResult:
        """Make the one report."""
        return self._make(self.orders[0])

    def all(self) -> Backfill:
        """Make every report; as many at a time as keep the pool busy."""
        done: dict[str, RunResult] = {}
        failed: dict[str, SalesnbError] = {}

        def one(order: Order) -> None:
            try:
                self.stop.check()
                done[order.settings.period] = self._make(order)
            except SalesnbError as error:
                failed[order.settings.period] = error
            except Exception as error:
                failed[order.settings.period] = SalesnbError(
                    f"a fault of salesnb itself: {type(error).__name__}: {error}",
                    where=order.settings.period,
                    mend="run this period alone with SALESNB_DEBUG=1 and report what it prints",
                )

        with ThreadPoolExecutor(self.jobs + 1, "period") as threads:
            list(threads.map(one, self.orders))
        if failed:
            self.stop.check()
        periods = [order.settings.period for order in self.orders]
        return Backfill(
            tuple(done[period] for period in periods if period in done),
            {period: failed[period] for period in periods if period in failed},
        )

    def _make(self, order: Order) -> RunResult:
        stop = Stop()
        redactor = Redactor.for_source(os.environ, order.settings.source)

        def pool(inputs: Inputs, root: Path) -> Pool:
            return self.pool(order, inputs, root)

        with self.stop.ending(lambda: stop.set(self.stop.why)):
            try:
                return Making(
                    order, lambda inputs, root: self.pool(order, inputs, root), self.tell, stop, redactor
                ).make()
            except SalesnbError as error:
                raise redactor.error(error) from None

    def pool(self, order: Order, inputs: Inputs, root: Path) -> Pool:
        """Return the pool, and have the source opened that is needed next, where no earlier run has."""
        with self._turn:
            if self._pool is None:
                self._pool = Pool(self.jobs, inputs.modules, self.cluster)
            self._pool.begin(order.settings.source, copies.made_of(root, inputs.as_dict()))
            return self._pool

    def tell(self, event: Event) -> None:
        """Pass an event on, one at a time; a watcher that fails does not end the run."""
        with self._telling, contextlib.suppress(Exception):
            self._tell(event)

    def stopping(self, why: str) -> None:
        """Say that the runs are being stopped."""
        self.tell(Event("stopping", text=why))


def _order(
    settings: Params,
    only: Sequence[str],
    notebooks: Path | None,
    deadlines: Deadlines | None,
    is_forced: bool,
    goes_on: bool,
    keep: int,
) -> Order:
    folder = notebooks or notebooks_folder()
    wanted = tuple(find_notebooks(folder, only))
    texts = {name: _read(path) for name, path in find_notebooks(folder).items()}
    return Order(settings, texts, wanted, deadlines or Deadlines(), is_forced, goes_on, keep)


def _settings(
    period: str | None, source: str | None, out: str | Path | None, params: Params | Mapping[str, Any] | None
) -> Params:
    known = params.for_notebook() if isinstance(params, Params) else dict(params or {})
    given = {"period": period, "source": source, "out": None if out is None else str(out)}
    return Params.of(**(known | {name: value for name, value in given.items() if value is not None}))


def _read(path: Path) -> str:
    contained(path.name)
    return path.read_text(encoding="utf-8")
