"""Forecasting of files: from a tidy table to a table of forecasts, with progress and a summary in words."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesnb import formats
from salesnb.errors import ParameterError, did_you_mean
from salesnb.forecast.files import checked_out, read_table, write_table
from salesnb.forecast.many import Asked, many, renamed
from salesnb.forecast.reading import SUMS, Series, read_series
from salesnb.run.watching import seconds

if TYPE_CHECKING:
    from salesnb.calendars import Grain
    from salesnb.data.book import Book

_EVERY = 5.0
_MOST_REASONS = 5


@dataclass(frozen=True)
class Places:
    """Where a forecast goes, and what makes it.

    Attributes
    ----------
    out
        The file of forecasts; without one they are printed as CSV.
    reasons
        The file of ``id, model, reason, notes``.
    jobs, cluster
        Processes, or the address of a Dask scheduler.
    say
        Tells a person a line, beside the data.
    """

    out: Path | None
    reasons: Path | None
    jobs: int | None
    cluster: str | None
    say: Callable[[str], None]

    def check(self) -> None:
        """Raise ParameterError where a file is of no kind that can be written."""
        for place in filter(None, (self.out, self.reasons)):
            checked_out(place)


def forecast_file(
    file: Path, table: Mapping[str, str | None], asked: Asked, places: Places, *, regressors: Path | None = None
) -> None:
    """Forecast the series of a file, and write or print what comes of it.

    Parameters
    ----------
    file
        A CSV or Parquet file.
    table
        ``id``, ``time`` and ``value``, the columns; ``freq`` and ``together``: see
        :func:`salesnb.forecast.reading.read_series`.
    asked, places
        What is asked of each series, and where it goes.
    regressors
        A file of regressors.

    Raises
    ------
    SalesnbError
        A file, a column, a date, a value or an option cannot be used.
    """
    together = table.get("together")
    if together is not None and together not in SUMS:
        raise ParameterError(f"rows cannot become one by {together!r}", where="--together", mend=did_you_mean(
            together, SUMS))  # fmt: skip
    places.check()
    series = read_series(
        read_table(file),
        id=table.get("id"),
        time=str(table["time"]),
        value=str(table["value"]),
        horizon=asked.horizon,
        freq=table.get("freq"),
        regressors=None if regressors is None else read_table(regressors),
        together=together,
    )
    _forecast(series, asked, places, table.get("id"), str(table["time"]))


def forecast_kpi(
    book: Book, name: str, grain: Grain, asked: Asked, places: Places, *, by: str | None = None,
    regressors: Path | None = None,
) -> None:  # fmt: skip
    """Forecast a KPI of a source, of the whole or by segment, and write or print what comes of it.

    Parameters
    ----------
    book, name, grain, by
        See :func:`salesnb.analysis.kpi_series.kpi_series`.
    asked, places
        What is asked of each series, and where it goes. A ratio that was never above 1 is not forecast above it.
    regressors
        A file of regressors, with the column ``ds``, and ``id`` where they differ by segment.

    Raises
    ------
    SalesnbError
        The KPI, the dimension, the grain or an option cannot be used, or the source does not give what it needs.
    """
    from salesnb.analysis.kpi_series import frequency, kpi_series
    from salesnb.kpis.registry import find

    places.check()
    frame, notes = kpi_series(book, name, grain, by=by)
    for note in notes:
        places.say(f"{note[:1].upper()}{note[1:]}.")
    if find(name).unit == "ratio" and frame["y"].max() <= 1:
        asked = replace(asked, ceiling=1.0)
    series = read_series(
        frame, id="id", time="ds", value="y", horizon=asked.horizon, freq=frequency(book, grain),
        regressors=None if regressors is None else read_table(regressors),
    )  # fmt: skip
    _forecast(series, asked, places, "id", "ds")


def _forecast(series: Sequence[Series], asked: Asked, places: Places, id: str | None, time_name: str) -> None:
    started = time.monotonic()
    with _workers(places.cluster) as client, _progress(len(series), places.say) as on_done:
        frame, told = many(series, asked, jobs=places.jobs, client=client, on_done=on_done)
    frame = renamed(frame, id, time_name)
    if places.reasons is not None:
        write_table(told, places.reasons)
    for line in _summary(told, asked, time.monotonic() - started):
        places.say(line)
    if places.out is None:
        print(frame.to_csv(index=False, lineterminator="\n"), end="")
        return
    write_table(frame, places.out)
    places.say(f"Written to {places.out}")


def _summary(told: pd.DataFrame, asked: Asked, took: float) -> list[str]:
    """Say how many series got which model, and why where it is a fallback."""
    lines = [f"{formats.plural(len(told), 'series', 'series')}, {formats.plural(asked.horizon, 'step')} ahead, in "
             f"{seconds(took)}."]  # fmt: skip
    counts = told["model"].value_counts()
    lines += [f"  {model}: {formats.exact(n)}" for model, n in counts.items()]
    usual = {"combination", asked.model}
    odd = told[~told["model"].isin(usual)]
    lines += [
        f"  {row['id']}: {row['model']}, because {row['reason']}" for row in odd.head(_MOST_REASONS).to_dict("records")
    ]
    if len(odd) > _MOST_REASONS:
        lines.append(f"  ... and {formats.exact(len(odd) - _MOST_REASONS)} more: --reasons FILE lists them")
    noted = told[told["notes"] != ""]
    lines += [f"  {row['id']}: {row['notes']}" for row in noted.head(_MOST_REASONS).to_dict("records")]
    if len(noted) > _MOST_REASONS:
        lines.append(f"  ... and notes on {formats.exact(len(noted) - _MOST_REASONS)} more: --reasons FILE lists them")
    return lines


@contextmanager
def _workers(address: str | None) -> Iterator[Any]:
    if address is None:
        yield None
        return
    from salesnb.run.cluster import Cluster

    cluster = Cluster(address)
    try:
        yield cluster.client
    finally:
        cluster.close()


@contextmanager
def _progress(n: int, say: Callable[[str], None]) -> Iterator[Callable[[int], None]]:
    """Yield what to tell how many more are done: a bar on a terminal, else a line now and then."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("forecasting", total=n)
            yield lambda more: bar.advance(task, more)
        return
    done, last = 0, time.monotonic()

    def line(more: int) -> None:
        nonlocal done, last
        done += more
        if time.monotonic() - last >= _EVERY and done < n:
            last = time.monotonic()
            say(f"{formats.exact(done)} of {formats.exact(n)} series are forecast")

    yield line
