"""Curves as pictures and tables: what is won by age, of cohorts and segments, and the mature win rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from salesnb import formats
from salesnb.analysis.apart import FEWEST
from salesnb.analysis.behind import key
from salesnb.analysis.curves import Curves
from salesnb.analysis.curves_parts import AGES
from salesnb.kpis.winning import UNDECIDED
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain, words_alone
from salesnb.report.tables import Cell, Column, Table, by_row, table, text

Row = Mapping[str, Any]
_INK, _MUTED = style.INK["light"], style.MUTED["light"]
_LINES = (style.BLUE, style.VERMILION, style.GREEN, style.OCHRE, style.VIOLET, style.SKY, style.PINK)
_MARKS = {"above": ("▲", "good"), "below": ("▼", "bad")}


def cohort_chart(found: Curves) -> Chart:
    """Draw the mature win rate of each cohort with its band, beside won / (won + lost); the immature ones are grey."""
    title = found.whole_finding() or found.headlines()[0]
    rows = found.cohorts[found.cohorts["mature"].notna()]
    if rows.empty:
        return words_alone(title)
    subtitle = (
        f"win rate by quarter of creation · dot and line: mature, with its {found.confidence:.0%} band · circle: "
        "won / (won + lost) so far · grey: too young to tell"
    )
    with canvas(_first(title), subtitle, height=2.3) as (figure, (ax,)):
        told = []
        for place, row in enumerate(rows.to_dict("records")):
            is_young = row["unsure"] > UNDECIDED
            colour = style.GREY if is_young else style.measure_colour("win_rate")
            ax.vlines(
                place,
                row["low"],
                row["high"],
                color=colour,
                linewidth=2.5,
                alpha=0.6,
                linestyle=":" if is_young else "-",
            )
            ax.scatter([place], [row["mature"]], s=42, color=colour, zorder=3)
            if not formats.is_missing(row["decided_rate"]):
                ax.scatter(
                    [place], [row["decided_rate"]], s=70, facecolors="none", edgecolors=_INK, linewidths=1.1, zorder=4
                )
            ax.annotate(
                plain(formats.share(row["mature"], 0)),
                (place, row["mature"]),
                xytext=(9, 0),
                textcoords="offset points",
                fontsize=8.5,
                va="center",
                color=_INK,
            )
            told.append(
                f"{row['cohort']} {formats.share(row['mature'], 0)} "
                f"({formats.interval(row['low'], row['high'], 'ratio')}), "
                f"decided {formats.share(row['decided_rate'], 0)}, n = {formats.exact(row['n'])}"
            )
        ax.set_xticks(
            range(len(rows)),
            [plain(f"{c}\nn = {formats.exact(n)}") for c, n in zip(rows["cohort"], rows["n"], strict=True)],
            fontsize=8.5,
        )
        ax.set_xlim(-0.5, len(rows) - 0.3)
        ax.set_ylim(0, min(1.0, float(rows["high"].max()) * 1.1 + 0.02))
        ax.yaxis.set_major_formatter(lambda v, _: plain(formats.share(v, 0)))
        figure.subplots_adjust(left=0.08, right=0.98, bottom=0.5 / figure.get_figheight())
        return finish(figure, _first(title), f"{title} {'; '.join(told)}.")


def segment_chart(found: Curves, by: str = "") -> Chart:
    """Draw the share won by age of each segment of a dimension, the first one where none is named."""
    by = by or next(iter(found.lines), "")
    lines = found.lines.get(by, {})
    title = found.segment_finding() or "Whether segments win at different ages cannot be told"
    kept = sorted(lines.items(), key=lambda item: -item[1].n)[: len(_LINES)]
    if not kept:
        return words_alone(title)
    more = f" · {len(lines) - len(kept)} smaller ones not drawn" if len(lines) > len(kept) else ""
    subtitle = (
        f"share of the deals created that is won by each age in days · by {by}{more} · dotted grey: fewer than "
        f"{FEWEST} deals were open and watched so long"
    )
    longest = max(float(curve.days[-1]) for _, curve in kept)
    limit = min(longest, 2.0 * found.age)
    with canvas(title, subtitle, height=2.6) as (figure, (ax,)):
        ends = []
        for colour, (name, curve) in zip(_LINES, kept, strict=False):
            days = np.concatenate(([0.0], curve.days, [max(limit, float(curve.days[-1]))]))
            share = np.concatenate(([0.0], curve.won, [curve.final]))
            thin = curve.days[curve.at_risk >= FEWEST]
            known = float(thin[-1]) if len(thin) else 0.0
            sure = days <= known
            ax.step(days, share, where="post", color=style.GREY, linewidth=1.2, linestyle=":")
            ax.step(days[sure], share[sure], where="post", color=colour, linewidth=1.8)
            ends.append((curve.by(limit), name, curve, colour))
        ax.axvline(found.age, color=_MUTED, linewidth=1, linestyle=(0, (4, 3)))
        ends.sort(key=lambda end: end[0])
        top = max(end[0] for end in ends)
        y = -1.0
        for value, name, curve, colour in ends:
            y = max(value, y + 0.075 * max(top, 0.05))
            short = name if len(name) <= 18 else f"{name[:17]}…"
            label = f"{short} {formats.share(value, 0)}, n = {formats.exact(curve.n)}"
            ax.text(limit * 1.015, y, plain(label), fontsize=8.5, color=colour, va="center", fontweight="bold")
        ax.set_xlim(0, limit)
        ax.set_ylim(0, max(top * 1.12, y * 1.05, 0.02))
        ax.yaxis.set_major_formatter(lambda v, _: plain(formats.share(v, 0)))
        ax.set_xlabel(plain(f"days since creation; the line at {found.age} is where they are compared"), fontsize=8.5)
        figure.subplots_adjust(left=0.07, right=0.74, bottom=0.5 / figure.get_figheight())
        told = "; ".join(
            f"{name} {formats.share(curve.by(found.age), 0)} of {formats.exact(curve.n)}" for name, curve in kept
        )
        return finish(figure, title, f"{title} Won by {found.age} days: {told}.")


def cohort_table(found: Curves) -> Table:
    """Make the table of the cohorts: the mature win rate beside won / (won + lost), and the difference."""
    columns: dict[str, Column] = {
        "cohort": text("Created in"),
        "n": by_row("Deals", lambda row: _opening(row["n"], row["cohort"], "all")),
        **{
            side: by_row(title, _side(side))
            for side, title in (("won", "Won"), ("lost", "Lost or disqualified"), ("open", "Still open"))
        },
        "decided_rate": by_row("Won, of the decided", lambda row: _share(row, "decided_rate")),
        "mature": by_row("Mature win rate", _mature),
        "difference": by_row("Difference", lambda row: _share(row, "difference")),
        "watched": by_row("All watched for", _watched),
    }
    return table(
        found.cohorts,
        columns,
        caption=found.young_finding() or "All cohorts are old enough to tell",
        note=(
            "Mature: the share won in the end, with lost as the competing event and open deals counted "
            "for as long as they were watched (win_rate.mature). Difference: won of the decided less mature. Grey: "
            f"more than {formats.share(UNDECIDED, 0)} of the deals are too young to tell how they end: deals created "
            "before stand in for them."
        ),
        empty=found.headlines()[0],
    )


def age_table(found: Curves) -> Table:
    """Make the table of what was won of each cohort by each age; cells that not all deals have reached are grey."""
    wide = found.cells.pivot(index="cohort", columns="age") if len(found.cells) else None
    rows = []
    for cohort in found.cohorts["cohort"]:
        assert wide is not None
        cells = {age: (wide.loc[cohort, ("share", age)], wide.loc[cohort, ("state", age)]) for age in AGES}
        rows.append({"cohort": cohort, **{str(age): cells[age] for age in AGES}})
    columns: dict[str, Column] = {"cohort": text("Created in")}
    columns |= {str(age): by_row(f"{age} days", _aged(str(age))) for age in AGES}
    return table(
        pd.DataFrame(rows, columns=["cohort", *(str(age) for age in AGES)]),
        columns,
        caption="Share of the deals created that was won within so many days",
        note="Grey, with a dagger (†): not all deals of the quarter could be watched so long yet. Empty: none could.",
        empty=found.headlines()[0],
    )


def curve_table(found: Curves) -> Table:
    """Make the table of the segments: won by the age at which they are compared, and in the end."""
    age = found.age

    def share(row: Row) -> Cell:
        if row["n"] and formats.is_missing(row["share"]):
            return Cell(formats.NOT_AVAILABLE, "muted")
        mark, tone = _MARKS.get(row["flag"], ("", ""))
        detail = formats.interval(row["share_low"], row["share_high"], "ratio")
        return Cell(f"{formats.share(row['share'], 0)} {mark}".strip(), tone, detail, row["key"])  # type: ignore[arg-type]

    return table(
        found.segments,
        {
            "segment": by_row("Segment", lambda row: Cell(str(row["segment"]), detail=str(row["by"])), is_number=False),
            "n": by_row("Deals", lambda row: Cell(formats.exact(row["n"]), opens=row["key"])),
            "share": by_row(f"Won within {age} days", share),
            "decided_rate": by_row("Won, of the decided", lambda row: _share(row, "decided_rate")),
            "mature": by_row("Mature win rate", _mature),
            "difference": by_row("Difference", lambda row: _share(row, "difference")),
        },
        caption=found.segment_finding() or "Whether segments differ cannot be told",
        note=(
            f"▲ above and ▼ below the other segments by more than chance: their curves at {age} days, the share of "
            f"false marks held at {formats.share(1 - found.confidence, 0)}; what has no mark cannot be told apart."
        ),
        empty=found.headlines()[0],
    )


def _opening(count: Any, cohort: str, side: str) -> Cell:
    return Cell(formats.exact(count), opens=key("curves", cohort, side) if count else "")


def _side(side: str) -> Callable[[Row], Cell]:
    return lambda row: _opening(row[side], row["cohort"], side)


def _opens(row: Row) -> str:
    return key("curves", row["cohort"], "all") if "cohort" in row else str(row["key"])


def _share(row: Row, name: str) -> Cell:
    if formats.is_missing(row[name]):
        return Cell(formats.NOT_AVAILABLE, "muted")
    words = formats.change(row[name], "ratio") if name == "difference" else formats.share(row[name])
    return Cell(words, opens=_opens(row))


def _watched(row: Row) -> Cell:
    return Cell(formats.days(row["watched"]), opens=_opens(row))


def _mature(row: Row) -> Cell:
    if formats.is_missing(row["mature"]):
        return Cell(formats.NOT_AVAILABLE, "muted")
    young = row["unsure"] > UNDECIDED
    detail = formats.interval(row["low"], row["high"], "ratio")
    opens = _opens(row)
    return Cell(formats.share(row["mature"]) + (" †" if young else ""), "muted" if young else "", detail, opens)


def _aged(age: str) -> Callable[[Row], Cell]:
    def show(row: Row) -> Cell:
        share, state = row[age]
        if formats.is_missing(share):
            return Cell("", "muted")
        opens = key("curves", row["cohort"], "all")
        return Cell(
            formats.share(share, 0) + (" †" if state == "part" else ""), "muted" if state == "part" else "", opens=opens
        )

    return show


def _first(title: str) -> str:
    first = str(title).split(", with ")[0]
    return first if first.endswith(".") else f"{first}."
