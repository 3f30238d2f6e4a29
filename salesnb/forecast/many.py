"""Many series: forecast side by side, on the cores of this machine or the workers of a Dask scheduler."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd

from salesnb.errors import ParameterError
from salesnb.forecast.auto import Forecast, forecast
from salesnb.forecast.models import known
from salesnb.forecast.past import Past
from salesnb.forecast.reading import Series
from salesnb.forecast.trading import holidays_of, trading_days

_CHUNK = 25


@dataclass(frozen=True)
class Asked:
    """What is asked of every series.

    Attributes
    ----------
    horizon, season
        How many steps ahead; the steps of a season, None: that of the frequency.
    model, level, seed
        A model's name, the level of the range, and where random numbers start.
    holidays
        A country whose holidays are regressors; empty for none.
    trading_days
        Which days count in a step: see :func:`salesnb.forecast.trading.trading_days`; empty: steps are as long.
    parts
        Whether to say too what trend, season, trading days and regressors do.
    ceiling
        What no value can be above, as 1 of a share; None where there is no such thing.
    """

    horizon: int
    season: int | None = None
    model: str = "auto"
    level: float = 0.8
    seed: int = 0
    holidays: str = ""
    trading_days: str = ""
    parts: bool = False
    ceiling: float | None = None

    def __post_init__(self) -> None:
        if self.horizon < 1:
            raise ParameterError(f"{self.horizon} steps ahead are none", where="horizon", mend="ask for one or more")
        if self.season is not None and self.season < 1:
            raise ParameterError(f"a season has no {self.season} steps", where="season", mend="give 1 for no season")
        if not 0 < self.level < 1:
            raise ParameterError(f"{self.level!r} is no level of a range", where="level", mend="give 80 for 80 %")
        known(self.model)


def past_of(series: Series, asked: Asked) -> Past:
    """Return what a model may know of a series."""
    season = series.freq.season if asked.season is None else asked.season
    drivers, names = series.drivers, series.names
    if asked.holidays and len(series.values):
        more, called = holidays_of(asked.holidays, series.freq, series.steps)
        drivers, names = np.column_stack([drivers, more]), (*names, *called)
    dates = series.freq.dates(series.steps)
    lengths = trading_days(asked.trading_days, series.freq, series.steps) if asked.trading_days else None
    return Past.of(series.values, season, asked.horizon, drivers=drivers, names=names, dates=dates, lengths=lengths)


def one(series: Series, asked: Asked) -> Forecast:
    """Forecast one series; its random numbers are its own, whatever other series there are."""
    seed: Any = [asked.seed, crc32(series.name.encode())]
    return forecast(past_of(series, asked), asked.model, seed=seed)


def many(
    series: Sequence[Series], asked: Asked, *, jobs: int | None = None, client: Any = None,
    on_done: Callable[[int], None] = lambda n: None,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Forecast many series.

    Parameters
    ----------
    series, asked
        The series, and what is asked of each.
    jobs
        Processes at a time; None: the cores.
    client
        A client of a Dask scheduler, whose workers do it in place of processes.
    on_done
        Called with how many more are done.

    Returns
    -------
    tuple of pandas.DataFrame
        ``id, time, forecast, low, high``, one row a series and step ahead; low and high are empty where no range can be
        known. Where parts are asked for also ``parts`` (``times`` or ``plus``: how they make the forecast), ``trend``,
        ``season``, ``length`` and ``effect of NAME`` of each regressor. And ``id, model, reason, notes``, one row a
        series.
    """
    chunks = [series[at : at + _CHUNK] for at in range(0, len(series), _CHUNK)]
    ahead, told = [], []
    for rows, why in _done(chunks, asked, jobs, client):
        ahead.append(rows)
        told.append(why)
        on_done(len(why))
    order = ["id", "time"]
    frame = pd.concat(ahead, ignore_index=True).sort_values(order, ignore_index=True)
    return frame, pd.concat(told, ignore_index=True).sort_values("id", ignore_index=True)


def _done(
    chunks: Sequence[Sequence[Series]], asked: Asked, jobs: int | None, client: Any
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    workers = jobs or os.cpu_count() or 1
    if client is None and (workers == 1 or len(chunks) == 1):
        for chunk in chunks:
            for each in chunk:
                yield chunk_of([each], asked)
        return
    from joblib import Parallel, delayed, parallel_config

    with ExitStack() as stack:
        if client is not None:
            stack.enter_context(parallel_config(backend="dask", client=client, pure=False))
        parallel = Parallel(n_jobs=-1 if client is not None else workers, return_as="generator_unordered", batch_size=1)
        yield from parallel(delayed(chunk_of)(chunk, asked) for chunk in chunks)


def chunk_of(series: Sequence[Series], asked: Asked) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Forecast some series, one after the other: see :func:`many`."""
    frames, told = [], []
    for each in series:
        if not len(each.values):
            told.append((each.name, "none", "there is no value", ""))
            continue
        made = one(each, asked)
        low, high = made.interval(asked.level)
        steps = each.steps[-asked.horizon :]
        columns: dict[str, Any] = {
            "id": each.name,
            "time": each.freq.dates(steps),
            "forecast": made.point,
            "low": low,
            "high": high,
        }
        if asked.ceiling is not None:
            columns |= {name: np.minimum(columns[name], asked.ceiling) for name in ("forecast", "low", "high")}
            if (made.point > asked.ceiling).any():
                told_of = f"no step can be above {asked.ceiling:g}; what would be is put to it"
                made = replace(made, notes=(*made.notes, told_of))
        if asked.parts:
            columns["parts"] = "times" if made.is_product else "plus"
            usual = ("trend", "season", "length")
            columns |= {name if name in usual else f"effect of {name}": made.parts[name] for name in made.parts}
            cut = columns["forecast"]
            columns["trend"] = (
                columns["trend"] * np.divide(cut, made.point, out=np.ones_like(cut), where=made.point != 0)
                if made.is_product
                else columns["trend"] + cut - made.point
            )
        frames.append(pd.DataFrame(columns))
        told.append((each.name, made.model, made.reason, "; ".join(made.notes)))
    nothing = pd.DataFrame(
        {"id": [], "time": np.array([], dtype="datetime64[ns]"), "forecast": [], "low": [], "high": []}
    )
    made_rows = pd.concat(frames, ignore_index=True) if frames else nothing
    return made_rows, pd.DataFrame(told, columns=["id", "model", "reason", "notes"])


def renamed(frame: pd.DataFrame, id: str | None, time: str) -> pd.DataFrame:
    """Return forecasts under the names that a table has for ids and dates."""
    made = frame.rename(columns={"id": id or "id", "time": time})
    return made if id is not None else made.drop(columns="id")
