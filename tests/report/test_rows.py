"""What a page holds of the rows behind its numbers."""

from __future__ import annotations

import datetime as dtm
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from salesnb.analysis import behind as analysis
from salesnb.analysis.behind import Behind
from salesnb.data.book import Book
from salesnb.report.packing import LONGEST
from salesnb.report.rows import KIND, LONGEST_TITLE, VERSION, rows
from salesnb.run import rowsets

DAY = dtm.date(2026, 9, 30)
DEALS = [
    {"opportunity_id": "d1", "stage": "Talk", "amount": 100, "created_at": "1970-01-02", "outcome": "open"},
    {"opportunity_id": "d2", "stage": "Talk", "amount": 20.5, "created_at": "1970-01-11", "outcome": "open"},
    {"opportunity_id": "d3", "stage": None, "amount": None, "created_at": None, "outcome": "open"},
]
BOOK = Book.of({"opportunities": DEALS}, as_of=DAY)


@dataclass(frozen=True)
class Result:
    behind: tuple[Behind, ...]


def number(name: str, ids: list[Any], adds: list[Any], **more: Any) -> Behind:
    frame = pd.DataFrame({"opportunity_id": ids, "adds": adds, **more.pop("columns", {})})
    known = {
        "key": name,
        "title": f"Title of {name}",
        "rows": frame,
        "n": len(ids),
        "total": sum(map(float, filter(None, adds))),
    }
    return Behind(**{**known, **more})  # type: ignore[arg-type]


def content(*numbers: Behind) -> dict[str, Any]:
    return dict(rows(BOOK, DAY, Result(numbers)).content)


def plain(told: dict[str, Any]) -> dict[str, Any]:
    """The same with every pack in its place, and each text, date and number as what it is."""
    packs = told["packs"]

    def values(column: dict[str, Any]) -> list[Any]:
        numbers = [int(one) if one else None for one in packs[column["values"]].split(",")]
        read = {
            "text": lambda number: told["texts"][number],
            "date": lambda number: str(dtm.date(1970, 1, 1) + dtm.timedelta(days=column["base"] + number)),
        }.get(column.get("kind", ""), lambda number: number / 10 ** column["scale"])
        return [None if number is None else read(number) for number in numbers]

    def columns(listed: list[dict[str, Any]]) -> dict[str, list[Any]]:
        return {column["title"]: values(column) for column in listed}

    def number(one: dict[str, Any]) -> dict[str, Any]:
        adds = one["adds"] if isinstance(one["adds"], str) else values(one["adds"])
        return {**one, "rows": packs[one["rows"]], "adds": adds, "extras": columns(one["extras"])}

    things = {name: columns(thing["columns"]) for name, thing in told["things"].items()}
    return {"things": things, "sets": [number(one) for one in told["sets"]]}


def one_set(of: Behind) -> dict[str, Any]:
    (told,) = plain(content(of))["sets"]
    return dict(told)


def test_a_deal_is_told_once_and_a_number_is_a_list_of_places() -> None:
    told = content(
        number("worth", ["d2", "d1"], [20.5, 100], unit="money"), number("held", ["d3", "d1", "d2"], [1, 1, 1])
    )
    # d2, d1, d3 are the places 0, 1, 2; 2, 1, 0 are told as +2, -1, -1. Of the texts, "open" is used three times and
    # "Talk" twice; 9 days lie between the two creations, and the first was on the day 1 after the first of 1970.
    assert told == {
        "version": 1, "day": "2026-09-30", "currency": "USD", "texts": ["open", "Talk", "d2", "d1", "d3"],
        "packs": ["2,3,4", "1,1,", "205,1000,", "9,0,", "0,0,0", "0,1", "2,-1,-1"],
        "things": {"deal": {"n": 3, "columns": [
            {"title": "Deal", "kind": "text", "scale": 0, "base": 0, "values": 0},
            {"title": "Stage", "kind": "text", "scale": 0, "base": 0, "values": 1},
            {"title": "Amount (USD)", "kind": "money", "scale": 1, "base": 0, "values": 2},
            {"title": "Created", "kind": "date", "scale": 0, "base": 1, "values": 3},
            {"title": "Outcome", "kind": "text", "scale": 0, "base": 0, "values": 4},
        ]}},
        "sets": [
            {"key": "worth", "title": "Title of worth", "thing": "deal", "unit": "money", "n": 2, "total": "120.5",
             "rows": 5, "adds": "amount", "extras": []},
            {"key": "held", "title": "Title of held", "thing": "deal", "unit": "count", "n": 3, "total": "3",
             "rows": 6, "adds": "one", "extras": []},
        ],
    }  # fmt: skip
    assert plain(told)["things"]["deal"] == {
        "Deal": ["d2", "d1", "d3"], "Stage": ["Talk", "Talk", None], "Amount (USD)": [20.5, 100, None],
        "Created": ["1970-01-11", "1970-01-02", None], "Outcome": ["open", "open", "open"],
    }  # fmt: skip


def test_equal_rows_are_kept_once() -> None:
    columns = {"columns": {"days": [3, 4]}, "extras": {"days": "Days"}}
    one = content(number("a", ["d1", "d2"], [1, 1], **columns))
    both = content(number("a", ["d1", "d2"], [1, 1], **columns), number("b", ["d1", "d2"], [1, 1], **columns))
    assert both["packs"] == one["packs"]
    assert [(s["rows"], s["extras"]) for s in both["sets"]] == [(one["sets"][0]["rows"], one["sets"][0]["extras"])] * 2


def test_what_only_the_number_knows_stands_beside_its_rows() -> None:
    columns = {
        "before": [Decimal("12.3400"), None], "days": [3.456789, 40.0], "share": [0.1234, 0.5], "when": [DAY, None],
        "at": pd.to_datetime(["2026-01-01 10:00", None]), "from": ["Talk", None], "late": [True, False],
        "none": [None, None],
    }  # fmt: skip
    told = one_set(
        number("moved", ["d1", "d2"], [-2.25, 0], columns=columns, extras={name: name.title() for name in columns})
    )
    assert told["adds"] == [-2.25, 0]
    assert told["extras"] == {
        "Before": [12.34, None], "Days": [3.46, 40], "Share": [0.1234, 0.5], "When": ["2026-09-30", None],
        "At": ["2026-01-01", None], "From": ["Talk", None], "Late": ["yes", "no"], "None": [None, None],
    }  # fmt: skip


def test_a_thing_in_no_table_keeps_its_place() -> None:
    told = plain(content(number("lost", ["gone", None, "d1"], [5, 6, 7], unit="money")))
    assert told["things"]["deal"]["Deal"] == ["gone", "", "d1"]
    assert told["things"]["deal"]["Stage"] == [None, None, "Talk"]
    assert told["sets"][0]["rows"] == "0,1,1"
    assert told["sets"][0]["adds"] == [5, 6, 7]


def test_more_than_the_most_are_capped_and_counted() -> None:
    many = analysis.MOST + 7
    told = one_set(number("many", [f"x{i}" for i in range(many)], [1] * many))
    assert (told["n"], told["total"], len(told["rows"].split(","))) == (5007, "5007", 5000)


def test_a_number_of_nothing_opens_nothing_but_is_there() -> None:
    assert one_set(number("none", [], [])) == {
        "key": "none", "title": "Title of none", "thing": "deal", "unit": "count", "n": 0, "total": "0", "rows": "",
        "adds": "one", "extras": {},
    }  # fmt: skip
    rowsets.embedded(json.loads(json.dumps(content(number("none", [], [])))))


def test_unknown_amounts_add_what_the_number_says() -> None:
    assert one_set(number("a", ["d3"], [0], unit="money"))["adds"] == [0]
    assert one_set(number("b", ["d3"], [None], unit="money"))["adds"] == [None]
    both = number("c", ["d1", "d3"], [100, 0], unit="money")
    assert one_set(both)["adds"] == "amount"


def test_numbers_keep_what_json_can_hold() -> None:
    told = one_set(number("large", ["d1", "d2"], [9e14, Decimal("0.1234")], unit="money"))
    assert told["adds"] == [9e14, 0.1]


def test_long_texts_and_titles_are_cut() -> None:
    told = content(number("long", ["d1"], [1], columns={"x": ["W" * 1200]}, extras={"x": "H" * 400}, title="T" * 400))
    assert max(map(len, told["texts"])) == LONGEST
    assert any(text.endswith("W…") for text in told["texts"])
    assert len(told["sets"][0]["title"]) == len(told["sets"][0]["extras"][0]["title"]) == LONGEST_TITLE
    rowsets.embedded(json.loads(json.dumps(told)))


def test_keys_are_unique_over_all_results() -> None:
    same = number("same", ["d1"], [1])
    with pytest.raises(ValueError, match="two numbers of a page have one key: same"):
        rows(BOOK, DAY, Result((same, number("other", ["d1"], [1]))), Result((same,)))
    with pytest.raises(ValueError, match="more rows are given than there are: few"):
        rows(BOOK, DAY, Result((number("few", ["d1", "d2"], [1, 1], n=1),)))


def test_the_same_rows_are_the_same_bytes_and_pass_the_pages_examination() -> None:
    leads = pd.DataFrame({"lead_id": ["l1"], "adds": [1]})
    given = Result((number("a", ["d2", "d1"], [20.5, 100]), Behind("b", "Leads", leads, 1, 1.0, thing="lead")))
    first, again = (json.dumps(rows(BOOK, DAY, given)._repr_mimebundle_()) for _ in range(2))
    assert first == again
    bundle = json.loads(first)
    assert rowsets.keys(rowsets.embedded(bundle[KIND])) == ["a", "b"]
    assert bundle["text/plain"] == "2 deals and 1 lead behind 2 numbers; they open on the published page."
    assert bundle["text/html"] == f'<p class="snb-note" id="snb-rows">{bundle["text/plain"]}</p>'


def test_it_says_so_where_nothing_opens() -> None:
    nothing = rows(BOOK, DAY, Result(()))
    assert nothing.alt == "No number of this page has rows that could be opened."
    assert rowsets.embedded(dict(nothing.content)) == ""
    one = rows(BOOK, DAY, Result((number("a", ["d1"], [1]),)))
    assert one.alt == "1 deal behind 1 number; it opens on the published page."


def test_the_page_is_told_the_same_type_and_bounds() -> None:
    assert (KIND, VERSION, LONGEST) == (rowsets.KIND, rowsets.VERSION, rowsets.LONGEST)
    assert (analysis.MOST, analysis.KEY.pattern) == (rowsets.MOST, rowsets.KEY.pattern)
