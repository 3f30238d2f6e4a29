"""Whether plans are calibrated: past quarters of sample companies of several seeds, each said from the day before it.

Printed are how often the 80 % range held what came; for the chances that sellers were said to have, how many of them
made quota; and by how much totals missed what was expected.

With ``--compare`` sellers are also told apart by deals won alone, instead of by deals created and the share of them
that is won; the Brier score says which chances to make quota were nearer.

The channel that is cut in the plan of every seed is left in: a break that nobody could foresee is part of the truth.
"""

from __future__ import annotations

import argparse
import datetime as dtm
import json
import sys
from collections.abc import Mapping
from unittest import mock

import numpy as np
import pandas as pd

from salesnb.data.book import Book
from salesnb.data.sample import make, truth
from salesnb.periods import Period
from salesnb.planning.replay import Replay, past_periods, replay
from salesnb.planning.shown import SHOWN

TABLES = ("opportunities", "opportunity_events", "reps", "quotas")


def replayed(seed: int) -> Replay:
    """Return what would have been said of one company's quarters."""
    tables, as_of = make(seed), dtm.date.fromisoformat(truth(seed).end)
    known: Mapping[str, pd.DataFrame] = {name: tables[name] for name in TABLES}
    book = Book.of(known, as_of=as_of, stages=truth(seed).stages)
    return replay(book, past_periods(book, Period.parse("2026Q3")))


def brier(sellers: pd.DataFrame) -> float:
    """Return the mean squared miss of the chances to make quota."""
    return float(((sellers["chance"].astype("float64") - sellers["hit"].astype("float64")) ** 2).mean())


def compared(seeds: list[int]) -> dict[str, float]:
    """Return the Brier scores of both ways, and of saying of everybody what was true of all."""
    usual = pd.concat([replayed(seed).sellers for seed in seeds])
    with mock.patch("salesnb.planning.capacity.shown", return_value=pd.DataFrame(columns=list(SHOWN))):
        won = pd.concat([replayed(seed).sellers for seed in seeds])
    share = float(usual["hit"].astype("float64").mean())
    return {"deals created x win rate": brier(usual), "deals won": brier(won), "all alike": share * (1 - share)}


def main() -> None:
    """Replay all seeds, and print what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="*", default=list(range(1, 11)), help="which companies")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--compare", action="store_true", help="compare with rates of deals won")
    asked = parser.parse_args()
    if asked.compare:
        print(json.dumps({name: round(value, 4) for name, value in compared(asked.seeds).items()}))
        return
    found = []
    for seed in asked.seeds:
        found.append(replayed(seed))
        print(f"seed {seed}", file=sys.stderr, flush=True)
    periods = pd.concat([one.periods.assign(seed=seed) for one, seed in zip(found, asked.seeds, strict=True)])
    sellers = pd.concat([one.sellers for one in found])
    bins = Replay(periods, sellers).calibration()
    miss = np.log(periods["came"] / periods["expected"])
    told = {
        "coverage80": round(float(periods["inside"].mean()), 3),
        "periods": len(periods),
        "bias": round(float(miss.mean()), 3),
        "miss": round(float(np.sqrt((miss**2).mean())), 3),
        "said": [round(float(one), 3) for one in bins["said"]],
        "came": [round(float(one), 3) for one in bins["came"]],
        "n": [int(one) for one in bins["n"]],
        "by_period": {str(name): round(float(each.mean()), 3) for name, each in miss.groupby(periods["period"])},
    }
    if asked.json:
        print(json.dumps(told))
        return
    print(f"80 % range held {told['coverage80']:.1%} of {told['periods']} quarters; miss {miss.std():.3f} (log)")
    for row in bins.to_dict("records"):
        print(f"  said {row['said']:5.1%}  came {row['came']:5.1%}  of {row['n']}")


if __name__ == "__main__":
    main()
