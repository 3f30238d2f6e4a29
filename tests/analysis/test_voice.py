"""What customers say: a small survey by hand, words that set sides apart, and odd input."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from salesnb.analysis.voice import voice
from salesnb.analysis.voice_themes import masked, themes
from salesnb.data.book import Book
from salesnb.periods import Period
from salesnb.report import voice as said

END = dtm.date(2026, 6, 30)
Q2 = Period.parse("2026Q2")
TABLES = (said.trend_table, said.rate_table, said.segment_table, said.language_table, said.theme_table, said.win_table,
          said.left_table, said.kept_table)  # fmt: skip


def answer(number: int, who: str | None, nps: int | None, on: str | None = "2026-05-05", **more: Any) -> dict[str, Any]:
    return {"response_id": f"r{number:03d}", "account_id": who, "responded_on": on, "nps": nps, **more}


BAD = "The outage last week lost our data, call +33 6 12 34 56 78."


def survey() -> list[dict[str, Any]]:
    made = [answer(i, f"p{i}", 10, text="We love how quickly support answers every question.") for i in range(30)]
    made += [answer(100 + i, f"d{i}", 3, text=BAD) for i in range(20)]
    made += [answer(200 + i, f"n{i}", 8, text="") for i in range(10)]
    made += [answer(300 + i, f"q{i}", 9, "2026-02-05") for i in range(40)]
    made += [answer(400, "s", 9, source="staff"), answer(401, None, 2), answer(403, "y", 9, None)]
    return [*made, answer(402, "x", None, text="The invoice was late again.")]


def book(rows: Any = None, **more: Any) -> Book:
    return Book.of({"feedback": survey() if rows is None else rows, **more}, as_of=END)


def test_a_survey_by_hand() -> None:
    accounts = [
        {"account_id": f"{side}{i}", "segment": "Big" if side == "p" else "Small"} for side in "pdn" for i in range(30)
    ]
    deals = [
        {
            "opportunity_id": f"{who}{how}",
            "account_id": who,
            "outcome": how,
            "closed_on": "2026-06-01",
            "created_at": "2026-01-01",
        }
        for who, how in [(f"p{i}", "won" if i < 20 else "lost") for i in range(30)]
        + [(f"d{i}", "lost") for i in range(20)]
    ]
    found = voice(book(accounts=accounts, opportunities=deals), Q2)
    assert [found.score[name] for name in ("n", "promoter", "passive", "detractor")] == [61, 30, 10, 21]
    assert found.score["value"] == pytest.approx(100 * (30 - 21) / 61)
    assert "The net promoter score is 14.8" in found.finding()
    trend = found.trend.set_index("label")
    assert (trend.at["2026Q1", "value"], trend.at["2026Q1", "n"]) == (100, 40)
    assert bool(trend.at["2026Q2", "is_real"])
    assert "Since 2026Q1 it changed by \N{MINUS SIGN}85.2 points" in found.trend_finding()
    assert found.segments.set_index("segment")["flag"].to_dict() == {"(none)": "", "Big": "above", "Small": "below"}
    wins = found.wins.set_index("group")
    assert wins.loc["promoter", ["won", "decided"]].tolist() == [20, 30]
    assert found.win_finding() == "We won 67 % of the 30 deals of promoters and 0 % of the 20 deals of detractors."
    left = found.left_out.set_index("what")["n"].to_dict()
    assert left == {
        "answers of the staff's own survey": 1,
        "answers without a score": 1,
        "answers without a comment": 11,
        "answers that name no account": 1,
        "answers without a day": 1,
    }
    (detractors,) = found.behind
    assert (detractors.n, detractors.total) == (20, 20)
    assert set(found.numbers()["id"]) == {"nps", "csat", "sentiment"}


def test_what_they_write() -> None:
    found = voice(book(), Q2)
    assert found.languages.to_dict("records") == [{"language": "en", "n": 51, "is_read": True}]
    assert found.sentiment["n"] == 51
    words = found.themes.set_index("word")
    assert words.at["outage", "side"] == "detractor"
    assert (words.at["outage", "detractors"], words.at["outage", "promoters"]) == (20, 0)
    assert words.at["support", "side"] == "promoter"
    assert words.at["outage", "sample"] == "The outage last week lost our data, call [number]."
    assert "Detractors write oftener of" in found.theme_finding()
    for show in TABLES:
        assert show(found).html
    for chart in (said.score_chart(found), said.trend_chart(found)):
        assert chart.alt.startswith(chart.title)


def test_words_that_both_use_are_no_theme() -> None:
    rows = pd.DataFrame({"text": ["the price is fine"] * 40, "group": ["detractor", "promoter"] * 20})
    assert themes(rows, 0.05).empty
    assert themes(rows.assign(group="promoter"), 0.05).empty
    assert themes(pd.DataFrame({"text": ["a b"] * 2, "group": ["detractor", "promoter"]}), 0.05).empty
    assert masked("mail jo.doe+x@example.co.uk or 0612345678, order 12345") == "mail [address] or [number], order 12345"


def test_waves_without_days() -> None:
    rows = [answer(i, None, 10 if i % 3 else 2, None, wave=str(i % 12)) for i in range(120)]
    found = voice(book(rows), Q2)
    assert not found.is_dated
    assert found.trend["label"].tolist() == [str(i) for i in range(12)]
    assert found.score["n"] == 120
    assert "in all waves, as answers have no day" in found.finding()
    assert found.rates.empty
    assert found.numbers().loc[0, "variant"] == "all_waves"
    for show in TABLES:
        assert show(found).html
    bare = voice(book([answer(i, None, 9, None) for i in range(5)]), Q2)
    assert bare.trend.empty
    assert "neither days nor waves" in said.trend_table(bare).html


@pytest.mark.parametrize(
    ("source", "period", "told"),
    [
        (Book.of({"orders": []}, as_of=END), Q2, "needs feedback"),
        (book(), Period.parse("2027Q1"), "has not begun"),
        (book(), Period.parse("2025Q1"), "Nobody said in 2025Q1"),
        (book([answer(1, "a", 9)]), Q2, "of 1 answer"),
    ],
)
def test_thin_input_is_said(source: Book, period: Period, told: str) -> None:
    found = voice(source, period)
    assert told in found.headlines()[0]
    for show in TABLES:
        assert show(found).html
    for chart in (said.score_chart(found), said.trend_chart(found)):
        assert chart.title


def test_french_is_counted() -> None:
    text = "Il y a très peu de caisses ouvertes, et le délai d'attente est bien trop long."
    found = voice(book([answer(i, f"a{i}", 3, text=text) for i in range(6)]), Q2)
    assert found.comment_finding().startswith("None of the 6 comments is in English (6 in fr)")
    assert found.read == 0


def test_what_promoters_come_to_bring() -> None:
    rows = [answer(i, f"p{i}", 10, "2025-01-10") for i in range(30)]
    rows += [answer(100 + i, f"d{i}", 2, "2025-01-10") for i in range(30)]
    rows += [answer(200 + i, f"d{i}", 10, "2026-01-10") for i in range(30)]  # said too late to tell of the year
    subs = []
    for i in range(30):
        subs.append({"subscription_id": f"p{i}", "account_id": f"p{i}", "started_on": "2024-01-01", "mrr": 100})
        ended = "2026-01-01" if i < 15 else None
        subs.append({"subscription_id": f"d{i}", "account_id": f"d{i}", "started_on": "2024-01-01", "mrr": 50,
                     "ended_on": ended})  # fmt: skip
        if i < 10:
            subs.append({"subscription_id": f"x{i}", "account_id": f"p{i}", "started_on": "2026-02-01", "mrr": 30})
    found = voice(book(rows, subscriptions=subs), Q2)
    kept = found.kept.set_index("group")
    assert kept.loc["promoter", ["customers", "was", "became"]].tolist() == [30, 3000, 3300]
    assert kept.loc["detractor", ["customers", "was", "became"]].tolist() == [30, 1500, 750]
    assert kept.loc["passive", "customers"] == 0
    # Every customer was alike, so that the interval is that of the mean of became / was.
    ratios = np.array([130.0] * 10 + [100.0] * 20) / 100
    half = t.ppf(0.975, 29) * ratios.std(ddof=1) / np.sqrt(30)
    assert kept.loc["promoter", "low"] == pytest.approx(1.1 - half)
    assert found.kept_finding().startswith("Promoters of a year ago bring 110 % (")
    assert "may be chance" not in found.kept_finding()
    assert "Kept" in said.kept_table(found).text
    numbers = found.numbers()
    own = numbers[(numbers["id"] == "revenue_kept") & (numbers["segment"] == "detractor")]
    assert own["value"].tolist() == [0.5]
