"""Prophet: the model of Taylor and Letham (2018), by its own library, fed with what it misreads elsewhere.

Dates go in as nanoseconds. Its own interval is not taken: ranges come from sample paths, as those of every model.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import numpy as np
import pandas as pd

from salesnb.forecast.past import Past
from salesnb.forecast.patterns import Floats

_STEPS = 1000
"""Of Stan's optimiser at most; by its own limit of ten thousand a series without noise takes more than a minute."""


def prophet(past: Past) -> Floats:
    """Forecast by Prophet on the values' own scale, with the drivers as regressors.

    Season and trend are Prophet's own defaults: it finds the week and the year of days, and the year of months. Where
    the dates are not known, months stand for the steps of a season of 12, quarters for 4, weeks for 52, else days. The
    season is a factor where all values are well above 0.
    """
    with _quiet():
        from prophet import Prophet

        frame = pd.DataFrame({"ds": pd.to_datetime(_dates(past)).astype("datetime64[ns]")})
        names = [f"driver_{place}" for place in range(past.drivers.shape[1])]
        frame[names] = past.drivers
        model = Prophet(uncertainty_samples=0, seasonality_mode="multiplicative" if past.is_log else "additive")
        for name in names:
            model.add_regressor(name)
        n, length = len(past), np.exp(past.length_part)
        model.fit(frame.iloc[:n].assign(y=past.y / length[:n]), seed=0, iter=_STEPS)
        found = model.predict(frame.iloc[n:])["yhat"].to_numpy(dtype=np.float64)
    return np.asarray(found * length[n:])


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
