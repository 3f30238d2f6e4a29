"""Pacing, which answers whether a period is ahead of or behind where past periods stood on the same day.

The same day is the one as many business days into the period, Monday to Friday. Bookings are the deals won by the day
that the page is as of; what was due and open on a past day is taken from the change log or the snapshots of that day.
"""

from __future__ import annotations

import datetime as dtm
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from salesnb.analysis import pacing_words as told
from salesnb.analysis.behind import Behind, key
from salesnb.analysis.calendar import Records
from salesnb.analysis.coverage_quota import quotas
from salesnb.analysis.hygiene_deals import PARTS, filled, held, kept, logged, numbered
from salesnb.analysis.pacing_card import FEWEST, PacingCard
from salesnb.analysis.pacing_days import business_days, counted, same_day
from salesnb.analysis.pacing_rows import booked_on_quotas, due_on, won_by_day
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.data.history import history_limit
from salesnb.kpis.bookings import last_known
from salesnb.periods import Period


class Pacing(PacingCard):
    """A pacing that says what its numbers say; see :class:`salesnb.analysis.pacing_card.PacingCard` for the data."""

    def headlines(self) -> list[str]:
        """Say how the period stands against the same day of past periods, and what that would make it."""
        return held(told.headlines(self), self.behind)

    def finding(self) -> str:
        """Say how the period stands against the same day of past periods."""
        return told.finding(self)

    def numbers(self) -> pd.DataFrame:
        """List every number, for results.json: the columns of :data:`salesnb.analysis.hygiene_deals.NUMBERS`."""
        made = []
        for row in self.rows.to_dict("records"):
            place, then = {"period": row["period"], "unit": self.unit}, f"day_{self.count}"
            made += [
                {"id": "booked_by_day", "variant": then, "value": row["booked"], "n": row["deals"], **place},
                {"id": "booked_in_all", "value": row["final"], "n": row["final_deals"], **place},
                {"id": "due_on_day", "variant": then, "value": row["due"], "n": row["due_deals"],
                 "reason": self.no_due, **place},
                {"id": "pipeline_coverage", "variant": then, "value": row["coverage"],
                 "numerator": row["due"], "denominator": row["left"], **place, "unit": "ratio"},
            ]  # fmt: skip
        ends = {"low": self.landing.get("low"), "high": self.landing.get("high")}
        made.append(
            {"id": "landing", "value": self.landing.get("value"), "n": len(self.past), "unit": self.unit, **ends}
        )
        return numbered(made, self.period)


@dataclass(frozen=True)
class _When:
    """A period with the day of it that is looked at."""

    period: Period
    day: dtm.date


def pacing(book: Book, period: Period, *, trend_periods: int = 8) -> Pacing:
    """Hold a period against the same business day of the periods before it.

    Parameters
    ----------
    book, period
        The book, and the period.
    trend_periods
        How many past periods to look at; those that the records do not wholly cover are left out.

    Examples
    --------
    >>> import datetime as dtm
    >>> won = [
    ...     {"opportunity_id": day, "outcome": "won", "amount": amount, "closed_on": day}
    ...     for day, amount in (("2026-04-02", 10), ("2026-05-20", 30), ("2026-07-02", 15))
    ... ]
    >>> pace = pacing(Book.of({"opportunities": won}, as_of=dtm.date(2026, 7, 10)), Period.parse("2026Q3"))
    >>> pace.rows[["period", "booked", "final"]].to_dict("records")[0]
    {'period': '2026Q2', 'booked': 10.0, 'final': 40.0}
    """
    source, day = kept(book), last_known(book, period)
    nothing = _nothing(book, period)
    if nothing:
        return Pacing(**_bare(book, period, day), nothing=nothing)
    records = Records.of(source)
    past = [each for each in period.last(trend_periods + 1)[:-1] if records.cover(each) == "whole"]
    whens = [*(_When(each, same_day(period, day, each)) for each in past), _When(period, day)]
    unit = "money" if book.gives("opportunities.amount") else "count"
    won, won_rows = won_by_day(source, day, [when.period for when in whens])
    no_due = _no_due(source)
    memo.expect(source, [when.day for when in whens])
    known = whens if not no_due else whens[-1:] if book.gives("opportunities.expected_close_on") else []
    due, due_rows = due_on(source, [(when.period, when.day) for when in known])
    span = Period.parse(f"{whens[0].period.start}..{period.last_day}")
    against, done = quotas(source, day), booked_on_quotas(source, day, span)
    rows, found = [], []
    for when in whens:
        name = str(when.period)
        mine = won[won["period"] == name]
        by_then = mine[mine["closed_on"] <= pd.Timestamp(when.day)]
        row, behinds = _row(when, unit, (mine, by_then), won_rows, (due, due_rows), when.period.is_complete(day))
        spans = against.of(when.period.start, when.period.end)
        quota = int(spans["quota"].sum())
        is_mine = (done["on"] >= pd.Timestamp(when.period.start)) & (done["on"] < pd.Timestamp(when.period.end))
        booked = int(done.loc[is_mine & (done["day"] <= pd.Timestamp(when.day)), "parts"].sum())
        left = max(quota - booked, 0) / PARTS if quota else math.nan
        covers = unit == "money" and left > 0
        against_quota = {"quota": quota / PARTS, "left": left, "coverage": row["due"] / left if covers else math.nan}
        rows.append(row | against_quota)
        found += behinds
    frame = pd.DataFrame(rows)
    return Pacing(
        **_bare(book, period, day)
        | {
            "unit": unit,
            "count": business_days(period.start, day),
            "of": business_days(period.start, period.last_day),
            "rows": frame,
            "lines": _lines(won, whens, unit),
            "landing": _landing(frame, unit, is_over=day >= period.last_day),
            "no_due": no_due,
            "behind": filled(found),
        },
        nothing="",
    )


def _nothing(book: Book, period: Period) -> str:
    if not book.has("opportunities"):
        return f"needs opportunities{book.rejected_words('opportunities')}"
    return "" if period.start <= book.as_of else f"{period} has not begun, the data end on {book.as_of}"


def _no_due(book: Book) -> str:
    """Say why it is not known what was due on a past day; empty where it is."""
    if not book.gives("opportunities.expected_close_on"):
        return "needs opportunities.expected_close_on"
    if "expected_close_on" in logged(book):
        return ""
    if not book.has("opportunity_events") and not history_limit(book).startswith("no change log: the stage"):
        return ""
    return "needs opportunity_events of expected_close_on, or opportunity_snapshots"


def _bare(book: Book, period: Period, day: dtm.date) -> dict[str, Any]:
    columns = ("period", "day", "booked", "deals", "final", "final_deals", "share", "due", "due_deals", "quota",
               "left", "coverage")  # fmt: skip
    return {
        "period": period,
        "as_of": book.as_of,
        "day": day,
        "currency": book.currency,
        "unit": "money",
        "count": 0,
        "of": 0,
        "rows": pd.DataFrame(columns=list(columns)),
        "lines": pd.DataFrame(columns=["period", "count", "booked"]),
        "landing": {},
        "no_due": "",
        "behind": (),
    }


def _row(
    when: _When,
    unit: str,
    won: tuple[pd.DataFrame, pd.DataFrame],
    won_rows: pd.DataFrame,
    due: tuple[pd.DataFrame, pd.DataFrame],
    is_over: bool,
) -> tuple[dict[str, Any], list[Behind]]:
    """Return what a period had booked by its day and in all, and what was due then, with the deals of each."""
    name, size = str(when.period), "parts" if unit == "money" else "deals"
    scale = PARTS if unit == "money" else 1
    sums = [(frame[size].sum() / scale, int(frame["deals"].sum())) for frame in won]
    (final, final_deals), (booked, deals) = sums
    mine = won_rows[won_rows["period"] == name]
    by_then = mine[mine["closed_on"] <= pd.Timestamp(when.day)]
    open_due = due[0][due[0]["period"] == name]
    is_known = name in set(due[0]["period"])
    row = {
        "period": name,
        "day": when.day,
        "booked": booked,
        "deals": deals,
        "final": final,
        "final_deals": final_deals,
        "share": booked / final if final > 0 and is_over else math.nan,
        "due": float(open_due[size].sum()) / scale if is_known else math.nan,
        "due_deals": int(open_due["deals"].sum()),
    }
    rows_due = due[1][due[1]["period"] == name]
    parts = [("booked", f"Booked in {name} by {when.day}", by_then, booked, deals),
             ("final", f"Booked in {name}", mine, final, final_deals)]  # fmt: skip
    if is_known:
        parts.append(("due", f"Open on {when.day} and due in {name}", rows_due, row["due"], row["due_deals"]))
    found = [_behind(f"{part} {name}", title, rows, unit, total, n) for part, title, rows, total, n in parts]
    return row, found


def _behind(name: str, title: str, rows: pd.DataFrame, unit: str, total: float, n: int) -> Behind:
    adds: Any = rows["parts"] / PARTS if unit == "money" else 1.0
    kind: Any = unit
    shown = rows[["opportunity_id"]].assign(adds=adds).reset_index(drop=True)
    return Behind(key("pacing", name), title, shown, n, total, kind)


def _lines(won: pd.DataFrame, whens: list[_When], unit: str) -> pd.DataFrame:
    """Return what each period had booked by each business day: ``period, count, booked``; of this one to its day."""
    made = []
    for when in whens:
        mine = won[won["period"] == str(when.period)]
        days = counted(when.period.start, mine["closed_on"])
        sizes = mine["parts"] / PARTS if unit == "money" else mine["deals"].astype(float)
        last = business_days(when.period.start, when.period.last_day)
        if when is whens[-1]:
            last = business_days(when.period.start, when.day)
        by_day = sizes.groupby(days).sum().reindex(range(last + 1), fill_value=0.0).cumsum()
        made.append(pd.DataFrame({"period": str(when.period), "count": by_day.index, "booked": by_day.to_numpy()}))
    return pd.concat(made, ignore_index=True)


def _landing(rows: pd.DataFrame, unit: str, *, is_over: bool) -> dict[str, float]:
    """Return what the period would book in all if it went on as past ones did: by what they booked from here on.

    Where what was due is known, each past period gives what it booked afterwards over what was due then, and this
    times what is due now is added to what is booked; else what is booked is divided by the share that was booked by
    then. The middle, least and most of the past periods; empty with fewer than :data:`FEWEST` or after the end.
    """
    now, past = rows.iloc[-1], rows.iloc[:-1]
    if is_over or len(past) < FEWEST:
        return {}
    later = past["final"] - past["booked"]
    if past["due"].gt(0).all() and not math.isnan(now["due"]):
        factors = later / past["due"]
        ends = now["booked"] + factors * now["due"]
        spread = {"factor": float(factors.median()), "factor_low": float(factors.min()),
                  "factor_high": float(factors.max())}  # fmt: skip
    elif past["share"].gt(0).all() and now["booked"] > 0:
        ends, spread = now["booked"] / past["share"], {}
    else:
        return {}
    return {"value": float(np.median(ends)), "low": float(ends.min()), "high": float(ends.max()), **spread}
