"""CDNOW through its mappings: the cohort table, the revenue, and the models of buying, as others found them."""

from __future__ import annotations

import datetime as dtm

import pytest

import salesnb
from salesnb import Period
from salesnb.analysis.cohorts import cohorts
from salesnb.analysis.lifetime import lifetime
from salesnb.kpis.answers import answer
from salesnb.kpis.buying import bg_nbd, customers, statistics
from salesnb.kpis.spending import gamma_gamma, later_spend
from tests.facts.conftest import SOURCES

CALIBRATED = dtm.date(1997, 9, 30)
LAST = Period.parse("1998Q2")


@pytest.fixture(scope="module")
def master(shared_data):
    return salesnb.open(SOURCES / "cdnow.yml")


@pytest.fixture(scope="module")
def sample(shared_data):
    return salesnb.open(SOURCES / "cdnow_sample.yml")


def test_every_line_and_cent(master, sample, facts):
    for book, name in ((master, "master"), (sample, "sample")):
        wanted = facts["CDNOW"][name]
        assert book.audit.reconciliation.set_index("table").loc["orders", "used"] == wanted["rows"]
        assert float(book.audit.money.set_index("table").loc["orders", "used"]) == wanted["revenue"]
        assert book.orders.account_id.nunique().execute() == wanted["customers"]


def test_revenue_by_month(master, facts):
    for month, revenue in facts["CDNOW"]["master_revenue_by_month"].items():
        assert salesnb.compute(master, "revenue", Period.parse(month))["value"].iloc[0] == pytest.approx(
            revenue, abs=1e-6
        )


def test_the_cohort_table(master, facts):
    found = cohorts(master, LAST)
    for month, wanted in facts["CDNOW"]["master_cohort"].items():
        cells = found.cells[found.cells["label"] == month]
        assert cells["in"].tolist() == [count for count in wanted if count is not None]
        assert cells["is_complete"].all()
    repeats = answer(master, customers(master, LAST.last_day))["frequency"]
    assert (repeats > 0).mean() == pytest.approx(facts["CDNOW"]["master_repeat_rate_distinct_days"], abs=5e-7)


def test_the_model_of_buying_is_that_of_the_paper(sample, facts):
    wanted = facts["CDNOW"]["bgnbd_fit_from_CDNOW_sample_calibration_to_1997-09-30"]
    model = bg_nbd(answer(sample, statistics(sample, CALIBRATED)))
    assert (model.customers, model.repeats) == (wanted["n"], wanted["repeat_tx"])
    assert model.customers - model.repeaters == wanted["zero_repeat"]
    for name, published in (("r", 0.243), ("alpha", 4.414), ("a", 0.793), ("b", 2.426)):
        assert model.parameters[name] == pytest.approx(wanted[name], rel=1e-4)
        assert model.parameters[name] == pytest.approx(published, rel=0.005)
    assert model.fit.log_likelihood == pytest.approx(wanted["loglik"], abs=1e-3)
    assert model.doubts == ()


def test_the_model_of_spending_is_that_of_the_note(sample):
    """Fader and Hardie's note 25: p = 6.25, q = 3.74, v = 15.44 of the 946 customers who came back."""
    spent = answer(sample, later_spend(sample, CALIBRATED)).astype({"frequency": "float64", "spent": "float64"})
    model = gamma_gamma(spent)
    assert model.customers == 946
    assert list(model.fit.values) == pytest.approx([6.25, 3.74, 15.44], rel=2e-3)


def test_what_is_held_out_is_held_against_what_came(sample):
    """Fitted to the first 39 weeks; in the other 39 there were 1,882 repeat purchases of these customers."""
    found = lifetime(sample, LAST)
    assert found.held_out_day == "1997-09-30"
    assert (found.held_out["actual"], len(found.weeks)) == (1882, 77)
    assert found.held_out["expected"] == pytest.approx(1653.4, abs=0.1)
    assert found.weeks.loc[~found.weeks["is_held_out"], "actual"].sum() == pytest.approx(2457, abs=60)
    assert "1.7 k repeat purchases after them; 1,882 came (\N{MINUS SIGN}12 %)" in found.check_finding()
    never = found.by_frequency.iloc[0]
    assert (never["customers"], round(never["actual"], 2), round(never["expected"], 2)) == (1411, 0.24, 0.23)
