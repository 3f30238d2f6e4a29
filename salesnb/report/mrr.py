"""Monthly recurring revenue as pictures and tables: the walk of the period and of each month, and what is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from salesnb import formats
from salesnb.analysis.mrr import WORDS, Mrr
from salesnb.kpis import registry
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain, words_alone
from salesnb.report.tables import Cell, Column, Table, by_row, number, table, text

Row = Mapping[str, Any]
_ORDER = ("new", "expansion", "reactivation", "contraction", "churn")
_COLOURS = {"new": style.BLUE, "expansion": style.SKY, "reactivation": style.TEAL, "contraction": style.OCHRE,
            "churn": style.VERMILION}  # fmt: skip


def walk_chart(found: Mrr) -> Chart:
    """Draw the walk of the period: from what came in when it began to what comes in at its end."""
    title = found.finding()
    if found.nothing or not found.walk:
        return words_alone(title)
    walk = found.walk
    parts = [part for part in _ORDER if walk[part]]
    names = ["when it began", *(WORDS[part].lower() for part in parts), f"on {found.day}"]
    widths = [float(walk["opening"]), *(float(walk[part]) for part in parts), float(walk["closing"])]
    counts = [walk["begin"], *(walk[f"{part}_n"] for part in parts), walk["customers"]]
    lefts, level = [0.0], widths[0]
    for width in widths[1:-1]:
        lefts.append(level)
        level += width
    lefts.append(0.0)
    colour = style.measure_colour("mrr")
    tones = [colour, *(_COLOURS[part] for part in parts), colour]
    told = [formats.money(widths[0]), *(formats.with_sign(formats.money(w), w) for w in widths[1:-1]),
            formats.money(widths[-1])]  # fmt: skip
    subtitle = f"monthly recurring revenue, {found.currency}, {found.period} · n: customers, or changes of theirs"
    with canvas(title, subtitle, height=0.35 + 0.27 * len(names)) as (figure, (ax,)):
        places = list(range(len(names)))
        ax.barh(places, widths, left=lefts, height=0.66, color=tones)
        for place, left, width, words, n in zip(places, lefts, widths, told, counts, strict=True):
            ax.text(max(left, left + width), place, plain(f" {words} · n = {formats.exact(n)}"), va="center",
                    fontsize=8.5, color=style.INK["light"])  # fmt: skip
        ax.set_yticks(places, [plain(name) for name in names])
        ax.set_ylim(len(names) - 0.45, -0.55)
        ax.set_xlim(0, max(left + max(width, 0) for left, width in zip(lefts, widths, strict=True)) * 1.25)
        ax.set_xticks([])
        ax.spines["bottom"].set_visible(False)
        figure.subplots_adjust(left=0.17, right=0.98, bottom=0.08 / figure.get_figheight())
        values = "; ".join(f"{name} {words}" for name, words in zip(names, told, strict=True))
        return finish(figure, title, f"{title} {subtitle}. {values}.")


def month_chart(found: Mrr) -> Chart:
    """Draw what moved in each month: above the line what came in, below it what went out, and the sum as a dot."""
    rows = found.months
    title = found.finding()
    if found.nothing or rows.empty:
        return words_alone(title)
    marks = " · ".join(f"{WORDS[part].lower()}" for part in _ORDER)
    subtitle = f"change of monthly recurring revenue by month, {found.currency} · bars: {marks} · dot: sum"
    with canvas(title, subtitle, height=2.4) as (figure, (ax,)):
        x = np.arange(len(rows))
        above, below = np.zeros(len(rows)), np.zeros(len(rows))
        for part in _ORDER:
            size = rows[part].astype(float).to_numpy()
            base = above if part in ("new", "expansion", "reactivation") else below
            ax.bar(x, size, bottom=base, width=0.7, color=_COLOURS[part], label=WORDS[part])
            base += size
        net = (rows["closing"] - rows["opening"]).astype(float)
        ax.scatter(x, net, s=26, color=style.INK["light"], zorder=4)
        ax.axhline(0, color=style.INK["light"], linewidth=0.8)
        ax.set_xticks(x, [plain(label) for label in rows["label"]], fontsize=8)
        ax.yaxis.set_major_formatter(lambda v, _: plain(formats.compact(v)))
        figure.legend(loc="lower left", bbox_to_anchor=(0.06, 0.0), ncols=5, frameon=False, fontsize=8.5)
        figure.subplots_adjust(left=0.08, right=0.98, bottom=0.75 / figure.get_figheight())
        pairs = zip(rows["label"], net, strict=True)
        told = "; ".join(f"{label} {formats.with_sign(formats.money(v), v)}" for label, v in pairs)
        return finish(figure, title, f"{title} {subtitle}. {told}.")


def walk_table(found: Mrr) -> Table:
    """Make the table of the period's walk, to the cent; each number opens the accounts it is of."""
    names = {"opening": "When it began", **{part: WORDS[part] for part in _ORDER}, "closing": f"On {found.day}"}
    counts = {"opening": "begin", "closing": "customers"}
    rows = [
        {"name": name, "label": label, "amount": found.walk[name], "n": found.walk[counts.get(name, f"{name}_n")]}
        for name, label in names.items()
        if found.walk
    ]

    def amount(row: Row) -> Cell:
        words = formats.cents(row["amount"])
        is_end = row["name"] in counts
        return Cell(words if is_end else formats.with_sign(words, row["amount"]), opens=found.opens(row["name"]))

    return table(
        pd.DataFrame(rows, columns=["name", "label", "amount", "n"]),
        {
            "label": text(""),
            "amount": by_row(f"MRR, {found.currency}", amount),
            "n": by_row("Customers", lambda row: Cell(formats.exact(row["n"]), opens=found.opens(row["name"]))),
        },
        caption=found.finding(),
        note=(
            "The change of each account, net over its subscriptions, month by month; came back: paid again after a "
            f"month without. Read from {found.basis}. An end opens its customers, a change its months."
        ),
        empty=found.headlines()[0],
    )


def month_table(found: Mrr) -> Table:
    """Make the table of every month's walk."""

    def part(name: str) -> Callable[[Row], Cell]:
        def show(row: Row) -> Cell:
            if not row[name]:
                return Cell("", "muted")
            return Cell(formats.with_sign(formats.money(row[name]), row[name]), detail=formats.exact(row[f"{name}_n"]))

        return show

    columns: dict[str, Column] = {
        "label": by_row("Month", lambda row: f"{row['label']}{'' if row['is_complete'] else ' …'}", is_number=False),
        "opening": number("Opening", formats.money),
        **{name: by_row(WORDS[name], part(name)) for name in _ORDER},
        "closing": number("Closing", formats.money),
        "customers": number("Customers", formats.exact),
    }
    return table(
        found.months,
        columns,
        caption="What moved in each month of the year",
        note=f"Amounts in {found.currency}, below them accounts. Opening and the parts sum to closing, to the cent.",
        empty=found.headlines()[0],
    )


def rate_table(found: Mrr) -> Table:
    """Make the table of what is kept of customers and of what they pay, with intervals and definitions."""

    def value(row: Row) -> Cell:
        unit = registry.find(row["name"]).unit
        if formats.is_missing(row["value"]):
            return Cell(formats.NOT_AVAILABLE, "muted", str(row["reason"]))
        return Cell(formats.value(row["value"], unit), detail=formats.interval(row["low"], row["high"], unit))

    return table(
        found.rates,
        {
            "name": by_row(
                "What", lambda row: Cell(str(row["name"]), detail=registry.find(row["name"]).meaning), is_number=False
            ),
            "value": by_row("Value", value),
            "n": number("Customers", formats.exact),
            "formula": by_row("Formula", lambda row: registry.find(row["name"]).formula, is_number=False),
        },
        caption=found.kept_finding() or "What is kept of customers",
        note=f"{found.confidence:.0%} intervals: of shares Wilson's, of ratios of sums by linearisation.",
        empty="It needs subscriptions with a price.",
    )


def plan_table(found: Mrr) -> Table:
    """Make the table of the plans: what each brings a month on the day."""
    whole = float(found.plans["mrr"].sum()) if len(found.plans) else 0.0
    return table(
        found.plans,
        {
            "plan": text("Plan", lambda name: "not named" if formats.is_missing(name) else str(name)),
            "mrr": number(f"MRR, {found.currency}", formats.money),
            "share": by_row("Share", lambda row: formats.share(float(row["mrr"]) / whole, 0) if whole else ""),
            "subscriptions": number("Subscriptions", formats.exact),
            "accounts": number("Accounts", formats.exact),
        },
        caption=f"What each plan brings a month, on {found.day}",
        empty="It needs subscriptions with a price.",
    )


def left_table(found: Mrr) -> Table:
    """Make the table of what is not in the walk, and by which rule."""
    return table(
        found.left_out,
        {
            "what": text("What"),
            "rows": number("How many", formats.exact),
            "money": number(f"MRR, {found.currency}", formats.cents),
            "rule": text("Rule"),
        },
        caption="What is not in the monthly revenue" if len(found.left_out) else "Nothing is left out",
        empty="Every subscription that runs is in it.",
    )
