"""A plan as tables: sellers, scenarios side by side, assumptions and rules, allocation, territories and pay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from salesnb import formats
from salesnb.planning import quota_words as told
from salesnb.planning.quota import Quota
from salesnb.report.tables import Cell, Column, Table, by_row, folded, number, table, text

Row = Mapping[str, Any]


def seller_table(found: Quota) -> Table:
    """Make the table of sellers: quota, what each brings, the chance to make quota, and pay."""
    frame = pd.DataFrame() if found.usual is None else found.usual.reps
    columns: dict[str, Column] = {
        "name": by_row("Seller", lambda row: Cell(str(row["name"]), detail=str(row["team"] or "")), is_number=False),
        "quota": number("Quota", lambda v: formats.money(v) if v > 0 else ""),
        "booked": number("Booked so far", lambda v: formats.money(v)),
        "middle": by_row("Brings", _range),
        "attainment": by_row("Attains", lambda row: "" if formats.is_missing(row["attainment"]) else
                             formats.share(row["attainment"], 0)),
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
        empty=_nothing(found),
    )  # fmt: skip
    return folded(made, len(frame), "seller")


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
        caption=told.scenario_finding(found) if usual is not None else "No scenario can be told.",
        note=f"In {found.currency}. Each scenario is drawn with the same random numbers, so that what differs is what "
        "was changed. Parts of several changes are Shapley values, the mean over every order in which they can be "
        "made, and sum to the difference.",
        empty=_nothing(found),
    )  # fmt: skip


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
        "n": by_row("From", lambda row: f"{formats.exact(row['n'])} {row['of']}", is_number=False),
        "rule": text("Where little is known"),
    }
    plan = found.capacity.plan if found.capacity is not None else None
    sure = "" if plan is None else f"The market moves all sellers together by {formats.share(plan.market, 0)}"
    return table(
        frame, columns, caption=f"{sure}; what each seller brings is drawn to the team and the company.",
        note=f"Money in {found.currency}. Quotas: {found.capacity.quota_rule if found.capacity else ''}. Each rule is "
        "told in salesnb.planning.capacity.",
        empty=_nothing(found),
    )  # fmt: skip


def _value(value: float, unit: str) -> str:
    return formats.value(value, unit) if unit != "number" else formats.compact(value, 3 if abs(value) < 1 else 2)


def rules_table(found: Quota) -> Table:
    """Make the table of what is thin or missing, and the rule that stands in."""
    columns: dict[str, Column] = {
        "what": text("Thin or missing", lambda what: what[:1].upper() + what[1:]),
        "n": number("How many", lambda n: formats.exact(n) if n else ""),
        "rule": text("What is done about it", lambda rule: rule[:1].upper() + rule[1:]),
    }
    n = len(found.rules)
    caption = (
        f"{formats.plural(n, 'rule')} {'stands' if n == 1 else 'stand'} in for data." if n else "Nothing is missing."
    )
    return table(found.rules, columns, caption=caption, empty="Every assumption has data of its own.")


def split_tables(found: Quota) -> list[Table]:
    """Make the tables of the target split in several ways: how fair each is, sellers' quotas by way, and by month."""
    made = found.allocation
    if made is None:
        return [table(pd.DataFrame(), {}, caption="There is no target to split.", empty=_nothing(found))]
    columns: dict[str, Column] = {
        "way": text("Split", lambda way: told.WAYS[way][:1].upper() + told.WAYS[way][1:]),
        "range": by_row("Chances of sellers", lambda row: formats.interval(row["lowest"], row["highest"], "ratio")),
        "spread": number("Apart by", lambda v: "" if formats.is_missing(v) else f"{100 * v:.0f} points"),
        "hitting": number("Sellers at quota", lambda v: "" if formats.is_missing(v) else formats.share(v, 0)),
        "assigned": number("Assigned", lambda v: formats.money(v)),
        "over": number("Over the target", lambda v: formats.change(v if abs(v) > 0.5 else 0.0, "money")),
    }
    gap = made.bottom_up - made.target
    caption = (
        f"From the top {formats.money(made.target, found.currency)} shall come, from the bottom "
        f"{formats.money(made.bottom_up)} are expected: {formats.change(gap, 'money')}"
    )
    ways = table(
        made.ways, columns, caption=f"{caption}.",
        note="Fair is a split by which sellers have like chances. Quotas set by hand stay as they are, and the others "
        "share what is left (salesnb.planning.allocate.split). Who has nothing to go by gets the mean of the others.",
    )  # fmt: skip
    names = [str(way) for way in made.ways["way"]]
    wide = made.quotas.merge(made.chances, on=["rep_id", "name", "team"], suffixes=("", " hit"))
    shown: dict[str, Column] = {
        "name": by_row("Seller", lambda row: Cell(str(row["name"]), detail=str(row["team"] or "")), is_number=False)
    }
    shown |= {name: by_row(told.WAYS[name][:1].upper() + told.WAYS[name][1:], _split_cell(name)) for name in names}
    each = table(
        wide, shown, caption="What each seller's quota would be, and the chance to make it, by way of splitting.",
        note=f"In {found.currency}.",
    )  # fmt: skip
    months: dict[str, Column] = {
        "month": text("Month"), "share": number("Share", lambda v: formats.share(v)),
        "amount": number("Of the target", lambda v: formats.money(v)),
    }  # fmt: skip
    tables = [ways, folded(each, len(wide), "seller")]
    if len(made.months):
        best = made.months.sort_values("amount").iloc[-1]
        carries = f"{best['month']} carries {formats.share(best['share'], 0)} of the target, by season."
        tables.append(table(
            made.months, months, caption=carries,
            note="By what the same months brought in up to three years before; by days where they are not on record.",
        ))  # fmt: skip
    return tables


def _split_cell(name: str) -> Any:
    def cell(row: Row) -> Cell:
        hit = row[f"{name} hit"]
        return Cell(formats.money(row[name]), detail="" if formats.is_missing(hit) else formats.chance(hit))

    return cell


def territory_tables(found: Quota) -> list[Table]:
    """Make the tables of the accounts sellers hold, how even they are, and the moves that would even them."""
    made = found.territories
    if made is None:
        return [table(pd.DataFrame(), {}, caption="Who holds which account is not known.",
                      empty="It needs territories with sellers.")]  # fmt: skip
    teams: dict[str, Column] = {
        "team": text("Team", lambda name: name or "no team"),
        "spread": number("Apart by", lambda v: "" if formats.is_missing(v) else formats.share(v, 0)),
        "after": number("After the moves", lambda v: "" if formats.is_missing(v) else formats.share(v, 0)),
    }
    worst = made.teams.sort_values("spread").iloc[-1]
    first = table(
        made.teams, teams,
        caption=f"Most uneven is {worst['team'] or 'the team'}: its sellers' {made.by} lies apart by "
        f"{formats.share(worst['spread'], 0)} of the mean.",
        note="The largest less the smallest, over the mean; within a team.",
    )  # fmt: skip
    moves: dict[str, Column] = {
        "account": by_row("Account", lambda row: Cell(row["account"], detail=row["account_id"]), is_number=False),
        "team": text("Team"), "territory": text("From"), "to": text("To"),
        "amount": number(made.by.capitalize(), lambda v: formats.money(v)),
        "spread": number("Team apart by then", lambda v: formats.share(v, 0)),
    }  # fmt: skip
    second = table(
        made.moves, moves, caption=f"{formats.plural(len(made.moves), 'move')} would even the teams most.",
        note="Each takes an account from the seller with most to the one with least in the team, the one nearest to "
        "half of what they differ by; it knows nothing of who gets on with whom.",
        empty="No move within a team makes it more even.",
    )  # fmt: skip
    sellers: dict[str, Column] = {
        "name": by_row("Seller", lambda row: Cell(str(row["name"]), detail=str(row["team"] or "")), is_number=False),
        "accounts": number("Accounts", formats.exact),
        "potential": number("Potential", lambda v: formats.money(v)),
        "deals": number("Open deals", formats.exact),
        "revenue": number("Won in a year", lambda v: formats.money(v)),
        "off": number("Off an even part", lambda v: "" if formats.is_missing(v) else formats.relative(v, 0)),
    }
    third = table(made.sellers.sort_values(["team", "name"]), sellers, caption="The accounts of each seller.",
                  note=f"Accounts held on {formats.day(made.day)}; money in {found.currency}.")  # fmt: skip
    return [first, second, folded(third, len(made.sellers), "seller")]


def pay_tables(found: Quota) -> list[Table]:
    """Make the tables of what each seller is paid for the period reported on, and of its working."""
    if not found.statements:
        return [table(pd.DataFrame(), {}, caption="What sellers are paid is not told.",
                      empty="Name a file of pay plans with the parameter pay.")]  # fmt: skip
    rows = [
        {"name": one.name, "team": one.team, "sold": one.sold, "quota": one.quota * one.share,
         "attainment": one.paid.attainment, "variable": one.paid.variable, "total": one.paid.total,
         "owed": one.paid.owed}
        for one in found.statements
    ]  # fmt: skip
    columns: dict[str, Column] = {
        "name": by_row("Seller", lambda row: Cell(str(row["name"]), detail=str(row["team"] or "")), is_number=False),
        "sold": number("Sold", lambda v: formats.money(v)),
        "quota": number("Quota", lambda v: formats.money(v)),
        "attainment": number("Attained", lambda v: "" if v is None else formats.share(float(v), 0)),
        "variable": number("Variable", formats.cents),
        "total": number("Paid", formats.cents),
        "owed": number("Advance owed", lambda v: formats.cents(v) if v else ""),
    }
    if not any(one.paid.owed for one in found.statements):
        columns.pop("owed")
    total = sum(one.paid.total for one in found.statements)
    sold = sum(one.sold for one in found.statements)
    so_far = "" if found.period.is_complete(found.day) else " so far"
    share = f", {formats.share(float(total / sold), 0)} of what they sold" if sold > 0 else ""
    whom = f"{formats.plural(len(rows), 'seller')} {formats.cents(total, found.currency)}"
    plans = formats.listed(sorted({one.plan for one in found.statements}))
    paid = table(
        pd.DataFrame(rows), columns, caption=f"{found.period} pays {whom}{so_far}{share}.",
        note=f"In {found.currency}, by {plans}; advances of earlier periods are taken as settled.",
    )  # fmt: skip
    lines = [
        {"name": one.name, "what": line.what, "counted": line.counted, "rate": line.rate, "amount": line.amount}
        for one in found.statements for line in one.paid.lines
    ]  # fmt: skip
    working: dict[str, Column] = {
        "name": text("Seller"), "what": text("For"),
        "counted": number("Counted", lambda v: f"{v:,.2f}"),
        "rate": number("Times", lambda v: f"{v:.6f}".rstrip("0").rstrip(".")),
        "amount": number("Pays", formats.cents),
    }  # fmt: skip
    how = table(
        pd.DataFrame(lines), working, caption="The working of every payout, to the cent.", most=1000,
        note="Each line is what counts times its rate, to the cent; the lines of a seller sum to what is paid.",
    )  # fmt: skip
    return [folded(paid, len(rows), "seller"), folded(how, len(lines), "line")]


def _nothing(found: Quota) -> str:
    return f"{found.nothing[:1].upper()}{found.nothing[1:]}." if found.nothing else "Nothing to show."
