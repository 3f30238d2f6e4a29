"""Cohorts as tables: the heat map in numbers that open, all cohorts, cohort against cohort, and segments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.cohorts_card import CohortsCard
from salesnb.report.cohorts_charts import HEAT, MARKS, MOST_AGES
from salesnb.report.tables import Cell, Column, Table, by_row, number, table, text

Row = Mapping[str, Any]


def cohort_table(found: CohortsCard, what: str = "logo") -> Table:
    """Make the table of the heat map: each number opens the accounts that were active.

    Parameters
    ----------
    what
        As for :func:`heat_map`.
    """
    column, words = HEAT[what]
    rows = found.shown[found.shown["age"] < MOST_AGES]
    ages = sorted(set(rows["age"]))
    made = []
    for label, own in rows.groupby("label", sort=False):
        cells = {f"a{row['age']}": row for row in own.to_dict("records")}
        made.append({"label": label, "size": own["size"].iloc[0], **{f"a{age}": cells.get(f"a{age}") for age in ages}})

    def shown(age: int) -> Callable[[Row], Cell]:
        def show(row: Row) -> Cell:
            cell = row[f"a{age}"]
            if not isinstance(cell, Mapping) or formats.is_missing(cell[column]):
                return Cell("", "muted")
            mark = "" if cell["is_complete"] else " …"
            detail = formats.exact(cell["in"]) if what == "logo" else formats.money(cell["money"])
            opens = found.opens(cell["label"], cell["age"])
            return Cell(f"{formats.share(cell[column], 0)}{mark}", "muted" if mark else "", detail, opens)

        return show

    columns: dict[str, Column] = {
        "label": text("Cohort"),
        "size": by_row("Accounts", lambda row: Cell(formats.exact(row["size"]), opens=found.opens(row["label"]))),
        **{f"a{age}": by_row(f"{age}", shown(age)) for age in ages},
    }
    older = len(found.sizes) - found.shown["cohort"].nunique()
    more = f" {formats.plural(older, 'older cohort')} in the means only." if older > 0 else ""
    cut = f" Ages from {MOST_AGES} on are in the table of means." if found.cells["age"].max() >= MOST_AGES else ""
    unit = "accounts" if what == "logo" else f"money in {found.currency}"
    return table(
        pd.DataFrame(made, columns=["label", "size", *(f"a{age}" for age in ages)]),
        columns,
        caption=f"Share {words}, by age in {found.grain}s",
        note=f"Below each share its {unit}. Grey, with …: the {found.grain} is not over, and is in no mean.{more}{cut}",
        empty=found.headlines()[0],
    )


def mean_table(found: CohortsCard) -> Table:
    """Make the table of all cohorts together by age: in the period, on or after it, rolling, and the money."""

    def share(name: str) -> Callable[[Row], Cell]:
        return lambda row: Cell("" if formats.is_missing(row[name]) else formats.share(row[name]))

    return table(
        found.averages.head(37),
        {
            "age": number("Age", lambda age: str(int(age))),
            "size": by_row(
                "Accounts", lambda row: Cell(formats.exact(row["size"]), detail=f"{int(row['cohorts'])} cohorts")
            ),
            "rate": by_row(
                "Active in it",
                lambda row: Cell(formats.share(row["rate"]), detail=formats.interval(row["low"], row["high"], "ratio")),
            ),
            "after_rate": by_row("In it or later", share("after_rate")),
            "rolling_rate": by_row("In it or the two before", share("rolling_rate")),
            "money_rate": by_row("Money, of age 0", share("money_rate")),
            "per_customer": by_row("Brought so far", lambda row: Cell(formats.money(row["per_customer"]))),
        },
        caption=found.finding(),
        note=(
            f"All cohorts weighed by their accounts, only {found.grain}s that are over. In it or later is known of the "
            "past alone: who is yet to come back is not in it, so that the last ages are too low. "
            f"Brought so far: by an account of the cohort, in {found.currency}."
        ),
        empty=found.headlines()[0],
    )


def against_table(found: CohortsCard) -> Table:
    """Make the table of cohort against cohort, at the age at which they are compared."""

    def rate(row: Row) -> Cell:
        mark, tone = MARKS.get(row["flag"], ("", ""))
        detail = formats.interval(row["low"], row["high"], "ratio")
        opens = found.opens(row["label"], found.age)
        return Cell(f"{formats.share(row['rate'])} {mark}".strip(), tone, detail, opens)  # type: ignore[arg-type]

    def gap(row: Row) -> Cell:
        if formats.is_missing(row["gap"]):
            return Cell(formats.NOT_AVAILABLE, "muted")
        low, high = formats.change(row["gap_low"], "ratio"), formats.change(row["gap_high"], "ratio")
        return Cell(formats.change(row["gap"], "ratio"), detail=f"{low} to {high}")

    rows = found.compared[found.compared["cohort"].isin(found.shown["cohort"])]
    return table(
        rows,
        {
            "label": text("Cohort"),
            "size": by_row("Accounts", lambda row: Cell(formats.exact(row["size"]), opens=found.opens(row["label"]))),
            "rate": by_row(f"Active at age {found.age}", rate),
            "rest": number(
                "The others", lambda v: formats.NOT_AVAILABLE if formats.is_missing(v) else formats.share(v)
            ),
            "gap": by_row("Difference", gap),
        },
        caption=found.cohort_finding() or "Whether cohorts differ cannot be told",
        note=(
            "▲ above and ▼ below the others by more than chance: Fisher's exact test, the share of false marks held at "
            f"{formats.share(1 - found.confidence, 0)} over all cohorts; the interval of a difference is Newcombe's."
        ),
        empty=found.nothing or "No cohort is old enough.",
    )


def segment_table(found: CohortsCard) -> Table:
    """Make the table of segments: who is there at the age at which they are compared."""

    def rate(row: Row) -> Cell:
        mark, tone = MARKS.get(row["flag"], ("", ""))
        detail = formats.interval(row["low"], row["high"], "ratio")
        return Cell(f"{formats.share(row['rate'])} {mark}".strip(), tone, detail)  # type: ignore[arg-type]

    return table(
        found.segments,
        {
            "segment": by_row("Segment", lambda row: Cell(str(row["segment"]), detail=str(row["by"])), is_number=False),
            "n": number("Accounts", formats.exact),
            "numerator": number("Active", formats.exact),
            "rate": by_row(f"Active at age {found.age}", rate),
        },
        caption=found.segment_finding() or "Whether segments differ cannot be told",
        note="▲ above and ▼ below the other segments of the dimension by more than chance, as for cohorts.",
        empty=found.nothing or "The source gives no segments of accounts, or only one each.",
    )


def left_table(found: CohortsCard) -> Table:
    """Make the table of what is in no cohort, and by which rule."""
    return table(
        found.left_out,
        {
            "what": text("What"),
            "rows": number("How many", formats.exact),
            "money": number(f"Money, {found.currency}", formats.cents),
            "rule": text("Rule"),
        },
        caption="What is in no cohort" if len(found.left_out) else "Nothing is left out",
        note="Rows that the contract rejects are in data health.",
        empty=found.nothing or "Every line is in a cohort.",
    )
