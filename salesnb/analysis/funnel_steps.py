"""Steps: what went on at each step of a funnel, as rates with intervals and days, for all and by segment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from salesnb.analysis.apart import FEWEST, exact_p
from salesnb.data.book import Book
from salesnb.kpis.answers import columns_over
from salesnb.kpis.dimensions import NONE
from salesnb.kpis.incidence import Curve, aalen_johansen
from salesnb.kpis.intervals import benjamini_hochberg, wilson

Base: TypeAlias = Literal["decided", "reached"]
"""What a rate is of: those who went on or dropped out, or all who reached the step, so far."""
FATES = ("passed", "dropped", "still", "reached")
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
DAYS = tuple(f"p{round(100 * q)}_days" for q in QUANTILES)
COLUMNS = (
    "place", "step", "reached", "entered", "from_start", "passed", "dropped", "still", "value_reached",
    "value_passed", "value_dropped", "value_still", "no_value", "weight", "base", "rate", "low", "high", "from_first",
    *DAYS, "undecided",
)  # fmt: skip
_SUMS = ("n", "entered", "from_start", "value", "squares", "no_value")
Cell: TypeAlias = dict[str, list[tuple[float, ...]]]
"""Of one step: fate to its rows, each days and the sums of :data:`_SUMS`."""


def counted(book: Book, stays: ir.Table, by: str | None) -> pd.DataFrame:
    """Count the stays at steps by segment, place, fate and days, in one query.

    Parameters
    ----------
    stays
        As of :func:`salesnb.kpis.funnels_stints.stints`, with ``entry`` and a number ``value``.
    by
        The column of the segments; one segment, ``""``, where it is None.

    Returns
    -------
    pandas.DataFrame
        ``segment, place, fate, days, n, entered, from_start, value, squares`` (of the values) ``, no_value``.
    """
    rows = stays.select("place", "fate", "days", "entry", "value", segment=stays[by] if by else ibis.literal(""))
    found = pd.DataFrame(columns_over(book, rows, lambda rows, _: _summed(rows), "stays counted"), dtype=object)
    found["segment"] = found["segment"].fillna(NONE).astype(str)
    for name in ("value", "squares"):
        found[name] = found[name].astype("float64").fillna(0.0)
    found["days"] = found["days"].astype("float64")
    whole = dict.fromkeys(("place", "n", "entered", "from_start", "no_value"), "int64")
    return found.astype(whole).sort_values(["segment", "place", "fate", "days"], ignore_index=True)


def _summed(rows: ir.Table) -> ir.Table:
    return rows.group_by("segment", "place", "fate", "days").aggregate(
        n=rows.count(),
        entered=(rows["entry"] == rows["place"]).cast("int32").sum(),
        from_start=(rows["entry"] == 0).cast("int32").sum(),
        value=rows["value"].sum(),
        squares=rows["value"].cast("float64").pow(2).sum(),
        no_value=rows["value"].isnull().cast("int32").sum(),
    )


def of_steps(counts: pd.DataFrame, names: Sequence[str], base: Base, confidence: float) -> pd.DataFrame:
    """Turn counts, of all segments together, into one row a step.

    Parameters
    ----------
    counts
        Rows of :func:`counted`.
    names
        The steps.
    base
        What the rate of going on is of.
    confidence
        The level of Wilson's intervals.

    Returns
    -------
    pandas.DataFrame
        ``place, step, reached, entered, from_start, passed, dropped, still, value_*, no_value, weight`` (of how many
        equal deals the money decided is worth: the square of its sum over the sum of its squares), ``base`` (what the
        rate is of), ``rate, low, high, from_first, p10_days ... p90_days`` (days to the next step, of those who go on:
        from the Aalen-Johansen curve, in which who is still there counts for as long as they were watched),
        ``undecided`` (the share that this curve leaves open).
    """
    cells = _cells(counts.assign(segment=""))
    rows = _rows({place: cells.get(("", place), {}) for place in range(len(names))}, names, base, confidence)
    for row in rows[:-1]:
        row.update(_days(cells.get(("", row["place"]), {})))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _cells(counts: pd.DataFrame) -> dict[tuple[str, int], Cell]:
    cells: dict[tuple[str, int], Cell] = {}
    columns = [counts[name].tolist() for name in ("segment", "place", "fate", "days", *_SUMS)]
    for segment, place, fate, *numbers in zip(*columns, strict=True):
        cells.setdefault((segment, place), {}).setdefault(fate, []).append(tuple(numbers))
    return cells


def _rows(cells: dict[int, Cell], names: Sequence[str], base: Base, confidence: float) -> list[dict[str, Any]]:
    """Return a row a step of one segment, without the days."""
    rows: list[dict[str, Any]] = []
    for place, step in enumerate(names):
        sums = {
            fate: [sum(c) for c in zip(*(r[1:] for r in cells[place].get(fate, [])), strict=True)] for fate in FATES
        }
        of = {fate: dict(zip(_SUMS, found or [0] * len(_SUMS), strict=True)) for fate, found in sums.items()}
        whole = {name: sum(each[name] for each in of.values()) for name in _SUMS}
        decided = [of[fate] for fate in ("passed", "dropped")]
        n = sum(each["n"] for each in decided) if base == "decided" else whole["n"]
        n = 0 if place == len(names) - 1 else n
        squares = sum(each["squares"] for each in decided)
        begun = rows[0]["from_start"] if rows else whole["from_start"]
        rows.append(
            {
                "place": place,
                "step": step,
                "reached": int(whole["n"]),
                "entered": int(whole["entered"]),
                "from_start": int(whole["from_start"]),
                **{fate: int(of[fate]["n"]) for fate in FATES[:3]},
                "value_reached": whole["value"],
                **{f"value_{fate}": float(of[fate]["value"]) for fate in FATES[:3]},
                "no_value": int(whole["no_value"]),
                "weight": sum(each["value"] for each in decided) ** 2 / squares if squares else 0.0,
                "base": int(n),
                "rate": of["passed"]["n"] / n if n else math.nan,
                "from_first": whole["from_start"] / begun if begun else math.nan,
            }
        )
    low, high = wilson([row["passed"] for row in rows], [row["base"] for row in rows], confidence)
    for row, left, right in zip(rows, low.tolist(), high.tolist(), strict=True):
        row["low"], row["high"] = left, right
    return rows


def _curve(cell: Cell) -> Curve:
    """Return the curve of going on by the days since coming, dropping out being its competing event."""
    days: dict[float, list[float]] = {}
    for place, fate in enumerate(FATES[:3]):
        for row in cell.get(fate, []):
            days.setdefault(row[0], [0.0, 0.0, 0.0])[place] += row[1]
    table = np.array([(day, *counts) for day, counts in days.items()], dtype=float).reshape(-1, 4)
    return aalen_johansen(*table.T)


def _days(cell: Cell) -> dict[str, float]:
    """Return the quantiles of the days to the next step among those who go on, censoring taken into account."""
    curve = _curve(cell)
    if not curve.n or not curve.final > 0:
        return dict.fromkeys((*DAYS, "undecided"), math.nan)
    places = np.searchsorted(curve.won, [q * curve.final - 1e-12 for q in QUANTILES])
    return {**dict(zip(DAYS, curve.days[places].tolist(), strict=True)), "undecided": max(curve.undecided, 0.0)}


def of_segments(counts: pd.DataFrame, by: str, names: Sequence[str], base: Base, confidence: float) -> pd.DataFrame:
    """Return the steps of each segment, with the p-value that it goes on as the other segments do.

    Parameters
    ----------
    counts
        Rows of :func:`counted`, by the segments of one dimension.
    by
        The dimension.
    names, base, confidence
        As for :func:`of_steps`.

    Returns
    -------
    pandas.DataFrame
        ``by, segment``, the columns of :func:`of_steps` (no days), ``rest`` (the rate of the others that have a name)
        and ``p`` (Fisher's exact test against them; NaN for what has no name, fewer than ten, or no others). The last
        step is left out.
    """
    cells = _cells(counts)
    rows: list[dict[str, Any]] = []
    for segment in sorted({segment for segment, _ in cells}):
        mine = {place: cells.get((segment, place), {}) for place in range(len(names))}
        rows += [{"by": by, "segment": segment, **row} for row in _rows(mine, names, base, confidence)[:-1]]
    for place in range(len(names) - 1):
        here = [row for row in rows if row["place"] == place]
        for row in here:
            rest = [other for other in here if other is not row and other["segment"] != NONE]
            went, others = sum(other["passed"] for other in rest), sum(other["base"] for other in rest)
            row["rest"] = went / others if others else math.nan
            is_told = row["segment"] != NONE and row["base"] >= FEWEST and others >= FEWEST
            both = (went + row["passed"], others + row["base"])
            row["p"] = exact_p(row["passed"], row["base"], *both) if is_told else math.nan
    return pd.DataFrame(rows, columns=["by", "segment", *COLUMNS, "rest", "p"])


def marked(found: pd.DataFrame, false_share: float) -> pd.DataFrame:
    """Mark the segments that differ: ``q``, and ``flag``: ``above``, ``below``, ``few``, or empty: not told apart.

    All steps and dimensions of a page are one family of looks (Benjamini and Hochberg).
    """
    if found.empty:
        return found.assign(q=[], flag=[])
    found = found.assign(q=benjamini_hochberg(found["p"].to_numpy(dtype=float)))

    def flag(row: dict[str, Any]) -> str:
        if row["base"] < FEWEST:
            return "few" if row["base"] else ""
        if not row["q"] <= false_share:
            return ""
        return "above" if row["rate"] > row["rest"] else "below"

    return found.assign(flag=[flag({str(k): v for k, v in row.items()}) for row in found.to_dict("records")])
