"""How long deals stay in each stage: those that were won in the end, which is the norm, and those that are open."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from salesnb.analysis.hygiene_deals import days_of
from salesnb.data.book import Book
from salesnb.data.history import deals_on
from salesnb.kpis.answers import answer
from salesnb.kpis.standing import standing

FEWEST, FEWEST_OF_SEGMENT = 10, 30
"""The stays of won deals that a norm needs: of a stage, and of a segment in it."""
ALL_STAGES = "since creation"
"""In the place of a stage where there is no log of stages."""
_QUANTILES = {"median": 0.5, "p80": 0.8, "p90": 0.9}


def stays_of_won(book: Book, day: dtm.date) -> pd.DataFrame:
    """Count how long the deals won by a day had stayed in each stage, a stay being one visit.

    The visits before the first change count from the day the deal was entered, the last one ends with the closing.
    What begins on the day of closing or after it, and is not left again, is the closed stage itself and no stay.

    Returns
    -------
    pandas.DataFrame
        ``stage, segment, days, stays``; the segment is the account's, ``""`` where it has none.
    """
    deals = deals_on(book, day)
    won = deals.filter(deals.outcome == "won", deals.closed_on.notnull())
    won = won.select("opportunity_id", "account_id", "entered_on", "closed_on")
    changes = stage_changes(book, day)
    left = changes.select(
        "opportunity_id", stage="new", starts="_on", ends="_later", is_last=changes["_later"].isnull(), is_first=False
    )
    firsts = changes.filter(changes["_earlier"].isnull(), changes.old.notnull())
    entered = firsts.select(
        "opportunity_id", stage="old", starts=ibis.null("date"), ends="_on", is_last=False, is_first=True
    )
    visits = left.union(entered).join(won, "opportunity_id")
    starts = visits.is_first.ifelse(visits.entered_on, visits.starts)
    ends = visits.is_last.ifelse(visits.closed_on, visits.ends)
    visits = visits.mutate(starts=starts, days=ends.delta(starts, unit="day").cast("int64"))
    is_closing = visits.is_last & (visits.starts >= visits.closed_on)
    return _counted(book, visits.filter(visits.stage.notnull(), visits.days >= 0, ~is_closing))


def days_to_win(book: Book, day: dtm.date) -> pd.DataFrame:
    """Count how long the deals won by a day took since their creation: the columns of :func:`stays_of_won`."""
    deals = deals_on(book, day)
    won = deals.filter(deals.outcome == "won", deals.closed_on.notnull())
    days = won.closed_on.delta(won.entered_on, unit="day").cast("int64")
    won = won.mutate(stage=ibis.literal(ALL_STAGES), days=days)
    return _counted(book, won.filter(won.created_at.notnull(), won.days >= 0))


def since(book: Book, day: dtm.date) -> pd.DataFrame:
    """Return since when each open deal stands in the stage that the log last said: ``opportunity_id, stage, since``."""
    changes = stage_changes(book, day)
    last = changes.filter(changes["_later"].isnull()).select("opportunity_id", last_stage="new", since="_on")
    rows = last.join(standing(book, day).select("opportunity_id"), "opportunity_id")
    frame = answer(book, rows.select("opportunity_id", "last_stage", "since"))
    frame["since"] = days_of(frame["since"])
    return frame.drop_duplicates("opportunity_id").set_index("opportunity_id")


def stage_changes(book: Book, day: dtm.date) -> ir.Table:
    """Return the changes of stage up to a day, with ``_on`` and the days of the one before and the one after."""
    events = book.table("opportunity_events")
    events = events.mutate(_on=events.changed_at.cast("date"))
    events = events.filter(events.field == "stage", events["_on"] <= ibis.date(day))
    order = [events.changed_at, events.old.asc(nulls_first=True), events.new.asc(nulls_first=True)]
    window = ibis.window(group_by=events.opportunity_id, order_by=order)
    return events.select(
        "opportunity_id",
        "old",
        "new",
        "_on",
        _earlier=events["_on"].lag().over(window),
        _later=events["_on"].lead().over(window),
    )


def _counted(book: Book, stays: ir.Table) -> pd.DataFrame:
    if book.gives("accounts.segment"):
        accounts = book.accounts.select(_account="account_id", _segment="segment")
        stays = stays.left_join(accounts, [("account_id", "_account")])
        stays = stays.mutate(segment=stays["_segment"].fill_null(""))
    else:
        stays = stays.mutate(segment=ibis.literal(""))
    frame = answer(book, stays.group_by("stage", "segment", "days").aggregate(stays=stays.count()))
    frame[["days", "stays"]] = frame[["days", "stays"]].astype("int64")
    return frame.sort_values(["stage", "segment", "days"], ignore_index=True)


def norms(counted: pd.DataFrame) -> pd.DataFrame:
    """Return what is normal: for each stage, and each segment in it, the days that so many stays took at most.

    Parameters
    ----------
    counted
        ``stage, segment, days, stays``.

    Returns
    -------
    pandas.DataFrame
        ``stage, segment`` (None: of all) ``, n, median, p80, p90``: the least number of days that at least half,
        80 % and 90 % of the stays did not exceed.

    Examples
    --------
    >>> stays = pd.DataFrame({"stage": ["A"] * 3, "segment": ["x"] * 3, "days": [2, 5, 9], "stays": [5, 4, 1]})
    >>> norms(stays).to_dict("records")[0]
    {'stage': 'A', 'segment': None, 'n': 10, 'median': 2.0, 'p80': 5.0, 'p90': 5.0}
    """
    made = []
    for stage, rows in counted.groupby("stage", sort=False):
        whole = rows.groupby("days")["stays"].sum().reset_index()
        parts: list[tuple[str | None, pd.DataFrame]] = [(None, whole)]
        parts += [(str(name), part) for name, part in rows.groupby("segment", sort=False) if name]
        for name, part in parts:
            made.append({"stage": stage, "segment": name, "n": int(part["stays"].sum()), **_quantiles(part)})
    frame = pd.DataFrame(made, columns=["stage", "segment", "n", *_QUANTILES])
    return frame.assign(segment=pd.Series([row["segment"] for row in made], dtype=object))


def _quantiles(rows: pd.DataFrame) -> dict[str, float]:
    ordered = rows.sort_values("days")
    reached = ordered["stays"].cumsum().to_numpy()
    # In whole numbers, so that 9 of 10 are 90 % and no more.
    needed = {name: -(-int(reached[-1]) * round(q * 100) // 100) for name, q in _QUANTILES.items()}
    days = ordered["days"].to_numpy()
    return {name: float(days[int(np.searchsorted(reached, count))]) for name, count in needed.items()}


def norm_of(rows: pd.DataFrame, found: pd.DataFrame, segments: pd.Series[Any]) -> pd.DataFrame:
    """Return the norm of each deal: of its segment in its stage where that has stays enough, else of the stage.

    Parameters
    ----------
    rows
        Deals with ``norm_stage``.
    found
        The :func:`norms`.
    segments
        The segment of each deal.

    Returns
    -------
    pandas.DataFrame
        ``median, p80, p90, norm_n, norm_segment``, NaN where the stage has fewer than :data:`FEWEST` stays.
    """
    places = {(row["stage"], row["segment"] or ""): row for row in found.to_dict("records")}
    made = []
    for stage, segment in zip(rows["norm_stage"], segments, strict=True):
        own, whole = places.get((stage, segment)), places.get((stage, ""))
        best = own if segment and own and own["n"] >= FEWEST_OF_SEGMENT else whole
        if best is None or best["n"] < FEWEST:
            best = {"median": np.nan, "p80": np.nan, "p90": np.nan, "n": 0, "segment": ""}
        made.append((best["median"], best["p80"], best["p90"], best["n"], best["segment"] or ""))
    return pd.DataFrame(made, columns=["median", "p80", "p90", "norm_n", "norm_segment"], index=rows.index)
