"""A plan as pictures: what it brings, what teams attain, and how past periods came out against what was said."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesnb import formats
from salesnb.planning import quota_words as told
from salesnb.planning.quota import Quota
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain, words_alone

_MUTED = style.MUTED["light"]
_INK = style.INK["light"]
_BINS = 48
_MOST_TEAMS = 16


def landing_chart(found: Quota) -> Chart:
    """Draw how likely which total is, the 80 % range shaded, and the target."""
    title = told.chance_finding(found) if found.usual is not None else told.headlines(found)[0]
    usual = found.usual
    if usual is None or not usual.high > usual.low:
        return words_alone(title)
    subtitle = (
        f"what {found.target} brings, {found.currency}: share of {len(usual.total):,d} draws · blue: 80 % of cases · "
        f"known up to {formats.day(found.day)}"
    )
    colour = style.measure_colour("revenue")
    least, most = (float(one) for one in np.quantile(usual.total, [0.001, 0.999]))
    edges = np.linspace(least, most, _BINS + 1)
    n, _ = np.histogram(usual.total, edges)
    middles = (edges[:-1] + edges[1:]) / 2
    inside = (middles >= usual.low) & (middles <= usual.high)
    with canvas(title, subtitle, height=1.9) as (figure, (ax,)):
        inks = [colour if one else style.GREY for one in inside]
        ax.bar(middles, n / len(usual.total), width=np.diff(edges) * 0.9, color=inks, alpha=0.75)
        marks = [(usual.middle, f"middle {formats.money(usual.middle)}", colour)]
        target = usual.plan.target
        if target > 0:
            marks.append((target, f"target {formats.money(target)}", _INK))
        top = ax.get_ylim()[1]
        for place, (value, words, ink) in enumerate(sorted(marks)):
            ax.axvline(value, color=ink, linewidth=1.6)
            side = -1 if place == 0 and len(marks) > 1 else 1
            ax.annotate(plain(words), (value, top), (4 * side, -2), textcoords="offset points", fontsize=9, va="top",
                        ha="right" if side < 0 else "left", color=ink, fontweight="bold")  # fmt: skip
        ax.set_ylim(0, top * 1.02)
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        ax.xaxis.set_major_formatter(lambda v, _: plain(formats.compact(v)))
        figure.subplots_adjust(left=0.03, right=0.97, bottom=0.34 / figure.get_figheight())
        between = f"{formats.money(usual.low)} to {formats.money(usual.high)}"
        return finish(figure, title, f"{title} {subtitle}. 80 % range {between}.")


def team_chart(found: Quota) -> Chart:
    """Draw what each team attains of its quota: the 80 % range and the middle, and where the quota is."""
    usual = found.usual
    title = told.quota_finding(usual) if usual is not None else ""
    rows = usual.teams[usual.teams["quota"] > 0] if usual is not None else pd.DataFrame()
    if usual is None or rows.empty:
        return words_alone(title or "No team has a quota to hold its range against.")
    left_out = max(len(rows) - _MOST_TEAMS, 0)
    rows = rows.sort_values("quota", ascending=False).head(_MOST_TEAMS).sort_values("team", ascending=False)
    subtitle = "attainment of the team's quota: line, 80 % of cases; dot, the middle; bold, the chance to reach it"
    if left_out:
        subtitle += f" · {formats.plural(left_out, 'smaller team')} not shown"
    colour = style.measure_colour("quota_attainment")
    y = np.arange(len(rows))
    with canvas(title, subtitle, height=0.4 + 0.3 * len(rows)) as (figure, (ax,)):
        low, middle, high = (rows[name] / rows["quota"] for name in ("low", "middle", "high"))
        ax.hlines(y, low, high, color=colour, linewidth=5, alpha=0.45)
        ax.plot(middle, y, "o", color=colour, markersize=6)
        ax.axvline(1, color=_INK, linewidth=1.2)
        most = max(float(high.max()), 1.05)
        for place, (at, chance) in enumerate(zip(middle, rows["hit"], strict=True)):
            ax.annotate(plain(f"{formats.share(at, 0)}"), (at, place), (0, 6), textcoords="offset points", ha="center",
                        fontsize=8, color=_MUTED)  # fmt: skip
            ax.annotate(plain(formats.chance(chance)), (most * 1.04, place), va="center", fontsize=9, fontweight="bold",
                        color=_INK, annotation_clip=False)  # fmt: skip
        ax.set_yticks(y, [plain(name or "no team") for name in rows["team"]])
        ax.set_xlim(0, most * 1.02)
        ax.set_ylim(-0.6, len(rows) - 0.3)
        ax.xaxis.set_major_formatter(lambda v, _: plain(formats.share(v, 0)))
        figure.subplots_adjust(left=0.2, right=0.91, bottom=0.32 / figure.get_figheight())
        each = "; ".join(
            f"{row['team']}: {formats.share(row['middle'] / row['quota'], 0)}, chance {formats.chance(row['hit'])}"
            for row in rows.iloc[::-1].to_dict("records")
        )
        return finish(figure, title, f"{title} {subtitle}. {each}.")


def replay_chart(found: Quota) -> Chart:
    """Draw past periods as they would have been said on the day before, and how sellers' chances came true."""
    if found.replay is None or found.replay.periods.empty:
        return words_alone(told.replay_finding(found) if found.replay is not None else "Nothing can be replayed.")
    rows, bins = found.replay.periods, found.replay.calibration()
    title = f"{told.replay_finding(found).rstrip('.')}. {told.calibration_finding(bins)}."
    subtitle = (
        f"left, {found.currency}: line, 80 % range said on the day before; dot, what came; dash, the quotas · right: "
        "sellers' chances to make quota as said, and the share that did, with its 80 % interval"
    )
    colour, other = style.measure_colour("revenue"), style.VERMILION
    x = np.arange(len(rows))
    widths = {"width_ratios": (1.6, 1)}
    with canvas(title, subtitle, height=2.5, shape=(1, 2), gridspec_kw=widths) as (figure, (ax, bx)):
        ax.vlines(x, rows["low"].astype(float), rows["high"].astype(float), color=colour, linewidth=6, alpha=0.4)
        inks = [colour if inside else other for inside in rows["inside"]]
        ax.scatter(x, rows["came"].astype(float), color=inks, s=34, zorder=3)
        ax.plot(x, rows["quota"].astype(float), "_", color=_INK, markersize=13, markeredgewidth=1.6)
        is_span = any(".." in str(one) for one in rows["period"])
        labels = [plain(str(one).partition("..")[0]) for one in rows["period"]]
        ax.set_xticks(x, labels, fontsize=8, rotation=30 if is_span else 0, ha="right" if is_span else "center")
        ax.set_ylim(bottom=0)
        ax.yaxis.set_major_formatter(lambda v, _: plain(formats.compact(v)))
        if len(bins):
            bx.plot([0, 1], [0, 1], color=style.GREY, linewidth=1)
            bx.vlines(bins["said"], bins["low"], bins["high"], color=colour, linewidth=2, alpha=0.5)
            bx.scatter(bins["said"], bins["came"], color=colour, s=30, zorder=3)
            for row in bins.to_dict("records"):
                bx.annotate(plain(f"n = {row['n']}"), (row["said"], row["high"]), (0, 3), textcoords="offset points",
                            ha="center", fontsize=7.5, color=_MUTED)  # fmt: skip
            bx.set_xlim(-0.02, 1.02)
            bx.set_ylim(-0.02, 1.08)
            bx.set_xlabel("said")
            for axis in (bx.xaxis, bx.yaxis):
                axis.set_major_formatter(lambda v, _: plain(formats.share(v, 0)))
        else:
            bx.set_axis_off()
        figure.subplots_adjust(left=0.07, right=0.98, wspace=0.2,
                               bottom=(0.68 if is_span else 0.48) / figure.get_figheight())  # fmt: skip
        each = "; ".join(
            f"{row['period']}: {formats.interval(row['low'], row['high'], 'money')} said, "
            f"{formats.money(row['came'])} came"
            for row in rows.to_dict("records")
        )
        return finish(figure, title, f"{title} {subtitle}. {each}.")
