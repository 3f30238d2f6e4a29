"""The grid of a page's controls is held to its shape, and what stands in the page can do nothing."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from salesnb.report import offline
from salesnb.run import whatifs
from salesnb.run.pages import Facts, Page
from salesnb.run.render import render
from salesnb.run.whatifs import KIND, embedded

AXIS = {"name": "size", "nodes": [0.8, 1.0]}
KNOB = {"name": "size", "title": "Size", "unit": "ratio", "base": 1.0, "low": 0.8, "high": 1.0, "past": [0.9, 1.0]}
GOOD: dict[str, Any] = {
    "version": 1, "period": "2026Q3", "source": "sample", "planned": "2026Q4", "currency": "USD",
    "first": "2026-10-01", "target": 100.0, "booked": 0.0, "knobs": [KNOB], "axes": [AXIS],
    "kinds": {"chance": "chance", "middle": "money", "t0.low": "money"},
    "values": {"chance": "5000,6000", "middle": "-8,10", "t0.low": ","},
    "sides": [{"name": "size", "axes": [AXIS], "values": {"chance": "1,2", "middle": "3,4", "t0.low": "5,"}}],
    "work": "0.500000,1.000000", "teams": ["A"], "sellers": ["R<1>"],
    "quotas": {"teams": [5], "sellers": [5], "hire": [1.5], "hire_team": [0]}, "unit": 1.0,
    "errors": {"chance": 0.01, "hitting": 0, "middle": 0.1, "pay": 0, "reached": 1}, "tried": 8,
}  # fmt: skip


def changed(*path: Any, to: Any) -> dict[str, Any]:
    made = deepcopy(GOOD)
    place: Any = made
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return made


def test_the_kind_is_that_of_the_report() -> None:
    assert offline.KIND == KIND
    assert offline.VERSION == whatifs.VERSION


def test_what_is_good_comes_out_as_it_is() -> None:
    block = embedded(GOOD)
    assert json.loads(block) == {name: value for name, value in GOOD.items() if name != "version"}
    assert "<" not in block
    assert json.loads(embedded(changed("target", to=None)))["target"] is None


@pytest.mark.parametrize(("path", "to"), [
    (("version",), 2), (("version",), True), (("first",), "soon"), (("first",), "2026-10-01<script>"),
    (("target",), "5"), (("target",), float("nan")), (("unit",), None), (("knobs", 0, "name"), "evil"),
    (("knobs", 0, "unit"), "px"), (("knobs", 0, "past"), [1.0]), (("knobs", 0, "title"), "x" * 301),
    (("knobs", 0, "base"), float("inf")), (("kinds", "chance"), "html"), (("kinds",), {"<b>": "money"}),
    (("kinds",), {"chance": "chance"}), (("values", "chance"), "1"), (("values", "chance"), "1,2,3"),
    (("values", "chance"), "1,x"), (("values",), []), (("values", "chance"), [1, 2]), (("axes", 0, "nodes"), [1.0]),
    (("axes", 0, "nodes"), [1.0, 0.8]), (("axes", 0, "name"), "__proto__"), (("sides", 0, "name"), "created"),
    (("sides", 0, "axes"), []), (("work",), "0.5;alert(1)"), (("work",), None), (("teams",), "A"), (("teams", 0), 5),
    (("sellers",), ["x"] * 501), (("quotas", "hire"), ["1"]), (("errors", "chance"), "small"), (("tried",), True),
    (("source",), 7),
])  # fmt: skip
def test_what_is_not_is_refused(path: tuple[Any, ...], to: Any) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        embedded(changed(*path, to=to))
    assert "alert" not in str(refused.value)


def test_a_grid_that_is_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="larger than 400,000 bytes"):
        embedded(changed("sellers", to=["é" * 300] * 500) | {"teams": ["é" * 300] * 500})


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) |
                    st.dictionaries(st.sampled_from([*GOOD]) | st.text(), inner)))  # fmt: skip
def test_anything_else_is_refused(content: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        embedded(content)


def rendered(*contents: Any) -> Page:
    outputs = [new_output("display_data", {KIND: one, "text/html": "<p>the table</p>", "text/plain": "the table"})
               for one in contents]  # fmt: skip
    cells = [
        new_markdown_cell("# Quotas"),
        new_markdown_cell("## What if"),
        *(new_code_cell(outputs=[o]) for o in outputs),
    ]
    return render("08_quota", new_notebook(cells=cells), Facts("2026Q3"))


def test_a_page_has_the_grid_a_place_for_controls_and_the_table() -> None:
    page = rendered(GOOD)
    html = page.html
    assert page.notes == ()
    assert html.index('<div class="snb-what-if" id="snb-what-if"></div>') < html.index("<p>the table</p>")
    block = re.search(r'<script type="application/json" id="snb-what-if-data">(.*?)</script>', html, re.DOTALL)
    assert block is not None
    assert json.loads(block[1])["sellers"] == ["R<1>"]
    assert html.count("<script") == 2
    assert "snb-knob" in html
    plain = render("01", new_notebook(cells=[new_markdown_cell("# Q")]), Facts("2026Q3")).html
    assert "snb-knob-" not in plain, "a page without controls does not carry their script"


def test_what_is_refused_is_said_and_the_table_stays() -> None:
    page = rendered(changed("unit", to="x"))
    assert "The controls are left out: unit has no number." in page.html
    assert "<p>the table</p>" in page.html
    assert "snb-what-if-data" not in page.html
    assert any("the controls are left out" in note for note in page.notes)
    twice = rendered(GOOD, GOOD)
    assert twice.html.count('id="snb-what-if"') == 1
    assert any("a second time" in note for note in twice.notes)
