"""The parts of a change sum to it, exact and as they are printed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from salesnb.analysis.restatement import PARTS, divided, rounded


def test_a_path_is_divided_into_steps_and_what_is_left_is_undivided() -> None:
    change, parts = divided(10, 22, [("definition", 13), ("data", 12), ("params", 12), ("code", 20)])
    assert change == 12 == 3 - 1 + 0 + 8 + 2
    assert parts == {"data": -1, "params": 0, "definition": 3, "code": 8, "undivided": 2}
    assert list(parts) == list(PARTS)


def test_two_steps_of_one_part_are_one_part() -> None:
    assert divided(1, 7, [("code", 3), ("data", 4), ("code", 7)])[1]["code"] == 2 + 3


@pytest.mark.parametrize(
    ("old", "new", "via"),
    [(0.1, 0.3, 0.2), (1e15 + 0.1, 1e15 + 0.3, 0.7), (-3.3, 1e-9, 2.2), (1 / 3, 2 / 3, 1e-7), (0.0, 0.0, 1.1)],
)
def test_parts_sum_in_decimals_and_as_floats_are_printed(old: float, new: float, via: float) -> None:
    change, parts = divided(old, new, [("code", via), ("data", new)])
    assert sum(parts.values()) == change
    assert sum(Decimal(repr(float(part))) for part in parts.values()) == Decimal(repr(float(change)))
    assert float(change) == pytest.approx(new - old, rel=1e-9, abs=1e-12 * max(abs(old), abs(new), abs(via)))


def test_dust_of_binary_fractions_is_nothing() -> None:
    assert divided(0.1 + 0.2, 0.3, [])[0] == 0


def test_the_largest_part_takes_the_rest_of_the_rounding() -> None:
    thirds = dict.fromkeys(("data", "params", "code"), Decimal("0.333"))
    change, parts = rounded(Decimal("0.999"), thirds, 1)
    assert (change, sorted(parts.values())) == (Decimal("1.0"), [Decimal("0.3"), Decimal("0.3"), Decimal("0.4")])
    assert rounded(Decimal("2"), {}, 0) == (2, {})
