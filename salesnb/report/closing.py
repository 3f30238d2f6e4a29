"""Picture and table of when in a quarter deals are decided."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import key
from salesnb.analysis.closing import Closing
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain
from salesnb.report.tables import Cell, Table, by_row, table

Row = Mapping[str, Any]

_WORDS = {"last": "last months of quarters", "other": "other months"}


def by_month(closing: Closing) -> Chart:
    """Draw the win rate of the deals decided in each month; the last months of quarters have the measure's colour."""
    title, rows = closing.finding(), closing.months
    if rows.empty:
        with canvas(title, "", height=0.1) as (figure, (ax,)):
            ax.set_axis_off()
            return finish(figure, title, title)
    subtitle = (
        f"won / (won + lost) by month of closing · year to {formats.day(closing.year.last_day)} · "
        f"n = {formats.exact(rows['n'].sum())} deals · in colour: the last month of a quarter · "
        f"whiskers: {closing.confidence:.0%} intervals"
    )
    with canvas(title, subtitle, height=2.6) as (figure, (ax,)):
        told = []
        for x, row in enumerate(rows.to_dict("records")):
            colour = style.measure_colour("win_rate") if row["part"] == "last" else style.GREY
            ax.bar(x, row["rate"], width=0.68, color=colour)
            ax.plot([x, x], [row["low"], row["high"]], color=style.INK["light"], linewidth=1)
            words = formats.share(row["rate"], 0)
            ax.annotate(plain(words), (x, row["high"]), (0, 3), textcoords="offset points", ha="center", fontsize=8.5)
            told.append(f"{row['month']} {words} of {formats.exact(row['n'])}")
        ax.set_xticks(range(len(rows)), [plain(month) for month in rows["month"]], fontsize=8.5)
        ax.set_yticks([])
        ax.set_ylim(0, min(1.12, 1.15 * float(rows["high"].max())))
        ax.spines["left"].set_visible(False)
        return finish(figure, title, f"{title} {subtitle}. {'; '.join(told)}.")


def by_month_table(closing: Closing) -> Table:
    """Make the table of the months, and of the last months of quarters against the others."""
    parts = closing.parts.assign(month=closing.parts["part"]).to_dict("records")
    rows = [*({**row, "is_part": True} for row in parts), *closing.months.assign(is_part=False).to_dict("records")]
    columns = {
        "month": by_row("Closed in", _when, is_number=False),
        "won": by_row("Won", lambda row: Cell(formats.exact(row["won"]), opens=key("closing", row["month"], "won"))),
        "lost": by_row(
            "Lost", lambda row: Cell(formats.exact(row["lost"]), opens=key("closing", row["month"], "lost"))
        ),
        "rate": by_row("Win rate", _rate),
        "amount": by_row(
            "Won amount",
            lambda row: Cell(formats.money(row["amount"]), opens=key("closing", row["month"], "amount")),
        ),
        "share": by_row("Share of it", _share),
    }
    return table(
        pd.DataFrame(rows),
        columns,
        caption=closing.finding(),
        note=f"Won amounts in {closing.currency}. Disqualified deals are in none of these.",
        empty="There is nothing to show.",
    )


def _share(row: Row) -> Cell:
    if not row["is_part"]:
        return Cell("")
    return Cell(formats.share(row.get("share", math.nan), 0), opens=key("closing", row["month"], "amount"))


def _when(row: Row) -> Cell:
    return Cell(f"All {_WORDS[row['month']]}") if row["is_part"] else Cell(str(row["month"]))


def _rate(row: Row) -> Cell:
    detail = formats.interval(row["low"], row["high"], "ratio")
    return Cell(formats.share(row["rate"]), detail=detail, opens=key("closing", row["month"]))
