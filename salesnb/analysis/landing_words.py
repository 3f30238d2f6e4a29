"""What a landing says in words."""

from __future__ import annotations

import math

import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import Told
from salesnb.analysis.landing_card import LandingCard

NAMES = {
    "combination": "the combination",
    "deals": "deal by deal",
    "triangulation": "stage by stage",
    "series": "the monthly series",
    "pace": "the pace of past periods",
    "stage_weighted": "stage-weighted pipeline",
    "calls": "the sellers' calls",
    "seasonal_naive": "the year before",
    "naive": "the period before",
}
FEW = 4


def headlines(card: LandingCard) -> list[str]:
    """Say where the target lands, how likely it is reached, what was missed, and whom to trust."""
    if card.nothing:
        return [f"Where {card.target} will land cannot be told: {card.nothing}."]
    told = [
        Told(finding(card), "landing-open"),
        chance_finding(card),
        trust_finding(card),
        miss_finding(card),
        change_finding(card),
    ]
    if card.few < FEW:
        noun = card.target.grain if card.target.grain != "range" else "period"
        told.append(
            f"Only {formats.plural(card.few, f'past {noun}')} {'is' if card.few == 1 else 'are'} wholly on record: the "
            "range rests on a first guess more than on a record, and is wide for that."
        )
    return [one for one in told if one]


def finding(card: LandingCard) -> str:
    """Say where the target lands."""
    if card.nothing:
        return headlines(card)[0]
    late = f"By what was known on {formats.day(card.day)}, " if card.is_past else ""
    what = f"{late}{card.target} {'would' if late else 'will'} bring {_money(card, card.value)} ({_range(card)})"
    if math.isnan(card.existing):
        return f"{what}; {_money(card, card.booked)} of it are booked." if card.booked else f"{what}."
    booked = f"{_money(card, card.booked)} are booked, " if card.booked else ""
    parts = f"{_money(card, card.existing)} come from deals that are open and {_money(card, card.new)} from deals that"
    return f"{what}: {booked}{parts} are not there yet."


def chance_finding(card: LandingCard) -> str:
    """Say how likely the target is reached."""
    if math.isnan(card.goal):
        return f"There is no target for {card.target} to hold it against: it has no quota."
    odds = "cannot be told" if math.isnan(card.chance) else formats.chance(card.chance)
    return f"The chance to reach the target of {_money(card, card.goal)}, {card.goal_words}, is {odds}."


def trust_finding(card: LandingCard) -> str:
    """Say who came closest in past periods from as long before the end as now, and how often ranges held."""
    rows = _nearest(card)
    if rows.empty:
        return "There is no past period that forecasts could be held against."
    best = rows.sort_values(["wape", "forecaster"]).iloc[0]
    mine = rows[rows["forecaster"] == "combination"]
    left = card.weeks.get(int(best["days_left"]), "")
    periods = formats.plural(int(best["n"]), "past period")
    who = NAMES[best["forecaster"]]
    said = f"From {left} before the end of {periods} {who} came closest, off by {_share(best['wape'])}"
    if best["forecaster"] != "combination" and len(mine):
        said += f", the combination by {_share(mine['wape'].iloc[0])}"
    over = card.past[(card.past["forecaster"] == "combination") & card.past["low"].notna()]
    held = over["came"].between(over["low"], over["high"])
    return f"{said}; over all weeks its {formats.share(card.level, 0)} ranges held {_share(held.mean())} of the time."


def miss_finding(card: LandingCard) -> str:
    """Say whether the last past period reached its target, since when that was to be seen, and where it went wrong."""
    mine = card.past[card.past["forecaster"] == "combination"]
    if mine.empty:
        return ""
    period = mine["period"].iloc[-1]
    mine = mine[mine["period"] == period].sort_values("days_left", ascending=False)
    whole = mine[mine["days_left"] % 7 == 0]
    mine = whole if len(whole) else mine
    came, goal = float(mine["came"].iloc[0]), float(mine["target"].iloc[0])
    places = [0, int((mine["days_left"] - 35).abs().to_numpy().argmin())]
    told = [
        f"{card.weeks[int(row['days_left'])]} before its end {_money(card, row['said'])} were forecast"
        + ("" if math.isnan(row["chance"]) else f", with a chance of {formats.chance(row['chance'])} to reach it")
        for row in mine.iloc[sorted(set(places))].to_dict("records")
    ]
    against = ""
    if not math.isnan(goal):
        side = "missed its target by" if came < goal else "was above its target by"
        against = f" and {side} {_money(card, abs(came - goal))}"
    return f"{period} brought {_money(card, came)}{against}: {formats.listed(told)}.{_cause(card, came - goal)}"


def _cause(card: LandingCard, gap: float) -> str:
    """Say which group brought less, or more, than it usually does, by most."""
    rows = card.miss.groupby("group")[["came", "usual"]].sum() if len(card.miss) else pd.DataFrame()
    if len(rows) < 2:
        return ""
    off = rows["came"] - rows["usual"]
    where = str(off.idxmin() if gap < 0 or math.isnan(gap) else off.idxmax())
    side = "less" if off[where] < 0 else "more"
    return (
        f" {where} brought {_money(card, abs(off[where]))} {side} than on average of the four before, the most of all."
    )


def change_finding(card: LandingCard) -> str:
    """Say what changed over the last week."""
    if card.change.empty:
        return ""
    total = float(card.change["change"].sum())
    parts = [
        f"{formats.change(row['change'], 'money', card.currency)} {row['part']}"
        for row in card.change.to_dict("records")
    ]
    whole = formats.change(total, "money", card.currency)
    return f"Since a week ago the forecast changed by {whole}: {formats.listed(parts)}."


def _nearest(card: LandingCard) -> pd.DataFrame:
    """Return the scores from as long before the end as today, or the next longer time that there is."""
    if card.scores.empty:
        return card.scores
    now = (card.target.last_day - card.day).days
    lefts = sorted(set(card.scores["days_left"]), key=lambda left: abs(left - now))
    found: pd.DataFrame = card.scores[card.scores["days_left"] == lefts[0]]
    return found


def _money(card: LandingCard, amount: float) -> str:
    return formats.money(amount, card.currency)


def _range(card: LandingCard) -> str:
    if math.isnan(card.low):
        return "with no range that could be known"
    return f"{_money(card, card.low)} to {_money(card, card.high)} in {formats.share(card.level, 0)} of cases"


def _share(value: float) -> str:
    return formats.share(value, 1)
