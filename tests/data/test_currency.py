"""Amounts in other currencies: the rate of the day, or the last one in 31 days, or rejected; the change log alike."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

RATES = "on,currency,rate\n2026-01-01,EUR,2\n2026-02-01,eur,3\n2026-03-01,JPY,0.01\n"
DEALS = "opportunity_id,outcome,created_at,closed_on,amount,currency\n"


def amounts(book: Any) -> dict[str, Decimal]:
    frame = book.opportunities.execute()
    return dict(zip(frame["opportunity_id"], frame["amount"], strict=True))


def test_the_rate_of_the_day_it_closed_else_of_the_day_it_was_created(opened):
    book = opened(
        {
            "fx_rates.csv": RATES,
            "opportunities.csv": DEALS
            + "1,won,2026-01-01,2026-01-31,10,EUR\n"  # the rate of 1 January is the last one: 10 * 2
            + "2,won,2026-01-01,2026-02-01,10,EUR\n"  # on the day itself: 10 * 3
            + "3,open,2026-01-15,,10,EUR\n"  # open: of the day it was created: 10 * 2
            + "4,won,2026-02-01,2026-03-04,10,EUR\n"  # 31 days old: still 10 * 3
            + "5,won,2026-02-01,2026-03-05,10,EUR\n"  # 32 days old: stale
            + "6,won,2025-12-01,2025-12-31,10,EUR\n"  # before the first rate
            + "7,won,2026-03-01,2026-03-05,12345,JPY\n"  # 12345 * 0.01
            + "8,won,2026-03-01,2026-03-05,10,USD\n"
            + "9,won,2026-03-01,2026-03-05,10,\n",
        }
    )
    assert amounts(book) == {
        "1": Decimal(20),
        "2": Decimal(30),
        "3": Decimal(20),
        "4": Decimal(30),
        "7": Decimal("123.45"),
        "8": Decimal(10),
        "9": Decimal(10),
    }
    rejects = book.rejects.order_by("row").execute()
    assert rejects[["row", "value", "rule", "action"]].to_numpy().tolist() == [
        [5, "EUR", "no_rate", "rejected"],
        [6, "EUR", "no_rate", "rejected"],
    ]
    money = book.audit.money.set_index("currency")
    assert money[["read", "used", "rejected"]].astype(float).to_numpy().tolist() == [
        [60, 40, 20],
        [12345, 12345, 0],
        [20, 20, 0],
    ]
    assert list(money.index) == ["EUR", "JPY", "USD"]


def test_an_order_line_is_converted_whole(opened):
    lines = "order_line_id,ordered_at,amount,cost,discount,currency,account_id\n1,2026-02-03 10:00,100,60,5,EUR,A\n"
    book = opened({"fx_rates.csv": RATES, "orders.csv": lines})
    row = book.orders.execute().iloc[0]
    assert (row["amount"], row["cost"], row["discount"], row["currency"]) == (300, 180, 15, "EUR")


def test_the_change_log_of_a_foreign_deal(opened):
    log = "opportunity_id,changed_at,field,old,new\n1,2026-01-05,amount,,8\n1,2026-01-06,amount,8,10\n"
    log += "1,2026-01-07,stage,8,9\n2,2026-01-08,amount,1,10\n"
    book = opened(
        {
            "fx_rates.csv": RATES,
            "opportunity_events.csv": log,
            "opportunities.csv": DEALS + "1,won,2026-01-01,2026-02-01,10,EUR\n2,won,2026-01-01,2026-02-01,10,USD\n",
        }
    )
    frame = book.opportunity_events.order_by("changed_at").execute()
    found = frame[["opportunity_id", "field", "old", "new"]].astype(object).where(frame.notna(), None)
    assert found.to_numpy().tolist() == [
        ["1", "amount", None, "24.0000"],  # at the rate of the deal, which closed on 1 February: 8 * 3
        ["1", "amount", "24.0000", "30.0000"],
        ["1", "stage", "8", "9"],
        ["2", "amount", "1", "10"],
    ]


def test_moments_of_other_zones(opened):
    """A business in Paris: an offset says all; without one, times are written in ``times_in``; days do not move."""
    lines = "activity_id,happened_at\n1,2026-03-28T23:30:00Z\n2,2026-03-29T00:59:59Z\n3,2026-03-29T01:00:00Z\n"
    lines += "4,2026-07-01 23:30\n5,2026-07-01T23:30:00-05:00\n6,2026-10-25T00:30:00Z\n"
    lines += "7,2026-10-25T01:30:00Z\n8,2026-12-31\n"
    columns = {"activity_id": "activity_id", "happened_at": "happened_at"}
    book = opened(
        {"activities.csv": lines},
        {
            "time_zone": "Europe/Paris",
            "times_in": "UTC",
            "tables": {"activities": {"from": "activities.csv", "columns": columns}},
        },
    )
    frame = book.activities.order_by("activity_id").execute()
    assert [str(moment) for moment in frame["happened_at"]] == [
        "2026-03-29 00:30:00",  # winter time: one hour ahead
        "2026-03-29 01:59:59",
        "2026-03-29 03:00:00",  # the clocks go from two to three
        "2026-07-02 01:30:00",  # no offset: written in UTC, two hours behind Paris in summer
        "2026-07-02 06:30:00",
        "2026-10-25 02:30:00",  # twice half past two
        "2026-10-25 02:30:00",
        "2026-12-31 00:00:00",  # a day is a day
    ]


def test_a_typed_moment_reads_as_its_text_does(opened, tmp_path):
    import pandas as pd

    moments = pd.to_datetime(["2026-01-01 23:30:00", "2026-07-01 22:30:00"])
    pd.DataFrame({"id": ["1", "2"], "at": moments.tz_localize("UTC")}).to_parquet(tmp_path / "zoned.parquet")
    pd.DataFrame({"id": ["1", "2"], "at": moments}).to_parquet(tmp_path / "plain.parquet")
    for file in ("zoned", "plain"):
        mapping = {
            "time_zone": "Europe/Paris",
            "times_in": "UTC",
            "tables": {
                "activities": {"from": f"{file}.parquet", "columns": {"activity_id": "id", "happened_at": "at"}}
            },
        }
        frame = opened({}, mapping).activities.order_by("activity_id").execute()
        assert [str(moment) for moment in frame["happened_at"]] == ["2026-01-02 00:30:00", "2026-07-02 00:30:00"]
