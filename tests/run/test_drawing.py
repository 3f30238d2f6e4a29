"""A drawing can only be looked at."""

from __future__ import annotations

import pytest

from salesnb.run.drawing import clean, size

NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def test_shapes_styles_and_inner_references_stay() -> None:
    inner = (
        "<style>:root{--i:#111}@media screen and (prefers-color-scheme:dark){:root{--i:#eee}}</style>"
        '<defs><clipPath id="c"><rect width="9" height="9" /></clipPath></defs>'
        '<g clip-path="url(#c)"><use xlink:href="#c" x="1" /><path d="M0 0L9 9" style="fill: var(--i, #111)" /></g>'
    )
    assert clean(f'<svg {NS} viewBox="0 0 9 9">{inner}</svg>') == f'<svg {NS} viewBox="0 0 9 9">{inner}</svg>'


@pytest.mark.parametrize(
    "inner",
    [
        "<script>alert(1)</script>",
        '<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject>',
        '<image href="https://evil.example/x.png" />',
        '<a href="javascript:alert(1)"><text>x</text></a>',
        '<style>@import "https://evil.example/x.css";</style>',
        "<style>a{background:url(https://evil.example)}</style>",
        '<animate attributeName="href" to="javascript:alert(1)" />',
        '<h:script xmlns:h="http://www.w3.org/1999/xhtml">alert(1)</h:script>',
        "<!-- a comment -->",
    ],
)
def test_what_acts_or_reaches_out_goes(inner: str) -> None:
    cleaned = clean(f"<svg {NS}>{inner}<rect /></svg>")
    assert cleaned == '<svg xmlns="http://www.w3.org/2000/svg"><rect /></svg>'


@pytest.mark.parametrize(
    "attribute",
    [
        'onload="alert(1)"',
        'ONCLICK="alert(1)"',
        'href="https://evil.example"',
        'xlink:href="https://evil.example/x.svg#a"',
        'fill="url(https://evil.example/x.svg#a)"',
        'style="fill:url(//evil.example)"',
        'style="background:\\75rl(//evil.example)"',
    ],
)
def test_an_attribute_that_acts_or_reaches_out_goes(attribute: str) -> None:
    cleaned = clean(f"<svg {NS}><rect {attribute} x='1' /></svg>")
    assert cleaned == '<svg xmlns="http://www.w3.org/2000/svg"><rect x="1" /></svg>'


@pytest.mark.parametrize(
    "svg",
    [
        '<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
        "<svg>no name space</svg>",
        "<p>no drawing</p>",
        "<svg",
        "",
    ],
)
def test_what_is_no_drawing_is_refused_whole(svg: str) -> None:
    assert clean(svg) is None


@pytest.mark.parametrize(
    ("svg", "expected"), [('<svg viewBox="0 0 72 36.0">', (96, 48)), ("<svg>", None), ('<svg viewBox="0 0 0 9">', None)]
)
def test_the_size_is_that_of_the_view_box(svg: str, expected: tuple[int, int] | None) -> None:
    assert size(svg) == expected
