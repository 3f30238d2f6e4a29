"""Tables and columns named as the contract names them need no mapping: the rules that follow from their names."""

from __future__ import annotations

from salesnb.data.cells import find_column
from salesnb.data.contract import CONTRACT
from salesnb.data.mapping import plain_name
from salesnb.data.opening import Opening
from salesnb.data.origins import ColumnRule, TableRule
from salesnb.errors import MappingError


def by_name(opening: Opening) -> dict[str, tuple[TableRule, ...]]:
    """Rules for the tables of a source whose names, and whose columns' names, are the contract's.

    Raises
    ------
    MappingError
        No name is; two files are named as one table; or a table lacks a column that it needs.
    """
    source = opening.source
    found: dict[str, TableRule] = {}
    names = source.names()
    for name in names:
        rule = TableRule.model_validate({"from": name})
        table = _table(name) or (_by_key(rule, name, opening) if len(names) == 1 else None)
        if table is None:
            continue
        if table in found:
            first = found[table].source[0]
            if (
                first.rsplit(".", 1)[-1] == name.rsplit(".", 1)[-1]
                and "/" not in first
                and "." in name
                and not _is_file(name)
            ):
                continue  # a database names a table twice: by itself, and with its schema
            raise MappingError(
                f"{first} and {name} are both named as {table}", where=source.label,
                mend="take one of them away, or write a mapping that says which is meant",
            )  # fmt: skip
        columns = opening.raw(name, rule).column_names
        own = {
            c: ColumnRule.model_validate({"from": f})
            for c in CONTRACT[table].names
            if (f := find_column(c, columns)) is not None
        }
        missing = [c.name for c in CONTRACT[table].columns if c.is_required and c.name not in own]
        if missing:
            opening.troubles.append(
                MappingError(
                    f"{name} is named as {table}, but has no column {', '.join(missing)}",
                    where=source.label,
                    mend="name the columns as docs/data-contract.md does, or write a mapping: salesnb new source",
                )
            )
            continue
        found[table] = rule.model_copy(update={"columns": own})
    opening.raise_troubles()
    if not found:
        raise MappingError(
            f"no file or table here is named as the contract names them (found {', '.join(names[:8]) or 'nothing'})",
            where=source.label,
            mend="write a mapping: salesnb new source NAME --from LOCATION, or one with preset: salesforce or hubspot",
        )
    return {table: (rule,) for table, rule in found.items()}


_SUFFIXES = ("csv", "tsv", "txt", "parquet", "xlsx", "xlsm")


def _is_file(name: str) -> bool:
    return name.rsplit(".", 1)[-1].lower() in _SUFFIXES or "#" in name


def _table(name: str) -> str | None:
    """The table of the contract that a file, a sheet or a database table is named as."""
    if "#" in name:
        stem = name.rsplit("#", 1)[-1]
    elif _is_file(name):
        stem = name.rsplit(".", 1)[0]
    else:
        stem = name.rsplit(".", 1)[-1]
    return next((table for table in CONTRACT if plain_name(table) == plain_name(stem)), None)


def _by_key(rule: TableRule, name: str, opening: Opening) -> str | None:
    """The only table whose key the only file has."""
    columns = opening.raw(name, rule).column_names
    keyed = [table for table, contract in CONTRACT.items() if contract.key and contract.key in columns]
    return keyed[0] if len(keyed) == 1 else None
