"""How likely each open deal is to be won: companies whose chances were planted, and sources that are too thin."""

from __future__ import annotations

import copy
import datetime as dtm
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from salesnb.analysis.deals import Deals, deals
from salesnb.analysis.deals_behind import deal_key, group_key, worth_key
from salesnb.data.book import Book
from salesnb.periods import Period
from tests.analysis.dealing import CHANCE, DAY, LAST, book, company

Q2 = Period.parse("2026Q2")
Q1 = Period.parse("2026Q1")


@pytest.fixture(scope="module")
def found() -> Deals:
    return deals(book(company()), Q2)


def test_the_planted_chances_are_found(found: Deals) -> None:
    assert (found.basis, found.why, found.horizon) == ("model", "", 90)
    assert found.tells[0] in ("segment", "stage_segment")
    for segment, planted in CHANCE.items():
        offers = found.open[(found.open["stage"] == "Offer") & (found.open["segment"] == segment)]
        assert len(offers) > 5
        assert offers["probability"].mean() == pytest.approx(planted, abs=0.08)
        talks = found.open[(found.open["stage"] == "Talk") & (found.open["segment"] == segment)]
        assert talks["probability"].mean() == pytest.approx(0.7 * planted, abs=0.08)


def test_the_model_is_used_because_it_beat_the_base_rate(found: Deals) -> None:
    score = found.score
    assert score is not None
    # Knowing the segment: the mean of p (1 - p), .16, against that of .55 (1 - .55), over offers.
    assert 0.15 < score.skill_low < score.skill < score.skill_high < 0.5
    assert score.log_skill_low > 0
    assert "less than the base rate of the stage" in found.trust_finding()
    assert found.bins["is_within"].mean() >= 0.75
    assert found.sums["is_within"].mean() >= 0.6
    assert found.sums["expected"].sum() == pytest.approx(found.sums["came"].sum(), rel=0.1)


def test_the_reasons_multiply_to_the_odds_exactly(found: Deals) -> None:
    log_odds = found.reasons.groupby("opportunity_id")["log_odds"].sum() + found.average_log_odds
    p = found.open.set_index("opportunity_id")["probability"]
    assert log_odds[p.index].to_numpy() == pytest.approx(np.log(p / (1 - p)).to_numpy(), abs=1e-9)
    best = found.open.iloc[found.open["probability"].to_numpy().argmax()]
    assert best["why"].startswith("▲ in Offer, big (odds x ") or best["why"].startswith("▲ segment big")


def test_the_sum_is_that_of_the_deals_and_its_band_is_wider_than_chance_alone(found: Deals) -> None:
    assert found.expected == pytest.approx((found.open["amount"] * found.open["probability"]).sum())
    assert found.amount == found.open["amount"].sum()
    p, amount = found.open["probability"], found.open["amount"]
    chance = 1.2815515655 * math.sqrt((amount**2 * p * (1 - p)).sum())
    assert chance < found.high - found.expected < 1.6 * chance
    assert found.high - found.expected == pytest.approx(found.expected - found.low)
    assert found.weighted == pytest.approx(found.open["weighted"].sum())


def test_every_number_opens_rows_that_sum_to_it(found: Deals) -> None:
    opened = {one.key: one for one in found.behind}
    assert len(opened) == len(found.behind)
    assert all(key.startswith("deals-") for key in opened)
    for one in found.behind:
        assert one.rows["adds"].sum() == pytest.approx(one.total)
        assert len(one.rows) == one.n
    assert opened["deals-count"].total == len(found.open)
    assert opened["deals-open"].total == pytest.approx(found.amount)
    assert opened["deals-expected"].total == pytest.approx(found.expected)
    assert opened["deals-weighted"].total == pytest.approx(found.weighted)
    for row in found.bins.to_dict("records"):
        assert (opened[f"deals-bin-{row['bin']}"].total, opened[f"deals-bin-{row['bin']}"].n) == (
            row["rows"],
            row["deals"],
        )
    last = found.sums.iloc[-1]
    assert opened[f"deals-expected-{last['day']:%Y-%m-%d}"].total == pytest.approx(last["expected"])
    assert opened[f"deals-came-{last['day']:%Y-%m-%d}"].total == pytest.approx(last["came"])
    first = found.open.iloc[0]
    assert opened[deal_key(first["opportunity_id"])].total == pytest.approx(first["expected"])
    assert opened[worth_key(first["opportunity_id"])].total == pytest.approx(first["amount"])


def test_the_numbers_are_those_of_the_result(found: Deals) -> None:
    numbers = found.numbers()
    assert list(numbers.columns)[:6] == ["id", "variant", "period", "by", "segment", "value"]
    values = numbers[numbers["by"].isna()].set_index(["id", "variant"])["value"]
    assert values["win_chance", "expected_value"] == found.expected
    assert values["pipeline_value", "open"] == found.amount
    assert found.score is not None
    assert values["win_chance", "skill"] == found.score.skill
    assert set(numbers["status"]) == {"ok"}
    assert not numbers.duplicated(["id", "variant", "by", "segment"]).any()


def test_a_seed_moves_the_interval_of_the_score_and_nothing_else(found: Deals) -> None:
    other = deals(book(company()), Q2, seed=1)
    pd.testing.assert_frame_equal(other.open, found.open)
    assert other.score != found.score


def test_a_sum_that_was_right_or_brought_nothing_is_said_so(found: Deals) -> None:
    sums = found.sums.head(2).assign(expected=[90.0, 110.0], came=[100.0, 100.0], is_within=[True, False])
    told = replace(found, sums=sums).sums_finding()
    assert told == (
        "On 1 of 2 past days the deals then open brought what was expected of them, within the 80 % band; in all it "
        "was right to 0.1 %."
    )
    assert replace(found, sums=sums.assign(came=0.0)).sums_finding().endswith("within the 80 % band.")
    assert (
        replace(found, sums=sums.assign(came=[100.0, 150.0])).sums_finding().endswith("in all it was 20.0 % too low.")
    )


def test_nothing_that_came_later_changes_a_chance() -> None:
    """From the day after on every outcome, stage, amount, date, owner and new deal is another one."""
    day = Q1.last_day
    tables = company()
    tables["activities"] = [
        {"activity_id": str(n), "opportunity_id": deal["opportunity_id"], "happened_at": deal["created_at"] + 9 * DAY}
        for n, deal in enumerate(tables["opportunities"])
    ]
    before = deals(book(tables), Q1)
    assert before.basis == "model"
    later = copy.deepcopy(tables)
    changed = {e["opportunity_id"] for e in tables["opportunity_events"] if e["changed_at"].date() > day}
    for deal in later["opportunities"]:
        if deal["opportunity_id"] in changed:
            flipped = {"won": "lost", "lost": "won"}.get(deal["outcome"], "open")
            deal |= {"outcome": flipped, "stage": "Elsewhere", "amount": 1e6, "owner_id": "R9"}
            deal["closed_on"] = deal["closed_on"] and deal["closed_on"] + 20 * DAY
            deal["expected_close_on"] = dtm.date(2027, 1, 1)
    for event in later["opportunity_events"]:
        if event["changed_at"].date() > day:
            event["new"] = {"won": "lost", "lost": "won"}.get(event["new"], "Elsewhere")
            event["changed_at"] += dtm.timedelta(hours=3)
    amounts = {deal["opportunity_id"]: deal["amount"] for deal in tables["opportunities"]}
    noon = dtm.datetime.combine(day + DAY, dtm.time(12))
    for deal in sorted(changed):
        for field, old, new in (
            ("amount", str(amounts[deal]), "1000000"),
            ("owner_id", f"R{int(deal[1:]) % 4}", "R9"),
            ("expected_close_on", None, "2027-01-01"),
        ):
            line = {"opportunity_id": deal, "changed_at": noon, "field": field, "old": old, "new": new}
            later["opportunity_events"].append(line)
    later["opportunities"] += [
        {"opportunity_id": f"N{n}", "created_at": day + DAY, "outcome": "won", "closed_on": LAST, "amount": 5.0}
        for n in range(50)
    ]
    later["activities"] += [
        {"activity_id": f"L{n}", "opportunity_id": deal, "happened_at": noon} for n, deal in enumerate(sorted(changed))
    ]
    after = deals(book(later), Q1)
    pd.testing.assert_frame_equal(after.open, before.open)
    pd.testing.assert_frame_equal(after.reasons, before.reasons)
    assert after.score == before.score
    assert after.headlines() == before.headlines()
    # The same changes do show on a day on which they had happened.
    assert not deals(book(later), Q2).open.equals(deals(book(tables), Q2).open)


def test_a_model_that_does_not_beat_the_stage_is_not_used() -> None:
    same = deals(book(company(chance={"big": 0.5, "small": 0.5})), Q2)
    assert same.basis == "base rate"
    assert same.score is not None
    assert not same.score.beats_base
    assert "does not beat knowing the stage alone" in same.trust_finding()
    offers = same.open[same.open["stage"] == "Offer"]
    rate = float(same.base.set_index("group").at["Offer", "rate"])
    assert set(offers["probability"]) == {rate}
    assert set(offers["why"]) == {"as often as deals in Offer were won"}
    assert rate == pytest.approx(0.5, abs=0.08)
    opened = {one.key: one for one in same.behind}
    assert opened[group_key("Offer")].n == int(same.base.set_index("group").at["Offer", "deals"])
    assert same.low < same.expected < same.high


def test_without_a_history_age_is_the_base_rate_and_leaks_are_named() -> None:
    """A lost deal is written with 0, an open one without an account: both tell the end, and the stage does."""
    tables = company(900)
    for deal in tables["opportunities"]:
        deal["amount"] = 0.0 if deal["outcome"] == "lost" else deal["amount"]
        deal["account_id"] = None if deal["outcome"] == "open" else deal["account_id"]
    made = deals(Book.of({k: v for k, v in tables.items() if k != "opportunity_events"}, as_of=LAST), Q2)
    leaks = made.left_out[made.left_out["is_leak"]].set_index("column")["reason"]
    assert list(leaks.index) == ["amount", "segment"]
    assert "0 % of the lost" in leaks["amount"]
    assert "100 % of the won, 100 % of the lost and 0 % of the open" in leaks["segment"]
    assert "without a history" in made.left_out.set_index("column").at["stage", "reason"]
    assert not {"stage", "size", "segment", "stage_segment"} & set(made.tells)
    assert set(made.base["group"]) <= {
        "",
        "0 to 21 days old",
        "22 to 44 days old",
        "45 to 89 days old",
        "90 days old or more",
    }
    told = " ".join(made.headlines())
    assert "Not used: amount" in told
    assert "no change log" in told
    # 35 % to 55 % win, whatever the deal: nothing but its age is known.
    assert made.open["probability"].between(0.2, 0.8).all()


ONE = {"opportunity_id": "1", "stage": "Talk", "amount": 10.0, "created_at": "2026-06-01", "outcome": "open"}


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({}, "There are no chances to tell for 2026Q2: needs opportunities."),
        ({"opportunities": []}, "There are no chances to tell for 2026Q2: no deal is open on 2026-06-30."),
        (
            {"opportunities": [ONE]},
            "1 open deal at 2026-06-30, 10 USD, gets no chances: 0 deals won and 0 not won are on record, and it takes "
            "10 of each to say how often deals are won.",
        ),
    ],
)
def test_what_is_too_thin_is_refused_with_its_reason(tables: dict[str, list[dict[str, object]]], said: str) -> None:
    made = deals(Book.of(tables, as_of=LAST), Q2)
    assert made.headlines()[0] == said
    assert (made.basis, made.score, math.isnan(made.expected)) == ("", None, True)
    assert made.open["probability"].isna().all()
    assert made.numbers()["value"].notna().sum() == (2 if made.behind else 0)


def test_a_short_past_gives_base_rates_and_says_what_a_model_takes() -> None:
    made = deals(book(company(200)), Q2)
    assert made.basis == "base rate"
    assert made.why == "no past day has 100 deals won and 100 not won before it, which a model takes"
    assert made.why in made.trust_finding()
    assert (made.sums_finding(), made.reliability_finding()) == ("", "")


def test_a_past_shorter_than_the_horizon_is_refused() -> None:
    recent = LAST - 60 * DAY
    kept = [
        ONE,
        *(
        {
            "opportunity_id": f"C{n}", "created_at": recent, "outcome": ("won", "lost")[n % 2],
            "closed_on": recent + 40 * DAY, "amount": 1.0,
        }
        for n in range(30)),
    ]  # fmt: skip
    made = deals(Book.of({"opportunities": kept}, as_of=LAST), Q2)
    assert made.basis == ""
    assert made.why.startswith("what is known of earlier days begins on 2026-06-10, and it takes 60 days")


def test_a_period_that_has_not_begun_has_no_chances() -> None:
    made = deals(book(company(20)), Period.parse("2027Q1"))
    assert made.headlines() == [
        "There are no chances to tell for 2027Q1: it has not begun, the data end on 2026-06-30."
    ]
    assert made.numbers().empty


def test_odd_deals_lose_no_cent() -> None:
    """No amount, a negative one, no owner, no stage, no date, a stage nobody knows: all are there, with a chance."""
    tables = company(400)
    odd = [
        {"opportunity_id": "X1", "amount": None, "owner_id": None, "stage": None},
        {"opportunity_id": "X2", "amount": -500.0, "stage": "Nowhere"},
        {"opportunity_id": "X3", "amount": 7.25, "created_at": "2026-06-30", "expected_close_on": "2020-01-01"},
        {"opportunity_id": "X4", "amount": 1.0, "created_at": "2026-05-01", "closed_on": "2026-04-01"},
    ]
    for deal in odd:
        deal["outcome"] = "open"
    tables["opportunities"] += odd
    tables["opportunity_events"].append(
        {"opportunity_id": "ghost", "changed_at": LAST, "field": "stage", "old": "a", "new": "b"}
    )
    made = deals(book(tables), Q2)
    still = [deal for deal in tables["opportunities"] if deal["outcome"] == "open"]
    assert sorted(made.open["opportunity_id"]) == sorted(deal["opportunity_id"] for deal in still)
    assert made.amount == pytest.approx(sum(deal["amount"] or 0 for deal in still))
    assert made.open["probability"].notna().all()
    assert made.unpriced == 1
    assert "1 open deal without an amount adds nothing to the sum." in made.headlines()
