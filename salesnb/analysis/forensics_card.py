"""Forensics card: what was found out about a period's closings and calls, and what it says in words."""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import Behind, Told, key, of_id
from salesnb.analysis.walk_card import numbered
from salesnb.periods import Period

MEASURES = MappingProxyType(
    {
        "late": "Won, and not in the pipeline in week 3",
        "rushed": "Won within a week of their creation",
        "pulled": "Won, and expected after {period} the day before it",
        "commits": "Commits that were lost",
        "turns": "Forecast category changed back",
    }
)
OWNED = ("name", "owner", "label", "value", "numerator", "denominator", "n", "of", "unit")


def opening(name: str, owner: str = "", *, whole: bool = False) -> str:
    """Return the key of the deals behind a measure, or of those it is a share of; of all, or of one owner."""
    words = ("forensics", name, *(("of",) if whole else ()))
    return of_id(*words, owner) if owner else key(*words)


@dataclass(frozen=True)
class Forensics:
    """How a period's wins came about, and how good its calls were.

    Attributes
    ----------
    period, as_of, currency
        The period, the last day that is known, and of money.
    nothing
        Why there is nothing to report; empty where there is something.
    limit
        What the history cannot tell; empty with a change log.
    measures
        One row a measure: ``name, label, value`` (a share) ``, numerator, denominator`` (money or deals: ``unit``)
        ``, n, of`` (deals) ``, low, high`` (of a share of deals) ``, needs`` (why it cannot be told; else empty).
    owned
        The same by owner of the deals: ``name, owner, label, value, numerator, denominator, n, of, unit``.
    callers
        One row a caller: the columns of :class:`salesnb.analysis.callers.Callers`, ``label, shrunk`` (the bias drawn
        towards that of all) and ``words, weeks``; None where there are no calls.
    behind
        The deals behind every number.
    no_amount, undated
        Deals won without an amount, which count as 0; closed deals whose creation is not known.
    """

    period: Period
    as_of: dtm.date
    currency: str
    nothing: str
    limit: str
    measures: pd.DataFrame
    owned: pd.DataFrame
    callers: pd.DataFrame | None
    behind: tuple[Behind, ...]
    no_amount: int = 0
    undated: int = 0

    def opens(self, name: str, owner: str = "", *, whole: bool = False) -> str:
        """Return the key of the deals behind a measure, or of those it is a share of; empty where there are none."""
        found = opening(name, owner, whole=whole)
        return found if any(each.key == found for each in self.behind) else ""

    def measure(self, name: str) -> dict[str, Any]:
        """Return one row of ``measures``."""
        row = self.measures[self.measures["name"] == name].iloc[0]
        return {str(column): value for column, value in row.items()}

    @property
    def marked(self) -> pd.DataFrame:
        """The callers who miss to one side by more than chance, the surest first; empty where there are none."""
        if self.callers is None:
            return pd.DataFrame(columns=["label", "shrunk", "flag"])
        rows = self.callers[self.callers["flag"].isin(["high", "low"])]
        return rows.sort_values(["q", "holder"], kind="stable")

    def finding(self) -> str:
        """Say how much of what was won had not been in the pipeline, or why that cannot be told."""
        if self.nothing:
            return f"There is nothing to look into for {self.period}: {self.nothing}."
        row = self.measure("late")
        if row["needs"]:
            return f"Whether wins came out of the pipeline cannot be told for {self.period}: it {row['needs']}."
        if not row["of"]:
            return f"Nothing was won in {self.period}."
        worth = f"{formats.money(row['numerator'])} of {formats.money(row['denominator'], self.currency)}"
        so_far = "" if self.period.is_complete(self.as_of) else f" up to {self.as_of}"
        if row["denominator"] <= 0:
            return f"The {formats.plural(int(row['of']), 'deal')} won in {self.period}{so_far} have no value to share."
        return (
            f"{formats.share(row['value'], 0)} of the value won in {self.period}{so_far} was not in the pipeline in "
            f"week 3, {worth} ({formats.exact(row['n'])} of {formats.plural(int(row['of']), 'deal')})."
        )

    def calls_finding(self) -> str:
        """Say whose calls miss to one side by more than chance; empty where there are no calls."""
        if self.callers is None:
            return ""
        words, weeks = self.callers[["words", "weeks"]].iloc[0]
        if self.callers["p"].notna().sum() == 0:
            return f"Nobody has calls enough to tell whether they are too high or too low {weeks} weeks before the end."
        if self.marked.empty:
            return f"Nobody's calls {weeks} weeks before the end miss to one side by more than chance, over {words}."
        told = [
            f"{row['label']} {formats.relative(row['shrunk'], 0)} ({formats.plural(int(row['calls']), 'call')})"
            for row in self.marked.to_dict("records")
        ]
        return (
            f"Calls {weeks} weeks before the end miss to one side by more than chance, over {words}: "
            f"{formats.listed(told, 4)}; the others cannot be told apart."
        )

    def headlines(self) -> list[str]:
        """Say what was found, the most important first, and what cannot be told."""
        if self.nothing:
            return [self.finding()]
        rows = [row for row in self.measures.to_dict("records") if row["name"] != "late" and not row["needs"]]
        told = [
            Told(self.finding(), self.opens("late")) if self.opens("late") else self.finding(),
            self.calls_finding(),
        ]
        for row in rows:
            if row["n"] and row["denominator"]:
                words = self._said({str(name): value for name, value in row.items()})
                told.append(Told(words, self.opens(row["name"])))
        lost = [row for row in self.measures.to_dict("records") if row["needs"]]
        if lost:
            why = dict.fromkeys(f"{row['label'][0].lower()}{row['label'][1:]} {row['needs']}" for row in lost)
            told.append(f"What cannot be told: {formats.listed(list(why), 5)}.")
        if self.no_amount:
            told.append(f"{formats.plural(self.no_amount, 'deal')} won without an amount count as 0.")
        if self.undated:
            told.append(
                f"{formats.plural(self.undated, 'closed deal')} have no date of creation: their age is not known."
            )
        return [sentence for sentence in told if sentence]

    def _said(self, row: dict[str, Any]) -> str:
        share = formats.share(row["value"], 0)
        if row["unit"] == "money":
            worth, count = formats.money(row["numerator"], self.currency), formats.plural(int(row["n"]), "deal")
            of = f"of the value won, {worth} in {count}"
            what = {
                "rushed": "was created and won within a week",
                "pulled": f"had been expected after {self.period} the day before it began",
            }[row["name"]]
            return f"{share} {of}, {what}."
        if row["name"] == "commits":
            return (
                f"{share} of the deals closed in {self.period} that were once commit were lost, "
                f"{formats.exact(row['n'])} of {formats.exact(row['of'])} "
                f"({formats.interval(row['low'], row['high'], 'ratio')})."
            )
        return (
            f"{formats.exact(row['n'])} of {formats.plural(int(row['of']), 'deal')} whose forecast category changed in "
            f"{self.period} went back to the one before."
        )

    def numbers(self) -> pd.DataFrame:
        """List every number, for results.json.

        Returns
        -------
        pandas.DataFrame
            ``id`` (``pipeline_forensics``, or ``forecast_accuracy`` for the callers) ``, variant, period, by, segment,
            value, numerator, denominator, n, low, high, unit, status, reason, target``.
        """
        place = {"id": "pipeline_forensics", "period": str(self.period), "unit": "ratio"}
        if self.nothing:
            return numbered([{**place, "variant": "late", "status": "needs", "reason": self.nothing}])
        done = "ok" if self.period.is_complete(self.as_of) else "immature"
        reason = "" if done == "ok" else f"{self.period} is not over on {self.as_of}"
        rows: list[dict[str, Any]] = []
        for row in [*self.measures.to_dict("records"), *self.owned.to_dict("records")]:
            has = not formats.is_missing(row["value"])
            needs = row.get("needs", "")
            shown = {name: row.get(name) for name in ("value", "numerator", "denominator", "low", "high")}
            by = {"by": "rep_id", "segment": row["owner"]} if "owner" in row else {}
            status = ("needs", needs) if needs else (done, reason) if has else ("na", "no rows to count")
            rows.append({**place, **by, **shown, "variant": row["name"], "n": row["of"],
                         "status": status[0], "reason": status[1]})  # fmt: skip
        for row in [] if self.callers is None else self.callers.to_dict("records"):
            if not formats.is_missing(row["shrunk"]):
                rows.append(
                    {
                        "id": "forecast_accuracy", "variant": "bias_shrunk", "period": str(self.period), "by": "rep_id",
                        "segment": row["holder"], "value": row["shrunk"], "n": row["calls"], "unit": "ratio",
                        "status": done, "reason": reason,
                    }
                )  # fmt: skip
        return numbered(rows)
