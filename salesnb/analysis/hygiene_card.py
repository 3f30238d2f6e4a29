"""Hygiene card: what the open pipeline is worth with and without the deals that break a rule."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from salesnb.analysis.behind import Behind
from salesnb.periods import Period


@dataclass(frozen=True)
class HygieneCard:
    """The rules of hygiene, each with what it costs.

    Attributes
    ----------
    period, as_of, day
        The period, the last day that is known, and the day it is all as of.
    focus
        The period that coverage is of: the period, or the next one where it is over.
    currency, unit
        Of money; ``money``, or ``count`` where the source gives no amounts.
    nothing
        Why there is nothing to report; empty where there is something.
    idle_limit
        So many days without an activity and a deal is idle.
    rules
        One row a rule, in the order of precedence: ``rule, words, mend, reason`` (what it needs, where it sees nothing
        or not all) ``, is_seen``; of all deals that break it ``deals, amount, expected, due``; and of those that
        break none before it ``own_deals, own_amount, own_expected, own_due, own_coverage``, which sum to the
        difference between the pipeline as it is and the clean one.
    totals
        ``all``, ``flagged`` and ``clean`` to ``deals, amount, expected, due, coverage``; ``due`` is what is open and
        due in the focus, and ``coverage`` that over what is left of its quotas.
    left
        What is left of the focus's quotas; NaN where none is known.
    owners
        One row an owner, what is flagged most first: ``owner_id, owner, deals, amount, flagged_deals,
        flagged_amount, flagged_expected, worst, place``.
    by_owner
        ``owner_id, rule, own_deals, own_amount``: the parts of each owner.
    no_rate
        Why expected bookings are not known; empty where they are.
    unseen
        ``rule, words, reason``: what rules cannot see.
    behind
        The deals behind the numbers.
    """

    period: Period
    as_of: dtm.date
    day: dtm.date
    focus: Period
    currency: str
    unit: str
    nothing: str
    idle_limit: int
    rules: pd.DataFrame
    totals: Mapping[str, dict[str, float]]
    left: float
    owners: pd.DataFrame
    by_owner: pd.DataFrame
    no_rate: str
    unseen: pd.DataFrame
    behind: tuple[Behind, ...]
