"""Outputs: what a cell put out, as blocks of a page; what a report does not show is refused, with a visible note."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from typing import Any

import mistune

from salesnb.run import drawing, rowsets, sanitise, whatifs
from salesnb.run.outline import Outline

_SHOWN = ("text/html", "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "text/plain")
_SIGNATURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}


def blocks(cell: Any, outline: Outline) -> Iterator[str]:
    """Return what a page shows of a cell; headings and names are added to the outline."""
    tags = cell.metadata.get("tags", ())
    if "remove-cell" in tags:
        return
    if cell.cell_type == "markdown":
        if cell.source.strip():
            yield sanitise.clean(markdown(cell.source), outline)
    elif cell.cell_type == "code" and "remove-output" not in tags:
        text: list[str] = []
        for output in cell.outputs:
            if output.output_type == "stream":
                if output.name == "stdout":
                    text.append(output.text)
                continue
            yield from _text("".join(text), outline)
            text = []
            yield from _output(output, outline)
        yield from _text("".join(text), outline)


def _output(output: Any, outline: Outline) -> Iterator[str]:
    if output.output_type == "error":
        yield _refused("A cell ended in an error here. Its message is in the notebook.", outline)
        return
    if output.output_type not in ("display_data", "execute_result"):
        return
    data = output.data
    if rowsets.KIND in data:
        yield from _rows(data[rowsets.KIND], outline)
        return
    if whatifs.KIND in data:
        yield from _controls(data[whatifs.KIND], outline)
    acts = [kind for kind in data if kind.startswith("application/") and kind != "application/json"]
    for kind in _SHOWN:
        if kind not in data or (kind == "text/plain" and acts):
            continue
        shown = _shown(kind, data[kind], output.metadata, outline)
        if shown:
            yield shown
            return
    if not all(kind == "text/plain" for kind in data):
        kind = acts[0] if acts else next(kind for kind in data if kind != "text/plain")
        yield _refused(f"An output of the type {kind} is not shown in a report.", outline)


def _rows(content: Any, outline: Outline) -> Iterator[str]:
    """Take the rows behind the page's numbers, which are shown when a reader opens one."""
    if outline.rows:
        yield _refused("Rows behind numbers are given a second time here; the page has the first ones.", outline)
        return
    try:
        outline.rows = rowsets.embedded(content)
    except ValueError as wrong:
        yield _refused(f"The rows behind the numbers are left out: {sanitise.visible(str(wrong))[:200]}.", outline)


def _controls(content: Any, outline: Outline) -> Iterator[str]:
    """Take the grid of a plan, and leave a place for its controls; what stands there without scripts comes after."""
    if outline.what_if:
        yield _refused("Controls of a plan are given a second time here; the page has the first ones.", outline)
        return
    try:
        outline.what_if = whatifs.embedded(content)
    except ValueError as wrong:
        yield _refused(f"The controls are left out: {sanitise.visible(str(wrong))[:200]}.", outline)
        return
    yield f'<div class="snb-what-if" id="{whatifs.PLACE}"></div>'


def _shown(kind: str, content: Any, metadata: Mapping[str, Any], outline: Outline) -> str:
    content = "".join(content) if isinstance(content, list) else str(content)
    if kind == "text/html":
        markup = sanitise.clean(content, outline)
        return "" if sanitise.is_empty(markup) else f'<div class="output">{markup}</div>'
    if kind == "text/markdown":
        return f'<div class="output">{sanitise.clean(markdown(content), outline)}</div>'
    if kind == "text/plain":
        return "".join(_text(content, outline))
    return _picture(kind, content, metadata, outline)


def _picture(kind: str, content: str, metadata: Mapping[str, Any], outline: Outline) -> str:
    own = metadata.get(kind) if isinstance(metadata.get(kind), Mapping) else {}
    assert isinstance(own, Mapping)
    if kind == "image/svg+xml":
        svg = drawing.clean(content)
        if svg is None:
            return ""
        raw, size = svg.encode(), drawing.size(svg)
    else:
        try:
            raw = base64.b64decode("".join(content.split()), validate=True)
        except (binascii.Error, ValueError):
            return ""
        if not raw.startswith(_SIGNATURES[kind]):
            return ""
        size = (int.from_bytes(raw[16:20], "big"), int.from_bytes(raw[20:24], "big")) if kind == "image/png" else None
    if isinstance(own.get("width"), int) and isinstance(own.get("height"), int):
        size = (own["width"], own["height"])
    alt = sanitise.visible(str(own.get("alt") or metadata.get("alt") or "")).strip()
    if not alt:
        alt = f"Picture in the section {outline.section!r}, without a description"
        outline.notes.append(f"a picture in {outline.section!r} has no description")
    measures = f' width="{size[0]}" height="{size[1]}"' if size else ""
    paper = "" if kind == "image/svg+xml" else " paper"
    outline.pictures += 1
    return (
        f'<figure class="picture{paper}" tabindex="0" aria-label="Picture {outline.pictures}">'
        f'<img alt="{escape(alt)}"{measures} src="data:{kind};base64,{base64.b64encode(raw).decode()}"></figure>'
    )


def _text(text: str, outline: Outline) -> Iterator[str]:
    text = sanitise.plain(text).strip("\n")
    if text.strip():
        label = escape(outline.label(f"Text in {outline.section}" if outline.section else "Text"))
        yield (
            f'<div class="snb-scroll" role="region" tabindex="0" aria-label="{label}">'
            f"<pre>{escape(text, quote=False)}</pre></div>"
        )


def _refused(words: str, outline: Outline) -> str:
    outline.notes.append(f"{words[0].lower()}{words[1:].rstrip('.')}, in {outline.section!r}")
    return f'<p class="refused" role="note">{escape(words)}</p>'


def markdown(text: str) -> str:
    """Return Markdown as HTML; markup in it is shown as text."""
    return str(_markdown()(sanitise.visible(text)))


@cache
def _markdown() -> mistune.Markdown:
    return mistune.create_markdown(escape=True, plugins=["table", "strikethrough"])
