"""A plan as tables: sellers and how attainment spreads, scenarios side by side, assumptions and rules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from salesnb import formats
from salesnb.planning import quota_words as told
from salesnb.planning.quota import Quota
from salesnb.report.tables import Cell, Column, Table, by_row, folded, number, table, text

Row = Mapping[str, Any]
_MONTH = 365.25 / 12


def seller_table(found: Quota) -> Table:
    """Make the table of sellers: quota, what each brings, the chance to make quota, and pay."""
    frame = pd.DataFrame() if found.usual is None else found.usual.reps
    columns: dict[str, Column] = {
        "name": by_row("Seller", lambda row: Cell(str(row["name"]), detail=str(row["team"] or "")), is_number=False),
        "quota": number("Quota", lambda v: formats.money(v) if v > 0 else ""),
        "booked": number("Booked so far", lambda v: formats.money(v)),
        "middle": by_row("Brings", _range),
        "attainment": by_row("Attains", _attains),
        "hit": number("Chance of quota", lambda v: "" if formats.is_missing(v) else formats.chance(v)),
        "pay": number("Pay", lambda v: "" if formats.is_missing(v) else formats.money(v)),
    }  # fmt: skip
    if len(frame) and frame["pay"].isna().all():
        columns.pop("pay")
    if len(frame) and not (frame["booked"] > 0).any():
        columns.pop("booked")
    hit = frame["hit"].dropna() if len(frame) else pd.Series(dtype=float)
    caption = (
        f"Sellers' chances to make quota go from {formats.chance(hit.min())} to {formats.chance(hit.max())}"
        if len(hit)
        else f"What each seller brings in {found.target}"
    )
    made = table(
        frame.sort_values(["team", "name"]) if len(frame) else frame, columns, caption=f"{caption}.",
        note=f"In {found.currency}; brings: the middle, and the range in 80 % of cases; pay: its mean.",
        empty=nothing(found),
    )  # fmt: skip
    return folded(made, len(frame), "seller")


def band_table(found: Quota) -> Table:
    """Make the table of how attainment spreads over sellers."""
    bands = pd.DataFrame() if found.usual is None else found.usual.bands
    columns: dict[str, Column] = {
        "band": by_row("Of quota", _band, is_number=False),
        "share": number("Sellers", lambda v: formats.share(v, 0)),
    }
    missed = float(bands.loc[bands["high"] <= 0.8, "share"].sum()) if len(bands) else 0.0
    caption = "No seller has a quota."
    if len(bands):
        caption = f"{formats.share(missed, 0)} of sellers end below 80 % of quota."
    return table(bands, columns, caption=caption, note="The mean over all draws.", empty=nothing(found))


def _band(row: Row) -> str:
    low = formats.share(row["low"], 0)
    return f"{low} and more" if row["high"] == math.inf else f"{low} to {formats.share(row['high'], 0)}"


def _range(row: Row) -> Cell:
    return Cell(formats.money(row["middle"]), detail=f"{formats.money(row['low'])} to {formats.money(row['high'])}")


def scenario_table(found: Quota) -> Table:
    """Make the table of scenarios side by side, each with what its difference from the plan comes from."""
    usual = found.usual
    rows: list[dict[str, Any]] = []
    if usual is not None:
        rows.append({"name": "As planned", "found": usual, "parts": None, "reason": ""})
        rows += [{"name": one.name, "found": one.found, "parts": one.parts, "reason": one.reason}
                 for one in found.scenarios]  # fmt: skip

    def cell(show: Any) -> Any:
        return lambda row: Cell("") if row["found"] is None else show(row["found"], row)

    columns: dict[str, Column] = {
        "name": by_row("Scenario", lambda row: Cell(row["name"], detail=row["reason"]), is_number=False),
        "chance": by_row("Chance of the target", cell(lambda f, _: _chance(f.chance))),
        "middle": by_row("Brings", cell(lambda f, _: Cell(
            formats.money(f.middle), detail=f"{formats.money(f.low)} to {formats.money(f.high)}"))),
        "hitting": by_row("Sellers at quota", cell(lambda f, _: formats.share(float(f.hitting.mean()), 0)
                                                  if f.hitting.size else "")),
        "pay": by_row("Pay", cell(lambda f, _: formats.money(float(np.median(f.pay))) if f.pay.size else "")),
        "reached": by_row("Target reached", cell(lambda f, _: _reached(f))),
        "change": by_row("Expected, against the plan", cell(lambda f, row: _parts(f, row, usual)), is_number=False),
    }  # fmt: skip
    if usual is not None and not usual.pay.size:
        columns.pop("pay")
    if usual is not None and not usual.plan.target > 0:
        columns.pop("chance")
        columns.pop("reached")
    return table(
        pd.DataFrame(rows), columns,
        caption=(told.scenario_finding(found) if usual is not None else "") or "No scenario can be told.",
        note=f"In {found.currency}. Each scenario is drawn with the same random numbers, so that what differs is what "
        "was changed. Parts of several changes are Shapley values, the mean over every order in which they can be "
        "made, and sum to the difference.",
        empty=nothing(found),
    )  # fmt: skip


def _attains(row: Row) -> Cell:
    if formats.is_missing(row["attainment"]):
        return Cell("")
    low, high = (formats.share(row[name], 0) for name in ("attainment_low", "attainment_high"))
    return Cell(formats.share(row["attainment"], 0), detail=f"{low} to {high}")


def _chance(value: float) -> str:
    return "" if formats.is_missing(value) else formats.chance(value)


def _reached(found: Any) -> str:
    day = found.reached.get(0.5)
    return formats.day(day) if day is not None else "not in the middle case"


def _parts(found: Any, row: Row, usual: Any) -> Cell:
    if row["parts"] is None:
        return Cell("")
    whole = formats.change(found.expected - usual.expected, "money")
    each = [f"{part['driver']} {formats.change(part['part'], 'money')}" for part in row["parts"].to_dict("records")]
    return Cell(whole, detail="; ".join(each) if len(each) > 1 else "")


def assumption_table(found: Quota) -> Table:
    """Make the table of what the plan assumes, from how many rows of what, and the range of past quarters."""
    frame = pd.DataFrame() if found.capacity is None else found.capacity.assumptions
    columns: dict[str, Column] = {
        "name": text("Assumed", lambda name: name[:1].upper() + name[1:]),
        "value": by_row("Value", lambda row: _value(row["value"], row["unit"])),
        "past": by_row("Quarters of the last year", lambda row: formats.interval(row["low"], row["high"], row["unit"])),
        "n": by_row("From", lambda row: formats.rows_of(int(row["n"]), row["of"]), is_number=False),
        "rule": text("Where little is known"),
    }
    plan = found.capacity.plan if found.capacity is not None else None
    if plan is None:
        return table(frame, {}, caption="Nothing is assumed, for nothing is planned.", empty=nothing(found))
    sure = f"The market moves all sellers together by {formats.share(plan.market, 0)}"
    return table(
        frame, columns, caption=f"{sure}; what each seller brings is drawn to the team and the company.",
        note=f"Money in {found.currency}. Quotas: {found.capacity.quota_rule if found.capacity else ''}. Each rule is "
        "told in salesnb.planning.capacity.",
        empty=nothing(found),
    )  # fmt: skip


def _value(value: float, unit: str) -> str:
    return formats.value(value, unit) if unit != "number" else formats.compact(value, 3 if abs(value) < 1 else 2)


def shown_table(found: Quota) -> Table:
    """Make the table of what each seller has shown, drawn to the team and the company."""
    frame = pd.DataFrame() if found.sellers is None else found.sellers
    columns: dict[str, Column] = {
        "name": by_row("Seller", lambda row: Cell(str(row["name"]), detail=str(row["team"] or "")), is_number=False),
        "created": by_row("Creates a month", lambda row: _of(_MONTH * row["created_a_day"], row["created"], "deals")),
        "rate": by_row("Wins", lambda row: _of(row["win_rate"], row["decided"], "decided", is_share=True)),
        "cycle": by_row("Takes", lambda row: _of(row["cycle_days"], row["won"], "won", unit=" days")),
        "won": by_row("Wins a month", lambda row: Cell(formats.compact(_MONTH * row["wins_a_day"]))),
        "size": number("Deal size", lambda v: formats.money(v)),
    }
    made = table(
        frame.sort_values(["team", "name"]) if len(frame) else frame, columns,
        caption="What each seller has shown in a year, drawn to the team and the company.",
        note=f"Money in {found.currency}. The plan takes the last two, wins at the full rate and with growth.",
        empty="No deals with sellers, days of creation and of closing are on record.",
    )  # fmt: skip
    return folded(made, len(frame), "seller")


def _of(value: float, n: float, what: str, *, unit: str = "", is_share: bool = False) -> Cell:
    if formats.is_missing(value):
        return Cell("")
    text = formats.share(value, 0) if is_share else f"{formats.compact(value)}{unit}"
    return Cell(text, detail=f"{formats.exact(n)} {what}")


def rules_table(found: Quota) -> Table:
    """Make the table of what is thin or missing, and the rule that stands in."""
    columns: dict[str, Column] = {
        "what": text("Thin or missing", lambda what: what[:1].upper() + what[1:]),
        "n": number("How many", lambda n: formats.exact(n) if n else ""),
        "rule": text("What is done about it", lambda rule: rule[:1].upper() + rule[1:]),
    }
    if found.nothing:
        return table(found.rules, {}, caption="No rule stands in, for nothing is planned.", empty=nothing(found))
    n = len(found.rules)
    stand = "stands" if n == 1 else "stand"
    caption = f"{formats.plural(n, 'rule')} {stand} in for data." if n else "Nothing is missing."
    return table(found.rules, columns, caption=caption, empty="Every assumption has data of its own.")


def nothing(found: Quota) -> str:
    """Say why there is no plan."""
    return f"{found.nothing[:1].upper()}{found.nothing[1:]}." if found.nothing else "Nothing to show."
