"""Needs: what a KPI needs and a source does not give."""

from __future__ import annotations

import json
import weakref
from collections.abc import Collection, Iterable

import pandas as pd

from salesnb import formats
from salesnb.data import queries
from salesnb.data.book import Book
from salesnb.data.memo import keeping
from salesnb.errors import NeedsData
from salesnb.kpis import registry
from salesnb.periods import Period

_KNOWN: dict[int, dict[Period, dict[str, tuple[str, ...]]]] = {}


def unmet(book: Book, entry: registry.Kpi, period: Period) -> list[str]:
    """List the tables and columns that a KPI lacks; nothing is computed for it.

    Returns
    -------
    list
        ``"orders.cost"``, or ``"orders or opportunities"`` where either would do; empty where it can be computed.
    """
    unmet = [need for need in entry.needs if not any(book.gives(choice) for choice in need.split("|"))]
    if unmet:
        return [" or ".join(need.split("|")) for need in unmet]
    if entry.needs_decide and not book.unusable:
        return []
    try:
        entry.measure(book, period)
    except NeedsData as missing:
        return [missing.needs or missing.what]
    return []


def missing(
    book: Book,
    period: Period,
    entries: Iterable[registry.Kpi],
    computed: Collection[str] = (),
    *,
    kept: Book | None = None,
) -> pd.DataFrame:
    """List what a source does not give, and which KPIs that costs; the most costly first.

    Parameters
    ----------
    computed
        The KPIs, by name, that were computed for the book and the period, so that they lack nothing.
    kept
        The same book with a memo, where there is one already.

    Returns
    -------
    pandas.DataFrame
        ``needs, kpis, count``, one row a table or column; a KPI that lacks two is under both.
    """
    found: dict[str, list[str]] = {}
    entries = list(entries)
    known = _known(book).setdefault(period, {})
    kept = kept or (keeping(book, stores=False) if book.memo is None else book)

    def ask() -> str:
        asked = {entry.name: unmet(kept, entry, period) for entry in entries if entry.name not in computed}
        return json.dumps(asked)

    if not all(entry.name in known or entry.name in computed for entry in entries):
        names = tuple(entry.name for entry in entries)
        told = queries.shared(("needs", book.fingerprint, book.as_of, period.start, period.end, names), ask)
        known |= {name: tuple(needs) for name, needs in json.loads(told).items()}
    for entry in entries:
        for need in known.get(entry.name, ()):
            found.setdefault(need, []).append(entry.name)
    rows = [{"needs": need, "kpis": tuple(names), "count": len(names)} for need, names in found.items()]
    frame = pd.DataFrame(rows, columns=["needs", "kpis", "count"])
    return frame.sort_values(["count", "needs"], ascending=[False, True], kind="stable").reset_index(drop=True)


def _known(book: Book) -> dict[Period, dict[str, tuple[str, ...]]]:
    """Return what is known of a book, which never changes, by period and KPI; it is forgotten with the book."""
    if id(book) not in _KNOWN:
        _KNOWN[id(book)] = {}
        weakref.finalize(book, _KNOWN.pop, id(book), None).atexit = False
    return _KNOWN[id(book)]


def lost(absent: pd.DataFrame) -> int:
    """Count the KPIs that the rows of :func:`missing` cost, each once."""
    return len({name for names in absent["kpis"] for name in names})


def costs(absent: pd.DataFrame, of: int) -> str:
    """Say how many KPIs cannot be computed, and how many each missing table or column costs.

    Parameters
    ----------
    absent
        The rows of :func:`missing`, at least one.
    of
        How many KPIs there are.
    """
    told = [f"{row['needs']} ({row['count']})" for row in absent.to_dict("records")]
    listed = formats.listed(told, 5)
    if len(told) > 5:
        listed = listed.removesuffix(" more") + (" others" if len(told) > 6 else " other")
    return (
        f"{lost(absent)} of {of} KPIs cannot be computed from this source; "
        f"what is missing and how many it costs: {listed}"
    )
