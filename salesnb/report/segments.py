"""Who the customers are, as pictures and tables: how they buy, what they bring, and what sets the good ones apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import key
from salesnb.analysis.segments import profile_key
from salesnb.analysis.segments_buyers import NAMES, SCORES
from salesnb.analysis.segments_card import SegmentsCard
from salesnb.analysis.segments_profile import OUTCOMES
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain, words_alone
from salesnb.report.cohorts_charts import ink_on, shade, square
from salesnb.report.tables import Cell, Table, by_row, folded, number, table, text

Row = Mapping[str, Any]
_MARKS = {"above": ("▲", "good"), "below": ("▼", "bad")}
_HANGS = {
    "top_1": "the largest customer", "top_5": "the 5 largest", "top_10": "the 10 largest", "top_20": "the 20 largest",
    "fifth": "the largest fifth", "gini": "Gini (0: all alike, 1: one has all)", "alike": "as concentrated as",
}  # fmt: skip


def rfm_chart(found: SegmentsCard) -> Chart:
    """Draw how many customers have each score of recency and frequency, and what they paid."""
    title = found.buyer_finding()
    if found.no_buyers:
        return words_alone(title)
    subtitle = (
        f"customers by when they last ordered (up: of late) and how often (right: often), 1 to 5, ties alike · "
        f"share of what all paid below · as of {found.day} · n = {formats.exact(found.customers)}"
    )
    cells = found.cells.groupby(["r", "f"], as_index=False)[["customers", "spent"]].sum()
    names = {pair: name for name, (pairs, _) in NAMES.items() for pair in pairs.split()}
    top, total = float(cells["customers"].max()), float(cells["spent"].sum())
    with canvas(title, subtitle, height=2.7) as (figure, (ax,)):
        told = []
        for row in cells.to_dict("records"):
            part = float(row["customers"]) / top
            colour = shade(part)
            ink = ink_on(colour)
            ax.add_patch(square(row["f"], row["r"], colour))
            name = names[f"{row['r']}:{row['f']}"]
            brought = formats.share(row["spent"] / total, 0) if total > 0 else formats.NOT_AVAILABLE
            ax.text(row["f"], row["r"] + 0.26, plain(name), ha="center", va="center", fontsize=7.5, color=ink)
            ax.text(row["f"], row["r"], plain(formats.exact(row["customers"])), ha="center", va="center",
                    fontsize=9.5, fontweight="bold", color=ink)  # fmt: skip
            ax.text(row["f"], row["r"] - 0.27, plain(brought), ha="center", va="center", fontsize=7.5, color=ink)
            told.append(f"recency {row['r']}, frequency {row['f']}, {name}: {row['customers']} customers, {brought}")
        scores = range(1, SCORES + 1)
        ax.set_xticks(list(scores), [str(score) for score in scores])
        ax.set_yticks(list(scores), [str(score) for score in scores])
        ax.set_xlabel("frequency")
        ax.set_ylabel("recency")
        ax.tick_params(length=0)
        ax.set_xlim(0.48, SCORES + 0.52)
        ax.set_ylim(0.48, SCORES + 0.52)
        for side in ("left", "bottom"):
            ax.spines[side].set_visible(False)
        figure.subplots_adjust(left=0.07, right=0.99, bottom=0.5 / figure.get_figheight())
        return finish(figure, title, f"{title} {subtitle}. {'; '.join(told)}.")


def name_table(found: SegmentsCard) -> Table:
    """Make the table of customers by how they buy, and who came back."""

    def back(row: Row) -> Cell:
        if formats.is_missing(row["rate"]):
            return Cell("", "muted", "nobody was called so")
        detail = f"{formats.interval(row['low'], row['high'], 'ratio')}, of {formats.exact(row['then'])}"
        return Cell(formats.share(row["rate"], 0), detail=detail)

    def customers(row: Row) -> Cell:
        opens = key("rfm", row["name"]) if row["customers"] else ""
        return Cell(formats.exact(row["customers"]), "", formats.share(row["share"], 0), opens)

    def spent(row: Row) -> Cell:
        opens = key("rfm", row["name"]) if row["customers"] else ""
        return Cell(formats.money(row["spent"]), "", formats.share(row["spent_share"], 0), opens)

    return table(
        found.names,
        {
            "name": by_row("Customers", _named, is_number=False),
            "customers": by_row("How many", customers),
            "spent": by_row("Paid so far", spent),
            "orders": number("Orders each", lambda v: "" if formats.is_missing(v) else f"{v:.1f}"),
            "days": number("Days since the last", lambda v: "" if formats.is_missing(v) else formats.exact(round(v))),
            "rate": by_row("Of those so called a year before, back since", back),
        },
        caption=found.name_finding() or found.buyer_finding(),
        note=f"In {found.currency}, net of returns; bills of a contract are no orders. Whether a name says anything is "
        "in the last column.",
        empty=found.buyer_finding(),
    )


def _named(row: Row) -> Cell:
    name = str(row["name"])
    return Cell(name[0].upper() + name[1:], detail=str(row["meaning"]))


def hang_chart(found: SegmentsCard) -> Chart:
    """Draw how much the customers bring, the largest first: how far from all alike."""
    title = found.value_finding()
    if found.no_value or not found.hang:
        return words_alone(title)
    subtitle = (
        f"share of what all bring in the year to {found.day} by share of the customers, the largest first · "
        f"{found.basis} · dashes: all alike · n = {formats.plural(int(found.hang['customers']), 'customer')}"
    )
    with canvas(title, subtitle, height=2.2) as (figure, (ax,)):
        ax.plot([0, 1], [0, 1], color=style.GREY, linewidth=1, linestyle=(0, (4, 3)))
        ax.plot(found.curve["part"], found.curve["share"], color=style.BLUE, linewidth=2)
        for name, limit in (("A", 0.8), ("B", 0.95)):
            own = found.tiers[found.tiers["tier"] <= name]
            x, y = float(own["share"].sum()), float(own["brings_share"].sum())
            if own.empty or x <= 0:
                continue
            ax.scatter([x], [y], s=30, color=style.BLUE, zorder=3)
            words = f"tier {name}: {formats.share(x, 0)} of the customers bring {formats.share(limit, 0)}"
            side = "right" if x > 0.5 else "left"
            ax.annotate(plain(words), (x, y), (0, -12 if side == "right" else -4), textcoords="offset points",
                        fontsize=8.5, va="top", ha=side)  # fmt: skip
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(lambda v, _: plain(formats.share(v, 0)))
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1.02)
        ax.set_xlabel("customers, the largest first")
        figure.subplots_adjust(left=0.07, right=0.98, bottom=0.5 / figure.get_figheight())
        steps = found.curve[(found.curve["part"] * 10).round(6) % 1 == 0]
        told = "; ".join(
            f"{formats.share(row['part'], 0)} bring {formats.share(row['share'], 0)}"
            for row in steps.to_dict("records")
        )
        return finish(figure, title, f"{title} {subtitle}. {told}.")


def tier_table(found: SegmentsCard) -> Table:
    """Make the table of tiers by what customers bring, and who moved between them."""
    tiers = found.tiers[found.tiers["customers"] > 0]

    def amount(row: Row) -> Cell:
        return Cell(
            formats.money(row["brings"]), "", formats.share(row["brings_share"], 0), key("tier", row["tier"])
        )  # fmt: skip

    def count(row: Row) -> Cell:
        return Cell(formats.exact(row["customers"]), "", formats.share(row["share"], 0), key("tier", row["tier"]))

    return table(
        tiers,
        {
            "tier": text("Tier"),
            "customers": by_row("Customers", count),
            "brings": by_row("Bring a year", amount),
            "least": number("At least", formats.money),
            "up": number("Came up", formats.exact),
            "same": number("Were in it", formats.exact),
            "down": number("Came down", formats.exact),
            "new": number("Were in none", formats.exact),
            "gone": number("Gone from it", formats.exact),
        },
        caption=found.tier_finding(),
        note=f"In {found.currency}: {found.basis or 'sales of the year'}. Tier A brings the first 80 %, B up to 95 %, "
        "C the rest; moves are against the tiers of a year before, and those gone bring nothing now.",
        empty=found.value_finding(),
    )


def hang_table(found: SegmentsCard) -> Table:
    """Make the table of how much hangs on a few customers, now and a year before."""
    rows = pd.DataFrame(
        [{"name": name, "words": words, "now": found.hang.get(name), "before": found.hung.get(name)}
         for name, words in _HANGS.items() if name in found.hang],
        columns=["name", "words", "now", "before"],
    )  # fmt: skip

    def shown(column: str) -> Any:
        def show(row: Row) -> Cell:
            if formats.is_missing(row[column]):
                return Cell(formats.NOT_AVAILABLE, "muted")
            if row["name"] == "alike":
                return Cell(f"{formats.exact(round(row[column]))} of one size")
            return Cell(f"{row[column]:.2f}" if row["name"] == "gini" else formats.share(row[column]))

        return show

    return table(
        rows,
        {
            "words": text("Hangs on", lambda words: str(words)[0].upper() + str(words)[1:]),
            "now": by_row("Now", shown("now")),
            "before": by_row("A year before", shown("before")),
        },
        caption=found.hang_finding(),
        note="As concentrated as: 1 / the sum of squared shares (Herfindahl).",
        empty=found.value_finding(),
    )


def profile_table(found: SegmentsCard) -> Table:
    """Make the table of the values that are told apart: where they win, stay and grow."""
    keyed = {(row["outcome"], row["attribute"], row["value"]): row for row in found.profile.to_dict("records")}

    def outcome(name: str) -> Any:
        def show(row: Row) -> Cell:
            own = keyed.get((name, row["attribute"], row["value"]))
            if own is None:
                return Cell("", "muted")
            detail = f"others {formats.share(own['others'], 0)}, n = {formats.exact(own['n'])}"
            words = formats.share(own["rate"], 0)
            if own["flag"] not in _MARKS:
                return Cell(words, "muted", "few" if own["flag"] == "few" else f"{detail}, may be chance")
            mark, tone = _MARKS[own["flag"]]
            return Cell(f"{mark} {words}", tone, detail, profile_key(own) if own["did"] else "")  # type: ignore[arg-type]

        return show

    made = table(
        found.ideal,
        {
            "value": by_row(
                "Customers", lambda row: Cell(str(row["value"]), detail=str(row["attribute"])), is_number=False
            ),
            **{name: by_row(words[0].upper() + words[1:], outcome(name)) for name, words in OUTCOMES.items()},
        },
        caption=found.profile_finding(),
        note=f"Each value against all others by Fisher's exact test; the share of false marks held at "
        f"{formats.share(1 - found.confidence, 0)}. Looked at one by one: two that go together may say the same."
        + "".join(f" {name.capitalize()}: {why}." for name, why in found.missing.items()),
        empty="; ".join(dict.fromkeys(found.missing.values())).capitalize() or "Nothing is told apart.",
    )
    return folded(made, len(found.ideal), "value")
