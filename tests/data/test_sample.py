from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesnb.data.contract import CONTRACT
from salesnb.data.sample import Dirt, dirty, make, sample_folder, truth, write
from salesnb.data.sample.dirt import HOSTILE, KINDS
from salesnb.data.sample.draws import Draws
from salesnb.data.sample.plan import HAZARDS, REOPENED, SKIPS, outcomes
from salesnb.data.sample.writing import frame
from salesnb.errors import StorageError

Tables = Mapping[str, pd.DataFrame]
TRUTH = truth()
END = pd.Timestamp("2026-09-30 23:59:59")
DIGEST = "c994ffe5125a492e6463df91663eabd04c0bc7ef1c386c22ea3ab75059379ffb"
PRINT_DIGEST = """
import hashlib, pathlib, sys
from salesnb.data.sample import write
folder = pathlib.Path(sys.argv[1])
write(folder, 7)
digest = hashlib.sha256()
for path in sorted(folder.glob("*.csv")):
    digest.update(path.name.encode() + b"\\0" + path.read_bytes())
print(digest.hexdigest())
"""


@pytest.fixture(scope="module")
def tables() -> Tables:
    return make(7)


@pytest.fixture(scope="module")
def many() -> list[Tables]:
    """Several companies, for what one is too small to tell."""
    return [make(seed) for seed in (7, 11, 12, 13)]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Dirt, ...]]:
    folder = tmp_path_factory.mktemp("sample")
    return folder, write(folder, 7)


def read(folder: Path, table: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{table}.csv", dtype=str, keep_default_na=False)


# ---- the same on every machine -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "surroundings",
    [
        {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "77", "TZ": "America/Caracas", "LC_ALL": "C.UTF-8"},
    ],
)
def test_the_bytes_of_seed_7_are_pinned(tmp_path: Path, surroundings: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRINT_DIGEST, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **surroundings},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == DIGEST


def test_another_seed_is_another_company_of_the_same_plan() -> None:
    one, other = make(1, 0.05), make(2, 0.05)
    assert not one["opportunities"].equals(other["opportunities"])
    assert one["reps"].equals(other["reps"])
    assert one["opportunities"].equals(make(1, 0.05)["opportunities"])
    assert dataclasses.replace(truth(1), seed=2) == truth(2)


def test_draws_use_only_whole_numbers() -> None:
    draws = Draws.of(7, 1)
    assert draws.between(3, 5, 2000).min() == 3
    assert set(draws.pick((1, 0, 3), 2000).tolist()) == {0, 2}
    values = draws.curve((0, 10, 1000), 4000)
    # Half of the draws lie below the middle point, 10; none outside the ends.
    assert abs((values < 10).mean() - 0.5) < 0.03
    assert values.min() >= 0
    assert values.max() <= 1000
    assert abs(draws.hits(250_000, 20_000).mean() - 0.25) < 4 * (0.25 * 0.75 / 20_000) ** 0.5
    assert Draws.of(7, 1).below(10**6, 3).tolist() != Draws.of(7, 2).below(10**6, 3).tolist()


# ---- the contract --------------------------------------------------------------------------------------------------


def test_every_table_has_its_columns_in_order_and_rows(tables: Tables) -> None:
    assert list(tables) == list(CONTRACT)
    for name, rows in tables.items():
        assert tuple(rows.columns) == CONTRACT[name].names
        assert len(rows) > 0


def test_the_company_has_the_size_it_should(tables: Tables) -> None:
    counts = {name: len(rows) for name, rows in tables.items()}
    assert 10_000 <= counts["leads"] <= 20_000
    assert 5_000 <= counts["opportunities"] <= 8_000
    sellers = tables["reps"][tables["reps"].role == "account executive"]
    assert len(sellers) == 42
    assert sellers.region.nunique() == 3
    assert sellers.team.nunique() == 6
    assert 0 < sellers.left_on.notna().sum() < 10
    assert (sellers.hired_on >= "2023-01-01").sum() > 8


@pytest.mark.parametrize("name", list(CONTRACT))
def test_keys_choices_bounds_and_references_hold(tables: Tables, name: str) -> None:
    rows, contract = tables[name], CONTRACT[name]
    if contract.key is not None:
        assert name == "opportunity_snapshots" or rows[contract.key].is_unique
    for column in contract.columns:
        values = rows[column.name]
        if column.is_required:
            assert values.notna().all(), column.name
        known = values.dropna()
        if column.choices:
            assert set(known) <= set(column.choices)
        if column.refers_to:
            assert set(known) <= set(tables[column.refers_to][str(CONTRACT[column.refers_to].key)])
        if column.low is not None:
            assert (known >= column.low).all()
        if column.high is not None:
            assert (known <= column.high).all()
        if column.kind == "money":
            assert ((known * 100).round() / 100 == known).all()


def test_nothing_is_known_after_the_end_or_before_the_start(tables: Tables) -> None:
    for name, rows in tables.items():
        known_at = CONTRACT[name].known_at
        if known_at is not None:
            assert rows[known_at].max() <= END, name
            assert rows[known_at].min() >= pd.Timestamp("2023-01-01"), name
    for name, column in (
        ("opportunities", "closed_on"), ("subscriptions", "ended_on"), ("quotes", "accepted_at"), ("quotes", "sent_at"),
        ("leads", "converted_at"), ("reps", "left_on"), ("territories", "valid_to"), ("quotas", "ends_on"),
    ):  # fmt: skip
        assert tables[name][column].max() <= END, (name, column)


# ---- deals and their log -------------------------------------------------------------------------------------------

READ = {
    "stage": str,
    "amount": float,
    "expected_close_on": pd.Timestamp,
    "owner_id": str,
    "forecast_category": str,
    "outcome": str,
}


def test_the_log_undone_and_redone_gives_each_deal(tables: Tables) -> None:
    events = tables["opportunity_events"]
    assert events.changed_at.is_monotonic_increasing
    now = tables["opportunities"].set_index("opportunity_id")
    stage_was = {}
    for name, of in READ.items():
        changes = events[(events.field == name) & events.old.notna()]
        standing = now[name].to_dict()
        for deal, old, new in zip(changes.opportunity_id[::-1], changes.old[::-1], changes.new[::-1], strict=True):
            assert standing[deal] == of(new), (deal, name)
            standing[deal] = of(old)
        if name == "stage":
            stage_was = dict(standing)
        if name == "outcome":
            assert set(standing.values()) == {"open"}
        for deal, old, new in zip(changes.opportunity_id, changes.old, changes.new, strict=True):
            assert standing[deal] == of(old)
            standing[deal] = of(new)
        assert standing == now[name].to_dict()
    first = events[(events.field == "stage") & events.old.isna()].set_index("opportunity_id")
    assert first.new.to_dict() == stage_was
    assert (first.changed_at == now.created_at.reindex(first.index)).all()
    entry = {"new": "Qualification", "expansion": "Discovery", "renewal": "Negotiation"}
    assert (now.kind.map(entry) == pd.Series(stage_was)).all()


def test_outcome_and_close_agree_with_the_log(tables: Tables) -> None:
    deals, events = tables["opportunities"], tables["opportunity_events"]
    last = events[events.field == "outcome"].groupby("opportunity_id").last()
    joined = deals.set_index("opportunity_id").join(last[["changed_at", "new"]])
    closed = joined[joined.outcome != "open"]
    assert (closed.new == closed.outcome).all()
    assert (closed.changed_at.dt.normalize() == closed.closed_on).all()
    still = joined[joined.outcome == "open"]
    assert set(still.new.dropna()) <= {"open"}
    assert still.closed_on.isna().all()
    assert (closed.closed_on >= closed.created_at.dt.normalize()).all()
    assert (deals.first_contact_at.dropna() <= deals.created_at[deals.first_contact_at.notna()]).all()
    assert (deals.last_activity_at >= deals.created_at).all()
    assert (closed.last_activity_at.dt.normalize() <= closed.closed_on).all()
    won = deals[deals.outcome == "won"]
    assert (won.expected_close_on == won.closed_on).all()
    assert deals.loss_reason.notna().equals(deals.outcome == "lost")
    ends = {"won": "Closed Won", "lost": "Closed Lost", "disqualified": "Disqualified"}
    assert (closed.stage == closed.outcome.map(ends)).all()
    assert set(still.stage) == set(TRUTH.stages)


def test_every_kind_of_change_is_in_the_log(tables: Tables) -> None:
    events, deals = tables["opportunity_events"], tables["opportunities"].set_index("opportunity_id")
    assert set(events.field) == set(CONTRACT["opportunity_events"].column("field").choices)
    deleted = events[events.field == "deleted"]
    assert len(deleted) > 5
    assert (deals.loc[deleted.opportunity_id, "outcome"] == "disqualified").all()
    reopened = events[(events.field == "outcome") & (events.new == "open")]
    assert len(reopened) > 5
    pushes = events[(events.field == "expected_close_on") & (events.new > events.old)]
    assert pushes.opportunity_id.value_counts().max() >= 3
    overdue = deals[(deals.outcome == "open") & (deals.expected_close_on <= END)]
    assert len(overdue) > 5


def test_the_snapshots_are_the_log_undone(tables: Tables) -> None:
    snapshots, events = tables["opportunity_snapshots"], tables["opportunity_events"]
    assert snapshots.snapshot_on.nunique() == 12
    deals = tables["opportunities"].set_index("opportunity_id")
    for day in (pd.Timestamp("2025-12-31"), pd.Timestamp("2026-06-30"), pd.Timestamp("2026-09-30")):
        shown = snapshots[snapshots.snapshot_on == day].set_index("opportunity_id")
        later = events[(events.changed_at.dt.normalize() > day) & events.old.notna()]
        then = deals[deals.created_at.dt.normalize() <= day].copy()
        for name, of in READ.items():
            undone = later[later.field == name].groupby("opportunity_id").old.first().map(of)
            then[name] = undone.reindex(then.index).where(lambda old: old.notna(), then[name])
        then = then[then.outcome == "open"]
        assert set(then.index) == set(shown.index)
        for name in READ:
            assert (then[name].reindex(shown.index) == shown[name]).all(), (day, name)


def test_who_owns_or_does_anything_is_employed_then(tables: Tables) -> None:
    reps = tables["reps"].set_index("rep_id")
    deals, events = tables["opportunities"], tables["opportunity_events"]

    def check(who: pd.Series, when: pd.Series) -> None:
        day = when.dt.normalize()
        assert (who.map(reps.hired_on) <= day).all()
        left = who.map(reps.left_on)
        assert (left.isna() | (day < left)).all()

    handed = events[events.field == "owner_id"]
    check(handed.new, handed.changed_at)
    first = handed.groupby("opportunity_id").old.first().reindex(deals.opportunity_id).to_numpy()
    check(pd.Series(np.where(pd.isna(first), deals.owner_id, first)), deals.created_at)
    won = deals[deals.outcome == "won"]
    check(won.owner_id, won.closed_on)
    still = deals[deals.outcome == "open"]
    check(still.owner_id, pd.Series(END, index=still.index))
    check(tables["activities"].rep_id, tables["activities"].happened_at)
    check(tables["leads"].owner_id, tables["leads"].created_at)
    check(tables["orders"].rep_id, tables["orders"].ordered_at)
    calls = tables["forecast_calls"].dropna(subset="rep_id")
    check(calls.rep_id, calls.as_of)
    quotas = tables["quotas"].dropna(subset="rep_id")
    check(quotas.rep_id, quotas.starts_on)
    check(quotas.rep_id, quotas.ends_on)
    check(tables["territories"].rep_id, tables["territories"].valid_from)


# ---- leads, orders, subscriptions ----------------------------------------------------------------------------------


def test_leads_and_new_deals_are_one_to_one(tables: Tables) -> None:
    leads, deals = tables["leads"], tables["opportunities"]
    converted = leads[leads.status == "converted"].set_index("opportunity_id")
    new = deals[deals.kind == "new"].set_index("opportunity_id")
    assert set(converted.index) == set(new.index)
    new = new.reindex(converted.index)
    assert (new.lead_id == converted.lead_id).all()
    assert (new.account_id == converted.account_id).all()
    assert (new.created_at == converted.converted_at).all()
    assert new.account_id.is_unique
    assert deals[deals.kind != "new"].lead_id.isna().all()
    others = leads[leads.status != "converted"]
    assert others[["account_id", "opportunity_id", "converted_at"]].isna().all(axis=None)


def test_every_won_deal_has_its_order_on_its_day(tables: Tables) -> None:
    deals, orders = tables["opportunities"], tables["orders"]
    won = deals[deals.outcome == "won"].copy()
    won["order_id"] = "SO-" + won.opportunity_id.str[2:]
    lines = orders[~orders.is_return & orders.order_id.str.startswith("SO-")].merge(
        won, on="order_id", suffixes=("", "_d")
    )
    assert set(lines.opportunity_id) == set(won.opportunity_id)
    assert len(lines) == (~orders.is_return & orders.order_id.str.startswith("SO-")).sum()
    assert (lines.ordered_at.dt.normalize() == lines.closed_on).all()
    assert (lines.account_id == lines.account_id_d).all()
    # A new deal's amount is twelve times its month and the rest in services and training.
    new = lines[lines.kind == "new"]
    worth = new.amount * np.where(new.revenue_type == "subscription", 12, 1)
    total = (worth * 100).round().groupby(new.order_id).sum()
    booked = (won.set_index("order_id").amount * 100).round().reindex(total.index)
    assert (total == booked).all()


def test_the_months_bill_is_what_the_subscriptions_say(tables: Tables) -> None:
    orders, running = tables["orders"], tables["subscriptions"]
    for day in (pd.Timestamp("2024-05-01"), pd.Timestamp("2025-07-01"), pd.Timestamp("2026-09-01")):
        lines = orders[(orders.ordered_at.dt.normalize() == day) & orders.order_id.str.startswith("INV-")]
        active = running[(running.started_on <= day) & (running.ended_on.isna() | (running.ended_on > day))]
        opened = tables["opportunities"]
        opened = opened[(opened.outcome == "won") & (opened.closed_on == day) & (opened.kind != "renewal")]
        begun = active[(active.started_on == day) & active.account_id.isin(opened.account_id)]
        assert round(lines.amount.sum(), 2) == round(active.mrr.sum() - begun.mrr.sum(), 2)


def test_subscriptions_begin_grow_shrink_stop_and_return(tables: Tables) -> None:
    running = tables["subscriptions"].sort_values(["account_id", "plan", "started_on"])
    assert (running.ended_on.isna() | (running.ended_on > running.started_on)).all()
    assert (running.mrr > 0).all()
    own = running.groupby(["account_id", "plan"])
    before_end, before = own.ended_on.shift(), own.mrr.shift()
    follows = before_end == running.started_on
    assert (follows & (running.mrr > before)).sum() > 100
    assert (follows & (running.mrr < before)).sum() > 20
    assert (before_end < running.started_on).sum() > 5
    plans = running.groupby("account_id").plan.nunique()
    assert (plans > 1).sum() > 20
    first = running.groupby("account_id").started_on.min()
    deals = tables["opportunities"]
    won = deals[(deals.kind == "new") & (deals.outcome == "won")].set_index("account_id").closed_on
    assert first.equals(won.reindex(first.index).rename("started_on"))
    assert len(first) == len(won)


def test_returns_take_back_what_was_sold(tables: Tables) -> None:
    orders = tables["orders"]
    back = orders[orders.is_return]
    assert len(back) > 5
    assert (back.amount < 0).all()
    assert (orders[~orders.is_return].amount > 0).all()
    goods = orders[~orders.is_return & (orders.revenue_type != "subscription")]
    sold = goods.set_index(["order_id", "product"]).amount
    assert (sold.reindex(pd.MultiIndex.from_frame(back[["order_id", "product"]])).to_numpy() == -back.amount).all()
    assert set(orders.revenue_type) == {"one_time", "subscription", "service"}


# ---- what was planted ----------------------------------------------------------------------------------------------


def test_truth_is_frozen_plain_and_ready_for_json() -> None:
    again = json.loads(json.dumps(TRUTH.to_dict()))
    assert again == TRUTH.to_dict()
    assert again["bottleneck_stage"] == "Security Review"
    assert again["miss"]["period"] == "2026Q3"
    with pytest.raises(dataclasses.FrozenInstanceError):
        TRUTH.seed = 8  # type: ignore[misc]


def test_the_bottleneck_is_the_worst_stage_of_every_segment_and_worst_in_one() -> None:
    through = {}
    for hazard in TRUTH.hazards:
        through[hazard.segment, hazard.stage] = hazard.advance / (hazard.advance + hazard.lost + hazard.disqualified)
    for segment in TRUTH.segments:
        assert min(TRUTH.stages, key=lambda stage, s=segment: through[s, stage]) == TRUTH.bottleneck_stage  # type: ignore[misc]
    worst = min(TRUTH.segments, key=lambda segment: through[segment, TRUTH.bottleneck_stage])
    assert worst == TRUTH.bottleneck_segment


@pytest.mark.parametrize("segment", TRUTH.segments)
def test_win_probabilities_are_those_of_the_chain(segment: str) -> None:
    # An independent way: the chain's mass is moved week by week until nothing is left open.
    mass = np.array([1.0, 0, 0, 0, 0])
    won = lost = 0.0
    for _ in range(5000):
        following = np.zeros(5)
        for stage, share in enumerate(mass):
            advance, loses, disqualified, back = (ppm / 1e6 for ppm in HAZARDS[segment][stage])
            stays = 1 - advance - loses - disqualified - back - 600 / 1e6
            following[stage] += share * stays
            if stage == 4:
                won += share * advance
            elif stage == 0:
                following[2] += share * advance * SKIPS / 1e6
                following[1] += share * advance * (1 - SKIPS / 1e6)
            else:
                following[stage + 1] += share * advance
            if back:
                following[stage - 1] += share * back
            following[1] += share * loses * REOPENED / 1e6
            lost += share * loses * (1 - REOPENED / 1e6)
        mass = following
    assert mass.sum() < 1e-12
    assert float(outcomes(segment, 0)[0]) == pytest.approx(won, abs=1e-9)
    assert float(outcomes(segment, 0)[1]) == pytest.approx(lost, abs=1e-9)
    assert TRUTH.win_probability["new"][segment] == pytest.approx(won, abs=1e-6)
    assert TRUTH.win_rate["new"][segment] == pytest.approx(won / (won + lost), abs=1e-6)


def weekly(tables: Tables) -> pd.DataFrame:
    """Weeks at risk, advances and losses by stage and segment, counted from the log."""
    events, deals = tables["opportunity_events"], tables["opportunities"]
    segment = deals.merge(tables["accounts"], on="account_id").set_index("opportunity_id").segment
    stays = events[events.field == "stage"].sort_values(["opportunity_id", "changed_at"], kind="stable").copy()
    own = stays.groupby("opportunity_id")
    stays["until"], stays["to"] = own.changed_at.shift(-1), own.new.shift(-1)
    stays = stays[stays.new.isin(TRUTH.stages)]

    def week(moment: pd.Series) -> pd.Series:
        return (moment.dt.normalize() - pd.Timestamp("2023-01-02")).dt.days // 7

    place = {name: number for number, name in enumerate((*TRUTH.stages, "Closed Won"))}
    return pd.DataFrame(
        {
            "stage": stays.new,
            "segment": stays.opportunity_id.map(segment),
            "weeks": week(stays.until.fillna(END)) - week(stays.changed_at),
            "advance": stays.to.map(place) > stays.new.map(place),
            "lost": stays.to == "Closed Lost",
        }
    ).groupby(["stage", "segment"]).sum()  # fmt: skip


def test_the_stage_hazards_are_in_the_log(many: list[Tables]) -> None:
    counted = sum(weekly(tables) for tables in many)
    for hazard in TRUTH.hazards:
        row = counted.loc[(hazard.stage, hazard.segment)]
        for planted, events in ((hazard.advance, row.advance), (hazard.lost, row.lost)):
            error = (planted * (1 - planted) / row.weeks) ** 0.5
            # Pace and sellers' lost factors average to one; 4 % are allowed for what that leaves.
            assert abs(events / row.weeks - planted) < 4 * error + 0.04 * planted, hazard


def test_old_deals_are_won_as_often_as_planted(many: list[Tables]) -> None:
    parts = []
    for tables in many:
        deals = tables["opportunities"].merge(tables["accounts"][["account_id", "segment"]], on="account_id")
        parts.append(deals[deals.created_at < "2025-07-01"])
    old = pd.concat(parts)
    for kind, shares in TRUTH.win_probability.items():
        for segment, planted in shares.items():
            rows = old[(old.kind == kind) & (old.segment == segment)]
            error = (planted * (1 - planted) / len(rows)) ** 0.5
            assert abs((rows.outcome == "won").mean() - planted) < 4 * error + 0.01, (kind, segment)


def test_leads_become_deals_by_source_as_planted(tables: Tables) -> None:
    leads = tables["leads"][tables["leads"].created_at < "2026-08-01"]
    for source, planted in TRUTH.lead_to_deal.items():
        rows = leads[leads.source == source]
        assert abs((rows.status == "converted").mean() - planted) < 4 * (planted * (1 - planted) / len(rows)) ** 0.5
    spent = tables["costs"][tables["costs"].function == "marketing"].groupby("channel").amount.sum()
    counts = tables["leads"].source.value_counts()
    for source, planted in TRUTH.cost_per_lead.items():
        assert spent[source] / counts[source] == pytest.approx(planted, rel=0.02)


def test_detractors_leave_faster(many: list[Tables]) -> None:
    parts = []
    for tables in many:
        answers = tables["feedback"].dropna(subset="nps").sort_values("responded_on")
        first = answers[answers.source != "win_loss"].groupby("account_id").first()
        runs = tables["subscriptions"].groupby("account_id")
        ended = runs.ended_on.max().where(runs.ended_on.count() == runs.size())
        lives = first.join(ended.rename("gone"))
        lives["months"] = (lives.gone.fillna(END) - lives.responded_on).dt.days / 30.44
        parts.append(lives)
    lives = pd.concat(parts)
    group = pd.cut(lives.nps.astype(int), [-1, 6, 8, 10], labels=["detractor", "passive", "promoter"]).astype(str)
    rate = lives.gone.notna().groupby(group).sum() / lives.months.groupby(group).sum()
    assert rate["detractor"] / rate["promoter"] == pytest.approx(TRUTH.churn_ratio, rel=0.25)
    for name, planted in TRUTH.churn_a_month.items():
        # The price rise adds to every group's; those who came back hide their first leaving.
        assert 0.85 * planted < rate[name] < 1.3 * planted


def test_scores_stay_in_the_groups_and_words_follow(tables: Tables) -> None:
    answers = tables["feedback"]
    own = answers[answers.source.isin(["relationship", "review"])]
    group = pd.cut(own.nps.astype(int), [-1, 6, 8, 10]).astype(str)
    assert (group.groupby(own.account_id).nunique() == 1).all()
    shares = group.value_counts(normalize=True)
    assert 100 * (shares["(8, 10]"] - shares["(-1, 6]"]) > TRUTH.nps  # detractors leave, and answer less often
    staff = answers[answers.source == "staff"]
    assert staff.account_id.isna().all()
    assert staff.nps.isna().all()
    assert (staff.csat >= 4).mean() == pytest.approx(TRUTH.staff_satisfied, abs=0.08)
    texts = own.text.dropna()
    assert texts.nunique() > 300
    assert texts.str.contains("Support takes days")[own.nps < 7].any()
    assert not texts.str.contains("Support takes days")[own.nps > 6].any()
    assert (
        10
        < texts.str.contains("équipe|l'interface|déçu|Nous sommes|augmenté|pannes|satisfait|prix|formidable").sum()
        < 200
    )


def test_the_price_rise_is_in_deals_and_subscriptions(many: list[Tables]) -> None:
    rise = TRUTH.price_rise
    ratios, hit, other = [], np.zeros(2), np.zeros(2)
    for tables in many:
        deals = tables["opportunities"].merge(tables["accounts"][["account_id", "segment"]], on="account_id")
        new = deals[(deals.kind == "new") & (deals["product"] == rise.product) & (deals.segment == "SMB")]
        after = new.created_at >= rise.on
        ratios.append(new[after].amount.mean() / new[~after].amount.mean())
        running = tables["subscriptions"]
        began = running[(running.plan == rise.product) & (running.started_on == rise.on)]
        ended = running[(running.plan == rise.product) & (running.ended_on == rise.on)].set_index("account_id").mrr
        dearer = began.set_index("account_id").mrr / ended
        assert dearer.median() == pytest.approx(rise.factor, abs=0.001)
        months = pd.Timestamp(rise.on), pd.Timestamp(rise.on) + pd.DateOffset(months=rise.months)
        there = running[(running.started_on <= rise.on) & ~(running.ended_on <= rise.on)]
        last = running.groupby("account_id").ended_on.apply(lambda ends: ends.max() if ends.notna().all() else pd.NaT)
        gone = there.account_id.map(last).between(*months)
        is_hit = there["plan"] == rise.product
        hit += [gone[is_hit].sum(), is_hit.sum()]
        other += [gone[~is_hit].sum(), (~is_hit).sum()]
    assert np.mean(ratios) == pytest.approx(rise.factor, rel=0.06)
    assert 1.5 < (hit[0] / hit[1]) / (other[0] / other[1]) < 1.3 * rise.churn_factor


def test_two_sellers_are_equal_and_one_calls_low_and_one_high(many: list[Tables]) -> None:
    one, other = TRUTH.equal_reps
    assert TRUTH.flow[one] == TRUTH.flow[other]
    assert TRUTH.lost_factor[one] == TRUTH.lost_factor[other]
    reps = many[0]["reps"].set_index("rep_id")
    assert reps.loc[one, ["team", "region", "hired_on"]].equals(
        reps.loc[other, ["team", "region", "hired_on"]].rename(one)
    )
    said, came = [], []
    for tables in many:
        deals = tables["opportunities"]
        won = deals[deals.outcome == "won"]
        booked = won.groupby(["owner_id", won.closed_on.dt.to_period("Q").astype(str)]).amount.sum()
        calls = tables["forecast_calls"]
        calls = calls[(calls.category == "commit") & calls.rep_id.notna()]
        third = calls[calls.groupby(["rep_id", "period"]).cumcount() == 2]
        keys = pd.MultiIndex.from_frame(third[["rep_id", "period"]])
        said.append(third.groupby("rep_id").amount.sum())
        came.append(pd.Series(booked.reindex(keys).fillna(0).to_numpy(), third.rep_id).groupby(level=0).sum())
    ratio = sum(said) / sum(came)
    assert ratio.idxmin() == TRUTH.sandbagger.rep_id
    assert ratio[TRUTH.sandbagger.rep_id] < 0.75
    assert ratio[TRUTH.happy_ears.rep_id] > 1.3
    tenured = ratio[reps.loc[ratio.index].hired_on < "2023-01-01"]
    assert tenured.drop([TRUTH.happy_ears.rep_id]).max() < 1.35
    assert abs(ratio[one] - 1) < 0.12
    assert abs(ratio[other] - 1) < 0.12


def test_the_sandbaggers_deals_are_not_in_commit_and_happy_ears_lose_theirs(tables: Tables) -> None:
    events = tables["opportunity_events"]
    deals = tables["opportunities"].set_index("opportunity_id")
    called = events[events.field == "forecast_category"]
    committed = set(called[called.new == "commit"].opportunity_id)

    def share(owner: str, outcome: str) -> float:
        own = deals[(deals.owner_id == owner) & (deals.outcome == outcome) & (deals.kind == "new")]
        return float(own.index.isin(committed).mean())

    others = deals[~deals.owner_id.isin([TRUTH.sandbagger.rep_id, TRUTH.happy_ears.rep_id]) & (deals.kind == "new")]
    usual_won = others[others.outcome == "won"].index.isin(committed).mean()
    usual_lost = others[others.outcome == "lost"].index.isin(committed).mean()
    assert share(TRUTH.sandbagger.rep_id, "won") < 0.1 < 0.8 < usual_won
    assert share(TRUTH.happy_ears.rep_id, "lost") > usual_lost + 0.2


def test_new_sellers_ramp(many: list[Tables]) -> None:
    counts = np.zeros(6)
    for tables in many:
        deals, reps = tables["opportunities"], tables["reps"].set_index("rep_id")
        new = deals[(deals.kind == "new") & (deals.created_at < "2026-03-01")]
        hired = new.owner_id.map(reps.hired_on)
        joined = hired[(hired >= "2023-02-01") & (hired < "2025-06-01")]
        quarter = (new.created_at[joined.index] - joined).dt.days // 91
        counts += quarter.value_counts().reindex(range(6), fill_value=0).to_numpy()
    shares = counts / counts[3:].mean()
    # More leads come in each year, so early quarters are somewhat lower than the ramp alone.
    assert shares[0] < shares[1] < shares[2] < 1.0
    assert shares[0] == pytest.approx(TRUTH.ramp[0], abs=0.15)
    assert shares[1] == pytest.approx(TRUTH.ramp[1], abs=0.15)


def attainment(tables: Tables) -> pd.DataFrame:
    """Booked over the teams' quotas, by quarter and region."""
    reps = tables["reps"]
    team_region = dict(zip(reps.team, reps.region, strict=True))
    deals = tables["opportunities"]
    won = deals[deals.outcome == "won"]
    region = won.owner_id.map(reps.set_index("rep_id").region)
    booked = won.groupby([won.closed_on.dt.to_period("Q").astype(str), region]).amount.sum().unstack()
    quotas = tables["quotas"].dropna(subset="team")
    goals = quotas.groupby([quotas.starts_on.dt.to_period("Q").astype(str), quotas.team.map(team_region)]).amount.sum()
    goals = goals.unstack()
    booked["all"], goals["all"] = booked.sum(axis=1), goals.sum(axis=1)
    return booked.reindex(goals.index) / goals


def test_the_quarter_that_missed_and_why(tables: Tables) -> None:
    shares, miss = attainment(tables), TRUTH.miss
    for quarter in miss.on_plan:
        assert shares.loc[quarter, "all"] > 0.95, quarter
    assert shares.loc[miss.period, "all"] < 0.85
    assert shares.loc[miss.period, miss.region] < 0.65
    assert (shares.loc[miss.period].drop([miss.region, "all"]) > 0.9).all()
    assert 0.8 < shares["all"].median() < 1.1
    accounts = tables["accounts"].set_index("account_id").region
    leads = tables["leads"]
    cut = leads[(leads.source == miss.channel) & (leads.created_at >= miss.cut_on)]
    owners = cut.owner_id.map(tables["reps"].set_index("rep_id").region)
    assert len(cut) > 50
    assert miss.region not in set(owners)
    before = leads[(leads.created_at < miss.cut_on) & (leads.status == "converted")]
    there = before[before.account_id.map(accounts) == miss.region]
    assert (there.source == miss.channel).mean() == pytest.approx(miss.share_of_new_deals, abs=0.03)
    whole = make(7, is_cut=False)
    assert attainment(whole).loc[miss.period, miss.region] > shares.loc[miss.period, miss.region] + 0.2


def test_quotas_sum_to_the_plan_and_are_met_about_as_often_as_missed(many: list[Tables]) -> None:
    quotas = many[0]["quotas"]
    teams = quotas.dropna(subset="team")
    total = teams.groupby(teams.starts_on).amount.sum()
    planned = [sum(TRUTH.plan[region][quarter] for region in TRUTH.regions) for quarter in TRUTH.plan["EMEA"]]
    assert total.tolist() == pytest.approx(planned, rel=0.01)
    own = quotas.dropna(subset="rep_id")
    by_quarter = own.groupby(own.starts_on.dt.to_period("Q")).amount.sum()
    assert by_quarter.tolist() == pytest.approx(planned, rel=0.02)
    medians = []
    for tables in many:
        deals = tables["opportunities"]
        won = deals[deals.outcome == "won"]
        booked = won.groupby(["owner_id", won.closed_on.dt.to_period("Q")]).amount.sum()
        mine = tables["quotas"].dropna(subset="rep_id")
        keys = pd.MultiIndex.from_arrays([mine.rep_id, mine.starts_on.dt.to_period("Q")])
        medians.append(booked.reindex(keys).fillna(0).to_numpy() / mine.amount.to_numpy())
    assert 0.8 < np.median(np.concatenate(medians)) < 1.1
    assert 0.3 < (np.concatenate(medians) >= 1).mean() < 0.6


def test_quarters_end_with_a_push_and_few_hold_most(tables: Tables) -> None:
    deals = tables["opportunities"]
    won = deals[deals.outcome == "won"]
    into = (won.closed_on - won.closed_on.dt.to_period("Q").dt.start_time).dt.days
    assert (into >= 70).sum() / (into < 28).sum() > 1.1 * (91 - 70) / 28
    by_rep = won.groupby("owner_id").amount.sum().sort_values(ascending=False)
    top = by_rep.head(round(len(by_rep) * 0.2))
    assert top.sum() / by_rep.sum() > 0.33
    assert len(set(top.index) & set(TRUTH.top_reps)) >= 4


def test_carts_quotes_and_calls_follow_the_plan(tables: Tables) -> None:
    touches, quotes, calls = tables["touches"], tables["quotes"], tables["forecast_calls"]
    carts, orders = (set(touches[touches.kind == kind].visitor_id) for kind in ("cart", "order"))
    assert orders < carts
    assert len(orders) / len(carts) == pytest.approx(TRUTH.cart_to_order, abs=0.02)
    assert quotes.has_error.mean() == pytest.approx(TRUTH.quote_error_rate, abs=0.02)
    assert (quotes.sent_at.dropna() > quotes.created_at[quotes.sent_at.notna()]).all()
    accepted = quotes[quotes.accepted_at.notna()].merge(tables["opportunities"], on="opportunity_id")
    assert (accepted.outcome == "won").all()
    wide = calls.assign(who=calls.rep_id.fillna(calls.team)).pivot(
        index=["as_of", "who"], columns="category", values="amount"
    )
    assert (wide.commit <= wide.best_case).all()
    assert (wide.best_case <= wide.pipeline).all()
    assert (calls.rep_id.isna() == calls.team.notna()).all()


# ---- files and dirt ------------------------------------------------------------------------------------------------


def test_clean_files_read_back_as_they_were_made(tmp_path: Path) -> None:
    assert write(tmp_path, 3, dirty=False, scale=0.05) == ()
    made = make(3, 0.05, converted=False)
    for name, rows in made.items():
        texts = read(tmp_path, name)
        assert tuple(texts.columns) == CONTRACT[name].names
        assert len(texts) == len(rows)
        for column in CONTRACT[name].columns:
            shown = texts[column.name]
            assert (shown == "").equals(rows[column.name].isna()), (name, column.name)
            known = rows[column.name].dropna()
            shown = shown[known.index]
            if column.kind in ("money", "number"):
                assert (shown.astype(float) == known).all()
            elif column.kind in ("date", "time"):
                assert (pd.to_datetime(shown) == known).all()
            elif column.kind == "integer":
                assert (shown.astype(int) == known.astype(int)).all()
            elif column.kind == "boolean":
                assert ((shown == "true") == known.astype(bool)).all()
            else:
                assert (shown == known).all()


def test_foreign_deals_convert_to_the_cent(tables: Tables) -> None:
    own = make(7, converted=False)
    deals = own["opportunities"]
    assert 0.03 < (deals.currency != "USD").mean() < 0.2
    assert set(deals.currency) == {"USD", "EUR", "GBP"}
    rates = own["fx_rates"].groupby("currency").rate.first().to_dict() | {"USD": 1.0}
    assert rates == {"USD": 1.0, **TRUTH.fx}
    converted = (deals.amount * deals.currency.map(rates)).round(2)
    assert (converted == tables["opportunities"].amount).all()
    assert set(tables["opportunities"].currency) == {"USD"}
    firsts = pd.date_range("2023-01-01", "2026-09-01", freq="MS")
    assert own["fx_rates"].groupby("currency")["on"].apply(list).map(lambda days: days == list(firsts)).all()


def test_dirty_rows_stand_behind_the_clean_ones_which_are_untouched(written: tuple[Path, tuple[Dirt, ...]]) -> None:
    folder, dirt = written
    clean = make(7, converted=False)
    added = pd.Series([row.table for row in dirt]).value_counts()
    assert 0.005 < added.sum() / sum(len(clean[name]) for name in added.index) < 0.02
    texts, again = dirty(clean, 7)
    assert again == dirt
    for name, rows in texts.items():
        assert len(rows) == len(clean[name]) + added.get(name, 0)
        numbers = sorted(row.row for row in dirt if row.table == name)
        assert numbers == list(range(len(clean[name]) + 1, len(rows) + 1))
    unspoilt, _ = dirty({name: rows for name, rows in clean.items() if name in added.index}, 8)
    for name, rows in unspoilt.items():
        assert rows.head(len(clean[name])).equals(texts[name].head(len(clean[name])))
    assert {(row.table, row.kind) for row in dirt} == {(table, kind) for table, kind, *_ in KINDS}
    keys = {name: texts[name][str(CONTRACT[name].key)] for name in added.index}
    assert all(keys[row.table].iloc[row.row - 1] == row.id for row in dirt)
    lines = (folder / "orders.csv").read_bytes().decode().split("\n")
    short = [row.row for row in dirt if row.kind == "missing field"]
    assert all(lines[number].count(",") == lines[0].count(",") - 1 for number in short)


def test_dirty_rows_that_are_used_move_no_sum() -> None:
    clean = make(5, 0.2, converted=False)
    texts, dirt = dirty(clean, 5)
    for row in dirt:
        record = texts[row.table].iloc[row.row - 1]
        if row.expected != "rejected" and row.table == "opportunities":
            assert record.outcome == "disqualified"
        if row.expected != "rejected" and row.table == "orders":
            assert record.amount == "0.00"
        if row.expected == "used" and row.table == "feedback":
            assert record.nps == record.csat == ""
    shown = {texts[row.table].iloc[row.row - 1].get("name") for row in dirt if row.kind == "hostile text"}
    assert set(HOSTILE) <= shown


def test_the_loader_finds_every_dirty_row_and_no_other(tmp_path: Path) -> None:
    from salesnb.data.load import open_book

    dirt = write(tmp_path, 7, scale=0.1)
    book = open_book(str(tmp_path))
    assert book.as_of.isoformat() == TRUTH.end
    found = book.rejects.execute()
    listed = {(row.table, row.row): row.expected for row in dirt if row.expected != "used"}
    assert set(zip(found.table, found.row.astype(int), strict=True)) == set(listed)
    for place, actions in found.groupby(["table", "row"]).action:
        assert ("rejected" in set(actions)) == (listed[place] == "rejected"), place
    counts = book.audit.reconciliation.set_index("table")
    assert (counts.read == counts.used + counts.rejected).all()
    clean = make(7, 0.1)["opportunities"]
    deals = book.opportunities
    won = deals.filter(deals.outcome == "won").amount.sum().execute()
    assert float(won) == round(clean[clean.outcome == "won"].amount.sum(), 2)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(StorageError) as error:
        write(tmp_path / "taken", 7, scale=0.02)
    assert "cannot be written" in error.value.what
    assert error.value.where == str(tmp_path / "taken")
    assert error.value.mend == "name a folder that can be written"


def test_the_sample_folder_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = sample_folder()
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.csv")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    assert digest.hexdigest() == DIGEST
    stamp = (folder / "leads.csv").stat().st_mtime_ns
    assert sample_folder() == folder
    assert (folder / "leads.csv").stat().st_mtime_ns == stamp
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_without_a_cache_a_temporary_folder_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "salesnb").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = sample_folder()
    assert (folder / "opportunities.csv").is_file()
    assert tmp_path not in folder.parents


def test_two_who_ask_at_once_both_get_the_whole_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from salesnb.data.sample import store

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def slowly(folder: Path, seed: int) -> None:
        # The other one finishes while this one is still writing.
        (folder / "leads.csv").write_text("mine", encoding="utf-8")
        monkeypatch.setattr(store, "write", lambda place, seed: (place / "leads.csv").write_text("theirs"))
        folders.append(sample_folder())

    folders: list[Path] = []
    monkeypatch.setattr(store, "write", slowly)
    assert [sample_folder()] == folders
    assert (folders[0] / "leads.csv").read_text(encoding="utf-8") == "theirs"
    assert [path.name for path in folders[0].parent.iterdir()] == [folders[0].name]


def test_a_column_that_the_contract_does_not_have_is_refused() -> None:
    with pytest.raises(KeyError, match="reps has no column 'shoe_size'"):
        frame("reps", {"rep_id": ["R-01"], "shoe_size": [44]})
