"""What share of deals is won, what share is decided, and what a won deal is worth."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import pytest

from salesnb.data.book import Book
from salesnb.kpis.registry import compute, difference
from salesnb.periods import Period

AS_OF = dtm.date(2026, 9, 30)
Q2 = Period.parse("2026Q2")


def deal(
    name: str,
    created: str | None,
    outcome: str,
    closed: str | None = None,
    amount: float | None = None,
    owner: str = "r1",
) -> dict[str, Any]:
    return {
        "opportunity_id": name,
        "created_at": created,
        "outcome": outcome,
        "closed_on": closed,
        "amount": amount,
        "owner_id": owner,
    }


@pytest.fixture(scope="module")
def book() -> Book:
    return Book.of(
        {
            "opportunities": [
                deal("won in", "2026-01-05", "won", "2026-04-01", 100),
                deal("won in too", "2026-04-05", "won", "2026-06-30", 40, "r2"),
                deal("lost in", "2026-04-05", "lost", "2026-05-01", 60),
                deal("dropped in", "2026-04-05", "disqualified", "2026-05-01", 10),
                deal("won before", "2026-01-05", "won", "2026-03-31", 1000),
                deal("won after", "2026-06-30", "won", "2026-07-01", 2000, "r2"),
                deal("open", "2026-06-30", "open", None, 5),
                deal("came after", "2026-07-01", "open", None, 5),
                deal("undated", None, "open", None, 5),
            ]
        },
        as_of=AS_OF,
    )


def only(book: Book, kpi: str, period: Period = Q2) -> dict[str, Any]:
    frame = compute(book, kpi, period)
    assert len(frame) == 1
    return dict(frame.iloc[0])


def test_closed_counts_what_was_won_or_lost_in_the_period(book: Book) -> None:
    row = only(book, "win_rate")
    assert (row["numerator"], row["denominator"], row["n"]) == (2, 2 + 1, 3)
    assert row["value"] == pytest.approx(2 / 3)
    assert row["low"] < 2 / 3 < row["high"]


def test_pursued_counts_all_that_was_open_at_any_time_in_it(book: Book) -> None:
    # won in, won in too, lost in, dropped in, won after, open; the undated one is known of the as-of date alone
    row = only(book, "win_rate.pursued")
    assert (row["numerator"], row["denominator"]) == (2, 6)
    assert only(book, "opportunity_to_win_ratio")["value"] == row["value"]
    assert only(book, "win_rate.pursued", Period.parse("2026Q3"))["denominator"] == 4


def test_resolution_counts_losses_as_well_and_no_disqualified(book: Book) -> None:
    row = only(book, "close_rate")
    assert (row["numerator"], row["denominator"]) == (2 + 1, 6)


def test_created_follows_the_deals_of_the_period_to_the_as_of_date(book: Book) -> None:
    # won in too, lost in, dropped in, won after, open
    row = only(book, "win_rate.created")
    assert (row["numerator"], row["denominator"], row["status"]) == (2, 5, "immature")
    assert row["reason"].startswith("1 of the deals created in 2026Q2 are still open")
    assert only(book, "win_rate.created", Period.parse("2026Q1"))["status"] == "ok"


def test_value_weighs_by_amount(book: Book) -> None:
    assert only(book, "win_rate.value")["value"] == (100 + 40) / (100 + 40 + 60)


def test_value_says_when_losses_carry_no_amount() -> None:
    deals = [
        deal("a", "2026-04-01", "won", "2026-05-01", 7),
        deal("b", "2026-04-01", "lost", "2026-05-01", 0),
        deal("c", "2026-04-01", "won", "2026-05-01", None),
    ]
    row = only(Book.of({"opportunities": deals}, as_of=AS_OF), "win_rate.value")
    assert row["value"] == 1
    assert "no lost deal has an amount above 0" in row["reason"]
    assert "1 left out: no amount" in row["reason"]


def test_mature_lets_an_open_deal_count_as_long_as_it_was_watched() -> None:
    deals = [
        deal("a", "2026-04-01", "won", "2026-04-11"),  # 10 days, 4 at risk
        deal("b", "2026-04-01", "lost", "2026-04-21"),  # 20 days, 3 at risk
        deal("c", "2026-06-30", "won", "2026-09-29"),  # 91 days, 2 at risk
        deal("d", "2026-06-30", "open"),  # censored at 92 days
    ]
    row = only(Book.of({"opportunities": deals}, as_of=AS_OF), "win_rate.mature")
    s1, s2 = 1 - 1 / 4, (1 - 1 / 4) * (1 - 1 / 3)
    assert s1 == 3 / 4
    assert row["value"] == pytest.approx(1 / 4 + s2 * 1 / 2)
    assert row["n"] == 4
    assert row["status"] == "immature"
    assert "25% of the deals created in 2026Q2 may still be won" in row["reason"]
    assert 0 <= row["low"] < row["value"] < row["high"] <= 1


def test_mature_is_ok_once_all_is_decided_and_then_the_plain_share() -> None:
    deals = [deal(str(i), "2026-04-01", "won" if i < 3 else "lost", f"2026-05-{i + 1:02d}") for i in range(10)]
    row = only(Book.of({"opportunities": deals}, as_of=AS_OF), "win_rate.mature")
    assert (row["value"], row["status"], row["reason"]) == (pytest.approx(3 / 10), "ok", "")
    by_rep = compute(Book.of({"opportunities": deals}, as_of=AS_OF), "win_rate.mature", Q2, by="rep_id")
    assert by_rep[["segment", "n"]].to_numpy().tolist() == [["r1", 10]]


def test_deal_size_is_of_won_deals_with_an_amount() -> None:
    amounts = [10, 20, 90, None]
    deals = [deal(str(i), "2026-04-01", "won", "2026-05-01", a) for i, a in enumerate(amounts)]
    book = Book.of({"opportunities": deals}, as_of=AS_OF)
    mean = only(book, "average_deal_size")
    assert (mean["value"], mean["n"], mean["reason"]) == ((10 + 20 + 90) / 3, 3, "1 left out: no amount")
    assert only(book, "average_deal_size.median")["value"] == 20


@pytest.mark.parametrize(
    "kpi",
    [
        "win_rate.closed",
        "win_rate.pursued",
        "win_rate.created",
        "win_rate.value",
        "win_rate.mature",
        "close_rate",
        "opportunity_to_win_ratio",
        "average_deal_size",
        "average_deal_size.median",
    ],
)
def test_nothing_to_count_is_not_zero(book: Book, kpi: str) -> None:
    row = only(book, kpi, Period.parse("2020Q1"))
    assert row["status"] == "na"
    assert row["value"] != row["value"]
    assert row["n"] == 0


def test_segments_sum_to_the_whole(book: Book) -> None:
    for kpi in ("win_rate.closed", "win_rate.pursued", "win_rate.created", "close_rate"):
        parts, whole = compute(book, kpi, Q2, by="rep_id"), only(book, kpi)
        assert parts.segment.tolist() == ["r1", "r2"]
        assert (parts.numerator.sum(), parts.denominator.sum()) == (whole["numerator"], whole["denominator"])


def test_the_rows_that_make_two_win_rates_differ(book: Book) -> None:
    rows = difference(book, "win_rate.closed", "win_rate.pursued", Q2).execute()
    assert dict(zip(rows.opportunity_id, rows.only_in, strict=True)) == dict.fromkeys(
        ["dropped in", "won after", "open"], "win_rate.pursued"
    )
