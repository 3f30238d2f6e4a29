"""What was known of a period and of those before it, on the same number of days before the end of each.

Everything is as it was known on its day, by the change log, the snapshots or the dates; one query goes over all days.
"""

from __future__ import annotations

import datetime as dtm
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from salesnb.analysis.calendar import Records
from salesnb.analysis.hygiene_deals import PARTS, days_of, parts_of
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.data.history import deals_over, history_limit
from salesnb.kpis.answers import answer
from salesnb.kpis.sales import sales
from salesnb.periods import Period

WEEKS = (13, 11, 9, 7, 5, 4, 3, 2, 1)
"""How many weeks before the end of a period past forecasts are asked for; those that a period has."""
MOST = 16
"""The periods looked back to."""
_DAY = dtm.timedelta(days=1)
T = TypeVar("T")


@dataclass(frozen=True)
class Grid:
    """What was known on each day that is looked at.

    Attributes
    ----------
    target, day
        The period that is forecast, and the last day that is known.
    past
        The periods before it that are over and wholly covered by the records, oldest first.
    offsets
        The days before the end of a period that are looked at, falling; the target's own among them.
    won
        As known on ``day``: ``day, closed_on, amount, deals``, one row a day looked at and day of closing.
    open
        As known on ``day``: ``day, opportunity_id, place, amount, expected_close_on, owner_id``, of open deals;
        ``place`` is that of the stage in ``places``.
    closed
        As known on ``day``: ``day, place, won, decided``: how many of the deals ever seen in a stage were won, and were
        won or lost.
    ended
        As known on the last day of each past period: ``day, opportunity_id, closed_on, amount, owner_id`` of what was
        won in it; of the target as known today.
    has_deals
        Whether there are deals; without them ``won`` holds what was sold.
    places
        The stages; one without a name where no history tells them.
    kept
        What was computed of it already.
    """

    target: Period
    day: dtm.date
    past: tuple[Period, ...]
    offsets: tuple[int, ...]
    won: pd.DataFrame
    open: pd.DataFrame
    closed: pd.DataFrame
    ended: pd.DataFrame
    has_deals: bool
    places: tuple[str, ...] = ()
    kept: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def now(self) -> int:
        """How many days before the last one of the target today is."""
        return max((self.target.last_day - self.day).days, 0)

    def on(self, period: Period, offset: int) -> dtm.date:
        """Return the day so many days before the last one of a period."""
        return period.last_day - offset * _DAY

    def once(self, *key: Any, make: Callable[[], T]) -> T:
        """Return what ``make`` gives, asked once for a key."""
        if key not in self.kept:
            self.kept[key] = make()
        found: T = self.kept[key]
        return found

    def rows(self, name: str, day: dtm.date) -> pd.DataFrame:
        """Return the rows of ``won``, ``open``, ``closed`` or ``ended`` that tell of a day."""
        frame: pd.DataFrame = getattr(self, name)
        parts = self.once(name, make=lambda: dict(list(frame.groupby("day"))))
        found = parts.get(pd.Timestamp(day))
        return frame.iloc[:0] if found is None else found

    @property
    def booked(self) -> pd.DataFrame:
        """The rows of ``ended`` that were won in the target so far."""
        rows = self.rows("ended", self.day)
        return rows[(rows["closed_on"] >= pd.Timestamp(self.target.start)) & (self.day >= self.target.start)]

    def total(self, period: Period, day: dtm.date) -> float:
        """Return what was booked in a period by a day, as known on that day."""

        def make() -> tuple[Any, Any]:
            rows = self.rows("won", day).sort_values("closed_on")
            return rows["closed_on"].to_numpy(), np.concatenate([[0.0], rows["amount"].to_numpy().cumsum()])

        when, summed = self.once("summed", day, make=make)
        first, after = np.searchsorted(when, [np.datetime64(period.start), np.datetime64(period.end)])
        return float(summed[after] - summed[first])


def target_of(book: Book, period: Period) -> Period:
    """Return what is forecast: the period, or the one after it where it is over by the as-of date."""
    return period.next if period.is_complete(book.as_of) else period


def day_of(book: Book, period: Period) -> dtm.date:
    """Return the last day that is known to a forecast for a report on a period.

    That is the book's as-of date; where also what is forecast is over by it, as in a report made long after, it is the
    last day of the period: what would have been said then.
    """
    return book.as_of if not target_of(book, period).is_complete(book.as_of) else period.last_day


def grid(book: Book, period: Period, most: int = MOST) -> Grid:
    """Ask the book for everything that landing looks at.

    Raises
    ------
    NeedsData
        There are neither deals nor orders.
    """
    target, day = target_of(book, period), day_of(book, period)
    records = Records.of(book)
    before = [each for each in target.last(most + 1)[:-1] if each.is_complete(day) and records.cover(each) == "whole"]
    past = tuple(before)
    weeks = [7 * week for week in WEEKS if 7 * week < target.days + 7]
    now = max((target.last_day - day).days, 0)
    offsets = tuple(sorted({*weeks, now, now + 7}, reverse=True))
    ends = [each.last_day for each in past]
    usual = sorted({end - offset * _DAY for end in ends for offset in weeks})
    days = sorted({day, day - 7 * _DAY, *ends, *(end - offset * _DAY for end in ends for offset in offsets)})
    if not book.has("opportunities"):
        nothing = pd.DataFrame(columns=["day", "opportunity_id", "place", "amount", "expected_close_on", "owner_id"])
        closed = pd.DataFrame(columns=["day", "place", "won", "decided"])
        ended = pd.DataFrame(columns=["day", "opportunity_id", "closed_on", "amount", "owner_id"])
        return Grid(target, day, past, offsets, _sold(book, days), nothing, closed, ended, has_deals=False)
    rows = memo.table(book, "landing", tuple(days), make=lambda: _known(book, days))
    still, closed = _open(book, rows), _closed(book, rows, usual)
    places = tuple(sorted({*still["group"], *closed["group"]}))
    still, closed = (one.assign(place=pd.Index(places).get_indexer(one["group"])) for one in (still, closed))
    return Grid(
        target, day, past, offsets, _won(book, rows), still.drop(columns="group"), closed.drop(columns="group"),
        _ended(book, rows, past, target, day), has_deals=True, places=places,
    )  # fmt: skip


def _known(book: Book, days: Sequence[dtm.date]) -> ir.Table:
    rows = deals_over(book, days)
    group = ibis.literal("") if history_limit(book).startswith("no change log: the stage") else rows.stage.fill_null("")
    kept = ("_day", "opportunity_id", "outcome", "closed_on", "expected_close_on", "owner_id")
    amount, parts = rows.amount.cast("float64").fill_null(0.0), parts_of(rows.amount).fill_null(0)
    rows = rows.select(*kept, group=group, amount=amount, parts=parts)
    return rows.filter(rows.outcome.isin(["open", "won", "lost"]))


def _won(book: Book, rows: ir.Table) -> pd.DataFrame:
    won = rows.filter(rows.outcome == "won", rows.closed_on.notnull())
    # Whole parts have one sum, in whatever order an engine adds them up.
    total = won.parts.sum().cast("float64") / PARTS
    summed = won.group_by(day="_day", closed_on="closed_on").aggregate(amount=total, deals=won.count())
    frame = _dated(answer(book, summed), "day", "closed_on")
    return frame.sort_values(["day", "closed_on"], ignore_index=True)


def _open(book: Book, rows: ir.Table) -> pd.DataFrame:
    still = rows.filter(rows.outcome == "open")
    names = ("opportunity_id", "group", "amount", "expected_close_on", "owner_id")
    frame = _dated(answer(book, still.select(*names, day="_day")), "day", "expected_close_on")
    return frame.sort_values(["day", "opportunity_id"], ignore_index=True)


def _closed(book: Book, rows: ir.Table, usual: Sequence[dtm.date]) -> pd.DataFrame:
    # Seen on the days that every later look has too: what was said of a past day does not hang on today's.
    still = rows.filter(rows.outcome == "open", rows["_day"].isin([ibis.date(day) for day in usual]))
    stood = still.group_by(_id=still.opportunity_id, group=still.group).aggregate(_first=still["_day"].min())
    done = rows.filter(rows.outcome != "open").select("opportunity_id", "outcome", day="_day")
    met = done.join(stood, [done.opportunity_id == stood["_id"], stood["_first"] <= done["day"]])
    counted = met.group_by("day", "group").aggregate(
        won=(met.outcome == "won").cast("int64").sum(), decided=met.count()
    )
    return _dated(answer(book, counted), "day")


def _ended(book: Book, rows: ir.Table, past: Sequence[Period], target: Period, day: dtm.date) -> pd.DataFrame:
    when = [*((each.last_day, each.start) for each in past), (day, target.start)]
    inside = [(rows["_day"] == ibis.date(last)) & (rows.closed_on >= ibis.date(start)) for last, start in when]
    kept = rows.filter(rows.outcome == "won", ibis.or_(*inside))
    names = ("opportunity_id", "closed_on", "amount", "owner_id")
    frame = _dated(answer(book, kept.select(*names, day="_day")), "day", "closed_on")
    return frame.sort_values(["day", "opportunity_id"], ignore_index=True)


def _sold(book: Book, days: Sequence[dtm.date]) -> pd.DataFrame:
    """Return what was sold by each day, of a source without deals: an order is known from its day on."""
    rows = sales(book)
    summed = rows.group_by(closed_on=rows["_on"].cast("date")).aggregate(
        amount=rows.amount.cast("float64").sum(), deals=rows.count()
    )
    frame = _dated(answer(book, summed), "closed_on")
    frames = [frame[frame["closed_on"] <= pd.Timestamp(day)].assign(day=pd.Timestamp(day)) for day in days]
    return pd.concat(frames, ignore_index=True)[["day", "closed_on", "amount", "deals"]]


def _dated(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    for name in names:
        frame[name] = days_of(frame[name])
    for name in ("amount", "won", "decided", "deals"):
        if name in frame:
            frame[name] = frame[name].astype("float64")
    return frame
