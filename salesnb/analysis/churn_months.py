"""Customer-months: each month in which a customer paid, what was known of it then, and whether it left in the next.

A churn rate of some customers is those who left over the months they were watched, so that one who came last month and
one who has been here for years both count for what was seen of them.
"""

from __future__ import annotations

import datetime as dtm

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.analysis.cohorts_engine import Axis
from salesnb.data.book import Book
from salesnb.kpis.answers import answer
from salesnb.kpis.voice import answers, group_of

GROUPS = ("promoter", "passive", "detractor")
SOON = 3
"""A signal counts in the month in which it came and in the ones after it, so many in all."""
COMMON = 10
"""A rise by one factor of at least so many customers in one month is a price rise."""
_MONTHS = Axis("month")


def price_rises(book: Book, moved: ir.Table) -> pd.DataFrame:
    """Find the months in which many customers' mrr rose by one and the same factor.

    Parameters
    ----------
    moved
        See :func:`salesnb.analysis.mrr_walk.moves`.

    Returns
    -------
    pandas.DataFrame
        ``number, factor, accounts``: one row a month at most, of at least :data:`COMMON` accounts, and of at least a
        third of all that paid more in that month.
    """
    rises = moved.filter(moved["part"] == "expansion")
    factor = (rises["became"].cast("float64") / rises["was"].cast("float64")).round(2)
    counted = rises.mutate(factor=factor).group_by("number", "factor").aggregate(accounts=ibis._.count())
    found = answer(book, counted).astype({"number": "int64", "factor": "float64", "accounts": "int64"})
    found["share"] = found["accounts"] / found.groupby("number")["accounts"].transform("sum")
    found = found[(found["accounts"] >= COMMON) & (found["share"] >= 1 / 3)]
    found = found.sort_values(["number", "accounts"], ascending=[True, False]).drop_duplicates("number")
    return found[["number", "factor", "accounts"]].reset_index(drop=True)


def is_rise(number: ir.IntegerValue, factor: ir.NumericValue, rises: pd.DataFrame) -> ir.BooleanValue:
    """Tell whether paying ``factor`` times as much in a month is one of the :func:`price_rises`; false for null."""
    hit: ir.BooleanValue = ibis.literal(False)
    for rise in rises.to_dict("records"):
        hit = hit | ((number == int(rise["number"])) & (factor.round(2) == float(rise["factor"])))
    return hit.fill_null(False)


def customer_months(book: Book, paid: ir.Table, rises: pd.DataFrame, last: int) -> ir.Table:
    """Return every month in which a customer paid, with what was known of it at its end.

    Parameters
    ----------
    paid
        See :func:`salesnb.analysis.mrr_walk.monthly`.
    rises
        See :func:`price_rises`.
    last
        The number of the last month that is known: whether a customer left after it is not.

    Returns
    -------
    ibis.Table
        ``account_id, number, mrr, tenure`` (months since the first) ``, is_lost`` (pays nothing in the next month;
        null in the last) ``, group`` (of the last answer; null without one) ``, is_shrunk`` (paid less in one of the
        last three months than before) ``, is_raised`` (a price rise hit it in one of them) ``, is_new`` (its first
        three months).
    """
    order = ibis.window(group_by=paid.account_id, order_by=paid["number"])
    rows = paid.mutate(
        _next=paid["number"].lead().over(order),
        _before=paid["number"].lag().over(order),
        _was=paid["mrr"].lag().over(order),
        tenure=paid["number"] - paid["number"].min().over(ibis.window(group_by=paid.account_id)),
    )
    is_same = rows["_before"] == rows["number"] - 1
    shrunk = (is_same & (rows["mrr"] < rows["_was"])).fill_null(False)
    factor = rows["mrr"].cast("float64") / rows["_was"].cast("float64")
    rows = rows.mutate(
        _shrunk=shrunk.ifelse(rows["number"], ibis.null("int64")),
        _raised=(is_same & is_rise(rows["number"], factor, rises))
        .fill_null(False)
        .ifelse(rows["number"], ibis.null("int64")),
    )
    so_far = ibis.window(group_by=rows.account_id, order_by=rows["number"], preceding=None, following=0)
    left = rows["_next"].isnull() | (rows["_next"] != rows["number"] + 1)
    rows = rows.mutate(
        is_lost=(rows["number"] < last).ifelse(left, ibis.null("boolean")),
        is_shrunk=(rows["number"] - rows["_shrunk"].max().over(so_far) < SOON).fill_null(False),
        is_raised=(rows["number"] - rows["_raised"].max().over(so_far) < SOON).fill_null(False),
        is_new=rows["tenure"] < SOON,
    )
    kept = ("account_id", "number", "mrr", "tenure", "is_lost", "is_shrunk", "is_raised", "is_new")
    return _with_group(book, rows.select(*kept))


def _with_group(book: Book, rows: ir.Table) -> ir.Table:
    """Add the group of each customer's last answer up to the end of the month."""
    if not (book.gives("feedback.nps") and book.gives("feedback.account_id") and book.gives("feedback.responded_on")):
        return rows.mutate(group=ibis.null("string"))
    said = answers(book)
    said = said.filter(said.nps.notnull(), said.account_id.notnull(), said["_on"].notnull())
    said = said.select(_who="account_id", _said=_MONTHS.number(said["_on"]), _score="nps", _id="response_id")
    met = rows.select("account_id", "number").join(said, [("account_id", "_who"), rows["number"] >= said["_said"]])
    order = ibis.window(group_by=["account_id", "number"], order_by=[ibis.desc("_said"), ibis.desc("_id")])
    latest = met.mutate(_place=ibis.row_number().over(order)).filter(lambda t: t["_place"] == 0)
    latest = latest.select(_of="account_id", _at="number", _score="_score")
    joined = rows.left_join(latest, [("account_id", "_of"), ("number", "_at")])
    return joined.mutate(group=group_of(joined["_score"])).drop("_of", "_at", "_score")


def month_of(day: dtm.date) -> int:
    """Return the number of a day's month."""
    return _MONTHS.number_of(day)
