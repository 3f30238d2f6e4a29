"""The walk of monthly recurring revenue, by hand and on random subscriptions, and who leaves after what."""

from __future__ import annotations

import datetime as dtm
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import salesnb
from salesnb.analysis.churn import churn
from salesnb.analysis.mrr import PARTS, mrr
from salesnb.analysis.signals import ratio_of_rates
from salesnb.data.book import Book
from salesnb.data.sample.truths import truth
from salesnb.periods import Period
from salesnb.report import churn as leaving
from salesnb.report import mrr as paying

Q2 = Period.parse("2026Q2")
END = dtm.date(2026, 6, 30)
SUBSCRIPTIONS = [
    ("a", "2025-01-01", None, 100), ("b", "2025-03-01", "2026-05-01", 50), ("c", "2026-01-01", "2026-05-15", 40),
    ("c", "2026-05-15", None, 30), ("d", "2026-04-10", None, 70), ("e", "2025-01-01", "2026-06-30", 20),
    ("e", "2026-06-30", None, 25), ("t", "2025-01-01", None, 0), (None, "2025-01-01", None, 9),
    ("f", "2025-01-01", "2026-02-01", 60), ("f", "2026-06-01", None, 10), ("g", "2026-05-02", "2026-05-20", 5),
    ("h", "2026-06-01", "2026-09-30", 1),
]  # fmt: skip


def rows_of(subscriptions: Any) -> list[dict[str, Any]]:
    names = ("account_id", "started_on", "ended_on", "mrr")
    return [{"subscription_id": str(i), **dict(zip(names, row, strict=True))} for i, row in enumerate(subscriptions)]


def book(subscriptions: Any = SUBSCRIPTIONS, **more: Any) -> Book:
    return Book.of({"subscriptions": rows_of(subscriptions), **more}, as_of=END)


def test_the_walk_by_hand() -> None:
    found = mrr(book(), Q2)
    months = found.months.set_index("label")
    # g came and went within May: at no month's end does it pay.
    wanted = {
        "2026-04": (210, {"new": 70}, 280),
        "2026-05": (280, {"churn": -50, "contraction": -10}, 220),
        "2026-06": (220, {"expansion": 5, "reactivation": 10, "new": 1}, 236),
    }
    for label, (opening, moved, closing) in wanted.items():
        row = months.loc[label]
        assert (row["opening"], row["closing"]) == (opening, closing)
        assert {part: row[part] for part in PARTS if row[part]} == moved
    assert {part: found.walk[part] for part in PARTS} == {
        "new": 71, "expansion": 5, "contraction": -10, "churn": -50, "reactivation": 10,
    }  # fmt: skip
    assert (found.walk["begin"], found.walk["customers"]) == (4, 6)
    assert found.left_out["rows"].tolist() == [1, 1]
    assert found.finding().startswith(
        "Monthly recurring revenue is 236 USD at the end of 2026-06-30, 26 more than when"
    )
    assert found.plans["subscriptions"].sum() == 6


def test_each_part_opens_its_accounts() -> None:
    found = mrr(book(), Q2)
    opened = {each.key: each for each in found.behind}
    for each in found.behind:
        assert (len(each.rows), each.rows["adds"].sum()) == (each.n, pytest.approx(each.total))
    left = opened["mrr-churn"].rows[["account_id", "was", "became", "month"]].to_numpy().tolist()
    assert left == [["b", 50, 0, "2026-05"]]
    assert sorted(opened["mrr-closing"].rows["account_id"]) == ["a", "c", "d", "e", "f", "h"]
    for part in PARTS:
        assert opened[f"mrr-{part}"].total == float(found.walk[part])
        assert found.opens(part) == f"mrr-{part}"
    assert 'data-rows="mrr-churn"' in paying.walk_table(found).html
    for chart in (paying.walk_chart(found), paying.month_chart(found)):
        assert chart.alt.startswith(chart.title)
    for table in (
        paying.month_table(found),
        paying.rate_table(found),
        paying.plan_table(found),
        paying.left_table(found),
    ):
        assert table.caption
    assert set(found.numbers()["id"]) >= {"mrr_walk", "nrr", "grr", "quick_ratio", "churn_rate"}


def test_any_subscriptions_tie_out() -> None:
    """120 overlapping, gapped and free subscriptions of 15 accounts, against a loop over months and accounts."""
    random = np.random.default_rng(5)
    made = []
    for _ in range(120):
        start = dtm.date(2025, 1, 1) + dtm.timedelta(days=int(random.integers(0, 540)))
        end = start + dtm.timedelta(days=int(random.integers(1, 300))) if random.random() < 0.7 else None
        made.append((f"a{random.integers(0, 15)}", start, end, Decimal(int(random.integers(0, 9999))) / 100))
    found = mrr(book(made), Q2)

    def at(day: dtm.date) -> dict[str, Decimal]:
        paid: dict[str, Decimal] = {}
        for who, start, end, amount in made:
            if start <= day and (end is None or end > day) and amount > 0:
                paid[who] = paid.get(who, Decimal(0)) + amount
        return paid

    ever: set[str] = set()
    day = dtm.date(2024, 12, 31)
    before = at(day)
    for number in range(18):
        month = dtm.date(2025 + number // 12, number % 12 + 1, 1)
        last = (month.replace(day=28) + dtm.timedelta(days=4)).replace(day=1) - dtm.timedelta(days=1)
        now = at(last)
        row = found.months[found.months["label"] == f"{month:%Y-%m}"]
        sums = dict.fromkeys(PARTS, Decimal(0))
        for who in now.keys() | before.keys():
            was, became = before.get(who, Decimal(0)), now.get(who, Decimal(0))
            part = (
                "new" if not was and who not in ever else "reactivation" if not was else "churn" if not became
                else "expansion" if became > was else "contraction"
            )  # fmt: skip
            sums[part] += became - was
        if len(row):
            told = row.iloc[0]
            assert {part: told[part] for part in PARTS} == sums
            assert told["opening"] + sum(sums.values()) == told["closing"] == sum(now.values())
        ever |= now.keys()
        before = now
    assert len(found.months) == 12


def test_orders_of_the_type_subscription_stand_in() -> None:
    lines = [
        {"order_line_id": str(i), "account_id": who, "ordered_at": on, "amount": amount, "revenue_type": kind}
        for i, (who, on, amount, kind) in enumerate(
            [("a", "2026-04-01", 10, "subscription"), ("a", "2026-05-01", 12, "subscription"),
             ("b", "2026-05-03", 5, "subscription"), ("b", "2026-05-04", 100, "one_time")]
        )
    ]  # fmt: skip
    found = mrr(Book.of({"orders": lines}, as_of=dtm.date(2026, 5, 31)), Q2)
    months = found.months.set_index("label")
    assert (found.basis, months.at["2026-05", "new"], months.at["2026-05", "expansion"]) == ("orders", 5, 2)
    assert found.rates.empty
    assert "Read from orders" in paying.walk_table(found).html


@pytest.mark.parametrize(
    ("source", "period", "told"),
    [
        (Book.of({"opportunities": []}, as_of=END), Q2, "needs subscriptions.mrr"),
        (book(), Period.parse("2027Q1"), "has not begun"),
        (book([("t", "2025-01-01", None, 0)]), Q2, "nobody paid"),
    ],
)
def test_thin_input_is_said(source: Book, period: Period, told: str) -> None:
    found, left = mrr(source, period), churn(source, period)
    assert told in found.headlines()[0]
    assert "cannot be told" in left.headlines()[0]
    assert found.behind == left.behind == ()
    for chart in (paying.walk_chart(found), paying.month_chart(found), leaving.stay_chart(left)):
        assert chart.title
    of_walk = (paying.walk_table, paying.month_table, paying.rate_table, paying.plan_table, paying.left_table)
    of_churn = (leaving.stay_table, leaving.group_table, leaving.signal_table, leaving.risk_table)
    for table in [*(each(found) for each in of_walk), *(each(left) for each in of_churn)]:
        assert table.html
    assert left.numbers().empty


def test_churn_by_hand() -> None:
    """Customer-months to May: who of them pays nothing in the next month."""
    answers = [
        {"response_id": "1", "account_id": "b", "responded_on": "2026-03-15", "nps": 2},
        {"response_id": "2", "account_id": "a", "responded_on": "2026-03-15", "nps": 10},
    ]
    found = churn(book(feedback=answers), Q2)
    assert found.whole["lost"] == 2  # f after January, b after April
    groups = found.groups.set_index("group")
    assert (groups.at["detractor", "months"], groups.at["detractor", "lost"]) == (2, 1)  # March and April
    assert (groups.at["promoter", "months"], groups.at["promoter", "lost"]) == (3, 0)  # March to May
    assert "of one side nobody left" in found.group_finding()
    notice = found.risks.set_index("account_id")["notice"]
    assert str(notice["h"])[:10] == "2026-09-30"
    assert "ends on 2026-09-30" in leaving.risk_table(found).html


def test_a_ratio_of_rates() -> None:
    ratio, low, high, p = ratio_of_rates(30, 1000, 10, 1000, 0.95)
    assert ratio == pytest.approx(3)
    z = 1.959963984540054
    error = (1 / 30 - 1 / 1000 + 1 / 10 - 1 / 1000) ** 0.5
    assert (low, high) == (pytest.approx(3 * np.exp(-z * error)), pytest.approx(3 * np.exp(z * error)))
    assert 0.001 < p < 0.003
    assert np.isnan(ratio_of_rates(0, 10, 3, 10, 0.95)).all()


def test_what_is_planted_is_found() -> None:
    """Detractors leave 4.5 times as often as promoters, and 2.5 times as many after the price rise."""
    planted, found = truth(), churn(salesnb.open("sample"), Period.parse("2026Q3"))
    ratio, low, high, p = found.ratio
    assert low < planted.churn_ratio < high
    assert p < 1e-6
    detractors = found.groups.set_index("group").loc["detractor"]
    assert detractors["low"] < planted.churn_a_month["detractor"] < detractors["high"]
    (rise,) = found.rises.to_dict("records")
    assert (rise["label"], rise["factor"]) == (planted.price_rise.on[:7], planted.price_rise.factor)
    signals = found.signals.set_index("signal")
    assert signals.index[signals["is_apart"]].tolist() == ["is_detractor", "is_raised"]
    raised = signals.loc["is_raised"]
    assert raised["ratio_low"] < planted.price_rise.churn_factor < raised["ratio_high"]
    for each in found.behind:
        assert (len(each.rows), each.rows["adds"].sum()) == (each.n, pytest.approx(each.total))
    assert set(found.curves) >= {"", "segment", "last answer"}
    assert leaving.stay_chart(found).alt.count("after 12 months") == 3
    for table in (
        leaving.stay_table(found),
        leaving.group_table(found),
        leaving.signal_table(found),
        leaving.risk_table(found),
    ):
        assert table.caption
    assert ratio == pytest.approx(4.15, abs=0.01)
