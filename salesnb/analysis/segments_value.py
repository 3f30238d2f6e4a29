"""Customers by what they bring in a year: tiers, who moved between them, and how much hangs on a few.

What a customer brings is its sales of the year that ends with a day, net of returns; where there are neither orders nor
deals, twelve times what it pays a month then.
"""

from __future__ import annotations

import datetime as dtm

import ibis
import ibis.expr.types as ir
import pandas as pd

from salesnb.analysis.behind import Behind, key, largest
from salesnb.calendars import year_before
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.kpis.answers import answer
from salesnb.kpis.retention import paying
from salesnb.kpis.sales import sales

TIERS = {"A": 0.80, "B": 0.95, "C": 1.0}
"""A tier's customers, the largest first, bring the revenue up to this share of all (ABC analysis)."""
TOPS = (1, 5, 10, 20)
_MONEY = "decimal(24, 4)"


def brings(book: Book, day: dtm.date) -> tuple[ir.Table, str]:
    """Return what each account brings in the year that ends with a day: ``account_id, brings``, and how it is read.

    Raises
    ------
    NeedsData
        There are neither sales nor subscriptions of accounts.
    """
    try:
        rows = sales(book, "account_id")
    except NeedsData:
        if not (book.gives("subscriptions.account_id") and book.gives("subscriptions.mrr")):
            raise
        now = paying(book, day)
        return now.select("account_id", brings=(now.mrr * 12).cast(_MONEY)), "twelve times the monthly revenue"
    first = year_before(day)
    rows = rows.filter(rows.account_id.notnull(), rows["_on"] > ibis.date(first), rows["_on"] <= ibis.date(day))
    held = rows.group_by("account_id").aggregate(brings=rows.amount.sum().cast(_MONEY))
    return held, "sales of the year, net of returns"


def tiered(rows: ir.Table) -> ir.Table:
    """Add ``tier`` and ``place`` (1 for the largest) to accounts that bring more than nothing.

    An account is in tier A where those larger than it bring less than 80 % of all, in B where they bring less than
    95 %, else in C.
    """
    rows = rows.filter(rows["brings"] > 0)
    order = [ibis.desc("brings"), "account_id"]
    before = ibis.window(order_by=order, preceding=None, following=0)
    rows = rows.mutate(
        _sum=rows["brings"].sum().over(before), _all=rows["brings"].sum().over(ibis.window()),
        place=ibis.row_number().over(ibis.window(order_by=order)) + 1,
    )  # fmt: skip
    larger = (rows["_sum"] - rows["brings"]).cast("float64") / rows["_all"].cast("float64")
    limits = list(TIERS.items())
    tier = ibis.cases(*((larger < share, name) for name, share in limits[:-1]), else_=limits[-1][0])
    return rows.mutate(tier=tier).drop("_sum", "_all")


def tiers(book: Book, day: dtm.date) -> pd.DataFrame:
    """Count the accounts by their tier in the year to a day and in the year before it.

    Returns
    -------
    pandas.DataFrame
        ``now, before`` (a tier, or ``none``) ``, customers, brings, was, least`` (the least that one of them brings).
    """
    here, _ = brings(book, day)
    there, _ = brings(book, year_before(day))
    now = tiered(here).select("account_id", "brings", now="tier")
    before = tiered(there).select(_of="account_id", was="brings", before="tier")
    met = now.outer_join(before, now.account_id == before["_of"])
    none, zero = ibis.literal("none"), ibis.literal(0).cast(_MONEY)
    met = met.select(now=ibis.coalesce(met["now"], none), before=ibis.coalesce(met["before"], none),
                     brings=ibis.coalesce(met["brings"], zero), was=ibis.coalesce(met["was"], zero))  # fmt: skip
    counts = met.group_by("now", "before").aggregate(
        customers=met.count(), brings=met["brings"].sum(), was=met["was"].sum(), least=met["brings"].min()
    )
    kinds = {"customers": "int64", "brings": "float64", "was": "float64", "least": "float64"}
    return answer(book, counts).astype(kinds).sort_values(["now", "before"], ignore_index=True)


def by_tier(counts: pd.DataFrame) -> pd.DataFrame:
    """Add the counts of :func:`tiers` up: one row a tier, and ``none`` for those who bring nothing any more.

    Returns
    -------
    pandas.DataFrame
        ``tier, customers, share, brings, brings_share, least, up, same, down, new, gone``: of those in the tier now,
        how many were in a lower one, in it, in a higher one and in none a year before, and of those that were in it a
        year before, how many bring nothing now.
    """
    order = {name: place for place, name in enumerate(TIERS)}
    made = []
    active = counts[counts["now"] != "none"]
    for name, place in order.items():
        own = active[active["now"] == name]
        was = own["before"].map(order)
        gone = counts[(counts["now"] == "none") & (counts["before"] == name)]
        made.append(
            {"tier": name, "customers": int(own["customers"].sum()), "brings": float(own["brings"].sum()),
             "least": float(own["least"].min()) if len(own) else float("nan"),
             "up": int(own.loc[was > place, "customers"].sum()), "same": int(own.loc[was == place, "customers"].sum()),
             "down": int(own.loc[was < place, "customers"].sum()),
             "new": int(own.loc[own["before"] == "none", "customers"].sum()), "gone": int(gone["customers"].sum())}
        )  # fmt: skip
    found = pd.DataFrame(made)
    everyone, total = found["customers"].sum(), found["brings"].sum()
    found["share"] = found["customers"] / everyone if everyone else float("nan")
    found["brings_share"] = found["brings"] / total if total else float("nan")
    return found


def concentration(book: Book, rows: ir.Table) -> tuple[dict[str, float], pd.DataFrame]:
    """Return how much of a year's revenue hangs on a few customers.

    Parameters
    ----------
    rows
        See :func:`brings`.

    Returns
    -------
    tuple
        ``customers, brings, top_1`` and so on for :data:`TOPS` (shares), ``fifth`` (the share of the largest fifth of
        the customers), ``herfindahl`` (the sum of squared shares), ``alike`` (1 / herfindahl: so many customers of one
        size would be as concentrated) and ``gini``; and the curve ``part`` (of the customers, the largest first)
        ``, share`` (of what they bring). Empty where nobody brings anything.
    """
    held = tiered(rows)
    amount = held["brings"].cast("float64")
    place = held["place"]
    sums = {f"top_{n}": amount.sum(where=place <= n) for n in TOPS}
    found = answer(
        book,
        held.aggregate(
            customers=held.count(), brings=held["brings"].sum(), square=(amount * amount).sum(),
            weighed=(amount * place.cast("float64")).sum(), **sums,
        ),
    ).iloc[0]  # fmt: skip
    n, total = int(found["customers"]), float(found["brings"] or 0)
    if not n or total <= 0:
        return {}, pd.DataFrame(columns=["part", "share"])
    told = {"customers": float(n), "brings": total, "herfindahl": float(found["square"]) / total**2}
    told |= {name: float(found[name] or 0) / total for name in sums if int(name[4:]) <= n}
    told["alike"] = 1 / told["herfindahl"]
    # With the largest first, sum(place x) is smallest where few have all.
    told["gini"] = (n + 1) / n - 2 * float(found["weighed"]) / (n * total)
    steps = held.mutate(_step=((held["place"] * 50 + n - 1) / n).floor().cast("int64"))
    cuts = answer(book, steps.group_by("_step").aggregate(adds=steps["brings"].sum(), n=steps.count()))
    cuts = cuts.astype({"adds": "float64", "n": "float64", "_step": "int64"}).sort_values("_step", ignore_index=True)
    curve = pd.DataFrame({"part": cuts["n"].cumsum() / n, "share": cuts["adds"].cumsum() / total})
    told["fifth"] = _largest_fifth(book, held, n) / total
    return told, pd.concat([pd.DataFrame({"part": [0.0], "share": [0.0]}), curve], ignore_index=True)


def _largest_fifth(book: Book, held: ir.Table, n: int) -> float:
    """Return what the largest fifth of the customers brings, at least one of them."""
    most = max(1, round(n / 5))
    return float(answer(book, held.filter(held["place"] <= most).aggregate(x=held["brings"].sum()))["x"].iloc[0])


def behind_tiers(rows: ir.Table, found: pd.DataFrame) -> tuple[Behind, ...]:
    """Return the accounts of each tier, those that bring most first."""
    listed = largest(tiered(rows).select("account_id", "tier", adds="brings"), "tier", "adds")
    made = []
    for row in found[found["customers"] > 0].to_dict("records"):
        shown = listed[listed["tier"] == row["tier"]][["account_id", "adds"]]
        title = f"Tier {row['tier']}, by what they bring in a year"
        made.append(
            Behind(key("tier", row["tier"]), title, shown.astype({"adds": "float64"}).reset_index(drop=True),
                   int(row["customers"]), float(row["brings"]), "money", "account")
        )  # fmt: skip
    return tuple(made)
