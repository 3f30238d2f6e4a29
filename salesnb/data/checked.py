"""Checked: a table after its pass, with every rule that was broken beside its rows."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.data import checks
from salesnb.data.changes import EVENT_COLUMNS, as_events, plain_events
from salesnb.data.columns import Contract
from salesnb.data.contract import CONTRACT
from salesnb.data.currency import convert, convert_events
from salesnb.data.held import any_of, one_row, view
from salesnb.data.mapping import plain_name
from salesnb.data.opening import Opening
from salesnb.data.origins import ColumnRule, TableRule
from salesnb.data.raw import quoted
from salesnb.data.rule import Rule
from salesnb.data.shape import Shaped, shape
from salesnb.data.sources import Raw
from salesnb.errors import MappingError


@dataclass(frozen=True)
class Checked:
    """A table after its pass.

    Attributes
    ----------
    contract
        What it must be.
    table
        Typed columns, the texts they were read from, and one ``rule__*`` column a rule.
    used
        The rows that are used, in the contract's columns.
    rules
        The rules, all of them.
    counts
        ``n`` rows; for each rule's name how many break it; ``given__<column>``, how many have a value; ``latest``, the
        last day of a fact; ``money``, the sum of the table's money.
    origins
        For each mapped column, the source columns it is read from.
    currency
        The book's own.
    malformed
        The lines that are no rows.
    filtered
        How many rows the mapping's own filters left out.
    files, digests, notes
        What was read, its content, and how, where nobody had said it.
    """

    contract: Contract
    table: ir.Table
    used: ir.Table
    rules: tuple[Rule, ...]
    counts: dict[str, Any]
    origins: dict[str, str]
    currency: str
    malformed: pd.DataFrame
    filtered: int
    files: tuple[str, ...]
    digests: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def broken_rules(self) -> tuple[Rule, ...]:
        """The rules that at least one row breaks."""
        return tuple(rule for rule in self.rules if self.counts[rule.name])

    @property
    def amount(self) -> str | None:
        """The column that has the table's money as written; None where it has none."""
        name = self.contract.money
        if name is None or name not in self.origins:
            return None
        return f"original__{name}" if f"original__{name}" in self.table.columns else name

    def breaks(self, *actions: str) -> str:
        """SQL that is true for rows that break a rule with one of these actions."""
        return _breaks(self.broken_rules, actions)

    def until(self, data_end: dtm.date, opening: Opening) -> Checked:
        """The same with facts dated after the last day of the data rejected, and duplicates told anew without them."""
        latest = self.counts.get("latest")
        if latest is None or pd.isna(latest) or pd.Timestamp(latest).date() <= data_end:
            return self
        future = checks.after_the_end(self.table, self.contract, data_end)
        if future is None:
            return self
        duplicate = f"duplicate_{self.contract.key}"
        others = [replace(r, broken=self.table[f"rule__{r.name}"]) for r in self.rules if r.name != duplicate]
        is_out = reduce(lambda a, b: a | b, [r.broken for r in others if r.action == "rejected"], ibis.literal(False))
        others.append(replace(future, broken=future.broken & ~is_out))
        is_unique = not self.counts.get(duplicate, 1)  # a row that is out leaves no new duplicate behind
        rules = (*others, *checks.duplicates(self.table, self.contract, self.origins, others, is_unique=is_unique))
        table = opening.held(self.table.mutate(**{f"rule__{r.name}": r.broken for r in rules}), self.contract.name)
        counts = _counts(table, self.contract, rules)
        used = _used(table, self.contract, rules, counts, opening)
        return replace(self, table=table, used=used, rules=rules, counts=counts)


def check(contract: Contract, rules: Sequence[TableRule], opening: Opening, done: dict[str, Checked]) -> Checked | None:
    """Read, shape and check one table; None where the source has none of its parts or it cannot be used.

    Parameters
    ----------
    done
        The tables checked before, which it may refer to.

    Raises
    ------
    MappingError, ContractError
        See ``shape.shape`` and ``changes.as_events``; what can be collected is in ``opening.troubles``.
    """
    parts = _parts(rules, opening)
    if not parts:
        return None
    before = len(opening.troubles)
    shaped: list[Shaped] = []
    for rule, raw in parts:
        shaped.append(shape(raw, rule, contract, opening, sum(len(part.lookups) for part in shaped)))
    if len(opening.troubles) > before:
        return None
    origins = {name: origin for part in reversed(shaped) for name, origin in part.origins.items()}
    missing = [c.name for c in contract.columns if c.is_required and c.name not in origins]
    if missing:
        raise MappingError(
            f"{contract.name} needs {', '.join(missing)}, and the mapping does not give it",
            where=", ".join(raw.name for _, raw in parts), mend=f"add it under tables.{contract.name}.columns",
        )  # fmt: skip
    table = _united(shaped)
    rates = done["fx_rates"].used if "fx_rates" in done else None
    table = convert(table, contract, opening.mapping.currency, rates, has_currency="currency" in origins)
    if contract.name == "opportunity_events" and all(rule.changes is None for rule, _ in parts):
        table = plain_events(table, parts[0][1].name, opening)
        if len(opening.troubles) > before:
            return None
    keys = {
        column.name: done[column.refers_to].used[str(CONTRACT[column.refers_to].key)]
        for column in contract.columns
        if column.refers_to and column.name in origins and column.refers_to in done
    }
    doubted = frozenset().union(*(part.doubted for part in shaped))
    lookups = tuple(lookup for part in shaped for lookup in part.lookups)
    is_unique = len(shaped) == 1 and shaped[0].is_unique
    found = checks.rules(table, contract, origins, doubted, lookups, keys, is_unique=is_unique)
    table = table.mutate(**{f"rule__{rule.name}": rule.broken for rule in found})
    table = table.drop(*[n for n in table.columns if n.startswith(("miss__", "alias__", "norate__"))])
    if contract.name == "opportunity_events" and "opportunities" in done:
        table = convert_events(table, done["opportunities"].table)
    held = opening.held(checks.repaired(table, contract, origins), contract.name)
    counts = _counts(held, contract, found)
    return Checked(
        contract, held, _used(held, contract, found, counts, opening), tuple(found), counts, origins,
        opening.mapping.currency,
        pd.concat([raw.malformed for _, raw in parts], ignore_index=True), sum(part.filtered for part in shaped),
        tuple(raw.name for _, raw in parts), tuple(raw.digest for _, raw in parts),
        tuple(note for _, raw in parts for note in raw.notes) + tuple(note for part in shaped for note in part.notes),
    )  # fmt: skip


def _counts(table: ir.Table, contract: Contract, rules: Sequence[Rule]) -> dict[str, Any]:
    """Rows, rows a rule, values a column, the last day of a fact and the sum of the money, in one aggregate."""
    asked = {"n": "count(*)"}
    for number, rule in enumerate(rules):
        asked[f"r{number}"] = f"count(*) FILTER (WHERE {quoted(f'rule__{rule.name}')})"
    for name in contract.names:
        asked[f"given__{name}"] = f"count({quoted(name)})"
    if contract.name in checks.LAST_FACT:
        asked["latest"] = f"max({quoted(checks.LAST_FACT[contract.name])})"
    if contract.money is not None:
        asked["money"] = f"sum({quoted(contract.money)})"
    row = one_row(table, asked)
    return {**row, **{rule.name: row[f"r{number}"] for number, rule in enumerate(rules)}}


def _used(
    table: ir.Table, contract: Contract, rules: Sequence[Rule], counts: dict[str, Any], opening: Opening
) -> ir.Table:  # fmt: skip
    """A view of the rows that break no rejecting rule, in the contract's columns."""
    columns = ", ".join(map(quoted, contract.names))
    broken = [rule for rule in rules if counts[rule.name]]
    sql = f"SELECT {columns} FROM {quoted(table.get_name())} WHERE NOT ({_breaks(broken, ('rejected',))})"
    kinds = {name: table[name].type() for name in contract.names}
    return view(opening.backend, opening.new_name(f"used_{contract.name}"), kinds, sql)


def _breaks(rules: Sequence[Rule], actions: Sequence[str]) -> str:
    return any_of(f"rule__{rule.name}" for rule in rules if rule.action in actions)


def _parts(rules: Sequence[TableRule], opening: Opening) -> list[tuple[TableRule, Raw]]:
    """The parts of a table that the source has; optional ones are found by their plain names, or left out."""
    parts: list[tuple[TableRule, Raw]] = []
    for rule in rules:
        if rule.only_if_first and parts:
            continue
        for name in _files(rule, opening):
            raw = opening.raw(name, rule)
            if rule.changes is not None:
                raw = as_events(raw, rule, opening)
                identity = {column: ColumnRule.model_validate({"from": column}) for column in EVENT_COLUMNS}
                kept = rule.model_copy(update={"columns": identity, "leave_out": {}, "filter": {}})
                parts.append((kept, raw))
            else:
                parts.append((rule, raw))
    return parts


def _files(rule: TableRule, opening: Opening) -> list[str]:
    if not rule.optional:
        return list(rule.source)
    names = opening.source.names()
    exact = [name for name in rule.source if name in names]
    if exact:
        return exact[:1]
    stems = {plain_name(n.rsplit(".", 1)[0]): n for n in names} | {plain_name(n.rsplit(".", 1)[-1]): n for n in names}
    return [stems[plain_name(wanted)] for wanted in rule.source if plain_name(wanted) in stems][:1]


def _united(shaped: Sequence[Shaped]) -> ir.Table:
    """One table of all parts; what a part does not have is null or false there."""
    if len(shaped) == 1:
        return shaped[0].table
    names = dict.fromkeys(name for part in shaped for name in part.table.columns)
    kinds = {name: part.table[name].type() for part in reversed(shaped) for name in part.table.columns}
    tables = []
    for part in shaped:
        own = {}
        for name in names:
            absent = ibis.literal(False) if name.startswith(("miss__", "alias__")) else ibis.null(kinds[name])
            own[name] = part.table[name] if name in part.table.columns else absent
        tables.append(part.table.select(**own))
    return tables[0].union(*tables[1:])
