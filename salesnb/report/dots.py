"""Dots: the rate of every segment with its interval, against the rate of all."""

from __future__ import annotations

from typing import Any

from salesnb import formats
from salesnb.analysis.scorecard import Scorecard
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain

_LIGHT_INK, _LIGHT_MUTED = style.INK["light"], style.MUTED["light"]


def segments(card: Scorecard, by: str, *, most: int = 40) -> Chart:
    """Draw the rate of every segment of one dimension with its interval, against the rate of all.

    Parameters
    ----------
    by
        One of the dimensions of the scorecard.
    most
        The segments drawn: those told apart first, then those with most rows; the title and the alt text speak of all.

    Raises
    ------
    KeyError
        The scorecard has no such dimension.
    """
    cut = card.segments[by]
    rows = cut.drawn(most)
    title, unit = cut.finding(), cut.unit
    left_out = len(cut.rows) - len(rows)
    subtitle = (
        f"{cut.rate_label} by {by} · {card.period} · {card.confidence:.0%} intervals · n = "
        f"{formats.exact(cut.rows['n'].sum())}" + (f" · {left_out} more not drawn" if left_out else "")
    )
    with canvas(title, subtitle, height=0.45 + 0.235 * len(rows)) as (figure, (ax,)):
        colour = style.measure_colour(cut.rate)
        for y, row in enumerate(rows.to_dict("records")):
            tone = {"above": style.GOOD, "below": style.BAD}.get(row["flag"], colour)
            if not formats.is_missing(row["low"]):
                ax.plot([row["low"], row["high"]], [y, y], color=tone, linewidth=2.2, alpha=0.55)
            ax.plot([row["rate"]], [y], "o", color=tone, markersize=5.5)
            ax.annotate(
                plain(f"{formats.value(row['rate'], unit)} of {formats.exact(row['n'])}{_mark(row['flag'])}"),
                (1.01, y),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=8.5,
                color=_LIGHT_INK,
                fontweight="bold" if row["flag"] in ("above", "below") else "normal",
            )
        ax.axvline(cut.overall, color=_LIGHT_MUTED, linewidth=1, linestyle=(0, (4, 3)))
        ax.annotate(
            plain(f"all {formats.value(cut.overall, unit)}"),
            (cut.overall, -0.8),
            ha="center",
            va="bottom",
            fontsize=8.5,
            color=_LIGHT_MUTED,
            annotation_clip=False,
        )
        ax.set_yticks(range(len(rows)), [plain(_short(s)) for s in rows["segment"]], color=_LIGHT_INK)
        ax.set_ylim(len(rows) - 0.4, -0.8)
        ax.xaxis.set_major_formatter(lambda v, _: plain(formats.value(v, unit).replace(".0 %", " %")))
        ax.xaxis.set_major_locator(_few_ticks())
        ax.spines["left"].set_visible(False)
        figure.subplots_adjust(left=0.24, right=0.8, bottom=0.3 / figure.get_figheight())
        told = "; ".join(
            f"{row['segment']} {formats.value(row['rate'], unit)} of {formats.exact(row['n'])}{_mark(row['flag'])}"
            for row in rows.to_dict("records")
        )
        return finish(figure, title, f"{title} {subtitle}. All {formats.value(cut.overall, unit)}. {told}.")


def _mark(flag: str) -> str:
    return {"above": " ▲ above", "below": " ▼ below", "few": " too few"}.get(flag, "")


def _short(text: object, most: int = 26) -> str:
    words = " ".join(formats.visible(str(text)).split())
    return words if len(words) <= most else words[: most - 1] + "…"


def _few_ticks() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10])
