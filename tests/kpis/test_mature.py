"""The mature win rate against cohorts whose truth is known: unbiased on a day on which won / (won + lost) is far off.

Deals are created evenly over a quarter and 35 % of them are won in the end. Losses come after 5 to 60 days, wins after
40 to 120. On the quarter's last day the deals are 0 to 90 days old, so that of those that have closed most are lost.
"""

from __future__ import annotations

import datetime as dtm
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from salesnb.data.book import Book
from salesnb.kpis.incidence import aalen_johansen
from salesnb.kpis.intervals import wilson
from salesnb.kpis.maturity import extended
from salesnb.kpis.measure import behind
from salesnb.kpis.registry import compute, find
from salesnb.periods import Period

TRUTH, QUARTER, DEALS, SEEDS = 0.35, 91, 200, 150
Ints = NDArray[np.int64]


def cohort(
    random: np.random.Generator, n: int, span: int, waited: int, truth: float = TRUTH
) -> tuple[Ints, Ints, Ints]:
    """Whether each deal is won, the age at which it ends, and the age up to which it is watched."""
    won = random.random(n) < truth
    ends = np.where(won, random.integers(40, 121, n), random.integers(5, 61, n))
    return won, ends, waited + random.integers(0, span, n)


def counted(won: Ints, ends: Ints, watched: Ints) -> pd.DataFrame:
    seen = ends <= watched
    kinds = np.where(~seen, 2, np.where(won, 0, 1))
    table = np.bincount(np.minimum(ends, watched) * 3 + kinds, minlength=3 * 1000).reshape(-1, 3)
    days = np.flatnonzero(table.sum(axis=1))
    return pd.DataFrame(np.column_stack([days, table[days]]), columns=["days", "won", "lost", "censored"])


def tried(waited: int, *, n: int = DEALS) -> dict[str, float]:
    """The mean and the coverage of the 80 % band over the seeds, and the mean of won / (won + lost)."""
    values, plain, covered, borrowed = [], [], 0, []
    for seed in range(SEEDS):
        random = np.random.default_rng(seed)
        own = cohort(random, n, QUARTER, waited)
        older = cohort(random, 4 * n, 365, waited + QUARTER)
        curve = extended(counted(*own), counted(*older))
        low, high = curve.interval(confidence=0.8)
        values.append(curve.final)
        borrowed.append(curve.borrowed)
        covered += low <= TRUTH <= high
        won, ends, watched = own
        plain.append((won & (ends <= watched)).sum() / (ends <= watched).sum())
    return {
        "mean": float(np.mean(values)), "covered": covered / SEEDS, "plain": float(np.mean(plain)),
        "borrowed": float(np.mean(borrowed)), "error": float(np.std(values) / SEEDS**0.5),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("waited", "plain"),
    [(0, 0.13), (30, 0.21), (60, 0.29), (120, 0.35)],
    ids=["on the last day", "30 days after", "60 days after", "when all have ended"],
)
def test_it_is_unbiased_where_won_of_closed_is_off_by_the_stated_amount(waited: int, plain: float) -> None:
    """won / (won + lost) says 13 % on the last day, 22 points too low, and 21 % a month later, 14 points too low."""
    found = tried(waited)
    assert found["plain"] == pytest.approx(plain, abs=0.01)
    assert found["mean"] == pytest.approx(TRUTH, abs=4 * found["error"])
    assert found["error"] < 0.005
    assert 0.70 <= found["covered"] <= 0.90
    assert (found["borrowed"] > 0.15) == (waited == 0)


def test_it_is_unbiased_for_few_deals_too() -> None:
    found = tried(0, n=60)
    assert found["mean"] == pytest.approx(TRUTH, abs=4 * found["error"])
    assert 0.70 <= found["covered"] <= 0.90


def test_without_older_deals_it_is_too_low_and_says_how_much_it_cannot_tell() -> None:
    random = np.random.default_rng(1)
    none = counted(*cohort(random, 0, QUARTER, 0))
    curve = extended(counted(*cohort(random, 1000, QUARTER, 0)), none)
    assert curve.final < TRUTH - 0.08
    assert curve.unsure > TRUTH - curve.final


def steps(*rows: tuple[int, int, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["days", "won", "lost", "censored"])


ages = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=6).filter(
    lambda rows: all(sum(row) for row in rows)
)


@given(ages, ages)
def test_older_deals_move_the_rate_by_no_more_than_what_is_borrowed(
    own: list[tuple[int, int, int]], older: list[tuple[int, int, int]]
) -> None:
    mine, theirs = (steps(*((7 * place, *row) for place, row in enumerate(rows))) for rows in (own, older))
    curve, alone = extended(mine, theirs), aalen_johansen(*mine.to_numpy().T)
    assert 0 <= curve.borrowed <= 1
    assert alone.final - curve.borrowed - 1e-9 <= curve.final <= alone.final + curve.borrowed + 1e-9
    assert (np.diff(curve.won) >= 0).all()
    assert (curve.won + curve.lost <= 1 + 1e-9).all()
    assert curve.n == alone.n
    assert extended(mine, theirs.head(0)).final == pytest.approx(alone.final)


def test_what_is_taken_from_older_deals_by_hand() -> None:
    # Own: of 10, after 5 days 2 won and 1 lost; 7 are watched for 10 days. Older: of 20, 14 are left after 5 days, and
    # after 20 days 6 of these won and 8 lost.
    own, older = steps((5, 2, 1, 0), (10, 0, 0, 7)), steps((5, 4, 2, 0), (20, 6, 8, 0))
    curve = extended(own, older)
    assert curve.days.tolist() == [5, 10, 20]
    assert curve.at_risk.tolist() == [10, 7, 14]
    assert curve.final == pytest.approx(2 / 10 + 7 / 10 * 6 / 14)
    assert curve.borrowed == pytest.approx(7 / 10)
    assert (curve.n, curve.undecided) == (10, pytest.approx(0))
    # The parts do not depend on each other: the variance of the first plus that of the second, times its chance.
    a, b = 2 / 10, 6 / 14
    by_parts = (a * (1 - a) + b * b * 0.7 * 0.3 - 2 * b * a * 0.7) / 10 + 0.7**2 * b * (1 - b) / 14
    assert curve.variance[-1] == pytest.approx(by_parts)


def test_deals_that_were_all_watched_take_nothing_from_older_ones() -> None:
    own, older = steps((5, 2, 1, 0), (30, 4, 3, 0)), steps((7, 100, 0, 0), (40, 0, 100, 0))
    alone = aalen_johansen(*own.to_numpy().T)
    curve = extended(own, older)
    assert (curve.final, curve.borrowed) == (alone.final, 0)
    assert curve.interval(confidence=0.8) == pytest.approx(tuple(float(x) for x in wilson(6, 10, 0.8)))


AS_OF = dtm.date(2026, 6, 30)
Q2 = Period.parse("2026Q2")


def deal(number: int, created: dtm.date, days: int, outcome: str, segment: str = "a") -> dict[str, Any]:
    closed = created + dtm.timedelta(days=days)
    is_open = closed > AS_OF
    return {
        "opportunity_id": f"{segment}{number}", "owner_id": segment, "created_at": created,
        "outcome": "open" if is_open else outcome, "closed_on": None if is_open else closed,
    }  # fmt: skip


def simulated(segment: str, truth: float, seed: int) -> list[dict[str, Any]]:
    """800 deals of the eight quarters up to the second of 2026."""
    random = np.random.default_rng(seed)
    won, ends, ages = cohort(random, 800, 729, 0, truth)
    rows = zip(ages.tolist(), ends.tolist(), won.tolist(), strict=True)
    return [
        deal(number, AS_OF - dtm.timedelta(days=age), end, "won" if is_won else "lost", segment)
        for number, (age, end, is_won) in enumerate(rows)
    ]


def test_the_kpi_finds_each_segments_truth_and_counts_only_its_own_deals() -> None:
    deals = [*simulated("a", 0.35, 1), *simulated("b", 0.6, 2), *simulated("c", 0.0, 3)]
    book = Book.of({"opportunities": deals}, as_of=AS_OF)
    rows = compute(book, "win_rate.mature", Q2, by="rep_id", confidence=0.95).set_index("segment")
    plain = compute(book, "win_rate.closed", Q2, by="rep_id").set_index("segment")
    for segment, truth in (("a", 0.35), ("b", 0.6), ("c", 0.0)):
        assert rows.at[segment, "low"] - 1e-9 <= truth <= rows.at[segment, "high"]
        created = sum(row["owner_id"] == segment and row["created_at"] >= Q2.start for row in deals)
        assert rows.at[segment, "n"] == created
    assert plain.at["a", "value"] > 0
    whole = compute(book, "win_rate.mature", Q2).iloc[0]
    assert whole["status"] == "immature"
    assert "of the deals created in 2026Q2 may still be won" in whole["reason"]
    assert "of them end is told by deals created before" in whole["reason"]
    measure = find("win_rate.mature").measure(book, Q2)
    assert behind(measure, book).count().execute() == whole["n"]
