"""Rows: what the numbers of one page are made of, told once, so that a published page can open each number.

A page holds the details of a deal once, however many numbers it is part of, and a number as a list of places among
them, packed as in :mod:`salesnb.report.packing`.
"""

from __future__ import annotations

import datetime as dtm
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from salesnb import formats
from salesnb.analysis.behind import ID_OF, MOST, Behind, Thing
from salesnb.analysis.details import DETAILS, Kind, details
from salesnb.data.book import Book
from salesnb.report.packing import Pack, Store, cut, exact, extra, is_null, packed, scaled

KIND = "application/vnd.salesnb.rows+json"
"""The type of the output that a published page takes the rows from."""
VERSION = 1
LONGEST_TITLE = 300
"""The characters of a heading that are kept."""


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
        What a published page holds, as JSON types: ``version, day, currency, texts, packs, things, sets``.

        ``things`` has for each kind of thing ``n`` and ``columns`` of ``title, kind, scale, base, values``; ``sets``
        has for each number ``key, title, thing, unit, n, total, rows, adds, extras``; extras are columns. ``values``
        and ``rows`` are places in ``packs``, texts of whole numbers joined by commas, where nothing between two commas
        is a null. Of a text the number is its place in ``texts``, of a date the days since ``base``, which is itself
        told in days since 1970, of a number or money its value times ten to the power of ``scale``. The rows of a set
        are places among the things, each told as the difference to the one before. ``adds`` is ``"one"``, ``"amount"``
        where it is the deal's amount in every row and 0 where that is not known, or scale and values.
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
    store = Store()
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
            amounts = [exact(value) for value in frame["amount"]]
        columns = [
            {
                "title": _titled(detail.title, detail.kind, book.currency),
                **packed(frame[detail.name], detail.kind, store),
            }
            for detail in DETAILS[thing]
            if detail.name == ID_OF[thing] or frame[detail.name].notna().any()
        ]
        things[thing] = {"n": len(ids), "columns": columns}
    sets = [_set(number, places[number.thing], amounts, store) for number in numbers]
    things, sets = store.settled(things), store.settled(sets)
    content = {
        "version": VERSION,
        "day": day.isoformat(),
        "currency": book.currency,
        "texts": store.ranked(),
        "packs": list(store.packs),
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
    return ["" if is_null(one) else str(one) for one in number.rows[ID_OF[number.thing]].head(MOST)]


def _set(number: Behind, places: Mapping[str, int], amounts: Sequence[Decimal | None], store: Store) -> dict[str, Any]:
    frame = number.rows.head(MOST)
    at = [places[one] for one in _ids(number)]
    adds = [exact(value) for value in frame["adds"]]
    told: str | dict[str, Any]
    if all(value == 1 for value in adds):
        told = "one"
    elif any(amounts) and number.thing == "deal" and all(v == (amounts[p] or 0) for v, p in zip(adds, at, strict=True)):
        told = "amount"
    else:
        told = scaled(adds)
    extras = [
        {"title": cut(title, LONGEST_TITLE), **extra(frame[name], store)} for name, title in number.extras.items()
    ]
    return {
        "key": number.key,
        "title": cut(number.title, LONGEST_TITLE),
        "thing": number.thing,
        "unit": number.unit,
        "n": int(number.n),
        "total": f"{(exact(number.total) or Decimal(0)).normalize():f}",
        "rows": Pack([b - a for a, b in zip([0, *at], at, strict=False)]),
        "adds": told,
        "extras": extras,
    }


def _titled(title: str, kind: Kind, currency: str) -> str:
    return f"{title} ({currency})" if kind == "money" and currency else title
