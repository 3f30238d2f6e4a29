"""Lifetime, which answers what customers are worth: so far, under contract, and by the model of how they buy.

The readings of ``clv`` stand side by side. Those who buy without a contract are followed by BG/NBD and Gamma-Gamma,
which are held against days that they were not fitted to; those under contract by the shifted-beta-geometric model,
held against how long they were seen to stay.
"""

from __future__ import annotations

import datetime as dtm
from typing import Any

import ibis
import numpy as np
import pandas as pd

from salesnb.analysis.behind import Behind
from salesnb.analysis.hygiene_deals import numbered
from salesnb.analysis.lifetime_card import ALL, MOST, NEXT, LifetimeCard
from salesnb.analysis.lifetime_tenure import of_contracts
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.kpis import registry
from salesnb.kpis.answers import answer
from salesnb.kpis.bookings import last_known
from salesnb.kpis.buying import BgNbd, bg_nbd, bought_days, customers, expected, expected_since_first, p_alive
from salesnb.kpis.likelihood import Array, Fitted
from salesnb.kpis.spending import Spending, expected_spend, gamma_gamma, later_spend
from salesnb.periods import Period

MOST_ROWS = 5000
SHARE_FITTED = 0.5
"""The share of the days to which the model that is checked is fitted."""
_DRAWS = 200
_READINGS = {
    "clv.historic": "so far",
    "clv.expected": "over a lifetime at today's churn",
    "clv.margin_discounted": "of it as margin in today's money",
    "clv.btyd": "without a contract in the next three years",
}
_AHEAD = ("account_id", "frequency", "last_on", "spent", "alive", "purchases", "value", "low", "high")
_WEEKS = ("week", "ends_on", "actual", "expected", "is_held_out")


class Lifetime(LifetimeCard):
    """A lifetime that lists its numbers; see :class:`salesnb.analysis.lifetime_card.LifetimeCard`."""

    def numbers(self) -> pd.DataFrame:
        """List every number, for results.json."""
        rows: list[dict[str, Any]] = [
            {"id": "clv", "variant": row["name"].partition(".")[2], "value": row["value"], "n": row["n"],
             "low": row["low"], "high": row["high"], "unit": "money", "status": row["status"], "reason": row["reason"]}
            for row in self.readings.to_dict("records")
        ]  # fmt: skip
        rows += [
            {"id": row["model"], "variant": row["name"], "value": row["value"], "low": row["low"], "high": row["high"],
             "unit": "number"}
            for row in self.parameters.to_dict("records")
        ]  # fmt: skip
        for name in ("alive", "purchases", "value"):
            if self.totals:
                rows.append(
                    {"id": "customers_ahead", "variant": name, "value": self.totals[name],
                     "low": self.totals[f"{name}_low"], "high": self.totals[f"{name}_high"],
                     "n": self.totals["customers"], "unit": "money" if name == "value" else "number"}
                )  # fmt: skip
        if self.held_out:
            rows.append(
                {"id": "holdout_error", "variant": "repeats", "value": self.held_out["error"],
                 "numerator": self.held_out["expected"], "denominator": self.held_out["actual"], "unit": "ratio"}
            )  # fmt: skip
        return numbered(rows, self.period)


def lifetime(book: Book, period: Period, *, confidence: float = 0.95) -> Lifetime:
    """Answer "what are customers worth?" as of the end of a period.

    Parameters
    ----------
    book, period
        The book, and the period; nothing later than its last day counts.
    confidence
        The level of the intervals.
    """
    held = book if book.memo is not None else memo.keeping(book)
    day = last_known(book, period)
    has_begun = period.start <= book.as_of
    known = _known(held, day) if has_begun else None
    model, spend = _models(known)
    doubts = _doubts(model, spend)
    totals, ahead, behind = (
        _next_year(known, model, spend, confidence) if known is not None and not doubts else ({}, None, ())
    )
    weeks, held_out, frequencies = _checked(held, day) if known is not None and not doubts else (None, {}, None)
    renewing, tenures = of_contracts(held, day) if has_begun else (None, None)
    fits = {"bg_nbd": model.fit if model else None, "gamma_gamma": spend.fit if spend else None,
            "beta_geometric": renewing.fit if renewing else None}  # fmt: skip
    return Lifetime(
        period=period,
        as_of=book.as_of,
        day=day,
        currency=book.currency,
        confidence=confidence,
        readings=_readings(held, period, confidence),
        buying=model,
        spending=spend,
        parameters=_parameters(fits, confidence),
        doubts=doubts,
        totals=totals,
        ahead=pd.DataFrame(columns=list(_AHEAD)) if ahead is None else ahead,
        weeks=pd.DataFrame(columns=list(_WEEKS)) if weeks is None else weeks,
        held_out=held_out,
        by_frequency=pd.DataFrame(columns=["frequency", "customers", "actual", "expected"])
        if frequencies is None
        else frequencies,
        renewing=renewing,
        tenures=pd.DataFrame(columns=["months", "at_risk", "left", "stayed", "model"]) if tenures is None else tenures,
        behind=behind,
    )


def _readings(book: Book, period: Period, confidence: float) -> pd.DataFrame:
    made = []
    for name, meaning in _READINGS.items():
        row = registry.compute(book, name, period, confidence=confidence).iloc[0]
        kept = {key: row[key] for key in ("value", "low", "high", "n", "status", "reason")}
        if pd.notna(kept["low"]) and kept["low"] <= 0:
            why = "too few left to tell: the interval reaches below nothing"
            kept |= {"value": float("nan"), "low": float("nan"), "high": float("nan"), "status": "na", "reason": why}
        made.append({"name": name, "meaning": meaning, **kept})
    return pd.DataFrame(made)


def _known(book: Book, day: dtm.date) -> pd.DataFrame | None:
    """Return each account's numbers, with what it paid on later days; None where nobody bought without a contract."""
    try:
        counted = customers(book, day)
        spent = later_spend(book, day).select(_of="account_id", paid="frequency", gave="spent")
    except NeedsData:
        return None
    rows = counted.left_join(spent, counted.account_id == spent["_of"]).drop("_of")
    found = answer(book, rows)
    numbers = ["frequency", "recency", "age", "spent", "paid", "gave"]
    found[numbers] = found[numbers].astype("float64").fillna(0.0)
    return found.sort_values("account_id", ignore_index=True) if len(found) else None


def _models(known: pd.DataFrame | None) -> tuple[BgNbd | None, Spending | None]:
    if known is None:
        return None, None
    counted = (
        known.groupby(["frequency", "recency", "age"], as_index=False).size().rename(columns={"size": "customers"})
    )
    spent = known[["paid", "gave"]].rename(columns={"paid": "frequency", "gave": "spent"})
    return bg_nbd(counted), gamma_gamma(spent)


def _doubts(model: BgNbd | None, spend: Spending | None) -> tuple[str, ...]:
    if model is None or spend is None:
        return ()
    return tuple(dict.fromkeys((*model.doubts, *(d for d in spend.doubts if not d.startswith("who buys")))))


def _parameters(fits: dict[str, Fitted | None], confidence: float) -> pd.DataFrame:
    rows = []
    for model, fit in fits.items():
        if fit is None:
            continue
        low, high = fit.interval(confidence)
        columns = zip(fit.names, fit.values, fit.errors, low, high, strict=True)
        rows += [
            dict(zip(("model", "name", "value", "error", "low", "high"), (model, *row), strict=True)) for row in columns
        ]
    return pd.DataFrame(rows, columns=["model", "name", "value", "error", "low", "high"])


def _next_year(
    known: pd.DataFrame, model: BgNbd | None, spend: Spending | None, confidence: float
) -> tuple[dict[str, float], pd.DataFrame, tuple[Behind, ...]]:
    """Return what is expected of the next year: in all, of the customers who bring most, and of each of them."""
    assert model is not None
    assert spend is not None
    x, recency, age, paid, gave = (known[name].to_numpy() for name in ("frequency", "recency", "age", "paid", "gave"))

    def told(buys: Array, spends: Array, rows: Any = slice(None)) -> tuple[Array, Array, Array]:
        own = (x[rows], recency[rows], age[rows])
        often = expected(buys, NEXT, *own)
        return p_alive(buys, *own), often, often * expected_spend(spends, paid[rows], gave[rows])

    alive, purchases, value = told(model.fit.values, spend.fit.values)
    order = np.argsort(-value, kind="stable")[:MOST]
    few = 20_000  # the spread of the sums needs no more customers than that
    sample = np.arange(len(x)) if len(x) <= few else np.linspace(0, len(x) - 1, few).astype(int)
    scale = len(x) / len(sample)
    sums, tops = [], []
    for buys, spends in zip(model.fit.draws(_DRAWS), spend.fit.draws(_DRAWS), strict=True):
        sums.append([scale * float(np.nansum(part)) for part in told(buys, spends, sample)])
        tops.append(told(buys, spends, order)[2])
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(np.array(sums), tails, axis=0)
    totals = {"customers": float(len(x)), "repeats": float(x.sum())}
    for i, (name, amount) in enumerate((("alive", alive), ("purchases", purchases), ("value", value))):
        totals |= {name: float(amount.sum()), f"{name}_low": float(low[i]), f"{name}_high": float(high[i])}
    bounds = np.quantile(np.array(tops), tails, axis=0)
    rows = known.assign(alive=alive, purchases=purchases, value=value)
    top = rows.iloc[order].assign(low=bounds[0], high=bounds[1])[list(_AHEAD)].reset_index(drop=True)
    listed = rows.sort_values(["value", "account_id"], ascending=[False, True]).head(MOST_ROWS)
    shown = listed[["account_id"]].assign(
        adds=listed["value"], alive=listed["alive"].round(3), purchases=listed["purchases"].round(2)
    )
    extras = {"alive": "Chance to be a customer still", "purchases": "Purchases expected"}
    title = "Expected within a year, without a contract"
    whole = Behind(
        ALL, title, shown.reset_index(drop=True), len(rows), float(value.sum()), "money", "account", extras
    )  # fmt: skip
    return totals, top, (whole,)


def _checked(book: Book, day: dtm.date) -> tuple[pd.DataFrame | None, dict[str, float], pd.DataFrame | None]:
    """Fit the model to the first part of the days, and hold what it expects of the rest against what came."""
    days = memo.table(book, "bought days", day, make=lambda: bought_days(book, day))
    firsts = days.group_by(_of="account_id").aggregate(first=days["_on"].min())
    whole = answer(book, days.aggregate(begin=days["_on"].min()))["begin"].iloc[0]
    begin = pd.Timestamp(whole).date()
    end = begin + dtm.timedelta(days=int(((day - begin).days + 1) * SHARE_FITTED) - 1)
    weeks = (day - begin).days // 7
    if weeks < 12:
        return None, {}, None
    known = _known(book, end)
    model, _ = _models(known)
    if model is None or model.doubts or known is None:
        return None, {}, None
    early = firsts.filter(firsts["first"] <= ibis.date(end))
    born = answer(book, early.group_by("first").aggregate(n=early.count()))
    birth = np.array([(pd.Timestamp(one).date() - begin).days for one in born["first"]], dtype=float)
    count = born["n"].to_numpy(float)
    later = days.join(firsts, [days.account_id == firsts["_of"], days["_on"] > firsts["first"]])
    later = later.filter(later["first"] <= ibis.date(end))
    later = later.mutate(week=(later["_on"].delta(ibis.date(begin), unit="day") / 7).floor().cast("int64"))
    came = answer(book, later.group_by("week").aggregate(actual=later.count()))
    actual = came.astype("int64").set_index("week")["actual"].reindex(range(weeks), fill_value=0)
    edges = np.arange(weeks + 1) * 7.0
    sums = np.array([float(count @ expected_since_first(model.fit.values, edge - birth)) for edge in edges])
    ends = [begin + dtm.timedelta(days=7 * (week + 1) - 1) for week in range(weeks)]
    frame = pd.DataFrame(
        {"week": range(weeks), "ends_on": ends, "actual": actual.to_numpy(), "expected": np.diff(sums),
         "is_held_out": [each > end for each in ends]}
    )  # fmt: skip
    x, recency, age = (known[name].to_numpy() for name in ("frequency", "recency", "age"))
    ahead = expected(model.fit.values, (day - end).days, x, recency, age)
    after = later.filter(later["_on"] > ibis.date(end)).group_by("account_id").aggregate(actual=ibis._.count())
    seen = answer(book, after).set_index("account_id")["actual"]
    rows = known.assign(expected=ahead, actual=known["account_id"].map(seen).fillna(0).astype(float))
    rows["frequency"] = rows["frequency"].clip(upper=7).astype(int)
    by = rows.groupby("frequency", as_index=False).agg(
        customers=("account_id", "size"), actual=("actual", "mean"), expected=("expected", "mean")
    )
    total, said = float(rows["actual"].sum()), float(ahead.sum())
    told = {"ends_on": float(end.toordinal()), "actual": total, "expected": said,
            "error": said / total - 1 if total else float("nan")}  # fmt: skip
    return frame, told, by
