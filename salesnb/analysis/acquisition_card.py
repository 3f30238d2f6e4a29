"""Acquisition card: what each channel costs and brings, and what it says in words."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import Behind, Told, of_id
from salesnb.periods import Period

RULES = ("first", "last", "linear")
CHANNELS = ("channel", "leads", "customers", "cost", "cac", "low", "high", "q", "flag", "payback", "clv", "ratio",
            "roi", *RULES)  # fmt: skip
WHOLE = ("leads", "customers", "marketing", "sales", "cac", "marketing_cac", "low", "high", "payback", "clv", "ratio",
         "roi")  # fmt: skip


@dataclass(frozen=True)
class AcquisitionCard:
    """What new customers cost, and what they bring, by channel.

    Attributes
    ----------
    period, as_of
        The period, and the last day that is known.
    currency, confidence
        Of money; and the level of the intervals, 1 - the share of false marks.
    nothing
        Why there is nothing to report; empty where there is something.
    channels
        One row a channel, the dearest first: ``channel, leads, customers, cost`` (marketing) ``, cac, low, high, q,
        flag`` (``dearer`` or ``cheaper`` than all others together, or empty: cannot be told apart) ``, payback``
        (months) ``, clv, ratio`` (clv over cac) ``, roi, first, last, linear`` (revenue of new customers by each rule).
    whole
        ``leads, customers, marketing, sales, cac, marketing_cac, low, high`` (of the cac of all cost) ``, payback, clv,
        ratio, roi`` of all.
    campaigns
        ``channel, campaign, customers, first, last, linear``.
    lag
        The months before a customer is won in which the money for it was spent; -1 where that is not known.
    missing
        What could not be told, each with why.
    behind
        The accounts behind the numbers.
    """

    period: Period
    as_of: dtm.date
    currency: str
    confidence: float
    nothing: str
    channels: pd.DataFrame
    whole: Mapping[str, float]
    campaigns: pd.DataFrame
    lag: int
    missing: Mapping[str, str]
    behind: tuple[Behind, ...]

    def headlines(self) -> list[str]:
        """Say what a customer costs, and which channel is dear or pays."""
        if self.nothing:
            return [f"What new customers cost cannot be told: {self.nothing}."]
        return [told for told in (self.finding(), self.channel_finding(), self.rule_finding()) if told]

    def finding(self) -> str:
        """Say what a new customer cost in all, when that is paid back, and what it brings for it."""
        if self.nothing:
            return self.headlines()[0]
        whole = self.whole
        count = formats.plural(int(whole["customers"]), "new customer")
        if formats.is_missing(whole["cac"]):
            return f"{count} in {self.period}; what they cost is not known."
        words = (
            f"Each of {count} cost {formats.money(whole['cac'], self.currency)} "
            f"({formats.interval(whole['low'], whole['high'], 'money')}), sales and marketing"
        )
        if not formats.is_missing(whole["payback"]):
            words += f"; paid back after {formats.value(whole['payback'], 'months')}"
        if not formats.is_missing(whole["ratio"]):
            words += f"; over its life it brings {whole['ratio']:.1f} times that"
        return f"{words}."

    def channel_finding(self) -> str:
        """Say which channels are dearer or cheaper than the others by more than chance."""
        told = self.channels[self.channels["flag"].isin(["dearer", "cheaper"])]
        if told.empty:
            known = int(self.channels["cac"].notna().sum()) if len(self.channels) else 0
            return f"No channel is dearer than the others by more than chance, of {known}." if known > 1 else ""
        words = [
            f"{row['channel']} {formats.money(row['cac'])} "
            f"({formats.interval(row['low'], row['high'], 'money')}, {row['flag']})"
            if row["customers"]
            else f"{row['channel']} {formats.money(row['cost'])} for nobody"
            for row in told.to_dict("records")
        ]
        return f"In marketing alone, against all other channels: {formats.listed(words)}."

    def rule_finding(self) -> str:
        """Say where the three rules of attribution differ most."""
        rows = self.channels.dropna(subset=["first", "last"]) if len(self.channels) else self.channels
        if rows.empty:
            return ""
        gap = (rows["first"] - rows["last"]).abs()
        if float(gap.max()) <= 0:
            return (
                "First touch, last touch and linear give each channel the same revenue: no customer was touched by two "
                "channels before it bought."
            )
        row = rows.loc[gap.idxmax()]
        verb = "opens what others close" if row["first"] > row["last"] else "closes what others open"
        return Told(
            f"{row['channel']} {verb}: {formats.money(row['first'], self.currency)} of new customers' revenue by first "
            f"touch, {formats.money(row['last'], self.currency)} by last.",
            rule_key("first", str(row["channel"])) if row["first"] else "",
        )


def rule_key(rule: str, channel: str) -> str:
    """Return the key of the accounts whose revenue a rule gives to a channel."""
    return of_id("acquired", rule, channel)


def new_key(channel: str) -> str:
    """Return the key of the new customers of a channel."""
    return of_id("acquired", "new", channel)
