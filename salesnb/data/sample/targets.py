"""What was promised: quotas, the weekly forecast calls, and who holds which account."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import numpy as np

from salesnb.data.sample.company import Company, dollars
from salesnb.data.sample.deals import QUARTER_ENDS, WON
from salesnb.data.sample.demand import DAY
from salesnb.data.sample.draws import NONE, Draws, Ints
from salesnb.data.sample.people import CALL_BIAS, LAST_DAY, Roster
from salesnb.data.sample.plan import (
    PLAN,
    PLAN_FROM,
    REGIONS,
    SEGMENT_SIZES,
    TEAM_SHARES,
    TEAMS,
    plan_quarters,
)
from salesnb.data.sample.records import account_ids

_PANEL = 61
"""The stream of draws of the panel, which no other table takes from."""
_CALLS = ("commit", "best_case", "pipeline")
_SKIPPED = (PLAN_FROM[0] - 2023) * 4 + PLAN_FROM[1] - 1


def spans() -> list[tuple[int, int]]:
    """Return the first and last day of each planned quarter."""
    ends = QUARTER_ENDS[_SKIPPED : _SKIPPED + len(plan_quarters())]
    starts = [end - (end - before) + 1 for before, end in zip(QUARTER_ENDS[_SKIPPED - 1 :], ends, strict=False)]
    return list(zip(starts, ends, strict=True))


def quota_grid(roster: Roster, scale: float, *, own_share: int = 50) -> tuple[Ints, Ints]:
    """Return quotas in cents, by seller and quarter, and by team and quarter; 0 where there is none.

    A team's quota is its share of the region's plan. It is divided among the sellers who are there for at least 30
    days of the quarter by capacity: days there x what is to be expected of their tenure x flow, where ``own_share``
    per cent of the flow is their own and the rest an ordinary seller's. With 50, strong sellers have room above their
    quota; with 100 it is what each can expect to book.
    """
    reps = np.arange(len(roster.ids))
    by_rep = np.zeros((len(reps), len(plan_quarters())), dtype=np.int64)
    by_team = np.zeros((len(TEAMS), len(plan_quarters())), dtype=np.int64)
    for quarter, (start, end) in enumerate(spans()):
        gone = np.where(roster.left == NONE, end + 1, roster.left)
        days = np.minimum(end + 1, gone) - np.maximum(start, roster.hired)
        flow = 100 * (100 - own_share) + roster.flow * own_share
        capacity = np.where(days >= 30, days * roster.ready(reps, np.full(len(reps), (start + end) // 2)) * flow, 0)
        for team in range(len(TEAMS)):
            goal = int(PLAN[REGIONS[team // 2]][quarter] * 1000 * scale) * TEAM_SHARES[team] // 100
            by_team[team, quarter] = goal // 1000 * 100_000
            mates = roster.team == team
            whole = int(capacity[mates].sum())
            by_rep[mates, quarter] = goal * capacity[mates] // whole // 500 * 50_000
    return by_rep, by_team


def quota_columns(roster: Roster, scale: float) -> dict[str, list[Any]]:
    """Return the table ``quotas``: each team's and each seller's bookings a quarter, for the days they are there."""
    by_rep, by_team = quota_grid(roster, scale)
    rows: list[tuple[str | None, str | None, int, int, int]] = []
    for quarter, (start, end) in enumerate(spans()):
        for team, name in enumerate(TEAMS):
            rows.append((None, name, start, end, int(by_team[team, quarter])))
        for rep, name in enumerate(roster.ids):
            if by_rep[rep, quarter]:
                gone = end if roster.left[rep] == NONE else min(end, int(roster.left[rep]) - 1)
                rows.append((name, None, max(start, int(roster.hired[rep])), gone, int(by_rep[rep, quarter])))
    return {
        "rep_id": [row[0] for row in rows],
        "team": [row[1] for row in rows],
        "starts_on": [row[2] for row in rows],
        "ends_on": [row[3] for row in rows],
        "metric": ["bookings"] * len(rows),
        "amount": [row[4] for row in rows],
    }


def benchmark_columns(seed: int, starts: Ints) -> dict[str, list[Any]]:
    """Return the table ``benchmarks``: what a panel says competitors won, each quarter on its last day.

    Parameters
    ----------
    starts
        The day each customer was won; the panel counts three and a half to four and a half times as many elsewhere.
    """
    draws = Draws.of(seed, _PANEL)
    quarters = spans()
    times = draws.between(350, 450, len(quarters))
    own = [int(((starts >= first) & (starts <= last)).sum()) for first, last in quarters]
    return {
        "name": ["competitors_new_customers"] * len(quarters),
        "starts_on": [first for first, _ in quarters],
        "ends_on": [last for _, last in quarters],
        "value": [won * int(part) // 100 for won, part in zip(own, times, strict=True)],
        "source": ["Market panel (made up)"] * len(quarters),
        "published_on": [last for _, last in quarters],
    }


def call_columns(seed: int, company: Company, scale: float) -> dict[str, list[Any]]:
    """Return the table ``forecast_calls``: every Monday of a quarter each seller, and each team, says how it will end.

    What a seller says is still to come lies between what they know (what does come) and what they can expect in the
    days that are left; knowledge grows from 75 % in the first week to 98 % in the last. That is multiplied by the
    seller's bias and a little noise; what is already won is added. ``commit`` is that; ``best_case`` and ``pipeline``
    add 25 % and 80 % of what is to come. A team's call is the sum of its sellers'.
    """
    draws = Draws.of(seed, 40)
    roster, deals = company.roster, company.deals
    won = np.flatnonzero(deals.outcome == WON)
    cents, day, owner = dollars(deals.amount[won], deals.currency[won]), deals.closed[won] // DAY, deals.owner[won]
    by_rep, _ = quota_grid(roster, scale, own_share=100)
    bias = np.asarray([CALL_BIAS.get(style, 100) for style in roster.style], dtype=np.int64)
    own = draws.between(94, 106, len(roster.ids))
    bias = np.where(bias == 100, own, bias)
    bias = np.where(np.asarray([style == "equal" for style in roster.style]), 100, bias)
    rows: list[tuple[int, str, str | None, str | None, str, int]] = []
    for quarter, (label, (start, end)) in enumerate(zip(plan_quarters(), spans(), strict=True)):
        inside = (day >= start) & (day <= end)
        whole = _sum_by(owner[inside], cents[inside], len(roster.ids))
        monday = start + (-(start + 3)) % 7
        for week, as_of in enumerate(range(monday, end + 1, 7)):
            past = inside & (day < as_of)
            booked = _sum_by(owner[past], cents[past], len(roster.ids))
            known = 75 + 23 * min(week, 12) // 12
            hoped = by_rep[:, quarter] * (end + 1 - as_of) // (end + 1 - start)
            rest = (known * (whole - booked) + (100 - known) * hoped) // 100
            rest = rest * bias // 100 * draws.between(88, 112, len(rest)) // 100
            reps = np.flatnonzero(
                (by_rep[:, quarter] > 0) & roster.is_there(np.arange(len(rest)), np.full(len(rest), as_of))
            )
            for category, share in zip(_CALLS, (100, 125, 180), strict=True):
                said = (booked + rest * share // 100) // 10_000 * 10_000
                for rep in reps.tolist():
                    rows.append((as_of, label, roster.ids[rep], None, category, int(said[rep])))
                for team, name in enumerate(TEAMS):
                    mates = reps[roster.team[reps] == team]
                    rows.append((as_of, label, None, name, category, int(said[mates].sum())))
    names = ("as_of", "period", "rep_id", "team", "category", "amount")
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def _sum_by(owner: Ints, cents: Ints, size: int) -> Ints:
    total = np.zeros(size, dtype=np.int64)
    np.add.at(total, owner, cents)
    return total


def territory_columns(seed: int, company: Company, country: list[str]) -> dict[str, list[Any]]:
    """Return the table ``territories``: each account with the seller who first held it, then with who took over."""
    draws = Draws.of(seed, 41)
    roster = company.roster
    size = len(company.account_since)
    times = draws.between(120, 420, size)
    potential = np.asarray(SEGMENT_SIZES, dtype=np.int64)[company.account_segment] * times // 100 // 100 * 10_000
    rows: list[tuple[int, int, int, int]] = []
    for account, (rep, since) in enumerate(
        zip(company.account_owner.tolist(), company.account_since.tolist(), strict=True)
    ):
        left = int(roster.left[rep])
        if left == NONE or left > LAST_DAY:
            rows.append((account, rep, since, NONE))
        else:
            rows.append((account, rep, since, left - 1))
            rows.append((account, int(roster.heir[rep]), left, NONE))
    return {
        "account_id": list(account_ids(np.asarray([row[0] for row in rows], dtype=np.int64))),
        "territory": [country[row[0]] for row in rows],
        "rep_id": [roster.ids[row[1]] for row in rows],
        "valid_from": [row[2] for row in rows],
        "valid_to": [row[3] for row in rows],
        "potential": [int(potential[row[0]]) for row in rows],
    }


def rate_days() -> list[int]:
    """Return the firsts of the months, on which the rates are written down."""
    first = dtm.date(1970, 1, 1)
    return [day for day in range(QUARTER_ENDS[0] - 89, LAST_DAY + 1) if (first + dtm.timedelta(days=day)).day == 1]
