"""Where deals stall: a company of two segments worked out by hand, thin and odd sources, and the planted bottleneck."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import pandas as pd
import pytest

from salesnb.analysis.behind import Told
from salesnb.analysis.funnel import Funnel, funnel, year_to
from salesnb.analysis.funnel_numbers import COLUMNS
from salesnb.data.book import Book
from salesnb.data.contract import CONTRACT
from salesnb.data.sample import make, truth
from salesnb.periods import Period

Q3 = Period.parse("2026Q3")
STAGES = ("Qualify", "Legal", "Offer")
ACCOUNTS = [{"account_id": "S", "segment": "Small"}, {"account_id": "L", "segment": "Large"}]


def run_of(account: str, letter: str, count: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Deals that end where the letter says: q, l, o lost at Qualify, Legal, Offer; w won; s still at Legal.

    They are created on 1 July, come to Legal after 2 days and to Offer after 12 more; each is worth 100.
    """
    deals, events = [], []
    far = {"q": 1, "l": 2, "s": 2, "o": 3, "w": 3}[letter]
    for place in range(count):
        number = f"{account}{letter}{place}"
        outcome = {"w": "won", "s": "open"}.get(letter, "lost")
        closed = None if outcome == "open" else "2026-08-20"
        deals.append(
            {
                "opportunity_id": number, "account_id": account, "created_at": "2026-07-01", "outcome": outcome,
                "closed_on": closed, "amount": 100, "stage": STAGES[1] if letter == "s" else "Closed",
                "owner_id": place,
            }
        )  # fmt: skip
        days = ("2026-07-01", "2026-07-03", "2026-07-15")
        for stage in range(far):
            old = STAGES[stage - 1] if stage else None
            move = {"changed_at": days[stage], "field": "stage", "old": old, "new": STAGES[stage]}
            events.append({"opportunity_id": number, **move})
    return deals, events


def book(*runs: tuple[str, str, int], as_of: str = "2026-09-30", **more: Any) -> Book:
    made = [run_of(*run) for run in runs]
    tables = {
        "opportunities": [row for deals, _ in made for row in deals], "accounts": ACCOUNTS,
        "opportunity_events": [row for _, events in made for row in events], **more,
    }  # fmt: skip
    return Book.of(tables, as_of=dtm.date.fromisoformat(as_of), stages=STAGES)


COMPANY = (
    ("S", "q", 10), ("S", "l", 10), ("S", "o", 5), ("S", "w", 45), ("S", "s", 3),
    ("L", "q", 10), ("L", "l", 40), ("L", "o", 5), ("L", "w", 15),
)  # fmt: skip
"""Qualify lets 120 of 140 through, Legal 70 of 120 (Small 50 of 60, Large 20 of 60), Offer 60 of 70."""


@pytest.fixture(scope="module")
def small() -> Funnel:
    return funnel(book(*COMPANY), Q3, by=("segment", "product", "rep"))


def test_each_stage_with_who_came_went_on_dropped_out_and_is_still_there(small: Funnel) -> None:
    columns = ["step", "reached", "entered", "passed", "dropped", "still", "base"]
    assert small.steps[columns].to_numpy().tolist() == [
        ["Qualify", 143, 143, 123, 20, 0, 143], ["Legal", 123, 0, 70, 50, 3, 120], ["Offer", 70, 0, 60, 10, 0, 70],
        ["Won", 60, 0, 0, 0, 0, 0],
    ]  # fmt: skip
    assert small.steps["rate"].tolist()[:3] == [123 / 143, 70 / 120, 60 / 70]
    assert small.steps["value_dropped"].tolist() == [2000, 5000, 1000, 0]
    assert small.steps["p50_days"].tolist()[:3] == [2, 12, 36]
    assert (small.created, small.won, small.open, small.unplaced) == (143, 60, 3, 0)


def test_what_a_repair_of_the_bottleneck_would_bring(small: Funnel) -> None:
    narrow = small.bottleneck
    assert narrow is not None
    assert (narrow.step, narrow.is_apart, narrow.rivals) == ("Legal", True, ())
    target = (123 / 143 + 60 / 70) / 2  # the median of the two others
    saved = (target - 70 / 120) / (1 - 70 / 120)
    assert narrow.worth == pytest.approx(5000 * saved * 60 / 70)
    assert narrow.low < narrow.worth < narrow.high


def test_the_segment_that_differs_is_marked_and_its_repair_told(small: Funnel) -> None:
    rows = small.at(1).set_index("segment")
    assert rows["flag"].to_dict() == {"Large": "below", "Small": "above"}
    assert rows["rest"].to_dict() == {"Large": 50 / 60, "Small": 20 / 60}
    saved = (50 / 60 - 20 / 60) / (1 - 20 / 60)
    assert rows.loc["Large", "worth"] == pytest.approx(4000 * saved * 15 / 20)
    assert set(small.segments.loc[small.segments["place"] != 1, "flag"]) <= {""} | {"above", "below"}
    assert small.dimensions == ("segment",)
    assert small.left_out == ("product (one segment only)",)


def test_what_is_said(small: Funnel) -> None:
    assert small.headlines()[:4] == [
        "Deals stall at Legal: 58 % of the money decided there went on (58 % of the 120 deals), where the middle one "
        "of the other stages lets 86 % through; at that rate 2.8 k USD more (1.9 k to 3.5 k USD) would have been won.",
        "At Legal, Large (33 % of 60, against 83 %) goes on less often than the others; as often as they do, Large "
        "would bring 2.2 k USD.",
        "Deals stay longest at Offer: half of those that go on take more than 36 days, one in ten more than 36 days; "
        "the middle one of the other stages takes 7 days.",
        "Of 143 deals created from 2025-10-01 to 2026-09-30, 60 were won, 43 % of those decided; 3 are still open.",
    ]


def test_every_number_has_its_rows_and_they_sum_to_it(small: Funnel) -> None:
    keys = {each.key: each for each in small.behind}
    assert len(keys) == len(small.behind)
    for each in small.behind:
        assert len(each.rows) == each.n
        assert float(pd.to_numeric(each.rows["adds"]).sum()) == pytest.approx(each.total)
    for row in small.steps.to_dict("records"):
        for fate in ("reached", "passed", "dropped", "still"):
            held = keys.get(f"funnel-deals-{row['place']}-{fate}")
            assert (held.total if held else 0) == row[fate]
    assert small.bottleneck is not None
    assert keys[f"funnel-deals-{small.bottleneck.place}-worth"].total == pytest.approx(small.bottleneck.worth)
    assert {row["key"] for row in small.segments.to_dict("records")} <= set(keys)
    assert {sentence.opens for sentence in small.headlines() if isinstance(sentence, Told)} <= set(keys)
    assert set(keys["funnel-deals-1-dropped"].rows["opportunity_id"].str[:2]) == {"Sl", "Ll"}


def test_numbers_have_the_columns_of_results(small: Funnel) -> None:
    numbers = small.numbers()
    assert tuple(numbers.columns) == COLUMNS
    rate = numbers[(numbers["variant"] == "rate") & (numbers["segment"] == "Legal")].iloc[0]
    assert (rate["id"], rate["numerator"], rate["denominator"], rate["status"]) == ("funnel_deals", 70, 120, "ok")
    assert numbers[numbers["status"] == "na"]["value"].isna().all()


def test_equal_stages_are_not_told_apart() -> None:
    found = funnel(book(("S", "q", 12), ("S", "l", 11), ("S", "w", 30)), Q3)
    assert found.bottleneck is not None
    assert not found.bottleneck.is_apart
    assert found.headlines()[0].startswith("Which stage is the bottleneck cannot be told: most likely")


def test_segments_that_do_as_the_others_are_not_told_apart() -> None:
    runs = [(a, letter, n) for a in "SL" for letter, n in (("q", 5), ("l", 40), ("o", 5), ("w", 30))]
    found = funnel(book(*runs), Q3, by=("segment",))
    assert found.headlines()[1] == "At Legal no segment can be told from the others."


def test_without_amounts_deals_are_counted() -> None:
    made = book(*COMPANY)
    deals = made.opportunities.execute().drop(columns="amount")
    bare = {"opportunities": deals, "opportunity_events": made.opportunity_events.execute()}
    found = funnel(Book.of(bare, as_of=made.as_of, stages=STAGES), Q3)
    assert found.bottleneck is not None
    assert not found.bottleneck.is_money
    assert "58 % of the 120 deals decided there went on, where" in found.headlines()[0]
    assert "deals more" in found.headlines()[0]
    worth = next(each for each in found.behind if each.key == f"funnel-deals-{found.bottleneck.place}-worth")
    assert (worth.unit, float(worth.rows["adds"].sum())) == ("count", pytest.approx(worth.total))


def test_without_a_history_it_says_so_and_shows_the_rest() -> None:
    deals = [row for run in COMPANY for row in run_of(*run)[0]]
    found = funnel(Book.of({"opportunities": deals}, as_of=dtm.date(2026, 9, 30)), Q3)
    assert found.headlines()[0].startswith("Where deals stall cannot be told: it needs a history of stages")
    assert found.steps["step"].tolist() == ["Created", "Won"]
    assert found.steps["reached"].tolist() == [143, 60]
    assert not found.has_history
    assert found.bottleneck is None


def test_the_ends_of_quarters_are_told_where_they_differ() -> None:
    months = [
        ("2026-06-15", "won", 40),
        ("2026-06-15", "lost", 10),
        ("2026-07-15", "won", 25),
        ("2026-07-15", "lost", 25),
    ]
    deals = [
        {"opportunity_id": f"{on}{outcome}{i}", "created_at": "2026-05-01", "outcome": outcome, "closed_on": on}
        for on, outcome, count in months
        for i in range(count)
    ]
    found = funnel(Book.of({"opportunities": deals}, as_of=dtm.date(2026, 9, 30)), Q3)
    said = [sentence for sentence in found.headlines() if "last month of a quarter" in sentence]
    assert said == [
        "Deals decided in the last month of a quarter are won 80 % of the time, in the other months 50 %: "
        "30 points more."
    ]
    half = [
        deal
        for deal in deals
        if not deal["opportunity_id"].startswith("2026-06-15won") or deal["opportunity_id"][-1] in "05"
    ]
    even = funnel(Book.of({"opportunities": half}, as_of=dtm.date(2026, 9, 30)), Q3)
    assert not any("last month" in sentence for sentence in even.headlines())


LEADS = [
    {"lead_id": f"{i}", "created_at": "2026-02-01", "source": "fair" if i % 2 else "web",
     "qualified_at": "2026-02-05" if i % 2 or i < 4 else None, "opportunity_id": "Sw0" if i == 1 else None}
    for i in range(40)
]  # fmt: skip
TOUCHES = [
    {"touch_id": f"{i}{kind}", "visitor_id": f"{i}", "happened_at": "2026-02-01", "kind": kind}
    for i in range(10)
    for kind in ("visit", *(("lead",) if i < 3 else ()), *(("cart",) if i > 5 else ()), *(("order",) if i > 7 else ()))
]


def test_leads_and_visitors() -> None:
    found = funnel(book(*COMPANY, leads=LEADS, touches=TOUCHES), Q3, by=())
    assert found.leads[["step", "reached"]].to_numpy().tolist() == [
        ["Lead", 40], ["Qualified", 22], ["Deal", 1], ["Customer", 1],
    ]  # fmt: skip
    assert (
        "Of 40 leads that came in from 2025-10-01 to 2026-09-30, 1 (2.5 %) became customers so far; by source, "
        "the share that is qualified is above the others: fair; below the others: web." in found.headlines()
    )
    assert found.web["reached"].tolist() == [10, 4, 2]
    assert (
        "Of 10 web visitors from 2025-10-01 to 2026-09-30, 3 left a lead (30.0 %); 4 filled a cart, and 2 of them "
        "(50 %) ordered." in found.headlines()
    )
    for each in found.behind:
        assert len(each.rows) == each.n


@pytest.mark.parametrize(
    ("tables", "period", "said"),
    [
        ({"orders": []}, "2026Q3", "There is nothing to report for 2026Q3: needs opportunities, leads or touches."),
        (
            {"opportunities": []}, "2026Q3",
            "No deal was created from 2025-10-01 to 2026-09-30, so there is no stage to look at.",
        ),
        ({"opportunities": [], "leads": []}, "2026Q3", "No lead came in from 2025-10-01 to 2026-09-30."),
        ({"touches": [TOUCHES[0]]}, "2026Q3", "Where deals stall cannot be told: it needs opportunities."),
        ({"touches": [TOUCHES[0]]}, "2020Q1", "No visitor came from 2019-04-01 to 2020-03-31."),
        (
            {"leads": [{"lead_id": "1", "created_at": "2026-02-01"}]}, "2026Q3",
            "Of 1 lead that came in from 2025-10-01 to 2026-09-30, it is not known what became; which leads became "
            "customers needs deals or orders that are linked to them.",
        ),
        (
            {"leads": [{"lead_id": "1", "created_at": "2026-02-01", "converted_at": "2026-02-02"}]}, "2026Q3",
            "Of 1 lead that came in from 2025-10-01 to 2026-09-30, 1 became a deal; which leads became customers needs "
            "deals or orders that are linked to them.",
        ),
        (
            {"opportunities": []}, "2030Q1",
            "There is nothing to report for 2030Q1: it has not begun, the data end on 2026-09-30.",
        ),
    ],
)  # fmt: skip
def test_thin_sources_say_what_they_cannot(tables: dict[str, Any], period: str, said: str) -> None:
    found = funnel(Book.of(tables, as_of=dtm.date(2026, 9, 30)), Period.parse(period))
    assert said in found.headlines()
    assert found.numbers()["value"].notna().sum() >= 0


def test_deals_in_no_known_stage_are_counted_and_told() -> None:
    odd = {"opportunity_id": "X", "created_at": "2026-07-01", "outcome": "lost", "closed_on": "2026-07-02", "amount": 7}
    made = [run_of(*run)[0] for run in COMPANY]
    deals = [*(row for rows in made for row in rows), odd]
    found = funnel(book(*COMPANY, opportunities=deals), Q3, by=())
    assert (found.created, found.unplaced, found.unplaced_value) == (144, 1, 7.0)
    told = next(each for each in found.headlines() if "no stage that is known" in each)
    assert told == "1 deal worth 7 USD came to no stage that is known, and are in no step."
    assert isinstance(told, Told)
    (opened,) = (each for each in found.behind if each.key == told.opens)
    assert (opened.rows["opportunity_id"].tolist(), opened.total) == (["X"], 7)


def test_the_year_ends_with_the_period() -> None:
    assert str(year_to(Q3)) == "2025-10-01..2026-09-30"
    assert year_to(Period.parse("2024-01-01..2026-09-30")).start == dtm.date(2024, 1, 1)


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", [3])
def test_the_planted_bottleneck_and_its_worst_segment_are_found(seed: int) -> None:
    planted = truth(seed)
    names = ("opportunities", "opportunity_events", "accounts")
    tables = {
        n: frame[[c for c in CONTRACT[n].names if c in frame]] for n, frame in make(seed=seed).items() if n in names
    }
    found = funnel(Book.of(tables, as_of=dtm.date(2026, 9, 30), stages=planted.stages), Q3, by=("segment",))
    assert found.bottleneck is not None
    assert (found.bottleneck.step, found.bottleneck.is_apart) == (planted.bottleneck_stage, True)
    assert found.worst["segment"].iloc[0] == planted.bottleneck_segment
    assert found.steps.loc[found.steps["p50_days"].idxmax(), "step"] == planted.bottleneck_stage
    for hazard in planted.hazards:
        leaving = hazard.advance + hazard.lost + hazard.disqualified
        rows = found.segments[(found.segments["segment"] == hazard.segment) & (found.segments["step"] == hazard.stage)]
        assert rows["rate"].iloc[0] == pytest.approx(hazard.advance / leaving, abs=0.1)


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ((("S", "w", 30),), "No stage lets fewer deals through than the middle one of the others."),
        ((("S", "w", 3),), "Where deals stall cannot be told: fewer than two stages decided ten deals or more."),
    ],
)
def test_where_nothing_stalls_or_too_little_was_decided(runs: Any, said: str) -> None:
    found = funnel(book(*runs), Q3, by=())
    assert found.headlines()[0] == said
    assert found.bottleneck is None
