"""Deals through their stages to the win: when each came to each stage, from the log, from snapshots, or not at all."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.data.history import entered
from salesnb.kpis.answers import answer
from salesnb.kpis.funnels import Plan, placed
from salesnb.kpis.stages import stage_order

WON = "Won"
CREATED = "Created"


@dataclass(frozen=True)
class Way:
    """A funnel of a book: its steps, its entities, and what is not known of them.

    Attributes
    ----------
    plan
        The steps, as a reader calls them, and the rules.
    rows
        One row an entity: its own columns, ``at_0, at_1, ...`` (dates or time stamps), ``entry, reached, is_open,
        ended_on`` and ``value``; an entity that came to no step that is known has null in ``reached``.
    thing, key
        What an entity is (``deal``, ``account``, ``lead``, ``visitor``) and its id column.
    note
        What the source cannot tell; empty where it tells all.
    """

    plan: Plan
    rows: ir.Table
    thing: str
    key: str
    note: str = ""


def deal_steps(book: Book) -> tuple[str, ...]:
    """Return the stages in which deals are open, first to last; empty where the source has no history of stages.

    Of an order that is derived from the log those stages are left out in which deals only end: all that stand there
    now are closed, and they are at least half of those that ever came to it.
    """
    if not (book.gives("opportunity_events") or book.gives("opportunity_snapshots.stage")):
        return ()
    order = stage_order(book)
    if not order or book.stages or not book.gives("opportunity_events"):
        return order
    return memo.value(book, "deal steps", make=lambda: _without_ends(book, order))


def _without_ends(book: Book, order: tuple[str, ...]) -> tuple[str, ...]:
    events, deals = book.table("opportunity_events"), book.opportunities
    came = events.filter(events.field == "stage", events.new.notnull())
    came = came.group_by(stage=came.new).aggregate(came=came.opportunity_id.nunique())
    here = deals.group_by(_stage=deals.stage).aggregate(
        closed=(deals.outcome != "open").cast("int32").sum(), open=(deals.outcome == "open").cast("int32").sum()
    )
    found = answer(book, came.inner_join(here, came.stage == here["_stage"]).drop("_stage"))
    ends = {
        str(row["stage"])
        for row in found.to_dict("records")
        if row["open"] == 0 and row["closed"] > 0 and 2 * row["closed"] >= row["came"]
    }
    return tuple(stage for stage in order if stage not in ends)


def deal_way(book: Book, *, unit: str = "deal") -> Way:
    """Return the funnel of deals from stage to stage and to the win; from creation to the win without a history.

    A deal comes to a stage on the day on which the log first says so. A stage that it leaves without having come to
    it in the log it came to on its first day, where that is its first change, else on the day it left it. The stage
    in which it stands now, where the log has no word of it, it came to after its last change. It is won on the day
    it closed, not before it was entered. Days, not moments: of what happens on one day the order of the stages counts.

    Parameters
    ----------
    unit
        ``deal``, or ``account``: an account comes to a stage with the first of its deals that does; it may go on
        while one of its deals is open; deals without an account are left out.

    Raises
    ------
    NeedsData
        There are no opportunities.
    """
    book.require("opportunities")
    steps = deal_steps(book)
    plan = Plan.of(*(steps or (CREATED,)), WON if WON not in steps else "Won (closed)", entering="here")
    note = "" if steps else "without a history of stages, only that a deal was created and how it ended is known"
    rows = memo.table(book, "deal way", unit, make=lambda: _deal_rows(book, steps, plan, unit))
    return Way(plan, rows, unit, "opportunity_id" if unit == "deal" else "account_id", note)


def _deal_rows(book: Book, steps: tuple[str, ...], plan: Plan, unit: str) -> ir.Table:
    deals = entered(book)
    size = len(plan.steps)
    is_won = deals.outcome == "won"
    won_on = ibis.greatest(ibis.coalesce(deals.closed_on, deals.entered_on), deals.entered_on)
    status = {
        "is_open": deals.outcome == "open",
        "ended_on": (deals.outcome == "open").ifelse(ibis.null("date"), deals.closed_on),
        "value": deals.amount,
        f"own_{size - 1}": is_won.ifelse(won_on, ibis.null("date")),
    }
    if steps:
        names = deals.columns
        log = _arrivals(book, steps)
        deals = deals.mutate(**status)
        deals = deals.left_join(log, deals.opportunity_id == log["_deal"])
        deals = deals.mutate(**{f"own_{i}": _arrival(deals, stage, i) for i, stage in enumerate(steps)})
        deals = deals.select(*names, *status, *(f"own_{i}" for i in range(size - 1)))
    else:
        deals = deals.mutate(**status, own_0=deals.entered_on)
    if unit == "account":
        deals = deals.filter(deals.account_id.notnull())
        deals = deals.group_by("account_id").aggregate(
            **{f"own_{i}": deals[f"own_{i}"].min() for i in range(size)},
            entered_on=deals.entered_on.min(),
            is_open=deals["is_open"].any(),
            ended_on=deals["ended_on"].max(),
            value=deals["value"].sum(),
        )
    key = "opportunity_id" if unit == "deal" else "account_id"
    arrived = [f"own_{i}" for i in range(size)]
    way = placed(deals.select(key, *arrived), plan)
    way = way.rename(_key=key)
    joined = deals.drop(*arrived).left_join(way, deals[key] == way["_key"])
    return joined.drop("_key")


def _arrivals(book: Book, steps: tuple[str, ...]) -> ir.Table:
    """Return for each deal of the log the first day on which it came to and left each stage, one pass over the log."""
    if book.gives("opportunity_events"):
        events = book.table("opportunity_events")
        rows = events.filter(events.field == "stage", events.changed_at.cast("date") <= ibis.date(book.as_of))
        rows = rows.select("opportunity_id", "old", "new", on=rows.changed_at.cast("date"))
    else:
        shots = book.table("opportunity_snapshots")
        rows = shots.select("opportunity_id", old=ibis.null("string"), new=shots.stage, on=shots.snapshot_on)
    return rows.group_by(_deal=rows.opportunity_id).aggregate(
        **{f"_came_{i}": rows["on"].min(where=rows.new == stage) for i, stage in enumerate(steps)},
        **{f"_left_{i}": rows["on"].min(where=rows.old == stage) for i, stage in enumerate(steps)},
        _first=rows["on"].min(),
        _last=rows["on"].max(),
    )


def _arrival(deals: ir.Table, stage: str, place: int) -> ir.DateValue:
    """Return the day on which each deal came to a stage, null where it did not."""
    came, left = deals[f"_came_{place}"], deals[f"_left_{place}"]
    is_first = left == deals["_first"]
    before = is_first.ifelse(ibis.least(deals.entered_on, left), left)
    is_untold = left.notnull() & (came.isnull() | (left < came))
    stands = ibis.greatest(ibis.coalesce(deals["_last"], deals.entered_on), deals.entered_on)
    day: ir.DateValue = ibis.cases(
        (is_untold, before), (came.notnull(), came), (deals.stage == stage, stands), else_=ibis.null("date")
    )
    return day
