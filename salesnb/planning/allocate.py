"""Allocate: a target split among sellers, hand edits kept, and territories made even.

A split is exact: its parts sum to the target with what is assigned over it, to the cent, by the largest remainders.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal

import numpy as np
import pandas as pd

from salesnb.errors import ParameterError, did_you_mean

METHODS = ("evenly", "last_year", "trailing_year", "potential", "capacity")
"""By what a target can be split among sellers: the same for all, or in proportion to a column of that name."""
SEASON = "season"
"""By what a target can be split over months."""
_CENT = Decimal("0.01")
SPLIT = ("holder", "weight", "quota", "share", "is_edited")
MOVE = ("account_id", "territory", "to", "amount", "spread")


def split(
    target: Decimal, holders: pd.DataFrame, method: str = "evenly", *,
    edits: Mapping[str, Decimal] | None = None, over: float = 0.0,
) -> pd.DataFrame:  # fmt: skip
    """Split a target among holders.

    Parameters
    ----------
    target
        What all of it shall bring.
    holders
        One row a holder: ``holder``, ``share`` (of the period that they are there, 0 to 1; 1 where there is no such
        column) and the column that the method takes.
    method
        One of :data:`METHODS`, or :data:`SEASON` where holders are months. Who has nothing to go by, as a seller of
        last month by last year, gets the mean of the others; where nobody has, it is split evenly.
    edits
        Holder to a quota set by hand: it stays, and the others share what is left.
    over
        How much more than the target is assigned: 0.1 for a tenth.

    Returns
    -------
    pandas.DataFrame
        ``holder, weight, quota`` (Decimal) ``, share`` (of all that is assigned) ``, is_edited``, in the order given.

    Raises
    ------
    ParameterError
        The target is below 0, a method or a holder is not known, or what was set by hand is more than there is.
    """
    edits = dict(edits or {})
    if not target.is_finite() or target < 0:
        raise ParameterError(f"{target} is no target", where="target", mend="give an amount from 0 up")
    if method not in (*METHODS, SEASON):
        known = (*METHODS, SEASON)
        raise ParameterError(f"{method!r} is no way to split", where="method", mend=did_you_mean(method, known))
    names = [str(name) for name in holders["holder"]]
    for name, amount in edits.items():
        if name not in names:
            raise ParameterError(f"nobody is called {name!r}", where="edits", mend=did_you_mean(name, names))
        if not amount.is_finite() or amount < 0:
            raise ParameterError(f"{amount} is no quota", where=f"edits: {name}", mend="give an amount from 0 up")
    whole = (target * (1 + Decimal(str(over)))).quantize(_CENT)
    left = whole - sum(edits.values(), Decimal(0))
    free = np.array([name not in edits for name in names], dtype=bool)
    if left < 0 or (left > 0 and not free.any()):
        raise ParameterError(
            f"what is set by hand comes to {whole - left}, and {whole} is to be assigned", where="edits",
            mend="change the target or the edits, so that the others have a part",
        )  # fmt: skip
    weights = _weights(holders, method) * _shares(holders)
    parts = dict(zip(np.array(names)[free], _exactly(left, weights[free]), strict=True))
    quota = [edits[name] if name in edits else parts[name] for name in names]
    shares = [float(one / whole) if whole else 0.0 for one in quota]
    made = {"holder": names, "weight": weights, "quota": quota, "share": shares, "is_edited": ~free}
    return pd.DataFrame(made, columns=list(SPLIT))


def _weights(holders: pd.DataFrame, method: str) -> np.typing.NDArray[np.float64]:
    n = len(holders)
    if method == "evenly" or method not in holders:
        return np.ones(n)
    found = holders[method].astype("float64").to_numpy()
    known = np.isfinite(found) & (found > 0)
    if not known.any():
        return np.ones(n)
    return np.where(known, found, found[known].mean())


def _shares(holders: pd.DataFrame) -> np.typing.NDArray[np.float64]:
    if "share" not in holders:
        return np.ones(len(holders))
    return np.asarray(np.clip(holders["share"].astype("float64").fillna(1.0), 0.0, 1.0))


def _exactly(whole: Decimal, weights: np.typing.NDArray[np.float64]) -> list[Decimal]:
    """Split to the cent: each gets its part rounded down, and those with the largest rest a cent more."""
    total = sum((Decimal(repr(float(one))) for one in weights), Decimal(0))
    if not len(weights):
        return []
    if not total:
        weights, total = np.ones(len(weights)), Decimal(len(weights))
    ideal = [whole * Decimal(repr(float(one))) / total for one in weights]
    parts = [one.quantize(_CENT, ROUND_DOWN) for one in ideal]
    cents = int((whole - sum(parts, Decimal(0))) / _CENT)
    order = sorted(range(len(parts)), key=lambda place: (parts[place] - ideal[place], place))
    for place in order[:cents]:
        parts[place] += _CENT
    return parts


def balance(territories: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Sum a measure by territory, and say how far each is from an equal part.

    Parameters
    ----------
    territories
        One row an account: ``territory`` and the measure, as ``potential``, ``deals`` or ``revenue``.
    measure
        The column.

    Returns
    -------
    pandas.DataFrame
        ``territory, accounts, amount, off`` (the amount over an equal part, less 1), the largest first.
    """
    summed = territories.assign(amount=territories[measure].astype("float64").fillna(0.0)).groupby("territory")
    made = summed["amount"].agg(accounts="size", amount="sum").reset_index()
    mean = float(made["amount"].mean()) if len(made) else 0.0
    made["off"] = made["amount"] / mean - 1 if mean else np.nan
    return made.sort_values(["amount", "territory"], ascending=[False, True], ignore_index=True)


def spread(amounts: pd.Series[float]) -> float:
    """Return how uneven amounts are: the largest less the smallest, over the mean; NaN where that is not above 0."""
    mean = float(amounts.mean()) if len(amounts) else 0.0
    return float(amounts.max() - amounts.min()) / mean if mean > 0 else float("nan")


def moves(territories: pd.DataFrame, measure: str, most: int = 10) -> pd.DataFrame:
    """Say which accounts to move so that territories become even, the most useful first.

    Each move takes an account from the largest territory to the smallest, the one whose amount is nearest to half of
    what they differ by; it ends where no move makes the two more even.

    Parameters
    ----------
    territories, measure
        As for :func:`balance`, with ``account_id``.
    most
        How many moves at most.

    Returns
    -------
    pandas.DataFrame
        ``account_id, territory, to, amount, spread`` (what :func:`spread` is after the move).
    """
    rows = territories.assign(amount=territories[measure].astype("float64").fillna(0.0))
    rows = rows[["account_id", "territory", "amount"]].sort_values(["amount", "account_id"], ignore_index=True)
    made = []
    for _ in range(most):
        sums = rows.groupby("territory")["amount"].sum().sort_index()
        if len(sums) < 2:
            break
        high, low = str(sums.idxmax()), str(sums.idxmin())
        gap = float(sums[high] - sums[low])
        mine = rows[(rows["territory"] == high) & (rows["amount"] > 0) & (rows["amount"] < gap)]
        if mine.empty:
            break
        place = (mine["amount"] - gap / 2).abs().idxmin()
        rows.loc[place, "territory"] = low
        after = rows.groupby("territory")["amount"].sum()
        moved = rows.loc[place]
        made.append((moved["account_id"], high, low, float(moved["amount"]), spread(after)))
    return pd.DataFrame(made, columns=list(MOVE))
