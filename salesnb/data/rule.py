"""Rule: what a row must keep to be used, and what becomes of one that does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import ibis.expr.types as ir

Action = Literal["rejected", "repaired", "flagged"]

CLOSED = ("won", "lost", "disqualified")


@dataclass(frozen=True)
class Rule:
    """One rule of a table.

    Attributes
    ----------
    name
        Its name, as the audit lists it.
    column
        The column of the contract whose text is shown with the row.
    action
        What becomes of a row that breaks it.
    broken
        True where the rule is broken; never null.
    reason, mend
        What is wrong, and what the reader can do about it.
    """

    name: str
    column: str
    action: Action
    broken: ir.BooleanValue
    reason: str
    mend: str


def rule(name: str, column: str, action: Action, broken: ir.Value, reason: str, mend: str) -> Rule:
    """Make a rule; what cannot be told is not broken.

    Parameters
    ----------
    name, column, action, reason, mend
        As in :class:`Rule`.
    broken
        True where it is broken; null is taken as false.
    """
    return Rule(name, column, action, broken.fill_null(False), reason, mend)
