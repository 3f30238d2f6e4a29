"""Sales: the rows that revenue is counted on, who first bought when, and what was spent on selling.

Revenue is counted on order lines by the day they were ordered, returns negative, and on won deals by the day they
closed where the source gives no orders. Costs are by month: a month's spend belongs to the period that holds its
first day.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.kpis.measure import Measure, total
from salesnb.periods import Period


def within(rows: ir.Table, period: Period) -> ir.Table:
    """Return the rows whose ``_on`` lies in a period."""
    return rows.filter(rows["_on"] >= ibis.date(period.start), rows["_on"] < ibis.date(period.end))


def bookings(book: Book) -> ir.Table:
    """Return every won deal, with ``_on`` the day it closed."""

    def won() -> ir.Table:
        deals = book.opportunities
        return deals.filter(deals.outcome == "won", deals.closed_on.notnull()).mutate(_on=deals.closed_on)

    return memo.table(book, "bookings", make=won)


def sales(book: Book, *columns: str) -> ir.Table:
    """Return every order line, or every won deal where there are no orders, with ``_on`` the day it counts for.

    Raises
    ------
    NeedsData
        There are neither orders nor opportunities, or they do not give one of these columns.
    """
    table = "orders" if book.has("orders") else "opportunities"
    book.require(table, *(f"{table}.{column}" for column in columns))
    if table == "opportunities":
        return bookings(book)
    return memo.value(book, "sales", make=lambda: book.orders.mutate(_on=book.orders.ordered_at.date()))


def purchases(book: Book) -> ir.Table:
    """Return the :func:`sales` that are not returns; NeedsData where they name no account."""
    rows = sales(book, "account_id")
    return rows.filter(~rows.is_return.fill_null(False)) if "is_return" in rows.columns else rows


def without_contract(book: Book, rows: ir.Table) -> ir.Table:
    """Return those of the :func:`sales` that are no bills of a subscription; a line of no type is none."""
    if not book.gives("orders.revenue_type"):
        return rows
    return rows.filter((rows.revenue_type != "subscription").fill_null(True))


def first_purchases(book: Book) -> ir.Table:
    """Return when each account first bought: ``account_id, first_on``; a return is no purchase."""

    def firsts() -> ir.Table:
        rows = purchases(book)
        bought = rows.filter(rows.account_id.notnull())
        return bought.group_by("account_id").aggregate(first_on=bought["_on"].min())

    return memo.table(book, "first_purchases", make=firsts)


def since_first(book: Book, period: Period) -> ir.Table:
    """Return the period's sales with ``first_on``, the day the account first bought.

    It is null where the account is not known or has only returned goods.
    """

    def dated() -> ir.Table:
        firsts = first_purchases(book).rename(_first="account_id")
        return sales(book).left_join(firsts, [("account_id", "_first")]).drop("_first")

    return within(memo.table(book, "since_first", make=dated), period)


def new_customer_sales(book: Book, period: Period) -> ir.Table:
    """Return the period's sales to accounts that first bought in it."""
    rows = since_first(book, period)
    return rows.filter(is_first(rows, period))


def is_first(rows: ir.Table, period: Period) -> ir.BooleanValue:
    """Tell whether the account of a row first bought in a period; false where that is not known."""
    first = rows["first_on"]
    is_new: ir.BooleanValue = (first >= ibis.date(period.start)) & (first < ibis.date(period.end))
    return is_new.fill_null(False)


def spend(book: Book, period: Period) -> ir.Table:
    """Return the costs of the months whose first day is in a period, with ``_on``, and the ``team`` of a sales cost."""
    costs = book.table("costs")
    team = (costs.function == "sales").ifelse(costs.channel, ibis.null("string"))
    return within(costs.mutate(_on=costs.month, team=team), period)


def gross_profit(rows: ir.Table) -> Measure:
    """Sum amount less cost over the rows that have both."""
    return total(rows, rows.amount - rows.cost)
