"""What customers do after the first won deal: stay, grow, shrink, leave, return, and ask for more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesnb.data.sample.demand import MONTH_STARTS, MONTHS, office
from salesnb.data.sample.draws import NONE, Draws, Ints
from salesnb.data.sample.people import LAST_DAY, day_of
from salesnb.data.sample.plan import (
    CHURN,
    COMES_BACK,
    DOWNGRADE,
    EXPANSION,
    GROUP_SHARES,
    PRICE_RISE_CHURN,
    PRICE_RISE_FACTOR,
    PRICE_RISE_MONTHS,
    PRICE_RISE_ON,
    RENEWAL_OFFERED,
    SELF_SERVICE_UPGRADE,
)

RISE_DAY = day_of(PRICE_RISE_ON)


@dataclass(frozen=True)
class Customers:
    """Customers in order of their first won deal; arrays by position.

    Attributes
    ----------
    account, product, segment, team, owner
        Positions; the owner as of that day.
    start
        The day the deal was won, since 1970.
    mrr
        Cents a month at the start.
    group
        Position in ``plan.GROUPS``.
    """

    account: Ints
    start: Ints
    product: Ints
    mrr: Ints
    segment: Ints
    team: Ints
    owner: Ints
    group: Ints


@dataclass(frozen=True)
class Lives:
    """What happened to the customers, as arrays of (customer, when, ...); days and seconds since 1970.

    Attributes
    ----------
    spans
        Customer, first day, first day gone (``NONE`` while they stay).
    changes
        Customer, day, new price in hundredths of the old.
    asks
        Customer, second, kind (1 expansion, 2 renewal): deals created.
    adds
        Customer, second: add-ons bought in the web shop.
    """

    spans: tuple[Ints, Ints, Ints]
    changes: tuple[Ints, Ints, Ints]
    asks: tuple[Ints, Ints, Ints]
    adds: tuple[Ints, Ints]


def groups(size: int, seed: int) -> Ints:
    """Return each customer's group of NPS answers."""
    return Draws.of(seed, 10).pick(GROUP_SHARES, size)


def live(seed: int, customers: Customers) -> Lives:
    """Walk the customers month by month.

    A customer is at risk from the first whole month on. In a month: leave (by group, times the price rise's factor
    for those it hit), else upgrade or downgrade by themselves, else ask for more; one of them at most. A renewal is
    offered at the end of each year.
    """
    draws = Draws.of(seed, 11)
    size = len(customers.account)
    began = customers.start.copy()
    is_active = np.zeros(size, dtype=bool)
    was_hit = np.zeros(size, dtype=bool)
    returns = np.full(size, NONE, dtype=np.int64)
    risk = np.asarray(CHURN, dtype=np.int64)[customers.group]
    spans: list[tuple[Ints, Ints, Ints]] = []
    changes: list[tuple[Ints, Ints, Ints]] = []
    asks: list[tuple[Ints, Ints, Ints]] = []
    adds: list[tuple[Ints, Ints]] = []
    for month in range(MONTHS):
        first, length = int(MONTH_STARTS[month]), int(MONTH_STARTS[month + 1] - MONTH_STARTS[month])
        at_risk = np.flatnonzero(is_active)
        if first == RISE_DAY:
            hit = at_risk[customers.product[at_risk] == 0]
            was_hit[hit] = True
            changes.append((hit, np.full(len(hit), first), np.full(len(hit), PRICE_RISE_FACTOR)))
        since = month - int(np.searchsorted(MONTH_STARTS, RISE_DAY))
        factor = np.where(was_hit[at_risk] & (0 <= since < PRICE_RISE_MONTHS), PRICE_RISE_CHURN, 100)
        day = first + draws.below(length, len(at_risk))
        leaves = draws.hits(risk[at_risk] * factor // 100, len(at_risk))
        gone, gone_on = at_risk[leaves], day[leaves]
        spans.append((gone, began[gone], gone_on))
        is_active[gone] = False
        back = draws.hits(COMES_BACK, len(gone))
        returns[gone] = np.where(back, gone_on + 90 + draws.below(180, len(gone)), NONE)
        stay, day = at_risk[~leaves], day[~leaves]
        months = (first - began[stay]) // 30
        what = draws.below(1_000_000, len(stay))
        grows = what < SELF_SERVICE_UPGRADE
        shrinks = (what >= SELF_SERVICE_UPGRADE) & (what < SELF_SERVICE_UPGRADE + DOWNGRADE)
        changes.append((stay[grows], day[grows], draws.between(110, 140, int(grows.sum()))))
        changes.append((stay[shrinks], day[shrinks], draws.between(60, 88, int(shrinks.sum()))))
        wants = draws.hits(EXPANSION, len(stay)) & (months >= 3)
        offered = (months > 0) & (months % 12 == 11) & draws.hits(RENEWAL_OFFERED, len(stay)) & ~wants
        asked_at = office(day, draws)
        for kind, which in ((1, wants), (2, offered)):
            asks.append((stay[which], asked_at[which], np.full(int(which.sum()), kind)))
        buys = draws.hits(9_000, len(stay))
        adds.append((stay[buys], office(day[buys], draws)))
        arrives = (customers.start >= first) & (customers.start < first + length)
        comes_back = (returns >= first) & (returns < first + length) & (returns <= LAST_DAY)
        began[comes_back] = returns[comes_back]
        is_active |= arrives | comes_back
    still = np.flatnonzero(is_active)
    spans.append((still, began[still], np.full(len(still), NONE)))
    return Lives(_join3(spans), _join3(changes), _join3(asks), (_cat(adds, 0), _cat(adds, 1)))


def _cat(parts: list[tuple[Ints, Ints]] | list[tuple[Ints, Ints, Ints]], place: int) -> Ints:
    return np.concatenate([part[place] for part in parts]).astype(np.int64)


def _join3(parts: list[tuple[Ints, Ints, Ints]]) -> tuple[Ints, Ints, Ints]:
    columns = [_cat(parts, place) for place in range(3)]
    order = np.lexsort((columns[0], columns[1]))
    return columns[0][order], columns[1][order], columns[2][order]
