"""Acquisition, which answers what new customers cost, by channel, when that is paid back, and what they bring for it.

A channel's cost is its marketing; that of sales belongs to no channel and is in the cost of all. Customers of a channel
are those whose first lead it brought, so that the count, the cost and what they bring are of the same people; revenue
by touch is another question, and stands beside it by three rules.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesnb.analysis.acquisition_card import CHANNELS, RULES, AcquisitionCard
from salesnb.analysis.acquisition_channels import counted, rated
from salesnb.analysis.acquisition_touches import attributions, behind_new, behind_rules, campaigns, with_rules
from salesnb.analysis.hygiene_deals import numbered
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.kpis.acquired import lag, new_accounts
from salesnb.periods import Period


class Acquisition(AcquisitionCard):
    """An acquisition that lists its numbers; see :class:`salesnb.analysis.acquisition_card.AcquisitionCard`."""

    def numbers(self) -> pd.DataFrame:
        """List every number, for results.json."""
        rows: list[dict[str, Any]] = []
        if not self.nothing:
            low, high = self.whole["low"], self.whole["high"]
            rows.append({"id": "cac", "variant": "blended", "value": self.whole["cac"], "low": low, "high": high,
                         "n": self.whole["customers"], "unit": "money"})  # fmt: skip
        units = {"cac": ("cac", "channel", "money"), "payback": ("cac_payback_months", "channel", "months"),
                 "ratio": ("clv_to_cac", "channel", "number"), "roi": ("roi", "channel", "ratio"),
                 **{rule: ("channel_performance", rule, "money") for rule in RULES}}  # fmt: skip
        for row in self.channels.to_dict("records"):
            for name, (kpi, variant, unit) in units.items():
                made = {"id": kpi, "variant": variant, "by": "channel", "segment": row["channel"], "value": row[name],
                        "n": row["customers"], "unit": unit}  # fmt: skip
                rows.append(made | ({"low": row["low"], "high": row["high"]} if name == "cac" else {}))
        return numbered(rows, self.period)


def acquisition(book: Book, period: Period, *, confidence: float = 0.95) -> Acquisition:
    """Answer "what do new customers cost, and by which channel?" for a period.

    Parameters
    ----------
    book, period
        The book, and the period.
    confidence
        The level of the intervals, and 1 - the share of false marks among the channels.
    """
    held = book if book.memo is not None else memo.keeping(book)
    nothing = "" if period.start <= book.as_of else f"{period} has not begun, the data end on {book.as_of}"
    missing: dict[str, str] = {}
    new = pd.DataFrame()
    if not nothing:
        try:
            new = counted(held, new_accounts(held, period))
        except NeedsData as lacking:
            nothing = lacking.what
    if nothing:
        return Acquisition(
            period, book.as_of, book.currency, confidence, nothing, pd.DataFrame(columns=list(CHANNELS)), {},
            pd.DataFrame(columns=["channel", "campaign", *RULES]), -1, {}, (),
        )  # fmt: skip
    channels, whole = rated(held, period, new, confidence, missing)
    shares = attributions(held, period, missing)
    is_known = book.gives("leads.source")
    return Acquisition(
        period=period,
        as_of=book.as_of,
        currency=book.currency,
        confidence=confidence,
        nothing="",
        channels=with_rules(held, channels, shares),
        whole=whole,
        campaigns=campaigns(held, shares),
        lag=_lag(held, period),
        missing=missing,
        behind=(*(behind_new(held, period, new) if is_known else ()), *behind_rules(held, shares)),
    )


def _lag(book: Book, period: Period) -> int:
    """Return how many months before a customer is won the money for it is spent; -1 where that is not known."""
    try:
        return lag(book, period)
    except NeedsData:
        return -1
