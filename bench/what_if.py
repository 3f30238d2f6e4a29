"""What a slider waits for: a scenario of 100 sellers in 10,000 draws with its figure, and the growth to 1,000 sellers.

The team is made from a seed, half of it ramping, with a pay plan of three tiers. Printed is the quickest of several
turns after the first, which draws the random numbers that all later ones share: the scenario, and the tiles, bars and
table that are shown of it; the same for the whole of what_if; the peak of memory; and how large the sample company's
published page is, controls, grid and all.
"""

from __future__ import annotations

import argparse
import datetime as dtm
import json
import resource
import tempfile
import time
from decimal import Decimal

import numpy as np
import pandas as pd

from salesnb.periods import Period
from salesnb.planning.brief import Brief
from salesnb.planning.pay_plan import PayPlan, Tier
from salesnb.planning.plan import Plan, team_of
from salesnb.planning.scenario import units, what_if
from salesnb.report import panel
from salesnb.scenarios import Changes

DRAWS, RUNS, MOST_SELLERS = 10_000, 7, 200
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


def seconds(plan: Plan) -> tuple[float, float]:
    """Return the time from a slider's release to its figure, and that of what_if, the quickest of several each."""
    usual = team_of(plan, Changes())
    teams = tuple(sorted(set(plan.reps["team"])))
    shows = min(len(plan.reps), MOST_SELLERS)
    read = Brief(plan, tuple(range(shows)), teams, np.cumsum(usual.work))
    names = tuple(plan.reps["name"][:shows])
    frame = panel.Frame(str(plan.period), "USD", plan.target, plan.period.start, plan.period.days, teams, names)
    planned = read.of(usual, units(plan, usual, DRAWS, 0)).at(1.0)
    quotas = {"teams": [1.0] * len(teams), "sellers": [1.0] * shows}
    what_if(plan, draws=DRAWS)
    turned, whole = [], []
    for run in range(RUNS):
        changes = Changes(created=1 + run / 100, win_rate=0.3 + run / 100)
        started = time.perf_counter()
        team = team_of(plan, changes)
        values = read.of(team, units(plan, team, DRAWS, 0)).at(1.0)
        panel.markup(panel.shown(frame, values, planned, quotas, 0.3))
        turned.append(time.perf_counter() - started)
        started = time.perf_counter()
        what_if(plan, changes, draws=DRAWS)
        whole.append(time.perf_counter() - started)
    return min(turned), min(whole)


def page_kb() -> float:
    """Return the size of the sample company's page, as a run publishes it."""
    from salesnb.run.runner import run

    with tempfile.TemporaryDirectory() as folder:
        made = run("2026Q3", source="sample", out=folder, only=("08_quota",))
        return (made.folder / "08_quota.html").stat().st_size / 1000


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    asked = parser.parse_args()
    took = {n: seconds(team(n)) for n in (10, 100, 1_000)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    page = page_kb()
    growth = took[1_000][1] / took[10][1]
    if asked.json:
        print(json.dumps({"ms_100_reps_10k_draws": round(1000 * took[100][0], 1), "peak_mb": round(peak),
                          "page_kb": round(page), "ms_what_if": round(1000 * took[100][1], 1),
                          "growth_10_to_1000": round(growth, 1)}))  # fmt: skip
        return
    for n, (turned, whole) in took.items():
        times = f"{1000 * turned:7.1f} ms to the figure, {1000 * whole:7.1f} ms what_if"
        print(f"{n:>5} sellers x {DRAWS:,} draws: {times}, {1e6 * whole / n:7.0f} us a seller")
    print(f"peak {peak:.0f} MB, page {page:.0f} kB")


if __name__ == "__main__":
    main()
