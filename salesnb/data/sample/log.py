"""The log of every change of every deal, and what it says of an earlier moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesnb.data.sample.draws import NONE, Ints

FIELDS = ("stage", "amount", "expected_close_on", "owner_id", "forecast_category", "outcome", "deleted")
STAGE, AMOUNT, EXPECTED, OWNER, CATEGORY, OUTCOME, GONE = range(7)


@dataclass(frozen=True)
class Log:
    """Every change of every deal, as arrays.

    Attributes
    ----------
    deal, at, field
        Position of the deal, second since 1970, position in ``FIELDS``.
    old, new
        Codes, cents or days before and after; ``old`` is ``NONE`` for a deal's first stage.
    """

    deal: Ints
    at: Ints
    field: Ints
    old: Ints
    new: Ints

    @classmethod
    def join(cls, *logs: Log, first: tuple[int, ...]) -> Log:
        """Return the logs as one, deals counted on from ``first``, in order of time."""
        parts = [
            np.concatenate([log.deal + start for log, start in zip(logs, first, strict=True)]),
            *(np.concatenate([getattr(log, name) for log in logs]) for name in ("at", "field", "old", "new")),
        ]
        order = np.lexsort((parts[2], parts[0], parts[1]))
        return cls(*(part[order] for part in parts))


def state_on(initial: Ints, log: Log, what: int, second: int) -> Ints:
    """Return one field of every deal at the end of a second: the last change up to it, else the first value.

    Parameters
    ----------
    initial
        The field's value in each deal as it was created.
    log, what
        All changes in order of time, and which field.
    second
        Seconds since 1970, included.
    """
    value = initial.copy()
    chosen = (log.field == what) & (log.at <= second)
    value[log.deal[chosen]] = log.new[chosen]  # in order of time: the last one stays
    return value


def held_at(now: Ints, log: Log, what: int, deal: Ints, at: Ints) -> Ints:
    """Return one field of some deals, each at its own second.

    Parameters
    ----------
    now
        The field's value in each deal today.
    log, what
        All changes, and which field.
    deal, at
        The deals asked for, and the second for each.
    """
    chosen = np.flatnonzero((log.field == what) & (log.old != NONE))
    chosen = chosen[np.lexsort((log.at[chosen], log.deal[chosen]))]
    keys = (log.deal[chosen] << 32) + log.at[chosen]
    place = np.searchsorted(keys, (deal << 32) + at, side="right") - 1
    known = np.concatenate([log.deal[chosen], [NONE]])[place] == deal
    return np.where(known, np.concatenate([log.new[chosen], [NONE]])[place], first_values(now, log, what)[deal])


def first_values(now: Ints, log: Log, what: int) -> Ints:
    """Return one field of every deal as it was created: today's value with every change undone."""
    value = now.copy()
    chosen = np.flatnonzero((log.field == what) & (log.old != NONE))[::-1]
    value[log.deal[chosen]] = log.old[chosen]  # backwards in time: the earliest one stays
    return value
