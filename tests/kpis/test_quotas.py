"""Each quota on its own days; attainment, targets and what they are held against."""

from __future__ import annotations

import datetime as dtm
import math
from typing import Any

import pytest

from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.goals import Goal
from salesnb.kpis.quotas import metric_of, quota_spans
from salesnb.kpis.registry import compute
from salesnb.kpis.targets import achievement, is_met, progress
from salesnb.periods import Period

AS_OF = dtm.date(2026, 9, 30)


def won(name: str, owner: str | None, on: str, amount: float) -> dict[str, Any]:
    return {
        "opportunity_id": name,
        "owner_id": owner,
        "created_at": "2026-01-01",
        "outcome": "won",
        "closed_on": on,
        "amount": amount,
    }


def spans(book: Book, period: str, **more: Any) -> list[list[Any]]:
    frame = quota_spans(book, Period.parse(period), **more).order_by("starts_on").execute()
    holder = "rep_id" if "rep_id" in frame else "team"
    return [
        [getattr(row, holder), str(row.starts_on)[:10], str(row.ends_on)[:10], float(row.quota), float(row.booked)]
        for row in frame.itertuples()
    ]


def only(book: Book, kpi: str, period: str) -> dict[str, Any]:
    frame = compute(book, kpi, Period.parse(period))
    assert len(frame) == 1
    return dict(frame.iloc[0])


@pytest.fixture(scope="module")
def book() -> Book:
    """Quotas that open on 30 March and 29 June, and have no end."""
    return Book.of(
        {
            "opportunities": [
                won("a", "r1", "2026-03-30", 10),
                won("b", "r1", "2026-06-28", 20),
                won("c", "r1", "2026-06-29", 40),
                won("d", "r1", "2026-03-29", 80),
                won("e", "r2", "2026-05-01", 25),
                won("f", None, "2026-05-01", 5),
                won("g", "r3", "2026-05-01", 7),
            ],
            "quotas": [
                {"rep_id": "r1", "starts_on": "2026-03-30", "amount": 60},
                {"rep_id": "r1", "starts_on": "2026-06-29", "amount": 50},
                {"rep_id": "r2", "starts_on": "2026-04-01", "ends_on": "2026-06-30", "amount": 25},
            ],
            "reps": [{"rep_id": "r1", "name": "Ann", "team": "N"}, {"rep_id": "r2", "name": "Bob", "team": "S"}],
        },
        as_of=AS_OF,
    )


def test_a_span_without_an_end_runs_to_the_next_start_else_to_the_as_of_date(book: Book) -> None:
    assert spans(book, "2026Q2") == [
        ["r1", "2026-03-30", "2026-06-28", 60, 10 + 20],
        ["r2", "2026-04-01", "2026-06-30", 25, 25],
    ]
    assert spans(book, "2026Q3") == [["r1", "2026-06-29", "2026-09-30", 50, 40]]


def test_each_span_is_in_one_period_of_a_partition(book: Book) -> None:
    for grain in ("month", "quarter", "half"):
        parts = [span for part in Period.parse("2026").split(grain) for span in spans(book, part.label)]
        assert sorted(parts) == sorted(spans(book, "2026"))


def test_the_middle_day_decides_and_the_earlier_of_two() -> None:
    days = [
        ("2026-03-30", "2026-04-02", "2026Q1"),
        ("2026-03-30", "2026-04-03", "2026Q2"),
        ("2026-04-01", "2026-04-01", "2026Q2"),
    ]
    for first, last, period in days:
        quota = {"rep_id": "r", "starts_on": first, "ends_on": last, "amount": 1}
        book = Book.of({"opportunities": [won("a", "r", "2026-04-01", 1)], "quotas": [quota]}, as_of=AS_OF)
        assert len(spans(book, period)) == 1


def test_attainment_is_booked_on_the_quotas_own_days(book: Book) -> None:
    row = only(book, "quota_attainment", "2026Q2")
    assert (row["numerator"], row["denominator"], row["n"]) == (30 + 25, 60 + 25, 2)
    assert row["value"] == pytest.approx(55 / 85)
    share = only(book, "quota_attainment.share_at_quota", "2026Q2")
    assert (share["numerator"], share["denominator"]) == (1, 2)
    assert only(book, "target_achievement.share_met", "2026Q2")["value"] == share["value"]
    by_team = compute(book, "quota_attainment", Period.parse("2026Q2"), by="team")
    assert by_team[["segment", "value"]].to_numpy().tolist() == [["N", 30 / 60], ["S", 1.0]]


def test_target_achievement_counts_all_that_was_booked_in_the_period(book: Book) -> None:
    row = only(book, "target_achievement", "2026Q2")
    assert row["value"] == (20 + 40 + 25 + 5 + 7) / (60 + 25)


def test_several_quotas_on_the_same_days_are_one_span() -> None:
    quotas = [{"rep_id": "r", "starts_on": "2026-04-01", "ends_on": "2026-06-30", "amount": a} for a in (30, 20)]
    book = Book.of({"opportunities": [won("a", "r", "2026-05-01", 50)], "quotas": quotas}, as_of=AS_OF)
    assert spans(book, "2026Q2") == [["r", "2026-04-01", "2026-06-30", 50, 50]]


def test_teams_quotas_are_held_against_their_sellers_and_count_where_no_seller_has_one() -> None:
    team = {"team": "N", "starts_on": "2026-04-01", "ends_on": "2026-06-30", "amount": 100}
    deals = [won("a", "r1", "2026-05-01", 30), won("b", "r2", "2026-05-01", 40), won("c", "r3", "2026-05-01", 9)]
    reps = [{"rep_id": "r1", "team": "N"}, {"rep_id": "r2", "team": "N"}, {"rep_id": "r3", "team": "S"}]
    book = Book.of({"opportunities": deals, "quotas": [team], "reps": reps}, as_of=AS_OF)
    assert spans(book, "2026Q2") == [["N", "2026-04-01", "2026-06-30", 100, 30 + 40]]
    seller = {"rep_id": "r1", "starts_on": "2026-04-01", "ends_on": "2026-06-30", "amount": 60}
    both = Book.of({"opportunities": deals, "quotas": [team, seller], "reps": reps}, as_of=AS_OF)
    assert spans(both, "2026Q2") == [["r1", "2026-04-01", "2026-06-30", 60, 30]]
    with pytest.raises(NeedsData, match=r"reps\.team"):
        spans(Book.of({"opportunities": deals, "quotas": [team]}, as_of=AS_OF), "2026Q2")


def test_a_quota_of_revenue_is_held_against_order_lines() -> None:
    quotas = [
        {"rep_id": "r", "starts_on": "2026-04-01", "ends_on": "2026-06-30", "metric": metric, "amount": 10}
        for metric in ("bookings", "revenue")
    ]
    orders = [
        {"order_line_id": "1", "ordered_at": "2026-05-01", "amount": 4, "rep_id": "r"},
        {"order_line_id": "2", "ordered_at": "2026-05-01", "amount": 100},
    ]
    book = Book.of({"opportunities": [won("a", "r", "2026-05-01", 3)], "orders": orders, "quotas": quotas}, as_of=AS_OF)
    assert metric_of(book) == "bookings"
    assert spans(book, "2026Q2", metric="bookings")[0][3:] == [10, 3]
    assert spans(book, "2026Q2", metric="revenue")[0][3:] == [10, 4]
    assert only(book, "quota_attainment", "2026Q2")["value"] == (3 + 4) / (10 + 10)
    assert only(book, "target_achievement", "2026Q2")["value"] == 3 / 10
    alone = Book.of({"orders": orders, "quotas": [{**quotas[0], "metric": None}]}, as_of=AS_OF)
    assert metric_of(alone) == "revenue"
    assert only(alone, "quota_attainment", "2026Q2")["value"] == 4 / 10


def test_booked_to_a_day(book: Book) -> None:
    assert spans(book, "2026Q2", booked_to=dtm.date(2026, 4, 30))[0][4] == 10


def test_no_quota_is_not_zero(book: Book) -> None:
    for kpi in (
        "quota_attainment",
        "quota_attainment.share_at_quota",
        "target_achievement",
        "target_achievement.share_met",
    ):
        assert only(book, kpi, "2025Q1")["status"] == "na"


def test_quotas_without_anything_booked_say_what_they_need() -> None:
    book = Book.of({"quotas": [{"rep_id": "r", "starts_on": "2026-04-01", "amount": 1}]}, as_of=AS_OF)
    row = only(book, "quota_attainment", "2026Q2")
    assert (row["status"], row["reason"]) == ("needs", "needs opportunities or orders.rep_id")


def test_achievement_of_a_target() -> None:
    assert achievement(90, 120) == 0.75
    assert achievement(50, 40, "down") == 0.8
    assert math.isnan(achievement(1, 0))
    assert math.isnan(achievement(0, 40, "down"))
    assert math.isnan(achievement(math.nan, 1))


def test_whether_a_target_is_met() -> None:
    assert is_met(120, 120) is True
    assert is_met(119, 120) is False
    assert is_met(40, 40, "down") is True
    assert is_met(41, 40, "down") is False
    assert is_met(11, 10, "target") is True
    assert is_met(12, 10, "target") is False
    assert is_met(1, 1, "none") is None
    assert is_met(math.nan, 1) is None


def test_progress_from_the_baseline() -> None:
    def goal(**more: Any) -> Goal:
        return Goal(objective="grow", kpi="win_rate.closed", due="2026-09-30", owner="sales", **more)

    assert progress(0.25, goal(baseline=0.2, target=0.5, change="relative")) == pytest.approx((0.25 - 0.2) / 0.1)
    assert progress(0.1, goal(baseline=0.2, target=0.1, change="points")) == pytest.approx(-1)
    assert math.isnan(progress(1, goal(target=2)))
    assert math.isnan(progress(1, goal(baseline=2, target=2)))
