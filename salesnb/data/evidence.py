"""Which of several readings a column of dates or numbers allows: chosen by what its values prove, never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from salesnb.data.readings import COMMA, ISO, POINT, DateFormat, fits, read_number

CLEAR_FORMATS = (
    ISO,
    DateFormat("%Y%m%d", r"(\d{4})(\d{2})(\d{2})", ("%Y", "%m", "%d")),
    DateFormat("%d.%m.%Y", r"(\d{1,2})\.(\d{1,2})\.(\d{4})", ("%d", "%m", "%Y")),
    DateFormat("%d %b %Y", r"(\d{1,2})[ -]+([A-Za-z]{3})[A-Za-z]{0,6}\.?[ ,-]+(\d{4})", ("%d", "%b", "%Y")),
    DateFormat("%b %d, %Y", r"([A-Za-z]{3})[A-Za-z]{0,6}\.? +(\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})", ("%b", "%d", "%Y")),
)
RIVAL_FORMATS = (
    DateFormat("%d/%m/%Y", r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})", ("%d", "%m", "%Y")),
    DateFormat("%m/%d/%Y", r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})", ("%m", "%d", "%Y")),
    DateFormat("%d/%m/%y", r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{2})", ("%d", "%m", "%y")),
    DateFormat("%m/%d/%y", r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{2})", ("%m", "%d", "%y")),
    DateFormat("%y/%m/%d", r"(\d{2})[/.-](\d{1,2})[/.-](\d{1,2})", ("%y", "%m", "%d")),
)


@dataclass(frozen=True)
class Choice:
    """What was found about the ways a column can be read.

    Attributes
    ----------
    formats
        The readings to use, in order; empty where the column must be refused.
    trouble
        Why it must be refused, with the values that show it; empty where it need not be.
    note
        What was inferred from which value; empty where nothing was.
    """

    formats: tuple[object, ...]
    trouble: str = ""
    note: str = ""


def date_fits(text: ir.StringValue) -> dict[str, ir.Value]:
    """For each format, whether a text is a date of it."""
    return {fmt.label: fits(text, fmt) for fmt in (*CLEAR_FORMATS, *RIVAL_FORMATS)}


def date_evidence(text: ir.StringValue, found: Mapping[str, ir.Value] | None = None) -> dict[str, ir.Value]:
    """Aggregates that ``choose_date`` needs of a column: how often each format fits, alone or beside its rivals.

    Parameters
    ----------
    text
        The column.
    found
        What :func:`date_fits` says of each text, where that is a column already.
    """
    fitting = date_fits(text) if found is None else found
    seen: dict[str, ir.Value] = {"n": text.count()}
    for fmt in CLEAR_FORMATS:
        seen[f"clear {fmt.label}"] = fitting[fmt.label].sum()
    for group in (RIVAL_FORMATS[:2], RIVAL_FORMATS[2:]):
        for fmt in group:
            others = [fitting[other.label] for other in group if other is not fmt]
            alone = fitting[fmt.label]
            for other in others:
                alone = alone & ~other
            seen[f"fits {fmt.label}"] = fitting[fmt.label].sum()
            seen[f"alone {fmt.label}"] = alone.sum()
            seen[f"example {fmt.label}"] = alone.ifelse(text, ibis.null("string")).min()
            seen[f"both {fmt.label}"] = fitting[fmt.label].ifelse(text, ibis.null("string")).min()
    return seen


def choose_date(seen: Mapping[str, object]) -> Choice:
    """Choose the formats of a date column from its evidence, or say why none can be chosen.

    Year-first dates, dates with dots and dates with the month's name are clear and always read. Of the rival orders
    (day/month, month/day) one is used only where a value fits it and no other, and no value fits only another.
    """
    formats: list[object] = [fmt for fmt in CLEAR_FORMATS if seen[f"clear {fmt.label}"]]
    notes = []
    for group in (RIVAL_FORMATS[:2], RIVAL_FORMATS[2:]):
        proven = [fmt for fmt in group if seen[f"alone {fmt.label}"]]
        possible = [fmt for fmt in group if seen[f"fits {fmt.label}"]]
        if len(proven) > 1:
            shown = " but ".join(f"{seen[f'example {fmt.label}']!r} is only {fmt.label}" for fmt in proven)
            return Choice((), trouble=f"mixes orders of day and month: {shown}")
        if proven:
            formats.append(proven[0])
            notes.append(f"read as {proven[0].label}: {seen[f'example {proven[0].label}']!r} fits no other order")
        elif possible:
            orders = " or ".join(fmt.label for fmt in possible)
            return Choice((), trouble=f"{seen[f'both {possible[0].label}']!r} could be {orders}, and no value decides")
    return Choice(tuple(formats) or (ISO,), note="; ".join(notes))


def marks_read(text: ir.StringValue) -> dict[str, ir.Value]:
    """A text as a number with a decimal point, and as one with a decimal comma."""
    return {"point": read_number(text, POINT), "comma": read_number(text, COMMA)}


def marks_evidence(text: ir.StringValue, found: Mapping[str, ir.Value] | None = None) -> dict[str, ir.Value]:
    """Aggregates that ``choose_marks`` needs of a column of numbers.

    Parameters
    ----------
    text
        The column.
    found
        What :func:`marks_read` says of each text, where that is a column already.
    """
    read = marks_read(text) if found is None else found
    point, comma = read["point"], read["comma"]
    none = ibis.null("string")
    return {
        "n": text.count(),
        "point": (point.notnull() & comma.isnull()).sum(),
        "comma": (comma.notnull() & point.isnull()).sum(),
        "differ": (point != comma).sum(),
        "point example": (point.notnull() & comma.isnull()).ifelse(text, none).min(),
        "comma example": (comma.notnull() & point.isnull()).ifelse(text, none).min(),
        "example": (point != comma).ifelse(text, none).min(),
    }


def choose_marks(seen: Mapping[str, object]) -> Choice:
    """Choose the marks of a column of numbers from its evidence, or say why they cannot be chosen."""
    if seen["point"] and seen["comma"]:
        return Choice(
            (),
            trouble=f"mixes decimal marks: {seen['point example']!r} has a point, {seen['comma example']!r} a comma",
        )
    if seen["comma"]:
        return Choice((COMMA,), note=f"read with a decimal comma: {seen['comma example']!r}")
    if seen["differ"] and not seen["point"]:
        return Choice(
            (), trouble=f"{seen['example']!r} could have a thousands mark or a decimal mark, and no value decides"
        )
    return Choice((POINT,))
