"""Apart: which segments' rates can be told from the rest, after as many looks as there are segments."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesnb.kpis.dimensions import NONE

FEWEST = 10


def is_share(rated: pd.DataFrame) -> bool:
    """Tell whether the rate counts rows that did, of rows that could."""
    known = rated[rated["numerator"].notna()]
    return bool(len(known)) and bool(
        (known["denominator"] == known["n"]).all()
        and (known["numerator"] <= known["n"]).all()
        and (known["numerator"] % 1 == 0).all()
    )


def p_values(rows: pd.DataFrame, *, of_shares: bool, confidence: float) -> NDArray[np.float64]:
    """Return the p-value of "as the rest" for every segment that has a name and rows enough, NaN for the others."""
    p = np.full(len(rows), math.nan)
    can = ((rows["segment"] != NONE) & (rows["n"] >= FEWEST) & rows["rate"].notna()).to_numpy()
    n_all = int(rows["n"].sum())
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    for i in np.flatnonzero(can):
        row = rows.iloc[int(i)]
        rest = rows[(np.arange(len(rows)) != i) & (rows["n"] > 0)]
        if rest["n"].sum() < FEWEST:
            continue
        if of_shares:
            p[i] = exact_p(int(row["numerator"]), int(row["n"]), int(rows["numerator"].sum()), n_all)
        else:
            rest = rest[rest["low"].notna()]
            weight = rest["denominator"] / rest["denominator"].sum()
            errors = (rest["high"] - rest["low"]) / (2 * z)
            error = math.hypot((row["high"] - row["low"]) / (2 * z), math.sqrt(float(((weight * errors) ** 2).sum())))
            if error > 0:
                gap = abs(row["rate"] - float((weight * rest["rate"]).sum()))
                p[i] = 2 * (1 - NormalDist().cdf(gap / error))
    return p


def exact_p(successes: int, n: int, all_successes: int, all_n: int) -> float:
    """Return Fisher's exact two-sided p-value that a segment's rate is that of the rest.

    Parameters
    ----------
    successes, n
        Of the segment.
    all_successes, all_n
        Of the whole, the segment included.

    Returns
    -------
    float
        The probability, the margins given, of a table no likelier than the one seen.

    References
    ----------
    Fisher (1935), The Logic of Inductive Inference, J. R. Stat. Soc. 98, 39-82.

    Examples
    --------
    >>> round(exact_p(3, 4, 4, 8), 4)  # the lady tasting tea
    0.4857
    """
    from scipy.special import gammaln

    k = np.arange(max(0, n + all_successes - all_n), min(n, all_successes) + 1)

    def log_choose(m: Any, r: Any) -> Any:
        return gammaln(m + 1) - gammaln(r + 1) - gammaln(m - r + 1)

    logs = log_choose(all_successes, k) + log_choose(all_n - all_successes, n - k) - log_choose(all_n, n)
    seen = logs[successes - k[0]]
    return float(min(np.exp(logs[logs <= seen + 1e-9]).sum(), 1.0))


def flags(rows: pd.DataFrame, false_share: float) -> list[str]:
    """Mark each segment ``above`` or ``below`` the rest, ``few``, or with nothing: it cannot be told apart.

    Parameters
    ----------
    rows
        ``numerator, denominator, n, rate, q``, one row a segment.
    false_share
        The expected share of false marks that is accepted.
    """
    totals = rows["numerator"].sum(), rows["denominator"].sum()
    marks = []
    for row in rows.to_dict("records"):
        rest = totals[1] - row["denominator"]
        if row["n"] < FEWEST:
            marks.append("few" if row["n"] else "")
        elif row["q"] <= false_share and rest > 0:
            marks.append("above" if row["rate"] > (totals[0] - row["numerator"]) / rest else "below")
        else:
            marks.append("")
    return marks
