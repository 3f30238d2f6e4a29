"""From the source to the comparison: reports that were really made, of data to which a deal was added late."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from salesnb.run.diffing import two_runs
from salesnb.run.restate import restate
from salesnb.run.runner import run
from tests.run.conftest import notebook

DEALS = """opportunity_id,owner_id,outcome,amount,created_at,closed_on
007,ada,won,100.50,2026-07-01,2026-07-20
008,ada,lost,50,2026-07-02,2026-08-01
009,bo,won,300,2026-07-03,2026-09-30
010,bo,open,70,2026-09-01,
"""
SCORECARD = """
import salesnb
from salesnb.analysis.scorecard import scorecard
sheet = salesnb.sheet(period=period, source=source, as_of=as_of)
sheet.finish(scorecard(sheet.book, sheet.period, by=()))
"""


@pytest.fixture
def made(tmp_path: Path, write: Callable[..., Path]) -> Callable[..., None]:
    """Make the report of 2026Q3 of some deals."""
    notebooks = write(nb_01_card=notebook(SCORECARD, source="sample", as_of=None))
    (tmp_path / "deals").mkdir()

    def make(more: str, **params: Any) -> None:
        (tmp_path / "deals" / "opportunities.csv").write_text(DEALS + more, encoding="utf-8")
        told = {"period": "2026Q3", "source": str(tmp_path / "deals"), **params}
        run(params=told, out=tmp_path / "outputs", notebooks=notebooks, jobs=1, keep=2)

    return make


def moved(out: Path, name: str, back: int = 1) -> dict[str, float]:
    numbers = restate(*two_runs("2026Q3", None, out, back), kpi=name).moved
    row = numbers[numbers["period"] == "2026Q3"].iloc[0]
    parts = {part: float(row[part]) for part in ("data", "params", "definition", "code", "undivided") if row[part]}
    return {"change": float(row["change"]), **parts}


def test_a_late_deal_and_then_another_day(tmp_path: Path, made: Callable[..., None]) -> None:
    """Bookings are 400.50; with a deal of 60.25 that closed in August 460.75; and 160.75 without the 300 that closed on
    the last day."""
    out = tmp_path / "outputs"
    late = "011,bo,won,60.25,2026-08-11,2026-08-21\n"
    made("")
    made(late)
    assert moved(out, "revenue.booked") == {"change": 60.25, "data": 60.25}
    found = restate(*two_runs("2026Q3", None, out))
    assert found.rows[["table", "what", "key"]].values.tolist() == [["opportunities", "late", "011"]]
    made(late, as_of="2026-09-29")
    assert moved(out, "revenue.booked") == {"change": -300, "params": -300}
    assert moved(out, "revenue.booked", back=2) == {"change": -239.75, "data": 60.25, "params": -300}
    means = [(100.5 + 300) / 2, (100.5 + 300 + 60.25) / 3, (100.5 + 60.25) / 2]
    assert moved(out, "average_deal_size.mean", back=2) == {
        "change": means[2] - means[0],
        "data": round(means[1] - means[0], 10),
        "params": round(means[2] - means[1], 10),
    }
    assert len(list((out / "previous" / "2026Q3").iterdir())) == 2
    assert len([path for path in (out / ".data").iterdir() if path.is_dir()]) == 2
