"""The engine of cohorts: who began when, and what each did in every period since, counted in one query.

A period has a number, so that an age is a difference of numbers: weeks since a Monday, months, quarters, halves and
years since year 0, the last three as the fiscal year has them.
"""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass
from typing import Literal, TypeAlias

import ibis
import ibis.expr.types as ir

from salesnb.data.book import Book
from salesnb.errors import NeedsData, ParameterError, did_you_mean
from salesnb.kpis.sales import sales
from salesnb.periods import Period

Start: TypeAlias = Literal["order", "contract", "lead", "account"]
Grain: TypeAlias = Literal["week", "month", "quarter", "half", "year"]
STARTS = ("order", "contract", "lead", "account")
GRAINS = ("week", "month", "quarter", "half", "year")
WINDOW = 3
"""Rolling: active in one of so many periods, the last of them the one that is looked at."""
_MONDAY = dtm.date(2000, 1, 3)
_MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}


@dataclass(frozen=True)
class Axis:
    """Periods of one grain as numbers.

    Attributes
    ----------
    grain
        One of :data:`GRAINS`.
    fiscal_year_start
        The month that the year starts in.
    """

    grain: Grain
    fiscal_year_start: int = 1

    def number(self, day: ir.DateValue) -> ir.IntegerValue:
        """Return the number of the period that a day lies in."""
        if self.grain == "week":
            return (day.delta(ibis.date(_MONDAY), unit="day") / 7).floor().cast("int64")
        months = day.year().cast("int64") * 12 + day.month().cast("int64") - 1
        if self.grain == "month":
            return months
        return ((months - (self.fiscal_year_start - 1)) / _MONTHS[self.grain]).floor().cast("int64")

    def number_of(self, day: dtm.date) -> int:
        """Return the same for one day."""
        if self.grain == "week":
            return (day - _MONDAY).days // 7
        months = day.year * 12 + day.month - 1
        return months if self.grain == "month" else (months - (self.fiscal_year_start - 1)) // _MONTHS[self.grain]

    def first_day(self, number: int) -> dtm.date:
        """Return the first day of a period."""
        if self.grain == "week":
            return _MONDAY + dtm.timedelta(days=7 * number)
        months = number * _MONTHS[self.grain] + (0 if self.grain == "month" else self.fiscal_year_start - 1)
        return dtm.date(months // 12, months % 12 + 1, 1)

    def last_day(self, number: int) -> dtm.date:
        """Return the last day of a period."""
        return self.first_day(number + 1) - dtm.timedelta(days=1)

    def label(self, number: int) -> str:
        """Return what the period is called.

        Examples
        --------
        >>> axis = Axis("quarter")
        >>> axis.label(axis.number_of(dtm.date(2026, 8, 1)))
        '2026Q3'
        """
        return Period.of(self.first_day(number), self.grain, self.fiscal_year_start).label


def axis(grain: str, book: Book) -> Axis:
    """Return the periods of a grain.

    Raises
    ------
    ParameterError
        No grain has that name.
    """
    for known in GRAINS:
        if known == grain:
            return Axis(known, book.fiscal_year_start)  # type: ignore[arg-type]
    raise ParameterError(f"no grain is called {grain!r}", where="grain", mend=did_you_mean(grain, list(GRAINS)))


def activity(book: Book, start: str, end: dtm.date, over: Axis) -> ir.Table:
    """Return what each account did in each period: one row an account and period in which anything happened.

    Of orders, and of won deals where there are none, an account is active in the periods in which it bought; what it
    gave back takes from the money of its period, and is no purchase. Under contract it is active in the periods at
    whose end (or at the day, where that is earlier) it pays, and the money is what it pays a month then.

    Parameters
    ----------
    start
        ``contract`` for subscriptions, anything else for purchases.
    end
        The last day that counts.

    Returns
    -------
    ibis.Table
        ``account_id, number`` (of the period) ``, is_active, money``.

    Raises
    ------
    NeedsData
        The source has no subscriptions, or no purchases of accounts.
    """
    if start == "contract":
        return _paying(book, end, over)
    rows = sales(book, "account_id")
    rows = rows.filter(rows.account_id.notnull(), rows["_on"] <= ibis.date(end))
    rows = rows.mutate(number=over.number(rows["_on"]))
    bought = ibis.literal(1) if "is_return" not in rows.columns else (~rows.is_return.fill_null(False)).cast("int32")
    made = rows.mutate(bought=bought).group_by("account_id", "number")
    return made.aggregate(is_active=ibis._["bought"].max() == 1, money=ibis._["amount"].sum())


def _paying(book: Book, end: dtm.date, over: Axis) -> ir.Table:
    """Return the accounts that pay at the end of each period."""
    book.require("subscriptions.account_id", "subscriptions.mrr")
    rows = book.subscriptions
    rows = rows.filter(rows.account_id.notnull(), rows.mrr > 0, rows.started_on <= ibis.date(end))
    first = rows.aggregate(first=rows.started_on.min()).execute()["first"].iloc[0]
    if first is None or first != first:
        return rows.select("account_id", number=ibis.literal(0, "int64"), is_active=ibis.literal(True), money="mrr")
    begin, last = over.number_of(dtm.date(first.year, first.month, first.day)), over.number_of(end)
    ends = ibis.array([ibis.date(min(over.last_day(number), end)) for number in range(begin, last + 1)])
    met = rows.mutate(_day=ends.unnest())
    met = met.filter(met.started_on <= met["_day"], met.ended_on.isnull() | (met.ended_on > met["_day"]))
    met = met.mutate(number=over.number(met["_day"]))
    made = met.group_by("account_id", "number").aggregate(money=met.mrr.sum())
    return made.select("account_id", "number", is_active=ibis.literal(True), money=made["money"])


def begun(book: Book, start: str, done: ir.Table, over: Axis, end: dtm.date) -> ir.Table:
    """Return the cohort of each account: the number of the period in which it began.

    Parameters
    ----------
    start
        ``order`` and ``contract``: its first purchase or paid month; ``lead``: its first lead; ``account``: the day
        it was entered.
    done
        The rows of :func:`activity`.

    Returns
    -------
    ibis.Table
        ``account_id, cohort``.

    Raises
    ------
    NeedsData
        The source does not have that date of accounts.
    ParameterError
        There is no such start.
    """
    if start in ("order", "contract"):
        active = done.filter(done["is_active"])
        return active.group_by("account_id").aggregate(cohort=active["number"].min())
    if start == "lead":
        book.require("leads.account_id", "leads.created_at")
        rows = book.leads.mutate(_on=book.leads.created_at.cast("date"))
    elif start == "account":
        book.require("accounts.created_on")
        rows = book.accounts.mutate(_on=book.accounts.created_on)
    else:
        raise ParameterError(
            f"a cohort cannot begin with {start!r}", where="start", mend=did_you_mean(start, list(STARTS))
        )
    rows = rows.filter(rows.account_id.notnull(), rows["_on"] <= ibis.date(end))
    return rows.group_by("account_id").aggregate(cohort=over.number(rows["_on"]).min())


def aged(done: ir.Table, cohorts: ir.Table) -> ir.Table:
    """Return the rows of accounts that have a cohort, with their age in periods; none before the cohort."""
    joined = done.join(cohorts.rename(_of="account_id"), [("account_id", "_of")]).drop("_of")
    return joined.mutate(age=joined["number"] - joined["cohort"]).filter(lambda t: t["age"] >= 0)


def rolling(rows: ir.Table, last: int) -> ir.Table:
    """Return the rows of :func:`aged` that are active, repeated for the ages at which they still count as rolling.

    Parameters
    ----------
    last
        The number of the last period that has begun.
    """
    active = rows.filter(rows["is_active"])
    order = ibis.window(group_by=active.account_id, order_by=active["number"])
    active = active.mutate(_next=active["number"].lead().over(order))
    copies = []
    for step in range(WINDOW):
        own = active.filter(active["_next"].isnull() | (active["_next"] > active["number"] + step))
        own = own.mutate(age=own["age"] + step)
        copies.append(own.filter(own["cohort"] + own["age"] <= last).select("account_id", "cohort", "age"))
    return ibis.union(*copies)


def without_account(book: Book, end: dtm.date) -> tuple[int, float]:
    """Return how many order lines (or won deals) name no account, and their money: nobody's cohort has them."""
    try:
        rows = sales(book)
    except NeedsData:
        return 0, 0.0
    rows = rows.filter(rows.account_id.isnull(), rows["_on"] <= ibis.date(end))
    found = rows.aggregate(n=rows.count(), money=rows.amount.sum()).execute().iloc[0]
    return int(found["n"]), float(found["money"] or 0) if found["money"] == found["money"] else 0.0


def only_returns(book: Book, end: dtm.date) -> tuple[int, float]:
    """Return how many accounts only ever gave something back, and the money: they are no customers."""
    try:
        rows = sales(book, "account_id")
    except NeedsData:
        return 0, 0.0
    if "is_return" not in rows.columns:
        return 0, 0.0
    rows = rows.filter(rows.account_id.notnull(), rows["_on"] <= ibis.date(end))
    each = rows.group_by("account_id").aggregate(
        bought=(~rows.is_return.fill_null(False)).cast("int32").sum(), money=rows.amount.sum()
    )
    each = each.filter(each["bought"] == 0)
    found = each.aggregate(n=each.count(), money=each["money"].sum()).execute().iloc[0]
    return int(found["n"]), float(found["money"] or 0) if found["money"] == found["money"] else 0.0
