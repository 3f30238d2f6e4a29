"""Landing card: what a period will bring, how sure that is, and the record it rests on."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from salesnb.analysis.behind import Behind
from salesnb.periods import Period


@dataclass(frozen=True)
class LandingCard:
    """What a period will bring.

    Attributes
    ----------
    period, target, day
        The period reported on, the one that is forecast (the same, or the next one where that is over), and the last
        day known.
    is_past
        Whether what is forecast is over by today, so that this is what would have been said on the day.
    currency, level
        Of the money, and the level of ranges.
    nothing
        Why nothing is forecast; empty where something is.
    booked, value, low, high
        Booked so far in the target, what it will bring in all by the combination, and the range.
    existing, new
        What deals that are open, and deals that are not there yet, add to what is booked; NaN where not known.
    goal, goal_words, chance
        The target's money and where it is from; NaN where there is none; and the probability of at least it.
    record
        What every forecaster said on every day: :data:`salesnb.analysis.landing_record.RECORD`.
    scores
        How they did: :data:`salesnb.analysis.landing_record.SCORES`.
    groups, by
        One row a region or team: ``group, booked, existing, new, value, low, high``; their sum is the whole in every
        path. And what the groups are.
    change
        What changed over the last week: ``part, before, now, change``; parts sum to the change.
    miss
        Of the last past period: what was said of it a whole period before its end, what came, and what usually comes,
        by part and by group: see :func:`salesnb.analysis.landing_parts.miss_of`.
    lines
        What was booked by each day of the target, and of past periods: ``period, day_of, booked``.
    few
        How many past periods there are to learn from.
    behind
        The deals behind what is booked, and behind what open deals add, in all and of each group.
    """

    period: Period
    target: Period
    day: dtm.date
    currency: str
    level: float
    nothing: str
    booked: float
    value: float
    low: float
    high: float
    existing: float
    new: float
    goal: float
    goal_words: str
    chance: float
    record: pd.DataFrame
    scores: pd.DataFrame
    groups: pd.DataFrame
    by: str
    change: pd.DataFrame
    miss: pd.DataFrame
    lines: pd.DataFrame
    few: int
    behind: tuple[Behind, ...] = ()
    is_past: bool = False

    @property
    def now(self) -> pd.DataFrame:
        """What every forecaster says of the target today."""
        return self.record[~self.record["is_over"]]

    @property
    def past(self) -> pd.DataFrame:
        """What every forecaster said of past periods."""
        return self.record[self.record["is_over"]]

    @property
    def weeks(self) -> Mapping[int, str]:
        """Days left to how that is said: ``5 weeks``."""
        return {int(left): _weeks(int(left)) for left in sorted(set(self.past["days_left"]), reverse=True)}


def _weeks(days: int) -> str:
    if days % 7 == 0 and days:
        return "1 week" if days == 7 else f"{days // 7} weeks"
    return "the end" if not days else "1 day" if days == 1 else f"{days} days"
