"""Leaks: the columns of a deal that a model must not see, because they are written when its end is known.

Two kinds. Without a history a column shows today's value on every earlier day: the stage of a lost deal is then "Lost"
from its first day on. And whether a column is filled at all can tell the end, where sellers fill it for deals that
close, or a system writes 0 into those that are lost.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb import formats
from salesnb.data.book import Book
from salesnb.kpis.answers import answer

NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "stage": ("stage",),
        "segment": ("segment",),
        "stage_segment": ("stage", "segment"),
        "forecast_category": ("forecast_category",),
        "kind": ("kind",),
        "product": ("product",),
        "age": (),
        "in_stage": ("stage", "log"),
        "pushes": ("expected_close_on", "log"),
        "moved_back": ("stage", "log"),
        "due_in": ("expected_close_on",),
        "size": ("amount",),
        "owner_rate": (),
        "quiet": ("activities",),
    }
)
"""Feature to the columns that it is made of; ``log`` is the change log, ``activities`` those of deals."""
DATED = ("stage", "amount", "expected_close_on", "forecast_category")
FIXED = ("kind", "product", "segment")
APART = 0.10
"""Shares filled that differ by less are no leak worth a word."""
_SURE = 3.29  # standard errors: 1 in 1,000 by chance
_FEWEST = 30


def usable(book: Book) -> tuple[tuple[str, ...], pd.DataFrame]:
    """Tell which features a model may use, and why not the others.

    A column of :data:`DATED` is used where its history is known: from snapshots, or from a log that has a change of it.
    A column of :data:`FIXED`, which has no history anywhere, and any column without one, is a leak where the share of
    deals in which it is filled (an amount: with other than 0) differs between deals won, lost and open by
    :data:`APART` and more than chance.

    Returns
    -------
    tuple
        The names of the features, and a frame of what is not used: ``column, reason, is_leak``.
    """
    logged = _logged(book)
    has_log, has_snapshots = book.has("opportunity_events"), book.has("opportunity_snapshots")
    gone: dict[str, tuple[str, bool]] = {}
    filled = _filled(book)
    for column in (*DATED, *FIXED):
        told = _told(filled, column)
        if not _is_given(book, column):
            gone[column] = ("the source does not give it", False)
        elif column in DATED and column not in logged and not (has_snapshots and not has_log):
            why = "the log has no change of it" if has_log else "without a history it is today's on every earlier day"
            gone[column] = (f"{why}{f'; {told}' if told else ''}", bool(told))
        elif column in FIXED and told:
            gone[column] = (told, True)
    if not has_log:
        gone["log"] = ("needs opportunity_events", False)
    if not book.gives("activities.opportunity_id"):
        gone["activities"] = ("needs activities.opportunity_id", False)
    names = tuple(name for name, columns in NEEDS.items() if not gone.keys() & set(columns))
    rows = [{"column": column, "reason": why, "is_leak": leaks} for column, (why, leaks) in gone.items()]
    return names, pd.DataFrame(rows, columns=["column", "reason", "is_leak"])


def _is_given(book: Book, column: str) -> bool:
    return book.gives("accounts.segment" if column == "segment" else f"opportunities.{column}")


def _logged(book: Book) -> set[str]:
    """Return the fields of which the log has a change from a value to another."""
    if not book.has("opportunity_events"):
        return set()
    events = book.table("opportunity_events")
    return set(answer(book, events.filter(events.old.notnull()).select("field").distinct())["field"])


def _filled(book: Book) -> pd.DataFrame:
    """Count, for each outcome, the deals and those in which each column is filled; by outcome."""
    deals = book.table("opportunities")
    deals = deals.filter(deals.outcome.isin(["won", "lost", "open"]))
    has: dict[str, ir.BooleanValue] = {name: deals[name].notnull() for name in (*DATED, "kind", "product")}
    has["amount"] = (deals.amount != 0).fill_null(False)
    if book.has("accounts"):
        accounts = book.table("accounts")
        known = accounts.filter(accounts.segment.notnull()).select("account_id").distinct()
        known = known.mutate(_has=ibis.literal(True))
        deals = deals.left_join(known, "account_id").drop("account_id_right")
        has = {name: deals[name].notnull() for name in has} | {"amount": (deals.amount != 0).fill_null(False)}
        has["segment"] = deals["_has"].fill_null(False)
    counts = {name: flag.cast("int32").sum() for name, flag in has.items()}
    return answer(book, deals.group_by("outcome").aggregate(n=deals.count(), **counts)).set_index("outcome")


def _told(filled: pd.DataFrame, column: str) -> str:
    """Say how the share of deals in which a column is filled differs by their end; empty where it does not."""
    if column not in filled:
        return ""
    counts = filled.astype("float64").to_dict("index")
    shares = {
        outcome: (counts[outcome][column] / counts[outcome]["n"], counts[outcome]["n"])
        for outcome in ("won", "lost", "open")
        if outcome in counts and counts[outcome]["n"] >= _FEWEST
    }
    pairs = [(a, b) for a in shares for b in shares if a < b]
    if not any(_differ(*shares[a], *shares[b]) for a, b in pairs):
        return ""
    words = [f"{formats.share(share, 0)} of the {outcome}" for outcome, (share, _) in shares.items()]
    what = "is other than 0" if column == "amount" else "is filled"
    return f"it {what} in {formats.listed(words)} deals, so it tells their end"


def _differ(one: float, n_one: float, other: float, n_other: float) -> bool:
    pooled = (one * n_one + other * n_other) / (n_one + n_other)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n_one + 1 / n_other))
    return abs(one - other) >= APART and abs(one - other) > _SURE * error
