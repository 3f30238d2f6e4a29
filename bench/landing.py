"""Whether landings are calibrated: ranges and chances of past quarters, over sample companies of several seeds.

For each seed the last eight quarters are replayed week by week, each from what was known then. Printed are how often
the combination's 80 % range held what came, and, for chances of reaching the target in five bins, how often it was
reached; then how far off each forecaster was five weeks before the end.

The channel that is cut in the plan of every seed is left in: a break that nobody could foresee is part of the truth.
"""

from __future__ import annotations

import argparse
import datetime as dtm
import json
import sys

import numpy as np
import pandas as pd

from salesnb.analysis.landing import landing
from salesnb.data.book import Book
from salesnb.data.sample import make, truth
from salesnb.periods import Period

TABLES = ("opportunities", "opportunity_events", "accounts", "reps", "quotas", "forecast_calls")
BINS = (0.0, 0.1, 0.35, 0.65, 0.9, 1.0)


def replayed(seed: int) -> pd.DataFrame:
    """Return the record of one company."""
    tables, as_of = make(seed), dtm.date.fromisoformat(truth(seed).end)
    book = Book.of({name: tables[name] for name in TABLES}, as_of=as_of, stages=truth(seed).stages)
    return landing(book, Period.parse("2026Q3")).past.assign(seed=seed)


def main() -> None:
    """Replay all seeds, and print what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="*", default=list(range(1, 11)), help="which companies")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    asked = parser.parse_args()
    frames = []
    for seed in asked.seeds:
        frames.append(replayed(seed))
        print(f"seed {seed}", file=sys.stderr, flush=True)
    rows = pd.concat(frames, ignore_index=True)
    rows = rows[rows["days_left"] % 7 == 0]
    mine = rows[(rows["forecaster"] == "combination") & rows["low"].notna()]
    held = mine["came"].between(mine["low"], mine["high"])
    known = mine[mine["chance"].notna()].assign(hit=lambda t: t["came"] >= t["target"])
    places = np.clip(np.digitize(known["chance"], BINS[1:-1]), 0, len(BINS) - 2)
    bins = known.groupby(places).agg(n=("hit", "size"), said=("chance", "mean"), came=("hit", "mean"))
    five = rows[rows["days_left"] == 35].dropna(subset=["said"])
    off = (five["said"] - five["came"]).abs().groupby(five["forecaster"]).sum()
    off = (off / five.groupby("forecaster")["came"].sum()).sort_values()
    told = {
        "coverage80": round(float(held.mean()), 3),
        "coverage80_by_weeks": {
            int(left) // 7: round(float(each), 3) for left, each in held.groupby(mine["days_left"]).mean().items()
        },
        "chances": [{name: round(float(value), 3) for name, value in row.items()} for row in bins.to_dict("records")],
        "off_five_weeks_before": {str(name): round(float(value), 3) for name, value in off.items()},
    }
    if asked.json:
        print(json.dumps(told))
        return
    print(f"{len(asked.seeds)} companies, {mine['period'].nunique()} quarters each")
    print(f"the 80 % range held {told['coverage80']:.1%}; by weeks before the end: {told['coverage80_by_weeks']}")
    for row in told["chances"]:
        print(f"chance said {row['said']:6.1%}   reached {row['came']:6.1%}   of {row['n']:.0f}")
    for name, value in told["off_five_weeks_before"].items():
        print(f"{name:16} off by {value:6.1%} five weeks before the end")


if __name__ == "__main__":
    main()
