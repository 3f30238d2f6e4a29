"""Effort: the calls, meetings, emails and hours of each seller in a period, and how much of them is selling time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from salesnb.data.book import Book
from salesnb.kpis.answers import answer
from salesnb.kpis.dimensions import NONE
from salesnb.kpis.sales import within
from salesnb.periods import Period

KINDS = ("call", "meeting", "email", "admin")
COLUMNS = ("rep_id", "activities", "calls", "meetings", "emails", "hours", "admin_hours", "selling_share")


@dataclass(frozen=True)
class Effort:
    """What the sellers did in a period, as it is recorded.

    Attributes
    ----------
    rows
        One row a seller: ``rep_id, activities`` (rows, admin blocks left out) ``, calls, meetings, emails, hours,
        admin_hours, selling_share`` (1 less admin hours over all hours; NaN where it is not known).
    has_hours
        Whether the activities say how long they took.
    has_admin
        Whether any time of the period is recorded as admin: without it nobody's selling time is known.
    """

    rows: pd.DataFrame
    has_hours: bool
    has_admin: bool

    @property
    def selling_share(self) -> float:
        """How much of the recorded time of all is selling time; NaN where it is not known."""
        hours = float(self.rows["hours"].sum())
        return 1 - float(self.rows["admin_hours"].sum()) / hours if self.has_admin and hours > 0 else math.nan


def effort(book: Book, period: Period) -> Effort | None:
    """Count what each seller did in a period.

    A kind is told by its word: call, meeting, email or admin, in capitals or not; any other counts in ``activities``
    alone.

    Returns
    -------
    Effort or None
        None where the source gives no activities, or none with a seller, a kind and a time.
    """
    if not all(book.gives(f"activities.{column}") for column in ("rep_id", "kind", "happened_at")):
        return None
    done = book.activities
    done = within(done.mutate(_on=done.happened_at.cast("date"), _kind=done.kind.lower().strip()), period)
    minutes = done.minutes.cast("float64")
    counted = {f"{kind}s": (done["_kind"] == kind).fill_null(False).cast("int32").sum() for kind in KINDS}
    query = done.group_by("rep_id").aggregate(
        rows=done.count(),
        minutes=minutes.sum(),
        admin=minutes.sum(where=done["_kind"] == "admin"),
        **counted,
    )
    found = answer(book, query)
    if found.empty:
        return None
    found["rep_id"] = found["rep_id"].astype(object).where(found["rep_id"].notna(), NONE)
    numbers = found.drop(columns="rep_id").astype("float64").fillna(0.0)
    has_hours, has_admin = bool(numbers["minutes"].sum() > 0), bool(numbers["admin"].sum() > 0)
    unknown = pd.Series(math.nan, index=numbers.index)
    known = numbers["minutes"].where(numbers["minutes"] > 0)
    frame = pd.DataFrame(
        {
            "rep_id": found["rep_id"],
            "activities": (numbers["rows"] - numbers["admins"]).astype(int),
            **{name: numbers[name].astype(int) for name in ("calls", "meetings", "emails")},
            "hours": numbers["minutes"] / 60 if has_hours else unknown,
            "admin_hours": numbers["admin"] / 60 if has_hours else unknown,
            "selling_share": 1 - numbers["admin"] / known if has_admin else unknown,
        },
        columns=list(COLUMNS),
    )
    return Effort(frame.sort_values("rep_id", kind="stable").reset_index(drop=True), has_hours, has_admin)
