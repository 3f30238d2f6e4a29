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


# Tests whose lines others reach too, or that run in other processes: tracing them costs minutes and adds nothing. So
# do those that run on a second engine what they ran on DuckDB, and those that try many examples.
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
    "analysis/test_acquired_truths.py",
    "analysis/test_customers_backends.py",
    "analysis/test_found_again.py",
    "run/test_restated_report.py",
    "test_of_the_sample_nothing_later_is_used_either",
    "test_what_was_planted_is_found",
    "test_what_is_missing_costs_kpis",
    "test_one_query_of_all_says_what_each_says_of_itself",
    "test_thin_data_is_said",
    "test_the_sample_company",
    "test_a_snapshot_tells_of_its_day_what_the_log_tells",
    "test_every_day_of_the_calendar_reads_back_and_no_other",
    "test_the_book_as_known_then_and_the_book_of_today_tell_the_same",
    "test_a_period_that_is_over_plans_the_next",
    "test_each_series_is_forecast_as_if_it_were_alone",
    "test_nothing_that_is_typed_ends_in_an_error",
    "test_every_row_and_every_cent",
    "test_the_samples_numbers_are_those_of_the_kpis",
    "test_a_year_that_a_long_shock_made_is_left_out",
    "test_the_real_sample_of_salesforce_ties_out",
    "house/test_examples.py",
)


def pytest_configure() -> None:
    """Hear Ctrl-C and a closed terminal also where the tests are started in the background, which ignores them."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        is_second = "[postgres" in item.nodeid or "-postgres" in item.nodeid
        if is_second or _is_of_many_examples(item) or any(name in item.nodeid for name in UNTRACED):
            item.add_marker(pytest.mark.no_cover)


def _is_of_many_examples(item: pytest.Item) -> bool:
    """Tell whether a test is one of Hypothesis, which goes through the same lines a hundred times."""
    return bool(getattr(getattr(item, "obj", None), "is_hypothesis_test", False))
