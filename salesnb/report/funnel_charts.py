"""Pictures of a funnel: how many came to each step and went on, and how long they took."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.apart import FEWEST
from salesnb.analysis.funnel import Funnel
from salesnb.analysis.funnel_card import words_of
from salesnb.analysis.funnel_headlines import bottleneck_finding, lead_finding, slow_finding, web_finding
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain, words_alone

_INK, _MUTED = style.INK["light"], style.MUTED["light"]
_PARTS = (
    ("passed", "went on", style.BLUE),
    ("dropped", "dropped out", style.VERMILION),
    ("still", "not yet", style.GREY),
)
_HEIGHT = 0.42


def stages(card: Funnel) -> Chart:
    """Draw the deals that came to each stage: those that went on, dropped out, and are still there."""
    title = _short(bottleneck_finding(card))
    subtitle = f"deals created {words_of(card.window)} · n = {formats.exact(card.created)} · up to {card.as_of}"
    narrow = card.bottleneck.step if card.bottleneck is not None and card.bottleneck.is_apart else ""
    return _bars(card.steps, title, subtitle, narrow, of="decided")


def leads(card: Funnel) -> Chart:
    """Draw the leads that came to each step, and those that went on."""
    title = _short(lead_finding(card) or "Leads are not known")
    return _bars(
        card.leads, title, f"leads · {card.window.start} to {card.window.last_day} · up to {card.as_of}", "", of="all"
    )


def web(card: Funnel) -> Chart:
    """Draw the web visitors who filled a cart, and who ordered."""
    title = _short(web_finding(card) or "Web visitors are not known")
    return _bars(card.web, title, f"visitors · {card.window.start} to {card.window.last_day}", "", of="all")


def days(card: Funnel) -> Chart:
    """Draw how long deals stay in each stage before they go on: the middle one, the middle half, and nine of ten."""
    rows = card.steps[card.steps["p50_days"].notna()] if card.has_history else card.steps.iloc[:0]
    title = slow_finding(card) or "How long deals stay in a stage is not known"
    if rows.empty:
        return words_alone(title)
    subtitle = (
        f"days to the next stage · deals created {words_of(card.window)} that go on · dot: the middle one, bar: the "
        "middle half, line: from one in ten to nine in ten"
    )
    longest = float(rows["p50_days"].max())
    with canvas(title, subtitle, height=0.45 + _HEIGHT * len(rows)) as (figure, (ax,)):
        told = []
        for place, row in enumerate(rows.to_dict("records")):
            is_slow = row["p50_days"] == longest and len(rows) > 1 and row["passed"] >= FEWEST
            colour = style.VERMILION if is_slow else style.measure_colour("sales_cycle_days")
            ax.hlines(place, row["p10_days"], row["p90_days"], color=colour, linewidth=1.6)
            ax.hlines(place, row["p25_days"], row["p75_days"], color=colour, linewidth=9, alpha=0.35)
            ax.scatter([row["p50_days"]], [place], s=46, color=colour, zorder=3)
            text = f"{formats.days(row['p50_days'])}, one in ten more than {formats.compact(row['p90_days'])}"
            _beside(ax, place, str(row["step"]), text, is_bold=is_slow)
            told.append(f"{row['step']} {text}")
        _bare(ax, len(rows))
        figure.subplots_adjust(left=0.2, right=0.7, bottom=0.3 / figure.get_figheight())
        return finish(figure, title, f"{title} {'; '.join(told)}.")


def _bars(rows: pd.DataFrame, title: str, subtitle: str, narrow: str, *, of: str) -> Chart:
    if rows.empty or not rows["reached"].sum():
        return words_alone(title)
    parts = [part for part in _PARTS if rows[part[0]].sum()]
    words = ", ".join(
        f"{'blue' if c == style.BLUE else 'red' if c == style.VERMILION else 'grey'}: {w}" for _, w, c in parts
    )
    base = " decided" if of == "decided" else ""
    with canvas(title, f"{subtitle} · {words}", height=0.35 + _HEIGHT * len(rows)) as (figure, (ax,)):
        told = []
        for place, row in enumerate(rows.to_dict("records")):
            left = 0.0
            for name, _, colour in parts:
                ax.barh(
                    place,
                    row[name],
                    left=left,
                    height=0.62,
                    color=colour,
                    hatch="////" if name == "still" else None,
                    edgecolor=style.SURFACE["light"],
                    linewidth=0.6,
                )
                left += row[name]
            if place == len(rows) - 1:
                ax.barh(place, row["reached"], height=0.62, color=style.GREEN)
                text = formats.exact(row["reached"])
            elif formats.is_missing(row["rate"]):
                text = f"{formats.exact(row['reached'])}, none decided"
            else:
                text = f"{formats.share(row['rate'], 0)} of {formats.exact(row['base'])}{base} went on"
            _beside(ax, place, str(row["step"]), text, is_bold=row["step"] == narrow)
            told.append(f"{row['step']}: {formats.exact(row['reached'])} came, {text}")
        _bare(ax, len(rows))
        figure.subplots_adjust(left=0.2, right=0.74, bottom=0.28 / figure.get_figheight())
        return finish(figure, title, f"{title} {'; '.join(told)}.")


def _beside(ax: Any, place: int, name: str, text: str, *, is_bold: bool) -> None:
    font = {"fontsize": 9, "color": _INK, "va": "center", "fontweight": "bold" if is_bold else "normal"}
    beside = ax.get_yaxis_transform()
    label = name if len(name) <= 24 else name[:23] + "…"
    ax.text(-0.015, place, plain(label), transform=beside, ha="right", **font)
    ax.text(1.01, place, plain(text), transform=beside, **font)


def _bare(ax: Any, count: int) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.set_ylim(count - 0.5, -0.5)
    ax.set_yticks([])
    ax.set_xlim(left=0)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(lambda v, _: plain(formats.compact(v)))
    ax.spines["left"].set_visible(False)


def _short(sentence: str) -> str:
    """Return the first part of a sentence, up to what a headline has room for."""
    text = str(sentence)
    first = text.split("; ")[0]
    return first if first.endswith(".") else f"{first}."
