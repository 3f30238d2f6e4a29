"""Pictures of a team: every seller by team, against quota and against each other, with what luck alone would do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesnb import formats
from salesnb.analysis.team import Team
from salesnb.analysis.team_headlines import WORDS, year_words
from salesnb.kpis import registry
from salesnb.kpis.dimensions import NONE
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain, words_alone

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INK, _MUTED = style.INK["light"], style.MUTED["light"]
_PLAIN: dict[str, Any] = {"fontsize": 8.5, "color": _INK}
_BOLD: dict[str, Any] = {**_PLAIN, "fontweight": "bold"}
_TONES = {"above": style.GOOD, "below": style.BAD}
_MARKS = {"above": " ▲ above", "below": " ▼ below"}


@dataclass(frozen=True)
class _Lines:
    """What a picture draws: one row a seller, and the lines of the groups and of all."""

    rows: pd.DataFrame
    groups: dict[str, float]
    overall: float
    unit: str
    colour: str
    is_band: bool


def attainment(team: Team, *, most: int = 40) -> Chart:
    """Draw what share of the quota each seller attained, in the band that luck alone gives; or what each booked.

    Parameters
    ----------
    most
        The sellers drawn: those told apart first, then those with the largest quotas or bookings; the title and the
        alt text speak of all.
    """
    title = team.quota_finding()
    if team.quota_holder == "team":
        rows = team.groups[team.groups["quota"].notna()].assign(seller=lambda t: t["group"], rep_id="", group=NONE)
    else:
        rows = team.named[team.named["quota"].notna()]
    if rows.empty:
        return _booked(team, title, most)
    has = team.groups[team.groups["quota"].notna()]
    overall = float(rows["achieved"].sum() / rows["quota"].sum())
    told = [
        f"{formats.share(row['attainment'], 0)}, {formats.money(row['achieved'], digits=0)} of "
        f"{formats.money(row['quota'], digits=0)}{_MARKS.get(row['flag'], '')}"
        for row in rows.to_dict("records")
    ]
    lines = _Lines(
        rows.assign(value=rows["attainment"], size=rows["quota"], told=told),
        dict(zip(has["group"], has["attainment"], strict=True)) if team.quota_holder == "rep_id" else {},
        overall,
        "ratio",
        style.measure_colour("quota_attainment"),
        is_band=True,
    )
    band = f" · band: where {team.confidence:.0%} of equals end by luck" if rows["low"].notna().any() else ""
    line = f" · line: the {team.grouped_by}" if lines.groups and team.grouped_by else ""
    return _drawn(lines, title, f"share of quota · {team.period}{_so_far(team)}{band}{line}", most)


def rates(team: Team, name: str = "", *, most: int = 40) -> Chart:
    """Draw one rate of every seller over the year, with its interval.

    Parameters
    ----------
    name
        A KPI of the team; the first, which is the win rate where there are deals, if it is left out.
    most
        The sellers drawn, as in :func:`attainment`.
    """
    name = name or next(iter(team.kpis), "")
    if not name:
        return words_alone(team.quota_finding())
    title, unit = team.rate_finding(name), registry.find(name).unit
    found = team.rate(name, "year", "seller")
    rows = team.named[["rep_id", "seller", "group"]].merge(found, left_on="rep_id", right_index=True)
    rows = rows[rows["value"].notna()]
    if rows.empty:
        return words_alone(title)
    told = [
        f"{formats.value(row['value'], unit)} of {formats.exact(row['n'])}{_MARKS.get(row['flag'], '')}"
        for row in rows.to_dict("records")
    ]
    whole = team.rate(name, "year", "all")
    lines = _Lines(
        rows.assign(size=rows["n"], told=told),
        dict(team.rate(name, "year", "group")["value"]),
        float(whole["value"].iloc[0]),
        unit,
        style.measure_colour(name),
        is_band=False,
    )
    subtitle = (
        f"{WORDS[name]} {year_words(team)} · {team.confidence:.0%} intervals · n = {formats.exact(whole['n'].iloc[0])}"
        f"{f' · line: the {team.grouped_by}' if team.grouped_by else ''} · in the order of names, not a ranking"
    )
    return _drawn(lines, title, subtitle, most)


def _booked(team: Team, title: str, most: int) -> Chart:
    rows = team.named[team.named["booked"] != 0]
    if rows.empty:
        return words_alone(title)
    told = [formats.money(amount) for amount in rows["booked"]]
    lines = _Lines(
        rows.assign(value=rows["booked"], size=rows["booked"], told=told, low=math.nan, high=math.nan),
        {},
        math.nan,
        "money",
        style.measure_colour("revenue"),
        is_band=True,
    )
    return _drawn(lines, title, f"{team.currency} · {team.period}{_so_far(team)}", most)


def _so_far(team: Team) -> str:
    return "" if team.is_complete else f" up to {team.as_of}"


def _drawn(lines: _Lines, title: str, subtitle: str, most: int) -> Chart:
    rows = lines.rows
    if len(rows) > most:
        ranked = rows.assign(_first=rows["flag"] == "", _size=-rows["size"])
        kept = ranked.sort_values(["_first", "_size", "seller"], kind="stable").head(most).index
        subtitle += f" · {formats.exact(len(rows) - most)} more not drawn"
        rows = rows[rows.index.isin(kept)]
    places, heads, y = [], {}, 0.0
    last = None
    for group in rows["group"]:
        if group != last and not (last is None and group == NONE):
            heads[y + 0.15] = "no team" if group == NONE else str(group)
            y += 1.15
        last = group
        places.append(y)
        y += 1
    with canvas(title, subtitle, height=0.5 + 0.2 * y) as (figure, (ax,)):
        _marks(ax, lines, rows, places)
        _scale(ax, lines, y)
        ax.set_yticks([])
        beside = ax.get_yaxis_transform()
        for place, head in heads.items():
            ax.text(-0.015, place, plain(_short(head)), transform=beside, ha="right", va="center", **_BOLD)
        for place, name, text, flag in zip(places, rows["seller"], rows["told"], rows["flag"], strict=True):
            ax.text(-0.015, place, plain(_short(name)), transform=beside, ha="right", va="center", **_PLAIN)
            ax.text(1.01, place, plain(text), transform=beside, va="center", **(_BOLD if flag else _PLAIN))
        figure.subplots_adjust(left=0.24, right=0.76, bottom=0.3 / figure.get_figheight())
        return finish(figure, title, f"{title} {subtitle}. {_alt(lines)}")


def _marks(ax: Axes, lines: _Lines, rows: pd.DataFrame, places: list[float]) -> None:
    y, low, high = np.array(places), rows["low"].to_numpy(dtype=float), rows["high"].to_numpy(dtype=float)
    tones = [_TONES.get(flag, lines.colour) for flag in rows["flag"]]
    has = np.isfinite(low) & np.isfinite(high)
    if lines.is_band and lines.unit == "money":
        ax.barh(y, rows["value"], height=0.6, color=tones)
    else:
        band: Any = {"colors": style.GREY, "linewidth": 7, "alpha": 0.25}
        whisker: Any = {"colors": [t for t, ok in zip(tones, has, strict=True) if ok], "linewidth": 2, "alpha": 0.55}
        ax.hlines(y[has], low[has], high[has], **(band if lines.is_band else whisker))
        ax.scatter(rows["value"], y, s=26, color=tones, zorder=3)
    groups = rows["group"].to_numpy()
    for group, value in lines.groups.items():
        mine = y[groups == group]
        if len(mine) and not formats.is_missing(value):
            ax.plot([value, value], [mine.min() - 0.45, mine.max() + 0.45], color=_INK, linewidth=1.6)


def _scale(ax: Axes, lines: _Lines, height: float) -> None:
    from matplotlib.ticker import MaxNLocator

    if not formats.is_missing(lines.overall):
        ax.axvline(lines.overall, color=_MUTED, linewidth=1, linestyle=(0, (4, 3)))
        ax.annotate(
            plain(f"all {formats.value(lines.overall, lines.unit)}"),
            (lines.overall, -0.9),
            ha="center",
            va="bottom",
            fontsize=8.5,
            color=_MUTED,
            annotation_clip=False,
        )
    ax.set_ylim(height - 0.4, -0.9)
    if lines.is_band and lines.unit == "ratio":
        ax.axvline(1.0, color=style.RULE["light"], linewidth=1, zorder=0)
    if lines.is_band:
        ax.set_xlim(left=min(0.0, float(lines.rows["value"].min())))
    ax.xaxis.set_major_formatter(lambda v, _: plain(formats.value(v, lines.unit).replace(".0 %", " %")))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]))
    ax.spines["left"].set_visible(False)


def _alt(lines: _Lines) -> str:
    told = []
    for group, rows in lines.rows.groupby("group", sort=False):
        whole = lines.groups.get(str(group), math.nan)
        head = "" if formats.is_missing(whole) else f"{group} {formats.value(whole, lines.unit)}: "
        told.append(head + "; ".join(f"{s} {t}" for s, t in zip(rows["seller"], rows["told"], strict=True)))
    overall = "" if formats.is_missing(lines.overall) else f"All {formats.value(lines.overall, lines.unit)}. "
    return f"{overall}{'. '.join(told)}."


def _short(text: object, most: int = 26) -> str:
    words = " ".join(formats.visible(str(text)).split())
    return words if len(words) <= most else words[: most - 1] + "…"
