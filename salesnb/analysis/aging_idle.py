"""Idle: how long nobody touched an open deal, where that can be known."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import pandas as pd

from salesnb.analysis.hygiene_deals import OpenDeals, stamp, whole_days
from salesnb.data.book import Book

IDLE_DAYS = 30
"""So many days without an activity and a deal is idle, as in the KPI ``pipeline_count.active``."""


def idle_needs(book: Book, day: dtm.date) -> str:
    """Say why it is not known how long deals lie idle on a day; empty where it is.

    Activities tell of every day. The last activity alone tells only of the last day of the data: what is later than
    an earlier day hides what was before it.
    """
    if book.gives("activities.opportunity_id"):
        return ""
    if not book.gives("opportunities.last_activity_at"):
        return "needs activities.opportunity_id or opportunities.last_activity_at"
    return "" if day >= book.data_end else f"needs activities.opportunity_id to tell of {day}"


def idle_days(book: Book, deals: OpenDeals) -> pd.Series[Any]:
    """Return how many days the open deals have not been touched, since they were entered where never; NaN: unknown."""
    if idle_needs(book, deals.day):
        return pd.Series(float("nan"), index=deals.rows.index)
    last = deals.rows["touched_on"].fillna(deals.rows["entered_on"])
    return whole_days(stamp(deals.day), last)
