"""Offline: the controls of a plan for a published page, without a kernel: a packed grid, and a table for no scripts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from salesnb import formats
from salesnb.planning.grid import ERRORS, Grid, grid
from salesnb.planning.knobs import Knob, knobs
from salesnb.planning.plan import Plan
from salesnb.planning.quota import Quota
from salesnb.report.tables import Table, number, table, text

KIND = "application/vnd.salesnb.what-if+json"
"""The type of the output that a published page makes its controls of."""
VERSION = 1
_CHANCES = 10_000
_DIGITS = 6


@dataclass(frozen=True)
class Offline:
    """The controls of a published page.

    Attributes
    ----------
    content
        As JSON types: ``version, period, source, planned, currency, first, target, booked, knobs, axes, kinds, values,
        sides, work, teams, sellers, quotas, unit, errors, tried``. Numbers of the grid are whole: money in ``unit``,
        chances in ten thousandths, days as they are; joined by commas, where nothing between two commas is none.
    fallback
        What stands there without scripts: every knob turned alone.
    """

    content: Mapping[str, Any]
    fallback: Table

    @property
    def alt(self) -> str:
        """What it is."""
        return self.fallback.caption

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {KIND: dict(self.content), "text/html": self.fallback.html, "text/plain": self.fallback.text}


def offline(found: Quota) -> Offline | None:
    """Make the controls of a plan; None where nothing is planned or nothing is still ahead."""
    if found.capacity is None or found.day >= found.target.last_day:
        return None
    plan = found.capacity.plan
    turned = knobs(plan, found.capacity.assumptions)
    made = grid(plan, turned, found.seed)
    return Offline(packed(found, plan, made), turned_alone(plan, turned, made))


def packed(found: Quota, plan: Plan, made: Grid) -> dict[str, Any]:
    """Return a grid as JSON types: see :attr:`Offline.content`."""
    names = [name for name in made.kinds if not np.isnan(made.values[name]).all()]
    most = max(
        (float(np.nanmax(np.abs(made.values[name]))) for name in names if made.kinds[name] == "money"), default=1
    )
    unit = 10.0 ** max(math.ceil(math.log10(max(most, 1.0))) - _DIGITS - 1, -2)
    scales = {"money": unit, "chance": 1 / _CHANCES, "day": 1.0}

    def joined(values: Any, kind: str) -> str:
        return ",".join("" if math.isnan(one) else str(round(one / scales[kind])) for one in np.ravel(values).tolist())

    return {
        "version": VERSION,
        "period": str(found.period),
        "source": found.source,
        "planned": str(found.target),
        "currency": found.currency,
        "first": max(plan.period.start, plan.day + pd.Timedelta(days=1).to_pytimedelta()).isoformat(),
        "target": plan.target if plan.target > 0 else None,
        "booked": made.booked,
        "knobs": [_knob(one) for one in made.knobs],
        "axes": [{"name": one.name, "nodes": list(one.nodes)} for one in made.axes],
        "kinds": {name: made.kinds[name] for name in names},
        "values": {name: joined(made.values[name], made.kinds[name]) for name in names},
        "sides": [
            {"name": name, "axes": [{"name": one.name, "nodes": list(one.nodes)} for one in axes],
             "values": {each: joined(columns[each], made.kinds[each]) for each in names}}
            for name, (axes, columns) in made.sides.items()
        ],
        "work": ",".join(f"{one:.6f}" for one in made.work),
        "teams": list(made.teams),
        "sellers": list(made.sellers),
        "quotas": {name: list(values) for name, values in made.quotas.items()},
        "unit": unit,
        "errors": {name: float(value) for name, value in made.errors.items()},
        "tried": made.tried,
    }  # fmt: skip


def _knob(one: Knob) -> dict[str, Any]:
    return {"name": one.name, "title": one.title, "unit": one.unit, "base": one.base, "low": one.low, "high": one.high,
            "past": list(one.past)}  # fmt: skip


def turned_alone(plan: Plan, turned: Sequence[Knob], made: Grid) -> Table:
    """Make the table of every knob turned alone, at each of its nodes."""
    usual = made.at({}, ERRORS)
    rows = [{"knob": "As planned", "value": "", **usual}]
    for knob in turned:
        for node in knob.nodes:
            if node != knob.base:
                value = formats.value(node, knob.unit)
                rows.append({"knob": knob.title, "value": value, **made.at({knob.name: node}, ERRORS)})
    columns = {
        "knob": text("Changed"), "value": number("To", str), "chance": number("Chance of the target", formats.chance),
        "middle": number("Brings", lambda v: formats.money(v)),
        "hitting": number("Sellers at quota", lambda v: formats.share(v, 0)),
        "pay": number("Pay", lambda v: formats.money(v)),
    }  # fmt: skip
    for name in ("chance", "hitting", "pay"):
        if math.isnan(usual[name]):
            columns.pop(name)
    return table(
        pd.DataFrame(rows), columns, caption=f"What one change alone makes of {plan.period}.",
        note=f"In {plan.currency}. With the page's script there are controls here that turn several at once.",
    )  # fmt: skip
