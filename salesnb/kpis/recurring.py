"""The revenue family, what comes again: monthly recurring revenue, and what customers add to it."""

from __future__ import annotations

import datetime as dtm

import ibis
import ibis.expr.types as ir
from ibis import _

from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.kpis.bookings import last_known
from salesnb.kpis.measure import Measure, total
from salesnb.kpis.registry import shared
from salesnb.kpis.sales import bookings, purchases, within
from salesnb.periods import Period

_money = shared(
    unit="money",
    better="up",
    category="revenue",
    category3="revenue",
    owner="head of customer success",
    cadence="monthly",
)
_SAME_DEAL_DAYS = 90
_MONEY = "decimal(24, 4)"


def active(book: Book, day: dtm.date) -> ir.Table:
    """Return the subscriptions active at the end of a day, which is their ``_on``."""
    rows = book.subscriptions
    runs = rows.ended_on.isnull() | (rows.ended_on > ibis.date(day))
    return rows.filter(rows.started_on <= ibis.date(day), runs).mutate(_on=ibis.date(day))


@_money(
    "mrr",
    "end",
    default=True,
    needs_decide=True,
    needs=("subscriptions.mrr",),
    grain="a subscription",
    meaning="What comes in every month, as it stands at the end of the period.",
    formula="sum of the mrr of the subscriptions active at the end of the period's last day",
    action="look at the bridge: new, expansion, contraction, churn",
)
def mrr_end(book: Book, period: Period) -> Measure:
    """Sum the mrr active at the end of the last day, or of the as-of date where that is earlier; 0 where none is."""
    rows = active(book, last_known(book, period))
    return total(rows, rows.mrr)


@_money(
    "mrr",
    "arr",
    meaning="What comes in every year, as it stands at the end of the period.",
    formula="12 x mrr at the end of the period",
)
def arr(book: Book, period: Period) -> Measure:
    """Multiply the mrr at the end of the period by 12."""
    rows = active(book, last_known(book, period))
    return total(rows, rows.mrr * 12)


@_money(
    "mrr",
    "average",
    meaning="What came in every month of the period, on average.",
    formula="mean of the mrr at the ends of the period's months",
)
def mrr_average(book: Book, period: Period) -> Measure:
    """Average the mrr at the ends of the period's months that are known; at its own end where no month ends in it."""
    ends = [month.last_day for month in period.split("month")]
    days = [day for day in ends if day == period.last_day or (day + dtm.timedelta(days=1)).day == 1]
    known = [day for day in days if day <= book.as_of] or [last_known(book, period)]
    tables = [active(book, day) for day in known]
    rows = ibis.union(*tables) if len(tables) > 1 else tables[0]
    return total(rows, rows.mrr.cast("float64") / len(known))


def upgrades(book: Book) -> ir.Table:
    """Return every rise of an account's mrr on a day that it was already paying before: ``account_id, _on, rise``.

    What starts and what ends on one day is netted, so that a change of plan or price counts by its difference.
    """
    return memo.table(book, "upgrades", make=lambda: _upgrades(book))


def _upgrades(book: Book) -> ir.Table:
    rows = book.subscriptions.filter(_.account_id.notnull(), _.mrr.notnull())
    starts = rows.select("account_id", _on=rows.started_on, change=rows.mrr)
    ended = rows.filter(rows.ended_on.notnull())
    ends = ended.select("account_id", _on=ended.ended_on, change=-ended.mrr)
    daily = starts.union(ends).group_by("account_id", "_on").aggregate(rise=_.change.sum())
    earlier = ibis.window(group_by="account_id", order_by="_on", preceding=(None, 1))
    daily = daily.mutate(_before=daily["rise"].sum().over(earlier))
    return daily.filter(daily["rise"] > 0, daily["_before"] > 0).drop("_before")


def expansions(book: Book, period: Period) -> ir.Table:
    """Return what customers added in a period: won deals of kind expansion, and upgrades of subscriptions.

    An upgrade counts for a year, 12 times the rise of mrr, as a deal's amount does. Within 90 days of a won expansion
    deal of the same account it is that deal's own, and not counted again.

    Returns
    -------
    ibis.Table
        ``opportunity_id, owner_id`` and ``lead_id`` (null for an upgrade), ``account_id, product, amount, _on`` and
        ``is_upsell``: whether the account had bought the product before; true for an upgrade, null where the deal
        names no account or no product.

    Raises
    ------
    NeedsData
        Neither deals of a kind nor subscriptions are given.
    """
    if not book.gives("opportunities.kind") and not book.gives("subscriptions.mrr"):
        book.require("opportunities.kind")
    found = []
    if book.gives("opportunities.kind"):
        won = bookings(book).filter(_.kind == "expansion")
        found.append(_deals(book, within(won, period)))
    if book.gives("subscriptions.mrr"):
        rises = within(upgrades(book), period)
        if book.gives("opportunities.kind"):
            deals = won.select(_account="account_id", _closed="_on")
            days = deals["_closed"].delta(rises["_on"], unit="day")
            is_near = days.between(-_SAME_DEAL_DAYS, _SAME_DEAL_DAYS)
            rises = rises.anti_join(deals, [rises.account_id == deals["_account"], is_near])
        nothing = ibis.null("string")
        found.append(
            rises.select(
                opportunity_id=nothing,
                owner_id=nothing,
                lead_id=nothing,
                account_id="account_id",
                product=nothing,
                amount=(rises["rise"] * 12).cast(_MONEY),
                _on="_on",
                is_upsell=ibis.literal(True),
            )
        )
    return found[0].union(found[1]) if len(found) > 1 else found[0]


def _deals(book: Book, deals: ir.Table) -> ir.Table:
    """Return expansion deals with whether their account had bought their product on an earlier day."""
    firsts = memo.table(book, "first_of_product", make=lambda: _first_of_product(book))
    rows = deals.left_join(firsts, [("account_id", "_account"), ("product", "_product")])
    is_known = rows.account_id.notnull() & rows["product"].notnull()
    return rows.select(
        "opportunity_id",
        "owner_id",
        "lead_id",
        "account_id",
        "product",
        amount=rows.amount.cast(_MONEY),
        _on="_on",
        is_upsell=is_known.ifelse((rows["_first"] < rows["_on"]).fill_null(False), ibis.null("boolean")),
    )


def _first_of_product(book: Book) -> ir.Table:
    bought = [bookings(book).select("account_id", "product", "_on")]
    if book.has("orders"):
        bought.append(purchases(book).select("account_id", "product", "_on"))
    history = bought[0].union(bought[1]) if len(bought) > 1 else bought[0]
    return history.group_by(_account="account_id", _product="product").aggregate(_first=_["_on"].min())


@_money(
    "expansion_revenue",
    "all",
    default=True,
    needs=("opportunities.kind|subscriptions.mrr",),
    grain="a won deal of kind expansion, or a day's upgrade of an account's subscriptions",
    meaning="What customers added to what they had.",
    formula="won amount of kind expansion, and 12 x the rise of mrr of upgrades that no such deal stands for",
    action="look at who uses much of what they have, and at who has not been offered more",
)
def expansion_revenue(book: Book, period: Period) -> Measure:
    """Sum the expansions of the period, a year's worth each; 0 where none."""
    rows = expansions(book, period)
    return total(rows, rows.amount)


def _of(book: Book, period: Period, *, is_upsell: bool) -> Measure:
    if book.gives("opportunities.kind"):
        book.require("opportunities.product")
    rows = expansions(book, period)
    rows = rows.filter(rows["is_upsell"].isnull() | (rows["is_upsell"] == ibis.literal(is_upsell)))
    return total(rows, rows.amount).leaving_out(rows["is_upsell"].isnull(), "deals without an account or a product")


@_money(
    "expansion_revenue",
    "upsell",
    meaning="What customers added of what they already had.",
    formula="expansion revenue of a product that the account had bought on an earlier day, and upgrades",
)
def expansion_upsell(book: Book, period: Period) -> Measure:
    """Sum the expansions by a product bought before; deals that do not tell are left out, and counted in the reason."""
    return _of(book, period, is_upsell=True)


@_money(
    "expansion_revenue",
    "cross_sell",
    meaning="What customers added that they did not have.",
    formula="expansion revenue of a product that the account had not bought before",
)
def expansion_cross_sell(book: Book, period: Period) -> Measure:
    """Sum the expansions by a new product; deals that do not tell are left out, and counted in the reason."""
    return _of(book, period, is_upsell=False)
