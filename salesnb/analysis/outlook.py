"""Outlook, which answers what the months to come will bring, by which model, and what trend and season are in it.

The monthly series is forecast by :mod:`salesnb.forecast.auto`. Beside it all models race over the same past windows,
Prophet among them, so that a reader sees what each is worth on this series.
"""

from __future__ import annotations

import datetime as dtm
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from salesnb import formats
from salesnb.analysis.hygiene_deals import NUMBERS, numbered
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.forecast.auto import Forecast, forecast
from salesnb.forecast.backtest import backtest, listed
from salesnb.forecast.models import COMBINED
from salesnb.forecast.past import Past
from salesnb.kpis.answers import answer
from salesnb.kpis.bookings import last_known
from salesnb.kpis.sales import bookings, sales
from salesnb.periods import Period

MONTHS_AHEAD = 12
SEASON = 12
RACERS = ("theta", "ces", "damped_trend", "autoregression", "ets", "arima", "prophet", "regression", "moving_average",
          "seasonal_naive", "naive")  # fmt: skip
_HORIZON, _WINDOWS = 3, 6
_FEWEST = 3


@dataclass(frozen=True)
class Outlook:
    """What the months to come will bring.

    Attributes
    ----------
    period, day, currency, level
        The period reported on, the last day known, and of the money and the range.
    nothing
        Why there is no forecast; empty where there is one.
    history
        ``month, amount, bare`` (freed of its season) of every month that is over.
    ahead
        ``month, forecast, low, high``, low and high NaN where no range can be known; and what makes the forecast:
        ``trend``, and what ``season`` and trading days (``length``) do to it, as factors where ``made.is_product``,
        else as money.
    season
        Month of the year, 1 to 12, to its factor; empty where no season is told apart from chance.
    made
        The forecast; None where there is none.
    race
        ``model, wape, bias, mase, n``: over the same past windows, the least error first.
    """

    period: Period
    day: dtm.date
    currency: str
    level: float
    nothing: str
    history: pd.DataFrame
    ahead: pd.DataFrame
    season: dict[int, float]
    made: Forecast | None
    race: pd.DataFrame

    def headlines(self) -> list[str]:
        """Say what the next months bring, by which model, and who won the race."""
        if self.nothing or self.made is None:
            return [f"What the months to come will bring cannot be told: {self.nothing}."]
        return [one for one in (self.finding(), self.season_finding(), self.race_finding()) if one]

    def finding(self) -> str:
        """Say what the next three months bring."""
        if self.nothing or self.made is None:
            return self.headlines()[0]
        low = high = math.nan
        if len(self.made.paths):
            low, high = np.quantile(
                self.made.paths[:, :_FEWEST].sum(axis=1), [(1 - self.level) / 2, (1 + self.level) / 2]
            )
        total = formats.money(float(self.ahead["forecast"].iloc[:_FEWEST].sum()), self.currency)
        first, last = (self.ahead["month"].iloc[place] for place in (0, _FEWEST - 1))
        held = "no range can be known" if math.isnan(low) else (
            f"{formats.money(low, self.currency)} to {formats.money(high, self.currency)} in "
            f"{formats.share(self.level, 0)} of cases"
        )  # fmt: skip
        how = "the combination" if self.made.model == "combination" else self.made.model.replace("_", " ")
        why = self.made.reason.partition(";")[0]
        return f"By {how} of the monthly series, {first} to {last} bring {total} ({held}): {why}."

    def season_finding(self) -> str:
        """Say which month of the year is strongest."""
        if not self.season:
            return "No month of the year can be told from the others: what differs may be chance."
        best, worst = max(self.season, key=lambda m: self.season[m]), min(self.season, key=lambda m: self.season[m])
        names = [dtm.date(2000, month, 1).strftime("%B") for month in (best, worst)]
        return (
            f"{names[0]} brings {formats.relative(self.season[best] - 1, 0)} against the trend, {names[1]} "
            f"{formats.relative(self.season[worst] - 1, 0)}; what may be chance is taken off."
        )

    def race_finding(self) -> str:
        """Say which model missed least, and what Prophet and the same month of the year before did."""
        if self.race.empty:
            return "The series is too short to hold models against its own past."
        rows = self.race.set_index("model")["wape"]
        best = str(rows.index[0])
        others = [one for one in ("combination", "prophet", "seasonal_naive") if one in rows.index and one != best]
        told = [f"{name_of(one)} by {formats.share(rows[one])}" for one in others]
        n = formats.plural(int(self.race["n"].max()), "forecast")
        won = f"Over {n} of past months {name_of(best)} missed least, by {formats.share(rows[best])}"
        return f"{won}; {formats.listed(told)}." if told else f"{won}."

    def numbers(self) -> pd.DataFrame:
        """List every number, for results.json: the columns of :data:`salesnb.analysis.hygiene_deals.NUMBERS`."""
        made: list[dict[str, Any]] = [
            {"id": "outlook", "variant": "" if self.made is None else self.made.model, "by": "month",
             "segment": row["month"], "value": row["forecast"], "low": row["low"], "high": row["high"],
             "unit": "money"}
            for row in self.ahead.to_dict("records")
        ]  # fmt: skip
        for row in self.race.to_dict("records"):
            made.append({"id": "outlook_wape", "variant": row["model"], "value": row["wape"], "n": row["n"],
                         "unit": "ratio"})  # fmt: skip
        return numbered(made, self.period) if made else pd.DataFrame(columns=list(NUMBERS))


def name_of(model: str) -> str:
    """Return what a model is called in a sentence."""
    return {"combination": "the combination", "prophet": "Prophet", "seasonal_naive": "the same month a year before",
            "naive": "the month before", "ets": "ETS", "arima": "ARIMA", "ces": "CES", "theta": "Theta"}.get(
        model, model.replace("_", " "))  # fmt: skip


def outlook(book: Book, period: Period, *, level: float = 0.8, seed: int = 0) -> Outlook:
    """Answer "what will the months to come bring?" after the last day that is known of a period.

    Parameters
    ----------
    book, period
        The book, and the period; nothing later than its last day counts. A month that is not over is left out, and so
        is a first month that the records begin within, where it has less than half of the next.
    level, seed
        Of the ranges, and where random numbers start.
    """
    day = last_known(book, period)
    try:
        by_day = _days(book, day)
    except NeedsData as lacking:
        return _nothing(period, day, book.currency, level, f"needs {lacking.needs}")
    amounts = _months(by_day, day)
    if len(amounts) < _FEWEST:
        n = formats.plural(len(amounts), "month")
        return _nothing(period, day, book.currency, level, f"{n} {'is' if len(amounts) == 1 else 'are'} on record")
    y = np.asarray(amounts, dtype=np.float64)
    first = amounts.index[0].to_timestamp().to_datetime64()
    steps = np.arange(len(y) + MONTHS_AHEAD)
    dates = (first.astype("datetime64[M]") + steps).astype("datetime64[ns]")
    past = Past.of(y, SEASON, MONTHS_AHEAD, dates=dates, lengths=_lengths(by_day, amounts))
    made = forecast(past, seed=seed)
    low, high = made.interval(level)
    labels = [str(amounts.index[-1] + step) for step in range(1, MONTHS_AHEAD + 1)]
    ahead = pd.DataFrame({"month": labels, "forecast": made.point, "low": low, "high": high}).join(made.parts)
    learnt = made.past
    bare = np.exp(learnt.low) if learnt.is_log else learnt.low
    history = pd.DataFrame({"month": [str(one) for one in amounts.index], "amount": y, "bare": bare})
    season: dict[int, float] = {}
    if made.is_product and learnt.patterns:
        months = [(amounts.index[-1] + step).month for step in range(1, SEASON + 1)]
        season = dict(sorted(zip(months, made.parts["season"].astype(float), strict=True)))
    return Outlook(period, day, book.currency, level, "", history, ahead, season, made, _race(past))


def _days(book: Book, day: dtm.date) -> pd.Series[float]:
    """Return what was sold on each day up to a day that had a sale, by date."""
    rows = bookings(book) if book.has("opportunities") else sales(book)
    summed = rows.group_by(on=rows["_on"].cast("date")).aggregate(amount=rows.amount.cast("float64").sum())
    frame = answer(book, summed)
    frame = frame[frame["on"].notna()]
    found = pd.Series(
        frame["amount"].astype("float64").fillna(0.0).to_numpy(), index=pd.DatetimeIndex(pd.to_datetime(frame["on"]))
    ).sort_index()
    return found[found.index <= pd.Timestamp(day)]


def _months(by_day: pd.Series[float], day: dtm.date) -> pd.Series[float]:
    """Return what was sold in each whole month up to a day."""
    after = day + dtm.timedelta(days=1)
    last = pd.Period(after, "M") - 1
    found = by_day.groupby(pd.DatetimeIndex(by_day.index).to_period("M")).sum()
    found = found[found.index <= last]
    if found.empty:
        return pd.Series(dtype="float64")
    found = found.reindex(pd.period_range(found.index.min(), last, freq="M"), fill_value=0.0)
    return found.iloc[1:] if len(found) > 1 and found.iloc[0] < 0.5 * found.iloc[1] else found


def _lengths(by_day: pd.Series[float], months: pd.Series[float]) -> np.typing.NDArray[np.float64] | None:
    """Return how long each month is, those ahead included: the sum of its days, each worth what its weekday sold.

    None where a weekday took more back than it sold, or a month has no day that counts.
    """
    first, last = months.index[0].start_time.normalize(), months.index[-1].end_time.normalize()
    days = pd.date_range(first, last)
    sold = by_day.reindex(days, fill_value=0.0)
    worth = sold.groupby(days.dayofweek).mean().reindex(range(7), fill_value=0.0)
    ahead = pd.date_range(first, (months.index[-1] + MONTHS_AHEAD).end_time.normalize())
    long = pd.Series(worth.to_numpy()[ahead.dayofweek], index=ahead).groupby(ahead.to_period("M")).sum()
    if (worth < 0).any() or (long <= 0).any():
        return None
    return np.asarray(long, dtype=np.float64)


def _race(past: Past) -> pd.DataFrame:
    windows = backtest(past, (*RACERS, "dynamic_theta"), _HORIZON, _WINDOWS)
    rows = listed(windows)
    columns = ["model", "wape", "bias", "mase", "n"]
    if len(windows) < 2:
        return pd.DataFrame(columns=columns)
    mixed = (
        rows[rows["model"].isin(COMBINED)]
        .groupby(["origin", "step"], as_index=False)
        .agg(forecast=("forecast", "mean"), actual=("actual", "first"))
    )
    rows = pd.concat([rows[rows["model"].isin(RACERS)], mixed.assign(model="combination")], ignore_index=True)
    season = min(past.season, max(len(past) - 1, 1))
    scale = float(np.nanmean(np.abs(past.y[season:] - past.y[:-season])))
    made = []
    for name, each in rows.groupby("model"):
        missed = each["forecast"] - each["actual"]
        size = float(each["actual"].abs().sum())
        if not size:
            continue
        made.append(
            {"model": str(name), "wape": float(missed.abs().sum()) / size, "bias": float(missed.sum()) / size,
             "mase": float(missed.abs().mean()) / scale if scale else math.nan, "n": len(each)}
        )  # fmt: skip
    return pd.DataFrame(made, columns=columns).sort_values(["wape", "model"], ignore_index=True)


def _nothing(period: Period, day: dtm.date, currency: str, level: float, why: str) -> Outlook:
    return Outlook(
        period, day, currency, level, why, pd.DataFrame(columns=["month", "amount", "bare"]),
        pd.DataFrame(columns=["month", "forecast", "low", "high", "trend", "season", "length"]), {}, None,
        pd.DataFrame(columns=["model", "wape", "bias", "mase", "n"]),
    )  # fmt: skip
