"""Hygiene, which answers how much of the open pipeline cannot be relied on, why, and whose it is.

Each rule is priced: what the pipeline, the coverage and the expected bookings are with and without the deals that break
it. A deal that breaks several rules counts under the first of them, so that the parts sum to the whole difference.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from salesnb.analysis import hygiene_words as told
from salesnb.analysis.aging_idle import IDLE_DAYS
from salesnb.analysis.behind import Behind, key
from salesnb.analysis.coverage_quota import left_of, quotas
from salesnb.analysis.hygiene_card import HygieneCard
from salesnb.analysis.hygiene_deals import (
    OpenDeals,
    behind,
    filled,
    held,
    kept,
    money_of,
    numbered,
    open_deals,
    stamp,
    weighed,
)
from salesnb.analysis.hygiene_rules import PARTLY, RULES, broken
from salesnb.data.book import Book
from salesnb.kpis.bookings import last_known
from salesnb.periods import Period

_SIZES = ("deals", "amount", "expected", "due")
_EXTRAS = {"breaks": "Rules it breaks", "counted": "Counted under"}


class Hygiene(HygieneCard):
    """A hygiene that says what its numbers say; see :class:`salesnb.analysis.hygiene_card.HygieneCard`."""

    def headlines(self) -> list[str]:
        """Say what the pipeline is worth without the deals that break a rule, which rules cost most, and whose."""
        return held(told.headlines(self), self.behind)

    def finding(self) -> str:
        """Say what the pipeline is worth without the deals that break a rule."""
        return told.finding(self)

    def numbers(self) -> pd.DataFrame:
        """List every number, for results.json: the columns of :data:`salesnb.analysis.hygiene_deals.NUMBERS`."""
        rows: list[dict[str, Any]] = []
        for name, sums in self.totals.items():
            rows += [self._number("pipeline_hygiene", f"{name}_{size}", sums[size], sums["deals"]) for size in _SIZES]
            rows.append(self._number("pipeline_hygiene", f"{name}_coverage", sums["coverage"], sums["deals"]))
        for row in self.rules.to_dict("records"):
            for size in _SIZES:
                for which in ("", "own_"):
                    value = row[f"{which}{size}"]
                    number = self._number("hygiene_rule", f"{which}{size}", value, row[f"{which}deals"])
                    reason = {} if row["is_seen"] else {"value": None, "reason": row["reason"], "status": "needs"}
                    rows.append(number | {"by": "rule", "segment": row["rule"]} | reason)
        for row in self.owners.to_dict("records"):
            number = self._number("pipeline_hygiene", "flagged_amount", row["flagged_amount"], row["flagged_deals"])
            rows.append(number | {"by": "rep_id", "segment": row["owner_id"], "denominator": row["amount"]})
        return numbered(rows, self.period)

    def _number(self, known: str, variant: str, value: float, n: float) -> dict[str, Any]:
        unit = "count" if variant.endswith("deals") else "ratio" if variant.endswith("coverage") else self.unit
        reason = self.no_rate if variant.endswith("expected") else ""
        return {"id": known, "variant": variant, "value": value, "n": n, "unit": unit, "reason": reason}


def hygiene(book: Book, period: Period, *, idle: int = IDLE_DAYS) -> Hygiene:
    """Price what the rules of hygiene find in the open pipeline, as of the period's last day or the as-of date.

    Expected bookings are amount times win rate, deal by deal: see :func:`salesnb.kpis.standing.weighted`. Coverage is
    that of ``pipeline_coverage.to_go`` for the period, or for the next one on the period's last day.

    Parameters
    ----------
    idle
        So many days without an activity break the rule ``idle``.

    Examples
    --------
    >>> import datetime as dtm
    >>> deals = [
    ...     {"opportunity_id": "1", "outcome": "open", "amount": 100, "expected_close_on": "2026-07-01"},
    ...     {"opportunity_id": "2", "outcome": "open", "amount": 40, "expected_close_on": "2026-09-01"},
    ... ]
    >>> clean = hygiene(Book.of({"opportunities": deals}, as_of=dtm.date(2026, 8, 1)), Period.parse("2026Q3"))
    >>> clean.totals["all"]["amount"], clean.totals["clean"]["amount"]
    (140.0, 40.0)
    """
    source, day = kept(book), last_known(book, period)
    focus = period if day < period.last_day else period.next
    if not book.has("opportunities"):
        return _empty(book, period, focus, idle)
    deals = open_deals(source, day)
    flags, unseen = broken(source, deals, idle=idle)
    words = {rule.name: rule.words(idle) for rule in RULES}
    rows = _flagged(deals, flags, focus, words)
    sums = left_of(quotas(source, day).of(focus.start, focus.end))
    left = sums["left"]
    rules, owners = _rules(deals, rows, flags, unseen, left), _owners(deals, rows)
    rules.insert(1, "words", [words[name] for name in rules["rule"]])
    of_owner = rows[rows["first"] != ""].groupby(["owner_id", "first"], sort=True)
    by_owner = pd.DataFrame(
        [
            {"owner_id": owner, "rule": rule, "own_deals": len(part), "own_amount": weighed(part, deals.unit)}
            for (owner, rule), part in of_owner
        ],
        columns=["owner_id", "rule", "own_deals", "own_amount"],
    )
    return Hygiene(
        period=period,
        as_of=book.as_of,
        day=day,
        focus=focus,
        currency=book.currency,
        unit=deals.unit,
        nothing="",
        idle_limit=idle,
        rules=rules,
        totals=MappingProxyType({name: _sized(deals, part, left) for name, part in _parts(rows).items()}),
        left=left,
        owners=owners,
        by_owner=by_owner,
        no_rate=deals.no_rate,
        unseen=_unseen(unseen, words),
        behind=filled(_behind(deals, rows, flags, owners, words)),
    )


def _flagged(deals: OpenDeals, flags: pd.DataFrame, focus: Period, words: Mapping[str, str]) -> pd.DataFrame:
    """Return the open deals with ``first``, the rule each counts under, ``breaks``, ``counted`` and ``is_due``."""
    rows, values = deals.rows, flags.to_numpy()
    names = np.array([*flags.columns, ""], dtype=object)
    first = names[np.where(values.any(axis=1), values.argmax(axis=1), len(flags.columns))]
    said = [words[name] for name in flags.columns]
    breaks = ["; ".join(word for word, is_hit in zip(said, row, strict=True) if is_hit) for row in values]
    expected = rows["expected_close_on"]
    is_due = (expected >= stamp(focus.start)) & (expected < stamp(focus.end))
    counted = [words.get(name, "") for name in first]
    return rows.assign(first=first, breaks=breaks, counted=counted, is_due=is_due)


def _parts(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {"all": rows, "flagged": rows[rows["first"] != ""], "clean": rows[rows["first"] == ""]}


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


def _sized(deals: OpenDeals, rows: pd.DataFrame, left: float) -> dict[str, float]:
    due = weighed(rows[rows["is_due"]], deals.unit)
    covers = left > 0 and deals.unit == "money"
    return {
        "deals": len(rows),
        "amount": weighed(rows, deals.unit),
        "expected": math.nan if deals.no_rate or deals.unit != "money" else money_of(rows["expected"].sum()),
        "due": due,
        "coverage": due / left if covers else math.nan,
    }


def _rules(
    deals: OpenDeals, rows: pd.DataFrame, flags: pd.DataFrame, unseen: Mapping[str, str], left: float
) -> pd.DataFrame:
    made = []
    for rule in RULES:
        hit, own = (_sized(deals, part, left) for part in (rows[flags[rule.name]], rows[rows["first"] == rule.name]))
        partly = next((unseen[name] for name, of in PARTLY.items() if of == rule.name and name in unseen), "")
        made.append(
            {
                "rule": rule.name,
                "mend": rule.mend,
                "reason": unseen.get(rule.name, partly),
                "is_seen": rule.name not in unseen,
                **hit,
                **{f"own_{size}": amount for size, amount in own.items()},
            }
        )
    return pd.DataFrame(made)


def _owners(deals: OpenDeals, rows: pd.DataFrame) -> pd.DataFrame:
    made, is_unknown = [], bool(deals.no_rate) or deals.unit != "money"
    rows = rows[["owner_id", "owner", "first", "counted", "parts", "has_amount", "expected"]]
    for owner, mine in rows.groupby("owner_id", sort=True):
        flagged = mine[mine["first"] != ""]
        costs = flagged.groupby("first")["parts" if deals.unit == "money" else "has_amount"].agg(["sum", "size"])
        costs = costs.sort_values(["sum", "size"], ascending=False, kind="stable")
        made.append(
            {
                "owner_id": owner,
                "owner": mine["owner"].iloc[0],
                "deals": len(mine),
                "amount": weighed(mine, deals.unit),
                "flagged_deals": len(flagged),
                "flagged_amount": weighed(flagged, deals.unit),
                "flagged_expected": math.nan if is_unknown else money_of(flagged["expected"].sum()),
                "worst": flagged.loc[flagged["first"] == costs.index[0], "counted"].iloc[0] if len(costs) else "",
            }
        )
    columns = ["owner_id", "owner", "deals", "amount", "flagged_deals", "flagged_amount", "flagged_expected", "worst"]
    frame = pd.DataFrame(made, columns=columns)
    order = ["flagged_amount", "flagged_deals", "owner_id"]
    frame = frame.sort_values(order, ascending=[False, False, True], ignore_index=True)
    return frame.assign(place=range(len(frame)))


def _unseen(unseen: Mapping[str, str], words: Mapping[str, str]) -> pd.DataFrame:
    rows = [(name, words.get(name) or words[PARTLY[name]], reason) for name, reason in unseen.items()]
    return pd.DataFrame(rows, columns=["rule", "words", "reason"])


def _behind(
    deals: OpenDeals, rows: pd.DataFrame, flags: pd.DataFrame, owners: pd.DataFrame, words: Mapping[str, str]
) -> list[Behind]:
    parts = _parts(rows)
    titles = {"all": "All open deals", "flagged": "Open deals that break a rule", "clean": "Open deals that break none"}
    found = []
    for name, title in titles.items():
        found += _sizes(deals, key("hygiene", name), title, parts[name])
    for rule in RULES:
        hit = rows[flags[rule.name]]
        title = _upper(words[rule.name])
        found.append(behind(key("hygiene", rule.name), title, hit, deals.unit, extras=_EXTRAS))
        own = rows[rows["first"] == rule.name]
        found += _sizes(deals, key("hygiene", rule.name, "own"), f"{title}, and no rule before it", own)
    by_owner = dict(list(rows.groupby("owner_id", sort=False)))
    for place, owner, name in zip(owners["place"], owners["owner_id"], owners["owner"], strict=True):
        mine = by_owner[owner]
        for which, part in (("all", mine), ("flagged", mine[mine["first"] != ""])):
            head = f"{name}: {titles[which].lower()}"
            found.append(behind(key("hygiene owner", place, which), head, part, deals.unit, extras=_EXTRAS))
    return found


def _sizes(deals: OpenDeals, name: str, title: str, rows: pd.DataFrame) -> list[Behind]:
    """Return the deals behind a size of the pipeline: the amount, the expected bookings, and what is due."""
    due = rows[rows["is_due"]]
    found = [
        behind(name, title, rows, deals.unit, extras=_EXTRAS),
        behind(f"{name}-due", f"{title}: due in the period covered", due, deals.unit, extras=_EXTRAS),
    ]
    if not deals.no_rate and deals.unit == "money":
        most = rows.assign(_size=-rows["expected"].abs()).sort_values(["_size", "opportunity_id"], kind="stable")
        words = f"{title}: expected bookings"
        found.append(behind(f"{name}-expected", words, most, "money", adds="expected", extras=_EXTRAS))
    return found


def _empty(book: Book, period: Period, focus: Period, idle: int) -> Hygiene:
    return Hygiene(
        period=period,
        as_of=book.as_of,
        day=last_known(book, period),
        focus=focus,
        currency=book.currency,
        unit="money",
        nothing=f"needs opportunities{book.rejected_words('opportunities')}",
        idle_limit=idle,
        rules=pd.DataFrame(columns=["rule", "words", "reason", "is_seen"]),
        totals=MappingProxyType({}),
        left=math.nan,
        owners=pd.DataFrame(columns=["owner_id", "owner"]),
        by_owner=pd.DataFrame(columns=["owner_id", "rule"]),
        no_rate="",
        unseen=pd.DataFrame(columns=["rule", "words", "reason"]),
        behind=(),
    )
