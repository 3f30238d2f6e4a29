"""What a scenario brings, in words and bars; and the controls of a page without a kernel."""

from __future__ import annotations

import datetime as dtm
import json
import math
import re
from dataclasses import replace

import pandas as pd
import pytest

from salesnb.periods import Period
from salesnb.planning.grid import grid
from salesnb.planning.knobs import knobs
from salesnb.planning.quota import quota
from salesnb.planning.quota_words import met_finding, replay_finding
from salesnb.report import quota as charts
from salesnb.report import quota_shares as shares
from salesnb.report import quota_tables as tables
from salesnb.report.controls import controls
from salesnb.report.offline import KIND, offline, packed
from salesnb.report.panel import Frame, drawn, markup, shown
from salesnb.report.sheet import RESULTS_VARIABLE
from salesnb.run import whatifs
from salesnb.scenarios import Changes
from tests.planning.making import PAY, assumptions, book, plan, quotas

Q = Period.parse
FRAME = Frame("2026Q4", "USD", 400_000.0, dtm.date(2026, 10, 1), 92, ("A<b>", ""), ("R&1", "R2"))
VALUES = {"chance": 0.371, "low": 200_000.0, "middle": 350_000.0, "high": 500_000.0, "expected": 360_000.0,
          "hitting": 0.4, "pay_low": 40_000.0, "pay": 50_000.0, "pay_high": 66_000.0, "reached": 91.0,
          "t0.low": 1e5, "t0.middle": 2e5, "t0.high": 3e5, "t0.hit": 0.5, "t1.low": 0.0, "t1.middle": 1e5,
          "t1.high": 2e5, "t1.hit": math.nan, "s0.middle": 9e4, "s0.hit": 0.3, "s1.middle": 1e4,
          "s1.hit": math.nan}  # fmt: skip
QUOTAS = {"teams": (250_000.0, 0.0), "sellers": (1e5, 0.0)}


def test_a_panel_in_words() -> None:
    told = shown(FRAME, VALUES, VALUES | {"chance": 0.9, "reached": -1.0}, QUOTAS, 0.4)
    assert told.tiles == (
        ("Chance of 400.0 k USD", "37 %", "as planned 90 %"),
        ("2026Q4 brings", "350.0 k USD", "200.0 k to 500.0 k in 80 % of cases"),
        ("Sellers at quota", "40 %", "as planned 40 %"),
        ("Pay", "50.0 k USD", "40.0 k to 66.0 k in 80 % of cases"),
        ("Quotas assigned", "250.0 k USD", "\N{MINUS SIGN}37.5 % on the target"),
        ("Target reached", "2026-12-31", "as planned already"),
        ("Pipeline to create", "100.0 k USD", "so that the target is to be expected"),
    )
    assert told.bars[1] == ("no team", 0.0, 1e5, 2e5, 0.0, "")
    assert told.sellers == (("R&1", "100.0 k", "90.0 k", "30 %"), ("R2", "", "10.0 k", ""))
    bare = shown(
        replace(FRAME, target=math.nan), VALUES | {"hitting": math.nan, "pay": math.nan}, VALUES, QUOTAS, math.nan
    )
    assert [label for label, _, _ in bare.tiles] == ["2026Q4 brings"]
    assert shown(FRAME, VALUES | {"reached": 92.0}, VALUES, QUOTAS, math.nan).tiles[-1][1] == "not in 2026Q4"


def test_a_panel_as_markup() -> None:
    told = shown(FRAME, VALUES, VALUES, QUOTAS, 0.4)
    html = markup(told)
    assert "A&lt;b&gt;" in html
    assert "R&amp;1" in html
    assert "A<b>" not in html
    assert html.count("snb-goal") == 1, "who has no quota has no tick"
    assert html.count("<circle") == 2
    assert drawn(replace(told, bars=())) == ""


def page(**more):
    given = {"quotas": quotas("2026Q1") + quotas("2026Q2", 7000)} | more
    return quota(book(**given), Q("2026Q1"), plans=(PAY,), seed=2, trend_periods=3, source="here")


def test_a_packed_grid_is_one_that_a_page_takes() -> None:
    told, turned = plan(), knobs(plan(), assumptions())
    made = grid(told, turned, draws=300)
    content = packed(page(), told, made)
    block = json.loads(whatifs.embedded(content))
    assert block["axes"][0]["name"] == "win_rate"
    n = math.prod(len(axis["nodes"]) for axis in block["axes"])
    assert all(text.count(",") == n - 1 for text in block["values"].values())
    middle = [float(one) * block["unit"] for one in block["values"]["middle"].split(",")]
    assert middle == pytest.approx(made.values["middle"].ravel().tolist(), abs=block["unit"])
    chances = [int(one) / 10_000 for one in block["values"]["chance"].split(",")]
    assert chances == pytest.approx(made.values["chance"].ravel().tolist(), abs=5.1e-5)
    assert len(whatifs.embedded(content)) < 100_000


def test_controls_by_where_they_are(monkeypatch) -> None:
    found = page()
    monkeypatch.setenv(RESULTS_VARIABLE, "somewhere")
    bundle = controls(found)._repr_mimebundle_()
    assert whatifs.embedded(bundle[KIND])
    assert "Win rate" in bundle["text/plain"]
    assert "As planned" in bundle["text/html"]
    nothing = controls(replace(found, capacity=None, nothing="needs deals"))
    assert nothing.alt == "There is nothing to turn: needs deals."
    over = replace(found, day=found.target.last_day)
    assert "is over" in controls(over).alt
    assert offline(over) is None
    monkeypatch.delenv(RESULTS_VARIABLE)
    live = controls(found)
    assert "application/vnd.jupyter.widget-view+json" in live._repr_mimebundle_()


def test_charts_and_tables_say_what_the_plan_says() -> None:
    found = page()
    assert charts.landing_chart(found).title == found.headlines()[0]
    assert "n: 100 %" not in charts.team_chart(found).svg
    assert "make it" in charts.team_chart(found).title
    assert "2025Q4" in charts.replay_chart(found).alt
    rows = tables.scenario_table(found).text
    assert "All that helps together" in rows
    assert re.search(r"deals created \+[\d.]+ k?", rows)
    assert "Deals of the last year" not in tables.assumption_table(found).text
    assert "The market moves" in tables.assumption_table(found).caption
    assert tables.rules_table(found).caption.endswith("for data.")
    assert len(shares.split_tables(found)) == 3
    assert "base" in shares.pay_tables(found)[1].text
    assert "Ann" in tables.seller_table(found).text
    assert re.search(r"Ann .*\d deals", tables.shown_table(found).text)
    assert "150 % and more" in tables.band_table(found).text
    assert shares.territory_tables(found)[0].caption == "Who holds which account is not known."


def test_charts_and_tables_of_nothing() -> None:
    none = quota(book(opportunities=[], quotas=[]), Q("2026Q1"))
    for chart in (charts.landing_chart, charts.team_chart, charts.replay_chart):
        assert chart(none).title
    plain = (tables.seller_table, tables.band_table, tables.scenario_table)
    for table in (*plain, tables.assumption_table, tables.shown_table, tables.rules_table):
        assert table(none).caption
    for several in (shares.split_tables, shares.territory_tables, shares.pay_tables):
        assert all(one.caption for one in several(none))
    bare = page(quotas=[], reps=[])
    assert "No team has a quota" in charts.team_chart(bare).title
    assert "Chance" not in tables.scenario_table(bare).text


def test_words_of_records() -> None:
    found = page()
    one = replace(found, replay=replace(found.replay, periods=found.replay.periods.tail(1)))
    assert "said from the day before, ended" in replay_finding(one)
    assert replay_finding(replace(found, replay=None)).startswith("There is no past period")
    assert (
        met_finding(replace(found, met=1, quotas=2, met_by_half=1.0)) == "1 of 2 quotas on record was met, about half."
    )
    assert "25 % higher" in met_finding(replace(found, met=2, quotas=2, met_by_half=1.25))
    asked = quota(book(), Q("2026Q1"), scenarios={"Less": Changes(size=0.9)}, trend_periods=2)
    assert "'Less' adds nothing to the plan." in asked.headlines()
    none = quota(book(), Q("2026Q1"), scenarios={"Bad": Changes(leavers={"x": Q("2026Q2").start})}, trend_periods=2)
    assert tables.scenario_table(none).caption == "No scenario can be told."
    assert "nobody is called 'x'" in tables.scenario_table(none).text
    hires = {"More": Changes(created=1.1, size=1.2), "Less": Changes(size=0.9)}
    both = quota(book(), Q("2026Q1"), scenarios=hires, trend_periods=2)
    assert any(line.startswith("Of 2 scenarios 'More' adds most: +") for line in both.headlines())
    assert isinstance(asked.numbers(), pd.DataFrame)
