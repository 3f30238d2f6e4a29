"""How numbers are written."""

from __future__ import annotations

import datetime as dtm
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesnb import formats

MINUS = "\N{MINUS SIGN}"
NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (10_005_534, "10.0 M"),
        (1_234, "1.2 k"),
        (999.4, "999"),
        (999.96, "1.0 k"),
        (999_949, "999.9 k"),
        (999_950, "1.0 M"),
        (2.5e9, "2.5 B"),
        (57, "57"),
        (51.78, "51.8"),
        (0.4, "0.4"),
        (0, "0"),
        (-1_234, f"{MINUS}1.2 k"),
        (-0.01, "0"),
        (None, "n/a"),
        (math.nan, "n/a"),
        (math.inf, "n/a"),
    ],
)
def test_compact(value: float | None, text: str) -> None:
    assert formats.compact(value) == text


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [
        (8_100_000, "money", "8.1 M USD"),
        (Decimal("8100000.004"), "money", "8.1 M USD"),
        (48_487.55, "money_per_day", "48.5 k USD a day"),
        (0.631501, "ratio", "63.2 %"),
        (1.2, "ratio", "120.0 %"),
        (42.5, "percent", "42.5 %"),
        (-12.25, "points", f"{MINUS}12.2 points"),
        (57, "days", "57 days"),
        (1, "days", "1 day"),
        (39.5, "days", "39.5 days"),
        (4.26, "months", "4.3 months"),
        (1_196, "count", "1,196"),
        (12_345, "count", "12.3 k"),
        (2.345, "number", "2.35"),
        (23.45, "number", "23.4"),
        (None, "money", "n/a"),
        (math.nan, "ratio", "n/a"),
    ],
)
def test_a_value_is_written_in_its_unit(amount: float | None, unit: str, text: str) -> None:
    assert formats.value(amount, unit, "USD") == text


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [
        (0.0312, "ratio", "+3.1 points"),
        (-0.0312, "ratio", f"{MINUS}3.1 points"),
        (0.0, "ratio", "0.0 points"),
        (-0.0001, "ratio", "0.0 points"),
        (3.1, "percent", "+3.1 points"),
        (1_200_000, "money", "+1.2 M"),
        (-2, "days", f"{MINUS}2 days"),
        (12, "count", "+12"),
        (None, "count", "n/a"),
    ],
)
def test_a_change_has_its_sign(amount: float | None, unit: str, text: str) -> None:
    assert formats.change(amount, unit) == text


def test_a_relative_change_has_its_sign() -> None:
    assert [formats.relative(x) for x in (0.18, -0.06, 0.0, None)] == ["+18.0 %", f"{MINUS}6.0 %", "0.0 %", "n/a"]


def test_full_numbers() -> None:
    assert formats.exact(8800) == "8,800"
    assert formats.exact(None) == "n/a"
    assert formats.cents(Decimal("10005534"), "USD") == "10,005,534.00 USD"
    assert formats.cents(-0.125) == f"{MINUS}0.12"
    assert formats.cents(None) == "n/a"


@pytest.mark.parametrize(
    ("low", "high", "unit", "text"),
    [
        (0.61, 0.6529, "ratio", "61.0 to 65.3 %"),
        (37, 51, "days", "37 to 51 days"),
        (2_200, 2_500, "money", "2.2 k to 2.5 k"),
        (-1.5, 2.25, "points", f"{MINUS}1.5 to 2.2 points"),
        (math.nan, 1, "ratio", ""),
        (0.5, None, "ratio", ""),
    ],
)
def test_an_interval_names_its_unit_once(low: float, high: float | None, unit: str, text: str) -> None:
    assert formats.interval(low, high, unit) == text


def test_lists_and_plurals() -> None:
    assert formats.listed(["a"]) == "a"
    assert formats.listed(["a", "b"]) == "a and b"
    assert formats.listed(["a", "b", "c"]) == "a, b and c"
    assert formats.listed(list("abcdefg")) == "a, b, c, d and 3 more"
    assert formats.listed([]) == ""
    assert formats.plural(1, "deal") == "1 deal"
    assert formats.plural(1196, "deal") == "1,196 deals"
    assert formats.plural(2, "of them", "of these") == "2 of these"
    assert formats.day(dtm.date(2026, 9, 30)) == "2026-09-30"


def test_a_number_and_its_unit_are_not_torn_apart() -> None:
    text = "up 6.0 % to 2.8 M USD in 57 days, n = 12"
    assert formats.unbroken(text) == f"up 6.0{NBSP}% to 2.8{NBSP}M{NBSP}USD in 57{NBSP}days, n{NBSP}={NBSP}12"
    assert formats.unbroken("5 Million, 3 Berlin, 9 kinds") == "5 Million, 3 Berlin, 9 kinds"


@given(st.floats(min_value=-1e12, max_value=1e12, allow_nan=False))
def test_compact_keeps_the_number(value: float) -> None:
    text = formats.compact(value).replace(MINUS, "-")
    number, _, scale = text.partition(" ")
    read = float(number.replace(",", "")) * {"": 1.0, "k": 1e3, "M": 1e6, "B": 1e9}[scale]
    step = {"": 1.0, "k": 100.0, "M": 1e5, "B": 1e8}[scale]
    assert abs(read - value) <= step / 2 + 1e-6
