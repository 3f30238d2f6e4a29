"""A plan's shares as tables: the target split in several ways, the accounts of sellers, and what they are paid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.planning import quota_words as told
from salesnb.planning.quota import Quota
from salesnb.report.quota_tables import nothing
from salesnb.report.tables import Cell, Column, Table, by_row, folded, number, table, text

Row = Mapping[str, Any]


def split_tables(found: Quota) -> list[Table]:
    """Make the tables of the target split in several ways: how fair each is, sellers' quotas by way, and by month."""
    made = found.allocation
    if made is None:
        return [table(pd.DataFrame(), {}, caption="There is no target to split.", empty=nothing(found))]
    columns: dict[str, Column] = {
        "way": text("Split", lambda way: told.WAYS[way][:1].upper() + told.WAYS[way][1:]),
        "range": by_row("Chances of sellers", lambda row: formats.interval(row["lowest"], row["highest"], "ratio")),
        "spread": number("Apart by", lambda v: "" if formats.is_missing(v) else f"{100 * v:.0f} points"),
        "hitting": number("Sellers at quota", lambda v: "" if formats.is_missing(v) else formats.share(v, 0)),
        "assigned": number("Assigned", lambda v: formats.money(v)),
        "over": number("Over the target", lambda v: formats.change(v if abs(v) > 0.5 else 0.0, "money")),
    }
    gap = made.bottom_up - made.target
    target, expected = (formats.money(one, digits=2) for one in (made.target, made.bottom_up))
    caption = f"From the top {target} {found.currency} shall come, from the bottom {expected} are expected on average"
    caption += f": {formats.with_sign(formats.money(gap, digits=2), gap)}"
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
        why = "No pay plan is for sellers who are there; name a file of plans with the parameter pay."
        return [table(pd.DataFrame(), {}, caption="What sellers are paid is not told.", empty=why)]
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
