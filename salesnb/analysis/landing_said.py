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
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesnb.analysis.landing_grid import Grid
from salesnb.data import findings
from salesnb.forecast.auto import forecast
from salesnb.forecast.past import Past
from salesnb.forecast.patterns import Floats
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
        ``start, end, as_of, holder, amount``: the commit calls, by ``as_of``.
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
    values["series"] = booked + _series(known, period, day)
    values["pace"] = _pace(known, before, offset, booked)
    values["calls"] = _called(known, calls, period, day)
    existing = new = math.nan
    chances = pd.DataFrame(columns=list(CHANCES))
    if known.has_deals:
        rows = known.rows("open", day)
        mine = Open(rows["place"].to_numpy(), _due(rows, period), rows["amount"].to_numpy(dtype=np.float64))
        values["stage_weighted"] = _stage_weighted(known, mine, day, booked)
        if before:
            past = sum((tally(known, each, offset) for each in before), np.zeros((2, len(known.places), 4)))
            new = float(np.mean([_fresh_sum(known, each, offset) for each in before[-RECENT:]]))
            values["triangulation"] = booked + _triangulated(mine, past) + new
            chance = _chances(mine, past)
            chances = rows[["opportunity_id", "owner_id", "amount"]].assign(chance=chance)
            existing = float(mine.amount @ chance)
            values["deals"] = booked + existing + new
    members = ("series", "triangulation", "deals") if known.has_deals and before else ("series", "pace")
    there = [values[name] for name in members if not math.isnan(values[name])]
    values["combination"] = float(np.mean(there)) if there else values["naive"]
    if not math.isnan(existing) and existing + new > 0:
        left = max(values["combination"] - booked, 0.0) / (existing + new)
        existing, new = existing * left, new * left
    return Said(period, day, offset, booked, values, existing, new, chances)


class Open(NamedTuple):
    """Open deals: the place of each one's stage in the grid's, whether it is due in the period (0 or 1), its amount."""

    place: npt.NDArray[np.int64]
    is_due: npt.NDArray[np.int64]
    amount: Floats


def _due(rows: pd.DataFrame, period: Period) -> npt.NDArray[np.int64]:
    return np.asarray(rows["expected_close_on"] < pd.Timestamp(period.end), dtype=np.int64)


def seen(known: Grid, period: Period, offset: int) -> pd.DataFrame:
    """Return the deals open on the day of a past period, with what each brought by its end: ``won_amount, is_won``."""

    def make() -> pd.DataFrame:
        rows = known.rows("open", known.on(period, offset))
        amount = rows["opportunity_id"].map(known.rows("ended", period.last_day).set_index("opportunity_id")["amount"])
        return rows.assign(is_won=amount.notna(), won_amount=amount.astype("float64").fillna(0.0))

    return known.once("seen", period, offset, make=make)


def tally(known: Grid, period: Period, offset: int) -> Floats:
    """Count the deals open on the day of a past period, and those of them won by its end.

    Returns
    -------
    numpy.ndarray
        ``[is due, place of the stage, what]``, what being how many were open, how many were won, the amount that was
        open, and what those won brought.
    """

    def make() -> Floats:
        rows = seen(known, period, offset)
        there = _due(rows, period), rows["place"].to_numpy()
        made = np.zeros((2, len(known.places), 4))
        columns = np.ones(len(rows)), rows["is_won"], rows["amount"], rows["won_amount"]
        np.add.at(made, there, np.column_stack([np.asarray(one, dtype=np.float64) for one in columns]))
        return made

    return known.once("tally", period, offset, make=make)


def fresh(known: Grid, period: Period, offset: int) -> pd.DataFrame:
    """Return the deals that were not open on the day, and not booked by it, and were won in a past period."""

    def make() -> pd.DataFrame:
        day = known.on(period, offset)
        ended = known.rows("ended", period.last_day)
        is_there = ended["opportunity_id"].isin(known.rows("open", day)["opportunity_id"])
        return ended[(ended["closed_on"] > pd.Timestamp(day)) & ~is_there]

    return known.once("fresh", period, offset, make=make)


def _fresh_sum(known: Grid, period: Period, offset: int) -> float:
    return known.once("fresh sum", period, offset, make=lambda: float(fresh(known, period, offset)["amount"].sum()))


def _triangulated(mine: Open, past: Floats) -> float:
    opened, won = past[:, :, 2].sum(axis=0), past[:, :, 3].sum(axis=0)
    overall = won.sum() / opened.sum() if opened.sum() > 0 else 0.0
    rates = np.divide(won, opened, out=np.full(len(opened), overall), where=opened > 0)
    return float(mine.amount @ rates[mine.place])


def _chances(mine: Open, past: Floats) -> Floats:
    """Return each deal's chance to be won by the end: of its stage and whether it is due, drawn to that of its stage.

    The stage's own is drawn to that of all; each by the weight of five deals.
    """
    n, won = past[:, :, 0], past[:, :, 1]
    overall = won.sum() / n.sum() if n.sum() else 0.0
    by_stage = (won.sum(axis=0) + _PRIOR * overall) / (n.sum(axis=0) + _PRIOR)
    rates = (won + _PRIOR * by_stage) / (n + _PRIOR)
    return np.asarray(rates[mine.is_due, mine.place])


def _stage_weighted(known: Grid, mine: Open, day: dtm.date, booked: float) -> float:
    rows = known.rows("closed", day)
    won, decided = rows["won"].to_numpy(dtype=np.float64), rows["decided"].to_numpy(dtype=np.float64)
    if not decided.sum():
        return math.nan
    rates = np.full(len(known.places), won.sum() / decided.sum())
    rates[rows["place"].to_numpy(dtype=np.int64)] = won / decided
    return booked + float((mine.amount * mine.is_due) @ rates[mine.place])


def _pace(known: Grid, before: Sequence[Period], offset: int, booked: float) -> float:
    shares = []
    for each in before:
        final = known.total(each, each.last_day)
        if final > 0:
            shares.append(known.total(each, known.on(each, offset)) / final)
    if not shares or np.median(shares) <= 0 or booked <= 0:
        return math.nan
    return float(booked / np.median(shares))


def _called(known: Grid, calls: pd.DataFrame, period: Period, day: dtm.date) -> float:
    def of_period() -> pd.DataFrame:
        is_its = (calls["start"] == pd.Timestamp(period.start)) & (calls["end"] == pd.Timestamp(period.end))
        return calls[is_its]

    rows = known.once("calls", period, make=of_period)
    latest = dict(zip(*(rows.loc[rows["as_of"] <= pd.Timestamp(day), name] for name in ("holder", "amount")),
                      strict=True))  # fmt: skip
    return float(sum(latest.values())) if latest else math.nan


def months(known: Grid, day: dtm.date) -> tuple[int, Floats]:
    """Return what was booked in each month up to a day, as known on it; the month of the day is whole or not.

    Returns
    -------
    tuple
        The first month, counted from January 1970, and one amount a month; none where nothing was booked.
    """
    rows = known.rows("won", day)
    if rows.empty:
        return 0, np.array([])
    found = rows["closed_on"].to_numpy().astype("datetime64[M]").astype(np.int64)
    first, last = int(found.min()), max(int(found.max()), _month(day))
    summed = np.zeros(last - first + 1)
    np.add.at(summed, found - first, rows["amount"].to_numpy(dtype=np.float64))
    return first, summed


def _month(day: dtm.date) -> int:
    return (day.year - 1970) * 12 + day.month - 1


def _series(known: Grid, period: Period, day: dtm.date) -> float:
    """Return what the monthly series says is still to come in a period after a day."""
    first, found = months(known, day)
    if not len(found) or day >= period.last_day:
        return 0.0
    this, is_over = _month(day), (day + dtm.timedelta(days=1)).month != day.month
    whole = found if is_over else found[:-1]
    if len(whole) > 1 and whole[0] < 0.5 * whole[1]:
        first, whole = first + 1, whole[1:]  # the records begin within the first month
    if not len(whole):
        return 0.0
    after, last = first + len(whole), _month(period.last_day)
    if last < after:
        return 0.0
    # A month's forecast does not hang on how many are asked: those of a whole period serve all its days in a month.
    steps = max(last - after, last - _month(period.start)) + 1
    past = Past.of(whole, _SEASON, steps)
    key = ("months", whole.tobytes(), steps)
    point = known.once(
        *key, make=lambda: findings.found(None, *key, make=lambda: forecast(past, n_paths=1, n_windows=0).point)
    )
    left = 0.0
    for month, value in zip(range(after, last + 1), point, strict=False):
        if month == this and not is_over:
            days = monthrange(day.year, day.month)[1]
            left += max(float(value) - float(found[-1]), float(value) * (1 - day.day / days))
        elif month >= _month(period.start):
            left += float(value)
    return left
