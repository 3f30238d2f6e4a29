"""Deals walked week by week through their stages, and the log of every change of every one of them."""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass, field

import numpy as np

from salesnb.data.sample.draws import MILLION, NONE, Draws, Flags, Ints
from salesnb.data.sample.log import AMOUNT, CATEGORY, EXPECTED, GONE, OUTCOME, OWNER, STAGE, Log
from salesnb.data.sample.people import EPOCH, LAST_DAY, LAST_SECOND, Roster, day_of
from salesnb.data.sample.plan import (
    DECEMBER_PACE,
    DELETED,
    HAZARDS,
    QUARTER_END_PACE,
    QUARTER_START_PACE,
    REOPENED,
    SEGMENTS,
    SKIPS,
    STAGES,
    SUMMER_PACE,
    TYPICAL_DAYS,
    USUAL_PACE,
)

DAY = 86_400
FIRST_MONDAY = day_of(dtm.date(2023, 1, 2))
WEEKS = (LAST_DAY - FIRST_MONDAY) // 7 + 1
OUTCOMES = ("open", "won", "lost", "disqualified")
OPEN, WON, LOST, DISQUALIFIED = range(4)
CATEGORIES = ("omitted", "pipeline", "best_case", "commit", "closed")
CLOSED_CATEGORY = (NONE, 4, 0, 0)
WON_STAGE, LOST_STAGE, DISQUALIFIED_STAGE = 5, 6, 7
CALLED = {  # a seller's forecast category by stage
    "": (1, 1, 2, 2, 3),
    "equal": (1, 1, 2, 2, 3),
    "sandbagger": (1, 1, 1, 1, 2),
    "happy_ears": (1, 2, 3, 3, 3),
}
EAGERNESS = {"": 100, "equal": 100, "sandbagger": 190, "happy_ears": 55}  # of the first expected close, hundredths


@dataclass
class Deals:
    """Deals while they are walked; every column is an array over deals, every code a position in the lists above.

    Attributes
    ----------
    created, closed
        Seconds since 1970; ``closed`` is ``NONE`` while open.
    account, lead, owner, kind, product, segment, team, stage, category, outcome
        Positions; ``lead`` is ``NONE`` without one.
    amount, currency
        Cents of the currency: 0 is the book's own, else a position in ``plan.FX`` plus one.
    expected
        The expected close, in days since 1970.
    lost_from
        The stage it stood in when it was closed; ``NONE`` while open.
    """

    created: Ints
    account: Ints
    lead: Ints
    kind: Ints
    product: Ints
    segment: Ints
    team: Ints
    owner: Ints
    amount: Ints
    currency: Ints
    stage: Ints
    expected: Ints = field(init=False)
    category: Ints = field(init=False)
    outcome: Ints = field(init=False)
    closed: Ints = field(init=False)
    lost_from: Ints = field(init=False)

    def __len__(self) -> int:
        return len(self.created)


def paces() -> tuple[Ints, Ints]:
    """Return for each week the pace of the earlier stages and of the last one, in hundredths."""
    early, late = [], []
    for week in range(WEEKS):
        day = EPOCH + dtm.timedelta(days=FIRST_MONDAY + 7 * week + 2)
        quarter = (day.month - 1) // 3
        following = dtm.date(day.year + (quarter == 3), (quarter * 3 + 3) % 12 + 1, 1)
        start = dtm.date(day.year, quarter * 3 + 1, 1)
        is_summer = dtm.date(day.year, 7, 15) <= day <= dtm.date(day.year, 8, 31)
        pace = SUMMER_PACE if is_summer else USUAL_PACE
        early.append(pace)
        if (following - day).days <= 21:
            pace = pace * QUARTER_END_PACE // 100
        elif (day - start).days < 28:
            pace = pace * QUARTER_START_PACE // 100
        late.append(pace * DECEMBER_PACE // 100 if day.month == 12 else pace)
    return np.asarray(early, dtype=np.int64), np.asarray(late, dtype=np.int64)


class Walk:
    """One pass over the weeks; ``deals`` are changed in place and every change is written down."""

    def __init__(self, deals: Deals, roster: Roster, draws: Draws) -> None:
        self.deals, self.roster, self.draws = deals, roster, draws
        self.parts: list[tuple[Ints, Ints, Ints, Ints, Ints]] = []
        self.table = np.asarray([HAZARDS[name] for name in SEGMENTS], dtype=np.int64)
        self.called = np.asarray([CALLED[style] for style in roster.style], dtype=np.int64)
        size = len(deals)
        eager = np.asarray([EAGERNESS[style] for style in roster.style], dtype=np.int64)[deals.owner]
        typical = np.asarray(TYPICAL_DAYS, dtype=np.int64)[deals.segment] * (100 - 20 * deals.stage) // 100
        deals.expected = deals.created // DAY + 7 + typical * draws.between(60, 140, size) * eager // 10_000
        deals.category = self.called[deals.owner, deals.stage]
        deals.outcome = np.zeros(size, dtype=np.int64)
        deals.closed = np.full(size, NONE, dtype=np.int64)
        deals.lost_from = np.full(size, NONE, dtype=np.int64)
        self.returns = np.full(size, NONE, dtype=np.int64)
        everyone = np.arange(size)
        self._note(everyone, deals.created, STAGE, np.full(size, NONE), deals.stage)

    def _note(self, rows: Ints, at: Ints, what: int, old: Ints, new: Ints) -> None:
        """Write down changes of one field, those that change nothing left out."""
        keep = old != new
        self.parts.append((rows[keep], at[keep], np.full(int(keep.sum()), what, dtype=np.int64), old[keep], new[keep]))

    def _set(self, rows: Ints, at: Ints, what: int, new: Ints) -> None:
        """Change one field of some deals and write it down."""
        column = {
            STAGE: self.deals.stage, AMOUNT: self.deals.amount, EXPECTED: self.deals.expected,
            OWNER: self.deals.owner, CATEGORY: self.deals.category, OUTCOME: self.deals.outcome,
        }[what]  # fmt: skip
        self._note(rows, at, what, column[rows], new)
        column[rows] = new

    def run(self) -> Log:
        """Walk all weeks and return the log."""
        early, late = paces()
        for week in range(WEEKS):
            monday = FIRST_MONDAY + 7 * week
            self._reopen(week, monday)
            rows = np.flatnonzero((self.deals.outcome == OPEN) & (self.deals.created < monday * DAY))
            if len(rows):
                self._hand_over(rows, monday)
                self._push(rows, monday)
                self._move(rows, week, monday, int(early[week]), int(late[week]))
        empty = np.zeros(0, dtype=np.int64)
        whole = [np.concatenate([part[place] for part in self.parts] or [empty]) for place in range(5)]
        return Log(*whole)

    def _reopen(self, week: int, monday: int) -> None:
        """Bring lost deals back whose week has come."""
        deals = self.deals
        rows = np.flatnonzero(self.returns == week)
        at = monday * DAY + 5 * 3600 + self.draws.below(1800, len(rows))
        self.returns[rows] = NONE
        owner = self.roster.holder(deals.owner[rows], np.full(len(rows), monday))
        self._set(rows, at, OWNER, owner)
        self._set(rows, at, OUTCOME, np.zeros(len(rows), dtype=np.int64))
        self._set(rows, at, STAGE, np.ones(len(rows), dtype=np.int64))
        self._set(rows, at, CATEGORY, self.called[owner, 1])
        self._set(rows, at, EXPECTED, monday + 30 + self.draws.below(60, len(rows)))
        deals.closed[rows] = NONE
        deals.lost_from[rows] = NONE

    def _hand_over(self, rows: Ints, monday: int) -> None:
        """Give the deals of who has left to the heir, and now and then a deal to a team mate."""
        owner = self.deals.owner[rows]
        day = np.full(len(rows), monday, dtype=np.int64)
        heir = self.roster.holder(owner, day)
        swaps = (heir == owner) & self.draws.hits(900, len(rows))
        mate = self.roster.assign(self.deals.team[rows], day, self.draws)
        at = monday * DAY + 6 * 3600 + self.draws.below(1800, len(rows))
        self._set(rows, at, OWNER, np.where(swaps, mate, heir))

    def _push(self, rows: Ints, monday: int) -> None:
        """Move expected closes that have passed, half of them to the end of the quarter they then fall in."""
        size = len(rows)
        due = (self.deals.expected[rows] < monday) & self.draws.hits(400_000, size)
        later = monday + self.draws.between(10, 60, size)
        ends = np.asarray(QUARTER_ENDS, dtype=np.int64)
        at_end = ends[np.searchsorted(ends, later)]
        later = np.where(self.draws.hits(500_000, size), at_end, later)
        at = monday * DAY + 8 * 3600 + self.draws.below(3600, size)
        self._set(rows[due], at[due], EXPECTED, later[due])

    def _move(self, rows: Ints, week: int, monday: int, early: int, late: int) -> None:
        """Draw what becomes of each deal this week, and let it happen on a weekday."""
        deals, draws = self.deals, self.draws
        stage, owner = deals.stage[rows], deals.owner[rows]
        pace = np.where(stage == len(STAGES) - 1, late, early)
        chance = self.table[deals.segment[rows], stage]
        gone = chance[:, 1] * self.roster.lost_factor[owner] // 100
        each = np.stack([chance[:, 0], gone, chance[:, 2], chance[:, 3], np.full(len(rows), DELETED)], axis=1)
        ends = np.cumsum(each * pace[:, None] // 100, axis=1)
        luck = draws.below(MILLION, len(rows))
        event = (ends <= luck[:, None]).sum(axis=1)
        at = (monday + draws.below(5, len(rows))) * DAY + 9 * 3600 + draws.below(9 * 3600, len(rows))
        happens = (event < 5) & (at <= LAST_SECOND)
        rows, event, at, stage = rows[happens], event[happens], at[happens], stage[happens]
        skips = draws.hits(SKIPS, len(rows)) & (stage == 0)
        last = len(STAGES) - 1
        ahead = (event == 0) & (stage < last)
        onward = np.where(event == 3, stage - 1, stage + 1 + skips)
        moves = ahead | (event == 3)
        self._shift(rows[moves], at[moves], onward[moves], ahead[moves])
        for outcome, closed_stage, which in (
            (WON, WON_STAGE, (event == 0) & (stage == last)),
            (LOST, LOST_STAGE, event == 1),
            (DISQUALIFIED, DISQUALIFIED_STAGE, (event == 2) | (event == 4)),
        ):
            self._close(rows[which], at[which], outcome, closed_stage)
        deleted = event == 4
        count = int(deleted.sum())
        self._note(rows[deleted], at[deleted], GONE, np.zeros(count, dtype=np.int64), np.ones(count, dtype=np.int64))
        lost = rows[event == 1]
        back = lost[draws.hits(REOPENED, len(lost))]
        self.returns[back] = week + draws.between(3, 8, len(back))

    def _shift(self, rows: Ints, at: Ints, stage: Ints, is_ahead: Flags) -> None:
        """Move deals to another stage; some change their amount on the way, most their forecast category."""
        deals, draws = self.deals, self.draws
        self._set(rows, at, STAGE, stage)
        usual = self.called[deals.owner[rows], stage]
        keeps = draws.hits(120_000, len(rows))
        self._set(rows, at, CATEGORY, np.where(keeps, deals.category[rows], usual))
        at_offer = is_ahead & (stage == 2) & draws.hits(300_000, len(rows))
        at_end = is_ahead & (stage == 4) & draws.hits(200_000, len(rows))
        times = np.where(at_offer, draws.between(82, 118, len(rows)), draws.between(86, 99, len(rows)))
        changes = at_offer | at_end
        self._set(rows[changes], at[changes], AMOUNT, deals.amount[rows][changes] * times[changes] // 10_000 * 100)

    def _close(self, rows: Ints, at: Ints, outcome: int, stage: int) -> None:
        """Close deals: outcome, stage, category and expected close change in one save."""
        deals = self.deals
        deals.lost_from[rows] = deals.stage[rows]
        self._set(rows, at, OUTCOME, np.full(len(rows), outcome, dtype=np.int64))
        self._set(rows, at, STAGE, np.full(len(rows), stage, dtype=np.int64))
        self._set(rows, at, CATEGORY, np.full(len(rows), CLOSED_CATEGORY[outcome], dtype=np.int64))
        if outcome == WON:
            self._set(rows, at, EXPECTED, at // DAY)
        deals.closed[rows] = at


QUARTER_ENDS = tuple(
    day_of(dtm.date(year + quarter // 4, quarter % 4 * 3 + 1, 1)) - 1
    for year in range(2023, 2028)
    for quarter in range(1, 5)
)
