"""Quotas: each quota on its own days, with what was booked on them."""

from __future__ import annotations

import datetime as dtm
from typing import TYPE_CHECKING, cast

import ibis
import ibis.expr.types as ir

from salesnb.data import memo
from salesnb.kpis.bookings import Metric, booked_by_day

if TYPE_CHECKING:
    from salesnb.data.book import Book
    from salesnb.periods import Period


def metric_of(book: Book) -> Metric:
    """Tell what the book's quotas count where only one thing can be: bookings if any of them does, else revenue.

    A quota that does not say counts bookings where there are opportunities, else revenue.
    """
    book.require("quotas")
    metrics = _metrics(book)
    return "bookings" if "bookings" in metrics or not metrics else "revenue"


def quota_spans(
    book: Book, period: Period, *, metric: Metric | None = None, booked_to: dtm.date | None = None
) -> ir.Table:
    """Return the quota spans of a period, each with what its holder booked on the span's own days.

    A span runs from ``starts_on`` to ``ends_on``; without an end, to the day before the holder's next start of the
    same metric, and without one to the as-of date. It belongs to the period that holds its middle day, the earlier
    of two, so that each span is in exactly one period of a partition, whatever day its calendar turns. Several
    quotas of a holder on the same days are one span. Where any quota is a seller's, the teams' are left out: they
    hold the same money twice.

    Parameters
    ----------
    period
        The period that the spans belong to.
    metric
        Only the spans that count this; all where it is None.
    booked_to
        The last day that counts as booked; the as-of date where it is None.

    Returns
    -------
    ibis.Table
        One row a span: ``rep_id`` or ``team`` (who holds it), ``metric``, ``starts_on``, ``ends_on`` (included),
        ``quota``, ``booked`` (money, 0 where nothing was) and ``_on`` (the middle day).

    Raises
    ------
    NeedsData
        There are no quotas, or nothing that was booked, or quotas of teams and no ``reps.team``.
    """
    to = booked_to or book.as_of
    metric = None if _metrics(book) == (metric,) else metric
    spans = memo.table(book, "quota_spans", metric, to, make=lambda: _all_spans(book, metric, to))
    return spans.filter(spans["_on"] >= ibis.date(period.start), spans["_on"] < ibis.date(period.end))


def _all_spans(book: Book, metric: Metric | None, booked_to: dtm.date) -> ir.Table:
    """Return the :func:`quota_spans` of every period."""
    spans = _spans(book)
    if metric is not None:
        spans = spans.filter(spans.metric == metric)
    holder = holder_of(book, "quotas")
    metrics = (metric,) if metric is not None else _metrics(book) or ("bookings",)
    done = ibis.union(*[booked_by_day(book, holder, each, booked_to) for each in metrics])
    joined = spans.left_join(
        done,
        [
            spans["holder"] == done["_holder"],
            spans.metric == done["_metric"],
            done["_day"] >= spans.starts_on,
            done["_day"] <= spans.ends_on,
        ],
    )
    summed = joined.group_by(*spans.columns).aggregate(booked=joined["_amount"].sum())
    zero = ibis.literal(0).cast(summed.booked.type())
    return summed.mutate(booked=ibis.coalesce(summed.booked, zero)).rename({holder: "holder"})


def holder_of(book: Book, table: str) -> str:
    """Tell whose quotas or calls a table has: ``rep_id`` where any is a seller's, else ``team``."""
    return "rep_id" if book.gives(f"{table}.rep_id") else "team"


def _metrics(book: Book) -> tuple[Metric, ...]:
    # Grouped, for ibis 12 puts a column too many into a sorted DISTINCT on PostgreSQL.
    def names() -> tuple[Metric, ...]:
        found = _stated(book).group_by("metric").aggregate().execute()
        return tuple(cast("Metric", name) for name in sorted(found["metric"]))

    return memo.value(book, "quota metrics", make=names)


def _stated(book: Book) -> ir.Table:
    """Return the quotas that count, with ``holder`` and the metric that each has or takes."""
    quotas = book.quotas
    quotas = quotas.mutate(holder=quotas[holder_of(book, "quotas")])
    unsaid = "bookings" if book.has("opportunities") else "revenue"
    return quotas.filter(quotas.holder.notnull()).mutate(metric=quotas.metric.fill_null(unsaid))


def _spans(book: Book) -> ir.Table:
    """Return one row a holder, metric and span: ``holder, metric, starts_on, ends_on, quota, _on``."""
    quotas = _stated(book)
    starts = quotas.group_by("starts_on", _whose=quotas.holder, _what=quotas.metric).aggregate()
    following = starts.starts_on.lead().over(group_by=[starts["_whose"], starts["_what"]], order_by=starts.starts_on)
    starts = starts.select("_whose", "_what", _start="starts_on", _next=following)
    same = [
        quotas.holder == starts["_whose"],
        quotas.metric == starts["_what"],
        quotas.starts_on == starts["_start"],
    ]
    paired = quotas.left_join(starts, same)
    day_before = (paired["_next"] - ibis.interval(days=1)).cast("date")
    ends_on = ibis.coalesce(paired.ends_on, day_before, ibis.date(book.as_of))
    paired = paired.mutate(ends_on=ibis.greatest(ends_on, paired.starts_on))
    summed = paired.group_by("holder", "metric", "starts_on", "ends_on").aggregate(quota=paired.amount.sum())
    half = (summed.ends_on.delta(summed.starts_on, unit="day") / 2).floor().cast("int64")
    return summed.mutate(_on=summed.starts_on + half.as_interval("D"))
