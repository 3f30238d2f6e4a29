"""The people family: what sellers bring in, against their quotas and against each other."""

from __future__ import annotations

import datetime as dtm
from functools import partial
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.kpis.bookings import booked
from salesnb.kpis.measure import Measure, count, formula, quantile, quotient, ratio, total
from salesnb.kpis.quotas import quota_spans
from salesnb.kpis.registry import kpi
from salesnb.kpis.sales import within

if TYPE_CHECKING:
    from salesnb.data.book import Book
    from salesnb.periods import Period

RAMP_DAYS = 180
_people = partial(kpi, unit="ratio", owner="head of sales", cadence="monthly", category3="revenue")


def active_reps(book: Book, period: Period) -> ir.Table:
    """Return the sellers active in a period: ``rep_id`` and, where there is a table of sellers, its other columns.

    Active is who was hired before the period's end, had not left by its start, and whose role does not hold the word
    manager; an unknown date or role excludes nobody. Without a table of sellers, those who booked in the period.
    """
    if not book.has("reps"):
        rows = within(booked(book), period)
        return rows.filter(rows.seller.notnull()).group_by(rep_id=rows.seller).aggregate()
    reps = book.reps
    return reps.filter(
        (reps.hired_on < ibis.date(period.end)).fill_null(True),
        (reps.left_on > ibis.date(period.start)).fill_null(True),
        ~reps.role.lower().contains("manager").fill_null(False),
    )


def booked_by_rep(book: Book, period: Period) -> ir.Table:
    """Return ``rep_id, booked`` of every seller who booked in a period or was active in it, 0 for who did not.

    Bookings that nobody is credited with are left out.
    """
    rows = within(booked(book), period)
    done = rows.filter(rows.seller.notnull()).group_by(rep_id="seller").aggregate(booked=rows.amount.sum())
    idle = active_reps(book, period).select("rep_id").anti_join(done, "rep_id")
    zero = ibis.literal(0).cast(done.booked.type())
    everyone = done.union(idle.mutate(booked=zero))
    return everyone.mutate(booked=ibis.coalesce(everyone.booked, zero))


@_people(
    "quota_attainment",
    "booked",
    default=True,
    better="up",
    category="effectiveness",
    needs=("quotas",),
    grain="a quota span of a seller or a team",
    action="look at pipeline coverage, ramp and territory before effort",
    meaning="How much of their quotas the sellers have booked.",
    formula="booked on the days of the quota spans / the quotas; a span counts in the period of its middle day",
)
def quota_attainment(book: Book, period: Period) -> Measure:
    """Booked over quota, each quota on its own days: see :func:`salesnb.kpis.quotas.quota_spans`; n/a without a quota.

    Where there are no deals, the order lines with a seller are what is booked.
    """
    return ratio(quota_spans(book, period), "booked", "quota")


@kpi(
    "quota_attainment",
    "share_at_quota",
    meaning="How many of the quotas were reached.",
    formula="quota spans with booked at or above the quota / all quota spans with a quota above 0",
)
def share_at_quota(book: Book, period: Period) -> Measure:
    """Share of the period's quota spans that were reached or passed; n/a where there is none."""
    spans = quota_spans(book, period)
    spans = spans.filter(spans.quota > 0)
    return ratio(spans, spans.booked >= spans.quota)


@_people(
    "sales_per_rep",
    "mean",
    default=True,
    unit="money",
    better="up",
    category="efficiency",
    category3="efficiency",
    needs_decide=True,
    needs=("opportunities|orders.rep_id",),
    grain="a booking, and a seller",
    action="look at ramp, territory and time spent selling",
    meaning="What a seller books in the period on average.",
    formula="booked in the period / sellers active in it",
)
def sales_per_rep(book: Book, period: Period) -> Measure:
    """All that was booked over the number of active sellers: see :func:`active_reps`; n/a where nobody was active."""
    rows = within(booked(book), period)
    named = ("what was booked", "the number of active sellers")
    return quotient(total(rows, rows.amount), count(active_reps(book, period)), named=named)


@kpi(
    "sales_per_rep",
    "ramped",
    needs=("opportunities|orders.rep_id", "reps.hired_on"),
    meaning="What a seller past the first half year books in the period on average.",
    formula="booked in the period by ramped sellers / ramped sellers active in it; ramped is hired 180 days before it",
)
def sales_per_ramped_rep(book: Book, period: Period) -> Measure:
    """Booked by the sellers hired at least 180 days before the period's start, over their number.

    A seller without a hiring date counts as ramped. n/a where nobody is.
    """
    reps = active_reps(book, period)
    latest = period.start - dtm.timedelta(days=RAMP_DAYS)
    ramped = reps.filter((reps.hired_on <= ibis.date(latest)).fill_null(True))
    rows = within(booked(book), period)
    rows = rows.semi_join(ramped, rows.seller == ramped.rep_id)
    return quotient(
        total(rows, rows.amount), count(ramped), named=("what ramped sellers booked", "the number of ramped sellers")
    )


@_people(
    "top_rep_concentration",
    "top_20pct",
    default=True,
    better="down",
    category="effectiveness",
    needs_decide=True,
    needs=("opportunities|orders.rep_id",),
    grain="a seller",
    action="learn from the best, spread the accounts, and have a plan for their leaving",
    meaning="How much of what was booked hangs on the best fifth of the sellers.",
    formula="booked by the top 20 % of sellers, rounded up / booked by all sellers",
)
def top_rep_concentration(book: Book, period: Period) -> Measure:
    """Share of bookings by the best fifth of the sellers who booked or were active; n/a where nothing was booked.

    Ranked over the whole company, ties by id: by team it says how much of the team hangs on the company's best.
    """
    reps = booked_by_rep(book, period)
    place = ibis.row_number().over(order_by=[reps.booked.desc(), reps.rep_id])
    ranked = reps.mutate(place=place + 1, sellers=reps.count().over(ibis.window()))
    is_top = ranked.place * 5 < ranked.sellers + 5  # place <= sellers / 5 rounded up, in whole numbers
    top = total(ranked, is_top.ifelse(ranked.booked, ranked.booked - ranked.booked))
    return quotient(top, total(ranked, ranked.booked), named=("the best sellers' bookings", "all bookings"))


@kpi(
    "top_rep_concentration",
    "top_1",
    meaning="How much of what was booked hangs on one seller.",
    formula="booked by the best seller / booked by all sellers",
)
def top_rep_share(book: Book, period: Period) -> Measure:
    """Share of bookings by the best seller, within each segment; n/a where nothing was booked."""
    reps = booked_by_rep(book, period)
    return quotient(
        quantile(reps, reps.booked, 1.0), total(reps, reps.booked), named=("the best seller's bookings", "all bookings")
    )


@kpi(
    "top_rep_concentration",
    "herfindahl",
    meaning="How unevenly bookings are spread: 1 is one seller alone.",
    formula="sum over the sellers of the square of their share of bookings",
)
def herfindahl(book: Book, period: Period) -> Measure:
    """Sum of the squared shares of bookings, within each segment; 1 / sellers where all are equal; n/a where none."""
    reps = booked_by_rep(book, period)
    amount = reps.booked.cast("float64")
    parts = {"squares": total(reps, amount * amount), "booked": total(reps, amount)}

    def index(v: pd.DataFrame) -> pd.Series[float]:
        return v["squares"] / v["booked"].where(v["booked"] > 0) ** 2

    return formula(parts, index)
