"""Coverage by seller, team and region: as far as the quotas and the table of sellers tell them."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from salesnb.analysis.behind import Behind, key
from salesnb.analysis.coverage_quota import Quotas
from salesnb.analysis.hygiene_deals import OpenDeals, behind, money_of, sellers, weighed
from salesnb.data.book import Book
from salesnb.kpis.dimensions import NONE
from salesnb.periods import Period

_COLUMNS = (
    "by", "key", "name", "due", "deals", "next_due", "next_deals", "later_due", "later_deals",
    "overdue", "overdue_deals", "quota",
    "booked", "booked_deals", "left", "coverage", "next_quota", "next_coverage", "place",
)  # fmt: skip
_SHOWN = ("this", "next", "later", "overdue")
_EXTRAS = {"due": "Expected close then"}


def groups(
    book: Book, deals: OpenDeals, rows: pd.DataFrame, against: Quotas, done: pd.DataFrame, period: Period
) -> tuple[pd.DataFrame, list[Behind]]:
    """Return the coverage of each seller, team and region, and the deals behind each number.

    Teams and regions are those of the sellers. What has none is a group of its own, so that the parts sum to the
    whole. Quotas of teams have no sellers or regions.

    Parameters
    ----------
    deals, rows
        The open deals, and the same with their horizons.
    against
        All quotas.
    done
        The deals booked on the period's quotas.

    Returns
    -------
    tuple
        The frame :attr:`salesnb.analysis.coverage_card.CoverageCard.groups`, and the rows behind.
    """
    people = sellers(book)
    rows = rows[["opportunity_id", "owner_id", "team", "region", "horizon", "due", "parts"]]
    none = rows.iloc[:0]
    made: list[dict[str, Any]] = []
    found: list[Behind] = []
    for by in ("seller", "team", "region"):
        column = "owner_id" if by == "seller" else by
        if by != "seller" and not book.gives(f"reps.{by}"):
            continue
        of_deals = _named(rows[column])
        of_done = _named(_of_holder(done["owner_id"], by, people)) if len(done) else done["owner_id"]
        now, then = (_quota_of(against, each, by, people) for each in (period, period.next))
        names = sorted({*of_deals, *now["group"], *then["group"], *of_done}, key=lambda name: (name == NONE, name))
        parts = dict(list(rows.groupby([of_deals, rows["horizon"]], sort=False)))
        booked = dict(list(done.groupby(of_done, sort=False))) if len(done) else {}
        for place, name in enumerate(names):
            mine = {each: parts.get((name, each), none) for each in _SHOWN}
            head = str(people["name"].get(name) or name) if by == "seller" else name
            shown = [(each, f"{head}: {_WORDS[each]}", mine[each], deals.unit) for each in _SHOWN]
            found += [
                behind(key("coverage", by, place, each), title, frame, unit, extras=_EXTRAS)
                for each, title, frame, unit in shown
                if len(frame)
            ]
            if name in booked:
                found.append(behind(key("coverage", by, place, "booked"), f"{head}: booked", booked[name], "money"))
            row = _row(mine, deals.unit, booked.get(name), now[now["group"] == name], then[then["group"] == name])
            made.append({"by": by, "key": name, "name": head, "place": place, **row})
    return pd.DataFrame(made, columns=list(_COLUMNS)), found


_WORDS = {"this": "due in the period", "next": "due in the next period", "later": "due later", "overdue": "overdue"}


def _row(
    mine: dict[str, pd.DataFrame], unit: str, won: pd.DataFrame | None, now: pd.DataFrame, then: pd.DataFrame
) -> dict[str, float]:
    quota, done, after = int(now["quota"].sum()), int(now["booked"].sum()), int((then["quota"] - then["booked"]).sum())
    left = max(quota - done, 0)
    due, next_due = weighed(mine["this"], unit), weighed(mine["next"], unit)
    is_money = unit == "money"
    return {
        "due": due,
        "deals": len(mine["this"]),
        "next_due": next_due,
        "next_deals": len(mine["next"]),
        "later_due": weighed(mine["later"], unit),
        "later_deals": len(mine["later"]),
        "overdue": weighed(mine["overdue"], unit),
        "overdue_deals": len(mine["overdue"]),
        "quota": money_of(quota) if len(now) else math.nan,
        "booked": money_of(done) if len(now) else math.nan,
        "booked_deals": 0 if won is None else len(won),
        "left": money_of(left) if len(now) else math.nan,
        "coverage": due / money_of(left) if len(now) and left > 0 and is_money else math.nan,
        "next_quota": money_of(max(after, 0)) if len(then) else math.nan,
        "next_coverage": next_due / money_of(after) if len(then) and after > 0 and is_money else math.nan,
    }


def _quota_of(against: Quotas, period: Period, by: str, people: pd.DataFrame) -> pd.DataFrame:
    """Return a period's quotas by group; none for a group that the holders cannot be in."""
    spans = against.of(period.start, period.end)
    if against.holder == "team":
        spans = spans if by == "team" else spans.iloc[:0]
        return spans.assign(group=_named(spans["holder"]))
    return spans.assign(group=_named(_of_holder(spans["holder"], by, people)))


def _of_holder(ids: pd.Series[Any], by: str, people: pd.DataFrame) -> pd.Series[Any]:
    return ids if by == "seller" else ids.map(people[by])


def _named(values: pd.Series[Any]) -> pd.Series[Any]:
    texts: pd.Series[Any] = values.astype(object).fillna("").replace("", NONE)
    return texts
