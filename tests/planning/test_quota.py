"""The page of quotas: what it says, of thin data too; allocation, territories, pay and scenarios behind it."""

from __future__ import annotations

import datetime as dtm
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from salesnb.data.book import Book
from salesnb.periods import Period
from salesnb.planning.allocation import AS_IS, allocation
from salesnb.planning.batches import batches
from salesnb.planning.capacity import capacity
from salesnb.planning.knobs import knobs
from salesnb.planning.paid import in_currency
from salesnb.planning.pay_plan import Draw, PayPlan, Spiff, for_period
from salesnb.planning.quota import quota
from salesnb.planning.scenario import what_if
from salesnb.planning.shown import shares
from salesnb.planning.usual import ALL, usual_scenarios
from salesnb.scenarios import Changes, Hire
from tests.planning.making import REPS, assumptions, book, deals, plan, quotas

Q = Period.parse
PAY = PayPlan(name="AE", roles=("AE",), variable=Decimal(1000), base=Decimal(500),
              spiffs=(Spiff(name="Nova", product="Nova", per_deal=Decimal(10)),))  # fmt: skip


def won_since(day: dtm.date) -> list[dict]:
    return [deal for deal in deals() if deal["outcome"] == "won" and deal["closed_on"] >= day]


def rules(found) -> dict[str, str]:
    return dict(zip(found.rules["what"], found.rules["rule"], strict=True))


def test_a_period_that_is_over_plans_the_next() -> None:
    found = quota(book(), Q("2026Q1"), plans=(PAY,), seed=1)
    assert (str(found.period), str(found.target), str(found.day)) == ("2026Q1", "2026Q2", "2026-03-31")
    assert "2026Q2 has no quota yet, so that of 2026Q1 stands in" in found.capacity.quota_rule
    assert found.usual.plan.target == 10_000
    assert "The chance to reach the target of 10.0 k" in found.headlines()[0]
    assert len(found.statements) == 4, "who left in the period is paid for its days"
    again = quota(book(), Q("2026Q1"), plans=(PAY,), seed=1)
    pd.testing.assert_frame_equal(found.numbers(), again.numbers())
    asked = quota(book(), Q("2026Q1"), plans=(PAY,), seed=1, target=123_456.0)
    assert asked.usual.plan.target == 123_456
    assert asked.usual.chance < 0.01


def test_a_period_that_runs_plans_itself() -> None:
    found = quota(book(quotas=quotas("2026")), Q("2026"), seed=1)
    assert str(found.target) == "2026"
    won = [d["amount"] for d in won_since(dtm.date(2026, 1, 1))]
    assert found.usual.reps["booked"].sum() == sum(won)
    assert found.usual.low >= sum(won)


def test_a_period_long_over_is_planned_from_its_last_day() -> None:
    """What came later does not count: the plan is the one that was there on that day."""
    late = quota(book(), Q("2025Q4"), seed=1)
    early = quota(Book.of({"opportunities": deals(until=dtm.date(2025, 12, 31)), "reps": [], "quotas": []},
                          as_of=dtm.date(2025, 12, 31)), Q("2025Q4"), seed=1)  # fmt: skip
    assert str(late.day) == str(early.day) == "2025-12-31"
    assert late.usual.reps["booked"].sum() == 0
    assert "stands in" not in late.capacity.quota_rule, "2026Q1 has quotas"
    assert set(late.usual.reps["rep_id"]) == {"r0", "r1", "r2"}, "who was hired later is not known"


def test_thin_data_is_said() -> None:
    none = quota(Book.of({"reps": [{"rep_id": "r0"}]}, as_of=dtm.date(2026, 3, 31)), Q("2026Q1"))
    assert none.headlines() == [f"What 2026Q2 will bring cannot be planned: {none.nothing}."]
    assert none.numbers().empty
    bare = quota(book(quotas=[], reps=[]), Q("2026Q1"))
    told = rules(bare)
    assert "the source has none" in told["quotas"]
    assert "none is given" in told["pay plans"]
    assert "at full rate" in told["days of hiring"]
    assert "no chance is told" in told["a target"]
    assert "no target" in bare.headlines()[0]
    assert bare.allocation is None
    alone = quota(book(opportunities=deals(1), reps=[], quotas=[]), Q("2026Q1"))
    assert "nobody to compare with" in rules(alone)["sellers in all"]
    full = rules(quota(book(quotas=quotas("2026Q2", reps=("r0",))), Q("2026Q1"), plans=(PAY,)))
    assert full["sellers with a quota of zero or none"].startswith("they have no attainment")
    assert "taken for one of the team" in full["sellers without a sale in the last year"]
    assert "not planned" in full["sellers who left in the year before 2026Q2"]
    assert "wide" in full["teams of one seller"]
    zero = quota(book(quotas=quotas("2026Q2", 0)), Q("2026Q1"))
    assert "no attainment is told" in rules(zero)["quotas of the period"]
    assert zero.usual.hitting.size == 0
    late = rules(quota(book(), Q("2027Q1")))
    assert "go on as they did" in late["days between the last one known and 2027Q1"]
    other = rules(quota(book(), Q("2026Q1"), plans=(PAY.model_copy(update={"roles": ("Boss",)}),)))
    assert "their pay is not told" in other["sellers without a pay plan for their role"]
    odd = PAY.model_copy(update={"spiffs": (Spiff(name="x", product="Gone", per_deal=Decimal(5)),)})
    assert (
        "Gone"
        in rules(quota(book(), Q("2026Q1"), plans=(odd,)))["products of a bonus that nobody sold in the last year"]
    )


def test_a_plan_in_another_currency() -> None:
    euro = PAY.model_copy(update={"currency": "EUR", "draw": Draw(amount=Decimal(100))})
    rates = [{"on": dtm.date(2026, 3, 15), "currency": "EUR", "rate": 1.1},
             {"on": dtm.date(2026, 4, 15), "currency": "EUR", "rate": 9.0}]  # fmt: skip
    source = book(fx_rates=rates)
    known, told = in_currency((euro,), source, dtm.date(2026, 3, 31))
    assert (known[0].variable, known[0].base, known[0].currency) == (
        Decimal("1100.00"),
        Decimal("550.00"),
        source.currency,
    )
    assert known[0].draw.amount == Decimal("110.00")
    assert known[0].spiffs[0].per_deal == Decimal("11.00")
    assert "1 EUR is taken for 1.1" in told["AE"]
    for rows, day in ((rates, dtm.date(2026, 1, 1)), (rates, dtm.date(2027, 1, 1)), ([], dtm.date(2026, 3, 31))):
        none, why = in_currency((euro,), book(fx_rates=rows), day)
        assert none == ()
        assert "no rate" in why["AE"]
    page = quota(book(), Q("2026Q1"), plans=(euro,))
    assert page.statements == ()
    assert "no rate" in rules(page)["pay plan 'AE'"]


def test_pay_is_worked_out_for_the_period_reported_on() -> None:
    found = quota(book(), Q("2026Q1"), plans=(PAY,))
    by_name = {one.name: one for one in found.statements}
    won = [
        d for d in deals() if d["outcome"] == "won" and d["owner_id"] == "r0" and d["closed_on"] >= dtm.date(2026, 1, 1)
    ]
    ann = by_name["Ann"]
    assert ann.sold == sum(d["amount"] for d in won)
    assert (ann.quota, ann.share) == (5000, 1)
    bonus = 10 * sum(d["product"] == "Nova" for d in won)
    assert ann.paid.total == 500 + (Decimal(1000) * ann.sold / 5000).quantize(Decimal("0.01")) + bonus
    assert sum(line.amount for line in ann.paid.lines) == ann.paid.total
    new = by_name["New"]
    assert float(new.share) == pytest.approx(31 / 90)
    assert new.paid.total == (Decimal(500) * new.share).quantize(Decimal("0.01"))


def test_scenarios_that_cannot_be_told_say_why() -> None:
    asked = {"Gone": Changes(leavers={"nobody": dtm.date(2026, 5, 1)}), "More": Changes(created=1.2, size=1.1)}
    found = quota(book(quotas=quotas("2026Q2")), Q("2026Q1"), scenarios=asked, seed=1)
    gone, more = found.scenarios
    assert gone.found is None
    assert "nobody is called 'nobody'" in gone.reason
    assert more.parts["part"].sum() == pytest.approx(more.found.expected - found.usual.expected)
    ids = found.numbers()
    assert set(ids.loc[ids["by"] == "scenario", "segment"]) == {"as planned", "More"}


def test_usual_scenarios_are_what_the_data_has_shown() -> None:
    made = usual_scenarios(plan(), assumptions())
    assert made["Win rate of the best quarter"] == Changes(win_rate=0.34)
    assert made["Win rate of the worst quarter"] == Changes(win_rate=0.28)
    assert made["One seller more a team"].hires == (Hire(team="A"), Hire(team="B"))
    assert made[ALL] == Changes(win_rate=0.34, created=1.1, size=1.1, hires=(Hire(team="A"), Hire(team="B")))
    assert "Ramp shorter by a third" not in made, "nobody is in it"
    late = plan()
    late.reps.loc[0, "hired_on"] = pd.Timestamp("2026-08-01")
    assert usual_scenarios(late, assumptions())["Ramp shorter by a third"] == Changes(ramp_days=120)
    bare = usual_scenarios(plan(win_rate=math.nan), assumptions(math.nan))
    assert not any("Win rate" in name for name in bare)


def test_a_target_is_split_and_every_way_is_held_against_the_others() -> None:
    told = plan(4)
    usual = what_if(told, seed=2)
    days = pd.date_range("2023-01-05", "2026-09-28", freq="7D")
    worth = [1000.0 * (1 + i % 4) * (3 if d.month == 12 else 1) for i, d in enumerate(days)]
    won = pd.DataFrame({"seller": [f"r{i % 4}" for i in range(len(days))], "on": days, "amount": worth})
    made = allocation(told, usual, won, pd.Series({"r0": 10.0, "r1": 30.0}), 2)
    assert made.ways["way"].tolist() == [AS_IS, "evenly", "last_year", "trailing_year", "potential", "capacity"]
    assert made.quotas["evenly"].tolist() == [100_000.0] * 4
    assert made.quotas["potential"].tolist() == pytest.approx([50_000, 150_000, 100_000, 100_000])
    for way in made.ways["way"]:
        assert made.quotas[way].sum() == pytest.approx(told.target, abs=0.02)
        given = dict(zip(made.quotas["rep_id"], made.quotas[way], strict=True))
        by_hand = what_if(told, Changes(quotas=given), seed=2)
        assert made.chances[way].tolist() == pytest.approx(by_hand.reps["hit"].tolist())
    spreads = made.ways.set_index("way")["spread"]
    assert spreads["capacity"] == spreads.min(), "what each is expected to bring is fair"
    assert made.months["month"].tolist() == ["2026-10", "2026-11", "2026-12"]
    assert made.months["amount"].sum() == pytest.approx(told.target)
    assert made.months["share"].iloc[2] > 0.5
    bare = allocation(plan(2), what_if(plan(2)), won.iloc[:0], pd.Series(dtype=float), 0)
    assert bare.months["share"].tolist() == pytest.approx([31 / 92, 30 / 92, 31 / 92], abs=1e-6), "by days"


def test_territories_and_the_moves_that_even_them() -> None:
    rows = [{"account_id": f"a{seller}-{k}", "territory": "x", "rep_id": f"r{seller}", "potential": worth}
            for seller, worth in ((0, 100), (1, 400)) for k in range(5)]  # fmt: skip
    gone = {"account_id": "a0-0", "territory": "x", "rep_id": "r1", "valid_to": dtm.date(2025, 1, 1)}
    rows.append({**gone, "potential": 9})
    found = quota(book(territories=rows, quotas=quotas("2026Q2")), Q("2026Q1")).territories
    sellers = found.sellers.set_index("name")
    assert found.by == "potential"
    assert sellers.loc["Ann", ["accounts", "potential"]].tolist() == [5, 500]
    assert sellers.loc["Bob", "potential"] == 2000
    assert sellers.loc["Bob", "off"] == pytest.approx(0.6)
    year = [
        d for d in deals() if d["outcome"] == "won" and d["closed_on"] > dtm.date(2025, 3, 31) and d["owner_id"] == "r0"
    ]
    assert sellers.loc["Ann", "revenue"] == sum(d["amount"] for d in year)
    assert found.moves.loc[0, ["territory", "to", "amount"]].tolist() == ["Bob", "Ann", 400]
    assert found.teams.set_index("team").loc["n", "after"] < found.teams.set_index("team").loc["n", "spread"]
    assert quota(book(), Q("2026Q1")).territories is None


def test_books_that_close_once_a_month_count_months() -> None:
    ends = pd.period_range("2025-01", "2026-02", freq="M").end_time.normalize()
    won = pd.DataFrame({"on": ends, "amount": 100.0})
    day, end = dtm.date(2026, 2, 28), dtm.date(2026, 5, 1)
    n, times = batches(won, day, dtm.date(2026, 3, 1), end)
    assert n == 2
    assert times == pytest.approx(2 * 365.25 / 12 / 61)
    assert batches(won, day, dtm.date(2026, 3, 1), dtm.date(2026, 3, 30)) == (0, 0.0)
    spread = pd.concat([won, won.assign(on=won["on"] - pd.Timedelta(days=9))])
    assert batches(spread, day, dtm.date(2026, 3, 1), end) == (0, 1.0)
    assert batches(won.head(3), day, dtm.date(2026, 3, 1), end) == (0, 1.0)


def test_quotas_of_other_lengths_than_the_period() -> None:
    """A month has its days' share of a quarter's quota; a year of which three quarters have one, four thirds."""
    month = quota(book(quotas=quotas("2026Q2", 9100)), Q("2026-03"))
    assert str(month.target) == "2026-04"
    assert month.usual.reps.set_index("rep_id").loc["r0", "quota"] == pytest.approx(9100 * 30 / 91)
    assert month.usual.plan.target == pytest.approx(2 * 9100 * 30 / 91)
    assert "by the days of longer quotas" in rules(month)["quotas of the period"]
    carried = quota(book(quotas=quotas("2026Q1", 9000)), Q("2026-03")).capacity
    assert "that of 2026-03 stands in: by the days of longer quotas" in carried.quota_rule
    assert carried.plan.reps["quota"].max() == pytest.approx(9000 * 31 / 90)
    part = quotas("2026Q1", 100) + quotas("2026Q2", 100) + quotas("2026Q3", 100)
    year = quota(book(quotas=part), Q("2026"))
    assert year.usual.reps["quota"].max() == pytest.approx(300 * 365 / 273)
    assert "273 of 365 days have a quota and the others are taken to carry as much" in year.capacity.quota_rule
    whole = quota(book(quotas=part + quotas("2026Q4", 100)), Q("2026"))
    assert whole.usual.reps["quota"].max() == 400


def test_pay_of_another_length_than_the_period() -> None:
    quarter = PAY.model_copy(update={"per": "quarter", "draw": Draw(amount=Decimal(90))})
    same, times = for_period(quarter, Q("2026Q2"))
    assert (same, times) == (quarter, 1)
    month, times = for_period(quarter, Q("2026-04"))
    assert times == pytest.approx(30 / (3 * 365.25 / 12))
    assert (month.variable, month.base, month.draw.amount) == (Decimal("328.54"), Decimal("164.27"), Decimal("29.57"))
    assert month.spiffs == quarter.spiffs, "a bonus is of a deal, and not of a length"
    assert for_period(quarter, Q("2026-01-01..2026-04-01"))[1] == 1
    found = quota(book(quotas=quotas("2026Q2")), Q("2026-03"), plans=(quarter,))
    assert "0.33 times" in rules(found)["pay plan 'AE'"]
    assert found.statements[0].paid.lines[0].amount == Decimal("169.75"), "March has 31 days"


def test_very_few_deals_and_many_leavers() -> None:
    """One sale does not make a rate of one a day; all who left in a year do not make more than all."""
    one = [d for d in deals(1) if d["outcome"] == "won"][-1]
    found = quota(book(opportunities=[one], quotas=quotas("2026Q2")), Q("2026Q1"))
    assert found.usual.expected < 10 * one["amount"]
    assumed = found.capacity.assumptions.set_index("name")
    assert "guess" in assumed.at["deals won a day and seller", "rule"]
    gone = [{**rep, "left_on": dtm.date(2026, 3, 15), "hired_on": dtm.date(2026, 1, 5)} for rep in REPS[:3]]
    left = capacity(book(reps=gone), Q("2026Q1")).plan
    assert left.attrition == 1
    knobs(left, capacity(book(reps=gone), Q("2026Q1")).assumptions)


def test_what_each_seller_has_shown_is_drawn_to_the_team() -> None:
    found = quota(book(), Q("2026Q1")).sellers.set_index("rep_id")
    first = dtm.date(2025, 4, 1)
    mine = [d for d in deals() if d["owner_id"] == "r0"]
    assert found.loc["r0", "created"] == sum(first <= d["created_at"] <= dtm.date(2026, 3, 31) for d in mine)
    decided = [d for d in mine if d["closed_on"] >= first]
    assert found.loc["r0", "decided"] == len(decided)
    assert found.loc["r0", "won"] == sum(d["outcome"] == "won" for d in decided)
    assert found["cycle_days"].tolist() == pytest.approx([30.0] * len(found))
    assert found.loc["r3", "created"] == 0
    assert found.loc["r3", "created_a_day"] > 0, "who has shown nothing is taken for one of the team"
    teams = np.array(["a", "a", "b"], dtype=object)
    alike = shares(np.array([50.0, 50, 50]), np.array([100.0, 100, 100]), teams)
    assert alike.tolist() == pytest.approx([0.5] * 3)
    apart = shares(np.array([10.0, 90, 0]), np.array([100.0, 100, 0]), teams)
    assert 0.1 < apart[0] < 0.2 < 0.8 < apart[1] < 0.9
    assert 0.3 < apart[2] < 0.7, "without a deal of the own the team's and the company's share stand in"
    assert np.isnan(shares(np.zeros(2), np.zeros(2), teams[:2])).all()
    without = quota(book(reps=[]), Q("2026Q1")).sellers
    assert without is not None
    assert without["created"].sum() > 0
