"""What each forecaster would have said on a day, from no more than was known on it.

==================  =====================================================================================
forecaster          what a period will bring, by it
==================  =====================================================================================
naive               what the period before brought
seasonal_naive      what the same period a year before brought
series              booked so far, and the monthly series carried on by the combination of models
pace                booked so far over the share that past periods had booked by the same day
stage_weighted      booked so far, and what is open and due, times how often deals of its stage are won
triangulation       booked so far; what is open, times what past periods still won of what was open in the same
                    stage on the same day; and what they won of deals that were not there yet
deals               the same deal by deal, by stage and whether it is due
calls               the sum of the latest commit calls
combination         the mean of series, triangulation and deals; of series and pace where there are no deals
==================  =====================================================================================
"""

from __future__ import annotations

import datetime as dtm
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from salesnb.analysis.landing_grid import Grid
from salesnb.forecast.auto import forecast
from salesnb.forecast.past import Past
from salesnb.periods import Period

FORECASTERS = (
    "combination", "deals", "triangulation", "series", "pace", "stage_weighted", "calls", "seasonal_naive", "naive",
)  # fmt: skip
RECENT = 4
"""Over so many periods is taken what deals that are not there yet bring."""
CHANCES = ("opportunity_id", "owner_id", "amount", "chance")
_PRIOR = 5.0
_SEASON = 12


@dataclass(frozen=True)
class Said:
    """What was said of a period on a day.

    Attributes
    ----------
    period, day, offset
        The period, the day, and how many days before the end of the period that is.
    booked
        What was booked in it by then.
    values
        Forecaster to what it said; NaN where it could say nothing.
    existing, new
        Of the combination, what deals that are open bring, and deals that are not there yet; NaN where not known.
    chances
        Of each open deal: ``opportunity_id, owner_id, amount, chance`` of being won within the period.
    """

    period: Period
    day: dtm.date
    offset: int
    booked: float
    values: Mapping[str, float]
    existing: float = math.nan
    new: float = math.nan
    chances: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(CHANCES)))


def said(known: Grid, calls: pd.DataFrame, period: Period, offset: int) -> Said:
    """Ask every forecaster.

    Parameters
    ----------
    known
        What was known on each day.
    calls
        ``period, as_of, holder, amount``: the commit calls.
    period, offset
        The period, and how many days before its end it is asked.
    """
    day = known.on(period, offset)
    before = [each for each in known.past if each.last_day < period.start and each.last_day <= day]
    booked = known.total(period, day)
    values = dict.fromkeys(FORECASTERS, math.nan)
    if before:
        values["naive"] = known.total(before[-1], day)
    if period.year_ago in before:
        values["seasonal_naive"] = known.total(period.year_ago, day)
    values["series"] = booked + _series(known, period, day, booked)
    values["pace"] = _pace(known, before, offset, booked)
    values["calls"] = _called(calls, period, day)
    existing = new = math.nan
    chances = pd.DataFrame(columns=list(CHANCES))
    if known.has_deals:
        mine = _due(known.rows("open", day), period)
        values["stage_weighted"] = _stage_weighted(known, mine, day, booked)
        if before:
            past = pd.concat([seen(known, each, offset) for each in before], ignore_index=True)
            new = float(np.mean([fresh(known, each, offset)["amount"].sum() for each in before[-RECENT:]]))
            values["triangulation"] = booked + _triangulated(mine, past) + new
            chances = mine[["opportunity_id", "owner_id", "amount"]].assign(chance=_chances(mine, past))
            existing = float((chances["amount"] * chances["chance"]).sum())
            values["deals"] = booked + existing + new
    members = ("series", "triangulation", "deals") if known.has_deals and before else ("series", "pace")
    there = [values[name] for name in members if not math.isnan(values[name])]
    values["combination"] = float(np.mean(there)) if there else values["naive"]
    if not math.isnan(existing) and existing + new > 0:
        left = max(values["combination"] - booked, 0.0) / (existing + new)
        existing, new = existing * left, new * left
    return Said(period, day, offset, booked, values, existing, new, chances)


def _due(rows: pd.DataFrame, period: Period) -> pd.DataFrame:
    expected = rows["expected_close_on"]
    return rows.assign(is_due=(expected < pd.Timestamp(period.end)).astype(bool))


def seen(known: Grid, period: Period, offset: int) -> pd.DataFrame:
    """Return the deals open on the day of a past period, with what each brought by its end: ``won_amount, is_won``."""

    def make() -> pd.DataFrame:
        rows = _due(known.rows("open", known.on(period, offset)), period)
        amount = rows["opportunity_id"].map(known.rows("ended", period.last_day).set_index("opportunity_id")["amount"])
        return rows.assign(is_won=amount.notna(), won_amount=amount.astype("float64").fillna(0.0))

    return known.once("seen", period, offset, make=make)


def fresh(known: Grid, period: Period, offset: int) -> pd.DataFrame:
    """Return the deals that were not open on the day, and not booked by it, and were won in a past period."""

    def make() -> pd.DataFrame:
        day = known.on(period, offset)
        ended = known.rows("ended", period.last_day)
        is_there = ended["opportunity_id"].isin(known.rows("open", day)["opportunity_id"])
        return ended[(ended["closed_on"] > pd.Timestamp(day)) & ~is_there]

    return known.once("fresh", period, offset, make=make)


def _triangulated(mine: pd.DataFrame, past: pd.DataFrame) -> float:
    opened = past.groupby("group")["amount"].sum()
    won = past.groupby("group")["won_amount"].sum()
    overall = float(won.sum() / opened.sum()) if opened.sum() > 0 else 0.0
    rates = (won / opened.where(opened > 0)).fillna(overall)
    return float((mine["amount"] * mine["group"].map(rates).astype("float64").fillna(overall)).sum())


def _chances(mine: pd.DataFrame, past: pd.DataFrame) -> pd.Series[float]:
    """Return each deal's chance to be won by the end: of its stage and whether it is due, drawn to that of its stage.

    The stage's own is drawn to that of all; each by the weight of five deals.
    """
    overall = float(past["is_won"].mean()) if len(past) else 0.0
    stages = past.groupby("group")["is_won"].agg(["sum", "count"])
    by_stage = (stages["sum"] + _PRIOR * overall) / (stages["count"] + _PRIOR)
    both = past.groupby(["group", "is_due"])["is_won"].agg(["sum", "count"])
    base = by_stage.reindex(both.index.get_level_values("group")).to_numpy(dtype=np.float64)
    rates = (both["sum"] + _PRIOR * base) / (both["count"] + _PRIOR)
    keys = pd.MultiIndex.from_frame(mine[["group", "is_due"]])
    found = pd.Series(rates.reindex(keys).to_numpy(dtype=np.float64), index=mine.index)
    return found.fillna(mine["group"].map(by_stage).astype("float64")).fillna(overall)


def _stage_weighted(known: Grid, mine: pd.DataFrame, day: dtm.date, booked: float) -> float:
    rows = known.rows("closed", day)
    if rows.empty or rows["decided"].sum() == 0:
        return math.nan
    rates = rows.set_index("group")["won"] / rows.set_index("group")["decided"]
    overall = float(rows["won"].sum() / rows["decided"].sum())
    due = mine[mine["is_due"]]
    return booked + float((due["amount"] * due["group"].map(rates).astype("float64").fillna(overall)).sum())


def _pace(known: Grid, before: Sequence[Period], offset: int, booked: float) -> float:
    shares = []
    for each in before:
        final = known.total(each, each.last_day)
        if final > 0:
            shares.append(known.total(each, known.on(each, offset)) / final)
    if not shares or np.median(shares) <= 0 or booked <= 0:
        return math.nan
    return float(booked / np.median(shares))


def _called(calls: pd.DataFrame, period: Period, day: dtm.date) -> float:
    rows = calls[(calls["start"] == pd.Timestamp(period.start)) & (calls["end"] == pd.Timestamp(period.end))]
    rows = rows[rows["as_of"] <= pd.Timestamp(day)]
    if rows.empty:
        return math.nan
    latest = rows.sort_values("as_of").drop_duplicates("holder", keep="last")
    return float(latest["amount"].sum())


def months(known: Grid, day: dtm.date) -> pd.Series[float]:
    """Return what was booked in each month up to a day, as known on it; the month of the day is whole or not."""
    rows = known.rows("won", day)
    if rows.empty:
        return pd.Series(dtype="float64")
    months = rows["closed_on"].dt.to_period("M")
    summed = rows.groupby(months)["amount"].sum()
    last = max(pd.Period(day, "M"), summed.index.max())
    return summed.reindex(pd.period_range(summed.index.min(), last, freq="M"), fill_value=0.0)


def _series(known: Grid, period: Period, day: dtm.date, booked: float) -> float:
    """Return what the monthly series says is still to come in a period after a day."""
    found = months(known, day)
    if found.empty or day >= period.last_day:
        return 0.0
    this = pd.Period(day, "M")
    is_over = (pd.Timestamp(day) + pd.Timedelta(days=1)).month != day.month
    whole = found if is_over else found.iloc[:-1]
    if len(whole) > 1 and whole.iloc[0] < 0.5 * whole.iloc[1]:
        whole = whole.iloc[1:]  # the records begin within the first month
    if whole.empty:
        return 0.0
    last = pd.Period(period.last_day, "M")
    ahead = (last - whole.index[-1]).n
    if ahead < 1:
        return 0.0
    point = forecast(Past.of(np.asarray(whole, dtype=np.float64), _SEASON, ahead), n_paths=1, n_windows=0).point
    names = [whole.index[-1] + step for step in range(1, ahead + 1)]
    left = 0.0
    for name, value in zip(names, point, strict=True):
        if name == this and not is_over:
            left += max(float(value) - float(found.iloc[-1]), float(value) * (1 - day.day / name.days_in_month))
        elif name.start_time.date() >= period.start or name.end_time.date() >= period.start:
            left += float(value)
    return left
