"""Bookings by seller: which rows a seller is credited with, and on which day."""

from __future__ import annotations

import datetime as dtm
from typing import TYPE_CHECKING, Literal

import ibis
import ibis.expr.types as ir

from salesnb.data import memo
from salesnb.errors import NeedsData
from salesnb.kpis.sales import bookings

if TYPE_CHECKING:
    from salesnb.data.book import Book
    from salesnb.periods import Period

Metric = Literal["bookings", "revenue"]


def last_known(book: Book, period: Period) -> dtm.date:
    """Return the last day of the period, or the as-of date where the period is not over."""
    return min(period.last_day, book.as_of)


def booked(book: Book, metric: Metric = "bookings") -> ir.Table:
    """Return the rows that count as booked, or as revenue, with the seller who is credited.

    Bookings are the deals won, on the day they closed; where there are no opportunities, the order lines with a
    seller. Revenue is those order lines; where no order has a seller, the deals won.

    Returns
    -------
    ibis.Table
        The columns of ``opportunities`` or of ``orders`` (both have ``amount``, ``account_id`` and ``product``),
        ``seller`` (null where nobody is credited with a deal) and ``_on`` (the day).

    Raises
    ------
    NeedsData
        There are neither opportunities nor orders with a seller.
    """
    has_lines = book.gives("orders.rep_id")
    if not book.has("opportunities") and not has_lines:
        needs = "opportunities or orders.rep_id"
        raise NeedsData(
            f"needs {needs}", where=book.name, needs=needs, mend="map the deals, or the seller of each order line"
        )
    if book.has("opportunities") if metric == "bookings" else not has_lines:
        deals = bookings(book)
        return deals.mutate(seller=deals.owner_id)
    lines = book.orders.filter(book.orders.rep_id.notnull())
    return lines.mutate(seller=lines.rep_id, _on=lines.ordered_at.cast("date"))


def booked_by_day(book: Book, holder: str, metric: Metric, to: dtm.date) -> ir.Table:
    """Return what each seller or team booked on each day.

    Parameters
    ----------
    holder
        ``rep_id`` or ``team``; a team's bookings are those of the sellers who are in it.
    to
        The last day that counts.

    Returns
    -------
    ibis.Table
        ``_holder, _metric, _day, _amount``; bookings that nobody is credited with are left out.

    Raises
    ------
    NeedsData
        There is nothing booked, or a team is asked for and no seller has one.
    """
    return memo.table(book, "booked_by_day", holder, metric, to, make=lambda: _by_day(book, holder, metric, to))


def _by_day(book: Book, holder: str, metric: Metric, to: dtm.date) -> ir.Table:
    rows = booked(book, metric)
    if holder == "team":
        book.require("reps.team")
        teams = book.reps.select(_rep="rep_id", _team="team")
        rows = rows.join(teams, rows.seller == teams["_rep"])
        rows = rows.mutate(seller=rows["_team"])
    rows = rows.filter(rows["_on"] <= ibis.date(to), rows.seller.notnull())
    rows = rows.select("amount", _holder="seller", _metric=ibis.literal(metric), _day="_on")
    return rows.group_by("_holder", "_metric", "_day").aggregate(_amount=rows.amount.sum())
