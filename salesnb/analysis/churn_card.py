"""Churn card: who leaves, how soon and after what, and what it says in words."""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass

import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import Behind, Told
from salesnb.kpis.incidence import Curve
from salesnb.periods import Period

SIGNALS = {
    "is_detractor": "answered 0 to 6 last",
    "is_shrunk": "paid less of late than before",
    "is_raised": "had a price rise of late",
    "is_new": "came in the last three months",
}
RISKS = "churn-at-risk"


@dataclass(frozen=True)
class ChurnCard:
    """Who leaves, how soon and after what.

    Attributes
    ----------
    period, as_of, day
        The period, the last day that is known, and the day it is all as of.
    currency, confidence
        Of money, and the level of the intervals.
    nothing
        Why there is nothing to report; empty where there is something.
    whole
        ``months`` (customer-months watched) ``, lost, rate, low, high``.
    groups
        The same by group of the last answer (``promoter, passive, detractor``, ``none``), with ``group``.
    ratio
        ``ratio, low, high, p``: the detractors' churn over the promoters'; NaN where it cannot be told.
    signals
        ``signal, words, months, lost, rate, low, high, other`` (rate of those without it) ``, ratio, ratio_low,
        ratio_high, p, q, is_apart``.
    rises
        ``label, factor, accounts``: price rises found in the data.
    curves
        Dimension to segment to the share that left by each month of tenure; ``""`` has the whole.
    risks
        ``account_id, mrr, signals, odds`` (times the usual churn, by the signals told apart) ``, expected`` (mrr that
        may leave within a month) ``, notice``: those with a signal, most at stake first.
    behind
        The accounts behind the numbers.
    """

    period: Period
    as_of: dtm.date
    day: dtm.date
    currency: str
    confidence: float
    nothing: str
    whole: dict[str, float]
    groups: pd.DataFrame
    ratio: tuple[float, ...]
    signals: pd.DataFrame
    rises: pd.DataFrame
    curves: dict[str, dict[str, Curve]]
    risks: pd.DataFrame
    behind: tuple[Behind, ...]

    def headlines(self) -> list[str]:
        """Say how many leave, after what, and what is at risk."""
        if self.nothing:
            return [f"Who leaves cannot be told: {self.nothing}."]
        told = [self.finding(), self.group_finding(), self.rise_finding(), self.risk_finding()]
        return [sentence for sentence in told if sentence]

    def finding(self) -> str:
        """Say what share of the customers leaves in a month."""
        if self.nothing:
            return self.headlines()[0]
        whole = self.whole
        between = formats.interval(whole["low"], whole["high"], "ratio")
        return (
            f"In a month {formats.share(whole['rate'])} of the customers leave ({between}): "
            f"{formats.exact(whole['lost'])} in {formats.exact(whole['months'])} customer-months."
        )

    def group_finding(self) -> str:
        """Say whether detractors leave sooner than promoters."""
        if self.groups.empty:
            return ""
        ratio, low, high, p = self.ratio
        if formats.is_missing(ratio):
            return "Whether detractors leave sooner cannot be told: of one side nobody left while we watched."
        times = f"{formats.value(ratio, 'number')} times as often as promoters ({low:.1f} to {high:.1f} times)"
        if p > 1 - self.confidence:
            return f"Detractors leave {times}: that may be chance."
        return f"Detractors leave {times}, month by month after their answer."

    def rise_finding(self) -> str:
        """Say which price rises there were, and whether more left after them."""
        if self.rises.empty:
            return ""
        told = [
            f"{row['label']} ({formats.relative(row['factor'] - 1, 0)} for "
            f"{formats.plural(int(row['accounts']), 'customer')})"
            for row in self.rises.to_dict("records")
        ]
        row = self.signals[self.signals["signal"] == "is_raised"]
        after = ""
        if len(row) and not formats.is_missing(row["ratio"].iloc[0]):
            found = row.iloc[0]
            sure = "" if found["is_apart"] else ", which may be chance"
            times = formats.value(found["ratio"], "number")
            after = (
                f"; in the three months from one, customers left {times} times as often "
                f"as others ({found['ratio_low']:.1f} to {found['ratio_high']:.1f} times){sure}"
            )
        return f"Prices rose in {formats.listed(told)}{after}."

    def risk_finding(self) -> str:
        """Say how much of the mrr has a signal that is told apart."""
        apart = self.signals[self.signals["is_apart"]] if len(self.signals) else self.signals
        if apart.empty:
            return "No signal in the data sets those who leave apart from those who stay."
        listed = self.risks[self.risks["odds"] > 1]
        size = formats.money(float(listed["mrr"].sum()), self.currency)
        told = [f"{row['words']} ({formats.value(row['ratio'], 'number')} times)" for row in apart.to_dict("records")]
        words = formats.listed(told)
        return Told(
            f"{formats.plural(len(listed), 'customer')} who pay {size} a month have a signal that those who leave have "
            f"more often: {words}.",
            RISKS if len(listed) else "",
        )
