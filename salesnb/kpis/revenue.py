"""The revenue family, what was sold: to whom, and how much more than before."""

from __future__ import annotations

import datetime as dtm

import ibis
import ibis.expr.types as ir
from ibis import _

from salesnb.calendars import year_before
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.kpis.measure import Measure, quotient, total
from salesnb.kpis.registry import shared
from salesnb.kpis.sales import bookings, is_first, new_customer_sales, purchases, sales, since_first, within
from salesnb.periods import Period

SALES = ("orders|opportunities",)
money_kpi = shared(
    unit="money",
    better="up",
    category="revenue",
    category3="revenue",
    owner="head of sales",
    cadence="monthly",
    grain="an order line, or a won deal",
)

# revenue


@money_kpi(
    "revenue",
    "net",
    default=True,
    needs=SALES,
    meaning="What was sold in the period, net of discounts and returns.",
    formula="sum of the amounts of the order lines of the period, returns negative",
    action="look at the bridge: volume, size, mix or win rate",
)
def revenue_net(book: Book, period: Period) -> Measure:
    """Sum the amounts of the period's order lines, or of its won deals where there are no orders; 0 where none."""
    rows = within(sales(book), period)
    return total(rows, rows.amount)


@money_kpi(
    "revenue",
    "booked",
    needs=("opportunities",),
    grain="a won deal",
    meaning="What was signed in the period.",
    formula="sum of the amounts of the deals won in the period, by the day they closed",
)
def revenue_booked(book: Book, period: Period) -> Measure:
    """Sum the amounts of the deals won in the period; 0 where none was."""
    rows = within(bookings(book), period)
    return total(rows, rows.amount)


@money_kpi(
    "revenue",
    "revenue_type",
    needs=("orders.revenue_type",),
    by="revenue_type",
    grain="an order line",
    meaning="What was sold once, by subscription and as service.",
    formula="revenue by the revenue type of the order line",
)
def revenue_by_type(book: Book, period: Period) -> Measure:
    """Revenue, one segment a revenue type."""
    return revenue_net(book, period)


@money_kpi(
    "revenue",
    "product",
    needs=("orders.product|opportunities.product",),
    by="product",
    meaning="What was sold of each product.",
    formula="revenue by the product of the order line",
)
def revenue_by_product(book: Book, period: Period) -> Measure:
    """Revenue, one segment a product."""
    rows = within(sales(book, "product"), period)
    return total(rows, rows.amount)


def growth(now: Measure, before: Measure, base: Period) -> Measure:
    """Set a measure against the same of an earlier period: now / before - 1; n/a where before is not above 0."""
    return quotient(now, before, minus=1.0, named=("revenue", f"revenue of {base}"))


@money_kpi(
    "revenue_growth",
    "previous",
    default=True,
    needs=SALES,
    unit="ratio",
    meaning="How much more was sold than in the period before.",
    formula="revenue / revenue of the previous period - 1",
    action="compare with the year before to tell season from trend",
)
def revenue_growth_previous(book: Book, period: Period) -> Measure:
    """Divide revenue by that of the previous period, less 1; n/a where that was 0 or below."""
    return growth(revenue_net(book, period), revenue_net(book, base := period.previous), base)


@money_kpi(
    "revenue_growth",
    "yoy",
    meaning="How much more was sold than in the same period a year before.",
    formula="revenue / revenue of the same period a year ago - 1",
)
def revenue_growth_yoy(book: Book, period: Period) -> Measure:
    """Divide revenue by that of the same period a year before, less 1; n/a where that was 0 or below."""
    return growth(revenue_net(book, period), revenue_net(book, base := period.year_ago), base)


# new and existing customers


@money_kpi(
    "new_customer_revenue",
    "first_order",
    default=True,
    needs=("orders.account_id|opportunities.account_id",),
    meaning="What accounts bought in the period in which they bought for the first time.",
    formula="revenue of the period from accounts whose first order ever is in the period",
    action="look at new-business pipeline and at the win rate of new deals",
)
def new_customer_revenue(book: Book, period: Period) -> Measure:
    """Sum the period's revenue from accounts that first bought in it."""
    rows = new_customer_sales(book, period)
    return total(rows, rows.amount)


def _is_recent(rows: ir.Table) -> ir.BooleanValue:
    """Tell whether a line is 0 to 365 days after its account's first; false where the first is not known."""
    days = rows["_on"].delta(rows["first_on"], unit="day")
    return days.between(0, 365).fill_null(False)


@money_kpi(
    "new_customer_revenue",
    "window",
    meaning="What accounts bought within a year of their first order.",
    formula="revenue of the period from order lines at most 365 days after the account's first order ever",
)
def new_customer_revenue_window(book: Book, period: Period) -> Measure:
    """Sum the period's revenue from lines at most 365 days after the account's first."""
    rows = since_first(book, period)
    rows = rows.filter(_is_recent(rows))
    return total(rows, rows.amount)


@money_kpi(
    "existing_customer_revenue",
    "first_order",
    default=True,
    needs=("orders.account_id|opportunities.account_id",),
    meaning="What accounts bought that had bought before the period.",
    formula="revenue of the period less new_customer_revenue.first_order",
    action="look at renewals, at usage and at who has gone quiet",
)
def existing_customer_revenue(book: Book, period: Period) -> Measure:
    """Sum the period's revenue that is not new customers'; lines without an account are in it."""
    rows = since_first(book, period)
    rows = rows.filter(~is_first(rows, period))
    return total(rows, rows.amount)


@money_kpi(
    "existing_customer_revenue",
    "window",
    meaning="What accounts bought more than a year after their first order.",
    formula="revenue of the period less new_customer_revenue.window",
)
def existing_customer_revenue_window(book: Book, period: Period) -> Measure:
    """Sum the period's revenue that is not within 365 days of the account's first; without an account is in it."""
    rows = since_first(book, period)
    rows = rows.filter(~_is_recent(rows))
    return total(rows, rows.amount)


# new segments


def _markets(book: Book) -> ir.Table:
    """Return the accounts with a segment: ``_account, market_segment``, its ``first_on``, and when the data begin."""
    accounts = book.accounts.select(_account="account_id", market_segment="segment")
    accounts = accounts.filter(accounts["market_segment"].notnull())
    bought = purchases(book)
    labelled = bought.join(accounts, [("account_id", "_account")])
    firsts = labelled.group_by(_market="market_segment").aggregate(first_on=labelled["_on"].min())
    rows = accounts.left_join(firsts, [("market_segment", "_market")]).drop("_market")
    return rows.cross_join(bought.aggregate(begins=_["_on"].min()))


def new_segments(book: Book, period: Period, since: dtm.date) -> Measure:
    """Sum the period's revenue from market segments whose first revenue ever is on or after a day.

    Where the data begin on or after that day, no segment can be told to be new: all is left out, and the value is
    n/a. So is what accounts without a segment bought.
    """
    book.require("accounts.segment")
    markets = memo.table(book, "markets", make=lambda: _markets(book))
    rows = within(sales(book), period).join(markets, [("account_id", "_account")]).drop("_account")
    rows = rows.filter(rows["first_on"] >= ibis.date(since))
    untold = f"the data begin after {since}, so no segment can be told to be new"
    return total(rows, rows.amount).leaving_out(rows["begins"] >= ibis.date(since), untold)


@money_kpi(
    "new_segment_revenue",
    "trailing_4_quarters",
    default=True,
    needs=("accounts.segment", *SALES),
    meaning="What market segments bought that were won within the last year.",
    formula="revenue of the period from segments whose first revenue is within the 4 quarters to the period's end",
    action="decide whether to invest in the segment or to leave it",
)
def new_segment_revenue(book: Book, period: Period) -> Measure:
    """Sum the period's revenue from segments whose first revenue is within the 12 months to the period's end."""
    return new_segments(book, period, year_before(period.end))


@money_kpi(
    "new_segment_revenue",
    "since",
    meaning="What market segments bought that were won in this fiscal year.",
    formula="revenue of the period from segments whose first revenue is in the fiscal year that the period ends in",
)
def new_segment_revenue_since(book: Book, period: Period) -> Measure:
    """Sum the period's revenue from segments first won in its fiscal year; :func:`new_segments` takes any other day."""
    return new_segments(book, period, Period.of(period.last_day, "year", book.fiscal_year_start).start)


# average order value
