"""Voice, which answers what customers say: would they recommend us, what do they write, and does it matter.

Where answers have days, those of a period count; where a survey gives waves and no day at all, all of them do, wave by
wave, and the page says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from salesnb.analysis.hygiene_deals import numbered
from salesnb.analysis.voice_card import GROUPS, VoiceCard
from salesnb.analysis.voice_rows import behind, kept, left_out, wins
from salesnb.analysis.voice_themes import themes
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.kpis import registry
from salesnb.kpis.answers import answer
from salesnb.kpis.bookings import last_known
from salesnb.kpis.dimensions import NONE, with_dimension
from salesnb.kpis.intervals import benjamini_hochberg, difference_interval, mean_interval
from salesnb.kpis.sales import within
from salesnb.kpis.voice import DETRACTOR, PROMOTER, answers
from salesnb.kpis.voice_words import NEGATIVE, READ, read
from salesnb.periods import Period

BY = ("segment", "region", "industry", "size_band")
RATES = ("nps.net", "nps.won", "nps.lost", "csat.top_two", "csat.mean", "sentiment.mean", "sentiment.negative")
_FEWEST, _MOST_SEGMENTS = 10, 12
_COUNTS = ("n", *GROUPS)


class Voice(VoiceCard):
    """A voice that lists its numbers; see :class:`salesnb.analysis.voice_card.VoiceCard` for the data."""

    def numbers(self) -> pd.DataFrame:
        """List every number, for results.json."""
        rows: list[dict[str, Any]] = []
        if not self.is_dated and not self.nothing:
            rows.append({"id": "nps", "variant": "all_waves", "unit": "points", **self.score})
        for row in self.rates.to_dict("records"):
            entry = registry.find(row["name"])
            kept = {name: row[name] for name in ("value", "low", "high", "n", "status", "reason")}
            rows.append({"id": entry.id, "variant": entry.variant, "unit": entry.unit, **kept})
        for frame, by in ((self.trend, "period" if self.is_dated else "wave"), (self.segments, None)):
            rows += [
                {"id": "nps", "variant": "net", "by": by or row["by"], "segment": row.get("segment", row.get("label")),
                 "value": row["value"], "low": row["low"], "high": row["high"], "n": row["n"], "unit": "points"}
                for row in frame.to_dict("records")
            ]  # fmt: skip
        rows += [
            {"id": "revenue_kept", "variant": "year", "by": "nps_group", "segment": row["group"], "value": row["rate"],
             "numerator": row["became"], "denominator": row["was"], "low": row["low"], "high": row["high"],
             "n": row["customers"], "unit": "ratio"}
            for row in self.kept.to_dict("records")
            if row["customers"]
        ]  # fmt: skip
        return numbered([{k: v for k, v in row.items() if k not in GROUPS} for row in rows], self.period)


def voice(
    book: Book, period: Period, *, by: Sequence[str] = BY, trend_periods: int = 8, confidence: float = 0.95
) -> Voice:
    """Answer "what do customers say, and does it matter?" for a period, or for all waves of a survey without days.

    Parameters
    ----------
    book, period
        The book, and the period.
    by
        The dimensions of accounts to compare.
    trend_periods
        How many periods the trend goes back, this one included.
    confidence
        The level of the intervals, and 1 - the share of false words and segments.
    """
    held = book if book.memo is not None else memo.keeping(book)
    nothing = "" if book.gives("feedback") else f"needs feedback{book.rejected_words('feedback')}"
    is_dated = book.gives("feedback.responded_on")
    if not nothing and is_dated and period.start > book.as_of:
        nothing = f"{period} has not begun, the data end on {book.as_of}"
    empty = pd.DataFrame()
    if nothing:
        score = dict.fromkeys((*_COUNTS, "value", "low", "high"), 0.0)
        silent = pd.DataFrame(columns=["language", "n", "is_read"])
        return Voice(
            period, book.as_of, confidence, nothing, is_dated, score, empty, pd.DataFrame(columns=["n"]), empty, empty,
            silent, _no_sentiment(), empty, empty, empty, empty, (),
        )  # fmt: skip
    said = answers(held)
    own = within(said, period) if is_dated else said
    counts = answer(held, own.filter(own.nps.notnull()).group_by("nps").aggregate(n=own.nps.count()))
    spread = pd.DataFrame({"answer": range(11)})
    known = dict(zip(counts["nps"].astype(int), counts["n"].astype(int), strict=True))
    spread["n"] = [known.get(place, 0) for place in spread["answer"]]
    written = _comments(held, own)
    return Voice(
        period=period,
        as_of=book.as_of,
        confidence=confidence,
        nothing="",
        is_dated=is_dated,
        score=_score(spread, confidence),
        spread=spread,
        trend=_trend(held, said, period, trend_periods, confidence, is_dated=is_dated),
        segments=_segments(held, own, by, confidence),
        rates=_rates(held, period, confidence) if is_dated else pd.DataFrame(columns=["name"]),
        languages=_languages(written),
        sentiment=_sentiment(written, confidence),
        themes=themes(written, 1 - confidence),
        wins=wins(held, said, period, confidence) if is_dated else pd.DataFrame(columns=["group", "decided"]),
        kept=kept(held, said, last_known(held, period), confidence) if is_dated else pd.DataFrame(columns=["group"]),
        left_out=left_out(held, own, is_dated=is_dated),
        behind=behind(held, own),
    )


def _score(spread: pd.DataFrame, confidence: float) -> dict[str, float]:
    """Return the score of how many gave each answer."""
    place, n = spread["answer"].to_numpy(), spread["n"].to_numpy(float)
    sums = {
        "promoter": n[place >= PROMOTER].sum(),
        "passive": n[(place > DETRACTOR) & (place < PROMOTER)].sum(),
        "detractor": n[place <= DETRACTOR].sum(),
    }
    return _net({name: float(value) for name, value in sums.items()}, confidence)


def _net(sums: dict[str, float], confidence: float) -> dict[str, float]:
    """Return the score of promoters, passives and detractors: the mean of 100, 0 and -100 with its interval."""
    n = sum(sums[name] for name in GROUPS)
    value = 100 * (sums["promoter"] - sums["detractor"]) / n if n else float("nan")
    squares = 1e4 * (sums["promoter"] + sums["detractor"])
    variance = (squares - n * value**2) / (n - 1) if n > 1 else float("nan")
    low, high = np.clip(mean_interval(value, variance, n, confidence), -100, 100)
    return {"n": n, **{name: sums[name] for name in GROUPS}, "value": value, "low": float(low), "high": float(high)}


def _grouped(rows: ir.Table, label: ir.Value) -> ir.Table:
    """Count promoters, passives and detractors by a label."""
    scored = rows.filter(rows.nps.notnull()).mutate(label=label)
    return scored.group_by("label").aggregate(
        promoter=(scored.nps >= PROMOTER).cast("int32").sum(),
        passive=((scored.nps > DETRACTOR) & (scored.nps < PROMOTER)).cast("int32").sum(),
        detractor=(scored.nps <= DETRACTOR).cast("int32").sum(),
    )


def _trend(
    book: Book, said: ir.Table, period: Period, count: int, confidence: float, *, is_dated: bool
) -> pd.DataFrame:
    """Return the score of the last periods, or of each wave, with its change and whether that is more than chance."""
    if is_dated:
        periods = period.last(count)
        inside = [((said["_on"] >= ibis.date(p.start)) & (said["_on"] < ibis.date(p.end)), str(p)) for p in periods]
        rows = said.filter(said["_on"] >= ibis.date(periods[0].start), said["_on"] < ibis.date(period.end))
        counts = answer(book, _grouped(rows, ibis.cases(*inside, else_=ibis.null("string"))))
        labels = [str(p) for p in periods]
    elif book.gives("feedback.wave"):
        counts = answer(book, _grouped(said.filter(said.wave.notnull()), said.wave))
        numbers = {name: int(name) if name.isdigit() else 10**9 for name in counts["label"]}
        labels = sorted(numbers, key=lambda name: (numbers[name], name))
    else:
        return pd.DataFrame(columns=["label", "n", "value", "low", "high", "gap", "gap_low", "gap_high", "is_real"])
    known = {row["label"]: row for row in counts.to_dict("records")}
    made = []
    for label in labels:
        found = known.get(label)
        sums = {name: float(found[name]) if found else 0.0 for name in GROUPS}
        made.append({"label": label, **_net(sums, confidence)})
    rows_of = pd.DataFrame(made)
    before = rows_of.shift(1)
    columns = ["value", "low", "high"]
    low, high = difference_interval(
        tuple(rows_of[c].to_numpy(float) for c in columns),  # type: ignore[arg-type]
        tuple(before[c].to_numpy(float) for c in columns),  # type: ignore[arg-type]
    )
    rows_of["gap"] = rows_of["value"] - before["value"]
    rows_of["gap_low"], rows_of["gap_high"] = low, high
    rows_of["is_real"] = (rows_of["gap_low"] > 0) | (rows_of["gap_high"] < 0)
    return rows_of


def _segments(book: Book, own: ir.Table, by: Sequence[str], confidence: float) -> pd.DataFrame:
    """Return the score of each segment of accounts, held against the others by the difference of means."""
    from scipy.special import ndtr

    made = []
    for name in by:
        try:
            rows = with_dimension(book, own, name)
        except NeedsData:
            continue
        counts = answer(book, _grouped(rows, rows["segment"])).sort_values("label", ignore_index=True)
        if not 2 <= (counts["label"] != NONE).sum() <= _MOST_SEGMENTS:
            continue
        whole = {group: float(counts[group].sum()) for group in GROUPS}
        for row in counts.to_dict("records"):
            mine = _net({group: float(row[group]) for group in GROUPS}, confidence)
            rest = _net({group: whole[group] - float(row[group]) for group in GROUPS}, confidence)
            p = float("nan")
            if row["label"] != NONE and min(mine["n"], rest["n"]) >= _FEWEST:
                first, other = ((side["high"] - side["low"]) / (2 * 1.96) for side in (mine, rest))
                error = float(np.hypot(first, other))
                p = float(2 * ndtr(-abs(mine["value"] - rest["value"]) / error)) if error > 0 else float("nan")
            made.append({"by": name, "segment": row["label"], **mine, "rest": rest["value"], "p": p})
    columns = ["by", "segment", *_COUNTS, "value", "low", "high", "rest", "p"]
    found = pd.DataFrame(made, columns=columns)
    found["q"] = benjamini_hochberg(found["p"]) if len(found) else found["p"]
    found["flag"] = [
        "" if not q <= 1 - confidence else "above" if value > rest else "below"
        for q, value, rest in zip(found["q"], found["value"], found["rest"], strict=True)
    ]
    return found


def _rates(book: Book, period: Period, confidence: float) -> pd.DataFrame:
    made = []
    for name in RATES:
        try:
            row = registry.compute(book, name, period, confidence=confidence).iloc[0].to_dict()
        except NeedsData as lacking:
            row = {"value": float("nan"), "low": float("nan"), "high": float("nan"), "n": 0, "status": "needs",
                   "reason": lacking.what}  # fmt: skip
        made.append({"name": name, **{k: row[k] for k in ("value", "low", "high", "n", "status", "reason")}})
    return pd.DataFrame(made)


def _comments(book: Book, own: ir.Table) -> pd.DataFrame:
    """Return the comments with their language, polarity and the group of the answer."""
    rows = own.filter(own.text.strip().length() > 0)
    low = (rows.nps <= DETRACTOR, "detractor")
    group = ibis.cases((rows.nps >= PROMOTER, "promoter"), low, (rows.nps.notnull(), "passive"))
    found = answer(book, rows.select("response_id", "text", group=group)).sort_values("response_id", ignore_index=True)
    told = read([str(text) for text in found["text"]])
    return found.assign(language=told["language"].to_numpy(), compound=told["compound"].to_numpy())


def _languages(written: pd.DataFrame) -> pd.DataFrame:
    named = written["language"].replace("", "no words")
    found = named.value_counts().rename_axis("language").reset_index(name="n")
    found = found.sort_values(["n", "language"], ascending=[False, True], ignore_index=True)
    return found.assign(is_read=found["language"] == READ)


def _no_sentiment() -> dict[str, float]:
    return {"n": 0.0, **dict.fromkeys(("value", "low", "high", "negative"), float("nan"))}


def _sentiment(written: pd.DataFrame, confidence: float) -> dict[str, float]:
    known = written["compound"].dropna().to_numpy(float)
    if not len(known):
        return _no_sentiment()
    spread = float(np.var(known, ddof=1)) if len(known) > 1 else float("nan")
    low, high = mean_interval(known.mean(), spread, len(known), confidence)
    return {"n": float(len(known)), "value": float(known.mean()), "low": float(low), "high": float(high),
            "negative": float((known <= NEGATIVE).mean())}  # fmt: skip
