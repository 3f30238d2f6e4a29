"""The scorecard as a whole: over every KPI, and on real data."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from salesnb.analysis.scorecard import Scorecard, scorecard
from salesnb.data.load import open_book
from salesnb.kpis import registry
from salesnb.periods import Period
from tests.analysis.conftest import DEALS, QUOTAS, book, card

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def whole() -> Scorecard:
    """The scorecard of a small book over the whole catalogue."""
    return scorecard(
        book(opportunities=DEALS, quotas=QUOTAS),
        Period.parse("2026Q3"),
        by=("region", "product", "segment"),
        trend_periods=3,
    )


def test_every_kpi_has_a_row_and_those_that_need_data_say_so(whole: Scorecard) -> None:
    named = (
        "revenue.booked",
        "revenue.net",
        "average_deal_size.median",
        "sales_cycle_days.mean",
        "time_to_close_days.won",
    )
    assert whole.kpis["name"].tolist() == [e.name for e in registry.all_kpis() if e.is_default or e.name in named]
    assert set(whole.kpis["status"]) <= {"ok", "na", "needs", "immature", "table"}
    needs = whole.kpis[whole.kpis["status"] == "needs"]
    missing = [name for names in whole.missing["kpis"] for name in names]
    assert sorted({name for name in missing if name in set(whole.kpis["name"])}) == sorted(needs["name"])
    assert len(missing) == whole.missing["count"].sum()
    assert whole.missing["needs"].is_unique
    assert whole.kpi_count == len(registry.all_kpis())
    assert whole.missing["count"].is_monotonic_decreasing


def test_tiles_are_those_that_have_a_value(whole: Scorecard) -> None:
    assert whole.tiles["name"].tolist()[:4] == [
        "revenue.booked", "quota_attainment.booked", "win_rate.closed", "average_deal_size.mean",
    ]  # fmt: skip
    assert "gross_margin.ratio" not in whole.tiles["name"].tolist()
    assert whole.tile("gross_margin.ratio") == {}
    sold = whole.tile("revenue.booked")
    assert (sold["value"], sold["target"], sold["gap"], sold["verdict"]) == (300, 450, -150, "behind")
    assert (sold["previous"], sold["change"]) == (400, -100)
    assert math.isnan(sold["year_ago"])


def test_the_trend_goes_back_to_the_first_record_and_no_further(whole: Scorecard) -> None:
    rows = whole.trend[whole.trend["name"] == "revenue.booked"]
    assert rows["period"].tolist() == ["2026Q1", "2026Q2", "2026Q3"]
    assert rows["value"].tolist() == [200, 400, 300]
    assert rows["coverage"].tolist() == ["part", "whole", "whole"]
    assert rows["is_complete"].tolist() == [True, True, True]
    assert rows["target"].tolist()[2] == 450
    # The first quarter is on record in part, so that the second has no change.
    assert [math.isnan(c) for c in rows["change"]] == [True, True, False]
    assert rows["change"].tolist()[2] == -100


def test_breakdowns_are_of_what_the_rows_carry(whole: Scorecard) -> None:
    assert list(whole.segments) == ["region", "product"]
    assert list(whole.no_dimension) == ["segment"]


def test_segments_and_bridge_sum_to_the_whole(whole: Scorecard) -> None:
    for cut in whole.segments.values():
        assert cut.rows["amount"].sum() == 300
        assert cut.rows["numerator"].sum() / cut.rows["denominator"].sum() == whole.tile("win_rate.closed")["value"]
    assert whole.bridge_by == "region"
    assert (whole.bridge["before"].sum(), whole.bridge["after"].sum()) == (400, 300)
    assert whole.gaps["gap"].sum() == whole.targets["revenue.booked"].gap


def test_numbers_are_all_that_is_shown(whole: Scorecard) -> None:
    numbers = whole.numbers()
    assert len(numbers) == len(whole.kpis) + (whole.trend["period"] != "2026Q3").sum() + 2 * sum(
        len(cut.rows) for cut in whole.segments.values()
    )
    row = numbers[(numbers["id"] == "revenue") & (numbers["variant"] == "booked") & numbers["by"].isna()]
    assert row[row["period"] == "2026Q3"][["value", "target", "previous", "n"]].to_numpy().tolist() == [
        [300, 450, 400, 3]
    ]
    emea = numbers[(numbers["segment"] == "EMEA") & (numbers["id"] == "win_rate")].iloc[0]
    assert (emea["by"], emea["value"], emea["numerator"], emea["denominator"], emea["n"]) == ("region", 0.25, 1, 4, 4)
    assert not numbers.duplicated(["id", "variant", "period", "by", "segment"]).any()


def test_a_target_has_no_tail_of_digits_and_keeps_its_cents(whole: Scorecard) -> None:
    def listed(target: float) -> float:
        tiles = whole.tiles.assign(target=whole.tiles["target"].where(whole.tiles["name"] != whole.main, target))
        found = replace(whole, tiles=tiles).numbers()
        return float(found.loc[(found["variant"] == "booked") & (found["id"] == "revenue"), "target"].iloc[0])

    assert listed(8274150.000000001) == 8274150.0
    assert listed(0.65000000000000013) == 0.65
    assert listed(12345678901.25) == 12345678901.25


def test_no_kpi_of_the_catalogue_is_vain(whole: Scorecard) -> None:
    listed = whole.vanity()
    assert not listed["is_vanity"].any()
    assert listed.loc[listed["has_target"], "name"].tolist() == ["revenue.booked", "quota_attainment.booked"] or set(
        listed.loc[listed["has_target"], "name"]
    ) == {"revenue.booked", "quota_attainment.booked"}


def test_a_kpi_without_target_owner_and_action_is_vain(whole: Scorecard) -> None:
    from dataclasses import replace

    bare = whole.kpis.assign(owner="", action="")
    listed = replace(whole, kpis=bare).vanity().set_index("name")["is_vanity"]
    assert listed["win_rate.closed"]
    assert not listed["revenue.booked"]


def test_growth_is_not_told_before_the_period_is_over() -> None:
    found = card("2026Q3", book("2026-08-15", opportunities=DEALS))
    row = found.kpis.set_index("name").loc["revenue_growth.previous"]
    assert math.isnan(row["value"])
    assert (row["status"], row["reason"]) == ("na", "2026Q3 is not over")
    assert (
        found.trend[found.trend["period"] == "2026Q3"]["is_complete"].tolist()
        == [False] * found.trend["name"].nunique()
    )


def test_the_book_is_left_as_it_was() -> None:
    source = book(opportunities=DEALS)
    before = {name: table.execute() for name, table in source.tables.items()}
    card("2026Q3", source)
    for name, table in source.tables.items():
        pd.testing.assert_frame_equal(table.execute(), before[name])


def test_the_same_question_has_the_same_answer() -> None:
    one, other = (card("2026Q3", book(opportunities=DEALS, quotas=QUOTAS)) for _ in range(2))
    assert one.headlines() == other.headlines()
    pd.testing.assert_frame_equal(one.numbers(), other.numbers())


@pytest.fixture(scope="module")
def maven(shared_data: Path) -> Scorecard:
    """The fourth quarter of 2017 of a real CRM export."""
    source = open_book(ROOT / "params" / "sources" / "maven.yml")
    return card("2017Q4", source, by=("rep", "region"), trend_periods=4)


def test_maven_has_the_numbers_that_others_computed(maven: Scorecard) -> None:
    assert maven.tile("revenue.booked")["value"] == 2_802_496
    won = maven.tile("win_rate.closed")
    assert (won["numerator"], won["n"]) == (1196, 1196 + 789)
    assert won["value"] == pytest.approx(0.602519, abs=5e-7)
    rates = maven.trend[maven.trend["name"] == "win_rate.closed"]["value"].tolist()
    assert rates == pytest.approx([0.820711, 0.617126, 0.614069, 0.602519], abs=5e-7)
    assert maven.headlines()[0] == "Bookings are 2.8 M USD in 2017Q4; no target is set for them."
    assert float(maven.bridge["change"].sum()) == 2_802_496 - 2_982_255
    assert maven.segments["rep"].marked.empty
