"""Stages: their order, how often deals that stood in each were won, and how deals moved between them."""

from __future__ import annotations

import datetime as dtm

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.data.history import deals_on

MOVES = ("forward", "stayed", "back", "won", "lost", "unplaced")


def stage_order(book: Book) -> tuple[str, ...]:
    """Return the stages, first to last.

    The book's own order where it has one. Else the order in which deals first came to them: a stage stands before
    another where more deals came to it earlier than later; by how many others it stands before, less those it stands
    behind, then by name. Without a change log no order can be told.

    Returns
    -------
    tuple
        Stage names; empty where there is neither an order nor a log.
    """
    if book.stages:
        return book.stages
    if not book.has("opportunity_events"):
        return ()
    return memo.value(book, "stage order", make=lambda: _derived(_first_stays(book)))


def stage_win_rates(book: Book, day: dtm.date) -> ir.Table:
    """Return how many of the deals closed by a day that ever stood in a stage were won.

    Returns
    -------
    ibis.Table
        One row a stage that the log knows: ``stage, won, closed, win_rate`` (float). Disqualified deals are in
        neither.

    Raises
    ------
    NeedsData
        There is no change log.
    """
    book.require("opportunity_events")
    stays = _stays(book, day).group_by("opportunity_id", "stage").aggregate()
    closed = closed_by(book, day)
    met = stays.join(closed, "opportunity_id")
    counted = met.group_by("stage").aggregate(won=met.is_won.cast("int32").sum(), closed=met.count())
    return counted.mutate(win_rate=counted.won.cast("float64") / counted.closed.cast("float64"))


def closed_by(book: Book, day: dtm.date) -> ir.Table:
    """Return the deals won or lost by a day, as ``opportunity_id, is_won``."""
    deals = deals_on(book, day)
    closed = deals.filter(deals.outcome.isin(["won", "lost"]))
    return closed.select("opportunity_id", is_won=closed.outcome == "won")


def moves(book: Book, start: dtm.date, end: dtm.date) -> ir.Table:
    """Return the deals that were open at the end of one day, with what had become of them at the end of another.

    Parameters
    ----------
    start, end
        Two days; the deals are those open at the end of the first.

    Returns
    -------
    ibis.Table
        The deals as they were at ``start``, with ``stage_then`` (null where the deal was not open), ``outcome_then``
        (null where it was gone) and ``move``: ``forward``, ``stayed``, ``back``, ``won``, ``lost`` (disqualified or
        deleted too), or ``unplaced``: to or from a stage that the order does not know.

    Raises
    ------
    NeedsData
        There are no opportunities.
    """
    order = stage_order(book)
    before, after = deals_on(book, start), deals_on(book, end)
    before = before.filter(before.outcome == "open")
    after = after.select(_id="opportunity_id", outcome_then="outcome", stage_then="stage")
    rows = before.left_join(after, before.opportunity_id == after["_id"]).drop("_id")
    was, is_now = _place(rows.stage, order), _place(rows.stage_then, order)
    move = ibis.cases(
        (rows.outcome_then == "won", "won"),
        (rows.outcome_then.isnull() | (rows.outcome_then != "open"), "lost"),
        (rows.stage.fill_null("") == rows.stage_then.fill_null(""), "stayed"),
        (was < is_now, "forward"),
        (was > is_now, "back"),
        else_="unplaced",
    )
    return rows.mutate(move=move, stage_then=(rows.outcome_then == "open").ifelse(rows.stage_then, ibis.null("string")))


def _place(stage: ir.StringValue, order: tuple[str, ...]) -> ir.IntegerValue:
    if not order:
        return ibis.null("int64")
    return ibis.cases(*[(stage == name, i) for i, name in enumerate(order)], else_=ibis.null("int64"))


def _stays(book: Book, day: dtm.date) -> ir.Table:
    """Return every stage that each deal came to by a day: ``opportunity_id, stage, since``.

    The stage that a change leaves counts from just before it, if it was not come to earlier; that of a deal without
    a change is where it stands.
    """
    events = book.table("opportunity_events")
    changes = events.filter(events.field == "stage", events.changed_at.cast("date") <= ibis.date(day))
    new = changes.select("opportunity_id", stage="new", since="changed_at")
    old = changes.select("opportunity_id", stage="old", since=changes.changed_at - ibis.interval(seconds=1))
    deals = deals_on(book, day)
    here = deals.select("opportunity_id", "stage", since=ibis.timestamp("2999-12-31").cast(new.since.type()))
    stays = ibis.union(new, old, here)
    return stays.filter(stays.stage.notnull())


def _first_stays(book: Book) -> pd.DataFrame:
    """Count, for each two stages, the deals that came to one before the other: ``earlier, later, deals``."""
    stays = _stays(book, book.as_of)
    # A step back would make the stage it leaves the first: only first arrivals are compared.
    first = stays.group_by("opportunity_id", "stage").aggregate(since=stays.since.min())
    other = first.select(_deal="opportunity_id", later="stage", _since="since")
    pairs = first.join(other, [first.opportunity_id == other["_deal"], first.since < other["_since"]])
    counted = pairs.group_by(earlier=pairs.stage, later=pairs.later).aggregate(deals=pairs.count())
    frame: pd.DataFrame = counted.execute()
    return frame


def _derived(pairs: pd.DataFrame) -> tuple[str, ...]:
    """Put stages in order by how many others each comes before more often than after."""
    counts = {(str(a), str(b)): int(n) for a, b, n in zip(pairs.earlier, pairs.later, pairs.deals, strict=True)}
    names = sorted({name for pair in counts for name in pair})

    def standing(name: str) -> int:
        wins = sum(counts.get((name, other), 0) > counts.get((other, name), 0) for other in names)
        defeats = sum(counts.get((name, other), 0) < counts.get((other, name), 0) for other in names)
        return defeats - wins

    return tuple(sorted(names, key=lambda name: (standing(name), name)))
