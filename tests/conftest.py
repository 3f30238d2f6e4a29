"""Fixtures that all tests share."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]

# A slow machine is no fault: examples are counted, not timed.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.load_profile("untimed")

SHARED = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets that lies beside the checkout; its tests are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the real data sets are not beside this checkout (../shared/data)")
    return SHARED.resolve()


# Tests whose lines others reach too, or that run in other processes: tracing them costs minutes and adds nothing.
UNTRACED = (
    "kpis/test_backends.py",
    "facts/",
    "notebooks/",
    "browser/",
    "faults/",
    "run/test_same_again.py",
    "analysis/test_sample_truths.py",
    "parts_sum_to_the_whole",
    "analysis/test_planted.py",
    "analysis/test_deals_backends.py",
    "kpis/test_mature.py",
    "test_no_later_fact_reaches_an_earlier_day",
    "test_nothing_that_came_later_changes_a_chance",
    "test_any_history_ties_out",
    "test_every_field_is_what_the_first_later_change_in_order_had",
    "test_equal_segments_are_seldom_marked_and_unequal_ones_are",
    "test_marks_under_no_difference_are_false_at_most_at_the_stated_rate",
)


def pytest_configure() -> None:
    """Hear Ctrl-C and a closed terminal also where the tests are started in the background, which ignores them."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(name in item.nodeid for name in UNTRACED):
            item.add_marker(pytest.mark.no_cover)
