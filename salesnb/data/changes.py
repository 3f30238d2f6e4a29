"""Change logs and histories of other systems into ``opportunity_events``: one row a change of one field."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from collections.abc import Sequence
from dataclasses import replace

import ibis
import ibis.expr.types as ir

from salesnb.data import readings
from salesnb.data.cells import Rows, kept
from salesnb.data.choosing import Question, Way, choose
from salesnb.data.contract import CONTRACT
from salesnb.data.mapping import Mapping
from salesnb.data.opening import Opening
from salesnb.data.origins import ChangesRule, TableRule
from salesnb.data.sources import Raw
from salesnb.errors import MappingError, did_you_mean

EVENT_COLUMNS = ("opportunity_id", "changed_at", "field", "old", "new")
_READ = ("amount", "expected_close_on")
"""The fields whose values are brought into one form."""


def as_events(raw: Raw, rule: TableRule, opening: Opening) -> Raw:
    """Turn a history into a raw table with the columns of ``opportunity_events``.

    A history with one row a version gives an event for each field whose value is not the one before it; the first
    version's ``old`` is null. A change log gives an event a row whose field is one of ours; the ``old`` it does not
    carry is the value before it. Amounts become plain numbers and dates ISO dates where they can be read, and stay
    as written where they cannot, so that the contract's check finds them.

    Raises
    ------
    MappingError
        The history has none of the columns that the rule names.
    """
    changes, mapping = rule.changes, opening.mapping
    if changes is None:
        return raw
    rows = Rows(raw.table, raw.column_names, raw.name, mapping.nulls)
    rows, _, left_out = kept(rows, rule)
    deal = _first(changes.deal, rows, "the deal")
    moment = _first(changes.at, rows, "the moment")
    keyed = _keyed(rows, deal, moment, opening)
    parts = _versions(keyed, changes, opening) if changes.fields else _log(keyed, changes, opening)
    if not parts:
        wanted = ", ".join(name for names in changes.fields.values() for name in names)
        raise MappingError(
            f"the history has none of {wanted}", where=raw.name, mend="name its columns under changes.fields"
        )
    events = opening.held(parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0], "events")
    count, before = int(events.count().execute()), int(raw.table.count().execute())
    note = f"{raw.name}: {before} rows of history give {count} changes of a field"
    return replace(raw, table=events, column_names=EVENT_COLUMNS, notes=(*raw.notes, *left_out, note))


def plain_events(table: ir.Table, place: str, opening: Opening) -> ir.Table:
    """Bring the amounts and dates of a change log that is already in the contract's shape into one form."""
    none = ibis.null("string")
    texts = {
        f"{side}__{field}": (table["field"] == field).ifelse(table[side], none)
        for side in ("old", "new")
        for field in _READ
    }
    named = table.mutate(**texts)
    ways = _ways({name: (name.split("__")[1], named[name]) for name in texts}, named, place, opening)
    if all(way.is_plain for way in ways.values()):
        return table
    read = {
        side: ibis.coalesce(
            *[_plain(field, named[f"{side}__{field}"], ways[f"{side}__{field}"], opening.mapping) for field in _READ],
            named[side],
        )
        for side in ("old", "new")
    }
    return named.mutate(**read).drop(*texts)


def _ways(
    asked: MappingABC[str, tuple[str, ir.StringValue]], table: ir.Table, place: str, opening: Opening
) -> dict[str, Way]:
    deals = CONTRACT["opportunities"]
    questions = {
        name: Question(deals.column(field), text, f"{place} ({field})")
        for name, (field, text) in asked.items()
        if field in _READ
    }
    return choose(table, questions, opening)[0]


def _first(wanted: Sequence[str], rows: Rows, what: str) -> str:
    found = next((f for name in wanted if (f := rows.find(name))), None)
    if found is None:
        hint = did_you_mean(wanted[0], rows.columns)
        raise MappingError(f"no column for {what} ({', '.join(wanted)})", where=rows.file, mend=hint)
    return found


def _keyed(rows: Rows, deal: str, moment: str, opening: Opening) -> Rows:
    """The rows with the deal, the moment as written, and the moment in a form that sorts."""
    written, mapping = rows.table[moment], opening.mapping
    at: ir.Value = written
    if written.type().is_string():
        text = rows.text(moment)
        column = CONTRACT["opportunity_events"].column("changed_at")
        question = Question(column, text, f"{rows.file}, column {moment}")
        way = choose(rows.table, {"at": question}, opening)[0]["at"]
        zone = mapping.times_in or mapping.time_zone
        if way.is_plain:
            at = text.cast("timestamp(6)")
        else:
            at = ibis.coalesce(*[readings.read_time(text, fmt, zone, zone) for fmt in way.formats])
    table = rows.table.mutate(deal__=rows.text(deal), written__=written, at__=at)
    return replace(rows, table=opening.held(table, "history"))


def _plain(field: str, text: ir.StringValue, way: Way | None, mapping: Mapping) -> ir.StringValue:
    """A value in the one form that the contract has for it; as written where it cannot be read."""
    if field == "deleted":
        return ibis.coalesce(readings.read_boolean(text).ifelse("true", "false"), text)
    if way is None or (way.is_plain and field == "amount"):
        return text
    if field == "amount":
        return ibis.coalesce(readings.money(readings.read_number(text, way.formats[0])).cast("string"), text)
    found = [readings.read_date(text, fmt, mapping.time_zone) for fmt in way.formats]
    return ibis.coalesce(ibis.coalesce(*found).cast("string"), text)


def _ours(field: str, text: ir.StringValue, changes: ChangesRule) -> ir.StringValue:
    words = changes.values.get(field)
    return (
        text.lower().cases(*((theirs.lower(), ours) for theirs, ours in words.items()), else_=text) if words else text
    )


def _event(table: ir.Table, field: str | ir.Value, old: ir.Value, new: ir.Value) -> ir.Table:
    named = ibis.literal(field) if isinstance(field, str) else field
    return table.select(
        opportunity_id=table["deal__"], changed_at=table["written__"], field=named, old=old, new=new,
        _file=table["_file"], _row=table["_row"],
    )  # fmt: skip


def _versions(rows: Rows, changes: ChangesRule, opening: Opening) -> list[ir.Table]:
    columns = {
        field: found
        for field, names in changes.fields.items()
        if (found := next(filter(None, map(rows.find, names)), None))
    }
    texts = {field: _ours(field, rows.text(column), changes) for field, column in columns.items()}
    ways = _ways({field: (field, text) for field, text in texts.items()}, rows.table, rows.file, opening)
    parts = []
    for field, text in texts.items():
        table = rows.table.mutate(new__=_plain(field, text, ways.get(field), opening.mapping))
        order = [table["at__"], table["_row"]]
        table = table.mutate(
            old__=table["new__"].lag().over(group_by=table["deal__"], order_by=order),
            first__=ibis.row_number().over(group_by=table["deal__"], order_by=order) == 0,
        )
        changed = ~table["new__"].identical_to(table["old__"])
        kept = table.filter(changed | (table["first__"] & table["new__"].notnull()))
        parts.append(_event(kept, field, kept["old__"], kept["new__"]))
    return parts


def _log(rows: Rows, changes: ChangesRule, opening: Opening) -> list[ir.Table]:
    label = _first([str(changes.name)], rows, "the field's name")
    sides = {"new__": _first([str(changes.new)], rows, "the new value")}
    if changes.old is not None and (given := rows.find(changes.old)) is not None:
        sides["old__"] = given
    word = rows.text(label).lower()
    pairs = [(theirs.lower(), ours) for theirs, ours in changes.names.items()]
    table = rows.table.mutate(field__=word.cases(*pairs, else_=ibis.null("string")))
    table = table.filter(table["field__"].notnull())
    rows = replace(rows, table=table)
    fields = tuple(dict.fromkeys(changes.names.values()))
    none = ibis.null("string")
    own = {
        (side, field): (table["field__"] == field).ifelse(_ours(field, rows.text(column), changes), none)
        for side, column in sides.items()
        for field in fields
    }
    asked = {f"{side}{field}": (field, text) for (side, field), text in own.items()}
    ways = _ways(asked, table, f"{rows.file}, column {changes.new}", opening)
    table = table.mutate(
        **{
            side: ibis.coalesce(*[_plain(f, own[side, f], ways.get(f"{side}{f}"), opening.mapping) for f in fields])
            for side in sides
        }
    )
    if "old__" not in sides:
        groups, order = [table["deal__"], table["field__"]], [table["at__"], table["_row"]]
        table = table.mutate(old__=table["new__"].lag().over(group_by=groups, order_by=order))
    return [_event(table, table["field__"], table["old__"], table["new__"])]
