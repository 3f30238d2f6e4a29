"""Draws: random numbers of each seller's own, the same for every scenario.

A seller's numbers come from the seed and the seller's id alone. So two scenarios differ by what was changed and not by
chance, and a seller who joins changes nobody else's. Each quantile is drawn once, in an order of the seller's own: what
is drawn has exactly the distribution it is drawn from, with far less noise than independent draws.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
_KEPT = 4096
_MOST_TERMS = 200_000


@lru_cache(maxsize=_KEPT)
def orders(name: str, seed: int, draws: int) -> tuple[npt.NDArray[np.int32], Floats, Floats, Floats]:
    """Return a seller's numbers: an order of the draws, and three of standard normal and uniform quantiles.

    Returns
    -------
    tuple
        The order in which quantiles of how many deals are won are drawn; standard normals for what they come to, and
        for how good the seller is; and uniforms for whether and when the seller leaves.
    """
    rng = np.random.default_rng([seed, crc32(name.encode())])
    normal = normals(draws)
    uniform = ((np.arange(draws) + 0.5) / draws).astype(np.float32)
    found = (
        rng.permutation(draws).astype(np.int32), normal[rng.permutation(draws)], normal[rng.permutation(draws)],
        uniform[rng.permutation(draws)],
    )  # fmt: skip
    for one in found:
        one.setflags(write=False)
    return found


@lru_cache(maxsize=8)
def normals(draws: int) -> Floats:
    """Return the standard normal quantiles of so many equally likely draws, rising; their variance is 1."""
    from scipy.special import ndtri

    made = ndtri((np.arange(draws) + 0.5) / draws)
    made = made / made.std() if draws > 1 else made * 0
    return np.asarray(made, dtype=np.float32)


def counts(mean: float, draws: int) -> Floats:
    """Return the quantiles of a Poisson number, rising: how many deals are won, each draw as likely.

    Parameters
    ----------
    mean
        The mean, 0 or more.
    draws
        How many quantiles.
    """
    if mean <= 0:
        return np.zeros(draws, dtype=np.float32)
    if mean > _MOST_TERMS / 10:
        return np.asarray(np.maximum(np.round(mean + math.sqrt(mean) * normals(draws)), 0), dtype=np.float32)
    most = int(mean + 12 * math.sqrt(mean) + 20)
    terms = np.arange(most + 1)
    logs = terms * math.log(mean) - mean - np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, most + 1)))])
    edges = np.minimum(np.round(np.cumsum(np.exp(logs)) * draws), draws).astype(np.int64)
    edges[-1] = draws
    return np.repeat(terms.astype(np.float32), np.diff(edges, prepend=0))


def amounts(n: Floats, normal: Floats, mean: float, cv: float) -> Floats:
    """Return what so many deals come to: a gamma with their mean and variance, by Wilson and Hilferty's cube.

    Parameters
    ----------
    n
        How many deals, a draw each; of 0 deals nothing comes.
    normal
        Standard normals, a draw each.
    mean, cv
        The mean of a deal, and its standard deviation over it; with 0 each deal is the mean.

    Notes
    -----
    The cube ``(1 - 1/(9 k) + z / (3 sqrt k))^3`` with ``k = n / cv^2`` is divided by its own mean, so that the mean is
    exact; Wilson and Hilferty 1931.
    """
    if cv <= 0:
        return np.asarray(n * mean, dtype=np.float32)
    places = n.astype(np.int32)
    whole = np.arange(int(places.max()) + 1, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        ninth = cv * cv / (9 * whole)
        base, slope = 1 - ninth, np.sqrt(ninth)
        factor = whole * mean / (base**3 + 3 * base * ninth)
    table: Any = np.nan_to_num(np.stack([base, slope, factor]), nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)
    cube = table[0][places] + table[1][places] * normal
    np.maximum(cube, 0, out=cube)
    return np.asarray(cube * cube * cube * table[2][places])
