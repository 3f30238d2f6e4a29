"""Pushes: how often the expected close of a deal was moved later, by how many days."""

from __future__ import annotations

import datetime as dtm

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.analysis.behind import MOST
from salesnb.analysis.hygiene_deals import days_of, logged
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.data.history import deals_on
from salesnb.kpis.answers import answer
from salesnb.periods import Period

MANY = 3
"""So many pushes and more are one class."""
BUCKETS = (("1 to 7 days", 7), ("8 to 30 days", 30), ("31 to 60 days", 60), ("61 to 90 days", 90), ("over 90 days", 0))
NEEDS = "needs opportunity_events of expected_close_on"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"


def sees_pushes(book: Book) -> bool:
    """Tell whether the log has changes of the expected close."""
    return "expected_close_on" in logged(book)


def pushes(book: Book, day: dtm.date) -> ir.Table:
    """Return every push up to a day: ``opportunity_id, pushed_on, was, became, slip`` (days later)."""
    events = book.table("opportunity_events")
    events = events.filter(events.field == "expected_close_on", events.changed_at.cast("date") <= ibis.date(day))
    rows = events.select(
        "opportunity_id", pushed_on=events.changed_at.cast("date"), was=_date(events.old), became=_date(events.new)
    )
    rows = rows.mutate(slip=rows.became.delta(rows.was, unit="day").cast("int64"))
    return rows.filter(rows.slip > 0)


def of_open(book: Book, day: dtm.date) -> pd.DataFrame:
    """Return the pushes of the deals that were pushed up to a day: ``pushes, slip`` by ``opportunity_id``."""

    def make() -> pd.DataFrame:
        if not sees_pushes(book):
            return pd.DataFrame({"pushes": [], "slip": []}, index=pd.Index([], name="opportunity_id"))
        deals = deals_on(book, day)
        is_open = deals.filter(deals.outcome == "open").select("opportunity_id")
        rows = pushes(book, day).semi_join(is_open, "opportunity_id")
        counted = rows.group_by("opportunity_id").aggregate(pushes=rows.count(), slip=rows.slip.sum())
        return answer(book, counted).astype({"pushes": "int64", "slip": "int64"}).set_index("opportunity_id")

    return memo.value(book, "pushes of open deals", day, make=make)


def of_period(book: Book, period: Period, day: dtm.date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the pushes made in a period up to a day, by how far they went, and the furthest of each bucket.

    Returns
    -------
    tuple
        ``bucket, slip, pushes``, one row a number of days; and ``bucket, opportunity_id, pushed_on, was, became,
        slip``, at most :data:`MOST` rows a bucket.
    """
    rows = pushes(book, day)
    rows = rows.filter(rows.pushed_on >= ibis.date(period.start), rows.pushed_on < ibis.date(period.end))
    bounds = [(rows.slip <= most, name) for name, most in BUCKETS[:-1]]
    rows = rows.mutate(bucket=ibis.cases(*bounds, else_=BUCKETS[-1][0]))
    counted = answer(book, rows.group_by("bucket", "slip").aggregate(pushes=rows.count()))
    order = [rows.slip.desc(), rows.opportunity_id, rows.pushed_on, rows.was]
    placed = rows.mutate(_place=ibis.row_number().over(ibis.window(group_by=rows.bucket, order_by=order)))
    frame = answer(book, placed.filter(placed["_place"] < MOST))
    frame = frame.sort_values(["bucket", "_place"], ignore_index=True).drop(columns="_place")
    for name in ("pushed_on", "was", "became"):
        frame[name] = days_of(frame[name]).dt.strftime("%Y-%m-%d")
    return counted.astype({"slip": "int64", "pushes": "int64"}), frame.astype({"slip": "int64"})


def _date(text: ir.StringValue) -> ir.DateValue:
    """Read a logged date; what does not look like one is null."""
    written = text.re_search(_DATE).ifelse(text.substr(0, 10), ibis.null("string"))
    day: ir.DateValue = written.cast("date")
    return day
