"""Every KPI, the same code, the same frame: DuckDB in memory and a running PostgreSQL server."""

from __future__ import annotations

import datetime as dtm
import os
from urllib.parse import urlsplit

import ibis
import numpy as np
import pandas as pd
import pytest

from salesnb import Book, Period, all_kpis, compute
from salesnb.data.contract import CONTRACT
from salesnb.data.sample import make

PERIOD = Period.parse("2026Q2")
DIMENSIONS = ("region", "product", "rep")
UNKNOWN = {"clv.btyd", "pipeline_coverage.to_go"}
"""What has no value on these tables: the comparison of all others is one of numbers."""


@pytest.fixture(scope="module")
def tables():
    made = make(seed=7, scale=0.15)
    return {name: frame[[c for c in CONTRACT[name].names if c in frame]] for name, frame in made.items()}


def book(tables, connection):
    return Book.of(tables, as_of=dtm.date(2026, 9, 30), connection=connection)


@pytest.fixture(scope="module")
def embedded(tables):
    return book(tables, ibis.duckdb.connect())


@pytest.fixture(scope="module")
def served(tables, postgres_url):
    address = urlsplit(postgres_url)
    connection = ibis.postgres.connect(
        host=address.hostname, port=address.port, user=address.username,
        password=os.environ["SALESNB_TEST_PASSWORD"], database=address.path.lstrip("/"),
    )  # fmt: skip
    yield book(tables, connection)
    connection.disconnect()


def same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    numbers = left.select_dtypes("number").columns
    words = [name for name in left.columns if name not in numbers]
    pd.testing.assert_frame_equal(left[words], right[words])
    np.testing.assert_allclose(
        left[numbers].to_numpy(float), right[numbers].to_numpy(float), rtol=1e-9, atol=1e-9, equal_nan=True
    )


@pytest.mark.parametrize("name", [entry.name for entry in all_kpis()])
def test_same_frame(embedded, served, name):
    frame = compute(embedded, name, PERIOD)
    same(frame, compute(served, name, PERIOD))
    assert bool(frame["value"].notna().any()) == (name not in UNKNOWN)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_same_segments(embedded, served, dimension):
    for name in ("revenue.net", "win_rate.closed", "win_rate.value", "sales_cycle_days.median"):
        same(compute(embedded, name, PERIOD, by=dimension), compute(served, name, PERIOD, by=dimension))
