"""A company with a word of one's choice wherever its data has text: once payloads, once harmless words.

Both have the same shape, row by row, so that their reports differ in nothing but the words.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from salesnb.data.columns import Column
from salesnb.data.contract import CONTRACT
from tests.browser.payloads import PAYLOADS

COUNT = len(PAYLOADS)
ROWS = 3 * COUNT + 77
SEGMENTS = (
    "rep", "team", "region", "product", "segment", "industry", "size_band", "country", "loss_reason", "stage",
    "campaign",
)  # fmt: skip
FOR_FILES = tuple(i for i, text in enumerate(PAYLOADS) if len(text) < 60 and not set(text) & set("/\\*?[]#\t\r\uffff"))
"""The payloads that a file can be called."""
FIRST_WORDS = {
    "reps.name": "<script>__pwned=1</script>",
    "reps.team": "$x^2$",
    "reps.region": "bell\x07back\x08space",
    "opportunities.product": "W" * 300,
    "accounts.segment": "<img src=x onerror=__pwned=1>",
    "accounts.industry": "over\u202eride\u202c",
    "accounts.size_band": "not\uffff\ufffea character",
    "accounts.country": "\x1b[31mred\x1b[0m",
    "opportunities.loss_reason": '"><img src=y onerror=__pwned=1>',
    "opportunities.stage": "{{7*7}}",
    "leads.campaign": "$$\\frac{1}{0}$$",
}
"""What sells most, wins most and is named in headlines and titles, in each dimension."""

_DATES = {
    "closed_on": "2026-08-20", "created_at": "2026-07-02", "created_on": "2026-01-02", "first_contact_at": "2026-07-01",
    "expected_close_on": "2026-09-01", "last_activity_at": "2026-08-19", "snapshot_on": "2026-08-21",
    "started_on": "2026-01-01", "ended_on": "", "left_on": "", "hired_on": "2024-01-01", "month": "2026-08-01",
    "starts_on": "2026-07-01", "ends_on": "2026-09-30", "valid_from": "2026-01-01", "valid_to": "2026-12-31",
    "on": "2026-07-01", "as_of": "2026-08-01", "changed_at": "2026-08-01", "sent_at": "2026-07-04",
    "accepted_at": "2026-07-06", "qualified_at": "2026-07-03", "converted_at": "2026-07-04",
}  # fmt: skip
_KEYS = {"opportunity_id": "deal", "order_line_id": "line", "activity_id": "act", "subscription_id": "sub"}
_SOLD = ("opportunities", "orders")


def harmless(number: int) -> str:
    """The word that stands in the place of a payload."""
    return f"Word {number}"


def payload(number: int) -> str:
    """The payload of that number."""
    return PAYLOADS[number]


def write(folder: Path, word: Callable[[int], str]) -> Path:
    """Write the tables as CSV files, with words in their names and in those of the columns; returns their mapping.

    Parameters
    ----------
    folder
        Where the mapping goes; the tables go into its folder ``files``.
    word
        From a number below COUNT to the text that stands for it.
    """
    files = folder / "files"
    files.mkdir(parents=True)
    tables = {}
    for number, (table, contract) in enumerate(CONTRACT.items()):
        heads = {c.name: f"{c.name} {word((7 * number + i) % COUNT)}" for i, c in enumerate(contract.columns)}
        file = f"{table} {word(FOR_FILES[2 * number])}.csv"
        tables[table] = {"from": file, "columns": heads}
        with (files / file).open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, quoting=csv.QUOTE_ALL)
            writer.writerow(heads.values())
            writer.writerows([row[column] for column in heads] for row in _rows(table, word))
    mapping = folder / "source.yml"
    name = f"Name {word(11)} {word(60)}"
    content = {"name": name, "location": "files", "currency": "USD", "as_of": "2026-10-02", "tables": tables}
    mapping.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return mapping


def goals(folder: Path, word: Callable[[int], str]) -> Path:
    """Write goals whose objective and owner are words."""
    file = folder / "goals.yml"
    kpis = ("win_rate.closed", "average_deal_size.mean", "revenue.net", "gross_margin.ratio")
    listed = [
        {"objective": word(i), "owner": word(20 + i), "kpi": kpi, "baseline": 0.4, "target": 0.1, "change": "relative",
         "due": "2026-09-30"}
        for i, kpi in enumerate(kpis)
    ]  # fmt: skip
    file.write_text(yaml.safe_dump({"goals": listed}), encoding="utf-8")
    return file


def _rows(table: str, word: Callable[[int], str]) -> Iterator[dict[str, str]]:
    """Rows that keep the contract, then one for each column in which a word stands where none may."""
    columns = CONTRACT[table].columns
    for row in range(ROWS if table in _SOLD else COUNT):
        yield {column.name: _value(table, column, row, word) for column in columns}
    for place, bad in enumerate(columns):
        good = {column.name: _value(table, column, COUNT + place, word) for column in columns}
        key = CONTRACT[table].key
        if key and bad.name != key:
            good[key] = f"bad {place} {word(place)}"
        if bad.kind not in ("text", "id") or bad.refers_to or bad.name in ("currency", "period"):
            yield good | {bad.name: word((len(table) * 5 + 3 * place) % COUNT)}


def _value(table: str, column: Column, row: int, word: Callable[[int], str]) -> str:
    turn, is_won, is_before = _deal(row) if table in _SOLD else (row % COUNT, True, False)
    if column.name in ("currency", "period"):
        return {"currency": "USD", "period": "2026Q3"}[column.name]
    if column.name == CONTRACT[table].key:
        return f"{_KEYS.get(column.name, column.name)} {row} {word(turn)}" if table in _SOLD else word(turn)
    if column.kind == "text" or (column.kind == "id" and column.refers_to is None):
        return word((turn + _shift(table, column.name)) % COUNT)
    if column.kind == "id":
        return f"deal {row} {word(turn)}" if column.refers_to == "opportunities" else word(turn)
    if column.kind == "choice":
        chosen = {"outcome": "won" if is_won else "lost", "field": "stage", "metric": "bookings"}
        return chosen.get(column.name) or column.choices[row % len(column.choices)]
    if column.kind in ("date", "time"):
        day = _DATES.get(column.name, "2026-08-01")
        if is_before and turn == COUNT - 1:
            return "2026-01-15"
        return day.replace("-07-", "-04-").replace("-08-", "-05-") if is_before else day
    if column.kind == "money":
        return f"{(20 if column.name in ('cost', 'discount') else 100) * (COUNT + 20 - turn)}.00"
    return {"boolean": "no", "integer": "4", "number": "0.5"}[column.kind]


def _deal(row: int) -> tuple[int, bool, bool]:
    """Whose turn a deal or an order is, whether it was won, and whether that was in the quarter before.

    A word has a won and a lost deal and one won before; the first 37 have one more that is lost; the first word has
    forty more that are won.
    """
    if row < 3 * COUNT:
        return row % COUNT, not COUNT <= row < 2 * COUNT, row >= 2 * COUNT
    return (row - 3 * COUNT, False, False) if row < 3 * COUNT + 37 else (0, True, False)


def _shift(table: str, column: str) -> int:
    """Where a column begins in the list of words, so that each word is near the top of some column."""
    first = FIRST_WORDS.get(f"{table}.{column}")
    return PAYLOADS.index(first) if first else 13 * len(column) + 5 * len(table)
