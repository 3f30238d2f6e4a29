"""Pictures of results: ``chart = charts.trend(card)``; the title is the finding, the subtitle unit, period and n.

Every mark carries its number, bars start at zero, a period that is not over is hatched and says so, and a measure has
the same colour in every picture (:mod:`salesnb.report.style`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.scorecard import Scorecard
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# A hair off white, so that it stays white on a coloured bar in the dark scheme too.
_WHITE = "#fffffe"
_LIGHT_INK, _LIGHT_MUTED, _LIGHT_RULE = style.INK["light"], style.MUTED["light"], style.RULE["light"]


def trend(card: Scorecard, name: str = "") -> Chart:
    """Draw one KPI over the last periods as bars, with the target of each where there is one.

    Parameters
    ----------
    card
        The scorecard.
    name
        One of the KPIs of its trend; the amount sold where it is left out. Where there is nothing to report, the
        picture is a title that says so.

    Raises
    ------
    KeyError
        The KPI, other than the amount sold, has no trend in this scorecard.
    """
    name = name or card.main
    rows = card.trend[card.trend["name"] == name]
    if rows.empty and name != card.main:
        raise KeyError(name)
    title = card.trend_finding(name)
    if rows.empty:
        with canvas(title, "", height=0.1) as (figure, (ax,)):
            ax.set_axis_off()
            return finish(figure, title, title)
    unit = str(rows["unit"].iloc[0])
    known = rows[rows["value"].notna()]
    subtitle = _subtitle(card, rows, unit)
    colour = style.measure_colour(name)
    with canvas(title, subtitle, height=2.7) as (figure, (ax,)):
        positions = range(len(rows))
        top = float(rows[["value", "target"]].max().max())
        can_be_inside = style.contrast(_WHITE, colour) >= 4.5
        for x, row in zip(positions, rows.to_dict("records"), strict=True):
            if formats.is_missing(row["value"]):
                ax.annotate(
                    formats.NOT_AVAILABLE, (x, 0), (0, 3), textcoords="offset points", ha="center", color=_LIGHT_MUTED
                )
                continue
            ax.bar(
                x,
                row["value"],
                width=0.68,
                color=colour if row["is_complete"] else "none",
                edgecolor=colour,
                hatch="" if row["is_complete"] else "////",
                linewidth=1.0,
            )
            _bar_label(ax, x, row, unit, is_inside=can_be_inside and row["is_complete"] and row["value"] > 0.15 * top)
            if not formats.is_missing(row["target"]):
                ax.plot([x - 0.42, x + 0.42], [row["target"]] * 2, color=_LIGHT_INK, linewidth=2)
        _target_label(ax, rows, unit)
        ax.set_xticks(list(positions), [plain(p) for p in rows["period"]])
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        ax.axhline(0, color=_LIGHT_MUTED, linewidth=0.8)
        ax.margins(y=0.16)
        ax.set_xlim(-0.5, len(rows) + (0.35 if rows["target"].notna().any() else -0.5))
        figure.subplots_adjust(left=0.012, right=0.988, bottom=0.3 / figure.get_figheight())
        return finish(figure, title, _alt_of_series(title, subtitle, known, unit))


def _subtitle(card: Scorecard, rows: pd.DataFrame, unit: str) -> str:
    words = {"money": card.currency, "money_per_day": f"{card.currency} a day", "ratio": "%", "days": "days"}
    parts = [
        f"{words.get(unit, unit)} per {rows['grain'].iloc[0]}",
        f"{rows['period'].iloc[0]} to {rows['period'].iloc[-1]}",
        f"n = {formats.exact(rows['n'].sum())}",
    ]
    if not rows["is_complete"].all():
        parts.append(f"hatched: not over on {formats.day(card.as_of)}")
    return " · ".join(parts)


def _bar_label(ax: Axes, x: int, row: Any, unit: str, *, is_inside: bool) -> None:
    label = formats.value(row["value"], unit) + ("" if row["is_complete"] else "\nso far")
    # Inside a bar the number stands at its foot, where no target's line runs through it.
    offset = -13 if row["value"] < 0 else 5 if is_inside else 3
    ax.annotate(
        plain(label),
        (x, 0 if is_inside else row["value"]),
        (0, offset),
        textcoords="offset points",
        ha="center",
        fontsize=9,
        color=_WHITE if is_inside else _LIGHT_INK,
        fontweight="bold" if is_inside else "normal",
    )


def _target_label(ax: Axes, rows: pd.DataFrame, unit: str) -> None:
    targets = rows["target"].dropna()
    if not targets.empty:
        position = int(rows["target"].notna().to_numpy().nonzero()[0][-1])
        ax.annotate(
            plain(f"target\n{formats.value(targets.iloc[-1], unit)}"),
            (position + 0.46, targets.iloc[-1]),
            ha="left",
            va="center",
            fontsize=8.5,
            color=_LIGHT_INK,
        )


def _alt_of_series(title: str, subtitle: str, rows: pd.DataFrame, unit: str) -> str:
    points = "; ".join(
        f"{row['period']} {formats.value(row['value'], unit)}" + ("" if row["is_complete"] else " so far")
        for row in rows.to_dict("records")
    )
    return " ".join(filter(None, [title, f"{subtitle}." if subtitle else "", f"{points}."]))


def trends(card: Scorecard) -> Chart:
    """Draw the other headline KPIs as small lines side by side, each on its own scale with its interval."""
    names = [name for name in dict.fromkeys(card.trend["name"]) if name != card.main]
    names = [n for n in names if card.trend.loc[card.trend["name"] == n, "value"].notna().any()]
    title = card.trends_finding()
    if not names:
        with canvas(title, "", height=0.4) as (figure, (ax,)):
            ax.set_axis_off()
            return finish(figure, title, title)
    first = card.trend[card.trend["name"] == names[0]]
    subtitle = (
        f"{first['period'].iloc[0]} to {first['period'].iloc[-1]}; shaded: {card.confidence:.0%} interval; "
        "each panel has its own scale"
    )
    if not first["is_complete"].all():
        subtitle += f"; open mark: not over on {formats.day(card.as_of)}"
    rows_of_axes = (len(names) + 1) // 2
    with canvas(title, subtitle, height=1.45 * rows_of_axes, shape=(rows_of_axes, 2)) as (figure, axes):
        for ax, name in zip(axes, names, strict=False):
            _panel(ax, card.trend[card.trend["name"] == name])
        for ax in axes[len(names) :]:
            ax.set_axis_off()
        high = figure.get_figheight()
        figure.subplots_adjust(
            left=0.03,
            right=0.93,
            bottom=0.28 / high,
            hspace=0.95,
            wspace=0.26,
            top=figure.subplotpars.top - 0.24 / high,
        )
        told = " ".join(
            _alt_of_series(f"{rows['label'].iloc[0]}:", "", rows[rows["value"].notna()], str(rows["unit"].iloc[0]))
            for rows in (card.trend[card.trend["name"] == n] for n in names)
        )
        return finish(figure, title, f"{title} {told}")


def _panel(ax: Axes, rows: pd.DataFrame) -> None:
    unit, colour = str(rows["unit"].iloc[0]), style.measure_colour(str(rows["name"].iloc[0]))
    x = list(range(len(rows)))
    ax.plot(x, rows["value"], color=colour, linewidth=1.6)
    ax.fill_between(x, rows["low"].astype(float), rows["high"].astype(float), color=colour, alpha=0.18, linewidth=0)
    ax.scatter(
        x,
        rows["value"],
        s=18,
        zorder=3,
        edgecolors=colour,
        facecolors=[colour if done else "white" for done in rows["is_complete"]],
    )
    known = rows["value"].notna().to_numpy().nonzero()[0]
    for i in sorted({known[0], known[-1]}) if len(known) else []:
        beside = known[1] if i == known[0] and len(known) > 1 else known[-2] if len(known) > 1 else i
        is_valley = rows["value"].iloc[beside] > rows["value"].iloc[i]
        ax.annotate(
            plain(formats.value(rows["value"].iloc[i], unit)),
            (i, rows["value"].iloc[i]),
            (0, -12 if is_valley else 5),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=_LIGHT_INK,
        )
    ax.set_title(plain(rows["label"].iloc[0]), loc="left", fontsize=9.5, fontweight="bold", color=_LIGHT_INK, pad=11)
    ax.set_xticks([x[0], x[-1]], [plain(rows["period"].iloc[0]), plain(rows["period"].iloc[-1])], fontsize=8)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.margins(x=0.08, y=0.6)


def bridge(card: Scorecard) -> Chart:
    """Draw what moved the amount sold since the period before: what volume, rate and size each added or took."""
    title = card.bridge_finding()
    steps = card.bridge_steps() if len(card.bridge) else []
    if not steps:
        with canvas(title, "", height=0.1) as (figure, (ax,)):
            ax.set_axis_off()
            return finish(figure, title, title)
    before, *parts, after = steps
    subtitle = (
        f"{card.currency} · from {formats.money(before.amount)} in {before.label} to {formats.money(after.amount)} in "
        f"{after.label}{_split(card)}"
    )
    with canvas(title, subtitle, height=0.25 + 0.36 * len(parts)) as (figure, (ax,)):
        for y, step in enumerate(parts):
            amount = float(step.amount)
            ax.barh(y, amount, height=0.62, color=_tone(amount))
            ax.annotate(
                plain(formats.change(step.amount, "money")),
                (amount, y),
                (4 if amount >= 0 else -4, 0),
                textcoords="offset points",
                ha="left" if amount >= 0 else "right",
                va="center",
                color=_LIGHT_INK,
            )
        ax.axvline(0, color=_LIGHT_MUTED, linewidth=0.8)
        ax.set_yticks(range(len(parts)), [plain(step.label) for step in parts], color=_LIGHT_INK)
        ax.set_ylim(len(parts) - 0.5, -0.5)
        ax.set_xticks([])
        ax.margins(x=0.22)
        ax.spines[["left", "bottom"]].set_visible(False)
        figure.subplots_adjust(left=0.16, right=0.988, bottom=0.1 / figure.get_figheight())
        told = "; ".join(f"{s.label} {formats.change(s.amount, 'money')}" for s in parts)
        return finish(figure, title, f"{title} {subtitle}. {told}.")


def _split(card: Scorecard) -> str:
    return f" · sum over {formats.plural(len(card.bridge), card.bridge_by)}" if card.bridge_by else ""


def _tone(amount: Any) -> str:
    return style.GOOD if float(amount) >= 0 else style.BAD
