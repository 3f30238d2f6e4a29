"""Deals, which answers how likely each open deal is to be won, why, and whether such answers came true before.

One frozen result for one day. The chances are those of a model if, and only if, it beat the stage's base rate on past
days of which it knew nothing; else they are the base rates; and where the past is too thin for these, there are none.
"""

from __future__ import annotations

import bisect
import datetime as dtm
import itertools
import math
from dataclasses import replace

import pandas as pd

from salesnb.analysis import deals_headlines as told
from salesnb.analysis.calibration import reliability
from salesnb.analysis.deals_behind import behind
from salesnb.analysis.deals_card import DealsCard
from salesnb.analysis.deals_numbers import numbers
from salesnb.analysis.deals_past import past_of
from salesnb.analysis.deals_reasons import COLUMNS as REASONS
from salesnb.analysis.deals_reasons import in_words, reasons
from salesnb.analysis.features import open_on
from salesnb.analysis.leaks import usable
from salesnb.analysis.verdict import Verdict, reached
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.data.history import as_known, history_limit
from salesnb.kpis.answers import answer
from salesnb.kpis.bookings import last_known
from salesnb.kpis.standing import weighted
from salesnb.periods import Period

_OPEN = (
    "opportunity_id", "owner_id", "seller", "segment", "stage", "amount", "probability", "low", "high", "expected",
    "weighted", "why",
)  # fmt: skip
_BASE = ("group", "won", "deals", "rate", "low", "high")
_BINS = (
    "bin", "lowest", "highest", "said", "came", "low", "high", "rows", "won_rows", "deals", "is_within",
)  # fmt: skip
_SUMS = ("day", "deals", "expected", "low", "high", "came", "is_within")
_LEFT_OUT = ("column", "reason", "is_leak")


class Deals(DealsCard):
    """Chances that say what they say in words; see :class:`salesnb.analysis.deals_card.DealsCard` for the data."""

    def headlines(self) -> list[str]:
        """Say what the open deals will bring, whether the chances can be trusted, and what they rest on."""
        return told.headlines(self)

    def trust_finding(self) -> str:
        """Say how the chances did on past days against the stage's base rate."""
        return told.trust_finding(self)

    def reliability_finding(self) -> str:
        """Say in how many groups of past chances what was said came true; empty where nothing was tried."""
        return told.reliability_finding(self)

    def sums_finding(self) -> str:
        """Say how far the sum was off on past days; empty where nothing was tried."""
        return told.sums_finding(self)

    def numbers(self) -> pd.DataFrame:
        """List every number of the page, for results.json.

        Returns
        -------
        pandas.DataFrame
            ``id, variant, period, by, segment, value, numerator, denominator, n, low, high, unit, status, reason,
            target``.
        """
        return numbers(self)


def deals(book: Book, period: Period, *, confidence: float = 0.95, band: float = 0.8, seed: int = 0) -> Deals:
    """Answer "how likely is each open deal to be won, and why?" for the last day of a period.

    A chance is that of being won within the horizon: see :func:`salesnb.analysis.deals_past.past_of`. Of a past day
    the outcome of every deal that was open is known once the horizon has passed, so that none is left out for being
    open still, and none taken for lost before its time. Nothing later than the day is used.

    Parameters
    ----------
    book, period, confidence
        The book, the period, and the level of the intervals of what was measured.
    band
        The level of the interval of a deal's chance and of their sum.
    seed
        Of the draws behind the interval of the score; nothing else is drawn.
    """
    day = last_known(book, period)
    empty = _empty(book, period, day, (confidence, band))
    if empty.nothing:
        return empty
    held = memo.keeping(as_known(book, day) if day < book.as_of else book)
    past = past_of(held, day)
    features, left_out = usable(held)
    rows = open_on(held, (*past.days, day))
    is_now = rows["day"] == pd.Timestamp(day)
    rows["group"] = rows["stage"] if "stage" in features else _age_bands(rows["age"], past.horizon)
    now, earlier = rows[is_now], rows[~is_now]
    if now.empty:
        return replace(empty, nothing=f"no deal is open on {day}", horizon=past.horizon, left_out=left_out)
    from threadpoolctl import threadpool_limits

    waited = (earlier["won_on"] - earlier["day"]).dt.days
    # One thread: the same sums in the same order on every machine, and a notebook beside is not slowed down.
    with threadpool_limits(limits=1):
        earlier = earlier.assign(is_won=waited.between(0, past.horizon))
        verdict = reached(earlier, features, past, (confidence, band), seed)
        made = _priced(empty, held, now, verdict)
    made = replace(
        made, horizon=past.horizon, left_out=left_out,
        silent=0 if verdict.model is None else len(features) - len(verdict.model.names),
    )  # fmt: skip
    return replace(made, behind=behind(made, earlier, None if verdict.rehearsal is None else verdict.rehearsal.rows))


def _priced(empty: Deals, book: Book, now: pd.DataFrame, verdict: Verdict) -> Deals:
    """Put the chances of the open deals, their sum, and what the past says of them into the result."""
    why = reasons(verdict.model, now) if verdict.model is not None else empty.reasons
    words = in_words(why)
    priced = verdict.priced(now, empty.band)
    rows = now[["opportunity_id", "owner_id", "segment", "stage", "group", "amount"]].join(priced)
    rows["expected"] = rows["amount"] * rows["probability"]
    by_stage = _weighted(book, empty.day) if verdict.basis else {}
    rows["weighted"] = [by_stage.get(deal, math.nan) for deal in rows["opportunity_id"]]
    names = _names(book)
    rows["seller"] = [names.get(owner, owner) if isinstance(owner, str) else "" for owner in rows["owner_id"]]
    if verdict.model is not None:
        rows["why"] = [words.get(deal, "as an average deal") for deal in rows["opportunity_id"]]
    else:
        rows["why"] = _base_words(verdict, rows)
    rows = rows.sort_values(
        ["expected", "amount", "opportunity_id"], ascending=[False, False, True], ignore_index=True
    )[list(_OPEN)]
    expected, low, high = verdict.total(now, empty.band)
    tried = verdict.rehearsal
    return replace(
        empty,
        basis=verdict.basis,
        why=verdict.why,
        open=rows,
        reasons=why,
        average_log_odds=math.nan if verdict.model is None else verdict.model.average,
        base=empty.base if verdict.base is None else verdict.base.rates[list(_BASE)],
        score=verdict.score,
        bins=empty.bins if tried is None else reliability(tried.rows, empty.confidence)[list(_BINS)],
        sums=empty.sums if tried is None else tried.sums,
        tells=() if verdict.model is None else verdict.model.names,
        expected=expected,
        low=low,
        high=high,
        weighted=float(rows["weighted"].sum()) if verdict.basis else math.nan,
    )


def _age_bands(age: pd.Series[float], horizon: int) -> list[str | None]:
    """Return the ages in words, in quarters, a half and more of the horizon; null where not known."""
    edges = [0, horizon // 4, horizon // 2, horizon]
    bands = [
        *(f"{low} to {high - 1} days old" for low, high in itertools.pairwise(edges)),
        f"{horizon} days old or more",
    ]
    return [None if math.isnan(days) else bands[max(0, bisect.bisect_right(edges, days) - 1)] for days in age]


def _base_words(verdict: Verdict, rows: pd.DataFrame) -> list[str]:
    if not verdict.basis or verdict.base is None:
        return [""] * len(rows)
    known = set(verdict.base.rates["group"]) - {""}
    told = zip(rows["group"], rows["stage"], strict=True)
    words = [("in " if group == stage else "") + str(group) if group in known else "" for group, stage in told]
    return [f"as often as deals {each} were won" if each else "as often as all deals were won" for each in words]


def _weighted(book: Book, day: dtm.date) -> dict[str, float]:
    found = answer(book, weighted(book, day).select("opportunity_id", "expected"))
    return dict(zip(found["opportunity_id"], found["expected"].astype("float64"), strict=True))


def _names(book: Book) -> dict[str, str]:
    if not book.gives("reps.name"):
        return {}
    found = answer(book, book.table("reps").select("rep_id", "name"))
    return {rep: name for rep, name in zip(found["rep_id"], found["name"], strict=True) if isinstance(name, str)}


def _empty(book: Book, period: Period, day: dtm.date, levels: tuple[float, float]) -> Deals:
    """Return a result of no deals, with the reason where there can be none."""
    nothing = ""
    if not book.has("opportunities"):
        nothing = f"needs opportunities{book.rejected_words('opportunities')}"
    elif period.start > book.as_of:
        nothing = f"it has not begun, the data end on {book.as_of}"
    floats = dict.fromkeys(("amount", "probability", "low", "high", "expected", "log_odds"), "float64")

    def frame(columns: tuple[str, ...]) -> pd.DataFrame:
        made = pd.DataFrame(columns=list(columns))
        return made.astype({name: kind for name, kind in floats.items() if name in columns})

    return Deals(
        period=period, day=day, currency=book.currency, confidence=levels[0], band=levels[1], nothing=nothing,
        basis="", why="", horizon=0, open=frame(_OPEN), reasons=frame(REASONS), average_log_odds=math.nan,
        base=frame(_BASE), score=None, bins=frame(_BINS), sums=frame(_SUMS), tells=(), silent=0,
        left_out=frame(_LEFT_OUT), expected=math.nan, low=math.nan, high=math.nan, weighted=math.nan,
        limit=history_limit(book), behind=(),
    )  # fmt: skip
