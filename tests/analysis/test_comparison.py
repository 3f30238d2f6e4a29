"""Changes and their intervals, and values computed once."""

from __future__ import annotations

import datetime as dtm
import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
import pytest

from salesnb.analysis.comparison import Values, change
from salesnb.data.book import Book
from salesnb.kpis import registry
from salesnb.kpis.intervals import newcombe
from salesnb.periods import Period
from tests.analysis.conftest import DEALS, QUOTAS, book, deals

Q2, Q3 = Period.parse("2026Q2"), Period.parse("2026Q3")


def test_a_rate_changes_by_newcombes_interval() -> None:
    found = change(Values(book(opportunities=DEALS)), "win_rate.closed", Q3, Q2)
    low, high = newcombe(3, 8, 4, 8)
    assert (found["value"], found["change"], found["relative"]) == (4 / 8, 3 / 8 - 4 / 8, 3 / 4 - 1)
    assert (found["low"], found["high"]) == (pytest.approx(float(low)), pytest.approx(float(high)))
    assert found["is_real"] is False


def test_a_sum_changes_as_two_sums_of_a_random_number_of_amounts() -> None:
    found = change(Values(book(opportunities=DEALS)), "revenue.booked", Q3, Q2)
    half = NormalDist().inv_cdf(0.975) * math.sqrt(3 * 100**2 + 4 * 100**2)
    assert (found["value"], found["change"]) == (400, 300 - 400)
    assert (found["low"], found["high"]) == (pytest.approx(-100 - half), pytest.approx(-100 + half))


def test_lines_of_one_order_are_one_amount() -> None:
    lines = [
        {"order_line_id": "1", "order_id": "a", "ordered_at": "2026-08-01", "amount": 60},
        {"order_line_id": "2", "order_id": "a", "ordered_at": "2026-08-01", "amount": 40},
        {"order_line_id": "3", "order_id": "b", "ordered_at": "2026-08-02", "amount": 30},
    ]
    values = Values(book(orders=lines))
    assert values.chance_error("revenue.net", Q3) == pytest.approx(math.sqrt((60 + 40) ** 2 + 30**2))


def test_what_stands_at_the_end_of_a_period_is_not_judged_by_chance() -> None:
    values = Values(book(opportunities=DEALS))
    assert math.isnan(values.chance_error("pipeline_value.open", Q3))
    assert change(values, "pipeline_value.open", Q3, Q2)["is_real"] is None


def test_what_needs_data_has_no_change() -> None:
    found = change(Values(book(opportunities=DEALS)), "quota_attainment.booked", Q3, Q2)
    assert math.isnan(found["value"])
    assert math.isnan(found["change"])
    assert found["is_real"] is None


def test_every_value_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, str | None]] = []
    real = registry.compute

    def counted(
        book: Book, kpi: str, period: Period, *, by: str | None = None, confidence: float = 0.95
    ) -> pd.DataFrame:
        asked.append((kpi, str(period), by))
        return real(book, kpi, period, by=by, confidence=confidence)

    monkeypatch.setattr(registry, "compute", counted)
    values = Values(book(opportunities=DEALS))
    for _ in range(3):
        values.one("win_rate.closed", Q3)
        values.frame("win_rate.closed", Q3, "region")
    assert asked == [("win_rate.closed", "2026Q3", None), ("win_rate.closed", "2026Q3", "region")]


def scattered() -> Book:
    rng = np.random.Generator(np.random.PCG64(3))
    rows: list[dict[str, Any]] = []
    for i in range(300):
        closed = dtm.date(2025, 1, 1) + dtm.timedelta(days=int(rng.integers(0, 600)))
        rows.append(
            {"opportunity_id": str(i), "owner_id": "emea", "amount": int(rng.integers(10, 999)) / 4,
             "created_at": closed - dtm.timedelta(days=int(rng.integers(1, 90))), "closed_on": closed,
             "outcome": "won" if rng.integers(0, 3) == 0 else "lost"}
        )  # fmt: skip
    return book("2026-12-31", opportunities=rows)


@pytest.mark.parametrize(
    "name", ["revenue.booked", "win_rate.closed", "average_deal_size.mean", "sales_cycle_days.median"]
)
@pytest.mark.parametrize("last", ["2026Q2", "2026-05"])
def test_many_periods_at_once_are_the_same_as_one_by_one(name: str, last: str) -> None:
    source, periods = scattered(), Period.parse(last).last(5)
    together, alone = Values(source), Values(source)
    together.prefetch(name, periods)
    assert len(together._frames) == 5
    for period in periods:
        one, other = together.one(name, period), alone.one(name, period)
        assert {k: v for k, v in one.items() if isinstance(v, str)} == {
            k: v for k, v in other.items() if isinstance(v, str)
        }
        for field in ("value", "numerator", "denominator", "n", "low", "high"):
            assert one[field] == pytest.approx(other[field], nan_ok=True), field
        assert together.chance_error(name, period) == pytest.approx(alone.chance_error(name, period), nan_ok=True)


def test_what_cannot_be_computed_at_once_is_left() -> None:
    values = Values(book(opportunities=DEALS, quotas=QUOTAS))
    values.prefetch("pipeline_value.open", Q3.last(3))
    values.prefetch("win_rate.closed", [Q3])
    values.prefetch("win_rate.closed", Period.parse("2026").last(2))
    assert values._frames == {}


def test_a_kpi_that_comes_in_parts_has_no_value_of_its_own() -> None:
    rows = [{**d, "product": f"P{i % 2}"} for i, d in enumerate(deals("2026-08-10", "EMEA", "wwww"))]
    record = Values(book(opportunities=rows)).one("product_revenue.all", Q3)
    assert record["status"] == "table"
    assert math.isnan(record["value"])
    assert record["n"] == 4


def test_the_change_is_told_from_chance_at_the_stated_rate() -> None:
    """Of two periods that are alike, about one in twenty differs by more than chance explains."""
    rng = np.random.Generator(np.random.PCG64(11))
    z, real, trials = NormalDist().inv_cdf(0.975), 0, 4000
    for _ in range(trials):
        sums = [rng.integers(1, 100, size=rng.poisson(60)).astype(float) for _ in range(2)]
        error = math.sqrt(sum(float((x**2).sum()) for x in sums))
        real += abs(sums[0].sum() - sums[1].sum()) > z * error
    assert real / trials == pytest.approx(0.05, abs=0.012)
