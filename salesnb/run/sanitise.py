"""Sanitiser: markup from a notebook's output in, markup that can do no harm out.

Two gates, one after the other. nh3 drops what is not on the list of elements and attributes below. Then every tag is
written anew, from the same list, by :class:`_Rewriter`, which also gives a page what it needs: ids that are unique in
it and the same every time, tables that scroll in a labelled region of their own, headings below the page's one h1,
links and pictures that reach nothing outside the page.
"""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

import nh3

from salesnb.formats import visible
from salesnb.run.outline import Heading, Outline, slug
from salesnb.run.rowsets import KEY

__all__ = ["clean", "is_empty", "plain", "visible"]


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ELEMENTS = _names(
    "a abbr b blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption figure h1 h2 h3"
    " h4 h5 h6 hr i img ins kbd li mark meter ol p pre progress q s samp section small span strong sub summary sup"
    " table tbody td tfoot th thead time tr u ul var wbr svg g path line polyline polygon rect circle ellipse text"
    " tspan"
)
_DROPPED_WHOLE = _names(
    "script style template noscript iframe object embed applet math textarea select button form input title head xmp"
    " noembed noframes plaintext frameset frame audio video canvas foreignobject"
)
_EVERYWHERE = _names("class id lang dir title role tabindex aria-label aria-labelledby aria-describedby aria-hidden")
_SHAPES = _names(
    "d points x y x1 x2 y1 y2 cx cy r rx ry dx dy width height viewbox preserveaspectratio transform fill fill-opacity"
    " stroke stroke-width stroke-linecap stroke-linejoin stroke-dasharray stroke-opacity opacity text-anchor font-size"
    " font-weight dominant-baseline focusable"
)
_DRAWN = _names("svg g path line polyline polygon rect circle ellipse text tspan")
_OWN = {
    "a": _names("href data-rows"),
    "img": _names("src alt width height"),
    "td": _names("colspan rowspan headers"),
    "th": _names("colspan rowspan headers scope abbr"),
    "col": frozenset({"span"}),
    "colgroup": frozenset({"span"}),
    "details": frozenset({"open"}),
    "ol": _names("start type reversed"),
    "li": frozenset({"value"}),
    "time": frozenset({"datetime"}),
    "meter": _names("value min max low high optimum"),
    "progress": _names("value max"),
    **dict.fromkeys(_DRAWN, _SHAPES),
}
_ROLES = _names("img region group note list listitem status presentation none")
_REFERENCES = _names("aria-labelledby aria-describedby headers")
_EMPTY = _names("br col hr img wbr")

_CLASSES = re.compile(r"[\w-]+(?: [\w-]+)*", re.ASCII)
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+")
_ANCHOR = re.compile(r"#([^\s#]+)")
_SIBLING = re.compile(r"[A-Za-z0-9][\w.-]*\.html(?:#[\w.-]+)?", re.ASCII)
_AWAY = re.compile(r"(?:https?://|mailto:)\S+", re.IGNORECASE)
_ANSI = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]")


def plain(text: str) -> str:
    """Return a terminal's text without its colours, and visible."""
    return visible(_ANSI.sub("", text))


def clean(markup: str, outline: Outline, *, lowest: int = 2) -> str:
    """Return harmless markup.

    Parameters
    ----------
    markup
        HTML from anywhere.
    outline
        Of the page it goes into; headings, anchors and labels are added to it.
    lowest
        The level that an h1 becomes, and with it how deep the other headings are at least.
    """
    allowed = nh3.clean(
        visible(markup),
        tags=set(_ELEMENTS),
        clean_content_tags=set(_DROPPED_WHOLE),
        attributes={"*": set(_EVERYWHERE), **{tag: _cased(names) for tag, names in _OWN.items()}},
        url_schemes={"http", "https", "mailto", "data"},
        link_rel=None,
    )
    outline.pieces += 1
    rewriter = _Rewriter(outline, lowest)
    rewriter.feed(allowed)
    rewriter.close()
    return rewriter.result()


def is_empty(markup: str) -> bool:
    """Tell whether markup shows nothing: no text, no picture, no drawing."""
    return not re.search(r"<(?:img|svg|hr|meter|progress)\b", markup) and not re.sub(r"<[^>]*>|\s", "", markup)


class _Rewriter(HTMLParser):
    """Writes every allowed tag anew."""

    def __init__(self, outline: Outline, lowest: int) -> None:
        super().__init__(convert_charrefs=True)
        self._outline = outline
        self._lowest = lowest
        self._parts: list[str] = []
        self._open: list[str] = []
        self._ids: dict[str, str] = {}
        self._regions: list[int] = []
        self._caption: list[str] | None = None
        self._heading: tuple[int, int, list[str]] | None = None
        self._wrapped: tuple[int, str] | None = None
        self._links: list[str] = []
        self._targets: list[str] = []

    def result(self) -> str:
        for tag in reversed(self._open):
            self._parts.append(f"</{tag}>")
        return re.sub("\0([0-9]+)\0", self._found, "".join(self._parts))

    def _found(self, match: re.Match[str]) -> str:
        """Return where a link inside the page goes: to an id of the same piece, else to a heading of that name."""
        name = self._targets[int(match[1])]
        return f"#{self._ids[name] if name in self._ids else slug(name)}"

    def handle_data(self, data: str) -> None:
        text = visible(data)
        if self._caption is not None:
            self._caption.append(text)
        if self._heading is not None:
            self._heading[2].append(text)
        self._parts.append(escape(text, quote=False))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _ELEMENTS:
            return
        kept = self._attributes(tag, {name: value or "" for name, value in attrs})
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            level = max(int(tag[1]), self._lowest)
            tag = f"h{level}"
            self._heading = (level, len(self._parts), [])
            kept.pop("id", None)
        if tag == "table" and not self._regions:
            self._wrap()
        if tag == "img" and "src" not in kept:
            self._parts.append(f'<span class="refused">A picture is not shown: {escape(kept["alt"])}</span>')
            self._outline.notes.append(f"a picture from elsewhere is not shown, in {self._outline.section!r}")
            return
        if tag == "caption":
            self._caption = []
        if tag == "a":
            self._links.append(kept.pop("data-away", ""))
        if kept.get("role") == "region" and "snb-scroll" in kept.get("class", "").split():
            self._regions.append(len(self._open))
        written = "".join(f' {name}="{escape(value)}"' for name, value in kept.items())
        self._parts.append(f"<{tag}{written}>")
        if tag not in _EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            tag = f"h{max(int(tag[1]), self._lowest)}"
        if tag not in self._open:
            return
        while (last := self._open.pop()) != tag:
            self._parts.append(f"</{last}>")
        self._parts.append(f"</{tag}>")
        while self._regions and self._regions[-1] >= len(self._open):
            self._regions.pop()
        if tag == "a" and self._links and (address := self._links.pop()):
            self._parts.append(f' <span class="address">({escape(visible(address))})</span>')
        if tag == "caption":
            self._caption_ends()
        if self._heading is not None and tag == f"h{self._heading[0]}":
            self._heading_ends()
        if tag == "table" and self._wrapped is not None and "table" not in self._open:
            self._unwrap()

    def _attributes(self, tag: str, given: dict[str, str]) -> dict[str, str]:
        names = _EVERYWHERE | _OWN.get(tag, frozenset())
        kept: dict[str, str] = {}
        for name, value in given.items():
            value = visible(value)
            if name not in names or "url(" in value.lower().replace(" ", ""):
                continue
            if name == "id":
                value = self._id(value)
            elif name in _REFERENCES:
                value = " ".join(self._id(one) for one in value.split())
            if name not in ("href", "src") and _fits(name, value):
                kept[name] = value
        if tag == "a" and "snb-opens" in kept.get("class", "").split():
            # The page's script makes a button of it; without one it is a plain number.
            self._outline.opens += [kept["data-rows"]] if "data-rows" in kept else []
        elif tag == "a":
            kept.pop("data-rows", None)
            kept |= self._target(given.get("href", ""))
        if tag == "img":
            kept |= self._picture(given)
        if kept.get("role") == "region":
            kept["aria-label"] = self._outline.label(kept.get("aria-label") or f"Table in {self._outline.section}")
        return kept

    def _id(self, name: str) -> str:
        return self._ids.setdefault(name, f"part-{self._outline.pieces}-{len(self._ids) + 1}")

    def _target(self, href: str) -> dict[str, str]:
        if anchor := _ANCHOR.fullmatch(href):
            self._targets.append(anchor[1])
            return {"href": f"\0{len(self._targets) - 1}\0"}
        if _SIBLING.fullmatch(href):
            return {"href": href}
        return {"data-away": href} if _AWAY.fullmatch(href) else {}

    def _picture(self, given: dict[str, str]) -> dict[str, str]:
        alt = visible(given.get("alt", "")).strip()
        if not alt and given.get("aria-hidden") != "true" and given.get("role") not in ("presentation", "none"):
            alt = f"Picture in the section {self._outline.section!r}, without a description"
            self._outline.notes.append(f"a picture in {self._outline.section!r} has no description")
        src = given.get("src", "")
        return {"alt": alt, **({"src": src} if _PICTURE.fullmatch(src) else {})}

    def _wrap(self) -> None:
        self._outline.tables += 1
        self._wrapped = (len(self._parts), f"Table {self._outline.tables}")
        self._parts.append("")

    def _caption_ends(self) -> None:
        words = " ".join("".join(self._caption or ()).split())
        self._caption = None
        if self._wrapped is not None and words:
            self._wrapped = (self._wrapped[0], words)

    def _unwrap(self) -> None:
        assert self._wrapped is not None
        at, name = self._wrapped
        self._wrapped = None
        label = escape(self._outline.label(name))
        self._parts[at] = f'<div class="snb-scroll" role="region" tabindex="0" aria-label="{label}">'
        self._parts.append("</div>")

    def _heading_ends(self) -> None:
        assert self._heading is not None
        level, at, texts = self._heading
        self._heading = None
        words = " ".join("".join(texts).split())
        anchor = self._outline.anchor(words)
        self._parts[at] = self._parts[at].replace(f"<h{level}", f'<h{level} id="{anchor}"', 1)
        self._outline.headings.append(Heading(level, words, anchor))


def _fits(name: str, value: str) -> bool:
    if name == "class":
        return bool(_CLASSES.fullmatch(value))
    if name == "role":
        return value in _ROLES
    if name == "data-rows":
        return bool(KEY.fullmatch(value))
    return name != "tabindex" or value == "0"


def _cased(names: frozenset[str]) -> set[str]:
    """Return attribute names as an HTML parser spells them inside a drawing."""
    return {{"viewbox": "viewBox", "preserveaspectratio": "preserveAspectRatio"}.get(name, name) for name in names}
