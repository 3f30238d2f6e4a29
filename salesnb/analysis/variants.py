"""Variants, which answers which definition a number has, and what another one would make of it.

One frozen result for one period: every definition of the KPIs that tools call alike and count otherwise, with its
value; how far apart they are; and which rows make the difference, with the reason.
"""

from __future__ import annotations

import datetime as dtm
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis import readings
from salesnb.analysis.comparison import Values
from salesnb.analysis.counted import Counted
from salesnb.analysis.labels import label
from salesnb.analysis.reasons import explained
from salesnb.data.book import Book
from salesnb.kpis import registry
from salesnb.periods import Period

COMPARED = (
    "win_rate",
    "pipeline_value",
    "revenue",
    "new_customer_revenue",
    "average_deal_size",
    "average_order_value",
    "sales_cycle_days",
    "time_to_close_days",
)
"""The KPIs whose variants are readings of one name; those of others are its parts, or other forms of it."""
# It rests on the pipeline of fifteen days, and would cost as much as all others together.
_COSTLY = ("pipeline_value.average",)


@dataclass(frozen=True)
class Variants:
    """What every definition makes of one period.

    Attributes
    ----------
    period, as_of, currency, confidence
        Of all values, all amounts and all intervals.
    values
        One row a definition: ``id, variant, name, label, is_default, meaning, formula, unit, is_reading`` (in the
        default's unit, and of the same sense, so that the two can be confused) ``, value, numerator, denominator, n,
        low, high, status, reason``.
    spreads
        One row a KPI of which two definitions have a value: ``id, label, unit, default, value, lowest,
        lowest_variant, highest, highest_variant, times`` (highest / lowest; NaN where the lowest is not above 0); the
        widest first.
    pairs
        One row a definition that is not the default: ``id, default, other, noun`` (what a row is) ``, how`` ("rows";
        "alike": the same rows; "kinds": rows of two kinds) ``, shared, otherwise, only_default, only_other`` (rows).
    differences
        One row a reason: the columns of :data:`salesnb.analysis.reasons.COLUMNS`.
    needs
        ``name, needs``: the definitions that cannot be computed, and what each needs.
    elsewhere
        ``name, label, formula``: the definitions that are not computed here.
    stated
        ``name, formula, also, source``: the definitions of which the catalogue states another name or a source.
    """

    period: Period
    as_of: dtm.date
    currency: str
    confidence: float
    values: pd.DataFrame
    spreads: pd.DataFrame
    pairs: pd.DataFrame
    differences: pd.DataFrame
    needs: pd.DataFrame
    elsewhere: pd.DataFrame
    stated: pd.DataFrame

    def headlines(self) -> list[str]:
        """Say which KPIs depend most on their definition, why, and what cannot be compared."""
        apart = self.spreads.loc[self.spreads["lowest"] < self.spreads["highest"], "id"]
        if len(apart):
            told = [words for id in apart.head(3) for words in (self.of(id), self.why(id))]
            told.insert(1, self.ends(apart.iloc[0]))
        elif not self.values["n"].sum():
            told = [f"there is nothing to compare in {self.period}{self._why_nothing()}"]
        else:
            told = [f"no KPI has two definitions with different values in {self.period}"]
        told += [self._alike(), self._lacking()]
        return [f"{text[0].upper()}{text[1:]}." for text in told if text]

    def numbers(self) -> pd.DataFrame:
        """List every value, for results.json; those that the source does not give are left out.

        Returns
        -------
        pandas.DataFrame
            ``id, variant, period, by, segment, value, numerator, denominator, n, low, high, unit, status, reason``.
        """
        columns = ["id", "variant", "period", "by", "segment", *registry.COLUMNS[4:]]
        return self.values.assign(period=str(self.period), by=None, segment=None)[columns].astype(object)

    def of(self, id: str) -> str:
        """Say what a KPI is by each definition: "Win rate is 17.1 % (created) or 44.4 % (closed, the default)"."""
        rows = self.readings(id).sort_values("value", kind="stable").to_dict("records")
        spread = self.spreads[self.spreads["id"] == id].iloc[0]
        if spread["lowest"] == spread["highest"]:
            value = self.shown(spread["value"], spread["unit"])
            return f"{spread['label']} is {value} in {self.period} by each of its {len(rows)} definitions"
        values = [
            f"{self.shown(row['value'], row['unit'])} ({_words(row['variant'])}{', the default' * row['is_default']}"
            f"{', so far' * (row['status'] == 'immature')})"
            for row in rows
        ]
        doubts = [
            f"; {_words(row['variant'])}: {row['reason']}" for row in rows if row["reason"] and row["status"] == "ok"
        ]
        listed = f"{', '.join(values[:-1])} or {values[-1]}"
        return f"{spread['label']} is {listed} in {self.period}{''.join(doubts)}"

    def ends(self, id: str) -> str:
        """Say by which formulas a KPI is lowest and highest."""
        rows = self.readings(id).set_index("variant")
        spread = self.spreads[self.spreads["id"] == id].iloc[0]
        low, high = (str(spread[f"{end}_variant"]) for end in ("lowest", "highest"))
        if spread["lowest"] == spread["highest"]:
            return ""
        return f"{_words(low)} is {rows.loc[low, 'formula']}; {_words(high)} is {rows.loc[high, 'formula']}"

    def why(self, id: str) -> str:
        """Say which rows part a KPI's default from the definition that is farthest from it."""
        rows = self.readings(id)
        default = rows[rows["is_default"]]
        if default.empty or len(rows) < 2:
            return ""
        far = str(rows.loc[(rows["value"] - float(default["value"].iloc[0])).abs().idxmax(), "name"])
        return f"{readings.called(id)}, {self.pair(far)}" if (self.pairs["other"] == far).any() else ""

    def pair(self, other: str) -> str:
        """Say which rows part a definition from the default of its KPI."""
        pair = self.pairs[self.pairs["other"] == other].iloc[0]
        names = {side: _words(str(pair[side]).partition(".")[2]) for side in ("default", "other")}
        both = f"{names['default']} against {names['other']}"
        if pair["how"] == "kinds":
            kinds = " and ".join(f"{registry.find(pair[side]).grain} in {name}" for side, name in names.items())
            return f"{both}: no row in common, for a row is {kinds}"
        shared = int(pair["shared"] + pair["otherwise"])
        count = formats.plural(shared, pair["noun"]) if shared else f"no {pair['noun']}"
        only = [
            f"{formats.exact(pair[f'only_{side}'])} only in {name} ({self._reasons(other, side)})"
            for side, name in names.items()
            if pair[f"only_{side}"]
        ]
        by = f", {self._reasons(other, 'otherwise')}" if pair["otherwise"] else ""
        if not only:
            return f"{both}: the same {count}{by or '; only the arithmetic differs'}"
        return f"{both}: {'; '.join([f'{count} in both{by}', *only])}"

    def readings(self, id: str) -> pd.DataFrame:
        """Return the definitions of a KPI that have a value and can be confused with its default."""
        rows = self.values
        return rows[(rows["id"] == id) & rows["is_reading"] & rows["value"].notna()]

    def shown(self, value: Any, unit: str) -> str:
        """Write a value of one of the KPIs."""
        return formats.value(value, unit, self.currency if unit == "money" else "")

    def _reasons(self, other: str, side: str) -> str:
        rows = self.differences[(self.differences["other"] == other) & (self.differences["side"] == side)]
        if len(rows) == 1:
            return str(rows["reason"].iloc[0])
        return formats.listed(
            [f"{formats.exact(n)} {why}" for n, why in zip(rows["rows"], rows["reason"], strict=True)], 3
        )

    def _alike(self) -> str:
        names = []
        for spread in self.spreads.to_dict("records"):
            others = set(self.readings(spread["id"])["name"])
            pairs = self.pairs[self.pairs["other"].isin(others)]
            is_parted = pairs[["otherwise", "only_default", "only_other"]].to_numpy().any()
            if spread["lowest"] < spread["highest"] and not is_parted and "kinds" not in set(pairs["how"]):
                names.append(str(spread["label"]))
        return f"only the arithmetic differs, not the rows: {formats.listed(names)}" if names else ""

    def _lacking(self) -> str:
        if self.needs.empty:
            return ""
        lacking = formats.listed(list(dict.fromkeys(self.needs["needs"])))
        total = len(self.needs) + len(self.values)
        return f"{len(self.needs)} of {total} definitions cannot be computed from this source, which lacks {lacking}"

    def _why_nothing(self) -> str:
        reasons = self.values.loc[self.values["value"].isna(), "reason"]
        return f": {reasons.value_counts().index[0]}" if len(reasons) else ""


def variants(book: Book, period: Period, *, ids: Sequence[str] = COMPARED, confidence: float = 0.95) -> Variants:
    """Answer "which definition, and what would another one say?" for one period.

    Parameters
    ----------
    book, period
        The book as it was known, and the period.
    ids
        The KPIs whose definitions are compared, in the order they are shown.
    confidence
        The level of the intervals.
    """
    kept = Values(book, confidence).book
    known = [entry for entry in registry.all_kpis() if entry.by is None]
    wanted = {e.name: e for id in ids for e in known if e.id == id and e.name not in _COSTLY}
    counted, lacking = Counted.of(kept, period, list(wanted), confidence)
    found = readings.values(counted, wanted)
    pairs, sides = readings.pairs(counted, found)
    left_out = {name: measure.left_out for name, measure in counted.measures.items()}
    return Variants(
        period=period,
        as_of=book.as_of,
        currency=book.currency,
        confidence=confidence,
        values=found,
        spreads=readings.spreads(found),
        pairs=pairs,
        differences=explained(sides, left_out, period),
        needs=pd.DataFrame(list(lacking.items()), columns=["name", "needs"]),
        elsewhere=pd.DataFrame(
            [(e.name, label(e.name), e.formula) for e in known if not e.is_default and e.name not in wanted],
            columns=["name", "label", "formula"],
        ),
        stated=readings.stated(wanted, known),
    )


def _words(variant: object) -> str:
    return str(variant).replace("_", " ")
