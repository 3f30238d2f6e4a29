"""Velocity: how many days deals and quotes take, and how much money the pipeline turns over a day."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
from ibis import _

from salesnb.kpis import durations
from salesnb.kpis.measure import Measure, formula, mean, quantile, ratio
from salesnb.kpis.pipeline import pipeline_count
from salesnb.kpis.registry import kpi
from salesnb.kpis.sales import within
from salesnb.kpis.winning import average_deal_size, win_rate_closed

if TYPE_CHECKING:
    from salesnb.data.book import Book
    from salesnb.periods import Period

_days = partial(
    kpi,
    needs_decide=True,
    unit="days",
    better="down",
    category="efficiency",
    category3="efficiency",
    owner="sales operations",
    cadence="monthly",
    needs=("opportunities",),
    grain="a deal",
)


def _dated(measure: Measure) -> Measure:
    return measure.leaving_out(_.days.isnull() | (_.days < 0), durations.UNDATED)


@_days(
    "sales_cycle_days",
    "median",
    default=True,
    action="find the stage in which deals wait longest",
    meaning="How long the middle one of the deals won in the period took from first contact.",
    formula="median days from first contact, else creation, to closing; deals won in the period",
)
def sales_cycle_median(book: Book, period: Period) -> Measure:
    """Median days from first contact (else creation) to the win; n/a where nothing was won."""
    return _dated(quantile(durations.cycle_days(book, period, "won"), "days"))


@kpi(
    "sales_cycle_days",
    "mean",
    meaning="How long the deals won in the period took from first contact, on average.",
    formula="mean days from first contact, else creation, to closing; deals won in the period",
)
def sales_cycle_mean(book: Book, period: Period) -> Measure:
    """Mean days from first contact (else creation) to the win; n/a where nothing was won."""
    return _dated(mean(durations.cycle_days(book, period, "won"), "days"))


@kpi(
    "sales_cycle_days",
    "p90",
    meaning="How long nine of ten of the deals won in the period took at most.",
    formula="90 % quantile of days from first contact, else creation, to closing; deals won in the period",
)
def sales_cycle_p90(book: Book, period: Period) -> Measure:
    """The 90 % quantile of days from first contact (else creation) to the win; n/a where nothing was won."""
    return _dated(quantile(durations.cycle_days(book, period, "won"), "days", 0.9))


@kpi(
    "sales_cycle_days",
    "lost",
    better="none",
    meaning="How long the middle one of the deals lost in the period took to be lost.",
    formula="median days from first contact, else creation, to closing; deals lost in the period",
)
def sales_cycle_lost(book: Book, period: Period) -> Measure:
    """Median days from first contact (else creation) to the loss; n/a where nothing was lost."""
    return _dated(quantile(durations.cycle_days(book, period, "lost"), "days"))


@_days(
    "time_to_close_days",
    "median",
    default=True,
    action="find the stage in which deals wait longest",
    meaning="How long the middle one of the deals decided in the period took from its creation.",
    formula="median days from creation to closing; deals won or lost in the period",
)
def time_to_close_median(book: Book, period: Period) -> Measure:
    """Median days from creation to closing, won or lost; n/a where nothing closed."""
    return _dated(quantile(durations.closing_days(book, period, "won", "lost"), "days"))


@kpi(
    "time_to_close_days",
    "won",
    meaning="How long the middle one of the deals won in the period took from its creation.",
    formula="median days from creation to closing; deals won in the period",
)
def time_to_close_won(book: Book, period: Period) -> Measure:
    """Median days from creation to the win; n/a where nothing was won."""
    return _dated(quantile(durations.closing_days(book, period, "won"), "days"))


@kpi(
    "time_to_close_days",
    "mean",
    meaning="How long the deals decided in the period took from their creation, on average.",
    formula="mean days from creation to closing; deals won or lost in the period",
)
def time_to_close_mean(book: Book, period: Period) -> Measure:
    """Mean days from creation to closing, won or lost; n/a where nothing closed."""
    return _dated(mean(durations.closing_days(book, period, "won", "lost"), "days"))


@kpi(
    "time_to_close_days",
    "p90",
    meaning="How long nine of ten of the deals decided in the period took at most.",
    formula="90 % quantile of days from creation to closing; deals won or lost in the period",
)
def time_to_close_p90(book: Book, period: Period) -> Measure:
    """The 90 % quantile of days from creation to closing, won or lost; n/a where nothing closed."""
    return _dated(quantile(durations.closing_days(book, period, "won", "lost"), "days", 0.9))


@_days(
    "quote_turnaround_days",
    "median",
    default=True,
    needs=("quotes.created_at", "quotes.sent_at"),
    grain="a quote",
    action="look at who waits for whom: pricing, legal, approval",
    meaning="How long the middle one of the quotes sent in the period took.",
    formula="median days, with their parts, from when a quote was asked for to when it was sent; sent in the period",
)
def quote_turnaround(book: Book, period: Period) -> Measure:
    """Median days from request to sending of the quotes sent in the period; n/a where none was sent."""
    measure = quantile(durations.quote_days(book, period), "days")
    return measure.leaving_out(_.days.isnull() | (_.days < 0), "not dated, or sent before they were asked for")


@_days(
    "quote_error_rate",
    "ratio",
    default=True,
    unit="ratio",
    needs=("quotes.has_error",),
    grain="a quote",
    action="look at which products and sellers the corrections come from",
    meaning="Of the quotes asked for in the period, the share that had to be corrected.",
    formula="quotes with an error / quotes of which it is known, asked for in the period",
)
def quote_error_rate(book: Book, period: Period) -> Measure:
    """Share of the period's quotes that had an error; unknown ones are not counted; n/a where none is known."""
    quotes = durations.quotes_of(book)
    rows = within(quotes.mutate(_on=quotes.created_at.cast("date")), period)
    return ratio(rows, rows.has_error)


@_days(
    "sales_velocity",
    "closed",
    default=True,
    unit="money_per_day",
    better="up",
    action="look at which of the four has fallen: deals, win rate, size or days",
    meaning="How much money the open pipeline turns into bookings a day.",
    formula="open deals x win_rate.closed x average_deal_size.mean / sales_cycle_days.median",
)
def sales_velocity(book: Book, period: Period) -> Measure:
    """Open deals at the period's end x win rate x mean size / median days; n/a where a part is, or at 0 days."""
    parts = {
        "open deals": pipeline_count(book, period),
        "win rate": win_rate_closed(book, period),
        "deal size": average_deal_size(book, period),
        "cycle days": sales_cycle_median(book, period),
    }

    def velocity(v: pd.DataFrame) -> pd.Series[float]:
        days = v["cycle days"].where(v["cycle days"] > 0)
        return v["open deals"] * v["win rate"] * v["deal size"] / days

    return formula(parts, velocity)
