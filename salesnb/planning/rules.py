"""Rules: what stands in where a plan's data is thin or missing, in words for the page."""

from __future__ import annotations

import datetime as dtm
import math
from collections.abc import Mapping

import ibis
import pandas as pd

from salesnb import formats
from salesnb.data.book import Book
from salesnb.kpis.answers import answer
from salesnb.planning.capacity import Capacity
from salesnb.planning.costs import eligible
from salesnb.planning.scenario import Scenario

RULES = ("what", "n", "rule")
_STALE = 31


def rules(
    book: Book,
    found: Capacity,
    usual: Scenario,
    sold: Mapping[str, int],
    converted: Mapping[str, str],
    *,
    has_plans: bool = False,
) -> pd.DataFrame:
    """List every rule that stood in.

    Parameters
    ----------
    book, found, usual
        The book, the plan with what it rests on, and what it brings.
    sold
        Seller to how many deals or orders of the last year are on record.
    converted
        Pay plan to what was done about its currency or its length.
    has_plans
        Whether pay plans were given, of whatever use.

    Returns
    -------
    pandas.DataFrame
        ``what, n, rule``: what is thin or missing, of how many, and what is done about it; empty where nothing is.
    """
    plan, made = found.plan, []
    reps = plan.reps
    gap = (plan.period.start - plan.day).days - 1
    if gap > _STALE:
        made.append((f"days between the last one known and {plan.period}", gap,
                     "nothing is known of them: sellers are taken to go on as they did, growth included"))  # fmt: skip
    new = [name for name in reps["rep_id"].astype(str) if not sold.get(name)]
    if new:
        made.append(("sellers without a sale in the last year", len(new),
                     "each is taken for one of the team, with the ramp since hiring, and a wide range"))  # fmt: skip
    alone = reps.groupby("team").size()
    alone = alone[alone == 1]
    if len(alone) and len(reps) > 1:
        made.append(("teams of one seller", len(alone), "the team's range is that of its one seller, and so is wide"))
    if len(reps) == 1:
        made.append(("sellers in all", 1, "there is nobody to compare with: the rate is the seller's own"))
    if not book.gives("quotas"):
        made.append(("quotas", 0, "the source has none: no attainment is told, and a target only where one is given"))
    elif not (reps["quota"] > 0).any():
        made.append(("quotas of the period", 0, f"{found.quota_rule}: no attainment is told"))
    else:
        if "stands in" in found.quota_rule or "days" in found.quota_rule:
            made.append(("quotas of the period", 0, found.quota_rule))
        none = int((~(reps["quota"] > 0)).sum())
        if none:
            made.append(("sellers with a quota of zero or none", none,
                         "they have no attainment, and no part in the share of sellers at quota"))  # fmt: skip
    made += _pay(found, converted, has_plans)
    gone = _gone(book, found)
    if gone:
        made.append((f"sellers who left in the year before {plan.period}", gone,
                     "they are not planned; nobody is taken to have their deals"))  # fmt: skip
    if math.isnan(plan.win_rate):
        made.append(("win rate", 0, "no lost deal is on record: it cannot be told or changed, nor the pipeline needed"))
    if not book.gives("reps.hired_on"):
        made.append(("days of hiring", 0, "everybody is taken to be at full rate, and nobody to leave"))
    if not usual.plan.target > 0:
        made.append(("a target", 0, "none is given, and there is no quota to add up: no chance is told"))
    return pd.DataFrame(made, columns=list(RULES))


def _pay(found: Capacity, converted: Mapping[str, str], has_plans: bool) -> list[tuple[str, int, str]]:
    made = [(f"pay plan {name!r}", 0, words) for name, words in converted.items()]
    if not found.plan.plans and has_plans:
        return made
    if not found.plan.plans:
        return [*made, ("pay plans", 0, "none is given: what sellers are paid is not told (name a file with pay)")]
    paying = [pays for pays, _ in eligible(found.plan, found.plan.reps)]
    n = sum(pays is None for pays in paying)
    if n:
        made.append(("sellers without a pay plan for their role", n, "their pay is not told, nor in the sum"))
    products = {one.product for pays in paying if pays for one in pays.spiffs if one.product} - set(found.plan.mix)
    if products:
        made.append(("products of a bonus that nobody sold in the last year", len(products),
                     f"{formats.listed(sorted(products))}: no bonus is expected of them"))  # fmt: skip
    return made


def _gone(book: Book, found: Capacity) -> int:
    """Return how many sellers of the table left in the year before the period."""
    if not book.gives("reps.left_on"):
        return 0
    start = found.plan.period.start
    rows = book.reps
    gone = rows.filter(rows.left_on < ibis.date(start), rows.left_on >= ibis.date(start - dtm.timedelta(days=365)))
    frame = answer(book, gone.aggregate(n=gone.count()))
    return int(frame["n"].iloc[0])
