"""The parts of the chances of deals, each by hand or against another way to the same number."""

from __future__ import annotations

import datetime as dtm
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from salesnb.analysis import chances, rehearsal
from salesnb.analysis.calibration import bins_of, reliability, score
from salesnb.analysis.chances import Chances, expit, learn
from salesnb.analysis.deals_past import Past, past_of
from salesnb.analysis.deals_reasons import in_words, reasons, told
from salesnb.analysis.encoding import Encoding
from salesnb.analysis.features import open_on
from salesnb.analysis.leaks import usable
from salesnb.analysis.rehearsal import BaseRates, rehearse
from salesnb.analysis.verdict import reached
from salesnb.data.book import Book
from salesnb.kpis.intervals import wilson
from tests.analysis.dealing import DAY, LAST, change


def rows(n: int, seed: int = 0, **columns: Any) -> pd.DataFrame:
    """Open deals of two rows each, with a word and a number; won more often where the word is a."""
    random = np.random.default_rng(seed)
    word = np.repeat(random.choice(["a", "b"], n), 2)
    number = np.repeat(random.normal(size=n), 2)
    won = np.repeat(random.random(n) < np.where(word[::2] == "a", 0.7, 0.3), 2)
    frame = pd.DataFrame({"opportunity_id": np.repeat([f"D{i}" for i in range(n)], 2), "word": word, "number": number})
    frame["word"] = frame["word"].astype(object)
    return frame.assign(is_won=won, amount=10.0, group="g", **columns)


# ---- features ------------------------------------------------------------------------------------------------------


def test_what_was_known_of_a_deal_on_two_days() -> None:
    day = dtm.date(2026, 3, 1)
    deals = [
        {
            "opportunity_id": "1", "owner_id": "r", "account_id": "x", "stage": "C", "amount": 400.0, "product": "P",
            "created_at": "2026-01-10", "expected_close_on": "2026-05-31", "outcome": "won", "closed_on": "2026-05-20",
        },
        {
            "opportunity_id": "2", "owner_id": "r", "stage": "A", "created_at": "2025-12-01", "outcome": "won",
            "closed_on": "2026-02-01",
        },
        {
            "opportunity_id": "3", "owner_id": "r", "stage": "A", "created_at": "2025-12-01", "outcome": "lost",
            "closed_on": "2026-02-20",
        },
        {"opportunity_id": "4", "owner_id": "s", "stage": "A", "outcome": "open"},
    ]  # fmt: skip
    events = [
        change("1", dtm.date(2026, 1, 20), "stage", "A", "B"),
        change("1", dtm.date(2026, 2, 9), "stage", "B", "A"),
        change("1", dtm.date(2026, 3, 15), "stage", "A", "C"),
        change("1", dtm.date(2026, 2, 1), "expected_close_on", "2026-02-28", "2026-03-31"),
        change("1", dtm.date(2026, 2, 2), "expected_close_on", "2026-03-31", "2026-03-11"),
        change("1", dtm.date(2026, 4, 2), "expected_close_on", "2026-03-11", "2026-05-31"),
        change("1", dtm.date(2026, 4, 1), "amount", "100", "400"),
    ]
    acts = [
        {"activity_id": "1", "opportunity_id": "1", "happened_at": "2026-02-24"},
        {"activity_id": "2", "opportunity_id": "1", "happened_at": "2026-03-05"},
    ]
    accounts = [{"account_id": "x", "segment": "big"}]
    book = Book.of(
        {"opportunities": deals, "opportunity_events": events, "activities": acts, "accounts": accounts},
        as_of=dtm.date(2026, 6, 1),
        stages=("A", "B", "C"),
    )
    found = open_on(book, (day, dtm.date(2026, 6, 1))).to_dict("records")
    assert [(str(row["day"])[:10], row["opportunity_id"]) for row in found] == [
        ("2026-03-01", "1"),
        ("2026-06-01", "4"),
    ]
    first, undated = found
    known = {
        name: first[name] for name in ("stage", "amount", "segment", "stage_segment", "product", "forecast_category")
    }
    assert known == {
        "stage": "A", "amount": 100, "segment": "big", "stage_segment": "A, big", "product": "P",
        "forecast_category": None,
    }  # fmt: skip
    assert first["won_on"] == pd.Timestamp("2026-05-20")
    assert first["age"] == 21 + 28 + 1
    assert first["in_stage"] == 19 + 1  # since 9 February
    assert (first["pushes"], first["moved_back"]) == (1, 1)
    assert first["due_in"] == 10
    assert first["quiet"] == 4 + 1
    assert first["size"] == 2
    assert first["owner_rate"] == 1 / 2
    assert (undated["is_dated"], math.isnan(undated["age"])) == (False, True)
    assert undated["owner_rate"] == pytest.approx(2 / 3)  # of nobody's own: that of all, 2 won of 3


# ---- leaks ---------------------------------------------------------------------------------------------------------


def test_a_column_filled_by_outcome_is_a_leak_and_one_filled_by_chance_is_not() -> None:
    deals = [
        {
            "opportunity_id": str(n), "outcome": ("won", "lost", "open")[n % 3], "stage": "A", "amount": 1.0,
            "product": "P" if n % 3 == 0 or n % 2 else None, "kind": "new" if n % 5 else None,
            "created_at": "2026-01-01",
        }
        for n in range(180)
    ]  # fmt: skip
    names, gone = usable(Book.of({"opportunities": deals}, as_of=LAST))
    left = gone.set_index("column")
    assert left.at["product", "reason"] == (
        "it is filled in 100 % of the won, 50 % of the lost and 50 % of the open deals, so it tells their end"
    )
    assert left["is_leak"].to_dict() == {
        "stage": False, "amount": False, "expected_close_on": False, "forecast_category": False, "product": True,
        "segment": False, "log": False, "activities": False,
    }  # fmt: skip
    assert names == ("kind", "age", "owner_rate")


def test_a_log_that_never_changes_a_column_does_not_date_it_and_snapshots_do() -> None:
    deals = [{"opportunity_id": "1", "outcome": "open", "stage": "A", "amount": 1.0, "created_at": "2026-01-01"}]
    log = [change("1", dtm.date(2026, 1, 1), "amount", None, "1"), change("1", dtm.date(2026, 2, 1), "stage", "B", "A")]
    names, gone = usable(Book.of({"opportunities": deals, "opportunity_events": log}, as_of=LAST))
    assert gone.set_index("column").at["amount", "reason"] == "the log has no change of it"
    assert {"stage", "in_stage", "moved_back"} < set(names)
    snapshots = [{**deals[0], "snapshot_on": "2026-01-01"}]
    names, _ = usable(Book.of({"opportunities": deals, "opportunity_snapshots": snapshots}, as_of=LAST))
    assert {"stage", "size"} < set(names)
    assert not {"in_stage", "pushes"} & set(names)


# ---- past days -----------------------------------------------------------------------------------------------------


def ended(n: int, outcome: str, days: int, created: dtm.date) -> list[dict[str, Any]]:
    closed = created + days * DAY
    base = {"outcome": outcome, "created_at": created, "closed_on": closed}
    return [{"opportunity_id": f"{outcome}-{days}-{number}", **base} for number in range(n)]


def test_the_horizon_is_the_age_by_which_19_of_20_were_won_in_whole_months() -> None:
    first = dtm.date(2026, 1, 1)
    deals = [*ended(19, "won", 31, first), *ended(1, "won", 100, first), *ended(10, "lost", 5, first)]
    book = Book.of({"opportunities": deals}, as_of=LAST)
    past = past_of(book, LAST)
    assert past.horizon == 60
    # The first deal closed on 6 January; 60 days before 30 June is 1 May, and every 30 days back from there.
    months = [dtm.date(2026, 1, 31), dtm.date(2026, 3, 2), dtm.date(2026, 4, 1), dtm.date(2026, 5, 1)]
    assert (list(past.days[1:] if past.days[0] < months[0] else past.days), past.thin) == (months, "")
    assert past.days[0] >= dtm.date(2026, 1, 6)


def test_past_days_begin_where_the_log_does_and_too_few_ends_are_refused() -> None:
    first = dtm.date(2026, 1, 1)
    deals = [*ended(20, "won", 20, first), *ended(10, "lost", 5, first)]
    log = [change("won-20-0", dtm.date(2026, 5, 1), "stage", "A", "B")]
    past = past_of(Book.of({"opportunities": deals, "opportunity_events": log}, as_of=LAST), LAST)
    assert (past.horizon, past.days) == (30, (dtm.date(2026, 5, 1), dtm.date(2026, 5, 31)))
    few = past_of(Book.of({"opportunities": deals[:29]}, as_of=LAST), LAST)
    assert (few.horizon, few.days) == (0, ())
    assert (
        few.thin == "20 deals won and 9 not won are on record, and it takes 10 of each to say how often deals are won"
    )


# ---- encoding and model --------------------------------------------------------------------------------------------


def test_a_word_becomes_columns_of_mean_0_and_a_rare_or_unknown_one_nothing() -> None:
    words = ["a"] * 40 + ["b"] * 60 + ["rare"] * 2 + [None] * 3
    frame = pd.DataFrame({"opportunity_id": range(105), "word": pd.Series(words, dtype=object)})
    encoding = Encoding.of(frame, "word")
    assert (encoding.levels, encoding.width) == (("a", "b"), 2)
    columns = encoding.columns(frame)
    assert columns[0].tolist() == [1 - 0.4, -0.6]
    assert columns[40].tolist() == [-0.4, 1 - 0.6]
    assert not columns[100:].any()
    assert columns.mean(axis=0) == pytest.approx([0, 0])


def test_a_number_becomes_lines_between_its_knots() -> None:
    frame = pd.DataFrame({"opportunity_id": range(102), "number": [*map(float, range(101)), math.nan]})
    encoding = Encoding.of(frame, "number")
    assert encoding.knots == (5, 35, 65, 95)
    columns = encoding.columns(frame) + np.array(encoding.means)
    assert columns[20].tolist() == pytest.approx([0.5, 0.5, 0, 0])
    assert columns[100].tolist() == pytest.approx([0, 0, 0, 1])
    assert not encoding.columns(frame)[101].any()
    assert Encoding.of(frame.assign(number=1.0), "number").width == 0


def test_only_what_tells_something_is_used_and_the_terms_sum_to_the_log_odds() -> None:
    frame = rows(400)
    model = learn(frame, ("word", "number"))
    assert (model.names, model.deals) == (("word",), 400)
    assert model.won == frame.groupby("opportunity_id")["is_won"].any().sum()
    terms = model.contributions(frame).sum(axis=1) + model.average
    assert terms.to_numpy() == pytest.approx(model.log_odds(frame))
    share = frame.groupby("word")["is_won"].mean()
    assert model.probabilities(frame[frame["word"] == "a"])[0] == pytest.approx(share["a"], abs=0.01)


def test_noise_is_chosen_in_about_one_of_twenty_samples_at_most() -> None:
    chosen = sum(bool(learn(rows(150, seed).assign(word="a"), ("number",)).names) for seed in range(60))
    assert chosen <= 8  # 60 at 5 %: more has a chance below one in a hundred


def test_too_few_deals_allow_no_column() -> None:
    assert learn(rows(20), ("word",)).names == ()


def test_coefficients_and_covariance_are_those_of_statsmodels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the ridge, over one column: a logit with the deals as clusters."""
    import statsmodels.api as sm

    monkeypatch.setattr(chances, "_STRENGTH", 1e8)
    frame = rows(300)
    frame.loc[::3, "is_won"] = ~frame.loc[::3, "is_won"]
    one = Encoding("word", ("a",), (), (0.0,))
    wide = np.column_stack([np.ones(600), one.columns(frame)])
    found = chances._fitted(wide, frame["is_won"].to_numpy(dtype=float))
    clusters = pd.factorize(frame["opportunity_id"])[0].astype(np.int64)
    missed = frame["is_won"].to_numpy(dtype=float) - expit(wide @ found)
    covariance = chances._covariance(wide, missed, clusters)
    options = {"groups": clusters, "use_correction": False}
    oracle = sm.Logit(frame["is_won"].astype(float), wide).fit(disp=0, cov_type="cluster", cov_kwds=options)
    assert found == pytest.approx(oracle.params.to_numpy(), abs=1e-4)
    assert covariance == pytest.approx(np.asarray(oracle.cov_params()), rel=1e-3)
    model = Chances((one,), found, covariance, 0.0, 1.0, 300, 1)
    low, high = model.interval(frame.head(1), 0.95)
    line = oracle.get_prediction(wide[:1]).conf_int()[0]
    assert (low[0], high[0]) == pytest.approx(tuple(line), abs=0.01)


def test_the_spread_of_a_sum_is_that_of_chance_where_the_coefficients_are_sure() -> None:
    model = Chances((), np.array([0.0]), np.zeros((1, 1)), 0.0, 1.0, 1, 1)
    frame = rows(2).head(3)
    assert model.spread(frame, np.array([10.0, 20.0, -30.0])) == pytest.approx(math.sqrt((100 + 400 + 900) / 4))


def test_a_calibration_finds_what_was_said_too_boldly() -> None:
    random = np.random.default_rng(3)
    truth = random.normal(size=4000)
    won = (random.random(4000) < expit(truth)).astype(float)
    model = Chances((), np.array([0.0]), np.zeros((1, 1)), 0.0, 1.0, 1, 1)
    found = model.calibrated(2 * truth + 1, won)
    assert (found.shift, found.slope) == (pytest.approx(-0.5, abs=0.1), pytest.approx(0.5, abs=0.05))
    assert model.calibrated(np.ones(10), np.ones(10)) == model


# ---- judging -------------------------------------------------------------------------------------------------------


def test_the_scores_by_hand() -> None:
    frame = pd.DataFrame(
        {
            "opportunity_id": ["1", "1", "2"], "is_won": [True, True, False], "probability": [0.8, 0.6, 0.3],
            "base": [0.5, 0.5, 0.5],
        }
    )  # fmt: skip
    found = score(frame, 0.95, seed=0)
    assert found.brier == pytest.approx((0.04 + 0.16 + 0.09) / 3)
    assert found.brier_base == pytest.approx(0.25)
    assert found.log_loss == pytest.approx(-(math.log(0.8) + math.log(0.6) + math.log(0.7)) / 3)
    assert found.skill == pytest.approx(1 - (0.29 / 3) / 0.25)
    assert found.log_skill == pytest.approx(1 - found.log_loss / math.log(2))
    # Drawn are deals: only the first, both, or only the second.
    only = sorted([1 - 0.10 / 0.25, 1 - 0.09 / 0.25])
    assert (found.skill_low, found.skill_high) == pytest.approx(tuple(only))
    assert (found.rows, found.deals, found.beats_base) == (3, 2, True)
    assert score(frame.assign(base=1.0 * frame["is_won"]), 0.95, 0).skill < -1e6
    sure = score(frame.assign(base=1.0 * frame["is_won"], probability=1.0 * frame["is_won"]), 0.95, 0)
    assert (sure.skill, sure.beats_base) == (0, False)


def test_predictions_that_are_true_lie_within_their_bins() -> None:
    random = np.random.default_rng(2)
    p = random.uniform(0.05, 0.95, 5000)
    frame = pd.DataFrame({"opportunity_id": range(5000), "probability": p, "is_won": random.random(5000) < p})
    found = reliability(frame, 0.95)
    assert found["bin"].tolist() == list(range(1, 11))
    assert set(found["rows"]) == {500}
    assert found["is_within"].sum() >= 8
    low, high = wilson(found["won_rows"], found["deals"])
    assert found["low"].to_numpy() == pytest.approx(low)
    assert found["high"].to_numpy() == pytest.approx(high)
    wrong = reliability(frame.assign(probability=p / 2), 0.95)
    assert wrong["is_within"].sum() <= 2


def test_few_deals_and_equal_predictions_are_in_one_bin() -> None:
    frame = pd.DataFrame({"opportunity_id": range(90), "probability": 0.5, "is_won": False})
    assert set(bins_of(frame)) == {1}
    assert set(bins_of(pd.concat([frame] * 20).assign(opportunity_id=range(1800)))) == {1}


# ---- rehearsal -----------------------------------------------------------------------------------------------------


def past_rows(days: int, n: int = 260) -> pd.DataFrame:
    first = pd.Timestamp("2025-01-01")
    parts = [rows(n // 2, seed).assign(day=first + pd.Timedelta(days=30 * seed)) for seed in range(days)]
    whole = pd.concat(parts, ignore_index=True)
    return whole.assign(opportunity_id=whole["opportunity_id"] + "-" + whole["day"].astype(str))


def test_a_past_day_is_predicted_from_what_was_known_by_then_alone() -> None:
    frame = past_rows(8)
    found = rehearse(frame, ("word",), 60, 0.8)
    # 39 to 91 of 130 deals are won a day: 100 of each take two or three days, and those are known 60 days later.
    first = found.rows["day"].min()
    assert first >= pd.Timestamp("2025-01-01") + pd.Timedelta(days=60)
    third = sorted(found.rows["day"].unique())[2]
    later = frame.assign(is_won=frame["is_won"] ^ (frame["day"] + pd.Timedelta(days=60) > third))
    again = rehearse(later, ("word",), 60, 0.8)
    columns = ["opportunity_id", "probability", "base", "log_odds"]
    mine, theirs = (each.rows[each.rows["day"] <= third][columns] for each in (found, again))
    pd.testing.assert_frame_equal(mine, theirs)
    assert found.sums["came"].iloc[-1] != again.sums["came"].iloc[-1]
    assert found.sums["came"].iloc[0] == 10.0 * frame[(frame["day"] == first) & frame["is_won"]].shape[0]


def test_a_calibration_waits_for_outcomes_and_for_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = past_rows(12)
    monkeypatch.setattr(rehearsal, "CALIBRATED_FROM", 10**6)
    plain = rehearse(frame, ("word",), 60, 0.8).rows
    assert plain["probability"].to_numpy() == pytest.approx(expit(plain["log_odds"].to_numpy(dtype=float)))
    monkeypatch.setattr(rehearsal, "CALIBRATED_FROM", 50)
    early = rehearse(frame, ("word",), 60, 0.8).rows
    is_moved = (early["probability"] - expit(early["log_odds"].to_numpy(dtype=float))).abs() > 1e-9
    first = early["day"].min()
    assert not is_moved[early["day"] < first + pd.Timedelta(days=60)].any()
    assert is_moved[early["day"] == early["day"].max()].all()


def test_base_rates_count_deals_and_small_groups_have_the_rate_of_all() -> None:
    frame = rows(50).assign(group=["A"] * 60 + ["B"] * 30 + ["C"] * 8 + [None] * 2)
    base = BaseRates.of(frame, 0.95)
    assert base.rates["group"].tolist() == ["", "A", "B"]
    assert base.rates["deals"].tolist() == [50, 30, 15]
    share = frame["is_won"].mean()
    assert base.look_up(pd.Series(["C", None, "A"], dtype=object)).tolist() == pytest.approx(
        [share, share, frame[frame["group"] == "A"]["is_won"].mean()]
    )


# ---- verdict -------------------------------------------------------------------------------------------------------


def test_days_that_see_the_same_weeks_do_not_prove_a_model() -> None:
    judged = reached(past_rows(4, 520), ("word",), Past(60, (), ""), (0.95, 0.8), 0)
    wider = reached(past_rows(9), ("word",), Past(60, (), ""), (0.95, 0.8), 0)
    assert (judged.basis, judged.model, judged.score) == ("base rate", None, None)
    assert "it takes 60, so that the last day's deals end after the first day's have ended" in judged.why
    assert (wider.basis, wider.why) == ("model", "")


def test_too_few_that_were_won_in_time_are_refused() -> None:
    judged = reached(rows(40).assign(is_won=False), (), Past(60, (), ""), (0.95, 0.8), 0)
    assert judged.why == (
        "of the deals open on past days, 0 deals won and 40 not won within 60 days are known, and it takes 10 of each"
    )
    assert all(math.isnan(value) for value in judged.total(rows(3), 0.8))
    assert judged.priced(rows(3), 0.8)["probability"].isna().all()
    thin = reached(rows(1), (), Past(0, (), "it is so"), (0.95, 0.8), 0)
    assert (thin.basis, thin.why) == ("", "it is so")


# ---- reasons -------------------------------------------------------------------------------------------------------


def test_every_feature_has_its_words() -> None:
    row: dict[str, Any] = {
        "opportunity_id": "1", "stage": "Offer", "segment": "big", "stage_segment": "Offer, big", "product": "P",
        "kind": "new", "forecast_category": "best_case", "age": 40.0, "in_stage": 1.0, "pushes": 2.0, "moved_back": 0.0,
        "due_in": -3.0, "size": 4.0, "owner_rate": 0.25, "quiet": 0.0,
    }  # fmt: skip
    names = [name for name in row if name != "opportunity_id"]
    encodings = tuple(Encoding(name, ("x",), (), (0.0,)) for name in names if isinstance(row[name], str))
    encodings += tuple(Encoding(name, (), (0.0, 1e9), (0.0, 0.0)) for name in names if isinstance(row[name], float))
    width = 1 + sum(encoding.width for encoding in encodings)
    model = Chances(encodings, np.ones(width), np.zeros((width, width)), 0.0, 1.0, 1, 1)
    says = set(reasons(model, pd.DataFrame([row]))["says"])
    assert says == {
        "in Offer, big", "for P", "new business", "called best case", "40 days old", "1 day in its stage",
        "pushed 2 times", "never moved back", "overdue by 3 days", "worth 10.0 k", "its owner won 25 % before",
        "an activity today",
    }  # fmt: skip
    other = {**row, "stage_segment": None, "kind": "renewal", "due_in": 9.0, "quiet": 2.0, "pushes": math.nan}
    says = set(reasons(model, pd.DataFrame([other]))["says"])
    assert {"stage and segment together not known", "renewal", "due in 9 days", "2 days without an activity"} < says
    assert "pushes of the expected close not known" in says
    alone = replace(model, encodings=encodings[:2], coefficients=np.ones(3))
    assert set(reasons(alone, pd.DataFrame([row]))["says"]) == {"in Offer", "segment big"}
    assert reasons(replace(model, encodings=()), pd.DataFrame([row])).empty


def test_the_strongest_reasons_are_told_and_small_ones_are_not() -> None:
    frame = pd.DataFrame(
        [
            ("1", "a", "this", 1.0),
            ("1", "b", "that", -0.5),
            ("1", "c", "so", 0.3),
            ("1", "d", "too", 0.2),
            ("2", "a", "x", 0.01),
        ],
        columns=["opportunity_id", "feature", "says", "log_odds"],
    )
    assert in_words(frame) == {"1": "▲ this (odds x 2.72); ▼ that (odds x 0.61); ▲ so (odds x 1.35)"}
    assert told(-math.log(2), "late") == "▼ late (odds x 0.50)"


def test_a_model_that_could_be_tried_on_few_only_is_not_believed() -> None:
    frame = pd.concat([past_rows(3, 520), past_rows(5, 20)[-20:]], ignore_index=True)
    judged = reached(frame, ("word",), Past(90, (), ""), (0.95, 0.8), 0)
    assert judged.basis == "base rate"
    assert judged.why.endswith(" not won, and it takes 100 of each")
