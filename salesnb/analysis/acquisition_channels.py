"""Channels: how many customers each brought, what it cost, and whether that differs by more than chance."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from salesnb.analysis.acquisition_card import CHANNELS, WHOLE
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.kpis import registry
from salesnb.kpis.answers import answer
from salesnb.kpis.dimensions import NONE, with_dimension
from salesnb.kpis.intervals import benjamini_hochberg
from salesnb.kpis.sales import spend, within
from salesnb.periods import Period

_FEWEST = 10
_KPIS = {"payback": "cac_payback_months", "clv": "clv.margin_discounted", "roi": "roi.channel"}


def poisson_interval(count: float, confidence: float) -> tuple[float, float]:
    """Return the exact interval of the mean of a Poisson count.

    References
    ----------
    Garwood (1936), Fiducial Limits for the Poisson Distribution, Biometrika 28, 437-442.

    Examples
    --------
    >>> [round(bound, 3) for bound in poisson_interval(10, 0.95)]
    [4.795, 18.39]
    """
    from scipy.stats import chi2

    low = float(chi2.ppf((1 - confidence) / 2, 2 * count) / 2) if count > 0 else 0.0
    return low, float(chi2.ppf((1 + confidence) / 2, 2 * count + 2) / 2)


def counted(book: Book, rows: ir.Table) -> pd.DataFrame:
    """Count rows by channel; those of none under ``(none)``, all of them where nothing tells a channel."""
    try:
        labelled = with_dimension(book, rows, "channel")
    except NeedsData:
        labelled = rows.mutate(segment=ibis.literal(NONE))
    found = answer(book, labelled.group_by("segment").aggregate(n=labelled.count()))
    return found.astype({"n": "int64"}).sort_values("segment", ignore_index=True)


def rated(
    book: Book, period: Period, new: pd.DataFrame, confidence: float, missing: dict[str, str]
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return cost, cac and what it brings, of each channel and of all."""
    found = new.rename(columns={"segment": "channel", "n": "customers"}).set_index("channel")
    nan = float("nan")
    whole = dict.fromkeys(WHOLE, nan) | {"customers": float(new["n"].sum())}
    if book.gives("leads.created_at"):
        leads = book.leads
        counts = counted(book, within(leads.mutate(_on=leads.created_at.cast("date")), period))
        found = found.join(counts.set_index("segment")["n"].rename("leads"), how="outer")
        whole["leads"] = float(counts["n"].sum())
    costs = _costs(book, period, whole)
    found = found.join(costs.rename("cost"), how="outer")
    for name, kpi in _KPIS.items():
        own, all_of = _by_channel(book, kpi, period, missing)
        found = found.join(own.rename(name), how="left")
        whole[name] = all_of
    found = found.reindex(columns=[name for name in CHANNELS if name != "channel"])
    found["customers"] = found["customers"].fillna(0).astype("int64")
    found = found[(found["customers"] > 0) | (found["cost"].fillna(0) > 0) | (found["leads"].fillna(0) > 0)]
    found = _judged(found.rename_axis("channel").reset_index(), confidence)
    cost, count = np.nansum([whole["marketing"], whole["sales"]]), whole["customers"]
    if cost > 0 and count:
        low, high = poisson_interval(count, confidence)
        whole |= {"cac": cost / count, "low": cost / high, "high": cost / low,
                  "marketing_cac": whole["marketing"] / count}  # fmt: skip
        whole["ratio"] = whole["clv"] / whole["cac"]
    return found.sort_values(["cac", "channel"], ascending=[False, True], ignore_index=True), whole


def _costs(book: Book, period: Period, whole: dict[str, float]) -> pd.Series[Any]:
    """Return the marketing cost of each channel, and set that of all, marketing and sales."""
    if not book.gives("costs.amount"):
        return pd.Series(dtype="float64")
    rows = spend(book, period)
    is_sales = (rows.function == "sales").fill_null(False)
    channel = rows.channel if book.gives("costs.channel") else ibis.null("string")
    sums = rows.group_by(is_sales=is_sales, channel=ibis.coalesce(channel, NONE)).aggregate(cost=rows.amount.sum())
    found = answer(book, sums).astype({"cost": "float64", "is_sales": bool})
    whole["sales"] = float(found.loc[found["is_sales"], "cost"].sum())
    marketing = found[~found["is_sales"]]
    whole["marketing"] = float(marketing["cost"].sum())
    return marketing.set_index("channel")["cost"]


def _by_channel(book: Book, name: str, period: Period, missing: dict[str, str]) -> tuple[pd.Series[Any], float]:
    whole = registry.compute(book, name, period).iloc[0]
    if whole["status"] in ("needs", "na"):
        missing[name] = str(whole["reason"])
    value = float(whole["value"]) if pd.notna(whole["value"]) else float("nan")
    try:
        rows = registry.compute(book, name, period, by="channel")
    except NeedsData as lacking:
        missing[name] = lacking.what
        return pd.Series(dtype="float64"), value
    return rows[rows["segment"].notna()].set_index("segment")["value"].astype("float64"), value


def _judged(rows: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Add the cost of a customer with its interval, and whether it differs from that of the other channels.

    Given all customers of all channels that cost anything, those of a channel are binomial with its share of the cost
    where customers cost the same everywhere: an exact test of that share.
    """
    from scipy.stats import binomtest

    paid = (rows["cost"].fillna(0) > 0) & (rows["channel"] != NONE)
    total, everyone = float(rows.loc[paid, "cost"].sum()), int(rows.loc[paid, "customers"].sum())
    p = np.full(len(rows), float("nan"))
    low, high = p.copy(), p.copy()
    for place in np.flatnonzero(paid):
        cost, n = float(rows["cost"].iloc[place]), int(rows["customers"].iloc[place])
        fewest, most = poisson_interval(n, confidence)
        low[place], high[place] = cost / most, cost / fewest if fewest else float("nan")
        if everyone >= _FEWEST and cost < total:
            p[place] = binomtest(n, everyone, cost / total).pvalue
    cac = rows["cost"].where(paid) / rows["customers"].where(rows["customers"] > 0)
    rows = rows.assign(cac=cac, low=low, high=high, q=benjamini_hochberg(p) if len(rows) else p)
    expected = rows["cost"] / total * everyone if total else rows["cost"]
    sure = rows["q"] <= 1 - confidence
    rows["flag"] = np.select([sure & (rows["customers"] < expected), sure & (rows["customers"] > expected)],
                             ["dearer", "cheaper"], "")  # fmt: skip
    rows["ratio"] = rows["clv"] / rows["cac"]
    return rows
