"""MRR, which answers whether what comes in every month grows, and by what: new, more, less, lost and back.

The walk of every month of the year to the end of a period ties to the cent, account by account, and so does that of
the period, which is the sum of its months.
"""

from __future__ import annotations

import datetime as dtm
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import Behind, Told, key, largest
from salesnb.analysis.calendar import year_to
from salesnb.analysis.cohorts_engine import Axis
from salesnb.analysis.hygiene_deals import numbered
from salesnb.analysis.mrr_walk import PARTS, basis, monthly, moves, walks
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.kpis import registry
from salesnb.kpis.bookings import last_known
from salesnb.periods import Period

RATES = ("nrr.year", "nrr.quarter", "grr.year", "grr.quarter", "quick_ratio.mrr", "churn_rate.customers",
         "churn_rate.revenue", "retention_rate.customers")  # fmt: skip
WORDS = {
    "new": "New customers",
    "expansion": "Expansion",
    "reactivation": "Came back",
    "contraction": "Contraction",
    "churn": "Left",
}
_MONTHS = Axis("month")


@dataclass(frozen=True)
class Mrr:
    """What comes in every month, and what changed it.

    Attributes
    ----------
    period, as_of, day
        The period, the last day that is known, and the day it is all as of.
    currency, confidence
        Of money, and the level of the intervals.
    nothing
        Why there is nothing to report; empty where there is something.
    basis
        ``subscriptions`` or ``orders``: see :mod:`salesnb.analysis.mrr_walk`.
    months
        The walks of the year's months (:func:`salesnb.analysis.mrr_walk.walks`), with ``label, is_complete``.
    walk
        The period's own: the sum of its months, as a row of ``months``; empty where it has none.
    rates
        ``name, value, low, high, n, status, reason``: of :data:`RATES`.
    plans
        ``plan, mrr, subscriptions`` on the day; empty where mrr is read from orders.
    left_out
        ``what, rows, money, rule``.
    behind
        The accounts behind the parts of the period's walk.
    """

    period: Period
    as_of: dtm.date
    day: dtm.date
    currency: str
    confidence: float
    nothing: str
    basis: str
    months: pd.DataFrame
    walk: dict[str, Any]
    rates: pd.DataFrame
    plans: pd.DataFrame
    left_out: pd.DataFrame
    behind: tuple[Behind, ...]

    def rate(self, name: str) -> dict[str, Any]:
        """Return one of the rates, by its name."""
        rows = self.rates[self.rates["name"] == name]
        return {str(k): v for k, v in rows.iloc[0].items()} if len(rows) else {"value": float("nan")}

    def opens(self, part: str) -> str:
        """Return the key of the accounts of a part; empty where there are none."""
        found = key("mrr", part)
        return found if any(each.key == found for each in self.behind) else ""

    def headlines(self) -> list[str]:
        """Say where mrr stands, what moved it, and what of the old customers is kept."""
        if self.nothing:
            return [f"What comes in every month cannot be told: {self.nothing}."]
        told = [self.finding(), self.kept_finding(), self._left()]
        return [sentence for sentence in told if sentence]

    def finding(self) -> str:
        """Say where mrr stands at the end of the period, and what moved it."""
        if self.nothing or not self.walk:
            return self.headlines()[0] if self.nothing else f"No month of {self.period} is known."
        walk, change = self.walk, self.walk["closing"] - self.walk["opening"]
        moved = [
            f"{formats.with_sign(formats.money(walk[part]), walk[part])} {WORDS[part].lower()} ({walk[f'{part}_n']})"
            for part in sorted(PARTS, key=lambda name: -abs(walk[name]))
            if walk[part]
        ]
        size = formats.money(walk["closing"], self.currency)
        how = f"{formats.money(abs(change))} {'more' if change > 0 else 'less'} than" if change else "as"
        sentence = f"Monthly recurring revenue is {size} at the end of {self.day}, {how} when {self.period} began"
        return Told(f"{sentence}: {formats.listed(moved, 5)}." if moved else f"{sentence}.", self.opens("closing"))

    def kept_finding(self) -> str:
        """Say what is kept of what customers paid a year ago, and how many left in the period."""
        net, gross, logos = (self.rate(name) for name in ("nrr.year", "grr.year", "churn_rate.customers"))
        if formats.is_missing(net["value"]):
            return ""
        between = formats.interval(net["low"], net["high"], "ratio")
        left = "" if formats.is_missing(logos["value"]) else (
            f"; {formats.share(logos['value'])} of the customers left in {self.period} "
            f"({formats.interval(logos['low'], logos['high'], 'ratio')})"
        )  # fmt: skip
        kept, bare = formats.share(net["value"]), formats.share(gross["value"])
        told = f"The customers of a year ago pay {kept} of what they paid ({between})"
        return f"{told}; without what they added {bare}{left}."

    def _left(self) -> str:
        told = [formats.rows_of(int(row["rows"]), row["what"]) for row in self.left_out.to_dict("records")]
        return f"Not in it: {formats.listed(told)}." if told else ""

    def numbers(self) -> pd.DataFrame:
        """List every number, for results.json."""
        rows: list[dict[str, Any]] = []
        for month in self.months.to_dict("records"):
            for name in ("opening", *PARTS, "closing"):
                state = {} if month["is_complete"] else {"status": "immature", "reason": "the month is not over"}
                rows.append(
                    {"id": "mrr_walk", "variant": name, "by": "month", "segment": month["label"], "unit": "money",
                     "value": float(month[name]), "n": month.get(f"{name}_n"), **state}
                )  # fmt: skip
        for name in ("opening", *PARTS, "closing") if self.walk else ():
            rows.append({"id": "mrr_walk", "variant": name, "value": float(self.walk[name]), "unit": "money"})
        for rate in self.rates.to_dict("records"):
            entry = registry.find(rate["name"])
            kept = {name: rate[name] for name in ("value", "low", "high", "n", "status", "reason")}
            rows.append({"id": entry.id, "variant": entry.variant, "unit": entry.unit, **kept})
        return numbered(rows, self.period)


def mrr(book: Book, period: Period, *, confidence: float = 0.95) -> Mrr:
    """Answer "does what comes in every month grow, and by what?" for the months of the year to the end of a period.

    Parameters
    ----------
    book, period
        The book, and the period; nothing later than its last day counts.
    confidence
        The level of the intervals.
    """
    held = book if book.memo is not None else memo.keeping(book)
    day = last_known(book, period)
    nothing = "" if period.start <= book.as_of else f"{period} has not begun, the data end on {book.as_of}"
    months, walk = pd.DataFrame(columns=["number", "label", "is_complete"]), {}
    behind: tuple[Behind, ...] = ()
    if not nothing:
        try:
            paid = memo.table(held, "mrr monthly", day, make=lambda: monthly(held, day))
            moved = memo.table(held, "mrr moves", day, make=lambda: moves(paid))
            months = _months(held, paid, moved, period, day)
            nothing = "" if months[["opening", "closing"]].astype(float).to_numpy().any() else f"nobody paid by {day}"
        except NeedsData as lacking:
            nothing = lacking.what
    has_contracts = not nothing and basis(book) == "subscriptions"
    if not nothing:
        first = _MONTHS.number_of(period.start)
        own = months[months["number"] >= first]
        walk = _summed(own)
        behind = tuple(_behind(held, paid, moved, first, _MONTHS.number_of(day), period, day))
    return Mrr(
        period=period,
        as_of=book.as_of,
        day=day,
        currency=book.currency,
        confidence=confidence,
        nothing=nothing,
        basis=basis(book),
        months=months,
        walk=walk,
        rates=_rates(held, period, confidence) if has_contracts else _no_rates(),
        plans=_plans(held, day) if has_contracts else pd.DataFrame(columns=list(_PLANS)),
        left_out=_left_out(held, day) if not nothing else pd.DataFrame(columns=list(_LEFT)),
        behind=behind,
    )


_PLANS = ("plan", "mrr", "subscriptions", "accounts")
_LEFT = ("what", "rows", "money", "rule")


def _months(book: Book, paid: ir.Table, moved: ir.Table, period: Period, day: dtm.date) -> pd.DataFrame:
    first = min(_MONTHS.number_of(year_to(period).start), _MONTHS.number_of(period.start))
    rows = walks(book, paid, moved, first, _MONTHS.number_of(day))
    rows["label"] = [_MONTHS.label(number) for number in rows["number"]]
    rows["is_complete"] = [_MONTHS.last_day(number) <= day for number in rows["number"]]
    return rows


def _summed(months: pd.DataFrame) -> dict[str, Any]:
    if months.empty:
        return {}
    first, last = months.iloc[0], months.iloc[-1]
    sums = {name: months[name].sum() for part in PARTS for name in (part, f"{part}_n")}
    return {"opening": first["opening"], "begin": first["begin"], **sums, "closing": last["closing"],
            "customers": last["customers"]}  # fmt: skip


def _behind(
    book: Book, paid: ir.Table, moved: ir.Table, first: int, last: int, period: Period, day: dtm.date
) -> Iterator[Behind]:
    own = moved.filter(moved["number"] >= first, moved["number"] <= last)
    kinds = {"was": "Paid before", "became": "Pays now", "month": "In"}
    month = (own["number"] % 12 + 1).cast("string").lpad(2, "0")
    label = (own["number"] / 12).floor().cast("int64").cast("string") + "-" + month
    rows = own.select(
        "account_id", group="part", adds=own["change"].cast("float64"), was=own["was"].cast("float64"),
        became=own["became"].cast("float64"), month=label,
    )  # fmt: skip
    counted = rows.group_by("group").aggregate(n=rows.count(), total=rows.adds.sum()).execute().set_index("group")
    for part, found in largest(rows, "group", "adds").groupby("group", sort=True):
        shown = found[["account_id", "adds", *kinds]].reset_index(drop=True)
        n, total = int(counted.loc[part, "n"]), float(counted.loc[part, "total"])
        yield Behind(key("mrr", part), f"{WORDS[str(part)]} in {period}", shown, n, total, "money", "account", kinds)
    ends = (("opening", first - 1, f"when {period} began"), ("closing", last, f"at the end of {day}"))
    for name, number, when in ends:
        at_end = paid.filter(paid["number"] == number)
        listed = at_end.select("account_id", group=ibis.literal(name), adds=at_end["mrr"].cast("float64"))
        sums = listed.aggregate(n=listed.count(), total=listed.adds.sum()).execute().iloc[0]
        if sums["n"]:
            shown = largest(listed, "group", "adds")[["account_id", "adds"]].reset_index(drop=True)
            n, total = int(sums["n"]), float(sums["total"])
            yield Behind(key("mrr", name), f"Paid {when}", shown, n, total, "money", "account")


def _rates(book: Book, period: Period, confidence: float) -> pd.DataFrame:
    made = []
    for name in RATES:
        row = registry.compute(book, name, period, confidence=confidence).iloc[0]
        kept = {k: row[k] for k in ("value", "low", "high", "numerator", "denominator", "n", "status", "reason")}
        made.append({"name": name, **kept})
    return pd.DataFrame(made)


def _no_rates() -> pd.DataFrame:
    return pd.DataFrame(columns=["name", "value", "low", "high", "numerator", "denominator", "n", "status", "reason"])


def _plans(book: Book, day: dtm.date) -> pd.DataFrame:
    rows = book.subscriptions
    runs = rows.ended_on.isnull() | (rows.ended_on > ibis.date(day))
    rows = rows.filter(rows.started_on <= ibis.date(day), runs, rows.mrr > 0, rows.account_id.notnull())
    found: pd.DataFrame = (
        rows.group_by("plan")
        .aggregate(mrr=rows.mrr.sum(), subscriptions=rows.count(), accounts=rows.account_id.nunique())
        .order_by(ibis.desc("mrr"), "plan")
        .execute()
    )
    return found


def _left_out(book: Book, day: dtm.date) -> pd.DataFrame:
    if basis(book) != "subscriptions":
        return pd.DataFrame(columns=list(_LEFT))
    rows = book.subscriptions.filter(book.subscriptions.started_on <= ibis.date(day))
    free = (rows.mrr.isnull() | (rows.mrr <= 0)).cast("int32").sum()
    nobody = rows.account_id.isnull()
    found = rows.aggregate(free=free, nobody=nobody.cast("int32").sum(), money=rows.mrr.sum(where=nobody)).execute()
    row = found.iloc[0]
    told = [
        ("subscriptions without a price", row["free"], 0.0, "who pays nothing is no customer"),
        ("subscriptions of no account", row["nobody"], row["money"], "nobody's movement can be followed"),
    ]
    kept = [(what, int(n), float(money or 0), rule) for what, n, money, rule in told if n == n and n]
    return pd.DataFrame(kept, columns=list(_LEFT))
