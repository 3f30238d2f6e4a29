"""Landing, which answers where a period will end, how sure that is, and whom to trust.

One frozen result. What is said of today is said in the same way of past days, from what was known on them, so that the
record shows how good it is.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from salesnb.analysis import landing_words as told
from salesnb.analysis.coverage_quota import quotas
from salesnb.analysis.hygiene_deals import NUMBERS, PARTS, days_of, held, kept, numbered
from salesnb.analysis.landing_behind import behind_of
from salesnb.analysis.landing_card import LandingCard
from salesnb.analysis.landing_grid import Grid, day_of, grid, target_of
from salesnb.analysis.landing_parts import by_group, change_of, groups_of, miss_of
from salesnb.analysis.landing_record import RECORD, SCORES, replay, scores
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.forecast.paths import hit
from salesnb.kpis.answers import answer
from salesnb.kpis.quotas import holder_of
from salesnb.periods import Period

N_PATHS = 4000


class Landing(LandingCard):
    """A landing that says what its numbers say; see :class:`salesnb.analysis.landing_card.LandingCard` for the data."""

    def headlines(self) -> list[str]:
        """Say where the target lands, how likely it is reached, what was missed, and whom to trust."""
        return held(told.headlines(self), self.behind)

    def finding(self) -> str:
        """Say where the target lands."""
        return told.finding(self)

    def trust_finding(self) -> str:
        """Say who came closest in past periods, and how often ranges held."""
        return told.trust_finding(self)

    def numbers(self) -> pd.DataFrame:
        """List every number, for results.json: the columns of :data:`salesnb.analysis.hygiene_deals.NUMBERS`."""
        made: list[dict[str, Any]] = []
        late = f"by what was known on {self.day}" if self.is_past else ""
        for row in self.now.to_dict("records"):
            made.append(
                {"id": "landing", "variant": row["forecaster"], "period": row["period"], "value": row["said"],
                 "low": row["low"], "high": row["high"], "target": row["target"], "unit": "money", "reason": late}
            )  # fmt: skip
            if row["forecaster"] == "combination":
                made.append({"id": "landing_chance", "period": row["period"], "value": row["chance"], "unit": "ratio"})
        truths = self.past.drop_duplicates("period") if len(self.past) else self.past
        for row in truths.to_dict("records"):
            made.append({"id": "landing_came", "period": row["period"], "value": row["came"], "unit": "money"})
        for row in self.scores.to_dict("records"):
            place = {"by": "days_left", "segment": str(row["days_left"]), "n": row["n"], "unit": "ratio"}
            found = {"accuracy": 1 - row["wape"], "mase": row["mase"], "bias": row["bias"], "coverage": row["coverage"]}
            for name, value in found.items():
                made.append({"id": f"forecast_{name}", "variant": row["forecaster"], "value": value, **place})
        for row in self.groups.to_dict("records"):
            made.append(
                {"id": "landing", "variant": "combination", "period": str(self.target), "by": self.by,
                 "segment": row["group"], "value": row["value"], "low": row["low"], "high": row["high"],
                 "unit": "money"}
            )  # fmt: skip
        return numbered(made, self.period) if made else pd.DataFrame(columns=list(NUMBERS))


def landing(book: Book, period: Period, *, level: float = 0.8, seed: int = 0, trend_periods: int = 8) -> Landing:
    """Answer "where will we land, and how sure are we?" for a period, or for the next one where it is over.

    Parameters
    ----------
    book, period
        The book, and the period; nothing later than :func:`salesnb.analysis.landing_grid.day_of` counts.
    level
        The level of ranges.
    seed
        Where random numbers start.
    trend_periods
        How many past periods the record shows; those before them are learnt from only.
    """
    source = kept(book)
    try:
        known = grid(source, period)
    except NeedsData as lacking:
        return _nothing(book, period, level, f"needs {lacking.needs}")
    if known.won.empty:
        return _nothing(book, period, level, "nothing was sold yet")
    calls = _calls(source)
    periods = (*known.past, known.target)
    came = {str(each): known.total(each, known.day) for each in known.past}
    goals, words = _goals(source, periods, known)
    record, asked = replay(source, known, calls, came, goals, level)
    shown = {str(each) for each in (*known.past[-trend_periods:], known.target)}
    record = record[record["period"].isin(shown)].reset_index(drop=True)
    before, now = asked
    mine = record[~record["is_over"] & (record["forecaster"] == "combination")].iloc[0]
    drawn = _paths(mine, now.booked, level, seed)
    groups, by = groups_of(source, known)
    goal = goals.get(str(known.target), math.nan)
    parts = by_group(known, now, groups, drawn, level, seed)
    return Landing(
        period=period,
        target=known.target,
        day=known.day,
        is_past=known.target.is_complete(book.as_of),
        currency=book.currency,
        level=level,
        nothing="" if not math.isnan(mine["said"]) else "the records tell of no whole period to learn from",
        booked=now.booked,
        value=float(mine["said"]),
        low=float(mine["low"]),
        high=float(mine["high"]),
        existing=now.existing,
        new=now.new,
        goal=goal,
        goal_words=words,
        chance=hit(drawn, goal) if len(drawn) else math.nan,
        record=record,
        scores=scores(record),
        groups=parts,
        by=by,
        change=change_of(before, now),
        miss=miss_of(known, calls, groups),
        lines=_lines(known, trend_periods),
        few=len(known.past),
        behind=behind_of(known, now, groups, parts),
    )


def _paths(row: Any, booked: float, level: float, seed: int) -> np.typing.NDArray[np.float64]:
    """Draw what the whole may come to: evenly from the distribution of the range, none below what is booked."""
    from scipy.special import stdtrit

    value, low, high = float(row["said"]), float(row["low"]), float(row["high"])
    if math.isnan(value) or math.isnan(low) or value <= 0:
        return np.array([])
    freedom = float(row["freedom"])
    size = math.log(high / value) / float(stdtrit(freedom, (1 + level) / 2)) if high > low else 0.0
    places = (np.arange(N_PATHS) + 0.5) / N_PATHS
    drawn = value * np.exp(np.clip(size * stdtrit(freedom, places), -20, 20))
    return np.asarray(np.maximum(np.random.default_rng(seed).permutation(drawn), booked))


def _calls(book: Book) -> pd.DataFrame:
    """Return the commit calls: ``start, end, as_of, holder, amount``; of sellers where any call is a seller's."""
    nothing = pd.DataFrame(columns=["start", "end", "as_of", "holder", "amount"])
    nothing = nothing.astype({"start": "datetime64[s]", "end": "datetime64[s]", "as_of": "datetime64[s]"})
    if not (book.has("forecast_calls") and book.gives("forecast_calls.amount")):
        return nothing
    rows = book.forecast_calls
    holder = holder_of(book, "forecast_calls")
    rows = rows.filter(rows[holder].notnull(), rows.category == "commit")
    frame = answer(book, rows.select("period", "as_of", holder=rows[holder], amount=rows.amount.cast("float64")))
    if frame.empty:
        return nothing
    spans = {name: Period.parse(name, book.fiscal_year_start) for name in set(frame["period"])}
    frame["start"] = pd.to_datetime(frame["period"].map({name: one.start for name, one in spans.items()}))
    frame["end"] = pd.to_datetime(frame["period"].map({name: one.end for name, one in spans.items()}))
    frame["as_of"] = days_of(frame["as_of"])
    return frame.sort_values(["as_of", "holder"], ignore_index=True)


def _goals(book: Book, periods: tuple[Period, ...], known: Grid) -> tuple[dict[str, float], str]:
    """Return each period's target: the sum of its quotas; and where it is from."""
    quota = quotas(book, known.day)
    found = {}
    for each in periods:
        total = float(quota.of(each.start, each.end)["quota"].sum()) / PARTS
        if total > 0:
            found[str(each)] = total
    return found, "the sum of its quotas" if found else ""


def _lines(known: Grid, most: int) -> pd.DataFrame:
    """Return what the target and past periods had booked by each of their days."""
    rows = known.rows("won", known.day)
    made = []
    for each in (*known.past[-most:], known.target):
        inside = (rows["closed_on"] >= pd.Timestamp(each.start)) & (rows["closed_on"] < pd.Timestamp(each.end))
        last = min(each.days, (known.day - each.start).days + 1)
        day_of = (rows.loc[inside, "closed_on"] - pd.Timestamp(each.start)).dt.days + 1
        by_day = rows.loc[inside, "amount"].groupby(day_of).sum().reindex(range(max(last, 0) + 1), fill_value=0.0)
        made.append(pd.DataFrame({"period": str(each), "day_of": by_day.index, "booked": by_day.cumsum().to_numpy()}))
    return pd.concat(made, ignore_index=True)


def _nothing(book: Book, period: Period, level: float, why: str) -> Landing:
    none = math.nan
    return Landing(
        period=period, target=target_of(book, period), day=day_of(book, period), currency=book.currency, level=level,
        nothing=why, booked=none, value=none, low=none, high=none, existing=none, new=none, goal=none, goal_words="",
        chance=none, record=pd.DataFrame(columns=list(RECORD)).astype({"is_over": bool}),
        scores=pd.DataFrame(columns=list(SCORES)), by="", few=0,
        groups=pd.DataFrame(columns=["group", "booked", "existing", "new", "value", "low", "high"]),
        change=pd.DataFrame(columns=["part", "before", "now", "change"]),
        miss=pd.DataFrame(columns=["part", "group", "said", "came", "usual"]),
        lines=pd.DataFrame(columns=["period", "day_of", "booked"]),
    )  # fmt: skip
