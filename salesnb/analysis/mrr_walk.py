"""The walk of monthly recurring revenue: what each account paid at the end of every month, and what changed.

Movement is that of an account, net over its subscriptions: one that swaps a plan for another of the same price has not
moved. Under contract the mrr is what subscriptions say; without subscriptions it is what an account was billed in the
month on order lines of the type subscription, so that a year paid at once is one month's revenue, and the walk says so.
"""

from __future__ import annotations

import datetime as dtm

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.analysis.cohorts_engine import Axis, activity
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.kpis.answers import answer

PARTS = ("new", "expansion", "contraction", "churn", "reactivation")
_MONEY = "decimal(24, 4)"
_SUBSCRIPTION = "subscription"


def basis(book: Book) -> str:
    """Return what mrr is read from: ``subscriptions`` or ``orders``; empty where neither can tell."""
    if book.gives("subscriptions.account_id") and book.gives("subscriptions.mrr"):
        return "subscriptions"
    return "orders" if book.gives("orders.account_id") and book.gives("orders.revenue_type") else ""


def monthly(book: Book, day: dtm.date) -> ir.Table:
    """Return what each account pays a month: one row an account and month in which it pays.

    Parameters
    ----------
    day
        The last day that counts; its month ends with it.

    Returns
    -------
    ibis.Table
        ``account_id, number`` (see :class:`salesnb.analysis.cohorts_engine.Axis`) ``, mrr`` (above 0).

    Raises
    ------
    NeedsData
        There are neither subscriptions with a price nor order lines of the type subscription.
    """
    over = Axis("month")
    source = basis(book)
    if source == "subscriptions":
        rows = activity(book, "contract", day, over)
        return rows.select("account_id", "number", mrr=rows["money"].cast(_MONEY))
    if not source:
        needs = "subscriptions.mrr, or orders.revenue_type"
        raise NeedsData(f"needs {needs}", where=book.name, needs=needs, mend="map the subscriptions")
    lines = book.orders
    lines = lines.filter(lines.revenue_type == _SUBSCRIPTION, lines.account_id.notnull())
    lines = lines.mutate(_on=lines.ordered_at.cast("date"))
    lines = lines.filter(lines["_on"] <= ibis.date(day))
    held = lines.mutate(number=over.number(lines["_on"])).group_by("account_id", "number")
    made = held.aggregate(mrr=ibis._["amount"].sum().cast(_MONEY))
    return made.filter(made["mrr"] > 0)


def moves(paid: ir.Table) -> ir.Table:
    """Return every movement of an account's mrr from the end of one month to the end of the next.

    Returns
    -------
    ibis.Table
        ``account_id, number`` (of the later month) ``, was, became, change, part``: one of :data:`PARTS`; ``new`` is
        the first month in which it ever paid, ``reactivation`` a later one after a month without.
    """
    paid = paid.mutate(_first=paid["number"].min().over(ibis.window(group_by=paid.account_id)))
    before = paid.select(_of="account_id", _next=paid["number"] + 1, _was="mrr", _began="_first")
    met = paid.outer_join(before, [paid.account_id == before["_of"], paid["number"] == before["_next"]])
    zero = ibis.literal(0).cast(_MONEY)
    rows = met.select(
        account_id=ibis.coalesce(met.account_id, met["_of"]),
        number=ibis.coalesce(met["number"], met["_next"]),
        was=ibis.coalesce(met["_was"], zero),
        became=ibis.coalesce(met["mrr"], zero),
        _first=ibis.coalesce(met["_first"], met["_began"]),
    )
    rows = rows.mutate(change=rows["became"] - rows["was"])
    rows = rows.filter(rows["change"] != 0)
    part = ibis.cases(
        ((rows["was"] == 0) & (rows["number"] == rows["_first"]), "new"),
        (rows["was"] == 0, "reactivation"),
        (rows["became"] == 0, "churn"),
        (rows["change"] > 0, "expansion"),
        else_="contraction",
    )
    return rows.mutate(part=part).drop("_first")


def walks(book: Book, paid: ir.Table, moved: ir.Table, first: int, last: int) -> pd.DataFrame:
    """Return the walk of each month, from the number of one to that of another.

    Parameters
    ----------
    book
        Whose engine is asked.
    paid, moved
        See :func:`monthly` and :func:`moves`.
    first, last
        The numbers of the first and the last month.

    Returns
    -------
    pandas.DataFrame
        ``number, opening``, of each part the amount and ``<part>_n`` accounts, ``closing``, ``customers`` at the end
        and ``begin`` at the start; money as Decimal, so that every month ties to the last cent.
    """
    sums = answer(book, moved.group_by("number", "part").aggregate(amount=moved["change"].sum(), n=moved.count()))
    ends = answer(book, paid.group_by("number").aggregate(closing=paid["mrr"].sum(), customers=paid.count()))
    zero = 0 * (ends["closing"].iloc[0] if len(ends) else 0)
    closing = dict(zip(ends["number"].astype(int), ends["closing"], strict=True))
    customers = dict(zip(ends["number"].astype(int), ends["customers"].astype(int), strict=True))
    known = {(int(row["number"]), row["part"]): row for row in sums.to_dict("records")}
    made = []
    for number in range(first, last + 1):
        row = {
            "number": number,
            "opening": closing.get(number - 1, zero),
            "closing": closing.get(number, zero),
            "begin": customers.get(number - 1, 0),
            "customers": customers.get(number, 0),
        }
        for part in PARTS:
            found = known.get((number, part))
            row |= {part: found["amount"] if found else zero, f"{part}_n": int(found["n"]) if found else 0}
        made.append(row)
    return pd.DataFrame(made)
