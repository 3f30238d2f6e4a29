"""Coverage as a picture and as tables: what is due when against what is left, and the sum of the pipeline needed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import key
from salesnb.analysis.coverage import Coverage
from salesnb.analysis.coverage_words import is_unsure, times
from salesnb.kpis.dimensions import NONE
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain, words_alone
from salesnb.report.tables import Cell, Column, Table, by_row, folded, table, text

Row = Mapping[str, Any]
_AHEAD = ("this", "next", "later")
_INK, _MUTED = style.INK["light"], style.MUTED["light"]


def coverage_chart(found: Coverage) -> Chart:
    """Draw the open pipeline by when it is due, with what is left of each quota and the pipeline that needs."""
    title, rows = found.finding(), found.horizons[found.horizons["deals"] > 0]
    if rows.empty:
        return words_alone(title)
    from matplotlib.ticker import MaxNLocator

    unit = found.currency if found.unit == "money" else "deals"
    marks = " · bar: left of the quota · diamond: pipeline needed for it" if rows["left"].notna().any() else ""
    count = formats.exact(rows["deals"].sum())
    subtitle = f"open pipeline by expected close, {unit} · as of {found.day} · n = {count} deals{marks}"
    told = [_told(found, row) for row in rows.to_dict("records")]
    with canvas(title, subtitle, height=0.5 + 0.42 * len(rows)) as (figure, (ax,)):
        y = np.arange(len(rows))
        tones = [style.measure_colour("pipeline_coverage") if h in _AHEAD else style.GREY for h in rows["horizon"]]
        ax.barh(y, rows["due"], height=0.55, color=tones)
        left, needed = rows["left"].to_numpy(float), rows["needed"].to_numpy(float)
        has = np.isfinite(left) & (left > 0)
        ax.vlines(left[has], y[has] - 0.38, y[has] + 0.38, colors=_INK, linewidth=2.5)
        has = np.isfinite(needed) & (needed > 0)
        ax.scatter(needed[has], y[has], marker="D", s=34, color=style.BAD, zorder=3)
        ax.set_yticks(y, [plain(words) for words in rows["label"]])
        for place, words in enumerate(told):
            ax.text(
                1.01, place, plain(words), transform=ax.get_yaxis_transform(), va="center", fontsize=8.5, color=_INK
            )
        ax.invert_yaxis()
        ax.set_xlim(left=min(0.0, float(rows["due"].min())))
        ax.xaxis.set_major_locator(MaxNLocator(nbins=5))
        ax.xaxis.set_major_formatter(lambda v, _: plain(formats.compact(v)))
        figure.subplots_adjust(left=0.16, right=0.66, bottom=0.3 / figure.get_figheight())
        listed = "; ".join(f"{label}: {words}" for label, words in zip(rows["label"], told, strict=True))
        return finish(figure, title, f"{title} {subtitle}. {listed}.")


def _told(found: Coverage, row: Mapping[Any, Any]) -> str:
    count = formats.plural(int(row["deals"]), "deal")
    words = [f"{formats.money(row['due'])} in {count}" if found.unit == "money" else count]
    if not math.isnan(row["left"]):
        words.append(f"{formats.money(row['left'])} left")
    if not math.isnan(row["needed"]):
        words.append(f"{formats.money(row['needed'])} needed")
    return ", ".join(words)


def coverage_table(found: Coverage) -> Table:
    """Make the table of horizons: due, quota left, coverage, pipeline needed and the gap."""
    columns: dict[str, Column] = {
        "label": text("Expected close"),
        "due": by_row("Open and due", lambda row: _due(found, row)),
        "booked": by_row("Booked", lambda row: _booked(row, "coverage-booked")),
        "left": by_row("Quota left", lambda row: _left(row, "coverage-booked")),
        "coverage": by_row("Covered", lambda row: _covered(row, "coverage", key("coverage", row["horizon"]), "deals")),
        "needed": by_row("Pipeline needed", lambda row: _ranged(row, "needed", "coverage-decided")),
        "gap": by_row("Missing", lambda row: _ranged(row, "gap", key("coverage", row["horizon"]))),
    }
    if not found.horizons.get("quota", pd.Series(dtype=float)).notna().any():
        columns = {name: columns[name] for name in ("label", "due")}
    rows = found.horizons
    return table(
        rows,
        columns,
        caption=found.finding(),
        note=f"{_note(found)} Overdue deals are past their expected close and count in no period.",
        empty=found.nothing or "No deal is open.",
    )


def _note(found: Coverage) -> str:
    parts = [f"As of {found.day}, amounts in {found.currency}."]
    win = found.win
    if win is not None and not math.isnan(win.value) and found.horizons["quota"].notna().any():
        between = formats.interval(win.low, win.high, "ratio")
        seen = f"{formats.plural(win.n, 'deal')} {win.words}{f'; {between}' if between else ''}"
        parts.append(
            f"Pipeline needed = (quota {formats.MINUS} booked) / win rate by {win.basis}, {formats.share(win.value)} "
            f"({seen}); below it the range of that rate. Deals created later that close in time lower it."
        )
        parts += [f"{win.reason[0].upper()}{win.reason[1:]}."] if win.reason else []
    if found.limit:
        parts.append(f"{found.limit[0].upper()}{found.limit[1:]}.")
    return " ".join(parts)


def _due(found: Coverage, row: Row) -> Cell:
    opens, count = key("coverage", row["horizon"]), formats.plural(int(row["deals"]), "deal")
    opens = opens if row["deals"] else ""
    return Cell(formats.money(row["due"]), "", count, opens) if found.unit == "money" else Cell(count, opens=opens)


def _booked(row: Row, opens: str) -> Cell:
    if math.isnan(row["booked"]):
        return Cell("")
    if not row.get("booked_deals", 1) > 0:
        return Cell(formats.money(row["booked"]))
    count = formats.plural(int(row["booked_deals"]), "deal") if "booked_deals" in row else ""
    return Cell(formats.money(row["booked"]), "", count, opens)


def _left(row: Row, opens: str) -> Cell:
    """Show what is left of a quota; it opens the deals booked on it, which are the rest."""
    if math.isnan(row["left"]):
        return Cell("")
    is_booked = bool(row.get("booked_deals", 0) > 0)
    words = f"{formats.money(row['left'])} of {formats.money(row['quota'])}"
    return Cell(words, opens=opens if is_booked else "")


def _covered(row: Row, name: str, opens: str, deals: str) -> Cell:
    """Show how many times the quota left is covered; it opens the deals that cover it."""
    words = _or(row[name], times)
    return Cell(words, "", row.get("reason", ""), opens if words and row[deals] > 0 else "")


def _ranged(row: Row, name: str, opens: str) -> Cell:
    """Show an amount with the range that the win rate gives it; it opens the deals of that rate, or those due."""
    value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    if math.isnan(value):
        return Cell("")
    tone: Any = "" if name == "needed" else "unsure" if is_unsure(row) else "bad" if value > 0 else "good"
    if name == "needed":
        words = f"{formats.money(value)} at {formats.share(row['left'] / value)}" if value > 0 else "none"
    else:
        words = f"{formats.money(value)} short" if value > 0 else f"none, {formats.money(-value)} more"
    opens = opens if name == "needed" or row["deals"] else ""
    if math.isnan(low):
        return Cell(words, tone, opens=opens)
    upper = "any amount" if math.isnan(high) or math.isinf(high) else formats.money(high)
    return Cell(words, tone, f"{formats.money(low)} to {upper}", opens)


def group_tables(found: Coverage, *, most: int = 60) -> list[Table]:
    """Make a table each for teams, regions and sellers: due, quota left and coverage, in this period and the next.

    None where the source does not say when deals are due.

    Parameters
    ----------
    most
        The rows of a table that are shown.
    """
    made: list[Table] = []
    if "opportunities.expected_close_on" in set(found.missing["needs"]):
        return made
    for by in ("team", "region", "seller"):
        rows = found.groups[found.groups["by"] == by]
        if len(rows):
            made.append(_group_table(found, by, rows, most))
    return made


def _group_table(found: Coverage, by: str, rows: pd.DataFrame, most: int) -> Table:
    def cell(name: str, amount: str, deals: str) -> Any:
        def show(row: Row) -> Cell:
            count, has = formats.plural(int(row[deals]), "deal"), row[deals] > 0
            words = formats.money(row[amount]) if found.unit == "money" else formats.exact(row[amount])
            return Cell(words, "", count, key("coverage", by, row["place"], name) if has else "")

        return show

    period, following = found.period, found.period.next
    columns: dict[str, Column] = {
        "name": text(by.capitalize(), lambda name: Cell(f"no {by}" if name == NONE else str(name))),
        "due": by_row(f"Due in {period}", cell("this", "due", "deals")),
        "booked": by_row("Booked", lambda row: _booked(row, key("coverage", by, row["place"], "booked"))),
        "left": by_row(
            "Quota left",
            lambda row: (
                Cell("no quota", "muted")
                if math.isnan(row["left"])
                else _left(row, key("coverage", by, row["place"], "booked"))
            ),
        ),
        "coverage": by_row(
            "Covered", lambda row: _covered(row, "coverage", key("coverage", by, row["place"], "this"), "deals")
        ),
        "next_due": by_row(f"Due in {following}", cell("next", "next_due", "next_deals")),
        "next_quota": by_row(f"Quota of {following}", lambda row: _or(row["next_quota"], formats.money)),
        "next_coverage": by_row(
            "Covered",
            lambda row: _covered(row, "next_coverage", key("coverage", by, row["place"], "next"), "next_deals"),
        ),
        "later_due": by_row("Due later", cell("later", "later_due", "later_deals")),
        "overdue": by_row("Overdue", cell("overdue", "overdue", "overdue_deals")),
    }
    for needs, names in (("quota", ("booked", "left", "coverage")), ("next_quota", ("next_quota", "next_coverage"))):
        if rows[needs].isna().all():
            columns = {name: column for name, column in columns.items() if name not in names}
    with_quota = int((rows["left"] > 0).sum())
    short = int((rows["coverage"] < 1).sum())
    whom = formats.plural(with_quota, by)
    caption = f"{formats.exact(short)} of {whom} with quota left have less than that due in {period}"
    if not with_quota or found.is_complete:
        caption = f"What is due by {by}, as of {found.day}"
    made = table(rows, columns, caption=caption, note=f"Amounts in {found.currency}.", most=most)
    return folded(made, len(rows), by)


def _or(value: float, show: Any) -> str:
    return "" if formats.is_missing(value) else str(show(value))
