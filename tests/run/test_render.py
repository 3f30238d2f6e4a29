"""A page needs nothing but itself, says what it must, and is the same each time."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from salesnb.errors import RenderError
from salesnb.report.css import CSS
from salesnb.report.style import contrast
from salesnb.run import render as module
from salesnb.run.outline import Heading
from salesnb.run.render import Facts, policy, render, render_contents, templates

PNG = base64.b64encode(
    bytes.fromhex("89504e470d0a1a0a0000000d49484452000000030000000208060000009d74661a")
).decode()  # 3 x 2 pixels, as far as the head says
FACTS = Facts("2026Q3", "Acme & Sons", (("Period", "2026Q3"), ("Rows", "9 read")), "Made on 2026-10-01 by salesnb 1")


def shown(data: dict[str, Any], **metadata: Any) -> Any:
    return new_output("display_data", data=data, metadata=metadata)


def page(*cells: Any, facts: Facts = FACTS) -> module.Page:
    made = new_notebook()
    made.cells = [new_markdown_cell("# Are we on *plan*?\n\nWho decides."), *cells]
    return render("01_scorecard", made, facts)


def body(*cells: Any) -> str:
    html = page(*cells).html
    return re.search(r'<main id="report" tabindex="-1">\n(.*)</main>', html, re.DOTALL)[1]  # type: ignore[index]


def code(*outputs: Any, tags: tuple[str, ...] = ()) -> Any:
    return new_code_cell("secret_source = 1", outputs=list(outputs), metadata={"tags": list(tags)})


class Reader(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def of(self, *names: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def full() -> module.Page:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 36"><path d="M0 0"/></svg>'
    return page(
        new_markdown_cell(
            "## Win rate\n\n[there](#deeper) ![x](http://evil.example/x.png)\n\n### Deeper\n\n## Win rate"
        ),
        code(
            shown({"image/png": PNG}, alt="a chart of <win> rates"),
            shown({"image/svg+xml": svg}, **{"image/svg+xml": {"alt": "a drawing"}}),
            shown({"text/html": "<table><caption>Deals</caption><tr><td>1</td></tr></table>", "text/plain": "no"}),
            new_output("stream", name="stdout", text="a < b"),
            new_output("stream", name="stderr", text="a warning"),
        ),
    )


def test_a_page_has_one_heading_and_the_landmarks() -> None:
    html = full().html
    reader = Reader(html)
    assert html.startswith('<!doctype html>\n<html lang="en">')
    assert re.findall(r"<h1>(.*?)</h1>", html) == ["Are we on plan?"]
    assert "<title>Are we on plan? · 2026Q3 · Acme &amp; Sons</title>" in html
    assert [len(reader.of(name)) for name in ("header", "nav", "main", "footer")] == [1, 1, 1, 1]
    assert reader.of("a")[0] == {"class": "skip", "href": "#report"}
    assert "<p>Who decides.</p>" in html
    assert re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", html) == [("Period", "2026Q3"), ("Rows", "9 read")]


def test_the_contents_lead_to_the_sections() -> None:
    made = full()
    assert made.contents == (Heading(2, "Win rate", "win-rate"), Heading(2, "Win rate", "win-rate-2"))
    ids = [attributes["id"] for _, attributes in Reader(made.html).tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [a["href"][1:] for a in Reader(made.html).of("a") if a.get("href", "").startswith("#")]
    assert links == ["report", "win-rate", "win-rate-2", "deeper"]
    assert set(links) <= set(ids)


def test_nothing_is_remote() -> None:
    html = full().html
    for tag, attributes in Reader(html).tags:
        for name, value in attributes.items():
            if name in ("href", "src", "srcset", "action", "poster", "data"):
                assert re.match(r"#|data:image/|index\.html$", value), (tag, name, value)
    assert "url(" not in html
    assert "@import" not in html
    assert not Reader(html).of("link", "iframe", "object", "embed", "base")


def test_the_policy_allows_this_style_and_this_script_alone() -> None:
    html = full().html
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]  # type: ignore[index]
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)[1]  # type: ignore[index]
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    meta = next(m["content"] for m in Reader(html).of("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert meta == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digests[0]}'; script-src 'sha256-{digests[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert not [attributes for _, attributes in Reader(html).tags if "style" in attributes]
    assert policy("a", None).count("sha256") == 1


def test_no_code_and_no_warning_is_shown() -> None:
    html = full().html
    assert "secret_source" not in html
    assert "a warning" not in html
    assert "<pre>a &lt; b</pre>" in html


def test_the_same_notebook_gives_the_same_page_but_for_one_line() -> None:
    later = Facts(FACTS.period, FACTS.source, FACTS.pairs, "Made on 2027-01-01 by salesnb 2")
    one, other = page(), page(facts=later)
    different = [
        pair for pair in zip(one.html.splitlines(), other.html.splitlines(), strict=True) if pair[0] != pair[1]
    ]
    assert different == [
        ('<p class="stamp">Made on 2026-10-01 by salesnb 1</p>', '<p class="stamp">Made on 2027-01-01 by salesnb 2</p>')
    ]
    assert full().html == full().html


def test_pictures_have_words_and_a_size() -> None:
    images = Reader(full().html).of("img")
    assert [(i["alt"], i["width"], i["height"]) for i in images] == [
        ("a chart of <win> rates", "3", "2"),
        ("a drawing", "96", "48"),
    ]
    assert images[0]["src"] == f"data:image/png;base64,{PNG}"
    assert [f["class"] for f in Reader(full().html).of("figure")] == ["picture paper", "picture"]


def test_a_picture_without_words_says_so_and_is_noted() -> None:
    made = page(new_markdown_cell("## Trend"), code(shown({"image/png": PNG})))
    assert Reader(made.html).of("img")[0]["alt"] == "Picture in the section 'Trend', without a description"
    assert made.notes == ("a picture in 'Trend' has no description",)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"text/html": "<b>x</b>", "text/plain": "p"}, '<div class="output"><b>x</b></div>'),
        ({"text/markdown": "*x* <b>y</b>"}, '<div class="output"><p><em>x</em> &lt;b&gt;y&lt;/b&gt;</p>\n</div>'),
        ({"text/plain": "<x>"}, "<pre>&lt;x&gt;</pre>"),
        ({"text/html": "<script>x</script>", "text/plain": "p"}, "<pre>p</pre>"),
        ({"text/latex": "$x$", "text/plain": "x"}, "<pre>x</pre>"),
        ({"application/json": {"a": 1}, "text/plain": "<IPython.JSON>"}, "<pre>&lt;IPython.JSON&gt;</pre>"),
        ({"image/png": "not base64!", "text/plain": "p"}, "<pre>p</pre>"),
        ({"image/png": base64.b64encode(b"GIF89a").decode(), "text/plain": "p"}, "<pre>p</pre>"),
        ({"image/svg+xml": "<svg", "text/plain": "p"}, "<pre>p</pre>"),
        ({"text/plain": "  \n"}, ""),
    ],
)
def test_the_richest_form_that_may_be_shown_is_shown(data: dict[str, Any], expected: str) -> None:
    html = body(code(shown(data)))
    assert expected in html
    assert "refused" not in html


@pytest.mark.parametrize(
    "data",
    [
        {"application/javascript": "alert(1)", "text/plain": "<IPython.Javascript>"},
        {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/plain": "IntSlider(value=3)"},
        {"application/pdf": "JVBERi0="},
        {"video/mp4": "AAAA"},
        {"text/latex": "$x$"},
    ],
)
def test_what_may_not_be_shown_is_refused_with_a_note(data: dict[str, Any]) -> None:
    made = page(code(shown(data)))
    kind = next(iter(data))
    assert f'<p class="refused" role="note">An output of the type {kind} is not shown in a report.</p>' in made.html
    assert "IntSlider" not in made.html
    assert made.notes == (f"an output of the type {kind} is not shown in a report, in ''",)


def test_an_error_is_told_without_its_words() -> None:
    html = body(code(new_output("error", ename="E", evalue="secret words", traceback=["secret words"])))
    assert "A cell ended in an error here." in html
    assert "secret words" not in html


def test_cells_may_keep_off_the_page() -> None:
    output = new_output("stream", name="stdout", text="hidden words")
    html = body(code(output, tags=("remove-cell",)), code(output, tags=("remove-output",)))
    assert "hidden words" not in html


def test_markup_in_a_heading_is_text() -> None:
    made = new_notebook(cells=[new_markdown_cell("# <script>alert(1)</script> \u202eQ3")])
    made_page = render("01_a", made, Facts("<i>2026Q3</i>", "<b>", (("<u>", "<s>\u202e"),), "<p>"))
    assert "<h1>&lt;script&gt;alert(1)&lt;/script&gt; \ufffdQ3</h1>" in made_page.html
    assert "<dt>&lt;u&gt;</dt><dd>&lt;s&gt;\ufffd</dd>" in made_page.html
    assert len(Reader(made_page.html).of("script")) == 1
    assert not Reader(made_page.html).of("i", "b", "u", "s")


@pytest.mark.parametrize(("name", "title"), [("09_data_health", "Data health"), ("x", "X"), ("01_", "01_")])
def test_a_notebook_without_a_heading_is_called_by_its_name(name: str, title: str) -> None:
    assert render(name, new_notebook(cells=[new_markdown_cell("text\n# late")]), FACTS).title == title


def test_what_the_open_sheet_says_becomes_the_head() -> None:
    line = '<style>x</style><p class="snb-facts">Period: <b>2026Q3</b> · Source: <b>A &amp; B, in EUR</b></p>'
    made = page(code(shown({"text/html": line, "text/plain": "Period"})))
    assert made.facts == (("Period", "2026Q3"), ("Source", "A & B, in EUR"))
    assert re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", made.html) == [
        ("Period", "2026Q3"),
        ("Source", "A &amp; B, in EUR"),
    ]
    assert "snb-facts" not in made.html.split("</style>")[1]


def test_a_notebook_that_cannot_be_rendered_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise RecursionError("too deep")

    monkeypatch.setattr(module, "blocks", fail)
    with pytest.raises(RenderError) as told:
        page()
    assert told.value.what == "the notebook could not be made into a page: RecursionError: too deep"
    assert told.value.where == "01_scorecard.ipynb"


def test_the_first_page_escapes_what_it_lists() -> None:
    evil = "<img src=x onerror=alert(1)>\u202e"
    figure = dict.fromkeys(
        ("title", "name", "value", "remark", "interval", "n", "target", "previous", "year_ago"), evil
    )
    html = render_contents(
        {
            "title": evil,
            "sheets": [{"name": "01_a", "file": "01_a.html", "title": evil, "headlines": [evil]},
                       {"name": "02_b", "file": "02_b.html", "title": "B", "headlines": []}],
            "kpis": [figure], "more": 3, "missing": [(evil, evil)], "failed": [evil], "files": [("run.json", evil)],
        },
        FACTS,
    )  # fmt: skip
    assert "<img" not in html
    assert "\u202e" not in html
    assert html.count("&lt;img src=x onerror=alert(1)&gt;\ufffd") == 17
    assert "No headlines were recorded." in html
    assert "This report is not complete" in html
    assert "<script>" not in html
    assert "script-src" not in html


def scheme(name: str) -> dict[str, str]:
    """The colours of one scheme, by name."""
    css = CSS + (templates() / "report" / "page.css").read_text(encoding="utf-8")
    light, dark = re.split(r"@media screen and \(prefers-color-scheme: ?dark\)", css, maxsplit=1)
    sheets = {
        "light": re.sub(
            r"@media screen and \(prefers-color-scheme: ?dark\)\s*\{\s*:root\s*\{.*?\}\s*\}", "", css, flags=re.DOTALL
        )
    }
    sheets["dark"] = "".join(
        re.findall(r"prefers-color-scheme: ?dark\)\s*\{\s*:root\s*\{(.*?)\}", css, flags=re.DOTALL)
    )
    assert light
    assert dark
    return dict(re.findall(r"--snb-(\w+):\s*(#[0-9a-f]{6})", sheets[name]))


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("ground", ["surface", "card"])
def test_colours_can_be_read_in_both_schemes(name: str, ground: str) -> None:
    colours = scheme(name)
    low = {ink: contrast(colours[ink], colours[ground]) for ink in ("ink", "muted", "link", "good", "bad")}
    assert {ink: value for ink, value in low.items() if value < 4.5} == {}
    assert {line: value for line in ("edge", "focus") if (value := contrast(colours[line], colours[ground])) < 3} == {}
