"""A KPI as a series: the same values as asked one by one, at every grain, and what cannot be a series."""

from __future__ import annotations

import datetime as dtm
from dataclasses import replace

import pandas as pd
import pytest

from salesnb import cli
from salesnb.analysis.kpi_series import frequency, kpi_series
from salesnb.data.book import Book
from salesnb.errors import NeedsData, ParameterError, UnknownKpi
from salesnb.kpis.registry import compute
from salesnb.periods import Period
from tests.analysis.test_landing import book as deals_of

LAST = dtm.date(2026, 3, 10)


@pytest.fixture(scope="module")
def book() -> Book:
    return deals_of(LAST)


@pytest.mark.parametrize(("name", "grain", "label"), [
    ("revenue", "month", "2025-05"), ("win_rate", "quarter", "2025Q2"), ("revenue", "week", "2025W20"),
    ("revenue", "year", "2025"),
])  # fmt: skip
def test_each_value_is_the_kpis_own(book: Book, name: str, grain: str, label: str) -> None:
    found, _ = kpi_series(book, name, grain)  # type: ignore[arg-type]
    period = Period.parse(label)
    mine = found.set_index("ds").loc[pd.Timestamp(period.start), "y"]
    assert mine == compute(book, name, period)["value"].iloc[0]
    last = pd.Timestamp(Period.of(LAST, grain).previous.start)  # type: ignore[arg-type]
    assert found["ds"].max() == last, "a step that is not over is left out"
    assert found["ds"].is_unique


def test_segments_sum_to_the_whole(book: Book) -> None:
    whole, _ = kpi_series(book, "revenue", "month")
    parts, _ = kpi_series(book, "revenue", "month", by="region")
    assert parts["id"].nunique() > 1
    summed = parts.groupby("ds")["y"].sum()
    assert summed.to_numpy() == pytest.approx(whole.set_index("ds")["y"].reindex(summed.index).to_numpy())
    assert not parts["y"].isna().any()


def test_fiscal_quarters_start_when_they_do(book: Book) -> None:
    fiscal = replace(book, fiscal_year_start=2)
    found, _ = kpi_series(fiscal, "revenue", "quarter")
    assert {date.month for date in found["ds"]} == {2, 5, 8, 11}
    assert frequency(fiscal, "quarter") == "QS-FEB"
    assert frequency(book, "quarter") == "QS"
    assert frequency(book, "week") == "W-SUN"


def test_what_is_no_series_is_said(book: Book) -> None:
    with pytest.raises(ParameterError, match="no length of step"):
        kpi_series(book, "revenue", "fortnight")  # type: ignore[arg-type]
    with pytest.raises(UnknownKpi, match="no KPI is called"):
        kpi_series(book, "revenu", "month")
    with pytest.raises(NeedsData, match="nps needs"):
        kpi_series(book, "nps", "month")
    with pytest.raises(NeedsData, match="no year that is over"):
        kpi_series(deals_of(dtm.date(2024, 2, 20)), "revenue", "year")


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["forecast", "sample", "--kpi", "win_rate", "--grain", "quarter", "--by", "region", "--horizon", "2"]
    with pytest.raises(SystemExit, match="0"):
        cli.main([*command, "--parts"])
    said = capsys.readouterr()
    rows = [line.split(",") for line in said.out.splitlines()]
    assert rows[0] == ["id", "ds", "forecast", "low", "high", "parts", "trend", "season", "length"]
    assert {row[0] for row in rows[1:]} == {"APAC", "Americas", "EMEA"}
    assert {row[1] for row in rows[1:]} == {"2026-10-01", "2027-01-01"}
    assert all(0 < float(row[3]) < float(row[2]) < float(row[4]) <= 1 for row in rows[1:])
    assert "3 series, 2 steps ahead" in said.err
