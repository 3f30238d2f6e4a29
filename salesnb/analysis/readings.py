"""Readings: the definitions of one name, their values, how far they are apart, and how their rows overlap."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from salesnb.analysis.counted import Counted
from salesnb.analysis.labels import label
from salesnb.kpis import registry

_NOUNS = {"opportunity_id": "deal", "order_line_id": "order line", "order_id": "order"}


def called(id: str) -> str:
    """Return the words that a KPI is known by, whatever its variant.

    Examples
    --------
    >>> called("win_rate"), called("time_to_close_days")
    ('Win rate', 'Time to close days')
    """
    default = registry.find(id)
    return label(default.name).removesuffix(f" ({default.variant.replace('_', ' ')})")


def values(counted: Counted, wanted: Mapping[str, registry.Kpi]) -> pd.DataFrame:
    """Return the definitions with their values: see :class:`salesnb.analysis.variants.Variants`."""
    frame = counted.records()
    names = [f"{id}.{variant}" for id, variant in zip(frame["id"], frame["variant"], strict=True)]
    entries = [wanted[name] for name in names]
    defaults = {entry.id: entry for entry in wanted.values() if entry.is_default}
    told = frame.assign(
        name=names,
        label=[label(name) for name in names],
        is_default=[entry.is_default for entry in entries],
        meaning=[entry.meaning for entry in entries],
        formula=[entry.formula for entry in entries],
        is_reading=[_is_reading(counted, entry, defaults[entry.id]) for entry in entries],
    )
    columns = ["id", "variant", "name", "label", "is_default", "meaning", "formula", "unit", "is_reading"]
    return told[[*columns, *(name for name in registry.COLUMNS[4:] if name != "unit")]]


def _is_reading(counted: Counted, entry: registry.Kpi, default: registry.Kpi) -> bool:
    """Tell whether a variant answers the default's question: one of nine deals in ten, or of losses, does not."""
    measure = counted.measures[entry.name]
    is_middle = measure.how != "quantile" or measure.q == 0.5
    return entry.unit == default.unit and entry.better == default.better and is_middle


def spreads(values: pd.DataFrame) -> pd.DataFrame:
    """Return how far the definitions of each KPI are apart, the widest first."""
    rows = []
    for id, found in values[values["is_reading"] & values["value"].notna()].groupby("id", sort=False):
        if len(found) > 1:
            low, high = found.loc[found["value"].idxmin()], found.loc[found["value"].idxmax()]
            default = found.loc[found["is_default"], "value"]
            rows.append(
                {
                    "id": id,
                    "label": called(str(id)),
                    "unit": low["unit"],
                    "default": registry.find(str(id)).variant,
                    "value": float(default.iloc[0]) if len(default) else math.nan,
                    "lowest": float(low["value"]),
                    "lowest_variant": low["variant"],
                    "highest": float(high["value"]),
                    "highest_variant": high["variant"],
                    "times": _times(float(low["value"]), float(high["value"])),
                }
            )
    columns = ["id", "label", "unit", "default", "value", "lowest", "lowest_variant", "highest", "highest_variant"]
    frame = pd.DataFrame(rows, columns=[*columns, "times"])
    return frame.sort_values("times", ascending=False, kind="stable", ignore_index=True)


def _times(low: float, high: float) -> float:
    return high / low if low > 0 else math.inf if low == 0 < high else math.nan


def pairs(counted: Counted, values: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return how the rows of each definition stand to its default's, and the rows that part them."""
    defaults = dict(zip(values.loc[values["is_default"], "id"], values.loc[values["is_default"], "name"], strict=True))
    n = dict(zip(values["name"], values["n"], strict=True))
    rows, asked = [], []
    for other in values.loc[~values["is_default"], "name"]:
        default = defaults.get(other.partition(".")[0])
        if default is None or not n[default] + n[other]:
            continue
        is_alike, key = counted.are_alike(default, other), counted.key(default)
        how = "alike" if is_alike else "rows" if key and key == counted.key(other) else "kinds"
        row = {"id": other.partition(".")[0], "default": default, "other": other, "noun": _NOUNS.get(key, "row")}
        rows.append(row | {"how": how, "shared": int(n[default]) if is_alike else 0})
        asked += [(default, other)] if how == "rows" else []
    sides = counted.sides(asked)
    sums = sides.groupby(["other", "side"])["rows"].sum()
    names = {"same": "shared", "otherwise": "otherwise", "default": "only_default", "other": "only_other"}
    for row in rows:
        for side, name in names.items():
            row[name] = row.get(name, 0) + int(sums.get((row["other"], side), 0))
    return pd.DataFrame(rows, columns=["id", "default", "other", "noun", "how", *names.values()]), sides


def stated(wanted: Mapping[str, registry.Kpi], known: Sequence[registry.Kpi]) -> pd.DataFrame:
    """List the definitions that have another name in the catalogue, or a source."""
    rows = []
    for name, entry in wanted.items():
        also = tuple(k.name for k in known if k.formula == entry.formula and k.id != entry.id)
        if also or entry.source:
            rows.append({"name": name, "formula": entry.formula, "also": also, "source": entry.source})
    return pd.DataFrame(rows, columns=["name", "formula", "also", "source"])
