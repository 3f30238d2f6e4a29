"""Which segments can be told from the rest."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesnb.analysis.apart import FEWEST, exact_p, flags, is_share, p_values
from salesnb.analysis.breakdown import COLUMNS, Breakdown, breakdown
from salesnb.analysis.calendar import Calendar, Records
from salesnb.analysis.comparison import Values
from salesnb.analysis.labels import label
from salesnb.kpis.intervals import benjamini_hochberg
from salesnb.periods import Period
from tests.analysis.conftest import DEALS, QUOTAS, book, deals


def of(source: object, by: str = "region", *, quota: str = "", amount: str = "revenue.booked") -> Breakdown | str:
    values = Values(source)  # type: ignore[arg-type]
    calendar = Calendar.of(Period.parse("2026Q3"), values.book.as_of, Records.of(values.book))
    return breakdown(values, calendar, by, amount=amount, rate="win_rate.closed", quota=quota)


def found(source: object, by: str = "region", quota: str = "") -> Breakdown:
    cut = of(source, by, quota=quota)
    assert isinstance(cut, Breakdown)
    return cut


def test_amounts_targets_and_rates_of_each_segment() -> None:
    cut = found(book(opportunities=DEALS, quotas=QUOTAS), quota="quota_attainment.booked")
    rows = cut.rows.set_index("segment")
    assert tuple(cut.rows.columns) == COLUMNS
    assert rows.index.tolist() == ["AMER", "EMEA"]
    assert rows["amount"].tolist() == [200, 100]
    assert rows["amount_share"].tolist() == [2 / 3, 1 / 3]
    assert rows["amount_previous"].tolist() == [200, 200]
    assert rows["amount_change"].tolist() == [0, -100]
    assert rows["target"].tolist() == [250, 200]
    assert rows["attainment"].tolist() == [200 / 250, 100 / 200]
    assert rows["rate"].tolist() == [2 / 4, 1 / 4]
    assert rows["n"].tolist() == [4, 4]
    assert rows["flag"].tolist() == ["few", "few"]
    assert cut.overall == 3 / 8
    assert cut.finding() == "By region there are too few rows to compare the win rate."


def test_segments_that_differ_are_marked_on_their_side() -> None:
    unlike = [*deals("2026-08-10", "EMEA", "wlll" * 10), *deals("2026-08-10", "AMER", "wwwl" * 10)]
    cut = found(book(opportunities=unlike))
    assert dict(zip(cut.rows["segment"], cut.rows["flag"], strict=True)) == {"AMER": "above", "EMEA": "below"}
    assert cut.rows["p"].tolist() == [pytest.approx(exact_p(30, 40, 40, 80)), pytest.approx(exact_p(10, 40, 40, 80))]
    assert cut.tested == 2
    assert cut.drawn(1)["segment"].tolist() == ["AMER"]


def test_segments_that_are_alike_are_not_ranked() -> None:
    alike = [*deals("2026-08-10", "EMEA", "wl" * 20), *deals("2026-08-10", "AMER", "wwl" * 13)]
    cut = found(book(opportunities=alike))
    assert cut.marked.empty
    assert cut.finding() == (
        "No region can be told from the rest by win rate: of the 2 regions with 10 deals or more, 50.0 % (EMEA) to "
        "66.7 % (AMER) is a spread that chance gives so many."
    )


def test_one_segment_and_none() -> None:
    assert found(book(opportunities=deals("2026-08-10", "EMEA", "wl" * 10))).finding() == (
        "There is one region, EMEA, with a win rate of 50.0 %."
    )
    assert (
        found(book(opportunities=deals("2025-08-10", "EMEA", "wl"))).finding()
        == "There is no win rate to show by region."
    )


def test_rows_without_a_segment_are_shown_and_not_tested() -> None:
    stray = [{**d, "owner_id": "nobody"} for d in deals("2026-08-11", "EMEA", "w" * 30)]
    cut = found(book(opportunities=[*deals("2026-08-10", "EMEA", "wl" * 20), *stray]))
    none = cut.rows.set_index("segment").loc["(none)"]
    assert none["n"] == 30
    assert math.isnan(none["p"])
    assert none["flag"] == ""


def test_a_dimension_that_the_rows_do_not_carry_says_what_it_needs() -> None:
    missing = of(book(opportunities=DEALS), "segment")
    assert isinstance(missing, str)
    assert "accounts" in missing


def test_fishers_exact_test() -> None:
    assert exact_p(3, 4, 4, 8) == pytest.approx(float(Fraction(34, 70)))
    assert exact_p(4, 4, 4, 8) == pytest.approx(float(Fraction(2, 70)))
    assert exact_p(0, 5, 0, 10) == 1


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_fishers_test_is_that_of_scipy(n: int, rest: int, data: st.DataObject) -> None:
    from scipy.stats import fisher_exact

    a, b = data.draw(st.integers(0, n)), data.draw(st.integers(0, rest))
    expected = fisher_exact([[a, n - a], [b, rest - b]]).pvalue
    assert exact_p(a, n, a + b, n + rest) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def means(rows: list[tuple[str, float, float, int]]) -> pd.DataFrame:
    """Segments with mean, half-width of its interval, and n."""
    frame = pd.DataFrame(rows, columns=["segment", "rate", "half", "n"])
    frame["low"], frame["high"] = frame["rate"] - frame["half"], frame["rate"] + frame["half"]
    return frame.assign(denominator=frame["n"], numerator=frame["rate"] * frame["n"])


def test_means_are_compared_by_their_errors() -> None:
    rows = means([("a", 100, 19.6, 50), ("b", 130, 19.6, 50), ("(none)", 500, 1, 50), ("c", 90, 1, FEWEST - 1)])
    p = p_values(rows, of_shares=False, confidence=0.95)
    assert np.isnan(p).tolist() == [False, False, True, True]
    # a: against b, (none) and c weighted by their n; 19.6 / 1.96 = 10 is its standard error.
    weights = np.array([50, 50, 9]) / 109
    rest = float(weights @ [130, 500, 90])
    error = math.hypot(19.6 / 1.959964, math.sqrt(float((weights**2) @ (np.array([19.6, 1, 1]) / 1.959964) ** 2)))
    assert p[0] == pytest.approx(math.erfc(abs(100 - rest) / error / math.sqrt(2)), abs=1e-9)


def test_what_is_a_share() -> None:
    shares = pd.DataFrame({"numerator": [1.0, 3.0], "denominator": [4.0, 4.0], "n": [4, 4]})
    assert is_share(shares)
    assert not is_share(shares.assign(numerator=[120.5, 3.0]))
    assert not is_share(shares.assign(n=[8, 8]))
    assert not is_share(shares.head(0))


def test_marks_under_no_difference_are_false_at_most_at_the_stated_rate() -> None:
    """Of four hundred quarters of ten sellers who are equal, one in twenty at most has a mark at all."""
    rng = np.random.Generator(np.random.PCG64(5))
    wrong = 0
    for _ in range(400):
        wins = rng.binomial(40, 0.3, size=10)
        rows = pd.DataFrame(
            {"segment": list("abcdefghij"), "numerator": wins, "denominator": 40, "n": 40, "rate": wins / 40}
        )
        rows["q"] = benjamini_hochberg(p_values(rows, of_shares=True, confidence=0.95))
        wrong += any(flags(rows, 0.05))
    assert wrong / 400 <= 0.07


def test_labels_are_words() -> None:
    assert label("win_rate.closed") == "Win rate"
    assert label("pipeline_progression.value") == "Pipeline progression (value)"
    assert label("nps") == "Nps"
