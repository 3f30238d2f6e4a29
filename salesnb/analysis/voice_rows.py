"""What stands beside the answers: deals won by what accounts had answered, what is not counted, and the detractors."""

from __future__ import annotations

import datetime as dtm

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.analysis.behind import Behind
from salesnb.analysis.segments_profile import remained
from salesnb.analysis.voice_card import DETRACTORS, GROUPS
from salesnb.calendars import year_before
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.kpis.answers import answer
from salesnb.kpis.intervals import ratio_interval, wilson
from salesnb.kpis.voice import DETRACTOR, STAFF, group_of
from salesnb.periods import Period


def wins(book: Book, said: ir.Table, period: Period, confidence: float) -> pd.DataFrame:
    """Return how often deals decided in the two years to the period's end were won, by the account's last answer."""
    columns = ["group", "won", "decided", "rate", "low", "high"]
    if not (book.gives("opportunities.account_id") and book.gives("feedback.account_id")):
        return pd.DataFrame(columns=columns)
    deals = book.opportunities
    first = period.year_ago.year_ago.start
    deals = deals.filter(deals.outcome.isin(["won", "lost"]), deals.closed_on >= ibis.date(first),
                         deals.closed_on < ibis.date(period.end), deals.account_id.notnull())  # fmt: skip
    ended = deals.select(_of="account_id", _closed="closed_on", _deal="opportunity_id", _won=deals.outcome == "won")
    scored = said.filter(said.nps.notnull(), said.account_id.notnull())
    scored = scored.select("account_id", "nps", "_on", "response_id")
    met = ended.join(scored, [("_of", "account_id"), ended["_closed"] > scored["_on"]])
    order = ibis.window(group_by="_deal", order_by=[ibis.desc("_on"), ibis.desc("response_id")])
    last = met.mutate(_place=ibis.row_number().over(order)).filter(lambda t: t["_place"] == 0)
    counts = last.mutate(group=group_of(last.nps)).group_by("group")
    found = answer(book, counts.aggregate(won=ibis._["_won"].cast("int32").sum(), decided=ibis._.count()))
    found = found.set_index("group").reindex(GROUPS).fillna(0).astype("int64").reset_index()
    found["rate"] = found["won"] / found["decided"].where(found["decided"] > 0)
    found["low"], found["high"] = wilson(found["won"], found["decided"], confidence)
    return found[columns]


def kept(book: Book, said: ir.Table, day: dtm.date, confidence: float) -> pd.DataFrame:
    """Return what the customers of a year before a day pay now of what they paid then, by their last answer until then.

    Returns
    -------
    pandas.DataFrame
        ``group, customers, was, became, rate, low, high``: the sums, and the second over the first; no rows where
        neither subscriptions nor sales tell it. The interval is that of a ratio of sums over customers.
    """
    columns = ["group", "customers", "was", "became", "rate", "low", "high"]
    then = year_before(day)
    try:
        rows = remained(book, day)
    except NeedsData:
        return pd.DataFrame(columns=columns)
    scored = said.filter(said.nps.notnull(), said.account_id.notnull(), said["_on"] <= ibis.date(then))
    order = ibis.window(group_by="account_id", order_by=[ibis.desc("_on"), ibis.desc("response_id")])
    last = scored.mutate(_place=ibis.row_number().over(order)).filter(lambda t: t["_place"] == 0)
    last = last.select(_of="account_id", group=group_of(last.nps))
    met = rows.join(last, rows.account_id == last["_of"])
    met = met.select("group", y=met["became"].cast("float64"), x=met["was"].cast("float64"))
    y, x = met["y"], met["x"]
    sums = met.group_by("group").aggregate(
        customers=met.count(), was=x.sum(), became=y.sum(), yy=(y * y).sum(), xx=(x * x).sum(), xy=(x * y).sum()
    )
    found = answer(book, sums).set_index("group").reindex(GROUPS).astype("float64").fillna(0.0).reset_index()
    n, x_sum, y_sum = found["customers"], found["was"], found["became"]
    found["rate"] = y_sum / x_sum.where(x_sum > 0)
    one = (n - 1).where(n > 1)
    spread = tuple(
        (found[name] - a * b / n.where(n > 0)) / one
        for name, a, b in (("yy", y_sum, y_sum), ("xx", x_sum, x_sum), ("xy", x_sum, y_sum))
    )
    found["low"], found["high"] = ratio_interval(
        found["rate"], x_sum / n.where(n > 0), (spread[0], spread[1], spread[2]), n, confidence
    )
    found["customers"] = n.astype("int64")
    return found[columns]


def left_out(book: Book, own: ir.Table, *, is_dated: bool) -> pd.DataFrame:
    """Return what is not counted in the score, with the rule."""
    rows = book.feedback
    staff = int(answer(book, rows.filter(rows.source.lower() == STAFF).aggregate(n=ibis._.count()))["n"].iloc[0])
    has_text = (own.text.strip().length() > 0).fill_null(False)
    counts = own.aggregate(
        n=own.count(), silent=own.nps.isnull().cast("int32").sum(), mute=has_text.cast("int32").sum(),
        nobody=own.account_id.isnull().cast("int32").sum(),
    )  # fmt: skip
    sums = answer(book, counts).iloc[0]
    undated = int(answer(book, rows.filter(rows.responded_on.isnull()).aggregate(n=ibis._.count()))["n"].iloc[0])
    told = [
        ("answers of the staff's own survey", staff, "no customer's word"),
        ("answers without a score", int(sums["silent"] or 0), "they count in comments and satisfaction alone"),
        ("answers without a comment", int((sums["n"] or 0) - (sums["mute"] or 0)), "they count in the score alone"),
        ("answers that name no account", int(sums["nobody"] or 0), "they count, and can be joined to nothing"),
        ("answers without a day", undated if is_dated else 0, "they belong to no period"),
    ]
    return pd.DataFrame([row for row in told if row[1]], columns=["what", "n", "rule"])


def behind(book: Book, own: ir.Table) -> tuple[Behind, ...]:
    """Return the accounts of the detractors, with what they answered."""
    rows = own.filter(own.nps <= DETRACTOR, own.account_id.notnull())
    found = answer(book, rows.group_by("account_id").aggregate(adds=rows.count(), lowest=rows.nps.min()))
    if found.empty:
        return ()
    found = found.sort_values(["lowest", "account_id"], ignore_index=True)
    found = found.astype({"adds": "float64", "lowest": "int64"})
    shown = found[["account_id", "adds", "lowest"]].head(5000)
    extras = {"lowest": "Lowest answer"}
    total = float(found["adds"].sum())
    return (Behind(DETRACTORS, "Answered 0 to 6", shown, len(found), total, "count", "account", extras),)
