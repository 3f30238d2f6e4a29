"""Cohorts card: who began when and who was still there, and what it says in words."""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import Behind, Told, key
from salesnb.analysis.cohorts_numbers import numbers
from salesnb.periods import Period

MOST_COHORTS = 18
"""The cohorts that a page shows, the latest."""
WORDS = MappingProxyType(
    {
        "order": ("first bought", "buy again"),
        "contract": ("first paid", "still pay"),
        "lead": ("came in as a lead", "buy"),
        "account": ("were entered", "buy"),
    }
)


@dataclass(frozen=True)
class CohortsCard:
    """Who began when, and who was still there.

    Attributes
    ----------
    period, as_of, day
        The period, the last day that is known, and the day it is all as of.
    start, grain
        What a customer begins with, and how long a period is: see :mod:`salesnb.analysis.cohorts_engine`.
    currency, confidence
        Of money, and the level of the intervals and 1 - the share of false marks.
    nothing
        Why there is nothing to report; empty where there is something.
    sizes
        ``cohort, size, label``: all cohorts.
    cells, averages
        See :func:`salesnb.analysis.cohorts_cells.cells` and :func:`salesnb.analysis.cohorts_cells.means`; of all.
    age, compared
        The age at which cohorts are compared, and :func:`salesnb.analysis.cohorts_cells.against_others`.
    segments
        ``by, segment, n`` (accounts of cohorts that have reached the age) ``, numerator`` (active at it) ``, rate, low,
        high, p, q, flag``.
    left_out
        ``what, rows, money, rule``: what is in no cohort.
    opens_cells
        Whether single cells open their accounts.
    behind
        The accounts behind the numbers.
    """

    period: Period
    as_of: dtm.date
    day: dtm.date
    start: str
    grain: str
    currency: str
    confidence: float
    nothing: str
    sizes: pd.DataFrame
    cells: pd.DataFrame
    averages: pd.DataFrame
    age: int
    compared: pd.DataFrame
    segments: pd.DataFrame
    left_out: pd.DataFrame
    opens_cells: bool
    behind: tuple[Behind, ...]

    @property
    def shown(self) -> pd.DataFrame:
        """The cells of the latest cohorts, which a page shows."""
        kept = self.sizes["cohort"].tail(MOST_COHORTS)
        return self.cells[self.cells["cohort"].isin(kept)]

    @property
    def customers(self) -> int:
        """How many accounts are in cohorts."""
        return int(self.sizes["size"].sum())

    def opens(self, cohort: object, age: int | None = None) -> str:
        """Return the key of the accounts of a cohort, or of those active at an age; empty where there are none."""
        found = key("cohorts", cohort) if age is None else key("cohorts", cohort, "age", age)
        return found if any(each.key == found for each in self.behind) else ""

    def headlines(self) -> list[str]:
        """Say how many come back, which cohorts and segments differ, and what is in no cohort."""
        if self.nothing:
            return [f"Whether customers come back cannot be told: {self.nothing}."]
        told = [self.finding(), self.money_finding(), self.cohort_finding(), self.segment_finding(), self._left()]
        return [sentence for sentence in told if sentence]

    def finding(self) -> str:
        """Say how many are still there at the age at which cohorts are compared."""
        if self.nothing:
            return self.headlines()[0]
        began, again = WORDS[self.start]
        row = self.averages[self.averages["age"] == self.age]
        if row.empty or not self.age:
            return f"{formats.plural(self.customers, 'customer')} {began}; none for long enough to tell who stays."
        mean = row.iloc[0]
        between = formats.interval(mean["low"], mean["high"], "ratio")
        count = formats.plural(int(mean["size"]), "customer")
        when = self._when(self.age).removesuffix(" later")
        return f"Of {count}, {formats.share(mean['rate'])} ({between}) {again} {when} after they {began}."

    def money_finding(self) -> str:
        """Say what cohorts bring at that age, over what they brought at first."""
        row = self.averages[self.averages["age"] == self.age]
        if row.empty or not self.age or formats.is_missing(row.iloc[0]["money_rate"]):
            return ""
        rate, worth = row.iloc[0]["money_rate"], row.iloc[0]["per_customer"]
        what = "mrr" if self.start == "contract" else "revenue"
        tail = (
            ""
            if self.start == "contract"
            else f"; by then a customer has brought {formats.money(worth, self.currency)}"
        )
        return (
            f"Their {what} {self._when(self.age)} is {formats.share(rate, 0)} of that of the first {self.grain}{tail}."
        )

    def cohort_finding(self) -> str:
        """Say whether the newest cohort differs from the others, and which ones do."""
        rows = self.compared
        if len(rows) < 2:
            return ""
        marked = rows[rows["flag"].isin(["above", "below"])]
        newest = rows.iloc[-1]
        between = f"{formats.change(newest['gap_low'], 'ratio')} to {formats.change(newest['gap_high'], 'ratio')}"
        told = (
            f"The newest cohort old enough, {newest['label']}, keeps {formats.share(newest['rate'])} "
            f"{self._when(self.age)}, the others {formats.share(newest['rest'])} (difference {between})"
        )
        if marked.empty:
            return f"{told}; no cohort can be told from the others."
        sides = [
            f"{words} {formats.listed(list(marked.loc[marked['flag'] == flag, 'label']), 6)}"
            for flag, words in (("above", "more come back of"), ("below", "fewer of"))
            if (marked["flag"] == flag).any()
        ]
        return Told(f"{told}; {'; '.join(sides)}, by more than chance.", self.opens(newest["label"]) or "")

    def segment_finding(self) -> str:
        """Say which segments keep more or fewer of their customers, or that none can be told apart."""
        rows = self.segments
        if rows.empty or not rows["p"].notna().any():
            return ""
        sides = []
        for flag, words in (("above", "more than the others keep"), ("below", "fewer than the others keep")):
            names = [
                f"{row['segment']} ({formats.share(row['rate'], 0)} of {formats.exact(row['n'])})"
                for row in rows[rows["flag"] == flag].to_dict("records")
            ]
            sides += [f"{words} {formats.listed(names, 4)}"] if names else []
        if not sides:
            dimensions = formats.listed(list(dict.fromkeys(rows["by"])), 5).replace(" and ", " or ")
            return f"No {dimensions} can be told from the others by who is there {self._when(self.age)}."
        return f"Of their customers {self._when(self.age)}, {'; '.join(sides)}."

    def _when(self, age: int) -> str:
        return f"{formats.plural(age, self.grain if self.grain != 'half' else 'half year')} later"

    def _left(self) -> str:
        if self.left_out.empty:
            return ""
        told = [
            f"{formats.rows_of(int(row['rows']), row['what'])} ({formats.money(row['money'], self.currency)})"
            for row in self.left_out.to_dict("records")
        ]
        return f"In no cohort: {formats.listed(told)}."

    def numbers(self) -> pd.DataFrame:
        """List every number, for results.json."""
        return numbers(str(self.period), self.start, self.grain, self.cells, self.segments)
