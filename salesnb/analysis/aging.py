"""Aging, which answers which open deals have stood too long, lie idle, or are pushed again and again.

A deal's days in its stage are held against how long the deals that were won in the end had stayed there. Without a log
of stages only the days since creation are known, and are held against the days that won deals took.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from salesnb.analysis import aging_words as told
from salesnb.analysis.aging_card import CLASSES, STALE, AgingCard, stale_key
from salesnb.analysis.aging_idle import IDLE_DAYS, idle_days, idle_needs
from salesnb.analysis.aging_numbers import numbers
from salesnb.analysis.aging_pushes import BUCKETS, MANY, NEEDS, of_open, of_period, sees_pushes
from salesnb.analysis.aging_stays import ALL_STAGES, days_to_win, norm_of, norms, since, stays_of_won
from salesnb.analysis.behind import Behind, key
from salesnb.analysis.hygiene_deals import (
    OpenDeals,
    behind,
    filled,
    held,
    kept,
    logged,
    open_deals,
    stamp,
    weighed,
    whole_days,
)
from salesnb.data.book import Book
from salesnb.kpis.answers import answer
from salesnb.kpis.bookings import last_known
from salesnb.kpis.dimensions import NONE
from salesnb.kpis.stages import stage_order
from salesnb.periods import Period

_AGE = {"stood": "Days there", "normal": "Norm (90 %)", "untouched": "Days without activity"}
_PUSH = {"times": "Pushes", "moved": "Days later"}
_MOVE = {"pushed_on": "Pushed on", "was": "From", "became": "To", "moved": "Days later"}


class Aging(AgingCard):
    """An aging that says what its numbers say; see :class:`salesnb.analysis.aging_card.AgingCard` for the data."""

    def headlines(self) -> list[str]:
        """Say what has stood too long, what lies idle, and what is pushed again and again."""
        return held(told.headlines(self), self.behind)

    def finding(self) -> str:
        """Say how much has stood longer than is normal for deals that are won."""
        return told.finding(self)

    def push_finding(self) -> str:
        """Say how much was pushed how often, and how often such deals were won."""
        return told.push_finding(self)

    def numbers(self) -> pd.DataFrame:
        """List every number, for results.json: the columns of :data:`salesnb.analysis.hygiene_deals.NUMBERS`."""
        return numbers(self)


def aging(book: Book, period: Period, *, idle: int = IDLE_DAYS) -> Aging:
    """Hold how long open deals have stood against what is normal for deals that are won, as of the period's last day.

    Parameters
    ----------
    idle
        So many days without an activity and a deal is idle.
    """
    source, day = kept(book), last_known(book, period)
    if not book.has("opportunities"):
        return _empty(book, period, idle)
    deals = open_deals(source, day)
    has_stages = "stage" in logged(source)
    found = norms(stays_of_won(source, day) if has_stages else days_to_win(source, day))
    rows = _aged(source, deals, found, has_stages=has_stages, idle=idle)
    pushed = _pushed(source, deals, rows)
    slips, slip_days, moves = _slips(source, period, deals)
    stages = _stages(source, deals, rows, found)
    found = found[found["stage"].isin(stages["stage"])].reset_index(drop=True)
    return Aging(
        period=period,
        as_of=book.as_of,
        day=day,
        currency=book.currency,
        unit=deals.unit,
        nothing="",
        basis="stage" if has_stages else "creation",
        idle_limit=idle,
        deals=rows,
        stages=stages,
        norms=found,
        pushed=pushed,
        slips=slips,
        slip_days=slip_days,
        missing=_missing(source, deals),
        behind=filled([*_behind(rows, stages, deals.unit), *_behind_pushes(rows, deals.unit, pushed), *moves]),
    )


def _aged(book: Book, deals: OpenDeals, found: pd.DataFrame, *, has_stages: bool, idle: int) -> pd.DataFrame:
    rows = deals.rows.copy()
    rows["norm_stage"] = rows["stage"].replace("", NONE) if has_stages else ALL_STAGES
    starts = rows["entered_on"]
    if has_stages:
        last = since(book, deals.day)
        said = rows["opportunity_id"].map(last["last_stage"]).fillna("")
        logged_since = pd.Series(
            pd.to_datetime(rows["opportunity_id"].map(last["since"])).to_numpy("datetime64[s]"), index=rows.index
        )
        # A deal whose log ends in another stage has been in this one for nobody knows how long.
        starts = starts.where(said == "", logged_since.where(said == rows["stage"]))
    rows["days"] = whole_days(stamp(deals.day), starts)
    rows = rows.join(norm_of(rows, found, _segments(book, rows)))
    known = rows["days"].notna() & rows["p90"].notna()
    bounds = [~known, *(rows["days"] <= rows[name] for name in ("median", "p80", "p90"))]
    rows["age_class"] = np.select(bounds, ["unknown", *CLASSES[:3]], "beyond")
    rows["idle"] = idle_days(book, deals)
    often = of_open(book, deals.day)
    for name in ("pushes", "slip"):
        rows[name] = rows["opportunity_id"].map(often[name]).fillna(0).astype("int64")
    rows["is_beyond"], rows["is_idle"] = rows["age_class"] == "beyond", rows["idle"] >= idle
    texts = {"stood": "days", "normal": "p90", "untouched": "idle"}
    for name, source in texts.items():
        rows[name] = rows[source].astype("Int64")
    return rows.assign(times=rows["pushes"], moved=rows["slip"])


def _segments(book: Book, rows: pd.DataFrame) -> pd.Series[Any]:
    if not book.gives("accounts.segment"):
        return pd.Series("", index=rows.index, dtype=object)
    accounts = answer(book, book.accounts.filter(book.accounts.segment.notnull()).select("account_id", "segment"))
    named = accounts.drop_duplicates("account_id").set_index("account_id")["segment"]
    return rows["account_id"].map(named).fillna("").astype(object)


def _stages(book: Book, deals: OpenDeals, rows: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Return one row a stage that has open deals, or a norm and a place in the order."""
    order = {name: place for place, name in enumerate(stage_order(book))}
    whole = found[found["segment"].isna()].set_index("stage")
    held = set(rows["norm_stage"])
    names = held | {name for name in whole.index if name in order and name in book.stages} if order else held
    made = []
    for place, name in enumerate(sorted(names, key=lambda name: (order.get(name, len(order)), name))):
        mine = rows[rows["norm_stage"] == name]
        norm = whole.loc[name] if name in whole.index else {"n": 0}
        is_known = norm["n"] > 0
        row = {
            "stage": name,
            "place": place,
            "deals": len(mine),
            "amount": weighed(mine, deals.unit),
            "oldest": mine["days"].max(),
            "n": int(norm["n"]),
            **{each: float(norm[each]) if is_known else math.nan for each in ("median", "p80", "p90")},
        }
        parts = {each: mine[mine["age_class"] == each] for each in CLASSES} | {"idle": mine[mine["is_idle"]]}
        for each, part in parts.items():
            row |= {f"{each}_deals": len(part), f"{each}_amount": weighed(part, deals.unit)}
        made.append(row)
    columns = ["stage", "place", "deals", "amount", "oldest", "n", "median", "p80", "p90"]
    columns += [f"{each}_{what}" for each in (*CLASSES, "idle") for what in ("deals", "amount")]
    return pd.DataFrame(made, columns=columns)


def _pushed(book: Book, deals: OpenDeals, rows: pd.DataFrame) -> pd.DataFrame:
    if not sees_pushes(book):
        return pd.DataFrame(columns=["pushes", "deals", "amount"])
    often = rows["pushes"].clip(upper=MANY)
    parts = [rows[often == count] for count in range(MANY + 1)]
    mine = {"deals": [len(part) for part in parts], "amount": [weighed(part, deals.unit) for part in parts]}
    return pd.DataFrame({"pushes": range(MANY + 1), **mine})


def _slips(book: Book, period: Period, deals: OpenDeals) -> tuple[pd.DataFrame, dict[str, float], list[Behind]]:
    if not sees_pushes(book):
        return pd.DataFrame(columns=["bucket", "pushes"]), {}, []
    counted, furthest = of_period(book, period, deals.day)
    frame = pd.DataFrame({"bucket": [name for name, _ in BUCKETS]})
    sums = counted.groupby("bucket")["pushes"].sum()
    frame["pushes"] = frame["bucket"].map(sums).fillna(0).astype("int64")
    found = []
    for place, (name, count) in enumerate(zip(frame["bucket"], frame["pushes"], strict=True)):
        mine = furthest[furthest["bucket"] == name].assign(adds=1.0).rename(columns={"slip": "moved"})
        title = f"Pushed in {period} by {name}"
        shown = mine[["opportunity_id", "adds", *_MOVE]].reset_index(drop=True)
        found.append(Behind(key("aging slip", place), title, shown, int(count), float(count), extras=_MOVE))
    n = int(counted["pushes"].sum())
    if not n:
        return frame, {"n": 0.0}, found
    spread = norms(counted.assign(stage="", segment="").rename(columns={"slip": "days", "pushes": "stays"})).iloc[0]
    return frame, {"n": float(n), "median": spread["median"], "p90": spread["p90"]}, found


def _behind(rows: pd.DataFrame, stages: pd.DataFrame, unit: str) -> list[Behind]:
    found = [
        behind("aging-beyond", "In their stage longer than 90 % of won deals were", rows[rows["is_beyond"]], unit,
               extras=_AGE),
        behind("aging-idle", "Without an activity for long", rows[rows["is_idle"]], unit, extras=_AGE),
        behind("aging-stale", "Beyond the norm or idle", rows[rows["is_beyond"] | rows["is_idle"]], unit, extras=_AGE),
        behind("aging-many", f"Pushed {MANY} times or more", rows[rows["pushes"] >= MANY], unit, extras=_PUSH),
    ]  # fmt: skip
    listed = rows[rows["is_beyond"] | rows["is_idle"]].head(STALE)
    found += [
        behind(stale_key(place), f"Deal {deal}: beyond the norm or idle", listed.iloc[[place]], unit, extras=_AGE)
        for place, deal in enumerate(listed["opportunity_id"])
    ]
    for stage in stages.to_dict("records"):
        place = stage["place"]
        mine = rows[rows["norm_stage"] == stage["stage"]]
        parts = {"open": mine, "idle": mine[mine["is_idle"]]}
        parts |= {each: mine[mine["age_class"] == each] for each in CLASSES}
        found += [
            behind(key("aging", place, each), f"{stage['stage']}: {told.TITLES[each]}", part, unit, extras=_AGE)
            for each, part in parts.items()
            if len(part)
        ]
    return found


def _behind_pushes(rows: pd.DataFrame, unit: str, pushed: pd.DataFrame) -> list[Behind]:
    often = rows["pushes"].clip(upper=MANY)
    return [
        behind(
            key("aging pushed", count), f"Open and pushed {told.often(count)}", rows[often == count], unit, extras=_PUSH
        )
        for count in pushed["pushes"]
    ]


def _missing(book: Book, deals: OpenDeals) -> pd.DataFrame:
    lacks = []
    if "stage" not in logged(book):
        lacks.append(("opportunity_events of stage", "how long deals have stood in their stage"))
    if idle := idle_needs(book, deals.day):
        lacks.append((idle.removeprefix("needs "), "which deals lie idle"))
    if not sees_pushes(book):
        lacks.append((NEEDS.removeprefix("needs "), "which deals were pushed, and by how much"))
    return pd.DataFrame(lacks, columns=["needs", "costs"])


def _empty(book: Book, period: Period, idle: int) -> Aging:
    nothing = pd.DataFrame()
    return Aging(
        period=period,
        as_of=book.as_of,
        day=last_known(book, period),
        currency=book.currency,
        unit="money",
        nothing=f"needs opportunities{book.rejected_words('opportunities')}",
        basis="creation",
        idle_limit=idle,
        deals=pd.DataFrame(columns=["opportunity_id", "parts", "days", "is_beyond", "is_idle", "pushes"]),
        stages=pd.DataFrame(columns=["stage", "deals"]),
        norms=nothing,
        pushed=pd.DataFrame(columns=["pushes", "deals", "amount"]),
        slips=pd.DataFrame(columns=["bucket", "pushes"]),
        slip_days={},
        missing=pd.DataFrame([("opportunities", "the open deals")], columns=["needs", "costs"]),
        behind=(),
    )
