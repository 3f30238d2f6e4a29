"""Headlines of a scorecard: sentences made of its numbers, the most important first.

Each sentence is built from the result and left out where the result does not hold it up: no change without a period to
compare with, no "under plan" before the period is over, no cause where the parts do not say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from salesnb import formats
from salesnb.analysis import drivers, needs
from salesnb.analysis.card import Card
from salesnb.analysis.labels import label as label_of

_PLURAL = ("Bookings", "Sales per rep")
_FACTORS = {
    "revenue.booked": {"volume": "deals decided", "rate": "win rate", "size": "deal size"},
    "revenue.net": {"volume": "orders", "rate": "", "size": "order size"},
}


@dataclass(frozen=True)
class Step:
    """One bar of the bridge from the old amount to the new: a level, or a change between the two levels."""

    label: str
    amount: Decimal
    is_level: bool


def headlines(card: Card) -> list[str]:
    """Return the sentences of a scorecard."""
    if empty := nothing(card):
        return [empty, *_missing(card)]
    told = [*_plan(card), *_amount_change(card), *_rate(card), *_pipeline(card), *_segments(card), *_missing(card)]
    return [sentence for sentence in told if sentence]


def nothing(card: Card) -> str:
    """Say that there is nothing to report and why; empty where there is something."""
    if not card.calendar.has_begun:
        why = f"it has not begun, the data end on {card.as_of}"
    elif card.first_day is None:
        why = "no deal is closed and nothing ordered"
    elif card.period.end <= card.first_day:
        why = f"records of closed deals and orders begin on {card.first_day}"
    else:
        return ""
    return f"There is nothing to report for {card.period}: {why}."


def _plan(card: Card) -> list[str]:
    tile = card.tile(card.main)
    if not tile:
        return []
    name, value = tile["label"], formats.money(tile["value"], card.currency)
    goal = card.targets.get(card.main)
    running = not card.calendar.is_complete
    if goal is None and tile["value"] == 0:
        return [f"Nothing was sold in {card.period}{f' up to {card.as_of}' if running else ''}."]
    if goal is None:
        so_far = f" so far, {_gone(card)}" if running else ""
        first = f"{name} {_are(name)} {value} in {card.period}{so_far}"
        return [f"{first}. {_quota_sentence(card)}" if card.quotas else f"{first}; no target is set for {_it(name)}."]
    target = formats.money(goal.value, card.currency)
    if running:
        reached = f"{formats.share(goal.achieved, 0)} of the target of {target} for {card.period}"
        return [f"{name} {_are(name)} {value} so far, {reached}, {_gone(card)}."]
    far = _far(goal.achieved - 1)
    if far == "on":
        return [f"{name} of {value} in {card.period} {_are(name)} on the target of {target}."]
    sentence = f"{name} of {value} in {card.period} {_are(name)} {far} the target of {target}"
    return [f"{sentence}{_gap_of(card) if goal.source == 'quotas' else ''}."]


def _quota_sentence(card: Card) -> str:
    assert card.quotas is not None
    against, reached = (formats.money(amount, card.currency) for amount in (card.quotas.value, card.quotas.actual))
    if not card.calendar.is_complete:
        return f"Against quotas of {against}, {reached} is sold so far."
    return f"Against quotas of {against}, {reached} was sold: {formats.share(card.quotas.achieved)}{_gap_of(card)}."


def _gap_of(card: Card) -> str:
    """Say which segment accounts for most of a gap below the quotas; nothing where none is missing."""
    total = float(card.gaps["gap"].sum()) if len(card.gaps) else 0.0
    if total >= 0 or card.gaps["gap"].iloc[0] >= 0:
        return ""
    worst, short = str(card.gaps["segment"].iloc[0]), -float(card.gaps["gap"].iloc[0])
    if short <= -total and formats.money(short) == formats.money(-total):
        return f"; {worst} accounts for nearly all of the {formats.money(-total)} gap"
    if short <= -total:
        return f"; {worst} accounts for {formats.money(short)} of the {formats.money(-total)} gap"
    return (
        f"; {worst} alone is {formats.money(short)} short, and others make up for {formats.money(short + total)} of it"
    )


def _gone(card: Card) -> str:
    days, of = card.calendar.days_gone, card.period.days
    return f"with {days} of its {of} days gone ({formats.share(days / of, 0)})"


def _far(distance: float) -> str:
    size = abs(distance)
    if round(size, 3) == 0:
        return "on"
    text = formats.share(size, 0 if size >= 0.0995 else 1)
    return f"{text} {'over' if distance > 0 else 'under'}"


def _amount_change(card: Card) -> list[str]:
    tile = card.tile(card.main)
    if not tile:
        return []
    if formats.is_missing(tile["change"]):
        return [_no_before(card)]
    if part := _part(card):
        return [f"{part[0].upper()}{part[1:]}."]
    they = "They are" if tile["label"] in _PLURAL else "It is"
    if tile["value"] == 0:
        they = f"{tile['label']} {_are(tile['label'])}{' 0,' if tile['change'] == 0 else ''}"
    told = f"{they} {_against(tile, card, 'previous')}"
    if card.calendar.coverage["year_ago"] == "whole" and not formats.is_missing(tile["change_yoy"]):
        is_still = tile["change"] == 0 and tile["change_yoy"] == 0
        told += f" and in {card.named('year_ago')}" if is_still else f"; {_against(tile, card, 'year_ago')}"
    told += "."
    return [told, bridge_finding(card)] if len(card.bridge) and tile["change"] != 0 else [told]


def _against(tile: dict[str, Any], card: Card, which: str) -> str:
    names = {"previous": ("change", "change_relative", "is_change_real")}
    names["year_ago"] = ("change_yoy", "yoy_relative", "is_yoy_real")
    change, relative, is_real = (tile[name] for name in names[which])
    if change == 0:
        return f"as in {card.named(which)}"
    size = formats.change(change, "money", card.currency).lstrip("+" + formats.MINUS)
    size = size if formats.is_missing(relative) else f"{formats.share(abs(relative))} ({size})"
    return f"{'up' if change > 0 else 'down'} {size} on {card.named(which)}{_chance(is_real)}"


def _no_before(card: Card) -> str:
    if card.calendar.coverage["previous"] == "none":
        return f"Records begin on {card.first_day}: there is no earlier period to compare {card.period} with."
    return ""


def trend_finding(card: Card, name: str) -> str:
    """Say how a headline KPI stands against the period before, and whether chance could explain it."""
    tile = card.tile(name)
    if not tile or formats.is_missing(tile["value"]):
        rows = card.trend[card.trend["name"] == name]
        called = str(rows["label"].iloc[0]) if len(rows) else label_of(name)
        return nothing(card) or f"{called}: no value in {card.period}."
    called, unit = str(tile["label"]), str(tile["unit"])
    value = formats.value(tile["value"], unit, card.currency)
    so_far = "" if card.calendar.is_complete else " so far"
    start = f"{called} {_are(called)} {value} in {card.period}{so_far}"
    if formats.is_missing(tile["change"]):
        return f"{start}."
    then = card.named()
    part = _part(card)
    if part:
        return f"{start}; {part}."
    if float(tile["change"]) == 0:
        return f"{start}, as in {then}."
    size, way = _size(tile, card), "up" if tile["change"] > 0 else "down"
    return f"{start}, {way} {size} on {then}{_chance(tile['is_change_real'])}."


def _part(card: Card) -> str:
    if card.calendar.coverage["previous"] != "part":
        return ""
    return f"{card.calendar.previous} is on record only from {card.first_day}, so the two cannot be compared"


def _size(tile: dict[str, Any], card: Card) -> str:
    size = formats.change(tile["change"], tile["unit"], card.currency).lstrip("+" + formats.MINUS)
    if tile["unit"] in ("ratio", "percent") or formats.is_missing(tile["change_relative"]):
        return size
    return f"{formats.share(abs(tile['change_relative']), 1)} ({size})"


def _chance(is_real: bool | None) -> str:
    if is_real is None or is_real != is_real:
        return ""
    return ", more than chance explains" if is_real else ", which chance alone could explain"


def bridge_steps(card: Card) -> list[Step]:
    """Return the bars from the amount before to the amount now; a factor that does not apply is left out."""
    sums, names = drivers.total(card.bridge), _FACTORS[card.main]
    parts = [Step(names[key].capitalize(), sums[key], False) for key in ("volume", "rate", "size") if names[key]]
    return [Step(card.named(), sums["before"], True), *parts, Step(_now(card), sums["after"], True)]


def _now(card: Card) -> str:
    return str(card.period) if card.calendar.is_complete else f"{card.period} so far"


def bridge_finding(card: Card) -> str:
    """Say what of the change of the amount sold came from volume, rate and size, and where most of it was."""
    if not len(card.bridge):
        return nothing(card) or "There is nothing to compare with, so nothing to explain."
    part = _part(card)
    if part:
        return f"{part[0].upper()}{part[1:]}."
    sums = drivers.total(card.bridge)
    if sums["change"] == 0:
        return f"The amount sold is the same as in {card.named()}."
    parts = sorted((s for s in bridge_steps(card) if not s.is_level), key=lambda s: -abs(s.amount))
    told = [f"{step.label.lower()} {formats.change(step.amount, 'money')}" for step in parts]
    total = formats.change(sums["change"], "money", card.currency)
    return f"Of the change of {total}: {', '.join(told)}{_where(card, sums['change'])}."


def _where(card: Card, change: Decimal) -> str:
    same_way = card.bridge[card.bridge["change"].map(lambda c: c * change > 0)]
    if len(card.bridge) < 2 or not len(same_way):
        return ""
    top = same_way.iloc[0]
    return f"; the largest part is {top['segment']} with {formats.change(top['change'], 'money')}"


def trends_finding(card: Card) -> str:
    """Say which of the other headline KPIs moved by more than chance since the period before."""
    if empty := nothing(card):
        return empty
    others = card.tiles[card.tiles["name"] != card.main]
    tested = others[others["is_change_real"].map(lambda real: real is not None and real == real)]
    if card.calendar.coverage["previous"] != "whole" or tested.empty:
        return f"The other headline KPIs up to {card.period}."
    moved = tested[tested["is_change_real"].astype(bool)]
    if moved.empty:
        names = formats.listed([str(name).lower() for name in tested["label"]], 8)
        return f"None of {names} moved by more than chance since {card.named()}."
    told = [
        f"{str(row['label']).lower()} ({formats.change(row['change'], row['unit'])})"
        for row in moved.to_dict("records")
    ]
    # "Besides bookings" would say that they moved too.
    main = card.tile(card.main)
    has_moved = bool(main) and main["is_change_real"] in (True,)
    besides = f"Besides {str(main['label']).lower()}" if has_moved else "Of the others"
    return f"{besides}, moved by more than chance since {card.named()}: {formats.listed(told)}."


def _rate(card: Card) -> list[str]:
    tile = card.tile("win_rate.closed")
    if not tile or formats.is_missing(tile["value"]):
        return []
    sentence = (
        f"Win rate is {formats.share(tile['value'])} of {formats.plural(int(tile['n']), 'deal')} decided "
        f"({formats.interval(tile['low'], tile['high'], 'ratio')})"
    )
    if formats.is_missing(tile["change"]) or _part(card):
        return [f"{sentence}."]
    change = formats.change(tile["change"], "ratio")
    return [f"{sentence}, {change} on {card.named()}{_chance(tile['is_change_real'])}."]


def _pipeline(card: Card) -> list[str]:
    tile = card.tile("pipeline_value.open")
    if not tile or formats.is_missing(tile["value"]) or not tile["n"]:
        return []
    when = f"at the end of {card.period}" if card.calendar.is_complete else f"on {card.as_of}"
    sentence = (
        f"{formats.plural(int(tile['n']), 'open deal')} {when} hold {formats.money(tile['value'], card.currency)}"
    )
    cover = card.tile("pipeline_coverage.end")
    if cover and not formats.is_missing(cover["value"]):
        share = formats.value(cover["value"], cover["unit"])
        sentence += f"; at the start of {card.period} the deals due in it were {share} of its quota"
    return [f"{sentence}."]


def _segments(card: Card) -> list[str]:
    cuts = [cut for cut in card.segments.values() if cut.tested]
    marked = [cut for cut in cuts if len(cut.marked)]
    if marked:
        return [cut.finding() for cut in marked]
    if not cuts:
        return []
    names = formats.listed([cut.by for cut in cuts], 8).replace(" and ", " or ")
    return [f"No {names} can be told from the rest by {cuts[0].rate_label.lower()}; do not rank them on it."]


def _missing(card: Card) -> list[str]:
    return [f"{needs.costs(card.missing, card.kpi_count)}."] if len(card.missing) else []


def _are(label: str) -> str:
    return "are" if label in _PLURAL else "is"


def _it(label: str) -> str:
    return "them" if label in _PLURAL else "it"
