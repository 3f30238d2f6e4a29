"""Amounts in several currencies into the book's own, at the rate of each row's own day."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from salesnb.data.columns import Contract
from salesnb.data.readings import POINT, money, read_number

STALE_DAYS = 31
_DAY = {
    "opportunities": ("closed_on", "created_at"),
    "opportunity_snapshots": ("snapshot_on",),
    "orders": ("ordered_at",),
    "subscriptions": ("started_on",),
}
_ALSO = {"orders": ("cost", "discount")}


def convert(
    table: ir.Table, contract: Contract, currency: str, rates: ir.Table | None, *, has_currency: bool
) -> ir.Table:
    """Bring a table's money into the book's currency.

    The rate is the last one on or before the row's day and at most 31 days older: for a deal the day it closed, else
    the day it was created; for a snapshot, order line or subscription its own day. A deal's ``rate__`` is kept, so
    that its change log can be converted alike.

    Parameters
    ----------
    currency
        The book's own; an amount without one is in it.
    rates
        The rates in use, or None.
    has_currency
        Whether the mapping gives each row's currency.

    Returns
    -------
    ir.Table
        With ``original__<column>`` (each amount as written), ``currency__`` (its currency), ``rate__``,
        ``norate__`` (there is an amount in another currency and no rate); unchanged where the table has no currency
        of its own.
    """
    if contract.money is None or "currency" not in contract.names:
        return table
    if not has_currency:
        is_repaired = contract.name == "orders"  # a return's sign may be turned: keep the amount as written
        own = {"original__amount": table["amount"]} if is_repaired else {}
        return table.mutate(currency=ibis.literal(currency), currency__=ibis.literal(currency), **own)
    names = (contract.money, *_ALSO.get(contract.name, ()))
    originals = {f"original__{name}": table[name] for name in names}
    table = table.mutate(currency__=table.currency.upper().fill_null(currency), **originals)
    is_own = table.currency__ == currency
    if rates is None:
        rate = is_own.ifelse(ibis.literal(1).cast("decimal(18, 8)"), ibis.null("decimal(18, 8)"))
        table = table.mutate(rate__=rate)
    else:
        day = ibis.coalesce(*[table[name].cast("date") for name in _DAY[contract.name]])
        table = table.mutate(day__=day)
        known = rates.group_by(on="on", code=rates.currency.upper()).agg(rate__=rates.rate.min().cast("decimal(18, 8)"))
        known = known.mutate(next__=known.on.lead().over(group_by=known.code, order_by=known.on))
        known = known.mutate(
            last__=ibis.least(
                (known.on + ibis.interval(days=STALE_DAYS)).cast("date"),
                (known.next__ - ibis.interval(days=1)).cast("date").fill_null(ibis.date("2199-12-31")),
            )
        )
        table = table.left_join(
            known,
            [table.currency__ == known.code, table.day__ >= known.on, table.day__ <= known.last__],
        ).drop("on", "code", "next__", "last__", "day__")
        own = ibis.literal(1).cast("decimal(18, 8)")
        table = table.mutate(rate__=(table.currency__ == currency).ifelse(own, table.rate__))
    is_own = table.currency__ == currency
    changed = {
        name: is_own.ifelse(table[name], (table[name] * table.rate__).round(4).cast("decimal(18, 4)")) for name in names
    }
    no_rate = table.rate__.isnull() & table[f"original__{contract.money}"].notnull()
    return table.mutate(**changed, norate__=no_rate, currency=table.currency__)


def convert_events(events: ir.Table, deals: ir.Table) -> ir.Table:
    """Bring the amounts of a change log into the book's currency, at the rate of their deal."""
    if "rate__" not in deals.columns:
        return events
    rates = deals.filter(deals.rate__.notnull() & (deals.rate__ != 1)).select(
        deal__=deals.opportunity_id, rate__=deals.rate__
    )
    rates = rates.group_by("deal__").agg(rate__=rates.rate__.min())
    joined = events.left_join(rates, [events.opportunity_id == rates.deal__])
    is_foreign = (joined.field == "amount") & joined.rate__.notnull()

    def at_rate(text: ir.StringValue) -> ir.StringValue:
        amount = (money(read_number(text, POINT)) * joined.rate__).round(4).cast("decimal(18, 4)").cast("string")
        return is_foreign.ifelse(ibis.coalesce(amount, text), text)

    return joined.mutate(old=at_rate(joined.old), new=at_rate(joined.new)).drop("deal__", "rate__")
