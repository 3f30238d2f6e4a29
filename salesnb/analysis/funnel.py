"""Funnel, which answers where deals stall, and what that costs.

One frozen result for one period: how the deals created in the year that ends with it went from stage to stage, how
long they took, which segments differ, which stage is the bottleneck and what its repair would bring; how leads became
customers, and web visitors orders.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.analysis import funnel_behind as rows_of
from salesnb.analysis import funnel_headlines as told
from salesnb.analysis import funnel_steps as steps_of
from salesnb.analysis import funnel_worth as worth_of
from salesnb.analysis.behind import Behind, Thing, key
from salesnb.analysis.calendar import year_to
from salesnb.analysis.closing import closing
from salesnb.analysis.funnel_card import FunnelCard, words_of
from salesnb.analysis.funnel_needs import missing
from salesnb.analysis.funnel_numbers import numbers
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.kpis.answers import answer
from salesnb.kpis.dimensions import NONE, with_dimension
from salesnb.kpis.funnels_deals import Way, deal_steps, deal_way
from salesnb.kpis.funnels_leads import lead_way, web_way
from salesnb.kpis.funnels_stints import stints
from salesnb.periods import Period

BY = ("segment", "region", "product", "team")
MOST_SEGMENTS = 12
PEOPLE = ("rep", "rep_id", "account", "account_id")
"""What has too few deals each to say anything of a stage; sellers have a page of their own."""
_STEPS = pd.DataFrame(columns=list(steps_of.COLUMNS))
_SEGMENTS = pd.DataFrame(columns=["by", "segment", *steps_of.COLUMNS, "rest", "p", "q", "flag", "each", "worth", "key"])


class Funnel(FunnelCard):
    """A funnel that says what its numbers say; see :class:`salesnb.analysis.funnel_card.FunnelCard` for the data."""

    def headlines(self) -> list[str]:
        """Say where deals stall, what that costs, who differs, and what the page cannot tell."""
        return told.headlines(self)

    def numbers(self) -> pd.DataFrame:
        """List every number of the page, for results.json.

        Returns
        -------
        pandas.DataFrame
            ``id, variant, period, by, segment, value, numerator, denominator, n, low, high, unit, status, reason,
            target``.
        """
        return numbers(self)


def funnel(book: Book, period: Period, *, by: Sequence[str] = BY, confidence: float = 0.95) -> Funnel:
    """Answer "where do deals stall?" for the deals created in the year that ends with a period.

    Parameters
    ----------
    book, period
        The book, and the period.
    by
        The dimensions to compare; one of more than a dozen segments, or that the source does not give, is left out.
    confidence
        The level of the intervals, and 1 - the share of false marks.
    """
    held = book if book.memo is not None else memo.keeping(book)
    window = year_to(period)
    nothing = _nothing(book, period)
    deals = _Part.empty() if nothing or not book.gives("opportunities") else _deals(held, window, by, confidence)
    leads = _Part.empty() if nothing or not book.gives("leads") else _leads(held, window, confidence)
    web = _Part.empty() if nothing or not _has_web(book) else _web(held, window, confidence)
    stuck = worth_of.repairs(deals.steps, confidence) if len(deals.steps) > 2 else worth_of.repairs(_STEPS, confidence)
    narrow = worth_of.bottleneck(stuck, confidence)
    closes = closing(held, period, confidence=confidence)
    behind = [
        *deals.behind(stuck),
        *leads.behind(),
        *web.behind(),
        *closes.behind,
    ]
    return Funnel(
        period=period,
        as_of=book.as_of,
        window=window,
        currency=book.currency,
        confidence=confidence,
        nothing=nothing,
        has_deals=book.gives("opportunities"),
        has_history=bool(len(deals.steps)) and bool(deal_steps(held)),
        steps=deals.steps,
        segments=deals.segments,
        left_out=deals.left_out,
        repairs=stuck,
        bottleneck=narrow,
        created=int(deals.outcomes["created"]),
        won=int(deals.outcomes["won"]),
        open=int(deals.outcomes["open"]),
        unplaced=int(deals.outcomes["unplaced"]),
        unplaced_value=deals.outcomes["unplaced_value"],
        leads=leads.steps,
        lead_segments=leads.segments,
        leads_note=leads.note,
        web=web.steps,
        web_leads=web.converted,
        closes=closes,
        missing=missing(book),
        behind=tuple(behind),
    )


class _Part:
    """One funnel of the page, while it is made."""

    def __init__(self, thing: Thing, topic: str, base: steps_of.Base) -> None:
        self.thing, self.topic, self.base = thing, topic, base
        self.steps, self.segments = _STEPS, _SEGMENTS
        self.stays: ir.Table | None = None
        self.left_out: tuple[str, ...] = ()
        self.outcomes = dict.fromkeys(("created", "won", "open", "unplaced", "unplaced_value"), 0.0)
        self.converted, self.note = 0, ""
        self.lost: ir.Table | None = None

    @classmethod
    def empty(cls) -> _Part:
        return cls("deal", "", "decided")

    def behind(self, repairs: pd.DataFrame | None = None) -> list[Behind]:
        if self.stays is None:
            return []
        return [
            *rows_of.unplaced(self.lost, self.outcomes),
            *rows_of.of_steps(self.stays, self.steps, self.topic, self.thing, repairs),
            *rows_of.of_segments(self.stays, self.segments, self.base, self.thing),
        ]


def _nothing(book: Book, period: Period) -> str:
    if not (book.gives("opportunities") or book.gives("leads") or _has_web(book)):
        return f"needs opportunities, leads or touches{book.rejected_words('opportunities', 'leads', 'touches')}"
    return "" if period.start <= book.as_of else f"it has not begun, the data end on {book.as_of}"


def _has_web(book: Book) -> bool:
    return book.gives("touches.visitor_id") and book.gives("touches.kind")


def _filled(book: Book, part: _Part, way: Way, rows: ir.Table, dims: Sequence[str], confidence: float) -> _Part:
    """Make the tables of a part: the stays, stored, then one query for each dimension."""
    keep = [way.key, "entry", "value", *(f"by_{name}" for name in dims)]

    def made() -> ir.Table:
        return stints(rows.filter(rows["reached"].notnull()), way.plan, book.as_of, keep=keep)

    stays = memo.table(book, "stays", part.topic, make=made)
    names = way.plan.names
    counts = {name: steps_of.counted(book, stays, f"by_{name}") for name in dims}
    whole = next(iter(counts.values()), None)
    whole = steps_of.counted(book, stays, None) if whole is None else whole
    left_out = []
    for name in list(counts):
        segments = set(counts[name]["segment"]) - {NONE}
        if len(segments) > MOST_SEGMENTS or (len(segments) < 2 and len(counts[name])):
            why = "one segment only" if len(segments) < 2 else f"{len(segments)} segments, more than {MOST_SEGMENTS}"
            left_out.append(f"{name} ({why})")
            del counts[name]
    part.steps = steps_of.of_steps(whole, names, part.base, confidence)
    parts = [steps_of.of_segments(each, name, names, part.base, confidence) for name, each in counts.items()]
    parts = [each for each in parts if len(each)]
    if parts:
        found = steps_of.marked(pd.concat(parts, ignore_index=True), 1 - confidence)
        found = worth_of.of_segment(found, part.steps)
        part.segments = found.assign(key=_keys(found, part.topic))
    part.stays, part.left_out = stays, (*part.left_out, *left_out)
    return part


def _keys(found: pd.DataFrame, topic: str) -> list[str]:
    """Number the segments: two names may be one word when only letters and digits are kept."""
    places = {pair: i for i, pair in enumerate(dict.fromkeys(zip(found["by"], found["segment"], strict=True)))}
    return [
        key(topic, row["by"], f"s{places[row['by'], row['segment']]}", row["place"]) for row in found.to_dict("records")
    ]


def _deals(book: Book, window: Period, by: Sequence[str], confidence: float) -> _Part:
    part = _Part("deal", "funnel-deals", "decided")
    way = deal_way(book)
    rows = way.rows
    first, end = ibis.date(window.start), ibis.date(window.end)
    rows = rows.filter(rows.entered_on >= first, rows.entered_on < end, rows.entered_on <= ibis.date(book.as_of))
    dims, left_out = [], []
    for name in (name for name in by if name not in PEOPLE):
        try:
            labelled = with_dimension(book, rows, name)
        except NeedsData as lacking:
            left_out.append(f"{name} ({lacking.what})")
            continue
        rows = labelled.rename({f"by_{name}": "segment"})
        dims.append(name)
    lost = rows["reached"].isnull()
    counts = rows.aggregate(
        created=rows.count(),
        won=(rows.outcome == "won").cast("int32").sum(),
        open=(rows.outcome == "open").cast("int32").sum(),
        unplaced=lost.cast("int32").sum(),
        unplaced_value=rows["value"].sum(where=lost),
    )
    found = answer(book, counts).iloc[0].to_dict()
    part.outcomes = {str(name): 0.0 if pd.isna(value) else float(value) for name, value in found.items()}
    part.left_out, part.note = tuple(left_out), way.note
    part.lost = rows.filter(lost)
    return _filled(book, part, way, rows, dims, confidence)


def _leads(book: Book, window: Period, confidence: float) -> _Part:
    part = _Part("lead", "funnel-leads", "reached")
    way = lead_way(book)
    rows = way.rows
    rows = rows.filter(rows["at_0"] >= ibis.date(window.start), rows["at_0"] < ibis.date(window.end))
    dims = ["source"] if book.gives("leads.source") else []
    part.note = way.note
    return _filled(book, part, way, rows.mutate(**{f"by_{name}": rows[name] for name in dims}), dims, confidence)


def _web(book: Book, window: Period, confidence: float) -> _Part:
    part = _Part("visitor", "funnel-web", "reached")
    way = web_way(book, window.start, window.end)
    rows = memo.table(book, "web way", window, make=lambda: way.rows)
    rows = rows.mutate(value=ibis.null("float64"))
    part.converted = int(answer(book, rows.aggregate(n=rows["lead_at"].count()))["n"].iloc[0])
    return _filled(book, part, way, rows, [], confidence)


__all__ = ["BY", "Funnel", "funnel", "words_of"]
