"""Pages: what goes into a page and what comes out, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from salesnb.run.outline import Heading


@dataclass(frozen=True)
class Facts:
    """What the head and the foot of a page say.

    Attributes
    ----------
    period, source
        What the report is of.
    pairs
        Name and value, in order: period, as-of date, source, rows.
    stamp
        The one line that differs between two runs of the same inputs.
    """

    period: str
    source: str = ""
    pairs: tuple[tuple[str, str], ...] = ()
    stamp: str = ""


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes
    ----------
    name, title
        Of the notebook; its heading.
    html
        The whole file.
    contents
        The headings that its table of contents lists.
    notes
        What it leaves out or lacks, in words.
    facts
        What the notebook says of its period and data: name and value, in order.
    """

    name: str
    title: str
    html: str
    contents: tuple[Heading, ...] = ()
    notes: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
