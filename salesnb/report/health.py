"""Tables of a source's health: rows and money accounted for, broken rules, offending rows, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.health import Health
from salesnb.report.tables import Cell, Column, Table, Tone, by_row, number, table, text

_TONES: Mapping[str, Tone] = {"rejected": "bad", "flagged": "muted", "repaired": "muted"}


def rows_table(found: Health) -> Table:
    """Make the account of rows: every row read is used or rejected."""
    columns: dict[str, Column] = {
        "table": by_row("Table", lambda row: Cell(row["table"], detail=row["a_row_is"]), is_number=False),
        "read": number("Read", formats.exact),
        "used": number("Used", formats.exact),
        "rejected": by_row("Rejected", _rejected),
        "flagged": number("Used, but flagged", formats.exact),
        "ties": text("Adds up", _ties),
    }
    rejected, read = int(found.tables["rejected"].sum()), int(found.tables["read"].sum())
    return table(
        found.tables,
        columns,
        caption=f"Rows: {formats.exact(rejected)} of {formats.exact(read)} rejected",
        empty="The source has no table.",
    )


def _rejected(row: Mapping[str, Any]) -> Cell:
    share = f"{formats.share(row['rejected_share'])} of it" if row["rejected"] else ""
    return Cell(formats.exact(row["rejected"]), "bad" if row["rejected"] else "", share)


def _ties(ties: Any) -> Cell:
    return Cell("yes") if ties else Cell("NO: do not trust it", "bad")


def money_table(found: Health) -> Table:
    """Make the account of money, in the currency it was written in, to the cent."""
    columns = {
        "table": text("Table"),
        "currency": text("Currency"),
        "read": number("Read", formats.cents),
        "used": number("Used", formats.cents),
        "rejected": number("Rejected", formats.cents),
        "unreadable": number("Amounts unreadable", formats.exact),
        "ties": text("Adds up", _ties),
    }
    return table(
        found.money,
        columns,
        caption="Money: read, used and rejected, as written in the source",
        note="Amounts that cannot be read are in none of the three sums; they are counted beside them.",
        empty="The source's audit has no amounts.",
    )


def problems_table(found: Health) -> Table:
    """Make the list of broken rules with how many rows and how much money each concerns, and how to mend it."""
    columns = {
        "reason": by_row("What is wrong", _problem, is_number=False),
        "rows": by_row("Rows", lambda row: Cell(formats.exact(row["rows"]), detail=_share(row["share"]))),
        "money": number("Money in them", lambda v: "" if formats.is_missing(v) or not v else formats.money(v)),
        "action": text("Row is", lambda action: Cell(str(action), _TONES.get(str(action), ""))),
        "mend": by_row("How to mend it", _mend, is_number=False),
    }
    return table(
        found.problems,
        columns,
        caption=f"{formats.plural(len(found.problems), 'rule')} broken",
        note="Money is summed as it is written, whatever its currency.",
        empty="No row breaks a rule of the data contract.",
    )


def _mend(row: Mapping[str, Any]) -> Cell:
    return Cell(str(row["mend"]), detail=f"for example {_brief(row['example'])}" if row["example"] else "")


def _brief(value: Any, most: int = 48) -> str:
    words = str(value)
    return words if len(words) <= most else words[: most - 1] + "…"


def _problem(row: Mapping[str, Any]) -> Cell:
    where = f"{row['table']}.{row['column']}" if row["column"] else str(row["table"])
    return Cell(str(row["reason"]), detail=f"{where}, rule {row['rule']}")


def _share(ratio: Any) -> str:
    return "" if formats.is_missing(ratio) else formats.share(ratio)


def offenders_table(found: Health) -> Table:
    """Make the list of the first rows that break each rule, with file and line."""
    columns = {
        "file": by_row("Where", lambda row: Cell(f"{row['file']}, row {formats.exact(row['row'])}"), is_number=False),
        "column": Column("Column", breaks=True),
        "value": Column("Value", _found, breaks=True),
        "reason": text("What is wrong"),
        "action": text("Row is", lambda action: Cell(str(action), _TONES.get(str(action), ""))),
    }
    return table(
        found.offenders,
        columns,
        caption=f"The first {formats.plural(found.examples, 'row')} of each rule",
        most=150,
        note=(
            "Row 1 is the first row after the header line. All of them are in book.rejects, with file, row, column, "
            "value and reason."
        ),
        empty="There are none.",
    )


def _found(value: Any) -> Cell:
    return Cell("(empty)", "muted") if value is None or value != value or value == "" else Cell(_brief(value))


def absent_table(found: Health, *, most: int = 40) -> Table:
    """Make the list of tables and columns that are not there, and the KPIs that each costs."""
    columns = {
        "needs": by_row("Not there", lambda row: Cell(row["needs"], detail=row["meaning"]), is_number=False),
        "count": number("KPIs lost", formats.exact),
        "kpis": text("Which", lambda names: formats.listed(names, 8)),
    }
    return table(
        found.absent,
        columns,
        caption=f"{found.lost_count} of {found.kpi_count} KPIs cannot be computed from this source",
        note="A KPI that lacks two things is counted under both.",
        most=most,
        empty="Nothing that a KPI needs is missing.",
    )


def notes_table(found: Health) -> Table:
    """Make the list of what was recognised in the files because nobody had said it."""
    return table(
        pd.DataFrame({"note": list(found.notes)}),
        {"note": text("Recognised")},
        caption="How the source was read",
        empty="Nothing had to be recognised: the mapping says it all.",
    )
