"""The acquisition family, what a customer is worth: expected, discounted, to date, and by the model of its buying.

The four readings answer four questions and are never the same number; their formulas say why.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from salesnb.calendars import year_before
from salesnb.kpis.answers import answer
from salesnb.kpis.bookings import last_known
from salesnb.kpis.buying import bg_nbd, customers, expected
from salesnb.kpis.measure import Measure, estimate, formula, mean, ratio, total
from salesnb.kpis.registry import kpi
from salesnb.kpis.retention import paying
from salesnb.kpis.sales import sales, within
from salesnb.kpis.spending import expected_spend, gamma_gamma, later_spend
from salesnb.periods import Period

if TYPE_CHECKING:
    from salesnb.data.book import Book

DISCOUNT = 0.10
"""What money of a year later is worth less, as finance departments take it where nothing else is said."""
AHEAD = 3 * 365
"""How many days ahead purchases are expected."""
_SUBSCRIBED = ("subscriptions.account_id", "subscriptions.mrr")
_worth = partial(
    kpi,
    unit="money",
    better="up",
    category="revenue",
    category3="revenue",
    owner="head of finance",
    cadence="quarterly",
    grain="a customer and month",
)


def customer_months(book: Book, period: Period) -> ir.Table:
    """Return the customers under contract in the year to the end of a period, month by month.

    Returns
    -------
    ibis.Table
        ``account_id, _on`` (the month's first day) ``, mrr`` (at its start) ``, is_lost`` (whether the account pays
        nothing at its end); only months whose end is known.
    """
    day = last_known(book, period)
    year = Period.parse(f"{year_before(period.end)}..{period.last_day}", period.fiscal_year_start)
    made = []
    for month in year.split("month"):
        if month.last_day > day or month.start.day != 1:
            continue
        before = paying(book, month.previous.last_day)
        after = paying(book, month.last_day).select(_still="account_id")
        rows = before.left_join(after, before.account_id == after["_still"])
        made.append(rows.select("account_id", "mrr", _on=ibis.date(month.start), is_lost=rows["_still"].isnull()))
    if not made:
        rows = paying(book, day)
        return rows.filter(ibis.literal(False)).select(
            "account_id", "mrr", _on=ibis.date(day), is_lost=ibis.literal(False)
        )
    return ibis.union(*made) if len(made) > 1 else made[0]


@_worth(
    "clv",
    "expected",
    default=True,
    needs=_SUBSCRIBED,
    meaning="What a customer pays over its lifetime, if it stays as long as customers do now.",
    formula="mrr per customer / monthly churn of customers, both over the months of the year to the end of P: the sum "
    "of mrr over customer-months / the customers who left",
    action="see which of price, churn and mix moved it",
    source="Berger and Nasr (1998), Journal of Interactive Marketing 12, with a constant churn",
)
def clv(book: Book, period: Period) -> Measure:
    """Divide the mrr of all customer-months by the customers who left in them; n/a where nobody left."""
    rows = customer_months(book, period)
    return ratio(rows, rows.mrr, rows["is_lost"].cast("int32"))


@kpi(
    "clv",
    "margin_discounted",
    needs=(*_SUBSCRIBED, "orders.cost"),
    meaning="What a customer leaves over its lifetime after delivery, in the money of today.",
    formula="m x (1 + d) / (1 + d - r): m the mrr per customer x gross_margin.ratio of the year, r the monthly "
    "retention of customers, d the monthly discount rate of 10 % a year",
    source="Gupta and Lehmann (2003), Customers as Assets, Journal of Interactive Marketing 17, 9-24",
)
def margin_discounted(book: Book, period: Period) -> Measure:
    """Value of a customer's margin, discounted, at today's retention; n/a without customers or margin."""
    rows = customer_months(book, period)
    year = Period.parse(f"{year_before(period.end)}..{period.last_day}", period.fiscal_year_start)
    lines = within(sales(book), year)
    parts = {
        "mrr": total(rows, rows.mrr),
        "customer-months": total(rows, ibis.literal(1, "int64")),
        "lost": total(rows, rows["is_lost"].cast("int32")),
        "margin": ratio(lines, lines.amount - lines.cost, lines.amount),
    }
    discount = (1 + DISCOUNT) ** (1 / 12) - 1

    def value(values: pd.DataFrame) -> pd.Series[float]:
        months = values["customer-months"].where(values["customer-months"] > 0)
        stays = 1 - values["lost"] / months
        result: pd.Series[float] = values["mrr"] / months * values["margin"] * (1 + discount) / (1 + discount - stays)
        return result

    return formula(parts, value)


@kpi(
    "clv",
    "historic",
    needs=("orders.account_id|opportunities.account_id",),
    grain="a customer",
    meaning="What a customer has brought so far.",
    formula="revenue to the end of P of the accounts that ever bought / their number",
)
def historic(book: Book, period: Period) -> Measure:
    """Average what accounts have brought, returns taken off, by the period's end; n/a where nobody ever bought."""
    rows = sales(book, "account_id")
    rows = rows.filter(rows.account_id.notnull(), rows["_on"] <= ibis.date(last_known(book, period)))
    bought = ibis.literal(1) if "is_return" not in rows.columns else (~rows.is_return.fill_null(False)).cast("int32")
    each = rows.mutate(_bought=bought).group_by("account_id")
    each = each.aggregate(spent=ibis._["amount"].sum(), _bought=ibis._["_bought"].max())
    return mean(each.filter(each["_bought"] == 1).drop("_bought"), "spent")


@kpi(
    "clv",
    "btyd",
    needs=("orders.account_id|opportunities.account_id",),
    grain="a customer without a contract",
    meaning="What a customer without a contract is expected to spend in the next three years.",
    formula="expected purchases of the next 3 years (BG/NBD) x expected spend at each (Gamma-Gamma), per account that "
    "ever bought; not discounted, subscription bills left out",
    source="Fader, Hardie and Lee (2005), Marketing Science 24, 275-284",
)
def btyd(book: Book, period: Period) -> Measure:
    """Average the expected spend of the next three years; n/a where the model cannot be told from the data."""
    day = last_known(book, period)
    counted = customers(book, day)
    spent = later_spend(book, day).select(_of="account_id", paid="frequency", gave="spent")
    rows = counted.left_join(spent, counted.account_id == spent["_of"]).drop("_of")

    def worth(known: ir.Table, confidence: float) -> pd.DataFrame:
        del confidence  # the spread over customers says nothing of how sure the model is: see the page of customers
        frame = answer(book, known.select("segment", "frequency", "recency", "age", "paid", "gave"))
        return of_segments(frame)

    return estimate(rows, worth)


def of_segments(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the mean expected spend of each segment's accounts, by one model of all.

    Parameters
    ----------
    frame
        ``segment, frequency, recency, age, paid`` (later days that cost something) ``, gave`` (spent on them); one row
        an account.

    Returns
    -------
    pandas.DataFrame
        ``segment, value, n, reason``; the value is NaN where the model cannot be told.
    """
    numbers = ["frequency", "recency", "age", "paid", "gave"]
    rows = frame.assign(**frame[numbers].astype("float64").fillna(0.0))
    counted = rows.groupby(numbers[:3], as_index=False).size().rename(columns={"size": "customers"})
    model = bg_nbd(counted) if len(counted) else None
    spend = gamma_gamma(rows[["paid", "gave"]].rename(columns={"paid": "frequency", "gave": "spent"}))
    doubts = [*(model.doubts if model else ("nobody bought",)), *(d for d in spend.doubts if not d.startswith("who"))]
    if doubts or model is None:
        rows["value"] = np.nan
    else:
        x, recency, age = (rows[name].to_numpy() for name in numbers[:3])
        often = expected(model.fit.values, AHEAD, x, recency, age)
        rows["value"] = often * expected_spend(spend.fit.values, rows["paid"].to_numpy(), rows["gave"].to_numpy())
    found = rows.groupby("segment", as_index=False, sort=True).agg(value=("value", "mean"), n=("value", "size"))
    return found.assign(reason="; ".join(doubts))
