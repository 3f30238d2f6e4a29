"""Quota left and win rate by value: what coverage is held against, each with the deals it stands on."""

from __future__ import annotations

import datetime as dtm
import math
from dataclasses import dataclass
from typing import Any

import ibis
import pandas as pd

from salesnb.analysis.hygiene_deals import PARTS, days_of, money_of, parts_of, sellers
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.data.history import deals_on
from salesnb.errors import NeedsData
from salesnb.kpis.answers import answer
from salesnb.kpis.bookings import booked
from salesnb.kpis.intervals import ratio_interval, wilson
from salesnb.kpis.quotas import holder_of, metric_of, quota_spans
from salesnb.periods import Period

_EVER = Period.parse("1900..2999")
_YEAR = 365


@dataclass(frozen=True)
class Quotas:
    """Every quota of a book, with what was booked on its days up to a day.

    Attributes
    ----------
    holder
        ``rep_id`` or ``team``; empty where there are none.
    metric
        ``bookings`` or ``revenue``: what they count.
    spans
        One row a quota: ``holder, starts_on, ends_on, on`` (its middle day, which says to which period it belongs)
        ``, quota, booked`` (both in parts).
    """

    holder: str
    metric: str
    spans: pd.DataFrame

    def of(self, start: dtm.date, end: dtm.date | None) -> pd.DataFrame:
        """Return the quotas that belong to the days from one up to another, which is left out; None: all later."""
        on = self.spans["on"]
        is_in = on >= pd.Timestamp(start)
        return self.spans[is_in if end is None else is_in & (on < pd.Timestamp(end))]


@dataclass(frozen=True)
class WinRate:
    """How much of what is decided is won.

    Attributes
    ----------
    value, low, high
        The rate and its interval; NaN where there is none.
    won, decided
        What was won, and won or lost: money, or deals.
    n
        The deals decided.
    basis
        ``value`` or ``count``; empty where nothing was decided.
    words
        Of which deals: ``"decided in the year to 2026-09-30"``.
    reason
        Why it is by count, or why there is none.
    """

    value: float
    low: float
    high: float
    won: float
    decided: float
    n: int
    basis: str
    words: str
    reason: str = ""


def quotas(book: Book, day: dtm.date) -> Quotas:
    """Return the quotas of a book with what was booked by a day: see :func:`salesnb.kpis.quotas.quota_spans`."""

    def make() -> Quotas:
        nothing = pd.DataFrame(columns=["holder", "starts_on", "ends_on", "on", "quota", "booked"])
        if not book.gives("quotas"):
            return Quotas("", "", nothing)
        try:
            metric, holder = metric_of(book), holder_of(book, "quotas")
            spans = quota_spans(book, _EVER, metric=metric, booked_to=day)
            days = {"starts_on": spans.starts_on, "ends_on": spans.ends_on, "on": spans["_on"]}
            sums = {"quota": parts_of(spans.quota), "booked": parts_of(spans.booked)}
            frame = answer(book, spans.select(holder=spans[holder], **days, **sums))
        except NeedsData:
            return Quotas("", "", nothing)
        for name in days:
            frame[name] = days_of(frame[name])
        frame[["quota", "booked"]] = frame[["quota", "booked"]].astype("float64").fillna(0).astype("int64")
        return Quotas(holder, metric, frame.sort_values(["on", "holder"], ignore_index=True))

    return memo.value(book, "health quotas", day, make=make)


def booked_deals(book: Book, held: Quotas, spans: pd.DataFrame, day: dtm.date) -> pd.DataFrame:
    """Return the deals that are booked on some quotas by a day, the largest first; none where orders are counted.

    Returns
    -------
    pandas.DataFrame
        ``opportunity_id, owner_id, holder, closed_on, parts, has_amount``.
    """
    columns = ["opportunity_id", "owner_id", "holder", "closed_on", "parts", "has_amount"]
    is_of_deals = book.has("opportunities") and (held.metric == "bookings" or not book.gives("orders.rep_id"))
    if spans.empty or not is_of_deals:
        return pd.DataFrame(columns=columns)
    metric: Any = held.metric
    rows = booked(book, metric)
    first = pd.Timestamp(spans["starts_on"].min()).date()
    rows = rows.filter(rows["_on"] >= ibis.date(first), rows["_on"] <= ibis.date(day), rows.seller.notnull())
    found = rows.select("opportunity_id", owner_id="seller", closed_on="_on", parts=parts_of(rows.amount))
    frame = answer(book, found)
    frame["closed_on"] = days_of(frame["closed_on"])
    frame["has_amount"] = frame["parts"].notna()
    frame["parts"] = [0 if pd.isna(part) else int(part) for part in frame["parts"]]
    frame["holder"] = frame["owner_id"] if held.holder == "rep_id" else frame["owner_id"].map(sellers(book)["team"])
    met = frame.merge(spans[["holder", "starts_on", "ends_on"]], on="holder")
    met = met[(met["closed_on"] >= met["starts_on"]) & (met["closed_on"] <= met["ends_on"])]
    return met.sort_values(["parts", "opportunity_id"], ascending=[False, True], ignore_index=True)[columns]


def win_rate(book: Book, day: dtm.date, confidence: float) -> WinRate:
    """Return how much of the money decided in the year up to a day was won, as the deals stood on that day.

    Amount won / (amount won + amount lost), with the interval of a ratio of sums; the deals without an amount are
    left out. Where no lost deal has an amount, or none has, the share of deals takes its place, with Wilson's
    interval. Where the year has no decided deal, all earlier ones are taken.

    Raises
    ------
    NeedsData
        There are no opportunities.
    """
    return memo.value(book, "win rate by value", day, confidence, make=lambda: _win_rate(book, day, confidence))


def decided_deals(book: Book, day: dtm.date, rate: WinRate) -> pd.DataFrame:
    """Return the deals that a win rate is of, the largest first: see :func:`win_rate`.

    Returns
    -------
    pandas.DataFrame
        ``opportunity_id, parts, has_amount, ended``; by value, those with an amount.
    """
    deals = deals_on(book, day)
    decided = deals.filter(deals.outcome.isin(["won", "lost"]))
    since = day - dtm.timedelta(days=_YEAR - 1)
    if rate.words.startswith("decided in the year"):
        decided = decided.filter(decided.closed_on >= ibis.date(since))
    if rate.basis == "value":
        decided = decided.filter(decided.amount.notnull())
    frame = answer(book, decided.select("opportunity_id", ended="outcome", parts=parts_of(decided.amount)))
    frame["has_amount"] = frame["parts"].notna()
    frame["parts"] = [0 if pd.isna(part) else int(part) for part in frame["parts"]]
    return frame.sort_values(["parts", "opportunity_id"], ascending=[False, True], ignore_index=True)


def _win_rate(book: Book, day: dtm.date, confidence: float) -> WinRate:
    deals = deals_on(book, day)
    since = day - dtm.timedelta(days=_YEAR - 1)
    decided = deals.filter(deals.outcome.isin(["won", "lost"]))
    a = decided.amount.cast("float64")
    is_won = (decided.outcome == "won").cast("int32")
    late = (decided.closed_on >= ibis.date(since)).fill_null(False)
    decided = decided.select(is_late=late, won=is_won, amount=a, gain=a * is_won.cast("float64"))
    has = decided.amount.notnull()
    summed = decided.group_by("is_late").aggregate(
        n=decided.count(),
        wins=decided.won.sum(),
        valued=has.cast("int32").sum(),
        amount=decided.amount.sum(),
        gain=decided.gain.sum(),
        squares=(decided.amount * decided.amount).sum(),
        gains=(decided.gain * decided.gain).sum(),
        losers=((decided.won == 0) & (decided.amount > 0)).fill_null(False).cast("int32").sum(),
    )
    frame = answer(book, summed).astype("float64").fillna(0.0)
    late_rows = frame[frame["is_late"] == 1]
    words = f"decided in the year to {day}" if len(late_rows) else f"decided by {day}"
    record = (late_rows if len(late_rows) else frame).sum()
    if not record.get("n", 0):
        return WinRate(math.nan, math.nan, math.nan, 0, 0, 0, "", words, f"no deal was won or lost by {day}")
    return _rated({str(name): float(value) for name, value in record.items()}, words, confidence)


def _rated(sums: dict[str, float], words: str, confidence: float) -> WinRate:
    n, total = sums["valued"], sums["amount"]
    if not sums["losers"] or total <= 0:
        why = "no lost deal has an amount, so the rate is by number of deals"
        low, high = wilson(sums["wins"], sums["n"], confidence)
        rate, size = sums["wins"] / sums["n"], int(sums["n"])
        return WinRate(rate, float(low), float(high), sums["wins"], sums["n"], size, "count", words, why)
    rate = sums["gain"] / total
    mean = total / n

    def spread(products: float, left: float, right: float) -> float:
        return (products - left * right / n) / (n - 1) if n > 1 else math.nan

    # A deal's gain is its amount or 0, so that the product of both is the square of the gain.
    variances = (
        spread(sums["gains"], sums["gain"], sums["gain"]),
        spread(sums["squares"], total, total),
        spread(sums["gains"], sums["gain"], total),
    )
    bounds = ratio_interval(rate, mean, variances, n, confidence)
    low_bound, high_bound = (min(max(float(bound), 0.0), 1.0) if n > 1 else math.nan for bound in bounds)
    return WinRate(rate, low_bound, high_bound, sums["gain"], total, int(n), "value", words)


def left_of(spans: pd.DataFrame) -> dict[str, float]:
    """Add quotas up: ``quota, booked, left`` (not below 0: a quota met has nothing left) and ``holders``."""
    quota, done = int(spans["quota"].sum()), int(spans["booked"].sum())
    left = max(quota - done, 0)
    return {
        "quota": money_of(quota) if len(spans) else math.nan,
        "booked": money_of(done) if len(spans) else math.nan,
        "left": left / PARTS if len(spans) else math.nan,
        "holders": float(spans["holder"].nunique()),
    }
