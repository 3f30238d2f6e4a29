"""Cohorts, which answer whether customers come back: of those who began together, how many are still there.

One frozen result for one day: the accounts by the period in which they began, and for every period since how many of
them were active (in it; in it or later; in it or one of the two before), and what they brought. A period that is not
over is marked, and in no mean.
"""

from __future__ import annotations

import datetime as dtm
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import MappingProxyType

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from salesnb.analysis import apart
from salesnb.analysis.behind import MOST, Behind, key, largest
from salesnb.analysis.cohorts_card import MOST_COHORTS, WORDS, CohortsCard
from salesnb.analysis.cohorts_cells import against_others, cells, compared_at, means, sizes
from salesnb.analysis.cohorts_engine import activity, aged, axis, begun, only_returns, without_account
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.kpis.answers import answer
from salesnb.kpis.bookings import last_known
from salesnb.kpis.dimensions import NONE, with_dimension
from salesnb.kpis.intervals import benjamini_hochberg, wilson
from salesnb.periods import Period

BY = ("segment", "region", "industry", "size_band", "country")
MOST_SEGMENTS = 12
MOST_ROWS = 120_000
"""The accounts behind single cells that a page holds in all; with more, only whole cohorts open."""
_SEGMENTS = ("by", "segment", "n", "numerator", "denominator", "rate", "low", "high", "p", "q", "flag")
_LEFT = ("what", "rows", "money", "rule")
_EXTRAS = MappingProxyType({"money": "Money of the period"})


class Cohorts(CohortsCard):
    """Cohorts that say what their numbers say; see :class:`salesnb.analysis.cohorts_card.CohortsCard`."""


def cohorts(
    book: Book,
    period: Period,
    *,
    start: str = "order",
    grain: str = "month",
    by: Sequence[str] = BY,
    confidence: float = 0.95,
) -> Cohorts:
    """Answer "do customers come back?" as of the end of a period.

    Parameters
    ----------
    book, period
        The book, and the period; nothing later than its last day counts.
    start
        What a customer begins with: ``order``, ``contract``, ``lead`` or ``account``.
    grain
        ``week, month, quarter, half`` or ``year``.
    by
        The dimensions to compare; one of more than a dozen segments, or that the source does not give, is left out.
    confidence
        The level of the intervals, and 1 - the share of false marks.

    Raises
    ------
    ParameterError
        There is no such start or grain.

    Examples
    --------
    >>> orders = [("a", "2026-01-05"), ("a", "2026-02-03"), ("b", "2026-01-20"), ("c", "2026-02-01")]
    >>> book = Book.of(
    ...     {"orders": [{"order_line_id": str(i), "account_id": who, "ordered_at": on, "amount": 10}
    ...                 for i, (who, on) in enumerate(orders)]},
    ...     as_of=dtm.date(2026, 3, 31),
    ... )
    >>> cohorts(book, Period.parse("2026Q1")).cells.query("cohort == cohort.min()")["in"].tolist()
    [2.0, 1.0, 0.0]
    """
    over, day = axis(grain, book), last_known(book, period)
    held = book if book.memo is not None else memo.keeping(book)
    nothing = "" if period.start <= book.as_of else f"{period} has not begun, the data end on {book.as_of}"
    began, rows, size = None, None, pd.DataFrame(columns=["cohort", "size"])
    if not nothing:
        try:
            done = memo.table(held, "active", start, grain, day, make=lambda: activity(held, start, day, over))
            began = memo.table(held, "began", start, grain, day, make=lambda: begun(held, start, done, over, day))
            rows = memo.table(held, "aged", start, grain, day, make=lambda: aged(done, began))
            size = sizes(held, began)
            nothing = "" if len(size) else f"nobody {WORDS[start][0]} by {day}"
        except NeedsData as lacking:
            nothing = lacking.what
    found = cells(held, rows, size, over, day)
    age = compared_at(found, grain)
    made = Cohorts(
        period=period,
        as_of=book.as_of,
        day=day,
        start=start,
        grain=grain,
        currency=book.currency,
        confidence=confidence,
        nothing=nothing,
        sizes=size.assign(label=[over.label(number) for number in size["cohort"]]),
        cells=found,
        averages=means(found, confidence),
        age=age,
        compared=against_others(found, age, confidence),
        segments=pd.DataFrame(columns=list(_SEGMENTS)),
        left_out=pd.DataFrame(columns=list(_LEFT)) if nothing else _left_out(held, start, day),
        opens_cells=False,
        behind=(),
    )
    if nothing or began is None or rows is None:
        return made
    last = over.number_of(day) - (0 if over.last_day(over.number_of(day)) <= day else 1)
    segments = _segments(held, began, rows, last, age, by, confidence)
    return _opened(made, rows, began, segments)


def _left_out(book: Book, start: str, day: dtm.date) -> pd.DataFrame:
    """Return what is in no cohort, with the rule."""
    if start == "contract":
        rows = book.subscriptions
        rows = rows.filter(rows.started_on <= ibis.date(day))
        free = rows.mrr.isnull() | (rows.mrr <= 0)
        nobody = rows.account_id.isnull()
        counts = rows.aggregate(
            free=free.cast("int32").sum(), nobody=(nobody & ~free).cast("int32").sum(),
            money=rows.mrr.sum(where=nobody),
        )  # fmt: skip
        found = answer(book, counts).iloc[0]
        told = [
            ("subscriptions without a price", found["free"], 0.0, "who pays nothing is no customer yet"),
            ("paid subscriptions of no account", found["nobody"], found["money"], "nobody's cohort has them"),
        ]
    else:
        nobody_n, nobody_money = without_account(book, day)
        returned, money = only_returns(book, day)
        told = [
            ("order lines without an account", nobody_n, nobody_money, "nobody's cohort has them"),
            ("accounts that only gave back", returned, money, "who bought nothing is no customer"),
        ]
    kept = [(what, int(n or 0), float(money or 0), rule) for what, n, money, rule in told if n and n == n]
    return pd.DataFrame(kept, columns=list(_LEFT))


def _segments(
    book: Book, began: ir.Table, rows: ir.Table, last: int, age: int, by: Sequence[str], confidence: float
) -> pd.DataFrame:
    """Return who was there at an age, by segment, of the cohorts that have reached it."""
    old = began.filter(began["cohort"] <= last - age)
    there = rows.filter(rows["is_active"], rows["age"] == age).select(_there="account_id")
    base = old.left_join(there, old.account_id == there["_there"])
    base = base.select("account_id", is_there=base["_there"].notnull())
    made = []
    for name in by:
        try:
            labelled = with_dimension(book, base, name)
        except NeedsData:
            continue
        counted = labelled.group_by("segment").aggregate(
            n=labelled.count(), numerator=labelled["is_there"].cast("int32").sum()
        )
        found = answer(book, counted).sort_values("segment", ignore_index=True)
        if 2 <= (found["segment"] != NONE).sum() <= MOST_SEGMENTS:
            made.append(found.assign(by=name))
    if not made or not age:
        return pd.DataFrame(columns=list(_SEGMENTS))
    tables = []
    for counts in made:
        found = counts.astype({"n": "int64", "numerator": "int64"}).assign(denominator=lambda t: t["n"])
        found["rate"] = found["numerator"] / found["n"]
        found["low"], found["high"] = wilson(found["numerator"], found["n"], confidence)
        tables.append(found.assign(p=apart.p_values(found, of_shares=True, confidence=confidence)))
    whole = pd.concat(tables, ignore_index=True)
    whole["q"] = benjamini_hochberg(whole["p"])
    flags = [flag for _, own in whole.groupby("by", sort=False) for flag in apart.flags(own, 1 - confidence)]
    return whole.assign(flag=flags)[list(_SEGMENTS)]


def _opened(made: Cohorts, rows: ir.Table, began: ir.Table, segments: pd.DataFrame) -> Cohorts:
    """Add the accounts behind the cohorts, and behind the cells where a page can hold them."""
    shown = made.shown
    opens_cells = float(np.minimum(shown["in"], MOST).sum()) <= MOST_ROWS
    return replace(
        made, segments=segments, opens_cells=opens_cells, behind=tuple(_behind(made, rows, began, cells=opens_cells))
    )


def _behind(made: Cohorts, rows: ir.Table, began: ir.Table, *, cells: bool) -> Iterator[Behind]:
    latest = [int(number) for number in made.sizes["cohort"].tail(MOST_COHORTS)]
    labels = dict(zip(made.sizes["cohort"], made.sizes["label"], strict=True))
    everyone = began.filter(began["cohort"].isin(latest)).select(
        "account_id", group=began["cohort"], adds=ibis.literal(1.0)
    )
    count = dict(zip(made.sizes["cohort"], made.sizes["size"], strict=True))
    for number, part in largest(everyone, "group", "adds").groupby("group", sort=True):
        n = int(count[number])
        title = f"{WORDS[made.start][0].capitalize()} in {labels[number]}"
        accounts = part[["account_id", "adds"]].reset_index(drop=True)
        yield Behind(key("cohorts", labels[number]), title, accounts, n, float(n), "count", "account")
    if not cells:
        return
    active = rows.filter(rows["is_active"], rows["cohort"].isin(latest))
    group = active["cohort"].cast("string") + " " + active["age"].cast("string")
    listed = active.select("account_id", group=group, adds=ibis.literal(1.0), money=active["money"].cast("float64"))
    held = {str(name): part for name, part in largest(listed, "group", "adds").groupby("group", sort=False)}
    for cell in made.shown.to_dict("records"):
        name = f"{cell['cohort']} {cell['age']}"
        if name not in held:
            continue
        part = held[name]
        title = f"{WORDS[made.start][0].capitalize()} in {cell['label']} and were active at age {cell['age']}"
        accounts = part[["account_id", "adds", "money"]].reset_index(drop=True)
        name = key("cohorts", cell["label"], "age", cell["age"])
        yield Behind(name, title, accounts, int(cell["in"]), float(cell["in"]), "count", "account", _EXTRAS)
