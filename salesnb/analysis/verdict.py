"""Verdict: whether open deals get the chances of a model, base rates, or none, and what the past says for it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
import pandas as pd

from salesnb import formats
from salesnb.analysis.calibration import Score, score
from salesnb.analysis.chances import Chances, learn
from salesnb.analysis.deals_past import FEW, Past
from salesnb.analysis.rehearsal import FEWEST_EACH, BaseRates, Rehearsal, counts, enough, rehearse, with_calibration

Basis = Literal["model", "base rate", ""]


@dataclass(frozen=True)
class Verdict:
    """What the past gave.

    Attributes
    ----------
    basis, why
        What the chances rest on, and why it is not the model; empty where it is.
    model
        The model, learnt from all past days and calibrated; None where it is not used.
    base
        How often deals of each group were won in time; None where too few ended.
    rehearsal, score
        How the model did on past days; None where it could not be tried.
    """

    basis: Basis
    why: str
    model: Chances | None
    base: BaseRates | None
    rehearsal: Rehearsal | None
    score: Score | None

    def priced(self, rows: pd.DataFrame, band: float) -> pd.DataFrame:
        """Return ``probability, low, high`` of open deals; NaN without a basis.

        Parameters
        ----------
        rows
            Rows of :func:`salesnb.analysis.features.open_on`.
        band
            The level of the interval.
        """
        if self.model is not None:
            low, high = self.model.interval(rows, band)
            middle = self.model.probabilities(rows)
        elif self.basis and self.base is not None:
            middle, low, high = (self.base.look_up(rows["group"], name) for name in ("rate", "low", "high"))
        else:
            middle = low = high = np.full(len(rows), np.nan)
        return pd.DataFrame({"probability": middle, "low": low, "high": high}, index=rows.index)

    def total(self, rows: pd.DataFrame, band: float) -> tuple[float, float, float]:
        """Return what open deals are expected to bring, and its band; NaN without a basis.

        With base rates the band holds the chance of each deal and how well each group's rate is known.

        Parameters
        ----------
        rows
            Rows of :func:`salesnb.analysis.features.open_on`; those without an amount add nothing.
        band
            The level of the band.
        """
        if not self.basis:
            return float("nan"), float("nan"), float("nan")
        amounts = rows["amount"].fillna(0.0).to_numpy(dtype="float64")
        priced = self.priced(rows, band)
        p = priced["probability"].to_numpy()
        z = NormalDist().inv_cdf((1 + band) / 2)
        if self.model is not None:
            spread = self.model.spread(rows, amounts)
        else:
            errors = (priced["high"] - priced["low"]).to_numpy() / (2 * z)
            by_stage = pd.Series(amounts * errors).groupby(rows["group"].fillna("").to_numpy()).sum()
            spread = float(np.sqrt(np.sum(amounts**2 * p * (1 - p)) + (by_stage**2).sum()))
        middle = float(amounts @ p)
        return middle, middle - z * spread, middle + z * spread


def reached(
    rows: pd.DataFrame, features: tuple[str, ...], past: Past, levels: tuple[float, float], seed: int
) -> Verdict:
    """Try the model on past days, and use it if it beat the base rate; use that if there is one.

    Parameters
    ----------
    rows
        The open deals of the past days, with ``is_won`` and ``group``.
    features
        The columns that may be used.
    past
        The horizon.
    levels
        The confidence of the score, and the level of bands.
    seed
        Of the draws behind the score's interval.
    """
    confidence, band = levels
    none = Verdict("", past.thin, None, None, None, None)
    if past.thin:
        return none
    won, lost = counts(rows)
    if min(won, lost) < FEW:
        kinds = f"{formats.plural(won, 'deal')} won and {formats.exact(lost)} not won within {past.horizon} days"
        thin = f"of the deals open on past days, {kinds} are known, and it takes {FEW} of each"
        return Verdict("", thin, None, None, None, None)
    base = BaseRates.of(rows, band)
    tried = rehearse(rows, features, past.horizon, band)
    if tried.rows.empty:
        why = f"no past day has {FEWEST_EACH} deals won and {FEWEST_EACH} not won before it, which a model takes"
        return Verdict("base rate", why, None, base, None, None)
    if not enough(tried.rows):
        won, lost = counts(tried.rows)
        why = (
            f"a model could be tried on {formats.plural(won, 'deal')} won and {formats.exact(lost)} not won, "
            f"and it takes {FEWEST_EACH} of each"
        )
        return Verdict("base rate", why, None, base, None, None)
    span = (tried.sums["day"].max() - tried.sums["day"].min()).days
    if span < past.horizon:
        why = (
            f"a model could be tried on past days that span {formats.days(span)}, and it takes {past.horizon}, so that "
            "the last day's deals end after the first day's have ended"
        )
        return Verdict("base rate", why, None, base, None, None)
    found = score(tried.rows, confidence, seed)
    if not found.beats_base:
        return Verdict("base rate", "on past days the model did not beat it", None, base, tried, found)
    parts = [part for _, part in tried.rows.groupby("day")]
    model = with_calibration(learn(rows, features), parts, rows["day"].max())
    return Verdict("model", "", model, base, tried, found)
