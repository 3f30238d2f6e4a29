"""The controls of a published page: from a file, without a network or a kernel, they say what what_if says."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from salesnb.data.load import open_book
from salesnb.params import Params, read_params
from salesnb.periods import Period
from salesnb.planning.capacity import capacity
from salesnb.planning.knobs import Knob, changes_of, knobs
from salesnb.planning.pay_plan import read_plans
from salesnb.planning.plan import Plan
from salesnb.planning.scenario import Scenario, what_if
from salesnb.report.panel import Frame, Shown, shown
from salesnb.run.runner import run
from salesnb.scenarios import Changes
from tests.browser.chromium import MODES, opened
from tests.browser.test_pages import RULES

NAME = "08_quota.html"
_TURN = """([settings, names]) => settings.map((turned) => {
    for (const name of names) {
        const knob = document.getElementById(`snb-knob-${name}`).closest(".snb-knob");
        const field = knob.querySelector("input[type=text]");
        field.value = turned[name];
        field.dispatchEvent(new Event("change"));
    }
    return (%s)();
})"""
_READ = """() => {
    const panel = document.querySelector(".snb-panel");
    const texts = (one, what) => [...one.querySelectorAll(what)].map((each) => each.textContent);
    return {
        tiles: [...panel.querySelectorAll(".snb-tile")].map((tile) => texts(tile, "p")),
        bars: panel.querySelector(".snb-bars").getAttribute("aria-label"),
        sellers: [...panel.querySelectorAll("tbody tr")].map((row) => texts(row, "th, td")),
        words: texts(document, ".snb-word"),
    };
}"""


@dataclass(frozen=True)
class Told:
    """The plan that the page was made of."""

    plan: Plan
    turned: tuple[Knob, ...]
    block: Mapping[str, Any]

    @cached_property
    def usual(self) -> Mapping[str, float]:
        return self.values(self.scenario(Changes()))

    def frame(self) -> Frame:
        first = Period.parse(self.block["planned"]).start
        sellers, teams = self.block["sellers"], self.block["teams"]
        return Frame(self.block["planned"], self.block["currency"], self.plan.target, first, 92, teams, sellers)

    def scenario(self, changes: Changes) -> Scenario:
        return what_if(self.plan, changes, seed=7)

    def values(self, found: Scenario) -> dict[str, float]:
        low, pay, high = np.quantile(found.pay, [0.1, 0.5, 0.9])
        day = found.reached[0.5]
        made = {"chance": found.chance, "low": found.low, "middle": found.middle, "high": found.high,
                "expected": found.expected, "hitting": float(found.hitting.mean()), "pay_low": low, "pay": pay,
                "pay_high": high, "reached": 92.0}  # fmt: skip
        if day is not None:
            made["reached"] = float((day - self.plan.period.start).days)
        for place, row in enumerate(found.teams.to_dict("records")):
            made |= {f"t{place}.{name}": row[name] for name in ("low", "middle", "high", "hit")}
        for place, row in enumerate(found.reps.head(len(self.plan.reps)).to_dict("records")):
            made |= {f"s{place}.middle": row["middle"], f"s{place}.hit": row["hit"]}
        return made

    def texts(self, changes: Changes) -> list[Shown]:
        """What the page may say: what is true, and what is true to the last place that the page keeps of it."""
        found, usual = self.scenario(changes), self.usual
        quotas = {"teams": found.teams["quota"].tolist(), "sellers": found.reps["quota"].tolist()}
        rate = self.plan.win_rate if changes.win_rate is None else changes.win_rate
        made = []
        for off in (-1, 0, 1):
            kept = {"chance": 5e-5, "money": self.block["unit"] / 2, "day": 0}
            values = {name: value + off * kept[self.block["kinds"].get(name, "day")]
                      for name, value in self.values(found).items()}  # fmt: skip
            near = {name: value + off * kept[self.block["kinds"].get(name, "day")] for name, value in usual.items()}
            made.append(shown(self.frame(), values, near, quotas, rate))
        return made


@pytest.fixture(scope="module")
def file(reports: Mapping[str, Path]) -> Path:
    return reports["sample"] / NAME


@pytest.fixture(scope="module")
def told(file: Path) -> Told:
    source = open_book("sample")
    plans = read_plans(Params.of(period="2026Q3").pay_file())
    made = capacity(source, Period.parse("2026Q4"), plans=plans, carries_quotas=True)
    text = file.read_text(encoding="utf-8").partition('id="snb-what-if-data">')[2].partition("</script>")[0]
    return Told(made.plan, knobs(made.plan, made.assumptions), json.loads(text))


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Page]:
    with opened(browser, file) as watched:
        yield watched.page
        assert [url for url in watched.requests if not url.startswith(("file:", "blob:"))] == []
        assert watched.said == []
        assert watched.violations() == []


def turn(page: Page, told: Told, settings: list[dict[str, float]]) -> list[dict[str, Any]]:
    """Type values into the fields, one setting after another, and read what the page shows of each."""
    usual = {knob.name: knob.base for knob in told.turned}
    typed = [{knob.name: knob.shown((usual | each)[knob.name]) for knob in told.turned} for each in settings]
    return page.evaluate(_TURN % _READ, [typed, [knob.name for knob in told.turned]])


def test_at_every_node_it_says_what_what_if_says(page: Page, told: Told) -> None:
    crossed = [knob for knob in told.turned if knob.name in ("win_rate", "created", "size", "hires")]
    settings = [{knob.name: node for knob, node in zip(crossed, nodes, strict=True)}
                for nodes in itertools.product(*(knob.nodes for knob in crossed))]  # fmt: skip
    settings += [{knob.name: node} for knob in told.turned if knob.name != "cycle_days" for node in knob.nodes]
    assert len(settings) > 100
    for turned, said in zip(settings, turn(page, told, settings), strict=True):
        assert set(said["words"]) == {""}, turned
        least, truth, most = told.texts(changes_of(told.turned, turned))
        assert len(said["tiles"]) == len(truth.tiles)
        for place, texts in enumerate(said["tiles"]):
            assert texts[0] == truth.tiles[place][0]
            for at in (1, 2):
                parts = [one.tiles[place][at] for one in (least, truth, most)]
                assert texts[at] in parts or (" to " in texts[at] and _is_near(texts[at], parts)), (
                    turned,
                    texts,
                    parts,
                )
        for place, texts in enumerate(said["sellers"]):
            for at in range(4):
                assert texts[at] in {one.sellers[place][at] for one in (least, truth, most)}, (turned, texts)


def _is_near(text: str, parts: list[str]) -> bool:
    """Whether each end of a range is one that it may be, whichever of the others stands beside it."""
    ends = [part.split(" to ", 1) for part in parts]
    return " to " in text and all(end in {both[at] for both in ends} for at, end in enumerate(text.split(" to ", 1)))


def test_between_nodes_it_is_within_the_stated_error(page: Page, told: Told) -> None:
    rng = np.random.default_rng(4)
    settings = []
    for _ in range(30):
        drawn = {k.name: float(rng.integers(k.low, k.high + 1)) if k.unit != "ratio"
                 else round(float(rng.uniform(k.low, k.high)), 3) for k in told.turned}  # fmt: skip
        settings.append(drawn)
    worst = 0.0
    for turned, said in zip(settings, turn(page, told, settings), strict=True):
        truth = told.scenario(changes_of(told.turned, turned)).chance
        text = said["tiles"][0][1]
        low, high = {"under 1 %": (0, 0.005), "over 99 %": (0.995, 1)}.get(text) or (
            (int(text.split()[0]) - 0.5) / 100, (int(text.split()[0]) + 0.5) / 100)  # fmt: skip
        worst = max(worst, low - truth, truth - high)
    assert worst <= told.block["errors"]["chance"]
    assert f"{100 * told.block['errors']['chance']:.1f} points of the chance" in page.locator(".snb-error").inner_text()


@pytest.mark.parametrize(("typed", "shows", "word"), [
    ("-5", "35.0", "too low: 35.0 is the least"), ("1e999", "54.7", "too high: 54.7 is the most"),
    ("", "43.7", "empty: 43.7 is taken, as planned"), ("half", "43.7", "no number: 43.7 is taken, as planned"),
    ("0x2D", "43.7", "no number: 43.7 is taken, as planned"), ("45,5 %", "45.5", ""),
])  # fmt: skip
def test_what_is_typed_badly_is_clamped_with_a_word(page: Page, told: Told, typed: str, shows: str, word: str) -> None:
    field = page.get_by_label("Win rate in %")
    field.fill(typed)
    field.press("Tab")
    assert field.input_value() == shows
    assert page.locator("#snb-knob-win_rate-word").inner_text() == word
    assert told.turned[0].read(typed)[1] == word, "a notebook's sliders say the same"


def test_a_slider_is_dragged_by_mouse_and_keys(page: Page, told: Told) -> None:
    slider = page.get_by_role("slider", name="Deal size, of the plan")
    before = page.locator(".snb-said").inner_text()
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.44, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    value = float(page.get_by_label("Deal size, of the plan in %").input_value()) / 100
    assert value > 1.05
    assert page.locator(".snb-said").inner_text() != before
    truth = told.scenario(Changes(size=value)).chance
    said = page.locator(".snb-tile .snb-value").first.inner_text()
    assert abs(int(said.split()[0]) / 100 - truth) <= told.block["errors"]["chance"] + 0.005
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert float(page.get_by_label("Deal size, of the plan in %").input_value()) / 100 < value
    page.get_by_role("button", name="Reset").click()
    assert page.locator(".snb-said").inner_text() == before


def test_the_downloaded_file_is_what_a_run_takes(page: Page, told: Told, tmp_path: Path) -> None:
    field = page.get_by_label("Win rate in %")
    field.fill("49.2")
    field.press("Tab")
    joins = page.get_by_label("Sellers who join at once", exact=True).last
    joins.fill("5")
    joins.press("Tab")
    page.get_by_label("Name of the scenario").fill('Yes: "five" #1')
    said = page.locator(".snb-tile .snb-value").first.inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as YAML").click()
    kept = tmp_path / download.value.suggested_filename
    download.value.save_as(kept)
    assert kept.name == "yes_five_1.yml"
    params = read_params(kept)
    changes = params.scenarios['Yes: "five" #1']
    assert (params.period, params.source) == ("2026Q3", "sample")
    assert changes.win_rate == 0.492
    assert changes.hires[0].count == 5
    made = run(
        None, params=params.model_dump(mode="json", exclude_unset=True), out=tmp_path / "out", only=("08_quota",)
    )
    rows = json.loads((made.folder / "results.json").read_text())["numbers"]
    chance = next(row["value"] for row in rows if row["id"] == "quota_chance" and row["segment"] == 'Yes: "five" #1')
    assert chance == pytest.approx(told.scenario(changes).chance)
    assert said == f"{100 * chance:.0f} %"


def test_without_scripts_there_is_a_table(browser: Browser, file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(file.as_uri())
        table = page.locator(".snb-what-if + .output table")
        assert table.is_visible()
        assert "As planned" in table.inner_text()
        assert table.locator("tbody tr").count() > 15
        assert page.locator(".snb-what-if input").count() == 0
    finally:
        context.close()


@pytest.mark.parametrize("mode", MODES)
def test_everyone_can_use_it(browser: Browser, file: Path, mode: str) -> None:
    with opened(browser, file, mode) as watched:
        page = watched.page
        page.locator("h1").wait_for()
        found = Axe().run(page, options=RULES).response["violations"]
        assert [
            (one["id"], one["nodes"][0]["html"][:120]) for one in found if one["impact"] in ("serious", "critical")
        ] == []
        wide = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide[0] <= wide[1]
        assert page.locator(".snb-what-if").is_visible() == (mode != "print")
        assert page.locator(".snb-what-if + .output table").is_visible() == (mode == "print")
        assert watched.violations() == []


def test_it_is_light(file: Path, told: Told) -> None:
    assert file.stat().st_size <= 400_000
    assert not math.isnan(told.plan.target)
