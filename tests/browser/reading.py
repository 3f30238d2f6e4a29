"""What a page says and what it is made of, as a reader and a browser have it."""

from __future__ import annotations

import base64
import json
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

from playwright.sync_api import Page

from salesnb.formats import visible

_INVENTORY = """() => [...document.querySelectorAll("*")].map((e) => [
    e.localName, e.namespaceURI, [...e.attributes].map((a) => a.name).sort().join(" "), e.getAttribute("class") || "",
].join("|"))"""
_SVG = "data:image/svg+xml;base64,"


def pages(report: Path) -> list[Path]:
    """The pages of a report, the first one first."""
    return sorted(report.glob("*.html"), key=lambda file: (file.name != "index.html", file.name))


def flat(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


def shown(payload: str) -> str:
    """What a reader sees of a text of the data.

    Blanks around it are gone; control characters and turns of direction stand as U+FFFD.
    """
    return flat(visible(payload.strip()))


def words(page: Page) -> str:
    """All text that a reader sees."""
    return flat(page.evaluate("document.body.innerText"))


def alts(page: Page) -> list[str]:
    """What stands in for each picture."""
    return [flat(text) for text in page.evaluate("[...document.images].map((image) => image.alt)")]


def pictures(page: Page) -> list[ET.Element]:
    """The pictures, each of which a browser could draw."""
    sizes = page.evaluate("[...document.images].map((image) => image.naturalWidth)")
    assert all(sizes), sizes
    sources = page.evaluate("[...document.images].map((image) => image.src)")
    assert all(source.startswith(_SVG) for source in sources)
    return [ET.fromstring(base64.b64decode(source.removeprefix(_SVG))) for source in sources]


def inventory(page: Page) -> Counter[str]:
    """How often there is an element of each name, space, set of attributes and class."""
    return Counter(page.evaluate(_INVENTORY))


def strings(file: Path) -> list[str]:
    """Every text in a file of JSON, which must be strict JSON."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{file.name} has {constant}")

    found: list[str] = []
    waiting = [json.loads(file.read_text(encoding="utf-8"), parse_constant=refuse)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found.append(value)
        else:
            waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return found
