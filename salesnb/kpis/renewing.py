"""Renewing: how long customers under contract stay (shifted-beta-geometric).

A customer under contract renews, or says that it leaves. The model has each leave at every renewal with a chance of
its own (beta over customers), so that those who stay are more and more those who stay longest: the churn of a cohort
falls, and a constant rate would make its lifetime too short. How many left at each renewal, and how many were still
there when last seen, are all that it needs.

References
----------
Fader and Hardie (2007), How to Project Customer Retention, Journal of Interactive Marketing 21, 76-90; (2010),
Customer-Base Valuation in a Contractual Setting, Marketing Science 29, 85-93.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesnb.kpis.likelihood import Array, Fitted, fitted

NAMES = ("alpha", "beta")
FEWEST_LEFT = 10
"""Fewer customers who left, and two parameters cannot be told."""
ALIKE = 100.0
"""An alpha beyond it says that all customers leave at one rate."""
LONGEST = 600
"""Renewals that a lifetime is added up over."""


@dataclass(frozen=True)
class Renewals:
    """A fitted shifted-beta-geometric model.

    Attributes
    ----------
    fit
        The parameters ``alpha, beta``.
    customers, left
        How many customers there are, and how many left.
    doubts
        Why the parameters may not be told.
    """

    fit: Fitted
    customers: int
    left: int
    doubts: tuple[str, ...] = ()


def beta_geometric(counted: pd.DataFrame) -> Renewals:
    """Fit the model by maximum likelihood.

    Parameters
    ----------
    counted
        ``tenure`` (renewals survived when last seen) ``, left`` (how many left at the next one) and ``stayed`` (how
        many were last seen then, still there); one row a tenure, any order.

    Examples
    --------
    Of 1,000 "regular" customers of the paper, 631, 468, 382, 326, 289, 262 and 241 are left after one to seven years:

    >>> left = [369, 163, 86, 56, 37, 27, 21, 0]
    >>> seen = pd.DataFrame({"tenure": range(8), "left": left, "stayed": [0] * 7 + [241]})
    >>> [round(float(value), 3) for value in beta_geometric(seen).fit.values]
    [0.704, 1.182]
    """
    tenure, left, stayed = (counted[name].to_numpy(float) for name in ("tenure", "left", "stayed"))

    def log_likelihood(parameters: Array) -> tuple[float, Array]:
        from scipy.special import digamma, gammaln

        a, b = parameters
        whole = gammaln(a) + gammaln(b) - gammaln(a + b)
        gone = gammaln(a + 1) + gammaln(b + tenure) - gammaln(a + b + tenure + 1) - whole
        here = gammaln(a) + gammaln(b + tenure) - gammaln(a + b + tenure) - whole
        by_a = digamma(a) - digamma(a + b)
        by_b = digamma(b) - digamma(a + b)
        slopes = np.array(
            [
                left @ (digamma(a + 1) - digamma(a + b + tenure + 1) - by_a)
                + stayed @ (digamma(a) - digamma(a + b + tenure) - by_a),
                left @ (digamma(b + tenure) - digamma(a + b + tenure + 1) - by_b)
                + stayed @ (digamma(b + tenure) - digamma(a + b + tenure) - by_b),
            ]
        )
        return float(left @ gone + stayed @ here), slopes

    fit = fitted(NAMES, log_likelihood, ((1.0, 5.0), (0.5, 20.0), (1.0, 1.0)))
    gone = int(left.sum())
    # With alpha and beta both very large the customers do not differ: only their ratio counts, and that is known.
    doubts = [] if fit.values[0] > ALIKE else list(fit.doubts)
    if gone < FEWEST_LEFT:
        doubts.insert(0, f"only {gone} customers left, fewer than {FEWEST_LEFT}")
    return Renewals(fit, int((left + stayed).sum()), gone, tuple(doubts))


def survival(parameters: npt.ArrayLike, renewals: Array) -> Array:
    """Return the share of customers that is still there after so many renewals: B(alpha, beta + t) / B(alpha, beta)."""
    from scipy.special import betaln

    a, b = np.asarray(parameters, dtype=float)
    result: Array = np.exp(betaln(a, b + renewals) - betaln(a, b))
    return result


def lifetime(parameters: npt.ArrayLike, tenure: Array, discount: float = 0.0, *, horizon: int = LONGEST) -> Array:
    """Return how many more terms a customer is expected to pay, each discounted to today.

    Sum over t from 1 of S(tenure + t) / S(tenure) / (1 + discount)^t: the term that is paid already does not count.

    Parameters
    ----------
    parameters
        alpha, beta.
    tenure
        The renewals that each customer has survived.
    discount
        A term's discount rate.
    horizon
        The terms that are added up; with a heavy tail and no discount a lifetime grows with it.
    """
    terms = np.arange(1, horizon + 1)
    here = survival(parameters, tenure)[:, None]
    ahead = survival(parameters, tenure[:, None] + terms[None, :])
    result: Array = (ahead / here / (1 + discount) ** terms).sum(axis=1)
    return result
