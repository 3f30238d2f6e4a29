"""The revenue family, what is left of it: gross margin, profit, and the return on what was spent."""

from __future__ import annotations

from ibis import _

from salesnb.data.book import Book
from salesnb.kpis.measure import Measure, formula, quotient, ratio, total
from salesnb.kpis.registry import shared
from salesnb.kpis.sales import gross_profit, new_customer_sales, sales, spend, within
from salesnb.periods import Period

_return = shared(
    unit="ratio",
    better="up",
    category="effectiveness",
    category3="efficiency",
    owner="head of finance",
    cadence="quarterly",
    grain="an order line",
)


@_return(
    "gross_margin",
    "ratio",
    default=True,
    needs=("orders.cost",),
    meaning="What is left of a unit of revenue after what it cost to deliver.",
    formula="(amount - cost) / amount, over the order lines with a cost",
    action="look for the products and discounts that drag it down",
)
def gross_margin_ratio(book: Book, period: Period) -> Measure:
    """Divide gross profit by revenue over the lines with a cost; n/a where their revenue is 0."""
    rows = within(sales(book), period)
    return ratio(rows, rows.amount - rows.cost, rows.amount)


@_return(
    "gross_margin",
    "money",
    unit="money",
    meaning="What is left of revenue after what it cost to deliver.",
    formula="sum of (amount - cost), over the order lines with a cost",
)
def gross_margin_money(book: Book, period: Period) -> Measure:
    """Sum amount less cost over the lines with a cost."""
    return gross_profit(within(sales(book), period))


@_return(
    "roi",
    "profit",
    default=True,
    needs=("orders.cost", "costs"),
    meaning="What a unit spent on winning customers gave back in the same period.",
    formula="(gross profit in the period from accounts that first bought in it - sales and marketing cost) / that cost",
    action="move spend to the channels that return more",
)
def roi_profit(book: Book, period: Period) -> Measure:
    """Divide new customers' gross profit by all sales and marketing cost, less 1; n/a where nothing was spent."""
    costs = spend(book, period)
    gain = gross_profit(new_customer_sales(book, period))
    return quotient(gain, total(costs, costs.amount), minus=1.0, named=("gross profit of new customers", "cost"))


@_return(
    "roi",
    "channel",
    needs=("orders.cost", "costs.channel", "leads.source"),
    by="channel",
    meaning="What a unit spent on a marketing channel gave back in the same period.",
    formula="roi by channel: the source of the account's first lead, against the channel's marketing cost",
)
def roi_channel(book: Book, period: Period) -> Measure:
    """Compute roi per channel on marketing cost alone: a sales team's cost belongs to no channel."""
    costs = spend(book, period).filter(_.function.fill_null("marketing") == "marketing")
    gain = gross_profit(new_customer_sales(book, period))
    return quotient(gain, total(costs, costs.amount), minus=1.0, named=("gross profit of new customers", "cost"))


@_return(
    "roi",
    "revenue",
    needs=("orders|opportunities", "costs"),
    meaning="What a unit spent on winning customers gave back in revenue in the same period.",
    formula="(revenue in the period from accounts that first bought in it - sales and marketing cost) / that cost",
)
def roi_revenue(book: Book, period: Period) -> Measure:
    """Divide new customers' revenue by all sales and marketing cost, less 1; n/a where nothing was spent."""
    costs = spend(book, period)
    gain = total(rows := new_customer_sales(book, period), rows.amount)
    return quotient(gain, total(costs, costs.amount), minus=1.0, named=("revenue of new customers", "cost"))


def _profit(book: Book, period: Period) -> Measure:
    costs = spend(book, period)
    parts = {"gross profit": gross_profit(within(sales(book), period)), "cost": total(costs, costs.amount)}
    return formula(parts, lambda value: value["gross profit"] - value["cost"])


@_return(
    "profit",
    "company",
    default=True,
    needs=("orders.cost", "costs"),
    unit="money",
    meaning="What selling left after delivery, sales and marketing.",
    formula="sum of (amount - cost) of the order lines with a cost - sales and marketing cost",
    action="see which of margin, volume and spend moved",
)
def profit_company(book: Book, period: Period) -> Measure:
    """Gross profit less sales and marketing cost."""
    return _profit(book, period)


@_return(
    "profit",
    "team",
    by="team",
    meaning="What each team's selling left after delivery and the team's own cost.",
    formula="profit by team: the seller's team, and the sales cost whose channel is the team; marketing is in no team",
)
def profit_team(book: Book, period: Period) -> Measure:
    """Profit, one segment a team; marketing cost stands under "(none)", so that the teams sum to the company."""
    return _profit(book, period)
