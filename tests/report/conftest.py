"""Scorecards and a health to show."""

from __future__ import annotations

import pytest

from salesnb.analysis.scorecard import Scorecard
from tests.analysis.conftest import DEALS, QUOTAS, book, card, deals


@pytest.fixture(scope="session")
def behind() -> Scorecard:
    """A quarter at 300 of 450."""
    return card("2026Q3", book(opportunities=DEALS, quotas=QUOTAS))


@pytest.fixture(scope="session")
def running() -> Scorecard:
    """The same quarter on its 46th day."""
    return card("2026Q3", book("2026-08-15", opportunities=DEALS, quotas=QUOTAS))


@pytest.fixture(scope="session")
def empty() -> Scorecard:
    """A quarter that has not begun."""
    return card("2027Q1", book(opportunities=DEALS))


@pytest.fixture(scope="session")
def unlike() -> Scorecard:
    """A quarter in which two regions differ by more than chance, one of them with a name that is not harmless."""
    rows = [*deals("2026-08-10", "EMEA", "wlll" * 10), *deals("2026-08-10", "AMER", "wwwl" * 10)]
    reps = [
        {"rep_id": "emea", "name": "Ann", "team": "T1", "region": "5 $ <b>x</b> $"},
        {"rep_id": "amer", "name": "Bo", "team": "T2", "region": "AMER"},
    ]
    return card("2026Q3", book(opportunities=rows, reps=reps))
