"""The way to the clean pipeline and the tables of rules and owners: the words, and every number opens its deals."""

from __future__ import annotations

import re

import pytest

from salesnb.analysis.hygiene import Hygiene, hygiene
from salesnb.report.hygiene import hygiene_chart, hygiene_table, owner_table, unseen_table
from tests.report.pipeline_book import Q3, bare, empty, full


@pytest.fixture(scope="module")
def found() -> Hygiene:
    return hygiene(full(), Q3)


def test_the_chart_goes_from_all_to_clean(found: Hygiene) -> None:
    chart = hygiene_chart(found)
    assert chart.title == (
        "4 deals worth 3.1 k USD of 5 open ones (76 %) break a rule; clean is 1 deal worth 1.0 k USD."
    )
    steps = chart.alt.rsplit("each counts once. ", 1)[1]
    assert [step.replace("\N{MINUS SIGN}", "-") for step in steps.rstrip(".").split("; ")] == [
        "all open 4.2 k in 5 deals", "no owner, or one who left -50 in 1 deal", "past its close date -400 in 1 deal",
        "no activity for 30 days -2.0 k in 1 deal", "no next step -700 in 1 deal", "clean 1.0 k in 1 deal",
    ]  # fmt: skip


def test_the_table_prices_each_rule(found: Hygiene) -> None:
    lines = {line.split("  ")[0]: re.split(r"  +", line)[1:] for line in hygiene_table(found).text.splitlines()}
    idle = next(cells for name, cells in lines.items() if name.startswith("No activity for 30 days"))
    assert idle == ["1 (2.0 k)", "2.0 k (1 deal)", "2.0 k", "2.0 k (covers 1.25 times what is left)"]
    assert lines["Clean, as far as rules see"][:2] == ["1 (1.0 k)", "1.0 k (1 deal)"]


def test_every_number_of_deals_opens_them(found: Hygiene) -> None:
    pages = hygiene_table(found).html + owner_table(found).html
    opened = dict(re.findall(r'data-rows="([^"]+)">([^<]+)</a>', pages))
    behind = {each.key: each for each in found.behind}
    assert set(opened) <= set(behind)
    assert (opened["hygiene-idle-own"], behind["hygiene-idle-own"].total) == ("2.0 k", 2000)
    assert (opened["hygiene-flagged-due"], behind["hygiene-flagged-due"].total) == ("2.4 k", 2400)
    flagged = re.findall(r'data-rows="hygiene-owner-0-flagged">([^<]+)</a>', pages)
    assert (flagged, behind["hygiene-owner-0-flagged"].total) == (["2.4 k", "67 %"], 2400)


def test_owners_are_named_and_escaped(found: Hygiene) -> None:
    table = owner_table(found)
    assert (
        table.caption
        == "Most of it is owned by Ann (2 of 3 deals, 2.4 k), Bo & Co (1 of 1 deal, 700) and nobody (1 of 1 deal, 50)."
    )
    assert "Bo &amp; Co" in table.html


def test_what_rules_cannot_see_is_said() -> None:
    little, nothing = hygiene(bare(), Q3), hygiene(empty(), Q3)
    assert "not seen (needs opportunities.owner_id)" in hygiene_table(little).text
    assert "Expected bookings need a deal won or lost by 2026-08-14." in hygiene_table(little).text
    assert unseen_table(little).caption == "9 rules see nothing, or not all"
    assert hygiene_chart(little).alt == little.finding()
    assert owner_table(little).caption == "The open deals by owner"
    assert hygiene_chart(nothing).alt == nothing.finding()
    for table in (hygiene_table(nothing), owner_table(nothing), unseen_table(nothing)):
        assert table.text.endswith("needs opportunities")
