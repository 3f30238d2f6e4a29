"""Chances: a ridge logistic regression of "won within so many days" on what was known of an open deal.

What a feature adds to the log odds is exact: they are the average deal's plus one term a feature, so the reasons given
for a deal sum to its probability. Deals stand in the rows on several days; whatever is tested or bounded here counts
deals, not rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesnb.analysis.encoding import Array, Encoding, design

Places = npt.NDArray[np.int64]

PER_COLUMN = 10
"""So many deals won, and as many not won, are wanted for each column that is learnt (Peduzzi and others, 1996)."""
LEVEL = 0.05
_STRENGTH = 1.0


@dataclass(frozen=True)
class Chances:
    """A model that was learnt.

    Attributes
    ----------
    encodings
        The features that are used, in the order in which they were found to tell something.
    coefficients
        One a column, after the intercept: the log odds of an average deal.
    covariance
        Of the coefficients, with the deals as clusters.
    shift, slope
        The calibration: log odds are ``shift + slope * what the coefficients give`` (Platt); 0 and 1 without.
    deals, won
        The deals learnt from, and those of them that were won in time.
    """

    encodings: tuple[Encoding, ...]
    coefficients: Array
    covariance: Array
    shift: float
    slope: float
    deals: int
    won: int

    @property
    def names(self) -> tuple[str, ...]:
        """The features that are used."""
        return tuple(encoding.name for encoding in self.encodings)

    @property
    def average(self) -> float:
        """The log odds of an average deal."""
        return self.shift + self.slope * float(self.coefficients[0])

    def contributions(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return what each feature adds to the log odds of each row; with :attr:`average` they sum to its log odds.

        Returns
        -------
        pandas.DataFrame
            One column a feature, the rows and index of ``rows``.
        """
        found, place = {}, 1
        for encoding in self.encodings:
            own = self.coefficients[place : place + encoding.width]
            found[encoding.name] = self.slope * (encoding.columns(rows) @ own)
            place += encoding.width
        return pd.DataFrame(found, index=rows.index, columns=list(self.names), dtype="float64")

    def log_odds(self, rows: pd.DataFrame) -> Array:
        """Return the log odds of each row."""
        return np.asarray(self.shift + self.slope * (_with_one(self.encodings, rows) @ self.coefficients))

    def probabilities(self, rows: pd.DataFrame) -> Array:
        """Return the probability of each row."""
        return expit(self.log_odds(rows))

    def interval(self, rows: pd.DataFrame, confidence: float) -> tuple[Array, Array]:
        """Bound each row's probability by what is not known of the coefficients.

        It tells how well the share won among such deals is known; which of them are won is chance on top of it, and
        what the choice of features leaves open is not in it.
        """
        z = NormalDist().inv_cdf((1 + confidence) / 2)
        wide = self.slope * _with_one(self.encodings, rows)
        half = z * np.sqrt(np.einsum("ij,jk,ik->i", wide, self.covariance, wide))
        middle = self.log_odds(rows)
        return expit(middle - half), expit(middle + half)

    def spread(self, rows: pd.DataFrame, amounts: Array) -> float:
        """Return the standard deviation of the sum of the amounts of those that will be won.

        ``sum of a^2 p (1 - p)`` for chance, deals being independent, and ``g' V g`` with
        ``g = sum of a p (1 - p) x`` for the coefficients.
        """
        p = self.probabilities(rows)
        weight = amounts * p * (1 - p)
        gradient = self.slope * (weight @ _with_one(self.encodings, rows))
        return float(np.sqrt(np.sum(amounts * weight) + gradient @ self.covariance @ gradient))

    def calibrated(self, log_odds: Array, is_won: Array) -> Chances:
        """Return the model with its log odds stretched and moved to fit what came of earlier predictions.

        Parameters
        ----------
        log_odds
            What models of earlier days, not calibrated, said of deals they had not learnt from.
        is_won
            What came of these; both kinds are there.

        References
        ----------
        Platt (1999), Advances in Large Margin Classifiers, 61-74.
        """
        from sklearn.linear_model import LogisticRegression

        if np.ptp(log_odds) < 1e-9:
            return self
        found = LogisticRegression(C=1e6, solver="newton-cholesky").fit(log_odds[:, None], is_won)
        return replace(self, shift=float(found.intercept_[0]), slope=float(found.coef_[0, 0]))


def learn(rows: pd.DataFrame, features: tuple[str, ...]) -> Chances:
    """Learn the chances of being won from rows whose outcome is known.

    Features are taken one after the other, the one that tells most first, as long as a score test that counts deals
    finds that it tells more than chance at 5 % (over all features that are left, by Bonferroni), and as long as there
    are :data:`PER_COLUMN` deals of either outcome for each column. What tells nothing would only add noise.

    Parameters
    ----------
    rows
        Rows of :func:`salesnb.analysis.features.open_on` with ``is_won`` (boolean); both outcomes are there.
    features
        The columns that may be used.

    References
    ----------
    Boos (1992), The American Statistician 46, 327-333, for score tests under clustering; Liang and Zeger (1986),
    Biometrika 73, 13-22, for the covariance; Peduzzi and others (1996), Journal of Clinical Epidemiology 49,
    1373-1379, for the number of columns.
    """
    is_won = rows["is_won"].to_numpy(dtype="float64")
    places, deals = pd.factorize(rows["opportunity_id"])
    clusters = places.astype(np.int64)
    outcomes = rows.groupby("opportunity_id")["is_won"]
    fewer = min(int(outcomes.any().sum()), int((~outcomes.all()).sum()))
    left = {encoding.name: encoding for encoding in (Encoding.of(rows, name) for name in features) if encoding.width}
    columns = {name: encoding.columns(rows) for name, encoding in left.items()}
    chosen: tuple[Encoding, ...] = ()
    wide = np.ones((len(rows), 1))
    coefficients = _fitted(wide, is_won)
    while True:
        room = fewer // PER_COLUMN - (wide.shape[1] - 1)
        may = {name: columns[name] for name, encoding in left.items() if encoding.width <= room}
        tested = _tested(may, wide, is_won - expit(wide @ coefficients), clusters)
        best = min(tested, key=lambda name: (tested[name], name), default="")
        if not best or tested[best] * len(tested) > LEVEL:
            break
        chosen = (*chosen, left.pop(best))
        wide = np.hstack([wide, columns[best]])
        coefficients = _fitted(wide, is_won)
    covariance = _covariance(wide, is_won - expit(wide @ coefficients), clusters)
    return Chances(chosen, coefficients, covariance, 0.0, 1.0, len(deals), int(outcomes.any().sum()))


def expit(log_odds: Array) -> Array:
    """Return the probability of log odds: ``1 / (1 + exp(-x))``."""
    return np.asarray(0.5 * (1 + np.tanh(np.asarray(log_odds) / 2)))


def _with_one(encodings: tuple[Encoding, ...], rows: pd.DataFrame) -> Array:
    return np.hstack([np.ones((len(rows), 1)), design(encodings, rows)])


def _fitted(wide: Array, is_won: Array) -> Array:
    """Return the intercept, which is not held back, and the coefficients, which are."""
    if wide.shape[1] == 1:
        share = is_won.mean()
        return np.array([np.log(share / (1 - share))])
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=_STRENGTH, solver="newton-cholesky", max_iter=200).fit(wide[:, 1:], is_won)
    return np.concatenate([model.intercept_, model.coef_[0]])


def _tested(columns: dict[str, Array], wide: Array, missed: Array, clusters: Places) -> dict[str, float]:
    """Return the p-value, by a score test that counts deals, of each feature telling nothing more than those used."""
    from scipy.special import chdtrc

    weight = _weight(missed)
    inner = wide.T @ (wide * weight) + 1e-8 * np.eye(wide.shape[1])
    found = {}
    for name, own in columns.items():
        beyond = own - wide @ np.linalg.solve(inner, wide.T @ (own * weight))
        score, spread = _summed(beyond * missed[:, None], clusters)
        values, vectors = np.linalg.eigh(spread)
        kept = values > 1e-8 * max(float(values[-1]), 1e-12)
        statistic = float((((vectors.T @ score)[kept]) ** 2 / values[kept]).sum())
        found[name] = float(chdtrc(kept.sum(), statistic)) if kept.any() else 1.0
    return found


def _weight(missed: Array) -> Array:
    """Return p (1 - p) of each row as a column: 1 - |missed| is the probability of what happened."""
    size = np.abs(missed)
    made: Array = (size * (1 - size))[:, None]
    return made


def _summed(scores: Array, clusters: Places) -> tuple[Array, Array]:
    """Return the sum of the scores, and the sum of squares and products of those of the deals."""
    order = np.argsort(clusters, kind="stable")
    starts = np.flatnonzero(np.diff(clusters[order], prepend=-1))
    by_deal = np.add.reduceat(scores[order], starts, axis=0)
    return by_deal.sum(axis=0), by_deal.T @ by_deal


def _covariance(wide: Array, missed: Array, clusters: Places) -> Array:
    held = np.eye(wide.shape[1]) / _STRENGTH
    held[0, 0] = 0.0
    inverse = np.linalg.inv(wide.T @ (wide * _weight(missed)) + held)
    _, spread = _summed(wide * missed[:, None], clusters)
    made: Array = inverse @ spread @ inverse
    return made
