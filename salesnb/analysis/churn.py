"""Churn, which answers who leaves, how soon, after what, and who may be next.

Everything is counted in customer-months (see :mod:`salesnb.analysis.churn_months`), those of customers who are still
there included (censored). A signal is used to name customers at risk only where those with it left more often than the
others by more than chance, after a look at every signal.
"""

from __future__ import annotations

import datetime as dtm
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from salesnb.analysis.behind import Behind
from salesnb.analysis.churn_card import RISKS, SIGNALS, ChurnCard
from salesnb.analysis.churn_months import GROUPS, customer_months, month_of, price_rises
from salesnb.analysis.cohorts_engine import Axis
from salesnb.analysis.hygiene_deals import numbered
from salesnb.analysis.mrr_walk import monthly, moves
from salesnb.analysis.signals import against_others, monthly_rate, ratio_of_rates
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.kpis.answers import answer
from salesnb.kpis.bookings import last_known
from salesnb.kpis.dimensions import NONE, with_dimension
from salesnb.kpis.incidence import Curve, curve_at
from salesnb.periods import Period

BY = ("segment", "size_band", "region")
MOST = 20
_MOST_SEGMENTS = 8
_RATE = ("months", "lost", "rate", "low", "high")


class Churn(ChurnCard):
    """A churn that lists its numbers; see :class:`salesnb.analysis.churn_card.ChurnCard` for the data."""

    def numbers(self) -> pd.DataFrame:
        """List every number, for results.json."""
        rows: list[dict[str, Any]] = []

        def rate(name: str, by: str | None, segment: Any, row: Any) -> None:
            rows.append(
                {"id": "churn_a_month", "variant": name, "by": by, "segment": segment, "value": row["rate"],
                 "numerator": row["lost"], "denominator": row["months"], "n": row["months"], "low": row["low"],
                 "high": row["high"], "unit": "ratio"}
            )  # fmt: skip

        if not self.nothing:
            rate("all", None, None, self.whole)
            for row in self.groups.to_dict("records"):
                rate("answers", "nps_group", row["group"], row)
            for row in self.signals.to_dict("records"):
                rate("signal", "signal", row["signal"], row)
            ratio, low, high, _ = self.ratio
            rows.append({"id": "churn_ratio", "variant": "detractor_promoter", "value": ratio, "low": low, "high": high,
                         "unit": "number"})  # fmt: skip
        return numbered(rows, self.period)


def churn(book: Book, period: Period, *, confidence: float = 0.95) -> Churn:
    """Answer "who leaves, and after what?" for all customer-months up to the end of a period.

    Parameters
    ----------
    book, period
        The book, and the period; nothing later than its last day counts.
    confidence
        The level of the intervals, and 1 - the share of false signals.
    """
    held = book if book.memo is not None else memo.keeping(book)
    day = last_known(book, period)
    nothing = "" if period.start <= book.as_of else f"{period} has not begun, the data end on {book.as_of}"
    rows, rises = None, pd.DataFrame(columns=["number", "factor", "accounts"])
    last = month_of(day)
    if not nothing:
        try:
            paid = memo.table(held, "mrr monthly", day, make=lambda: monthly(held, day))
            moved = memo.table(held, "mrr moves", day, make=lambda: moves(paid))
            rises = price_rises(held, moved)
            rows = memo.table(held, "customer months", day, make=lambda: customer_months(held, paid, rises, last))
        except NeedsData as lacking:
            nothing = lacking.what
    counts = _counted(held, rows) if rows is not None else pd.DataFrame()
    watched = counts[counts["is_lost"].notna()] if len(counts) else counts
    if not nothing and not len(watched):
        nothing = "nobody was under contract for two months"
    whole = _rate(watched, confidence) if len(watched) else dict.fromkeys(_RATE, float("nan"))
    groups = _groups(watched, confidence) if not nothing else pd.DataFrame(columns=["group"])
    signals = (
        against_others(watched, SIGNALS, "is_lost", "lost", confidence)
        if not nothing
        else pd.DataFrame(columns=["signal", "is_apart"])
    )
    axis = Axis("month")
    risks, behind = _risks(held, rows, signals, whole, last, day) if rows is not None and not nothing else (_none(), ())
    return Churn(
        period=period,
        as_of=book.as_of,
        day=day,
        currency=book.currency,
        confidence=confidence,
        nothing=nothing,
        whole=whole,
        groups=groups,
        ratio=_against(groups, confidence),
        signals=signals,
        rises=rises.assign(label=[axis.label(int(number)) for number in rises["number"]]),
        curves=_curves(held, rows, day) if rows is not None and not nothing else {},
        risks=risks,
        behind=behind,
    )


def _none() -> pd.DataFrame:
    return pd.DataFrame(columns=["account_id", "mrr", "signals", "odds", "expected", "notice"])


def _counted(book: Book, rows: ir.Table) -> pd.DataFrame:
    """Count customer-months by everything that is known of them; one query."""
    names = ["is_lost", "is_shrunk", "is_raised", "is_new", "group"]
    found = answer(book, rows.group_by(*names).aggregate(months=rows.count()))
    found["is_detractor"] = found["group"] == "detractor"
    return found.astype({"months": "float64"})


def _rate(counts: pd.DataFrame, confidence: float) -> dict[str, float]:
    return monthly_rate(counts, "is_lost", "lost", confidence)


def _groups(counts: pd.DataFrame, confidence: float) -> pd.DataFrame:
    named = counts["group"].where(counts["group"].notna(), "none")
    made = [
        {"group": name, **_rate(counts[named == name], confidence)}
        for name in (*GROUPS, "none")
        if (named == name).any()
    ]
    return pd.DataFrame(made) if any(row["group"] != "none" for row in made) else pd.DataFrame(columns=["group"])


def _against(groups: pd.DataFrame, confidence: float) -> tuple[float, ...]:
    known = groups.set_index("group") if len(groups) else groups
    if not {"detractor", "promoter"} <= set(known.index):
        return (float("nan"),) * 4
    rows = {str(row["group"]): row for row in groups.to_dict("records")}
    sides = [float(rows[name][part]) for name in ("detractor", "promoter") for part in ("lost", "months")]
    return ratio_of_rates(sides[0], sides[1], sides[2], sides[3], confidence)


def _curves(book: Book, rows: ir.Table, day: dtm.date) -> dict[str, dict[str, Curve]]:
    """Return the share that left by each month of tenure, of all and by segment."""
    watched = rows.filter(rows["is_lost"].notnull())
    found = {"": {"all customers": _curve(answer(book, _by_tenure(watched.mutate(segment=ibis.literal("all")))))}}
    for name in BY:
        try:
            labelled = with_dimension(book, watched, name)
        except NeedsData:
            continue
        counts = answer(book, _by_tenure(labelled))
        parts = {str(label): own for label, own in counts.groupby("segment") if label != NONE}
        if 2 <= len(parts) <= _MOST_SEGMENTS:
            found[name] = {label: _curve(own) for label, own in parts.items()}
    said = watched.filter(watched["group"].notnull())
    counts = answer(book, _by_tenure(said.mutate(segment=said["group"])))
    if len(counts):
        found["last answer"] = {str(label): _curve(own) for label, own in counts.groupby("segment")}
    return found


def _by_tenure(rows: ir.Table) -> ir.Table:
    return rows.group_by("segment", "tenure").aggregate(n=rows.count(), lost=rows["is_lost"].cast("int32").sum())


def _curve(counts: pd.DataFrame) -> Curve:
    own = counts.sort_values("tenure")
    lost, at_risk = own["lost"].to_numpy(float), own["n"].to_numpy(float)
    return curve_at(own["tenure"].to_numpy(float) + 1, lost, np.zeros(len(own)), at_risk, int(at_risk.max()))


def _risks(
    book: Book, rows: ir.Table, signals: pd.DataFrame, whole: dict[str, float], last: int, day: dtm.date
) -> tuple[pd.DataFrame, tuple[Behind, ...]]:
    """Return the customers of the last month who have a signal, or have given notice."""
    now = rows.filter(rows["number"] == last)
    now = now.select("account_id", "is_shrunk", "is_raised", "is_new", "group", mrr=now["mrr"].cast("float64"))
    found = answer(book, now)
    found["is_detractor"] = found["group"] == "detractor"
    notice: dict[str, Any] = {}
    if book.gives("subscriptions.ended_on"):
        subs = book.subscriptions
        ends = subs.filter(subs.ended_on > ibis.date(day), subs.started_on <= ibis.date(day), subs.mrr > 0)
        known = answer(book, ends.group_by("account_id").aggregate(on=ends.ended_on.max()))
        notice = dict(zip(known["account_id"], known["on"], strict=True))
    apart = signals[signals["is_apart"]].set_index("signal") if len(signals) else signals
    odds: list[float] = []
    words: list[str] = []
    for row in found.to_dict("records"):
        mine = [name for name in apart.index if row[name]] if len(apart) else []
        odds.append(float(np.prod([apart.loc[name, "ratio"] for name in mine])) if mine else 1.0)
        words.append("; ".join(SIGNALS[name] for name in mine))
    found = found.assign(
        odds=odds,
        signals=words,
        notice=pd.Series([notice.get(who) for who in found["account_id"]], index=found.index, dtype=object),
    )
    chance = np.minimum(whole["rate"] * found["odds"], 1.0)
    found["expected"] = found["mrr"] * np.where(found["notice"].notna(), 1.0, chance)
    found = found[(found["odds"] > 1) | found["notice"].notna()]
    found = found.sort_values(["expected", "account_id"], ascending=[False, True], ignore_index=True)
    found = found[["account_id", "mrr", "signals", "odds", "expected", "notice"]]
    if found.empty:
        return found, ()
    listed = found[found["odds"] > 1]
    shown = listed[["account_id"]].assign(adds=listed["mrr"], signals=listed["signals"]).reset_index(drop=True)
    title = f"Pay on {day} and have a signal"
    total, extras = float(shown["adds"].sum()), {"signals": "Signals"}
    rows_behind = Behind(RISKS, title, shown, len(shown), total, "money", "account", extras)
    return found, (rows_behind,) if len(shown) else ()
