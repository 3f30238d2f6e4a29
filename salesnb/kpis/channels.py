"""The acquisition family, what channels bring: the revenue of new customers, given to the touches that led to it.

A customer seldom comes by one channel alone. Three rules share its revenue among the touches it had up to its first
purchase: all to the first, all to the last, or the same to each. No rule is true; where they differ much, a channel
opens doors that another closes. The parts of each sum to the revenue of new customers, to the cent.

A touch that names no account is its visitor's, where all that is known of that visitor is one account: the visits
before a lead gives its name are what opened the door.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

import ibis
import ibis.expr.types as ir

from salesnb.kpis.measure import Measure, total
from salesnb.kpis.registry import kpi
from salesnb.kpis.sales import new_customer_sales

if TYPE_CHECKING:
    from salesnb.data.book import Book
    from salesnb.periods import Period

Rule = Literal["first", "last", "linear"]
_MONEY = "decimal(24, 4)"
_channel = partial(
    kpi,
    unit="money",
    better="up",
    category="revenue",
    category3="revenue",
    owner="head of marketing",
    cadence="quarterly",
    needs=("touches.channel", "touches.account_id", "orders.account_id|opportunities.account_id"),
    by="channel",
    grain="a new customer's revenue, or a part of it",
)


def known_touches(book: Book) -> ir.Table:
    """Return the touches with a channel and an account, their own or the one account of their visitor."""
    touches = book.touches
    touches = touches.filter(touches.channel.notnull())
    if not book.gives("touches.visitor_id"):
        return touches.filter(touches.account_id.notnull())
    named = touches.filter(touches.visitor_id.notnull(), touches.account_id.notnull())
    known = named.group_by(_visitor="visitor_id").aggregate(_account=named.account_id.min(),
                                                            _accounts=named.account_id.nunique())  # fmt: skip
    known = known.filter(known["_accounts"] == 1)
    met = touches.left_join(known, touches.visitor_id == known["_visitor"])
    met = met.mutate(account_id=ibis.coalesce(met.account_id, met["_account"]))
    return met.filter(met.account_id.notnull()).select(*touches.columns)


def attributed(book: Book, period: Period, rule: Rule) -> ir.Table:
    """Return the revenue of a period's new customers by the channel of their touches.

    Parameters
    ----------
    rule
        ``first``, ``last``, or ``linear``: each touch up to the day of the first purchase has the same part, and the
        last of them what rounding leaves.

    Returns
    -------
    ibis.Table
        ``account_id, amount, channel`` (null for a customer without a touch) ``, campaign, _on`` (the first purchase).
    """
    lines = new_customer_sales(book, period)
    each = lines.group_by("account_id").aggregate(amount=lines.amount.sum().cast(_MONEY), _on=lines["first_on"].min())
    touches = known_touches(book)
    on = touches.happened_at.cast("date")
    touches = touches.select("touch_id", "channel", "campaign", _of="account_id", _at="happened_at", _touched=on)
    met = each.left_join(touches, [each.account_id == touches["_of"], touches["_touched"] <= each["_on"]])
    window = ibis.window(group_by=met.account_id, order_by=[met["_at"], met.touch_id])
    whole = ibis.window(group_by=met.account_id)
    met = met.mutate(_place=ibis.row_number().over(window), _touches=met.touch_id.count().over(whole))
    last = ibis.greatest(met["_touches"] - 1, 0)
    if rule == "linear":
        part = (met.amount / ibis.greatest(met["_touches"], 1)).cast(_MONEY)
        rest = (met.amount - part * last).cast(_MONEY)
        met = met.mutate(amount=(met["_place"] == last).ifelse(rest, part))
    else:
        met = met.filter(met["_place"] == (0 if rule == "first" else last))
    return met.select("account_id", "amount", "channel", "campaign", "_on")


def _measure(book: Book, period: Period, rule: Rule) -> Measure:
    rows = attributed(book, period, rule)
    return total(rows, rows.amount)


@_channel(
    "channel_performance",
    "first_touch",
    default=True,
    meaning="What the customers brought whom each channel was the first to reach.",
    formula="revenue in P of the accounts that first bought in it, by the channel of their first touch",
    action="ask what opens doors: it is seldom what closes them",
)
def first_touch(book: Book, period: Period) -> Measure:
    """New customers' revenue by first touch; those without a touch stand under "(none)"."""
    return _measure(book, period, "first")


@kpi(
    "channel_performance",
    "last_touch",
    meaning="What the customers brought whom each channel was the last to reach before they bought.",
    formula="revenue in P of the accounts that first bought in it, by the channel of their last touch up to that day",
)
def last_touch(book: Book, period: Period) -> Measure:
    """New customers' revenue by last touch; those without a touch stand under "(none)"."""
    return _measure(book, period, "last")


@kpi(
    "channel_performance",
    "linear",
    meaning="What the new customers brought, shared alike by all the channels that reached them.",
    formula="revenue in P of the accounts that first bought in it, the same part to each touch up to that day",
)
def linear(book: Book, period: Period) -> Measure:
    """New customers' revenue, a part to each touch; those without a touch stand under "(none)"."""
    return _measure(book, period, "linear")
