"""What-ifs: the grid of a plan for a page's controls, checked as if a stranger had sent it.

Its shape is held to the letter, as that of rows is (:mod:`salesnb.run.rowsets`): the names, the types, the sizes, and
that every list is as long as its axes want. What comes out is a text for a block of data, which no browser runs.
"""

from __future__ import annotations

import datetime as dtm
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from salesnb.formats import visible
from salesnb.run.shapes import fields, items, text

KIND = "application/vnd.salesnb.what-if+json"
"""The type of the output; told again here, so that the process that makes pages loads no engine."""
BLOCK = "snb-what-if-data"
"""The id of the block of data in a page."""
PLACE = "snb-what-if"
"""The id of what the controls are put into."""
VERSION = 1
MOST_BYTES = 400_000
_FIELDS = (
    "version period source planned currency first target booked knobs axes kinds values sides work teams sellers quotas"
    " unit errors tried"
)
_KNOBS = ("win_rate", "created", "size", "hires", "quota", "cycle_days", "ramp_days", "attrition")
_UNITS = ("ratio", "days", "count")
_KINDS = ("money", "chance", "day")
_ERRORS = ("chance", "hitting", "middle", "pay", "reached")
_QUANTITY = re.compile(r"(?:[ts][0-9]{1,3}\.)?[a-z_]{1,12}", re.ASCII)
_NUMBERS = re.compile(r"(?:-?[0-9]{0,12})(?:,-?[0-9]{0,12})*", re.ASCII)
_SHARES = re.compile(r"(?:[01]\.[0-9]{6})?(?:,[01]\.[0-9]{6})*", re.ASCII)
_ESCAPED = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
_LONGEST, _MOST = 300, 500


def embedded(content: Any) -> str:
    """Return the grid as JSON for a block of data in a page.

    Parameters
    ----------
    content
        What an output of the type :data:`KIND` holds.

    Returns
    -------
    str
        JSON in which nothing hidden is left and no character stands that could end the block.

    Raises
    ------
    ValueError
        It has not the shape of a grid; the message says where, and none of its texts.
    """
    top = fields(content, _FIELDS, "the grid")
    if top["version"] != VERSION or isinstance(top["version"], bool):
        raise ValueError("the grid is of another version")
    dtm.date.fromisoformat(_text(top["first"], "the first day"))
    for name in ("booked", "unit"):
        _number(top[name], name)
    if top["target"] is not None:
        _number(top["target"], "the target")
    _number(top["tried"], "tried")
    made: dict[str, Any] = {
        name: visible(_text(top[name], name)) for name in ("period", "source", "planned", "currency", "first")
    }
    knobs = [_knob(one) for one in _list(top["knobs"], "the knobs")]
    kinds = top["kinds"]
    if not isinstance(kinds, dict) or not all(_QUANTITY.fullmatch(str(name)) for name in kinds) or len(kinds) > _MOST:
        raise ValueError("the quantities are not those that are known")
    if not set(kinds.values()) <= set(_KINDS):
        raise ValueError("a quantity is of a kind that is not known")
    axes, values = _valued({"axes": top["axes"], "values": top["values"]}, kinds, "the grid")
    sides = []
    for one in _list(top["sides"], "the sides"):
        side = fields(one, "name axes values", "a side")
        own, told = _valued(side, kinds, "a side")
        if side["name"] not in _KNOBS or not own or own[0]["name"] != side["name"]:
            raise ValueError("a side is of a knob that is not known")
        sides.append({"name": side["name"], "axes": own, "values": told})
    if not isinstance(top["work"], str) or not _SHARES.fullmatch(top["work"]):
        raise ValueError("the days ahead are no shares")
    quotas = fields(top["quotas"], "teams sellers hire hire_team", "the quotas")
    errors = fields(top["errors"], " ".join(_ERRORS), "the errors")
    made |= {
        "target": top["target"], "booked": top["booked"], "unit": top["unit"], "tried": top["tried"], "knobs": knobs,
        "axes": axes, "kinds": kinds, "values": values, "sides": sides, "work": top["work"],
        "teams": [visible(_text(one, "a team")) for one in _list(top["teams"], "the teams")],
        "sellers": [visible(_text(one, "a seller")) for one in _list(top["sellers"], "the sellers")],
        "quotas": {
            name: [_number(one, "a quota") for one in _list(each, "the quotas")] for name, each in quotas.items()
        },
        "errors": {name: _number(one, "an error") for name, one in errors.items()},
    }  # fmt: skip
    written = json.dumps(made, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_ESCAPED)
    if len(written.encode()) > MOST_BYTES:
        raise ValueError(f"the grid is larger than {MOST_BYTES:,d} bytes")
    return written


def _knob(value: Any) -> Mapping[str, Any]:
    given = fields(value, "name title unit base low high past", "a knob")
    if given["name"] not in _KNOBS or given["unit"] not in _UNITS:
        raise ValueError("a knob is not one that is known")
    for name in ("base", "low", "high"):
        _number(given[name], "a knob")
    if len([_number(one, "a knob") for one in _list(given["past"], "a knob")]) not in (0, 2):
        raise ValueError("a knob has a past that is no range")
    return {**given, "title": visible(_text(given["title"], "a knob"))}


def _valued(
    given: Mapping[str, Any], kinds: Mapping[str, Any], where: str
) -> tuple[Sequence[Mapping[str, Any]], Mapping[str, str]]:
    """Return axes and values, held to each other."""
    axes, n = [], 1
    for one in _list(given["axes"], where):
        axis = fields(one, "name nodes", where)
        nodes = [_number(node, where) for node in _list(axis["nodes"], where)]
        if axis["name"] not in _KNOBS or len(nodes) < 2 or nodes != sorted(set(nodes)):
            raise ValueError(f"an axis of {where} is not one that is known, or its nodes do not rise")
        axes.append({"name": axis["name"], "nodes": nodes})
        n *= len(nodes)
    values = given["values"]
    if not isinstance(values, dict) or set(values) != set(kinds):
        raise ValueError(f"{where} has not the values of its quantities")
    for packed in values.values():
        if not isinstance(packed, str) or not _NUMBERS.fullmatch(packed) or packed.count(",") != n - 1:
            raise ValueError(f"values of {where} are no numbers, or not as many as it has nodes")
    return axes, values


def _list(value: Any, where: str) -> Sequence[Any]:
    return items(value, _MOST, where)


def _text(value: Any, where: str) -> str:
    return text(value, _LONGEST, where)


def _number(value: Any, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{where} has no number")
    return value
