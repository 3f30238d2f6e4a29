"""Who sells what, and who needs help: small teams worked out by hand, and the sample company's planted truth."""

from __future__ import annotations

import datetime as dtm
import math
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

import salesnb
from salesnb.analysis.attained import Luck, attained
from salesnb.analysis.rates import Sums
from salesnb.analysis.team import Team, team
from salesnb.data.book import Book
from salesnb.data.sample import truth
from salesnb.kpis import registry
from salesnb.kpis.measure import mean
from salesnb.periods import Period

Q3 = Period.parse("2026Q3")
REPS = [
    {"rep_id": "m", "name": "Mo", "team": "North", "role": "Sales Manager"},
    {"rep_id": "a", "name": "Ann", "team": "North", "manager_id": "m", "hired_on": "2020-01-01"},
    {"rep_id": "b", "name": "Bo", "team": "North", "manager_id": "m", "hired_on": "2026-07-06"},
    {"rep_id": "c", "name": "Cy", "team": "South", "hired_on": "2020-01-01", "left_on": "2026-08-01"},
    {"rep_id": "d", "name": "Di", "team": "South", "hired_on": "2020-01-01", "left_on": "2026-01-01"},
]


def deals(owner: str | None, outcomes: str, amount: float = 100, closed_on: str = "2026-08-10") -> list[dict[str, Any]]:
    """One deal a letter (w won, l lost), created 30 days before it closed."""
    day = dtm.date.fromisoformat(closed_on)
    return [
        {
            "opportunity_id": f"{owner}-{closed_on}-{amount}-{place}", "owner_id": owner, "amount": amount,
            "created_at": day - dtm.timedelta(days=30), "closed_on": day, "outcome": {"w": "won", "l": "lost"}[letter],
        }
        for place, letter in enumerate(outcomes)
    ]  # fmt: skip


def quota(amount: float, **holder: str) -> dict[str, Any]:
    return {"starts_on": "2026-07-01", "ends_on": "2026-09-30", "metric": "bookings", "amount": amount, **holder}


def book(as_of: str = "2026-09-30", **tables: Any) -> Book:
    return Book.of({"opportunities": DEALS, "reps": REPS, **tables}, as_of=dtm.date.fromisoformat(as_of))


DEALS = [*deals("a", "wwwl"), *deals("b", "wl"), *deals("c", "l"), *deals("a", "wl", closed_on="2026-01-10")]
QUOTAS = [quota(200, rep_id="a"), quota(400, rep_id="b")]
DONE = [
    {"rep_id": "a", "kind": kind, "happened_at": "2026-08-03", "minutes": minutes, "activity_id": f"{kind}-{place}"}
    for place, (kind, minutes) in enumerate([("Call", 30), ("call", 30), ("meeting", 60), ("demo", 60), ("admin", 60)])
]


@pytest.fixture(scope="module")
def small() -> Team:
    return team(book(quotas=QUOTAS, activities=DONE), Q3)


def test_each_seller_with_bookings_quota_and_state(small: Team) -> None:
    shown = small.sellers[["seller", "group", "manager", "state", "booked", "quota", "attainment"]].fillna(-1)
    assert shown.to_numpy().tolist() == [
        ["Ann", "North", "Mo", "", 300, 200, 1.5],
        ["Bo", "North", "Mo", "ramping, hired 2026-07-06", 100, 400, 0.25],
        ["Cy", "South", "", "left 2026-08-01", 0, -1, -1],
    ]


def test_teams_add_up_their_sellers_and_name_their_managers(small: Team) -> None:
    shown = small.groups[["group", "manager", "sellers", "booked", "achieved", "quota"]].fillna(-1)
    assert shown.to_numpy().tolist() == [["North", "Mo", 2, 400, 400, 600], ["South", "", 1, 0, -1, -1]]


def test_rates_are_of_the_period_and_of_the_year_up_to_its_end(small: Team) -> None:
    assert str(small.year) == "2025-10-01..2026-09-30"
    ann = {
        w: small.rate("win_rate.closed", w, "seller").loc["a", ["numerator", "n"]].tolist() for w in ("period", "year")
    }
    assert ann == {"period": [3, 4], "year": [4, 6]}
    assert small.rate("win_rate.closed", "period", "group")["n"].to_dict() == {"North": 6, "South": 1}
    assert small.rate("win_rate.closed", "year", "all")["n"].tolist() == [9]


def test_what_is_said_of_a_small_team(small: Team) -> None:
    assert small.headlines() == [
        "1 of 2 sellers reached their quota in 2026Q3; together they attained 66.7 %, 400 of 600 USD.",
        "The sellers cannot be compared: nobody has deals enough.",
        "3 active sellers booked 133 USD each on average; the best one of 3 booked 75 % of it all.",
        "In 2026Q3 hired: Bo; left: Cy; still ramping: Bo.".replace("; still ramping: Bo", ""),
        "Recorded in 2026Q3 are 2 calls, 1 meeting and 0 emails, and 4 hours in all, of which 75 % is selling time "
        "and the rest admin.",
        "Without a quota: Cy.",
        "What this page cannot tell, as it needs what the source does not give: forecast_calls (whose forecast can be "
        "trusted).",
    ]


def test_the_teams_furthest_behind_are_named_where_there_are_several() -> None:
    told = team(book(quotas=[*QUOTAS, quota(300, rep_id="c")]), Q3).headlines()
    assert "Furthest behind the quotas of its sellers is South by 300 USD (0 %), then North by 200 USD (67 %)." in told


def test_activities_are_counted_by_their_word(small: Team) -> None:
    assert small.effort is not None
    assert small.effort.rows.to_numpy().tolist() == [["a", 4, 2, 1, 0, 4.0, 1.0, 0.75]]


@pytest.mark.parametrize("name", ["win_rate.closed", "average_deal_size.mean", "sales_cycle_days.mean"])
@pytest.mark.parametrize("window", ["period", "year"])
def test_rates_are_those_of_the_kpi(small: Team, name: str, window: str) -> None:
    span = Q3 if window == "period" else small.year
    for level, by in (("seller", "rep_id"), ("group", "team"), ("all", None)):
        frame = registry.compute(book(), name, span, by=by)
        frame = frame[frame["n"] > 0].set_index(frame["segment"].fillna(""))
        mine = small.rate(name, window, level)
        mine = mine[mine["n"] > 0]
        columns = ["value", "low", "high", "numerator", "denominator", "n"]
        expected = frame.loc[list(mine.index), columns].astype(float).to_numpy()
        np.testing.assert_allclose(mine[columns].astype(float).to_numpy(), expected)
        assert set(mine.index) == set(frame.index)


def test_without_a_table_of_sellers_those_who_booked_are_shown_by_id() -> None:
    found = team(Book.of({"opportunities": DEALS}, as_of=dtm.date(2026, 9, 30)), Q3)
    assert found.sellers[["seller", "group", "state", "booked"]].to_numpy().tolist() == [
        ["a", "(none)", "", 300], ["b", "(none)", "", 100], ["c", "(none)", "", 0],
    ]  # fmt: skip
    assert found.groups.empty
    assert found.headlines()[0] == "2 sellers booked 400 USD in 2026Q3; there is no quota to hold it against."
    needs = found.missing["needs"].tolist()
    assert needs == ["reps", "quotas", "forecast_calls", "activities"]


def test_who_is_not_in_the_table_of_sellers_and_what_nobody_owns() -> None:
    rows = [*DEALS, *deals("x", "w"), *deals(None, "w", 50)]
    found = team(book(opportunities=rows), Q3)
    assert found.sellers[["seller", "state", "booked"]].tail(2).to_numpy().tolist() == [
        ["x", "not in the table of sellers", 100], ["nobody is named", "", 50],
    ]  # fmt: skip
    assert (
        "50 USD is booked on deals without an owner; x sold or was to, and is not in the table of sellers."
        in found.headlines()
    )
    assert "(none)" not in found.named["rep_id"].tolist()


def test_two_sellers_of_one_name_are_told_apart_by_their_ids() -> None:
    found = team(book(reps=[{"rep_id": rep, "name": "Ann"} for rep in "ab"]), Q3)
    assert found.named["seller"].tolist() == ["Ann (a)", "Ann (b)", "c"]


def test_one_seller_is_compared_with_nobody() -> None:
    one = Book.of(
        {"opportunities": deals("a", "wl" * 20), "quotas": [quota(1000, rep_id="a")]}, as_of=dtm.date(2026, 9, 30)
    )
    told = team(one, Q3).headlines()
    assert told[0] == "a attained 200.0 % of the quota of 2026Q3, 2.0 k of 1.0 k USD."
    assert told[1] == "There is one seller, a: nobody to compare with."


def test_quotas_of_teams_are_held_against_teams() -> None:
    found = team(book(quotas=[quota(800, team="North"), quota(100, team="South")]), Q3)
    assert found.quota_holder == "team"
    assert found.sellers["quota"].isna().all()
    assert found.groups[["group", "achieved", "quota"]].to_numpy().tolist() == [["North", 400, 800], ["South", 0, 100]]
    assert found.quota_finding() == (
        "0 of 2 teams reached their quota in 2026Q3; together they attained 44.4 %, 400 of 900 USD."
    )


def test_a_period_that_is_not_over_says_so() -> None:
    found = team(book("2026-08-31", quotas=QUOTAS), Q3)
    assert found.headlines()[0].startswith("1 of 2 sellers reached their quota in 2026Q3 so far, up to 2026-08-31; ")
    assert set(found.numbers()["status"]) == {"immature"}


def empty(**tables: Any) -> Book:
    return Book.of(tables, as_of=dtm.date(2026, 9, 30))


@pytest.mark.parametrize(
    ("source", "period", "why"),
    [
        (book(), "2027Q1", "it has not begun, the data end on 2026-09-30"),
        (book(), "2020Q1", "records of closed deals and orders begin on 2026-01-10"),
        (empty(reps=REPS), "2026Q3", "needs opportunities or orders.rep_id"),
        (empty(), "2026Q3", "needs opportunities or orders.rep_id"),
        (
            empty(opportunities=pd.DataFrame(columns=["opportunity_id"])),
            "2026Q3",
            "no deal is closed and nothing ordered",
        ),
    ],
)
def test_nothing_to_report_says_why(source: Book, period: str, why: str) -> None:
    found = team(source, Period.parse(period))
    assert found.headlines() == [f"There is nothing to report for {period}: {why}."]
    assert found.sellers.empty
    assert found.rates.empty
    assert found.quota_finding() == found.headlines()[0]
    assert found.numbers()["value"].isna().all()


def test_deals_of_which_none_was_won_have_no_size() -> None:
    found = team(book(opportunities=deals("a", "l" * 30), quotas=QUOTAS), Q3)
    assert found.headlines()[0].startswith("0 of 2 sellers reached their quota in 2026Q3; together they attained 0.0 %")
    assert found.rate("average_deal_size.mean", "year", "all")["n"].tolist() == [0]
    assert (
        found.rate_finding("average_deal_size.mean")
        == "There is nothing to show of deal size over the year to 2026-09-30."
    )


def test_a_quiet_quarter_is_not_nothing() -> None:
    told = team(book(), Period.parse("2026Q2")).headlines()
    assert told[0] == "Nobody booked anything in 2026Q2."


def test_orders_with_a_seller_take_the_place_of_deals() -> None:
    lines = [
        {"order_line_id": str(place), "order_id": str(place // 2), "rep_id": "ab"[place % 2],
         "ordered_at": "2026-08-01", "amount": 10.0 * (place + 1)}
        for place in range(4)
    ]  # fmt: skip
    found = team(Book.of({"orders": lines, "reps": REPS}, as_of=dtm.date(2026, 9, 30)), Q3)
    assert found.kpis == ["average_order_value.mean"]
    assert found.named.set_index("rep_id")["booked"].to_dict() == {"a": 10 + 30, "b": 20 + 40, "c": 0}
    assert found.missing["needs"].iloc[0] == "opportunities"


def test_numbers_are_named_once_and_are_those_of_the_kpis(small: Team) -> None:
    rows = small.numbers()
    key = ["id", "variant", "period", "by", "segment"]
    assert not rows.duplicated(key).any()

    def found(id: str, period: str = "2026Q3") -> list[float]:
        return rows.loc[(rows["id"] == id) & (rows["period"] == period) & (rows["segment"] == "a"), "value"].tolist()

    assert found("quota_attainment") == [1.5]
    assert found("win_rate", "2025-10-01..2026-09-30") == [4 / 6]
    assert found("activities") == [2, 1, 0, 4, 0.75]
    for name in ("sales_per_rep", "top_rep_concentration"):
        expected = registry.compute(book(), name, Q3)["value"].iloc[0]
        assert rows.loc[rows["id"] == name, "value"].tolist() == [expected]


def calls(rep: str, amounts: list[float], category: str = "commit") -> list[dict[str, Any]]:
    ends = [("2025Q4", "2025-11-20"), ("2026Q1", "2026-02-20"), ("2026Q2", "2026-05-20"), ("2026Q3", "2026-08-20")]
    return [
        {"as_of": day, "period": period, "rep_id": rep, "category": category, "amount": amount}
        for (period, day), amount in zip(ends, amounts, strict=True)
    ]


def test_who_calls_too_high_time_after_time_is_told_from_who_misses_by_chance() -> None:
    days = ("2025-12-20", "2026-03-20", "2026-06-20", "2026-09-20")
    rows = [deal for day in days for rep in ("a", "b", "c") for deal in deals(rep, "w", 100, day)]
    said = [*calls("a", [150, 151, 149, 150]), *calls("b", [50, 150, 130, 90]), *calls("c", [103, 102, 103, 102])]
    found = team(book(opportunities=rows, forecast_calls=said), Q3, trend_periods=4)
    assert found.callers is not None
    shown = found.callers.rows[["holder", "committed", "booked", "bias_now", "calls", "flag"]]
    assert shown.to_numpy().tolist() == [["a", 150, 100, 0.5, 4, "high"], ["b", 90, 100, -0.1, 4, ""],
                                         ["c", 102, 100, 0.02, 4, ""]]  # fmt: skip
    assert found.callers.rows["bias"].tolist() == pytest.approx([600 / 400 - 1, 420 / 400 - 1, 410 / 400 - 1])
    assert "Calls 4 weeks before the end miss to one side by more than chance, over the 4 quarters to 2026Q3; " in (
        found.calls_finding()
    )
    assert "too high: Ann (+50 %)" in found.calls_finding()
    expected = registry.compute(
        book(opportunities=rows, forecast_calls=said),
        "forecast_accuracy.bias",
        Period.parse("2025Q4..2026Q3"),
        by="rep_id",
    )
    np.testing.assert_allclose(found.callers.rows[["low", "high"]], expected[["low", "high"]])


def test_the_chance_of_bookings_is_that_of_a_poisson_number_of_deals() -> None:
    luck = Luck(mean=10.0, spread=1.0)
    three = np.array([30.0])
    assert luck.at_most(np.array([0.0]), three)[0] == pytest.approx(math.exp(-3))
    # With a spread of 1 a deal is exponential: P(X <= 20) is the sum of Poisson(k; 3) P(k exponentials <= 20).
    expected = math.exp(-3) + sum(
        math.exp(-3) * 3**k / math.factorial(k) * (1 - sum(math.exp(-2) * 2**j / math.factorial(j) for j in range(k)))
        for k in range(1, 40)
    )
    assert luck.at_most(np.array([20.0]), three)[0] == pytest.approx(expected)
    assert luck.at_most(np.array([1e9]), three)[0] == pytest.approx(1)
    middle = luck.quantile(0.5, three)
    assert luck.at_most(middle, three)[0] == pytest.approx(0.5, abs=0.01)
    assert np.isnan(luck.at_most(three, np.array([math.nan])))[0]


def test_equals_are_told_apart_by_attainment_no_more_often_than_they_should() -> None:
    """Twenty equal sellers, 200 quarters: the share of p-values below 5 % is about that."""
    rng = np.random.default_rng(5)
    below = []
    for _ in range(200):
        counts = rng.poisson(8, 20)
        booked = np.array([rng.lognormal(3, 0.8, count).sum() for count in counts])
        frame = pd.DataFrame({"achieved": booked, "quota": 200.0}, index=[f"r{i}" for i in range(20)])
        luck = Luck(math.exp(3 + 0.32), math.exp(0.64) - 1)
        below.append((attained(frame, luck, 0.95)["p"] < 0.05).mean())
    assert np.mean(below) < 0.07


def test_a_seller_far_from_equals_is_marked() -> None:
    rows = [deal for rep in "abcdefgh" for deal in deals(rep, "wl" * 20)]
    held = [quota(2000 if rep != "a" else 20000, rep_id=rep) for rep in "abcdefgh"]
    found = team(Book.of({"opportunities": rows, "quotas": held}, as_of=dtm.date(2026, 9, 30)), Q3)
    flags = found.sellers.set_index("rep_id")["flag"].to_dict()
    assert flags["a"] == "below"
    assert "a by attainment (below, 10 %)" in found.headlines()[1]
    assert found.rates["flag"].eq("").all()


@pytest.mark.parametrize(("size", "flag"), [(100.0, ""), (300.0, "above")])
def test_a_win_rate_and_a_size_are_marked_where_chance_is_no_reason(size: float, flag: str) -> None:
    rng = np.random.default_rng(1)
    rows = [
        {**deal, "opportunity_id": f"{rep}{i}", "amount": round(float(rng.gamma(2) * (size if rep == "a" else 100)), 2)}
        for rep in "abcde"
        for i, deal in enumerate(deals(rep, "wl" * 40))
    ]
    found = team(Book.of({"opportunities": rows}, as_of=dtm.date(2026, 9, 30)), Q3)
    assert found.rate("average_deal_size.mean", "year", "seller").loc["a", "flag"] == flag
    assert found.rate("win_rate.closed", "year", "seller")["flag"].eq("").all()
    shrunk = found.rate("win_rate.closed", "year", "seller")["shrunk"]
    assert shrunk.tolist() == [0.5] * 5


def test_few_deals_are_drawn_far_towards_all() -> None:
    rows = ibis.memtable(pd.DataFrame({"v": [1.0]}))
    sums = Sums("average_deal_size.mean", mean(rows, rows.v), pd.DataFrame())
    # Spread of single deals 10; groups at 10 (n 1), 20 and 40 (n 100 each).
    frame = pd.DataFrame({"n": [1.0, 100.0, 100.0], "y": [10.0, 2000.0, 4000.0], "x": [1.0, 100.0, 100.0]})
    frame["yy"] = frame["y"] ** 2 / frame["n"] + np.maximum(frame["n"] - 1, 0) * 100
    drawn = sums.shrunk(frame.assign(xx=frame["x"], xy=frame["y"]))
    assert 10 < drawn[0] < 25
    assert drawn[1:] == pytest.approx([20, 40], abs=0.3)


TRUTH = truth(7).to_dict()


@pytest.fixture(scope="module")
def sample() -> Team:
    return team(salesnb.open("sample"), Period.parse(TRUTH["miss"]["period"]))


def test_equal_sellers_are_not_told_apart(sample: Team) -> None:
    equal = TRUTH["equal_reps"]
    assert sample.sellers.set_index("rep_id")["flag"][equal].tolist() == ["", ""]
    rows = sample.rates[(sample.rates["level"] == "seller") & sample.rates["key"].isin(equal)]
    assert len(rows) == 2 * 2 * 3
    assert rows["flag"].eq("").all()
    assert not set(TRUTH["equal_rep_names"]) & set(" ".join(sample.headlines()).split(", "))


def test_the_planted_callers_are_found_and_nobody_else(sample: Team) -> None:
    assert sample.callers is not None
    marked = sample.callers.marked.set_index("holder")["flag"].to_dict()
    assert marked == {TRUTH["sandbagger"]["rep_id"]: "low", TRUTH["happy_ears"]["rep_id"]: "high"}


def test_the_samples_numbers_are_those_of_the_kpis(sample: Team) -> None:
    source, period = salesnb.open("sample"), sample.period
    for name, by in (("revenue.booked", "rep_id"), ("quota_attainment.booked", "rep_id"), ("win_rate.closed", "team")):
        frame = registry.compute(source, name, period, by=by).set_index("segment")["value"].dropna()
        rows = sample.numbers()
        rows = rows[(rows["id"] == name.partition(".")[0]) & (rows["by"] == by) & (rows["period"] == str(period))]
        mine = rows.set_index("segment")["value"].astype(float)
        np.testing.assert_allclose(mine[frame.index], frame)
        assert mine.drop(frame.index).eq(0).all()
    for name, record in sample.whole.items():
        assert record["value"] == pytest.approx(registry.compute(source, name, period)["value"].iloc[0])
