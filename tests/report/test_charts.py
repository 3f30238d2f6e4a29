"""Pictures of a scorecard: the title is the finding, every mark has its number, the alt text has them all."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from salesnb.analysis.scorecard import Scorecard
from salesnb.report import charts, style
from salesnb.report.canvas import Chart
from salesnb.report.dots import segments

SVG = "{http://www.w3.org/2000/svg}"
MINUS = "\N{MINUS SIGN}"


def words(chart: Chart) -> list[str]:
    """The texts of a picture, in order; the title's lines joined by the picture itself."""
    root = ET.fromstring(chart.svg)
    return ["".join(e.itertext()).replace("\N{NO-BREAK SPACE}", " ") for e in root.iter(f"{SVG}text")]


def test_the_trend_says_what_it_shows(behind: Scorecard) -> None:
    chart = charts.trend(behind)
    assert chart.title == (
        "Bookings are 300 USD in 2026Q3, down 25.0 % (100 USD) on 2026Q2, which chance alone could explain."
    )
    assert chart.alt == (
        f"{chart.title} USD per quarter · 2026Q1 to 2026Q3 · n = 9. 2026Q1 200; 2026Q2 400; 2026Q3 300."
    )
    shown = words(chart)
    for text in ("200", "400", "300", "2026Q1", "2026Q2", "2026Q3", "target", "450"):
        assert text in shown
    assert "pattern" not in chart.svg


def test_a_period_that_is_not_over_is_hatched_and_said(running: Scorecard) -> None:
    chart = charts.trend(running)
    assert "<pattern" in chart.svg
    assert "so far" in words(chart)
    assert "hatched: not over on 2026-08-15" in " ".join(words(chart))
    assert "2026Q3 300 so far" in chart.alt


def bars(chart: Chart, colour: str) -> list[tuple[float, float]]:
    """Bottom and top of each filled bar, in points from the top of the picture."""
    found = re.findall(rf'<path d="([^"]*)"[^>]*style="fill: {colour}[;"]', chart.svg)
    heights = [[float(y) for y in re.findall(r"[ML] [\d.]+ ([\d.]+)", path)] for path in found]
    return [(max(h), min(h)) for h in heights]


def test_bars_start_at_zero_and_are_as_long_as_their_numbers(behind: Scorecard) -> None:
    drawn = bars(charts.trend(behind), style.BLUE)
    assert len(drawn) == 3
    assert len({round(bottom, 1) for bottom, _ in drawn}) == 1
    lengths = [bottom - top for bottom, top in drawn]
    assert [length / lengths[0] for length in lengths] == pytest.approx([1, 400 / 200, 300 / 200], abs=0.01)


def test_a_rate_has_its_own_colour_and_unit(behind: Scorecard) -> None:
    chart = charts.trend(behind, "win_rate.closed")
    assert style.GREEN in chart.svg
    assert chart.title.startswith("Win rate is 37.5 % in 2026Q3, down 12.5 points on 2026Q2")
    assert "2026Q2 50.0 %" in chart.alt


def test_a_kpi_without_a_trend_is_an_error(behind: Scorecard) -> None:
    with pytest.raises(KeyError, match="nobody"):
        charts.trend(behind, "nobody.knows")


def test_a_value_that_is_not_there_is_said(behind: Scorecard) -> None:
    trend = behind.trend.copy()
    trend.loc[trend["period"] == "2026Q1", "value"] = float("nan")
    chart = charts.trend(replace(behind, trend=trend))
    assert "n/a" in words(chart)
    assert "2026Q1 " not in chart.alt.partition(". 2026Q2")[2]


def test_small_pictures_of_the_others(behind: Scorecard) -> None:
    chart = charts.trends(behind)
    shown = words(chart)
    for text in (
        "Quota attainment",
        "Win rate",
        "Average deal size",
        "Sales cycle",
        "Open pipeline",
        "37.5 %",
        "30 days",
    ):
        assert text in shown
    assert "None of" in chart.title
    assert "Win rate: 2026Q1 50.0 %; 2026Q2 50.0 %; 2026Q3 37.5 %." in chart.alt


def test_what_moved_the_amount(behind: Scorecard) -> None:
    chart = charts.bridge(behind)
    assert chart.title.startswith(f"Of the change of {MINUS}100 USD: win rate {MINUS}100")
    for text in ("Deals decided", "Win rate", "Deal size", f"{MINUS}100"):
        assert text in words(chart)
    assert f"Win rate {MINUS}100; Deal size 0." in chart.alt


def test_nothing_to_compare_with_is_said(empty: Scorecard) -> None:
    why = "There is nothing to report for 2027Q1: it has not begun, the data end on 2026-09-30."
    assert charts.bridge(empty).title == charts.trends(empty).alt == charts.trend(empty).alt == why


def test_segments_are_drawn_with_their_n_and_mark(unlike: Scorecard) -> None:
    chart = segments(unlike, "region")
    shown = words(chart)
    assert "25.0 % of 40 ▼ below" in shown
    assert "75.0 % of 40 ▲ above" in shown
    assert "all 50.0 %" in shown
    assert "5 $ <b>x</b> $" in shown
    assert "5 $ <b>x</b> $ (25.0 % of 40) below the rest" in chart.title
    assert "<b>" not in chart.svg


def test_segments_that_are_not_drawn_are_counted(unlike: Scorecard) -> None:
    chart = segments(unlike, "region", most=1)
    assert "1 more not drawn" in " ".join(words(chart))
    assert len([w for w in words(chart) if " of 40 ▼" in w or " of 40 ▲" in w]) == 1


def test_pictures_are_the_same_bytes(behind: Scorecard) -> None:
    assert charts.trend(behind).svg == charts.trend(behind).svg
    assert charts.trends(behind).svg == charts.trends(behind).svg
