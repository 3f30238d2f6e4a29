"""Stays at the steps of a funnel, each with its end and its days."""

from __future__ import annotations

import datetime as dtm

import ibis
import pandas as pd
import pytest

from salesnb.kpis.funnels import Plan, passages
from salesnb.kpis.funnels_stints import stints

AS_OF = dtm.date(2026, 3, 31)


def day(number: int | None) -> pd.Timestamp | None:
    return None if number is None else pd.Timestamp(2026, 3, number)


@pytest.mark.parametrize(
    ("arrivals", "is_open", "ended", "wanted"),
    [
        ({"A": 1, "B": 4}, True, None, [(0, "passed", 3), (1, "still", 27)]),
        ({"A": 1}, False, 11, [(0, "dropped", 10)]),
        ({"A": 1, "B": 4, "C": 9}, False, 9, [(0, "passed", 3), (1, "passed", 5), (2, "reached", None)]),
        ({"A": 5}, False, 2, [(0, "dropped", 0)]),  # it ended before it came
        ({"A": 5}, False, None, [(0, "dropped", 0)]),  # nobody knows when it ended
    ],
)
def test_each_stay_has_its_end_and_its_days(
    arrivals: dict[str, int], is_open: bool, ended: int | None, wanted: list[tuple[int, str, int | None]]
) -> None:
    rows = [{"entity": "1", "step": step, "at": day(on)} for step, on in arrivals.items()]
    plan = Plan.of("A", "B", "C")
    events = ibis.memtable(pd.DataFrame(rows))
    way = passages(events.mutate(at=events["at"].cast("date")), plan)
    end = ibis.null("date") if ended is None else ibis.date(2026, 3, ended)
    found = stints(way.mutate(is_open=ibis.literal(is_open), ended_on=end), plan, AS_OF, keep=["entity"]).execute()
    found = found.sort_values("place")
    days = [None if pd.isna(days) else int(days) for days in found["days"]]
    assert list(zip(found["place"], found["fate"], days, strict=True)) == wanted
    assert pd.Timestamp(found["came_on"].iloc[0]) == day(arrivals["A"])


def test_one_step_has_no_way_on() -> None:
    events = ibis.memtable(pd.DataFrame([{"entity": "1", "step": "A", "at": pd.Timestamp(2026, 3, 1)}]))
    plan = Plan.of("A")
    way = passages(events, plan).mutate(is_open=ibis.literal(True), ended_on=ibis.null("date"))
    assert stints(way, plan, AS_OF).execute()["fate"].tolist() == ["reached"]
