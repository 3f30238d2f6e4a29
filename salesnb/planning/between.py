"""Between: values between the nodes of a grid, in coordinates in which a plan is nearly straight.

``templates/report/what_if.js`` does the same in a page, and a test of a browser holds the two together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from salesnb.planning.knobs import Knob

Floats = npt.NDArray[np.float64]
LEAST = 5e-5
"""The least probability, and 1 less the most, that is told apart from nothing and certainty."""


def between(values: Floats, axes: Sequence[Knob], spot: Mapping[str, float], kind: str) -> float:
    """Interpolate linearly along every axis, chances in its logarithm where no node is 0.

    Parameters
    ----------
    values
        A dimension an axis.
    axes, spot
        The axes, and where on each; beyond its ends the line goes on.
    kind
        ``money``, ``chance`` or ``day``.
    """
    for knob in axes:
        nodes = np.asarray(knob.nodes)
        value = spot[knob.name]
        place = int(np.clip(np.searchsorted(nodes, value, side="right") - 1, 0, len(nodes) - 2))
        low, high = nodes[place], nodes[place + 1]
        if kind == "chance" and low > 0 and value > 0:
            low, high, value = math.log(low), math.log(high), math.log(value)
        part = (value - low) / (high - low)
        left, right = values[place], values[place + 1]
        values = left if part == 0 else right if part == 1 else left + (right - left) * part
    return float(values)


def closing(cycle: float, days: int) -> float:
    """Return which share of the deals created over so many days closes within them."""
    return float(np.mean(1 - np.exp(-(np.arange(days) + 0.5) / cycle)))


def straight(values: Floats, kind: str) -> Floats:
    """Return values as they are interpolated: chances as quantiles of the standard normal distribution."""
    from scipy.special import ndtri

    return np.asarray(ndtri(np.clip(values, LEAST, 1 - LEAST)) if kind == "chance" else values)


def joined(value: float, there: float, usual: float, kind: str) -> float:
    """Join what another knob does to a value: money as a factor, all else added.

    Parameters
    ----------
    value
        The value so far.
    there, usual
        What comes with the other knob where it is, and as planned.
    kind
        ``money``, ``chance`` or ``day``.
    """
    if kind == "money":
        return value * there / usual if usual else value
    return value + there - usual


def back(value: float, kind: str) -> float:
    """Return an interpolated value as it is shown: the other way round than :func:`straight`."""
    from scipy.special import ndtr

    return float(ndtr(value)) if kind == "chance" else value
