"""Deals for curves: those created in some days, each with its age, counted and told."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Iterator, Sequence
from types import MappingProxyType

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.analysis.behind import MOST, Behind, key, largest
from salesnb.analysis.funnel import MOST_SEGMENTS, PEOPLE
from salesnb.analysis.funnel_card import words_of
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.data.history import entered
from salesnb.errors import NeedsData
from salesnb.kpis.answers import answer, columns_over
from salesnb.kpis.dimensions import NONE, with_dimension
from salesnb.kpis.incidence import ages
from salesnb.kpis.winning import OLDER
from salesnb.periods import Period

COUNTED = ("segment", "days", "won", "lost", "censored")
_SIDES = ("won", "lost", "open")
_NAMED = MappingProxyType({"won": "won", "lost": "lost or disqualified", "open": "still open"})


class CreatedDeals:
    """The deals created in a span and in the two years before it, with their ages, and what is counted of them.

    Attributes
    ----------
    book, window, span
        The book, the days of which segments are compared, and those of the cohorts.
    dims, aged
        The dimensions that the source gives, and the deals that have an age.
    n, undated
        How many were created in the span, and how many of them have no age.
    """

    def __init__(self, book: Book, window: Period, span: Period, by: Sequence[str]) -> None:
        self.book, self.window, self.span = book, window, span
        rows = entered(book)
        first, end = ibis.date(span.start - OLDER), ibis.date(min(span.end, book.as_of + dtm.timedelta(days=1)))
        deals = rows.filter(rows.entered_on >= first, rows.entered_on < end)
        self.dims: list[str] = []
        for name in (name for name in by if name not in PEOPLE):
            try:
                with_dimension(book, deals, name)
            except NeedsData:
                continue
            self.dims.append(name)
        self.aged = memo.table(book, "aged", window, *self.dims, make=lambda: self._aged(deals))
        inside = deals.filter(deals.entered_on >= ibis.date(span.start))
        self.n = int(answer(book, inside.aggregate(n=inside.count()))["n"].iloc[0])
        self.undated = self.n - int(self.counts(None, span)[list(COUNTED[2:])].to_numpy().sum())

    def _aged(self, deals: ir.Table) -> ir.Table:
        rows = with_dimension(self.book, deals.mutate(_on=deals.entered_on), "quarter").rename(cohort="segment")
        for name in self.dims:
            rows = with_dimension(self.book, rows, name).rename({f"by_{name}": "segment"})
        rows = ages(rows, self.book.as_of)
        labels = [f"by_{name}" for name in self.dims]
        kept = ("opportunity_id", "entered_on", "cohort", "days", "is_won", "is_lost", *labels)
        return rows.select(*kept, amount=rows.amount.cast("float64"))

    def counts(self, by: str | None, span: Period) -> pd.DataFrame:
        """Count the deals created in some days by the values of a column and by days of age.

        Returns
        -------
        pandas.DataFrame
            ``segment`` (empty where ``by`` is None) ``, days, won, lost, censored``.
        """
        return self._counted(by, span.start, span.end)

    def older(self, first: dtm.date, by: str | None = None) -> pd.DataFrame:
        """Count the deals created in the two years before a day, as :meth:`counts` does."""
        return self._counted(by, first - OLDER, first)

    def _counted(self, by: str | None, first: dtm.date, end: dtm.date) -> pd.DataFrame:
        aged = self.aged.filter(self.aged.entered_on >= ibis.date(first), self.aged.entered_on < ibis.date(end))
        rows = aged.select("days", "is_won", "is_lost", segment=aged[by] if by else ibis.literal(""))
        found = pd.DataFrame(columns_over(self.book, rows, lambda rows, _: _summed(rows), "ages counted"))
        return found[list(COUNTED)].astype(dict.fromkeys(COUNTED[1:], "int64"))

    def segments(self) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
        """Count the deals of the window, and those before it, by each dimension that has segments to compare."""
        parts = {name: self.counts(f"by_{name}", self.window) for name in self.dims}
        sizes = {name: counts.loc[counts["segment"] != NONE, "segment"].nunique() for name, counts in parts.items()}
        return {
            name: (counts, self.older(self.window.start, f"by_{name}"))
            for name, counts in parts.items()
            if 2 <= sizes[name] <= MOST_SEGMENTS
        }

    def behind(self, cohorts: pd.DataFrame, segments: pd.DataFrame, whole_n: float) -> Iterator[Behind]:
        """Tell the deals of the window, of each cohort by what became of them, and of each segment.

        Parameters
        ----------
        cohorts, segments
            The numbers, one row each; segments with their ``key``.
        whole_n
            How many deals of the window have an age.
        """
        fate = ibis.cases((self.aged.is_won, "won"), (self.aged.is_lost, "lost"), else_="open")
        rows = self.aged.mutate(fate=fate, adds=self.aged["amount"])
        rows = rows.filter(rows.entered_on >= ibis.date(self.span.start))
        extras = {"days": "Age in days", "ended": "Then"}

        def told(name: str, title: str, part: pd.DataFrame) -> Behind:
            ended = [_NAMED[each] for each in part["fate"]]
            chosen = pd.DataFrame(
                {"opportunity_id": part["opportunity_id"].array, "adds": 1, "days": part["days"].array, "ended": ended}
            )
            n = counts.get(name, len(part))
            return Behind(name, title, chosen.head(MOST), n, float(n), "count", "deal", extras)

        counts: dict[str, int] = {}
        names = ["opportunity_id", "days", "fate", "adds"]
        by_cohort = largest(rows.select(*names, group=rows["cohort"] + "\x1f" + rows["fate"]), "group", "adds")
        groups = {str(name): part for name, part in by_cohort.groupby("group", sort=False)}
        for row in cohorts.to_dict("records"):
            parts = {side: groups.get(f"{row['cohort']}\x1f{side}", by_cohort[:0]) for side in _SIDES}
            everyone = pd.concat(list(parts.values()), ignore_index=True)
            for side, part in {**parts, "all": everyone}.items():
                name = key("curves", row["cohort"], side)
                counts[name] = int(row["n"] if side == "all" else row[side])
                if not counts[name]:
                    continue
                yield told(name, f"Created in {row['cohort']}" + (f", {_NAMED[side]}" if side != "all" else ""), part)
        inside = rows.filter(rows.entered_on >= ibis.date(self.window.start))
        whole = largest(inside.select(*names, group=ibis.literal("all")), "group", "adds")
        counts[key("curves", "window", "all")] = int(whole_n)
        yield told(key("curves", "window", "all"), f"Created {words_of(self.window)}", whole)
        for by, own in segments.groupby("by", sort=False):
            frame = largest(inside.select(*names, group=inside[f"by_{by}"]), "group", "adds")
            for row in own.to_dict("records"):
                counts[row["key"]] = int(row["n"])
                yield told(
                    row["key"],
                    f"{row['segment']}: created {words_of(self.window)}",
                    frame[frame["group"] == row["segment"]],
                )


def _summed(rows: ir.Table) -> ir.Table:
    return rows.group_by("segment", "days").aggregate(
        won=rows.is_won.cast("int32").sum(),
        lost=rows.is_lost.cast("int32").sum(),
        censored=(~rows.is_won & ~rows.is_lost).cast("int32").sum(),
    )
