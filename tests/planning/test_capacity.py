"""What sellers may bring, from the data: rules on small books, and replays of known companies."""

from __future__ import annotations

import datetime as dtm

import numpy as np
import pandas as pd
import pytest

import salesnb
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.periods import Period
from salesnb.planning.capacity import capacity, shrunk
from salesnb.planning.ramp import ramp
from salesnb.planning.replay import past_periods, quota_met_by, replay
from salesnb.planning.scenario import what_if

Q = Period.parse
LAST = dtm.date(2026, 3, 31)


def deals(*, sellers: int = 3, until: dtm.date = LAST, every: int = 9) -> list[dict]:
    made = []
    for seller in range(sellers):
        for n in range(0, (until - dtm.date(2024, 1, 1)).days, every + seller):
            day = dtm.date(2024, 1, 1) + dtm.timedelta(days=n)
            outcome = "won" if n % 2 == 0 else "lost"
            began = day - dtm.timedelta(days=30)
            made.append({"opportunity_id": f"{seller}-{n}", "owner_id": f"r{seller}", "outcome": outcome,
                         "created_at": began, "closed_on": day, "amount": 1000 + n % 7})  # fmt: skip
    return made


REPS = [
    {"rep_id": "r0", "name": "Ann", "team": "n", "hired_on": dtm.date(2020, 1, 1)},
    {"rep_id": "r1", "name": "Bob", "team": "n", "hired_on": dtm.date(2020, 1, 1)},
    {"rep_id": "r2", "name": "Cem", "team": "s", "hired_on": dtm.date(2020, 1, 1), "left_on": dtm.date(2026, 1, 15)},
    {"rep_id": "r3", "name": "New", "team": "s", "hired_on": dtm.date(2026, 5, 1)},
    {"rep_id": "m", "name": "Mia", "team": "s", "role": "sales manager"},
]
QUOTAS = [
    {"rep_id": rep, "starts_on": dtm.date(2026, 4, 1), "ends_on": dtm.date(2026, 6, 30), "metric": "bookings",
     "amount": 5000} for rep in ("r0", "r1")
]  # fmt: skip


def book(**tables: list[dict]) -> Book:
    return Book.of({"opportunities": deals(), "reps": REPS, "quotas": QUOTAS} | tables, as_of=LAST)


def test_the_sellers_of_a_period() -> None:
    found = capacity(book(), Q("2026Q2"))
    reps = found.plan.reps.set_index("rep_id")
    assert list(reps.index) == ["r0", "r1", "r3"], "who left before and who manages are not there"
    assert reps.at["r3", "starts_on"] == pd.Timestamp("2026-05-01")
    assert reps["quota"].tolist() == [5000, 5000, 0]
    assert (found.plan.target, found.quota_rule) == (10_000, "each seller's own")
    decided = [d["outcome"] for d in deals() if d["closed_on"] > LAST - dtm.timedelta(days=365)]
    assert found.plan.win_rate == pytest.approx(decided.count("won") / len(decided))
    assert found.plan.cycle_days == 30
    rows = found.assumptions.set_index("name")
    assert rows.at["ramp", "rule"] == "few: near the usual line"
    assert rows.at["ramp", "value"] == found.plan.ramp_days == 180
    assert (rows["n"] >= 0).all()
    now = what_if(found.plan, draws=100)
    assert now.reps["expected"].iloc[2] > 0, "a seller without history has the team's rate"
    mid = capacity(book(), Q("2026Q1")).plan.reps.set_index("rep_id")
    won = [d for d in deals() if d["outcome"] == "won" and d["closed_on"] >= dtm.date(2026, 1, 1)]
    assert mid["booked"].sum() == sum(d["amount"] for d in won)
    assert mid.at["r2", "ends_on"] == pd.Timestamp("2026-01-15")


def test_in_a_replay_nobody_knows_who_comes_and_goes_later() -> None:
    early = Book.of({"opportunities": deals(until=dtm.date(2025, 12, 31)), "reps": REPS}, as_of=dtm.date(2025, 12, 31))
    reps = capacity(early, Q("2026Q1"), is_replay=True).plan.reps.set_index("rep_id")
    assert list(reps.index) == ["r0", "r1", "r2"]
    assert reps["ends_on"].isna().all()


def test_thin_and_odd_books() -> None:
    with pytest.raises(NeedsData, match="a deal won"):
        capacity(Book.of({"opportunities": [{"opportunity_id": "1", "outcome": "open"}]}, as_of=LAST), Q("2026Q2"))
    alone = capacity(Book.of({"opportunities": deals(sellers=1)}, as_of=LAST), Q("2026Q1"))
    assert alone.plan.reps["rep_id"].tolist() == ["r0"]
    assert np.isnan(alone.plan.target)
    assert alone.quota_rule == "there is no quota for 2026Q1"
    assert alone.assumptions.set_index("name").at["attrition", "rule"] == "no dates of sellers: nobody leaves"
    lines = [{"order_line_id": str(n), "order_id": str(n // 2), "rep_id": "a", "amount": 50,
              "ordered_at": dtm.date(2025, 6, 1) + dtm.timedelta(days=n // 2)} for n in range(200)]  # fmt: skip
    sold = capacity(Book.of({"orders": lines}, as_of=dtm.date(2025, 9, 30)), Q("2025Q4"))
    assert np.isnan(sold.plan.win_rate)
    assert sold.plan.reps["size"].iloc[0] == pytest.approx(100)
    teams = [{"team": "n", "starts_on": dtm.date(2026, 4, 1), "ends_on": dtm.date(2026, 6, 30), "metric": "bookings",
              "amount": 9000}]  # fmt: skip
    shared = capacity(book(quotas=teams), Q("2026Q2"))
    assert shared.plan.reps["quota"].tolist() == [4500, 4500, 0]
    assert "equal parts" in shared.quota_rule


def test_rates_are_drawn_together_as_far_as_they_are_alike() -> None:
    teams = np.array(["a", "a", "b", "b"], dtype=object)
    worked = np.full(4, 100.0)
    alike, doubt = shrunk(np.array([9.0, 11.0, 10.0, 10.0]), worked, teams)
    assert np.ptp(alike) < 0.01
    apart, _ = shrunk(np.array([1.0, 40.0, 5.0, 80.0]), worked, teams)
    assert apart[3] > 0.7
    assert (doubt < 0.1).all()
    new, _ = shrunk(np.array([10.0, 0.0]), np.array([100.0, 0.0]), teams[:2])
    assert new[1] == pytest.approx(0.1, rel=0.01)
    assert shrunk(np.zeros(2), worked[:2], teams[:2])[0].tolist() == [0, 0]


def test_rates_cover_the_truth_over_simulations() -> None:
    """Of sellers whose rates truly differ, the 80 % range of each holds the true rate in about 80 % of cases."""
    rng = np.random.default_rng(2)
    held = []
    for _ in range(40):
        true = rng.gamma(6, 0.1 / 6, 20)
        n = rng.poisson(true * 200).astype(float)
        rate, doubt = shrunk(n, np.full(20, 200.0), np.array(["a"] * 20, dtype=object))
        held.append(np.abs(np.log(true / rate)) <= 1.2816 * doubt)
    assert 0.72 <= np.mean(held) <= 0.88


def test_past_quarters_of_the_sample_are_held_as_often_as_said() -> None:
    source = salesnb.open("sample")
    period = Q("2026Q4")
    said = replay(source, past_periods(source, period, 8))
    found = said.periods
    assert len(found) == 7, "2026Q4 is not over"
    assert found["period"].tolist()[-1] == "2026Q3"
    assert 4 <= found["inside"].sum() <= 7, "of seven ranges of 80 % that leaves out less than 3 % of the cases"
    assert found["quota"].notna().all()
    assert abs(found["chance"].mean() - found["hit"].mean()) < 0.35, "chances come true about as often as they say"
    last = found.iloc[-1]
    assert not last["hit"]
    again = replay(source, past_periods(source, Q("2026Q3"), 1)).periods
    assert again.iloc[0].drop("hit").tolist() == last.drop("hit").tolist()
    mine = said.sellers[said.sellers["period"] == "2026Q3"]
    assert len(mine) == last["sellers"]
    bins = said.calibration()
    assert bins["n"].sum() == len(said.sellers)
    assert (np.diff(bins["said"]) > 0).all()
    off = (bins["said"] - bins["came"]).abs()
    assert (off * bins["n"]).sum() / bins["n"].sum() < 0.15, "sellers' chances come true to 15 points on average"


def test_periods_are_those_of_quotas_where_they_differ() -> None:
    """Quotas over 91 days from any day on are replayed over those days, not over quarters."""
    spans = [dtm.date(2025, 1, 15) + dtm.timedelta(days=91 * k) for k in range(5)]
    odd = [{"rep_id": rep, "starts_on": start, "ends_on": start + dtm.timedelta(days=90), "metric": "bookings",
            "amount": 5000} for start in spans for rep in ("r0", "r1")]  # fmt: skip
    found = past_periods(book(quotas=odd), Q("2026Q1"))
    assert [str(one) for one in found] == ["2025-01-15..2025-04-15", "2025-04-16..2025-07-15", "2025-07-16..2025-10-14",
                                           "2025-10-15..2026-01-13"]  # fmt: skip
    assert [str(one) for one in past_periods(book(), Q("2026Q1"))] == ["2025Q1", "2025Q2", "2025Q3", "2025Q4", "2026Q1"]
    assert past_periods(Book.of({}, as_of=LAST), Q("2026Q1")) == ()


def test_the_ramp_is_told_by_what_new_sellers_brought() -> None:
    """Nothing for 90 days, then the full rate after 240: the line that is fitted brings about as much in the year."""
    day, rng, rows, reps = dtm.date(2026, 3, 31), np.random.default_rng(3), [], []
    for place in range(60):
        hired = dtm.date(2015, 1, 1) if place < 20 else dtm.date(2024, 5, 1) + dtm.timedelta(days=9 * (place - 20))
        reps.append({"rep_id": f"r{place}", "hired_on": pd.Timestamp(hired), "left_on": pd.NaT})
        for k in range((day - dtm.date(2024, 4, 1)).days):
            on = dtm.date(2024, 4, 1) + dtm.timedelta(days=k)
            share = np.clip(((on - hired).days - 90) / 150, 0, 1)
            if rng.random() < 0.08 * share:
                rows.append({"seller": f"r{place}", "on": pd.Timestamp(on)})
    found = ramp(pd.DataFrame(rows), pd.DataFrame(reps), day)
    assert found.share == pytest.approx(np.clip((np.arange(365) - 90) / 150, 0, 1).mean(), abs=0.06)
    assert 180 <= found.days <= 300
    assert found.start < 0
    alone = pd.DataFrame({"rep_id": ["a"], "hired_on": [pd.NaT], "left_on": [pd.NaT]})
    usual = ramp(pd.DataFrame({"seller": ["a"], "on": [pd.Timestamp("2026-01-05")]}), alone, day)
    assert (usual.n, usual.full) == (0, 0)
    assert usual.days == 180


def test_quotas_that_half_would_have_met() -> None:
    rows = pd.DataFrame({"quota": [100.0, 100, 100, 0], "booked": [80.0, 90, 120, 5]})
    assert quota_met_by(rows) == pytest.approx(0.9)
    assert np.isnan(quota_met_by(rows.iloc[3:]))
