"""Standing: the pipeline as it stood at the end of a day."""

from __future__ import annotations

import datetime as dtm

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.data.book import Book
from salesnb.data.history import deals_on
from salesnb.errors import NeedsData
from salesnb.kpis.answers import answer
from salesnb.kpis.stages import closed_by, stage_win_rates
from salesnb.periods import Grain, Period

_DAY = dtm.timedelta(days=1)
_GRAINS: tuple[Grain, ...] = ("day", "week", "month", "quarter", "year")
_MOST_POINTS = 15


def standing(book: Book, day: dtm.date) -> ir.Table:
    """Return the deals open at the end of a day, as they were then; ``_on`` is the day.

    Raises
    ------
    NeedsData
        There are no opportunities.
    """
    deals = deals_on(book, day)
    return deals.filter(deals.outcome == "open").mutate(_on=ibis.date(day))


def weighted(book: Book, day: dtm.date) -> ir.Table:
    """Return the open deals with ``win_rate``, how often deals like them were won, and ``expected``, amount times it.

    The rate is that of the deals won or lost by the day which ever stood in the deal's stage; for a stage that no
    closed deal stood in, or without a change log, that of all deals won or lost by the day.

    Raises
    ------
    NeedsData
        There are no opportunities, or none was won or lost by the day.
    """
    deals = standing(book, day)
    closed = closed_by(book, day)
    overall = answer(book, closed.aggregate(rate=closed.is_won.cast("int32").mean()))["rate"].iloc[0]
    if pd.isna(overall):
        raise NeedsData(
            f"no deal was won or lost by {day}, so there is no rate to weigh by",
            where=book.name,
            needs=f"a deal won or lost by {day}",
            mend="take a later date",
        )
    rate: ir.FloatingValue = ibis.literal(float(overall), "float64")
    if book.has("opportunity_events"):
        rates = stage_win_rates(book, day).select(_stage="stage", _rate="win_rate")
        deals = deals.left_join(rates, deals.stage == rates["_stage"])
        deals = deals.mutate(win_rate=ibis.coalesce(deals["_rate"], rate)).drop("_stage", "_rate")
    else:
        deals = deals.mutate(win_rate=rate)
    return deals.mutate(expected=deals.amount.cast("float64") * deals.win_rate)


def due(deals: ir.Table, period: Period) -> ir.Table:
    """Return the deals whose expected close lies in the period; those without one are not due."""
    expected = deals.expected_close_on
    return deals.filter(expected >= ibis.date(period.start), expected < ibis.date(period.end))


def active(book: Book, day: dtm.date, days: int = 30) -> ir.Table:
    """Return the open deals that a seller touched in the days up to and with a day.

    Touches are the activities of the deal. Where no activity names its deal, ``last_activity_at`` is taken, which
    knows only the last one: on a day before the as-of date it cannot tell.

    Raises
    ------
    NeedsData
        There is nothing that tells of touches, or not as of that day.
    """
    deals = standing(book, day)
    first, after = ibis.date(day - (days - 1) * _DAY), ibis.date(day + _DAY)
    if book.gives("activities.opportunity_id"):
        acts = book.table("activities")
        touched = acts.filter(acts.happened_at.cast("date") >= first, acts.happened_at.cast("date") < after)
        return deals.semi_join(touched, "opportunity_id")
    if day < book.as_of or not book.gives("opportunities.last_activity_at"):
        raise NeedsData(
            "needs activities.opportunity_id",
            where=f"deals touched by {day}",
            needs="activities.opportunity_id",
            mend="map the activities with their deals; the last activity alone tells only of the as-of date",
        )
    last = deals.last_activity_at.cast("date")
    return deals.filter(last >= first, last < after)


def points(book: Book, period: Period) -> tuple[dtm.date, ...]:
    """Return the days on whose ends an average over a period rests.

    The last days of its days, weeks, months, quarters or years, the shortest of them that makes at most 15; only
    days that are known, and the as-of date where none is.
    """
    for grain in _GRAINS:
        pieces = period.split(grain)
        if len(pieces) <= _MOST_POINTS or grain == "year":
            break
    return tuple(piece.last_day for piece in pieces if piece.last_day <= book.as_of) or (book.as_of,)


def standing_over(book: Book, period: Period) -> ir.Table:
    """Return the open deals at each of the period's :func:`points`, with ``share``: the amount over their number.

    Raises
    ------
    NeedsData
        There are no opportunities.
    """
    days = points(book, period)
    tables = [standing(book, day) for day in days]
    rows = ibis.union(*tables)
    return rows.mutate(share=rows.amount.cast("float64") / len(days))
