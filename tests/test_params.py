"""Parameters are checked as a whole, never change, and go to a notebook and back."""

from __future__ import annotations

import datetime as dtm
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from papermill.iorw import read_yaml_file
from pydantic import ValidationError

from salesnb.errors import ParameterError
from salesnb.params import Params, read_params
from salesnb.settings import read_yaml

ROOT = Path(__file__).resolve().parents[1]
PERIOD_FILES = [
    file for file in sorted((ROOT / "params").glob("*.yml")) if "\nperiod:" in f"\n{file.read_text('utf-8')}"
]


def test_the_defaults() -> None:
    assert Params.of(period="2026Q3").for_notebook() == {
        "period": "2026Q3",
        "source": "sample",
        "as_of": None,
        "fiscal_year_start": 1,
        "segments": ["rep", "team", "region", "product", "segment"],
        "trend_periods": 8,
        "cohort_start": "order",
        "cohort_grain": "month",
        "confidence": 0.95,
        "goals": None,
        "pay": None,
        "target": None,
        "scenarios": {},
        "seed": 7,
        "out": "outputs",
    }


def test_values_are_taken_as_a_notebook_and_a_file_give_them() -> None:
    params = Params.of(
        period="q1 fy26", fiscal_year_start=2, as_of="2025-04-30", segments=["region"], source=" sample "
    )
    assert (params.period, params.as_of, params.segments) == ("FY2026Q1", dtm.date(2025, 4, 30), ("region",))
    assert params.span.start == dtm.date(2025, 2, 1)
    assert params.source == "sample"
    assert Params.of(period=2026).period == "2026"
    assert Params.of(period="2026", as_of=dtm.date(2026, 1, 2)).as_of == dtm.date(2026, 1, 2)


def test_parameters_never_change() -> None:
    params = Params.of(period="2026Q3")
    with pytest.raises(ValidationError, match="frozen"):
        params.period = "2026Q4"


@given(
    period=st.sampled_from(["2026Q3", "FY26Q1", "2026W31", "2026-07..2026-09"]),
    fiscal_year_start=st.integers(1, 12),
    as_of=st.none() | st.dates(),
    trend_periods=st.integers(2, 24),
    confidence=st.floats(0.5, 0.999),
    segments=st.lists(st.sampled_from(["rep", "team", "size_band"]), unique=True),
)
def test_what_a_notebook_gets_is_json_and_comes_back(**values: object) -> None:
    params = Params.of(**values)
    assert Params.of(**json.loads(json.dumps(params.for_notebook()))) == params


# ruff: noqa: E501 - one line a case
@pytest.mark.parametrize(
    ("values", "what", "where", "mend"),
    [
        ({}, "period: field required", "period", "add a line for it"),
        ({"period": ""}, "period: '' is not a period", "period", "write 2026,"),
        ({"period": "2026Q5"}, "period: '2026Q5' names number 5 of 4 quarters", "period", "the last one is 2026Q4"),
        ({"period": "202607"}, "period: '202607' is not a period", "period", "did you mean '2026-07'?"),
        ({"period": None}, "period: input should be a valid string, and is None", "period", "give a text"),
        ({"period": True}, "period: input should be a valid string, and is True", "period", "give a text"),
        ({"trend_period": 8}, "trend_period: there is no such name", "trend_period", "did you mean 'trend_periods'?"),
        ({"zzz": 8}, "zzz: there is no such name", "zzz", "known: as_of, cohort_grain"),
        ({"trend_periods": 1}, "trend_periods: input should be greater than or equal to 2, and is 1", "trend_periods", "give a value inside"),
        ({"trend_periods": 25}, "trend_periods: input should be less than or equal to 24, and is 25", "trend_periods", "give a value inside"),
        ({"trend_periods": "8"}, "trend_periods: input should be a valid integer, and is '8'", "trend_periods", "give a whole number"),
        ({"fiscal_year_start": 13}, "fiscal_year_start: input should be less than or equal to 12, and is 13", "fiscal_year_start", "give a value"),
        ({"fiscal_year_start": True}, "fiscal_year_start: input should be a valid integer, and is True", "fiscal_year_start", "give a whole"),
        ({"confidence": 95}, "confidence: input should be less than or equal to 0.999, and is 95", "confidence", "give a value inside"),
        ({"confidence": float("nan")}, "confidence: input should be less than or equal to 0.999, and is nan", "confidence", "give a value"),
        ({"confidence": "high"}, "confidence: input should be a valid number, and is 'high'", "confidence", "give a number"),
        ({"as_of": "30.09.2026"}, "as_of: '30.09.2026' is not a date", "as_of", "write a date as 2026-09-30"),
        ({"as_of": 20260930}, "as_of: 20260930 is not a date", "as_of", "write a date as 2026-09-30"),
        ({"as_of": dtm.datetime(2026, 1, 1)}, "as_of: datetime.datetime(2026, 1, 1, 0, 0) is not a date", "as_of", "write a date"),
        ({"as_of": "2026-02-30"}, "as_of: input should be a valid date", "as_of", "write a date as"),
        ({"segments": "rep"}, "segments: input should be a valid tuple, and is 'rep'", "segments", "give a list, as in [rep, team]"),
        ({"segments": ["rep", "rep"]}, "segments: 'rep' is given twice", "segments", "name each dimension once"),
        ({"segments": ["Rep; drop"]}, "segments: 'Rep; drop' is not the name of a dimension", "segments", "write it as"),
        ({"seed": -1}, "seed: input should be greater than or equal to 0, and is -1", "seed", "give a value inside"),
        ({"source": ""}, "source: string should have at least 1 character, and is ''", "source", "say what it is"),
        ({"out": "s3://bucket/x"}, "out: 's3://bucket/x' is not a folder on this machine", "out", "give a local folder"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_said_in_three_parts(values: dict[str, object], what: str, where: str, mend: str) -> None:
    with pytest.raises(ParameterError) as caught:
        Params.of(**({"period": "2026Q3"} if values and "period" not in values else {}), **values)
    assert caught.value.what.startswith(what)
    assert caught.value.where == f"parameters: {where}"
    assert caught.value.mend.startswith(mend)


def test_all_problems_are_told_at_once_and_sorted() -> None:
    with pytest.raises(ParameterError) as caught:
        Params.of(period="2026Q3", seed="x", confidence=2, out="a\0b", perod=1)
    assert [line.split(":")[0] for line in caught.value.what.splitlines()] == ["confidence", "out", "perod", "seed"]
    assert caught.value.where == "parameters: confidence, out, perod, seed"
    assert "perod: did you mean 'period'?" in caught.value.mend


@pytest.mark.parametrize(
    "source",
    [
        "postgresql://me:hunter2@host/db",
        "postgresql://me:hun/ter2@host/db",
        "postgresql://host/db?user=me&password=hunter2",
        ["postgresql://me:hunter2@host/db"],
    ],
)
def test_a_password_is_refused_and_not_repeated(source: object) -> None:
    with pytest.raises(ParameterError) as caught:
        Params.of(period="2026Q3", source=source)
    assert "hunter2" not in str(caught.value)
    assert "hun/ter2" not in str(caught.value)
    assert caught.value.where == "parameters: source"


@pytest.mark.parametrize(
    "source", ["postgresql://me:env:PGPASSWORD@host/db", "postgresql://me@host/db", "C:\\crm\\deals.csv", "crm@2026/"]
)
def test_a_source_without_a_password_is_taken(source: str) -> None:
    assert Params.of(period="2026Q3", source=source).source == source


def test_a_file_of_parameters(tmp_path: Path) -> None:
    file = tmp_path / "q.yml"
    file.write_text("period: 2026\nas_of: 2026-09-30\nsegments: [region]\n")
    assert read_params(file) == Params.of(period="2026", as_of="2026-09-30", segments=("region",))
    file.write_text("period: 2026\nsegment: [region]\n")
    with pytest.raises(ParameterError) as caught:
        read_params(file)
    assert caught.value.where == f"{file}: segment"
    assert caught.value.mend == "did you mean 'segments'?"


def test_goals_are_the_samples_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    goal = "{objective: o, kpi: revenue.booked, target: 1, due: 2026-09-30, owner: me}"
    (tmp_path / "params").mkdir()
    monkeypatch.chdir(tmp_path)
    ours = Params.of(period="2026Q3").targets()
    assert "revenue.net" in {goal.kpi for goal in ours}
    (tmp_path / "params" / "goals.yml").write_text(f"goals: [{goal}]")
    assert [g.kpi for g in Params.of(period="2026Q3").targets()] == ["revenue.booked"]
    assert Params.of(period="2026Q3", source="crm/").targets() == ()
    assert len(Params.of(period="2026Q3", source="crm/", goals="params/goals.yml").targets()) == 1
    with pytest.raises(ParameterError, match=r"there is no file 'none\.yml'"):
        Params.of(period="2026Q3", goals="params/none.yml").targets()


def test_there_are_period_files() -> None:
    assert ROOT / "params" / "demo.yml" in PERIOD_FILES


@pytest.mark.parametrize("file", PERIOD_FILES, ids=lambda file: file.name)
def test_a_period_file_is_one_for_papermill_too(file: Path) -> None:
    values = read_yaml(file)
    assert read_yaml_file(str(file)) == values
    assert json.loads(json.dumps(values)) == values
    plain = (str, int, float, bool, type(None))
    for value in values.values():
        assert all(isinstance(part, plain) for part in (value if isinstance(value, list) else [value]))
    assert read_params(file).for_notebook().items() >= values.items()
