"""Numbers of a published page open their rows: in a real browser, from a file, without a network or a kernel."""

from __future__ import annotations

import datetime as dtm
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Browser

from salesnb import formats
from salesnb.analysis.behind import Behind, Told
from salesnb.analysis.details import DETAILS
from salesnb.data.book import Book
from salesnb.report import tables, tiles
from salesnb.report.headlines import headlines
from salesnb.report.rows import rows
from salesnb.report.tables import Cell
from salesnb.run.pages import Facts
from salesnb.run.render import render
from salesnb.run.rowsets import faults
from tests.browser.chromium import MODES, launched, opened
from tests.browser.opening import Set, closed, open_all, says, sets, unsaid, unused, wrong
from tests.browser.payloads import PAYLOADS
from tests.browser.reading import flat, inventory, shown, words
from tests.browser.test_pages import RULES

DAY = dtm.date(2026, 9, 30)
WORDS = [f"Word {i}" for i in range(len(PAYLOADS))]
MANY = 6100
MINUS = formats.MINUS


@dataclass(frozen=True)
class Result:
    """Numbers that were made by hand: sentences, and what is behind each number."""

    told: Sequence[str]
    behind: tuple[Behind, ...]

    def headlines(self) -> list[str]:
        return list(self.told)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; these tests need no report that was published."""
    with launched() as started:
        yield started


def deals(*amounts: float | None) -> list[dict[str, Any]]:
    """Deals d1, d2, ...: every other one is of account 2, the first expects to close in January 2027."""
    return [
        {"opportunity_id": f"d{i}", "account_id": f"a{1 + i % 2}", "owner_id": "r1", "stage": "Talk", "amount": amount,
         "outcome": "open", "created_at": f"2026-0{1 + i % 9}-01",
         "expected_close_on": "2027-01-15" if i == 1 else None}
        for i, amount in enumerate(amounts, 1)
    ]  # fmt: skip


def behind(key: str, ids: Sequence[str], adds: Sequence[float], **more: Any) -> Behind:
    thing = more.get("thing", "deal")
    name = {"deal": "opportunity_id", "lead": "lead_id", "account": "account_id", "visitor": "visitor_id"}[thing]
    frame = pd.DataFrame({name: list(ids), "adds": list(adds), **more.pop("columns", {})})
    known = {"key": key, "title": key.capitalize(), "rows": frame, "n": len(ids), "total": float(sum(adds))}
    return Behind(**{**known, **more})  # type: ignore[arg-type]


def bundled(thing: Any) -> Any:
    return new_output("display_data", data=thing._repr_mimebundle_())


def written(file: Path, *things: Any) -> Path:
    """Publish a page that shows these things."""
    cells = [new_markdown_cell("# What moved?\n\nWho decides."), new_markdown_cell("## In short")]
    made = new_notebook(cells=[*cells, new_code_cell("x", outputs=[bundled(thing) for thing in things])])
    text = nbformat.writes(made)
    page = render(file.stem, nbformat.reads(text, 4), Facts("2026Q3", "Acme", (("Period", "2026Q3"),), "Made today"))
    assert page.notes == ()
    assert faults(page.html) == []
    file.write_text(page.html, encoding="utf-8")
    return file


def table(numbers: Sequence[tuple[str, Cell, Cell]]) -> tables.Table:
    frame = pd.DataFrame(
        {"name": [n[0] for n in numbers], "deals": [n[1] for n in numbers], "worth": [n[2] for n in numbers]}
    )
    same = dict.fromkeys(("deals", "worth"), lambda cell: cell)
    columns = {"name": tables.text("Move"), **{k: tables.number(k.capitalize(), show) for k, show in same.items()}}
    return tables.table(frame, columns, caption="What moved")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with 4 sets: 5 open deals and their money, the 3 pushed out, and more than a page may hold."""
    amounts = [1000, 250.5, None, 40000, 7]
    accounts = [{"account_id": "a1", "name": "Äcme"}, {"account_id": "a2", "name": "Zeta <Co>"}]
    book = Book.of(
        {"opportunities": deals(*amounts), "accounts": accounts, "reps": [{"rep_id": "r1", "name": "Ann"}],
         "leads": [{"lead_id": f"l{i}", "created_at": "2026-07-01", "source": "web"} for i in range(MANY)]},
        as_of=DAY,
    )  # fmt: skip
    ids = ["d4", "d1", "d2", "d5", "d3"]
    moved = {
        "columns": {"before": [50.0, 9.0, 8.0], "days": [3, 20, 100]},
        "extras": {"before": "Before", "days": "Days stuck"},
    }
    many = behind("many-leads", [f"l{i}" for i in range(5000)], [1] * 5000, n=MANY, total=float(MANY), thing="lead")
    result = Result(
        [Told("5 deals are open.", "open-count"), "Nothing opens here."],
        (behind("open-count", ids, [1] * 5), behind("open-worth", ids, [40000, 1000, 250.5, 7, 0], unit="money"),
         behind("pushed-out", ["d1", "d2", "d5"], [-41000, -1.25, 2.25], unit="money", **moved), many,
         behind("none", [], [])),
    )  # fmt: skip
    cells = [
        ("Open", Cell("5", opens="open-count"), Cell("41.3 k", opens="open-worth", detail="USD")),
        ("Pushed", Cell("3", opens="pushed-out"), Cell(formats.cents(-40999), opens="pushed-out")),
        ("None", Cell("0", opens="none"), Cell("n/a")),
        ("Leads", Cell("6,100", opens="many-leads"), Cell("7 days")),
    ]
    face = tiles.row_of([tiles.Face("Open", "41.3 k USD", "", [], "open-worth")], "Tiles", nothing="none")
    folder = tmp_path_factory.mktemp("pages")
    return written(folder / "02_moved.html", headlines(result), face, table(cells), rows(book, DAY, result))


def number(page: Any, key: str) -> Any:
    return page.locator(f"td a[data-rows='{key}']").first


def column(page: Any, title: str) -> list[str]:
    """What stands in a column of the dialog."""
    heads = [head.strip() for head in page.locator("dialog thead th").all_text_contents()]
    place = heads.index(title)
    return [
        line[place]
        for line in page.evaluate(
            "[...document.querySelectorAll('dialog tbody tr')].map((r) => [...r.cells].map((c) => c.textContent))"
        )
    ]


def status(page: Any) -> str:
    return str(page.locator("dialog [role=status]").text_content())


def test_every_number_opens_what_it_says(browser, made):
    with opened(browser, made) as watched:
        found = open_all(watched.page)
        assert wrong(found) == unsaid(found) == []
        assert [(one.key, one.text) for one in found] == [
            ("open-count", "5 deals are open."), ("open-worth", "41.3 k USD"), ("open-count", "5"),
            ("open-worth", "41.3 k"), ("pushed-out", "3"), ("pushed-out", f"{MINUS}40,999.00"),
            ("none", "0"), ("many-leads", "6,100"),
        ]  # fmt: skip
        assert closed(watched.page) == ["7 days"]
        assert unused(watched.page, found) == []
        assert unused(watched.page, found[1:2]) == ["many-leads", "none", "open-count", "pushed-out"]
        assert watched.violations() == []
    assert watched.requests == [made.as_uri()]
    assert watched.said == watched.dialogs == []


def test_a_number_shows_its_rows(browser, made):
    with opened(browser, made) as watched:
        page = watched.page
        number(page, "open-worth").click()
        dialog = page.get_by_role("dialog", name="Open-worth")
        assert dialog.is_visible()
        assert page.evaluate("document.activeElement.id") == "snb-rows-title"
        assert status(page) == "5 deals, together 41,257.50 USD"
        assert page.locator("dialog .snb-rows-said").text_content() == "The details are as they stood on 2026-09-30."
        assert page.locator("dialog th[scope=row]").all_text_contents() == ["d4", "d1", "d2", "d5", "d3"]
        assert column(page, "Amount (USD)") == ["40,000.00", "1,000.00", "250.50", "7.00", ""]
        assert column(page, "Account") == ["Äcme", "Zeta <Co>", "Äcme", "Zeta <Co>", "Zeta <Co>"]
        assert column(page, "Expected close") == ["", "2027-01-15", "", "", ""]
        heads = page.locator("dialog thead th").all_text_contents()
        assert heads == ["Deal", "Account", "Owner", "Stage", "Amount (USD)", "Created", "Expected close", "Outcome"]
        page.locator("dialog").get_by_role("button", name="Close", exact=True).click()
        assert not dialog.is_visible()
        assert number(page, "open-worth").evaluate("(one) => one === document.activeElement")


def test_what_the_number_alone_knows_stands_beside_the_name(browser, made):
    with opened(browser, made) as watched:
        page = watched.page
        number(page, "pushed-out").click()
        assert status(page) == f"3 deals, together {MINUS}40,999 USD"
        heads = page.locator("dialog thead th").all_text_contents()
        assert heads[:6] == ["Deal", "Account", "Adds (USD)", "Before", "Days stuck", "Owner"]
        assert column(page, "Adds (USD)") == [f"{MINUS}41,000.00", f"{MINUS}1.25", "2.25"]
        assert column(page, "Days stuck") == ["3", "20", "100"]


def test_columns_sort_as_what_they_are(browser, made):
    with opened(browser, made) as watched:
        page = watched.page

        def sorted_by(title: str) -> tuple[str | None, list[str]]:
            head = page.locator("dialog thead th", has_text=title)
            head.get_by_role("button").click()
            assert page.locator("dialog th[aria-sort]").count() == 1
            return head.get_attribute("aria-sort"), page.locator("dialog th[scope=row]").all_text_contents()

        number(page, "open-worth").click()
        # What is not known stands last both ways.
        assert sorted_by("Amount") == ("descending", ["d4", "d1", "d2", "d5", "d3"])
        assert sorted_by("Amount") == ("ascending", ["d5", "d2", "d1", "d4", "d3"])
        assert sorted_by("Created") == ("descending", ["d5", "d4", "d3", "d2", "d1"])
        assert sorted_by("Expected") == ("descending", ["d1", "d4", "d2", "d5", "d3"])
        assert sorted_by("Account") == ("ascending", ["d4", "d2", "d1", "d5", "d3"])
        assert sorted_by("Account") == ("descending", ["d1", "d5", "d3", "d4", "d2"])
        page.keyboard.press("Escape")
        number(page, "pushed-out").click()
        assert page.locator("dialog th[aria-sort]").count() == 0
        assert sorted_by("Days stuck") == ("descending", ["d5", "d2", "d1"])


def test_words_filter_over_all_columns_and_are_summed(browser, made):
    with opened(browser, made) as watched:
        page = watched.page
        number(page, "open-worth").click()
        box = page.get_by_label("Show rows with all of these words")
        told = {}
        for typed in ("zeta", "ZETA 1000", "zeta 1,000.00", "äcme zeta", "2027-01 ann", "  "):
            box.fill(typed)
            told[typed] = (page.locator("dialog tbody tr").count(), status(page))
        assert told == {
            "zeta": (3, "3 of 5 deals, together 1,007 USD"),
            "ZETA 1000": (1, "1 of 5 deals, together 1,000 USD"),
            "zeta 1,000.00": (1, "1 of 5 deals, together 1,000 USD"),
            "äcme zeta": (0, "0 of 5 deals, together 0 USD"),
            "2027-01 ann": (1, "1 of 5 deals, together 1,000 USD"),
            "  ": (5, "5 deals, together 41,257.50 USD"),
        }
        box.fill("zeta")
        page.locator("dialog thead").get_by_role("button", name="Amount").click()
        assert page.locator("dialog th[scope=row]").all_text_contents() == ["d1", "d5", "d3"]
        page.keyboard.press("Escape")
        number(page, "open-count").click()
        assert box.input_value() == ""
        assert status(page) == "5 deals, worth 41,257.50 USD"


def test_more_than_a_page_may_hold_is_said(browser, made):
    with opened(browser, made) as watched:
        page = watched.page
        number(page, "many-leads").click()
        assert page.locator("dialog .snb-rows-said").text_content() == (
            "5,000 of 6,100 leads are shown: those that add most. All are 6,100. "
            "The details are as they stood on 2026-09-30."
        )
        assert status(page) == "5,000 leads"
        assert page.locator("dialog tbody tr").count() == 200
        more = page.get_by_role("button", name="Show all 5,000")
        more.click()
        assert page.locator("dialog tbody tr").count() == 5000
        assert not more.is_visible()
        page.get_by_label("Show rows with all").fill("l4999")
        assert page.locator("dialog th[scope=row]").all_text_contents() == ["l4999"]
        assert status(page) == "1 of 5,000 leads"


@pytest.mark.parametrize("key", ["Enter", " "])
def test_the_keyboard_alone_does_it_all(browser, made, key):
    with opened(browser, made) as watched:
        page = watched.page
        number(page, "open-worth").focus()
        page.keyboard.press(key)
        reached = []
        for _ in range(5):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.textContent || document.activeElement.localName"))
            assert page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth) >= 2")
        assert [one if len(one) < 20 else "the rows" for one in reached] == [
            "Close",
            "input",
            "the rows",
            "Deal",
            "Account",
        ]
        page.keyboard.press("Enter")
        assert page.locator("dialog th[aria-sort]").text_content() == "Account"
        page.keyboard.press("Escape")
        assert page.locator("dialog").is_hidden()
        assert number(page, "open-worth").evaluate("(one) => one === document.activeElement")


def test_the_next_number_may_be_opened_at_once(browser, made):
    """A dialog tells later that it was closed, when the next one is open already."""
    with opened(browser, made) as watched:
        page = watched.page
        page.evaluate("""() => {
            const [first, next] = ["open-worth", "pushed-out"]
                .map((key) => document.querySelector(`td a[data-rows=${key}]`));
            first.click();
            document.querySelector("dialog").close();
            next.click();
        }""")
        page.wait_for_timeout(100)
        assert page.locator("dialog th[scope=row]").all_text_contents() == ["d1", "d2", "d5"]
        page.get_by_label("Show rows with all").fill("äcme")
        assert status(page) == f"1 of 3 deals, together {MINUS}1.25 USD"
        page.keyboard.press("Escape")  # empties the box
        assert status(page).startswith("3 deals, ")
        page.keyboard.press("Escape")
        page.wait_for_function("() => document.activeElement.dataset.rows === 'pushed-out'", timeout=5000)


def test_a_click_beside_it_closes_it(browser, made):
    with opened(browser, made) as watched:
        page = watched.page
        number(page, "pushed-out").click()
        page.mouse.click(5, 5)
        assert page.locator("dialog").is_hidden()
        assert page.url == made.as_uri()


@pytest.mark.parametrize("mode", MODES)
def test_an_open_number_is_readable_by_everyone(browser, made, mode):
    with opened(browser, made, mode) as watched:
        page = watched.page
        before = page.locator("dialog").count()
        number(page, "many-leads").evaluate("(one) => one.click()")
        if mode == "print":
            assert page.locator("dialog").is_hidden()
            assert page.locator(".hint").is_hidden()
            assert page.locator("[role=button]").count() == 0
        else:
            assert page.locator("dialog").is_visible()
            box = page.locator("dialog").bounding_box()
            size = page.viewport_size
            assert box["x"] >= 0
            assert box["y"] >= 0
            assert box["x"] + box["width"] <= size["width"]
            assert box["y"] + box["height"] <= size["height"]
            for one in ("Close", "Show all 5,000"):
                page.get_by_role("button", name=one, exact=True).scroll_into_view_if_needed()
                assert page.get_by_role("button", name=one, exact=True).bounding_box()["height"] >= 24
                assert page.get_by_role("button", name=one, exact=True).bounding_box()["height"] <= 40
        assert before == 0
        wide, seen = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide <= seen
        found = Axe().run(page, options=RULES).response
        assert [(one["id"], one["nodes"][0]["html"][:120]) for one in found["violations"]] == []
        assert len(found["passes"]) > 15
        assert watched.violations() == []
    assert watched.requests == [made.as_uri()]
    assert watched.said == []


def test_a_screen_reader_hears_what_a_number_opens(browser, made):
    with opened(browser, made) as watched:
        tree = watched.page.locator("main").aria_snapshot()
        assert '- button "5"' in tree
        link = number(watched.page, "pushed-out")
        assert link.get_attribute("title") == "Pushed-out: 3 deals"
        assert link.get_attribute("aria-haspopup") == "dialog"
        link.click()
        tree = watched.page.locator("dialog").aria_snapshot()
        assert 'heading "Pushed-out" [level=2]' in tree
        assert 'columnheader "Deal"' in tree
        assert 'rowheader "d1"' in tree
        assert 'region "Pushed-out"' in tree


def test_without_scripts_numbers_are_plain_and_the_page_says_the_same(browser, made):
    with opened(browser, made) as watched:
        said = words(watched.page)
    with opened(browser, made, java_script_enabled=False) as watched:
        page = watched.page
        assert flat(page.locator("body").inner_text()) == said
        assert "8 numbers on this page open the rows behind them, in a browser that runs the page's script." in said
        link = page.locator("td a.snb-opens").first
        style = "(one) => [getComputedStyle(one).textDecorationLine, getComputedStyle(one).cursor]"
        assert link.evaluate(style) == ["none", "auto"]
        assert link.evaluate("(one) => getComputedStyle(one).color === getComputedStyle(one.parentElement).color")
        link.click()
        assert page.url == made.as_uri()


def test_a_page_without_rows_has_no_dialog(browser, tmp_path):
    file = written(tmp_path / "01_plain.html", headlines(Result(["5 deals are open."], ())))
    with opened(browser, file) as watched:
        assert watched.page.locator("dialog, .hint, [role=button], #snb-rows-data").count() == 0
        assert open_all(watched.page) == []
        assert sets(watched.page) == {}
        assert watched.violations() == []
    assert watched.said == []


def test_what_is_wrong_is_found(browser, tmp_path):
    """The examination itself can fail."""
    book = Book.of({"opportunities": deals(5, 6)}, as_of=DAY)
    result = Result([], (behind("a", ["d1", "d2"], [5, 6], unit="money", total=12.0), behind("b", ["d1"], [1], n=3)))
    cells = [
        ("One", Cell("12.0", opens="a"), Cell("4", opens="b")),
        ("Two", Cell("8"), Cell("11", opens="a")),
        ("Rate", Cell("50 %", opens="b"), Cell("3 days")),
    ]
    file = written(tmp_path / "03_wrong.html", table(cells), rows(book, DAY, result))
    with opened(browser, file) as watched:
        numbers = open_all(watched.page)
        found = wrong(numbers)
        assert unsaid(numbers) == ["b: 50 %"]
        assert closed(watched.page) == ["8", "3 days"]
    assert found == [
        "a: its rows add 11.00, and it is 12.00",
        "b: 1 of 3 rows are held",
        "b: '4' for 1.00 of 3 rows",
        "a: its rows add 11.00, and it is 12.00",
        "a: '11' for 12.00 of 2 rows",
        "b: 1 of 3 rows are held",
    ]


@pytest.mark.parametrize(
    ("text", "is_said"),
    [
        ("2,310", True), ("2,310 deals are worth it", True), ("1.2 M USD", True), (f"{MINUS}1,234,567.50", True),
        ("12,310", False),
        ("1.3 M", False), ("2,310.5", False), ("none", False),
    ],
)  # fmt: skip
def test_a_number_says_its_count_or_its_sum(text, is_said):
    assert says(text, Set({"n": 2310, "total": "-1234567.5"}, "USD")) is is_said


def hostile(folder: Path, texts: Sequence[str]) -> Path:
    """A page whose data has a text in every column of every kind of thing, in titles and in extras."""
    turn = list(enumerate(texts))
    book = Book.of(
        {
            "accounts": [
                {"account_id": f"a{i}{t}", "name": t, "segment": t, "industry": t, "size_band": t, "region": t,
                 "country": t}
                for i, t in turn
            ],
            "reps": [{"rep_id": f"r{i}{t}", "name": t} for i, t in turn],
            "opportunities": [
                {"opportunity_id": f"d{i}{t}", "account_id": f"a{i}{t}", "owner_id": f"r{i}{t}", "kind": "new",
                 "product": t, "stage": t, "amount": i, "outcome": "open", "created_at": "2026-08-01",
                 "expected_close_on": "2026-08-01"}
                for i, t in turn
            ],
            "leads": [
                {"lead_id": f"l{i}{t}", "account_id": f"a{i}{t}", "owner_id": f"r{i}{t}", "source": t, "campaign": t,
                 "status": t, "created_at": "2026-08-01"}
                for i, t in turn
            ],
            "touches": [
                {"touch_id": f"t{i}", "visitor_id": f"v{i}{t}", "account_id": f"a{i}{t}", "happened_at": "2026-08-01"}
                for i, t in turn
            ],
        },
        as_of=DAY,
    )  # fmt: skip
    ids = {"deal": "d", "lead": "l", "account": "a", "visitor": "v"}
    numbers = [
        behind(f"every-{thing}", [f"{ids[thing]}{i}{t}" for i, t in turn], [1] * len(turn), thing=thing,
               title=f"All {texts[12]} {thing}", columns={"own": list(texts)}, extras={"own": texts[11]})
        for thing in DETAILS
    ] + [behind(f"title-{i}", ["d0" + texts[0]], [1], title=t) for i, t in turn[::6]]  # fmt: skip
    cells = [(one.key, Cell(formats.exact(one.n), opens=one.key), Cell("n/a")) for one in numbers]
    result = Result([Told(f"{texts[1]} has {len(turn)} deals.", "every-deal")], tuple(numbers))
    return written(folder / "02_hostile.html", headlines(result), table(cells), rows(book, DAY, result))


TEXTS = {
    "deal": ("Deal", "Account", "Owner", "Segment", "Product", "Stage"),
    "lead": ("Lead", "Account", "Owner", "Source", "Campaign", "Status"),
    "account": ("Account", "Name", "Segment", "Industry", "Size", "Region", "Country"),
    "visitor": ("Visitor", "Account"),
}
"""The columns of the dialog whose texts are the data's own."""


@pytest.fixture(scope="module")
def attack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile(tmp_path_factory.mktemp("attack"), PAYLOADS)


def test_the_texts_of_every_column_are_covered():
    own = {thing: {d.title for d in listed if d.kind == "text"} for thing, listed in DETAILS.items()}
    chosen = {"deal": {"Kind", "Outcome"}}  # words of ours: the contract takes no others
    assert {thing: set(titles) for thing, titles in TEXTS.items()} == {
        thing: titles - chosen.get(thing, set()) for thing, titles in own.items()
    }


def test_hostile_text_shows_as_text_in_every_column(browser, attack):
    seen = [shown(payload) for payload in PAYLOADS]
    with opened(browser, attack) as watched:
        page = watched.page
        for thing, titles in TEXTS.items():
            number(page, f"every-{thing}").click()
            assert page.locator("dialog tbody tr").count() == len(PAYLOADS)
            assert flat(page.locator("dialog h2").text_content()) == f"All {shown(PAYLOADS[12])} {thing}"
            for title in (*titles, PAYLOADS[11]):
                found = [flat(text) for text in column(page, title)]
                assert all(text.endswith(want) for text, want in zip(found, seen, strict=True)), (thing, title)
            assert page.locator("dialog thead th").all_text_contents().count(PAYLOADS[11]) == 1
            page.keyboard.press("Escape")
        number(page, "every-deal").click()
        for head in page.locator("dialog thead button").all():
            head.click()
        for payload in PAYLOADS[::5]:
            page.get_by_label("Show rows with all").fill(shown(payload).split()[0])
            assert page.locator("dialog tbody tr").count() >= 1
        quiet(watched, attack)


def quiet(watched: Any, file: Path) -> None:
    page = watched.page
    page.wait_for_timeout(100)
    assert page.evaluate("window.__pwned") is None
    assert page.url == file.as_uri()
    assert len(page.frames) == 1
    assert watched.violations() == []
    assert watched.dialogs == []
    assert watched.requests == [file.as_uri()]
    assert watched.said == []


def test_hostile_titles_are_text(browser, attack):
    with opened(browser, attack) as watched:
        found = {one.key: one.shown["title"] for one in open_all(watched.page)}
        assert {shown(found[f"title-{i}"]) for i in range(0, len(PAYLOADS), 6)} == {shown(one) for one in PAYLOADS[::6]}
        quiet(watched, attack)


def test_no_element_of_an_open_number_is_theirs(browser, attack, tmp_path):
    calm = hostile(tmp_path, WORDS)
    counts = []
    for file in (attack, calm):
        with opened(browser, file) as watched:
            number(watched.page, "every-deal").click()
            # Long words have a class, so that they are broken.
            watched.page.evaluate(
                "document.querySelectorAll('.snb-break').forEach((one) => one.removeAttribute('class'))"
            )
            counts.append(inventory(watched.page))
    assert counts[0] == counts[1]


def test_the_block_of_data_is_json_and_nothing_ends_it(attack):
    html = attack.read_text(encoding="utf-8")
    (block,) = re.findall(r'<script type="application/json" id="snb-rows-data">(.*?)</script>', html, re.DOTALL)
    assert not set(block) & set("<>&\u2028\u2029")
    texts = json.loads(block)["texts"]
    assert {formats.visible(payload) for payload in PAYLOADS} <= set(texts)
