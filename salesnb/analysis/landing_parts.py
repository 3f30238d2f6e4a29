"""The parts of a landing: by region or team in paths that add up, over the last week, and of the period before."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from salesnb.analysis.landing_grid import Grid
from salesnb.analysis.landing_said import RECENT, Said, fresh, said, seen
from salesnb.data.book import Book
from salesnb.forecast.paths import Floats, Paths, summary
from salesnb.kpis.answers import answer
from salesnb.kpis.dimensions import NONE
from salesnb.periods import Period

_GROUPS = ("group", "booked", "existing", "new", "value", "low", "high")
_MISS = ("part", "group", "said", "came", "usual")
EXISTING, NEW = "deals that were open", "deals that came later"


def groups_of(book: Book, known: Grid) -> tuple[Mapping[str, str], str]:
    """Return the region of each seller, or the team where there are no regions, and which of them it is."""
    if not known.has_deals or not book.gives("opportunities.owner_id"):
        return {}, ""
    for name in ("region", "team"):
        if book.gives(f"reps.{name}"):
            rows = book.table("reps")
            frame = answer(book, rows.select("rep_id", group=rows[name]))
            return {rep: group for rep, group in zip(frame["rep_id"], frame["group"], strict=True) if group}, name
    return {}, ""


def grouped(owners: pd.Series[str], groups: Mapping[str, str]) -> pd.Series[str]:
    """Return the group of each seller; a name of its own for those of none."""
    return owners.map(groups).fillna(NONE).astype(object)


def _sums(rows: pd.DataFrame, groups: Mapping[str, str], names: list[str], column: str = "amount") -> Floats:
    summed = rows.groupby(grouped(rows["owner_id"], groups))[column].sum() if len(rows) else pd.Series(dtype="float64")
    return summed.reindex(names, fill_value=0.0).to_numpy(dtype=np.float64)


def by_group(known: Grid, now: Said, groups: Mapping[str, str], total: Floats, level: float, seed: int) -> pd.DataFrame:
    """Split the landing among regions or teams: in every path the groups sum to the whole.

    Each open deal is won or not by its chance; what later deals bring is that of one of the last past periods, the same
    one for all groups; the sum of a path is then brought to that of the whole, the largest to the largest.

    Parameters
    ----------
    known, now, groups
        The grid, what is said today, and seller to group.
    total
        The paths of the whole.
    level, seed
        Of ranges, and where random numbers start.

    Returns
    -------
    pandas.DataFrame
        ``group, booked, existing, new, value, low, high``, the largest first; no row where nothing tells groups.
    """
    past = known.past[-RECENT:]
    if not groups or not len(total) or not past:
        return pd.DataFrame(columns=list(_GROUPS))
    names = sorted({*grouped(now.chances["owner_id"], groups), *groups.values()})
    booked = _sums(known.booked, groups, names)
    rng, n = np.random.default_rng(seed), len(total)
    place = pd.Index(names).get_indexer(pd.Index(grouped(now.chances["owner_id"], groups)))
    chance = now.chances["chance"].to_numpy(dtype=np.float64)
    amount = now.chances["amount"].to_numpy(dtype=np.float64)
    won = np.where(rng.random((n, len(chance))) < chance, amount, 0.0)
    existing = np.zeros((len(names), n))
    np.add.at(existing, place, won.T)
    later = np.array([_sums(fresh(known, each, now.offset), groups, names) for each in past])
    new = later[rng.integers(0, len(past), n)].T
    drawn = Paths((existing + new)[:, :, None], tuple(names)).matched(total - now.booked)
    whole = Paths(drawn.values + booked[:, None, None], tuple(names))
    frame = summary(whole.by("leaf"), level).set_index("node").loc[names]
    # The forecast is the middle of the paths, so that what is left of it is split by the groups' shares of the paths.
    parts = np.concatenate([existing, new]).sum(axis=1)
    left = (now.existing + now.new) * (parts / parts.sum() if parts.sum() > 0 else parts)
    opened, later_on = left[: len(names)], left[len(names) :]
    made = pd.DataFrame(
        {"group": names, "booked": booked, "existing": opened, "new": later_on, "value": booked + opened + later_on,
         "low": frame["low"].to_numpy(), "high": frame["high"].to_numpy()}
    )  # fmt: skip
    made = made[made["high"] > 0]
    return made.sort_values(["value", "group"], ascending=[False, True], ignore_index=True)


def change_of(before: Said, now: Said) -> pd.DataFrame:
    """Say what the forecast changed by since a week ago, part by part; parts sum to the change.

    Returns
    -------
    pandas.DataFrame
        ``part, before, now, change``: ``booked``, ``open deals`` and ``later deals``, or ``still to come`` where there
        are no deals to tell them apart.
    """
    if np.isnan(before.existing) or np.isnan(now.existing):
        rest = [one.values["combination"] - one.booked for one in (before, now)]
        parts = [("booked", before.booked, now.booked), ("still to come", rest[0], rest[1])]
    else:
        parts = [
            ("booked", before.booked, now.booked),
            ("open deals", before.existing, now.existing),
            ("later deals", before.new, now.new),
        ]
    frame = pd.DataFrame(parts, columns=["part", "before", "now"])
    return frame.assign(change=frame["now"] - frame["before"]).dropna().reset_index(drop=True)


def miss_of(known: Grid, calls: pd.DataFrame, groups: Mapping[str, str]) -> pd.DataFrame:
    """Hold what was said of the last past period, a whole period before its end, against what came, part by part.

    Returns
    -------
    pandas.DataFrame
        ``part, group, said, came, usual``: deals that were open and deals that came later, by region or team; what was
        said is by the forecaster ``deals``, and usual is the mean of the last past periods before it. No row where
        there are no deals, or no period before that one to learn from.
    """
    nothing = pd.DataFrame(columns=list(_MISS))
    if not known.has_deals or len(known.past) < 2:
        return nothing
    period = known.past[-1]
    offset = max(each for each in known.offsets if each <= period.days + 6)
    one = said(known, calls, period, offset)
    before = [each for each in known.past if each.last_day < period.start]
    opened, later = seen(known, period, offset), fresh(known, period, offset)
    names = sorted({*grouped(opened["owner_id"], groups), *grouped(later["owner_id"], groups), *groups.values()})
    chances = one.chances.assign(expected=one.chances["amount"] * one.chances["chance"])

    def usual(rows: Callable[[Grid, Period, int], pd.DataFrame], column: str) -> Floats:
        found = [_sums(rows(known, each, offset), groups, names, column) for each in before[-RECENT:]]
        return np.asarray(np.mean(found, axis=0))

    new = usual(fresh, "amount")
    rows = {
        EXISTING: (
            _sums(chances, groups, names, "expected"), _sums(opened, groups, names, "won_amount"),
            usual(seen, "won_amount"),
        ),
        NEW: (new, _sums(later, groups, names), new),
    }  # fmt: skip
    made = [
        {"part": part, "group": name, "said": float(a), "came": float(b), "usual": float(c)}
        for part, found in rows.items()
        for name, a, b, c in zip(names, *found, strict=True)
    ]
    return pd.DataFrame(made, columns=list(_MISS))
