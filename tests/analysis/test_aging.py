"""Which open deals have stood too long: small histories worked out by hand, and norms against numpy."""

from __future__ import annotations

import datetime as dtm
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesnb.analysis.aging import Aging, aging
from salesnb.analysis.aging_card import stale_key
from salesnb.analysis.aging_stays import FEWEST_OF_SEGMENT, norm_of, norms, stays_of_won
from salesnb.data.book import Book
from salesnb.data.memo import keeping
from salesnb.periods import Period

Q3, DAY = Period.parse("2026Q3"), dtm.date(2026, 8, 14)
STAGES = ("First", "Second")


def moved(name: str, at: str, old: str | None, new: str, field: str = "stage") -> dict[str, Any]:
    return {"opportunity_id": name, "changed_at": at, "field": field, "old": old, "new": new}


def won(name: str, first: int, second: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A deal entered on the first of May, so many days in the first stage, so many in the second, then won."""
    entered = dtm.date(2026, 5, 1)
    left, closed = (str(entered + dtm.timedelta(days=days)) for days in (first, first + second))
    row = {
        "opportunity_id": name,
        "outcome": "won",
        "created_at": entered,
        "closed_on": closed,
        "stage": "Won",
        "amount": 1,
    }
    return row, [moved(name, left, "First", "Second"), moved(name, closed, "Second", "Won")]


def open_deal(
    name: str, stage: str | None, amount: float | None = 100, created: str | None = "2026-05-01", **more: Any
) -> dict[str, Any]:
    return {"opportunity_id": name, "outcome": "open", "created_at": created, "stage": stage, "amount": amount,
            "owner_id": "a", "expected_close_on": "2026-12-01", **more}  # fmt: skip


WON = [won(f"w{days}", days, 10) for days in range(1, 11)]  # the first stage took 1 to 10 days, the second always 10
OPEN = [
    open_deal("quick", "First", 10, "2026-08-10"),  # 4 days
    open_deal("late", "First", 20, "2026-08-05"),  # 9 days: as long as 9 in 10
    open_deal("stuck", "First", 40, "2026-08-04"),  # 10 days
    open_deal("second", "Second", 80),  # entered it on 20 July: 25 days
    open_deal("odd", "Elsewhere", 160),
    open_deal("torn", "Second", 320),  # the log says it is in the first stage
]
MOVES = [
    *(event for _, events in WON for event in events),
    moved("second", "2026-07-20", "First", "Second"),
    moved("second", "2026-08-20", "Second", "Won"),  # later than the day
    moved("torn", "2026-06-01", "Second", "First"),
]
PUSHES = [
    moved("quick", "2026-08-11", "2026-09-01", "2026-12-01", "expected_close_on"),  # 91 days
    moved("stuck", "2026-07-05", "2026-08-01", "2026-08-08", "expected_close_on"),  # 7
    moved("stuck", "2026-07-06", "2026-08-08", "2026-09-07", "expected_close_on"),  # 30
    moved("stuck", "2026-06-30", "2026-07-31", "2026-08-01", "expected_close_on"),  # in the quarter before
    moved("stuck", "2026-07-07", "2026-09-07", "2026-08-31", "expected_close_on"),  # pulled in
    moved("late", "2026-07-07", None, "2026-08-31", "expected_close_on"),  # set for the first time
    moved("w1", "2026-07-07", "2026-07-07", "soon", "expected_close_on"),  # no date
]
DONE = [
    {"activity_id": "1", "opportunity_id": "quick", "happened_at": "2026-08-12T10:00"},
    {"activity_id": "2", "opportunity_id": "second", "happened_at": "2026-07-15"},  # 30 days ago
    {"activity_id": "3", "opportunity_id": "second", "happened_at": "2026-08-20"},  # later than the day
]


def book(as_of: dtm.date = DAY, **tables: Any) -> Book:
    moves = [*MOVES[:-2], MOVES[-1], *PUSHES]
    given = {"opportunities": [*(row for row, _ in WON), *OPEN], "opportunity_events": moves, "activities": DONE}
    return Book.of({**given, **tables}, as_of=as_of, stages=STAGES)


@pytest.fixture(scope="module")
def small() -> Aging:
    return aging(book(), Q3)


def of(found: Aging, name: str) -> dict[str, Any]:
    return found.deals.set_index("opportunity_id").loc[name].to_dict()


def test_the_norm_is_how_long_won_deals_stayed(small: Aging) -> None:
    assert small.norms.drop(columns="segment").to_numpy().tolist() == [
        ["First", 10, 5, 8, 9],
        ["Second", 10, 10, 10, 10],
    ]


def test_each_open_deal_by_its_days_in_its_stage(small: Aging) -> None:
    shown = {name: (of(small, name)["days"], of(small, name)["age_class"]) for name in small.deals["opportunity_id"]}
    unknown = {"odd": (105, "unknown")}
    torn = shown.pop("torn")
    assert math.isnan(torn[0])
    assert torn[1] == "unknown"
    assert shown == {
        "quick": (4, "usual"),
        "late": (9, "late"),
        "stuck": (10, "beyond"),
        "second": (25, "beyond"),
        **unknown,
    }


def test_stages_sum_to_the_open_pipeline(small: Aging) -> None:
    assert small.stages["stage"].tolist() == ["First", "Second", "Elsewhere"]
    assert small.stages["amount"].sum() == 10 + 20 + 40 + 80 + 160 + 320
    classes = [f"{each}_amount" for each in ("usual", "slow", "late", "beyond", "unknown")]
    assert small.stages[classes].sum(axis=1).tolist() == small.stages["amount"].tolist()
    assert small.stages.set_index("stage")["beyond_amount"].to_dict() == {"First": 40, "Second": 80, "Elsewhere": 0}


def test_idle_is_since_the_last_touch_else_since_it_was_entered(small: Aging) -> None:
    idle = small.deals.set_index("opportunity_id")["idle"].to_dict()
    assert idle == {"quick": 2, "late": 9, "stuck": 10, "second": 30, "odd": 105, "torn": 105}
    assert set(small.stale["opportunity_id"]) == {"stuck", "second", "odd", "torn"}
    assert set(aging(keeping(book()), Q3, idle=31).stale["opportunity_id"]) == {"stuck", "second", "odd", "torn"}


def test_pushes_are_moves_to_a_later_date(small: Aging) -> None:
    stuck, quick, late = (of(small, name) for name in ("stuck", "quick", "late"))
    assert (stuck["pushes"], stuck["slip"]) == (3, 1 + 7 + 30)
    assert (quick["pushes"], quick["slip"], late["pushes"]) == (1, 91, 0)
    assert small.pushed.to_numpy().tolist() == [[0, 4, 20 + 80 + 160 + 320], [1, 1, 10], [2, 0, 0], [3, 1, 40]]
    assert small.slips["pushes"].tolist() == [1, 1, 0, 0, 1]
    assert small.slip_days == {"n": 3, "median": 30, "p90": 91}


def test_what_is_said(small: Aging) -> None:
    assert small.headlines() == [
        "2 deals worth 120 USD of 630 open are in their stage longer than 9 in 10 won deals were; of 2 it cannot be "
        "told.",
        "Most of it stands in Second: 1 deal worth 80 USD; 9 in 10 won deals stayed there at most 10 days (n = 10), "
        "the oldest open one 25 days.",
        "3 deals worth 560 USD have had no activity for 30 days or more, 1 of them beyond the norm too.",
        "The expected close of 2 of 6 open deals was moved later at least once; 1 deal worth 40 USD 3 times or more.",
        "In 2026Q3 expected closes were moved later 3 times, by 30 days in the middle and 9 in 10 by at most 91 days.",
    ]


def test_the_rows_behind_each_number_sum_to_it(small: Aging) -> None:
    behind = {each.key: each for each in small.behind}
    assert len(behind) == len(small.behind)
    for each in small.behind:
        assert each.rows["adds"].sum() == each.total
        assert len(each.rows) == each.n
    assert behind["aging-beyond"].total == 120
    listed = [behind[stale_key(place)] for place in range(len(small.stale))]
    assert [each.rows["opportunity_id"].item() for each in listed] == small.stale["opportunity_id"].tolist()
    assert behind["aging-1-beyond"].rows[["opportunity_id", "stood", "normal"]].to_numpy().tolist() == [
        ["second", 25, 10]
    ]
    assert behind["aging-slip-4"].rows[["opportunity_id", "was", "became", "moved"]].to_numpy().tolist() == [
        ["quick", "2026-09-01", "2026-12-01", 91]
    ]


def test_nothing_later_leaks_into_an_earlier_day() -> None:
    """What the book knows later, of events, activities and stages, changes nothing of the earlier day."""
    later = book(
        dtm.date(2026, 12, 31),
        opportunity_events=[
            *MOVES,
            *PUSHES,
            moved("odd", "2026-09-02", "2026-10-01", "2026-12-01", "expected_close_on"),
        ],
    )
    found = aging(later, Period.parse("2026-07-01..2026-08-14"))
    days = {name: of(found, name)["days"] for name in ("quick", "late", "stuck", "second")}
    assert days == {"quick": 4, "late": 9, "stuck": 10, "second": 25}
    assert (of(found, "second")["idle"], of(found, "odd")["pushes"]) == (30, 0)
    assert found.slips["pushes"].tolist() == [1, 1, 0, 0, 1]


def test_without_a_log_only_the_age_since_creation_is_known() -> None:
    found = aging(
        Book.of(
            {"opportunities": [*(row for row, _ in WON), *OPEN, open_deal("undated", "First", 5, None)]}, as_of=DAY
        ),
        Q3,
    )
    assert found.basis == "creation"
    assert found.norms[["stage", "n", "median", "p90"]].to_numpy().tolist() == [["since creation", 10, 15, 19]]
    assert {name: of(found, name)["age_class"] for name in ("quick", "second", "undated")} == {
        "quick": "usual", "second": "beyond", "undated": "unknown",
    }  # fmt: skip
    assert found.headlines()[0] == (
        "3 deals worth 560 USD of 635 open are open longer than 9 in 10 won deals were; of 1 it cannot be told."
    )
    assert found.missing["needs"].tolist() == [
        "opportunity_events of stage",
        "activities.opportunity_id or opportunities.last_activity_at",
        "opportunity_events of expected_close_on",
    ]
    assert found.push_finding() == "How often deals were pushed is not known."


def test_the_last_activity_tells_of_the_last_day_only() -> None:
    touched = [
        open_deal("x", "First", last_activity_at="2026-08-01"),
        open_deal("y", "First", last_activity_at="2026-09-01"),
    ]
    tables = {"opportunities": touched}
    assert aging(Book.of(tables, as_of=dtm.date(2026, 9, 1)), Q3).deals["idle"].tolist() == [31, 0]
    earlier = aging(Book.of(tables, as_of=dtm.date(2026, 9, 1)), Period.parse("2026-08"))
    assert earlier.deals["idle"].isna().all()
    assert "activities.opportunity_id to tell of 2026-08-31" in earlier.missing["needs"].tolist()


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ({"accounts": [{"account_id": "1"}]}, "Nothing can be said of aging: needs opportunities."),
        ({"opportunities": [WON[0][0]]}, "No deal is open on 2026-08-14."),
        ({"opportunities": [open_deal("1", "First")]},
         "It cannot be told which of 1 open deal stand too long: no stage has 10 stays of won deals."),
        ({"opportunities": [open_deal("1", "First", None, None)]},
         "It cannot be told which of 1 open deal stand too long: nothing says since when."),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_said(tables: dict[str, Any], told: str) -> None:
    found = aging(Book.of(tables, as_of=DAY), Q3)
    assert found.headlines()[0] == found.finding() == told
    assert set(found.numbers()["status"]) <= {"ok", "na"}


def test_no_push_in_the_period_and_none_of_the_open() -> None:
    quiet = aging(
        Book.of(
            {
                "opportunities": OPEN,
                "opportunity_events": [moved("quick", "2026-08-11", "2026-09-01", "2026-12-01", "expected_close_on")],
            },
            as_of=DAY,
        ),
        Period.parse("2026Q4"),
    )
    assert quiet.headlines()[-2] == "No expected close was moved later in 2026Q4."
    assert (
        quiet.push_finding()
        == "The expected close of 1 of 6 open deals was moved later at least once, of none 3 times or more."
    )


def test_deals_that_were_never_pushed() -> None:
    moves = [moved("gone", "2026-08-11", "2026-09-01", "2026-12-01", "expected_close_on")]
    found = aging(Book.of({"opportunities": OPEN[:1], "opportunity_events": moves}, as_of=DAY), Q3)
    assert found.push_finding() == "The expected close of none of 1 open deal was moved later."


def test_a_visit_before_the_first_change_counts_from_creation_and_the_closed_stage_is_no_visit() -> None:
    row, events = won("x", 3, 4)
    counted = stays_of_won(Book.of({"opportunities": [row], "opportunity_events": events}, as_of=DAY), DAY)
    assert counted[["stage", "days", "stays"]].to_numpy().tolist() == [["First", 3, 1], ["Second", 4, 1]]
    # the log of another source ends with the last open stage: the visit ends with the closing
    counted = stays_of_won(Book.of({"opportunities": [row], "opportunity_events": events[:1]}, as_of=DAY), DAY)
    assert counted[["stage", "days"]].to_numpy().tolist() == [["First", 3], ["Second", 4]]


def test_a_segment_has_a_norm_of_its_own_where_it_has_stays_enough() -> None:
    many = FEWEST_OF_SEGMENT
    stays = pd.DataFrame(
        {"stage": ["A"] * 3, "segment": ["Big", "Small", ""], "days": [50, 5, 7], "stays": [many, many - 1, 1]}
    )
    found = norm_of(
        pd.DataFrame({"norm_stage": ["A", "A", "A", "B"]}), norms(stays), pd.Series(["Big", "Small", "", "Big"])
    )
    assert found["norm_segment"].tolist() == ["Big", "", "", ""]
    assert found["p90"].fillna(-1).tolist() == [50, 50, 50, -1]


@settings(max_examples=30)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=60))
def test_norms_are_the_inverted_distribution(days: list[int]) -> None:
    """The oracle is numpy's quantile of the sample's own distribution."""
    frame = pd.DataFrame({"stage": "A", "segment": "", "days": days, "stays": 1})
    counted = frame.groupby(["stage", "segment", "days"], as_index=False)["stays"].sum()
    row = norms(counted).iloc[0]
    found = [row["median"], row["p80"], row["p90"]]
    assert found == [np.sort(days)[math.ceil(len(days) * q / 100) - 1] for q in (50, 80, 90)]


def test_the_numbers_are_those_of_the_page(small: Aging) -> None:
    numbers = small.numbers().set_index(["id", "variant", "segment"])["value"]
    assert numbers[("days_in_stage", "won_p90", "First")] == 9
    assert numbers[("pipeline_age", "beyond", "Second")] == 80
    assert numbers[("slip_days", "median", None)] == 30
