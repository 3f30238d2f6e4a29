"""Quota, which answers whether the number is hit, how sure that is, who makes quota, and what it costs.

One frozen result for the period that runs, or for the next one where it is over, planned from the last day known of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from salesnb.analysis.coverage_quota import quotas
from salesnb.data.book import Book
from salesnb.data.history import as_known
from salesnb.data.memo import keeping
from salesnb.errors import NeedsData, ParameterError
from salesnb.kpis.quotas import metric_of
from salesnb.periods import Period
from salesnb.planning import capacity_data as data
from salesnb.planning import quota_words as told
from salesnb.planning.allocation import allocation
from salesnb.planning.capacity import Capacity, capacity
from salesnb.planning.drivers import difference
from salesnb.planning.paid import Statement, in_currency, of_length, statements
from salesnb.planning.pay_plan import PayPlan
from salesnb.planning.quota_card import Named, QuotaCard
from salesnb.planning.quota_numbers import numbers
from salesnb.planning.replay import past_periods, quota_met_by, replay
from salesnb.planning.rules import RULES, rules
from salesnb.planning.scenario import Scenario, what_if
from salesnb.planning.shown import shown
from salesnb.planning.territories import potential_of, territories
from salesnb.planning.usual import usual_scenarios
from salesnb.scenarios import Changes


class Quota(QuotaCard):
    """A plan that says what its numbers say; see :class:`salesnb.planning.quota_card.QuotaCard` for the data."""

    def headlines(self) -> list[str]:
        """Say how likely the target is reached, who makes quota, what it costs, what would help, and the record."""
        return told.headlines(self)

    def numbers(self) -> pd.DataFrame:
        """List every number, for results.json: see :func:`salesnb.planning.quota_numbers.numbers`."""
        return numbers(self)


def quota(
    book: Book, period: Period, *, plans: Sequence[PayPlan] = (), target: float | None = None,
    scenarios: Mapping[str, Changes] | None = None, seed: int = 0, trend_periods: int = 8, source: str = "",
) -> Quota:  # fmt: skip
    """Answer "do we hit the number, how sure, who makes quota, and what does it cost?".

    Parameters
    ----------
    book, period
        The book, and the period reported on. Planned is that period, or the next one where it is over; nothing later
        than its last day counts.
    plans
        The pay plans; those of another currency are brought into the book's.
    target
        What all sellers shall bring in the period planned; the sum of their quotas where None.
    scenarios
        Name to changes; :func:`salesnb.planning.usual.usual_scenarios` where there are none.
    seed
        Where random numbers start.
    trend_periods
        How many past periods are replayed.
    source
        The source, as a run is told it; for scenarios that are saved.
    """
    day = min(book.as_of, period.last_day)
    is_replay = day < book.as_of
    goes_on = period if not period.is_complete(day) else period.next
    known = keeping(as_known(book, day) if is_replay else book)
    given, converted = in_currency(plans, known, day)
    paying, longer = of_length(given, goes_on)
    base: dict[str, Any] = {"period": period, "target": goes_on, "day": day, "currency": book.currency, "seed": seed,
                            "source": source}  # fmt: skip
    try:
        found = capacity(known, goes_on, plans=paying, target=target, is_replay=is_replay, carries_quotas=True)
    except NeedsData as lacking:
        return Quota(**base, nothing=lacking.what, rules=pd.DataFrame(columns=list(RULES)))
    if found.plan.reps.empty:
        return Quota(**base, nothing="nobody is there to sell", rules=pd.DataFrame(columns=list(RULES)))
    plan = found.plan
    usual = what_if(plan, seed=seed)
    metric = metric_of(known) if known.gives("quotas") else "bookings"
    won = data.won(known, metric, day)
    held = territories(known, plan)
    late = won[won["on"] > pd.Timestamp(day) - pd.Timedelta(days=data.YEAR)]
    named = scenarios or usual_scenarios(plan, found.assumptions)
    made = tuple(_named(plan, usual, name, changes, seed) for name, changes in named.items())
    spans = quotas(known, day).spans
    spans = spans[(spans["ends_on"] <= pd.Timestamp(day)) & (spans["quota"] > 0)]
    return Quota(
        **base,
        nothing="",
        capacity=found,
        usual=usual,
        scenarios=made,
        allocation=allocation(plan, usual, won, potential_of(held), seed) if plan.target > 0 else None,
        territories=held,
        statements=_statements(known, period, found, given, metric),
        replay=replay(known, past_periods(known, period, trend_periods), opened=book, seed=seed),
        met_by_half=quota_met_by(spans),
        met=int((spans["booked"] >= spans["quota"]).sum()),
        quotas=len(spans),
        sellers=plan.reps[["rep_id", "wins_a_day", "size"]].merge(
            shown(known, plan.reps.assign(left_on=plan.reps["ends_on"]), day), on="rep_id"
        ),
        rules=rules(known, found, usual, _sold(late), {**converted, **longer}, has_plans=bool(plans)),
    )


def _sold(late: pd.DataFrame) -> dict[str, int]:
    return {str(seller): int(n) for seller, n in late.groupby("seller").size().items()}


def _named(plan: Any, usual: Scenario, name: str, changes: Changes, seed: int) -> Named:
    try:
        found = what_if(plan, changes, seed=seed)
        parts = difference(plan, usual.changes, changes)
    except ParameterError as wrong:
        return Named(name, changes, None, f"{wrong.what}; {wrong.mend}" if wrong.mend else wrong.what,
                     pd.DataFrame(columns=["driver", "part"]))  # fmt: skip
    return Named(name, changes, found, "", parts)


def _statements(
    book: Book, period: Period, found: Capacity, plans: Sequence[PayPlan], metric: Any
) -> tuple[Statement, ...]:
    """Work out the pay of the period reported on, which may be the one planned.

    Parameters
    ----------
    book, period, found
        The book, the period reported on, and the plan.
    plans
        The pay plans in the book's currency.
    metric
        What sellers are credited with.
    """
    if not found.plan.plans:
        return ()
    plan = found.plan
    if period.start != plan.period.start:
        try:
            plan = replace(capacity(book, period, plans=of_length(plans, period)[0]).plan, target=math.nan)
        except NeedsData:
            return ()
    return statements(book, plan, metric)
