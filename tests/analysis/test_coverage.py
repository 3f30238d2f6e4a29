"""Is the open pipeline enough for the quotas: small books worked out by hand."""

from __future__ import annotations

import datetime as dtm
import math
from typing import Any

import pytest

from salesnb import compute, formats
from salesnb.analysis.coverage import Coverage, coverage
from salesnb.analysis.coverage_quota import win_rate
from salesnb.data.book import Book
from salesnb.data.memo import keeping
from salesnb.kpis.intervals import wilson
from salesnb.periods import Period

Q3, DAY = Period.parse("2026Q3"), dtm.date(2026, 8, 14)
REPS = [
    {"rep_id": "a", "name": "Ann", "team": "North", "region": "EMEA"},
    {"rep_id": "b", "name": "Bo", "team": "South", "region": "EMEA"},
]


def deal(
    name: str, amount: float | None, due: str | None = None, owner: str | None = "a", **more: Any
) -> dict[str, Any]:
    """An open deal, created in May."""
    return {
        "opportunity_id": name, "owner_id": owner, "amount": amount, "expected_close_on": due, "outcome": "open",
        "created_at": "2026-05-01", **more,
    }  # fmt: skip


def closed(name: str, amount: float | None, outcome: str, on: str, owner: str = "a") -> dict[str, Any]:
    return deal(name, amount, on, owner, outcome=outcome, closed_on=on)


def quota(rep: str, amount: float, quarter: str = "2026Q3") -> dict[str, Any]:
    period = Period.parse(quarter)
    days = {"starts_on": period.start, "ends_on": period.last_day}
    return {"rep_id": rep, **days, "metric": "bookings", "amount": amount}


DEALS = [
    closed("w1", 100, "won", "2026-07-10"), closed("w2", 50, "won", "2026-08-01", "b"),
    closed("l1", 350, "lost", "2026-06-01"), closed("old", 900, "won", "2025-08-14"),
    deal("late", 10, "2026-08-13"), deal("now", 40.25, "2026-08-14"), deal("soon", 60, "2026-09-30", "b"),
    deal("next", 500, "2026-10-01"), deal("far", 70, "2027-01-01", "b"), deal("never", 5),
]  # fmt: skip
QUOTAS = [quota("a", 400), quota("b", 50), quota("a", 90, "2026Q4"), quota("b", 10, "2027Q1")]


def book(deals: list[dict[str, Any]] = DEALS, as_of: dtm.date = DAY, **tables: Any) -> Book:
    return Book.of({"opportunities": deals, "reps": REPS, "quotas": QUOTAS, **tables}, as_of=as_of)


@pytest.fixture(scope="module")
def small() -> Coverage:
    return coverage(keeping(book()), Q3)


def test_every_open_deal_is_in_one_horizon(small: Coverage) -> None:
    shown = small.horizons[["horizon", "label", "deals", "due"]].to_numpy().tolist()
    assert shown == [
        ["overdue", "overdue", 1, 10.0],
        ["this", "2026Q3", 2, 40.25 + 60],
        ["next", "2026Q4", 1, 500.0],
        ["later", "after 2026Q4", 1, 70.0],
        ["undated", "without a date", 1, 5.0],
    ]


def test_the_pipeline_needed_is_what_is_left_over_the_win_rate_by_value(small: Coverage) -> None:
    row = small.horizon("this")
    rate = (100 + 50) / (100 + 50 + 350)  # "old" closed 365 days before the day
    left = (400 + 50) - (100 + 50)
    assert [row[name] for name in ("quota", "booked", "booked_deals", "left", "holders")] == [450, 150, 2, left, 2]
    assert (row["needed"], row["gap"]) == (left / rate, left / rate - 100.25)
    assert row["coverage"] == 100.25 / 300
    win = small.win
    assert win is not None
    assert (win.value, win.n, win.basis, win.won, win.decided) == (rate, 3, "value", 150, 500)
    assert row["needed_low"] == left / win.high
    assert row["gap_high"] == math.inf  # of three deals, the rate may be 0
    assert win.low == 0


def test_the_sum_is_told_with_every_factor_and_its_n(small: Coverage) -> None:
    told = small.headlines()
    assert told[0].startswith("2026Q3 is short of 900 USD of pipeline (")
    assert (
        f"(450 quota of 2 sellers {formats.MINUS} 150 booked in 2 deals) / 30.0 % of the value won (3 deals decided in "
        "the year to 2026-08-14; 0.0 to 100.0 %) = 1.0 k USD needed, and 2 deals worth 100 USD are due, 0.33 times "
        "what is left."
    ) in told[0]
    assert told[1].startswith("It cannot be told whether 2026Q4 has pipeline enough: (90 quota of 1 seller")
    assert told[2].startswith("It cannot be told whether the time after 2026Q4 has pipeline enough: ")
    assert told[3] == "1 deal worth 10 USD is past the expected close and counted in no period."
    assert told[4] == "1 deal worth 5 USD is without an expected close and counted in no period."
    assert small.finding() == "2026Q3 is short of 900 USD of pipeline (200 or more): 1.0 k needed, 100 due."


def test_a_quota_that_is_met_needs_nothing() -> None:
    found = coverage(book(quotas=[quota("a", 60), quota("b", 10)]), Q3)
    row = found.horizon("this")
    assert (row["left"], row["needed"], row["reason"]) == (0, 0, "the quota is met")
    assert math.isnan(row["coverage"])
    assert found.headlines()[0] == "The quota of 2026Q3 is met; 2 deals worth 100 USD are still due in it."


def test_what_is_left_is_that_of_the_kpi(small: Coverage) -> None:
    kpi = compute(book(), "pipeline_coverage.to_go", Q3).iloc[0]
    overdue_in_it = 10  # the KPI counts what is overdue in the period
    assert small.horizon("this")["due"] + overdue_in_it == pytest.approx(kpi["numerator"])
    assert small.horizon("this")["left"] == kpi["denominator"]
    at_start = compute(book(), "pipeline_coverage.end", Q3).iloc[0]
    assert (at_start["numerator"], at_start["denominator"]) == (100 + 50 + 10 + 40.25 + 60, 450)


def test_the_win_rate_is_that_of_the_kpi_over_the_same_year() -> None:
    more = [*DEALS, closed("l2", 20, "lost", "2026-02-01"), closed("w3", 75, "won", "2026-03-01")]
    mine = win_rate(book(more), DAY, 0.9)
    kpi = compute(book(more), "win_rate.value", Period.parse("2025-08-15..2026-08-14"), confidence=0.9).iloc[0]
    assert (mine.value, mine.n) == (pytest.approx(kpi["value"]), kpi["n"])
    assert (mine.low, mine.high) == (pytest.approx(max(kpi["low"], 0)), pytest.approx(min(kpi["high"], 1)))


def test_where_no_lost_deal_has_an_amount_deals_are_counted() -> None:
    deals = [
        closed("w", 100, "won", "2026-07-10"),
        closed("l", 0, "lost", "2026-07-11"),
        closed("m", None, "lost", "2026-07-12"),
    ]
    found = win_rate(book(deals), DAY, 0.95)
    low, high = wilson(1, 3)
    assert (found.value, found.n, found.basis, found.low, found.high) == (1 / 3, 3, "count", float(low), float(high))
    assert found.reason == "no lost deal has an amount, so the rate is by number of deals"


def test_one_decided_deal_has_a_rate_and_no_interval() -> None:
    found = coverage(
        book([closed("l", 10, "lost", "2024-07-10"), closed("w", 30, "won", "2024-07-10"), deal("n", 9, "2026-09-01")]),
        Q3,
    )
    assert found.win is not None
    assert (found.win.value, found.win.words) == (0.75, "decided by 2026-08-14")
    alone = coverage(book([closed("l", 10, "lost", "2026-07-10"), deal("n", 9, "2026-09-01")]), Q3)
    row = alone.horizon("this")
    assert math.isnan(row["needed"])
    assert row["reason"] == "nothing decided in the year to 2026-08-14 was won"


def test_sellers_teams_and_regions_sum_to_the_whole(small: Coverage) -> None:
    by = small.groups.groupby("by")
    for name in ("due", "next_due", "later_due", "overdue", "quota", "booked"):
        whole = {"due": 100.25, "next_due": 500, "later_due": 70, "overdue": 10, "quota": 450, "booked": 150}[name]
        assert by[name].sum().to_dict() == {"seller": whole, "team": whole, "region": whole}
    ann = small.groups[(small.groups["by"] == "seller") & (small.groups["key"] == "a")].iloc[0]
    assert (ann["name"], ann["left"], ann["coverage"], ann["next_coverage"]) == ("Ann", 300, 40.25 / 300, 500 / 90)
    assert "Least covered of" not in "".join(small.headlines())  # one team alone has quota left


def test_the_teams_with_least_due_are_named() -> None:
    found = coverage(book(quotas=[quota("a", 400), quota("b", 250)]), Q3)
    told = "Least covered of 2 teams with quota left: North (0.13 times 300) and South (0.30 times 200)."
    assert told in found.headlines()


def test_deals_of_nobody_are_a_group_and_quotas_of_teams_have_no_sellers() -> None:
    team = {"team": "North", "starts_on": "2026-07-01", "ends_on": "2026-09-30", "metric": "bookings", "amount": 400}
    found = coverage(book([*DEALS, deal("stray", 7, "2026-09-01", None)], quotas=[team]), Q3)
    groups = found.groups.set_index(["by", "key"])
    assert groups.loc[("seller", "(none)"), "due"] == 7
    assert groups.loc[("team", "(none)"), "due"] == 7
    assert groups.loc[("team", "North"), ["quota", "booked", "left"]].tolist() == [400, 100, 300]
    assert groups.loc["seller"]["quota"].isna().all()
    assert found.holder == "team"
    assert "400 quota of 1 team" in found.headlines()[0]


def test_the_rows_behind_each_number_sum_to_it(small: Coverage) -> None:
    behind = {each.key: each for each in small.behind}
    assert len(behind) == len(small.behind)
    for each in small.behind:
        assert each.rows["adds"].sum() == pytest.approx(each.total)
        assert len(each.rows) == each.n
    for row in small.horizons.to_dict("records"):
        assert (behind[f"coverage-{row['horizon']}"].total, behind[f"coverage-{row['horizon']}"].n) == (
            row["due"],
            row["deals"],
        )
    assert behind["coverage-booked"].total == 150
    decided = behind["coverage-decided"]  # what the pipeline needed opens; "old" closed more than a year ago
    assert decided.rows[["opportunity_id", "adds", "ended"]].to_numpy().tolist() == [
        ["l1", 350, "lost"], ["w1", 100, "won"], ["w2", 50, "won"],
    ]  # fmt: skip
    assert [getattr(told, "opens", "") for told in small.headlines()][:4] == [
        "coverage-this", "coverage-next", "coverage-later", "coverage-overdue",
    ]  # fmt: skip


def test_a_period_that_is_over_has_no_gap() -> None:
    found = coverage(book(as_of=dtm.date(2026, 12, 1)), Q3)
    assert found.day == dtm.date(2026, 9, 30)
    row = found.horizon("this")
    assert (row["reason"], row["due"]) == ("2026Q3 is over", 60)  # due on the very last day
    assert math.isnan(row["gap"])
    assert found.headlines()[0] == "2026Q3 is over: 33.3 % of its quotas is booked, 150 of 450 USD."
    assert "As of 2026-09-30 there is no change log" in "".join(found.headlines())
    told = "It cannot be told whether 2026Q4 has pipeline enough: 300 (90 or more) needed, 500 due."
    assert found.finding() == told


def test_a_period_that_has_not_begun_has_what_is_due_before_it() -> None:
    found = coverage(book(), Period.parse("2026Q4"))
    assert found.horizons["horizon"].tolist() == ["overdue", "before", "this", "next", "later", "undated"]
    assert found.horizon("before")["due"] == 100.25
    assert found.horizon("this")["left"] == 90


def test_the_start_is_as_the_log_knew_it() -> None:
    moved = {
        "opportunity_id": "soon",
        "changed_at": "2026-07-20",
        "field": "expected_close_on",
        "old": "2026-12-01",
        "new": "2026-09-30",
    }
    found = coverage(book(opportunity_events=[moved]), Q3)
    assert (found.start["due"], found.start["deals"]) == (100 + 50 + 10 + 40.25, 4)  # "soon" was due in December
    assert found.start["coverage"] == 200.25 / 450
    assert (
        "When 2026Q3 began, 4 deals worth 200 USD were due in it, 0.45 times its quotas of 450 USD."
        in found.headlines()
    )
    assert math.isnan(coverage(book(), Q3).start["due"])  # without a log nobody knows


NOW = {"opportunities": [deal("1", 3, "2026-09-01")]}


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ({"accounts": [{"account_id": "1"}]}, "Nothing can be said of coverage: needs opportunities."),
        ({"opportunities": DEALS[:1]}, "No deal is open on 2026-08-14."),
        ({"opportunities": [deal("1", 3)]},
         "It is not known when the open deals, 1 deal worth 3 USD, are due: it needs opportunities.expected_close_on."),
        (NOW, "1 deal worth 3 USD is due in 2026Q3; to tell whether that is enough, it needs quotas."),
        ({"opportunities": [deal("1", None, "2026-09-01")], "quotas": QUOTAS},
         "1 deal is due in 2026Q3; to tell whether that is enough, it needs opportunities.amount."),
        ({"opportunities": [deal("1", 3, "2026-08-01")]},
         "Nothing is due in 2026Q3; 1 deal worth 3 USD is past the expected close."),
        (NOW | {"quotas": [QUOTAS[2]]}, "1 deal worth 3 USD is due in 2026Q3; no quota is known for 2026Q3."),
        (NOW | {"quotas": QUOTAS[:1]}, "1 deal worth 3 USD is due in 2026Q3; no deal was won or lost by 2026-08-14."),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_said(tables: dict[str, Any], told: str) -> None:
    found = coverage(Book.of(tables, as_of=DAY), Q3)
    assert found.finding() == told
    assert found.headlines()[0] == told or told.startswith("Nothing is due")
    assert set(found.numbers()["status"]) <= {"ok", "na"}
    assert len(found.missing) == sum(need.startswith(("opportunities", "quotas")) for need in found.missing["needs"])


def test_the_numbers_are_those_of_the_page(small: Coverage) -> None:
    numbers = small.numbers()
    by_horizon = numbers[(numbers["id"] == "pipeline_due") & (numbers["by"] == "horizon")]
    assert dict(zip(by_horizon["segment"], by_horizon["value"], strict=True)) == dict(
        zip(small.horizons["horizon"], small.horizons["due"], strict=True)
    )
    gap = numbers[(numbers["id"] == "pipeline_gap") & (numbers["segment"] == "this")].iloc[0]
    assert (gap["value"], gap["unit"], gap["status"]) == (300 / 0.3 - 100.25, "money", "ok")
