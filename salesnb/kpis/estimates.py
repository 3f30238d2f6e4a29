"""From the sums that a query gave to values, intervals, and the words that go with them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from salesnb.kpis import intervals

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
    frame = sums[["segment"]].copy()
    n = sums["n"].fillna(0)
    out = sums["left_out"].fillna(0) if left_out else 0 * n
    unknown = sums["unknown"].fillna(0) - out
    nothing = pd.Series(np.nan, index=sums.index)
    top, bottom = sums["numerator"], sums["denominator"]
    low, high = bounds if bounds is not None else (nothing.to_numpy(), nothing.to_numpy())
    if how in ("total", "count"):
        value = top = top.mask(n + unknown + out == 0, 0.0)
        bottom = nothing
    elif how == "quantile":
        value, top, bottom = sums["value"], nothing, nothing
    else:
        value = top / bottom.where(bottom != 0)
        if is_binary:
            low, high = intervals.wilson(top, n, confidence)
        elif how == "mean":
            low, high = intervals.mean_interval(value, sums["s_yy"], n, confidence)
        else:
            spread = (sums["s_yy"], sums["s_xx"], sums["s_xy"])
            low, high = intervals.ratio_interval(value, bottom / n.where(n > 0), spread, n, confidence)
    is_known = value.notna()
    frame["value"], frame["numerator"], frame["denominator"] = value, top, bottom
    frame["n"] = n.astype("int64")
    frame["low"], frame["high"] = np.where(is_known, low, np.nan), np.where(is_known, high, np.nan)
    frame["status"] = np.where(is_known, "ok", "na")
    counts = zip(n.astype(int), unknown.astype(int), out.astype(int), is_known, strict=True)
    frame["reason"] = [_told(*each, left_out) for each in counts]
    return frame


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
    found: Mapping[str, pd.DataFrame], additive: Collection[str], compute: Compute, *, is_quotient: bool
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
    names: list[Any] = list(dict.fromkeys(s for frame in found.values() for s in frame["segment"]))
    aligned = {name: frame.set_index("segment").reindex(names) for name, frame in found.items()}
    columns = {
        name: (f["value"].mask(f["n"].isna(), 0.0) if name in additive else f["value"]).to_numpy(dtype="float64")
        for name, f in aligned.items()
    }
    values = pd.DataFrame(columns)
    value = np.asarray(compute(values), dtype="float64")
    value = np.where(np.isfinite(value), value, np.nan)
    first = next(iter(aligned.values()))
    frame = pd.DataFrame({"segment": pd.Series(names, dtype=object), "value": value})
    frame["numerator"] = values.iloc[:, 0] if is_quotient else np.nan
    frame["denominator"] = values.iloc[:, 1] if is_quotient else np.nan
    frame["n"] = first["n"].fillna(0).astype("int64").to_numpy()
    frame["low"] = frame["high"] = np.nan
    frame["status"] = np.where(frame["value"].notna(), "ok", "na")
    reasons = pd.DataFrame({name: f["reason"].fillna("").to_numpy() for name, f in aligned.items()})
    frame["reason"] = [
        _why(values.iloc[i], reasons.iloc[i], is_quotient=is_quotient, is_known=bool(np.isfinite(v)))
        for i, v in enumerate(value)
    ]
    return frame


def _why(values: pd.Series[float], reasons: pd.Series[str], *, is_quotient: bool, is_known: bool) -> str:
    """Say what the reasons of the parts come to."""
    names = [str(name) for name in values.index]
    told = [
        f"{name}: {reason or 'no rows to count'}"
        for name, reason, value in zip(names, reasons, values, strict=True)
        if reason or np.isnan(value)
    ]
    if not is_known and is_quotient and values.notna().all():
        told.append(f"{names[1]} is {'zero' if values.iloc[1] == 0 else 'negative'}")
    elif not is_known and not told:
        told.append("cannot be computed from " + " and ".join(names))
    return "; ".join(told)


def from_estimator(found: pd.DataFrame) -> pd.DataFrame:
    """Complete what an estimator returned: ``segment, value, n`` and whatever else of :data:`COLUMNS` it has."""
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
