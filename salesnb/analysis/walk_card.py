"""Walk card: all that the walk from one pipeline to a later one is made of, and what it says in words."""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import Behind, Told, key
from salesnb.analysis.walk_rows import CELLS, TRIPS, Where
from salesnb.periods import Period

COLUMNS = (
    "id", "variant", "period", "by", "segment", "value", "numerator", "denominator", "n", "low", "high", "unit",
    "status", "reason", "target",
)  # fmt: skip
_MOST_TOLD = 3


@dataclass(frozen=True)
class Walk:
    """How the open pipeline of one day became that of another.

    Attributes
    ----------
    start, end
        The walk leads from the end of the first day to the end of the second.
    due, where
        The days in which its deals are due, and the dimension and segment whose they are; None for all.
    as_of, currency
        The last day that is known; of money.
    prefix
        What the keys of its rows begin with.
    nothing
        Why there is no walk; empty where there is one.
    limit, needs
        What the source's history cannot tell, and what it would need; empty with a change log.
    cells
        One row a class, in the order of :data:`salesnb.analysis.walk_rows.CELLS`: ``cell, label, n, amount``
        (signed, Decimal), ``no_amount`` (deals without an amount, which count as 0), ``is_known`` (whether the
        source's history can tell).
    trips
        One row a round trip that was made: ``trip, label, n, amount`` (of the deals, as last known).
    amounts, counts
        ``start, end, unchanged, no_amount, disqualified`` to money (the last: out of lost, as a positive sum) and to
        deals.
    behind
        The deals behind every number.
    """

    start: dtm.date
    end: dtm.date
    due: Period | None
    where: Where | None
    as_of: dtm.date
    currency: str
    prefix: str
    nothing: str
    limit: str
    needs: str
    cells: pd.DataFrame
    trips: pd.DataFrame
    amounts: dict[str, Decimal]
    counts: dict[str, int]
    behind: tuple[Behind, ...]

    def opens(self, name: str) -> str:
        """Return the key of the deals behind ``start``, ``end``, a class or a round trip; empty where there is none."""
        found = key(self.prefix, name)
        return found if any(each.key == found for each in self.behind) else ""

    @property
    def subject(self) -> str:
        """What is walked, in words: ``the open pipeline of EMEA due in 2026Q3``."""
        of = f" of {self.where[1]}" if self.where else ""
        return f"the open pipeline{of}" + (f" due in {self.due}" if self.due else "")

    def amount(self, cell: str) -> Decimal:
        """Return what a class adds, signed."""
        found = self.cells.loc[self.cells["cell"] == cell, "amount"]
        return Decimal(found.iloc[0]) if len(found) else Decimal(0)

    def finding(self) -> str:
        """Say from what to what the pipeline went, and what moved it most."""
        if self.nothing:
            return f"There is no walk of {self.subject}: {self.nothing}."
        first, last = (self.amounts[name] for name in ("start", "end"))
        moved = self.cells[self.cells["amount"] != 0].assign(size=lambda t: [-abs(a) for a in t["amount"]])
        most = moved.sort_values("size", kind="stable").head(_MOST_TOLD).to_dict("records")
        told = [f"{formats.money(abs(row['amount']))} {row['label']}" for row in most]
        went = "went" if first != last else "stood at"
        subject = self.subject[0].upper() + self.subject[1:]
        ends = (
            f"from {formats.money(first)} to {formats.money(last, self.currency)}"
            if first != last
            else formats.money(first, self.currency)
        )
        span = f"between {formats.day(self.start)} and {formats.day(self.end)}"
        return f"{subject} {went} {ends} {span}" + (f": {formats.listed(told)}." if told else ": nothing moved it.")

    def headlines(self) -> list[str]:
        """Say what moved the pipeline, what passed through it unseen, and what cannot be told."""
        if self.nothing:
            return [self.finding()]
        told = [
            Told(self.finding(), self.opens("end")),
            self._moved_dates(),
            self._passed(),
            self._disqualified(),
            self._unknown(),
            f"This walk cannot tell everything: {self.limit}; it {self.needs}." if self.limit else "",
        ]
        return [sentence for sentence in told if sentence]

    def _moved_dates(self) -> str:
        out, into = self._row("pushed_out"), self._row("pulled_in")
        if self.due is None or not (out["n"] or into["n"]):
            return ""
        words = [
            f"{formats.plural(row['n'], 'deal')} worth {formats.money(abs(row['amount']), self.currency)}"
            for row in (out, into)
        ]
        text = f"{words[0]} left {self.due} by a new date, and {words[1]} came to be due in it."
        return Told(text, self.opens("pushed_out" if out["n"] else "pulled_in"))

    def _row(self, cell: str) -> dict[str, Any]:
        row = self.cells[self.cells["cell"] == cell].iloc[0]
        return {str(name): value for name, value in row.items()}

    def _passed(self) -> str:
        through = self.trips[self.trips["trip"].isin(["created_won", "created_lost", "created_deleted"])]
        if through.empty:
            return ""
        told = [
            f"{formats.plural(row['n'], 'deal')} worth {formats.money(row['amount'], self.currency)} "
            f"{'were' if row['n'] != 1 else 'was'} {row['label']}"
            for row in through.to_dict("records")
        ]
        return Told(
            f"Neither day shows that in between {formats.listed(told)}.", self.opens(str(through["trip"].iloc[0]))
        )

    def _disqualified(self) -> str:
        n = self.counts["disqualified"]
        if not n:
            return ""
        amount = formats.money(self.amounts["disqualified"], self.currency)
        were = "were" if n != 1 else "was"
        words = f"Of what was lost, {formats.plural(n, 'deal')} worth {amount} {were} disqualified."
        return Told(words, self.opens("disqualified"))

    def _unknown(self) -> str:
        n = self.counts["no_amount"]
        if not n:
            return ""
        have, count = ("have", "count") if n != 1 else ("has", "counts")
        words = f"{formats.plural(n, 'deal')} of the walk {have} no amount and {count} as 0."
        return Told(words, self.opens("no_amount"))

    def numbers(self) -> pd.DataFrame:
        """List every number of the walk, for results.json.

        Returns
        -------
        pandas.DataFrame
            ``id`` (``pipeline_walk``) ``, variant`` (``start``, a class, ``end``, or ``trip_`` and a round trip)
            ``, period, by, segment, value, numerator, denominator, n, low, high, unit, status, reason, target``.
        """
        span = f"{self.start}..{self.end}"
        by, segment = self.where or (None, None)
        place = {"id": f"pipeline_{self.prefix.replace('-', '_')}", "period": span, "by": by, "segment": segment}
        if self.nothing:
            return numbered([{**place, "variant": "end", "unit": "money", "status": "needs", "reason": self.nothing}])
        ends = {name: (self.amounts[name], self.counts[name]) for name in ("start", "end")}
        told: list[tuple[str, Any, int, str]] = [("start", *ends["start"], "")]
        for row in self.cells.to_dict("records"):
            told.append((row["cell"], row["amount"], row["n"], "" if row["is_known"] else self.needs))
        told.append(("end", *ends["end"], ""))
        told += [(f"trip_{row['trip']}", row["amount"], row["n"], "") for row in self.trips.to_dict("records")]
        return numbered(
            [
                {
                    **place, "variant": name, "value": None if needs else float(amount), "n": n, "unit": "money",
                    "status": "needs" if needs else "ok", "reason": needs,
                }
                for name, amount, n, needs in told
            ]
        )  # fmt: skip


def numbered(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return rows of numbers with all columns that results.json has."""
    return pd.DataFrame([{**dict.fromkeys(COLUMNS), **row} for row in rows], columns=list(COLUMNS))


LABELS = {**CELLS, **TRIPS}
