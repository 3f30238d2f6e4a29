"""Tables of many series: dates of every kind, what is refused with its rows, and the command line."""

from __future__ import annotations

import datetime as dtm
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from salesnb import cli
from salesnb.errors import ContractError, ParameterError, SalesnbError, SourceError, StorageError
from salesnb.forecast.files import checked_out, read_table, write_table
from salesnb.forecast.frequency import Frequency
from salesnb.forecast.many import Asked, many
from salesnb.forecast.reading import read_series
from salesnb.forecast.trading import holidays_of, trading_days
from tests.forecast.test_series import monthly

DATES = pd.date_range("2020-01-01", periods=48, freq="MS")
ASKED = Asked(6)


def table() -> pd.DataFrame:
    return pd.DataFrame({"id": "a", "ds": DATES, "y": monthly(48).round(3)})


def made(frame: pd.DataFrame, **options: object) -> pd.DataFrame:
    options = {"id": "id", "time": "ds", "value": "y", "horizon": 6} | options
    return many(read_series(frame, **options), ASKED, jobs=1)[0]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def expected() -> pd.DataFrame:
    return made(table())


def arrow(kind: pa.DataType) -> pd.DataFrame:
    columns = {"id": ["a"] * 48, "ds": pa.array([d.to_pydatetime() for d in DATES]).cast(kind), "y": table()["y"]}
    return pa.table(columns).to_pandas()


@pytest.mark.parametrize(
    "frame",
    [
        *(
            pytest.param(table().assign(ds=DATES.astype(f"datetime64[{unit}]")), id=unit)
            for unit in ("s", "ms", "us", "ns")
        ),
        pytest.param(table().assign(ds=DATES.tz_localize("America/New_York")), id="zone"),
        pytest.param(table().assign(ds=DATES.strftime("%Y-%m-%d")), id="text"),
        pytest.param(table().assign(ds=DATES.strftime("%Y-%m")), id="month"),
        pytest.param(table().assign(ds=DATES.strftime("%Y-%m-%dT00:00:00+05:30")), id="zoned text"),
        pytest.param(table().assign(ds=[d.date() for d in DATES]), id="dates"),
        pytest.param(table().assign(ds=DATES.date, y=table()["y"].astype(str)), id="number as text"),
        pytest.param(arrow(pa.date32()), id="arrow date"),
        pytest.param(arrow(pa.timestamp("ms", tz="UTC")), id="arrow zone"),
        pytest.param(table().convert_dtypes(dtype_backend="pyarrow"), id="arrow dtypes"),
        pytest.param(table().sample(frac=1, random_state=1), id="unsorted"),
    ],
)
def test_dates_of_every_kind_give_the_same(frame: pd.DataFrame, expected: pd.DataFrame) -> None:
    found = made(frame)
    assert found["time"].tolist() == expected["time"].tolist()
    for name in ("forecast", "low", "high"):
        assert found[name].to_numpy() == pytest.approx(expected[name].to_numpy(), abs=1e-6)


def test_duckdb_and_parquet_give_the_same(tmp_path: Path, expected: pd.DataFrame) -> None:
    frame = table()
    own = duckdb.connect()
    own.register("t", frame)
    pq.write_table(pa.Table.from_pandas(frame), tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.csv", index=False)
    sources = [
        own.execute("SELECT id, ds::DATE AS ds, y::DECIMAL(18, 4) AS y FROM t").df(),
        own.execute("SELECT id, ds::TIMESTAMPTZ AS ds, y FROM t").df(),
        read_table(tmp_path / "t.parquet"),
        read_table(tmp_path / "t.csv"),
    ]
    for source in sources:
        found = made(source)
        assert found["forecast"].to_numpy() == pytest.approx(expected["forecast"].to_numpy(), abs=1e-6)


def test_each_series_is_forecast_as_if_it_were_alone() -> None:
    frames = [table().assign(id=name, y=monthly(48, seed=k)) for k, name in enumerate("abc")]
    alone = pd.concat([made(one) for one in frames], ignore_index=True)
    together = made(pd.concat(frames[::-1]))
    pd.testing.assert_frame_equal(alone, together)
    series = read_series(pd.concat(frames * 20).assign(id=np.repeat([f"s{k:02}" for k in range(60)], 48)), id="id",
                         time="ds", value="y", horizon=6)  # fmt: skip
    one_process, two = (many(series, ASKED, jobs=jobs)[0] for jobs in (1, 2))
    pd.testing.assert_frame_equal(one_process, two)


@pytest.mark.parametrize(
    ("frame", "options", "error", "told"),
    [
        (table().assign(y="x"), {}, ContractError, "48 of 48 values are no number: 'x' in row 1"),
        (table().assign(y=np.inf), {}, ContractError, "no number"),
        (table().assign(ds="03/04/2024"), {}, ContractError, "no date: '03/04/2024' in row 1"),
        (table().assign(ds=1.5), {}, ContractError, "no date"),
        (table().assign(ds=17), {}, ContractError, "no date"),
        (pd.concat([table(), table()]), {}, ContractError, "96 rows share their series and step"),
        (table().assign(id=None), {}, ContractError, "48 rows have no id"),
        (table().iloc[:0], {}, ContractError, "no row"),
        (table(), {"value": "yy"}, ContractError, "no column 'yy'"),
        (table(), {"freq": "month"}, ParameterError, "no frequency"),
        (table().iloc[:1], {}, ParameterError, "one date"),
        (
            table(),
            {"regressors": pd.DataFrame({"ds": DATES, "promo": 1.0})},
            ContractError,
            "no value at 6 steps of 'a'",
        ),
        (table(), {"regressors": pd.DataFrame({"when": DATES, "promo": 1.0})}, ContractError, "no column 'ds'"),
    ],
)
def test_what_cannot_be_read_is_said(frame: pd.DataFrame, options: dict, error: type[SalesnbError], told: str) -> None:
    with pytest.raises(error, match=told) as caught:
        made(frame, **options)
    assert caught.value.mend


def test_rows_of_one_step_become_one_when_asked() -> None:
    frame = pd.concat([table(), table().assign(y=1.0)])
    (summed,) = read_series(frame, id=None, time="ds", value="y", horizon=3, together="sum")
    assert summed.values == pytest.approx(table()["y"] + 1)
    (last,) = read_series(frame, id=None, time="ds", value="y", horizon=3, together="last")
    assert last.values == pytest.approx(np.ones(48))


def test_regressors_reach_the_model() -> None:
    months = pd.date_range("2020-01-01", periods=54, freq="MS")
    promo = pd.DataFrame({"ds": months, "promo": np.isin(np.arange(54), [4, 15, 29, 40, 50]).astype(float)})
    hit = table().assign(y=monthly(48, noise=0.01) * np.exp(0.6 * promo["promo"].to_numpy()[:48]))
    found, plain = made(hit, regressors=promo)["forecast"], made(table())["forecast"]
    assert found[2] / plain[2] == pytest.approx(np.exp(0.6), rel=0.2)
    by_series = made(hit, regressors=promo.assign(id="a"))["forecast"]
    assert by_series.to_numpy() == pytest.approx(found.to_numpy())


def test_holidays_are_counted_in_their_steps() -> None:
    step = Frequency.parse("MS")
    numbers = step.numbers(pd.date_range("2024-01-01", periods=12, freq="MS").to_numpy())
    counts, names = holidays_of("US", step, numbers)
    assert counts[6, names.index("Independence Day")] == 1
    assert counts.sum() == pytest.approx(len([1 for _ in names]), abs=2)
    with pytest.raises(ContractError, match="no holidays are known of 'XX'"):
        holidays_of("XX", step, numbers)


def test_trading_days_are_counted() -> None:
    months = Frequency.parse("MS")
    steps = months.numbers(np.array(["2024-02-01", "2024-12-01"], dtype="datetime64[ns]"))
    for which, days in (("days", (29, 31)), ("weekdays", (21, 22)), ("US", (20, 21))):
        for step, n in zip(steps, days, strict=True):
            assert trading_days(which, months, np.array([step])).tolist() == [n], which
    weeks = Frequency.parse("W-SUN")
    christmas = weeks.numbers(np.array(["2024-12-29"], dtype="datetime64[ns]"))
    assert trading_days("DE", weeks, christmas).tolist() == [3]
    assert trading_days("weekdays", Frequency.parse("ME"), steps[:1]).tolist() == [21]
    with pytest.raises(ParameterError, match="no trading days"):
        trading_days("US", Frequency.parse("D"), steps)
    with pytest.raises(ContractError, match="no holidays are known of 'XX'"):
        trading_days("XX", months, steps)


def test_parts_are_columns() -> None:
    frame = table()
    asked = replace(ASKED, parts=True, holidays="US", trading_days="weekdays")
    found, _ = many(read_series(frame, id="id", time="ds", value="y", horizon=6), asked, jobs=1)
    assert list(found.columns)[:6] == ["id", "time", "forecast", "low", "high", "parts"]
    names = [name for name in found if name in ("trend", "season", "length") or name.startswith("effect of ")]
    assert (found["parts"] == "times").all()
    assert found[names].prod(axis=1).to_numpy() == pytest.approx(found["forecast"].to_numpy())
    capped, told = many(
        read_series(frame, id="id", time="ds", value="y", horizon=6), replace(asked, ceiling=100.0), jobs=1
    )
    assert capped["forecast"].max() == 100
    assert capped["high"].max() == 100
    assert "no step can be above 100" in told["notes"].iloc[0]
    names = [name for name in capped if name in ("trend", "season", "length") or name.startswith("effect of ")]
    assert capped[names].prod(axis=1).to_numpy() == pytest.approx(capped["forecast"].to_numpy())


@pytest.mark.parametrize("asked", [{"horizon": 0}, {"horizon": 3, "season": 0}, {"horizon": 3, "level": 1.0},
                                   {"horizon": 3, "model": "x"}])  # fmt: skip
def test_what_is_asked_is_checked(asked: dict) -> None:
    with pytest.raises(ParameterError):
        Asked(**asked)


def test_files(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1.5]})
    for name in ("t.csv", "t.parquet"):
        write_table(frame, tmp_path / name)
        assert read_table(tmp_path / name)["a"].astype(float).tolist() == [1.5]
    (tmp_path / "bad.parquet").write_bytes(b"no")
    for path in (tmp_path / "bad.parquet", tmp_path / "none.csv", tmp_path):
        with pytest.raises(SourceError):
            read_table(path)
    (tmp_path / "t.txt").touch()
    with pytest.raises(SourceError, match="neither"):
        read_table(tmp_path / "t.txt")
    with pytest.raises(StorageError):
        checked_out(tmp_path / "none" / "t.csv")
    with pytest.raises(ParameterError):
        checked_out(tmp_path / "t.txt")
    with pytest.raises(StorageError, match="cannot be written"):
        write_table(frame, tmp_path / "none" / "t.csv")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["bad.parquet", "t.csv", "t.parquet", "t.txt"]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames = [table().assign(id="a"), table().iloc[:1].assign(id="one"), table().iloc[:9].assign(id="flat", y=3.0)]
    file, out, why = tmp_path / "in.csv", tmp_path / "out.csv", tmp_path / "why.csv"
    pd.concat(frames).to_csv(file, index=False)
    command = ["forecast", str(file), "--id", "id", "--horizon", "3", "--level", "90"]
    with pytest.raises(SystemExit, match="0"):
        cli.main([*command, "--out", str(out), "--reasons", str(why)])
    said = capsys.readouterr()
    assert said.out == ""
    assert "3 series, 3 steps ahead" in said.err
    assert "one: naive, because there is one value only" in said.err
    found = pd.read_csv(out)
    assert list(found.columns) == ["id", "ds", "forecast", "low", "high"]
    assert found.groupby("id").size().to_dict() == {"a": 3, "flat": 3, "one": 3}
    assert found.loc[found["id"] == "a", "ds"].tolist() == ["2024-01-01", "2024-02-01", "2024-03-01"]
    assert pd.read_csv(why)["model"].tolist() == ["combination", "constant", "naive"]
    with pytest.raises(SystemExit, match="0"):
        cli.main([*command, "--model", "naive"])
    assert capsys.readouterr().out.startswith("id,ds,forecast,low,high\na,2024-01-01,")
    with pytest.raises(SystemExit, match="3"):
        cli.main([*command, "--together", "max"])
    assert "rows cannot become one by 'max'" in capsys.readouterr().err


def test_dates_as_python_has_them(expected: pd.DataFrame) -> None:
    frame = table().assign(ds=[dtm.datetime(d.year, d.month, 1, tzinfo=dtm.UTC) for d in DATES])
    pd.testing.assert_frame_equal(made(frame), expected)
