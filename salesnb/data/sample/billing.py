"""Subscriptions and order lines: what the won deals and the customers' lives come to."""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass
from typing import Any

from salesnb.data.sample.customers import Customers, Lives
from salesnb.data.sample.demand import DAY, MONTH_STARTS, MONTHS
from salesnb.data.sample.draws import NONE, Draws
from salesnb.data.sample.people import EPOCH, LAST_DAY
from salesnb.data.sample.plan import PRODUCTS


@dataclass(frozen=True)
class Sold:
    """A won expansion.

    Attributes
    ----------
    customer, product
        Positions.
    day
        The day it was won, since 1970.
    mrr
        The cents a month it adds.
    """

    customer: int
    day: int
    product: int
    mrr: int


@dataclass(frozen=True)
class Row:
    """A row of ``subscriptions`` before it has its id.

    Attributes
    ----------
    customer, product
        Positions.
    started, ended
        Days since 1970; ``ended`` is ``NONE`` while it runs.
    mrr
        Cents a month.
    is_start
        It opens a life or a further product, whose first month its deal's order bills.
    is_return
        It opens a later life, of a customer who came back without a deal.
    """

    customer: int
    product: int
    started: int
    ended: int
    mrr: int
    is_start: bool
    is_return: bool = False


def subscription_rows(customers: Customers, lives: Lives, sold: list[Sold]) -> tuple[list[Row], set[int]]:
    """Return the subscriptions in order of start, and which of ``sold`` (positions) found their customer gone.

    A change of price ends one row and starts the next on the same day. A further product runs beside the first,
    until the customer leaves. A won expansion of a customer who has left starts nothing.
    """
    changes: dict[int, list[tuple[int, int, int]]] = {}
    for customer, day, factor in zip(*(part.tolist() for part in lives.changes), strict=True):
        changes.setdefault(customer, []).append((day, factor, 0))
    for number, deal in enumerate(sold):
        changes.setdefault(deal.customer, []).append((deal.day, -1, number))
    rows: list[Row] = []
    last_price: dict[int, int] = {}
    found: set[int] = set()
    for customer, start, end in sorted(zip(*(part.tolist() for part in lives.spans), strict=True)):
        product = int(customers.product[customer])
        is_return = customer in last_price
        price, since, opens = last_price.get(customer, int(customers.mrr[customer])), start, True
        final = LAST_DAY + 1 if end == NONE else end
        for day, factor, number in sorted(changes.get(customer, ())):
            if not start < day < final:
                continue
            if factor < 0:
                found.add(number)
                deal = sold[number]
                if deal.product != product:
                    rows.append(Row(customer, deal.product, day, end, deal.mrr, is_start=True))
                    continue
                dearer = price + deal.mrr
            else:
                dearer = price * factor // 100
            if day > since:
                rows.append(Row(customer, product, since, day, price, opens, is_return and opens))
                since, opens = day, False
            price = dearer
        rows.append(Row(customer, product, since, end, price, opens, is_return and opens))
        last_price[customer] = price
    rows.sort(key=lambda row: (row.started, row.customer, row.product))
    return rows, set(range(len(sold))) - found


def subscription_columns(customers: Customers, rows: list[Row]) -> dict[str, list[Any]]:
    """Return the table ``subscriptions``."""
    return {
        "subscription_id": [f"S-{number:05d}" for number in range(1, len(rows) + 1)],
        "account_id": [f"{int(customers.account[row.customer]) + 1:06d}" for row in rows],
        "plan": [PRODUCTS[row.product] for row in rows],
        "started_on": [row.started for row in rows],
        "ended_on": [row.ended for row in rows],
        "mrr": [row.mrr for row in rows],
        "currency": ["USD"] * len(rows),
    }


@dataclass
class Lines:
    """Order lines while they are written."""

    columns: dict[str, list[Any]]

    @classmethod
    def empty(cls) -> Lines:
        """Return no lines."""
        names = (
            "order_id",
            "account",
            "at",
            "product",
            "quantity",
            "amount",
            "cost",
            "discount",
            "type",
            "owner",
            "back",
        )
        return cls({name: [] for name in names})

    def add(self, *values: object) -> None:
        """Add one line, its values in the order of the columns."""
        for column, value in zip(self.columns.values(), values, strict=True):
            column.append(value)


def bill(seed: int, customers: Customers, rows: list[Row], lives: Lives, lines: Lines) -> None:
    """Add the month's subscription lines, the add-ons from the web shop, and what was sent back.

    A subscription that opens a life is billed by its deal's order on the first day, or here where the customer
    returned; every row is billed on each first of a month that it runs on.

    Parameters
    ----------
    seed
        The company's.
    customers, rows, lives
        Who pays, for which subscriptions, and what they bought besides.
    lines
        The order lines so far, which are added to.
    """
    draws = Draws.of(seed, 12)
    firsts = MONTH_STARTS[:MONTHS].tolist()
    share = draws.between(15, 21, len(rows)).tolist()
    for row, cost in zip(rows, share, strict=True):
        account, owner = int(customers.account[row.customer]), int(customers.owner[row.customer])
        final = LAST_DAY + 1 if row.ended == NONE else row.ended
        days = [day for day in firsts if (row.started < day if row.is_start else row.started <= day) and day < final]
        if row.is_return:
            days.insert(0, row.started)
        for day in days:
            date = EPOCH + dtm.timedelta(days=day)
            lines.add(
                f"INV-{account + 1:06d}-{date:%y%m%d}", account, day * DAY + 6 * 3600, PRODUCTS[row.product], 1,
                row.mrr, row.mrr * cost // 100, 0, "subscription", owner, False,
            )  # fmt: skip
    packs = draws.between(1, 6, len(lives.adds[0])).tolist()
    for number, (customer, at) in enumerate(zip(*(part.tolist() for part in lives.adds), strict=True)):
        account, amount = int(customers.account[customer]), packs[number] * 24_000
        lines.add(
            f"WEB-{number + 1:05d}", account, at, "Training pack", packs[number], amount, amount * 35 // 100, 0,
            "one_time", int(customers.owner[customer]), False,
        )  # fmt: skip
    columns = lines.columns
    goods = [place for place, kind in enumerate(columns["type"]) if kind != "subscription"]
    sent_back = draws.hits(22_000, len(goods)).tolist()
    delay = draws.between(10, 40, len(goods)).tolist()
    for place, is_back, days in zip(goods, sent_back, delay, strict=True):
        at = columns["at"][place]
        if is_back and at + days * DAY <= LAST_DAY * DAY:
            amount, cost, quantity = (columns[name][place] for name in ("amount", "cost", "quantity"))
            lines.add(
                columns["order_id"][place], columns["account"][place], at + days * DAY, columns["product"][place],
                -quantity, -amount, -cost, 0, columns["type"][place], columns["owner"][place], True,
            )  # fmt: skip
