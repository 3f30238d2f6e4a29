"""Forensics rows: what each deal closed in a period looked like before it closed, one row a deal."""

from __future__ import annotations

import datetime as dtm

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.data.book import Book
from salesnb.data.history import deals_on
from salesnb.kpis.bookings import last_known
from salesnb.kpis.durations import closed_in
from salesnb.periods import Period

WEEK_3 = 20
"""Days from a period's first day to the last day of its third week."""
A_WEEK = 7
_DAY = dtm.timedelta(days=1)
_CLOSED = ("won", "lost", "disqualified")


def closed_deals(book: Book, period: Period) -> pd.DataFrame:
    """Return the deals closed in a period, with what was known of them before.

    Returns
    -------
    pandas.DataFrame
        ``opportunity_id, owner_id, amount`` (0 where null) ``, has_amount, outcome, closed_on, created_on, days`` (from
        creation to closing; null without a creation) ``, expected_before`` (when it was to close, as the day before
        the period had it; null where it was not open then) ``, is_late`` (not open in week 3 and not yet won then)
        ``, is_rushed`` (closed within a week of its creation) ``, is_pulled`` (expected after the period the day
        before it began) ``, was_commit`` (its forecast category was commit on some day up to its closing).

    Raises
    ------
    NeedsData
        There are no opportunities.
    """
    deals = closed_in(book, period, *_CLOSED)
    week_3 = deals_on(book, min(period.start + WEEK_3 * _DAY, last_known(book, period)))
    week_3 = week_3.filter(week_3.outcome.isin(["open", "won"])).select(_there="opportunity_id")
    before = deals_on(book, period.start - _DAY)
    before = before.filter(before.outcome == "open").select(
        _before="opportunity_id", expected_before="expected_close_on"
    )
    rows = deals.left_join(week_3, [("opportunity_id", "_there")]).left_join(before, [("opportunity_id", "_before")])
    changes = category_changes(book)
    if changes is None:
        rows = rows.mutate(was_commit=ibis.literal(False))
    else:
        days = deals.select(_id="opportunity_id", _until="closed_on")
        met = changes.join(days, changes.opportunity_id == days["_id"])
        in_time = met.changed_at.cast("date") <= met["_until"]
        says = (met.old == "commit") | ((met.new == "commit") & in_time)
        ever = met.group_by("_id").aggregate(_says=says.any())
        rows = rows.left_join(ever, [("opportunity_id", "_id")])
        # A deal whose category never changed has always had today's.
        rows = rows.mutate(was_commit=ibis.coalesce(rows["_says"], rows.forecast_category == "commit", False))
    created = rows.created_at.cast("date")
    found: pd.DataFrame = rows.select(
        "opportunity_id",
        "owner_id",
        "outcome",
        "closed_on",
        "expected_before",
        "was_commit",
        amount=rows.amount.fill_null(0),
        has_amount=rows.amount.notnull(),
        created_on=created,
        days=rows.closed_on.delta(created, unit="day").cast("float64"),
        is_late=rows["_there"].isnull(),
        is_pulled=(rows.expected_before >= ibis.date(period.end)).fill_null(False),
    ).execute()
    rushed = (found["days"] >= 0) & (found["days"] <= A_WEEK)
    return found.assign(is_rushed=rushed).sort_values("opportunity_id", kind="stable", ignore_index=True)


def category_changes(book: Book) -> ir.Table | None:
    """Return the changes of forecast categories, from the log, else from one snapshot to the next.

    Returns
    -------
    ibis.Table or None
        ``opportunity_id, changed_at, old, new``; None where the source has neither, or no categories.
    """
    if book.gives("opportunity_events"):
        events = book.table("opportunity_events")
        return events.filter(events.field == "forecast_category").select("opportunity_id", "changed_at", "old", "new")
    if not book.gives("opportunity_snapshots.forecast_category"):
        return None
    seen = book.table("opportunity_snapshots").select("opportunity_id", "forecast_category", on="snapshot_on")
    now = book.opportunities.select("opportunity_id", "forecast_category", on=ibis.date(book.as_of))
    seen = seen.filter(seen.on < ibis.date(book.as_of)).union(now)
    window = ibis.window(group_by=seen.opportunity_id, order_by=seen.on)
    seen = seen.mutate(old=seen.forecast_category.lag().over(window), is_first=ibis.row_number().over(window) == 0)
    told = seen.select(
        "opportunity_id", "is_first", "old", changed_at=seen.on.cast("timestamp"), new=seen.forecast_category
    )
    return told.filter(~told.is_first, (told.old != told.new).fill_null(told.old.notnull() | told.new.notnull())).drop(
        "is_first"
    )


def ping_pong(book: Book, period: Period) -> pd.DataFrame | None:
    """Return the deals whose forecast category changed in a period, with how often it went back.

    A change goes back when it leads to the category that the deal had before its last change.

    Returns
    -------
    pandas.DataFrame or None
        One row a deal: ``opportunity_id, owner_id, amount, changes, backs``; changes of deals that are not in the
        source are left out. None where the source has no categories over time.
    """
    changes = category_changes(book)
    if changes is None:
        return None
    order = [changes.changed_at, changes.old.asc(nulls_first=True), changes.new.asc(nulls_first=True)]
    window = ibis.window(group_by=changes.opportunity_id, order_by=order)
    changes = changes.mutate(_before=changes.old.lag().over(window))
    day = changes.changed_at.cast("date")
    inside = changes.filter(day >= ibis.date(period.start), day < ibis.date(period.end), day <= ibis.date(book.as_of))
    back = (inside.new == inside["_before"]).fill_null(False)
    counted = inside.group_by("opportunity_id").aggregate(changes=inside.count(), backs=back.sum())
    deals = book.opportunities.select(_id="opportunity_id", owner_id="owner_id", amount="amount")
    rows = counted.join(deals, counted.opportunity_id == deals["_id"]).drop("_id")
    found: pd.DataFrame = rows.mutate(amount=rows.amount.fill_null(0)).order_by("opportunity_id").execute()
    return found
