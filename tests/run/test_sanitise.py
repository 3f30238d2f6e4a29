"""Whatever markup comes in, nothing that acts or reaches out comes out."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesnb.run.outline import Heading, Outline
from salesnb.run.sanitise import clean, is_empty, plain, visible


def cleaned(markup: str) -> str:
    return clean(markup, Outline())


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>a &lt;b&gt; &amp; c</p>", "<p>a &lt;b&gt; &amp; c</p>"),
        ('<p class="snb-note" id="x">n</p>', '<p class="snb-note" id="part-1-1">n</p>'),
        ("<p title='\x00b\ud800'>a\udfff</p>", '<p title="\ufffdb\ufffd">a\ufffd</p>'),
        ("<ul><li>one</li><li>two</li></ul>", "<ul><li>one</li><li>two</li></ul>"),
        ("a<br>b", "a<br>b"),
        ('<details open=""><summary>s</summary>d</details>', '<details open=""><summary>s</summary>d</details>'),
        (
            '<svg viewBox="0 0 9 9" role="img" aria-label="up"><path d="M0 9L9 0" stroke="#0072b2"></path></svg>',
            '<svg viewbox="0 0 9 9" role="img" aria-label="up"><path d="M0 9L9 0" stroke="#0072b2"></path></svg>',
        ),
        ('<div style="color:red" onclick="x()" data-x="1">t</div>', "<div>t</div>"),
        ("<p>unclosed <b>bold", "<p>unclosed <b>bold</b></p>"),
        (
            '<a href="https://example.org/x">method</a>',
            '<a>method</a> <span class="address">(https://example.org/x)</span>',
        ),
        ('<a href="09_data_health.html#rows">rows</a>', '<a href="09_data_health.html#rows">rows</a>'),
        ('<a href="/etc/passwd">x</a>', "<a>x</a>"),
        ('<a href="//evil.example">x</a>', "<a>x</a>"),
        ('<p role="alertdialog" tabindex="5">x</p>', "<p>x</p>"),
        ('<p class="a;b">x</p>', "<p>x</p>"),
    ],
)
def test_what_is_kept_and_what_goes(markup: str, expected: str) -> None:
    assert cleaned(markup) == expected


PAYLOADS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<img src='https://evil.example/pixel.png'>",
    "<img src='data:image/svg+xml;base64,PHN2Zz4='>",
    "<svg onload=alert(1)></svg>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><use href='https://evil.example/x.svg#a'/></svg>",
    "<svg><image href='https://evil.example/x.png'/></svg>",
    "<svg><foreignObject><iframe src=x></iframe></foreignObject></svg>",
    "<svg><style>@import url(https://evil.example/x.css)</style></svg>",
    "<svg><path fill='url(https://evil.example/x.svg#a)' d='M0 0'></path></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><set attributeName=href to=javascript:alert(1)></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='https://evil.example'></object>",
    "<embed src='https://evil.example'>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href='https://evil.example/'>",
    "<form action='https://evil.example'><input name=a><button>go</button></form>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='jAvAsCrIpT&colon;alert(1)'>x</a>",
    "<a href=' java\tscript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='vbscript:x'>x</a>",
    "<style>body{background:url(https://evil.example)}</style>",
    "<p style='background:url(https://evil.example)'>x</p>",
    "<div style='position:fixed;inset:0'>x</div>",
    "<table background='https://evil.example/x.png'><tr><td>x</td></tr></table>",
    "<video src='https://evil.example/x.mp4' autoplay></video>",
    "<audio src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><img src=x onerror=alert(1)></template>",
    "<textarea></textarea><script>alert(1)</script>",
    "<title><img src=x onerror=alert(1)></title>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<p title='\"><script>alert(1)</script>'>x</p>",
    "<details ontoggle=alert(1) open>x</details>",
    "<b onmouseover=alert(1)>x</b>",
    "<xss style=animation-name:x onanimationend=alert(1)>x</xss>",
    "<img srcset='https://evil.example/x.png 1x' src=''>",
    "<isindex action=javascript:alert(1)>",
    '"><script>alert(1)</script>',
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
]


ACTS = (
    "script iframe object embed link meta base form input button style video audio template noscript textarea title"
    " math foreignobject use image animate set"
)


class Reader(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


def dangers(html: str) -> list[str]:
    reader = Reader()
    reader.feed(html)
    acts = set(ACTS.split())
    found = [tag for tag, _ in reader.found if tag in acts]
    for tag, attributes in reader.found:
        for name, value in attributes.items():
            goes = re.sub(r"[\s\x00-\x1f]", "", value).lower()
            if name.startswith("on") or name in ("style", "srcset", "srcdoc", "action", "background", "xlink:href"):
                found.append(f"{tag} {name}")
            if name in ("href", "src") and not re.match(
                r"#|data:image/(png|jpeg|gif|webp);base64,|[\w.-]+\.html", goes
            ):
                found.append(f"{tag} {name}={value}")
            if "url(" in goes:
                found.append(f"{tag} {name}={value}")
    return found


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_comes_through(payload: str) -> None:
    assert dangers(cleaned(f"<p>before</p>{payload}<p>after</p>")) == []


@pytest.mark.parametrize("payload", ["<script>x</script>", "<p onclick=x>", "<img src=http://a>", "<p style=a>"])
def test_the_judge_of_payloads_finds_them(payload: str) -> None:
    assert dangers(payload) != []


@given(
    st.lists(
        st.sampled_from([*PAYLOADS, "<table>", "</table>", "<svg>", "</svg>", "<p>", "<caption>", "</p>", "<h2>", "x"]),
        max_size=6,
    )
)
def test_no_mixture_comes_through(parts: list[str]) -> None:
    once = cleaned("".join(parts))
    assert dangers(once) == []
    assert dangers(cleaned(once)) == []


def test_a_picture_from_elsewhere_is_named_and_not_shown() -> None:
    outline = Outline()
    assert clean('<img src="https://evil.example/x.png" alt="a chart">', outline) == (
        '<span class="refused">A picture is not shown: a chart</span>'
    )
    assert outline.notes == ["a picture from elsewhere is not shown, in ''"]


def test_a_picture_without_words_is_noted() -> None:
    outline = Outline(headings=[Heading(2, "Trend", "trend")])
    assert "alt=\"Picture in the section 'Trend', without a description\"" in clean(
        '<img src="data:image/png;base64,iVBO">', outline
    ).replace("&#x27;", "'")
    assert outline.notes == ["a picture in 'Trend' has no description"]


def test_headings_go_below_the_one_of_the_page_and_get_anchors() -> None:
    outline = Outline()
    html = clean("<h1>Win rate!</h1><h3>By <b>rep</b></h3>", outline) + clean("<h2>Win rate</h2>", outline)
    assert html == '<h2 id="win-rate">Win rate!</h2><h3 id="by-rep">By <b>rep</b></h3><h2 id="win-rate-2">Win rate</h2>'
    assert outline.headings == [
        Heading(2, "Win rate!", "win-rate"), Heading(3, "By rep", "by-rep"), Heading(2, "Win rate", "win-rate-2"),
    ]  # fmt: skip


def test_ids_are_made_anew_so_that_random_ones_do_no_harm() -> None:
    random = ['<table id="qcdf"><tr><td headers="qcdf-a" id="qcdf-a">x</td></tr></table>', None]
    random[1] = str(random[0]).replace("qcdf", "zzzz")
    first, second = (cleaned(str(one)) for one in random)
    assert first == second
    assert 'id="part-1-1"' in first
    assert 'id="part-1-2" ' in first or 'headers="part-1-2"' in first


def test_a_table_scrolls_in_a_named_region_of_its_own() -> None:
    outline = Outline()
    table = "<table><caption>Won deals</caption><tr><td>1</td></tr></table>"
    html = clean(table, outline) + clean(table, outline) + clean("<table><tr><td>1</td></tr></table>", outline)
    assert re.findall(r'<div class="snb-scroll" role="region" tabindex="0" aria-label="([^"]*)"><table>', html) == [
        "Won deals", "Won deals (2)", "Table 3",
    ]  # fmt: skip
    assert html.count("</table></div>") == 3


def test_a_table_in_a_region_already_is_left_as_it_is() -> None:
    own = '<div class="snb-scroll" role="region" aria-label="Won" tabindex="0"><table><tr><td>1</td></tr></table></div>'
    outline = Outline()
    assert clean(own, outline).count('role="region"') == 1
    assert clean(own + "<table><tr><td>1</td></tr></table>", outline).count('role="region"') == 2


def test_links_inside_a_page_find_their_place() -> None:
    outline = Outline()
    html = clean('<a href="#note">1</a><p id="note">n</p><a href="#Win-Rate">w</a>', outline)
    assert html == '<a href="#part-1-1">1</a><p id="part-1-1">n</p><a href="#win-rate">w</a>'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\u202egpj.exe", "a\ufffdgpj.exe"),
        ("half \ud800 a pair", "half \ufffd a pair"),
        ("no\uffff\ufffe character", "no\ufffd\ufffd character"),
        ("a\x00b\x08c\x9bd", "a\ufffdb\ufffdc\ufffdd"),
        ("\u2066x\u2069\ufeff", "\ufffdx\ufffd\ufffd"),
        ("tab\tline\r\nend", "tab\tline\nend"),
        ("Zoë 会社 🙂", "Zoë 会社 🙂"),
    ],
)
def test_nothing_acts_unseen(text: str, expected: str) -> None:
    assert visible(text) == expected


def test_a_terminals_colours_go() -> None:
    assert plain("\x1b[31mred\x1b[0m \x1b]x") == "red \ufffd]x"


@pytest.mark.parametrize(
    ("markup", "expected"),
    [("<div> <p></p></div>", True), ("<p>x</p>", False), ('<img alt="">', False), ("<svg></svg>", False)],
)
def test_what_shows_nothing_is_told(markup: str, expected: bool) -> None:
    assert is_empty(markup) is expected
