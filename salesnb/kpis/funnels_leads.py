"""Leads through qualification and deals to customers, and web visitors through carts to orders."""

from __future__ import annotations

import datetime as dtm

import ibis
import ibis.expr.types as ir

from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.data.history import entered
from salesnb.kpis.funnels import Plan, placed
from salesnb.kpis.funnels_deals import Way
from salesnb.kpis.sales import first_purchases

LEAD, QUALIFIED, DEAL, CUSTOMER = "Lead", "Qualified", "Deal", "Customer"
VISITOR, CART, ORDER = "Visitor", "Cart", "Order"
CONVERTED = ("order", "lead")
_ENDED = r"unqualified|disqualified|not converted|junk|dead|lost|rejected"


def links_leads(book: Book) -> bool:
    """Tell whether the source says which deal a lead became, by a column of either."""
    linked = book.gives("leads.opportunity_id") or book.gives("opportunities.lead_id")
    return linked and book.gives("opportunities")


def customers(book: Book) -> ir.Table | None:
    """Return what became of each lead that became anything: a deal, a customer.

    A lead is a customer on the day on which the first of its deals was won. Where the source does not say which deal
    a lead became, it is one on the day on which its account first bought, if that is not before the lead.

    Returns
    -------
    ibis.Table or None
        ``_lead, _deal_on, _won_on`` (dates), ``_open`` (whether a deal of it is open), ``_ended`` (the last day one
        closed) and ``_value`` (the amounts of its deals); None where neither way is given.
    """
    if links_leads(book):
        return memo.table(book, "lead deals", make=lambda: _by_deals(book))
    buys = book.gives("orders.account_id") or (not book.has("orders") and book.gives("opportunities.account_id"))
    if not (book.gives("leads.account_id") and buys):
        return None
    leads, firsts = book.leads, first_purchases(book).rename(_account="account_id")
    met = leads.inner_join(firsts, leads.account_id == firsts["_account"])
    is_after = (met.first_on >= met.created_at.cast("date")).fill_null(True)
    return met.filter(is_after).select(
        _lead="lead_id", _deal_on=ibis.null("date"), _won_on="first_on", _open=ibis.literal(False),
        _ended=ibis.null("date"), _value=ibis.null("decimal(18, 4)"),
    )  # fmt: skip


def _by_deals(book: Book) -> ir.Table:
    deals = entered(book)
    pairs = []
    if book.gives("leads.opportunity_id"):
        pairs.append(book.leads.select(_lead="lead_id", _id="opportunity_id"))
    if book.gives("opportunities.lead_id"):
        pairs.append(deals.select(_lead="lead_id", _id="opportunity_id"))
    both = ibis.union(*pairs, distinct=True) if len(pairs) > 1 else pairs[0]
    both = both.filter(both["_lead"].notnull(), both["_id"].notnull())
    met = both.inner_join(deals, both["_id"] == deals.opportunity_id)
    won_on = ibis.greatest(ibis.coalesce(met.closed_on, met.entered_on), met.entered_on)
    met = met.mutate(_won=(met.outcome == "won").ifelse(won_on, ibis.null("date")), _is_open=met.outcome == "open")
    return met.group_by("_lead").aggregate(
        _deal_on=met.entered_on.min(),
        _won_on=met["_won"].min(),
        _open=met["_is_open"].any(),
        _ended=met.closed_on.max(),
        _value=met.amount.sum(),
    )


def lead_way(book: Book) -> Way:
    """Return the funnel of leads: come in, qualified, become a deal, become a customer; steps that the source gives.

    A lead that is no deal yet may still go on unless its status says that it ended (unqualified, disqualified, not
    converted, junk, dead, lost, rejected); one that became deals may while one of them is open.

    Raises
    ------
    NeedsData
        There are no leads.
    """
    book.require("leads")
    became = customers(book)
    has_deals = book.gives("leads.converted_at") or links_leads(book)
    names = [LEAD]
    names += [QUALIFIED] if book.gives("leads.qualified_at") else []
    names += [DEAL] if has_deals else []
    names += [CUSTOMER] if became is not None else []
    plan = Plan.of(*names, entering="passed")
    note = "" if became is not None else "which leads became customers needs deals or orders that are linked to them"
    return Way(plan, memo.table(book, "lead way", make=lambda: _lead_rows(book, plan, became)), "lead", "lead_id", note)


def _lead_rows(book: Book, plan: Plan, became: ir.Table | None) -> ir.Table:
    rows = book.leads
    columns = rows.columns
    status = rows.status.lower().re_search(_ENDED).fill_null(False)
    if became is None:
        rows = rows.mutate(
            is_open=~status, ended_on=ibis.null("date"), value=ibis.null("decimal(18, 4)"),
            _converted=rows.converted_at.cast("date"), _won_on=ibis.null("date"),
        )  # fmt: skip
    else:
        rows = rows.left_join(became, rows.lead_id == became["_lead"])
        has_deal = rows["_deal_on"].notnull()
        ends = rows.status.lower().re_search(_ENDED).fill_null(False)
        rows = rows.mutate(
            is_open=has_deal.ifelse(rows["_open"].fill_null(False), ~ends),
            ended_on=rows["_ended"],
            value=rows["_value"],
            _converted=ibis.coalesce(rows.converted_at.cast("date"), rows["_deal_on"]),
        )
    days = {
        LEAD: rows.created_at.cast("date"),
        QUALIFIED: rows.qualified_at.cast("date"),
        DEAL: rows["_converted"],
        CUSTOMER: rows["_won_on"],
    }
    own = {f"own_{i}": days[name] for i, name in enumerate(plan.names)}
    return placed(rows.select(*columns, "is_open", "ended_on", "value", **own), plan)


def visitors(book: Book, start: dtm.date, end: dtm.date) -> ir.Table:
    """Return the visitors of some days, one row each, with what they did in them.

    Parameters
    ----------
    start, end
        The first day, and the day after the last.

    Returns
    -------
    ibis.Table
        ``visitor_id, account_id``, ``channel`` and ``campaign`` of the first touch, ``first_at, cart_at, order_at,
        lead_at`` (the first moment of any touch, and of each kind; kinds are read without regard to case), ``_on``
        (the day of the first touch). Touches without a visitor are nobody's.

    Raises
    ------
    NeedsData
        There are no touches with visitors and kinds.
    """
    book.require("touches", "touches.visitor_id", "touches.kind")
    touches = book.touches
    on = touches.happened_at.cast("date")
    rows = touches.filter(touches.visitor_id.notnull(), on >= ibis.date(start), on < ibis.date(end))
    order = [rows.happened_at, rows.touch_id]
    place = ibis.row_number().over(ibis.window(group_by=rows.visitor_id, order_by=order))
    rows = rows.mutate(_kind=rows.kind.lower().strip(), _place=place)
    is_first = rows["_place"] == 0
    return rows.group_by("visitor_id").aggregate(
        account_id=rows.account_id.max(),
        channel=rows.channel.max(where=is_first),
        campaign=rows.campaign.max(where=is_first),
        first_at=rows.happened_at.min(),
        **{f"{kind}_at": rows.happened_at.min(where=rows["_kind"] == kind) for kind in ("cart", "order", "lead")},
        _on=rows.happened_at.min().cast("date"),
    )


def web_way(book: Book, start: dtm.date, end: dtm.date) -> Way:
    """Return the funnel of the visitors of some days: any touch, a cart, an order; who has a cart has been there.

    Parameters
    ----------
    start, end
        The first day, and the day after the last.

    Raises
    ------
    NeedsData
        There are no touches with visitors and kinds.
    """
    rows = visitors(book, start, end)
    plan = Plan.of(VISITOR, CART, ORDER, entering="passed")
    rows = rows.mutate(own_0=rows.first_at, own_1=rows.cart_at, own_2=rows.order_at)
    rows = rows.mutate(is_open=ibis.literal(False), ended_on=ibis.null("date"))
    return Way(plan, placed(rows, plan), "visitor", "visitor_id")
