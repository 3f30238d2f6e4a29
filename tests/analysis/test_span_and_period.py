"""A KPI that is computed for many periods at once has in each the value that it has by itself."""

from __future__ import annotations

import math

import pytest

from salesnb.analysis import comparison
from salesnb.analysis.comparison import Values
from salesnb.data.load import open_book
from salesnb.kpis import registry
from salesnb.periods import Period

QUARTERS = (Period.parse("2026Q1"), Period.parse("2026Q2"), Period.parse("2026Q3"))
NUMBERS = ("value", "numerator", "denominator", "n", "low", "high")


@pytest.fixture(scope="module")
def sample():
    """The sample company, with what many KPIs stand on computed once."""
    return Values(open_book("sample")).book


@pytest.mark.parametrize("name", comparison._BY_DATE)
def test_a_quarter_of_a_span_has_the_value_of_the_quarter(sample, name: str) -> None:
    """Three quarters in one query, and each by itself: the same values, parts, rows counted and intervals."""
    values = Values(sample)
    values.prefetch(name, QUARTERS)
    # Not computed by itself after all: that would compare a value with itself.
    assert {key for key in values._frames if key[0] == name} == {(name, quarter, None) for quarter in QUARTERS}
    for quarter in QUARTERS:
        at_once, alone = values.one(name, quarter), registry.compute(sample, name, quarter).iloc[0]
        for number in NUMBERS:
            assert math.isclose(at_once[number], alone[number], rel_tol=1e-12) or (
                math.isnan(at_once[number]) and math.isnan(alone[number])
            ), f"{name} in {quarter}: {number} is {at_once[number]} of the span and {alone[number]} alone"
        assert at_once["status"] == alone["status"]
