"""Where one table of the contract comes from, in the words of a mapping file: its columns, look-ups and change log."""

from __future__ import annotations

from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from salesnb.data.contract import EVENT_FIELDS
from salesnb.data.readings import date_format
from salesnb.errors import did_you_mean


class Frozen(BaseModel):
    """A part of a mapping file: unknown words are refused, numbers are taken as text."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, coerce_numbers_to_str=True)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, (str, int, float, bool)) else value


def _word(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


class Case(Frozen):
    """``when`` every named column holds one of the words (in any case), this value or column."""

    when: dict[str, tuple[str, ...]]
    value: str | None = None
    source: str | None = Field(default=None, alias="from")

    @field_validator("when", mode="before")
    @classmethod
    def _words(cls, when: Any) -> Any:
        if not isinstance(when, dict):
            return when
        return {str(k): tuple(_word(x) for x in _listed(v)) for k, v in when.items()}

    @field_validator("value", mode="before")
    @classmethod
    def _value(cls, value: Any) -> Any:
        return None if value is None else _word(value)


class ColumnRule(Frozen):
    """Where one column comes from: exactly one of the first seven, and how its text is read.

    Attributes
    ----------
    source
        (``from``) one column.
    any_of
        The first of these columns that the file has, whatever its capitals, blanks and underscores.
    first_of
        In each row, the first of these columns that is not blank.
    join
        These columns' texts, one after the other, with ``with`` between.
    value
        The same value in every row.
    cases
        The first case that holds.
    until_next
        The day before the next row's date in this column, among rows with the same ``by`` column.
    row
        The number of the row in its file, for rows that have no id of their own; a database's rows have none.
    values, otherwise
        Their words to ours, in any case; what an unlisted word becomes (else it is left as it is).
    format, decimal, thousands, times_in
        As in the mapping, for this column alone.
    """

    source: str | None = Field(default=None, alias="from")
    any_of: tuple[str, ...] = ()
    first_of: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    between: str = Field(default="-", alias="with")
    value: str | None = None
    cases: tuple[Case, ...] = ()
    until_next: str | None = None
    by: str | None = None
    row: Literal[True] | None = None
    values: dict[str, str] = Field(default_factory=dict)
    otherwise: str | None = None
    format: tuple[str, ...] = ()
    decimal: Literal[".", ","] | None = None
    thousands: str = Field(default="", max_length=1)
    times_in: str | None = None

    @field_validator("times_in")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        return known_zone(value)

    @field_validator("value", "otherwise", mode="before")
    @classmethod
    def _value(cls, value: Any) -> Any:
        return None if value is None else _word(value)

    @field_validator("values", mode="before")
    @classmethod
    def _values(cls, values: Any) -> Any:
        return {_word(k): _word(v) for k, v in values.items()} if isinstance(values, dict) else values

    @field_validator("format", mode="before")
    @classmethod
    def _format(cls, value: Any) -> Any:
        return listed_formats(value)

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnRule:
        origins = [self.source, self.any_of, self.first_of, self.join, self.value, self.until_next, self.row]
        count = sum(bool(origin) or origin == "" for origin in origins)
        if self.decimal is not None and self.decimal == self.thousands:
            raise ValueError("decimal and thousands cannot be the same mark")
        if bool(self.by) and not self.until_next:
            raise ValueError("by goes with until_next")
        if count + bool(self.cases) != 1:
            raise ValueError("give exactly one of from, any_of, first_of, join, value, cases, until_next, row")
        return self

    def sources(self) -> tuple[str, ...]:
        """The names of every source column that the rule may read."""
        named = [self.source, *self.any_of, *self.first_of, *self.join, self.until_next, self.by]
        named += [name for case in self.cases for name in (*case.when, case.source)]
        return tuple(dict.fromkeys(name for name in named if name))


def known_zone(value: str | None) -> str | None:
    """Return a time zone's name if there is such a zone; ``ValueError`` where there is none."""
    if value is not None:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{value!r} is not a time zone; write it as Europe/Paris") from None
    return value


def listed_formats(value: Any) -> Any:
    """One date format or several, each checked."""
    formats = tuple(str(v) for v in _listed(value)) if value is not None else ()
    for label in formats:
        date_format(label)
    return formats


class FileRule(Frozen):
    """How a file is read, where that cannot be recognised."""

    encoding: str | None = None
    delimiter: str | None = None
    header: tuple[str, ...] | None = None
    sheet: str | None = None
    skip_rows: int = Field(default=0, ge=0)


class JoinRule(FileRule):
    """A look-up file: ``on`` this column: its column, ``take`` new name: its column.

    ``values`` says how a key of ours is written in the look-up (a repair: the row is listed as repaired);
    ``unknown`` says what happens to a row whose key is not in it.
    """

    source: str = Field(alias="from")
    on: dict[str, str]
    take: dict[str, str] = Field(default_factory=dict)
    values: dict[str, str] = Field(default_factory=dict)
    unknown: Literal["flag", "reject", "ignore"] = "flag"
    optional: bool = False

    @field_validator("on")
    @classmethod
    def _one_key(cls, on: dict[str, str]) -> dict[str, str]:
        if len(on) != 1:
            raise ValueError("give exactly one pair: this table's column: the look-up's column")
        return on


class ChangesRule(Frozen):
    """How a change log or a history of rows becomes ``opportunity_events``.

    ``fields`` is for a history with one row a version and a column a field (``stage: StageName``); ``name``, ``names``
    and ``new`` are for one row a change: the column with the field's name, their names to ours, the new value.
    """

    deal: tuple[str, ...]
    at: tuple[str, ...]
    fields: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    name: str | None = None
    names: dict[str, str] = Field(default_factory=dict)
    new: str | None = None
    old: str | None = None
    values: dict[str, dict[str, str]] = Field(default_factory=dict)

    @field_validator("deal", "at", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        return _listed(value)

    @field_validator("fields", mode="before")
    @classmethod
    def _fields(cls, value: Any) -> Any:
        return {k: _listed(v) for k, v in value.items()} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _known_fields(self) -> ChangesRule:
        for field in (*self.fields, *self.names.values(), *self.values):
            if field not in EVENT_FIELDS:
                raise ValueError(
                    f"{field!r} is not a field that a change log keeps: {did_you_mean(field, EVENT_FIELDS)}"
                )
        if bool(self.fields) == bool(self.names and self.name and self.new):
            raise ValueError("give either fields, or name, names and new")
        return self


class TableRule(FileRule):
    """Where one table, or one part of it, comes from.

    Attributes
    ----------
    source
        (``from``) files or database tables; of a preset, the first that is there, by its plain name.
    columns
        The contract's columns, each with where it comes from.
    joins
        Look-up files, joined in order.
    filter, leave_out
        Only rows whose column holds one of these words, in any case, are read; or all others. ``""`` is a blank.
    changes
        How a history becomes ``opportunity_events``.
    optional
        Left out where the source has no such file.
    only_if_first
        Used only where no part before it was there.
    """

    source: tuple[str, ...] = Field(alias="from")
    columns: dict[str, ColumnRule] = Field(default_factory=dict)
    joins: tuple[JoinRule, ...] = ()
    filter: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    leave_out: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    changes: ChangesRule | None = None
    optional: bool = False
    only_if_first: bool = False

    @field_validator("source", mode="before")
    @classmethod
    def _source(cls, value: Any) -> Any:
        return _listed(value)

    @field_validator("filter", "leave_out", mode="before")
    @classmethod
    def _filter(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {str(k): tuple(_word(x) for x in _listed(v)) for k, v in value.items()}

    @field_validator("columns", mode="before")
    @classmethod
    def _columns(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {k: {"from": v} if isinstance(v, str) else v for k, v in value.items()}
