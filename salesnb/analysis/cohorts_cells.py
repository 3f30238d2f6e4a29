"""The cells of cohorts: of those who began together, how many were active at each age, with intervals and means."""

from __future__ import annotations

import datetime as dtm

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from salesnb.analysis import apart
from salesnb.analysis.cohorts_engine import Axis, rolling
from salesnb.data.book import Book
from salesnb.kpis.answers import answer
from salesnb.kpis.intervals import benjamini_hochberg, newcombe, wilson

READINGS = ("in", "after", "rolling")
"""Active in the period; in it or a later one; in it or one of the two before it."""
CELLS = (
    "cohort", "label", "age", "size", "in", "after", "rolling", "money", "is_complete", "rate", "low", "high",
    "after_rate", "rolling_rate", "money_rate", "per_customer",
)  # fmt: skip
_ABOUT_A_QUARTER = {"week": 12, "month": 3, "quarter": 1, "half": 1, "year": 1}


def sizes(book: Book, begun: ir.Table) -> pd.DataFrame:
    """Count the accounts of each cohort: ``cohort, size``, the oldest first."""
    found = answer(book, begun.group_by("cohort").aggregate(size=begun.count()))
    return found.astype("int64").sort_values("cohort", ignore_index=True)


def cells(book: Book, rows: ir.Table | None, size: pd.DataFrame, over: Axis, day: dtm.date) -> pd.DataFrame:
    """Count what each cohort did at each age that has begun.

    Parameters
    ----------
    rows
        The accounts' periods: see :func:`salesnb.analysis.cohorts_engine.aged`; None where there are none.
    size
        The cohorts: see :func:`sizes`.
    over
        The periods.
    day
        The last day that is known.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`CELLS`: ``in, after, rolling`` are accounts (see :data:`READINGS`) and ``rate,
        after_rate, rolling_rate`` their shares of the cohort, ``rate`` with Wilson's interval ``low, high``; ``money``
        of the period, ``money_rate`` over that of age 0 (NaN where that is not above 0), ``per_customer`` the money of
        all periods so far, per account of the cohort; ``is_complete`` whether the period was over on the day.
    """
    last = over.number_of(day)
    if rows is None or size.empty:
        return pd.DataFrame(columns=list(CELLS))
    grid = pd.DataFrame(
        [
            (row["cohort"], row["size"], age)
            for row in size.to_dict("records")
            for age in range(last - row["cohort"] + 1)
        ],
        columns=["cohort", "size", "age"],
    )
    counted = rows.group_by("cohort", "age").aggregate(
        **{"in": rows["is_active"].cast("int32").sum(), "money": rows["money"].sum()}
    )
    active = rows.filter(rows["is_active"])
    ends = active.group_by("account_id", "cohort").aggregate(age=active["age"].max())
    ends = ends.group_by("cohort", "age").aggregate(after=ends.count())
    turns = rolling(rows, last)
    turns = turns.group_by("cohort", "age").aggregate(rolling=turns.count())
    for query in (counted, ends, turns):
        found = answer(book, query)
        found[["cohort", "age"]] = found[["cohort", "age"]].astype("int64")
        grid = grid.merge(found, how="left", on=["cohort", "age"])
    names = ["in", "after", "rolling", "money"]
    grid[names] = grid[names].astype("float64").fillna(0.0)
    # How many were last active at an age becomes how many were active at it or later.
    grid["after"] = grid[::-1].groupby("cohort")["after"].cumsum()[::-1]
    grid["label"] = [over.label(number) for number in grid["cohort"]]
    grid["is_complete"] = [over.last_day(c + a) <= day for c, a in zip(grid["cohort"], grid["age"], strict=True)]
    grid["low"], grid["high"] = wilson(grid["in"], grid["size"])
    for name, count in (("rate", "in"), ("after_rate", "after"), ("rolling_rate", "rolling")):
        grid[name] = grid[count] / grid["size"]
    first = grid.groupby("cohort")["money"].transform("first")
    grid["money_rate"] = grid["money"] / first.where(first > 0)
    grid["per_customer"] = grid.groupby("cohort")["money"].cumsum() / grid["size"]
    return grid[list(CELLS)]


def means(found: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Return the retention of all cohorts at each age, those whose period is not over left out.

    Returns
    -------
    pandas.DataFrame
        ``age, cohorts, size`` (accounts of the cohorts that count) ``, in, rate, low, high, after_rate, rolling_rate,
        money_rate`` (money of the age over money at age 0, of those with money then) ``, per_customer``.
    """
    complete = found[found["is_complete"].astype(bool)]
    base = complete.groupby("cohort")["money"].transform("first")
    complete = complete.assign(
        base=base.where(base > 0),
        gained=complete["money"].where(base > 0),
        worth=complete["per_customer"] * complete["size"],
    )
    sums = complete.groupby("age", as_index=False).agg(
        cohorts=("cohort", "size"), size=("size", "sum"), **{"in": ("in", "sum")}, after=("after", "sum"),
        rolling=("rolling", "sum"), gained=("gained", "sum"), base=("base", "sum"), worth=("worth", "sum"),
    )  # fmt: skip
    sums["low"], sums["high"] = wilson(sums["in"], sums["size"], confidence)
    for name, count in (("rate", "in"), ("after_rate", "after"), ("rolling_rate", "rolling")):
        sums[name] = sums[count] / sums["size"]
    sums["money_rate"] = sums["gained"] / sums["base"].where(sums["base"] > 0)
    sums["per_customer"] = sums["worth"] / sums["size"]
    names = ["age", "cohorts", "size", "in", "rate", "low", "high", "after_rate", "rolling_rate", "money_rate"]
    return sums[[*names, "per_customer"]]


def compared_at(found: pd.DataFrame, grain: str) -> int:
    """Return the age at which cohorts are compared: about a quarter, or the highest below it that two have reached."""
    complete = found[found["is_complete"].astype(bool)]["age"].value_counts().to_dict()
    for age in range(_ABOUT_A_QUARTER[grain], 0, -1):
        if complete.get(age, 0) >= 2:
            return age
    return min(_ABOUT_A_QUARTER[grain], 1)


def against_others(found: pd.DataFrame, age: int, confidence: float) -> pd.DataFrame:
    """Hold each cohort's retention at an age against that of all others that have reached it.

    Returns
    -------
    pandas.DataFrame
        ``cohort, label, size, in, rate, low, high, rest`` (the others' rate) ``, gap, gap_low, gap_high`` (Newcombe's
        interval of the difference) ``, p, q`` (Fisher's exact test, Benjamini and Hochberg) ``, flag`` (``above`` or
        ``below`` by more than chance, ``few``, or empty); the oldest first.
    """
    rows = found[(found["age"] == age) & found["is_complete"].astype(bool)].copy()
    total, kept = rows["size"].sum(), rows["in"].sum()
    rest_n, rest_k = total - rows["size"], kept - rows["in"]
    rows["rest"] = np.divide(rest_k, rest_n, out=np.full(len(rows), np.nan), where=(rest_n > 0).to_numpy())
    rows["gap"] = rows["rate"] - rows["rest"]
    rows["gap_low"], rows["gap_high"] = newcombe(rows["in"], rows["size"], rest_k, rest_n, confidence)
    enough = (rows["size"] >= apart.FEWEST) & (rest_n >= apart.FEWEST)
    rows["p"] = [
        apart.exact_p(int(k), int(n), int(kept), int(total)) if can else np.nan
        for k, n, can in zip(rows["in"], rows["size"], enough, strict=True)
    ]
    rows["q"] = benjamini_hochberg(rows["p"]) if len(rows) else rows["p"]
    rows["flag"] = [
        "few" if not can else "" if not q <= 1 - confidence else "above" if gap > 0 else "below"
        for can, q, gap in zip(enough, rows["q"], rows["gap"], strict=True)
    ]
    names = ["cohort", "label", "size", "in", "rate", "low", "high", "rest", "gap", "gap_low", "gap_high"]
    return rows[[*names, "p", "q", "flag"]].reset_index(drop=True)
