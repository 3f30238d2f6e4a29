"""Rows: what the numbers of one page are made of, told once, so that a published page can open each number.

A page holds the details of a deal once, however many numbers it is part of, and a number as a list of places among
them. Numbers are packed into texts, ``"12,1,1,3"``: a notebook file would give each of them a line of its own.
"""

from __future__ import annotations

import datetime as dtm
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Protocol

import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import ID_OF, MOST, Behind, Thing
from salesnb.analysis.details import DETAILS, Kind, details
from salesnb.data.book import Book

KIND = "application/vnd.salesnb.rows+json"
"""The type of the output that a published page takes the rows from."""
VERSION = 1
LONGEST = 1000
LONGEST_TITLE = 300
"""The characters of a text and of a heading that are kept; a longer one ends in ``…``."""
_DAY_0 = dtm.date(1970, 1, 1)
_EXACT = 2**53
_PLACES = 4


class Opening(Protocol):
    """A result that tells the rows behind its numbers."""

    @property
    def behind(self) -> tuple[Behind, ...]:
        """The rows behind each number."""
        ...


@dataclass(frozen=True)
class Rows:
    """The rows behind the numbers of a page.

    Attributes
    ----------
    content
        What a published page holds, as JSON types: ``version, day, currency, texts, things, sets``.

        ``things`` has for each kind of thing ``n`` and ``columns`` of ``title, kind, scale, values``; ``sets`` has for
        each number ``key, title, thing, unit, n, total, rows, adds, extras``. Packed values are joined by commas, and
        nothing between two of them is a null: of a text the place in ``texts``, of a date the days since 1970, of a
        number or money the number times ten to the power of ``scale``. ``rows`` are places among the things, each told
        as the difference to the one before. ``adds`` is ``"one"``, ``"amount"`` where it is the deal's amount in every
        row and 0 where that is not known, or scale and values.
    """

    content: Mapping[str, Any]

    @property
    def alt(self) -> str:
        """How many things are behind how many numbers."""
        numbers = len(self.content["sets"])
        if not numbers:
            return "No number of this page has rows that could be opened."
        found = [formats.plural(thing["n"], name) for name, thing in self.content["things"].items()]
        behind = f"{formats.listed(found)} behind {formats.plural(numbers, 'number')}"
        return f"{behind}; {'it opens' if numbers == 1 else 'they open'} on the published page."

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        html = f'<p class="snb-note" id="snb-rows">{self.alt}</p>'
        return {KIND: dict(self.content), "text/html": html, "text/plain": self.alt}


def rows(book: Book, day: dtm.date, *results: Opening) -> Rows:
    """Collect the rows behind the numbers of results, with the details of each thing as it stood on a day.

    Parameters
    ----------
    day
        The day that the details are of, included; see :func:`salesnb.analysis.details.details`.
    results
        What the page shows: each with its ``behind``.

    Returns
    -------
    Rows
        The same for the same book and results. A thing that is in no table keeps its id, and its details are empty; a
        column of details that is empty throughout is left out.

    Raises
    ------
    ValueError
        Two numbers have one key, or a number has fewer rows than are given of it.
    """
    numbers = _numbers(results)
    texts = _Texts()
    things: dict[str, Any] = {}
    places: dict[Thing, dict[str, int]] = {}
    amounts: list[Decimal | None] = []
    for thing in DETAILS:
        of_thing = [number for number in numbers if number.thing == thing]
        if not of_thing:
            continue
        ids = list(dict.fromkeys(one for number in of_thing for one in _ids(number)))
        places[thing] = {one: place for place, one in enumerate(ids)}
        known = details(book, day, thing, ids).set_index(ID_OF[thing], drop=False)
        frame = known.reindex(ids).assign(**{ID_OF[thing]: ids})
        if thing == "deal":
            amounts = [_exact(value) for value in frame["amount"]]
        columns = [
            {
                "title": _titled(detail.title, detail.kind, book.currency),
                **_packed(frame[detail.name], detail.kind, texts),
            }
            for detail in DETAILS[thing]
            if detail.name == ID_OF[thing] or frame[detail.name].notna().any()
        ]
        things[thing] = {"n": len(ids), "columns": columns}
    sets = [_set(number, places[number.thing], amounts, texts) for number in numbers]
    content = {
        "version": VERSION,
        "day": day.isoformat(),
        "currency": book.currency,
        "texts": list(texts.places),
        "things": things,
        "sets": sets,
    }
    return Rows(content)


def _numbers(results: Iterable[Opening]) -> list[Behind]:
    numbers = [number for result in results for number in result.behind]
    keys = [number.key for number in numbers]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f"two numbers of a page have one key: {', '.join(twice)}")
    short = [number.key for number in numbers if number.n < len(number.rows)]
    if short:
        raise ValueError(f"more rows are given than there are: {', '.join(short)}")
    return numbers


def _ids(number: Behind) -> list[str]:
    return ["" if _is_null(one) else str(one) for one in number.rows[ID_OF[number.thing]].head(MOST)]


class _Texts:
    """Texts, each kept once, by their place."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}

    def place(self, text: str) -> int:
        """Return the place of a text, the next one where it is new."""
        return self.places.setdefault(_cut(text, LONGEST), len(self.places))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _set(number: Behind, places: Mapping[str, int], amounts: Sequence[Decimal | None], texts: _Texts) -> dict[str, Any]:
    frame = number.rows.head(MOST)
    at = [places[one] for one in _ids(number)]
    adds = [_exact(value) for value in frame["adds"]]
    told: str | dict[str, Any]
    if all(value == 1 for value in adds):
        told = "one"
    elif any(amounts) and number.thing == "deal" and all(v == (amounts[p] or 0) for v, p in zip(adds, at, strict=True)):
        told = "amount"
    else:
        told = _scaled(adds)
    extras = [
        {"title": _cut(title, LONGEST_TITLE), **_extra(frame[name], texts)} for name, title in number.extras.items()
    ]
    return {
        "key": number.key,
        "title": _cut(number.title, LONGEST_TITLE),
        "thing": number.thing,
        "unit": number.unit,
        "n": int(number.n),
        "total": f"{(_exact(number.total) or Decimal(0)).normalize():f}",
        "rows": ",".join(str(b - a) for a, b in zip([0, *at], at, strict=False)),
        "adds": told,
        "extras": extras,
    }


def _titled(title: str, kind: Kind, currency: str) -> str:
    return f"{title} ({currency})" if kind == "money" and currency else title


def _kind(values: pd.Series) -> Kind:
    """Tell what the values of an extra are."""
    known = [value for value in values if not _is_null(value)]
    if known and all(isinstance(value, dtm.date) for value in known):
        return "date"
    if known and all(_is_number(value) for value in known):
        return "number"
    return "text"


def _extra(values: pd.Series, texts: _Texts) -> dict[str, Any]:
    """Pack an extra; of numbers that are no shares, two decimals are told."""
    kind = _kind(values)
    if kind != "number":
        return _packed(values, kind, texts)
    exact = [_exact(value) for value in values]
    is_share = all(abs(value) <= 1 for value in exact if value is not None)
    return {"kind": kind, **_scaled(exact if is_share else [None if v is None else round(v, 2) for v in exact])}


def _is_number(value: Any) -> bool:
    return isinstance(value, Decimal) or (pd.api.types.is_number(value) and not pd.api.types.is_bool(value))


def _packed(values: Iterable[Any], kind: Kind, texts: _Texts) -> dict[str, Any]:
    if kind in ("money", "number"):
        return {"kind": kind, **_scaled([_exact(value) for value in values])}
    pack: Callable[[Any], int] = _days if kind == "date" else partial(_place, texts)
    packed: dict[Any, str] = {}
    told = []
    for value in values:
        if value not in packed:
            packed[value] = "" if _is_null(value) else str(pack(value))
        told.append(packed[value])
    return {"kind": kind, "scale": 0, "values": ",".join(told)}


def _place(texts: _Texts, value: Any) -> int:
    if pd.api.types.is_bool(value):
        return texts.place("yes" if value else "no")
    return texts.place(str(value))


def _days(value: dtm.date) -> int:
    return (dtm.date(value.year, value.month, value.day) - _DAY_0).days


def _scaled(values: Sequence[Decimal | None]) -> dict[str, Any]:
    """Return the numbers as whole ones times a power of ten, the smallest that loses nothing and that JSON can hold."""
    known = [value for value in values if value is not None]
    largest = max((abs(value) for value in known), default=Decimal(0))
    scale = max((-_exponent(value) for value in known), default=0)
    while scale and largest.scaleb(scale) > _EXACT:
        scale -= 1
    whole = ["" if value is None else f"{round(value.scaleb(scale)):d}" for value in values]
    return {"scale": scale, "values": ",".join(whole)}


def _exponent(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return min(exponent, 0)


def _exact(value: Any) -> Decimal | None:
    """Return a number with at most four decimals; None where it is none."""
    if formats.is_missing(value):
        return None
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    return round(exact, _PLACES)


def _is_null(value: Any) -> bool:
    return value is None or value is pd.NaT or value is pd.NA or value != value
