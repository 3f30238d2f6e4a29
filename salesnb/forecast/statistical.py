"""Statistical models: those of statsforecast, most of them on a series that is freed of its season.

Which scale each is taken on was chosen on the training parts of the M3 competition: see docs/decisions.md.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from salesnb.forecast.past import Past
from salesnb.forecast.patterns import Floats


def _ahead(model: Any, values: Floats, horizon: int) -> Floats:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = np.asarray(model.forecast(y=values, h=horizon)["mean"], dtype=np.float64)
    if not np.isfinite(found).all():
        raise ValueError("the model gave no number")
    return found


def theta(past: Past) -> Floats:
    """Forecast by the Theta method of Assimakopoulos and Nikolopoulos (2000), on logarithms."""
    from statsforecast.models import Theta

    return past.from_low(_ahead(Theta(season_length=1), past.low, past.horizon))


def dynamic_theta(past: Past) -> Floats:
    """Forecast by the dynamic optimised Theta model of Fiorucci and others (2016), on the values' own scale."""
    from statsforecast.models import DynamicOptimizedTheta

    return past.from_flat(_ahead(DynamicOptimizedTheta(season_length=1), past.flat, past.horizon))


def ces(past: Past) -> Floats:
    """Forecast by complex exponential smoothing, of Svetunkov and others (2022), on the values' own scale."""
    from statsforecast.models import AutoCES

    return past.from_flat(_ahead(AutoCES(season_length=1, model="N"), past.flat, past.horizon))


def damped_trend(past: Past) -> Floats:
    """Forecast by exponential smoothing with a damped trend, of Gardner and McKenzie (1985), on logarithms."""
    return past.from_low(np.asarray(damped(past).predict(h=past.horizon)["mean"], dtype=np.float64))


def damped(past: Past) -> Any:
    """Return the model behind :func:`damped_trend`, which is fitted once to each past."""
    from statsforecast.models import AutoETS

    kept = past.__dict__
    if "_damped" not in kept:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kept["_damped"] = AutoETS(season_length=1, model="AAN", damped=True).fit(past.low)
    return kept["_damped"]


def ets(past: Past) -> Floats:
    """Forecast by exponential smoothing with a season, its form chosen by AICc, after Hyndman and others (2002)."""
    from statsforecast.models import AutoETS

    return _ahead(AutoETS(season_length=min(past.season, 24)), past.y, past.horizon)


def arima(past: Past) -> Floats:
    """Forecast by ARIMA, its orders chosen stepwise after Hyndman and Khandakar (2008), on a series without season."""
    from statsforecast.models import AutoARIMA

    return past.from_low(_ahead(AutoARIMA(season_length=1, approximation=True), past.low, past.horizon))


def intermittent(past: Past) -> Floats:
    """Forecast a series that is often 0 by Teunter, Syntetos and Babai (2011): how often, times how much."""
    from statsforecast.models import TSB

    return _ahead(TSB(alpha_d=0.1, alpha_p=0.1), past.y, past.horizon)
