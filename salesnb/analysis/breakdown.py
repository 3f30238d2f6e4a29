"""Breakdown: every segment of one dimension, and which of them can be told from the rest.

A league table invites stories about its top and bottom rows. Here each segment's rate stands with its interval, and a
segment is marked only where chance is an unlikely reason after as many looks as there are segments (Benjamini and
Hochberg 1995). "Cannot be told apart" is an answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.apart import FEWEST, flags, is_share, p_values
from salesnb.analysis.calendar import Calendar
from salesnb.analysis.comparison import Values
from salesnb.analysis.labels import label
from salesnb.kpis import registry
from salesnb.kpis.intervals import benjamini_hochberg

COLUMNS = (
    "segment",
    "amount",
    "amount_share",
    "amount_previous",
    "amount_change",
    "target",
    "attainment",
    "rate",
    "low",
    "high",
    "numerator",
    "denominator",
    "n",
    "p",
    "q",
    "flag",
)


@dataclass(frozen=True)
class Breakdown:
    """One dimension's segments in one period.

    Attributes
    ----------
    by
        The dimension.
    rows
        One row a segment, largest amount first: ``segment, amount, amount_share`` (of the sum), ``amount_previous,
        amount_change, target`` (sum of quotas) ``, attainment, rate, low, high, numerator, denominator, n`` (of the
        rate) ``, p`` (of no difference to the rest) ``, q`` (p adjusted for the number of segments) ``, flag``
        (``above``, ``below``, ``few`` for fewer than 10 rows, or empty: cannot be told from the rest).
    amount, rate
        The KPIs shown, by name.
    rate_label, unit, better
        Of the rate.
    overall
        The rate of all.
    confidence
        The level of the intervals; ``1 - confidence`` is the share of false marks accepted.
    """

    by: str
    rows: pd.DataFrame
    amount: str
    rate: str
    rate_label: str
    unit: str
    better: str
    overall: float
    confidence: float

    @property
    def marked(self) -> pd.DataFrame:
        """The segments told from the rest, the surest first."""
        return self.rows[self.rows["flag"].isin(["above", "below"])].sort_values(["q", "segment"], kind="stable")

    @property
    def tested(self) -> int:
        """How many segments were compared with the rest."""
        return int(self.rows["p"].notna().sum())

    @property
    def counted(self) -> str:
        """The rows that the rate stands on, as a reader calls them."""
        return "deals" if self.rate.startswith("win_rate.") else "orders"

    def drawn(self, most: int) -> pd.DataFrame:
        """Return the rows a picture has room for; highest rate on top.

        Parameters
        ----------
        most
            How many: the marked first, then the two extremes that :meth:`finding` names, then those with most rows.
        """
        known = self.rows[self.rows["rate"].notna()]
        tested = known[known["p"].notna()]
        named = [tested["rate"].idxmin(), tested["rate"].idxmax()] if len(tested) else []
        ranked = known.assign(_first=~(known["flag"].isin(["above", "below"]) | known.index.isin(named)))
        kept = ranked.sort_values(["_first", "n", "segment"], ascending=[True, False, True], kind="stable").head(most)
        return kept.sort_values(["rate", "segment"], ascending=[False, True], kind="stable").drop(columns="_first")

    def finding(self) -> str:
        """Say which segments differ from the rest, or that none can be told apart."""
        label = self.rate_label.lower()
        if self.rows["rate"].notna().sum() == 0:
            return f"There is no {label} to show by {self.by}."
        if self.tested == 0:
            named = self.rows.loc[self.rows["rate"].notna(), "segment"]
            if len(named) == 1:
                return f"There is one {self.by}, {named.iloc[0]}, with a {label} of {self._said(self.overall)}."
            return f"By {self.by} there are too few rows to compare the {label}."
        marked = self.marked
        if marked.empty:
            return f"No {self.by} can be told from the rest by {label}: {self._spread()}."
        told = [
            f"{row['segment']} ({self._said(row['rate'])} of {formats.exact(row['n'])})"
            for row in marked.to_dict("records")
        ]
        sides = [
            f"{formats.listed([t for t, f in zip(told, marked['flag'], strict=True) if f == flag], 3)} {flag} the rest"
            for flag in ("below", "above")
            if (marked["flag"] == flag).any()
        ]
        return f"{self.rate_label} by {self.by}: {'; '.join(sides)}."

    def _spread(self) -> str:
        tested = self.rows[self.rows["p"].notna()]
        low, high = tested.loc[tested["rate"].idxmin()], tested.loc[tested["rate"].idxmax()]
        return (
            f"of the {formats.plural(len(tested), self.by.replace('_', ' '))} with {FEWEST} {self.counted} or more, "
            f"{self._said(low['rate'])} ({low['segment']}) to {self._said(high['rate'])} ({high['segment']}) is a "
            "spread that chance gives so many"
        )

    def _said(self, value: Any) -> str:
        return formats.value(value, self.unit)


def breakdown(
    values: Values, calendar: Calendar, by: str, *, amount: str, rate: str, quota: str = ""
) -> Breakdown | str:
    """Break the amount sold and one rate down by a dimension.

    Parameters
    ----------
    values, calendar
        Where the numbers come from, and the periods to compare.
    by
        A dimension of the KPIs.
    amount, rate
        KPIs by name; the rate is one that has intervals.
    quota
        The KPI of attainment, whose denominator is the sum of quotas; empty for none.

    Returns
    -------
    Breakdown or str
        Or what is missing for it, in words.
    """
    entry = registry.find(rate)
    sold = values.frame(amount, calendar.period, by)
    rated = values.frame(rate, calendar.period, by)
    absent = [frame for frame in (sold, rated) if (frame["status"] == "needs").any()]
    if len(absent) == 2:
        return str(absent[0]["reason"].iloc[0])
    rows = pd.DataFrame({"segment": _segments(sold, rated)})
    rows["amount"] = rows["segment"].map(_column(sold, "value")).fillna(0.0).astype(float)
    whole = rows["amount"].sum()
    rows["amount_share"] = rows["amount"] / whole if whole > 0 else math.nan
    rows["amount_previous"] = math.nan
    if calendar.coverage.get("previous") == "whole":
        earlier = values.frame(amount, calendar.previous, by)
        if not (earlier["status"] == "needs").any():
            rows["amount_previous"] = rows["segment"].map(_column(earlier, "value")).fillna(0.0).astype(float)
    rows["amount_change"] = rows["amount"] - rows["amount_previous"]
    rows["target"] = rows["attainment"] = math.nan
    if quota:
        attained = values.frame(quota, calendar.period, by)
        if not (attained["status"] == "needs").any():
            rows["target"] = rows["segment"].map(_column(attained, "denominator")).astype(float)
            rows["attainment"] = rows["segment"].map(_column(attained, "value")).astype(float)
    for name in ("low", "high", "numerator", "denominator"):
        rows[name] = rows["segment"].map(_column(rated, name)).astype(float)
    rows["rate"] = rows["segment"].map(_column(rated, "value")).astype(float)
    rows["n"] = rows["segment"].map(_column(rated, "n")).fillna(0).astype(int)
    rows["p"] = p_values(rows, of_shares=is_share(rated), confidence=values.confidence)
    rows["q"] = benjamini_hochberg(rows["p"])
    rows["flag"] = flags(rows, 1 - values.confidence)
    rows = rows[list(COLUMNS)].sort_values(["amount", "segment"], ascending=[False, True], kind="stable")
    overall = values.one(rate, calendar.period)["value"]
    return Breakdown(
        by,
        rows.reset_index(drop=True),
        amount,
        rate,
        label(rate),
        entry.unit,
        entry.better,
        float(overall),
        values.confidence,
    )


def _segments(*frames: pd.DataFrame) -> list[str]:
    names = {str(s) for frame in frames for s in frame.loc[frame["status"] != "needs", "segment"] if s is not None}
    return sorted(names)


def _column(frame: pd.DataFrame, name: str) -> dict[str, Any]:
    return dict(zip(frame["segment"], frame[name], strict=True))
