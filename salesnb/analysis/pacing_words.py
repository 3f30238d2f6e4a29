"""What pacing says in words: ahead of or behind the same day of past periods, by how much, and where that would end."""

from __future__ import annotations

import math
from typing import Any

from salesnb import formats
from salesnb.analysis.behind import Told, key
from salesnb.analysis.pacing_card import FEWEST, PacingCard

_NEAR = 0.005


def headlines(card: PacingCard) -> list[str]:
    """Say how the period stands against the same day of past periods, and what that would make it."""
    if card.nothing:
        return [f"There is no pace to tell: {card.nothing}."]
    opens = key("pacing booked", card.period)
    told: list[str] = [Told(finding(card), opens), *_due(card), *_landing(card)]
    if card.no_due:
        told.append(f"What was due on past days is not known: it {card.no_due}.")
    return told


def finding(card: PacingCard) -> str:
    """Say how the period stands against the same day of past periods."""
    if card.nothing:
        return headlines(card)[0]
    now, past = card.rows.iloc[-1], card.past
    verb = "had" if card.is_over else "has"
    sold = f"{when(card)} {card.period} {verb} booked {size(card, now['booked'])}"
    sold += f" in {_deals(now['deals'])}" if card.unit == "money" else ""
    if len(past) < FEWEST:
        lack = f"{formats.plural(len(past), f'past {noun(card)}')} on record, and {FEWEST} are needed to compare"
        return f"{sold}; there {'is' if len(past) == 1 else 'are'} {lack}."
    middle = float(past["booked"].median())
    more = int((past["booked"] > now["booked"]).sum())
    rank = f"{more} of {len(past)} had more by then"
    if middle <= 0:
        return f"{sold}; the median of {len(past)} past {noun(card)}s is {size(card, middle)}, {rank}."
    off = now["booked"] / middle - 1
    side = "as much as" if abs(off) < _NEAR else f"{formats.share(abs(off), 0)} {'more' if off > 0 else 'less'} than"
    return f"{sold}, {side} the median of {len(past)} past {noun(card)}s ({size(card, middle)}); {rank}."


def noun(card: PacingCard) -> str:
    """Return what a period is called: ``quarter``, or ``period`` where it has no name of its own."""
    return "period" if card.period.grain == "range" else card.period.grain


def when(card: PacingCard) -> str:
    """Write which day of the period is looked at."""
    return f"By its last day, {card.day}," if card.is_over else f"On business day {card.count} of {card.of}"


def size(card: PacingCard, amount: Any) -> str:
    """Write money, or a number of deals where the source gives no amounts."""
    return formats.money(amount, card.currency) if card.unit == "money" else _deals(amount)


def _deals(count: float) -> str:
    return formats.plural(int(count), "deal")


def _due(card: PacingCard) -> list[str]:
    now, past = card.rows.iloc[-1], card.past
    if card.is_over or math.isnan(now["due"]):
        return []
    text = f"Open and due in {card.period} are {size(card, now['due'])}"
    text += f" in {_deals(now['due_deals'])}" if card.unit == "money" else ""
    known = past["due"].dropna()
    if len(known) >= FEWEST:
        middle = size(card, float(known.median()))
        text += f"; on the same day of {len(known)} past {noun(card)}s it was {middle} in the middle"
    covered = past["coverage"].dropna()
    if not math.isnan(now["coverage"]) and len(covered) >= FEWEST:
        text += (
            f". That is {formats.value(now['coverage'], 'number')} times the quota left, "
            f"then {formats.value(float(covered.median()), 'number')} times"
        )
    return [Told(f"{text}.", key("pacing due", card.period))]


def _landing(card: PacingCard) -> list[str]:
    ends = card.landing
    if not ends:
        return []
    span = f"{size(card, ends['low'])} to {size(card, ends['high'])}, {size(card, ends['value'])} in the middle"
    if "factor" in ends:
        factors = [formats.value(ends[name], "number") for name in ("factor_low", "factor_high")]
        how = f"From that day on past {noun(card)}s booked {factors[0]} to {factors[1]} times what was due then"
    else:
        shares = card.past["share"]
        between = formats.interval(shares.min(), shares.max(), "ratio")
        how = f"By that day past {noun(card)}s had booked {between} of it all"
    return [f"{how}; so {card.period} would end at {span}."]
