"""Leads, and the accounts and new deals that come of them; touches and costs."""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass
from typing import Any

import numpy as np

from salesnb.data.sample.draws import NONE, Draws, Flags, Ints
from salesnb.data.sample.people import LAST_DAY, LAST_SECOND, Roster, day_of
from salesnb.data.sample.plan import (
    CART_TO_ORDER,
    CHANNEL_SHARES,
    CHANNELS,
    COST_PER_LEAD,
    CUT_CHANNEL,
    CUT_ON,
    CUT_REGION,
    LEAD_GROWTH,
    LEAD_SEASON,
    LEAD_TO_DEAL,
    LEADS_PER_MONTH,
    REGION_SHARES,
    REGIONS,
    SEGMENT_SHARES,
    START,
    TEAM_SHARES,
    TEAMS,
)

DAY = 86_400
MONTH_STARTS = np.array(
    [day_of(dtm.date(START.year + month // 12, month % 12 + 1, 1)) for month in range(46)], dtype=np.int64
)
MONTHS = len(MONTH_STARTS) - 1
CAMPAIGNS = {
    "organic": ("blog", "docs", "comparison page"),
    "paid_search": ("brand terms", "category terms", "competitor terms"),
    "partner": ("reseller programme", "marketplace listing", "co-sell"),
    "event": ("spring summit", "autumn expo", "city dinners"),
    "referral": ("customer referral", "advisor network"),
    "outbound": ("target list A", "target list B", "win-back"),
    "webinar": ("product hour", "security clinic", "customer stories"),
}


@dataclass(frozen=True)
class Leads:
    """The leads as arrays, in order of creation.

    Attributes
    ----------
    created, qualified, converted
        Seconds since 1970; ``NONE`` where it did not happen by the end.
    converts
        Those that become a deal.
    region, team, channel, campaign, owner, segment
        Positions; the segment is that of the account behind the lead.
    """

    created: Ints
    qualified: Ints
    converted: Ints
    converts: Flags
    region: Ints
    team: Ints
    channel: Ints
    campaign: Ints
    owner: Ints
    segment: Ints


def office(day: Ints, draws: Draws) -> Ints:
    """Return a moment of each day between 08:00 and 18:59, in seconds since 1970."""
    return day * DAY + draws.between(8 * 3600, 19 * 3600 - 1, len(day))


def make_leads(seed: int, scale: float, roster: Roster, *, is_cut: bool) -> Leads:
    """Return the leads in order of creation: counts follow growth and season.

    Parameters
    ----------
    seed, scale, roster
        Which company, how many leads over the plan's, and who may own one.
    is_cut
        The cut channel ends on its day.
    """
    draws = Draws.of(seed, 1)
    month, region, channel = (part.ravel() for part in np.indices((MONTHS, len(REGIONS), len(CHANNELS))))
    shares = np.array([CHANNEL_SHARES[name] for name in REGIONS], dtype=np.int64)
    growth = 100 + (LEAD_GROWTH - 100) * month // (MONTHS - 1)
    season = np.asarray(LEAD_SEASON, dtype=np.int64)[month % 12]
    monthly = np.int64(round(LEADS_PER_MONTH * scale * 1000))
    expected = (
        monthly * growth * season // 10_000 * np.asarray(REGION_SHARES)[region] * shares[region, channel] // 10_000
    )
    noisy = expected * draws.between(88, 112, len(expected)) // 100
    counts = noisy // 1000 + (draws.below(1000, len(noisy)) < noisy % 1000)
    month, region, channel = (np.repeat(part, counts) for part in (month, region, channel))
    size = len(month)
    length = MONTH_STARTS[month + 1] - MONTH_STARTS[month]
    created = office(MONTH_STARTS[month] + draws.below(length, size), draws)
    if is_cut:
        hit = (region == REGIONS.index(CUT_REGION)) & (channel == CHANNELS.index(CUT_CHANNEL))
        keep = ~(hit & (created >= day_of(CUT_ON) * DAY))
        month, region, channel, created = month[keep], region[keep], channel[keep], created[keep]
    order = np.argsort(created, kind="stable")
    region, channel, created = region[order], channel[order], created[order]
    size = len(created)
    first_team = draws.below(100, size) < np.asarray(TEAM_SHARES, dtype=np.int64)[region * 2]
    team = region * 2 + (~first_team)
    owner = roster.assign(team, created // DAY, draws)
    converts = draws.hits(np.asarray(LEAD_TO_DEAL, dtype=np.int64)[channel], size)
    worth = converts | draws.hits(220_000, size)
    qualified = created + draws.between(3_600, 9 * DAY, size)
    converted = qualified + draws.between(1_800, 12 * DAY, size)
    tails = np.asarray([len(CAMPAIGNS[name]) for name in CHANNELS], dtype=np.int64)
    return Leads(
        created=created,
        qualified=np.where(worth & (qualified <= LAST_SECOND), qualified, NONE),
        converted=np.where(converts & (converted <= LAST_SECOND), converted, NONE),
        converts=converts & (converted <= LAST_SECOND),
        region=region,
        team=team,
        channel=channel,
        campaign=draws.below(tails[channel], size),
        owner=owner,
        segment=draws.pick(SEGMENT_SHARES, size),
    )


def cost_columns(seed: int, leads: Leads, roster: Roster) -> dict[str, list[Any]]:
    """Return the table ``costs``: a month's marketing by channel, leads times their cost, and sales by team."""
    draws = Draws.of(seed, 2)
    month = np.searchsorted(MONTH_STARTS, leads.created // DAY, side="right") - 1
    counts = np.zeros((MONTHS, len(CHANNELS)), dtype=np.int64)
    np.add.at(counts, (month, leads.channel), 1)
    rows: list[tuple[int, str, str, int]] = []
    wobble = draws.between(97, 103, MONTHS * len(CHANNELS)).reshape(MONTHS, -1)
    for number in range(MONTHS):
        first = int(MONTH_STARTS[number])
        for channel, name in enumerate(CHANNELS):
            cents = int(counts[number, channel]) * COST_PER_LEAD[channel] * int(wobble[number, channel])
            rows.append((first, name, "marketing", cents))
        there = roster.is_there(np.arange(len(roster.ids)), np.full(len(roster.ids), first + 14))
        for team, name in enumerate(TEAMS):
            heads = int((there & (roster.team == team)).sum()) + 1
            rows.append((first, name, "sales", heads * 1_180_000 + int(draws.below(90_000, 1)[0])))
    return {
        "month": [row[0] for row in rows],
        "channel": [row[1] for row in rows],
        "function": [row[2] for row in rows],
        "amount": [row[3] for row in rows],
    }


def touch_columns(seed: int, leads: Leads, account: Ints, adds: tuple[Ints, Ints]) -> dict[str, object]:
    """Return the table ``touches``: what led to each lead, visits that led nowhere, carts and their orders.

    Parameters
    ----------
    account
        For each lead the position of its account, or ``NONE``.
    adds
        Times and accounts of the add-ons bought in the web shop, each with a cart before it.
    """
    draws = Draws.of(seed, 3)
    size = len(leads.created)
    extra = draws.pick((38, 30, 20, 12), size)
    of_lead = np.repeat(np.arange(size), extra + 1)
    ahead = np.arange(len(of_lead)) - np.repeat(np.cumsum(extra + 1) - (extra + 1), extra + 1)
    ahead = extra[of_lead] - ahead  # touches still to come before the lead's own
    is_last = ahead == 0
    happened = leads.created[of_lead] - ahead * draws.between(DAY, 6 * DAY, len(of_lead))
    other = draws.pick((30, 25, 8, 10, 5, 4, 18), len(of_lead))
    channel = np.where(is_last, leads.channel[of_lead], other)
    keep = happened >= MONTH_STARTS[0] * DAY
    stray = len(leads.created) * 6 // 10
    stray_at = office(MONTH_STARTS[0] + draws.below(LAST_DAY - int(MONTH_STARTS[0]) + 1, stray), draws)
    stray_channel = draws.pick((34, 34, 4, 4, 2, 0, 22), stray)
    stray_kind = np.where(draws.hits(120_000, stray), 1, 0)
    bought_at, bought_by = adds
    lost_carts = len(bought_at) * (1_000_000 - CART_TO_ORDER) // CART_TO_ORDER
    lost_at = office(MONTH_STARTS[0] + 120 + draws.below(LAST_DAY - int(MONTH_STARTS[0]) - 119, lost_carts), draws)
    none = np.full
    visitor = np.concatenate(
        [
            of_lead[keep], size + np.arange(stray),
            np.tile(size + stray + np.arange(len(bought_at)), 2), size + stray + len(bought_at) + np.arange(lost_carts),
        ]
    )  # fmt: skip
    columns = {
        "at": np.concatenate([happened[keep], stray_at, bought_at - 900, bought_at, lost_at]),
        "visitor": visitor,
        "account": np.concatenate(
            [
                np.where(is_last, account[of_lead], NONE)[keep], none(stray, NONE), bought_by, bought_by,
                none(lost_carts, NONE),
            ]
        ),
        "channel": np.concatenate([channel[keep], stray_channel, none(2 * len(bought_at) + lost_carts, 0)]),
        "campaign": np.concatenate(
            [np.where(is_last, leads.campaign[of_lead], 0)[keep], none(stray + 2 * len(bought_at) + lost_carts, 0)]
        ),
        "kind": np.concatenate(
            [
                np.where(is_last, 2, 0)[keep], stray_kind, none(len(bought_at), 3), none(len(bought_at), 4),
                none(lost_carts, 3),
            ]
        ),
    }  # fmt: skip
    order = np.argsort(columns["at"], kind="stable")
    columns = {name: values[order] for name, values in columns.items()}
    names = np.array(CHANNELS, dtype=object)
    kinds = np.array(("visit", "signup", "lead", "cart", "order"), dtype=object)
    return {
        "touch_id": [f"T-{number:06d}" for number in range(1, len(order) + 1)],
        "visitor_id": [f"V-{number + 1:06d}" for number in columns["visitor"].tolist()],
        "account_id": [None if number == NONE else f"{number + 1:06d}" for number in columns["account"].tolist()],
        "happened_at": columns["at"],
        "channel": names[columns["channel"]],
        "campaign": [
            CAMPAIGNS[CHANNELS[channel]][campaign]
            for channel, campaign in zip(columns["channel"].tolist(), columns["campaign"].tolist(), strict=True)
        ],
        "kind": kinds[columns["kind"]],
    }


def lead_columns(leads: Leads, account: Ints, deal: Ints, roster: Roster) -> dict[str, object]:
    """Return the table ``leads``.

    Parameters
    ----------
    leads, roster
        The leads, and the sellers who own them.
    account, deal
        For each lead the position of its account and of its deal, or ``NONE``.
    """
    status = np.where(
        leads.converts, "converted",
        np.where(leads.qualified != NONE, "qualified",
                 np.where(leads.created < (LAST_DAY - 14) * DAY, "unqualified", "new")),
    )  # fmt: skip
    return {
        "lead_id": [f"L-{number:06d}" for number in range(1, len(status) + 1)],
        "created_at": leads.created,
        "source": np.array(CHANNELS, dtype=object)[leads.channel],
        "campaign": [
            CAMPAIGNS[CHANNELS[channel]][campaign]
            for channel, campaign in zip(leads.channel.tolist(), leads.campaign.tolist(), strict=True)
        ],
        "owner_id": np.array(roster.ids, dtype=object)[leads.owner],
        "account_id": [None if number == NONE else f"{number + 1:06d}" for number in account.tolist()],
        "opportunity_id": [None if number == NONE else f"D-{number + 1:05d}" for number in deal.tolist()],
        "qualified_at": leads.qualified,
        "converted_at": leads.converted,
        "status": status.astype(object),
    }
