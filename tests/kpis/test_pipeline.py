"""What stands open, what it is worth, how it moves, and whether it covers the quota."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import pytest

from salesnb.data.book import Book
from salesnb.data.history import as_known, deals_on
from salesnb.data.memo import keeping
from salesnb.errors import NeedsData
from salesnb.kpis.registry import compute, rows_behind
from salesnb.kpis.stages import moves, stage_order, stage_win_rates
from salesnb.kpis.standing import active, points, standing, weighted
from salesnb.periods import Period

AS_OF = dtm.date(2026, 9, 30)
Q2 = Period.parse("2026Q2")


def deal(name: str, created: str, amount: float | None, **more: Any) -> dict[str, Any]:
    return {"opportunity_id": name, "created_at": created, "amount": amount, "outcome": "open", "stage": "Demo", **more}


def change(name: str, at: str, field: str, old: str | None, new: str) -> dict[str, Any]:
    return {"opportunity_id": name, "changed_at": at, "field": field, "old": old, "new": new}


@pytest.fixture
def book() -> Book:
    """Six deals: A won in May, B lost in June, C moved on, D moved back, E stayed and lives, F came in June."""
    deals = [
        deal(
            "A",
            "2026-01-10",
            100,
            owner_id="r1",
            outcome="won",
            closed_on="2026-05-20",
            stage="Signed",
            expected_close_on="2026-05-31",
        ),
        deal(
            "B", "2026-02-10", 50, owner_id="r1", outcome="lost", closed_on="2026-06-10", expected_close_on="2026-06-30"
        ),
        deal("C", "2026-03-01", 40, owner_id="r1", stage="Offer", expected_close_on="2026-06-15"),
        deal("D", "2026-03-01", 30, owner_id="r2", stage="Prospect", expected_close_on="2026-10-15"),
        deal("E", "2026-03-01", 20, owner_id="r2", stage="Demo", expected_close_on="2026-07-01"),
        deal("F", "2026-06-15", 60, owner_id="r2", stage="Prospect", expected_close_on="2026-09-30"),
    ]
    log = [
        change("A", "2026-02-01", "stage", "Prospect", "Demo"),
        change("A", "2026-04-20", "stage", "Demo", "Offer"),
        change("A", "2026-05-20", "stage", "Offer", "Signed"),
        change("A", "2026-05-20", "outcome", "open", "won"),
        change("A", "2026-04-15", "amount", "90", "100"),
        change("B", "2026-03-01", "stage", "Prospect", "Demo"),
        change("B", "2026-06-10", "outcome", "open", "lost"),
        change("C", "2026-03-15", "stage", "Prospect", "Demo"),
        change("C", "2026-05-01", "stage", "Demo", "Offer"),
        change("C", "2026-07-20", "amount", "45", "40"),
        change("D", "2026-03-15", "stage", "Prospect", "Demo"),
        change("D", "2026-05-01", "stage", "Demo", "Prospect"),
        change("D", "2026-05-02", "expected_close_on", "2026-05-30", "2026-10-15"),
        change("E", "2026-03-15", "stage", "Prospect", "Demo"),
    ]
    quotas = [
        {"rep_id": "r1", "starts_on": "2026-04-01", "ends_on": "2026-06-30", "metric": "bookings", "amount": 150},
        {"rep_id": "r2", "starts_on": "2026-04-01", "ends_on": "2026-06-30", "metric": "bookings", "amount": 50},
    ]
    reps = [{"rep_id": "r1", "name": "Ann", "team": "North"}, {"rep_id": "r2", "name": "Bob", "team": "South"}]
    tables = {"opportunities": deals, "opportunity_events": log, "quotas": quotas, "reps": reps}
    return Book.of(tables, as_of=AS_OF)


def value(book: Book, kpi: str, period: Period = Q2) -> float:
    frame = compute(book, kpi, period)
    assert len(frame) == 1
    return float(frame.value[0])


def by(book: Book, kpi: str, dimension: str, period: Period = Q2) -> dict[str, float]:
    frame = compute(book, kpi, period, by=dimension)
    return dict(zip(frame.segment, frame.value, strict=True))


def test_value_and_count_are_of_the_deals_as_they_were(book: Book) -> None:
    assert value(book, "pipeline_value") == 45 + 30 + 20 + 60  # C was worth 45 until July
    assert value(book, "pipeline_value", Period.parse("2026Q3")) == 40 + 30 + 20 + 60
    assert value(book, "pipeline_value", Period.parse("2026Q1")) == 90 + 50 + 45 + 30 + 20
    assert value(book, "pipeline_count") == 4
    assert by(book, "pipeline_value", "rep") == {"Ann": 45, "Bob": 30 + 20 + 60}


def test_parts_sum_to_the_whole(book: Book) -> None:
    book = keeping(book)
    for kpi in ("pipeline_value.open", "pipeline_value.weighted", "pipeline_value.due", "pipeline_value.average"):
        for dimension in ("rep", "stage", "month"):
            assert sum(by(book, kpi, dimension).values()) == pytest.approx(value(book, kpi))


def test_weighted_takes_the_win_rate_of_the_stage(book: Book) -> None:
    rates = stage_win_rates(book, Q2.last_day).order_by("stage").execute()
    assert rates[["stage", "won", "closed", "win_rate"]].to_numpy().tolist() == [
        ["Demo", 1, 2, 0.5],
        ["Offer", 1, 1, 1.0],
        ["Prospect", 1, 2, 0.5],
        ["Signed", 1, 1, 1.0],
    ]
    # C stands in Offer, D and F in Prospect, E in Demo
    assert value(book, "pipeline_value.weighted") == 45 * 1.0 + (30 + 60) * 0.5 + 20 * 0.5


def test_weights_know_nothing_of_later_closings(book: Book) -> None:
    # by the end of May only A had closed, and was won
    assert set(weighted(book, dtm.date(2026, 5, 31)).win_rate.execute()) == {1.0}


def test_weighted_without_a_log_takes_the_rate_of_all() -> None:
    deals = [
        deal("A", "2026-01-01", 1, outcome="won", closed_on="2026-02-01"),
        deal("B", "2026-01-01", 1, outcome="lost", closed_on="2026-02-01"),
        deal("C", "2026-01-01", 1, outcome="lost", closed_on="2026-02-01"),
        deal("D", "2026-01-01", 30),
    ]
    assert value(Book.of({"opportunities": deals}, as_of=AS_OF), "pipeline_value.weighted") == pytest.approx(30 / 3)


def test_weighted_needs_a_closed_deal() -> None:
    book = Book.of({"opportunities": [deal("A", "2026-01-01", 1)]}, as_of=AS_OF)
    frame = compute(book, "pipeline_value.weighted", Q2)
    assert frame.status.tolist() == ["needs"]
    assert "no deal was won or lost by 2026-06-30" in frame.reason[0]


def test_due_is_what_was_expected_in_the_next_period(book: Book) -> None:
    assert value(book, "pipeline_value.due") == 20 + 60
    assert value(book, "pipeline_value.due", Period.parse("2026Q1")) == 90 + 50 + 45 + 30  # D was expected in May then


def test_average_is_the_mean_of_the_open_value_at_its_points(book: Book) -> None:
    days = [dtm.date(2026, 4, 1) + dtm.timedelta(days=n) for n in range(7)]
    week = Period.parse("2026-04-01..2026-04-07")
    assert points(book, week) == tuple(days)
    months = points(book, Period.parse("2026H1"))
    assert [str(d) for d in months] == [f"2026-0{m}-{d}" for m, d in enumerate((31, 28, 31, 30, 31, 30), start=1)]
    opened = [float(standing(book, d).amount.sum().execute()) for d in months]
    assert opened == [90, 90 + 50, 235, 245, 145, 155]
    assert value(book, "pipeline_value.average", Period.parse("2026H1")) == pytest.approx(sum(opened) / 6)


def test_average_of_a_period_that_just_began_is_that_of_the_as_of_date(book: Book) -> None:
    early = Book.of({"opportunities": [deal("A", "2026-01-01", 7)]}, as_of=dtm.date(2026, 1, 2))
    assert points(early, Period.parse("2026")) == (dtm.date(2026, 1, 2),)
    assert value(early, "pipeline_value.average", Period.parse("2026")) == 7


def test_moves_of_the_deals_open_at_the_start(book: Book) -> None:
    rows = moves(book, dtm.date(2026, 3, 31), Q2.last_day).order_by("opportunity_id").execute()
    assert rows[["opportunity_id", "stage", "move"]].to_numpy().tolist() == [
        ["A", "Demo", "won"],
        ["B", "Demo", "lost"],
        ["C", "Demo", "forward"],
        ["D", "Demo", "back"],
        ["E", "Demo", "stayed"],
    ]


def test_progression_is_a_table_that_sums_to_one(book: Book) -> None:
    frame = compute(book, "pipeline_progression", Q2)
    assert dict(zip(frame.segment, frame.value, strict=True)) == dict.fromkeys(
        ["back", "forward", "lost", "stayed", "won"], pytest.approx(1 / 5)
    )
    assert frame.numerator.tolist() == [1] * 5
    assert frame.denominator.tolist() == [5] * 5
    assert (frame.low < 0.2).all()
    assert (frame.high > 0.2).all()
    money = by(book, "pipeline_progression.value", "move")
    whole = 90 + 50 + 45 + 30 + 20  # as at the start
    assert money == pytest.approx(
        {"won": 90 / whole, "lost": 50 / whole, "forward": 45 / whole, "back": 30 / whole, "stayed": 20 / whole}
    )
    assert sum(by(book, "pipeline_progression", "rep").values()) == pytest.approx(1)


def test_progression_of_nothing_is_not_zero(book: Book) -> None:
    frame = compute(book, "pipeline_progression", Period.parse("2025Q4"))
    assert frame.status.tolist() == ["na"]


def test_progression_needs_a_history() -> None:
    frame = compute(Book.of({"opportunities": [deal("A", "2026-01-01", 1)]}, as_of=AS_OF), "pipeline_progression", Q2)
    assert frame.status.tolist() == ["needs"]
    assert "opportunity_events" in frame.reason[0]


def test_stage_order_is_given_or_derived_from_first_arrivals(book: Book) -> None:
    assert stage_order(book) == ("Prospect", "Demo", "Offer", "Signed")
    given = Book.of({"opportunities": [deal("A", "2026-01-01", 1)]}, as_of=AS_OF, stages=["b", "a"])
    assert stage_order(given) == ("b", "a")
    assert stage_order(Book.of({"opportunities": [deal("A", "2026-01-01", 1)]}, as_of=AS_OF)) == ()


def test_a_stage_outside_the_order_is_told_apart() -> None:
    log = [change("A", "2026-04-15", "stage", "Demo", "Limbo"), change("B", "2026-04-15", "deleted", "false", "true")]
    deals = [deal("A", "2026-01-01", 1, stage="Limbo"), deal("B", "2026-01-01", 1)]
    book = Book.of({"opportunities": deals, "opportunity_events": log}, as_of=AS_OF, stages=["Demo", "Offer"])
    assert by(book, "pipeline_progression", "move") == {"lost": 0.5, "unplaced": 0.5}


def test_coverage_is_the_pipeline_due_over_the_quota(book: Book) -> None:
    assert value(book, "pipeline_coverage") == (90 + 50 + 45 + 30) / (150 + 50)
    assert by(book, "pipeline_coverage", "rep") == {"Ann": (90 + 50 + 45) / 150, "Bob": 30 / 50}


def test_coverage_to_go_is_what_is_left_of_both(book: Book) -> None:
    assert value(book, "pipeline_coverage.to_go") == pytest.approx(45 / (150 + 50 - 100))
    met = Book.of(
        {
            "opportunities": [
                deal(
                    "A",
                    "2026-04-01",
                    9,
                    owner_id="r",
                    outcome="won",
                    closed_on="2026-05-01",
                    expected_close_on="2026-05-01",
                )
            ],
            "quotas": [{"rep_id": "r", "starts_on": "2026-04-01", "ends_on": "2026-06-30", "amount": 8}],
        },
        as_of=AS_OF,
    )
    frame = compute(met, "pipeline_coverage.to_go", Q2)
    assert frame.status.tolist() == ["na"]
    assert frame.reason[0].startswith("the quota left is negative")


def test_coverage_of_a_coming_period_takes_the_pipeline_of_today() -> None:
    book = Book.of(
        {
            "opportunities": [deal("A", "2026-04-01", 9, owner_id="r", expected_close_on="2026-11-01")],
            "quotas": [{"rep_id": "r", "starts_on": "2026-10-01", "ends_on": "2026-12-31", "amount": 3}],
        },
        as_of=AS_OF,
    )
    frame = compute(book, "pipeline_coverage", Period.parse("2026Q4"))
    assert frame.value.tolist() == [9 / 3]
    assert frame.status.tolist() == ["immature"]


def test_active_counts_the_deals_touched_in_30_days() -> None:
    deals = [deal(name, "2026-01-01", 1) for name in "ABC"]
    acts = [
        {"activity_id": "1", "opportunity_id": "A", "happened_at": "2026-06-01 08:00"},
        {"activity_id": "2", "opportunity_id": "B", "happened_at": "2026-05-31 23:00"},
        {"activity_id": "3", "opportunity_id": "C", "happened_at": "2026-07-01 00:00"},
        {"activity_id": "4", "opportunity_id": "A", "happened_at": "2026-06-30 23:59"},
    ]
    book = Book.of({"opportunities": deals, "activities": acts}, as_of=AS_OF)
    assert value(book, "pipeline_count.active") == 1  # June has 30 days: A alone
    assert rows_behind(book, "pipeline_count.active", Q2).opportunity_id.execute().tolist() == ["A"]


def test_the_last_activity_tells_of_the_as_of_date_alone() -> None:
    deals = [
        deal("A", "2026-01-01", 1, last_activity_at="2026-09-01"),
        deal("B", "2026-01-01", 1, last_activity_at="2026-08-31"),
    ]
    book = Book.of({"opportunities": deals}, as_of=AS_OF)
    assert value(book, "pipeline_count.active", Period.parse("2026Q3")) == 1
    with pytest.raises(NeedsData, match=r"activities\.opportunity_id"):
        active(book, Q2.last_day)


def test_nothing_open_is_zero_deals_worth_zero(book: Book) -> None:
    old = Period.parse("2025Q1")
    assert value(book, "pipeline_value", old) == 0
    assert value(book, "pipeline_count", old) == 0


def test_the_limit_of_the_history_is_told_for_days_gone_by() -> None:
    book = Book.of({"opportunities": [deal("A", "2026-01-01", 1)]}, as_of=AS_OF)
    assert "no change log" in compute(book, "pipeline_value", Q2).reason[0]
    assert compute(book, "pipeline_value", Period.parse("2026Q3")).reason[0] == ""


def test_the_rows_behind_are_the_open_deals(book: Book) -> None:
    rows = rows_behind(book, "pipeline_value", Q2).order_by("opportunity_id").execute()
    assert rows.opportunity_id.tolist() == ["C", "D", "E", "F"]
    assert rows["_numerator"].tolist() == [45, 30, 20, 60]
    assert int(deals_on(book, Q2.last_day).count().execute()) == 6


def test_the_book_as_known_then_and_the_book_of_today_tell_the_same(book: Book) -> None:
    then = as_known(book, Q2.last_day)
    for kpi in ("pipeline_value", "pipeline_value.weighted", "pipeline_value.due", "pipeline_coverage", "win_rate"):
        assert value(then, kpi) == pytest.approx(value(book, kpi))
    assert by(then, "pipeline_progression", "move") == pytest.approx(by(book, "pipeline_progression", "move"))
