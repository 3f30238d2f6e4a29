"""Shown: what each seller has shown in the last year: deals created, how many are won, how fast, and of which size."""

from __future__ import annotations

import datetime as dtm

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesnb.analysis.hygiene_deals import days_of as days
from salesnb.data.book import Book
from salesnb.kpis.answers import answer
from salesnb.planning.ramp import YEAR, days_of
from salesnb.planning.shrinkage import shrunk

SHOWN = ("rep_id", "name", "team", "created", "created_a_day", "decided", "win_rate", "won", "cycle_days")
_PRIOR = 10.0
Floats = npt.NDArray[np.float64]


def shown(book: Book, reps: pd.DataFrame, day: dtm.date) -> pd.DataFrame:
    """Return what each seller has shown in the year up to the last day known, drawn to the team and the company.

    Parameters
    ----------
    book, day
        The book as it was known on a day.
    reps
        ``rep_id, name, team, hired_on, left_on`` of the sellers.

    Returns
    -------
    pandas.DataFrame
        One row a seller: ``rep_id, name, team, created`` (deals) ``, created_a_day`` (gamma and Poisson, as rates of
        deals won) ``, decided`` (deals won or lost) ``, win_rate`` (beta and binomial) ``, won, cycle_days`` (mean from
        creation to close of deals won, with ten deals of the team's mean, and that with ten of the company's).
        Empty where no deals with sellers and days are on record.
    """
    if not all(book.gives(f"opportunities.{name}") for name in ("owner_id", "created_at", "closed_on")):
        return pd.DataFrame(columns=list(SHOWN))
    rows = book.opportunities
    frame = answer(book, rows.select("owner_id", "outcome", "closed_on", created=rows.created_at.cast("date")))
    frame["closed_on"], frame["created"] = days(frame["closed_on"]), days(frame["created"])
    last = pd.Timestamp(day)
    first = last - pd.Timedelta(days=YEAR)
    late = frame[(frame["closed_on"] > first) & (frame["closed_on"] <= last)]
    won = late[late["outcome"] == "won"].assign(took=lambda t: (t["closed_on"] - t["created"]).dt.days)
    timed = won[won["took"] >= 0]

    def of(counts: pd.Series[int]) -> Floats:
        return np.asarray(reps["rep_id"].map(counts).fillna(0), dtype=np.float64)

    made = frame[(frame["created"] > first) & (frame["created"] <= last)]
    created = of(made.groupby("owner_id").size())
    decided = of(late[late["outcome"].isin(["won", "lost"])].groupby("owner_id").size())
    wins, taken = of(won.groupby("owner_id").size()), of(timed.groupby("owner_id")["took"].sum())
    there, _ = days_of(reps, day - dtm.timedelta(days=YEAR - 1), day)
    teams = reps["team"].fillna("").astype(str).to_numpy()
    per_day, _ = shrunk(created, there.sum(axis=1).astype(np.float64), teams)
    cycle = _means(taken, of(timed.groupby("owner_id").size()), teams)
    return reps[["rep_id", "name", "team"]].assign(
        created=created, created_a_day=per_day, decided=decided, win_rate=shares(wins, decided, teams), won=wins,
        cycle_days=cycle,
    )[list(SHOWN)].reset_index(drop=True)  # fmt: skip


def shares(wins: Floats, decided: Floats, teams: npt.NDArray[np.object_]) -> Floats:
    """Draw the shares of deals that sellers win to those of their teams, and these to the company's.

    Formula: ``(a p + wins) / (a + decided)`` with the share ``p`` of all; ``a`` by moments, from how much more shares
    differ than binomial ones would, between 1 and 1,000. NaN where nothing was decided by anybody.

    Parameters
    ----------
    wins, decided
        Deals of each seller.
    teams
        The team of each.
    """
    if not decided.sum() > 0:
        return np.full(len(wins), np.nan)
    company = float(wins.sum() / decided.sum())
    sums = pd.DataFrame({"k": wins, "n": decided, "team": teams}).groupby("team")[["k", "n"]].sum()
    a = _weight(sums["k"].to_numpy(), sums["n"].to_numpy(), np.full(len(sums), company))
    own = pd.Series(teams).map((a * company + sums["k"]) / (a + sums["n"])).to_numpy(dtype=np.float64)
    a = _weight(wins, decided, own)
    return np.asarray((a * own + wins) / (a + decided))


def _weight(k: Floats, n: Floats, p: Floats) -> float:
    extra = float(((k - n * p) ** 2 - n * p * (1 - p)).sum())
    pairs = float((n * (n - 1) * p * (1 - p)).sum())
    return float(np.clip(pairs / extra - 1, 1.0, 1000.0)) if extra > 0 and pairs > 0 else 1000.0


def _means(sums: Floats, n: Floats, teams: npt.NDArray[np.object_]) -> Floats:
    if not n.sum() > 0:
        return np.full(len(n), np.nan)
    company = float(sums.sum() / n.sum())
    by_team = pd.DataFrame({"sum": sums, "n": n, "team": teams}).groupby("team")[["sum", "n"]].sum()
    drawn = (by_team["sum"] + _PRIOR * company) / (by_team["n"] + _PRIOR)
    own = pd.Series(teams).map(drawn).to_numpy(dtype=np.float64)
    return np.asarray((sums + _PRIOR * own) / (n + _PRIOR))
