"""Dirty rows of every kind, added behind the clean ones, each listed with what ought to become of it.

No clean row is touched. A dirty row that is to be used (flagged, or merely unpleasant to read) is made so that it moves
no sum: a disqualified deal, a line of 0.00, an answer without a score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from salesnb.data.contract import CONTRACT
from salesnb.data.sample.draws import Draws
from salesnb.data.sample.writing import text

Expected = Literal["rejected", "flagged", "used"]
Record = dict[str, str]

HOSTILE = (
    "<script>alert('x')</script>", "<img src=x onerror=alert(1)>", "</td></table><b>bold", "=HYPERLINK(\"http://a.invalid\")",
    "=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1:A9)", "\u202egnp.exe", "caf\u00e9 \u2066hidden\u2069", "a\u200bb",
    "Bell\u0007 Works", "Tab\tand \"quotes\", commas",
    "Two\nlines", "$x_1$ & 100 % {brace}", "'; DROP TABLE accounts; --",
    "{{ config }}", "../../etc/passwd",
)  # fmt: skip
"""Texts that a page, a spreadsheet, a template or a query must show as text."""


@dataclass(frozen=True)
class Dirt:
    """One dirty row.

    Attributes
    ----------
    table
        The table it stands in.
    row
        Its number in the file, the first row below the header being 1.
    id
        What stands in the key's column; blank where it is missing.
    kind
        What is wrong with it.
    expected
        ``rejected``: not to be used; ``flagged``: used and listed; ``used``: nothing is wrong but the look of it.
    """

    table: str
    row: int
    id: str
    kind: str
    expected: Expected


def _set(**values: str) -> Callable[[Record, int], Record]:
    return lambda record, number: {**record, **values}


def _conflict(record: Record, number: int) -> Record:
    return {**record, "amount": f"{float(record['amount']) + 1000 + number:.2f}"}


def _backwards(record: Record, number: int) -> Record:
    return {**record, "closed_on": record["created_at"][:10], "created_at": record["closed_on"] + "T09:00:00"}


def _hostile(number: int) -> str:
    return HOSTILE[number % len(HOSTILE)]


def _same(record: Record, number: int) -> Record:
    return dict(record)


# table, kind, expected, share of the table's rows in a million (at least two), which rows are copied, what is changed.
# A copy gets an id of its own unless the kind is about ids.
_Plan = tuple[str, str, Expected, int, Callable[[pd.DataFrame], pd.Series] | None, Callable[[Record, int], Record]]


def _won(rows: pd.DataFrame) -> pd.Series:
    return rows.outcome == "won"


def _idle(rows: pd.DataFrame) -> pd.Series:
    return (rows.outcome == "disqualified") & (rows.created_at.str[:10] < rows.closed_on)


_OWN_ID = ("identical duplicate", "conflicting duplicate", "missing id")
KINDS: tuple[_Plan, ...] = (
    ("opportunities", "identical duplicate", "rejected", 1500, None, _same),
    ("opportunities", "conflicting duplicate", "rejected", 1500, _won, _conflict),
    ("opportunities", "unknown outcome", "rejected", 1200, None, _set(outcome="maybe")),
    ("opportunities", "won without close date", "rejected", 1200, _won, _set(closed_on="")),
    ("opportunities", "closed before created", "flagged", 1200, _idle, _backwards),
    ("opportunities", "future close date", "rejected", 1000, _won, _set(closed_on="2031-03-31")),
    ("opportunities", "unreadable amount", "rejected", 1200, None, _set(amount="12,5o0")),
    ("opportunities", "unknown owner", "flagged", 1000, _idle, _set(owner_id="R-99")),
    ("opportunities", "unknown account", "flagged", 1000, _idle, _set(account_id="999999")),
    ("opportunities", "currency without a rate", "rejected", 1000, None, _set(currency="CHF")),
    ("opportunities", "missing id", "rejected", 800, None, _set(opportunity_id="")),
    ("opportunities", "negative amount", "flagged", 1000, _idle, _set(amount="-4200.00")),
    ("opportunities", "impossible date", "rejected", 800, _won, _set(closed_on="2026-02-30")),
    ("accounts", "hostile text", "used", 3000, None, lambda record, number: {**record, "name": _hostile(number)}),
    ("accounts", "identical duplicate", "rejected", 3000, None, _same),
    ("leads", "identical duplicate", "rejected", 5000, None, _same),
    ("leads", "missing id", "rejected", 5000, None, _set(lead_id="")),
    ("orders", "identical duplicate", "rejected", 3500, None, _same),
    ("orders", "unreadable amount", "rejected", 2500, None, _set(amount="1.2.3")),
    ("orders", "impossible date", "rejected", 2500, None, _set(ordered_at="2026-02-30T10:00:00")),
    (
        "orders", "unknown account", "flagged", 2500, None,
        _set(account_id="999998", amount="0.00", cost="0.00", discount="0.00"),
    ),
    ("orders", "currency without a rate", "rejected", 2000, None, _set(currency="JPY")),
    ("orders", "missing field", "rejected", 1000, None, _set(is_return="")),
    ("subscriptions", "end before start", "rejected", 5000, None, _set(started_on="2026-03-01", ended_on="2026-02-01")),
    ("subscriptions", "impossible date", "rejected", 3000, None, _set(started_on="2026-02-30")),
    ("feedback", "nps out of range", "flagged", 5000, lambda rows: rows.nps != "", _set(nps="11", csat="", text="")),
    (
        "feedback", "hostile text", "used", 4000, None,
        lambda record, number: {**record, "nps": "", "csat": "", "text": _hostile(number), "source": "review"},
    ),
)  # fmt: skip


def dirty(tables: Mapping[str, pd.DataFrame], seed: int = 7) -> tuple[dict[str, pd.DataFrame], tuple[Dirt, ...]]:
    """Return the tables as text with dirty rows added behind the clean ones, and what was added.

    Parameters
    ----------
    tables
        Frames of the contract, as ``make(seed, converted=False)`` gives them; they are not changed.
    seed
        Decides which rows are copied and spoilt.

    Returns
    -------
    dict, tuple
        Table name to a frame of text, blank for null; and one :class:`Dirt` for every added row.
    """
    draws = Draws.of(seed, 60)
    texts = {name: text(name, rows) for name, rows in tables.items()}
    added: dict[str, list[Record]] = {name: [] for name in texts}
    dirt: list[Dirt] = []
    for table, kind, expected, share, which, spoil in KINDS:
        rows = texts[table]
        key = str(CONTRACT[table].key)
        chosen = np.flatnonzero(which(rows).to_numpy()) if which is not None else np.arange(len(rows))
        least = len(HOSTILE) if kind == "hostile text" else 2
        count = max(least, len(rows) * share // 1_000_000)
        for number, place in enumerate(chosen[draws.below(len(chosen), count)].tolist()):
            record: Record = rows.iloc[place].to_dict()
            record = spoil(record, number)
            if kind not in _OWN_ID:
                stem = "".join(part for part in record[key] if not part.isdigit())
                width = len(record[key]) - len(stem)
                record[key] = f"{stem}{9 * 10 ** (width - 1) + len(added[table]) + 1}"
            added[table].append(record)
            dirt.append(Dirt(table, len(rows) + len(added[table]), record[key], kind, expected))
    spoilt = {
        name: pd.concat([rows, pd.DataFrame(added[name], columns=rows.columns, dtype=object)], ignore_index=True)
        for name, rows in texts.items()
    }
    return spoilt, tuple(dirt)
