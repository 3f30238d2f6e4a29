"""How a number, a date and a list are written for a person to read, decided once.

Formats: ``10.0 M``, ``8.1 M USD``, ``63.2 %``, ``57 days``, ``1.2 k``, ``+3.1 points``. A value that is not there is
``n/a``. Headlines, tables, tiles and charts all ask here; nothing else rounds a number for display.
"""

from __future__ import annotations

import datetime as dtm
import math
import re
from collections.abc import Sequence
from typing import Any

NOT_AVAILABLE = "n/a"
MINUS = "\N{MINUS SIGN}"
_UNIT = re.compile(
    r"(?<=\d) (?=(?:[kMB]|%|days?|points?|months)\b|%)|(?<=\d [kMB]) (?=[A-Z]{3}\b)|(?<=[nN]) (?== \d)|(?<=n =) (?=\d)"
)
_PLURAL = re.compile(r"s(?= (?:without|of|that)\b)")
"""The end of the noun that :func:`rows_of` takes in the plural."""
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)


def visible(text: str) -> str:
    r"""Return text in which nothing acts unseen and which any file can hold.

    Control characters, turns of direction and what is no character (half a surrogate pair) become U+FFFD.

    Examples
    --------
    >>> visible("a\u202eb\x07c\n")
    'a\ufffdb\ufffdc\n'
    """
    return _HIDDEN.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


def is_missing(value: Any) -> bool:
    """Tell whether a value is None, NaN, NaT or infinite, and so cannot be written as a number."""
    if value is None:
        return True
    try:
        return not math.isfinite(float(value))
    except (TypeError, ValueError):
        return str(value) in ("NaT", "<NA>")


def exact(count: float | None) -> str:
    """Write a count in full, thousands apart: ``8,800``."""
    return NOT_AVAILABLE if is_missing(count) else _signed(f"{round(float(count or 0)):,d}")


def cents(amount: Any, currency: str = "") -> str:
    """Write money in full, to the cent: ``10,005,534.00 USD``; for tables that must tie out."""
    if is_missing(amount):
        return NOT_AVAILABLE
    return _with(_signed(f"{amount:,.2f}"), currency)


def compact(value: float | None, digits: int = 1) -> str:
    """Write a number short: ``10.0 M``, ``1.2 k``, ``57``, ``0.4``.

    From a thousand on with `digits` decimals and k, M or B; below, without decimals from 100 on and else with as many
    as `digits` where the number is not whole.

    Examples
    --------
    >>> [compact(x) for x in (10_005_534, 1234, 999_960, 57, 57.25, 0)]
    ['10.0 M', '1.2 k', '1.0 M', '57', '57.2', '0']
    """
    if is_missing(value):
        return NOT_AVAILABLE
    size = abs(float(value or 0))
    if round(size) < 1000:
        text = f"{size:.0f}" if size >= 100 or round(size, digits) == round(size) else f"{size:.{digits}f}"
    else:
        scale, name = next(((x, n) for x, n in ((1e3, "k"), (1e6, "M")) if round(size / x, digits) < 1000), (1e9, "B"))
        text = f"{size / scale:,.{digits}f} {name}"
    return (MINUS + text) if float(value or 0) < 0 and _has_digit(text) else text


def money(amount: Any, currency: str = "", digits: int = 1) -> str:
    """Write money short, with its currency where given: ``8.1 M USD``."""
    return NOT_AVAILABLE if is_missing(amount) else _with(compact(float(amount), digits), currency)


def share(ratio: float | None, digits: int = 1) -> str:
    """Write a ratio as a percentage: 0.632 is ``63.2 %``."""
    return NOT_AVAILABLE if is_missing(ratio) else _signed(f"{float(ratio or 0) * 100:,.{digits}f}") + " %"


def chance(probability: float) -> str:
    """Write a probability, which is never said to be nothing or certain.

    Examples
    --------
    >>> chance(0.37), chance(0.0004), chance(0.9996)
    ('37 %', 'under 1 %', 'over 99 %')
    """
    if probability < 0.005:
        return "under 1 %"
    return "over 99 %" if probability > 0.995 else share(probability, 0)


def days(value: float | None) -> str:
    """Write a duration: ``57 days``, ``1 day``, ``51.8 days``."""
    if is_missing(value):
        return NOT_AVAILABLE
    text = compact(value)
    return f"{text} day" if text == "1" else f"{text} days"


def value(amount: Any, unit: str, currency: str = "") -> str:
    """Write a KPI's value in its unit.

    Parameters
    ----------
    amount
        The value; None and NaN are written ``n/a``.
    unit
        The unit of the KPI.
    currency
        Written after money; leave it out where a heading says it.
    """
    if is_missing(amount):
        return NOT_AVAILABLE
    match unit:
        case "money":
            return money(amount, currency)
        case "money_per_day":
            return f"{money(amount, currency)} a day"
        case "ratio":
            return share(amount)
        case "percent":
            return _signed(f"{float(amount):.1f}") + " %"
        case "points":
            return _signed(f"{float(amount):.1f}") + " points"
        case "days":
            return days(amount)
        case "months":
            return f"{compact(amount)} months"
        case "count":
            return exact(amount) if abs(float(amount)) < 10_000 else compact(amount)
        case _:
            return compact(amount, 2 if abs(float(amount)) < 10 else 1)


def change(amount: Any, unit: str, currency: str = "") -> str:
    """Write a difference with its sign; a difference of ratios or percentages is in points.

    Examples
    --------
    >>> change(0.031, "ratio"), change(1_200_000, "money", "USD"), change(2, "days")
    ('+3.1 points', '+1.2 M USD', '+2 days')
    """
    if is_missing(amount):
        return NOT_AVAILABLE
    if unit in ("ratio", "percent"):
        return with_sign(_signed(f"{float(amount) * (100 if unit == 'ratio' else 1):.1f}") + " points", amount)
    return with_sign(value(amount, unit, currency), amount)


def relative(ratio: float | None, digits: int = 1) -> str:
    """Write a relative change with its sign: ``+18.0 %``."""
    return NOT_AVAILABLE if is_missing(ratio) else with_sign(share(ratio, digits), ratio)


def with_sign(text: str, amount: Any) -> str:
    """Put a plus before the text of a positive amount, unless it was rounded to zero."""
    return f"+{text}" if float(amount) > 0 and _has_digit(text) else text


def interval(low: Any, high: Any, unit: str) -> str:
    """Write an interval in a KPI's unit: ``61.0 to 65.3 %``; empty where there is none."""
    if is_missing(low) or is_missing(high):
        return ""
    left, right = value(low, unit), value(high, unit)
    for tail in (" %", " points", " days", " a day", " months"):
        if left.endswith(tail) and right.endswith(tail):
            return f"{left.removesuffix(tail)} to {right}"
    return f"{left} to {right}"


def day(date: dtm.date) -> str:
    """Write a date so that nobody takes the month for the day: ``2026-09-30``."""
    return date.isoformat()


def plural(count: int, one: str, many: str = "") -> str:
    """Write a count with its noun: ``1 deal``, ``1,196 deals``."""
    return f"{count:,d} {one if count == 1 else many or one + 's'}"


def rows_of(count: int, what: str) -> str:
    """Write a count with words that begin with a plural: ``1 order line without an account``.

    Examples
    --------
    >>> rows_of(2, "accounts that only gave back"), rows_of(1, "order lines without an account")
    ('2 accounts that only gave back', '1 order line without an account')
    """
    return f"{count:,d} {_PLURAL.sub('', what, count=1) if count == 1 else what}"


def listed(names: Sequence[str], most: int = 4) -> str:
    """Join names into words: ``a``, ``a and b``, ``a, b and c``, ``a, b, c, d and 3 more``."""
    shown = [str(name) for name in names[:most]]
    if len(names) > most:
        shown.append(f"{len(names) - most:,d} more")
    if len(shown) < 2:
        return "".join(shown)
    return ", ".join(shown[:-1]) + " and " + shown[-1]


def unbroken(text: str) -> str:
    r"""Put no-break spaces between numbers and their units, for text that a page wraps.

    Examples
    --------
    >>> unbroken("up 6.0 % to 2.8 M USD").count("\u00a0")
    3
    """
    return _UNIT.sub("\N{NO-BREAK SPACE}", text)


def _with(text: str, currency: str) -> str:
    return f"{text} {currency}" if currency else text


def _signed(text: str) -> str:
    if not text.startswith("-"):
        return text
    return MINUS + text[1:] if _has_digit(text) else text[1:]


def _has_digit(text: str) -> bool:
    return any(c in "123456789" for c in text)
