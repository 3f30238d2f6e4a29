"""The rules of hygiene: which open deals break each, and what a source must give for a rule to see anything."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesnb.analysis.aging_idle import idle_days, idle_needs
from salesnb.analysis.aging_pushes import MANY, NEEDS, of_open, sees_pushes
from salesnb.analysis.hygiene_deals import OpenDeals, stamp
from salesnb.data.book import Book

CLOSE, NEAR = 0.10, 90
"""Duplicates differ in amount by at most this share of the larger one, and were entered at most so many days apart."""


@dataclass(frozen=True)
class Rule:
    """A rule that an open deal can break.

    Attributes
    ----------
    name
        What it is called in keys and numbers.
    saying
        What is said of a deal that breaks it: ``"past its close date"``; see :meth:`words`.
    mend
        What to do about it.
    """

    name: str
    saying: str
    mend: str

    def words(self, idle: int) -> str:
        """Return what is said of a deal that breaks it, where so many days without an activity are idle."""
        return self.saying.format(idle=idle)


RULES = (
    Rule("duplicate", "looks like a duplicate", "merge it with the deal entered before it, or say what differs"),
    Rule("owner", "no owner, or one who left", "give it to a seller who is there"),
    Rule("stage", "stage unknown", "set a stage of the process"),
    Rule("amount", "no amount", "enter what it is worth"),
    Rule("overdue", "past its close date", "agree a new date with the buyer, or close it"),
    Rule("undated", "no close date", "enter when it should close"),
    Rule("pushed", f"pushed {MANY} times or more", "ask what has changed since the first date, or close it"),
    Rule("idle", "no activity for {idle} days", "call the buyer, or close it"),
    Rule("next_step", "no next step", "agree the next step"),
)
"""In the order of precedence: a deal that breaks several counts under the first, which puts the others in doubt."""


def broken(book: Book, deals: OpenDeals, *, idle: int) -> tuple[pd.DataFrame, dict[str, str]]:
    """Tell which rules each open deal breaks.

    Parameters
    ----------
    deals
        The open deals.
    idle
        So many days without an activity break the rule ``idle``.

    Returns
    -------
    tuple
        A boolean column a rule, False where it cannot be seen; and for each rule that sees nothing, or not all, what
        it needs.
    """
    rows, unseen = deals.rows, unseen_of(book, deals)
    expected = rows["expected_close_on"]
    pushes = rows["opportunity_id"].map(of_open(book, deals.day)["pushes"]).fillna(0)
    stage_is_known = rows["stage"].isin(book.stages) if book.stages else rows["stage"] != ""
    found = {
        "duplicate": duplicates(rows),
        "owner": (rows["owner_id"] == "") | (rows["left_on"] <= stamp(deals.day)),
        "stage": ~stage_is_known,
        "amount": ~rows["has_amount"] | (rows["parts"] <= 0),
        "overdue": expected < stamp(deals.day),
        "undated": expected.isna(),
        "pushed": pushes >= MANY,
        "idle": idle_days(book, deals) >= idle,
        "next_step": rows["next_step"].str.strip() == "",
    }
    frame = pd.DataFrame({rule.name: np.asarray(found[rule.name], dtype=bool) for rule in RULES}, index=rows.index)
    for name in unseen:
        if name not in PARTLY:
            frame[name] = False
    return frame, unseen


PARTLY = MappingProxyType({"owner_left": "owner", "stage_order": "stage"})
"""What a rule needs to see the rest of what it looks for, under a name of its own, and the rule."""


def unseen_of(book: Book, deals: OpenDeals) -> dict[str, str]:
    """Return what each rule needs that the source does not give; a rule that is not here sees all it looks for."""
    named = {
        "duplicate": ("account_id", "amount"),
        "owner": ("owner_id",),
        "stage": ("stage",),
        "amount": ("amount",),
        "overdue": ("expected_close_on",),
        "undated": ("expected_close_on",),
        "next_step": ("next_step",),
    }
    found = {}
    for rule, columns in named.items():
        lacks = [f"opportunities.{name}" for name in columns if not book.gives(f"opportunities.{name}")]
        if rule == "duplicate" and not (book.gives("opportunities.product") or book.gives("opportunities.kind")):
            lacks.append("opportunities.product or opportunities.kind")
        if lacks:
            found[rule] = f"needs {', '.join(lacks)}"
    if "next_step" not in found and deals.day < book.data_end:
        found["next_step"] = f"needs a history of next steps: what is given is of {book.data_end}"
    if not sees_pushes(book):
        found["pushed"] = NEEDS
    if needs := idle_needs(book, deals.day):
        found["idle"] = needs
    if "owner" not in found and not book.gives("reps.left_on"):
        found["owner_left"] = "needs reps.left_on to see who left; deals without an owner are seen"
    if "stage" not in found and not book.stages:
        found["stage_order"] = "needs the order of stages to see an unknown one; deals without a stage are seen"
    return found


def duplicates(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which deals look like one entered before them: same account, product and kind, close amounts.

    Amounts are close within :data:`CLOSE` of the larger, and the deals were entered within :data:`NEAR` days; where a
    date is missing it is not asked for. The first of them, by date and then by id, is no duplicate. Deals without an
    account, without both product and kind, or without an amount above 0 are not looked at.

    Parameters
    ----------
    rows
        ``opportunity_id, account_id, product, kind, parts, entered_on``.

    Returns
    -------
    numpy.ndarray
        A boolean a row.
    """
    found = np.zeros(len(rows), dtype=bool)
    looked = (rows["account_id"] != "") & ((rows["product"] != "") | (rows["kind"] != "")) & (rows["parts"] > 0)
    keyed = rows.assign(_at=np.arange(len(rows)))[looked].sort_values(["entered_on", "opportunity_id"])
    alike = ["account_id", "product", "kind"]
    keyed = keyed[keyed.duplicated(alike, keep=False)]
    for _, group in keyed.groupby(alike, sort=False):
        parts = group["parts"].to_numpy(dtype=float)
        days = group["entered_on"].to_numpy("datetime64[D]")
        places = group["_at"].to_numpy()
        for i in range(1, len(group)):
            is_close = np.abs(parts[:i] - parts[i]) <= CLOSE * np.maximum(parts[:i], parts[i])
            apart = (days[i] - days[:i]).astype("timedelta64[D]")
            is_near = np.isnat(apart) | (apart <= np.timedelta64(NEAR, "D"))
            found[places[i]] = bool((is_close & is_near).any())
    return found
