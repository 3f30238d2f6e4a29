"""Who the customers are: scores against pandas, tiers and concentration against numpy, profiles against scipy."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from salesnb.analysis.segments import segments
from salesnb.analysis.segments_buyers import NAMES, buyers, scored
from salesnb.analysis.segments_value import brings, concentration, tiered
from salesnb.data.book import Book
from salesnb.periods import Period
from salesnb.report import segments as parts

Q2 = Period.parse("2026Q2")
END = dtm.date(2026, 6, 30)
# account, order, day, amount, whether it came back, type
LINES = [
    ("a", "1", "2025-01-10", 100, False, "one_time"), ("a", "1", "2025-01-10", 20, False, "one_time"),
    ("a", "2", "2026-06-01", 30, False, "one_time"), ("b", "3", "2026-05-01", 40, False, "service"),
    ("b", "4", "2026-05-01", 5, False, None), ("b", "5", "2026-06-20", -10, True, "one_time"),
    ("c", "6", "2026-01-01", -7, True, "one_time"), ("d", "7", "2026-02-01", 70, False, "subscription"),
    (None, "8", "2026-02-01", 9, False, "one_time"), ("e", None, "2026-03-01", 1, False, "one_time"),
    ("e", None, "2026-03-01", 2, False, "one_time"), ("e", None, "2026-04-01", 3, False, "one_time"),
    ("f", "9", "2026-07-01", 500, False, "one_time"),
]  # fmt: skip


def order_lines(lines: Any = LINES) -> list[dict[str, Any]]:
    names = ("account_id", "order_id", "ordered_at", "amount", "is_return", "revenue_type")
    return [{"order_line_id": str(i), **dict(zip(names, line, strict=True))} for i, line in enumerate(lines)]


def test_buyers_by_hand() -> None:
    book = Book.of({"orders": order_lines()}, as_of=END)
    rows = buyers(book, END).execute().set_index("account_id")
    # c only gave back, d has a contract, f bought later; two lines of e without an order are one order a day
    assert rows["orders"].to_dict() == {"a": 2, "b": 2, "e": 2}
    assert rows["spent"].astype(float).to_dict() == {"a": 150.0, "b": 35.0, "e": 6.0}
    assert {who: str(day)[:10] for who, day in rows["last_on"].items()} == {
        "a": "2026-06-01", "b": "2026-05-01", "e": "2026-04-01",
    }  # fmt: skip


def ranked(values: pd.Series[Any]) -> pd.Series[Any]:
    return (1 + np.floor(5 * (values.rank(method="min") - 1) / len(values))).astype(int)


@settings(max_examples=8, phases=[Phase.explicit, Phase.generate])
@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 500), st.integers(1, 5000)),
        min_size=60,
        max_size=300,
    )
)
def test_scores_are_those_of_pandas(lines: Any) -> None:
    start = dtm.date(2025, 1, 1)
    made = [(f"c{who}", str(i), start + dtm.timedelta(days=day), cents / 100, False, "one_time")
            for i, (who, day, cents) in enumerate(lines)]  # fmt: skip
    book = Book.of({"orders": order_lines(made)}, as_of=END)
    found = scored(buyers(book, END)).execute().set_index("account_id").sort_index()
    frame = pd.DataFrame(made, columns=["account", "order", "on", "amount", "back", "type"])
    own = frame.groupby("account").agg(on=("on", "max"), orders=("order", "nunique"), spent=("amount", "sum"))
    own["spent"] = own["spent"].round(2)
    own["on"] = pd.to_datetime(own["on"])
    for score, column in (("r", "on"), ("f", "orders"), ("m", "spent")):
        assert found[score].tolist() == ranked(own[column]).tolist(), score
    assert set(found["name"]) <= set(NAMES)
    assert (found["name"] != "").all()


def test_every_pair_of_scores_has_one_name() -> None:
    pairs = [pair for cells, _ in NAMES.values() for pair in cells.split()]
    assert sorted(pairs) == sorted(f"{r}:{f}" for r in range(1, 6) for f in range(1, 6))


def test_who_came_back_by_name() -> None:
    lines = []
    for i in range(40):  # twenty who bought twice of late before the year, and twenty who bought once, long before
        is_good = i < 20
        lines.append((f"c{i:02}", f"{i}a", "2024-01-01" if not is_good else "2025-05-01", 10, False, "one_time"))
        if is_good:
            lines.append((f"c{i:02}", f"{i}b", "2025-06-01", 10, False, "one_time"))
        if i < 15 or i == 30:
            lines.append((f"c{i:02}", f"{i}c", "2025-10-01", 10, False, "one_time"))
    found = segments(Book.of({"orders": order_lines(lines)}, as_of=END), Q2)
    then = found.names.set_index("name")[["then", "back"]].dropna()
    assert then.to_dict("index") == {"need attention": {"then": 20, "back": 15}, "hibernating": {"then": 20, "back": 1}}
    assert found.name_finding() == ""  # nobody was called champion
    assert found.repeat_rate == pytest.approx(21 / 40)
    assert found.buyer_finding().startswith("Of 40 customers 52.5 % have ordered more than once")
    assert float(found.names["customers"].sum()) == 40
    assert found.numbers().set_index("id").loc["repeat_rate", "value"] == pytest.approx(0.525)


def test_names_that_tell_and_names_that_do_not() -> None:
    def company(back_of_good: int, back_of_bad: int) -> list[Any]:
        lines: list[Any] = []
        for i in range(200):
            is_good = i < 40
            days = ["2025-06-01", "2025-06-10", "2025-06-20"] if is_good else ["2023-01-01"]
            lines += [(f"c{i:03}", f"{i}-{day}", day, 10, False, "one_time") for day in days]
            if i < back_of_good or 40 <= i < 40 + back_of_bad:
                lines.append((f"c{i:03}", f"{i}-x", "2026-01-01", 10, False, "one_time"))
        return lines

    for good, bad, words in ((35, 10, "tell who comes back."), (10, 38, "(no more than chance)."),
                             (2, 120, "(the other way round).")):  # fmt: skip
        found = segments(Book.of({"orders": order_lines(company(good, bad))}, as_of=END), Q2)
        assert found.name_finding().endswith(words), found.name_finding()
        row = found.names.set_index("name").loc["hibernating"]
        assert (row["then"], row["back"]) == (160, bad)


@settings(max_examples=8, phases=[Phase.explicit, Phase.generate])
@given(st.lists(st.integers(-2000, 90_000), min_size=1, max_size=120))
def test_tiers_and_concentration_are_those_of_numpy(cents: list[int]) -> None:
    lines = [(f"c{i:03}", str(i), "2026-03-01", value / 100, value < 0, "one_time") for i, value in enumerate(cents)]
    book = Book.of({"orders": order_lines(lines)}, as_of=END)
    rows, _ = brings(book, END)
    told, curve = concentration(book, rows)
    x = np.sort(np.array([value for value in cents if value > 0]) / 100)[::-1]
    if not len(x):
        assert told == {}
        return
    share = x / x.sum()
    assert told["customers"] == len(x)
    assert told["herfindahl"] == pytest.approx((share**2).sum())
    assert told["top_1"] == pytest.approx(share[0])
    gini = np.abs(x[:, None] - x[None, :]).sum() / (2 * len(x) ** 2 * x.mean())
    assert told["gini"] == pytest.approx(gini, abs=1e-9)
    assert told["fifth"] == pytest.approx(share[: max(1, round(len(x) / 5))].sum())
    assert curve["share"].iloc[-1] == pytest.approx(1)
    assert (np.diff(curve["share"]) >= -1e-12).all()
    held = tiered(rows).execute().sort_values("place")
    larger = np.concatenate([[0], np.cumsum(held["brings"].astype(float))[:-1]]) / x.sum()
    wanted = np.where(larger < 0.8 - 1e-12, "A", np.where(larger < 0.95 - 1e-12, "B", "C"))
    assert held["tier"].tolist() == wanted.tolist()


def test_moves_between_tiers() -> None:
    lines = [
        ("a", "1", "2024-09-01", 10, False, None), ("a", "2", "2025-09-01", 900, False, None),
        ("b", "3", "2024-09-01", 800, False, None), ("b", "4", "2025-09-01", 50, False, None),
        ("c", "5", "2024-09-01", 60, False, None), ("d", "6", "2025-10-01", 40, False, None),
        ("e", "7", "2024-10-01", 700, False, None),
    ]  # fmt: skip
    found = segments(Book.of({"orders": order_lines(lines)}, as_of=END), Q2)
    tiers = found.tiers.set_index("tier")
    assert tiers["customers"].to_dict() == {"A": 1, "B": 1, "C": 1}
    assert tiers[["up", "same", "down", "new", "gone"]].to_numpy().tolist() == [
        [1, 0, 0, 0, 1], [0, 0, 1, 0, 0], [0, 0, 0, 1, 1],
    ]  # fmt: skip
    opened = {each.key: each for each in found.behind}
    assert opened["tier-a"].rows.to_dict("records") == [{"account_id": "a", "adds": 900.0}]
    assert "brings 91 % of 990 USD a year (a year before 51 %)" in found.value_finding()


def test_without_orders_what_customers_pay_a_month_counts() -> None:
    subs = [{"subscription_id": "1", "account_id": "a", "started_on": "2025-01-01", "mrr": 10},
            {"subscription_id": "2", "account_id": "b", "started_on": "2026-01-01", "mrr": 30}]  # fmt: skip
    found = segments(Book.of({"subscriptions": subs}, as_of=END), Q2)
    assert found.basis == "twelve times the monthly revenue"
    assert (found.hang["brings"], found.hung["brings"]) == (480.0, 120.0)
    assert found.buyer_finding().startswith("How customers buy cannot be told: needs ")
    assert parts.name_table(found).text.startswith("How customers buy cannot be told")


def profiled() -> Book:
    accounts, deals, subs = [], [], []
    for i in range(120):
        is_tech = i < 60
        accounts.append({"account_id": f"a{i}", "industry": "Tech" if is_tech else "Trade" if i < 115 else None})
        won = i % 2 == 0 if is_tech else i % 10 == 0
        deals.append(
            {
                "opportunity_id": f"d{i}",
                "account_id": f"a{i}",
                "kind": "new",
                "amount": 10,
                "outcome": "won" if won else "lost",
                "created_at": "2025-01-01",
                "closed_on": "2025-12-01",
            }
        )
        deals.append(
            {
                "opportunity_id": f"r{i}",
                "account_id": f"a{i}",
                "kind": "renewal",
                "amount": 10,
                "outcome": "won",
                "created_at": "2025-01-01",
                "closed_on": "2025-12-01",
            }
        )
        ended = None if is_tech or i % 2 else "2026-01-01"
        subs.append({"subscription_id": f"s{i}", "account_id": f"a{i}", "started_on": "2025-01-01", "mrr": 10,
                     "ended_on": ended})  # fmt: skip
        if i % 4 == 1:
            subs.append({"subscription_id": f"t{i}", "account_id": f"a{i}", "started_on": "2026-01-01", "mrr": 5})
    return Book.of({"accounts": accounts, "opportunities": deals, "subscriptions": subs}, as_of=END)


def test_the_profile_by_hand() -> None:
    found = segments(profiled(), Q2)
    rows = found.profile.set_index(["outcome", "value"])
    assert rows.loc[("won", "Tech"), ["did", "n"]].tolist() == [30, 60]
    assert rows.loc[("won", "Trade"), ["did", "n"]].tolist() == [6, 55]
    assert rows.loc[("stayed", "Tech"), ["did", "n"]].tolist() == [60, 60]
    assert rows.loc[("stayed", "Trade"), ["did", "n"]].tolist() == [27, 55]
    assert rows.loc[("grew", "Tech"), ["did", "n"]].tolist() == [15, 60]
    assert rows.loc[("grew", "Trade"), ["did", "n"]].tolist() == [14, 27]
    # Those without an industry are among the others: 6 of 60 were won.
    assert rows.loc[("won", "Tech"), "p"] == pytest.approx(fisher_exact([[30, 30], [6, 54]])[1])
    assert rows.loc[("won", "Tech"), "others"] == pytest.approx(0.1)
    assert rows["flag"].to_dict() == {
        ("won", "Tech"): "above", ("won", "Trade"): "below", ("stayed", "Tech"): "above", ("stayed", "Trade"): "below",
        ("grew", "Tech"): "below", ("grew", "Trade"): "above",
    }  # fmt: skip
    ideal = found.ideal.set_index("value")
    assert ideal.loc["Tech", ["won", "stayed", "grew", "above", "below"]].tolist() == ["above", "above", "below", 2, 1]
    assert found.ideal["value"].tolist() == ["Tech", "Trade"]
    opened = {each.key: each for each in found.behind}
    assert sum(name.startswith("profile-") for name in opened) == 6
    won = next(each for each in found.behind if each.key.startswith("profile-won-industry-tech"))
    assert (won.n, won.thing, sorted(won.rows["opportunity_id"])[:2]) == (30, "deal", ["d0", "d10"])
    html = parts.profile_table(found).html
    assert f'data-rows="{won.key}"' in html


def test_nothing_to_tell_is_said() -> None:
    book = Book.of({"orders": order_lines()}, as_of=END)
    for found in (segments(book, Period.parse("2027Q1")), segments(Book.of({"opportunities": [
            {"opportunity_id": "1", "outcome": "open", "created_at": "2026-01-01"}]}, as_of=END), Q2)):  # fmt: skip
        assert all("cannot be told" in sentence for sentence in found.headlines())
        for made in (parts.name_table, parts.tier_table, parts.hang_table, parts.profile_table):
            assert made(found).caption
        for drawn in (parts.rfm_chart, parts.hang_chart):
            assert drawn(found).title
        assert found.numbers().empty


def test_one_customer_and_pictures_that_say_their_numbers() -> None:
    lines = [("a", "1", "2026-06-01", 5, False, "one_time")]
    found = segments(Book.of({"orders": order_lines(lines)}, as_of=END), Q2)
    assert found.hang["top_1"] == found.hang["herfindahl"] == 1.0
    assert found.cells[["r", "f", "m", "customers"]].to_numpy().tolist() == [[1, 1, 1, 1]]
    assert "hibernating: 1 customers" in parts.rfm_chart(found).alt
    assert parts.hang_chart(found).alt.startswith("The largest fifth of 1 customer brings 100 %")
    assert "1 of one size" in parts.hang_table(found).text
