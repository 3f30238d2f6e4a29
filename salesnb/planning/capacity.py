"""Capacity: what each seller may bring, from the data, each assumption with the rows it stands on.

==================  ================================================================================================
assumption          rule
==================  ================================================================================================
deals won a day     a seller's wins in the last year over the seller's days, a day in the ramp counted in part; drawn
                    to the team's rate and that to the company's, by how much they truly differ (gamma and Poisson).
                    Where deals created are known, sellers are told apart by deals created a day times the share won
                    of them, each drawn alike (:mod:`salesnb.planning.shown`), and win as much together
deal size           the mean of the seller's deals and ten of the company's mean
variation of size   the standard deviation of all deals over their mean
win rate            won over won and lost, of the deals decided in the last year
cycle               mean days from creation to close of the deals won in the last year
ramp                a straight line to the full rate, fitted to what sellers brought in their first year
                    (:mod:`salesnb.planning.ramp`)
growth              what a day of a seller brought more in the last year than in the one before, carried on at
                    :data:`KEPT` of its pace to the middle of the period; none where there are not two years
batches             where nearly all of a month is booked on one day, days of that kind count, and not days
season              the season of the monthly series, less what may be chance
market              how far totals of past periods lay from the mean of the four before with growth carried on in the
                    same way, less what chance gives, drawn to 15 %
attrition           sellers who left in the last two years, over the years that all were there
==================  ================================================================================================
"""

from __future__ import annotations

import datetime as dtm
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesnb.data.book import Book
from salesnb.data.memo import keeping
from salesnb.errors import NeedsData
from salesnb.forecast.past import Past
from salesnb.kpis.quotas import metric_of
from salesnb.periods import Period
from salesnb.planning import capacity_data as data
from salesnb.planning.batches import batches
from salesnb.planning.pay_plan import PayPlan
from salesnb.planning.plan import REPS, Plan, ramp_of
from salesnb.planning.ramp import Ramp, days_of, ramp
from salesnb.planning.shown import SHOWN, shown
from salesnb.planning.shrinkage import shrunk

_SIZE_PRIOR = 10.0
_FEW = 10
_LEAST_DAYS = 90
KEPT = 0.8
"""The share of last year's growth that is carried on."""
_MARKET = (0.05, 0.15, 0.6)
"""The least, the usual where fewer than four periods tell, and the most that the market is taken to vary."""
_MARKET_PRIOR = 4
"""As how many periods the usual counts."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Capacity:
    """A plan and what it rests on.

    Attributes
    ----------
    plan
        The plan.
    assumptions
        ``name, value, unit, n, of, low, high, rule``: the value, from how many rows of what, the lowest and the highest
        of past quarters where they can be told, and a word where a rule stands in for data.
    quota_rule
        Where quotas are from, in words.
    """

    plan: Plan
    assumptions: pd.DataFrame
    quota_rule: str


def capacity(
    book: Book, period: Period, *, plans: tuple[PayPlan, ...] = (), target: float | None = None,
    is_replay: bool = False, carries_quotas: bool = False, has_quotas: bool = True,
) -> Capacity:  # fmt: skip
    """Estimate what each seller may bring in a period from what is known on the book's as-of date.

    Parameters
    ----------
    book, period
        The book, and the period; nothing later than the as-of date counts.
    plans
        The pay plans.
    target
        What all shall bring; the sum of the quotas where None.
    is_replay
        Whether the as-of date is in the past: then sellers who were hired later are not there, and none is known to
        leave later.
    carries_quotas
        Whether the last quotas there are stand in where the period has none.
    has_quotas
        Whether quotas are looked up; where not, all are 0.

    Raises
    ------
    NeedsData
        Nobody is credited with a deal or an order.
    """
    source = keeping(book)
    day = min(book.as_of, period.last_day)
    metric = metric_of(source) if source.gives("quotas") else "bookings"
    won = data.won(source, metric, day)
    if won.empty:
        raise NeedsData("needs a deal won or an order that a seller is credited with", where=book.name,
                        needs="opportunities.owner_id or orders.rep_id", mend="map who sold")  # fmt: skip
    reps = data.sellers(source, period, day, won, is_replay)
    window = won[won["on"] > pd.Timestamp(day) - pd.Timedelta(days=data.YEAR)]
    # A first sale says little of how often sales come: a quarter counts at least, and all since the first deal.
    since = min(data.first_record(source, won), day - dtm.timedelta(days=_LEAST_DAYS))
    first = max(since, day - dtm.timedelta(days=data.YEAR - 1))
    line = ramp(won, reps, day)
    worked = _worked(reps, first, day, line)
    n: Floats = np.asarray(reps["rep_id"].map(window.groupby("seller").size()).fillna(0), dtype=np.float64)
    growth, n_years = _growth(won, reps, period, day, line)
    rates, doubt = shrunk(np.asarray(n), worked, reps["team"].to_numpy())
    seen = shown(source, reps, day) if metric == "bookings" else pd.DataFrame(columns=list(SHOWN))
    # What sellers create times what they win of it tells them apart; together they win what they won.
    each = np.asarray(seen["created_a_day"] * seen["win_rate"], dtype=np.float64)
    if len(each) and each.sum() > 0:
        rates = each * (rates.sum() / each.sum())
    mean = float(window["amount"].mean()) if len(window) else float(won["amount"].mean())
    own = reps["rep_id"].map(window.groupby("seller")["amount"].sum()).fillna(0).to_numpy(dtype=np.float64)
    now = won[(won["on"] >= pd.Timestamp(period.start)) & (won["on"] < pd.Timestamp(period.end))]
    quota, quota_rule = np.zeros(len(reps)), ""
    if has_quotas:
        quota, quota_rule = data.quotas(source, period, day, reps, carries=carries_quotas)
    table = reps.assign(
        booked=reps["rep_id"].map(now.groupby("seller")["amount"].sum()).fillna(0.0).astype("float64"),
        wins_a_day=rates * growth, size=(own + _SIZE_PRIOR * mean) / (n + _SIZE_PRIOR), doubt=doubt, quota=quota,
    )  # fmt: skip
    deviation = float(window["amount"].std()) if len(window) > 1 else 0.0
    decided = data.decided(source, day)
    season, n_months = _season(won, period, day)
    ahead = max(period.start, day + dtm.timedelta(days=1))
    n_batches, by_batch = batches(won, day, ahead, period.end)
    market, n_periods = _market(won, period, day)
    few = "" if len(window) >= _FEW else "very few: what is planned is a guess"
    left, years = data.left(reps, source, day, is_replay)
    goal = float(quota.sum()) if target is None else float(target)
    plan = Plan(
        period=period, day=day, reps=table[list(REPS)].reset_index(drop=True), target=goal if goal > 0 else math.nan,
        win_rate=decided["win_rate"], cycle_days=decided["cycle_days"],
        size_cv=deviation / mean if mean > 0 else 0.0, season=season * by_batch, market=market,
        attrition=min(left / years, 1.0) if years else 0.0, ramp_days=float(line.days), ramp_start=line.start,
        plans=plans, currency=book.currency,
        mix=data.mix(source, metric, day) if any(one.spiffs for one in plans) else {},
    )  # fmt: skip
    what = "deals" if source.has("opportunities") and metric == "bookings" else "orders"
    quarter = _by_quarter(window)
    rows: list[dict[str, Any]] = [
        {"name": "deals won a day and seller", "value": n.sum() / worked.sum() if worked.sum() else math.nan,
         "unit": "number", "n": int(n.sum()), "of": f"{what} of the last year",
         "rule": few},
        {"name": "deal size", "value": mean, "unit": "money", "n": len(window), "of": f"{what} of the last year",
         "low": quarter["low"], "high": quarter["high"]},
        {"name": "variation of size", "value": plan.size_cv, "unit": "number", "n": len(window),
         "of": f"{what} of the last year"},
        {"name": "win rate", "value": plan.win_rate, "unit": "ratio", "n": decided["n"],
         "of": "deals decided in the last year", "low": decided["low"], "high": decided["high"]},
        {"name": "cycle", "value": plan.cycle_days, "unit": "days", "n": decided["n_won"],
         "of": "deals won in the last year"},
        {"name": "ramp", "value": plan.ramp_days, "unit": "days", "n": line.n,
         "of": f"{what} of sellers in their first year",
         "rule": "" if line.full >= _FEW else "few: near the usual line"},
        {"name": "first year, of the full rate", "value": line.share, "unit": "ratio", "n": line.n,
         "of": f"{what} of sellers in their first year"},
        {"name": "growth", "value": growth, "unit": "number", "n": n_years, "of": "years",
         "rule": "" if n_years > 1 else "there are not two years: none"},
        {"name": "season", "value": season, "unit": "number", "n": n_months, "of": "months",
         "rule": "" if season != 1 else "none is told from chance"},
        {"name": "market", "value": market, "unit": "ratio", "n": n_periods, "of": "past periods",
         "rule": "" if n_periods >= 4 else "too few: assumed"},
        {"name": "attrition", "value": plan.attrition, "unit": "ratio", "n": left, "of": "sellers left in two years",
         "rule": "" if years else "no dates of sellers: nobody leaves"},
    ]  # fmt: skip
    if by_batch != 1:
        rows.append({"name": "batches", "value": float(n_batches), "unit": "count", "n": n_months, "of": "months",
                     "rule": "nearly all of a month is booked on one day: so many are ahead"})  # fmt: skip
    frame = pd.DataFrame(rows, columns=["name", "value", "unit", "n", "of", "low", "high", "rule"])
    return Capacity(plan, frame.fillna({"rule": ""}), quota_rule)


def _worked(reps: pd.DataFrame, first: dtm.date, day: dtm.date, line: Ramp) -> Floats:
    """Return the days of each seller from one day to another, those in the ramp counted in part."""
    there, tenure = days_of(reps, first, day)
    return np.asarray((there * ramp_of(tenure, line.days, line.start)).sum(axis=1), dtype=np.float64)


def _by_quarter(window: pd.DataFrame) -> dict[str, float]:
    means = window.groupby(window["on"].dt.to_period("Q"))["amount"].mean() if len(window) else pd.Series([math.nan])
    return {"low": float(means.min()), "high": float(means.max())}


def _growth(won: pd.DataFrame, reps: pd.DataFrame, period: Period, day: dtm.date, line: Ramp) -> tuple[float, int]:
    """Return how many times as much a day of a seller will bring as in the last year, and how many years tell of it."""
    year = dtm.timedelta(days=data.YEAR)
    spans = [(day - (k + 1) * year + dtm.timedelta(days=1), day - k * year) for k in range(2)]
    if won["on"].min().date() > spans[1][0] + dtm.timedelta(days=31):
        return 1.0, 1
    brought = []
    for first, last in spans:
        inside = (won["on"] >= pd.Timestamp(first)) & (won["on"] <= pd.Timestamp(last))
        worked = float(_worked(reps, first, last, line).sum())
        known = won[inside & won["seller"].isin(reps["rep_id"])]
        brought.append(float(known["amount"].sum()) / worked if worked else 0.0)
    if min(brought) <= 0:
        return 1.0, 2
    middle = max(period.start, day + dtm.timedelta(days=1))
    ahead = ((middle - day).days + (period.end - middle).days / 2 + data.YEAR / 2) / data.YEAR
    return float((brought[0] / brought[1]) ** (KEPT * ahead)), 2


def _season(won: pd.DataFrame, period: Period, day: dtm.date) -> tuple[float, int]:
    """Return what a day of the period brings over a usual one, and how many months tell of it."""
    months = won.groupby(won["on"].dt.to_period("M"))["amount"].sum()
    last = pd.Period(pd.Timestamp(day) + pd.Timedelta(days=1), "M") - 1
    months = months.reindex(pd.period_range(months.index.min(), last, freq="M"), fill_value=0.0)
    ahead = max((pd.Period(period.last_day, "M") - months.index[-1]).n, 1) if len(months) else 0
    if len(months) < 24:
        return 1.0, len(months)
    past = Past.of(months.to_numpy(dtype=np.float64), 12, ahead)
    if not past.is_log or not past.patterns:
        return 1.0, len(months)
    names = pd.period_range(months.index[0], months.index[-1] + ahead, freq="M")
    part = pd.Series(np.exp(past.season_part), index=names[: len(past.season_part)])
    inside = [one for one in part.index if one.end_time.date() >= period.start and one.start_time.date() < period.end]
    usual = float(part.iloc[-12:].mean())
    return (float(part[inside].mean()) / usual if inside and usual > 0 else 1.0), len(months)


def _market(won: pd.DataFrame, period: Period, day: dtm.date) -> tuple[float, int]:
    """Return how far totals of past periods lay from the mean of the four before, less what chance gives."""
    spans = [one for one in period.last(17)[:-1] if one.is_complete(day) and one.start >= won["on"].min().date()]
    if len(spans) < 6:
        return _MARKET[1], max(len(spans) - 4, 0)
    inside = [won[(won["on"] >= pd.Timestamp(one.start)) & (won["on"] < pd.Timestamp(one.end))] for one in spans]
    totals = np.array([float(each["amount"].sum()) for each in inside])
    chance = [float((each["amount"] ** 2).sum()) / max(float(each["amount"].sum()) ** 2, 1e-12) for each in inside]
    if (totals <= 0).any():
        return _MARKET[1], 0
    means = [math.log(totals[t - 4 : t].mean()) for t in range(4, len(totals))]
    grown = [KEPT * 2.5 * (means[k] - means[k - 4]) / 4 if k >= 4 else 0.0 for k in range(len(means))]
    steps = np.log(totals[4:]) - np.array(means) - np.array(grown)
    steps = steps[4:] if len(steps) > 8 else steps
    extra = max(float(np.mean(steps**2)) - float(np.mean(chance[4:])) * 1.25, 0.0)
    # A few periods say little of how far the next may be off: they are drawn to the usual, as if more had told.
    drawn = (len(steps) * extra + _MARKET_PRIOR * _MARKET[1] ** 2) / (len(steps) + _MARKET_PRIOR)
    return float(np.clip(math.sqrt(drawn), _MARKET[0], _MARKET[2])), len(steps)
