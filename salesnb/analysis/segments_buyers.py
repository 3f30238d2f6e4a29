"""Buyers by recency, frequency and money (RFM): when each last bought, how often, and for how much.

Each is scored 1 to 5 among all buyers, ties alike: a score of 4 in frequency means that at least three fifths of the
buyers ordered less often, so that where most have ordered once, no score between 1 and theirs is given to anyone. Names
for pairs of recency and frequency are those that marketing uses; whether they say anything is held against who came
back.

References
----------
Hughes (1994), Strategic Database Marketing. Fader, Hardie and Lee (2005), RFM and CLV: Using Iso-value Curves for
Customer Base Analysis, Journal of Marketing Research 42, 415-430.
"""

from __future__ import annotations

import datetime as dtm

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.data.book import Book
from salesnb.kpis.answers import answer
from salesnb.kpis.intervals import wilson
from salesnb.kpis.sales import sales, without_contract

SCORES = 5
_MONEY = "decimal(24, 4)"
NAMES = {
    "champions": ("5:4 5:5", "bought of late and often"),
    "loyal": ("3:4 3:5 4:4 4:5", "often, and not long ago"),
    "potential loyalists": ("4:2 4:3 5:2 5:3", "of late, and more than once"),
    "new": ("5:1", "of late, and once"),
    "promising": ("4:1", "not long ago, and once"),
    "need attention": ("3:3", "in the middle of both"),
    "about to sleep": ("3:1 3:2", "some time ago, and seldom"),
    "cannot lose": ("1:5 2:5", "most often, and long ago"),
    "at risk": ("1:3 1:4 2:3 2:4", "often, and long ago"),
    "hibernating": ("1:1 1:2 2:1 2:2", "seldom, and long ago"),
}
"""What a pair of scores, recency:frequency, is called, and what it means."""


def buyers(book: Book, day: dtm.date) -> ir.Table:
    """Return every account that bought without a contract up to a day.

    Bills of a subscription are no purchases. What was given back takes from the money of its account; an account that
    only gave back is no buyer. An order is the lines of one order id, and of one day where a line has none.

    Returns
    -------
    ibis.Table
        ``account_id, first_on, last_on, orders, spent`` (net of returns).

    Raises
    ------
    NeedsData
        There are neither order lines nor won deals of an account.
    """
    rows = without_contract(book, sales(book, "account_id"))
    rows = rows.filter(rows.account_id.notnull(), rows["_on"] <= ibis.date(day))
    is_back = rows.is_return.fill_null(False) if "is_return" in rows.columns else ibis.literal(False)
    on = rows["_on"].cast("string")
    key = rows.opportunity_id if "order_id" not in rows.columns else ibis.coalesce(rows.order_id, "of " + on)
    rows = rows.mutate(_bought=is_back.ifelse(ibis.null("date"), rows["_on"]),
                       _order=is_back.ifelse(ibis.null("string"), key))  # fmt: skip
    held = rows.group_by("account_id").aggregate(
        first_on=rows["_bought"].min(), last_on=rows["_bought"].max(), orders=rows["_order"].nunique(),
        spent=rows.amount.sum().cast(_MONEY),
    )  # fmt: skip
    return held.filter(held["last_on"].notnull())


def scored(bought: ir.Table) -> ir.Table:
    """Add the scores ``r, f, m`` (1 to 5) to buyers: ``1 + floor(5 x buyers with less / buyers)``.

    Returns
    -------
    ibis.Table
        The rows of :func:`buyers`, the scores, and ``name``, one of :data:`NAMES`.
    """
    n = bought.count().over(ibis.window())
    less = {
        score: ibis.rank().over(ibis.window(order_by=bought[column]))
        for score, column in (("r", "last_on"), ("f", "orders"), ("m", "spent"))
    }
    rows = bought.mutate(_n=n, **{f"_{score}": rank for score, rank in less.items()})
    scores = {s: (1 + (SCORES * rows[f"_{s}"] / rows["_n"]).floor()).cast("int64") for s in less}
    rows = rows.mutate(**scores).drop("_n", *(f"_{score}" for score in less))
    pairs = rows["r"].cast("string") + ":" + rows["f"].cast("string")
    named = [(pairs.isin(cells.split()), name) for name, (cells, _) in NAMES.items()]
    return rows.mutate(name=ibis.cases(*named, else_=""))


def grid(book: Book, rows: ir.Table, day: dtm.date) -> pd.DataFrame:
    """Count scored buyers by their three scores.

    Returns
    -------
    pandas.DataFrame
        ``name, r, f, m, customers, orders, repeaters`` (ordered more than once) ``, spent, days`` (mean days since the
        last purchase).
    """
    ago = ibis.date(day).delta(rows["last_on"], unit="day").cast("float64")
    counts = rows.group_by("name", "r", "f", "m").aggregate(
        customers=rows.count(), orders=rows["orders"].sum(), repeaters=(rows["orders"] > 1).cast("int32").sum(),
        spent=rows["spent"].sum(), days=ago.mean(),
    )  # fmt: skip
    found = answer(book, counts)
    whole = {"r": "int64", "f": "int64", "m": "int64", "customers": "int64", "orders": "int64", "repeaters": "int64"}
    return found.astype({**whole, "spent": "float64", "days": "float64"}).sort_values(
        ["r", "f", "m"], ignore_index=True
    )


def came_back(book: Book, then: dtm.date, day: dtm.date, confidence: float) -> pd.DataFrame:
    """Return how many of the buyers of an earlier day bought again up to a later one, by what they were called then.

    Returns
    -------
    pandas.DataFrame
        ``name, customers, back, rate, low, high``; empty where nobody had bought.
    """
    before = scored(buyers(book, then)).select("account_id", "name")
    later = buyers(book, day)
    later = later.filter(later["last_on"] > ibis.date(then)).select(_of="account_id")
    met = before.left_join(later, before.account_id == later["_of"])
    counts = met.group_by("name").aggregate(customers=met.count(), back=met["_of"].notnull().cast("int32").sum())
    found = answer(book, counts).astype({"customers": "int64", "back": "int64"})
    found["rate"] = found["back"] / found["customers"]
    found["low"], found["high"] = wilson(found["back"], found["customers"], confidence)
    return found


def by_name(cells: pd.DataFrame, back: pd.DataFrame) -> pd.DataFrame:
    """Add the cells of :func:`grid` up by name, in the order of :data:`NAMES`, with who :func:`came_back`.

    A name that nobody has now stands with 0 where some had it a year before.

    Returns
    -------
    pandas.DataFrame
        ``name, meaning, customers, share, spent, spent_share, orders`` (a customer) ``, days, then, back, rate, low,
        high``.
    """
    sums = cells.assign(_days=cells["days"] * cells["customers"]).groupby("name")
    made = sums[["customers", "orders", "spent", "_days"]].sum().reindex(list(NAMES)).fillna(0.0).reset_index()
    made["meaning"] = [NAMES[name][1] for name in made["name"]]
    everyone, total = made["customers"].sum(), made["spent"].sum()
    made["share"] = made["customers"] / everyone if everyone else float("nan")
    made["spent_share"] = made["spent"] / total if total > 0 else float("nan")
    count = made["customers"].where(made["customers"] > 0)
    made["orders"], made["days"] = made["orders"] / count, made["_days"] / count
    known = back.rename(columns={"customers": "then"}) if len(back) else pd.DataFrame(columns=["name", "then"])
    made = made.merge(known, on="name", how="left").astype({"then": "float64"})
    made = made[(made["customers"] > 0) | (made["then"].fillna(0) > 0)].reset_index(drop=True)
    wanted = ["name", "meaning", "customers", "share", "spent", "spent_share", "orders", "days", "then", "back", "rate",
              "low", "high"]  # fmt: skip
    return made.reindex(columns=wanted).astype({"customers": "int64"})
