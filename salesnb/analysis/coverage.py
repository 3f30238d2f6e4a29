"""Coverage, which answers whether the open pipeline is enough for the quotas, now and in the periods to come.

The deals open on a day are told apart by when they are due; those past their expected close are in no period. What is
due is held against what is left of each period's quotas, and the pipeline needed is what is left over the win rate.
"""

from __future__ import annotations

import datetime as dtm
import math
from typing import Any

import numpy as np
import pandas as pd

from salesnb.analysis import coverage_words as told
from salesnb.analysis.behind import Behind, key
from salesnb.analysis.coverage_card import HORIZONS, CoverageCard
from salesnb.analysis.coverage_groups import groups
from salesnb.analysis.coverage_numbers import numbers
from salesnb.analysis.coverage_quota import Quotas, WinRate, booked_deals, decided_deals, left_of, quotas, win_rate
from salesnb.analysis.hygiene_deals import (
    OpenDeals,
    behind,
    days_of,
    filled,
    held,
    kept,
    money_of,
    open_deals,
    parts_of,
    stamp,
    weighed,
)
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.data.history import history_limit
from salesnb.kpis.answers import answer
from salesnb.kpis.bookings import last_known
from salesnb.kpis.standing import due, standing
from salesnb.periods import Period

DUE = {"due": "Expected close then"}
_ENDED = {"ended": "Ended"}
_DAY = dtm.timedelta(days=1)
_COSTS = (
    ("opportunities.amount", "what the open deals are worth"),
    ("opportunities.expected_close_on", "when the open deals are due"),
    ("quotas", "what is left to book, and what pipeline that needs"),
)


class Coverage(CoverageCard):
    """A coverage that says what its numbers say; see :class:`salesnb.analysis.coverage_card.CoverageCard`."""

    def headlines(self) -> list[str]:
        """Say what pipeline is missing for which period, with the sum, and what no period can count on."""
        return held(told.headlines(self), self.behind)

    def finding(self) -> str:
        """Say the most important of it in one short sentence: what is missing, or what is due."""
        return told.finding(self)

    def numbers(self) -> pd.DataFrame:
        """List every number, for results.json: the columns of :data:`salesnb.analysis.hygiene_deals.NUMBERS`."""
        return numbers(self)


def coverage(book: Book, period: Period, *, confidence: float = 0.95) -> Coverage:
    """Hold the open pipeline against what is left of the quotas, for a period, the next and all later ones.

    All is as of the period's last day, or the as-of date where that is earlier. The pipeline needed is
    (quota - booked) / win rate by value, the rate of the year up to that day; its interval is that of the rate.

    Examples
    --------
    >>> import datetime as dtm
    >>> deals = [
    ...     {"opportunity_id": "1", "outcome": "won", "amount": 100, "closed_on": "2026-07-05", "owner_id": "a"},
    ...     {"opportunity_id": "2", "outcome": "lost", "amount": 300, "closed_on": "2026-07-06", "owner_id": "a"},
    ...     {"opportunity_id": "3", "outcome": "open", "amount": 500, "expected_close_on": "2026-09-01",
    ...      "owner_id": "a", "created_at": "2026-06-01"},
    ... ]
    >>> quota = {"rep_id": "a", "starts_on": "2026-07-01", "ends_on": "2026-09-30", "metric": "bookings",
    ...          "amount": 250}
    >>> book = Book.of({"opportunities": deals, "quotas": [quota]}, as_of=dtm.date(2026, 8, 1))
    >>> row = coverage(book, Period.parse("2026Q3")).horizon("this")
    >>> row["left"], row["needed"], row["due"], row["gap"]  # (250 - 100) / (100 / 400) - 500
    (150.0, 600.0, 500.0, 100.0)
    """
    source, day = kept(book), last_known(book, period)
    lacks = pd.DataFrame([row for row in _COSTS if not book.gives(row[0])], columns=["needs", "costs"])
    if not book.has("opportunities"):
        return _empty(book, period, day, confidence)
    memo.expect(source, [day, _eve(book, period)])
    deals = open_deals(source, day)
    rows = placed(deals, period)
    against, rate = quotas(source, day), win_rate(source, day, confidence)
    done = booked_deals(source, against, against.of(period.start, period.end), day)
    frame = pd.DataFrame([_horizon(name, rows, deals, period, against, rate) for name in HORIZONS])
    frame["booked_deals"] = [float(len(done)) if name == "this" else math.nan for name in frame["horizon"]]
    keep = (frame["horizon"] != "before") | (frame["deals"] > 0)
    start, begun = _start(source, period, deals, against)
    grouped, inner = groups(book, deals, rows, against, done, period)
    found = [
        *(behind(key("coverage", name), _title(name, period), rows[rows["horizon"] == name], deals.unit, extras=DUE)
          for name in frame.loc[keep, "horizon"]),
        behind("coverage-booked", f"Booked on the quotas of {period}", done, "money"),
        begun,
        *inner,
    ]  # fmt: skip
    if frame["needed"].notna().any():
        unit = "money" if rate.basis == "value" else "count"
        title = f"Won or lost, {rate.words}: the win rate by {rate.basis}"
        found.append(behind("coverage-decided", title, decided_deals(source, day, rate), unit, extras=_ENDED))
    return Coverage(
        period=period,
        as_of=book.as_of,
        day=day,
        currency=book.currency,
        confidence=confidence,
        nothing="",
        unit=deals.unit,
        holder=against.holder,
        horizons=frame[keep].reset_index(drop=True),
        start=start,
        groups=grouped,
        win=rate,
        limit=deals.limit,
        missing=lacks,
        behind=filled(found),
    )


def placed(deals: OpenDeals, period: Period) -> pd.DataFrame:
    """Return the open deals with ``horizon`` (one of :data:`HORIZONS`) and ``due``, the expected close as text.

    A deal is overdue once its expected close is before the day, whatever period it was due in.
    """
    rows, following = deals.rows, period.next
    expected = rows["expected_close_on"]
    place = np.select(
        [
            expected.isna(),
            expected < stamp(deals.day),
            expected < stamp(period.start),
            expected < stamp(period.end),
            expected < stamp(following.end),
        ],
        ["undated", "overdue", "before", "this", "next"],
        "later",
    )
    return rows.assign(horizon=place, due=expected.dt.strftime("%Y-%m-%d").fillna(""))


def _horizon(
    name: str, rows: pd.DataFrame, deals: OpenDeals, period: Period, against: Quotas, rate: WinRate
) -> dict[str, Any]:
    mine = rows[rows["horizon"] == name]
    nothing = dict.fromkeys(
        ("quota", "booked", "left", "holders", "coverage", "needed", "needed_low", "needed_high", "gap", "gap_low",
         "gap_high"), math.nan
    )  # fmt: skip
    row: dict[str, Any] = {
        "horizon": name,
        "label": label(name, period),
        "deals": len(mine),
        "due": weighed(mine, deals.unit),
        **nothing,
        "reason": "",
    }
    spans = {
        "this": (period.start, period.end),
        "next": (period.next.start, period.next.end),
        "later": (period.next.end, None),
    }.get(name)
    if spans is None:
        return row
    row |= left_of(against.of(*spans))
    if math.isnan(row["quota"]):
        return row | {"reason": _no_quota(name, period) if against.holder else "needs quotas"}
    if deals.unit != "money":
        return row | {"reason": "needs opportunities.amount"}
    left, open_due = row["left"], row["due"]
    row["coverage"] = open_due / left if left > 0 else math.nan
    if name == "this" and deals.day >= period.last_day:
        return row | {"reason": f"{period} is over"}
    if not rate.value > 0:
        return row | {"reason": rate.reason or f"nothing {rate.words} was won"}
    needed = {"needed": left / rate.value, "needed_low": left / rate.high, "needed_high": _over(left, rate.low)}
    gaps = {name.replace("needed", "gap"): amount - open_due for name, amount in needed.items()}
    return row | needed | gaps | {"reason": "" if left > 0 else "the quota is met"}


def _no_quota(name: str, period: Period) -> str:
    return f"no quota is known {'' if name == 'later' else 'for '}{label(name, period)}"


def _over(left: float, rate: float) -> float:
    return math.nan if math.isnan(rate) else left / rate if rate > 0 else math.inf if left > 0 else 0.0


def label(name: str, period: Period) -> str:
    """Return the words for a horizon."""
    return {
        "overdue": "overdue",
        "before": f"before {period}",
        "this": str(period),
        "next": str(period.next),
        "later": f"after {period.next}",
        "undated": "without a date",
    }[name]


def _title(name: str, period: Period) -> str:
    words = {"overdue": "Open and past the expected close", "undated": "Open, without an expected close"}
    return words.get(name) or f"Open and due {'' if name in ('before', 'later') else 'in '}{label(name, period)}"


def _eve(book: Book, period: Period) -> dtm.date:
    """Return the day before a period begins, or the as-of date where that is earlier."""
    return min(period.start - _DAY, book.as_of)


def _start(book: Book, period: Period, deals: OpenDeals, against: Quotas) -> tuple[dict[str, float], Behind]:
    """Return the coverage as at the period's start, whose definition is ``pipeline_coverage.end``, and its deals."""
    day = _eve(book, period)
    rows = due(standing(book, day), period)
    found = answer(book, rows.select("opportunity_id", "expected_close_on", parts=parts_of(rows.amount)))
    found["has_amount"] = found["parts"].notna()
    found["parts"] = [0 if pd.isna(part) else int(part) for part in found["parts"]]
    found["due"] = days_of(found["expected_close_on"]).dt.strftime("%Y-%m-%d").fillna("")
    found = found.sort_values(["parts", "opportunity_id"], ascending=[False, True], ignore_index=True)
    quota = int(against.of(period.start, period.end)["quota"].sum())
    amount = weighed(found, deals.unit)
    start = {
        "deals": float(len(found)),
        "due": amount,
        "quota": money_of(quota) if quota else math.nan,
        "coverage": amount / money_of(quota) if quota and deals.unit == "money" else math.nan,
    }
    if day < book.as_of and history_limit(book).startswith("no change log: the stage"):
        start = dict.fromkeys(start, math.nan)
        found = found.iloc[:0]
    return start, behind("coverage-start", f"Due in {period} when it began", found, deals.unit, extras=DUE)


def _empty(book: Book, period: Period, day: dtm.date, confidence: float) -> Coverage:
    return Coverage(
        period=period,
        as_of=book.as_of,
        day=day,
        currency=book.currency,
        confidence=confidence,
        nothing=f"needs opportunities{book.rejected_words('opportunities')}",
        unit="money",
        holder="",
        horizons=pd.DataFrame(columns=["horizon", "label", "deals", "due"]),
        start={},
        groups=pd.DataFrame(columns=["by", "key", "name"]),
        win=None,
        limit="",
        missing=pd.DataFrame([("opportunities", "the open pipeline")], columns=["needs", "costs"]),
        behind=(),
    )
