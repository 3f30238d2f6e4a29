"""How sure a number is: intervals, shrinkage and false-discovery control for rates, means, ratios and quantiles.

Every function takes arrays (or numbers) and works on all of them at once. A bound that does not exist is NaN: no
interval is made up from one observation, or from none. ``confidence`` is the two-sided level, 0.95 for 95 %.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]
Bounds: TypeAlias = tuple[Floats, Floats]


def wilson(successes: ArrayLike, n: ArrayLike, confidence: float = 0.95) -> Bounds:
    """Bound a rate by Wilson's score interval.

    ``(p + z²/2n ± z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)``; it stays within 0 and 1 and has a width even at 0 and
    at 1. NaN where n is 0.

    References
    ----------
    Wilson (1927), J. Am. Stat. Assoc. 22, 209-212; recommended by Brown, Cai and DasGupta (2001).

    Examples
    --------
    >>> low, high = wilson(81, 263)
    >>> round(float(low), 4), round(float(high), 4)
    (0.2553, 0.3662)
    """
    k, m, z = _float(successes), _float(n), _z(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = k / m
        centre = p + z * z / (2 * m)
        half = z * np.sqrt(p * (1 - p) / m + z * z / (4 * m * m))
        low, high = (centre - half) / (1 + z * z / m), (centre + half) / (1 + z * z / m)
    none = ~(m > 0)
    low, high = np.where(k == 0, 0.0, low), np.where(k == m, 1.0, high)
    return _keep(low, none), _keep(high, none)


def mean_interval(mean: ArrayLike, variance: ArrayLike, n: ArrayLike, confidence: float = 0.95) -> Bounds:
    """Bound a mean by Student's t: ``mean ± t(n-1)·sqrt(variance/n)``, of the sample variance; NaN below two rows."""
    centre, m = _float(mean), _float(n)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = _t(m - 1, confidence) * np.sqrt(_float(variance) / m)
    half = _keep(half, ~(m > 1))
    return centre - half, centre + half


def ratio_interval(
    ratio: ArrayLike,
    mean_denominator: ArrayLike,
    variances: tuple[ArrayLike, ArrayLike, ArrayLike],
    n: ArrayLike,
    confidence: float = 0.95,
) -> Bounds:
    """Bound a ratio of two sums over the same rows by Taylor linearisation (the delta method).

    ``var(R) = (s_yy - 2·R·s_xy + R²·s_xx) / (n·x̄²)`` with Student's t of n-1.

    Parameters
    ----------
    ratio
        The sum of the numerators over the sum of the denominators.
    mean_denominator
        The mean of the denominators, x̄.
    variances
        Sample variance of the numerators, of the denominators, and their sample covariance.
    n
        The number of rows; NaN below two.

    References
    ----------
    Cochran, Sampling Techniques (3rd ed., 1977), chapter 6.
    """
    r, x, m = _float(ratio), _float(mean_denominator), _float(n)
    s_yy, s_xx, s_xy = (_float(v) for v in variances)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.maximum(s_yy - 2 * r * s_xy + r * r * s_xx, 0.0) / (m * x * x)
        half = _t(m - 1, confidence) * np.sqrt(variance)
    half = _keep(half, ~(m > 1) | (x == 0))
    return r - half, r + half


def quantile_ranks(
    n: ArrayLike, q: float = 0.5, confidence: float = 0.95
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tell which two order statistics bound a quantile, whatever the distribution.

    The interval from the l-th to the u-th smallest of n covers the q-quantile with probability at least
    ``confidence``: ``P(B < l) <= a/2`` and ``P(B >= u) <= a/2`` for B binomial (n, q).

    Returns
    -------
    tuple
        Ranks counted from 1; 0 where n is too small for that bound to exist.

    References
    ----------
    Conover, Practical Nonparametric Statistics (3rd ed., 1999), section 3.2.

    Examples
    --------
    >>> [int(rank) for rank in quantile_ranks(16)]
    [4, 13]
    """
    from scipy.special import bdtr

    m = np.asarray(n, dtype=np.int64)
    tail = (1 - confidence) / 2

    def ppf(p: float) -> NDArray[np.int64]:
        """Find the smallest k with P(B <= k) >= p, by bisection."""
        low, high = np.full(m.shape, -1, dtype=np.int64), m.copy()
        while np.any(high - low > 1):
            middle = (low + high) // 2
            reached = bdtr(middle.astype(float), m, q) >= p
            low, high = np.where(reached, low, middle), np.where(reached, middle, high)
        return high

    lower, upper = ppf(tail), ppf(1 - tail) + 1
    return np.where(m > 0, lower, 0), np.where((upper <= m) & (m > 0), upper, 0)


def difference_interval(
    after: tuple[ArrayLike, ArrayLike, ArrayLike], before: tuple[ArrayLike, ArrayLike, ArrayLike]
) -> Bounds:
    """Bound the difference of two independent estimates from the interval that each has.

    Parameters
    ----------
    after, before
        Each as ``(value, low, high)``; the difference is ``after - before``.

    References
    ----------
    Zou and Donner (2008), Statistics in Medicine 27, 1693-1702 (method of variance estimates recovery).
    """
    (v1, l1, u1), (v0, l0, u0) = ([_float(x) for x in each] for each in (after, before))
    change = v1 - v0
    return change - np.hypot(v1 - l1, u0 - v0), change + np.hypot(u1 - v1, v0 - l0)


def newcombe(
    successes_after: ArrayLike,
    n_after: ArrayLike,
    successes_before: ArrayLike,
    n_before: ArrayLike,
    confidence: float = 0.95,
) -> Bounds:
    """Bound the difference of two independent rates (after - before) by Newcombe's hybrid score interval.

    Parameters
    ----------
    successes_after, n_after, successes_before, n_before
        The counts of the two rates; NaN where either n is 0.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.

    Examples
    --------
    >>> low, high = newcombe(56, 70, 48, 80)
    >>> round(float(low), 4), round(float(high), 4)
    (0.0524, 0.3339)
    """
    sides = []
    for k, m in ((successes_after, n_after), (successes_before, n_before)):
        low, high = wilson(k, m, confidence)
        with np.errstate(divide="ignore", invalid="ignore"):
            sides.append((_float(k) / _float(m), low, high))
    return difference_interval(sides[0], sides[1])


def shrink_rates(successes: ArrayLike, n: ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats, Floats]:
    """Draw each group's rate towards the rate of all, the more the fewer rows it has (empirical Bayes).

    The groups' true rates are taken to follow a beta distribution, fitted by moments; a group's estimate is the
    mean of its posterior, its interval the posterior's equal-tailed one. Where the groups differ by no more than
    chance, every one gets the common rate and an interval of no width around it.

    Returns
    -------
    tuple
        Estimate, low and high, one a group. A group with n = 0 gets the common rate; all NaN where no group has rows.

    References
    ----------
    Kleinman (1973), J. Am. Stat. Assoc. 68, 46-54.
    """
    from scipy.special import betaincinv

    k, m = np.atleast_1d(_float(successes)), np.atleast_1d(_float(n))
    total = m.sum()
    if not total > 0:
        nothing = np.full(m.shape, np.nan)
        return nothing, nothing.copy(), nothing.copy()
    common = k.sum() / total
    seen = m > 0
    ms, ps = m[seen], k[seen] / m[seen]
    room = float(np.sum((1 - ms / total) * (ms - 1)))
    spread = float(np.sum(ms * (ps - common) ** 2))
    noise = common * (1 - common)
    correlation = (spread / noise - (len(ms) - 1)) / room if noise > 0 and room > 0 else 0.0
    if correlation <= 0:
        flat = np.full(m.shape, common)
        return flat, flat.copy(), flat.copy()
    strength = 1 / min(correlation, 1 - 1e-9) - 1
    a, b = common * strength + k, (1 - common) * strength + m - k
    tail = (1 - confidence) / 2
    return a / (a + b), betaincinv(a, b, tail), betaincinv(a, b, 1 - tail)


def shrink_means(means: ArrayLike, errors: ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats, Floats]:
    """Draw each group's mean towards the mean of all, the more the less sure it is (empirical Bayes, normal).

    Parameters
    ----------
    means, errors
        Each group's mean and its standard error (> 0).

    Returns
    -------
    tuple
        Estimate, low and high, one a group; the spread of the true means is DerSimonian and Laird's. Where it is 0,
        every group gets the common mean and an interval of no width around it.

    References
    ----------
    DerSimonian and Laird (1986), Controlled Clinical Trials 7, 177-188.
    """
    y, v = np.atleast_1d(_float(means)), np.atleast_1d(_float(errors)) ** 2
    w = 1 / v
    fixed = np.sum(w * y) / np.sum(w)
    room = np.sum(w) - np.sum(w**2) / np.sum(w)
    excess = np.sum(w * (y - fixed) ** 2) - (len(y) - 1)
    between = max(float(excess / room), 0.0) if room > 0 else 0.0
    weights = 1 / (v + between)
    common = np.sum(weights * y) / np.sum(weights)
    kept = between / (between + v)
    estimate = common + kept * (y - common)
    half = _z(confidence) * np.sqrt(kept * v)
    return estimate, estimate - half, estimate + half


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """Adjust p-values so that calling those below a a discovery keeps the expected share of false ones below a.

    A p-value that is NaN stays NaN and is not counted among the tests.

    References
    ----------
    Benjamini and Hochberg (1995), J. R. Stat. Soc. B 57, 289-300.

    Examples
    --------
    >>> [round(float(p), 3) for p in benjamini_hochberg([0.01, 0.04, 0.03, 0.5])]
    [0.04, 0.053, 0.053, 0.5]
    """
    p = np.atleast_1d(_float(p_values))
    adjusted = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


def _float(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _keep(values: Floats, none: NDArray[np.bool_]) -> Floats:
    return np.where(none, np.nan, values)


def _z(confidence: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf((1 + confidence) / 2)


def _t(degrees: Floats, confidence: float) -> Floats:
    from scipy.special import stdtrit

    result: Floats = stdtrit(np.maximum(degrees, 1.0), (1 + confidence) / 2)
    return result
