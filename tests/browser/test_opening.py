"""Every number of a report's pages opens what it is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesnb.run import rowsets
from tests.browser.chromium import opened
from tests.browser.opening import open_all, wrong

PAGES = ("02_funnel.html", "03_pipeline.html", "04_cohorts.html", "05_customers.html")
STRIDE = 15
"""One number in so many is opened here; all of them take some minutes."""


@pytest.mark.parametrize("name", PAGES)
def test_every_number_that_opens_has_its_rows(reports, name):
    html = (Path(reports["sample"]) / name).read_text(encoding="utf-8")
    assert html.count('class="snb-opens"') > 10
    assert rowsets.faults(html) == []


@pytest.mark.parametrize("name", PAGES)
def test_numbers_open_with_their_count_and_sum(browser, reports, name):
    with opened(browser, Path(reports["sample"]) / name) as watched:
        found = open_all(watched.page, stride=STRIDE)
        assert len(found) > 3
        assert wrong(found) == []
        assert (watched.requests[1:], watched.said) == ([], [])
