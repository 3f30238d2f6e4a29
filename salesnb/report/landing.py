"""Landing and outlook as pictures and tables: where the period ends, whom to trust, and the months to come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from salesnb import formats
from salesnb.analysis.landing import Landing
from salesnb.analysis.landing_behind import booked_key, open_key
from salesnb.analysis.landing_words import NAMES, change_finding
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain, words_alone
from salesnb.report.tables import Cell, Column, Table, by_row, number, table, text

Row = Mapping[str, Any]
_MUTED = style.MUTED["light"]
_MOST_WEEKS = 9


def landing_chart(found: Landing) -> Chart:
    """Draw what is booked so far by day, past periods in grey, the range at the end, and the target."""
    title = found.finding()
    if found.nothing or found.lines.empty:
        return words_alone(title)
    this, colour = str(found.target), style.measure_colour("revenue")
    names = list(dict.fromkeys(found.lines["period"]))
    past = [name for name in names if name != this]
    days = found.target.days
    subtitle = (
        f"booked so far, {found.currency}, by day of the period · as of {formats.day(found.day)} · grey: "
        f"{formats.plural(len(past), 'past period')} · bar at the end: {formats.share(found.level, 0)} range"
    )
    with canvas(title, subtitle, height=2.9) as (figure, (ax,)):
        for name in names:
            rows = found.lines[found.lines["period"] == name]
            ax.plot(rows["day_of"], rows["booked"], drawstyle="steps-post", zorder=3 if name == this else 2,
                    color=colour if name == this else style.GREY, linewidth=2.6 if name == this else 1.0,
                    alpha=1.0 if name == this else 0.6)  # fmt: skip
        gone = max((found.day - found.target.start).days + 1, 0)
        ax.plot([gone, days], [found.booked, found.value], color=colour, linewidth=1.6, linestyle=(0, (4, 3)), zorder=3)
        if not formats.is_missing(found.low):
            bounds = [found.booked, found.low], [found.booked, found.high]
            ax.fill_between([gone, days], *bounds, color=colour, alpha=0.15, linewidth=0)
            ax.plot([days, days], [found.low, found.high], color=colour, linewidth=3.2, solid_capstyle="butt", zorder=4)
            for value in (found.low, found.high):
                _end(ax, days, value, formats.money(value), _MUTED)
        _end(ax, days, found.value, formats.money(found.value), colour, is_bold=True)
        if not formats.is_missing(found.goal):
            ax.axhline(found.goal, color=style.INK["light"], linewidth=1.2)
            ax.annotate(plain(f"target {formats.money(found.goal)}"), (1, found.goal), (0, 4), fontsize=8.5,
                        textcoords="offset points", color=style.INK["light"])  # fmt: skip
        ax.set_xlim(0, days)
        ax.set_ylim(bottom=0)
        ax.set_xlabel("day of the period")
        ax.yaxis.set_major_formatter(lambda v, _: plain(formats.compact(v)))
        figure.subplots_adjust(left=0.09, right=0.88, bottom=0.5 / figure.get_figheight())
        return finish(figure, title, f"{title} {subtitle}.")


def _end(ax: Any, x: float, value: float, words: str, colour: str, *, is_bold: bool = False) -> None:
    ax.annotate(plain(words), (x, value), (6, 0), textcoords="offset points", va="center", fontsize=9 if is_bold else 8,
                fontweight="bold" if is_bold else "normal", color=colour, annotation_clip=False)  # fmt: skip


def replay_chart(found: Landing) -> Chart:
    """Draw what the combination said of the last past period week by week with its range, and what came."""
    rows = found.past[found.past["forecaster"] == "combination"]
    if rows.empty:
        return words_alone("There is no past period to replay.")
    period = rows["period"].iloc[-1]
    rows = rows[rows["period"] == period].sort_values("days_left", ascending=False)
    came, goal = float(rows["came"].iloc[0]), float(rows["target"].iloc[0])
    inside = int(rows["came"].between(rows["low"], rows["high"]).sum())
    title = (
        f"Of {period} {formats.money(came, found.currency)} came; {inside} of {len(rows)} forecasts made before its "
        "end had that in their range"
    )
    subtitle = f"{found.currency} · what the combination said, from what was known on each day · shaded: " \
               f"{formats.share(found.level, 0)} range"  # fmt: skip
    colour = style.measure_colour("revenue")
    x = np.arange(len(rows))
    with canvas(title, subtitle, height=2.3) as (figure, (ax,)):
        ax.fill_between(x, rows["low"].astype(float), rows["high"].astype(float), color=colour, alpha=0.15, linewidth=0)
        ax.plot(x, rows["said"], color=colour, linewidth=2.2, marker="o", markersize=4)
        ax.axhline(came, color=style.INK["light"], linewidth=1.4)
        _end(ax, len(rows) - 1, came, f"came {formats.money(came)}", style.INK["light"], is_bold=True)
        if not formats.is_missing(goal):
            ax.axhline(goal, color=_MUTED, linewidth=1, linestyle=(0, (4, 3)))
            _end(ax, len(rows) - 1, goal, f"target {formats.money(goal)}", _MUTED)
        for place, value in zip(x, rows["said"], strict=True):
            ax.annotate(plain(formats.money(value)), (place, value), (0, 7), textcoords="offset points", ha="center",
                        fontsize=8, color=style.INK["light"])  # fmt: skip
        ax.set_xticks(list(x), [plain(found.weeks[int(left)]) for left in rows["days_left"]], fontsize=8)
        ax.set_xlabel("before its end")
        ax.set_xlim(-0.4, len(rows) - 0.8)
        ax.yaxis.set_major_formatter(lambda v, _: plain(formats.compact(v)))
        figure.subplots_adjust(left=0.09, right=0.85, bottom=0.5 / figure.get_figheight())
        told = "; ".join(
            f"{found.weeks[int(row['days_left'])]} before: {formats.money(row['said'])}"
            for row in rows.to_dict("records")
        )
        return finish(figure, title, f"{title} {subtitle}. {told}.")


def forecaster_table(found: Landing) -> Table:
    """Make the table of what every forecaster says today, and how far each was off from as long before the end."""
    rows = found.now[found.now["said"].notna()]
    now = (found.target.last_day - found.day).days
    lefts = sorted(set(found.scores["days_left"]), key=lambda left: abs(left - now)) if len(found.scores) else []
    near = found.scores[found.scores["days_left"] == lefts[0]].set_index("forecaster") if lefts else pd.DataFrame()

    def score(name: str, show: Any) -> Any:
        def cell(row: Row) -> Cell:
            known = (
                len(near)
                and row["forecaster"] in near.index
                and not formats.is_missing(near.at[row["forecaster"], name])
            )
            return Cell(show(near.at[row["forecaster"], name])) if known else Cell("")

        return cell

    left = found.weeks.get(int(lefts[0]), "") if lefts else ""
    columns: dict[str, Column] = {
        "forecaster": text("By", lambda name: NAMES[name][:1].upper() + NAMES[name][1:]),
        "said": number("Will bring", lambda v: formats.money(v)),
        "range": by_row(f"{formats.share(found.level, 0)} range", _range),
        "chance": number("Chance of the target", lambda v: "" if formats.is_missing(v) else formats.chance(v)),
        "wape": by_row(f"Off, {left} before the end" if left else "Off", score("wape", lambda v: formats.share(v))),
        "mase": by_row("MASE", score("mase", lambda v: formats.value(v, "number"))),
        "bias": by_row("Too high or low", score("bias", lambda v: formats.relative(v))),
        "n": by_row("Past periods", score("n", lambda v: formats.exact(v))),
    }
    if found.now["chance"].isna().all():
        columns.pop("chance")
    return table(
        rows, columns, caption=found.trust_finding(), empty=f"{found.nothing}.",
        note=f"In {found.currency}. Off: the sum of misses over the sum of what came. MASE: the mean miss over the "
        "mean change from one period to the next. The combination is the mean of "
        "the monthly series, stage by stage and deal by deal; without deals, of the series and the pace.",
    )  # fmt: skip


def _range(row: Row) -> Cell:
    if formats.is_missing(row["low"]):
        return Cell("not known", "muted")
    return Cell(f"{formats.money(row['low'])} to {formats.money(row['high'])}")


def trust_table(found: Landing) -> Table:
    """Make the table of how far each forecaster was off, by how long before the end it spoke."""
    lefts = sorted(set(found.scores["days_left"]), reverse=True)
    lefts = [left for left in lefts if left % 7 == 0][:_MOST_WEEKS]
    wide = found.scores.pivot(index="forecaster", columns="days_left", values="wape")
    wide = wide.reindex([name for name in NAMES if name in wide.index]).dropna(how="all").reset_index()
    best = {left: wide[left].min() for left in lefts if left in wide}

    def cell(left: int) -> Any:
        def show(row: Row) -> Cell:
            value = row[str(left)]
            if formats.is_missing(value):
                return Cell("")
            return Cell(
                formats.share(value), "good" if value == best[left] else "", "closest" if value == best[left] else ""
            )

        return show

    columns: dict[str, Column] = {"forecaster": text("By", lambda name: NAMES[name][:1].upper() + NAMES[name][1:])}
    columns |= {str(left): by_row(found.weeks[left], cell(left)) for left in lefts if left in wide}
    who = [(NAMES[wide.loc[wide[left].idxmin(), "forecaster"]], left) for left in lefts if left in best]
    turns = [(name, left) for place, (name, left) in enumerate(who) if not place or who[place - 1][0] != name]
    told = [f"{name} from {found.weeks[left]} before the end" for name, left in turns]
    caption = f"Whom to trust: {formats.listed(told, 6)}" if told else "There is no record to trust anybody by"
    return table(
        wide.rename(columns=str), columns, caption=f"{caption}.", empty="No past period is wholly on record.",
        note="The sum of misses over the sum of what came, over all past periods shown; by how long before the end.",
    )  # fmt: skip


def group_table(found: Landing) -> Table:
    """Make the table of the landing by region or team."""
    columns: dict[str, Column] = {
        "group": text(found.by.capitalize() or "Group"),
        "booked": by_row("Booked", _opening("booked", booked_key, found)),
        "existing": by_row("Open deals", _opening("existing", open_key, found)),
        "new": number("Later deals", lambda v: formats.money(v)),
        "value": number("Will bring", lambda v: formats.money(v)),
        "range": by_row(f"{formats.share(found.level, 0)} range", _range),
    }
    first = f"{found.groups['group'].iloc[0]} brings most" if len(found.groups) else "No region or team can be told"
    return table(
        found.groups, columns, caption=f"{found.target} by {found.by or 'region'}: {first}.",
        note=f"In {found.currency}. In every one of the paths drawn the groups sum to the whole, so that their ranges "
        "do not: what is good for one is seldom good for all.",
        empty="It needs deals with sellers, and sellers with a region or a team.",
    )  # fmt: skip


def _opening(column: str, key_of: Callable[[str], str], found: Landing) -> Callable[[Row], Cell]:
    """Make the cell of a group's money, which opens the deals behind it where there are any."""
    keys = {one.key for one in found.behind}

    def cell(row: Row) -> Cell:
        key = key_of(str(row["group"]))
        return Cell(formats.money(row[column]), opens=key if key in keys else "")

    return cell


def change_table(found: Landing) -> Table:
    """Make the table of what changed over the last week."""
    columns: dict[str, Column] = {
        "part": text("Part", lambda name: str(name).capitalize()),
        "before": number("A week ago", lambda v: formats.money(v)),
        "now": number("Now", lambda v: formats.money(v)),
        "change": number("Change", lambda v: formats.change(v, "money")),
    }
    return table(
        found.change, columns, caption=change_finding(found) or "Nothing is known of a week ago.",
        note=f"In {found.currency}; the parts sum to the change.", empty="There is no forecast of a week ago.",
    )  # fmt: skip
