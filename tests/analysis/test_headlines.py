"""The sentences of a scorecard: right, and only what the numbers hold up."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from salesnb.analysis import needs
from salesnb.goals import Goal
from tests.analysis.conftest import DEALS, QUOTAS, book, card, deals

MINUS = "\N{MINUS SIGN}"


def told(period: str, source: object, **options: object) -> list[str]:
    return card(period, source, **options).headlines()  # type: ignore[arg-type]


def test_a_period_behind_its_quotas() -> None:
    # Won: 1 x 100 in EMEA against 200, 2 x 100 in AMER against 250: 300 of 450, short by 100 and by 50.
    sentences = told("2026Q3", book(opportunities=DEALS, quotas=QUOTAS))
    assert sentences[:4] == [
        "Bookings of 300 USD in 2026Q3 are 33 % under the target of 450 USD; EMEA accounts for 100 of the 150 gap.",
        "They are down 25.0 % (100 USD) on 2026Q2, which chance alone could explain.",
        # 8 deals decided in both; win rate 4/8 to 3/8 at 100 each.
        f"Of the change of {MINUS}100 USD: win rate {MINUS}100, deals decided 0, deal size 0; "
        f"the largest part is EMEA with {MINUS}100.",
        f"Win rate is 37.5 % of 8 deals decided (13.7 to 69.4 %), {MINUS}12.5 points on 2026Q2, "
        "which chance alone could explain.",
    ]
    assert sentences[4] == "2 open deals at the end of 2026Q3 hold 200 USD."


def test_a_gap_that_others_make_up_for_in_part() -> None:
    rich = [*DEALS, *deals("2026-08-11", "AMER", "w")]
    # AMER: 300 of 250; EMEA: 100 of 200. Together 400 of 450.
    first = told("2026Q3", book(opportunities=rich, quotas=QUOTAS))[0]
    assert first == (
        "Bookings of 400 USD in 2026Q3 are 11 % under the target of 450 USD; "
        "EMEA alone is 100 short, and others make up for 50 of it."
    )


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        (150, "Bookings of 450 USD in 2026Q3 are on the target of 450 USD."),
        (200, "Bookings of 600 USD in 2026Q3 are 33 % over the target of 450 USD."),
        (149, "Bookings of 447 USD in 2026Q3 are 0.7 % under the target of 450 USD"),
    ],
)
def test_on_and_over_the_target(amount: float, sentence: str) -> None:
    third = [{**d, "amount": amount} for d in deals("2026-08-10", "EMEA", "w") + deals("2026-08-10", "AMER", "ww")]
    assert told("2026Q3", book(opportunities=third, quotas=QUOTAS))[0].startswith(sentence)


def test_a_goal_goes_before_quotas_and_blames_no_segment() -> None:
    goal = Goal(objective="Grow", kpi="revenue.booked", target=400, due="2026-09-30", owner="Head")
    first = told("2026Q3", book(opportunities=DEALS, quotas=QUOTAS), goals=(goal,))[0]
    assert first == "Bookings of 300 USD in 2026Q3 are 25 % under the target of 400 USD."


def test_no_target() -> None:
    first = told("2026Q3", book(opportunities=DEALS))[0]
    assert first == "Bookings are 300 USD in 2026Q3; no target is set for them."


def test_a_period_that_is_not_over_is_never_behind() -> None:
    sentences = told("2026Q3", book("2026-08-15", opportunities=DEALS, quotas=QUOTAS))
    assert sentences[0] == (
        "Bookings are 300 USD so far, 67 % of the target of 450 USD for 2026Q3, with 46 of its 92 days gone (50 %)."
    )
    # The second quarter's first 46 days, to 16 May, hold all four deals won on 10 May.
    assert (
        sentences[1]
        == "They are down 25.0 % (100 USD) on the first 46 days of 2026Q2, which chance alone could explain."
    )
    assert not any("under the target" in sentence for sentence in sentences)


def test_the_first_period_is_compared_with_nothing() -> None:
    sentences = told("2026Q1", book(opportunities=DEALS))
    assert sentences[:3] == [
        "Bookings are 200 USD in 2026Q1; no target is set for them.",
        "Records begin on 2026-02-10: there is no earlier period to compare 2026Q1 with.",
        "Win rate is 50.0 % of 4 deals decided (15.0 to 85.0 %).",
    ]


def test_a_period_on_record_in_part_is_not_compared_with() -> None:
    # The first quarter's records begin on 10 February, after more than a tenth of its days.
    sentences = told("2026Q2", book(opportunities=DEALS))
    assert sentences[1] == "2026Q1 is on record only from 2026-02-10, so the two cannot be compared."
    assert not any("Of the change" in sentence or " on 2026Q1" in sentence for sentence in sentences)


def test_a_period_that_has_not_begun() -> None:
    found = card("2027Q1", book(opportunities=DEALS))
    assert found.headlines()[0] == (
        "There is nothing to report for 2027Q1: it has not begun, the data end on 2026-09-30."
    )
    assert found.nothing() == found.trend_finding("revenue.booked") == found.trends_finding() == found.headlines()[0]
    assert found.tiles.empty


def test_a_period_before_the_first_record() -> None:
    first = told("2020Q1", book(opportunities=DEALS))[0]
    assert first == "There is nothing to report for 2020Q1: records of closed deals and orders begin on 2026-02-10."


def test_a_period_in_which_nothing_was_sold() -> None:
    lost = [*deals("2026-05-10", "EMEA", "ww"), *deals("2026-08-10", "EMEA", "ll")]
    sentences = told("2026Q3", book(opportunities=lost))
    assert sentences[0] == "Nothing was sold in 2026Q3."
    # Two deals and then none: chance gives that once in seven.
    assert sentences[1] == "Bookings are down 100.0 % (200 USD) on 2026Q2, which chance alone could explain."


def test_no_deal_is_closed_at_all() -> None:
    first = told("2026Q3", book(opportunities=deals("2026-08-10", "EMEA", "oo")))[0]
    assert first == "There is nothing to report for 2026Q3: no deal is closed and nothing ordered."


def orders(day: str, rep: str, *amounts: float) -> list[dict[str, object]]:
    return [
        {"order_line_id": f"{day}{rep}{i}", "order_id": f"{day}{rep}{i}", "account_id": "a", "ordered_at": day,
         "rep_id": rep, "amount": amount}
        for i, amount in enumerate(amounts)
    ]  # fmt: skip


def test_a_book_of_orders_alone() -> None:
    rows = [*orders("2026-04-02", "emea", 100, 100), *orders("2026-08-10", "emea", 100, 100, 100)]
    sentences = told("2026Q3", book(orders=rows))
    assert sentences[:3] == [
        "Revenue is 300 USD in 2026Q3; no target is set for it.",
        "It is up 50.0 % (100 USD) on 2026Q2, which chance alone could explain.",
        "Of the change of +100 USD: orders +100, order size 0.",
    ]


def test_one_segment_is_not_compared() -> None:
    only = [d for d in DEALS if d["owner_id"] == "emea"]
    sentences = told("2026Q3", book(opportunities=only))
    assert not any("can be told from the rest" in sentence for sentence in sentences)
    assert f"Of the change of {MINUS}100 USD: win rate {MINUS}100, deals decided 0, deal size 0." in sentences


def test_segments_that_differ_are_named_and_others_are_not_ranked() -> None:
    same = [*deals("2026-08-10", "EMEA", "wl" * 20), *deals("2026-08-10", "AMER", "wl" * 20)]
    assert "No region can be told from the rest by win rate; do not rank them on it." in told(
        "2026Q3", book(opportunities=same)
    )
    unlike = [*deals("2026-08-10", "EMEA", "wlll" * 10), *deals("2026-08-10", "AMER", "wwwl" * 10)]
    assert "Win rate by region: EMEA (25.0 % of 40) below the rest; AMER (75.0 % of 40) above the rest." in told(
        "2026Q3", book(opportunities=unlike)
    )


def test_what_is_missing_is_counted() -> None:
    last = told("2026Q3", book(opportunities=DEALS))[-1]
    assert last == (
        "2 of 11 KPIs cannot be computed from this source; what is missing and how many it costs: "
        "orders.cost (1) and quotas (1)."
    )


def test_quotas_that_are_not_held_against_all_that_is_sold() -> None:
    # A third seller has no quota: 400 is sold, and 300 of it counts against the quotas of 450.
    more = [*DEALS, *[{**d, "owner_id": "x"} for d in deals("2026-08-12", "X", "w")]]
    first = told("2026Q3", book(opportunities=more, quotas=QUOTAS))[0]
    assert first == (
        "Bookings are 400 USD in 2026Q3. Against quotas of 450 USD, 300 USD was sold: 66.7 %; "
        "EMEA accounts for 100 of the 150 gap."
    )
    so_far = told("2026Q3", book("2026-08-15", opportunities=more, quotas=QUOTAS))[0]
    assert so_far.endswith("Against quotas of 450 USD, 300 USD is sold so far.")


def test_a_gap_of_one_segment_alone() -> None:
    third = [*deals("2026-08-10", "EMEA", "w"), *[{**d, "amount": 250} for d in deals("2026-08-10", "AMER", "w")]]
    first = told("2026Q3", book(opportunities=third, quotas=QUOTAS))[0]
    assert first.endswith("; EMEA accounts for nearly all of the 100 gap.")


def test_nothing_has_changed() -> None:
    same = [*deals("2026-05-10", "EMEA", "wl"), *deals("2026-08-10", "EMEA", "wl")]
    found = card("2026Q3", book(opportunities=same))
    assert found.headlines()[1] == "They are as in 2026Q2."
    assert found.trend_finding("revenue.booked") == "Bookings are 100 USD in 2026Q3, as in 2026Q2."
    assert found.bridge_finding() == "The amount sold is the same as in 2026Q2."


def test_the_sentences_of_a_trend() -> None:
    found = card("2026Q2", book(opportunities=DEALS))
    assert found.trend_finding("revenue.booked") == (
        "Bookings are 400 USD in 2026Q2; 2026Q1 is on record only from 2026-02-10, so the two cannot be compared."
    )
    assert found.bridge_finding() == "2026Q1 is on record only from 2026-02-10, so the two cannot be compared."
    first = card("2026Q1", book(opportunities=DEALS))
    assert first.trend_finding("revenue.booked") == "Bookings are 200 USD in 2026Q1."
    lost = card("2026Q3", book(opportunities=[*deals("2026-05-10", "EMEA", "wl"), *deals("2026-08-10", "EMEA", "ll")]))
    assert lost.trend_finding("average_deal_size.mean") == "Average deal size: no value in 2026Q3."


def test_the_year_before_is_spoken_of_where_it_is_on_record() -> None:
    year = [*deals("2025-01-01", "EMEA", "w" * 9), *deals("2025-08-10", "EMEA", "ww")]
    second = told("2026Q3", book(opportunities=[*year, *DEALS]))[1]
    assert second == (
        "They are down 25.0 % (100 USD) on 2026Q2, which chance alone could explain; "
        "up 50.0 % (100 USD) on 2025Q3, which chance alone could explain."
    )


def test_what_moved_by_more_than_chance_is_named() -> None:
    second = [*deals("2026-04-01", "EMEA", "w" * 15 + "l" * 5), *deals("2026-05-10", "EMEA", "w" * 15 + "l" * 5)]
    moved = [*second, *deals("2026-08-10", "EMEA", "w" * 10 + "l" * 30)]
    found = card("2026Q3", book(opportunities=moved))
    assert found.trends_finding() == (
        f"Besides bookings, moved by more than chance since 2026Q2: win rate ({MINUS}50.0 points)."
    )
    tiles = found.tiles.assign(is_change_real=found.tiles["is_change_real"].where(found.tiles["name"] != found.main))
    assert replace(found, tiles=tiles).trends_finding().startswith("Of the others, moved by more than chance")
    assert found.headlines()[1] == "They are down 66.7 % (2.0 k USD) on 2026Q2, more than chance explains."


def test_what_may_be_missing_is_nothing() -> None:
    lines = [{**line, "cost": 1, "product": "Core"} for line in orders("2026-08-10", "emea", 100)]
    rows = told("2026Q3", book(opportunities=DEALS, quotas=QUOTAS, orders=lines))
    assert not any("cannot be computed" in sentence for sentence in rows)


def test_three_quarters_without_a_sale() -> None:
    early = [*deals("2025-01-10", "EMEA", "w"), *deals("2025-08-10", "EMEA", "l"), *deals("2026-05-10", "EMEA", "l")]
    sentences = told("2026Q3", book(opportunities=[*early, *deals("2026-08-10", "EMEA", "l")]))
    assert sentences[:2] == ["Nothing was sold in 2026Q3.", "Bookings are 0, as in 2026Q2 and in 2025Q3."]


def test_coverage_is_that_of_the_start() -> None:
    found = card("2026Q3", book(opportunities=DEALS, quotas=QUOTAS))
    row = found.tiles[found.tiles["name"] == "win_rate.closed"].assign(name="pipeline_coverage.end", value=0.991)
    covered = replace(found, tiles=pd.concat([found.tiles, row], ignore_index=True))
    assert (
        "2 open deals at the end of 2026Q3 hold 200 USD; at the start of 2026Q3 the deals due in it were 99.1 % of its "
        "quota." in covered.headlines()
    )


def test_what_is_missing_is_listed_up_to_five_and_a_kpi_is_lost_once() -> None:
    rows = [{"needs": need, "kpis": (f"k.{need}", "k.both"), "count": 2} for need in "abcdefg"]
    assert needs.costs(pd.DataFrame(rows), 20) == (
        "8 of 20 KPIs cannot be computed from this source; what is missing and how many it costs: "
        "a (2), b (2), c (2), d (2), e (2) and 2 others"
    )
    assert needs.costs(pd.DataFrame(rows[:6]), 20).endswith("e (2) and 1 other")
