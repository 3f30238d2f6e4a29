"""Touches: the revenue of new customers by channel and campaign under three rules, and the accounts behind it."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.analysis.acquisition_card import RULES, new_key, rule_key
from salesnb.analysis.behind import Behind, largest
from salesnb.data import memo
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.kpis.acquired import new_accounts
from salesnb.kpis.answers import answer
from salesnb.kpis.channels import Rule, attributed
from salesnb.kpis.dimensions import NONE, with_dimension
from salesnb.periods import Period

_WORDS = {"first": "first touch", "last": "last touch", "linear": "all touches alike"}
_ORDER: tuple[Rule, ...] = ("first", "last", "linear")


def attributions(book: Book, period: Period, missing: dict[str, str]) -> ir.Table | None:
    """Return the new customers' revenue by each rule: ``account_id, channel, campaign, rule, amount``.

    Parameters
    ----------
    missing
        Is told why, where there are no touches; then None is returned.
    """
    try:
        book.require("touches", "touches.channel", "touches.account_id")
        parts = []
        for rule in _ORDER:
            rows = attributed(book, period, rule)
            rows = rows.mutate(channel=ibis.coalesce(rows["channel"], NONE), rule=ibis.literal(rule))
            parts.append(rows.select("account_id", "channel", "campaign", "rule", "amount"))
        return memo.table(book, "attributions", period, make=lambda: ibis.union(*parts))
    except NeedsData as lacking:
        missing["channel_performance"] = lacking.what
        return None


def with_rules(book: Book, channels: pd.DataFrame, shares: ir.Table | None) -> pd.DataFrame:
    """Fill in what each rule gives to each channel; a channel that only touches name gets a row."""
    if shares is None:
        return channels
    sums = answer(book, shares.group_by("channel", "rule").aggregate(amount=shares["amount"].sum()))
    wide = sums.astype({"amount": "float64"}).pivot_table(index="channel", columns="rule", values="amount")
    wide = wide.reindex(columns=list(RULES)).fillna(0.0)
    made = channels.drop(columns=list(RULES)).merge(wide, on="channel", how="outer")
    made["customers"] = made["customers"].fillna(0).astype("int64")
    made["flag"] = made["flag"].fillna("")
    made[list(RULES)] = made[list(RULES)].fillna(0.0)
    return made.sort_values(["cac", "channel"], ascending=[False, True], ignore_index=True)[list(channels.columns)]


def campaigns(book: Book, shares: ir.Table | None) -> pd.DataFrame:
    """Return what each rule gives to each campaign, those of most by first touch first.

    Returns
    -------
    pandas.DataFrame
        ``channel, campaign, customers`` (touched by it, under any rule) ``, first, last, linear``.
    """
    columns = ["channel", "campaign", "customers", *RULES]
    if shares is None:
        return pd.DataFrame(columns=columns)
    named = shares.filter(shares["campaign"].notnull())
    sums = {
        rule: ibis.coalesce(named["amount"].sum(where=named["rule"] == rule).cast("float64"), 0.0) for rule in RULES
    }
    counts = named.group_by("channel", "campaign").aggregate(customers=named.account_id.nunique(), **sums)
    found = answer(book, counts).astype({"customers": "int64", **dict.fromkeys(RULES, "float64")})
    return found.sort_values(["first", "campaign", "channel"], ascending=[False, True, True], ignore_index=True)[
        columns
    ]


def behind_new(book: Book, period: Period, counts: pd.DataFrame) -> tuple[Behind, ...]:
    """Return the new customers of each channel, with what they have brought in the period."""
    rows = with_dimension(book, new_accounts(book, period), "channel")
    listed = largest(rows.select("account_id", "segment", "_on", adds=ibis.literal(1.0)), "segment", "adds")
    made = []
    for row in counts.to_dict("records"):
        own = listed[listed["segment"] == row["segment"]].rename(columns={"_on": "first"})
        made.append(
            Behind(new_key(row["segment"]), f"New customers by {row['segment']}"[:300],
                   own[["account_id", "adds", "first"]].reset_index(drop=True), int(row["n"]), float(row["n"]), "count",
                   "account", {"first": "First bought"})
        )  # fmt: skip
    return tuple(made)


def behind_rules(book: Book, shares: ir.Table | None) -> tuple[Behind, ...]:
    """Return the accounts whose revenue each rule gives to each channel."""
    if shares is None:
        return ()
    each = shares.group_by("rule", "channel", "account_id").aggregate(adds=shares["amount"].sum())
    each = each.mutate(segment=each["rule"] + ":" + each["channel"], adds=each["adds"].cast("float64"))
    totals = answer(book, each.group_by("rule", "channel").aggregate(n=each.count(), total=each["adds"].sum()))
    listed = largest(each.select("account_id", "segment", "adds"), "segment", "adds")
    made = []
    for row in totals.sort_values(["rule", "channel"]).to_dict("records"):
        own = listed[listed["segment"] == f"{row['rule']}:{row['channel']}"]
        title = f"New customers' revenue given to {row['channel']} by {_WORDS[row['rule']]}"[:300]
        made.append(
            Behind(rule_key(row["rule"], row["channel"]), title, own[["account_id", "adds"]].reset_index(drop=True),
                   int(row["n"]), float(row["total"]), "money", "account")
        )  # fmt: skip
    return tuple(made)
