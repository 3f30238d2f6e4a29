"""Pacing as a picture, past periods in grey and this one in colour, and as a table of the same day of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salesnb import formats
from salesnb.analysis.behind import key
from salesnb.analysis.pacing import Pacing
from salesnb.analysis.pacing_words import noun, when
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain
from salesnb.report.tables import Cell, Column, Table, by_row, table, text

Row = Mapping[str, Any]
_MUTED = style.MUTED["light"]


def pacing_chart(found: Pacing) -> Chart:
    """Draw what was booked by each business day: a line a period, this one in colour."""
    title = found.finding()
    lines = found.lines
    if lines.empty:
        with canvas(title, "", height=0.1) as (figure, (ax,)):
            ax.set_axis_off()
            return finish(figure, title, title)
    names = list(found.rows["period"])
    this = names[-1]
    what = f"booked so far, {found.currency}" if found.unit == "money" else "deals won so far"
    past = f"grey: {len(names) - 1} past {noun(found)}s" if len(names) > 1 else "no past period"
    subtitle = f"{what}, by business day (Monday to Friday) · as of {found.day} · {past} · n = {_deals(found)}"
    colour = style.measure_colour("revenue")
    with canvas(title, subtitle, height=2.9) as (figure, (ax,)):
        ends = []
        for name in names:
            mine = lines[lines["period"] == name]
            is_this = name == this
            ax.plot(mine["count"], mine["booked"], drawstyle="steps-post", color=colour if is_this else style.GREY,
                    linewidth=2.6 if is_this else 1.0, alpha=1.0 if is_this else 0.6,
                    zorder=3 if is_this else 2)  # fmt: skip
            ends.append((float(mine["booked"].iloc[-1]), float(mine["count"].iloc[-1]), name))
        if not found.is_over:
            ax.axvline(found.count, color=_MUTED, linewidth=1, linestyle=(0, (4, 3)))
        top = max(1.0, max(end for end, _, _ in ends))
        last = -1.0
        for end, count, name in sorted(ends):
            if name == this:
                label = plain(f"{name}: {_size(found, end)}")
                ax.annotate(label, (count, end), (6, 0), textcoords="offset points", va="center", fontsize=9,
                            fontweight="bold", color=colour, annotation_clip=False)  # fmt: skip
                continue
            if end - last > top * 0.055:
                ax.annotate(plain(f"{name} {_size(found, end)}"), (count, end), (6, 0), textcoords="offset points",
                            va="center", fontsize=8, color=_MUTED, annotation_clip=False)  # fmt: skip
                last = end
        ax.set_xlim(0, max(found.of, int(lines["count"].max())))
        ax.set_ylim(bottom=min(0.0, float(lines["booked"].min())))
        if not lines["booked"].any():
            ax.set_yticks([0])
        ax.set_xlabel("business day")
        ax.yaxis.set_major_formatter(lambda v, _: plain(formats.compact(v)))
        figure.subplots_adjust(left=0.09, right=0.84, bottom=0.5 / figure.get_figheight())
        told = "; ".join(f"{row['period']} {_size(found, row['booked'])}" for row in found.rows.to_dict("records"))
        return finish(figure, title, f"{title} {subtitle}. {when(found)} {told}.")


def _deals(found: Pacing) -> str:
    return formats.plural(int(found.rows["final_deals"].sum()), "deal")


def _size(found: Pacing, amount: float) -> str:
    return formats.money(amount) if found.unit == "money" else formats.exact(amount)


def pacing_table(found: Pacing) -> Table:
    """Make the table of the same day of each period: booked by then and in all, due then, and coverage."""

    def cell(name: str, amount: str, deals: str) -> Any:
        def show(row: Row) -> Cell:
            is_running = row["period"] == str(found.period) and not found.is_over
            if formats.is_missing(row[amount]) or (name == "final" and is_running):
                return Cell("")
            opens = key("pacing", name, row["period"]) if row[deals] else ""
            count = formats.plural(int(row[deals]), "deal") if found.unit == "money" else ""
            return Cell(_size(found, row[amount]), "", count, opens)

        return show

    columns: dict[str, Column] = {
        "period": text("Period"),
        "day": text("Same day", lambda day: formats.day(day)),
        "booked": by_row("Booked by then", cell("booked", "booked", "deals")),
        "final": by_row("Booked in all", cell("final", "final", "final_deals")),
        "share": by_row("Share by then", lambda row: "" if formats.is_missing(row["share"]) else _share(row)),
        "due": by_row("Open and due then", cell("due", "due", "due_deals")),
        "left": by_row("Quota left then", _left),
        "coverage": by_row("Covered", _covered),
    }
    for name in ("due", "left", "coverage"):
        if name in found.rows and found.rows[name].isna().all():
            columns.pop(name)
    if found.is_over:
        columns = {name: column for name, column in columns.items() if name not in ("final", "share")}
    note = "The same day is as many business days, Monday to Friday, into the period; holidays are not known."
    if found.no_due and not found.nothing:
        note += f" What was due on past days is not known: it {found.no_due}."
    money = f"Amounts in {found.currency}. " if found.unit == "money" else ""
    return table(
        found.rows.iloc[::-1],
        columns,
        caption=found.finding(),
        note=f"{money}{note}",
        empty=f"{found.nothing}.",
    )


def _share(row: Row) -> Cell:
    return Cell(formats.share(row["share"], 0), opens=key("pacing booked", row["period"]) if row["deals"] else "")


def _left(row: Row) -> Cell:
    """Show what is left of the quota; it opens what was booked by then."""
    if formats.is_missing(row["left"]):
        return Cell("")
    words = f"{formats.money(row['left'])} of {formats.money(row['quota'])}"
    return Cell(words, opens=key("pacing booked", row["period"]) if row["deals"] else "")


def _covered(row: Row) -> Cell:
    if formats.is_missing(row["coverage"]):
        return Cell("")
    opens = key("pacing due", row["period"]) if row["due_deals"] else ""
    return Cell(f"{formats.value(row['coverage'], 'number')} times", opens=opens)
