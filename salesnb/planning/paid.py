"""Paid: what sellers are paid by their plans for what they sold, and plans in another currency."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import ibis
import pandas as pd

from salesnb.data.book import Book
from salesnb.kpis.answers import answer
from salesnb.kpis.bookings import booked
from salesnb.periods import Period
from salesnb.planning.costs import eligible
from salesnb.planning.pay import Payout, payout
from salesnb.planning.pay_plan import PayPlan, for_period, times_amounts
from salesnb.planning.plan import Plan

_CENT = Decimal("0.01")
_STALE = 31


@dataclass(frozen=True)
class Statement:
    """What one seller is paid for a period.

    Attributes
    ----------
    rep_id, name, team, plan
        Who, and by which pay plan.
    sold, quota, share
        What was sold, the quota of the whole period, and the share of it in which the plan counts.
    paid
        What that pays, with the working.
    """

    rep_id: str
    name: str
    team: str
    plan: str
    sold: Decimal
    quota: Decimal
    share: Decimal
    paid: Payout


def statements(book: Book, plan: Plan, metric: Any) -> tuple[Statement, ...]:
    """Work out what each seller of a period is paid for what is booked in it up to the last day known.

    Parameters
    ----------
    book
        The book.
    plan
        The plan of that period, with its quotas and pay plans; advances of earlier periods are taken as settled.
    metric
        ``bookings`` or ``revenue``; bonuses a deal are paid on bookings alone.

    Returns
    -------
    tuple of Statement
        One a seller with a pay plan, in the order of the plan.
    """
    paying = eligible(plan, plan.reps)
    if not any(pays for pays, _ in paying):
        return ()
    has_bonus = any(pays is not None and pays.spiffs for pays, _ in paying)
    deals = _deals(book, plan, metric) if has_bonus else {}
    made = []
    for (pays, share), row in zip(paying, plan.reps.to_dict("records"), strict=True):
        if pays is None:
            continue
        part = Decimal(repr(share))
        own = Decimal(repr(float(row["quota"])))
        # The quota is that of the seller's own days, and a payout scales the quota of the whole period by the share.
        whole = own / part if part else own
        sold = Decimal(repr(float(row["booked"]))).quantize(_CENT, ROUND_HALF_UP)
        paid = payout(pays, sold, whole, eligible=part, deals=deals.get(str(row["rep_id"]), ()))
        made.append(
            Statement(str(row["rep_id"]), str(row["name"]), str(row["team"]), pays.name, sold, whole, part, paid)
        )
    return tuple(made)


def _deals(book: Book, plan: Plan, metric: Any) -> dict[str, list[tuple[str | None, dtm.date]]]:
    """Return seller to product and day of each deal booked in the period so far."""
    rows = booked(book, metric)
    if "opportunity_id" not in rows.columns:
        return {}
    first, last = ibis.date(plan.period.start), ibis.date(min(plan.day, plan.period.last_day))
    rows = rows.filter(rows["_on"] >= first, rows["_on"] <= last, rows.seller.notnull())
    frame = answer(book, rows.select("seller", "product", on="_on"))
    made: dict[str, list[tuple[str | None, dtm.date]]] = {}
    for seller, product, on in zip(frame["seller"], frame["product"], pd.to_datetime(frame["on"]), strict=True):
        made.setdefault(str(seller), []).append((None if pd.isna(product) else str(product), on.date()))
    return made


def in_currency(plans: Sequence[PayPlan], book: Book, day: dtm.date) -> tuple[tuple[PayPlan, ...], Mapping[str, str]]:
    """Bring pay plans into the book's currency.

    Parameters
    ----------
    plans, book, day
        The plans, and the book whose last rate on or before the day counts where it is at most 31 days old.

    Returns
    -------
    tuple
        The plans, amounts to the cent; those of another currency without a rate are left out. And plan to what was
        done with it, in words, for those of another currency.
    """
    kept: list[PayPlan] = []
    told: dict[str, str] = {}
    for plan in plans:
        if plan.currency in ("", book.currency):
            kept.append(plan)
            continue
        rate = _rate(book, plan.currency, day)
        if rate is None:
            told[plan.name] = (
                f"it is in {plan.currency}, and there is no rate to {book.currency}: pay is not told for it"
            )
            continue
        kept.append(_times(plan, rate, book.currency))
        told[plan.name] = (
            f"it is in {plan.currency}: 1 {plan.currency} is taken for {rate.normalize():f} {book.currency}"
        )
    return tuple(kept), told


def _rate(book: Book, currency: str, day: dtm.date) -> Decimal | None:
    if not book.has("fx_rates"):
        return None
    rates = book.fx_rates
    known = rates.filter(
        rates.currency.upper() == currency, rates.on <= ibis.date(day),
        rates.on >= ibis.date(day - dtm.timedelta(days=_STALE)),
    )  # fmt: skip
    frame = answer(book, known.select("on", rate=known.rate.cast("float64"))).sort_values("on")
    return Decimal(repr(float(frame["rate"].iloc[-1]))) if len(frame) else None


def _times(plan: PayPlan, rate: Decimal, currency: str) -> PayPlan:
    spiffs = tuple(
        one.model_copy(update={"per_deal": (one.per_deal * rate).quantize(_CENT, ROUND_HALF_UP)}) for one in plan.spiffs
    )
    return times_amounts(plan, rate).model_copy(update={"currency": currency, "spiffs": spiffs})


def of_length(plans: Sequence[PayPlan], period: Period) -> tuple[tuple[PayPlan, ...], Mapping[str, str]]:
    """Bring pay plans to the length of a period; plan to what was done, in words, for those of another length."""
    made, told = [], {}
    for plan in plans:
        scaled, times = for_period(plan, period)
        made.append(scaled)
        if times != 1:
            told[plan.name] = f"it is of a {plan.per}: for {period} its amounts count {times:.2f} times"
    return tuple(made), told
