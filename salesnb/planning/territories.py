"""Territories: the accounts that sellers hold, how even they are, and which moves would even them."""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass
from typing import Any

import ibis
import pandas as pd

from salesnb.data.book import Book
from salesnb.kpis.answers import answer
from salesnb.planning.allocate import MOVE, balance, moves, spread
from salesnb.planning.plan import Plan

MEASURES = ("potential", "deals", "revenue")
_MOST_MOVES = 8


@dataclass(frozen=True)
class Territories:
    """The accounts of sellers.

    Attributes
    ----------
    day
        The day they were held on.
    by
        What is made even: ``potential``, or ``revenue`` where no potential is known.
    sellers
        One row a seller: ``rep_id, name, team, accounts, potential, deals`` (open on the day) ``, revenue`` (won in
        the year before), and ``off``: what is made even over an equal part of the team's, less 1.
    teams
        ``team, spread, after``: how uneven each team is (the largest less the smallest, over the mean), and after the
        moves.
    moves
        Which accounts to move within a team, those first that even the most: ``account_id, account, team, territory,
        to`` (names of sellers) ``, amount, spread`` (of the team after the move).
    """

    day: dtm.date
    by: str
    sellers: pd.DataFrame
    teams: pd.DataFrame
    moves: pd.DataFrame


def territories(book: Book, plan: Plan) -> Territories | None:
    """Return the accounts of a plan's sellers; None where the book does not tell who holds which."""
    if not book.gives("territories.rep_id"):
        return None
    held = _held(book, plan)
    if held.empty:
        return None
    by = "potential" if held["potential"].sum() > 0 else "revenue"
    names = plan.reps.set_index("rep_id")["name"]
    held["territory"], held["team"] = held["rep_id"], held["rep_id"].map(plan.reps.set_index("rep_id")["team"])
    summed = held.groupby("rep_id").agg(accounts=("account_id", "size"), **{m: (m, "sum") for m in MEASURES})
    sellers = plan.reps[["rep_id", "name", "team"]].merge(summed, on="rep_id").reset_index(drop=True)
    before: dict[str, float] = {}
    queues: dict[str, list[dict[str, Any]]] = {}
    off: dict[str, float] = {}
    for team, mine in held.groupby("team", sort=True):
        even = balance(mine, by).set_index("territory")
        off |= {str(seller): float(value) for seller, value in even["off"].items()}
        last = before[str(team)] = spread(even["amount"])
        queues[str(team)] = []
        for move in moves(mine, by, _MOST_MOVES).to_dict("records"):
            gain, last = (last - move["spread"]) * float(even["amount"].mean()), move["spread"]
            queues[str(team)].append({**{str(k): v for k, v in move.items()}, "team": str(team), "gain": gain})
    after, listed = dict(before), list[dict[str, Any]]()
    while len(listed) < _MOST_MOVES and any(queues.values()):
        # The move that takes most off what sellers of a team lie apart by; those of a team build on each other.
        team = max((name for name, queue in queues.items() if queue), key=lambda name: queues[name][0]["gain"])
        listed.append(queues[team].pop(0))
        after[team] = listed[-1]["spread"]
    sellers["off"] = sellers["rep_id"].map(off)
    made = pd.DataFrame(listed, columns=[*MOVE, "team"])
    for column in ("territory", "to"):
        made[column] = made[column].map(names)
    made["account"] = made["account_id"].map(_names(book, list(made["account_id"]))).fillna(made["account_id"])
    teams = pd.DataFrame([(name, before[name], after[name]) for name in before], columns=["team", "spread", "after"])
    return Territories(plan.day, by, sellers, teams, made)


def potential_of(found: Territories | None) -> pd.Series[float]:
    """Return seller to potential; empty where it is not known."""
    if found is None or not found.sellers["potential"].sum() > 0:
        return pd.Series(dtype="float64")
    return found.sellers.set_index("rep_id")["potential"]


def _held(book: Book, plan: Plan) -> pd.DataFrame:
    """Return ``account_id, rep_id, potential, deals, revenue`` of the accounts held on the last day known."""
    day, year = plan.day, plan.day - dtm.timedelta(days=365)
    rows = book.territories
    held = rows.filter(
        (rows.valid_from <= ibis.date(day)) | rows.valid_from.isnull(),
        (rows.valid_to >= ibis.date(day)) | rows.valid_to.isnull(),
        rows.rep_id.isin(list(plan.reps["rep_id"])),
        rows.account_id.notnull(),
    )
    frame = answer(book, held.group_by("account_id").aggregate(
        rep_id=held.rep_id.max(), potential=held.potential.max().cast("float64")))  # fmt: skip
    frame = frame.assign(deals=0.0, revenue=0.0)
    if book.has("opportunities"):
        deals = book.opportunities
        deals = deals.filter(deals.account_id.notnull())
        is_late = (deals.outcome == "won") & (deals.closed_on > ibis.date(year)) & (deals.closed_on <= ibis.date(day))
        counted = answer(book, deals.group_by("account_id").aggregate(
            deals=(deals.outcome == "open").cast("int64").sum(),
            revenue=is_late.ifelse(deals.amount.cast("float64"), 0.0).sum()))  # fmt: skip
        known = counted.set_index("account_id")
        for name in ("deals", "revenue"):
            frame[name] = frame["account_id"].map(known[name]).astype("float64").fillna(0.0)
    frame["potential"] = frame["potential"].astype("float64").fillna(0.0)
    return frame.sort_values("account_id", ignore_index=True)


def _names(book: Book, ids: list[str]) -> dict[str, str]:
    if not ids or not book.gives("accounts.name"):
        return {}
    rows = book.accounts.filter(book.accounts.account_id.isin(ids))
    frame = answer(book, rows.select("account_id", "name"))
    return {str(one): str(name) for one, name in zip(frame["account_id"], frame["name"], strict=True) if name}
