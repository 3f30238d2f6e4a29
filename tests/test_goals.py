"""Goals say what a KPI shall reach, when and by whom; a goal that cannot be held is refused."""

from __future__ import annotations

import datetime as dtm
from pathlib import Path

import pytest

from salesnb.data.book import Book
from salesnb.data.sample import make
from salesnb.errors import ParameterError
from salesnb.goals import Benchmark, Goal, read_benchmarks, read_goals
from salesnb.kpis.registry import compute, find
from salesnb.periods import Period

ROOT = Path(__file__).resolve().parents[1]
GOAL = {"objective": "grow", "kpi": "revenue.booked", "target": 5.0, "due": "2026-09-30", "owner": "sales"}


def goal(**values: object) -> Goal:
    return Goal.model_validate(GOAL | values)


def write(folder: Path, text: str) -> Path:
    file = folder / "goals.yml"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("change", "baseline", "target", "value"),
    [
        ("absolute", None, 500.0, 500.0),
        ("absolute", 400.0, 500.0, 500.0),
        ("relative", 400.0, 0.25, 400.0 + 100.0),
        ("relative", 40.0, -0.5, 40.0 - 20.0),
        ("points", 0.25, 0.5, 0.25 + 0.5),
        ("points", 40.0, -5.0, 40.0 - 5.0),
    ],
)
def test_what_a_goal_asks_for(change: str, baseline: float | None, target: float, value: float) -> None:
    assert goal(change=change, baseline=baseline, target=target).value == value


def test_a_goal_counts_in_its_own_period_alone() -> None:
    asked = goal()
    assert asked.counts_in(Period.parse("2026Q3"))
    assert not asked.counts_in(Period.parse("2026-09"))
    assert not asked.counts_in(Period.parse("2026Q2"))
    assert not asked.counts_in(Period.parse("2026"))
    assert asked.counts_in(Period.parse("FY27Q2", 4))
    assert goal(due="2026-10-15").counts_in(Period.parse("FY26Q4", 11))
    assert goal(period="2026").counts_in(Period.parse("2026"))
    assert not goal(period="2026").counts_in(Period.parse("2026Q3"))


def test_goals_are_read_in_order(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """
        goals:
          - {objective: grow, kpi: win_rate.closed, segment: "region: North", baseline: 0.2, target: 0.05,
             change: points, due: 2026-09-30, owner: North}
          - {objective: grow, kpi: revenue.booked, target: 5, due: 2026-09-30, owner: sales}
        benchmarks:
          - {kpi: win_rate.closed, value: 0.3, source: a survey, date: 2026-01-15}
        """,
    )
    first, second = read_goals(file)
    assert (first.segment, first.value, first.due) == ("region: North", 0.25, dtm.date(2026, 9, 30))
    assert (second.kpi, second.change) == ("revenue.booked", "absolute")
    assert read_benchmarks(file) == (
        Benchmark(kpi="win_rate.closed", value=0.3, source="a survey", date=dtm.date(2026, 1, 15)),
    )


@pytest.mark.parametrize(
    ("line", "what", "where", "mend"),
    [
        ("change: points", "goals.0: a points change needs a baseline", "goals.0", "give baseline, or the target"),
        ("change: tenfold", "goals.0.change: input should be", "goals.0.change", "use one of these words"),
        ("kpi: revenue", "goals.0.kpi: string should match pattern", "goals.0.kpi", "write it in that form"),
        ("due: soon", "goals.0.due: 'soon' is not a date", "goals.0.due", "write a date as 2026-09-30"),
        ("period: 2026Q4", "goals.0: due 2026-09-30 is not in 2026Q4", "goals.0", "give the period whose last day"),
        ("period: Q4", "goals.0: 'Q4' is not a period", "goals.0", "write 2026,"),
        ("target: .inf", "goals.0.target: input should be", "goals.0.target", "give a number"),
        ("target:", "goals.0.target: input should be a valid number, and is None", "goals.0.target", "give a number"),
        ("owner: ''", "goals.0.owner: string should have at least 1 character", "goals.0.owner", "say what it is"),
        ("ower: me", "goals.0.ower: there is no such name", "goals.0.ower", "did you mean 'owner'?"),
    ],
)  # fmt: skip
def test_a_goal_that_cannot_be_held_is_refused(tmp_path: Path, line: str, what: str, where: str, mend: str) -> None:
    name = line.split(":")[0]
    lines = [f"{key}: {value}" for key, value in GOAL.items() if key != name]
    file = write(tmp_path, "goals:\n  - " + "\n    ".join([*lines, line]))
    with pytest.raises(ParameterError) as caught:
        read_goals(file)
    assert caught.value.what.startswith(what)
    assert caught.value.where == f"{file}: {where}"
    assert caught.value.mend.startswith(mend)


def test_two_goals_for_one_number_are_refused(tmp_path: Path) -> None:
    lines = "\n    ".join(f"{key}: {value}" for key, value in GOAL.items())
    file = write(tmp_path, f"goals:\n  - {lines}\n  - {lines}")
    with pytest.raises(ParameterError) as caught:
        read_goals(file)
    assert caught.value.what == "revenue.booked has two goals due 2026-09-30"
    assert caught.value.mend == "keep one of them"


def test_the_sample_companys_goals() -> None:
    goals = read_goals(ROOT / "params" / "goals.yml")
    assert len(goals) >= 6
    quarter = Period.parse("2026Q3")
    assert all(g.counts_in(quarter) and g.due == quarter.last_day for g in goals)
    assert all(g.baseline is not None and g.value != g.baseline for g in goals)


def test_the_sample_company_hits_some_goals_and_misses_others() -> None:
    """The baselines are what the KPIs were a year before; else the way gone from there would be told wrong."""
    book = Book.of(make(), as_of=dtm.date(2026, 9, 30))
    quarter = Period.parse("2026Q3")
    is_hit = {}
    for asked in read_goals(ROOT / "params" / "goals.yml"):
        kpi = find(asked.kpi)
        then, now = (compute(book, kpi, period)["value"].item() for period in (quarter.year_ago, quarter))
        assert asked.baseline == pytest.approx(then, rel=0.02)
        is_hit[asked.kpi] = now >= asked.value if kpi.better == "up" else now <= asked.value
    assert 3 <= sum(is_hit.values()) <= len(is_hit) - 3, is_hit
