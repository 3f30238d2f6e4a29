"""Past days: within how many days a deal is won, and which past days can be learnt from."""

from __future__ import annotations

import datetime as dtm
import math
from dataclasses import dataclass

import pandas as pd

from salesnb import formats
from salesnb.data.book import Book
from salesnb.data.history import entered
from salesnb.kpis.answers import answer

STEP, MOST = 30, 36
"""The past days: every 30th, up to 36 of them, which is three years."""
FEW = 10
"""Deals won, and deals not won, that it takes to say how often deals are won."""
SHARE = 0.95


@dataclass(frozen=True)
class Past:
    """What is known of deals that ended.

    Attributes
    ----------
    horizon
        The days within which a deal is to be won; 0 where too few were.
    days
        The past days whose outcomes are all known, rising.
    thin
        Why there are none; empty where there are.
    """

    horizon: int
    days: tuple[dtm.date, ...]
    thin: str


def past_of(book: Book, day: dtm.date) -> Past:
    """Return the horizon and the past days of a book that knows nothing later than a day.

    The horizon is the days from creation by which :data:`SHARE` of the deals won had been won, rounded up to whole
    months of 30 days. The past days lie every :data:`STEP` days back from one horizon before the day, to where the
    records of closings begin, and, where there is a change log or are snapshots, to where those begin.
    """
    deals = entered(book)
    ended = deals.filter(deals.outcome != "open", deals.closed_on.notnull())
    took = ended.closed_on.delta(ended.entered_on, unit="day").cast("int64")
    counted = ended.group_by(is_won=ended.outcome == "won", days=took).aggregate(
        n=ended.count(), first=ended.closed_on.min()
    )
    frame = answer(book, counted)
    won = frame[frame["is_won"].astype(bool)] if len(frame) else frame
    n_won, n_lost = int(won["n"].sum()), int(frame["n"].sum() - won["n"].sum())
    if min(n_won, n_lost) < FEW:
        kinds = f"{formats.plural(n_won, 'deal')} won and {formats.exact(n_lost)} not won"
        return Past(0, (), f"{kinds} are on record, and it takes {FEW} of each to say how often deals are won")
    taken = won[won["days"] >= 0].sort_values("days")
    reached = taken["n"].cumsum() >= SHARE * taken["n"].sum()
    longest = int(taken.loc[reached, "days"].iloc[0]) if len(taken) else 0
    horizon = max(1, math.ceil(longest / STEP)) * STEP
    begins = max([_date(frame["first"].min()), *_begins(book)])
    last = day - dtm.timedelta(days=horizon)
    days = [last - dtm.timedelta(days=STEP * back) for back in range(MOST)]
    days = sorted(each for each in days if each >= begins)
    if not days:
        return Past(
            horizon,
            (),
            f"what is known of earlier days begins on {begins}, and it takes {horizon} days, within which "
            f"{formats.share(SHARE, 0)} of the deals won were won, to know what became of a day's deals",
        )
    return Past(horizon, tuple(days), "")


def _begins(book: Book) -> list[dtm.date]:
    """Return the first day that the log, or else the snapshots, know of; none where there are neither."""
    for table, column in (("opportunity_events", "changed_at"), ("opportunity_snapshots", "snapshot_on")):
        if book.has(table):
            rows = book.table(table)
            first = answer(book, rows.aggregate(first=rows[column].min().cast("date")))["first"].iloc[0]
            return [] if pd.isna(first) else [_date(first)]
    return []


def _date(value: object) -> dtm.date:
    return pd.Timestamp(str(value)).date()
