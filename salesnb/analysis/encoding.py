"""Encoding: a feature of a deal as columns of numbers, whose mean over the deals learnt from is 0.

So a column's coefficient times its value is what the feature adds to the log odds of an average deal, and a deal of
which the feature is not known gets nothing from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]

FEWEST = 30
"""A word that fewer deals have gets no column: with 30 a share of one half is known to 18 points, at 95 %."""
_KNOTS = (0.05, 0.35, 0.65, 0.95)


@dataclass(frozen=True)
class Encoding:
    """How one feature becomes columns.

    A word gives a column for each of its ``levels``, 1 where it is that. A number gives a column for each of its
    ``knots``: a line from knot to knot, 1 at its own and 0 at all others, level beyond the ends (Harrell's four
    knots, at 5, 35, 65 and 95 % of the rows). From every column its mean is taken.

    Attributes
    ----------
    name
        The feature, a column of :func:`salesnb.analysis.features.open_on`.
    levels
        The words; none for a number.
    knots
        The places of a number; none for words.
    means
        Of each column, over the rows it was learnt from where the feature is known.

    References
    ----------
    Harrell, Regression Modeling Strategies (2nd ed., 2015), table 2.3, for the places of the knots.
    """

    name: str
    levels: tuple[str, ...]
    knots: tuple[float, ...]
    means: tuple[float, ...]

    @classmethod
    def of(cls, rows: pd.DataFrame, name: str) -> Encoding:
        """Learn the encoding of one feature from rows; it has no columns where the feature tells no rows apart."""
        known = rows[rows[name].notna()]
        if pd.api.types.is_float_dtype(rows[name]):
            knots = np.unique(np.quantile(known[name], _KNOTS)) if len(known) else np.zeros(0)
            raw = cls(name, (), tuple(float(knot) for knot in knots) if len(knots) > 1 else (), ())
        else:
            codes, words = pd.factorize(known[name])
            deals, _ = pd.factorize(known["opportunity_id"])
            pairs = np.unique(deals.astype(np.int64) * max(1, len(words)) + codes) % max(1, len(words))
            counts = np.bincount(pairs, minlength=len(words))
            levels = sorted(str(word) for word, n in zip(words, counts, strict=True) if n >= FEWEST)
            raw = cls(name, tuple(levels) if len(levels) > 1 else (), (), ())
        columns, is_known = raw._raw(rows)
        means = columns[is_known].mean(axis=0) if is_known.any() else np.zeros(columns.shape[1])
        return cls(name, raw.levels, raw.knots, tuple(float(mean) for mean in means))

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.levels) + len(self.knots)

    def columns(self, rows: pd.DataFrame) -> Array:
        """Return the columns of some rows; all 0 where the feature is not known or is a word without a column."""
        columns, is_known = self._raw(rows)
        made: Array = (columns - np.array(self.means)[None, :]) * is_known[:, None]
        return made

    def _raw(self, rows: pd.DataFrame) -> tuple[Array, npt.NDArray[np.bool_]]:
        if self.knots:
            values = rows[self.name].to_numpy(dtype="float64")
            hats = [np.interp(values, self.knots, one) for one in np.eye(len(self.knots))]
            return np.nan_to_num(np.stack(hats, axis=1)), ~np.isnan(values)
        places = pd.Index(self.levels, dtype=object).get_indexer(pd.Index(rows[self.name], dtype=object))
        columns = np.zeros((len(rows), len(self.levels)))
        known = np.flatnonzero(places >= 0)
        columns[known, places[known]] = 1.0
        return columns, np.asarray(places >= 0)


def design(encodings: tuple[Encoding, ...], rows: pd.DataFrame) -> Array:
    """Return the columns of several features side by side; none at all without a feature."""
    parts = [encoding.columns(rows) for encoding in encodings]
    return np.hstack(parts) if parts else np.zeros((len(rows), 0))
