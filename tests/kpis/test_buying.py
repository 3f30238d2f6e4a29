"""The models of buying, spending and renewing: equations by hand, and intervals that cover at their rate."""

from __future__ import annotations

import datetime as dtm
import math

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special

from salesnb.data.book import Book
from salesnb.kpis import buying, renewing, spending
from salesnb.kpis.answers import answer
from salesnb.kpis.likelihood import fitted

AS_OF = dtm.date(2026, 3, 31)
LINES = [
    ("a", "2026-01-01", 10, False), ("a", "2026-01-01", 5, False), ("a", "2026-01-08", 20, False),
    ("a", "2026-01-20", 0, False), ("b", "2026-02-01", 7, False), ("b", "2026-02-10", -7, True),
    ("c", "2026-02-03", -4, True), (None, "2026-01-05", 99, False), ("d", "2026-03-01", 3, False),
]  # fmt: skip


def book() -> Book:
    rows = [
        {"order_line_id": str(i), "account_id": who, "ordered_at": on, "amount": amount, "is_return": back}
        for i, (who, on, amount, back) in enumerate(LINES)
    ]
    bill = {"order_line_id": "bill", "account_id": "b", "ordered_at": "2026-03-01", "amount": 9, "is_return": False}
    rows = [{**row, "revenue_type": "one_time"} for row in rows] + [{**bill, "revenue_type": "subscription"}]
    return Book.of({"orders": rows}, as_of=AS_OF)


def test_the_three_numbers_of_each_customer() -> None:
    """Same days are one purchase, returns and bills none, and nobody's lines cannot be followed."""
    found = answer(book(), buying.customers(book(), AS_OF)).sort_values("account_id")
    assert found[["account_id", "frequency", "recency", "age"]].to_numpy().tolist() == [
        ["a", 2, 19, 89], ["b", 0, 0, 58], ["d", 0, 0, 30],
    ]  # fmt: skip
    counted = answer(book(), buying.statistics(book(), AS_OF))
    assert counted["customers"].sum() == 3
    later = answer(book(), buying.customers(book(), AS_OF, start=dtm.date(2026, 2, 1)))
    assert sorted(later["account_id"]) == ["b", "d"]


def test_what_cost_nothing_is_left_out_of_spending() -> None:
    found = answer(book(), spending.later_spend(book(), AS_OF)).iloc[0]
    assert (found["account_id"], found["frequency"], float(found["spent"]), found["free"]) == ("a", 1, 20.0, 1)


def test_the_likelihood_is_the_integral_of_the_paper() -> None:
    """Equation 3 over rates (gamma) and chances to leave (beta), for x = 2 at t = 3 weeks, known for 8."""
    r, alpha, a, b = 0.5, 3.0, 0.9, 2.0
    x, t, known = 2.0, 3.0, 8.0

    def density(p: float, rate: float) -> float:
        stays = (1 - p) ** x * rate**x * math.exp(-rate * known)
        left = p * (1 - p) ** (x - 1) * rate**x * math.exp(-rate * t)
        of_rate = alpha**r * rate ** (r - 1) * math.exp(-rate * alpha) / special.gamma(r)
        of_p = p ** (a - 1) * (1 - p) ** (b - 1) / special.beta(a, b)
        return (stays + left) * of_rate * of_p

    whole, _ = integrate.dblquad(density, 0, 60, 0, 1, epsabs=1e-9)
    values, slopes = buying._likelihood(np.array([r, alpha, a, b]), np.array([x]), np.array([t]), np.array([known]))
    assert values[0] == pytest.approx(math.log(whole), abs=1e-4)
    for i in range(4):
        step = np.zeros(4)
        step[i] = 1e-6
        ends = [
            buying._likelihood(np.array([r, alpha, a, b]) + sign * step, *map(np.atleast_1d, (x, t, known)))[0][0]
            for sign in (1, -1)
        ]
        assert slopes[i, 0] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-5)


def made(seed: int, n: int = 1500, weeks: float = 52.0) -> pd.DataFrame:
    """Customers who buy and leave as the model has it: r .4, alpha 5, a .8, b 2.5."""
    random = np.random.default_rng(seed)
    rate, leaves = random.gamma(0.4, 1 / 5.0, n), random.beta(0.8, 2.5, n)
    rows = []
    for own, chance in zip(rate, leaves, strict=True):
        now, last, count = 0.0, 0.0, 0
        while True:
            now += random.exponential(1 / own)
            if now > weeks:
                break
            count, last = count + 1, now
            if random.random() < chance:
                break
        rows.append((count, last * 7, weeks * 7))
    return pd.DataFrame(rows, columns=["frequency", "recency", "age"]).assign(customers=1)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    truth = {"r": 0.4, "alpha": 5.0, "a": 0.8, "b": 2.5}
    held = []
    for seed in range(12):
        fit = buying.bg_nbd(made(seed)).fit
        low, high = fit.interval(0.9)
        held += [low[i] <= truth[name] <= high[i] for i, name in enumerate(buying.NAMES)]
    assert 0.80 <= np.mean(held) <= 0.98  # 48 bounds of 90 %, four of a fit hanging together


def test_expectations_of_the_model_come_true() -> None:
    """Of 1,500 made customers, the repeat purchases of the year to come, and who is still there."""
    values = np.array([0.4, 5.0, 0.8, 2.5])
    assert buying.expected_since_first(values, np.array([-3.0, 0.0])) == pytest.approx([0, 0])
    seen = np.mean([made(seed, 1500)["frequency"].sum() for seed in range(6)])
    assert 1500 * buying.expected_since_first(values, np.array([52 * 7.0]))[0] == pytest.approx(seen, rel=0.06)
    one = [np.array([value]) for value in (0.0, 0.0, 364.0)]
    assert buying.p_alive(values, *one)[0] == 1.0
    assert 0 < buying.p_alive(values, np.array([3.0]), np.array([7.0]), np.array([364.0]))[0] < 0.2


def test_too_few_or_flat_is_said() -> None:
    few = buying.bg_nbd(pd.DataFrame({"frequency": [0, 1], "recency": [0, 7], "age": [70, 70], "customers": [50, 3]}))
    assert few.doubts[0] == "only 3 customers came back, fewer than 30"
    alone = spending.gamma_gamma(pd.DataFrame({"frequency": [0.0], "spent": [0.0]}))
    assert alone.doubts == ("no customer came back and paid",)
    tied = pd.DataFrame(
        {"frequency": np.repeat([1.0, 5.0], 40), "spent": np.concatenate([np.full(40, 9.0), np.full(40, 500.0)])}
    )
    assert any("who buys more often spends more" in doubt for doubt in spending.gamma_gamma(tied).doubts)


def test_spending_is_drawn_to_the_mean_of_all() -> None:
    found = spending.expected_spend(
        np.array([6.0, 4.0, 15.0]), np.array([0.0, 1.0, 100.0]), np.array([0.0, 90.0, 9000.0])
    )
    assert found[0] == pytest.approx(6 * 15 / 3)
    assert 30 < found[1] < 90
    assert found[2] == pytest.approx(90, rel=0.02)


def test_renewals_of_the_paper_and_their_lifetime() -> None:
    left = [131, 126, 90, 60, 42, 34, 26, 0]  # "high end" customers of the paper, of 1,000
    model = renewing.beta_geometric(pd.DataFrame({"tenure": range(8), "left": left, "stayed": [0] * 7 + [491]}))
    assert list(model.fit.values) == pytest.approx([0.668, 3.806], abs=5e-4)
    assert renewing.survival(model.fit.values, np.array([0.0, 1.0])) == pytest.approx([1.0, 3.806 / 4.474], abs=1e-4)
    stays = renewing.lifetime(model.fit.values, np.array([0.0, 5.0]), 0.1)
    by_hand = sum(
        renewing.survival(model.fit.values, np.array([float(t)]))[0] / 1.1**t for t in range(1, renewing.LONGEST + 1)
    )
    assert stays[0] == pytest.approx(by_hand)
    assert stays[1] > stays[0]
    few = renewing.beta_geometric(pd.DataFrame({"tenure": [0, 1], "left": [3, 0], "stayed": [0, 50]}))
    assert few.doubts[0] == "only 3 customers left, fewer than 10"
    alike = pd.DataFrame({"tenure": range(20), "left": [round(1000 * 0.9**t * 0.1) for t in range(20)],
                          "stayed": [0] * 19 + [135]})  # fmt: skip
    assert renewing.beta_geometric(alike).doubts == ()


def test_a_flat_likelihood_has_no_errors() -> None:
    """Two parameters of which only the product counts."""

    def log_likelihood(values: np.ndarray) -> tuple[float, np.ndarray]:
        gap = math.log(values[0] * values[1])
        return -(gap**2), -2 * gap / values

    fit = fitted(("u", "v"), log_likelihood, ((2.0, 3.0),))
    assert fit.values[0] * fit.values[1] == pytest.approx(1, abs=1e-4)
    assert "flat" in fit.doubts[0]
    assert np.isnan(fit.errors).all()
    assert fit.draws(3).tolist() == [list(fit.values)] * 3
