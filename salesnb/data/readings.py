"""Text to typed values, in one way on every engine, and which of several readings a column allows.

A reading is an Ibis expression over a text column: it gives the value, or null where the text cannot be read that
way. Nothing is guessed: where a column can be read in two ways that give different values, ``choose_date`` and
``choose_marks`` say so, and the caller refuses the column until the mapping says which one is meant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_GROUPS = {
    "%Y": r"(\d{4})", "%y": r"(\d{2})", "%m": r"(\d{1,2})", "%d": r"(\d{1,2})",
    "%b": r"([A-Za-z]{3})[A-Za-z]{0,6}\.?", "%B": r"([A-Za-z]{3})[A-Za-z]{0,6}\.?",
}  # fmt: skip
_BLANK = "[\\s\u00a0\u202f\ufeff]+"

# A day that the calendar has, 1900 to 2199, as year-month-day; and a time of day, with or without AM/PM and offset.
_LEAP = "(?:(?:19|21)(?:0[48]|[2468][048]|[13579][26])|20(?:[02468][048]|[13579][26]))"
_YEAR = r"(?:19|20|21)\d\d"
_DAY = (
    rf"^(?:{_YEAR}-(?:0?[13578]|1[02])-(?:0?[1-9]|[12]\d|3[01])|{_YEAR}-(?:0?[469]|11)-(?:0?[1-9]|[12]\d|30)"
    rf"|{_YEAR}-0?2-(?:0?[1-9]|1\d|2[0-8])|{_LEAP}-0?2-29)$"
)
_SECONDS = r"[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?"
_TIME = (
    rf"(?:[T ]+(?:(?:[01]?\d|2[0-3]):{_SECONDS}|(?:0?[1-9]|1[0-2]):{_SECONDS} ?[AaPp][Mm])"
    r" ?(?:Z|UTC|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?$"
)
_CLOCK = r"[T ]+(\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?) ?([AaPp][Mm])? ?(Z|UTC|[+-]\d{2}:?\d{2}|[+-]\d{2})?$"


@dataclass(frozen=True)
class DateFormat:
    """One order of day, month and year.

    Attributes
    ----------
    label
        The format as the mapping file would write it, ``"%d/%m/%Y"``.
    pattern
        The regular expression of the date's part.
    order
        For each of its three groups, which directive it is.
    """

    label: str
    pattern: str
    order: tuple[str, ...]


def date_format(label: str) -> DateFormat:
    """Compile ``"%d/%m/%Y"`` to a DateFormat.

    Directives: ``%Y %y %m %d %b %B``; a time of day with or without seconds, AM or PM and an offset may follow in
    any case and is not written. Two-digit years are 1969 to 2068 (POSIX).

    Raises
    ------
    ValueError
        Not exactly one year, one month and one day, or an unknown directive.
    """
    text = re.split(r"[T ]*%[HI]", label)[0]
    pattern, order = "", []
    for part in re.split(r"(%.)", text):
        if part in _GROUPS:
            pattern += _GROUPS[part]
            order.append(part)
        elif part.startswith("%"):
            raise ValueError(f"{part!r} is not one of %Y %y %m %d %b %B")
        else:
            pattern += re.escape(part).replace("\\ ", " +").replace("\\-", "-").replace("\\/", "/").replace("/", "/")
    kinds = sorted({"%y": "Y", "%Y": "Y", "%m": "m", "%b": "m", "%B": "m", "%d": "d"}[o] for o in order)
    if kinds != ["Y", "d", "m"]:
        raise ValueError(f"{label!r} does not have exactly one year, one month and one day")
    return DateFormat(label, pattern, tuple(order))


ISO = DateFormat("%Y-%m-%d", r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", ("%Y", "%m", "%d"))


@dataclass(frozen=True)
class Marks:
    """How numbers are written: the decimal mark, and the mark between thousands (``""`` for any usual one)."""

    decimal: str = "."
    thousands: str = ""


POINT, COMMA = Marks("."), Marks(",")


def cleaned(text: ir.StringValue, nulls: Sequence[str] = ()) -> ir.StringValue:
    """Text without blanks around it; null where nothing, or one of ``nulls``, is left."""
    trimmed = text.re_replace(f"^{_BLANK}|{_BLANK}$", "").nullif("")
    return trimmed.isin(list(nulls)).ifelse(ibis.null("string"), trimmed) if nulls else trimmed


def _day_text(text: ir.StringValue, fmt: DateFormat) -> ir.StringValue:
    """The date's part as year-month-day; a text in another form stays as it is."""
    place = {directive[1].replace("B", "b"): f"\\{i + 1}" for i, directive in enumerate(fmt.order)}
    regex = f"^{fmt.pattern}{_TIME}"
    if "b" in place:
        text = text.re_replace(regex, rf"{place['Y']}-{place['b']}-{place['d']}").lower()
        for number, name in enumerate(_MONTHS):
            text = text.re_replace(rf"-{name}-", f"-{number + 1}-")
        return text
    if "y" not in place:
        return text.re_replace(regex, rf"{place['Y']}-{place['m']}-{place['d']}")
    for century, short in (("19", r"(69|[7-9]\d)"), ("20", r"([0-5]\d|6[0-8])")):
        part = fmt.pattern.replace(r"(\d{2})", short)
        text = text.re_replace(f"^{part}{_TIME}", rf"{century}{place['y']}-{place['m']}-{place['d']}")
    return text


def fits(text: ir.StringValue, fmt: DateFormat) -> ir.BooleanValue:
    """True where the text is a date of this format that the calendar has."""
    is_like = text.re_search(f"^{fmt.pattern}{_TIME}")
    return (is_like & _day_text(text, fmt).re_search(_DAY)).fill_null(False)


@ibis.udf.scalar.builtin(name="timezone", signature=(("string", "timestamp"), "timestamp('UTC')"))
def _in_zone(zone, moment):  # type: ignore[no-untyped-def]  # the engine's own function
    """Take a moment without a zone as written in this zone."""


@ibis.udf.scalar.builtin(name="timezone", signature=(("string", "timestamp('UTC')"), "timestamp"))
def _local(zone, moment):  # type: ignore[no-untyped-def]  # the engine's own function
    """Tell what the clocks of this zone show at a moment."""


def local_time(moment: ir.TimestampValue, written_in: str, business: str) -> ir.TimestampValue:
    """Turn a moment without a zone, written in one zone, into the business's local time."""
    return moment if written_in == business else _local(business, _in_zone(written_in, moment))


def zoned_time(moment: ir.TimestampValue, business: str) -> ir.TimestampValue:
    """Turn a moment with a zone into the business's local time."""
    return _local(business, moment)


def read_time(text: ir.StringValue, fmt: DateFormat, written_in: str, business: str) -> ir.TimestampValue:
    """Read a moment as the business's local time; a date alone is its first moment, in whatever zone.

    A moment with an offset is converted from it, one without from ``written_in``. Null where the text is no date in
    this format or no time of day.

    Parameters
    ----------
    text, fmt
        The texts, and the order of their dates.
    written_in, business
        The zones of times without an offset and of the result.
    """
    day = _day_text(text, fmt)
    clock, half, zone = (text.re_extract(_CLOCK, i).nullif("") for i in (1, 2, 3))
    clock = (
        half.notnull().ifelse(clock.re_replace("^12:", "0:"), clock).re_replace(r"^(\d):", r"0\1:").replace(",", ".")
    )
    offset = zone.re_replace("^(?:Z|UTC)$", "+00").re_replace(r"^([+-]\d{2}):?(\d{2})$", r"\1:\2")
    written = day.concat(" ", ibis.coalesce(clock, "00:00"), ibis.coalesce(offset, "+00"))
    instant = day.re_search(_DAY).ifelse(written, ibis.null("string")).cast("timestamp('UTC')")
    shown = _local("UTC", instant) + ((half.lower() == "pm").fill_null(False).ifelse(43_200_000_000, 0)).as_interval(
        "us"
    )
    if written_in == business == "UTC":
        return shown.cast("timestamp(6)")
    origin = zone.notnull().ifelse("UTC", clock.isnull().ifelse(business, written_in))
    return _local(business, _in_zone(origin, shown)).cast("timestamp(6)")


def read_date(text: ir.StringValue, fmt: DateFormat, business: str = "UTC") -> ir.DateValue:
    """Read a date; null where the text is no date in this format, or a time of day that follows it is none.

    A moment with an offset gives the business's local date; one without gives the date as written.
    """
    day = _day_text(text, fmt)
    written = day.re_search(_DAY).ifelse(day, ibis.null("string")).cast("date")
    if business == "UTC":
        moved = text.re_search(r"[0-9] ?[+-]\d{2}(?::?\d{2})?$") & text.re_search(r"\d:\d")
    else:
        moved = text.re_search(r"\d:.*(?:Z|UTC|[+-]\d{2}(?::?\d{2})?)$")
    return moved.ifelse(read_time(text, fmt, business, business).date(), written)


def read_number(text: ir.StringValue, marks: Marks) -> ir.StringValue:
    """Bring a number into plain form (``-1234.5``), as text; null where it is none.

    Read are: a sign before or after, accounting's parentheses for a negative, a currency sign or code before or
    after, an exponent, groups of three digits with the thousands mark (any of ``, . ' space`` other than the
    decimal mark where the mapping does not say which).
    """
    usual = {".": "[,'\u2019 \u00a0\u202f]", ",": "[.'\u2019 \u00a0\u202f]"}
    group = usual[marks.decimal] if not marks.thousands else "[" + re.escape(marks.thousands) + "]"
    if marks.thousands == " ":
        group = "[ \u00a0\u202f]"
    point, sign = f"[{marks.decimal}]", "[-+\u2212]"
    unit = "(?:[A-Z]{3}|R?[$]|[\u20ac\u00a3\u00a5\u20b9])"
    whole = f"(?:[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]+)"
    body = f"(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][-+]?[0-9]{{1,2}})?"
    before, after = f"(?:{unit}[ \u00a0\u202f]?)?", f"(?:[ \u00a0\u202f]?{unit})?"
    regex = (
        f"^(?:{sign}? ?{before}{body}{after}|{before}{sign} ?{body}{after}|{before}{body}{sign}{after}"
        f"|[(]{before}{body}{after}[)])$"
    )
    digits = text.re_replace("([0-9.,])[eE]-([0-9])", r"\1~\2").re_replace(f"{unit}|{group}|[-+() \u2212]", "")
    plain = digits.replace(marks.decimal, ".").re_replace(r"[.]$", "").replace("~", "e-")
    plain = plain.re_replace(r"[.]([eE])", r"\1")
    minus = text.re_search("^[^0-9]*[-(\u2212]|[-\u2212][^0-9]*$").ifelse("-", "")
    return text.re_search(regex).ifelse(minus.concat(plain), ibis.null("string"))


def money(plain: ir.StringValue) -> ir.DecimalValue:
    """Turn a plain number into money, rounded half away from zero to four decimals; null beyond 13 whole digits."""
    kept = plain.re_replace(r"^(-?[0-9]*[.][0-9]{1,15})[0-9]*$", r"\1")
    is_exact = plain.re_search(r"^-?0*[0-9]{0,13}(?:[.][0-9]*)?$")
    exact = is_exact.ifelse(kept, ibis.null("string")).cast("decimal(38, 15)").round(4).cast("decimal(18, 4)")
    is_short = plain.re_search(r"^-?[0-9](?:[.][0-9]+)?[eE](?:[-][0-9]{1,2}|[+]?0?[0-9]|[+]?1[0-2])$")
    scientific = is_short.ifelse(plain, ibis.null("string")).cast("float64").cast("decimal(18, 4)")
    return ibis.coalesce(exact, scientific)


YES, NO = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")


def read_boolean(text: ir.StringValue) -> ir.BooleanValue:
    """Read yes or no (true/false, t/f, yes/no, y/n, 1/0, in any case); null where it is neither."""
    word = text.lower()
    return word.isin(YES).ifelse(True, word.isin(NO).ifelse(False, ibis.null("boolean")))


_CLOCK_24 = r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.]\d{1,6})?)?"
_STRICT = (
    rf"^(?:{_YEAR}-(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|{_YEAR}-(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
    rf"|{_YEAR}-02-(?:0[1-9]|1\d|2[0-8])|{_LEAP}-02-29)"
)


def is_plain_day(text: ir.StringValue) -> ir.BooleanValue:
    """True for a day of the calendar as ``2026-03-31``, which every engine reads by itself."""
    return text.re_search(f"{_STRICT}$")


def is_plain_moment(text: ir.StringValue) -> ir.BooleanValue:
    """True for such a day, or a moment without a zone as ``2026-03-31 23:59:59.123``."""
    return text.re_search(f"{_STRICT}(?:[T ]{_CLOCK_24})?$")


def is_plain_whole(text: ir.StringValue) -> ir.BooleanValue:
    """True for a whole number of at most 13 digits without any mark."""
    return text.re_search(r"^-?\d{1,13}$")


def is_plain_number(text: ir.StringValue) -> ir.BooleanValue:
    """True for such a number, or one with a decimal point and at most four digits behind it."""
    return text.re_search(r"^-?\d{1,13}(?:[.]\d{1,4})?$")
