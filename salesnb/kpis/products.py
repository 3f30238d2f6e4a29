"""The revenue family, what is bought: how large an order is, and how each product sells, grows and earns."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis import _

from salesnb.data.book import Book
from salesnb.kpis.measure import Measure, quantile, ratio, total
from salesnb.kpis.profit import gross_margin_ratio
from salesnb.kpis.revenue import SALES, growth, money_kpi, revenue_by_product
from salesnb.kpis.sales import sales, within
from salesnb.periods import Period


@money_kpi(
    "average_order_value",
    "mean",
    default=True,
    needs=SALES,
    grain="an order",
    category="effectiveness",
    meaning="How much an order is worth.",
    formula="revenue / number of orders that are not returns alone",
    action="look at discounts, bundles and the mix of customers",
)
def average_order_value_mean(book: Book, period: Period) -> Measure:
    """Divide revenue by the number of orders; n/a where there was none."""
    rows = _orders(book, period)
    return ratio(rows, rows.amount, rows["is_sale"].cast("int32"))


@money_kpi(
    "average_order_value",
    "median",
    meaning="How much an order in the middle is worth.",
    formula="median of the amounts of the orders that are not returns alone",
)
def average_order_value_median(book: Book, period: Period) -> Measure:
    """Find the median amount of an order; n/a where there was none."""
    rows = _orders(book, period)
    return quantile(rows.filter(rows["is_sale"]), rows.amount)


def _orders(book: Book, period: Period) -> ir.Table:
    """Return the period's orders, one row each; a line without an order's id is an order of its own."""
    lines = within(sales(book), period)
    if not book.has("orders"):
        return lines.mutate(is_sale=ibis.literal(True))
    named = lines.mutate(order_id=ibis.coalesce(lines.order_id, lines.order_line_id))
    is_sale = (~named.is_return.fill_null(False)).cast("int32").max() == 1
    return named.group_by("order_id").aggregate(
        account_id=_.account_id.min(), rep_id=_.rep_id.min(), _on=_["_on"].min(), amount=_.amount.sum(), is_sale=is_sale
    )


# products


@money_kpi(
    "product_revenue",
    "all",
    default=True,
    needs=("orders.product|opportunities.product",),
    by="product",
    meaning="What was sold of each product.",
    formula="revenue by product",
    action="ask of a product that falls whether price, volume or margin does",
)
def product_revenue_all(book: Book, period: Period) -> Measure:
    """Revenue, one segment a product; its growth and margin are variants."""
    return revenue_by_product(book, period)


@money_kpi(
    "product_revenue",
    "growth",
    unit="ratio",
    meaning="How much more was sold of each product than in the period before.",
    formula="revenue of the product / its revenue of the previous period - 1",
)
def product_revenue_growth(book: Book, period: Period) -> Measure:
    """Grow revenue per product; -1 where a product is no longer sold, n/a where it was not sold before."""
    return growth(revenue_by_product(book, period), revenue_by_product(book, base := period.previous), base)


@money_kpi(
    "product_revenue",
    "margin",
    needs=("orders.product", "orders.cost"),
    unit="ratio",
    meaning="What is left of a unit of each product's revenue after what it cost to deliver.",
    formula="(amount - cost) / amount by product, over the order lines with a cost",
)
def product_revenue_margin(book: Book, period: Period) -> Measure:
    """Gross margin per product; n/a where the product's revenue is 0."""
    return gross_margin_ratio(book, period)


def _of_type(book: Book, period: Period, revenue_type: str) -> Measure:
    rows = within(sales(book, "product", "revenue_type"), period)
    rows = rows.filter(rows.revenue_type == revenue_type)
    return total(rows, rows.amount)


@money_kpi(
    "product_revenue",
    "service",
    needs=("orders.product", "orders.revenue_type"),
    meaning="What was sold of each product as service.",
    formula="revenue by product of the order lines whose revenue type is service",
)
def product_revenue_service(book: Book, period: Period) -> Measure:
    """Service revenue, one segment a product."""
    return _of_type(book, period, "service")


@money_kpi(
    "product_revenue",
    "one_time",
    needs=("orders.product", "orders.revenue_type"),
    meaning="What was sold of each product once, not by subscription or as service.",
    formula="revenue by product of the order lines whose revenue type is one_time",
)
def product_revenue_one_time(book: Book, period: Period) -> Measure:
    """One-time revenue, one segment a product."""
    return _of_type(book, period, "one_time")
