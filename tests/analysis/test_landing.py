"""Where a period lands: each forecaster against plain arithmetic, no row later than its day, and parts that add up."""

from __future__ import annotations

import datetime as dtm
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import salesnb
from salesnb.analysis.landing import Landing, landing
from salesnb.analysis.landing_behind import booked_key, open_key
from salesnb.analysis.landing_grid import grid
from salesnb.analysis.landing_record import bounds, chance, first_guess, scores, spread
from salesnb.analysis.landing_said import FORECASTERS, said
from salesnb.analysis.outlook import outlook
from salesnb.data.book import Book
from salesnb.data.history import as_known
from salesnb.data.sample import truth
from salesnb.periods import Period
from salesnb.report import landing as pictures
from salesnb.report import outlook as months

Q = Period.parse
DAY = dtm.timedelta(days=1)


def made_deals(last: dtm.date, seed: int = 1) -> list[dict]:
    """Deals that come and end by chance over two years, without a change log."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(700):
        created = dtm.date(2024, 1, 1) + int(rng.integers(0, 900)) * DAY
        ended = created + int(rng.gamma(2.0, 25)) * DAY
        outcome = "won" if rng.random() < 0.4 else "lost"
        row = {
            "opportunity_id": f"D{number}", "created_at": created, "amount": float(rng.integers(10, 200)),
            "owner_id": f"R{number % 3}", "stage": "x", "expected_close_on": ended + int(rng.integers(-20, 20)) * DAY,
            "outcome": outcome, "closed_on": ended,
        }  # fmt: skip
        if created > last:
            continue
        if ended > last:
            row |= {"outcome": "open", "closed_on": None}
        rows.append(row)
    return rows


def book(last: dtm.date, **tables: list[dict]) -> Book:
    reps = [{"rep_id": f"R{n}", "region": "north" if n else "south"} for n in range(3)]
    return Book.of({"opportunities": made_deals(last), "reps": reps, **tables}, as_of=last)


LAST = dtm.date(2026, 2, 14)
CALLS = [
    {"as_of": dtm.date(2026, 1, 5), "period": "2026Q1", "rep_id": "R0", "category": "commit", "amount": 100},
    {"as_of": dtm.date(2026, 2, 9), "period": "2026Q1", "rep_id": "R0", "category": "commit", "amount": 150},
    {"as_of": dtm.date(2026, 2, 9), "period": "2026Q1", "rep_id": "R1", "category": "commit", "amount": 70},
    {"as_of": dtm.date(2026, 2, 9), "period": "2026Q1", "rep_id": "R1", "category": "best_case", "amount": 900},
    {"as_of": dtm.date(2026, 2, 9), "period": "2026Q2", "rep_id": "R1", "category": "commit", "amount": 800},
]
QUOTAS = [
    {"rep_id": f"R{n}", "starts_on": start, "ends_on": Period.of(start, "quarter").last_day, "metric": "bookings",
     "amount": 1500}
    for n in range(3)
    for start in (Q(name).start for name in ("2025Q1", "2025Q2", "2025Q3", "2025Q4", "2026Q1"))
]  # fmt: skip


@pytest.fixture(scope="module")
def found() -> Landing:
    return landing(book(LAST, forecast_calls=CALLS, quotas=QUOTAS), Q("2026Q1"))


def test_each_forecaster_by_plain_arithmetic(found: Landing) -> None:
    rows = pd.DataFrame(made_deals(dtm.date(2030, 1, 1)))

    def won(start: dtm.date, end: dtm.date) -> pd.DataFrame:
        return rows[(rows["outcome"] == "won") & (rows["closed_on"] >= start) & (rows["closed_on"] <= end)]

    q = Q("2026Q1")
    left = (q.last_day - LAST).days
    past = [p for p in q.last(17)[:-1] if p.start >= dtm.date(2024, 4, 1)]
    booked = won(q.start, LAST)["amount"].sum()
    now = found.now.set_index("forecaster")["said"]
    assert found.booked == booked
    assert now["naive"] == won(q.previous.start, q.previous.last_day)["amount"].sum()
    assert now["seasonal_naive"] == won(q.year_ago.start, q.year_ago.last_day)["amount"].sum()
    assert now["calls"] == 150 + 70
    shares, open_now, open_sum, won_sum, fresh = [], None, 0.0, 0.0, []
    for p in [*past, q]:
        day = p.last_day - left * DAY
        there = rows[(rows["created_at"] <= day) & (rows["closed_on"] > day)]
        if p == q:
            open_now = there
            continue
        final = won(p.start, p.last_day)
        shares.append(won(p.start, day)["amount"].sum() / final["amount"].sum())
        later = final[final["closed_on"] > day]
        open_sum += there["amount"].sum()
        won_sum += later.loc[later["opportunity_id"].isin(there["opportunity_id"]), "amount"].sum()
        fresh.append(later.loc[~later["opportunity_id"].isin(there["opportunity_id"]), "amount"].sum())
    assert len(past) == found.few
    assert now["pace"] == pytest.approx(booked / np.median(shares))
    new = np.mean(fresh[-4:])
    assert now["triangulation"] == pytest.approx(booked + open_now["amount"].sum() * won_sum / open_sum + new)
    members = [now["series"], now["triangulation"], now["deals"]]
    assert found.value == pytest.approx(np.mean(members))
    assert found.booked + found.existing + found.new == pytest.approx(found.value)
    assert found.goal == 4500
    assert 0 < found.chance < 1


def test_parts_add_up(found: Landing) -> None:
    assert set(found.groups["group"]) == {"north", "south"}
    assert found.by == "region"
    for name, whole in (("booked", found.booked), ("value", found.value)):
        assert found.groups[name].sum() == pytest.approx(whole)
    assert (found.groups["low"] < found.groups["value"]).all()
    assert (found.groups["high"] > found.groups["value"]).all()
    each = found.groups[["booked", "existing", "new"]].sum(axis=1)
    assert each.to_numpy() == pytest.approx(found.groups["value"].to_numpy())
    assert found.change["change"].sum() == pytest.approx(found.change["now"].sum() - found.change["before"].sum())
    assert found.change["now"].sum() == pytest.approx(found.value)
    came = found.past.loc[found.past["period"] == "2025Q4", "came"].iloc[0]
    day = Q("2025Q4").last_day - 91 * DAY
    rows = pd.DataFrame(made_deals(LAST))
    first = rows[(rows["outcome"] == "won") & (rows["closed_on"] >= dtm.date(2025, 10, 1)) & (rows["closed_on"] <= day)]
    assert found.miss["came"].sum() + first["amount"].sum() == came


def test_numbers_open_their_deals(found: Landing) -> None:
    """What is behind a number adds up to it, and no deal is in two groups."""
    behind = {one.key: one for one in found.behind}
    assert behind["landing-booked"].total == pytest.approx(found.booked)
    assert behind["landing-open"].total == pytest.approx(found.existing)
    for row in found.groups.to_dict("records"):
        for column, key in (("booked", booked_key(row["group"])), ("existing", open_key(row["group"]))):
            mine = behind.get(key)
            assert (0.0 if mine is None else mine.total) == pytest.approx(row[column])
            assert mine is None or mine.rows["adds"].sum() == pytest.approx(mine.total)
    opened = [one for key, one in behind.items() if key.startswith("landing-open-")]
    ids = [deal for one in opened for deal in one.rows["opportunity_id"]]
    assert len(ids) == len(set(ids)) == behind["landing-open"].n
    assert all(one.rows["chance"].between(0, 1).all() for one in opened)
    assert getattr(found.headlines()[0], "opens", "") == "landing-open"


def test_no_range_reaches_below_what_is_booked(found: Landing) -> None:
    assert (found.record["low"].dropna() >= 0).all()
    assert found.low >= found.booked
    late = landing(book(dtm.date(2026, 3, 28)), Q("2026Q1"))
    assert late.low >= late.booked > 0
    assert (late.now["low"].dropna() >= late.booked).all()


def test_the_page_says_it(found: Landing) -> None:
    told = found.headlines()
    assert told[0].startswith("2026Q1 will bring ")
    assert "The chance to reach the target of 4.5 k USD, the sum of its quotas" in told[1]
    assert "2025Q4 brought" in told[3]
    for made in (
        pictures.landing_chart(found), pictures.replay_chart(found), pictures.forecaster_table(found),
        pictures.trust_table(found), pictures.group_table(found), pictures.change_table(found),
    ):  # fmt: skip
        assert made.alt
    numbers = found.numbers()
    scored = {"forecast_accuracy", "forecast_mase", "forecast_bias", "forecast_coverage"}
    assert set(numbers["id"]) == {"landing", "landing_chance", "landing_came", *scored}
    mine = numbers[(numbers["id"] == "landing") & (numbers["variant"] == "combination") & numbers["by"].isna()]
    assert mine["value"].tolist() == [found.value]


def test_no_row_later_than_its_day_is_used() -> None:
    """What was said of past days is the same, whatever happened after them."""
    early = landing(book(dtm.date(2025, 12, 31)), Q("2025Q4"), trend_periods=16)
    late = landing(book(dtm.date(2026, 3, 31)), Q("2026Q1"), trend_periods=16)
    key = ["period", "day", "days_left", "forecaster"]
    both = early.past.merge(late.past, on=key, suffixes=("", "_later"))
    both = both[both["day"] <= dtm.date(2025, 12, 31)]
    assert len(both) > 200
    assert both["said"].to_numpy() == pytest.approx(both["said_later"].to_numpy(), nan_ok=True)


def test_of_the_sample_nothing_later_is_used_either() -> None:
    """With a change log: stages, amounts and dates that changed later are taken back.

    The earlier book does not have the deals that were deleted between the day looked at and its own, which are few.
    """
    whole = salesnb.open("sample")
    known = grid(whole, Q("2026Q3"), most=4)
    earlier = as_known(whole, dtm.date(2026, 6, 30))
    calls = pd.DataFrame(columns=["start", "end", "as_of", "holder", "amount"])
    calls = calls.astype({"start": "datetime64[s]", "end": "datetime64[s]", "as_of": "datetime64[s]"})
    then = grid(earlier, Q("2026Q2"), most=3)
    for offset in (91, 35, 7):
        one, other = (said(each, calls, Q("2026Q2"), offset) for each in (known, then))
        for name in ("pace", "triangulation", "deals", "stage_weighted", "naive"):
            assert one.values[name] == pytest.approx(other.values[name], rel=0.02, nan_ok=True), (name, offset)


def test_what_was_planted_is_found() -> None:
    sample, planted = salesnb.open("sample"), truth()
    found = landing(sample, Q("2026Q3"))
    assert (str(found.target), found.few) == ("2026Q4", 14)
    told = " ".join(found.headlines())
    assert "2026Q3 brought 4.8 M USD and missed its target by 1.4 M USD" in told
    assert "EMEA brought" in told
    assert planted.miss.period == "2026Q3"
    over = found.past[found.past["forecaster"] == "combination"]
    assert over["came"].between(over["low"], over["high"]).mean() >= 0.75
    of_miss = over[over["period"] == "2026Q3"].set_index("days_left")["chance"]
    assert of_miss[91] < 0.6
    assert of_miss[35] < 0.15
    best = found.scores[found.scores["days_left"] == 35].sort_values("wape")["forecaster"].tolist()
    assert best.index("combination") < best.index("stage_weighted") < best.index("naive")


def test_thin_and_odd_sources() -> None:
    none = landing(Book.of({"accounts": [{"account_id": "1"}]}, as_of=LAST), Q("2026Q1"))
    assert "cannot be told" in none.headlines()[0]
    assert pictures.landing_chart(none).alt
    assert pictures.replay_chart(none).alt
    for make in (pictures.forecaster_table, pictures.trust_table, pictures.group_table, pictures.change_table):
        assert make(none).alt
    assert none.numbers().empty
    lines = [
        {"order_line_id": str(n), "ordered_at": dtm.date(2024, 1, 1) + 9 * n * DAY, "amount": 100 + n}
        for n in range(80)
    ]
    sold = landing(Book.of({"orders": lines}, as_of=dtm.date(2025, 11, 20)), Q("2025Q4"))
    now = sold.now.set_index("forecaster")["said"]
    assert not math.isnan(sold.value)
    assert math.isnan(now["triangulation"])
    assert math.isnan(sold.existing)
    assert sold.value == pytest.approx((now["series"] + now["pace"]) / 2)
    assert "are booked" in sold.headlines()[0]
    one = landing(Book.of({"opportunities": made_deals(LAST)[:1]}, as_of=LAST), Q("2026Q1"))
    assert one.headlines()
    early = landing(book(dtm.date(2024, 2, 20)), Q("2024Q1"))
    assert early.headlines()


def test_a_months_landing(found: Landing) -> None:
    month = landing(book(LAST), Q("2026-02"))
    assert str(month.target) == "2026-02"
    assert month.few == 16
    assert month.booked + month.existing + month.new == pytest.approx(month.value)
    assert set(month.past["days_left"]) >= {7, 14, 21}


def test_a_report_on_a_period_long_over_says_what_would_have_been_said_on_its_last_day() -> None:
    """Also what is forecast is over by then: to look at it with what is known today would be no forecast."""
    source = book(LAST)
    late, then = landing(source, Q("2025Q2")), landing(as_known(source, dtm.date(2025, 6, 30)), Q("2025Q2"))
    assert (late.target, late.day) == (Q("2025Q3"), dtm.date(2025, 6, 30))
    assert late.value == pytest.approx(then.value)
    assert (late.low, late.high) == pytest.approx((then.low, then.high))
    assert late.existing > 0, "deals were open then"
    assert late.headlines()[0].startswith("By what was known on 2025-06-30, 2025Q3 would bring ")
    said = late.numbers()
    assert set(said.loc[said["id"] == "landing", "reason"]) == {"by what was known on 2025-06-30", ""}
    running = landing(source, Q("2025Q4"))
    assert (running.target, running.day) == (Q("2026Q1"), LAST), "what is not over is forecast from today"
    assert running.headlines()[0].startswith("2026Q1 will bring ")


def test_ranges_and_chances() -> None:
    assert first_guess([1.0, 2.0]) == 0.25
    assert first_guess([100.0, 110.0, 121.0]) == pytest.approx(math.log(1.1))
    size, freedom = spread([("a", 35, 0.1), ("a", 28, 0.1), ("b", 35, -0.2)], 0.3, 35, 0.4)
    assert freedom == 2.5
    assert size == pytest.approx(math.sqrt((0.5 * (0.3 * 0.4) ** 2 + 0.01 + 0.04) / 2.5))
    four = [(name, 35, 0.1) for name in "abcd"]
    assert spread(four, 9.0, 35, 0.4) == (pytest.approx(0.1), 4)
    assert spread([("z", 35, 5.0), *four, ("e", 35, 0.1)], 9.0, 35, 0.4) == (pytest.approx(0.1), 5)
    assert spread([], 0.3, 0, 0.0)[0] == 0
    low, high = bounds(100.0, 0.1, 5.0, 0.8)
    assert (math.log(high / 100), math.log(low / 100)) == pytest.approx((0.1 * 1.4759, -0.1 * 1.4759), rel=1e-3)
    assert chance(100.0, 0.1, 5.0, 100.0) == pytest.approx(0.5)
    assert chance(100.0, 0.0, 5.0, 101.0) == 0.0
    assert math.isnan(chance(100.0, 0.1, 5.0, 0.0))
    assert math.isnan(bounds(-1.0, 0.1, 5.0, 0.8)[0])


def test_scores_by_hand() -> None:
    rows = [
        {"period": p, "days_left": 7, "forecaster": name, "said": value, "low": value - 10, "high": value + 10,
         "came": came, "is_over": True}
        for p, came, naive, mine in (("a", 100.0, 80.0, 95.0), ("b", 200.0, 230.0, 215.0))
        for name, value in (("naive", naive), ("deals", mine))
    ]  # fmt: skip
    made = scores(pd.DataFrame(rows)).set_index("forecaster")
    assert made.loc["deals", ["n", "wape", "bias", "coverage"]].tolist() == pytest.approx([2, 20 / 300, 10 / 300, 0.5])
    assert made.loc["deals", "mase"] == pytest.approx(10 / 100)
    assert made.loc["deals", "value_added"] == pytest.approx(1 - 20 / 50)
    assert math.isnan(made.loc["naive", "value_added"])
    assert set(FORECASTERS) >= set(made.index)


def test_the_months_to_come() -> None:
    source = book(LAST)
    found = outlook(source, Q("2026Q1"))
    assert found.history["month"].tolist()[-1] == "2026-01"
    assert found.ahead["month"].tolist()[:2] == ["2026-02", "2026-03"]
    assert len(found.ahead) == 12
    rows = pd.DataFrame(made_deals(LAST))
    january = rows[(rows["outcome"] == "won") & rows["closed_on"].between(dtm.date(2026, 1, 1), dtm.date(2026, 1, 31))]
    assert found.history["amount"].iloc[-1] == january["amount"].sum()
    assert set(found.race["model"]) >= {"combination", "prophet", "theta", "seasonal_naive", "arima"}
    assert found.race["wape"].is_monotonic_increasing
    assert "missed least" in found.race_finding()
    for make in (months.fan_chart, months.season_chart, months.month_table, months.race_table):
        assert make(found).alt
    assert set(found.numbers()["id"]) == {"outlook", "outlook_wape"}


def test_of_few_months_little_is_said() -> None:
    few = outlook(replace(book(dtm.date(2024, 2, 20)), as_of=dtm.date(2024, 2, 20)), Q("2024Q1"))
    assert "cannot be told" in few.headlines()[0]
    for make in (months.fan_chart, months.season_chart, months.month_table, months.race_table):
        assert make(few).alt
    assert few.numbers().empty
    none = outlook(Book.of({"accounts": [{"account_id": "1"}]}, as_of=LAST), Q("2026Q1"))
    assert "needs" in none.headlines()[0]
