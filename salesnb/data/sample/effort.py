"""What the sellers did: activities and quotes."""

from __future__ import annotations

import numpy as np

from salesnb.data.sample.company import Company
from salesnb.data.sample.deals import FIRST_MONDAY, WEEKS, WON
from salesnb.data.sample.demand import DAY, office
from salesnb.data.sample.draws import NONE, Draws, Flags, Ints
from salesnb.data.sample.log import OWNER, STAGE, held_at
from salesnb.data.sample.people import LAST_SECOND
from salesnb.data.sample.plan import QUOTE_ERROR
from salesnb.data.sample.records import deal_ids

KINDS = np.array(("call", "meeting", "email", "admin"), dtype=object)
MINUTES = ((4, 22), (25, 60), (3, 12), (60, 240))


def activity_columns(seed: int, company: Company) -> tuple[dict[str, object], Ints]:
    """Return the table ``activities`` in order of time, and each deal's last activity (else its creation)."""
    draws = Draws.of(seed, 30)
    deals, leads, roster = company.deals, company.leads, company.roster
    until = np.where(deals.closed == NONE, LAST_SECOND, deals.closed)
    weeks = (until - deals.created) // (7 * DAY)
    deal = np.repeat(np.arange(len(deals)), 1 + weeks * 85 // 100)
    length = (until // DAY - deals.created // DAY + 1)[deal]
    at = office(deals.created[deal] // DAY + draws.below(length, len(deal)), draws)
    keep = (at >= deals.created[deal]) & (at <= until[deal]) & _is_weekday(at)
    deal, at = deal[keep], at[keep]
    owner = held_at(deals.owner, company.log, OWNER, deal, at)
    kind = draws.pick((38, 24, 38), len(deal))
    lead = np.repeat(np.arange(len(leads.created)), draws.pick((30, 45, 25), len(leads.created)))
    lead_at = office(leads.created[lead] // DAY + draws.between(0, 4, len(lead)), draws)
    keep = (lead_at >= leads.created[lead]) & (lead_at <= LAST_SECOND) & _is_weekday(lead_at)
    lead, lead_at = lead[keep], lead_at[keep]
    lead_kind = draws.pick((55, 5, 40), len(lead))
    rep, week, slot = (part.ravel() for part in np.indices((len(roster.ids), WEEKS, 3)))
    admin_at = office(FIRST_MONDAY + 7 * week + slot * 2, draws)
    there = roster.is_there(rep, admin_at // DAY) & draws.hits(880_000, len(rep)) & (admin_at <= LAST_SECOND)
    rep, admin_at = rep[there], admin_at[there]
    none = np.full
    columns = {
        "at": np.concatenate([at, lead_at, admin_at]),
        "rep": np.concatenate([owner, leads.owner[lead], rep]),
        "kind": np.concatenate([kind, lead_kind, none(len(rep), 3)]),
        "deal": np.concatenate([deal, none(len(lead) + len(rep), NONE)]),
        "lead": np.concatenate([none(len(deal), NONE), lead, none(len(rep), NONE)]),
    }
    order = np.argsort(columns["at"], kind="stable")
    columns = {name: values[order] for name, values in columns.items()}
    last = deals.created.copy()
    np.maximum.at(last, deal, at)
    low = np.asarray([low for low, _ in MINUTES], dtype=np.int64)[columns["kind"]]
    high = np.asarray([high for _, high in MINUTES], dtype=np.int64)[columns["kind"]]
    ids = np.concatenate([deal_ids(len(deals)), np.array([None], dtype=object)])
    return {
        "activity_id": [f"A-{number:06d}" for number in range(1, len(order) + 1)],
        "rep_id": np.array(roster.ids, dtype=object)[columns["rep"]],
        "kind": KINDS[columns["kind"]],
        "happened_at": columns["at"],
        "minutes": low + draws.below(high - low + 1, len(order)),
        "opportunity_id": ids[np.where(columns["deal"] == NONE, -1, columns["deal"])],
        "lead_id": [None if number == NONE else f"L-{number + 1:06d}" for number in columns["lead"].tolist()],
    }, last


def _is_weekday(at: Ints) -> Flags:
    return np.asarray((at // DAY + 3) % 7 < 5)


def quote_columns(seed: int, company: Company) -> dict[str, object]:
    """Return the table ``quotes``: one for most deals that came to the third stage, accepted when they were won."""
    draws = Draws.of(seed, 31)
    deals, log = company.deals, company.log
    entered = np.flatnonzero((log.field == STAGE) & (log.new == 2) & (log.old < 2))
    deal, first = np.unique(log.deal[entered], return_index=True)
    asked = log.at[entered[first]] + draws.between(3_600, 2 * DAY, len(deal))
    until = np.where(deals.closed == NONE, LAST_SECOND, deals.closed)[deal]
    keep = (asked < until) & draws.hits(920_000, len(deal))
    deal, asked, until = deal[keep], asked[keep], until[keep]
    order = np.argsort(asked, kind="stable")
    deal, asked, until = deal[order], asked[order], until[order]
    slow = np.where(deals.team[deal] == 5, 160, 100)
    sent = asked + draws.between(4 * 3_600, 6 * DAY, len(deal)) * slow // 100
    is_sent = sent < until
    discount = draws.curve((0, 0, 0, 20, 50, 80, 100, 150, 250), len(deal))
    return {
        "quote_id": [f"Q-{number:05d}" for number in range(1, len(deal) + 1)],
        "opportunity_id": deal_ids(len(deals))[deal],
        "created_at": asked,
        "sent_at": np.where(is_sent, sent, NONE),
        "accepted_at": np.where(is_sent & (deals.outcome[deal] == WON), deals.closed[deal], NONE),
        "discount": discount / 1000,
        "has_error": draws.hits(QUOTE_ERROR, len(deal)),
    }
