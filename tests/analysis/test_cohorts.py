"""Cohorts: a small company worked out by hand, thin and odd input, and a brute-force oracle on made-up ones."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from salesnb.analysis.cohorts import cohorts
from salesnb.analysis.cohorts_engine import Axis
from salesnb.data.book import Book
from salesnb.errors import ParameterError
from salesnb.periods import Period
from salesnb.report import cohorts as tables
from salesnb.report import cohorts_charts as charts

Q1 = Period.parse("2026Q1")
END = dtm.date(2026, 3, 31)


def line(who: str | None, on: str, amount: float = 10, **more: Any) -> dict[str, Any]:
    return {"account_id": who, "ordered_at": on, "amount": amount, **more}


def book(*lines: dict[str, Any], as_of: dtm.date = END, **tables: Any) -> Book:
    rows = [{"order_line_id": str(i), **each} for i, each in enumerate(lines)]
    return Book.of({"orders": rows, **tables}, as_of=as_of)


LINES = [
    line("a", "2026-01-05"), line("a", "2026-01-20", 5), line("a", "2026-03-02", 7), line("b", "2026-01-31", 20),
    line("b", "2026-02-01", 4), line("c", "2026-02-10", 8), line("c", "2026-03-05", -8, is_return=True),
    line("d", "2026-03-30", 1), line(None, "2026-02-02", 99), line("e", "2026-02-03", -3, is_return=True),
]  # fmt: skip


def test_every_reading_of_every_cell() -> None:
    found = cohorts(book(*LINES), Q1)
    cells = found.cells.set_index(["label", "age"])
    assert found.sizes[["label", "size"]].to_numpy().tolist() == [["2026-01", 2], ["2026-02", 1], ["2026-03", 1]]
    january = cells.loc["2026-01"]
    assert january["in"].tolist() == [2, 1, 1]  # b in February, a in March
    assert january["after"].tolist() == [2, 2, 1]
    assert january["rolling"].tolist() == [2, 2, 2]  # within three months either bought
    assert january["money"].tolist() == [10 + 5 + 20, 4, 7]
    assert january["money_rate"].tolist() == pytest.approx([1, 4 / 35, 7 / 35])
    assert january["per_customer"].tolist() == [35 / 2, 39 / 2, 46 / 2]
    february = cells.loc["2026-02"]
    assert (february["in"].tolist(), february["money"].tolist()) == ([1, 0], [8, -8])  # a return is no purchase
    mean = found.averages.set_index("age").loc[1]
    assert (mean["cohorts"], mean["size"], mean["rate"]) == (2, 3, 1 / 3)
    left = found.left_out.set_index("what")[["rows", "money"]].to_dict("index")
    assert left == {
        "order lines without an account": {"rows": 1, "money": 99},
        "accounts that only gave back": {"rows": 1, "money": -3},
    }
    every = sum(each["amount"] for each in LINES)
    assert found.cells["money"].sum() + found.left_out["money"].sum() == every  # not a cent is missing


def test_a_period_that_is_not_over_is_marked_and_in_no_mean() -> None:
    found = cohorts(book(*LINES, as_of=dtm.date(2026, 3, 30)), Q1)
    running = found.cells[~found.cells["is_complete"]]
    assert running[["label", "age"]].to_numpy().tolist() == [["2026-01", 2], ["2026-02", 1], ["2026-03", 0]]
    assert found.averages["age"].max() == 1
    assert found.averages.set_index("age").at[1, "size"] == 2
    numbers = found.numbers()
    assert set(numbers.loc[numbers["segment"] == "2026-03", "status"]) == {"immature"}
    assert "\N{HORIZONTAL ELLIPSIS}" in tables.cohort_table(found).html


def test_each_cell_opens_its_accounts() -> None:
    found = cohorts(book(*LINES), Q1)
    opened = {each.key: each for each in found.behind}
    assert len(opened) == len(found.behind)
    for each in found.behind:
        assert (len(each.rows), each.rows["adds"].sum()) == (each.n, each.total)
    assert opened[found.opens("2026-01")].rows["account_id"].tolist() == ["a", "b"]
    assert opened[found.opens("2026-01", 2)].rows[["account_id", "money"]].to_numpy().tolist() == [["a", 7]]
    assert found.opens("2026-02", 1) == ""
    assert f'data-rows="{found.opens("2026-01", 1)}"' in tables.cohort_table(found).html


def test_starts_and_grains() -> None:
    subscriptions = [
        {"subscription_id": "1", "account_id": "a", "started_on": "2026-01-10", "ended_on": "2026-03-31", "mrr": 5},
        {"subscription_id": "2", "account_id": "b", "started_on": "2026-01-31", "mrr": 7},
        {"subscription_id": "3", "account_id": "b", "started_on": "2026-02-10", "ended_on": "2026-03-01", "mrr": 2},
        {"subscription_id": "4", "account_id": "t", "started_on": "2026-01-01", "mrr": 0},
    ]
    leads = [{"lead_id": "1", "account_id": "d", "created_at": "2026-01-02"}]
    accounts = [{"account_id": "c", "created_on": "2026-01-15"}]
    source = book(*LINES, subscriptions=subscriptions, leads=leads, accounts=accounts)
    paid = cohorts(source, Q1, start="contract").cells
    assert (paid["in"].tolist(), paid["money"].tolist()) == ([2, 2, 1], [12, 14, 7])
    assert cohorts(source, Q1, start="contract").left_out["rows"].tolist() == [1]
    lead = cohorts(source, Q1, start="lead").cells
    assert (lead["in"].tolist(), lead["size"].tolist()) == ([0, 0, 1], [1, 1, 1])
    entered = cohorts(source, Q1, start="account").cells
    assert entered["in"].tolist() == [0, 1, 0]
    quarter = cohorts(source, Q1, grain="quarter").cells
    assert quarter[["label", "in"]].to_numpy().tolist() == [["2026Q1", 4]]
    weeks = cohorts(source, Q1, grain="week").sizes
    assert weeks["label"].tolist()[0] == "2026W02"
    with pytest.raises(ParameterError, match="grain"):
        cohorts(source, Q1, grain="fortnight")
    with pytest.raises(ParameterError, match="cannot begin"):
        cohorts(source, Q1, start="birth")


@pytest.mark.parametrize("grain", ["week", "month", "quarter", "half", "year"])
def test_periods_of_a_grain_partition_the_days(grain: Any) -> None:
    for fiscal in (1, 4):
        over = Axis(grain, fiscal)
        day = dtm.date(2025, 11, 17)
        for _ in range(40):
            number = over.number_of(day)
            assert over.first_day(number) <= day <= over.last_day(number)
            assert over.first_day(number + 1) == over.last_day(number) + dtm.timedelta(days=1)
            day += dtm.timedelta(days=23)


def many(label: str, size: int, stay: int, month: int, segment: str = "") -> list[dict[str, Any]]:
    first, later = f"2026-{month:02d}-10", f"2026-{month + 1:02d}-10"
    rows = [line(f"{label}{i}", first) for i in range(size)]
    return rows + [line(f"{label}{i}", later) for i in range(stay)]


def test_cohorts_and_segments_are_told_apart_or_not() -> None:
    lines = [*many("j", 100, 30, 1), *many("f", 100, 80, 2)]
    accounts = [
        {"account_id": f"{name}{i}", "segment": "Big" if i < 50 else "Small"} for name in "jf" for i in range(100)
    ]
    found = cohorts(book(*lines, accounts=accounts), Q1)
    assert found.age == 1
    assert found.compared.set_index("label")["flag"].to_dict() == {"2026-01": "below", "2026-02": "above"}
    assert "2026-02, keeps 80.0 % 1 month later, the others 30.0 %" in found.cohort_finding()
    segments = found.segments.set_index("segment")
    assert segments["numerator"].to_dict() == {"Big": 30 + 50, "Small": 30}
    assert segments["flag"].to_dict() == {"Big": "above", "Small": "below"}
    assert "more than the others keep Big (80 % of 100)" in found.segment_finding()
    same = cohorts(book(*many("j", 100, 30, 1), *many("f", 100, 31, 2), as_of=dtm.date(2026, 3, 31)), Q1)
    assert "no cohort can be told from the others" in same.cohort_finding()
    for made in (found, same):
        for chart in (
            charts.heat_map(made),
            charts.heat_map(made, "money"),
            charts.curve_chart(made),
            charts.against_chart(made),
        ):
            assert chart.alt.startswith(chart.title)
        for table in (tables.cohort_table(made, "money"), tables.mean_table(made), tables.against_table(made),
                      tables.segment_table(made), tables.left_table(made)):  # fmt: skip
            assert table.caption


@pytest.mark.parametrize(
    ("source", "period", "told"),
    [
        (Book.of({"opportunities": []}, as_of=END), Q1, "needs opportunities.account_id"),
        (Book.of({"feedback": []}, as_of=END), Q1, "needs"),
        (book(line("a", "2026-01-05")), Period.parse("2027Q1"), "has not begun"),
        (book(line("e", "2026-02-03", -3, is_return=True)), Q1, "nobody first bought"),
        (book(line(None, "2026-02-03")), Q1, "needs orders.account_id"),
    ],
)
def test_thin_input_is_said(source: Book, period: Period, told: str) -> None:
    found = cohorts(source, period)
    assert told in found.headlines()[0]
    assert found.behind == ()
    for chart in (charts.heat_map(found), charts.curve_chart(found), charts.against_chart(found)):
        assert told in chart.title or "cannot be told" in chart.title
    for table in (tables.cohort_table(found), tables.mean_table(found), tables.against_table(found),
                  tables.segment_table(found), tables.left_table(found)):  # fmt: skip
        assert table.html
    assert found.numbers().empty


def test_one_customer() -> None:
    found = cohorts(book(line("a", "2026-01-05")), Q1)
    assert found.cells["in"].tolist() == [1, 0, 0]
    assert found.headlines()[0].startswith("1 customer first bought") or "Of 1 customer" in found.headlines()[0]
    assert found.compared["flag"].tolist() in ([], ["few"])


@settings(max_examples=4, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    st.lists(
        st.tuples(st.sampled_from([None, *"abcdefgh"]), st.integers(0, 420), st.integers(-20, 90), st.booleans()),
        min_size=30, max_size=120,
    )
)  # fmt: skip
def test_any_company_is_as_pandas_has_it(made: list[Any]) -> None:
    first = dtm.date(2025, 1, 1)
    lines = [
        line(who, str(first + dtm.timedelta(days=day)), -abs(amount) if back else amount, is_return=back)
        for who, day, amount, back in made
    ]
    found = cohorts(book(*lines), Q1)
    frame = pd.DataFrame(lines).dropna(subset=["account_id"])
    frame["month"] = pd.to_datetime(frame["ordered_at"]).dt.to_period("M")
    bought = frame[~frame["is_return"]]
    begun = bought.groupby("account_id")["month"].min()
    assert found.customers == len(begun)
    for cell in found.cells.to_dict("records"):
        members = begun[begun == pd.Period(cell["label"])].index
        now = pd.Period(cell["label"]) + cell["age"]
        own = bought[bought["account_id"].isin(members)]
        assert cell["in"] == own.loc[own["month"] == now, "account_id"].nunique()
        assert cell["after"] == own.loc[own["month"] >= now, "account_id"].nunique()
        near = (own["month"] <= now) & (own["month"] > now - 3)
        assert cell["rolling"] == own.loc[near, "account_id"].nunique()
        money = frame[frame["account_id"].isin(members) & (frame["month"] == now)]["amount"].sum()
        assert cell["money"] == money
    early = frame[frame["account_id"].isin(begun.index)]
    before = sum(
        row["amount"] for row in early.to_dict("records") if row["month"] < begun[row["account_id"]]
    )  # what came back before the first purchase
    whole = sum(each["amount"] for each in lines)
    assert found.cells["money"].sum() + found.left_out["money"].sum() + before == pytest.approx(whole)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Cohorts of 80 of whom 35 % come back: the 95 % interval of a cell, over 400 of them."""
    random = np.random.default_rng(3)
    from salesnb.kpis.intervals import wilson

    kept = random.binomial(80, 0.35, 400)
    low, high = wilson(kept, 80)
    assert 0.92 <= np.mean((low <= 0.35) & (high >= 0.35)) <= 0.98
