"""What the kernels of a run share: a report of one period is the same whether another was made before it or not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import salesnb
from salesnb.analysis.landing import landing
from salesnb.analysis.scorecard import scorecard
from salesnb.data.book import Book
from salesnb.data.findings import marked
from salesnb.data.texts import RUN_VARIABLE
from salesnb.kpis import registry
from salesnb.kpis.catalogue import Kpi
from salesnb.periods import Period
from salesnb.planning.replay import past_periods, replay

Q = Period.parse


def of_landing(book: Book, period: Period) -> pd.DataFrame:
    found = landing(book, period, seed=7)
    return pd.concat([found.numbers(), found.record.assign(part="record")])


def of_scorecard(book: Book, period: Period) -> pd.DataFrame:
    return scorecard(book, period).numbers()


def of_replay(book: Book, period: Period) -> pd.DataFrame:
    found = replay(book, past_periods(book, period, 3), seed=7)
    return pd.concat([found.periods, found.sellers])


@pytest.mark.parametrize("of", [of_landing, of_scorecard, of_replay])
def test_a_report_is_the_same_after_another(
    of: Callable[[Book, Period], pd.DataFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last digit: which kernel finds first hangs on the machine, and the report may not."""
    book = marked(salesnb.open("sample"))
    alone = of(book, Q("2026Q2"))
    monkeypatch.setenv(RUN_VARIABLE, str(tmp_path))
    of(book, Q("2026Q3"))
    before = len(list(tmp_path.glob("*.found")))
    after = of(book, Q("2026Q2"))
    pd.testing.assert_frame_equal(after, alone, check_exact=True)
    made = len(list(tmp_path.glob("*.found"))) - before
    assert before > 0
    assert made < before, "most was found already"


def test_a_definition_of_a_notebook_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RUN_VARIABLE, str(tmp_path))
    book, period = marked(salesnb.open("sample")), Q("2026Q3")
    ours = registry.find("revenue")
    assert registry.compute(book, ours, period)["n"].iloc[0] > 0
    n = len(list(tmp_path.glob("*.found")))

    def measure(of: Book, when: Period) -> registry.Measure:
        return ours.measure(of, when.previous)

    other = Kpi(**{name: getattr(ours, name) for name in Kpi.__dataclass_fields__} | {"measure": measure})
    then = registry.compute(book, other, period)["value"].iloc[0]
    assert then == registry.compute(book, ours, period.previous)["value"].iloc[0]
    assert len(list(tmp_path.glob("*.found"))) == n + 1, "of our own, not of the notebook's"
