"""What a slider waits for: a scenario of 100 sellers in 10,000 draws, and how that grows to 1,000 sellers.

The team is made from a seed, half of it ramping, with a pay plan of three tiers. Printed is the quickest of several
scenarios after the first, which draws the random numbers that all later ones share, and the peak of memory.
"""

from __future__ import annotations

import argparse
import datetime as dtm
import json
import resource
import time
from decimal import Decimal

import numpy as np
import pandas as pd

from salesnb.periods import Period
from salesnb.planning.pay_plan import PayPlan, Tier
from salesnb.planning.plan import Plan
from salesnb.planning.scenario import what_if
from salesnb.scenarios import Changes

DRAWS, RUNS = 10_000, 7
PAY = PayPlan(name="usual", variable=Decimal(20_000), base=Decimal(15_000), cap=2.5, threshold=0.3,
              tiers=(Tier(above=0, rate=0.8), Tier(above=0.8, rate=1.0), Tier(above=1.0, rate=1.5)))  # fmt: skip


def team(n: int, seed: int = 7) -> Plan:
    """Make a plan of so many sellers."""
    rng = np.random.default_rng(seed)
    hired = pd.to_datetime("2026-09-30") - pd.to_timedelta(rng.integers(0, 360, n), unit="D")
    reps = pd.DataFrame(
        {"rep_id": [f"r{i:04d}" for i in range(n)], "name": [f"Seller {i}" for i in range(n)],
         "team": [f"team {i % 8}" for i in range(n)], "role": "account executive", "starts_on": pd.NaT,
         "ends_on": pd.NaT, "hired_on": hired, "booked": 0.0, "wins_a_day": rng.uniform(0.03, 0.1, n),
         "size": rng.lognormal(10, 0.2, n), "doubt": 0.15, "quota": 120_000.0}
    )  # fmt: skip
    return Plan(Period.parse("2026Q4"), dtm.date(2026, 9, 30), reps, 120_000.0 * n, win_rate=0.3, cycle_days=60.0,
                attrition=0.1, plans=(PAY,))  # fmt: skip


def seconds(plan: Plan) -> float:
    """Return the time of one scenario, the quickest of several."""
    what_if(plan, draws=DRAWS)
    took = []
    for run in range(RUNS):
        started = time.perf_counter()
        what_if(plan, Changes(created=1 + run / 100, win_rate=0.3 + run / 100), draws=DRAWS)
        took.append(time.perf_counter() - started)
    return min(took)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    asked = parser.parse_args()
    took = {n: seconds(team(n)) for n in (10, 100, 1_000)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if asked.json:
        print(json.dumps({"ms_100_reps_10k_draws": round(1000 * took[100], 1), "peak_mb": round(peak),
                          "growth_10_to_1000": round(took[1_000] / took[10], 1)}))  # fmt: skip
        return
    for n, each in took.items():
        print(f"{n:>5} sellers x {DRAWS:,} draws: {1000 * each:7.1f} ms, {1e6 * each / n:7.0f} us a seller")
    print(f"peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
