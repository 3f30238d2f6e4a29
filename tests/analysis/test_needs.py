"""What a KPI needs: told by its declaration where that is all it needs, and by its definition elsewhere."""

from __future__ import annotations

import datetime as dtm

import pytest

from salesnb.analysis.needs import unmet
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.data.contract import CONTRACT
from salesnb.data.sample import make
from salesnb.errors import NeedsData
from salesnb.kpis import registry
from salesnb.periods import Period

PERIOD = Period.parse("2026-05")
DECIDED = [entry for entry in registry.all_kpis() if entry.needs_decide]
NAMES = ("opportunities", "opportunity_events", "activities", "quotes", "quotas", "reps", "accounts", "leads")
DATES = ("created_at", "closed_on", "expected_close_on", "first_contact_at")
MADE = make(seed=7, scale=0.03)
TABLES = {name: MADE[name][[c for c in CONTRACT[name].names if c in MADE[name]]].head(20) for name in NAMES}


def book(tables):
    return memo.keeping(Book.of(tables, as_of=dtm.date(2026, 9, 30)), stores=False)


def sources():
    """The sample without a table, and with one table alone, and its deals without a column or without their dates."""
    yield from ((f"without {left}", {n: t for n, t in TABLES.items() if n != left}) for left in TABLES)
    yield from ((f"only {name}", {name: TABLES[name]}) for name in ("opportunities", "quotes"))
    deals = TABLES["opportunities"]
    for columns in (["amount"], ["stage"], ["owner_id"], ["account_id", "product"], list(DATES)):
        yield f"without {columns[0]}", {**TABLES, "opportunities": deals.drop(columns=columns)}


@pytest.mark.parametrize(("name", "tables"), [pytest.param(n, t, id=n) for n, t in sources()])
def test_the_needs_decide_where_they_say_so(name, tables):
    source = book(tables)
    can = [entry for entry in DECIDED if not unmet(source, entry, PERIOD)]
    asked_more = []
    for entry in can:
        try:
            entry.measure(source, PERIOD)
        except NeedsData as more:
            asked_more.append((entry.name, more.what))
    assert asked_more == []
    assert can or name == "without opportunities" or name == "only quotes"


def test_the_definition_is_asked_where_they_do_not():
    quotas = [{"team": "T1", "starts_on": "2026-04-01", "metric": "bookings", "amount": 10}]
    deals = [{"opportunity_id": "1", "outcome": "won", "closed_on": "2026-05-01", "amount": 5}]
    source = book({"quotas": quotas, "opportunities": deals})
    assert unmet(source, registry.find("quota_attainment.booked"), PERIOD) == ["reps.team"]
