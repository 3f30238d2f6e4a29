"""The French retailer's survey through its mapping: the score as FACTS.md has it, and comments that are not scored."""

from __future__ import annotations

import pytest

import salesnb
from salesnb import Period
from salesnb.analysis.voice import voice
from tests.facts.conftest import SOURCES


@pytest.fixture(scope="module")
def said(shared_data):
    return voice(salesnb.open(SOURCES / "nps_retail.yml"), Period.parse("2020Q4"))


def test_the_score_of_all_waves(said, facts):
    wanted = facts["NPS"]
    assert not said.is_dated
    assert said.score["value"] == pytest.approx(wanted["nps"], abs=5e-7)
    assert said.score["n"] == wanted["answered_nps"]
    assert [said.score[name] for name in ("promoter", "passive", "detractor")] == wanted[
        "promoters_passives_detractors"
    ]
    assert dict(zip(said.spread["answer"], said.spread["n"], strict=True)) == {
        0: 0, **{int(float(k)): v for k, v in wanted["distribution"].items()},
    }  # fmt: skip
    assert said.score["low"] < wanted["nps"] < said.score["high"]
    assert "The net promoter score is 53.4 (52.3 to 54.5 points) in all waves" in said.finding()


def test_each_wave(said, facts):
    waves = said.trend.set_index("label")
    for wave, (n, score) in facts["NPS"]["nps_by_wave"].items():
        assert (waves.at[wave, "n"], waves.at[wave, "value"]) == (n, pytest.approx(score, abs=5e-5))


def test_french_is_counted_and_not_scored(said, facts):
    assert said.languages["n"].sum() == facts["NPS"]["with_comment"]
    assert said.languages["language"].tolist() == ["fr"]
    assert (said.sentiment["n"], said.read) == (0, 0)
    assert "None of the 3,839 comments is in English" in said.comment_finding()
    assert {"prix", "cher"} <= set(said.themes.loc[said.themes["side"] == "detractor", "word"])
    assert "personnel" in set(said.themes.loc[said.themes["side"] == "promoter", "word"])
