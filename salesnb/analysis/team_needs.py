"""What a team's page needs of a source, and what each of it is for."""

from __future__ import annotations

import pandas as pd

from salesnb.data.book import Book

_COSTS = (
    ("opportunities", "win rate, deal size and days to win of each seller"),
    ("opportunities.owner_id", "whose deals they are"),
    ("reps", "names, teams and managers of the sellers, and who was there without booking"),
    ("reps.team", "what each team booked"),
    ("reps.hired_on", "who is new and still ramping"),
    ("reps.left_on", "who left"),
    ("quotas", "what each seller and team was to book"),
    ("forecast_calls", "whose forecast can be trusted"),
    ("activities", "calls, meetings and hours of each seller"),
    ("activities.minutes", "how much of the time is selling time"),
)


def missing(book: Book) -> pd.DataFrame:
    """List what a source does not give, and what a team's page cannot tell without it.

    Returns
    -------
    pandas.DataFrame
        ``needs, costs``; a column only where its table is there.
    """
    rows = []
    for need, cost in _COSTS:
        table = need.partition(".")[0]
        if not book.gives(need) and (need == table or book.gives(table)):
            rows.append({"needs": f"{need}{book.rejected_words(need)}", "costs": cost})
    return pd.DataFrame(rows, columns=["needs", "costs"])
