"""Cohorts as pictures and tables: the heat map a person expects, curves, cohort against cohort, and segments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.cohorts_card import WORDS, CohortsCard
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain
from salesnb.report.tables import Cell, Column, Table, by_row, number, table, text

Row = Mapping[str, Any]
MOST_AGES = 13
_INK, _MUTED, _SURFACE = style.INK["light"], style.MUTED["light"], style.SURFACE["light"]
_MARKS = {"above": ("▲", "good"), "below": ("▼", "bad")}
_HEAT = {"logo": ("rate", "of the cohort is active"), "money": ("money_rate", "of the money of age 0")}


def heat_map(found: CohortsCard, what: str = "logo") -> Chart:
    """Draw the share of each cohort that is still there at each age; what is not over is hatched.

    Parameters
    ----------
    what
        ``logo``: the accounts; ``money``: their money, over that of the period in which they began.
    """
    column, words = _HEAT[what]
    title = found.finding() if what == "logo" else found.money_finding() or found.finding()
    rows = found.shown[found.shown["age"] < MOST_AGES]
    if found.nothing or rows.empty:
        return _words(title)
    first = 0 if found.start in ("lead", "account") else 1
    values = rows[rows["age"] >= first]
    known = values.loc[values["is_complete"] & values[column].notna(), column]
    top = float(known.max()) if len(known) and known.max() > 0 else 1.0
    labels = list(dict.fromkeys(rows["label"]))
    began = WORDS[found.start][0]
    subtitle = (
        f"share {words}, by age in {found.grain}s since the cohort {began} · as of {found.day} · "
        f"n = {formats.plural(int(rows.drop_duplicates('label')['size'].sum()), 'account')} · hatched: not over yet"
    )
    with canvas(title, subtitle, height=0.55 + 0.27 * len(labels)) as (figure, (ax,)):
        told = []
        for row in values.to_dict("records"):
            if formats.is_missing(row[column]):
                continue
            y, share = labels.index(row["label"]), min(float(row[column]) / top, 1.0)
            colour = _shade(max(share, 0.0))
            hatch = "" if row["is_complete"] else "////"
            ax.add_patch(_square(row["age"], y, colour if row["is_complete"] else _SURFACE, hatch))
            ink = _SURFACE if share > 0.55 and row["is_complete"] else _INK
            ax.text(
                row["age"], y, plain(formats.share(row[column], 0)), ha="center", va="center", fontsize=8, color=ink
            )
            told.append(f"{row['label']} age {row['age']} {formats.share(row[column], 0)}")
        sizes = rows[rows["age"] == 0].set_index("label")["size"]
        ax.set_yticks(
            range(len(labels)), [plain(f"{label}   {formats.exact(sizes[label])}") for label in labels], fontsize=8.5
        )
        ages = sorted(set(values["age"]))
        ax.set_xticks(ages, [str(age) for age in ages], fontsize=8.5)
        ax.xaxis.tick_top()
        ax.tick_params(length=0)
        ax.set_xlim(first - 0.55, max(ages, default=first) + 0.55)
        ax.set_ylim(len(labels) - 0.45, -0.55)
        for side in ("left", "bottom"):
            ax.spines[side].set_visible(False)
        figure.subplots_adjust(left=0.15, right=0.99, top=1 - (1 - figure.subplotpars.top) - 0.02, bottom=0.02)
        return finish(figure, title, f"{title} {subtitle}. {'; '.join(told)}.")


def _shade(share: float) -> str:
    """Return white to blue, the darker the more: light enough below for dark ink, and dark enough above for white."""
    low, high = (0xF1, 0xF6, 0xFA), (0x00, 0x4C, 0x80)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True))


def _square(x: float, y: float, colour: str, hatch: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(
        (x - 0.48, y - 0.46), 0.96, 0.92, facecolor=colour, edgecolor=_MUTED if hatch else _SURFACE, hatch=hatch,
        linewidth=0.4,
    )  # fmt: skip


def curve_chart(found: CohortsCard) -> Chart:
    """Draw the retention of all cohorts by age with its band, in the period, and on or after it."""
    title = found.finding()
    rows = found.averages[(found.averages["age"] > 0) & (found.averages["age"] < 37)]
    if found.nothing or rows.empty:
        return _words(title)
    subtitle = (
        f"share of all cohorts, by age in {found.grain}s · blue: active in the period, with its "
        f"{found.confidence:.0%} band · grey dashes: in it or later · only ages that are over"
    )
    with canvas(title, subtitle, height=2.3) as (figure, (ax,)):
        ax.fill_between(rows["age"], rows["low"], rows["high"], color=style.BLUE, alpha=0.2, linewidth=0)
        ax.plot(rows["age"], rows["rate"], color=style.BLUE, linewidth=2)
        ax.plot(rows["age"], rows["after_rate"], color=style.GREY, linewidth=1.4, linestyle=(0, (4, 2)))
        last = rows.iloc[-1]
        for name, colour in (("rate", style.BLUE), ("after_rate", style.GREY)):
            ax.annotate(plain(formats.share(last[name], 0)), (last["age"], last[name]), (5, 0), fontsize=8.5,
                        textcoords="offset points", va="center", color=colour, annotation_clip=False)  # fmt: skip
        ax.set_ylim(0, max(0.05, float(rows[["rate", "after_rate"]].max().max()) * 1.1))
        ax.set_xlim(rows["age"].min(), max(rows["age"].max(), rows["age"].min() + 1))
        ax.yaxis.set_major_formatter(lambda v, _: plain(formats.share(v, 0)))
        ax.set_xlabel(f"{found.grain}s since they {WORDS[found.start][0]}")
        figure.subplots_adjust(left=0.07, right=0.93, bottom=0.5 / figure.get_figheight())
        told = "; ".join(f"age {row['age']:.0f} {formats.share(row['rate'], 0)}" for row in rows.to_dict("records"))
        return finish(figure, title, f"{title} {subtitle}. {told}.")


def against_chart(found: CohortsCard) -> Chart:
    """Draw the retention of each cohort at the age at which they are compared, with its interval, and that of all."""
    title = found.cohort_finding() or "Whether cohorts differ cannot be told: fewer than two are old enough."
    rows = found.compared[found.compared["cohort"].isin(found.shown["cohort"])]
    if found.nothing or len(rows) < 2:
        return _words(title)
    whole = float(found.compared["in"].sum() / found.compared["size"].sum())
    subtitle = (
        f"share active {formats.plural(found.age, found.grain)} later, by cohort, with its {found.confidence:.0%} "
        f"interval · line: all cohorts · filled: apart from the others by more than chance · "
        f"n = {formats.plural(int(rows['size'].sum()), 'account')}"
    )
    with canvas(title, subtitle, height=1.9) as (figure, (ax,)):
        ax.axhline(whole, color=_MUTED, linewidth=1)
        for x, row in enumerate(rows.to_dict("records")):
            apart = row["flag"] in _MARKS
            colour = {"above": style.GOOD, "below": style.BAD}.get(row["flag"], style.GREY)
            ax.vlines(x, row["low"], row["high"], color=colour, linewidth=2)
            ax.scatter([x], [row["rate"]], s=42, facecolors=colour if apart else _SURFACE, edgecolors=colour, zorder=3)
            ax.annotate(plain(formats.share(row["rate"], 0)), (x, row["high"]), (0, 3), ha="center", fontsize=8,
                        textcoords="offset points")  # fmt: skip
        ax.set_xticks(range(len(rows)), [plain(label) for label in rows["label"]], fontsize=8,
                      rotation=45 if len(rows) > 9 else 0)  # fmt: skip
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        ax.set_ylim(0, min(1.1, float(rows["high"].max()) * 1.15 + 0.01))
        figure.subplots_adjust(left=0.03, right=0.98, bottom=0.6 / figure.get_figheight())
        told = "; ".join(f"{row['label']} {formats.share(row['rate'])}" for row in rows.to_dict("records"))
        return finish(figure, title, f"{title} {subtitle}. {told}.")


def cohort_table(found: CohortsCard, what: str = "logo") -> Table:
    """Make the table of the heat map: each number opens the accounts that were active.

    Parameters
    ----------
    what
        As for :func:`heat_map`.
    """
    column, words = _HEAT[what]
    rows = found.shown[found.shown["age"] < MOST_AGES]
    ages = sorted(set(rows["age"]))
    made = []
    for label, own in rows.groupby("label", sort=False):
        cells = {f"a{row['age']}": row for row in own.to_dict("records")}
        made.append({"label": label, "size": own["size"].iloc[0], **{f"a{age}": cells.get(f"a{age}") for age in ages}})

    def shown(age: int) -> Callable[[Row], Cell]:
        def show(row: Row) -> Cell:
            cell = row[f"a{age}"]
            if not isinstance(cell, Mapping) or formats.is_missing(cell[column]):
                return Cell("", "muted")
            mark = "" if cell["is_complete"] else " …"
            detail = formats.exact(cell["in"]) if what == "logo" else formats.money(cell["money"])
            opens = found.opens(cell["label"], cell["age"])
            return Cell(f"{formats.share(cell[column], 0)}{mark}", "muted" if mark else "", detail, opens)

        return show

    columns: dict[str, Column] = {
        "label": text("Cohort"),
        "size": by_row("Accounts", lambda row: Cell(formats.exact(row["size"]), opens=found.opens(row["label"]))),
        **{f"a{age}": by_row(f"{age}", shown(age)) for age in ages},
    }
    older = len(found.sizes) - found.shown["cohort"].nunique()
    more = f" {formats.plural(older, 'older cohort')} in the means only." if older > 0 else ""
    cut = f" Ages from {MOST_AGES} on are in the table of means." if found.cells["age"].max() >= MOST_AGES else ""
    unit = "accounts" if what == "logo" else f"money in {found.currency}"
    return table(
        pd.DataFrame(made, columns=["label", "size", *(f"a{age}" for age in ages)]),
        columns,
        caption=f"Share {words}, by age in {found.grain}s",
        note=f"Below each share its {unit}. Grey, with …: the {found.grain} is not over, and is in no mean.{more}{cut}",
        empty=found.headlines()[0],
    )


def mean_table(found: CohortsCard) -> Table:
    """Make the table of all cohorts together by age: in the period, on or after it, rolling, and the money."""

    def share(name: str) -> Callable[[Row], Cell]:
        return lambda row: Cell("" if formats.is_missing(row[name]) else formats.share(row[name]))

    return table(
        found.averages.head(37),
        {
            "age": number("Age", lambda age: str(int(age))),
            "size": by_row(
                "Accounts", lambda row: Cell(formats.exact(row["size"]), detail=f"{int(row['cohorts'])} cohorts")
            ),
            "rate": by_row(
                "Active in it",
                lambda row: Cell(formats.share(row["rate"]), detail=formats.interval(row["low"], row["high"], "ratio")),
            ),
            "after_rate": by_row("In it or later", share("after_rate")),
            "rolling_rate": by_row("In it or the two before", share("rolling_rate")),
            "money_rate": by_row("Money, of age 0", share("money_rate")),
            "per_customer": by_row("Brought so far", lambda row: Cell(formats.money(row["per_customer"]))),
        },
        caption=found.finding(),
        note=(
            f"All cohorts weighed by their accounts, only {found.grain}s that are over. In it or later is known of the "
            "past alone: who is yet to come back is not in it, so that the last ages are too low. "
            f"Brought so far: by an account of the cohort, in {found.currency}."
        ),
        empty=found.headlines()[0],
    )


def against_table(found: CohortsCard) -> Table:
    """Make the table of cohort against cohort, at the age at which they are compared."""

    def rate(row: Row) -> Cell:
        mark, tone = _MARKS.get(row["flag"], ("", ""))
        detail = formats.interval(row["low"], row["high"], "ratio")
        opens = found.opens(row["label"], found.age)
        return Cell(f"{formats.share(row['rate'])} {mark}".strip(), tone, detail, opens)  # type: ignore[arg-type]

    def gap(row: Row) -> Cell:
        if formats.is_missing(row["gap"]):
            return Cell(formats.NOT_AVAILABLE, "muted")
        low, high = formats.change(row["gap_low"], "ratio"), formats.change(row["gap_high"], "ratio")
        return Cell(formats.change(row["gap"], "ratio"), detail=f"{low} to {high}")

    rows = found.compared[found.compared["cohort"].isin(found.shown["cohort"])]
    return table(
        rows,
        {
            "label": text("Cohort"),
            "size": by_row("Accounts", lambda row: Cell(formats.exact(row["size"]), opens=found.opens(row["label"]))),
            "rate": by_row(f"Active at age {found.age}", rate),
            "rest": number(
                "The others", lambda v: formats.NOT_AVAILABLE if formats.is_missing(v) else formats.share(v)
            ),
            "gap": by_row("Difference", gap),
        },
        caption=found.cohort_finding() or "Whether cohorts differ cannot be told",
        note=(
            "▲ above and ▼ below the others by more than chance: Fisher's exact test, the share of false marks held at "
            f"{formats.share(1 - found.confidence, 0)} over all cohorts; the interval of a difference is Newcombe's."
        ),
        empty=found.nothing or "No cohort is old enough.",
    )


def segment_table(found: CohortsCard) -> Table:
    """Make the table of segments: who is there at the age at which they are compared."""

    def rate(row: Row) -> Cell:
        mark, tone = _MARKS.get(row["flag"], ("", ""))
        detail = formats.interval(row["low"], row["high"], "ratio")
        return Cell(f"{formats.share(row['rate'])} {mark}".strip(), tone, detail)  # type: ignore[arg-type]

    return table(
        found.segments,
        {
            "segment": by_row("Segment", lambda row: Cell(str(row["segment"]), detail=str(row["by"])), is_number=False),
            "n": number("Accounts", formats.exact),
            "numerator": number("Active", formats.exact),
            "rate": by_row(f"Active at age {found.age}", rate),
        },
        caption=found.segment_finding() or "Whether segments differ cannot be told",
        note="▲ above and ▼ below the other segments of the dimension by more than chance, as for cohorts.",
        empty=found.nothing or "The source gives no segments of accounts, or only one each.",
    )


def left_table(found: CohortsCard) -> Table:
    """Make the table of what is in no cohort, and by which rule."""
    return table(
        found.left_out,
        {
            "what": text("What"),
            "rows": number("How many", formats.exact),
            "money": number(f"Money, {found.currency}", formats.cents),
            "rule": text("Rule"),
        },
        caption="What is in no cohort" if len(found.left_out) else "Nothing is left out",
        note="Rows that the contract rejects are in data health.",
        empty=found.nothing or "Every line is in a cohort.",
    )


def _words(title: str) -> Chart:
    with canvas(title, "", height=0.1) as (figure, (ax,)):
        ax.set_axis_off()
        return finish(figure, title, title)
