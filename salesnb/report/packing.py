"""Packing: columns of a frame as short texts of whole numbers, which a page holds by the thousand.

Numbers are joined by commas, ``"12,1,,3"``, nothing being a null: a notebook file would give each of them a line of its
own. Equal packs are kept once, the texts used most have the shortest places, and dates count from the first of their
column; together that is 1.4 MB where plain columns of the sample's funnel make 2.4.
"""

from __future__ import annotations

import datetime as dtm
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.details import Kind

LONGEST = 1000
"""The characters of a text that are kept."""
_DAY_0 = dtm.date(1970, 1, 1)
_EXACT = 2**53
_PLACES = 4


@dataclass(frozen=True)
class Pack:
    """Whole numbers that will be one text; of texts, their places in the order in which they came."""

    values: Sequence[int | None]
    are_texts: bool = False


class Store:
    """Texts and packs, each kept once.

    Attributes
    ----------
    texts
        Each text, and its place in the order in which they came.
    packs
        Each pack as a text, and its place.
    """

    def __init__(self) -> None:
        self.texts: dict[str, int] = {}
        self.packs: dict[str, int] = {}
        self._used: Counter[int] = Counter()

    def place(self, text: str) -> int:
        """Return the place of a text in the order in which they came."""
        return self.texts.setdefault(cut(text, LONGEST), len(self.texts))

    def of_texts(self, places: Sequence[int | None]) -> Pack:
        """Return a pack of texts, and count them."""
        self._used.update(place for place in places if place is not None)
        return Pack(places, are_texts=True)

    def ranked(self) -> list[str]:
        """Return the texts, those used most first."""
        return sorted(self.texts, key=lambda text: (-self._used[self.texts[text]], self.texts[text]))

    def settled(self, told: Any) -> Any:
        """Return a tree in which each pack is its place among the packs, and texts are told by their rank."""
        ranks = {self.texts[text]: rank for rank, text in enumerate(self.ranked())}

        def settle(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: settle(item) for key, item in value.items()}
            if isinstance(value, list):
                return [settle(item) for item in value]
            if not isinstance(value, Pack):
                return value
            numbers = [None if v is None else ranks[v] for v in value.values] if value.are_texts else value.values
            text = ",".join("" if number is None else str(number) for number in numbers)
            return self.packs.setdefault(text, len(self.packs))

        return settle(told)


def cut(text: str, most: int) -> str:
    """Return a text, at most so many characters of it; one that is longer ends in ``…``."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _kind(values: pd.Series) -> Kind:
    """Tell what the values of an extra are."""
    known = [value for value in values if not is_null(value)]
    if known and all(isinstance(value, dtm.date) for value in known):
        return "date"
    if known and all(_is_number(value) for value in known):
        return "number"
    return "text"


def extra(values: pd.Series, store: Store) -> dict[str, Any]:
    """Pack an extra; of numbers that are no shares, two decimals are told."""
    kind = _kind(values)
    if kind != "number":
        return packed(values, kind, store)
    numbers = [exact(value) for value in values]
    is_share = all(abs(number) <= 1 for number in numbers if number is not None)
    rounded = numbers if is_share else [None if number is None else round(number, 2) for number in numbers]
    return {"kind": kind, "base": 0, **scaled(rounded)}


def _is_number(value: Any) -> bool:
    return isinstance(value, Decimal) or (pd.api.types.is_number(value) and not pd.api.types.is_bool(value))


def packed(values: Iterable[Any], kind: Kind, store: Store) -> dict[str, Any]:
    """Pack a column: its ``kind, scale, base, values``."""
    if kind in ("money", "number"):
        return {"kind": kind, "base": 0, **scaled([exact(value) for value in values])}
    pack: Callable[[Any], int] = _days if kind == "date" else partial(_place, store)
    seen: dict[Any, int | None] = {}
    numbers = []
    for value in values:
        if value not in seen:
            seen[value] = None if is_null(value) else pack(value)
        numbers.append(seen[value])
    if kind == "text":
        return {"kind": kind, "scale": 0, "base": 0, "values": store.of_texts(numbers)}
    base = min((number for number in numbers if number is not None), default=0)
    return {
        "kind": kind, "scale": 0, "base": base,
        "values": Pack([None if number is None else number - base for number in numbers]),
    }  # fmt: skip


def _place(store: Store, value: Any) -> int:
    if pd.api.types.is_bool(value):
        return store.place("yes" if value else "no")
    return store.place(str(value))


def _days(value: dtm.date) -> int:
    return (dtm.date(value.year, value.month, value.day) - _DAY_0).days


def scaled(values: Sequence[Decimal | None]) -> dict[str, Any]:
    """Return the numbers as whole ones times a power of ten, the smallest that loses nothing and that JSON can hold."""
    known = [value for value in values if value is not None]
    largest = max((abs(value) for value in known), default=Decimal(0))
    scale = max((-_exponent(value) for value in known), default=0)
    while scale and largest.scaleb(scale) > _EXACT:
        scale -= 1
    return {"scale": scale, "values": Pack([None if v is None else round(v.scaleb(scale)) for v in values])}


def _exponent(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return min(exponent, 0)


def exact(value: Any) -> Decimal | None:
    """Return a number with at most four decimals; None where it is none."""
    if formats.is_missing(value):
        return None
    return round(value if isinstance(value, Decimal) else Decimal(str(value)), _PLACES)


def is_null(value: Any) -> bool:
    """Tell whether a value out of a frame is none."""
    return value is None or value is pd.NaT or value is pd.NA or value != value
