"""Between: every deal as it stood at the ends of two days, side by side, and what happened to it in between.

With a change log both states and what lies between them come from one pass over the part of the log after the first
day. With snapshots, or with neither, both states are those of :func:`salesnb.data.history.deals_on`, and only what
dates tell is known of the time between them.
"""

from __future__ import annotations

import datetime as dtm
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from salesnb.data.book import Book
from salesnb.data.history import deals_on, entered
from salesnb.data.undone import after, earliest, is_deletion, latest, outcome_on, read_value
from salesnb.periods import Period

FIXED = ("account_id", "lead_id", "kind", "product")
MOVING = ("amount", "expected_close_on", "owner_id", "outcome")
SIDES = ("then", "now")
INSIDE = ("was_closed", "was_opened", "was_deleted", "was_repriced", "was_due", "was_not_due", "was_ours", "was_theirs")
_CLOSED = ("won", "lost", "disqualified")
_ISO_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"


def between(
    book: Book, start: dtm.date, end: dtm.date, *, due: Period | None = None, owners: Sequence[str] | None = None
) -> ir.Table:
    """Return the deals as they stood at the ends of two days, and what happened to them after the first.

    Parameters
    ----------
    book
        A book that still has what happened after the first day.
    start, end
        Two days, the first before the second.
    due
        Tells whether a change of the expected close leads into these days or out of them.
    owners
        Tells whether a change of the owner leads to one of these or to another.

    Returns
    -------
    ibis.Table
        One row a deal that was there by the end of the second day: ``opportunity_id``; ``account_id, lead_id, kind,
        product``, which no log tells of; ``entered_on``; ``amount_then, expected_close_on_then, owner_id_then,
        outcome_then, is_there_then`` of the first day and the same with ``_now`` of the second (where ``is_there`` is
        false the deal had not entered, or was deleted, and the others are what is known of it); and, of the time
        between them, whether the deal ``was_closed, was_opened, was_deleted, was_repriced, was_due, was_not_due,
        was_ours, was_theirs``: all false where there is no log.

    Raises
    ------
    NeedsData
        The book has no opportunities.
    """
    if book.has("opportunity_events"):
        return _from_log(book, (start, end), due, owners)
    return _from_states(book, start, end)


def _from_log(
    book: Book, days: tuple[dtm.date, dtm.date], due: Period | None, owners: Sequence[str] | None
) -> ir.Table:
    log, (start, end) = book.table("opportunity_events"), days
    known = log.filter(after(log, start), log.field.isin([*MOVING, "deleted"]))
    is_later = after(known, end)
    wanted = {f"{name}_then": known.field == name for name in MOVING}
    wanted |= {f"{name}_now": (known.field == name) & is_later for name in MOVING}
    found = earliest(known, ["opportunity_id"], wanted, **_happened(known, ~is_later, due, owners))
    rows = entered(book)
    rows = rows.filter(rows.entered_on <= ibis.date(end))
    rows = rows.left_join(found.rename(_of="opportunity_id"), [("opportunity_id", "_of")])
    deletions = log.filter(log.field == "deleted")
    for side, day in zip(SIDES, days, strict=True):
        gone = latest(deletions.filter(~after(deletions, day)), ["opportunity_id"], ["deleted"])
        gone = gone.select(**{f"_deal_{side}": gone.opportunity_id, f"_gone_{side}": is_deletion(gone.deleted)})
        rows = rows.left_join(gone, [("opportunity_id", f"_deal_{side}")])
    columns: dict[str, ir.Value] = {}
    for side, day in zip(SIDES, days, strict=True):
        for name in MOVING[:-1]:
            has, said = rows[f"has_{name}_{side}"].fill_null(False), rows[f"{name}_{side}"]
            columns[f"{name}_{side}"] = has.ifelse(read_value(said, name), rows[name])
        has = rows[f"has_outcome_{side}"].fill_null(False)
        columns[f"outcome_{side}"] = outcome_on(ibis.date(day), rows, has, rows[f"outcome_{side}"])
        is_there = ~rows[f"_gone_{side}"].fill_null(False)
        columns[f"is_there_{side}"] = is_there & (rows.entered_on <= ibis.date(day))
    happened = {
        name: rows[f"_{name}"].fill_null(False) if f"_{name}" in rows.columns else ibis.literal(False)
        for name in INSIDE
    }
    return rows.select("opportunity_id", *FIXED, "entered_on", **columns, **happened)


def _happened(
    known: ir.Table, inside: ir.BooleanValue, due: Period | None, owners: Sequence[str] | None
) -> dict[str, ir.Value]:
    """Return what the changes between the two days tell, as aggregates."""
    field, new = known.field, known.new
    is_close = new.isin(_CLOSED).fill_null(False)
    of_outcome, of_expected, of_owner = (
        inside & (field == name) for name in ("outcome", "expected_close_on", "owner_id")
    )
    happened: dict[str, ir.Value] = {
        "_was_closed": (of_outcome & is_close).any(),
        "_was_opened": (of_outcome & ~is_close).any(),
        "_was_deleted": (inside & (field == "deleted") & is_deletion(new)).any(),
        "_was_repriced": (inside & (field == "amount")).any(),
    }
    if due is not None:
        # ISO dates have the order of their texts; what is no date is due never.
        day = new.substr(0, 10)
        is_due = (day >= due.start.isoformat()) & (day < due.end.isoformat()) & new.re_search(_ISO_DAY)
        is_due = is_due.fill_null(False)
        happened |= {"_was_due": (of_expected & is_due).any(), "_was_not_due": (of_expected & ~is_due).any()}
    if owners is not None:
        is_ours = new.isin([*owners, ""]).fill_null(False)
        happened |= {"_was_ours": (of_owner & is_ours).any(), "_was_theirs": (of_owner & ~is_ours).any()}
    return happened


def _from_states(book: Book, start: dtm.date, end: dtm.date) -> ir.Table:
    """Put two states side by side; a deal that is in the first alone, and closed by today's dates, was closed."""
    today = book.table("opportunities")
    closed = (today.closed_on <= ibis.date(end)).fill_null(False) & today.outcome.isin(_CLOSED)
    closings = today.filter(closed).select(_closed="opportunity_id", _outcome="outcome")
    sides = {}
    for side, day in zip(SIDES, (start, end), strict=True):
        deals = deals_on(book, day)
        named = {f"{name}_{side}": deals[name] for name in (*MOVING, *FIXED, "entered_on")}
        sides[side] = deals.select(**{f"_of_{side}": deals.opportunity_id}, **named)
    rows = sides["then"].outer_join(sides["now"], [("_of_then", "_of_now")])
    rows = rows.mutate(opportunity_id=ibis.coalesce(rows["_of_now"], rows["_of_then"]))
    rows = rows.left_join(closings, [("opportunity_id", "_closed")])
    was, is_now = rows["_of_then"].notnull(), rows["_of_now"].notnull()
    # A set of snapshots that holds open deals only says by their absence that they closed; today's table says how.
    has_closed = ~is_now & (rows["outcome_then"] == "open").fill_null(False) & rows["_closed"].notnull()
    columns = {name: ibis.coalesce(rows[f"{name}_now"], rows[f"{name}_then"]) for name in (*FIXED, "entered_on")}
    for name in MOVING:
        columns[f"{name}_then"] = was.ifelse(rows[f"{name}_then"], rows[f"{name}_now"])
        columns[f"{name}_now"] = is_now.ifelse(rows[f"{name}_now"], rows[f"{name}_then"])
    columns["outcome_now"] = has_closed.ifelse(rows["_outcome"], columns["outcome_now"])
    no = {name: ibis.literal(False) for name in INSIDE}
    return rows.select("opportunity_id", **columns, is_there_then=was, is_there_now=is_now | has_closed, **no)
