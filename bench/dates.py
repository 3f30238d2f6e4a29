"""The same forecast from dates of every kind, under another pandas too.

The series is forecast from dates of nanoseconds to seconds, with a zone, as text, as periods, from DuckDB, Arrow and
Parquet, with the pandas that is installed and with another one, which pip puts into a folder that is removed then.
Printed is by how much the forecasts differ at most, relative to the first.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from salesnb.forecast.many import Asked, many
from salesnb.forecast.reading import read_series

HORIZON = 12


def kinds() -> Iterator[tuple[str, pd.DataFrame]]:
    """The same table with its dates in every kind."""
    steps = np.arange(60)
    noise = np.random.default_rng(7).normal(0, 0.05, 60)
    y = (200 * np.exp(0.008 * steps + 0.2 * np.sin(steps * np.pi / 6) + noise)).round(3)
    dates = np.arange(np.datetime64("2020-01"), np.datetime64("2025-01")).astype("datetime64[s]")
    for unit in ("ns", "us", "ms", "s"):
        yield f"datetime64[{unit}]", pd.DataFrame({"ds": pd.Series(dates.astype(f"datetime64[{unit}]")), "y": y})
    plain = pd.DataFrame({"ds": pd.Series(dates), "y": y})
    yield "zone", plain.assign(ds=plain["ds"].dt.tz_localize("Europe/Berlin"))
    yield "text", plain.assign(ds=plain["ds"].dt.strftime("%Y-%m-%d"))
    yield "objects", plain.assign(ds=[day.date() for day in plain["ds"]])
    yield "months", plain.assign(ds=plain["ds"].dt.strftime("%Y-%m"))
    yield "DuckDB", duckdb.sql("select ds::date as ds, y from plain").df()
    arrow = pa.table({"ds": pa.array(dates.astype("datetime64[D]")), "y": y})
    yield "Arrow", arrow.to_pandas(types_mapper=pd.ArrowDtype)
    with tempfile.TemporaryDirectory() as folder:
        pq.write_table(arrow, f"{folder}/t.parquet")
        yield "Parquet", pd.read_parquet(f"{folder}/t.parquet")


def forecasts() -> dict[str, list[float]]:
    """Kind of date to forecast, low and high of every step."""
    made = {}
    for name, frame in kinds():
        series = read_series(frame, id=None, time="ds", value="y", horizon=HORIZON)
        found, _ = many(series, Asked(HORIZON), jobs=1)
        assert str(found["time"].iloc[0])[:10] == "2025-01-01", name
        made[name] = found[["forecast", "low", "high"]].to_numpy(dtype=np.float64).ravel().tolist()
    return made


def under(version: str) -> dict[str, dict[str, list[float]]]:
    """The forecasts with another pandas, under its version."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, f"pandas=={version}"]
        subprocess.run(pip, check=True)
        environment = dict(os.environ) | {"PYTHONPATH": folder}
        command = [sys.executable, str(Path(__file__).resolve()), "--raw"]
        told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    found: dict[str, dict[str, list[float]]] = json.loads(told.splitlines()[-1])
    return found


def main() -> None:
    """Forecast under both, and print the greatest difference."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--other", default="3.*", help="the other pandas, as pip writes versions")
    parser.add_argument("--raw", action="store_true", help="print the forecasts of this pandas as JSON, and no more")
    asked = parser.parse_args()
    mine = {pd.__version__: forecasts()}
    if asked.raw:
        print(json.dumps(mine))
        return
    both = mine | under(asked.other)
    first = np.array(next(iter(next(iter(both.values())).values())))
    worst = {
        version: max(float(np.max(np.abs(np.array(one) / first - 1))) for one in found.values())
        for version, found in both.items()
    }
    if asked.json:
        print(json.dumps({"kinds": len(next(iter(both.values()))), "greatest_difference": worst}))
        return
    for version, value in worst.items():
        print(f"pandas {version}: {len(both[version])} kinds of dates, greatest relative difference {value:.1e}")


if __name__ == "__main__":
    main()
