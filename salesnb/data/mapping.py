"""The mapping file: where each table of the contract comes from, in words that an analyst can write.

A mapping is a YAML file under ``params/sources/``::

    name: Maven CRM
    location: exports/maven            # a folder, a file, or a database URL; relative to this file
    currency: USD
    tables:
      opportunities:
        from: sales_pipeline.csv
        columns:
          opportunity_id: opportunity_id
          outcome: {from: deal_stage, values: {Won: won, Lost: lost, Engaging: open, Prospecting: open}}

or it names a preset (``preset: salesforce``), whose own mapping it then changes column by column.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingABC
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from salesnb.data.contract import CONTRACT
from salesnb.data.origins import ChangesRule, ColumnRule, Frozen, JoinRule, TableRule, known_zone, listed_formats
from salesnb.errors import MappingError, did_you_mean
from salesnb.settings import read_yaml

PRESETS = ("hubspot", "salesforce")


class Mapping(Frozen):
    """A mapping file, read and checked: see the module for its shape and docs/mapping.md for every word of it."""

    name: str = ""
    location: str
    password: str | None = None
    preset: Literal["hubspot", "salesforce"] | None = None
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    time_zone: str = "UTC"
    times_in: str | None = None
    date_format: tuple[str, ...] = ()
    decimal: Literal[".", ","] | None = None
    thousands: str = Field(default="", max_length=1)
    encoding: str | None = None
    delimiter: str | None = None
    nulls: tuple[str, ...] = ()
    as_of: date | None = None
    stages: tuple[str, ...] = ()
    tables: dict[str, tuple[TableRule, ...]] = Field(default_factory=dict)

    @field_validator("date_format", mode="before")
    @classmethod
    def _date_format(cls, value: Any) -> Any:
        return listed_formats(value)

    @field_validator("time_zone", "times_in")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        return known_zone(value)

    @field_validator("tables", mode="before")
    @classmethod
    def _tables(cls, value: Any) -> Any:
        return (
            {k: v if isinstance(v, (list, tuple)) else [v] for k, v in value.items()}
            if isinstance(value, dict)
            else value
        )

    @model_validator(mode="after")
    def _known_names(self) -> Mapping:
        for table, parts in self.tables.items():
            if table not in CONTRACT:
                raise ValueError(f"no table {table!r} in the contract: {did_you_mean(table, list(CONTRACT))}")
            for part in parts:
                for column in part.columns:
                    if column not in CONTRACT[table].names:
                        hint = did_you_mean(column, CONTRACT[table].names)
                        raise ValueError(f"tables.{table}.columns: {table} has no column {column!r}; {hint}")
        if self.decimal is not None and self.decimal == self.thousands:
            raise ValueError("decimal and thousands cannot be the same mark")
        return self


def plain_name(name: str) -> str:
    """A name without capitals, blanks and marks, by which presets find files and columns.

    Examples
    --------
    >>> plain_name("Stage Name") == plain_name("stage_name") == plain_name("StageName")
    True
    """
    return re.sub(r"[^0-9a-z]+", "", name.casefold())


def preset(name: str) -> dict[str, Any]:
    """The tables of a preset, as a mapping file would write them."""
    loaded = read_yaml(Path(__file__).parent / "presets" / f"{name}.yml", MappingError)
    tables: dict[str, Any] = loaded["tables"]
    return tables


def read_mapping(path: Path) -> Mapping:
    """Read and check a mapping file; a preset's tables are filled in where the file does not give them.

    Raises
    ------
    MappingError
        Every problem of the file at once: unknown words with the nearest known one, wrong types, unknown columns.
    """
    return build_mapping(read_yaml(path, MappingError), where=path.name)


def build_mapping(raw: MappingABC[str, Any], *, where: str) -> Mapping:
    """Check a mapping that is already a dict: see :func:`read_mapping`."""
    filled = dict(raw)
    if filled.get("preset") in PRESETS:
        filled["tables"] = _over(preset(str(filled["preset"])), filled.get("tables") or {})
    try:
        return Mapping.model_validate(filled)
    except ValidationError as error:
        problems = sorted({_problem(e) for e in error.errors()})
        count = f"{len(problems)} problem" + ("s" if len(problems) > 1 else "")
        raise MappingError(
            f"the mapping has {count}:\n" + "\n".join(f"  - {p}" for p in problems),
            where=where,
            mend="correct these lines; docs/mapping.md has every word that a mapping may use",
        ) from None


def _over(base: MappingABC[str, Any], own: MappingABC[str, Any]) -> dict[str, Any]:
    """A preset's tables with the file's own on top: a table's columns one by one, everything else as a whole.

    What a preset looks for may be absent; what the file itself names may not.
    """
    merged = {
        table: [{**part, "optional": True} for part in (parts if isinstance(parts, list) else [parts])]
        for table, parts in base.items()
    }
    for table, rule in own.items():
        if isinstance(rule, dict) and table in merged:
            first, *others = merged[table]
            if "from" in rule:
                first, others = {**first, "optional": False}, []
            columns = {**first.get("columns", {}), **(rule.get("columns") or {})}
            merged[table] = [{**first, **rule, "columns": columns}, *others]
        else:
            merged[table] = rule
    return merged


_FIELDS: dict[str, Sequence[str]] = {
    "": tuple(Mapping.model_fields),
    "tables": (*TableRule.model_fields, "from"),
    "columns": (*ColumnRule.model_fields, "from", "with"),
    "joins": (*JoinRule.model_fields, "from"),
    "changes": tuple(ChangesRule.model_fields),
    "cases": ("when", "value", "from"),
}


def _problem(error: Any) -> str:
    path = [str(step) for step in error["loc"] if not (isinstance(step, int) and step == 0)]
    name = ".".join(path) or "the file"
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        level = next((step for step in reversed(path[:-1]) if step in _FIELDS), "")
        return f"{name}: unknown word {path[-1]!r}; {did_you_mean(path[-1], _FIELDS[level])}"
    if error["type"] == "missing":
        return f"{name}: is needed"
    got = error.get("input")
    shown = f" (got {got!r})" if isinstance(got, (str, int, float, bool)) else ""
    return f"{name}: {message[:1].lower() + message[1:]}{shown}" if path else message
