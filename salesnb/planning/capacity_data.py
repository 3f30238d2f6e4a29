"""What is read of a book to estimate what its sellers may bring."""

from __future__ import annotations

import datetime as dtm
import math
from typing import Any

import ibis
import numpy as np
import numpy.typing as npt
import pandas as pd

from salesnb.analysis.coverage_quota import Quotas
from salesnb.analysis.coverage_quota import quotas as held_quotas
from salesnb.analysis.hygiene_deals import days_of
from salesnb.analysis.roster import Roster
from salesnb.data.book import Book
from salesnb.kpis.answers import answer
from salesnb.kpis.bookings import booked
from salesnb.periods import Period
from salesnb.planning.plan import offset
from salesnb.planning.quota_days import last_with, quotas_of

YEAR = 365
Floats = npt.NDArray[np.float64]


def won(book: Book, metric: Any, day: dtm.date) -> pd.DataFrame:
    """Return what was won up to a day: ``seller, on, amount``, one row a deal or order."""
    rows = booked(book, metric)
    whole = rows.opportunity_id if "opportunity_id" in rows.columns else rows.order_id.fill_null(rows.order_line_id)
    summed = rows.filter(rows.seller.notnull(), rows["_on"].notnull()).group_by(
        seller="seller", on="_on", whole=whole
    ).aggregate(amount=lambda each: each.amount.cast("float64").sum())  # fmt: skip
    frame = answer(book, summed)
    frame["on"] = days_of(frame["on"])
    frame["amount"] = frame["amount"].astype("float64").fillna(0.0)
    return frame[frame["on"] <= pd.Timestamp(day)].sort_values(["on", "seller"], ignore_index=True)


def sellers(book: Book, period: Period, day: dtm.date, won: pd.DataFrame, is_replay: bool) -> pd.DataFrame:
    """Return the sellers of a period, by id, with the columns of a plan that are not estimated.

    Parameters
    ----------
    book, period, day, is_replay
        See :func:`salesnb.planning.capacity.capacity`.
    won
        What was won up to the day: who sold within the year before counts too, a manager or not, unless gone.
    """
    roster = Roster.of(book, period)
    sold = set(won.loc[won["on"] > pd.Timestamp(day) - pd.Timedelta(days=YEAR), "seller"])
    known = roster.known
    if roster.has_table:
        is_gone = pd.to_datetime(known["left_on"]) <= pd.Timestamp(day if is_replay else period.start)
        known = known[known["rep_id"].isin(roster.active) | (known["rep_id"].isin(sold) & ~is_gone)]
    if roster.has_table and len(known):
        made = known[["rep_id", "name", "role", "hired_on", "left_on"]].copy()
        made["team"] = made["rep_id"].map(roster.groups).fillna("")
    else:
        ids = sorted(sold)
        made = pd.DataFrame({"rep_id": ids, "name": ids, "role": None, "hired_on": None, "left_on": None, "team": ""})
    made["name"] = made["name"].fillna(made["rep_id"])
    for name in ("hired_on", "left_on"):
        made[name] = pd.to_datetime(made[name])
    if is_replay:
        made = made[~(made["hired_on"] > pd.Timestamp(day))]
        made["left_on"] = made["left_on"].where(~(made["left_on"] > pd.Timestamp(day)))
    inside = made["hired_on"].where(made["hired_on"] > pd.Timestamp(period.start))
    return made.assign(starts_on=inside, ends_on=made["left_on"]).sort_values("rep_id", ignore_index=True)


def quotas(
    book: Book, period: Period, day: dtm.date, reps: pd.DataFrame, *, carries: bool = False
) -> tuple[Floats, str]:
    """Return each seller's quota, and in words where it is from.

    Parameters
    ----------
    book, period, day, reps
        The book, the period, the last day known and its sellers.
    carries
        Whether the last earlier period that has quotas stands in for one that has none.
    """
    held = held_quotas(book, day)
    own, how = own_quotas(held, period, reps)
    if how or not carries or (stands_in := last_with(held, period)) is None:
        return own, how or f"there is no quota for {period}"
    own, how = own_quotas(held, stands_in, reps)
    return own, f"{period} has no quota yet, so that of {stands_in} stands in: {how}"


def own_quotas(held: Quotas, period: Period, reps: pd.DataFrame) -> tuple[Floats, str]:
    """Return each seller's quota of a period, and how it is made; zeros and no words where it has none."""
    summed, how = quotas_of(held, period)
    if summed.empty:
        return np.zeros(len(reps)), ""
    if held.holder == "rep_id":
        own = reps["rep_id"].map(summed).fillna(0.0)
        return np.asarray(own, dtype=np.float64), f"{how}each seller's own"
    heads = reps.groupby("team")["rep_id"].transform("size")
    shared = reps["team"].map(summed).fillna(0.0) / heads
    return np.asarray(shared, dtype=np.float64), f"{how}a team's quota, in equal parts for its sellers"


def first_record(book: Book, won: pd.DataFrame) -> dtm.date:
    """Return the first day on which a deal was created, or something was won."""
    first: dtm.date = won["on"].min().date()
    if not book.has("opportunities"):
        return first
    rows = book.opportunities
    created = days_of(answer(book, rows.aggregate(first=rows.created_at.cast("date").min()))["first"]).iloc[0]
    earliest: dtm.date = first if pd.isna(created) else min(first, created.date())
    return earliest


def mix(book: Book, metric: Any, day: dtm.date) -> dict[str, float]:
    """Return which share of the deals won in the year up to a day was of which product; none where not known."""
    rows = booked(book, metric)
    if "opportunity_id" not in rows.columns or not book.gives("opportunities.product"):
        return {}
    late = rows.filter(rows["_on"] <= ibis.date(day), rows["_on"] > ibis.date(day - dtm.timedelta(days=YEAR)))
    frame = answer(book, late.group_by("product").aggregate(n=late.count()))
    total = float(frame["n"].sum())
    known = frame[frame["product"].notna()].sort_values("product")
    return {str(name): float(n) / total for name, n in zip(known["product"], known["n"], strict=True)}


def decided(book: Book, day: dtm.date) -> dict[str, Any]:
    """Return the win rate and the cycle of the deals decided in the last year, and the rate's range by quarter."""
    none: dict[str, Any] = dict.fromkeys(("win_rate", "cycle_days", "low", "high"), math.nan) | {"n": 0, "n_won": 0}
    if not book.has("opportunities"):
        return none
    rows = book.opportunities
    kept = rows.filter(rows.outcome.isin(["won", "lost"]), rows.closed_on.notnull())
    frame = answer(book, kept.select("outcome", "closed_on", created=kept.created_at.cast("date")))
    frame["closed_on"], frame["created"] = days_of(frame["closed_on"]), days_of(frame["created"])
    last = pd.Timestamp(day)
    frame = frame[(frame["closed_on"] <= last) & (frame["closed_on"] > last - pd.Timedelta(days=YEAR))]
    if frame.empty:
        return none
    is_won = frame["outcome"] == "won"
    rates = is_won.groupby(frame["closed_on"].dt.to_period("Q")).mean()
    took = (frame["closed_on"] - frame["created"]).dt.days[is_won].dropna()
    cycle = float(took[took >= 0].mean()) if (took >= 0).any() else math.nan
    return {"win_rate": float(is_won.mean()) or math.nan, "cycle_days": cycle or math.nan, "n": len(frame),
            "n_won": int(is_won.sum()), "low": float(rates.min()), "high": float(rates.max())}  # fmt: skip


def left(reps: pd.DataFrame, book: Book, day: dtm.date, is_replay: bool) -> tuple[int, float]:
    """Return how many sellers left in the last two years, and how many years all were there."""
    if not book.has("reps") or not book.gives("reps.hired_on"):
        return 0, 0.0
    rows = book.reps.select("hired_on", "left_on", "role")
    frame = answer(book, rows)
    is_manager = frame["role"].fillna("").str.lower().str.contains("manager")
    hired, left = (pd.to_datetime(days_of(frame[name]))[~is_manager] for name in ("hired_on", "left_on"))
    last, first = pd.Timestamp(day), pd.Timestamp(day) - pd.Timedelta(days=2 * YEAR)
    n = (last - first).days
    begins, ends = np.maximum(offset(hired, first.date(), 0), 0), offset(left, first.date(), n + 1)
    is_gone = (ends > 0) & (ends <= n)
    return int(is_gone.sum()), float(np.maximum(np.minimum(ends, n) - begins, 0).sum()) / 365.25
