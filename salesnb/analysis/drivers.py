"""Drivers: what moved an amount, as volume, rate and size, segment by segment; the parts sum exactly to the change.

A segment's amount is ``volume x rate x size``: deals decided x share of them won x mean amount of a won deal; or, of
orders, customers x orders per customer x mean amount of an order. How much of the change each factor explains is its
Shapley value: its effect averaged over all orders in which the factors can change one after the other, so that no
factor is favoured by coming first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from math import prod

import pandas as pd

from salesnb.analysis.calendar import Calendar
from salesnb.analysis.comparison import Values
from salesnb.periods import Period

BY = ("region", "team", "segment", "product")
COLUMNS = ("segment", "before", "after", "change", "volume", "rate", "size")


@dataclass(frozen=True)
class Level:
    """One segment in one period.

    Attributes
    ----------
    tried
        How many could have been sold to: deals decided, or customers.
    sold
        How many sales there were: deals won, or orders.
    amount
        Their amount, exact.
    """

    tried: int
    sold: int
    amount: Decimal


def bridge(before: dict[str, Level], after: dict[str, Level]) -> pd.DataFrame:
    """Split the change of an amount into volume, rate and size for each segment.

    Parameters
    ----------
    before, after
        Segment to its level in the two periods; a segment that is in one of them only had nothing in the other.

    Returns
    -------
    pandas.DataFrame
        ``segment, before, after, change, volume, rate, size``, money rounded to the cent so that
        ``volume + rate + size = change`` holds to the cent in every row; largest change first. Empty where both are.

    Notes
    -----
    A rate of nothing tried, and a size of nothing sold, is taken to be what it was in the other period, so that it
    explains nothing of the change: what goes from or to zero does so by volume (nothing tried) or by rate.
    """
    rows = []
    for segment in sorted({*before, *after}):
        was, now = (side.get(segment, Level(0, 0, Decimal(0))) for side in (before, after))
        parts = _shapley(*_factors(was, now))
        change = now.amount - was.amount
        rows.append((segment, was.amount, now.amount, change, *_to_cents(parts, change)))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    order = frame["change"].map(abs).sort_values(ascending=False, kind="stable").index
    return frame.loc[order].reset_index(drop=True)


def total(frame: pd.DataFrame) -> dict[str, Decimal]:
    """Sum a bridge over its segments: ``before, after, change, volume, rate, size``, exact."""
    return {name: sum(frame[name], Decimal(0)) for name in COLUMNS[1:]}


def _factors(was: Level, now: Level) -> tuple[list[Fraction], list[Fraction]]:
    def rate(level: Level) -> Fraction | None:
        return Fraction(level.sold, level.tried) if level.tried else None

    def size(level: Level) -> Fraction | None:
        return Fraction(level.amount) / level.sold if level.sold else None

    sides = []
    for level, other in ((was, now), (now, was)):
        known = [next((x for x in (of(level), of(other)) if x is not None), Fraction(0)) for of in (rate, size)]
        sides.append([Fraction(level.tried), *known])
    return sides[0], sides[1]


def _shapley(was: Sequence[Fraction], now: Sequence[Fraction]) -> list[Fraction]:
    parts = [Fraction(0)] * len(was)
    orders = list(permutations(range(len(was))))
    for order in orders:
        level = list(was)
        for factor in order:
            earlier = prod(level, start=Fraction(1))
            level[factor] = now[factor]
            parts[factor] += prod(level, start=Fraction(1)) - earlier
    return [part / len(orders) for part in parts]


def _to_cents(parts: Iterable[Fraction], change: Decimal) -> list[Decimal]:
    """Round to cents; what rounding leaves over goes to the largest part."""
    rounded = [Decimal(round(part * 100)) / 100 for part in parts]
    largest = max(range(len(rounded)), key=lambda i: abs(rounded[i]))
    rounded[largest] += change - sum(rounded, Decimal(0))
    return rounded


def moved(values: Values, calendar: Calendar, main: str) -> tuple[pd.DataFrame, str]:
    """Split the change of the amount sold since the previous period, by the first dimension that the rows carry.

    Parameters
    ----------
    values, calendar
        Where the numbers come from, and the periods to compare.
    main
        ``revenue.booked`` (deals decided, win rate, deal size) or ``revenue.net`` (orders and their size).

    Returns
    -------
    tuple
        The bridge, and the dimension; empty where there is nothing to compare with.
    """
    if calendar.coverage["previous"] == "none" or not calendar.has_begun:
        return bridge({}, {}), ""
    for by in (*BY, None):
        sides = [_levels(values, main, period, by) for period in (calendar.previous, calendar.period)]
        if all(side is not None for side in sides):
            return bridge(sides[0] or {}, sides[1] or {}), by or ""
    return bridge({}, {}), ""


def _levels(values: Values, main: str, period: Period, by: str | None) -> dict[str, Level] | None:
    tried = values.frame("win_rate.closed" if main == "revenue.booked" else "average_order_value.mean", period, by)
    sold = values.frame(main, period, by)
    if (tried["status"] == "needs").any() or (sold["status"] == "needs").any():
        return None
    amounts = {s or "all": v for s, v in zip(sold["segment"], sold["value"], strict=True) if v == v}
    counts = {
        s or "all": (a, b) for s, a, b in zip(tried["segment"], tried["numerator"], tried["denominator"], strict=True)
    }
    levels = {}
    for segment in {*amounts, *counts}:
        top, bottom = (0.0 if x != x else float(x) for x in counts.get(segment, (0.0, 0.0)))
        amount = Decimal(repr(round(float(amounts.get(segment, 0.0)), 4)))
        sales = int(bottom) if main == "revenue.net" else int(top)
        levels[str(segment)] = Level(max(int(bottom), int(amount != 0)), max(sales, int(amount != 0)), amount)
    return levels
