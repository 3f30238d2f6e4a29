"""Needs: what a KPI needs and a source does not give."""

from __future__ import annotations

from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.kpis import registry
from salesnb.periods import Period


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
    try:
        entry.measure(book, period)
    except NeedsData as missing:
        return [missing.needs or missing.what]
    return []
