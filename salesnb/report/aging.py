"""Aging as pictures and tables: open deals by how long they have stood against the norm, and how they were pushed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from salesnb import formats
from salesnb.analysis.aging import Aging
from salesnb.analysis.aging_card import CLASSES, STALE, stale_key
from salesnb.analysis.aging_pushes import MANY
from salesnb.analysis.aging_words import often, push_finding
from salesnb.analysis.behind import key
from salesnb.analysis.hygiene_deals import money_of
from salesnb.kpis.dimensions import NONE
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain, words_alone
from salesnb.report.tables import Cell, Column, Table, by_row, table, text

Row = Mapping[str, Any]
_INK = style.INK["light"]
_WORDS = {
    "usual": "up to the median",
    "slow": "to 80 %",
    "late": "to 90 %",
    "beyond": "beyond 90 %",
    "unknown": "not known",
}
_TONES = {
    "usual": "#9fb8cc",
    "slow": "#5b8bb0",
    "late": style.OCHRE,
    "beyond": style.BAD,
    "unknown": style.RULE["light"],
}


def aging_chart(found: Aging) -> Chart:
    """Draw the open pipeline of each stage by how long it has stood there against the deals that were won."""
    title, rows = found.finding(), found.stages[found.stages["deals"] > 0]
    if rows.empty:
        return words_alone(title)
    from matplotlib.ticker import MaxNLocator

    unit = found.currency if found.unit == "money" else "deals"
    against = "won deals stayed there" if found.basis == "stage" else "won deals took"
    subtitle = (
        f"open pipeline, {unit}, by days against those that {against} · as of {found.day} · "
        f"n = {formats.plural(int(rows['deals'].sum()), 'deal')}"
    )
    shown = [each for each in CLASSES if rows[f"{each}_deals"].sum()]
    with canvas(title, subtitle, height=0.75 + 0.36 * len(rows)) as (figure, (ax,)):
        y, start = np.arange(len(rows)), np.zeros(len(rows))
        for each in shown:
            sizes = rows[f"{each}_amount"].clip(lower=0).to_numpy(float)
            ax.barh(y, sizes, left=start, height=0.6, color=_TONES[each], label=_WORDS[each], edgecolor="white")
            start = start + sizes
        ax.set_yticks(y, [plain(_short(name)) for name in rows["stage"]])
        beside = ax.get_yaxis_transform()
        for place, row in enumerate(rows.to_dict("records")):
            ax.text(
                1.01, float(place), plain(_told(found, row)), transform=beside, va="center", fontsize=8.5, color=_INK
            )
        ax.invert_yaxis()
        ax.xaxis.set_major_locator(MaxNLocator(nbins=5))
        ax.xaxis.set_major_formatter(lambda v, _: plain(formats.compact(v)))
        figure.legend(loc="lower left", bbox_to_anchor=(0.18, 0.0), ncols=len(shown), frameon=False, fontsize=8.5,
                      handlelength=1.0, columnspacing=1.2)  # fmt: skip
        figure.subplots_adjust(left=0.19, right=0.72, bottom=0.6 / figure.get_figheight())
        listed = "; ".join(f"{row['stage']}: {_all(found, row)}" for row in rows.to_dict("records"))
        return finish(figure, title, f"{title} {subtitle}. {listed}.")


def _told(found: Aging, row: Mapping[Any, Any]) -> str:
    if not row["median"] >= 0:
        return "no norm"
    if not row["beyond_deals"]:
        return "none beyond 90 %"
    count = formats.plural(int(row["beyond_deals"]), "deal")
    return (
        f"{_size(found, row['beyond_amount'])} in {count} beyond 90 %" if found.unit == "money" else f"{count} beyond"
    )


def _all(found: Aging, row: Mapping[Any, Any]) -> str:
    return ", ".join(
        f"{_size(found, row[f'{each}_amount'])} {_WORDS[each]}" for each in CLASSES if row[f"{each}_deals"]
    )


def _size(found: Aging, amount: float) -> str:
    return formats.money(amount) if found.unit == "money" else formats.exact(amount)


def aging_table(found: Aging) -> Table:
    """Make the table of stages: the norm of won deals, the open ones of each class, and those that lie idle."""

    def cell(each: str) -> Any:
        def show(row: Row) -> Cell:
            if not row[f"{each}_deals"]:
                return Cell("")
            count = formats.plural(int(row[f"{each}_deals"]), "deal")
            opens = key("aging", row["place"], each)
            tone: Any = "bad" if each == "beyond" else ""
            if found.unit != "money":
                return Cell(count, tone, opens=opens)
            return Cell(formats.money(row[f"{each}_amount"]), tone, count, opens)

        return show

    columns: dict[str, Column] = {
        "stage": text("Stage", lambda name: Cell("no stage" if name == NONE else str(name))),
        "open": by_row("Open", cell("open")),
        "n": by_row("Won deals stayed", _norm, is_number=False),
        **{each: by_row(_WORDS[each].capitalize(), cell(each)) for each in CLASSES},
        "idle": by_row(f"Idle {found.idle_limit} days", cell("idle")),
        "oldest": by_row("Oldest", _oldest),
    }
    rows = found.stages.assign(open_deals=found.stages["deals"], open_amount=found.stages.get("amount"))
    for each in (*CLASSES, "idle"):
        if f"{each}_deals" in rows and not rows[f"{each}_deals"].sum():
            columns.pop(each)
    since = "in the stage" if found.basis == "stage" else "since creation, as no log of stages is given"
    return table(
        rows,
        columns,
        caption=found.finding(),
        note=(
            f"As of {found.day}, amounts in {found.currency}. Days {since}; the classes are the shares of won deals "
            "that took at most so long, in the deal's market segment where enough are known."
        ),
        empty=found.nothing or "No deal is open.",
    )


def _oldest(row: Row) -> Cell:
    if formats.is_missing(row["oldest"]):
        return Cell("")
    return Cell(formats.days(row["oldest"]), opens=key("aging", row["place"], "open"))


def _norm(row: Row) -> Cell:
    if formats.is_missing(row["median"]):
        return Cell("no won deal", "muted")
    words = f"{formats.days(row['median'])}, 9 in 10 at most {formats.days(row['p90'])}"
    return Cell(words, "", f"n = {formats.exact(row['n'])}")


def stale_table(found: Aging, *, most: int = STALE) -> Table:
    """Make the table of the largest deals that are beyond the norm or idle.

    Parameters
    ----------
    most
        The deals shown; the number above the table opens all of them.
    """
    rows = found.stale.assign(opens=[stale_key(place) for place in range(len(found.stale))])
    columns: dict[str, Column] = {
        "opportunity_id": Column("Deal", breaks=True),
        "owner": text("Owner", lambda name: Cell("nobody" if name == NONE else str(name))),
        "norm_stage": text("Stage"),
        "parts": by_row("Amount", lambda row: Cell(formats.money(money_of(row["parts"])), opens=row["opens"])),
        "days": by_row("There for", _days),
        "idle": by_row("Without activity for", _idle),
    }
    if found.unit != "money":
        columns.pop("parts")
    if rows.empty or rows["idle"].isna().all():
        columns.pop("idle")
    count = formats.plural(len(rows), "deal")
    return table(
        rows,
        columns,
        caption=f"{count} {'is' if len(rows) == 1 else 'are'} beyond the norm or idle, the largest first",
        note=f"Amounts in {found.currency}.",
        most=most,
        empty="None that can be seen.",
    )


def _days(row: Row) -> Cell:
    if formats.is_missing(row["days"]):
        return Cell("not known", "muted")
    norm = "" if formats.is_missing(row["p90"]) else f"9 in 10 won: {formats.days(row['p90'])}"
    return Cell(formats.days(row["days"]), "bad" if row["is_beyond"] else "", norm, row["opens"])


def _idle(row: Row) -> Cell:
    return Cell("") if formats.is_missing(row["idle"]) else Cell(formats.days(row["idle"]), opens=row["opens"])


def push_table(found: Aging) -> Table:
    """Make the table of open deals by how often their expected close was moved later."""

    def open_deals(row: Row) -> Cell:
        count, opens = (
            formats.plural(int(row["deals"]), "deal"),
            key("aging pushed", int(row["pushes"])) if row["deals"] else "",
        )
        return (
            Cell(formats.money(row["amount"]), "", count, opens)
            if found.unit == "money"
            else Cell(count, "", "", opens)
        )

    return table(
        found.pushed,
        {
            "pushes": text("Moved later", lambda count: Cell(often(int(count)), "bad" if count >= MANY else "")),
            "deals": by_row("Open deals", open_deals),
        },
        caption=push_finding(found) if not found.nothing else found.finding(),
        note=f"As of {found.day}, amounts in {found.currency}.",
        empty=_needs(found),
    )


def slip_chart(found: Aging) -> Chart:
    """Draw how many days later the expected closes of the period were moved, by bucket."""
    title, rows = slip_finding(found), found.slips
    if rows.empty or not rows["pushes"].sum():
        return words_alone(title)
    subtitle = f"pushes in {found.period} up to {found.day}, by days · n = {formats.exact(rows['pushes'].sum())}"
    with canvas(title, subtitle, height=1.5) as (figure, (ax,)):
        bars = ax.bar(np.arange(len(rows)), rows["pushes"], width=0.7, color=style.measure_colour("pipeline_value"))
        ax.bar_label(bars, [formats.exact(count) for count in rows["pushes"]], padding=2, fontsize=9)
        ax.set_xticks(np.arange(len(rows)), list(rows["bucket"]))
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        ax.set_ylim(0, float(rows["pushes"].max()) * 1.15)
        figure.subplots_adjust(left=0.03, right=0.98, bottom=0.3 / figure.get_figheight())
        listed = "; ".join(f"{row['bucket']} {row['pushes']}" for row in rows.to_dict("records"))
        return finish(figure, title, f"{title} {subtitle}. {listed}.")


def slip_finding(found: Aging) -> str:
    """Say how many expected closes were moved later in the period, and how far."""
    days = found.slip_days
    if not days:
        return "How far deals slip is not known"
    if not days["n"]:
        return f"No expected close was moved later in {found.period}"
    count = formats.plural(int(days["n"]), "expected close was", "expected closes were")
    return f"{count} moved later in {found.period}, by {formats.days(days['median'])} in the middle"


def slip_table(found: Aging) -> Table:
    """Make the table of the pushes made in the period by how many days later."""
    whole = found.slips["pushes"].sum() if len(found.slips) else 0
    rows = found.slips.assign(place=range(len(found.slips)))
    columns = {
        "bucket": text("Moved later by"),
        "pushes": by_row("Pushes", lambda row: _slipped(row, formats.exact(row["pushes"]))),
        "share": by_row(
            "Share", lambda row: _slipped(row, formats.share(row["pushes"] / whole, 0)) if whole else Cell("")
        ),
    }
    return table(rows, columns, caption=slip_finding(found), empty=_needs(found))


def _slipped(row: Row, words: str) -> Cell:
    return Cell(words, opens=key("aging slip", row["place"]) if row["pushes"] else "")


def _needs(found: Aging) -> str:
    needs = [row["needs"] for row in found.missing.to_dict("records") if "expected_close_on" in row["needs"]]
    return f"It needs {needs[0]}." if needs else found.nothing or "Nothing to show."


def missing_table(found: Aging) -> Table:
    """Make the table of what the source does not give, and what aging cannot tell without it."""
    rows: pd.DataFrame = found.missing
    return table(
        rows,
        {"needs": text("Needs"), "costs": text("To tell")},
        caption="What aging cannot tell" if len(rows) else "What is missing for aging",
        empty="Nothing: the source gives all that it asks for.",
    )


def _short(text_: object, most: int = 24) -> str:
    words = " ".join(formats.visible(str(text_)).split())
    return words if len(words) <= most else words[: most - 1] + "…"
