from __future__ import annotations

import datetime as dtm
import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesnb.data.book import Book
from salesnb.kpis.measure import evaluate
from salesnb.kpis.registry import all_kpis, compare, compute, rows_behind
from salesnb.kpis.revenue import new_segments
from salesnb.periods import Period

Q1, Q2 = Period.parse("2026Q1"), Period.parse("2026Q2")
AS_OF = dtm.date(2026, 6, 30)
# id, order, account, day, product, amount, type, seller
LINES = [
    ("1", "o1", "A", "2025-03-01", "P", "40.00", "one_time", "ann"),
    ("2", "o2", "A", "2026-01-10", "P", "100.10", "one_time", "ann"),
    ("3", "o2", "A", "2026-01-10", "Q", "10.10", "service", "ann"),
    ("4", "o3", "A", "2026-04-01 00:00", "P", "60.00", "one_time", "ann"),
    ("5", "o4", "A", "2026-04-11", "P", "-10.00", "one_time", "ann"),
    ("6", None, "B", "2026-06-30 23:59", "R", "30.00", "subscription", "bo"),
    ("7", None, None, "2026-05-11", None, "5.00", None, None),
]
ACCOUNTS = [{"account_id": "A", "segment": "SMB"}, {"account_id": "B", "segment": "ENT"}, {"account_id": "C"}]


def ordered(rows: list[tuple[Any, ...]] = LINES, connection: Any = None, as_of: dtm.date = AS_OF, **more: Any) -> Book:
    """A book of order lines; line 5 is a return."""
    names = ("order_line_id", "order_id", "account_id", "ordered_at", "product", "amount", "revenue_type", "rep_id")
    lines = [{**dict(zip(names, row, strict=True)), "is_return": row[0] == "5"} for row in rows]
    return Book.of({"orders": lines, "accounts": ACCOUNTS, **more}, as_of=as_of, connection=connection)


@pytest.fixture
def book(engine: Any) -> Book:
    return ordered(connection=engine)


def value(book: Book, name: str, period: Period = Q2) -> float:
    (found,) = compute(book, name, period)["value"]
    return float(found)


def by_segment(book: Book, name: str, by: str | None = None, period: Period = Q2) -> dict[str, float]:
    frame = compute(book, name, period, by=by)
    return dict(zip(frame["segment"], frame["value"], strict=True))


def test_revenue_is_net_of_returns_and_holds_the_last_minute(book: Book) -> None:
    (row,) = compute(book, "revenue", Q2).to_dict("records")
    assert (row["value"], row["n"], row["unit"], row["status"]) == (60 - 10 + 30 + 5, 4, "money", "ok")


def test_revenue_of_periods_partitions_that_of_the_year(book: Book) -> None:
    months = [value(book, "revenue", month) for month in Period.parse("2026H1").split("month")]
    assert months == [110.20, 0, 0, 60 - 10, 5, 30]
    assert sum(months) == pytest.approx(value(book, "revenue", Period.parse("2026H1")))


def test_revenue_by_segment(book: Book) -> None:
    assert by_segment(book, "revenue.product") == {"P": 50, "R": 30, "(none)": 5}
    assert by_segment(book, "revenue.revenue_type") == {"one_time": 50, "subscription": 30, "(none)": 5}
    assert by_segment(book, "revenue", "rep") == {"ann": 50, "bo": 30, "(none)": 5}
    assert by_segment(book, "revenue", "segment") == {"SMB": 50, "ENT": 30, "(none)": 5}


def deals(connection: Any = None) -> Book:
    rows = [
        {"opportunity_id": "1", "outcome": "won", "closed_on": "2026-04-01", "amount": "10.00", "account_id": "A"},
        {"opportunity_id": "2", "outcome": "won", "closed_on": "2026-06-30", "amount": "20.00", "account_id": "B"},
        {"opportunity_id": "3", "outcome": "lost", "closed_on": "2026-05-01", "amount": "99.00", "account_id": "B"},
        {"opportunity_id": "4", "outcome": "won", "closed_on": "2026-07-01", "amount": "99.00", "account_id": "B"},
        {"opportunity_id": "5", "outcome": "open", "closed_on": None, "amount": "99.00", "account_id": "B"},
        {"opportunity_id": "6", "outcome": "won", "closed_on": "2026-03-31", "amount": "8.00", "account_id": "A"},
    ]
    return Book.of({"opportunities": rows}, as_of=dtm.date(2026, 9, 30), connection=connection)


def test_booked_is_won_by_the_day_it_closed(engine: Any) -> None:
    assert value(deals(engine), "revenue.booked") == 10 + 20


def test_without_orders_revenue_is_what_was_won(engine: Any) -> None:
    book = deals(engine)
    assert value(book, "revenue") == 10 + 20
    assert value(book, "average_order_value") == (10 + 20) / 2
    assert value(book, "average_order_value.median") == (10 + 20) / 2
    assert value(book, "new_customer_revenue") == 20
    assert value(book, "existing_customer_revenue") == 10
    assert compute(book, "revenue.product", Q2)["reason"].tolist() == ["needs orders.product or opportunities.product"]


def test_the_product_of_orders_is_not_looked_for_in_deals(engine: Any) -> None:
    rows = [(*LINES[3][:4], None, *LINES[3][5:])]
    won = [{"opportunity_id": "1", "outcome": "won", "closed_on": "2026-04-01", "amount": "10.00", "product": "P"}]
    book = ordered(rows, engine, opportunities=won)
    assert compute(book, "revenue.product", Q2)["reason"].tolist() == ["needs orders.product"]


def test_growth(book: Book) -> None:
    assert value(book, "revenue_growth") == pytest.approx(85 / 110.20 - 1)
    assert value(book, "revenue_growth.yoy", Q1) == pytest.approx(110.20 / 40 - 1)
    (row,) = compute(book, "revenue_growth.yoy", Q2).to_dict("records")
    assert (row["status"], row["reason"]) == ("na", "revenue of 2025Q2 is zero")


def test_growth_by_product(book: Book) -> None:
    frame = compute(book, "product_revenue.growth", Q2)
    assert frame["segment"].tolist() == ["P", "Q", "R", "(none)"]
    assert frame["value"].iloc[:2].tolist() == pytest.approx([50 / 100.10 - 1, -1.0])
    assert frame["status"].tolist() == ["ok", "ok", "na", "na"]
    assert frame["reason"].iloc[2] == "revenue of 2026Q1 is zero"


def test_product_revenue_is_revenue_by_product(book: Book) -> None:
    assert by_segment(book, "product_revenue") == by_segment(book, "revenue.product")
    assert by_segment(book, "product_revenue.one_time") == {"P": 50}
    assert by_segment(book, "product_revenue.service", period=Q1) == {"Q": 10.10}
    assert compute(book, "product_revenue.service", Q2)["reason"].tolist() == ["no rows to count"]
    assert compute(book, "product_revenue.margin", Q2)["reason"].tolist() == ["needs orders.cost"]


def test_new_and_existing_customers_make_up_revenue(book: Book) -> None:
    # A first bought in 2025; B in the quarter; one line names no account
    assert value(book, "new_customer_revenue") == 30
    assert value(book, "existing_customer_revenue") == 60 - 10 + 5
    # within 365 days of 2025-03-01 is up to 2026-03-01
    assert value(book, "new_customer_revenue.window") == 30
    assert value(book, "new_customer_revenue.window", Q1) == 110.20
    assert value(book, "existing_customer_revenue.window") == 60 - 10 + 5


def test_a_return_makes_no_customer(engine: Any) -> None:
    rows = [
        ("5", "r", "A", "2026-01-01", "P", "-1.00", None, None),
        ("8", "o", "A", "2026-04-01", "P", "9.00", None, None),
    ]
    book = ordered(rows, engine)
    assert value(book, "new_customer_revenue") == 9
    for kind in ("first_order", "window"):
        assert value(book, f"new_customer_revenue.{kind}", Q1) == 0
        assert value(book, f"existing_customer_revenue.{kind}", Q1) == -1


def test_the_window_ends_after_365_days(engine: Any) -> None:
    days = ["2025-04-01", "2026-04-01", "2026-04-02"]
    book = ordered([(str(i + 6), None, "A", day, "P", "1.00", None, None) for i, day in enumerate(days)], engine)
    found = rows_behind(book, "new_customer_revenue.window", Q2).execute()
    assert found["order_line_id"].tolist() == ["7"]


def test_average_order_value_counts_orders_not_lines_or_returns(book: Book) -> None:
    # o2 is two lines; o4 is a return alone, and lowers revenue but is no order
    assert value(book, "average_order_value", Q1) == 110.20  # 100.10 + 10.10
    (row,) = compute(book, "average_order_value", Q2).to_dict("records")
    assert row["value"] == pytest.approx((60 - 10 + 30 + 5) / 3)
    assert (row["numerator"], row["denominator"], row["n"]) == (85, 3, 4)
    assert value(book, "average_order_value.median") == 30
    assert by_segment(book, "average_order_value", "account_id") == {"A": 50, "B": 30, "(none)": 5}


def test_average_order_value_of_no_orders_is_unknown(engine: Any) -> None:
    book = ordered([LINES[4]], engine)
    (row,) = compute(book, "average_order_value", Q2).to_dict("records")
    assert math.isnan(row["value"])
    assert (row["status"], row["reason"]) == ("na", "the denominator sums to zero")


def test_new_segments(book: Book) -> None:
    # ENT first bought on 2026-06-30, SMB on 2025-03-01, before the 12 months to the end of June 2026
    assert value(book, "new_segment_revenue") == 30
    assert value(book, "new_segment_revenue.since") == 30
    assert evaluate(new_segments(book, Q2, dtm.date(2026, 7, 1)), book)["value"].tolist() == [0]


def test_where_the_data_begin_later_no_segment_is_new(book: Book) -> None:
    (row,) = compute(book, "new_segment_revenue", Period.parse("2025Q1").next).to_dict("records")
    assert (row["value"], row["status"]) == (0, "ok")
    (row,) = compute(book, "new_segment_revenue", Period.parse("2025Q1")).to_dict("records")
    assert math.isnan(row["value"])
    reason = "no rows to count; 1 left out: the data begin after 2024-04-01, so no segment can be told to be new"
    assert (row["status"], row["reason"]) == ("na", reason)


def test_new_segments_need_segments(engine: Any) -> None:
    book = Book.of(
        {"orders": [{"order_line_id": "1", "account_id": "A", "ordered_at": "2026-04-01", "amount": 1}]},
        as_of=AS_OF,
        connection=engine,
    )
    assert compute(book, "new_segment_revenue", Q2)["reason"].tolist() == ["needs accounts.segment"]


def test_an_empty_table_gives_totals_of_zero_and_no_rates(engine: Any) -> None:
    book = ordered([], engine)
    for entry in all_kpis():
        if entry.family != "revenue":
            continue
        frame = compute(book, entry, Q2)
        expected = {"ok", "needs"} if entry.unit == "money" and "average" not in entry.id else {"na", "needs"}
        assert set(frame["status"]) <= expected | ({"na"} if entry.by else set()), entry.name
        assert (frame["value"].fillna(0) == 0).all(), entry.name


lines = st.lists(
    st.tuples(
        st.sampled_from(["A", "B", "C", None]),
        st.dates(dtm.date(2025, 1, 1), dtm.date(2026, 6, 30)),
        st.sampled_from(["P", "Q", None]),
        st.integers(-500_00, 10_000_00),
    ),
    min_size=1,
    max_size=20,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=lines, shuffled=st.randoms())
def test_parts_sum_to_the_whole_whatever_the_order(rows: list[tuple[Any, ...]], shuffled: Any) -> None:
    drawn = [
        (str(i), None, account, str(day), product, f"{cents / 100:.2f}", "one_time", None)
        for i, (account, day, product, cents) in enumerate(rows, start=10)
    ]
    drawn.append(("9", None, "A", "2025-01-01", None, "0.00", None, None))
    book = ordered(drawn)
    of_q2 = [cents for _, day, _, cents in rows if dtm.date(2026, 4, 1) <= day]
    assert round(value(book, "revenue") * 100) == sum(of_q2)
    for kind in ("first_order", "window"):
        both = value(book, f"new_customer_revenue.{kind}") + value(book, f"existing_customer_revenue.{kind}")
        assert round(both * 100) == sum(of_q2)
    assert round(sum(v for v in by_segment(book, "revenue", "segment").values() if v == v) * 100) == sum(of_q2)
    shuffled.shuffle(drawn)
    again = ordered(drawn)
    pd.testing.assert_frame_equal(compare(book, "revenue.product", Q2), compare(again, "revenue.product", Q2))


def test_what_is_known_as_of_a_date(book: Book) -> None:
    (row,) = compute(book.at(dtm.date(2026, 5, 1)), "revenue", Q2).to_dict("records")
    assert (row["value"], row["status"]) == (60 - 10, "immature")
