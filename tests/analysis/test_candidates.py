"""Whom to offer what: pairs of products by hand and by loops, the chance that is left, and who came to pay more."""

from __future__ import annotations

import datetime as dtm
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from scipy.stats import fisher_exact

from salesnb.analysis.candidates import candidates
from salesnb.analysis.candidates_cross import chance_left, cross_sell, pairs
from salesnb.data.book import Book
from salesnb.periods import Period
from salesnb.report import candidates as offers

Q2 = Period.parse("2026Q2")
END = dtm.date(2026, 6, 30)


def shop(seed: int = 1, size: int = 160) -> list[tuple[str, dtm.date, str, float]]:
    """Return lines of customers who buy a pump and then, many of them, a hose; and others at random."""
    draws = np.random.default_rng(seed)
    lines = []
    for i in range(size):
        who, day = f"c{i:03}", dtm.date(2023, 1, 1) + dtm.timedelta(days=int(draws.integers(0, 1250)))
        if draws.random() < 0.5:
            lines.append((who, day, "pump", 100.0))
            if draws.random() < 0.6:
                lines.append((who, day + dtm.timedelta(days=int(draws.integers(0, 500))), "hose", 30.0))
        else:
            lines.append((who, day, "lamp", 20.0))
            if draws.random() < 0.15:
                lines.append((who, day + dtm.timedelta(days=int(draws.integers(0, 500))), "hose", 30.0))
    return lines


def shop_book(lines: Any, **more: Any) -> Book:
    orders = [
        {"order_line_id": str(i), "account_id": who, "ordered_at": day, "product": product, "amount": amount}
        for i, (who, day, product, amount) in enumerate(lines)
    ]
    return Book.of({"orders": orders, **more}, as_of=END)


def test_pairs_are_those_of_a_loop() -> None:
    lines = [line for line in shop() if line[1] <= END]
    first: dict[str, dict[str, dtm.date]] = defaultdict(dict)
    for who, day, product, _ in lines:
        first[who][product] = min(day, first[who].get(product, day))
    found, steps = pairs(shop_book(shop()), END, 0.95)
    row = found.set_index(["has", "offer"]).loc["pump", "hose"]
    has = {who for who, own in first.items() if "pump" in own}
    offer = {who for who, own in first.items() if "hose" in own}
    assert (row["has_n"], row["offer_n"], row["both"]) == (len(has), len(offer), len(has & offer))
    assert row["customers"] == len(first)
    table = [[len(has & offer), len(has - offer)], [len(offer - has), len(set(first) - has - offer)]]
    assert row["p"] == pytest.approx(fisher_exact(table)[1])
    old = END - dtm.timedelta(days=365)
    watched = [who for who in has if first[who]["pump"] <= old
               and not first[who].get("hose", dtm.date.max) <= first[who]["pump"]]  # fmt: skip
    gaps = [(first[who]["hose"] - first[who]["pump"]).days for who in watched if "hose" in first[who]]
    assert row["watched"] == len(watched)
    assert row["followed"] == sum(gap <= 365 for gap in gaps) == sum(steps["pump", "hose"])
    assert steps["pump", "hose"][0] == sum(1 <= gap <= 30 for gap in gaps)
    assert bool(row["is_apart"])
    assert not bool(
        found.set_index(["has", "offer"]).loc[
            "lamp",
            "hose",
        ]["is_apart"]
    )


def test_candidates_have_the_one_and_not_the_other() -> None:
    book = shop_book(shop())
    found, steps = pairs(book, END, 0.95)
    told, listed = cross_sell(book, END, found, steps)
    assert [tuple(pair) for pair in told[["has", "offer"]].to_numpy()] == [("pump", "hose")]
    first: dict[str, dict[str, dtm.date]] = defaultdict(dict)
    for who, day, product, _ in shop():
        if day <= END:
            first[who][product] = min(day, first[who].get(product, day))
    wanted = {
        who: (END - own["pump"]).days for who, own in first.items()
        if "pump" in own and "hose" not in own and own["pump"] > END - dtm.timedelta(days=365)
    }  # fmt: skip
    own = listed[(listed["has"] == "pump") & (listed["offer"] == "hose")]
    assert dict(zip(own["account_id"], own["days"], strict=True)) == wanted
    row = told.set_index(["has", "offer"]).loc["pump", "hose"]
    assert row["candidates"] == len(wanted)
    assert row["expected"] == pytest.approx(own["expected"].sum())
    assert row["worth"] == pytest.approx(30.0)
    assert (own["chance"] <= row["follow"] + 1e-12).all()


def test_the_chance_that_is_left_by_hand() -> None:
    followed = [10, 0, 0, 10] + [0] * 9
    # Of 100 ten followed within 30 days, and ten between day 90 and day 120.
    assert chance_left(followed, 100, np.array([0.0])).tolist() == [pytest.approx(0.2)]
    assert chance_left(followed, 100, np.array([60.0])).tolist() == [pytest.approx((0.2 - 0.1) / 0.9)]
    assert chance_left(followed, 100, np.array([105.0])).tolist() == [pytest.approx((0.2 - 0.15) / 0.85)]
    assert chance_left(followed, 100, np.array([300.0, 365.0])).tolist() == [0.0, 0.0]
    assert chance_left([5] + [0] * 12, 5, np.array([40.0])).tolist() == [0.0]  # all of them followed


def growing(seed: int = 3) -> dict[str, Any]:
    """Return a company in which promoters come to pay more four times as often, and a price rise hits many."""
    draws = np.random.default_rng(seed)
    subs, said, accounts = [], [], []
    for i in range(150):
        who, is_good = f"c{i:03}", i % 2 == 0
        accounts.append({"account_id": who, "size_band": "small" if i < 100 else None})
        said.append(
            {"response_id": str(i), "account_id": who, "responded_on": "2024-01-05", "nps": 10 if is_good else 7}
        )
        price, start = 100 + i, dtm.date(2024, 1, 1)
        for month in range(1, 30):
            day = dtm.date(2024 + month // 12, month % 12 + 1, 1)
            raised = price
            if day == dtm.date(2025, 3, 1) and i < 90:
                raised = round(price * 1.1, 2)
            elif draws.random() < (0.04 if is_good else 0.01):
                raised = round(price * 1.5, 2)
            if raised != price:
                subs.append((who, start, day, price))
                price, start = raised, day
        subs.append((who, start, None, price))
    rows = [{"subscription_id": str(i), "account_id": who, "started_on": start, "ended_on": end, "mrr": price}
            for i, (who, start, end, price) in enumerate(subs)]  # fmt: skip
    return {"subscriptions": rows, "feedback": said, "accounts": accounts}


def test_who_came_to_pay_more_is_that_of_a_loop() -> None:
    tables = growing()
    found = candidates(Book.of(tables, as_of=END), Q2)
    paid: dict[tuple[str, int], float] = {}
    for sub in tables["subscriptions"]:
        for number in range(2024 * 12, 2026 * 12 + 6):
            last = dtm.date((number + 1) // 12, (number + 1) % 12 + 1, 1) - dtm.timedelta(days=1)
            if sub["started_on"] <= last and (sub["ended_on"] is None or sub["ended_on"] > last):
                paid[sub["account_id"], number] = sub["mrr"]
    good = {row["account_id"] for row in tables["feedback"] if row["nps"] == 10}
    counts = {True: [0, 0], False: [0, 0]}
    for (who, number), price in paid.items():
        later = paid.get((who, number + 1))
        if later is None:
            continue
        is_rise = number + 1 == 2025 * 12 + 2 and round(later / price, 2) == 1.1
        counts[who in good][0] += 1
        counts[who in good][1] += later > price and not is_rise
    months, grew = counts[True]
    row = found.signals.set_index("signal").loc["is_promoter"]
    assert (row["months"], row["grew"]) == (months, grew)
    assert (found.whole["months"], found.whole["grew"]) == (months + counts[False][0], grew + counts[False][1])
    assert row["is_apart"]
    assert row["ratio_low"] < 4 < row["ratio_high"]
    assert found.whole["by"] == pytest.approx(1.5, abs=0.01)
    assert len(found.up) == len(good)
    assert set(found.up["account_id"]) == good
    assert found.alike == "size_band"
    assert "told apart" in offers.signal_table(found).text
    opened = {each.key: each for each in found.behind}
    assert opened["upsell"].n == len(good)
    assert opened["upsell"].total == pytest.approx(found.up["mrr"].sum())
    assert "more a month are expected" in offers.up_table(found).caption


def test_the_page_says_and_opens_what_it_names() -> None:
    found = candidates(shop_book(shop()), Q2)
    assert found.no_up.startswith("needs ")
    assert found.looks == 3
    opened = {each.key: each for each in found.behind}
    for place, row in enumerate(found.pairs.to_dict("records")):
        if row["candidates"]:
            each = opened[f"cross-sell-{place + 1}"]
            assert (each.n, each.total) == (row["candidates"], pytest.approx(each.rows["adds"].sum()))
            assert f'data-rows="cross-sell-{place + 1}"' in offers.pair_table(found).html
    assert not found.best.duplicated(["account_id", "offer"]).any()
    assert offers.cross_table(found).caption.startswith(f"{len(found.best)} offers to ")
    assert set(found.numbers()["id"]) == {"follow_rate"}


def test_nothing_to_tell_is_said() -> None:
    for found, words in (
        (candidates(shop_book(shop()), Period.parse("2027Q1")), "has not begun"),
        (candidates(shop_book([("a", END, "pump", 1.0)]), Q2), "no two products have ten buyers each"),
        (
            candidates(shop_book([(f"c{i}", END, "ab"[i % 2], 1.0) for i in range(60)]), Q2),
            "No two products go together",
        ),
        (candidates(Book.of({"accounts": [{"account_id": "a"}]}, as_of=END), Q2), "needs "),
    ):
        assert words in found.cross_finding()
        for made in (offers.pair_table, offers.cross_table, offers.signal_table, offers.up_table):
            assert made(found).caption
        assert found.behind == ()
