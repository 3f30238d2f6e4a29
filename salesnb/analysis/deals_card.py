"""Deals card: all that the page says of the chances of open deals."""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass

import pandas as pd

from salesnb.analysis.behind import Behind
from salesnb.analysis.calibration import Score
from salesnb.analysis.verdict import Basis
from salesnb.periods import Period

LISTED = 30
"""The deals that the page lists one by one, those expected to bring most."""


@dataclass(frozen=True)
class DealsCard:
    """The open deals with their chances, where these come from, and how far such chances came true on past days.

    Attributes
    ----------
    period, day
        The period, and the day the deals are looked at: its last, or the as-of date.
    currency
        Of money.
    confidence, band
        The level of the intervals of what was measured; that of a deal's chance and of their sum.
    nothing
        Why there is no deal to speak of; empty where there is one.
    basis
        ``model``, ``base rate`` (how often deals in the stage were won), or empty where neither can be had.
    why
        Why it is not the model; empty where it is.
    horizon
        The days within which a deal is to be won.
    open
        One row an open deal, what it is expected to bring first: ``opportunity_id, owner_id, seller, segment, stage,
        amount, probability, low, high, expected, weighted`` (amount times the stage's win rate) ``, why`` (in words);
        numbers are NaN where not known.
    reasons
        One row a deal and reason, strongest first: ``opportunity_id, feature, says, log_odds``. With
        :attr:`average_log_odds` the log odds of a deal sum to its own. Only of a model.
    average_log_odds
        Of an average deal; NaN without a model.
    base
        ``group, won, deals, rate, low, high``: how often deals in each stage were won in time, or, where a stage has no
        history, of each age; ``""`` for all.
    score, bins, sums
        How the model did on past days: see :mod:`salesnb.analysis.calibration` and
        :class:`salesnb.analysis.rehearsal.Rehearsal`; None and empty where it could not be tried.
    tells
        The features that the model found to tell something, in that order.
    silent
        How many features told nothing more.
    left_out
        ``column, reason, is_leak``: what was not looked at, and why.
    expected, low, high
        What the open deals are expected to bring within the horizon, with its band; NaN without a basis.
    weighted
        The same deals by :func:`salesnb.kpis.standing.weighted`; NaN where that cannot be had.
    limit
        What the deals' history cannot tell; empty with a change log.
    behind
        The rows of every number.
    """

    period: Period
    day: dtm.date
    currency: str
    confidence: float
    band: float
    nothing: str
    basis: Basis
    why: str
    horizon: int
    open: pd.DataFrame
    reasons: pd.DataFrame
    average_log_odds: float
    base: pd.DataFrame
    score: Score | None
    bins: pd.DataFrame
    sums: pd.DataFrame
    tells: tuple[str, ...]
    silent: int
    left_out: pd.DataFrame
    expected: float
    low: float
    high: float
    weighted: float
    limit: str
    behind: tuple[Behind, ...]

    @property
    def amount(self) -> float:
        """What the open deals are worth; those without an amount add nothing."""
        return float(self.open["amount"].sum())

    @property
    def unpriced(self) -> int:
        """The open deals without an amount."""
        return int(self.open["amount"].isna().sum())
