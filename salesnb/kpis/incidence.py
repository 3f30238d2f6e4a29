"""Incidence: how many deals are won within t days of their creation, where others are lost and some still open.

A win rate of a young cohort counts open deals as if they were lost, or leaves them out as if they would go the way
of those that closed first. Neither is right. The Aalen-Johansen estimator lets every deal count for as long as it
was watched: a deal open at the as-of date is censored there, and lost is a competing event, after which no win can
come. Taking lost deals as censored instead (Kaplan-Meier of the wins) would overstate the rate.

The tables are aggregated to one row a day of age (its sufficient statistics) by Ibis; numpy takes it from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """The cumulative incidence of won and lost by age in days.

    Attributes
    ----------
    days
        The ages at which something happened, rising.
    at_risk
        The deals still open and watched just before each age.
    won, lost
        The share that was won, and that was lost or disqualified, by that age.
    variance
        The variance of ``won``.
    n
        The deals in all.
    borrowed
        The share undecided at the age from which too few of the deals were watched: see
        :func:`salesnb.kpis.maturity.extended`.
    """

    days: Array
    at_risk: Array
    won: Array
    lost: Array
    variance: Array
    n: int
    borrowed: float = 0.0

    @property
    def final(self) -> float:
        """The share won by the highest age watched; NaN without a deal."""
        return float(self.won[-1]) if len(self.won) else float("nan")

    @property
    def undecided(self) -> float:
        """The share neither won nor lost by the highest age watched: what the curve cannot tell yet."""
        return float(1 - self.won[-1] - self.lost[-1]) if len(self.won) else float("nan")

    @property
    def unsure(self) -> float:
        """The share of the deals whose end these deals cannot tell themselves: undecided, or told by earlier deals."""
        return max(self.undecided, self.borrowed)

    def by(self, day: float) -> float:
        """Return the share won within so many days, that day included; NaN without a deal."""
        if not len(self.days):
            return float("nan")
        place = int(np.searchsorted(self.days, day, side="right")) - 1
        return float(self.won[place]) if place >= 0 else 0.0

    def interval(self, day: float | None = None, *, confidence: float = 0.95) -> tuple[float, float]:
        """Return the interval of the share won within so many days, or by the highest age.

        Wilson's interval on the number of fully watched deals that would carry the same variance,
        ``share (1 - share) / variance``. Without censoring that is the number of deals, and this is the plain
        Wilson interval. At a share of 0 or 1 the variance is 0 and the deals that were decided or watched to that
        age stand in. NaN without a deal.

        Returns
        -------
        tuple
            ``(low, high)``, both within 0 and 1.
        """
        if not len(self.days):
            return float("nan"), float("nan")
        place = len(self.days) - 1 if day is None else int(np.searchsorted(self.days, day, side="right")) - 1
        share = float(self.won[place]) if place >= 0 else 0.0
        variance = float(self.variance[place]) if place >= 0 else 0.0
        is_inside = 0 < share < 1 and variance > 0
        effective = share * (1 - share) / variance if is_inside else self._watched(place)
        z = NormalDist().inv_cdf(0.5 + confidence / 2)
        centre = (share + z * z / (2 * effective)) / (1 + z * z / effective)
        half = z * np.sqrt(share * (1 - share) / effective + z * z / (4 * effective**2)) / (1 + z * z / effective)
        return max(0.0, float(centre - half)), min(1.0, float(centre + half))

    def _watched(self, place: int) -> float:
        """Return how many deals were decided by that age or are watched past it, at least one."""
        if place < 0:
            return max(1.0, float(self.n))
        decided = self.n * float(self.won[place] + self.lost[place])
        after = float(self.at_risk[place + 1]) if place + 1 < len(self.at_risk) else 0.0
        return max(1.0, decided + after)


def ages(deals: ir.Table, as_of: ir.DateValue | object) -> ir.Table:
    """Return the deals with their age in days, and what became of each.

    A deal's age is counted from ``entered_on`` to ``closed_on``, and to the as-of date while it is open. Deals that
    closed before they were entered, and closed deals without a date, are left out.

    Parameters
    ----------
    deals
        Rows with ``entered_on``, ``closed_on`` and ``outcome``.
    as_of
        The last day that is known.

    Returns
    -------
    ibis.Table
        The rows with ``days`` (int64), ``is_won`` and ``is_lost`` (booleans; lost holds disqualified too).
    """
    end = (deals.outcome == "open").ifelse(ibis.literal(as_of, "date"), deals.closed_on)
    aged = deals.mutate(
        days=end.delta(deals.entered_on, unit="day").cast("int64"),
        is_won=deals.outcome == "won",
        is_lost=deals.outcome.isin(["lost", "disqualified"]),
    )
    return aged.filter(aged.days >= 0)


def by_day(aged: ir.Table, by: str | None = None) -> pd.DataFrame:
    """Count, for each segment and each age in days, the deals won, lost and censored at that age.

    Parameters
    ----------
    aged
        Rows with ``days``, ``is_won`` and ``is_lost``, as of :func:`ages`.
    by
        The column of the segments; one segment, named None, where it is None.

    Returns
    -------
    pandas.DataFrame
        ``segment, days, won, lost, censored``, sorted by segment and days.
    """
    rows = aged.mutate(segment=ibis.null("string") if by is None else aged[by].cast("string").fill_null("(none)"))
    counted = rows.group_by("segment", "days").aggregate(
        won=rows.is_won.cast("int32").sum(),
        lost=rows.is_lost.cast("int32").sum(),
        censored=(~rows.is_won & ~rows.is_lost).cast("int32").sum(),
    )
    frame: pd.DataFrame = counted.execute()
    if by is None:
        frame["segment"] = pd.Series([None] * len(frame), dtype=object)
    counts = dict.fromkeys(("days", "won", "lost", "censored"), "int64")
    return frame.sort_values(["segment", "days"], na_position="first", ignore_index=True).astype(counts)


def curves(aged: ir.Table, by: str | None = None) -> dict[str | None, Curve]:
    """Return the curve of each segment of deals with ages; that of all of them under None where ``by`` is None."""
    counts = by_day(aged, by)
    names = ["days", "won", "lost", "censored"]
    if by is None:
        return {None: aalen_johansen(*counts[names].to_numpy().T)}
    parts = counts.groupby("segment", sort=False)
    return {str(segment): aalen_johansen(*part[names].to_numpy().T) for segment, part in parts}


def aalen_johansen(days: npt.ArrayLike, won: npt.ArrayLike, lost: npt.ArrayLike, censored: npt.ArrayLike) -> Curve:
    """Estimate the share won by each age, with lost as the competing event.

    At each age j, with n_j deals at risk (censored at j included), w_j won and d_j = w_j + l_j decided:
    S_j = S_(j-1) (1 - d_j / n_j) and F_j = F_(j-1) + S_(j-1) w_j / n_j. The variance is the delta method on
    the multinomial of each age, which without censoring is F (1 - F) / n::

        sum over j of  (F - F_j)^2 d_j / (n_j (n_j - d_j))  +  S_(j-1)^2 w_j (n_j - w_j) / n_j^3
                       - 2 (F - F_j) S_(j-1) w_j / n_j^2

    Parameters
    ----------
    days, won, lost, censored
        Ages and the number of deals won, lost and censored at each; any order, an age once.

    Returns
    -------
    Curve
        One entry an age, rising; empty without a deal.

    Notes
    -----
    Aalen and Johansen (1978), Scandinavian Journal of Statistics 5, 141-150; the variance as in Marubini and
    Valsecchi (1995), Analysing Survival Data from Clinical Trials and Observational Studies, section 10.3.
    """
    age = np.asarray(days, dtype=float)
    order = np.argsort(age, kind="stable")
    age = age[order]
    wins, losses, ends = (np.asarray(x, dtype=float)[order] for x in (won, lost, censored))
    if not age.size:
        return Curve(age, age, age, age, age, 0)
    leaving = wins + losses + ends
    return curve_at(age, wins, losses, leaving[::-1].cumsum()[::-1], round(float(leaving.sum())))


def curve_at(age: Array, wins: Array, losses: Array, at_risk: Array, n: int) -> Curve:
    """Return the curve of :func:`aalen_johansen` from what is at risk and decided at each age.

    Parameters
    ----------
    age, wins, losses, at_risk
        Rising ages, and how many deals are won, lost and at risk at each; the last above 0.
    n
        The deals in all.
    """
    decided = wins + losses
    survival = np.cumprod(1 - decided / at_risk)
    before = np.concatenate(([1.0], survival[:-1]))
    share_won = np.cumsum(before * wins / at_risk)
    share_lost = np.cumsum(before * losses / at_risk)
    variance = _variance(share_won, before, at_risk, wins, decided)
    return Curve(age, at_risk, share_won, share_lost, variance, n)


def _variance(share: Array, before: Array, at_risk: Array, wins: Array, decided: Array) -> Array:
    """Return the delta-method variance at every age, by running sums: (F - F_j)^2 is multiplied out."""
    left = at_risk - decided
    # Where nobody is left, F - F_j is 0 at every later age, and so is the first term.
    first = np.divide(decided, at_risk * left, out=np.zeros_like(share), where=left > 0)
    second = before**2 * wins * (at_risk - wins) / at_risk**3
    third = before * wins / at_risk**2
    spread = share**2 * first.cumsum() - 2 * share * (share * first).cumsum() + (share**2 * first).cumsum()
    cross = share * third.cumsum() - (share * third).cumsum()
    variance: Array = np.maximum(spread + second.cumsum() - 2 * cross, 0.0)
    return variance
