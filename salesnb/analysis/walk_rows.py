"""Walk rows: the class of every deal that was in the pipeline on either of two days, or passed through in between.

A deal is *in* on a day when it is there, open, due in the walk's days where it has some, and of the walk's owner or
segment where it has one. Each deal is in exactly one class, and all that it changed is in that class:

================  =====================================================================  ===================
class             the deal                                                               what it adds
================  =====================================================================  ===================
``created``       in at the end; it entered after the start                              its amount
``reopened``      in at the end; it was closed at the start, or deleted                  its amount
``owner_in``      in at the end; it was open at the start and somebody else's            its amount
``pulled_in``     in at the end; it was open at the start and not due in the days        its amount
``won``           in at the start; won at the end                                        less its amount then
``lost``          in at the start; lost or disqualified at the end                       less its amount then
``deleted``       in at the start; gone at the end                                       less its amount then
``owner_out``     in at the start; open and somebody else's at the end                   less its amount then
``pushed_out``    in at the start; open and not due in the days at the end               less its amount then
``raised``        in at both; its amount is larger at the end                            the difference
``lowered``       in at both; its amount is smaller at the end                           the difference
``unchanged``     in at both; its amount is the same                                     0
================  =====================================================================  ===================

Where more than one holds, the first in this order is the class: who has a deal comes before when it is due. A null
amount counts as 0.
"""

from __future__ import annotations

import datetime as dtm
from types import MappingProxyType

import ibis
import ibis.expr.types as ir

from salesnb.data import memo
from salesnb.data.between import SIDES, between
from salesnb.data.book import Book
from salesnb.data.contract import IBIS_TYPES
from salesnb.errors import ParameterError, did_you_mean
from salesnb.kpis.dimensions import with_dimension
from salesnb.periods import Period

OF_OWNER = ("rep", "rep_id", "team", "manager", "region", "role")
OF_DEAL = ("account", "account_id", "segment", "industry", "size_band", "country", "product", "kind")
CELLS = MappingProxyType(
    {
        "created": "created",
        "pulled_in": "pulled in",
        "pushed_out": "pushed out",
        "raised": "raised",
        "lowered": "lowered",
        "reopened": "reopened",
        "owner_in": "owner in",
        "owner_out": "owner out",
        "won": "won",
        "lost": "lost",
        "deleted": "deleted",
    }
)
TRIPS = MappingProxyType(
    {
        "created_won": "created and won",
        "created_lost": "created and lost",
        "created_deleted": "created and deleted",
        "reopened_closed": "reopened and closed again",
        "closed_reopened": "closed and reopened",
        "deleted_restored": "deleted and restored",
        "owner_through": "handed in and out again",
        "owner_back": "handed out and back",
        "pulled_pushed": "pulled in and pushed out again",
        "pushed_pulled": "pushed out and pulled back",
        "repriced_back": "amount changed and changed back",
    }
)
OUTSIDE_DATES = ("created", "won", "lost")
"""The classes that dates alone tell of, without a log or snapshots."""
Where = tuple[str, str]


def walked(book: Book, start: dtm.date, end: dtm.date, due: Period | None, where: Where | None) -> ir.Table:
    """Return every deal that was in on either day, or passed through, with its class.

    Parameters
    ----------
    due
        The days in which a deal must be expected to close to be in; None takes all open deals.
    where
        A dimension and a segment of it, such as ``("team", "EMEA")``; None takes everybody's.

    Returns
    -------
    ibis.Table
        One row a deal: ``opportunity_id, cell`` (see above; null for a deal that was in on neither day) ``, change``
        (what it adds to the walk) ``, trip`` (one of :data:`TRIPS`, or null) ``, at_start, at_end`` (the amount it is
        in with, 0 where it is not in) ``, is_in_then, is_in_now, amount_then, amount_now, owner_id_then,
        owner_id_now, expected_close_on_then, expected_close_on_now, outcome_now``.

    Raises
    ------
    NeedsData
        There are no opportunities, or the source does not give the dimension.
    ParameterError
        Deals cannot be walked by that dimension.
    """
    owners = _owners(book, where)
    rows = between(book, start, end, due=due, owners=owners)
    rows = _matched(book, rows, where)
    for side in SIDES:
        rows = rows.mutate(**{f"is_open_{side}": rows[f"is_there_{side}"] & (rows[f"outcome_{side}"] == "open")})
        if due is None:
            is_due: ir.BooleanValue = ibis.literal(True)
        else:
            day = rows[f"expected_close_on_{side}"]
            is_due = ((day >= ibis.date(due.start)) & (day < ibis.date(due.end))).fill_null(False)
        rows = rows.mutate(**{f"is_due_{side}": is_due})
    is_in = {f"is_in_{s}": rows[f"is_open_{s}"] & rows[f"is_due_{s}"] & rows[f"is_ours_{s}"] for s in SIDES}
    rows = rows.mutate(**is_in)
    money = IBIS_TYPES["money"]
    zero = ibis.literal(0).cast(money)
    amounts = {s: ibis.coalesce(rows[f"amount_{s}"], zero) for s in SIDES}
    rows = rows.mutate(
        at_start=rows.is_in_then.ifelse(amounts["then"], zero).cast(money),
        at_end=rows.is_in_now.ifelse(amounts["now"], zero).cast(money),
        is_new=rows.entered_on > ibis.date(start),
    )
    # Stored, because a class asks for these a dozen times, and an engine would work them out each time.
    stood = rows
    rows = memo.table(book, "walk states", start, end, due, where, make=lambda: stood)
    amounts = {s: ibis.coalesce(rows[f"amount_{s}"], zero) for s in SIDES}
    rows = rows.mutate(change=(rows.at_end - rows.at_start).cast(money), cell=_cell(rows), trip=_trip(rows, amounts))
    rows = rows.filter(rows.cell.notnull() | rows.trip.notnull())
    return rows.select(
        "opportunity_id", "cell", "change", "trip", "at_start", "at_end", "is_in_then", "is_in_now",
        *(f"{name}_{side}" for name in ("amount", "owner_id", "expected_close_on") for side in SIDES), "outcome_now",
    )  # fmt: skip


def _cell(rows: ir.Table) -> ir.StringValue:
    was, is_now = rows.is_in_then, rows.is_in_now
    cell: ir.StringValue = ibis.cases(
        (~was & ~is_now, ibis.null("string")),
        (~was & rows.is_new, "created"),
        (~was & ~rows.is_open_then, "reopened"),
        (~was & ~rows.is_ours_then, "owner_in"),
        (~was, "pulled_in"),
        (~is_now & ~rows.is_there_now, "deleted"),
        (~is_now & (rows.outcome_now == "won"), "won"),
        (~is_now & (rows.outcome_now != "open"), "lost"),
        (~is_now & ~rows.is_ours_now, "owner_out"),
        (~is_now, "pushed_out"),
        (rows.at_end > rows.at_start, "raised"),
        (rows.at_end < rows.at_start, "lowered"),
        else_="unchanged",
    )
    return cell


def _trip(rows: ir.Table, amounts: dict[str, ir.DecimalValue]) -> ir.StringValue:
    """Return what a deal did between the days that its class does not show; the first that holds."""
    was, is_now = rows.is_in_then, rows.is_in_now
    both, neither = was & is_now, ~was & ~is_now
    ours = neither & rows.is_due_now & rows.is_ours_now
    is_closed = rows.is_there_now & (rows.outcome_now != "open")
    stood = rows.is_open_then | rows.is_new
    trip: ir.StringValue = ibis.cases(
        (ours & rows.is_new & ~rows.is_there_now, "created_deleted"),
        (ours & rows.is_new & is_closed & (rows.outcome_now == "won"), "created_won"),
        (ours & rows.is_new & is_closed, "created_lost"),
        (ours & ~stood & ~rows.is_open_now & rows.was_opened, "reopened_closed"),
        (both & rows.was_closed, "closed_reopened"),
        (both & rows.was_deleted, "deleted_restored"),
        (neither & rows.is_open_now & stood & ~rows.is_ours_now & rows.was_ours, "owner_through"),
        (both & rows.was_theirs, "owner_back"),
        (neither & rows.is_open_now & stood & ~rows.is_due_now & rows.is_ours_now & rows.was_due, "pulled_pushed"),
        (both & rows.was_not_due, "pushed_pulled"),
        (both & rows.was_repriced & (amounts["then"] == amounts["now"]), "repriced_back"),
        else_=ibis.null("string"),
    )
    return trip


def _matched(book: Book, rows: ir.Table, where: Where | None) -> ir.Table:
    """Say of each deal and day whether it is of the owner or segment that the walk is of."""
    if where is None:
        return rows.mutate(is_ours_then=ibis.literal(True), is_ours_now=ibis.literal(True))
    by, segment = where
    kept = list(rows.columns)
    for side in SIDES:
        named = with_dimension(book, rows.mutate(owner_id=rows[f"owner_id_{side}"]), by)
        kept.append(f"is_ours_{side}")
        rows = named.mutate(**{kept[-1]: named.segment == segment}).select(*kept)
    return rows


def _owners(book: Book, where: Where | None) -> list[str] | None:
    """Return the ids of the sellers who are in the segment; None where a change of the owner cannot change it."""
    if where is None:
        return None
    by, segment = where
    if by not in (*OF_OWNER, *OF_DEAL):
        mend = did_you_mean(by, [*OF_OWNER, *OF_DEAL])
        raise ParameterError(f"a walk is not of one {by!r}: a deal's changes by it", where="where", mend=mend)
    if by not in OF_OWNER:
        return None
    if by == "rep_id" or not book.has("reps"):
        return [segment]
    sellers = book.reps.select(owner_id="rep_id", account_id=ibis.null("string"))
    named = with_dimension(book, sellers, by)
    return sorted(named.filter(named.segment == segment).execute()["owner_id"])
