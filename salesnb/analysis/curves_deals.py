"""Deals for curves: those created in some days, each with its age, counted and told."""

from __future__ import annotations

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
from salesnb.periods import Period

COUNTED = ("segment", "days", "won", "lost", "censored")
_SIDES = ("won", "lost", "open")
_NAMED = MappingProxyType({"won": "won", "lost": "lost or disqualified", "open": "still open"})


class CreatedDeals:
    """The deals created in a span, with their ages, and what is counted of them.

    Attributes
    ----------
    book, window
        The book, and the days of which segments are compared.
    deals, aged
        The deals created in the span, and those of them that have an age.
    n, undated
        How many were created, and how many of them have no age.
    """

    def __init__(self, book: Book, window: Period, span: Period) -> None:
        self.book, self.window = book, window
        rows = entered(book)
        first, end = ibis.date(span.start), ibis.date(span.end)
        self.deals = rows.filter(
            rows.entered_on >= first, rows.entered_on < end, rows.entered_on <= ibis.date(book.as_of)
        )
        self.aged = self._aged([])
        counts = answer(book, self.deals.aggregate(n=self.deals.count()))
        self.n = int(counts["n"].iloc[0])
        kept = answer(book, self.aged.aggregate(n=self.aged.count()))
        self.undated = self.n - int(kept["n"].iloc[0])

    def _aged(self, dims: Sequence[str]) -> ir.Table:
        def made() -> ir.Table:
            rows = with_dimension(self.book, self.deals.mutate(_on=self.deals.entered_on), "quarter")
            rows = rows.rename(cohort="segment")
            for name in dims:
                rows = with_dimension(self.book, rows, name).rename({f"by_{name}": "segment"})
            rows = ages(rows, self.book.as_of)
            inside = rows.entered_on >= ibis.date(self.window.start)
            return rows.select(
                "opportunity_id", "cohort", "days", "is_won", "is_lost", *(f"by_{name}" for name in dims),
                in_window=inside.ifelse("yes", "no"), amount=rows.amount.cast("float64"),
            )  # fmt: skip

        return memo.table(self.book, "aged", *dims, make=made)

    def counts(self, by: str) -> pd.DataFrame:
        """Count the deals by the values of a column and by days of age: ``segment, days, won, lost, censored``."""
        rows = self.aged.select("days", "is_won", "is_lost", segment=self.aged[by])
        found = pd.DataFrame(columns_over(self.book, rows, lambda rows, _: _summed(rows), "ages counted"))
        return found[list(COUNTED)].astype(dict.fromkeys(COUNTED[1:], "int64"))

    def segments(self, by: Sequence[str]) -> dict[str, pd.DataFrame]:
        """Count the deals of the window by each dimension that has segments to compare."""
        dims = []
        for name in (name for name in by if name not in PEOPLE):
            try:
                with_dimension(self.book, self.deals, name)
            except NeedsData:
                continue
            dims.append(name)
        self.aged = self._aged(dims)
        window = self.aged.filter(self.aged["in_window"] == "yes")
        whole, self.aged = self.aged, window
        parts = {name: self.counts(f"by_{name}") for name in dims}
        self.aged = whole
        sizes = {name: counts.loc[counts["segment"] != NONE, "segment"].nunique() for name, counts in parts.items()}
        return {name: counts for name, counts in parts.items() if 2 <= sizes[name] <= MOST_SEGMENTS}

    def behind(self, cohorts: pd.DataFrame, segments: pd.DataFrame, whole_n: float) -> Iterator[Behind]:
        """Tell the deals of the window, of each cohort by what became of them, and of each segment."""
        fate = ibis.cases((self.aged.is_won, "won"), (self.aged.is_lost, "lost"), else_="open")
        rows = self.aged.mutate(fate=fate, adds=self.aged["amount"])
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
                yield told(name, f"Created in {row['cohort']}" + (f", {_NAMED[side]}" if side != "all" else ""), part)
        inside = rows.filter(rows["in_window"] == "yes")
        whole = largest(inside.select(*names, group=ibis.literal("all")), "group", "adds")
        counts[key("curves", "window", "all")] = int(
            self.counts("in_window").query("segment == 'yes'")[list(COUNTED[2:])].to_numpy().sum()
        )
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
