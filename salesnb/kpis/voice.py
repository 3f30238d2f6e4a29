"""The customers family, what they say: would they recommend us, are they satisfied, and how do their comments sound.

Every answer in the period counts, also several of one account. What a seller answers in the staff's own survey is no
customer's word, and an answer without a day belongs to no period.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from salesnb.kpis.intervals import mean_interval, wilson
from salesnb.kpis.measure import Measure, estimate, mean
from salesnb.kpis.registry import kpi
from salesnb.kpis.sales import within
from salesnb.kpis.voice_words import NEGATIVE, READ, read

if TYPE_CHECKING:
    from salesnb.data.book import Book
    from salesnb.periods import Period

STAFF = "staff"
PROMOTER, DETRACTOR, SATISFIED = 9, 6, 4
_says = partial(
    kpi,
    better="up",
    category="effectiveness",
    category3="revenue",
    owner="head of customer success",
    cadence="quarterly",
    grain="an answer",
)


def answers(book: Book) -> ir.Table:
    """Return the customers' answers with ``_on``, their day; those of staff are left out."""
    rows = book.feedback
    return rows.filter((rows.source.lower() != STAFF).fill_null(True)).mutate(_on=rows.responded_on)


def group_of(nps: ir.Value) -> ir.Value:
    """Return ``promoter``, ``passive`` or ``detractor``; null for no answer."""
    return ibis.cases((nps >= PROMOTER, "promoter"), (nps <= DETRACTOR, "detractor"), (nps.notnull(), "passive"))


def score(rows: ir.Table) -> ir.Value:
    """Return what each answer adds to the net promoter score: 100, 0 or -100; null without an answer."""
    return ibis.cases((rows.nps >= PROMOTER, 100), (rows.nps <= DETRACTOR, -100), (rows.nps.notnull(), 0))


@_says(
    "nps",
    "net",
    default=True,
    unit="points",
    needs=("feedback.nps", "feedback.responded_on"),
    meaning="How many more customers would recommend us than would not, of a hundred.",
    formula="% of answers 9-10 minus % of answers 0-6, of the answers in P",
    action="call the detractors within two days, and read what they wrote",
    source="Reichheld (2003), The One Number You Need to Grow, Harvard Business Review",
)
def nps(book: Book, period: Period) -> Measure:
    """Average 100, 0 and -100 over the answers; the interval is that of this mean. n/a where nobody answered."""
    rows = within(answers(book), period)
    rows = rows.filter(rows.nps.notnull())
    return mean(rows, score(rows))


def _of_decided(book: Book, period: Period, outcome: str) -> Measure:
    """Average over the answers of accounts whose last deal decided by then ended so."""
    rows = within(answers(book), period)
    rows = rows.filter(rows.nps.notnull(), rows.account_id.notnull())
    deals = book.opportunities
    deals = deals.filter(deals.outcome.isin(["won", "lost"]), deals.closed_on.notnull(), deals.account_id.notnull())
    ended = deals.select(_of="account_id", _closed="closed_on", _ended="outcome", _deal="opportunity_id")
    met = rows.join(ended, [rows.account_id == ended["_of"], rows["_on"] >= ended["_closed"]])
    order = ibis.window(group_by=met.response_id, order_by=[met["_closed"].desc(), met["_deal"].desc()])
    last = met.mutate(_place=ibis.row_number().over(order))
    last = last.filter(last["_place"] == 0, last["_ended"] == outcome)
    return mean(last, score(last))


@kpi(
    "nps",
    "won",
    needs=("feedback.nps", "feedback.responded_on", "feedback.account_id", "opportunities.account_id"),
    meaning="The same, of those whose last deal we had won when they answered.",
    formula="nps of the answers in P of accounts whose last deal decided by that day was won",
)
def nps_won(book: Book, period: Period) -> Measure:
    """Net promoter score of the accounts last won; n/a where none of them answered."""
    return _of_decided(book, period, "won")


@kpi(
    "nps",
    "lost",
    needs=("feedback.nps", "feedback.responded_on", "feedback.account_id", "opportunities.account_id"),
    meaning="The same, of those whose last deal we had lost when they answered.",
    formula="nps of the answers in P of accounts whose last deal decided by that day was lost",
)
def nps_lost(book: Book, period: Period) -> Measure:
    """Net promoter score of the accounts last lost; n/a where none of them answered."""
    return _of_decided(book, period, "lost")


def _top_two(rows: ir.Table, confidence: float) -> pd.DataFrame:
    counted = rows.group_by("segment").aggregate(
        n=rows.csat.count(), numerator=(rows.csat >= SATISFIED).cast("int32").sum()
    )
    found: pd.DataFrame = counted.execute()
    frame = found.astype({"n": "float64", "numerator": "float64"})
    low, high = wilson(frame["numerator"], frame["n"], confidence)
    return frame.assign(
        value=100 * frame["numerator"] / frame["n"].where(frame["n"] > 0), denominator=frame["n"],
        low=100 * low, high=100 * high,
    )  # fmt: skip


@_says(
    "csat",
    "top_two",
    default=True,
    unit="percent",
    needs=("feedback.csat", "feedback.responded_on"),
    meaning="How many of a hundred customers who answered are satisfied.",
    formula="answers 4-5 / answers x 100, of the answers in P on a scale of 1 to 5",
    action="read what the dissatisfied wrote",
)
def csat(book: Book, period: Period) -> Measure:
    """Percentage of the answers that are 4 or 5, with Wilson's interval; n/a where nobody answered."""
    rows = within(answers(book), period)
    return estimate(rows.filter(rows.csat.notnull()), _top_two)


@kpi(
    "csat",
    "mean",
    unit="number",
    meaning="How satisfied customers are, on a scale of 1 to 5.",
    formula="mean of the answers in P",
)
def csat_mean(book: Book, period: Period) -> Measure:
    """Average the answers; n/a where nobody answered."""
    rows = within(answers(book), period)
    return mean(rows.filter(rows.csat.notnull()), "csat")


def comments(book: Book, period: Period) -> ir.Table:
    """Return the customers' answers of a period that have a comment."""
    rows = within(answers(book), period)
    return rows.filter(rows.text.strip().length() > 0)


def _sounds(rows: ir.Table, confidence: float, *, negative: bool) -> pd.DataFrame:
    frame = rows.select("segment", "text").execute()
    found = read([str(text) for text in frame["text"]])
    frame = frame.assign(compound=found["compound"].to_numpy(), language=found["language"].to_numpy())
    made = []
    for segment, own in frame.groupby("segment", sort=True):
        known = own.loc[own["compound"].notna(), "compound"]
        values = (known <= NEGATIVE).astype(float) if negative else known
        n, centre = len(values), float(values.mean()) if len(values) else float("nan")
        if negative:
            low, high = (float(bound) for bound in wilson(values.sum(), n, confidence))
        else:
            spread = float(np.var(values, ddof=1)) if n > 1 else 0.0
            low, high = (float(bound) for bound in mean_interval(centre, spread, n, confidence))
        other = int((own["language"] != READ).sum())
        why = f"{other} of {len(own)} comments are not known to be in English, and are not scored" if other else ""
        made.append(
            {"segment": segment, "value": centre, "numerator": float(values.sum()), "denominator": float(n), "n": n,
             "low": low, "high": high, "reason": why}
        )  # fmt: skip
    columns = ["segment", "value", "numerator", "denominator", "n", "low", "high", "reason"]
    return pd.DataFrame(made, columns=columns)


@_says(
    "sentiment",
    "mean",
    default=True,
    unit="number",
    needs=("feedback.text", "feedback.responded_on"),
    meaning="How the comments sound, from -1 (bad) to 1 (good).",
    formula="mean compound polarity (VADER) of the English comments in P; other languages are counted, not scored",
    action="read the comments of the theme that sounds worst",
    source="Hutto and Gilbert (2014), VADER, ICWSM",
)
def sentiment(book: Book, period: Period) -> Measure:
    """Average the polarity of the English comments; n/a where there is none."""
    return estimate(comments(book, period), partial(_sounds, negative=False))


@kpi(
    "sentiment",
    "negative",
    unit="ratio",
    better="down",
    meaning="The share of the comments that sound bad.",
    formula="English comments of a compound polarity of at most -0.05 / English comments, in P",
)
def sentiment_negative(book: Book, period: Period) -> Measure:
    """Share of the English comments that are negative, with Wilson's interval; n/a where there is none."""
    return estimate(comments(book, period), partial(_sounds, negative=True))
