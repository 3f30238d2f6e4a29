"""A slider of a live notebook, dragged as a manager does, and what the notebook then says held against what_if."""

from __future__ import annotations

from functools import cache

from playwright.sync_api import Page, expect

from salesnb import formats
from salesnb.data.load import open_book
from salesnb.params import Params
from salesnb.periods import Period
from salesnb.planning.capacity import capacity
from salesnb.planning.pay_plan import read_plans
from salesnb.planning.plan import Plan
from salesnb.planning.scenario import what_if
from salesnb.scenarios import Changes

KNOB = "Deal size, of the plan"
WAIT = 120_000


@cache
def plan() -> Plan:
    """The plan that the notebook makes of the sample company's 2026Q3."""
    plans = read_plans(Params.of(period="2026Q3").pay_file())  # type: ignore[arg-type]
    return capacity(open_book("sample"), Period.parse("2026Q4"), plans=plans, carries_quotas=True).plan


def dragged(page: Page, share: float) -> float:
    """Drag the slider of deal sizes to a share of its track; return the value that its field then has."""
    row = page.locator(".widget-hbox", has=page.get_by_text(KNOB, exact=True)).last
    handle = row.locator(".noUi-handle")
    handle.scroll_into_view_if_needed(timeout=WAIT)
    track, knob = row.locator(".noUi-base").bounding_box(), handle.bounding_box()
    assert track is not None
    assert knob is not None
    before = row.locator("input[type=text]").input_value()
    page.mouse.move(knob["x"] + knob["width"] / 2, knob["y"] + knob["height"] / 2)
    page.mouse.down()
    page.mouse.move(track["x"] + share * track["width"], knob["y"] + knob["height"] / 2, steps=8)
    page.mouse.up()
    expect(row.locator("input[type=text]")).not_to_have_value(before, timeout=WAIT)
    return float(row.locator("input[type=text]").input_value()) / 100


def agrees(page: Page, size: float) -> None:
    """Hold tiles, bars and table against what_if called by hand."""
    found = what_if(plan(), Changes() if size == 1 else Changes(size=size), seed=7)
    tiles = page.locator(".snb-tiles[aria-label='This scenario'] .snb-value")
    expect(tiles.nth(0)).to_have_text(formats.chance(found.chance), timeout=WAIT)
    expect(tiles.nth(1)).to_have_text(formats.money(found.middle, found.plan.currency))
    expect(tiles.nth(2)).to_have_text(formats.share(float(found.hitting.mean()), 0))
    bars = page.locator("svg.snb-bars").get_attribute("aria-label") or ""
    for row in found.teams.to_dict("records"):
        assert f"{row['team']}: {formats.money(row['low'])} to {formats.money(row['high'])}" in bars
    first = found.reps.iloc[0]
    line = page.locator("table", has_text="Sellers in this scenario").locator("tbody tr").first
    expect(line).to_contain_text(first["name"])
    expect(line).to_contain_text(formats.money(first["middle"]))
