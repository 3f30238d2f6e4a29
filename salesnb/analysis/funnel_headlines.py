"""What a funnel's page says in words: computed sentences, the most important first."""

from __future__ import annotations

from typing import Any

from salesnb import formats
from salesnb.analysis.apart import FEWEST
from salesnb.analysis.behind import Told, key
from salesnb.analysis.funnel_behind import UNPLACED
from salesnb.analysis.funnel_card import FunnelCard, words_of
from salesnb.kpis.dimensions import NONE
from salesnb.kpis.funnels_leads import CART, CUSTOMER, ORDER

"""The smallest difference between the ends of quarters and other months that is worth a sentence."""
_TOPIC = "funnel-deals"


def headlines(card: FunnelCard) -> list[str]:
    """Say where deals stall, what that costs, who differs, and what the page cannot tell."""
    if card.nothing:
        return [f"There is nothing to report for {card.period}: {card.nothing}."]
    sentences = [
        bottleneck_finding(card),
        segment_finding(card),
        slow_finding(card),
        whole_finding(card),
        card.closes.headlines()[0] if card.closes.is_bent else "",
        lead_finding(card),
        web_finding(card),
        _unplaced(card),
        _missing(card),
    ]
    return [sentence for sentence in sentences if sentence]


def bottleneck_finding(card: FunnelCard) -> str:
    """Name the bottleneck with what its repair is worth, or say why none can be named."""
    if not card.has_deals:
        return "Where deals stall cannot be told: it needs opportunities."
    if not card.created:
        return f"No deal was created {words_of(card.window)}, so there is no stage to look at."
    if not card.has_history:
        return (
            "Where deals stall cannot be told: it needs a history of stages (opportunity_events or "
            "opportunity_snapshots); all that is known is when deals were created and how they ended."
        )
    narrow = card.bottleneck
    if narrow is None:
        if card.repairs.empty:
            return "Where deals stall cannot be told: fewer than two stages decided ten deals or more."
        return "No stage lets fewer deals through than the middle one of the others."
    row = card.steps.loc[card.steps["place"] == narrow.place].iloc[0]
    worth, between = worth_words(card, narrow.worth), worth_words(card, narrow.low, narrow.high)
    if not narrow.is_apart:
        others = formats.listed(list(narrow.rivals))
        return Told(
            f"Which stage is the bottleneck cannot be told: most likely {narrow.step}, whose repair would bring "
            f"{worth} ({between}), but it may as well be {others}.",
            key(_TOPIC, narrow.place, "worth"),
        )
    target = f"where the middle one of the other stages lets {formats.share(narrow.target, 0)} through"
    count = f"{formats.share(row['rate'], 0)} of the {formats.exact(row['base'])} deals"
    went = f"{formats.share(narrow.rate, 0)} of the money" if narrow.is_money else count
    of = f" ({count})" if narrow.is_money else ""
    return Told(
        f"Deals stall at {narrow.step}: {went} decided there went on{of}, {target}; at that rate {worth} more "
        f"({between}) would have been won.",
        key(_TOPIC, narrow.place, "worth"),
    )


def worth_words(card: FunnelCard, low: float, high: float | None = None) -> str:
    """Write what a repair is worth, or from what to what: money, or deals where there is none."""
    if card.bottleneck is None or card.bottleneck.is_money:
        left, right = (formats.money(low), formats.money(high, card.currency)) if high is not None else ("", "")
        return f"{left} to {right}" if right else formats.money(low, card.currency)
    left = formats.compact(low)
    return f"{left} deals" if high is None else f"{left} to {formats.compact(high)} deals"


def segment_finding(card: FunnelCard) -> str:
    """Say which segments differ at the bottleneck, or that none can be told apart."""
    narrow = card.bottleneck
    if narrow is None or card.segments.empty:
        return ""
    rows = card.at(narrow.place)
    if not rows["p"].notna().any():
        return ""
    below = card.worst
    if below.empty:
        dimensions = formats.listed(list(card.dimensions), 5).replace(" and ", " or ")
        return f"At {narrow.step} no {dimensions} can be told from the others."
    told = [
        f"{row['segment']} ({formats.share(row['rate'], 0)} of {formats.exact(row['base'])}, against "
        f"{formats.share(row['rest'], 0)})"
        for row in below.to_dict("records")
    ]
    first = below.iloc[0]
    verb = "goes" if len(told) == 1 else "go"
    gain = f"; as often as they do, {first['segment']} would bring {formats.money(first['worth'], card.currency)}"
    return Told(
        f"At {narrow.step}, {formats.listed(told)} {verb} on less often than the others"
        f"{gain if first['worth'] > 0 else ''}.",
        f"{first['key']}-worth" if first["worth"] > 0 else str(first["key"]),
    )


def slow_finding(card: FunnelCard) -> str:
    """Say at which stage deals stay longest before they go on."""
    rows = card.steps[card.steps["p50_days"].notna() & (card.steps["passed"] >= FEWEST) & card.has_history]
    if len(rows) < 2:
        return ""
    slow = rows.loc[rows["p50_days"].idxmax()].to_dict()
    others = float(rows.loc[rows["place"] != slow["place"], "p50_days"].median())
    if not slow["p50_days"] > others:
        return "No stage takes longer than the others."
    half, tail = formats.days(slow["p50_days"]), formats.days(slow["p90_days"])
    return Told(
        f"Deals stay longest at {slow['step']}: half of those that go on take more than {half}, one in ten more than "
        f"{tail}; the middle one of the other stages takes {formats.days(others)}.",
        key(_TOPIC, slow["place"], "passed"),
    )


def whole_finding(card: FunnelCard) -> str:
    """Say how many of the deals created were won, and how many are still open."""
    if card.steps.empty or not card.created:
        return ""
    decided = card.created - card.open
    share = f", {formats.share(card.won / decided, 0)} of those decided" if decided else ""
    ends = f"; {formats.exact(card.open)} are still open" if card.open else ""
    return Told(
        f"Of {formats.plural(card.created, 'deal')} created {words_of(card.window)}, {formats.exact(card.won)} were won"
        f"{share}{ends}.",
        key(_TOPIC, card.steps["place"].iloc[-1], "reached"),
    )


def lead_finding(card: FunnelCard) -> str:
    """Say how many leads became customers, and which sources differ."""
    if card.leads.empty or not card.leads["reached"].iloc[0]:
        return "" if card.leads.empty else f"No lead came in {words_of(card.window)}."
    first, last = card.leads.iloc[0], card.leads.iloc[-1]
    came = f"Of {formats.plural(int(first['reached']), 'lead')} that came in {words_of(card.window)}"
    if last["step"] != CUSTOMER:
        if last["step"] == first["step"]:
            return f"{came}, it is not known what became; {card.leads_note}."
        count = formats.exact(last["reached"])
        return f"{came}, {count} became a {str(last['step']).lower()}; {card.leads_note}."
    share = formats.share(last["reached"] / first["reached"])
    found = f"{came}, {formats.exact(last['reached'])} ({share}) became customers so far"
    rows = card.lead_segments[(card.lead_segments["place"] == 0) & (card.lead_segments["segment"] != NONE)]
    tail = ""
    if rows["p"].notna().any():
        step = card.leads["step"].iloc[1]
        sides = [
            f"{flag} the others: {formats.listed(list(rows.loc[rows['flag'] == flag, 'segment']))}"
            for flag in ("above", "below")
            if (rows["flag"] == flag).any()
        ]
        tail = f"; by source, the share that is {str(step).lower()} "
        tail += f"is {'; '.join(sides)}" if sides else "cannot be told apart"
    return Told(f"{found}{tail}.", key("funnel-leads", last["place"], "reached"))


def web_finding(card: FunnelCard) -> str:
    """Say how many visitors ordered, filled a cart or left a lead."""
    if card.web.empty:
        return ""
    count: dict[str, Any] = dict(zip(card.web["step"], card.web["reached"], strict=True))
    first = int(card.web["reached"].iloc[0])
    if not first:
        return f"No visitor came {words_of(card.window)}."
    told = f"Of {formats.plural(first, 'web visitor')} {words_of(card.window)}, "
    told += f"{formats.exact(card.web_leads)} left a lead ({formats.share(card.web_leads / first)})"
    if count[CART]:
        share = formats.share(count[ORDER] / count[CART], 0)
        told += (
            f"; {formats.exact(count[CART])} filled a cart, and {formats.exact(count[ORDER])} of them ({share}) ordered"
        )
    return Told(f"{told}.", key("funnel-web", card.web["place"].iloc[-1], "reached"))


def _unplaced(card: FunnelCard) -> str:
    if not card.unplaced:
        return ""
    return Told(
        f"{formats.plural(card.unplaced, 'deal')} worth {formats.money(card.unplaced_value, card.currency)} came to no "
        "stage that is known, and are in no step.",
        UNPLACED,
    )


def _missing(card: FunnelCard) -> str:
    if card.missing.empty:
        return ""
    told = [f"{row['needs']} ({row['costs']})" for row in card.missing.to_dict("records")]
    return f"What this page cannot tell, as it needs what the source does not give: {formats.listed(told, 4)}."
