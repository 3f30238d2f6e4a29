"""Callers: what each seller or team said would close, four weeks before the end, and what did close."""

from __future__ import annotations

import math
from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd

from salesnb.data.book import Book
from salesnb.kpis.answers import answer
from salesnb.kpis.calls import WEEKS_BEFORE, calls_and_actuals
from salesnb.kpis.intervals import benjamini_hochberg, ratio_interval
from salesnb.kpis.quotas import holder_of
from salesnb.periods import Period

FEWEST_CALLS = 4
SMALL = 0.05
COLUMNS = ("holder", "committed", "booked", "bias_now", "calls", "bias", "low", "high", "p", "q", "flag")


@dataclass(frozen=True)
class Callers:
    """The calls of a period and of the periods before it.

    Attributes
    ----------
    holder
        Whose calls they are: ``rep_id`` or ``team``.
    weeks
        How many weeks before the end of the period called they were made.
    span, words
        The periods that the bias is of, as a label and in words.
    rows
        One row a caller: ``holder`` (id or team) ``, committed, booked`` (in the period; NaN without a call for it or
        while it is not over) ``, bias_now`` (called less booked, over booked: positive is too high) ``, calls`` (how
        many there are in the whole span) ``, bias, low, high`` (of all those calls, with interval) ``, p, q`` (of no
        bias) ``, flag`` (``high`` or ``low`` by at least 5 % and more
        than chance, ``few`` for fewer than 4 calls, or empty).
    """

    holder: str
    weeks: int
    span: str
    words: str
    rows: pd.DataFrame

    @property
    def marked(self) -> pd.DataFrame:
        """Those whose calls are off to one side by more than chance, the surest first."""
        return self.rows[self.rows["flag"].isin(["high", "low"])].sort_values(["q", "holder"], kind="stable")

    @property
    def tested(self) -> int:
        """How many callers had calls enough."""
        return int(self.rows["p"].notna().sum())


def span_of(period: Period, periods: int) -> Period:
    """Return the days of a period and of those before it, so many in all."""
    first = period.last(periods)[0]
    return period if periods == 1 else Period.parse(f"{first.start}..{period.last_day}", period.fiscal_year_start)


def callers(book: Book, period: Period, *, periods: int, confidence: float) -> Callers:
    """Hold the commit calls of a period, and of the periods before it, against what was booked.

    Parameters
    ----------
    periods
        How many periods the bias is taken over, this one included.

    Raises
    ------
    NeedsData
        There are no calls, or nothing booked to hold them against.
    """
    from scipy.special import stdtr, stdtrit

    first, span = period.last(periods)[0], span_of(period, periods)
    rows = calls_and_actuals(book, span)
    holder = holder_of(book, "forecast_calls")
    rows = rows.filter(rows["commit"].notnull())
    called, closed = rows["commit"].cast("float64"), rows["booked"].cast("float64")
    missed = called - closed
    is_now = rows["_on"] >= ibis.date(period.start)
    query = rows.group_by(holder=rows[holder]).aggregate(
        n=rows.count().cast("float64"),
        numerator=missed.sum(),
        denominator=closed.sum(),
        s_yy=missed.var(how="sample"),
        s_xx=closed.var(how="sample"),
        s_xy=missed.cov(closed, how="sample"),
        committed=called.sum(where=is_now),
        booked=closed.sum(where=is_now),
    )
    found = answer(book, query).sort_values("holder", kind="stable").reset_index(drop=True)
    names = [name for name in found.columns if name != "holder"]
    found[names] = found[names].astype("float64")
    n, booked = found["n"].to_numpy(), found["denominator"].to_numpy()
    spread = (found["s_yy"], found["s_xx"], found["s_xy"])
    with np.errstate(divide="ignore", invalid="ignore"):
        bias = found["numerator"].to_numpy() / np.where(booked > 0, booked, math.nan)
        low, high = ratio_interval(bias, booked / n, spread, n, confidence)
        error = (high - low) / (2 * stdtrit(np.maximum(n - 1, 1.0), (1 + confidence) / 2))
        p = 2 * stdtr(np.maximum(n - 1, 1.0), -np.abs(bias / error))
    p = np.where((n >= FEWEST_CALLS) & (error > 0), p, math.nan)
    q = benjamini_hochberg(p)
    base = found["booked"].where(found["booked"] > 0)
    frame = pd.DataFrame(
        {
            "holder": found["holder"],
            "committed": found["committed"],
            "booked": found["booked"],
            "bias_now": (found["committed"] - found["booked"]) / base,
            "calls": n.astype(int),
            "bias": bias,
            "low": low,
            "high": high,
            "p": p,
            "q": q,
            "flag": [
                "few"
                if count < FEWEST_CALLS
                else ""
                if not (sure <= 1 - confidence and abs(miss) >= SMALL)
                else "high"
                if miss > 0
                else "low"
                for count, sure, miss in zip(n, q, bias, strict=True)
            ],
        },
        columns=list(COLUMNS),
    )
    words = f"the {periods} {period.grain}s to {period}" if period.grain != "range" else f"{first.start} to {period}"
    return Callers(holder, WEEKS_BEFORE, str(span), str(period) if periods == 1 else words, frame)
