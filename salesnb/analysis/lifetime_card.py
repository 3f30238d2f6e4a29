"""Lifetime card: what customers are worth, by every reading, and what it says in words."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import Behind, Told
from salesnb.kpis.buying import BgNbd
from salesnb.kpis.renewing import ALIKE, Renewals
from salesnb.kpis.spending import Spending
from salesnb.periods import Period

NEXT = 365
"""The days ahead in which purchases are expected."""
MOST = 20
"""The customers that are listed."""
ALL, TOP = "life-all", "life-top"


@dataclass(frozen=True)
class LifetimeCard:
    """What customers are worth.

    Attributes
    ----------
    period, as_of, day
        The period, the last day that is known, and the day it is all as of.
    currency, confidence
        Of money, and the level of the intervals.
    readings
        ``name, value, low, high, n, status, reason, meaning``: every reading of ``clv``.
    buying, spending
        The models of customers without a contract; None where nobody bought without one.
    parameters
        ``model, name, value, error, low, high``: of all models.
    doubts
        Why the models of buying cannot be told, one sentence each; empty where they can.
    totals
        ``customers, repeats, alive, purchases, value`` and the bounds ``alive_low`` and so on: of the next year.
    ahead
        The customers expected to bring most: ``account_id, frequency, last_on, spent, alive, purchases, value, low,
        high``.
    weeks
        The hold-out check: ``week, ends_on, actual, expected`` (repeat purchases of the week) ``, is_held_out``.
    held_out
        ``ends_on`` (the last day of the calibration) ``, actual, expected, error`` of the hold-out; empty without one.
    by_frequency
        ``frequency`` (in the calibration) ``, customers, actual, expected``: purchases a customer in the hold-out.
    renewing
        The model of customers under contract; None where there are none.
    tenures
        ``months, at_risk, left, stayed`` (observed share still there) ``, model``.
    behind
        The accounts behind the numbers.
    """

    period: Period
    as_of: dtm.date
    day: dtm.date
    currency: str
    confidence: float
    readings: pd.DataFrame
    buying: BgNbd | None
    spending: Spending | None
    parameters: pd.DataFrame
    doubts: tuple[str, ...]
    totals: dict[str, float]
    ahead: pd.DataFrame
    weeks: pd.DataFrame
    held_out: dict[str, float]
    by_frequency: pd.DataFrame
    renewing: Renewals | None
    tenures: pd.DataFrame
    behind: tuple[Behind, ...]

    def headlines(self) -> list[str]:
        """Say what a customer is worth, who still is one, and how far the model can be trusted."""
        told = [self.worth_finding(), self.ahead_finding(), self.check_finding(), self.renewal_finding()]
        return [sentence for sentence in told if sentence]

    def worth_finding(self) -> str:
        """Say what a customer is worth by the readings that have a value."""
        known = self.readings[self.readings["value"].notna()]
        if known.empty:
            return f"What a customer is worth cannot be told: {'; '.join(dict.fromkeys(self.readings['reason']))}."
        told = [
            f"{row['meaning']} {formats.money(row['value'], self.currency)}"
            f"{_between(row, self.currency)}" for row in known.to_dict("records")
        ]  # fmt: skip
        return f"A customer is worth {formats.listed(told)}."

    def ahead_finding(self) -> str:
        """Say how many customers without a contract are still there, and what they will bring within a year."""
        if self.buying is None:
            return ""
        if self.doubts:
            return (
                f"Whether those who bought without a contract are still customers cannot be told: "
                f"{'; '.join(self.doubts)}."
            )
        alive, low, high = (formats.exact(round(self.totals[f"alive{end}"])) for end in ("", "_low", "_high"))
        words = (
            f"Of {formats.plural(int(self.totals['customers']), 'customer')} without a contract about {alive} are "
            f"still there ({low} to {high}); "
            f"they will make {formats.compact(self.totals['purchases'])} purchases in the next year"
        )
        if formats.is_missing(self.totals["value"]):
            return Told(f"{words}.", ALL)
        bounds = formats.interval(self.totals["value_low"], self.totals["value_high"], "money")
        return Told(f"{words}, worth {formats.money(self.totals['value'], self.currency)} ({bounds}).", ALL)

    def check_finding(self) -> str:
        """Say what the model would have said of the time that was held out, against what came."""
        if not self.held_out:
            return ""
        gap, said = formats.relative(self.held_out["error"], 0), formats.compact(self.held_out["expected"])
        return (
            f"Fitted to the days up to {self.held_out_day}, the model expects {said} "
            f"repeat purchases after them; {formats.exact(self.held_out['actual'])} came ({gap})."
        )

    @property
    def held_out_day(self) -> str:
        """The last day of the calibration."""
        return str(dtm.date.fromordinal(int(self.held_out["ends_on"])))

    def renewal_finding(self) -> str:
        """Say how long customers under contract stay."""
        model = self.renewing
        if model is None:
            return ""
        if model.doubts:
            return f"How long customers under contract stay cannot be told: {'; '.join(model.doubts)}."
        year = self.tenures[self.tenures["months"] == 12]
        kept = f", {formats.share(float(year['model'].iloc[0]), 0)} for a year" if len(year) else ""
        half = self.tenures[self.tenures["model"] <= 0.5]
        until = (
            f"half are gone after {int(half['months'].iloc[0])} months" if len(half) else "half stay longer than seen"
        )
        count = formats.plural(model.customers, "customer")
        alike = ", all at one rate" if model.fit.values[0] > ALIKE else ", and who stays is ever more likely to stay"
        stay = f"; by the model{kept.removeprefix(',')} stay" if kept else ""
        return f"Of {count} under contract {formats.exact(model.left)} left so far{alike}{stay}; {until}."


def _between(row: Mapping[Any, Any], currency: str) -> str:
    bounds = formats.interval(row["low"], row["high"], "money")
    return f" ({bounds} {currency})".replace("  ", " ") if bounds else ""
