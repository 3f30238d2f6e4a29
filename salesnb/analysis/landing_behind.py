"""The deals behind a landing: those that are booked, and what each open deal adds to what is still to come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from salesnb.analysis.behind import MOST, Behind, of_id
from salesnb.analysis.landing_grid import Grid
from salesnb.analysis.landing_parts import grouped
from salesnb.analysis.landing_said import Said

_EXTRAS = {"chance": "Chance to be won within the period"}


def booked_key(group: str = "") -> str:
    """Return the key of the deals that are booked, in all or of a group."""
    return of_id("landing-booked", group) if group else "landing-booked"


def open_key(group: str = "") -> str:
    """Return the key of the deals that are open, in all or of a group."""
    return of_id("landing-open", group) if group else "landing-open"


def behind_of(known: Grid, now: Said, groups: Mapping[str, str], parts: pd.DataFrame) -> tuple[Behind, ...]:
    """Return the deals behind what is booked and behind what open deals bring, in all and of each group.

    An open deal adds what open deals bring times its share of their expected money: its amount times its chance.

    Parameters
    ----------
    known, now, groups
        The grid, what is said today, and seller to group.
    parts
        The landing by group, with ``group`` and ``existing``.
    """
    if not known.has_deals:
        return ()
    return tuple(each for each in _behind(known, now, groups, parts) if each.n)


def _behind(known: Grid, now: Said, groups: Mapping[str, str], parts: pd.DataFrame) -> Iterator[Behind]:
    target = str(known.target)
    won = known.booked.assign(adds=known.booked["amount"])
    still = now.chances.assign(expected=now.chances["amount"] * now.chances["chance"])
    yield _money(booked_key(), f"Booked in {target} so far", won, {})
    yield _money(open_key(), f"Open, and what each may add to {target}", _added(still, now.existing), _EXTRAS)
    for row in parts.to_dict("records"):
        name = str(row["group"])
        mine = won[grouped(won["owner_id"], groups) == name]
        yield _money(booked_key(name), f"{name}: booked in {target} so far", mine, {})
        open_deals = _added(still[grouped(still["owner_id"], groups) == name], float(row["existing"]))
        yield _money(open_key(name), f"{name}: open, and what each may add to {target}", open_deals, _EXTRAS)


def _added(rows: pd.DataFrame, total: float) -> pd.DataFrame:
    expected = float(rows["expected"].sum())
    return rows.assign(adds=rows["expected"] * (total / expected) if expected > 0 else 0.0)


def _money(name: str, title: str, rows: pd.DataFrame, extras: Mapping[str, str]) -> Behind:
    shown = rows.sort_values(["adds", "opportunity_id"], ascending=[False, True], ignore_index=True)
    columns = shown[["opportunity_id", "adds", *extras]].head(MOST)
    return Behind(name, title[:300], columns, len(rows), float(rows["adds"].sum()), "money", "deal", extras)
