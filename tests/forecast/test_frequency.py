"""Steps are numbered without a gap, and come back as the dates they were."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesnb.errors import ParameterError
from salesnb.forecast.frequency import Frequency

NAMES = [
    "h", "D", "W", "W-MON", "W-FRI", "MS", "ME", "QS", "QE", "QS-FEB", "QE-JAN", "YS", "YE", "YE-MAR", "YS-APR",
]  # fmt: skip


@given(st.sampled_from(NAMES), st.dates(pd.Timestamp("1950-01-01").date(), pd.Timestamp("2100-01-01").date()))
def test_as_pandas_has_them(name: str, start: object) -> None:
    dates = pd.date_range(str(start), periods=30, freq=name).to_numpy()
    step = Frequency.parse(name)
    numbers = step.numbers(dates)
    assert (np.diff(numbers) == 1).all()
    assert (step.dates(numbers) == dates).all()
    told = Frequency.of(dates)
    assert (told.unit, told.season) == (step.unit, step.season)
    assert (told.dates(told.numbers(dates)) == dates).all()


def test_any_day_of_a_step_is_in_it() -> None:
    days = pd.date_range("2024-01-01", "2024-03-31", freq="D").to_numpy()
    months = Frequency.parse("MS").numbers(days)
    assert [int((months == number).sum()) for number in np.unique(months)] == [31, 29, 31]
    weeks = Frequency.parse("W-FRI").numbers(days)
    assert set(np.unique(weeks, return_counts=True)[1][1:-1]) == {7}


@pytest.mark.parametrize("text", ["month", "", "X", "MS-JAN", "W-JAN", "DE", "Q-MON", "1D"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="no frequency") as caught:
        Frequency.parse(text)
    assert caught.value.mend


def test_what_cannot_be_told_is_refused() -> None:
    with pytest.raises(ParameterError, match="one date"):
        Frequency.of(np.array(["2024-01-01"], dtype="datetime64[ns]"))
    with pytest.raises(ParameterError, match=r"9\.5 days apart"):
        Frequency.of(np.array(["2024-01-01", "2024-01-12", "2024-01-20"], dtype="datetime64[ns]"))
