"""Forensics, which answers how far the pipeline and its forecasts could be trusted in a period.

How much of what was won had not been in the pipeline, was opened only to be closed, or was taken from later quarters;
which commits were lost; whose deals change their forecast category back and forth; and whose calls miss to one side.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pandas as pd

from salesnb.analysis.behind import MOST, Behind
from salesnb.analysis.forensics_calls import called
from salesnb.analysis.forensics_card import MEASURES, OWNED, opening
from salesnb.analysis.forensics_card import Forensics as Forensics
from salesnb.analysis.forensics_rows import A_WEEK, WEEK_3, category_changes, closed_deals, ping_pong
from salesnb.data.book import Book
from salesnb.data.history import history_limit
from salesnb.kpis.dimensions import NONE
from salesnb.kpis.intervals import wilson
from salesnb.periods import Period

_EXTRAS = MappingProxyType(
    {"created_on": "Created", "days": "Days to close", "expected_before": "Expected before the period"}
)
_TURNS = MappingProxyType({"changes": "Changes of category", "backs": "Of them back"})
_LOG = "needs opportunity_events or opportunity_snapshots"


def forensics(book: Book, period: Period, *, trend_periods: int = 8, confidence: float = 0.95) -> Forensics:
    """Look at what was closed in a period, and at the calls made for it.

    Parameters
    ----------
    book, period
        The book, and the period.
    trend_periods
        Over how many periods the calls are held against what closed, this one included.
    confidence
        The level of the intervals, and 1 - the share of false marks among the callers.

    Returns
    -------
    Forensics
        With ``nothing`` said where there are no deals, or the period has not begun.
    """
    nothing = "" if book.has("opportunities") else f"needs opportunities{book.rejected_words('opportunities')}"
    if not nothing and period.start > book.as_of:
        nothing = f"{period} has not begun, the data end on {book.as_of}"
    bare = Forensics(
        period,
        book.as_of,
        book.currency,
        nothing,
        "",
        _measured({}, period),
        pd.DataFrame(columns=list(OWNED)),
        None,
        (),
    )
    if nothing:
        return bare
    deals, turns = closed_deals(book, period), ping_pong(book, period)
    needs = _needs(book, period)
    counted = _counted(deals, turns)
    names = _names(book)
    owned, behind = [], []
    for name, (rows, of, unit) in counted.items():
        if needs.get(name):
            continue
        behind += _opened(name, "", rows, of, unit, period)
        for owner, all_of_owner in of.groupby(of["owner_id"].fillna(NONE), sort=True):
            mine = rows[rows["owner_id"].fillna(NONE) == owner]
            behind += _opened(name, str(owner), mine, all_of_owner, unit, period, names.get(str(owner), str(owner)))
            owned.append(
                {
                    "name": name,
                    "owner": owner,
                    "label": names.get(str(owner), str(owner)),
                    **_share(mine, all_of_owner, unit),
                }
            )
    calls, opened = called(book, period, trend_periods, confidence, names)
    return Forensics(
        period, book.as_of, book.currency, nothing,
        history_limit(book), _measured(counted, period, needs, confidence),
        pd.DataFrame(owned, columns=list(OWNED)), calls,
        (*behind, *opened),
        no_amount=int((~deals["has_amount"] & (deals["outcome"] == "won")).sum()),
        undated=int(deals["created_on"].isna().sum()),
    )  # fmt: skip


def _needs(book: Book, period: Period) -> dict[str, str]:
    """Return what is missing for each measure that cannot be told."""
    needs = {}
    if period.days <= WEEK_3 + A_WEEK:
        needs["late"] = "needs a period longer than four weeks"
    elif (book.as_of - period.start).days < WEEK_3:
        needs["late"] = f"needs data up to the end of the third week of {period}"
    if not (book.gives("opportunity_events") or book.gives("opportunity_snapshots.expected_close_on")):
        needs["pulled"] = _LOG
    elif not book.gives("opportunities.expected_close_on"):
        needs["pulled"] = "needs opportunities.expected_close_on"
    if not book.gives("opportunities.created_at"):
        needs["rushed"] = "needs opportunities.created_at"
    if category_changes(book) is None:
        needs |= dict.fromkeys(("commits", "turns"), _LOG)
    elif not book.gives("opportunities.forecast_category"):
        needs |= dict.fromkeys(("commits", "turns"), "needs opportunities.forecast_category")
    return needs


def _counted(deals: pd.DataFrame, turns: pd.DataFrame | None) -> dict[str, tuple[pd.DataFrame, pd.DataFrame, str]]:
    """Return, for each measure, the deals that count, those they are a share of, and what is added up."""
    won = deals[deals["outcome"] == "won"]
    committed = deals[deals["was_commit"]]
    found = {
        "late": (won[won["is_late"]], won, "money"),
        "rushed": (won[won["is_rushed"]], won, "money"),
        "pulled": (won[won["is_pulled"]], won, "money"),
        "commits": (committed[committed["outcome"] != "won"], committed, "count"),
    }
    if turns is not None:
        found["turns"] = (turns[turns["backs"] > 0], turns, "count")
    return found


def _share(rows: pd.DataFrame, of: pd.DataFrame, unit: str) -> dict[str, Any]:
    over, under = (float(part["amount"].sum()) if unit == "money" else float(len(part)) for part in (rows, of))
    value = over / under if under > 0 else float("nan")
    return {"value": value, "numerator": over, "denominator": under, "n": len(rows), "of": len(of), "unit": unit}


def _measured(
    counted: dict[str, tuple[pd.DataFrame, pd.DataFrame, str]],
    period: Period,
    needs: dict[str, str] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    made = []
    for name, label in MEASURES.items():
        row: dict[str, Any] = {"name": name, "label": label.format(period=period), "needs": (needs or {}).get(name, "")}
        if name in counted and not row["needs"]:
            rows, of, unit = counted[name]
            low, high = wilson([len(rows)], [len(of)], confidence) if unit == "count" else ([float("nan")],) * 2
            row |= {**_share(rows, of, unit), "low": float(low[0]), "high": float(high[0])}
        made.append(row)
    columns = ["name", "label", "value", "numerator", "denominator", "n", "of", "unit", "low", "high", "needs"]
    return pd.DataFrame(made, columns=columns)


def _opened(
    name: str, owner: str, rows: pd.DataFrame, of: pd.DataFrame, unit: str, period: Period, label: str = ""
) -> list[Behind]:
    """Return the deals behind a share, and those that it is a share of."""
    whose = f" of {label}" if owner else ""
    parts = {
        "": (rows, MEASURES[name].format(period=period)),
        "of": (of, f"All that this is a share of: {MEASURES[name].format(period=period)}"),
    }
    made = []
    for part, (frame, title) in parts.items():
        if frame.empty or (owner and part):
            continue
        adds = frame["amount"].astype("float64") if unit == "money" else pd.Series(1.0, index=frame.index)
        size = frame["amount"].astype("float64").abs()
        shown = frame.assign(adds=adds, _size=-size).sort_values(["_size", "opportunity_id"], kind="stable")
        extras = _TURNS if name == "turns" else _EXTRAS
        shown = shown[["opportunity_id", "adds", *extras]].head(MOST).reset_index(drop=True)
        total = float(frame["amount"].sum()) if unit == "money" else float(len(frame))
        kind: Any = unit
        made.append(
            Behind(
                opening(name, owner, whole=bool(part)), f"{title}{whose}", shown, len(frame), total, kind, extras=extras
            )
        )
    return made


def _names(book: Book) -> dict[str, str]:
    if not book.gives("reps.name"):
        return {}
    frame = book.reps.select("rep_id", "name").execute()
    return {str(rep): str(name) for rep, name in zip(frame["rep_id"], frame["name"], strict=True) if not pd.isna(name)}
