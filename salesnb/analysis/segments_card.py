"""Segments card: who the customers are, what hangs on a few of them, and what it says in words."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import Behind, Told, key
from salesnb.kpis.intervals import newcombe
from salesnb.periods import Period

DID = {"won": ("won", "deals"), "stayed": ("stayed", "customers"), "grew": ("grew", "customers")}
_BEST, _LAST = "champions", "hibernating"
_MOST_SAID = 3


@dataclass(frozen=True)
class SegmentsCard:
    """Who the customers are.

    Attributes
    ----------
    period, as_of, day
        The period, the last day that is known, and the day it is all as of.
    currency, confidence
        Of money; and the level of the intervals, 1 - the share of false marks.
    no_buyers, no_value
        Why nothing is said of how customers buy, and of what they bring; empty where there is something.
    cells
        Buyers by their scores: see :func:`salesnb.analysis.segments_buyers.grid`.
    names
        Buyers by name: see :func:`salesnb.analysis.segments_buyers.by_name`.
    basis
        How what a customer brings is read.
    tiers
        See :func:`salesnb.analysis.segments_value.by_tier`.
    hang, hung
        How much hangs on a few, now and a year before: see :func:`salesnb.analysis.segments_value.concentration`.
    curve
        ``part, share``: the customers, the largest first, and what they bring.
    profile
        Every value of every attribute by every outcome: see :func:`salesnb.analysis.segments_profile.profile`.
    ideal
        The values told apart: see :func:`salesnb.analysis.segments_profile.ideal`.
    missing
        Outcome to why it could not be looked at.
    behind
        The accounts and deals behind the numbers.
    """

    period: Period
    as_of: dtm.date
    day: dtm.date
    currency: str
    confidence: float
    no_buyers: str
    no_value: str
    cells: pd.DataFrame
    names: pd.DataFrame
    basis: str
    tiers: pd.DataFrame
    hang: Mapping[str, float]
    hung: Mapping[str, float]
    curve: pd.DataFrame
    profile: pd.DataFrame
    ideal: pd.DataFrame
    missing: Mapping[str, str]
    behind: tuple[Behind, ...]

    def headlines(self) -> list[str]:
        """Say how many came back, on how few it hangs, and what sets good customers apart."""
        told = [self.buyer_finding(), self.name_finding(), self.value_finding(), self.profile_finding()]
        return [sentence for sentence in told if sentence]

    @property
    def customers(self) -> int:
        """How many have bought without a contract."""
        return int(self.cells["customers"].sum()) if len(self.cells) else 0

    @property
    def repeat_rate(self) -> float:
        """The share of those who bought that ordered more than once; NaN where nobody bought."""
        return float(self.cells["repeaters"].sum()) / self.customers if self.customers else float("nan")

    def buyer_finding(self) -> str:
        """Say how many customers ordered more than once, and what the best of them brought."""
        if self.no_buyers:
            return f"How customers buy cannot be told: {self.no_buyers}."
        words = (
            f"Of {formats.plural(self.customers, 'customer')} {formats.share(self.repeat_rate)} have ordered more "
            "than once"
        )
        best = self.names[(self.names["name"] == _BEST) & (self.names["customers"] > 0)]
        if best.empty:
            return f"{words}; nobody has bought both of late and often."
        row = best.iloc[0]
        return Told(
            f"{words}; the {formats.exact(row['customers'])} who did so often and of late brought "
            f"{formats.share(row['spent_share'])} of the money.",
            key("rfm", _BEST),
        )

    def name_finding(self) -> str:
        """Say whether the names have told who comes back: what those called best and last a year before did since."""
        if self.no_buyers:
            return ""
        known = self.names[self.names["then"].fillna(0) > 0].set_index("name")
        sides = {str(row["name"]): row for row in known.reset_index().to_dict("records")}
        if not {_BEST, _LAST} <= set(sides):
            return ""
        best, last = sides[_BEST], sides[_LAST]
        low, high = newcombe(best["back"], best["then"], last["back"], last["then"], self.confidence)
        told = (
            f"Of the {_BEST} of a year before {formats.share(best['rate'], 0)} have bought again since, of the "
            f"{_LAST} {formats.share(last['rate'], 0)}"
        )
        if float(low) > 0:
            return f"{told}: recency and frequency tell who comes back."
        why = "the other way round" if float(high) < 0 else "no more than chance"
        return f"{told}: here recency and frequency do not tell who comes back ({why})."

    def value_finding(self) -> str:
        """Say how much of the revenue hangs on few customers, against a year before."""
        if self.no_value:
            return f"What customers bring in a year cannot be told: {self.no_value}."
        if not self.hang:
            return "No customer has brought anything in the year."
        fifth, before = self.hang["fifth"], self.hung.get("fifth")
        was = f" (a year before {formats.share(before, 0)})" if before is not None else ""
        first = self.tiers.iloc[0]
        return Told(
            f"The largest fifth of {formats.plural(int(self.hang['customers']), 'customer')} brings "
            f"{formats.share(fifth, 0)} of {formats.money(self.hang['brings'], self.currency)} a year{was}, the "
            f"largest alone {formats.share(self.hang['top_1'])}; {formats.exact(first['customers'])} bring "
            "four fifths.",
            key("tier", first["tier"]),
        )

    def tier_finding(self) -> str:
        """Say who is in the first tier, who is new in it, and who fell out of it."""
        if self.tiers.empty or self.no_value:
            return self.value_finding()
        row = self.tiers.iloc[0]
        return (
            f"{formats.plural(int(row['customers']), 'customer')} in tier {row['tier']} bring "
            f"{formats.money(row['least'], self.currency)} or more each; {formats.exact(row['new'])} of them brought "
            f"nothing a year before, and {formats.exact(row['gone'])} of those then in it bring nothing now."
        )

    def hang_finding(self) -> str:
        """Say how many customers of one size would be as concentrated, against a year before."""
        if not self.hang:
            return self.value_finding()
        was = f" (a year before {formats.exact(round(self.hung['alike']))})" if self.hung else ""
        return f"As much hangs on few as if there were {formats.exact(round(self.hang['alike']))} of one size{was}."

    def profile_finding(self) -> str:
        """Say which attributes set customers apart, those with the widest gap first."""
        looks = int(self.profile["p"].notna().sum()) if len(self.profile) else 0
        if not looks:
            why = "; ".join(dict.fromkeys(self.missing.values())) or "too few customers"
            return f"What sets good customers apart cannot be told: {why}."
        marked = self.profile[self.profile["flag"].isin(["above", "below"])]
        if marked.empty:
            return f"No attribute sets good customers apart by more than chance, after {looks} looks."
        marked = marked.assign(_gap=(marked["rate"] - marked["others"]).abs())
        most = marked.sort_values("_gap", ascending=False).head(_MOST_SAID)
        told = [
            f"{row['value']}: {formats.share(row['rate'], 0)} {DID[row['outcome']][0]} against "
            f"{formats.share(row['others'], 0)}"
            for row in most.to_dict("records")
        ]  # fmt: skip
        more = f"; {formats.exact(len(marked) - len(most))} more below" if len(marked) > len(most) else ""
        return f"Set apart by more than chance, after {looks} looks: {'; '.join(told)}{more}."
