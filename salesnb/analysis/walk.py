"""Walk, which answers what moved the open pipeline from one day to another.

start + created + pulled in + pushed out + raised + lowered + reopened + owner in + owner out + won + lost + deleted
= end, to the cent. Every deal is in exactly one class, with all that it changed: the rules are in
:mod:`salesnb.analysis.walk_rows`. What a deal did in between that neither day shows stands apart, as a round trip, and
moves nothing.
"""

from __future__ import annotations

import datetime as dtm
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import MOST, Behind, key
from salesnb.analysis.walk_card import LABELS
from salesnb.analysis.walk_card import Walk as Walk
from salesnb.analysis.walk_rows import CELLS, OUTSIDE_DATES, TRIPS, Where, walked
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.data.history import history_limit
from salesnb.errors import NeedsData
from salesnb.kpis.bookings import last_known
from salesnb.periods import Period

_DAY = dtm.timedelta(days=1)
_ENDS = {"start": "Open at the start", "end": "Open at the end", "unchanged": "Unchanged",
         "no_amount": "Without an amount", "disqualified": "Disqualified"}  # fmt: skip
_THEN = MappingProxyType(
    {
        "amount_then": "Amount at the start",
        "amount_now": "Amount at the end",
        "expected_close_on_then": "Expected at the start",
        "expected_close_on_now": "Expected at the end",
        "owner_id_then": "Owner at the start",
        "owner_id_now": "Owner at the end",
        "outcome_now": "Outcome at the end",
    }
)


def walk(
    book: Book,
    start: dtm.date,
    end: dtm.date,
    *,
    due: Period | None = None,
    where: Where | None = None,
    prefix: str = "",
) -> Walk:
    """Walk the open pipeline from the end of one day to the end of another.

    Parameters
    ----------
    book
        The book, with what happened between the days.
    start, end
        The days; an ``end`` after the as-of date is the as-of date.
    due
        Take only the deals that are expected to close in these days; what comes to be due in them is pulled in, and
        what ceases to be is pushed out, to whichever side. None takes all open deals: then nothing is either.
    where
        A dimension and a segment of it, such as ``("rep_id", "R7")`` or ``("team", "EMEA")``; then deals come in from
        other owners and go out to them. The dimensions are those of the owner, which the log tells of, and those of
        the deal and its account, which are today's on every day.
    prefix
        What the keys of the rows begin with. By default ``walk``, then ``due`` and the segment where it has them; a
        page with two walks of the same over other days gives each its own.

    Returns
    -------
    Walk
        With ``nothing`` said where there is no walk: no deals, a start that is not before the end or not known yet.

    Raises
    ------
    ParameterError
        Deals cannot be walked by that dimension.
    """
    end = min(end, book.as_of)
    nothing = "" if book.has("opportunities") else f"needs opportunities{book.rejected_words('opportunities')}"
    if not nothing and due is not None and not book.gives("opportunities.expected_close_on"):
        nothing = "needs opportunities.expected_close_on"
    if not nothing and start >= end:
        nothing = f"{formats.day(start)} is not before {formats.day(end)}, the last day that is known"
    history = history_limit(book)
    bare = Walk(
        start=start, end=end, due=due, where=where, as_of=book.as_of, currency=book.currency,
        prefix=prefix or key("walk", *(["due"] if due else []), *(where or ())),
        nothing=nothing, limit=history, needs="needs opportunity_events or opportunity_snapshots" if history else "",
        cells=_cells(pd.DataFrame(), book), trips=pd.DataFrame(columns=["trip", "label", "n", "amount"]),
        amounts=dict.fromkeys(_ENDS, Decimal(0)), counts=dict.fromkeys(_ENDS, 0), behind=(),
    )  # fmt: skip
    if nothing:
        return bare
    held = book if book.memo is not None else memo.keeping(book)
    name = ("walk", start, end, due, where)
    try:
        rows = memo.table(held, *name, make=lambda: walked(held, start, end, due, where))
    except NeedsData as missing:
        return replace(bare, nothing=missing.what)
    found: pd.DataFrame = _summed(rows).execute()
    if found.empty:
        return replace(bare, cells=_cells(found, book), nothing="no deal was open on either day or passed through")
    cells = _cells(found, book)
    trips = _trips(found)
    amounts = {
        "start": _sum(found["at_start"]),
        "end": _sum(found["at_end"]),
        "unchanged": _sum(found.loc[found["cell"] == "unchanged", "at_end"]),
        "no_amount": Decimal(0),
        "disqualified": -_sum(found.loc[found["is_disqualified"], "change"]),
    }
    counts = {
        "start": int(found["n_start"].sum()),
        "end": int(found["n_end"].sum()),
        "unchanged": int(found.loc[found["cell"] == "unchanged", "n"].sum()),
        "no_amount": int(found["no_amount"].sum()),
        "disqualified": int(found.loc[found["is_disqualified"], "n"].sum()),
    }
    totals = {
        **{name: (amounts[name], counts[name]) for name in _ENDS},
        **{str(row["cell"]): (row["amount"], row["n"]) for row in cells.to_dict("records")},
        **{str(row["trip"]): (row["amount"], row["n"]) for row in trips.to_dict("records")},
    }
    behind = _behind(rows, totals, bare)
    return replace(bare, cells=cells, trips=trips, amounts=amounts, counts=counts, behind=behind)


def walk_of(
    book: Book, period: Period, *, due: Period | None = None, where: Where | None = None, prefix: str = ""
) -> Walk:
    """Walk the open pipeline over a period: from the end of the day before it to its end, or to the as-of date.

    Parameters
    ----------
    book, period
        The book, and the period.
    due, where, prefix
        As in :func:`walk`.
    """
    return walk(book, period.start - _DAY, last_known(book, period), due=due, where=where, prefix=prefix)


def _summed(rows: ir.Table) -> ir.Table:
    """Add up the deals by class and round trip."""
    unknown = (rows.is_in_then & rows.amount_then.isnull()) | (rows.is_in_now & rows.amount_now.isnull())
    of = {"is_disqualified": (rows.cell == "lost").fill_null(False) & (rows.outcome_now == "disqualified")}
    zero = ibis.literal(0).cast(rows.change.type())
    return rows.group_by("cell", "trip", **of).aggregate(
        n=rows.count(),
        change=rows.change.sum(),
        at_start=rows.at_start.sum(),
        at_end=rows.at_end.sum(),
        n_start=rows.is_in_then.sum(),
        n_end=rows.is_in_now.sum(),
        passed=ibis.coalesce(rows.amount_now, zero).sum(),
        no_amount=unknown.sum(),
    )


def _sum(amounts: Any) -> Decimal:
    return sum((Decimal(amount) for amount in amounts if not pd.isna(amount)), Decimal(0))


def _cells(found: pd.DataFrame, book: Book) -> pd.DataFrame:
    has_history = book.has("opportunity_events") or book.has("opportunity_snapshots")
    rows = []
    for cell, label in CELLS.items():
        mine = found[found["cell"] == cell] if len(found) else pd.DataFrame(columns=["n", "change", "no_amount"])
        rows.append(
            {
                "cell": cell, "label": label, "n": int(mine["n"].sum()), "amount": _sum(mine["change"]),
                "no_amount": int(mine["no_amount"].sum()), "is_known": has_history or cell in OUTSIDE_DATES,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _trips(found: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {"trip": trip, "label": label, "n": int(mine["n"].sum()), "amount": _sum(mine["passed"])}
        for trip, label in TRIPS.items()
        if len(mine := found[found["trip"] == trip])
    ]
    return pd.DataFrame(rows, columns=["trip", "label", "n", "amount"])


def _behind(rows: ir.Table, totals: dict[str, tuple[Any, int]], of: Walk) -> tuple[Behind, ...]:
    """Return the deals behind every number of the walk that has some: one query for all."""
    zero = ibis.literal(0).cast(rows.change.type())
    unknown = (rows.is_in_then & rows.amount_then.isnull()) | (rows.is_in_now & rows.amount_now.isnull())
    given_up = (rows.cell == "lost") & (rows.outcome_now == "disqualified")
    parts = {
        "start": (rows.filter(rows.is_in_then), ibis.literal("start"), rows.at_start),
        "end": (rows.filter(rows.is_in_now), ibis.literal("end"), rows.at_end),
        "cell": (
            rows.filter(rows.cell.notnull()),
            rows.cell,
            (rows.cell == "unchanged").ifelse(rows.at_end, rows.change),
        ),
        "trip": (rows.filter(rows.trip.notnull()), rows.trip, ibis.coalesce(rows.amount_now, zero)),
        "no_amount": (rows.filter(unknown), ibis.literal("no_amount"), zero),
        "disqualified": (rows.filter(given_up), ibis.literal("disqualified"), -rows.change),
    }
    listed = ibis.union(
        *[
            part.select("opportunity_id", group=group.cast("string"), adds=adds.cast("float64"))
            for part, group, adds in parts.values()
        ]
    )
    order = [listed.adds.abs().desc(), listed.opportunity_id]
    placed = listed.mutate(place=ibis.row_number().over(ibis.window(group_by=listed.group, order_by=order)))
    first = placed.filter(placed.place < MOST)
    told = rows.select("opportunity_id", **{name: _plain(rows[name]) for name in _THEN})
    frame: pd.DataFrame = first.join(told, "opportunity_id").order_by("group", "place").execute()
    grouped = {str(name): part for name, part in frame.groupby("group", sort=False)}
    made = []
    for name, (amount, n) in totals.items():
        if not n or name not in grouped:
            continue
        part = grouped[name].drop(columns=["group", "place"]).reset_index(drop=True)
        title = f"{LABELS.get(name, _ENDS.get(name, name))}: {of.subject}, {of.start} to {of.end}"
        is_count = name == "no_amount"
        made.append(
            Behind(
                key=key(of.prefix, name),
                title=title[0].upper() + title[1:],
                rows=part.assign(adds=1.0 if is_count else part["adds"].astype("float64")),
                n=n,
                total=float(n if is_count else amount),
                unit="count" if is_count else "money",
                extras=_THEN,
            )
        )
    return tuple(made)


def _plain(column: ir.Value) -> ir.Value:
    """Return what pandas takes over in one piece: a Decimal or a date a cell takes ten times as long."""
    kind = column.type()
    return column.cast("float64") if kind.is_decimal() else column.cast("timestamp") if kind.is_date() else column
