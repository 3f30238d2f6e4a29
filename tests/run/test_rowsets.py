"""Rows behind a page's numbers are held to their shape, and what stands in the page can do nothing."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from salesnb.run.outline import Outline
from salesnb.run.pages import Facts, Page
from salesnb.run.render import render
from salesnb.run.rowsets import KIND, dead, embedded, faults, keys
from salesnb.run.sanitise import clean

GOOD: dict[str, Any] = {
    "version": 1, "day": "2026-09-30", "currency": "USD", "texts": ["d1", "d2", "Talk"],
    "packs": ["0,1", ",2", "-1050,", "20000,", "1,-1", "0", "3", "125", ""],
    "things": {"deal": {"n": 2, "columns": [
        {"title": "Deal", "kind": "text", "scale": 0, "base": 0, "values": 0},
        {"title": "Stage", "kind": "text", "scale": 0, "base": 0, "values": 1},
        {"title": "Amount (USD)", "kind": "money", "scale": 2, "base": 0, "values": 2},
        {"title": "Created", "kind": "date", "scale": 0, "base": -9, "values": 3},
    ]}},
    "sets": [
        {"key": "walk-in", "title": "Pulled in", "thing": "deal", "unit": "money", "n": 2, "total": "-10.5",
         "rows": 4, "adds": "amount", "extras": []},
        {"key": "n", "title": "Deals", "thing": "deal", "unit": "count", "n": 7000, "total": "7000", "rows": 5,
         "adds": {"scale": 0, "values": 6},
         "extras": [{"title": "Days", "kind": "number", "scale": 1, "base": 0, "values": 7}]},
        {"key": "none", "title": "None", "thing": "deal", "unit": "count", "n": 0, "total": "0", "rows": 8,
         "adds": "one", "extras": [{"title": "Days", "kind": "number", "scale": 1, "base": 0, "values": 8}]},
    ],
}  # fmt: skip


def changed(*path: Any, to: Any) -> dict[str, Any]:
    """The good rows with one thing in them changed."""
    made = deepcopy(GOOD)
    place: Any = made
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return made


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


def test_what_is_good_comes_out_as_it_is() -> None:
    block = embedded(GOOD)
    assert json.loads(block) == without("version")
    assert keys(block) == ["walk-in", "n", "none"]
    assert embedded(GOOD | {"sets": []}) == ""
    assert keys("") == []


SET, COLUMN = ("sets", 0), ("things", "deal", "columns", 0)
BAD: dict[str, Any] = {
    "no dict": [],
    "a field less": without("day"),
    "a field more": GOOD | {"script": "x"},
    "another version": changed("version", to=2),
    "a version that is true": changed("version", to=True),
    "no day": changed("day", to="today"),
    "a day with more": changed("day", to="2026-09-30T00:00"),
    "a currency too long": changed("currency", to="U" * 21),
    "texts that are none": changed("texts", 0, to=5),
    "texts in a dict": changed("texts", to={}),
    "a text too long": changed("texts", 0, to="x" * 1001),
    "things in a list": changed("things", to=[]),
    "a thing nobody knows": changed("things", "robot", to={"n": 0, "columns": []}),
    "a thing without columns": changed("things", "deal", "columns", to=[]),
    "too many columns": changed("things", "deal", "columns", to=[GOOD["things"]["deal"]["columns"][0]] * 41),
    "a count that is negative": changed("things", "deal", "n", to=-1),
    "a count that is a number": changed("things", "deal", "n", to=2.0),
    "a count that is true": changed("things", "deal", "n", to=True),
    "packs in a dict": changed("packs", to={}),
    "a pack that is a list": changed("packs", 0, to=[0, 1]),
    "a pack with what is no number": changed("packs", 0, to="0,x"),
    "a pack with a blank": changed("packs", 0, to="0, 1"),
    "a pack with other digits": changed("packs", 0, to="0,\u0661"),
    "a pack with a huge number": changed("packs", 2, to="1" * 18 + ","),
    "fewer values than rows": changed("packs", 0, to="0"),
    "a pack that is not there": changed(*COLUMN, "values", to=9),
    "a pack before the first": changed(*COLUMN, "values", to=-1),
    "values in a text": changed(*COLUMN, "values", to="0,1"),
    "a text that is not there": changed("packs", 0, to="0,3"),
    "a text before the first": changed("packs", 0, to="0,-1"),
    "a date out of bounds": changed("packs", 3, to="20000,99999999"),
    "a date that begins out of bounds": changed("things", "deal", "columns", 3, "base", to=-(10**9)),
    "a text that begins somewhere": changed(*COLUMN, "base", to=1),
    "a beginning that is true": changed("things", "deal", "columns", 3, "base", to=True),
    "a beginning that is a number": changed("things", "deal", "columns", 3, "base", to=0.5),
    "a kind nobody knows": changed(*COLUMN, "kind", to="html"),
    "a kind that is a list": changed(*COLUMN, "kind", to=["text"]),
    "a scale too large": changed(*COLUMN, "scale", to=5),
    "a title that is a dict": changed(*COLUMN, "title", to={}),
    "a title too long": changed(*COLUMN, "title", to="x" * 301),
    "sets in a dict": changed("sets", to={}),
    "a set that is a text": changed("sets", 0, to="x"),
    "too many sets": changed("sets", to=[GOOD["sets"][0]] * 5001),
    "two sets of one key": changed("sets", 1, "key", to="walk-in"),
    "a key with a quote": changed(*SET, "key", to='x"y'),
    "a key with a capital": changed(*SET, "key", to="Walk"),
    "a thing without details": changed(*SET, "thing", to="lead"),
    "a thing that is a list": changed(*SET, "thing", to=["deal"]),
    "a unit nobody knows": changed(*SET, "unit", to="pounds"),
    "a unit that is a dict": changed(*SET, "unit", to={}),
    "a total that is a number": changed(*SET, "total", to=1.5),
    "a total that is no number": changed(*SET, "total", to="1e5"),
    "a row that is not there": changed("packs", 4, to="2"),
    "a row before the first": changed("packs", 4, to="0,-1"),
    "a row that is null": changed("packs", 4, to="1,,"),
    "rows that are null": changed(*SET, "rows", to=None),
    "rows in a text": changed(*SET, "rows", to="0,1"),
    "more rows than there are": changed(*SET, "n", to=1),
    "a count of rows that is a text": changed(*SET, "n", to="2"),
    "what adds is not known": changed(*SET, "adds", to="two"),
    "what adds is a list": changed(*SET, "adds", to=[1, 2]),
    "more that add": changed("packs", 6, to="3,4"),
    "extras in a dict": changed(*SET, "extras", to={}),
    "an extra too long": changed("packs", 7, to="125,1"),
    "amounts without an amount": changed("things", "deal", "columns", 2, "kind", to="number"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        embedded(BAD[name])


def test_more_rows_than_a_page_may_hold_are_refused() -> None:
    many = changed("sets", 1, to=GOOD["sets"][1] | {"adds": "one", "extras": []})
    many["packs"][5] = ",".join(["0"] * 5000)
    assert embedded(many)
    many["packs"][5] += ",0"
    with pytest.raises(ValueError, match="more rows than it may"):
        embedded(many)


def test_one_null_and_nothing_at_all_are_written_alike() -> None:
    assert json.loads(embedded(changed("sets", 1, "adds", "values", to=8)))["sets"][1]["adds"]["values"] == 8


EVIL = "</script><script>alert(1)</script><!-- & \u2028\u2029 \u202e \x00 ]]>"


@pytest.mark.parametrize(
    "path", [("texts", 2), ("sets", 0, "title"), (*COLUMN, "title"), ("sets", 1, "extras", 0, "title")]
)
def test_nothing_ends_the_block_or_acts_in_it(path: tuple[Any, ...]) -> None:
    block = embedded(changed(*path, to=EVIL))
    assert not re.search("[<>&\u2028\u2029\u202e\x00]", block)
    place: Any = json.loads(block)
    for step in path:
        place = place[step]
    assert place == EVIL.replace("\u202e", "\ufffd").replace("\x00", "\ufffd")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**6) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*GOOD, "x"]), inner, max_size=3),
    max_leaves=8,
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in inner for found in _paths(item, (*path, key)))]


@given(st.sampled_from(_paths(GOOD)[1:]), _JSON)
def test_whatever_stands_anywhere_is_refused_or_harmless(path: tuple[Any, ...], value: Any) -> None:
    try:
        block = embedded(changed(*path, to=value))
    except ValueError:
        return
    assert not re.search("[<>&\u2028\u2029]", block)
    told = json.loads(block) if block else {"packs": [], "sets": []}
    assert all(re.fullmatch("-?[0-9]{1,17}|", one) for pack in told["packs"] for one in pack.split(","))
    assert all(one["rows"] < len(told["packs"]) for one in told["sets"])


def page(*datas: dict[str, Any]) -> Page:
    outputs = [new_output("display_data", data=data) for data in datas]
    made = new_notebook(cells=[new_markdown_cell("# Why?"), new_code_cell("x", outputs=outputs)])
    return render("02_funnel", made, Facts("2026Q3", "Acme"))


def linked(*names: str) -> dict[str, Any]:
    links = "".join(f'<a class="snb-opens" href="#snb-rows" data-rows="{name}">{len(name)}</a>' for name in names)
    return {"text/html": f"<p>{links}</p>"}


def rowed(content: Any = GOOD) -> dict[str, Any]:
    return {KIND: content, "text/html": "<p>rows</p>", "text/plain": "rows"}


def block_of(html: str) -> Any:
    found = re.findall(r'<script type="application/json" id="snb-rows-data">(.*?)</script>', html, re.DOTALL)
    return [json.loads(one) for one in found]


def test_a_page_holds_its_rows_once_and_shows_nothing_of_them() -> None:
    made = page(linked("walk-in", "n"), rowed())
    assert block_of(made.html) == [without("version")]
    assert "<p>rows</p>" not in made.html
    assert faults(made.html) == []
    assert made.notes == ()
    assert '<a class="snb-opens" data-rows="walk-in">7</a>' in made.html
    assert '<p class="hint">2 numbers on this page open the rows behind them, in a browser' in made.html
    assert "1 number on this page opens the rows behind it" in page(linked("n", "x"), rowed()).html


def test_a_link_without_rows_is_told() -> None:
    made = page(linked("walk-in", "walk-out", "walk-out"), rowed())
    assert faults(made.html) == ["walk-out is linked and has no rows"]
    assert made.notes == ("walk-out is linked and has no rows",)
    alone = page(linked("n"))
    assert faults(alone.html) == ["n is linked and has no rows"]
    assert block_of(alone.html) == []
    assert '<p class="hint">' not in alone.html
    assert faults(page({"text/html": "<p>5</p>"}).html) == []
    assert dead(["a", "b", "a"], ["b"]) == ["a is linked and has no rows"]


def test_two_sets_of_one_key_are_a_fault() -> None:
    block = {"sets": [{"key": "a"}, {"key": "a"}, {"key": "b"}]}
    html = f'<p><b>x</b></p><script type="application/json" id="snb-rows-data">{json.dumps(block)}</script><p>y</p>'
    assert faults(html) == ["two sets have the key a"]


@pytest.mark.parametrize("content", ["x", {"a": 1}, None, changed("day", to="<b>\u202e")])
def test_rows_of_another_shape_are_refused_with_a_note(content: Any) -> None:
    made = page(rowed(content))
    assert '<p class="refused" role="note">The rows behind the numbers are left out: ' in made.html
    assert block_of(made.html) == []
    assert "<p>rows</p>" not in made.html
    assert len(made.notes) == 1
    assert "\u202e" not in made.html


def test_rows_are_taken_once() -> None:
    made = page(rowed(), rowed(GOOD | {"currency": "EUR"}))
    assert [one["currency"] for one in block_of(made.html)] == ["USD"]
    assert "Rows behind numbers are given a second time here" in made.html


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('<a class="snb-opens" href="#snb-rows" data-rows="a-1">5</a>', '<a class="snb-opens" data-rows="a-1">5</a>'),
        ('<a class="snb-opens" href="//evil.example" data-rows="a">5</a>', '<a class="snb-opens" data-rows="a">5</a>'),
        ('<a class="snb-opens" data-rows="a b">5</a>', '<a class="snb-opens">5</a>'),
        ('<a class="snb-opens" data-rows="a&quot;b">5</a>', '<a class="snb-opens">5</a>'),
        ('<a class="snb-opens" data-rows="A">5</a>', '<a class="snb-opens">5</a>'),
        ('<a data-rows="a">5</a>', "<a>5</a>"),
        ('<a class="other" data-rows="a" href="x.html">5</a>', '<a class="other" href="x.html">5</a>'),
        ('<p class="snb-opens" data-rows="a">5</p>', '<p class="snb-opens">5</p>'),
        ('<b data-rows="a" data-other="b">5</b>', "<b>5</b>"),
    ],
)  # fmt: skip
def test_a_key_stands_on_a_number_that_opens_and_nowhere_else(markup: str, expected: str) -> None:
    assert clean(markup, Outline()) == expected


def test_the_outline_knows_what_opens() -> None:
    outline = Outline()
    clean('<a class="x snb-opens" data-rows="a">1</a><a data-rows="b">2</a><a class="snb-opens">3</a>', outline)
    assert outline.opens == ["a"]
