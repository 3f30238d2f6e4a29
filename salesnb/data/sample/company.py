"""The sample company put together: from leads to deals to customers, in arrays, before any table is written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesnb.data.sample.billing import Lines, Row, Sold, bill, subscription_rows
from salesnb.data.sample.customers import Customers, Lives, groups, live
from salesnb.data.sample.deals import WON, Deals, Walk
from salesnb.data.sample.demand import DAY, Leads, make_leads
from salesnb.data.sample.draws import NONE, SIZES, Draws, Ints
from salesnb.data.sample.log import Log
from salesnb.data.sample.people import Roster, day_of
from salesnb.data.sample.plan import (
    ENTRY,
    FX,
    PRICE_RISE_FACTOR,
    PRICE_RISE_ON,
    PRODUCT_FACTORS,
    PRODUCT_SHARES,
    PRODUCTS,
    SEGMENT_SIZES,
)

KINDS = ("new", "expansion", "renewal")
FX_CENTS = (100, *FX.values())


@dataclass(frozen=True)
class Company:
    """Everything that happened, as arrays; positions of deals and accounts are the numbers in their ids less one.

    Attributes
    ----------
    lead_account, lead_deal
        For each lead, the position of its account and deal, or ``NONE``.
    account_since, account_segment, account_team, account_owner
        By account: the day it was entered, its segment, team and first seller. The last ``prospects`` accounts have
        no deal.
    deals, log
        All deals as they are now, and every change of them.
    """

    roster: Roster
    leads: Leads
    lead_account: Ints
    lead_deal: Ints
    account_since: Ints
    account_segment: Ints
    account_team: Ints
    account_owner: Ints
    deals: Deals
    log: Log
    customers: Customers
    lives: Lives
    subscriptions: list[Row]
    lines: Lines


def dollars(amount: Ints, currency: Ints) -> Ints:
    """Return cents of the book's currency for cents of each deal's own: exact, as both are whole units times cents."""
    return np.asarray(amount * np.asarray(FX_CENTS, dtype=np.int64)[currency] // 100)


def sizes(draws: Draws, segment: Ints, product: Ints, day: Ints) -> Ints:
    """Return deal amounts in cents: segment's median x product's factor x spread x the price rise, whole tens."""
    whole = np.asarray(SEGMENT_SIZES, dtype=np.int64)[segment] * np.asarray(PRODUCT_FACTORS)[product]
    whole = whole * draws.curve(SIZES, len(segment)) // 100
    risen = (product == 0) & (day >= day_of(PRICE_RISE_ON))
    whole = np.where(risen, whole * PRICE_RISE_FACTOR // 100, whole)
    return np.asarray(whole // 10_000 * 1_000)


def found(seed: int, scale: float, *, is_cut: bool = True) -> Company:
    """Make the company; ``is_cut=False`` leaves the channel on, for setting the plan."""
    roster = Roster.of_plan()
    leads = make_leads(seed, scale, roster, is_cut=is_cut)
    draws = Draws.of(seed, 4)
    source = np.flatnonzero(leads.converts)
    source = source[np.argsort(leads.converted[source], kind="stable")]
    count = len(source)
    created = leads.converted[source]
    product = draws.pick(PRODUCT_SHARES, count)
    team = leads.team[source]
    abroad = (team // 2 == 1) & draws.hits(300_000, count)
    amount = sizes(draws, leads.segment[source], product, created // DAY)
    new = Deals(
        created=created,
        account=np.arange(count),
        lead=source,
        kind=np.zeros(count, dtype=np.int64),
        product=product,
        segment=leads.segment[source],
        team=team,
        owner=leads.owner[source].copy(),
        amount=amount,
        currency=np.where(abroad, np.where(team == 3, 1, 2), 0),
        stage=np.zeros(count, dtype=np.int64),
    )
    new_log = Walk(new, roster, Draws.of(seed, 5)).run()
    won = np.flatnonzero(new.outcome == WON)
    won = won[np.argsort(new.closed[won], kind="stable")]
    cents = dollars(new.amount[won], new.currency[won])
    customers = Customers(
        account=new.account[won],
        start=new.closed[won] // DAY,
        product=new.product[won],
        mrr=cents * 92 // 1200,
        segment=new.segment[won],
        team=new.team[won],
        owner=new.owner[won],
        group=groups(len(won), seed),
    )
    lives = live(seed, customers)
    more = _asked(seed, customers, lives, roster)
    more_log = Walk(more, roster, Draws.of(seed, 7)).run()
    deals = _both(new, more)
    log = Log.join(new_log, more_log, first=(0, count))
    # Deals are numbered in order of creation, so that an id tells nothing about the kind.
    order = np.argsort(deals.created, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    for name in vars(deals):
        setattr(deals, name, getattr(deals, name)[order])
    log = Log(place[log.deal], log.at, log.field, log.old, log.new)
    subscriptions, lines = _deliver(seed, deals, customers, lives, place[count:])
    lead_deal = np.full(len(leads.created), NONE, dtype=np.int64)
    lead_deal[source] = place[:count]
    prospects = int(800 * scale)
    cold = Draws.of(seed, 9)
    cold_team = cold.pick((23, 19, 21, 17, 10, 10), prospects)
    cold_day = day_of(PRICE_RISE_ON) - 900 + cold.below(1300, prospects)
    lead_account = np.full(len(leads.created), NONE, dtype=np.int64)
    lead_account[source] = np.arange(count)
    return Company(
        roster=roster,
        leads=leads,
        lead_account=lead_account,
        lead_deal=lead_deal,
        account_since=np.concatenate([created // DAY, cold_day]),
        account_segment=np.concatenate([new.segment, cold.pick((20, 40, 40), prospects)]),
        account_team=np.concatenate([team, cold_team]),
        account_owner=np.concatenate([leads.owner[source], roster.assign(cold_team, cold_day, cold)]),
        deals=deals,
        log=log,
        customers=customers,
        lives=lives,
        subscriptions=subscriptions,
        lines=lines,
    )


def _asked(seed: int, customers: Customers, lives: Lives, roster: Roster) -> Deals:
    """Return the expansions and renewals that customers asked for, in order of time."""
    draws = Draws.of(seed, 6)
    who, at, kind = lives.asks
    count = len(who)
    day = at // DAY
    held = roster.holder(customers.owner[who], day)
    stays = roster.is_there(held, day + 45)
    owner = np.where(stays, held, roster.assign(customers.team[who], day, draws))
    crosses = (kind == 1) & draws.hits(420_000, count)
    base = customers.product[who]
    product = np.where(crosses, (base + 1 + draws.below(len(PRODUCTS) - 1, count)) % len(PRODUCTS), base)
    part = np.where(kind == 1, draws.between(35, 85, count), draws.between(100, 106, count))
    amount = customers.mrr[who] * 12 * part // 100
    risen = (product == 0) & (day >= day_of(PRICE_RISE_ON))
    amount = np.where(risen, amount * PRICE_RISE_FACTOR // 100, amount) // 1_000 * 1_000
    return Deals(
        created=at,
        account=customers.account[who],
        lead=np.full(count, NONE, dtype=np.int64),
        kind=kind,
        product=product,
        segment=customers.segment[who],
        team=customers.team[who],
        owner=owner,
        amount=amount,
        currency=np.zeros(count, dtype=np.int64),
        stage=np.asarray([ENTRY[name] for name in KINDS], dtype=np.int64)[kind],
    )


def _both(first: Deals, second: Deals) -> Deals:
    names = ("created", "account", "lead", "kind", "product", "segment", "team", "owner", "amount", "currency", "stage")
    deals = Deals(**{name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in names})
    for name in ("expected", "category", "outcome", "closed", "lost_from"):
        setattr(deals, name, np.concatenate([getattr(first, name), getattr(second, name)]))
    return deals


def _deliver(seed: int, deals: Deals, customers: Customers, lives: Lives, asked: Ints) -> tuple[list[Row], Lines]:
    """Return the subscriptions and the order lines that the won deals and the customers' lives give.

    A new or expansion deal's amount is twelve months of what it adds, and the rest in services or training; its order
    has the first month and that rest. An expansion of a customer who has left is delivered as services alone. A
    renewal's order has the support plan that comes with it: its months are billed anyway.
    """
    draws = Draws.of(seed, 8)
    who = lives.asks[0].tolist()
    customer_of_deal = dict(zip(asked.tolist(), who, strict=True))
    customer_of_account = {int(account): place for place, account in enumerate(customers.account)}
    won = np.flatnonzero(deals.outcome == WON)
    cents = dollars(deals.amount[won], deals.currency[won]).tolist()
    grown = [int(place) for place in won if deals.kind[place] == 1]
    sold = [
        Sold(customer_of_deal[place], int(deals.closed[place]) // DAY, int(deals.product[place]),
             int(deals.amount[place]) * 95 // 1200)
        for place in grown
    ]  # fmt: skip
    rows, gone = subscription_rows(customers, lives, sold)
    in_vain = {grown[number] for number in gone}
    lines = Lines.empty()
    is_split = draws.hits(300_000, len(won)).tolist()
    rebate = draws.pick((45, 20, 15, 12, 8), len(won)).tolist()
    for number, place in enumerate(won.tolist()):
        kind, amount, at = int(deals.kind[place]), cents[number], int(deals.closed[place])
        account, owner = int(deals.account[place]), int(deals.owner[place])
        order = f"SO-{place + 1:05d}"
        monthly = 0
        if kind == 0:
            monthly = int(customers.mrr[customer_of_account[account]])
        elif kind == 1 and place not in in_vain:
            monthly = amount * 95 // 1200
        rest = amount * 4 // 100 if kind == 2 else amount - 12 * monthly
        training = rest * 2 // 5 if is_split[number] and kind == 0 else 0
        service = "Premium support" if kind == 2 else "Onboarding"
        discount = rebate[number] * 4
        for name, part, sort, share in (
            (PRODUCTS[int(deals.product[place])], monthly, "subscription", 18),
            (service, rest - training, "service", 62),
            ("Training pack", training, "one_time", 35),
        ):
            if part:
                lines.add(
                    order, account, at, name, 1, part, part * share // 100, part * discount // (100 - discount), sort,
                    owner, False,
                )  # fmt: skip
    bill(seed, customers, rows, lives, lines)
    return rows, lines
