"""Tables of a funnel: stages, days, segments, what a repair is worth, leads, web visitors, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import key
from salesnb.analysis.funnel import Funnel
from salesnb.analysis.funnel_card import words_of
from salesnb.analysis.funnel_headlines import (
    bottleneck_finding,
    segment_finding,
    slow_finding,
    whole_finding,
    worth_words,
)
from salesnb.report.tables import Cell, Column, Table, by_row, table, text

Row = Mapping[str, Any]
_DEALS = "funnel-deals"
_MARKS = {"above": ("▲", "good"), "below": ("▼", "bad")}


def stage_table(card: Funnel) -> Table:
    """Make the table of the stages: who came, went on, dropped out and is still there, in deals and in money."""
    columns: dict[str, Column] = {
        "step": text("Stage"),
        **{
            name: by_row(title, counted(name, _DEALS, card.currency))
            for name, title in (
                ("reached", "Came to it"),
                ("passed", "Went on"),
                ("dropped", "Dropped out"),
                ("still", "Still there"),
            )
        },
        "rate": by_row("Go on, of the decided", rate(_DEALS, is_decided=True)),
        "from_first": by_row("Of the first stage's", _from_first),
    }
    return table(
        card.steps,
        columns,
        caption=whole_finding(card) or card.headlines()[0],
        note=_stage_note(card),
        empty=_why_no_deals(card),
    )


def _stage_note(card: Funnel) -> str:
    rules = (
        "A stage that was skipped counts as passed; a move back takes nothing away; a deal counts from the stage it "
        "first stood in. "
        if card.has_history
        else "There is no history of stages. "
    )
    lost = int(card.steps["no_value"].iloc[0]) if len(card.steps) else 0
    none = f" {formats.plural(lost, 'deal')} at the first step without an amount." if lost else ""
    unplaced = f" {formats.plural(card.unplaced, 'deal')} in no stage that is known." if card.unplaced else ""
    return f"{rules}Below the counts, amounts in {card.currency}; below the rate, its interval.{none}{unplaced}"


def _why_no_deals(card: Funnel) -> str:
    return "It needs opportunities." if not card.has_deals else f"No deal was created {words_of(card.window)}."


def counted(name: str, topic: str, currency: str = "") -> Callable[[Row], Cell]:
    """Return what shows a count of a step, with its money below where a currency is given, and opens its rows."""

    def show(row: Row) -> Cell:
        is_last = formats.is_missing(row["rate"]) and name in ("passed", "dropped", "still") and not row["base"]
        if is_last and not row[name]:
            return Cell("", "muted")
        money = formats.money(row[f"value_{name}"]) if currency and row[f"value_{name}"] else ""
        return Cell(formats.exact(row[name]), detail=money, opens=key(topic, row["place"], name) if row[name] else "")

    return show


def rate(topic: str, *, is_decided: bool) -> Callable[[Row], Cell]:
    """Return what shows the rate of going on from a step, with its interval below, and opens those who did."""

    def show(row: Row) -> Cell:
        if formats.is_missing(row["rate"]):
            return Cell("", "muted")
        detail = f"{formats.interval(row['low'], row['high'], 'ratio')}, of {formats.exact(row['base'])}"
        opens = key(topic, row["place"], "passed") if row["passed"] else ""
        return Cell(formats.share(row["rate"], 0 if is_decided else 1), detail=detail, opens=opens)

    return show


def _from_first(row: Row) -> Cell:
    if formats.is_missing(row["from_first"]):
        return Cell(formats.NOT_AVAILABLE, "muted")
    entered = f"{formats.exact(row['entered'])} began here" if row["entered"] and row["place"] else ""
    opens = key(_DEALS, row["place"], "reached") if row["reached"] else ""
    return Cell(formats.share(row["from_first"], 0), detail=entered, opens=opens)


def day_table(card: Funnel) -> Table:
    """Make the table of the days that deals stay in a stage before they go on."""
    rows = card.steps.iloc[:-1] if card.has_history else card.steps.iloc[:0]
    return table(
        rows,
        {
            "step": text("Stage"),
            **{
                name: by_row(title, _days(name), is_number=True)
                for name, title in (
                    ("p10_days", "One in ten within"), ("p25_days", "A quarter within"), ("p50_days", "Half within"),
                    ("p75_days", "Three quarters within"), ("p90_days", "Nine in ten within"),
                )
            },
            "passed": by_row("Went on", counted("passed", _DEALS)),
            "still": by_row("Still there", counted("still", _DEALS)),
        },
        caption=slow_finding(card) or "How long deals stay in each stage",
        note=(
            "Days from coming to a stage to the next one, of those that go on; a deal that is still there counts for "
            "as long as it was watched (censored), one that was lost there never goes on (Aalen and Johansen 1978)."
        ),
        empty="It needs a history of stages." if card.has_deals and card.created else _why_no_deals(card),
    )  # fmt: skip


def _days(name: str) -> Callable[[Row], Cell]:
    def show(row: Row) -> Cell:
        if formats.is_missing(row[name]):
            return Cell("", "muted")
        return Cell(formats.days(row[name]), opens=key(_DEALS, row["place"], "passed"))

    return show


def segment_table(card: Funnel) -> Table:
    """Make the table of the segments: of those decided at each stage, the share that went on."""
    steps = list(dict.fromkeys(card.segments["step"]))
    rows = [
        {"who": Cell(str(segment), detail=str(by)), **{row["step"]: row for row in own.to_dict("records")}}
        for (by, segment), own in card.segments.groupby(["by", "segment"], sort=False)
    ]
    columns: dict[str, Column] = {"who": by_row("Segment", lambda row: row["who"], is_number=False)}
    columns |= {step: by_row(step, segment(step)) for step in steps}
    narrow = card.bottleneck
    if narrow is not None and rows:
        columns["_worth"] = by_row("As often as the others", _segment_worth(card, narrow.step))
    skipped = f" Left out: {formats.listed(list(card.left_out), 6)}." if card.left_out else ""
    return table(
        pd.DataFrame(rows, columns=["who", *steps]),
        columns,
        caption=segment_finding(card) or "Whether segments differ cannot be told",
        note=(
            "▲ above and ▼ below the other segments by more than chance: Fisher's exact test, the share of false marks "
            f"over all stages and segments held at {formats.share(1 - card.confidence, 0)}; what has no mark cannot be "
            f"told apart.{skipped}"
        ),
        empty="It needs a history of stages, and segments." if card.has_deals else _why_no_deals(card),
    )


def segment(step: str) -> Callable[[Row], Cell]:
    """Return what shows a segment's rate at a step, with its mark, and opens the rows it is of."""

    def show(row: Row) -> Cell:
        found = row.get(step)
        if not isinstance(found, Mapping) or not found["base"]:
            return Cell("", "muted")
        mark, tone = _MARKS.get(found["flag"], ("", ""))
        words = f"{formats.share(found['rate'], 0)} {mark}".strip()
        low, high = formats.share(found["low"], 0).removesuffix(" %"), formats.share(found["high"], 0)
        detail = f"{low} to {high}, of {formats.exact(found['base'])}"
        return Cell(words, tone, detail, found["key"])  # type: ignore[arg-type]

    return show


def _segment_worth(card: Funnel, step: str) -> Callable[[Row], Cell]:
    def show(row: Row) -> Cell:
        found = row.get(step)
        if not isinstance(found, Mapping) or found["flag"] != "below" or not found["worth"] > 0:
            return Cell("", "muted")
        return Cell(
            formats.money(found["worth"], card.currency), detail=f"more won at {step}", opens=f"{found['key']}-worth"
        )

    return show


def repair_table(card: Funnel) -> Table:
    """Make the table of what it would bring if a stage let through what the middle one of the others does."""

    def worth(row: Row) -> Cell:
        if not row["worth"] > 0:
            return Cell("nothing", "muted", "lets more through than the others")
        between = worth_words(card, row["low"], row["high"])
        return Cell(worth_words(card, row["worth"]), detail=between, opens=key(_DEALS, row["place"], "worth"))

    what = "money" if card.repairs["is_money"].any() else "deals"
    return table(
        card.repairs,
        {
            "step": text("Stage"),
            "rate": by_row(f"Lets through, of the {what}", _opened("rate", "passed")),
            "target": by_row("The middle one of the others", _opened("target", "reached")),
            "worth": by_row("A repair would bring", worth),
            "chance": by_row("Worth most in", _opened("chance", "reached", " of draws")),
        },
        caption=bottleneck_finding(card),
        note=(
            "A repaired stage lets as much through as the middle one of the other stages; what it saves is won as "
            "often as the later stages let things through. The interval is of the rates alone. The first stage may be "
            "there to turn deals away: then its repair is no aim."
        ),
        empty="It needs two stages at which ten deals or more were decided.",
    )


def _opened(name: str, side: str, tail: str = "") -> Callable[[Row], Cell]:
    return lambda row: Cell(f"{formats.share(row[name], 0)}{tail}", opens=key(_DEALS, row["place"], side))


def missing_table(card: Funnel) -> Table:
    """Make the table of what the source does not give, and what the page cannot tell without it."""
    return table(
        card.missing,
        {"needs": text("Needs"), "costs": text("To tell")},
        caption="What this page cannot tell" if len(card.missing) else "What is missing",
        empty="Nothing: the source gives all that this page asks for.",
    )
