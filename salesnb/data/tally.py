"""The tally: rows and money read, used and rejected, by table and by rule, with the offending rows."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import ibis
import pandas as pd

from salesnb.data.book import Audit
from salesnb.data.checked import Checked
from salesnb.data.held import hold_rows, one_row, rows, view
from salesnb.data.opening import Opening
from salesnb.data.raw import literal, quoted
from salesnb.data.rule import Rule
from salesnb.data.shape import written

REJECTS = {
    "table": "string",
    "file": "string",
    "row": "int64",
    "column": "string",
    "value": "string",
    "rule": "string",
    "action": "string",
    "reason": "string",
}
RECONCILIATION = ("table", "read", "used", "rejected", "flagged", "filtered")
MONEY = ("table", "currency", "read", "used", "rejected", "unreadable")
PROBLEMS = ("table", "rule", "action", "column", "rows", "money", "example", "reason", "mend")


def tally(tables: Mapping[str, Checked], opening: Opening) -> tuple[Audit, dict[str, frozenset[str]]]:
    """Count what became of every row of every table.

    Returns
    -------
    Audit, dict
        The audit, and for each table the columns that hold at least one value in its used rows.
    """
    counts, money, problems, rejects, notes, given = [], [], [], [], [], {}
    for name, done in tables.items():
        row = _summary(done)
        bad = len(done.malformed)
        used = int(row["used"])
        counts.append(
            (name, done.counts["n"] + bad, used, done.counts["n"] - used + bad, int(row["flagged"]), done.filtered)
        )
        given[name] = frozenset(c for c in done.contract.names if row.get(f"given__{c}"))
        money += _money(done, bad)
        problems += _problems(done, row)
        rejects += _rejects(done, opening)
        notes += [*done.notes, *_empty(done, given[name], used)]
    empty = ibis.memtable(pd.DataFrame(columns=list(REJECTS)), schema=REJECTS)
    audit = Audit(
        pd.DataFrame(counts, columns=list(RECONCILIATION)),
        pd.DataFrame(money, columns=list(MONEY)),
        pd.DataFrame(problems, columns=list(PROBLEMS)),
        view(opening.backend, opening.new_name("rejects"), REJECTS, " UNION ALL ".join(rejects)) if rejects else empty,
        tuple(dict.fromkeys(notes)),
    )
    return audit, given


def _summary(done: Checked) -> dict[str, Any]:
    """What is counted of the used rows, and the money and an example of every broken rule, in one aggregate."""
    if not done.broken_rules:
        return {**done.counts, "used": done.counts["n"], "flagged": 0}
    table, amount = done.table, done.amount
    is_used = f"NOT ({done.breaks('rejected')})"
    asked = {
        "used": f"count(*) FILTER (WHERE {is_used})",
        "flagged": f"count(*) FILTER (WHERE {is_used} AND ({done.breaks('flagged', 'repaired')}))",
    }
    if any(rule.action == "rejected" for rule in done.broken_rules):
        given = [name for name in done.contract.names if done.counts[f"given__{name}"]]
        asked |= {f"given__{name}": f"count({quoted(name)}) FILTER (WHERE {is_used})" for name in given}
    for number, rule in enumerate(done.broken_rules):
        broken = quoted(f"rule__{rule.name}")
        if amount is not None:
            asked[f"money__{number}"] = f"sum({quoted(amount)}) FILTER (WHERE {broken})"
        text = _text(done, rule)
        if text is not None:
            asked[f"example__{number}"] = f"min({quoted(text)}) FILTER (WHERE {broken})"
    return {**done.counts, **one_row(table, asked)}


def _text(done: Checked, rule: Rule) -> str | None:
    """The column with the text that is shown for a rule; None where there is none."""
    text = written(done.contract, rule.column) if rule.column in done.contract.names else ""
    return text if text in done.table.columns else None


def _money(done: Checked, malformed: int) -> list[dict[str, Any]]:
    amount = done.amount
    if amount is None or not done.counts["n"]:
        return []
    table, is_used = done.table, f"NOT ({done.breaks('rejected')})"
    is_whole = not any(rule.action in ("rejected", "repaired") for rule in done.broken_rules)
    if is_whole and not amount.startswith("original__"):
        total = done.counts["money"]
        total = Decimal(0) if total is None or total != total else total
        own = "" if "currency__" not in table.columns else done.currency
        return [
            {
                "table": done.contract.name,
                "currency": own,
                "read": total,
                "used": total,
                "rejected": Decimal(0),
                "unreadable": malformed,
            }
        ]
    currency = quoted("currency__") if "currency__" in table.columns else "''"
    money, text = quoted(amount), quoted(f"raw__{done.contract.money}")
    found = rows(
        table.get_backend(),
        f"SELECT {currency}, coalesce(sum({money}), 0), coalesce(sum({money}) FILTER (WHERE {is_used}), 0), "
        f"coalesce(sum({money}) FILTER (WHERE NOT ({is_used})), 0), "
        f"count(*) FILTER (WHERE {money} IS NULL AND {text} IS NOT NULL) "
        f"FROM {quoted(table.get_name())} GROUP BY 1 ORDER BY 1",
    )
    lines = [{"table": done.contract.name, **dict(zip(MONEY[1:], line, strict=True))} for line in found]
    if malformed and lines:
        lines[0]["unreadable"] += malformed
    return lines


def _problems(done: Checked, row: dict[str, Any]) -> list[dict[str, Any]]:
    name = done.contract.name
    found = [
        {
            "table": name,
            "rule": rule.name,
            "action": rule.action,
            "column": done.origins.get(rule.column, rule.column),
            "rows": done.counts[rule.name],
            "money": row.get(f"money__{number}"),
            "example": row.get(f"example__{number}") or "",
            "reason": rule.reason,
            "mend": rule.mend,
        }
        for number, rule in enumerate(done.broken_rules)
    ]
    if len(done.malformed):
        found.append(
            {
                "table": name,
                "rule": "malformed_line",
                "action": "rejected",
                "column": "",
                "rows": len(done.malformed),
                "money": None,
                "example": str(done.malformed["value"].iloc[0]),
                "reason": str(done.malformed["reason"].iloc[0]),
                "mend": "give the line as many fields as the first line",
            }
        )
    return found


def _rejects(done: Checked, opening: Opening) -> list[str]:
    """The rows of every broken rule and the lines that are no rows, each a query."""
    found = []
    for rule in done.broken_rules:
        text = _text(done, rule)
        values = {
            "table": literal(done.contract.name),
            "file": quoted("_file"),
            "row": f"CAST({quoted('_row')} AS BIGINT)",
            "column": literal(done.origins.get(rule.column, rule.column)),
            "value": "CAST(NULL AS VARCHAR)" if text is None else quoted(text),
            "rule": literal(rule.name),
            "action": literal(rule.action),
            "reason": literal(rule.reason),
        }
        columns = ", ".join(f"{value} AS {quoted(name)}" for name, value in values.items())
        broken = quoted(f"rule__{rule.name}")
        found.append(f"SELECT {columns} FROM {quoted(done.table.get_name())} WHERE {broken}")
    if len(done.malformed):
        lines = done.malformed.assign(table=done.contract.name, column="", rule="malformed_line", action="rejected")
        ordered = [tuple(line) for line in lines[list(REJECTS)].astype(object).itertuples(index=False)]
        held = hold_rows(opening.backend, opening.new_name("malformed"), REJECTS, ordered)
        found.append(f"SELECT * FROM {quoted(held.get_name())}")
    return found


def _empty(done: Checked, given: frozenset[str], used: int) -> list[str]:
    """Words on the columns that are there and hold nothing."""
    if not used:
        return []
    rows = f"all {used} rows" + ("" if used == done.counts["n"] else " that are used")
    return [
        f"{', '.join(done.files)}: {origin} is empty in {rows}: {done.contract.name} have no {name}"
        for name, origin in done.origins.items()
        if name not in given
    ]
