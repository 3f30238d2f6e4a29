"""The customers family, who stays: retention and churn of customers and of what they pay, on one base each.

Under contract a customer is an account that pays, at the end of a day, an mrr above 0: a trial is none, and an account
with ten subscriptions is one. Without subscriptions it is an account that buys: of those that bought in the period
before, those that bought again.
"""

from __future__ import annotations

import datetime as dtm
from functools import partial
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.calendars import year_before
from salesnb.kpis.bookings import last_known
from salesnb.kpis.measure import Measure, formula, ratio, total
from salesnb.kpis.recurring import active
from salesnb.kpis.registry import kpi
from salesnb.kpis.sales import purchases, within

if TYPE_CHECKING:
    from salesnb.data.book import Book
    from salesnb.periods import Period

_DAY = dtm.timedelta(days=1)
_MRR = ("subscriptions.account_id", "subscriptions.mrr")
_stays = partial(
    kpi,
    unit="ratio",
    category="effectiveness",
    category3="revenue",
    owner="head of customer success",
    cadence="monthly",
    grain="a customer",
)


def paying(book: Book, day: dtm.date) -> ir.Table:
    """Return the accounts that pay at the end of a day: ``account_id, mrr``, the sum over their subscriptions."""
    rows = active(book, day)
    rows = rows.filter(rows.account_id.notnull(), rows.mrr.notnull())
    held = rows.group_by("account_id").aggregate(mrr=rows.mrr.sum())
    return held.filter(held["mrr"] > 0)


def kept(book: Book, then: dtm.date, now: dtm.date) -> ir.Table:
    """Return the accounts that paid on a day with what they pay on a later one.

    Returns
    -------
    ibis.Table
        ``account_id, was`` (mrr then) ``, became`` (mrr now, 0 for one that pays no more).
    """
    before, after = paying(book, then), paying(book, now).rename(_now="account_id", _mrr="mrr")
    rows = before.left_join(after, before.account_id == after["_now"])
    zero = ibis.literal(0).cast(rows["_mrr"].type())
    return rows.select("account_id", was=rows.mrr, became=ibis.coalesce(rows["_mrr"], zero))


def bought_again(book: Book, period: Period) -> ir.Table:
    """Return the accounts that bought in the period before: ``account_id, is_back``, whether they bought in this."""
    rows = purchases(book)
    rows = rows.filter(rows.account_id.notnull())
    before = within(rows, period.previous).group_by("account_id").aggregate()
    here = within(rows, period).group_by(_here="account_id").aggregate()
    joined = before.left_join(here, before.account_id == here["_here"])
    return joined.select("account_id", is_back=joined["_here"].notnull())


def _running(book: Book, period: Period, measure: Measure) -> Measure:
    """Say that a customer may still leave, or buy, while the period runs."""
    running = "" if period.is_complete(book.as_of) else f"{period} is not over on {book.as_of}"
    return measure.saying(immature=running)


def _spans(book: Book, period: Period) -> ir.Table:
    return kept(book, period.start - _DAY, last_known(book, period))


def _contract(book: Book) -> bool:
    return book.gives("subscriptions.account_id") and book.gives("subscriptions.mrr")


@_stays(
    "retention_rate",
    "customers",
    default=True,
    better="up",
    needs=("subscriptions.mrr|orders.account_id|opportunities.account_id",),
    meaning="Of the customers there were at the start of the period, the share that was there at its end.",
    formula="accounts that pay at the start of P and at its end / those that pay at its start; without subscriptions "
    "retention_rate.orders",
    action="call those who left, and look at what they have in common",
)
def retention_rate(book: Book, period: Period) -> Measure:
    """Share of the customers at the period's start that are there at its end; n/a where there was none."""
    if not _contract(book):
        return retention_orders(book, period)
    rows = _spans(book, period)
    return _running(book, period, ratio(rows, rows["became"] > 0))


@kpi(
    "retention_rate",
    "orders",
    needs=("orders.account_id|opportunities.account_id",),
    meaning="Of the customers who bought in the period before, the share that bought again in this one.",
    formula="accounts that bought in P and in the previous period / those that bought in the previous period",
)
def retention_orders(book: Book, period: Period) -> Measure:
    """Share of the previous period's buyers that bought again; n/a where nobody bought then."""
    rows = bought_again(book, period)
    return _running(book, period, ratio(rows, rows["is_back"]))


@_stays(
    "churn_rate",
    "customers",
    default=True,
    better="down",
    needs=("subscriptions.mrr|orders.account_id|opportunities.account_id",),
    meaning="Of the customers there were at the start of the period, the share that was gone at its end.",
    formula="1 - retention_rate.customers, on the same base",
    action="call those who left, and look at what they have in common",
)
def churn_rate(book: Book, period: Period) -> Measure:
    """Share of the customers at the period's start that are gone at its end; n/a where there was none."""
    if not _contract(book):
        rows = bought_again(book, period)
        return _running(book, period, ratio(rows, ~rows["is_back"]))
    rows = _spans(book, period)
    return _running(book, period, ratio(rows, rows["became"] == 0))


@kpi(
    "churn_rate",
    "orders",
    needs=("orders.account_id|opportunities.account_id",),
    meaning="Of the customers who bought in the period before, the share that did not buy in this one.",
    formula="1 - retention_rate.orders, on the same base",
)
def churn_orders(book: Book, period: Period) -> Measure:
    """Share of the previous period's buyers that did not buy again; n/a where nobody bought then."""
    rows = bought_again(book, period)
    return _running(book, period, ratio(rows, ~rows["is_back"]))


@kpi(
    "churn_rate",
    "revenue",
    needs=_MRR,
    meaning="Of the monthly revenue at the start of the period, the share that left with customers who left.",
    formula="mrr at the start of P of the accounts that pay nothing at its end / mrr at the start of P",
)
def churn_revenue(book: Book, period: Period) -> Measure:
    """Share of the mrr at the period's start whose account pays nothing at its end; n/a where there was none."""
    rows = _spans(book, period)
    zero = ibis.literal(0).cast(rows["was"].type())
    lost = (rows["became"] == 0).ifelse(rows["was"], zero)
    return _running(book, period, ratio(rows, lost, rows["was"]))


def _net(rows: ir.Table) -> Measure:
    return ratio(rows, rows["became"], rows["was"])


def _gross(rows: ir.Table) -> Measure:
    return ratio(rows, ibis.least(rows["became"], rows["was"]), rows["was"])


def _year(book: Book, period: Period) -> ir.Table:
    return kept(book, year_before(period.end) - _DAY, last_known(book, period))


@_stays(
    "nrr",
    "year",
    default=True,
    better="up",
    needs=_MRR,
    needs_decide=True,
    meaning="What the customers of a year ago pay now, over what they paid then.",
    formula="mrr now of the accounts that paid 12 months before the end of P / their mrr then",
    action="look at the walk of mrr: expansion, contraction and churn",
)
def nrr(book: Book, period: Period) -> Measure:
    """Divide what the customers of a year ago pay at the period's end by what they paid; n/a where there was none."""
    return _running(book, period, _net(_year(book, period)))


@kpi(
    "nrr",
    "quarter",
    meaning="What the customers at the start of the period pay at its end, over what they paid.",
    formula="mrr at the end of P of the accounts that paid at its start / their mrr at its start",
)
def nrr_quarter(book: Book, period: Period) -> Measure:
    """Divide what the customers at the period's start pay at its end by what they paid; n/a where there was none."""
    return _running(book, period, _net(_spans(book, period)))


@_stays(
    "grr",
    "year",
    default=True,
    better="up",
    needs=_MRR,
    needs_decide=True,
    meaning="What is left now of what the customers of a year ago paid, what they added left out.",
    formula="sum over accounts of the lower of mrr now and 12 months before the end of P / their mrr then",
    action="look at who pays less, and at who left",
)
def grr(book: Book, period: Period) -> Measure:
    """Divide the lower of now and then, account by account, by then; at most 1; n/a where nobody paid then."""
    return _running(book, period, _gross(_year(book, period)))


@kpi(
    "grr",
    "quarter",
    meaning="What is left at the end of the period of what its customers paid at its start.",
    formula="sum over accounts of the lower of mrr at the end and at the start of P / their mrr at its start",
)
def grr_quarter(book: Book, period: Period) -> Measure:
    """Divide the lower of the period's end and start, account by account, by the start; n/a where nobody paid then."""
    return _running(book, period, _gross(_spans(book, period)))


@_stays(
    "quick_ratio",
    "mrr",
    default=True,
    unit="number",
    better="up",
    needs=_MRR,
    meaning="How much monthly revenue came in for each unit that went out.",
    formula="rises of mrr over P, account by account, new ones included / falls of it, those who left included",
    action="below 1 the base shrinks: stop the leak before filling it",
    source="Mamoon Hamid, Social Capital (2015)",
)
def quick_ratio(book: Book, period: Period) -> Measure:
    """Divide all rises of accounts' mrr from the period's start to its end by all falls; n/a where nothing fell."""
    rows = changes(book, period.start - _DAY, last_known(book, period))
    zero = ibis.literal(0).cast(rows["change"].type())
    parts = {
        "rises": total(rows, ibis.greatest(rows["change"], zero)),
        "falls": total(rows, ibis.greatest(-rows["change"], zero)),
    }

    def divide(values: pd.DataFrame) -> pd.Series[float]:
        return values["rises"] / values["falls"].where(values["falls"] > 0)

    return _running(book, period, formula(parts, divide))


def changes(book: Book, then: dtm.date, now: dtm.date) -> ir.Table:
    """Return the accounts whose mrr is another on a later day: ``account_id, was, became, change``."""
    before = paying(book, then).rename(_then="account_id", _was="mrr")
    after = paying(book, now).rename(_now="account_id", _became="mrr")
    rows = before.outer_join(after, before["_then"] == after["_now"])
    zero = ibis.literal(0).cast(rows["_was"].type())
    rows = rows.select(
        account_id=ibis.coalesce(rows["_then"], rows["_now"]),
        was=ibis.coalesce(rows["_was"], zero),
        became=ibis.coalesce(rows["_became"], zero),
    )
    rows = rows.mutate(change=rows["became"] - rows["was"])
    return rows.filter(rows["change"] != 0)
