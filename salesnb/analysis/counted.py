"""Counted: the rows that several definitions count, side by side, and what follows from them.

The rows of all definitions are put into one table, once. Two queries of it give every value with its interval, and
one more which rows one definition counts and another does not: a query for each definition and each pair would take
ten times as long. The formulas are those of :mod:`salesnb.kpis`, and so are the intervals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from ibis import _

from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.data.contract import CONTRACT
from salesnb.data.narrow import narrowed
from salesnb.errors import NeedsData
from salesnb.kpis import estimates, intervals, registry
from salesnb.kpis.answers import answer
from salesnb.kpis.measure import Measure
from salesnb.kpis.sums import counted, sums_by_segment
from salesnb.periods import Period

FACTS = ("is_out", "outcome", "closed", "created")
"""What tells deals apart: texts, empty where not known; the dates are before, in or after the period."""
_DEAL = "opportunity_id"
EXAMPLES = 3


@dataclass(frozen=True)
class Counted:
    """The definitions of one period that a source can give, over the rows they count.

    Attributes
    ----------
    book
        The book that the definitions were asked of; one that is keeping is asked less.
    period, confidence
        Of every value and every interval.
    measures
        Name to what the definition measures.
    """

    book: Book
    period: Period
    confidence: float
    measures: Mapping[str, Measure]

    @classmethod
    def of(cls, book: Book, period: Period, names: Sequence[str], confidence: float) -> tuple[Counted, dict[str, str]]:
        """Ask the definitions for their rows.

        Returns
        -------
        tuple
            The rows, and name to what is needed of those definitions that the source cannot give.
        """
        measures: dict[str, Measure] = {}
        needs: dict[str, str] = {}
        for name in names:
            entry = registry.find(name)
            lacking = [need for need in entry.needs if not any(book.gives(choice) for choice in need.split("|"))]
            try:
                if lacking:
                    needs[name] = ", ".join(need.replace("|", " or ") for need in lacking)
                else:
                    measures[name] = entry.measure(book, period)
            except NeedsData as missing:
                needs[name] = missing.needs or missing.what
        return cls(book, period, confidence, measures), needs

    def records(self) -> pd.DataFrame:
        """Return the value of every definition: the columns of :data:`salesnb.kpis.registry.COLUMNS`, a row each."""
        frames = [self._record(name) for name in self.measures]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(registry.COLUMNS))

    def _record(self, name: str) -> pd.DataFrame:
        """Let the registry say of a value that is known what it says of one that it computes."""
        measure = self.measures[name]
        if measure.estimator is None:
            found = self._value(measure, name)
            # The note is said again by the registry, of the whole; those of the parts are in their reasons.
            measure = Measure("estimate", self._rows, estimator=lambda *_: found, immature=measure.immature)
        entry = replace(registry.find(name), needs=(), measure=lambda *_: measure)
        return registry.compute(self.book, entry, self.period, confidence=self.confidence)

    def _value(self, measure: Measure, leaf: str) -> pd.DataFrame:
        if measure.compute is not None:
            parts = {name: self._value(part, f"{leaf}/{name}") for name, part in measure.parts.items()}
            additive = {name for name, part in measure.parts.items() if part.is_additive}
            frame = estimates.from_parts(parts, additive, measure.compute, is_quotient=measure.how == "quotient")
        else:
            sums = self._sums[self._sums["segment"] == self._places[leaf]]
            if sums.empty:
                empty = dict.fromkeys(self._sums.columns, np.nan)
                sums = pd.DataFrame([empty | {"segment": leaf, "n": 0.0, "unknown": 0.0, "left_out": 0.0}])
            ranked = self._quantiles.get(leaf, (np.nan, np.nan, np.nan))
            frame = estimates.from_sums(
                sums.assign(value=ranked[0], segment="(all)"),
                measure.how,
                is_binary=measure.is_binary,
                left_out=measure.left_out,
                bounds=(np.array([ranked[1]]), np.array([ranked[2]])) if measure.how == "quantile" else None,
                confidence=self.confidence,
            )
        frame["reason"] = ["; ".join(text for text in (reason, measure.note) if text) for reason in frame["reason"]]
        return frame

    @cached_property
    def _places(self) -> dict[str, str]:
        """Return under which name the rows of each measure stand: those of a median and of a mean are the same."""
        leaves = [leaf for name, measure in self.measures.items() for leaf in _leaves(measure, name)]
        first: dict[Any, str] = {}
        return {leaf: first.setdefault(measure.rows.op(), leaf) for leaf, measure in leaves if measure.rows is not None}

    @cached_property
    def _rows(self) -> ir.Table:
        """Every row that any definition looks at, with the name it stands under as ``segment``; stored once."""
        names = tuple(self.measures)
        leaves = [leaf for name, measure in self.measures.items() for leaf in _leaves(measure, name)]
        keys = {name: self.key(name) for name in names}
        tables = [narrowed(_stored(leaf, m, keys.get(leaf, ""))) for leaf, m in leaves if self._places[leaf] == leaf]
        union = ibis.union(*tables) if len(tables) > 1 else tables[0]
        return memo.table(self.book, "counted", self.period, names, make=lambda: union)

    @cached_property
    def _sums(self) -> pd.DataFrame:
        return sums_by_segment(self.book, self._rows, spread="ratio", q=None, is_whole=False)

    @cached_property
    def _quantiles(self) -> dict[str, tuple[float, float, float]]:
        """Return the value and the bounds of each quantile: order statistics, all fetched at once."""
        wanted = {
            leaf: m.q for name, own in self.measures.items() for leaf, m in _leaves(own, name) if m.how == "quantile"
        }
        sizes = dict(zip(self._sums["segment"], self._sums["n"].fillna(0).astype("int64"), strict=True))
        places: dict[str, tuple[int, ...]] = {}
        for leaf, q in wanted.items():
            n = int(sizes.get(self._places[leaf], 0))
            lower, upper = intervals.quantile_ranks(pd.Series([n]), q, self.confidence)
            left = int((n - 1) * q) + 1 if n else 0
            places[leaf] = (left, min(left + 1, n), int(lower[0]), int(upper[0]), n)
        asked = sorted({place for each in places.values() for place in each[:4] if place > 0})
        if not asked:
            return {}
        known = self._rows.filter(
            counted(self._rows), self._rows["segment"].isin([self._places[leaf] for leaf in wanted])
        )
        place = ibis.row_number().over(ibis.window(group_by="segment", order_by="_numerator")) + 1
        ranked = known.select("segment", value="_numerator", place=place)
        found = answer(self.book, ranked.filter(ranked["place"].isin(asked)))
        values = {
            (s, int(p)): float(v) for s, p, v in zip(found["segment"], found["place"], found["value"], strict=True)
        }
        ranks = {}
        for leaf, (*four, n) in places.items():
            below, above, low, high = (values.get((self._places[leaf], each), np.nan) for each in four)
            between = (n - 1) * wanted[leaf] % 1 if n else 0.0
            ranks[leaf] = (below + between * (above - below), low, high)
        return ranks

    def key(self, name: str) -> str:
        """Return the column that tells the rows of a definition apart; empty where it has none of its own."""
        rows = self.measures[name].rows
        known = {table.key for table in CONTRACT.values()} | {"order_id"}
        return next((column for column in rows.columns if column in known), "") if rows is not None else ""

    def are_alike(self, one: str, other: str) -> bool:
        """Tell whether two definitions count the very same rows by the same amounts."""
        return one in self._places and self._places[one] == self._places.get(other)

    def sides(self, pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
        """Return which rows the two definitions of each pair count.

        Parameters
        ----------
        pairs
            Two names each, whose rows have one :meth:`key` and are not alike; a second name stands in one pair only.

        Returns
        -------
        pandas.DataFrame
            ``default, other, side`` ("same", "otherwise": by other amounts, "default" or "other": only there), the
            :data:`FACTS`, ``rows, worth`` (the sum of their amounts) and ``examples`` (their first ids, as one text).
            Of a definition that is an estimate it is only asked which rows it looks at.
        """
        columns = ["default", "other", "side", *FACTS, "rows", "worth", "examples"]
        if not pairs:
            return pd.DataFrame(columns=columns)
        lists: dict[str, list[str]] = {}
        for one, other in pairs:
            lists.setdefault(self._places[one], []).append(other)
        rows = self._rows.filter(self._rows["_key"].notnull())
        firsts = [(rows["segment"] == one, ibis.array(others)) for one, others in lists.items()]
        seconds = [(rows["segment"] == self._places[other], ibis.array([other])) for _one, other in pairs]
        both = [
            rows.mutate(other=ibis.cases(*cases), _a=ibis.literal(is_first)).unnest("other")
            for cases, is_first in ((firsts, True), (seconds, False))
        ]
        keyed = self._keyed(ibis.union(*both).filter(_["other"].notnull()))
        estimated = [name for name, measure in self.measures.items() if measure.estimator is not None]
        is_same = (keyed["top_a"] == keyed["top_b"]) & (keyed["bottom_a"] == keyed["bottom_b"])
        is_same = is_same | keyed["other"].isin(estimated) if estimated else is_same
        side = ibis.cases(
            (keyed["in_a"] & keyed["in_b"], is_same.ifelse("same", "otherwise")),
            (keyed["in_a"], "default"),
            else_="other",
        )
        told = keyed.mutate(side=side)
        groups = ["other", "side", *FACTS]
        placed = told.mutate(_place=ibis.row_number().over(ibis.window(group_by=groups, order_by="_key")))
        grouped = placed.group_by(groups).aggregate(
            rows=placed.count(),
            worth=placed["money"].sum(),
            examples=placed["_key"].group_concat(", ", where=placed["_place"] < EXAMPLES, order_by=placed["_key"]),
        )
        found = answer(self.book, grouped)
        found.insert(0, "default", found["other"].map({other: one for one, other in pairs}))
        return found[columns].sort_values(columns[:-3], ignore_index=True)

    def _keyed(self, rows: ir.Table) -> ir.Table:
        """Return one row for each pair and key: what each side counts of it, and the facts of the deal that it is."""
        first, second = rows["_a"] & counted(rows), ~rows["_a"] & counted(rows)
        keyed = rows.group_by("other", "_key").aggregate(
            in_a=first.any(),
            in_b=second.any(),
            is_out=rows["_left_out"].any().ifelse("yes", ""),
            top_a=rows["_numerator"].sum(where=first),
            top_b=rows["_numerator"].sum(where=second),
            bottom_a=rows["_denominator"].sum(where=first),
            bottom_b=rows["_denominator"].sum(where=second),
        )
        keyed = keyed.filter(keyed["in_a"] | keyed["in_b"])
        others = [name for name in self.measures if self.key(name) == _DEAL]
        if not others:
            facts = {name: ibis.literal("") for name in FACTS[1:]}
            return keyed.mutate(money=ibis.coalesce(keyed["top_a"], keyed["top_b"]), **facts)
        deals = self.book.opportunities.select(_DEAL, "amount", "outcome", "closed_on", "created_at")
        is_deal = keyed["other"].isin(others)
        keyed = keyed.mutate(_is_deal=is_deal, _deal=is_deal.ifelse(keyed["_key"], ibis.null("string")))
        dated = keyed.left_join(deals, keyed["_deal"] == deals[_DEAL])
        amount = dated["amount"].cast("float64")
        return dated.mutate(
            money=dated["_is_deal"].ifelse(amount, ibis.coalesce(dated["top_a"], dated["top_b"])),
            outcome=dated["outcome"].fill_null(""),
            closed=_against(dated["closed_on"], self.period),
            created=_against(dated["created_at"], self.period),
        )


def _leaves(measure: Measure, name: str) -> Iterator[tuple[str, Measure]]:
    """Yield a measure that has rows of its own, or those that it is made of, each with its name."""
    if measure.rows is not None:
        yield name, measure
    for part, own in measure.parts.items():
        yield from _leaves(own, f"{name}/{part}")


def _stored(leaf: str, measure: Measure, key: str) -> ir.Table:
    rows = measure.rows
    assert rows is not None
    return rows.select(
        segment=ibis.literal(leaf),
        _key=rows[key].cast("string") if key else ibis.null("string"),
        _numerator=rows["_numerator"].cast("float64"),
        _denominator=rows["_denominator"].cast("float64"),
        _left_out=rows["_left_out"] if measure.left_out else ibis.literal(False),
    )


def _against(moment: ir.Value, period: Period) -> ir.Value:
    day = moment.cast("date")
    return ibis.cases(
        (day < ibis.date(period.start), "before"),
        (day >= ibis.date(period.end), "after"),
        (day.notnull(), "in"),
        else_="",
    )
