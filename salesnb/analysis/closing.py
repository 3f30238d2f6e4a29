"""Closing: in which month of a quarter deals are decided, and how that bends a win rate taken in between.

Where deals are won in a quarter's last month and lost deals are cleared in the others, a win rate of one month says
when somebody closes deals, not how well they sell.
"""

from __future__ import annotations

import datetime as dtm
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import MOST, Behind, Told, key, largest
from salesnb.analysis.calendar import year_to
from salesnb.analysis.team_numbers import COLUMNS
from salesnb.data.book import Book
from salesnb.kpis.durations import closed_in
from salesnb.kpis.intervals import newcombe, wilson
from salesnb.periods import Period

FEWEST = 10
"""The deals won or lost that either kind of month has at least, for the two to be compared."""
LEAST = 0.05
"""A difference of the two win rates that is worth a word."""
_PARTS = {"last": "the last month of a quarter", "other": "the other months"}


@dataclass(frozen=True)
class Closing:
    """When in a quarter the deals of a year were won and lost.

    Attributes
    ----------
    period, as_of, year
        The period; the last day that is known; the year that ends with the period, whose deals are counted.
    currency, confidence
        Of money; the level of intervals.
    nothing
        Why there is nothing to count; empty where there is something.
    months
        One row a month in which a deal was won or lost: ``month, part`` (``last`` or ``other``), ``won, lost, n,
        rate, low, high, amount`` (of the won deals).
    parts
        The same for all last months and all others, in that order, with ``share``: of the won amount.
    difference, low, high
        The win rate of the last months less that of the others, and its interval; NaN where either has fewer than
        10 deals.
    behind
        The rows behind every number.
    """

    period: Period
    as_of: dtm.date
    year: Period
    currency: str
    confidence: float
    nothing: str
    months: pd.DataFrame
    parts: pd.DataFrame
    difference: float
    low: float
    high: float
    behind: tuple[Behind, ...]

    @property
    def is_bent(self) -> bool:
        """Whether the last months win more, or less, often than the others by more than chance, and by 5 points."""
        return (self.low > 0 or self.high < 0) and abs(self.difference) >= LEAST

    def finding(self) -> str:
        """Say whether deals close otherwise at a quarter's end."""
        if self.nothing:
            return f"When in a quarter deals close is not known: {self.nothing}."
        if math.isnan(self.difference):
            return (
                f"Too few deals were decided in the year to {formats.day(self.year.last_day)} to tell the months of a "
                f"quarter apart."
            )
        last, other = self.parts["rate"]
        if not self.is_bent:
            return (
                f"Deals decided in {_PARTS['last']} are won about as often as in {_PARTS['other']}: "
                f"{formats.share(last, 0)} and {formats.share(other, 0)}."
            )
        points = formats.exact(abs(round(100 * self.difference)))
        return (
            f"Deals decided in {_PARTS['last']} are won {formats.share(last, 0)} of the time, in {_PARTS['other']} "
            f"{formats.share(other, 0)}: {points} points {'more' if self.difference > 0 else 'less'}."
        )

    def headlines(self) -> list[str]:
        """Say whether deals close otherwise at a quarter's end, and what follows for a win rate."""
        if self.nothing or math.isnan(self.difference):
            return [self.finding()]
        told: list[str] = [Told(self.finding(), key("closing", "last"))]
        if self.is_bent:
            told.append(
                "A win rate of a month, or of a quarter that is not over, says when deals are closed: compare whole "
                "quarters, or the mature win rate."
            )
        return told

    def numbers(self) -> pd.DataFrame:
        """List every number, for results.json; the columns are those of a team's numbers.

        Returns
        -------
        pandas.DataFrame
            ``win_rate.closed`` and ``revenue.booked`` of each month, and of the two kinds of month under
            ``by = "month of the quarter"``.
        """
        rows = []
        for record in self.months.to_dict("records"):
            rows += _numbers(record, {"period": record["month"]})
        for record in self.parts.to_dict("records"):
            rows += _numbers(
                record, {"period": str(self.year), "by": "month of the quarter", "segment": record["part"]}
            )
        return pd.DataFrame([{**dict.fromkeys(COLUMNS), **row} for row in rows], columns=list(COLUMNS))


def closing(book: Book, period: Period, *, confidence: float = 0.95) -> Closing:
    """Answer "when in a quarter do deals close?" over the year that ends with a period.

    A deal counts in the month of ``closed_on``; a quarter is the fiscal one. Won and lost deals count, disqualified
    ones do not; a won deal without an amount counts as won and adds 0 to the amount. The rates of the two kinds of
    month are compared by Newcombe's interval of their difference.

    Parameters
    ----------
    confidence
        The level of the intervals.

    References
    ----------
    Larkin (2014), The Cost of High-Powered Incentives: Employee Gaming in Enterprise Software Sales, Journal of Labor
    Economics 32, 199-227, on closing by the calendar.
    """
    year = year_to(period)
    nothing = _nothing(book, period)
    rows = pd.DataFrame(columns=["month", "part", "outcome", "n", "amount"])
    behind: tuple[Behind, ...] = ()
    if not nothing:
        deals = closed_in(book, year, "won", "lost")
        place = (deals.closed_on.month() - book.fiscal_year_start + 12) % 3
        dated = deals.mutate(
            month=deals.closed_on.strftime("%Y-%m"),
            part=(place == 2).ifelse("last", "other"),
            adds=deals.amount.cast("float64").fill_null(0.0),
        )
        counted = dated.group_by("month", "part", "outcome").aggregate(n=dated.count(), amount=dated.adds.sum())
        rows = counted.execute().sort_values(["month", "outcome"], ignore_index=True)
        nothing = "" if len(rows) else f"no deal was won or lost in the year to {year.last_day}"
        cell = (dated.month + "-" + dated.outcome).name("cell")
        kept = largest(dated.select("opportunity_id", "month", "part", "outcome", "adds", cell), "cell", "adds")
        behind = tuple(_behind(rows, kept))
    months, parts = _counted(rows, ["month", "part"], confidence), _counted(rows, ["part"], confidence)
    parts = parts.sort_values("part", key=lambda names: names == "other", ignore_index=True)
    money = float(parts["amount"].sum())
    parts = parts.assign(share=parts["amount"] / money if money else math.nan)
    difference, low, high = _difference(parts, confidence)
    return Closing(
        period, book.as_of, year, book.currency, confidence, nothing, months, parts, difference, low, high, behind
    )


def _nothing(book: Book, period: Period) -> str:
    if not book.gives("opportunities.closed_on"):
        return f"needs opportunities.closed_on{book.rejected_words('opportunities')}"
    return "" if period.start <= book.as_of else f"it has not begun, the data end on {book.as_of}"


def _counted(rows: pd.DataFrame, by: list[str], confidence: float) -> pd.DataFrame:
    """Return ``won, lost, n, rate, low, high, amount`` of each group; the amount is that of the won deals."""
    flagged = rows.assign(
        won=rows["n"].where(rows["outcome"] == "won", 0).astype("int64"),
        lost=rows["n"].where(rows["outcome"] == "lost", 0).astype("int64"),
        amount=rows["amount"].where(rows["outcome"] == "won", 0.0).astype("float64"),
    )
    frame = flagged.groupby(by, as_index=False, sort=True)[["won", "lost", "amount"]].sum()
    n = frame["won"] + frame["lost"]
    low, high = wilson(frame["won"], n, confidence)
    return frame.assign(n=n, rate=frame["won"] / n, low=low, high=high)


def _difference(parts: pd.DataFrame, confidence: float) -> tuple[float, float, float]:
    if len(parts) < 2 or parts["n"].min() < FEWEST:
        return math.nan, math.nan, math.nan
    (won, other_won), (n, other_n) = parts["won"], parts["n"]
    low, high = newcombe(won, n, other_won, other_n, confidence)
    return float(won / n - other_won / other_n), float(low), float(high)


def _behind(rows: pd.DataFrame, kept: pd.DataFrame) -> list[Behind]:
    """Return the deals of each month, of the two kinds of month and of all, by outcome and together."""
    made = []
    groups: list[tuple[tuple[str, ...], str, pd.Series[bool], pd.Series[bool]]] = [
        ((month,), month, rows["month"] == month, kept["month"] == month) for month in rows["month"].unique()
    ]
    groups += [((part,), words, rows["part"] == part, kept["part"] == part) for part, words in _PARTS.items()]
    for names, words, counted, listed in groups:
        for outcome in ("won", "lost", ""):
            mine = rows[counted & (rows["outcome"] == outcome)] if outcome else rows[counted]
            deals = kept[listed & (kept["outcome"] == outcome)] if outcome else kept[listed]
            deals = deals.sort_values(["adds", "opportunity_id"], ascending=[False, True], key=_sized).head(MOST)
            title = f"{(outcome or 'won or lost').capitalize()} in {words}"
            n = int(mine["n"].sum())
            made.append(Behind(key("closing", *names, outcome), title, deals.assign(adds=1.0), n, float(n)))
            if outcome == "won":
                money = float(mine["amount"].sum())
                made.append(Behind(key("closing", *names, "amount"), title, deals, n, money, unit="money"))
    return made


def _sized(column: pd.Series[float]) -> pd.Series[float]:
    return column.abs() if column.name == "adds" else column


def _numbers(record: Mapping[Any, Any], place: Mapping[str, Any]) -> list[dict[str, Any]]:
    rate = {"id": "win_rate", "variant": "closed", "unit": "ratio", "value": record["rate"], "status": "ok"}
    rate |= {"numerator": record["won"], "denominator": record["n"], "n": record["n"], "reason": ""}
    rate |= {"low": record["low"], "high": record["high"]}
    money = {"id": "revenue", "variant": "booked", "unit": "money", "value": record["amount"], "status": "ok"}
    return [{**place, **rate}, {**place, **money, "n": record["won"], "numerator": record["amount"], "reason": ""}]
