"""Tiles and headlines."""

from __future__ import annotations

from salesnb.analysis.scorecard import Scorecard
from salesnb.report.headlines import headlines
from salesnb.report.tiles import Face, row_of, tiles

NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"


def lines(card: Scorecard) -> dict[str, list[str]]:
    """Label to the other texts of its tile."""
    rows = [line.split(" | ") for line in tiles(card).text.splitlines()]
    return {row[0]: row[1:] for row in rows}


def test_a_tile_has_value_target_change_and_n(behind: Scorecard) -> None:
    assert lines(behind)["Bookings"] == [
        "300 USD", "Behind plan: 67 % of target 450 USD", f"▼ {MINUS}100 ({MINUS}25.0 %) on 2026Q2, may be chance",
        "n = 3",
    ]  # fmt: skip
    assert lines(behind)["Win rate"] == [
        "37.5 %", f"▼ {MINUS}12.5 points on 2026Q2, may be chance", "95% interval 13.7 to 69.4 %, n = 8",
    ]  # fmt: skip
    assert lines(behind)["Quota attainment"][1] == f"Behind plan: {MINUS}33.3 points to target 100.0 %, may be chance"
    assert lines(behind)["Sales cycle"][1].startswith("■ 0 days on 2026Q2")


def test_a_tile_of_a_period_that_is_not_over(running: Scorecard) -> None:
    assert lines(running)["Bookings"][:3] == [
        "300 USD", "target 450 USD, 67 % of it so far",
        f"▼ {MINUS}100 ({MINUS}25.0 %) on 2026Q2, same days, may be chance",
    ]  # fmt: skip
    assert "snb-tile-bad" not in tiles(running).html


def test_the_tone_says_what_the_words_say(behind: Scorecard, unlike: Scorecard) -> None:
    html = tiles(behind).html
    assert html.startswith('<ul class="snb-tiles" aria-label="Headline KPIs of 2026Q3">')
    assert '<li class="snb-tile snb-tile-bad"><p class="snb-label">Bookings</p><p class="snb-value">300 USD</p>' in html
    assert f'<p class="snb-line snb-bad">Behind plan: 67{NBSP}% of target 450 USD</p>' in html
    assert html.count("snb-tile-bad") == 2
    assert "snb-tile-bad" not in tiles(unlike).html


def test_no_tiles(empty: Scorecard) -> None:
    assert tiles(empty).html == '<p class="snb-empty">No headline KPI has a value in 2027Q1.</p>'


def test_headlines_are_a_list_and_escaped(unlike: Scorecard) -> None:
    shown = headlines(unlike)
    assert shown.html.startswith('<ul class="snb-headlines">\n<li>Bookings are 4.0')
    assert "<b>" not in shown.html
    assert "5 $ &lt;b&gt;x&lt;/b&gt; $" in shown.html
    assert shown.text.splitlines()[0].startswith("- Bookings are 4.0 k USD in 2026Q3")
    assert shown.alt == "Headlines"


def test_a_tile_opens_the_rows_behind_its_number() -> None:
    faces = [Face("Open", "12 & more", "", ["n = 3"], "open-worth"), Face("Other", "5", "", [])]
    html = row_of(faces, "Two", nothing="none").html
    assert '<a class="snb-opens" href="#snb-rows" data-rows="open-worth">12 &amp; more</a></p>' in html
    assert '<p class="snb-value">5</p>' in html
