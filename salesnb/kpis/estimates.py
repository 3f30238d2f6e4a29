"""From the sums that a query gave to values, intervals, and the words that go with them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesnb.kpis import intervals
from salesnb.kpis.dimensions import NONE

How = Literal["total", "count", "ratio", "mean", "quantile", "quotient", "formula", "estimate"]
Compute: TypeAlias = Callable[[pd.DataFrame], "pd.Series[float]"]
COLUMNS = ("segment", "value", "numerator", "denominator", "n", "low", "high", "status", "reason")


def from_sums(
    sums: pd.DataFrame, how: How, *, is_binary: bool, left_out: str, bounds: intervals.Bounds | None, confidence: float
) -> pd.DataFrame:
    """Turn one row of sums a segment into a value, its interval and its reason.

    Parameters
    ----------
    sums
        ``segment``; ``n`` (rows counted), ``unknown`` (rows not counted), ``numerator, denominator`` (their sums);
        ``s_yy, s_xx, s_xy`` (sample variances and covariance) for a mean or a ratio; ``value`` for a quantile;
        ``left_out`` (rows left out on purpose, among the unknown).
    left_out
        Why rows are left out.
    bounds
        The interval of a quantile.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`COLUMNS`, in the order of ``sums``.
    """
    return pd.DataFrame(
        columns_from_sums(
            {str(name): sums[name].to_numpy() for name in sums},
            how,
            is_binary=is_binary,
            left_out=left_out,
            bounds=bounds,
            confidence=confidence,
        )
    )


def columns_from_sums(
    columns: Mapping[str, NDArray[Any]],
    how: How,
    *,
    is_binary: bool,
    left_out: str,
    bounds: intervals.Bounds | None,
    confidence: float,
) -> dict[str, Any]:
    """Return the columns of :func:`from_sums` by name, from those of its sums.

    Parameters
    ----------
    columns
        The sums by name, a value a segment.
    how, is_binary, left_out, bounds, confidence
        As there.
    """
    n = np.nan_to_num(columns["n"])
    out = np.nan_to_num(columns["left_out"]) if left_out else 0 * n
    unknown = np.nan_to_num(columns["unknown"]) - out
    nothing = np.full(len(n), np.nan)
    top, bottom = columns["numerator"], columns["denominator"]
    low, high = bounds if bounds is not None else (nothing, nothing)
    if how in ("total", "count"):
        value = top = np.where(n + unknown + out == 0, 0.0, top)
        bottom = nothing
    elif how == "quantile":
        value, top, bottom = columns["value"], nothing, nothing
    else:
        value = top / np.where(bottom == 0, np.nan, bottom)
        if is_binary:
            low, high = intervals.wilson(top, n, confidence)
        elif how == "mean":
            low, high = intervals.mean_interval(value, columns["s_yy"], n, confidence)
        else:
            spread = (columns["s_yy"], columns["s_xx"], columns["s_xy"])
            low, high = intervals.ratio_interval(value, bottom / np.where(n > 0, n, np.nan), spread, n, confidence)
    is_known = ~np.isnan(value)
    counts = zip(n.astype(int), unknown.astype(int), out.astype(int), is_known, strict=True)
    return {
        "segment": columns["segment"].astype(object),
        "value": value,
        "numerator": top,
        "denominator": bottom,
        "n": n.astype("int64"),
        "low": np.where(is_known, low, np.nan),
        "high": np.where(is_known, high, np.nan),
        "status": np.where(is_known, "ok", "na").astype(object),
        "reason": [_told(*each, left_out) for each in counts],
    }


def _told(n: int, unknown: int, out: int, is_known: bool, left_out: str) -> str:
    """Say why there is no value, and which rows are not in it."""
    told = []
    if not is_known:
        told.append("the denominator sums to zero" if n else "no row has a value" if unknown else "no rows to count")
    if unknown and n:
        told.append(f"{unknown} of {n + unknown} rows have no value")
    if out:
        told.append(f"{out} left out: {left_out}")
    return "; ".join(told)


def from_parts(
    found: Mapping[str, pd.DataFrame],
    additive: Collection[str],
    compute: Compute,
    *,
    is_quotient: bool,
) -> pd.DataFrame:
    """Line up the values of several measures by segment and compute one from them.

    Parameters
    ----------
    found
        Each part's frame, as :func:`from_sums` returns it.
    additive
        The parts that are 0 in a segment where they have no rows; the others are NaN there.
    compute
        From a frame of the parts' values, one column a part, to the values; NaN and infinite ones are "na".
    is_quotient
        Whether the first two parts are the numerator and the denominator.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`COLUMNS`, one row a segment of any part; ``n`` is the first part's.
    """
    return pd.DataFrame(columns_from_parts(found, additive, compute, is_quotient=is_quotient))


def columns_from_parts(
    found: Mapping[str, Mapping[str, Any] | pd.DataFrame],
    additive: Collection[str],
    compute: Compute,
    *,
    is_quotient: bool,
) -> dict[str, Any]:
    """Return the columns of :func:`from_parts` by name, from those of its parts.

    Parameters
    ----------
    found
        The columns of each part, by its name.
    additive, compute, is_quotient
        As there.
    """
    names: list[Any] = list(dict.fromkeys(s for frame in found.values() for s in frame["segment"]))
    numbers: dict[str, NDArray[np.float64]] = {}
    reasons: dict[str, list[str]] = {}
    counts: list[dict[Any, int]] = []
    for name, frame in found.items():
        segments = list(frame["segment"])
        known = dict(zip(segments, frame["value"], strict=True))
        nothing = 0.0 if name in additive else np.nan
        numbers[name] = np.array([known.get(segment, nothing) for segment in names], dtype="float64")
        told = dict(zip(segments, frame["reason"], strict=True))
        reasons[name] = [str(told.get(segment, "")) for segment in names]
        counts.append(dict(zip(segments, frame["n"], strict=True)))
    values = pd.DataFrame(numbers)
    value = np.asarray(compute(values), dtype="float64")
    value = np.where(np.isfinite(value), value, np.nan)
    empty = np.full(len(names), np.nan)
    tops = list(numbers.values())
    is_known = np.isfinite(value)
    return {
        "segment": np.array([*names, None], dtype=object)[:-1],
        "value": value,
        "numerator": tops[0] if is_quotient else empty,
        "denominator": tops[1] if is_quotient else empty,
        "n": np.array([counts[0].get(segment, 0) for segment in names], dtype="int64"),
        "low": empty,
        "high": empty,
        "status": np.where(is_known, "ok", "na").astype(object),
        "reason": [
            _why(
                {name: float(numbers[name][i]) for name in numbers},
                {name: reasons[name][i] for name in numbers},
                is_quotient=is_quotient,
                is_known=bool(is_known[i]),
            )
            for i in range(len(names))
        ],
    }


def _why(values: Mapping[str, float], reasons: Mapping[str, str], *, is_quotient: bool, is_known: bool) -> str:
    """Say what the reasons of the parts come to."""
    names = list(values)
    told = [
        f"{name}: {reasons[name] or 'no rows to count'}" for name in names if reasons[name] or np.isnan(values[name])
    ]
    if not is_known and is_quotient and not any(np.isnan(value) for value in values.values()):
        told.append(f"{names[1]} is {'zero' if values[names[1]] == 0 else 'negative'}")
    elif not is_known and not told:
        told.append("cannot be computed from " + " and ".join(names))
    return "; ".join(told)


def from_estimator(found: pd.DataFrame, *, is_whole: bool = False) -> pd.DataFrame:
    """Complete what an estimator returned: ``segment, value, n`` and whatever else of :data:`COLUMNS` it has."""
    if is_whole and found.empty:
        found = pd.DataFrame([{"value": np.nan, "n": 0}])
    frame = found.reindex(columns=list(COLUMNS)).reset_index(drop=True)
    floats = ["value", "numerator", "denominator", "low", "high"]
    frame[floats] = frame[floats].astype("float64")
    frame["n"] = frame["n"].fillna(0).astype("int64")
    is_known = frame["value"].notna()
    frame["status"] = np.where(is_known, "ok", "na")
    untold = np.where(frame["n"] == 0, "no rows to count", "cannot be estimated from these rows")
    told = frame["reason"].fillna("")
    frame["reason"] = np.where((told == "") & ~is_known, untold, told)
    return frame


def framed(columns: Mapping[str, Any], *, is_whole: bool) -> pd.DataFrame:
    """Return :data:`COLUMNS` as a frame in the order of the segments' names, ``"(none)"`` last; the whole has none."""
    segments = [None] * len(columns["n"]) if is_whole else list(columns["segment"])
    frame = pd.DataFrame({name: segments if name == "segment" else columns[name] for name in COLUMNS})
    order = sorted(range(len(segments)), key=lambda i: (segments[i] == NONE, str(segments[i])))
    return frame if order == list(range(len(segments))) else frame.iloc[order].reset_index(drop=True)
