"""The deals on several days in one query are those of each day, with a log, with snapshots and with neither."""

from __future__ import annotations

import datetime as dtm

import pandas as pd
import pytest

from salesnb.data.book import Book
from salesnb.data.history import deals_on, deals_over
from tests.analysis.dealing import DAY, LAST, company

DAYS = (LAST - 200 * DAY, LAST - 30 * DAY, LAST)


@pytest.mark.parametrize("history", ["log", "snapshots", "neither"])
@pytest.mark.parametrize("days", [DAYS, DAYS[:1]])
def test_it_is_the_deals_of_each_day(history: str, days: tuple[dtm.date, ...]) -> None:
    tables = company(60)
    events = tables.pop("opportunity_events")
    if history == "log":
        tables["opportunity_events"] = events
    if history == "snapshots":
        tables["opportunity_snapshots"] = [{**deal, "snapshot_on": DAYS[0]} for deal in tables["opportunities"][:20]]
    book = Book.of(tables, as_of=LAST)
    found = deals_over(book, days).execute()
    for day in days:
        mine = found[pd.to_datetime(found["_day"]).dt.date == day].drop(columns="_day")
        alone = deals_on(book, day).execute()
        by_id = [frame.sort_values("opportunity_id", ignore_index=True) for frame in (mine, alone)]
        assert len(alone) > 0
        pd.testing.assert_frame_equal(by_id[0], by_id[1][list(by_id[0].columns)])
    assert len(found) == sum(deals_on(book, day).count().execute() for day in days)
