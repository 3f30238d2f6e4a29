"""History: the deals as they were on a day, from the change log, else from snapshots, else from their dates.

Three sources, the best that the book has:

1. ``opportunity_events``: today's values are taken back, change by change, to what they were.
2. ``opportunity_snapshots``: the last snapshot on or before the day, where there is one.
3. Neither: today's values with the outcome that the dates of creation and closing allow. A deal's stage, amount,
   owner and expected date are then today's, and :func:`history_limit` says so.
"""

from __future__ import annotations

import datetime as dtm
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import MappingProxyType

import ibis
import ibis.expr.types as ir

from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.data.contract import CONTRACT
from salesnb.data.undone import after, earliest, is_deletion, latest, outcome_on, read_value

_UNDONE = ("stage", "amount", "expected_close_on", "owner_id", "forecast_category", "outcome")
_DONE = ("outcome", "deleted")


def entered(book: Book) -> ir.Table:
    """Return the opportunities with ``entered_on``, the first day on which each is known to exist.

    ``entered_on`` is the date of ``created_at``; without it the date of the deal's first change in the log; without
    that the day it closed; and for a deal that is open and has no date at all the book's as-of date, because that
    is the only day on which it was seen. No deal is said to have been there before anything is known of it.

    Returns
    -------
    ibis.Table
        The columns of ``opportunities`` in their order, then ``entered_on`` (date, never null).

    Raises
    ------
    NeedsData
        The book has no opportunities.
    """
    return memo.table(book, "entered", make=lambda: _entered(book))


def _entered(book: Book) -> ir.Table:
    deals = book.table("opportunities")
    known = deals.created_at.cast("date")
    if book.has("opportunity_events"):
        events = book.table("opportunity_events")
        # Only of deals without a date of their own: a log is long, and those are few.
        events = events.semi_join(deals.filter(deals.created_at.isnull()), "opportunity_id")
        first = events.group_by("opportunity_id").aggregate(_first=events.changed_at.min().cast("date"))
        deals = deals.left_join(first, "opportunity_id").drop("opportunity_id_right")
        known = ibis.coalesce(deals.created_at.cast("date"), deals["_first"])
    dated = deals.mutate(entered_on=ibis.coalesce(known, deals.closed_on, ibis.date(book.as_of)))
    return dated.drop("_first") if "_first" in dated.columns else dated


def deals_on(book: Book, day: dtm.date) -> ir.Table:
    """Return the deals as they stood at the end of a day.

    With a change log, each of stage, amount, expected close, owner, forecast category and outcome is the ``old`` of
    the deal's earliest change strictly after the day, and today's value where nothing changed since. A deal whose
    latest ``deleted`` event was on or before the day is gone. With snapshots only, the last one on or before the
    day is taken, with the deals created and the outcomes dated since. With neither, only the outcome is taken
    back: see :func:`history_limit`.

    A deal counts from its ``entered_on`` (:func:`entered`). What closed after the day is open, with no close date
    and no loss reason; where the log has a later change of the outcome, the log decides, so that a deal lost,
    reopened and won is lost in between. Changes at one and the same moment are taken in the order of ``old``, then
    ``new``, nulls first.

    Parameters
    ----------
    book
        A book that still has what happened after the day: a book as of an earlier date has forgotten what its
        deals were changed from. See :func:`as_known`.
    day
        The day, included.

    Returns
    -------
    ibis.Table
        One row a deal: the columns of ``opportunities`` in their order, then ``entered_on``.

    Raises
    ------
    NeedsData
        The book has no opportunities.
    """
    if not book.has("opportunity_events") and _has_snapshot(book, day):
        return memo.table(book, "deals_on", day, make=lambda: _from_snapshot(book, day))
    return memo.table_on(
        book, "deals_on", day, lambda on_days: _taken_back(book, on_days), alone=lambda: _taken_back(book, day)
    )


def deals_over(book: Book, days: Sequence[dtm.date]) -> ir.Table:
    """Return the deals as they stood at the end of each of several days: :func:`deals_on` for all of them in one query.

    Returns
    -------
    ibis.Table
        The columns of :func:`deals_on`, and ``_day``; one row a deal and day.

    Raises
    ------
    NeedsData
        The book has no opportunities.
    """
    if not book.has("opportunity_events") and book.has("opportunity_snapshots"):
        tables = [deals_on(book, day).mutate(_day=ibis.date(day)) for day in days]
        return ibis.union(*tables) if len(tables) > 1 else tables[0]
    dates = ibis.array([ibis.date(day) for day in days])
    return _taken_back(book, lambda rows: rows.mutate(_day=dates.unnest()))


def _taken_back(book: Book, when: dtm.date | Callable[[ir.Table], ir.Table]) -> ir.Table:
    """Take today's deals back, by the log where there is one: to a day, or to the days that a function gives a row."""
    deals = entered(book)
    deals = deals if isinstance(when, dtm.date) else when(deals)
    deals = deals.filter(deals.entered_on <= _day_of(deals, when))
    if book.has("opportunity_events"):
        return _from_log(book, deals, when)
    return _by_dates(deals, _day_of(deals, when))


def _day_of(rows: ir.Table, when: object) -> ir.DateValue:
    return ibis.date(when) if isinstance(when, dtm.date) else rows["_day"]


def as_known(book: Book, as_of: dtm.date) -> Book:
    """Return the book as it was known on a date, its deals with the values they had then.

    ``Book.at`` leaves later rows out; this one also takes the deals back with :func:`deals_on` before the log that
    tells it is cut, so that no later stage, amount or owner shows on an earlier date. A deal that is undated and
    was seen only later is not in it.

    Examples
    --------
    >>> import datetime as dtm
    >>> book = Book.of(
    ...     {
    ...         "opportunities": [{"opportunity_id": "1", "stage": "Proposal", "outcome": "open",
    ...                            "created_at": "2026-01-05"}],
    ...         "opportunity_events": [{"opportunity_id": "1", "changed_at": "2026-02-01", "field": "stage",
    ...                                 "old": "Prospect", "new": "Proposal"}],
    ...     },
    ...     as_of=dtm.date(2026, 3, 31),
    ... )
    >>> as_known(book, dtm.date(2026, 1, 31)).opportunities.stage.execute().tolist()
    ['Prospect']
    """
    earlier = book.at(as_of)
    if not book.has("opportunities"):
        return earlier
    deals = deals_on(book, as_of).select(*CONTRACT["opportunities"].names)
    return replace(earlier, tables=MappingProxyType({**earlier.tables, "opportunities": deals}))


def history_limit(book: Book) -> str:
    """Say in words what the deals' history cannot tell; ``""`` with a change log.

    Examples
    --------
    >>> import datetime as dtm
    >>> history_limit(Book.of({"opportunities": [{"opportunity_id": "1", "outcome": "open"}]},
    ...                       as_of=dtm.date(2026, 3, 31)))
    'no change log: the stage, amount, owner and expected date of a deal are those of today on every earlier day'
    """
    if book.has("opportunity_events"):
        return ""
    if book.has("opportunity_snapshots"):
        return (
            "no change log: deals are as in the last snapshot on or before the day, with closings since; "
            "before the first snapshot their values are those of today"
        )
    return "no change log: the stage, amount, owner and expected date of a deal are those of today on every earlier day"


def _by_dates(deals: ir.Table, day: ir.Value) -> ir.Table:
    """Open again what closed after the day."""
    later = (deals.closed_on > day).fill_null(False)
    return deals.mutate(
        outcome=later.ifelse("open", deals.outcome),
        loss_reason=later.ifelse(ibis.null("string"), deals.loss_reason),
        closed_on=later.ifelse(ibis.null("date"), deals.closed_on),
    )


def _from_log(book: Book, deals: ir.Table, when: dtm.date | Callable[[ir.Table], ir.Table]) -> ir.Table:
    """Take every change after the day back."""
    events, columns = book.table("opportunity_events"), deals.columns
    if not isinstance(when, dtm.date):
        # What came before a deal was there is asked of no day: for most days that is most of the log.
        entry = entered(book).select(_of="opportunity_id", _from="entered_on")
        events = when(events.inner_join(entry, events.opportunity_id == entry["_of"]))
        events = events.filter(events["_from"] <= events["_day"])
    keys = ["opportunity_id", *(["_day"] if "_day" in columns else [])]
    is_later = after(events, when if isinstance(when, dtm.date) else events["_day"])
    undone = events.filter(is_later, events.field.isin(_UNDONE))
    undo = earliest(undone, keys, {name: undone.field == name for name in _UNDONE})
    undo = undo.rename({f"_undo_{name}": name for name in undo.columns})
    deals = deals.left_join(undo, [(key, f"_undo_{key}") for key in keys])
    done = latest(events.filter(~is_later, events.field.isin(_DONE)), keys, _DONE)
    done = done.rename({f"_done_{name}": name for name in done.columns})
    deals = deals.left_join(done, [(key, f"_done_{key}") for key in keys])
    deals = deals.filter(~(deals["_done_has_deleted"].fill_null(False) & is_deletion(deals["_done_deleted"])))
    day = _day_of(deals, when)

    def then(name: str) -> ir.Value:
        changed = deals[f"_undo_has_{name}"].fill_null(False)
        return changed.ifelse(read_value(deals[f"_undo_{name}"], name), deals[name])

    says = deals["_undo_has_outcome"].fill_null(False)
    # A deal that is closed by the log, and whose date of today lies later, was reopened since: the log has its date.
    date_then = (deals.closed_on > day).fill_null(says)
    closed_then = date_then.ifelse(deals["_done_at_outcome"].cast("date"), deals.closed_on)
    outcome = outcome_on(day, deals, says, deals["_undo_outcome"])
    stays = (outcome != "open") & (outcome == deals.outcome)
    return deals.mutate(
        **{name: then(name) for name in _UNDONE if name != "outcome"},
        outcome=outcome,
        closed_on=(outcome == "open").ifelse(ibis.null("date"), closed_then),
        loss_reason=stays.ifelse(deals.loss_reason, ibis.null("string")),
    ).select(*columns)


def _has_snapshot(book: Book, day: dtm.date) -> bool:
    if not book.has("opportunity_snapshots", "opportunities") or day >= book.as_of:
        return False
    snapshots = book.table("opportunity_snapshots")
    return int(snapshots.filter(snapshots.snapshot_on <= ibis.date(day)).count().execute()) > 0


def _from_snapshot(book: Book, day: dtm.date) -> ir.Table:
    """Return the last snapshot on or before the day, with what is dated between it and the day."""
    names = CONTRACT["opportunities"].names
    snapshots = book.table("opportunity_snapshots")
    taken: dtm.date = snapshots.filter(snapshots.snapshot_on <= ibis.date(day)).snapshot_on.max().execute()
    taken = dtm.date(taken.year, taken.month, taken.day)
    then = snapshots.filter(snapshots.snapshot_on == ibis.date(taken)).select(*names)
    now = entered(book)
    since = now.select(
        _id=now.opportunity_id,
        _closed=now.closed_on,
        _outcome=now.outcome,
        _reason=now.loss_reason,
        _entered=now.entered_on,
    )
    seen = then.left_join(since, then.opportunity_id == since["_id"])
    closes = (
        (seen.outcome == "open") & (seen["_closed"] > ibis.date(taken)) & (seen["_closed"] <= ibis.date(day))
    ).fill_null(False)
    seen = seen.mutate(
        outcome=closes.ifelse(seen["_outcome"], seen.outcome),
        closed_on=closes.ifelse(seen["_closed"], seen.closed_on),
        loss_reason=closes.ifelse(seen["_reason"], seen.loss_reason),
        entered_on=ibis.least(
            ibis.coalesce(seen.created_at.cast("date"), seen["_entered"], ibis.date(taken)), ibis.date(taken)
        ),
    ).select(*names, "entered_on")
    seen = _by_dates(seen, ibis.date(day))
    fresh = now.filter(now.entered_on > ibis.date(taken), now.entered_on <= ibis.date(day))
    fresh = _by_dates(fresh.anti_join(then, "opportunity_id"), ibis.date(day))
    return seen.union(fresh.select(*seen.columns))
