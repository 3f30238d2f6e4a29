"""Likelihood: parameters above 0 by maximum likelihood, with their standard errors and what makes them doubtful."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
Likelihood: TypeAlias = Callable[[Array], "tuple[float, Array]"]
_FURTHEST = 11.0
"""Logarithms of parameters are looked for within so much of 0."""
_STEP = 1e-4
_SEED = 20_260


@dataclass(frozen=True)
class Fitted:
    """Parameters where the likelihood is highest.

    Attributes
    ----------
    names, values
        The parameters, all above 0.
    covariance
        Of the logarithms of the parameters: the inverse of the observed information; NaN where it has none.
    log_likelihood
        At the parameters.
    doubts
        Why they may not be told: the search did not end, a parameter ran to an end, or the likelihood is flat.
    """

    names: tuple[str, ...]
    values: Array
    covariance: Array
    log_likelihood: float
    doubts: tuple[str, ...] = ()

    @property
    def errors(self) -> Array:
        """The standard errors of the parameters, by the delta method; NaN where there are none."""
        with np.errstate(invalid="ignore"):
            result: Array = self.values * np.sqrt(np.diag(self.covariance))
        return result

    def interval(self, confidence: float) -> tuple[Array, Array]:
        """Return the bounds of the parameters: those of their logarithms, which are nearer to normal."""
        with np.errstate(invalid="ignore"):
            half = NormalDist().inv_cdf((1 + confidence) / 2) * np.sqrt(np.diag(self.covariance))
        return self.values * np.exp(-half), self.values * np.exp(half)

    def draws(self, count: int) -> Array:
        """Return parameters drawn from the normal approximation of their logarithms, always the same, one row a draw.

        The parameters themselves, again and again, where there is no covariance.
        """
        if not np.isfinite(self.covariance).all():
            return np.tile(self.values, (count, 1))
        random = np.random.default_rng(_SEED)
        drawn = random.multivariate_normal(np.log(self.values), self.covariance, size=count, method="eigh")
        result: Array = np.exp(np.clip(drawn, -_FURTHEST, _FURTHEST))
        return result


def fitted(names: Sequence[str], log_likelihood: Likelihood, starts: Sequence[Sequence[float]]) -> Fitted:
    """Find the parameters of the highest likelihood, from several starts.

    Parameters
    ----------
    names
        Of the parameters, which are all above 0.
    log_likelihood
        From the parameters to the log-likelihood and its slopes.
    starts
        Where the search begins; the best end counts.
    """
    from scipy.optimize import minimize

    def negative(logs: Array) -> tuple[float, Array]:
        values = np.exp(logs)
        total, slopes = log_likelihood(values)
        if not math.isfinite(total):
            return 1e300, np.zeros_like(logs)
        return -total, -slopes * values

    bounds = [(-_FURTHEST, _FURTHEST)] * len(names)
    options = {"maxiter": 1000, "ftol": 1e-13, "gtol": 1e-8}
    found = [
        minimize(negative, np.log(start), jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        for start in starts
    ]
    best = min(found, key=lambda one: float(one.fun))
    logs = np.asarray(best.x, dtype=float)
    information = _information(negative, logs)
    doubts = []
    if (np.abs(logs) > _FURTHEST - 1).any():
        ends = [name for name, log in zip(names, logs, strict=True) if abs(log) > _FURTHEST - 1]
        doubts.append(f"{', '.join(ends)} ran to an end of what is looked at")
    try:
        covariance = np.asarray(np.linalg.inv(information), dtype=np.float64)
        values = np.linalg.eigvalsh(information)
    except np.linalg.LinAlgError:
        covariance, values = np.full_like(information, np.nan), np.zeros(1)
    if not (values > 0).all() or values.max() / values.min() > 1e9:
        covariance = np.full_like(information, np.nan)
        doubts.append("the likelihood is flat: several parameters explain the data as well")
    return Fitted(tuple(names), np.exp(logs), covariance, -float(best.fun), tuple(doubts))


def _information(negative: Callable[[Array], tuple[float, Array]], logs: Array) -> Array:
    """Return the second derivatives of the negative log-likelihood by the logarithms, from differences of slopes."""
    rows = []
    for place in range(len(logs)):
        step = np.zeros_like(logs)
        step[place] = _STEP
        rows.append((negative(logs + step)[1] - negative(logs - step)[1]) / (2 * _STEP))
    matrix = np.array(rows)
    result: Array = (matrix + matrix.T) / 2
    return result
