"""The scorecard of the sample company shows what was planted in it, and not what was not."""

from __future__ import annotations

import pytest

import salesnb
from salesnb.analysis.scorecard import scorecard
from salesnb.data.sample import truth
from salesnb.params import Params

TRUTH = truth(7).to_dict()


@pytest.fixture(scope="module")
def card():
    asked = Params.of(period=TRUTH["miss"]["period"])
    return scorecard(salesnb.open("sample"), asked.span, goals=asked.targets(), by=("rep", "region", "segment"))


def test_the_missed_quarter_and_its_region_are_the_first_thing_said(card):
    first, *_ = card.headlines()
    assert TRUTH["miss"]["period"] in first
    assert "under the target" in first
    assert TRUTH["miss"]["region"] in first


def test_only_the_missed_quarter_missed(card):
    booked = card.trend[card.trend["name"] == "revenue.booked"].set_index("period")
    attained = (booked["value"] / booked["target"]).to_dict()
    assert attained[TRUTH["miss"]["period"]] < 0.85
    for period in TRUTH["miss"]["on_plan"]:
        assert attained[period] > 0.95


def test_the_gap_is_the_region_whose_channel_was_cut(card):
    regions = card.segments["region"].rows.set_index("segment")
    missing = (regions["target"] - regions["amount"]).to_dict()
    assert missing[TRUTH["miss"]["region"]] > 0.8 * sum(missing.values())
    for region in set(TRUTH["regions"]) - {TRUTH["miss"]["region"]}:
        assert regions.loc[region, "attainment"] > 0.9


def test_fewer_deals_and_not_worse_selling(card):
    """The planted cause is volume: the bridge gives it most of the fall, the win rate next to none."""
    change = card.bridge[["volume", "rate", "size", "change"]].astype(float).sum()
    assert change["change"] < 0
    assert change["volume"] / change["change"] > 0.7
    assert abs(change["rate"] / change["change"]) < 0.1


def test_segments_that_differ_are_marked_and_equal_reps_are_not(card):
    segments = card.segments["segment"].rows.set_index("segment")["flag"]
    assert (segments["SMB"], segments["Enterprise"]) == ("above", "below")
    reps = card.segments["rep"].rows.set_index("segment")["flag"]
    assert not set(reps[TRUTH["equal_rep_names"]]) & {"above", "below"}
