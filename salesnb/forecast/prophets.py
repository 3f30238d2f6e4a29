"""Prophet: the model of Taylor and Letham (2018), by its own library, fed with what it misreads elsewhere.

Dates go in as nanoseconds. Its own interval is not taken: ranges come from sample paths, as those of every model.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from salesnb.forecast.past import Past
from salesnb.forecast.patterns import Floats

Growth: TypeAlias = Literal["linear", "flat", "logistic"]
CAP = 1.5
"""The values that a logistic trend grows towards: so many times the highest, as far above the floor."""
_STEPS = 1000
"""Of Stan's optimiser at most; by its own limit of ten thousand a series without noise takes more than a minute."""


def prophet(past: Past, growth: Growth = "linear") -> Floats:
    """Forecast by Prophet on the values' own scale, with the drivers as regressors.

    Season and trend are Prophet's own defaults: it finds the week and the year of days, and the year of months. Where
    the dates are not known, months stand for the steps of a season of 12, quarters for 4, weeks for 52, else days. The
    season is a factor where all values are well above 0.

    Parameters
    ----------
    past
        The series.
    growth
        Of the trend: ``linear``; ``flat``; or ``logistic``, from 0, or the least value where that is below, towards
        :data:`CAP` times the reach of the values.
    """
    with _quiet():
        from prophet import Prophet

        n, length = len(past), np.exp(past.length_part)
        y = past.y / length[:n]
        frame = pd.DataFrame({"ds": pd.to_datetime(_dates(past)).astype("datetime64[ns]")})
        names = [f"driver_{place}" for place in range(past.drivers.shape[1])]
        frame[names] = past.drivers
        frame["floor"] = min(0.0, float(y.min()))
        frame["cap"] = frame["floor"] + CAP * max(float(y.max()) - frame["floor"].iloc[0], 1e-9)
        model = Prophet(
            growth=growth, uncertainty_samples=0, seasonality_mode="multiplicative" if past.is_log else "additive"
        )
        for name in names:
            model.add_regressor(name)
        model.fit(frame.iloc[:n].assign(y=y), seed=0, iter=_STEPS)
        found = model.predict(frame.iloc[n:])["yhat"].to_numpy(dtype=np.float64)
    return np.asarray(found * length[n:])


def warm() -> None:
    """Import Prophet, so that the first forecast need not wait for it."""
    with _quiet():
        import prophet  # noqa: F401


def _dates(past: Past) -> pd.DatetimeIndex:
    if len(past.dates):
        return pd.DatetimeIndex(past.dates)
    freq = {12: "MS", 4: "QS", 52: "W-SUN", 24: "h", 1: "YS"}.get(past.season, "D")
    return pd.date_range("2000-01-01", periods=len(past) + past.horizon, freq=freq)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Prophet and Stan from writing to a reader's page; both set up their loggers when they are imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)
        import_module("prophet")
        loggers = [logging.getLogger(name) for name in ("prophet", "prophet.models", "cmdstanpy")]
        were = [one.disabled for one in loggers]
        for one in loggers:
            one.disabled = True
        try:
            yield
        finally:
            for one, was in zip(loggers, were, strict=True):
                one.disabled = was
