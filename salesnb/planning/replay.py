"""Replay: what would have been said of past periods on the day before each, held against what came."""

from __future__ import annotations

import datetime as dtm
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from salesnb.analysis.calendar import Records
from salesnb.analysis.coverage_quota import quotas
from salesnb.data import findings
from salesnb.data.book import Book
from salesnb.data.history import as_known
from salesnb.errors import NeedsData
from salesnb.kpis.intervals import wilson
from salesnb.kpis.quotas import metric_of
from salesnb.periods import Period
from salesnb.planning import capacity_data as data
from salesnb.planning.capacity import capacity
from salesnb.planning.plan import Plan
from salesnb.planning.quota_days import quotas_of
from salesnb.planning.scenario import what_if

REPLAY = ("period", "day", "sellers", "expected", "low", "middle", "high", "came", "inside", "quota", "chance", "hit")
SELLERS = ("period", "rep_id", "quota", "chance", "hit")
BINS = ("said", "came", "low", "high", "n")
MOST = 8
_EDGES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


@dataclass(frozen=True)
class Replay:
    """What would have been said of past periods, and what came.

    Attributes
    ----------
    periods
        One row a period: ``period, day, sellers`` (who were there on the day) ``, expected, low, middle, high`` (10th,
        50th and 90th percentile) ``, came, inside`` (whether it came within) ``, quota`` (the sum of the quotas)
        ``, chance`` (of at least it) and ``hit`` (whether it came).
    sellers
        One row a seller and period with a quota above 0: ``period, rep_id, quota, chance, hit``; those who were not
        there on the day before are left out.
    """

    periods: pd.DataFrame
    sellers: pd.DataFrame

    def calibration(self) -> pd.DataFrame:
        """Hold the chances that sellers were said to have against how many of them reached their quota.

        Returns
        -------
        pandas.DataFrame
            One row for the chances up to 10, 25, 50, 75, 90 and 100 %: ``said`` (their mean) ``, came`` (the share that
            did) ``, low, high`` (its 80 % interval by Wilson; a quarter's market moves all sellers, so that it is too
            narrow) ``, n``; bins of nobody are left out.
        """
        made = []
        places = np.digitize(self.sellers["chance"].astype("float64"), _EDGES[1:-1], right=True)
        for place in range(len(_EDGES) - 1):
            mine = self.sellers[places == place]
            if len(mine):
                hits, n = int(mine["hit"].sum()), len(mine)
                low, high = wilson(hits, n, 0.8)
                made.append((float(mine["chance"].mean()), hits / n, float(low), float(high), n))
        return pd.DataFrame(made, columns=list(BINS))


def replay(
    book: Book, periods: Sequence[Period], *, opened: Book | None = None, draws: int = 4000, seed: int = 0
) -> Replay:
    """Say of each period what would have been said on the day before it began, from what was known then.

    Parameters
    ----------
    book
        The book, as known today: it tells what came, and which quotas were set.
    periods
        Periods that are over by its as-of date; one before which nothing was known is left out.
    opened
        The book that `book` is an earlier view of, from which the same was known on the days before; `book` where None.
    draws, seed
        See :func:`salesnb.planning.scenario.what_if`.
    """
    made, each = [], []
    base = book if opened is None else opened
    held = quotas(book, book.as_of)
    metric = metric_of(book) if book.gives("quotas") else "bookings"
    for period in periods:
        day = period.start - dtm.timedelta(days=1)
        key = (period.start, period.end, str(period))
        try:
            known = findings.found(base, "capacity", *key, make=lambda: _known(base, day, period))  # noqa: B023
            won = data.won(book, metric, period.last_day)
        except NeedsData:
            continue
        sold = won[won["on"] >= pd.Timestamp(period.start)].groupby("seller")["amount"].sum()
        # Quotas are set before a period begins: those of it are held against what was said on the day before.
        own, _ = data.own_quotas(held, period, known.reps)
        found = what_if(replace(known, reps=known.reps.assign(quota=own)), draws=draws, seed=seed)
        came, quota = float(sold.sum()), float(quotas_of(held, period)[0].sum())
        has_quota = quota > 0
        made.append(
            (str(period), day, len(known.reps), found.expected, found.low, found.middle, found.high, came,
             found.low <= came <= found.high, quota if has_quota else math.nan,
             float(np.mean(found.total >= quota)) if has_quota else math.nan, came >= quota if has_quota else None)
        )  # fmt: skip
        mine = found.reps[found.reps["quota"] > 0]
        got = mine["rep_id"].map(sold).astype("float64").fillna(0.0)
        each += list(zip([str(period)] * len(mine), mine["rep_id"], mine["quota"], mine["hit"], got >= mine["quota"],
                         strict=True))  # fmt: skip
    return Replay(pd.DataFrame(made, columns=list(REPLAY)), pd.DataFrame(each, columns=list(SELLERS)))


def _known(book: Book, day: dtm.date, period: Period) -> Plan:
    """Return the plan of a period as it would have been made on a day."""
    return capacity(as_known(book, day), period, is_replay=True, has_quotas=False).plan


def past_periods(book: Book, period: Period, most: int = MOST) -> tuple[Period, ...]:
    """Return the periods up to one that are over and have a year of records before them, the oldest first.

    Where quotas are of other days than periods are, as of 91 from any day on, the days of the quotas are taken: those
    that most holders have.
    """
    records = Records.of(book)
    if records.first_day is None:
        return ()
    first = records.first_day + dtm.timedelta(days=365)
    usual = [one for one in period.last(most) if one.is_complete(book.as_of) and one.start >= first]
    spans = quotas(book, book.as_of).spans
    if spans.empty:
        return tuple(usual)
    n = spans.groupby(["starts_on", "ends_on"]).size().reset_index(name="n")
    n = n[(n["n"] * 2 >= n["n"].max()) & (n["ends_on"] <= pd.Timestamp(min(book.as_of, period.last_day)))]
    n = n[n["starts_on"] >= pd.Timestamp(first)].sort_values("ends_on").tail(most)
    bounds = [(row.starts_on.date(), row.ends_on.date()) for row in n.itertuples()]
    known = {(one.start, one.last_day): one for one in usual}
    if not bounds or sum(bound in known for bound in bounds) * 2 > len(bounds):
        return tuple(usual)
    return tuple(Period.parse(f"{start}..{end}") for start, end in bounds)


def quota_met_by(quotas: pd.DataFrame, share: float = 0.5) -> float:
    """Return by what factor quotas would have had to differ for a share of them to be met.

    Parameters
    ----------
    quotas
        One row a quota: ``quota`` and ``booked`` on its days; those of 0 or below do not count.
    share
        Of the quotas: 0.5 for the median attainment.

    Returns
    -------
    float
        1 is as they were; NaN where there is none.
    """
    known = quotas[quotas["quota"] > 0]
    if known.empty:
        return math.nan
    return float(np.quantile(known["booked"] / known["quota"], 1 - share))
