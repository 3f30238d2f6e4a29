"""The tally: rows and money read, used and rejected, by table and by rule, with the offending rows."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.data.book import Audit
from salesnb.data.checked import Checked
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


def tally(tables: Mapping[str, Checked]) -> tuple[Audit, dict[str, frozenset[str]]]:
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
        rejects += _rejects(done)
        notes += [*done.notes, *_empty(done, given[name], used)]
    empty = ibis.memtable(pd.DataFrame(columns=list(REJECTS)), schema=REJECTS)
    audit = Audit(
        pd.DataFrame(counts, columns=list(RECONCILIATION)),
        pd.DataFrame(money, columns=list(MONEY)),
        pd.DataFrame(problems, columns=list(PROBLEMS)),
        rejects[0].union(*rejects[1:]) if len(rejects) > 1 else (rejects or [empty])[0],
        tuple(dict.fromkeys(notes)),
    )
    return audit, given


def _summary(done: Checked) -> dict[str, Any]:
    """What is counted of the used rows, and the money and an example of every broken rule, in one aggregate."""
    if not done.broken_rules:
        return {**done.counts, "used": done.counts["n"], "flagged": 0}
    table, amount = done.table, done.amount
    is_used = ~done.breaks("rejected")
    asked: dict[str, ir.Value] = {
        "used": table.count(where=is_used),
        "flagged": table.count(where=is_used & done.breaks("flagged", "repaired")),
    }
    if any(rule.action == "rejected" for rule in done.broken_rules):
        given = [name for name in done.contract.names if done.counts[f"given__{name}"]]
        asked |= {f"given__{name}": table[name].count(where=is_used) for name in given}
    for number, rule in enumerate(done.broken_rules):
        broken = table[f"rule__{rule.name}"]
        if amount is not None:
            asked[f"money__{number}"] = table[amount].sum(where=broken)
        text = written(done.contract, rule.column) if rule.column in done.contract.names else ""
        if text in table.columns:
            asked[f"example__{number}"] = table[text].min(where=broken)
    row: dict[str, Any] = {**done.counts, **table.aggregate(**asked).execute().iloc[0].to_dict()}
    return {key: None if value is None or value != value else value for key, value in row.items()}


def _money(done: Checked, malformed: int) -> list[dict[str, Any]]:
    amount = done.amount
    if amount is None or not done.counts["n"]:
        return []
    table, is_used = done.table, ~done.breaks("rejected")
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
    currency = table["currency__"] if "currency__" in table.columns else ibis.literal("")
    zero = ibis.literal(0).cast(table[amount].type())
    text = table[f"raw__{done.contract.money}"]
    grouped = table.group_by(currency=currency).agg(
        read=table[amount].sum().fill_null(zero),
        used=table[amount].sum(where=is_used).fill_null(zero),
        rejected=table[amount].sum(where=~is_used).fill_null(zero),
        unreadable=table.count(where=table[amount].isnull() & text.notnull()),
    )
    rows = grouped.order_by("currency").execute().to_dict("records")
    if malformed and rows:
        rows[0]["unreadable"] += malformed
    return [{"table": done.contract.name, **row} for row in rows]


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


def _rejects(done: Checked) -> list[ir.Table]:
    found = []
    for rule in done.broken_rules:
        kept = done.table.filter(done.table[f"rule__{rule.name}"])
        text = written(done.contract, rule.column) if rule.column in done.contract.names else ""
        found.append(
            kept.select(
                table=ibis.literal(done.contract.name),
                file=kept["_file"],
                row=kept["_row"].cast("int64"),
                column=ibis.literal(done.origins.get(rule.column, rule.column)),
                value=kept[text] if text in kept.columns else ibis.null("string"),
                rule=ibis.literal(rule.name),
                action=ibis.literal(rule.action),
                reason=ibis.literal(rule.reason),
            )
        )
    if len(done.malformed):
        lines = done.malformed.assign(table=done.contract.name, column="", rule="malformed_line", action="rejected")
        found.append(ibis.memtable(lines[list(REJECTS)], schema=REJECTS))
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
