"""Upsell: in which months customers came to pay more, by what was known of them, and who may be next.

The same count as that of who leaves (:mod:`salesnb.analysis.churn_months`), the other way round: each month in which a
customer paid is one trial of paying more in the next. A price rise that hits many by one factor is no upsell.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from salesnb.analysis.churn_months import SOON, customer_months, is_rise
from salesnb.analysis.signals import against_others, monthly_rate
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.kpis.answers import answer
from salesnb.kpis.dimensions import NONE, with_dimension

SIGNALS = {
    "is_promoter": "answered 9 or 10 last",
    "is_below": "paid less than half of what like customers did",
    "is_grown": "came to pay more in the last three months",
    "is_new": "came in the last three months",
}
LIKE = ("size_band", "segment")
"""What makes customers alike, the first that accounts give."""
_BELOW = 0.5


def growing_months(book: Book, paid: ir.Table, rises: pd.DataFrame, last: int) -> tuple[ir.Table, str]:
    """Return every customer-month with whether the customer paid more in the next, and what was known of it.

    Parameters
    ----------
    paid, rises, last
        See :func:`salesnb.analysis.churn_months.customer_months`.

    Returns
    -------
    tuple
        ``account_id, number, mrr, has_grown`` (null in the last month, and where the customer left) ``, by`` (times
        what it paid) ``, is_promoter, is_below, is_grown, is_new``; and what makes customers alike, empty where
        accounts give nothing.
    """
    rows = customer_months(book, paid, rises, last)
    rows = rows.select(
        "account_id", "number", "mrr", "is_new", is_promoter=(rows["group"] == "promoter").fill_null(False)
    )
    order = ibis.window(group_by="account_id", order_by="number")
    rows = rows.mutate(_amount=rows["mrr"].cast("float64"))
    rows = rows.mutate(
        _then=rows["number"].lead().over(order), _next=rows["_amount"].lead().over(order),
        _at=rows["number"].lag().over(order), _was=rows["_amount"].lag().over(order),
    )  # fmt: skip
    follows, was_there = rows["_then"] == rows["number"] + 1, rows["_at"] == rows["number"] - 1
    by, before = rows["_next"] / rows["_amount"], rows["_amount"] / rows["_was"]
    is_own = was_there & (before > 1) & ~is_rise(rows["number"], before, rises)
    null = ibis.null("boolean")
    rows = rows.mutate(
        by=by,
        has_grown=follows.fill_null(False).ifelse((by > 1) & ~is_rise(rows["number"] + 1, by, rises), null),
        _grown=is_own.fill_null(False).ifelse(rows["number"], ibis.null("int64")),
    )
    so_far = ibis.window(group_by="account_id", order_by="number", preceding=None, following=0)
    rows = rows.mutate(is_grown=(rows["number"] - rows["_grown"].max().over(so_far) < SOON).fill_null(False))
    rows, alike = _below(book, rows)
    return rows.select("account_id", "number", "mrr", "has_grown", "by", *SIGNALS), alike


def _below(book: Book, rows: ir.Table) -> tuple[ir.Table, str]:
    """Tell who pays less than half of the median of like customers in the month, of at least ten."""
    for name in LIKE:
        try:
            labelled = with_dimension(book, rows, name).view()  # a join on what a join has computed is refused
        except NeedsData:
            continue
        middle = labelled.group_by(_like="segment", _month="number").aggregate(
            _median=labelled["_amount"].median(), _n=labelled.count()
        )
        met = labelled.left_join(middle, [("segment", "_like"), ("number", "_month")])
        is_below = (met["segment"] != NONE) & (met["_n"] >= 10) & (met["_amount"] < _BELOW * met["_median"])
        return met.mutate(is_below=is_below.fill_null(False)), name
    return rows.mutate(is_below=ibis.literal(False)), ""


def upsell(
    book: Book, rows: ir.Table, last: int, confidence: float
) -> tuple[dict[str, float], pd.DataFrame, pd.DataFrame]:
    """Return how often customers come to pay more in a month, which signals set them apart, and who has one now.

    Parameters
    ----------
    rows
        See :func:`growing_months`.
    last
        The number of the last month.
    confidence
        The level of the intervals, and 1 - the share of false signals.

    Returns
    -------
    tuple
        ``months, grew, rate, low, high, by`` (the mean of what those who grew came to pay, in times what they paid) of
        all; ``signal, words, months, grew, rate, low, high, other`` (rate of those without it) ``, ratio, ratio_low,
        ratio_high, p, q, is_apart``; and the candidates ``account_id, mrr, signals, odds, chance`` (in a month)
        ``, expected`` (mrr that may come within a month), most first.
    """
    counts = answer(
        book,
        rows.group_by("has_grown", *SIGNALS).aggregate(
            months=rows.count(), by=rows["by"].sum(where=rows["has_grown"].fill_null(False))
        ),
    )
    counts = counts[counts["has_grown"].notna()].astype({"months": "float64", "by": "float64", "has_grown": bool})
    whole = monthly_rate(counts, "has_grown", "grew", confidence)
    grew = counts[counts["has_grown"]]
    whole["by"] = float(grew["by"].sum() / grew["months"].sum()) if len(grew) else float("nan")
    signals = against_others(counts, SIGNALS, "has_grown", "grew", confidence)
    nobody = pd.DataFrame(columns=["account_id", "mrr", "signals", "odds", "chance", "expected"])
    apart = signals[signals["is_apart"]].set_index("signal")
    if apart.empty:
        return whole, signals, nobody
    now = rows.filter(rows["number"] == last)
    found = answer(book, now.select("account_id", *SIGNALS, mrr=now["mrr"].cast("float64")))
    odds, words = np.ones(len(found)), np.full(len(found), "", dtype=object)
    for name, ratio in apart["ratio"].items():
        has = found[str(name)].to_numpy(bool)
        odds = np.where(has, odds * ratio, odds)
        words = np.where(has, words + np.where(words == "", "", "; ") + SIGNALS[str(name)], words)
    found = found.assign(odds=odds, signals=words)[odds > 1]
    found["chance"] = np.minimum(whole["rate"] * found["odds"], 1.0)
    found["expected"] = found["mrr"] * found["chance"] * (whole["by"] - 1)
    found = found.sort_values(["expected", "account_id"], ascending=[False, True], ignore_index=True)
    return whole, signals, found[list(nobody.columns)]
