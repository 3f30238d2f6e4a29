"""How many of the deals will be won: cohorts worked out by hand, planted rates, and what is too young to tell."""

from __future__ import annotations

import datetime as dtm
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from salesnb.analysis.behind import Told
from salesnb.analysis.curves import Curves, curves
from salesnb.analysis.curves_parts import AGES, horizon, marked, rates, segment_rows, variance
from salesnb.analysis.funnel_numbers import COLUMNS
from salesnb.data.book import Book
from salesnb.kpis.incidence import aalen_johansen
from salesnb.kpis.registry import compute
from salesnb.periods import Period

Q3 = Period.parse("2026Q3")
AS_OF = dtm.date(2026, 9, 30)


def deals(created: str, fates: str, product: str = "P", days: int = 20) -> list[dict[str, Any]]:
    """One deal a letter (w won, l lost, d disqualified, o open), closed so many days after it was created."""
    closed = dtm.date.fromisoformat(created) + dtm.timedelta(days=days)
    words = {"w": "won", "l": "lost", "d": "disqualified", "o": "open"}
    return [
        {
            "opportunity_id": f"{created}{product}{days}{i}", "created_at": created, "outcome": words[letter],
            "closed_on": None if letter == "o" else closed, "product": product, "amount": 5,
        }
        for i, letter in enumerate(fates)
    ]  # fmt: skip


def book(*runs: list[dict[str, Any]], as_of: dtm.date = AS_OF) -> Book:
    return Book.of({"opportunities": [deal for run in runs for deal in run]}, as_of=as_of)


RUNS = (
    deals("2025-11-10", "wwwlld" * 2), deals("2026-05-10", "wwll", days=100), deals("2026-09-10", "llooo", days=5),
    deals("2026-05-10", "llllllllllllllllllww", "Q", days=30),
)  # fmt: skip


@pytest.fixture(scope="module")
def small() -> Curves:
    return curves(book(*RUNS), Q3, by=("product", "segment", "rep"))


def test_cohorts_by_quarter_of_creation(small: Curves) -> None:
    columns = ["cohort", "watched", "n", "won", "lost", "open"]
    assert small.cohorts[columns].to_numpy().tolist() == [
        ["2025Q4", (AS_OF - dtm.date(2025, 12, 31)).days, 12, 6, 6, 0],
        ["2026Q2", 92, 24, 4, 20, 0],
        ["2026Q3", 0, 5, 0, 2, 3],
    ]
    assert small.cohorts["decided_rate"].tolist() == [6 / 12, 4 / 24, 0 / 2]
    # Of the youngest cohort 3 of 5 are undecided after 20 days; of the 24 older deals that were, 4 were won later.
    assert small.cohorts["mature"].tolist() == pytest.approx([6 / 12, 4 / 24, 3 / 5 * 4 / 24])
    assert small.cohorts["unsure"].tolist() == pytest.approx([0, 0, 3 / 5], abs=1e-12)
    assert small.cohorts["undecided"].tolist() == pytest.approx([0, 0, 0], abs=1e-12)


def test_cells_are_grey_where_not_all_deals_could_be_watched(small: Curves) -> None:
    cells = small.cells.set_index(["cohort", "age"])
    assert [cells.loc[("2026Q2", age), "state"] for age in AGES] == [*["full"] * 3, "part", "part", "none", "none"]
    assert [cells.loc[("2026Q3", age), "state"] for age in AGES] == [*["part"] * 3, *["none"] * 4]
    assert cells.loc[("2026Q2", 30), "share"] == pytest.approx(2 / 24)
    assert cells.loc[("2026Q2", 120), "share"] == pytest.approx(4 / 24)
    assert math.isnan(cells.loc[("2026Q2", 270), "share"])


def test_the_mature_rate_is_that_of_the_kpi(small: Curves) -> None:
    for row in small.cohorts.to_dict("records"):
        found = compute(book(*RUNS), "win_rate.mature", Period.parse(row["cohort"])).iloc[0]
        assert (row["mature"], row["low"], row["high"]) == pytest.approx((found["value"], found["low"], found["high"]))


def test_segments_are_compared_at_one_age(small: Curves) -> None:
    assert small.age == 120  # by 90 days 8 of 10 wins have happened, by 120 all
    rows = small.segments.set_index("segment")
    assert rows["flag"].to_dict() == {"P": "above", "Q": "below"}
    assert rows.loc["Q", "share"] == pytest.approx(2 / 20)
    assert rows.loc["P", "rest"] == rows.loc["Q", "share"]
    assert set(small.segments["by"]) == {"product"}


def test_what_is_said(small: Curves) -> None:
    told = small.headlines()
    assert told[0].startswith(
        "Of the deals created from 2025-10-01 to 2026-09-30, 25.6 % (14.5 to 41.1 %) will be won in the end; "
    )
    assert "won / (won + lost) of those decided says 26.3 %" in told[0]
    assert told[0].endswith("with 3 of 41 still open.")
    assert (
        told[1]
        == "By 120 days of age more often than the others win P (45 %); less often than the others win Q (10 %)."
    )
    assert told[2:] == ["Too young to tell: 2026Q3 (3 of 5 still open)."]


def test_every_number_has_its_rows(small: Curves) -> None:
    keys = {each.key: each for each in small.behind}
    assert len(keys) == len(small.behind)
    for each in small.behind:
        assert len(each.rows) == each.n == each.total == each.rows["adds"].sum()
    for row in small.cohorts.to_dict("records"):
        for side, name in (("all", "n"), ("won", "won"), ("lost", "lost"), ("open", "open")):
            held = keys.get(f"curves-{row['cohort'].lower()}-{side}")
            assert (held.total if held else 0) == row[name]
    assert keys["curves-window-all"].total == 41
    assert {row["key"] for row in small.segments.to_dict("records")} <= set(keys)
    assert {sentence.opens for sentence in small.headlines() if isinstance(sentence, Told)} <= set(keys)


def test_numbers_have_the_columns_of_results(small: Curves) -> None:
    numbers = small.numbers()
    assert tuple(numbers.columns) == COLUMNS
    mature = numbers[(numbers["variant"] == "mature") & (numbers["segment"] == "2025Q4")].iloc[0]
    assert (mature["value"], mature["n"], mature["status"]) == (pytest.approx(0.5), 12, "ok")
    none = numbers[numbers["status"] == "na"]
    assert set(none["reason"]) == {"no deal was watched so long"}


def test_deals_without_an_age_are_counted_and_told() -> None:
    odd = [*deals("2026-05-10", "w", "X", days=-3), {**deals("2026-05-10", "l", "Y")[0], "closed_on": None}]
    found = curves(book(*RUNS, odd), Q3, by=())
    assert found.undated == 2
    assert int(found.cohorts["n"].sum()) == 41
    assert found.headlines()[-1].startswith("2 deals closed without a date, or before they were created")


def test_segments_that_do_alike_are_not_told_apart() -> None:
    found = curves(book(deals("2026-01-10", "wl" * 20), deals("2026-01-10", "wl" * 20, "Q")), Q3, by=("product",))
    assert found.segment_finding() == "By 30 days of age, no product can be told from the others by its wins."
    assert found.young_finding() == ""
    assert ", the same, with 0 of 80 still open" in found.whole_finding()


@pytest.mark.parametrize(
    ("tables", "period", "said"),
    [
        ({"orders": []}, "2026Q3", "it needs opportunities"),
        ({"opportunities": []}, "2026Q3", "no deal was created from 2024-10-01 to 2026-09-30"),
        ({"opportunities": []}, "2030Q1", "2030Q1 has not begun, the data end on 2026-09-30"),
    ],
)
def test_thin_sources_say_what_they_cannot(tables: dict[str, Any], period: str, said: str) -> None:
    found = curves(Book.of(tables, as_of=AS_OF), Period.parse(period))
    assert found.headlines() == [f"How many of the deals will be won cannot be told: {said}."]
    assert found.numbers().empty
    assert found.behind == ()


def test_open_deals_alone_decide_nothing() -> None:
    found = curves(book(deals("2026-05-10", "oo")), Q3, by=())
    assert found.headlines()[0].endswith("at least, up to 100 % more may follow; none of them is decided yet.")
    assert found.age == AGES[-1]


def test_deals_of_before_the_window_alone_leave_the_window_empty() -> None:
    found = curves(book(deals("2025-01-10", "wwl")), Q3, by=())
    assert found.whole["n"] == 0
    assert found.headlines() == []


def counted(segment: str, days: Any, fate: Any) -> pd.DataFrame:
    rows = pd.DataFrame({"segment": segment, "days": days, "won": fate == 0, "lost": fate == 1, "censored": fate == 2})
    return rows.groupby(["segment", "days"], as_index=False).sum()


NOBODY = pd.DataFrame(columns=["segment", "days", "won", "lost", "censored"])


def cohort(seed: int, rate: float, n: int = 400) -> tuple[Any, Any]:
    """Ages and fates of deals won after some 60 days or lost after some 15, of which many are still open."""
    random = np.random.default_rng(seed)
    wins = random.random(n) < rate
    age = np.where(wins, random.integers(40, 81, n), random.integers(1, 31, n))
    watched = random.integers(0, 161, n)
    seen = age <= watched
    return np.where(seen, age, watched), np.where(seen, np.where(wins, 0, 1), 2)


def test_the_mature_rate_is_unbiased_where_the_decided_one_is_not_and_its_80_percent_band_covers() -> None:
    found = [rates(counted("", *cohort(seed, 0.35)), NOBODY, 0.8) for seed in range(80)]
    mature = np.array([each["mature"] for each in found])
    decided = np.array([each["decided_rate"] for each in found])
    assert mature.mean() == pytest.approx(0.35, abs=3 * mature.std() / 80**0.5)
    assert decided.mean() < 0.35 - 0.03
    covered = np.mean([each["low"] <= 0.35 <= each["high"] for each in found])
    assert 0.7 <= covered <= 0.9


def test_equal_segments_are_seldom_marked_and_unequal_ones_are() -> None:
    def flags(other: float) -> list[list[str]]:
        made = []
        for seed in range(20):
            counts = pd.concat([counted("a", *cohort(seed, 0.35)), counted("b", *cohort(seed + 1000, other))])
            made.append(marked(segment_rows(counts, NOBODY, "x", 90, 0.95), 0.05)["flag"].tolist())
        return made

    assert sum(flag != ["", ""] for flag in flags(0.35)) <= 4  # 1 to be expected; more than 4 has a chance of 0.3 %
    assert sum(flag == ["above", "below"] for flag in flags(0.15)) >= 19


def test_few_deals_and_short_watches_are_not_compared() -> None:
    few = pd.concat([counted("a", *cohort(1, 0.5, 9)), counted("b", *cohort(2, 0.5, 50))])
    found = marked(segment_rows(few, NOBODY, "x", 90, 0.95), 0.05)
    assert found["p"].isna().all()
    assert found["flag"].tolist() == ["few", ""]
    short = pd.concat([counted("a", [5] * 20, np.full(20, 2)), counted("b", *cohort(2, 0.5, 50))])
    assert segment_rows(short, NOBODY, "x", 90, 0.95)["p"].isna().all()
    same = pd.concat([counted("a", [5] * 20, np.full(20, 1)), counted("b", [5] * 20, np.full(20, 1))])
    assert segment_rows(same, NOBODY, "x", 90, 0.95)["p"].tolist() == [1.0, 1.0]
    apart = pd.concat([counted("a", [5] * 20, np.full(20, 0)), counted("b", [5] * 20, np.full(20, 1))])
    assert (
        segment_rows(apart, NOBODY, "x", 90, 0.95)["p"].isna().all()
    )  # neither varies: no error to hold the gap against


def test_the_horizon_is_where_nine_of_ten_wins_have_happened() -> None:
    assert horizon(counted("", np.array([10] * 9 + [200]), np.zeros(10))) == 30
    assert horizon(counted("", np.array([10] * 8 + [200] * 2), np.zeros(10))) == 270
    assert variance(aalen_johansen([10], [1], [1], [0]), 5) == 0.0
