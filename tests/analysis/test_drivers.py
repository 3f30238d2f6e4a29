"""Drivers: the parts sum to the change, exactly, whatever is nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesnb.analysis.drivers import COLUMNS, Level, bridge, total


def D(text: str) -> Decimal:  # noqa: N802
    return Decimal(text)


def test_one_factor_alone_explains_all() -> None:
    frame = bridge({"a": Level(10, 5, D("100"))}, {"a": Level(20, 10, D("200"))})
    assert frame.to_dict("records") == [
        {"segment": "a", "before": 100, "after": 200, "change": 100, "volume": 100, "rate": 0, "size": 0}
    ]
    rate = bridge({"a": Level(10, 5, D("100"))}, {"a": Level(10, 10, D("200"))}).iloc[0]
    assert (rate["volume"], rate["rate"], rate["size"]) == (0, 100, 0)
    size = bridge({"a": Level(10, 5, D("100"))}, {"a": Level(10, 5, D("150"))}).iloc[0]
    assert (size["volume"], size["rate"], size["size"]) == (0, 0, 50)


def test_two_factors_share_what_they_do_together() -> None:
    # 10 x 1/2 x 20 = 100 to 20 x 3/4 x 20 = 300. Volume first adds 10 x 1/2 x 20 = 100, last 10 x 3/4 x 20 = 150;
    # the rate first adds 10 x 1/4 x 20 = 50, last 20 x 1/4 x 20 = 100. Their averages:
    frame = bridge({"a": Level(10, 5, D("100"))}, {"a": Level(20, 15, D("300"))})
    assert frame.loc[0, "volume"] == (100 + 150) / 2
    assert frame.loc[0, "rate"] == (50 + 100) / 2
    assert frame.loc[0, "size"] == 0


def test_what_goes_from_nothing_does_so_by_volume_and_by_rate() -> None:
    frame = bridge({"b": Level(4, 0, D("0"))}, {"a": Level(3, 1, D("50")), "b": Level(4, 2, D("80"))}).set_index(
        "segment"
    )
    assert frame.loc["a", ["volume", "rate", "size"]].tolist() == [50, 0, 0]
    assert frame.loc["b", ["volume", "rate", "size"]].tolist() == [0, 80, 0]


def test_the_largest_change_comes_first_and_names_break_ties() -> None:
    before = {name: Level(1, 1, D("10")) for name in "abc"}
    after = {"a": Level(1, 1, D("11")), "b": Level(1, 1, D("5")), "c": Level(1, 1, D("15"))}
    assert bridge(before, after)["segment"].tolist() == ["b", "c", "a"]


def test_nothing_gives_an_empty_frame() -> None:
    frame = bridge({}, {})
    assert frame.empty
    assert tuple(frame.columns) == COLUMNS
    assert total(frame) == dict.fromkeys(COLUMNS[1:], D("0"))


levels = st.builds(
    lambda tried, share, cents: Level(
        tried, min(tried, share), Decimal(cents if min(tried, share) else 0) / 100
    ),
    st.integers(0, 50), st.integers(0, 50), st.integers(0, 10**9),
)  # fmt: skip
sides = st.dictionaries(st.sampled_from("abcd"), levels)


@given(sides, sides)
def test_parts_sum_to_the_change_to_the_cent(before: dict[str, Level], after: dict[str, Level]) -> None:
    frame = bridge(before, after)
    for row in frame.to_dict("records"):
        assert row["volume"] + row["rate"] + row["size"] == row["change"] == row["after"] - row["before"]
    sums = total(frame)
    assert sums["before"] == sum((level.amount for level in before.values()), D("0"))
    assert sums["volume"] + sums["rate"] + sums["size"] == sums["after"] - sums["before"]


@given(sides, sides)
def test_going_back_takes_away_what_going_forth_added(before: dict[str, Level], after: dict[str, Level]) -> None:
    forth = bridge(before, after).set_index("segment")
    back = bridge(after, before).set_index("segment")
    for segment in forth.index:
        for part in ("volume", "rate", "size"):
            assert float(forth.loc[segment, part]) == pytest.approx(-float(back.loc[segment, part]), abs=0.011)
