"""The rows behind the numbers of a funnel's page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.analysis.behind import ID_OF, MOST, Behind, Thing, key, largest
from salesnb.kpis.dimensions import NONE

UNPLACED = "funnel-deals-unplaced"
_TITLES = {
    "reached": "Came to {0}",
    "passed": "Went on from {0}",
    "dropped": "Dropped out at {0}",
    "still": "Have not gone on from {0} yet",
}
_SHOWN: Mapping[Thing, tuple[str, ...]] = MappingProxyType(
    {"deal": tuple(_TITLES), "lead": ("reached", "passed", "still"), "visitor": ("reached", "passed")}
)
_FATES = {"passed": "went on", "dropped": "dropped out", "still": "not yet", "reached": "the last step"}
_EXTRAS: Mapping[str, str] = MappingProxyType({"came_on": "Came on", "days": "Days there", "ended": "Then"})


def of_steps(
    stays: ir.Table, steps: pd.DataFrame, topic: str, thing: Thing, repairs: pd.DataFrame | None = None
) -> Iterator[Behind]:
    """Tell the rows behind each step's counts and amounts; one query.

    Parameters
    ----------
    stays
        The stays at steps, with the id of the thing and ``value``.
    steps
        The numbers, one row a step.
    topic, thing
        What keys begin with, and what a row is.
    repairs
        What each step's repair is worth: the rows of :func:`salesnb.analysis.funnel_worth.repairs`; None where that is
        not asked.
    """
    if steps.empty:
        return
    none = _none(thing)
    worth = {} if repairs is None else {row["place"]: row for row in repairs.to_dict("records") if row["worth"] > 0}
    found = _held(stays, stays["place"].cast("string") + "-" + stays["fate"], thing)
    for step in steps.to_dict("records"):
        here = {fate: found.get(f"{step['place']}-{fate}", none) for fate in _FATES}
        some = [rows for rows in here.values() if len(rows)]
        together = pd.concat(some, ignore_index=True) if some else none
        rows = {
            "reached": together.sort_values("value", ascending=False, kind="stable", key=abs).head(MOST),
            **{fate: here[fate] for fate in ("passed", "dropped", "still")},
        }
        for name, title in _TITLES.items():
            n = int(step[name])
            if n and name in _SHOWN[thing]:
                yield Behind(
                    key(topic, step["place"], name), title.format(step["step"]), _columns(rows[name], 1, thing),
                    n, float(n), "count", thing, _EXTRAS,
                )  # fmt: skip
        if step["place"] in worth:
            told, dropped = worth[step["place"]], rows["dropped"]
            parts = dropped["value"].fillna(0.0) if told["is_money"] else 1.0 + 0 * dropped["value"].fillna(0.0)
            yield Behind(
                key(topic, step["place"], "worth"),
                f"What each deal that dropped out at {step['step']} adds to the repair's worth",
                _columns(dropped, (parts * told["each"]).to_numpy(), thing),
                int(step["dropped"]), float(told["worth"]), "money" if told["is_money"] else "count", thing, _EXTRAS,
            )  # fmt: skip


def unplaced(deals: ir.Table | None, outcomes: Mapping[str, float]) -> Iterator[Behind]:
    """Tell the deals that came to no stage that is known, with what they are worth.

    Parameters
    ----------
    deals
        Those deals, with ``value``; None where there are no deals at all.
    outcomes
        ``unplaced`` and ``unplaced_value``: how many there are, and what they are worth.
    """
    if deals is None or not outcomes["unplaced"]:
        return
    rows = deals.select(
        "opportunity_id", adds=deals["value"].cast("float64").fill_null(0.0), group=ibis.literal("unplaced")
    )
    shown = largest(rows, "group", "adds")[["opportunity_id", "adds"]]
    n, total = int(outcomes["unplaced"]), outcomes["unplaced_value"]
    yield Behind(UNPLACED, "Came to no stage that is known", shown, n, total, "money")


def of_segments(stays: ir.Table, segments: pd.DataFrame, base: str, thing: Thing) -> Iterator[Behind]:
    """Tell the rows behind each segment's rate: who went on or dropped out, or all who came; one query a dimension.

    Parameters
    ----------
    stays
        The stays at steps, with a column for each dimension.
    segments
        The numbers, with their ``key``.
    base
        ``decided`` or ``reached``: what the rates are of.
    thing
        What a row is.
    """
    none = _none(thing)
    for by, rows in segments.groupby("by", sort=False):
        kept = stays.filter(stays["fate"].isin(["passed", "dropped"])) if base == "decided" else stays
        label = kept[f"by_{by}"].fill_null(NONE)
        found = _held(kept, label + "\x1f" + kept["place"].cast("string"), thing)
        for row in rows.to_dict("records"):
            if not row["base"]:
                continue
            here = found.get(f"{row['segment']}\x1f{row['place']}", none)
            title = f"{row['segment']} at {row['step']}"
            yield Behind(
                row["key"], title, _columns(here, 1, thing), int(row["base"]), float(row["base"]), "count",
                thing, _EXTRAS,
            )  # fmt: skip
            if row.get("flag") == "below" and row["worth"] > 0:
                dropped = here[here["fate"] == "dropped"]
                amounts = dropped["value"].fillna(0.0).to_numpy() * row["each"]
                yield Behind(
                    f"{row['key']}-worth", f"What each deal that {title} lost adds to the repair's worth",
                    _columns(dropped, amounts, thing), int(row["dropped"]), float(row["worth"]), "money", thing,
                    _EXTRAS,
                )  # fmt: skip


def _held(stays: ir.Table, group: ir.Value, thing: Thing) -> dict[str, pd.DataFrame]:
    """Return the rows of each group, those of the largest amounts first."""
    rows = stays.select(ID_OF[thing], "came_on", "days", "fate", value=stays["value"].cast("float64"), group=group)
    frame = largest(rows, "group", "value")
    frame["ended"] = frame["fate"].map(_FATES)
    return {str(name): part for name, part in frame.groupby("group", sort=False)}


def _none(thing: Thing) -> pd.DataFrame:
    return pd.DataFrame(columns=[ID_OF[thing], "came_on", "days", "fate", "value", "group", "ended"]).astype(
        {"value": "float64", "days": "float64"}
    )


def _columns(rows: pd.DataFrame, adds: Any, thing: Thing) -> pd.DataFrame:
    names = (ID_OF[thing], *_EXTRAS)
    return pd.DataFrame(
        {names[0]: rows[names[0]].array, "adds": adds, **{name: rows[name].array for name in names[1:]}}
    )
