"""What a plan says in words."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from salesnb import formats
from salesnb.planning.allocation import AS_IS
from salesnb.planning.quota_card import Named, QuotaCard
from salesnb.planning.scenario import Scenario

WAYS = {
    AS_IS: "as they are",
    "evenly": "evenly",
    "last_year": "by the same period of the year before",
    "trailing_year": "by the last twelve months",
    "potential": "by the potential of the accounts held",
    "capacity": "by what each is expected to bring",
}
"""What a way to split a target is called in a sentence."""


def headlines(card: QuotaCard) -> list[str]:
    """Say how likely the target is reached, who makes quota, what it costs, what would help, and the record."""
    if card.nothing or card.usual is None:
        return [f"What {card.target} will bring cannot be planned: {card.nothing}."]
    told = [
        chance_finding(card), quota_finding(card.usual), pay_finding(card.usual), scenario_finding(card),
        fairness_finding(card), replay_finding(card), met_finding(card),
    ]  # fmt: skip
    return [one for one in told if one]


def chance_finding(card: QuotaCard) -> str:
    """Say how likely the target is reached, and the range."""
    found = card.usual
    assert found is not None
    between = (f"{formats.money(found.low)} to {formats.money(found.high, card.currency)} in 80 % of cases, "
               f"{formats.money(found.middle)} in the middle")  # fmt: skip
    if not found.plan.target > 0:
        return f"{card.target} brings {between}; there is no target to hold it against."
    target = formats.money(found.plan.target, card.currency)
    return f"The chance to reach the target of {target} in {card.target} is {formats.chance(found.chance)}: {between}."


def quota_finding(found: Scenario) -> str:
    """Say how many sellers make quota; empty where nobody has one."""
    if not found.hitting.size:
        return ""
    n = int((found.reps["quota"] > 0).sum())
    low, high = (formats.share(float(one), 0) for one in np.quantile(found.hitting, [0.1, 0.9]))
    mean = formats.share(float(found.hitting.mean()), 0)
    said = f"Of {formats.plural(n, 'seller')} with a quota {mean} make it"
    said += f" ({low.removesuffix(' %')} to {high} in 80 % of cases)" if low != high else ""
    if math.isnan(found.concentration) or len(found.reps) < 5:
        return f"{said}."
    return f"{said}; the best fifth bring {formats.share(found.concentration, 0)} of all."


def pay_finding(found: Scenario) -> str:
    """Say what pay costs; empty without pay plans."""
    if not found.pay.size:
        return ""
    low, middle, high = np.quantile(found.pay, [0.1, 0.5, 0.9])
    share = f", {formats.share(middle / found.middle, 0)} of what is sold" if found.middle > 0 else ""
    return (
        f"Pay costs {formats.money(middle, found.plan.currency)} ({formats.money(low)} to {formats.money(high)} in "
        f"80 % of cases){share}."
    )


def ranked(card: QuotaCard) -> list[Named]:
    """Return the scenarios that can be told, those that add most first."""
    known = [one for one in card.scenarios if one.found is not None]
    return sorted(known, key=lambda one: -_expected(one))


def _expected(one: Named) -> float:
    return one.found.expected if one.found is not None else -math.inf


def scenario_finding(card: QuotaCard) -> str:
    """Say which single scenario adds most; empty where none can be told."""
    usual, every = card.usual, ranked(card)
    if usual is None or not every:
        return ""
    single = [one for one in every if len(one.parts) == 1 and _expected(one) > usual.expected]
    best, of = (single[0], "single changes") if single else (every[0], formats.plural(len(every), "scenario"))
    added = _expected(best) - usual.expected
    if added <= 0:
        return f"None of {of} adds to the plan." if len(every) > 1 else f"{best.name!r} adds nothing to the plan."
    assert best.found is not None
    said = f"Of {of} {best.name!r} adds most: {formats.change(added, 'money', card.currency)}"
    chances = [formats.chance(one.chance) if not math.isnan(one.chance) else "" for one in (usual, best.found)]
    return f"{said}." if chances[0] == chances[1] else f"{said} and takes the chance from {chances[0]} to {chances[1]}."


def fairness_finding(card: QuotaCard) -> str:
    """Say how fair the quotas are, and by which way of splitting they would be fairest."""
    if card.allocation is None or card.allocation.ways.empty:
        return ""
    ways = card.allocation.ways.dropna(subset=["spread"])
    if ways.empty or len(card.allocation.quotas) < 2 or float(ways["spread"].max()) < 0.01:
        return ""
    fair = ways.sort_values(["spread", "way"]).iloc[0]
    mine = ways[ways["way"] == AS_IS]
    best = f"{WAYS[fair['way']]} {formats.share(fair['lowest'], 0)} to {formats.share(fair['highest'], 0)}"
    if mine.empty:
        return f"Sellers' chances to make quota lie nearest together where the target is split {best}."
    now = mine.iloc[0]
    said = (
        f"Quotas as they are give sellers chances from {formats.share(now['lowest'], 0)} to "
        f"{formats.share(now['highest'], 0)}"
    )
    return f"{said}." if fair["way"] == AS_IS else f"{said}; split {best}."


def replay_finding(card: QuotaCard) -> str:
    """Say how past periods came out against what would have been said on the day before."""
    if card.replay is None or card.replay.periods.empty:
        return "There is no past period that could be replayed."
    rows = card.replay.periods
    inside, n = int(rows["inside"].sum()), len(rows)
    said = (f"Of {formats.plural(n, 'past period')}, said from the day before each, {inside} ended within the 80 % "
            "range")  # fmt: skip
    last = rows.iloc[-1]
    where = "within it" if last["inside"] else "below it" if last["came"] < last["low"] else "above it"
    if n == 1:
        return (
            f"{last['period']}, said from the day before, ended {where}: {formats.money(last['came'], card.currency)}."
        )
    return f"{said}; the last, {last['period']}, {where} with {formats.money(last['came'], card.currency)}."


def met_finding(card: QuotaCard) -> str:
    """Say how many quotas on record were met, and what half would have met; empty without quotas."""
    if not card.quotas or math.isnan(card.met_by_half):
        return ""
    were = "was" if card.met == 1 else "were"
    said = f"{formats.exact(card.met)} of {formats.plural(card.quotas, 'quota')} on record {were} met"
    factor = card.met_by_half
    if abs(factor - 1) < 0.005:
        return f"{said}, about half."
    how = "lower" if factor < 1 else "higher"
    return f"{said}; half would have been, had they been {formats.share(abs(1 - factor), 0)} {how}."


def calibration_finding(rows: pd.DataFrame) -> str:
    """Say how chances of sellers came true."""
    if rows.empty:
        return "There is no past quota to hold the chances of sellers against."
    n = int(rows["n"].sum())
    off = float(((rows["said"] - rows["came"]).abs() * rows["n"]).sum() / n)
    points = formats.plural(round(100 * off), "point")
    return f"Sellers' chances were off by {points} on average, over {formats.plural(n, 'past quota')}"
