"""Spending: what customers without a contract spend at a purchase, drawn towards what all do (Gamma-Gamma).

The mean of a few purchases of a customer says little of what the next will cost. The model has the purchases of each
customer vary around a mean of its own, and these means over customers; what a customer is expected to spend lies
between its own mean and that of all, the nearer to its own the oftener it bought. It takes for granted that how often
a customer buys says nothing of how much it spends, which :class:`Spending` checks.

References
----------
Fader and Hardie (2013), The Gamma-Gamma Model of Monetary Value (note 25 of brucehardie.com); Fader, Hardie and Lee
(2005), RFM and CLV, Journal of Marketing Research 42, 415-430.
"""

from __future__ import annotations

import datetime as dtm
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from salesnb.kpis.buying import bought_days
from salesnb.kpis.likelihood import Array, Fitted, fitted

if TYPE_CHECKING:
    from salesnb.data.book import Book

NAMES = ("p", "q", "v")
FEWEST = 30
"""Fewer customers who came back and paid, and three parameters cannot be told."""
TIED = 0.2
"""A correlation of frequency and spend beyond it is told as a doubt."""


def later_spend(book: Book, end: dtm.date, start: dtm.date | None = None) -> ir.Table:
    """Return what each account spent after its first day: one row an account that came back.

    Returns
    -------
    ibis.Table
        ``account_id, frequency`` (later days that cost something) ``, spent`` (on them) ``, free`` (later days that
        cost nothing, or gave money back, which are left out).
    """
    days = bought_days(book, end, start)
    firsts = days.group_by(_account="account_id").aggregate(_first=days["_on"].min())
    later = days.join(firsts, [days.account_id == firsts["_account"], days["_on"] > firsts["_first"]])
    paid = later["spent"] > 0
    return later.group_by("account_id").aggregate(
        frequency=paid.cast("int32").sum(), spent=later["spent"].sum(where=paid), free=(~paid).cast("int32").sum()
    )


@dataclass(frozen=True)
class Spending:
    """A fitted Gamma-Gamma model.

    Attributes
    ----------
    fit
        The parameters ``p, q, v``.
    customers, days
        The customers who came back and paid, and on how many later days.
    mean
        What all are expected to spend at a purchase: v p / (q - 1); NaN where q is 1 or less, whose mean is infinite.
    correlation
        Of frequency and mean spend over customers.
    doubts
        Why the parameters may not be told, or the model does not hold.
    """

    fit: Fitted
    customers: int
    days: int
    mean: float
    correlation: float
    doubts: tuple[str, ...] = ()


def gamma_gamma(spent: pd.DataFrame) -> Spending:
    """Fit the model by maximum likelihood.

    Parameters
    ----------
    spent
        ``frequency`` (above 0) and ``spent`` (above 0), one row a customer; ``customers`` where a row stands for
        several.
    """
    x = spent["frequency"].to_numpy(float)
    total = spent["spent"].to_numpy(float)
    n = spent["customers"].to_numpy(float) if "customers" in spent else np.ones(len(x))
    kept = (x > 0) & (total > 0)
    x, total, n = x[kept], total[kept], n[kept]
    scale = float((n @ total) / (n @ x)) if len(x) else 1.0
    mean = total / np.maximum(x, 1) / scale  # in units of the mean, so that the search begins near

    def log_likelihood(parameters: Array) -> tuple[float, Array]:
        values, slopes = _likelihood(parameters, x, mean)
        return float(n @ values), slopes @ n

    if not len(x):
        nothing = np.full(3, math.nan)
        none = Fitted(NAMES, nothing, np.full((3, 3), math.nan), math.nan)
        return Spending(none, 0, 0, math.nan, math.nan, ("no customer came back and paid",))
    found = fitted(NAMES, log_likelihood, ((2.0, 3.0, 1.0), (6.0, 4.0, 0.5), (1.0, 1.5, 1.0)))
    values = found.values * np.array([1.0, 1.0, scale])
    log_likelihood_in_money = found.log_likelihood - float(n.sum()) * math.log(scale)
    fit = Fitted(NAMES, values, found.covariance, log_likelihood_in_money, found.doubts)
    correlation = _correlation(x, mean, n)
    customers, doubts = int(n.sum()), list(fit.doubts)
    if customers < FEWEST:
        doubts.insert(0, f"only {customers} customers came back and paid, fewer than {FEWEST}")
    if abs(correlation) > TIED:
        doubts.append(f"who buys more often spends {'more' if correlation > 0 else 'less'} (r = {correlation:.2f})")
    p, q, v = values
    return Spending(
        fit, customers, int(n @ x), float(v * p / (q - 1)) if q > 1 else math.nan, correlation, tuple(doubts)
    )


def _likelihood(parameters: Array, x: Array, mean: Array) -> tuple[Array, Array]:
    """Return each customer's log-likelihood (equation 1a of the note) and its slopes by p, q and v."""
    from scipy.special import digamma, gammaln

    p, q, v = parameters
    all_of_it = v + x * mean
    total = (
        gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v) + (p * x - 1) * np.log(mean)
        + p * x * np.log(x) - (p * x + q) * np.log(all_of_it)
    )  # fmt: skip
    slopes = np.stack(
        [
            x * (digamma(p * x + q) - digamma(p * x) + np.log(mean) + np.log(x) - np.log(all_of_it)),
            digamma(p * x + q) - digamma(q) + np.log(v) - np.log(all_of_it),
            q / v - (p * x + q) / all_of_it,
        ]
    )
    return total, slopes


def expected_spend(parameters: Array, x: Array, spent: Array) -> Array:
    """Return what customers are expected to spend at a purchase: p (v + x mean) / (p x + q - 1).

    Parameters
    ----------
    parameters
        p, q, v.
    x, spent
        The later days on which each paid, and what it spent on them; with none, the mean of all is expected.
    """
    p, q, v = parameters
    below = p * x + q - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Array = np.where(below > 0, p * (v + spent) / below, np.nan)
    return result


def _correlation(x: Array, mean: Array, n: Array) -> float:
    """Return the correlation over customers; 0 where one of the two does not vary."""
    weight = n / n.sum()
    dx, dm = x - weight @ x, mean - weight @ mean
    spread = math.sqrt(float(weight @ dx**2) * float(weight @ dm**2))
    return float(weight @ (dx * dm)) / spread if spread > 0 else 0.0
