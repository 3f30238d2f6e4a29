"""What coverage says in words: the sum of the pipeline needed with every factor, and what no period can count on."""

from __future__ import annotations

import math
from typing import Any

from salesnb import formats
from salesnb.analysis.behind import Told, key
from salesnb.analysis.coverage_card import CoverageCard
from salesnb.kpis.dimensions import NONE

_FEW = 3


def headlines(card: CoverageCard) -> list[str]:
    """Say what pipeline is missing for which period, with the sum, and what no period can count on."""
    if card.nothing:
        return [f"Nothing can be said of coverage: {card.nothing}."]
    if not card.horizons["deals"].sum():
        return [f"No deal is open on {card.day}.", *_ahead(card, "this"), *_missing(card)]
    if undated := _undated(card):
        return [Told(undated, "coverage-undated"), *_missing(card)]
    told = [
        *_ahead(card, "this"),
        *_ahead(card, "next"),
        *_ahead(card, "later"),
        *_outside(card),
        *_start(card),
        *_groups(card),
        *([f"As of {card.day} there is {card.limit}."] if card.limit else []),
        *_missing(card),
    ]
    return told


def finding(card: CoverageCard) -> str:
    """Say what pipeline is missing for the first period that can be told of, or what is due next."""
    if card.nothing or not card.horizons["deals"].sum():
        return headlines(card)[0]
    if undated := _undated(card):
        return undated
    rows = [row for row in card.horizons.to_dict("records") if row["horizon"] in ("this", "next", "later")]
    for row in rows:
        if not math.isnan(row["needed"]) and row["left"] > 0:
            return f"{_verdict(card, row)}: {_needed(row)} needed, {formats.money(row['due'])} due."
    row, late = rows[1] if card.is_complete else rows[0], card.horizon("overdue")
    if not row["deals"] and late["deals"]:
        past = f"{worth(late['due'], late['deals'], card)} {_are(late)} past the expected close"
        return f"Nothing is due in {row['label']}; {past}."
    return f"{_upper(worth(row['due'], row['deals'], card))} {_are(row)} due in {row['label']}; {_why(row)}."


def _why(row: Any) -> str:
    """Say why what is due cannot be held against a quota, or that the quota is met."""
    if str(row["reason"]).startswith("needs "):
        return f"to tell whether that is enough, it {row['reason']}"
    return row["reason"] or "the quota is met"


def _undated(card: CoverageCard) -> str:
    """Say that the source does not tell when deals are due; empty where it does."""
    if "opportunities.expected_close_on" not in set(card.missing["needs"]):
        return ""
    row = card.horizon("undated")
    return (
        f"It is not known when the open deals, {worth(row['due'], row['deals'], card)}, are due: it needs "
        "opportunities.expected_close_on."
    )


def _are(row: Any) -> str:
    return "is" if row["deals"] == 1 else "are"


def times(ratio: float) -> str:
    """Write a coverage: ``2.71 times``.

    Examples
    --------
    >>> times(2.71)
    '2.71 times'
    """
    return formats.NOT_AVAILABLE if formats.is_missing(ratio) else f"{formats.value(ratio, 'number')} times"


def worth(amount: float, deals: int, card: CoverageCard) -> str:
    """Write deals and what they are worth: ``12 deals worth 1.2 M USD``; without amounts their number alone."""
    count = formats.plural(int(deals), "deal")
    return count if card.unit == "count" else f"{count} worth {formats.money(amount, card.currency)}"


def factors(card: CoverageCard, row: Any) -> str:
    """Write the sum of the pipeline needed: (quota - booked) / win rate = needed, every factor with its n."""
    money, win = formats.money, card.win
    if win is None or math.isnan(row["needed"]):
        return ""
    who = formats.plural(int(row["holders"]), "seller" if card.holder == "rep_id" else "team")
    done = f"{money(row['booked'])} booked"
    if row["booked_deals"] > 0:
        done += f" in {formats.plural(int(row['booked_deals']), 'deal')}"
    between = formats.interval(win.low, win.high, "ratio")
    of = "the value" if win.basis == "value" else "the deals"
    seen = f"{formats.plural(win.n, 'deal')} {win.words}{f'; {between}' if between else ''}"
    return (
        f"({money(row['quota'])} quota of {who} {formats.MINUS} {done}) / {formats.share(win.value)} of {of} won "
        f"({seen}) = {money(row['needed'], card.currency)} needed"
    )


def _ahead(card: CoverageCard, name: str) -> list[str]:
    """Say what one period has and needs; nothing of later periods without deals."""
    rows = card.horizons[card.horizons["horizon"] == name].to_dict("records")
    if not rows or (name != "this" and not rows[0]["deals"] and math.isnan(rows[0]["quota"])):
        return []
    row, opens = rows[0], key("coverage", name)
    due = worth(row["due"], row["deals"], card)
    verb = _are(row)
    if name == "this" and card.is_complete:
        return [_over(card, row)]
    if not math.isnan(row["needed"]) and row["left"] > 0:
        words = (
            f"{_verdict(card, row)}: {factors(card, row)}, and {due} {verb} due, {times(row['coverage'])} what is left."
        )
        return [Told(words, opens)]
    if row["quota"] > 0 and row["left"] == 0:
        return [Told(f"The quota of {row['label']} is met; {due} {verb} still due in it.", opens)]
    return [Told(f"{_upper(due)} {verb} due {'' if name == 'later' else 'in '}{row['label']}; {_why(row)}.", opens)]


def _over(card: CoverageCard, row: Any) -> str:
    if math.isnan(row["quota"]):
        return f"{card.period} is over; no quota is known for it."
    share = formats.share(row["booked"] / row["quota"]) if row["quota"] > 0 else formats.NOT_AVAILABLE
    done = f"{formats.money(row['booked'])} of {formats.money(row['quota'], card.currency)}"
    return Told(f"{card.period} is over: {share} of its quotas is booked, {done}.", "coverage-booked")


def is_unsure(row: Any) -> bool:
    """Tell whether the interval of the gap holds both too little and enough."""
    return bool(row["gap_low"] < 0 < row["gap_high"])


def _verdict(card: CoverageCard, row: Any) -> str:
    """Say by how much a period is short of pipeline or has more than it needs, or that this cannot be told."""
    name = f"the time {row['label']}" if row["horizon"] == "later" else row["label"]
    if is_unsure(row):
        return f"It cannot be told whether {name} has pipeline enough"
    lack = formats.money(abs(row["gap"]), card.currency)
    gap = f"is short of {lack} of pipeline" if row["gap"] > 0 else f"has {lack} more pipeline than it needs"
    ends = sorted((abs(row["gap_low"]), abs(row["gap_high"])))
    between = "" if math.isnan(ends[0]) or math.isnan(ends[1]) else _span(ends)
    return f"{_upper(name)} {gap}{between}"


def _needed(row: Any) -> str:
    low, high = row["needed_low"], row["needed_high"]
    between = _span([low, high]) if is_unsure(row) else ""
    return f"{formats.money(row['needed'])}{between}"


def _span(ends: list[float]) -> str:
    if math.isinf(ends[1]):
        return f" ({formats.money(ends[0])} or more)"
    return f" ({formats.money(ends[0])} to {formats.money(ends[1])})"


def _outside(card: CoverageCard) -> list[str]:
    told: list[str] = []
    for name, words in (("overdue", "past the expected close"), ("undated", "without an expected close")):
        row = card.horizon(name)
        if row["deals"]:
            verb = _are(row)
            text = f"{worth(row['due'], row['deals'], card)} {verb} {words} and counted in no period"
            told.append(Told(f"{_upper(text)}.", key("coverage", name)))
    return told


def _start(card: CoverageCard) -> list[str]:
    start = card.start
    if math.isnan(start["coverage"]):
        return []
    return [
        Told(
            f"When {card.period} began, {worth(start['due'], int(start['deals']), card)} were due in it, "
            f"{times(start['coverage'])} its quotas of {formats.money(start['quota'], card.currency)}.",
            "coverage-start",
        )
    ]


def _groups(card: CoverageCard) -> list[str]:
    """Say which team, or seller, has the least due for each unit that is left; nothing before two have any left."""
    if card.is_complete:
        return []
    for by in ("team", "seller"):
        rows = card.groups[(card.groups["by"] == by) & (card.groups["left"] > 0) & (card.groups["key"] != NONE)]
        if len(rows) > 1 and rows["coverage"].notna().all():
            least = rows.sort_values(["coverage", "name"]).head(_FEW).to_dict("records")
            told = [f"{row['name']} ({times(row['coverage'])} {formats.money(row['left'])})" for row in least]
            return [f"Least covered of {len(rows)} {by}s with quota left: {formats.listed(told)}."]
    return []


def _missing(card: CoverageCard) -> list[str]:
    if card.missing.empty:
        return []
    told = [f"{row['needs']} ({row['costs']})" for row in card.missing.to_dict("records")]
    return [f"Coverage cannot tell all, as it needs what the source does not give: {formats.listed(told)}."]


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]
