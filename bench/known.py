"""Walmart's weekly sales and Prophet's own examples: auto and Prophet against the same season of the year before.

Walmart: 45 stores of ../shared/data/walmart_weekly, the last 39 weeks held back, with the holiday flag, temperature,
fuel price, consumer prices and unemployment of that file as regressors and without. Prophet's examples: the last tenth
of each, at most a season, held back. Printed is the WAPE of each, the mean over series.

The pedestrians of Melbourne have the lockdowns of 2020 and 2021: there the last step is that no forecast of the year
after has the shock in its season, told by how far the season's factors reach with and without those months.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from salesnb.forecast.auto import forecast
from salesnb.forecast.frequency import Frequency
from salesnb.forecast.many import Asked, past_of
from salesnb.forecast.models import MODELS
from salesnb.forecast.past import Past
from salesnb.forecast.reading import Series, read_series

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
WEEKS = 39
EXAMPLES = ("air_passengers", "retail_sales", "wp_log_peyton_manning", "wp_log_R", "pedestrians_covid")


def walmart(data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return sales by store and week, and the regressors."""
    raw = pd.read_csv(data / "walmart_weekly" / "Walmart_Store_sales.csv")
    raw.columns = [str(name).strip().lower().replace(" ", "_") for name in raw.columns]
    raw["ds"] = pd.to_datetime(raw["date"], format="%d-%m-%Y")
    names = ["holiday_flag", "temperature", "fuel_price", "cpi", "unemployment"]
    return raw[["store", "ds", "weekly_sales"]], raw[["store", "ds", *names]]


def wape(said: np.ndarray, came: np.ndarray) -> float:
    return float(np.abs(said - came).sum() / np.abs(came).sum())


def off(one: tuple[Series, np.ndarray, bool]) -> dict[str, float]:
    """Return how far off each model was on one series."""
    series, came, has_prophet = one
    past = past_of(series, Asked(len(came)))
    made = {"auto": wape(forecast(past).point, came), "seasonal_naive": wape(MODELS["seasonal_naive"](past), came)}
    if has_prophet:
        made["prophet"] = wape(MODELS["prophet"](past), came)
    return made


def cut(series: Series, horizon: int) -> tuple[Series, np.ndarray]:
    """Hold the last steps of a series back."""
    values = series.values
    drivers = series.drivers[: len(values)] if series.names else np.empty((len(values), 0))
    return Series(series.name, series.freq, series.first, values[:-horizon], drivers, series.names), values[-horizon:]


def examples(data: Path) -> dict[str, tuple[Series, np.ndarray]]:
    """Return Prophet's examples, the last of each held back."""
    made = {}
    for name in EXAMPLES:
        frame = pd.read_csv(data / "prophet_examples" / f"example_{name}.csv")
        (one,) = read_series(frame, id=None, time="ds", value="y", horizon=1, freq=None)
        horizon = min(one.freq.season if one.freq.unit != "D" else 60, len(one.values) // 10)
        made[name] = cut(one, horizon)
    return made


def season_with_and_without(data: Path) -> tuple[float, float]:
    """Return how far the yearly factors of the pedestrians reach, as estimated and from the years before the shock."""
    frame = pd.read_csv(data / "prophet_examples" / "example_pedestrians_covid.csv")
    whole = frame["y"].to_numpy(dtype=np.float64)
    before = whole[pd.to_datetime(frame["ds"]).to_numpy() < np.datetime64("2020-03-01")]
    found = []
    for values in (whole, before):
        past = Past.of(values, 7, 365)
        found.append(float(np.ptp(past.season_part[-365:])))
    return found[0], found[1]


def main() -> None:
    """Forecast, and print what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of data sets")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    asked = parser.parse_args()
    sales, regressors = walmart(asked.data)
    told: dict[str, dict[str, float]] = {}
    with ProcessPoolExecutor(asked.jobs) as pool:
        for name, extra in (("walmart", None), ("walmart with regressors", regressors)):
            known = sales if extra is None else sales.merge(extra, on=["store", "ds"])
            held = []
            for _, rows in known.groupby("store"):
                rows = rows.sort_values("ds")
                values = rows["weekly_sales"].to_numpy(dtype=np.float64)
                names = () if extra is None else tuple(extra.columns[2:])
                drivers = rows[list(names)].to_numpy(dtype=np.float64)
                step = Frequency.parse("W-FRI")
                first = int(step.numbers(rows["ds"].to_numpy()[:1])[0])
                one = Series(str(rows["store"].iloc[0]), step, first, values[:-WEEKS], drivers, names)
                held.append((one, values[-WEEKS:], True))
            found = pd.DataFrame(list(pool.map(off, held)))
            told[name] = {model: round(float(value), 4) for model, value in found.mean().items()}
        for name, (one, came) in examples(asked.data).items():
            told[name] = {model: round(value, 4) for model, value in off((one, came, True)).items()}
    after, before = season_with_and_without(asked.data)
    told["pedestrians, reach of the year"] = {"with the lockdowns": round(after, 3), "before them": round(before, 3)}
    if asked.json:
        print(json.dumps(told))
        return
    for name, row in told.items():
        print(f"{name:34}", "   ".join(f"{model} {value:.4f}" for model, value in row.items()))


if __name__ == "__main__":
    main()
