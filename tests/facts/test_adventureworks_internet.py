"""AdventureWorks internet sales: every customer, its cohorts, how many came back, and the scores of all by pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import salesnb
from salesnb import Period
from salesnb.analysis.candidates import candidates
from salesnb.analysis.cohorts import cohorts
from salesnb.analysis.segments import segments
from salesnb.analysis.segments_buyers import buyers, scored
from tests.facts.conftest import SOURCES

LAST = Period.parse("2014Q1")


@pytest.fixture(scope="module")
def book(shared_data):
    return salesnb.open(SOURCES / "adventureworks_internet.yml")


@pytest.fixture(scope="module")
def found(book):
    return segments(book, LAST)


def test_the_repeat_rate(found, facts):
    wanted = facts["AdventureWorks"]
    assert found.customers == wanted["internet"]["customers"]
    assert found.repeat_rate == pytest.approx(wanted["internet_repeat_rate"], abs=5e-7)
    assert float(found.cells["spent"].sum()) == pytest.approx(wanted["internet"]["sales"], abs=1e-6)
    assert int(found.cells["orders"].sum()) == wanted["internet"]["orders"]


def test_the_cohorts(book, facts):
    made = cohorts(book, LAST)
    for month, row in facts["AdventureWorks"]["internet_cohort_first6rows_first4"].items():
        cells = made.cells[(made.cells["label"] == month) & (made.cells["age"] < 4)].sort_values("age")
        assert int(cells["size"].iloc[0]) == row[0]
        assert [int(count) for count in cells["in"]][1:] == [count or 0 for count in row[1:]]


def test_the_scores_are_those_of_pandas(book, shared_data):
    lines = pd.read_parquet(shared_data / "adventureworks_dw" / "FactInternetSales.parquet")
    own = lines.groupby("CustomerKey").agg(
        last=("OrderDate", "max"), orders=("SalesOrderNumber", "nunique"), spent=("SalesAmount", "sum")
    )
    own["spent"] = own["spent"].astype(float).round(4)
    own.index = own.index.astype(str)
    made = scored(buyers(book, LAST.last_day)).execute().set_index("account_id").loc[own.index]
    for score, column in (("r", "last"), ("f", "orders"), ("m", "spent")):
        wanted = 1 + np.floor(5 * (own[column].rank(method="min") - 1) / len(own))
        assert (made[score] == wanted).all(), score


def test_what_a_year_says_of_the_next(found):
    # who bought once, some time ago, came back oftener than those who had bought often and of late
    assert "do not tell who comes back (the other way round)" in found.name_finding()
    assert {"Professional", "Germany"} <= set(found.ideal["value"])


def test_products_that_follow_products(book):
    made = candidates(book, LAST)
    assert made.looks == 136
    row = made.pairs.set_index(["has", "offer"]).loc["Road Bikes", "Mountain Bikes"]
    assert (int(row["followed"]), int(row["watched"]), int(row["candidates"])) == (376, 4078, 2119)
