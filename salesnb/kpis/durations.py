"""Durations: how many days a deal or a quote took."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from salesnb.kpis.sales import within

if TYPE_CHECKING:
    from salesnb.data.book import Book
    from salesnb.periods import Period

UNDATED = "no start date, or closed before it"


def closed_in(book: Book, period: Period, *outcomes: str) -> ir.Table:
    """Return the deals that closed in the period with one of these outcomes; the day they closed is their ``_on``."""
    deals = book.opportunities
    closed = deals.filter(deals.outcome.isin(outcomes), deals.closed_on.notnull())
    return within(closed.mutate(_on=closed.closed_on), period)


def cycle_days(book: Book, period: Period, outcome: str) -> ir.Table:
    """Return the deals closed in the period with an outcome, with ``days`` since first contact, else since creation.

    Whole days between dates; below 0 where the deal closed before it began, null where it has no start.

    Raises
    ------
    NeedsData
        There are no opportunities.
    """
    deals = closed_in(book, period, outcome)
    start = ibis.coalesce(deals.first_contact_at, deals.created_at).cast("date")
    return deals.mutate(days=deals.closed_on.delta(start, unit="day").cast("int64"))


def closing_days(book: Book, period: Period, *outcomes: str) -> ir.Table:
    """Return the deals closed in the period with one of these outcomes, with ``days`` since creation.

    Whole days between dates; below 0 where the deal closed before it was created, null where that date is missing.

    Raises
    ------
    NeedsData
        There are no opportunities.
    """
    deals = closed_in(book, period, *outcomes)
    return deals.mutate(days=deals.closed_on.delta(deals.created_at.cast("date"), unit="day").cast("int64"))


def quotes_of(book: Book) -> ir.Table:
    """Return the quotes, with the ``owner_id``, ``account_id`` and ``product`` of their deals where those are known."""
    quotes = book.quotes
    if not book.has("opportunities"):
        return quotes
    deals = book.opportunities.select("owner_id", "account_id", "product", _deal="opportunity_id")
    return quotes.left_join(deals, quotes.opportunity_id == deals["_deal"]).drop("_deal")


def quote_days(book: Book, period: Period) -> ir.Table:
    """Return the quotes sent in the period, with ``days`` (and parts of days) from when they were asked for.

    Raises
    ------
    NeedsData
        There are no quotes.
    """
    quotes = quotes_of(book)
    sent = within(quotes.mutate(_on=quotes.sent_at.cast("date")), period)
    return sent.mutate(days=sent.sent_at.delta(sent.created_at, unit="second").cast("float64") / 86400)
