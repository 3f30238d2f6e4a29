"""A company all of whose words are attacks: its report shows them as text, and does nothing else with them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from salesnb.data.contract import CONTRACT
from salesnb.errors import ParameterError
from salesnb.run.runner import run
from tests.browser import company
from tests.browser.chromium import opened
from tests.browser.conftest import FOLDER
from tests.browser.payloads import CLASSES, PAYLOADS
from tests.browser.reading import alts, inventory, pages, pictures, shown, strings, words

PAGES = (
    "index.html",
    "01_scorecard.html",
    "02_funnel.html",
    "03_pipeline.html",
    "04_cohorts.html",
    "05_customers.html",
    "06_team.html",
    "07_forecast.html",
    "08_quota.html",
    "09_data_health.html",
    "10_definitions.html",
)
SORTED_BY_NAME = ("03_pipeline.html", "05_customers.html", "06_team.html")
"""Pages on which a number may be another's: of equals, or of a few that are shown, the first by name are taken; and
what language a comment is in depends on its words."""
PICTURES = {
    "01_scorecard.html": 14,
    "02_funnel.html": 7,
    "03_pipeline.html": 10,
    "04_cohorts.html": 4,
    "05_customers.html": 10,
    "06_team.html": 2,
    "07_forecast.html": 4,
    "08_quota.html": 3,
    "10_definitions.html": 3,
}
ROUSED = """() => {
    for (const element of document.querySelectorAll("*")) {
        for (const name of ["mouseover", "pointerenter", "focus", "click", "toggle", "load", "error"]) {
            if (element.localName !== "a") element.dispatchEvent(new Event(name));
        }
    }
    window.scrollTo(0, document.body.scrollHeight);
}"""


def test_there_are_enough_of_them_and_no_two_look_alike():
    assert len(PAYLOADS) >= 60
    assert len({shown(payload).lower() for payload in PAYLOADS}) == len(PAYLOADS)
    assert sum("__pwned" in payload or "alert(" in payload for payload in PAYLOADS) >= 30


def test_every_text_column_of_every_table_carries_every_one(reports):
    files = reports["attack"].parent / "source" / "files"
    counted = 0
    for table, contract in CONTRACT.items():
        (file,) = [file for file in files.iterdir() if file.name.startswith(f"{table} ")]
        with file.open(encoding="utf-8", newline="") as lines:
            head, *rows = csv.reader(lines)
        for place, column in enumerate(contract.columns):
            if column.kind == "text" and column.name not in ("currency", "period"):
                assert {row[place] for row in rows} >= set(PAYLOADS), (table, column.name)
            else:
                assert any(one in row[place] for row in rows for one in PAYLOADS), (table, column.name)
            assert any(one in head[place] for one in PAYLOADS)
            counted += 1
        assert any(one in file.name for one in PAYLOADS)
    assert counted == sum(len(contract.columns) for contract in CONTRACT.values()) > 100


@pytest.mark.parametrize("name", PAGES)
def test_nothing_of_theirs_runs_loads_or_opens(browser, reports, name):
    file = reports["attack"] / name
    with opened(browser, file) as watched:
        page = watched.page
        page.evaluate(ROUSED)
        page.wait_for_timeout(300)
        assert page.evaluate("window.__pwned") is None
        assert page.url == file.as_uri()
        assert page.title().endswith(f"· {shown(company_name())}")
        assert len(page.frames) == 1
        assert watched.violations() == []
    assert watched.dialogs == []
    assert watched.requests == [file.as_uri()]
    assert watched.said == []


@pytest.mark.parametrize("name", PAGES)
def test_no_element_or_attribute_is_theirs(browser, reports, name):
    with opened(browser, reports["attack"] / name) as attack, opened(browser, reports["harmless"] / name) as harmless:
        theirs, ours = inventory(attack.page), inventory(harmless.page)
        assert set(theirs) == set(ours)
        assert theirs == ours or name in SORTED_BY_NAME
        drawn, calm = pictures(attack.page), pictures(harmless.page)
        assert len(drawn) == len(calm) == PICTURES.get(name, 0)
        for one, other in zip(drawn, calm, strict=True):
            assert made_of(one) == made_of(other)


def made_of(drawing):
    return {(element.tag, *sorted(element.attrib)) for element in drawing.iter()}


@pytest.fixture(scope="module")
def scorecard(browser, reports):
    """What the page with most pictures says: its text, what stands in for the pictures, and the words in these."""
    with opened(browser, reports["attack"] / "01_scorecard.html") as watched:
        drawn = [element for drawing in pictures(watched.page) for element in drawing.iter()]
        labels = {element.text for element in drawn if element.tag.endswith("}text")}
        return words(watched.page), " ".join(alts(watched.page)), labels


@pytest.mark.parametrize("kind", CLASSES)
def test_each_is_read_as_text(scorecard, kind):
    said, described, labels = scorecard
    for payload in CLASSES[kind]:
        text = shown(payload)
        assert text in said
        assert text in described
        assert (text if len(text) <= 26 else f"{text[:25]}…") in labels


@pytest.mark.parametrize("name", PAGES)
def test_headlines_are_text(browser, reports, name):
    with opened(browser, reports["attack"] / name) as watched:
        said = words(watched.page)
    if name in ("index.html", "01_scorecard.html"):
        assert [one for one in company.FIRST_WORDS.values() if f"{shown(one)} (9" not in said] == []
    assert shown(company_name()) in said


def test_what_is_wrong_with_the_data_is_shown_as_text(browser, reports):
    with opened(browser, reports["attack"] / "09_data_health.html") as watched:
        values = watched.page.locator("td.snb-break").all_inner_texts()
        said = words(watched.page)
    found = {one for one in PAYLOADS if shown(one)[:47] in {shown(value.removesuffix("…"))[:47] for value in values}}
    assert len(found) >= 35
    files = [file.name for file in (reports["attack"].parent / "source" / "files").iterdir()]
    assert len([file for file in files if shown(file) in said]) >= 15


def test_the_data_of_the_report_is_json_with_their_very_text(reports):
    recorded = set(strings(reports["attack"] / "results.json"))
    assert {payload.strip() for payload in PAYLOADS} - recorded == set()
    for name in ("run.json", "01_scorecard.ipynb", "09_data_health.ipynb"):
        assert strings(reports["attack"] / name)


def test_a_folder_may_have_any_name(browser, reports):
    for file in pages(reports["folder"]):
        with opened(browser, file) as watched:
            assert FOLDER in words(watched.page)
            assert watched.page.locator("img").count() == 0
            assert watched.page.evaluate("window.__pwned") is None
        assert watched.requests == [file.as_uri()]
        assert watched.said == []


@pytest.mark.parametrize("kind", CLASSES)
def test_a_period_is_none_of_them(tmp_path, kind):
    for payload in CLASSES[kind]:
        with pytest.raises(ParameterError):
            run(payload, source="sample", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def company_name() -> str:
    return f"Name {company.payload(11)} {company.payload(60)}"


def test_the_pages_are_these(reports):
    assert [file.name for file in pages(Path(reports["attack"]))] == list(PAGES)
