"""Row sets: the rows behind a page's numbers, checked as if a stranger had sent them, and written so that nothing acts.

Of all outputs that are no text, table or picture, a page takes this one alone, from :mod:`salesnb.report.rows`. Its
shape is held to the letter: the names, the types, the sizes, and that every place it names is there. What comes out is
a text that stands in a block of data, which no browser runs.
"""

from __future__ import annotations

import datetime as dtm
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from html.parser import HTMLParser
from typing import Any, TypeAlias

from salesnb.formats import visible
from salesnb.run.shapes import fields, items, text

KIND = "application/vnd.salesnb.rows+json"
"""The type of the output; told again here, as are the bounds, so that the process that makes pages loads no engine."""
KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
"""What opens a number's rows."""
BLOCK = "snb-rows-data"
"""The id of the block of data in a page."""
VERSION = 1
MOST = 5000
LONGEST = 1000
_MOST_SETS = 5000
_MOST_THINGS = 1_000_000
_MOST_PACKS = 100_000
_MOST_COLUMNS = 40
_LONGEST_TITLE = 300
_THINGS = ("deal", "lead", "account", "visitor")
_KINDS = ("text", "money", "number", "date")
_NUMBER = re.compile(r"-?[0-9]{1,17}", re.ASCII)
_TOTAL = re.compile(r"-?[0-9]{1,24}(?:\.[0-9]{1,4})?", re.ASCII)
_DAYS = (-800_000, 3_000_000)
Packs: TypeAlias = Sequence[Sequence[int | None]]
_ESCAPED = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def embedded(content: Any) -> str:
    """Return the rows as JSON for a block of data in a page.

    Parameters
    ----------
    content
        What an output of the type :data:`KIND` holds.

    Returns
    -------
    str
        JSON in which nothing hidden is left and no character stands that could end the block; empty where no number
        has rows.

    Raises
    ------
    ValueError
        It has not the shape of rows; the message says where, and none of its texts.
    """
    top = fields(content, "version day currency texts packs things sets", "the rows")
    if top["version"] != VERSION or isinstance(top["version"], bool):
        raise ValueError("the rows are of another version")
    day = dtm.date.fromisoformat(text(top["day"], 10, "the day"))
    currency = visible(text(top["currency"], 20, "the currency"))
    texts = [visible(text(one, LONGEST, "a text")) for one in items(top["texts"], _MOST_THINGS * 2, "the texts")]
    packs = [_numbers(one) for one in items(top["packs"], _MOST_PACKS, "the packs")]
    if not isinstance(top["things"], dict) or not set(top["things"]) <= set(_THINGS):
        raise ValueError("the things are not those that are known")
    things = {name: _thing(value, packs, len(texts), name) for name, value in top["things"].items()}
    sets = [_set(one, things, packs, len(texts)) for one in items(top["sets"], _MOST_SETS, "the sets")]
    if len({one["key"] for one in sets}) < len(sets):
        raise ValueError("two sets have one key")
    if not sets:
        return ""
    made = {
        "day": day.isoformat(), "currency": currency, "texts": texts, "packs": list(top["packs"]), "things": things,
        "sets": sets,
    }  # fmt: skip
    return json.dumps(made, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_ESCAPED)


def keys(block: str) -> list[str]:
    """Return the keys of the sets in a block of data, in order; none where there is no block."""
    return [one["key"] for one in json.loads(block)["sets"]] if block else []


def faults(html: str) -> list[str]:
    """Say what is wrong with the numbers of a finished page that open rows.

    Returns
    -------
    list of str
        One sentence each key that two sets have, and each number that is linked and has no rows.
    """
    page = _Numbers()
    page.feed(html)
    page.close()
    known = keys(page.block)
    twice = sorted({key for key in known if known.count(key) > 1})
    return [f"two sets have the key {key}" for key in twice] + dead(page.links, known)


def dead(links: Iterable[str], known: Collection[str]) -> list[str]:
    """Say which of the keys that numbers are linked with have no rows."""
    return [f"{key} is linked and has no rows" for key in dict.fromkeys(links) if key not in known]


class _Numbers(HTMLParser):
    """The keys that a page links, and its block of data."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.block = ""
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [value or "" for name, value in attrs if name == "data-rows"]
        self._is_inside = tag == "script" and given.get("id") == BLOCK

    def handle_endtag(self, tag: str) -> None:
        self._is_inside = False

    def handle_data(self, data: str) -> None:
        if self._is_inside:
            self.block += data


def _thing(value: Any, packs: Packs, texts: int, name: str) -> dict[str, Any]:
    given = fields(value, "n columns", name)
    n = _whole(given["n"], _MOST_THINGS, name)
    columns = items(given["columns"], _MOST_COLUMNS, name)
    if not columns:
        raise ValueError(f"{name} has no columns")
    return {"n": n, "columns": [_column(column, n, packs, texts, name) for column in columns]}


def _set(value: Any, things: Mapping[str, Any], packs: Packs, texts: int) -> dict[str, Any]:
    given = fields(value, "key title thing unit n total rows adds extras", "a set")
    key = text(given["key"], _LONGEST_TITLE, "a key")
    if not KEY.fullmatch(key):
        raise ValueError("a key has not the shape of one")
    if text(given["thing"], 20, key) not in things or given["unit"] not in ("money", "count"):
        raise ValueError(f"the set {key} is of a thing or a unit that is not known")
    if not _TOTAL.fullmatch(text(given["total"], 30, key)):
        raise ValueError(f"the total of {key} is no number")
    steps = _pack(given["rows"], packs, None, key)
    place = 0
    for step in steps:
        place = -1 if step is None else place + step
        if not 0 <= place < things[given["thing"]]["n"]:
            raise ValueError(f"the set {key} names a row that is not there")
    n = _whole(given["n"], 10**12, key)
    if len(steps) > min(n, MOST):
        raise ValueError(f"the set {key} has more rows than it may")
    extras = [_column(one, len(steps), packs, texts, key) for one in items(given["extras"], _MOST_COLUMNS, key)]
    kept = {name: given[name] for name in ("key", "thing", "unit", "n", "total", "rows")}
    title = visible(text(given["title"], _LONGEST_TITLE, key))
    is_priced = given["thing"] == "deal" and any(c["kind"] == "money" for c in things["deal"]["columns"])
    adds = _adds(given["adds"], len(steps), packs, key, ("one", "amount") if is_priced else ("one",))
    return {**kept, "title": title, "adds": adds, "extras": extras}


def _adds(value: Any, n: int, packs: Packs, key: str, words: Sequence[str]) -> str | dict[str, Any]:
    if isinstance(value, str) and value in words:
        return value
    given = fields(value, "scale values", key)
    _pack(given["values"], packs, n, key)
    return {"scale": _whole(given["scale"], 4, key), "values": given["values"]}


def _column(value: Any, n: int, packs: Packs, texts: int, where: str) -> dict[str, Any]:
    given = fields(value, "title kind scale base values", where)
    kind, base = given["kind"], given["base"]
    if kind not in _KINDS:
        raise ValueError(f"a column of {where} is of a kind that is not known")
    first, last = _DAYS if kind == "date" else (0, 0)
    if not isinstance(base, int) or isinstance(base, bool) or not first <= base <= last:
        raise ValueError(f"a column of {where} begins where it may not")
    low, high = {"text": (0, texts - 1), "date": _DAYS}.get(kind, (-(10**17), 10**17))
    if any(one is not None and not low <= base + one <= high for one in _pack(given["values"], packs, n, where)):
        raise ValueError(f"a column of {where} has a value out of bounds")
    title = visible(text(given["title"], _LONGEST_TITLE, where))
    scale = _whole(given["scale"], 4, where)
    return {"title": title, "kind": kind, "scale": scale, "base": base, "values": given["values"]}


def _pack(place: Any, packs: Packs, n: int | None, where: str) -> Sequence[int | None]:
    """Return the numbers at a place among the packs, held to how many they have to be."""
    found = packs[_whole(place, len(packs) - 1, where)]
    # One null and none at all are written alike.
    if n is not None and len(found) != n and not (n == 1 and not found):
        raise ValueError(f"{where} has {len(found)} values where it has {n} rows")
    return found


def _numbers(value: Any) -> Sequence[int | None]:
    """Unpack whole numbers, None where there is none."""
    parts = text(value, 20 * _MOST_THINGS, "a pack").split(",") if value != "" else []
    if any(part and not _NUMBER.fullmatch(part) for part in parts):
        raise ValueError("a pack has a value that is no number")
    return [int(part) if part else None for part in parts]


def _whole(value: Any, most: int, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ValueError(f"{where} has no whole number up to {most:,d}")
    return value
