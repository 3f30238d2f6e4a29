"""The rules that a row must keep to be used, each an Ibis expression, all of a table in one pass over it.

A rule that is broken does one of three things to its row, always the same one:

``rejected``
    the row is not used: what it says cannot be placed or cannot be trusted;
``repaired``
    the row is used with the value that the rule's reason says;
``flagged``
    the row is used as it is; a value that could not be read is null.
"""

from __future__ import annotations

import datetime as dtm
from collections.abc import Mapping as MappingABC
from functools import reduce

import ibis
import ibis.expr.types as ir

from salesnb.data.columns import Column, Contract
from salesnb.data.lookups import Lookup
from salesnb.data.rule import CLOSED, Action, Rule, rule
from salesnb.data.rulebook import SPECIAL
from salesnb.data.shape import written

LAST_FACT = {
    "opportunities": "closed_on", "orders": "ordered_at", "opportunity_events": "changed_at",
    "activities": "happened_at", "feedback": "responded_on", "touches": "happened_at",
}  # fmt: skip
"""For each table whose rows are facts, the column that says when they happened."""


def rules(
    table: ir.Table, contract: Contract, mapped: MappingABC[str, str], doubted: frozenset[str],
    lookups: tuple[Lookup, ...], keys: MappingABC[str, ir.Column], *, is_unique: bool = False,
) -> list[Rule]:  # fmt: skip
    """List the rules of one shaped table.

    Parameters
    ----------
    table
        As ``shape.shape`` makes it, its money converted.
    mapped
        The columns that the mapping gives, each with its source columns.
    doubted
        The columns in which a text may be found that could not be read.
    lookups
        The look-ups that were joined.
    keys
        For each column that refers to a table which is there, that table's keys in use.
    is_unique
        Whether the table's own key is known to stand in no two rows.
    """
    found = [r for column in contract.columns for r in _column(table, contract, column, mapped, doubted)]
    found += [r for column, known in keys.items() for r in _reference(table, contract, column, known)]
    found += _looked_up(table, lookups, mapped)
    special = SPECIAL.get(contract.name)
    if special is not None:
        found += special(table, mapped)
    if "norate__" in table.columns:
        found.append(
            rule(
                "no_rate",
                "currency",
                "rejected",
                table["norate__"],
                "no rate of this currency in fx_rates on the day or in the 31 days before it",
                "add the rate to fx_rates, or name the source's currency in the mapping",
            )
        )
    return found + duplicates(table, contract, mapped, found, is_unique=is_unique)


def _column(
    table: ir.Table, contract: Contract, column: Column, mapped: MappingABC[str, str], doubted: frozenset[str]
) -> list[Rule]:
    found: list[Rule] = []
    if column.name not in mapped:
        return found
    text = table[written(contract, column.name)]
    if column.is_required:
        found.append(
            rule(
                f"missing_{column.name}",
                column.name,
                "rejected",
                text.isnull(),
                f"{column.name} is empty, and a row of {contract.name} cannot be placed without it",
                f"fill in {mapped[column.name]}",
            )
        )
    if column.name not in doubted:
        return found
    must = column.is_required or column.name == contract.money
    wanted = {
        "choice": "is none of " + ", ".join(column.choices),
        "date": "is no date in the format of this column",
        "time": "is no date and time in the format of this column",
        "money": "is no amount of money, or beyond ten trillion",
        "boolean": "is neither yes nor no",
    }.get(column.kind, ("is no whole number" if column.kind == "integer" else "is no number") + _bounds(column))
    mend = {
        "choice": "say under values what it means",
        "date": "correct it, or give the column's format",
        "time": "correct it, or give the column's format",
        "money": "correct it, or give decimal and thousands",
    }.get(column.kind, "correct it")
    own = f"original__{column.name}"
    value = table[own] if own in table.columns else table[column.name]
    found.append(
        rule(
            f"unknown_{column.name}" if column.kind == "choice" else f"unreadable_{column.name}",
            column.name,
            "rejected" if must else "flagged",
            text.notnull() & value.isnull(),
            f"{column.name} {wanted}" + ("" if must else "; it is left empty"),
            mend,
        )
    )
    return found


def _bounds(column: Column) -> str:
    if column.low is None:
        return ""
    return f" of at least {column.low:g}" if column.high is None else f" from {column.low:g} to {column.high:g}"


def _reference(table: ir.Table, contract: Contract, column: str, known: ir.Column) -> list[Rule]:
    other = contract.column(column).refers_to
    return [
        rule(
            f"unknown_{column}",
            column,
            "flagged",
            table[column].notnull() & ~table[column].isin(known),
            f"no row of {other} has this {column}; what {other} would say of it is missing",
            f"add it to {other}, or correct the {column}",
        )
    ]


def _looked_up(table: ir.Table, lookups: tuple[Lookup, ...], mapped: MappingABC[str, str]) -> list[Rule]:
    found = []
    pairs = {(lookup.file, lookup.column): lookup for lookup in lookups}
    for (file, column), lookup in pairs.items():
        same = [one.number for one in lookups if (one.file, one.column) == (file, column)]
        misses = reduce(lambda left, right: left | right, [table[f"miss__{number}"] for number in same])
        aliases = reduce(lambda left, right: left | right, [table[f"alias__{number}"] for number in same])
        place = next((ours for ours, origin in mapped.items() if origin == column), column)
        is_again = sum(other == file for other, _ in pairs) > 1
        stem = file.rsplit(".", 1)[0] + (f"_by_{column}" if is_again else "")
        if lookup.unknown != "ignore":
            action: Action = "rejected" if lookup.unknown == "reject" else "flagged"
            found.append(
                rule(
                    f"unknown_in_{stem}",
                    place,
                    action,
                    misses,
                    f"{column} is not in {file}; what {file} would say of it is missing",
                    f"add it to {file}, or say under values how it is written there",
                )
            )
        if lookup.values:
            words = ", ".join(f"{theirs!r} read as {ours!r}" for theirs, ours in lookup.values.items())
            found.append(
                rule(
                    f"renamed_in_{stem}",
                    place,
                    "repaired",
                    aliases,
                    f"{column} is not among the keys of {file}: {words}, as the mapping says",
                    f"write one name in both files, or keep the mapping's values for {file}",
                )
            )
    return found


def duplicates(
    table: ir.Table, contract: Contract, mapped: MappingABC[str, str], others: list[Rule], *, is_unique: bool = False
) -> list[Rule]:  # fmt: skip
    """Of the rows with one key that no other rule rejects, the first is used.

    Parameters
    ----------
    table, contract, mapped
        As for :func:`rules`.
    others
        The table's other rules.
    is_unique
        Whether the key is known to stand in no two rows, which spares the search.
    """
    if contract.key is None:
        return []
    key = table[contract.key]
    broken: ir.Value = ibis.literal(False)
    if not is_unique:
        broken = _is_again(table, contract, key, mapped, others)
    return [
        rule(
            f"duplicate_{contract.key}",
            contract.key,
            "rejected",
            broken,
            f"this {contract.key} stands in an earlier row, which is the one used",
            "keep one row for each, or name the column that tells them apart",
        )
    ]


def _is_again(
    table: ir.Table, contract: Contract, key: ir.Value, mapped: MappingABC[str, str], others: list[Rule]
) -> ir.Value:  # fmt: skip
    """True for rows that are not out and whose key stands in an earlier such row."""
    rejecting = [r.broken for r in others if r.action == "rejected"]
    is_out = reduce(lambda left, right: left | right, rejecting, ibis.literal(False))
    texts = [table[name] for name in dict.fromkeys(written(contract, column) for column in mapped)]
    order = ibis.row_number().over(group_by=key, order_by=[is_out, table["_file"], table["_row"], *texts])
    return key.notnull() & (order > 0) & ~is_out


def repaired(table: ir.Table, contract: Contract, mapped: MappingABC[str, str]) -> ir.Table:
    """Put the values in that the repairing rules promise."""
    if contract.name == "opportunities" and "closed_on" in mapped:
        return table.mutate(closed_on=(table.outcome == "open").ifelse(ibis.null("date"), table.closed_on))
    if contract.name == "orders" and {"amount", "is_return"} <= set(mapped):
        wrong = (table.is_return & (table.amount > 0)).fill_null(False)
        return table.mutate(amount=wrong.ifelse(-table.amount, table.amount).cast("decimal(18, 4)"))
    return table


def after_the_end(table: ir.Table, contract: Contract, data_end: dtm.date) -> Rule | None:
    """The rule for facts dated after the last day of the data, or None where the table's rows are no facts."""
    column = LAST_FACT.get(contract.name)
    if column is None:
        return None
    is_after = table[column].cast("date") > ibis.date(data_end.isoformat())
    if contract.name == "opportunities":
        is_after = is_after & table.outcome.isin(CLOSED)
    return rule(
        f"future_{column}", column, "rejected", is_after,
        f"dated after {data_end.isoformat()}, the last day of the data: it cannot have happened yet",
        "correct the date, or give as_of in the mapping if the data run further",
    )  # fmt: skip
