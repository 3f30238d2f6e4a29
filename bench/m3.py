"""The M3 competition: how accurate `auto` is, how often its range holds, and what it costs, beside Prophet.

The 1,428 monthly and 756 quarterly series of ../shared/data/m3; each model sees the training part alone. sMAPE is the
mean over all forecasts of 200 |y - f| / (|y| + |f|), MASE that of each series' mean absolute error over that of a
seasonal naive forecast inside the training part, as the competition and its later papers have them. The best published
are Theta (monthly 13.89 and 0.858, quarterly 8.96 and 1.087) and ForecastPro (13.90 and 0.848; 9.82 and 1.204).

Seconds are those of one core a series: backtest, choice, forecast and paths of `auto`; fitting and predicting, with
its own interval, of Prophet.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesnb.forecast.auto import forecast
from salesnb.forecast.past import Past
from salesnb.forecast.simple import seasonal_naive

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "m3"
SEASONS = {"MONTHLY": 12, "QUARTERLY": 4}
LEVEL = 0.8
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """One series of the competition, cut where it was cut there."""

    name: str
    kind: str
    known: Floats
    came: Floats

    @property
    def season(self) -> int:
        return SEASONS[self.kind]


@dataclass(frozen=True)
class Score:
    """How one forecast did."""

    model: str
    kind: str
    smape: Floats
    mase: float
    inside: Floats
    seconds: float


def series(data: Path, *, every: int = 1) -> list[Series]:
    """Read the series; ``every`` takes each so-many-th of a kind."""
    kinds = pd.read_csv(data / "m3_series.csv").set_index("series")["period"]
    values = pd.read_parquet(data / "m3_values.parquet").sort_values(["series", "part", "t"])
    found = []
    for (name, part), rows in values.groupby(["series", "part"], observed=True):
        found.append((str(name), str(part), rows.sort_values("t")["value"].to_numpy(dtype=np.float64)))
    parts: dict[str, dict[str, Floats]] = {}
    for name, part, numbers in found:
        parts.setdefault(name, {})[part] = numbers
    made = [Series(name, kinds[name], both["train"], both["test"]) for name, both in parts.items()]
    return [one for kind in SEASONS for one in [each for each in made if each.kind == kind][::every]]


def scored(model: str, one: Series, said: Floats, bounds: tuple[Floats, Floats] | None, seconds: float) -> Score:
    """Score a forecast against what came."""
    missed = np.abs(one.came - said)
    scale = float(np.mean(np.abs(one.known[one.season :] - one.known[: -one.season])))
    inside = np.array([]) if bounds is None else ((one.came >= bounds[0]) & (one.came <= bounds[1])).astype(float)
    smape = 200 * missed / (np.abs(one.came) + np.abs(said))
    return Score(model, one.kind, smape, float(missed.mean() / scale) if scale else np.nan, inside, seconds)


def warm() -> None:
    """Import what the models import, which a program does once and not for each series."""
    forecast(Past.of(np.arange(1.0, 40.0) ** 1.5 + np.resize([0.0, 3.0, 5.0, 1.0], 39), 4, 4))


def auto(one: Series) -> Score:
    """Forecast by the package."""
    started = time.perf_counter()
    made = forecast(Past.of(one.known, one.season, len(one.came)))
    bounds = made.interval(LEVEL)
    return scored("auto", one, made.point, bounds, time.perf_counter() - started)


def naive(one: Series) -> Score:
    """Forecast by the same season of the year before."""
    started = time.perf_counter()
    said = seasonal_naive(Past.of(one.known, one.season, len(one.came)))
    return scored("seasonal_naive", one, said, None, time.perf_counter() - started)


def prophet(one: Series) -> Score:
    """Forecast by Prophet as its documentation does."""
    from prophet import Prophet

    for name in ("prophet", "cmdstanpy"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    started = time.perf_counter()
    dates = pd.date_range("2000-01-01", periods=len(one.known), freq="MS" if one.season == 12 else "QS")
    model = Prophet(interval_width=LEVEL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.random.seed(0)
        model.fit(pd.DataFrame({"ds": dates, "y": one.known}), seed=0)
        ahead = model.make_future_dataframe(
            len(one.came), freq="MS" if one.season == 12 else "QS", include_history=False
        )
        said = model.predict(ahead)
    bounds = (said["yhat_lower"].to_numpy(), said["yhat_upper"].to_numpy())
    return scored("prophet", one, said["yhat"].to_numpy(), bounds, time.perf_counter() - started)


def told(scores: list[Score]) -> dict[str, dict[str, dict[str, float]]]:
    """Kind, then model, to ``smape, mase, coverage80, ms_per_series``."""
    made: dict[str, dict[str, dict[str, float]]] = {}
    for kind in SEASONS:
        for model in dict.fromkeys(one.model for one in scores):
            mine = [one for one in scores if (one.kind, one.model) == (kind, model)]
            inside = np.concatenate([one.inside for one in mine])
            made.setdefault(kind.lower(), {})[model] = {
                "smape": round(float(np.mean(np.concatenate([one.smape for one in mine]))), 2),
                "mase": round(float(np.nanmean([one.mase for one in mine])), 3),
                "coverage80": round(float(inside.mean()), 3) if len(inside) else float("nan"),
                "ms_per_series": round(1000 * float(np.mean([one.seconds for one in mine])), 1),
            }
    return made


def main() -> None:
    """Forecast all series by all three, and print what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder with m3_series.csv")
    parser.add_argument("--every", type=int, default=1, help="take each so-many-th series only")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--no-prophet", action="store_true", help="leave Prophet out, which takes most of the time")
    asked = parser.parse_args()
    every = series(asked.data, every=asked.every)
    ways = [auto, naive] if asked.no_prophet else [auto, prophet, naive]
    with ProcessPoolExecutor(asked.jobs, initializer=warm) as pool:
        scores = [score for way in ways for score in pool.map(way, every, chunksize=8)]
    result = told(scores)
    if asked.json:
        print(json.dumps(result))
        return
    for kind, models in result.items():
        n = len([one for one in every if one.kind.lower() == kind])
        print(f"{kind}, {n:,} series")
        for model, row in models.items():
            print(f"  {model:16} sMAPE {row['smape']:6.2f}   MASE {row['mase']:.3f}   80 % range holds "
                  f"{row['coverage80']:6.1%}   {row['ms_per_series']:7.1f} ms a series")  # fmt: skip


if __name__ == "__main__":
    main()
