"""Pictures and tables of a walk: from one pipeline to a later one, step by step, each step with its deals."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.walk_card import Walk
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain
from salesnb.report.tables import Cell, Table, by_row, table

_ROW = 0.27
_WON = style.measure_colour("win_rate")
_SIDES = {True: style.GOOD, False: style.BAD}


def waterfall(walk: Walk) -> Chart:
    """Draw the walk as steps from the pipeline at the start to that at the end; what moved nothing is not drawn.

    Blue adds, vermilion takes away and green is won, which the words and the sign beside each step say too.
    """
    title = walk.finding()
    if walk.nothing:
        with canvas(title, "", height=0.1) as (figure, (ax,)):
            ax.set_axis_off()
            return finish(figure, title, title)
    first, last = float(walk.amounts["start"]), float(walk.amounts["end"])
    moved = walk.cells[[amount != 0 for amount in walk.cells["amount"]]]
    names = [f"open on {walk.start}", *moved["label"], f"open on {walk.end}"]
    counts = [walk.counts["start"], *moved["n"], walk.counts["end"]]
    widths = [first, *(float(amount) for amount in moved["amount"]), last]
    lefts, level = [0.0], first
    for width in widths[1:-1]:
        lefts.append(level)
        level += width
    lefts.append(0.0)
    colour = style.measure_colour("pipeline_value")
    sides = [_WON if label == "won" else _SIDES[width > 0] for label, width in zip(names, widths, strict=True)]
    tones = [colour, *sides[1:-1], colour]
    told = [formats.money(first), *(formats.with_sign(formats.money(w), w) for w in widths[1:-1]), formats.money(last)]
    subtitle = (
        f"{walk.currency}, amounts of open deals · n = {formats.exact(walk.counts['start'])} deals at the start and "
        f"{formats.exact(walk.counts['end'])} at the end{_limit(walk)}"
    )
    with canvas(title, subtitle, height=0.35 + _ROW * len(names)) as (figure, (ax,)):
        places = list(range(len(names)))
        ax.barh(places, widths, left=lefts, height=0.66, color=tones)
        for place in places[:-1]:
            edge = lefts[place] + widths[place]
            ax.plot([edge, edge], [place + 0.33, place + 0.67], color=style.MUTED["light"], linewidth=0.8)
        for place, left, width, words, n in zip(places, lefts, widths, told, counts, strict=True):
            beside = max(left, left + width)
            text = f" {words} · {formats.plural(int(n), 'deal')}"
            ax.text(beside, place, plain(text), va="center", fontsize=8.5, color=style.INK["light"])
        ax.set_yticks(places, [plain(name) for name in names])
        ax.tick_params(axis="y", labelcolor=style.INK["light"])
        ax.set_ylim(len(names) - 0.45, -0.55)
        top = max(max(a, a + b) for a, b in zip(lefts, widths, strict=True))
        ax.set_xlim(min(0.0, *(min(a, a + b) for a, b in zip(lefts, widths, strict=True))), top * 1.22 if top else 1)
        ax.set_xticks([])
        ax.spines["bottom"].set_visible(False)
        figure.subplots_adjust(left=0.2, right=0.98, bottom=0.08 / figure.get_figheight())
        values = "; ".join(f"{n} {t}" for n, t in zip(names, told, strict=True))
        return finish(figure, title, f"{title} {subtitle}. {values}.")


def _limit(walk: Walk) -> str:
    return " · what has no history cannot be told" if walk.limit else ""


_PARTS = MappingProxyType(
    {
        "unchanged": "Of these, unchanged",
        "disqualified": "Of the lost, disqualified",
        "no_amount": "Of all, without an amount",
    }
)


def walk_table(walk: Walk) -> Table:
    """Make the table of the walk, to the cent: the start, every class, the end; each number opens its deals."""
    rows = [{"name": "start", "label": f"Open on {walk.start}", "n": walk.counts["start"],
             "amount": walk.amounts["start"], "is_known": True, "no_amount": 0}]  # fmt: skip
    for row in walk.cells.to_dict("records"):
        rows.append(
            {
                **{str(k): v for k, v in row.items()},
                "name": row["cell"],
                "label": f"{row['label'][0].upper()}{row['label'][1:]}",
            }
        )
    rows.append({"name": "end", "label": f"Open on {walk.end}", "n": walk.counts["end"],
                 "amount": walk.amounts["end"], "is_known": True, "no_amount": 0})  # fmt: skip
    rows += [
        {"name": name, "label": label, "n": walk.counts[name], "amount": walk.amounts[name], "is_known": True}
        for name, label in _PARTS.items()
        if walk.counts[name]
    ]
    ends = ("start", "end", *_PARTS)

    def amount(row: Mapping[str, Any]) -> Cell:
        if not row["is_known"]:
            return Cell("cannot tell", "muted", detail=walk.needs)
        text = formats.cents(row["amount"])
        text = text if row["name"] in ends else formats.with_sign(text, row["amount"])
        return Cell(text, opens=walk.opens(row["name"]) if row["n"] else "")

    return table(
        pd.DataFrame([] if walk.nothing else rows),
        {
            "label": by_row("", lambda row: str(row["label"]), is_number=False),
            "amount": by_row(f"Amount, {walk.currency}", amount),
            "n": by_row("Deals", lambda row: _count(walk, row) if row["is_known"] else ""),
        },
        caption=walk.finding(),
        note=_rules(walk),
        empty=walk.nothing,
    )


def _count(walk: Walk, row: Mapping[str, Any]) -> Cell:
    return Cell(formats.exact(row["n"]), opens=walk.opens(row["name"]) if row["n"] else "")


def _rules(walk: Walk) -> str:
    told = [
        "Every deal is in one class, with all that it changed; what stands below the end is part of "
        "what stands above it. A deal that leaves takes "
        "with it what it was worth at the start."
    ]
    if walk.due is None:
        told.append("All open deals are walked, whenever they are due, so none is pulled in or pushed out.")
    else:
        told.append(f"Pulled in and pushed out: the expected close came into {walk.due}, or left it, to either side.")
    if walk.where is None:
        told.append("All owners are walked, so none comes in from another or goes out to one.")
    if walk.counts["no_amount"]:
        told.append(f"{formats.plural(walk.counts['no_amount'], 'deal')} without an amount count as 0.")
    return " ".join(told)


def trips_table(walk: Walk) -> Table:
    """Make the table of round trips: what deals did between the days that neither day shows."""

    def amount(row: Mapping[str, Any]) -> Cell:
        return Cell(formats.cents(row["amount"]), opens=walk.opens(row["trip"]))

    some = int(walk.trips["n"].sum())
    caption = (
        f"{formats.plural(some, 'deal')} made a round trip between {walk.start} and {walk.end} that the walk has not."
    )
    return table(
        walk.trips,
        {
            "label": by_row(
                "Between the days", lambda row: f"{row['label'][0].upper()}{row['label'][1:]}", is_number=False
            ),
            "amount": by_row(f"Amount, {walk.currency}", amount),
            "n": by_row("Deals", lambda row: Cell(formats.exact(row["n"]), opens=walk.opens(row["trip"]))),
        },
        caption=caption,
        note="Amounts as last known; they are not in the walk and move nothing."
        + (f" Only what dates tell is known: {walk.limit}." if walk.limit else ""),
        empty="None was seen." if not walk.nothing else walk.nothing,
    )


def walk_tables(walk: Walk) -> list[Table]:
    """Make both tables of a walk; a walk of nothing has one that says why."""
    return [walk_table(walk)] if walk.nothing else [walk_table(walk), trips_table(walk)]
