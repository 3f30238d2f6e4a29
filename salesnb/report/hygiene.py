"""Hygiene as a picture, from the pipeline as it is to the clean one, and as tables of the rules and of owners."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import key
from salesnb.analysis.hygiene import Hygiene
from salesnb.kpis.dimensions import NONE
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain
from salesnb.report.tables import Cell, Column, Table, by_row, folded, table, text

Row = Mapping[str, Any]
_INK = style.INK["light"]


def hygiene_chart(found: Hygiene) -> Chart:
    """Draw the way from the open pipeline to the clean one: what each rule takes away, a deal counted once."""
    title = found.finding()
    parts = (
        found.rules[found.rules["own_deals"] > 0] if len(found.rules) and "own_deals" in found.rules else found.rules
    )
    if not found.totals or not found.totals["all"]["deals"] or parts.empty:
        with canvas(title, "", height=0.1) as (figure, (ax,)):
            ax.set_axis_off()
            return finish(figure, title, title)
    from matplotlib.ticker import MaxNLocator

    whole, clean = found.totals["all"], found.totals["clean"]
    unit = f"open pipeline, {found.currency}" if found.unit == "money" else "open deals"
    subtitle = f"{unit} · as of {found.day} · n = {formats.exact(whole['deals'])} deals · each counts once"
    steps = [("all open", whole["amount"], whole["deals"])]
    steps += [(r["words"], r["own_amount"], r["own_deals"]) for r in parts.to_dict("records")]
    steps += [("clean", clean["amount"], clean["deals"])]
    sizes = np.array([size for _, size, _ in steps], dtype=float)
    starts = np.concatenate(([0.0], sizes[0] - np.cumsum(sizes[1:-1]), [0.0]))
    colour = style.measure_colour("pipeline_value")
    tones = [colour, *[style.BAD] * len(parts), colour]
    told = [_told(found, size, deals, is_part=0 < i < len(steps) - 1) for i, (_, size, deals) in enumerate(steps)]
    with canvas(title, subtitle, height=0.35 + 0.34 * len(steps)) as (figure, (ax,)):
        y = np.arange(len(steps))
        ax.barh(y, sizes, left=starts, height=0.62, color=tones)
        ax.set_yticks(y, [plain(words) for words, _, _ in steps])
        for place, words in enumerate(told):
            ax.text(
                1.01, place, plain(words), transform=ax.get_yaxis_transform(), va="center", fontsize=8.5, color=_INK
            )
        ax.invert_yaxis()
        ax.set_xlim(left=min(0.0, float((starts + np.minimum(sizes, 0)).min())))
        ax.xaxis.set_major_locator(MaxNLocator(nbins=5))
        ax.xaxis.set_major_formatter(lambda v, _: plain(formats.compact(v)))
        figure.subplots_adjust(left=0.24, right=0.74, bottom=0.3 / figure.get_figheight())
        listed = "; ".join(f"{words} {size}" for (words, _, _), size in zip(steps, told, strict=True))
        return finish(figure, title, f"{title} {subtitle}. {listed}.")


def _told(found: Hygiene, size: float, deals: float, *, is_part: bool) -> str:
    count = formats.plural(int(deals), "deal")
    words = f"{formats.money(size)} in {count}" if found.unit == "money" else count
    return f"{formats.MINUS}{words}" if is_part else words


def hygiene_table(found: Hygiene) -> Table:
    """Make the table of rules: what each finds, and what it costs in pipeline, expected bookings and coverage."""
    columns: dict[str, Column] = {
        "words": by_row("Rule", lambda row: Cell(_upper(row["words"]), detail=str(row["mend"])), is_number=False),
        "deals": by_row("Deals that break it", lambda row: _hit(found, row)),
        "own_amount": by_row("Counted under it", lambda row: _own(found, row)),
        "own_expected": by_row("Expected bookings", lambda row: _sized(row, "expected")),
        "own_due": by_row(f"Due in {found.focus}", lambda row: _due(found, row)),
    }
    if not found.totals or math.isnan(found.totals["all"]["expected"]):
        columns.pop("own_expected")
    totals = pd.DataFrame([_total(found, name, words) for name, words in _TOTALS.items() if found.totals])
    reason = f" Expected bookings need {found.no_rate}." if found.no_rate else ""
    left = "" if math.isnan(found.left) else f" Quota left of {found.focus}: {formats.money(found.left)}."
    return table(
        pd.concat([found.rules, totals], ignore_index=True),
        columns,
        caption=found.finding(),
        note=(
            "A deal that breaks several rules counts under the first of them in this order, so that the parts sum to "
            f"the difference between all and clean. As of {found.day}, amounts in {found.currency}.{left}{reason}"
        ),
        empty=found.nothing or "No deal is open.",
    )


_TOTALS = {"flagged": "All that break a rule", "all": "All open deals", "clean": "Clean, as far as rules see"}


def _total(found: Hygiene, name: str, words: str) -> dict[str, Any]:
    sums = found.totals[name]
    own = {f"own_{size}": value for size, value in sums.items()}
    return {"rule": "", "total": name, "words": words, "mend": "", "is_seen": True, "reason": "", **sums, **own}


def _key(row: Row, *more: str) -> str:
    return key("hygiene", row["total"], *more) if not row["rule"] else key("hygiene", row["rule"], "own", *more)


def _hit(found: Hygiene, row: Row) -> Cell:
    if not row["is_seen"]:
        return Cell("not seen", "unsure", str(row["reason"]))
    opens = _key(row) if not row["rule"] else key("hygiene", row["rule"])
    worth = formats.money(row["amount"]) if found.unit == "money" and row["deals"] else ""
    detail = "; ".join(filter(None, [worth, str(row["reason"])]))
    return Cell(formats.exact(row["deals"]), "", detail, opens if row["deals"] else "")


def _own(found: Hygiene, row: Row) -> Cell:
    if not row["is_seen"] or not row["own_deals"]:
        return Cell("")
    count = formats.plural(int(row["own_deals"]), "deal")
    if found.unit != "money":
        return Cell(count, opens=_key(row))
    return Cell(formats.money(row["own_amount"]), "", count, _key(row))


def _sized(row: Row, size: str) -> Cell:
    if not row["is_seen"] or not row["own_deals"]:
        return Cell("")
    return Cell(formats.money(row[f"own_{size}"]), opens=_key(row, size))


def _due(found: Hygiene, row: Row) -> Cell:
    if not row["is_seen"] or not row["own_due"]:
        return Cell("")
    words = formats.money(row["own_due"]) if found.unit == "money" else formats.exact(row["own_due"])
    covered = row["own_coverage"]
    detail = "" if formats.is_missing(covered) else f"covers {formats.value(covered, 'number')} times what is left"
    return Cell(words, "", detail, _key(row, "due"))


def owner_table(found: Hygiene, *, most: int = 30) -> Table:
    """Make the table of owners: what they have open, and how much of it breaks a rule.

    Parameters
    ----------
    most
        The owners shown, those with most that breaks a rule first.
    """

    def cell(which: str, amount: str, deals: str) -> Any:
        def show(row: Row) -> Cell:
            count = formats.plural(int(row[deals]), "deal")
            opens = key("hygiene owner", row["place"], which) if row[deals] else ""
            return (
                Cell(formats.money(row[amount]), "", count, opens)
                if found.unit == "money"
                else Cell(count, opens=opens)
            )

        return show

    columns: dict[str, Column] = {
        "owner": text("Owner", lambda name: Cell("nobody" if name == NONE else str(name))),
        "deals": by_row("Open", cell("all", "amount", "deals")),
        "flagged": by_row("Breaks a rule", cell("flagged", "flagged_amount", "flagged_deals")),
        "share": by_row("Share of deals", _flagged_share),
        "worst": text("Costs most"),
    }
    told = [sentence for sentence in found.headlines() if sentence.startswith("Most of it is owned by")]
    made = table(
        found.owners,
        columns,
        caption=told[0] if told else "The open deals by owner",
        note=f"As of {found.day}, amounts in {found.currency}.",
        most=most,
        empty=found.nothing or "No deal is open.",
    )
    return folded(made, len(found.owners), "owner")


def _flagged_share(row: Row) -> Cell:
    opens = key("hygiene owner", row["place"], "flagged") if row["flagged_deals"] else ""
    return Cell(formats.share(row["flagged_deals"] / row["deals"], 0), opens=opens)


def unseen_table(found: Hygiene) -> Table:
    """Make the table of what rules cannot see, which is not counted as clean."""
    count = formats.plural(len(found.unseen), "rule sees", "rules see")
    return table(
        found.unseen,
        {"words": text("Rule", lambda words: Cell(_upper(words))), "reason": text("Why")},
        caption=f"{count} nothing, or not all" if len(found.unseen) else "What rules cannot see",
        empty=found.nothing or "Nothing: the source gives all that the rules ask for.",
    )


def _upper(words: str) -> str:
    return words[0].upper() + words[1:]
