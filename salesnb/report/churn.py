"""Churn as pictures and tables: how long customers stay, after what they leave, and who may be next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from salesnb import formats
from salesnb.analysis.churn_card import ChurnCard
from salesnb.kpis.incidence import Curve
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain, words_alone
from salesnb.report.tables import Cell, Table, by_row, number, table, text

Row = Mapping[str, Any]
_LINES = (style.BLUE, style.VERMILION, style.GREEN, style.OCHRE, style.VIOLET, style.SKY, style.PINK, style.GREY)
_GROUPS = {"promoter": style.BLUE, "passive": style.GREY, "detractor": style.VERMILION}
_ENOUGH = 10
_MOST = 20


def stay_chart(found: ChurnCard, by: str = "last answer") -> Chart:
    """Draw the share of customers still there by months of tenure, of each segment of a dimension, with bands.

    Parameters
    ----------
    by
        A dimension of ``curves``; all customers together where it has none of that name.
    """
    title = found.group_finding() if by == "last answer" else found.finding()
    lines = found.curves.get(by) or found.curves.get("", {})
    title = title or found.finding()
    if not lines:
        return words_alone(title)
    subtitle = (
        f"share still there by months under contract, by {by if by in found.curves else 'all'} (Kaplan and Meier) · "
        f"{found.confidence:.0%} bands · while {_ENOUGH} or more were watched"
    )
    with canvas(title, subtitle, height=2.5) as (figure, (ax,)):
        ends, told = [], []
        for line, (name, curve) in zip(_LINES, sorted(lines.items()), strict=False):
            colour = _GROUPS.get(name, line)
            known = curve.at_risk >= _ENOUGH
            if not known.any():
                continue
            months = np.concatenate(([0.0], curve.days[known]))
            left = np.concatenate(([0.0], curve.won[known]))
            error = 1.96 * np.sqrt(np.concatenate(([0.0], curve.variance[known])))
            ax.step(months, 1 - left, where="post", color=colour, linewidth=1.8)
            ax.fill_between(months, 1 - np.minimum(left + error, 1), 1 - np.maximum(left - error, 0), step="post",
                            color=colour, alpha=0.15, linewidth=0)  # fmt: skip
            ends.append((1 - float(left[-1]), months[-1], name, colour))
            told.append(f"{name} {_after(curve, 12)} after 12 months")
        if not ends:
            return words_alone(title)
        top, last = max(end[1] for end in ends), 2.0
        for value, at, name, colour in sorted(ends, reverse=True):
            last = min(value, last - 0.06)
            ax.text(top * 1.015, last, plain(f"{name} {formats.share(value, 0)}"), fontsize=8.5, color=colour,
                    va="center", fontweight="bold")  # fmt: skip
            del at
        ax.set_xlim(0, top)
        ax.set_ylim(max(0.0, min(min(end[0] for end in ends), last) - 0.08), 1.02)
        ax.yaxis.set_major_formatter(lambda v, _: plain(formats.share(v, 0)))
        ax.set_xlabel("months under contract")
        figure.subplots_adjust(left=0.07, right=0.82, bottom=0.5 / figure.get_figheight())
        return finish(figure, title, f"{title} {subtitle}. {'; '.join(told)}.")


def _after(curve: Curve, months: int) -> str:
    return formats.share(1 - curve.by(months), 0)


def stay_table(found: ChurnCard) -> Table:
    """Make the table of who is still there after half a year, one and two years, by dimension and segment."""
    rows = [
        {"by": by or "all", "segment": name, "n": curve.n, "curve": curve}
        for by, lines in found.curves.items()
        for name, curve in sorted(lines.items())
    ]

    def at(months: int) -> Any:
        def show(row: Row) -> Cell:
            curve = row["curve"]
            if not len(curve.days) or curve.days[curve.at_risk >= _ENOUGH].max(initial=0) < months:
                return Cell("", "muted")
            low, high = curve.interval(months, confidence=found.confidence)
            return Cell(formats.share(1 - curve.by(months), 0), detail=formats.interval(1 - high, 1 - low, "ratio"))

        return show

    return table(
        pd.DataFrame(rows, columns=["by", "segment", "n", "curve"]),
        {
            "segment": by_row(
                "Customers", lambda row: Cell(str(row["segment"]), detail=str(row["by"])), is_number=False
            ),
            "n": number("Watched from the start", formats.exact),
            **{f"m{months}": by_row(f"There after {months} months", at(months)) for months in (6, 12, 24)},
        },
        caption=found.finding(),
        note="Customers still there count for as long as they were watched. Empty: too few were watched so long.",
        empty=found.headlines()[0],
    )


def _segment(row: Row) -> Cell:
    return Cell(str(row["segment"]), detail=str(row["by"]))


def group_table(found: ChurnCard) -> Table:
    """Make the table of monthly churn by what customers answered last."""
    words = {"promoter": "9 or 10", "passive": "7 or 8", "detractor": "0 to 6", "none": "never answered"}
    return table(
        found.groups,
        {
            "group": text("Last answer", lambda name: Cell(words.get(name, name), detail=str(name))),
            "months": number("Customer-months", formats.exact),
            "lost": number("Left", formats.exact),
            "rate": by_row("Leave in a month", _rate),
        },
        caption=found.group_finding() or "Whether detractors leave sooner cannot be told",
        note="An answer counts from the month in which it was given until the next one.",
        empty="It needs feedback with a score, an account and a day, and subscriptions.",
    )


def _rate(row: Row) -> Cell:
    return Cell(formats.share(row["rate"], 2), detail=formats.interval(row["low"], row["high"], "ratio"))


def signal_table(found: ChurnCard) -> Table:
    """Make the table of signals: how much oftener customers left who had one."""

    def times(row: Row) -> Cell:
        if formats.is_missing(row["ratio"]):
            return Cell(formats.NOT_AVAILABLE, "muted", "nobody left on one side")
        detail = f"{row['ratio_low']:.1f} to {row['ratio_high']:.1f}"
        return Cell(f"{formats.value(row['ratio'], 'number')} times", "bad" if row["is_apart"] else "", detail)

    return table(
        found.signals,
        {
            "words": text("Signal", lambda words: str(words)[0].upper() + str(words)[1:]),
            "months": number("Customer-months", formats.exact),
            "lost": number("Left", formats.exact),
            "rate": by_row("Leave in a month", _rate),
            "other": number("The others", lambda v: formats.share(v, 2)),
            "ratio": by_row("As often", times),
            "is_apart": by_row(
                "", lambda row: Cell("▲ told apart", "bad") if row["is_apart"] else Cell("may be chance", "muted"),
                is_number=False,
            ),
        },
        caption=found.risk_finding() if not found.nothing else found.finding(),
        note=(
            f"Told apart: the share of false signals held at {formats.share(1 - found.confidence, 0)}. A signal says "
            "who leaves more often, not why."
        ),
        empty=found.headlines()[0],
    )  # fmt: skip


def risk_table(found: ChurnCard) -> Table:
    """Make the table of the customers at risk, those with most at stake first."""
    rows = found.risks
    more = f" {formats.plural(len(rows) - _MOST, 'more customer')} not shown." if len(rows) > _MOST else ""
    return table(
        rows.head(_MOST),
        {
            "account_id": text("Customer"),
            "mrr": number("Pays a month", formats.money),
            "signals": by_row("Why", _why, is_number=False),
            "odds": number("As often as usual", lambda v: f"{formats.value(v, 'number')} times"),
            "expected": number("Expected to go within a month", formats.money),
        },
        caption=found.risk_finding() if not found.nothing else found.finding(),
        note=f"Amounts in {found.currency}. Several signals multiply, as if each stood alone.{more}",
        empty="No customer has a signal that is told apart, or has given notice.",
    )


def _why(row: Row) -> Cell:
    told = [str(row["signals"])] if row["signals"] else []
    if not formats.is_missing(row["notice"]):
        told.append(f"ends on {str(row['notice'])[:10]}")
    return Cell("; ".join(told))
