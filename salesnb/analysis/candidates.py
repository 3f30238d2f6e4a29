"""Candidates, which answers whom to offer what: products that follow products, and who may come to pay more."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import pandas as pd

from salesnb.analysis.behind import MOST, Behind
from salesnb.analysis.candidates_card import UP, CandidatesCard, cross_key
from salesnb.analysis.candidates_cross import cross_sell, pairs
from salesnb.analysis.candidates_upsell import growing_months, upsell
from salesnb.analysis.churn_months import month_of, price_rises
from salesnb.analysis.hygiene_deals import numbered
from salesnb.analysis.mrr_walk import monthly, moves
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.kpis.bookings import last_known
from salesnb.periods import Period

_CROSS = ("account_id", "has", "offer", "days", "chance", "worth", "expected")
_UP = ("account_id", "mrr", "signals", "odds", "chance", "expected")


class Candidates(CandidatesCard):
    """Candidates that list their numbers; see :class:`salesnb.analysis.candidates_card.CandidatesCard`."""

    def numbers(self) -> pd.DataFrame:
        """List every number, for results.json."""
        rows: list[dict[str, Any]] = [
            {"id": "follow_rate", "variant": "year", "by": row["has"], "segment": row["offer"], "value": row["follow"],
             "numerator": row["followed"], "denominator": row["watched"], "n": row["watched"], "low": row["low"],
             "high": row["high"], "unit": "ratio"}
            for row in self.pairs.to_dict("records")
        ]  # fmt: skip
        if self.whole:
            rows.append({"id": "growth_a_month", "variant": "all", "value": self.whole["rate"], "unit": "ratio",
                         "numerator": self.whole["grew"], "denominator": self.whole["months"],
                         "n": self.whole["months"], "low": self.whole["low"], "high": self.whole["high"]})  # fmt: skip
        rows += [
            {"id": "growth_a_month", "variant": "signal", "by": "signal", "segment": row["signal"],
             "value": row["rate"], "numerator": row["grew"], "denominator": row["months"], "n": row["months"],
             "low": row["low"], "high": row["high"], "unit": "ratio"}
            for row in self.signals.to_dict("records")
        ]  # fmt: skip
        return numbered(rows, self.period)


def candidates(book: Book, period: Period, *, confidence: float = 0.95) -> Candidates:
    """Answer "whom could we offer what?" as of the end of a period.

    Parameters
    ----------
    book, period
        The book, and the period; nothing later than its last day counts.
    confidence
        The level of the intervals, and 1 - the share of false pairs and of false signals.
    """
    held = book if book.memo is not None else memo.keeping(book)
    day = last_known(book, period)
    not_begun = "" if period.start <= book.as_of else f"{period} has not begun, the data end on {book.as_of}"
    looks, told, cross, no_cross = _crossed(held, day, confidence, not_begun)
    whole, signals, up, alike, no_up = _grown(held, day, confidence, not_begun)
    return Candidates(
        period=period,
        as_of=book.as_of,
        day=day,
        currency=book.currency,
        confidence=confidence,
        no_cross=no_cross,
        no_up=no_up,
        looks=looks,
        pairs=told,
        cross=cross,
        whole=whole,
        signals=signals,
        up=up,
        alike=alike,
        behind=(*_behind_pairs(told, cross), *_behind_up(up)),
    )


def _crossed(book: Book, day: dtm.date, confidence: float, why: str) -> tuple[int, pd.DataFrame, pd.DataFrame, str]:
    none = pd.DataFrame(columns=["has", "offer"])
    nobody = pd.DataFrame(columns=list(_CROSS))
    if why:
        return 0, none, nobody, why
    try:
        found, steps = pairs(book, day, confidence)
    except NeedsData as lacking:
        return 0, none, nobody, lacking.what
    looks = int(found["p"].notna().sum()) // 2
    if not looks:
        return 0, none, nobody, "no two products have ten buyers each"
    told, cross = cross_sell(book, day, found, steps)
    return looks, told, cross, ""


def _grown(
    book: Book, day: dtm.date, confidence: float, why: str
) -> tuple[dict[str, float], pd.DataFrame, pd.DataFrame, str, str]:
    none = pd.DataFrame(columns=["signal", "is_apart"])
    nobody = pd.DataFrame(columns=list(_UP))
    if why:
        return {}, none, nobody, "", why
    last = month_of(day)
    try:
        paid = memo.table(book, "mrr monthly", day, make=lambda: monthly(book, day))
        moved = memo.table(book, "mrr moves", day, make=lambda: moves(paid))
        rises = price_rises(book, moved)
        rows, alike = growing_months(book, paid, rises, last)
    except NeedsData as lacking:
        return {}, none, nobody, "", lacking.what
    rows = memo.table(book, "growing months", day, make=lambda: rows)
    whole, signals, up = upsell(book, rows, last, confidence)
    if not whole["months"]:
        return {}, none, nobody, alike, "nobody was under contract for two months"
    return whole, signals, up, alike, ""


def _behind_pairs(told: pd.DataFrame, cross: pd.DataFrame) -> tuple[Behind, ...]:
    """Return the candidates of each pair."""
    made = []
    for place, row in enumerate(told.to_dict("records")):
        own = cross[(cross["has"] == row["has"]) & (cross["offer"] == row["offer"])]
        if own.empty:
            continue
        shown = own[["account_id"]].assign(adds=own["expected"], days=own["days"], chance=own["chance"].round(4))
        title = f"Have {row['has']} and not {row['offer']}: expected within the year"[:300]
        extras = {"days": "Days since it was bought", "chance": "Chance"}
        made.append(
            Behind(cross_key(place), title, shown.head(MOST).reset_index(drop=True),
                   int(row["candidates"]), float(row["expected"]), "money", "account", extras)
        )  # fmt: skip
    return tuple(made)


def _behind_up(up: pd.DataFrame) -> tuple[Behind, ...]:
    if up.empty:
        return ()
    shown = up[["account_id"]].assign(adds=up["mrr"], signals=up["signals"]).head(MOST).reset_index(drop=True)
    title = "Pay a month, and have a signal of those who come to pay more"
    return (Behind(UP, title, shown, len(up), float(up["mrr"].sum()), "money", "account", {"signals": "Signals"}),)
