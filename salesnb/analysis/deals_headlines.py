"""What the chances say in words: computed sentences, the most important first."""

from __future__ import annotations

from salesnb import formats
from salesnb.analysis.behind import Told
from salesnb.analysis.deals_card import DealsCard
from salesnb.analysis.deals_reasons import LABELS

UNLIKELY = 0.10


def headlines(deals: DealsCard) -> list[str]:
    """Say what the open deals will bring, whether the chances can be trusted, and what they rest on."""
    if deals.nothing:
        return [f"There are no chances to tell for {deals.period}: {deals.nothing}."]
    told = [
        sum_finding(deals),
        trust_finding(deals),
        reliability_finding(deals),
        sums_finding(deals),
        _unlikely(deals),
        _rests_on(deals),
        _left_out(deals),
        _unpriced(deals),
    ]
    return [sentence for sentence in told if sentence]


def sum_finding(deals: DealsCard) -> str:
    """Say what the open deals are worth and will bring; where there are no chances, why."""
    worth = f"{formats.plural(len(deals.open), 'open deal')} at {deals.day}, {_money(deals, deals.amount)},"
    if not deals.basis:
        verb = "gets" if len(deals.open) == 1 else "get"
        return Told(f"{worth} {verb} no chances: {deals.why}.", "deals-count")
    between = f"{formats.money(deals.low)} to {_money(deals, deals.high)}"
    weighted = (
        ""
        if formats.is_missing(deals.weighted)
        else f"; weighted by stage alone (pipeline_value.weighted) it is {_money(deals, deals.weighted)}"
    )
    told = (
        f"{worth} can be expected to bring {_money(deals, deals.expected)} within {deals.horizon} days, "
        f"{formats.share(deals.band, 0)} sure of {between}{weighted}."
    )
    return Told(told, "deals-expected")


def trust_finding(deals: DealsCard) -> str:
    """Say how the chances did on past days against the stage's base rate."""
    found = deals.score
    if not deals.basis:
        return ""
    if found is None:
        return f"The chances are base rates, how often deals {_alike(deals)} were won in time: {deals.why}."
    between = formats.interval(found.skill_low, found.skill_high, "ratio")
    missed = f"Brier score {found.brier:.4f} against {found.brier_base:.4f}"
    on = f"{formats.exact(found.rows)} chances of {formats.exact(found.deals)} deals on {len(deals.sums)} past days"
    if not found.beats_base:
        return (
            f"A model of single deals does not beat knowing {_known(deals)} alone ({missed}; it saves {between} of the "
            f"miss, over {on}), so the chances are base rates."
        )
    return (
        f"On past days, knowing only what was known then, the chances missed by {formats.share(found.skill)} less than "
        f"the base rate of {_known(deals)} ({between}; {missed}, over {on})."
    )


def reliability_finding(deals: DealsCard) -> str:
    """Say in how many groups of past chances what was said came true; empty where nothing was tried."""
    if deals.bins.empty or not deals.score:
        return ""
    good = int(deals.bins["is_within"].sum())
    off = deals.bins.assign(gap=(deals.bins["came"] - deals.bins["said"]).abs())
    worst = off.sort_values("gap", kind="stable").iloc[-1]
    return (
        f"What was said came true in {good} of {formats.plural(len(deals.bins), 'group')} of past chances, within "
        f"{formats.share(deals.confidence, 0)} intervals; furthest off is {formats.share(worst['said'], 0)} said, "
        f"{formats.share(worst['came'], 0)} won."
    )


def sums_finding(deals: DealsCard) -> str:
    """Say how far the sum was off on past days; empty where nothing was tried."""
    if deals.sums.empty or not deals.score:
        return ""
    good, whole = int(deals.sums["is_within"].sum()), len(deals.sums)
    came = float(deals.sums["came"].sum())
    off = f"; in all it was {_off(float(deals.sums['expected'].sum()) / came - 1)}" if came > 0 else ""
    return (
        f"On {good} of {formats.plural(whole, 'past day')} the deals then open brought what was expected of them, "
        f"within the {formats.share(deals.band, 0)} band{off}."
    )


def _known(deals: DealsCard) -> str:
    return "age" if "stage" in set(deals.left_out["column"]) else "the stage"


def _alike(deals: DealsCard) -> str:
    return "of the same age" if _known(deals) == "age" else "in the same stage"


def _off(ratio: float) -> str:
    if formats.share(abs(ratio)) == formats.share(0.0):
        return "right to 0.1 %"
    return f"{formats.share(abs(ratio))} too {'high' if ratio > 0 else 'low'}"


def _unlikely(deals: DealsCard) -> str:
    rows = deals.open[deals.open["probability"] < UNLIKELY]
    if rows.empty:
        return ""
    part = f" ({formats.share(rows['amount'].sum() / deals.amount, 0)} of the pipeline)" if deals.amount > 0 else ""
    return (
        f"{formats.plural(len(rows), 'deal')} worth {_money(deals, rows['amount'].sum())}{part} "
        f"{'has' if len(rows) == 1 else 'have'} a chance below {formats.share(UNLIKELY, 0)} of being won in time."
    )


def _rests_on(deals: DealsCard) -> str:
    if deals.basis != "model":
        return ""
    if not deals.tells:
        return "Nothing that is known of a deal tells its end better than chance: all get the same chance."
    rest = f"; {formats.plural(deals.silent, 'other feature')} told nothing more" if deals.silent else ""
    return f"What tells is {formats.listed([LABELS[name] for name in deals.tells], 5)}{rest}."


def _left_out(deals: DealsCard) -> str:
    leaks = deals.left_out[deals.left_out["is_leak"].astype(bool)]
    told = [f"Not used: {row['column']} ({row['reason']})." for row in leaks.to_dict("records")]
    if deals.limit:
        told.append(f"There is {deals.limit}.")
    return " ".join(told)


def _unpriced(deals: DealsCard) -> str:
    if not deals.unpriced:
        return ""
    verb = "adds" if deals.unpriced == 1 else "add"
    return f"{formats.plural(deals.unpriced, 'open deal')} without an amount {verb} nothing to the sum."


def _money(deals: DealsCard, amount: float) -> str:
    return formats.money(amount, deals.currency)
