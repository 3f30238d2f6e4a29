"""The chances of open deals as a picture and as tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.deals import Deals
from salesnb.analysis.deals_behind import bin_key, day_key, deal_key, group_key, shown_days, worth_key
from salesnb.analysis.deals_card import LISTED
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain
from salesnb.report.tables import Cell, Column, Table, by_row, table, text

Row = Mapping[str, Any]


def reliability(deals: Deals) -> Chart:
    """Draw what was said of past deals against what came of them: right is what lies on the line."""
    found = deals.score
    title = deals.reliability_finding() or deals.headlines()[0]
    if found is None or deals.bins.empty:
        with canvas(title, "", height=0.5) as (figure, (ax,)):
            ax.set_axis_off()
            return finish(figure, title, title)
    first, last = deals.sums["day"].iloc[0], deals.sums["day"].iloc[-1]
    subtitle = (
        f"share won within {deals.horizon} days, against what was said · {formats.share(deals.confidence, 0)} intervals"
        f" · {formats.plural(len(deals.sums), 'past day')}, {first:%Y-%m-%d} to {last:%Y-%m-%d}"
        f" · n = {formats.exact(found.rows)} chances of {formats.exact(found.deals)} deals"
    )
    rows = deals.bins
    colour = style.measure_colour("win_rate")
    ink, muted = style.INK["light"], style.MUTED["light"]
    with canvas(title, subtitle, height=4.2) as (figure, (ax,)):
        ax.plot([0, 1], [0, 1], color=muted, linewidth=1, linestyle=(0, (4, 3)))
        ax.annotate(
            "what was said came true", (0.985, 0.985), xytext=(-6, 0), textcoords="offset points", ha="right",
            va="bottom", rotation=0, fontsize=8.5, color=muted,
        )  # fmt: skip
        tones = [colour if good else style.BAD for good in rows["is_within"]]
        ax.vlines(rows["said"], rows["low"], rows["high"], colors=tones, linewidth=2, alpha=0.55)
        for good, marker in ((True, "o"), (False, "D")):
            some = rows[rows["is_within"] == good]
            ax.scatter(some["said"], some["came"], s=30, color=colour if good else style.BAD, marker=marker, zorder=3)
        for place, row in enumerate(rows.to_dict("records")):
            words = formats.share(row["came"], 0) + ("" if row["is_within"] else " ◆ off")
            below = place % 2 == 1
            ax.annotate(
                plain(words), (row["said"], row["low"] if below else row["high"]), xytext=(0, -3 if below else 3),
                textcoords="offset points", ha="center", va="top" if below else "bottom", fontsize=8.5, color=ink,
            )  # fmt: skip
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1.04)
        for axis, words in ((ax.xaxis, "said"), (ax.yaxis, "won in time")):
            axis.set_major_formatter(lambda v, _: plain(formats.share(v, 0)))
            axis.set_label_text(words)
        figure.subplots_adjust(left=0.1, right=0.96, bottom=0.52 / figure.get_figheight())
        values = "; ".join(
            f"said {formats.share(row['said'], 0)}, won {formats.share(row['came'], 0)} "
            f"({formats.interval(row['low'], row['high'], 'ratio')}, {formats.exact(row['deals'])} deals)"
            for row in rows.to_dict("records")
        )
        return finish(figure, title, f"{title} {subtitle}. {values}.")


def sum_table(deals: Deals) -> Table:
    """Make the table of what the open deals are worth, and what they can be expected to bring."""
    n = len(deals.open)
    rows: list[dict[str, Any]] = [] if deals.nothing else [
        {"what": "Open deals", "cell": Cell(formats.exact(n), opens="deals-count")},
        {"what": "What they are worth", "cell": Cell(formats.money(deals.amount), opens="deals-open")},
    ]  # fmt: skip
    if deals.basis:
        between = f"{formats.share(deals.band, 0)} band {formats.interval(deals.low, deals.high, 'money')}"
        expected = Cell(formats.money(deals.expected), detail=between, opens="deals-expected")
        rows.append({"what": f"Expected within {deals.horizon} days", "cell": expected})
        words = "worth times the stage's win rate"
        weighted = Cell(formats.money(deals.weighted), detail=words, opens="deals-weighted")
        rows.append({"what": "Weighted by stage (pipeline_value.weighted)", "cell": weighted})
    return table(
        pd.DataFrame(rows, columns=["what", "cell"]),
        {"what": text("What"), "cell": _shown("Value")},
        caption=deals.headlines()[0],
        note=f"Amounts in {deals.currency}. The band holds the chance of each deal, as if deals did not hang together.",
        empty=_empty(deals),
    )


def open_table(deals: Deals) -> Table:
    """Make the table of the open deals that are expected to bring most, each with its chance and the reasons."""
    has = bool(deals.basis)
    columns: dict[str, Column] = {
        "opportunity_id": by_row("Deal", lambda row: _deal(row, has), is_number=False),
        "stage": by_row(
            "Stage", lambda row: Cell(_or_none(row["stage"]), detail=_or_none(row["segment"], "")), is_number=False
        ),
        "amount": by_row("Worth", lambda row: _worth(row, has)),
        "probability": by_row("Chance", lambda row: _chance(row, has)),
        "expected": by_row("Expected", lambda row: _opened(formats.money(row["expected"]), row, has)),
        "why": text("Why"),
    }
    if not has:
        columns = {name: columns[name] for name in ("opportunity_id", "stage", "amount")}
    rest = len(deals.open) - LISTED
    shown = deals.open.head(LISTED)
    note = f"Amounts in {deals.currency}; chances are of being won within {deals.horizon} days. " if has else ""
    if has and rest > 0:
        rows = deals.open.iloc[LISTED:]
        note += (
            f"{formats.plural(rest, 'more deal')}, worth {formats.money(rows['amount'].sum())} and expected to bring "
            f"{formats.money(rows['expected'].sum())}, are in the rows behind the sum. "
        )
    elif rest > 0:
        note += f"{formats.plural(rest, 'more deal')} not shown. "
    if deals.basis == "model":
        note += (
            f"An average deal has a chance of {formats.share(1 / (1 + math.exp(-deals.average_log_odds)), 0)}; each "
            "reason multiplies its odds (won to not won), and with all of them the product is exact."
        )
    return table(
        shown.reset_index(drop=True),
        columns,
        caption="The open deals that are expected to bring most" if has else deals.headlines()[0],
        note=note.strip(),
        empty=_empty(deals),
    )


def bins_table(deals: Deals) -> Table:
    """Make the table of what was said of past deals, and what came of them."""

    def said(row: Row) -> Cell:
        between = formats.interval(row["lowest"], row["highest"], "ratio")
        return Cell(formats.share(row["said"]), detail=between, opens=bin_key(int(row["bin"])))

    def came(row: Row) -> Cell:
        between = formats.interval(row["low"], row["high"], "ratio")
        words = formats.share(row["came"]) + ("" if row["is_within"] else " ◆ off")
        return Cell(words, "" if row["is_within"] else "bad", between, opens=bin_key(int(row["bin"])))

    columns = {
        "bin": text("Group", lambda number: str(int(number))),
        "said": by_row("Said", said),
        "came": by_row("Won in time", came),
        "rows": by_row("Chances", lambda row: Cell(formats.exact(row["rows"]), opens=bin_key(int(row["bin"])))),
        "deals": by_row("Deals", lambda row: Cell(formats.exact(row["deals"]), opens=bin_key(int(row["bin"])))),
    }
    return table(
        deals.bins,
        columns,
        caption=deals.reliability_finding() or "Whether chances came true cannot be told",
        note="A deal that was open on several past days has a chance on each; intervals count it once.",
        empty=deals.why or _empty(deals),
    )


def score_table(deals: Deals) -> Table:
    """Make the table of how far the chances missed on past days, and how far the base rate did."""
    found = deals.score
    rows: list[dict[str, Any]] = []
    if found is not None:
        for name, own, base, skill in (
            ("Brier score", found.brier, found.brier_base, (found.skill, found.skill_low, found.skill_high)),
            (
                "Log loss",
                found.log_loss,
                found.log_loss_base,
                (found.log_skill, found.log_skill_low, found.log_skill_high),
            ),
        ):
            saved = Cell(
                formats.share(skill[0]), detail=formats.interval(skill[1], skill[2], "ratio"), opens="deals-tried"
            )
            cells = [Cell(f"{value:.4f}", opens="deals-tried") for value in (own, base)]
            rows.append({"what": name, "own": cells[0], "base": cells[1], "saved": saved})
    return table(
        pd.DataFrame(rows, columns=["what", "own", "base", "saved"]),
        {"what": text("Miss"), "own": _shown("Chances"), "base": _shown("Base rate"), "saved": _shown("Saved")},
        caption=deals.trust_finding() or "Whether chances beat the base rate cannot be told",
        note="Brier score: mean squared miss; one half for all gets 0.25. Intervals by drawing deals again.",
        empty=deals.why or _empty(deals),
    )


def days_table(deals: Deals) -> Table:
    """Make the table of what was expected of the deals open on past days, and what they brought."""
    columns = {
        "day": text("Open on", lambda day: f"{day:%Y-%m-%d}"),
        "expected": by_row(
            "Expected",
            lambda row: Cell(
                formats.money(row["expected"]),
                detail=formats.interval(row["low"], row["high"], "money"),
                opens=day_key(row["day"], "expected"),
            ),
        ),
        "came": by_row(
            "Brought",
            lambda row: Cell(
                formats.money(row["came"]) + ("" if row["is_within"] else " ◆ off"),
                "" if row["is_within"] else "bad",
                opens=day_key(row["day"], "came"),
            ),
        ),
        "deals": by_row("Deals", lambda row: Cell(formats.exact(row["deals"]), opens=day_key(row["day"], "expected"))),
    }
    return table(
        shown_days(deals.sums),
        columns,
        caption=deals.sums_finding() or "Whether the sum came true cannot be told",
        note=f"Amounts in {deals.currency}, as they stood on the day; won within {deals.horizon} days of it.",
        empty=deals.why or _empty(deals),
    )


def base_table(deals: Deals) -> Table:
    """Make the table of base rates, where the chances are these."""
    rows = deals.base if deals.basis == "base rate" else deals.base.head(0)

    def rate(row: Row) -> Cell:
        between = formats.interval(row["low"], row["high"], "ratio")
        return Cell(formats.share(row["rate"]), detail=between, opens=group_key(str(row["group"])))

    columns = {
        "group": text("Deals", lambda group: group or "All"),
        "rate": by_row("Won in time", rate),
        "deals": by_row(
            "Deals known", lambda row: Cell(formats.exact(row["deals"]), opens=group_key(str(row["group"])))
        ),
    }
    return table(
        rows,
        columns,
        caption=f"How often deals were won within {deals.horizon} days of a past day" if len(rows) else "Base rates",
        note="A deal that was open on several past days counts on each; intervals count it once.",
        empty="The chances do not rest on base rates." if deals.basis else deals.why or _empty(deals),
    )


def left_out_table(deals: Deals) -> Table:
    """Make the table of what was not looked at, and why."""
    return table(
        deals.left_out,
        {"column": text("Not looked at"), "reason": text("Why", lambda why: Cell(why))},
        caption="What the chances do not rest on" if len(deals.left_out) else "Nothing is left out",
        empty="Every column that could tell something is looked at.",
    )


def _shown(title: str) -> Column:
    return Column(title, lambda cell: cell, is_number=True)


def _deal(row: Row, has: bool) -> Cell:
    return Cell(
        str(row["opportunity_id"]), detail=str(row["seller"]), opens=deal_key(row["opportunity_id"]) if has else ""
    )


def _worth(row: Row, has: bool) -> Cell:
    return Cell(formats.money(row["amount"]), opens=worth_key(row["opportunity_id"]) if has else "")


def _opened(words: str, row: Row, has: bool) -> Cell:
    return Cell(words, opens=deal_key(row["opportunity_id"]) if has else "")


def _chance(row: Row, has: bool) -> Cell:
    between = formats.interval(row["low"], row["high"], "ratio")
    return Cell(
        formats.share(row["probability"], 0), detail=between, opens=deal_key(row["opportunity_id"]) if has else ""
    )


def _or_none(value: object, none: str = "not known") -> str:
    return value if isinstance(value, str) else none


def _empty(deals: Deals) -> str:
    return deals.headlines()[0]
