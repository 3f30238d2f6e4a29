"""Cross-sell: which products go together, who bought the one and not the other, and what that promises.

Two products go together where those who have the one have the other oftener than the rest do (Fisher's exact test over
accounts, the share of false pairs held). What such a pair promises is read in order of time: of those who bought the
first and had not the second, the share that bought the second within a year, every one of them watched for the whole
year. A candidate bought the first within the last year and has not the second; its chance is that of what is left of
its year.
"""

from __future__ import annotations

import datetime as dtm
from itertools import permutations
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from salesnb.analysis.apart import FEWEST, exact_p
from salesnb.data.book import Book
from salesnb.kpis.answers import answer
from salesnb.kpis.intervals import benjamini_hochberg, wilson
from salesnb.kpis.sales import sales

YEAR = 365
MOST_PRODUCTS = 40
"""The products that are paired, those of most accounts first."""
MOST_PAIRS = 12
"""The pairs whose candidates are listed, those that promise most first."""
MOST_LISTED = 5000
FEWEST_WATCHED = 30
"""Of fewer before them, what candidates may do is not told."""
_STEP = 30
_PAIR = ("has", "offer", "both", "has_n", "offer_n", "customers", "rate_with", "rate_without", "p", "q", "is_apart",
         "watched", "followed", "follow", "low", "high", "worth", "candidates", "expected")  # fmt: skip


def firsts(book: Book, day: dtm.date) -> ir.Table:
    """Return when each account first and last bought each product: ``account_id, product, first_on, last_on, worth``.

    ``worth`` is what it paid for the product in the year that began with the first purchase.

    Raises
    ------
    NeedsData
        There are no sales of accounts by product.
    """
    rows = sales(book, "account_id", "product")
    rows = rows.filter(rows.account_id.notnull(), rows["product"].notnull(), rows["_on"] <= ibis.date(day))
    if "is_return" in rows.columns:
        rows = rows.filter(~rows.is_return.fill_null(False))
    start = rows["_on"].min().over(ibis.window(group_by=["account_id", "product"]))
    rows = rows.mutate(_first=start)
    in_year = rows["_on"] < rows["_first"] + ibis.interval(days=YEAR)
    return rows.group_by("account_id", "product").aggregate(
        first_on=rows["_first"].min(), last_on=rows["_on"].max(),
        worth=rows.amount.cast("float64").sum(where=in_year),
    )  # fmt: skip


def pairs(book: Book, day: dtm.date, confidence: float) -> tuple[pd.DataFrame, dict[tuple[str, str], list[int]]]:
    """Hold every two products against each other, and see who bought the second after the first.

    Returns
    -------
    tuple
        One row an ordered pair, ``has, offer, both, has_n, offer_n, customers`` (accounts) ``, rate_with,
        rate_without`` (the share that has ``offer``, of those who have ``has`` and of the rest) ``, p, q, is_apart``
        (oftener, by more than chance) ``, watched`` (bought ``has`` at least a year ago, without ``offer`` then)
        ``, followed, follow, low, high, worth`` (what a buyer of ``offer`` pays in its first year, the mean), and,
        filled by :func:`cross_sell`, ``candidates, expected``; and the pair to how many followed in each step of 30
        days.
    """
    owned = firsts(book, day)
    is_year_old = owned["first_on"] <= ibis.date(day - dtm.timedelta(days=YEAR))
    each = owned.group_by("product").aggregate(
        n=owned.count(), old=is_year_old.cast("int32").sum(), worth=owned["worth"].mean(where=is_year_old)
    )
    counts = answer(book, each).astype({"n": "int64", "old": "int64", "worth": "float64"})
    counts = counts.sort_values(["n", "product"], ascending=[False, True]).head(MOST_PRODUCTS).set_index("product")
    everyone = int(answer(book, owned.aggregate(n=owned.account_id.nunique()))["n"].iloc[0])
    steps: dict[tuple[str, str], list[int]] = {}
    if len(counts) < 2:
        return pd.DataFrame(columns=list(_PAIR)), steps
    named = owned.filter(owned["product"].isin(list(counts.index)))
    one = named.select("account_id", has="product", _a="first_on")
    other = named.select(_of="account_id", offer="product", _b="first_on")
    met = one.join(other, [one.account_id == other["_of"], one["has"] != other["offer"]])
    delay = met["_b"].delta(met["_a"], unit="day")
    is_old = met["_a"] <= ibis.date(day - dtm.timedelta(days=YEAR))
    step = ibis.cases((delay <= 0, -1), (delay <= YEAR, ((delay - 1) / _STEP).floor().cast("int64")), else_=99)
    met = met.mutate(_step=step, _old=is_old)
    sums = answer(book, met.group_by("has", "offer", "_step", "_old").aggregate(n=met.count())).astype({"n": "int64"})
    sums["_old"] = sums["_old"].astype(bool)
    known = {str(name): row for name, row in zip(counts.index, counts.to_dict("records"), strict=True)}
    made = []
    parts = {(str(has), str(offer)): own for (has, offer), own in sums.groupby(["has", "offer"])}
    for has, offer in permutations(known, 2):
        own = parts.get((has, offer), sums.iloc[:0])
        both, has_n, offer_n = int(own["n"].sum()), int(known[has]["n"]), int(known[offer]["n"])
        old = own[own["_old"]]
        watched = int(known[has]["old"]) - int(old.loc[old["_step"] == -1, "n"].sum())
        within = old[old["_step"].between(0, 98)].groupby("_step")["n"].sum()
        steps[has, offer] = [int(within.get(i, 0)) for i in range(YEAR // _STEP + 1)]
        can = min(has_n, offer_n, everyone - has_n, everyone - offer_n) >= FEWEST
        made.append(
            {"has": has, "offer": offer, "both": both, "has_n": has_n, "offer_n": offer_n, "customers": everyone,
             "rate_with": both / has_n,
             "rate_without": (offer_n - both) / (everyone - has_n) if everyone > has_n else float("nan"),
             "p": exact_p(both, has_n, offer_n, everyone) if can else float("nan"),
             "watched": watched, "followed": int(within.sum()), "worth": float(known[offer]["worth"])}
        )  # fmt: skip
    found = pd.DataFrame(made)
    is_once = found["has"] < found["offer"]  # a pair is one look, whichever way round
    q = dict(zip(zip(found["has"], found["offer"], strict=True), found["p"], strict=True))
    looks = found.loc[is_once, ["has", "offer", "p"]]
    for (has, offer), value in zip(
        zip(looks["has"], looks["offer"], strict=True), benjamini_hochberg(looks["p"]), strict=True
    ):
        q[has, offer] = q[offer, has] = value
    found["q"] = [q[pair] for pair in zip(found["has"], found["offer"], strict=True)]
    found["is_apart"] = (found["q"] <= 1 - confidence) & (found["rate_with"] > found["rate_without"])
    found["follow"] = found["followed"] / found["watched"].where(found["watched"] > 0)
    found["low"], found["high"] = wilson(found["followed"], found["watched"], confidence)
    return found, steps


def cross_sell(
    book: Book, day: dtm.date, found: pd.DataFrame, steps: dict[tuple[str, str], list[int]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return who bought the first product of a pair within the last year and has not the second.

    Parameters
    ----------
    found, steps
        See :func:`pairs`.

    Returns
    -------
    tuple
        The pairs that are told apart and were watched on at least 30 accounts, those that promise most for a candidate
        first, by the lower bound of who follows, with ``candidates`` and ``expected`` (money) filled; and the
        candidates, ``account_id, has, offer, days`` (since the first purchase of ``has``) ``, chance`` (to buy in what
        is left of the year) ``, worth, expected``, those of whom most is expected first; of each pair the latest 5,000,
        and an account in every pair that names it.
    """
    listed = pd.DataFrame(columns=["account_id", "has", "offer", "days", "chance", "worth", "expected"])
    if found.empty:
        return found, listed
    can = found["is_apart"] & (found["watched"] >= FEWEST_WATCHED) & (found["followed"] > 0) & (found["worth"] > 0)
    told = found[can].assign(_each=lambda rows: rows["low"] * rows["worth"])
    told = told.sort_values(["_each", "has", "offer"], ascending=[False, True, True]).head(MOST_PAIRS)
    told = told.drop(columns="_each").reset_index(drop=True)
    if told.empty:
        return told.assign(candidates=0, expected=0.0), listed
    rows = _without(book, day, told)
    counts = answer(book, rows.group_by("has", "offer", "days").aggregate(n=rows.count()))
    counts = counts.astype({"n": "int64", "days": "int64"})
    order = ibis.window(group_by=["has", "offer"], order_by=["days", "account_id"])
    placed = rows.mutate(_place=ibis.row_number().over(order))
    few = answer(book, placed.filter(placed["_place"] < MOST_LISTED).drop("_place"))
    parts = []
    for place, row in enumerate(told.to_dict("records")):
        pair = (str(row["has"]), str(row["offer"]))
        own = counts[(counts["has"] == pair[0]) & (counts["offer"] == pair[1])]
        chance = chance_left(steps[pair], int(row["watched"]), own["days"].to_numpy(float))
        told.loc[place, "candidates"] = int(own["n"].sum())
        told.loc[place, "expected"] = float((own["n"] * chance).sum() * row["worth"])
        mine = few[(few["has"] == pair[0]) & (few["offer"] == pair[1])]
        left = chance_left(steps[pair], int(row["watched"]), mine["days"].to_numpy(float))
        parts.append(mine.assign(chance=left, worth=row["worth"], expected=left * row["worth"]))
    made = pd.concat(parts, ignore_index=True)
    made = made.sort_values(["expected", "account_id", "offer", "has"], ascending=[False, True, True, True])
    return told, made[list(listed.columns)].reset_index(drop=True)


def _without(book: Book, day: dtm.date, told: pd.DataFrame) -> ir.Table:
    """Return the accounts that bought ``has`` within the year to a day and never ``offer``, for every pair."""
    owned = firsts(book, day)
    fresh = owned.filter(owned["first_on"] > ibis.date(day - dtm.timedelta(days=YEAR)))
    fresh = fresh.select("account_id", has="product", _a="first_on")
    offers = [
        fresh.filter(fresh["has"] == row["has"]).mutate(offer=ibis.literal(row["offer"]))
        for row in told.to_dict("records")
    ]
    wide = offers[0] if len(offers) == 1 else ibis.union(*offers)
    held = owned.select(_of="account_id", _owns="product")
    met = wide.left_join(held, [wide.account_id == held["_of"], wide["offer"] == held["_owns"]])
    met = met.filter(met["_of"].isnull())
    return met.select("account_id", "has", "offer", days=ibis.date(day).delta(met["_a"], unit="day"))


def chance_left(followed: list[int], watched: int, days: Any) -> Any:
    """Return the chance to follow in what is left of the year, for those who have not after so many days.

    ``(F(365) - F(t)) / (1 - F(t))``, ``F(t)`` the share that had followed by day ``t``, straight between steps.

    Parameters
    ----------
    followed
        How many followed in each step of 30 days.
    watched
        Of how many.
    days
        ``t``, an array.
    """
    edges = np.minimum(np.arange(len(followed) + 1) * _STEP, YEAR)
    share = np.concatenate([[0.0], np.cumsum(followed) / watched])
    by_now = np.interp(days, edges, share)
    left = 1 - by_now
    return np.where(left > 0, (share[-1] - by_now) / np.where(left > 0, left, 1.0), 0.0)
