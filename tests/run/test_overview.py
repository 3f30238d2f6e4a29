"""Results of the notebooks become one file and a first page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from salesnb.errors import CellError, ContractError
from salesnb.run.manifest import Failure
from salesnb.run.overview import as_json, contents, merged, pairs, split
from salesnb.run.render import Page

WIN = {
    "id": "win_rate", "variant": "closed", "period": "2026Q3", "segment": None, "value": 0.632, "n": 1196, "low": 0.604,
    "high": 0.659, "unit": "ratio", "status": "ok", "reason": "", "target": 0.65, "previous": 0.61, "year_ago": None,
}  # fmt: skip
MARGIN = {
    "id": "gross_margin", "variant": "ratio", "period": "2026Q3", "segment": None, "value": None, "n": None,
    "low": None, "high": None, "unit": "ratio", "status": "needs", "reason": "needs orders.cost",
}  # fmt: skip
REVENUE = {"id": "revenue", "variant": "booked", "period": "2026Q3", "segment": None, "value": 1.25e6, "n": None,
           "unit": "money", "status": "immature", "reason": "the period is not over"}  # fmt: skip


def recorded(notebook: str, *numbers: Any, **more: Any) -> dict[str, Any]:
    return {"period": "2026Q3", "as_of": "2026-09-30", "source": "Acme", "fingerprint": "f1", "currency": "EUR",
            "notebook": notebook, "headlines": [f"{notebook} says."], "numbers": list(numbers), **more}  # fmt: skip


def test_results_are_merged_in_reading_order() -> None:
    results = merged({"01_a": recorded("01_a", WIN), "02_b": recorded("02_b", MARGIN)}, {"01_a": "A?", "02_b": "B?"})
    assert results == {
        "schema": 1, "period": "2026Q3", "as_of": "2026-09-30", "source": "Acme", "fingerprint": "f1",
        "currency": "EUR",
        "notebooks": [
            {"name": "01_a", "title": "A?", "headlines": ["01_a says."]},
            {"name": "02_b", "title": "B?", "headlines": ["02_b says."]},
        ],
        "headlines": ["01_a says.", "02_b says."],
        "numbers": [{"notebook": "01_a", **WIN}, {"notebook": "02_b", **MARGIN}],
    }  # fmt: skip


def test_what_is_merged_comes_apart_again() -> None:
    parts = {"01_a": recorded("01_a", WIN), "02_b": recorded("02_b", MARGIN)}
    results = merged(parts, {})
    assert {name: split(results, name) for name in parts} == parts


def test_what_the_kpis_are_defined_by_is_united_and_comes_apart_again() -> None:
    margin = {"gross_margin.ratio": "m1", "win_rate.closed": "w1"}
    parts = {
        "01_a": recorded("01_a", WIN, definitions={"win_rate.closed": "w1"}),
        "02_b": recorded("02_b", MARGIN, WIN, definitions=margin),
    }
    results = merged(parts, {})
    assert list(results["definitions"].items()) == [("gross_margin.ratio", "m1"), ("win_rate.closed", "w1")]
    assert {name: split(results, name) for name in parts} == parts


def test_notebooks_that_saw_different_data_are_refused() -> None:
    with pytest.raises(ContractError, match="the notebooks do not agree on the fingerprint"):
        merged({"01_a": recorded("01_a"), "02_b": recorded("02_b", fingerprint="f2")}, {})


def test_a_notebook_that_recorded_nothing_is_listed() -> None:
    results = merged({"01_a": {}}, {"01_a": "A?"})
    assert results == {
        "schema": 1,
        "notebooks": [{"name": "01_a", "title": "A?", "headlines": []}],
        "headlines": [],
        "numbers": [],
    }


def test_what_json_does_not_have_is_null() -> None:
    results = merged({"01_a": recorded("01_a", {**WIN, "value": float("nan"), "low": float("-inf")})}, {})
    assert json.loads(as_json(results))["numbers"][0]["value"] is None
    assert json.loads(as_json(results))["numbers"][0]["low"] is None


def test_the_first_page_lists_findings_figures_and_what_is_missing() -> None:
    segment = {**WIN, "segment": "North"}
    earlier = {**WIN, "period": "2026Q2", "value": 0.1}
    again = {**WIN, "value": 0.999}
    results = merged({"01_a": recorded("01_a", WIN, segment, earlier, MARGIN, REVENUE, again)}, {"01_a": "A?"})
    failure = Failure.of(CellError("it failed", where="03_c.ipynb, cell 2", mend=""))
    page = contents(results, [Page("01_a", "A?", "")], left_out=["02_b"], failed=[failure])
    assert page["sheets"] == [{"name": "01_a", "file": "01_a.html", "title": "A?", "headlines": ["01_a says."]}]
    assert page["more"] == 1
    assert page["kpis"] == [
        {"title": "Win rate", "name": "win_rate.closed", "value": "63.2 %", "remark": "", "interval": "60.4 to 65.9 %",
         "n": "1,196", "target": "65.0 %", "previous": "61.0 %", "year_ago": ""},
    ]  # fmt: skip
    assert page["missing"] == [("needs orders.cost", "gross_margin.ratio"), ("not asked for in this run", "02_b")]
    assert page["failed"] == ["03_c.ipynb, cell 2: it failed"]
    assert [file for file, _ in page["files"]] == ["results.json", "run.json", "01_a.ipynb"]


@pytest.mark.parametrize(
    ("number", "title"),
    [
        ({"id": "average_deal_size"}, "Average deal size"),
        ({"id": "mrr"}, "MRR"),
        ({"id": "cac_payback", "label": ""}, "CAC payback"),
        ({"id": "revenue", "label": "Bookings"}, "Bookings"),
    ],
)
def test_a_figure_is_called_by_its_label_or_else_by_its_id(number: dict[str, str], title: str) -> None:
    page = contents(merged({"01_a": recorded("01_a", {**WIN, **number})}, {}), [])
    assert [row["title"] for row in page["kpis"]] == [title]


def test_where_nothing_is_compared_every_figure_is_listed() -> None:
    table = {**MARGIN, "id": "product_revenue", "status": "table", "reason": "table"}
    page = contents(merged({"01_a": recorded("01_a", REVENUE, table)}, {}), [])
    assert [(row["name"], row["value"], row["remark"]) for row in page["kpis"]] == [
        ("revenue.booked", "1.2 M EUR", "the period is not over")
    ]
    assert (page["more"], page["missing"]) == (0, [])


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({"read": 8800, "used": 8700, "rejected": 100}, [("Rows", "8,800 read, 8,700 used, 100 rejected")]),
        ({"read": 1}, []),
        (None, []),
    ],
)
def test_the_head_says_period_date_source_and_rows(rows: Any, expected: list[tuple[str, str]]) -> None:
    head = [("Period", "2026Q3"), ("As of", "2026-09-30"), ("Source", "Acme")]
    assert list(pairs(recorded("01_a", rows=rows))) == head + expected
