"""Columns into frames of the contract's types, and frames into the text that stands in a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from salesnb.data.contract import CONTRACT
from salesnb.data.sample.draws import NONE


def frame(table: str, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return a frame with every column of the contract.

    Parameters
    ----------
    columns
        Column name to values: days since 1970 for dates, seconds since 1970 for times, cents for money, ``NONE`` or
        ``None`` for null; columns left out are null.

    Returns
    -------
    pandas.DataFrame
        Text and choices as objects with ``None``; dates and times as ``datetime64[s]``; money in whole units as
        floats, exact to the cent; integers as ``Int64``; numbers as floats; yes and no as ``bool`` or objects.
    """
    contract = CONTRACT[table]
    size = len(next(iter(columns.values())))
    unknown = set(columns) - set(contract.names)
    if unknown:
        raise KeyError(f"{table} has no column {sorted(unknown)[0]!r}")
    found: dict[str, Any] = {}
    for column in contract.columns:
        values = columns.get(column.name)
        if column.kind in ("date", "time"):
            whole = np.full(size, NONE) if values is None else np.asarray(values, dtype=np.int64)
            step = whole.astype("datetime64[D]" if column.kind == "date" else "datetime64[s]")
            step[whole == NONE] = np.datetime64("NaT")
            found[column.name] = step.astype("datetime64[s]")
        elif column.kind == "money":
            whole = np.full(size, NONE) if values is None else np.asarray(values, dtype=np.int64)
            found[column.name] = np.where(whole == NONE, np.nan, whole / 100)
        elif column.kind == "number":
            found[column.name] = np.full(size, np.nan) if values is None else np.asarray(values, dtype=np.float64)
        elif column.kind == "integer":
            whole = np.full(size, NONE) if values is None else np.asarray(values, dtype=np.int64)
            found[column.name] = pd.array([None if v == NONE else v for v in whole.tolist()], dtype="Int64")
        elif values is None:
            found[column.name] = np.full(size, None, dtype=object)
        elif column.kind == "boolean":
            found[column.name] = np.asarray(values, dtype=bool)
        else:
            found[column.name] = np.asarray(values, dtype=object)
    return pd.DataFrame(found)


def text(table: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return a frame of the contract as text, blank for null: ISO dates, decimal point, two decimals of money."""
    found: dict[str, list[str]] = {}
    for column in CONTRACT[table].columns:
        values = rows[column.name]
        if column.kind in ("date", "time"):
            unit = "D" if column.kind == "date" else "s"
            written = np.datetime_as_string(values.to_numpy().astype(f"datetime64[{unit}]"))
            found[column.name] = ["" if value == "NaT" else value for value in written.tolist()]
        elif column.kind == "money":
            found[column.name] = ["" if value != value else f"{value:.2f}" for value in values.tolist()]
        elif column.kind == "number":
            found[column.name] = ["" if value != value else f"{value:.6g}" for value in values.tolist()]
        elif column.kind == "integer":
            found[column.name] = ["" if value is pd.NA else str(value) for value in values.tolist()]
        elif column.kind == "boolean":
            found[column.name] = ["" if value is None else "true" if value else "false" for value in values.tolist()]
        else:
            found[column.name] = ["" if value is None else value for value in values.tolist()]
    return pd.DataFrame(found, dtype=object)


def csv_bytes(rows: pd.DataFrame, cut: frozenset[int] = frozenset()) -> bytes:
    """Return a frame of text as the bytes of a CSV file: UTF-8, commas, one line feed a row.

    The rows numbered in ``cut``, the first being 1, lose their last field.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows.columns)
    records = zip(*(rows[name].tolist() for name in rows.columns), strict=True)
    if cut:
        writer.writerows(row[:-1] if number in cut else row for number, row in enumerate(records, start=1))
    else:
        writer.writerows(records)
    return out.getvalue().encode("utf-8")
