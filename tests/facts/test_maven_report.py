"""The published report of Maven CRM: the numbers on its pages are those computed apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from salesnb.run.runner import run

SOURCE = Path(__file__).resolve().parents[2] / "params" / "sources" / "maven.yml"


@pytest.fixture(scope="module")
def numbers(shared_data, tmp_path_factory):
    """results.json of the year, whose segments FACTS.md has, and of its last quarter, whose trend has the quarters."""
    out = tmp_path_factory.mktemp("outputs")
    found = []
    for period, only in (("2017", ("01_scorecard",)), ("2017Q4", ())):
        result = run(period, source=str(SOURCE), out=out, only=only)
        found += json.loads((result.folder / "results.json").read_text(encoding="utf-8"))["numbers"]
    found.append((result.folder / "09_data_health.html").read_text(encoding="utf-8"))
    return found


def told(numbers, name, period, by=None):
    """Segment to value, or the one value of the whole."""
    identity, _, variant = name.partition(".")
    own = [
        n for n in numbers[:-1]
        if (n["id"], n["variant"], n["period"], n.get("by")) == (identity, variant, period, by)
    ]  # fmt: skip
    assert own, f"{name} of {period} by {by} is not in results.json"
    if by is None:
        return own[0]["value"]
    return {n["segment"]: n["value"] for n in own if n["value"]}


def test_quarters(numbers, facts):
    for quarter, rate in facts["Maven"]["win_rate_by_close_quarter"].items():
        assert told(numbers, "win_rate.closed", quarter) == pytest.approx(rate, abs=5e-7)
    for quarter, booked in facts["Maven"]["won_revenue_by_close_quarter"].items():
        assert told(numbers, "revenue.booked", quarter) == booked


@pytest.mark.parametrize(
    ("by", "rates", "booked"),
    [
        ("rep", "win_rate_by_agent", "won_revenue_by_agent"),
        ("team", "win_rate_by_manager", "won_revenue_by_manager"),
        ("region", "win_rate_by_region", "won_revenue_by_region"),
        ("product", "win_rate_by_product", "won_revenue_by_product_raw_names"),
        ("segment", "win_rate_by_sector", "won_revenue_by_sector"),
    ],
)
def test_segments_of_the_year(numbers, facts, by, rates, booked):
    assert told(numbers, "win_rate.closed", "2017", by) == pytest.approx(facts["Maven"][rates], abs=5e-7)
    assert told(numbers, "revenue.booked", "2017", by) == facts["Maven"][booked]


def test_sizes_days_and_pipeline(numbers, facts):
    wanted = facts["Maven"]
    assert told(numbers, "average_deal_size.mean", "2017") == pytest.approx(wanted["avg_won_deal"], abs=5e-5)
    assert told(numbers, "sales_cycle_days.median", "2017") == wanted["cycle_days_median"]["won"]
    assert told(numbers, "sales_cycle_days.mean", "2017") == pytest.approx(wanted["cycle_days_mean"]["won"], abs=5e-5)
    assert told(numbers, "pipeline_value.open", "2017Q4") == wanted["open_pipeline_list_price"]["total"]


def test_the_health_page_says_what_is_wrong(numbers):
    page = numbers[-1]
    for words in ("1,480", "GTXPro", "1,425", "500", "engage_date"):
        assert words in page
