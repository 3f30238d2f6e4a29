"""Real exports open to the totals that were computed apart from this code."""

from __future__ import annotations

import csv
import datetime as dtm
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from salesnb.data.book import Book
from salesnb.data.load import open_book

PARAMS = Path(__file__).resolve().parents[2] / "params" / "sources"


@pytest.fixture
def mapped(tmp_path, shared_data):
    """Open a folder of the real data with a small mapping."""

    def opening(folder: str, **words: Any) -> Book:
        path = tmp_path / f"{folder}.yml"
        path.write_text(json.dumps({"location": str(shared_data / folder), **words}), encoding="utf-8")
        return open_book(path)

    return opening


def counts(book: Book) -> dict[str, tuple[int, int, int, int]]:
    columns = ["table", "read", "used", "rejected", "filtered"]
    return {name: tuple(row) for name, *row in book.audit.reconciliation[columns].itertuples(index=False)}


def rules(book: Book) -> dict[tuple[str, str], int]:
    found = book.audit.problems
    return dict(zip(zip(found["table"], found["rule"], strict=True), found["rows"], strict=True))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_maven(shared_data):
    book = open_book(PARAMS / "maven.yml")
    assert counts(book) == {"reps": (35, 35, 0, 0), "accounts": (85, 85, 0, 0), "opportunities": (8800, 8800, 0, 0)}
    assert rules(book) == {
        ("opportunities", "renamed_in_products"): 1480,
        ("opportunities", "no_account_id"): 1425,
        ("opportunities", "no_created_at"): 500,
    }
    deals = book.opportunities.execute()
    won = deals[deals["outcome"] == "won"]
    assert deals["outcome"].value_counts().to_dict() == {"won": 4238, "lost": 2473, "open": 2089}
    assert won["amount"].sum() == Decimal("10005534.0000")
    assert book.as_of == dtm.date(2017, 12, 31)
    assert book.stages == ("Prospecting", "Engaging")
    source = {row["opportunity_id"]: row for row in rows_of(shared_data / "maven_crm" / "sales_pipeline.csv")}
    assert set(deals["opportunity_id"]) == set(source)
    prices = {row["product"]: row["sales_price"] for row in rows_of(shared_data / "maven_crm" / "products.csv")}
    for deal in deals.itertuples():
        row = source[deal.opportunity_id]
        price = prices[{"GTXPro": "GTX Pro"}.get(row["product"], row["product"])]
        assert deal.amount == Decimal(row["close_value"] or price)


def test_adventureworks(shared_data):
    book = open_book(PARAMS / "adventureworks.yml")
    assert counts(book) == {
        "reps": (17, 17, 0, 279),
        "accounts": (701, 701, 0, 0),
        "orders": (60855, 60855, 0, 0),
        "quotas": (163, 163, 0, 0),
    }
    assert rules(book) == {}
    orders = book.orders.execute()
    assert orders["amount"].sum() == Decimal("80450596.9823")
    by_year = orders.groupby(orders["ordered_at"].dt.year)["amount"].sum().to_dict()
    assert by_year == {
        2010: Decimal("489328.5787"),
        2011: Decimal("18192802.7143"),
        2012: Decimal("28193631.5321"),
        2013: Decimal("33574834.1572"),
    }
    quotas = book.quotas.execute()
    assert quotas["amount"].sum() == 95_714_000
    with (shared_data / "adventureworks_dw" / "FactSalesQuota.csv").open() as file:
        starts = sorted((row[1], row[6]) for row in csv.reader(file, delimiter="|"))
    ends = {}
    for (rep, day), (next_rep, next_day) in zip(starts, [*starts[1:], ("", "")], strict=True):
        ends[rep, day] = dtm.date.fromisoformat(next_day) - dtm.timedelta(days=1) if rep == next_rep else None
    found = {
        (row.rep_id, str(row.starts_on.date())): None if row.ends_on != row.ends_on else row.ends_on.date()
        for row in quotas.itertuples()
    }
    assert found == ends


def test_salesforce_and_nothing_but_its_date_format(mapped, shared_data):
    book = mapped("salesforce_devorg_sample", preset="salesforce", date_format="%m/%d/%y")
    deals = book.opportunities.execute()
    assert len(deals) == 36
    assert deals["outcome"].value_counts().to_dict() == {"won": 12, "lost": 8, "open": 16}
    folder = shared_data / "salesforce_devorg_sample"
    source = rows_of(folder / "Opportunity.csv")
    assert deals["amount"].sum() == sum(Decimal(row["Amount"] or 0) for row in source)
    history = sorted(
        rows_of(folder / "OpportunityHistory.csv"),
        key=lambda row: dtm.datetime.strptime(row["CreatedDate"], "%m/%d/%y %I:%M %p"),
    )
    wanted, now = [], {}
    for row in history:
        deal, moment = row["OpportunityId"], dtm.datetime.strptime(row["CreatedDate"], "%m/%d/%y %I:%M %p")
        if row["StageName"] != now.get(deal):
            wanted.append((deal, moment, now.get(deal), row["StageName"]))
            now[deal] = row["StageName"]
    events = book.opportunity_events.execute()
    stages = events[events["field"] == "stage"]
    found = [
        (row.opportunity_id, row.changed_at.to_pydatetime(), row.old if isinstance(row.old, str) else None, row.new)
        for row in stages.itertuples()
    ]
    assert sorted(found, key=str) == sorted(wanted, key=str)
    assert "OpportunityHistory.csv: 48 rows of history give 167 changes of a field" in book.audit.notes
    assert {row["OpportunityId"]: row["StageName"] for row in history} == now


def test_hubspot_says_what_is_empty(mapped):
    book = mapped("hubspot_seeds_fivetran", preset="hubspot")
    assert counts(book)["opportunities"] == (44, 44, 0, 0)
    notes = "\n".join(book.audit.notes)
    assert "deal_data.csv: property_amount is empty in all 44 rows: opportunities have no amount" in book.audit.notes
    assert (
        "deal_data.csv: no column for account_id (Associated Company IDs or Associated Company or company_id)" in notes
    )
    assert "deal_property_history_data.csv: 100 rows of history give 0 changes of a field" in book.audit.notes
    assert not book.gives("opportunities.amount")
    assert book.gives("opportunities.created_at")


def test_salesforce_seeds_say_what_is_left_out(mapped):
    book = mapped("salesforce_seeds_fivetran", preset="salesforce")
    assert counts(book)["opportunities"] == (0, 0, 0, 10)
    assert "sf_opportunity_data.csv: all 10 rows are left out, because is_deleted is true" in book.audit.notes
    assert "sf_account_data.csv: 9 of 10 rows are left out, because is_deleted is true" in book.audit.notes
    assert counts(book)["activities"] == (20, 20, 0, 0)
    assert book.gives("activities.minutes")


def test_cdnow(mapped):
    columns = {
        "order_line_id": {"join": ["customer_id", "date", "number_of_cds", "dollar_value"]},
        "account_id": "customer_id",
        "ordered_at": {"from": "date", "format": "%Y%m%d"},
        "quantity": "number_of_cds",
        "amount": "dollar_value",
    }
    book = mapped(
        "cdnow",
        decimal=".",
        tables={
            "orders": {
                "from": "CDNOW_master.txt",
                "delimiter": "whitespace",
                "columns": columns,
            }
        },
    )
    read, used, rejected, _ = counts(book)["orders"]
    assert (read, rejected) == (69659, 255)
    assert rules(book) == {("orders", "duplicate_order_line_id"): 255}
    assert book.audit.money["read"].tolist() == [Decimal("2500315.6300")]
    assert used == 69659 - 255
    orders = book.orders
    span = orders.aggregate(first=orders.ordered_at.min(), last=orders.ordered_at.max()).execute().iloc[0]
    assert (str(span["first"])[:10], str(span["last"])[:10]) == ("1997-01-01", "1998-06-30")


def test_ravenstack(mapped):
    columns = {
        "subscription_id": "subscription_id",
        "account_id": "account_id",
        "plan": "plan_tier",
        "started_on": "start_date",
        "ended_on": "end_date",
        "mrr": "mrr_amount",
    }
    book = mapped(
        "ravenstack_saas", tables={"subscriptions": {"from": "ravenstack_subscriptions.csv", "columns": columns}}
    )
    read, used, rejected, _ = counts(book)["subscriptions"]
    assert (read, used + rejected) == (5000, 5000)
    frame = book.subscriptions.execute()
    assert frame["account_id"].nunique() == 500
    assert int(frame["ended_on"].notna().sum()) == 486 - rules(book).get(
        ("subscriptions", "ended_on_before_started_on"), 0
    )
    assert int((frame["mrr"] == 0).sum()) == 778


def test_walmart(mapped):
    columns = {
        "order_line_id": {"join": ["Store", "Date"]},
        "account_id": "Store",
        "ordered_at": {"from": "Date", "format": "%d-%m-%Y"},
        "amount": "Weekly_Sales",
    }
    book = mapped("walmart_weekly", tables={"orders": {"from": "Walmart_Store_sales.csv", "columns": columns}})
    assert counts(book)["orders"] == (6435, 6435, 0, 0)
    orders = book.orders.execute()
    assert orders["amount"].sum() == Decimal("6737218987.11")
    by_year = orders.groupby(orders["ordered_at"].dt.year)["amount"].sum().to_dict()
    assert by_year == {2010: Decimal("2288886120.41"), 2011: Decimal("2448200007.35"), 2012: Decimal("2000132859.35")}
    assert book.as_of == dtm.date(2012, 10, 26)
