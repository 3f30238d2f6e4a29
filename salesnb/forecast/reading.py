"""Reading: a tidy table of many series, checked; what cannot be read is said with its rows, and nothing is guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from salesnb.errors import ContractError, PeriodError, did_you_mean
from salesnb.forecast.frequency import Dates, Frequency, Numbers
from salesnb.forecast.patterns import Floats
from salesnb.periods import Period

SUMS = ("sum", "mean", "last")
_OFFENDERS = 3
_ZONE = re.compile(r"(?<=\d)\s*(?:Z|[+-]\d\d:?\d\d)$")


@dataclass(frozen=True)
class Series:
    """One series on the steps of its frequency.

    Attributes
    ----------
    name
        Its id.
    freq, first
        The frequency, and the number of the first step.
    values
        One value a step; NaN where there is none.
    drivers, names
        One row a step, those ahead included, and a column a regressor; what the columns are.
    """

    name: str
    freq: Frequency
    first: int
    values: Floats
    drivers: Floats
    names: tuple[str, ...] = ()

    @property
    def steps(self) -> Numbers:
        """The number of every step, those ahead included."""
        return np.arange(self.first, self.first + len(self.drivers), dtype=np.int64)


def times(column: pd.Series[Any], where: str) -> Dates:
    """Return a column of dates, of whatever kind, as moments; of those with a zone their own clock's time is kept.

    Dates, time stamps of any unit, ISO texts (``2026-07-01``), names of periods (``2026-07``, ``2026Q3``, ``2026W31``)
    and years as whole numbers are read.

    Raises
    ------
    ContractError
        Some are none of these, or are missing; the first of them are told with their rows.
    """
    kind = str(column.dtype)
    if kind.startswith("datetime64"):
        moments = column.dt.tz_localize(None) if getattr(column.dt, "tz", None) is not None else column
    elif pd.api.types.is_integer_dtype(column):
        years = column.where(column.between(1900, 2999)) if column.notna().all() else column
        moments = pd.to_datetime(years.astype("Int64").astype("string"), format="%Y", errors="coerce")
    else:
        moments = pd.to_datetime(pd.Series([_moment(one) for one in column], index=column.index, dtype="object"),
                                 errors="coerce")  # fmt: skip
    bad = moments.isna().to_numpy()
    if bad.any():
        raise ContractError(
            f"{int(bad.sum())} of {len(column)} values are no date: {_first(column, bad)}", where=where,
            mend="write dates as 2026-07-01",
        )  # fmt: skip
    return np.asarray(moments.to_numpy().astype("datetime64[ns]"))


def _moment(value: Any) -> Any:
    """Return a date, a moment or the text of one as a moment without a zone; None where it is none."""
    if isinstance(value, str):
        text = _ZONE.sub("", value.strip())
        try:
            return pd.Timestamp(Period.parse(text).start)
        except PeriodError:
            pass
        if not re.match(r"\d{4}-\d\d-\d\d[T ]", text):
            return None
        try:
            return pd.Timestamp(text)
        except ValueError:
            return None
    if value is None or value is pd.NaT or isinstance(value, float | int):
        return None
    try:
        moment = pd.Timestamp(value)
    except (ValueError, TypeError):
        return None
    return moment.tz_localize(None) if moment.tzinfo is not None else moment


def amounts(column: pd.Series[Any], where: str) -> Floats:
    """Return a column of numbers; what is empty is NaN.

    Raises
    ------
    ContractError
        Some are texts or infinite; the first of them are told with their rows.
    """
    numbers = pd.to_numeric(column, errors="coerce")
    found = numbers.astype("float64").to_numpy(dtype=np.float64, na_value=np.nan)
    is_empty = column.isna().to_numpy() | np.array([isinstance(one, str) and not one.strip() for one in column])
    bad = (np.isnan(found) & ~is_empty) | np.isinf(found)
    if bad.any():
        raise ContractError(
            f"{int(bad.sum())} of {len(column)} values are no number: {_first(column, bad)}", where=where,
            mend="write numbers with a point and without a currency, and leave out what is not known",
        )  # fmt: skip
    return np.asarray(found, dtype=np.float64)


def _first(column: pd.Series[Any], bad: np.typing.NDArray[np.bool_]) -> str:
    rows = np.flatnonzero(bad)[:_OFFENDERS]
    return ", ".join(f"{str(column.iloc[row])[:40]!r} in row {row + 1}" for row in rows)


def read_series(
    frame: pd.DataFrame, *, id: str | None, time: str, value: str, horizon: int, freq: str | None = None,
    regressors: pd.DataFrame | None = None, together: str | None = None,
) -> list[Series]:  # fmt: skip
    """Read a tidy table as series.

    Parameters
    ----------
    frame
        One row a series and date.
    id, time, value
        The columns of ids, dates and values; without an id all rows are one series.
    horizon
        How many steps ahead will be asked for.
    freq
        The frequency; None: told by the gaps between dates.
    regressors
        A table with the column ``time``, with ``id`` where they differ by series, and one column a regressor, for all
        dates of the series and the steps ahead.
    together
        How rows of one series and step become one: ``sum``, ``mean`` or ``last``; None: they are refused.

    Returns
    -------
    list of Series
        By id, each from its first value to its last; steps without a row are NaN.

    Raises
    ------
    ContractError
        A column is not there, a date is no date or a value no number, ids are empty, rows are of one step, or
        regressors are missing.
    ParameterError
        The frequency is unknown, or cannot be told.
    """
    columns = {"id": id, "time": time, "value": value}
    for name in filter(None, columns.values()):
        if name not in frame.columns:
            known = [str(one) for one in frame.columns]
            raise ContractError(f"there is no column {name!r}", where="the table", mend=did_you_mean(name, known))
    if frame.empty:
        raise ContractError("the table has no row", where="the table", mend="give at least one row")
    dates, numbers = times(frame[time], f"column {time!r}"), amounts(frame[value], f"column {value!r}")
    names = pd.Series("all", index=frame.index) if id is None else frame[id]
    if names.isna().any():
        raise ContractError(
            f"{int(names.isna().sum())} rows have no id: {_first(names, names.isna().to_numpy())}",
            where=f"column {id!r}", mend="give each row the id of its series",
        )  # fmt: skip
    names = names.map(str)
    step = Frequency.parse(freq) if freq is not None else _told(names, dates)
    table = pd.DataFrame({"name": names.to_numpy(), "step": step.numbers(dates), "value": numbers})
    table = _one_a_step(table, together, time)
    extra = None if regressors is None else _drivers(regressors, id, time, step)
    return [_series(str(name), rows, step, horizon, extra) for name, rows in table.groupby("name", sort=True)]


def _told(names: pd.Series[Any], dates: Dates) -> Frequency:
    """Tell the frequency by the series with most rows."""
    longest = names.value_counts(sort=True).index[0]
    return Frequency.of(np.sort(dates[(names == longest).to_numpy()]))


def _one_a_step(table: pd.DataFrame, together: str | None, time: str) -> pd.DataFrame:
    again = table.duplicated(["name", "step"], keep=False)
    if again.any():
        if together is None:
            row = int(np.flatnonzero(again.to_numpy())[0])
            raise ContractError(
                f"{int(again.sum())} rows share their series and step: the first is row {row + 1}, of "
                f"{table['name'].iloc[row]!r}",
                where=f"column {time!r}", mend="give one row a step, or say how they become one: sum, mean or last",
            )  # fmt: skip
        grouped = table.groupby(["name", "step"], sort=False)["value"]
        made = grouped.sum(min_count=1) if together == "sum" else grouped.agg(together)
        table = made.reset_index()
    return table.sort_values(["name", "step"], ignore_index=True)


def _drivers(frame: pd.DataFrame, id: str | None, time: str, step: Frequency) -> pd.DataFrame:
    """Return regressors by name and step: the index ``name, step`` and one column each."""
    if time not in frame.columns:
        raise ContractError(
            f"the regressors have no column {time!r}", where="regressors", mend="name it as the table does"
        )
    of_series = id is not None and id in frame.columns
    columns = [str(one) for one in frame.columns if one not in (time, id)]
    made = pd.DataFrame({one: amounts(frame[one], f"regressor {one!r}") for one in columns})
    made["name"] = frame[id].map(str).to_numpy() if of_series and id is not None else ""
    made["step"] = step.numbers(times(frame[time], f"regressors, column {time!r}"))
    return made.groupby(["name", "step"])[columns].mean()


def _series(name: str, rows: pd.DataFrame, step: Frequency, horizon: int, extra: pd.DataFrame | None) -> Series:
    there = rows.dropna(subset=["value"])
    if there.empty:
        return Series(name, step, int(rows["step"].iloc[0]), np.array([]), np.empty((horizon, 0)))
    first, last = int(there["step"].iloc[0]), int(rows["step"].iloc[-1])
    values = np.full(last - first + 1, np.nan)
    values[there["step"].to_numpy() - first] = there["value"].to_numpy()
    steps = np.arange(first, last + 1 + horizon)
    if extra is None:
        return Series(name, step, first, values, np.empty((len(steps), 0)))
    names = extra.index.get_level_values("name")
    key = name if name in names else ""
    given = np.full((len(steps), extra.shape[1]), np.nan)
    if key in names:
        own: pd.DataFrame = extra.loc[[key]].droplevel("name")
        given = own.reindex(steps).to_numpy(dtype=np.float64)
    is_lacking = np.isnan(given).any(axis=1)
    if is_lacking.any():
        lacking = steps[is_lacking]
        dates = [str(one)[:10] for one in step.dates(lacking[:_OFFENDERS])]
        raise ContractError(
            f"regressors have no value at {len(lacking)} steps of {name!r}: {', '.join(dates)}", where="regressors",
            mend=f"give a row for every step of the series and the {horizon} ahead, or leave the column out",
        )  # fmt: skip
    return Series(name, step, first, values, given, tuple(map(str, extra.columns)))
