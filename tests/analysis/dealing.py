"""Small companies whose deals' chances are planted."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import numpy as np

from salesnb.data.book import Book

FIRST, LAST = dtm.date(2024, 1, 1), dtm.date(2026, 6, 30)
CHANCE = {"big": 0.85, "small": 0.25}
"""Of a deal with an offer, to be won."""
DAY = dtm.timedelta(days=1)


def company(n: int = 1000, *, seed: int = 5, chance: dict[str, float] = CHANCE) -> dict[str, list[dict[str, Any]]]:
    """Deals that talk 10 to 30 days, of which 70 % get an offer, and that end 10 to 40 days later.

    Whether a deal with an offer is won differs by the segment of its account, and by nothing else.
    """
    random = np.random.default_rng(seed)
    deals, events = [], []
    for number in range(n):
        deal, segment = f"D{number:04d}", ("big", "small")[int(random.integers(2))]
        created = FIRST + DAY * int(random.integers((LAST - FIRST).days))
        offered = created + DAY * int(random.integers(10, 31))
        has_offer, ends = random.random() < 0.7, offered + DAY * int(random.integers(10, 41))
        won = has_offer and random.random() < chance[segment]
        closes = ends if has_offer else offered
        stage, outcome = "Talk", "open"
        if has_offer and offered <= LAST:
            stage = "Offer"
            events.append(change(deal, offered, "stage", "Talk", "Offer"))
        if closes <= LAST:
            outcome = "won" if won else "lost"
            events.append(change(deal, closes, "outcome", "open", outcome))
            events.append(change(deal, closes, "stage", stage, outcome.title()))
            stage = outcome.title()
        deals.append(
            {
                "opportunity_id": deal, "account_id": segment, "owner_id": f"R{number % 4}", "stage": stage,
                "amount": float(random.integers(10, 1000)), "created_at": created, "outcome": outcome,
                "closed_on": closes if outcome != "open" else None, "product": ("P", "Q")[number % 2],
            }
        )  # fmt: skip
    accounts = [{"account_id": name, "segment": name} for name in chance]
    return {"opportunities": deals, "opportunity_events": events, "accounts": accounts}


def change(deal: str, on: dtm.date, field: str, old: str | None, new: str) -> dict[str, Any]:
    """One line of a change log, at noon."""
    at = dtm.datetime.combine(on, dtm.time(12))
    return {"opportunity_id": deal, "changed_at": at, "field": field, "old": old, "new": new}


def book(tables: dict[str, list[dict[str, Any]]], as_of: dtm.date = LAST) -> Book:
    """A book of them."""
    return Book.of(tables, as_of=as_of, stages=("Talk", "Offer"))
