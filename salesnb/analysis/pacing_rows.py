"""What was won by each day, what was due on a day, and what was booked on quotas: the tables that pacing reads."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.analysis.behind import MOST
from salesnb.analysis.hygiene_deals import days_of, parts_of
from salesnb.data.book import Book
from salesnb.data.history import deals_on
from salesnb.errors import NeedsData
from salesnb.kpis.answers import answer
from salesnb.kpis.bookings import booked_by_day
from salesnb.kpis.quotas import holder_of, metric_of, quota_spans
from salesnb.kpis.standing import due, standing
from salesnb.periods import Period


def won_by_day(book: Book, day: dtm.date, periods: Sequence[Period]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what was won on each day of some periods, as the deals stood on a day, and the largest deals of each.

    Returns
    -------
    tuple
        ``period, closed_on, deals, parts``, one row a period and day; and ``period, opportunity_id, closed_on,
        parts``, at most :data:`MOST` rows a period, the largest first.
    """
    deals = deals_on(book, day)
    won = deals.filter(deals.outcome == "won", deals.closed_on <= ibis.date(day))
    first, last = ibis.date(periods[0].start), ibis.date(periods[-1].end)
    won = won.filter(won.closed_on >= first, won.closed_on < last)
    labels = [((won.closed_on >= ibis.date(p.start)) & (won.closed_on < ibis.date(p.end)), str(p)) for p in periods]
    rows = won.select(
        "opportunity_id", "closed_on", parts=parts_of(won.amount), period=ibis.cases(*labels, else_=ibis.null("string"))
    )
    rows = rows.filter(rows.period.notnull())
    summed = rows.group_by("period", "closed_on").aggregate(deals=rows.count(), parts=rows.parts.sum())
    return _typed(answer(book, summed)), _typed(_most(book, rows))


def due_on(book: Book, whens: Sequence[tuple[Period, dtm.date]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what was open on the day of each period and due in it, and the largest deals of each.

    Returns
    -------
    tuple
        ``period, deals, parts``, one row a period; and ``period, opportunity_id, parts``.
    """
    tables = []
    for period, day in whens:
        rows = due(standing(book, day), period)
        tables.append(rows.select("opportunity_id", parts=parts_of(rows.amount), period=ibis.literal(str(period))))
    if not tables:
        return pd.DataFrame(columns=["period", "deals", "parts"]), pd.DataFrame(columns=["period", "parts"])
    rows = ibis.union(*tables) if len(tables) > 1 else tables[0]
    summed = _typed(answer(book, rows.group_by("period").aggregate(deals=rows.count(), parts=rows.parts.sum())))
    none = pd.DataFrame({"period": [str(period) for period, _ in whens]}).merge(summed, how="left", on="period")
    none[["deals", "parts"]] = none[["deals", "parts"]].astype("float64").fillna(0).astype("int64")
    return none, _typed(_most(book, rows))


def booked_on_quotas(book: Book, day: dtm.date, span: Period) -> pd.DataFrame:
    """Return what was booked by a day on the quotas of a span: ``on`` (the quota's middle day) ``, day, parts``."""
    nothing = pd.DataFrame(columns=["on", "day", "parts"])
    if not book.gives("quotas"):
        return nothing
    try:
        metric, holder = metric_of(book), holder_of(book, "quotas")
        spans = quota_spans(book, span, metric=metric, booked_to=day)
        done = booked_by_day(book, holder, metric, day)
    except NeedsData:
        return nothing
    met = spans.join(
        done,
        [spans[holder] == done["_holder"], done["_day"] >= spans.starts_on, done["_day"] <= spans.ends_on],
    )
    met = met.group_by(on=met["_on"], day=met["_day"]).aggregate(parts=parts_of(met["_amount"].sum()))
    return _typed(answer(book, met))


def _most(book: Book, rows: ir.Table) -> pd.DataFrame:
    order = [rows.parts.desc(nulls_first=False), rows.opportunity_id]
    placed = rows.mutate(_place=ibis.row_number().over(ibis.window(group_by=rows.period, order_by=order)))
    frame = answer(book, placed.filter(placed["_place"] < MOST))
    return frame.sort_values(["period", "_place"], ignore_index=True).drop(columns="_place")


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    for name in ("closed_on", "on", "day"):
        if name in frame:
            frame[name] = days_of(frame[name])
    frame["parts"] = [0 if pd.isna(part) else int(part) for part in frame["parts"]]
    return frame
