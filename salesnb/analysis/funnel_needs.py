"""What a funnel's page needs of a source, and what each of it is for."""

from __future__ import annotations

import pandas as pd

from salesnb.data.book import Book

_HISTORY = "opportunity_events or opportunity_snapshots"
_COSTS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("opportunities",), "opportunities", "how deals go through their stages, and how many are won"),
    (
        ("opportunity_events", "opportunity_snapshots.stage"),
        _HISTORY,
        "when deals came to each stage, where they stall, and which stage is the bottleneck",
    ),
    (("opportunities.amount",), "opportunities.amount", "what the deals lost at a step are worth"),
    (("leads",), "leads", "how leads become customers"),
    (("leads.qualified_at",), "leads.qualified_at", "which leads were found worth working"),
    (("leads.created_at",), "leads.created_at", "when leads came in"),
    (
        ("leads.opportunity_id", "opportunities.lead_id"),
        "leads.opportunity_id or opportunities.lead_id",
        "which deals leads became",
    ),
    (("touches",), "touches", "how web visitors become customers"),
)


def missing(book: Book) -> pd.DataFrame:
    """List what a source does not give, and what the page cannot tell without it: ``needs, costs``.

    A column is listed only where its table is there, and a history only where there are deals.
    """
    rows = []
    for choices, need, cost in _COSTS:
        table = choices[0].partition(".")[0]
        has_table = table == choices[0] or book.gives(table)
        applies = has_table and (need != _HISTORY or book.gives("opportunities"))
        if applies and not any(book.gives(choice) for choice in choices):
            rows.append({"needs": f"{need}{book.rejected_words(*choices)}", "costs": cost})
    return pd.DataFrame(rows, columns=["needs", "costs"])
