"""The ideal customer profile: which attributes of an account set apart those won, those who stay and those who grow.

Each value of each attribute is held against all other accounts by Fisher's exact test; every test of the page is one
look, and the share of false marks among them all is held (Benjamini and Hochberg). Attributes are looked at one by one:
two that go together may say the same thing twice.
"""

from __future__ import annotations

import datetime as dtm

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from salesnb.analysis.apart import FEWEST, exact_p
from salesnb.analysis.segments_value import brings
from salesnb.calendars import year_before
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.kpis.answers import answer
from salesnb.kpis.dimensions import NONE, with_dimension
from salesnb.kpis.intervals import benjamini_hochberg, wilson
from salesnb.kpis.retention import kept

ATTRIBUTES = ("segment", "industry", "size_band", "region", "country", "source")
OUTCOMES = {
    "won": "won, of new deals decided in two years",
    "stayed": "still a customer, of those of a year before",
    "grew": "bring more than a year before, of those who stayed",
}
MOST_VALUES = 30
"""The values of an attribute that are looked at, those of most accounts first."""
_COLUMNS = ("outcome", "attribute", "value", "n", "did", "rate", "low", "high", "others", "p")


def decided(book: Book, day: dtm.date) -> ir.Table:
    """Return the new-business deals decided in the two years to a day: ``account_id, opportunity_id, did`` (won).

    Raises
    ------
    NeedsData
        There are no deals of accounts.
    """
    book.require("opportunities", "opportunities.account_id")
    deals = book.opportunities
    first = year_before(year_before(day))
    deals = deals.filter(deals.outcome.isin(["won", "lost"]), deals.closed_on > ibis.date(first),
                         deals.closed_on <= ibis.date(day), deals.account_id.notnull())  # fmt: skip
    if book.gives("opportunities.kind"):
        deals = deals.filter((deals.kind == "new").fill_null(True))
    return deals.select("account_id", "opportunity_id", did=deals.outcome == "won")


def remained(book: Book, day: dtm.date) -> ir.Table:
    """Return the customers of a year before a day: ``account_id, was, became`` (0 for one who is none any more).

    Under contract a customer pays at the end of the day; without subscriptions it brings more than nothing in the year
    that ends with it.

    Raises
    ------
    NeedsData
        There are neither subscriptions nor sales of accounts.
    """
    if book.gives("subscriptions.account_id") and book.gives("subscriptions.mrr"):
        return kept(book, year_before(day), day)
    before, now = brings(book, year_before(day))[0], brings(book, day)[0].rename(_of="account_id", _now="brings")
    rows = before.filter(before["brings"] > 0)
    rows = rows.left_join(now, rows.account_id == now["_of"])
    zero = ibis.literal(0).cast(rows["_now"].type())
    return rows.select("account_id", was="brings", became=ibis.greatest(ibis.coalesce(rows["_now"], zero), zero))


def bases(book: Book, day: dtm.date) -> tuple[dict[str, ir.Table], dict[str, str]]:
    """Return the accounts or deals of each of :data:`OUTCOMES`, with ``did``; and why one has none."""
    found, missing = {}, {}
    try:
        found["won"] = decided(book, day)
    except NeedsData as lacking:
        missing["won"] = lacking.what
    try:
        rows = remained(book, day)
    except NeedsData as lacking:
        return found, missing | dict.fromkeys(("stayed", "grew"), lacking.what)
    found["stayed"] = rows.select("account_id", did=rows["became"] > 0)
    staying = rows.filter(rows["became"] > 0)
    found["grew"] = staying.select("account_id", did=staying["became"] > staying["was"])
    return found, missing


def profile(book: Book, day: dtm.date, confidence: float) -> tuple[pd.DataFrame, dict[str, str]]:
    """Hold every value of every attribute against the other accounts, by every outcome.

    Parameters
    ----------
    day
        The last day that counts.
    confidence
        The level of the intervals, and 1 - the share of false marks.

    Returns
    -------
    tuple
        ``outcome, attribute, value, n, did, rate, low, high, others`` (the rate of the others) ``, p, q, flag``
        (``above``, ``below``, ``few``: fewer than 10, or empty: cannot be told apart); and outcome to why it could not
        be looked at.
    """
    tables, missing = bases(book, day)
    parts = []
    for outcome, rows in tables.items():
        for attribute in ATTRIBUTES:
            try:
                labelled = with_dimension(book, rows, attribute)
            except NeedsData:
                continue
            counts = labelled.group_by("segment").aggregate(n=labelled.count(), did=labelled["did"].cast("int32").sum())
            made = _held(answer(book, counts), confidence)
            parts.append(made.assign(outcome=outcome, attribute=attribute))
        if not any((part["outcome"] == outcome).any() for part in parts):
            missing[outcome] = "no attribute of accounts is known" if _some(book, rows) else "there are none"
    if not parts:
        return pd.DataFrame(columns=[*_COLUMNS, "q", "flag"]), missing
    found = pd.concat(parts, ignore_index=True)[list(_COLUMNS)]
    found["q"] = benjamini_hochberg(found["p"])
    sure = found["q"] <= 1 - confidence
    found["flag"] = np.select(
        [found["n"] < FEWEST, sure & (found["rate"] > found["others"]), sure & (found["rate"] < found["others"])],
        ["few", "above", "below"],
        "",
    )
    return found, missing


def _some(book: Book, rows: ir.Table) -> bool:
    return bool(answer(book, rows.aggregate(n=rows.count()))["n"].iloc[0])


def _held(counts: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Rate the values of one attribute, each against all the rest; those without a value count among the rest."""
    counts = counts.astype({"n": "int64"}).assign(did=counts["did"].fillna(0).astype("int64"))
    n, did = int(counts["n"].sum()), int(counts["did"].sum())
    named = counts[counts["segment"] != NONE].sort_values(["n", "segment"], ascending=[False, True])
    named = named.head(MOST_VALUES).rename(columns={"segment": "value"}).reset_index(drop=True)
    named["rate"] = named["did"] / named["n"]
    named["low"], named["high"] = wilson(named["did"], named["n"], confidence)
    rest = (n - named["n"]).where(lambda left: left > 0)
    named["others"] = (did - named["did"]) / rest
    named["p"] = [
        exact_p(row["did"], row["n"], did, n) if row["n"] >= FEWEST and n - row["n"] >= FEWEST else float("nan")
        for row in named.to_dict("records")
    ]
    return named


def ideal(found: pd.DataFrame) -> pd.DataFrame:
    """Return the values that are told apart by any outcome, those above in most and below in none first.

    Returns
    -------
    pandas.DataFrame
        ``attribute, value``, of each outcome ``<outcome>`` (the flag; empty where it cannot be told, or was not
        looked at) and ``above, below``, how many of each.
    """
    marked = found[found["flag"].isin(["above", "below"])]
    if marked.empty:
        return pd.DataFrame(columns=["attribute", "value", *OUTCOMES, "above", "below"])
    wide = marked.pivot(index=["attribute", "value"], columns="outcome", values="flag")
    wide = wide.reindex(columns=list(OUTCOMES)).fillna("").reset_index()
    flags = wide[list(OUTCOMES)]
    wide["above"], wide["below"] = (flags == "above").sum(axis=1), (flags == "below").sum(axis=1)
    wide["_net"] = wide["above"] - wide["below"]
    wide = wide.sort_values(["_net", "above", "attribute", "value"], ascending=[False, False, True, True])
    wide.columns.name = None
    return wide.drop(columns="_net").reset_index(drop=True)
