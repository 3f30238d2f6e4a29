"""Plans and books that tests of planning are made of."""

from __future__ import annotations

import datetime as dtm
from decimal import Decimal
from typing import Any

import pandas as pd

from salesnb.data.book import Book
from salesnb.periods import Period
from salesnb.planning.pay_plan import PayPlan, Tier
from salesnb.planning.plan import Plan

Q4 = Period.parse("2026Q4")
DAY = dtm.date(2026, 9, 30)
PAY = PayPlan(name="p", variable=Decimal(20000), base=Decimal(10000),
              tiers=(Tier(above=0, rate=0.8), Tier(above=0.8, rate=1), Tier(above=1, rate=1.5)))  # fmt: skip


def plan(n: int = 4, **changes: Any) -> Plan:
    """A plan of so many sellers in two teams."""
    reps = pd.DataFrame(
        {"rep_id": [f"r{i}" for i in range(n)], "name": [f"R{i}" for i in range(n)], "team": ["A", "B"] * (n // 2)
         + ["A"] * (n % 2), "role": "AE", "starts_on": pd.NaT, "ends_on": pd.NaT, "hired_on": pd.NaT, "booked": 0.0,
         "wins_a_day": [0.05 + 0.01 * i for i in range(n)], "size": [20_000.0 + 1000 * i for i in range(n)],
         "doubt": 0.2, "quota": 100_000.0}
    )  # fmt: skip
    usual: dict[str, Any] = {"target": n * 100_000.0, "win_rate": 0.3, "cycle_days": 60.0, "plans": (PAY,)}
    return Plan(Q4, DAY, reps, **(usual | changes))


def assumptions(rate: float = 0.3) -> pd.DataFrame:
    """What a plan rests on, as far as knobs read it."""
    return pd.DataFrame(
        [{"name": "win rate", "value": rate, "low": 0.28, "high": 0.34},
         {"name": "deal size", "value": 20_000.0, "low": 19_000.0, "high": 22_000.0}]
    )  # fmt: skip


REPS = [
    {"rep_id": "r0", "name": "Ann", "team": "n", "role": "AE", "hired_on": dtm.date(2020, 1, 1)},
    {"rep_id": "r1", "name": "Bob", "team": "n", "role": "AE", "hired_on": dtm.date(2020, 1, 1)},
    {"rep_id": "r2", "name": "Cem", "team": "s", "role": "AE", "hired_on": dtm.date(2020, 1, 1),
     "left_on": dtm.date(2026, 1, 15)},
    {"rep_id": "r3", "name": "New", "team": "s", "role": "AE", "hired_on": dtm.date(2026, 3, 1)},
    {"rep_id": "m", "name": "Mia", "team": "s", "role": "sales manager"},
]  # fmt: skip


def deals(sellers: int = 3, *, until: dtm.date = dtm.date(2026, 3, 31), every: int = 9) -> list[dict[str, Any]]:
    """Deals of some sellers from 2024 on, every second one won."""
    made = []
    for seller in range(sellers):
        for n in range(0, (until - dtm.date(2024, 1, 1)).days, every + seller):
            day = dtm.date(2024, 1, 1) + dtm.timedelta(days=n)
            outcome = "won" if n % 2 == 0 else "lost"
            product = "Orbit" if n % 3 == 0 else "Nova"
            made.append({"opportunity_id": f"{seller}-{n}", "owner_id": f"r{seller}", "outcome": outcome,
                         "account_id": f"a{seller}-{n % 5}", "created_at": day - dtm.timedelta(days=30),
                         "closed_on": day, "amount": 1000 + n % 7, "product": product})  # fmt: skip
    return made


def quotas(period: str, amount: int = 5000, reps: tuple[str, ...] = ("r0", "r1")) -> list[dict[str, Any]]:
    """Quotas of some sellers for a period."""
    span = Period.parse(period)
    return [{"rep_id": rep, "starts_on": span.start, "ends_on": span.last_day, "metric": "bookings", "amount": amount}
            for rep in reps]  # fmt: skip


def book(**tables: Any) -> Book:
    """A book of two and a quarter years."""
    given = {"opportunities": deals(), "reps": REPS, "quotas": quotas("2026Q1")} | tables
    return Book.of({name: rows for name, rows in given.items() if rows}, as_of=dtm.date(2026, 3, 31))
