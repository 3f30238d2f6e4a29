"""The acquisition family: how many of those who come in go on, step by step, and become customers."""

from __future__ import annotations

import datetime as dtm
from functools import partial
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.errors import NeedsData
from salesnb.kpis.answers import answer
from salesnb.kpis.funnels_deals import deal_steps, deal_way
from salesnb.kpis.funnels_leads import CONVERTED, customers, visitors
from salesnb.kpis.funnels_stints import stints
from salesnb.kpis.measure import Measure, count, quotient, ratio
from salesnb.kpis.registry import kpi
from salesnb.kpis.sales import within

if TYPE_CHECKING:
    from salesnb.data.book import Book
    from salesnb.periods import Period

LEAD_DAYS = 90
STAGE_DAYS = 30
_LINKS = "leads.opportunity_id|opportunities.lead_id|leads.account_id"
_rate = partial(
    kpi,
    unit="ratio",
    better="up",
    category="effectiveness",
    category3="efficiency",
    owner="head of marketing",
    cadence="monthly",
)


@_rate(
    "lead_conversion_rate",
    "created",
    default=True,
    needs=("leads.created_at", _LINKS),
    grain="a lead",
    action="look at which sources bring leads that are not worth working",
    meaning="Of the leads that came in in the period, the share that became customers so far.",
    formula="leads created in P that became customers by the as-of date / leads created in P",
)
def lead_conversion_created(book: Book, period: Period) -> Measure:
    """Share of the period's leads that are customers by now; immature, with the share, while some may become one.

    A lead is a customer once a deal of it is won; where the source does not say which deal a lead became, once its
    account has first bought. n/a where no lead came in.
    """
    rows = _leads(book, period)
    found = answer(book, rows.aggregate(still=rows["_may"].cast("int32").sum(), n=rows.count())).iloc[0]
    still, n = 0 if pd.isna(found["still"]) else int(found["still"]), int(found["n"])
    told = f"{still} of the {n} leads of {period} ({still / n:.0%}) may still become customers" if still else ""
    return ratio(rows, rows["_won_on"].notnull()).saying(immature=told)


@kpi(
    "lead_conversion_rate",
    f"within_{LEAD_DAYS}_days",
    meaning=f"Of the leads that came in in the period, the share that became customers within {LEAD_DAYS} days.",
    formula=f"leads created in P that became customers within {LEAD_DAYS} days / leads created in P, {LEAD_DAYS} days "
    "ago or more",
)
def lead_conversion_within(book: Book, period: Period) -> Measure:
    """Share of the period's leads that became customers in so many days; leads not watched as long are left out."""
    rows = _leads(book, period)
    day = ibis.date(book.as_of - dtm.timedelta(days=LEAD_DAYS))
    took = rows["_won_on"].delta(rows["_on"], unit="day")
    rows = rows.mutate(_young=rows["_on"] > day, _in_time=(took <= LEAD_DAYS).fill_null(False))
    young = int(answer(book, rows.filter(rows["_young"]).aggregate(n=lambda t: t.count()))["n"].iloc[0])
    told = f"{young} of the leads of {period} are younger than {LEAD_DAYS} days" if young else ""
    measure = ratio(rows, rows["_in_time"]).leaving_out(rows["_young"], f"younger than {LEAD_DAYS} days")
    return measure.saying(immature=told)


@kpi(
    "lead_conversion_rate",
    "closed_in_period",
    needs=("leads.created_at", "opportunities"),
    meaning="How many customers were won in the period for each lead that came in in it.",
    formula="customers won in P (accounts whose first won deal closed in P) / leads created in P",
)
def lead_conversion_closed(book: Book, period: Period) -> Measure:
    """Customers won in the period over its leads, whoever they came from; n/a where no lead came in."""
    return quotient(_won(book, period), _came(book, period), named=("customers won", "leads"))


@_rate(
    "lead_to_sale_ratio",
    "closed_in_period",
    default=True,
    unit="number",
    better="down",
    category="efficiency",
    needs=("leads.created_at", "opportunities"),
    grain="a lead or a won deal",
    action="look at which sources bring leads that are not worth working",
    meaning="How many leads come in for each customer that is won.",
    formula="leads created in P / customers won in P = 1 / lead_conversion_rate.closed_in_period",
)
def lead_to_sale_ratio(book: Book, period: Period) -> Measure:
    """Leads for each customer won; n/a where none was won."""
    return quotient(_came(book, period), _won(book, period), named=("leads", "customers won"))


@_rate(
    "stage_conversion",
    "reached_next",
    default=True,
    needs=("opportunities", "opportunity_events|opportunity_snapshots"),
    owner="head of sales",
    grain="a deal in a stage",
    by="stage",
    action="look at what deals wait for, and are lost by, in the stage that lets the fewest through",
    meaning="Of the deals that came to each stage in the period, the share that reached the next one.",
    formula="deals that entered stage s in P and reached stage s + 1, or the win, by the as-of date / deals that "
    "entered stage s in P; a stage skipped counts as passed, a move back takes nothing away",
)
def stage_conversion(book: Book, period: Period) -> Measure:
    """Share of the deals that came to a stage in the period that went on, stage by stage; immature while some stay."""
    rows = _stints(book, period)
    still = int(answer(book, rows.filter(rows.fate == "still").aggregate(n=lambda t: t.count()))["n"].iloc[0])
    told = f"{still} of the stays in stages that began in {period} are not over" if still else ""
    return ratio(rows, rows.fate == "passed").saying(immature=told)


@kpi(
    "stage_conversion",
    f"within_{STAGE_DAYS}_days",
    meaning=f"Of the deals that came to each stage in the period, those that reached the next in {STAGE_DAYS} days.",
    formula=f"deals that entered stage s in P and reached stage s + 1, or the win, within {STAGE_DAYS} days / deals "
    f"that entered stage s in P, {STAGE_DAYS} days ago or more",
)
def stage_conversion_within(book: Book, period: Period) -> Measure:
    """The same within so many days; deals that came to the stage later than that before the as-of date are left out."""
    rows = _stints(book, period)
    day = ibis.date(book.as_of - dtm.timedelta(days=STAGE_DAYS))
    rows = rows.mutate(_young=rows["_on"] > day, _in_time=(rows.fate == "passed") & (rows.days <= STAGE_DAYS))
    young = int(answer(book, rows.filter(rows["_young"]).aggregate(n=lambda t: t.count()))["n"].iloc[0])
    told = f"{young} of the stays in stages began less than {STAGE_DAYS} days ago" if young else ""
    measure = ratio(rows, rows["_in_time"]).leaving_out(rows["_young"], f"not watched for {STAGE_DAYS} days")
    return measure.saying(immature=told)


@_rate(
    "web_conversion_rate",
    "visitors",
    default=True,
    needs=("touches.visitor_id", "touches.kind"),
    needs_decide=True,
    grain="a visitor",
    action="look at which channels bring visitors who leave nothing",
    meaning="Of the visitors of the period, the share that ordered or left a lead in it.",
    formula="visitors with an order or lead in P / visitors in P",
)
def web_conversion(book: Book, period: Period) -> Measure:
    """Share of the period's visitors with a touch of kind order or lead in it; n/a where nobody came."""
    rows = visitors(book, period.start, period.end)
    done = rows[f"{CONVERTED[0]}_at"].notnull()
    for kind in CONVERTED[1:]:
        done = done | rows[f"{kind}_at"].notnull()
    return ratio(rows, done)


@kpi(
    "web_conversion_rate",
    "checkout",
    action="look at what the checkout asks for, and where it fails",
    meaning="Of the visitors who filled a cart in the period, the share that ordered after it.",
    formula="visitors with an order in P, not before their cart / visitors with a cart in P",
)
def web_conversion_checkout(book: Book, period: Period) -> Measure:
    """Share of the period's visitors with a cart that ordered in it, at or after the cart; n/a where there was none."""
    rows = visitors(book, period.start, period.end)
    rows = rows.filter(rows.cart_at.notnull())
    return ratio(rows, (rows.order_at >= rows.cart_at).fill_null(False))


def _leads(book: Book, period: Period) -> ir.Table:
    """Return the leads of a period with ``_on``, ``_won_on`` and ``_may``: whether they may still become customers."""
    became = customers(book)
    if became is None:
        needs = "leads.opportunity_id or leads.account_id"
        raise NeedsData(
            f"needs {needs}, with deals or orders", where=book.name, needs=needs, mend="map it in the source's mapping"
        )
    leads = book.leads
    rows = within(leads.mutate(_on=leads.created_at.cast("date")), period)
    joined = rows.left_join(became, rows.lead_id == became["_lead"])
    may = joined["_won_on"].isnull() & (joined["_deal_on"].isnull() | joined["_open"].fill_null(False))
    return joined.select(*rows.columns, "_won_on", _may=may)


def _came(book: Book, period: Period) -> Measure:
    leads = book.leads
    return count(within(leads.mutate(_on=leads.created_at.cast("date")), period))


def _won(book: Book, period: Period) -> Measure:
    """Count the accounts whose first won deal closed in the period; a deal without an account is one of its own."""
    deals = book.opportunities
    won = deals.filter(deals.outcome == "won", deals.closed_on.notnull()).mutate(_on=deals.closed_on)
    order = ibis.window(group_by=ibis.coalesce(won.account_id, won.opportunity_id), order_by=["_on", "opportunity_id"])
    firsts = won.mutate(_place=ibis.row_number().over(order))
    return count(within(firsts.filter(firsts["_place"] == 0).drop("_place"), period))


def _stints(book: Book, period: Period) -> ir.Table:
    """Return a row for each stage that a deal came to in a period, with its ``stage``; of all but the win."""
    steps = deal_steps(book)
    if not steps:
        needs = "opportunity_events of the field stage"
        raise NeedsData(f"needs {needs}", where=book.name, needs=needs, mend="give the log of the deals' stages")
    way = deal_way(book)
    keep = [name for name in way.rows.columns if name in _KEPT]
    rows = stints(way.rows, way.plan, book.as_of, keep=keep)
    rows = rows.filter(rows.fate != "reached")
    named = ibis.cases(*((rows.place == i, name) for i, name in enumerate(steps)))
    return within(rows.mutate(stage=named, _on=rows.came_on), period)


_KEPT = ("opportunity_id", "account_id", "lead_id", "owner_id", "kind", "product", "amount", "outcome", "loss_reason")
