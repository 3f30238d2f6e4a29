"""Outline: what one page has once: its headings, its anchors, the names of its regions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Heading:
    """A heading of the page: its level, 2 to 6, its text and its anchor."""

    level: int
    text: str
    anchor: str


@dataclass
class Outline:
    """What must be unique in one page, and what its table of contents lists; each piece of it adds to this.

    Attributes
    ----------
    headings
        All headings so far.
    anchors, labels
        The anchors and the names of regions that are taken.
    pieces, tables, pictures
        How many there are so far.
    notes
        What the page leaves out or lacks, in words.
    opens
        The keys of the rows that numbers of the page open.
    rows
        The rows behind the page's numbers, as JSON; empty where it has none.
    what_if
        The grid of a plan that the page's controls turn, as JSON; empty where it has none.
    """

    headings: list[Heading] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    labels: set[str] = field(default_factory=set)
    pieces: int = 0
    tables: int = 0
    pictures: int = 0
    notes: list[str] = field(default_factory=list)
    opens: list[str] = field(default_factory=list)
    rows: str = ""
    what_if: str = ""

    def anchor(self, text: str) -> str:
        """Return an anchor for a heading that no other one has."""
        return _unused(slug(text), self.anchors, "-{}")

    def label(self, text: str) -> str:
        """Return a name for a region that no other one has."""
        return _unused(text, self.labels, " ({})")

    @property
    def section(self) -> str:
        """The heading that the next piece stands under."""
        return self.headings[-1].text if self.headings else ""


def slug(text: str) -> str:
    """Return the anchor of a heading: small letters and figures, joined by dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "section"


def _unused(name: str, taken: set[str], ending: str) -> str:
    unique, count = name, 1
    while unique in taken:
        count += 1
        unique = name + ending.format(count)
    taken.add(unique)
    return unique
