"""Funnels: who came how far through steps, from a table of (entity, step, time), in one pass of grouped minima.

The rules, which hold for every funnel:

- *Arrivals.* The first arrival at a step counts. Moving back takes nothing away, and coming again adds nothing.
- *Order.* ``in_order``: each step at or after the one before; arrivals of one moment count in the order of the steps.
  ``strict``: in order, and the next other step that an entity comes to is the next step, else its way ends there.
  ``any``: a step is passed once it and all before it were come to, whatever their order.
- *Skipping* (``in_order`` alone). ``passed``: who comes to a later step has passed those left out, at that moment.
  ``missed``: a step left out is not passed, and neither is any after it until it is come to.
- *Entering in the middle* (``in_order`` with ``passed``). ``here``: an entity counts from the step it first came to;
  the steps before it are not counted. ``passed``: it counts as having passed them at that moment. In all other
  orders an entity begins at the first step.
- *Windows.* Days from the step before (at least, at most) and from the entry to any step (at most). The first arrival
  decides: an entity that came too early or too late does not pass that step, nor any after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal, TypeAlias

import ibis
import ibis.expr.types as ir
import pandas as pd

Order: TypeAlias = Literal["strict", "in_order", "any"]
COUNTS = ("reached", "entered", "passed", "dropped", "still", "from_start")
_VALUED = ("reached", "passed", "dropped", "still")


@dataclass(frozen=True)
class Step:
    """One step of a funnel.

    Attributes
    ----------
    name
        What the column of steps calls it.
    at_least, at_most
        Days from the step before, both included; None is without a bound.
    """

    name: str
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True)
class Plan:
    """The steps of a funnel and its rules, as the module has them.

    Attributes
    ----------
    steps
        First to last.
    order, skipped, entering
        The rules.
    within_days
        Days from the entry to any step at most; None is without a bound.
    """

    steps: tuple[Step, ...]
    order: Order = "in_order"
    skipped: Literal["passed", "missed"] = "passed"
    entering: Literal["here", "passed"] = "here"
    within_days: float | None = None

    def __post_init__(self) -> None:
        if not self.steps or len(set(self.names)) < len(self.steps):
            raise ValueError(f"a funnel has steps, each once: {self.names}")

    @classmethod
    def of(cls, *names: str, **rules: Any) -> Plan:
        """Make a plan of the names of its steps."""
        return cls(tuple(Step(name) for name in names), **rules)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the steps."""
        return tuple(step.name for step in self.steps)


def passages(events: ir.Table, plan: Plan, *, entity: str = "entity", step: str = "step", at: str = "at") -> ir.Table:
    """Tell for every entity when it passed each step of a funnel: see the module for the rules.

    Parameters
    ----------
    events
        One row an arrival: an entity, a step and a date or time stamp; a column ``value`` where there is one. Rows
        without one of the three, and of steps that the plan does not have, are not counted.
    plan
        The steps and the rules.
    entity, step, at
        What the columns are called; the entity is the unit of count: a lead, a deal or an account.

    Returns
    -------
    ibis.Table
        One row an entity that entered: ``entity`` (under its own name), ``at_0, at_1, ...`` (when it passed each
        step, null where not), ``entry`` and ``reached`` (the places of the first and the last step that it passed,
        from 0), and ``value``, the largest that it has in a row of a step.
    """
    if plan.order == "strict" or (plan.order == "in_order" and plan.skipped == "missed"):
        return _ended(_chained(events.select(_of=entity, _step=step, _at=at), plan), plan).rename({entity: "_of"})
    rows = events.filter(events[entity].notnull())
    values = {"value": rows["value"].max()} if "value" in rows.columns else {}
    arrived = {f"own_{i}": rows[at].min(where=rows[step] == name) for i, name in enumerate(plan.names)}
    return placed(rows.group_by(entity).aggregate(**arrived, **values), plan)


def placed(rows: ir.Table, plan: Plan) -> ir.Table:
    """Tell when each step was passed, from the first arrival at each: ``own_0, own_1, ...``, of any kind of row.

    Returns
    -------
    ibis.Table
        The rows that entered, with ``at_0, at_1, ..., entry, reached`` in place of the arrivals: see :func:`passages`.
    """
    size = len(plan.steps)
    own = [rows[f"own_{i}"] for i in range(size)]
    if plan.order == "any":
        met = [reduce(lambda a, b: a & b, (each.notnull() for each in own[: i + 1])) for i in range(size)]
        at = [met[i].ifelse(ibis.greatest(*own[: i + 1]), ibis.null()) for i in range(size)]
        rows = rows.mutate(**{f"at_{i}": each for i, each in enumerate(at)}, entry=ibis.literal(0, "int64"))
    else:
        at = [ibis.least(*own[i:]) if i + 1 < size else own[i] for i in range(size)]
        first = [(own[i] == at[0], i) for i in range(size - 1)]
        entry = ibis.cases(*first, else_=size - 1) if first and plan.entering == "here" else ibis.literal(0)
        rows = rows.mutate(**{f"at_{i}": each for i, each in enumerate(at)}, entry=entry.cast("int64"))
        if plan.entering == "here":
            here = {f"at_{i}": (rows["entry"] <= i).ifelse(rows[f"at_{i}"], ibis.null()) for i in range(size - 1)}
            rows = rows.mutate(**here)
    return _ended(rows.drop(*(f"own_{i}" for i in range(size))), plan)


def tally(rows: ir.Table, plan: Plan, *, by: str | None = None) -> pd.DataFrame:
    """Count who reached, passed and left each step, in one query.

    Parameters
    ----------
    rows
        As of :func:`passages`; where they have them, a boolean ``is_open`` (the entity may still go on; without it
        all may) and a number ``value``.
    by
        The column of the segments; one segment, named None, where it is None.

    Returns
    -------
    pandas.DataFrame
        One row a segment and step, steps in order: ``segment, step, place, reached`` (passed this step or entered at
        it), ``entered`` (entered at it), ``passed`` (passed the next one too), ``dropped`` (did not and cannot any
        more), ``still`` (did not yet), ``from_start`` (of those who entered at the first step, who reached this one),
        and, where there are values, ``value_reached, value_passed, value_dropped, value_still``, their sums;
        ``reached = passed + dropped + still``, and at the last step nobody passes, drops or stays.
        ``from_previous`` is passed / reached, ``from_first`` from_start / entered at the first step; NaN where
        nobody is.
    """
    rows = rows.mutate(segment=ibis.null("string") if by is None else rows[by].cast("string").fill_null("(none)"))
    aggregates: dict[str, ir.Value] = {}
    size, has_values = len(plan.steps), "value" in rows.columns
    stays = rows["is_open"].fill_null(False) if "is_open" in rows.columns else ibis.literal(True)
    for i in range(size):
        reached = rows[f"at_{i}"].notnull()
        goes = rows[f"at_{i + 1}"].notnull() if i + 1 < size else ibis.literal(False)
        ends = ibis.literal(i + 1 < size)
        of = {
            "reached": reached,
            "entered": reached & (rows["entry"] == i),
            "passed": reached & goes,
            "dropped": reached & ends & ~goes & ~stays,
            "still": reached & ends & ~goes & stays,
            "from_start": reached & (rows["entry"] == 0),
        }
        aggregates |= {f"{name}_{i}": rows.count(where=which) for name, which in of.items()}
        if has_values:
            aggregates |= {
                f"value_{name}_{i}": rows["value"].sum(where=which) for name, which in of.items() if name in _VALUED
            }
    found = rows.group_by("segment").aggregate(**aggregates).execute()
    names = [*COUNTS, *(f"value_{name}" for name in _VALUED if has_values)]
    long = [
        {
            "segment": None if by is None else row["segment"],
            "step": step,
            "place": i,
            **{name: row[f"{name}_{i}"] for name in names},
        }
        for row in found.sort_values("segment", kind="stable").to_dict("records")
        for i, step in enumerate(plan.names)
    ]
    frame = pd.DataFrame(long, columns=["segment", "step", "place", *names])
    frame["segment"] = pd.Series([row["segment"] for row in long], dtype=object)
    frame = frame.astype(dict.fromkeys(COUNTS, "int64"))
    for name in names[len(COUNTS) :]:
        frame[name] = pd.to_numeric(frame[name]).astype("float64").fillna(0.0)
    return with_rates(frame)


def with_rates(frame: pd.DataFrame) -> pd.DataFrame:
    """Add ``from_previous`` and ``from_first`` to the counts of :func:`tally`, by segment."""
    first = frame.groupby("segment", dropna=False)["from_start"].transform("first").astype("float64")
    some = frame["reached"].where(frame["reached"] > 0).astype("float64")
    last = frame["place"] == frame["place"].max()
    return frame.assign(
        from_previous=(frame["passed"] / some).mask(last), from_first=frame["from_start"] / first.where(first > 0)
    )


def _ended(rows: ir.Table, plan: Plan) -> ir.Table:
    """Apply the windows, and tell how far each row came; rows that never entered are left out."""
    size = len(plan.steps)
    if plan.within_days is not None or any(s.at_least is not None or s.at_most is not None for s in plan.steps):
        entry = ibis.coalesce(*(rows[f"at_{i}"] for i in range(size)))
        in_time: list[ir.BooleanValue] = []
        bounded = {}
        for i, step in enumerate(plan.steps):
            here = rows[f"at_{i}"]
            if i:
                since = days_between(rows[f"at_{i - 1}"], here)
                if step.at_least is not None:
                    in_time.append((since >= step.at_least).fill_null(True))
                if step.at_most is not None:
                    in_time.append((since <= step.at_most).fill_null(True))
                if plan.within_days is not None:
                    in_time.append((days_between(entry, here) <= plan.within_days).fill_null(True))
            if in_time:
                bounded[f"at_{i}"] = reduce(lambda a, b: a & b, in_time).ifelse(here, ibis.null())
        rows = rows.mutate(**bounded)
    steps = [(rows[f"at_{i}"].notnull(), i) for i in reversed(range(size))]
    reached = ibis.cases(*steps, else_=-1).cast("int64")
    return rows.mutate(reached=reached).filter(lambda t: t["reached"] >= 0)


def _chained(events: ir.Table, plan: Plan) -> ir.Table:
    """Follow each entity from step to step; every step is one join and one grouped minimum."""
    names = list(plan.names)
    rows = events.filter(events["_of"].notnull(), events["_at"].notnull(), events["_step"].isin(names))
    begun = rows.filter(rows["_step"] == names[0])
    found = begun.group_by("_of").aggregate(at_0=begun["_at"].min())
    for i in range(1, len(names)):
        before = found.select(_who="_of", _since=f"at_{i - 1}")
        strict = plan.order == "strict"
        later = rows.filter(rows["_step"] != names[i - 1]) if strict else rows.filter(rows["_step"] == names[i])
        met = later.join(before, later["_of"] == before["_who"])
        if strict:
            # What came at the same moment came after only where it is a later step.
            is_later = met["_step"].isin(names[i:])
            met = met.filter((met["_at"] > met["_since"]) | ((met["_at"] == met["_since"]) & is_later))
            ahead, aside = met["_step"] == names[i], met["_step"] != names[i]
            one = met.group_by("_who").aggregate(_next=met["_at"].min(where=ahead), _other=met["_at"].min(where=aside))
            one = one.filter((one["_other"].isnull() | (one["_next"] <= one["_other"])).fill_null(False))
            one = one.select("_who", "_next")
        else:
            met = met.filter(met["_at"] >= met["_since"])
            one = met.group_by("_who").aggregate(_next=met["_at"].min())
        joined = found.left_join(one, found["_of"] == one["_who"])
        found = joined.select(*found.columns, **{f"at_{i}": joined["_next"]})
    return found.mutate(entry=ibis.literal(0, "int64"))


def days_between(earlier: Any, later: Any) -> ir.NumericValue:
    """Return the days from one column to another: whole ones of dates, with their parts of time stamps."""
    days: ir.NumericValue
    if later.type().is_date():
        days = later.delta(earlier, unit="day").cast("float64")
    else:
        days = later.delta(earlier, unit="second").cast("float64") / 86400
    return days
