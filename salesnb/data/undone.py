"""Undone: what a change log says of earlier days, in one pass over it and without putting it in order.

The value of a field on a day is the ``old`` of its earliest change after the day. Where the log has several changes
of a field at one and the same moment, the one with the least ``old``, then the least ``new``, nulls first, is taken
for the earliest: the same on every run, whatever the order of the rows.
"""

from __future__ import annotations

import datetime as dtm
from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from salesnb.data.contract import CONTRACT, IBIS_TYPES

_DAY = dtm.timedelta(days=1)
_AT = IBIS_TYPES["time"]
_NUMBER = r"^ *-?[0-9]+([.][0-9]+)? *$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
_NOT = ("false", "f", "no", "n", "0")


def after(events: ir.Table, day: dtm.date | ir.DateValue) -> ir.BooleanValue:
    """Tell of each change whether it came after the end of a day.

    The moment is compared as it is: an engine can then pass over the parts of a log that are too old.
    """
    if isinstance(day, dtm.date):
        next_day: ir.TimestampValue = ibis.timestamp(dtm.datetime.combine(day + _DAY, dtm.time()))
    else:
        next_day = (day + ibis.interval(days=1)).cast("timestamp")
    return events.changed_at >= next_day


def earliest(
    changes: ir.Table, keys: Sequence[str], wanted: Mapping[str, ir.BooleanValue], **more: ir.Value
) -> ir.Table:
    """Return what the earliest of some changes found: its ``old``, for each deal.

    Parameters
    ----------
    changes
        Rows of ``opportunity_events``.
    keys
        The columns that tell the rows of the result apart.
    wanted
        Name to which changes are meant: those of one field, after a day.
    more
        Further aggregates of the same pass.

    Returns
    -------
    ibis.Table
        The keys, ``more``, and for each name its value (text) and ``has_<name>``: whether there is such a change.
    """
    return _ends(changes, keys, wanted, more, is_last=False)


def latest(changes: ir.Table, keys: Sequence[str], fields: Sequence[str]) -> ir.Table:
    """Return what the latest change of some fields left: its ``new``, for each deal, and when that was.

    Parameters
    ----------
    changes
        Rows of ``opportunity_events``.
    keys
        The columns that tell the rows of the result apart.
    fields
        The fields.

    Returns
    -------
    ibis.Table
        The keys, and for each field its value (text), ``has_<field>`` and ``at_<field>``.
    """
    wanted = {field: changes.field == field for field in fields}
    more = {f"at_{field}": changes.changed_at.max(where=is_of) for field, is_of in wanted.items()}
    return _ends(changes, keys, wanted, more, is_last=True)


def read_value(text: ir.StringValue, column: str) -> ir.Value:
    """Read a logged value as the type of a deal's column; what does not look like one is null."""
    kind = CONTRACT["opportunities"].column(column).kind
    if kind not in ("money", "date"):
        return text
    # DuckDB's own try is several times as fast as a pattern; it takes 1e5 and infinity too, which are left out.
    can_try = text.get_backend().name == "duckdb"
    none = ibis.null("string")
    if kind == "money":
        if can_try:
            return (text.lower() == text.upper()).ifelse(text, none).try_cast(IBIS_TYPES["money"])
        return text.re_search(_NUMBER).ifelse(text.strip(), none).cast(IBIS_TYPES["money"])
    if can_try:
        return text.like("____-__-__%").ifelse(text.substr(0, 10), none).try_cast("date")
    return text.re_search(_DATE).ifelse(text.substr(0, 10), none).cast("date")


def is_deletion(new: ir.StringValue) -> ir.BooleanValue:
    """Tell whether a ``deleted`` event deletes: its new value is empty or is no word for no."""
    return ~new.lower().isin(_NOT).fill_null(False)


def outcome_on(day: ir.DateValue, deals: ir.Table, has: ir.BooleanValue, old: ir.StringValue) -> ir.StringValue:
    """Return a deal's outcome on a day: what the log says it was changed from, else what the closing date allows.

    Parameters
    ----------
    day
        The day.
    deals
        Rows with ``outcome`` and ``closed_on``, as they are today.
    has, old
        Whether the outcome was changed after the day, and from what; from nothing is from ``open``.
    """
    said = old.fill_null("open")
    is_open = has.ifelse(said == "open", (deals.closed_on > day).fill_null(False))
    return is_open.ifelse("open", has.ifelse(said, deals.outcome))


def _ends(
    changes: ir.Table,
    keys: Sequence[str],
    wanted: Mapping[str, ir.BooleanValue],
    more: Mapping[str, ir.Value],
    *,
    is_last: bool,
) -> ir.Table:
    """Return one end of the changes wanted in the order of moment, ``old``, ``new``, nulls first."""
    new, old = changes.new, changes.old
    has = {f"has_{name}": where.any() for name, where in wanted.items()}
    if changes.get_backend().name == "duckdb":
        # Its own key of several columns: with it the end of a group costs what arg_min by the moment alone does, and
        # that leaves it open what is taken of changes at one moment.
        how = ibis.literal("ASC NULLS FIRST")
        key = (_key_of_three if is_last else _key_of_two)(
            *_with(how, changes.changed_at, old, *([new] if is_last else []))
        )
        ends = {n: _arg_max(new, key, where=w) if is_last else _arg_min(old, key, where=w) for n, w in wanted.items()}
        return changes.group_by(*keys).aggregate(**ends, **has, **more)
    # A row that has a null in it is passed over.
    parts = {"at": changes.changed_at, "has_old": old.notnull(), "old": old.fill_null("")}
    row = ibis.struct({**parts, "has_new": new.notnull(), "new": new.fill_null("")})
    ends = {n: new.argmax(row, where=w) if is_last else old.argmin(row, where=w) for n, w in wanted.items()}
    return changes.group_by(*keys).aggregate(**ends, **has, **more)


def _with(how: ir.Value, *columns: ir.Value) -> list[ir.Value]:
    return [part for column in columns for part in (column, how)]


@ibis.udf.scalar.builtin(name="create_sort_key", signature=((_AT, dt.string, dt.string, dt.string), dt.binary))
def _key_of_two(at, how_at, old, how_old):  # type: ignore[no-untyped-def]
    """DuckDB's key of two columns."""


@ibis.udf.scalar.builtin(
    name="create_sort_key", signature=((_AT, dt.string, dt.string, dt.string, dt.string, dt.string), dt.binary)
)
def _key_of_three(at, how_at, old, how_old, new, how_new):  # type: ignore[no-untyped-def]
    """DuckDB's key of three columns."""


@ibis.udf.agg.builtin(name="arg_min_null", signature=((dt.string, dt.binary), dt.string))
def _arg_min(value, key):  # type: ignore[no-untyped-def]
    """DuckDB's value at the least key, which may be null."""


@ibis.udf.agg.builtin(name="arg_max_null", signature=((dt.string, dt.binary), dt.string))
def _arg_max(value, key):  # type: ignore[no-untyped-def]
    """DuckDB's value at the greatest key, which may be null."""
