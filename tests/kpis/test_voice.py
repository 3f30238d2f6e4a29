"""What customers say, by hand: the score and its interval, satisfaction, and comments that are read or only counted."""

from __future__ import annotations

import datetime as dtm
import math
from typing import Any

import numpy as np
import pytest

from salesnb import compute
from salesnb.data.book import Book
from salesnb.kpis.intervals import mean_interval, wilson
from salesnb.kpis.voice_words import languages, polarity, read
from salesnb.periods import Period

Q2 = Period.parse("2026Q2")
TERRIBLE = "Terrible outages every week, and the price is a horrible surprise for all of us."
FRENCH = "Très déçu, le support ne répond jamais à nos questions."
ANSWERS = [
    ("a", "2026-04-01", 10, 5, "This is a great product, and we love the people who answer the phone.", "email"),
    ("a", "2026-05-01", 9, 4, "", "email"), ("b", "2026-05-02", 7, 3, TERRIBLE, "email"),
    ("c", "2026-06-30", 0, 1, None, "web"), ("d", "2026-06-01", 6, None, FRENCH, "web"),
    ("e", "2026-07-01", 10, 5, "Too late for this quarter, but we love it.", "web"),
    ("f", "2026-06-01", 10, 5, "staff talk", "staff"), (None, "2026-06-02", 10, None, None, "web"),
    ("g", None, 10, None, None, "web"),
]  # fmt: skip
DEALS = [("a", "2026-01-05", "won"), ("b", "2026-01-05", "won"), ("b", "2026-04-20", "lost")]
DEALS += [("c", "2026-07-01", "won")]


def book(engine: Any = None) -> Book:
    names = ("account_id", "responded_on", "nps", "csat", "text", "source")
    rows = [{"response_id": str(i), **dict(zip(names, row, strict=True))} for i, row in enumerate(ANSWERS)]
    deals = [
        {"opportunity_id": str(i), "account_id": who, "closed_on": on, "outcome": how, "created_at": "2025-12-01"}
        for i, (who, on, how) in enumerate(DEALS)
    ]
    return Book.of({"feedback": rows, "opportunities": deals}, as_of=dtm.date(2026, 7, 31), connection=engine)


def test_the_score(engine: Any) -> None:
    """Of six answers three are 9-10 and two 0-6: those of staff, of July and without a day are not among them."""
    source = book(engine)
    row = compute(source, "nps", Q2).iloc[0]
    values = np.array([100, 100, 0, -100, -100, 100])
    assert (row["n"], row["value"]) == (6, pytest.approx(values.mean()))
    low, high = mean_interval(values.mean(), values.var(ddof=1), 6)
    assert (row["low"], row["high"]) == (pytest.approx(float(low)), pytest.approx(float(high)))
    won, lost = (compute(source, f"nps.{how}", Q2).iloc[0] for how in ("won", "lost"))
    assert (won["n"], won["value"]) == (2, 100)  # a; b had won before it lost, c had not yet bought
    assert (lost["n"], lost["value"]) == (1, 0)


def test_satisfaction(engine: Any) -> None:
    source = book(engine)
    row = compute(source, "csat", Q2).iloc[0]
    low, high = (100 * float(bound) for bound in wilson(2, 4))
    assert (row["n"], row["value"], row["low"], row["high"]) == (4, 50, pytest.approx(low), pytest.approx(high))
    assert compute(source, "csat.mean", Q2)["value"].iloc[0] == (5 + 4 + 3 + 1) / 4


def test_only_english_is_scored(engine: Any) -> None:
    source = book(engine)
    row = compute(source, "sentiment", Q2).iloc[0]
    texts = [ANSWERS[0][4], ANSWERS[2][4]]
    assert row["n"] == 2
    assert row["value"] == pytest.approx(np.mean([polarity(text) for text in texts]))
    assert row["reason"] == "1 of 3 comments are not known to be in English, and are not scored"
    assert compute(source, "sentiment.negative", Q2)["value"].iloc[0] == 0.5


def test_nobody_answered(engine: Any) -> None:
    source = book(engine)
    for name in ("nps", "csat", "csat.mean", "sentiment", "sentiment.negative"):
        row = compute(source, name, Period.parse("2020Q1")).iloc[0]
        assert row["status"] == "na", name


def test_the_language_of_a_comment() -> None:
    french = ["Il y a très peu de caisses ouvertes et le délai est long.", "Trop cher"]
    french += ["Personnel très agréable et compétent."]
    assert languages(french) == ["fr", "fr", "fr"]
    assert languages(["", "12 !", "ok"]) == ["", "", "?"]
    slip = languages([*french[:1] * 150, "The product is good and support is fine."])
    assert slip[-1] == "fr"  # one of 151 is taken for a slip
    told = read(["Great!", "Support takes days and then closes the ticket."])
    assert told["language"].tolist() == ["en", "en"]
    assert math.isnan(read(["Trop cher", french[0]])["compound"].iloc[0])


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """60 % promoters, 25 % passives, 15 % detractors: 45, of 100 answers, 600 times."""
    random = np.random.default_rng(11)
    values = random.choice([100, 0, -100], p=[0.6, 0.25, 0.15], size=(600, 100))
    low, high = mean_interval(values.mean(axis=1), values.var(axis=1, ddof=1), np.full(600, 100))
    assert 0.93 <= np.mean((low <= 45) & (high >= 45)) <= 0.97
