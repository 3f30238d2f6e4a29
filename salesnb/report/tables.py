"""Tables that a person reads: escaped, captioned, scoped for screen readers, numbers on the right.

The HTML is our own, a table of 30 rows being about 4 kB of it without any style in the cell, and every cell goes
through one escape. Colours and lines come from the page's style sheet by class name (see :mod:`salesnb.report.css`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any, Literal

import pandas as pd

from salesnb import formats

Tone = Literal["", "good", "bad", "muted", "unsure"]
SHORT = 12
"""The rows of a table that is never folded."""


@dataclass(frozen=True)
class Cell:
    """A text with a tone, and a smaller second line.

    Attributes
    ----------
    text
        What is read first.
    tone
        ``good``, ``bad``, ``unsure`` or ``muted``; the words must say it too, a colour alone says nothing.
    detail
        A smaller line below: an interval, an n, a reason.
    opens
        The key of the rows behind the text (see :mod:`salesnb.analysis.behind`); empty where it opens nothing.
    """

    text: str
    tone: Tone = ""
    detail: str = ""
    opens: str = ""

    def __str__(self) -> str:
        return f"{self.text} ({self.detail})" if self.detail else self.text


@dataclass(frozen=True)
class Column:
    """How one column of a frame is shown.

    Attributes
    ----------
    title
        The heading.
    show
        From the value to what is shown; None shows the text of it.
    is_number
        Right-aligned, in figures of equal width, kept on one line.
    row_show
        From the whole row to what is shown, in place of `show`, where a unit or an interval stands in another column.
    breaks
        A long word, such as a value out of a file, is broken over lines, so that the columns beside it have room.
    """

    title: str
    show: Callable[[Any], str | Cell] | None = None
    is_number: bool = False
    row_show: Callable[[Mapping[str, Any]], str | Cell] | None = None
    breaks: bool = False


@dataclass(frozen=True)
class Table:
    """A finished table: HTML for pages, text for terminals.

    Attributes
    ----------
    caption
        What the table says, also its name for a screen reader.
    html, text
        The two forms.
    """

    caption: str
    html: str
    text: str

    @property
    def alt(self) -> str:
        """The caption, which is what stands in for a table where it cannot be shown."""
        return self.caption

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}


def folded(made: Table, rows: int, what: str) -> Table:
    """Return a table of many rows as one that a page shows only when asked.

    Parameters
    ----------
    made
        The table; it is returned as it is where it has no more than a dozen rows.
    rows
        How many rows it has.
    what
        What a row is: ``"seller"``.
    """
    if rows <= SHORT:
        return made
    words = f"{made.caption.rstrip('.')}: show {formats.plural(rows, what)}"
    return replace(made, html=f'<details class="snb-fold"><summary>{escape(words)}</summary>{made.html}</details>')


def number(title: str, show: Callable[[Any], str | Cell]) -> Column:
    """Return a right-aligned column."""
    return Column(title, show, is_number=True)


def text(title: str, show: Callable[[Any], str | Cell] | None = None) -> Column:
    """Return a left-aligned column."""
    return Column(title, show)


def by_row(title: str, show: Callable[[Mapping[str, Any]], str | Cell], *, is_number: bool = True) -> Column:
    """Return a column whose text is made from the whole row."""
    return Column(title, is_number=is_number, row_show=show)


def table(
    frame: pd.DataFrame,
    columns: Mapping[str, Column],
    *,
    caption: str,
    note: str = "",
    most: int = 200,
    empty: str = "Nothing to show.",
) -> Table:
    """Make a table of some columns of a frame.

    Parameters
    ----------
    frame
        The rows, in the order they are to be read.
    columns
        Key to how it is shown, in order; the first one names the row. A key that is not a column of the frame is
        allowed where the column shows the whole row.
    caption
        What the table says: a finding, not a label.
    note
        A line below: what is left out, how to read it.
    most
        The rows shown; the rest is counted in a line below, never dropped in silence.
    empty
        The line in place of a table of no rows.

    Returns
    -------
    Table
        Every text in it escaped.
    """
    rows = [
        [_cell(column, record.get(key), record) for key, column in columns.items()]
        for record in ({str(k): v for k, v in row.items()} for row in frame.head(most).to_dict("records"))
    ]
    heads = list(columns.values())
    if len(frame) > most:
        note = " ".join(filter(None, [note, f"{formats.plural(len(frame) - most, 'more row')} not shown."]))
    if not rows:
        empty = "" if empty.rstrip(".") == caption.rstrip(".") else empty  # one sentence is enough
        html = f'<p class="snb-empty"><strong>{escape(caption)}</strong> {escape(empty)}</p>'
        return Table(caption, html, f"{caption}\n{empty}")
    return Table(caption, _html(heads, rows, caption, note), _text(heads, rows, caption, note))


def _cell(column: Column, value: Any, record: Mapping[str, Any]) -> Cell:
    if column.row_show is not None:
        shown: str | Cell = column.row_show(record)
    elif column.show is not None:
        shown = column.show(value)
    else:
        shown = "" if value is None or (isinstance(value, float) and formats.is_missing(value)) else str(value)
    return shown if isinstance(shown, Cell) else Cell(shown)


def _html(heads: Sequence[Column], rows: Sequence[Sequence[Cell]], caption: str, note: str) -> str:
    head = "".join(f'<th scope="col"{_class(c, Cell(""))}>{escape(c.title)}</th>' for c in heads)
    body = "".join(
        "<tr>"
        + "".join(
            f'<th scope="row"{_class(column, cell)}>{_inner(cell)}</th>'
            if i == 0
            else f"<td{_class(column, cell)}>{_inner(cell)}</td>"
            for i, (column, cell) in enumerate(zip(heads, row, strict=True))
        )
        + "</tr>\n"
        for row in rows
    )
    below = f'<p class="snb-note">{escape(note)}</p>' if note else ""
    return (
        f'<div class="snb-scroll" role="region" aria-label="{escape(caption)}" tabindex="0">'
        f'<table class="snb-table"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>{below}"
    )


def _class(column: Column, cell: Cell) -> str:
    kinds = ["num" if column.is_number else "", "snb-break" if column.breaks else ""]
    names = " ".join(filter(None, [*kinds, f"snb-{cell.tone}" if cell.tone else ""]))
    return f' class="{names}"' if names else ""


def _inner(cell: Cell) -> str:
    detail = f'<span class="snb-detail">{escape(cell.detail)}</span>' if cell.detail else ""
    return opening(cell.text, cell.opens) + detail


def opening(words: str, key: str) -> str:
    """Return words as HTML; with a key, as a link that opens the rows behind them on a published page."""
    if not key:
        return escape(words)
    return f'<a class="snb-opens" href="#snb-rows" data-rows="{escape(key)}">{escape(words)}</a>'


def _text(heads: Sequence[Column], rows: Sequence[Sequence[Cell]], caption: str, note: str) -> str:
    lines = [[c.title for c in heads], *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    shown = [
        "  ".join(
            t.rjust(w) if c.is_number else t.ljust(w) for t, w, c in zip(line, widths, heads, strict=True)
        ).rstrip()
        for line in lines
    ]
    return "\n".join(filter(None, [caption, *shown, note]))
