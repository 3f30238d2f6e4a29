"""Stints: each stay of an entity at a step of a funnel, how it ended, and after how many days."""

from __future__ import annotations

import datetime as dtm
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from salesnb.kpis.funnels import Plan, days_between

FATES = ("passed", "dropped", "still", "reached")


def stints(rows: ir.Table, plan: Plan, as_of: dtm.date, *, keep: Sequence[str] = ()) -> ir.Table:
    """Return one row for each step that each entity came to, from the times at which it passed them.

    Parameters
    ----------
    rows
        As of :func:`salesnb.kpis.funnels.passages`, with ``is_open`` (whether the entity may still go on) and
        ``ended_on``, the day on which its way ended where it may not.
    plan
        The steps.
    as_of
        The last day that is known.
    keep
        More columns of the rows.

    Returns
    -------
    ibis.Table
        ``place`` (of the step, from 0), ``came_on`` (date), ``fate``: ``passed`` (to the next step), ``dropped``,
        ``still`` there, or ``reached``, the last step; ``days`` from coming to passing, to the end, or to the as-of
        date (whole days of dates, never below 0; null at the last step), and the columns kept.
    """
    last = len(plan.steps) - 1
    places = ibis.array([ibis.literal(i, "int64") for i in range(last + 1)])
    each = rows.mutate(place=places.unnest())
    here = [each["place"] == i for i in range(last + 1)]
    none = ibis.null("date")
    goes_on = [(here[i], each[f"at_{i + 1}"].cast("date")) for i in range(last)]
    each = each.mutate(
        came_on=ibis.cases(*((here[i], each[f"at_{i}"].cast("date")) for i in range(last + 1)), else_=none),
        _goes=ibis.cases(*goes_on, else_=none) if goes_on else none,
        _stays=each["is_open"].fill_null(False),
    )
    each = each.filter(each["came_on"].notnull())
    is_last, goes = each["place"] == last, each["_goes"].notnull()
    fate = ibis.cases((is_last, "reached"), (goes, "passed"), (each["_stays"], "still"), else_="dropped")
    ended = ibis.coalesce(each["ended_on"], each["came_on"])
    end = ibis.cases((goes, each["_goes"]), (each["_stays"], ibis.date(as_of)), else_=ended)
    days = ibis.greatest(days_between(each["came_on"], end).cast("int64"), ibis.literal(0, "int64"))
    return each.select(*keep, "place", "came_on", fate=fate, days=is_last.ifelse(ibis.null("int64"), days))
