"""Every page of a report: readable by everyone in every mode, alone, and silent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.chromium import MODES, opened
from tests.browser.reading import flat, pages, words

REPORTS = ("sample", "attack")
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
SEEN = ("index.html", "01_scorecard.html", "09_data_health.html")
_CUT = """() => [...document.querySelectorAll("main *")].filter((e) => {
    const style = getComputedStyle(e);
    return style.overflowX === "auto" && e.scrollWidth > e.clientWidth && e.tabIndex !== 0;
}).map((e) => e.outerHTML.slice(0, 80))"""
_TAB_STOPS = """() => [...document.querySelectorAll('a[href], [tabindex="0"], summary')].map((e, i) => {
    e.dataset.place = i;
    return i;
})"""
_HEADINGS = "[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map((e) => Number(e.localName[1]))"
every_page = pytest.mark.parametrize(("report", "name"), [(report, name) for report in REPORTS for name in SEEN])


@dataclass(frozen=True)
class Look:
    """What one look at a page in one mode tells.

    Attributes
    ----------
    file
        The page.
    passed
        How many rules of axe it keeps.
    serious
        The rules it breaks seriously or critically: name, one place, how many places.
    requests, said, violations
        See :class:`tests.browser.chromium.Watched`.
    wide, seen
        How many pixels its content is wide, and how many there are.
    cut
        What scrolls sideways and cannot be reached by the keyboard.
    """

    file: Path
    passed: int
    serious: tuple[tuple[str, str, int], ...]
    requests: tuple[str, ...]
    said: tuple[str, ...]
    violations: tuple[str, ...]
    wide: int
    seen: int
    cut: tuple[str, ...]


@pytest.fixture(scope="module")
def look(browser, reports):
    """Look at a page of a report in a mode; each is opened once."""

    @cache
    def taken(report: str, name: str, mode: str) -> Look:
        file = reports[report] / name
        with opened(browser, file, mode) as watched:
            page = watched.page
            page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
            wide, seen = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
            cut = page.evaluate(_CUT)
            asked, said = tuple(watched.requests), (*watched.said, *watched.dialogs)
            found = Axe().run(page, options=RULES).response
            violations = tuple(watched.violations())
        worst = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
        serious = tuple((one["id"], one["nodes"][0]["html"][:200], len(one["nodes"])) for one in worst)
        return Look(file, len(found["passes"]), serious, asked, said, violations, wide, seen, tuple(cut))

    return taken


@pytest.mark.parametrize("mode", MODES)
@every_page
def test_axe_finds_nothing_serious(look, report, name, mode):
    taken = look(report, name, mode)
    assert taken.serious == ()
    assert taken.passed > 15


@pytest.mark.parametrize("mode", MODES)
@every_page
def test_a_page_asks_for_nothing_and_says_nothing(look, report, name, mode):
    taken = look(report, name, mode)
    assert taken.requests == (taken.file.as_uri(),)
    assert taken.said == taken.violations == ()


@pytest.mark.parametrize("mode", MODES)
@every_page
def test_only_regions_scroll_sideways(look, report, name, mode):
    """On a phone a wide table or picture scrolls by itself, within the keyboard's reach, and never the page."""
    taken = look(report, name, mode)
    assert taken.wide <= taken.seen
    assert taken.cut == ()


def test_axe_finds_what_is_wrong(browser, tmp_path):
    """The examination itself can fail."""
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><html><title>t</title><img src=x><p style='color:#ccc;background:#fff'>pale</p>")
    with opened(browser, page) as watched:
        found = Axe().run(watched.page, options=RULES).response["violations"]
    assert {"image-alt", "color-contrast", "html-has-lang"} <= {one["id"] for one in found}


@pytest.mark.parametrize("report", REPORTS)
def test_paper_holds_all_that_is_wide(browser, reports, report):
    """A4 within its margins is 180 mm, 680 pixels: no table may be wider, for paper does not scroll."""
    for file in pages(reports[report]):
        with opened(browser, file, "print") as watched:
            watched.page.set_viewport_size({"width": 680, "height": 1000})
            wide = watched.page.evaluate("""() => [...document.querySelectorAll("main *")]
                .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
                .map((e) => [e.localName, Math.round(e.getBoundingClientRect().right), e.innerText?.slice(0, 60)])""")
        assert wide[:5] == [], file.name


@every_page
def test_the_tab_key_reaches_every_link_and_region_in_reading_order(browser, reports, report, name):
    with opened(browser, reports[report] / name) as watched:
        page = watched.page
        wanted = page.evaluate(_TAB_STOPS)
        reached = []
        for _ in wanted:
            page.keyboard.press("Tab")
            place, is_seen = page.evaluate("""() => {
                const style = getComputedStyle(document.activeElement);
                return [document.activeElement.dataset.place, parseFloat(style.outlineWidth) >= 2];
            }""")
            assert is_seen, place
            reached.append(int(place))
    assert reached == wanted
    assert len(wanted) > 3


@every_page
def test_headings_are_in_order(browser, reports, report, name):
    with opened(browser, reports[report] / name) as watched:
        levels = watched.page.evaluate(_HEADINGS)
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(then <= now + 1 for now, then in pairwise(levels))
    assert len(levels) > 3


@every_page
def test_a_page_works_without_scripts(browser, reports, report, name):
    file = reports[report] / name
    with opened(browser, file) as watched:
        said = words(watched.page)
    with opened(browser, file, java_script_enabled=False) as watched:
        assert flat(watched.page.locator("body").inner_text()) == said
        link = watched.page.locator("main a[href$='.html'], .up a").first
        goal = link.get_attribute("href")
        link.click()
        assert watched.page.url == (file.parent / goal).as_uri()
    assert len(said) > 500


class _References(HTMLParser):
    """The addresses in a page, and its policy."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self.policy = ""
        self.inline: list[str] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "meta" and given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]
        names = ("src", "href", "srcset", "data", "action", "poster", "background", "xlink:href", "formaction", "ping")
        self.found += [(tag, name, value) for name, value in attrs if name in names]
        self.inline += [name for name in given if name == "style" or name.startswith("on")]


@every_page
def test_no_page_refers_to_anything_elsewhere(reports, report, name):
    text = (reports[report] / name).read_text(encoding="utf-8")
    page = _References()
    page.feed(text)
    own = {file.name for file in reports[report].iterdir()}
    for tag, kind, value in page.found:
        if tag == "img":
            assert re.fullmatch(r"data:image/(svg\+xml|png|jpeg);base64,[A-Za-z0-9+/=]+", value)
        else:
            assert (tag, kind) == ("a", "href")
            assert value.startswith("#") or value.partition("#")[0] in own
    assert page.inline == []
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert "url(" not in style
    assert "@import" not in style
    assert page.policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert not re.search(r"unsafe|https?:|\*", page.policy)
