"""Statistical models: those of statsforecast, most of them on a series that is freed of its season.

Which scale each is taken on was chosen on the training parts of the M3 competition: see docs/decisions.md.
"""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from typing import Any

import numpy as np

from salesnb.forecast.past import Past
from salesnb.forecast.patterns import Floats


def _models() -> Any:
    """Return statsforecast's models, imported without polars and dask, which are only looked for and cost a second."""
    hidden = [name for name in ("polars", "dask.dataframe") if name not in sys.modules]
    if "statsforecast.models" in sys.modules:
        hidden = []
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        return import_module("statsforecast.models")
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


def warm() -> None:
    """Import the models, so that the first forecast need not wait for them."""
    _models()


def _ahead(model: Any, values: Floats, horizon: int) -> Floats:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = np.asarray(model.forecast(y=values, h=horizon)["mean"], dtype=np.float64)
    if not np.isfinite(found).all():
        raise ValueError("the model gave no number")
    return found


def theta(past: Past) -> Floats:
    """Forecast by the Theta method of Assimakopoulos and Nikolopoulos (2000), on logarithms."""
    return past.from_low(_ahead(_models().Theta(season_length=1), past.low, past.horizon))


def dynamic_theta(past: Past) -> Floats:
    """Forecast by the dynamic optimised Theta model of Fiorucci and others (2016), on the values' own scale."""
    return past.from_flat(_ahead(_models().DynamicOptimizedTheta(season_length=1), past.flat, past.horizon))


def ces(past: Past) -> Floats:
    """Forecast by complex exponential smoothing, of Svetunkov and others (2022), on the values' own scale."""
    return past.from_flat(_ahead(_models().AutoCES(season_length=1, model="N"), past.flat, past.horizon))


def damped_trend(past: Past) -> Floats:
    """Forecast by exponential smoothing with a damped trend, of Gardner and McKenzie (1985), on logarithms."""
    return past.from_low(np.asarray(damped(past).predict(h=past.horizon)["mean"], dtype=np.float64))


def damped(past: Past) -> Any:
    """Return the model behind :func:`damped_trend`, which is fitted once to each past."""
    kept = past.__dict__
    if "_damped" not in kept:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kept["_damped"] = _models().AutoETS(season_length=1, model="AAN", damped=True).fit(past.low)
    return kept["_damped"]


def ets(past: Past) -> Floats:
    """Forecast by exponential smoothing with a season, its form chosen by AICc, after Hyndman and others (2002)."""
    return _ahead(_models().AutoETS(season_length=min(past.season, 24)), past.y, past.horizon)


def arima(past: Past) -> Floats:
    """Forecast by ARIMA, its orders chosen stepwise after Hyndman and Khandakar (2008), on a series without season."""
    return past.from_low(_ahead(_models().AutoARIMA(season_length=1, approximation=True), past.low, past.horizon))


def intermittent(past: Past) -> Floats:
    """Forecast a series that is often 0 by Teunter, Syntetos and Babai (2011): how often, times how much."""
    return _ahead(_models().TSB(alpha_d=0.1, alpha_p=0.1), past.y, past.horizon)
