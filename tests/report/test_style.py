"""Colours can be seen, and be told apart."""

from __future__ import annotations

from itertools import combinations

import pytest

from salesnb.report import style

MEASURES = sorted({style.measure_colour(name) for name in (
    "revenue", "win_rate", "average_deal_size", "sales_cycle_days", "pipeline_value", "gross_margin", "mrr", "unknown",
)})  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("colour", [*MEASURES, style.GOOD, style.BAD])
def test_marks_stand_out_from_the_surface(colour: str, scheme: str) -> None:
    assert style.contrast(colour, style.SURFACE[scheme]) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ink", [style.INK, style.MUTED])
def test_text_can_be_read(ink: dict[str, str], scheme: str) -> None:
    assert style.contrast(ink[scheme], style.SURFACE[scheme]) >= 4.5


def test_contrast_is_that_of_wcag() -> None:
    assert style.contrast("#ffffff", "#000000") == 21
    assert style.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert style.contrast("#ffffff", "#777777") == style.contrast("#777777", "#ffffff")


def as_seen(colour: str) -> tuple[float, ...]:
    """A colour as a person without red receptors sees it (Viénot, Brettel and Mollon 1999), in linear light."""
    linear = []
    for i in (1, 3, 5):
        c = int(colour[i : i + 2], 16) / 255
        linear.append(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
    red, green, blue = linear
    return (0.11238 * red + 0.88762 * green, 0.11238 * red + 0.88762 * green, 0.00401 * red - 0.00401 * green + blue)


@pytest.mark.parametrize(
    ("one", "other"), list(combinations([style.BLUE, style.VERMILION, style.GREEN, style.OCHRE], 2))
)
def test_the_main_colours_differ_without_red(one: str, other: str) -> None:
    seen, other_seen = as_seen(one), as_seen(other)
    assert sum((a - b) ** 2 for a, b in zip(seen, other_seen, strict=True)) ** 0.5 > 0.05


def test_a_measure_has_one_colour_whatever_its_variant() -> None:
    assert style.measure_colour("win_rate.closed") == style.measure_colour("win_rate") == style.GREEN
    assert style.measure_colour("nobody.knows") == style.GREY
