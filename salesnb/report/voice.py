"""What customers say as pictures and tables: the score, its trend, comments and their themes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from salesnb import formats
from salesnb.analysis.voice_card import DETRACTORS, GROUPS, VoiceCard
from salesnb.kpis import registry
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain, words_alone
from salesnb.report.tables import Cell, Table, by_row, number, table, text

Row = Mapping[str, Any]
_COLOURS = {"promoter": style.BLUE, "passive": style.GREY, "detractor": style.VERMILION}
_MARKS = {"above": ("▲", "good"), "below": ("▼", "bad")}


def score_chart(found: VoiceCard) -> Chart:
    """Draw how many gave each answer, detractors, passives and promoters in their colours."""
    title = found.finding()
    if found.nothing or not found.score["n"]:
        return words_alone(title)
    subtitle = (
        f"answers by score, 0 to 10 · red: detractors 0-6 · grey: passives 7-8 · blue: promoters 9-10 · "
        f"n = {formats.exact(found.score['n'])}"
    )
    with canvas(title, subtitle, height=1.9) as (figure, (ax,)):
        tones = [_COLOURS[_group(answer)] for answer in found.spread["answer"]]
        bars = ax.bar(found.spread["answer"], found.spread["n"], width=0.78, color=tones)
        ax.bar_label(bars, [formats.exact(n) if n else "" for n in found.spread["n"]], padding=2, fontsize=8.5)
        ax.set_xticks(range(11))
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        ax.set_ylim(0, float(found.spread["n"].max()) * 1.15)
        figure.subplots_adjust(left=0.03, right=0.98, bottom=0.3 / figure.get_figheight())
        told = "; ".join(f"{row['answer']}: {row['n']}" for row in found.spread.to_dict("records"))
        return finish(figure, title, f"{title} {subtitle}. {told}.")


def _group(answer: int) -> str:
    return "promoter" if answer >= 9 else "detractor" if answer <= 6 else "passive"


def trend_chart(found: VoiceCard) -> Chart:
    """Draw the score of each period or wave with its interval."""
    title, rows = found.trend_finding() or found.finding(), found.trend
    rows = rows[rows["n"] > 0] if len(rows) else rows
    if found.nothing or len(rows) < 2:
        return words_alone(title)
    what = "period" if found.is_dated else "wave"
    subtitle = f"net promoter score by {what}, with its {found.confidence:.0%} interval · below: answers"
    with canvas(title, subtitle, height=2.1) as (figure, (ax,)):
        x = np.arange(len(rows))
        ax.vlines(x, rows["low"], rows["high"], color=style.BLUE, linewidth=2, alpha=0.5)
        ax.plot(x, rows["value"], color=style.BLUE, linewidth=1.2)
        ax.scatter(x, rows["value"], s=32, color=style.BLUE, zorder=3)
        for place, value in zip(x, rows["value"], strict=True):
            ax.annotate(
                plain(f"{value:.0f}"), (place, value), (0, 6), textcoords="offset points", ha="center", fontsize=8.5
            )
        labels = [plain(f"{row['label']}\n{formats.exact(row['n'])}") for row in rows.to_dict("records")]
        ax.set_xticks(x, labels, fontsize=8)
        ax.set_ylim(max(-105.0, float(rows["low"].min(skipna=True)) - 8), min(108.0, float(rows["high"].max()) + 12))
        figure.subplots_adjust(left=0.06, right=0.98, bottom=0.5 / figure.get_figheight())
        told = "; ".join(f"{row['label']} {row['value']:.1f}" for row in rows.to_dict("records"))
        return finish(figure, title, f"{title} {subtitle}. {told}.")


def trend_table(found: VoiceCard) -> Table:
    """Make the table of the score by period or wave, with the change and whether it is more than chance."""

    def gap(row: Row) -> Cell:
        if formats.is_missing(row["gap_low"]):
            return Cell("", "muted")
        bounds = f"{formats.change(row['gap_low'], 'points')} to {formats.change(row['gap_high'], 'points')}"
        tone: Any = ("good" if row["gap"] > 0 else "bad") if row["is_real"] else "muted"
        return Cell(formats.change(row["gap"], "points") + ("" if row["is_real"] else ", may be chance"), tone, bounds)

    return table(
        found.trend,
        {
            "label": text("Period" if found.is_dated else "Wave"),
            "n": number("Answers", formats.exact),
            **{name: number(f"{name.capitalize()}s", formats.exact) for name in GROUPS},
            "value": by_row("Score", _score),
            "gap": by_row("Change", gap),
        },
        caption=found.trend_finding() or found.finding(),
        note="The score is the mean of 100, 0 and -100 with that mean's interval; the change's is by Zou and Donner.",
        empty="Answers have neither days nor waves." if not found.nothing else found.headlines()[0],
    )


def _score(row: Row) -> Cell:
    if formats.is_missing(row["value"]):
        return Cell(formats.NOT_AVAILABLE, "muted")
    return Cell(f"{row['value']:.1f}", detail=formats.interval(row["low"], row["high"], "points"))


def rate_table(found: VoiceCard) -> Table:
    """Make the table of the period's KPIs of what customers say."""

    def value(row: Row) -> Cell:
        unit = registry.find(row["name"]).unit
        if formats.is_missing(row["value"]):
            return Cell(formats.NOT_AVAILABLE, "muted", str(row["reason"]))
        between = formats.interval(row["low"], row["high"], unit)
        opens = DETRACTORS if row["name"] == "nps.net" and any(b.key == DETRACTORS for b in found.behind) else ""
        return Cell(formats.value(row["value"], unit), detail=between or str(row["reason"]), opens=opens)

    return table(
        found.rates,
        {
            "name": by_row("What", _named, is_number=False),
            "value": by_row("Value", value),
            "n": number("Answers", formats.exact),
            "reason": text("Left out"),
        },
        caption=found.finding(),
        note="The score opens the accounts of its detractors.",
        empty="Answers have no days, so none belongs to the period." if not found.nothing else found.headlines()[0],
    )


def _named(row: Row) -> Cell:
    return Cell(str(row["name"]), detail=registry.find(row["name"]).meaning)


def segment_table(found: VoiceCard) -> Table:
    """Make the table of the score by segment of accounts."""

    def score(row: Row) -> Cell:
        mark, tone = _MARKS.get(row["flag"], ("", ""))
        cell = _score(row)
        return Cell(f"{cell.text} {mark}".strip(), tone, cell.detail)  # type: ignore[arg-type]

    apart = found.segments[found.segments["flag"] != ""] if len(found.segments) else found.segments
    names = formats.listed([str(name) for name in apart["segment"]], 4) if len(apart) else ""
    return table(
        found.segments,
        {
            "segment": by_row("Segment", lambda row: Cell(str(row["segment"]), detail=str(row["by"])), is_number=False),
            "n": number("Answers", formats.exact),
            "value": by_row("Score", score),
        },
        caption=f"Apart from the others by their score: {names}" if names else "No segment can be told from the others",
        note="▲ above and ▼ below the others by more than chance, after a look at all of them.",
        empty="The source gives no segments of the accounts that answered.",
    )


def language_table(found: VoiceCard) -> Table:
    """Make the table of the languages of the comments, and whether they are scored."""
    return table(
        found.languages,
        {
            "language": text("Language"),
            "n": number("Comments", formats.exact),
            "is_read": by_row(
                "", lambda row: Cell("scored") if row["is_read"] else Cell("not scored", "muted"), is_number=False
            ),
        },
        caption=found.comment_finding() if not found.nothing else found.finding(),
        note="The lexicon (VADER) reads English only; the language is told by py3langid. Themes are of all languages.",
        empty="Nobody wrote a comment.",
    )


def theme_table(found: VoiceCard) -> Table:
    """Make the table of the words that set detractors' comments apart, each with a typical comment."""
    return table(
        found.themes,
        {
            "word": by_row("Word", lambda row: Cell(str(row["word"]), detail=f"{row['side']}s"), is_number=False),
            "detractors": by_row("Detractors", lambda row: _used(row, "detractor")),
            "promoters": by_row("Promoters", lambda row: _used(row, "promoter")),
            "sample": text("A typical comment"),
        },
        caption=found.theme_finding() or "What comments are about cannot be told",
        note=(
            "Shares of the comments of each side that have the word, below them how many. Addresses and telephone "
            "numbers in comments are masked."
        ),
        empty="No word is used by one side more often by more than chance.",
    )


def _used(row: Row, side: str) -> Cell:
    return Cell(formats.share(row[f"{side}_share"], 0), detail=formats.exact(row[f"{side}s"]))


def win_table(found: VoiceCard) -> Table:
    """Make the table of deals won, by what the account had answered last."""
    return table(
        found.wins,
        {
            "group": text("Last answer", lambda name: f"{name}s"),
            "decided": number("Deals decided", formats.exact),
            "won": number("Won", formats.exact),
            "rate": by_row("Win rate", _rate),
        },
        caption=found.win_finding() or "Whether those who recommend us buy more often cannot be told",
        note="Deals decided in the period and the two years before it, by the account's last answer before that.",
        empty="It needs answers and deals of the same accounts, with days.",
    )


def kept_table(found: VoiceCard) -> Table:
    """Make the table of what customers bring of what they brought a year before, by their last answer until then."""
    return table(
        found.kept[found.kept["customers"] > 0] if len(found.kept) else found.kept,
        {
            "group": text("Last answer", lambda name: f"{name}s"),
            "customers": number("Customers then", formats.exact),
            "was": number("Brought then", formats.money),
            "became": number("Bring now", formats.money),
            "rate": by_row("Kept", _rate),
        },
        caption=found.kept_finding() or "Whether those who recommend us come to bring more cannot be told",
        note="A month under contract, else a year of sales; those who left bring nothing. It goes together; it does "
        "not say that the one is why.",
        empty="It needs answers of a year ago, and subscriptions or sales of the same accounts.",
    )


def _rate(row: Row) -> Cell:
    if formats.is_missing(row["rate"]):
        return Cell(formats.NOT_AVAILABLE, "muted")
    return Cell(formats.share(row["rate"], 0), detail=formats.interval(row["low"], row["high"], "ratio"))


def left_table(found: VoiceCard) -> Table:
    """Make the table of the answers that do not count, and by which rule."""
    return table(
        found.left_out,
        {"what": text("What"), "n": number("How many", formats.exact), "rule": text("Rule")},
        caption="Which answers do not count, and where" if len(found.left_out) else "Every answer counts",
        note="Answers outside the scale are left empty, as data health lists them.",
        empty="Every answer counts." if not found.nothing else found.headlines()[0],
    )
