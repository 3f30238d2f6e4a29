"""Roster: who was there to sell in a period, in which team, since when, and how a page calls them."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesnb.data.book import Book
from salesnb.kpis.dimensions import NONE
from salesnb.kpis.people import RAMP_DAYS, active_reps
from salesnb.periods import Period

_COLUMNS = ("rep_id", "name", "team", "region", "role", "manager_id", "hired_on", "left_on")
_GROUPS = (("team", "team"), ("manager_id", "manager"), ("region", "region"))


@dataclass(frozen=True)
class Roster:
    """The table of sellers as one period sees it.

    Attributes
    ----------
    period
        The period.
    known
        One row a seller of the table ``reps``, managers included: its columns, dates as dates or None, texts or None.
    active
        The ids of the sellers active in the period (see :func:`salesnb.kpis.people.active_reps`).
    has_table
        Whether there is a table of sellers; without it, those who booked are all that is known.
    grouped_by
        What sellers are grouped by: ``team``, else ``manager``, else ``region``; empty where none is given.
    """

    period: Period
    known: pd.DataFrame
    active: frozenset[str]
    has_table: bool
    grouped_by: str

    @classmethod
    def of(cls, book: Book, period: Period) -> Roster:
        """Read the sellers of a book.

        Raises
        ------
        NeedsData
            There is no table of sellers, and nothing booked that would name them.
        """
        active = active_reps(book, period).select("rep_id").execute()["rep_id"]
        if not book.has("reps"):
            return cls(period, pd.DataFrame(columns=list(_COLUMNS)), frozenset(active), False, "")
        known = book.reps.select(*_COLUMNS).execute().astype(object)
        known = known.where(known.notna(), None)
        for column in ("hired_on", "left_on"):
            known[column] = [_date(value) for value in known[column]]
        grouped_by = next((word for column, word in _GROUPS if book.gives(f"reps.{column}")), "")
        return cls(period, known.reset_index(drop=True), frozenset(active), True, grouped_by)

    @classmethod
    def nobody(cls, period: Period) -> Roster:
        """Return the roster of a period of which nothing is known."""
        return cls(period, pd.DataFrame(columns=list(_COLUMNS)), frozenset(), False, "")

    @property
    def groups(self) -> dict[str, str]:
        """Seller to the team (or manager, or region) they are in, ``"(none)"`` where that is not known."""
        if not self.grouped_by:
            return {}
        column = "manager_id" if self.grouped_by == "manager" else self.grouped_by
        names = self._managers() if column == "manager_id" else {}
        told = zip(self.known["rep_id"], self.known[column], strict=True)
        return {rep: names.get(value, value) if value is not None else NONE for rep, value in told}

    def listed(self, ids: Iterable[str]) -> pd.DataFrame:
        """Describe some sellers and all active ones, in the order of their groups and names.

        Parameters
        ----------
        ids
            Who sold, had a quota or did anything else; ``"(none)"`` for what nobody is credited with.

        Returns
        -------
        pandas.DataFrame
            ``rep_id, seller`` (the name, with the id where two have the same) ``, group, manager, state`` (what a
            reader has to know: left, hired, ramping, manager, not in the table of sellers) ``, is_active, is_ramping,
            has_left`` (in the period) ``, is_hired`` (in the period).
        """
        found: dict[str, dict[str, Any]] = {
            row["rep_id"]: {str(name): value for name, value in row.items()} for row in self.known.to_dict("records")
        }
        wanted = sorted(self.active | set(ids))
        names = [self._name(rep, found.get(rep)) for rep in wanted]
        groups, managers = self.groups, self._managers()
        rows = []
        for rep, name in zip(wanted, names, strict=True):
            row = found.get(rep, {})
            manager = str(row.get("manager_id") or "")
            rows.append(
                {
                    "rep_id": rep,
                    "seller": name if names.count(name) == 1 or name == rep else f"{name} ({rep})",
                    "group": groups.get(rep, NONE),
                    "manager": managers.get(manager, manager),
                    **self._state(rep, row),
                }
            )
        columns = ["rep_id", "seller", "group", "manager", "state", "is_active", "is_ramping", "is_hired", "has_left"]
        frame = pd.DataFrame(rows, columns=columns)
        place = [
            (group == NONE, str(group), rep == NONE, str(seller).casefold(), rep)
            for group, rep, seller in zip(frame["group"], frame["rep_id"], frame["seller"], strict=True)
        ]
        return frame.iloc[sorted(range(len(frame)), key=place.__getitem__)].reset_index(drop=True)

    def managers_of(self, group: str) -> list[str]:
        """Return the names of those who manage the active sellers of a group; empty where managers are the groups."""
        groups, names = self.groups, self._managers()
        pairs = zip(self.known["rep_id"], self.known["manager_id"], strict=True)
        told = {names.get(m, m) for rep, m in pairs if m is not None and rep in self.active and groups[rep] == group}
        return [] if told == {group} else sorted(told)

    def _managers(self) -> dict[str, str]:
        return {rep: name or rep for rep, name in zip(self.known["rep_id"], self.known["name"], strict=True)}

    def _name(self, rep: str, row: dict[str, Any] | None) -> str:
        if rep == NONE:
            return "nobody is named"
        return str((row or {}).get("name") or rep)

    def _state(self, rep: str, row: dict[str, Any]) -> dict[str, Any]:
        start, end = self.period.start, self.period.end
        hired, left = row.get("hired_on"), row.get("left_on")
        is_active = rep in self.active
        is_hired = hired is not None and start <= hired < end
        has_left = left is not None and start <= left < end
        is_ramping = is_active and hired is not None and hired > start - dtm.timedelta(days=RAMP_DAYS)
        told = []
        if self.has_table and not row and rep != NONE:
            told.append("not in the table of sellers")
        elif rep != NONE and not is_active and "manager" in str(row.get("role") or "").lower():
            told.append("manager")
        if is_ramping or is_hired:
            told.append(f"ramping, hired {hired}" if is_ramping else f"hired {hired}")
        if left is not None and left < end:
            told.append(f"left {left}")
        return {
            "state": "; ".join(told),
            "is_active": is_active,
            "is_ramping": is_ramping,
            "is_hired": is_hired and is_active,
            "has_left": has_left,
        }


def _date(value: Any) -> dtm.date | None:
    return None if value is None or pd.isna(value) else pd.Timestamp(value).date()
