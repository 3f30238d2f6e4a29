"""Accounts and deals as the tables of the contract: what stands in the CRM, its change log and its snapshots."""

from __future__ import annotations

import datetime as dtm

import numpy as np

from salesnb.data.sample.company import FX_CENTS, KINDS, Company, dollars
from salesnb.data.sample.deals import CATEGORIES, DAY, LOST, OPEN, OUTCOMES
from salesnb.data.sample.draws import NONE, Draws, Flags, Ints, Words
from salesnb.data.sample.log import (
    AMOUNT,
    CATEGORY,
    EXPECTED,
    FIELDS,
    GONE,
    OUTCOME,
    OWNER,
    STAGE,
    first_values,
    state_on,
)
from salesnb.data.sample.people import day_of
from salesnb.data.sample.plan import (
    CLOSED_STAGES,
    CURRENCY,
    FX,
    PRICE_RISE_ON,
    PRODUCTS,
    REGIONS,
    SEGMENTS,
    STAGES,
)

ALL_STAGES = np.array((*STAGES, *CLOSED_STAGES), dtype=object)
CODES = np.array((CURRENCY, *FX), dtype=object)
COUNTRIES = (
    ("United States", "United States", "Canada"),
    ("United States", "United States", "Mexico", "Brazil"),
    ("United Kingdom", "Sweden", "Netherlands", "Ireland"),
    ("France", "Germany", "Spain", "Italy"),
    ("Japan", "South Korea", "Taiwan"),
    ("Australia", "Singapore", "New Zealand", "India"),
)
INDUSTRIES = (
    "Logistics", "Healthcare", "Manufacturing", "Retail", "Financial Services", "Education", "Energy", "Media",
    "Professional Services",
)  # fmt: skip
BANDS = (("1-49", "50-249"), ("250-499", "500-999"), ("1000-4999", "5000+"))
LOSS_REASONS = ("price", "competitor", "no decision", "missing feature", "timing", "security requirements")
NEXT_STEPS = (
    "send revised offer", "book a demo", "call the sponsor", "wait for legal", "share security answers",
    "meet the finance lead", "agree a pilot", "confirm the start date",
)  # fmt: skip
_FRONT = (
    "Al", "Bor", "Cal", "Den", "El", "Fen", "Gal", "Hol", "Is", "Jor", "Kel", "Lun", "Mar", "Nor", "Or", "Pel", "Quin",
    "Ros", "Sol", "Tor", "Ul", "Ver", "Wil", "Xan", "Yar", "Zel",
)  # fmt: skip
_BACK = (
    "bury",
    "dane",
    "fax",
    "gate",
    "hurst",
    "ion",
    "ket",
    "lex",
    "mira",
    "nova",
    "olan",
    "pex",
    "rith",
    "sen",
    "tova",
    "vale",
    "wyn",
)
_KIND = (
    "Systems",
    "Group",
    "Works",
    "Partners",
    "Labs",
    "Foods",
    "Freight",
    "Health",
    "Textiles",
    "Energy",
    "Media",
    "Bank",
    "Tools",
)


def company_name(number: int) -> str:
    """Return the made-up name of the account with that position; different for the first 5,746, numbered after."""
    whole = len(_FRONT) * len(_BACK) * len(_KIND)
    mixed = (number * 3571 + 1009) % whole
    front, rest = mixed % len(_FRONT), mixed // len(_FRONT)
    name = f"{_FRONT[front]}{_BACK[rest % len(_BACK)]} {_KIND[rest // len(_BACK)]}"
    return name if number < whole else f"{name} {number // whole + 1}"


def account_ids(numbers: Ints) -> list[str | None]:
    """Return the ids of accounts by position: digits with leading zeros."""
    return [None if number == NONE else f"{number + 1:06d}" for number in numbers.tolist()]


def deal_ids(count: int) -> Words:
    """Return the ids of all deals by position."""
    return np.array([f"D-{number:05d}" for number in range(1, count + 1)], dtype=object)


def countries(seed: int, company: Company) -> list[str]:
    """Return each account's country; one that pays in pounds lies in the United Kingdom."""
    luck = Draws.of(seed, 20).below(12, len(company.account_team)).tolist()
    pounds = set(company.deals.account[company.deals.currency == 2].tolist())
    return [
        "United Kingdom" if place in pounds else COUNTRIES[team][number % len(COUNTRIES[team])]
        for place, (team, number) in enumerate(zip(company.account_team.tolist(), luck, strict=True))
    ]


def account_columns(seed: int, company: Company) -> dict[str, object]:
    """Return the table ``accounts``."""
    draws = Draws.of(seed, 21)
    size = len(company.account_since)
    bands = draws.below(2, size).tolist()
    industries = draws.pick((16, 13, 15, 12, 12, 8, 7, 7, 10), size)
    segment = company.account_segment
    is_target = draws.hits(np.asarray((60_000, 180_000, 450_000))[segment], size)
    is_target[int(company.deals.account.max()) + 1 :] = True
    return {
        "account_id": account_ids(np.arange(size)),
        "name": [company_name(number) for number in range(size)],
        "segment": np.array(SEGMENTS, dtype=object)[segment],
        "industry": np.array(INDUSTRIES, dtype=object)[industries],
        "size_band": [BANDS[place][band] for place, band in zip(segment.tolist(), bands, strict=True)],
        "region": np.array(REGIONS, dtype=object)[company.account_team // 2],
        "country": countries(seed, company),
        "created_on": company.account_since,
        "is_target": is_target,
    }


def deal_columns(seed: int, company: Company, last_activity: Ints, *, converted: bool) -> dict[str, object]:
    """Return the table ``opportunities``.

    Parameters
    ----------
    seed, company
        Whose deals.
    last_activity
        For each deal the second of its last activity.
    converted
        Amounts in the book's currency; else in each deal's own.
    """
    draws = Draws.of(seed, 22)
    deals = company.deals
    size = len(deals)
    came_in = np.where(deals.lead == NONE, NONE, company.leads.created[np.where(deals.lead == NONE, 0, deals.lead)])
    before = draws.between(0, 15 * DAY, size)
    contact = np.where(came_in == NONE, deals.created - before, came_in + (deals.created - came_in) // 4)
    contact = np.where(draws.hits(20_000, size), NONE, contact)
    usual = draws.pick((24, 26, 24, 12, 14), size)
    by_price = (deals.product == 0) & (deals.closed >= day_of(PRICE_RISE_ON) * DAY) & draws.hits(300_000, size)
    reason = np.where(by_price, 0, usual)
    reason = np.where((deals.lost_from == 3) & draws.hits(450_000, size), 5, reason)
    is_open = deals.outcome == OPEN
    has_step = is_open & draws.hits(700_000, size)
    step = draws.below(len(NEXT_STEPS), size)
    reasons = np.array(LOSS_REASONS, dtype=object)[reason]
    reasons[deals.outcome != LOST] = None
    steps = np.array(NEXT_STEPS, dtype=object)[step]
    steps[~has_step] = None
    return {
        **_standing(company, np.arange(size), deals.amount, deals.currency, converted=converted),
        "owner_id": np.array(company.roster.ids, dtype=object)[deals.owner],
        "stage": ALL_STAGES[deals.stage],
        "first_contact_at": contact,
        "expected_close_on": deals.expected,
        "closed_on": np.where(deals.closed == NONE, NONE, deals.closed // DAY),
        "outcome": np.array(OUTCOMES, dtype=object)[deals.outcome],
        "loss_reason": reasons,
        "forecast_category": np.array(CATEGORIES, dtype=object)[deals.category],
        "next_step": steps,
        "last_activity_at": last_activity,
    }


def _standing(company: Company, rows: Ints, amount: Ints, currency: Ints, *, converted: bool) -> dict[str, object]:
    deals = company.deals
    lead = deals.lead[rows].tolist()
    return {
        "opportunity_id": deal_ids(len(deals))[rows],
        "account_id": account_ids(deals.account[rows]),
        "lead_id": [None if number == NONE else f"L-{number + 1:06d}" for number in lead],
        "kind": np.array(KINDS, dtype=object)[deals.kind[rows]],
        "product": np.array(PRODUCTS, dtype=object)[deals.product[rows]],
        "amount": dollars(amount, currency) if converted else amount,
        "currency": CODES[currency * (not converted)],
        "created_at": deals.created[rows],
    }


def event_columns(company: Company, *, converted: bool) -> dict[str, object]:
    """Return the table ``opportunity_events`` in order of time; a deal's first stage has no value before it."""
    deals, log = company.deals, company.log
    rates = np.asarray(FX_CENTS, dtype=np.int64)[deals.currency[log.deal]] if converted else np.full(len(log.deal), 100)
    return {
        "opportunity_id": deal_ids(len(deals))[log.deal],
        "changed_at": log.at,
        "field": np.array(FIELDS, dtype=object)[log.field],
        "old": _words(company, log.old, rates),
        "new": _words(company, log.new, rates),
    }


def _words(company: Company, values: Ints, rates: Ints) -> Words:
    """Return what the log says, as text."""
    log = company.log
    words = np.full(len(values), None, dtype=object)
    lists = {
        STAGE: ALL_STAGES, OWNER: company.roster.ids, CATEGORY: CATEGORIES, OUTCOME: OUTCOMES, GONE: ("false", "true"),
    }  # fmt: skip
    for what, names in lists.items():
        rows = np.flatnonzero((log.field == what) & (values != NONE))
        words[rows] = np.array(names, dtype=object)[values[rows]]
    rows = np.flatnonzero(log.field == EXPECTED)
    words[rows] = np.datetime_as_string(values[rows].astype("datetime64[D]")).astype(object)
    rows = np.flatnonzero(log.field == AMOUNT)
    cents = (values[rows] * rates[rows] // 100).tolist()
    words[rows] = [f"{amount // 100}.{amount % 100:02d}" for amount in cents]
    return words


SNAPSHOT_DAYS = tuple(
    day_of(dtm.date(2025 + month // 12, month % 12 + 1, 1)) - 1 for month in range(10, 22)
)  # the month ends from 2025-10-31 to 2026-09-30


def open_on(company: Company, day: int) -> Flags:
    """Tell which deals were open at the end of a day, by the log."""
    second = (day + 1) * DAY - 1
    deals, log = company.deals, company.log
    zeros = np.zeros(len(deals), dtype=np.int64)
    outcome = state_on(zeros, log, OUTCOME, second)
    deleted = state_on(zeros, log, GONE, second)
    return np.asarray((deals.created <= second) & (outcome == OPEN) & (deleted == 0))


def snapshot_columns(company: Company, *, converted: bool) -> dict[str, object]:
    """Return the table ``opportunity_snapshots``: the open deals at each month end of the last year."""
    deals, log = company.deals, company.log
    now = {
        STAGE: deals.stage,
        AMOUNT: deals.amount,
        EXPECTED: deals.expected,
        OWNER: deals.owner,
        CATEGORY: deals.category,
    }
    first = {what: first_values(values, log, what) for what, values in now.items()}
    parts: list[dict[str, object]] = []
    for day in SNAPSHOT_DAYS:
        rows = np.flatnonzero(open_on(company, day))
        then = {what: state_on(values, log, what, (day + 1) * DAY - 1)[rows] for what, values in first.items()}
        parts.append(
            {
                "snapshot_on": np.full(len(rows), day),
                **_standing(company, rows, then[AMOUNT], deals.currency[rows], converted=converted),
                "owner_id": np.array(company.roster.ids, dtype=object)[then[OWNER]],
                "stage": ALL_STAGES[then[STAGE]],
                "expected_close_on": then[EXPECTED],
                "outcome": np.full(len(rows), "open", dtype=object),
                "forecast_category": np.array(CATEGORIES, dtype=object)[then[CATEGORY]],
            }
        )
    return {name: np.concatenate([np.asarray(part[name]) for part in parts]) for name in parts[0]}
