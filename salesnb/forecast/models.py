"""Models: every one by its name, all of one shape: from a past to a number for each step ahead.

====================  ================================================================================
name                  what it is
====================  ================================================================================
auto                  the combination, or what a backtest found clearly better (:mod:`salesnb.forecast.auto`)
theta, dynamic_theta  the Theta method, and its optimised form
ces                   complex exponential smoothing
damped_trend          exponential smoothing with a damped trend
autoregression        ridge regression on the last changes
ets, arima            exponential smoothing and ARIMA, their form chosen by themselves
prophet               Prophet, with holidays and regressors; ``prophet_flat`` without a trend, and
                      ``prophet_logistic`` with one between a floor and a cap
regression            trend, season and regressors
naive, drift, seasonal_naive, moving_average, mean
                      what every other model has to beat
====================  ================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from salesnb.errors import ParameterError, did_you_mean
from salesnb.forecast import simple, statistical
from salesnb.forecast.past import Past
from salesnb.forecast.patterns import Floats
from salesnb.forecast.prophets import prophet

Model: TypeAlias = Callable[[Past], Floats]

COMBINED = ("theta", "dynamic_theta", "ces", "damped_trend", "autoregression")
"""What the combination is the mean of."""
RIVALS = ("seasonal_naive", "moving_average", "regression")
"""What is tried beside the combination and its members."""
MODELS: Mapping[str, Model] = MappingProxyType(
    {
        "theta": statistical.theta,
        "dynamic_theta": statistical.dynamic_theta,
        "ces": statistical.ces,
        "damped_trend": statistical.damped_trend,
        "autoregression": simple.autoregression,
        "ets": statistical.ets,
        "arima": statistical.arima,
        "prophet": prophet,
        "prophet_flat": partial(prophet, growth="flat"),
        "prophet_logistic": partial(prophet, growth="logistic"),
        "regression": simple.regression,
        "naive": simple.naive,
        "drift": simple.drift,
        "seasonal_naive": simple.seasonal_naive,
        "moving_average": simple.moving_average,
        "mean": simple.mean,
        "intermittent": statistical.intermittent,
    }
)
CHOICES = ("auto", *(name for name in MODELS if name != "intermittent"))
"""What may be asked for by name."""


def known(name: str) -> str:
    """Return the name of a model that may be asked for.

    Raises
    ------
    ParameterError
        There is no model of that name.
    """
    if name not in CHOICES:
        raise ParameterError(f"{name!r} is no model", where="model", mend=did_you_mean(str(name), CHOICES))
    return name


def tried(name: str, past: Past) -> Floats | None:
    """Return what a model says of the steps ahead; None where it cannot be fitted to this past."""
    try:
        found = MODELS[name](past)
    except Exception:  # the libraries raise the bare class where a model cannot be fitted
        return None
    return found if len(found) == past.horizon and np.isfinite(found).all() else None
