"""Numbers of a page that open their rows: open every one, and hold what it shows against the data and the number.

::

    with opened(browser, file) as watched:
        found = open_all(watched.page)
        assert wrong(found) == closed(watched.page) == unused(watched.page, found) == []
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from itertools import accumulate
from typing import Any

from playwright.sync_api import Page

from salesnb import formats

MOST, FIRST = 5000, 200
PLAIN = re.compile(
    r"(?!0\.)[-+\N{MINUS SIGN}]?[0-9][0-9.,]*(?: [kMB])?(?: [A-Z]{3}| deals?| leads?| accounts?| visitors?)?"
)
"""A count or an amount, and nothing else; a number between 0 and 1 is a score."""
_KEYS = 3
_EVERY = """async ([keys, stride]) => {
    const found = [];
    const links = [...document.querySelectorAll("a.snb-opens[role=button]")].slice(keys);
    for (const link of links.filter((_, place) => place %% stride === 0)) {
        link.click();
        const dialog = document.querySelector("dialog.snb-rows[open]");
        found.push([link.dataset.rows, link.textContent, (%s)(dialog)]);
        const closed = new Promise((done) => dialog.addEventListener("close", done, { once: true }));
        dialog.close();
        await closed;
        if (document.activeElement !== link) throw new Error("the focus did not return to " + link.dataset.rows);
    }
    return found;
}"""
_READ = """(dialog) => {
    const text = (selector) => dialog.querySelector(selector).textContent;
    return {
        title: text("h2"), said: text(".snb-rows-said"), summed: text("[role=status]"),
        heads: [...dialog.querySelectorAll("thead th")].map((one) => one.textContent),
        lines: dialog.querySelectorAll("tbody tr").length,
        more: dialog.querySelector(".snb-rows-more").hidden ? "" : text(".snb-rows-more"),
    };
}"""
_CLOSED = """() => [...document.querySelectorAll("main td.num, main .snb-value")]
    .filter((one) => /[1-9]/.test(one.firstChild?.textContent || "") && !one.querySelector("a.snb-opens[role=button]"))
    .map((one) => one.innerText.replace(/\\s+/g, " "))"""


@dataclass(frozen=True)
class Set:
    """The rows of one number, as the page's data has them.

    Attributes
    ----------
    told
        What the data says of it.
    currency
        Of the data.
    amounts
        The amount of every deal, in the order of the things; None where it is not known.
    packs
        Whole numbers as texts, which rows and values name by their place.
    """

    told: dict[str, Any]
    currency: str
    amounts: Sequence[float | None] = ()
    packs: Sequence[str] = ()

    @cached_property
    def places(self) -> list[int]:
        """The places of its rows among the things."""
        steps = self.packs[self.told["rows"]]
        return list(accumulate(map(int, steps.split(",")))) if steps else []

    @cached_property
    def adds(self) -> list[float]:
        """What each of its rows adds."""
        if self.told["adds"] == "one":
            return [1.0] * len(self.places)
        if self.told["adds"] == "amount":
            return [self.amounts[place] or 0.0 for place in self.places]
        values = self.packs[self.told["adds"]["values"]].split(",") if self.places else []
        return [float(value or 0) / 10 ** self.told["adds"]["scale"] for value in values]

    @property
    def total(self) -> float:
        """What all rows add."""
        return float(self.told["total"])

    @property
    def n(self) -> int:
        """How many rows there are in all."""
        return int(self.told["n"])


@dataclass(frozen=True)
class Opened:
    """A number that was opened.

    Attributes
    ----------
    key, text
        What it opens, and what it says.
    shown
        What the dialog shows: ``title, said, summed, heads, lines, more``.
    behind
        What the data has of it.
    """

    key: str
    text: str
    shown: dict[str, Any]
    behind: Set


def sets(page: Page) -> dict[str, Set]:
    """The rows of every number, by key, as the page's data has them; none where the page has none."""
    text = page.evaluate("document.getElementById('snb-rows-data')?.textContent")
    if not text:
        return {}
    told = json.loads(text)
    money = [c for c in told["things"].get("deal", {"columns": []})["columns"] if c["kind"] == "money"]
    values = told["packs"][money[0]["values"]].split(",") if money else []
    amounts = [float(value) / 10 ** money[0]["scale"] if value else None for value in values]
    return {one["key"]: Set(one, told["currency"], amounts, told["packs"]) for one in told["sets"]}


def open_all(page: Page, *, stride: int = 1) -> list[Opened]:
    """Open every number that opens, read its dialog, close it, and be back at the number; the first by the keyboard.

    With a stride, only one in so many.
    """
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    behind = sets(page)
    links = page.locator("a.snb-opens[role=button]")
    read: list[tuple[str, str, dict[str, Any]]] = []
    for place in range(min(_KEYS, links.count())):
        link = links.nth(place)
        link.focus()
        page.keyboard.press("Enter")
        shown = page.locator("dialog.snb-rows[open]").evaluate(_READ)
        read.append((link.get_attribute("data-rows") or "", link.text_content() or "", shown))
        page.keyboard.press("Escape")
        page.wait_for_function(
            "(one) => one === document.activeElement && !document.querySelector('dialog[open]')",
            arg=link.element_handle(), timeout=5000,
        )  # fmt: skip
    read += page.evaluate(_EVERY % _READ, [_KEYS, stride])
    return [Opened(key, " ".join(text.split()), shown, behind[key]) for key, text, shown in read]


def unused(page: Page, found: Sequence[Opened]) -> list[str]:
    """The keys of rows that no number of the page opens: weight that nobody sees."""
    return sorted(set(sets(page)) - {one.key for one in found})


def closed(page: Page) -> list[str]:
    """The cells and tiles with a number other than zero that opens nothing."""
    return list(page.evaluate(_CLOSED))


def wrong(found: Sequence[Opened], *, cent: float = 0.005) -> list[str]:
    """What does not agree, one sentence each: the number, its dialog, its rows in the data.

    Counts and money are compared with the rows; a rate, a duration and a sentence open what they are made of, and are
    not (see :func:`unsaid`).
    """
    faults = []
    for one in found:
        behind, told = one.behind, one.behind.told
        held, n = len(behind.places), behind.n
        thing = told["thing"]
        words = formats.plural(held, thing)
        if not re.match(rf"{re.escape(words)}\b", one.shown["summed"]):
            faults.append(f"{one.key}: {one.shown['summed']!r} for {words}")
        if one.shown["lines"] != min(held, FIRST):
            faults.append(f"{one.key}: {one.shown['lines']} lines for {held} rows")
        if bool(one.shown["more"]) != (held > FIRST):
            faults.append(f"{one.key}: the rest cannot be shown")
        if held != min(n, MOST):
            faults.append(f"{one.key}: {held} of {n} rows are held")
        if (f"{held:,d} of {formats.plural(n, thing)} are shown" in one.shown["said"]) != (held < n):
            faults.append(f"{one.key}: what is not shown is not said: {one.shown['said']!r}")
        if held == n and abs(sum(behind.adds) - behind.total) > max(cent, 1e-9 * abs(behind.total)):
            faults.append(f"{one.key}: its rows add {sum(behind.adds):,.2f}, and it is {behind.total:,.2f}")
        if told["unit"] == "money" and held == n and _money(told["total"], behind.currency) not in one.shown["summed"]:
            faults.append(f"{one.key}: {one.shown['summed']!r} for {behind.total:,.2f}")
        if PLAIN.fullmatch(one.text) and not says(one.text, behind):
            faults.append(f"{one.key}: {one.text!r} for {behind.total:,.2f} of {n} rows")
    return faults


def unsaid(found: Sequence[Opened]) -> list[str]:
    """The rates, durations and sentences that name neither count nor sum of their rows: for a person to judge."""
    return [
        f"{one.key}: {one.text}" for one in found if not PLAIN.fullmatch(one.text) and not says(one.text, one.behind)
    ]


def says(text: str, behind: Set) -> bool:
    """Whether a number, or a sentence, says how many rows there are or what they add."""
    said = " ".join(text.split()).replace(formats.MINUS, "-").replace("+", "")
    forms = {formats.exact(behind.n), formats.compact(behind.n)}
    for total in (behind.total, abs(behind.total)):
        forms |= {formats.compact(total, digits) for digits in (0, 1, 2)} | {formats.exact(total), formats.cents(total)}
        forms |= {f"{total:,.1f}", f"{total:,.2f}", f"{total:.0f}"}
    forms = {form.replace(formats.MINUS, "-") for form in forms}
    words = {"no", "none", "nothing", "n/a", "-"} if behind.n == 0 else {"one"} if behind.n == 1 else set()
    return any(re.search(rf"(?<![\w.,]){re.escape(form)}(?![\w]|[.,]\d)", said) for form in forms) or bool(
        words & set(said.lower().split())
    )


def _money(told: str, currency: str) -> str:
    """Write a sum as a page does: half a cent is rounded away from zero."""
    total = Decimal(told)
    amount = f"{total:,.0f}" if total == int(total) else f"{total.quantize(Decimal('0.01'), ROUND_HALF_UP):,f}"
    return f"{amount.replace('-', formats.MINUS)} {currency}".strip()
