"""Leads to customers, stage to stage and visitors to orders, on rows worked out by hand."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import pytest

from salesnb.data.book import Book
from salesnb.kpis.funnels_deals import deal_steps, deal_way
from salesnb.kpis.funnels_leads import lead_way
from salesnb.kpis.registry import compute
from salesnb.periods import Period

Q3 = Period.parse("2026Q3")
STAGES = ("Qualify", "Offer")


def lead(number: str, created: str | None, **more: Any) -> dict[str, Any]:
    return {"lead_id": number, "created_at": created, **more}


def deal(number: str, outcome: str = "open", closed: str | None = None, **more: Any) -> dict[str, Any]:
    base = {"opportunity_id": number, "created_at": "2026-07-02", "outcome": outcome, "closed_on": closed, "amount": 10}
    return {**base, **more}


def move(number: str, on: str, old: str | None, new: str) -> dict[str, Any]:
    return {"opportunity_id": number, "changed_at": on, "field": "stage", "old": old, "new": new}


def book(as_of: str = "2026-12-31", **tables: Any) -> Book:
    return Book.of(tables, as_of=dtm.date.fromisoformat(as_of), stages=STAGES)


LEADS = [
    lead("1", "2026-07-01", opportunity_id="D1", source="web"),
    lead("2", "2026-07-10", opportunity_id="D2", source="web"),
    lead("3", "2026-08-01", source="fair"),
    lead("4", "2026-09-30", source="fair"),
    lead("5", "2026-10-01", opportunity_id="D3"),
]
DEALS = [
    deal("D1", "won", "2026-09-28", account_id="A"),  # 89 days after its lead
    deal("D2", "lost", "2026-08-01"),
    deal("D4", "won", "2026-11-05", lead_id="4", account_id="B"),  # 36 days
    deal("D3", "won", "2026-10-30", account_id="A"),
    deal("D5", "won", "2026-08-01"),  # no account: a customer of its own
]


def one(name: str, book: Book, **more: Any) -> Any:
    return compute(book, name, Q3, **more).iloc[0]


def test_leads_that_became_customers_by_either_link() -> None:
    found = one("lead_conversion_rate", book(leads=LEADS, opportunities=DEALS))
    assert (found["numerator"], found["denominator"]) == (2, 4)
    assert found["status"] == "immature"
    assert found["reason"] == "1 of the 4 leads of 2026Q3 (25%) may still become customers"
    by_source = compute(book(leads=LEADS, opportunities=DEALS), "lead_conversion_rate", Q3, by="source")
    assert dict(zip(by_source["segment"], by_source["value"], strict=True)) == {"fair": 1 / 2, "web": 1 / 2}


def test_within_90_days_counts_those_watched_as_long() -> None:
    found = one("lead_conversion_rate.within_90_days", book("2026-11-10", leads=LEADS, opportunities=DEALS))
    assert (found["numerator"], found["denominator"], found["status"]) == (1, 3, "immature")
    assert found["reason"] == "1 of the leads of 2026Q3 are younger than 90 days; 1 left out: younger than 90 days"
    later = one("lead_conversion_rate.within_90_days", book(leads=LEADS, opportunities=DEALS))
    assert (later["numerator"], later["denominator"], later["status"]) == (2, 4, "ok")


def test_customers_won_in_the_period_over_its_leads_and_the_other_way_round() -> None:
    tables = book(leads=LEADS, opportunities=DEALS)
    assert one("lead_conversion_rate.closed_in_period", tables)["value"] == 2 / 4  # A, and the deal without an account
    assert one("lead_to_sale_ratio", tables)["value"] == 4 / 2
    assert one("lead_to_sale_ratio", book(leads=LEADS, opportunities=DEALS[1:2]))["status"] == "na"


def test_without_deals_of_leads_the_account_that_bought_tells() -> None:
    orders = [
        {"order_line_id": "1", "account_id": "A", "ordered_at": "2026-08-01", "amount": 1},
        {"order_line_id": "2", "account_id": "B", "ordered_at": "2026-06-01", "amount": 1},
    ]
    leads = [lead("1", "2026-07-01", account_id="A"), lead("2", "2026-07-01", account_id="B")]
    found = one("lead_conversion_rate", book(leads=leads, orders=orders))
    assert (found["numerator"], found["denominator"]) == (1, 2)  # B was a customer before
    assert one("lead_conversion_rate", book(leads=leads))["status"] == "needs"
    assert one("lead_conversion_rate", book(leads=[lead("1", "2026-07-01")]))["status"] == "needs"


LOG = [
    move("D1", "2026-07-02", None, "Qualify"), move("D1", "2026-07-12", "Qualify", "Offer"),
    move("D2", "2026-07-05", "Qualify", "Offer"), move("D2", "2026-07-09", "Offer", "Qualify"),
    move("D4", "2026-10-02", None, "Qualify"),
]  # fmt: skip


def test_stages_reached_by_the_deals_that_came_to_each_in_the_period() -> None:
    deals = [*DEALS[:3], deal("D6", stage="Offer"), deal("D7", stage="Qualify"), deal("D8", "lost", "2026-08-01")]
    frame = compute(book(opportunities=deals, opportunity_events=LOG), "stage_conversion", Q3)
    # Qualify: D1, D2 (it left it, so it had been there) and D7, which stands there; D4 came to it in October.
    # Offer: D1, D2 and D6; D1 was won from it.
    assert frame[["segment", "numerator", "denominator"]].to_numpy().tolist() == [["Offer", 1, 3], ["Qualify", 2, 3]]
    assert set(frame["reason"]) == {"2 of the stays in stages that began in 2026Q3 are not over"}


def test_stages_within_30_days() -> None:
    frame = compute(
        book("2026-08-05", opportunities=DEALS[:2], opportunity_events=LOG[:4]), "stage_conversion.within_30_days", Q3
    )
    # Offer: D1 won after 78 days; D2 came to it 31 days before. Qualify: both went on within 30 days.
    assert frame[["segment", "numerator", "denominator"]].to_numpy().tolist() == [["Offer", 0, 1], ["Qualify", 2, 2]]
    assert "1 of the stays in stages began less than 30 days ago; 1 left out" in frame["reason"].iloc[0]


def test_stages_need_a_history() -> None:
    assert one("stage_conversion", book(opportunities=DEALS))["status"] == "needs"
    outcome = {"opportunity_id": "D1", "changed_at": "2026-07-02", "field": "outcome", "old": "open", "new": "won"}
    bare = Book.of({"opportunities": DEALS, "opportunity_events": [outcome]}, as_of=dtm.date(2026, 12, 31))
    assert one("stage_conversion", bare)["reason"] == "needs opportunity_events of the field stage"


def test_snapshots_tell_stages_too() -> None:
    shots = [
        {"snapshot_on": on, "opportunity_id": "D1", "stage": stage, "outcome": "open"}
        for on, stage in (("2026-07-31", "Qualify"), ("2026-08-31", "Offer"))
    ]
    frame = compute(book(opportunities=DEALS[:1], opportunity_snapshots=shots), "stage_conversion", Q3)
    assert frame[["segment", "numerator", "denominator"]].to_numpy().tolist() == [["Offer", 1, 1], ["Qualify", 1, 1]]


def touch(number: int, visitor: str | None, on: str, kind: str | None, channel: str = "web") -> dict[str, Any]:
    return {"touch_id": str(number), "visitor_id": visitor, "happened_at": on, "kind": kind, "channel": channel}


TOUCHES = [
    touch(1, "a", "2026-07-01 09:00", "visit"), touch(2, "a", "2026-07-02 09:00", " Order "),
    touch(3, "a", "2026-07-02 08:00", "cart"),
    touch(4, "b", "2026-07-01 09:00", "cart", "mail"), touch(5, "b", "2026-10-01 09:00", "order"),
    touch(6, "c", "2026-07-01 09:00", "lead", "mail"), touch(7, None, "2026-07-01 09:00", "order"),
    touch(8, "d", "2026-09-30 23:59", None), touch(9, "e", "2026-07-01 09:00", "order"),
    touch(10, "e", "2026-07-02 09:00", "cart"),
]  # fmt: skip


def test_visitors_who_ordered_or_left_a_lead() -> None:
    found = one("web_conversion_rate", book(touches=TOUCHES))
    assert (found["numerator"], found["denominator"]) == (3, 5)  # a, c and e of a to e
    by_channel = compute(book(touches=TOUCHES), "web_conversion_rate", Q3, by="channel")
    assert dict(zip(by_channel["segment"], by_channel["value"], strict=True)) == {"mail": 1 / 2, "web": 2 / 3}
    checkout = one("web_conversion_rate.checkout", book(touches=TOUCHES))
    assert (checkout["numerator"], checkout["denominator"]) == (1, 3)  # b ordered later, e before


@pytest.mark.parametrize(
    "name", ["lead_conversion_rate", "lead_to_sale_ratio", "stage_conversion", "web_conversion_rate"]
)
def test_what_the_source_does_not_give_is_said(name: str) -> None:
    assert one(name, book(orders=[]))["status"] == "needs"


def test_without_an_order_that_is_given_stages_in_which_deals_only_end_are_no_steps() -> None:
    log = [*LOG, move("D1", "2026-09-28", "Offer", "Closed Won"), move("D2", "2026-08-01", "Qualify", "Closed Lost")]
    deals = [deal("D1", "won", "2026-09-28", stage="Closed Won"), deal("D2", "lost", "2026-08-01", stage="Closed Lost")]
    found = Book.of(
        {"opportunities": [*deals, deal("D4", stage="Offer")], "opportunity_events": log}, as_of=dtm.date(2026, 12, 31)
    )
    assert deal_steps(found) == ("Qualify", "Offer")


def test_an_account_comes_to_a_stage_with_the_first_of_its_deals() -> None:
    deals = [deal("D1", "won", "2026-09-28", account_id="A"), deal("D2", account_id="A"), deal("D4")]
    way = deal_way(book(opportunities=deals, opportunity_events=LOG), unit="account")
    found = way.rows.execute()
    assert found[["account_id", "reached", "is_open"]].to_numpy().tolist() == [["A", 2, True]]
    assert float(found["value"].iloc[0]) == 20
    assert [str(day)[:10] for day in found.loc[0, ["at_0", "at_1", "at_2"]]] == [
        "2026-07-02",
        "2026-07-05",
        "2026-09-28",
    ]


def test_deals_whose_dates_are_missing_or_wrong_stay_where_they_are_known_to_be() -> None:
    deals = [
        deal("D1", "won", "2026-06-01"),  # closed before it was created
        deal("D2", "won", None),
        deal("D9", "lost", "2026-08-01", stage="Other"),
    ]
    found = deal_way(book(opportunities=deals, opportunity_events=LOG[:2])).rows.execute().set_index("opportunity_id")
    assert found["reached"].fillna(-1).to_dict() == {"D1": 2, "D2": 2, "D9": -1}
    assert str(found.loc["D1", "at_2"])[:10] == "2026-07-02"
    assert found.loc["D2", "entry"] == 2


def test_a_lead_may_go_on_unless_its_status_or_its_deals_say_no() -> None:
    leads = [
        lead("1", "2026-07-01", status="Unqualified"), lead("2", "2026-07-01", status="working"),
        lead("3", "2026-07-01", opportunity_id="D2"), lead("9", None, qualified_at="2026-07-05"),
    ]  # fmt: skip
    found = lead_way(book(leads=leads, opportunities=DEALS)).rows.execute().sort_values("lead_id")
    assert found["is_open"].tolist() == [False, True, False, True]
    assert found["reached"].tolist() == [0, 0, 2, 1]
    alone = lead_way(book(leads=leads))
    assert alone.plan.names == ("Lead", "Qualified")
    assert alone.note
