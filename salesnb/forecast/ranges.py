"""Ranges: sample paths around a forecast, so that any sum of steps or of series has an honest range.

A path is the forecast with errors that grow as those of exponential smoothing with a damped trend do: a surprise of one
step stays in the level of those after it. Surprises are drawn from those of the past. How large they are is measured
where it can be, by forecasts of past steps; see :func:`scale`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesnb.forecast.past import Past
from salesnb.forecast.patterns import Floats
from salesnb.forecast.statistical import damped

PATHS = 1000
WIDER = 1.12
"""How much wider than its own one-step errors say a range has to be; measured on the training parts of M3."""
_PRIOR = 4.0
"""How many windows of a backtest the measure above is worth."""
_SMOOTH = 0.3
_LEAST, _MOST = 0.5, 3.0


@dataclass(frozen=True)
class Surprises:
    """What one step of a series surprised by, and what stays of it.

    Attributes
    ----------
    errors
        One-step errors of the past, on logarithms where the series is.
    stays
        The share of a surprise that is in the forecast error 1, 2, ... steps after it.
    """

    errors: Floats
    stays: Floats

    @property
    def one_step(self) -> float:
        """The standard deviation of a one-step error."""
        return float(np.sqrt(np.mean(self.errors**2)))

    @property
    def spread(self) -> Floats:
        """The standard deviation of the error 1, 2, ... steps ahead."""
        return np.asarray(self.one_step * np.sqrt(1.0 + np.concatenate([[0.0], np.cumsum(self.stays**2)])))


def surprises(past: Past) -> Surprises:
    """Measure the one-step errors of a series, by exponential smoothing with a damped trend.

    Where that cannot be fitted the changes from step to step are taken, of which half stays.
    """
    steps = np.arange(1, past.horizon)
    try:
        model = damped(past).model_
        alpha, beta, _, phi = (float(one) for one in np.asarray(model["par"], dtype=np.float64)[:4])
        errors = np.asarray(model["residuals"], dtype=np.float64)
        errors = errors[np.isfinite(errors)] * np.sqrt(len(errors) / max(len(errors) - 4, 1))
        stays = alpha + beta * np.cumsum(phi**steps)
        if len(errors) and np.isfinite(stays).all() and np.any(errors != 0):
            return Surprises(errors, stays)
    except Exception:  # the library raises the bare class where it cannot be fitted
        pass
    errors = np.diff(past.low) if len(past) > 1 else np.zeros(1)
    return Surprises(errors, np.full(len(steps), 0.5))


def about(drawn: Floats, point: Floats) -> Floats:
    """Return paths multiplied, step by step, so that their mean is the forecast; those of a step of all 0 stay."""
    means = drawn.mean(axis=0)
    return np.asarray(drawn * np.where(means > 0, point / np.where(means > 0, means, 1.0), 1.0))


def scale(missed: list[tuple[Floats, Floats]]) -> float:
    """Return by how much errors are larger than one-step errors say.

    Parameters
    ----------
    missed
        For each window of a backtest the errors, and what their standard deviations were said to be.

    Returns
    -------
    float
        The root of the mean of squared errors over said variances, where :data:`WIDER` stands for four windows.
    """
    seen = [float(np.mean((errors / said) ** 2)) for errors, said in missed if len(errors) and np.all(said > 0)]
    mean = (_PRIOR * WIDER**2 + sum(min(one, _MOST**2) for one in seen)) / (_PRIOR + len(seen))
    return float(np.clip(np.sqrt(mean), _LEAST, _MOST))


def paths(
    past: Past, point: Floats, found: Surprises, wider: float, rng: np.random.Generator, n: int = PATHS,
    apart: Floats | None = None,
) -> Floats:  # fmt: skip
    """Draw sample paths whose mean at every step is the forecast.

    Parameters
    ----------
    point
        The forecast.
    found, wider
        See :func:`surprises` and :func:`scale`.
    rng, n
        Where random numbers come from, and how many paths.
    apart
        How far the models that the forecast is the mean of lie apart at each step, as a standard deviation on the scale
        of errors: a path is off by as much of it at every step, for what the models do not agree on is wrong for all
        steps at once. Without it sums over many steps have too narrow a range.

    Returns
    -------
    numpy.ndarray
        ``n`` rows, one column a step.
    """
    h, errors = len(point), found.errors - found.errors.mean()
    size = found.one_step
    drawn = errors[rng.integers(0, len(errors), (n, h))] + rng.normal(0.0, _SMOOTH * size, (n, h))
    usual = np.sqrt(float(np.mean(errors**2)) + (_SMOOTH * size) ** 2)
    drawn *= wider * size / usual if usual > 0 else 0.0
    turned = np.eye(h)
    for back in range(1, h):
        turned += np.diag(np.full(h - back, found.stays[back - 1]), back)
    away = drawn @ turned
    if apart is not None:
        away = away + rng.normal(size=(n, 1)) * apart
    if not past.is_log:
        return np.asarray(point + away - away.mean(axis=0))
    return about(np.exp(np.clip(away, -30, 30)), point)
