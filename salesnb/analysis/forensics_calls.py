"""Forensics of calls: how far each caller's calls missed, drawn towards that of all, and the deals they were of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.analysis.behind import Behind, largest
from salesnb.analysis.callers import callers, span_of
from salesnb.analysis.forensics_card import opening
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.kpis.answers import answer
from salesnb.kpis.bookings import booked
from salesnb.kpis.calls import called_periods, calls_and_actuals
from salesnb.kpis.intervals import shrink_means
from salesnb.periods import Period


def called(
    book: Book, period: Period, periods: int, confidence: float, names: Mapping[str, str]
) -> tuple[pd.DataFrame | None, list[Behind]]:
    """Return each caller's bias, as seen and drawn towards that of all, with the deals behind it.

    Parameters
    ----------
    periods
        How many periods the calls are of, this one included.
    names
        The name of a seller by id.

    Returns
    -------
    tuple
        The rows of :class:`salesnb.analysis.callers.Callers` with ``label, shrunk, words, weeks``; None where there
        are no calls, or nothing was booked. And what each caller booked in the periods called, deal by deal; none
        where it is order lines that count as booked.
    """
    try:
        found = callers(book, period, periods=periods, confidence=confidence)
    except NeedsData:
        return None, []
    rows = found.rows
    if rows.empty:
        return None, []
    from scipy.special import stdtrit

    freedom = (rows["calls"] - 1).clip(lower=1)
    error = (rows["high"] - rows["low"]) / (2 * stdtrit(freedom, (1 + confidence) / 2))
    can = rows["p"].notna() & (error > 0)
    rows = rows.assign(label=[names.get(str(each), str(each)) for each in rows["holder"]], shrunk=float("nan"))
    if can.any():
        rows.loc[can, "shrunk"] = shrink_means(rows.loc[can, "bias"], error[can], confidence)[0]
    rows = rows.assign(words=found.words, weeks=found.weeks)
    return rows, list(_behind(book, span_of(period, periods), found.holder, rows))


def _behind(book: Book, span: Period, holder: str, rows: pd.DataFrame) -> Iterator[Behind]:
    if not book.has("opportunities"):
        return
    deals = called_deals(book, span, holder)
    amounts = deals.amount.cast("float64").fill_null(0.0)
    deals = deals.select("opportunity_id", "holder", "called", closed_on="_on", adds=amounts)
    sums = answer(book, deals.group_by("holder").aggregate(n=deals.count(), total=deals.adds.sum()))
    sums = sums.set_index("holder")
    held = dict(list(largest(deals, "holder", "adds").groupby("holder", sort=False)))
    for row in rows.to_dict("records"):
        if row["holder"] in held:
            of = sums.loc[row["holder"]]
            shown = held[row["holder"]][["opportunity_id", "adds", "called"]].reset_index(drop=True)
            title = f"Booked by {row['label']} in the periods that were called"
            yield Behind(
                opening("calls", str(row["holder"])), title, shown, int(of["n"]), float(of["total"]), "money",
                extras={"called": "Booked in"},
            )  # fmt: skip


def called_deals(book: Book, span: Period, holder: str) -> ir.Table:
    """Return the deals that were booked in periods for which their seller, or the seller's team, made a commit call.

    Parameters
    ----------
    holder
        ``rep_id`` or ``team``: whose the calls are.

    Returns
    -------
    ibis.Table
        ``opportunity_id, amount, _on, holder, called`` (the period's name).
    """
    rows = booked(book, "bookings")
    if holder == "team":
        teams = book.reps.select(_rep="rep_id", _team="team")
        rows = rows.join(teams, rows.seller == teams["_rep"])
        rows = rows.mutate(seller=rows["_team"])
    periods = called_periods(book, span)
    within = [
        ((rows["_on"] >= ibis.date(each.start)) & (rows["_on"] < ibis.date(each.end)), name)
        for name, each in periods.items()
    ]
    named = ibis.cases(*within, else_=ibis.null("string")) if within else ibis.null("string")
    rows = rows.filter(rows["_on"] <= ibis.date(book.as_of))
    rows = rows.select("opportunity_id", "amount", "_on", holder="seller", called=named)
    calls = calls_and_actuals(book, span)
    calls = calls.filter(calls["commit"].notnull()).select(_who=holder, _called="called")
    return rows.join(calls, [rows["holder"] == calls["_who"], rows["called"] == calls["_called"]]).drop(
        "_who", "_called"
    )
