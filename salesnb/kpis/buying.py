"""Buying: how often customers who come and go without notice buy, and whether they still do (BG/NBD).

A customer without a contract never says that it leaves. The model of Fader, Hardie and Lee has each buy at a rate of
its own (gamma over customers) for as long as it is a customer, and leave after any purchase with a chance of its own
(beta over customers). Three numbers of a customer are all that it needs: how many later days it bought on
(``frequency``), when it last did (``recency``) and how long it has been known (``age``), both counted from its first
purchase. So customers are counted by these in one query, and ten million of them fit as a few thousand rows do.

References
----------
Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model, Marketing
Science 24, 275-284.
"""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from salesnb.kpis.likelihood import Array, Fitted, fitted
from salesnb.kpis.sales import purchases, without_contract

if TYPE_CHECKING:
    from collections.abc import Mapping

    from salesnb.data.book import Book

WEEK = 7.0
NAMES = ("r", "alpha", "a", "b")
FEWEST_REPEATS = 30
"""Fewer customers who came back, and four parameters cannot be told."""
_STARTS = ((0.3, 4.0, 0.8, 2.5), (1.0, 10.0, 0.5, 3.0), (0.1, 1.0, 1.0, 1.0))


def bought_days(book: Book, end: dtm.date, start: dtm.date | None = None) -> ir.Table:
    """Return the days on which each account bought without a contract: one row an account and day.

    Order lines that take goods back are no purchases, and those of the revenue type subscription are bills of a
    contract; lines of no account cannot be followed. Where there are no orders, the won deals are purchases. What an
    account bought on one day is one purchase, also where it cost nothing.

    Parameters
    ----------
    end
        The last day that counts.
    start
        Only accounts whose first purchase is on or after it; all where None.

    Returns
    -------
    ibis.Table
        ``account_id, _on, spent``.

    Raises
    ------
    NeedsData
        There are neither orders nor deals of an account.
    """
    rows = without_contract(book, purchases(book))
    rows = rows.filter(rows.account_id.notnull(), rows["_on"] <= ibis.date(end))
    if start is not None:
        firsts = rows.group_by(_account="account_id").aggregate(_first=rows["_on"].min())
        firsts = firsts.filter(firsts["_first"] >= ibis.date(start)).drop("_first")
        rows = rows.join(firsts, rows.account_id == firsts["_account"]).drop("_account")
    return rows.group_by("account_id", "_on").aggregate(spent=rows.amount.sum())


def customers(book: Book, end: dtm.date, start: dtm.date | None = None) -> ir.Table:
    """Return the three numbers of each account, as of the end of a day: see :func:`bought_days`.

    Returns
    -------
    ibis.Table
        ``account_id, first_on, last_on, frequency`` (later days bought on) ``, recency, age`` (days from the first
        purchase to the last, and to the day) ``, spent`` (on all days).
    """
    days = bought_days(book, end, start)
    held = days.group_by("account_id").aggregate(
        first_on=days["_on"].min(), last_on=days["_on"].max(), bought=days.count(), spent=days["spent"].sum()
    )
    return held.select(
        "account_id",
        "first_on",
        "last_on",
        frequency=held["bought"] - 1,
        recency=held["last_on"].delta(held["first_on"], unit="day"),
        age=ibis.date(end).delta(held["first_on"], unit="day"),
        spent=held["spent"],
    )


def statistics(book: Book, end: dtm.date, start: dtm.date | None = None) -> ir.Table:
    """Count the accounts by their three numbers: all that the model needs of any number of customers.

    Returns
    -------
    ibis.Table
        ``frequency, recency, age`` (days) and ``customers``.
    """
    held = customers(book, end, start)
    return held.group_by("frequency", "recency", "age").aggregate(customers=held.count())


@dataclass(frozen=True)
class BgNbd:
    """A fitted BG/NBD model; time is in weeks.

    Attributes
    ----------
    fit
        The four parameters ``r, alpha, a, b`` with their errors: see :class:`salesnb.kpis.likelihood.Fitted`.
    customers, repeats, repeaters
        How many customers there are, on how many later days they bought, and how many of them came back at all.
    doubts
        Why the parameters may not be told from these data; empty where they can.
    """

    fit: Fitted
    customers: int
    repeats: int
    repeaters: int
    doubts: tuple[str, ...] = ()
    parameters: Mapping[str, float] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(zip(NAMES, self.fit.values, strict=True))))


def bg_nbd(counted: pd.DataFrame) -> BgNbd:
    """Fit the model by maximum likelihood.

    Parameters
    ----------
    counted
        ``frequency, recency, age`` (days) and ``customers``, as :func:`statistics` has them.

    Returns
    -------
    BgNbd
        With doubts where fewer than :data:`FEWEST_REPEATS` customers came back, or the likelihood is flat.

    Examples
    --------
    >>> seen = pd.DataFrame({"frequency": [0, 2, 1], "recency": [0, 70, 35], "age": [200, 200, 190],
    ...                      "customers": [60, 25, 15]})
    >>> model = bg_nbd(seen)
    >>> model.customers, model.repeats, model.repeaters
    (100, 65, 40)
    """
    x, recency, age, n = (counted[name].to_numpy(float) for name in ("frequency", "recency", "age", "customers"))
    weeks, known = recency / WEEK, age / WEEK

    def log_likelihood(parameters: Array) -> tuple[float, Array]:
        total, slopes = _likelihood(parameters, x, weeks, known)
        return float(n @ total), slopes @ n

    fit = fitted(NAMES, log_likelihood, _STARTS)
    repeaters = int(n[x > 0].sum())
    doubts = list(fit.doubts)
    if repeaters < FEWEST_REPEATS:
        doubts.insert(0, f"only {repeaters} customers came back, fewer than {FEWEST_REPEATS}")
    return BgNbd(fit, int(n.sum()), int(n @ x), repeaters, tuple(doubts))


def _likelihood(parameters: Array, x: Array, last: Array, known: Array) -> tuple[Array, Array]:
    """Return each customer's log-likelihood (equation 6 of the paper) and its slopes by r, alpha, a and b."""
    from scipy.special import digamma, gammaln

    r, alpha, a, b = parameters
    came_back = x > 0
    stays = -(r + x) * np.log(alpha + known)
    with np.errstate(divide="ignore"):
        left = np.where(came_back, np.log(a) - np.log(np.where(came_back, b + x - 1, 1.0)), -np.inf)
    left = left - (r + x) * np.log(alpha + last)
    both = np.logaddexp(stays, left)
    total = (
        gammaln(r + x) - gammaln(r) + r * np.log(alpha) + gammaln(a + b) + gammaln(b + x) - gammaln(b)
        - gammaln(a + b + x) + both
    )  # fmt: skip
    gone = np.exp(left - both)
    here = 1 - gone
    slopes = np.stack(
        [
            digamma(r + x) - digamma(r) + np.log(alpha) - here * np.log(alpha + known) - gone * np.log(alpha + last),
            r / alpha - (r + x) * (here / (alpha + known) + gone / (alpha + last)),
            digamma(a + b) - digamma(a + b + x) + gone / a,
            digamma(a + b)
            + digamma(b + x)
            - digamma(b)
            - digamma(a + b + x)
            - gone / np.where(came_back, b + x - 1, 1.0),
        ]
    )
    return total, slopes


def p_alive(parameters: npt.ArrayLike, x: Array, recency: Array, age: Array) -> Array:
    """Return the chance that customers are customers still.

    1 / (1 + a / (b + x - 1) ((alpha + T) / (alpha + t))^(r + x)), and 1 for one that never came back: the model has a
    customer leave only after a later purchase (note of Fader and Hardie of 2008).

    Parameters
    ----------
    parameters
        r, alpha, a, b.
    x, recency, age
        Of each customer, in days.
    """
    r, alpha, a, b = np.asarray(parameters, dtype=float)
    odds = a / np.where(x > 0, b + x - 1, 1.0) * ((alpha + age / WEEK) / (alpha + recency / WEEK)) ** (r + x)
    result: Array = np.where(x > 0, 1 / (1 + odds), 1.0)
    return result


def expected(parameters: npt.ArrayLike, days: float, x: Array, recency: Array, age: Array) -> Array:
    """Return how many more purchases customers will make within so many days: equation 10 of the paper.

    Parameters
    ----------
    parameters
        r, alpha, a, b.
    days
        How far ahead.
    x, recency, age
        Of each customer, in days.
    """
    from scipy.special import hyp2f1

    r, alpha, a, b = np.asarray(parameters, dtype=float)
    t, known = days / WEEK, age / WEEK
    ahead = alpha + known + t
    series = hyp2f1(r + x, b + x, a + b + x - 1, t / ahead)
    rises = (a + b + x - 1) / (a - 1) * (1 - ((alpha + known) / ahead) ** (r + x) * series)
    result: Array = rises * p_alive(parameters, x, recency, age)
    return result


def expected_since_first(parameters: npt.ArrayLike, days: Array) -> Array:
    """Return how many later purchases a customer makes within so many days of its first: equation 9 of the paper.

    Parameters
    ----------
    parameters
        r, alpha, a, b.
    days
        Days since the first purchase; 0 where below 0.
    """
    from scipy.special import hyp2f1

    r, alpha, a, b = np.asarray(parameters, dtype=float)
    t = np.maximum(days, 0.0) / WEEK
    series = hyp2f1(r, b, a + b - 1, t / (alpha + t))
    result: Array = (a + b - 1) / (a - 1) * (1 - (alpha / (alpha + t)) ** r * series)
    return result
