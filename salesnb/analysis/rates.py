"""Rates: a KPI of every seller in a period and over the year up to its end, and whom it tells from the rest.

A quarter gives a seller a handful of deals, and a handful of deals says little of who sold them. So each rate is
measured twice: in the period, and over the year that ends with it; the year is what sellers are compared by. One query
a KPI gives the sums of both, for sellers, teams and all.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesnb.analysis.apart import FEWEST, exact_p
from salesnb.data.book import Book
from salesnb.kpis import registry
from salesnb.kpis.answers import answer
from salesnb.kpis.dimensions import NONE
from salesnb.kpis.intervals import mean_interval, ratio_interval, shrink_means, shrink_rates, wilson
from salesnb.kpis.measure import Measure
from salesnb.kpis.sums import counted
from salesnb.periods import Period

Floats: TypeAlias = NDArray[np.float64]
COLUMNS = ("name", "window", "level", "key", "value", "low", "high", "numerator", "denominator", "n", "shrunk", "p")
_SUMS = ["n", "y", "x", "yy", "xx", "xy"]


@dataclass(frozen=True)
class Sums:
    """What a KPI's rows add up to, for each seller and each of two windows.

    Attributes
    ----------
    name
        The KPI.
    measure
        How it aggregates; a share, a mean or a ratio of sums over the same rows.
    rows
        ``rep_id`` (``"(none)"`` where the rows name nobody), ``is_now`` (in the period; else earlier in the year),
        ``n, y, x`` (rows, sum of numerators, of denominators) and ``yy, xx, xy``, the sums of their products.
    """

    name: str
    measure: Measure
    rows: pd.DataFrame

    @classmethod
    def of(cls, book: Book, name: str, period: Period, year: Period) -> Sums:
        """Sum the rows of a KPI by seller.

        Parameters
        ----------
        year
            The longer window, which ends with the period and holds it.

        Raises
        ------
        NeedsData
            The source does not give what the KPI needs, or its rows name no seller.
        """
        measure = registry.find(name).measure(book, year)
        rows = registry.rows_behind(book, name, year) if measure.rows is None else measure.rows
        key = "rep_id" if "rep_id" in rows.columns else "owner_id"
        rows = rows.filter(counted(rows))
        top, bottom = rows["_numerator"].cast("float64"), rows["_denominator"].cast("float64")
        wanted = {"n": rows.count(), "y": rows["_numerator"].sum()}
        # Only a ratio has denominators that differ, and only what is no share of rows has a variance of its own.
        if not measure.is_binary:
            wanted["yy"] = (top * top).sum()
        if measure.how == "ratio" and not measure.is_binary:
            wanted |= {"x": bottom.sum(), "xx": (bottom * bottom).sum(), "xy": (top * bottom).sum()}
        is_now = rows["_on"] >= ibis.date(period.start)
        found = answer(book, rows.group_by(rep_id=rows[key], is_now=is_now).aggregate(**wanted))
        found["rep_id"] = found["rep_id"].astype(object).where(found["rep_id"].notna(), NONE)
        found["is_now"] = found["is_now"].astype(bool)
        for column, other in (("n", "n"), ("y", "y"), ("x", "n"), ("yy", "y"), ("xx", "n"), ("xy", "y")):
            found[column] = found[column if column in wanted else other].astype("float64")
        return cls(name, measure, found)

    @property
    def is_share(self) -> bool:
        """Whether it is a share of rows."""
        return self.measure.is_binary

    def by(self, groups: Mapping[str, str] | None, *, only_now: bool) -> pd.DataFrame:
        """Add the sums up by group, or by seller where no groups are given; the index is the group."""
        rows = self.rows[self.rows["is_now"]] if only_now else self.rows
        keys = rows["rep_id"] if groups is None else rows["rep_id"].map(dict(groups)).fillna(NONE)
        return rows.groupby(keys.to_numpy(dtype=object))[_SUMS].sum()

    def whole(self, *, only_now: bool) -> pd.DataFrame:
        """Add the sums of all rows up, in one row; 0 where there are none."""
        rows = self.rows[self.rows["is_now"]] if only_now else self.rows
        return pd.DataFrame([rows[_SUMS].sum()], index=[""])

    def rated(self, sums: pd.DataFrame, confidence: float) -> pd.DataFrame:
        """Turn sums into ``value, low, high, numerator, denominator, n``, as the KPI itself would, one row each."""
        n, y, x, yy, xx, xy = (sums[name].to_numpy(dtype="float64") for name in _SUMS)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = y / np.where(x == 0, math.nan, x)
            s_yy, s_xx, s_xy = ((p - a * b / n) / (n - 1) for p, a, b in ((yy, y, y), (xx, x, x), (xy, x, y)))
        s_yy, s_xx = np.maximum(s_yy, 0.0), np.maximum(s_xx, 0.0)
        if self.is_share:
            low, high = wilson(y, n, confidence)
        elif self.measure.how == "mean":
            low, high = mean_interval(value, s_yy, n, confidence)
        else:
            low, high = ratio_interval(value, x / np.where(n > 0, n, math.nan), (s_yy, s_xx, s_xy), n, confidence)
        columns = {"value": value, "low": low, "high": high, "numerator": y, "denominator": x, "n": n.astype(int)}
        return pd.DataFrame(columns, index=sums.index)

    def p_values(self, sums: pd.DataFrame) -> Floats:
        """Return the p-value of "as the rest" for each row of the year's sums.

        Fisher's exact test for a share. For a mean, the sum of as many amounts is taken for gamma distributed with the
        mean of the rest and the spread of all: amounts of deals are skewed, so that a few small ones look surer than
        they are if they are measured by their own spread. NaN where the row or its rest stands on fewer than 10 rows,
        and for what names nobody.
        """
        from scipy.special import gammainc

        whole = self.whole(only_now=False)[_SUMS].to_numpy()[0]
        n, y, x = (sums[name].to_numpy(dtype="float64") for name in ("n", "y", "x"))
        all_n, all_y, all_x, all_yy = (float(whole[_SUMS.index(name)]) for name in ("n", "y", "x", "yy"))
        can = (n >= FEWEST) & (all_n - n >= FEWEST) & (sums.index != NONE)
        p = np.full(len(sums), math.nan)
        if self.is_share:
            for i in np.flatnonzero(can):
                p[i] = exact_p(int(y[i]), int(n[i]), int(all_y), int(all_n))
            return p
        if not (all_n > 0 and all_y > 0):
            return p
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = max(all_yy / all_n / (all_y / all_n) ** 2 - 1, 0.0) * (1 + n / (all_n - n))
            expected = (all_y - y) / (all_x - x) * x
            under = gammainc(n / spread, np.maximum(y, 0.0) / expected * n / spread)
        known = can & (spread > 0) & (expected > 0) & np.isfinite(under)
        p[known] = np.minimum(2 * np.minimum(under, 1 - under), 1.0)[known]
        return p

    def shrunk(self, sums: pd.DataFrame) -> Floats:
        """Draw each row's rate towards the rate of all, the more the fewer rows it stands on; NaN without rows.

        The spread of single deals is taken to be the same for everyone: estimated from two or three deals of one
        seller it would be worth nothing.
        """
        n, y, x, yy = (sums[name].to_numpy() for name in ("n", "y", "x", "yy"))
        seen = (n > 0) & (x > 0)
        drawn = np.full(len(sums), math.nan)
        if not seen.any():
            return drawn
        if self.is_share:
            drawn[seen] = shrink_rates(y[seen], n[seen])[0]
            return drawn
        freedom = float((n[seen] - 1).sum())
        within = float(np.maximum(yy[seen] - y[seen] ** 2 / n[seen], 0.0).sum())
        if freedom > 0 and within > 0:
            drawn[seen] = shrink_means(y[seen] / x[seen], np.sqrt(within / freedom / n[seen]))[0]
        return drawn


def rates(sums: Sums, groups: Mapping[str, str], listed: Collection[str], confidence: float) -> pd.DataFrame:
    """Rate every seller, every group and all, in the period and over the year.

    Parameters
    ----------
    groups
        Seller to group; no groups where it is empty.
    listed
        The sellers wanted; the others count in their group and in all.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`COLUMNS`; ``shrunk`` and ``p`` are of the year alone, and of sellers and groups.
    """
    parts: dict[tuple[str, str], pd.DataFrame] = {}
    for window in ("period", "year"):
        parts["seller", window] = sums.by(None, only_now=window == "period")
        if groups:
            parts["group", window] = sums.by(groups, only_now=window == "period")
        parts["all", window] = sums.whole(only_now=window == "period")
    told = sums.rated(pd.concat(list(parts.values())), confidence)
    made, first = [], 0
    for (level, window), part in parts.items():
        mine = told.iloc[first : first + len(part)]
        first += len(part)
        drawn = p = np.full(len(part), math.nan)
        if window == "year" and level != "all":
            drawn, p = sums.shrunk(part), sums.p_values(part)
        mine = mine.assign(key=mine.index, level=level, window=window, shrunk=drawn, p=p)
        made.append(mine[[key in listed for key in mine.index]] if level == "seller" else mine)
    return pd.concat(made, ignore_index=True).assign(name=sums.name)[list(COLUMNS)]
