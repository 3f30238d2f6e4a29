"""Cohorts as pictures: the heat map a person expects, curves, and cohort against cohort."""

from __future__ import annotations

from typing import Any

from salesnb import formats
from salesnb.analysis.cohorts_card import WORDS, CohortsCard
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain, words_alone

MOST_AGES = 13
HEAT = {"logo": ("rate", "of the cohort is active"), "money": ("money_rate", "of the money of age 0")}
MARKS = {"above": ("▲", "good"), "below": ("▼", "bad")}
_INK, _MUTED, _SURFACE = style.INK["light"], style.MUTED["light"], style.SURFACE["light"]


def heat_map(found: CohortsCard, what: str = "logo") -> Chart:
    """Draw the share of each cohort that is still there at each age; what is not over is hatched.

    Parameters
    ----------
    what
        ``logo``: the accounts; ``money``: their money, over that of the period in which they began.
    """
    column, words = HEAT[what]
    title = found.finding() if what == "logo" else found.money_finding() or found.finding()
    rows = found.shown[found.shown["age"] < MOST_AGES]
    if found.nothing or rows.empty:
        return words_alone(title)
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
            colour = shade(max(share, 0.0))
            hatch = "" if row["is_complete"] else "////"
            ax.add_patch(square(row["age"], y, colour if row["is_complete"] else _SURFACE, hatch))
            ink = ink_on(colour) if row["is_complete"] else _INK
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


def shade(share: float) -> str:
    """Return white to blue, the darker the more: light enough below for dark ink, and dark enough above for white."""
    low, high = (0xF1, 0xF6, 0xFA), (0x00, 0x4C, 0x80)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True))


def ink_on(colour: str) -> str:
    """Return the dark or the white ink, whichever can be read better on a colour."""
    return max((_INK, _SURFACE), key=lambda ink: style.contrast(colour, ink))


def square(x: float, y: float, colour: str, hatch: str = "") -> Any:
    """Return one square of a heat map, to be added to the axes; a hatched one has an edge.

    Parameters
    ----------
    x, y
        Its middle.
    colour, hatch
        What it is filled with.
    """
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
        return words_alone(title)
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
        return words_alone(title)
    whole = float(found.compared["in"].sum() / found.compared["size"].sum())
    subtitle = (
        f"share active {formats.plural(found.age, found.grain)} later, by cohort, with its {found.confidence:.0%} "
        f"interval · line: all cohorts · filled: apart from the others by more than chance · "
        f"n = {formats.plural(int(rows['size'].sum()), 'account')}"
    )
    with canvas(title, subtitle, height=1.9) as (figure, (ax,)):
        ax.axhline(whole, color=_MUTED, linewidth=1)
        for x, row in enumerate(rows.to_dict("records")):
            apart = row["flag"] in MARKS
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
