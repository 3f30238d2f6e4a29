"""Pictures and tables of forensics: how wins came about, which commits were lost, and whose calls miss to one side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.forensics_card import MEASURES, Forensics
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain
from salesnb.report.tables import Cell, Column, Table, Tone, by_row, folded, table

_SHORT = {
    "late": "Not in the pipeline in week 3",
    "rushed": "Won within a week",
    "pulled": "Pulled in from later",
    "commits": "Commits lost",
    "turns": "Category went back",
}


def shares(found: Forensics) -> Chart:
    """Draw each measure as a share, with its interval where it is a share of deals; what cannot be told is left out."""
    title = found.finding()
    rows = found.measures[(found.measures["needs"] == "") & found.measures["value"].notna()]
    if found.nothing or rows.empty:
        with canvas(title, "", height=0.1) as (figure, (ax,)):
            ax.set_axis_off()
            return finish(figure, title, title)
    names = [_SHORT[name] for name in rows["name"]]
    told = [f"{formats.share(row['value'], 0)}, {_amounts(row)}" for row in rows.to_dict("records")]
    won = found.measure("late")["of"]
    n = f" · n = {formats.exact(won)} deals won" if not formats.is_missing(won) else ""
    subtitle = f"share of the value won, and of deals where it says so · {found.period}{n}"
    with canvas(title, subtitle, height=0.35 + 0.3 * len(rows)) as (figure, (ax,)):
        places = list(range(len(rows)))
        tones = [style.measure_colour("revenue" if unit == "money" else "win_rate") for unit in rows["unit"]]
        ax.barh(places, rows["value"], height=0.6, color=tones)
        has = rows["low"].notna().to_numpy()
        ax.hlines(
            [p for p, ok in zip(places, has, strict=True) if ok],
            rows.loc[has, "low"], rows.loc[has, "high"], colors=style.INK["light"], linewidth=1.2,
        )  # fmt: skip
        ends = rows[["value", "high"]].max(axis=1)
        for place, end, words in zip(places, ends, told, strict=True):
            ax.text(end, place, plain(f"  {words}"), va="center", fontsize=8.5, color=style.INK["light"])
        ax.set_yticks(places, [plain(name) for name in names])
        ax.tick_params(axis="y", labelcolor=style.INK["light"])
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.set_xlim(min(0.0, float(rows["value"].min())), max(float(ends.max()), 0.01) * 1.9)
        ax.set_xticks([])
        ax.spines["bottom"].set_visible(False)
        figure.subplots_adjust(left=0.26, right=0.98, bottom=0.08 / figure.get_figheight())
        values = "; ".join(f"{a} {b}" for a, b in zip(names, told, strict=True))
        return finish(figure, title, f"{title} {subtitle}. {values}.")


def _amounts(row: Mapping[Any, Any]) -> str:
    if row["unit"] == "money":
        return f"{formats.money(row['numerator'])} of {formats.money(row['denominator'])}"
    return f"{formats.exact(row['n'])} of {formats.plural(int(row['of']), 'deal')}"


def measures_table(found: Forensics) -> Table:
    """Make the table of the measures: share, what it is a share of, and why one cannot be told."""

    def part(column: str, *, whole: bool) -> Column:
        def shown(row: Mapping[str, Any]) -> Cell:
            if row["needs"]:
                return Cell("")
            text = formats.money(row[column]) if row["unit"] == "money" else formats.exact(row[column])
            of = formats.plural(int(row["of" if whole else "n"]), "deal") if row["unit"] == "money" else "deals"
            return Cell(text, detail=of, opens=found.opens(row["name"], whole=whole))

        return by_row("Of" if whole else "These", shown)

    def share(row: Mapping[str, Any]) -> Cell:
        if row["needs"]:
            return Cell("cannot tell", "muted", detail=row["needs"])
        detail = formats.interval(row["low"], row["high"], "ratio")
        return Cell(formats.share(row["value"]), detail=detail, opens=found.opens(row["name"]))

    return table(
        found.measures if not found.nothing else found.measures.head(0),
        {
            "label": by_row("What", lambda row: str(row["label"]), is_number=False),
            "value": by_row("Share", share),
            "numerator": part("numerator", whole=False),
            "denominator": part("denominator", whole=True),
        },
        caption=found.finding(),
        note=f"Amounts in {found.currency}. Week 3: open at the end of the period's 21st day, or won by then. Commit: "
        "on any day up to its closing; lost counts disqualified. Back: to the category before the last change.",
        empty=found.nothing,
    )


def owners_table(found: Forensics, *, most: int = 60) -> Table:
    """Make the table of the measures by owner of the deals; a share of fewer than ten deals is muted."""
    names = [name for name in MEASURES if (found.owned["name"] == name).any()]
    cells = {(str(row["owner"]), str(row["name"])): row for row in found.owned.to_dict("records")}
    owners = found.owned.drop_duplicates("owner").sort_values("label", kind="stable")[["owner", "label"]]

    def measure(name: str) -> Column:
        def shown(row: Mapping[str, Any]) -> Cell:
            cell = cells.get((str(row["owner"]), name))
            if cell is None:
                return Cell("")
            tone: Tone = "muted" if cell["of"] < 10 else ""
            return Cell(formats.share(cell["value"], 0), tone, _amounts(cell), found.opens(name, str(row["owner"])))

        return by_row(_SHORT[name], shown)

    return table(
        owners,
        {"label": by_row("Owner", lambda row: str(row["label"]), is_number=False)}
        | {name: measure(name) for name in names},
        caption=f"How deals came to be won or lost in {found.period}, by owner.",
        note=f"Amounts in {found.currency}. Muted: a share of fewer than ten deals. By name, not a ranking.",
        most=most,
        empty=found.nothing or "No deal was closed.",
    )


def callers_table(found: Forensics, *, most: int = 60) -> Table:
    """Make the table of the callers: the bias of their calls, as seen and drawn towards that of all."""
    rows = pd.DataFrame(columns=["label"]) if found.callers is None else found.callers

    def booked(row: Mapping[str, Any]) -> str:
        return found.opens("calls", str(row["holder"]))

    marks = {"high": Cell("▲ too high", "bad"), "low": Cell("▼ too low", "bad"), "few": Cell("too few calls", "muted")}
    return table(
        rows.sort_values("label", kind="stable"),
        {
            "label": by_row("Caller", lambda row: str(row["label"]), is_number=False),
            "bias": by_row(
                "Called less booked, over booked",
                lambda row: Cell(
                    formats.relative(row["bias"]),
                    detail=formats.interval(row["low"], row["high"], "ratio"),
                    opens=booked(row),
                ),
            ),
            "shrunk": by_row(
                "Best guess",
                lambda row: (
                    Cell("")
                    if formats.is_missing(row["shrunk"])
                    else Cell(formats.relative(row["shrunk"]), opens=booked(row))
                ),
            ),
            "calls": by_row("Calls", lambda row: Cell(formats.plural(int(row["calls"]), "call"), opens=booked(row))),
            "flag": by_row("", lambda row: marks.get(row["flag"], Cell("not told apart", "muted")), is_number=False),
        },
        caption=found.calls_finding() or "There are no calls to hold against what was booked.",
        note="Above 0 is too high. Best guess: the bias drawn towards that of all, the more the fewer and the more "
        "uneven the calls. Marked is who misses by 5 % or more and by more than chance, after a look at every caller. "
        "The numbers open what was booked in the periods called.",
        most=most,
        empty=found.nothing or "It needs forecast_calls.",
    )


def forensics_tables(found: Forensics) -> list[Table]:
    """Make all tables: the measures, by owner, and the callers."""
    made = [measures_table(found)]
    if found.nothing:
        return made
    owners, callers = found.owned["owner"].nunique(), 0 if found.callers is None else len(found.callers)
    return [*made, folded(owners_table(found), owners, "owner"), folded(callers_table(found), callers, "caller")]
