"""Voice card: what customers answered and wrote, and what it says in words."""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass

import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import Behind, Told
from salesnb.kpis.voice_words import READ
from salesnb.periods import Period

GROUPS = ("promoter", "passive", "detractor")
DETRACTORS = "voice-detractors"
_LANGUAGES = {"?": "a language that nothing tells"}
FEWEST = 10
"""A period or wave of fewer answers tells nothing of a change."""


@dataclass(frozen=True)
class VoiceCard:
    """What customers answered and wrote.

    Attributes
    ----------
    period, as_of
        The period, and the last day that is known.
    confidence
        The level of the intervals, and 1 - the share of false words.
    nothing
        Why there is nothing to report; empty where there is something.
    is_dated
        Whether answers have a day; where none has, all of them are told, by wave.
    score
        ``n, promoter, passive, detractor`` (answers) ``, value, low, high``: the net promoter score.
    spread
        ``answer, n``: how many gave each answer.
    trend
        One row a period, or a wave: ``label, n, promoter, passive, detractor, value, low, high, gap, gap_low,
        gap_high`` (to the one before, NaN for the first) ``, is_real``.
    segments
        ``by, segment, n, value, low, high, q, flag`` (``above`` or ``below`` the others by more than chance).
    rates
        ``name, value, low, high, n, status, reason``: the KPIs of the period, where answers have days.
    languages
        ``language, n, is_read``: of the comments.
    sentiment
        ``n, value, low, high, negative``: of the English ones; NaN without one.
    themes
        See :func:`salesnb.analysis.voice_themes.themes`.
    wins
        ``group, won, decided, rate, low, high``: deals of accounts by their last answer before.
    kept
        ``group, customers, was, became, rate, low, high``: what customers pay of what they paid a year before, by their
        last answer until then.
    left_out
        ``what, n, rule``.
    behind
        The accounts behind the numbers.
    """

    period: Period
    as_of: dtm.date
    confidence: float
    nothing: str
    is_dated: bool
    score: dict[str, float]
    spread: pd.DataFrame
    trend: pd.DataFrame
    segments: pd.DataFrame
    rates: pd.DataFrame
    languages: pd.DataFrame
    sentiment: dict[str, float]
    themes: pd.DataFrame
    wins: pd.DataFrame
    kept: pd.DataFrame
    left_out: pd.DataFrame
    behind: tuple[Behind, ...]

    def headlines(self) -> list[str]:
        """Say the score, whether it moved, how comments sound and what they are about."""
        if self.nothing:
            return [f"What customers say cannot be told: {self.nothing}."]
        told = [
            self.finding(),
            self.trend_finding(),
            self.comment_finding(),
            self.theme_finding(),
            self.win_finding(),
            self.kept_finding(),
        ]
        return [sentence for sentence in told if sentence]

    def finding(self) -> str:
        """Say the net promoter score with its interval."""
        if self.nothing:
            return self.headlines()[0]
        when = f"in {self.period}" if self.is_dated else "in all waves, as answers have no day"
        n = int(self.score["n"])
        if not n:
            return f"Nobody said {when} whether they would recommend us."
        bounds = formats.interval(self.score["low"], self.score["high"], "points")
        parts = ", ".join(
            f"{formats.share(self.score[name] / n, 0)} {words}"
            for name, words in (("promoter", "promoters"), ("passive", "passives"), ("detractor", "detractors"))
        )
        score = formats.value(self.score["value"], "points").removesuffix(" points")
        return Told(
            f"The net promoter score is {score} ({bounds}) {when}: {parts}, of {formats.plural(n, 'answer')}.",
            DETRACTORS if any(each.key == DETRACTORS for each in self.behind) else "",
        )

    def trend_finding(self) -> str:
        """Say whether the score moved since the period or wave before."""
        rows = self.trend[self.trend["n"] >= FEWEST]
        if len(rows) < 2:
            return ""
        last = rows.iloc[-1]
        place = int(self.trend.index.get_loc(rows.index[-1]))  # type: ignore[arg-type]
        before = self.trend.iloc[place - 1] if place else last
        if formats.is_missing(last["gap_low"]):
            return f"Whether the score moved since {before['label']} cannot be told: too few answered."
        bounds = f"{formats.change(last['gap_low'], 'points')} to {formats.change(last['gap_high'], 'points')}"
        sure = "" if last["is_real"] else ", which may be chance"
        return f"Since {before['label']} it changed by {formats.change(last['gap'], 'points')} ({bounds}){sure}."

    def comment_finding(self) -> str:
        """Say how the comments sound, and in which languages they are not read."""
        if self.languages.empty:
            return "Nobody wrote a comment."
        total = int(self.languages["n"].sum())
        other = self.languages[~self.languages["is_read"]]
        told = [
            f"{formats.exact(row['n'])} in {_LANGUAGES.get(row['language'], row['language'])}"
            for row in other.to_dict("records")
        ]
        unread = formats.listed(told, 3)
        if not self.sentiment["n"]:
            return (
                f"None of the {formats.exact(total)} comments is in English ({unread}): how they sound is not scored, "
                "because the lexicon reads English only."
            )
        bounds = f"{self.sentiment['low']:+.2f} to {self.sentiment['high']:+.2f}"
        sound = (
            f"The {formats.exact(self.sentiment['n'])} English comments sound {self.sentiment['value']:+.2f} on a "
            f"scale of -1 to 1 ({bounds}), {formats.share(self.sentiment['negative'], 0)} of them bad"
        )
        return f"{sound}; not scored: {unread}." if len(other) else f"{sound}."

    def theme_finding(self) -> str:
        """Say which words set detractors' comments apart."""
        if self.themes.empty:
            return (
                "No word sets the comments of detractors apart from those of promoters." if len(self.languages) else ""
            )
        sides = []
        for side, words in (("detractor", "Detractors write oftener"), ("promoter", "promoters")):
            own = self.themes.loc[self.themes["side"] == side, "word"].head(5)
            sides += [f"{words} of {formats.listed([repr(str(word)) for word in own], 5)}"] if len(own) else []
        return f"{'; '.join(sides)}."

    def win_finding(self) -> str:
        """Say whether those who recommend us buy more often."""
        rows = {row["group"]: row for row in self.wins.to_dict("records") if row["decided"]}
        if not {"promoter", "detractor"} <= set(rows):
            return ""
        told = [
            f"{formats.share(rows[name]['rate'], 0)} of the {formats.exact(rows[name]['decided'])} deals of {name}s"
            for name in ("promoter", "detractor")
        ]
        first, other = rows["promoter"], rows["detractor"]
        apart = first["low"] > other["high"] or other["low"] > first["high"]
        return f"We won {told[0]} and {told[1]}{'' if apart else ': that may be chance'}."

    def kept_finding(self) -> str:
        """Say whether those who recommend us come to bring more than the others."""
        rows = {row["group"]: row for row in self.kept.to_dict("records") if row["customers"]}
        if not {"promoter", "detractor"} <= set(rows) or any(formats.is_missing(r["low"]) for r in rows.values()):
            return ""
        first, other = rows["promoter"], rows["detractor"]
        apart = first["low"] > other["high"] or other["low"] > first["high"]
        told = [
            f"{formats.share(row['rate'], 0)} ({formats.interval(row['low'], row['high'], 'ratio')})"
            for row in (first, other)
        ]
        return (
            f"Promoters of a year ago bring {told[0]} of what they brought then, detractors {told[1]}"
            f"{'' if apart else ': that may be chance'}."
        )

    @property
    def read(self) -> int:
        """How many comments are in the language that is scored."""
        return int(self.languages.loc[self.languages["language"] == READ, "n"].sum())
