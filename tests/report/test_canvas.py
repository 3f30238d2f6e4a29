"""Pictures: described, themed, the same bytes each time."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from salesnb import formats
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain


def drawn(title: str = "Sales of 5 $ & more", alt: str = "Sales are 5.") -> Chart:
    with canvas(title, "USD, n = 2", height=1.0) as (figure, (ax,)):
        ax.bar([0, 1], [2, 3], color=style.BLUE, hatch="//")
        return finish(figure, title, alt)


def test_the_same_picture_is_the_same_bytes() -> None:
    assert drawn().svg == drawn().svg
    assert "<dc:date>" not in drawn().svg
    assert "matplotlib" not in drawn().svg.lower().replace("matplotlib.axis", "")


def test_it_is_svg_that_can_be_parsed_with_its_words_as_text() -> None:
    root = ET.fromstring(drawn().svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = [
        "".join(e.itertext()).replace("\N{NO-BREAK SPACE}", " ") for e in root.iter("{http://www.w3.org/2000/svg}text")
    ]
    assert "Sales of 5 $ & more" in words
    assert "USD, n = 2" in words


def test_ink_and_surface_follow_the_scheme() -> None:
    svg = drawn().svg
    for colours in (style.SURFACE, style.INK, style.MUTED):
        assert f", {colours['light']})" in svg
        assert colours["dark"] in svg
    assert f"fill: {style.SURFACE['light']}" not in svg
    assert "@media screen and (prefers-color-scheme:dark)" in svg


def test_the_alt_text_is_where_a_page_looks_for_it() -> None:
    content, metadata = drawn(alt="Five.")._repr_mimebundle_()
    assert set(content) == {"image/svg+xml", "text/plain"}
    assert content["text/plain"] == "Five."
    assert metadata == {"alt": "Five.", "image/svg+xml": {"alt": "Five."}}


def test_a_long_title_is_wrapped_and_the_picture_grows() -> None:
    short, long = drawn(), drawn("word " * 60)
    heights = [float(ET.fromstring(c.svg).attrib["height"].removesuffix("pt")) for c in (short, long)]
    assert heights[1] > heights[0] + 30


def test_a_dollar_begins_no_mathematics() -> None:
    assert plain("a $b$ c") == r"a \$b\$ c"


def test_nothing_of_matplotlibs_settings_is_left_changed() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    drawn()
    assert dict(mpl.rcParams) == before


def test_a_picture_never_opens_pyplot() -> None:
    import sys

    before = "matplotlib.pyplot" in sys.modules
    drawn()
    assert ("matplotlib.pyplot" in sys.modules) == before


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a & b", '"quoted"'])
def test_words_are_escaped(text: str) -> None:
    svg = drawn(text).svg
    assert "<script>" not in svg
    root = ET.fromstring(svg)
    assert text in ["".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize(
    "words",
    ["IP 12.34567", "fill: #ffffff", "font-family: Arial; sans", "<!-- a -->", "a <b> & 'c'", "$x^2$", r"\$5 and $6"],
)
def test_the_words_of_a_picture_stay_as_they_are(words: str) -> None:
    with canvas(words, "", height=1) as (figure, _):
        svg = finish(figure, words, words).svg
    assert [text.text for text in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")][-1] == words


def test_a_picture_can_be_read_whatever_its_words_hold() -> None:
    words = "bell\x07 over\u202eride half\ud800 no\uffff"
    with canvas(words, "", height=1) as (figure, _):
        svg = finish(figure, words, formats.visible(words)).svg
    texts = [text.text for text in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert texts[-1] == "bell\ufffd over\ufffdride half\ufffd no\ufffd"
