"""How good the calls were."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import pytest

from salesnb.data.book import Book
from salesnb.kpis.calls import called_periods, calls_and_actuals
from salesnb.kpis.registry import compute
from salesnb.periods import Period

AS_OF = dtm.date(2026, 9, 30)
Q2 = Period.parse("2026Q2")


def call(
    as_of: str, rep: str | None, amount: float, category: str = "commit", period: str = "2026Q2", **more: Any
) -> dict[str, Any]:
    return {"as_of": as_of, "period": period, "rep_id": rep, "category": category, "amount": amount, **more}


def won(name: str, owner: str, amount: float, on: str = "2026-05-01") -> dict[str, Any]:
    return {"opportunity_id": name, "owner_id": owner, "outcome": "won", "closed_on": on, "amount": amount}


@pytest.fixture(scope="module")
def book() -> Book:
    """Ann books 100 and called 80, later 95; Bob books 50 and called 70; 2026-06-03 is 28 days before 1 July."""
    deals = [
        won("a", "ann", 60),
        won("b", "ann", 40, "2026-06-30"),
        won("c", "bob", 50),
        won("d", "cy", 500),
        won("e", "ann", 30, "2026-03-31"),
    ]
    calls = [
        call("2026-05-01", "ann", 200),
        call("2026-06-03", "ann", 80),
        call("2026-06-04", "ann", 95),
        call("2026-06-03", "ann", 120, "best_case"),
        call("2026-04-10", "bob", 70),
        call("2026-04-10", "bob", 90, "best_case"),
        call("2026-06-03", None, 9999, team="N"),
        call("2026-02-01", "ann", 10, period="2026Q1"),
    ]
    return Book.of({"opportunities": deals, "forecast_calls": calls}, as_of=AS_OF)


def only(book: Book, kpi: str, period: Period = Q2) -> dict[str, Any]:
    frame = compute(book, kpi, period)
    assert len(frame) == 1
    return dict(frame.iloc[0])


def test_the_latest_call_made_28_days_before_the_end_counts(book: Book) -> None:
    rows = calls_and_actuals(book, Q2).order_by("rep_id").execute()
    columns = ["rep_id", "called", "weeks_before", "commit", "best_case", "booked"]
    assert rows[columns].astype(str).to_numpy().tolist() == [
        ["ann", "2026Q2", "4", "80.0000", "120.0000", "100.0000"],
        ["bob", "2026Q2", "4", "70.0000", "90.0000", "50.0000"],
    ]


def test_accuracy_is_one_less_the_weighted_error(book: Book) -> None:
    assert only(book, "forecast_accuracy")["value"] == pytest.approx(1 - (20 + 20) / (100 + 50))
    by_rep = compute(book, "forecast_accuracy", Q2, by="rep").set_index("segment").value
    assert by_rep.to_dict() == pytest.approx({"ann": 1 - 20 / 100, "bob": 1 - 20 / 50})


def test_bias_is_forecast_less_actual(book: Book) -> None:
    by_rep = compute(book, "forecast_accuracy.bias", Q2, by="rep").set_index("segment").value
    assert by_rep.to_dict() == pytest.approx({"ann": (80 - 100) / 100, "bob": (70 - 50) / 50})
    assert only(book, "forecast_accuracy.bias")["value"] == pytest.approx((80 + 70 - 150) / 150)


def test_coverage_is_how_often_the_range_held_what_came(book: Book) -> None:
    row = only(book, "forecast_accuracy.coverage")
    assert (row["numerator"], row["denominator"]) == (1, 2)  # ann's 80 to 120 holds 100


def test_by_week_looks_at_each_number_of_weeks(book: Book) -> None:
    values = compute(book, "forecast_accuracy.by_week", Q2).set_index("segment").value
    assert values["3"] == pytest.approx(1 - (5 + 20) / 150)  # 95 was called on 4 June, 27 days before
    assert values["4"] == only(book, "forecast_accuracy")["value"]
    assert values["5"] == pytest.approx(1 - (100 + 20) / 150)  # 200 was called on 1 May
    assert values["11"] == pytest.approx(1 - 20 / 50)  # bob alone, on 10 April
    assert "13" not in values.index


def test_a_longer_period_pools_the_periods_within_it(book: Book) -> None:
    half = Period.parse("2026H1")
    assert sorted(called_periods(book, half)) == ["2026Q1", "2026Q2"]
    assert only(book, "forecast_accuracy", half)["value"] == pytest.approx(1 - (20 + 20 + 20) / (150 + 30))


def test_what_is_not_over_is_left_out_unless_it_is_all_there_is() -> None:
    deals = [won("a", "ann", 60)]
    calls = [call("2026-04-01", "ann", 50), call("2026-07-01", "ann", 70, period="2026Q3")]
    book = Book.of({"opportunities": deals, "forecast_calls": calls}, as_of=dtm.date(2026, 8, 31))
    assert list(called_periods(book, Period.parse("2026"))) == ["2026Q2"]
    row = only(book, "forecast_accuracy", Period.parse("2026Q3"))
    assert (row["status"], row["denominator"]) == ("na", 0)


def test_a_team_is_held_against_its_sellers() -> None:
    calls = [call("2026-05-01", None, 90, team="N")]
    reps = [{"rep_id": "ann", "team": "N"}, {"rep_id": "bob", "team": "N"}, {"rep_id": "cy", "team": "S"}]
    deals = [won("a", "ann", 60), won("b", "bob", 40), won("c", "cy", 1)]
    book = Book.of({"opportunities": deals, "forecast_calls": calls, "reps": reps}, as_of=AS_OF)
    assert only(book, "forecast_accuracy")["value"] == pytest.approx(1 - 10 / 100)


def test_no_call_is_not_zero(book: Book) -> None:
    for variant in ("wape", "bias", "coverage", "by_week"):
        assert only(book, f"forecast_accuracy.{variant}", Period.parse("2025Q1"))["status"] == "na"
