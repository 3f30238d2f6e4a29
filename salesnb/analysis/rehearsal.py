"""Rehearsal: what a model would have said on past days, learnt each time from what was known by then.

A row is an open deal on a day, and its outcome whether it was won within the horizon after it. The outcome of a day is
known once the horizon has passed, for every deal of the day, so that none is left out for being still open. On a past
day the model is learnt from the days whose outcomes were known by then, and tried on that day: train before, test
after, never the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from salesnb.analysis.chances import Chances, expit, learn
from salesnb.kpis.intervals import wilson

FEWEST_EACH = 100
"""Deals won, and deals not won, that it takes to learn and to judge a model (Vergouwe and others, 2005,
Journal of Clinical Epidemiology 58, 475-483, for judging; learning less would fall short of ten a column)."""
CALIBRATED_FROM = 400
"""Deals of either outcome that a calibration takes. With 100 its slope was known to 0.2 only, which cost more than it
mended."""
REFITS = 6
"""How many times a model is learnt again on the way, at most: with more, pages take longer and say the same."""


@dataclass(frozen=True)
class BaseRates:
    """How often deals were won within the horizon that stood in a stage, or were of an age.

    Attributes
    ----------
    rates
        One row a group, and one of all deals under ``""``: ``group, won, deals, rate, low, high``. ``rate`` is the
        share of the rows, ``deals`` counts each deal once, and the interval is of so many deals.
    """

    rates: pd.DataFrame

    @classmethod
    def of(cls, rows: pd.DataFrame, confidence: float, *, fewest: int = 10) -> BaseRates:
        """Count rows with ``group`` and ``is_won``; a group with fewer deals than that has the rate of all.

        Parameters
        ----------
        rows, confidence
            Rows whose outcome is known, and the level of the intervals.
        fewest
            The deals a group needs for a rate of its own.
        """
        rows = rows[["group", "opportunity_id", "is_won"]]
        known = rows[rows["group"].notna()]
        staged = pd.concat([rows.assign(group=""), known]) if len(known) else rows.assign(group="")
        counted = staged.groupby("group").agg(
            rows=("is_won", "size"), won_rows=("is_won", "sum"), deals=("opportunity_id", "nunique")
        )
        counted = counted[(counted["deals"] >= fewest) | (counted.index == "")]
        rate = counted["won_rows"] / counted["rows"]
        low, high = wilson(rate * counted["deals"], counted["deals"], confidence)
        frame = pd.DataFrame(
            {"won": rate * counted["deals"], "deals": counted["deals"], "rate": rate, "low": low, "high": high}
        )
        return cls(frame.rename_axis("group").reset_index())

    def look_up(self, groups: pd.Series[str], column: str = "rate") -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return a column of :attr:`rates` for each group; that of all deals where the group has none."""
        known = dict(zip(self.rates["group"], self.rates[column], strict=True))
        everyone = known.get("", np.nan)
        return groups.fillna("").map(lambda group: known.get(group, everyone)).to_numpy(dtype="float64")


@dataclass(frozen=True)
class Rehearsal:
    """What came of predictions made on past days.

    Attributes
    ----------
    rows
        One row an open deal and day that was tried: ``day, opportunity_id, amount, is_won, log_odds`` (not
        calibrated) ``, probability`` (calibrated as it would have been on that day) and ``base``, the base rate known
        by then.
    sums
        One row a day: ``day, deals, expected, low, high, came`` (the amounts, as they stood on the day, of the deals
        won within the horizon) ``, is_within``.
    """

    rows: pd.DataFrame
    sums: pd.DataFrame


def counts(rows: pd.DataFrame) -> tuple[int, int]:
    """Return how many deals of some rows were won, and how many were not within the horizon of some day."""
    is_won = rows["is_won"].to_numpy(dtype=bool)
    deals = rows["opportunity_id"]
    return int(deals[is_won].nunique()), int(deals[~is_won].nunique())


def enough(rows: pd.DataFrame, fewest: int = FEWEST_EACH) -> bool:
    """Tell whether rows have so many deals won, and so many not won, that something can be learnt from them."""
    return min(counts(rows)) >= fewest


def rehearse(rows: pd.DataFrame, features: tuple[str, ...], horizon: int, confidence: float) -> Rehearsal:
    """Predict each past day as it could have been done on that day.

    The model is learnt again at up to :data:`REFITS` of the days and serves the days up to the next. Its calibration is
    fitted to the predictions of earlier days whose outcomes were known by then, as soon as there are enough.

    Parameters
    ----------
    rows
        Rows of :func:`salesnb.analysis.features.open_on` with ``is_won`` and ``group`` (whose base rate is theirs), of
        days whose outcomes are known now.
    features
        The columns that may be used.
    horizon
        The days within which a deal is to be won.
    confidence
        The level of the intervals.

    Returns
    -------
    Rehearsal
        Without rows where no past day had enough before it.
    """
    wait = pd.Timedelta(days=horizon)
    days = [day for day in sorted(rows["day"].unique()) if enough(rows[rows["day"] + wait <= day])]
    step = -(-len(days) // REFITS) or 1
    tried: list[pd.DataFrame] = []
    sums: list[dict[str, object]] = []
    for first in range(0, len(days), step):
        known = rows[rows["day"] + wait <= days[first]]
        model = with_calibration(learn(known, features), tried, days[first] - wait)
        base = BaseRates.of(known, confidence)
        for day in days[first : first + step]:
            found = _tried(model, base, rows[rows["day"] == day])
            tried.append(found)
            sums.append(_sum_of(model, rows.loc[found.index], found, confidence))
    columns = ["day", "opportunity_id", "amount", "is_won", "log_odds", "probability", "base"]
    whole = pd.concat(tried, ignore_index=True) if tried else pd.DataFrame(columns=columns).astype({"is_won": bool})
    return Rehearsal(
        whole, pd.DataFrame(sums, columns=["day", "deals", "expected", "low", "high", "came", "is_within"])
    )


def with_calibration(model: Chances, tried: list[pd.DataFrame], known_by: pd.Timestamp) -> Chances:
    """Return the model calibrated by earlier predictions, if there are enough of days not after one.

    Parameters
    ----------
    model
        A model, not calibrated.
    tried
        The predictions of earlier days, as of :attr:`Rehearsal.rows`.
    known_by
        The last day of which the outcomes are known.
    """
    earlier = [part for part in tried if part["day"].iloc[0] <= known_by]
    if not earlier:
        return model
    found = pd.concat(earlier)
    if not enough(found, CALIBRATED_FROM):
        return model
    return model.calibrated(found["log_odds"].to_numpy(dtype="float64"), found["is_won"].to_numpy(dtype="float64"))


def _tried(model: Chances, base: BaseRates, rows: pd.DataFrame) -> pd.DataFrame:
    log_odds = model.log_odds(rows)
    return rows[["day", "opportunity_id", "amount", "is_won"]].assign(
        log_odds=(log_odds - model.shift) / model.slope if model.slope else 0.0,
        probability=expit(log_odds),
        base=base.look_up(rows["group"]),
    )


def _sum_of(model: Chances, rows: pd.DataFrame, found: pd.DataFrame, confidence: float) -> dict[str, object]:
    amounts = found["amount"].fillna(0.0).to_numpy(dtype="float64")
    expected = float(amounts @ found["probability"].to_numpy())
    half = NormalDist().inv_cdf((1 + confidence) / 2) * model.spread(rows, amounts)
    came = float(amounts[found["is_won"].to_numpy(dtype=bool)].sum())
    return {
        "day": found["day"].iloc[0], "deals": len(found), "expected": expected, "low": expected - half,
        "high": expected + half, "came": came, "is_within": bool(abs(came - expected) <= half),
    }  # fmt: skip
