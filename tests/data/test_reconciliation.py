"""Whatever is done to a good file, every row and every cent of it is used or rejected, never lost, never doubled.

The oracle is plain Python: ``csv``, ``Decimal`` and the rules as docs/mapping.md words them.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesnb.data.load import open_book

MAPPING = """
location: .
date_format: "%Y-%m-%d"
decimal: "."
thousands: ","
delimiter: ","
as_of: 2026-12-31
tables:
"""
DEALS = (
    MAPPING
    + """
  opportunities:
    from: rows.csv
    columns: {opportunity_id: id, amount: amount, outcome: outcome, created_at: made, closed_on: closed}
"""
)
ORDERS = (
    MAPPING
    + """
  orders:
    from: rows.csv
    columns: {order_line_id: id, amount: amount, ordered_at: made, product: outcome, rep_id: closed}
"""
)
HEADER = ["id", "amount", "outcome", "made", "closed"]
OUTCOMES = ("open", "won", "lost", "disqualified")

amounts = st.one_of(
    st.decimals(-(10**6), 10**6, places=2).map(str),
    st.decimals(0, 10**6, places=2).map(lambda amount: f"{amount:,}"),
    st.sampled_from(
        ["", "0", "$5", "(70.10)", "5-", "1e3", "abc", "--1", "1.2.3", "=1+1", "7%", "1,23", " 12 ", "9" * 14]
    ),
)
days = st.one_of(
    st.dates().filter(lambda day: 2020 <= day.year <= 2026).map(str),
    st.sampled_from(["2026-01-05", "2026-02-30", "", "05/01/2026", "2027-01-01", "soon"]),
)
ids = st.one_of(st.integers(1, 6).map(str), st.sampled_from(["007", "7", "", "a,b", 'say "so"', "two\nlines", "é"]))
rows = st.lists(
    st.tuples(ids, amounts, st.sampled_from([*OUTCOMES, "WON", "frozen", ""]), days, days).map(list),
    min_size=1,
    max_size=12,
)
breaks = st.lists(
    st.tuples(st.sampled_from(["drop", "add", "blank", "again", "quote"]), st.integers(0, 11)), max_size=4
)


def text_of(table: list[list[str]], changes: list[tuple[str, int]]) -> str:
    """The file: the rows, some with a field too few or too many, some twice, some quoted, blank lines between them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    quoted = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(HEADER)
    for number, row in enumerate(table):
        kinds = [kind for kind, place in changes if place == number]
        fields = row[:-1] if "drop" in kinds else [*row, "more"] if "add" in kinds else row
        if "blank" in kinds:
            out.write("\n")
        for _ in range(2 if "again" in kinds else 1):
            (quoted if "quote" in kinds else writer).writerow(fields)
    return out.getvalue()


def number(text: str) -> Decimal | None:
    """The amount of a text: a sign before or after, parentheses, a dollar, commas between thousands, an exponent."""
    text = text.strip()
    whole = r"(?:\d{1,3}(?:,\d{3})+|\d+)"
    match = re.fullmatch(
        rf"(?P<open>\()?(?P<sign>[-+])? ?\$?(?P<body>{whole}(?:\.\d*)?(?:[eE]\d)?)(?P<after>-)?(?P<close>\))?", text
    )
    if (
        match is None
        or bool(match["open"]) != bool(match["close"])
        or ((match["open"] or match["sign"]) and match["after"])
    ):
        return None
    found = Decimal(match["body"].replace(",", "")).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    if found >= 10**13:
        return None
    return -found if match["open"] or match["sign"] == "-" or match["after"] else found


def is_day(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return False
    try:
        import datetime as dtm

        dtm.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def expected(text: str, table: str) -> tuple[Counter[str], Decimal, Decimal, int]:
    """Rows read, used, rejected; money read and used; amounts that could not be read."""
    counts: Counter[str] = Counter()
    read = used = Decimal(0)
    unreadable, seen = 0, set()
    for fields in list(csv.reader(io.StringIO(text)))[1:]:
        if not fields or fields == [""]:
            continue
        counts["read"] += 1
        if len(fields) != len(HEADER):
            counts["rejected"] += 1
            unreadable += 1
            continue
        key, amount, outcome, made, closed = (field.strip() for field in fields)
        value = number(amount) if amount else Decimal(0)
        unreadable += value is None
        read += value or 0
        is_bad = not key or value is None
        if table == "opportunities":
            is_bad |= outcome.lower() not in OUTCOMES
            if outcome.lower() in OUTCOMES[1:]:
                is_bad |= not is_day(closed) or closed > "2026-12-31"
        else:
            is_bad |= not made or not is_day(made) or made > "2026-12-31"
        if not is_bad and key in seen:
            is_bad = True
        if is_bad:
            counts["rejected"] += 1
        else:
            seen.add(key)
            counts["used"] += 1
            used += value
    return counts, read, used, unreadable


@pytest.mark.parametrize(("table", "mapping"), [("opportunities", DEALS), ("orders", ORDERS)])
def test_every_row_and_every_cent(table, mapping, tmp_path_factory):
    folder: Path = tmp_path_factory.mktemp(table)
    (folder / "mapping.yml").write_text(mapping, encoding="utf-8")

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
    @given(rows, breaks)
    def holds(lines: list[list[str]], changes: list[tuple[str, int]]) -> None:
        text = text_of(lines, changes)
        (folder / "rows.csv").write_bytes(text.encode("utf-8"))
        book = open_book(folder / "mapping.yml")
        [row] = book.audit.reconciliation.to_dict("records")
        counts, read, used, unreadable = expected(text, table)
        assert (row["read"], row["used"], row["rejected"]) == (counts["read"], counts["used"], counts["rejected"])
        assert row["read"] == row["used"] + row["rejected"]
        money = book.audit.money
        if len(money):
            assert (money["read"].sum(), money["used"].sum()) == (read, used)
            assert money["rejected"].sum() == read - used
            assert money["unreadable"].sum() == unreadable
        kept = book.tables[table].execute()
        assert len(kept) == counts["used"]
        assert sum((amount for amount in kept["amount"] if amount == amount and amount is not None), Decimal(0)) == used
        out = book.rejects.execute()
        places = set(out.loc[out["action"] == "rejected", "row"])
        assert len(places) == counts["rejected"]
        book.connection.close()

    holds()
