"""Winning: what share of deals is won, what share is decided, and what a won deal is worth.

A deal is pursued in a period where it was open at any time in it: it existed before the period's end (``entered_on``)
and had not closed before its start.
"""

from __future__ import annotations

import datetime as dtm
from functools import partial
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
from ibis import _

from salesnb.data.history import entered
from salesnb.kpis.durations import closed_in
from salesnb.kpis.incidence import ages
from salesnb.kpis.maturity import final_rates, grown
from salesnb.kpis.measure import Measure, estimate, mean, quantile, ratio
from salesnb.kpis.registry import kpi
from salesnb.kpis.sales import bookings, within

if TYPE_CHECKING:
    from salesnb.data.book import Book
    from salesnb.periods import Period

UNDECIDED = 0.05
OLDER = dtm.timedelta(days=730)
"""How long before a period the deals were created, at most, that tell how its youngest end."""
_rate = partial(
    kpi,
    needs_decide=True,
    better="up",
    category3="efficiency",
    owner="head of sales",
    cadence="monthly",
    needs=("opportunities",),
)


def pursued(book: Book, period: Period) -> ir.Table:
    """Return the deals open at any time in a period, with ``won_in`` and ``resolved_in``: what happened in it."""
    deals = entered(book)
    was_open = (deals.outcome == "open") | (deals.closed_on >= ibis.date(period.start)).fill_null(False)
    deals = deals.filter(deals.entered_on < ibis.date(period.end), was_open)
    ended = (deals.closed_on < ibis.date(period.end)).fill_null(False)
    return deals.mutate(
        won_in=ended & (deals.outcome == "won"), resolved_in=ended & deals.outcome.isin(["won", "lost"])
    )


def created(book: Book, period: Period) -> ir.Table:
    """Return the deals created in a period, with ``entered_on`` and ``_on``, the day of creation."""
    deals = entered(book)
    return within(deals.mutate(_on=deals.created_at.cast("date")), period)


@_rate(
    "win_rate",
    "closed",
    default=True,
    unit="ratio",
    category="effectiveness",
    grain="a deal",
    action="look at losses by reason, stage and seller",
    meaning="Of the deals decided in the period, the share that was won.",
    formula="won / (won + lost), closed in the period; disqualified deals are in neither",
)
def win_rate_closed(book: Book, period: Period) -> Measure:
    """Share of the deals closed in the period, won or lost, that was won; n/a where none closed."""
    rows = closed_in(book, period, "won", "lost")
    return ratio(rows, rows.outcome == "won")


@kpi(
    "win_rate",
    "pursued",
    meaning="Of the deals worked on in the period, the share won in it.",
    formula="won in the period / all deals open at any time in it",
)
def win_rate_pursued(book: Book, period: Period) -> Measure:
    """Share of the deals open at any time in the period that was won in it; n/a where none was open."""
    rows = pursued(book, period)
    return ratio(rows, rows.won_in)


@kpi(
    "win_rate",
    "created",
    meaning="Of the deals created in the period, the share won so far.",
    formula="won by the as-of date / all deals created in the period",
)
def win_rate_created(book: Book, period: Period) -> Measure:
    """Share of the deals created in the period that is won by the as-of date; immature while any is open."""
    rows = created(book, period)
    still = int(rows.filter(rows.outcome == "open").count().execute())
    told = f"{still} of the deals created in {period} are still open" if still else ""
    return ratio(rows, rows.outcome == "won").saying(immature=told)


@kpi(
    "win_rate",
    "value",
    meaning="Of the money decided in the period, the share that was won.",
    formula="amount won / (amount won + amount lost), closed in the period",
)
def win_rate_value(book: Book, period: Period) -> Measure:
    """Won amount over won and lost amount of the deals closed in the period; deals without an amount are left out."""
    rows = closed_in(book, period, "won", "lost")
    won = (rows.outcome == "won").ifelse(rows.amount, rows.amount - rows.amount)
    lost = rows.filter(rows.outcome == "lost")
    is_empty = lost.count().execute() > 0 and lost.filter(lost.amount > 0).count().execute() == 0
    note = "no lost deal has an amount above 0, so this says nothing of losses" if is_empty else ""
    return ratio(rows, won, rows.amount).leaving_out(_.amount.isnull(), "no amount").saying(note)


@kpi(
    "win_rate",
    "mature",
    source="Aalen and Johansen 1978",
    meaning="Of the deals created in the period, the share that will have been won in the end.",
    formula="the Aalen-Johansen share won in the end: lost competes, open deals are censored, and how those end that "
    "are too young to tell is taken from deals created up to two years before",
)
def win_rate_mature(book: Book, period: Period) -> Measure:
    """Estimate the final win rate of the deals created in the period: see :func:`salesnb.kpis.maturity.extended`.

    Immature where more than 5 % of the deals are too young to tell how they end: how often such deals were won among
    those created up to two years before stands in for them, and where there are none, the rate may end higher by up to
    that share. Disqualified counts as lost here: such a deal cannot be won any more.
    """
    rows = ages(_created_by_the_end_of(period, book), book.as_of)
    measure = estimate(rows, final_rates).leaving_out(rows["_on"] < ibis.date(period.start), "created before")
    assert measure.rows is not None
    unsure = grown(measure.rows)[None].unsure
    told = f"{unsure:.0%} of the deals created in {period} may still be won" if unsure > UNDECIDED else ""
    return measure.saying(immature=told)


def _created_by_the_end_of(period: Period, book: Book) -> ir.Table:
    """Return the deals created in a period and in the two years before it, as of :func:`created`."""
    deals = entered(book)
    deals = deals.mutate(_on=deals.created_at.cast("date"))
    return deals.filter(deals["_on"] >= ibis.date(period.start - OLDER), deals["_on"] < ibis.date(period.end))


@_rate(
    "close_rate",
    "resolution",
    default=True,
    unit="ratio",
    category="efficiency",
    grain="a deal",
    action="clear deals that no longer move; look at the age of what is open",
    meaning="Of the deals worked on in the period, the share decided in it.",
    formula="(won + lost in the period) / all deals open at any time in it",
)
def close_rate(book: Book, period: Period) -> Measure:
    """Share of the deals open at any time in the period that was won or lost in it; n/a where none was open."""
    rows = pursued(book, period)
    return ratio(rows, rows.resolved_in)


@_rate(
    "opportunity_to_win_ratio",
    "pursued",
    default=True,
    unit="ratio",
    category="efficiency",
    grain="a deal",
    action="qualify harder, so that fewer deals are worked on in vain",
    meaning="Of the deals worked on in the period, the share won in it: win_rate.pursued under its other name.",
    formula="won in the period / all deals open at any time in it",
)
def opportunity_to_win_ratio(book: Book, period: Period) -> Measure:
    """The same measure as ``win_rate.pursued``."""
    return win_rate_pursued(book, period)


@_rate(
    "average_deal_size",
    "mean",
    default=True,
    unit="money",
    category="effectiveness",
    grain="a won deal",
    action="look at discounts and at the mix of products and segments",
    meaning="What a deal won in the period is worth on average.",
    formula="mean amount of the deals won in the period",
)
def average_deal_size(book: Book, period: Period) -> Measure:
    """Mean amount of the deals won in the period; those without an amount are left out; n/a where none was won."""
    rows = within(bookings(book), period)
    return mean(rows, rows.amount).leaving_out(_.amount.isnull(), "no amount")


@kpi(
    "average_deal_size",
    "median",
    meaning="What the middle one of the deals won in the period is worth.",
    formula="median amount of the deals won in the period",
)
def median_deal_size(book: Book, period: Period) -> Measure:
    """Median amount of the deals won in the period; those without an amount are left out; n/a where none was won."""
    rows = within(bookings(book), period)
    return quantile(rows, rows.amount).leaving_out(_.amount.isnull(), "no amount")
