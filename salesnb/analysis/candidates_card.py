"""Candidates card: whom to offer what, on what evidence, and what it says in words."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import Behind, Told
from salesnb.periods import Period

CROSS, UP = "cross-sell", "upsell"


@dataclass(frozen=True)
class CandidatesCard:
    """Whom to offer what.

    Attributes
    ----------
    period, as_of, day
        The period, the last day that is known, and the day it is all as of.
    currency, confidence
        Of money; and the level of the intervals, 1 - the share of false pairs and signals.
    no_cross, no_up
        Why there is nothing to say of products, and of those who pay more; empty where there is.
    looks
        How many pairs of products were held against each other.
    pairs
        The pairs told apart that promise most, with their evidence: see
        :func:`salesnb.analysis.candidates_cross.pairs`.
    cross
        ``account_id, has, offer, days, chance, worth, expected``: who is named by each pair.
    whole
        How often customers come to pay more in a month: see :func:`salesnb.analysis.candidates_upsell.upsell`.
    signals
        What was known of those who did, against the others.
    up
        ``account_id, mrr, signals, odds, chance, expected``: who has such a signal now.
    alike
        By what like customers are found; empty where nothing says it.
    behind
        The accounts behind the numbers.
    """

    period: Period
    as_of: dtm.date
    day: dtm.date
    currency: str
    confidence: float
    no_cross: str
    no_up: str
    looks: int
    pairs: pd.DataFrame
    cross: pd.DataFrame
    whole: Mapping[str, float]
    signals: pd.DataFrame
    up: pd.DataFrame
    alike: str
    behind: tuple[Behind, ...]

    @property
    def best(self) -> pd.DataFrame:
        """Whom to offer what, an account and product once, with the pair that promises most of it."""
        return self.cross.drop_duplicates(["account_id", "offer"]).reset_index(drop=True)

    def headlines(self) -> list[str]:
        """Say what to offer to whom, and who may come to pay more."""
        return [self.cross_finding(), self.up_finding()]

    def cross_finding(self) -> str:
        """Say which product to offer to whom, and how many of those before them took it."""
        if self.no_cross:
            return f"What to offer beside what a customer has cannot be told: {self.no_cross}."
        if self.pairs.empty:
            looks = formats.plural(self.looks, "pair")
            return f"No two products go together by more than chance and are followed up, after {looks} looked at."
        row = self.pairs.iloc[0]
        between = formats.interval(row["low"], row["high"], "ratio")
        return Told(
            f"{formats.exact(row['candidates'])} customers have bought {row['has']} within a year and not "
            f"{row['offer']}: of {formats.exact(row['watched'])} before them {formats.share(row['follow'])} "
            f"({between}) took it within a year.",
            cross_key(0),
        )

    def up_finding(self) -> str:
        """Say how often customers come to pay more, and after what."""
        if self.no_up:
            return f"Who may come to pay more cannot be told: {self.no_up}."
        often = (
            f"In a month {formats.share(self.whole['rate'], 2)} of the customers come to pay more "
            f"({formats.interval(self.whole['low'], self.whole['high'], 'ratio')})"
        )
        apart = self.signals[self.signals["is_apart"]].sort_values("ratio", ascending=False)
        if apart.empty:
            return f"{often}; no signal tells which by more than chance."
        row = apart.iloc[0]
        times = f"{row['ratio']:.1f} times as often ({row['ratio_low']:.1f} to {row['ratio_high']:.1f})"
        words = f"{often}, {times} those who {row['words']}"
        if self.up.empty:
            return f"{words}; nobody has that signal now."
        return Told(f"{words}: {formats.plural(len(self.up), 'customer')} now.", UP)

    def listed_finding(self) -> str:
        """Say how many customers and products are named, and of whom most is expected."""
        rows = self.best
        if rows.empty:
            return "Nobody is named for another product."
        first = rows.iloc[0]
        return (
            f"{formats.plural(len(rows), 'offer')} to {formats.plural(rows['account_id'].nunique(), 'customer')}; most "
            f"is expected of {first['account_id']}: {first['offer']}, {formats.money(first['expected'])}."
        )

    def next_finding(self) -> str:
        """Say of whom more is expected a month."""
        if self.up.empty:
            return "No customer has a signal that is told apart"
        first, total = self.up.iloc[0], float(self.up["expected"].sum())
        return (
            f"{formats.money(total, self.currency)} more a month are expected within a month of "
            f"{formats.plural(len(self.up), 'customer')}, most of {first['account_id']}."
        )


def cross_key(place: int) -> str:
    """Return the key of the candidates of a pair, by its place among the pairs."""
    return f"{CROSS}-{place + 1}"
