"""Drawing: an SVG picture in, one that can only be looked at out.

A report shows it as a picture (``<img>`` with a data URL), in which a browser runs no script and loads nothing. It is
cleaned all the same, so that the file does no harm where somebody takes it out of the page.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"

_ALLOWED = (
    "svg g path line polyline polygon rect circle ellipse text tspan title desc defs clipPath use symbol marker mask"
    " pattern linearGradient radialGradient stop style"
)
_ELEMENTS = frozenset(_ALLOWED.split())
_REACHES_OUT = re.compile(r"@import|javascript:|expression\(|image\(|image-set\(|src\(|\\|<", re.IGNORECASE)
_URL = re.compile(r"url\(\s*(?!['\"]?#)", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"(?!on)[A-Za-z][\w-]*", re.ASCII | re.IGNORECASE)

ET.register_namespace("", SVG)
ET.register_namespace("xlink", XLINK)


def clean(svg: str) -> str | None:
    """Return a drawing without anything that acts or reaches outside it; None where it cannot be read as SVG.

    Kept are shapes, text, gradients, clips and styles; references only to parts of the drawing itself. A drawing that
    declares entities is refused whole.
    """
    if "<!ENTITY" in svg.upper():
        return None
    try:
        root = ET.fromstring(svg)
    except (ET.ParseError, ValueError):
        return None
    if root.tag != f"{{{SVG}}}svg":
        return None
    _prune(root)
    return ET.tostring(root, encoding="unicode")


def size(svg: str) -> tuple[int, int] | None:
    """Return width and height of a drawing in pixels, by its viewBox; None where it has none."""
    match = re.search(r'viewBox="[\d.eE+-]+[ ,]+[\d.eE+-]+[ ,]+([\d.]+)[ ,]+([\d.]+)"', svg)
    if match is None or not float(match[1]) or not float(match[2]):
        return None
    return round(float(match[1]) * 4 / 3), round(float(match[2]) * 4 / 3)


def _prune(element: ET.Element) -> None:
    for name in list(element.attrib):
        if not _is_harmless(name, element.attrib[name]):
            del element.attrib[name]
    for child in list(element):
        space, _, tag = str(child.tag).rpartition("}")
        is_style = tag == "style"
        if space != f"{{{SVG}" or tag not in _ELEMENTS or (is_style and not _is_calm(child.text or "")):
            element.remove(child)
        else:
            _prune(child)


def _is_harmless(name: str, value: str) -> bool:
    if name in ("href", f"{{{XLINK}}}href"):
        return value.startswith("#")
    if name.startswith("{"):
        return name == "{http://www.w3.org/XML/1998/namespace}space"
    return bool(_ATTRIBUTE.fullmatch(name)) and _is_calm(value)


def _is_calm(text: str) -> bool:
    return not _REACHES_OUT.search(text) and not _URL.search(text)
