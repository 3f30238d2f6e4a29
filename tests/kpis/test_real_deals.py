"""The numbers of two public data sets, computed elsewhere with plain pandas."""

from __future__ import annotations

import datetime as dtm
from pathlib import Path

import pandas as pd
import pytest

from salesnb.data.book import Book
from salesnb.kpis.registry import compute, rows_behind
from salesnb.periods import Period

YEAR = Period.parse("2017")


@pytest.fixture(scope="module")
def maven(shared_data: Path) -> Book:
    folder = shared_data / "maven_crm"
    deals = pd.read_csv(folder / "sales_pipeline.csv")
    accounts = pd.read_csv(folder / "accounts.csv")
    reps = pd.read_csv(folder / "sales_teams.csv")
    return Book.of(
        {
            "opportunities": pd.DataFrame(
                {
                    "opportunity_id": deals["opportunity_id"],
                    "account_id": deals["account"],
                    "owner_id": deals["sales_agent"],
                    "product": deals["product"],
                    "stage": deals["deal_stage"],
                    "amount": deals["close_value"],
                    "first_contact_at": deals["engage_date"],
                    "created_at": deals["engage_date"],
                    "closed_on": deals["close_date"],
                    "outcome": deals["deal_stage"].map({"Won": "won", "Lost": "lost"}).fillna("open"),
                }
            ),
            "accounts": pd.DataFrame({"account_id": accounts["account"], "industry": accounts["sector"]}),
            "reps": pd.DataFrame(
                {"rep_id": reps["sales_agent"], "manager_id": reps["manager"], "region": reps["regional_office"]}
            ),
        },
        as_of=dtm.date(2017, 12, 31),
    )


@pytest.fixture(scope="module")
def adventure(shared_data: Path) -> Book:
    folder = shared_data / "adventureworks_dw"
    sales = pd.read_parquet(folder / "FactResellerSales.parquet")
    quotas = pd.read_parquet(folder / "FactSalesQuota.parquet")
    lines = sales["SalesOrderNumber"] + "-" + sales["SalesOrderLineNumber"].astype(str)
    return Book.of(
        {
            "orders": pd.DataFrame(
                {
                    "order_line_id": lines,
                    "order_id": sales["SalesOrderNumber"],
                    "ordered_at": sales["OrderDate"],
                    "amount": sales["SalesAmount"],
                    "rep_id": sales["EmployeeKey"].astype(str),
                }
            ),
            "quotas": pd.DataFrame(
                {
                    "rep_id": quotas["EmployeeKey"].astype(str),
                    "starts_on": quotas["Date"],
                    "amount": quotas["SalesAmountQuota"],
                }
            ),
        },
        as_of=dtm.date(2013, 11, 29),
    )


@pytest.mark.parametrize(
    ("quarter", "rate", "won", "lost"),
    [
        ("2017Q1", 0.820711, 531, 116),
        ("2017Q2", 0.617126, 1254, 778),
        ("2017Q3", 0.614069, 1257, 790),
        ("2017Q4", 0.602519, 1196, 789),
    ],
)
def test_win_rate_by_quarter(maven: Book, quarter: str, rate: float, won: int, lost: int) -> None:
    row = compute(maven, "win_rate", Period.parse(quarter)).iloc[0]
    assert (round(row["value"], 6), row["numerator"], row["denominator"]) == (rate, won, won + lost)


@pytest.mark.parametrize(
    ("by", "known"),
    [
        (
            "manager",
            {
                "Cara Losch": 0.644295,
                "Celia Rouche": 0.634096,
                "Dustin Brinkmann": 0.629848,
                "Melvin Marxen": 0.622003,
                "Rocco Neubert": 0.620845,
                "Summer Sewald": 0.643357,
            },
        ),
        ("region", {"Central": 0.625576, "East": 0.630248, "West": 0.639395}),
        (
            "product",
            {
                "GTK 500": 0.6,
                "GTX Basic": 0.637187,
                "GTX Plus Basic": 0.621313,
                "GTX Plus Pro": 0.642953,
                "GTXPro": 0.635571,
                "MG Advanced": 0.603321,
                "MG Special": 0.648406,
            },
        ),
        (
            "industry",
            {
                "employment": 0.625874,
                "entertainment": 0.646766,
                "finance": 0.611746,
                "marketing": 0.648475,
                "medical": 0.623158,
                "retail": 0.630624,
                "services": 0.633523,
                "software": 0.639205,
                "technolgy": 0.634216,
                "telecommunications": 0.625,
            },
        ),
    ],
)
def test_win_rate_by_segment(maven: Book, by: str, known: dict[str, float]) -> None:
    frame = compute(maven, "win_rate", YEAR, by=by)
    assert {s: round(v, 6) for s, v in zip(frame.segment, frame.value, strict=True)} == known


def test_win_rate_by_agent(maven: Book) -> None:
    rates = compute(maven, "win_rate", YEAR, by="rep").set_index("segment").value
    assert len(rates) == 30
    known = {"Hayden Neloms": 0.703947, "Darcel Schlecht": 0.631103, "Lajuana Vencill": 0.549784}
    assert {name: round(rates[name], 6) for name in known} == known


@pytest.mark.parametrize(
    ("kpi", "known", "digits"),
    [
        ("win_rate.closed", 0.631501, 6),
        ("win_rate.pursued", 0.481591, 6),
        ("average_deal_size.mean", 2360.9094, 4),
        ("average_deal_size.median", 1117.0, 4),
        ("sales_cycle_days.median", 57, 4),
        ("sales_cycle_days.mean", 51.782, 3),
        ("sales_cycle_days.lost", 14, 4),
        ("time_to_close_days.median", 45, 4),
        ("time_to_close_days.mean", 47.9854, 4),
        ("pipeline_count.open", 1589 + 500, 0),
    ],
)
def test_deals_of_the_year(maven: Book, kpi: str, known: float, digits: int) -> None:
    assert round(float(compute(maven, kpi, YEAR).value[0]), digits) == known


def test_every_quota_is_paired_with_its_own_days(adventure: Book) -> None:
    whole = Period.parse("2010-12-29..2013-11-29")
    row = compute(adventure, "quota_attainment", whole).iloc[0]
    assert (round(row["value"], 6), row["n"], row["denominator"]) == (0.840531, 163, 95714000.0)
    assert round(row["numerator"], 4) == 80450596.9823
    at_quota = compute(adventure, "quota_attainment.share_at_quota", whole).iloc[0]
    assert (at_quota["numerator"], at_quota["denominator"]) == (8, 163)


def test_attainment_of_each_employee_and_of_each_span(adventure: Book) -> None:
    whole = Period.parse("2010-12-29..2013-11-29")
    frame = compute(adventure, "quota_attainment", whole, by="rep_id")
    known = {
        "286": 0.936385,
        "289": 0.926694,
        "282": 0.879604,
        "296": 0.842804,
        "294": 0.841583,
        "293": 0.840009,
        "285": 0.839599,
        "272": 0.836877,
        "290": 0.835706,
        "288": 0.834942,
        "281": 0.832638,
        "284": 0.826907,
        "283": 0.825201,
        "287": 0.823553,
        "292": 0.811569,
        "291": 0.808763,
        "295": 0.782965,
    }
    assert {s: round(v, 6) for s, v in zip(frame.segment, frame.value, strict=True)} == known
    spans = rows_behind(adventure, "quota_attainment", whole).execute()
    summed = spans.groupby(spans["starts_on"].astype(str).str[:10])[["booked", "quota"]].sum().astype(float)
    assert (summed["booked"] / summed["quota"]).round(6).to_dict() == {
        "2010-12-29": 0.821831,
        "2011-03-31": 0.86579,
        "2011-07-01": 0.856671,
        "2011-09-29": 0.819617,
        "2011-12-29": 0.842767,
        "2012-03-30": 0.813633,
        "2012-06-30": 0.890638,
        "2012-09-28": 0.837654,
        "2012-12-28": 0.795616,
        "2013-03-30": 0.835922,
        "2013-06-30": 0.882212,
        "2013-09-29": 0.862571,
    }


def test_quarters_partition_the_spans(adventure: Book) -> None:
    quarters = Period.expand("2010Q4..2013Q4")
    assert sum(int(compute(adventure, "quota_attainment", q).n[0]) for q in quarters) == 163
