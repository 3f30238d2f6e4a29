"""The acquisition family, what new customers cost: how many there are, and how long until they have paid for it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd
from ibis import _

from salesnb.errors import NeedsData
from salesnb.kpis.answers import answer
from salesnb.kpis.bookings import last_known
from salesnb.kpis.durations import cycle_days
from salesnb.kpis.lifetimes import margin_discounted
from salesnb.kpis.measure import Measure, count, formula, quotient, ratio, total
from salesnb.kpis.registry import kpi
from salesnb.kpis.retention import paying
from salesnb.kpis.sales import first_purchases, new_customer_sales, sales, spend, within
from salesnb.periods import Period

if TYPE_CHECKING:
    from salesnb.data.book import Book

_BOUGHT = "orders.account_id|opportunities.account_id"
_MONTH = 365.25 / 12
COMPETITORS = "competitors_new_customers"
"""What a benchmark of it is called."""
_new = partial(
    kpi,
    category="effectiveness",
    category3="revenue",
    owner="head of marketing",
    cadence="quarterly",
    grain="a new customer, or a month's spend",
)


def new_accounts(book: Book, period: Period) -> ir.Table:
    """Return the accounts that first bought in a period: ``account_id, _on``."""
    return within(first_purchases(book).rename(_on="first_on"), period)


@_new(
    "new_customers",
    "first_order",
    default=True,
    unit="count",
    better="up",
    needs=(_BOUGHT,),
    grain="a new customer",
    meaning="How many customers bought for the first time.",
    formula="accounts whose first order (or first won deal, where there are no orders) is in P",
    action="look at which channels bring fewer than before",
)
def new_customers(book: Book, period: Period) -> Measure:
    """Count the accounts whose first purchase ever is in the period; a return is no purchase. 0 where none."""
    return count(new_accounts(book, period))


@kpi(
    "new_customers",
    "contract",
    needs=("subscriptions.account_id", "subscriptions.mrr"),
    meaning="How many customers signed their first contract.",
    formula="accounts whose first subscription with a price starts in P",
)
def new_customers_contract(book: Book, period: Period) -> Measure:
    """Count the accounts whose first paid subscription ever starts in the period; 0 where none."""
    rows = book.subscriptions
    rows = rows.filter(rows.account_id.notnull(), rows.mrr > 0)
    firsts = rows.group_by("account_id").aggregate(_on=rows.started_on.min())
    return count(within(firsts, period))


def competitors(book: Book, period: Period) -> ir.Table:
    """Return what benchmarks say that competitors won in spans which together are a period: ``value, _on``.

    Raises
    ------
    NeedsData
        There are no such benchmarks, or they leave days of the period out, or tell of a day twice.
    """
    book.require("benchmarks.value")
    rows = book.benchmarks
    rows = rows.filter(rows["name"] == COMPETITORS).mutate(_on=rows.starts_on)
    rows = within(rows, period).filter(_.ends_on < ibis.date(period.end))
    days = rows.ends_on.delta(rows.starts_on, unit="day") + 1
    told = answer(book, rows.aggregate(days=days.sum()))["days"].iloc[0]
    covered = 0 if told is None or pd.isna(told) else int(told)
    if covered != period.days:
        raise NeedsData(
            f"benchmarks of {COMPETITORS} tell of {covered} of the {period.days} days of {period}", where=book.name,
            needs="benchmarks.value", mend="give spans that together are the period, each day once",
        )  # fmt: skip
    return rows


@_new(
    "new_customer_share",
    "benchmark",
    default=True,
    unit="ratio",
    better="up",
    needs=("benchmarks.value", _BOUGHT),
    grain="a new customer",
    meaning="The share of all new customers in the market who came to us.",
    formula="new_customers / (new_customers + competitors' new customers in P, from benchmarks)",
    action="ask those who chose another, and look at where competitors win",
)
def new_customer_share(book: Book, period: Period) -> Measure:
    """Divide the new customers by those of all; n/a where benchmarks do not tell of every day of the period, once.

    Nothing is known of competitors by segment, so that every segment is n/a; there is no interval, as a benchmark
    comes without one.
    """
    theirs = competitors(book, period)

    def divide(values: pd.DataFrame) -> pd.Series[float]:
        others = values["competitors"]
        return values["new customers"] / (values["new customers"] + others.where(others > 0))

    parts = {"new customers": new_customers(book, period), "competitors": total(theirs, theirs["value"])}
    return formula(parts, divide)


def _cost(book: Book, period: Period) -> Measure:
    rows = spend(book, period)
    return total(rows, rows.amount)


def _per_customer(cost: Measure, book: Book, period: Period) -> Measure:
    return quotient(cost, new_customers(book, period), named=("cost", "new customers"))


@_new(
    "cac",
    "blended",
    default=True,
    unit="money",
    better="down",
    needs=("costs", _BOUGHT),
    meaning="What it cost to win a customer.",
    formula="sales and marketing cost of the months of P / customers who first bought in P",
    action="look at which channel became dearer, and at the win rate of its leads",
)
def cac(book: Book, period: Period) -> Measure:
    """Divide all sales and marketing cost by the new customers; n/a where there is none."""
    return _per_customer(_cost(book, period), book, period)


@kpi(
    "cac",
    "marketing",
    needs=("costs", _BOUGHT),
    meaning="What marketing cost for each customer won.",
    formula="marketing cost of the months of P / customers who first bought in P",
)
def cac_marketing(book: Book, period: Period) -> Measure:
    """Divide marketing cost by the new customers; n/a where there is none."""
    rows = spend(book, period).filter(_.function.fill_null("marketing") == "marketing")
    return _per_customer(total(rows, rows.amount), book, period)


@kpi(
    "cac",
    "channel",
    needs=("costs.channel", "leads.source", _BOUGHT),
    by="channel",
    meaning="What each marketing channel cost for each customer that came by it.",
    formula="cac.marketing by channel: the source of the account's first lead",
)
def cac_channel(book: Book, period: Period) -> Measure:
    """Divide a channel's marketing cost by the new customers whose first lead it brought; n/a where it brought none."""
    return cac_marketing(book, period)


def lag(book: Book, period: Period) -> int:
    """Return how many months before a customer is won the money for it is spent: the median cycle, in whole months."""
    rows = cycle_days(book, period, "won")
    rows = rows.filter(rows.days >= 0)
    found = answer(book, rows.aggregate(middle=rows.days.cast("float64").median()))["middle"].iloc[0]
    return 0 if found is None or pd.isna(found) else round(float(found) / _MONTH)


@kpi(
    "cac",
    "lagged",
    needs=("costs", "opportunities", _BOUGHT),
    meaning="What it cost to win a customer, by what was spent when they were being won.",
    formula="sales and marketing cost of P moved back by the median days from first contact to the win, in whole "
    "months / customers who first bought in P",
)
def cac_lagged(book: Book, period: Period) -> Measure:
    """Divide the cost of a cycle earlier by the new customers; n/a where there is none."""
    months = lag(book, period)
    first = (pd.Timestamp(period.start) - pd.DateOffset(months=months)).date()
    end = (pd.Timestamp(period.end) - pd.DateOffset(months=months)).date()
    last = (pd.Timestamp(end) - pd.Timedelta(days=1)).date()
    earlier = period if not months else Period.parse(f"{first}..{last}", period.fiscal_year_start)
    made = _per_customer(_cost(book, earlier), book, period)
    return made.saying(f"the cost of {months} months before" if months else "")


def _margin(book: Book, period: Period) -> dict[str, Measure]:
    """Return what the new customers of a period bring a month, as parts of a formula, and with which margin."""
    if book.gives("subscriptions.mrr"):
        rows = paying(book, last_known(book, period)).join(new_accounts(book, period), "account_id")
        lines = within(sales(book), period)
        share = ratio(lines, lines.amount - lines.cost, lines.amount)
        return {"a month": total(rows, rows.mrr), "margin": share}
    rows = new_customer_sales(book, period)
    return {"gross profit": total(rows, rows.amount - rows.cost)}


@_new(
    "cac_payback_months",
    "margin",
    default=True,
    unit="months",
    better="down",
    needs=("costs", "orders.cost", "orders.account_id"),
    meaning="How many months new customers need to pay back what it cost to win them.",
    formula="cac / monthly gross margin per new customer: their mrr at the end of P x gross_margin.ratio of P; without "
    "subscriptions their gross profit in P / its months",
    action="above 18 months growth eats cash: look at price, margin and channel",
)
def cac_payback_months(book: Book, period: Period) -> Measure:
    """Divide the cost of winning customers by what they leave a month; n/a where they leave nothing."""
    parts = {"cost": _cost(book, period), **_margin(book, period)}
    months = period.days / _MONTH

    def divide(values: pd.DataFrame) -> pd.Series[float]:
        is_contract = "margin" in values
        monthly = values["a month"] * values["margin"] if is_contract else values["gross profit"] / months
        return values["cost"] / monthly.where(monthly > 0)

    return formula(parts, divide)


@_new(
    "clv_to_cac",
    "margin_discounted",
    default=True,
    unit="number",
    better="up",
    needs=("costs", "orders.cost", "orders.account_id"),
    meaning="What a customer brings over its lifetime for each unit that it cost to win one.",
    formula="clv.margin_discounted / cac.blended",
    action="below 3 spend less or keep customers longer; far above it, spend more",
)
def clv_to_cac(book: Book, period: Period) -> Measure:
    """Divide the lifetime value by the cost of a new customer; n/a where one of the two is."""
    return quotient(margin_discounted(book, period), cac(book, period), named=("lifetime value", "cost of a customer"))
