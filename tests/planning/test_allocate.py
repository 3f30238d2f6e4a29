"""Targets split to the cent, edits kept; territories made even."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesnb.errors import ParameterError
from salesnb.planning.allocate import balance, moves, split, spread

D = Decimal


def holders(*last: float | None, **columns: list) -> pd.DataFrame:
    names = [f"r{place}" for place in range(len(last))]
    return pd.DataFrame({"holder": names, "last_year": pd.array(last, dtype="Float64"), **columns})


def test_split_by_hand() -> None:
    even = split(D("100.00"), holders(1, 2, 3))
    assert even["quota"].tolist() == [D("33.34"), D("33.33"), D("33.33")]
    by_year = split(D(600), holders(1, 2, 3), "last_year")
    assert by_year["quota"].tolist() == [D(100), D(200), D(300)]
    assert by_year["share"].tolist() == pytest.approx([1 / 6, 1 / 3, 1 / 2])
    over = split(D(600), holders(1, 2, 3), "last_year", over=0.1)
    assert over["quota"].sum() == D(660)


def test_who_has_nothing_to_go_by_gets_the_mean() -> None:
    made = split(D(900), holders(100, None, 200), "last_year")
    assert made["quota"].tolist() == [D(200), D(300), D(400)]
    assert split(D(90), holders(None, None, 0), "last_year")["quota"].tolist() == [D(30)] * 3
    assert split(D(90), holders(1, 1, 1), "potential")["quota"].tolist() == [D(30)] * 3
    half = split(D(150), holders(1, 1, share=[1.0, 0.5]))
    assert half["quota"].tolist() == [D(100), D(50)]


def test_edits_stay_and_the_others_share_what_is_left() -> None:
    made = split(D(600), holders(1, 2, 3), "last_year", edits={"r2": D(150)})
    assert made["quota"].tolist() == [D(150), D(300), D(150)]
    assert made["is_edited"].tolist() == [False, False, True]
    for edits, told in (
        ({"r9": D(1)}, "nobody is called 'r9'"), ({"r0": D(700)}, "comes to 700"), ({"r0": D(-1)}, "is no quota"),
    ):  # fmt: skip
        with pytest.raises(ParameterError, match=told):
            split(D(600), holders(1, 2, 3), edits=edits)
    with pytest.raises(ParameterError, match="comes to 3"):
        split(D(600), holders(1, 2, 3), edits={"r0": D(1), "r1": D(1), "r2": D(1)})
    with pytest.raises(ParameterError, match="is no way to split"):
        split(D(600), holders(1), "evenlly")
    with pytest.raises(ParameterError, match="is no target"):
        split(D("NaN"), holders(1))


@given(
    st.decimals(0, 10**9, places=2), st.lists(st.floats(0, 1e6), min_size=1, max_size=30),
    st.floats(0, 0.5),
)  # fmt: skip
def test_parts_sum_to_the_cent(target: Decimal, last: list[float], over: float) -> None:
    made = split(target, holders(*last), "last_year", over=over)
    assert made["quota"].sum() == (target * (1 + D(str(over)))).quantize(D("0.01"))
    assert (made["quota"] >= 0).all()


def test_territories() -> None:
    rows = pd.DataFrame(
        {"account_id": list("abcdef"), "territory": ["n", "n", "n", "n", "s", "w"],
         "potential": [10.0, 20.0, 30.0, 40.0, 20.0, None]}
    )  # fmt: skip
    made = balance(rows, "potential")
    assert made["territory"].tolist() == ["n", "s", "w"]
    assert made["amount"].tolist() == [100, 20, 0]
    assert made["off"].tolist() == pytest.approx([1.5, -0.5, -1])
    found = moves(rows, "potential")
    assert found.iloc[0].tolist()[:4] == ["d", "n", "w", 40.0]
    assert found["spread"].is_monotonic_decreasing
    assert found["spread"].iloc[-1] < spread(made["amount"])
    assert moves(rows[rows["territory"] == "n"], "potential").empty
