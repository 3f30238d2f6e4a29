"""What the rules of hygiene find and cost: small books worked out by hand, and parts that sum on any book."""

from __future__ import annotations

import datetime as dtm
import math
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesnb import compute
from salesnb.analysis.hygiene import Hygiene, hygiene
from salesnb.analysis.hygiene_deals import PARTS
from salesnb.analysis.hygiene_rules import RULES, duplicates
from salesnb.data.book import Book
from salesnb.data.memo import keeping
from salesnb.periods import Period

Q3, DAY = Period.parse("2026Q3"), dtm.date(2026, 8, 14)
REPS = [{"rep_id": "a", "name": "Ann"}, {"rep_id": "b", "name": "Bo", "left_on": "2026-08-14"}]
QUOTA = {"rep_id": "a", "starts_on": "2026-07-01", "ends_on": "2026-09-30", "metric": "bookings", "amount": 1000}


def deal(name: str, amount: float | None = 100, **more: Any) -> dict[str, Any]:
    """An open deal that breaks no rule."""
    return {
        "opportunity_id": name, "account_id": name, "product": "P", "kind": "new", "owner_id": "a", "stage": "First",
        "amount": amount, "expected_close_on": "2026-09-01", "created_at": "2026-07-30", "outcome": "open",
        "next_step": "call", **more,
    }  # fmt: skip


def pushed(name: str, times: int) -> list[dict[str, Any]]:
    days = [dtm.date(2026, 3, 1) + dtm.timedelta(days=30 * place) for place in range(times + 1)]
    return [
        {"opportunity_id": name, "changed_at": old, "field": "expected_close_on", "old": str(old), "new": str(new)}
        for old, new in pairwise(days)
    ]


CLOSED = [
    {**deal(f"c{place}", 10), "outcome": outcome, "closed_on": "2026-07-01"}
    for place, outcome in enumerate(["won", "lost", "lost", "lost"])
]
DEALS = [
    *CLOSED,
    deal("clean", 1000),
    deal("first", 100, account_id="same", created_at="2026-07-29"),
    deal("again", 91, account_id="same"), deal("other", 80, account_id="same"),
    deal("nobody", 50, owner_id=None), deal("gone", 60, owner_id="b"),
    deal("strange", 70, stage="Nowhere"),
    deal("free", None), deal("minus", -30),
    deal("late", 200, expected_close_on="2026-08-13"), deal("today", 5, expected_close_on="2026-08-14"),
    deal("undated", 300, expected_close_on=None),
    deal("pushed", 400), deal("twice", 7),
    deal("idle", 500, created_at="2026-07-15"), deal("awake", 6, created_at="2026-01-01"),
    deal("nostep", 600, next_step=" "),
    deal("all", 800, owner_id=None, stage=None, expected_close_on="2026-08-01", next_step=None,
         created_at="2026-01-01"),
]  # fmt: skip
TABLES = {
    "opportunities": DEALS,
    "reps": REPS,
    "quotas": [QUOTA],
    "opportunity_events": [*pushed("pushed", 3), *pushed("twice", 2), *pushed("all", 4)],
    "activities": [{"activity_id": "1", "opportunity_id": "awake", "happened_at": "2026-08-01"}],
}


def book(**tables: Any) -> Book:
    return Book.of({**TABLES, **tables}, as_of=DAY, stages=("First", "Second"))


@pytest.fixture(scope="module")
def small() -> Hygiene:
    return hygiene(keeping(book()), Q3)


def column(found: Hygiene, name: str) -> dict[str, Any]:
    return dict(zip(found.rules["rule"], found.rules[name], strict=True))


def test_each_rule_finds_its_deals(small: Hygiene) -> None:
    behind = {each.key: each for each in small.behind}
    found = {rule.name: set(behind[f"hygiene-{rule.name.replace('_', '-')}"].rows["opportunity_id"]) for rule in RULES}
    assert found == {
        "duplicate": {"again"},  # 91 is within a tenth of 100; 80 is of neither
        "owner": {"nobody", "gone", "all"},
        "stage": {"strange", "all"},
        "amount": {"free", "minus"},
        "overdue": {"late", "all"},
        "undated": {"undated"},
        "pushed": {"pushed", "all"},
        "idle": {"idle", "all"},
        "next_step": {"nostep", "all"},
    }


def test_a_deal_that_breaks_several_counts_under_the_first(small: Hygiene) -> None:
    assert column(small, "own_amount") == {
        "duplicate": 91, "owner": 50 + 60 + 800, "stage": 70, "amount": -30, "overdue": 200, "undated": 300,
        "pushed": 400, "idle": 500, "next_step": 600,
    }  # fmt: skip
    assert column(small, "amount")["overdue"] == 200 + 800
    rows = next(each for each in small.behind if each.key == "hygiene-owner-own").rows.set_index("opportunity_id")
    assert rows.loc["all", "breaks"] == (
        "no owner, or one who left; stage unknown; past its close date; pushed 3 times or more; "
        "no activity for 30 days; no next step"
    )


def test_pipeline_coverage_and_expected_bookings_with_and_without(small: Hygiene) -> None:
    whole, flagged, clean = (small.totals[name] for name in ("all", "flagged", "clean"))
    assert clean["amount"] == 1000 + 100 + 80 + 5 + 7 + 6
    assert whole["amount"] == clean["amount"] + 91 + 910 + 70 - 30 + 200 + 300 + 400 + 500 + 600
    assert clean["expected"] == clean["amount"] * 0.25  # 1 of 4 was won, and no stage is logged
    assert flagged["expected"] == whole["expected"] - clean["expected"]
    left = 1000 - 10
    assert (clean["due"], clean["coverage"]) == (1198, 1198 / left)
    assert whole["due"] == whole["amount"] - 300  # all but the undated one


def test_the_totals_are_those_of_the_kpis(small: Hygiene) -> None:
    source = keeping(book())
    for name, total in (("pipeline_value.weighted", "expected"), ("pipeline_coverage.to_go", "coverage")):
        assert compute(source, name, Q3)["value"].iloc[0] == pytest.approx(small.totals["all"][total]), name


def test_what_is_said(small: Hygiene) -> None:
    assert small.headlines() == [
        "12 deals worth 3.0 k USD of 18 open ones (72 %) break a rule; clean are 6 deals worth 1.2 k USD.",
        "Without them expected bookings fall from 1.1 k USD to 300 USD, at the win rates of the stages.",
        "The quota left of 2026Q3 is then covered 1.21 times, not 3.98 times.",
        "Most is lost by: no owner, or one who left (3 deals worth 910 USD), no next step (1 deal worth 600 USD) and "
        "no activity for 30 days (1 deal worth 500 USD); each deal counts once.",
        "Most of it is owned by Ann (9 of 15 deals, 2.1 k), nobody (2 of 2 deals, 850) and Bo (1 of 1 deal, 60).",
    ]


def test_owners_have_their_parts(small: Hygiene) -> None:
    owners = small.owners.set_index("owner_id")
    assert owners["owner"].to_dict() == {"a": "Ann", "": "(none)", "b": "Bo"}
    assert owners["flagged_amount"].to_dict() == {"a": 91 + 70 - 30 + 200 + 300 + 400 + 500 + 600, "": 850, "b": 60}
    assert owners["worst"].tolist() == ["no next step", "no owner, or one who left", "no owner, or one who left"]


def sums(found: Hygiene) -> None:
    """Every part sums to its whole, exactly: in the table, by owner, and in the rows behind each number."""
    whole, flagged, clean = (found.totals[name] for name in ("all", "flagged", "clean"))
    rules = found.rules
    for size in ("deals", "amount", "expected", "due"):
        if math.isnan(whole[size]):
            assert rules[f"own_{size}"].isna().all()
            continue
        exact = [Decimal(str(value)) for value in (whole[size], clean[size], flagged[size])]
        assert exact[0] - exact[1] == exact[2] == sum(Decimal(str(value)) for value in rules[f"own_{size}"])
    owners, parts = found.owners, found.by_owner
    assert sum(Decimal(str(value)) for value in owners["flagged_amount"]) == Decimal(str(flagged["amount"]))
    by_owner = parts.groupby("owner_id")["own_deals"].sum().to_dict()
    assert {who: n for who, n in zip(owners["owner_id"], owners["flagged_deals"], strict=True) if n} == by_owner
    by_rule = parts.groupby("rule")["own_deals"].sum().to_dict()
    assert {rule: n for rule, n in zip(rules["rule"], rules["own_deals"], strict=True) if n} == by_rule
    keys = [each.key for each in found.behind]
    assert len(keys) == len(set(keys))
    for each in found.behind:
        assert len(each.rows) == each.n
        assert sum(Decimal(str(value)) for value in each.rows["adds"]) == Decimal(str(each.total))


def test_the_parts_of_the_small_book_sum(small: Hygiene) -> None:
    sums(small)
    behind = {each.key: each for each in small.behind}
    assert behind["hygiene-flagged-expected"].total == small.totals["flagged"]["expected"]
    assert behind["hygiene-owner-own-due"].total == 910


def texts(*words: str) -> st.SearchStrategy[str | None]:
    return st.sampled_from([None, *words])


ANY_DEAL = st.fixed_dictionaries(
    {
        "account_id": texts("x", "y"), "product": texts("P"), "kind": texts("new"), "owner_id": texts("a", "b", "z"),
        "stage": texts("First", "Nowhere"), "next_step": texts("call", ""),
        "amount": st.none() | st.decimals(-1000, 1000, places=4) | st.sampled_from([Decimal("0.01"), Decimal(100)]),
        "expected_close_on": st.none() | st.dates(dtm.date(2026, 7, 1), dtm.date(2026, 10, 30)).map(str),
        "created_at": st.none() | st.dates(dtm.date(2026, 1, 1), dtm.date(2026, 9, 1)).map(str),
        "outcome": st.sampled_from(["open", "open", "open", "won", "lost", "disqualified"]),
        "closed_on": st.none() | st.dates(dtm.date(2025, 1, 1), dtm.date(2026, 9, 1)).map(str),
    }
)  # fmt: skip


@settings(max_examples=4)
@given(st.lists(ANY_DEAL, min_size=1, max_size=25), st.booleans())
def test_the_parts_sum_to_the_cent_on_any_book(deals: list[dict[str, Any]], with_log: bool) -> None:
    rows = [
        {**row, "opportunity_id": f"d{place}", "closed_on": row["closed_on"] if row["outcome"] != "open" else None}
        for place, row in enumerate(deals)
    ]
    events = [event for row in rows[:3] for event in pushed(row["opportunity_id"], 3)]
    tables: dict[str, Any] = {"opportunities": rows, "reps": REPS, "quotas": [QUOTA]}
    found = hygiene(Book.of(tables | ({"opportunity_events": events} if with_log else {}), as_of=DAY), Q3)
    sums(found)
    assert found.totals["all"]["deals"] == sum(is_open(row) for row in rows)


def is_open(row: dict[str, Any]) -> bool:
    """Whether a deal was there on the day, and had not closed by then."""
    entered, closed = row["created_at"] or row["closed_on"] or str(DAY), row["closed_on"] or ""
    return bool(entered <= str(DAY) and (row["outcome"] == "open" or closed > str(DAY)))


FEW = st.sampled_from(["x", "y", ""])


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(FEW, st.sampled_from([0, 90, 95, 100, 101, 111, 200]), st.integers(0, 200) | st.none()), max_size=12
    )
)
def test_duplicates_are_those_of_the_pairs(deals: list[tuple[str, int, int | None]]) -> None:
    """The oracle goes through all pairs, in the order of their dates."""
    day = pd.Timestamp("2026-01-01")
    frame = pd.DataFrame(
        {
            "opportunity_id": [f"{place:02d}" for place in range(len(deals))],
            "account_id": [who for who, _, _ in deals],
            "product": "P",
            "kind": "",
            "parts": [amount * PARTS for _, amount, _ in deals],
            "entered_on": pd.Series(
                [pd.NaT if days is None else day + pd.Timedelta(days=days) for _, _, days in deals],
                dtype="datetime64[s]",
            ),
        }
    )
    order = sorted(range(len(deals)), key=lambda i: (deals[i][2] is None, deals[i][2] or 0, i))
    expected = np.zeros(len(deals), dtype=bool)
    for place, i in enumerate(order):
        for j in order[:place]:
            (a, m, s), (b, n, t) = deals[i], deals[j]
            is_near = s is None or t is None or s - t <= 90
            if a and a == b and min(m, n) > 0 and 10 * abs(m - n) <= max(m, n) and is_near:
                expected[i] = True
    assert duplicates(frame).tolist() == expected.tolist()


def test_what_rules_cannot_see_is_said_and_not_counted_as_clean() -> None:
    bare = [{"opportunity_id": "1", "outcome": "open", "amount": 5}, {"opportunity_id": "2", "outcome": "open"}]
    found = hygiene(Book.of({"opportunities": bare}, as_of=DAY), Q3)
    assert column(found, "is_seen") == {rule.name: rule.name == "amount" for rule in RULES}
    assert found.headlines()[:2] == [
        "1 deal worth 0 USD of 2 open ones (0 %) breaks a rule; clean is 1 deal worth 5 USD.",
        "Most is lost by: no amount (1 deal worth 0 USD); each deal counts once.",
    ]
    assert found.headlines()[-1].startswith("Not seen, and so not counted as clean: looks like a duplicate (needs ")
    assert found.no_rate == "a deal won or lost by 2026-08-14"
    needs = found.numbers()
    assert set(needs.loc[needs["segment"] == "idle", "status"]) == {"needs"}
    assert dict(zip(found.unseen["rule"], found.unseen["reason"], strict=True)) == {
        "duplicate": "needs opportunities.account_id, opportunities.product or opportunities.kind",
        "owner": "needs opportunities.owner_id",
        "stage": "needs opportunities.stage",
        "overdue": "needs opportunities.expected_close_on",
        "undated": "needs opportunities.expected_close_on",
        "next_step": "needs opportunities.next_step",
        "pushed": "needs opportunity_events of expected_close_on",
        "idle": "needs activities.opportunity_id or opportunities.last_activity_at",
    }


def test_rules_that_see_a_part_say_so() -> None:
    deals = [deal("1"), deal("2", stage=None, owner_id=None)]
    found = hygiene(Book.of({"opportunities": deals}, as_of=DAY), Q3)
    rows = found.rules.set_index("rule")
    assert rows.loc[["owner", "stage"], "deals"].tolist() == [1, 1]
    assert rows.loc["stage", "is_seen"]
    assert rows.loc["stage", "reason"].startswith("needs the order of stages")
    assert rows.loc["owner", "reason"].startswith("needs reps.left_on")


def test_a_next_step_of_today_says_nothing_of_an_earlier_day() -> None:
    deals = [deal("1", next_step=None), deal("2")]
    source = Book.of({"opportunities": deals}, as_of=dtm.date(2026, 12, 1))
    found = hygiene(source, Q3)
    assert not column(found, "is_seen")["next_step"]
    assert found.focus == Period.parse("2026Q4")
    assert "needs a history of next steps: what is given is of 2026-12-01" in found.unseen["reason"].tolist()


def test_an_amount_of_fifteen_digits_is_added_up() -> None:
    found = hygiene(Book.of({"opportunities": [deal("1", 10**12), deal("2", 0.01)]}, as_of=DAY), Q3)
    assert found.totals["all"]["amount"] == 10**12 + 0.01


def test_a_seller_who_leaves_later_is_there() -> None:
    source = Book.of({"opportunities": [deal("1", owner_id="b")], "reps": REPS}, as_of=dtm.date(2026, 8, 13))
    assert column(hygiene(source, Q3), "deals")["owner"] == 0


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ({"accounts": [{"account_id": "1"}]}, "Nothing can be said of hygiene: needs opportunities."),
        ({"opportunities": CLOSED}, "No deal is open on 2026-08-14."),
        ({"opportunities": [{"opportunity_id": "1", "outcome": "open"}]},
         "No rule of hygiene can be looked at: the source gives none of what they need."),
        ({"opportunities": [deal("1"), deal("2", 40)]},
         "No open deal of 2 deals worth 140 USD breaks a rule that can be seen."),
        ({"opportunities": [deal("1", 40, owner_id=None), deal("2", 60, stage=" ", next_step=None)]},
         "2 deals worth 100 USD of 2 open ones (100 %) break a rule; none is clean."),
        ({"opportunities": [deal("1", None), deal("2", None, next_step=None)]},
         "1 deal of 2 open ones (50 %) breaks a rule; clean is 1 deal."),
    ],
)  # fmt: skip
def test_what_is_said_of_little(tables: dict[str, Any], told: str) -> None:
    found = hygiene(Book.of(tables, as_of=DAY), Q3)
    assert found.headlines()[0] == found.finding() == told
    found.numbers()
