"""Whom to offer what, as tables: pairs of products with their evidence, and who may come to pay more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salesnb import formats
from salesnb.analysis.candidates_card import CandidatesCard, cross_key
from salesnb.report.tables import Cell, Table, by_row, number, table, text

Row = Mapping[str, Any]
_MOST = 15


def pair_table(found: CandidatesCard) -> Table:
    """Make the table of products that follow products, with how many followed and how many may."""
    places = {(row["has"], row["offer"]): place for place, row in enumerate(found.pairs.to_dict("records"))}

    def follow(row: Row) -> Cell:
        detail = f"{formats.interval(row['low'], row['high'], 'ratio')}, of {formats.exact(row['watched'])}"
        return Cell(formats.share(row["follow"]), detail=detail)

    def expected(row: Row) -> Cell:
        low, high = (row["expected"] * row[end] / row["follow"] for end in ("low", "high"))
        return Cell(formats.money(row["expected"]), "", formats.interval(low, high, "money"), opens(row))

    def opens(row: Row) -> str:
        return cross_key(places[row["has"], row["offer"]]) if row["candidates"] else ""

    return table(
        found.pairs,
        {
            "has": text("Who has"),
            "offer": text("Offer"),
            "rate_with": by_row("Have both", _both),
            "follow": by_row("Took it within a year", follow),
            "worth": number("Paid for it in a year", formats.money),
            "candidates": by_row(
                "Candidates", lambda row: Cell(formats.exact(row["candidates"]), opens=opens(row))
            ),
            "expected": by_row("Expected of them", expected),
        },
        caption=found.cross_finding(),
        note=(
            f"Amounts in {found.currency}. After {formats.plural(found.looks, 'pair')} looked at, the share of false "
            f"ones held at {formats.share(1 - found.confidence, 0)}. Took it: of those who bought the first a year "
            "ago or more and had not the second. That is what happened without an offer: what one adds is not known. "
            "Two pairs may name one customer."
        ),
        empty=found.cross_finding(),
    )  # fmt: skip


def _both(row: Row) -> Cell:
    return Cell(formats.share(row["rate_with"], 0), detail=f"the others {formats.share(row['rate_without'], 0)}")


def cross_table(found: CandidatesCard) -> Table:
    """Make the table of the customers to offer another product, those of whom most is expected first."""
    rows = found.best
    more = f" {formats.plural(len(rows) - _MOST, 'more offer')} not shown." if len(rows) > _MOST else ""
    return table(
        rows.head(_MOST),
        {
            "account_id": text("Customer"),
            "has": text("Has"),
            "days": number("Since", lambda n: formats.plural(int(n), "day")),
            "offer": text("Offer"),
            "chance": number("Chance within the year", formats.share),
            "worth": number("Worth", formats.money),
            "expected": number("Expected", formats.money),
        },
        caption=found.listed_finding(),
        note=f"Amounts in {found.currency}; each customer and product once, with the pair that promises most.{more}",
        empty=found.cross_finding(),
    )


def signal_table(found: CandidatesCard) -> Table:
    """Make the table of what was known of customers who came to pay more."""

    def times(row: Row) -> Cell:
        if formats.is_missing(row["ratio"]):
            return Cell(formats.NOT_AVAILABLE, "muted", "nobody came to pay more on one side")
        detail = f"{row['ratio_low']:.1f} to {row['ratio_high']:.1f}"
        return Cell(f"{formats.value(row['ratio'], 'number')} times", "good" if row["is_apart"] else "", detail)

    def verdict(row: Row) -> Cell:
        if row["is_apart"]:
            return Cell("▲ told apart", "good")
        is_less = row["q"] <= 1 - found.confidence and row["ratio"] < 1
        return Cell("▼ less often", "bad") if is_less else Cell("may be chance", "muted")

    alike = f" Like customers: those of one {found.alike.replace('_', ' ')}." if found.alike else ""
    return table(
        found.signals,
        {
            "words": text("Signal", lambda words: str(words)[0].upper() + str(words)[1:]),
            "months": number("Customer-months", formats.exact),
            "grew": number("Came to pay more", formats.exact),
            "rate": by_row(
                "In a month",
                lambda row: Cell(
                    formats.share(row["rate"], 2), detail=formats.interval(row["low"], row["high"], "ratio")
                ),
            ),
            "other": number("The others", lambda v: formats.share(v, 2)),
            "ratio": by_row("As often", times),
            "is_apart": by_row("", verdict, is_number=False),
        },
        caption=found.up_finding(),
        note=f"A price rise that hits many is none of it. The share of false signals is held at "
        f"{formats.share(1 - found.confidence, 0)}; a signal says who, not why.{alike}",
        empty=found.up_finding(),
    )  # fmt: skip


def up_table(found: CandidatesCard) -> Table:
    """Make the table of customers who have such a signal now, those who pay most first."""
    rows = found.up
    more = f" {formats.plural(len(rows) - _MOST, 'more customer')} not shown." if len(rows) > _MOST else ""
    by = f" Those who came to pay more paid {found.whole['by']:.2f} times as much." if found.whole else ""
    return table(
        rows.head(_MOST),
        {
            "account_id": text("Customer"),
            "mrr": number("Pays a month", formats.money),
            "signals": text("Why"),
            "odds": number("As often as usual", lambda v: f"{formats.value(v, 'number')} times"),
            "chance": number("Chance in a month", lambda v: formats.share(v)),
            "expected": number("Expected more a month", formats.money),
        },
        caption=found.next_finding(),
        note=f"Amounts in {found.currency}.{by}{more}",
        empty="No customer has a signal that is told apart.",
    )  # fmt: skip
