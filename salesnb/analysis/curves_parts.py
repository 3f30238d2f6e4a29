"""Parts of the curves: the win rates of cohorts and of segments, from deals counted by day of age."""

from __future__ import annotations

import datetime as dtm
import math
from collections.abc import Callable, Mapping
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from salesnb.analysis.apart import FEWEST
from salesnb.kpis.dimensions import NONE
from salesnb.kpis.incidence import Curve, aalen_johansen
from salesnb.kpis.intervals import benjamini_hochberg
from salesnb.kpis.maturity import extended
from salesnb.periods import Period

AGES = (30, 60, 90, 120, 180, 270, 365)
"""The ages in days at which curves are read."""
RATES = ("n", "won", "lost", "open", "decided_rate", "mature", "low", "high", "difference", "undecided", "unsure")
_COUNTS = ["days", "won", "lost", "censored"]


def curve_of(counts: pd.DataFrame) -> Curve:
    """Return the curve of deals counted by day, of several segments together where there are several."""
    return aalen_johansen(*_together(counts)[_COUNTS].to_numpy().T)


def _together(counts: pd.DataFrame) -> pd.DataFrame:
    return counts.groupby("days", as_index=False)[_COUNTS[1:]].sum().astype("float64")


def rates(counts: pd.DataFrame, older: pd.DataFrame, confidence: float) -> dict[str, float]:
    """Set the mature win rate, as ``win_rate.mature`` has it, beside that of the deals decided.

    Parameters
    ----------
    counts, older
        The deals, and those created in the two years before, counted by day of age.
    confidence
        The level of the interval.

    Returns
    -------
    dict
        ``n`` (deals with an age), ``won, lost`` (disqualified too) ``, open``; ``decided_rate`` is won / (won + lost);
        ``mature`` the share won in the end, lost competing and open deals censored (see
        :func:`salesnb.kpis.maturity.extended`), with ``low, high``; ``difference`` is decided_rate - mature;
        ``undecided`` the share that the curve leaves open: the final rate may be higher than ``mature`` by up to that;
        ``unsure`` that, or the share whose end only older deals tell. NaN where there is nothing to divide by.
    """
    curve = extended(_together(counts), _together(older))
    won, lost, still = (int(counts[name].sum()) for name in _COUNTS[1:])
    decided = won / (won + lost) if won + lost else math.nan
    low, high = curve.interval(confidence=confidence)
    return {
        "n": curve.n,
        "won": won,
        "lost": lost,
        "open": still,
        "decided_rate": decided,
        "mature": curve.final,
        "low": low,
        "high": high,
        "difference": decided - curve.final,
        "undecided": max(curve.undecided, 0.0) if curve.n else math.nan,
        "unsure": max(curve.unsure, 0.0) if curve.n else math.nan,
    }


def cohort_rows(
    counts: pd.DataFrame,
    older: Callable[[dtm.date], pd.DataFrame],
    span: Period,
    as_of: dtm.date,
    confidence: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the cohorts and what was won of each by each age.

    Parameters
    ----------
    counts
        Deals counted by quarter of creation (``segment``) and day of age.
    older
        Gives those created in the two years before a day.
    span
        The days in which the deals were created; a quarter that it cuts is cut.
    as_of
        The last day that is known.
    confidence
        The level of the intervals.

    Returns
    -------
    tuple of pandas.DataFrame
        The cohorts, ``cohort, first_day, last_day, watched`` (days that even its youngest deal could have been
        watched) and :data:`RATES`; and ``cohort, age, share, state``: ``full`` where all its deals could be watched to
        that age, ``part`` where only some could, ``none`` (no share) where none could.
    """
    rows: list[dict[str, Any]] = []
    cells: list[dict[str, Any]] = []
    for label, own in counts.groupby("segment", sort=True):
        quarter = Period.parse(str(label), span.fiscal_year_start)
        first = max(quarter.start, span.start)
        last = min(quarter.last_day, span.last_day, as_of)
        watched = {"youngest": (as_of - last).days, "oldest": (as_of - first).days}
        found = {"cohort": str(label), "first_day": first, "last_day": last, "watched": watched["youngest"]}
        rows.append({**found, **rates(own, older(first), confidence)})
        curve = curve_of(own)
        for age in AGES:
            state = "full" if age <= watched["youngest"] else "part" if age <= watched["oldest"] else "none"
            share = math.nan if state == "none" else curve.by(age)
            cells.append({"cohort": str(label), "age": age, "share": share, "state": state})
    rows.sort(key=lambda row: row["first_day"])
    order = {row["cohort"]: place for place, row in enumerate(rows)}
    cells.sort(key=lambda cell: (order[cell["cohort"]], cell["age"]))
    return (
        pd.DataFrame(rows, columns=["cohort", "first_day", "last_day", "watched", *RATES]),
        pd.DataFrame(cells, columns=["cohort", "age", "share", "state"]),
    )


def horizon(counts: pd.DataFrame) -> int:
    """Return the age at which segments are compared: the first of :data:`AGES` by which nine of ten wins happened."""
    curve = curve_of(counts)
    if not curve.n or not curve.final > 0:
        return AGES[-1]
    return next((age for age in AGES if curve.by(age) >= 0.9 * curve.final), AGES[-1])


def segment_rows(counts: pd.DataFrame, older: pd.DataFrame, by: str, age: int, confidence: float) -> pd.DataFrame:
    """Return the win rates of segments, and the p-value that each wins by an age as often as the others.

    The difference of the two curves at the age over its standard error, both Aalen-Johansen's, is held against the
    normal distribution (Klein and others 2007: Analyzing survival curves at a fixed point in time). NaN for what has no
    name or fewer than ten deals, and where no deal was watched to the age, of the segment or of the others.

    Parameters
    ----------
    counts, older
        Deals counted by ``segment`` and day of age, and those created in the two years before.
    by
        The dimension.
    age, confidence
        The age in days; the level of the intervals.

    Returns
    -------
    pandas.DataFrame
        ``by, segment``, :data:`RATES`, ``share`` (won by the age), ``share_low, share_high, rest`` (the others')
        ``, p``.
    """
    rows: list[dict[str, Any]] = []
    for segment, own in counts.groupby("segment", sort=True):
        others = counts[(counts["segment"] != segment) & (counts["segment"] != NONE)]
        mine, rest = curve_of(own), curve_of(others)
        low, high = mine.interval(age, confidence=confidence)
        is_told = segment != NONE and min(mine.n, rest.n) >= FEWEST and _reaches(mine, age) and _reaches(rest, age)
        row = {
            "by": by,
            "segment": str(segment),
            **rates(own, older[older["segment"] == segment], confidence),
            "share": mine.by(age),
        }
        row |= {"share_low": low, "share_high": high, "rest": rest.by(age) if rest.n else math.nan}
        rows.append({**row, "p": _p(mine, rest, age) if is_told else math.nan})
    names = ["by", "segment", *RATES, "share", "share_low", "share_high", "rest", "p"]
    return pd.DataFrame(rows, columns=names)


def _reaches(curve: Curve, age: float) -> bool:
    """Tell whether the curve says what was won by an age: a deal was watched to it, or all were decided before."""
    return bool(curve.n) and (float(curve.days[-1]) >= age or curve.undecided <= 1e-12)


def _p(mine: Curve, rest: Curve, age: float) -> float:
    error = math.sqrt(variance(mine, age) + variance(rest, age))
    gap = abs(mine.by(age) - rest.by(age))
    if error == 0:
        return 1.0 if gap == 0 else math.nan
    return 2 * (1 - NormalDist().cdf(gap / error))


def variance(curve: Curve, age: float) -> float:
    """Return the variance of the share won by an age; 0 before anything happened."""
    place = int(np.searchsorted(curve.days, age, side="right")) - 1
    return float(curve.variance[place]) if place >= 0 else 0.0


def marked(found: pd.DataFrame, false_share: float) -> pd.DataFrame:
    """Add ``q`` (Benjamini and Hochberg, over all segments of all dimensions) and ``flag``, as the funnel's marks."""
    found = found.assign(q=benjamini_hochberg(found["p"].to_numpy(dtype=float)) if len(found) else [])

    def flag(row: Mapping[Any, Any]) -> str:
        if row["n"] < FEWEST:
            return "few"
        if not row["q"] <= false_share:
            return ""
        return "above" if row["share"] > row["rest"] else "below"

    return found.assign(flag=[flag(row) for row in found.to_dict("records")])
