"""What hygiene says in words: what the pipeline is worth without what breaks a rule, and which rules cost most."""

from __future__ import annotations

import math
from typing import Any

from salesnb import formats
from salesnb.analysis.behind import Told, key
from salesnb.analysis.hygiene_card import HygieneCard
from salesnb.kpis.dimensions import NONE

_SHOWN = 3


def headlines(card: HygieneCard) -> list[str]:
    """Say what the pipeline is worth without the deals that break a rule, which rules cost most, and whose."""
    if card.nothing:
        return [f"Nothing can be said of hygiene: {card.nothing}."]
    if not card.totals["all"]["deals"]:
        return [finding(card)]
    told = [Told(finding(card), "hygiene-flagged"), *_prices(card), *_rules(card), *_owners(card)]
    if len(card.unseen):
        lacks = [f"{row['words']} ({row['reason']})" for row in card.unseen.to_dict("records")]
        told.append(f"Not seen, and so not counted as clean: {formats.listed(lacks, 5)}.")
    return told


def size(card: HygieneCard, amount: float, deals: float) -> str:
    """Write deals and what they are worth; without amounts their number alone."""
    count = formats.plural(int(deals), "deal")
    return count if card.unit == "count" else f"{count} worth {formats.money(amount, card.currency)}"


def finding(card: HygieneCard) -> str:
    """Say what the pipeline is worth without the deals that break a rule."""
    if card.nothing:
        return headlines(card)[0]
    whole, flagged, clean = (card.totals[name] for name in ("all", "flagged", "clean"))
    if not whole["deals"]:
        return f"No deal is open on {card.day}."
    if not card.rules["is_seen"].any():
        return "No rule of hygiene can be looked at: the source gives none of what they need."
    if not flagged["deals"]:
        of = size(card, whole["amount"], whole["deals"])
        return f"No open deal of {of} breaks a rule that can be seen."
    share = flagged["amount"] / whole["amount"] if whole["amount"] > 0 else math.nan
    of_it = f" ({formats.share(share, 0)})" if not math.isnan(share) else ""
    broken = size(card, flagged["amount"], flagged["deals"])
    verb = "breaks" if flagged["deals"] == 1 else "break"
    rest = size(card, clean["amount"], clean["deals"])
    of_all = f"{broken} of {formats.exact(whole['deals'])} open ones{of_it} {verb} a rule"
    return f"{of_all}; clean {_is(clean)} {rest}." if clean["deals"] else f"{of_all}; none is clean."


def _is(sums: dict[str, float]) -> str:
    return "is" if sums["deals"] == 1 else "are"


def _prices(card: HygieneCard) -> list[str]:
    """Say what expected bookings and coverage are with and without the deals that break a rule."""
    whole, clean = card.totals["all"], card.totals["clean"]
    if not card.totals["flagged"]["deals"]:
        return []
    told: list[str] = []
    if not math.isnan(whole["expected"]):
        ends = [formats.money(sums["expected"], card.currency) for sums in (whole, clean)]
        told.append(
            Told(f"Without them expected bookings fall from {ends[0]} to {ends[1]}, at the win rates of the stages.",
                 "hygiene-flagged-expected")
        )  # fmt: skip
    if not math.isnan(whole["coverage"]) and whole["due"] > clean["due"]:
        ends = [formats.value(sums["coverage"], "number") for sums in (whole, clean)]
        told.append(
            Told(f"The quota left of {card.focus} is then covered {ends[1]} times, not {ends[0]} times.",
                 "hygiene-flagged-due")
        )  # fmt: skip
    return told


def _rules(card: HygieneCard) -> list[str]:
    rows = card.rules[card.rules["own_deals"] > 0]
    rows = rows.sort_values(["own_amount", "own_deals"], ascending=False, kind="stable").head(_SHOWN)
    if rows.empty:
        return []

    def said(row: Any) -> str:
        return f"{row['words']} ({size(card, row['own_amount'], row['own_deals'])})"

    first = rows.iloc[0]
    told = formats.listed([said(row) for row in rows.to_dict("records")])
    return [Told(f"Most is lost by: {told}; each deal counts once.", key("hygiene", first["rule"], "own"))]


def _owners(card: HygieneCard) -> list[str]:
    rows = card.owners[card.owners["flagged_deals"] > 0]
    if len(card.owners) < 2 or rows.empty:
        return []
    told = [
        f"{'nobody' if row['owner'] == NONE else row['owner']} "
        f"({formats.exact(row['flagged_deals'])} of {formats.plural(row['deals'], 'deal')}"
        + (f", {formats.money(row['flagged_amount'])})" if card.unit == "money" else ")")
        for row in rows.head(_SHOWN).to_dict("records")
    ]
    return [f"Most of it is owned by {formats.listed(told)}."]
