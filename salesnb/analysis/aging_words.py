"""What aging says in words: what stands too long, what lies idle, and what is pushed again and again."""

from __future__ import annotations

import pandas as pd

from salesnb import formats
from salesnb.analysis.aging_card import AgingCard
from salesnb.analysis.aging_pushes import MANY
from salesnb.analysis.aging_stays import FEWEST
from salesnb.analysis.behind import Told
from salesnb.analysis.hygiene_deals import weighed

TITLES = {
    "open": "all open deals",
    "usual": "within the median of won deals",
    "slow": "between the median and 80 % of won deals",
    "late": "between 80 and 90 % of won deals",
    "beyond": "longer than 90 % of won deals",
    "unknown": "no norm, or no date",
    "idle": "without an activity for long",
}


def headlines(card: AgingCard) -> list[str]:
    """Say what has stood too long, what lies idle, and what is pushed again and again."""
    if card.nothing:
        return [f"Nothing can be said of aging: {card.nothing}."]
    told: list[str] = [Told(finding(card), "aging-beyond") if card.deals["is_beyond"].any() else finding(card)]
    told += [*_worst(card), *_idle(card)]
    if len(card.pushed) and len(card.deals):
        told.append(Told(push_finding(card), "aging-many"))
        told += _slips(card)
    if len(card.missing):
        lacks = [f"{row['needs']} ({row['costs']})" for row in card.missing.to_dict("records")]
        told.append(f"Aging cannot tell all, as it needs what the source does not give: {formats.listed(lacks)}.")
    return told


def often(count: int) -> str:
    """Write how often: ``never``, ``once``, ``twice``, ``3 times or more``."""
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{MANY} times or more")


def size(card: AgingCard, rows: pd.DataFrame) -> str:
    """Write deals and what they are worth; without amounts their number alone."""
    count = formats.plural(len(rows), "deal")
    return count if card.unit == "count" else f"{count} worth {formats.money(weighed(rows, 'money'), card.currency)}"


def finding(card: AgingCard) -> str:
    """Say how much has stood longer than is normal for deals that are won."""
    if card.nothing:
        return headlines(card)[0]
    rows = card.deals
    if rows.empty:
        return f"No deal is open on {card.day}."
    known = rows[rows["age_class"] != "unknown"]
    if known.empty:
        dated = rows["days"].notna().any()
        why = f"no stage has {FEWEST} stays of won deals" if dated else "nothing says since when"
        return f"It cannot be told which of {formats.plural(len(rows), 'open deal')} stand too long: {why}."
    beyond = rows[rows["is_beyond"]]
    where = "in their stage" if card.basis == "stage" else "open"
    text = f"{size(card, beyond)} of {formats.exact(len(rows))} open ones"
    if card.unit == "money":
        text = f"{size(card, beyond)} of {formats.money(weighed(rows, 'money'))} open"
    text += f" {'is' if len(beyond) == 1 else 'are'} {where} longer than 9 in 10 won deals were"
    unknown = len(rows) - len(known)
    return f"{text}; of {formats.exact(unknown)} it cannot be told." if unknown else f"{text}."


def push_finding(card: AgingCard) -> str:
    """Say how many open deals were pushed, and how many again and again."""
    if card.pushed.empty:
        return "How often deals were pushed is not known."
    rows = card.deals
    if rows.empty:
        return f"No deal is open on {card.day}."
    many, once = rows[rows["pushes"] >= MANY], int((rows["pushes"] > 0).sum())
    if not once:
        return f"The expected close of none of {formats.plural(len(rows), 'open deal')} was moved later."
    seen = f"{formats.exact(once)} of {formats.plural(len(rows), 'open deal')}"
    text = f"The expected close of {seen} was moved later at least once"
    return f"{text}; {size(card, many)} {often(MANY)}." if len(many) else f"{text}, of none {often(MANY)}."


def _worst(card: AgingCard) -> list[str]:
    rows = card.stages
    if card.basis != "stage" or rows.empty or not rows["beyond_deals"].sum():
        return []
    worst = rows.sort_values(["beyond_amount", "place"], ascending=[False, True]).iloc[0]
    held = card.deals[card.deals["is_beyond"] & (card.deals["norm_stage"] == worst["stage"])]
    return [
        f"Most of it stands in {worst['stage']}: {size(card, held)}; 9 in 10 won deals stayed there at most "
        f"{formats.days(worst['p90'])} (n = {formats.exact(worst['n'])}), the oldest open one "
        f"{formats.days(worst['oldest'])}."
    ]


def _idle(card: AgingCard) -> list[str]:
    rows = card.deals
    if rows["idle"].isna().all():
        return []
    idle, both = rows[rows["is_idle"]], rows[rows["is_idle"] & rows["is_beyond"]]
    verb = "has" if len(idle) == 1 else "have"
    text = f"{size(card, idle)} {verb} had no activity for {card.idle_limit} days or more"
    text += f", {formats.exact(len(both))} of them beyond the norm too" if len(both) else ""
    return [Told(f"{text}.", "aging-idle")]


def _slips(card: AgingCard) -> list[str]:
    days = card.slip_days
    if not days.get("n"):
        return [f"No expected close was moved later in {card.period}."]
    count = formats.plural(int(days["n"]), "time")
    return [
        f"In {card.period} expected closes were moved later {count}, by {formats.days(days['median'])} in the middle "
        f"and 9 in 10 by at most {formats.days(days['p90'])}."
    ]
