"""A thousand monthly series of five years: backtest, choice, forecast of twelve months and a thousand paths of each.

The series are made from a seed: level, trend, season and noise differ. 100, 1,000 and, with --large, 10,000 of them are
forecast side by side, and the time a series is printed for each number, which is the same where the work is linear;
the peak of memory is that of this process and of its largest child.
"""

from __future__ import annotations

import argparse
import json
import resource
import time

import numpy as np
import pandas as pd

from salesnb.forecast.many import Asked, many
from salesnb.forecast.reading import read_series

MONTHS, HORIZON = 60, 12


def table(n: int, seed: int = 7) -> pd.DataFrame:
    """Make the series as a tidy table."""
    rng = np.random.default_rng(seed)
    steps = np.arange(MONTHS)
    level, slope = rng.lognormal(6, 1, (n, 1)), rng.normal(0.004, 0.006, (n, 1))
    season = rng.normal(0, 0.15, (n, 12))[:, steps % 12]
    values = level * np.exp(slope * steps + season + rng.normal(0, 0.1, (n, MONTHS)))
    dates = pd.date_range("2021-01-01", periods=MONTHS, freq="MS")
    names = np.repeat([f"s{i:05d}" for i in range(n)], MONTHS)
    return pd.DataFrame({"unique_id": names, "ds": np.tile(dates, n), "y": values.round(2).ravel()})


def peak() -> float:
    """Return the peak of memory in MB, of this process and of its largest child."""
    sizes = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(sizes) / 1024


def main() -> None:
    """Forecast, and print what it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--large", action="store_true", help="10,000 series too")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    asked = parser.parse_args()
    many(read_series(table(60), id="unique_id", time="ds", value="y", horizon=HORIZON), Asked(HORIZON), jobs=asked.jobs)
    told = []
    for n in (100, 1_000, *((10_000,) if asked.large else ())):
        frame = table(n)
        started = time.perf_counter()
        series = read_series(frame, id="unique_id", time="ds", value="y", horizon=HORIZON)
        found, _ = many(series, Asked(HORIZON), jobs=asked.jobs)
        seconds = time.perf_counter() - started
        assert len(found) == n * HORIZON
        told.append({"series": n, "seconds": round(seconds, 1), "ms_per_series": round(1000 * seconds / n, 1),
                     "peak_mb": round(peak())})  # fmt: skip
    if asked.json:
        print(json.dumps(told))
        return
    for row in told:
        print(f"{row['series']:>7,} series in {row['seconds']:7.1f} s, {row['ms_per_series']:6.1f} ms a series on "
              f"{asked.jobs} processes, peak {row['peak_mb']:,} MB")  # fmt: skip


if __name__ == "__main__":
    main()
