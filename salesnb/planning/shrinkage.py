"""Shrinkage: rates of sellers drawn to those of their teams, and these to the company's."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]


def shrunk(n: Floats, worked: Floats, teams: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    """Draw sellers' rates to those of their teams, and these to the company's.

    Formula: with ``n`` events in ``t`` days and a prior gamma of shape ``a`` and mean ``m`` the rate is
    ``(a + n) / (a / m + t)``; ``a`` is by moments, from how much more the counts differ than Poisson counts would.

    Parameters
    ----------
    n, worked
        Events and days of each seller.
    teams
        The team of each.

    Returns
    -------
    tuple
        The rate of each, and the standard deviation of its logarithm, ``1 / sqrt(a + n)``. A seller without days has
        the team's rate.
    """
    total = float(worked.sum())
    company = float(n.sum()) / total if total else 0.0
    if company <= 0:
        return np.zeros(len(n)), np.zeros(len(n))
    names = pd.Series([str(one) for one in teams])
    sums = pd.DataFrame({"n": n, "t": worked, "team": names}).groupby("team")[["n", "t"]].sum()
    shape = _shape(sums["n"].to_numpy(), sums["t"].to_numpy(), np.full(len(sums), company))
    of_team = (shape + sums["n"]) / (shape / company + sums["t"])
    means = names.map(of_team).to_numpy(dtype=np.float64)
    shape = _shape(n, worked, means)
    return (shape + n) / (shape / means + worked), 1 / np.sqrt(shape + n)


def _shape(n: Floats, t: Floats, means: Floats) -> float:
    """Return the shape of the prior, by moments: between 1 and 400, where 400 is as good as no difference."""
    expected = means * t
    extra = float(((n - expected) ** 2 - expected).sum()) / max(float((expected**2).sum()), 1e-12)
    return float(np.clip(1 / extra, 1.0, 400.0)) if extra > 0 else 400.0
