"""What stands behind the numbers of the chances: deals, each with what it adds."""

from __future__ import annotations

from types import MappingProxyType

import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import MOST, Behind, key, of_id
from salesnb.analysis.calibration import bins_of
from salesnb.analysis.deals_card import LISTED, DealsCard

_CHANCE = MappingProxyType({"chance": "Chance", "why": "Why"})
_WON = MappingProxyType({"won": "Of these days, won in time after"})
_DAYS = 12
"""The past days whose sums the page shows, the latest."""


def behind(deals: DealsCard, past: pd.DataFrame, tried: pd.DataFrame | None) -> tuple[Behind, ...]:
    """Return the rows behind every number of the page.

    Parameters
    ----------
    deals
        The result, but for these.
    past
        The open deals of past days, with ``is_won`` and ``group``.
    tried
        The predictions of past days (:attr:`salesnb.analysis.rehearsal.Rehearsal.rows`); None where there are none.
    """
    shown = deals.open.assign(chance=[formats.share(p, 0) for p in deals.open["probability"]])
    made = [
        _of(shown.assign(adds=1), "deals-count", f"Open on {deals.day}", "count", _CHANCE),
        _of(shown.assign(adds=shown["amount"].fillna(0.0)), "deals-open", f"Open on {deals.day}", "money", _CHANCE),
    ]
    if deals.basis:
        title = f"Expected within {deals.horizon} days of {deals.day}"
        rows = shown.assign(adds=shown["expected"].fillna(0.0))
        made.append(_of(rows, "deals-expected", title, "money", _CHANCE))
        title = f"Open on {deals.day}, weighted by stage"
        made.append(_of(shown.assign(adds=shown["weighted"].fillna(0.0)), "deals-weighted", title, "money", _CHANCE))
        listed = rows.head(LISTED)
        made += [
            _of(listed.iloc[[place]], deal_key(deal), f"Deal {deal}: what it is expected to bring", "money", _CHANCE)
            for place, deal in enumerate(listed["opportunity_id"])
        ]
        listed = listed.assign(adds=listed["amount"].fillna(0.0))
        made += [
            _of(listed.iloc[[place]], worth_key(deal), f"Deal {deal}: what it is worth", "money", _CHANCE)
            for place, deal in enumerate(listed["opportunity_id"])
        ]
    if deals.basis == "base rate":
        made += _of_groups(deals, past)
    return tuple(made if tried is None else [*made, *_of_bins(tried), *_of_days(deals, tried)])


def deal_key(deal: str) -> str:
    """Return what opens one deal's row."""
    return of_id("deals", "of", deal)


def worth_key(deal: str) -> str:
    """Return what opens one deal's row with what it is worth."""
    return of_id("deals", "worth", deal)


def bin_key(number: int) -> str:
    """Return what opens the deals of a bin."""
    return key("deals", "bin", number)


def group_key(group: str) -> str:
    """Return what opens the deals that a base rate is of."""
    return of_id("deals", "base", group) if group else "deals-base"


def day_key(day: object, what: str) -> str:
    """Return what opens the deals of a past day: what was ``expected`` of them, or what ``came``."""
    return key("deals", what, str(day)[:10])


def shown_days(sums: pd.DataFrame) -> pd.DataFrame:
    """Return the past days that the page shows, the latest first."""
    return sums.tail(_DAYS).iloc[::-1]


def _of_groups(deals: DealsCard, past: pd.DataFrame) -> list[Behind]:
    """Return the deals that each base rate is of: each with on how many past days it was open, and won after."""
    made = []
    for group in deals.base["group"]:
        rows = past if group == "" else past[past["group"] == group]
        found = rows.groupby("opportunity_id", as_index=False).agg(adds=("is_won", "size"), won=("is_won", "sum"))
        title = f"Open on a past day: {group or 'all'}"
        made.append(_of(found, group_key(group), title, "count", _WON))
    return made


def _of_bins(tried: pd.DataFrame) -> list[Behind]:
    """Return the deals of each bin, and of all: each with how often it was open on a past day, and won after."""
    extras = MappingProxyType({"chance": "Said", **_WON})

    def counted(rows: pd.DataFrame) -> pd.DataFrame:
        found = rows.groupby("opportunity_id", as_index=False).agg(
            adds=("is_won", "size"), won=("is_won", "sum"), said=("probability", "mean")
        )
        return found.assign(chance=[formats.share(p, 0) for p in found["said"]])

    made = [_of(counted(tried), "deals-tried", "Open on a past day that was tried", "count", extras)]
    for number, part in tried.groupby(bins_of(tried)):
        made.append(_of(counted(part), bin_key(int(str(number))), f"Past chances, group {number}", "count", extras))
    return made


def _of_days(deals: DealsCard, tried: pd.DataFrame) -> list[Behind]:
    made = []
    extras = MappingProxyType({"chance": "Said", "came": "Won in time"})
    for day in shown_days(deals.sums)["day"]:
        rows = tried[tried["day"] == day]
        amounts = rows["amount"].fillna(0.0)
        rows = rows.assign(
            chance=[formats.share(p, 0) for p in rows["probability"]],
            came=["yes" if won else "no" for won in rows["is_won"]],
        )
        name = str(day)[:10]
        expected = rows.assign(adds=amounts * rows["probability"])
        made.append(_of(expected, day_key(day, "expected"), f"Expected of the deals open on {name}", "money", extras))
        came = rows.assign(adds=amounts)[rows["is_won"].to_numpy(dtype=bool)]
        made.append(_of(came, day_key(day, "came"), f"Open on {name} and won in time", "money", extras))
    return made


def _of(rows: pd.DataFrame, opens: str, title: str, unit: str, extras: MappingProxyType[str, str]) -> Behind:
    order = rows.assign(_size=-rows["adds"].abs()).sort_values(["_size", "opportunity_id"]) if len(rows) > 1 else rows
    held = order.head(MOST)[["opportunity_id", "adds", *extras]].reset_index(drop=True)
    return Behind(
        opens,
        title,
        held,
        len(rows),
        float(rows["adds"].sum()),
        "money" if unit == "money" else "count",
        "deal",
        extras,
    )
